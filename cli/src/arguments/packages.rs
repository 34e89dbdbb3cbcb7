//! The verbs about packages, and how packages may be had.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// How packages may be had, whatever the verb.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Fetching {
    /// writ.lock stays as it is; what does not fit it is refused.
    #[arg(long, global = true, help_heading = "Packages")]
    pub(crate) locked: bool,
    /// Nothing is fetched that is not on this machine.
    #[arg(long, global = true, help_heading = "Packages")]
    pub(crate) offline: bool,
    /// Both.
    #[arg(long, global = true, help_heading = "Packages")]
    pub(crate) frozen: bool,
}

/// The verbs about packages.
#[derive(Subcommand, Debug)]
pub(crate) enum Packages {
    /// Make a package that others can depend on: a blueprint, its tests, its documentation.
    #[command(after_help = "Example:\n  writ new acme/tagging\n  cd tagging && writ test")]
    New {
        /// `scope/name`.
        name: String,
        /// Where (default: a new folder of that name).
        folder: Option<PathBuf>,
    },
    /// Depend on a package: the manifest, the lock, the files.
    #[command(
        after_help = "Examples:\n  writ add acme/tagging acme/edge@2\n  writ add acme/tagging@1.4 --trust 'acme+1f2e3d4c+…'\n  writ add --path ../tagging\n  writ add acme/words --git https://example.com/policies --tag v2 --folder words"
    )]
    Add(Add),
    /// Depend on packages no more.
    #[command(after_help = "Example:\n  writ remove acme/tagging")]
    Remove {
        /// Which ones.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// Of which package.
        #[arg(long, default_value = ".", value_name = "DIR")]
        policy: PathBuf,
    },
    /// Lock the newest versions that the manifest takes; `--dry-run` tells which of one's own decisions would turn, and ends
    /// with 1 where one would.
    #[command(after_help = "Examples:\n  writ update\n  writ update acme/tagging\n  writ update --dry-run")]
    Update {
        /// These alone; the others stay where they can.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Tell what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Of which package.
        #[arg(long, default_value = ".", value_name = "DIR")]
        policy: PathBuf,
    },
    /// Which packages this one depends on, and through which; in the root of a workspace, each of its packages.
    #[command(after_help = "Example:\n  writ tree")]
    Tree {
        /// Of which package.
        #[arg(long, default_value = ".", value_name = "DIR")]
        policy: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Publish this package: checked, tested, laid out, signed.
    #[command(after_help = "Examples:\n  writ publish --dry-run\n  writ publish --registry ../registry --key acme.key")]
    Publish(Publish),
    /// Say that nobody should take a version anew; who has it locked keeps it.
    #[command(after_help = "Example:\n  writ yank acme/tagging@1.4.0 --why \"it allows what it should deny\"")]
    Yank {
        /// `scope/name@VERSION`.
        release: String,
        /// Why; told to whoever has it locked.
        #[arg(long, value_name = "TEXT", required_unless_present = "undo")]
        why: Option<String>,
        /// It may be taken again.
        #[arg(long, conflicts_with = "why")]
        undo: bool,
        /// Where it is published (default: [registries] of writ.toml).
        #[arg(long, value_name = "LOCATION")]
        registry: Option<String>,
        /// The package whose [registries] count.
        #[arg(long, default_value = ".", value_name = "DIR")]
        policy: PathBuf,
    },
    /// Which packages there are.
    #[command(after_help = "Examples:\n  writ search\n  writ search tagging --registry ../registry")]
    Search {
        /// A part of a name or description.
        #[arg(default_value = "")]
        word: String,
        /// Where (default: all [registries] of writ.toml).
        #[arg(long, value_name = "LOCATION")]
        registry: Option<String>,
        /// The package whose [registries] count.
        #[arg(long, default_value = ".", value_name = "DIR")]
        policy: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// A page of HTML about a package: what it offers, its parameters and controls, worked decisions.
    #[command(after_help = "Examples:\n  writ docs --output docs.html\n  writ docs acme/tagging --output tagging.html")]
    Docs {
        /// A package that this one depends on (default: this one).
        name: Option<String>,
        /// Of which package.
        #[arg(long, default_value = ".", value_name = "DIR")]
        policy: PathBuf,
        /// Where the page goes (default: standard output).
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// What is locked and should not be: yanked, unsigned; and what is newer. Ends with 1 on the first two.
    #[command(after_help = "Example:\n  writ audit")]
    Audit {
        /// Of which package.
        #[arg(long, default_value = ".", value_name = "DIR")]
        policy: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Copy all packages that this one depends on into `vendor/`, from where they are read from then on.
    #[command(after_help = "Example:\n  writ vendor && writ decide plan.json --frozen")]
    Vendor {
        /// Of which package.
        #[arg(long, default_value = ".", value_name = "DIR")]
        policy: PathBuf,
    },
}

/// `writ publish`.
#[derive(Args, Debug)]
pub(crate) struct Publish {
    /// Where (default: [registries] of writ.toml).
    #[arg(long, value_name = "LOCATION")]
    pub(crate) registry: Option<String>,
    /// The private key to sign with (default: `WRIT_SIGNING_KEY`, else .writ/key).
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Without a signature: only who believes anybody will take it.
    #[arg(long, conflicts_with = "key")]
    pub(crate) unsigned: bool,
    /// Also what is not committed.
    #[arg(long)]
    pub(crate) allow_dirty: bool,
    /// Tell what would be published, and publish nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Which package.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) policy: PathBuf,
}

/// `writ add`.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// `scope/name`, or `scope/name@RANGE`; without a range it is that of the newest version. With `--path` and `--git` the
    /// name may be left out.
    #[arg(required_unless_present_any = ["path", "git"], value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// It is in this folder, seen from the manifest.
    #[arg(long, value_name = "DIR", conflicts_with = "git")]
    pub(crate) path: Option<String>,
    /// It is in this git repository: what `git clone` takes, or a folder seen from the manifest.
    #[arg(long, value_name = "URL")]
    pub(crate) git: Option<String>,
    /// A tag of the repository (default: its own choice of a branch).
    #[arg(long, value_name = "NAME", requires = "git")]
    pub(crate) tag: Option<String>,
    /// A branch of it; the commit that it stands for is locked.
    #[arg(long, value_name = "NAME", requires = "git", conflicts_with = "tag")]
    pub(crate) branch: Option<String>,
    /// A commit of it, or anything else that names one.
    #[arg(long, value_name = "REV", requires = "git", conflicts_with_all = ["tag", "branch"])]
    pub(crate) rev: Option<String>,
    /// The package's folder in it.
    #[arg(long, value_name = "DIR", requires = "git")]
    pub(crate) folder: Option<String>,
    /// Only this package's own tests need it.
    #[arg(long)]
    pub(crate) dev: bool,
    /// This public key speaks for its scope (repeatable).
    #[arg(long, value_name = "KEY")]
    pub(crate) trust: Vec<String>,
    /// The packages of its scope are found there.
    #[arg(long, value_name = "LOCATION")]
    pub(crate) registry: Option<String>,
    /// Of which package.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) policy: PathBuf,
}
