//! Versions looked for, and gotten: one search for all packages of a workspace.
//!
//! Read downwards: [`found`] looks and gets, [`ahead`] only looks whether a newer version could be had.

use super::local::Local;
use super::{Copies, Installed, Passed, Ways, had, of_folder, of_scope, read, separate, versions};
use crate::lock::{Lock, Locked};
use crate::registry::{Listed, Registry};
use crate::resolve::{self, Asked, Index, Versions};
use crate::sums::Sums;
use crate::workspace::Workspace;
use crate::{Failure, Name, Range, Version, trust};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What was found.
pub(super) struct Found {
    pub(super) all: Vec<Installed>,
    pub(super) lock: Lock,
    /// Newer versions that this writ does not read.
    pub(super) passed: Vec<Passed>,
}

/// Looks for versions, and gets them.
pub(super) fn found(workspace: &Workspace, ways: &Ways, local: &Local, prefer: &Versions) -> Result<Found, Failure> {
    let sources = Sources::new(workspace, ways, local);
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
    let mut passed = sources.passed.take();
    passed.retain(|name, (version, _)| chosen.get(name).is_some_and(|taken| *taken < *version));
    let passed = passed.into_iter().map(|(name, (version, needs))| Passed { name, version, needs }).collect();
    Ok(Found { all, lock: Lock::new(locked), passed })
}

/// How a newer version could be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Where it alone is looked for anew.
    Alone,
    /// Where everything is.
    Together,
    /// Where those of the workspace who ask for it asked for that version.
    Asked,
    /// Not at all: who asks for something else.
    Held(Vec<String>),
}

/// Whether a newer version of a package that is locked could be had, and what holds it back. Nothing is fetched.
pub fn ahead(workspace: &Workspace, ways: &Ways, name: &Name, version: &Version) -> Result<Ahead, Failure> {
    let lock = Lock::read(&workspace.folder)?.unwrap_or_else(|| Lock::new(Vec::new()));
    let local = Local::of(workspace, ways, Some(&lock), Copies::Help)?;
    let sources = Sources::new(workspace, ways, &local);
    let mut others = versions(&lock);
    others.remove(name);
    let took = |prefer: &Versions| match resolve::resolve(&sources, &local.own(), prefer) {
        Ok(chosen) => Ok(chosen.get(name) == Some(version)),
        Err(Failure::Malformed(_)) => Ok(false),
        Err(fault) => Err(fault),
    };
    if took(&others)? {
        return Ok(Ahead::Alone);
    }
    if took(&Versions::new())? {
        return Ok(Ahead::Together);
    }
    // What the workspace itself asks for can be written anew.
    const WHO: &str = "this audit";
    let mut asked = local.own();
    asked.retain(|one| one.name != *name);
    asked.push(Asked { who: WHO.to_owned(), name: name.clone(), range: Range::parse(&format!("={version}"))? });
    match resolve::resolve(&sources, &asked, &others) {
        Ok(_) => Ok(Ahead::Asked),
        Err(Failure::Malformed(why)) => {
            let lines = why.lines().skip(1).map(str::trim);
            let lines = lines.filter(|line| !line.starts_with("help:") && !line.starts_with(WHO));
            Ok(Ahead::Held(lines.map(str::to_owned).collect()))
        }
        Err(fault) => Err(fault),
    }
}

/// Registries and folders as the search for versions sees them.
struct Sources<'a> {
    workspace: &'a Workspace,
    ways: &'a Ways,
    local: &'a Local,
    registries: RefCell<BTreeMap<String, Rc<dyn Registry>>>,
    /// The newest version that was met and that this writ does not read, and which one does.
    passed: RefCell<BTreeMap<Name, (Version, Version)>>,
}

impl<'a> Sources<'a> {
    fn new(workspace: &'a Workspace, ways: &'a Ways, local: &'a Local) -> Sources<'a> {
        Sources { workspace, ways, local, registries: RefCell::default(), passed: RefCell::default() }
    }

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
                let mut passed = self.passed.borrow_mut();
                if passed.get(name).is_none_or(|(known, _)| known < version) {
                    passed.insert(name.clone(), (version.clone(), least.clone()));
                }
                Err(format!("it needs writ {least}, and this is {}", self.ways.writ))
            }
            _ => Ok(release.dependencies.into_iter().collect()),
        })
    }
}
