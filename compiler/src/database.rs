//! Every stage as a query that runs again only where its input changed. Alone knows salsa.
//!
//! Read downwards: [`compile`] for once, [`Database`] and [`Snapshot`] for an editor, then the queries in the order of
//! the stages: chunks → trees → names → scopes → declarations → subjects → items → program.
//!
//! What an item is resolved against holds no places: they are erased between `declared` and `library`, so that words
//! that only moved change nothing for other items. Places come back in `located` and in the program's citations.
//!
//! INVARIANT: a chunk is known by its text, so that an item that only moved is the item it was.

// LONG: no other file may know salsa.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::hir::{self, Declared, Package, Signatures};
use crate::ide::Lines;
use crate::library::{Library, Module};
use crate::lower::{self, Lowered};
use crate::names::{self, Exports, Names};
use crate::report::Report;
use crate::scope::{self, Scope};
use crate::{resolve, signatures, stdlib};
use program::{Program, TestCase, Type};
use salsa::{Database as Db, Durability, Setter};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use syntax::ast::{Blueprint, Item, ItemKind, Name, Span};

/// A module's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path relative to the package, with `/`.
    pub path: String,
    /// Dotted name: `network.segmentation`.
    pub module: String,
    /// What it says.
    pub text: String,
}

/// What the manifest says about the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its name and version.
    pub package: program::Package,
    /// The party asked when nobody else has the right.
    pub owner: Option<String>,
}

/// What comes of a package.
#[derive(Clone, Debug)]
pub struct Output {
    /// The program; `None` where a report is an error.
    pub program: Option<Arc<Program>>,
    /// The tests of the package, in the order of the text.
    pub tests: Vec<TestCase>,
    /// What is wrong, by file and place.
    pub reports: Vec<Report>,
}

/// Compiles a package with the standard library.
pub fn compile(sources: &[Source], info: &Info) -> Output {
    let mut database = Database::new(info.clone());
    for source in sources {
        database.set_file(source.clone());
    }
    database.snapshot().compile()
}

/// Texts that change, and what is known about them.
pub struct Database {
    storage: Storage,
    project: Project,
    /// The package's files by path, also those that were removed: an input is never freed.
    files: BTreeMap<String, File>,
    library: Vec<File>,
    present: BTreeSet<String>,
}

#[salsa::db]
#[derive(Clone)]
struct Storage {
    storage: salsa::Storage<Self>,
}

/// Told of what salsa does.
type Listener = Box<dyn Fn(salsa::Event) + Send + Sync>;

impl Storage {
    /// Every input and query stands in this list: salsa's own registry needs code that runs before `main`.
    fn new(listener: Option<Listener>) -> Storage {
        let mut builder = salsa::Storage::<Storage>::builder()
            .ingredient::<File>()
            .ingredient::<Project>()
            .ingredient::<Chunk<'_>>()
            .ingredient::<Part<'_>>()
            .ingredient::<chunks>()
            .ingredient::<parsed>()
            .ingredient::<parts>()
            .ingredient::<part_tree>()
            .ingredient::<exports>()
            .ingredient::<bare_exports>()
            .ingredient::<all_names>()
            .ingredient::<clashes>()
            .ingredient::<scoped>()
            .ingredient::<declared>()
            .ingredient::<bare>()
            .ingredient::<open_library>()
            .ingredient::<subjects>()
            .ingredient::<part_subjects>()
            .ingredient::<file_subjects>()
            .ingredient::<library>()
            .ingredient::<resolved>()
            .ingredient::<resolved_part>()
            .ingredient::<found>()
            .ingredient::<reports_of>()
            .ingredient::<lowered>();
        if let Some(listener) = listener {
            builder = builder.event_callback(listener);
        }
        Storage { storage: builder.build() }
    }
}

#[salsa::db]
impl salsa::Database for Storage {}

impl Database {
    /// A package without files; the standard library is there.
    pub fn new(info: Info) -> Database {
        Database::over(Storage::new(None), info)
    }

    fn over(storage: Storage, info: Info) -> Database {
        let library = stdlib::FILES.iter().map(|(name, text)| {
            let module = format!("std.{}", name.trim_end_matches(".writ").replace('/', "."));
            File::builder(format!("std/{name}"), module, Package::Std, (*text).to_owned())
                .durability(Durability::HIGH)
                .new(&storage)
        });
        let library: Vec<File> = library.collect();
        let project = Project::new(&storage, library.clone(), info);
        Database { storage, project, files: BTreeMap::new(), library, present: BTreeSet::new() }
    }

    /// Sets a file's text, or adds the file. Waits until readers of older snapshots have given up.
    pub fn set_file(&mut self, source: Source) {
        let Source { path, module, text } = source;
        match self.files.get(&path) {
            Some(&file) => {
                // A setter counts as a change even where nothing is new.
                if file.module(&self.storage) != module {
                    file.set_module(&mut self.storage).to(module);
                }
                if file.text(&self.storage) != text {
                    file.set_text(&mut self.storage).to(text);
                }
            }
            None => {
                let file = File::new(&self.storage, path.clone(), module, Package::Root, text);
                self.files.insert(path.clone(), file);
            }
        }
        if self.present.insert(path) {
            self.list_files();
        }
    }

    /// Takes a file out of the package.
    pub fn remove_file(&mut self, path: &str) {
        if self.present.remove(path) {
            self.list_files();
        }
    }

    /// Paths of the package's files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.present.iter().map(String::as_str)
    }

    fn list_files(&mut self) {
        let files = self.present.iter().filter_map(|path| self.files.get(path).copied());
        let files = self.library.iter().copied().chain(files).collect();
        self.project.set_files(&mut self.storage).to(files);
    }

    /// What is there now, to read from any thread.
    pub fn snapshot(&self) -> Snapshot {
        let files = self.present.iter().filter_map(|path| Some((path.clone(), *self.files.get(path)?))).collect();
        Snapshot { storage: self.storage.clone(), project: self.project, files }
    }
}

/// A package at a moment. A write to the database cancels what its snapshots compute and waits for them to be dropped.
pub struct Snapshot {
    storage: Storage,
    project: Project,
    files: BTreeMap<String, File>,
}

impl Snapshot {
    /// Asks, and gives the snapshot back.
    ///
    /// - returns: `None` where a write came between.
    pub fn ask<T>(self, question: impl FnOnce(&Snapshot) -> T) -> Option<T> {
        salsa::Cancelled::catch(AssertUnwindSafe(|| question(&self))).ok()
    }

    /// The program, the tests, and all that is wrong.
    pub fn compile(&self) -> Output {
        let db = &self.storage;
        let mut reports: Vec<Report> = Vec::new();
        for file in self.project.files(db) {
            reports.extend(reports_of(db, self.project, *file).iter().cloned());
        }
        let broken = reports.iter().any(|report| report.severity() == Severity::Error);
        let lowered = (!broken).then(|| lowered(db, self.project));
        reports.extend(lowered.iter().flat_map(|lowered| &lowered.diagnostics).map(|found| self.report(found)));
        order(&mut reports);
        Output {
            program: lowered.and_then(|lowered| lowered.program.clone()),
            tests: lowered.map(|lowered| lowered.tests.clone()).unwrap_or_default(),
            reports,
        }
    }

    /// What is wrong in one file. What only the whole program shows is told where every file is right.
    pub fn reports(&self, path: &str) -> Vec<Report> {
        let db = &self.storage;
        let Some(&file) = self.files.get(path) else { return Vec::new() };
        let mut reports = reports_of(db, self.project, file).clone();
        let files = self.project.files(db);
        let broken = |file: &File| reports_of(db, self.project, *file).iter().any(|r| r.severity() == Severity::Error);
        if !files.iter().any(broken) {
            let whole = lowered(db, self.project).diagnostics.iter().map(|found| self.report(found));
            reports.extend(whole.filter(|report| report.file() == Some(path)));
        }
        order(&mut reports);
        reports
    }

    /// The declarations of all modules, for questions.
    pub fn library(&self) -> Arc<Library> {
        library(&self.storage, self.project).clone()
    }

    /// The program with a module beside those of the package, for a question.
    pub(crate) fn lower_with(&self, beside: lower::Module<'_>) -> Lowered {
        lower_with(&self.storage, self.project, Some(beside))
    }

    /// The text of a file, of the package (`policy.writ`) or the standard library (`std/state.writ`).
    pub fn text(&self, path: &str) -> Option<&str> {
        let file = self.project.files(&self.storage).iter().find(|file| file.path(&self.storage) == path)?;
        Some(file.text(&self.storage))
    }

    fn report(&self, diagnostic: &Diagnostic) -> Report {
        report(&self.storage, self.project, diagnostic)
    }
}

fn order(reports: &mut Vec<Report>) {
    reports.sort_by(|a, b| a.order().cmp(&b.order()));
    reports.dedup();
}

// Inputs

#[salsa::input]
struct File {
    #[returns(deref)]
    path: String,
    #[returns(deref)]
    module: String,
    #[returns(copy)]
    package: Package,
    #[returns(deref)]
    text: String,
}

#[salsa::input]
struct Project {
    /// The library's, then the package's by path.
    #[returns(deref)]
    files: Vec<File>,
    #[returns(ref)]
    info: Info,
}

// Chunks and trees

/// An item's text. Its place is no part of what it is.
#[salsa::tracked]
struct Chunk<'db> {
    #[returns(copy)]
    file: File,
    #[returns(deref)]
    text: String,
    /// Which of the file's items it is.
    #[tracked]
    #[returns(copy)]
    position: u32,
    /// Its first byte.
    #[tracked]
    #[returns(copy)]
    start: u32,
}

#[salsa::tracked(returns(ref))]
fn chunks<'db>(db: &'db dyn Db, file: File) -> Vec<Chunk<'db>> {
    let text = file.text(db);
    let pieces = syntax::chunk::cut(text).into_iter().filter(|piece| !piece.blank);
    let chunks = (0..).zip(pieces).map(|(position, piece)| {
        let words = text[piece.start as usize..piece.end as usize].to_owned();
        Chunk::new(db, file, words, position, piece.start)
    });
    chunks.collect()
}

#[salsa::tracked(returns(ref))]
fn parsed<'db>(db: &'db dyn Db, chunk: Chunk<'db>) -> (Option<Item>, Vec<Diagnostic>) {
    let (item, errors) = syntax::parse_chunk(chunk.text(db));
    (item, errors.into_iter().map(mistake).collect())
}

/// A mistake of syntax as every other diagnostic.
pub(crate) fn mistake(error: syntax::SyntaxError) -> Diagnostic {
    let code = match error.kind {
        syntax::ErrorKind::Syntax => Code::Syntax,
        syntax::ErrorKind::Unclosed => Code::Unclosed,
        syntax::ErrorKind::BadToken => Code::BadToken,
        syntax::ErrorKind::Misplaced => Code::Misplaced,
    };
    let mut diagnostic = Diagnostic::new(code, error.message).label(error.span, error.label);
    if let Some((span, text)) = error.other {
        diagnostic = diagnostic.label(span, text);
    }
    diagnostic.law = error.law;
    diagnostic.help = error.help;
    match error.fix {
        Some((title, span, text)) => diagnostic.fix(title, span, text),
        None => diagnostic,
    }
}

/// A relation, let or rule of a blueprint, alone: typing in one leaves the others as they are.
#[salsa::interned]
struct Part<'db> {
    #[returns(copy)]
    file: File,
    /// The blueprint's name.
    #[returns(deref)]
    blueprint: String,
    #[returns(deref)]
    text: String,
}

/// The parts of a blueprint, each with its first byte in the chunk.
#[salsa::tracked(returns(ref))]
fn parts<'db>(db: &'db dyn Db, chunk: Chunk<'db>) -> Vec<(Part<'db>, u32)> {
    let Some(Item { kind: ItemKind::Blueprint(block), .. }) = &parsed(db, chunk).0 else { return Vec::new() };
    let parts = block.items.iter().filter(|item| belongs(item)).map(|item| {
        let text = chunk.text(db)[item.span.start as usize..item.span.end as usize].to_owned();
        (Part::new(db, chunk.file(db), block.name.text.clone(), text), item.span.start)
    });
    parts.collect()
}

/// Whether a blueprint may hold it.
fn belongs(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Relation(_) | ItemKind::Let(_) | ItemKind::Rule(_) | ItemKind::Governance(_))
}

/// The blueprint as if it held this part alone.
#[salsa::tracked(returns(ref))]
fn part_tree<'db>(db: &'db dyn Db, part: Part<'db>) -> Item {
    let (item, _) = syntax::parse_chunk(part.text(db));
    let name = Name { text: part.blueprint(db).to_owned(), span: Span::default() };
    let kind = ItemKind::Blueprint(Blueprint { name, parameters: Vec::new(), items: item.into_iter().collect() });
    Item { docs: Vec::new(), attributes: Vec::new(), public: false, kind, span: Span::default() }
}

/// The items of a file that could be read, with their positions.
fn items(db: &dyn Db, file: File) -> Vec<(u32, &Item)> {
    let chunks = chunks(db, file).iter();
    chunks.filter_map(|chunk| Some((chunk.position(db), parsed(db, *chunk).0.as_ref()?))).collect()
}

// Names

#[salsa::tracked(returns(ref))]
fn exports(db: &dyn Db, file: File) -> (Arc<Exports>, Vec<Diagnostic>) {
    let (exports, diagnostics) = names::exports(file.module(db), file.package(db), &items(db, file));
    (Arc::new(exports), diagnostics)
}

/// The same names without their places.
#[salsa::tracked(returns(clone))]
fn bare_exports(db: &dyn Db, file: File) -> Arc<Exports> {
    let mut bare = Exports::clone(&exports(db, file).0);
    for entry in bare.names.values_mut() {
        entry.item = 0;
        entry.span = Span::default();
    }
    Arc::new(bare)
}

#[salsa::tracked(returns(clone))]
fn all_names(db: &dyn Db, project: Project) -> Arc<Names> {
    let files = project.files(db).iter().map(|file| bare_exports(db, *file));
    Arc::new(Names::new(files).0)
}

/// Names that two modules may not both declare.
#[salsa::tracked(returns(ref))]
fn clashes(db: &dyn Db, project: Project) -> Vec<Diagnostic> {
    let files = project.files(db).iter().map(|file| exports(db, *file).0.clone());
    Names::new(files).1
}

#[salsa::tracked(returns(ref))]
fn scoped(db: &dyn Db, project: Project, file: File) -> (Arc<Scope>, Vec<Diagnostic>) {
    let names = all_names(db, project);
    let (scope, diagnostics) = scope::scope(file.module(db), file.package(db), &items(db, file), &names);
    (Arc::new(scope), diagnostics)
}

// Declarations

#[salsa::tracked(returns(ref))]
fn declared(db: &dyn Db, project: Project, file: File) -> (Arc<Signatures>, Vec<Diagnostic>) {
    let (names, scope) = (all_names(db, project), &scoped(db, project, file).0);
    let (signatures, diagnostics) =
        signatures::declare(file.module(db), file.package(db), &items(db, file), scope, &names);
    (Arc::new(signatures), diagnostics)
}

/// The same declarations without their places; types of subjects still open.
#[salsa::tracked(returns(clone))]
fn bare(db: &dyn Db, project: Project, file: File) -> Arc<Signatures> {
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
fn open_library(db: &dyn Db, project: Project) -> Arc<Library> {
    let modules = project
        .files(db)
        .iter()
        .map(|file| Module { signatures: bare(db, project, *file), scope: scoped(db, project, *file).0.clone() });
    Arc::new(Library::new(all_names(db, project), modules))
}

/// The types of the subjects that an item's rules declare.
#[salsa::tracked(returns(ref))]
fn subjects<'db>(db: &'db dyn Db, project: Project, chunk: Chunk<'db>) -> BTreeMap<String, Vec<Type>> {
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
fn part_subjects<'db>(db: &'db dyn Db, project: Project, part: Part<'db>) -> BTreeMap<String, Vec<Type>> {
    resolve::subjects(part.file(db).module(db), part_tree(db, part), &open_library(db, project))
}

#[salsa::tracked(returns(clone))]
fn file_subjects(db: &dyn Db, project: Project, file: File) -> Arc<BTreeMap<String, Vec<Type>>> {
    let mut all = BTreeMap::new();
    for chunk in chunks(db, file) {
        for (name, types) in subjects(db, project, *chunk) {
            all.entry(name.clone()).or_insert_with(|| types.clone());
        }
    }
    Arc::new(all)
}

#[salsa::tracked(returns(ref))]
fn library(db: &dyn Db, project: Project) -> Arc<Library> {
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
fn resolved<'db>(db: &'db dyn Db, project: Project, chunk: Chunk<'db>) -> (hir::Item, Vec<Diagnostic>) {
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
fn resolved_part<'db>(db: &'db dyn Db, project: Project, part: Part<'db>) -> (hir::Item, Vec<Diagnostic>) {
    resolve::resolve(part.file(db).module(db), part_tree(db, part), library(db, project))
}

/// The diagnostic of a part, with its places in the chunk.
fn moved(mut diagnostic: Diagnostic, start: u32) -> Diagnostic {
    let labels = diagnostic.labels.iter_mut().map(|label| &mut label.place);
    let edits = diagnostic.fixes.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.place);
    for place in labels.chain(edits).filter(|place| place.item.is_none()) {
        place.span = Span { start: place.span.start + start, end: place.span.end + start };
    }
    diagnostic
}

/// All that is wrong in a file, places in its items.
#[salsa::tracked(returns(ref))]
fn found(db: &dyn Db, project: Project, file: File) -> Vec<Diagnostic> {
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
fn reports_of(db: &dyn Db, project: Project, file: File) -> Vec<Report> {
    let mut reports: Vec<Report> = found(db, project, file).iter().map(|found| report(db, project, found)).collect();
    order(&mut reports);
    reports
}

fn report(db: &dyn Db, project: Project, diagnostic: &Diagnostic) -> Report {
    Report::new(diagnostic, &|module, item| {
        let file = project.files(db).iter().find(|file| file.module(db) == module)?;
        let chunk = chunks(db, *file).get(item as usize)?;
        Some((file.path(db).to_owned(), chunk.start(db) as usize))
    })
}

// The program

/// What comes of the whole.
#[derive(PartialEq)]
struct Whole {
    program: Option<Arc<Program>>,
    tests: Vec<TestCase>,
    diagnostics: Vec<Diagnostic>,
}

/// The whole program. Asked only where no file holds an error.
#[salsa::tracked(returns(ref))]
fn lowered(db: &dyn Db, project: Project) -> Whole {
    let Lowered { program, tests, diagnostics } = lower_with(db, project, None);
    Whole { program: program.map(Arc::new), tests, diagnostics }
}

/// Lowers the package, and a module beside it.
fn lower_with(db: &dyn Db, project: Project, beside: Option<lower::Module<'_>>) -> Lowered {
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

#[cfg(test)]
mod tests;
