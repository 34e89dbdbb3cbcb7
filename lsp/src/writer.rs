//! The thread that owns the open documents and the databases of their packages.
//!
//! Read downwards: [`Writer::run`] takes events as they come, `apply` stores what they say (`load` reads what is on disk) or hands
//! a snapshot to the threads that answer (`pool`; `near` is of several packages), `ask` hands one to the `reader`: after a keystroke for what is wrong in the open
//! documents, and once it has been quiet for a while for what the whole package shows.
//!
//! INVARIANT: the writer holds no snapshot while it writes, so that a write waits only for readers to give up.

mod load;

mod near;

pub(crate) use near::{Near, Used, Uses};

use near::Closed;

use crate::folder::{self, Home};
use crate::manifest::{self, Manifest};
use crate::members::{File, Members, Message, Said};
use crate::model::Known;
use crate::package::Refused;
use crate::pool::{Job, Pool};
use crate::publish::{Published, Told};
use crate::reader::{Extent, Findings, Question, Reader};
use crate::view::{Around, Request};
use compiler::database::{Database, Source};
use compiler::ide::{Encoding, Lines, Position, formatting};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tower_lsp_server::ls_types::{Range, TextDocumentContentChangeEvent, TextEdit, Uri};

/// What an editor tells.
pub(crate) enum Event {
    /// How it counts characters, and whether it asks for diagnostics itself.
    Start {
        encoding: Encoding,
        pulled: bool,
        /// The folders that are worked in.
        roots: Vec<PathBuf>,
    },
    Open {
        uri: Uri,
        version: i32,
        text: String,
    },
    Change {
        uri: Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
    },
    Close {
        uri: Uri,
    },
    /// Files changed on disk.
    Disk,
    /// A package's model can no longer be read, or can be again.
    Read {
        root: PathBuf,
    },
    /// A package's model was looked at, and shows something of its policy that it did not before.
    Compared {
        root: PathBuf,
    },
    /// Something shows from now on how many tuples there are.
    Count,
    /// What would bring a document, or the items that a range of it touches, into the house style.
    Format {
        uri: Uri,
        range: Option<Range>,
        answer: oneshot::Sender<Vec<TextEdit>>,
    },
    /// A question about a file, answered from everything that was told before; `None` where the file is nobody's.
    Ask {
        uri: Uri,
        job: Box<dyn FnOnce(Option<Request>) + Send>,
    },
    /// A question about a file and the packages that depend on its own: these in folders that are worked in.
    AskNear {
        uri: Uri,
        job: Box<dyn FnOnce(Option<Near>) + Send>,
    },
    /// A question about a file, and how often the packages that depend on its own use what it declares.
    AskUsed {
        uri: Uri,
        job: Box<dyn FnOnce(Option<Used>) + Send>,
    },
    /// A question about every package that has an open document.
    AskAll {
        job: Box<dyn FnOnce(Vec<Request>) + Send>,
    },
    /// What is wrong in the packages that have none, in folders that are worked in.
    AskMembers {
        answer: oneshot::Sender<Vec<File>>,
    },
}

pub(crate) struct Writer {
    encoding: Encoding,
    roots: Vec<PathBuf>,
    /// The editor asks for diagnostics itself.
    pulled: bool,
    /// By address.
    documents: BTreeMap<String, Document>,
    packages: BTreeMap<Home, Database>,
    /// Where the files of the packages stand that they depend on, by their names.
    places: BTreeMap<Home, Arc<BTreeMap<String, PathBuf>>>,
    manifests: BTreeMap<Home, Arc<Manifest>>,
    /// The files that keep packages from being read, by their paths there.
    refused: BTreeMap<Home, Arc<Vec<(String, Refused)>>>,
    /// Who uses a package and has no open document, as it was when files last changed.
    closed: BTreeMap<Home, Arc<Closed>>,
    reader: Option<Sender<Question>>,
    members: Option<Sender<Message>>,
    said: Said,
    findings: Findings,
    known: Known,
    pool: Pool,
    tell: UnboundedSender<Told>,
}

/// An open document.
struct Document {
    uri: Uri,
    version: i32,
    text: String,
    home: Home,
    path: String,
}

/// How long nothing must have been typed before the whole package is looked at.
const QUIET: Duration = Duration::from_millis(200);

impl Writer {
    /// - `findings`: where the reader keeps what whole packages show.
    /// - `known`: the models of packages.
    pub(crate) fn new(tell: UnboundedSender<Told>, findings: Findings, known: Known) -> Writer {
        Writer {
            encoding: Encoding::Utf16,
            roots: Vec::new(),
            documents: BTreeMap::new(),
            packages: BTreeMap::new(),
            places: BTreeMap::new(),
            manifests: BTreeMap::new(),
            refused: BTreeMap::new(),
            closed: BTreeMap::new(),
            pulled: false,
            reader: None,
            members: None,
            said: Said::default(),
            findings,
            known,
            pool: Pool::new(),
            tell,
        }
    }

    /// Takes events until the editor is gone. What waits together is asked about once.
    #[expect(clippy::disallowed_methods, reason = "the editor's door has a clock to wait by")]
    pub(crate) fn run(mut self, events: &Receiver<Event>) {
        let mut unasked: BTreeSet<Home> = BTreeSet::new();
        let mut quiet = Instant::now();
        loop {
            let event = if unasked.is_empty() {
                events.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                events.recv_timeout(quiet.saturating_duration_since(Instant::now()))
            };
            let mut touched = match event {
                Ok(event) => self.apply(event),
                Err(RecvTimeoutError::Timeout) => {
                    let touched = std::mem::take(&mut unasked);
                    self.look(Some(&touched));
                    touched.into_iter().for_each(|home| self.ask(home, Extent::Package));
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            while let Ok(event) = events.try_recv() {
                touched.extend(self.apply(event));
            }
            touched.sort();
            touched.dedup();
            for home in touched {
                self.ask(home.clone(), Extent::Documents);
                unasked.insert(home);
                quiet = Instant::now() + QUIET;
            }
        }
    }

    /// Stores what an event says.
    ///
    /// - returns: the packages it touches.
    fn apply(&mut self, event: Event) -> Vec<Home> {
        match event {
            Event::Start { encoding, pulled, roots } => {
                self.roots = roots;
                (self.encoding, self.pulled) = (encoding, pulled);
                let (reader, questions) = channel();
                let (tell, findings, known) = (self.tell.clone(), self.findings.clone(), self.known.clone());
                let said = self.said.clone();
                std::thread::spawn(move || Reader::new(tell, findings, known, pulled, said).run(&questions));
                self.reader = Some(reader);
                let (members, messages) = channel();
                let (tell, known, said) = (self.tell.clone(), self.known.clone(), self.said.clone());
                std::thread::spawn(move || Members::new(tell, known, pulled, said).run(&messages));
                self.members = Some(members);
                self.look(None);
                Vec::new()
            }
            Event::Open { uri, version, text } => {
                self.closed.clear();
                let file = uri.to_file_path().map(|path| path.into_owned());
                let (home, path) = folder::home(uri.as_str(), file.as_deref());
                let document = Document { uri: uri.clone(), version, text, home: home.clone(), path };
                self.documents.insert(uri.as_str().to_owned(), document);
                self.said.lock().open.insert(home.clone());
                self.load(&home);
                let mut touched = self.hand_on(&home);
                touched.push(home);
                touched
            }
            Event::Change { uri, version, changes } => {
                let Some(document) = self.documents.get_mut(uri.as_str()) else { return Vec::new() };
                for change in changes {
                    edit(&mut document.text, change, self.encoding);
                }
                document.version = version;
                let (home, path, text) = (document.home.clone(), document.path.clone(), document.text.clone());
                if path == manifest::FILE {
                    self.closed.clear();
                    self.depend(&home);
                    self.look(None);
                    return vec![home];
                }
                if let (Some(package), Some(module)) = (self.packages.get_mut(&home), folder::own_module(&path)) {
                    package.set_file(Source { path, module, text });
                }
                let mut touched = self.hand_on(&home);
                touched.push(home);
                touched
            }
            Event::Close { uri } => {
                self.closed.clear();
                let Some(document) = self.documents.remove(uri.as_str()) else { return Vec::new() };
                let gone = Published { uri, diagnostics: Vec::new(), version: None };
                let _ = self.tell.send(Told::Publish(gone));
                let mut touched = self.users(&document.home);
                touched.iter().for_each(|user| self.depend(user));
                if self.documents.values().any(|other| other.home == document.home) {
                    self.load(&document.home);
                    touched.push(document.home);
                } else {
                    self.forget(&document.home);
                    self.said.lock().open.remove(&document.home);
                }
                self.look(None);
                touched
            }
            Event::Format { uri, range, answer } => {
                // A manifest is not ours to lay out.
                let document = self.documents.get(uri.as_str()).filter(|document| document.path != manifest::FILE);
                let edits = document.map(|document| format(&document.text, range, self.encoding));
                // Whoever asked may have gone.
                let _ = answer.send(edits.unwrap_or_default());
                Vec::new()
            }
            Event::Ask { uri, job } => {
                let request =
                    self.locate(&uri).and_then(|(home, path)| self.with(&home, |writer| writer.request(&home, path)));
                self.pool.run(Job::new(move || job(request)));
                Vec::new()
            }
            Event::AskNear { uri, job } => {
                let near = self.near(&uri);
                self.pool.run(Job::new(move || job(near)));
                Vec::new()
            }
            Event::AskUsed { uri, job } => {
                let used = self.used(&uri);
                self.pool.run(Job::new(move || job(used)));
                Vec::new()
            }
            Event::AskAll { job } => {
                let requests = self.packages.keys().filter_map(|home| self.request(home, String::new()));
                let requests: Vec<Request> = requests.collect();
                self.pool.run(Job::new(move || job(requests)));
                Vec::new()
            }
            Event::AskMembers { answer } => {
                // What was just typed counts.
                self.look(Some(&self.packages.keys().cloned().collect()));
                if let Some(members) = &self.members {
                    let _ = members.send(Message::Ask(answer));
                }
                Vec::new()
            }
            Event::Read { root } => {
                self.depend(&Home::Package(root));
                Vec::new()
            }
            Event::Compared { root } => {
                let home = Home::Package(root);
                self.packages.contains_key(&home).then_some(home).into_iter().collect()
            }
            Event::Count => self.packages.keys().cloned().collect(),
            Event::Disk => {
                self.closed.clear();
                self.settle();
                self.look(None);
                let open = self.documents.values().map(|document| &document.home);
                let homes: BTreeSet<Home> = self.packages.keys().chain(open).cloned().collect();
                homes.iter().for_each(|home| self.load(home));
                homes.into_iter().collect()
            }
        }
    }

    /// The package that an address belongs to, and its path there.
    fn locate(&self, uri: &Uri) -> Option<(Home, String)> {
        if let Some(document) = self.documents.get(uri.as_str()) {
            return Some((document.home.clone(), document.path.clone()));
        }
        let file = uri.to_file_path()?;
        Some(folder::home(uri.as_str(), Some(&file)))
    }

    /// Does something with a package, which is read for that where no document of it is open.
    fn with<T>(&mut self, home: &Home, work: impl FnOnce(&mut Writer) -> T) -> T {
        let read = matches!(home, Home::Package(_)) && !self.packages.contains_key(home);
        if read {
            self.load(home);
        }
        let done = work(self);
        if read {
            self.forget(home);
        }
        done
    }

    fn request(&self, home: &Home, path: String) -> Option<Request> {
        let package = self.packages.get(home)?;
        let here = self.documents.values().filter(|document| document.home == *home);
        let open = here.map(|document| (document.path.clone(), (document.uri.clone(), document.version)));
        let around = Around {
            home: home.clone(),
            encoding: self.encoding,
            open: open.collect(),
            places: self.places.get(home).cloned().unwrap_or_default(),
            manifest: self.manifests.get(home).cloned(),
            refused: self.refused.get(home).cloned().unwrap_or_default(),
        };
        Some(Request { snapshot: package.snapshot(), path, around })
    }

    fn forget(&mut self, home: &Home) {
        self.packages.remove(home);
        self.places.remove(home);
        self.manifests.remove(home);
        self.refused.remove(home);
    }

    /// The packages that depend on another one.
    fn users(&self, home: &Home) -> Vec<Home> {
        let Home::Package(root) = home else { return Vec::new() };
        let uses = |places: &BTreeMap<String, PathBuf>| places.values().any(|place| folder::is_same(place, root));
        let users = self.places.iter().filter(|(other, places)| *other != home && uses(places));
        users.map(|(other, _)| other.clone()).collect()
    }

    /// Hands what is being written in a package on to those that depend on it.
    ///
    /// - returns: the packages to which it is news.
    fn hand_on(&mut self, home: &Home) -> Vec<Home> {
        self.users(home).into_iter().filter(|user| self.overlay(user)).collect()
    }

    /// Has the open documents of the packages that one depends on count in place of their files.
    ///
    /// - returns: whether anything is another than before.
    fn overlay(&mut self, home: &Home) -> bool {
        let (Some(places), Some(package)) = (self.places.get(home), self.packages.get_mut(home)) else { return false };
        let mut news = false;
        for document in self.documents.values().filter(|document| document.home != *home) {
            let Home::Package(root) = &document.home else { continue };
            for (name, _) in places.iter().filter(|(_, place)| folder::is_same(place, root)) {
                news |= package.set_dependency_text(&format!("{name}/{}", document.path), &document.text);
            }
        }
        news
    }

    fn ask(&self, home: Home, extent: Extent) {
        let library = |document: &&Document| document.uri.to_file_path().is_some_and(|file| folder::is_library(&file));
        for document in self.documents.values().filter(|document| document.home == home).filter(library) {
            // It is read, and right.
            let (uri, diagnostics, version) = (document.uri.clone(), Vec::new(), Some(document.version));
            let _ = self.tell.send(Told::Publish(Published { uri, diagnostics, version }));
        }
        if let (Some(reader), Some(request)) = (&self.reader, self.request(&home, String::new())) {
            let _ = reader.send(Question { request, extent });
        }
    }
}

/// What the house style changes.
///
/// - `range`: only what it touches.
fn format(text: &str, range: Option<Range>, encoding: Encoding) -> Vec<TextEdit> {
    let asked = |place: tower_lsp_server::ls_types::Position| Position { line: place.line, character: place.character };
    let told = |place: Position| tower_lsp_server::ls_types::Position { line: place.line, character: place.character };
    let edits = match range {
        Some(range) => formatting::of_range(text, asked(range.start)..asked(range.end), encoding),
        None => formatting::of_document(text, encoding),
    };
    let edit = |edit: formatting::Edit| TextEdit {
        range: Range { start: told(edit.start), end: told(edit.end) },
        new_text: edit.text,
    };
    edits.into_iter().map(edit).collect()
}

/// Applies one change; without a range the text is new.
fn edit(text: &mut String, change: TextDocumentContentChangeEvent, encoding: Encoding) {
    let Some(range) = change.range else {
        *text = change.text;
        return;
    };
    let lines = Lines::new(text);
    let offset = |place: tower_lsp_server::ls_types::Position| {
        lines.offset(Position { line: place.line, character: place.character }, encoding)
    };
    let (start, end) = (offset(range.start), offset(range.end));
    text.replace_range(start..end.max(start), &change.text);
}
