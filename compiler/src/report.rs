//! Diagnostics with their places in files: what leaves the compiler.
//!
//! A [`Report`] is data; `render` draws it, [`Report::to_json`] writes it for other programs, the language server maps it.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::ide::Lines;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A diagnostic that knows its files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Report {
    /// What kind of thing.
    pub code: Code,
    /// One lower-case sentence without a full stop, the author's words in backticks.
    pub message: String,
    /// The places; the first is where it is wrong.
    pub spots: Vec<Spot>,
    /// The law that is broken, in a line.
    pub law: Option<String>,
    /// One way out.
    pub help: Option<String>,
    /// Repairs.
    pub fixes: Vec<Repair>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot {
    /// Path relative to its package; `std/state.writ` for the standard library.
    pub file: String,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What to say there, or to write there; may be empty.
    pub text: String,
}

/// A repair.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Repair {
    /// What it does.
    pub title: String,
    /// What to write in place of what stands there; they do not overlap.
    pub edits: Vec<Spot>,
    /// The one obvious repair, which `writ check --fix` makes.
    pub sure: bool,
}

/// From a module and an item's position to its file and the first byte of its chunk there.
type Find<'f> = dyn Fn(&str, u32) -> Option<(String, usize)> + 'f;

/// The texts that reports point into, each scanned for its lines once.
pub struct Texts<'f, 't> {
    text: &'f dyn Fn(&str) -> Option<&'t str>,
    known: BTreeMap<String, Lines<'t>>,
}

impl<'f, 't> Texts<'f, 't> {
    /// - `text`: a file's text by its path.
    pub fn new(text: &'f dyn Fn(&str) -> Option<&'t str>) -> Texts<'f, 't> {
        Texts { text, known: BTreeMap::new() }
    }

    /// The lines of a file; one that nobody knows is empty.
    pub(crate) fn lines(&mut self, file: &str) -> &Lines<'t> {
        let text = self.text;
        self.known.entry(file.to_owned()).or_insert_with(|| Lines::new(text(file).unwrap_or_default()))
    }
}

/// Characters that a sentence of a report has at most: the author's words in it may be of any length.
const LONGEST: usize = 1_000;

/// A sentence that a person can read, the middle of a longer one left out.
fn shortened(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let first: String = text.chars().take(LONGEST / 2).collect();
    let last = text.char_indices().rev().nth(LONGEST / 4).map_or(0, |(at, _)| at);
    if last <= first.len() { text.to_owned() } else { format!("{first}…{}", &text[last..]) }
}

/// Mistakes that one and the same repair mends are told once, at the first place, with how many there are.
///
/// - `reports`: in order. An editor shows every place, and so does not ask for this.
pub fn told_once(reports: Vec<Report>) -> Vec<Report> {
    let mut told: Vec<(Report, usize)> = Vec::new();
    let mut first: BTreeMap<(Code, Vec<Spot>), usize> = BTreeMap::new();
    for report in reports {
        let edits = report.fixes.iter().flat_map(|fix| &fix.edits);
        // What is written where nothing stood is written once; a word that is replaced is another word each time.
        let written: Option<Vec<Spot>> = edits.map(|at| (at.start == at.end).then(|| at.clone())).collect();
        let Some(key) = written.filter(|edits| !edits.is_empty()) else {
            told.push((report, 0));
            continue;
        };
        match first.get(&(report.code, key.clone())) {
            Some(position) => told[*position].1 += 1,
            None => {
                first.insert((report.code, key), told.len());
                told.push((report, 0));
            }
        }
    }
    let counted = told.into_iter().map(|(mut report, more)| {
        if let (Some(spot), true) = (report.spots.first_mut(), more > 0) {
            let places = if more == 1 { "one more place" } else { "more places" };
            let count = if more == 1 { String::new() } else { format!("{more} ") };
            spot.text = format!("{}, here and in {count}{places}", spot.text);
        }
        report
    });
    counted.collect()
}

impl Report {
    /// Gives a diagnostic's places their files.
    ///
    /// - `find`: the file of an item, and the first byte of its chunk there.
    pub(crate) fn new(diagnostic: &Diagnostic, find: &Find<'_>) -> Report {
        let spot = |place: &crate::diagnostic::Place, text: String| {
            let (module, item) = place.item.as_ref()?;
            let (file, start) = find(module, *item)?;
            let (first, last) = (place.span.start as usize, place.span.end as usize);
            Some(Spot { file, start: start + first, end: start + last, text })
        };
        let fixes = diagnostic.fixes.iter().filter_map(|fix| {
            let edits: Option<Vec<Spot>> = fix.edits.iter().map(|edit| spot(&edit.place, edit.text.clone())).collect();
            Some(Repair { title: shortened(&fix.title), edits: edits?, sure: fix.sure })
        });
        Report {
            code: diagnostic.code,
            message: shortened(&diagnostic.message),
            spots: diagnostic.labels.iter().filter_map(|label| spot(&label.place, shortened(&label.text))).collect(),
            law: diagnostic.law.as_deref().map(shortened),
            help: diagnostic.help.as_deref().map(shortened),
            fixes: fixes.collect(),
        }
    }

    /// Error or warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// `error` or `warning`.
    pub fn severity_word(&self) -> &'static str {
        match self.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }

    /// The file it is about: that of its first place.
    pub fn file(&self) -> Option<&str> {
        self.spots.first().map(|spot| spot.file.as_str())
    }

    /// The report for other programs: lines and columns from 1, columns in characters.
    ///
    /// - `texts`: the files that it points into.
    pub fn to_json(&self, texts: &mut Texts<'_, '_>) -> Value {
        let mut spot = |spot: &Spot| {
            let lines = texts.lines(&spot.file);
            let (start, end) = (lines.place(spot.start), lines.place(spot.end));
            json!({
                "file": spot.file, "line": start.line, "column": start.column,
                "end": { "line": end.line, "column": end.column }, "text": spot.text,
            })
        };
        let first = self.spots.first().map(&mut spot);
        let part = |name: &str| first.as_ref().and_then(|first| first.get(name)).cloned().unwrap_or(Value::Null);
        let fixes: Vec<Value> = self
            .fixes
            .iter()
            .map(|fix| json!({ "title": fix.title, "sure": fix.sure, "edits": fix.edits.iter().map(&mut spot).collect::<Vec<_>>() }))
            .collect();
        json!({
            "code": self.code.number(), "name": self.code.name(), "severity": self.severity_word(), "message": self.message,
            "file": part("file"), "line": part("line"), "column": part("column"), "end": part("end"),
            "labels": self.spots.iter().map(spot).collect::<Vec<_>>(),
            "law": self.law, "help": self.help, "fixes": fixes,
        })
    }

    /// Where it stands among others: by file, place, number.
    pub fn order(&self) -> (Option<&Spot>, Code, &str) {
        (self.spots.first(), self.code, &self.message)
    }
}
