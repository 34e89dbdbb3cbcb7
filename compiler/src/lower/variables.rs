//! Renaming of variables in rules.

use program::{Atom, Expr, Literal, Part, Rule, Step, Term};

/// Puts one variable in place of another.
pub(crate) fn rename(rule: &mut Rule, from: usize, to: usize) {
    rename_rule(rule, &mut |index| *index = if *index == from { to } else { *index });
}

/// Calls `rename` on every occurrence of a variable, those of the message included.
fn rename_rule(rule: &mut Rule, rename: &mut dyn FnMut(&mut usize)) {
    rename_atom(&mut rule.head, rename);
    rule.body.iter_mut().for_each(|literal| rename_literal(literal, rename));
    for part in &mut rule.message {
        if let Part::Value(expr) = part {
            rename_expr(expr, rename);
        }
    }
}

fn rename_literal(literal: &mut Literal, rename: &mut dyn FnMut(&mut usize)) {
    match literal {
        Literal::Holds(atom) | Literal::Absent(atom) => rename_atom(atom, rename),
        Literal::Test { left, right, .. } => {
            rename_expr(left, rename);
            rename_expr(right, rename);
        }
        Literal::Is { expr, .. } => rename_expr(expr, rename),
        Literal::Bind { variable, expr } => {
            rename(variable);
            rename_expr(expr, rename);
        }
        Literal::Each { variable, base, then, last, .. } => {
            rename(variable);
            rename_expr(base, rename);
            then.iter_mut().flatten().chain(last).for_each(|step| rename_step(step, rename));
        }
        Literal::Aggregate { variable, sure, .. } => {
            rename(variable);
            rename_atom(sure, rename);
        }
    }
}

fn rename_atom(atom: &mut Atom, rename: &mut dyn FnMut(&mut usize)) {
    for term in &mut atom.terms {
        if let Term::Variable(index) = term {
            rename(index);
        }
    }
}

fn rename_expr(expr: &mut Expr, rename: &mut dyn FnMut(&mut usize)) {
    match expr {
        Expr::Variable(index) => rename(index),
        Expr::Constant(_) => {}
        Expr::Path { base, steps } => {
            rename_expr(base, rename);
            steps.iter_mut().for_each(|step| rename_step(step, rename));
        }
        Expr::As(inner, _) => rename_expr(inner, rename),
        Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => {
            items.iter_mut().for_each(|item| rename_expr(item, rename));
        }
        Expr::Default(left, right) => {
            rename_expr(left, rename);
            rename_expr(right, rename);
        }
        Expr::Object(entries) => entries.iter_mut().for_each(|(_, value)| rename_expr(value, rename)),
    }
}

fn rename_step(step: &mut Step, rename: &mut dyn FnMut(&mut usize)) {
    if let Step::Computed(expr) = step {
        rename_expr(expr, rename);
    }
}

/// Takes out the variables that occur nowhere; the others keep their order.
pub(crate) fn compact(rule: &mut Rule) {
    let mut used = vec![false; rule.variables.len()];
    rename_rule(rule, &mut |index| used[*index] = true);
    if used.iter().all(|used| *used) {
        return;
    }
    let mut next = 0;
    let positions: Vec<usize> = used
        .iter()
        .map(|used| {
            let position = next;
            next += usize::from(*used);
            position
        })
        .collect();
    rename_rule(rule, &mut |index| *index = positions[*index]);
    let mut kept = used.into_iter();
    rule.variables.retain(|_| kept.next().unwrap_or(false));
}
