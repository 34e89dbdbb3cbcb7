//! The one form in bytes: RFC 8785 JSON. Integers of values beyond 2^53 are strings there, so that no reader loses digits.

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

/// The deepest nesting that is read: a value of 200 levels, each written as two, and what stands around it.
const DEPTH: usize = 500;

/// The bytes of `value`.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_jcs::to_vec(value).expect("bug: a record is plain data")
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
    let unread = |error: serde_json::Error| match error.classify() {
        _ if bytes.trim_ascii().is_empty() => Unread::Syntax(String::from("it is empty")),
        Category::Syntax | Category::Eof | Category::Io => {
            Unread::Syntax(format!("line {}, column {}", error.line(), error.column()))
        }
        Category::Data => Unread::Other,
    };
    let value = parse::<T>(bytes).map_err(unread);
    // What is no JSON at all is told so, although something else shows before.
    match value {
        Err(Unread::Other) => Err(parse::<IgnoredAny>(bytes).map_err(unread).err().unwrap_or(Unread::Other)),
        read => read,
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    parser.disable_recursion_limit();
    let value = T::deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
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
