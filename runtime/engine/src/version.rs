//! The tuples of one relation in one world: complete rows that versions share, and what came and went since.
//!
//! A [`Layer`] says which rows of those below are gone and which came. There are at most two: one for what was taken
//! over since the base was made, shared by whoever holds that version, and one that is a world's own. So a change costs
//! what it touches, taking it back costs nothing, and any number of worlds stand above one base.
//!
//! Rows have numbers: those of the base, then those of each layer. What two worlds share has the same number in both.
//!
//! INVARIANT: a layer that somebody else holds is not written to. No tuple has two rows that hold.

use crate::base::Base;
use crate::growing::{Cells, Growing, Mark};
use crate::intern::{Id, Interner};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// The tuples of one relation in one world.
#[derive(Clone)]
pub(crate) struct Version {
    base: Arc<Base>,
    /// What was taken over since; then what is this world's own.
    layers: [Option<Arc<Layer>>; 2],
}

/// What came and went above other rows.
#[derive(Clone)]
pub(crate) struct Layer {
    /// The number of its first row.
    start: usize,
    rows: Growing,
    /// Rows that are gone, its own among them.
    gone: FxHashSet<u32>,
    /// How rows below came, where that is another way than they say.
    marks: FxHashMap<u32, Mark>,
    /// Whether some mark here says that a row was beaten.
    has_beaten: bool,
}

/// The place of the layer that is a world's own.
const OWN: usize = 1;

impl Version {
    /// The rows of a base.
    pub(crate) fn of(base: Base) -> Version {
        Version { base: Arc::new(base), layers: [None, None] }
    }

    /// Growing rows alone, as a world's own.
    pub(crate) fn growing(rows: Growing) -> Version {
        let base = Arc::new(Base::empty(rows.cells().width()));
        Version { base, layers: [None, Some(Arc::new(Layer::new(0, rows)))] }
    }

    /// One more than the largest number of a row.
    pub(crate) fn len(&self) -> usize {
        self.layers().next_back().map_or(self.base.len(), Layer::end)
    }

    /// How many tuples hold; those that were beaten in a lattice column are counted.
    pub(crate) fn count(&self) -> usize {
        self.len() - self.layers().map(|layer| layer.gone.len()).sum::<usize>()
    }

    fn layers(&self) -> impl DoubleEndedIterator<Item = &Layer> + Clone {
        self.layers.iter().flatten().map(|layer| &**layer)
    }

    /// Its base.
    pub(crate) fn base(&self) -> &Base {
        &self.base
    }

    /// Its layers' rows, with the number of the first.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (usize, &Growing)> {
        self.layers().map(|layer| (layer.start, &layer.rows))
    }

    /// The layer or base in which a row stands: `None` for the base.
    fn home(&self, row: usize) -> Option<&Layer> {
        self.layers().rev().find(|layer| row >= layer.start)
    }

    /// How many columns.
    pub(crate) fn width(&self) -> usize {
        self.base.cells().width()
    }

    /// The values of a row.
    pub(crate) fn row(&self, row: usize) -> &[Id] {
        if row < self.base.len() {
            return self.base.cells().row(row);
        }
        let layer = self.home(row).expect("bug: no such row");
        layer.rows.row(row - layer.start)
    }

    /// Whether nothing came or went since the base was made.
    fn is_base(&self) -> bool {
        self.layers[0].is_none() && self.layers[OWN].is_none()
    }

    /// How a row came.
    #[inline]
    pub(crate) fn mark(&self, row: usize) -> Mark {
        if self.is_base() {
            return self.base.mark(row);
        }
        let number = number(row);
        for layer in self.layers().rev() {
            if row >= layer.start {
                return layer.rows.mark(row - layer.start);
            }
            if let Some(mark) = layer.marks.get(&number) {
                return *mark;
            }
        }
        self.base.mark(row)
    }

    /// Whether no row is gone and none was beaten.
    pub(crate) fn is_plain(&self) -> bool {
        !self.has_beaten() && self.layers().all(|layer| layer.gone.is_empty() && layer.rows.groups().is_none())
    }

    /// Whether some mark may say that a row was beaten.
    fn has_beaten(&self) -> bool {
        self.base.has_beaten() || self.layers().any(|layer| layer.has_beaten)
    }

    /// Whether a row is there; it may have been beaten.
    #[inline]
    pub(crate) fn is_there(&self, row: usize) -> bool {
        if self.is_base() {
            return row < self.base.len();
        }
        let number = number(row);
        row < self.len() && self.layers().all(|layer| !layer.gone.contains(&number))
    }

    /// Whether a better row of its group stands here.
    pub(crate) fn is_beaten(&self, row: usize) -> bool {
        let is_marked = self.has_beaten() && self.mark(row).is_beaten();
        is_marked || self.layers().any(|layer| row >= layer.start && layer.rows.is_beaten(row - layer.start))
    }

    /// Whether a row holds.
    pub(crate) fn is_held(&self, row: usize) -> bool {
        self.is_there(row) && !self.is_beaten(row)
    }

    /// The rows that hold.
    pub(crate) fn held(&self) -> impl Iterator<Item = usize> + '_ {
        let plain = self.is_plain();
        (0..self.len()).filter(move |row| plain || self.is_held(*row))
    }

    /// The rows that are there, beaten or not.
    pub(crate) fn there(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|row| self.is_there(*row))
    }

    /// Where a tuple stands that is there, beaten or not.
    #[inline]
    pub(crate) fn position(&self, values: &[Id]) -> Option<usize> {
        if self.is_base() {
            return self.base.position(values);
        }
        let none = self.base.len() == 0;
        let below = if none { None } else { self.base.position(values).filter(|row| self.is_there(*row)) };
        below.or_else(|| {
            let mut layers = self.layers();
            layers.find_map(|layer| {
                let row = layer.rows.position(values).map(|row| row + layer.start);
                row.filter(|row| self.is_there(*row))
            })
        })
    }

    /// Where a tuple stands, if it holds.
    pub(crate) fn holds(&self, values: &[Id]) -> Option<usize> {
        self.position(values).filter(|row| !self.is_beaten(*row))
    }

    /// Whether both are one and the same.
    pub(crate) fn is_same(&self, other: &Version) -> bool {
        let same = |one: &Option<Arc<Layer>>, other: &Option<Arc<Layer>>| match (one, other) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (Some(_), None) | (None, Some(_)) => false,
        };
        self.is_above(other) && same(&self.layers[OWN], &other.layers[OWN])
    }

    /// Whether both stand on the same rows, so that numbers of rows that both have mean the same.
    pub(crate) fn is_above(&self, other: &Version) -> bool {
        let same = match (&self.layers[0], &other.layers[0]) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (Some(_), None) | (None, Some(_)) => false,
        };
        same && Arc::ptr_eq(&self.base, &other.base)
    }

    /// About how many keys there are for a binding pattern.
    pub(crate) fn keys(&self, pattern: u64) -> Option<usize> {
        let grown = self.layers().filter_map(|layer| layer.rows.keys(pattern)).max();
        let base = (self.base.len() > 0).then(|| self.base.keys(pattern));
        base.into_iter().chain(grown).max()
    }

    /// Bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.base.bytes() + self.layers().map(Layer::bytes).sum::<usize>()
    }

    /// Bytes that are a world's own.
    pub(crate) fn own_bytes(&self) -> usize {
        self.layers[OWN].as_ref().map_or(0, |layer| layer.bytes())
    }

    /// The same rows, with a layer of this world's own that has nothing yet.
    pub(crate) fn opened(&self) -> Version {
        assert!(self.layers[OWN].is_none(), "bug: two worlds on each other");
        let rows = Growing::new(self.width());
        let own = Layer::new(self.len(), rows);
        Version { base: Arc::clone(&self.base), layers: [self.layers[0].clone(), Some(Arc::new(own))] }
    }

    /// The world's own layer.
    pub(crate) fn own(&self) -> Option<&Growing> {
        self.layers[OWN].as_ref().map(|layer| &layer.rows)
    }

    fn own_mut(&mut self) -> &mut Layer {
        let layer = self.layers[OWN].as_mut().expect("bug: a world without rows of its own");
        Arc::get_mut(layer).expect("bug: rows are shared while they grow")
    }

    /// The world's own rows, to be added to.
    pub(crate) fn rows_mut(&mut self) -> &mut Growing {
        &mut self.own_mut().rows
    }

    /// Adds a tuple that is not there, or one that this world took away; returns its row.
    pub(crate) fn add(&mut self, values: &[Id], mark: Mark) -> usize {
        debug_assert!(self.position(values).is_none(), "bug: a tuple is added twice");
        // A tuple that this world took away has its row still.
        let took = self.layers[OWN].as_ref().is_some_and(|layer| !layer.gone.is_empty());
        let old = if took { self.under(values) } else { None };
        let layer = self.own_mut();
        layer.has_beaten |= mark.is_beaten();
        if let Some(row) = old {
            assert!(layer.gone.remove(&number(row)), "bug: a tuple is added twice");
            layer.marks.insert(number(row), mark);
            return row;
        }
        if took && let Some(row) = layer.rows.position(values) {
            assert!(layer.gone.remove(&number(row + layer.start)), "bug: a tuple is added twice");
            layer.rows.set_mark(row, mark);
            return row + layer.start;
        }
        let is_new = layer.rows.insert(values, mark, None);
        assert!(is_new, "bug: a tuple is added twice");
        layer.end() - 1
    }

    /// Where a tuple stood before the world began.
    fn under(&self, values: &[Id]) -> Option<usize> {
        let [below, _] = &self.layers;
        let is_there = |row: &usize| below.as_ref().is_none_or(|layer| !layer.gone.contains(&number(*row)));
        let row = self.base.position(values).filter(is_there);
        row.or_else(|| {
            let layer = below.as_ref()?;
            layer.rows.position(values).map(|row| row + layer.start).filter(is_there)
        })
    }

    /// Takes a row away.
    pub(crate) fn remove(&mut self, row: usize) {
        self.own_mut().gone.insert(number(row));
    }

    /// Says anew how a row came.
    pub(crate) fn set_mark(&mut self, row: usize, mark: Mark) {
        let layer = self.own_mut();
        layer.has_beaten |= mark.is_beaten();
        match row.checked_sub(layer.start) {
            Some(own) => layer.rows.set_mark(own, mark),
            None => drop(layer.marks.insert(number(row), mark)),
        }
    }

    /// Rows that hold since the world began, and those that held before and do not; each in order.
    pub(crate) fn moved(&self) -> (Vec<u32>, Vec<u32>) {
        let Some(layer) = &self.layers[OWN] else { return (Vec::new(), Vec::new()) };
        let own = (layer.start..layer.end()).map(number).filter(|row| !layer.gone.contains(row));
        let gone = layer.gone.iter().copied().filter(|row| (*row as usize) < layer.start);
        if !self.has_beaten() {
            let mut lost: Vec<u32> = gone.collect();
            lost.sort_unstable();
            return (own.collect(), lost);
        }
        let under = Version { base: Arc::clone(&self.base), layers: [self.layers[0].clone(), None] };
        let mut below: Vec<u32> = gone.chain(layer.marks.keys().copied()).collect();
        below.sort_unstable();
        below.dedup();
        let (mut gained, mut lost) = (Vec::new(), Vec::new());
        for row in below {
            match (under.is_held(row as usize), self.is_held(row as usize)) {
                (false, true) => gained.push(row),
                (true, false) => lost.push(row),
                (true, true) | (false, false) => {}
            }
        }
        gained.extend(own.filter(|row| !self.is_beaten(*row as usize)));
        (gained, lost)
    }

    /// Makes a world's own layer part of what every later world shares; `self` is the version on which it stands, unless it
    /// stands alone.
    ///
    /// - `labelled`: whether labels are of use.
    pub(crate) fn commit(&mut self, own: Version, labelled: bool) {
        if own.base.len() == 0 && !own.is_above(self) {
            *self = own.settled(labelled);
            return;
        }
        assert!(own.is_above(self), "bug: rows that stand on others");
        let Version { base, layers: [below, own] } = own;
        drop((base, below));
        let Some(own) = own else { return };
        let start = self.base.len();
        let none = || Layer::new(start, Growing::new(self.base.cells().width()));
        let layer = self.layers[0].get_or_insert_with(|| Arc::new(none()));
        let layer = Arc::make_mut(layer);
        layer.has_beaten |= own.has_beaten;
        for row in own.gone.iter().filter(|row| (**row as usize) < own.start) {
            layer.gone.insert(*row);
        }
        for (row, mark) in &own.marks {
            match (*row as usize).checked_sub(layer.start) {
                Some(row) => layer.rows.set_mark(row, *mark),
                None => drop(layer.marks.insert(*row, *mark)),
            }
        }
        for row in (0..own.rows.len()).filter(|row| !own.gone.contains(&number(row + own.start))) {
            let (values, mark) = (own.rows.row(row), own.rows.mark(row));
            match layer.rows.position(values) {
                Some(old) => {
                    layer.gone.remove(&number(old + layer.start));
                    layer.rows.set_mark(old, mark);
                }
                None => drop(layer.rows.insert(values, mark, None)),
            }
        }
        if layer.rows.len() + layer.gone.len() > 1_024.max(start / 4) {
            *self = Version::of(self.complete(labelled));
        }
    }

    /// All that is there as a base.
    pub(crate) fn complete(&self, labelled: bool) -> Base {
        let mut cells = Cells::new(self.width());
        let mut marks = Vec::new();
        for row in self.there() {
            cells.push(self.row(row));
            marks.push(self.mark(row));
        }
        match !labelled && marks.iter().all(|mark| mark.is_given() && !mark.is_beaten()) {
            true => Base::given(cells),
            false => Base::derived(cells, marks, labelled),
        }
    }

    /// Growing rows as a base.
    pub(crate) fn settled(self, labelled: bool) -> Version {
        let Version { base, layers: [below, own] } = self;
        assert!(base.len() == 0 && below.is_none(), "bug: rows that grow on others");
        let own = own.and_then(Arc::into_inner).expect("bug: rows are shared while they grow");
        let (cells, marks) = own.rows.into_rows();
        Version::of(Base::derived(cells, marks, labelled))
    }

    /// The given tuples alone, as rows that grow.
    pub(crate) fn only_given(&self, relation: &program::Relation, values: &Interner) -> Growing {
        let mut given = Growing::of(relation);
        for row in self.there().filter(|row| self.mark(*row).is_given()) {
            given.give(self.row(row), values);
        }
        given
    }
}

impl Layer {
    /// Rows above `start` others, all of which are there.
    fn new(start: usize, rows: Growing) -> Layer {
        Layer { start, rows, gone: FxHashSet::default(), marks: FxHashMap::default(), has_beaten: false }
    }

    /// One more than the number of its last row.
    fn end(&self) -> usize {
        self.start + self.rows.len()
    }

    fn bytes(&self) -> usize {
        self.rows.bytes() + 8 * self.gone.len() + 16 * self.marks.len()
    }
}

fn number(row: usize) -> u32 {
    u32::try_from(row).expect("bug: more than 2^32 rows")
}
