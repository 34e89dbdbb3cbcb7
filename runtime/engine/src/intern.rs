//! Values by number, so that joins compare words.
//!
//! An interner only grows. One may stand above another and add values of its own without touching it: a hypothesis
//! above the engine's, a worker's above both. Numbers say nothing about values: no answer may depend on them. A small int
//! is its own number and is kept nowhere.

use program::{Json, Value};
use rustc_hash::FxHasher;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The number of a value.
pub(crate) type Id = u32;

/// No value: a variable that is not bound.
pub(crate) const NONE: Id = Id::MAX;

/// Numbers from here on are small ints themselves, which nobody keeps.
const INT: Id = 1 << 31;

/// The number of a small int.
fn inline(value: &Value) -> Option<Id> {
    match value {
        Value::Int(int) => Id::try_from(*int).ok().filter(|int| *int < INT - 1).map(|int| int | INT),
        _ => None,
    }
}

/// The small int of a number.
fn int(id: Id) -> Option<Value> {
    (id & INT != 0).then(|| Value::Int(i64::from(id & !INT)))
}

/// Values by number and numbers by value.
#[derive(Clone, Default)]
pub(crate) struct Interner {
    below: Option<Arc<Interner>>,
    start: Id,
    values: Vec<Value>,
    /// Numbers by value, counted from `start`, plus one; 0 is free. A power of two, open addressing.
    slots: Vec<u32>,
    /// Whether some value, those below included, is not fully known.
    vague: bool,
    bytes: usize,
}

impl Interner {
    /// An empty one above `below`.
    pub(crate) fn above(below: &Arc<Interner>) -> Interner {
        Interner { start: below.end(), below: Some(Arc::clone(below)), vague: below.vague, ..Interner::default() }
    }

    /// The first number that is not taken.
    pub(crate) fn end(&self) -> Id {
        let end = self.start + Id::try_from(self.values.len()).expect("bug: more than 2^32 values");
        assert!(end < INT, "bug: more than 2^31 values");
        end
    }

    /// How far behind `start` a number stands; `None` where it stands before it or is a small int.
    pub(crate) fn beyond(&self, id: Id, start: Id) -> Option<u32> {
        id.checked_sub(start).filter(|_| id & INT == 0)
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

    /// The value of a number that is no small int.
    fn kept(&self, id: Id) -> &Value {
        let mut level = self;
        while id < level.start {
            level = level.below.as_deref().expect("bug: a number below the first interner");
        }
        &level.values[(id - level.start) as usize]
    }

    /// The value of a number.
    pub(crate) fn get(&self, id: Id) -> Cow<'_, Value> {
        int(id).map_or_else(|| Cow::Borrowed(self.kept(id)), Cow::Owned)
    }

    /// Whether the value of a number is fully known.
    pub(crate) fn is_known(&self, id: Id) -> bool {
        !self.vague || id & INT != 0 || self.kept(id).is_known()
    }

    /// Whether every value is fully known.
    pub(crate) fn all_known(&self) -> bool {
        !self.vague
    }

    /// The number of a value, where it has one.
    pub(crate) fn find(&self, value: &Value) -> Option<Id> {
        inline(value).or_else(|| self.find_kept(value, hash(value)))
    }

    fn find_kept(&self, value: &Value, hash: usize) -> Option<Id> {
        let mut level = Some(self);
        while let Some(interner) = level {
            if let Ok(place) = interner.slot(value, hash) {
                return Some(interner.start + place);
            }
            level = interner.below.as_deref();
        }
        None
    }

    /// The place of a value, or the free slot where it would be.
    fn slot(&self, value: &Value, hash: usize) -> Result<u32, usize> {
        if self.slots.is_empty() {
            return Err(0);
        }
        let around = self.slots.len() - 1;
        let mut slot = hash & around;
        while let Some(place) = self.slots[slot].checked_sub(1) {
            if self.values[place as usize] == *value {
                return Ok(place);
            }
            slot = (slot + 1) & around;
        }
        Err(slot)
    }

    /// The number of a value, a new one where it has none.
    pub(crate) fn intern(&mut self, value: &Value) -> Id {
        self.intern_as(value, |value| value.clone())
    }

    /// As [`Interner::intern`], for a value that nobody else needs.
    pub(crate) fn intern_owned(&mut self, value: Value) -> Id {
        if let Some(id) = inline(&value) {
            return id;
        }
        let hash = hash(&value);
        self.find_kept(&value, hash).unwrap_or_else(|| self.add(value, hash))
    }

    fn intern_as(&mut self, value: &Value, own: impl Fn(&Value) -> Value) -> Id {
        if let Some(id) = inline(value) {
            return id;
        }
        let hash = hash(value);
        self.find_kept(value, hash).unwrap_or_else(|| self.add(own(value), hash))
    }

    fn add(&mut self, value: Value, hash: usize) -> Id {
        let id = self.end();
        self.bytes += weight(&value);
        self.vague |= !value.is_known();
        if (self.values.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let slot = self.slot(&value, hash).expect_err("bug: a value is added twice");
        self.values.push(value);
        self.slots[slot] = id - self.start + 1;
        id
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(8)];
        let around = self.slots.len() - 1;
        for (place, value) in (1..).zip(&self.values) {
            let mut slot = hash(value) & around;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & around;
            }
            self.slots[slot] = place;
        }
    }

    /// Takes over values in the order of their numbers, which go on where its own end.
    fn append(&mut self, own: Vec<Value>) {
        for value in own {
            let hash = hash(&value);
            self.add(value, hash);
        }
    }

    /// Makes the values of `above`, which stands directly above `here`, part of it. Whoever shares `here` keeps it as it
    /// is; the levels that then stand on each other grow at least twofold downwards.
    pub(crate) fn commit(here: &mut Arc<Interner>, above: Interner) {
        let own = above.into_own();
        if own.is_empty() {
            return;
        }
        if let Some(here) = Arc::get_mut(here) {
            here.append(own);
            return;
        }
        let mut top = Interner::above(here);
        top.append(own);
        while let Some(below) = top.below.clone().filter(|below| below.values.len() <= 2 * top.values.len()) {
            let mut merged = Interner::clone(&below);
            merged.append(top.into_own());
            top = merged;
        }
        *here = Arc::new(top);
    }

    /// The order of all values as a number for each id: see [`Ranks::of`].
    pub(crate) fn ranks(&self) -> Ranks {
        let mut ids: Vec<Id> = (0..self.end()).collect();
        ids.sort_unstable_by(|a, b| self.kept(*a).cmp(self.kept(*b)));
        let ints = ids.partition_point(|id| *self.kept(*id) < Value::Int(0));
        let mut kept = vec![0; ids.len()];
        for (rank, id) in (1..).zip(ids) {
            kept[id as usize] = rank << 32;
        }
        Ranks { kept, ints: (ints as u64) << 32 }
    }

    /// Compares two rows by the values of their columns.
    pub(crate) fn compare(&self, left: &[Id], right: &[Id]) -> std::cmp::Ordering {
        for (a, b) in left.iter().zip(right) {
            if a != b {
                // Equal values have one number, so these differ.
                return match a & b & INT {
                    0 => self.get(*a).cmp(&self.get(*b)),
                    _ => a.cmp(b),
                };
            }
        }
        left.len().cmp(&right.len())
    }
}

/// The order of values, by number.
pub(crate) struct Ranks {
    kept: Vec<u64>,
    /// The place of small ints among the kept values: no other value stands between them.
    ints: u64,
}

impl Ranks {
    /// A number that is larger where the value is.
    pub(crate) fn of(&self, id: Id) -> u64 {
        if id & INT != 0 { self.ints + 1 + u64::from(id & !INT) } else { self.kept[id as usize] }
    }
}

/// A hash of a value, good in its low bits.
fn hash(value: &Value) -> usize {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    let hash = hasher.finish();
    (hash ^ (hash >> 32)) as usize
}

/// Bytes that a value takes, approximately: itself, its slots and what it points to.
fn weight(value: &Value) -> usize {
    const ENTRY: usize = size_of::<Value>() + 16;
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
