//! The packages that were fetched, on this machine: a folder for each tree, named by its digest.
//!
//! INVARIANT: what is read has the digest that was asked for; what has not counts as gone, and is fetched again. A tree is put
//! in place whole, by one process at a time.

use crate::{Failure, Tree, disk};
use program::Digest;
use std::fs;
use std::path::{Path, PathBuf};

/// A tree, and the signature that came with it.
pub type Kept = (Tree, Option<Vec<u8>>);

/// More bytes than any signature has.
const NOTE: u64 = 1 << 20;

/// What is kept of a tree.
pub(crate) enum Found {
    Whole(Tree, Option<Vec<u8>>),
    /// Something stands there that is another, or cannot be read.
    Damaged,
    Nothing,
}

/// A folder of trees.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    told: fn(&str),
    ssh: Option<String>,
}

impl Store {
    /// The store in a folder; it need not be there before something is kept.
    pub fn new(root: PathBuf) -> Store {
        Store { root, told: |_| {}, ssh: None }
    }

    /// The same, where somebody is told of what takes long.
    pub fn telling(self, told: fn(&str)) -> Store {
        Store { told, ..self }
    }

    /// The same, where repositories are fetched with this ssh: a command, as `GIT_SSH_COMMAND` is one.
    pub fn with_ssh(self, ssh: Option<String>) -> Store {
        Store { ssh, ..self }
    }

    /// The ssh that repositories are fetched with, where somebody says which.
    pub(crate) fn ssh(&self) -> Option<&str> {
        self.ssh.as_deref()
    }

    /// Waits until nobody else holds a file, and says so.
    ///
    /// - `what`: what whoever holds it does: `is fetching …`.
    pub(crate) fn wait(&self, path: &Path, what: &str) -> Result<disk::Held, Failure> {
        disk::wait(path, what, self.told)
    }

    /// Where the files of a tree stand, if they are kept.
    pub fn folder(&self, digest: &Digest) -> PathBuf {
        self.trees().join(digest.hex())
    }

    /// Where the trees stand, each in a folder.
    pub(crate) fn trees(&self) -> PathBuf {
        self.root.join("trees")
    }

    /// Other things that are kept between runs and can be had again: `git`.
    pub fn beside(&self, what: &str) -> PathBuf {
        self.root.join(what)
    }

    fn note(&self, digest: &Digest) -> PathBuf {
        self.root.join("signatures").join(digest.hex())
    }

    /// The tree of a digest, and the signature that came with it; `None` where it is not kept or no longer what it was.
    pub fn get(&self, digest: &Digest) -> Option<Kept> {
        match self.look(digest) {
            Found::Whole(tree, note) => Some((tree, note)),
            Found::Damaged | Found::Nothing => None,
        }
    }

    /// What is kept under a digest. What was damaged stays until it can be had again, so that it is told as often as it is met.
    pub(crate) fn look(&self, digest: &Digest) -> Found {
        let folder = self.folder(digest);
        if fs::symlink_metadata(&folder).is_err() {
            return Found::Nothing;
        }
        // Damage may be anything, also what a tree may not hold.
        match Tree::of_folder(&folder) {
            Ok(tree) if tree.digest() == *digest => Found::Whole(tree, self.kept_note(digest)),
            _ => Found::Damaged,
        }
    }

    /// Says that something was damaged here, and where it was had again.
    pub(crate) fn healed(&self, what: &str, whence: &str) {
        (self.told)(&format!("{what} was damaged in the cache; it was fetched again from {whence}"));
    }

    /// A signature. One that is no file or too long was damaged here: it counts as an empty one, which nobody believes.
    fn kept_note(&self, digest: &Digest) -> Option<Vec<u8>> {
        let note = self.note(digest);
        fs::symlink_metadata(&note).ok().map(|_| disk::read_bounded(&note, NOTE).unwrap_or_default())
    }

    /// Keeps a tree and its signature; one that is kept stays where none comes.
    pub fn put(&self, tree: &Tree, signature: Option<&[u8]>) -> Result<PathBuf, Failure> {
        let digest = tree.digest();
        let _held = self.hold()?;
        // Who needs no signature takes nobody's away: the store is everybody's.
        if let Some(note) = signature
            && self.kept_note(&digest).as_deref() != Some(note)
        {
            discard(&self.note(&digest))?;
            disk::write(&self.note(&digest), note)?;
        }
        let folder = self.folder(&digest);
        if Tree::of_folder(&folder).is_ok_and(|there| there.digest() == digest) {
            return Ok(folder);
        }
        discard(&folder)?;
        let part = disk::beside(&folder);
        let laid = tree.lay(&part).and_then(|()| fs::rename(&part, &folder).map_err(|e| disk::fault(&folder, &e)));
        laid.inspect_err(|_| {
            let _ = fs::remove_dir_all(&part);
        })?;
        Ok(folder)
    }

    fn hold(&self) -> Result<disk::Held, Failure> {
        self.wait(&self.root.join("lock"), "is putting packages there")
    }
}

/// Takes away whatever stands there.
pub(crate) fn discard(path: &Path) -> Result<(), Failure> {
    let gone = match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(there) if there.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    gone.map_err(|e| disk::fault(path, &e))
}
