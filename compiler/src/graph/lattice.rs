//! Lattice columns inside their own cycle: only what a better value never takes back.
//!
//! A value of the cycle may be added to, tested against a bound that a better one passes too, and stand in the head's
//! lattice column. A sum may not get better by itself: what is added is at least 0 for `least`, at most 0 for `most`.
//! Such a sum, and any sum that is written for a lattice column, is held at the ends of int; it never overflows.
//!
//! INVARIANT: what passes here is monotone as `proof::lawful` asks.

use super::{Components, adjacency, bounds, components, words_of};
use crate::binding::mentioned;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir;
use crate::lower::{Draft, DraftRule};
use program::{Atom, Comparison, Expr, Function, Lattice, Literal, Rule, Term, Value, World};

/// Holds sums at the ends of int, and tells of every use that a cycle cannot make of its lattice column.
///
/// - returns: each with the position of its rule.
pub(crate) fn lattices(draft: &mut Draft<'_>) -> Vec<(usize, Diagnostic)> {
    if draft.relations.iter().all(|relation| lattice(&relation.columns).is_none()) {
        return Vec::new();
    }
    let edges = adjacency(draft.relations.len(), draft.rules.iter().map(|rule| &rule.rule));
    let components = components(edges.len(), &edges);
    let mut found = Vec::new();
    for index in 0..draft.rules.len() {
        let mut rule = draft.rules[index].rule.clone();
        let better = hold_sums(&mut rule, draft, &components);
        draft.rules[index].rule = rule;
        let fault = fault(&draft.rules[index], draft, &components, &better);
        found.extend(fault.map(|diagnostic| (index, diagnostic)));
    }
    found
}

/// The lattice column among some columns.
fn lattice(columns: &[program::Column]) -> Option<(usize, Lattice)> {
    columns.iter().enumerate().find_map(|(place, column)| Some((place, column.lattice?)))
}

/// The lattice column of an atom that a rule reads in its own cycle.
fn own(atom: &Atom, rule: &Rule, draft: &Draft<'_>, components: &Components) -> Option<(usize, Lattice)> {
    let component = |id: program::RelationId| components.of.get(id.0 as usize);
    let within = atom.world != World::Before && component(atom.relation) == component(rule.head.relation);
    if within { lattice(&draft.relation(atom.relation).columns) } else { None }
}

/// Turns sums into held ones; says of each variable which way it gets better with the lattice columns of the cycle.
fn hold_sums(rule: &mut Rule, draft: &Draft<'_>, components: &Components) -> Vec<Option<Lattice>> {
    let mut better = vec![None; rule.variables.len()];
    for literal in &rule.body {
        if let Literal::Holds(atom) = literal
            && let Some((column, lattice)) = own(atom, rule, draft, components)
            && let Term::Variable(variable) = atom.terms[column]
        {
            better[variable] = Some(lattice);
        }
    }
    let head =
        lattice(&draft.relation(rule.head.relation).columns).and_then(|(column, _)| match rule.head.terms[column] {
            Term::Variable(variable) => Some(variable),
            Term::Constant(_) | Term::Any => None,
        });
    loop {
        let mut changed = false;
        for literal in &mut rule.body {
            match literal {
                Literal::Bind { variable, expr } if head == Some(*variable) || reads(expr, &better) => {
                    *expr = held(expr);
                    let found = direction(expr, &better);
                    changed |= found.is_some() && better[*variable].is_none();
                    better[*variable] = better[*variable].or(found);
                }
                Literal::Test { left, right, .. } => {
                    for side in [left, right] {
                        if reads(side, &better) {
                            *side = held(side);
                        }
                    }
                }
                _ => {}
            }
        }
        if !changed {
            return better;
        }
    }
}

/// The same sum, held at the ends of int.
fn held(expr: &Expr) -> Expr {
    match expr {
        Expr::Call(Function::Add | Function::AddHeld, items) => {
            Expr::Call(Function::AddHeld, items.iter().map(held).collect())
        }
        Expr::Call(Function::Subtract, items) => match items.as_slice() {
            [from, Expr::Constant(Value::Int(n))] => {
                let less = Expr::Constant(Value::Int(n.saturating_neg()));
                Expr::Call(Function::AddHeld, vec![held(from), less])
            }
            _ => expr.clone(),
        },
        other => other.clone(),
    }
}

fn reads(expr: &Expr, better: &[Option<Lattice>]) -> bool {
    let mut found = Vec::new();
    expr.variables(&mut found);
    found.into_iter().any(|variable| better[variable].is_some())
}

/// Which way the value gets better with the lattice columns that it reads.
fn direction(expr: &Expr, better: &[Option<Lattice>]) -> Option<Lattice> {
    match expr {
        Expr::Variable(variable) => better[*variable],
        Expr::Call(Function::AddHeld, items) => {
            let mut found = items.iter().filter(|item| reads(item, better)).map(|item| direction(item, better));
            let first = found.next()??;
            found.all(|other| other == Some(first)).then_some(first)
        }
        _ => None,
    }
}

fn fault(
    rule: &DraftRule<'_>,
    draft: &Draft<'_>,
    components: &Components,
    better: &[Option<Lattice>],
) -> Option<Diagnostic> {
    let body = &rule.rule.body;
    let own = |atom: &Atom| own(atom, &rule.rule, draft, components);
    let is_better = |variable: &usize| better[*variable].is_some();
    for literal in body {
        match literal {
            Literal::Holds(atom) => {
                let lattice = own(atom);
                for (column, term) in atom.terms.iter().enumerate() {
                    match term {
                        Term::Constant(value) if lattice.is_some_and(|(place, _)| place == column) => {
                            return used(rule, None, &value.to_string(), "is looked up in it");
                        }
                        Term::Variable(variable) if is_better(variable) => {
                            let places =
                                body.iter().flat_map(Literal::outputs).filter(|other| other == variable).count();
                            if lattice.map(|(place, _)| place) != Some(column) || places > 1 {
                                return used(rule, Some(*variable), "", "is compared with another value");
                            }
                        }
                        Term::Variable(_) | Term::Constant(_) | Term::Any => {}
                    }
                }
            }
            Literal::Bind { variable, expr } if reads(expr, better) => match direction(expr, better) {
                None => {
                    let mut read = Vec::new();
                    expr.variables(&mut read);
                    return used(rule, read.into_iter().find(is_better), "", "is made into something else than a sum");
                }
                Some(lattice) => {
                    if let Some(added) = endless(&rule.rule, expr, lattice, better) {
                        return without_end(rule, *variable, added, lattice, better);
                    }
                }
            },
            Literal::Test { op, left, right, .. } if reads(left, better) || reads(right, better) => {
                if !passes(*op, left, right, better) {
                    let mut read = Vec::new();
                    [left, right].into_iter().for_each(|side| side.variables(&mut read));
                    let variable = read.into_iter().find(is_better)?;
                    let found = used(rule, Some(variable), "", "is compared in a way that a better value may fail");
                    return found.map(|found| at_comparison(rule, variable, found));
                }
            }
            Literal::Is { .. } | Literal::Each { .. } | Literal::Absent(_) | Literal::Aggregate { .. } => {
                if let Some(variable) = literal.inputs().into_iter().chain(literal.outputs()).find(is_better) {
                    return used(rule, Some(variable), "", "is asked for");
                }
            }
            Literal::Bind { variable, .. } if is_better(variable) => {
                return used(rule, Some(*variable), "", "is compared with another value");
            }
            Literal::Bind { .. } | Literal::Test { .. } => {}
        }
    }
    let head = lattice(&draft.relation(rule.rule.head.relation).columns);
    for (column, term) in rule.rule.head.terms.iter().enumerate() {
        if let Term::Variable(variable) = term
            && is_better(variable)
            && head != better[*variable].map(|lattice| (column, lattice))
        {
            return used(rule, Some(*variable), "", "stands in a column that keeps every value");
        }
    }
    None
}

/// What is added to a lattice column and may make the value better; `None` where nothing does.
fn endless<'r>(rule: &Rule, expr: &'r Expr, lattice: Lattice, better: &[Option<Lattice>]) -> Option<&'r Expr> {
    let Expr::Call(Function::AddHeld, items) = expr else { return None };
    let summed = items.iter().filter(|item| reads(item, better)).count();
    items.iter().find_map(|item| {
        let (low, high) = bounds(rule, item);
        let settled = match lattice {
            Lattice::Least => low.is_some_and(|low| low >= 0),
            Lattice::Most => high.is_some_and(|high| high <= 0),
        };
        match reads(item, better) {
            // Of two values of the cycle nobody knows the sign.
            true if summed > 1 => Some(item),
            true => endless(rule, item, lattice, better),
            false => (!settled).then_some(item),
        }
    })
}

/// Whether a better value passes wherever a worse one does.
fn passes(op: Comparison, left: &Expr, right: &Expr, better: &[Option<Lattice>]) -> bool {
    let falls = matches!(op, Comparison::Less | Comparison::AtMost);
    let grows = matches!(op, Comparison::Greater | Comparison::AtLeast);
    if reads(left, better) == reads(right, better) {
        return false;
    }
    match (direction(left, better), direction(right, better)) {
        (Some(Lattice::Least), None) | (None, Some(Lattice::Most)) => falls,
        (Some(Lattice::Most), None) | (None, Some(Lattice::Least)) => grows,
        _ => false,
    }
}

fn name(rule: &DraftRule<'_>, variable: usize) -> String {
    let name = &rule.rule.variables[variable].name;
    if name.starts_with('$') { String::from("a sum") } else { format!("`{name}`") }
}

/// - `variable`: what is used; without one, `constant` is what is looked up.
fn used(rule: &DraftRule<'_>, variable: Option<usize>, constant: &str, how: &str) -> Option<Diagnostic> {
    let what = variable.map_or_else(|| constant.to_owned(), |variable| name(rule, variable));
    let message = format!("{what} is of a lattice column of this cycle, and {how}");
    Some(
        at_words(rule, variable.as_slice(), Diagnostic::new(Code::LatticeUse, message))
            .law("inside its own cycle a `least` column is only added to, or tested with `<=`; a `most` column with `>=`")
            .help("do it in a relation of its own, which reads this one from outside of the cycle"),
    )
}

/// Points at the words that give one of the variables its value, or at the rule.
fn at_words(rule: &DraftRule<'_>, variables: &[usize], diagnostic: Diagnostic) -> Diagnostic {
    let Some(source) = rule.source else { return diagnostic };
    let words = variables.iter().find_map(|variable| words_of(source.rule, &rule.rule.variables[*variable].name));
    diagnostic.label_at(source.place(words.unwrap_or(source.rule.span)), "in a rule that feeds the column it reads")
}

/// Points at the comparison that mentions the variable.
fn at_comparison(rule: &DraftRule<'_>, variable: usize, mut diagnostic: Diagnostic) -> Diagnostic {
    let Some(source) = rule.source else { return diagnostic };
    let name = &rule.rule.variables[variable].name;
    let compared = source.rule.body.iter().find_map(|literal| match literal {
        hir::Literal::Compare(_, _, _, span) => {
            let named = |other: usize| source.rule.variables[other].name == *name;
            mentioned(literal).into_iter().any(named).then_some(*span)
        }
        _ => None,
    });
    if let (Some(span), Some(label)) = (compared, diagnostic.labels.first_mut()) {
        label.place = source.place(span);
    }
    diagnostic
}

fn without_end(
    rule: &DraftRule<'_>,
    sum: usize,
    added: &Expr,
    lattice: Lattice,
    better: &[Option<Lattice>],
) -> Option<Diagnostic> {
    let what = match added {
        Expr::Variable(variable) => name(rule, *variable),
        Expr::Constant(value) => format!("`{value}`"),
        _ => String::from("what is added"),
    };
    let (word, sign, bound) = match lattice {
        Lattice::Least => ("least", "at least 0", ">= 0"),
        Lattice::Most => ("most", "at most 0", "<= 0"),
    };
    let message = format!("nothing in this rule says that {what} is {sign}");
    let words: Vec<usize> = match added {
        Expr::Variable(variable) => vec![sum, *variable],
        _ => vec![sum],
    };
    let diagnostic = at_words(rule, &words, Diagnostic::new(Code::LatticeSum, message)).law(format!(
        "a `{word}` column of a cycle is added to by what is {sign}, so that it cannot get better without end"
    ));
    Some(match added {
        // What the cycle makes is not known to be of one sign, whatever the rule asks of it.
        Expr::Variable(variable) if better[*variable].is_some() => diagnostic
            .help("add two values of one cycle in a relation of its own, which reads them from outside of the cycle"),
        Expr::Variable(_) => diagnostic.help(format!("say it in this rule: `{} {bound}`", what.trim_matches('`'))),
        _ => diagnostic.help(format!("add an int that is {sign}")),
    })
}
