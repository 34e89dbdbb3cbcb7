//! What a rule sees: the world it runs in, the world before, and how old a tuple must be.

use crate::index::{BindingPattern, Index};
use crate::intern::Id;
use crate::order::{Age, Kind, Look, Sizes, Step};
use crate::prepare::{Literal, Pattern, Rule};
use crate::relation::Relation;
use crate::run::Readers;
use program::World;
use proof::Side;
use std::ops::Range;
use std::sync::Arc;

/// The relations of one world, one per relation of the program.
pub(crate) type Relations = Vec<Arc<Relation>>;

/// What a rule sees.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The world it runs in.
    pub(crate) here: &'a [Arc<Relation>],
    /// The finished world before, where it runs in the world after.
    pub(crate) before: Option<&'a [Arc<Relation>]>,
    /// For each relation the first row of the last round; empty where nothing grows.
    pub(crate) recent: &'a [usize],
    /// Whether a rule also sees what was beaten in a lattice column of its own stratum: it may have rested on that.
    pub(crate) steps: bool,
}

/// Rows of one relation that a step may match.
pub(crate) struct Reader<'a> {
    pub(crate) side: Side,
    pub(crate) relation: &'a Relation,
    rows: Range<usize>,
    steps: bool,
    index: Option<Arc<Index>>,
    /// Tuples that another reader of the same step gives.
    except: Option<&'a Relation>,
}

/// Rows that may match a key.
enum Rows<'a> {
    Scan(Range<usize>),
    Chain(&'a Index, Option<usize>, Range<usize>),
}

impl<'a> View<'a> {
    /// The relations that an atom reads, each with its side.
    fn sources(&self, pattern: &Pattern) -> [Option<(Side, &'a Arc<Relation>)>; 2] {
        let here = &self.here[pattern.relation];
        let before = self.before.map(|before| (Side::Before, &before[pattern.relation]));
        let side = if before.is_some() { Side::After } else { Side::Before };
        match pattern.world {
            World::Here => [Some((side, here)), None],
            World::Before => [before, None],
            // Where nothing changed the union is either.
            World::Either => [Some((side, here)), before.filter(|(_, relation)| !Arc::ptr_eq(relation, here))],
        }
    }

    fn readers(&self, pattern: &Pattern, look: &Look) -> Vec<Reader<'a>> {
        let mut found = Vec::new();
        for (place, (side, relation)) in self.sources(pattern).into_iter().flatten().enumerate() {
            let recent = || self.recent.get(pattern.relation).copied().unwrap_or(0);
            let rows = match (look.age, place) {
                (Age::Any, _) | (Age::Stable, 1) => 0..relation.len(),
                (Age::Stable, _) if pattern.world == World::Before => 0..relation.len(),
                (Age::Stable, _) => 0..recent(),
                (Age::Recent, 0) => recent()..relation.len(),
                (Age::Recent, _) => 0..0,
            };
            if rows.is_empty() {
                continue;
            }
            let index = (look.pattern != 0 && !look.whole).then(|| relation.index(look.pattern));
            // Each tuple of a union is met once.
            let except = (place == 1).then(|| &**self.here.get(pattern.relation).expect("bug: no such relation"));
            let steps = self.steps && pattern.own && place == 0;
            found.push(Reader { side, relation, rows, steps, index, except });
        }
        found
    }

    /// The readers of every step.
    pub(crate) fn open(&self, rule: &Rule, steps: &[Step]) -> Vec<Readers<'a>> {
        let open = |step: &Step| match (&step.kind, &rule.body[step.literal]) {
            (Kind::Match(look), Literal::Holds(pattern)) | (Kind::Absent(look), Literal::Absent(pattern)) => {
                (self.readers(pattern, look), Vec::new())
            }
            (Kind::Aggregate { sure, possible, .. }, Literal::Aggregate { group, .. }) => {
                let others = possible.as_ref().zip(group.possible.as_ref());
                let others = others.map(|(look, pattern)| self.readers(pattern, look));
                (self.readers(&group.sure, sure), others.unwrap_or_default())
            }
            _ => (Vec::new(), Vec::new()),
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
        let columns = value.iter().enumerate().take(64).filter(|(_, value)| value.is_some());
        let columns: BindingPattern = columns.map(|(column, _)| 1 << column).sum();
        let key: Vec<Id> = value.iter().take(64).flatten().copied().collect();
        let mut found = Vec::new();
        let before = self.before.map(|before| (Side::Before, &before[pattern.relation]));
        let side = if before.is_some() { Side::After } else { Side::Before };
        let here = (side, &self.here[pattern.relation]);
        let sources = match pattern.world {
            World::Here => [Some(here), None],
            World::Before => [before, None],
            World::Either => [before, Some(here)],
        };
        for (side, relation) in sources.into_iter().flatten() {
            let index = (columns != 0).then(|| relation.index(columns));
            let rows = match &index {
                Some(index) => Rows::Chain(index, index.newest(relation.cells(), &key), 0..relation.len()),
                None => Rows::Scan(0..relation.len()),
            };
            let matches = |row: &usize| {
                let cells = relation.row(*row);
                !relation.is_beaten(*row)
                    && value.iter().zip(cells).all(|(wanted, cell)| wanted.is_none_or(|wanted| wanted == *cell))
            };
            found.extend(rows.filter(matches).map(|row| (side, row)));
        }
        found
    }
}

impl Sizes for View<'_> {
    fn rows(&self, pattern: &Pattern) -> usize {
        self.sources(pattern).into_iter().flatten().map(|(_, relation)| relation.len()).sum()
    }

    fn keys(&self, pattern: &Pattern, columns: BindingPattern) -> Option<usize> {
        let known = self.sources(pattern).into_iter().flatten().map(|(_, relation)| relation.keys(columns));
        known.sum()
    }
}

impl<'a> Reader<'a> {
    /// How many rows there are, whatever the key.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows that may match `key`; columns that are not part of it remain to be checked.
    ///
    /// - `share`: which part of all rows is wanted, counted from the first.
    pub(crate) fn rows<'s>(
        &'s self,
        look: &Look,
        key: &[Id],
        share: Option<Range<usize>>,
    ) -> impl Iterator<Item = usize> + use<'s, 'a> {
        let rows = if look.whole {
            let row = self.relation.position(key).filter(|row| self.rows.contains(row));
            Rows::Scan(row.map_or(0..0, |row| row..row + 1))
        } else if let Some(index) = &self.index {
            Rows::Chain(index, index.newest(self.relation.cells(), key), self.rows.clone())
        } else {
            let share = share.unwrap_or(0..self.rows.len());
            Rows::Scan(self.rows.start + share.start..(self.rows.start + share.end).min(self.rows.end))
        };
        let is_met = |row: usize| self.except.is_some_and(|other| other.holds(self.relation.row(row)).is_some());
        rows.filter(move |row| (self.steps || !self.relation.is_beaten(*row)) && !is_met(*row))
    }
}

impl Iterator for Rows<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        match self {
            Rows::Scan(rows) => rows.next(),
            Rows::Chain(index, at, rows) => loop {
                let row = (*at)?;
                if row < rows.start {
                    // Older rows are further out.
                    return None;
                }
                *at = index.older(row);
                if row < rows.end {
                    return Some(row);
                }
            },
        }
    }
}
