//! Objections about how things are, which count where a change brings them about.
//!
//! One that stood before counts again only for a change that writes one of its subjects. So one without a resource among
//! them counts once: when it stands, nothing brings it about any more. And one that reads who has authority reads it in
//! each world: with a tag that names an owner a change may end it.
//!
//! Not here: objections about the change itself, which are asked anew each time, and read authority in the world before.

use super::after::{each, local};
use super::{Module, relations, rules};
use crate::binding::mentioned;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Expr, Head, Literal, Qualifier, Relation, Rule, Word};
use program::{Type, World};
use rustc_hash::FxHashMap;

/// Reports objections of `own`.
///
/// - `modules`: all, so that every relation is known.
pub(super) fn lint(modules: &[&Module<'_>], own: &[&Module<'_>]) -> Vec<Diagnostic> {
    let relations = relations(modules);
    let mut found = Vec::new();
    for (module, item, rule) in rules(own) {
        let Head::Relation { name, terms, word: Some(Word::Deny | Word::Escalate) } = &rule.head else { continue };
        if is_about_a_change(rule, &relations) {
            continue;
        }
        let told = once(local(name), terms, rule).into_iter().chain(disarmed(rule, &relations));
        found.extend(told.map(|told| told.located(module, item)));
    }
    found
}

fn is_about_a_change(rule: &Rule, relations: &FxHashMap<&str, &Relation>) -> bool {
    let mut about = false;
    each(&rule.body, false, &mut |literal, _| {
        if let Literal::Atom(atom) = literal {
            let relation = relations.get(atom.relation.as_str());
            about |= atom.world != World::Here || relation.is_some_and(|r| r.qualifier == Qualifier::Change);
        }
    });
    about
}

/// An objection outside of a blueprint without a resource among its subjects; inside of one that is an error.
fn once(name: &str, subjects: &[Expr], rule: &Rule) -> Option<Diagnostic> {
    let resource = Type::Entity(String::from("std.state.Resource"));
    let is_resource = |term: &Expr| matches!(term, Expr::Variable(v) if rule.variables[*v].r#type == resource);
    if rule.blueprint.is_some() || subjects.iter().any(is_resource) {
        return None;
    }
    let found =
        Diagnostic::new(Code::CountsOnce, format!("once `{name}` stands, no change is objected to because of it"))
            .label(rule.span, "no resource is among its subjects")
            .law("what stood before counts again only for a change that writes one of its subjects")
            .help("make the resource a subject, or say what the change does: `writes(a, r)`");
    Some(found)
}

/// Who has authority, where the rule says which party it has in mind.
fn disarmed(rule: &Rule, relations: &FxHashMap<&str, &Relation>) -> Option<Diagnostic> {
    let party = Type::Entity(String::from("std.authority.Party"));
    let resource = Type::Entity(String::from("std.state.Resource"));
    // A party that is only told says nothing against another one.
    let asked = |term: &Expr| match term {
        Expr::Variable(variable) => {
            rule.body.iter().filter(|literal| mentioned(literal).contains(variable)).count() > 1
        }
        term => *term != Expr::Any,
    };
    let names = |atom: &Atom| {
        let relation = relations.get(atom.relation.as_str()).filter(|r| r.qualifier == Qualifier::Authority);
        let columns = || relation.into_iter().flat_map(|relation| relation.columns.iter().zip(&atom.terms));
        columns().any(|(column, _)| column.r#type == resource)
            && columns().any(|(column, term)| column.r#type == party && asked(term))
    };
    let mut found = None;
    each(&rule.body, false, &mut |literal, _| {
        let Literal::Atom(atom) = literal else { return };
        if found.is_none() && names(atom) {
            found = Some(atom);
        }
    });
    let atom: &Atom = found?;
    let local = local(&atom.relation);
    Some(
        Diagnostic::new(Code::SwitchedOff, format!("the change may have set `{local}`, and so switched this objection off"))
            .label(atom.span, "read in the world after the change, as the rest of the rule")
            .law("no change makes its own author legitimate: only a rule about a change reads who has authority from before")
            .help("make it a rule about the change: `writes(a, r)`; or `@allow(W0224)` where naming somebody else is meant to mend it"),
    )
}
