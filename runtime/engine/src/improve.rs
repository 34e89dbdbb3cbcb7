//! Lattice columns of a stratum that is kept up to date: which row of each group holds by now.
//!
//! When all suspects are settled, what is left of a stratum can be derived, also what was beaten. A group that lost its
//! best row goes on with the best that is left, and rules are asked from its head for what they derive of it now: nobody
//! kept that. From there on it is Dijkstra's algorithm, over any rules: whatever is derived waits in the order of its value, the
//! best first, and counts where it beats what holds by then. So where sums only get worse, as lengths of ways do, each
//! group gets its value once, and the cost follows the groups whose value moves, not the height of the recursion. In any
//! other order the outcome is the same: that order is no part of the argument.
//!
//! Why what holds is right: what is there can be derived, so nothing is too good. And whatever rules derive from what
//! holds is there or beaten: then, since no conclusion is lost when a value gets better (`proof::lawful`), each tuple that can
//! be derived at all is there or beaten, by induction on how it is derived.
//!
//! In a stratum without recursion nothing can rest on what was beaten, and it goes, unless it is given. In another it stays
//! as long as it can be derived: a change that is undone finds it where it was.
//!
//! INVARIANT: once `maintain` is done, of the rows of a group that are there exactly the best holds.
//!
//! Source: Ramalingam, Reps, *An incremental algorithm for a generalization of the shortest-path problem*, Journal of
//! Algorithms 21 (2), 1996.

use crate::growing::Mark;
use crate::intern::{Id, NONE};
use crate::lattice::Contest;
use crate::limits::Fault;
use crate::maintain::{Group, Stop, Work};
use crate::probe::Heads;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, BinaryHeap};

/// Tuples from which rules have not been run yet.
#[derive(Default)]
pub(crate) struct Coming {
    /// Those that are there: relation and row.
    pub(crate) fresh: Vec<(usize, usize)>,
    /// Those of lattice relations, the best first.
    waiting: BinaryHeap<Reverse<Waiting>>,
}

/// A row of a lattice relation.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    /// Smaller where the value is better.
    rank: i64,
    relation: usize,
    row: Vec<Id>,
    /// What it would be added with; `None` where it is there.
    label: Option<u64>,
    number: i64,
}

impl Work<'_, '_> {
    /// Lets the best row that is left of each group hold where the one that did went; returns the groups.
    pub(crate) fn succeed(&mut self, coming: &mut Coming) -> BTreeSet<Group> {
        let headless = std::mem::take(&mut self.headless);
        for (relation, group) in &headless {
            let contest = self.contest(*relation);
            self.own(*relation);
            let version = self.changed.get_mut(*relation).expect("bug: a relation that was just opened");
            if let Some(row) = version.elect(contest, group, self.values) {
                let row = version.row(row).to_vec();
                let number = contest.number(&row, self.values).expect("bug: no int in a lattice column");
                coming.line_up(Waiting { rank: contest.rank(number), relation: *relation, row, label: None, number });
            }
        }
        headless
    }

    /// Asks the rules what they derive of these groups.
    pub(crate) fn ask(&mut self, groups: &BTreeSet<Group>, coming: &mut Coming) -> Result<(), Stop> {
        let prepared = self.prepared;
        for (relation, group) in groups {
            let mut row = group.clone();
            row.insert(self.contest(*relation).column(), NONE);
            for rule in &prepared.rules_of[*relation] {
                let mut heads = Heads::default();
                self.probe(false).of_group(*rule, &row, &mut heads)?;
                self.admit(*rule, &heads, coming)?;
            }
            self.tick()?;
        }
        Ok(())
    }

    /// Adds a given row that is not there.
    pub(crate) fn give(&mut self, relation: usize, row: &[Id], coming: &mut Coming) {
        let Some(contest) = self.prepared.contests[relation] else {
            let at = self.own(relation).add(row, Mark::GIVEN);
            return coming.fresh.push((relation, at));
        };
        let number = contest.number(row, self.values).expect("bug: no int in a lattice column");
        if self.beat(relation, contest, row, number, Mark::GIVEN).is_some() {
            let row = row.to_vec();
            coming.line_up(Waiting { rank: contest.rank(number), relation, row, label: None, number });
        } else {
            self.own(relation).add(row, Mark::GIVEN.with_beaten(true));
        }
    }

    /// Has heads wait that are better than what holds of their group.
    pub(crate) fn line_up(
        &mut self,
        relation: usize,
        contest: Contest,
        heads: &Heads,
        width: usize,
        coming: &mut Coming,
    ) -> Result<(), Stop> {
        for (row, label) in heads.iter(width) {
            let no_int = || Fault::NoInt { relation: self.prepared.program.relations[relation].name.clone() };
            let number = contest.number(row, self.values).ok_or_else(no_int)?;
            let held = self.held(relation, contest, row);
            if held.is_none_or(|(_, best)| contest.prefers(number, best)) {
                let (rank, row) = (contest.rank(number), row.to_vec());
                coming.line_up(Waiting { rank, relation, row, label: Some(label), number });
            }
            self.tick()?;
        }
        Ok(())
    }

    /// Makes the next tuples ready from which rules are to be run; `false` where there are no more.
    ///
    /// Of those that wait these are all of one value: none of them beats another.
    pub(crate) fn next(&mut self, coming: &mut Coming) -> Result<bool, Stop> {
        while coming.fresh.is_empty() {
            let Some(Reverse(first)) = coming.waiting.peek() else { return Ok(false) };
            let rank = first.rank;
            while let Some(Waiting { relation, row, label, number, .. }) = coming.pop(rank) {
                let at = match label {
                    None => self.here(relation).holds(&row),
                    Some(label) => {
                        let contest = self.contest(relation);
                        let at = self.beat(relation, contest, &row, number, Mark::derived(label));
                        self.meter.derived += usize::from(at.is_some());
                        at
                    }
                };
                coming.fresh.extend(at.map(|at| (relation, at)));
                self.tick()?;
            }
            self.meter.limits.allow(self.meter.derived, self.meter.bytes)?;
        }
        Ok(true)
    }

    /// Adds a row that is not there where it is better than what holds of its group, which is then beaten; returns it.
    fn beat(&mut self, relation: usize, contest: Contest, row: &[Id], number: i64, mark: Mark) -> Option<usize> {
        let held = self.held(relation, contest, row);
        if let Some((old, best)) = held {
            if !contest.prefers(number, best) {
                return None;
            }
            let mark = self.here(relation).mark(old);
            if mark.is_given() || self.stratum.recursive {
                self.own(relation).set_mark(old, mark.with_beaten(true));
            } else {
                self.own(relation).remove(old);
            }
        }
        let at = self.own(relation).add(row, mark);
        self.holding.insert((relation, contest.key(row)), Some((at, number)));
        Some(at)
    }

    /// The row that holds of a row's group, and its value; remembered.
    fn held(&mut self, relation: usize, contest: Contest, row: &[Id]) -> Option<(usize, i64)> {
        let version = self.changed.get(relation).unwrap_or(&self.all[relation]);
        match self.holding.entry((relation, contest.key(row))) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let held = version.best(contest, &unknown.key().1, self.values);
                *unknown.insert(held)
            }
        }
    }

    fn contest(&self, relation: usize) -> Contest {
        self.prepared.contests[relation].expect("bug: a group of a relation without a lattice column")
    }
}

impl Coming {
    fn line_up(&mut self, waiting: Waiting) {
        self.waiting.push(Reverse(waiting));
    }

    /// The next row that waits, where it is of that rank.
    fn pop(&mut self, rank: i64) -> Option<Waiting> {
        self.waiting.peek().filter(|Reverse(first)| first.rank == rank)?;
        self.waiting.pop().map(|Reverse(waiting)| waiting)
    }
}
