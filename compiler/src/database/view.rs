//! One file as the questions of an editor see it: its items with their places, trees and names.
//!
//! Not here: what is asked of it (`ide`).

use super::Snapshot;
use super::queries::{self, declared, exports, module_of, modules, resolved};
use super::texts::{Chunk, File, Project, chunks, parsed, typed};
use crate::hir::{self, Package, Signatures};
use crate::ide::Lines;
use crate::ide::index::{self, Mention, Role, Target};
use crate::interface::Written;
use crate::library::Module;
use crate::names::{Exports, Sort};
use rustc_hash::FxHashMap;
use salsa::Database as Db;
use std::collections::BTreeMap;
use syntax::ast::{Item, ItemKind};

/// The names of an item. Asked by the chunk alone, as [`resolved`].
#[salsa::tracked(returns(ref))]
pub(super) fn mentions<'db>(db: &'db dyn Db, chunk: Chunk<'db>) -> Vec<Mention> {
    typed(db, chunk.file(db));
    let project = Project::get(db);
    let (file, library) = (chunk.file(db), queries::library(db, project, false));
    let Some(item) = &parsed(db, chunk).0 else { return Vec::new() };
    let place = index::Place {
        library: &library,
        module: module_of(db, project, file),
        exports: &exports(db, file).0,
        position: chunk.position(db),
        text: chunk.text(db),
        resolved: &resolved(db, chunk).0,
    };
    index::index(&place, item)
}

/// How often a file reads or applies each declaration; its own among them. A rule's own head is no use of it.
#[salsa::tracked(returns(ref))]
pub(super) fn uses(db: &dyn Db, file: File) -> FxHashMap<String, u32> {
    let mut counts = FxHashMap::default();
    for chunk in chunks(db, file) {
        let intent = matches!(parsed(db, *chunk).0.as_ref().map(|item| &item.kind), Some(ItemKind::Intent(_)));
        for mention in mentions(db, *chunk) {
            let (Target::Declared(sort, name), Role::Reads) = (&mention.target, mention.role) else { continue };
            // A test that names a blueprint's rule does not apply it.
            if *sort != Sort::Blueprint || intent {
                *counts.entry(name.clone()).or_insert(0) += 1;
            }
        }
    }
    counts
}

/// An item of a file.
#[derive(Clone, Copy)]
pub(crate) struct Piece<'s> {
    snapshot: &'s Snapshot,
    chunk: Chunk<'s>,
    /// Its first byte in the file.
    pub(crate) start: usize,
    /// Its position among the file's items.
    pub(crate) position: u32,
    /// Its words.
    pub(crate) text: &'s str,
    /// What they say; `None` where they cannot be read.
    pub(crate) item: Option<&'s Item>,
}

impl<'s> Piece<'s> {
    /// Its names, in the order of the text.
    pub(crate) fn mentions(&self) -> &'s [Mention] {
        mentions(&self.snapshot.storage, self.chunk)
    }

    /// What it means.
    pub(crate) fn resolved(&self) -> &'s hir::Item {
        &resolved(&self.snapshot.storage, self.chunk).0
    }

    /// Whether some of its words cannot be read.
    pub(crate) fn is_broken(&self) -> bool {
        !parsed(&self.snapshot.storage, self.chunk).1.is_empty()
    }

    /// One past its last byte in the file.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

impl Snapshot {
    /// A file of the package, or of the standard library (`std/state.writ`).
    pub(super) fn file(&self, path: &str) -> Option<File> {
        let library = || self.project.files(&self.storage).iter().find(|file| file.path(&self.storage) == path);
        self.files.get(path).or_else(library).copied()
    }

    /// The paths of all files: the standard library's, then the package's in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.project.files(&self.storage).iter().map(|file| file.path(&self.storage))
    }

    /// The paths of the package's own files, in order.
    pub fn own_paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Every rule of the package and of those that it depends on, as it stands in its file; and what lets say.
    pub fn rules(&self) -> Vec<Written<'_>> {
        let own = self.paths().filter(|path| self.package_of(path) != Some(Package::Std));
        own.flat_map(|path| self.written(path, |said| said.rules.iter().chain(&said.lets).collect())).collect()
    }

    /// The rules with which the packages that one depends on add to the relations of the standard library. They are in force
    /// wherever such a package is, without being applied or named.
    pub fn additions<'s>(&'s self) -> Vec<Written<'s>> {
        let adds = |rule: &&hir::Rule| match &rule.head {
            hir::Head::Relation { name, .. } => name.starts_with("std.") && rule.blueprint.is_none(),
            hir::Head::Cover { .. } => false,
        };
        let others = self.paths().filter(|path| self.package_of(path) == Some(Package::Dependency));
        // What an intent says is left out with the intent.
        let rules = |said: &'s hir::Item| match said.intent {
            Some(_) => Vec::new(),
            None => said.rules.iter().filter(adds).collect(),
        };
        others.flat_map(|path| self.written(path, rules)).collect()
    }

    /// Rules of a file's items.
    fn written<'s>(&'s self, path: &str, of: impl Fn(&'s hir::Item) -> Vec<&'s hir::Rule>) -> Vec<Written<'s>> {
        let lines = Lines::new(self.text(path).unwrap_or_default());
        let mut found = Vec::new();
        for piece in self.pieces(path) {
            found.extend(of(piece.resolved()).into_iter().map(|rule| Written {
                rule,
                text: piece.text,
                place: format!("{path}:{}", lines.place(piece.start + rule.span.start as usize).line),
            }));
        }
        found
    }

    /// The file of a module.
    pub(crate) fn path_of(&self, module: &str) -> Option<&str> {
        Some(modules(&self.storage, self.project).get(module)?.path(&self.storage))
    }

    /// Whose file it is.
    pub(crate) fn package_of(&self, path: &str) -> Option<Package> {
        Some(self.file(path)?.package(&self.storage))
    }

    /// A file's items, in order, the broken ones among them.
    pub(crate) fn pieces(&self, path: &str) -> Vec<Piece<'_>> {
        let db = &self.storage;
        let Some(file) = self.file(path) else { return Vec::new() };
        let pieces = chunks(db, file).iter().map(|chunk| Piece {
            snapshot: self,
            chunk: *chunk,
            start: chunk.start(db) as usize,
            position: chunk.position(db),
            text: chunk.text(db),
            item: parsed(db, *chunk).0.as_ref(),
        });
        pieces.collect()
    }

    /// A file as its items see it.
    pub(crate) fn module_at(&self, path: &str) -> Option<&Module> {
        Some(module_of(&self.storage, self.project, self.file(path)?))
    }

    /// What a file declares, with places.
    pub(crate) fn exports_of(&self, path: &str) -> Option<&Exports> {
        Some(&exports(&self.storage, self.file(path)?).0)
    }

    /// What a file declares, with places and documentation; types of subjects still open.
    pub(crate) fn declared_in(&self, path: &str) -> Option<&Signatures> {
        Some(&declared(&self.storage, self.project, self.file(path)?).0)
    }

    /// How often the package's files read or apply what another package declares, by its names there.
    ///
    /// - `module`: what this one calls the other: `acme.words`.
    pub fn uses_of_other(&self, module: &str) -> BTreeMap<String, u32> {
        let mut all = BTreeMap::new();
        for (name, count) in self.files.values().flat_map(|file| uses(&self.storage, *file)) {
            if let Some(name) = name.strip_prefix(module).and_then(|rest| rest.strip_prefix('.')) {
                *all.entry(name.to_owned()).or_insert(0) += count;
            }
        }
        all
    }

    /// How often the package's files read or apply a declaration.
    pub(crate) fn uses_of(&self, name: &str) -> u32 {
        let counts = self.files.values().map(|file| uses(&self.storage, *file).get(name));
        counts.flatten().sum()
    }
}
