//! One world, from what is given to what follows: which strata run, and which a change leaves alone.
//!
//! A stratum runs again where a relation that it reads has other tuples than before, or where its own were given or
//! taken. Everything else is shared with the world that was.
//!
//! Not here: how a stratum runs (`stratum`).

use crate::intern::{Id, Interner};
use crate::limits::{Fault, Limits};
use crate::prepare::Prepared;
use crate::relation::Relation;
use crate::stratum::{Meter, reach};
use crate::view::Relations;
use program::Scope;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tuples to add and to take, by number, per relation.
pub(crate) type Changes = BTreeMap<usize, Changed>;

/// Tuples of one relation to add and to take.
#[derive(Default)]
pub(crate) struct Changed {
    pub(crate) added: Vec<Vec<Id>>,
    pub(crate) removed: Vec<Vec<Id>>,
}

/// A world to be settled.
pub(crate) struct World<'a> {
    /// The relations; what is given in them is up to date.
    pub(crate) here: Relations,
    /// The relations as they were, where the rest of the world was settled already.
    pub(crate) was: Option<&'a Relations>,
    /// The finished world before, where this is the world after a change.
    pub(crate) before: Option<&'a Relations>,
    /// For each relation whether it has other tuples than `was`.
    changed: Vec<bool>,
}

impl<'a> World<'a> {
    /// A world of which nothing is settled.
    pub(crate) fn new(here: Relations) -> World<'a> {
        let changed = vec![true; here.len()];
        World { here, was: None, before: None, changed }
    }

    /// The world `was` with other given tuples.
    ///
    /// - `before`: the finished world before, where this is the world after a change.
    pub(crate) fn changed(
        was: &'a Relations,
        before: Option<&'a Relations>,
        changes: &Changes,
        values: &Interner,
    ) -> World<'a> {
        let mut here = was.clone();
        let mut changed = vec![false; here.len()];
        for (relation, Changed { added, removed }) in changes {
            let old = &was[*relation];
            let is_given = |row: &Vec<Id>| old.position(row).is_some_and(|at| at < old.given());
            let kept: FxHashSet<&Vec<Id>> = added.iter().collect();
            let gone = |row: &Vec<Id>| is_given(row) && !kept.contains(row);
            let mut taken: Vec<usize> =
                removed.iter().filter(|row| gone(row)).filter_map(|row| old.position(row)).collect();
            taken.sort_unstable();
            if taken.is_empty() && added.iter().all(is_given) {
                continue;
            }
            let mut new = match taken.is_empty() && old.given() == old.len() {
                true => Relation::clone(old),
                false => old.keep(|row| taken.binary_search(&row).is_err()),
            };
            for row in added {
                new.give(row, values);
            }
            here[*relation] = Arc::new(new);
            changed[*relation] = true;
        }
        World { here, was: Some(was), before, changed }
    }

    /// Runs every stratum that has to.
    ///
    /// - returns: the most threads that worked at once.
    ///
    /// # Faults
    /// A limit, or a stop.
    pub(crate) fn settle(
        &mut self,
        prepared: &Prepared,
        values: &mut Arc<Interner>,
        limits: Limits<'_>,
    ) -> Result<usize, Fault> {
        let mut meter = Meter { limits, derived: 0, bytes: self.bytes(values), workers: 1 };
        limits.allow(0, meter.bytes)?;
        limits.poll()?;
        #[cfg(not(feature = "faults"))]
        let levels = prepared.levels.iter();
        #[cfg(feature = "faults")]
        let levels = crate::faults::levels(&prepared.levels).into_iter();
        for level in levels {
            let due: Vec<usize> = level.iter().copied().filter(|stratum| self.is_due(prepared, *stratum)).collect();
            if due.is_empty() {
                continue;
            }
            let relations = || due.iter().flat_map(|stratum| prepared.strata[*stratum].relations.iter().copied());
            for relation in relations() {
                if Arc::get_mut(&mut self.here[relation]).is_none() {
                    self.here[relation] = Arc::new(self.here[relation].only_given());
                }
            }
            reach(prepared, &due, &mut self.here, self.before, values, &mut meter)?;
            #[cfg(feature = "faults")]
            crate::faults::invent(&mut self.here, relations());
            for relation in relations() {
                self.changed[relation] = self.was.is_none_or(|was| !was[relation].is_same(&self.here[relation]));
            }
        }
        Ok(meter.workers)
    }

    /// Whether a stratum has to run.
    fn is_due(&self, prepared: &Prepared, stratum: usize) -> bool {
        let stratum = &prepared.strata[stratum];
        if stratum.rules.is_empty() {
            return false;
        }
        if stratum.scope == Scope::Change {
            return self.before.is_some();
        }
        if self.was.is_none() {
            return true;
        }
        let is_changed = |relation: &usize| self.changed[*relation];
        // A rule that reads the world before had nothing to read while that world was made.
        let is_read = |relation: &usize| self.before.is_some_and(|before| before[*relation].len() > 0);
        stratum.relations.iter().any(is_changed)
            || stratum.reads.iter().any(is_changed)
            || stratum.reads_before.iter().any(is_read)
    }

    fn bytes(&self, values: &Interner) -> usize {
        let here: usize = self.here.iter().map(|relation| relation.bytes()).sum();
        let apart = |(new, old): &(&Arc<Relation>, &Arc<Relation>)| !Arc::ptr_eq(new, old);
        let was = self.was.map(|was| self.here.iter().zip(was).filter(apart).map(|(_, old)| old.bytes()).sum());
        values.bytes_of_all() + here + was.unwrap_or(0)
    }
}
