//! `writ.lock`: which version of each package, and the digest of its files.
//!
//! INVARIANT: equal contents are equal bytes, sorted by name. A package in a folder is named alone: what it says today is
//! what counts.

use crate::{Failure, Name, Version, disk, malformed, manifest};
use program::Digest;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file's name.
pub const FILE: &str = "writ.lock";

/// What is locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    /// Sorted by name.
    #[serde(default, rename = "package")]
    pub packages: Vec<Locked>,
}

/// One package that is locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// `acme/payments`.
    pub name: Name,
    /// `registry`, `path`, or `git+URL#COMMIT`.
    pub source: String,
    /// Which one; a folder has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Of its files, wherever they come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Of the manifest under which an OCI registry keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oci: Option<Digest>,
    /// Who signed it: name and hash of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What it depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Name>,
}

impl Locked {
    /// The repository and what is asked for of it, whatever folder and commit; `None` where it comes from elsewhere.
    fn repository(&self) -> Option<&str> {
        let (place, _) = self.source.split_once('#')?;
        let folder = ["?folder=", "&folder="].into_iter().find_map(|folder| place.find(folder));
        Some(folder.map_or(place, |at| &place[..at]))
    }
}

impl Lock {
    /// A lock of these.
    pub fn new(mut packages: Vec<Locked>) -> Lock {
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        Lock { version: 1, packages }
    }

    /// The lock beside a manifest; `None` where there is none.
    pub fn read(folder: &Path) -> Result<Option<Lock>, Failure> {
        let path = folder.join(FILE);
        let Some(text) = disk::text(&path)? else { return Ok(None) };
        let shown = path.display().to_string();
        let lock: Lock = toml::from_str(&text).map_err(|error| misread(&shown, &text, &error))?;
        known(&shown, lock.version)?;
        if !lock.packages.is_sorted_by(|a, b| a.name < b.name) {
            return malformed(format!(
                "{shown}: its packages are not sorted, or one stands twice\n  help: `writ update` writes it anew"
            ));
        }
        Ok(Some(lock))
    }

    /// The same for who writes it anew: one that is damaged counts as one that is not there.
    ///
    /// # Errors
    /// Where a later writ wrote it, which may know better.
    pub fn of_sorts(folder: &Path) -> Result<Option<Lock>, Failure> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let path = folder.join(FILE);
        match (Lock::read(folder), disk::text(&path)) {
            (Err(Failure::Malformed(_)), Ok(text)) => {
                let version = text.and_then(|text| toml::from_str::<Version>(&text).ok());
                version.map_or(Ok(()), |one| known(&path.display().to_string(), one.version)).map(|()| None)
            }
            (read, _) => read,
        }
    }

    /// What is locked under a name.
    pub fn get(&self, name: &Name) -> Option<&Locked> {
        self.packages.binary_search_by(|one| one.name.cmp(name)).ok().map(|at| &self.packages[at])
    }

    /// These names, and those of what one repository keeps beside them at the same revision: they may name each other by their
    /// folders, and are then of one commit.
    pub(crate) fn with_neighbours(&self, names: &[Name]) -> Vec<Name> {
        let repositories: Vec<&str> =
            names.iter().filter_map(|name| self.get(name)).filter_map(Locked::repository).collect();
        let near = |one: &&Locked| one.repository().is_some_and(|repository| repositories.contains(&repository));
        let near = self.packages.iter().filter(near).map(|one| &one.name);
        names.iter().chain(near.filter(|name| !names.contains(name))).cloned().collect()
    }

    /// Its bytes.
    pub fn text(&self) -> String {
        let body = toml::to_string(self).expect("bug: a lock is plain data");
        format!("# Written by writ; to be kept with the package, not to be edited.\n{body}")
    }
}

/// Whether this writ knows a lock of that version.
fn known(shown: &str, version: u32) -> Result<(), Failure> {
    if version == 1 {
        return Ok(());
    }
    malformed(format!(
        "{shown}: it is of version {version}, and this writ knows version 1\n  help: use the writ that wrote it, or a later one"
    ))
}

/// What a person is told of a lock that does not read.
fn misread(shown: &str, text: &str, error: &toml::de::Error) -> Failure {
    let marks = ["<<<<<<< ", "=======", ">>>>>>> "];
    let merged = text.lines().position(|line| marks.iter().any(|mark| line.starts_with(mark)));
    let (said, keep) = match (merged, manifest::misread(shown, text, error)) {
        (Some(line), _) => (
            format!("{shown}:{}: here are two locks, of a merge that nobody finished", line + 1),
            "; take one side first to keep what it locked",
        ),
        (None, Failure::Malformed(said) | Failure::Fault(said)) => (said, ""),
    };
    Failure::Malformed(format!("{said}\n  help: `writ update` writes it anew{keep}"))
}
