//! Semi-naive evaluation of strata that read nothing of each other.
//!
//! A tuple is *recent* for the one round after it was derived, *stable* afterwards. A round joins recent tuples with the
//! rest, so no combination is met twice. Only tuples of earlier rounds are seen, so a tuple's round is the smallest
//! height a derivation of it can have within its stratum.
//!
//! Read downwards: [`reach`] is the loop, `first` and `further` say what a round runs, `work` runs it, `merge` ages.
//!
//! Of a lattice relation a round derives at most one tuple of a group: the best, where it beats what holds. What it beats
//! is read no more.
//!
//! INVARIANT: a relation read under negation or by an aggregate is complete before its stratum starts.
//!
//! Source: Abiteboul, Hull, Vianu, *Foundations of Databases*, section 13.1.

use crate::growing::{Cells, Mark};
use crate::heads::Heads;
use crate::intern::{Id, Interner, NONE};
use crate::lattice::Groups;
use crate::limits::{Fault, Limits};
use crate::order::{Age, Purpose, Sizes, Step, order};
use crate::prepare::{Literal, Prepared};
use crate::run::{Every, Frame, Job, Machine};
use crate::set::Set;
use crate::version::Version;
use crate::view::{Changed, Readers, Relations, View};
use crate::workers::share;
use program::{Value, World};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows of the first step that one task takes. Fixed, so that tasks do not depend on the number of threads.
const SHARE: usize = 2_048;

/// What a call has used so far.
pub(crate) struct Meter<'a> {
    pub(crate) limits: Limits<'a>,
    /// Tuples derived.
    pub(crate) derived: usize,
    /// Bytes in use, approximately.
    pub(crate) bytes: usize,
    /// The most threads that worked at once.
    pub(crate) workers: usize,
}

/// One variant of a rule: as a whole, or with one literal on recent tuples.
type Variant = (usize, Option<usize>);

/// What a task found.
struct Found {
    relation: usize,
    new: Cells,
    values: Vec<Value>,
}

/// What other tasks found their rows with: asking the system for more memory costs as much as writing to it.
#[derive(Default)]
struct Spare(Mutex<Vec<Set>>);

impl Spare {
    fn take(&self) -> Set {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give(&self, set: Set) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(set);
    }
}

/// Runs `strata` until no rule derives a new tuple.
///
/// - `all`: the relations of the world on which this one stands; `changed`: those that are other ones. Those of `strata`
///   are among them, growing, and hold what is given.
/// - `before`: the finished world before, where this is the world after.
///
/// # Faults
/// Whatever `meter` says. `changed` is then of no use.
pub(crate) fn reach(
    prepared: &Prepared,
    strata: &[usize],
    all: &[Version],
    changed: &mut Changed,
    before: Option<Relations<'_>>,
    values: &mut Arc<Interner>,
    meter: &mut Meter<'_>,
) -> Result<(), Fault> {
    let mut recent = vec![0; all.len()];
    let (mut orders, spare) = (FxHashMap::default(), Spare::default());
    let relations: Vec<usize> = strata.iter().flat_map(|stratum| prepared.strata[*stratum].relations.clone()).collect();
    for round in 1.. {
        let here = Relations { all, changed: Some(changed) };
        let view = View { recent: &recent, ..View::of(here, before) };
        if u32::is_power_of_two(round) {
            // Relations have grown: another order may be better by now.
            orders.clear();
        }
        let versions = if round == 1 { first(prepared, strata, view) } else { further(prepared, strata, view) };
        let found = work(prepared, &versions, view, &mut orders, &spare, values, meter)?;
        for relation in &relations {
            recent[*relation] = changed.get(*relation).map_or(0, Version::len);
        }
        if !merge(prepared, found, changed, values, round, meter)? {
            break;
        }
    }
    Ok(())
}

/// Every rule that can fire.
fn first(prepared: &Prepared, strata: &[usize], view: View<'_>) -> Vec<Variant> {
    let rules = strata.iter().flat_map(|stratum| &prepared.strata[*stratum].rules);
    rules.filter(|rule| view.may_fire(&prepared.rules[**rule])).map(|rule| (*rule, None)).collect()
}

/// Every rule that can fire, once for each literal that has recent tuples to match.
fn further(prepared: &Prepared, strata: &[usize], view: View<'_>) -> Vec<Variant> {
    #[cfg(feature = "faults")]
    if crate::faults::is_planted(crate::Planted::SkipDelta) {
        return Vec::new();
    }
    let mut versions = Vec::new();
    for stratum in strata {
        for rule in &prepared.strata[*stratum].rules {
            let body = &prepared.rules[*rule].body;
            let grows = |literal: &usize| {
                grown(prepared, *stratum, &body[*literal])
                    .is_some_and(|relation| view.recent[relation] < view.here.get(relation).len())
            };
            if view.may_fire(&prepared.rules[*rule]) {
                versions.extend((0..body.len()).filter(grows).map(|literal| (*rule, Some(literal))));
            }
        }
    }
    versions
}

/// The relation that a literal reads and that its own stratum grows.
fn grown(prepared: &Prepared, stratum: usize, literal: &Literal) -> Option<usize> {
    match literal {
        Literal::Holds(pattern) if pattern.world != World::Before => {
            (prepared.stratum_of[pattern.relation] == Some(stratum)).then_some(pattern.relation)
        }
        Literal::Holds(_)
        | Literal::Absent(_)
        | Literal::Test { .. }
        | Literal::Is { .. }
        | Literal::Bind { .. }
        | Literal::Each { .. }
        | Literal::Aggregate { .. } => None,
    }
}

/// For each literal which tuples it reads: literals before the one on recent tuples read all, those behind only stable.
fn ages(prepared: &Prepared, (rule, recent): Variant) -> Vec<Age> {
    let Some(recent) = recent else { return Vec::new() };
    let rule = &prepared.rules[rule];
    let stratum = prepared.stratum_of[rule.head.relation].expect("bug: a rule without a stratum");
    let age = |(place, literal)| match grown(prepared, stratum, literal) {
        _ if place == recent => Age::Recent,
        Some(_) if place > recent => Age::Stable,
        Some(_) | None => Age::Any,
    };
    rule.body.iter().enumerate().map(age).collect()
}

fn work(
    prepared: &Prepared,
    versions: &[Variant],
    view: View<'_>,
    orders: &mut FxHashMap<(Variant, u32), Arc<Vec<Step>>>,
    spare: &Spare,
    values: &Arc<Interner>,
    meter: &mut Meter<'_>,
) -> Result<Vec<Found>, Fault> {
    let mut jobs: Vec<(usize, Arc<Vec<Step>>, Vec<Readers<'_>>)> = Vec::with_capacity(versions.len());
    let mut tasks: Vec<(usize, Option<Range<usize>>)> = Vec::with_capacity(versions.len());
    let mut rows = 0;
    for version in versions {
        let rule = &prepared.rules[version.0];
        // Another order is better where the last round brought four times as much.
        let recent = version.1.and_then(|literal| rule.body[literal].patterns().next());
        let many = recent.map_or(0, |pattern| view.recent(pattern).max(1).ilog2() / 2);
        let steps = orders.entry((*version, many)).or_insert_with(|| {
            let ages = ages(prepared, *version);
            let purpose =
                Purpose { ages: &ages, bound: vec![false; rule.variables], done: None, lasting: false, every: false };
            Arc::new(order(rule, &purpose, &view))
        });
        let steps = Arc::clone(steps);
        let readers = view.open(rule, &steps);
        let scanned = steps.first().and_then(|step| step.scans()).and(readers.first()).map(|(one, _)| one);
        match scanned {
            Some([Some(reader), None]) if reader.len() > SHARE => {
                let starts = (0..reader.len()).step_by(SHARE);
                tasks.extend(starts.map(|start| (jobs.len(), Some(start..start + SHARE))));
                rows += reader.len();
            }
            Some(readers) => {
                tasks.push((jobs.len(), None));
                rows += readers.iter().flatten().map(|reader| reader.len()).sum::<usize>();
            }
            None => tasks.push((jobs.len(), None)),
        }
        jobs.push((version.0, steps, readers));
    }
    let (limits, derived, bytes) = (meter.limits, meter.derived, meter.bytes);
    let task = |number: usize| {
        let (job, share) = &tasks[number];
        let (rule, steps, readers) = &jobs[*job];
        let rule = &prepared.rules[*rule];
        let relation = rule.head.relation;
        let (head, known) = (rule.head.slots.as_slice(), view.here.get(relation));
        let sink = Heads::new(head, known, spare.take(), limits, derived, bytes);
        let job = Job { rule, steps, readers, share: share.clone(), every: Every::No };
        let (mut frame, mut own) = (Frame::default(), Interner::above(values));
        frame.start(rule, steps);
        let mut machine = Machine::new(job, &mut frame, &mut own, limits, bytes, sink);
        machine.run()?;
        let found = machine.sink.finish(&own)?;
        // What finds the rows serves the next task.
        let new = found.cells().clone();
        spare.give(found);
        Ok(Found { relation, new, values: own.into_own() })
    };
    let threads = if rows < limits.crowd { 1 } else { limits.threads };
    let (found, workers) = share(threads, tasks.len(), task);
    meter.workers = meter.workers.max(workers);
    found.into_iter().collect()
}

/// Adds what was found; returns whether anything was new.
fn merge(
    prepared: &Prepared,
    found: Vec<Found>,
    changed: &mut Changed,
    values: &mut Arc<Interner>,
    round: u32,
    meter: &mut Meter<'_>,
) -> Result<bool, Fault> {
    let no_int = |relation: usize| Fault::NoInt { relation: prepared.program.relations[relation].name.clone() };
    let shared = Arc::get_mut(values).expect("bug: values are shared while they grow");
    let start = shared.end();
    let (before, mut any) = (shared.bytes(), false);
    let mut best = Best::default();
    let mut more: FxHashMap<usize, usize> = FxHashMap::default();
    found.iter().for_each(|found| *more.entry(found.relation).or_default() += found.new.len());
    for Found { relation, new, values: own } in found {
        let target = changed.get_mut(relation).expect("bug: a relation that does not grow").rows_mut();
        let held = target.bytes();
        target.reserve(more.remove(&relation).unwrap_or(0));
        // Numbers of the task's own become everyone's.
        let mut numbers: Vec<Id> = vec![NONE; own.len()];
        let mut renamed = Vec::new();
        for position in 0..new.len() {
            let mut row = new.row(position);
            if !own.is_empty() {
                renamed.clear();
                renamed.extend(row.iter().map(|id| match shared.beyond(*id, start) {
                    None => *id,
                    Some(place) => {
                        let number = &mut numbers[place as usize];
                        if *number == NONE {
                            *number = shared.intern(&own[place as usize]);
                        }
                        *number
                    }
                }));
                row = &renamed;
            }
            #[cfg(feature = "faults")]
            if crate::faults::loses(relation, row) {
                continue;
            }
            if target.groups().is_none() && target.insert(row, Mark::of_round(round), None) {
                meter.derived += 1;
                any = true;
            } else if let Some(groups) = target.groups() {
                let number = groups.contest().number(row, shared).ok_or_else(|| no_int(relation))?;
                best.offer(relation, groups, row, number);
            }
        }
        meter.bytes = meter.bytes + target.bytes() - held;
    }
    for (relation, row, number) in best.rows {
        let target = changed.get_mut(relation).expect("bug: a relation that does not grow").rows_mut();
        let held = target.bytes();
        if target.insert(&row, Mark::of_round(round), Some(number)) {
            meter.derived += 1;
            any = true;
        }
        meter.bytes = meter.bytes + target.bytes() - held;
    }
    meter.bytes += shared.bytes() - before;
    meter.limits.allow(meter.derived, meter.bytes)?;
    Ok(any)
}

/// The best new row of each group of the lattice relations, in the order in which groups were met.
#[derive(Default)]
struct Best {
    rows: Vec<(usize, Vec<Id>, i64)>,
    places: FxHashMap<(usize, Vec<Id>), usize>,
}

impl Best {
    /// Takes a row that is better than all others of its group so far.
    fn offer(&mut self, relation: usize, groups: &Groups, row: &[Id], number: i64) {
        let key = groups.contest().key(row);
        if !groups.improves(&key, number) {
            return;
        }
        match self.places.get(&(relation, key.clone())) {
            None => {
                self.places.insert((relation, key), self.rows.len());
                self.rows.push((relation, row.to_vec(), number));
            }
            Some(place) => {
                let (_, held, best) = &mut self.rows[*place];
                if groups.contest().prefers(number, *best) {
                    (*held, *best) = (row.to_vec(), number);
                }
            }
        }
    }
}
