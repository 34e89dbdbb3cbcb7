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
    /// `true` or `false`.
    Bool,
    /// A point in time, UTC, microseconds.
    Time,
    /// A length of time, microseconds.
    Duration,
    /// An IPv4 or IPv6 network, host bits cleared.
    Cidr,
    /// Any JSON value; may hold unknown parts.
    Json,
    /// A finite set.
    Set(Box<Type>),
    /// A finite list.
    List(Box<Type>),
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Entity(name) | Type::Enum(name) => f.write_str(name.rsplit('.').next().unwrap_or(name)),
            Type::String => f.write_str("string"),
            Type::Int => f.write_str("int"),
            Type::Bool => f.write_str("bool"),
            Type::Time => f.write_str("time"),
            Type::Duration => f.write_str("duration"),
            Type::Cidr => f.write_str("cidr"),
            Type::Json => f.write_str("json"),
            Type::Set(inner) => write!(f, "{{{inner}}}"),
            Type::List(inner) => write!(f, "[{inner}]"),
        }
    }
}
