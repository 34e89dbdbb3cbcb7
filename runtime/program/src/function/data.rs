//! `std.json` on values.
//!
//! Not here: JSON as text (`encodings`).

use super::{Function, SHALLOW, Signature, TOTAL, short, text};
use crate::expression::to_json;
use crate::{Json, Object, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature {
        function: Function::JsonKeys,
        name: "std.json.keys",
        parameters: &["value"],
        overloads: &[&["json", "{string}"]],
        docs: "The keys of an object; empty for anything else.",
        examples: &[("json.keys({\"b\": 1, \"a\": 2})", "{\"a\", \"b\"}"), ("json.keys(null)", "{}")],
        run: |a| {
            Some(Value::Set(Arc::new(match json(a, 0)? {
                Json::Object(entries) => entries.keys().map(|key| Value::Text(key.clone())).collect(),
                _ => Default::default(),
            })))
        },
        ..SHALLOW
    },
    Signature {
        function: Function::JsonIndexes,
        name: "std.json.indexes",
        parameters: &["value"],
        overloads: &[&["json", "[int]"]],
        docs: "The positions of the elements of an array, from 0: `i in json.indexes(cfg.disks), size: int = cfg.disks[i].size` tells equal elements apart. None of `null`; unknown of anything else.",
        examples: &[
            ("json.indexes([\"a\", \"a\"])", "[0, 1]"),
            ("json.indexes(null)", "[]"),
            ("json.indexes(\"a\")", "unknown"),
        ],
        run: |a| match json(a, 0)? {
            Json::Null => Some(Value::List(Arc::default())),
            Json::Array(items) => Some(Value::List((0..i64::try_from(items.len()).ok()?).map(Value::Int).collect())),
            _ => None,
        },
        partial: true,
        ..SHALLOW
    },
    Signature {
        function: Function::JsonType,
        name: "std.json.type",
        parameters: &["value"],
        overloads: &[&["json", "string"]],
        docs: "What it is: `null`, `bool`, `number`, `string`, `array` or `object`.",
        examples: &[("json.type([1])", "\"array\""), ("json.type(null)", "\"null\"")],
        run: |a| {
            Some(Value::text(match json(a, 0)? {
                Json::Null => "null",
                Json::Bool(_) => "bool",
                Json::Int(_) | Json::Decimal(_) => "number",
                Json::Text(_) => "string",
                Json::Array(_) => "array",
                Json::Object(_) => "object",
                Json::Unknown(_) | Json::Sensitive(_) => return None,
            }))
        },
        ..SHALLOW
    },
    Signature {
        function: Function::JsonGet,
        name: "std.json.get",
        parameters: &["value", "pointer"],
        overloads: &[&["json", "string", "json"]],
        docs: "What a JSON pointer (RFC 6901) leads to: `/a/0/b`; `null` where nothing is there, unknown where it leads into what has no such parts (a text, a key of an array), and where the text is no pointer: it begins with `/`, and behind `~` stands `0` or `1`. A path that is known when the rule is written is better a path.",
        examples: &[
            ("json.get({\"a\": [{\"b/c\": 7}]}, \"/a/0/b~1c\")", "7"),
            ("json.get({\"a\": 1}, \"/b\")", "null"),
            ("json.get({\"a\": 1}, \"/a/b\")", "unknown"),
            ("json.get({\"a\": 1}, \"a\")", "unknown"),
            ("json.get({\"a\": 1}, \"/a~2b\")", "unknown"),
        ],
        run: |a| get(json(a, 0)?, text(a, 1)?).map(Value::json),
        partial: true,
        ..SHALLOW
    },
    Signature {
        function: Function::JsonMerge,
        name: "std.json.merge",
        parameters: &["value", "over"],
        overloads: &[&["json", "json", "json"]],
        docs: "The first value with the second laid over it: objects are merged key by key, all the way down; of anything else the second stands.",
        examples: &[(
            "json.merge({\"a\": {\"x\": 1}, \"b\": 2}, {\"a\": {\"y\": 3}, \"b\": null})",
            "{\"a\": {\"x\": 1, \"y\": 3}, \"b\": null}",
        )],
        run: |a| Some(Value::json(merge(json(a, 0)?, json(a, 1)?))),
        ..SHALLOW
    },
    Signature {
        function: Function::JsonDifferences,
        name: "std.json.differences",
        parameters: &["one", "other"],
        overloads: &[&["json", "json", "{string}"]],
        docs: "Where two values differ, as JSON pointers for `json.get`. Of two objects the attributes that both have are compared, and what one alone has is no difference; arrays of one length are compared element by element, others as a whole.",
        examples: &[
            (
                "json.differences({\"a\": {\"x\": 1, \"y\": 2}, \"b\": 1}, {\"a\": {\"x\": 3, \"y\": 2}, \"c\": 1})",
                "{\"/a/x\"}",
            ),
            ("json.differences({\"a\": [{\"p\": 80}]}, {\"a\": [{\"p\": 81, \"q\": 1}]})", "{\"/a/0/p\"}"),
            ("json.differences({\"a\": [1]}, {\"a\": [1, 2]})", "{\"/a\"}"),
            ("json.differences({\"a\": 1}, {\"a\": 1})", "{}"),
        ],
        run: |a| {
            let mut found = BTreeSet::new();
            differences(json(a, 0)?, json(a, 1)?, &mut String::new(), &mut found);
            Some(Value::Set(Arc::new(found)))
        },
        ..TOTAL
    },
    Signature {
        function: Function::JsonUnblock,
        name: "std.json.unblock",
        parameters: &["value", "words"],
        overloads: &[&["json", "json", "json"]],
        docs: "What is written in blocks, as Terraform's providers write it, in the words of the API that it is meant for: `read_only` becomes `readOnly`, a list of one block the block, and what is null or empty is left out. An object that is no block is a map of somebody's own keys and stays as it is. `words` says what is otherwise: how a word is spelled, in a list of one that its blocks are a list in the API too, and behind the word of the block around it where it means something else there; `true` says that it is spelled as it reads. What is not known stays so, under each word that it may stand for. Unknown where the words make more than 1 MiB of it.",
        examples: &[
            (
                "json.unblock({\"pod\": [{\"host_pid\": true, \"volume\": [{\"name\": \"a\"}]}], \"labels\": {\"my_app\": \"x\"}}, {\"host_pid\": \"hostPID\", \"volume\": [\"volumes\"]})",
                "{\"labels\": {\"my_app\": \"x\"}, \"pod\": {\"hostPID\": true, \"volumes\": [{\"name\": \"a\"}]}}",
            ),
            (
                "json.unblock({\"port\": [{\"port\": 1}], \"to\": [{\"port\": [{\"port\": 2}]}]}, {\"port\": [\"ports\"], \"to.port\": \"port\"})",
                "{\"ports\": [{\"port\": 1}], \"to\": {\"port\": {\"port\": 2}}}",
            ),
            (
                "json.unblock({\"a_b\": null, \"c\": [], \"d\": [null], \"e\": [\"x\"]}, {})",
                "{\"d\": {}, \"e\": [\"x\"]}",
            ),
        ],
        run: |a| unblock(json(a, 0)?, "", json(a, 1)?, &mut 0).map(Value::json),
        partial: true,
        ..SHALLOW
    },
];

fn differences(one: &Json, other: &Json, at: &mut String, found: &mut BTreeSet<Value>) {
    let mut below = |step: &str, one: &Json, other: &Json| {
        let length = at.len();
        at.push('/');
        at.push_str(&step.replace('~', "~0").replace('/', "~1"));
        differences(one, other, at, found);
        at.truncate(length);
    };
    match (one, other) {
        (Json::Object(one), Json::Object(other)) => {
            one.iter().filter_map(|(key, one)| Some((key, one, other.get(key)?))).for_each(|(k, a, b)| below(k, a, b));
        }
        (Json::Array(one), Json::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().for_each(|(i, (a, b))| below(&i.to_string(), a, b));
        }
        (one, other) => {
            if one != other {
                found.insert(Value::text(at.as_str()));
            }
        }
    }
}

pub(super) fn json(arguments: &[Value], position: usize) -> Option<&Json> {
    match arguments.get(position)? {
        Value::Json(json) => Some(json),
        _ => None,
    }
}

/// `None` for a pointer that is none, and below what is not known.
fn get(value: &Json, pointer: &str) -> Option<Json> {
    let mut at = value;
    if pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
        return None;
    }
    let steps = if pointer.is_empty() { None } else { Some(pointer.strip_prefix('/')?) };
    for step in steps.into_iter().flat_map(|steps| steps.split('/')) {
        let key = step.replace("~1", "/").replace("~0", "~");
        let plain = key == "0" || !key.starts_with('0') && key.bytes().all(|b| b.is_ascii_digit());
        let next = match at {
            Json::Object(entries) => entries.get(key.as_str()),
            Json::Array(items) if plain => key.parse::<usize>().ok().and_then(|index| items.get(index)),
            Json::Null => None,
            // As a path, it says nothing of what is of another shape.
            Json::Array(_) | Json::Text(_) | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) => return None,
            Json::Unknown(_) | Json::Sensitive(_) => return None,
        };
        match next {
            Some(next) => at = next,
            None => return Some(Json::Null),
        }
    }
    match at {
        Json::Sensitive(_) => None,
        found => Some(found.clone()),
    }
}

fn merge(value: &Json, over: &Json) -> Json {
    match (value, over) {
        (Json::Object(below), Json::Object(above)) => {
            let merged = above.iter().map(|(key, over)| {
                let value = below.get(key).map_or_else(|| over.clone(), |value| merge(value, over));
                (key.clone(), value)
            });
            Json::Object(below.clone().into_iter().chain(merged).collect())
        }
        (_, over) => over.clone(),
    }
}

/// A block in the API's words.
///
/// - `around`: the word of the block, empty for the outermost.
/// - `bytes`: of text that was made so far.
/// - returns: `None` where the words would make too much of it.
fn unblock(value: &Json, around: &str, words: &Json, bytes: &mut usize) -> Option<Json> {
    let entries = match value {
        // A block that sets nothing.
        Json::Null => return Some(Json::Object(Object::default())),
        Json::Object(entries) => entries,
        other => return Some(other.clone()),
    };
    let said = |key: &str| match words {
        Json::Object(words) => words.get(format!("{around}.{key}").as_str()).or_else(|| words.get(key)),
        _ => None,
    };
    let mut found: BTreeMap<Arc<str>, Json> = BTreeMap::new();
    for (key, value) in entries {
        let plain = camel(key);
        let (word, list) = match said(key) {
            Some(Json::Text(word)) => (word.to_string(), false),
            Some(Json::Array(words)) => match words.first() {
                Some(Json::Text(word)) => (word.to_string(), true),
                _ => (plain.clone(), true),
            },
            _ => (plain.clone(), false),
        };
        *bytes += word.len();
        short(*bytes)?;
        match value {
            Json::Null => {}
            Json::Text(text) if text.is_empty() => {}
            Json::Array(items) if items.is_empty() => {}
            Json::Array(items) if blocks(items, list) => {
                let mut items =
                    items.iter().map(|item| unblock(item, key, words, bytes)).collect::<Option<Vec<_>>>()?;
                let value = if list || items.len() > 1 { Json::Array(items) } else { items.swap_remove(0) };
                found.insert(word.into(), value);
            }
            Json::Unknown(_) | Json::Sensitive(_) => {
                found.insert(word.into(), value.clone());
                found.insert(plain.into(), value.clone());
            }
            // Only blocks are called otherwise where there may be several.
            value => {
                found.insert(if list { plain.into() } else { word.into() }, value.clone());
            }
        }
    }
    Some(Json::Object(found.into_iter().collect()))
}

/// Whether they are blocks. One that is not known is where its word or one beside it says so; else it may be a text.
fn blocks(items: &[Json], list: bool) -> bool {
    let is_block = |item: &Json| matches!(item, Json::Object(_) | Json::Null);
    let may_be = |item: &Json| is_block(item) || matches!(item, Json::Unknown(_) | Json::Sensitive(_));
    items.iter().all(may_be) && (list || items.iter().any(is_block))
}

/// `read_only` as `readOnly`.
fn camel(word: &str) -> String {
    let mut parts = word.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// `value` as it stands inside a JSON value.
impl From<&Value> for Json {
    fn from(value: &Value) -> Json {
        to_json(value)
    }
}
