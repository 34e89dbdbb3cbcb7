//! Packages that can be named without asking anybody: members of the workspace, of registries that are folders, of the store,
//! and beside this one.

use crate::registry::Registry;
use crate::registry::directory::Directory;
use crate::store::Store;
use crate::workspace::{Workspace, same};
use crate::{Name, Version, disk, manifest};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A package that is on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its versions that nobody withdrew, lowest first.
    pub versions: BTreeSet<Version>,
    /// Where somebody works on it, seen from the manifest; a member of the same workspace is named without.
    pub folder: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// The tables that say where packages are.
#[derive(Default, Deserialize)]
struct Registries {
    #[serde(default)]
    registries: BTreeMap<String, String>,
}

/// The packages that a manifest could name; what cannot be read is passed over, since nobody asked for it by name.
///
/// - `folder`: of the manifest.
/// - `text`: of the manifest, which need not be whole.
pub fn known(folder: &Path, text: &str, store: &Store) -> BTreeMap<Name, Known> {
    let mut found: BTreeMap<Name, Known> = BTreeMap::new();
    let workspace = Workspace::with(folder, &[(folder, text)]).ok();
    let said: Registries = toml::from_str(text).unwrap_or_default();
    let (registries, from) = match &workspace {
        Some(workspace) => (&workspace.shared.registries, &*workspace.folder),
        None => (&said.registries, folder),
    };
    for location in registries.values().filter(|location| !location.contains("://")) {
        let registry = Directory::new(from.join(location));
        for name in registry.names().unwrap_or_default() {
            let listed = registry.versions(&name).unwrap_or_default();
            let versions: Vec<Version> =
                listed.into_iter().filter(|one| one.yanked.is_none()).map(|one| one.version).collect();
            let last = versions.last().and_then(|last| registry.release(&name, last, None).ok());
            let one = found.entry(name).or_default();
            one.description = last.and_then(|release| release.description);
            one.versions.extend(versions);
        }
    }
    for tree in subfolders(&store.trees()) {
        if let Some((name, about)) = about(&tree) {
            let one = found.entry(name).or_default();
            one.versions.extend(about.number().ok());
            one.description = one.description.take().or(about.description);
        }
    }
    let members = workspace.iter().flat_map(|workspace| &workspace.members);
    let members: Vec<_> = members.filter(|one| !same(&one.folder, folder)).collect();
    for one in &members {
        let Some(name) = one.name() else { continue };
        let about = &one.manifest.package;
        let known = found.entry(name).or_default();
        known.versions.extend(about.number().ok());
        known.description = about.description.clone().or(known.description.take());
    }
    let beside = folder.parent().map(subfolders).unwrap_or_default();
    let beside = beside.into_iter().filter(|other| !members.iter().any(|one| same(&one.folder, other)));
    for other in beside.filter(|other| other != folder) {
        if let (Some((name, about)), Some(last)) = (about(&other), other.file_name().and_then(|last| last.to_str())) {
            let one = found.entry(name).or_default();
            one.folder = Some(format!("../{last}"));
            one.description = about.description.or(one.description.take());
        }
    }
    found
}

/// The package in a folder, if others can depend on it.
fn about(folder: &Path) -> Option<(Name, manifest::About)> {
    let text = disk::text(&folder.join("writ.toml")).ok()??;
    let manifest = manifest::read("writ.toml", &text).ok()?;
    Some((Name::parse(&manifest.package.name).ok()?, manifest.package))
}

fn subfolders(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}
