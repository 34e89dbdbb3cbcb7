//! Rows that are still coming: found by hash, in the order in which they came, with indexes made when first needed.
//!
//! INVARIANT: rows are only added; whoever needs fewer keeps a list of those that are gone.
//! Not here: rows that are complete (`base`); which rows hold (`version`).

use crate::index::{BindingPattern, Index};
use crate::intern::{Id, Interner};
use crate::lattice::{Contest, Groups};
use crate::set::{Set, hash_of};
use std::sync::{Arc, Mutex, PoisonError};

/// Rows of one width, one after the other.
#[derive(Clone, Default)]
pub(crate) struct Cells {
    width: usize,
    rows: usize,
    cells: Vec<Id>,
}

impl Cells {
    /// No rows.
    pub(crate) fn new(width: usize) -> Cells {
        Cells { width, rows: 0, cells: Vec::new() }
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// How many columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The values of a row.
    pub(crate) fn row(&self, row: usize) -> &[Id] {
        &self.cells[row * self.width..(row + 1) * self.width]
    }

    /// One value.
    pub(crate) fn at(&self, row: usize, column: usize) -> Id {
        self.cells[row * self.width + column]
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, values: &[Id]) {
        self.cells.extend_from_slice(values);
        self.rows += 1;
    }

    /// Bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        4 * self.cells.len()
    }

    /// No rows any more, of a width.
    pub(crate) fn empty(&mut self, width: usize) {
        (self.width, self.rows) = (width, 0);
        self.cells.clear();
    }

    /// Gives back what was set aside for more rows.
    pub(crate) fn shrink(&mut self) {
        self.cells.shrink_to_fit();
    }
}

/// How a tuple came: whether it is given, whether a better one of its group holds instead of it, and its label.
///
/// Of the tuples of a recursive stratum, each that is derived and not given has a derivation from tuples of the stratum
/// that have smaller labels; so it is well-founded. While a stratum is evaluated as a whole, a label says the round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mark(u64);

impl Mark {
    /// The label of what is derived from nothing of its own stratum. There is room below: a tuple that loses the
    /// derivation it had may find another one among tuples that came later, whose labels are then set lower.
    pub(crate) const BASE: u64 = 1 << 40;
    /// The distance between labels that follow each other: room for tuples in between.
    pub(crate) const GAP: u64 = 1 << 20;
    /// Of a tuple that is given.
    pub(crate) const GIVEN: Mark = Mark(Mark::BASE << 2 | Mark::IS_GIVEN);

    const IS_GIVEN: u64 = 1;
    const IS_BEATEN: u64 = 2;

    /// Of a tuple that is derived.
    pub(crate) fn derived(label: u64) -> Mark {
        Mark(label << 2)
    }

    /// Of a tuple that a round derives, counted from 1.
    pub(crate) fn of_round(round: u32) -> Mark {
        Mark::derived(Mark::BASE + u64::from(round) * Mark::GAP)
    }

    /// The same label, given or not.
    pub(crate) fn with_given(self, given: bool) -> Mark {
        Mark(self.0 & !Mark::IS_GIVEN | if given { Mark::IS_GIVEN } else { 0 })
    }

    /// The same, beaten or not.
    pub(crate) fn with_beaten(self, beaten: bool) -> Mark {
        Mark(self.0 & !Mark::IS_BEATEN | if beaten { Mark::IS_BEATEN } else { 0 })
    }

    /// The same, with another label.
    pub(crate) fn with_label(self, label: u64) -> Mark {
        Mark(label << 2 | self.0 & (Mark::IS_GIVEN | Mark::IS_BEATEN))
    }

    /// Whether the tuple is given.
    pub(crate) fn is_given(self) -> bool {
        self.0 & Mark::IS_GIVEN != 0
    }

    /// Whether a better tuple of its group holds; of rows that grow this is said by their groups.
    pub(crate) fn is_beaten(self) -> bool {
        self.0 & Mark::IS_BEATEN != 0
    }

    /// Its label.
    pub(crate) fn label(self) -> u64 {
        self.0 >> 2
    }

    /// Its round, where its stratum was evaluated as a whole; 0 where it is given.
    pub(crate) fn round(self) -> u32 {
        let rounds = self.label().saturating_sub(Mark::BASE) / Mark::GAP;
        if self.is_given() { 0 } else { u32::try_from(rounds).unwrap_or(u32::MAX) }
    }
}

/// Marks of rows, one after the other: most rows came as the one before.
#[derive(Clone, Default)]
struct MarkRuns {
    /// Where rows of one mark end; none where each has its own.
    runs: Vec<(usize, Mark)>,
    each: Vec<Mark>,
}

impl MarkRuns {
    fn get(&self, row: usize) -> Mark {
        match self.runs.as_slice() {
            [] => self.each[row],
            [(_, mark)] => *mark,
            runs => runs[runs.partition_point(|(end, _)| *end <= row)].1,
        }
    }

    fn push(&mut self, mark: Mark) {
        let start = match self.runs.last_mut() {
            None if !self.each.is_empty() => return self.each.push(mark),
            None => 0,
            Some((end, last)) if *last == mark => return *end += 1,
            Some((end, _)) => *end,
        };
        self.runs.push((start + 1, mark));
        // A run takes as much as two marks.
        if self.runs.len() > 8 && 4 * self.runs.len() > start {
            self.spread();
        }
    }

    fn set(&mut self, row: usize, mark: Mark) {
        if self.get(row) != mark {
            self.spread();
            self.each[row] = mark;
        }
    }

    fn spread(&mut self) {
        for (end, mark) in std::mem::take(&mut self.runs) {
            self.each.resize(end, mark);
        }
    }

    fn into_each(mut self) -> Vec<Mark> {
        self.spread();
        self.each
    }

    fn bytes(&self) -> usize {
        16 * self.runs.len() + 8 * self.each.len()
    }
}

/// Rows that are still coming.
pub(crate) struct Growing {
    rows: Set,
    marks: MarkRuns,
    /// Where the relation has a lattice column.
    groups: Option<Groups>,
    indexes: Mutex<Vec<Arc<Index>>>,
}

impl Growing {
    /// No rows, of a width.
    pub(crate) fn new(width: usize) -> Growing {
        Growing::with(width, None)
    }

    /// No rows, of a relation.
    pub(crate) fn of(relation: &program::Relation) -> Growing {
        Growing::with(relation.columns.len(), Contest::of(relation).map(Groups::new))
    }

    fn with(width: usize, groups: Option<Groups>) -> Growing {
        Growing { rows: Set::new(width), marks: MarkRuns::default(), groups, indexes: Mutex::default() }
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.cells().len()
    }

    /// Its groups, where it has a lattice column.
    pub(crate) fn groups(&self) -> Option<&Groups> {
        self.groups.as_ref()
    }

    /// Whether a better row of its group stands here.
    pub(crate) fn is_beaten(&self, row: usize) -> bool {
        self.groups.as_ref().is_some_and(|groups| groups.is_beaten(row))
    }

    /// The rows.
    pub(crate) fn cells(&self) -> &Cells {
        self.rows.cells()
    }

    /// What finds the rows.
    pub(crate) fn set(&self) -> &Set {
        &self.rows
    }

    /// The values of a row.
    pub(crate) fn row(&self, row: usize) -> &[Id] {
        self.cells().row(row)
    }

    /// How a row came.
    pub(crate) fn mark(&self, row: usize) -> Mark {
        self.marks.get(row)
    }

    /// Says anew how a row came.
    pub(crate) fn set_mark(&mut self, row: usize, mark: Mark) {
        self.marks.set(row, mark);
    }

    /// Where a row stands.
    pub(crate) fn position(&self, values: &[Id]) -> Option<usize> {
        self.rows.position(values, hash_of(values))
    }

    /// Adds a given row; returns whether it is new.
    pub(crate) fn give(&mut self, values: &[Id], known: &Interner) -> bool {
        let number = self.groups.as_ref().and_then(|groups| groups.contest().number(values, known));
        self.insert(values, Mark::GIVEN, number)
    }

    /// Adds a row; returns whether it was new.
    ///
    /// - `number`: what stands in the lattice column, where there is one.
    pub(crate) fn insert(&mut self, values: &[Id], mark: Mark, number: Option<i64>) -> bool {
        if !self.rows.insert(values, hash_of(values)) {
            return false;
        }
        if let Some(groups) = &mut self.groups {
            groups.add(values, number.expect("bug: no int in a lattice column"));
        }
        self.marks.push(mark);
        true
    }

    /// Makes room for so many rows more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
    }

    /// The rows and how they came, without what finds them.
    pub(crate) fn into_rows(self) -> (Cells, Vec<Mark>) {
        let mut marks = self.marks.into_each();
        if let Some(groups) = &self.groups {
            for (row, mark) in marks.iter_mut().enumerate() {
                *mark = mark.with_beaten(groups.is_beaten(row));
            }
        }
        (self.rows.into_cells(), marks)
    }

    /// The index for a binding pattern that holds all rows; made or completed where need be.
    pub(crate) fn index(&self, pattern: BindingPattern) -> Arc<Index> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let place = indexes.iter().position(|index| index.pattern == pattern).unwrap_or_else(|| {
            indexes.push(Arc::new(Index::new(pattern)));
            indexes.len() - 1
        });
        #[cfg(feature = "faults")]
        if crate::faults::is_planted(crate::Planted::StaleIndex) {
            if indexes[place].rows() == 0 {
                // As if it had been made when only half of the rows were there.
                Arc::make_mut(&mut indexes[place]).extend(self.cells(), self.len() / 2);
            }
            return Arc::clone(&indexes[place]);
        }
        if indexes[place].rows() < self.len() {
            Arc::make_mut(&mut indexes[place]).extend(self.cells(), self.len());
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
        self.rows.bytes()
            + self.marks.bytes()
            + self.groups.as_ref().map_or(0, Groups::bytes)
            + indexes.iter().map(|index| index.bytes()).sum::<usize>()
    }
}

impl Clone for Growing {
    fn clone(&self) -> Growing {
        let indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Growing {
            rows: self.rows.clone(),
            marks: self.marks.clone(),
            groups: self.groups.clone(),
            indexes: Mutex::new(indexes),
        }
    }
}
