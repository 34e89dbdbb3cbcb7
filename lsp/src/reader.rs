//! The thread that tells unasked: what is wrong in the documents of a package, and in its other files.
//!
//! A question about the documents is answered at once, from what each of them shows. What only the whole package shows
//! is found out when nothing has been typed for a while; until then the last findings stand where their words now are.
//!
//! INVARIANT: a question that a write overtakes is dropped; the writer asks again.

use crate::folder::Home;
use crate::manifest;
use crate::members::Said;
use crate::model as models;
use crate::publish::{Published, Told, diagnostic, our_bug, refused};
use crate::view::{Request, View};
use compiler::database::Snapshot;
use compiler::diagnostic::Severity;
use compiler::ide::elsewhere::{self, Elsewhere};
use compiler::report::{Report, Spot};
use program::Program;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::UnboundedSender;
use tower_lsp_server::ls_types::Diagnostic;

/// What is to be found out.
pub(crate) struct Question {
    pub(crate) request: Request,
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

/// What the whole of each package last showed.
pub(crate) type Findings = Arc<Mutex<BTreeMap<Home, Arc<Known>>>>;

pub(crate) struct Reader {
    tell: UnboundedSender<Told>,
    findings: Findings,
    /// The editor asks for diagnostics itself; it is told when to ask again.
    pulled: bool,
    models: models::Known,
    said: Said,
}

/// Findings, and the texts of the package's files that they are about.
#[derive(Clone, Default)]
pub(crate) struct Known {
    findings: Arc<Vec<Report>>,
    texts: Arc<BTreeMap<String, String>>,
    /// A file is wrong, so that nothing newer will be known before it is mended.
    outdated: bool,
    /// What is wrong in the packages that it depends on.
    elsewhere: Arc<Vec<Elsewhere>>,
    /// What the loaded model shows.
    shown: Arc<Vec<Report>>,
}

impl Reader {
    pub(crate) fn new(
        tell: UnboundedSender<Told>,
        findings: Findings,
        models: models::Known,
        pulled: bool,
        said: Said,
    ) -> Reader {
        Reader { tell, findings, pulled, models, said }
    }

    /// Answers until the writer is gone.
    pub(crate) fn run(mut self, questions: &Receiver<Question>) {
        while let Ok(Question { request, extent }) = questions.recv() {
            let Request { snapshot, around, .. } = request;
            let answered = catch_unwind(AssertUnwindSafe(|| {
                snapshot.ask(|snapshot| {
                    let view = View::new(snapshot, "", &around);
                    match extent {
                        Extent::Documents => self.documents(&view, &known(&self.findings, view.home)),
                        Extent::Package => self.package(&view),
                    }
                })
            }));
            // A bug of ours is said in the document; the next edit is answered again.
            if answered.is_err() {
                for (uri, version) in around.open.values() {
                    let (uri, version) = (uri.clone(), Some(*version));
                    self.say(Published { uri, diagnostics: vec![our_bug()], version });
                }
            }
        }
    }

    fn say(&self, published: Published) {
        // The editor may have gone.
        let _ = self.tell.send(Told::Publish(published));
    }

    /// Tells what is wrong in the open documents.
    fn documents(&self, view: &View<'_>, known: &Known) {
        if self.pulled {
            return;
        }
        // What stands in the manifest is told as soon as it is read.
        let files = view.files();
        let ours = |path: &&String| *path != manifest::FILE && files.contains(path.as_str());
        for (path, (uri, version)) in view.open.iter().filter(|(path, _)| ours(path)) {
            let (uri, version) = (uri.clone(), Some(*version));
            self.say(Published { uri, diagnostics: of_file(view, known, path), version });
        }
    }

    /// Tells what is wrong in every file: at once what each shows, then what the whole does.
    fn package(&mut self, view: &View<'_>) {
        let known = known(&self.findings, view.home);
        // What is asked for the first time is worth all threads; later there is little to do.
        if known.texts.is_empty() {
            view.snapshot.prepare(std::thread::available_parallelism().map_or(1, usize::from));
        }
        self.others(view, &known);
        let outdated = || (!known.outdated && !known.texts.is_empty()).then(|| known.outdated());
        let elsewhere = elsewhere::errors(view.snapshot);
        let news = || (*known.elsewhere != elsewhere).then(|| Known::clone(&known));
        if let Some(learned) = learn(view, &known).or_else(outdated).or_else(news) {
            self.keep(view, Known { elsewhere: Arc::new(elsewhere), ..learned });
        }
        let declares = view.manifest.is_some_and(|manifest| manifest.declares);
        if let (true, Home::Package(root)) = (declares || self.models.is_wanted(), view.home)
            && view.is_whole().is_ok()
            && let Some(program) = view.snapshot.compile().program
        {
            self.compared(view, root, &program);
            self.models.look(root, program, view.written(), declares);
        }
    }

    /// Keeps what the whole of a package shows, and tells it.
    fn keep(&mut self, view: &View<'_>, learned: Known) {
        let learned = Arc::new(learned);
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        findings.insert(view.home.clone(), learned.clone());
        drop(findings);
        self.documents(view, &learned);
        self.others(view, &learned);
        let _ = self.tell.send(Told::Refresh);
    }

    /// Tells what the model shows of a program, where it was looked at under that one; until then stands what it showed of
    /// an earlier one, where its words now are.
    fn compared(&mut self, view: &View<'_>, root: &Path, program: &Arc<Program>) {
        let shown = match self.models.compared(root) {
            Some((of, found)) if Arc::ptr_eq(&of, program) => found.reports(view.snapshot),
            Some(_) => return,
            None => Vec::new(),
        };
        let known = known(&self.findings, view.home);
        if *known.shown != shown {
            self.keep(view, Known { shown: Arc::new(shown), ..Known::clone(&known) });
        }
    }

    /// Tells what is wrong in files that are not open, where that is news.
    fn others(&mut self, view: &View<'_>, known: &Known) {
        if self.pulled {
            return;
        }
        let closed = view.files().into_iter().filter(|path| !view.open.contains_key(*path));
        let now: BTreeMap<String, Vec<Diagnostic>> =
            closed.map(|path| (path.to_owned(), of_file(view, known, path))).collect();
        let mut said = self.said.lock();
        if said.open.contains(view.home) {
            let news = said.news(view.home, now, |path| view.open.contains_key(path));
            news.into_iter().for_each(|published| self.say(published));
        }
    }
}

/// What the whole of a package last showed.
pub(crate) fn known(findings: &Findings, home: &Home) -> Arc<Known> {
    findings.lock().unwrap_or_else(PoisonError::into_inner).get(home).cloned().unwrap_or_default()
}

/// What the whole package shows now; `None` where a file is wrong.
fn learn(view: &View<'_>, known: &Known) -> Option<Known> {
    let findings = view.snapshot.findings()?;
    let declares = view.manifest.is_some_and(|manifest| manifest.declares);
    let shown = known.shown.iter().filter(|_| declares).filter_map(|report| known.carried(report, view.snapshot));
    Some(Known {
        findings: Arc::new(findings),
        texts: Arc::new(view.written()),
        shown: Arc::new(shown.collect()),
        ..Known::default()
    })
}

/// What the whole of a package shows that was never looked at.
///
/// - `shown`: what its model shows.
pub(crate) fn first(view: &View<'_>, elsewhere: Vec<Elsewhere>, shown: Vec<Report>) -> Known {
    let learned = learn(view, &Known::default()).unwrap_or_default();
    Known { elsewhere: Arc::new(elsewhere), shown: Arc::new(shown), ..learned }
}

/// All that is wrong in a file.
pub(crate) fn of_file(view: &View<'_>, known: &Known, path: &str) -> Vec<Diagnostic> {
    if path == manifest::FILE {
        return view.manifest.map(|manifest| manifest.diagnostics.clone()).unwrap_or_default();
    }
    let found = reports(view, known, path);
    view.refused_in(path).map(refused).chain(found.iter().filter_map(|report| diagnostic(report, view))).collect()
}

/// All that is wrong in a file, and a name for just that.
pub(crate) fn pulled(view: &View<'_>, known: &Known, path: &str) -> (Vec<Diagnostic>, String) {
    let ours = view.files().contains(path);
    // A file of the standard library is read, and right.
    let found = if ours { of_file(view, known, path) } else { Vec::new() };
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(&found).expect("bug: diagnostics are plain data").hash(&mut hasher);
    (found, format!("{:016x}", hasher.finish()))
}

/// The same as the compiler tells it.
pub(crate) fn reports(view: &View<'_>, known: &Known, path: &str) -> Vec<Report> {
    let mut reports = view.snapshot.reports(path);
    let wrong = reports.iter().any(|report| report.severity() == Severity::Error);
    reports.extend(known.elsewhere.iter().filter_map(|one| elsewhere::told_in(view.snapshot, path, one)));
    let text = known.texts.get(path).map(String::as_str);
    // Of a file that was changed since, and reads, nobody can say now whether they are still so.
    if known.outdated && !wrong && text.is_some_and(|then| view.snapshot.text(path) != Some(then)) {
        return reports;
    }
    let here = known.findings.iter().chain(&*known.shown).filter(|report| report.file() == Some(path));
    reports.extend(here.filter_map(|report| known.carried(report, view.snapshot)));
    reports
}

impl Known {
    fn outdated(&self) -> Known {
        Known { outdated: true, ..self.clone() }
    }

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
