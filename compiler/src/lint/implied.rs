//! Rules that add nothing: what they derive, another rule of the relation derives, or they need it themselves.

use super::mapping::Search;
use super::{Module, rules};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hir::{Expr, Head, Literal, Part, Rule, Word};
use program::Value;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::BTreeMap;
use std::hash::BuildHasher;

type Placed<'a> = (&'a str, u32, &'a Rule);

/// Reports every rule that another rule of its relation and package implies.
pub(super) fn lint(modules: &[&Module<'_>]) -> Vec<Diagnostic> {
    let mut facts: BTreeMap<(&str, Vec<&Value>), Placed<'_>> = BTreeMap::new();
    let mut by_head: BTreeMap<(&str, Option<&str>), Vec<Placed<'_>>> = BTreeMap::new();
    let mut found = Vec::new();
    for placed @ (module, item, rule) in rules(modules) {
        match constants(rule) {
            // Facts are many, and one follows from another only where they are the same.
            Some((name, tuple)) => match facts.get(&(name, tuple.clone())) {
                Some(first) => found.push(repeated(rule, first).located(module, item)),
                None => {
                    facts.insert((name, tuple), placed);
                }
            },
            None => by_head.entry(key(&rule.head)).or_default().push(placed),
        }
    }
    for rules in by_head.values() {
        let candidates = Candidates::of(rules);
        for (position, (module, item, rule)) in rules.iter().enumerate() {
            if let Some(own) = needs_itself(rule) {
                found.push(circular(rule, own).located(module, *item));
            }
            let implying = candidates.to(position).into_iter().find(|other| {
                let (b, a) = (rules[*other].2, *rule);
                implies(b, a) && (*other < position || !implies(a, b))
            });
            if let Some(other) = implying {
                found.push(implied(rule, &rules[other]).located(module, *item));
            }
        }
    }
    found
}

fn key(head: &Head) -> (&str, Option<&str>) {
    match head {
        Head::Relation { name, .. } => (name, None),
        Head::Cover { intent, .. } => ("", Some(intent)),
    }
}

fn constants(rule: &Rule) -> Option<(&str, Vec<&Value>)> {
    let Head::Relation { name, terms, word: None } = &rule.head else { return None };
    fn constant(term: &Expr) -> Option<&Value> {
        match term {
            Expr::Constant(value) => Some(value),
            _ => None,
        }
    }
    let tuple: Option<Vec<&Value>> = terms.iter().map(constant).collect();
    tuple.filter(|_| rule.body.is_empty()).map(|tuple| (name.as_str(), tuple))
}

/// Which rules of a relation may imply which: one that does reads nothing that the other does not read, and has no constant
/// in a head or an atom that the other does not have in the same column.
///
/// Each rule is kept under the rarest of what it has, and looked up under each of what the other has.
struct Candidates {
    /// What each rule has: hashes, in order.
    features: Vec<Vec<u64>>,
    /// Rules by the rarest of their features; those without any under `None`.
    rarest: FxHashMap<Option<u64>, Vec<usize>>,
}

/// How many rules are tried for one: where more are alike, nothing is said of the rest.
const MOST_TRIED: usize = 256;

impl Candidates {
    fn of(rules: &[Placed<'_>]) -> Candidates {
        let features: Vec<Vec<u64>> = rules.iter().map(|(_, _, rule)| features(rule)).collect();
        let mut often: FxHashMap<u64, usize> = FxHashMap::default();
        features.iter().flatten().for_each(|feature| *often.entry(*feature).or_default() += 1);
        let mut rarest: FxHashMap<Option<u64>, Vec<usize>> = FxHashMap::default();
        for (position, own) in features.iter().enumerate() {
            let rare = own.iter().copied().min_by_key(|feature| (often[feature], *feature));
            rarest.entry(rare).or_default().push(position);
        }
        Candidates { features, rarest }
    }

    /// The rules that may imply the one at `position`, in order.
    fn to(&self, position: usize) -> Vec<usize> {
        let own = &self.features[position];
        let under = std::iter::once(None).chain(own.iter().copied().map(Some));
        let alike = under.flat_map(|feature| self.rarest.get(&feature).into_iter().flatten().copied());
        let fits = |other: &usize| self.features[*other].iter().all(|feature| own.binary_search(feature).is_ok());
        let mut found: Vec<usize> = alike.filter(|other| *other != position).take(MOST_TRIED).filter(fits).collect();
        found.sort_unstable();
        found
    }
}

/// What a rule asks for that only a rule which asks for it as well can be implied by it through: sorted, each once.
fn features(rule: &Rule) -> Vec<u64> {
    let head: &[Expr] = match &rule.head {
        Head::Relation { terms, .. } => terms,
        Head::Cover { resource, .. } => std::slice::from_ref(resource),
    };
    let mut found = Vec::new();
    let mut add = |name: &str, terms: &[Expr]| {
        for (column, term) in terms.iter().enumerate() {
            if let Expr::Constant(value) = term {
                found.push(FxBuildHasher.hash_one((name, column, value)));
            }
        }
    };
    add("", head);
    for literal in &rule.body {
        if let Literal::Atom(atom) = literal {
            add(&atom.relation, &atom.terms);
        }
    }
    found.extend(rule.body.iter().filter_map(|literal| match literal {
        Literal::Atom(atom) => Some(FxBuildHasher.hash_one(&atom.relation)),
        _ => None,
    }));
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether everything `a` derives, `b` derives: in the same words, where the rule says any.
fn implies(b: &Rule, a: &Rule) -> bool {
    let mut search = Search::new(b, a, &[]);
    let head = match (&b.head, &a.head) {
        (Head::Relation { terms, .. }, Head::Relation { terms: others, .. }) => search.terms(terms, others),
        (Head::Cover { resource, .. }, Head::Cover { resource: other, .. }) => search.same(resource, other),
        _ => false,
    };
    head && b.blueprint == a.blueprint && search.body() && same_words(&mut search, b, a)
}

/// A further message is a reason for a further rule.
fn same_words(search: &mut Search<'_>, b: &Rule, a: &Rule) -> bool {
    let parts = b.message.len() == a.message.len()
        && b.message.iter().zip(&a.message).all(|parts| match parts {
            (Part::Words(b), Part::Words(a)) => b == a,
            (Part::Value(b), Part::Value(a)) => search.same(b, a),
            _ => false,
        });
    let to = match (&b.to, &a.to) {
        (None, None) => true,
        (Some(b), Some(a)) => b.relation == a.relation && search.terms(&b.terms, &a.terms),
        _ => false,
    };
    parts && to
}

/// The atom of the body that is the head itself.
fn needs_itself(rule: &Rule) -> Option<&crate::hir::Atom> {
    let Head::Relation { name, terms, word } = &rule.head else { return None };
    rule.body.iter().find_map(|literal| match literal {
        Literal::Atom(atom) => {
            let own = atom.relation == *name && atom.terms == *terms && atom.world == program::World::Here;
            (own && word.is_none_or(|word| word != Word::Permit)).then_some(atom)
        }
        _ => None,
    })
}

fn place(placed: &Placed<'_>) -> Place {
    Place { item: Some((placed.0.to_owned(), placed.1)), span: placed.2.span }
}

fn repeated(rule: &Rule, first: &Placed<'_>) -> Diagnostic {
    Diagnostic::new(Code::Implied, "this fact is stated before")
        .label(rule.span, "adds nothing")
        .label_at(place(first), "the same fact")
        .law("a relation is a set: what is stated twice holds once")
        .help("remove one of them")
}

fn circular(rule: &Rule, own: &crate::hir::Atom) -> Diagnostic {
    Diagnostic::new(Code::Implied, "this rule derives only what it needs")
        .label(own.span, "the same tuple as the head")
        .label(rule.span, "")
        .law("a relation holds the least set of tuples that its rules ask for")
        .help("remove the rule, or look at what it was meant to start from")
}

fn implied(rule: &Rule, by: &Placed<'_>) -> Diagnostic {
    Diagnostic::new(Code::Implied, "another rule derives all that this one does")
        .label(rule.span, "adds nothing")
        .label_at(place(by), "holds wherever the other one holds")
        .law("rules of one name are alternatives, and one that asks for less covers one that asks for more")
        .help("remove this rule; or look at what it should have asked for instead")
}
