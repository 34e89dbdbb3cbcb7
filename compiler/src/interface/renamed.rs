//! Relations that nobody else sees under other names: what is called otherwise and says the same is the same.
//!
//! INVARIANT: two relations count as one only if they are declared alike and each of their rules follows from one of the
//! other's, so a name hides nothing.
//! Not here: relations that others see, whose names are what they use.

use super::Interface;
use super::bodies::{Body, Way, changed};
use crate::hir::{Head, Literal};
use std::collections::{BTreeMap, BTreeSet};

/// The new list, with the old names of those hidden relations that say what those of the old one did.
pub(super) fn renamed(old: &Interface, new: &Interface) -> Interface {
    let (was, is) = (hidden(old), hidden(new));
    let mut gone: BTreeMap<&String, &Vec<Body>> = was.iter().filter(|(name, _)| !is.contains_key(*name)).collect();
    let mut come: BTreeMap<&String, &Vec<Body>> = is.iter().filter(|(name, _)| !was.contains_key(*name)).collect();
    let mut names = BTreeMap::new();
    // One may rest on another, so what was found out helps to find more.
    loop {
        let mut same = come.iter().flat_map(|(name, rules)| gone.iter().map(move |old| ((*name, *rules), old)));
        let found = same.find_map(|((name, rules), (before, said))| {
            let mut names = names.clone();
            names.insert(name.clone(), (*before).clone());
            let rules: Vec<Body> = rules.iter().map(|body| called(body, &names)).collect();
            let alike = declared(old, before) == declared(new, name);
            (alike && changed(said, &rules, Way::Either, "").is_empty()).then(|| (name.clone(), (*before).clone()))
        });
        let Some((name, before)) = found else { break };
        come.remove(&name);
        gone.remove(&before);
        names.insert(name, before);
    }
    let mut list = new.clone();
    if names.is_empty() {
        return list;
    }
    for offer in list.values_mut() {
        offer.bodies.iter_mut().flatten().for_each(|body| *body = called(body, &names));
        let rests = std::mem::take(&mut offer.rests).into_iter().map(|(name, (ways, rules))| {
            let rules = rules.iter().map(|body| called(body, &names)).collect();
            (names.get(&name).cloned().unwrap_or(name), (ways, rules))
        });
        offer.rests = rests.collect();
        let declared = std::mem::take(&mut offer.declared).into_iter();
        offer.declared = declared.map(|(name, said)| (names.get(&name).cloned().unwrap_or(name), said)).collect();
    }
    list
}

/// The rules of the hidden relations that have some.
fn hidden(list: &Interface) -> BTreeMap<String, Vec<Body>> {
    let all = || list.values().flat_map(|offer| &offer.rests);
    let bodies = list.values().flat_map(|offer| offer.bodies.iter().flatten());
    let names: BTreeSet<&String> =
        bodies.chain(all().flat_map(|(_, (_, rules))| rules)).flat_map(|body| &body.hidden).collect();
    let known = all().filter(|(name, (_, rules))| names.contains(name) && !rules.is_empty());
    known.map(|(name, (_, rules))| (name.clone(), rules.clone())).collect()
}

/// What is declared of a hidden relation.
fn declared<'l>(list: &'l Interface, name: &str) -> Option<&'l String> {
    list.values().find_map(|offer| offer.declared.get(name))
}

/// A rule with other names for relations.
fn called(body: &Body, names: &BTreeMap<String, String>) -> Body {
    let mut body = body.clone();
    if let Head::Relation { name, .. } = &mut body.rule.head {
        call(name, names);
    }
    body.rule.to.iter_mut().for_each(|to| call(&mut to.relation, names));
    in_literals(&mut body.rule.body, names);
    body
}

fn in_literals(literals: &mut [Literal], names: &BTreeMap<String, String>) {
    for literal in literals {
        match literal {
            Literal::Atom(atom) => call(&mut atom.relation, names),
            Literal::Not(inner, _) | Literal::Aggregate { body: inner, .. } => in_literals(inner, names),
            Literal::Covered(..)
            | Literal::Compare(..)
            | Literal::Is(..)
            | Literal::Bind(..)
            | Literal::Each { .. } => {}
        }
    }
}

fn call(name: &mut String, names: &BTreeMap<String, String>) {
    if let Some(other) = names.get(name) {
        name.clone_from(other);
    }
}
