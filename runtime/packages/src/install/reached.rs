//! What is needed by what is needed: of all that is there, what concerns whom.

use super::Installed;
use crate::Name;
use crate::manifest::Manifest;
use crate::workspace::Member;
use std::collections::BTreeSet;

/// What packages of a workspace depend on, of all that any of them does.
pub fn part(readers: &[Member], mut all: Vec<Installed>) -> Vec<Installed> {
    let named: BTreeSet<Name> = below(readers, &all).into_iter().cloned().collect();
    all.retain(|one| named.contains(&one.name));
    all
}

/// What a package depends on for what it says itself, and whoever depends on it: without what only its tests need.
pub fn lasting(reader: &Manifest, mut all: Vec<Installed>) -> Vec<Installed> {
    let named: BTreeSet<Name> = under(reader.dependencies.keys(), &all).into_iter().cloned().collect();
    all.retain(|one| named.contains(&one.name));
    all
}

pub(super) fn below<'n>(readers: &'n [Member], all: &'n [Installed]) -> BTreeSet<&'n Name> {
    under(asked(readers), all)
}

/// Packages, and all that these depend on.
fn under<'n>(first: impl Iterator<Item = &'n Name>, all: &'n [Installed]) -> BTreeSet<&'n Name> {
    let needs = |name: &Name| all.iter().find(|one| one.name == *name).map(|one| one.manifest.dependencies.keys());
    reached(first, |name| Some(needs(name).into_iter().flatten().collect())).unwrap_or_default()
}

pub(super) fn asked(readers: &[Member]) -> impl Iterator<Item = &Name> {
    readers.iter().flat_map(|one| one.manifest.wanted()).map(|(name, _)| name)
}

/// All that is needed by what is needed by …
///
/// - `needs`: what a package needs.
///
/// # Errors
/// The first that is needed and of which that is not known.
pub(super) fn reached<'n>(
    first: impl Iterator<Item = &'n Name>,
    needs: impl Fn(&Name) -> Option<Vec<&'n Name>>,
) -> Result<BTreeSet<&'n Name>, &'n Name> {
    let (mut reached, mut open) = (BTreeSet::new(), first.collect::<Vec<_>>());
    while let Some(name) = open.pop() {
        let more = needs(name).ok_or(name)?;
        if reached.insert(name) {
            open.extend(more);
        }
    }
    Ok(reached)
}
