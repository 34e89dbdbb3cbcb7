//! Why no versions fit together, in words of the manifest: who asks for what, and what would do.
//!
//! INVARIANT: a range that is offered was tried, and with it everything fits.

use super::{Asked, Node, Search};
use crate::{Name, Range, Version};
use pubgrub::{DerivationTree, External, PubGrubError, Ranges};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Bound;

/// Versions of a package that are listed at most.
const SHOWN: usize = 6;

/// Lines of versions that are tried at most before a version farther away is offered.
const NEARER: usize = 8;

type Tree = DerivationTree<Node, Ranges<Version>, String>;

pub(super) fn explain(search: &Search<'_>, tree: &Tree) -> String {
    let mut found = Vec::new();
    causes(tree, &mut BTreeSet::new(), &mut found);
    // First what manifests ask for, then what that asks for; a remainder of a range is nobody's request.
    let asked: Vec<(&Node, &Ranges<Version>)> = found
        .iter()
        .filter_map(|cause| match cause {
            External::FromDependencyOf(_, _, to, range) => Some((to, range)),
            _ => None,
        })
        .collect();
    let lines: BTreeSet<Line> = found.iter().filter_map(|cause| line(search, cause, &asked)).collect();
    let mut text = String::from("no versions fit together:");
    for run in lines.into_iter().collect::<Vec<_>>().chunk_by(|a, b| a.place == b.place && a.about == b.about) {
        let folded = run.len() > SHOWN && run[0].place == VERSIONS;
        for Line { text: one, .. } in if folded { &run[..2] } else { run } {
            let _ = write!(text, "\n  {one}");
        }
        if let (true, [.., last]) = (folded, run) {
            let _ = write!(text, "\n  … and so on, {} lines more, to:\n  {}", run.len() - 3, last.text);
        }
    }
    let (mut offers, all_tried) = offers(search);
    offers.extend(meant(search));
    match offers.as_slice() {
        [] if !all_tried => {
            let _ = write!(text, "\n  help: take some of them out, or ask their authors");
        }
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

/// The packages that manifests may mean by names that no version has.
fn meant(search: &Search<'_>) -> Vec<String> {
    let names: BTreeSet<&Name> = search.wanted.iter().map(|one| &one.name).collect();
    let unknown = names.into_iter().filter(|name| search.listed(name).is_ok_and(|all| all.is_empty()));
    let near = |name| Some(format!("did you mean `{}` by `{name}`?", search.index.near(name)?));
    unknown.filter_map(near).collect()
}

type Cause = External<Node, Ranges<Version>, String>;

/// Every cause that is not derived from others. One that several are derived from is looked at once.
fn causes<'t>(tree: &'t Tree, seen: &mut BTreeSet<*const Tree>, found: &mut Vec<&'t Cause>) {
    if !seen.insert(std::ptr::from_ref(tree)) {
        return;
    }
    match tree {
        DerivationTree::Derived(derived) => {
            causes(&derived.cause1, seen, found);
            causes(&derived.cause2, seen, found);
        }
        DerivationTree::External(cause) => found.push(cause),
    }
}

/// A cause in words, and where it stands among the others: versions as versions, and not as text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    place: usize,
    /// Who asks, and for what.
    about: Option<(Name, Node)>,
    from: Option<Version>,
    text: String,
}

/// Where versions that ask for something stand.
const VERSIONS: usize = 1;

fn line(search: &Search<'_>, cause: &Cause, asked: &[(&Node, &Ranges<Version>)]) -> Option<Line> {
    let plain = |place, text| Some(Line { place, about: None, from: None, text });
    match cause {
        External::FromDependencyOf(Node::Manifest(shown), _, to, range) => {
            plain(0, format!("{shown} asks for {to} {}", words(range)))
        }
        External::FromDependencyOf(Node::Package(name), at, to, range) => Some(Line {
            place: VERSIONS,
            about: Some((name.clone(), to.clone())),
            from: search.open(name).unwrap_or_default().into_iter().find(|version| at.contains(version)),
            text: format!("{name} {} asks for {to} {}", versions(search, name, at), words(range)),
        }),
        External::NoVersions(node @ Node::Package(name), range) if asked.contains(&(node, range)) => {
            plain(2, format!("there is no {name} {}; there {}", words(range), there(search, name)))
        }
        External::Custom(Node::Package(name), range, why) => {
            plain(3, format!("{name} {} cannot be read: {why}", versions(search, name, range)))
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
        (Bound::Included(from), Bound::Excluded(to)) if from.next() == *to => format!("={from}"),
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

/// For each direct dependency: the nearest range of it alone with which everything fits, tried; and whether all were, since they
/// share the steps that are left.
fn offers(search: &Search<'_>) -> (Vec<String>, bool) {
    let mut offers = Vec::new();
    let mut all_tried = true;
    let several = search.wanted.iter().any(|one| one.who != search.wanted[0].who);
    for (at, Asked { who, name, range }) in search.wanted.iter().enumerate() {
        let anything = Range::parse("*").expect("bug: a star is a range");
        let solved = instead(search, at, anything);
        all_tried &= solved.as_ref().map_or_else(|tried| *tried, |_| true);
        if let Ok(Some(highest)) = solved {
            let nearer = nearest(search, name, range, &highest).into_iter().find_map(|line| {
                let line = Range::of(&Version::new(line[0], line[1], line[2]));
                instead(search, at, line).ok().flatten()
            });
            let version = nearer.unwrap_or(highest);
            let range_of = version.shortest_range();
            let place = if several { format!(" in {who}") } else { String::new() };
            offers.push(format!("`\"{name}\" = \"{range_of}\"` in place of \"{range}\"{place} would do"));
        }
    }
    (offers, all_tried)
}

/// The version of a direct dependency that would be taken if another range of it were asked for.
///
/// - `at`: which of those that are wanted.
///
/// # Errors
/// Where nothing fits, whether that was tried to the end.
fn instead(search: &Search<'_>, at: usize, range: Range) -> Result<Option<Version>, bool> {
    let mut wanted = search.wanted.to_vec();
    wanted[at].range = range;
    let other = Search {
        index: search.index,
        wanted: &wanted,
        prefer: search.prefer,
        listed: search.listed.clone(),
        chosen: RefCell::default(),
        steps: search.steps,
        left: search.left.clone(),
    };
    let solved = other.solve();
    search.left.set(other.left.get());
    match solved {
        Ok(mut found) => Ok(found.remove(&wanted[at].name)),
        Err(error) => Err(matches!(*error, PubGrubError::NoSolution(_))),
    }
}

/// The lines of versions that are nearer to a range than a version is, nearest first; of two that are as near, the higher one.
fn nearest(search: &Search<'_>, name: &Name, range: &Range, than: &Version) -> Vec<[u64; 3]> {
    let set = range.set();
    let from = match set.iter().next() {
        Some((Bound::Included(from) | Bound::Excluded(from), _)) => from.line(),
        Some((Bound::Unbounded, _)) | None => return Vec::new(),
    };
    // Below what is asked for the highest is nearest, above it the lowest.
    let far = |line: &[u64; 3]| {
        let differs = (0..3).find(|at| line[*at] != from[*at]).unwrap_or(3);
        [0, 1, 2].map(|at: usize| match at > differs {
            true if line[differs] < from[differs] => u64::MAX - line[at],
            true => line[at],
            false => line[at].abs_diff(from[at]),
        })
    };
    let open = search.open(name).unwrap_or_default();
    let mut lines: Vec<[u64; 3]> = open.iter().map(Version::line).collect();
    lines.dedup();
    lines.retain(|line| far(line) < far(&than.line()));
    lines.sort_by_key(|line| (far(line), std::cmp::Reverse(*line)));
    lines.truncate(NEARER);
    lines
}
