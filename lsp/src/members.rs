//! The packages of the folders that are worked in of which no document is open: what is wrong in their files.
//!
//! Read downwards: [`Message`] is what the writer tells, [`Members::run`] takes it on a thread of its own, `look` reads one package.
//! A package is read whole, looked at, and let go; it is looked at again where what it says, or what it depends on says, is another.
//!
//! INVARIANT: of a package with an open document only the `reader` tells: who tells holds [`Said`], and looks there first.
//! Not here: the models of packages with an open document, which are kept (`model`); here one is read, looked at, and let go.

use crate::compared::Compared;
use crate::folder::{self, Home};
use crate::installed;
use crate::manifest::{self, Manifest};
use crate::model::{self, Stamps};
use crate::package::{self, Module};
use crate::publish::{self, Published, Told};
use crate::reader;
use crate::view::{Around, View};
use compiler::database::{Database, Source};
use compiler::ide::{Encoding, elsewhere};
use compiler::report::Report;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tower_lsp_server::ls_types::{Diagnostic, Uri};

/// What the writer tells.
pub(crate) enum Message {
    Look(Look),
    /// What is known once all that was told before is looked at.
    Ask(oneshot::Sender<Vec<File>>),
}

/// What may have changed.
pub(crate) struct Look {
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) encoding: Encoding,
    /// The open documents of packages, which count in place of their files.
    pub(crate) written: Vec<Written>,
    /// The packages that changed; `None` where files did.
    pub(crate) touched: Option<BTreeSet<PathBuf>>,
}

/// An open document of the package in a folder.
pub(crate) struct Written {
    pub(crate) root: PathBuf,
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A file of a package, what is wrong in it, and a name for just that.
pub(crate) type File = (Uri, Vec<Diagnostic>, String);

/// What was told of files that are not open, by package and file; and which packages have open documents.
#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<Inner>>);

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) files: BTreeMap<Home, BTreeMap<String, Vec<Diagnostic>>>,
    pub(crate) open: BTreeSet<Home>,
}

impl Said {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// What of the files of a package is news, which is held as told from now on.
    pub(crate) fn news(
        &mut self,
        home: &Home,
        mut now: BTreeMap<String, Vec<Diagnostic>>,
        open: impl Fn(&str) -> bool,
    ) -> Vec<Published> {
        let Home::Package(root) = home else { return Vec::new() };
        let said = self.files.entry(home.clone()).or_default();
        said.retain(|path, _| !open(path));
        now.retain(|path, diagnostics| !diagnostics.is_empty() && !open(path));
        let mut news = Vec::new();
        for path in said.keys().chain(now.keys()).collect::<BTreeSet<&String>>() {
            let diagnostics = now.get(path).map(Vec::as_slice).unwrap_or_default();
            if said.get(path).map(Vec::as_slice) == Some(diagnostics) {
                continue;
            }
            if let Some(uri) = Uri::from_file_path(folder::path_of(root, path)) {
                news.push(Published { uri, diagnostics: diagnostics.to_vec(), version: None });
            }
        }
        *said = now;
        news
    }
}

pub(crate) struct Members {
    tell: UnboundedSender<Told>,
    known: model::Known,
    /// The editor asks for diagnostics itself.
    pulled: bool,
    said: Said,
    encoding: Encoding,
    written: Vec<Written>,
    found: BTreeMap<PathBuf, Found>,
}

/// A package as it was looked at.
struct Found {
    /// Names what it and all that it depends on said.
    print: u64,
    /// The packages that it depends on.
    places: BTreeSet<PathBuf>,
    files: Vec<File>,
    /// What its model showed, if it declares any.
    shown: Option<Rc<Shown>>,
}

/// What the model of a package showed of a policy.
struct Shown {
    /// Names what the package itself said.
    own: u64,
    /// The files that the model was read from.
    stamps: Stamps,
    compared: Result<Compared, String>,
}

impl Shown {
    /// Whether it would show the same of a package that says this; what could not be read may be there now.
    fn holds(&self, own: u64) -> bool {
        self.own == own && self.compared.is_ok() && model::holds(&self.stamps)
    }
}

/// How long nothing must have been told before packages are looked at that nobody asks for.
const QUIET: Duration = Duration::from_millis(250);

impl Members {
    pub(crate) fn new(tell: UnboundedSender<Told>, known: model::Known, pulled: bool, said: Said) -> Members {
        let (encoding, written, found) = (Encoding::Utf16, Vec::new(), BTreeMap::new());
        Members { tell, known, pulled, said, encoding, written, found }
    }

    /// Takes messages until the writer is gone.
    pub(crate) fn run(mut self, messages: &Receiver<Message>) {
        let (mut waiting, mut asked) = (None, Vec::new());
        let mut left = BTreeSet::new();
        loop {
            let idle = waiting.is_none() && left.is_empty();
            if idle {
                for answer in asked.drain(..) {
                    self.answer(answer);
                }
            }
            let message = match &waiting {
                None if idle => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(_) if asked.is_empty() => messages.recv_timeout(QUIET),
                _ => messages.try_recv().map_err(|error| match error {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                }),
            };
            match message {
                Ok(Message::Look(newer)) => waiting = Some(newer.with(waiting)),
                Ok(Message::Ask(answer)) => asked.push(answer),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(look) = waiting.take() {
                        self.begin(look, &mut left);
                    }
                    if let Some(root) = left.pop_first() {
                        // A text on which the compiler breaks is told once it is open.
                        let _ = catch_unwind(AssertUnwindSafe(|| self.look(&root)));
                    }
                }
            }
        }
    }

    fn answer(&self, answer: oneshot::Sender<Vec<File>>) {
        let said = self.said.lock();
        let closed = self.found.iter().filter(|(root, _)| !said.open.contains(&Home::Package((*root).clone())));
        let files = closed.flat_map(|(_, found)| found.files.iter().cloned()).collect();
        drop(said);
        // Whoever asked may have gone.
        let _ = answer.send(files);
    }

    /// - `left`: the packages that are to be looked at.
    fn begin(&mut self, look: Look, left: &mut BTreeSet<PathBuf>) {
        (self.encoding, self.written) = (look.encoding, look.written);
        if let Some(touched) = look.touched {
            let any = |found: &Found| found.places.iter().any(|place| touched.contains(place));
            left.extend(self.found.iter().filter(|(_, found)| any(found)).map(|(root, _)| root.clone()));
            return;
        }
        let all: BTreeSet<PathBuf> = look.roots.iter().flat_map(|folder| folder::packages(folder)).collect();
        let gone: Vec<PathBuf> = self.found.keys().filter(|root| !all.contains(*root)).cloned().collect();
        for root in gone {
            self.found.remove(&root);
            self.say(&root, BTreeMap::new());
        }
        *left = all;
    }

    /// Looks at the package in a folder, where that is to be told from here, and something is another than it was.
    fn look(&mut self, root: &Path) {
        let home = Home::Package(root.to_owned());
        if self.said.lock().open.contains(&home) {
            self.found.remove(root);
            return;
        }
        let (text, wrong) = match package::text(&root.join(manifest::FILE)) {
            Ok(text) => (text, None),
            Err(wrong) => (String::new(), Some(wrong.to_string())),
        };
        let mut package = Database::new(manifest::info(&text).unwrap_or_else(|| manifest::no_info(&home)));
        let (modules, refused) = folder::own_modules(root, &text);
        let names: Vec<&str> = modules.iter().map(|module| &*module.name).collect();
        let read = wrong.map_or(Ok(()), Err).and_then(|()| self.known.manifest(&text));
        let read = read.and_then(|()| installed::read(root, &text, &names, self.known.store()));
        for Module { path, name, text } in modules {
            package.set_file(Source { path, module: name, text });
        }
        let wrong = read.as_ref().err().cloned();
        let (dependencies, places) = read.unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        (&text, &wrong, &refused).hash(&mut hasher);
        let before = package.snapshot();
        before.own_paths().for_each(|path| (path, before.text(path)).hash(&mut hasher));
        drop(before);
        let own = hasher.finish();
        dependencies.iter().for_each(|one| (&one.module, &one.exports, &one.readers).hash(&mut hasher));
        package.set_dependencies(dependencies);
        for written in &self.written {
            for (name, _) in places.iter().filter(|(_, place)| folder::is_same(place, &written.root)) {
                package.set_dependency_text(&format!("{name}/{}", written.path), &written.text);
            }
        }
        let snapshot = package.snapshot();
        snapshot.paths().for_each(|path| (path, snapshot.text(path)).hash(&mut hasher));
        let print = hasher.finish();
        let was = self.found.get(root);
        let declares = self.known.declares(&text);
        let kept = was.and_then(|found| found.shown.clone()).filter(|shown| shown.holds(own));
        if was.is_some_and(|found| found.print == print) && kept.is_some() == declares {
            return;
        }
        let whole = declares && wrong.is_none() && refused.is_empty();
        let shown = kept.or_else(|| {
            let program = whole.then(|| snapshot.compile().program).flatten()?;
            Some(Rc::new(match self.known.glance(root, &program) {
                Ok((compared, stamps)) => Shown { own, stamps, compared: Ok(compared) },
                Err(why) => Shown { own, stamps: Stamps::new(), compared: Err(why) },
            }))
        });
        let unread = shown.as_ref().and_then(|shown| shown.compared.as_ref().err().cloned());
        let others = publish::beside(&refused, unread);
        let store = self.known.store();
        let mut manifest = Manifest::new(root, text, wrong, others, store, self.encoding);
        manifest.declares = declares;
        let depends = places.values().cloned().collect();
        let around = Around {
            home: home.clone(),
            encoding: self.encoding,
            open: BTreeMap::new(),
            places: Arc::new(places),
            manifest: Some(Arc::new(manifest)),
            refused: Arc::new(refused),
        };
        let found = snapshot.ask(|snapshot| {
            let compared = shown.as_ref().and_then(|shown| shown.compared.as_ref().ok());
            let reports = compared.map(|compared| compared.reports(snapshot)).unwrap_or_default();
            files(&View::new(snapshot, "", &around), reports)
        });
        let Some(found) = found else { return };
        let now = found.iter().map(|(path, (_, diagnostics, _))| (path.clone(), diagnostics.clone())).collect();
        let files = found.into_values().collect();
        self.found.insert(root.to_owned(), Found { print, places: depends, files, shown });
        self.say(root, now);
    }

    /// Tells what is news of a package's files.
    fn say(&self, root: &Path, now: BTreeMap<String, Vec<Diagnostic>>) {
        let home = Home::Package(root.to_owned());
        let mut said = self.said.lock();
        if said.open.contains(&home) {
            return;
        }
        let news = said.news(&home, now, |_| false);
        // The editor may have gone.
        if self.pulled && !news.is_empty() {
            let _ = self.tell.send(Told::Refresh);
        }
        for published in news.into_iter().filter(|_| !self.pulled) {
            let _ = self.tell.send(Told::Publish(published));
        }
    }
}

impl Look {
    /// This one after an earlier one that was not begun.
    fn with(self, before: Option<Look>) -> Look {
        let Some(before) = before else { return self };
        let both = self.touched.zip(before.touched).map(|(mut touched, before)| {
            touched.extend(before);
            touched
        });
        Look { touched: both, ..self }
    }
}

/// All that is wrong in the files of a package, by path.
///
/// - `shown`: what its model shows.
fn files(view: &View<'_>, shown: Vec<Report>) -> BTreeMap<String, File> {
    let known = reader::first(view, elsewhere::errors(view.snapshot), shown);
    let file = |path: &str| {
        let (diagnostics, id) = reader::pulled(view, &known, path);
        Some((path.to_owned(), (view.address(path)?, diagnostics, id)))
    };
    view.files().into_iter().filter_map(file).collect()
}
