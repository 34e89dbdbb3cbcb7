//! Text to exact JSON.
//!
//! A reader of our own, for three laws that serde_json cannot keep: a key that occurs twice is refused, with both its
//! places; a number is taken digit by digit (serde_json hands exact numbers to a visitor as a map with a reserved key,
//! which a file may also hold); whatever is wrong is said with line and column.
//!
//! INVARIANT: accepts exactly the texts of RFC 8259 that nest at most [`DEPTH`] deep, repeat no key and escape no half
//! of a surrogate pair.

use crate::{Malformed, encoding::place};
use program::Json;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// How deep arrays and objects may stand in each other.
pub(crate) const DEPTH: usize = 200;

/// Reads a text that is one JSON value.
pub(crate) fn parse(text: &str) -> Result<Json, Malformed> {
    let mut reader = Reader { text, at: 0, open: Vec::new() };
    reader.space();
    if reader.at == text.len() {
        return Err(Malformed::new("", "the file holds nothing but space"));
    }
    let value = reader.value()?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.wrong(reader.at, "text follows after the end of the JSON value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Where the arrays and objects begin that are not yet closed.
    open: Vec<usize>,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Json, Malformed> {
        match self.peek() {
            Some(b'{') => self.nested(Reader::object),
            Some(b'[') => self.nested(Reader::array),
            Some(b'"') => self.string().map(Json::text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, Malformed>) -> Result<Json, Malformed> {
        if self.open.len() == DEPTH {
            return Err(self.wrong(self.at, format!("the JSON nests more than {DEPTH} deep")));
        }
        self.open.push(self.at);
        self.at += 1;
        self.space();
        let value = read(self)?;
        self.open.pop();
        Ok(value)
    }

    fn object(&mut self) -> Result<Json, Malformed> {
        let mut entries: BTreeMap<Arc<str>, Json> = BTreeMap::new();
        if self.take(b'}') {
            return Ok(Json::Object(entries));
        }
        loop {
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.expected("a key in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.expected("`:` after the key"));
            }
            self.space();
            let value = self.value()?;
            match entries.entry(key.into()) {
                Entry::Vacant(free) => _ = free.insert(value),
                Entry::Occupied(taken) => {
                    let what = format!("the key `{}` occurs twice in one object", taken.key());
                    return Err(self.wrong(start, what).help("keep one of them: readers differ on which one counts"));
                }
            }
            self.space();
            if self.take(b'}') {
                return Ok(Json::Object(entries));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `}`"));
            }
            self.space();
        }
    }

    fn array(&mut self) -> Result<Json, Malformed> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `]`"));
            }
            self.space();
        }
    }

    fn string(&mut self) -> Result<String, Malformed> {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let Some(plain) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)) else {
                return Err(self.wrong(start, "the file ends inside this text"));
            };
            out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match rest[plain] {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => {
                    let c = self.escape(start)?;
                    out.push(c);
                }
                _ => return Err(self.wrong(self.at, "a control character stands in a text unescaped")),
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<char, Malformed> {
        let at = self.at;
        self.at += 1;
        let Some(letter) = self.peek() else {
            return Err(self.wrong(start, "the file ends inside this text"));
        };
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => letter as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex(at)?;
                let code = match first {
                    0xD800..0xDC00 if self.text[self.at..].starts_with("\\u") => {
                        self.at += 2;
                        let second = self.hex(at)?;
                        if !(0xDC00..0xE000).contains(&second) {
                            return Err(self.wrong(at, "half of a character is escaped here"));
                        }
                        0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                    }
                    other => other,
                };
                char::from_u32(code).ok_or_else(|| self.wrong(at, "half of a character is escaped here"))?
            }
            _ => return Err(self.wrong(at, "no such escape in JSON")),
        })
    }

    fn hex(&mut self, at: usize) -> Result<u32, Malformed> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        code.ok_or_else(|| self.wrong(at, "`\\u` takes four hexadecimal digits"))
    }

    fn number(&mut self) -> Result<Json, Malformed> {
        let start = self.at;
        self.take(b'-');
        let whole = self.digits();
        if whole == 0 || (whole > 1 && self.text.as_bytes()[self.at - whole] == b'0') {
            return Err(self.wrong(start, "this is no JSON number"));
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.wrong(start, "this is no JSON number"));
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(self.wrong(start, "this is no JSON number"));
            }
        }
        Json::number(&self.text[start..self.at])
            .ok_or_else(|| self.wrong(start, "the number has an exponent beyond 1000"))
    }

    fn digits(&mut self) -> usize {
        let count = self.text.as_bytes()[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Malformed> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.expected("a value"))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn space(&mut self) {
        let blank = |b: &&u8| matches!(**b, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.text.as_bytes()[self.at..].iter().take_while(blank).count();
    }

    fn expected(&self, what: &str) -> Malformed {
        if self.at < self.text.len() {
            return self.wrong(self.at, format!("expected {what} here"));
        }
        let open = self.open.last().map(|open| place(self.text, *open));
        let inside = open.map_or_else(String::new, |open| format!(", inside what begins at {open}"));
        self.wrong(self.at, format!("the file ends where {what} must stand{inside}"))
            .help("the file was cut short; write it again")
    }

    fn wrong(&self, at: usize, what: impl Into<String>) -> Malformed {
        Malformed::new(place(self.text, at), what)
    }
}
