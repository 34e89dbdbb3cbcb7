//! The command line: verbs, their inputs, their help.
// LONG: every verb with its flags and its help, in the order in which they are listed; they share `Inputs`.

mod decisions;
mod model;
mod packages;

pub(crate) use decisions::{Approve, Decide, Filter, Log, Replay, Verify};
pub(crate) use model::{Blast, Diff, Import, Merge, ModelVerb, Orphans, Owners, Tuples, Watch};
pub(crate) use packages::{Add, Fetching, Packages, Publish};

use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

/// Decides whether an infrastructure change is legitimate, before it happens, with a proof.
///
/// Exit codes: `decide` 0 allow, 1 deny, 2 escalate; `check`, `test`, `fmt --check` 1 findings; everywhere 64 malformed input or
/// usage, 70 a fault. Nothing but an allow ends `decide` with 0.
#[derive(Parser, Debug)]
#[command(name = "writ", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// How packages may be had.
    #[command(flatten)]
    pub(crate) fetching: Fetching,
}

/// The verbs.
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Make a package that decides something at once; never overwrites.
    #[command(after_help = "Example:\n  terraform show -json tfplan > plan.json\n  writ init\n  writ decide plan.json")]
    Init {
        /// The folder.
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// The private key to sign with, in place of a new one.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Compile the policy, or in the root of a workspace all of its packages; print every finding, also what only the declared or
    /// given facts show.
    #[command(
        after_help = "Examples:\n  writ check\n  writ check --fix\n  writ check --policy policies/ --json\n  writ check --state terraform.tfstate"
    )]
    Check {
        /// What it is compared with.
        #[command(flatten)]
        question: Question,
        /// Make every obvious repair in the files, and print each.
        #[arg(long)]
        fix: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lay out .writ files in the house style; what has a syntax error stays as it is.
    #[command(after_help = "Examples:\n  writ fmt\n  writ fmt --check\n  writ fmt - < policy.writ")]
    Fmt {
        /// Files, and folders with all below them (default: the package or the workspace of this folder); `-` is standard input.
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Write nothing; show what would change, and end with 1 where something would.
        #[arg(long)]
        check: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run the policy's test blocks, or in the root of a workspace those of all of its packages.
    #[command(
        after_help = "Examples:\n  writ test\n  writ test --filter \"key\" --watch\n  writ test --coverage-min 80 --output junit=tests.xml"
    )]
    Test(Test),
    /// Decide a change: allow (0), deny (1) or escalate (2).
    #[command(
        after_help = "Examples:\n  terraform show -json tfplan | writ decide -\n  writ decide plan.json --actor ana --output markdown=comment.md"
    )]
    Decide(Decide),
    /// Read the sources that writ.toml declares into a new version of the model.
    #[command(
        after_help = "Examples:\n  writ import\n  writ import --message \"after the merge\" --actor ana --observed-at 2026-11-21T12:00Z"
    )]
    Import(Import),
    /// Versions of the model: list them, look into one, name one, clear old ones away.
    #[command(
        after_help = "Examples:\n  writ model log\n  writ model show newest --relation tag\n  writ model tag release-4 newest\n  writ model gc --keep 10\n  writ model merge . ../acquired --names ours,theirs"
    )]
    Model {
        /// What to do.
        #[command(subcommand)]
        verb: ModelVerb,
    },
    /// What became true and what ceased, between two model versions, two policies, or both.
    #[command(
        after_help = "Examples:\n  writ diff monday newest\n  writ diff 3f2a91c0 newest --intent payments --output html=week.html\n  writ diff policies/v1 policies/v2\n  writ diff monday:policies/v1 newest:policies/v2"
    )]
    Diff(Diff),
    /// Everything that hangs on a resource, with a way to each and who answers for it.
    #[command(
        after_help = "Examples:\n  writ blast aws_kms_key.main\n  writ blast aws_kms_key.main --change plan.json --output html=blast.html"
    )]
    Blast(Blast),
    /// Who answers for a resource, and why; ends with 1 where nobody does.
    #[command(
        after_help = "Examples:\n  writ owners aws_kms_key.main --full\n  writ owners aws_kms_key.main --output html=owners.html"
    )]
    Owners(Owners),
    /// What exists and nobody answers for.
    #[command(after_help = "Examples:\n  writ orphans --output csv\n  writ orphans --output html=orphans.html")]
    Orphans(Orphans),
    /// Keep the model up to date as its sources change, and tell what became true and what ceased; Ctrl-C ends.
    #[command(after_help = "Examples:\n  writ watch\n  writ watch --intent payments")]
    Watch(Watch),
    /// Where what is meant, what was built and what runs disagree.
    #[command(after_help = "Examples:\n  writ reconcile\n  writ reconcile --model monday --output csv")]
    Reconcile {
        /// What it is asked of.
        #[command(flatten)]
        question: Question,
        /// How rows are printed.
        #[command(flatten)]
        table: Table,
    },
    /// Prove a tuple: why does it hold?
    #[command(
        after_help = "Examples:\n  writ why 'key_lost(\"db\", \"key\")' --change plan.json\n  writ why 'exists(_)' --state terraform.tfstate --output html=why.html"
    )]
    Why(Why),
    /// Say what is missing for a tuple to hold, or for a change to be allowed, and what would pass.
    #[command(
        after_help = "Examples:\n  writ why-not 'careful.edit(\"db\")' --change plan.json\n  writ why-not --change plan.json --edits 2"
    )]
    WhyNot(WhyNot),
    /// All bindings of a body.
    #[command(
        after_help = "Example:\n  writ query 'kind(r, \"database\"), not accountable(r, _)' --state terraform.tfstate"
    )]
    Query {
        /// The body: `kind(r, k), not accountable(r, _)`.
        body: String,
        /// What it is asked of.
        #[command(flatten)]
        question: Question,
        /// How rows are printed.
        #[command(flatten)]
        table: Table,
    },
    /// Write the policy's program for embedding: a Rust module that depends on the crate `ascent` alone.
    #[command(
        after_help = "Examples:\n  writ build --emit rust --output src/policy.rs\n  writ build --emit rust --relation policy.exposed"
    )]
    Build(Build),
    /// Ask one question after the other, also of changes that nobody made: `help` says how.
    #[command(
        after_help = "Examples:\n  writ repl\n  writ repl --state terraform.tfstate\n  echo 'kind(r, \"database\")' | writ repl"
    )]
    Repl {
        /// What it is asked of.
        #[command(flatten)]
        question: Question,
    },
    /// Check an evidence file or an approval, part by part: 0 as it says, 1 refused.
    #[command(
        after_help = "Examples:\n  writ verify .writ/evidence/3f….json\n  writ verify evidence.json --key auditor.keys --receipt evidence.tlog-proof"
    )]
    Verify(Verify),
    /// Decisions that were kept, in the order in which they were recorded.
    #[command(
        after_help = "Examples:\n  writ log --verdict deny --since 2026-01-01\n  writ log --control \"PCI-DSS 1.3.1\" --since 2026-01-01 --until 2026-03-31 --output html=audit.html"
    )]
    Log(Log),
    /// A decision, an approval or a waiver that was kept.
    #[command(
        after_help = "Examples:\n  writ show 3f2a91\n  writ show evidence.json --json\n  writ show 3f2a91 --test >> policy.writ"
    )]
    Show {
        /// The beginning of its digest, or its file.
        decision: String,
        /// Which package kept it.
        #[command(flatten)]
        policy: Policy,
        /// Print a test that states it, as the policy decides it now: to be kept in the policy.
        #[arg(long, conflicts_with = "json")]
        test: bool,
        /// Print the statement as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sign an approval of what a decision asks about, or a waiver of what it denies.
    #[command(
        after_help = "Examples:\n  writ approve 3f2a91 --as bob --why \"the sale starts on Friday\" --until 2026-03-06T00:00Z\n  writ approve 3f2a91 --as bob --waive shop/sized.too_large --why \"the sale\" --until 2026-03-08T00:00Z"
    )]
    Approve(Approve),
    /// Decide every kept decision again under another policy: 1 where a verdict flips.
    #[command(
        after_help = "Examples:\n  writ replay --with ../policy-v2\n  writ replay --with ../policy-v2 --since 2026-01-01 --json"
    )]
    Replay(Replay),
    /// What is about packages.
    #[command(flatten)]
    Packages(Packages),
    /// The page of a diagnostic, of a builtin, of what the standard library declares, or for those who come from another
    /// language.
    #[command(
        after_help = "Examples:\n  writ explain W0203\n  writ explain net.contains\n  writ explain std.state.kind\n  writ explain from-rego"
    )]
    Explain {
        /// A code, a builtin, a module or a name of the standard library, or `from-rego`, `from-cedar`, `from-sql`,
        /// `from-sentinel`; without one, all codes.
        code: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// A script that completes verbs and flags in a shell.
    #[command(
        after_help = "Examples:\n  writ completions bash > ~/.local/share/bash-completion/completions/writ\n  writ completions zsh > ~/.zfunc/_writ"
    )]
    Completions {
        /// For which shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// The language server, over standard input and output.
    #[command(after_help = "Example:\n  writ lsp   # as the command of an editor's language client")]
    Lsp {
        /// Accepted and ignored: there is no other transport.
        #[arg(long)]
        stdio: bool,
    },
}

/// Which policy.
#[derive(Args, Debug, Clone)]
pub(crate) struct Policy {
    /// A folder with a writ.toml, or one .writ file.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) policy: PathBuf,
}

/// Says how a policy is named, where one stands by itself: `writ check a.writ`.
///
/// - `verb`: which verb was called.
pub(crate) fn hint(error: &mut clap::Error, verb: Option<&str>) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else { return };
    let place = Path::new(word);
    let policy = place.extension().is_some_and(|end| end == "writ") || place.is_dir();
    let arguments = Arguments::command();
    let verb = verb.and_then(|verb| arguments.find_subcommand(verb));
    let takes = verb.is_some_and(|verb| verb.get_arguments().any(|argument| argument.get_id() == "policy"));
    if policy && takes {
        let tip = format!("a policy is named with `--policy {word}`; without it, it is that of the folder you are in");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
}

/// A name or a reason that somebody gives: an empty one, of a variable that is not set, is nobody's.
fn said(text: &str) -> Result<String, String> {
    needed(text).map_err(|why| match text.trim().is_empty() {
        true => String::from("it is empty; leave the flag out where there is none"),
        false => why,
    })
}

/// The same where nothing goes on without it.
fn needed(text: &str) -> Result<String, String> {
    match (text.trim().is_empty(), text.contains(char::is_control)) {
        (true, _) => Err(String::from("it is empty, and a word counts only with it")),
        (_, true) => Err(String::from("it has a line break or another control character")),
        _ => Ok(text.to_owned()),
    }
}

/// What `decide`, `why` and `query` are asked of, and `check` compares with.
#[derive(Args, Debug, Clone)]
pub(crate) struct Inputs {
    /// Which policy.
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// A kept version of the model, in place of the newest: a tag, a digest or its first digits.
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["state", "facts"])]
    pub(crate) model: Option<String>,
    /// A Terraform state or a cluster's objects, in place of the sources that writ.toml declares (repeatable; `-` is standard input).
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Vec<String>,
    /// Facts: CSV, JSON, Writ or CODEOWNERS, in place of the declared sources (repeatable).
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Vec<String>,
    /// A signed approval or waiver, beside those of the log (repeatable).
    #[arg(long, value_name = "FILE")]
    pub(crate) approval: Vec<String>,
    /// The format of the change, where it is not to be recognised.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Who asks; recorded as a claim.
    #[arg(long, value_name = "NAME", value_parser = said)]
    pub(crate) actor: Option<String>,
    /// In which session; recorded as a claim.
    #[arg(long, value_name = "NAME", value_parser = said)]
    pub(crate) session: Option<String>,
    /// The time of the decision (default: the clock): 2026-11-21T12:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// When files that do not say so themselves were observed.
    #[arg(long, value_name = "TIME")]
    pub(crate) observed_at: Option<String>,
    /// At most so many derived tuples.
    #[arg(long, value_name = "N", default_value_t = 20_000_000)]
    pub(crate) max_tuples: usize,
    /// At most so many bytes of memory for derived tuples, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4_096)]
    pub(crate) max_memory: usize,
    /// At most so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) max_time: u64,
    /// Threads to evaluate with; the answer does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

impl Inputs {
    /// The flags that a question about the same decision needs too, ready for a shell.
    pub(crate) fn flags(&self) -> String {
        let policy = self.policy.policy.to_string_lossy();
        let mut flags = Vec::new();
        if policy != "." {
            flags.push(("--policy", policy.into_owned()));
        }
        flags.extend(self.model.iter().map(|name| ("--model", name.clone())));
        flags.extend(self.state.iter().map(|file| ("--state", file.clone())));
        flags.extend(self.facts.iter().map(|file| ("--facts", file.clone())));
        flags.extend(self.approval.iter().map(|file| ("--approval", file.clone())));
        flags.extend(self.actor.iter().map(|name| ("--actor", name.clone())));
        flags.extend(self.session.iter().map(|name| ("--session", name.clone())));
        flags.extend(self.now.iter().map(|time| ("--now", time.clone())));
        flags.extend(self.observed_at.iter().map(|time| ("--observed-at", time.clone())));
        let plain = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c));
        let shown = |word: String| if plain(&word) { word } else { format!("'{}'", word.replace('\'', "'\\''")) };
        flags.into_iter().map(|(flag, word)| format!("{flag} {}", shown(word))).collect::<Vec<_>>().join(" ")
    }
}

/// What a question is asked of.
#[derive(Args, Debug, Clone)]
pub(crate) struct Question {
    /// The policy and the facts.
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// The change in whose decision it is asked: its world after counts too.
    #[arg(long, value_name = "FILE")]
    pub(crate) change: Option<String>,
    /// A decision that was kept, in place of a change and a model: the beginning of its digest, or its record.
    #[arg(long, value_name = "DECISION", conflicts_with_all = [
        "change", "model", "state", "facts", "approval", "actor", "session", "now", "observed_at", "format",
    ])]
    pub(crate) decision: Option<String>,
}

/// How rows are printed.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct Table {
    /// How to print rows.
    #[arg(long, value_enum, default_value_t = Rows::Table)]
    output: Rows,
    /// As `--output json`.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// As `--output csv`.
    #[arg(long)]
    csv: bool,
}

impl Table {
    /// The way that was asked for.
    pub(crate) fn rows(self) -> Rows {
        match (self.json, self.csv) {
            (true, _) => Rows::Json,
            (_, true) => Rows::Csv,
            (false, false) => self.output,
        }
    }
}

/// `writ why`.
#[derive(Args, Debug)]
pub(crate) struct Why {
    /// The tuple, `_` for any value: `key_lost("db", _)`.
    pub(crate) atom: String,
    /// What it is asked of.
    #[command(flatten)]
    pub(crate) question: Question,
    /// Show the whole proof.
    #[arg(long)]
    pub(crate) full: bool,
    /// Several proofs of each tuple, at most five, each with another last step.
    #[arg(long)]
    pub(crate) all: bool,
    /// text, json, dot (Graphviz), mermaid or html (a page by itself), optionally into a file: `html=why.html`
    /// (repeatable).
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// As `--output json`.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `writ why-not`.
#[derive(Args, Debug)]
pub(crate) struct WhyNot {
    /// The tuple that does not hold; without one it is asked what would make the change an allowed one.
    pub(crate) atom: Option<String>,
    /// What it is asked of.
    #[command(flatten)]
    pub(crate) question: Question,
    /// How many edits a proposal may have; 0 looks for none.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) edits: usize,
    /// Every rule that could give it, and the whole proof of what stands against it.
    #[arg(long)]
    pub(crate) full: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `writ test`.
#[derive(Args, Debug)]
pub(crate) struct Test {
    /// Which policy.
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// Only tests whose title contains this; a case's title is `test: case`.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Only the test whose title is the filter, letter for letter.
    #[arg(long, requires = "filter")]
    pub(crate) exact: bool,
    /// Say which rules fired in how many tests, and what stopped those that never did.
    #[arg(long)]
    pub(crate) coverage: bool,
    /// The same with the rules of the standard library.
    #[arg(long)]
    pub(crate) coverage_std: bool,
    /// Fail where fewer than N percent of the rules fired.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) coverage_min: Option<u8>,
    /// Whole proofs beneath what failed.
    #[arg(long)]
    pub(crate) full: bool,
    /// Run again whenever a module or the manifest changes; Ctrl-C ends.
    #[arg(long)]
    pub(crate) watch: bool,
    /// text, json, junit or lcov, optionally into a file: `junit=tests.xml` (repeatable).
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// As `--output json`.
    #[arg(long)]
    pub(crate) json: bool,
    /// At most so many seconds for all of them.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) max_time: u64,
    /// Tests to run at once; what comes of them does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// `writ build`.
#[derive(Args, Debug)]
pub(crate) struct Build {
    /// Which policy.
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// As what.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) emit: Emit,
    /// A relation that is wanted, by its qualified name, with all that it depends on (repeatable; default: every one).
    #[arg(long, value_name = "NAME")]
    pub(crate) relation: Vec<String>,
    /// The file to write (default: standard output).
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What a program is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    /// A Rust module.
    Rust,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rows {
    /// Columns for reading.
    Table,
    /// JSON.
    Json,
    /// CSV.
    Csv,
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::{CommandFactory, Parser};

    #[test]
    fn a_policy_by_itself_is_told_how_it_is_named() {
        let said = |words: &[&str]| {
            let mut error = Arguments::try_parse_from([&["writ"], words].concat()).expect_err("one argument too many");
            super::hint(&mut error, words.first().copied());
            error.to_string()
        };
        assert!(said(&["check", "a.writ"]).contains("tip: a policy is named with `--policy a.writ`"));
        assert!(said(&["test", "."]).contains("`--policy .`"));
        for other in [["check", "a.json"].as_slice(), &["explain", "W0203", "a.writ"], &["check", "--polcy", "a.writ"]]
        {
            assert!(!said(other).contains("a policy is named"), "{other:?}");
        }
    }

    #[test]
    fn every_verb_shows_an_example_of_itself() {
        for verb in Arguments::command().get_subcommands() {
            let name = verb.get_name();
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("writ {name}")), "`writ {name} --help` has no example: {help}");
        }
    }
}
