//! How a 64-bit integer stands in JSON: as a number where every reader keeps its digits, else as a string.

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};
use std::fmt;

/// The largest integer that every JSON reader keeps.
const SAFE: u64 = 1 << 53;

pub(crate) fn serialize<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    match number.unsigned_abs() > SAFE {
        true => serializer.collect_str(number),
        false => serializer.serialize_i64(*number),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_any(Wide)
}

struct Wide;

impl Visitor<'_> for Wide {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a 64-bit integer, beyond 2^53 as a string")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        let number: Option<i64> = text.parse().ok().filter(|n: &i64| n.unsigned_abs() > SAFE);
        number.filter(|n| n.to_string() == text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}
