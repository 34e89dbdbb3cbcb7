//! JSON values with exact numbers, unknown parts and sensitive parts.

use crate::Object;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A JSON value as importers hand it over. Keys are sorted, so equal values are equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Json {
    /// `null`: stated to be nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that is a 64-bit integer.
    Int(#[serde(with = "crate::wide")] i64),
    /// Any other number, as plain decimal text: no exponent, no trailing zeros, no `-0`.
    Decimal(Arc<str>),
    /// Text.
    Text(Arc<str>),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
    /// A part that is known only after the change is applied; the text is its origin (`aws_kms_key.main.arn`).
    Unknown(Arc<str>),
    /// A sensitive part: the hex of a keyed digest. Equal digests are equal values; it prints as `«sensitive»`.
    Sensitive(Arc<str>),
}

impl Json {
    /// Text.
    pub fn text(text: impl Into<Arc<str>>) -> Json {
        Json::Text(text.into())
    }

    /// An object from its entries; a later entry replaces an earlier one of the same key.
    pub fn object<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Json)>) -> Json {
        Json::Object(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// Whether no unknown or sensitive part stands inside.
    pub fn is_known(&self) -> bool {
        match self {
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => true,
            Json::Array(items) => items.iter().all(Json::is_known),
            Json::Object(entries) => entries.values().all(Json::is_known),
            Json::Unknown(_) | Json::Sensitive(_) => false,
        }
    }
}

impl Json {
    /// A number from its JSON text, exactly: `1e3` is 1000, `1.50` is 1.5.
    ///
    /// - returns: `None` where the text is no JSON number, has more than 1,000 digits, or an exponent beyond 1,000.
    pub fn number(text: &str) -> Option<Json> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.trim_start_matches('+').parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + fraction.len() > 1_000 {
            return None;
        }
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) || exponent.abs() > 1_000 {
            return None;
        }
        // The point stands `point` digits from the left of `all`.
        let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
        let (whole, fraction) = if point <= 0 {
            (String::from("0"), format!("{}{all}", "0".repeat(usize::try_from(-point).ok()?)))
        } else {
            let point = usize::try_from(point).ok()?;
            let padded = format!("{all:0<point$}");
            (padded[..point].to_owned(), padded[point..].to_owned())
        };
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() {
            if let Ok(number) = format!("{sign}{whole}").parse::<i64>() {
                return Some(Json::Int(number));
            }
            return Some(Json::Decimal(format!("{sign}{whole}").into()));
        }
        Some(Json::Decimal(format!("{sign}{whole}.{fraction}").into()))
    }
}
