//! Where versions of the model are kept: `.writ/model.db` beside the manifest.

use crate::failure::Failure;
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
    /// That of the package at `root`; made where it is not there.
    pub(crate) fn make(root: &Path) -> Result<Opened, Failure> {
        let folder = root.join(".writ");
        fs::create_dir_all(&folder).map_err(|error| Failure::Fault(format!("{}: {error}", folder.display())))?;
        let file = folder.join("model.db");
        let opened = Store::open(&file).map_err(|fault| failed(&file, &fault))?;
        Ok(Opened { store: opened, file })
    }

    /// That of the package at `root`, where there is one; a question makes none.
    pub(crate) fn existing(root: &Path) -> Result<Option<Opened>, Failure> {
        match root.join(".writ").join("model.db").is_file() {
            true => Opened::make(root).map(Some),
            false => Ok(None),
        }
    }

    /// That of the package at `root`, which must be there.
    pub(crate) fn wanted(root: &Path) -> Result<Opened, Failure> {
        let none = || Failure::Malformed(String::from("no model version is kept yet\n  help: `writ import` makes one"));
        Opened::existing(root)?.ok_or_else(none)
    }

    /// The version of that name.
    pub(crate) fn load(&self, name: &str) -> Result<Version, Failure> {
        let digest = self.store.find(name).map_err(|fault| self.failed(&fault))?;
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
