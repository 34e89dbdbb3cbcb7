//! The bytes of a chunk as the store keeps them: its tuples, and apart from them where each was read.
//!
//! Text is front-coded: how many bytes it shares with the text in the same column of the tuple before, and the rest. What
//! comes out is compressed with LZ4. Places stand apart, so that a line that moves in its file leaves the tuples shared.
//!
//! INVARIANT: what is unpacked is what was packed, and equal tuples give equal bytes, as equal origins do.
//! Not here: the canonical lines that digests are made of (`Fact`'s display).

use crate::chunk::lines;
use crate::store::Fault;
use program::{Decimal, Fact, FactSource, Json, Origin, Tuple, Unknown, Value, alike};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How deep values may stand in each other; importers stop at 200.
const DEPTH: usize = 512;

/// Columns of a tuple; none that a program can declare has as many.
const WIDEST: u64 = 4_096;

/// Sources by name and file: how the facts of a chunk name them, whatever version they stand in.
pub(crate) type BySource = BTreeMap<(Arc<str>, Arc<str>), Arc<FactSource>>;

/// Packs one chunk.
///
/// - `new`: whether its tuples are wanted too.
/// - returns: its tuples, and where they were read: once for each source that says so.
pub(crate) fn pack(facts: &[Fact], new: bool) -> (Option<Vec<u8>>, Vec<u8>) {
    let mut names: Vec<(&str, &str)> = facts.chunk_by(same_source).map(|some| key(&some[0].origin.source)).collect();
    names.sort_unstable();
    names.dedup();
    let (mut tuples, mut places) = (Writer::default(), Writer::default());
    let (mut count, mut before, mut place): (u64, Vec<&str>, &str) = (0, Vec::new(), "");
    for same in lines(facts) {
        count += 1;
        places.number(same.len() as u64);
        for fact in same {
            let source = names.binary_search(&key(&fact.origin.source)).expect("bug: a source that was not listed");
            places.number(source as u64);
            places.text(place, &fact.origin.place);
            place = &fact.origin.place;
        }
        if new {
            tuples.tuple(&same[0].tuple, &mut before);
        }
    }
    let mut listed = Writer::default();
    listed.number(names.len() as u64);
    for (name, file) in &names {
        listed.string(name);
        listed.string(file);
    }
    let mut counted = Writer::default();
    counted.number(count);
    let packed = |front: Writer, rest: Writer| lz4_flex::compress_prepend_size(&[front.bytes, rest.bytes].concat());
    (new.then(|| packed(counted, tuples)), packed(listed, places))
}

fn same_source(a: &Fact, b: &Fact) -> bool {
    Arc::ptr_eq(&a.origin.source, &b.origin.source)
}

/// The facts of one chunk.
///
/// - `sources`: those of the version.
pub(crate) fn unpack(
    relation: &Arc<str>,
    tuples: &[u8],
    places: &[u8],
    sources: &BySource,
) -> Result<Vec<Fact>, Fault> {
    let (tuples, places) = (plain(tuples)?, plain(places)?);
    let (mut tuples, mut places) = (Reader { bytes: &tuples }, Reader { bytes: &places });
    let mut named = Vec::new();
    for _ in 0..places.number()? {
        let key = (places.string()?, places.string()?);
        let source = sources.get(&key);
        named.push(source.ok_or_else(|| broken(&format!("it has a fact of `{}`, which is no source", key.0)))?);
    }
    let count = tuples.number()?;
    // A count is a claim: memory is taken as facts are read.
    let mut facts = Vec::with_capacity(usize::try_from(count.min(1 << 16)).unwrap_or(0));
    let mut before: Vec<Arc<str>> = Vec::new();
    let (mut place, empty): (Arc<str>, Arc<str>) = ("".into(), "".into());
    for _ in 0..count {
        let width = Some(tuples.number()?).filter(|width| *width <= WIDEST);
        let width = width.ok_or_else(|| broken("it has a fact of too many columns"))?;
        before.resize(usize::try_from(width).unwrap_or(0), empty.clone());
        let mut tuple = Tuple::with_capacity(before.len());
        for before in &mut before {
            tuple.push(match tuples.byte()? {
                TEXT => {
                    *before = tuples.text(before)?;
                    Value::Text(before.clone())
                }
                tag => tuples.value(tag, 0)?,
            });
        }
        for _ in 0..places.number()? {
            let source = usize::try_from(places.number()?).ok().and_then(|at| named.get(at).copied());
            let source = source.ok_or_else(|| broken("it names a source beyond its list"))?.clone();
            place = places.text(&place)?;
            let origin = Origin { source, place: place.clone() };
            facts.push(Fact { relation: relation.clone(), tuple: tuple.clone(), origin });
        }
    }
    match tuples.bytes.is_empty() && places.bytes.is_empty() {
        true => Ok(facts),
        false => Err(broken("it goes on behind its last fact")),
    }
}

fn plain(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    // LZ4 makes at most 255 bytes of one: a size beyond that is damage, and takes no memory.
    let size = bytes.first_chunk::<4>().map_or(u32::MAX, |size| u32::from_le_bytes(*size));
    if size as usize / 255 > bytes.len() {
        return Err(broken("its size is none that it can have"));
    }
    lz4_flex::decompress_size_prepended(bytes).map_err(|error| broken(&error.to_string()))
}

fn key(source: &FactSource) -> (&str, &str) {
    (&source.name, &source.file)
}

/// The mark of a text; those of other values stand in [`Writer::value`].
const TEXT: u8 = 4;

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// LEB128.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push((number as u8) | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Zigzag: small on both sides of zero.
    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    fn string(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// What it shares with the text before, and the rest; cut between characters.
    fn text(&mut self, before: &str, text: &str) {
        let mut shared = alike(before.as_bytes(), text.as_bytes());
        while !text.is_char_boundary(shared) {
            shared -= 1;
        }
        self.number(shared as u64);
        self.string(&text[shared..]);
    }

    /// - `before`: the texts in the columns of the tuple before; then in those of this one.
    fn tuple<'f>(&mut self, tuple: &'f Tuple, before: &mut Vec<&'f str>) {
        self.number(tuple.len() as u64);
        before.resize(tuple.len(), "");
        for (value, before) in tuple.iter().zip(before) {
            match value {
                Value::Text(text) => {
                    self.bytes.push(TEXT);
                    self.text(before, text);
                    *before = text;
                }
                other => self.value(other),
            }
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Bool(flag) => self.bytes.push(u8::from(*flag)),
            Value::Int(number) => {
                self.bytes.push(2);
                self.signed(*number);
            }
            Value::Decimal(number) => self.plain(3, &number.to_string()),
            Value::Text(text) => self.plain(TEXT, text),
            Value::Time(micros) => {
                self.bytes.push(5);
                self.signed(*micros);
            }
            Value::Duration(micros) => {
                self.bytes.push(6);
                self.signed(*micros);
            }
            Value::Cidr(net) => self.plain(7, &net.to_string()),
            Value::Ip(address) => self.plain(8, &address.to_string()),
            Value::Version(version) => self.plain(9, &version.to_string()),
            Value::Json(json) => {
                self.bytes.push(10);
                self.json(json);
            }
            Value::Set(items) => self.values(11, items.len(), items.iter()),
            Value::List(items) => self.values(12, items.len(), items.iter()),
            Value::Between(ends) => self.values(13, 2, [&ends.0, &ends.1].into_iter()),
            Value::Unknown(unknown) => self.plain(if unknown.many { 15 } else { 14 }, &unknown.origin),
        }
    }

    fn plain(&mut self, tag: u8, text: &str) {
        self.bytes.push(tag);
        self.string(text);
    }

    fn values<'v>(&mut self, tag: u8, count: usize, items: impl Iterator<Item = &'v Value>) {
        self.bytes.push(tag);
        self.number(count as u64);
        items.for_each(|item| self.value(item));
    }

    fn json(&mut self, json: &Json) {
        match json {
            Json::Null => self.bytes.push(0),
            Json::Bool(flag) => self.bytes.push(1 + u8::from(*flag)),
            Json::Int(number) => {
                self.bytes.push(3);
                self.signed(*number);
            }
            Json::Decimal(text) => self.plain(4, text),
            Json::Text(text) => self.plain(5, text),
            Json::Array(items) => {
                self.bytes.push(6);
                self.number(items.len() as u64);
                items.iter().for_each(|item| self.json(item));
            }
            Json::Object(entries) => {
                self.bytes.push(7);
                self.number(entries.len() as u64);
                for (key, value) in entries {
                    self.string(key);
                    self.json(value);
                }
            }
            Json::Unknown(origin) => self.plain(8, origin),
            Json::Sensitive(digest) => self.plain(9, digest),
        }
    }
}

struct Reader<'a> {
    /// What is still to be read.
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, Fault> {
        let (byte, rest) = self.bytes.split_first().ok_or_else(short)?;
        self.bytes = rest;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u64, Fault> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(broken("it has a number of more than 64 bits"))
    }

    fn signed(&mut self) -> Result<i64, Fault> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn str(&mut self) -> Result<&'a str, Fault> {
        let long = usize::try_from(self.number()?).map_err(|_| short())?;
        let (text, rest) = self.bytes.split_at_checked(long).ok_or_else(short)?;
        self.bytes = rest;
        std::str::from_utf8(text).map_err(|_| broken("it has a text that is not UTF-8"))
    }

    fn string(&mut self) -> Result<Arc<str>, Fault> {
        self.str().map(Arc::from)
    }

    fn text(&mut self, before: &Arc<str>) -> Result<Arc<str>, Fault> {
        let shared = usize::try_from(self.number()?).map_err(|_| short())?;
        let rest = self.str()?;
        let front = before.get(..shared).ok_or_else(|| broken("it has a text that shares more than there is"))?;
        match (front, rest) {
            (front, "") if front.len() == before.len() => Ok(before.clone()),
            ("", rest) => Ok(rest.into()),
            (front, rest) => Ok([front, rest].concat().into()),
        }
    }

    fn value(&mut self, tag: u8, depth: usize) -> Result<Value, Fault> {
        if depth > DEPTH {
            return Err(broken("it has a value that nests too deep"));
        }
        Ok(match tag {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            2 => Value::Int(self.signed()?),
            3 => Value::Decimal(Decimal::parse(self.str()?).ok_or_else(|| broken("it has a decimal that is none"))?),
            TEXT => Value::Text(self.string()?),
            5 => Value::Time(self.signed()?),
            6 => Value::Duration(self.signed()?),
            7 => Value::Cidr(self.str()?.parse().map_err(|_| broken("it has a network that is none"))?),
            8 => Value::Ip(self.str()?.parse().map_err(|_| broken("it has an address that is none"))?),
            9 => Value::Version(Arc::new(self.str()?.parse().map_err(|_| broken("it has a version that is none"))?)),
            10 => Value::Json(Arc::new(self.json(depth)?)),
            11 => Value::Set(Arc::new(self.values(depth)?.into_iter().collect())),
            12 => Value::List(self.values(depth)?.into()),
            13 => match <[Value; 2]>::try_from(self.values(depth)?) {
                Ok([least, most]) => Value::Between(Arc::new((least, most))),
                Err(_) => return Err(broken("it has an interval without two ends")),
            },
            tag @ (14 | 15) => Value::Unknown(Unknown { origin: self.string()?, many: tag == 15 }),
            _ => return Err(broken("it has a value of a kind that is not known")),
        })
    }

    fn values(&mut self, depth: usize) -> Result<Vec<Value>, Fault> {
        let count = self.number()?;
        let item = |_| {
            let tag = self.byte()?;
            self.value(tag, depth + 1)
        };
        (0..count).map(item).collect()
    }

    fn json(&mut self, depth: usize) -> Result<Json, Fault> {
        if depth > DEPTH {
            return Err(broken("it has a value that nests too deep"));
        }
        Ok(match self.byte()? {
            0 => Json::Null,
            1 => Json::Bool(false),
            2 => Json::Bool(true),
            3 => Json::Int(self.signed()?),
            4 => Json::Decimal(self.string()?),
            5 => Json::Text(self.string()?),
            6 => {
                let count = self.number()?;
                Json::Array((0..count).map(|_| self.json(depth + 1)).collect::<Result<_, _>>()?)
            }
            7 => {
                let count = self.number()?;
                let entry = |_| Ok((self.string()?, self.json(depth + 1)?));
                Json::Object((0..count).map(entry).collect::<Result<_, Fault>>()?)
            }
            8 => Json::Unknown(self.string()?),
            9 => Json::Sensitive(self.string()?),
            _ => return Err(broken("it has a part of a kind that is not known")),
        })
    }
}

fn short() -> Fault {
    broken("it ends too early")
}

fn broken(what: &str) -> Fault {
    Fault::Broken(format!("a chunk cannot be read: {what}"))
}
