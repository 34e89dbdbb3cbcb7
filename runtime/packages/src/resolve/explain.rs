//! Why no versions fit together, in words of the manifest: who asks for what, and what would do.
//!
//! INVARIANT: a range that is offered was tried, and with it everything fits.

use super::{Asked, Node, Search};
use crate::{Name, Range, Version};
use pubgrub::{DerivationTree, External, Ranges};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Bound;

/// Versions of a package that are listed at most.
const SHOWN: usize = 6;

type Tree = DerivationTree<Node, Ranges<Version>, String>;

pub(super) fn explain(search: &Search<'_>, tree: &Tree) -> String {
    let mut found = Vec::new();
    causes(tree, &mut found);
    // First what manifests ask for, then what that asks for; a remainder of a range is nobody's request.
    let asked: Vec<(&Node, &Ranges<Version>)> = found
        .iter()
        .filter_map(|cause| match cause {
            External::FromDependencyOf(_, _, to, range) => Some((to, range)),
            _ => None,
        })
        .collect();
    let mut lines = BTreeSet::new();
    for cause in &found {
        lines.extend(line(search, cause, &asked));
    }
    let mut text = String::from("no versions fit together:");
    for (_, line) in lines {
        let _ = write!(text, "\n  {line}");
    }
    match offers(search).as_slice() {
        [] => {
            let _ = write!(
                text,
                "\n  help: no other range of one dependency alone would do; take some of them out, or ask their authors"
            );
        }
        offers => {
            for offer in offers {
                let _ = write!(text, "\n  help: {offer}");
            }
        }
    }
    text
}

type Cause = External<Node, Ranges<Version>, String>;

/// Every cause that is not derived from others.
fn causes<'t>(tree: &'t Tree, found: &mut Vec<&'t Cause>) {
    match tree {
        DerivationTree::Derived(derived) => {
            causes(&derived.cause1, found);
            causes(&derived.cause2, found);
        }
        DerivationTree::External(cause) => found.push(cause),
    }
}

/// A cause as a line, and where it stands among the others.
fn line(search: &Search<'_>, cause: &Cause, asked: &[(&Node, &Ranges<Version>)]) -> Option<(usize, String)> {
    match cause {
        External::FromDependencyOf(Node::Manifest(shown), _, to, range) => {
            Some((0, format!("{shown} asks for {to} {}", words(range))))
        }
        External::FromDependencyOf(Node::Package(name), at, to, range) => {
            Some((1, format!("{name} {} asks for {to} {}", versions(search, name, at), words(range))))
        }
        External::NoVersions(node @ Node::Package(name), range) if asked.contains(&(node, range)) => {
            Some((2, format!("there is no {name} {}; there {}", words(range), there(search, name))))
        }
        External::Custom(Node::Package(name), range, why) => {
            Some((3, format!("{name} {} cannot be read: {why}", versions(search, name, range))))
        }
        External::FromDependencyOf(Node::Root, ..)
        | External::NoVersions(..)
        | External::Custom(..)
        | External::NotRoot(..) => None,
    }
}

/// Which versions a registry has.
fn there(search: &Search<'_>, name: &Name) -> String {
    let all = search.listed(name).map(|all| all.to_vec()).unwrap_or_default();
    let open: Vec<String> =
        all.iter().rev().filter(|one| one.yanked.is_none()).map(|one| one.version.to_string()).collect();
    let yanked: Vec<String> =
        all.iter().rev().filter(|one| one.yanked.is_some()).map(|one| one.version.to_string()).collect();
    let listed = |all: &[String]| match all.len() {
        n if n > SHOWN => format!("{}, … ({n})", all[..SHOWN].join(", ")),
        _ => all.join(", "),
    };
    match (open.as_slice(), yanked.as_slice()) {
        ([], []) => String::from("is no version of it at all"),
        ([], yanked) => format!("were {}, all of them yanked", listed(yanked)),
        ([one], []) => format!("is {one}"),
        (open, []) => format!("are {}", listed(open)),
        (open, yanked) => format!("are {}, and {}, yanked", listed(open), listed(yanked)),
    }
}

/// The versions of a package that a set holds, as far as there are any.
fn versions(search: &Search<'_>, name: &Name, set: &Ranges<Version>) -> String {
    let all = search.open(name).unwrap_or_default();
    let held: Vec<&Version> = all.iter().filter(|version| set.contains(version)).collect();
    match held.as_slice() {
        [] => words(set),
        [one] => one.to_string(),
        many if many.len() == all.len() => String::from("in every version"),
        many if many.len() <= SHOWN => many.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        many => format!("{} to {}", many[0], many[many.len() - 1]),
    }
}

/// A set as a person would write it.
pub(super) fn words(set: &Ranges<Version>) -> String {
    let part = |(from, to): (&Bound<Version>, &Bound<Version>)| match (from, to) {
        (Bound::Included(from), Bound::Excluded(to)) if from.next_line() == *to => format!("^{from}"),
        (Bound::Included(from), Bound::Excluded(to)) if after(from) == *to => format!("={from}"),
        (Bound::Included(from), Bound::Included(to)) if from == to => format!("={from}"),
        (Bound::Unbounded, Bound::Unbounded) => String::from("*"),
        (from, to) => {
            let from = match from {
                Bound::Included(from) => Some(format!(">={from}")),
                Bound::Excluded(from) => Some(format!(">{from}")),
                Bound::Unbounded => None,
            };
            let to = match to {
                Bound::Included(to) => Some(format!("<={to}")),
                Bound::Excluded(to) => Some(format!("<{to}")),
                Bound::Unbounded => None,
            };
            from.into_iter().chain(to).collect::<Vec<_>>().join(", ")
        }
    };
    let parts: Vec<String> = set.iter().map(part).collect();
    if parts.is_empty() { String::from("(nothing)") } else { parts.join(" or ") }
}

fn after(version: &Version) -> Version {
    let [major, minor, patch] = version.numbers();
    Version::new(major, minor, patch + 1)
}

/// For each direct dependency: a range of it alone with which everything fits, tried.
fn offers(search: &Search<'_>) -> Vec<String> {
    let mut offers = Vec::new();
    let several = search.wanted.iter().any(|one| one.who != search.wanted[0].who);
    for (at, Asked { who, name, range }) in search.wanted.iter().enumerate() {
        let mut wanted = search.wanted.to_vec();
        wanted[at].range = Range::parse("*").expect("bug: a star is a range");
        let other = Search { index: search.index, wanted: &wanted, prefer: search.prefer, listed: Default::default() };
        other.listed.replace(search.listed.borrow().clone());
        if let Ok(found) = other.solve()
            && let Some(version) = found.get(name)
        {
            let [major, minor, patch] = version.numbers();
            let range_of = if major == 0 || patch > 0 { version.to_string() } else { format!("{major}.{minor}") };
            let place = if several { format!(" in {who}") } else { String::new() };
            offers.push(format!("`\"{name}\" = \"{range_of}\"` in place of \"{range}\"{place} would do"));
        }
    }
    offers
}
