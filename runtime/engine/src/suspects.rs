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
use crate::maintain::{Heads, Ways, When, Work};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

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
    pub(crate) fn add_heads(&mut self, work: &mut Work<'_, '_>, rule: usize, heads: Heads) -> Result<(), Fault> {
        self.add_above(work, rule, heads, 0)
    }

    fn add_above(&mut self, work: &mut Work<'_, '_>, rule: usize, heads: Heads, above: u64) -> Result<(), Fault> {
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
    pub(crate) fn settle(mut self, work: &mut Work<'_, '_>, fresh: &mut Vec<Place>) -> Result<(), Fault> {
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
                if version.is_beaten(row) || work.derived(relation, &values, u64::MAX)?.is_none() {
                    work.remove(relation, row);
                }
                continue;
            }
            work.ways(relation, &values, mark.label(), &mut ways)?;
            if ways.settled {
                continue;
            }
            let outcome = match ways.each.is_empty() {
                true => Outcome::Gone(vec![(relation, row)]),
                false => search(work, (relation, row), mark.label(), self.most, &mut ways)?,
            };
            match outcome {
                Outcome::Stays => {}
                Outcome::Gone(places) => self.remove(work, &places)?,
                Outcome::Unknown => {
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
            if let Some(label) = work.derived(relation, &values, u64::MAX)? {
                let at = work.own(relation).add(&values, Mark::derived(label));
                fresh.push((relation, at));
            }
        }
        Ok(())
    }

    /// Takes tuples away; what was derived from them becomes suspect.
    fn remove(&mut self, work: &mut Work<'_, '_>, places: &[Place]) -> Result<(), Fault> {
        for (relation, row) in places {
            work.remove(*relation, *row);
        }
        let lowest = places.iter().map(|(relation, row)| work.here(*relation).mark(*row).label()).min();
        let lowest = lowest.unwrap_or(0);
        work.onward(places, When::Old, &mut |work, rule, heads| self.add_above(work, rule, heads, lowest))
    }
}

/// What a search found.
enum Outcome {
    /// The suspect can be derived, and the labels say so.
    Stays,
    /// These, among them the suspect, can not be derived.
    Gone(Vec<Place>),
    /// It took too long, or there was no room for labels.
    Unknown,
}

/// A tuple that was met.
struct Met {
    place: Place,
    /// The first of the ways that need it, among the links, plus one; 0 where there is none.
    needed: usize,
    /// By which way it was proved, and as the how-manieth.
    proved: Option<(usize, usize)>,
}

/// A way to derive a tuple that was met.
struct Step {
    head: usize,
    /// How many of the tuples that it needs are not proved.
    left: usize,
    needs: Range<usize>,
    settled: u64,
}

/// A search backwards from one suspect.
#[derive(Default)]
struct Search {
    met: Vec<Met>,
    places: FxHashMap<Place, usize>,
    steps: Vec<Step>,
    /// What the steps need, one after the other.
    needs: Vec<usize>,
    /// Ways that need a tuple, each with the next one of the same tuple.
    links: Vec<(usize, usize)>,
    proved: usize,
}

/// - `ways`: those of the suspect; overwritten.
fn search(work: &mut Work<'_, '_>, suspect: Place, label: u64, most: usize, ways: &mut Ways) -> Result<Outcome, Fault> {
    let mut search = Search::default();
    search.meet(suspect);
    search.add(0, ways);
    let mut values: Vec<Id> = Vec::new();
    let mut next = 1;
    while search.met[0].proved.is_none() && next < search.met.len() {
        if search.met.len() > most {
            return Ok(Outcome::Unknown);
        }
        work.tick()?;
        let (relation, row) = search.met[next].place;
        let version = work.here(relation);
        if version.mark(row).is_given() {
            search.prove(next, 0);
        } else {
            values.clear();
            values.extend_from_slice(version.row(row));
            work.ways(relation, &values, label, ways)?;
            search.add(next, ways);
        }
        next += 1;
    }
    if search.met[0].proved.is_some() {
        return Ok(search.relabel(work, label));
    }
    let open = search.met.iter().filter(|met| met.proved.is_none());
    Ok(Outcome::Gone(open.map(|met| met.place).collect()))
}

impl Search {
    fn meet(&mut self, place: Place) -> usize {
        let next = self.met.len();
        let at = *self.places.entry(place).or_insert(next);
        if at == next {
            self.met.push(Met { place, needed: 0, proved: None });
        }
        at
    }

    /// Takes in ways to derive a tuple; proves what follows.
    fn add(&mut self, head: usize, ways: &Ways) {
        if let Some((_, settled)) = ways.each.last().filter(|_| ways.settled) {
            return self.prove(head, *settled);
        }
        let mut start = 0;
        for (end, settled) in &ways.each {
            let (step, needs) = (self.steps.len(), self.needs.len());
            let mut left = 0;
            for place in &ways.open[start..*end] {
                let need = self.meet(*place);
                self.needs.push(need);
                if self.met[need].proved.is_none() {
                    left += 1;
                    self.links.push((step, self.met[need].needed));
                    self.met[need].needed = self.links.len();
                }
            }
            start = *end;
            self.steps.push(Step { head, left, needs: needs..self.needs.len(), settled: *settled });
            if left == 0 {
                return self.follow(step);
            }
        }
    }

    /// A tuple follows from settled ones alone.
    fn prove(&mut self, head: usize, settled: u64) {
        let step = self.steps.len();
        self.steps.push(Step { head, left: 0, needs: 0..0, settled });
        self.follow(step);
    }

    /// A way has all that it needs.
    fn follow(&mut self, step: usize) {
        let mut ready = vec![step];
        while let Some(step) = ready.pop() {
            let head = self.steps[step].head;
            if self.met[head].proved.is_some() {
                continue;
            }
            self.proved += 1;
            self.met[head].proved = Some((step, self.proved));
            let mut link = std::mem::take(&mut self.met[head].needed);
            while let Some(at) = link.checked_sub(1) {
                let (needed, next) = self.links[at];
                link = next;
                self.steps[needed].left -= 1;
                if self.steps[needed].left == 0 {
                    ready.push(needed);
                }
            }
        }
    }

    /// Gives the tuples that the suspect now rests on labels below its own.
    fn relabel(&self, work: &mut Work<'_, '_>, label: u64) -> Outcome {
        let mut cone = vec![0];
        let mut seen = vec![false; self.met.len()];
        let mut settled = 0;
        let mut next = 0;
        while let Some(at) = cone.get(next).copied() {
            next += 1;
            let (step, _) = self.met[at].proved.expect("bug: a proof that rests on what is not proved");
            settled = settled.max(self.steps[step].settled);
            for need in &self.needs[self.steps[step].needs.clone()] {
                if !std::mem::replace(&mut seen[*need], true) {
                    cone.push(*need);
                }
            }
        }
        let mut below = cone.split_off(1);
        below.sort_unstable_by_key(|at| self.met[*at].proved.map(|(_, order)| order));
        let count = below.len() as u64;
        let step = (label - settled) / (count + 1);
        if step == 0 {
            return Outcome::Unknown;
        }
        for (number, at) in (1..).zip(below) {
            let (relation, row) = self.met[at].place;
            let mark = work.here(relation).mark(row);
            work.own(relation).set_mark(row, mark.with_label(settled + number * step));
        }
        Outcome::Stays
    }
}
