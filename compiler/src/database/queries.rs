//! The stages as queries, in the order of the stages: names → scopes → declarations → subjects → items → program.
//!
//! What an item is resolved against holds no places: they are erased between `declared` and `library`, so that words
//! that only moved change nothing for other items. Places come back in `located` and in the program's citations.
//!
//! Not here: what a stage does (its own file), the inputs and the trees (`texts`).

// LONG: every stage is one query here, in the order of the stages, so that the list can be read against the map.

use super::texts::{Chunk, File, Part, Project, belongs, chunks, items, listed, parsed, part_tree, parts, typed};
use super::{TESTS, order};
use crate::diagnostic::{Code, Diagnostic, WHOLE};
use crate::hidden;
use crate::hir::{self, Declared, Package, Signatures};
use crate::ide::{Lines, Place};
use crate::imports;
use crate::library::{Declaring, Definition, Library, Module};
use crate::lint;
use crate::lint::allowed::{self, Allow};
use crate::lower::{self, Lowered};
use crate::names::{self, Exporting, Exports, Sort};
use crate::report::Report;
use crate::scope::{self, Scope};
use crate::{resolve, signatures};
use program::{Nowhere, Program, TestCase, Type};
use rustc_hash::FxHashMap;
use salsa::Database as Db;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use syntax::ast::{Blueprint, Item, ItemKind, Span};
use syntax::parse::LARGEST;

// Names

/// A name in a module.
#[salsa::interned]
pub(super) struct Local<'db> {
    #[returns(deref)]
    pub(super) module: String,
    #[returns(deref)]
    pub(super) name: String,
}

#[salsa::tracked(returns(ref))]
pub(super) fn exports(db: &dyn Db, file: File) -> (Exports, Vec<Diagnostic>) {
    let (mut exports, diagnostics) = names::exports(file.module(db), file.package(db), &items(db, file));
    for chunk in chunks(db, file).iter().filter(|chunk| !parsed(db, **chunk).1.is_empty()) {
        exports.broken.extend(names::seemingly_declared(chunk.text(db)).map(str::to_owned));
        exports.broken.extend(names::seemingly_brought(chunk.text(db)));
    }
    (exports, diagnostics)
}

/// The same names without their places.
#[salsa::tracked(returns(ref))]
pub(super) fn bare_exports(db: &dyn Db, file: File) -> Exports {
    let mut bare = exports(db, file).0.clone();
    for entry in bare.names.values_mut() {
        entry.item = 0;
        entry.span = Span::default();
    }
    bare
}

/// The intents of a file, with their places.
#[salsa::tracked(returns(ref))]
pub(super) fn intents(db: &dyn Db, file: File) -> Exports {
    exports(db, file).0.intents()
}

/// The files by their modules' names.
#[salsa::tracked(returns(ref))]
pub(super) fn modules(db: &dyn Db, project: Project) -> BTreeMap<String, File> {
    project.files(db).iter().map(|file| (file.module(db).to_owned(), *file)).collect()
}

/// What a module of the package declares under a name, and whether others may use it.
#[salsa::tracked(returns(copy))]
pub(super) fn declared_name<'db>(db: &'db dyn Db, project: Project, name: Local<'db>) -> Option<(Sort, bool)> {
    bare_exports(db, *modules(db, project).get(name.module(db))?).declared(name.name(db))
}

/// The names under which intents apply blueprints.
#[salsa::tracked(returns(ref))]
pub(super) fn applications(db: &dyn Db, project: Project) -> Vec<String> {
    modules(db, project).values().flat_map(|file| &bare_exports(db, *file).applications).cloned().collect()
}

/// The modules of the package's intents, by the names of these.
#[salsa::tracked(returns(ref))]
pub(super) fn intent_modules(db: &dyn Db, project: Project) -> BTreeMap<String, String> {
    let own = modules(db, project).values().map(|file| bare_exports(db, *file));
    let intents = own.filter(|exports| exports.package == Package::Root).flat_map(|exports| {
        let names = exports.names.iter().filter(|(_, entry)| entry.sort == Sort::Intent);
        names.map(|(name, _)| (name.clone(), exports.module.clone()))
    });
    intents.collect()
}

/// Names that two modules may not both declare.
#[salsa::tracked(returns(ref))]
pub(super) fn clashes(db: &dyn Db, project: Project) -> Vec<Report> {
    let found = names::clashes(modules(db, project).values().map(|file| intents(db, *file)));
    found.iter().map(|found| report(db, project, found)).collect()
}

#[salsa::tracked(returns(ref))]
pub(super) fn scoped(db: &dyn Db, project: Project, file: File) -> (Arc<Scope>, Vec<Diagnostic>) {
    let library = library(db, project, true);
    let (scope, diagnostics) = scope::scope(file.module(db), file.package(db), &items(db, file), &library.names);
    (Arc::new(scope), diagnostics)
}

// Declarations

#[salsa::tracked(returns(ref))]
pub(super) fn declared(db: &dyn Db, project: Project, file: File) -> (Arc<Signatures>, Vec<Diagnostic>) {
    let (library, scope) = (library(db, project, true), &scoped(db, project, file).0);
    let (signatures, diagnostics) =
        signatures::declare(file.module(db), file.package(db), &items(db, file), scope, &library.names);
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

/// A module as its items are resolved in it.
#[salsa::tracked(returns(ref))]
pub(super) fn module_of(db: &dyn Db, project: Project, file: File) -> Module {
    let scope = scoped(db, project, file).0.clone();
    Module { name: file.module(db).to_owned(), package: file.package(db), scope }
}

/// What a file declares, by local name; types of subjects still open.
#[salsa::tracked(returns(ref))]
pub(super) fn definitions(db: &dyn Db, project: Project, file: File) -> FxHashMap<String, Definition> {
    let bare = bare(db, project, file);
    let module = file.module(db).len() + 1;
    let local = |declared: &Declared| declared.name.get(module..).unwrap_or_default().to_owned();
    let relations = bare.relations.iter().map(|found| (local(&found.declared), Definition::Relation(found.clone())));
    let enums = bare.enums.iter().map(|found| (local(&found.declared), Definition::Enum(found.clone())));
    let lets = bare.lets.iter().map(|found| (local(&found.declared), Definition::Let(found.clone())));
    let blueprints = bare.blueprints.iter().map(|found| (local(&found.declared), Definition::Blueprint(found.clone())));
    relations.chain(enums).chain(lets).chain(blueprints).collect()
}

/// What stands under a name in a module of the package; types of subjects still open.
#[salsa::tracked(returns(ref))]
pub(super) fn open_definition<'db>(db: &'db dyn Db, project: Project, name: Local<'db>) -> Option<Definition> {
    definitions(db, project, *modules(db, project).get(name.module(db))?).get(name.name(db)).cloned()
}

/// A governance relation with the types of its subjects.
#[salsa::tracked(returns(ref))]
pub(super) fn closed_definition<'db>(db: &'db dyn Db, project: Project, name: Local<'db>) -> Option<Definition> {
    let file = *modules(db, project).get(name.module(db))?;
    let mut found = definitions(db, project, file).get(name.name(db)).cloned();
    if let Some(Definition::Relation(relation)) = &mut found {
        signatures::close(relation, &file_subjects(db, project, file));
    }
    found
}

/// What others declare, as queries: what is resolved hangs on the answers that it got.
#[derive(Clone, Copy)]
struct Lookups<'db> {
    db: &'db dyn Db,
    project: Project,
    /// Whether the types of subjects are still open.
    open: bool,
}

/// What others declare.
///
/// - `open`: whether the types of subjects are still open.
pub(super) fn library(db: &dyn Db, project: Project, open: bool) -> Library<'_> {
    Library::new(Lookups { db, project, open })
}

impl<'db> Lookups<'db> {
    fn file(&self, module: &str) -> Option<File> {
        modules(self.db, self.project).get(module).copied()
    }

    /// The standard library never changes: nothing is won by asking for one name of it.
    fn is_fixed(&self, file: File) -> bool {
        file.package(self.db) == Package::Std
    }

    fn local(&self, module: &str, local: &str) -> Local<'db> {
        Local::new(self.db, module, local)
    }
}

impl Exporting for Lookups<'_> {
    fn exports(&self, module: &str) -> Option<&Exports> {
        Some(bare_exports(self.db, self.file(module)?))
    }

    fn every(&self) -> Vec<&Exports> {
        modules(self.db, self.project).values().map(|file| bare_exports(self.db, *file)).collect()
    }

    fn is_file(&self, module: &str) -> bool {
        self.file(module).is_some()
    }

    fn declared(&self, module: &str, local: &str) -> Option<(Sort, bool)> {
        let file = self.file(module)?;
        if self.is_fixed(file) {
            return bare_exports(self.db, file).declared(local);
        }
        declared_name(self.db, self.project, self.local(module, local))
    }

    fn applications(&self) -> &[String] {
        applications(self.db, self.project)
    }

    fn intent(&self, name: &str) -> Option<&str> {
        intent_modules(self.db, self.project).get(name).map(String::as_str)
    }

    fn barred(&self, from: &str, module: &str) -> Option<String> {
        let all = self.project.dependencies(self.db);
        if all.is_empty() {
            return None;
        }
        let home = |module: &str| all.iter().find(|one| one.holds(module));
        let (own, other) = (home(from).map_or("", |one| one.module.as_str()), home(module)?);
        if own == other.module {
            return None;
        }
        let reads = |who: &str| other.readers.iter().any(|reader| reader == who);
        let is_test = own.is_empty() && from.strip_prefix(TESTS).is_some_and(|rest| rest.starts_with('.'));
        let may = reads(own) || is_test && reads(TESTS);
        if !may {
            if own.is_empty() && reads(TESTS) {
                return Some(format!("`{}` is a dev-dependency: only modules below tests/ use it", other.package.name));
            }
            let who = if own.is_empty() { "this package" } else { "the package of this file" };
            return Some(format!("{who} does not depend on `{}`", other.package.name));
        }
        let local = module.get(other.module.len() + 1..).unwrap_or_default();
        (!other.exports.iter().any(|one| one == local))
            .then(|| format!("`{}` does not export its module `{local}`", other.package.name))
    }
}

impl Declaring for Lookups<'_> {
    fn module(&self, name: &str) -> Option<&Module> {
        Some(module_of(self.db, self.project, self.file(name)?))
    }

    fn definition(&self, module: &str, local: &str) -> Option<&Definition> {
        let file = self.file(module)?;
        let found = if self.is_fixed(file) {
            definitions(self.db, self.project, file).get(local)?
        } else {
            open_definition(self.db, self.project, self.local(module, local)).as_ref()?
        };
        let governs = matches!(found, Definition::Relation(relation) if relation.word.is_some());
        if self.open || !governs {
            return Some(found);
        }
        closed_definition(self.db, self.project, self.local(module, local)).as_ref()
    }
}

/// The types of the subjects that an item's rules declare.
#[salsa::tracked(returns(ref))]
pub(super) fn subjects<'db>(db: &'db dyn Db, project: Project, chunk: Chunk<'db>) -> BTreeMap<String, Vec<Type>> {
    typed(db, chunk.file(db));
    let Some(item) = &parsed(db, chunk).0 else { return BTreeMap::new() };
    if !matches!(item.kind, ItemKind::Blueprint(_)) {
        return resolve::subjects(chunk.file(db).module(db), item, &library(db, project, true));
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
    typed(db, part.file(db));
    resolve::subjects(part.file(db).module(db), part_tree(db, part), &library(db, project, true))
}

#[salsa::tracked(returns(clone))]
pub(super) fn file_subjects(db: &dyn Db, project: Project, file: File) -> Arc<BTreeMap<String, Vec<Type>>> {
    let mut all = BTreeMap::new();
    let rules = |chunk: &&Chunk<'_>| {
        let item = parsed(db, **chunk).0.as_ref();
        item.is_some_and(|item| matches!(item.kind, ItemKind::Governance(_) | ItemKind::Blueprint(_)))
    };
    for chunk in chunks(db, file).iter().filter(rules) {
        for (name, types) in subjects(db, project, *chunk) {
            all.entry(name.clone()).or_insert_with(|| types.clone());
        }
    }
    Arc::new(all)
}

// Items

/// An item in its module. Asked by the chunk alone, so that the answer goes with it.
#[salsa::tracked(returns(ref))]
pub(super) fn resolved<'db>(db: &'db dyn Db, chunk: Chunk<'db>) -> (hir::Item, Vec<Diagnostic>) {
    typed(db, chunk.file(db));
    let project = Project::get(db);
    let Some(item) = &parsed(db, chunk).0 else { return (hir::Item::default(), Vec::new()) };
    let module = chunk.file(db).module(db);
    let ItemKind::Blueprint(block) = &item.kind else {
        return resolve::resolve(module, item, &library(db, project, false));
    };
    let items = block.items.iter().filter(|item| !belongs(item)).cloned().collect();
    let shell = Item { kind: ItemKind::Blueprint(Blueprint { items, ..block.clone() }), ..item.clone() };
    let (mut resolved, mut diagnostics) = resolve::resolve(module, &shell, &library(db, project, false));
    for (part, start) in parts(db, chunk) {
        let (item, found) = resolved_part(db, project, *part);
        resolved.rules.extend(item.rules.iter().map(|rule| rule.clone().moved(*start)));
        resolved.allowed.extend(item.allowed.iter().cloned());
        diagnostics.extend(found.iter().map(|diagnostic| moved(diagnostic.clone(), *start)));
    }
    (resolved, diagnostics)
}

#[salsa::tracked(returns(ref))]
pub(super) fn resolved_part<'db>(db: &'db dyn Db, project: Project, part: Part<'db>) -> (hir::Item, Vec<Diagnostic>) {
    typed(db, part.file(db));
    resolve::resolve(part.file(db).module(db), part_tree(db, part), &library(db, project, false))
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

/// Signs of a file that are not seen, wherever they stand.
#[salsa::tracked(returns(ref))]
pub(super) fn unseen(db: &dyn Db, file: File) -> Vec<Diagnostic> {
    let text = file.text(db);
    match text.len() > LARGEST {
        true => vec![too_large(text)],
        false => hidden::hidden(text),
    }
}

fn too_large(text: &str) -> Diagnostic {
    let mega = |bytes: usize| bytes.div_ceil(1 << 20);
    let end = text.lines().next().map_or(0, str::len).min(80);
    let end = u32::try_from((0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0)).unwrap_or(0);
    Diagnostic::new(
        Code::Syntax,
        format!("the file has {} MiB, and at most {} are read", mega(text.len()), mega(LARGEST)),
    )
    .label(Span { start: 0, end }, "begins here")
    .law("a file of rules is written to be read")
    .help("cut it into modules, and give facts as a facts file: those may be larger")
}

/// All that is wrong in a file, places in its items.
#[salsa::tracked(returns(ref))]
pub(super) fn found(db: &dyn Db, project: Project, file: File) -> Vec<Diagnostic> {
    let mut all = exports(db, file).1.clone();
    all.extend(scoped(db, project, file).1.iter().cloned());
    all.extend(declared(db, project, file).1.iter().cloned());
    let module = file.module(db);
    for chunk in chunks(db, file) {
        let (syntax, rest) = (&parsed(db, *chunk).1, &resolved(db, *chunk).1);
        // What a broken block lacks is its own fault, told once.
        let position = chunk.position(db);
        let rest = rest.iter().filter(|found| syntax.is_empty() || found.code != Code::NoExpectation);
        all.extend(syntax.iter().chain(rest).map(|diagnostic| diagnostic.clone().located(module, position)));
    }
    all.retain(|diagnostic| !diagnostic.is_told());
    all.extend(unseen(db, file).iter().map(|diagnostic| diagnostic.clone().located(module, WHOLE)));
    let items = listed(db, file);
    all.iter_mut().for_each(|diagnostic| imports::complete(diagnostic, module, &items));
    all
}

/// What `@allow` says in a file.
#[salsa::tracked(returns(ref))]
pub(super) fn allows(db: &dyn Db, file: File) -> Vec<Allow> {
    allowed::allows(&items(db, file))
}

#[salsa::tracked(returns(ref))]
pub(super) fn reports_of(db: &dyn Db, project: Project, file: File) -> Vec<Report> {
    let told = found(db, project, file).iter();
    let told = told.filter(|found| !allowed::silenced(file.module(db), allows(db, file), found));
    let mut reports: Vec<Report> = told.map(|found| report(db, project, found)).collect();
    order(&mut reports);
    reports
}

/// What has no effect in the root package, and each `@allow` of it that silences nothing. Asked only where the whole is
/// right.
#[salsa::tracked(returns(ref))]
pub(super) fn linted(db: &dyn Db, project: Project) -> Vec<Diagnostic> {
    let files = project.files(db);
    let modules = files.iter().map(|file| {
        let items = chunks(db, *file)
            .iter()
            .filter_map(|chunk| Some((chunk.position(db), parsed(db, *chunk).0.as_ref()?, &resolved(db, *chunk).0)));
        let uses = listed(db, *file).into_iter().filter(|one| matches!(one.item.kind, ItemKind::Use { .. }));
        let uses = uses.map(|one| (one.position, one.text)).collect();
        lint::Module { signatures: &declared(db, project, *file).0, items: items.collect(), uses }
    });
    let lints = lint::lint(&modules.collect::<Vec<_>>(), Package::Root);
    let mut told = Vec::new();
    for file in files.iter().filter(|file| file.package(db) == Package::Root) {
        let (module, allows) = (file.module(db), allows(db, *file));
        let own = || lints.iter().filter(|found| found.module() == Some(module));
        let all: Vec<Diagnostic> = own().chain(found(db, project, *file)).cloned().collect();
        told.extend(allowed::idle(module, allows, &all));
        let items = listed(db, *file);
        told.extend(own().filter(|found| !allowed::silenced(module, allows, found)).cloned().map(|mut found| {
            imports::complete(&mut found, module, &items);
            found
        }));
    }
    told
}

/// Finds the places of what `decide::paths` found in one file; without what `@allow` silences.
pub(super) fn nowhere(db: &dyn Db, file: File, found: &Nowhere, foreseen: bool) -> Option<Diagnostic> {
    let (_, line, column, _) = &found.rule;
    let text = file.text(db);
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
    let within: usize = text.get(before..)?.chars().take(column.saturating_sub(1) as usize).map(char::len_utf8).sum();
    let start = u32::try_from(before + within).ok()?;
    let chunk = chunks(db, file).iter().rev().find(|chunk| chunk.start(db) <= start)?;
    let diagnostic = lint::nowhere::diagnostic(found, foreseen, start - chunk.start(db))?;
    let located = diagnostic.located(file.module(db), chunk.position(db));
    (!allowed::silenced(file.module(db), allows(db, file), &located)).then_some(located)
}

/// Finds the relations that `decide::unfilled` found in one file; without what `@allow` silences.
pub(super) fn unfilled(db: &dyn Db, project: Project, file: File, names: &BTreeSet<String>) -> Vec<Diagnostic> {
    let (module, signatures) = (file.module(db), &declared(db, project, file).0);
    let own = signatures.relations.iter().filter(|relation| names.contains(&relation.declared.name));
    let located = own.map(|relation| lint::nowhere::unfilled(relation).located(module, relation.declared.item));
    located.filter(|found| !allowed::silenced(module, allows(db, file), found)).collect()
}

pub(super) fn report(db: &dyn Db, project: Project, diagnostic: &Diagnostic) -> Report {
    Report::new(diagnostic, &|module, item| {
        let file = modules(db, project).get(module)?;
        let start = match item {
            WHOLE => 0,
            item => chunks(db, *file).get(item as usize)?.start(db) as usize,
        };
        Some((file.path(db).to_owned(), start))
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

/// What only the whole shows, whatever lines its words stand on: a comment that is typed asks for nothing new.
#[salsa::tracked(returns(ref))]
pub(super) fn findings(db: &dyn Db, project: Project) -> Vec<Diagnostic> {
    lower_from(db, project, None, |_| Box::new(|_| Place { line: 1, column: 1 })).diagnostics
}

/// Lowers the package, and a module beside it.
pub(super) fn lower_with(db: &dyn Db, project: Project, beside: Option<lower::Module<'_>>) -> Lowered {
    lower_from(db, project, beside, |file| {
        let lines = Lines::new(file.text(db));
        Box::new(move |chunk| lines.place(chunk.start(db) as usize))
    })
}

/// Where the chunks of a file begin.
type Places<'p> = Box<dyn Fn(Chunk<'_>) -> Place + 'p>;

fn lower_from<'db>(
    db: &'db dyn Db,
    project: Project,
    beside: Option<lower::Module<'_>>,
    places: impl Fn(File) -> Places<'db>,
) -> Lowered {
    let closed = project.files(db).iter().map(|file| {
        let signatures = Signatures::clone(&declared(db, project, *file).0);
        signatures::with_subjects(signatures, &file_subjects(db, project, *file))
    });
    let closed: Vec<Signatures> = closed.collect();
    let modules = project.files(db).iter().zip(&closed).map(|(file, signatures)| {
        let places = places(*file);
        let items = chunks(db, *file).iter().map(|chunk| {
            let Place { line, column } = places(*chunk);
            lower::Item { item: &resolved(db, *chunk).0, text: chunk.text(db), line, column }
        });
        lower::Module { file: file.path(db), signatures, items: items.collect() }
    });
    let info = project.info(db);
    let library = program::Package { name: "std".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    lower::lower(&lower::Input {
        modules: modules.chain(beside).collect(),
        packages: std::iter::once(info.package.clone())
            .chain(project.dependencies(db).iter().map(|one| one.package.clone()))
            .chain([library])
            .collect(),
        owner: info.owner.clone(),
        pause: &|| db.unwind_if_revision_cancelled(),
    })
}
