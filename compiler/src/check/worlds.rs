//! Which world a rule reads: nothing is left of what the change destroys, and a state relation knows no change.

use crate::check::governance::{atoms, variable};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Expr, Head, Literal, Qualifier, Rule};
use crate::resolve::Context;
use program::{Comparison, Value, World};
use std::collections::BTreeSet;
use syntax::ast::Span;

/// Reports state that is read after the change for a resource that the change may destroy.
pub(super) fn check(context: Context<'_>, rule: &Rule, diagnostics: &mut Vec<Diagnostic>) {
    plain_reads_change(context, rule, diagnostics);
    let destroyed: BTreeSet<usize> = atoms(&rule.body).filter_map(|atom| destroyed(rule, atom)).collect();
    for atom in atoms(&rule.body).filter(|atom| atom.world == World::Here) {
        let Some(resource) = atom.terms.first().and_then(variable).filter(|v| destroyed.contains(v)) else { continue };
        let Some(relation) = context.library.relation(&atom.relation) else { continue };
        if relation.qualifier == Qualifier::Plain && relation.word.is_none() {
            diagnostics.push(gone(&rule.variables[resource].name, &relation.declared.name, atom.span));
        }
    }
}

/// `before.` in the rule of a plain relation. That it reads a change relation is found with the paths (`graph`).
fn plain_reads_change(context: Context<'_>, rule: &Rule, diagnostics: &mut Vec<Diagnostic>) {
    let Head::Relation { name, word: None, .. } = &rule.head else { return };
    let Some(relation) = context.library.relation(name).filter(|r| r.qualifier != Qualifier::Change) else { return };

    for (world, span) in rule.body.iter().flat_map(worlds).filter(|(world, _)| *world != World::Here) {
        let word = if world == World::Before { "before." } else { "either." };
        let local = relation.declared.name.rsplit('.').next().unwrap_or_default();
        diagnostics.push(
            Diagnostic::new(Code::ReadsChange, format!("`{local}` is a state relation, and `{word}` reads the change"))
                .label(span, "knows of a change")
                .label_at(declared_at(relation), "declared without `change`")
                .law("a state relation holds in each world by itself; only a `change relation` reads two")
                .help(format!("declare it as `change relation {local}(…)`")),
        );
    }
}

fn declared_at(relation: &crate::hir::Relation) -> crate::diagnostic::Place {
    let local = relation.declared.name.as_str();
    let cut = relation.blueprint.as_deref().unwrap_or(local).rfind('.').unwrap_or_default();
    let module = local[..cut].to_owned();
    crate::diagnostic::Place { item: Some((module, relation.declared.item)), span: relation.declared.span }
}

fn worlds(literal: &Literal) -> Vec<(World, Span)> {
    match literal {
        Literal::Atom(atom) => vec![(atom.world, atom.span)],
        Literal::Not(body, _) | Literal::Aggregate { body, .. } => body.iter().flat_map(worlds).collect(),
        _ => Vec::new(),
    }
}

/// The resource of an atom that may destroy it.
fn destroyed(rule: &Rule, atom: &Atom) -> Option<usize> {
    match (atom.relation.as_str(), atom.terms.as_slice()) {
        ("std.change.destroys", [_, resource]) => variable(resource),
        ("std.change.action", [_, verb, resource]) => may_destroy(rule, verb).then(|| variable(resource)).flatten(),
        _ => None,
    }
}

fn may_destroy(rule: &Rule, verb: &Expr) -> bool {
    let destroying = |value: &Value| matches!(value.as_text(), Some("delete" | "replace" | "forget"));
    match verb {
        Expr::Constant(value) => destroying(value),
        Expr::Variable(verb) if rule.variables[*verb].parameter => false,
        Expr::Variable(verb) => {
            // Without constants the rule is about whatever is written, and what is left of it.
            let narrowed = rule.body.iter().find_map(|literal| match literal {
                Literal::Compare(Comparison::In | Comparison::Equal, Expr::Variable(left), right, _)
                    if left == verb =>
                {
                    Some(right)
                }
                Literal::Compare(Comparison::Equal, left, Expr::Variable(right), _) if right == verb => Some(left),
                _ => None,
            });
            match narrowed {
                Some(Expr::Constant(Value::Set(members))) => members.iter().any(destroying),
                Some(Expr::Constant(Value::List(members))) => members.iter().any(destroying),
                Some(Expr::Constant(value)) => destroying(value),
                Some(_) | None => false,
            }
        }
        _ => false,
    }
}

fn gone(resource: &str, relation: &str, span: Span) -> Diagnostic {
    let local = relation.rsplit('.').next().unwrap_or(relation);
    let start = Span { start: span.start, end: span.start };
    Diagnostic::new(Code::DestroyedAfter, format!("`{local}` is read after the change, which may destroy `{resource}`"))
        .label(span, "says nothing about what is gone")
        .law("destroying a resource removes what is known about it; the world before still has it")
        .help(format!("write `before.{local}`, or `either.{local}` if a new one counts too"))
        .fix(format!("write `before.{local}`"), start, "before.")
        .offer(format!("write `either.{local}`"), start, "either.")
}
