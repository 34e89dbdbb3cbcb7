//! Which way an atom counts for its rule: whether what it reads must hold, or must not.
//!
//! Not here: what a change can write (`label`, `standing`).

use super::after::variable;
use crate::binding::mentioned;
use crate::hir::{Atom, Expr, Literal, Rule};
use program::{Aggregate, Comparison};

/// What an atom asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Way {
    /// It must hold: taking it away ends the rule.
    Holds,
    /// It must not hold: bringing it ends the rule.
    Fails,
    /// What is made of it decides, one way or the other.
    Both,
}

impl Way {
    fn flipped(self) -> Way {
        match self {
            Way::Holds => Way::Fails,
            Way::Fails => Way::Holds,
            Way::Both => Way::Both,
        }
    }

    pub(super) fn under(self, outer: Way) -> Way {
        match outer {
            Way::Holds => self,
            Way::Fails => self.flipped(),
            Way::Both => Way::Both,
        }
    }
}

/// Every atom of a rule, inner bodies included, with the way that it counts.
pub(super) fn ways(rule: &Rule) -> Vec<(&Atom, Way)> {
    let mut found = Vec::new();
    walk(rule, &rule.body, Way::Holds, &mut found);
    found
}

fn walk<'r>(rule: &'r Rule, body: &'r [Literal], way: Way, found: &mut Vec<(&'r Atom, Way)>) {
    for literal in body {
        match literal {
            Literal::Atom(atom) => found.push((atom, way)),
            Literal::Not(inner, _) => walk(rule, inner, way.flipped(), found),
            Literal::Aggregate { variable, how, body: inner, .. } => {
                walk(rule, inner, aggregated(rule, *variable, *how).under(way), found);
            }
            Literal::Covered(..)
            | Literal::Compare(..)
            | Literal::Is(..)
            | Literal::Bind(..)
            | Literal::Each { .. } => {}
        }
    }
}

/// The way that the members of an aggregate count, from what is asked of its value: `n == 0` wants none of them.
fn aggregated(rule: &Rule, value: usize, how: Aggregate) -> Way {
    let mut asked: Vec<Way> = Vec::new();
    leaves(&rule.body, &mut |literal| {
        if mentioned(literal).contains(&value) {
            asked.push(asks(literal, value, how));
        }
    });
    match asked.split_first() {
        Some((first, rest)) if rest.iter().all(|way| way == first) => *first,
        _ => Way::Both,
    }
}

/// What a literal that mentions the value of an aggregate asks of its members.
fn asks(literal: &Literal, value: usize, how: Aggregate) -> Way {
    use Comparison::{AtLeast, AtMost, Equal, Greater, In, Less, NotEqual, NotIn};
    let Literal::Compare(comparison, left, right, _) = literal else { return Way::Both };
    let first = variable(left) == Some(value);
    if !first && variable(right) != Some(value) {
        return Way::Both;
    }
    let none = is_zero(if first { right } else { left });
    match (how, comparison) {
        (Aggregate::Count, Equal) if none => Way::Fails,
        (Aggregate::Count, NotEqual) if none => Way::Holds,
        (Aggregate::Count, Less | AtMost) => {
            if first {
                Way::Fails
            } else {
                Way::Holds
            }
        }
        (Aggregate::Count, Greater | AtLeast) => {
            if first {
                Way::Holds
            } else {
                Way::Fails
            }
        }
        (Aggregate::Collect, In) if !first => Way::Holds,
        (Aggregate::Collect, NotIn) if !first => Way::Fails,
        _ => Way::Both,
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Constant(value) if value.to_string() == "0")
}

/// Calls `found` with every literal that has none inside.
pub(super) fn leaves<'r>(body: &'r [Literal], found: &mut dyn FnMut(&'r Literal)) {
    for literal in body {
        match literal {
            Literal::Not(inner, _) | Literal::Aggregate { body: inner, .. } => leaves(inner, found),
            _ => found(literal),
        }
    }
}
