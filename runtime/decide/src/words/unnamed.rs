//! A condition for which the compiler made a relation of its own, a negated group or the body of an aggregate, in the
//! words of the rules behind it.
//!
//! Such a relation repeats conditions of the rule around it, which give its variables their values, and its possible
//! reading takes matches apart into tests. Neither was written, and neither is shown.

use crate::words::{Bound, Show, has_no_name, whole};
use program::{Comparison, Expr, Literal, Program, Reading, RelationId, Rule, Term, Value};
use proof::Premise;
use std::collections::{BTreeMap, BTreeSet};

/// What the rules of the relation `id` say, under the values of `pattern`.
pub(super) fn condition(program: &Program, id: RelationId, pattern: &[Option<Value>], show: Show) -> String {
    let around = around(program, id, show);
    // What is sure is possible: that says nothing more.
    let again = |rule: &Rule| match program.relation(id).reading {
        Reading::Possible(sure) => matches!(&rule.body[..], [Literal::Holds(atom)] if atom.relation == sure),
        Reading::Only | Reading::Sure(_) => false,
    };
    let rules = program.rules.iter().filter(|rule| rule.head.relation == id && !again(rule));
    let bodies = rules.map(|rule| {
        let rule = &as_written(rule);
        let mut binding = vec![None; rule.variables.len()];
        for (term, value) in rule.head.terms.iter().zip(pattern) {
            if let Term::Variable(variable) = term {
                binding[*variable].clone_from(value);
            }
        }
        let bound = Bound { rule, binding: &binding, show };
        let says = |literal: &&Literal| {
            !bound.trivial(literal) && open(program, rule, literal, show).is_none_or(|words| !around.contains(&words))
        };
        let shown: Vec<&Literal> = rule.body.iter().filter(says).collect();
        let alone = matches!(shown[..], [Literal::Holds(_) | Literal::Test { .. } | Literal::Is { .. }]);
        let words: Vec<String> = shown.into_iter().map(|literal| bound.literal(program, literal)).collect();
        (words.join(", "), alone)
    });
    // Both readings of a value that may be unknown are written alike.
    let bodies: BTreeMap<String, bool> = bodies.collect();
    let words: Vec<&str> = bodies.keys().map(String::as_str).collect();
    match words[..] {
        [only] if bodies[only] => only.to_owned(),
        _ => format!("({})", words.join("; or ")),
    }
}

/// The premises of a rule of the relation `id` that say something: of a condition without a name, not what only repeats the
/// rules around it.
pub(crate) fn telling<'r>(
    program: &Program,
    id: RelationId,
    rule: &'r Rule,
    premises: &'r [Premise],
) -> Vec<(&'r Literal, &'r Premise)> {
    let all = || rule.body.iter().zip(premises);
    if !has_no_name(program, id) {
        return all().collect();
    }
    let around = around(program, id, whole);
    let repeats = |literal: &Literal| open(program, rule, literal, whole).is_some_and(|words| around.contains(&words));
    let told: Vec<_> = all().filter(|(literal, _)| !repeats(literal)).collect();
    // Where it says nothing else, it says that.
    let some = told.iter().any(|(_, premise)| !matches!(premise, Premise::Computed));
    if some { told } else { all().collect() }
}

/// The conditions beside the one that `id` stands for, in the rules that have it.
fn around(program: &Program, id: RelationId, show: Show) -> BTreeSet<String> {
    let twin = match program.relation(id).reading {
        Reading::Sure(twin) | Reading::Possible(twin) => twin,
        Reading::Only => id,
    };
    let reads = |literal: &Literal| match literal {
        Literal::Holds(atom) | Literal::Absent(atom) => [id, twin].contains(&atom.relation),
        Literal::Aggregate { sure, possible, .. } => {
            [Some(id), Some(twin)].iter().any(|of| *of == Some(sure.relation) || of == possible)
        }
        _ => false,
    };
    let outer =
        program.rules.iter().filter(|rule| ![id, twin].contains(&rule.head.relation) && rule.body.iter().any(reads));
    let outer = outer.map(as_written);
    outer
        .flat_map(|rule| {
            let beside = rule.body.iter().filter(|literal| !reads(literal));
            beside.filter_map(|literal| open(program, &rule, literal, show)).collect::<Vec<_>>()
        })
        .collect()
}

/// A literal with its variables' names; `None` where it asks for a relation without a name of its own, which no rule repeats.
fn open(program: &Program, rule: &Rule, literal: &Literal, show: Show) -> Option<String> {
    let asked = match literal {
        Literal::Holds(atom) | Literal::Absent(atom) => Some(atom.relation),
        Literal::Aggregate { sure, .. } => Some(sure.relation),
        _ => None,
    };
    if asked.is_some_and(|relation| has_no_name(program, relation)) {
        return None;
    }
    let binding = vec![None; rule.variables.len()];
    Some(Bound { rule, binding: &binding, show }.literal(program, literal))
}

/// The rule with what became a test or a binding of its own back in its place: `p(x, _), "a" == _` as `p(x, "a")`, and
/// `_ = cfg.size, _ > 3` as `cfg.size > 3`.
fn as_written(rule: &Rule) -> Rule {
    let mut rule = rule.clone();
    for at in (0..rule.body.len()).rev() {
        match &rule.body[at] {
            Literal::Test { op: Comparison::Equal, left, right: Expr::Variable(made), .. } => {
                let term = match left {
                    Expr::Constant(value) => Term::Constant(value.clone()),
                    Expr::Variable(variable) => Term::Variable(*variable),
                    _ => continue,
                };
                let made = *made;
                let in_atom = |literal: &Literal| match literal {
                    Literal::Holds(atom) => atom.terms.iter().filter(|term| **term == Term::Variable(made)).count(),
                    _ => 0,
                };
                if read_once(&rule, at, made, &in_atom) {
                    for literal in &mut rule.body {
                        if let Literal::Holds(atom) = literal {
                            let here = atom.terms.iter_mut().filter(|one| **one == Term::Variable(made));
                            here.for_each(|one| *one = term.clone());
                        }
                    }
                    rule.body.remove(at);
                }
            }
            Literal::Bind { variable: made, expr } => {
                let (made, expr) = (*made, expr.clone());
                let compared = |literal: &Literal| match literal {
                    Literal::Test { left, right, .. } => {
                        [left, right].into_iter().filter(|side| **side == Expr::Variable(made)).count()
                    }
                    _ => 0,
                };
                if read_once(&rule, at, made, &compared) {
                    for literal in &mut rule.body {
                        if let Literal::Test { left, right, .. } = literal {
                            let sides = [left, right].into_iter().filter(|side| **side == Expr::Variable(made));
                            sides.for_each(|side| *side = expr.clone());
                        }
                    }
                    rule.body.remove(at);
                }
            }
            _ => {}
        }
    }
    rule
}

/// Whether a variable of the compiler's stands but once beside the literal `at`, and there where `place` counts it.
fn read_once(rule: &Rule, at: usize, made: usize, place: &dyn Fn(&Literal) -> usize) -> bool {
    let own = rule.variables.get(made).is_some_and(|variable| variable.name.starts_with('$'));
    let mut others = rule.body.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, literal)| literal);
    let elsewhere = |literal: &Literal| {
        place(literal) == 0 && literal.inputs().iter().chain(&literal.outputs()).any(|variable| *variable == made)
    };
    let in_place: usize = others.clone().map(place).sum();
    own && in_place == 1 && !others.any(elsewhere) && !rule.head.terms.iter().any(|term| *term == Term::Variable(made))
}
