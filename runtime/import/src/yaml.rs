//! YAML to exact JSON, document by document, with the places of what a reader wants to name.
//!
//! Plain words mean what `kubectl` takes them for (YAML 1.1): `yes`, `on` and `off` are truth values, `0644` is octal,
//! `<<` merges. Numbers are kept digit by digit.
//!
//! INVARIANT: what aliases repeat is bounded ([`NODES`]), so is the depth ([`crate::json::DEPTH`]); a key twice is refused.
//! Not here: what the documents are about.

use crate::json::DEPTH;
use crate::{Malformed, node::Node};
use granit_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use program::Json;
use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How many values one file may hold, each repetition through an alias counted.
const NODES: usize = 5_000_000;

/// How deep places are kept: the document, its members, the items of a list in it.
const PLACED: usize = 2;

/// One document: a value, and where parts of it stand.
pub(crate) struct Document {
    pub(crate) json: Json,
    places: BTreeMap<String, String>,
}

impl Document {
    /// `line:column` of the part that a JSON pointer names, or of the nearest part around it.
    pub(crate) fn place(&self, pointer: &str) -> String {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.places.get(pointer) {
                return place.clone();
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return "1:1".to_owned(),
            }
        }
    }

    /// A complaint about a part, whose place is a JSON pointer, with its place in the text.
    pub(crate) fn placed(&self, malformed: Malformed) -> Malformed {
        let pointer = malformed.place.clone();
        let inside = if pointer.is_empty() { String::new() } else { format!("{pointer}: ") };
        Malformed { place: self.place(&pointer), what: format!("{inside}{}", malformed.what), ..malformed }
    }

    pub(crate) fn root(&self) -> Node<'_> {
        Node::root(&self.json)
    }
}

/// Reads every document of a text. Documents that hold nothing are left out.
pub(crate) fn documents(text: &str) -> Result<Vec<Document>, Malformed> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event
            .map_err(|error| Malformed::new(shown(error.marker()), format!("this is no YAML: {}", error.info())))?;
        builder.event(event, span.start)?;
    }
    Ok(builder.done)
}

#[derive(Default)]
struct Builder {
    done: Vec<Document>,
    open: Vec<Open>,
    places: BTreeMap<String, String>,
    anchors: HashMap<usize, (Json, usize)>,
    nodes: usize,
}

/// A collection that is not complete yet.
struct Open {
    items: Items,
    anchor: usize,
    place: String,
    /// Values in it so far, itself included.
    nodes: usize,
}

enum Items {
    Array(Vec<Json>),
    Object { entries: BTreeMap<Arc<str>, Json>, key: Option<Arc<str>>, merged: Vec<Json> },
}

impl Builder {
    fn event(&mut self, event: Event<'_>, at: Marker) -> Result<(), Malformed> {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) => Ok(()),
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            Event::Alias(anchor) => {
                let Some((json, nodes)) = self.anchors.get(&anchor).cloned() else {
                    return Err(Malformed::new(shown(&at), "the alias stands inside what it repeats"));
                };
                self.value(json, nodes, 0, at)
            }
            Event::Scalar(text, style, anchor, tag) => {
                if self.expects_key() && style == ScalarStyle::Plain && tag.is_none() && text == "<<" {
                    return self.key("<<".into(), at);
                }
                let json = scalar(&text, style, tag.as_deref()).map_err(|what| Malformed::new(shown(&at), what))?;
                self.value(json, 1, anchor, at)
            }
            Event::SequenceStart(_, anchor, tag) => self.begin(Items::Array(Vec::new()), anchor, tag.as_deref(), at),
            Event::MappingStart(_, anchor, tag) => {
                let items = Items::Object { entries: BTreeMap::new(), key: None, merged: Vec::new() };
                self.begin(items, anchor, tag.as_deref(), at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at),
            // Comments and the like, which nobody asked the parser for.
            _ => Ok(()),
        }
    }

    fn begin(&mut self, items: Items, anchor: usize, tag: Option<&Tag>, at: Marker) -> Result<(), Malformed> {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema() || !["map", "seq"].contains(&tag.suffix())) {
            return Err(Malformed::new(shown(&at), format!("the tag `{tag}` means nothing here")));
        }
        if self.expects_key() {
            return Err(not_a_key(&at));
        }
        if self.open.len() == DEPTH {
            return Err(Malformed::new(shown(&at), format!("the YAML nests more than {DEPTH} deep")));
        }
        self.mark(&at);
        self.open.push(Open { items, anchor, place: shown(&at), nodes: 1 });
        Ok(())
    }

    fn end(&mut self, at: Marker) -> Result<(), Malformed> {
        let open = self.open.pop().expect("bug: a collection ends that never began");
        let json = match open.items {
            Items::Array(items) => Json::Array(items),
            Items::Object { mut entries, merged, .. } => {
                for source in merged {
                    let Json::Object(more) = source else {
                        return Err(Malformed::new(open.place, "`<<` takes a mapping, or a list of mappings"));
                    };
                    // What the mapping says itself goes before what is merged into it.
                    for (key, value) in more {
                        entries.entry(key).or_insert(value);
                    }
                }
                Json::Object(entries.into())
            }
        };
        self.complete(json, open.nodes, open.anchor, at)
    }

    /// A value that is whole as it comes: a scalar or an alias.
    fn value(&mut self, json: Json, nodes: usize, anchor: usize, at: Marker) -> Result<(), Malformed> {
        if self.expects_key() {
            let key: Arc<str> = match &json {
                Json::Text(text) => text.clone(),
                Json::Bool(_) | Json::Int(_) | Json::Decimal(_) => json.to_string().into(),
                _ => return Err(not_a_key(&at)),
            };
            if anchor > 0 {
                self.anchors.insert(anchor, (json, nodes));
            }
            return self.key(key, at);
        }
        self.mark(&at);
        self.complete(json, nodes, anchor, at)
    }

    fn key(&mut self, new: Arc<str>, at: Marker) -> Result<(), Malformed> {
        if let Some(Open { items: Items::Object { entries, key, .. }, .. }) = self.open.last_mut() {
            if entries.contains_key(&new) {
                let what = format!("the key `{new}` occurs twice in one mapping");
                return Err(
                    Malformed::new(shown(&at), what).help("keep one of them: readers differ on which one counts")
                );
            }
            *key = Some(new);
        }
        Ok(())
    }

    fn complete(&mut self, json: Json, nodes: usize, anchor: usize, at: Marker) -> Result<(), Malformed> {
        self.nodes += nodes;
        if self.nodes > NODES {
            let what = format!("the file holds more than {NODES} values, what aliases repeat counted");
            return Err(Malformed::new(shown(&at), what));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (json.clone(), nodes));
        }
        let Some(open) = self.open.last_mut() else {
            let places = std::mem::take(&mut self.places);
            if json != Json::Null {
                self.done.push(Document { json, places });
            }
            return Ok(());
        };
        open.nodes += nodes;
        match &mut open.items {
            Items::Array(items) => items.push(json),
            Items::Object { entries, key, merged } => {
                let key = key.take().expect("bug: a value without a key");
                match (&*key, json) {
                    ("<<", Json::Array(sources)) => merged.extend(sources),
                    ("<<", source) => merged.push(source),
                    (_, json) => match entries.entry(key) {
                        Entry::Vacant(free) => _ = free.insert(json),
                        Entry::Occupied(_) => unreachable!("bug: the key was looked for"),
                    },
                }
            }
        }
        Ok(())
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { items: Items::Object { key: None, .. }, .. }))
    }

    /// Keeps where the value that comes next stands.
    fn mark(&mut self, at: &Marker) {
        if self.open.len() > PLACED {
            return;
        }
        let mut pointer = String::new();
        for open in &self.open {
            pointer.push('/');
            match &open.items {
                Items::Array(items) => pointer += &items.len().to_string(),
                Items::Object { key, .. } => {
                    pointer += &key.as_deref().unwrap_or_default().replace('~', "~0").replace('/', "~1");
                }
            }
        }
        self.places.insert(pointer, shown(at));
    }
}

fn not_a_key(at: &Marker) -> Malformed {
    Malformed::new(shown(at), "a key must be text")
}

/// `line:column`, both from 1.
fn shown(at: &Marker) -> String {
    format!("{}:{}", at.line(), at.col() + 1)
}

/// What a scalar says. The fault has no place yet.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Json, String> {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() => match tag.suffix() {
            "str" | "binary" => return Ok(Json::text(text)),
            "null" | "bool" | "int" | "float" | "timestamp" => return plain(text),
            _ => return Err(format!("the tag `{tag}` means nothing here")),
        },
        Some(tag) if tag.handle().is_empty() && tag.suffix() == "!" => return Ok(Json::text(text)),
        Some(tag) => return Err(format!("the tag `{tag}` means nothing here")),
        None => {}
    }
    if style == ScalarStyle::Plain { plain(text) } else { Ok(Json::text(text)) }
}

/// What a plain word says, by YAML 1.1 as the tools of clusters read it.
fn plain(text: &str) -> Result<Json, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Json::Null),
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Ok(Json::Bool(true));
        }
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Ok(Json::Bool(false));
        }
        _ => {}
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(&unsigned) {
        return Err("this number has no form in JSON".to_owned());
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Ok(Json::text(text));
    }
    if let Some(number) = based(text, unsigned) {
        return Ok(Json::Int(number));
    }
    match number(text.starts_with('-'), unsigned) {
        Some(digits) => Json::number(&digits).ok_or_else(|| "the number has an exponent beyond 1000".to_owned()),
        None => Ok(Json::text(text)),
    }
}

/// An integer to base 2, 8 or 16: `0b11`, `0644`, `0o644`, `0x1F`.
fn based(text: &str, unsigned: &str) -> Option<i64> {
    let digits = unsigned.strip_prefix('0').filter(|rest| !rest.is_empty())?;
    let (base, digits) = match digits.as_bytes()[0] {
        b'x' | b'X' => (16, &digits[1..]),
        b'o' | b'O' => (8, &digits[1..]),
        b'b' | b'B' => (2, &digits[1..]),
        _ => (8, digits),
    };
    let digits: Cow<'_, str> = if digits.contains('_') { digits.replace('_', "").into() } else { digits.into() };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i64::from_str_radix(&digits, base).ok()?;
    Some(if text.starts_with('-') { -value } else { value })
}

/// The digits of a decimal number as JSON writes them; `None` where it is none.
fn number(negative: bool, unsigned: &str) -> Option<String> {
    let plain = unsigned.replace('_', "");
    let (mantissa, exponent) = match plain.find(['e', 'E']) {
        Some(at) => (&plain[..at], Some(&plain[at + 1..])),
        None => (&*plain, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let power = exponent.map(|power| power.strip_prefix(['+', '-']).unwrap_or(power));
    if power.is_some_and(|power| power.is_empty() || !digits(power)) {
        return None;
    }
    let trimmed = whole.trim_start_matches('0');
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    let sign = if negative { "-" } else { "" };
    let point = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    Some(format!("{sign}{whole}{point}{}", exponent.map_or_else(String::new, |power| format!("e{power}"))))
}
