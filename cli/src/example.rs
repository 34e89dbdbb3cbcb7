//! A decision as a test of the policy, run before it is shown.
//!
//! Read downwards: [`of_kept`] is a decision that was kept, decided again by the policy as it is; [`passes`] runs what was
//! written, in a module of its own.

use crate::decide::{bounded, failed};
use crate::failure::Failure;
use crate::inputs::decided::Decided;
use crate::kept::Kept;
use crate::package;
use crate::policy;
use compiler::database::{Database, Source};
use compiler::hir::Package;
use compiler::ide::formatting;
use compiler::names::Exports;
use decide::ask;
use decide::test::coverage::Rules;
use evidence::{Entry, Kept as Kind};
use std::path::Path;
use std::time::Duration;

/// What is said where no test states a decision.
pub(crate) fn none(why: &str) -> Failure {
    Failure::Malformed(format!(
        "no test states this: in a test every source is fresh and whole, and nothing is assumed\n  help: of the one that was tried, this is not so: {}",
        why.split_whitespace().collect::<Vec<_>>().join(" ")
    ))
}

/// Seconds that deciding it again may take.
const LONGEST: u64 = 600;

/// The test that states a decision that was kept, as the policy decides it now.
///
/// - `decision`: the beginning of its digest, or its file.
pub(crate) fn of_kept(decision: &str, policy: &Path) -> Result<String, Failure> {
    let package = package::load(policy)?;
    let mut compiled = policy::compile(&package)?;
    let kept = Kept::of(&package.root);
    let asked = Decided::find(&kept, decision)?;
    let case = asked.case(&kept, &compiled)?;
    let limits = engine::Limits::default();
    let decided = bounded(Duration::from_secs(LONGEST), limits, |limits| {
        decide::decide(&decide::Case { limits, ..case.clone() })
    })
    .map_err(failed)?;
    let short = asked.digest.trim_start_matches("sha256:").get(..8).unwrap_or_default().to_owned();
    let title = format!("{} {short}: {}", decided.verdict.name(), asked.file);
    let module = unused(&compiled.database, "example");
    let changes = [ask::asked(&case, Some(&decided)), ask::asked(&case, None)];
    let mut tried = |text: &str| tried(&mut compiled.database, &module, "", text, &title);
    let text = ask::example(&case, &decided, &title, &changes, &mut tried).map_err(|why| none(&why))?;
    let mut page = formatting::of_file(&text).text;
    if let Some(was) = asked.entry.verdict.filter(|was| *was != decided.verdict) {
        let (was, is) = (was.name(), decided.verdict.name());
        page.push_str(&format!("// It was decided as {was}; by the policy as it is now it is {is}.\n"));
    }
    Ok(page)
}

/// The decisions of a package's log, newest first.
///
/// - `most`: entries that are looked at.
pub(crate) fn decisions(root: &Path, most: u64) -> Result<Vec<Entry>, Failure> {
    let kept = Kept::of(root);
    if !kept.has_log() {
        return Ok(Vec::new());
    }
    let folder = kept.folder();
    let view = kept.view(&folder)?;
    let read = view.entries(view.size().saturating_sub(most));
    let mut entries = read.map_err(|fault| kept.fault(&fault))?;
    entries.retain(|entry| entry.kind == Kind::Decision && entry.content.is_some());
    entries.reverse();
    Ok(entries)
}

/// A name that no module of the package has.
pub(crate) fn unused(database: &Database, wanted: &str) -> String {
    let taken = |name: &String| database.paths().any(|path| path == format!("{name}.writ"));
    let names = (0..).map(|n| if n == 0 { wanted.to_owned() } else { format!("{wanted}{n}") });
    names.into_iter().find(|name| !taken(name)).unwrap_or_default()
}

/// The module of the package that alone may state what a test states: one of whose relations is not `pub`.
fn home(database: &Database, test: &str) -> Option<(String, String)> {
    let snapshot = database.snapshot();
    let library = snapshot.library();
    let states = |exports: &Exports| {
        let mut private = exports.names.iter().filter(|(local, entry)| !entry.public && !local.contains('.'));
        exports.package == Package::Root
            && private.any(|(local, _)| test.contains(&format!(" {}.{local}(", exports.module)))
    };
    let exports = library.names.modules().find(|exports| states(exports))?;
    let text = snapshot.text(&format!("{}.writ", exports.module.replace('.', "/")))?;
    Some((exports.module.clone(), text.to_owned()))
}

/// Runs the test of that title in a module's text, or where its facts may be stated. Both stay in the package, as they were.
///
/// - `module`: one of no other text.
/// - `before`: what stands there before the test.
/// - returns: what is not as expected, where it does not pass.
pub(crate) fn tried(
    database: &mut Database,
    module: &str,
    before: &str,
    test: &str,
    title: &str,
) -> Result<(), String> {
    let home = home(database, test);
    let (module, was, text) = match &home {
        Some((module, text)) => (module.as_str(), text.as_str(), format!("{text}\n{test}")),
        None => (module, "", format!("{before}\n{test}")),
    };
    let path = format!("{}.writ", module.replace('.', "/"));
    let source = |text: &str| Source { path: path.clone(), module: module.to_owned(), text: text.to_owned() };
    database.set_file(source(&text));
    let output = database.snapshot().compile();
    database.set_file(source(was));
    let own = output.tests.into_iter().filter(|test| test.citation.file == path && test.name == title);
    let tests: Vec<program::TestCase> = own.collect();
    let Some(program) = output.program else {
        return Err(output.reports.first().map_or_else(String::new, |report| report.message.clone()));
    };
    let ran = decide::test::run(&program, &tests, Rules::None, engine::Limits::default());
    let ran = ran.map_err(|failure| failure.to_string())?;
    let missed = ran.outcomes.iter().flat_map(|one| &one.failures).next();
    match missed {
        Some(missed) => Err([Some(&missed.expected), missed.instead.first()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("; ")),
        None if ran.outcomes.is_empty() => Err(String::from("it cannot be read")),
        None => Ok(()),
    }
}
