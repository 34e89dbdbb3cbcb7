//! The facts that a package's sources hold: read when they are first asked for, and again when a file of them changed.
//!
//! Read downwards: [`Models`] reads them, [`Loaded`] is what was read, [`Decided`] what was decided; [`Known`] keeps both,
//! how many tuples each relation has in the model, what the model shows of the policy, and why it cannot be read.
//!
//! Not here: how a source is read (whoever implements [`Models`]), what follows from facts (`decide`).

use crate::compared::{Against, Compared};
use crate::installed;
use crate::publish::Told;
use crate::writer::Event;
use compiler::ide::completion::Seen;
use decide::{Assurance, Case, Limits, SourceState, ask};
use packages::store::Store;
use program::{Change, Digest, Fact, Program, Scope};
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc::UnboundedSender;

/// Reads what a package's manifest declares.
pub trait Models: Send + Sync {
    /// The facts of the declared sources of the package at a folder.
    ///
    /// - `written`: the texts of its open documents, by path; they count where the policy as it was saved does not compile.
    ///
    /// # Errors
    /// What is wrong with a source, in the words of the command line.
    fn load(&self, root: &Path, written: &BTreeMap<String, String>) -> Result<Loaded, String>;

    /// Whether a manifest says what it may.
    ///
    /// # Errors
    /// What is wrong in it, in the words of the command line: `unknown field …` and, on the line below, `--> writ.toml:3:1`.
    fn manifest(&self, text: &str) -> Result<(), String> {
        let _ = text;
        Ok(())
    }

    /// Where packages that were fetched are kept.
    fn store(&self) -> Store {
        installed::store()
    }

    /// Whether a manifest declares any source: where none is, that a relation has no fact says nothing.
    fn declares(&self, text: &str) -> bool {
        let _ = text;
        false
    }

    /// What the package's log says was decided, newest first; nothing where there is no log.
    ///
    /// # Errors
    /// Why the log cannot be read, in the words of the command line.
    fn decisions(&self, root: &Path) -> Result<Vec<Decided>, String> {
        let _ = root;
        Ok(Vec::new())
    }

    /// The test that states a decision of the log, as the policy on disk decides it now.
    ///
    /// # Errors
    /// Why there is none, in the words of the command line.
    fn example(&self, root: &Path, digest: &str) -> Result<String, String> {
        Err(format!("{}: there is no log with the decision {digest}", root.display()))
    }
}

/// A decision that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Names it.
    pub digest: String,
    /// `deny`
    pub verdict: String,
    /// When it was recorded: `2026-03-02T10:00Z`.
    pub time: String,
    /// Its rules as verdicts name them (`orders/recoverable.key_lost`), and its ambiguities.
    pub rules: Vec<String>,
}

/// What sources hold.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The world as it is.
    pub facts: Vec<Fact>,
    /// Sources that cannot be relied on.
    pub sources: Vec<SourceState>,
    /// Names the facts.
    pub digest: Digest,
    /// The time that rules may ask for, microseconds since 1970.
    pub now: i64,
    /// The files it was read from.
    pub files: Vec<PathBuf>,
}

impl Loaded {
    /// No facts at all: the model of a file that stands alone.
    pub fn nothing(now: i64) -> Loaded {
        Loaded { facts: Vec::new(), sources: Vec::new(), digest: Digest::of(b""), now, files: Vec::new() }
    }
}

/// How long one question may take.
const LONGEST: Duration = Duration::from_secs(60);

/// What was read so far, by folder.
#[derive(Clone)]
pub(crate) struct Known {
    counting: Counting,
    /// Something shows how many tuples there are.
    wanted: Arc<AtomicBool>,
    /// What is to be counted and compared.
    counter: Sender<Wanted>,
    /// What was decided, by folder, and when the log was written.
    decided: Arc<Mutex<BTreeMap<PathBuf, Logged>>>,
}

/// A program that is to be looked at beside the model of its package.
struct Wanted {
    root: PathBuf,
    program: Arc<Program>,
    written: Texts,
    /// The tuples are to be counted.
    counted: bool,
    /// The package declares sources, so that the model shows something of the policy.
    declares: bool,
}

/// When a log was last written, and what it says.
type Logged = (Option<SystemTime>, Arc<Vec<Decided>>);

/// Texts of open documents, by path.
pub(crate) type Texts = BTreeMap<String, String>;

/// How many tuples each relation has.
pub(crate) type Counts = Arc<BTreeMap<String, usize>>;

/// Files, and when they were last written.
pub(crate) type Stamps = Vec<(PathBuf, Option<SystemTime>)>;

#[derive(Clone)]
struct Kept {
    stamps: Stamps,
    loaded: Arc<Loaded>,
    seen: Arc<Seen>,
    /// The tuples of each relation, and the program that they are of.
    counts: Option<(Arc<Program>, Counts)>,
}

impl Known {
    /// - `tell`: told when there is something new to show.
    /// - `events`: told of a model that cannot be read, or can be again; held weakly, so that the writer ends with its editor.
    pub(crate) fn new(models: Arc<dyn Models>, tell: UnboundedSender<Told>, events: Weak<Sender<Event>>) -> Known {
        let (counter, programs) = channel::<Wanted>();
        let counting =
            Counting { models, kept: Arc::default(), against: Arc::default(), unread: Arc::default(), events };
        let known = Known { counting: counting.clone(), wanted: Arc::default(), counter, decided: Arc::default() };
        std::thread::spawn(move || {
            // It holds no sender of its own, so that it ends with the last one.
            while let Ok(next) = programs.recv() {
                // Of each package the newest.
                let mut waiting = BTreeMap::from([(next.root.clone(), next)]);
                while let Some((_, Wanted { root, program, written, counted, declares })) = waiting.pop_first() {
                    let work = || counted && counting.count(&root, &program, &written);
                    if catch_unwind(AssertUnwindSafe(work)).unwrap_or(false) {
                        let _ = tell.send(Told::Refresh);
                    }
                    let work = || counting.compare(&root, &program, &written, declares);
                    if catch_unwind(AssertUnwindSafe(work)).unwrap_or(false)
                        && let Some(events) = counting.events.upgrade()
                    {
                        let _ = events.send(Event::Compared { root });
                    }
                    waiting.extend(programs.try_iter().map(|newer| (newer.root.clone(), newer)));
                }
            }
        });
        known
    }

    /// Says that something shows how many tuples there are: from now on they are counted.
    ///
    /// - returns: whether nobody said so before, so that they are to be counted now.
    pub(crate) fn want(&self) -> bool {
        !self.wanted.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Looks at a program beside the model of its package, on a thread of its own: what there is to tell or to show then, is.
    ///
    /// - `declares`: the package declares sources.
    pub(crate) fn look(&self, root: &Path, program: Arc<Program>, written: Texts, declares: bool) {
        let counted = self.is_wanted();
        // The thread ends only after this one.
        let _ = self.counter.send(Wanted { root: root.to_owned(), program, written, counted, declares });
    }

    /// What the model of a package showed when it was last looked at, and under which program.
    pub(crate) fn compared(&self, root: &Path) -> Option<(Arc<Program>, Arc<Compared>)> {
        let against = self.counting.against.lock().unwrap_or_else(PoisonError::into_inner);
        against.get(root).map(|against| (against.program.clone(), against.found.clone()))
    }

    /// The model of a package. Holds no lock while it reads.
    ///
    /// # Errors
    /// As [`Models::load`].
    pub(crate) fn model(&self, root: &Path, written: &Texts) -> Result<Arc<Loaded>, String> {
        self.counting.model(root, written)
    }

    /// What the model of a package shows of a program, and when the files that it was read from were written. Keeps none of it.
    ///
    /// # Errors
    /// As [`Models::load`].
    pub(crate) fn glance(&self, root: &Path, program: &Arc<Program>) -> Result<(Compared, Stamps), String> {
        let loaded = self.counting.models.load(root, &Texts::new())?;
        Ok((Compared::of(program, &loaded), stamps(&loaded)))
    }

    /// Why the model of a package could not be read when it was last asked for.
    pub(crate) fn unread(&self, root: &Path) -> Option<String> {
        self.counting.unread.lock().unwrap_or_else(PoisonError::into_inner).get(root).cloned()
    }

    /// The keys that the model's json values have, as far as it was read.
    pub(crate) fn seen(&self, root: &Path) -> Arc<Seen> {
        self.counting.kept(root).map(|kept| kept.seen).unwrap_or_default()
    }

    /// What was decided, newest first; nothing where the log cannot be read: `writ log` says why.
    pub(crate) fn decisions(&self, root: &Path) -> Arc<Vec<Decided>> {
        let written = stamp(&root.join(".writ/log/checkpoint"));
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        match decided.get(root) {
            Some((at, known)) if *at == written => known.clone(),
            _ => {
                let found = Arc::new(self.counting.models.decisions(root).unwrap_or_default());
                decided.insert(root.to_owned(), (written, found.clone()));
                found
            }
        }
    }

    /// As [`Models::manifest`].
    pub(crate) fn manifest(&self, text: &str) -> Result<(), String> {
        self.counting.models.manifest(text)
    }

    /// As [`Models::store`].
    pub(crate) fn store(&self) -> Store {
        self.counting.models.store()
    }

    /// As [`Models::declares`].
    pub(crate) fn declares(&self, text: &str) -> bool {
        self.counting.models.declares(text)
    }

    /// The test that states a decision.
    ///
    /// # Errors
    /// As [`Models::example`].
    pub(crate) fn example(&self, root: &Path, digest: &str) -> Result<String, String> {
        self.counting.models.example(root, digest)
    }

    /// How many tuples each relation has, as far as they were counted: of an earlier program where this one was not.
    pub(crate) fn counts(&self, root: &Path) -> Option<Counts> {
        self.counted(root).map(|(_, counts)| counts)
    }

    /// As [`Known::counts`], with the program whose relations they are.
    pub(crate) fn counted(&self, root: &Path) -> Option<(Arc<Program>, Counts)> {
        self.counting.kept(root)?.counts
    }
}

/// What reads and counts.
#[derive(Clone)]
struct Counting {
    models: Arc<dyn Models>,
    kept: Arc<Mutex<BTreeMap<PathBuf, Kept>>>,
    /// What the models show.
    against: Arc<Mutex<BTreeMap<PathBuf, Against>>>,
    /// Why models could not be read.
    unread: Arc<Mutex<BTreeMap<PathBuf, String>>>,
    events: Weak<Sender<Event>>,
}

impl Counting {
    fn kept(&self, root: &Path) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(root).cloned()
    }

    fn keep(&self, root: &Path, kept: Kept) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(root.to_owned(), kept);
    }

    /// The model of a package. Holds no lock while it reads.
    ///
    /// # Errors
    /// As [`Models::load`].
    fn model(&self, root: &Path, written: &Texts) -> Result<Arc<Loaded>, String> {
        if let Some(kept) = self.kept(root).filter(|kept| holds(&kept.stamps)) {
            return Ok(kept.loaded);
        }
        let loaded = self.models.load(root, written);
        self.learn(root, loaded.as_ref().err());
        let loaded = Arc::new(loaded?);
        let stamps = stamps(&loaded);
        let seen = Arc::new(ask::keys(&loaded.facts));
        self.keep(root, Kept { stamps, loaded: loaded.clone(), seen, counts: None });
        Ok(loaded)
    }

    /// Keeps whether a model could be read; where that is news, its manifest is told.
    fn learn(&self, root: &Path, why: Option<&String>) {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        let was = match why {
            Some(why) => unread.insert(root.to_owned(), why.clone()),
            None => unread.remove(root),
        };
        drop(unread);
        if let (true, Some(events)) = (was.as_ref() != why, self.events.upgrade()) {
            // The writer is gone only when the server is.
            let _ = events.send(Event::Read { root: root.to_owned() });
        }
    }

    /// Counts the tuples of a program's relations in the model.
    ///
    /// - returns: whether that is news.
    pub(crate) fn count(&self, root: &Path, program: &Arc<Program>, written: &Texts) -> bool {
        let Ok(loaded) = self.model(root, written) else {
            // What cannot be read is not counted, as it was or otherwise.
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            return kept.get_mut(root).is_some_and(|kept| kept.counts.take().is_some());
        };
        let Some(mut kept) = self.kept(root) else { return false };
        if kept.counts.as_ref().is_some_and(|(of, _)| Arc::ptr_eq(of, program)) {
            return false;
        }
        let Ok(counts) = asked(program, &loaded, ask::counts) else { return false };
        // What is about a change has tuples only inside a decision: that it has none here says nothing.
        let of_model = |name: &str| program.find(name).is_none_or(|id| program.relation(id).scope != Scope::Change);
        let counts = counts.into_iter().filter(|count| of_model(&count.relation));
        let counts: BTreeMap<String, usize> = counts.map(|count| (count.relation, count.after)).collect();
        let news = kept.counts.as_ref().is_none_or(|(_, known)| **known != counts);
        kept.counts = Some((program.clone(), Arc::new(counts)));
        self.keep(root, kept);
        news
    }

    /// Looks what the model shows of a program; without sources it shows nothing. Holds no lock while it looks.
    ///
    /// - returns: whether there is something to tell, or no longer.
    fn compare(&self, root: &Path, program: &Arc<Program>, written: &Texts, declares: bool) -> bool {
        let against = || self.against.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |was: Option<Against>| was.is_some_and(|was| !was.found.is_empty());
        let Some(loaded) = Some(root).filter(|_| declares).and_then(|root| self.model(root, written).ok()) else {
            return told(against().remove(root));
        };
        let same = |was: &Against| Arc::ptr_eq(&was.program, program) && Arc::ptr_eq(&was.loaded, &loaded);
        if against().get(root).is_some_and(same) {
            return false;
        }
        let found = Arc::new(Compared::of(program, &loaded));
        let now = Against { program: program.clone(), loaded, found: found.clone() };
        told(against().insert(root.to_owned(), now)) || !found.is_empty()
    }
}

fn stamps(loaded: &Loaded) -> Stamps {
    loaded.files.iter().map(|file| (file.clone(), stamp(file))).collect()
}

/// Whether none of the files was written since.
pub(crate) fn holds(stamps: &Stamps) -> bool {
    stamps.iter().all(|(file, at)| stamp(file) == *at)
}

fn stamp(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|about| about.modified()).ok()
}

/// Asks a question of a model under a program, for a minute at most.
///
/// # Errors
/// Why there is no answer.
#[expect(clippy::disallowed_methods, reason = "the editor's door has a clock to stop by")]
pub fn asked<T>(
    program: &Arc<Program>,
    loaded: &Loaded,
    question: impl FnOnce(&Case<'_>) -> Result<T, decide::Failure>,
) -> Result<T, String> {
    let start = Instant::now();
    let stop = || start.elapsed() >= LONGEST;
    let case = Case {
        program: program.clone(),
        facts: loaded.facts.clone(),
        change: Change::none(),
        actor: None,
        session: None,
        now: loaded.now,
        model: loaded.digest.clone(),
        sources: loaded.sources.clone(),
        limits: Limits { stop: Some(&stop), ..Limits::default() },
        assurance: Assurance::DeltaCertificate,
        build: format!("writ {}", env!("CARGO_PKG_VERSION")),
        prior: None,
        lapsed: Vec::new(),
        footing: None,
    };
    question(&case).map_err(|failure| failure.to_string())
}
