//! RFC 8785 JSON with every number written as a string, so that no reader loses digits. In one pass: a program is not made
//! into a tree first.
//!
//! Source: RFC 8785, *JSON Canonicalization Scheme*; keys are sorted by their UTF-16 units.

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::cell::RefCell;
use std::io::{self, Write};
use std::ops::Range;
use std::rc::Rc;

/// The canonical bytes of a value.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    let text = Text::default();
    let sorted = Sorted { text: text.clone(), open: Vec::new() };
    value.serialize(&mut Serializer::with_formatter(text.clone(), sorted)).expect("bug: a program is plain data");
    text.0.take()
}

/// What is written so far; whoever writes and whoever sorts see the same.
#[derive(Clone, Default)]
struct Text(Rc<RefCell<Vec<u8>>>);

impl Text {
    fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sorts the entries of an object when it ends.
struct Sorted {
    text: Text,
    open: Vec<Object>,
}

/// An object that has not ended.
struct Object {
    /// Where its first entry begins.
    start: usize,
    entries: Vec<Entry>,
    in_key: bool,
}

/// An entry, by where it stands in the text.
struct Entry {
    key: Range<usize>,
    end: usize,
}

/// Numbers as strings. As a key a number stands between quotes already.
macro_rules! quoted {
    ($($name:ident: $of:ty),*) => {$(
        fn $name<W: Write + ?Sized>(&mut self, writer: &mut W, value: $of) -> io::Result<()> {
            match self.open.last() {
                Some(object) if object.in_key => write!(writer, "{value}"),
                _ => write!(writer, "\"{value}\""),
            }
        }
    )*};
}

impl Formatter for Sorted {
    quoted!(
        write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64, write_i128: i128, write_u8: u8, write_u16: u16,
        write_u32: u32, write_u64: u64, write_u128: u128, write_f32: f32, write_f64: f64, write_number_str: &str
    );

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"{")?;
        self.open.push(Object { start: self.text.len(), entries: Vec::new(), in_key: false });
        Ok(())
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, _: &mut W, _: bool) -> io::Result<()> {
        let at = self.text.len();
        let object = self.open.last_mut().expect("bug: a key outside of an object");
        object.in_key = true;
        object.entries.push(Entry { key: at..at, end: at });
        Ok(())
    }

    fn end_object_key<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        let at = self.text.len();
        let object = self.open.last_mut().expect("bug: a key outside of an object");
        object.in_key = false;
        object.entries.last_mut().expect("bug: a key that did not begin").key.end = at;
        Ok(())
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        let at = self.text.len();
        let entry = self.open.last_mut().and_then(|object| object.entries.last_mut());
        entry.expect("bug: a value without a key").end = at;
        Ok(())
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        let Object { start, mut entries, .. } = self.open.pop().expect("bug: an object that did not begin");
        let mut text = self.text.0.borrow_mut();
        match entries.iter().all(|entry| is_plain(&text[entry.key.clone()])) {
            true => entries.sort_by(|a, b| text[a.key.clone()].cmp(&text[b.key.clone()])),
            false => entries.sort_by_cached_key(|entry| units(&text[entry.key.clone()])),
        }
        let mut sorted = Vec::with_capacity(text.len() - start + entries.len());
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 {
                sorted.push(b',');
            }
            sorted.extend_from_slice(&text[entry.key.start..entry.end]);
        }
        text.truncate(start);
        text.extend_from_slice(&sorted);
        drop(text);
        writer.write_all(b"}")
    }
}

/// Whether a quoted key is sorted by its bytes as by its units: nothing is escaped, and nothing needs two units.
///
/// The quote at the end sorts before whatever may follow in a longer key, but for a blank and `!`.
fn is_plain(key: &[u8]) -> bool {
    key.iter().all(|byte| (b'#'..0x7f).contains(byte) && *byte != b'\\' || *byte == b'"')
}

/// The units of a quoted key.
fn units(key: &[u8]) -> Vec<u16> {
    let text: String = serde_json::from_slice(key).expect("bug: a key is a string");
    text.encode_utf16().collect()
}

#[cfg(test)]
mod tests {
    use super::canonical;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn trees() -> impl Strategy<Value = Value> {
        let text =
            || prop_oneof![4 => "[a-c\"\\\\\n\u{1}\u{7f}é]{0,4}", 1 => "[\u{d7ff}\u{e000}\u{ffee}\u{1f600}]{1,2}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(text(), inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    /// Every number as a string.
    fn told(tree: Value) -> Value {
        match tree {
            Value::Number(number) => Value::String(number.to_string()),
            Value::Array(items) => items.into_iter().map(told).collect(),
            Value::Object(entries) => entries.into_iter().map(|(key, value)| (key, told(value))).collect(),
            Value::Null | Value::Bool(_) | Value::String(_) => tree,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_the_canonical_form(tree in trees()) {
            let told = told(tree.clone());
            prop_assert_eq!(canonical(&tree), serde_jcs::to_vec(&told).expect("a tree has one"));
        }
    }

    #[test]
    fn keys_past_the_surrogates_are_sorted_by_their_units() {
        let tree = json!({ "\u{1f600}": 1, "\u{ff5e}": 2 });
        assert_eq!(
            String::from_utf8(canonical(&tree)).expect("it is text"),
            "{\"\u{1f600}\":\"1\",\"\u{ff5e}\":\"2\"}"
        );
    }
}
