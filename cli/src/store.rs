//! Where versions of the model are kept: `model.db` among what a package keeps.

use crate::failure::Failure;
use crate::kept::Kept;
use model::{Fault, Store, Version};
use std::fs;
use std::path::{Path, PathBuf};

/// The store of a package, opened.
pub(crate) struct Opened {
    /// The store.
    pub(crate) store: Store,
    file: PathBuf,
}

impl Opened {
    /// That of a package; made where it is not there.
    pub(crate) fn make(kept: &Kept) -> Result<Opened, Failure> {
        let file = kept.path("model.db");
        let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
        folder.map_err(|error| Failure::Fault(format!("{}: its folder cannot be made: {error}", file.display())))?;
        let opened = Store::open(&file).map_err(|fault| failed(&file, &fault))?;
        Ok(Opened { store: opened, file })
    }

    /// That of a package, where there is one; a question makes none.
    pub(crate) fn existing(kept: &Kept) -> Result<Option<Opened>, Failure> {
        match kept.path("model.db").is_file() {
            true => Opened::make(kept).map(Some),
            false => Ok(None),
        }
    }

    /// That of a package, which must be there.
    pub(crate) fn wanted(kept: &Kept) -> Result<Opened, Failure> {
        Opened::existing(kept)?.ok_or_else(none)
    }

    /// The version of that name.
    pub(crate) fn load(&self, name: &str) -> Result<Version, Failure> {
        let digest = self.store.find(name).map_err(|fault| match (&fault, name) {
            (Fault::Unknown(_), "newest") => none(),
            _ => self.failed(&fault),
        })?;
        self.store.load(&digest).map_err(|fault| self.failed(&fault))
    }

    /// The newest version, where there is one.
    pub(crate) fn newest(&self) -> Result<Option<Version>, Failure> {
        let newest = self.store.newest().map_err(|fault| self.failed(&fault))?;
        newest.map(|digest| self.store.load(&digest).map_err(|fault| self.failed(&fault))).transpose()
    }

    /// A fault of the store, as a command ends with it: a name that leads nowhere is the asker's mistake.
    pub(crate) fn failed(&self, fault: &Fault) -> Failure {
        failed(&self.file, fault)
    }
}

fn none() -> Failure {
    Failure::Malformed(String::from("no model version is kept yet\n  help: `writ import` makes one"))
}

fn failed(file: &Path, fault: &Fault) -> Failure {
    let at = file.display();
    match fault {
        Fault::Unknown(_) => Failure::Malformed(format!("{fault}\n  help: `writ model log` lists them")),
        Fault::Ambiguous(_) => Failure::Malformed(format!("{fault}\n  help: give more digits")),
        Fault::Broken(_) => Failure::Malformed(format!(
            "{at}: {fault}\n  help: put a copy in its place, or move it away and `writ import` again"
        )),
        Fault::Busy | Fault::Storage(_) => Failure::Fault(format!("{at}: {fault}")),
    }
}
