//! One version of each package that every range takes, or why there is none.
//!
//! A name has one version in a program: relations of two would be two relations of one name. Of the versions that will do,
//! the one that was locked comes first, then the highest.
//!
//! Read downwards: [`resolve`]; `explain` puts a conflict into words.
//!
//! Source: PubGrub, N. Weizenbaum, 2018, as the crate `pubgrub` has it.

mod explain;

use crate::registry::Listed;
use crate::{Failure, Name, Range, Version};
use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics, PubGrubError, Ranges};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// What is asked while versions are looked for.
pub trait Index {
    /// The versions of a package, lowest first.
    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure>;

    /// What a version depends on, or why this writ cannot read it.
    fn dependencies(&self, name: &Name, version: &Version) -> Result<Result<Vec<(Name, Range)>, String>, Failure>;

    /// The package that may be meant by a name of which there is no version, where its registry lists one.
    fn near(&self, _: &Name) -> Option<Name> {
        None
    }
}

/// Who asks for a package, for which one, and for which versions of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// A manifest, or a package.
    pub who: String,
    /// For which package.
    pub name: Name,
    /// Which versions of it will do.
    pub range: Range,
}

/// A package in the search. Those that are worked on stand there as the manifests that ask: none of them is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Node {
    Root,
    Manifest(String),
    Package(Name),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Root => f.write_str("the workspace"),
            Node::Manifest(shown) => f.write_str(shown),
            Node::Package(name) => name.fmt(f),
        }
    }
}

/// Versions by package.
pub type Versions = BTreeMap<Name, Version>;

/// How often a version may be chosen before it is given up: some conflicts take longer than anybody lives, and a registry may make them.
const STEPS: usize = 10_000;

/// The packages that are named where it is given up.
const NAMED: usize = 6;

/// Finds a version for each package.
///
/// - `wanted`: what the packages that are worked on ask for.
/// - `prefer`: versions to take where they will do, also yanked ones.
///
/// # Errors
/// [`Failure::Malformed`] with the chain of reasons, and what would do instead; [`Failure::Fault`] where more versions had to be
/// tried than may be. That is counted and not timed, so it is the same everywhere.
pub fn resolve(index: &dyn Index, wanted: &[Asked], prefer: &Versions) -> Result<Versions, Failure> {
    within(STEPS, index, wanted, prefer)
}

/// The same, with at most so many choices.
pub(crate) fn within(
    steps: usize,
    index: &dyn Index,
    wanted: &[Asked],
    prefer: &Versions,
) -> Result<Versions, Failure> {
    let search = Search {
        index,
        wanted,
        prefer,
        listed: RefCell::default(),
        chosen: RefCell::default(),
        steps,
        left: Cell::new(steps),
    };
    search.solve().map_err(|error| match *error {
        PubGrubError::NoSolution(tree) => Failure::Malformed(explain::explain(&search, &tree)),
        PubGrubError::ErrorChoosingVersion { source, .. }
        | PubGrubError::ErrorRetrievingDependencies { source, .. }
        | PubGrubError::ErrorInShouldCancel(source) => source,
    })
}

pub(crate) struct Search<'a> {
    index: &'a dyn Index,
    wanted: &'a [Asked],
    prefer: &'a Versions,
    listed: RefCell<BTreeMap<Name, Rc<Vec<Listed>>>>,
    /// How often a version of each was chosen.
    chosen: RefCell<BTreeMap<Name, usize>>,
    /// How often one may be, and may still be.
    steps: usize,
    left: Cell<usize>,
}

impl Search<'_> {
    fn solve(&self) -> Result<Versions, Box<PubGrubError<Self>>> {
        let found = pubgrub::resolve(self, Node::Root, Version::new(0, 0, 0)).map_err(Box::new)?;
        let named = found.into_iter().filter_map(|(node, version)| match node {
            Node::Root | Node::Manifest(_) => None,
            Node::Package(name) => Some((name, version)),
        });
        Ok(named.collect())
    }

    fn listed(&self, name: &Name) -> Result<Rc<Vec<Listed>>, Failure> {
        if let Some(known) = self.listed.borrow().get(name) {
            return Ok(known.clone());
        }
        let found = Rc::new(self.index.versions(name)?);
        self.listed.borrow_mut().insert(name.clone(), found.clone());
        Ok(found)
    }

    /// Counts a choice.
    fn step(&self, name: &Name) -> Result<(), Failure> {
        *self.chosen.borrow_mut().entry(name.clone()).or_default() += 1;
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(self.given_up()),
        }
        Ok(())
    }

    fn given_up(&self) -> Failure {
        let chosen = self.chosen.borrow();
        let mut often: Vec<(&Name, &usize)> = chosen.iter().collect();
        often.sort_by_key(|(name, times)| (std::cmp::Reverse(**times), *name));
        let named: Vec<&str> = often.iter().take(NAMED).map(|(name, _)| name.as_str()).collect();
        Failure::Fault(format!(
            "after {} choices of a version it is not known whether any fit together; most often it was at {}\n  \
             help: ask for narrower ranges of these in writ.toml, such as \"=1.4.0\", or take one of them out",
            self.steps,
            named.join(", ")
        ))
    }

    /// The versions that may be taken, lowest first.
    fn open(&self, name: &Name) -> Result<Vec<Version>, Failure> {
        let prefer = self.prefer.get(name);
        let may = |one: &&Listed| one.yanked.is_none() || prefer == Some(&one.version);
        Ok(self.listed(name)?.iter().filter(may).map(|one| one.version.clone()).collect())
    }
}

impl DependencyProvider for Search<'_> {
    type P = Node;
    type V = Version;
    type VS = Ranges<Version>;
    type M = String;
    type Err = Failure;
    /// Those with the least choice, for what fails there fails early; of these, those that were in conflict most often.
    type Priority = (std::cmp::Reverse<usize>, u32);

    fn prioritize(&self, node: &Node, range: &Ranges<Version>, seen: &PackageResolutionStatistics) -> Self::Priority {
        let left = match node {
            Node::Root | Node::Manifest(_) => 0,
            // What cannot be listed is told when a version is to be chosen.
            Node::Package(name) => {
                self.listed(name).map_or(0, |all| all.iter().filter(|one| range.contains(&one.version)).count())
            }
        };
        (std::cmp::Reverse(left), seen.conflict_count())
    }

    fn choose_version(&self, node: &Node, range: &Ranges<Version>) -> Result<Option<Version>, Failure> {
        let Node::Package(name) = node else {
            // Who asks is there once, unless what it asks for cannot be.
            return Ok(Some(Version::new(0, 0, 0)).filter(|only| range.contains(only)));
        };
        self.step(name)?;
        let open = self.open(name)?;
        if let Some(preferred) = self.prefer.get(name)
            && range.contains(preferred)
            && open.contains(preferred)
        {
            return Ok(Some(preferred.clone()));
        }
        Ok(open.into_iter().rev().find(|version| range.contains(version)))
    }

    fn get_dependencies(
        &self,
        node: &Node,
        version: &Version,
    ) -> Result<Dependencies<Node, Ranges<Version>, String>, Failure> {
        let asked = match node {
            Node::Root => {
                let manifests = self.wanted.iter().map(|one| (Node::Manifest(one.who.clone()), Ranges::full()));
                return Ok(Dependencies::Available(manifests.collect()));
            }
            Node::Manifest(shown) => {
                let own = self.wanted.iter().filter(|one| one.who == *shown);
                Ok(own.map(|one| (one.name.clone(), one.range.clone())).collect())
            }
            Node::Package(name) => self.index.dependencies(name, version)?,
        };
        Ok(match asked {
            Err(why) => Dependencies::Unavailable(why),
            Ok(asked) => {
                // A package that is asked for twice must be in both ranges.
                let mut all: BTreeMap<Node, Ranges<Version>> = BTreeMap::new();
                for (name, range) in asked {
                    let set = all.entry(Node::Package(name)).or_insert_with(Ranges::full);
                    *set = set.intersection(&range.set());
                }
                Dependencies::Available(all.into_iter().collect())
            }
        })
    }
}

#[cfg(test)]
mod tests;
