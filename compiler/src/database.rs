//! Every stage as a query that runs again only where its input changed. Alone knows salsa.
//!
//! Read downwards: [`compile`] for once, [`Database`] and [`Snapshot`] for an editor; then `texts` (what is set from
//! outside, and its trees), `queries` (the stages in their order) and `view` (one file as an editor looks at it).
//!
//! INVARIANT: no file outside this folder knows salsa.

mod texts;

mod queries;

mod view;

pub(crate) use texts::mistake;
pub(crate) use view::Piece;

use crate::diagnostic::{Diagnostic, Severity};
use crate::hir::Package;
use crate::library::Library;
use crate::lower::{self, Lowered};
use crate::report::Report;
use crate::stdlib;
use program::{Nowhere, Program, TestCase};
use queries::{
    Local, allows, applications, bare, bare_exports, clashes, closed_definition, declared, declared_name, definitions,
    exports, file_subjects, findings, found, intent_modules, intents, linted, lowered, module_of, modules, nowhere,
    open_definition, part_subjects, report, reports_of, resolved, resolved_part, scoped, subjects, unfilled, unseen,
};
use salsa::{Durability, Setter};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use texts::{Chunk, File, Part, Project, chunks, parsed, part_tree, parts, typed};
use view::{mentions, uses};

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

/// What the names of modules below `tests/` begin with: no package has a name of one part.
pub const TESTS: &str = "tests";

/// A package that the compiled one depends on, directly or through others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Its name and version.
    pub package: program::Package,
    /// What the names of its modules begin with: `acme.payments`.
    pub module: String,
    /// Its modules that others may use, by their names in the package.
    pub exports: Vec<String>,
    /// The packages that depend on it directly, by what their modules' names begin with; the compiled one has the empty name, and
    /// is [`TESTS`] where only its modules below `tests/` may use it.
    pub readers: Vec<String>,
    /// Its modules: paths below its own name (`acme/payments/edge.writ`), names in full.
    pub files: Vec<Source>,
}

impl Dependency {
    /// Whether it has a module of that name, or could.
    fn holds(&self, module: &str) -> bool {
        module.strip_prefix(&self.module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
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
    /// Files of dependencies by path, also those that were removed, and which are there.
    foreign: BTreeMap<String, File>,
    foreign_present: BTreeSet<String>,
    present: BTreeSet<String>,
    /// Files whose text is being changed.
    open: BTreeSet<String>,
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
            .ingredient::<typed>()
            .ingredient::<parsed>()
            .ingredient::<parts>()
            .ingredient::<part_tree>()
            .ingredient::<Local<'_>>()
            .ingredient::<exports>()
            .ingredient::<bare_exports>()
            .ingredient::<intents>()
            .ingredient::<modules>()
            .ingredient::<declared_name>()
            .ingredient::<applications>()
            .ingredient::<intent_modules>()
            .ingredient::<clashes>()
            .ingredient::<scoped>()
            .ingredient::<declared>()
            .ingredient::<bare>()
            .ingredient::<module_of>()
            .ingredient::<definitions>()
            .ingredient::<open_definition>()
            .ingredient::<closed_definition>()
            .ingredient::<subjects>()
            .ingredient::<part_subjects>()
            .ingredient::<file_subjects>()
            .ingredient::<resolved>()
            .ingredient::<resolved_part>()
            .ingredient::<found>()
            .ingredient::<unseen>()
            .ingredient::<allows>()
            .ingredient::<reports_of>()
            .ingredient::<findings>()
            .ingredient::<linted>()
            .ingredient::<lowered>()
            .ingredient::<mentions>()
            .ingredient::<uses>();
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
        let project = Project::builder(library.clone(), info, Vec::new()).durability(Durability::MEDIUM).new(&storage);
        Database {
            storage,
            project,
            files: BTreeMap::new(),
            library,
            foreign: BTreeMap::new(),
            foreign_present: BTreeSet::new(),
            present: BTreeSet::new(),
            open: BTreeSet::new(),
        }
    }

    /// Says what its manifest says now.
    pub fn set_info(&mut self, info: Info) {
        // A setter counts as a change even where nothing is new.
        if *self.project.info(&self.storage) != info {
            self.project.set_info(&mut self.storage).with_durability(Durability::MEDIUM).to(info);
        }
    }

    /// Says which packages it depends on; those that were said before count no more.
    pub fn set_dependencies(&mut self, dependencies: Vec<Dependency>) {
        let mut told = Vec::new();
        self.foreign_present.clear();
        for mut one in dependencies {
            for Source { path, module, text } in std::mem::take(&mut one.files) {
                self.foreign_present.insert(path.clone());
                match self.foreign.get(&path) {
                    Some(&file) if file.text(&self.storage) != text => {
                        file.set_text(&mut self.storage).with_durability(Durability::MEDIUM).to(text);
                    }
                    Some(_) => {}
                    None => {
                        let file = File::builder(path.clone(), module, Package::Dependency, text)
                            .durability(Durability::MEDIUM)
                            .new(&self.storage);
                        self.foreign.insert(path, file);
                    }
                }
            }
            told.push(one);
        }
        if self.project.dependencies(&self.storage) != told {
            self.project.set_dependencies(&mut self.storage).with_durability(Durability::MEDIUM).to(told);
        }
        self.list_files();
    }

    /// Sets the text of a file of a package that it depends on: as it is being written, say.
    ///
    /// - returns: whether it is another text than before.
    pub fn set_dependency_text(&mut self, path: &str, text: &str) -> bool {
        let Some(&file) = self.foreign.get(path).filter(|_| self.foreign_present.contains(path)) else { return false };
        let news = file.text(&self.storage) != text;
        if news {
            file.set_text(&mut self.storage).with_durability(Durability::MEDIUM).to(text.to_owned());
        }
        news
    }

    /// Sets a file's text, or adds the file. Waits until readers of older snapshots have given up.
    pub fn set_file(&mut self, source: Source) {
        let Source { path, module, text } = source;
        match self.files.get(&path) {
            Some(&file) => {
                // A setter counts as a change even where nothing is new.
                if file.module(&self.storage) != module {
                    file.set_module(&mut self.storage).with_durability(Durability::MEDIUM).to(module);
                }
                if file.text(&self.storage) != text {
                    let durability = if self.open.contains(&path) { Durability::LOW } else { Durability::MEDIUM };
                    file.set_text(&mut self.storage).with_durability(durability).to(text);
                }
            }
            None => {
                let file = File::builder(path.clone(), module, Package::Root, text)
                    .durability(Durability::MEDIUM)
                    .new(&self.storage);
                self.files.insert(path.clone(), file);
            }
        }
        if self.present.insert(path) {
            self.list_files();
        }
    }

    /// Expects a file's text to change from now on: what hangs on no such file need not be looked at after each change.
    pub fn open_file(&mut self, path: &str) {
        if let Some(&file) = self.files.get(path)
            && self.open.insert(path.to_owned())
        {
            let text = file.text(&self.storage).to_owned();
            file.set_text(&mut self.storage).with_durability(Durability::LOW).to(text);
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
        let foreign = self.foreign_present.iter().filter_map(|path| self.foreign.get(path).copied());
        let files: Vec<File> = self.library.iter().copied().chain(foreign).chain(files).collect();
        if self.project.files(&self.storage) == files {
            return;
        }
        self.project.set_files(&mut self.storage).with_durability(Durability::MEDIUM).to(files);
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

    /// Looks at every file, on several threads, so that what is asked next finds it done. No answer depends on it.
    ///
    /// - `threads`: how many may work at once; the caller is one of them.
    pub fn prepare(&self, threads: usize) {
        let (project, next) = (self.project, AtomicUsize::new(0));
        let files = project.files(&self.storage);
        let work = |db: &Storage| {
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                reports_of(db, project, *file);
            }
        };
        let work = &work;
        std::thread::scope(|scope| {
            let others = (1..threads.min(files.len())).map(|_| {
                let storage = self.storage.clone();
                scope.spawn(move || work(&storage))
            });
            let others: Vec<_> = others.collect();
            work(&self.storage);
            for other in others {
                other.join().unwrap_or_else(|cancelled| resume_unwind(cancelled));
            }
        });
    }

    /// The program, the tests, and all that is wrong.
    pub fn compile(&self) -> Output {
        let mut reports = self.in_files();
        let lowered = (!any_error(&reports)).then(|| lowered(&self.storage, self.project));
        reports.extend(lowered.iter().flat_map(|lowered| &lowered.diagnostics).map(|found| self.report(found)));
        order(&mut reports);
        Output {
            program: lowered.and_then(|lowered| lowered.program.clone()),
            tests: lowered.map(|lowered| lowered.tests.clone()).unwrap_or_default(),
            reports,
        }
    }

    /// The same with what has no effect, which a decision has no need of.
    pub fn check(&self) -> Output {
        let mut output = self.compile();
        if output.program.is_some() {
            output.reports.extend(linted(&self.storage, self.project).iter().map(|found| self.report(found)));
            order(&mut output.reports);
        }
        output
    }

    /// What `decide::paths` found in facts, as findings about the files; with each whether the rule foresees it.
    pub fn nowhere<'f>(&self, found: impl IntoIterator<Item = &'f (Nowhere, bool)>) -> Vec<Report> {
        let found = found
            .into_iter()
            .filter_map(|(path, foreseen)| nowhere(&self.storage, *self.files.get(&path.rule.0)?, path, *foreseen));
        let mut reports: Vec<Report> = found.map(|found| self.report(&found)).collect();
        order(&mut reports);
        reports
    }

    /// What `decide::unfilled` found in facts, as findings about the files.
    pub fn unfilled(&self, names: &BTreeSet<String>) -> Vec<Report> {
        let found = self.files.values().flat_map(|file| unfilled(&self.storage, self.project, *file, names));
        let mut reports: Vec<Report> = found.map(|found| self.report(&found)).collect();
        order(&mut reports);
        reports
    }

    /// What is wrong in one file, as far as it and the declarations that it reads show it: the answer to a keystroke.
    pub fn reports(&self, path: &str) -> Vec<Report> {
        let Some(&file) = self.files.get(path) else { return Vec::new() };
        let mut reports = reports_of(&self.storage, self.project, file).clone();
        let clashes = clashes(&self.storage, self.project).iter();
        reports.extend(clashes.filter(|report| report.file() == Some(path)).cloned());
        order(&mut reports);
        reports
    }

    /// What only the whole package shows, of all files; `None` where a file is wrong. Takes its time.
    pub fn findings(&self) -> Option<Vec<Report>> {
        if any_error(&self.in_files()) {
            return None;
        }
        let mut reports: Vec<Report> =
            findings(&self.storage, self.project).iter().map(|found| self.report(found)).collect();
        if !any_error(&reports) {
            reports.extend(linted(&self.storage, self.project).iter().map(|found| self.report(found)));
        }
        order(&mut reports);
        Some(reports)
    }

    /// What is wrong in the files, each by itself; also in those of other packages.
    pub(crate) fn in_files(&self) -> Vec<Report> {
        let db = &self.storage;
        let files = self.project.files(db).iter().flat_map(|file| reports_of(db, self.project, *file));
        files.chain(clashes(db, self.project)).cloned().collect()
    }

    /// The declarations of all modules, for questions.
    pub fn library(&self) -> Library<'_> {
        queries::library(&self.storage, self.project, false)
    }

    /// The program with a module beside those of the package, for a question.
    pub(crate) fn lower_with(&self, beside: lower::Module<'_>) -> Lowered {
        queries::lower_with(&self.storage, self.project, Some(beside))
    }

    /// The text of a file, of the package (`policy.writ`) or the standard library (`std/state.writ`).
    pub fn text(&self, path: &str) -> Option<&str> {
        Some(self.file(path)?.text(&self.storage))
    }

    fn report(&self, diagnostic: &Diagnostic) -> Report {
        report(&self.storage, self.project, diagnostic)
    }
}

fn any_error(reports: &[Report]) -> bool {
    reports.iter().any(|report| report.severity() == Severity::Error)
}

fn order(reports: &mut Vec<Report>) {
    reports.sort_by(|a, b| a.order().cmp(&b.order()));
    reports.dedup();
}

#[cfg(test)]
mod tests;
