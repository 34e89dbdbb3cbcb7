//! Where variables, atoms and coverage occur in what `resolve` made.

use crate::hir;

/// Adds every variable of the literals, inner ones included, with repetitions.
pub(crate) fn variables_of(literals: &[hir::Literal], found: &mut Vec<usize>) {
    for literal in literals {
        match literal {
            hir::Literal::Atom(atom) => atom.terms.iter().for_each(|term| in_expr(term, found)),
            hir::Literal::Covered(expr, _) | hir::Literal::Is(expr, _, _) => in_expr(expr, found),
            hir::Literal::Not(inner, _) => variables_of(inner, found),
            hir::Literal::Compare(_, left, right, _) => {
                in_expr(left, found);
                in_expr(right, found);
            }
            hir::Literal::Bind(variable, expr, _) => {
                found.push(*variable);
                in_expr(expr, found);
            }
            hir::Literal::Each { variable, base, then, last, .. } => {
                found.push(*variable);
                in_expr(base, found);
                then.iter().flatten().chain(last).for_each(|step| in_step(step, found));
            }
            hir::Literal::Aggregate { variable, member, body, .. } => {
                found.push(*variable);
                found.extend(member);
                variables_of(body, found);
            }
        }
    }
}

/// Adds every variable of the expression, with repetitions.
pub(crate) fn in_expr(expr: &hir::Expr, found: &mut Vec<usize>) {
    match expr {
        hir::Expr::Any | hir::Expr::Constant(_) => {}
        hir::Expr::Variable(index) => found.push(*index),
        hir::Expr::Path(base, steps) => {
            in_expr(base, found);
            steps.iter().for_each(|step| in_step(step, found));
        }
        hir::Expr::As(inner, _) => in_expr(inner, found),
        hir::Expr::Call(_, items) | hir::Expr::Set(items) | hir::Expr::List(items) => {
            items.iter().for_each(|item| in_expr(item, found));
        }
        hir::Expr::Default(left, right) => {
            in_expr(left, found);
            in_expr(right, found);
        }
        hir::Expr::Object(entries) => entries.iter().for_each(|(_, value)| in_expr(value, found)),
    }
}

fn in_step(step: &hir::Step, found: &mut Vec<usize>) {
    if let hir::Step::Computed(expr) = step {
        in_expr(expr, found);
    }
}

/// Whether a literal, or one inside it, is as asked. Only atoms and `covered` are asked about.
pub(crate) fn any_literal(literals: &[hir::Literal], asked: &mut dyn FnMut(&hir::Literal) -> bool) -> bool {
    literals.iter().any(|literal| match literal {
        hir::Literal::Not(inner, _) | hir::Literal::Aggregate { body: inner, .. } => any_literal(inner, asked),
        hir::Literal::Atom(_) | hir::Literal::Covered(..) => asked(literal),
        hir::Literal::Compare(..) | hir::Literal::Is(..) | hir::Literal::Bind(..) | hir::Literal::Each { .. } => false,
    })
}
