//! `writ test`: the test blocks of a policy, each in a world of its own.
//!
//! Read downwards: [`test`] runs those of one package or of a whole workspace, `report` puts what came of it into words,
//! `watch` does both again and again.

mod report;
mod watch;

use crate::arguments;
use crate::decide::{apart, bounded, placed};
use crate::failure::Failure;
use crate::kept::Kept;
use crate::output::{self, Answer, Output};
use crate::package::{self, Each, Package};
use crate::policy::{self, Compiled};
use crate::progress;
use crate::releases::cases;
use decide::test::coverage::{Coverage, Rules};
use report::{Format, Report, Tested};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Runs the tests; ends with 1 where one fails, where there is none, and where fewer rules fired than asked for.
pub(crate) fn test(arguments: &arguments::Test) -> Result<Answer, Failure> {
    let outputs = report::outputs(arguments)?;
    if arguments.watch {
        return watch::watch(&arguments.policy.policy, || once(arguments, &outputs));
    }
    once(arguments, &outputs)
}

/// Runs those of a package that was read already, as it is: also where its folder is the root of a workspace.
pub(crate) fn of_package(arguments: &arguments::Test, package: &Package) -> Result<Answer, Failure> {
    let outputs = report::outputs(arguments)?;
    let tested = ran(arguments, package, &policy::compile(package)?, &outputs)?;
    put(&Report::One(&tested), arguments, &outputs, tested.code())
}

fn once(arguments: &arguments::Test, outputs: &[Output<Format>]) -> Result<Answer, Failure> {
    progress::stage("running the tests");
    let Some(members) = package::members_anew(&arguments.policy.policy)? else { return alone(arguments, outputs) };
    let each = members.into_iter().map(|member| {
        let tested = run(arguments, &member.folder, outputs);
        (member, tested)
    });
    let mut all: Each<Tested> = each.collect();
    if arguments.filter.is_some() {
        let titles = all.iter().filter_map(|(_, one)| Some(one.as_ref().ok()?.titles)).sum();
        // Who has no such test was not asked.
        all.retain(|(_, one)| one.as_ref().map_or(true, |one| !one.ran.outcomes.is_empty()));
        if all.is_empty() {
            return Err(no_title(arguments, titles));
        }
    }
    put(&Report::Each(&all), arguments, outputs, package::worst(&all, Tested::code))
}

fn alone(arguments: &arguments::Test, outputs: &[Output<Format>]) -> Result<Answer, Failure> {
    let tested = run(arguments, &arguments.policy.policy, outputs)?;
    if arguments.filter.is_some() && tested.ran.outcomes.is_empty() {
        return Err(no_title(arguments, tested.titles));
    }
    put(&Report::One(&tested), arguments, outputs, tested.code())
}

fn no_title(arguments: &arguments::Test, titles: usize) -> Failure {
    let what = if arguments.exact { "no test has that title" } else { "no test has that in its title" };
    Failure::Malformed(format!(
        "--filter {}: {what}\n  help: `writ test` lists the titles of all {titles}{}",
        arguments.filter.as_deref().unwrap_or_default(),
        if arguments.exact {
            "; each case of a test has its own, and all of them are found without `--exact`"
        } else {
            ""
        }
    ))
}

/// Puts a report where each form of it goes.
fn put(
    report: &Report<'_>,
    arguments: &arguments::Test,
    outputs: &[Output<Format>],
    code: u8,
) -> Result<Answer, Failure> {
    let rules = arguments.coverage || arguments.coverage_std;
    let mut answer = Answer::of(String::new()).with_code(code);
    for output in outputs {
        let text = report.told(output.format, rules, arguments.full);
        match &output.file {
            None => answer.text.push_str(&text),
            Some(file) => output::write(file, text.as_bytes())?,
        }
    }
    Ok(answer)
}

/// Runs the tests of one package.
fn run(arguments: &arguments::Test, policy: &Path, outputs: &[Output<Format>]) -> Result<Tested, Failure> {
    let package = package::load_anew(policy)?;
    let compiled = policy::compile(&package)?;
    if arguments.filter.is_none() {
        cases::of_folder(&package, &compiled.program)?;
    }
    ran(arguments, &package, &compiled, outputs)
}

fn ran(
    arguments: &arguments::Test,
    package: &Package,
    compiled: &Compiled,
    outputs: &[Output<Format>],
) -> Result<Tested, Failure> {
    let written = outputs.iter().filter_map(|output| Some(("--output", output.file.as_deref()?)));
    apart(&Kept::of(&package.root), &package.files(), written)?;
    let wanted: Vec<_> = compiled.tests.iter().filter(|test| asked(arguments, &test.name)).cloned().collect();
    let covering = match (arguments.coverage_std, covers(arguments, outputs)) {
        (true, _) => Rules::All,
        (false, true) => Rules::Own,
        (false, false) => Rules::None,
    };
    let threads = arguments.threads.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let limits = engine::Limits { threads, ..engine::Limits::default() };
    let run = |limits: engine::Limits<'_>| decide::test::run(&compiled.program, &wanted, covering, limits);
    let ran = bounded(Duration::from_secs(arguments.max_time), limits, run).map_err(|failure| match failure {
        decide::Failure::Malformed(malformed) => Failure::Malformed(placed(&malformed)),
        decide::Failure::Limit(what) => {
            let flag = if what.ends_with("stopped") || what.contains("time") { "; --max-time raises it" } else { "" };
            Failure::Fault(format!("{what}{flag}"))
        }
        decide::Failure::Bug(what) => Failure::Bug(what),
    })?;
    let short = arguments.coverage_min.filter(|least| {
        let enough = |coverage: &Coverage| coverage.fired * 100 >= usize::from(*least) * coverage.rules.len();
        ran.coverage.as_ref().is_some_and(|coverage| !enough(coverage))
    });
    Ok(Tested { name: package.name(), ran, short, titles: compiled.tests.len() })
}

/// Whether a test of that title is wanted.
fn asked(arguments: &arguments::Test, title: &str) -> bool {
    let matches = |part: &String| if arguments.exact { title == part } else { title.contains(part.as_str()) };
    arguments.filter.as_ref().is_none_or(matches)
}

/// Whether anything asks which rules fired.
fn covers(arguments: &arguments::Test, outputs: &[Output<Format>]) -> bool {
    let lcov = outputs.iter().any(|output| output.format == Format::Lcov);
    arguments.coverage || arguments.coverage_min.is_some() || lcov
}
