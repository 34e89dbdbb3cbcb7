//! Copies of packages beside the manifest, read in place of everything else.

use super::{Ways, all};
use crate::{Failure, Name, Tree, Workspace, disk};
use std::fs;
use std::path::Path;

/// The folder of the copies.
pub const VENDOR: &str = "vendor";

/// Copies every package of a workspace that is not in a folder beside its root's manifest, and takes away copies of others.
///
/// - returns: the names that were copied.
pub fn vendor(workspace: &Workspace, ways: &Ways) -> Result<Vec<Name>, Failure> {
    let all = all(workspace, ways)?;
    let folder = workspace.folder.join(VENDOR);
    let part = disk::beside(&folder);
    let copied = all.iter().filter(|one| !one.in_folder).map(|one| {
        one.tree.lay(&part.join(one.name.as_str()))?;
        if let Some((_, Some(note))) = ways.store.get(&one.tree.digest())? {
            disk::write(&part.join(format!("{}.sig", one.name)), &note)?;
        } else if let Some(note) = vendored_note(&workspace.folder, &one.name)? {
            disk::write(&part.join(format!("{}.sig", one.name)), &note)?;
        }
        Ok(one.name.clone())
    });
    let copied: Result<Vec<Name>, Failure> = copied.collect();
    let placed = copied.and_then(|copied| {
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|e| disk::fault(&folder, &e))?;
        }
        if !copied.is_empty() {
            fs::rename(&part, &folder).map_err(|e| disk::fault(&folder, &e))?;
        }
        Ok(copied)
    });
    placed.inspect_err(|_| {
        let _ = fs::remove_dir_all(&part);
    })
}

/// The copy of a package beside the manifest; whether it is what was locked is for the caller to see.
pub(super) fn vendored(workspace: &Workspace, name: &Name) -> Result<Option<Tree>, Failure> {
    let copy = workspace.folder.join(VENDOR).join(name.as_str());
    if copy.join("writ.toml").is_file() { Tree::of_folder(&copy).map(Some) } else { Ok(None) }
}

pub(super) fn vendored_note(root: &Path, name: &Name) -> Result<Option<Vec<u8>>, Failure> {
    let path = root.join(VENDOR).join(format!("{name}.sig"));
    if path.is_file() { Ok(Some(disk::read_bounded(&path, 1 << 20)?)) } else { Ok(None) }
}
