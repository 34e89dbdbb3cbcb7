//! What a rule sees: the world it runs in, the world before, and which of their rows count.

use crate::base::Sorted;
use crate::growing::Cells;
use crate::index::{BindingPattern, Index};
use crate::intern::Id;
use crate::limits::Fault;
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
    layers: [Option<Arc<Index>>; 2],
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
                for (slot, (_, rows)) in layers.iter_mut().zip(version.parts()) {
                    *slot = (rows.len() > few).then(|| rows.index(look.pattern));
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
                (self.readers(pattern, look), None)
            }
            (Kind::Aggregate { sure, possible, .. }, Literal::Aggregate { group, .. }) => {
                let others = possible.as_ref().zip(group.possible.as_ref());
                let others = others.map(|(look, pattern)| Box::new(self.readers(pattern, look)));
                (self.readers(&group.sure, sure), others)
            }
            _ => ([None, None], None),
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
pub(crate) type Readers<'a> = ([Option<Reader<'a>>; 2], Option<Box<[Option<Reader<'a>>; 2]>>);

impl<'a> Reader<'a> {
    /// How many rows there are, whatever the key.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Goes through the rows that may match `key`; columns that are not part of it remain to be checked.
    ///
    /// - `share`: which part of all rows is wanted, counted from the first.
    /// - `take`: is told the number of a row and its values; returns whether to go on.
    /// - returns: whether that never was `false`.
    pub(crate) fn visit(
        &self,
        look: &Look,
        key: &[Id],
        share: Option<Range<usize>>,
        mut take: impl FnMut(usize, &'a [Id]) -> Result<bool, Fault>,
    ) -> Result<bool, Fault> {
        let wanted = match share {
            Some(share) => self.rows.start + share.start..(self.rows.start + share.end).min(self.rows.end),
            None => self.rows.clone(),
        };
        let version = self.version;
        if look.whole {
            return match version.position(key) {
                Some(row) if wanted.contains(&row) && (self.plain || self.passes(row)) => take(row, version.row(row)),
                Some(_) | None => Ok(true),
            };
        }
        let (len, cells) = (version.base().len(), version.base().cells());
        match self.base {
            _ if wanted.start >= len => {}
            // A base is complete: where rounds are told apart it is empty.
            Some(index) => {
                for row in index.range(cells, look.pattern, key).map(|place| index.row(place)) {
                    if (self.plain || self.passes(row)) && !take(row, cells.row(row))? {
                        return Ok(false);
                    }
                }
            }
            None => {
                if !self.scan(look, key, wanted.start..wanted.end.min(len), 0, cells, &mut take)? {
                    return Ok(false);
                }
            }
        }
        for ((start, rows), index) in version.parts().zip(&self.layers) {
            let Some(index) = index else {
                let (from, end) = (wanted.start.max(start) - start, wanted.end.max(start) - start);
                if !self.scan(look, key, from..end.min(rows.len()), start, rows.cells(), &mut take)? {
                    return Ok(false);
                }
                continue;
            };
            let mut next = index.newest(rows.cells(), key);
            // Older rows are further out.
            while let Some(row) = next.filter(|row| row + start >= wanted.start) {
                next = index.older(row);
                let number = row + start;
                let is_one = number < wanted.end && (self.plain || self.passes(number));
                if is_one && !take(number, rows.cells().row(row))? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// As [`Reader::visit`], of rows that no index knows.
    ///
    /// - `start`: the number of the first of `cells`.
    fn scan(
        &self,
        look: &Look,
        key: &[Id],
        rows: Range<usize>,
        start: usize,
        cells: &'a Cells,
        take: &mut impl FnMut(usize, &'a [Id]) -> Result<bool, Fault>,
    ) -> Result<bool, Fault> {
        for row in rows {
            let values = cells.row(row);
            let is_one = look.fits(key, values) && (self.plain || self.passes(row + start));
            if is_one && !take(row + start, values)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How many rows match `key`, where no column remains to be checked.
    pub(crate) fn count(&self, look: &Look, key: &[Id]) -> usize {
        if self.plain && !look.whole && self.rows == (0..self.version.len()) && self.version.parts().next().is_none() {
            return match self.base {
                Some(index) => index.range(self.version.base().cells(), look.pattern, key).len(),
                None => self.rows.len(),
            };
        }
        self.counted(look, key, usize::MAX)
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
        self.counted(look, key, most)
    }

    fn counted(&self, look: &Look, key: &[Id], most: usize) -> usize {
        let mut count = 0;
        let each = |_, _: &[Id]| {
            count += 1;
            Ok(count < most)
        };
        self.visit(look, key, None, each).expect("bug: counting fails");
        count
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
