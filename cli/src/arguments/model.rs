//! The verbs that make, list, name and compare versions of the model, and those that ask how its parts hang together.

use super::{Policy, Question};
use clap::{Args, Subcommand};

/// `writ import`.
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// Which policy.
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// Why, in a few words; stands beside the version, not in its digest.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) message: String,
    /// Who makes it; recorded as a claim.
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// The time that stands beside the version (default: the clock).
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// When files that do not say so themselves were observed.
    #[arg(long, value_name = "TIME")]
    pub(crate) observed_at: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The verbs of `writ model`. A version is named by a tag, by its digest or the first digits of it, or as `newest`.
#[derive(Subcommand, Debug)]
pub(crate) enum ModelVerb {
    /// Every version, the newest first.
    Log {
        /// Which policy.
        #[command(flatten)]
        policy: Policy,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// One version: its sources, and how many facts it has of each relation.
    Show {
        /// Which version.
        #[arg(default_value = "newest", value_name = "VERSION")]
        of: String,
        /// The facts of this relation, each with file and place.
        #[arg(long, value_name = "NAME")]
        relation: Option<String>,
        /// Which policy.
        #[command(flatten)]
        policy: Policy,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show to who does not have the version that it has a fact, or has it not; `writ verify` checks the answer.
    #[command(after_help = "Example:\n  writ model prove 'std.state.kind(\"db\", \"database\")' > shown.json")]
    Prove {
        /// The fact: `std.state.kind("db", "database")`.
        fact: String,
        /// Which version.
        #[arg(default_value = "newest", value_name = "VERSION")]
        of: String,
        /// Which policy.
        #[command(flatten)]
        policy: Policy,
    },
    /// Give a version a name; it is kept as long as it has one.
    Tag {
        /// The name.
        name: String,
        /// Which version.
        #[arg(default_value = "newest", value_name = "VERSION")]
        of: String,
        /// Take the name away.
        #[arg(long)]
        delete: bool,
        /// Which policy.
        #[command(flatten)]
        policy: Policy,
    },
    /// Make one version of two models, each under its own name.
    Merge(Merge),
    /// Clear away versions that are neither among the newest nor named by a tag or a kept decision.
    Gc {
        /// How many of the newest stay.
        #[arg(long, value_name = "N", default_value_t = 20)]
        keep: usize,
        /// Which policy.
        #[command(flatten)]
        policy: Policy,
    },
}

/// Which of the tuples that came and went are told.
#[derive(Args, Debug)]
pub(crate) struct Tuples {
    /// Only this relation: `accountable`, `policy.open`.
    #[arg(long, value_name = "NAME")]
    pub(crate) relation: Option<String>,
    /// Only tuples that name this resource.
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
    /// Only what this intent covers or its blueprints say.
    #[arg(long, value_name = "NAME")]
    pub(crate) intent: Option<String>,
    /// Every tuple, not only the first 20 of each relation.
    #[arg(long)]
    pub(crate) full: bool,
}

/// `writ diff`.
#[derive(Args, Debug)]
pub(crate) struct Diff {
    /// A model version (tag, digest, its first digits, `newest`), a policy folder, or `VERSION:FOLDER`.
    pub(crate) from: String,
    /// The later one, named alike.
    pub(crate) to: String,
    /// The policy that a version is read by, and whose versions are meant.
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// Which tuples.
    #[command(flatten)]
    pub(crate) tuples: Tuples,
    /// The time that timed rules read (default: the clock).
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// At most so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) max_time: u64,
    /// text, json, markdown or html (a page by itself), optionally into a file: `html=week.html` (repeatable).
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// As `--output json`.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `writ blast`.
#[derive(Args, Debug)]
pub(crate) struct Blast {
    /// The resource.
    pub(crate) resource: String,
    /// What it is asked of.
    #[command(flatten)]
    pub(crate) question: Question,
    /// Everything, not only the 20 nearest.
    #[arg(long)]
    pub(crate) full: bool,
    /// text, json, csv, dot (Graphviz), mermaid or html (a page by itself), optionally into a file: `html=blast.html`
    /// (repeatable).
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// As `--output json`.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `writ owners`.
#[derive(Args, Debug)]
pub(crate) struct Owners {
    /// The resource.
    pub(crate) resource: String,
    /// What it is asked of.
    #[command(flatten)]
    pub(crate) question: Question,
    /// Show whole proofs.
    #[arg(long)]
    pub(crate) full: bool,
    /// text, json, csv, dot (Graphviz), mermaid or html (a page by itself), optionally into a file: `html=owners.html`
    /// (repeatable).
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// As `--output json`.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `writ orphans`.
#[derive(Args, Debug)]
pub(crate) struct Orphans {
    /// What it is asked of.
    #[command(flatten)]
    pub(crate) question: Question,
    /// text, json, csv, dot (Graphviz), mermaid or html (a page by itself), optionally into a file: `html=orphans.html`
    /// (repeatable). A picture shows what needs each of them, too.
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// As `--output json`.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `writ watch`.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    /// Which policy.
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// Which tuples.
    #[command(flatten)]
    pub(crate) tuples: Tuples,
}

/// `writ model merge`.
#[derive(Args, Debug)]
pub(crate) struct Merge {
    /// A version that the policy keeps, or the folder of another package, whose newest is taken.
    pub(crate) left: String,
    /// The other one.
    pub(crate) right: String,
    /// What both estates are called: `ours,theirs`.
    #[arg(long, value_name = "LEFT,RIGHT", value_delimiter = ',', required = true)]
    pub(crate) names: Vec<String>,
    /// Who makes it; recorded as a claim.
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// The time that stands beside the version (default: the clock).
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// The policy that the two are read by, and that keeps what comes of them.
    #[command(flatten)]
    pub(crate) policy: Policy,
}
