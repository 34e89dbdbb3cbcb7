//! The types a column may have.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The type of a column. Entity and enum values are both [`crate::Value::Text`]; only the compiler tells them apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Type {
    /// A nominal entity, by qualified name (`std.state.Resource`).
    Entity(String),
    /// An enumeration, by qualified name. Its members stand in the compiler's tables.
    Enum(String),
    /// Unicode text.
    String,
    /// A signed 64-bit integer.
    Int,
    /// An integer that is not negative: every `nat` is an `int`.
    Nat,
    /// An exact decimal number of at most 38 digits.
    Decimal,
    /// `true` or `false`.
    Bool,
    /// A point in time, UTC, microseconds.
    Time,
    /// A length of time, microseconds.
    Duration,
    /// An IPv4 or IPv6 network, host bits cleared.
    Cidr,
    /// One IPv4 or IPv6 address.
    Ip,
    /// A version by Semantic Versioning 2.0.0.
    Version,
    /// Any JSON value; may hold unknown parts.
    Json,
    /// A finite set.
    Set(Box<Type>),
    /// A finite list.
    List(Box<Type>),
}

impl Type {
    /// Whether every value of `given` is a value of this type: a `nat` is an `int`, a set of them a set of ints.
    pub fn takes(&self, given: &Type) -> bool {
        match (self, given) {
            (Type::Int, Type::Nat) => true,
            (Type::Set(inner), Type::Set(given)) | (Type::List(inner), Type::List(given)) => inner.takes(given),
            (wanted, given) => wanted == given,
        }
    }

    /// The narrowest type that takes both, where there is one.
    pub fn common(&self, other: &Type) -> Option<Type> {
        match (self, other) {
            (a, b) if a.takes(b) => Some(a.clone()),
            (a, b) if b.takes(a) => Some(b.clone()),
            (Type::Set(a), Type::Set(b)) => Some(Type::Set(Box::new(a.common(b)?))),
            (Type::List(a), Type::List(b)) => Some(Type::List(Box::new(a.common(b)?))),
            _ => None,
        }
    }

    /// The widest type that takes it: `int` of `nat`.
    pub fn widest(&self) -> Type {
        match self {
            Type::Nat => Type::Int,
            Type::Set(inner) => Type::Set(Box::new(inner.widest())),
            Type::List(inner) => Type::List(Box::new(inner.widest())),
            other => other.clone(),
        }
    }
}

impl Type {
    /// The words of the types that need no declaration, in the order of the reference.
    pub const WORDS: [&'static str; 11] =
        ["string", "int", "nat", "decimal", "bool", "time", "duration", "cidr", "ip", "version", "json"];

    /// The type of one of [`Type::WORDS`].
    pub fn of_word(word: &str) -> Option<Type> {
        Some(match word {
            "string" => Type::String,
            "int" => Type::Int,
            "nat" => Type::Nat,
            "decimal" => Type::Decimal,
            "bool" => Type::Bool,
            "time" => Type::Time,
            "duration" => Type::Duration,
            "cidr" => Type::Cidr,
            "ip" => Type::Ip,
            "version" => Type::Version,
            "json" => Type::Json,
            _ => return None,
        })
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Entity(name) | Type::Enum(name) => f.write_str(name.rsplit('.').next().unwrap_or(name)),
            Type::String => f.write_str("string"),
            Type::Int => f.write_str("int"),
            Type::Nat => f.write_str("nat"),
            Type::Decimal => f.write_str("decimal"),
            Type::Bool => f.write_str("bool"),
            Type::Time => f.write_str("time"),
            Type::Duration => f.write_str("duration"),
            Type::Cidr => f.write_str("cidr"),
            Type::Ip => f.write_str("ip"),
            Type::Version => f.write_str("version"),
            Type::Json => f.write_str("json"),
            Type::Set(inner) => write!(f, "{{{inner}}}"),
            Type::List(inner) => write!(f, "[{inner}]"),
        }
    }
}
