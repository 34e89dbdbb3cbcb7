//! Where a json value says something else than it did.

use crate::words::{brief, cut, step};
use program::{Json, Value};
use std::collections::BTreeSet;

/// Parts that are told of one value.
const FEW: usize = 3;

/// `/spec/replicas: 5 -> 7`, for the first parts that differ; `None` where no part is seen to. A sensitive part shows no
/// difference to another one.
pub(super) fn parts(from: &Json, to: &Json) -> Option<String> {
    let mut found = Vec::new();
    part(Some(from), Some(to), &mut String::new(), &mut found);
    let more = found.len().saturating_sub(FEW);
    found.truncate(FEW);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!found.is_empty()).then(|| found.join(", ") + &more)
}

fn part(from: Option<&Json>, to: Option<&Json>, at: &mut String, found: &mut Vec<String>) {
    let long = at.len();
    match (from, to) {
        (Some(Json::Sensitive(_)), Some(Json::Sensitive(_))) => {}
        (Some(Json::Object(from)), Some(Json::Object(to))) => {
            let keys: BTreeSet<_> = from.keys().chain(to.keys()).collect();
            for key in keys {
                *at += &step(key);
                part(from.get(key), to.get(key), at, found);
                at.truncate(long);
            }
        }
        (Some(Json::Array(from)), Some(Json::Array(to))) if from.len() == to.len() => {
            for (number, (from, to)) in from.iter().zip(to).enumerate() {
                *at += &format!("/{number}");
                part(Some(from), Some(to), at, found);
                at.truncate(long);
            }
        }
        (from, to) if from != to => {
            let shown = |json: Option<&Json>| {
                json.map_or_else(|| String::from("absent"), |json| cut(&brief(&Value::json(json.clone())), 60))
            };
            found.push(format!("{at}: {} -> {}", shown(from), shown(to)));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(from: &str, to: &str) -> Option<String> {
        let read = |text: &str| match program::Function::JsonParse.call(&[Value::text(text)]) {
            Value::Json(json) => json,
            other => panic!("{other:?}"),
        };
        parts(&read(from), &read(to))
    }

    #[test]
    fn each_part_is_told_with_both_its_values() {
        assert_eq!(told("{\"a\": 1}", "{\"a\": 1}"), None);
        for (from, to, says) in [
            ("{\"spec\": {\"replicas\": 5}}", "{\"spec\": {\"replicas\": 7}}", "/spec/replicas: 5 -> 7"),
            ("{\"a\": [{\"b\": 1}]}", "{\"a\": [{\"b\": 2}]}", "/a/0/b: 1 -> 2"),
            ("{\"a\": [1]}", "{\"a\": [1, 2]}", "/a: [1] -> [1, 2]"),
            ("{\"x/y\": 1}", "{}", "/x~1y: 1 -> absent"),
            (
                "{\"a\": 1, \"b\": 1, \"c\": 1, \"d\": 1, \"e\": 1}",
                "{}",
                "/a: 1 -> absent, /b: 1 -> absent, /c: 1 -> absent, and 2 more",
            ),
        ] {
            assert_eq!(told(from, to).as_deref(), Some(says));
        }
    }
}
