//! Values: what stands in a tuple.

use crate::{Decimal, Json};
use ipnet::IpNet;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// A value of any [`crate::Type`], or one that is not known yet.
///
/// The order is total and fixed: by variant as listed, then by content. It is the order of every printed list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// A signed 64-bit integer; in a column of type `nat` never below zero.
    Int(#[serde(with = "crate::wide")] i64),
    /// An exact decimal number.
    Decimal(Decimal),
    /// A string, an entity's name, or an enum's member: the column says which.
    Text(Arc<str>),
    /// Microseconds since 1970-01-01T00:00Z, within the years 0001 to 9999.
    Time(#[serde(with = "crate::wide")] i64),
    /// Microseconds.
    Duration(#[serde(with = "crate::wide")] i64),
    /// A network with its host bits cleared.
    Cidr(IpNet),
    /// An address. An IPv4 address and the IPv6 address that holds it are two.
    Ip(IpAddr),
    /// A version. Equal with its build metadata, ordered without ([`crate::compare`]).
    Version(Arc<Version>),
    /// A JSON value; never [`Json::Unknown`] at its top, which is [`Value::Unknown`].
    Json(Arc<Json>),
    /// A finite set.
    Set(Arc<BTreeSet<Value>>),
    /// A finite list.
    List(Arc<[Value]>),
    /// An aggregate with possible members: at least the first, at most the second.
    Between(Arc<(Value, Value)>),
    /// A value that is not known.
    Unknown(Unknown),
}

/// A value that is known only after the change is applied, that a function could not compute, or that is not of the
/// stated type. Equal origins are equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unknown {
    /// What it will come from, as the author would say it: `aws_kms_key.main.arn`.
    pub origin: Arc<str>,
    /// It stands for any number of values: the elements of an unknown collection, an aggregate whose members are not
    /// certain. It is not surely equal to itself.
    pub many: bool,
}

impl Value {
    /// Text of any kind: string, entity name, enum member.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Text(text.into())
    }

    /// One value that is not known.
    pub fn unknown(origin: impl Into<Arc<str>>) -> Value {
        Value::Unknown(Unknown { origin: origin.into(), many: false })
    }

    /// A JSON value as a column of type `json` holds it.
    pub fn json(json: Json) -> Value {
        match json {
            Json::Unknown(origin) => Value::unknown(origin),
            known => Value::Json(Arc::new(known)),
        }
    }

    /// The text, where this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the value is fully known: a test on it gives the same answer in both readings.
    pub fn is_known(&self) -> bool {
        match self {
            Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::Text(_) => true,
            Value::Time(_) | Value::Duration(_) | Value::Cidr(_) | Value::Ip(_) | Value::Version(_) => true,
            Value::Json(json) => json.is_known(),
            Value::Set(items) => items.iter().all(Value::is_known),
            Value::List(items) => items.iter().all(Value::is_known),
            Value::Between(_) | Value::Unknown(_) => false,
        }
    }

    /// Whether an unknown collection's elements stand anywhere inside.
    pub fn holds_many(&self) -> bool {
        match self {
            Value::Unknown(unknown) => unknown.many,
            Value::Set(items) => items.iter().any(Value::holds_many),
            Value::List(items) => items.iter().any(Value::holds_many),
            Value::Between(ends) => ends.0.holds_many() || ends.1.holds_many(),
            _ => false,
        }
    }
}
