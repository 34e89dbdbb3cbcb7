//! What a release asks of others, set against what it asked before: whoever takes it may get other versions of these, too.
//!
//! What a new range takes now is tried (`compare`); what it will take, nobody can. So a range that reaches into a line of versions
//! that was out of reach asks for a major version, and any other for a minor one.
//!
//! Not here: what the packages say that are taken (`compare`, `world`).

use compiler::interface::{Difference, Level};
use packages::Name;
use packages::manifest::{Manifest, Origin, Wanted};
use std::collections::BTreeSet;

/// How two versions of a package differ in what they depend on.
pub(super) fn differences(was: &Manifest, is: &Manifest) -> Vec<Difference> {
    let names: BTreeSet<&Name> = was.dependencies.keys().chain(is.dependencies.keys()).collect();
    let differs = |name: &Name| {
        let (level, what) = match (was.dependencies.get(name), is.dependencies.get(name)) {
            (Some(old), Some(new)) => differs(old, new)?,
            (Some(old), None) => (Level::Minor, format!("it was asked for, \"{}\", and is not", old.range)),
            (None, new) => (Level::Minor, format!("it is asked for, \"{}\", and was not", &new?.range)),
        };
        Some(Difference { level, name: name.to_string(), what })
    };
    names.into_iter().filter_map(differs).collect()
}

fn differs(was: &Wanted, is: &Wanted) -> Option<(Level, String)> {
    let repository = |wanted: &Wanted| match &wanted.origin {
        Origin::Git(git) => Some(git.clone()),
        // Others get the release of the range.
        Origin::Registry | Origin::Path(_) => None,
    };
    if repository(was) != repository(is) {
        return Some((
            Level::Major,
            String::from("it comes from somewhere else, and nothing shows that it is the same"),
        ));
    }
    let (old, new) = (&was.range, &is.range);
    if old.set() == new.set() {
        return None;
    }
    let said = format!("it was asked for as \"{old}\" and is as \"{new}\"");
    Some(match new.beyond(old) {
        Some(first) => (Level::Major, format!("!! {said}: others get versions that they did not, from {first} on")),
        None => (Level::Minor, said),
    })
}
