//! Aggregates over the members of a group, sure and possible.

use crate::{Function, Unknown, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a group becomes one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Aggregate {
    /// The number of distinct members.
    Count,
    /// The sum of the last column over the distinct members.
    Sum,
    /// The smallest last column.
    Min,
    /// The largest last column.
    Max,
    /// The set of the last column.
    Collect,
}

/// Aggregates a group.
///
/// - `zero`: the sum of nothing, in the type of what is summed.
/// - `sure`: members that surely belong; each is a row whose last value is the one that is added, compared or collected.
/// - `possible`: members that may belong, a superset of `sure`; `None` where the relation has one reading.
/// - returns: one value, or [`Value::Between`] its smallest and largest, or an unknown; `None` for `min`/`max` of nothing.
pub fn aggregate(
    how: Aggregate,
    zero: &Value,
    sure: &BTreeSet<Vec<Value>>,
    possible: Option<&BTreeSet<Vec<Value>>>,
) -> Option<Value> {
    let possible = possible.unwrap_or(sure);
    // Another group may have as many members and another value: it is not even equal to itself.
    let unknown = || {
        let origin = format!("{} of {}", how.name(), members(sure, possible)).into();
        Some(Value::Unknown(Unknown { origin, many: true }))
    };
    let decided = sure == possible && sure.iter().flatten().all(Value::is_known);
    let last = |row: &Vec<Value>| row.last().cloned();
    match how {
        Aggregate::Count if decided => Some(Value::Int(length(sure.len()))),
        Aggregate::Count if possible.iter().flatten().any(Value::holds_many) => unknown(),
        Aggregate::Count => {
            let (least, most) = (least(sure), possible.len());
            Some(Function::Between.call(&[Value::Int(length(least)), Value::Int(length(most))]))
        }
        Aggregate::Sum if possible.iter().flatten().all(Value::is_known) => {
            // A member that may be missing counts towards the end that it moves.
            let (mut low, mut high) = (zero.clone(), zero.clone());
            for row in possible {
                let value = row.last()?;
                let (certain, negative) = (sure.contains(row), value < zero);
                if certain || negative {
                    low = Function::Add.call(&[low, value.clone()]);
                }
                if certain || !negative {
                    high = Function::Add.call(&[high, value.clone()]);
                }
            }
            Some(Function::Between.call(&[low, high]))
        }
        Aggregate::Sum => unknown(),
        Aggregate::Min | Aggregate::Max => {
            let values: BTreeSet<Value> = possible.iter().filter_map(last).collect();
            if values.is_empty() {
                return None;
            }
            if !possible.iter().flatten().all(Value::is_known) {
                return unknown();
            }
            let pick = |rows: &BTreeSet<Vec<Value>>| {
                let values: BTreeSet<Value> = rows.iter().filter_map(last).collect();
                if how == Aggregate::Min { values.first().cloned() } else { values.last().cloned() }
            };
            let (extreme, certain) = (pick(possible)?, pick(sure));
            // Without a sure member the value may be any of the possible ones.
            let certain = certain
                .or_else(|| if how == Aggregate::Min { values.last().cloned() } else { values.first().cloned() })?;
            Some(match how {
                Aggregate::Min => Function::Between.call(&[extreme, certain]),
                _ => Function::Between.call(&[certain, extreme]),
            })
        }
        Aggregate::Collect if decided => Some(Value::Set(Arc::new(sure.iter().filter_map(last).collect()))),
        Aggregate::Collect => unknown(),
    }
}

/// How many members there are at least: those with unknown parts may turn out to be equal to others, but never to be none,
/// unless they stand for many.
fn least(sure: &BTreeSet<Vec<Value>>) -> usize {
    let known = sure.iter().filter(|row| row.iter().all(Value::is_known)).count();
    let there = sure.iter().any(|row| !row.iter().any(Value::holds_many));
    known.max(usize::from(there))
}

/// How many members there may be, in words that hold whatever the unknowns turn out to be.
fn members(sure: &BTreeSet<Vec<Value>>, possible: &BTreeSet<Vec<Value>>) -> String {
    let counted = |n: usize| format!("{n} {}", if n == 1 { "member" } else { "members" });
    let endless = possible.iter().flatten().any(Value::holds_many);
    match (least(sure), possible.len()) {
        (0, _) if endless => String::from("any number of members"),
        (least, _) if endless => format!("at least {}", counted(least)),
        (least, most) if least == most => counted(most),
        (0, most) => format!("at most {}", counted(most)),
        (least, most) => format!("{least} to {}", counted(most)),
    }
}

impl Aggregate {
    /// The word of the language.
    pub fn name(self) -> &'static str {
        match self {
            Aggregate::Count => "count",
            Aggregate::Sum => "sum",
            Aggregate::Min => "min",
            Aggregate::Max => "max",
            Aggregate::Collect => "collect",
        }
    }
}

fn length(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
