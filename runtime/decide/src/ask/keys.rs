//! The ways that json values of a model have: what an editor offers behind a dot.

use program::{Fact, Json, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Ways down, by relation and column: keys, and `[*]` for the items of a list.
pub type Keys = BTreeMap<(String, usize), BTreeSet<Vec<String>>>;

/// How far down a value is looked into.
const DEPTH: usize = 6;

/// Ways that are kept of one column.
const WAYS: usize = 5_000;

/// The ways that the values of some facts have.
pub fn keys(facts: &[Fact]) -> Keys {
    let mut found = Keys::new();
    for fact in facts {
        for (column, value) in fact.tuple.iter().enumerate() {
            let Value::Json(value) = value else { continue };
            let ways = found.entry((fact.relation.to_string(), column)).or_default();
            collect(value, &mut Vec::new(), ways);
        }
    }
    found
}

fn collect(value: &Json, way: &mut Vec<String>, ways: &mut BTreeSet<Vec<String>>) {
    if way.len() == DEPTH || ways.len() >= WAYS {
        return;
    }
    match value {
        Json::Object(entries) => {
            for (key, value) in entries {
                way.push(key.to_string());
                ways.insert(way.clone());
                collect(value, way, ways);
                way.pop();
            }
        }
        Json::Array(items) => {
            way.push(String::from("[*]"));
            items.iter().for_each(|item| collect(item, way, ways));
            way.pop();
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => {}
        Json::Unknown(_) | Json::Sensitive(_) => {}
    }
}
