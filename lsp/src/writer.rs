//! The thread that owns the open documents and the databases of their packages.
//!
//! Read downwards: [`Writer::run`] takes events as they come, `apply` stores what they say, `ask` hands a snapshot of
//! each package to the `reader`: after a keystroke for what is wrong in the open documents, and once it has been quiet
//! for a while for what the whole package shows.
//!
//! INVARIANT: the writer holds no snapshot while it writes, so that a write waits only for the reader to give up.

use crate::folder::{self, Home};
use crate::publish::{Published, no_module};
use crate::reader::{Extent, Question, Reader};
use compiler::database::{Database, Info, Source};
use compiler::ide::{Encoding, Lines, Position, formatting};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tower_lsp_server::ls_types::{Range, TextDocumentContentChangeEvent, TextEdit, Uri};

/// What an editor tells.
pub(crate) enum Event {
    Encoding(Encoding),
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
    /// What would bring a document, or the items that a range of it touches, into the house style.
    Format {
        uri: Uri,
        range: Option<Range>,
        answer: oneshot::Sender<Vec<TextEdit>>,
    },
}

pub(crate) struct Writer {
    encoding: Encoding,
    /// By address.
    documents: BTreeMap<String, Document>,
    packages: BTreeMap<Home, Database>,
    reader: Sender<Question>,
    publish: UnboundedSender<Published>,
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
const QUIET: Duration = Duration::from_millis(250);

impl Writer {
    pub(crate) fn new(publish: UnboundedSender<Published>) -> Writer {
        let (reader, questions) = channel();
        let answers = publish.clone();
        std::thread::spawn(move || Reader::new(answers).run(&questions));
        Writer { encoding: Encoding::Utf16, documents: BTreeMap::new(), packages: BTreeMap::new(), reader, publish }
    }

    /// Takes events until the editor is gone. What waits together is asked about once.
    pub(crate) fn run(mut self, events: &Receiver<Event>) {
        let mut unasked: BTreeSet<Home> = BTreeSet::new();
        loop {
            let event = if unasked.is_empty() {
                events.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                events.recv_timeout(QUIET)
            };
            let mut touched = match event {
                Ok(event) => self.apply(event),
                Err(RecvTimeoutError::Timeout) => {
                    std::mem::take(&mut unasked).into_iter().for_each(|home| self.ask(home, Extent::Package));
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
            }
        }
    }

    /// Stores what an event says.
    ///
    /// - returns: the packages it touches.
    fn apply(&mut self, event: Event) -> Vec<Home> {
        match event {
            Event::Encoding(encoding) => {
                self.encoding = encoding;
                Vec::new()
            }
            Event::Open { uri, version, text } => {
                let file = uri.to_file_path().map(|path| path.into_owned());
                let (home, path) = folder::home(uri.as_str(), file.as_deref());
                let document = Document { uri: uri.clone(), version, text, home: home.clone(), path };
                self.documents.insert(uri.as_str().to_owned(), document);
                self.load(&home);
                vec![home]
            }
            Event::Change { uri, version, changes } => {
                let Some(document) = self.documents.get_mut(uri.as_str()) else { return Vec::new() };
                for change in changes {
                    edit(&mut document.text, change, self.encoding);
                }
                document.version = version;
                let (home, path, text) = (document.home.clone(), document.path.clone(), document.text.clone());
                if let (Some(package), Some(module)) = (self.packages.get_mut(&home), folder::own_module(&path)) {
                    package.set_file(Source { path, module, text });
                }
                vec![home]
            }
            Event::Close { uri } => {
                let Some(document) = self.documents.remove(uri.as_str()) else { return Vec::new() };
                let _ = self.publish.send(Published { uri, diagnostics: Vec::new(), version: None });
                if self.documents.values().any(|other| other.home == document.home) {
                    self.load(&document.home);
                    return vec![document.home];
                }
                self.packages.remove(&document.home);
                Vec::new()
            }
            Event::Format { uri, range, answer } => {
                let edits =
                    self.documents.get(uri.as_str()).map(|document| format(&document.text, range, self.encoding));
                // Whoever asked may have gone.
                let _ = answer.send(edits.unwrap_or_default());
                Vec::new()
            }
            Event::Disk => {
                let homes: Vec<Home> = self.packages.keys().cloned().collect();
                homes.iter().for_each(|home| self.load(home));
                homes
            }
        }
    }

    /// Brings a package up to what is on disk and in the open documents; these count.
    fn load(&mut self, home: &Home) {
        let mut texts = match home {
            Home::Package(root) => folder::texts(root),
            Home::Alone(_) => BTreeMap::new(),
        };
        for document in self.documents.values().filter(|document| document.home == *home) {
            texts.insert(document.path.clone(), document.text.clone());
        }
        let package = self.packages.entry(home.clone()).or_insert_with(|| Database::new(info(home)));
        let gone: Vec<String> = package.paths().filter(|path| !texts.contains_key(*path)).map(str::to_owned).collect();
        gone.iter().for_each(|path| package.remove_file(path));
        for (path, text) in texts {
            if let Some(module) = folder::own_module(&path) {
                package.set_file(Source { path, module, text });
            }
        }
        for document in self.documents.values().filter(|document| document.home == *home) {
            package.open_file(&document.path);
        }
    }

    fn ask(&self, home: Home, extent: Extent) {
        let Some(package) = self.packages.get(&home) else { return };
        let mut documents = Vec::new();
        for document in self.documents.values().filter(|document| document.home == home) {
            if folder::own_module(&document.path).is_some() {
                documents.push((document.uri.clone(), document.version, document.path.clone()));
            } else {
                let diagnostics = vec![no_module(&document.path)];
                let version = Some(document.version);
                let _ = self.publish.send(Published { uri: document.uri.clone(), diagnostics, version });
            }
        }
        let (snapshot, encoding) = (package.snapshot(), self.encoding);
        let _ = self.reader.send(Question { snapshot, encoding, documents, home, extent });
    }
}

/// What the manifest says is no matter to what is wrong in a text.
fn info(home: &Home) -> Info {
    let name = match home {
        Home::Package(root) => root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        Home::Alone(name) => name.clone(),
    };
    Info { package: program::Package { name, version: "0.0.0".to_owned() }, owner: None }
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
