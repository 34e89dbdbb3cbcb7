//! What a decision or a question is asked of: the policy compiled, the files read, the sources weighed.
//!
//! Read downwards: [`load`] is the whole way; `reader` reads what `writ.toml` declares, or what the command line gives in its
//! place.
//!
//! INVARIANT: a file that cannot be read with certainty ends the command with 64; a declared source that is absent or too
//! old is never passed over in silence.

pub(crate) mod approved;
mod collect;
pub(crate) mod decided;
mod opened;
mod reader;

use crate::arguments::{Inputs, Question};
use crate::decide::limited;
use crate::failure::Failure;
use crate::kept::Kept;
use crate::manifest::{Kind, Manifest, Source, Trust};
use crate::package::{self, Package};
use crate::policy::{self, Compiled};
use crate::progress;
use crate::remembered::{self, Believed, Remembered, Word};
use crate::store::Opened;
use decide::{Case, SourceState};
use evidence::{Aged, Entry, Lapsed};
use import::{Format, Manifests};
use program::{Change, Fact, FactSource, Speaks, Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use collect::{Observed, Taken, collect};
pub(crate) use reader::folder_beyond;
use reader::{Declared, Reader, counts_beside_plan, gather};

/// Everything that was read for one command.
pub(crate) struct Loaded {
    /// The policy, compiled.
    pub(crate) compiled: Compiled,
    /// The world before, from every source.
    pub(crate) facts: Vec<Fact>,
    /// What is asked; without actions where nothing is.
    pub(crate) change: Change,
    /// What is known of the declared sources besides their facts.
    pub(crate) sources: Vec<SourceState>,
    /// The facts and their sources under one name.
    pub(crate) version: model::Version,
    /// The time of the decision, microseconds since 1970.
    pub(crate) now: i64,
    /// The record that somebody's word on this change answered.
    pub(crate) prior: Option<String>,
    /// Names and bytes of signed words that were handed over and count: what a decision keeps of them.
    pub(crate) words: Vec<(String, Vec<u8>)>,
    /// Signed approvals of this very change, which are among the facts.
    pub(crate) approved: Vec<Word>,
    /// Those among them that were found to be of something else than what stands there, and why.
    pub(crate) lapsed: Vec<Lapsed>,
    /// Whose approvals and waivers count, where the manifest says whose signatures do.
    pub(crate) speakers: Option<BTreeSet<String>>,
    /// What was skipped, for standard error.
    pub(crate) notes: String,
    /// Every file that was read, the policy's own among them.
    pub(crate) files: Vec<PathBuf>,
    /// What the package keeps.
    pub(crate) kept: Kept,
    /// How many entries its log had when it was read; none where there is no log.
    pub(crate) position: Option<u64>,
    /// The latest instant that a decision of the log is as of; one ahead of its time counts as when it was recorded.
    pub(crate) latest: Option<i64>,
    /// When the log's latest entry was recorded.
    pub(crate) recorded: Option<i64>,
}

impl Loaded {
    /// The case that `decide` is asked.
    pub(crate) fn case<'a>(&self, inputs: &Inputs, limits: engine::Limits<'a>) -> Case<'a> {
        Case {
            program: self.compiled.program.clone(),
            facts: self.facts.clone(),
            change: self.change.clone(),
            actor: inputs.actor.clone(),
            session: inputs.session.clone(),
            now: self.now,
            model: self.version.digest.clone(),
            sources: self.sources.clone(),
            limits,
            assurance: decide::Assurance::DeltaCertificate,
            build: format!("writ {}", env!("CARGO_PKG_VERSION")),
            prior: self.prior.clone(),
            lapsed: self.lapsed.clone(),
            footing: None,
        }
    }

    /// What was noted, and which declared sources an answer lacks something of: one that reads like the whole says so.
    pub(crate) fn notes(&self) -> String {
        let mut notes = self.notes.clone();
        for state in &self.sources {
            let why = match state {
                SourceState::Missing(_) => "is missing, in whole or in part",
                SourceState::Aged(aged) if aged.observed.values().any(|at| !self.is_fresh(*at, aged.max_age)) => {
                    "is older than it may be"
                }
                SourceState::Aged(_) | SourceState::Fills(..) | SourceState::Part(..) => continue,
            };
            notes += &format!("not sure: source `{}` {why}\n", state.name());
        }
        notes
    }

    /// Whether what was observed then is young enough, as `std.source.stale` has it.
    fn is_fresh(&self, observed: Option<i64>, max_age: i64) -> bool {
        observed.and_then(|at| self.now.checked_sub(at)).is_some_and(|age| (0..=max_age).contains(&age))
    }
}

/// Reads everything that a command names.
pub(crate) fn load(inputs: &Inputs, change: Option<&str>) -> Result<Loaded, Failure> {
    progress::stage("compiling the policy");
    let package = package::load(&inputs.policy.policy)?;
    let compiled = policy::compile(&package)?;
    read(inputs, change, &package, compiled)
}

/// Reads everything for an editor: where the policy as it was saved does not compile, as it is being written.
///
/// - `written`: texts of modules, by path.
pub(crate) fn load_written(inputs: &Inputs, written: &BTreeMap<String, String>) -> Result<Loaded, Failure> {
    let mut package = package::load(&inputs.policy.policy)?;
    let compiled = match policy::compile(&package) {
        Err(Failure::Policy(saved)) => {
            package.write(written);
            policy::compile(&package).map_err(|_| Failure::Policy(saved))?
        }
        compiled => compiled?,
    };
    read(inputs, None, &package, compiled)
}

/// Reads what a question is asked of: what the command line names, or what a decision was made on.
///
/// - `body`: what the program answers besides.
/// - returns: the inputs with what the decision adds to them, and everything that was read.
pub(crate) fn of(question: &Question, body: Option<&str>) -> Result<(Inputs, Loaded), Failure> {
    let Question { inputs, change, decision } = question;
    progress::stage("compiling the policy");
    let package = package::load(&inputs.policy.policy)?;
    let mut compiled = policy::compile(&package)?;
    if let Some(name) = decision {
        let (inputs, mut loaded) = decided::load(inputs, name, &package, compiled)?;
        body.map(|body| policy::query(&mut loaded.compiled, body)).transpose()?;
        return Ok((inputs, loaded));
    }
    body.map(|body| policy::query(&mut compiled, body)).transpose()?;
    let loaded = read(inputs, change.as_deref(), &package, compiled)?;
    if loaded.approved.is_empty() {
        return Ok((inputs.clone(), loaded));
    }
    let (loaded, _) = loaded.decided(|loaded, footing| {
        limited(inputs, |limits| decide::decide(&Case { footing, ..loaded.case(inputs, limits) }))
    })?;
    Ok((inputs.clone(), loaded))
}

fn read(inputs: &Inputs, change: Option<&str>, package: &Package, compiled: Compiled) -> Result<Loaded, Failure> {
    let now = self::now(inputs.now.as_deref())?;
    let observed = inputs.observed_at.as_deref().map(|text| time("--observed-at", text)).transpose()?;
    let kept = Kept::of(&package.root);
    let entries = kept.entries()?;
    progress::stage("reading the inputs");
    let mut reader =
        Reader { stdin: false, observed, compiled: &compiled, key: None, read: Vec::new(), files: package.files() };
    let change = change.map(|name| reader.change(name, inputs.format.as_deref())).transpose()?;
    let planned = reader.read.first().is_some_and(|first| first.format == Format::TerraformPlan);
    let mut sources = Vec::new();
    let (mut stored, mut left_out) = (None, String::new());
    if inputs.state.is_empty() && inputs.facts.is_empty() {
        stored = match &inputs.model {
            Some(name) => Some(Opened::wanted(&kept)?.load(name)?),
            None => Opened::existing(&kept)?.map(|opened| opened.newest()).transpose()?.flatten(),
        };
        match (&stored, &package.manifest) {
            (Some(version), Some(manifest)) => sources = weighed(manifest, &version.sources),
            (None, Some(manifest)) => reader.declared(&package.root, manifest, &mut sources)?,
            (_, None) => {}
        }
        for name in if planned { silenced(package, &compiled) } else { Vec::new() } {
            left_out += &format!(
                "source `{name}` counts as missing: beside a plan only the references of Terraform's text are read, and \
                 rules ask what it says is meant\n"
            );
            if !sources.contains(&SourceState::Missing(name.clone())) {
                sources.push(SourceState::Missing(name));
            }
        }
        let weighed: BTreeSet<&str> = sources.iter().map(SourceState::name).collect();
        let declared = package.manifest.iter().flat_map(|manifest| &manifest.source);
        let declared = declared.filter(|source| weighed.contains(&*source.name));
        let known = declared.filter_map(|source| Some(SourceState::Fills(source.name.clone(), source.fills()?)));
        sources.extend(known.collect::<Vec<_>>());
    } else {
        for name in &inputs.state {
            reader.state(name, &Declared::from_file(name), inputs.state.len() > 1)?;
        }
        for name in &inputs.facts {
            reader.facts(name, &Declared::from_file(name))?;
        }
    }
    let mut remembered = Remembered::default();
    let nobody = Trust::default();
    let trust = package.manifest.as_ref().map_or(&nobody, |manifest| &manifest.trust);
    let name = package.name();
    let asked = change.as_ref().map(|asked| asked.of_nothing().digest.to_string());
    let believed = Believed { package: &name, trust, change: asked.as_deref() };
    if let Some(entries) = &entries {
        remembered.history(&kept, entries, &compiled.program)?;
        remembered.words(&kept, entries, &believed, now)?;
    }
    if change.is_some() && entries.is_none() && remembered::asks_history(&compiled.program) {
        remembered.notes +=
            "note: rules ask what was allowed before, and there is no log here: as far as they know, nothing was\n";
    }
    for name in &inputs.approval {
        let bytes = reader.bytes(name)?;
        remembered.file(name, &bytes, &believed)?;
    }
    let Reader { read, files: named, .. } = reader;
    let beside_plan = read.first().is_some_and(|first| first.format == Format::TerraformPlan);
    let (mut facts, mut files, mut notes) = gather(read, BTreeSet::new());
    facts.retain(|fact| remembered.stands(fact, trust));
    let stored = stored.map(|version| {
        let sound = version.facts().all(|fact| remembered.stands(fact, trust));
        if sound {
            return version;
        }
        let sources = version.sources.clone();
        let stands = version.into_facts().into_iter().filter(|fact| remembered.stands(fact, trust)).collect();
        model::Version::new(stands, sources)
    });
    facts.extend(remembered.facts);
    files.extend(remembered.sources);
    notes += &remembered.notes;
    notes += &left_out;
    let version = match stored {
        // Nothing was read beside it: it is the stored version itself.
        Some(version) if facts.is_empty() && files.is_empty() => version,
        Some(version) => {
            files.extend(version.sources.iter().cloned());
            let declared = package.manifest.iter().flat_map(|manifest| &manifest.source);
            let declared: BTreeMap<&str, &Source> = declared.map(|source| (&*source.name, source)).collect();
            let counts = |fact: &Fact| {
                let source = declared.get(&*fact.origin.source.name).filter(|_| beside_plan);
                source.is_none_or(|source| counts_beside_plan(source, fact))
            };
            let stored = version.into_facts().into_iter().filter(counts);
            model::Version::new(stored.chain(facts).collect(), files)
        }
        None => model::Version::new(facts, files),
    };
    let facts: Vec<Fact> = version.facts().cloned().collect();
    sources.extend(SourceState::parts(&version.sources));
    let change = match change {
        None => Change::none(),
        Some(Asked::Change(change)) => change,
        Some(Asked::Manifests(manifests, bytes)) => manifests.change_over(&bytes, &facts, lost(package, &sources)),
    };
    Ok(Loaded {
        change,
        facts,
        version,
        compiled,
        sources,
        now,
        prior: remembered.prior,
        words: remembered.handed,
        approved: remembered.approved,
        lapsed: Vec::new(),
        speakers: trust.speakers(),
        notes,
        files: named,
        kept,
        latest: entries.iter().flatten().filter_map(as_of).max(),
        recorded: entries.iter().flatten().filter_map(|entry| instant(&entry.time)).max(),
        position: entries.map(|entries| entries.len() as u64),
    })
}

/// Whether a source that may say what runs in a cluster was not read, in whole or in part.
fn lost(package: &Package, sources: &[SourceState]) -> bool {
    let missing = |name: &str| sources.iter().any(|one| matches!(one, SourceState::Missing(lost) if lost == name));
    let dump = |source: &Source| source.kind == Kind::Kubernetes && source.speaks != Some(Speaks::Intended);
    let declared = package.manifest.iter().flat_map(|manifest| &manifest.source);
    declared.filter(|source| dump(source)).any(|source| missing(&source.name))
}

/// The declared sources of which only references are read beside a plan, where rules ask what is meant: an allow may not
/// rest on what nobody looked at.
fn silenced(package: &Package, compiled: &Compiled) -> Vec<String> {
    let asked = ["std.source.stated", "std.source.configured"];
    if !asked.iter().any(|name| decide::asks(&compiled.program, name)) {
        return Vec::new();
    }
    let sources = package.manifest.iter().flat_map(|manifest| &manifest.source);
    let text = sources.filter(|one| one.kind == Kind::TerraformFolder && one.speaks != Some(Speaks::Nothing));
    // Of one that may be absent, and is, nothing was left out.
    let there = text.filter(|one| !one.optional || package.root.join(&one.path).is_dir());
    there.map(|source| source.name.clone()).collect()
}

/// What a file asks for.
enum Asked {
    /// It says so itself.
    Change(Change),
    /// What applying it would do depends on what is there: the objects, and the file's bytes.
    Manifests(Manifests, Vec<u8>),
}

impl Asked {
    /// The change as it is where nothing is there yet: its digest is the same over any model.
    fn of_nothing(&self) -> Change {
        match self {
            Asked::Change(change) => change.clone(),
            Asked::Manifests(manifests, bytes) => manifests.change_over(bytes, &[], false),
        }
    }
}

/// Which declared sources a stored version lacks, in whole or in part, and of when those are whose age is limited.
pub(crate) fn weighed(manifest: &Manifest, stored: &[Arc<FactSource>]) -> Vec<SourceState> {
    let mut states = Vec::new();
    for source in &manifest.source {
        let files = || stored.iter().filter(|file| *file.name == *source.name);
        // What may be absent may not be half of what it is.
        let absent = files().next().is_none();
        let lacking = if absent { !source.optional } else { files().any(|file| !file.complete) };
        match source.max_age.filter(|_| !source.optional) {
            _ if lacking => states.push(SourceState::Missing(source.name.clone())),
            Some(max_age) => {
                let observed = files().map(|file| (file.file.to_string(), file.observed_at)).collect();
                states.push(SourceState::Aged(Aged { source: source.name.clone(), max_age, observed }));
            }
            None => {}
        }
    }
    states
}

/// As of when an entry of the log was decided, at most when it was recorded.
fn as_of(entry: &Entry) -> Option<i64> {
    Some(instant(entry.now.as_deref()?)?.min(instant(&entry.time)?))
}

/// An instant of an entry of the log.
fn instant(text: &str) -> Option<i64> {
    match Value::parse(text, &Type::Time) {
        Some(Value::Time(micros)) => Some(micros),
        _ => None,
    }
}

/// `--now`, or the clock.
pub(crate) fn now(flag: Option<&str>) -> Result<i64, Failure> {
    flag.map_or_else(|| Ok(clock()), |text| time("--now", text))
}

/// The clock, microseconds since 1970.
pub(crate) fn clock() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// A time of the command line, microseconds since 1970.
pub(crate) fn time(flag: &str, text: &str) -> Result<i64, Failure> {
    match Value::parse(text, &Type::Time) {
        Some(Value::Time(micros)) => Ok(micros),
        _ => Err(Failure::Malformed(format!("{flag} {text}: this is no time\n  help: write it as 2026-11-21T12:00Z"))),
    }
}
