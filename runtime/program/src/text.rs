//! Values as Writ text: the canonical form that digests are made of and that `fmt` prints.

use crate::{Decimal, Json, Type, Value};
use std::borrow::Cow;
use std::fmt::{self, Display, Formatter, Write};
use std::sync::Arc;

/// `text` as a quoted literal: `"` and `\` escaped, what is no sign of its own as `\n`, `\t`, `\r` or `\u{…}`.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let _ = quoted(&mut out, text);
    out
}

/// Writes `text` as [`quote`] does.
fn quoted(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    // Most texts are plain, and there is one in every line that a digest is made of.
    if are_plain(text.as_bytes()) {
        out.write_str(text)?;
        return out.write_char('"');
    }
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\t' => out.write_str("\\t")?,
            '\r' => out.write_str("\\r")?,
            c if is_hidden(c) => write!(out, "\\u{{{:x}}}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

/// Whether a byte stands in a quoted literal as it does in the text.
#[inline]
pub(crate) fn is_plain(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) & (byte != b'"') & (byte != b'\\')
}

/// Whether [`is_plain`] says so of every byte; eight of them are looked at together, of the last ones some twice.
///
/// Source: Mycroft's test for a zero byte in a word, in Warren, *Hacker's Delight*, section 6-1.
fn are_plain(bytes: &[u8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let zero = |word: u64| word.wrapping_sub(EACH) & !word;
    let strange = |word: u64| {
        let control = word.wrapping_sub(EACH * u64::from(b' ')) & !word;
        let marks = zero(word ^ (EACH * 0x7f)) | zero(word ^ (EACH * u64::from(b'"')));
        (word | control | marks | zero(word ^ (EACH * u64::from(b'\\')))) & (EACH << 7) != 0
    };
    let (words, rest) = bytes.as_chunks::<8>();
    if words.iter().any(|word| strange(u64::from_le_bytes(*word))) {
        return false;
    }
    match bytes.last_chunk() {
        Some(last) => !strange(u64::from_le_bytes(*last)),
        None => rest.iter().all(|byte| is_plain(*byte)),
    }
}

/// How many bytes two texts begin with that are the same.
pub fn alike(one: &[u8], two: &[u8]) -> usize {
    let short = one.len().min(two.len());
    let (one, two) = (&one[..short], &two[..short]);
    let differs = |a: &[u8; 8], b: &[u8; 8]| {
        let other = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        (other != 0).then_some(other.trailing_zeros() as usize / 8)
    };
    let (words, rest) = one.as_chunks::<8>();
    let (two_words, two_rest) = two.as_chunks::<8>();
    for (at, (a, b)) in words.iter().zip(two_words).enumerate() {
        if let Some(byte) = differs(a, b) {
            return 8 * at + byte;
        }
    }
    match (one.last_chunk(), two.last_chunk()) {
        // The last word is looked at whole, and what stands before the rest is the same.
        (Some(a), Some(b)) => differs(a, b).map_or(short, |byte| short - 8 + byte),
        _ => rest.iter().zip(two_rest).take_while(|(a, b)| a == b).count(),
    }
}

/// Whether a path writes a key of a json object without quotes: `cfg.acl`, but `cfg["app.kubernetes.io/name"]`.
pub fn is_plain_key(key: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    key.starts_with(letter) && key.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// `text` as one line of a terminal or of a log that somebody else reads: what is no sign of its own is written out as
/// `\u{…}`, control characters and those that turn the direction of writing.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match is_hidden(c) {
            true => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether it is no sign of its own: a control character, or one that turns the direction of writing, so that a line would
/// read as another than it is.
fn is_hidden(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    );
    c.is_control() || turns
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl Value {
    /// Writes the canonical text; straight into a text, that is several times as fast as formatting it is.
    pub(crate) fn write(&self, out: &mut impl Write) -> fmt::Result {
        match self {
            Value::Bool(b) => out.write_str(if *b { "true" } else { "false" }),
            Value::Int(n) => write!(out, "{n}"),
            Value::Decimal(number) => write!(out, "{number}"),
            Value::Text(text) => quoted(out, text),
            Value::Time(micros) => out.write_str(&write_time(*micros)),
            Value::Duration(micros) => out.write_str(&write_duration(*micros)),
            Value::Cidr(net) => write!(out, "\"{net}\""),
            Value::Ip(address) => write!(out, "\"{address}\""),
            Value::Version(version) => write!(out, "\"{version}\""),
            Value::Json(json) => json.write(out),
            Value::Set(items) => list(out, "{", items.iter(), Value::write, "}"),
            Value::List(items) => list(out, "[", items.iter(), Value::write, "]"),
            Value::Between(ends) => write!(out, "between({}, {})", ends.0, ends.1),
            Value::Unknown(unknown) if unknown.many => write!(out, "unknown({}, many)", quote(&unknown.origin)),
            Value::Unknown(unknown) => write!(out, "unknown({})", quote(&unknown.origin)),
        }
    }
}

impl Json {
    fn write(&self, out: &mut impl Write) -> fmt::Result {
        match self {
            Json::Null => out.write_str("null"),
            Json::Bool(b) => out.write_str(if *b { "true" } else { "false" }),
            Json::Int(n) => write!(out, "{n}"),
            Json::Decimal(text) => out.write_str(text),
            Json::Text(text) => quoted(out, text),
            Json::Array(items) => list(out, "[", items.iter(), Json::write, "]"),
            Json::Object(entries) => list(
                out,
                "{",
                entries.iter(),
                |(key, value), out| {
                    quoted(out, key)?;
                    out.write_str(": ")?;
                    value.write(out)
                },
                "}",
            ),
            Json::Unknown(origin) => write!(out, "unknown({})", quote(origin)),
            Json::Sensitive(digest) => write!(out, "sensitive({})", quote(digest)),
        }
    }
}

fn list<T, W: Write>(
    out: &mut W,
    open: &str,
    items: impl Iterator<Item = T>,
    item: impl Fn(T, &mut W) -> fmt::Result,
    close: &str,
) -> fmt::Result {
    out.write_str(open)?;
    for (i, one) in items.enumerate() {
        if i > 0 {
            out.write_str(", ")?;
        }
        item(one, out)?;
    }
    out.write_str(close)
}

/// The first microsecond of the year 1.
const EARLIEST: i64 = -62_135_596_800_000_000;

/// The last microsecond of the year 9999.
const LATEST: i64 = 253_402_300_799_999_999;

/// Whether a time is one that can be written.
pub(crate) fn is_time(micros: i64) -> bool {
    (EARLIEST..=LATEST).contains(&micros)
}

/// After so many microseconds, 400 years, the calendar is the same again, the days of the week too.
pub(crate) const CYCLE: i64 = 146_097 * 86_400_000_000;

/// A time as the calendar's crate takes it, and how many years it was put back: the crate ends 26 hours before the year
/// 9999 does, since that is when it ends somewhere.
pub(crate) fn stamp(micros: i64) -> Option<(jiff::Timestamp, i16)> {
    let of = |micros: i64| jiff::Timestamp::from_microsecond(micros).ok();
    let back = || of(micros.checked_sub(CYCLE)?).filter(|_| is_time(micros));
    of(micros).map(|stamp| (stamp, 0)).or_else(|| Some((back()?, 400)))
}

/// Microseconds since 1970 as `2030-01-01T00:00Z`; seconds and their fraction only where they are not zero.
pub fn write_time(micros: i64) -> String {
    let Some((stamp, years)) = stamp(micros) else {
        return format!("time({micros})");
    };
    let at = stamp.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let year = at.year() + years;
    let mut out = format!("{year:04}-{:02}-{:02}T{:02}:{:02}", at.month(), at.day(), at.hour(), at.minute());
    let fraction = micros.rem_euclid(1_000_000);
    if at.second() != 0 || fraction != 0 {
        let _ = write!(out, ":{:02}", at.second());
    }
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
    out.push('Z');
    out
}

/// Microseconds in the largest unit that divides them: `24h` is `1d`, `90m` stays `90m`; units `d h m s ms us`.
pub fn write_duration(micros: i64) -> String {
    for (unit, size) in
        [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)]
    {
        if micros % size == 0 && (micros != 0 || unit == "s") {
            return format!("{}{unit}", micros / size);
        }
    }
    format!("{micros}us")
}

impl Value {
    /// The value as a message shows it: text without quotes, a sensitive part as `«sensitive»`.
    pub fn show(&self) -> String {
        match self {
            Value::Text(text) => text.to_string(),
            Value::Cidr(net) => net.to_string(),
            Value::Ip(address) => address.to_string(),
            Value::Version(version) => version.to_string(),
            Value::Between(ends) if ends.0 == ends.1 => ends.0.show(),
            Value::Between(ends) => format!("{} to {}", ends.0.show(), ends.1.show()),
            Value::Unknown(unknown) => format!("unknown({})", unknown.origin),
            Value::Json(json) => json.show(),
            Value::Set(_) | Value::List(_) => self.discreet(),
            Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::Time(_) | Value::Duration(_) => {
                self.to_string()
            }
        }
    }

    /// The canonical text with sensitive parts as `«sensitive»`: what a page may quote.
    pub fn discreet(&self) -> String {
        self.hide().to_string().replace(HIDDEN, "«sensitive»")
    }

    /// The value as the origin of an unknown names it: no two values have one name, else two unknowns would be equal. So
    /// text has its quotes, and a sensitive part the beginning of its digest.
    pub(crate) fn origin(&self) -> String {
        match self {
            Value::Unknown(unknown) => format!("unknown({})", unknown.origin),
            other => other.digests(&|digest| digest.get(..32).unwrap_or(digest)).to_string(),
        }
    }

    fn hide(&self) -> Value {
        self.digests(&|_| "")
    }

    /// With every digest of a sensitive part written as `shown` says.
    fn digests(&self, shown: &dyn Fn(&str) -> &str) -> Value {
        match self {
            Value::Json(json) => Value::Json(json.digests(shown).into()),
            Value::Set(items) => Value::Set(Arc::new(items.iter().map(|item| item.digests(shown)).collect())),
            Value::List(items) => Value::List(items.iter().map(|item| item.digests(shown)).collect()),
            other => other.clone(),
        }
    }

    /// Reads a string as a value of `wanted`: a time, a duration, a network, an address, a version, a number.
    /// Text, entity and enum take it as it is. `None` where it does not say such a value.
    pub fn parse(text: &str, wanted: &Type) -> Option<Value> {
        match wanted {
            Type::String | Type::Entity(_) | Type::Enum(_) => Some(Value::text(text)),
            Type::Int => text.parse().ok().map(Value::Int),
            Type::Nat => text.parse().ok().filter(|n| *n >= 0).map(Value::Int),
            Type::Decimal => Decimal::parse(text).map(Value::Decimal),
            Type::Bool => text.parse().ok().map(Value::Bool),
            Type::Time => parse_time(text),
            Type::Duration => parse_duration(text),
            Type::Cidr => parse_cidr(text),
            Type::Ip => text.parse().ok().map(Value::Ip),
            Type::Version => text.parse().ok().map(|version| Value::Version(Arc::new(version))),
            Type::Json => Some(Value::json(Json::text(text))),
            Type::Set(_) | Type::List(_) => None,
        }
    }
}

impl Value {
    /// Whether it is the one that its canonical text says: what a file holds as a value may be another of the same text, a
    /// network with host bits, a number with a zero behind it.
    pub fn is_canonical(&self) -> bool {
        let again = |wanted: Type| Value::parse(&self.show(), &wanted).as_ref() == Some(self);
        match self {
            Value::Decimal(_) => again(Type::Decimal),
            Value::Time(_) => again(Type::Time),
            Value::Cidr(_) => again(Type::Cidr),
            Value::Json(json) => !matches!(**json, Json::Unknown(_)) && json.is_canonical(),
            Value::Set(items) => items.iter().all(Value::is_canonical),
            Value::List(items) => items.iter().all(Value::is_canonical),
            Value::Between(ends) => ends.0.is_canonical() && ends.1.is_canonical(),
            Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Duration(_) => true,
            Value::Ip(_) | Value::Version(_) | Value::Unknown(_) => true,
        }
    }
}

impl Json {
    fn is_canonical(&self) -> bool {
        match self {
            Json::Decimal(text) => Json::number(text).as_ref() == Some(self),
            Json::Array(items) => items.iter().all(Json::is_canonical),
            Json::Object(entries) => entries.values().all(Json::is_canonical),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Text(_) | Json::Unknown(_) | Json::Sensitive(_) => true,
        }
    }
}

impl Json {
    /// The value as a message shows it: top-level text without quotes, sensitive parts as `«sensitive»`.
    pub fn show(&self) -> String {
        match self {
            Json::Text(text) => text.to_string(),
            other => other.digests(&|_| "").to_string().replace(HIDDEN, "«sensitive»"),
        }
    }

    fn digests(&self, shown: &dyn Fn(&str) -> &str) -> Json {
        match self {
            Json::Sensitive(digest) => Json::Sensitive(shown(digest).into()),
            Json::Array(items) => Json::Array(items.iter().map(|item| item.digests(shown)).collect()),
            Json::Object(entries) => {
                Json::Object(entries.iter().map(|(key, value)| (key.clone(), value.digests(shown))).collect())
            }
            other => other.clone(),
        }
    }
}

/// How a hidden sensitive part prints before it is replaced.
const HIDDEN: &str = "sensitive(\"\")";

/// `2030-01-01T00:00Z`, seconds and fraction optional, any RFC 3339 offset.
fn parse_time(text: &str) -> Option<Value> {
    // Finer digits are cut, however many there are: nine are read.
    let fine = text.find(['.', ',']).map_or(text.len(), |point| point + 1);
    let digits = text[fine..].bytes().take_while(u8::is_ascii_digit).count();
    let cut: String;
    let text = match digits > 9 {
        true => {
            cut = format!("{}{}", &text[..fine + 9], &text[fine + digits..]);
            &cut
        }
        false => text,
    };
    let of = |text: &str| Some(text.parse::<jiff::Timestamp>().ok()?.as_microsecond());
    let last = || of(&format!("9599{}", text.strip_prefix("9999")?))?.checked_add(CYCLE);
    of(text).or_else(last).filter(|at| is_time(*at)).map(Value::Time)
}

/// `90s`, `24h`, `7d`, `250ms`, `10us`; a sign may stand before.
fn parse_duration(text: &str) -> Option<Value> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let size: i64 = match unit {
        "d" => 86_400_000_000,
        "h" => 3_600_000_000,
        "m" => 60_000_000,
        "s" => 1_000_000,
        "ms" => 1_000,
        "us" => 1,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(size).map(Value::Duration)
}

/// `10.0.0.0/8`, `2001:db8::/32`; a bare address is a network of one. Host bits are cleared.
fn parse_cidr(text: &str) -> Option<Value> {
    // Some read a leading zero as octal; as an address it is none.
    text.split_once('/').map_or(text, |(address, _)| address).parse::<std::net::IpAddr>().ok()?;
    if let Ok(net) = text.parse::<ipnet::IpNet>() {
        return Some(Value::Cidr(net.trunc()));
    }
    text.parse::<std::net::IpAddr>().ok().map(|ip| Value::Cidr(ip.into()))
}

#[cfg(test)]
mod tests {
    use super::{alike, are_plain, is_plain};
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte =
            prop_oneof![40 => Just(b'a'), 1 => any::<u8>(), 1 => 0x1d..0x24_u8, 1 => 0x5a..0x5f_u8, 1 => 0x7d..0x82_u8];
        prop::collection::vec(byte, 0..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn words_of_bytes_tell_what_bytes_tell(one in bytes(), two in bytes(), shared in 0..30_usize) {
            prop_assert_eq!(are_plain(&one), one.iter().all(|byte| is_plain(*byte)));
            let two: Vec<u8> = one.iter().take(shared).chain(&two).copied().collect();
            prop_assert_eq!(alike(&one, &two), one.iter().zip(&two).take_while(|(a, b)| a == b).count());
        }
    }
}
