//! Functions that no author writes: the compiler puts them in.

use super::Function;
use crate::Value;
use std::sync::Arc;

/// What is made of values that need not be known; `None` for any other function.
pub(super) fn of_unknowns(function: Function, arguments: &[Value]) -> Option<Value> {
    Some(match (function, arguments) {
        (Function::Between, [low, high]) if low == high => low.clone(),
        (Function::Between, [low, high]) => Value::Between(Arc::new((low.clone(), high.clone()))),
        (Function::Between, _) => Value::unknown("between"),
        (Function::Lowest, [value, Value::Int(floor)]) => Value::Int(lowest(value, *floor)),
        (Function::Highest, [value, Value::Int(ceiling)]) => Value::Int(highest(value, *ceiling)),
        (Function::Shown, [value]) => Value::text(value.show()),
        _ => return None,
    })
}

/// What is made of known values.
pub(super) fn of_known(function: Function, arguments: &[Value]) -> Option<Value> {
    match (function, arguments) {
        (Function::OneOf, [word, Value::Set(words)]) => words.contains(word).then(|| word.clone()),
        (Function::AddHeld, [Value::Int(a), Value::Int(b)]) => Some(Value::Int(a.saturating_add(*b))),
        _ => None,
    }
}

/// How an unknown that such a call gives is named.
pub(super) fn name(function: Function) -> &'static str {
    match function {
        Function::OneOf => "one of",
        Function::AddHeld => "+",
        Function::Lowest => "lowest",
        Function::Highest => "highest",
        Function::Shown => "shown",
        _ => "between",
    }
}

fn lowest(value: &Value, floor: i64) -> i64 {
    match value {
        Value::Int(known) => floor.max(*known),
        Value::Between(ends) => lowest(&ends.0, floor),
        _ => floor,
    }
}

fn highest(value: &Value, ceiling: i64) -> i64 {
    match value {
        Value::Int(known) => ceiling.min(*known),
        Value::Between(ends) => highest(&ends.1, ceiling),
        _ => ceiling,
    }
}
