//! Versions looked for, and gotten: one search for all packages of a workspace.

use super::local::Local;
use super::{Copies, Installed, Ways, had, of_folder, of_scope, read, separate};
use crate::lock::{Lock, Locked};
use crate::registry::{Listed, Registry};
use crate::resolve::{self, Index, Versions};
use crate::sums::Sums;
use crate::workspace::Workspace;
use crate::{Failure, Name, Range, Version, trust};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Looks for versions, and gets them.
pub(super) fn found(
    workspace: &Workspace,
    ways: &Ways,
    local: &Local,
    prefer: &Versions,
) -> Result<(Vec<Installed>, Lock), Failure> {
    let sources = Sources { workspace, ways, local, registries: RefCell::default() };
    let chosen = resolve::resolve(&sources, &local.own(), prefer)?;
    let sums = Sums::read(&workspace.folder)?;
    let (mut all, mut locked) = (Vec::new(), Vec::new());
    for (name, version) in &chosen {
        if let Some(folder) = local.folders.get(name) {
            all.push(of_folder(name, folder)?);
            locked.push(folder.locked(name));
            continue;
        }
        let release = sources.registry(name)?.release(name, version, None)?;
        sums.clone().add(name, version, &release.digest)?;
        let (digest, oci) = (&release.digest, release.oci.as_ref());
        let (tree, note, folder) = had(workspace, ways, (name, version), digest, oci, Copies::Help)?;
        let key = trust::verify(&workspace.shared, name, version, &release.digest, note.as_deref())?;
        let one = read(name, version, tree, folder, key.clone())?;
        locked.push(Locked {
            name: name.clone(),
            source: String::from("registry"),
            version: Some(version.clone()),
            digest: Some(release.digest),
            oci: release.oci,
            key,
            dependencies: one.manifest.dependencies.keys().cloned().collect(),
        });
        all.push(one);
    }
    workspace.members.iter().try_for_each(|one| separate(one, &all))?;
    Ok((all, Lock::new(locked)))
}

/// Registries and folders as the search for versions sees them.
struct Sources<'a> {
    workspace: &'a Workspace,
    ways: &'a Ways,
    local: &'a Local,
    registries: RefCell<BTreeMap<String, Rc<dyn Registry>>>,
}

impl Sources<'_> {
    fn registry(&self, name: &Name) -> Result<Rc<dyn Registry>, Failure> {
        if let Some(known) = self.registries.borrow().get(name.scope()) {
            return Ok(known.clone());
        }
        let opened: Rc<dyn Registry> = Rc::from(of_scope(self.workspace, self.ways, name)?);
        opened.there()?;
        self.registries.borrow_mut().insert(name.scope().to_owned(), opened.clone());
        Ok(opened)
    }
}

impl Index for Sources<'_> {
    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        match self.local.folders.get(name) {
            Some(folder) => Ok(vec![Listed { version: folder.version.clone(), yanked: None }]),
            None => self.registry(name)?.versions(name),
        }
    }

    fn dependencies(&self, name: &Name, version: &Version) -> Result<Result<Vec<(Name, Range)>, String>, Failure> {
        if let Some(folder) = self.local.folders.get(name) {
            let asked = folder.manifest.dependencies.iter().map(|(name, wanted)| (name.clone(), wanted.range.clone()));
            return Ok(Ok(asked.collect()));
        }
        let release = self.registry(name)?.release(name, version, None)?;
        Ok(match release.writ {
            Some(least) if least > self.ways.writ => {
                Err(format!("it needs writ {least}, and this is {}", self.ways.writ))
            }
            _ => Ok(release.dependencies.into_iter().collect()),
        })
    }
}
