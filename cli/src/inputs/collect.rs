//! Every declared source, each read for itself, as one version of the model.
//!
//! INVARIANT: a file that cannot be read gives nothing and spoils no other, and the version says that its source is not
//! whole; a fault that is not the file's ends it all.

use super::opened::opened;
use super::reader::{Reader, gather, matching};
use crate::failure::Failure;
use crate::manifest::{Kind, Manifest, Source};
use crate::package::Package;
use crate::policy::Compiled;
use model::Version;
use program::{Digest, Fact, FactSource, SourceKind, Speaks};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What became of one file of a declared source.
pub(crate) struct Taken {
    /// The source's name.
    pub(crate) source: String,
    /// The file, as the manifest leads to it; of a source without one its path.
    pub(crate) file: String,
    /// How many facts it gave, and what was skipped; or why it could not be read.
    pub(crate) outcome: Result<(usize, Vec<import::Skipped>), String>,
}

/// When the files of a version were observed, where they do not say so themselves.
pub(crate) enum Observed<'a> {
    /// All of them then.
    At(Option<i64>),
    /// What is as it was in a known version, when it was observed there; any other now.
    Since { known: Option<&'a Version>, now: Option<i64> },
}

/// Reads every source that a manifest declares.
///
/// - returns: the version, what became of each file, and every file that was opened.
pub(crate) fn collect(
    package: &Package,
    manifest: &Manifest,
    compiled: &Compiled,
    observed: &Observed<'_>,
) -> Result<(Version, Vec<Taken>, Vec<PathBuf>), Failure> {
    let (mut taken, mut lost) = (Vec::new(), Vec::new());
    let mut reader = Reader { stdin: false, observed: None, compiled, key: None, read: Vec::new(), files: Vec::new() };
    for source in &manifest.source {
        let paths = matching(&package.root, source)?;
        if paths.is_empty() {
            let why = if source.optional { "it is not there, and may be absent" } else { "it is not there" };
            let (source, file) = (source.name.clone(), source.path.clone());
            taken.push(Taken { source, file, outcome: Err(why.to_owned()) });
        }
        for path in paths {
            let file = path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned();
            // The folder of the manifest itself.
            let file = if file.is_empty() { String::from(".") } else { file };
            let before = reader.read.len();
            let outcome = match read(&mut reader, &package.root, source, &path, &file, observed) {
                Ok(()) => {
                    let imported = &reader.read[before..];
                    Ok((0, imported.iter().flat_map(|one| one.skipped.iter().cloned()).collect()))
                }
                Err(Failure::Malformed(why) | Failure::Policy(why)) => {
                    lost.push(Arc::new(unread(source, &path, &file)));
                    Err(why)
                }
                Err(fault) => return Err(fault),
            };
            taken.push(Taken { source: source.name.clone(), file, outcome });
        }
    }
    let owned = reader.read.iter().any(|imported| imported.owners.is_some());
    let folders = if owned { folders(&package.root) } else { BTreeSet::new() };
    let opened = std::mem::take(&mut reader.files);
    let lines: Vec<(Arc<FactSource>, Vec<Arc<str>>)> = (reader.read.iter())
        .filter_map(|one| {
            Some((one.source.clone(), one.owners.as_ref()?.rules.iter().map(|r| r.place.clone()).collect()))
        })
        .collect();
    let (facts, mut files, _) = gather(reader.read, folders);
    // Who owns a folder is said of every folder that there is, so how many facts a file gives is known only now.
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for same in facts.chunk_by(|a, b| Arc::ptr_eq(&a.origin.source, &b.origin.source)) {
        *counts.entry((&same[0].origin.source.name, &same[0].origin.source.file)).or_default() += same.len();
    }
    for one in &mut taken {
        if let Ok((count, skipped)) = &mut one.outcome {
            let file = one.file.replace('\\', "/");
            *count = counts.get(&(one.source.as_str(), &*file)).copied().unwrap_or(0);
            let own = lines.iter().filter(|(source, _)| *source.name == *one.source && *source.file == *file);
            skipped.extend(own.filter_map(|(source, places)| unused(source, places, &facts)));
        }
    }
    files.extend(lost);
    Ok((Version::new(facts, files), taken, opened))
}

/// Tells of the lines of an ownership file that say nothing of what is here: who owns a folder without Terraform's text is not
/// asked.
fn unused(source: &Arc<FactSource>, places: &[Arc<str>], facts: &[Fact]) -> Option<import::Skipped> {
    let own = facts.iter().filter(|fact| Arc::ptr_eq(&fact.origin.source, source));
    let used: BTreeSet<&str> = own.map(|fact| &*fact.origin.place).collect();
    let unused: Vec<&Arc<str>> = places.iter().filter(|place| !used.contains(&***place)).collect();
    let why = match unused.len() {
        0 => return None,
        1 => String::from("this line is of no folder with Terraform's text, and says nothing here"),
        n => format!(
            "{n} of {} lines, this one first, are of no folder with Terraform's text, and say nothing here",
            places.len()
        ),
    };
    Some(import::Skipped { place: unused[0].clone(), why })
}

/// Reads a file of a source, or its folder.
fn read(
    reader: &mut Reader<'_>,
    root: &Path,
    source: &Source,
    path: &Path,
    file: &str,
    observed: &Observed<'_>,
) -> Result<(), Failure> {
    let (known, now) = match observed {
        Observed::At(at) => (None, *at),
        Observed::Since { known, now } => (*known, *now),
    };
    let before = known.and_then(|known| {
        known.sources.iter().find(|before| *before.name == *source.name && *before.file == *file.replace('\\', "/"))
    });
    reader.observed = now;
    let Some(before) = before else { return reader.source(root, file, source) };
    if source.kind != Kind::TerraformFolder {
        if digest(path).is_some_and(|digest| digest.hex() == &*before.digest) {
            reader.observed = before.observed_at;
        }
        return reader.source(root, file, source);
    }
    // Which files are a folder's, with the modules that it calls, only reading it tells.
    reader.source(root, file, source)?;
    if reader.read.last().is_some_and(|imported| imported.source.digest == before.digest) {
        reader.read.pop();
        reader.observed = before.observed_at;
        return reader.source(root, file, source);
    }
    Ok(())
}

/// The digest of a file; none of what cannot be read.
fn digest(path: &Path) -> Option<Digest> {
    import::digest(&*opened(path).ok()?).ok()
}

/// A file that says nothing, though it should: its source is not complete.
fn unread(source: &Source, path: &Path, file: &str) -> FactSource {
    let digest = digest(path).map(|digest| digest.hex().to_owned()).unwrap_or_default();
    FactSource {
        name: source.name.as_str().into(),
        kind: SourceKind::Facts,
        file: file.replace('\\', "/").into(),
        speaks: source.speaks.unwrap_or(Speaks::Nothing),
        rank: source.rank,
        observed_at: None,
        digest: digest.into(),
        complete: false,
    }
}

/// The folders below a package that hold Terraform text, as a plan names them: who owns one answers for what it makes.
fn folders(root: &Path) -> BTreeSet<Arc<str>> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![(root.to_owned(), String::from("."))];
    while let Some((folder, name)) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, own) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if own.starts_with('.') || own == "node_modules" {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                waiting.push((path, format!("{name}/{own}")));
            } else if own.ends_with(".tf") {
                found.insert(Arc::from(name.as_str()));
            }
        }
    }
    found
}
