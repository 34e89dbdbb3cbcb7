//! Which world a rule reads: nothing is left of what the change destroys, and a state relation knows no change.

use crate::check::governance::{atoms, variable};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Expr, Head, Literal, Qualifier, Rule};
use crate::resolve::Context;
use program::{Comparison, Value, World};
use std::collections::BTreeMap;
use syntax::ast::Span;

/// Reports state that is read after the change for a resource that the change may destroy.
pub(super) fn check(context: Context<'_>, rule: &Rule, diagnostics: &mut Vec<Diagnostic>) {
    plain_reads_change(context, rule, diagnostics);
    let destroyed: BTreeMap<usize, Fate> = atoms(&rule.body).filter_map(|atom| destroyed(rule, atom)).collect();
    for atom in atoms(&rule.body).filter(|atom| atom.world == World::Here) {
        let Some(resource) = atom.terms.first().and_then(variable).filter(|v| destroyed.contains_key(v)) else {
            continue;
        };
        let Some(relation) = context.library.relation(&atom.relation) else { continue };
        if relation.qualifier == Qualifier::Plain && relation.word.is_none() {
            diagnostics.push(gone(
                &rule.variables[resource].name,
                destroyed[&resource],
                &relation.declared.name,
                atom.span,
            ));
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

/// What becomes of a resource by the verbs of a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Each of them destroys it.
    Destroyed,
    /// One of them destroys it, and another leaves it there to be asked about; or it is replaced by a new one.
    Either,
}

/// The resource of an atom that may destroy it.
fn destroyed(rule: &Rule, atom: &Atom) -> Option<(usize, Fate)> {
    match (atom.relation.as_str(), atom.terms.as_slice()) {
        // A replacement is one of them, and brings facts of its own.
        ("std.change.destroys", [_, resource]) => Some((variable(resource)?, Fate::Either)),
        ("std.change.action", [_, verb, resource]) => Some((variable(resource)?, fate(rule, verb)?)),
        _ => None,
    }
}

fn fate(rule: &Rule, verb: &Expr) -> Option<Fate> {
    let of = |values: &mut dyn Iterator<Item = &Value>| {
        let (mut destroys, mut leaves) = (false, false);
        values.for_each(|value| match value.as_text() {
            Some("delete" | "forget") => destroys = true,
            Some("replace") => (destroys, leaves) = (true, true),
            _ => leaves = true,
        });
        match (destroys, leaves) {
            (true, false) => Some(Fate::Destroyed),
            (true, true) => Some(Fate::Either),
            (false, _) => None,
        }
    };
    match verb {
        Expr::Constant(value) => of(&mut std::iter::once(value)),
        Expr::Variable(verb) if rule.variables[*verb].parameter => None,
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
                Some(Expr::Constant(Value::Set(members))) => of(&mut members.iter()),
                Some(Expr::Constant(Value::List(members))) => of(&mut members.iter()),
                Some(Expr::Constant(value)) => of(&mut std::iter::once(value)),
                Some(_) | None => None,
            }
        }
        _ => None,
    }
}

fn gone(resource: &str, fate: Fate, relation: &str, span: Span) -> Diagnostic {
    let local = relation.rsplit('.').next().unwrap_or(relation);
    let start = Span { start: span.start, end: span.start };
    let before = format!("write `before.{local}`");
    let found = Diagnostic::new(
        Code::DestroyedAfter,
        format!("`{local}` is read after the change, which may destroy `{resource}`"),
    )
    .label(span, "says nothing about what is gone")
    .law("destroying a resource removes what is known about it; the world before still has it")
    .help(format!("write `before.{local}`, or `either.{local}` if a new one counts too"));
    // Where an update is meant too, the world before would hide what it brings.
    let found = match fate {
        Fate::Destroyed => found.fix(before, start, "before."),
        Fate::Either => found.offer(before, start, "before."),
    };
    found.offer(format!("write `either.{local}`"), start, "either.")
}
