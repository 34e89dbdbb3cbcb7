//! What a decision or a question is asked of: the policy compiled, the files read, the sources weighed.
//!
//! Read downwards: [`load`] is the whole way; [`declared`] reads what `writ.toml` declares, [`given`] what the command
//! line gives in its place.
//!
//! INVARIANT: a file that cannot be read with certainty ends the command with 64; a declared source that is absent or too
//! old is never passed over in silence.

mod collect;

use crate::arguments::Inputs;
use crate::failure::Failure;
use crate::kept::Kept;
use crate::manifest::{Kind, Manifest, Source, Trust};
use crate::package;
use crate::policy::{self, Compiled};
use crate::progress;
use crate::remembered::{Believed, Remembered};
use crate::store::Opened;
use decide::{Case, SourceState};
use evidence::{Aged, Entry};
use import::{Expected, Format, Imported, Manifests, Options, Records, SensitiveKey};
use program::{Change, Digest, Fact, FactSource, Type, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub(crate) use collect::{Taken, collect};

/// Standard input, for a command that must read its inputs again.
static STDIN: OnceLock<Vec<u8>> = OnceLock::new();

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
        }
    }
}

/// Reads everything that a command names.
pub(crate) fn load(inputs: &Inputs, change: Option<&str>) -> Result<Loaded, Failure> {
    load_asking(inputs, change, None)
}

/// The same for a program that answers a question too.
pub(crate) fn load_asking(inputs: &Inputs, change: Option<&str>, body: Option<&str>) -> Result<Loaded, Failure> {
    let now = self::now(inputs.now.as_deref())?;
    let observed = inputs.observed_at.as_deref().map(|text| time("--observed-at", text)).transpose()?;
    progress::stage("compiling the policy");
    let package = package::load(&inputs.policy.policy)?;
    let mut compiled = policy::compile(&package)?;
    if let Some(body) = body {
        policy::query(&mut compiled, body)?;
    }
    let kept = Kept::of(&package.root);
    let entries = kept.entries()?;
    progress::stage("reading the inputs");
    let mut reader =
        Reader { stdin: false, observed, compiled: &compiled, key: None, read: Vec::new(), files: package.files() };
    let change = change.map(|name| reader.change(name, inputs.format.as_deref())).transpose()?;
    let mut sources = Vec::new();
    let mut stored = None;
    if inputs.state.is_empty() && inputs.facts.is_empty() {
        stored = match &inputs.model {
            Some(name) => Some(Opened::wanted(&package.root)?.load(name)?),
            None => Opened::existing(&package.root)?.map(|opened| opened.newest()).transpose()?.flatten(),
        };
        match (&stored, &package.manifest) {
            (Some(version), Some(manifest)) => sources = weighed(manifest, &version.sources)?,
            (None, Some(manifest)) => reader.declared(&package.root, manifest, &mut sources)?,
            (_, None) => {}
        }
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
    let believed = Believed { package: &name, trust };
    if let Some(entries) = &entries {
        remembered.history(&kept, entries, &compiled.program)?;
        let asked = change.as_ref().map(Asked::of_nothing);
        let asked = asked.as_ref();
        remembered.words(&kept, entries, asked, &believed, now)?;
    }
    for name in &inputs.approval {
        let bytes = reader.bytes(name)?;
        remembered.file(name, &bytes, &believed)?;
    }
    let Reader { read, files: named, .. } = reader;
    let (mut facts, mut files, mut notes) = gather(read, BTreeSet::new());
    facts.extend(remembered.facts);
    files.extend(remembered.sources);
    notes += &remembered.notes;
    let version = match stored {
        // Nothing was read beside it: it is the stored version itself.
        Some(version) if facts.is_empty() && files.is_empty() => version,
        Some(version) => {
            files.extend(version.sources.iter().cloned());
            model::Version::new(version.into_facts().into_iter().chain(facts).collect(), files)
        }
        None => model::Version::new(facts, files),
    };
    let facts: Vec<Fact> = version.facts().cloned().collect();
    let change = match change {
        None => Change::none(),
        Some(Asked::Change(change)) => change,
        Some(Asked::Manifests(manifests, bytes)) => manifests.change_over(&bytes, &facts),
    };
    Ok(Loaded {
        change,
        facts,
        version,
        compiled,
        sources,
        now,
        notes,
        files: named,
        kept,
        latest: entries.iter().flatten().filter_map(as_of).max(),
        recorded: entries.iter().flatten().filter_map(|entry| instant(&entry.time)).max(),
        position: entries.map(|entries| entries.len() as u64),
    })
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
            Asked::Manifests(manifests, bytes) => manifests.change_over(bytes, &[]),
        }
    }
}

/// Which declared sources a stored version lacks, and of when those are whose age is limited.
fn weighed(manifest: &Manifest, stored: &[Arc<FactSource>]) -> Result<Vec<SourceState>, Failure> {
    let mut states = Vec::new();
    for source in manifest.source.iter().filter(|source| !source.optional) {
        let files = stored.iter().filter(|file| *file.name == *source.name);
        let observed: BTreeMap<String, Option<i64>> =
            files.map(|file| (file.file.to_string(), file.observed_at)).collect();
        match (observed.is_empty(), source.max_age()?) {
            (true, _) => states.push(SourceState::Missing(source.name.clone())),
            (false, Some(max_age)) => {
                states.push(SourceState::Aged(Aged { source: source.name.clone(), max_age, observed }));
            }
            (false, None) => {}
        }
    }
    Ok(states)
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

/// What the manifest, or the command line, says of a file.
struct Declared<'a> {
    name: String,
    source: Option<&'a Source>,
    records: Option<Records>,
}

impl Declared<'_> {
    fn from_file(name: &str) -> Declared<'static> {
        let shown = if name == "-" { "stdin" } else { name };
        Declared { name: shown.replace('\\', "/"), source: None, records: None }
    }
}

/// Reads files one by one, standard input at most once.
struct Reader<'a> {
    stdin: bool,
    observed: Option<i64>,
    compiled: &'a Compiled,
    key: Option<SensitiveKey>,
    read: Vec<Imported>,
    /// What was opened so far.
    files: Vec<PathBuf>,
}

impl<'a> Reader<'a> {
    fn change(&mut self, name: &str, format: Option<&str>) -> Result<Asked, Failure> {
        let bytes = self.bytes(name)?;
        self.key = Some(SensitiveKey::of(&bytes));
        let format = format.map(format_named).transpose()?;
        let declared = Declared::from_file(name);
        let options = Options { format, expected: Expected::Change, ..self.options(&declared) };
        let mut imported = import::read(shown(name), &bytes, &options).map_err(malformed)?;
        if let Some(manifests) = imported.manifests.take() {
            return Ok(Asked::Manifests(manifests, bytes));
        }
        let change = imported
            .change
            .take()
            .ok_or_else(|| Failure::Bug(format!("{name}: a change was read, and there is none in it")))?;
        self.read.push(imported);
        Ok(Asked::Change(change))
    }

    /// - `several`: there are other states too, so that names must say which.
    fn state(&mut self, name: &str, declared: &Declared<'_>, several: bool) -> Result<(), Failure> {
        let bytes = self.bytes(name)?;
        let options = Options { expected: Expected::State, ..self.options(declared) };
        let own = import::read(shown(name), &bytes, &options).map_err(malformed)?;
        let stated = declared.source.and_then(|source| source.estate.clone());
        // The objects of one cluster may be spread over any number of files.
        let whole = own.format == Format::Kubernetes || self.belongs(&own, several);
        let imported = if stated.is_none() && whole {
            own
        } else {
            let stem = Path::new(&declared.name).file_stem().map(|s| s.to_string_lossy().into_owned());
            let estate = stated.or(if declared.source.is_some() { Some(declared.name.clone()) } else { stem });
            let options = Options { estate: estate.as_deref(), ..options };
            import::read(shown(name), &bytes, &options).map_err(malformed)?
        };
        self.read.push(imported);
        Ok(())
    }

    /// Whether a state is the change's own: they name a resource alike. Where the two then tell different things of it,
    /// that is a disagreement; a state of another workspace with the same names is declared with `estate`.
    fn belongs(&self, state: &Imported, several: bool) -> bool {
        let names = |imported: &Imported| -> BTreeSet<Value> {
            let named = imported.facts.iter().filter(|fact| &*fact.relation == "std.terraform.resource");
            named.filter_map(|fact| fact.tuple.first().cloned()).collect()
        };
        match self.read.first().filter(|first| first.format == Format::TerraformPlan) {
            None => !several,
            Some(plan) => {
                let before = names(plan);
                before.is_empty() || !before.is_disjoint(&names(state))
            }
        }
    }

    fn facts(&mut self, name: &str, declared: &Declared<'_>) -> Result<(), Failure> {
        let bytes = self.bytes(name)?;
        if name.ends_with(".writ") {
            let text = String::from_utf8(bytes.clone())
                .map_err(|_| Failure::Malformed(format!("{name}: this is not UTF-8\n  help: save it as UTF-8")))?;
            let source = Arc::new(FactSource {
                name: declared.name.as_str().into(),
                kind: program::SourceKind::Facts,
                file: shown(name).replace('\\', "/").into(),
                speaks: declared.source.and_then(|s| s.speaks).unwrap_or(program::Speaks::Intended),
                rank: declared.source.map_or(0, |s| s.rank),
                observed_at: self.observed,
                digest: Digest::of(&bytes).hex().into(),
                complete: true,
            });
            let facts = policy::facts(self.compiled, shown(name), &text, &source)?;
            self.read.push(Imported {
                format: Format::Facts,
                facts,
                change: None,
                source,
                skipped: Vec::new(),
                folders: BTreeSet::new(),
                owners: None,
                manifests: None,
            });
            return Ok(());
        }
        let options = Options { expected: Expected::Facts, ..self.options(declared) };
        self.read.push(import::read(shown(name), &bytes, &options).map_err(malformed)?);
        Ok(())
    }

    fn declared(&mut self, root: &Path, manifest: &Manifest, states: &mut Vec<SourceState>) -> Result<(), Failure> {
        let several = manifest.source.iter().filter(|s| s.kind == Kind::TerraformState).count() > 1;
        for source in &manifest.source {
            if source.kind == Kind::TerraformFolder {
                self.folder(root, source, states)?;
                continue;
            }
            let paths = matching(root, source)?;
            if paths.is_empty() && !source.optional {
                states.push(SourceState::Missing(source.name.clone()));
            }
            let mut observed = BTreeMap::new();
            for path in paths {
                let name = path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned();
                self.source(&name, source, several)?;
                let read = self.read.last().map(|imported| &imported.source);
                observed.extend(read.map(|source| (source.file.to_string(), source.observed_at)));
            }
            // Whether that is too old follows by rule, at the time of the decision.
            if let Some(max_age) = source.max_age()?.filter(|_| !source.optional && !observed.is_empty()) {
                states.push(SourceState::Aged(Aged { source: source.name.clone(), max_age, observed }));
            }
        }
        Ok(())
    }

    /// A file of a declared source.
    ///
    /// - `several`: there are other states too, so that names must say which.
    fn source(&mut self, file: &str, source: &Source, several: bool) -> Result<(), Failure> {
        let declared = Declared { name: source.name.clone(), source: Some(source), records: Some(source.records()) };
        if source.kind.is_state() { self.state(file, &declared, several) } else { self.facts(file, &declared) }
    }

    /// Terraform's own text. Beside a plan, which holds what exists and what would, it only says what refers to what: a
    /// plan does not state what a local value refers to.
    fn folder(&mut self, root: &Path, source: &Source, states: &mut Vec<SourceState>) -> Result<(), Failure> {
        let beside_plan = self.read.first().is_some_and(|first| first.format == Format::TerraformPlan);
        if !root.join(&source.path).is_dir() {
            if !source.optional {
                states.push(SourceState::Missing(source.name.clone()));
            }
            return Ok(());
        }
        let opened = RefCell::new(Vec::new());
        let files = |folder: &str| {
            let path = root.join(folder);
            if !path.is_dir() {
                return Ok(None);
            }
            let said = |e: std::io::Error| format!("{}: {e}", path.display());
            let mut files = Vec::new();
            for entry in fs::read_dir(&path).map_err(said)? {
                let file = entry.map_err(said)?.path();
                let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let values = name == "terraform.tfvars" || name.ends_with(".auto.tfvars");
                if file.is_file() && (name.ends_with(".tf") || values) {
                    let shown = Path::new(folder).join(&name);
                    let shown = shown.strip_prefix(".").unwrap_or(&shown).to_string_lossy().replace('\\', "/");
                    files.push((shown, fs::read(&file).map_err(said)?));
                    opened.borrow_mut().push(file);
                }
            }
            Ok(Some(files))
        };
        let declared = Declared { name: source.name.clone(), source: Some(source), records: None };
        let options =
            Options { estate: source.estate.as_deref(), folder: Some(&source.path), ..self.options(&declared) };
        let mut imported = import::read_terraform(&source.path, &files, &options).map_err(malformed)?;
        if beside_plan {
            imported.facts.retain(|fact| &*fact.relation == "std.terraform.reference");
        }
        if let Some(max_age) = source.max_age()?.filter(|_| !source.optional) {
            let observed = BTreeMap::from([(imported.source.file.to_string(), imported.source.observed_at)]);
            states.push(SourceState::Aged(Aged { source: source.name.clone(), max_age, observed }));
        }
        self.files.append(&mut opened.into_inner());
        self.read.push(imported);
        Ok(())
    }

    fn options<'b>(&'b self, declared: &'b Declared<'_>) -> Options<'b> {
        Options {
            format: declared.source.and_then(|source| source.kind.format()),
            expected: Expected::default(),
            source: Some(&declared.name),
            speaks: declared.source.and_then(|source| source.speaks),
            rank: declared.source.map_or(0, |source| source.rank),
            observed_at: self.observed,
            sensitive: self.key.clone(),
            estate: None,
            folder: None,
            records: declared.records.as_ref(),
            relations: &self.compiled.program.relations,
        }
    }

    fn bytes(&mut self, name: &str) -> Result<Vec<u8>, Failure> {
        if name != "-" {
            self.files.push(PathBuf::from(name));
            return fs::read(name).map_err(|e| package::unreadable(Path::new(name), &e));
        }
        if std::mem::replace(&mut self.stdin, true) {
            return Err(Failure::Malformed(String::from("`-` is given twice, and standard input can be read once")));
        }
        if let Some(bytes) = STDIN.get() {
            return Ok(bytes.clone());
        }
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|e| Failure::Malformed(format!("standard input: {e}")))?;
        Ok(STDIN.get_or_init(|| bytes).clone())
    }
}

/// Every fact, every source, and a note for each part that was skipped.
///
/// - `folders`: those of the repository that nothing read tells of.
fn gather(read: Vec<Imported>, mut folders: BTreeSet<Arc<str>>) -> (Vec<Fact>, Vec<Arc<FactSource>>, String) {
    folders.extend(read.iter().flat_map(|imported| imported.folders.iter().cloned()));
    let (mut facts, mut sources, mut notes) = (Vec::new(), Vec::new(), String::new());
    for imported in read {
        if let Some(owners) = &imported.owners {
            facts.extend(owners.facts_for(&folders));
        }
        for skipped in &imported.skipped {
            notes += &format!("skipped {}:{}: {}\n", imported.source.file, skipped.place, skipped.why);
        }
        facts.extend(imported.facts);
        sources.push(imported.source);
    }
    (facts, sources, notes)
}

/// The files of a declared source, sorted; `*` and `?` stand for a part of a name, `**` for any folders.
fn matching(root: &Path, source: &Source) -> Result<Vec<PathBuf>, Failure> {
    let wild = |part: &&str| part.contains(['*', '?']);
    let parts: Vec<&str> = source.path.split('/').collect();
    let plain = parts.iter().take_while(|part| !wild(part)).count();
    let base = root.join(parts[..plain].join("/"));
    let rest = parts[plain..].join("/");
    if rest.is_empty() {
        return Ok(if base.is_file() { vec![base] } else { Vec::new() });
    }
    let glob = globset::GlobBuilder::new(&rest).literal_separator(true).build().map_err(|e| {
        Failure::Malformed(format!("writ.toml: source `{}`: path = \"{}\": {e}", source.name, source.path))
    })?;
    let glob = glob.compile_matcher();
    // Only `**` looks deeper than the pattern itself does.
    let deepest = if rest.contains("**") { usize::MAX } else { rest.split('/').count() };
    let (mut found, mut waiting) = (Vec::new(), vec![(base.clone(), 1)]);
    while let Some((folder, depth)) = waiting.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(|e| package::unreadable(&folder, &e))? {
            let entry = entry.map_err(|e| package::unreadable(&folder, &e))?;
            let (path, name) = (entry.path(), entry.file_name());
            // A link to a folder is not followed: it may lead back.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth < deepest && ![".git", ".writ", ".terraform"].iter().any(|own| name == *own) {
                    waiting.push((path, depth + 1));
                }
            } else if path.is_file() && path.strip_prefix(&base).is_ok_and(|inside| glob.is_match(inside)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn shown(name: &str) -> &str {
    if name == "-" { "stdin" } else { name }
}

fn format_named(name: &str) -> Result<Format, Failure> {
    Format::named(name).ok_or_else(|| {
        Failure::Malformed(format!(
            "--format {name}: there is no such format\n  help: write terraform-plan, kubernetes or writ-change"
        ))
    })
}

fn malformed(malformed: import::Malformed) -> Failure {
    Failure::Malformed(malformed.to_string().trim_start_matches("error: ").to_owned())
}
