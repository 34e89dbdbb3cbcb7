//! The thread that answers: what is wrong in the open documents of a package.
//!
//! A question about the documents is answered at once, from what each of them shows. What only the whole package shows
//! is found out when nothing has been typed for a while; until then the last findings stand where their words now are.
//!
//! INVARIANT: a question that a write overtakes is dropped; the writer asks again.

use crate::folder::Home;
use crate::publish::{Published, diagnostic, our_bug};
use compiler::database::Snapshot;
use compiler::ide::{Encoding, Lines};
use compiler::report::{Report, Spot};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc::Receiver;
use tokio::sync::mpsc::UnboundedSender;
use tower_lsp_server::ls_types::Uri;

/// What is to be found out.
pub(crate) struct Question {
    pub(crate) snapshot: Snapshot,
    pub(crate) encoding: Encoding,
    /// Addresses, versions and paths of the package's open documents.
    pub(crate) documents: Vec<(Uri, i32, String)>,
    pub(crate) home: Home,
    pub(crate) extent: Extent,
}

/// How far a question goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What is wrong in the open documents, each by itself.
    Documents,
    /// What the whole package shows, too.
    Package,
}

pub(crate) struct Reader {
    publish: UnboundedSender<Published>,
    /// What the whole of each package last showed.
    known: BTreeMap<Home, Known>,
}

/// Findings, and the texts of the open documents that they are about.
#[derive(Default)]
struct Known {
    findings: Vec<Report>,
    texts: BTreeMap<String, String>,
}

impl Reader {
    pub(crate) fn new(publish: UnboundedSender<Published>) -> Reader {
        Reader { publish, known: BTreeMap::new() }
    }

    /// Answers until the writer is gone.
    pub(crate) fn run(mut self, questions: &Receiver<Question>) {
        while let Ok(question) = questions.recv() {
            let Question { snapshot, encoding, documents, home, extent } = question;
            let known = self.known.remove(&home).unwrap_or_default();
            let open: Vec<(Uri, i32)> = documents.iter().map(|(uri, version, _)| (uri.clone(), *version)).collect();
            // A bug of ours is said in the document; the next edit is answered again.
            let answers = catch_unwind(AssertUnwindSafe(|| {
                snapshot.ask(|snapshot| {
                    let learned = learn(snapshot, &documents, extent, &known);
                    let published = answer(snapshot, documents, encoding, &home, learned.as_ref().unwrap_or(&known));
                    (published, learned)
                })
            }));
            let (answers, learned) = answers
                .unwrap_or_else(|_| {
                    let bug = |(uri, version)| Published { uri, diagnostics: vec![our_bug()], version: Some(version) };
                    Some((open.into_iter().map(bug).collect(), None))
                })
                .unwrap_or_default();
            self.known.insert(home, learned.unwrap_or(known));
            for answer in answers {
                let _ = self.publish.send(answer);
            }
        }
    }
}

/// What the whole package shows now; `None` where it was not asked for, or a file is wrong.
fn learn(snapshot: &Snapshot, documents: &[(Uri, i32, String)], extent: Extent, known: &Known) -> Option<Known> {
    if extent == Extent::Documents {
        return None;
    }
    // What is asked for the first time is worth all threads; later there is little to do.
    if known.texts.is_empty() {
        snapshot.prepare(std::thread::available_parallelism().map_or(1, usize::from));
    }
    let findings = snapshot.findings()?;
    let texts = documents.iter().filter_map(|(_, _, path)| Some((path.clone(), snapshot.text(path)?.to_owned())));
    Some(Known { findings, texts: texts.collect() })
}

fn answer(
    snapshot: &Snapshot,
    documents: Vec<(Uri, i32, String)>,
    encoding: Encoding,
    home: &Home,
    known: &Known,
) -> Vec<Published> {
    let lines: RefCell<BTreeMap<String, Rc<Lines<'_>>>> = RefCell::default();
    let lines = |path: &str| {
        let mut lines = lines.borrow_mut();
        let found = lines.entry(path.to_owned());
        found.or_insert_with(|| Rc::new(Lines::new(snapshot.text(path).unwrap_or_default()))).clone()
    };
    let address = |path: &str| match home {
        Home::Package(root) => Uri::from_file_path(path_of(root, path)),
        Home::Alone(_) => None,
    };
    let answer = |(uri, version, path): (Uri, i32, String)| {
        let mut reports = snapshot.reports(&path);
        let here = known.findings.iter().filter(|report| report.file() == Some(path.as_str()));
        reports.extend(here.filter_map(|report| known.carried(report, snapshot)));
        let diagnostics = reports.iter().filter_map(|report| diagnostic(report, &lines, &address, encoding));
        Published { uri, diagnostics: diagnostics.collect(), version: Some(version) }
    };
    documents.into_iter().map(answer).collect()
}

impl Known {
    /// The report where its words stand now; `None` where the words it is about were typed over.
    fn carried(&self, report: &Report, snapshot: &Snapshot) -> Option<Report> {
        let carried = |spot: &Spot| match (self.texts.get(&spot.file), snapshot.text(&spot.file)) {
            (Some(before), Some(now)) => carried(spot, before, now),
            _ => Some(spot.clone()),
        };
        let first = carried(report.spots.first()?)?;
        let others = report.spots[1..].iter().filter_map(carried);
        let fixes = report
            .fixes
            .iter()
            .filter(|fix| fix.edits.iter().all(|edit| carried(edit).is_some_and(|now| now == *edit)));
        Some(Report {
            spots: std::iter::once(first).chain(others).collect(),
            fixes: fixes.cloned().collect(),
            ..report.clone()
        })
    }
}

/// A place of a text in what became of it by one change.
fn carried(spot: &Spot, before: &str, now: &str) -> Option<Spot> {
    let same = |a: &mut dyn Iterator<Item = (u8, u8)>| a.take_while(|(a, b)| a == b).count();
    let start = same(&mut before.bytes().zip(now.bytes()));
    if spot.end <= start {
        return Some(spot.clone());
    }
    let room = before.len().min(now.len()) - start;
    let end = same(&mut before.bytes().rev().zip(now.bytes().rev()).take(room));
    let moved = |at: usize| at + now.len() - before.len();
    (spot.start >= before.len() - end).then(|| Spot { start: moved(spot.start), end: moved(spot.end), ..spot.clone() })
}

fn path_of(root: &Path, path: &str) -> PathBuf {
    path.split('/').fold(root.to_owned(), |folder, part| folder.join(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_goes_where_its_words_go() {
        let spot = |start, end| Spot { file: "a.writ".to_owned(), start, end, text: String::new() };
        let goes = |before: &str, now: &str| {
            let at = before.find("bad").expect("there");
            carried(&spot(at, at + 3), before, now).map(|spot| now[spot.start..spot.end].to_owned())
        };
        assert_eq!(goes("one bad two", "one bad three two").as_deref(), Some("bad"));
        assert_eq!(goes("one bad two", "once more bad two").as_deref(), Some("bad"));
        assert_eq!(goes("one bad two", "bad two").as_deref(), Some("bad"));
        assert_eq!(goes("one bad two", "one bd two"), None);
        assert_eq!(goes("bad bad", "bad bad bad").as_deref(), Some("bad"));
    }
}
