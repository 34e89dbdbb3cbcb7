//! What a rule sees: the world it runs in, the world before, and which of their rows count.

use crate::base::Sorted;
use crate::growing::Cells;
use crate::index::{BindingPattern, Index};
use crate::intern::Id;
use crate::order::{Age, Kind, Look, Sizes, Step};
use crate::prepare::{Literal, Pattern, Rule};
use crate::version::Version;
use program::World;
use proof::Side;
use std::ops::Range;
use std::sync::Arc;

/// The relations of one world: those of another one, and what is different.
#[derive(Clone, Copy)]
pub(crate) struct Relations<'a> {
    pub(crate) all: &'a [Version],
    pub(crate) changed: Option<&'a Changed>,
}

/// The relations of a world that are other than in the world that it stands on.
#[derive(Default)]
pub(crate) struct Changed {
    /// For each relation its place among `versions`, plus one; 0 where it is the same.
    places: Vec<u32>,
    versions: Vec<(usize, Version)>,
}

/// What a rule sees.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The world it runs in.
    pub(crate) here: Relations<'a>,
    /// The finished world before, where it runs in the world after.
    pub(crate) before: Option<Relations<'a>>,
    /// For each relation the first row of the last round; empty where no rounds are run.
    pub(crate) recent: &'a [usize],
    /// Whether a rule also sees what was beaten in a lattice column of its own stratum: it may have rested on that.
    pub(crate) steps: bool,
    /// Of its own stratum's tuples a rule sees those with a smaller label.
    pub(crate) below: u64,
}

/// Rows of one relation that a step may match.
pub(crate) struct Reader<'a> {
    pub(crate) side: Side,
    pub(crate) version: &'a Version,
    rows: Range<usize>,
    /// Whether each row must be looked at: it may be gone, beaten, or too high.
    plain: bool,
    steps: bool,
    below: u64,
    base: Option<&'a Sorted>,
    layers: [Option<(usize, Arc<Index>)>; 2],
    /// Tuples that another reader of the same step gives.
    except: Option<&'a Version>,
}

/// Layers of so few rows are gone through rather than indexed.
pub(crate) const FEW: usize = 4;

impl<'a> Relations<'a> {
    /// A relation.
    pub(crate) fn get(self, relation: usize) -> &'a Version {
        let changed = self.changed.and_then(|changed| changed.get(relation));
        changed.unwrap_or(&self.all[relation])
    }
}

impl Changed {
    /// The relation, where it is another one.
    pub(crate) fn get(&self, relation: usize) -> Option<&Version> {
        let place = self.places.get(relation)?.checked_sub(1)?;
        Some(&self.versions[place as usize].1)
    }

    /// As [`Changed::get`], to be written to.
    pub(crate) fn get_mut(&mut self, relation: usize) -> Option<&mut Version> {
        let place = self.places.get(relation)?.checked_sub(1)?;
        Some(&mut self.versions[place as usize].1)
    }

    /// Sets another version of a relation.
    pub(crate) fn set(&mut self, relation: usize, version: Version) {
        if let Some(old) = self.get_mut(relation) {
            *old = version;
            return;
        }
        if self.places.len() <= relation {
            self.places.resize(relation + 1, 0);
        }
        self.versions.push((relation, version));
        self.places[relation] = u32::try_from(self.versions.len()).expect("bug: more than 2^32 relations");
    }

    /// The relations that are other ones, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Version)> {
        self.versions.iter().map(|(relation, version)| (*relation, version))
    }

    /// All of them.
    pub(crate) fn into_versions(self) -> Vec<(usize, Version)> {
        self.versions
    }
}

impl<'a> View<'a> {
    /// All that a world holds.
    pub(crate) fn of(here: Relations<'a>, before: Option<Relations<'a>>) -> View<'a> {
        View { here, before, recent: &[], steps: false, below: u64::MAX }
    }

    /// The relations that an atom reads, each with its side.
    fn sources(&self, pattern: &Pattern) -> [Option<(Side, &'a Version)>; 2] {
        let here = self.here.get(pattern.relation);
        let before = self.before.map(|before| (Side::Before, before.get(pattern.relation)));
        let side = if before.is_some() { Side::After } else { Side::Before };
        match pattern.world {
            World::Here => [Some((side, here)), None],
            World::Before => [before, None],
            // Where nothing changed the union is either.
            World::Either => [Some((side, here)), before.filter(|(_, version)| !version.is_same(here))],
        }
    }

    fn readers(&self, pattern: &Pattern, look: &Look) -> [Option<Reader<'a>>; 2] {
        let sources = self.sources(pattern);
        let limited = pattern.own && self.below < u64::MAX;
        let mut place = 0;
        sources.map(|source| {
            let (side, version) = source?;
            let first = place == 0;
            place += 1;
            let recent = || self.recent.get(pattern.relation).copied().unwrap_or(0);
            let rows = match look.age {
                Age::Any => 0..version.len(),
                Age::Stable if !first || pattern.world == World::Before => 0..version.len(),
                Age::Stable => 0..recent(),
                Age::Recent if first => recent()..version.len(),
                Age::Recent => 0..0,
            };
            if rows.is_empty() {
                return None;
            }
            let indexed = look.pattern != 0 && !look.whole;
            let base = (indexed && version.base().len() > 0).then(|| version.base().index(look.pattern));
            #[cfg(feature = "faults")]
            let few = if crate::faults::is_planted(crate::Planted::StaleIndex) { 0 } else { FEW };
            #[cfg(not(feature = "faults"))]
            let few = FEW;
            let mut layers = [None, None];
            if indexed {
                for (slot, (start, rows)) in layers.iter_mut().zip(version.parts()) {
                    *slot = (rows.len() > few).then(|| (start, rows.index(look.pattern)));
                }
            }
            // Each tuple of a union is met once, but for those that are too high here and may still stand there.
            let except = (!first && !limited).then(|| self.here.get(pattern.relation));
            let below = if limited && first { self.below } else { u64::MAX };
            let steps = self.steps && pattern.own && first;
            let plain = version.is_plain() && except.is_none() && below == u64::MAX;
            Some(Reader { side, version, rows, plain, steps, below, base, layers, except })
        })
    }

    /// The readers of every step.
    pub(crate) fn open(&self, rule: &Rule, steps: &[Step]) -> Vec<Readers<'a>> {
        let open = |step: &Step| match (&step.kind, &rule.body[step.literal]) {
            (Kind::Match(look), Literal::Holds(pattern)) | (Kind::Absent(look), Literal::Absent(pattern)) => {
                (self.readers(pattern, look), [None, None])
            }
            (Kind::Aggregate { sure, possible, .. }, Literal::Aggregate { group, .. }) => {
                let others = possible.as_ref().zip(group.possible.as_ref());
                let others = others.map(|(look, pattern)| self.readers(pattern, look));
                (self.readers(&group.sure, sure), others.unwrap_or_default())
            }
            _ => ([None, None], [None, None]),
        };
        steps.iter().map(open).collect()
    }

    /// Whether a rule can fire at all: every positive literal has something to match.
    pub(crate) fn may_fire(&self, rule: &Rule) -> bool {
        rule.body.iter().all(|literal| match literal {
            Literal::Holds(pattern) => self.rows(pattern) > 0,
            Literal::Absent(_)
            | Literal::Test { .. }
            | Literal::Is { .. }
            | Literal::Bind { .. }
            | Literal::Each { .. }
            | Literal::Aggregate { .. } => true,
        })
    }

    /// The tuples of a relation that match an atom whose variables all have a value; every side that has one is named.
    ///
    /// - `value`: the number of each column, `None` for any.
    pub(crate) fn matching(&self, pattern: &Pattern, value: &[Option<Id>]) -> Vec<(Side, usize)> {
        let before = self.before.map(|before| (Side::Before, before.get(pattern.relation)));
        let side = if before.is_some() { Side::After } else { Side::Before };
        let here = (side, self.here.get(pattern.relation));
        let sources = match pattern.world {
            World::Here => [Some(here), None],
            World::Before => [before, None],
            World::Either => [before, Some(here)],
        };
        let mut found = Vec::new();
        for (side, version) in sources.into_iter().flatten() {
            found.extend(version.matching(value).map(|row| (side, row)));
        }
        found
    }
}

impl Sizes for View<'_> {
    fn rows(&self, pattern: &Pattern) -> usize {
        self.sources(pattern).into_iter().flatten().map(|(_, version)| version.len()).sum()
    }

    fn recent(&self, pattern: &Pattern) -> usize {
        let first = self.recent.get(pattern.relation).copied().unwrap_or(0);
        self.here.get(pattern.relation).len().saturating_sub(first)
    }

    fn keys(&self, pattern: &Pattern, columns: BindingPattern) -> Option<usize> {
        let known = self.sources(pattern).into_iter().flatten().map(|(_, version)| version.keys(columns));
        known.sum()
    }
}

impl Version {
    /// The rows that hold and have these values.
    ///
    /// - `value`: the number of each column, `None` for any.
    pub(crate) fn matching<'a>(&'a self, value: &'a [Option<Id>]) -> impl Iterator<Item = usize> + 'a {
        let columns = value.iter().enumerate().take(64).filter(|(_, value)| value.is_some());
        let pattern: BindingPattern = columns.map(|(column, _)| 1 << column).sum();
        let key: Vec<Id> = value.iter().take(64).flatten().copied().collect();
        let base = (pattern != 0 && self.base().len() > 0).then(|| self.base().index(pattern));
        let range = match base {
            Some(index) => index.range(self.base().cells(), pattern, &key),
            None => 0..self.base().len(),
        };
        let below = range.map(move |place| base.map_or(place, |index| index.row(place)));
        below.chain(self.base().len()..self.len()).filter(move |row| {
            let matches = |(wanted, cell): (&Option<Id>, &Id)| wanted.is_none_or(|wanted| wanted == *cell);
            value.iter().zip(self.row(*row)).all(matches) && self.is_held(*row)
        })
    }
}

/// The relations that a step reads; the second ones are for the possible reading of an aggregate.
pub(crate) type Readers<'a> = ([Option<Reader<'a>>; 2], [Option<Reader<'a>>; 2]);

/// Rows that may match a key, part by part, each with its values.
pub(crate) struct Rows<'r, 'a> {
    reader: &'r Reader<'a>,
    part: Part<'r, 'a>,
    /// Parts that are still to come: 0 for the base, then one more than that of a layer.
    next: usize,
    whole: bool,
    pattern: BindingPattern,
    key: &'r [Id],
    /// Which part of all rows is wanted.
    wanted: Range<usize>,
}

enum Part<'r, 'a> {
    /// Places of a base, in the order of an index where there is one.
    Base(Range<usize>, Option<&'r Sorted>),
    /// Rows of a layer, counted from its first, and the number of that.
    Layer(Range<usize>, &'a Cells, usize),
    /// An index of a layer, its next row, and as above.
    Chain(&'r Index, Option<usize>, &'a Cells, usize),
}

impl<'a> Reader<'a> {
    /// How many rows there are, whatever the key.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows that may match `key`; columns that are not part of it remain to be checked.
    ///
    /// - `share`: which part of all rows is wanted, counted from the first.
    pub(crate) fn rows<'r>(&'r self, look: &Look, key: &'r [Id], share: Option<Range<usize>>) -> Rows<'r, 'a> {
        let wanted = match share {
            Some(share) => self.rows.start + share.start..(self.rows.start + share.end).min(self.rows.end),
            None => self.rows.clone(),
        };
        let part = Part::Base(0..0, None);
        Rows { reader: self, part, next: 0, whole: look.whole, pattern: look.pattern, key, wanted }
    }

    /// How many rows match `key`, where no column remains to be checked.
    pub(crate) fn count(&self, look: &Look, key: &[Id]) -> usize {
        if self.plain && !look.whole && self.rows == (0..self.version.len()) && self.version.parts().next().is_none() {
            return match self.base {
                Some(index) => index.range(self.version.base().cells(), look.pattern, key).len(),
                None => self.rows.len(),
            };
        }
        self.rows(look, key, None).count()
    }

    /// Of rows that had to have a smaller label than some, the label that they have to be below now.
    pub(crate) fn lower(&mut self, below: u64) {
        if self.below != u64::MAX {
            self.below = below;
        }
    }

    /// How many rows may match `key`, looked at no further than `most`.
    pub(crate) fn up_to(&self, look: &Look, key: &[Id], most: usize) -> usize {
        match self.base {
            Some(index) if !look.whole => {
                let below = index.range(self.version.base().cells(), look.pattern, key).len();
                if below >= most || self.version.parts().all(|(_, rows)| rows.len() == 0) {
                    return below;
                }
            }
            Some(_) | None => {}
        }
        self.rows(look, key, None).take(most).count()
    }

    fn passes(&self, row: usize) -> bool {
        let version = self.version;
        version.is_there(row)
            && (self.steps || !version.is_beaten(row))
            && (self.below == u64::MAX || version.mark(row).label() < self.below)
            && self.except.is_none_or(|other| match other.is_above(version) {
                true => !other.is_held(row),
                false => other.holds(version.row(row)).is_none(),
            })
    }
}

impl<'a> Rows<'_, 'a> {
    /// Goes to the next part; `false` where there is none.
    fn advance(&mut self) -> bool {
        let reader = self.reader;
        let version = reader.version;
        if self.whole {
            let row = (self.next == 0).then(|| version.position(self.key)).flatten();
            self.next = usize::MAX;
            return match row.filter(|row| self.wanted.contains(row)) {
                Some(row) => {
                    self.part = self.single(row);
                    true
                }
                None => false,
            };
        }
        loop {
            let at = self.next;
            self.next += 1;
            if at == 0 {
                let len = version.base().len();
                if self.wanted.start >= len {
                    continue;
                }
                self.part = match reader.base {
                    // A base is complete: where rounds are told apart it is empty.
                    Some(index) if self.pattern != 0 => {
                        Part::Base(index.range(version.base().cells(), self.pattern, self.key), Some(index))
                    }
                    _ => Part::Base(self.wanted.start..self.wanted.end.min(len), None),
                };
                return true;
            }
            let Some((start, rows)) = version.parts().nth(at - 1) else {
                self.next = at;
                return false;
            };
            self.part = match &reader.layers[at - 1] {
                Some((_, index)) if self.pattern != 0 => {
                    Part::Chain(index, index.newest(rows.cells(), self.key), rows.cells(), start)
                }
                _ => {
                    let from = self.wanted.start.max(start) - start;
                    let end = self.wanted.end.max(start) - start;
                    Part::Layer(from..end.min(rows.len()), rows.cells(), start)
                }
            };
            return true;
        }
    }

    /// One row.
    fn single(&self, row: usize) -> Part<'static, 'a> {
        let version = self.reader.version;
        let layer = version.parts().filter(|(start, _)| *start <= row).last();
        match layer {
            Some((start, rows)) => Part::Layer(row - start..row - start + 1, rows.cells(), start),
            None => Part::Base(row..row + 1, None),
        }
    }

    /// Whether a row has the key: those of a part without an index need not.
    fn has_key(&self, cells: &[Id]) -> bool {
        let mut columns = self.pattern;
        self.key.iter().all(|value| {
            let column = columns.trailing_zeros() as usize;
            columns &= columns - 1;
            cells[column] == *value
        })
    }
}

impl<'a> Iterator for Rows<'_, 'a> {
    /// The number of a row, and its values.
    type Item = (usize, &'a [Id]);

    fn next(&mut self) -> Option<(usize, &'a [Id])> {
        loop {
            let found = match &mut self.part {
                Part::Base(range, index) => range.next().map(|place| {
                    let row = index.map_or(place, |index| index.row(place));
                    (row, self.reader.version.base().cells().row(row), index.is_some())
                }),
                Part::Layer(range, cells, start) => range.next().map(|row| (row + *start, cells.row(row), false)),
                Part::Chain(index, at, cells, start) => match *at {
                    // Older rows are further out.
                    Some(row) if row + *start >= self.wanted.start => {
                        *at = index.older(row);
                        if row + *start >= self.wanted.end {
                            continue;
                        }
                        Some((row + *start, cells.row(row), true))
                    }
                    Some(_) | None => None,
                },
            };
            match found {
                Some((_, cells, false)) if self.pattern != 0 && !self.whole && !self.has_key(cells) => {}
                Some((row, cells, _)) if self.reader.plain || self.reader.passes(row) => return Some((row, cells)),
                Some(_) => {}
                None if self.advance() => {}
                None => return None,
            }
        }
    }
}
