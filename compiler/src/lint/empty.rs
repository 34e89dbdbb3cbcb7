//! Relations that nothing can fill, and the rules that wait for them.
//!
//! A relation of a blueprint, and what a deny, escalate or permit declares, holds by its rules alone: no importer and no
//! facts file reaches it. So it is empty where it has no rule, or where each of its rules waits for an empty one.
//!
//! Not here: relations outside of blueprints, which any source of facts may fill.

use super::{Module, rules};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hir::{Atom, Head, Literal, Relation, Rule};
use rustc_hash::{FxHashMap, FxHashSet};

/// Reports rules with an atom that no tuple can match, and relations without a rule that are asked for otherwise.
pub(super) fn lint(modules: &[&Module<'_>]) -> Vec<Diagnostic> {
    let relations = modules.iter().flat_map(|module| {
        let home = module.signatures.module.as_str();
        module.signatures.relations.iter().map(move |relation| (home, relation))
    });
    let closed: FxHashMap<&str, (&str, &Relation)> = relations
        .filter(|(_, relation)| relation.blueprint.is_some() || relation.word.is_some())
        .map(|(home, relation)| (relation.declared.name.as_str(), (home, relation)))
        .collect();
    let mut derived: FxHashMap<&str, Vec<&Rule>> = FxHashMap::default();
    let all: Vec<(&str, u32, &Rule)> = rules(modules).collect();
    for (_, _, rule) in &all {
        if let Head::Relation { name, .. } = &rule.head
            && closed.contains_key(name.as_str())
        {
            derived.entry(name).or_default().push(rule);
        }
    }
    // Least fixpoint of what may hold a tuple.
    let mut filled: FxHashSet<&str> = FxHashSet::default();
    loop {
        let before = filled.len();
        for (name, rules) in &derived {
            let empty = |atom: &Atom| closed.contains_key(&*atom.relation) && !filled.contains(&*atom.relation);
            if !filled.contains(name) && rules.iter().any(|rule| !atoms(rule).any(empty)) {
                filled.insert(name);
            }
        }
        if filled.len() == before {
            break;
        }
    }
    let (mut found, mut told) = (Vec::new(), FxHashSet::default());
    for (module, item, rule) in all {
        let empty = atoms(rule).find_map(|atom| {
            let (home, relation) = closed.get(&*atom.relation).filter(|_| !filled.contains(&*atom.relation))?;
            // A relation whose rules are told already is not told again by its readers.
            let itself = matches!(&rule.head, Head::Relation { name, .. } if *name == atom.relation);
            (itself || !derived.contains_key(&*atom.relation)).then_some((atom, *home, *relation))
        });
        if let Some((atom, home, relation)) = empty {
            told.insert(relation.declared.name.as_str());
            found.push(never_filled(atom, home, relation).located(module, item));
        }
    }
    let without = closed
        .values()
        .filter(|(_, relation)| relation.word.is_none() && !derived.contains_key(&*relation.declared.name));
    let mut without: Vec<_> = without.filter(|(_, relation)| !told.contains(&*relation.declared.name)).collect();
    without.sort_by_key(|(_, relation)| &relation.declared.name);
    found.extend(without.into_iter().map(|(home, relation)| no_rule(relation).located(home, relation.declared.item)));
    found
}

/// The atoms that must all have a tuple.
fn atoms(rule: &Rule) -> impl Iterator<Item = &Atom> {
    rule.body.iter().filter_map(|literal| match literal {
        Literal::Atom(atom) => Some(atom),
        Literal::Covered(..)
        | Literal::Not(..)
        | Literal::Compare(..)
        | Literal::Is(..)
        | Literal::Bind(..)
        | Literal::Each { .. }
        | Literal::Aggregate { .. } => None,
    })
}

fn never_filled(atom: &Atom, home: &str, relation: &Relation) -> Diagnostic {
    let name = relation.declared.name.rsplit('.').next().unwrap_or_default();
    let place = Place { item: Some((home.to_owned(), relation.declared.item)), span: relation.declared.span };
    Diagnostic::new(Code::NeverFires, "this rule can never fire")
        .label(atom.span, format!("nothing can fill `{name}`"))
        .label_at(place, "its own rules, and no source of facts, say what it holds")
        .law("a relation of a blueprint is derived inside it and nowhere else")
        .help(format!(
            "give `{name}` a rule that starts from something else; or declare it outside, where facts reach it"
        ))
}

fn no_rule(relation: &Relation) -> Diagnostic {
    let name = relation.declared.name.rsplit('.').next().unwrap_or_default();
    Diagnostic::new(Code::NeverFilled, format!("nothing can fill `{name}`"))
        .label(relation.declared.span, "no rule of this blueprint derives it")
        .law("a relation of a blueprint is derived inside it and nowhere else")
        .help(format!("give `{name}` a rule; or declare it outside, where facts reach it"))
}
