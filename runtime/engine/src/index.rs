//! An index of growing rows by some of their columns: for each key, the rows that have it.

use crate::growing::Cells;
use crate::intern::Id;
use crate::set::hash;

/// Which columns have a value before a relation is looked into: bit `i` for column `i`.
pub(crate) type BindingPattern = u64;

/// Rows by key. Rows of one key are chained, newest first.
#[derive(Clone)]
pub(crate) struct Index {
    pub(crate) pattern: BindingPattern,
    columns: Vec<usize>,
    /// The newest row of each key, plus one; 0 is free. A power of two, open addressing.
    heads: Vec<u32>,
    /// For each row the next older one of its key, plus one.
    older: Vec<u32>,
    keys: usize,
}

impl Index {
    /// An index of no rows yet.
    pub(crate) fn new(pattern: BindingPattern) -> Index {
        let columns = (0..64).filter(|column| pattern & (1 << column) != 0).collect();
        Index { pattern, columns, heads: vec![0; 16], older: Vec::new(), keys: 0 }
    }

    /// How many rows it knows.
    pub(crate) fn rows(&self) -> usize {
        self.older.len()
    }

    /// How many keys there are.
    pub(crate) fn keys(&self) -> usize {
        self.keys
    }

    /// Bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        4 * (self.heads.len() + self.older.len())
    }

    /// Takes in the rows before `end` that it does not know yet.
    pub(crate) fn extend(&mut self, cells: &Cells, end: usize) {
        self.older.reserve(end - self.older.len());
        for row in self.older.len()..end {
            if (self.keys + 1) * 2 > self.heads.len() {
                self.grow(cells);
            }
            let values = cells.row(row);
            let slot = self.slot(cells, |position| values[self.columns[position]]);
            if self.heads[slot] == 0 {
                self.keys += 1;
            }
            self.older.push(self.heads[slot]);
            self.heads[slot] = u32::try_from(row + 1).expect("bug: more than 2^32 rows");
        }
    }

    /// The newest row whose key is `key`.
    pub(crate) fn newest(&self, cells: &Cells, key: &[Id]) -> Option<usize> {
        let head = self.heads[self.slot(cells, |position| key[position])];
        head.checked_sub(1).map(|row| row as usize)
    }

    /// The next older row with the key of `row`.
    pub(crate) fn older(&self, row: usize) -> Option<usize> {
        self.older[row].checked_sub(1).map(|row| row as usize)
    }

    /// The slot of a key: where it stands, or where it would.
    fn slot(&self, cells: &Cells, key: impl Fn(usize) -> Id) -> usize {
        let around = self.heads.len() - 1;
        let mut slot = hash((0..self.columns.len()).map(&key)) & around;
        loop {
            let Some(row) = self.heads[slot].checked_sub(1) else { return slot };
            let values = cells.row(row as usize);
            if self.columns.iter().enumerate().all(|(position, column)| values[*column] == key(position)) {
                return slot;
            }
            slot = (slot + 1) & around;
        }
    }

    fn grow(&mut self, cells: &Cells) {
        let wider = vec![0; self.heads.len() * 4];
        let heads = std::mem::replace(&mut self.heads, wider);
        let around = self.heads.len() - 1;
        for head in heads.into_iter().filter(|head| *head != 0) {
            let values = cells.row(head as usize - 1);
            let mut slot = hash(self.columns.iter().map(|column| values[*column])) & around;
            while self.heads[slot] != 0 {
                slot = (slot + 1) & around;
            }
            self.heads[slot] = head;
        }
    }
}
