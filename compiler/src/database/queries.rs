//! The stages as queries, in the order of the stages: names → scopes → declarations → subjects → items → program.
//!
//! What an item is resolved against holds no places: they are erased between `declared` and `library`, so that words
//! that only moved change nothing for other items. Places come back in `located` and in the program's citations.
//!
//! Not here: what a stage does (its own file), the inputs and the trees (`texts`).

use super::order;
use super::texts::{Chunk, File, Part, Project, belongs, chunks, items, parsed, part_tree, parts};
use crate::diagnostic::Diagnostic;
use crate::hir::{self, Declared, Signatures};
use crate::ide::Lines;
use crate::library::{Library, Module};
use crate::lower::{self, Lowered};
use crate::names::{self, Exports, Names};
use crate::report::Report;
use crate::scope::{self, Scope};
use crate::{resolve, signatures};
use program::{Program, TestCase, Type};
use salsa::Database as Db;
use std::collections::BTreeMap;
use std::sync::Arc;
use syntax::ast::{Blueprint, Item, ItemKind, Span};

// Names

#[salsa::tracked(returns(ref))]
pub(super) fn exports(db: &dyn Db, file: File) -> (Arc<Exports>, Vec<Diagnostic>) {
    let (exports, diagnostics) = names::exports(file.module(db), file.package(db), &items(db, file));
    (Arc::new(exports), diagnostics)
}

/// The same names without their places.
#[salsa::tracked(returns(clone))]
pub(super) fn bare_exports(db: &dyn Db, file: File) -> Arc<Exports> {
    let mut bare = Exports::clone(&exports(db, file).0);
    for entry in bare.names.values_mut() {
        entry.item = 0;
        entry.span = Span::default();
    }
    Arc::new(bare)
}

#[salsa::tracked(returns(clone))]
pub(super) fn all_names(db: &dyn Db, project: Project) -> Arc<Names> {
    let files = project.files(db).iter().map(|file| bare_exports(db, *file));
    Arc::new(Names::new(files).0)
}

/// Names that two modules may not both declare.
#[salsa::tracked(returns(ref))]
pub(super) fn clashes(db: &dyn Db, project: Project) -> Vec<Diagnostic> {
    let files = project.files(db).iter().map(|file| exports(db, *file).0.clone());
    Names::new(files).1
}

#[salsa::tracked(returns(ref))]
pub(super) fn scoped(db: &dyn Db, project: Project, file: File) -> (Arc<Scope>, Vec<Diagnostic>) {
    let names = all_names(db, project);
    let (scope, diagnostics) = scope::scope(file.module(db), file.package(db), &items(db, file), &names);
    (Arc::new(scope), diagnostics)
}

// Declarations

#[salsa::tracked(returns(ref))]
pub(super) fn declared(db: &dyn Db, project: Project, file: File) -> (Arc<Signatures>, Vec<Diagnostic>) {
    let (names, scope) = (all_names(db, project), &scoped(db, project, file).0);
    let (signatures, diagnostics) =
        signatures::declare(file.module(db), file.package(db), &items(db, file), scope, &names);
    (Arc::new(signatures), diagnostics)
}

/// The same declarations without their places; types of subjects still open.
#[salsa::tracked(returns(clone))]
pub(super) fn bare(db: &dyn Db, project: Project, file: File) -> Arc<Signatures> {
    let mut bare = Signatures::clone(&declared(db, project, file).0);
    let forget = |declared: &mut Declared| {
        declared.item = 0;
        declared.span = Span::default();
    };
    bare.relations.iter_mut().map(|relation| &mut relation.declared).for_each(forget);
    bare.enums.iter_mut().map(|found| &mut found.declared).for_each(forget);
    bare.lets.iter_mut().map(|helper| &mut helper.declared).for_each(forget);
    bare.blueprints.iter_mut().map(|blueprint| &mut blueprint.declared).for_each(forget);
    let mut lets = bare.lets.iter_mut().filter(|helper| helper.blueprint.is_some());
    for (part, _) in chunks(db, file).iter().flat_map(|chunk| parts(db, *chunk)) {
        let ItemKind::Blueprint(block) = &part_tree(db, *part).kind else { continue };
        if let Some(Item { kind: ItemKind::Let(helper), .. }) = block.items.first()
            && let Some(found) = lets.next()
        {
            found.body = helper.body.clone();
        }
    }
    bare.entities.iter_mut().chain(&mut bare.intents).chain(&mut bare.fixtures).for_each(forget);
    Arc::new(bare)
}

#[salsa::tracked(returns(clone))]
pub(super) fn open_library(db: &dyn Db, project: Project) -> Arc<Library> {
    let modules = project
        .files(db)
        .iter()
        .map(|file| Module { signatures: bare(db, project, *file), scope: scoped(db, project, *file).0.clone() });
    Arc::new(Library::new(all_names(db, project), modules))
}

/// The types of the subjects that an item's rules declare.
#[salsa::tracked(returns(ref))]
pub(super) fn subjects<'db>(db: &'db dyn Db, project: Project, chunk: Chunk<'db>) -> BTreeMap<String, Vec<Type>> {
    let Some(item) = &parsed(db, chunk).0 else { return BTreeMap::new() };
    if !matches!(item.kind, ItemKind::Blueprint(_)) {
        return resolve::subjects(chunk.file(db).module(db), item, &open_library(db, project));
    }
    let mut all = BTreeMap::new();
    for (part, _) in parts(db, chunk) {
        for (name, types) in part_subjects(db, project, *part) {
            all.entry(name.clone()).or_insert_with(|| types.clone());
        }
    }
    all
}

#[salsa::tracked(returns(ref))]
pub(super) fn part_subjects<'db>(db: &'db dyn Db, project: Project, part: Part<'db>) -> BTreeMap<String, Vec<Type>> {
    resolve::subjects(part.file(db).module(db), part_tree(db, part), &open_library(db, project))
}

#[salsa::tracked(returns(clone))]
pub(super) fn file_subjects(db: &dyn Db, project: Project, file: File) -> Arc<BTreeMap<String, Vec<Type>>> {
    let mut all = BTreeMap::new();
    for chunk in chunks(db, file) {
        for (name, types) in subjects(db, project, *chunk) {
            all.entry(name.clone()).or_insert_with(|| types.clone());
        }
    }
    Arc::new(all)
}

#[salsa::tracked(returns(ref))]
pub(super) fn library(db: &dyn Db, project: Project) -> Arc<Library> {
    let modules = project.files(db).iter().map(|file| {
        let signatures = Signatures::clone(&bare(db, project, *file));
        Module {
            signatures: Arc::new(signatures::with_subjects(signatures, &file_subjects(db, project, *file))),
            scope: scoped(db, project, *file).0.clone(),
        }
    });
    Arc::new(Library::new(all_names(db, project), modules))
}

// Items

#[salsa::tracked(returns(ref))]
pub(super) fn resolved<'db>(db: &'db dyn Db, project: Project, chunk: Chunk<'db>) -> (hir::Item, Vec<Diagnostic>) {
    let Some(item) = &parsed(db, chunk).0 else { return (hir::Item::default(), Vec::new()) };
    let module = chunk.file(db).module(db);
    let ItemKind::Blueprint(block) = &item.kind else {
        return resolve::resolve(module, item, library(db, project));
    };
    let items = block.items.iter().filter(|item| !belongs(item)).cloned().collect();
    let shell = Item { kind: ItemKind::Blueprint(Blueprint { items, ..block.clone() }), ..item.clone() };
    let (mut resolved, mut diagnostics) = resolve::resolve(module, &shell, library(db, project));
    for (part, start) in parts(db, chunk) {
        let (item, found) = resolved_part(db, project, *part);
        resolved.rules.extend(item.rules.iter().map(|rule| rule.clone().moved(*start)));
        diagnostics.extend(found.iter().map(|diagnostic| moved(diagnostic.clone(), *start)));
    }
    (resolved, diagnostics)
}

#[salsa::tracked(returns(ref))]
pub(super) fn resolved_part<'db>(db: &'db dyn Db, project: Project, part: Part<'db>) -> (hir::Item, Vec<Diagnostic>) {
    resolve::resolve(part.file(db).module(db), part_tree(db, part), library(db, project))
}

/// The diagnostic of a part, with its places in the chunk.
pub(super) fn moved(mut diagnostic: Diagnostic, start: u32) -> Diagnostic {
    let labels = diagnostic.labels.iter_mut().map(|label| &mut label.place);
    let edits = diagnostic.fixes.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.place);
    for place in labels.chain(edits).filter(|place| place.item.is_none()) {
        place.span = Span { start: place.span.start + start, end: place.span.end + start };
    }
    diagnostic
}

/// All that is wrong in a file, places in its items.
#[salsa::tracked(returns(ref))]
pub(super) fn found(db: &dyn Db, project: Project, file: File) -> Vec<Diagnostic> {
    let mut all = exports(db, file).1.clone();
    all.extend(scoped(db, project, file).1.iter().cloned());
    all.extend(declared(db, project, file).1.iter().cloned());
    let module = file.module(db);
    let here = |diagnostic: &&Diagnostic| {
        diagnostic.labels.first().and_then(|label| label.place.item.as_ref()).is_some_and(|(at, _)| at == module)
    };
    all.extend(clashes(db, project).iter().filter(here).cloned());
    for chunk in chunks(db, file) {
        let (syntax, rest) = (&parsed(db, *chunk).1, &resolved(db, project, *chunk).1);
        // What a broken block lacks is its own fault, told once.
        let position = chunk.position(db);
        all.extend(syntax.iter().chain(rest).map(|diagnostic| diagnostic.clone().located(module, position)));
    }
    all
}

#[salsa::tracked(returns(ref))]
pub(super) fn reports_of(db: &dyn Db, project: Project, file: File) -> Vec<Report> {
    let mut reports: Vec<Report> = found(db, project, file).iter().map(|found| report(db, project, found)).collect();
    order(&mut reports);
    reports
}

pub(super) fn report(db: &dyn Db, project: Project, diagnostic: &Diagnostic) -> Report {
    Report::new(diagnostic, &|module, item| {
        let file = project.files(db).iter().find(|file| file.module(db) == module)?;
        let chunk = chunks(db, *file).get(item as usize)?;
        Some((file.path(db).to_owned(), chunk.start(db) as usize))
    })
}

// The program

/// What comes of the whole.
#[derive(PartialEq)]
pub(super) struct Whole {
    pub(super) program: Option<Arc<Program>>,
    pub(super) tests: Vec<TestCase>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// The whole program. Asked only where no file holds an error.
#[salsa::tracked(returns(ref))]
pub(super) fn lowered(db: &dyn Db, project: Project) -> Whole {
    let Lowered { program, tests, diagnostics } = lower_with(db, project, None);
    Whole { program: program.map(Arc::new), tests, diagnostics }
}

/// Lowers the package, and a module beside it.
pub(super) fn lower_with(db: &dyn Db, project: Project, beside: Option<lower::Module<'_>>) -> Lowered {
    let closed = project.files(db).iter().map(|file| {
        let signatures = Signatures::clone(&declared(db, project, *file).0);
        signatures::with_subjects(signatures, &file_subjects(db, project, *file))
    });
    let closed: Vec<Signatures> = closed.collect();
    let modules = project.files(db).iter().zip(&closed).map(|(file, signatures)| {
        let lines = Lines::new(file.text(db));
        let items = chunks(db, *file).iter().map(|chunk| {
            let place = lines.place(chunk.start(db) as usize);
            let item = &resolved(db, project, *chunk).0;
            lower::Item { item, text: chunk.text(db), line: place.line, column: place.column }
        });
        lower::Module { file: file.path(db), signatures, items: items.collect() }
    });
    let info = project.info(db);
    let library = program::Package { name: "std".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    lower::lower(&lower::Input {
        modules: modules.chain(beside).collect(),
        packages: vec![info.package.clone(), library],
        owner: info.owner.clone(),
    })
}
