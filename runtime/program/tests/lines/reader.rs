//! Canonical lines read back: the inverse of how a fact prints. Where there is one, no two facts of a relation have one line.
//!
//! What a quoted text or a number is, only the column's type says; so a line is read with the types of its relation.
//!
//! INVARIANT: what is read prints as the same line.

use program::{Json, Tuple, Type, Unknown, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The tuple of a canonical line; `None` where it is not one of that relation.
///
/// - `columns`: the types of the relation's columns, in order.
pub(crate) fn read_line(line: &str, relation: &str, columns: &[&Type]) -> Option<Tuple> {
    let rest = line.strip_prefix(relation)?.strip_prefix('(')?.strip_suffix(')')?;
    let mut reader = Reader { rest };
    let mut tuple = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            reader.word(", ")?;
        }
        tuple.push(reader.value(column)?);
    }
    reader.rest.is_empty().then_some(tuple)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn word(&mut self, word: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }

    /// What stands before the next separator or end.
    fn token(&mut self) -> &'a str {
        let end = self.rest.find([',', ')', ']', '}']).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        token
    }

    fn value(&mut self, wanted: &Type) -> Option<Value> {
        if self.rest.starts_with("unknown(") {
            self.word("unknown(")?;
            let origin = self.quoted()?;
            let many = self.word(", many").is_some();
            self.word(")")?;
            return Some(Value::Unknown(Unknown { origin: origin.into(), many }));
        }
        if self.word("between(").is_some() {
            let low = self.value(wanted)?;
            self.word(", ")?;
            let high = self.value(wanted)?;
            self.word(")")?;
            return Some(Value::Between(Arc::new((low, high))));
        }
        match wanted {
            Type::String | Type::Entity(_) | Type::Enum(_) => self.quoted().map(Value::text),
            Type::Cidr | Type::Ip | Type::Version => Value::parse(&self.quoted()?, wanted),
            Type::Int | Type::Nat | Type::Decimal | Type::Bool | Type::Time | Type::Duration => {
                Value::parse(self.token(), wanted)
            }
            Type::Json => self.json().map(Value::json),
            Type::Set(item) => self
                .list("{", "}", |reader| reader.value(item))
                .map(|items| Value::Set(Arc::new(items.into_iter().collect::<BTreeSet<_>>()))),
            Type::List(item) => self.list("[", "]", |reader| reader.value(item)).map(|items| Value::List(items.into())),
        }
    }

    fn list<T>(&mut self, open: &str, close: &str, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.word(open)?;
        let mut items = Vec::new();
        while self.word(close).is_none() {
            if !items.is_empty() {
                self.word(", ")?;
            }
            items.push(item(self)?);
        }
        Some(items)
    }

    fn json(&mut self) -> Option<Json> {
        match self.rest.as_bytes().first()? {
            b'"' => self.quoted().map(Json::text),
            b'[' => self.list("[", "]", Self::json).map(Json::Array),
            b'{' => {
                let entry = |reader: &mut Self| {
                    let key = reader.quoted()?;
                    reader.word(": ")?;
                    Some((Arc::from(key), reader.json()?))
                };
                let entries = self.list("{", "}", entry)?;
                Some(Json::Object(entries.into_iter().collect()))
            }
            b'u' => {
                self.word("unknown(")?;
                let origin = self.quoted()?;
                self.word(")")?;
                Some(Json::Unknown(origin.into()))
            }
            b's' => {
                self.word("sensitive(")?;
                let digest = self.quoted()?;
                self.word(")")?;
                Some(Json::Sensitive(digest.into()))
            }
            _ => match self.token() {
                "null" => Some(Json::Null),
                "true" => Some(Json::Bool(true)),
                "false" => Some(Json::Bool(false)),
                number => match number.parse() {
                    Ok(whole) => Some(Json::Int(whole)),
                    Err(_) => Some(Json::Decimal(number.into())),
                },
            },
        }
    }

    /// A quoted literal, as [`program::quote`] writes it.
    fn quoted(&mut self) -> Option<String> {
        self.word("\"")?;
        let mut text = String::new();
        loop {
            let end = self.rest.find(['"', '\\'])?;
            text.push_str(&self.rest[..end]);
            let escaped = self.rest[end..].starts_with('\\');
            self.rest = &self.rest[end + 1..];
            if !escaped {
                return Some(text);
            }
            let mut rest = self.rest.chars();
            let what = rest.next()?;
            self.rest = rest.as_str();
            text.push(match what {
                '"' | '\\' => what,
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'u' => {
                    self.word("{")?;
                    let (digits, rest) = self.rest.split_once('}')?;
                    self.rest = rest;
                    char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                }
                _ => return None,
            });
        }
    }
}
