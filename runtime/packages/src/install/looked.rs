//! What there is of packages that are locked: in registries and repositories, and whether a newer version could be had.
//!
//! Read downwards: [`looked`] looks, `released` at a package in a registry, `committed` at one in a repository, `ahead` whether a
//! version could be had, and what holds it back.
//!
//! INVARIANT: nothing is fetched but what repositories have now, nothing is locked; and what cannot be looked at keeps nobody
//! from being told of the others.

use super::Ways;
use super::found::{Needs, Sources};
use super::local::{Local, Pinned};
use super::versions;
use crate::git::{self, Seen};
use crate::lock::{Lock, Locked};
use crate::manifest::{Git, Speakers};
use crate::registry::Listed;
use crate::resolve::{self, Asked, Index, Versions};
use crate::workspace::Workspace;
use crate::{Failure, Name, Range, Version};
use std::cell::OnceCell;

/// How a version could be had that is not locked.
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

/// What there is of a package that is locked.
#[derive(Debug)]
pub enum Looked {
    /// In a registry.
    Released {
        /// Its versions, lowest first, or why nobody can tell.
        versions: Result<Vec<Listed>, Failure>,
        /// The newest that may be taken, where it is newer, and how it could be had, or why nobody can tell.
        newest: Option<(Version, Result<Ahead, Failure>)>,
        /// Where nobody may take anew what is locked: what may be taken instead.
        other: Option<(Version, Result<Ahead, Failure>)>,
    },
    /// In a commit of a repository.
    Committed {
        /// The repository, and what is asked for of it.
        place: Git,
        /// Whose commit it is, where another package names it by a folder of its own repository.
        beside: Option<Name>,
        /// What the repository says of it, or why nobody can tell.
        seen: Result<Seen, Failure>,
        /// Why what is locked cannot be read here.
        unread: Option<Failure>,
        /// Whether the trust policy asks for a signature, which no commit has.
        refused: bool,
        /// Who asks for it, in which ranges.
        asked: Vec<Asked>,
    },
    /// In a repository that only such packages name as cannot be read.
    Hidden,
}

/// How often a version may be chosen to say whether a newer one could be had: it is good to know, and asked of each package.
const GLANCE: usize = 2_000;

/// What there is of each package that is locked with a version, in the order of the lock; a registry that does not answer is
/// asked once.
///
/// # Errors
/// Where the lock or a folder of the workspace cannot be read.
pub fn looked(workspace: &Workspace, ways: &Ways) -> Result<Vec<(Name, Version, Looked)>, Failure> {
    let lock = Lock::read(&workspace.folder)?.unwrap_or_else(|| Lock::new(Vec::new()));
    let local = Local::seen(workspace, ways, &lock)?;
    let look = Look {
        workspace,
        ways,
        lock: &lock,
        sources: Sources::new(workspace, ways, &local),
        all_anew: OnceCell::new(),
    };
    let all = lock.packages.iter().filter_map(|one| Some((one, one.version.as_ref()?)));
    let looked = all.map(|(Locked { name, source, .. }, version)| {
        let looked = if source == "registry" { look.released(name, version) } else { look.committed(name) };
        (name.clone(), version.clone(), looked)
    });
    Ok(looked.collect())
}

struct Look<'l> {
    workspace: &'l Workspace,
    ways: &'l Ways,
    lock: &'l Lock,
    sources: Sources<'l>,
    /// What comes of looking for everything anew, which is the same whoever asks.
    all_anew: OnceCell<Result<Versions, Failure>>,
}

impl Look<'_> {
    fn released(&self, name: &Name, version: &Version) -> Looked {
        let versions = self.sources.listed(name);
        let open: Vec<&Version> =
            versions.iter().flatten().filter(|one| one.yanked.is_none()).map(|one| &one.version).collect();
        let newest = open.last().filter(|newest| **newest > version).map(|newest| (*newest).clone());
        let newest = newest.map(|newest| {
            let how = self.ahead(name, &newest);
            (newest, how)
        });
        let other = if versions.is_ok() && !open.contains(&version) { self.other(name, version, &open) } else { None };
        Looked::Released { versions, newest, other }
    }

    /// What may be taken instead of what nobody may take anew: what is found where it is looked for, else the nearest that there is.
    ///
    /// - `open`: what may be taken, lowest first.
    fn other(&self, name: &Name, version: &Version, open: &[&Version]) -> Option<(Version, Result<Ahead, Failure>)> {
        for (found, how) in [(self.alone(name), Ahead::Alone), (self.together(), Ahead::Together)] {
            match found {
                Ok(mut chosen) => return Some((chosen.remove(name)?, Ok(how))),
                Err(Failure::Malformed(_)) => {}
                Err(fault) => return Some(((*open.last()?).clone(), Err(fault))),
            }
        }
        let same = open.iter().rev().find(|one| one.line() == version.line());
        let above = open.iter().find(|one| **one > version);
        let nearest = (**same.or(above).or(open.last())?).clone();
        let how = self.ahead(name, &nearest);
        Some((nearest, how))
    }

    fn committed(&self, name: &Name) -> Looked {
        let local = self.sources.local;
        let (pinned, unread) = match (local.missing.get(name), local.folders.get(name)) {
            (Some((pinned, why)), _) => (pinned, Some(why.clone())),
            (None, folder) => match folder.and_then(|folder| folder.commit.as_ref()) {
                Some(pinned) => (pinned, None),
                None => return Looked::Hidden,
            },
        };
        let Pinned { place, commit, from, beside } = pinned;
        let asked: Vec<Asked> = local.asked.iter().filter(|one| one.name == *name).cloned().collect();
        let takes = |version: &Version| asked.iter().all(|one| one.range.takes(version));
        let seen = git::seen(&self.ways.store, place, (name, commit), from, self.ways.offline, &takes);
        let refused = self.workspace.shared.speakers(name.scope()) != Some(&Speakers::Unsigned);
        Looked::Committed { place: place.clone(), beside: beside.clone(), seen, unread, refused, asked }
    }

    fn search(&self, asked: &[Asked], prefer: &Versions) -> Result<Versions, Failure> {
        resolve::within(GLANCE, &Heard(&self.sources), asked, prefer)
    }

    /// What is locked of the others.
    fn others(&self, name: &Name) -> Versions {
        let mut others = versions(self.lock);
        others.remove(name);
        others
    }

    /// What comes of looking for one package anew.
    fn alone(&self, name: &Name) -> Result<Versions, Failure> {
        self.search(&self.sources.local.own(), &self.others(name))
    }

    /// What comes of looking for all of them anew.
    fn together(&self) -> Result<Versions, Failure> {
        self.all_anew.get_or_init(|| self.search(&self.sources.local.own(), &Versions::new())).clone()
    }

    /// Whether a version of a package that is not the one that is locked could be had, and what holds it back.
    fn ahead(&self, name: &Name, version: &Version) -> Result<Ahead, Failure> {
        let took = |found: Result<Versions, Failure>| match found {
            Ok(chosen) => Ok(chosen.get(name) == Some(version)),
            Err(Failure::Malformed(_)) => Ok(false),
            Err(fault) => Err(fault),
        };
        if took(self.alone(name))? {
            return Ok(Ahead::Alone);
        }
        if took(self.together())? {
            return Ok(Ahead::Together);
        }
        // What the workspace itself asks for can be written anew.
        const WHO: &str = "this audit";
        let mut asked = self.sources.local.own();
        asked.retain(|one| one.name != *name);
        asked.push(Asked { who: WHO.to_owned(), name: name.clone(), range: Range::parse(&format!("={version}"))? });
        match self.search(&asked, &self.others(name)) {
            Ok(_) => Ok(Ahead::Asked),
            Err(Failure::Malformed(why)) => {
                let lines = why.lines().skip(1).map(str::trim);
                let lines = lines.filter(|line| !line.starts_with("help:") && !line.starts_with(WHO));
                Ok(Ahead::Held(lines.map(str::to_owned).collect()))
            }
            Err(fault) => Err(fault),
        }
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
}
