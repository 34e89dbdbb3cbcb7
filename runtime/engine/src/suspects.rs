//! Tuples that may have lost what they were derived from: which of them stay, and which go.
//!
//! Suspects are looked at from the smallest label up, so whatever has a smaller label is settled. One that some rule
//! derives from settled tuples stays. Else its derivations are searched backwards through tuples that are not settled,
//! up to those that are: an and-or graph, since a rule may need several. If that search reaches the suspect again from
//! below, the tuples on the way get new labels, between those they rest on and that of the suspect, which stays. If it
//! ends without, nothing that it met and did not prove can be derived: all of it goes at once. If it takes too long or
//! there is no room for labels, the suspect goes for now, and is asked for anew when all suspects are settled.
//!
//! Read downwards: [`Suspects::settle`], then the search.
//!
//! INVARIANT: a search that takes too long halves what the next ones may take, so all of them together take no longer
//! than a constant times what is looked at anyway.
//!
//! Source: Motik, Nenov, Piro, Horrocks, *Incremental update of Datalog materialisation: the backward/forward
//! algorithm*, AAAI 2015, to which labels are added that end a search early.

use crate::growing::Mark;
use crate::intern::Id;
use crate::limits::Fault;
use crate::maintain::{Stop, When, Work};
use crate::probe::{Heads, Probe, Ways};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A tuple of the stratum: relation and row.
type Place = (usize, usize);

/// Tuples that may have lost what they were derived from.
pub(crate) struct Suspects {
    /// By label.
    heap: BinaryHeap<Reverse<(u64, usize, usize)>>,
    /// Those that went for now.
    gone: Vec<Place>,
    /// Tuples that a search may meet.
    most: usize,
}

impl Default for Suspects {
    fn default() -> Self {
        Suspects { heap: BinaryHeap::new(), gone: Vec::new(), most: 1 << 17 }
    }
}

impl Suspects {
    /// Adds a tuple.
    pub(crate) fn add(&mut self, label: u64, relation: usize, row: usize) {
        self.heap.push(Reverse((label, relation, row)));
    }

    /// Adds what a rule derived once and does no longer, where it is there and not given.
    pub(crate) fn add_heads(&mut self, work: &mut Work<'_, '_>, rule: usize, heads: &Heads) -> Result<(), Stop> {
        self.add_above(work, rule, heads, 0)
    }

    fn add_above(&mut self, work: &mut Work<'_, '_>, rule: usize, heads: &Heads, above: u64) -> Result<(), Stop> {
        let relation = work.prepared.rules[rule].head.relation;
        let version = work.here(relation);
        for (row, _) in heads.iter(work.width(rule)) {
            let Some(at) = version.position(row) else { continue };
            let mark = version.mark(at);
            if !mark.is_given() && (above == 0 || mark.label() > above) {
                self.add(mark.label(), relation, at);
            }
        }
        Ok(())
    }

    /// Settles every suspect; what stays after all is added to `fresh`.
    pub(crate) fn settle(mut self, work: &mut Work<'_, '_>, fresh: &mut Vec<Place>) -> Result<(), Stop> {
        let mut last = None;
        let (mut values, mut ways): (Vec<Id>, Ways) = Default::default();
        while let Some(Reverse((_, relation, row))) = self.heap.pop() {
            if last.replace((relation, row)) == Some((relation, row)) {
                continue;
            }
            work.tick()?;
            let version = work.here(relation);
            let mark = version.mark(row);
            if !version.is_there(row) || mark.is_given() {
                continue;
            }
            values.clear();
            values.extend_from_slice(version.row(row));
            if !work.stratum.recursive {
                // What was beaten and is not given any more would not be there either.
                if version.is_beaten(row) || work.probe(true).derived(relation, &values)?.is_none() {
                    work.remove(relation, row);
                }
                continue;
            }
            work.probe(true).ways(relation, &values, mark.label(), &mut ways)?;
            if ways.settled {
                continue;
            }
            if ways.each.is_empty() {
                self.remove(work, &[(relation, row)])?;
                continue;
            }
            let most = self.most.min(work.left());
            let mut probe = work.probe(true);
            let found = search(&mut probe, (relation, row), mark.label(), most, &mut ways)?;
            work.spend(found.as_ref().map_or(most.saturating_add(1), |search| search.met.len()))?;
            match found {
                Some(search) if !search.is_proved() => self.remove(work, &search.open())?,
                Some(search) if search.relabel(work, mark.label()) => {}
                // It took too long, or there was no room for labels.
                Some(_) | None => {
                    self.most /= 2;
                    self.gone.push((relation, row));
                    self.remove(work, &[(relation, row)])?;
                }
            }
        }
        for (relation, row) in std::mem::take(&mut self.gone) {
            if work.prepared.contests[relation].is_some() {
                // Its group is asked for as a whole.
                continue;
            }
            let values = work.here(relation).row(row).to_vec();
            if let Some(label) = work.probe(true).derived(relation, &values)? {
                let at = work.own(relation).add(&values, Mark::derived(label));
                fresh.push((relation, at));
            }
        }
        Ok(())
    }

    /// Takes tuples away; what was derived from them becomes suspect.
    fn remove(&mut self, work: &mut Work<'_, '_>, places: &[Place]) -> Result<(), Stop> {
        for (relation, row) in places {
            work.remove(*relation, *row);
        }
        let lowest = places.iter().map(|(relation, row)| work.here(*relation).mark(*row).label()).min();
        let lowest = lowest.unwrap_or(0);
        work.onward(places, When::Old, &mut |work, rule, heads| self.add_above(work, rule, heads, lowest))
    }
}

/// A tuple that was met.
struct Met {
    place: Place,
    /// The first of the ways that need it, among the links, plus one; 0 where there is none.
    needed: u32,
    /// By which way it was proved, plus one, and as the how-manieth; 0 where it is not.
    by: u32,
    order: u32,
}

/// A way to derive a tuple that was met.
struct Step {
    head: u32,
    /// How many of the tuples that it needs are not proved.
    left: u32,
    /// Where what it needs begins, and where it ends.
    needs: (u32, u32),
    settled: u64,
}

/// A search backwards from one suspect.
#[derive(Default)]
struct Search {
    met: Vec<Met>,
    /// Where each stands among those that were met.
    places: FxHashMap<u64, u32>,
    steps: Vec<Step>,
    /// What the steps need, one after the other.
    needs: Vec<u32>,
    /// Ways that need a tuple, each with the next one of the same tuple.
    links: Vec<(u32, u32)>,
    proved: u32,
}

/// Searches until the suspect is proved or nothing is left to look at; `None` where that takes too long.
///
/// - `ways`: those of the suspect; overwritten.
fn search(
    probe: &mut Probe<'_, '_>,
    suspect: Place,
    label: u64,
    most: usize,
    ways: &mut Ways,
) -> Result<Option<Search>, Fault> {
    let mut search = Search::default();
    search.meet(suspect);
    search.add(0, ways);
    let mut next = 1;
    while !search.is_proved() && next < search.met.len() {
        if search.met.len() > most {
            return Ok(None);
        }
        if next.is_multiple_of(64) {
            probe.limits.poll()?;
        }
        let (relation, row) = search.met[next].place;
        let version = probe.view.here.get(relation);
        if version.mark(row).is_given() {
            search.prove(next, 0);
        } else {
            probe.ways(relation, version.row(row), label, ways)?;
            search.add(next, ways);
        }
        next += 1;
    }
    Ok(Some(search))
}

impl Search {
    /// Whether the suspect can be derived.
    fn is_proved(&self) -> bool {
        self.met[0].by != 0
    }

    /// What was met and not proved: where the search has ended without a proof of the suspect, nothing derives these.
    fn open(&self) -> Vec<Place> {
        self.met.iter().filter(|met| met.by == 0).map(|met| met.place).collect()
    }

    fn meet(&mut self, place: Place) -> usize {
        let next = number(self.met.len());
        let at = *self.places.entry((place.0 as u64) << 32 | place.1 as u64).or_insert(next);
        if at == next {
            self.met.push(Met { place, needed: 0, by: 0, order: 0 });
        }
        at as usize
    }

    /// Takes in ways to derive a tuple; proves what follows.
    fn add(&mut self, head: usize, ways: &Ways) {
        if let Some((_, settled)) = ways.each.last().filter(|_| ways.settled) {
            return self.prove(head, *settled);
        }
        let mut start = 0;
        for (end, settled) in &ways.each {
            let (step, needs) = (self.steps.len(), number(self.needs.len()));
            let mut left = 0;
            for place in &ways.open[start..*end] {
                let need = self.meet(*place);
                self.needs.push(number(need));
                if self.met[need].by == 0 {
                    left += 1;
                    self.links.push((number(step), self.met[need].needed));
                    self.met[need].needed = number(self.links.len());
                }
            }
            start = *end;
            let needs = (needs, number(self.needs.len()));
            self.steps.push(Step { head: number(head), left, needs, settled: *settled });
            if left == 0 {
                return self.follow(step);
            }
        }
    }

    /// A tuple follows from settled ones alone.
    fn prove(&mut self, head: usize, settled: u64) {
        let step = self.steps.len();
        self.steps.push(Step { head: number(head), left: 0, needs: (0, 0), settled });
        self.follow(step);
    }

    /// A way has all that it needs.
    fn follow(&mut self, step: usize) {
        let mut ready = vec![step];
        while let Some(step) = ready.pop() {
            let head = &mut self.met[self.steps[step].head as usize];
            if head.by != 0 {
                continue;
            }
            self.proved += 1;
            (head.by, head.order) = (number(step) + 1, self.proved);
            let mut link = std::mem::take(&mut head.needed);
            while let Some(at) = link.checked_sub(1) {
                let (needed, next) = self.links[at as usize];
                link = next;
                let step = &mut self.steps[needed as usize];
                step.left -= 1;
                if step.left == 0 {
                    ready.push(needed as usize);
                }
            }
        }
    }

    /// Gives the tuples that the suspect now rests on labels below its own; returns whether there was room for them.
    fn relabel(&self, work: &mut Work<'_, '_>, label: u64) -> bool {
        let mut cone = vec![0];
        let mut seen = vec![false; self.met.len()];
        let mut settled = 0;
        let mut next = 0;
        while let Some(at) = cone.get(next).copied() {
            next += 1;
            let by = self.met[at].by.checked_sub(1).expect("bug: a proof that rests on what is not proved");
            let step = &self.steps[by as usize];
            settled = settled.max(step.settled);
            for need in &self.needs[step.needs.0 as usize..step.needs.1 as usize] {
                if !std::mem::replace(&mut seen[*need as usize], true) {
                    cone.push(*need as usize);
                }
            }
        }
        let mut below = cone.split_off(1);
        below.sort_unstable_by_key(|at| self.met[*at].order);
        let count = below.len() as u64;
        let step = (label - settled) / (count + 1);
        if step == 0 {
            return false;
        }
        for (number, at) in (1..).zip(below) {
            let (relation, row) = self.met[at].place;
            let mark = work.here(relation).mark(row);
            work.own(relation).set_mark(row, mark.with_label(settled + number * step));
        }
        true
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).expect("bug: a search of more than 2^32 steps")
}
