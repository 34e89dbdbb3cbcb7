//! Rules that add nothing: what they derive, another rule of the relation derives, or they need it themselves.

use super::mapping::Search;
use super::{Module, rules};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hir::{Expr, Head, Literal, Part, Rule, Word};
use program::Value;
use std::collections::BTreeMap;

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
        let read: Vec<u64> = rules.iter().map(|(_, _, rule)| read(rule)).collect();
        for (position, (module, item, rule)) in rules.iter().enumerate() {
            if let Some(own) = needs_itself(rule) {
                found.push(circular(rule, own).located(module, *item));
            }
            let implying = candidates(&read, position).find(|other| {
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

/// The rules that may imply the one at `position`: those that read no relation it does not read.
///
/// - `read`: what each of them reads.
fn candidates(read: &[u64], position: usize) -> impl Iterator<Item = usize> {
    let own = read[position];
    (0..read.len()).filter(move |other| *other != position && read[*other] & !own == 0)
}

/// One bit per relation that is read, by a hash of its name.
fn read(rule: &Rule) -> u64 {
    rule.body.iter().fold(0, |bits, literal| match literal {
        Literal::Atom(atom) => bits | 1 << (hash(&atom.relation) % 64),
        _ => bits,
    })
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
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
