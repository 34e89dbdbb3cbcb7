//! Aggregates over the elements of a list, which are counted and added once where they are equal.
//!
//! A range gives each value once, so `sum { n: n: int in cfg.disks[*].size }` adds two disks of one size as one. Nothing
//! else in the body tells them apart.
//!
//! Not here: names of an aggregate that the rule has already (`check::names`).

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, Literal, Rule};
use program::{Aggregate, Type, Value};
use syntax::ast::Span;

/// Reports each aggregate whose value is an element of a list, or a part of one.
pub(super) fn check(rule: &Rule, diagnostics: &mut Vec<Diagnostic>) {
    look(rule, &rule.body, diagnostics);
}

fn look(rule: &Rule, body: &[Literal], diagnostics: &mut Vec<Diagnostic>) {
    for literal in body {
        match literal {
            Literal::Aggregate { how, member, body, .. } => {
                if let Some(span) = merged(rule, *how, member, body) {
                    diagnostics.push(equal_once(*how, span));
                }
                look(rule, body, diagnostics);
            }
            Literal::Not(inner, _) => look(rule, inner, diagnostics),
            Literal::Atom(_)
            | Literal::Covered(..)
            | Literal::Compare(..)
            | Literal::Is(..)
            | Literal::Bind(..)
            | Literal::Each { .. } => {}
        }
    }
}

/// The range whose equal elements are one.
fn merged(rule: &Rule, how: Aggregate, member: &[usize], body: &[Literal]) -> Option<Span> {
    let value = *member.last()?;
    let (list, part, span) = body.iter().find_map(|literal| match literal {
        Literal::Each { variable, base, then, last, span } if *variable == value => {
            Some((!is_set(rule, base), !last.is_empty() || !then.is_empty(), *span))
        }
        _ => None,
    })?;
    let told = match how {
        // Added with nothing that tells two of them apart.
        Aggregate::Sum => list || part,
        // Counting distinct values is what `count` is for; counting a part of each element rarely is.
        Aggregate::Count => part && member.len() == 1,
        // Of equal values one is as good as two.
        Aggregate::Min | Aggregate::Max | Aggregate::Collect => false,
    };
    told.then_some(span)
}

fn is_set(rule: &Rule, base: &Expr) -> bool {
    match base {
        Expr::Variable(variable) => matches!(rule.variables[*variable].r#type, Type::Set(_)),
        Expr::Constant(value) => matches!(value, Value::Set(_)),
        Expr::As(_, wanted) => matches!(wanted, Type::Set(_)),
        Expr::Set(_) => true,
        Expr::Default(left, right) => is_set(rule, left) && is_set(rule, right),
        Expr::Any | Expr::Path(..) | Expr::Call(..) | Expr::List(_) | Expr::Object(_) => false,
    }
}

fn equal_once(how: Aggregate, span: Span) -> Diagnostic {
    let done = if how == Aggregate::Sum { "added" } else { "counted" };
    Diagnostic::new(Code::MergedElements, format!("equal elements are {done} once here"))
        .label(span, "a range gives each value once")
        .law("an aggregate is over distinct bindings: elements that nothing in the body tells apart are one")
        .help("range over the positions, which are never equal: `sum { n per i: i in json.indexes(cfg.disks), n: int = cfg.disks[i].size }`")
}
