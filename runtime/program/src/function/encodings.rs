//! `std.json` as text, and `std.hash`.

use super::data::json;
use super::{Function, PARTIAL, Signature, TOTAL, short, text};
use crate::{Json, Value};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write;

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature {
        function: Function::JsonParse,
        name: "std.json.parse",
        parameters: &["text"],
        overloads: &[&["string", "json"]],
        docs: "The value that a string says in JSON, its numbers exactly; unknown where it is not JSON, or an object has a key twice.",
        examples: &[
            ("json.parse(\"{\\\"a\\\": 1.50}\")", "{\"a\": 1.5}"),
            ("json.parse(\"{\\\"a\\\": 1, \\\"a\\\": 2}\")", "unknown"),
            ("json.parse(\"{\")", "unknown"),
        ],
        run: |a| Some(Value::json(parse(text(a, 0)?)?)),
        ..PARTIAL
    },
    Signature {
        function: Function::JsonStringify,
        name: "std.json.stringify",
        parameters: &["value"],
        overloads: &[&["json", "string"]],
        docs: "The value as JSON text: keys sorted, no spaces, numbers written out. Unknown beyond 1 MiB, and where a part of it is.",
        examples: &[(
            "json.stringify({\"b\": [1, null], \"a\": \"x\"})",
            "\"{\\\"a\\\":\\\"x\\\",\\\"b\\\":[1,null]}\"",
        )],
        run: |a| {
            let mut out = String::new();
            write(json(a, 0)?, &mut out)?;
            Some(Value::text(out))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::HashSha256,
        name: "std.hash.sha256",
        parameters: &["text"],
        overloads: &[&["string", "string"]],
        docs: "SHA-256 of the text's UTF-8 bytes, in hex.",
        examples: &[("hash.sha256(\"\")", "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"")],
        run: |a| Some(Value::text(hex(&Sha256::digest(text(a, 0)?.as_bytes())))),
        ..TOTAL
    },
    Signature {
        function: Function::HashHex,
        name: "std.hash.hex",
        parameters: &["text"],
        overloads: &[&["string", "string"]],
        docs: "The text's UTF-8 bytes, in hex.",
        examples: &[("hash.hex(\"aé\")", "\"61c3a9\"")],
        run: |a| Some(Value::text(hex(text(a, 0)?.as_bytes()))),
        ..TOTAL
    },
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn parse(text: &str) -> Option<Json> {
    fn from(value: serde_json::Value) -> Option<Json> {
        Some(match value {
            serde_json::Value::Null => Json::Null,
            serde_json::Value::Bool(b) => Json::Bool(b),
            serde_json::Value::Number(n) => Json::number(&n.to_string())?,
            serde_json::Value::String(s) => Json::text(s),
            serde_json::Value::Array(items) => Json::Array(items.into_iter().map(from).collect::<Option<_>>()?),
            serde_json::Value::Object(map) => {
                Json::Object(map.into_iter().map(|(k, v)| Some((k.into(), from(v)?))).collect::<Option<_>>()?)
            }
        })
    }
    // Readers differ on which of two values of one key counts.
    let Distinct = serde_json::from_str(text).ok()?;
    from(serde_json::from_str(text).ok()?)
}

/// JSON of which no object has a key twice.
struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Distinct, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Distinct;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("JSON without a key twice in one object")
            }

            fn visit_unit<E>(self) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_str<E>(self, _: &str) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Distinct, A::Error> {
                while items.next_element::<Distinct>()?.is_some() {}
                Ok(Distinct)
            }

            // A number of any size is a map as well, of one key.
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Distinct, A::Error> {
                let mut keys = BTreeSet::new();
                while let Some((key, Distinct)) = entries.next_entry::<String, Distinct>()? {
                    if !keys.insert(key) {
                        return Err(A::Error::custom("a key twice in one object"));
                    }
                }
                Ok(Distinct)
            }
        }
        from.deserialize_any(Seen)
    }
}

/// Adds the value's text; `None` where a part is not known, or the text grows too long.
fn write(value: &Json, out: &mut String) -> Option<()> {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Json::Int(n) => {
            let _ = write!(out, "{n}");
        }
        Json::Decimal(n) => out.push_str(n),
        Json::Text(text) => out.push_str(&serde_json::Value::from(&**text).to_string()),
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                write(item, out)?;
            }
            out.push(']');
        }
        Json::Object(entries) => {
            out.push('{');
            for (i, (key, item)) in entries.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                out.push_str(&serde_json::Value::from(&**key).to_string());
                out.push(':');
                write(item, out)?;
            }
            out.push('}');
        }
        Json::Unknown(_) | Json::Sensitive(_) => return None,
    }
    short(out.len())
}
