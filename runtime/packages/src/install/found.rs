//! Versions looked for, and gotten: one search for all packages of a workspace.
//!
//! Read downwards: [`found`] looks and gets, `Sources` is where.
//!
//! Not here: what there is of packages that are locked (`looked`).

use super::local::Local;
use super::{Copies, Installed, Passed, Ways, had, of_folder, of_scope, read, separate};
use crate::lock::{Lock, Locked};
use crate::registry::{Listed, Registry};
use crate::resolve::{self, Index, Versions};
use crate::sums::Sums;
use crate::workspace::Workspace;
use crate::{Failure, Name, Range, Version, name, trust};
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
///
/// - `sums`: what each version was.
pub(super) fn found(
    workspace: &Workspace,
    ways: &Ways,
    local: &Local,
    prefer: &Versions,
    sums: &Sums,
) -> Result<Found, Failure> {
    let sources = Sources::new(workspace, ways, local);
    let chosen = resolve::resolve(&sources, &local.own(), prefer)?;
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

/// What a version depends on, or why this writ cannot read it.
pub(super) type Needs = Result<Vec<(Name, Range)>, String>;

/// A registry, or why it does not answer.
type Opened = Result<Rc<dyn Registry>, Failure>;

/// So many packages of a registry are asked for that cannot be listed, one after the other, before it counts as one that does not answer.
const PATIENCE: usize = 3;

/// Registries and folders as the search for versions sees them. What a registry said, or that it said nothing, is remembered:
/// one look may search many times.
pub(super) struct Sources<'a> {
    workspace: &'a Workspace,
    ways: &'a Ways,
    pub(super) local: &'a Local,
    /// By scope.
    registries: RefCell<BTreeMap<String, Opened>>,
    /// How many packages of a scope could not be listed, since one could.
    silent: RefCell<BTreeMap<String, usize>>,
    listed: RefCell<BTreeMap<Name, Result<Vec<Listed>, Failure>>>,
    needs: RefCell<BTreeMap<(Name, Version), Result<Needs, Failure>>>,
    /// The newest version that was met and that this writ does not read, and which one does.
    passed: RefCell<BTreeMap<Name, (Version, Version)>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(workspace: &'a Workspace, ways: &'a Ways, local: &'a Local) -> Sources<'a> {
        Sources {
            workspace,
            ways,
            local,
            registries: RefCell::default(),
            silent: RefCell::default(),
            listed: RefCell::default(),
            needs: RefCell::default(),
            passed: RefCell::default(),
        }
    }

    fn registry(&self, name: &Name) -> Opened {
        if let Some(known) = self.registries.borrow().get(name.scope()) {
            return known.clone();
        }
        let open = || {
            let opened: Rc<dyn Registry> = Rc::from(of_scope(self.workspace, self.ways, name)?);
            opened.there().map(|()| opened)
        };
        let opened = open();
        self.registries.borrow_mut().insert(name.scope().to_owned(), opened.clone());
        opened
    }

    /// The versions of a package that stands in a registry.
    pub(super) fn listed(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        if let Some(known) = self.listed.borrow().get(name) {
            return known.clone();
        }
        let found = self.registry(name).and_then(|registry| registry.versions(name));
        let mut silent = self.silent.borrow_mut();
        let times = silent.entry(name.scope().to_owned()).or_default();
        *times = if found.is_ok() { 0 } else { *times + 1 };
        if let Err(why) = &found
            && *times >= PATIENCE
        {
            self.registries.borrow_mut().insert(name.scope().to_owned(), Err(why.clone()));
        }
        self.listed.borrow_mut().insert(name.clone(), found.clone());
        found
    }

    fn read(&self, name: &Name, version: &Version) -> Result<Needs, Failure> {
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

impl Index for Sources<'_> {
    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        if let Some((pinned, _)) = self.local.missing.get(name) {
            return Err(Failure::Fault(format!("{name} cannot be read, of {}", pinned.place.url)));
        }
        match self.local.folders.get(name) {
            Some(folder) => Ok(vec![Listed { version: folder.version.clone(), yanked: None }]),
            None => self.listed(name),
        }
    }

    fn dependencies(&self, name: &Name, version: &Version) -> Result<Needs, Failure> {
        if let Some(folder) = self.local.folders.get(name) {
            let asked = folder.manifest.dependencies.iter().map(|(name, wanted)| (name.clone(), wanted.range.clone()));
            return Ok(Ok(asked.collect()));
        }
        let one = (name.clone(), version.clone());
        if let Some(known) = self.needs.borrow().get(&one) {
            return known.clone();
        }
        let found = self.read(name, version);
        self.needs.borrow_mut().insert(one, found.clone());
        found
    }

    fn near(&self, wrong: &Name) -> Option<Name> {
        // A registry that lists nothing, or does not answer, knows of no other name.
        name::near(wrong, self.registry(wrong).ok()?.names().ok()?)
    }
}
