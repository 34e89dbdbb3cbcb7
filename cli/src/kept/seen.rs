//! The newest checkpoint of the log that this package has seen: `.writ/seen`, beside the log and not in it.
//!
//! An older copy of the log is signed and whole, and has forgotten what was allowed since. So a commit leaves its checkpoint
//! here, and who opens the log holds it against that one: the log of now begins with the log of then, which the hashes of
//! one path show however long it is. Where nothing readable stands here, the checkpoints of the receipts that are kept take
//! its place; they are all read, and the next commit ends that.
//!
//! INVARIANT: written behind the log's own checkpoint under its lock, and read before it: it is never ahead of a sound log,
//! whatever a crash or another process leaves.
//! Not caught: an older copy of all of `.writ`. Who publishes checkpoints or keeps receipts elsewhere has `writ log --extends`.

use super::{Folder, Kept};
use crate::failure::Failure;
use crate::package;
use evidence::{Checkpoint, Note, Receipt, Storage as _, View};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Its name in the folder.
const SEEN: &str = "seen";

impl Kept {
    /// Opens the log to read it, and holds it against what was seen of it.
    ///
    /// # Faults
    /// [`Failure::Malformed`] where it is not as it says, or is not the one that was seen grown on.
    pub(crate) fn view<'f>(&self, folder: &'f Folder) -> Result<View<'f, Folder>, Failure> {
        let seen = self.seen()?;
        let view = View::open(folder).map_err(|fault| self.fault(&fault))?;
        let seen = match seen {
            Some(seen) => Some(seen),
            // One that was put away under another name is no copy of this one.
            None => self.newest_receipt().filter(|(_, then)| then.origin == view.checkpoint.origin),
        };
        let Some((file, then)) = seen else { return Ok(view) };
        if view.begins_with(&then).map_err(|fault| self.fault(&fault))?.is_some() {
            return Ok(view);
        }
        let now = &view.checkpoint;
        let what = match (then.origin == now.origin, then.size > now.size) {
            (true, true) => format!(
                "it has {} entries, and {} tells of {}: an older log stands in its place, and what was recorded since is forgotten",
                now.size,
                file.display(),
                then.size
            ),
            _ => format!(
                "it does not begin with the log of `{}` with {} entries that {} tells of: another log stands in its place",
                then.origin,
                then.size,
                file.display()
            ),
        };
        Err(Failure::Malformed(format!(
            "{}: {what}\n  help: bring the newest one back from a copy; or move all of {} away but its key, and begin anew with `writ init`",
            self.path("log").display(),
            self.root.display()
        )))
    }

    /// Remembers the checkpoint that entries were acknowledged by. The lock is held by the caller.
    pub(super) fn see(&self, receipts: &[Receipt]) -> Result<(), Failure> {
        let Some(receipt) = receipts.first() else { return Ok(()) };
        let written = self.folder().replace(SEEN, receipt.note.to_string().as_bytes());
        written.map_err(|e| Failure::Fault(format!("{}: {e}", self.path(SEEN).display())))
    }

    /// Where a log was seen, although none may be there.
    pub(super) fn trace(&self) -> Option<PathBuf> {
        let seen = self.path(SEEN);
        self.receipts().min().or_else(|| seen.symlink_metadata().is_ok().then_some(seen))
    }

    /// The checkpoint that was remembered; nothing where none was, or half of one.
    fn seen(&self) -> Result<Option<(PathBuf, Checkpoint)>, Failure> {
        let path = self.path(SEEN);
        match fs::read(&path) {
            Ok(bytes) => Ok(checkpoint(&bytes).map(|seen| (path, seen))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(package::unreadable(&path, &error)),
        }
    }

    /// Of the receipts that are kept, the one over the longest log.
    fn newest_receipt(&self) -> Option<(PathBuf, Checkpoint)> {
        // Below its first empty line a receipt is the note of its checkpoint.
        let below = |bytes: &[u8]| bytes.windows(2).position(|two| two == b"\n\n").map(|at| at + 2);
        let of = |path: PathBuf| {
            let bytes = fs::read(&path).ok()?;
            Some((path, checkpoint(&bytes[below(&bytes)?..])?))
        };
        self.receipts().filter_map(of).max_by(|(a, x), (b, y)| (x.size, a).cmp(&(y.size, b)))
    }

    /// The receipts among what is kept.
    fn receipts(&self) -> impl Iterator<Item = PathBuf> + use<> {
        let folders = ["evidence", "approval"].map(|name| self.path(name));
        let files = folders.into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        files.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "tlog-proof"))
    }
}

fn checkpoint(note: &[u8]) -> Option<Checkpoint> {
    Checkpoint::parse(&Note::parse(note).ok()?.text).ok()
}

#[cfg(test)]
mod tests;
