//! A relation in two versions: each row tells whether it is in the old state, in the new one, or in both.
//!
//! Rows that are taken stay linked until the transaction ends, so both states can be read, the delta is the touched rows
//! whose versions differ, and rolling back walks the touched rows.

use hashbrown::{HashMap, HashTable};
use rustc_hash::FxBuildHasher;

/// In the committed state.
pub const OLD: u8 = 1;
/// In the hypothetical state.
pub const NEW: u8 = 2;
const TOUCHED: u8 = 4;
const NONE: u32 = u32::MAX;

/// Rows by the values of some columns: a linked list for each key.
struct Index {
    columns: &'static [usize],
    heads: HashMap<u64, u32, FxBuildHasher>,
    next: Vec<u32>,
    previous: Vec<u32>,
}

/// What a row of a relation has beside its values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Nothing,
    /// How many rule instances derive it.
    Count,
    /// A label larger than that of one premise.
    Label,
}

/// A row as it was before the open transaction.
#[derive(Clone, Copy)]
pub struct Touched {
    pub row: u32,
    pub count: i32,
    label: u64,
}

pub struct Relation<const N: usize> {
    pub rows: Vec<[u32; N]>,
    state: Vec<u8>,
    pub counts: Vec<i32>,
    labels: Vec<u64>,
    kept: Kept,
    table: HashTable<u32>,
    indexes: Vec<Index>,
    free: Vec<u32>,
    pub touched: Vec<Touched>,
}

fn key(columns: &[usize], row: &[u32]) -> u64 {
    columns.iter().fold(0, |key, column| (key << 32) | u64::from(row[*column]))
}

fn hash<const N: usize>(row: &[u32; N]) -> u64 {
    let mixed =
        row.iter().fold(0u64, |at, value| (at.rotate_left(5) ^ u64::from(*value)).wrapping_mul(0xf135_7aea_2e62_a9c5));
    mixed ^ (mixed >> 29)
}

impl<const N: usize> Relation<N> {
    /// - `indexes`: the columns of each index.
    pub fn new(kept: Kept, indexes: &[&'static [usize]]) -> Self {
        let index = |columns: &&'static [usize]| Index {
            columns,
            heads: HashMap::default(),
            next: Vec::new(),
            previous: Vec::new(),
        };
        Relation {
            rows: Vec::new(),
            state: Vec::new(),
            counts: Vec::new(),
            labels: Vec::new(),
            kept,
            table: HashTable::new(),
            indexes: indexes.iter().map(index).collect(),
            free: Vec::new(),
            touched: Vec::new(),
        }
    }

    #[inline]
    pub fn find(&self, row: &[u32; N]) -> Option<u32> {
        self.table.find(hash(row), |at| self.rows[*at as usize] == *row).copied()
    }

    #[inline]
    pub fn has(&self, row: &[u32; N], version: u8) -> bool {
        self.find(row).is_some_and(|at| self.is(at, version))
    }

    #[inline]
    pub fn is(&self, at: u32, version: u8) -> bool {
        self.state[at as usize] & version != 0
    }

    #[inline]
    pub fn label(&self, at: u32) -> u64 {
        self.labels[at as usize]
    }

    fn place(&mut self, row: &[u32; N]) -> u32 {
        if let Some(at) = self.find(row) {
            return at;
        }
        let at = if let Some(at) = self.free.pop() {
            self.rows[at as usize] = *row;
            self.state[at as usize] = 0;
            match self.kept {
                Kept::Nothing => {}
                Kept::Count => self.counts[at as usize] = 0,
                Kept::Label => self.labels[at as usize] = 0,
            }
            at
        } else {
            self.rows.push(*row);
            self.state.push(0);
            match self.kept {
                Kept::Nothing => {}
                Kept::Count => self.counts.push(0),
                Kept::Label => self.labels.push(0),
            }
            for index in &mut self.indexes {
                index.next.push(NONE);
                index.previous.push(NONE);
            }
            (self.rows.len() - 1) as u32
        };
        let rows = &self.rows;
        self.table.insert_unique(hash(row), at, |other| hash(&rows[*other as usize]));
        for index in &mut self.indexes {
            let head = index.heads.entry(key(index.columns, row)).or_insert(NONE);
            index.next[at as usize] = *head;
            index.previous[at as usize] = NONE;
            if *head != NONE {
                index.previous[*head as usize] = at;
            }
            *head = at;
        }
        at
    }

    fn purge(&mut self, at: u32) {
        let row = self.rows[at as usize];
        if let Ok(entry) = self.table.find_entry(hash(&row), |other| *other == at) {
            entry.remove();
        }
        for index in &mut self.indexes {
            let (next, previous) = (index.next[at as usize], index.previous[at as usize]);
            if next != NONE {
                index.previous[next as usize] = previous;
            }
            if previous != NONE {
                index.next[previous as usize] = next;
            } else {
                let key = key(index.columns, &row);
                if next == NONE {
                    index.heads.remove(&key);
                } else {
                    index.heads.insert(key, next);
                }
            }
        }
        self.state[at as usize] = 0;
        self.free.push(at);
    }

    /// Remembers a row as it is, for rolling back.
    #[inline]
    pub fn touch(&mut self, row: u32) {
        let at = row as usize;
        if self.state[at] & TOUCHED == 0 {
            self.state[at] |= TOUCHED;
            let count = if self.kept == Kept::Count { self.counts[at] } else { 0 };
            let label = if self.kept == Kept::Label { self.labels[at] } else { 0 };
            self.touched.push(Touched { row, count, label });
        }
    }

    /// Adds rule instances that derive a row; a negative number takes some away.
    #[inline]
    pub fn count(&mut self, row: [u32; N], instances: i32) {
        let at = self.place(&row);
        self.touch(at);
        self.counts[at as usize] += instances;
        self.put(at, self.counts[at as usize] > 0);
    }

    #[inline]
    pub fn set(&mut self, row: [u32; N], is_there: bool) -> u32 {
        let at = self.place(&row);
        self.touch(at);
        self.put(at, is_there);
        at
    }

    /// Adds a row with its label.
    #[inline]
    pub fn add(&mut self, row: [u32; N], label: u64) -> u32 {
        let at = self.set(row, true);
        self.labels[at as usize] = label;
        at
    }

    /// Takes a row out of the new state.
    #[inline]
    pub fn take(&mut self, at: u32) {
        self.touch(at);
        self.put(at, false);
    }

    /// Puts a touched row back into the new state.
    #[inline]
    pub fn revive(&mut self, at: u32, label: u64) {
        self.labels[at as usize] = label;
        self.put(at, true);
    }

    #[inline]
    pub fn relabel(&mut self, at: u32, label: u64) {
        self.touch(at);
        self.labels[at as usize] = label;
    }

    #[inline]
    fn put(&mut self, at: u32, is_there: bool) {
        if is_there {
            self.state[at as usize] |= NEW;
        } else {
            self.state[at as usize] &= !NEW;
        }
    }

    /// Rows that the transaction adds (1) or takes away (-1).
    #[inline]
    pub fn changes(&self) -> impl Iterator<Item = (u32, i32)> + '_ {
        self.touched.iter().filter_map(|touched| match self.state[touched.row as usize] & (OLD | NEW) {
            OLD => Some((touched.row, -1)),
            NEW => Some((touched.row, 1)),
            _ => None,
        })
    }

    /// The same by value.
    pub fn delta(&self) -> Vec<([u32; N], i32)> {
        self.changes().map(|(at, sign)| (self.rows[at as usize], sign)).collect()
    }

    /// Rows of a version with a key, by one of the indexes.
    #[inline]
    pub fn scan(&self, index: usize, key: u32, version: u8) -> impl Iterator<Item = (u32, &[u32; N])> {
        let index = &self.indexes[index];
        let first = index.heads.get(&u64::from(key)).copied().unwrap_or(NONE);
        let step = |at: &u32| Some(index.next[*at as usize]).filter(|next| *next != NONE);
        std::iter::successors(Some(first).filter(|at| *at != NONE), step)
            .filter(move |at| self.state[*at as usize] & version != 0)
            .map(|at| (at, &self.rows[at as usize]))
    }

    /// Ends the transaction: the new state becomes the old one, or the old one the new.
    pub fn end(&mut self, commit: bool) {
        let mut touched = std::mem::take(&mut self.touched);
        for Touched { row, count, label } in touched.drain(..) {
            let at = row as usize;
            let is_there = if commit {
                self.state[at] & NEW != 0
            } else {
                match self.kept {
                    Kept::Nothing => {}
                    Kept::Count => self.counts[at] = count,
                    Kept::Label => self.labels[at] = label,
                }
                self.state[at] & OLD != 0
            };
            self.state[at] = if is_there { OLD | NEW } else { 0 };
            let is_held = commit && self.kept == Kept::Count && self.counts[at] != 0;
            if !is_there && !is_held {
                self.purge(row);
            }
        }
        if touched.capacity() > 4_096 {
            touched = Vec::new();
        }
        self.touched = touched;
    }

    /// Rows of the new state.
    pub fn live(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.rows.len() as u32).filter(|at| self.is(*at, NEW))
    }
}
