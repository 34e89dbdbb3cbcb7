//! Rows of one width, each once, found by hash.

use crate::growing::Cells;
use crate::intern::Id;

/// Rows, each once, in the order in which they came.
#[derive(Clone, Default)]
pub(crate) struct Set {
    cells: Cells,
    /// The hash of a row, and its number plus one; 0 is free. A power of two, open addressing.
    slots: Vec<u64>,
}

impl Set {
    /// No rows, of a width.
    pub(crate) fn new(width: usize) -> Set {
        Set { cells: Cells::new(width), slots: Vec::new() }
    }

    /// The same memory with no rows, for about as many as there were.
    pub(crate) fn emptied(mut self, width: usize) -> Set {
        self.slots.truncate((4 * self.cells.len()).next_power_of_two().max(8));
        self.slots.fill(0);
        self.cells.empty(width);
        self
    }

    /// Makes room for so many rows more.
    pub(crate) fn reserve(&mut self, more: usize) {
        let wanted = (2 * (self.cells.len() + more + 1)).next_power_of_two();
        if wanted > self.slots.len() {
            self.widen(wanted);
        }
    }

    /// The rows.
    pub(crate) fn cells(&self) -> &Cells {
        &self.cells
    }

    /// The rows, without what finds them.
    pub(crate) fn into_cells(self) -> Cells {
        self.cells
    }

    /// Where a row stands.
    pub(crate) fn position(&self, values: &[Id], hash: u32) -> Option<usize> {
        if self.slots.is_empty() { None } else { self.find(values, hash).ok() }
    }

    /// What stands where the search for a hash begins: 0 where no row can have it.
    pub(crate) fn first(&self, hash: u32) -> u64 {
        if self.slots.is_empty() { 0 } else { self.slots[hash as usize & (self.slots.len() - 1)] }
    }

    /// Whether that row is what stands where a search begins; for sets that are not empty.
    ///
    /// - `first`: as [`Set::first`] says.
    pub(crate) fn is_at(&self, first: u64, hash: u32, values: &[Id]) -> bool {
        let row = (first as u32).wrapping_sub(1) as usize;
        let cells = self.cells.row(row.min(self.cells.len() - 1));
        let differ = cells.iter().zip(values).fold(0, |differ, (one, other)| differ | (one ^ other));
        (first != 0) & ((first >> 32) as u32 == hash) & (differ == 0)
    }

    /// Adds a row; returns whether it was new.
    pub(crate) fn insert(&mut self, values: &[Id], hash: u32) -> bool {
        if (self.cells.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let Err(slot) = self.find(values, hash) else { return false };
        self.cells.push(values);
        let number = u32::try_from(self.cells.len()).expect("bug: more than 2^32 rows");
        self.slots[slot] = u64::from(hash) << 32 | u64::from(number);
        true
    }

    /// Bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.cells.bytes() + 8 * self.slots.len()
    }

    /// Where a row stands, or the slot where it would.
    fn find(&self, values: &[Id], hash: u32) -> Result<usize, usize> {
        let around = self.slots.len() - 1;
        let mut slot = hash as usize & around;
        loop {
            let found = self.slots[slot];
            if found == 0 {
                return Err(slot);
            }
            if (found >> 32) as u32 == hash {
                let row = (found as u32 - 1) as usize;
                // Rows are short: a loop is faster than a call.
                if self.cells.row(row).iter().zip(values).all(|(one, other)| one == other) {
                    return Ok(row);
                }
            }
            slot = (slot + 1) & around;
        }
    }

    fn grow(&mut self) {
        let more = if self.slots.len() < 1 << 14 { 4 } else { 2 };
        self.widen((self.slots.len() * more).max(8));
    }

    fn widen(&mut self, len: usize) {
        let wider = vec![0; len];
        let around = wider.len() - 1;
        let slots = std::mem::replace(&mut self.slots, wider);
        for found in slots.into_iter().filter(|found| *found != 0) {
            let mut slot = (found >> 32) as usize & around;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & around;
            }
            self.slots[slot] = found;
        }
    }
}

/// The hash of a row.
pub(crate) fn hash_of(values: &[Id]) -> u32 {
    hash(values.iter().copied()) as u32
}

/// A hash of some numbers, good in its low bits.
pub(crate) fn hash(values: impl Iterator<Item = Id>) -> usize {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = values.fold(MIX, |sum, value| (sum.rotate_left(23) ^ u64::from(value)).wrapping_mul(MIX));
    // The high half is the well mixed one.
    (mixed >> 32) as usize
}
