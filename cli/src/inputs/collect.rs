//! Every declared source, each read for itself, as one version of the model.
//!
//! INVARIANT: a file that cannot be read gives nothing and spoils no other, and the version says that its source is not
//! whole; a fault that is not the file's ends it all.

use super::reader::{Reader, gather, matching};
use crate::failure::Failure;
use crate::manifest::{Kind, Manifest, Source};
use crate::package::Package;
use crate::policy::Compiled;
use model::Version;
use program::{Digest, FactSource, SourceKind, Speaks};
use std::collections::BTreeSet;
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

/// Reads every source that a manifest declares.
///
/// - `observed`: when a file of a source was observed, where it does not say so itself.
/// - returns: the version, what became of each file, and every file that was opened.
pub(crate) fn collect(
    package: &Package,
    manifest: &Manifest,
    compiled: &Compiled,
    observed: &dyn Fn(&Source, &Path, &str) -> Option<i64>,
) -> Result<(Version, Vec<Taken>, Vec<PathBuf>), Failure> {
    let (mut taken, mut lost) = (Vec::new(), Vec::new());
    let mut reader = Reader { stdin: false, observed: None, compiled, key: None, read: Vec::new(), files: Vec::new() };
    let several = several_states(manifest);
    for source in &manifest.source {
        let paths = matching(&package.root, source)?;
        if paths.is_empty() {
            let why = if source.optional { "it is not there, and may be absent" } else { "it is not there" };
            let (source, file) = (source.name.clone(), source.path.clone());
            taken.push(Taken { source, file, outcome: Err(why.to_owned()) });
        }
        for path in paths {
            let file = path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned();
            let before = reader.read.len();
            reader.observed = observed(source, &path, &file);
            let outcome = match reader.source(&file, source, several) {
                Ok(()) => {
                    let imported = &reader.read[before..];
                    let facts = imported.iter().map(|one| one.facts.len()).sum();
                    Ok((facts, imported.iter().flat_map(|one| one.skipped.iter().cloned()).collect()))
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
    let (facts, mut files, _) = gather(reader.read, folders);
    files.extend(lost);
    Ok((Version::new(facts, files), taken, opened))
}

/// A file that says nothing, though it should: its source is not complete.
fn unread(source: &Source, path: &Path, file: &str) -> FactSource {
    let digest = fs::read(path).map(|bytes| Digest::of(&bytes).hex().to_owned()).unwrap_or_default();
    FactSource {
        name: source.name.as_str().into(),
        kind: SourceKind::Facts,
        file: file.replace('\\', "/").into(),
        speaks: source.speaks.unwrap_or(Speaks::Intended),
        rank: source.rank,
        observed_at: None,
        digest: digest.into(),
        complete: false,
    }
}

/// Whether there are several states that do not say which estate they are of, so that names must tell them apart.
pub(super) fn several_states(manifest: &Manifest) -> bool {
    let unnamed = |source: &&Source| source.kind == Kind::TerraformState && source.estate.is_none();
    manifest.source.iter().filter(unnamed).count() > 1
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
