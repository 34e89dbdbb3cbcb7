//! A stratum kept up to date: what moved below goes through its rules, and nothing else.
//!
//! First what may have lost its derivations: rules are run over the world as it was, from what moved; their heads are
//! *suspects*. Then, from the smallest label up, each suspect is asked for another derivation (`suspects`), and goes
//! where there is none, which makes suspects of what was derived from it with a larger label. At last what is new: rules
//! are run over the world as it is, from what moved, and on from each new tuple.
//!
//! No derivations are counted: whether one is left is asked backwards, from the head, which stops at the first. So a
//! stratum without recursion needs nothing kept beside its tuples, and what is asked only for its existence is never
//! enumerated. Whether a group has another aggregate is asked in the same way.
//!
//! Where nearly everything goes or comes, all that is more work than the stratum as a whole. So work is counted, and where it
//! has cost about what that would, it ends with [`Stop::Overrun`]: the two together cost at most twice the better one.
//!
//! Of a lattice relation what was beaten is asked for like any other tuple, and what is to come waits in the order of its
//! value (`improve`).
//!
//! Read downwards: [`maintain`] is the whole, [`Work`] what its parts share.
//!
//! INVARIANT: afterwards each tuple of a recursive stratum that is not given has a derivation from tuples of the stratum
//! that have smaller labels.
//!
//! Source: Gupta, Mumick, Subrahmanian, *Maintaining views incrementally*, SIGMOD 1993, for delta rules and rederivation.
//! Motik, Nenov, Piro, Horrocks, *Incremental update of Datalog materialisation*, AAAI 2015, for asking backwards.

use crate::growing::Mark;
use crate::improve::Coming;
use crate::intern::{Id, Interner};
use crate::limits::Fault;
use crate::prepare::{Literal, Prepared, Stratum, Use};
use crate::probe::{Heads, Known, Probe};
use crate::run::Frame;
use crate::stratum::Meter;
use crate::suspects::Suspects;
use crate::version::Version;
use crate::view::{Changed, Relations, View};
use crate::world::{Changes, Moved};
use proof::Side;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// A group of a lattice relation: what its rows say but for that column.
pub(crate) type Group = (usize, Vec<Id>);

/// Why a stratum is not brought up to date.
pub(crate) enum Stop {
    Fault(Fault),
    /// Evaluating it as a whole is about as much work as was done by now. What was done is of no use then.
    Overrun,
}

/// What the parts of the work share.
pub(crate) struct Work<'m, 'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) stratum: &'a Stratum,
    pub(crate) all: &'a [Version],
    pub(crate) changed: &'m mut Changed,
    /// The world before, where this is the world after.
    pub(crate) before: Option<Relations<'a>>,
    pub(crate) values: &'m mut Interner,
    pub(crate) meter: &'m mut Meter<'a>,
    pub(crate) frame: Frame,
    /// Rules that were run over the world as it was.
    known: Vec<Known<'a>>,
    /// Memory for the heads of one rule.
    heads: Heads,
    /// Groups of lattice relations of which the row went that held.
    pub(crate) headless: BTreeSet<Group>,
    /// What holds of groups of lattice relations, and its value, since all suspects are settled.
    pub(crate) holding: FxHashMap<Group, Option<(usize, i64)>>,
    /// How much was done since it was last asked whether to go on.
    ticks: u32,
    /// Tuples that may still be looked at.
    left: usize,
}

/// In which world a rule is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// As it was.
    Old,
    /// As it is.
    New,
}

/// Is told a rule, and what it derives.
pub(crate) type Take<'t, W> = dyn FnMut(&mut W, usize, &Heads) -> Result<(), Stop> + 't;

/// Brings a stratum up to date.
///
/// - `all`: the world as it was; `changed`: what is different by now, to which the stratum's relations are added.
/// - `moved`: what moved of relations below.
/// - `changes`: what is given and taken, the stratum's own tuples among it.
/// - `patience`: how many tuples may be looked at.
///
/// # Faults
/// Whatever `meter` says, and [`Stop::Overrun`]. What `changed` says of the stratum is then of no use.
#[expect(clippy::too_many_arguments, reason = "the parts of a world that is being made, each borrowed in its own way")]
pub(crate) fn maintain<'a>(
    prepared: &'a Prepared,
    stratum: usize,
    all: &'a [Version],
    changed: &mut Changed,
    before: Option<Relations<'a>>,
    moved: &FxHashMap<usize, Moved>,
    changes: &Changes,
    values: &mut Interner,
    meter: &mut Meter<'a>,
    patience: usize,
) -> Result<(), Stop> {
    let stratum = &prepared.strata[stratum];
    let mut work = Work {
        prepared,
        stratum,
        all,
        changed,
        before,
        values,
        meter,
        frame: Frame::default(),
        known: Vec::new(),
        heads: Heads::default(),
        headless: BTreeSet::new(),
        holding: FxHashMap::default(),
        ticks: 0,
        left: patience,
    };
    let mut suspects = Suspects::default();
    let mut coming = Coming::default();
    for relation in stratum.relations.iter().filter(|relation| changes.contains_key(relation)) {
        let given = &changes[relation];
        let kept: FxHashSet<&[Id]> = given.added.iter().map(Vec::as_slice).collect();
        for row in given.removed.iter().filter(|row| !kept.contains(row.as_slice())) {
            let version = work.here(*relation);
            if let Some(at) = version.position(row).filter(|at| version.mark(*at).is_given()) {
                let mark = version.mark(at);
                work.own(*relation).set_mark(at, mark.with_given(false));
                suspects.add(mark.label(), *relation, at);
            }
        }
    }
    work.seed(moved, When::Old, &mut |work, rule, heads| suspects.add_heads(work, rule, heads))?;
    suspects.settle(&mut work, &mut coming.fresh)?;
    let headless = work.succeed(&mut coming);
    for relation in stratum.relations.iter().filter(|relation| changes.contains_key(relation)) {
        for row in &changes[relation].added {
            let version = work.here(*relation);
            match version.position(row) {
                Some(at) => {
                    let mark = version.mark(at).with_given(true);
                    if version.mark(at) != mark {
                        work.own(*relation).set_mark(at, mark);
                    }
                }
                None => {
                    work.give(*relation, row, &mut coming);
                }
            }
        }
    }
    work.ask(&headless, &mut coming)?;
    work.seed(moved, When::New, &mut |work, rule, heads| work.admit(rule, heads, &mut coming))?;
    while work.next(&mut coming)? {
        let round = std::mem::take(&mut coming.fresh);
        if stratum.recursive {
            work.onward(&round, When::New, &mut |work, rule, heads| work.admit(rule, heads, &mut coming))?;
        }
    }
    Ok(())
}

impl<'a> Work<'_, 'a> {
    /// A relation as it is.
    pub(crate) fn here(&self, relation: usize) -> &Version {
        self.changed.get(relation).unwrap_or(&self.all[relation])
    }

    /// A relation of the stratum, to be written to.
    pub(crate) fn own(&mut self, relation: usize) -> &mut Version {
        if self.changed.get(relation).is_none() {
            self.changed.set(relation, self.all[relation].opened());
        }
        self.changed.get_mut(relation).expect("bug: a relation that was just opened")
    }

    /// Runs rules over the world as it is.
    ///
    /// - `steps`: whether they see what was beaten, too.
    pub(crate) fn probe(&mut self, steps: bool) -> Probe<'_, '_> {
        let here = Relations { all: self.all, changed: Some(&*self.changed) };
        let view = View { steps, ..View::of(here, self.before) };
        Probe::new(self.prepared, view, &mut self.frame, self.values, self.meter)
    }

    /// How many tuples may still be looked at.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Counts tuples that were looked at.
    pub(crate) fn spend(&mut self, tuples: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(tuples).ok_or(Stop::Overrun)?;
        Ok(())
    }

    /// Counts one tuple; asks now and then whether to go on.
    pub(crate) fn tick(&mut self) -> Result<(), Stop> {
        self.spend(1)?;
        self.ticks += 1;
        if self.ticks.is_multiple_of(64) {
            self.meter.limits.poll()?;
            let own: usize = self.stratum.relations.iter().map(|relation| self.here(*relation).own_bytes()).sum();
            self.meter.limits.allow(self.meter.derived, self.meter.bytes + own + self.values.bytes())?;
        }
        Ok(())
    }

    /// Runs every rule from each of its literals whose relation moved.
    ///
    /// - `when`: in the world as it was, from what makes a literal false; in the world as it is, from what makes it true.
    /// - `take`: is told the rule, and its heads.
    fn seed(&mut self, moved: &FxHashMap<usize, Moved>, when: When, take: &mut Take<'_, Self>) -> Result<(), Stop> {
        let (prepared, stratum) = (self.prepared, self.stratum);
        for read in &stratum.uses {
            // Who reads the world before is evaluated as a whole, but for what is carried over.
            let Some(moved) = moved.get(&read.relation) else { continue };
            // In either world holds what did before, so nothing is lost there.
            let stays = read.either && self.before.is_some();
            let (gained, lost) = (moved.gained.as_slice(), if stays { &[] } else { moved.lost.as_slice() });
            let none: &[u32] = &[];
            let (gained, lost) = match (&prepared.rules[read.rule].body[read.literal], when) {
                (Literal::Holds(_), When::Old) | (Literal::Absent(_), When::New) => (none, lost),
                (Literal::Holds(_), When::New) | (Literal::Absent(_), When::Old) => (gained, none),
                _ => (gained, lost),
            };
            for (rows, in_new) in [(gained, true), (lost, false)] {
                self.run(read, rows, in_new, when, take)?;
            }
        }
        Ok(())
    }

    /// Runs every rule from each of its literals that reads one of these tuples of the stratum.
    pub(crate) fn onward(
        &mut self,
        from: &[(usize, usize)],
        when: When,
        take: &mut Take<'_, Self>,
    ) -> Result<(), Stop> {
        let (prepared, stratum) = (self.prepared, self.stratum);
        let mut rows: Vec<u32> = Vec::new();
        for read in &stratum.uses {
            let Literal::Holds(pattern) = &prepared.rules[read.rule].body[read.literal] else { continue };
            // What is gone is still there in either world.
            let stays = when == When::Old && read.either && self.before.is_some();
            if !pattern.own || stays {
                continue;
            }
            rows.clear();
            let its = from.iter().filter(|(relation, _)| *relation == read.relation);
            rows.extend(its.map(|(_, row)| u32::try_from(*row).expect("bug: more than 2^32 rows")));
            self.run(read, &rows, true, when, take)?;
        }
        Ok(())
    }

    /// Runs a rule from one of its literals.
    ///
    /// - `rows`: what that literal matches, or what its group or absence has to do with: of `relation` as it is where
    ///   `in_new`, else as it was.
    fn run(
        &mut self,
        read: &Use,
        rows: &[u32],
        in_new: bool,
        when: When,
        take: &mut Take<'_, Self>,
    ) -> Result<(), Stop> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut heads = std::mem::take(&mut self.heads);
        heads.clear();
        let (number, literal, relation) = (read.rule, read.literal, read.relation);
        let from = if in_new { self.changed.get(relation).unwrap_or(&self.all[relation]) } else { &self.all[relation] };
        match when {
            When::Old => {
                // It may have rested on what was beaten.
                let view = View { steps: true, ..View::of(Relations { all: self.all, changed: None }, None) };
                let mut probe = Probe::new(self.prepared, view, &mut self.frame, self.values, self.meter);
                // The world as it was stays so.
                probe.known = std::mem::take(&mut self.known);
                probe.forth(number, literal, (from, Side::Before), rows, false, &mut heads)?;
                self.known = probe.known;
            }
            When::New => {
                let side = if self.before.is_some() { Side::After } else { Side::Before };
                let view = View::of(Relations { all: self.all, changed: Some(&*self.changed) }, self.before);
                let mut probe = Probe::new(self.prepared, view, &mut self.frame, self.values, self.meter);
                probe.forth(number, literal, (from, side), rows, true, &mut heads)?;
            }
        }
        self.tick()?;
        if !heads.is_empty() {
            take(self, number, &heads)?;
        }
        self.heads = heads;
        Ok(())
    }

    /// Adds heads that are not there yet, and says which; those of a lattice relation wait.
    pub(crate) fn admit(&mut self, rule: usize, heads: &Heads, coming: &mut Coming) -> Result<(), Stop> {
        let relation = self.prepared.rules[rule].head.relation;
        if let Some(contest) = self.prepared.contests[relation] {
            return self.line_up(relation, contest, heads, self.width(rule), coming);
        }
        for (row, label) in heads.iter(self.width(rule)) {
            if self.here(relation).position(row).is_none() {
                let at = self.own(relation).add(row, Mark::derived(label));
                coming.fresh.push((relation, at));
                self.meter.derived += 1;
                self.tick()?;
            }
        }
        Ok(self.meter.limits.allow(self.meter.derived, self.meter.bytes)?)
    }

    /// Takes a row of the stratum away.
    pub(crate) fn remove(&mut self, relation: usize, row: usize) {
        if let Some(contest) = self.prepared.contests[relation] {
            let version = self.here(relation);
            if !version.is_beaten(row) {
                let group = contest.key(version.row(row));
                self.headless.insert((relation, group));
            }
        }
        self.own(relation).remove(row);
    }

    /// How many columns the head of a rule has.
    pub(crate) fn width(&self, rule: usize) -> usize {
        self.prepared.rules[rule].head.slots.len()
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}
