//! Permits that a deny always defeats: wherever the permit holds for an action, the deny holds for it too.
//!
//! The deny is in force wherever the permit is: it stands in the same blueprint, or outside of any. One that may be
//! waived defeats nobody for certain.

use super::mapping::Search;
use super::{Module, rules};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hir::{Atom, Expr, Head, Literal, Rule, Word};
use program::{Value, World};
use rustc_hash::FxHashSet;
use syntax::ast::{Item, ItemKind};

const ACTION: &str = "std.change.action";
const DESTROYS: &str = "std.change.destroys";
const WRITES: &str = "std.change.writes";

/// Reports permits that have no effect.
pub(super) fn lint(modules: &[&Module<'_>]) -> Vec<Diagnostic> {
    let waivable = waivable(modules);
    let word = |rule: &Rule| match &rule.head {
        Head::Relation { word, .. } => *word,
        Head::Cover { .. } => None,
    };
    let name = |rule: &Rule| match &rule.head {
        Head::Relation { name, .. } => name.clone(),
        Head::Cover { .. } => String::new(),
    };
    let denies: Vec<(&str, u32, &Rule)> = rules(modules)
        .filter(|(_, _, rule)| word(rule) == Some(Word::Deny) && !waivable.contains(&name(rule)))
        .collect();
    let mut found = Vec::new();
    for (module, item, permit) in rules(modules).filter(|(_, _, rule)| word(rule) == Some(Word::Permit)) {
        let more = consequences(permit);
        let in_force = |deny: &Rule| deny.blueprint.is_none() || deny.blueprint == permit.blueprint;
        let deny = denies.iter().find(|(_, _, deny)| in_force(deny) && defeats(deny, permit, &more));
        if let Some((home, position, deny)) = deny {
            let place = Place { item: Some(((*home).to_owned(), *position)), span: deny.span };
            found.push(defeated(permit, place).located(module, item));
        }
    }
    found
}

/// Whether the deny holds for the permit's action wherever the permit does.
fn defeats(deny: &Rule, permit: &Rule, more: &[Literal]) -> bool {
    let (Head::Relation { terms: subjects, .. }, Head::Relation { terms, .. }) = (&deny.head, &permit.head) else {
        return false;
    };
    let Some(action @ Expr::Variable(_)) = terms.first() else { return false };
    let is_action = |term: &&Expr| match term {
        Expr::Variable(v) => {
            deny.variables[*v].r#type == program::Type::Entity(String::from("std.change.Action"))
                && !deny.variables[*v].parameter
        }
        _ => false,
    };
    // With two actions among its subjects it would belong to either.
    let mut actions = subjects.iter().filter(is_action);
    let (Some(subject), None) = (actions.next(), actions.next()) else { return false };
    let mut search = Search::new(deny, permit, more);
    search.same(subject, action) && search.body()
}

/// What holds of a permit's action beside its body: its resource is covered, and its verb destroys or writes.
fn consequences(permit: &Rule) -> Vec<Literal> {
    let mut more = Vec::new();
    for literal in &permit.body {
        let Literal::Atom(atom) = literal else { continue };
        let [action, rest @ .., resource] = atom.terms.as_slice() else { continue };
        let of = |relation: &str| {
            let terms = vec![action.clone(), resource.clone()];
            let (relation, world, span) = (relation.to_owned(), World::Here, atom.span);
            Literal::Atom(Atom { relation, world, terms, instance: None, span })
        };
        if *resource == Expr::Any {
            continue;
        }
        match (atom.relation.as_str(), rest) {
            (ACTION, [Expr::Constant(verb)]) => {
                more.extend(destroying(verb).then(|| of(DESTROYS)));
                more.extend((verb.as_text() != Some("read")).then(|| of(WRITES)));
            }
            (DESTROYS, []) => more.push(of(WRITES)),
            (ACTION, _) => {}
            _ => continue,
        }
        // A permit counts for what the applying intent covers, and for nothing else.
        more.push(Literal::Covered(resource.clone(), atom.span));
    }
    more
}

fn destroying(verb: &Value) -> bool {
    matches!(verb.as_text(), Some("delete" | "replace" | "forget"))
}

/// The denies that somebody may waive.
fn waivable(modules: &[&Module<'_>]) -> FxHashSet<String> {
    fn take(item: &Item, prefix: &str, found: &mut FxHashSet<String>) {
        match &item.kind {
            ItemKind::Governance(rule) if item.attributes.iter().any(|a| a.name.text == "waivable") => {
                found.insert(format!("{prefix}.{}", rule.name.text));
            }
            ItemKind::Blueprint(block) => {
                let inner = format!("{prefix}.{}", block.name.text);
                block.items.iter().for_each(|item| take(item, &inner, found));
            }
            _ => {}
        }
    }
    let mut found = FxHashSet::default();
    for module in modules {
        module.items.iter().for_each(|(_, item, _)| take(item, &module.signatures.module, &mut found));
    }
    found
}

fn defeated(permit: &Rule, deny: Place) -> Diagnostic {
    Diagnostic::new(Code::AlwaysDefeated, "a deny defeats this permit, always")
        .label(permit.span, "permits nothing")
        .label_at(deny, "holds for every action that the permit is for")
        .law("a deny outweighs every permit: an action is allowed only where nothing denies it")
        .help("let the deny leave out what is to be permitted, or remove the permit")
}
