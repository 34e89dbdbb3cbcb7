//! What became of a lock, and what was met on the way.

use super::Installed;
use crate::lock::{Lock, Locked};
use crate::{Name, Version};
use std::collections::BTreeSet;

/// What became of the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which package.
    pub name: Name,
    /// The version that was locked; `None` for one that was not, or stands in a folder.
    pub from: Option<Version>,
    /// The version that is locked now.
    pub to: Option<Version>,
    /// What it was pinned to and what it is now, where the version alone does not tell them apart: commits, else digests.
    pub pinned: Option<(String, String)>,
}

/// A newer version that would have been taken, and that this writ does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Which package.
    pub name: Name,
    /// Which version.
    pub version: Version,
    /// The lowest writ that reads it.
    pub needs: Version,
}

/// What came of looking for versions.
#[derive(Clone, Debug)]
pub struct Updated {
    /// The packages, sorted by name.
    pub all: Vec<Installed>,
    /// What became of the lock, sorted by name.
    pub changed: Vec<Changed>,
    /// What was passed over, sorted by name.
    pub passed: Vec<Passed>,
}

/// What became of each package. A branch and a tag that was moved hold other content under the same version.
pub(super) fn compared(before: &Lock, after: &Lock) -> Vec<Changed> {
    let names: BTreeSet<&Name> = before.packages.iter().chain(&after.packages).map(|one| &one.name).collect();
    let changed = names.into_iter().filter_map(|name| {
        let (was, is) = (before.get(name), after.get(name));
        let version = |one: Option<&Locked>| one.and_then(|one| one.version.clone());
        let (from, to) = (version(was), version(is));
        let same = from.is_some() && from == to;
        let pinned = was.zip(is).filter(|_| same).and_then(|(was, is)| pins(was, is));
        let differs = from != to || pinned.is_some() || was.is_some() != is.is_some();
        differs.then(|| Changed { name: name.clone(), from, to, pinned })
    });
    changed.collect()
}

/// What two locks of one version are pinned to, where that is not the same.
fn pins(was: &Locked, is: &Locked) -> Option<(String, String)> {
    if was.source == is.source && was.digest == is.digest {
        return None;
    }
    let commit = |one: &Locked| one.source.split_once('#').map(|(_, commit)| format!("commit {}", short(commit)));
    let digest = |one: &Locked| one.digest.as_ref().map_or_else(|| one.source.clone(), |one| short(&one.to_string()));
    // Two ways to write one commit are told by what they lead to.
    let pins = [was, is].map(|one| commit(one).unwrap_or_else(|| format!("{} {}", one.source, digest(one))));
    let [from, to] = if pins[0] == pins[1] { [was, is].map(|one| one.source.clone()) } else { pins };
    Some(if from == to { (digest(was), digest(is)) } else { (from, to) })
}

/// The first digits of a commit or a digest.
fn short(text: &str) -> String {
    let hex = text.trim_start_matches("sha256:");
    hex.get(..12).unwrap_or(hex).to_owned()
}
