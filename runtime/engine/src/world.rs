//! One world, from what is given to what follows: which strata run, and how a change goes through them.
//!
//! A world stands on another one and keeps what is different. A stratum that reads nothing that moved is left alone; of
//! the others, most are maintained (`maintain`), and some evaluated as a whole (`stratum`): when a world is first made,
//! within a change, and where rules read the world before.
//!
//! Not here: how a stratum is maintained or evaluated.

use crate::base::Base;
use crate::growing::{Cells, Growing, Mark};
use crate::intern::{Id, Interner};
use crate::limits::{Fault, Limits};
use crate::maintain::{Stop, maintain};
use crate::prepare::{Prepared, Stratum};
use crate::stratum::{Meter, reach};
use crate::version::Version;
use crate::view::{Changed, Relations, View};
use program::Scope;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Tuples to give and to take, by number, per relation.
pub(crate) type Changes = BTreeMap<usize, Given>;

/// Tuples of one relation to give and to take.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) added: Vec<Vec<Id>>,
    pub(crate) removed: Vec<Vec<Id>>,
}

/// Rows of the new world that are not in the old one, and of the old one that are not in the new one.
#[derive(Default)]
pub(crate) struct Moved {
    pub(crate) gained: Vec<u32>,
    pub(crate) lost: Vec<u32>,
}

/// A world that is being made.
pub(crate) struct World<'a> {
    prepared: &'a Prepared,
    /// The relations of the world on which it stands.
    all: &'a [Version],
    /// Whether that is the world before a change, and this the world after.
    is_after: bool,
    /// The relations that are other ones.
    pub(crate) changed: Changed,
    moved: FxHashMap<usize, Moved>,
    /// Strata that have to run, each behind its level.
    due: BTreeSet<(usize, usize)>,
    /// The level that runs; those below are done.
    level: usize,
    /// Recursive strata whose labels say no rounds, since they were maintained.
    pub(crate) maintained: Vec<usize>,
}

/// A world in which everything follows that does.
///
/// - `given`: rows of each relation, in any order, repetitions allowed.
/// - returns: its relations, and the most threads that worked at once.
///
/// # Faults
/// A limit, or a stop.
pub(crate) fn load(
    prepared: &Prepared,
    given: Vec<Cells>,
    values: &mut Arc<Interner>,
    limits: Limits<'_>,
) -> Result<(Vec<Version>, usize), Fault> {
    let mut all: Vec<Version> = Vec::with_capacity(given.len());
    for (relation, cells) in given.into_iter().enumerate() {
        all.push(match prepared.contests[relation].is_some() {
            true => {
                let mut rows = Growing::of(&prepared.program.relations[relation]);
                for row in 0..cells.len() {
                    rows.give(cells.row(row), values);
                }
                Version::growing(rows).settled(false)
            }
            false => Version::of(Base::given(cells)),
        });
        limits.poll()?;
    }
    let bytes = all.iter().map(Version::bytes).sum::<usize>() + values.bytes_of_all();
    let mut meter = Meter { limits, derived: 0, bytes, workers: 1 };
    limits.allow(0, meter.bytes)?;
    #[cfg(not(feature = "faults"))]
    let levels = prepared.levels.iter();
    #[cfg(feature = "faults")]
    let levels = crate::faults::levels(&prepared.levels).into_iter();
    for level in levels {
        let runs = |stratum: &usize| {
            let stratum = &prepared.strata[*stratum];
            !stratum.rules.is_empty() && stratum.scope != Scope::Change
        };
        let due: Vec<usize> = level.iter().copied().filter(runs).collect();
        let mut changed = Changed::default();
        for relation in due.iter().flat_map(|stratum| &prepared.strata[*stratum].relations) {
            let given = all[*relation].only_given(&prepared.program.relations[*relation], values);
            changed.set(*relation, Version::growing(given));
        }
        reach(prepared, &due, &all, &mut changed, None, values, &mut meter)?;
        #[cfg(feature = "faults")]
        crate::faults::invent(&mut changed, &due, prepared, values.end());
        for (relation, version) in changed.into_versions() {
            let stratum = prepared.stratum_of[relation].expect("bug: a relation without a stratum");
            let recursive = prepared.strata[stratum].recursive;
            all[relation] = version.settled(recursive);
        }
    }
    Ok((all, meter.workers))
}

/// Strata that have to run after a change of this world, whatever it says: a rule of them may fire on what holds already.
pub(crate) fn always(prepared: &Prepared, all: &[Version]) -> Vec<usize> {
    let view = View::of(Relations { all, changed: None }, None);
    let is_due = |number: &usize| {
        let stratum = &prepared.strata[*number];
        let may_fire = |rule: &usize| view.may_fire(&prepared.rules[*rule]);
        // A rule that reads the world before had nothing to read while that world was made.
        stratum.unprompted && stratum.rules.iter().any(may_fire)
            || stratum.reads_before.iter().any(|relation| all[*relation].count() > 0)
    };
    (0..prepared.strata.len()).filter(is_due).collect()
}

impl<'a> World<'a> {
    /// The world `all`, of which nothing is different yet.
    ///
    /// - `always`: where `all` is the world before a change, the strata that run after any.
    pub(crate) fn above(prepared: &'a Prepared, all: &'a [Version], always: Option<&[usize]>) -> World<'a> {
        let (changed, moved, maintained) = Default::default();
        let numbers = always.unwrap_or_default().iter();
        let due = numbers.map(|number| (prepared.level_of[*number], *number)).collect();
        World { prepared, all, is_after: always.is_some(), changed, moved, due, level: 0, maintained }
    }

    /// The world before, where there is one.
    fn before(&self) -> Option<Relations<'a>> {
        self.is_after.then_some(Relations { all: self.all, changed: None })
    }

    /// Gives and takes what `changes` says, and runs every stratum that has to.
    ///
    /// - `bytes`: that the world takes on which this one stands.
    /// - returns: the most threads that worked at once.
    ///
    /// # Faults
    /// A limit, or a stop.
    pub(crate) fn settle(
        &mut self,
        changes: &Changes,
        values: &mut Arc<Interner>,
        limits: Limits<'a>,
        bytes: usize,
    ) -> Result<usize, Fault> {
        let mut meter = Meter { limits, derived: 0, bytes: bytes + values.bytes_of_all(), workers: 1 };
        limits.allow(0, meter.bytes)?;
        limits.poll()?;
        let prepared = self.prepared;
        for (relation, given) in changes {
            match prepared.stratum_of[*relation] {
                Some(stratum) => self.run_later(stratum),
                None => self.give(*relation, given, values),
            }
        }
        while let Some((level, _)) = self.due.first().copied() {
            self.level = level + 1;
            let later = self.due.split_off(&(self.level, 0));
            let now = std::mem::replace(&mut self.due, later);
            let mut whole = Vec::new();
            for (_, number) in now {
                let stratum = &prepared.strata[number];
                let within = stratum.scope == Scope::Change;
                if stratum.rules.is_empty() || within && !(self.is_after && self.may_hold(stratum, changes)) {
                    continue;
                }
                if within || self.is_after && stratum.whole_after {
                    whole.push(number);
                } else {
                    self.maintain(number, changes, values, &mut meter)?;
                }
            }
            if !whole.is_empty() {
                self.evaluate(&whole, changes, values, &mut meter)?;
            }
        }
        Ok(meter.workers)
    }

    /// A stratum has to run, where its level is not done.
    fn run_later(&mut self, stratum: usize) {
        let level = self.prepared.level_of[stratum];
        if level >= self.level {
            self.due.insert((level, stratum));
        }
    }

    /// Whether anything may hold of a stratum that exists only within the change: it is given, or a rule can fire.
    fn may_hold(&self, stratum: &Stratum, changes: &Changes) -> bool {
        let view = View::of(Relations { all: self.all, changed: Some(&self.changed) }, self.before());
        stratum.relations.iter().any(|relation| changes.contains_key(relation))
            || stratum.rules.iter().any(|rule| view.may_fire(&self.prepared.rules[*rule]))
    }

    /// Gives and takes tuples of a relation without rules.
    fn give(&mut self, relation: usize, given: &Given, values: &Interner) {
        let old = &self.all[relation];
        let kept: FxHashSet<&[Id]> = given.added.iter().map(Vec::as_slice).collect();
        let gone = given.removed.iter().filter(|row| !kept.contains(row.as_slice()));
        let mut gone: Vec<usize> = gone.filter_map(|row| old.position(row)).collect();
        gone.sort_unstable();
        gone.dedup();
        let new: Vec<&Vec<Id>> = given.added.iter().filter(|row| old.position(row).is_none()).collect();
        if gone.is_empty() && new.is_empty() {
            return;
        }
        let contest = self.prepared.contests[relation];
        let mut groups: BTreeSet<Vec<Id>> = BTreeSet::new();
        if let Some(contest) = contest {
            groups.extend(gone.iter().filter(|row| !old.is_beaten(**row)).map(|row| contest.key(old.row(*row))));
            groups.extend(new.iter().map(|row| contest.key(row)));
        }
        let mut version = old.opened();
        gone.into_iter().for_each(|row| version.remove(row));
        for row in new {
            if version.position(row).is_none() {
                version.add(row, Mark::GIVEN);
            }
        }
        for (contest, group) in contest.iter().flat_map(|contest| groups.iter().map(move |group| (*contest, group))) {
            version.elect(contest, group, values);
        }
        let (gained, lost) = version.moved();
        self.changed.set(relation, version);
        self.move_on(relation, Moved { gained, lost });
    }

    /// Says what moved, and that whoever reads it has to run.
    fn move_on(&mut self, relation: usize, moved: Moved) {
        if moved.gained.is_empty() && moved.lost.is_empty() {
            return;
        }
        self.moved.insert(relation, moved);
        self.prepared.readers[relation].iter().for_each(|stratum| self.run_later(*stratum));
    }

    /// Sets a relation that shares no row with the one it was.
    fn replace(&mut self, relation: usize, new: Version) {
        let old = &self.all[relation];
        let missing = |one: &Version, other: &Version| -> Vec<u32> {
            let rows = one.held().filter(|row| other.holds(one.row(*row)).is_none());
            rows.map(|row| u32::try_from(row).expect("bug: more than 2^32 rows")).collect()
        };
        let moved = Moved { gained: missing(&new, old), lost: missing(old, &new) };
        self.changed.set(relation, new);
        self.move_on(relation, moved);
    }

    /// How many tuples may be looked at to bring a stratum up to date before evaluating it as a whole is less work.
    ///
    /// That derives about the tuples that it has, each in an eighth of the time that one takes which is looked at; reads
    /// what is below; and begins about as many rounds, each in the time of two. Where nothing recurs, what is read in vain can be most of
    /// the work, and no tuple is looked at more often than it moves.
    fn patience(&self, stratum: &Stratum, meter: &Meter<'_>) -> usize {
        let count = |relations: &[usize]| relations.iter().map(|relation| self.all[*relation].len()).sum::<usize>();
        let own = count(&stratum.relations);
        let bytes: usize = stratum.relations.iter().map(|relation| self.all[*relation].bytes()).sum();
        let rounds = stratum.relations.iter().map(|relation| self.all[*relation].base().rounds()).max();
        let rounds = rounds.map_or(0, |rounds| rounds as usize);
        let fits = meter.limits.allow(meter.derived + 2 * own, meter.bytes + 2 * bytes).is_ok();
        match stratum.recursive && fits {
            true => meter.limits.patience.saturating_add(own / 8 + count(&stratum.reads) / 64 + 2 * rounds),
            false => usize::MAX,
        }
    }

    fn maintain(
        &mut self,
        stratum: usize,
        changes: &Changes,
        values: &mut Arc<Interner>,
        meter: &mut Meter<'a>,
    ) -> Result<(), Fault> {
        let numbers = Arc::get_mut(values).expect("bug: values are shared while they grow");
        let (before, derived) = (self.before(), meter.derived);
        let patience = self.patience(&self.prepared.strata[stratum], meter);
        let (all, moved, changed) = (self.all, &self.moved, &mut self.changed);
        match maintain(self.prepared, stratum, all, changed, before, moved, changes, numbers, meter, patience) {
            Ok(()) => {}
            Err(Stop::Fault(fault)) => return Err(fault),
            Err(Stop::Overrun) => {
                meter.derived = derived;
                return self.evaluate(&[stratum], changes, values, meter);
            }
        }
        if self.prepared.strata[stratum].recursive {
            self.maintained.push(stratum);
        }
        for relation in &self.prepared.strata[stratum].relations {
            if let Some(version) = self.changed.get(*relation) {
                let (gained, lost) = version.moved();
                self.move_on(*relation, Moved { gained, lost });
            }
        }
        Ok(())
    }

    fn evaluate(
        &mut self,
        strata: &[usize],
        changes: &Changes,
        values: &mut Arc<Interner>,
        meter: &mut Meter<'a>,
    ) -> Result<(), Fault> {
        let prepared = self.prepared;
        let relations = || strata.iter().flat_map(|stratum| prepared.strata[*stratum].relations.iter().copied());
        for relation in relations() {
            let old = &self.all[relation];
            let mut rows = Growing::of(&prepared.program.relations[relation]);
            let none = Given::default();
            let given = changes.get(&relation).unwrap_or(&none);
            let gone: FxHashSet<&[Id]> = given.removed.iter().map(Vec::as_slice).collect();
            for row in old.there().filter(|row| old.mark(*row).is_given() && !gone.contains(old.row(*row))) {
                rows.give(old.row(row), values);
            }
            for row in &given.added {
                rows.give(row, values);
            }
            self.changed.set(relation, Version::growing(rows));
        }
        let before = self.before();
        reach(prepared, strata, self.all, &mut self.changed, before, values, meter)?;
        #[cfg(feature = "faults")]
        crate::faults::invent(&mut self.changed, strata, prepared, values.end());
        for relation in relations() {
            let new = self.changed.get(relation).expect("bug: a relation that was evaluated").clone();
            if !prepared.is_change(relation) {
                self.replace(relation, new);
            } else if new.count() > 0 {
                prepared.readers[relation].iter().for_each(|stratum| self.run_later(*stratum));
            }
        }
        Ok(())
    }
}

/// Relations that were evaluated, each with its version.
pub(crate) type Evaluated = Vec<(usize, Version)>;

/// Recursive strata evaluated as a whole, so that labels say rounds.
///
/// - `here`: the world they stand in; what is given there is given.
/// - returns: their relations, and the values that these and `values` have.
///
/// # Faults
/// A stop.
pub(crate) fn rounds(
    prepared: &Prepared,
    strata: &[usize],
    here: Relations<'_>,
    before: Option<Relations<'_>>,
    values: &Arc<Interner>,
    limits: Limits<'_>,
) -> Result<(Evaluated, Arc<Interner>), Fault> {
    let all: Vec<Version> = (0..here.all.len()).map(|relation| here.get(relation).clone()).collect();
    let mut values = Arc::new(Interner::above(values));
    let mut meter = Meter { limits, derived: 0, bytes: 0, workers: 1 };
    let mut found = Vec::new();
    for stratum in strata {
        let mut changed = Changed::default();
        for relation in &prepared.strata[*stratum].relations {
            let given = all[*relation].only_given(&prepared.program.relations[*relation], &values);
            changed.set(*relation, Version::growing(given));
        }
        reach(prepared, &[*stratum], &all, &mut changed, before, &mut values, &mut meter)?;
        found.extend(changed.into_versions());
    }
    Ok((found, values))
}
