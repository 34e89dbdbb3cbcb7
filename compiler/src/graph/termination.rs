//! Termination: inside a cycle the only new values are parts of a json value or list, or an int between constants.

use super::bounds::tested;
use super::{adjacency, components, reads, words_of};
use crate::diagnostic::{Code, Diagnostic};
use crate::lower::{Draft, DraftRule};
use program::{Expr, Function, Literal, Term, Type};

/// A diagnostic for every recursive rule whose head holds a value computed from the recursion without bounds.
pub(crate) fn endless(draft: &Draft<'_>) -> Vec<Diagnostic> {
    let edges = adjacency(draft.relations.len(), draft.rules.iter().map(|rule| &rule.rule));
    let components = components(edges.len(), &edges);
    let mut found = Vec::new();
    for rule in &draft.rules {
        let component = components.of[rule.rule.head.relation.0 as usize];
        let recursive = reads(&rule.rule).any(|(read, _)| components.of[read.0 as usize] == component);
        if recursive {
            let within = |literal: &Literal| matches!(literal, Literal::Holds(atom) if components.of[atom.relation.0 as usize] == component);
            let head = &draft.relation(rule.rule.head.relation).columns;
            found.extend(new_value(rule, head.iter().position(|column| column.lattice.is_some()), within));
        }
    }
    found
}

fn new_value(rule: &DraftRule<'_>, lattice: Option<usize>, within: impl Fn(&Literal) -> bool) -> Option<Diagnostic> {
    let count = rule.rule.variables.len();
    // Variables whose value comes out of the recursion, and those among them that are made, not found.
    let (mut recursive, mut made) = (vec![false; count], vec![false; count]);
    for literal in rule.rule.body.iter().filter(|literal| within(literal)) {
        literal.outputs().into_iter().for_each(|variable| recursive[variable] = true);
    }
    loop {
        let mut changed = false;
        for literal in rule.rule.body.iter().filter(|literal| !within(literal)) {
            let read: Vec<usize> = literal.inputs();
            let creates = match literal {
                Literal::Bind { expr, .. } => computes(expr),
                Literal::Each { base, .. } => gathers(base),
                _ => continue,
            };
            let from_recursion = read.iter().any(|variable| recursive[*variable]);
            let from_made = read.iter().any(|variable| made[*variable]);
            for variable in literal.outputs() {
                let new =
                    (recursive[variable] || from_recursion, made[variable] || from_made || creates && from_recursion);
                changed |= new != (recursive[variable], made[variable]);
                (recursive[variable], made[variable]) = new;
            }
        }
        if !changed {
            break;
        }
    }
    let between_constants = |variable: usize| {
        let (low, high) = tested(&rule.rule, variable);
        low.is_some() && high.is_some()
    };
    let bounded = |variable: usize| {
        let of = &rule.rule.variables[variable].r#type;
        let found_elsewhere =
            rule.rule.body.iter().any(
                |literal| matches!(literal, Literal::Holds(atom) if atom.variables().any(|other| other == variable)),
            );
        let number = matches!(of, Type::Int | Type::Nat);
        found_elsewhere || *of == Type::Bool || number && between_constants(variable)
    };
    let head = rule.rule.head.terms.iter().enumerate().filter_map(|(column, term)| match term {
        // A sum there is `lattice`'s business.
        Term::Variable(index) if lattice != Some(column) => Some(*index),
        Term::Variable(_) => None,
        Term::Constant(_) | Term::Any => None,
    });
    let variable = head.into_iter().find(|variable| made[*variable] && !bounded(*variable))?;
    let source = rule.source?;
    let name = &rule.rule.variables[variable].name;
    let shown = if name.starts_with('$') { String::from("a column") } else { format!("`{name}`") };
    Some(
        Diagnostic::new(Code::EndlessValues, format!("{shown} may take new values without end"))
            .label_at(source.place(words_of(source.rule, name).unwrap_or(source.rule.span)), "made anew each time that the rule feeds itself")
            .law(
                "inside a cycle the only new values are parts of a json value or list, sums in a `least` or `most` column, or an int between two constants",
            )
            .help("bound it on both sides in this rule: `n >= 0, n <= 100`"),
    )
}

/// Whether what an expression ranges over are values that it makes: of a list that is written out its members are meant,
/// which may be found ones.
fn gathers(base: &Expr) -> bool {
    match base {
        Expr::Set(members) | Expr::List(members) => members.iter().any(computes),
        // The keys and places of a value's parts.
        Expr::Call(Function::JsonKeys | Function::JsonIndexes, of) => of.iter().any(computes),
        other => computes(other),
    }
}

/// Whether the expression makes a value, and does not only find one.
fn computes(expr: &Expr) -> bool {
    match expr {
        Expr::Variable(_) | Expr::Constant(_) | Expr::Path { .. } => false,
        Expr::As(inner, _) => computes(inner),
        Expr::Default(left, right) => computes(left) || computes(right),
        Expr::Call(..) | Expr::Set(_) | Expr::List(_) | Expr::Object(_) => true,
    }
}
