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
use crate::prepare::{Literal, Prepared, Rule, Slot, Start, Stratum};
use crate::run::{Every, Frame, Job, Machine, Sink};
use crate::stratum::Meter;
use crate::suspects::Suspects;
use crate::version::Version;
use crate::view::{Changed, Relations, View};
use crate::world::{Changes, Moved};
use program::World;
use proof::Side;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A group of a lattice relation: what its rows say but for that column.
pub(crate) type Group = (usize, Vec<Id>);

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
    /// Groups of lattice relations of which the row went that held.
    pub(crate) headless: BTreeSet<Group>,
    /// What holds of groups of lattice relations, and its value, since all suspects are settled.
    pub(crate) holding: FxHashMap<Group, Option<(usize, i64)>>,
    /// How much was done since it was last asked whether to go on.
    ticks: u32,
}

/// In which world a rule is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// As it was.
    Old,
    /// As it is.
    New,
}

/// What rules derive: heads one after the other, and the label that each would have.
#[derive(Default)]
pub(crate) struct Heads {
    rows: Vec<Id>,
    labels: Vec<u64>,
}

/// Brings a stratum up to date.
///
/// - `all`: the world as it was; `changed`: what is different by now, to which the stratum's relations are added.
/// - `moved`: for each relation below what moved.
/// - `changes`: what is given and taken, the stratum's own tuples among it.
///
/// # Faults
/// Whatever `meter` says. `changed` is then of no use.
#[expect(clippy::too_many_arguments, reason = "the parts of a world that is being made, each borrowed in its own way")]
pub(crate) fn maintain<'a>(
    prepared: &'a Prepared,
    stratum: usize,
    all: &'a [Version],
    changed: &mut Changed,
    before: Option<Relations<'a>>,
    moved: &[Option<Moved>],
    changes: &Changes,
    values: &mut Interner,
    meter: &mut Meter<'a>,
) -> Result<(), Fault> {
    let stratum = &prepared.strata[stratum];
    let (frame, headless, holding) = Default::default();
    let mut work = Work { prepared, stratum, all, changed, before, values, meter, frame, headless, holding, ticks: 0 };
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

    /// Counts work; asks now and then whether to go on.
    pub(crate) fn tick(&mut self) -> Result<(), Fault> {
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
    fn seed(
        &mut self,
        moved: &[Option<Moved>],
        when: When,
        take: &mut dyn FnMut(&mut Self, usize, Heads) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let prepared = self.prepared;
        for number in &self.stratum.rules {
            let body = &prepared.rules[*number].body;
            for (place, literal) in body.iter().enumerate() {
                for pattern in literal.patterns() {
                    let Some(moved) = &moved[pattern.relation] else { continue };
                    if pattern.world == World::Before {
                        // Who reads the world before is evaluated as a whole, but for what is carried over.
                        continue;
                    }
                    // In either world holds what did before, so nothing is lost there.
                    let stays = pattern.world == World::Either && self.before.is_some();
                    let (gained, lost) = (moved.gained.as_slice(), if stays { &[] } else { moved.lost.as_slice() });
                    let none: &[u32] = &[];
                    let (gained, lost) = match (literal, when) {
                        (Literal::Holds(_), When::Old) | (Literal::Absent(_), When::New) => (none, lost),
                        (Literal::Holds(_), When::New) | (Literal::Absent(_), When::Old) => (gained, none),
                        _ => (gained, lost),
                    };
                    for (rows, in_new) in [(gained, true), (lost, false)] {
                        let heads = self.run(*number, place, pattern.relation, rows, in_new, when)?;
                        if !heads.labels.is_empty() {
                            take(self, *number, heads)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Runs every rule from each of its literals that reads one of these tuples of the stratum.
    pub(crate) fn onward(
        &mut self,
        from: &[(usize, usize)],
        when: When,
        take: &mut dyn FnMut(&mut Self, usize, Heads) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let prepared = self.prepared;
        let mut rows: Vec<u32> = Vec::new();
        for number in &self.stratum.rules {
            for (place, literal) in prepared.rules[*number].body.iter().enumerate() {
                let Literal::Holds(pattern) = literal else { continue };
                // What is gone is still there in either world.
                let stays = when == When::Old && pattern.world == World::Either && self.before.is_some();
                if !pattern.own || stays {
                    continue;
                }
                rows.clear();
                let its = from.iter().filter(|(relation, _)| *relation == pattern.relation);
                rows.extend(its.map(|(_, row)| u32::try_from(*row).expect("bug: more than 2^32 rows")));
                let heads = self.run(*number, place, pattern.relation, &rows, true, when)?;
                if !heads.labels.is_empty() {
                    take(self, *number, heads)?;
                }
            }
        }
        Ok(())
    }

    /// Runs a rule from one of its literals.
    ///
    /// - `rows`: what that literal matches, or what its group or absence has to do with: of `relation` as it is where
    ///   `in_new`, else as it was.
    fn run(
        &mut self,
        number: usize,
        literal: usize,
        relation: usize,
        rows: &[u32],
        in_new: bool,
        when: When,
    ) -> Result<Heads, Fault> {
        let mut heads = Heads::default();
        if rows.is_empty() {
            return Ok(heads);
        }
        let rule = &self.prepared.rules[number];
        let Some(pattern) = rule.body[literal].patterns().next() else { return Ok(heads) };
        let holds = matches!(rule.body[literal], Literal::Holds(_));
        let view = match when {
            // It may have rested on what was beaten; what is better now is enough for what is new.
            When::Old => View { steps: true, ..View::of(Relations { all: self.all, changed: None }, None) },
            When::New => View::of(Relations { all: self.all, changed: Some(&*self.changed) }, self.before),
        };
        if !view.may_fire(rule) {
            return Ok(heads);
        }
        let steps = self.prepared.order(number, Start::Literal(literal), &view);
        let readers = view.open(rule, steps);
        let from = if in_new { view_of(self.changed, self.all, relation) } else { &self.all[relation] };
        let side = if self.before.is_some() && when == When::New { Side::After } else { Side::Before };
        let mut keys: FxHashSet<Vec<Id>> = FxHashSet::default();
        let limits = self.meter.limits;
        let mut found = Found::Heads(&mut heads);
        for row in rows {
            self.frame.start(rule, steps);
            if !self.frame.bind(&pattern.slots, from.row(*row as usize)) {
                continue;
            }
            if !holds && rows.len() > 1 && !keys.insert(self.frame.bound.clone()) {
                continue;
            }
            self.frame.matched[literal] = (side, *row as usize);
            let job = Job { rule, steps, readers: &readers, share: None, every: Every::No };
            let sink = Collect { rule, view, found: &mut found };
            let bytes = self.meter.bytes;
            Machine::new(job, &mut self.frame, self.values, limits, bytes, sink).go()?;
        }
        drop(readers);
        self.tick()?;
        Ok(heads)
    }

    /// Adds heads that are not there yet, and says which; those of a lattice relation wait.
    pub(crate) fn admit(&mut self, rule: usize, heads: Heads, coming: &mut Coming) -> Result<(), Fault> {
        let relation = self.prepared.rules[rule].head.relation;
        if let Some(contest) = self.prepared.contests[relation] {
            return self.line_up(relation, contest, &heads, self.width(rule), coming);
        }
        for (row, label) in heads.iter(self.width(rule)) {
            if self.here(relation).position(row).is_none() {
                let at = self.own(relation).add(row, Mark::derived(label));
                coming.fresh.push((relation, at));
                self.meter.derived += 1;
                self.tick()?;
            }
        }
        self.meter.limits.allow(self.meter.derived, self.meter.bytes)
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

    /// Whether some rule derives a tuple from tuples of the stratum that have smaller labels than `below`: the label
    /// that it would have.
    pub(crate) fn derived(&mut self, relation: usize, row: &[Id], below: u64) -> Result<Option<u64>, Fault> {
        let mut label = None;
        let prepared = self.prepared;
        for number in &self.stratum.rules {
            let rule = &prepared.rules[*number];
            if rule.head.relation != relation {
                continue;
            }
            self.back(*number, row, below, Start::Head, &mut Found::Label(&mut label))?;
            if label.is_some() {
                break;
            }
        }
        Ok(label)
    }

    /// The ways in which rules derive a tuple, up to the first that needs nothing but tuples with labels below `below`.
    pub(crate) fn ways(&mut self, relation: usize, row: &[Id], below: u64, ways: &mut Ways) -> Result<(), Fault> {
        ways.open.clear();
        ways.each.clear();
        ways.settled = false;
        let prepared = self.prepared;
        for number in &self.stratum.rules {
            if prepared.rules[*number].head.relation == relation && !ways.settled {
                self.back(*number, row, u64::MAX, Start::Ways, &mut Found::Ways(ways, below))?;
            }
        }
        Ok(())
    }

    /// What a rule derives of a group: a row of it, whatever stands in its lattice column.
    pub(crate) fn of_group(&mut self, number: usize, row: &[Id]) -> Result<Heads, Fault> {
        let mut heads = Heads::default();
        self.back(number, row, u64::MAX, Start::Group, &mut Found::Heads(&mut heads))?;
        Ok(heads)
    }

    /// Runs a rule from its head.
    fn back(
        &mut self,
        number: usize,
        row: &[Id],
        below: u64,
        start: Start,
        found: &mut Found<'_>,
    ) -> Result<(), Fault> {
        let rule = &self.prepared.rules[number];
        let here = Relations { all: self.all, changed: Some(&*self.changed) };
        let view = View { below, steps: start != Start::Group, ..View::of(here, self.before) };
        let steps = self.prepared.order(number, start, &view);
        self.frame.start(rule, steps);
        let slots = match self.prepared.contests[rule.head.relation].filter(|_| start == Start::Group) {
            Some(contest) => {
                let mut slots = rule.head.slots.clone();
                slots[contest.column()] = Slot::Any;
                Cow::Owned(slots)
            }
            None => Cow::Borrowed(rule.head.slots.as_slice()),
        };
        if !self.frame.bind(&slots, row) {
            return Ok(());
        }
        let readers = view.open(rule, steps);
        let every = if start == Start::Ways { Every::Own } else { Every::No };
        let job = Job { rule, steps, readers: &readers, share: None, every };
        let sink = Collect { rule, view, found };
        Machine::new(job, &mut self.frame, self.values, self.meter.limits, self.meter.bytes, sink).go()?;
        Ok(())
    }
}

/// Ways to derive a tuple.
#[derive(Default)]
pub(crate) struct Ways {
    /// Tuples of the stratum that they need and whose labels are too large to be settled, one way after the other.
    pub(crate) open: Vec<(usize, usize)>,
    /// For each way where its tuples end, and the largest label of the others that it needs; 0 where there are none.
    pub(crate) each: Vec<(usize, u64)>,
    /// Whether the last of them needs no tuple that is not settled.
    pub(crate) settled: bool,
}

/// What is found by running a rule.
enum Found<'x> {
    /// Heads.
    Heads(&'x mut Heads),
    /// The label of the head.
    Label(&'x mut Option<u64>),
    /// Ways to derive the head; labels below the second are settled.
    Ways(&'x mut Ways, u64),
}

struct Collect<'x, 'f> {
    rule: &'x Rule,
    view: View<'x>,
    found: &'x mut Found<'f>,
}

impl Sink for Collect<'_, '_> {
    fn take(&mut self, bound: &[Id], matched: &[(Side, usize)], _: &Interner) -> Result<(), Fault> {
        let side = if self.view.before.is_some() { Side::After } else { Side::Before };
        // What stands in the world before is settled.
        let own = self.rule.body.iter().zip(matched).filter_map(|(literal, (from, row))| match literal {
            Literal::Holds(pattern) if pattern.own && *from == side => Some((pattern.relation, *row)),
            _ => None,
        });
        let label = |(relation, row): (usize, usize)| self.view.here.get(relation).mark(row).label();
        match &mut *self.found {
            Found::Heads(heads) => {
                let highest = own.map(label).max();
                heads.labels.push(highest.map_or(Mark::BASE, |label| label + Mark::GAP));
                heads.rows.extend(self.rule.head.slots.iter().map(|slot| match slot {
                    Slot::Variable(variable) => bound[*variable],
                    Slot::Constant(value) => *value,
                    Slot::Any => unreachable!("bug: any value in a head"),
                }));
            }
            Found::Label(found) => {
                let highest = own.map(label).max();
                **found = Some(highest.map_or(Mark::BASE, |label| label + Mark::GAP));
            }
            Found::Ways(ways, below) => {
                let (start, mut highest) = (ways.open.len(), 0);
                for tuple in own {
                    match label(tuple) {
                        settled if settled < *below => highest = settled.max(highest),
                        _ if ways.open[start..].contains(&tuple) => {}
                        _ => ways.open.push(tuple),
                    }
                }
                ways.each.push((ways.open.len(), highest));
                ways.settled = ways.open.len() == start;
            }
        }
        Ok(())
    }

    fn has_enough(&self) -> bool {
        matches!(&*self.found, Found::Ways(ways, _) if ways.settled)
    }
}

impl Heads {
    /// The heads, each with its label.
    pub(crate) fn iter(&self, width: usize) -> impl Iterator<Item = (&[Id], u64)> {
        self.labels.iter().enumerate().map(move |(at, label)| (&self.rows[at * width..(at + 1) * width], *label))
    }
}

fn view_of<'x>(changed: &'x Changed, all: &'x [Version], relation: usize) -> &'x Version {
    changed.get(relation).unwrap_or(&all[relation])
}
