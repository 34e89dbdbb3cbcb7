//! How large an int of a rule may be, as far as the rule itself says: by its tests against constants, and by how it is made.

use program::{Aggregate, Comparison, Expr, Function, Literal, Rule, Truth, Type, Value};

/// The smallest and the largest that an expression may be, where the rule says so and its value is known.
pub(crate) fn bounds(rule: &Rule, expr: &Expr) -> (Option<i64>, Option<i64>) {
    bounds_within(rule, expr, rule.body.len())
}

/// - `depth`: how many equations are followed at most, since they may go round.
fn bounds_within(rule: &Rule, expr: &Expr, depth: usize) -> (Option<i64>, Option<i64>) {
    let of = |expr: &Expr| bounds_within(rule, expr, depth.saturating_sub(1));
    match expr {
        Expr::Constant(Value::Int(n)) => (Some(*n), Some(*n)),
        Expr::Variable(variable) => {
            let (mut low, mut high) = tested(rule, *variable);
            for literal in &rule.body {
                let made = match literal {
                    Literal::Bind { variable: bound, expr } if bound == variable && depth > 0 => of(expr),
                    Literal::Aggregate { variable: bound, how: Aggregate::Count, .. } if bound == variable => {
                        (Some(0), None)
                    }
                    _ => continue,
                };
                (low, high) = (low.max(made.0), least(high, made.1));
            }
            (low, high)
        }
        Expr::Call(Function::Size | Function::StrLength | Function::NetSize, _) => (Some(0), None),
        Expr::Call(Function::Add | Function::AddHeld, items) => {
            let ends: Vec<_> = items.iter().map(of).collect();
            let sum = |ends: Vec<Option<i64>>| ends.into_iter().try_fold(0_i64, |sum, end| sum.checked_add(end?));
            (sum(ends.iter().map(|end| end.0).collect()), sum(ends.iter().map(|end| end.1).collect()))
        }
        Expr::Call(Function::Multiply, items) => {
            let positive = items.iter().map(of).all(|end| end.0.is_some_and(|low| low >= 0));
            (positive.then_some(0), None)
        }
        _ => (None, None),
    }
}

/// The bounds that tests of the rule put on a variable.
pub(super) fn tested(rule: &Rule, variable: usize) -> (Option<i64>, Option<i64>) {
    let (mut low, mut high) = ((rule.variables[variable].r#type == Type::Nat).then_some(0), None);
    for literal in &rule.body {
        let Literal::Test { op, left, right, accept } = literal else { continue };
        if accept != &[Truth::True] {
            continue;
        }
        let (from, to) = match (left, right) {
            (Expr::Variable(index), Expr::Constant(Value::Int(n))) if *index == variable => between(*op, *n),
            (Expr::Constant(Value::Int(n)), Expr::Variable(index)) if *index == variable => {
                op.turned().map_or((None, None), |op| between(op, *n))
            }
            (Expr::Variable(index), Expr::Constant(Value::Set(members)))
                if *index == variable && *op == Comparison::In =>
            {
                let ints = || members.iter().map(|member| if let Value::Int(n) = member { Some(*n) } else { None });
                (ints().min().flatten(), ints().max().flatten())
            }
            _ => continue,
        };
        (low, high) = (low.max(from), least(high, to));
    }
    (low, high)
}

/// What a comparison with a constant leaves.
fn between(op: Comparison, n: i64) -> (Option<i64>, Option<i64>) {
    match op {
        Comparison::Equal => (Some(n), Some(n)),
        Comparison::Less => (None, Some(n.saturating_sub(1))),
        Comparison::AtMost => (None, Some(n)),
        Comparison::Greater => (Some(n.saturating_add(1)), None),
        Comparison::AtLeast => (Some(n), None),
        Comparison::NotEqual | Comparison::In | Comparison::NotIn => (None, None),
    }
}

/// The smaller one; none is no bound.
fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (end, None) | (None, end) => end,
    }
}
