//! Text to exact JSON.
//!
//! A reader of our own, for three laws that serde_json cannot keep: a key that occurs twice is refused, with both its
//! places; a number is taken digit by digit (serde_json hands exact numbers to a visitor as a map with a reserved key,
//! which a file may also hold); whatever is wrong is said with line and column.
//!
//! INVARIANT: accepts exactly the texts of RFC 8259 that nest at most [`DEPTH`] deep, repeat no key and escape no half
//! of a surrogate pair.

use crate::{Malformed, encoding::place, texts::Texts};
use program::{Json, Object};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// How deep arrays and objects may stand in each other.
pub(crate) const DEPTH: usize = 200;

/// How many entries of an object one that comes out of order may move; more of them are sorted apart, so that no order of the
/// keys takes long.
const MOVED: usize = 64;

/// Reads a text that is one JSON value.
pub(crate) fn parse(text: &str) -> Result<Json, Malformed> {
    Reader::within(text, 0, &mut Texts::default()).whole()
}

/// Reads a text that is the items of an array, or some of them that stand side by side.
///
/// - `depth`: how many arrays and objects stand around them.
/// - `texts`: those of other items.
pub(crate) fn items(text: &str, depth: usize, texts: &mut Texts) -> Result<Vec<Json>, Malformed> {
    let mut reader = Reader::within(text, depth, texts);
    let mut items = Vec::new();
    loop {
        reader.space();
        items.push(reader.value()?);
        reader.space();
        if reader.at == text.len() {
            return Ok(items);
        }
        if !reader.take(b',') {
            return Err(reader.expected("`,`"));
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Where the arrays and objects begin that are not yet closed.
    open: Vec<usize>,
    /// The items of the arrays that are not yet closed, those of the innermost last: each array is made in one piece.
    items: Vec<Json>,
    /// The entries of the objects that are not yet closed.
    entries: Vec<(Arc<str>, Json)>,
    texts: &'a mut Texts,
}

impl<'a> Reader<'a> {
    /// - `depth`: how many arrays and objects stand around the text.
    fn within(text: &'a str, depth: usize, texts: &'a mut Texts) -> Reader<'a> {
        let (open, items, entries) = (vec![0; depth], Vec::new(), Vec::new());
        Reader { text, at: 0, open, items, entries, texts }
    }

    fn whole(mut self) -> Result<Json, Malformed> {
        self.space();
        if self.at == self.text.len() {
            return Err(Malformed::new("", "the file holds nothing but space"));
        }
        let value = self.value()?;
        self.space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.wrong(self.at, "text follows after the end of the JSON value")),
        }
    }

    fn value(&mut self) -> Result<Json, Malformed> {
        match self.peek() {
            Some(b'{') => self.nested(Reader::object),
            Some(b'[') => self.nested(Reader::array),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Reader<'a>) -> Result<Json, Malformed>) -> Result<Json, Malformed> {
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
        let from = self.entries.len();
        let mut astray = BTreeMap::new();
        // The last entry that is an object: where its text stands, and what it is.
        let mut last: Option<(Range<usize>, Object)> = None;
        if self.take(b'}') {
            return Ok(Json::Object(Object::default()));
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
            let value = match last.as_ref().filter(|(range, _)| self.repeats(range)) {
                // A plan writes down twice what stays as it is, and a resource its tags.
                Some((range, known)) => {
                    self.at += range.len();
                    Json::Object(known.clone())
                }
                None => {
                    let begins = self.at;
                    let value = self.value()?;
                    if let Json::Object(object) = &value {
                        last = Some((begins..self.at, object.clone()));
                    }
                    value
                }
            };
            if let Some(key) = self.enter(from, key, value, &mut astray) {
                let what = format!("the key `{key}` occurs twice in one object");
                return Err(self.wrong(start, what).help("keep one of them: readers differ on which one counts"));
            }
            self.space();
            if self.take(b'}') {
                let entries = self.entries.drain(from..);
                return Ok(Json::Object(match astray.is_empty() {
                    true => Object::of_sorted(entries),
                    false => entries.chain(astray).collect(),
                }));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `}`"));
            }
            self.space();
        }
    }

    /// Whether what stands here begins with the text of an object that was read, which is then the same object.
    fn repeats(&self, range: &Range<usize>) -> bool {
        let bytes = self.text.as_bytes();
        bytes[self.at..].starts_with(&bytes[range.clone()])
    }

    /// Puts an entry in its place among those of the innermost object, which begin at `from`.
    ///
    /// - `astray`: entries that would have to move too many others.
    /// - returns: the key, where it is there already.
    fn enter(
        &mut self,
        from: usize,
        key: Arc<str>,
        value: Json,
        astray: &mut BTreeMap<Arc<str>, Json>,
    ) -> Option<Arc<str>> {
        let entries = &self.entries[from..];
        // Most tools write keys in their order.
        let at = match entries.last() {
            Some((last, _)) if *last >= key => match entries.binary_search_by(|(own, _)| own.cmp(&key)) {
                Ok(_) => return Some(key),
                Err(at) => at,
            },
            _ => entries.len(),
        };
        if entries.len() - at <= MOVED {
            // What went astray sorts before an entry that stands here: a key behind all of them is not among it.
            if at < entries.len() && astray.contains_key(&key) {
                return Some(key);
            }
            self.entries.insert(from + at, (key, value));
            return None;
        }
        match astray.contains_key(&key) {
            true => Some(key),
            false => {
                astray.insert(key, value);
                None
            }
        }
    }

    fn array(&mut self) -> Result<Json, Malformed> {
        let from = self.items.len();
        if self.take(b']') {
            return Ok(Json::Array(Vec::new()));
        }
        loop {
            let item = self.value()?;
            self.items.push(item);
            self.space();
            if self.take(b']') {
                return Ok(Json::Array(self.items.drain(from..).collect()));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `]`"));
            }
            self.space();
        }
    }

    fn string(&mut self) -> Result<Arc<str>, Malformed> {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let Some(plain) = plain(rest) else {
                return Err(self.wrong(start, "the file ends inside this text"));
            };
            let part = &self.text[self.at..self.at + plain];
            self.at += plain;
            match rest[plain] {
                b'"' => {
                    self.at += 1;
                    // Nearly every text is written without an escape.
                    return Ok(match out.is_empty() {
                        true => self.texts.shared(part),
                        false => self.texts.shared(&(out + part)),
                    });
                }
                b'\\' => {
                    out.push_str(part);
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
        // Most numbers are short and whole.
        if whole < 19
            && !matches!(self.peek(), Some(b'.' | b'e' | b'E'))
            && let Ok(number) = self.text[start..self.at].parse()
        {
            return Ok(Json::Int(number));
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
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - start
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
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
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

/// How many bytes stand before a quote, a backslash or a control character; `None` where there is none of them.
///
/// Source: Mycroft's test for a zero byte in a word, in Warren, *Hacker's Delight*, section 6-1. What it finds first is one,
/// whatever it takes the bytes behind for.
pub(crate) fn plain(bytes: &[u8]) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let below = |word: u64, limit: u8| word.wrapping_sub(EACH * u64::from(limit)) & !word;
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = below(word ^ (EACH * u64::from(b'"')), 1);
        let backslash = below(word ^ (EACH * u64::from(b'\\')), 1);
        let marks = (below(word, b' ') | quote | backslash) & (EACH << 7);
        if marks != 0 {
            return Some(8 * at + marks.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))?;
    Some(8 * words.len() + at)
}

#[cfg(test)]
mod tests {
    use super::{parse, plain};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn words_of_bytes_tell_what_bytes_tell(bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x1e..0x24_u8, 0x5a..0x5f_u8, Just(b'a')], 0..40)) {
            prop_assert_eq!(plain(&bytes), bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)));
        }
    }

    /// However many keys there are, in whatever order, each stands once and in its place.
    #[test]
    fn keys_in_any_order_make_one_object() {
        for count in [1, 2, 63, 64, 65, 66, 67, 400] {
            let key = |n: usize| format!("\"k{n:04}\": {n}");
            let written = |order: &dyn Fn(usize) -> usize| (0..count).map(|n| key(order(n))).collect::<Vec<_>>();
            let ascending = written(&|n| n);
            let expected = parse(&format!("{{{}}}", ascending.join(", "))).expect("reads").to_string();
            assert_eq!(expected, format!("{{{}}}", ascending.join(", ")));
            let strides = (0..count).filter(|stride| (2..count).all(|n| count % n > 0 || stride % n > 0));
            let mut orders: Vec<Vec<String>> = strides.map(|stride| written(&|n| n * stride % count)).collect();
            orders.retain(|order| order.iter().collect::<std::collections::BTreeSet<_>>().len() == count);
            orders.extend([
                written(&|n| count - 1 - n),
                written(&|n| if n % 2 == 0 { n / 2 } else { count - 1 - n / 2 }),
            ]);
            for order in orders {
                assert_eq!(parse(&format!("{{{}}}", order.join(", "))).expect("reads").to_string(), expected);
                for again in [0, count / 2, count - 1] {
                    let text = format!("{{{},\n{}}}", order.join(", "), key(again));
                    let fault = parse(&text).expect_err("a key stands twice");
                    assert_eq!(fault.what, format!("the key `k{again:04}` occurs twice in one object"));
                    assert_eq!(fault.place, "2:1");
                }
            }
        }
    }
}
