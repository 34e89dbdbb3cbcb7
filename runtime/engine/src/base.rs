//! Rows that are complete: sorted, each once, with indexes that are offsets and orders rather than hashes.
//!
//! An index is the rows in another order of columns, with the place of each first value; further columns are found by
//! halving. So it serves every binding pattern that is a beginning of its order, and rows in their own order need
//! nothing but the places of the first column. Numbers of values are dense: places stand in an array.
//!
//! INVARIANT: nothing changes but indexes, which come when they are first needed and stay.

use crate::growing::{Cells, Mark};
use crate::index::BindingPattern;
use crate::intern::Id;
use crate::sort::sorted;
use std::ops::Range;
use std::sync::OnceLock;

/// Rows that are complete.
#[derive(Default)]
pub(crate) struct Base {
    cells: Cells,
    marks: Marks,
    indexes: Chain,
    /// For each column how many values it has, once it was counted.
    distinct: Vec<OnceLock<usize>>,
    /// Whether some row was beaten in a lattice column.
    has_beaten: bool,
    /// In how many rounds its rows came, where marks say so.
    rounds: u32,
}

/// How rows came.
#[derive(Default)]
pub(crate) enum Marks {
    /// Every one of them so.
    #[default]
    Given,
    /// All in the first round.
    Derived,
    /// Each in its own way.
    Each(Vec<Mark>),
}

/// Indexes, the oldest first.
#[derive(Default)]
struct Chain(OnceLock<Box<(Sorted, Chain)>>);

/// The rows in an order of columns.
pub(crate) struct Sorted {
    order: Vec<usize>,
    /// Rows in that order; `None` where it is their own.
    rows: Option<Vec<u32>>,
    places: Places,
}

/// Where the rows of each first value start.
enum Places {
    /// For each value from the smallest on its start; one more at the end.
    Dense { smallest: Id, starts: Vec<u32> },
    /// The values that there are, and their starts; one more at the end.
    Sparse { values: Vec<Id>, starts: Vec<u32> },
}

impl Base {
    /// Rows in any order, repetitions allowed; all of them given.
    pub(crate) fn given(cells: Cells) -> Base {
        let mut kept = sorted(cells).0;
        if (1..kept.len()).any(|row| kept.row(row - 1) == kept.row(row)) {
            let mut once = Cells::new(kept.width());
            for row in 0..kept.len() {
                if row == 0 || kept.row(row - 1) != kept.row(row) {
                    once.push(kept.row(row));
                }
            }
            kept = once;
        }
        Base::of(kept, Marks::Given)
    }

    /// Rows in any order, each once, and how they came.
    ///
    /// - `labelled`: whether labels are of use.
    pub(crate) fn derived(cells: Cells, mut marks: Vec<Mark>, labelled: bool) -> Base {
        let (kept, order) = sorted(cells);
        if let Some(order) = order {
            marks = order.into_iter().map(|row| marks[row as usize]).collect();
        }
        let has_beaten = marks.iter().any(|mark| mark.is_beaten());
        let rounds = marks.iter().map(|mark| mark.round()).max().unwrap_or(0);
        let marks = match labelled || has_beaten || marks.iter().any(|mark| mark.is_given()) {
            true if !has_beaten && marks.iter().all(|mark| *mark == Mark::GIVEN) => Marks::Given,
            true => Marks::Each(marks),
            false => Marks::Derived,
        };
        Base { has_beaten, rounds, ..Base::of(kept, marks) }
    }

    fn of(mut cells: Cells, marks: Marks) -> Base {
        cells.shrink();
        let distinct = (0..cells.width()).map(|_| OnceLock::new()).collect();
        Base { cells, marks, indexes: Chain::default(), distinct, has_beaten: false, rounds: 0 }
    }

    /// No rows, of a width.
    pub(crate) fn empty(width: usize) -> Base {
        Base::of(Cells::new(width), Marks::Given)
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The rows.
    pub(crate) fn cells(&self) -> &Cells {
        &self.cells
    }

    /// How a row came.
    pub(crate) fn mark(&self, row: usize) -> Mark {
        match &self.marks {
            Marks::Given => Mark::GIVEN,
            Marks::Derived => Mark::of_round(1),
            Marks::Each(marks) => marks[row],
        }
    }

    /// Whether some row was beaten in a lattice column.
    pub(crate) fn has_beaten(&self) -> bool {
        self.has_beaten
    }

    /// In about how many rounds its rows came.
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Where a row stands.
    pub(crate) fn position(&self, values: &[Id]) -> Option<usize> {
        let width = values.len();
        if width == 0 || self.len() == 0 {
            return (self.len() > 0).then_some(0);
        }
        // The columns past the 64th are in no pattern.
        let pattern = BindingPattern::MAX >> (64 - width.min(64));
        // Any index has all columns.
        let index = match self.indexes.0.get() {
            Some(link) if width <= 64 => &link.0,
            Some(_) | None => self.index(pattern),
        };
        let range = index.range(&self.cells, pattern, values);
        match width <= 64 {
            true => (!range.is_empty()).then(|| index.row(range.start)),
            false => range.map(|place| index.row(place)).find(|row| self.cells.row(*row) == values),
        }
    }

    /// An index that serves a binding pattern of at least one column; made where there is none.
    pub(crate) fn index(&self, pattern: BindingPattern) -> &Sorted {
        let mut chain = &self.indexes;
        loop {
            match chain.0.get() {
                Some(link) if link.0.serves(pattern) => return &link.0,
                Some(link) => chain = &link.1,
                None => {
                    let made = || Box::new((Sorted::of(self, pattern), Chain::default()));
                    let link = chain.0.get_or_init(made);
                    if link.0.serves(pattern) {
                        return &link.0;
                    }
                    // Somebody was faster with another one.
                    chain = &link.1;
                }
            }
        }
    }

    /// About how many keys there are for a binding pattern.
    pub(crate) fn keys(&self, pattern: BindingPattern) -> usize {
        let columns = (0..self.cells.width().min(64)).filter(|column| pattern & (1 << column) != 0);
        columns.fold(1, |keys: usize, column| keys.saturating_mul(self.distinct(column))).min(self.len()).max(1)
    }

    fn distinct(&self, column: usize) -> usize {
        *self.distinct[column].get_or_init(|| {
            let values = || (0..self.len()).map(|row| self.cells.at(row, column));
            let (Some(least), Some(most)) = (values().min(), values().max()) else { return 0 };
            if (most - least) as usize > 8 * self.len() + 4_096 {
                let mut values: Vec<Id> = values().collect();
                values.sort_unstable();
                values.dedup();
                return values.len();
            }
            let mut met = vec![0_u64; (most - least) as usize / 64 + 1];
            values().for_each(|value| met[((value - least) / 64) as usize] |= 1 << ((value - least) % 64));
            met.iter().map(|word| word.count_ones() as usize).sum()
        })
    }

    /// Bytes it takes, indexes included.
    pub(crate) fn bytes(&self) -> usize {
        let marks = if let Marks::Each(marks) = &self.marks { 8 * marks.len() } else { 0 };
        let mut bytes = self.cells.bytes() + marks;
        let mut chain = &self.indexes;
        while let Some(link) = chain.0.get() {
            bytes += link.0.bytes();
            chain = &link.1;
        }
        bytes
    }
}

impl Sorted {
    /// The rows in an order that begins with the columns of `pattern`.
    fn of(base: &Base, pattern: BindingPattern) -> Sorted {
        let width = base.cells.width();
        let is_key = |column: &usize| *column < 64 && pattern & (1 << column) != 0;
        let own = (0..pattern.count_ones() as usize).all(|column| is_key(&column));
        if own {
            let places = Places::of(base.len(), |place| base.cells.at(place, 0));
            return Sorted { order: (0..width).collect(), rows: None, places };
        }
        let mut keys: Vec<usize> = (0..width).filter(is_key).collect();
        // What tells most rows apart comes first, so that halving has least to do.
        keys.sort_by_key(|column| std::cmp::Reverse(base.distinct(*column)));
        let mut rows: Vec<u32> = (0..u32::try_from(base.len()).expect("bug: more than 2^32 rows")).collect();
        for column in keys.iter().rev() {
            rows = by_column(&base.cells, rows, *column);
        }
        let places = Places::of(base.len(), |place| base.cells.at(rows[place] as usize, keys[0]));
        let rest: Vec<usize> = (0..width).filter(|column| !keys.contains(column)).collect();
        keys.extend(rest);
        Sorted { order: keys, rows: Some(rows), places }
    }

    /// Whether its order begins with the columns of a pattern.
    fn serves(&self, pattern: BindingPattern) -> bool {
        let count = pattern.count_ones() as usize;
        self.order[..count].iter().all(|column| *column < 64 && pattern & (1 << column) != 0)
    }

    /// The places of the rows that have `key` in the columns of `pattern`.
    ///
    /// - `key`: one per column of the pattern, in the order of columns.
    pub(crate) fn range(&self, cells: &Cells, pattern: BindingPattern, key: &[Id]) -> Range<usize> {
        let value = |column: usize| key[(pattern & ((1 << column) - 1)).count_ones() as usize];
        let mut range = self.places.range(value(self.order[0]));
        if pattern & (pattern - 1) == 0 {
            return range;
        }
        for column in &self.order[1..pattern.count_ones() as usize] {
            let value = value(*column);
            let at = |place: usize| cells.at(self.row(place), *column);
            if range.len() <= 8 {
                while !range.is_empty() && at(range.start) < value {
                    range.start += 1;
                }
                while !range.is_empty() && at(range.end - 1) > value {
                    range.end -= 1;
                }
            } else {
                let start = halve(range.clone(), |place| at(place) < value);
                // Most keys have few rows: the end is looked for from near.
                let mut far = 1;
                while start + far < range.end && at(start + far - 1) <= value {
                    far *= 2;
                }
                range = start..halve(start + far / 2..range.end.min(start + far), |place| at(place) <= value);
            }
        }
        range
    }

    /// The row at a place.
    pub(crate) fn row(&self, place: usize) -> usize {
        self.rows.as_ref().map_or(place, |rows| rows[place] as usize)
    }

    fn bytes(&self) -> usize {
        let rows = self.rows.as_ref().map_or(0, |rows| 4 * rows.len());
        rows + match &self.places {
            Places::Dense { starts, .. } => 4 * starts.len(),
            Places::Sparse { values, starts } => 4 * (values.len() + starts.len()),
        }
    }
}

/// The first place of a range for which `before` is false; it is true before and false from there on.
fn halve(range: Range<usize>, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut len) = (range.start, range.len());
    // Without a branch that depends on what is read: which way it goes cannot be foreseen.
    while len > 1 {
        let half = len / 2;
        low = if before(low + half) { low + half } else { low };
        len -= half;
    }
    if len == 1 && before(low) { low + 1 } else { low }
}

impl Places {
    /// Of `len` values that are sorted.
    fn of(len: usize, value: impl Fn(usize) -> Id) -> Places {
        if len == 0 {
            return Places::Sparse { values: Vec::new(), starts: vec![0] };
        }
        let number = |place: usize| u32::try_from(place).expect("bug: more than 2^32 rows");
        let (smallest, largest) = (value(0), value(len - 1));
        let reach = (largest - smallest) as usize;
        if reach <= 2 * len + 64 {
            let mut starts = Vec::with_capacity(reach + 2);
            for place in 0..len {
                let next = (value(place) - smallest) as usize;
                while starts.len() <= next {
                    starts.push(number(place));
                }
            }
            starts.push(number(len));
            return Places::Dense { smallest, starts };
        }
        let (mut values, mut starts) = (Vec::new(), Vec::new());
        for place in 0..len {
            if values.last() != Some(&value(place)) {
                values.push(value(place));
                starts.push(number(place));
            }
        }
        starts.push(number(len));
        Places::Sparse { values, starts }
    }

    fn range(&self, value: Id) -> Range<usize> {
        let (starts, at) = match self {
            Places::Dense { smallest, starts } => {
                let at = value.wrapping_sub(*smallest) as usize;
                (starts, (at + 1 < starts.len()).then_some(at))
            }
            Places::Sparse { values, starts } => (starts, values.binary_search(&value).ok()),
        };
        at.map_or(0..0, |at| starts[at] as usize..starts[at + 1] as usize)
    }
}

/// The rows, stable, by one column.
fn by_column(cells: &Cells, mut rows: Vec<u32>, column: usize) -> Vec<u32> {
    let value = |row: u32| cells.at(row as usize, column);
    let (Some(least), Some(most)) =
        (rows.iter().map(|row| value(*row)).min(), rows.iter().map(|row| value(*row)).max())
    else {
        return rows;
    };
    if (most - least) as usize > 2 * rows.len() + 64 {
        rows.sort_by_key(|row| value(*row));
        return rows;
    }
    let mut starts = vec![0_u32; (most - least) as usize + 2];
    rows.iter().for_each(|row| starts[(value(*row) - least) as usize + 1] += 1);
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut placed = vec![0; rows.len()];
    for row in rows {
        let start = &mut starts[(value(row) - least) as usize];
        placed[*start as usize] = row;
        *start += 1;
    }
    placed
}
