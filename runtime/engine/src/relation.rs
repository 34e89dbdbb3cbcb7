//! A relation's tuples: rows of numbers, each once, with indexes made when they are first needed.
//!
//! Rows stand in the order in which they came: first those that are given, then those that rules derive, round by
//! round. So the tuples of a round are a range of rows.
//!
//! INVARIANT: rows are only added. Whoever needs fewer makes another relation.

use crate::index::{BindingPattern, Index};
use crate::intern::{Id, Interner};
use crate::lattice::Groups;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows of one width, one after the other.
#[derive(Clone, Default)]
pub(crate) struct Cells {
    width: usize,
    rows: usize,
    cells: Vec<Id>,
}

impl Cells {
    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// The values of a row.
    pub(crate) fn row(&self, row: usize) -> &[Id] {
        &self.cells[row * self.width..(row + 1) * self.width]
    }
}

/// The tuples of one relation in one world.
pub(crate) struct Relation {
    cells: Cells,
    /// For each row the round in which it was first derived; 0 where it is given.
    heights: Vec<u32>,
    given: usize,
    /// Where it has a lattice column.
    groups: Option<Groups>,
    /// Rows by content, plus one; 0 is free. A power of two, open addressing.
    slots: Vec<u32>,
    indexes: Mutex<Vec<Arc<Index>>>,
}

impl Relation {
    /// An empty one, whose tuples all hold.
    pub(crate) fn new(width: usize) -> Relation {
        Relation::with(width, None)
    }

    /// An empty one.
    pub(crate) fn of(relation: &program::Relation) -> Relation {
        Relation::with(relation.columns.len(), relation.lattice().map(Groups::new))
    }

    fn with(width: usize, groups: Option<Groups>) -> Relation {
        let cells = Cells { width, rows: 0, cells: Vec::new() };
        Relation { cells, heights: Vec::new(), given: 0, groups, slots: Vec::new(), indexes: Mutex::default() }
    }

    /// How many tuples, those that were beaten too.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// How many columns.
    pub(crate) fn width(&self) -> usize {
        self.cells.width
    }

    /// Its groups, where it has a lattice column.
    pub(crate) fn groups(&self) -> Option<&Groups> {
        self.groups.as_ref()
    }

    /// Whether a better tuple of its group stands here.
    pub(crate) fn is_beaten(&self, row: usize) -> bool {
        self.groups.as_ref().is_some_and(|groups| groups.is_beaten(row))
    }

    /// The rows that hold, in order.
    pub(crate) fn held(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|row| !self.is_beaten(*row))
    }

    /// Where a tuple stands, if it holds.
    pub(crate) fn holds(&self, values: &[Id]) -> Option<usize> {
        self.position(values).filter(|row| !self.is_beaten(*row))
    }

    /// Whether both hold the same tuples.
    pub(crate) fn is_same(&self, other: &Relation) -> bool {
        let all = self.groups.is_none();
        (if all { self.len() == other.len() } else { self.held().count() == other.held().count() })
            && self.held().all(|row| other.holds(self.row(row)).is_some())
    }

    /// How many of them are given: they stand first.
    pub(crate) fn given(&self) -> usize {
        self.given
    }

    /// Its rows.
    pub(crate) fn cells(&self) -> &Cells {
        &self.cells
    }

    /// The values of a row.
    pub(crate) fn row(&self, row: usize) -> &[Id] {
        self.cells.row(row)
    }

    /// The round in which a row was first derived; 0 where it is given.
    pub(crate) fn height(&self, row: usize) -> u32 {
        self.heights[row]
    }

    /// Where a tuple stands, beaten or not.
    pub(crate) fn position(&self, values: &[Id]) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.slot(values);
        self.slots[slot].checked_sub(1).map(|row| row as usize)
    }

    /// Adds a given tuple; all of them are added before any that is derived.
    pub(crate) fn give(&mut self, values: &[Id], known: &Interner) -> bool {
        let number = self.groups.as_ref().and_then(|groups| groups.number(values, known));
        self.give_numbered(values, number)
    }

    fn give_numbered(&mut self, values: &[Id], number: Option<i64>) -> bool {
        assert!(self.given == self.len(), "bug: a tuple is given after one was derived");
        let new = self.insert(values, 0, number);
        self.given = self.len();
        new
    }

    /// Adds a derived tuple; returns whether it was new.
    ///
    /// - `number`: what stands in the lattice column, where there is one.
    pub(crate) fn insert(&mut self, values: &[Id], height: u32, number: Option<i64>) -> bool {
        if (self.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let slot = self.slot(values);
        if self.slots[slot] != 0 {
            return false;
        }
        if let Some(groups) = &mut self.groups {
            groups.add(values, number.expect("bug: no int in a lattice column"));
        }
        self.cells.cells.extend_from_slice(values);
        self.cells.rows += 1;
        self.heights.push(height);
        self.slots[slot] = u32::try_from(self.cells.rows).expect("bug: more than 2^32 rows");
        true
    }

    /// The same given tuples and nothing derived.
    pub(crate) fn only_given(&self) -> Relation {
        self.keep(|row| row < self.given)
    }

    /// The given tuples that `wanted` keeps, and nothing derived.
    pub(crate) fn keep(&self, wanted: impl Fn(usize) -> bool) -> Relation {
        let mut kept = Relation::with(self.cells.width, self.groups.as_ref().map(Groups::emptied));
        for row in (0..self.given).filter(|row| wanted(*row)) {
            kept.give_numbered(self.row(row), self.groups.as_ref().map(|groups| groups.of_row(row)));
        }
        kept
    }

    /// The index for a binding pattern that holds all rows; made or completed where need be.
    pub(crate) fn index(&self, pattern: BindingPattern) -> Arc<Index> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let place = indexes.iter().position(|index| index.pattern == pattern).unwrap_or_else(|| {
            indexes.push(Arc::new(Index::new(pattern)));
            indexes.len() - 1
        });
        #[cfg(feature = "faults")]
        if indexes[place].rows() > 0 && crate::faults::is_planted(crate::Planted::StaleIndex) {
            return Arc::clone(&indexes[place]);
        }
        if indexes[place].rows() < self.len() {
            Arc::make_mut(&mut indexes[place]).extend(&self.cells);
        }
        Arc::clone(&indexes[place])
    }

    /// How many keys there are for a binding pattern, where an index happens to know.
    pub(crate) fn keys(&self, pattern: BindingPattern) -> Option<usize> {
        let indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        indexes.iter().find(|index| index.pattern == pattern).map(|index| index.keys())
    }

    /// Bytes it takes, indexes included.
    pub(crate) fn bytes(&self) -> usize {
        let indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        4 * (self.cells.cells.len() + self.heights.len() + self.slots.len())
            + self.groups.as_ref().map_or(0, Groups::bytes)
            + indexes.iter().map(|index| index.bytes()).sum::<usize>()
    }

    /// The slot of a tuple: where it stands, or where it would.
    fn slot(&self, values: &[Id]) -> usize {
        let around = self.slots.len() - 1;
        let mut slot = hash(values.iter().copied()) & around;
        while let Some(row) = self.slots[slot].checked_sub(1) {
            if self.row(row as usize) == values {
                return slot;
            }
            slot = (slot + 1) & around;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 4).max(8)];
        let around = self.slots.len() - 1;
        for row in 0..self.len() {
            let mut slot = hash(self.row(row).iter().copied()) & around;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & around;
            }
            self.slots[slot] = u32::try_from(row + 1).expect("bug: more than 2^32 rows");
        }
    }
}

impl Clone for Relation {
    fn clone(&self) -> Relation {
        let indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Relation {
            cells: self.cells.clone(),
            heights: self.heights.clone(),
            given: self.given,
            groups: self.groups.clone(),
            slots: self.slots.clone(),
            indexes: Mutex::new(indexes),
        }
    }
}

/// A hash of some numbers, good in its low bits.
pub(crate) fn hash(values: impl Iterator<Item = Id>) -> usize {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = values.fold(MIX, |sum, value| (sum.rotate_left(23) ^ u64::from(value)).wrapping_mul(MIX));
    // The high half is the well mixed one.
    (mixed >> 32) as usize
}
