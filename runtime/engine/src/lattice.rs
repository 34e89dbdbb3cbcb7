//! Groups of a lattice relation: which row of each holds, and which were beaten.
//!
//! A row that was beaten stays: it was a true step on the way, and proofs may rest on it.

use crate::intern::{Id, Interner};
use program::{Lattice, Value};
use rustc_hash::FxHashMap;

/// The groups of one relation.
#[derive(Clone)]
pub(crate) struct Groups {
    column: usize,
    lattice: Lattice,
    /// By the other columns: the row that holds, and its value.
    best: FxHashMap<Vec<Id>, (usize, i64)>,
    /// For each row its value, and whether it was beaten.
    rows: Vec<(i64, bool)>,
}

impl Groups {
    /// No groups yet, of a relation with that lattice column.
    pub(crate) fn new((column, lattice): (usize, Lattice)) -> Groups {
        Groups { column, lattice, best: FxHashMap::default(), rows: Vec::new() }
    }

    /// The int in a row's lattice column; `None` where it is none.
    pub(crate) fn number(&self, row: &[Id], values: &Interner) -> Option<i64> {
        match *values.get(row[self.column]) {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// What a row says but for its lattice column.
    pub(crate) fn key(&self, row: &[Id]) -> Vec<Id> {
        row.iter().enumerate().filter(|(column, _)| *column != self.column).map(|(_, id)| *id).collect()
    }

    /// Whether the first value is better.
    pub(crate) fn prefers(&self, new: i64, old: i64) -> bool {
        match self.lattice {
            Lattice::Least => new < old,
            Lattice::Most => new > old,
        }
    }

    /// Whether a derived row is better than what holds of its group.
    pub(crate) fn improves(&self, key: &[Id], number: i64) -> bool {
        match self.best.get(key) {
            None => true,
            #[cfg(feature = "faults")]
            Some(_) if crate::faults::is_planted(crate::Planted::KeepFirst) => false,
            Some((_, best)) => self.prefers(number, *best),
        }
    }

    /// Takes in the next row, which is new.
    pub(crate) fn add(&mut self, row: &[Id], number: i64) {
        let key = self.key(row);
        let place = self.rows.len();
        let improves = self.best.get(&key).is_none_or(|(_, best)| self.prefers(number, *best));
        self.rows.push((number, !improves));
        if improves && let Some((old, _)) = self.best.insert(key, (place, number)) {
            self.rows[old].1 = true;
        }
    }

    /// Whether another row of the group holds.
    pub(crate) fn is_beaten(&self, row: usize) -> bool {
        self.rows[row].1
    }

    /// Bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let entry = size_of::<(Vec<Id>, (usize, i64))>();
        16 * self.rows.len() + self.best.keys().next().map_or(0, |key| self.best.len() * (entry + 4 * key.len()))
    }
}
