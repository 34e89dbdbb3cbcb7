//! The one form in bytes: RFC 8785 JSON, in which integers beyond 2^53 are strings, so that no reader loses digits.
//!
//! Such integers stand in three places alone, as `{"Int": …}`, `{"Time": …}` and `{"Duration": …}` of values and JSON
//! values; there they are turned into strings and back. Every other number is small.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// The largest integer that every JSON reader keeps.
const SAFE: u64 = 1 << 53;

/// The deepest nesting that is read: a value of 200 levels, each written as two, and what stands around it.
const DEPTH: usize = 500;

/// The bytes of `value`.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut tree = serde_json::to_value(value).expect("bug: a record is plain data");
    large(&mut tree, &|value| match value {
        Value::Number(number) => {
            number.as_i64().filter(|n| n.unsigned_abs() > SAFE).map(|n| Value::String(n.to_string()))
        }
        _ => None,
    });
    serde_jcs::to_vec(&tree).expect("bug: a JSON tree has a canonical form")
}

/// Why bytes are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// They are no JSON at all; where that shows.
    Syntax(String),
    /// They nest more deeply than any record.
    Deep,
    /// They say something of another form.
    Other,
}

/// What the bytes say.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unread> {
    if depth(bytes) > DEPTH {
        return Err(Unread::Deep);
    }
    let syntax = |error: serde_json::Error| match bytes.trim_ascii().is_empty() {
        true => Unread::Syntax(String::from("it is empty")),
        false => Unread::Syntax(format!("line {}, column {}", error.line(), error.column())),
    };
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    parser.disable_recursion_limit();
    let mut tree = Value::deserialize(&mut parser).map_err(syntax)?;
    parser.end().map_err(syntax)?;
    large(&mut tree, &|value| match value {
        Value::String(text) => {
            let number: i64 = text.parse().ok().filter(|n: &i64| n.unsigned_abs() > SAFE)?;
            (number.to_string() == *text).then(|| Value::Number(Number::from(number)))
        }
        _ => None,
    });
    serde_json::from_value(tree).map_err(|_| Unread::Other)
}

/// How deeply arrays and objects nest.
fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// Replaces the integers of values.
fn large(tree: &mut Value, turn: &impl Fn(&Value) -> Option<Value>) {
    match tree {
        Value::Array(items) => items.iter_mut().for_each(|item| large(item, turn)),
        Value::Object(entries) => {
            let single = entries.len() == 1;
            for (key, value) in entries {
                match single.then_some(key.as_str()) {
                    Some("Int" | "Time" | "Duration") if !value.is_object() => {
                        if let Some(turned) = turn(value) {
                            *value = turned;
                        }
                    }
                    _ => large(value, turn),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Unread, decode, encode};
    use program::{Json, Value};

    #[test]
    fn every_integer_comes_back() {
        for n in [0, -1, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1, i64::MAX, i64::MIN + 1, i64::MIN] {
            let tuple = vec![
                Value::Int(n),
                Value::Time(n),
                Value::json(Json::object([("Int", Json::Int(n)), ("Time", Json::Null)])),
                Value::json(Json::object([("Int", Json::text("9007199254740993"))])),
            ];
            assert_eq!(decode::<Vec<Value>>(&encode(&tuple)), Ok(tuple));
        }
    }

    #[test]
    fn deep_values_come_back_and_bottomless_ones_are_refused() {
        let nested = |levels: usize| (0..levels).fold(Json::Null, |inner, _| Json::Array(vec![inner]));
        let value = Value::json(nested(200));
        assert_eq!(decode::<Value>(&encode(&value)), Ok(value));
        let bytes = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
        assert_eq!(decode::<Value>(&bytes), Err(Unread::Deep));
    }
}
