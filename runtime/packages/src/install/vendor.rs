//! Copies of packages beside the manifest, read in place of everything else.
//!
//! INVARIANT: a copy is what was locked, to the byte and with nothing beside it, or nobody reads it.

use super::{Installed, Ways, there};
use crate::store::discard;
use crate::{Failure, Name, Tree, Version, Workspace, disk, malformed, trust};
use program::Digest;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the copies.
pub const VENDOR: &str = "vendor";

/// Copies every package of a workspace that is not in a folder beside its root's manifest, and takes away copies of others.
///
/// A copy that is not what was locked any more, or whose signature is gone, is written anew; one that is right is enough by
/// itself, so that what lies there needs neither a store nor a network.
///
/// - returns: the names that were copied.
pub fn vendor(workspace: &Workspace, ways: &Ways) -> Result<Vec<Name>, Failure> {
    let all = there(workspace, ways, &workspace.members, Copies::Help)?;
    let folder = workspace.folder.join(VENDOR);
    let part = disk::beside(&folder);
    let copied = all.iter().filter(|one| !one.in_folder).map(|one| {
        one.tree.lay(&part.join(one.name.as_str()))?;
        if let Some(note) = note(workspace, ways, one) {
            disk::write(&part.join(format!("{}.sig", one.name)), &note)?;
        }
        Ok(one.name.clone())
    });
    let copied: Result<Vec<Name>, Failure> = copied.collect();
    let placed = copied.and_then(|copied| {
        discard(&folder)?;
        if !copied.is_empty() {
            fs::rename(&part, &folder).map_err(|e| disk::fault(&folder, &e))?;
        }
        Ok(copied)
    });
    placed.inspect_err(|_| {
        let _ = fs::remove_dir_all(&part);
    })
}

/// The signature of a package: what lies in the copy or in the store, the first that is believed.
fn note(workspace: &Workspace, ways: &Ways, one: &Installed) -> Option<Vec<u8>> {
    let digest = one.tree.digest();
    let copied = vendored_note(&workspace.folder, &one.name).ok().flatten();
    let kept = ways.store.get(&digest).ok().flatten().and_then(|(_, note)| note);
    let believed = |note: &Vec<u8>| {
        trust::verify(&workspace.shared, &one.name, &one.version, &digest, Some(note.as_slice())).is_ok()
    };
    copied.into_iter().chain(kept).find(believed)
}

/// What a copy beside the manifest is to whoever reads what is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copies {
    /// Read in place of everything else: one that is not what was locked is refused.
    Count,
    /// Read where it is right: it is about to be written anew, or the lock is.
    Help,
}

impl Copies {
    /// The copy of a package beside the manifest.
    ///
    /// - `version`: for messages only.
    /// - returns: `None` where there is none, or where it is another and no harm.
    pub(super) fn of(
        self,
        workspace: &Workspace,
        (name, version): (&Name, Option<&Version>),
        digest: &Digest,
    ) -> Result<Option<(Tree, PathBuf)>, Failure> {
        let copy = workspace.folder.join(VENDOR).join(name.as_str());
        if fs::symlink_metadata(&copy).is_err() {
            return Ok(None);
        }
        let why = match Tree::of_folder(&copy) {
            Ok(tree) if tree.digest() == *digest => return Ok(Some((tree, copy))),
            _ if self == Copies::Help => return Ok(None),
            Ok(tree) => format!("it has {}, and {digest} is locked", tree.digest()),
            Err(Failure::Malformed(why) | Failure::Fault(why)) => why,
        };
        let version = version.map(|version| format!(" {version}")).unwrap_or_default();
        malformed(format!(
            "{}: this copy of {name}{version} is not what was locked: {why}\n  help: `writ vendor` copies it anew; to change a package, depend on a folder of your own",
            copy.display()
        ))
    }
}

pub(super) fn vendored_note(root: &Path, name: &Name) -> Result<Option<Vec<u8>>, Failure> {
    let path = root.join(VENDOR).join(format!("{name}.sig"));
    if path.is_file() { Ok(Some(disk::read_bounded(&path, 1 << 20)?)) } else { Ok(None) }
}
