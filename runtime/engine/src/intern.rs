//! Values by number, so that joins compare words.
//!
//! An interner only grows. One may stand above another and add values of its own without touching it: a hypothesis
//! above the engine's, a worker's above both. Numbers say nothing about values: no answer may depend on them.

use program::{Json, Value};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The number of a value.
pub(crate) type Id = u32;

/// No value: a variable that is not bound.
pub(crate) const NONE: Id = Id::MAX;

/// Values by number and numbers by value.
#[derive(Clone, Default)]
pub(crate) struct Interner {
    below: Option<Arc<Interner>>,
    start: Id,
    values: Vec<Value>,
    known: Vec<bool>,
    ids: FxHashMap<Value, Id>,
    bytes: usize,
}

impl Interner {
    /// An empty one above `below`.
    pub(crate) fn above(below: &Arc<Interner>) -> Interner {
        Interner { start: below.end(), below: Some(Arc::clone(below)), ..Interner::default() }
    }

    /// The first number that is not taken.
    pub(crate) fn end(&self) -> Id {
        self.start + Id::try_from(self.values.len()).expect("bug: more than 2^32 values")
    }

    /// Its own values, in the order of their numbers.
    pub(crate) fn into_own(self) -> Vec<Value> {
        self.values
    }

    /// Bytes that its own values take, approximately.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that all its values take, those below included.
    pub(crate) fn bytes_of_all(&self) -> usize {
        self.bytes + self.below.as_ref().map_or(0, |below| below.bytes_of_all())
    }

    /// The value of a number.
    pub(crate) fn get(&self, id: Id) -> &Value {
        let mut level = self;
        loop {
            if id >= level.start {
                return &level.values[(id - level.start) as usize];
            }
            level = level.below.as_deref().expect("bug: a number below the first interner");
        }
    }

    /// Whether the value of a number is fully known.
    pub(crate) fn is_known(&self, id: Id) -> bool {
        let mut level = self;
        loop {
            if id >= level.start {
                return level.known[(id - level.start) as usize];
            }
            level = level.below.as_deref().expect("bug: a number below the first interner");
        }
    }

    /// The number of a value, where it has one.
    pub(crate) fn find(&self, value: &Value) -> Option<Id> {
        let mut level = Some(self);
        while let Some(interner) = level {
            if let Some(id) = interner.ids.get(value) {
                return Some(*id);
            }
            level = interner.below.as_deref();
        }
        None
    }

    /// The number of a value, a new one where it has none.
    pub(crate) fn intern(&mut self, value: &Value) -> Id {
        match self.find(value) {
            Some(id) => id,
            None => self.add(value.clone()),
        }
    }

    /// As [`Interner::intern`], for a value that nobody else needs.
    pub(crate) fn intern_owned(&mut self, value: Value) -> Id {
        match self.find(&value) {
            Some(id) => id,
            None => self.add(value),
        }
    }

    fn add(&mut self, value: Value) -> Id {
        let id = self.end();
        self.bytes += weight(&value);
        self.known.push(value.is_known());
        self.values.push(value.clone());
        self.ids.insert(value, id);
        id
    }

    /// Takes over the values of one that stood directly above this one, in the order of their numbers.
    pub(crate) fn append(&mut self, own: Vec<Value>) {
        for value in own {
            self.add(value);
        }
    }

    /// For each number the place of its value among all values in order.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut ids: Vec<Id> = (0..self.end()).collect();
        ids.sort_unstable_by(|a, b| self.get(*a).cmp(self.get(*b)));
        let mut ranks = vec![0; ids.len()];
        for (rank, id) in (0..).zip(ids) {
            ranks[id as usize] = rank;
        }
        ranks
    }

    /// Compares two rows by the values of their columns.
    pub(crate) fn compare(&self, left: &[Id], right: &[Id]) -> std::cmp::Ordering {
        for (a, b) in left.iter().zip(right) {
            if a != b {
                // Equal values have one number, so these differ.
                return self.get(*a).cmp(self.get(*b));
            }
        }
        left.len().cmp(&right.len())
    }
}

/// Bytes that a value takes, approximately: itself twice (by number and by value) and what it points to.
fn weight(value: &Value) -> usize {
    const ENTRY: usize = 2 * size_of::<Value>() + 16;
    /// Three numbers and two texts, behind one pointer.
    const VERSION: usize = 5 * 8;
    fn json(part: &Json) -> usize {
        size_of::<Json>()
            + match part {
                Json::Null | Json::Bool(_) | Json::Int(_) => 0,
                Json::Decimal(text) | Json::Text(text) | Json::Unknown(text) | Json::Sensitive(text) => text.len(),
                Json::Array(items) => items.iter().map(json).sum(),
                Json::Object(entries) => entries.iter().map(|(key, part)| key.len() + 32 + json(part)).sum(),
            }
    }
    fn content(value: &Value) -> usize {
        match value {
            Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::Time(_) | Value::Duration(_) => 0,
            Value::Cidr(_) | Value::Ip(_) => 0,
            Value::Version(version) => VERSION + version.pre.len() + version.build.len(),
            Value::Text(text) => text.len(),
            Value::Unknown(unknown) => unknown.origin.len(),
            Value::Json(part) => json(part),
            Value::Set(items) => items.iter().map(|item| size_of::<Value>() + content(item)).sum(),
            Value::List(items) => items.iter().map(|item| size_of::<Value>() + content(item)).sum(),
            Value::Between(ends) => content(&ends.0) + content(&ends.1),
        }
    }
    ENTRY + content(value)
}
