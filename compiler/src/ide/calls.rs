//! Which rules read a relation, and which relations a rule reads; which intents apply a blueprint, and which blueprints one applies.

use super::cursor::{Site, declared_at, everywhere, owner, site, split};
use super::hover::{said, short};
use super::index::{Role, Target};
use crate::database::Snapshot;
use crate::hir::Package;
use crate::names::Sort;
use std::collections::BTreeMap;
use std::ops::Range;

/// A relation, let, intent or test in the graph of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its short name; of a test its title.
    pub name: String,
    /// Its qualified name, by which it is asked for again; of a test its title.
    pub key: String,
    /// Its signature.
    pub detail: String,
    /// Whether it is a test.
    pub is_test: bool,
    /// Its name's place; of a test its words.
    pub site: Site,
}

/// One end of an edge, with the places that make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The other end.
    pub node: Node,
    /// The file that reads.
    pub file: String,
    /// Where it is mentioned there.
    pub places: Vec<Range<usize>>,
}

/// What stands at a place, as a node.
pub fn prepare(snapshot: &Snapshot, path: &str, offset: usize) -> Option<Node> {
    let (_, target) = super::navigation::target(snapshot, path, offset)?;
    match target {
        Target::Declared(Sort::Relation | Sort::Let | Sort::Blueprint | Sort::Intent, _) => node(snapshot, &target),
        _ => None,
    }
}

fn node(snapshot: &Snapshot, target: &Target) -> Option<Node> {
    let Target::Declared(_, name) = target else { return None };
    let site = declared_at(snapshot, None, target).into_iter().next()?;
    let detail = said(snapshot, target).map(|(signature, _)| signature).unwrap_or_default();
    Some(Node { name: short(name).to_owned(), key: name.clone(), detail, is_test: false, site })
}

fn target(snapshot: &Snapshot, key: &str) -> Option<Target> {
    let (module, local) = split(snapshot, key)?;
    let entry = snapshot.exports_of(snapshot.path_of(module)?)?.names.get(local)?;
    Some(Target::Declared(entry.sort, key.to_owned()))
}

/// What reads it: by the relation that the reading rule derives.
///
/// - `key`: a [`Node::key`].
pub fn incoming(snapshot: &Snapshot, key: &str) -> Vec<Edge> {
    let Some(asked) = target(snapshot, key) else { return Vec::new() };
    let mut found: BTreeMap<(String, String), Edge> = BTreeMap::new();
    for place in everywhere(snapshot, &asked, |role| role == Role::Reads) {
        let path = place.site.file.as_str();
        let pieces = snapshot.pieces(path);
        let piece = pieces.iter().find(|p| p.start <= place.site.range.start && place.site.range.end <= p.end());
        let Some((piece, item)) = piece.and_then(|piece| Some((piece, piece.item?))) else { continue };
        let module = snapshot.module_at(path).map(|module| module.name.as_str()).unwrap_or_default();
        let offset = u32::try_from(place.site.range.start - piece.start).unwrap_or(0);
        let Some(owner) = owner(module, item, piece.mentions(), offset) else { continue };
        let reader = if owner.declared {
            target(snapshot, &owner.name).and_then(|target| node(snapshot, &target))
        } else {
            let (name, site) = (owner.name.clone(), site(path, piece, owner.span));
            Some(Node { name: name.clone(), key: name, detail: String::from("test"), is_test: true, site })
        };
        let Some(reader) = reader else { continue };
        let new = Edge { node: reader, file: path.to_owned(), places: Vec::new() };
        let edge = found.entry((path.to_owned(), owner.name)).or_insert(new);
        edge.places.push(place.site.range);
    }
    found.into_values().collect()
}

/// The file of another package that declares it, and what it is asked by there.
pub fn declared_elsewhere(snapshot: &Snapshot, key: &str) -> Option<(String, String)> {
    let site = declared_at(snapshot, None, &target(snapshot, key)?).into_iter().next()?;
    // `acme.words.` stands before what the package calls it.
    let local = key.splitn(3, '.').nth(2)?.to_owned();
    (snapshot.package_of(&site.file) == Some(Package::Dependency)).then_some((site.file, local))
}

/// What of the package's own reads what another package declares.
///
/// - `module`: what this one calls the other: `acme.words`; `key` is a [`Node::key`] there.
pub fn incoming_of_other(snapshot: &Snapshot, module: &str, key: &str) -> Vec<Edge> {
    let mut edges = incoming(snapshot, &format!("{module}.{key}"));
    edges.retain(|edge| snapshot.package_of(&edge.file) == Some(Package::Root));
    edges
}

/// What its rules read; of an intent also the blueprints that it applies.
pub fn outgoing(snapshot: &Snapshot, key: &str) -> Vec<Edge> {
    let Some(asked) = target(snapshot, key) else { return Vec::new() };
    let mut found: BTreeMap<Target, Vec<Range<usize>>> = BTreeMap::new();
    let Some(home) = declared_at(snapshot, None, &asked).into_iter().next().map(|site| site.file) else {
        return Vec::new();
    };
    for place in everywhere(snapshot, &asked, |role| matches!(role, Role::Derives | Role::Declares)) {
        if place.site.file != home {
            continue;
        }
        let path = place.site.file.as_str();
        let pieces = snapshot.pieces(path);
        let piece = pieces.iter().find(|p| p.start <= place.site.range.start && place.site.range.end <= p.end());
        let Some((piece, item)) = piece.and_then(|piece| Some((piece, piece.item?))) else { continue };
        let module = snapshot.module_at(path).map(|module| module.name.as_str()).unwrap_or_default();
        let offset = u32::try_from(place.site.range.start - piece.start).unwrap_or(0);
        let Some(owner) = owner(module, item, piece.mentions(), offset).filter(|owner| owner.name == key) else {
            continue;
        };
        for mention in piece.mentions() {
            let inside = owner.span.start <= mention.span.start && mention.span.end <= owner.span.end;
            let reads = matches!(mention.target, Target::Declared(Sort::Relation | Sort::Let | Sort::Blueprint, _));
            if inside && reads && mention.role == Role::Reads {
                found.entry(mention.target.clone()).or_default().push(site(path, piece, mention.span).range);
            }
        }
    }
    let edges = found
        .into_iter()
        .filter_map(|(target, places)| Some(Edge { node: node(snapshot, &target)?, file: home.clone(), places }));
    edges.collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, POLICY};
    use super::super::navigation::{highlights, references};
    use super::super::rename::rename;
    use super::*;

    #[test]
    fn rules_are_a_graph() {
        let fixture = Fixture::new(&POLICY.replacen("relation kept", "relation ke$0pt", 1));
        let snapshot = fixture.snapshot();
        let kept = prepare(&snapshot, "policy.writ", fixture.offset).expect("a relation");
        assert_eq!((kept.key.as_str(), kept.detail.as_str()), ("policy.kept", "relation kept(r: Resource)"));
        let names = |edges: &[Edge]| {
            edges.iter().map(|edge| format!("{} {}", edge.node.key, edge.places.len())).collect::<Vec<_>>()
        };
        assert_eq!(names(&outgoing(&snapshot, &kept.key)), ["policy.stateful 1", "std.state.kind 1"]);
        assert_eq!(names(&incoming(&snapshot, &kept.key)), ["an old disk 1"]);
        assert_eq!(names(&incoming(&snapshot, "policy.age")), ["an old disk 1", "policy.careful.stale 1"]);
    }

    /// Three modules: a blueprint, an intent that applies it, and a test that names what it derives there.
    const APPLIED: &str = "//- laws.writ
use std.state.{Resource, kind};
use std.intent.covered;

/// Nothing is loud.
pub blueprint calm(least: int = 3, word: string = \"bell\") {
    let heard(r: Resource) = kind(r, word);

    deny loud(r) \"{r} is {word}\" if covered(r), heard(r), least > 1;
}
//- site.writ
use laws.calm;
use std.state.kind;

intent web \"The site\" {
    cover r if kind(r, \"bell\");
    owner \"team-web\";
    apply calm(least: 5, word: \"horn\");
    apply laws.calm(least: 6) as quiet;
}
//- tests/site.writ
test \"a bell\" {
    given { std.state.kind(\"d\", \"bell\"); }
    expect deny web/laws.calm.loud(\"d\");
}
";

    #[test]
    fn what_is_applied_is_in_the_graph() {
        let fixture = Fixture::new(&APPLIED.replacen("apply calm", "apply ca$0lm", 1));
        let snapshot = fixture.snapshot();
        assert!(snapshot.own_paths().all(|path| snapshot.reports(path).is_empty()));
        let calm = prepare(&snapshot, &fixture.path, fixture.offset).expect("a blueprint");
        assert_eq!((calm.key.as_str(), calm.site.file.as_str()), ("laws.calm", "laws.writ"));
        let names = |edges: &[Edge]| {
            edges.iter().map(|edge| format!("{} {}", edge.node.key, edge.places.len())).collect::<Vec<_>>()
        };
        assert_eq!(names(&incoming(&snapshot, "laws.calm")), ["site.web 2", "a bell 1"]);
        assert_eq!(names(&outgoing(&snapshot, "site.web")), ["std.state.kind 1", "laws.calm 2"]);
        // An intent can be asked too.
        let fixture = Fixture::new(&APPLIED.replacen("intent web", "intent we$0b", 1));
        let web = prepare(&fixture.snapshot(), &fixture.path, fixture.offset).expect("an intent");
        assert_eq!(web.key, "site.web");
    }

    #[test]
    fn what_is_applied_is_found_from_each_end() {
        let calm = ["Declares laws.writ:5:15 calm", "Imports site.writ:1:10 calm", "Reads site.writ:7:11 calm"];
        let calm: Vec<&str> =
            calm.into_iter().chain(["Reads site.writ:8:16 calm", "Reads tests/site.writ:3:26 calm"]).collect();
        let least = ["Declares laws.writ:5:20 least", "Reads laws.writ:8:59 least", "Labels site.writ:7:16 least"];
        let least: Vec<&str> = least.into_iter().chain(["Labels site.writ:8:21 least"]).collect();
        let places = [
            ("blueprint calm", "blueprint ca$0lm", &calm),
            ("apply calm", "apply ca$0lm", &calm),
            ("apply laws.calm", "apply laws.ca$0lm", &calm),
            ("laws.calm.loud", "laws.ca$0lm.loud", &calm),
            ("least: int", "le$0ast: int", &least),
            ("least > 1", "le$0ast > 1", &least),
            ("least: 5", "le$0ast: 5", &least),
        ];
        for (place, cursor, expect) in places {
            let fixture = Fixture::new(&APPLIED.replacen(place, cursor, 1));
            let (snapshot, path, offset) = (fixture.snapshot(), fixture.path.as_str(), fixture.offset);
            let found = references(&snapshot, path, offset, true);
            let shown = found.iter().map(|one| format!("{:?} {}", one.role, fixture.shown(&one.site)));
            assert_eq!(shown.collect::<Vec<String>>(), *expect.as_slice(), "{cursor}");
            let here = found.iter().filter(|one| one.site.file == path).count();
            assert_eq!(highlights(&snapshot, path, offset).len(), here, "{cursor}");
            assert_eq!(rename(&snapshot, path, offset, "other").map(|sites| sites.len()), Ok(expect.len()), "{cursor}");
        }
    }
}
