//! Every stage as a query that runs again only where its input changed. Alone knows salsa.
//!
//! Read downwards: [`compile`] for once, [`Database`] and [`Snapshot`] for an editor; then `texts` (what is set from
//! outside, and its trees) and `queries` (the stages in their order).
//!
//! INVARIANT: no file outside this folder knows salsa.

mod texts;

mod queries;

pub(crate) use texts::mistake;

use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::Package;
use crate::library::Library;
use crate::lower::{self, Lowered};
use crate::report::Report;
use crate::stdlib;
use program::{Program, TestCase};
use queries::{
    all_names, bare, bare_exports, clashes, declared, exports, file_subjects, found, library, lowered, open_library,
    part_subjects, report, reports_of, resolved, resolved_part, scoped, subjects,
};
use salsa::{Durability, Setter};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use texts::{Chunk, File, Part, Project, chunks, parsed, part_tree, parts};

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
        queries::lower_with(&self.storage, self.project, Some(beside))
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

#[cfg(test)]
mod tests;
