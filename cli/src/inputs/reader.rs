//! One file after the other, to what it says: what the manifest or the command line calls it, its format, its facts.
//!
//! INVARIANT: every name that was opened stands in `files`, so that no answer is written over what was read.

use super::Asked;
use super::opened::opened;
use crate::failure::Failure;
use crate::manifest::{Kind, Manifest, Source, WILD};
use crate::package;
use crate::policy::{self, Compiled};
use decide::SourceState;
use evidence::Aged;
use import::{Bytes, Expected, Format, Imported, Options, Records, SensitiveKey};
use program::{Digest, Fact, FactSource, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Standard input, for a command that must read its inputs again.
static STDIN: OnceLock<Vec<u8>> = OnceLock::new();

/// What the manifest, or the command line, says of a file.
pub(super) struct Declared<'a> {
    pub(super) name: String,
    pub(super) source: Option<&'a Source>,
    pub(super) records: Option<Records>,
}

impl Declared<'_> {
    pub(super) fn from_file(name: &str) -> Declared<'static> {
        let shown = if name == "-" { "stdin" } else { name };
        Declared { name: shown.replace('\\', "/"), source: None, records: None }
    }
}

/// Reads files one by one, standard input at most once.
pub(super) struct Reader<'a> {
    pub(super) stdin: bool,
    pub(super) observed: Option<i64>,
    pub(super) compiled: &'a Compiled,
    pub(super) key: Option<SensitiveKey>,
    pub(super) read: Vec<Imported>,
    /// What was opened so far.
    pub(super) files: Vec<PathBuf>,
}

impl<'a> Reader<'a> {
    pub(super) fn change(&mut self, name: &str, format: Option<&str>) -> Result<Asked, Failure> {
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

    /// A state, or what else says what is there.
    ///
    /// - `several`: of files named on the command line: there are other states too, so that names must say which.
    pub(super) fn state(&mut self, name: &str, declared: &Declared<'_>, several: bool) -> Result<(), Failure> {
        let bytes = self.opened(name)?;
        // A plan that is declared is read for its world before.
        let plan = declared.source.is_some_and(|source| source.kind == Kind::TerraformPlan);
        let expected = if plan { Expected::Anything } else { Expected::State };
        let options = Options { expected, ..self.options(declared) };
        // What is declared is named by its declaration alone: alike beside any change, and in a version of the model.
        if let Some(source) = declared.source {
            let options = Options { estate: source.estate.as_deref(), ..options };
            self.read.push(import::read_from(shown(name), &*bytes, &options).map_err(malformed)?);
            return Ok(());
        }
        let own = import::read_from(shown(name), &*bytes, &options).map_err(malformed)?;
        // The objects of one cluster may be spread over any number of files.
        let imported = if own.format == Format::Kubernetes || self.belongs(&own, several) {
            own
        } else {
            let stem = Path::new(&declared.name).file_stem().map(|s| s.to_string_lossy().into_owned());
            let options = Options { estate: stem.as_deref(), ..options };
            import::read_from(shown(name), &*bytes, &options).map_err(malformed)?
        };
        self.read.push(imported);
        Ok(())
    }

    /// Whether a state is the change's own: they name a resource alike. Where the two then tell different things of it,
    /// that is a disagreement; a state of another workspace with the same names is declared with `estate`.
    pub(super) fn belongs(&self, state: &Imported, several: bool) -> bool {
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

    pub(super) fn facts(&mut self, name: &str, declared: &Declared<'_>) -> Result<(), Failure> {
        let bytes = self.bytes(name)?;
        // In the language itself. What is called `.facts` is no module, wherever it lies.
        if name.ends_with(".writ") || name.ends_with(".facts") {
            let text = package::decoded(Path::new(name), bytes.clone())?;
            if text.trim_start_matches('\u{feff}').trim().is_empty() {
                let what = "the file is empty\n  help: a file that is meant to state nothing says so in a comment";
                return Err(Failure::Malformed(format!("{}: {what}", shown(name))));
            }
            let source = Arc::new(FactSource {
                name: declared.name.as_str().into(),
                kind: program::SourceKind::Facts,
                file: shown(name).replace('\\', "/").into(),
                speaks: declared.source.and_then(|s| s.speaks).unwrap_or(program::Speaks::Nothing),
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

    pub(super) fn declared(
        &mut self,
        root: &Path,
        manifest: &Manifest,
        states: &mut Vec<SourceState>,
    ) -> Result<(), Failure> {
        let beside_plan = self.read.first().is_some_and(|first| first.format == Format::TerraformPlan);
        for source in &manifest.source {
            let paths = matching(root, source)?;
            if paths.is_empty() && !source.optional {
                states.push(SourceState::Missing(source.name.clone()));
            }
            let (mut observed, mut whole) = (BTreeMap::new(), true);
            for path in paths {
                let name = path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned();
                self.source(root, &name, source)?;
                if let Some(imported) = self.read.last_mut().filter(|_| beside_plan) {
                    imported.facts.retain(|fact| counts_beside_plan(source, fact));
                }
                let read = self.read.last().map(|imported| &imported.source);
                whole &= read.is_none_or(|source| source.complete);
                observed.extend(read.map(|source| (source.file.to_string(), source.observed_at)));
            }
            if !whole {
                states.push(SourceState::Missing(source.name.clone()));
                continue;
            }
            // Whether that is too old follows by rule, at the time of the decision.
            if let Some(max_age) = source.max_age.filter(|_| !source.optional && !observed.is_empty()) {
                states.push(SourceState::Aged(Aged { source: source.name.clone(), max_age, observed }));
            }
        }
        Ok(())
    }

    /// A file of a declared source, or its folder.
    pub(super) fn source(&mut self, root: &Path, file: &str, source: &Source) -> Result<(), Failure> {
        let declared = Declared { name: source.name.clone(), source: Some(source), records: Some(source.records()) };
        match source.kind {
            Kind::TerraformFolder => self.folder(root, source),
            kind if kind.is_state() => self.state(file, &declared, false),
            _ => {
                self.no_module(root, file, source)?;
                self.facts(file, &declared)
            }
        }
    }

    /// Refuses a source that is policy too: what a module states holds in every version of the model.
    fn no_module(&self, root: &Path, file: &str, source: &Source) -> Result<(), Failure> {
        let Some(name) = file.strip_suffix(".writ") else { return Ok(()) };
        let place = fs::canonicalize(file).ok();
        let is_it = |path: &str| place.is_some() && fs::canonicalize(root.join(path)).ok() == place;
        if !self.compiled.database.snapshot().own_paths().any(is_it) {
            return Ok(());
        }
        Err(Failure::Malformed(format!(
            "{file}: source `{}` is a module of the policy too, and what that states would hold in every version of the model\n  help: rename it to {name}.facts, which is no module",
            source.name
        )))
    }

    /// Terraform's own text.
    fn folder(&mut self, root: &Path, source: &Source) -> Result<(), Failure> {
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
                // In JSON as well.
                let plain = name.strip_suffix(".json").unwrap_or(&name);
                let values = plain == "terraform.tfvars" || plain.ends_with(".auto.tfvars");
                if file.is_file() && (plain.ends_with(".tf") || values) {
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
        let imported = import::read_terraform(&source.path, &files, &options).map_err(malformed)?;
        self.files.append(&mut opened.into_inner());
        self.read.push(imported);
        Ok(())
    }

    pub(super) fn options<'b>(&'b self, declared: &'b Declared<'_>) -> Options<'b> {
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

    /// A file that is left where it is, as far as it can be read in any order.
    fn opened(&mut self, name: &str) -> Result<Box<dyn Bytes>, Failure> {
        match name {
            "-" => Ok(Box::new(self.bytes(name)?)),
            name => {
                self.files.push(PathBuf::from(name));
                opened(Path::new(name)).map_err(|e| package::unreadable(Path::new(name), &e))
            }
        }
    }

    pub(super) fn bytes(&mut self, name: &str) -> Result<Vec<u8>, Failure> {
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

/// Whether a fact of a declared source counts beside a plan. The plan holds what exists and what would; of Terraform's own
/// text only what refers to what adds to it, since a plan does not state what a local value refers to.
pub(super) fn counts_beside_plan(source: &Source, fact: &Fact) -> bool {
    source.kind != Kind::TerraformFolder || &*fact.relation == "std.terraform.reference"
}

/// Every fact, every source, and a note for each part that was skipped.
///
/// - `folders`: those of the repository that nothing read tells of.
pub(super) fn gather(
    read: Vec<Imported>,
    mut folders: BTreeSet<Arc<str>>,
) -> (Vec<Fact>, Vec<Arc<FactSource>>, String) {
    folders.extend(read.iter().flat_map(|imported| imported.folders.iter().cloned()));
    let (mut facts, mut sources, mut notes) = (Vec::new(), Vec::new(), String::new());
    for imported in read {
        if let Some(owners) = &imported.owners {
            facts.extend(owners.facts_for(&folders));
        }
        for skipped in &imported.skipped {
            notes += &format!("skipped {}:{}: {}\n", imported.source.file, skipped.place, skipped.why);
        }
        match facts.is_empty() {
            // Of one large file there is no second list.
            true => facts = imported.facts,
            false => facts.extend(imported.facts),
        }
        sources.push(imported.source);
    }
    (facts, sources, notes)
}

/// The folder of a declared source that does not lie below the manifest; `None` where it does, or is not there.
pub(crate) fn folder_beyond(root: &Path, source: &Source) -> Option<PathBuf> {
    let (base, rest) = plain(root, source);
    let folder = if rest.is_empty() && source.kind != Kind::TerraformFolder { base.parent()?.to_owned() } else { base };
    let home = fs::canonicalize(if root.as_os_str().is_empty() { Path::new(".") } else { root }).ok()?;
    fs::canonicalize(&folder).ok().filter(|place| place.is_dir() && !place.starts_with(home))
}

/// A source's path without and with what is a pattern.
fn plain(root: &Path, source: &Source) -> (PathBuf, String) {
    let wild = |part: &&str| part.contains(WILD);
    let parts: Vec<&str> = source.path.split('/').collect();
    let plain = parts.iter().take_while(|part| !wild(part)).count();
    (root.join(parts[..plain].join("/")), parts[plain..].join("/"))
}

/// The files of a declared source, sorted, or its folder; `*` and `?` stand for a part of a name, `**` for any folders.
///
/// A link counts as what it leads to, each folder once: it may lead back. One that leads nowhere is a file that cannot be
/// read.
///
/// # Errors
/// [`Failure::Malformed`]: a pattern that is none; what is neither a file nor a folder, and would be waited for.
pub(super) fn matching(root: &Path, source: &Source) -> Result<Vec<PathBuf>, Failure> {
    let (base, rest) = plain(root, source);
    if rest.is_empty() {
        // Whatever stands there by that name is to be read: a folder in a file's place is not the absence of the file.
        return Ok(if fs::symlink_metadata(&base).is_ok() { vec![base] } else { Vec::new() });
    }
    let glob = globset::GlobBuilder::new(&rest).literal_separator(true).build().map_err(|e| {
        Failure::Malformed(format!("writ.toml: source `{}`: path = \"{}\": {e}", source.name, source.path))
    })?;
    let glob = glob.compile_matcher();
    // Only `**` looks deeper than the pattern itself does.
    let deepest = if rest.contains("**") { usize::MAX } else { rest.split('/').count() };
    let (mut found, mut entered) = (Vec::new(), BTreeSet::new());
    // Folders first, then those that links lead to, each in order: which name a folder has does not depend on the disk.
    let mut waiting = BTreeSet::from([(false, base.clone(), 1)]);
    while let Some((linked, folder, depth)) = waiting.pop_first() {
        let Ok(place) = fs::canonicalize(&folder) else { continue };
        if !folder.is_dir() || !entered.insert(place) {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(|e| package::unreadable(&folder, &e))? {
            let entry = entry.map_err(|e| package::unreadable(&folder, &e))?;
            let (path, name) = (entry.path(), entry.file_name());
            let kind = entry.file_type().map_err(|e| package::unreadable(&path, &e))?;
            if path.is_dir() {
                if depth < deepest && ![".git", ".writ", ".terraform"].iter().any(|own| name == *own) {
                    waiting.insert((linked || kind.is_symlink(), path, depth + 1));
                }
            } else if path.strip_prefix(&base).is_ok_and(|inside| glob.is_match(inside)) {
                if !path.is_file() && path.exists() {
                    let (name, path) = (&source.name, path.display());
                    let what = format!(
                        "{path}: source `{name}` has it among its files, and it is neither a file nor a folder"
                    );
                    return Err(Failure::Malformed(what));
                }
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

pub(super) fn shown(name: &str) -> &str {
    if name == "-" { "stdin" } else { name }
}

pub(super) fn format_named(name: &str) -> Result<Format, Failure> {
    Format::named(name).ok_or_else(|| {
        Failure::Malformed(format!(
            "--format {name}: there is no such format\n  help: write terraform-plan, kubernetes or writ-change"
        ))
    })
}

pub(super) fn malformed(malformed: import::Malformed) -> Failure {
    Failure::Malformed(malformed.to_string().trim_start_matches("error: ").to_owned())
}
