//! One look at each byte: where the long lists of a JSON file are, and the items of them.
//!
//! Quotes and brackets are all that is looked at, so a text that is no JSON may pass. What comes of that is found out when
//! the parts are read, and what stands around them: the text between two cuts is read by who knows what JSON is.

use super::{List, Outline, Part};
use crate::bytes::Bytes;
use crate::json::{self, plain};
use program::{Hashing, Json};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// What is known of a file as far as it was looked at.
pub(super) struct Scan {
    /// What stands around the lists.
    around: Vec<u8>,
    /// What is open around them.
    open: Vec<Open>,
    /// Where the last text in `around` begins.
    text: usize,
    in_text: bool,
    escaped: bool,
    /// The list that is open.
    within: Option<Within>,
    lists: BTreeMap<String, List>,
    /// How many bytes were looked at.
    seen: u64,
    /// The object has ended.
    ended: bool,
    /// It cannot be taken apart.
    given_up: bool,
    long: usize,
    changes: bool,
}

/// An object or array that is not yet closed.
enum Open {
    /// With the key that was read last, as it is written.
    Object(Vec<u8>),
    /// With the number of the item that is read.
    Array(usize),
}

/// The list that is open.
struct Within {
    pointer: String,
    list: List,
    /// How many arrays and objects are open in an item.
    depth: usize,
    /// Whether there was nothing but space so far.
    blank: bool,
    /// The number of the item that is read.
    number: usize,
    /// The part that is open: where it begins, the number of its first item, its hash so far.
    begins: u64,
    first: usize,
    hash: Hashing,
}

impl Scan {
    /// - `long`: bytes from which on a part ends.
    /// - `changes`: whether what is read again may have changed.
    pub(super) fn new(long: usize, changes: bool) -> Scan {
        Scan {
            around: Vec::new(),
            open: Vec::new(),
            text: 0,
            in_text: false,
            escaped: false,
            within: None,
            lists: BTreeMap::new(),
            seen: 0,
            ended: false,
            given_up: false,
            long,
            changes,
        }
    }

    /// Looks at the next bytes.
    ///
    /// - returns: whether it may be taken apart.
    pub(super) fn look(&mut self, block: &[u8]) -> bool {
        let mut at = if self.seen == 0 && block.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        while at < block.len() && !self.given_up {
            at = match self.within.take() {
                Some(within) => self.items(within, block, at),
                None => self.around(block, at),
            };
        }
        self.seen += block.len() as u64;
        !self.given_up
    }

    /// Looks at what stands around the lists, up to the next one.
    ///
    /// - returns: up to where it came.
    fn around(&mut self, block: &[u8], mut at: usize) -> usize {
        while let Some(&byte) = block.get(at) {
            if self.open.is_empty() && !is_space(byte) && (byte != b'{' || self.ended) {
                self.given_up = true;
                return at;
            }
            at += 1;
            self.around.push(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => {
                    self.in_text = !self.in_text;
                    if self.in_text {
                        self.text = self.around.len();
                    }
                }
                _ if self.in_text => {}
                b':' => {
                    if let Some(Open::Object(key)) = self.open.last_mut() {
                        let text = self.around[self.text..].split(|byte| *byte == b'"').next();
                        *key = text.unwrap_or_default().to_vec();
                    }
                }
                b',' => {
                    if let Some(Open::Array(number)) = self.open.last_mut() {
                        *number += 1;
                    }
                }
                b'{' => self.open.push(Open::Object(Vec::new())),
                b'[' if may_be_long(&self.open) => {
                    self.within = Some(Within::new(&self.open, self.seen + at as u64));
                    return at;
                }
                b'[' => self.open.push(Open::Array(0)),
                b'}' | b']' => {
                    self.open.pop();
                    self.ended = self.open.is_empty();
                }
                _ => {}
            }
        }
        at
    }

    /// Looks at the items of a list, up to its end.
    ///
    /// - returns: up to where it came.
    fn items(&mut self, mut within: Within, block: &[u8], mut at: usize) -> usize {
        let mut hashed = at;
        while let Some(&byte) = block.get(at) {
            if self.in_text && !self.escaped {
                match plain(&block[at..]) {
                    Some(0) => {
                        self.in_text = byte != b'"';
                        self.escaped = byte == b'\\';
                        at += 1;
                    }
                    Some(count) => at += count,
                    None => at = block.len(),
                }
                continue;
            }
            at += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'"' => (self.in_text, within.blank) = (true, false),
                b'{' | b'[' => (within.depth, within.blank) = (within.depth + 1, false),
                b']' | b'}' if within.depth > 0 => within.depth -= 1,
                b',' if within.depth == 0 => {
                    within.number += 1;
                    if self.seen + at as u64 > within.begins + self.long as u64 {
                        self.hash(&mut within, &block[hashed..at - 1]);
                        within.close(self.seen + at as u64 - 1, self.changes);
                        hashed = at;
                    }
                }
                b']' => {
                    self.around.push(byte);
                    self.hash(&mut within, &block[hashed..at - 1]);
                    // Nothing but space between the brackets is no item; behind a comma one is missing.
                    if within.number > 0 || !within.blank {
                        within.close(self.seen + at as u64 - 1, self.changes);
                    }
                    // A key that occurs twice is found where what stands around the lists is read.
                    self.lists.insert(within.pointer, within.list);
                    return at;
                }
                b'}' => {
                    self.given_up = true;
                    return at;
                }
                byte => within.blank &= is_space(byte),
            }
        }
        self.hash(&mut within, &block[hashed..]);
        self.within = Some(within);
        at
    }

    fn hash(&self, within: &mut Within, bytes: &[u8]) {
        if self.changes {
            within.hash.add(bytes);
        }
    }

    pub(super) fn outline(self, bytes: &dyn Bytes) -> Option<Outline<'_>> {
        if self.given_up || self.within.is_some() {
            return None;
        }
        let around = String::from_utf8(self.around).ok()?;
        let json = json::parse(&around).ok()?;
        let (lists, spoiled) = (self.lists, AtomicBool::new(false));
        matches!(json, Json::Object(_)).then_some(Outline { json, lists, bytes, spoiled })
    }
}

impl Within {
    fn new(path: &[Open], begins: u64) -> Within {
        let step = |open: &Open| match open {
            Open::Object(key) => format!("/{}", String::from_utf8_lossy(key)),
            Open::Array(number) => format!("/{number}"),
        };
        let list = List { depth: path.len() + 1, parts: Vec::new(), read: AtomicBool::new(false) };
        let (pointer, hash) = (path.iter().map(step).collect(), Hashing::default());
        Within { pointer, list, depth: 0, blank: true, number: 0, begins, first: 0, hash }
    }

    /// Ends the part that is open: before a comma, or with the list.
    fn close(&mut self, ends: u64, changes: bool) {
        let length = usize::try_from(ends - self.begins).expect("bug: a part is longer than memory is");
        let hash = std::mem::take(&mut self.hash).hash();
        self.list.parts.push(Part { at: self.begins, length, first: self.first, hash: changes.then_some(hash) });
        (self.begins, self.first) = (ends + 1, self.number);
    }
}

/// Whether an array may be long: the objects of a cluster's dump, the resources of a state, and what a plan says of each.
///
/// - `path`: the array stands under the last key of it.
fn may_be_long(path: &[Open]) -> bool {
    let key = |back: usize| match path.len().checked_sub(back).map(|at| &path[at]) {
        Some(Open::Object(key)) => &key[..],
        Some(Open::Array(_)) | None => b"",
    };
    match path {
        [Open::Object(key)] => {
            [&b"items"[..], b"resources", b"resource_changes", b"resource_drift"].contains(&&key[..])
        }
        [Open::Object(first), ..] => {
            let shown = [&b"planned_values"[..], b"prior_state", b"values"].contains(&&first[..]);
            let listed = key(1) == b"resources" && (key(2) == b"root_module" || key(3) == b"child_modules");
            shown && listed && path.iter().all(is_written_plainly)
        }
        _ => false,
    }
}

/// Whether a key is in a pointer what it is in the text.
fn is_written_plainly(open: &Open) -> bool {
    match open {
        Open::Object(key) => !key.iter().any(|byte| matches!(byte, b'\\' | b'/' | b'~')),
        Open::Array(_) => true,
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
