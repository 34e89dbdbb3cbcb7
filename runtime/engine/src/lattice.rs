//! Groups of a lattice relation: which row of each holds, and which were beaten.
//!
//! A row that was beaten stays: it was a true step on the way, and proofs may rest on it. While rows grow, [`Groups`]
//! know which they are; of rows that are kept, marks say it, and the rows of a group are found by an index.

use crate::index::BindingPattern;
use crate::intern::{Id, Interner};
use crate::version::Version;
use crate::view::FEW;
use program::{Lattice, Value};
use rustc_hash::FxHashMap;

/// The lattice column of a relation.
#[derive(Clone, Copy)]
pub(crate) struct Contest {
    column: usize,
    lattice: Lattice,
}

impl Contest {
    /// That of a relation, where it has one.
    pub(crate) fn of(relation: &program::Relation) -> Option<Contest> {
        relation.lattice().map(|(column, lattice)| Contest { column, lattice })
    }

    /// Which column it is.
    pub(crate) fn column(self) -> usize {
        self.column
    }

    /// The int in a row's lattice column; `None` where it is none.
    pub(crate) fn number(self, row: &[Id], values: &Interner) -> Option<i64> {
        match *values.get(row[self.column]) {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// What a row says but for its lattice column.
    pub(crate) fn key(self, row: &[Id]) -> Vec<Id> {
        row.iter().enumerate().filter(|(column, _)| *column != self.column).map(|(_, id)| *id).collect()
    }

    /// Whether the first value is better.
    pub(crate) fn prefers(self, new: i64, old: i64) -> bool {
        match self.lattice {
            Lattice::Least => new < old,
            Lattice::Most => new > old,
        }
    }

    /// A number that is smaller where the value is better.
    pub(crate) fn rank(self, number: i64) -> i64 {
        match self.lattice {
            Lattice::Least => number,
            Lattice::Most => !number,
        }
    }
}

/// The groups of one relation that grows.
#[derive(Clone)]
pub(crate) struct Groups {
    contest: Contest,
    /// By the other columns: the row that holds, and its value.
    best: FxHashMap<Vec<Id>, (usize, i64)>,
    /// For each row its value, and whether it was beaten.
    rows: Vec<(i64, bool)>,
}

impl Groups {
    /// No groups yet.
    pub(crate) fn new(contest: Contest) -> Groups {
        Groups { contest, best: FxHashMap::default(), rows: Vec::new() }
    }

    /// Its lattice column.
    pub(crate) fn contest(&self) -> Contest {
        self.contest
    }

    /// Whether a derived row is better than what holds of its group.
    pub(crate) fn improves(&self, key: &[Id], number: i64) -> bool {
        match self.best.get(key) {
            None => true,
            #[cfg(feature = "faults")]
            Some(_) if crate::faults::is_planted(crate::Planted::KeepFirst) => false,
            Some((_, best)) => self.contest.prefers(number, *best),
        }
    }

    /// Takes in the next row, which is new.
    pub(crate) fn add(&mut self, row: &[Id], number: i64) {
        let key = self.contest.key(row);
        let place = self.rows.len();
        let improves = self.best.get(&key).is_none_or(|(_, best)| self.contest.prefers(number, *best));
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

impl Version {
    /// The row of a group that holds, and its value.
    pub(crate) fn best(&self, contest: Contest, key: &[Id], values: &Interner) -> Option<(usize, i64)> {
        let mut best = None;
        self.each_of_group(contest, key, |row| {
            if !self.is_beaten(row) {
                best = Some((row, int(contest, self.row(row), values)));
            }
        });
        best
    }

    /// Lets the best row of a group hold, and no other; returns it where it did not hold yet.
    pub(crate) fn elect(&mut self, contest: Contest, key: &[Id], values: &Interner) -> Option<usize> {
        let mut rows: Vec<(i64, usize)> = Vec::new();
        self.each_of_group(contest, key, |row| {
            rows.push((contest.rank(int(contest, self.row(row), values)), row));
        });
        let (_, best) = *rows.iter().min()?;
        let was_beaten = self.is_beaten(best);
        for (_, row) in rows {
            if self.is_beaten(row) == (row == best) {
                self.set_mark(row, self.mark(row).with_beaten(row != best));
            }
        }
        was_beaten.then_some(best)
    }

    /// Goes over the rows of a group that are there, beaten or not.
    fn each_of_group(&self, contest: Contest, key: &[Id], mut each: impl FnMut(usize)) {
        // The columns past the 64th are in no pattern.
        let columns = (0..self.width().min(64)).filter(|column| *column != contest.column);
        let pattern: BindingPattern = columns.map(|column| 1 << column).sum();
        let others = |row: usize| self.row(row).iter().enumerate().filter(|(column, _)| *column != contest.column);
        let mut offer = |row: usize| {
            if others(row).map(|(_, id)| id).eq(key) && self.is_there(row) {
                each(row);
            }
        };
        let base = self.base();
        if pattern == 0 {
            (0..self.len()).for_each(offer);
            return;
        }
        if base.len() > 0 {
            let index = base.index(pattern);
            index.range(base.cells(), pattern, key).for_each(|place| offer(index.row(place)));
        }
        for (start, rows) in self.parts() {
            if rows.len() <= FEW {
                (start..start + rows.len()).for_each(&mut offer);
                continue;
            }
            let index = rows.index(pattern);
            let mut next = index.newest(rows.cells(), key);
            while let Some(row) = next {
                offer(start + row);
                next = index.older(row);
            }
        }
    }
}

fn int(contest: Contest, row: &[Id], values: &Interner) -> i64 {
    contest.number(row, values).expect("bug: no int in a lattice column")
}
