//! The tuples of one relation in one world, found by any of their columns.
//!
//! Of a group of a lattice relation the best tuple holds. The others are kept as *steps*: rules of its own stratum may
//! have used them before they were beaten, and what follows from them still does.

use program::{Lattice, Tuple, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A tuple that holds. Rows are equal if their tuples are.
#[derive(Clone, Debug)]
pub(crate) struct Row(Arc<Held>);

#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) tuple: Tuple,
    /// 0 where the tuple is given; else larger than the heights of what it is derived from, within its stratum.
    pub(crate) height: u32,
    /// Its position in order of insertion.
    pub(crate) number: usize,
}

/// The rows of one relation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    lattice: Option<(usize, Lattice)>,
    rows: FxHashSet<Row>,
    /// In a lattice relation the row that holds, by the values of the other columns.
    best: FxHashMap<Vec<Value>, Row>,
    indexes: Vec<Index>,
}

/// Rows by their values in some columns.
#[derive(Clone, Debug)]
struct Index {
    columns: Vec<usize>,
    rows: FxHashMap<Vec<Value>, Vec<Row>>,
}

impl Table {
    pub(crate) fn of(lattice: Option<(usize, Lattice)>) -> Table {
        Table { lattice, ..Table::default() }
    }

    /// Adds a tuple; returns whether it was new. One that is there keeps its height.
    pub(crate) fn insert(&mut self, tuple: Tuple, height: u32) -> bool {
        let row = Row(Arc::new(Held { tuple, height, number: self.rows.len() }));
        let new = self.rows.insert(row.clone());
        if new {
            if let Some((column, _)) = self.lattice
                && !self.beats(&row.tuple)
            {
                self.best.insert(group(&row.tuple, column), row.clone());
            }
            self.indexes.iter_mut().for_each(|index| index.insert(row.clone()));
        }
        new
    }

    /// Makes rows findable by `columns`, which are in order.
    pub(crate) fn index(&mut self, columns: &[usize]) {
        if self.indexes.iter().all(|index| index.columns != columns) {
            let mut index = Index { columns: columns.to_vec(), rows: FxHashMap::default() };
            self.rows.iter().for_each(|row| index.insert(row.clone()));
            self.indexes.push(index);
        }
    }

    /// The rows that have the values of `key` in `columns`, which [`Table::index`] was told of.
    pub(crate) fn matching(&self, columns: &[usize], key: &[Value]) -> &[Row] {
        let index = self.indexes.iter().find(|index| index.columns == columns).expect("bug: no index was made");
        index.rows.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether a better tuple of the same group is there.
    pub(crate) fn beats(&self, tuple: &[Value]) -> bool {
        self.lattice.is_some_and(|(column, lattice)| {
            let best = self.best.get(&group(tuple, column));
            best.is_some_and(|best| lattice.prefers(&best.tuple[column], &tuple[column]))
        })
    }

    /// The tuple, if it holds.
    pub(crate) fn holds(&self, tuple: &[Value]) -> Option<&Row> {
        self.get(tuple).filter(|row| !self.beats(&row.tuple))
    }

    /// The tuple, if it holds or is a step.
    pub(crate) fn get(&self, tuple: &[Value]) -> Option<&Row> {
        self.rows.get(tuple)
    }

    /// Those that hold, in no order that means anything.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Row> {
        self.rows().filter(|row| !self.beats(&row.tuple))
    }

    /// Steps too, in no order that means anything.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// The values of the columns that are not the lattice column.
fn group(tuple: &[Value], lattice: usize) -> Vec<Value> {
    tuple.iter().enumerate().filter(|(column, _)| *column != lattice).map(|(_, value)| value.clone()).collect()
}

impl Index {
    fn insert(&mut self, row: Row) {
        let key = self.columns.iter().map(|column| row.tuple[*column].clone()).collect();
        self.rows.entry(key).or_default().push(row);
    }
}

impl std::ops::Deref for Row {
    type Target = Held;

    fn deref(&self) -> &Held {
        &self.0
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Row) -> bool {
        self.tuple == other.tuple
    }
}

impl Eq for Row {}

impl Hash for Row {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tuple.as_slice().hash(state);
    }
}

impl Borrow<[Value]> for Row {
    fn borrow(&self) -> &[Value] {
        &self.0.tuple
    }
}
