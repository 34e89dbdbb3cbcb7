//! A package at a moment, as one request sees it: its places in the editor's words.
//!
//! Read downwards: [`Request`] is sent to who answers, [`View`] is what that one sees.

use crate::folder::{self, Home};
use crate::manifest::{self, Manifest};
use crate::package::Refused;
use compiler::database::Snapshot;
use compiler::ide::{self, Encoding, Lines, Site};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use tower_lsp_server::ls_types::{Location, Position, Range, TextEdit, Uri, WorkspaceEdit};

/// What a request is answered from; owned, to be sent to a reader.
pub(crate) struct Request {
    pub(crate) snapshot: Snapshot,
    /// The file that is asked about, as its package names it.
    pub(crate) path: String,
    pub(crate) around: Around,
}

/// What is known of a package beside its texts.
pub(crate) struct Around {
    pub(crate) home: Home,
    pub(crate) encoding: Encoding,
    /// The addresses and versions of the package's open documents, by path.
    pub(crate) open: BTreeMap<String, (Uri, i32)>,
    /// Where the files of other packages stand, by their names.
    pub(crate) places: Arc<BTreeMap<String, PathBuf>>,
    /// Its own, if it has one.
    pub(crate) manifest: Option<Arc<Manifest>>,
    /// The files that keep it from being read, by their paths there.
    pub(crate) refused: Arc<Vec<(String, Refused)>>,
}

/// What a request is answered from, while it is.
pub(crate) struct View<'s> {
    pub(crate) snapshot: &'s Snapshot,
    pub(crate) path: &'s str,
    pub(crate) home: &'s Home,
    pub(crate) open: &'s BTreeMap<String, (Uri, i32)>,
    pub(crate) manifest: Option<&'s Manifest>,
    refused: &'s [(String, Refused)],
    places: &'s BTreeMap<String, PathBuf>,
    encoding: Encoding,
    lines: RefCell<BTreeMap<String, Rc<Lines<'s>>>>,
}

impl Request {
    /// Asks.
    ///
    /// - returns: `None` where a write came between.
    pub(crate) fn ask<T>(self, question: impl FnOnce(&View<'_>) -> T) -> Option<T> {
        let Request { snapshot, path, around } = self;
        snapshot.ask(|snapshot| question(&View::new(snapshot, &path, &around)))
    }
}

impl<'s> View<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, path: &'s str, around: &'s Around) -> View<'s> {
        let Around { home, encoding, open, places, manifest, refused } = around;
        let (encoding, manifest) = (*encoding, manifest.as_deref());
        View { snapshot, path, home, open, manifest, refused, places, encoding, lines: RefCell::default() }
    }

    /// The package's files: its modules, what is to be one and cannot, its manifest.
    pub(crate) fn files(&self) -> BTreeSet<&str> {
        let refused = self.refused.iter().map(|(path, _)| path.as_str());
        let own = self.snapshot.own_paths().chain(refused);
        own.chain(self.manifest.map(|_| manifest::FILE)).collect()
    }

    /// What keeps a file of the package from being read.
    pub(crate) fn refused_in(&self, path: &str) -> impl Iterator<Item = &Refused> {
        self.refused.iter().filter(move |(of, _)| of == path).map(|(_, refused)| refused)
    }

    /// Why a file of the package cannot be read.
    ///
    /// # Errors
    /// That, in the words of the tool.
    pub(crate) fn is_read(&self) -> Result<(), String> {
        self.refused.first().map_or(Ok(()), |(_, refused)| Err(refused.to_string()))
    }

    /// Why the package cannot be read as a whole, so that nothing may be answered by it: the tool refuses it too.
    ///
    /// # Errors
    /// That, in the words of the tool.
    pub(crate) fn is_whole(&self) -> Result<(), String> {
        self.is_read()?;
        self.manifest.and_then(|manifest| manifest.refused.clone()).map_or(Ok(()), Err)
    }

    /// What a file says.
    fn text(&self, file: &str) -> &'s str {
        match self.manifest.filter(|_| file == manifest::FILE) {
            Some(manifest) => &manifest.text,
            None => self.snapshot.text(file).unwrap_or_default(),
        }
    }

    /// The texts of the package's open documents, by path.
    pub(crate) fn written(&self) -> BTreeMap<String, String> {
        let texts = self.open.keys().filter_map(|path| Some((path.clone(), self.snapshot.text(path)?.to_owned())));
        texts.collect()
    }

    /// The lines of a file.
    pub(crate) fn lines(&self, file: &str) -> Rc<Lines<'s>> {
        let mut lines = self.lines.borrow_mut();
        let found = lines.entry(file.to_owned());
        found.or_insert_with(|| Rc::new(Lines::new(self.text(file)))).clone()
    }

    /// The byte of the file that is asked about.
    pub(crate) fn offset(&self, place: Position) -> usize {
        let place = ide::Position { line: place.line, character: place.character };
        self.lines(self.path).offset(place, self.encoding)
    }

    /// The bytes of the file that is asked about.
    pub(crate) fn bytes(&self, range: Range) -> std::ops::Range<usize> {
        let start = self.offset(range.start);
        start..self.offset(range.end).max(start)
    }

    pub(crate) fn position(&self, file: &str, offset: usize) -> Position {
        let place = self.lines(file).position(offset, self.encoding);
        Position { line: place.line, character: place.character }
    }

    pub(crate) fn range(&self, file: &str, range: &std::ops::Range<usize>) -> Range {
        Range { start: self.position(file, range.start), end: self.position(file, range.end) }
    }

    /// A range of the file that is asked about.
    pub(crate) fn here(&self, range: &std::ops::Range<usize>) -> Range {
        self.range(self.path, range)
    }

    /// A file's address. A file of the standard library is written out where an editor can open it.
    pub(crate) fn address(&self, file: &str) -> Option<Uri> {
        if let Some((uri, _)) = self.open.get(file) {
            return Some(uri.clone());
        }
        if let Some(text) = self.snapshot.text(file).filter(|_| file.starts_with("std/")) {
            let path = folder::library_file(self.home, file, text).ok()?;
            return Uri::from_file_path(path);
        }
        let elsewhere = self.places.iter().find_map(|(name, folder)| {
            Some(folder::path_of(folder, file.strip_prefix(name.as_str())?.strip_prefix('/')?))
        });
        if let Some(path) = elsewhere {
            return Uri::from_file_path(path);
        }
        match self.home {
            Home::Package(root) => Uri::from_file_path(folder::path_of(root, file)),
            Home::Alone(_) => None,
        }
    }

    pub(crate) fn location(&self, site: &Site) -> Option<Location> {
        Some(Location { uri: self.address(&site.file)?, range: self.range(&site.file, &site.range) })
    }

    /// One edit of several files.
    pub(crate) fn edit<'e>(&self, edits: impl IntoIterator<Item = (&'e Site, &'e str)>) -> Option<WorkspaceEdit> {
        // The protocol's crate asks for a map by address.
        #[allow(clippy::mutable_key_type)]
        let mut changes = std::collections::HashMap::new();
        for (site, text) in edits {
            let edit = TextEdit { range: self.range(&site.file, &site.range), new_text: text.to_owned() };
            changes.entry(self.address(&site.file)?).or_insert_with(Vec::new).push(edit);
        }
        Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
    }
}
