//! The `writ` tool: reads files, asks the rooms below, prints, exits.
//!
//! Read downwards: `arguments` (verbs and flags), one file per verb, `inputs` (what a decision is asked of), `package`
//! and `manifest` (a policy on disk), `store` (versions of its model), `kept` (what it has decided), `output` and `failure` (how a command ends), `places` (lines of
//! what was read), `junit` (a decision as XML), `progress` (what it does meanwhile), `changes` (files that change).
//!
//! INVARIANT: only an answer of `decide` that is an allow ends with 0 as `decide`; whatever fails ends with 64 or 70.

mod approve;
mod arguments;
mod ask;
mod build;
mod changes;
mod check;
mod decide;
mod dependencies;
mod diff;
mod disk;
mod editor;
mod estate;
mod example;
mod failure;
mod fix;
mod fmt;
mod init;
mod inputs;
mod junit;
mod kept;
mod log;
mod manifest;
mod membership;
mod merge;
mod model;
mod output;
mod package;
mod places;
mod policy;
mod progress;
mod reconcile;
mod releases;
mod remembered;
mod repl;
mod replay;
mod show;
mod store;
mod test;
mod verify;
mod watch;

use arguments::{Arguments, Verb};
use clap::{CommandFactory, Parser};
use failure::Failure;
use output::Answer;
use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;

/// What a panic said, kept for the one message that is printed of it.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// What the command line asks for.
///
/// - returns: the exit code: 0 where the answer is one to go on with, 64 for bad input, 70 for a mistake of our own.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(mut error) => {
            arguments::hint(&mut error, std::env::args().nth(1).as_deref());
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut said) = PANIC.lock() {
            said.get_or_insert_with(|| info.to_string());
        }
    }));
    let deciding = matches!(arguments.verb, Verb::Decide(_));
    let waiting = match &arguments.verb {
        Verb::Lsp { .. } | Verb::Repl { .. } => true,
        Verb::Test(test) => test.watch,
        Verb::Watch(_) => true,
        _ => false,
    };
    let watched = (!waiting).then(progress::watch);
    let answered = catch_unwind(AssertUnwindSafe(|| run(arguments)));
    drop(watched);
    let ended = answered.map(|answered| answered.and_then(|answer| answer.print(deciding).map(|()| answer.code)));
    let failure = match ended {
        Ok(Ok(code)) => return ExitCode::from(code),
        Ok(Err(failure)) => failure,
        Err(_) => {
            let said = PANIC.lock().ok().and_then(|mut said| said.take());
            Failure::Bug(said.unwrap_or_else(|| String::from("a panic that said nothing")))
        }
    };
    // What was recorded stands, and the failure says so itself.
    let stands = matches!(failure, Failure::Recorded(..));
    let unanswered = if deciding && !stands { "\n  no verdict stands; nothing is allowed by this" } else { "" };
    let _ = writeln!(std::io::stderr(), "{failure}{unanswered}");
    ExitCode::from(failure.code())
}

fn run(arguments: Arguments) -> Result<Answer, Failure> {
    package::ask(arguments.fetching);
    match arguments.verb {
        Verb::Init { folder, key, json } => init::init(&folder, key.as_deref(), json),
        Verb::Check { question, fix, json } => check::check(&question, fix, json),
        Verb::Fmt { paths, check, json } => fmt::fmt(&paths, check, json),
        Verb::Test(arguments) => test::test(&arguments),
        Verb::Decide(decide) => decide::decide(&decide),
        Verb::Diff(arguments) => diff::run(&arguments),
        Verb::Blast(arguments) => estate::blast(&arguments),
        Verb::Owners(arguments) => estate::owners(&arguments),
        Verb::Orphans(arguments) => estate::orphans(&arguments),
        Verb::Reconcile { question, table } => reconcile::run(&question, table.rows()),
        Verb::Watch(arguments) => watch::watch(&arguments),
        Verb::Import(arguments) => model::import(&arguments),
        Verb::Model { verb } => model::model(&verb),
        Verb::Why(why) => ask::why(&why),
        Verb::WhyNot(asked) => ask::why_not(&asked),
        Verb::Query { body, question, table } => ask::query(&body, &question, table.rows()),
        Verb::Build(arguments) => build::build(&arguments),
        Verb::Repl { question } => repl::repl(&question),
        Verb::Verify(arguments) => verify::verify(&arguments),
        Verb::Log(arguments) => log::log(&arguments),
        Verb::Show { decision, policy, test: true, .. } => example::of_kept(&decision, &policy.policy).map(Answer::of),
        Verb::Show { decision, policy, json, .. } => show::show(&decision, &policy.policy, json),
        Verb::Approve(arguments) => approve::approve(&arguments),
        Verb::Replay(arguments) => replay::replay(&arguments),
        Verb::Packages(packages) => dependencies::run(&packages),
        Verb::Explain { code, json } => check::explain(code.as_deref(), json),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "writ", &mut script);
            Ok(Answer::of(String::from_utf8_lossy(&script).into_owned()))
        }
        Verb::Lsp { stdio: _ } => {
            let code = lsp::serve(std::sync::Arc::new(editor::Sources))
                .map_err(|e| Failure::Fault(format!("the editor cannot be served: {e}")))?;
            Ok(Answer::of(String::new()).with_code(code))
        }
    }
}

/// Whether colour may be printed on standard output.
fn coloured() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
