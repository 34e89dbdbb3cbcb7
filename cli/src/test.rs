//! `writ test`: the test blocks of a policy, each in a world of its own.

use crate::arguments::Policy;
use crate::decide::placed;
use crate::failure::Failure;
use crate::output::Answer;
use crate::package;
use crate::policy;
use crate::progress;
use serde_json::json;
use std::fmt::Write as _;
use std::thread;

/// Runs the tests; ends with 1 where one fails.
///
/// - `filter`: only tests whose title contains it.
pub(crate) fn test(policy: &Policy, filter: Option<&str>, as_json: bool) -> Result<Answer, Failure> {
    progress::stage("running the tests");
    let package = package::load(&policy.policy)?;
    let compiled = policy::compile(&package)?;
    let titled = |test: &&program::TestCase| filter.is_none_or(|part| test.name.contains(part));
    let wanted: Vec<_> = compiled.tests.iter().filter(titled).cloned().collect();
    if wanted.is_empty()
        && let Some(part) = filter
    {
        return Err(Failure::Malformed(format!(
            "--filter {part}: no test has that in its title\n  help: `writ test` lists the titles of all {}",
            compiled.tests.len()
        )));
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let limits = engine::Limits { threads, ..engine::Limits::default() };
    let outcomes = decide::test::run(&compiled.program, &wanted, limits).map_err(|failure| match failure {
        decide::Failure::Malformed(malformed) => Failure::Malformed(placed(&malformed)),
        decide::Failure::Limit(what) => Failure::Fault(what),
        decide::Failure::Bug(what) => Failure::Bug(what),
    })?;
    let failed = outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).count();
    let (passed, code) = (outcomes.len() - failed, u8::from(failed > 0));
    if as_json {
        let answer = json!({ "passed": passed, "failed": failed, "tests": outcomes });
        return Ok(Answer::of(format!("{answer:#}\n")).with_code(code));
    }
    let mut text = String::new();
    for outcome in &outcomes {
        if outcome.failures.is_empty() {
            let _ = writeln!(text, "ok      {}", outcome.name);
            continue;
        }
        let _ = writeln!(text, "FAILED  {}   {}", outcome.name, outcome.place);
        for missed in &outcome.failures {
            let _ = writeln!(text, "  {}: expected {}", missed.place, missed.expected);
            for instead in &missed.instead {
                let _ = writeln!(text, "    instead: {instead}");
            }
        }
    }
    let _ = writeln!(text, "{}: {passed} passed, {failed} failed", package.name());
    if outcomes.is_empty() {
        let _ = writeln!(text, "  there is no test; nothing was tried");
    }
    Ok(Answer::of(text).with_code(code))
}
