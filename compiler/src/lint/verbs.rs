//! The verbs that a rule about a change leaves possible, and what becomes of a resource by them.

use super::after::variable;
use crate::hir::{Expr, Literal, Rule};
use program::{Comparison, Function, Value};

/// Verbs, and what becomes of the resource by them.
pub(super) const VERBS: [(&str, Option<Fate>); 9] = [
    ("create", None),
    ("read", None),
    ("update", None),
    ("replace", Some(Fate::Replaced)),
    ("delete", Some(Fate::Destroyed)),
    ("move", None),
    ("import", None),
    ("forget", Some(Fate::Destroyed)),
    ("run", None),
];

/// What becomes of a resource by the verbs of a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Each of them destroys it.
    Destroyed,
    /// Each of them destroys it, and one puts a new one in its place.
    Replaced,
    /// One of them destroys it, and another leaves it there to be asked about.
    Written,
}

/// The verbs that the rule leaves possible, all where it names none; `None` where a parameter says which.
pub(super) fn verbs_of<'r>(rule: &'r Rule, verb: &'r Expr) -> Option<Vec<&'r str>> {
    let texts = |expr: &'r Expr| -> Option<Vec<&'r str>> {
        let named = rule.body.iter().find_map(|literal| match literal {
            Literal::Bind(name, stated @ Expr::Constant(_), _) if variable(expr) == Some(*name) => Some(stated),
            _ => None,
        });
        match named.unwrap_or(expr) {
            Expr::Constant(Value::Set(members)) => members.iter().map(Value::as_text).collect(),
            Expr::Constant(Value::List(members)) => members.iter().map(Value::as_text).collect(),
            Expr::Constant(value) => Some(vec![value.as_text()?]),
            _ => None,
        }
    };
    let every = || VERBS.iter().map(|(verb, _)| *verb).collect::<Vec<&str>>();
    let asked = match verb {
        Expr::Variable(asked) if !rule.variables[*asked].parameter => asked,
        Expr::Any => return Some(every()),
        constant => return texts(constant),
    };
    let is = |expr: &Expr| spelled(rule, expr) == Some(*asked);
    let (mut left, mut named_here, mut named_elsewhere) = (every(), false, false);
    for literal in &rule.body {
        let (wanted, named) = match literal {
            Literal::Compare(Comparison::In | Comparison::Equal, one, other, _) if is(one) => (true, texts(other)),
            Literal::Compare(Comparison::Equal, other, one, _) if is(one) => (true, texts(other)),
            Literal::Compare(Comparison::NotIn | Comparison::NotEqual, one, other, _) if is(one) => {
                (false, texts(other))
            }
            Literal::Compare(Comparison::NotEqual, other, one, _) if is(one) => (false, texts(other)),
            Literal::Bind(bound, other, _) if bound == asked => (true, texts(other)),
            Literal::Each { variable, base, .. } if variable == asked => (true, texts(base)),
            _ => continue,
        };
        named_here |= named.is_some();
        match named {
            Some(named) => left.retain(|verb| named.contains(verb) == wanted),
            // A parameter says which verbs, and nobody knows here what it will say.
            None => named_elsewhere = true,
        }
    }
    (named_here || !named_elsewhere).then_some(left)
}

/// The variable that an expression is or spells as a text: `str.format("{}", v)`, by whichever names.
fn spelled(rule: &Rule, expr: &Expr) -> Option<usize> {
    let named = |v: usize| {
        rule.body.iter().find_map(|literal| match literal {
            Literal::Bind(bound, stated @ Expr::Call(..), _) if *bound == v => Some(stated),
            _ => None,
        })
    };
    let call = variable(expr).and_then(named).unwrap_or(expr);
    match call {
        Expr::Call(Function::StrFormat, terms) => match terms.as_slice() {
            [Expr::Constant(shape), only] if shape.as_text() == Some("{}") => variable(only),
            _ => None,
        },
        _ => variable(expr),
    }
}

/// What becomes of a resource by the verbs together; `None` where none destroys it.
pub(super) fn fate(verbs: &[&str]) -> Option<Fate> {
    let fates = || VERBS.iter().filter(|(name, _)| verbs.contains(name)).map(|(_, fate)| *fate);
    let worst = fates().flatten().max()?;
    Some(if fates().any(|fate| fate.is_none()) { Fate::Written } else { worst })
}
