//! Whether packages that were read fit together: each what the others ask for, no two of one name, and nobody its own dependency.

use super::{Installed, below};
use crate::lock::{self, Lock};
use crate::workspace::Member;
use crate::{Failure, Name, malformed};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A lock that was edited may name versions that the packages themselves do not take, or what none of them asks for.
pub(super) fn together(lock: &Lock, all: &[Installed]) -> Result<(), Failure> {
    for one in all {
        let asked: BTreeSet<&Name> = one.manifest.dependencies.keys().collect();
        let more = lock.get(&one.name).and_then(|locked| locked.dependencies.iter().find(|name| !asked.contains(name)));
        if let Some(more) = more {
            return malformed(format!(
                "{}: it says that {} {} depends on {more}, and it does not\n  help: `writ update` writes it anew",
                lock::FILE,
                one.name,
                one.version
            ));
        }
        for (name, wanted) in &one.manifest.dependencies {
            let found = all.iter().find(|other| other.name == *name).map(|other| &other.version);
            if !found.is_some_and(|version| wanted.range.takes(version)) {
                let found = found.map_or_else(|| String::from("none"), ToString::to_string);
                return malformed(format!(
                    "{}: {} {} asks for {name} \"{}\", and {found} is locked\n  help: `writ update` writes it anew",
                    lock::FILE,
                    one.name,
                    one.version,
                    wanted.range
                ));
            }
        }
    }
    Ok(())
}

/// Of what one reads, two packages whose modules would have the same names are refused, and so is the reader itself.
///
/// - `all`: also what others read.
pub(super) fn separate(reader: &Member, all: &[Installed]) -> Result<(), Failure> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let own = &reader.manifest.package.name;
    for name in below(std::slice::from_ref(reader), all) {
        if let Some(other) = seen.insert(name.module(), name.as_str()) {
            return malformed(format!(
                "{name} and {other} have the same name where modules are named: `{}`",
                name.module()
            ));
        }
        if name.as_str() == own {
            return malformed(format!(
                "{own} depends on itself: {}\n  help: let one of them ask for less; what both need may stand in a package of its own",
                circle(reader, name, all).join(" -> ")
            ));
        }
    }
    Ok(())
}

/// The shortest way from a package to itself.
fn circle<'n>(reader: &'n Member, own: &'n Name, all: &'n [Installed]) -> Vec<&'n str> {
    let asks = |name: &Name| -> Vec<&'n Name> {
        if name == own {
            return reader.manifest.wanted().map(|(name, _)| name).collect();
        }
        let found = all.iter().find(|one| one.name == *name);
        found.into_iter().flat_map(|one| one.manifest.dependencies.keys()).collect()
    };
    let (mut open, mut seen) = (VecDeque::from([vec![own]]), BTreeSet::new());
    while let Some(way) = open.pop_front() {
        for next in way.last().map(|last| asks(last)).unwrap_or_default() {
            let further = || way.iter().copied().chain([next]);
            if next == own {
                return further().map(Name::as_str).collect();
            }
            if seen.insert(next) {
                open.push_back(further().collect());
            }
        }
    }
    vec![own.as_str()]
}
