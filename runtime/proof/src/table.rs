//! The tuples of one relation in one world, found by any of their columns.
//!
//! Of a group of a lattice relation the best tuple holds. The others are kept as *steps*: rules of its own stratum may
//! have used them before they were beaten, and what follows from them still does.
//!
//! A table only grows. What a change takes out of it is left out by the table that is laid over it, so that a change costs
//! what it changes.

use crate::values::{Row, Values, short};
use indexmap::IndexMap;
use program::Lattice;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::sync::{Arc, OnceLock};

/// The tuples of one relation, each with its height: 0 where it is given, else larger than the heights of what it is
/// derived from, within its stratum.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    lattice: Option<(usize, Lattice)>,
    pub(crate) width: usize,
    /// Another table, all of whose rows are here too, but for these; `rows` are those besides.
    under: Option<(Arc<Table>, FxHashSet<Row>)>,
    pub(crate) rows: IndexMap<Row, u32, FxBuildHasher>,
    /// In a lattice relation what the best tuple has in that column, by the values of the others.
    best: FxHashMap<Row, u32>,
    index: OnceLock<Box<Index>>,
}

/// The places of rows by their values in some columns, not all; and the next index.
#[derive(Clone, Debug)]
struct Index {
    columns: Vec<usize>,
    places: FxHashMap<Row, Row>,
    next: OnceLock<Box<Index>>,
}

impl Table {
    pub(crate) fn of(relation: &program::Relation) -> Table {
        Table { lattice: relation.lattice(), width: relation.columns.len(), ..Table::default() }
    }

    /// The same table without some of its rows, to which others may be added. It stands over what that one stands over.
    pub(crate) fn over(under: &Arc<Table>, mut gone: FxHashSet<Row>, values: &Values) -> Table {
        let mut table = Table { lattice: under.lattice, width: under.width, ..Table::default() };
        if under.lattice.is_some() || under.under.is_some() {
            for (row, height) in under.rows.iter().filter(|(row, _)| !gone.contains(*row)) {
                table.insert(values, row.clone(), *height);
            }
        }
        let (base, before) = under.under.as_ref().map_or((under, None), |(base, before)| (base, Some(before)));
        gone.extend(before.into_iter().flatten().cloned());
        table.under = under.lattice.is_none().then(|| (base.clone(), gone));
        table
    }

    /// Adds a tuple; returns whether it was new. One that is there keeps its height.
    pub(crate) fn insert(&mut self, values: &Values, row: Row, height: u32) -> bool {
        if self.get(&row).is_some() {
            return false;
        }
        if let Some((column, _)) = self.lattice
            && !self.beats(values, &row)
        {
            self.best.insert(group(&row, column), row[column]);
        }
        let mut index = self.index.get_mut();
        while let Some(of) = index {
            of.insert(self.rows.len(), &row);
            index = of.next.get_mut();
        }
        self.rows.insert(row, height);
        true
    }

    /// The tuples that have the values of `key` in `columns`, which are in order, with their heights.
    pub(crate) fn matching(&self, columns: &[usize], key: &[u32]) -> impl Iterator<Item = (&Row, u32)> + use<'_> {
        let under = self.under.as_ref().map(|(under, gone)| {
            let found = under.found(columns, key);
            found.filter(|(row, _)| !gone.contains(*row))
        });
        self.found(columns, key).chain(under.into_iter().flatten())
    }

    fn found(&self, columns: &[usize], key: &[u32]) -> impl Iterator<Item = (&Row, u32)> + use<'_> {
        let (mut all, mut some) = (0..0, [].as_slice());
        if columns.len() == self.width {
            all = self.rows.get_index_of(key).map_or(0..0, |place| place..place + 1);
        } else if columns.is_empty() {
            all = 0..self.rows.len();
        } else {
            some = self.index(columns).places.get(key).map(Row::as_slice).unwrap_or_default();
        }
        let row = |place| self.rows.get_index(place).expect("bug: an index is of its table");
        all.chain(some.iter().map(|place| *place as usize)).map(row).map(|(row, height)| (row, *height))
    }

    /// The index by `columns`, made when it is first asked for.
    fn index(&self, columns: &[usize]) -> &Index {
        let mut place = &self.index;
        loop {
            let index = place.get_or_init(|| {
                let mut index =
                    Index { columns: columns.to_vec(), places: FxHashMap::default(), next: OnceLock::new() };
                self.rows.keys().enumerate().for_each(|(place, row)| index.insert(place, row));
                Box::new(index)
            });
            if index.columns == columns {
                return index;
            }
            place = &index.next;
        }
    }

    /// Whether a better tuple of the same group is there.
    pub(crate) fn beats(&self, values: &Values, row: &[u32]) -> bool {
        self.lattice.is_some_and(|(column, lattice)| {
            let best = self.best.get(&group(row, column));
            best.is_some_and(|best| lattice.prefers(values.value(*best), values.value(row[column])))
        })
    }

    /// The row and its height, if it is there: it holds or is a step.
    pub(crate) fn get(&self, row: &[u32]) -> Option<(&Row, u32)> {
        let own = self.rows.get_key_value(row).map(|(row, height)| (row, *height));
        own.or_else(|| {
            let (under, gone) = self.under.as_ref()?;
            under.get(row).filter(|(row, _)| !gone.contains(*row))
        })
    }

    /// Steps too.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Row, u32)> + use<'_> {
        self.matching(&[], &[])
    }
}

/// The values of the columns that are not the lattice column.
fn group(row: &[u32], lattice: usize) -> Row {
    row.iter().enumerate().filter(|(column, _)| *column != lattice).map(|(_, number)| *number).collect()
}

impl Index {
    fn insert(&mut self, place: usize, row: &[u32]) {
        let key: Row = self.columns.iter().map(|column| row[*column]).collect();
        self.places.entry(key).or_default().push(short(place));
    }
}
