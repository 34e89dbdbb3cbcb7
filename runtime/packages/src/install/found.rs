//! Versions looked for, and gotten: one search for all packages of a workspace.
//!
//! Read downwards: [`found`] looks and gets, [`looked`] only looks what there is, and whether a newer version could be had.

use super::local::Local;
use super::{Copies, Installed, Passed, Ways, had, of_folder, of_scope, read, separate, versions};
use crate::lock::{Lock, Locked};
use crate::registry::{Listed, Registry};
use crate::resolve::{self, Asked, Index, Versions};
use crate::sums::Sums;
use crate::workspace::Workspace;
use crate::{Failure, Name, Range, Version, name, trust};
use std::cell::{OnceCell, RefCell};
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

/// What a registry says of a package that is locked.
#[derive(Debug)]
pub struct Looked {
    /// Its versions, lowest first, or why nobody can tell.
    pub versions: Result<Vec<Listed>, Failure>,
    /// The newest that may be taken, where it is newer, and how it could be had, or why nobody can tell.
    pub newest: Option<(Version, Result<Ahead, Failure>)>,
}

/// How often a version may be chosen to say whether a newer one could be had: it is good to know, and asked of each package.
const GLANCE: usize = 2_000;

/// What there is of packages that are locked. Nothing is fetched; a registry that does not answer is asked once, and keeps nobody
/// from being told of the others.
///
/// # Errors
/// Where the lock or a folder of the workspace cannot be read.
pub fn looked(workspace: &Workspace, ways: &Ways, locked: &[(&Name, &Version)]) -> Result<Vec<Looked>, Failure> {
    let lock = Lock::read(&workspace.folder)?.unwrap_or_else(|| Lock::new(Vec::new()));
    let local = Local::of(workspace, ways, Some(&lock), Copies::Help)?;
    let sources = Sources::new(workspace, ways, &local);
    let all_anew = OnceCell::new();
    let look = |(name, version): &(&Name, &Version)| {
        let versions = sources.listed(name);
        let mut open = versions.iter().flatten().filter(|one| one.yanked.is_none() && one.version > **version);
        let newest = open.next_back().map(|one| one.version.clone());
        let newest = newest.map(|newest| {
            let how = ahead(&sources, &lock, &all_anew, name, &newest);
            (newest, how)
        });
        Looked { versions, newest }
    };
    Ok(locked.iter().map(look).collect())
}

/// Whether a newer version of a package that is locked could be had, and what holds it back.
///
/// - `all_anew`: what comes of looking for everything anew, which is the same whoever asks.
fn ahead(
    sources: &Sources<'_>,
    lock: &Lock,
    all_anew: &OnceCell<Result<Versions, Failure>>,
    name: &Name,
    version: &Version,
) -> Result<Ahead, Failure> {
    let mut others = versions(lock);
    others.remove(name);
    let index = Heard(sources);
    let search = |prefer: &Versions| resolve::within(GLANCE, &index, &sources.local.own(), prefer);
    let took = |found: Result<Versions, Failure>| match found {
        Ok(chosen) => Ok(chosen.get(name) == Some(version)),
        Err(Failure::Malformed(_)) => Ok(false),
        Err(fault) => Err(fault),
    };
    if took(search(&others))? {
        return Ok(Ahead::Alone);
    }
    if took(all_anew.get_or_init(|| search(&Versions::new())).clone())? {
        return Ok(Ahead::Together);
    }
    // What the workspace itself asks for can be written anew.
    const WHO: &str = "this audit";
    let mut asked = sources.local.own();
    asked.retain(|one| one.name != *name);
    asked.push(Asked { who: WHO.to_owned(), name: name.clone(), range: Range::parse(&format!("={version}"))? });
    match resolve::within(GLANCE, &index, &asked, &others) {
        Ok(_) => Ok(Ahead::Asked),
        Err(Failure::Malformed(why)) => {
            let lines = why.lines().skip(1).map(str::trim);
            let lines = lines.filter(|line| !line.starts_with("help:") && !line.starts_with(WHO));
            Ok(Ahead::Held(lines.map(str::to_owned).collect()))
        }
        Err(fault) => Err(fault),
    }
}

/// Sources of which a registry that is not there says nothing about what fits together.
struct Heard<'a>(&'a Sources<'a>);

impl Index for Heard<'_> {
    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        self.0.versions(name).map_err(|failure| Failure::Fault(failure.to_string()))
    }

    fn dependencies(&self, name: &Name, version: &Version) -> Result<Needs, Failure> {
        self.0.dependencies(name, version).map_err(|failure| Failure::Fault(failure.to_string()))
    }

    fn near(&self, name: &Name) -> Option<Name> {
        self.0.near(name)
    }
}

/// What a version depends on, or why this writ cannot read it.
type Needs = Result<Vec<(Name, Range)>, String>;

/// A registry, or why it does not answer.
type Opened = Result<Rc<dyn Registry>, Failure>;

/// So many packages of a registry are asked for that cannot be listed, one after the other, before it counts as one that does not answer.
const PATIENCE: usize = 3;

/// Registries and folders as the search for versions sees them. What a registry said, or that it said nothing, is remembered:
/// one look may search many times.
struct Sources<'a> {
    workspace: &'a Workspace,
    ways: &'a Ways,
    local: &'a Local,
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
    fn new(workspace: &'a Workspace, ways: &'a Ways, local: &'a Local) -> Sources<'a> {
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
    fn listed(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
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
