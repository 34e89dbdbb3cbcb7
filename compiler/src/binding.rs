//! Which literal gives each variable its value.
//!
//! Atoms bind whatever stands in them. An equation, a range or an aggregate binds its variable if nothing bound it
//! before, in the order in which they can run; else it compares. What is left without a value is reported.
//!
//! Not here: the order in which literals run, which is the engine's business; names and types (`resolve`).

use crate::hir::{Expr, Literal, Step, Variable};
use program::{Comparison, Type, Value};
use std::collections::BTreeSet;

/// A variable that has no value where one is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unbound {
    /// Which one.
    pub(crate) variable: usize,
    /// It stands in a negated atom only.
    pub(crate) negated: bool,
}

/// Decides for each literal whether it binds.
///
/// - `variables`: the rule's; those that the compiler needs are added.
/// - `bound`: variables with a value from outside: parameters.
/// - `outside`: variables that occur elsewhere in the rule: in its head and message.
/// - returns: the literals, the variables that have a value after them, and those that lack one.
pub(crate) fn bind(
    literals: Vec<Literal>,
    variables: &mut Vec<Variable>,
    bound: &BTreeSet<usize>,
    outside: &BTreeSet<usize>,
) -> (Vec<Literal>, BTreeSet<usize>, Vec<Unbound>) {
    let mut level = Level { variables, bound: bound.clone(), outside, unbound: Vec::new() };
    let literals = level.bind(literals);
    (literals, level.bound, level.unbound)
}

struct Level<'a> {
    variables: &'a mut Vec<Variable>,
    bound: BTreeSet<usize>,
    outside: &'a BTreeSet<usize>,
    unbound: Vec<Unbound>,
}

impl Level<'_> {
    fn bind(&mut self, literals: Vec<Literal>) -> Vec<Literal> {
        for literal in &literals {
            match literal {
                Literal::Atom(atom) => self.bound.extend(atom.terms.iter().filter_map(variable)),
                Literal::Covered(term, _) => self.bound.extend(variable(term)),
                _ => {}
            }
        }
        // Variables of the other literals: what an inner body shares with them is the rule's, the rest its own.
        let used: Vec<BTreeSet<usize>> = literals.iter().map(mentioned).collect();
        let shared = |outside: &BTreeSet<usize>, literal: &Literal, position: usize| -> BTreeSet<usize> {
            if !matches!(literal, Literal::Not(..) | Literal::Aggregate { .. }) {
                return BTreeSet::new();
            }
            let others = used.iter().enumerate().filter(|(other, _)| *other != position);
            others.flat_map(|(_, used)| used.iter().copied()).chain(outside.iter().copied()).collect()
        };
        let mut done: Vec<Vec<Literal>> = vec![Vec::new(); literals.len()];
        let mut waiting: Vec<(usize, Literal)> = literals.into_iter().enumerate().collect();
        loop {
            let before = waiting.len();
            let mut still = Vec::new();
            for (position, literal) in waiting {
                match literal {
                    Literal::Bind(..) | Literal::Each { .. } | Literal::Aggregate { .. } => {
                        let shared = shared(self.outside, &literal, position);
                        match self.give(literal, &shared) {
                            Ok(literals) => done[position] = literals,
                            Err(literal) => still.push((position, literal)),
                        }
                    }
                    other => still.push((position, other)),
                }
            }
            waiting = still;
            if waiting.len() == before {
                break;
            }
        }
        // What cannot run is reported once, and counts as bound from here on.
        for (position, literal) in waiting {
            let shared = shared(self.outside, &literal, position);
            done[position] = self.rest(literal, &shared);
        }
        done.into_iter().flatten().collect()
    }

    /// Binds or compares, if every input has a value.
    fn give(&mut self, literal: Literal, shared: &BTreeSet<usize>) -> Result<Vec<Literal>, Literal> {
        let ready = self.inputs(&literal, shared).is_subset(&self.bound);
        Ok(match literal {
            Literal::Bind(target, expr, span) if ready => {
                if self.bound.insert(target) {
                    vec![Literal::Bind(target, expr, span)]
                } else {
                    vec![Literal::Compare(Comparison::Equal, Expr::Variable(target), expr, span)]
                }
            }
            Literal::Bind(target, Expr::Variable(other), span) if self.bound.contains(&target) => {
                self.bound.insert(other);
                vec![Literal::Bind(other, Expr::Variable(target), span)]
            }
            Literal::Each { variable, base, then, last, span } if ready => {
                if self.bound.insert(variable) {
                    vec![Literal::Each { variable, base, then, last, span }]
                } else if then.is_empty() && last.is_empty() && !self.is_json(&base) {
                    vec![Literal::Compare(Comparison::In, Expr::Variable(variable), base, span)]
                } else {
                    let other = self.fresh(variable);
                    let each = Literal::Each { variable: other, base, then, last, span };
                    vec![each, equal(variable, other, span)]
                }
            }
            Literal::Aggregate { variable, how, member, body, span } if ready => {
                let body = self.inner(body, shared);
                if self.bound.insert(variable) {
                    vec![Literal::Aggregate { variable, how, member, body, span }]
                } else {
                    let other = self.fresh(variable);
                    let aggregate = Literal::Aggregate { variable: other, how, member, body, span };
                    vec![aggregate, equal(variable, other, span)]
                }
            }
            other => return Err(other),
        })
    }

    /// A literal that binds nothing, or one that lacks a value.
    fn rest(&mut self, literal: Literal, shared: &BTreeSet<usize>) -> Vec<Literal> {
        let negated = matches!(&literal, Literal::Not(inner, _) if matches!(inner.as_slice(), [Literal::Atom(_)]));
        let missing: Vec<usize> = self.inputs(&literal, shared).difference(&self.bound).copied().collect();
        for variable in missing {
            self.unbound.push(Unbound { variable, negated });
            self.bound.insert(variable);
        }
        match literal {
            Literal::Not(inner, span) => vec![Literal::Not(self.inner(inner, shared), span)],
            Literal::Aggregate { variable, how, member, body, span } => {
                let body = self.inner(body, shared);
                self.bound.insert(variable);
                vec![Literal::Aggregate { variable, how, member, body, span }]
            }
            Literal::Bind(target, ..) => {
                self.bound.insert(target);
                vec![literal]
            }
            Literal::Each { variable, .. } => {
                self.bound.insert(variable);
                vec![literal]
            }
            Literal::Atom(_) | Literal::Covered(..) | Literal::Compare(..) | Literal::Is(..) => vec![literal],
        }
    }

    fn inner(&mut self, body: Vec<Literal>, shared: &BTreeSet<usize>) -> Vec<Literal> {
        let (body, _, unbound) = bind(body, self.variables, &self.bound, shared);
        self.unbound.extend(unbound);
        body
    }

    /// The variables that must have a value before the literal can run.
    fn inputs(&self, literal: &Literal, shared: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        match literal {
            Literal::Atom(atom) => {
                atom.terms.iter().filter(|term| variable(term).is_none()).for_each(|term| collect(term, &mut found));
            }
            Literal::Covered(term, _) if variable(term).is_none() => collect(term, &mut found),
            Literal::Covered(..) => {}
            Literal::Compare(_, left, right, _) => {
                collect(left, &mut found);
                collect(right, &mut found);
            }
            Literal::Is(expr, ..) | Literal::Bind(_, expr, _) => collect(expr, &mut found),
            Literal::Each { base, then, last, .. } => {
                collect(base, &mut found);
                then.iter().flatten().chain(last).for_each(|step| collect_step(step, &mut found));
            }
            // A negated literal needs all but what a let (`recent#1.t`) or the compiler (`$#7`) brought with it; what an
            // aggregate around it names (`z#1`) is none of that.
            Literal::Not(inner, _) => {
                let brought = |name: &str| {
                    let last = name.rsplit('.').next().unwrap_or(name);
                    last.starts_with("$#") || name.contains('#') && !last.contains('#')
                };
                let own = |variable: &usize| brought(&self.variables[*variable].name) && !shared.contains(variable);
                found.extend(inner.iter().flat_map(mentioned).filter(|variable| !own(variable)));
            }
            Literal::Aggregate { body, .. } => {
                found.extend(body.iter().flat_map(mentioned).filter(|variable| shared.contains(variable)));
            }
        }
        found
    }

    fn is_json(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(..) | Expr::Object(_) | Expr::Any => true,
            Expr::Variable(variable) => self.variables[*variable].r#type == Type::Json,
            Expr::Constant(value) => matches!(value, Value::Json(_)),
            Expr::As(_, known) => *known == Type::Json,
            Expr::Call(function, _) => {
                let gives = |row: &&[&str]| row.last().is_some_and(|result| matches!(*result, "json" | "T"));
                function.signature().is_none_or(|signature| signature.overloads.iter().any(gives))
            }
            Expr::Default(left, right) => self.is_json(left) || self.is_json(right),
            Expr::Set(_) | Expr::List(_) => false,
        }
    }

    fn fresh(&mut self, like: usize) -> usize {
        let position = self.variables.len();
        let Variable { r#type, span, .. } = self.variables[like].clone();
        self.variables.push(Variable { name: format!("$#{position}"), r#type, parameter: false, span });
        position
    }
}

fn equal(left: usize, right: usize, span: syntax::ast::Span) -> Literal {
    Literal::Compare(Comparison::Equal, Expr::Variable(left), Expr::Variable(right), span)
}

fn variable(term: &Expr) -> Option<usize> {
    match term {
        Expr::Variable(variable) => Some(*variable),
        _ => None,
    }
}

/// Every variable of a literal, inner bodies included.
pub(crate) fn mentioned(literal: &Literal) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    match literal {
        Literal::Atom(atom) => atom.terms.iter().for_each(|term| collect(term, &mut found)),
        Literal::Covered(term, _) => collect(term, &mut found),
        Literal::Compare(_, left, right, _) => {
            collect(left, &mut found);
            collect(right, &mut found);
        }
        Literal::Is(expr, ..) => collect(expr, &mut found),
        Literal::Bind(target, expr, _) => {
            found.insert(*target);
            collect(expr, &mut found);
        }
        Literal::Each { variable, base, then, last, .. } => {
            found.insert(*variable);
            collect(base, &mut found);
            then.iter().flatten().chain(last).for_each(|step| collect_step(step, &mut found));
        }
        Literal::Not(inner, _) => found.extend(inner.iter().flat_map(mentioned)),
        Literal::Aggregate { variable, member, body, .. } => {
            found.insert(*variable);
            found.extend(member.iter().copied());
            found.extend(body.iter().flat_map(mentioned));
        }
    }
    found
}

/// Adds every variable of an expression.
pub(crate) fn collect(expr: &Expr, found: &mut BTreeSet<usize>) {
    match expr {
        Expr::Any | Expr::Constant(_) => {}
        Expr::Variable(variable) => {
            found.insert(*variable);
        }
        Expr::Path(base, steps) => {
            collect(base, found);
            steps.iter().for_each(|step| collect_step(step, found));
        }
        Expr::As(inner, _) => collect(inner, found),
        Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => {
            items.iter().for_each(|item| collect(item, found))
        }
        Expr::Default(left, right) => {
            collect(left, found);
            collect(right, found);
        }
        Expr::Object(entries) => entries.iter().for_each(|(_, value)| collect(value, found)),
    }
}

fn collect_step(step: &Step, found: &mut BTreeSet<usize>) {
    if let Step::Computed(expr) = step {
        collect(expr, found);
    }
}
