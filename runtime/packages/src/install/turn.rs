//! Whose turn it is to change what a workspace locks and copies.
//!
//! INVARIANT: who writes manifests, the lock, the sums or copies has held this since before they were read.

use super::Ways;
use crate::{Failure, Workspace, disk};

/// The right to change what a workspace locks and copies, until it is dropped: one process at a time has it.
pub struct Turn {
    _held: disk::Held,
}

/// Waits for the right to change what a workspace locks and copies. What was read before counts no more.
///
/// # Errors
/// Where another has it for ten minutes, or where nothing can be written beside the root's manifest.
pub fn turn(workspace: &Workspace, ways: &Ways) -> Result<Turn, Failure> {
    let kept = workspace.folder.strip_prefix(".").unwrap_or(&workspace.folder).join(".writ");
    if !kept.exists() {
        // Nobody has to keep it, and no repository is dirty of it.
        disk::write(&kept.join(".gitignore"), b"/.gitignore\n/packages.lock\n")?;
    }
    let held = ways.store.wait(&kept.join("packages.lock"), "is changing the packages here")?;
    Ok(Turn { _held: held })
}
