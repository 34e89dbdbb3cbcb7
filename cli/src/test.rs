//! `writ test`: the test blocks of a policy, each in a world of its own.
//!
//! Read downwards: [`test`] runs them once, `report` puts what came of it into words, `watch` does both again and again.

mod report;
mod watch;

use crate::arguments;
use crate::decide::{apart, bounded, placed};
use crate::failure::Failure;
use crate::kept::Kept;
use crate::output::{self, Answer, Output};
use crate::package;
use crate::policy;
use crate::progress;
use decide::test::coverage::{Coverage, Rules};
use report::{Format, Report};
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

fn once(arguments: &arguments::Test, outputs: &[Output<Format>]) -> Result<Answer, Failure> {
    progress::stage("running the tests");
    let package = package::load_anew(&arguments.policy.policy)?;
    let written = outputs.iter().filter_map(|output| Some(("--output", output.file.as_deref()?)));
    apart(&Kept::of(&package.root), &package.files(), written)?;
    let compiled = policy::compile(&package)?;
    let wanted: Vec<_> = compiled.tests.iter().filter(|test| asked(arguments, &test.name)).cloned().collect();
    if let (Some(part), []) = (&arguments.filter, wanted.as_slice()) {
        let what = if arguments.exact { "no test has that title" } else { "no test has that in its title" };
        return Err(Failure::Malformed(format!(
            "--filter {part}: {what}\n  help: `writ test` lists the titles of all {}",
            compiled.tests.len()
        )));
    }
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
    let failed = ran.outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).count();
    let short = arguments.coverage_min.filter(|least| {
        let enough = |coverage: &Coverage| coverage.fired * 100 >= usize::from(*least) * coverage.rules.len();
        ran.coverage.as_ref().is_some_and(|coverage| !enough(coverage))
    });
    let code = u8::from(failed > 0 || ran.outcomes.is_empty() || short.is_some());
    let name = package.name();
    let report =
        Report { package: &name, ran: &ran, failed, coverage: arguments.coverage || arguments.coverage_std, short };
    let mut answer = Answer::of(String::new()).with_code(code);
    for output in outputs {
        let text = match output.format {
            Format::Text => report.text(),
            Format::Json => report.json(),
            Format::Junit => report.junit(),
            Format::Lcov => ran.coverage.as_ref().map(Coverage::lcov).unwrap_or_default(),
        };
        match &output.file {
            None => answer.text.push_str(&text),
            Some(file) => output::write(file, text.as_bytes())?,
        }
    }
    Ok(answer)
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
