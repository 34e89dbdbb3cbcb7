//! What follows from a comparison with a constant: who is above 200 is above 10, and what is in a small set is in a large one.
//!
//! Not here: that a variable has few values, which a mapping sees by itself (`lint::mapping`).

use crate::hir::{Expr, Literal, Rule};
use program::{Comparison, Truth, Value, compare};

/// Comparisons as the body of `wide` has them, over the values of `narrow`, that hold wherever the body of `narrow` does.
pub(super) fn following(narrow: &Rule, wide: &Rule) -> Vec<Literal> {
    let mut found = Vec::new();
    for literal in &narrow.body {
        let Some((known, value, given)) = with_constant(literal) else { continue };
        for other in &wide.body {
            let Some((asked, _, wanted)) = with_constant(other) else { continue };
            if follows(known, given, asked, wanted) {
                found.push(Literal::Compare(asked, value.clone(), Expr::Constant(wanted.clone()), narrow.span));
            }
        }
    }
    found
}

/// A comparison of something with a constant, which stands on the right.
fn with_constant(literal: &Literal) -> Option<(Comparison, &Expr, &Value)> {
    let Literal::Compare(op, left, right, _) = literal else { return None };
    match (left, right) {
        (Expr::Constant(_), Expr::Constant(_)) => None,
        (value, Expr::Constant(constant)) => Some((*op, value, constant)),
        (Expr::Constant(constant), value) => Some((op.turned()?, value, constant)),
        _ => None,
    }
}

/// Whether everything that is `known` of the one constant is `asked` of the other.
fn follows(known: Comparison, given: &Value, asked: Comparison, wanted: &Value) -> bool {
    use Comparison::{AtLeast, AtMost, Equal, Greater, In, Less, NotEqual, NotIn};
    let holds = |op, left: &Value, right: &Value| compare(op, left, right) == Truth::True;
    match (known, asked) {
        (Equal, _) => holds(asked, given, wanted),
        (In, _) => members(given).is_some_and(|all| all.iter().all(|one| holds(asked, one, wanted))),
        (NotEqual, NotEqual) => holds(Equal, given, wanted),
        (NotEqual, NotIn) => members(wanted).is_some_and(|all| all.iter().all(|one| holds(Equal, one, given))),
        (NotIn, NotEqual) => holds(In, wanted, given),
        (NotIn, NotIn) => members(wanted).is_some_and(|all| all.iter().all(|one| holds(In, one, given))),
        (Less, Less | AtMost | NotEqual) | (AtMost, AtMost) => holds(AtMost, given, wanted),
        (AtMost, Less | NotEqual) => holds(Less, given, wanted),
        (Greater, Greater | AtLeast | NotEqual) | (AtLeast, AtLeast) => holds(AtLeast, given, wanted),
        (AtLeast, Greater | NotEqual) => holds(Greater, given, wanted),
        (Less | AtMost, Equal | Greater | AtLeast | In | NotIn)
        | (Greater | AtLeast, Equal | Less | AtMost | In | NotIn)
        | (NotEqual | NotIn, Equal | Less | AtMost | Greater | AtLeast | In) => false,
    }
}

fn members(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Set(all) => Some(all.iter().collect()),
        Value::List(all) => Some(all.iter().collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::follows;
    use program::{Comparison, Truth, Value, compare};
    use std::sync::Arc;

    /// What follows holds of every number that what is known holds of; and what does not follow fails of one.
    #[test]
    fn what_follows_holds_wherever_the_known_does() {
        use Comparison::{AtLeast, AtMost, Equal, Greater, In, Less, NotEqual, NotIn};
        let number = |n: i64| Value::Int(n);
        // Between any two constants, and beyond them, stand numbers that are none.
        let all: Vec<Value> = (0..=24).map(number).collect();
        let single: Vec<Value> = (1..=5).map(|n| number(4 * n)).collect();
        let sets: Vec<Value> = (0..32)
            .map(|bits| {
                Value::Set(Arc::new((0..5).filter(|at| bits >> at & 1 == 1).map(|at| single[at].clone()).collect()))
            })
            .collect();
        let plain = [Equal, NotEqual, Less, AtMost, Greater, AtLeast];
        let sides: Vec<(Comparison, &Value)> = plain
            .iter()
            .flat_map(|op| single.iter().map(move |value| (*op, value)))
            .chain([In, NotIn].iter().flat_map(|op| sets.iter().map(move |value| (*op, value))))
            .collect();
        for (known, given) in &sides {
            for (asked, wanted) in &sides {
                let holds = |op, one: &Value, of: &Value| compare(op, one, of) == Truth::True;
                let all = all.iter().filter(|one| holds(*known, one, given)).all(|one| holds(*asked, one, wanted));
                if follows(*known, given, *asked, wanted) {
                    assert!(all, "{known:?} {given} -> {asked:?} {wanted}");
                } else if plain.contains(known) && plain.contains(asked) {
                    assert!(!all, "{known:?} {given} is enough for {asked:?} {wanted}");
                }
            }
        }
    }
}
