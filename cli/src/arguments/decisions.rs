//! The verbs that make, keep, check and repeat decisions.

use super::{Inputs, Policy, needed};
use clap::Args;
use decide::Assurance;
use std::path::PathBuf;

/// `writ decide`.
#[derive(Args, Debug)]
pub(crate) struct Decide {
    /// The change: a Terraform plan as JSON, Kubernetes manifests, or our own change JSON; `-` is standard input.
    pub(crate) change: String,
    /// What it is decided over.
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// text, json, markdown, approval (the facts that would approve it), sarif, junit, vsa (a SLSA summary), cloudevents
    /// or oscal (assessment results), optionally into a file: `markdown=comment.md` (repeatable).
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// As `--output json`.
    #[arg(long)]
    pub(crate) json: bool,
    /// How much is checked before the verdict is printed, at least: proof, delta-certificate, certificate or replay.
    #[arg(long, value_name = "LEVEL", default_value = "delta-certificate", value_parser = assurance)]
    pub(crate) assurance: Assurance,
    /// Where the evidence goes (default: .writ/evidence/<digest>.json beside the manifest).
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Option<PathBuf>,
    /// The private key to sign with (default: `WRIT_SIGNING_KEY`, else .writ/key).
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// How many edits a proposal may have that would make a denied change an allowed one; 0 looks for none.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) edits: usize,
    /// Beside each rule a proof of at most 20 lines, and a line for each affected resource.
    #[arg(long)]
    pub(crate) why: bool,
    /// Everything: all affected resources, whole proofs.
    #[arg(long)]
    pub(crate) full: bool,
}

/// The level of that name.
fn assurance(name: &str) -> Result<Assurance, String> {
    let names = Assurance::ALL.map(Assurance::name).join(", ");
    let named = Assurance::ALL.into_iter().find(|level| level.name() == name);
    named.ok_or_else(|| format!("a level is one of {names}"))
}

/// `writ verify`.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The file.
    pub(crate) file: PathBuf,
    /// Whose signature is believed: a public key, or a file with one a line (repeatable; default: `[trust]` of writ.toml).
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) key: Vec<String>,
    /// Its receipt (default: the file of the same name that ends in .tlog-proof, where there is one).
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// The package whose `[trust]` is believed, and which kept the decision.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) policy: PathBuf,
    /// Refuse what no receipt shows to be in a log.
    #[arg(long)]
    pub(crate) recorded: bool,
    /// Decide it again from the facts, the change and the program that the package kept, by both evaluators.
    #[arg(long)]
    pub(crate) replay: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which entries of a log.
#[derive(Args, Debug, Default)]
pub(crate) struct Filter {
    /// Recorded at or after this day or time: 2026-01-01, 2026-01-01T12:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Recorded on or before this day, or at or before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Asked by.
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// With an action on this resource.
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
    /// With a reason of this rule, with or without its application: key_lost, orders/readable.key_lost.
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Option<String>,
    /// With a reason that names this control, or where what is not known may hide one.
    #[arg(long, value_name = "ID")]
    pub(crate) control: Option<String>,
    /// allow, deny or escalate.
    #[arg(long, value_name = "VERDICT")]
    pub(crate) verdict: Option<String>,
}

/// `writ log`.
#[derive(Args, Debug)]
pub(crate) struct Log {
    /// Which entries.
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Show that the log begins with the one of an older checkpoint or receipt.
    #[arg(long, value_name = "FILE")]
    pub(crate) extends: Option<PathBuf>,
    /// Which package kept it.
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// text, json or html (a report to print), optionally into a file: `html=audit.html` (repeatable).
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
    /// As `--output json`.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `writ approve`.
#[derive(Args, Debug)]
pub(crate) struct Approve {
    /// The decision: the beginning of its digest, or its file.
    pub(crate) decision: String,
    /// Whose word it is.
    #[arg(long = "as", value_name = "PARTY", value_parser = needed)]
    pub(crate) party: String,
    /// Why.
    #[arg(long, value_name = "TEXT", value_parser = needed)]
    pub(crate) why: String,
    /// The last instant: 2026-03-06T00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: String,
    /// Waive the violations of this rule, for any change, in place of approving what this one asks about.
    #[arg(long, value_name = "RULE")]
    pub(crate) waive: Option<String>,
    /// The party's private key (default: `WRIT_SIGNING_KEY`, else .writ/key).
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Which package kept the decision.
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// As of when it must not be over yet (default: the clock). It is recorded at the clock's time.
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// Where the approval goes (default: .writ/approval/<digest>.json beside the manifest).
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `writ replay`.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// The other policy.
    #[arg(long = "with", value_name = "DIR")]
    pub(crate) with: PathBuf,
    /// Which decisions.
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Which package kept them.
    #[command(flatten)]
    pub(crate) policy: Policy,
    /// At most so many seconds for each of them.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) max_time: u64,
    /// Decisions to make at once; what comes of them does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
