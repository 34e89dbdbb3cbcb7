//! The builtin functions: pure, total, deterministic; one table for the checker, the engine and the documentation.
//!
//! INVARIANT: a function that cannot give a value gives an unknown that names the call, never a panic and never a
//! silent default. An unknown argument gives an unknown that names the call.

use crate::expression::to_json;
use crate::{Json, Type, Unknown, Value};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A builtin, by the name under which the language knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Function {
    /// `a + b`: int + int, time + duration, duration + duration.
    Add,
    /// `a - b`: int, time − time, time − duration, duration − duration.
    Subtract,
    /// `a * b`: int × int, duration × int.
    Multiply,
    /// `net.size(c)`: addresses in a network; 2^63 − 1 where there are more.
    NetSize,
    /// `net.contains(outer, inner)`.
    NetContains,
    /// `net.overlaps(a, b)`.
    NetOverlaps,
    /// `str.format("{}/{}", a, b)`.
    StrFormat,
    /// `str.starts_with(text, prefix)`.
    StrStartsWith,
    /// `str.ends_with(text, suffix)`.
    StrEndsWith,
    /// `str.contains(text, part)`.
    StrContains,
    /// `str.lower(text)`.
    StrLower,
    /// `str.upper(text)`.
    StrUpper,
    /// `str.split(text, separator)`: a list of strings.
    StrSplit,
    /// `str.replace(text, from, to)`: every occurrence.
    StrReplace,
    /// `str.length(text)`: in Unicode characters.
    StrLength,
    /// `json.keys(value)`: the keys of an object as a set of strings; empty for anything else.
    JsonKeys,
    /// `json.parse(text)`: the value that a string says in JSON.
    JsonParse,
    /// `size(xs)`: members of a set, a list, a json array or object.
    Size,
    /// The smallest and largest an aggregate may be: two aggregates over the sure and the possible members.
    Between,
    /// A word where it is one of a set, else unknown: a text read as an enum.
    OneOf,
    /// `a + b` of ints in a lattice column: held at the ends of int instead of overflowing.
    AddHeld,
    /// The smallest int that a value may be, and no less than a second one: total, also of an unknown.
    Lowest,
    /// The largest int that a value may be, and no more than a second one.
    Highest,
}

/// What a function takes and gives, as the reference prints it.
pub struct Signature {
    /// Which one.
    pub function: Function,
    /// Module and name: `std.net.size`; operators and `size` have no module.
    pub name: &'static str,
    /// The types it takes; each inner slice is one overload, its last entry the result. Empty: checked by the compiler.
    pub overloads: &'static [&'static [&'static str]],
    /// Whether it may give an unknown although every argument is known.
    pub partial: bool,
    /// One sentence.
    pub docs: &'static str,
}

/// Every function with its signature.
pub fn functions() -> &'static [Signature] {
    use Function::*;
    const TABLE: &[Signature] = &[
        Signature {
            function: Add,
            name: "+",
            overloads: &[
                &["nat", "nat", "nat"],
                &["int", "int", "int"],
                &["decimal", "decimal", "decimal"],
                &["time", "duration", "time"],
                &["duration", "duration", "duration"],
            ],
            partial: true,
            docs: "Sum; unknown where it overflows.",
        },
        Signature {
            function: Subtract,
            name: "-",
            overloads: &[
                &["int", "int", "int"],
                &["decimal", "decimal", "decimal"],
                &["time", "time", "duration"],
                &["time", "duration", "time"],
                &["duration", "duration", "duration"],
            ],
            partial: true,
            docs: "Difference; unknown where it overflows. Two times give a duration.",
        },
        Signature {
            function: Multiply,
            name: "*",
            overloads: &[
                &["nat", "nat", "nat"],
                &["int", "int", "int"],
                &["decimal", "decimal", "decimal"],
                &["duration", "int", "duration"],
            ],
            partial: true,
            docs: "Product; unknown where it overflows.",
        },
        Signature {
            function: NetSize,
            name: "std.net.size",
            overloads: &[&["cidr", "nat"]],
            partial: false,
            docs: "The number of addresses in a network; 9223372036854775807 where there are more.",
        },
        Signature {
            function: NetContains,
            name: "std.net.contains",
            overloads: &[&["cidr", "cidr", "bool"]],
            partial: false,
            docs: "Whether the first network contains all of the second.",
        },
        Signature {
            function: NetOverlaps,
            name: "std.net.overlaps",
            overloads: &[&["cidr", "cidr", "bool"]],
            partial: false,
            docs: "Whether the two networks share an address.",
        },
        Signature {
            function: StrFormat,
            name: "std.str.format",
            overloads: &[],
            partial: false,
            docs: "The template with each `{}` replaced by the next argument; `{{` and `}}` write braces.",
        },
        Signature {
            function: StrStartsWith,
            name: "std.str.starts_with",
            overloads: &[&["string", "string", "bool"]],
            partial: false,
            docs: "Whether the text begins with the prefix.",
        },
        Signature {
            function: StrEndsWith,
            name: "std.str.ends_with",
            overloads: &[&["string", "string", "bool"]],
            partial: false,
            docs: "Whether the text ends with the suffix.",
        },
        Signature {
            function: StrContains,
            name: "std.str.contains",
            overloads: &[&["string", "string", "bool"]],
            partial: false,
            docs: "Whether the part stands anywhere in the text.",
        },
        Signature {
            function: StrLower,
            name: "std.str.lower",
            overloads: &[&["string", "string"]],
            partial: false,
            docs: "The text in lower case (Unicode).",
        },
        Signature {
            function: StrUpper,
            name: "std.str.upper",
            overloads: &[&["string", "string"]],
            partial: false,
            docs: "The text in upper case (Unicode).",
        },
        Signature {
            function: StrSplit,
            name: "std.str.split",
            overloads: &[&["string", "string", "[string]"]],
            partial: false,
            docs: "The parts between the separators; an empty separator gives the characters.",
        },
        Signature {
            function: StrReplace,
            name: "std.str.replace",
            overloads: &[&["string", "string", "string", "string"]],
            partial: false,
            docs: "The text with every occurrence of the second replaced by the third.",
        },
        Signature {
            function: StrLength,
            name: "std.str.length",
            overloads: &[&["string", "nat"]],
            partial: false,
            docs: "The number of Unicode characters.",
        },
        Signature {
            function: JsonKeys,
            name: "std.json.keys",
            overloads: &[&["json", "{string}"]],
            partial: false,
            docs: "The keys of an object; empty for anything else.",
        },
        Signature {
            function: JsonParse,
            name: "std.json.parse",
            overloads: &[&["string", "json"]],
            partial: true,
            docs: "The value that a string says in JSON; unknown where it is not JSON.",
        },
        Signature {
            function: Size,
            name: "size",
            overloads: &[],
            partial: false,
            docs: "The number of members of a set, a list, a json array or a json object.",
        },
    ];
    TABLE
}

impl Function {
    /// Applies the function. Total: what has no value is an unknown whose origin is the call as the author wrote it.
    pub fn call(self, arguments: &[Value]) -> Value {
        match (self, arguments) {
            (Function::Between, _) => return between(arguments),
            (Function::Lowest, [value, Value::Int(floor)]) => return Value::Int(lowest(value, *floor)),
            (Function::Highest, [value, Value::Int(ceiling)]) => return Value::Int(highest(value, *ceiling)),
            _ => {}
        }
        // Of an interval, or one of many, nobody can say that it is the same one elsewhere.
        let vague = |argument: &Value| matches!(argument, Value::Between(_)) || argument.holds_many();
        let many = arguments.iter().any(vague);
        let undone = || Value::Unknown(Unknown { origin: self.shown(arguments).into(), many });
        let opaque = arguments.iter().any(|a| match (self, a) {
            (Function::JsonKeys | Function::Size, Value::Json(json)) => matches!(**json, Json::Sensitive(_)),
            (_, Value::Unknown(_) | Value::Between(_)) => true,
            _ => false,
        });
        if opaque {
            return undone();
        }
        self.apply(arguments).unwrap_or_else(undone)
    }

    fn apply(self, arguments: &[Value]) -> Option<Value> {
        use Value::{Bool, Cidr, Decimal, Duration, Int, Text, Time};
        Some(match (self, arguments) {
            (Function::Add, [Int(a), Int(b)]) => Int(a.checked_add(*b)?),
            (Function::Add, [Decimal(a), Decimal(b)]) => Decimal(a.checked_add(*b)?),
            (Function::Add, [Time(a), Duration(b)]) => Time(in_range(a.checked_add(*b)?)?),
            (Function::Add, [Duration(a), Duration(b)]) => Duration(a.checked_add(*b)?),
            (Function::AddHeld, [Int(a), Int(b)]) => Int(a.saturating_add(*b)),
            (Function::Subtract, [Int(a), Int(b)]) => Int(a.checked_sub(*b)?),
            (Function::Subtract, [Decimal(a), Decimal(b)]) => Decimal(a.checked_sub(*b)?),
            (Function::Subtract, [Time(a), Time(b)]) => Duration(a.checked_sub(*b)?),
            (Function::Subtract, [Time(a), Duration(b)]) => Time(in_range(a.checked_sub(*b)?)?),
            (Function::Subtract, [Duration(a), Duration(b)]) => Duration(a.checked_sub(*b)?),
            (Function::Multiply, [Int(a), Int(b)]) => Int(a.checked_mul(*b)?),
            (Function::Multiply, [Decimal(a), Decimal(b)]) => Decimal(a.checked_mul(*b)?),
            (Function::Multiply, [Duration(a), Int(b)]) => Duration(a.checked_mul(*b)?),
            (Function::NetSize, [Cidr(net)]) => {
                let host = u32::from(net.max_prefix_len() - net.prefix_len());
                Int(if host >= 63 { i64::MAX } else { 1_i64 << host })
            }
            (Function::NetContains, [Cidr(outer), Cidr(inner)]) => Bool(outer.contains(inner)),
            (Function::NetOverlaps, [Cidr(a), Cidr(b)]) => Bool(a.contains(b) || b.contains(a)),
            (Function::StrFormat, [Text(template), rest @ ..]) => Value::text(format(template, rest)),
            (Function::StrStartsWith, [Text(a), Text(b)]) => Bool(a.starts_with(&**b)),
            (Function::StrEndsWith, [Text(a), Text(b)]) => Bool(a.ends_with(&**b)),
            (Function::StrContains, [Text(a), Text(b)]) => Bool(a.contains(&**b)),
            (Function::StrLower, [Text(a)]) => Value::text(a.to_lowercase()),
            (Function::StrUpper, [Text(a)]) => Value::text(a.to_uppercase()),
            (Function::StrSplit, [Text(a), Text(by)]) if by.is_empty() => {
                Value::List(a.chars().map(|c| Value::text(c.to_string())).collect())
            }
            (Function::StrSplit, [Text(a), Text(by)]) => Value::List(a.split(&**by).map(Value::text).collect()),
            (Function::StrReplace, [Text(a), Text(from), Text(to)]) => Value::text(a.replace(&**from, to)),
            (Function::StrLength, [Text(a)]) => Int(i64::try_from(a.chars().count()).ok()?),
            (Function::JsonKeys, [Value::Json(json)]) => Value::Set(Arc::new(match &**json {
                Json::Object(entries) => entries.keys().map(|k| Text(k.clone())).collect(),
                _ => Default::default(),
            })),
            (Function::JsonParse, [Text(text)]) => Value::json(parse(text)?),
            (Function::OneOf, [word, Value::Set(words)]) => words.contains(word).then(|| word.clone())?,
            (Function::Size, [Value::Set(items)]) => Int(i64::try_from(items.len()).ok()?),
            (Function::Size, [Value::List(items)]) => Int(i64::try_from(items.len()).ok()?),
            (Function::Size, [Value::Json(json)]) => Int(match &**json {
                Json::Array(items) => i64::try_from(items.len()).ok()?,
                Json::Object(entries) => i64::try_from(entries.len()).ok()?,
                _ => return None,
            }),
            _ => return None,
        })
    }

    /// The call as its author would write it; the origin of the unknown that it gives.
    fn shown(self, arguments: &[Value]) -> String {
        let shown: Vec<String> = arguments.iter().map(Value::show).collect();
        match (self, shown.as_slice()) {
            (Function::Add | Function::AddHeld | Function::Subtract | Function::Multiply, [a, b]) => {
                format!("{a} {self} {b}")
            }
            (Function::OneOf, [word, words]) => format!("{word} as one of {words}"),
            _ => format!("{self}({})", shown.join(", ")),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = match self {
            Function::OneOf => "one of",
            Function::AddHeld => "+",
            Function::Lowest => "lowest",
            Function::Highest => "highest",
            _ => "between",
        };
        let name = functions().iter().find(|s| s.function == *self).map_or(own, |s| s.name);
        f.write_str(name.strip_prefix("std.").unwrap_or(name))
    }
}

/// A time within the years 0001 to 9999, so that the difference of two never overflows.
fn in_range(micros: i64) -> Option<i64> {
    (-62_135_596_800_000_000..=253_402_300_799_999_999).contains(&micros).then_some(micros)
}

fn between(arguments: &[Value]) -> Value {
    match arguments {
        [low, high] if low == high => low.clone(),
        [low, high] => Value::Between(Arc::new((low.clone(), high.clone()))),
        _ => Value::unknown("between"),
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

fn format(template: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut next = arguments.iter();
    let mut rest = template.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('{', Some('{')) | ('}', Some('}')) => {
                rest.next();
                out.push(c);
            }
            ('{', Some('}')) => {
                rest.next();
                out.push_str(&next.next().map(Value::show).unwrap_or_default());
            }
            _ => out.push(c),
        }
    }
    out
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
    from(serde_json::from_str(text).ok()?)
}

/// `value` as it stands inside a JSON value.
impl From<&Value> for Json {
    fn from(value: &Value) -> Json {
        to_json(value)
    }
}

impl Signature {
    /// The overloads as types: arguments, then the result.
    pub fn types(&self) -> Vec<(Vec<Type>, Type)> {
        let read = |name: &&str| match *name {
            "int" => Type::Int,
            "string" => Type::String,
            "nat" => Type::Nat,
            "decimal" => Type::Decimal,
            "bool" => Type::Bool,
            "time" => Type::Time,
            "duration" => Type::Duration,
            "cidr" => Type::Cidr,
            "ip" => Type::Ip,
            "version" => Type::Version,
            "[string]" => Type::List(Box::new(Type::String)),
            "{string}" => Type::Set(Box::new(Type::String)),
            _ => Type::Json,
        };
        let split = |row: &&[&str]| row.split_last().map(|(last, rest)| (rest.iter().map(read).collect(), read(last)));
        self.overloads.iter().filter_map(split).collect()
    }
}
