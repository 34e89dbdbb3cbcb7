//! The law of a test that is made from a decision: it passes under the policy that it was made from.
//!
//! The decisions are those of the worlds of tests: of the language reference, the pages, the examples, the library. Each is
//! compiled a few times: without `WRIT_EXAMPLES_ALL` a few of each policy are taken.

use compiler::database::{Database, Info, Source};
use decide::test::coverage::Rules;
use decide::{ask, test};
use engine::Limits;
use golden_tests::policies;
use program::TestCase;
use std::env;

const TITLE: &str = "what was decided";

/// Runs the test below the text of a module: what is not as expected.
fn tried((path, was): &(String, String), database: &mut Database, text: &str) -> Result<(), String> {
    let module = path.trim_end_matches(".writ").replace('/', ".");
    let source = |text: &str| Source { path: path.clone(), module: module.clone(), text: text.to_owned() };
    database.set_file(source(&format!("{was}\n{text}")));
    let output = database.snapshot().compile();
    database.set_file(source(was));
    let Some(program) = output.program else {
        return Err(output.reports.first().map_or_else(String::new, |report| report.message.clone()));
    };
    let made: Vec<TestCase> = output.tests.into_iter().filter(|test| test.name == TITLE).collect();
    let ran = test::run(&program, &made, Rules::None, Limits::default()).map_err(|failure| failure.to_string())?;
    assert_eq!(ran.outcomes.len(), 1);
    let missed = ran.outcomes.iter().flat_map(|one| &one.failures).next();
    missed.map_or(Ok(()), |missed| Err(format!("{}: {:?}", missed.expected, missed.instead)))
}

/// How many of one policy, where not all are.
const FEW: usize = 6;

#[test]
fn a_test_that_is_made_from_a_decision_passes() {
    let (mut made, mut faults) = (0, Vec::new());
    let few = if env::var_os("WRIT_EXAMPLES_ALL").is_some() { usize::MAX } else { FEW };
    for policy in policies::all() {
        let package = program::Package { name: "policy".into(), version: "0.0.0".into() };
        let mut database = Database::new(Info { package, owner: None });
        for (path, text) in &policy.files {
            let module = path.trim_end_matches(".writ").replace('/', ".");
            database.set_file(Source { path: path.clone(), module, text: text.clone() });
        }
        let output = database.snapshot().compile();
        let Some(program) = output.program else { continue };
        for (at, of) in output.tests.iter().step_by(output.tests.len().div_ceil(few).max(1)).enumerate() {
            let case = test::case(&program, of, Limits::default());
            // It is written where the test stands whose world it is of, so that it sees what that sees.
            let Some(home) = policy.files.iter().find(|(path, _)| *path == of.citation.file) else { continue };
            // In a test every source is fresh.
            if of.given.iter().any(|fact| fact.relation.starts_with("std.source.")) {
                continue;
            }
            // A world that cannot be is decided by nobody.
            let Ok(decided) = decide::decide(&case) else { continue };
            let changes = [ask::asked(&case, Some(&decided)), ask::asked(&case, None)];
            // As the log's decisions become tests, and as the repl's do, by turns.
            let changes = &changes[at % 2..];
            let mut last = String::new();
            let test = ask::example(&case, &decided, TITLE, changes, &mut |text| {
                text.clone_into(&mut last);
                tried(home, &mut database, text)
            });
            let test = test.map_err(|why| format!("{why}\n{last}"));
            let passes = test.and_then(|text| {
                made += 1;
                tried(home, &mut database, &text).map_err(|why| format!("{why}\n{text}"))
            });
            if let Err(why) = passes {
                faults.push(format!("{}: {}: {why}", policy.name, of.name));
            }
        }
    }
    assert!(faults.is_empty(), "{made} were made; {} were not, or do not pass:\n{}", faults.len(), faults.join("\n"));
    assert!(made > 100, "{made} tests were made");
}
