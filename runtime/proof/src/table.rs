//! The tuples of one relation in one world, found by any of their columns.
//!
//! Of a group of a lattice relation the best tuple holds. The others are kept as *steps*: rules of its own stratum may
//! have used them before they were beaten, and what follows from them still does.

use program::{Lattice, Tuple, Value};
use rustc_hash::FxHashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The tuples of one relation, each with its height: 0 where it is given, else larger than the heights of what it is
/// derived from, within its stratum.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    lattice: Option<(usize, Lattice)>,
    width: usize,
    rows: FxHashMap<Arc<Tuple>, u32>,
    /// In a lattice relation the tuple that holds, by the values of the other columns.
    best: FxHashMap<Vec<Value>, Arc<Tuple>>,
    indexes: Vec<Index>,
}

/// Rows by their values in some columns, not all.
#[derive(Clone, Debug)]
struct Index {
    columns: Vec<usize>,
    rows: FxHashMap<Vec<Value>, Vec<(Arc<Tuple>, u32)>>,
}

impl Table {
    pub(crate) fn of(relation: &program::Relation) -> Table {
        Table { lattice: relation.lattice(), width: relation.columns.len(), ..Table::default() }
    }

    /// Adds a tuple; returns whether it was new. One that is there keeps its height.
    pub(crate) fn insert(&mut self, tuple: Tuple, height: u32) -> bool {
        let tuple = Arc::new(tuple);
        if self.rows.contains_key(&tuple) {
            return false;
        }
        self.rows.insert(tuple.clone(), height);
        self.indexes.iter_mut().for_each(|index| index.insert(&tuple, height));
        self.crown(&tuple);
        true
    }

    /// Takes a tuple out; returns whether it stood at one of the `heights`.
    pub(crate) fn remove(&mut self, tuple: &Tuple, heights: &RangeInclusive<u32>) -> bool {
        let Some((row, height)) = self.rows.remove_entry(tuple) else { return false };
        self.indexes.iter_mut().for_each(|index| index.remove(&row));
        if let Some((column, _)) = self.lattice
            && self.best.get(&group(&row, column)) == Some(&row)
        {
            self.best.remove(&group(&row, column));
            let others: Vec<Arc<Tuple>> = self.rows.keys().cloned().collect();
            others.iter().for_each(|other| self.crown(other));
        }
        heights.contains(&height)
    }

    /// Has the tuple hold of its group, if none that is there beats it.
    fn crown(&mut self, tuple: &Arc<Tuple>) {
        if let Some((column, _)) = self.lattice
            && !self.beats(tuple)
        {
            self.best.insert(group(tuple, column), tuple.clone());
        }
    }

    /// Whether rows are findable by `columns`, which are in order.
    pub(crate) fn is_indexed(&self, columns: &[usize]) -> bool {
        let direct = columns.is_empty() || columns.len() == self.width;
        direct || self.indexes.iter().any(|index| index.columns == columns)
    }

    /// Makes rows findable by `columns`.
    pub(crate) fn index(&mut self, columns: &[usize]) {
        let mut index = Index { columns: columns.to_vec(), rows: FxHashMap::default() };
        self.rows.iter().for_each(|(tuple, height)| index.insert(tuple, *height));
        self.indexes.push(index);
    }

    /// The tuples that have the values of `key` in `columns`, by which it is findable, with their heights.
    pub(crate) fn matching(&self, columns: &[usize], key: &Tuple) -> impl Iterator<Item = (&Tuple, u32)> + use<'_> {
        let (mut whole, mut all, mut some) = (None, None, None);
        if columns.len() == self.width {
            whole = self.rows.get_key_value(key);
        } else if columns.is_empty() {
            all = Some(self.rows());
        } else {
            let index = self.indexes.iter().find(|index| index.columns == columns).expect("bug: no index was made");
            some = index.rows.get(key);
        }
        let some = some.into_iter().flatten().map(|(tuple, height)| (&**tuple, *height));
        whole.into_iter().map(|(tuple, height)| (&**tuple, *height)).chain(all.into_iter().flatten()).chain(some)
    }

    /// Whether a better tuple of the same group is there.
    pub(crate) fn beats(&self, tuple: &[Value]) -> bool {
        self.lattice.is_some_and(|(column, lattice)| {
            let best = self.best.get(&group(tuple, column));
            best.is_some_and(|best| lattice.prefers(&best[column], &tuple[column]))
        })
    }

    /// The tuple and its height, if it is there: it holds or is a step.
    pub(crate) fn get(&self, tuple: &Tuple) -> Option<(&Tuple, u32)> {
        self.rows.get_key_value(tuple).map(|(tuple, height)| (&**tuple, *height))
    }

    /// Whether the tuple holds.
    pub(crate) fn holds(&self, tuple: &Tuple) -> bool {
        self.rows.contains_key(tuple) && !self.beats(tuple)
    }

    /// Those that hold, in no order that means anything.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Tuple> {
        self.rows.keys().map(Arc::as_ref).filter(|tuple| !self.beats(tuple))
    }

    /// Steps too, in no order that means anything.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Tuple, u32)> + use<'_> {
        self.rows.iter().map(|(tuple, height)| (&**tuple, *height))
    }

    pub(crate) fn is_same(&self, other: &Table) -> bool {
        self.rows == other.rows
    }
}

/// The values of the columns that are not the lattice column.
fn group(tuple: &[Value], lattice: usize) -> Vec<Value> {
    tuple.iter().enumerate().filter(|(column, _)| *column != lattice).map(|(_, value)| value.clone()).collect()
}

impl Index {
    fn key(&self, tuple: &[Value]) -> Vec<Value> {
        self.columns.iter().map(|column| tuple[*column].clone()).collect()
    }

    fn insert(&mut self, tuple: &Arc<Tuple>, height: u32) {
        self.rows.entry(self.key(tuple)).or_default().push((tuple.clone(), height));
    }

    fn remove(&mut self, tuple: &Arc<Tuple>) {
        if let Some(rows) = self.rows.get_mut(&self.key(tuple)) {
            rows.retain(|(row, _)| !Arc::ptr_eq(row, tuple));
        }
    }
}
