//! The heads of one rule that are new: a sink that gathers some, then looks for all of them at once.
//!
//! Whether a tuple is known is a question to memory that is not near. Asked one by one, each waits for the one before;
//! asked side by side, they wait together.

use crate::growing::Growing;
use crate::intern::{Id, Interner};
use crate::limits::{Fault, Limits};
use crate::prepare::Slot;
use crate::run::Sink;
use crate::set::{Set, hash_of};
use crate::version::Version;
use proof::Side;

/// How many rows are looked for at once.
const MANY: usize = 128;
/// How many rows that were met lately are known at sight; a power of two.
const LATELY: usize = 1 << 11;

/// A sink that keeps the heads that are new.
pub(crate) struct Heads<'a> {
    head: &'a [Slot],
    /// What is derived already.
    known: &'a Growing,
    new: Set,
    /// Rows that are not looked for yet, one after the other, and how many they are.
    rows: Vec<Id>,
    waiting: usize,
    looks: Vec<Look>,
    /// Rows of at most two columns that were met lately, by hash; [`u64::MAX`] is none.
    lately: Vec<u64>,
    limits: Limits<'a>,
    /// Tuples derived by the call so far.
    derived: usize,
    /// Bytes in use when the machine started.
    bytes: usize,
}

/// Where one row is looked for.
struct Look {
    hash: u32,
    /// What stands where the search begins, and whether that is it.
    first: u64,
    is_first: bool,
}

impl<'a> Heads<'a> {
    /// Heads of the form `head` that `known`, which grows, does not hold.
    ///
    /// - `spare`: memory for those that are new.
    pub(crate) fn new(
        head: &'a [Slot],
        known: &'a Version,
        spare: Set,
        limits: Limits<'a>,
        derived: usize,
        bytes: usize,
    ) -> Self {
        let known = known.own().expect("bug: a relation that does not grow");
        let new = spare.emptied(head.len());
        let (rows, looks) = (Vec::new(), Vec::new());
        let lately = Vec::new();
        Heads { head, known, new, rows, waiting: 0, looks, lately, limits, derived, bytes }
    }

    /// Those that are new, each once.
    pub(crate) fn finish(mut self, values: &Interner) -> Result<Set, Fault> {
        self.look(values)?;
        Ok(self.new)
    }

    /// Looks for the rows that wait.
    fn look(&mut self, values: &Interner) -> Result<(), Fault> {
        let (width, known) = (self.head.len(), self.known.set());
        let row = |number: usize| &self.rows[number * width..(number + 1) * width];
        self.looks.clear();
        self.looks.extend((0..self.waiting).map(|number| {
            let hash = hash_of(row(number));
            Look { hash, first: known.first(hash), is_first: false }
        }));
        if known.cells().len() > 0 {
            // No branch depends on what is read: the next look need not wait for it.
            for (number, look) in self.looks.iter_mut().enumerate() {
                look.is_first = known.is_at(look.first, look.hash, row(number));
            }
        }
        for (number, look) in self.looks.iter().enumerate().filter(|(_, look)| !look.is_first) {
            let row = row(number);
            if look.first == 0 || known.position(row, look.hash).is_none() {
                self.new.insert(row, look.hash);
            }
        }
        if self.waiting == MANY && width <= 2 && self.known.groups().is_none() {
            // There are many of them: some will be met again soon.
            self.lately.resize(LATELY, u64::MAX);
        }
        self.rows.clear();
        self.waiting = 0;
        self.limits.allow(self.derived + self.new.cells().len(), self.bytes + self.new.bytes() + values.bytes())
    }
}

impl Sink for Heads<'_> {
    fn take(&mut self, bound: &[Id], _: &[(Side, usize)], values: &Interner) -> Result<(), Fault> {
        let value = |slot: &Slot| match slot {
            Slot::Variable(variable) => bound[*variable],
            Slot::Constant(value) => *value,
            Slot::Any => unreachable!("bug: any value in a head"),
        };
        if !self.lately.is_empty() {
            let key = self.head.iter().fold(0, |key, slot| key << 32 | u64::from(value(slot)));
            let place = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - LATELY.ilog2())) as usize;
            if std::mem::replace(&mut self.lately[place], key) == key {
                return Ok(());
            }
        }
        let start = self.rows.len();
        self.rows.extend(self.head.iter().map(value));
        if let Some(groups) = self.known.groups() {
            let row = &self.rows[start..];
            // What is no int is told of where rounds are merged.
            let contest = groups.contest();
            let beaten = contest.number(row, values).is_some_and(|number| !groups.improves(&contest.key(row), number));
            if beaten {
                self.rows.truncate(start);
                return Ok(());
            }
        }
        self.waiting += 1;
        if self.waiting == MANY { self.look(values) } else { Ok(()) }
    }
}
