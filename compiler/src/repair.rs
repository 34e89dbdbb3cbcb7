//! The obvious repairs of a package, made in its texts.
//!
//! In rounds: every repair that overlaps no other is made and the package compiled again; a round that leaves more
//! errors, or more warnings where there was no error, is taken back and its repairs are tried one by one.
//!
//! INVARIANT: afterwards there are no more mistakes than before, and every repair that is kept took its finding away.
//! Not here: files, which `cli` writes; choices (`?? default`, `_name`), which somebody makes in an editor.

use crate::diagnostic::{Code, Severity};
use crate::ide::Lines;
use crate::report::{Repair, Report, Spot};
use std::collections::BTreeSet;
use std::ops::Range;
use syntax::token::Token;

/// Rounds before it gives up; each makes at least one repair.
const MOST_ROUNDS: usize = 100;

/// A file that may be repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its path, as reports name it.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Compiles the texts as they are now, and tells what is wrong.
pub type Check<'c> = dyn FnMut(&[Text]) -> Vec<Report> + 'c;

/// A repair that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The file of the finding.
    pub file: String,
    /// Its line when the repair was made, from 1.
    pub line: u32,
    /// Its column, in characters from 1.
    pub column: u32,
    /// What was found.
    pub code: Code,
    /// What the repair did: "remove `kind`".
    pub title: String,
}

/// Makes every obvious repair, until there is none left.
///
/// - `check`: asked before the first round and after each try, last with the texts that stay.
/// - `sources`: the files of the package; their texts are changed in place.
/// - returns: the repairs in the order in which they were made.
pub fn repair(check: &mut Check<'_>, sources: &mut [Text]) -> Vec<Made> {
    let mut made = Vec::new();
    let mut hopeless: BTreeSet<(Code, String)> = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let reports = check(sources);
        let tries = obvious(&reports, sources, &hopeless);
        if tries.is_empty() {
            break;
        }
        if let Some(found) = attempt(check, sources, &reports, &tries) {
            made.extend(found);
            continue;
        }
        for one in &tries {
            if let Some(found) = attempt(check, sources, &reports, &[*one]) {
                made.extend(found);
                break;
            }
            hopeless.insert((one.0.code, one.0.message.clone()));
        }
    }
    made
}

/// The obvious repair of each finding, those left out that overlap an earlier one, touch another package or lose a comment.
fn obvious<'r>(
    reports: &'r [Report],
    sources: &[Text],
    hopeless: &BTreeSet<(Code, String)>,
) -> Vec<(&'r Report, &'r Repair)> {
    let mut taken: Vec<&Spot> = Vec::new();
    let mut found = Vec::new();
    // What a `use` was to bring is mended before what lacks it, which it may bring.
    let brings = |report: &Report| matches!(report.code, Code::UnknownImport | Code::UnknownModule);
    let lacks =
        |report: &Report| matches!(report.code, Code::UnknownRelation | Code::UnknownType | Code::UnknownBlueprint);
    let file = |report: &Report| report.spots.first().map(|spot| spot.file.clone());
    let first: BTreeSet<_> = reports
        .iter()
        .filter(|report| brings(report) && report.fixes.first().is_some_and(|offer| offer.sure))
        .filter(|report| !hopeless.contains(&(report.code, report.message.clone())))
        .filter_map(file)
        .collect();
    let waits = |report: &Report| !brings(report) && lacks(report) && file(report).is_some_and(|f| first.contains(&f));
    for report in
        reports.iter().filter(|report| !waits(report) && !hopeless.contains(&(report.code, report.message.clone())))
    {
        let Some(offer) = report.fixes.first().filter(|offer| offer.sure) else { continue };
        let own = |edit: &Spot| {
            let source = sources.iter().find(|source| source.path == edit.file);
            let old = source.and_then(|source| source.text.get(edit.start..edit.end));
            old.is_some_and(|old| comments(old) <= comments(&edit.text))
        };
        let apart = |edit: &Spot| {
            taken.iter().all(|other| other.file != edit.file || other.end < edit.start || edit.end < other.start)
        };
        if offer.edits.iter().all(|edit| own(edit) && apart(edit)) {
            taken.extend(&offer.edits);
            found.push((report, offer));
        }
    }
    found
}

/// How many comments stand in a text: what somebody wrote there is not taken away unasked.
fn comments(text: &str) -> usize {
    let words = syntax::token::lex(text).into_iter().map(|lexeme| lexeme.token);
    words.filter(|token| matches!(token, Token::Comment | Token::Doc | Token::ModuleDoc)).count()
}

/// Makes repairs together, or none of them.
///
/// - `reports`: what was found before.
fn attempt(
    check: &mut Check<'_>,
    sources: &mut [Text],
    reports: &[Report],
    repairs: &[(&Report, &Repair)],
) -> Option<Vec<Made>> {
    let before: Vec<String> = sources.iter().map(|source| source.text.clone()).collect();
    let mut made = Vec::new();
    for (report, offer) in repairs {
        let spot = report.spots.first().or(offer.edits.first())?;
        let text = sources.iter().find(|source| source.path == spot.file).map(|source| source.text.as_str());
        let place = Lines::new(text.unwrap_or_default()).place(spot.start);
        let (file, title) = (spot.file.clone(), offer.title.clone());
        made.push(Made { file, line: place.line, column: place.column, code: report.code, title });
    }
    let mut edits: Vec<&Spot> = repairs.iter().flat_map(|(_, offer)| &offer.edits).collect();
    edits.sort();
    for edit in edits.into_iter().rev() {
        let source = sources.iter_mut().find(|source| source.path == edit.file)?;
        let range = placed(&source.text, edit.start..edit.end, &edit.text);
        source.text.replace_range(range, &edit.text);
    }
    let after = check(sources);
    let told = |all: &[Report], report: &Report| {
        all.iter().filter(|other| other.code == report.code && other.message == report.message).count()
    };
    let gone = repairs.iter().all(|(report, _)| told(&after, report) < told(reports, report));
    if gone && weight(&after) <= weight(reports) {
        return Some(made);
    }
    sources.iter_mut().zip(before).for_each(|(source, text)| source.text = text);
    None
}

/// Where an edit goes, so that it leaves nothing half behind.
///
/// What is cut goes with its line where nothing else stands there, with the spaces behind it where it begins the line, and
/// with those before it where it ends the line. A new line goes behind the comment that ends the old one; what ends with a
/// line's end needs no other.
pub(crate) fn placed(text: &str, edit: Range<usize>, written: &str) -> Range<usize> {
    let start = text[..edit.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[edit.end..].find('\n').map_or(text.len(), |at| edit.end + at);
    let (before, behind) = (&text[start..edit.start], &text[edit.end..end]);
    let comment = behind.trim_start().starts_with("//");
    if written.starts_with('\n') && comment {
        return end..end;
    }
    if written.ends_with('\n') && behind.trim().is_empty() {
        return edit.start..(end + 1).min(text.len());
    }
    if !written.is_empty() {
        return edit;
    }
    match (before.trim().is_empty(), behind.trim().is_empty()) {
        (true, true) => start..(end + 1).min(text.len()),
        (true, false) => edit.start..edit.end + behind.len() - behind.trim_start().len(),
        (false, true) => start + before.trim_end().len()..edit.end,
        (false, false) => edit,
    }
}

/// How bad it is: words that cannot be read hide other mistakes, and a mistake hides what has no effect.
fn weight(reports: &[Report]) -> (usize, usize, usize) {
    let unread = reports.iter().filter(|report| report.code <= Code::BadToken).count();
    let errors = reports.iter().filter(|report| report.severity() == Severity::Error).count();
    let warnings = if errors == 0 { reports.len() } else { usize::MAX };
    (unread, errors, warnings)
}
