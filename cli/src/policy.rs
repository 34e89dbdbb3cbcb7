//! A package compiled, and questions put to it in its own words.

use crate::coloured;
use crate::failure::Failure;
use crate::package::Package;
use compiler::database::{Database, Info, Output, Source};
use compiler::diagnostic::Severity;
use compiler::question::{self, Asked, QUESTION};
use compiler::render::render;
use compiler::report::{Report, Texts, told_once};
use program::{Fact, FactSource, Nowhere, Program, RelationId, TestCase};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A policy that compiled.
pub(crate) struct Compiled {
    /// What it means.
    pub(crate) program: Arc<Program>,
    /// Its tests, and those of the standard library.
    pub(crate) tests: Vec<TestCase>,
    pub(crate) database: Database,
}

/// What the compiler said of a package.
pub(crate) struct Checked {
    database: Database,
    output: Output,
}

impl Checked {
    /// How many errors and how many warnings.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let errors = self.output.reports.iter().filter(|report| report.severity() == Severity::Error).count();
        (errors, self.output.reports.len() - errors)
    }

    /// Adds what the facts showed.
    ///
    /// - `paths`: see `decide::paths`.
    /// - `unfilled`: see `decide::unfilled`.
    pub(crate) fn add<'f>(
        &mut self,
        paths: impl IntoIterator<Item = &'f (Nowhere, bool)>,
        unfilled: &'f BTreeSet<String>,
    ) {
        let snapshot = self.database.snapshot();
        self.output.reports.extend(snapshot.nowhere(paths));
        self.output.reports.extend(snapshot.unfilled(unfilled));
        self.output.reports.sort_by(|a, b| a.order().cmp(&b.order()));
    }

    /// Every finding as text.
    pub(crate) fn render(&self) -> String {
        drawn(&self.database, &self.output.reports, coloured())
    }

    /// Every finding as JSON.
    pub(crate) fn to_json(&self) -> Vec<serde_json::Value> {
        let snapshot = self.database.snapshot();
        let text = |path: &str| snapshot.text(path);
        let mut texts = Texts::new(&text);
        self.output.reports.iter().map(|report| report.to_json(&mut texts)).collect()
    }
}

fn drawn(database: &Database, reports: &[Report], colour: bool) -> String {
    let snapshot = database.snapshot();
    render(reports, &|path| snapshot.text(path), colour)
}

/// Compiles a package, and looks for what has no effect.
pub(crate) fn check(package: &Package) -> Checked {
    let database = database(package);
    let snapshot = database.snapshot();
    snapshot.prepare(std::thread::available_parallelism().map_or(1, usize::from));
    let mut output = snapshot.check();
    drop(snapshot);
    output.reports = told_once(output.reports);
    Checked { database, output }
}

/// A package's texts, ready to be compiled.
pub(crate) fn database(package: &Package) -> Database {
    let manifest = package.manifest.as_ref().map(|manifest| &manifest.package);
    let info = Info {
        package: program::Package {
            name: package.name(),
            version: manifest.map_or_else(|| String::from("0.0.0"), |package| package.version.clone()),
        },
        owner: manifest.and_then(|package| package.owner.clone()),
    };
    let mut database = Database::new(info);
    database.set_dependencies(package.dependencies.clone());
    for module in &package.modules {
        database.set_file(Source { path: module.path.clone(), module: module.name.clone(), text: module.text.clone() });
    }
    database
}

/// Compiles a package; a policy with an error decides nothing.
pub(crate) fn compile(package: &Package) -> Result<Compiled, Failure> {
    let database = database(package);
    let snapshot = database.snapshot();
    snapshot.prepare(std::thread::available_parallelism().map_or(1, usize::from));
    let output = snapshot.compile();
    drop(snapshot);
    match output.program {
        Some(program) => Ok(Compiled { program, tests: output.tests, database }),
        None => {
            let errors: Vec<Report> =
                output.reports.into_iter().filter(|report| report.severity() == Severity::Error).collect();
            let drawn = drawn(&database, &errors, false);
            Err(Failure::Policy(format!(
                "{}\n\n{}the policy does not compile; nothing was decided",
                drawn.trim_end(),
                package.left_out.note()
            )))
        }
    }
}

/// An atom given on the command line.
pub(crate) fn atom(compiled: &Compiled, text: &str) -> Result<Asked, Failure> {
    question::atom(&compiled.database.snapshot(), &compiled.program, text)
        .map_err(|reports| asked("atom", text, reports))
}

/// Adds a body given on the command line to the program, and says which relation holds its bindings.
pub(crate) fn query(compiled: &mut Compiled, text: &str) -> Result<RelationId, Failure> {
    let (program, relation) =
        question::body(&compiled.database.snapshot(), text).map_err(|reports| asked("query", text, reports))?;
    compiled.program = Arc::new(program);
    Ok(relation)
}

/// What is wrong with words given beside the package; `name` is where they stand.
fn asked(name: &str, text: &str, mut reports: Vec<Report>) -> Failure {
    let spots = reports.iter_mut().flat_map(|report| &mut report.spots);
    spots.filter(|spot| spot.file == QUESTION).for_each(|spot| spot.file = name.to_owned());
    Failure::Policy(render(&reports, &|path| (path == name).then_some(text), false).trim_end().to_owned())
}

/// The facts of a file in Writ.
pub(crate) fn facts(
    compiled: &Compiled,
    name: &str,
    text: &str,
    source: &Arc<FactSource>,
) -> Result<Vec<Fact>, Failure> {
    question::facts(&compiled.database.snapshot(), text, source).map_err(|reports| asked(name, text, reports))
}
