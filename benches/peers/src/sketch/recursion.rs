//! Maintenance of a relation that depends on itself through one premise.
//!
//! `T(c, y) :- T(c, x), E(x, y)` and `T(c, s) :- Seed(s)`, where a relation of one column has no `c`.
//!
//! - *Overdelete*: takes the closure of what lost an instance, and derives again what is left to derive (DRed).
//! - *Backward*: looks for a proof before it takes (Motik, Nenov, Piro, Horrocks, AAAI 2015), without tuning.
//! - *Labels*: a tuple stays where an instance is left whose premise has a lower label, in the order of labels.
//! - *Hybrid*: as labels; else a search backwards that ends at any live tuple with a lower label, and gives the path it
//!   has found labels in the gap.
//!
//! INVARIANT: every tuple that is no seed has an instance whose premise has a lower label.

use super::relation::{NEW, OLD, Relation};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Algorithm {
    Overdelete,
    Backward,
    Labels,
    Hybrid,
}

impl Algorithm {
    pub const ALL: [Algorithm; 4] = [Algorithm::Overdelete, Algorithm::Backward, Algorithm::Labels, Algorithm::Hybrid];
}

/// Between the labels of a tuple and its premise, when first derived.
pub const GAP: u64 = 1 << 20;
/// The label of a seed: others may come to stand below it.
pub const BASE: u64 = 1 << 40;
/// Tuples that one search backwards may visit.
const BUDGET: usize = 100_000;

/// Which way the edges lead.
pub struct Shape {
    /// The index of `E` by `x`, and the column of `E` that holds `x`.
    pub from: usize,
    /// The same for `y`.
    pub to: usize,
    /// The index of `T` by `x`, where `T` has a `c`.
    pub by_node: Option<usize>,
}

/// The row with another last column.
#[inline]
fn at_node<const N: usize>(row: &[u32; N], node: u32) -> [u32; N] {
    let mut row = *row;
    row[N - 1] = node;
    row
}

/// What is maintained, and what it is derived of.
struct Work<'r, const N: usize> {
    tuples: &'r mut Relation<N>,
    edges: &'r Relation<2>,
    seeds: &'r Relation<1>,
    shape: &'r Shape,
    /// Tuples taken so far.
    dead: Vec<u32>,
}

/// Brings `tuples` up to date with what the open transaction did to edges and seeds.
pub fn maintain<const N: usize>(
    tuples: &mut Relation<N>,
    edges: &Relation<2>,
    seeds: &Relation<1>,
    shape: &Shape,
    algorithm: Algorithm,
) {
    let mut work = Work { tuples, edges, seeds, shape, dead: Vec::new() };
    let suspects = work.suspects();
    if !suspects.is_empty() {
        match algorithm {
            Algorithm::Overdelete => work.overdelete(suspects),
            Algorithm::Backward => work.backward(suspects),
            Algorithm::Labels => work.by_labels(suspects),
            Algorithm::Hybrid => work.hybrid(suspects),
        }
    }
    work.derive();
}

impl<const N: usize> Work<'_, N> {
    fn row(&self, at: u32) -> [u32; N] {
        self.tuples.rows[at as usize]
    }

    fn is_seed(&self, row: &[u32; N]) -> bool {
        (N == 1 || row[0] == row[N - 1]) && self.seeds.has(&[row[0]], NEW)
    }

    /// Tuples that follow from a row in one step, in a version of the edges.
    fn following(&self, row: [u32; N], version: u8) -> impl Iterator<Item = u32> {
        let to = self.shape.to;
        self.edges
            .scan(self.shape.from, row[N - 1], version)
            .filter_map(move |(_, edge)| self.tuples.find(&at_node(&row, edge[to])))
    }

    /// Tuples that a row follows from in one step.
    fn premises(&self, row: [u32; N]) -> impl Iterator<Item = u32> {
        let from = self.shape.from;
        self.edges
            .scan(self.shape.to, row[N - 1], NEW)
            .filter_map(move |(_, edge)| self.tuples.find(&at_node(&row, edge[from])))
            .filter(|premise| self.tuples.is(*premise, NEW))
    }

    /// Tuples with an instance that is no more.
    fn suspects(&self) -> Vec<u32> {
        let mut found = Vec::new();
        for (at, _) in self.seeds.changes().filter(|(_, sign)| *sign < 0) {
            found.extend(self.tuples.find(&[self.seeds.rows[at as usize][0]; N]));
        }
        for (at, _) in self.edges.changes().filter(|(_, sign)| *sign < 0) {
            let edge = self.edges.rows[at as usize];
            let (from, to) = (edge[self.shape.from], edge[self.shape.to]);
            match self.shape.by_node {
                None if self.tuples.has(&[from; N], OLD) => found.extend(self.tuples.find(&[to; N])),
                None => {}
                Some(index) => {
                    let rows = self.tuples.scan(index, from, OLD);
                    found.extend(rows.filter_map(|(_, row)| self.tuples.find(&at_node(row, to))));
                }
            }
        }
        found
    }

    fn overdelete(&mut self, mut open: Vec<u32>) {
        while let Some(at) = open.pop() {
            if self.tuples.is(at, NEW) {
                self.tuples.take(at);
                self.dead.push(at);
                open.extend(self.following(self.row(at), OLD).filter(|other| self.tuples.is(*other, NEW)));
            }
        }
    }

    fn by_labels(&mut self, suspects: Vec<u32>) {
        let mut open: BinaryHeap<_> = suspects.into_iter().map(|at| (Reverse(self.tuples.label(at)), at)).collect();
        while let Some((_, at)) = open.pop() {
            let (row, label) = (self.row(at), self.tuples.label(at));
            let founded = || self.premises(row).any(|premise| self.tuples.label(premise) < label);
            if !self.tuples.is(at, NEW) || self.is_seed(&row) || founded() {
                continue;
            }
            self.tuples.take(at);
            self.dead.push(at);
            let above = self.following(row, OLD).filter(|other| self.tuples.is(*other, NEW));
            let above = above.map(|other| (Reverse(self.tuples.label(other)), other));
            open.extend(above.filter(|(other, _)| other.0 > label));
        }
    }

    fn hybrid(&mut self, suspects: Vec<u32>) {
        let mut open: BinaryHeap<_> = suspects.into_iter().map(|at| (Reverse(self.tuples.label(at)), at)).collect();
        let mut towards = FxHashMap::default();
        let mut queue = VecDeque::new();
        while let Some((_, at)) = open.pop() {
            if !self.tuples.is(at, NEW) || self.is_seed(&self.row(at)) {
                continue;
            }
            let found = self.search(at, &mut towards, &mut queue);
            if let Some(Found::Founded { low, last }) = found
                && self.lower(at, low, last, &towards)
            {
                continue;
            }
            // A search that came to its end proves that nothing it visited is founded.
            let taken: Vec<u32> = if found.is_some() { vec![at] } else { towards.keys().copied().collect() };
            for other in &taken {
                self.tuples.take(*other);
                self.dead.push(*other);
            }
            for other in taken {
                let label = self.tuples.label(other);
                let above = self.following(self.row(other), OLD).filter(|next| self.tuples.is(*next, NEW));
                let above = above.map(|next| (Reverse(self.tuples.label(next)), next));
                open.extend(above.filter(|(next, _)| next.0 > label));
            }
        }
    }

    /// Looks backwards for a live tuple with a lower label than `at`.
    ///
    /// - `towards`: afterwards for each visited tuple the one it was reached from.
    /// - returns: `None` where there is none.
    fn search(&mut self, at: u32, towards: &mut FxHashMap<u32, u32>, queue: &mut VecDeque<u32>) -> Option<Found> {
        let label = self.tuples.label(at);
        towards.clear();
        queue.clear();
        towards.insert(at, u32::MAX);
        queue.push_back(at);
        while let Some(from) = queue.pop_front() {
            let mut moved = None;
            for premise in self.premises(self.row(from)) {
                let low = self.tuples.label(premise);
                if low < label {
                    return Some(Found::Founded { low, last: from });
                }
                if towards.contains_key(&premise) {
                    continue;
                }
                if label > 4_096 && self.is_seed(&self.row(premise)) {
                    moved = Some(premise);
                    break;
                }
                towards.insert(premise, from);
                if towards.len() > BUDGET {
                    return Some(Found::Budget);
                }
                queue.push_back(premise);
            }
            if let Some(seed) = moved {
                // A seed may stand anywhere.
                self.tuples.relabel(seed, label / 2);
                return Some(Found::Founded { low: label / 2, last: from });
            }
        }
        None
    }

    /// Gives the path from `last` to `at` labels between `low` and that of `at`.
    ///
    /// - returns: whether there was room.
    fn lower(&mut self, at: u32, low: u64, last: u32, towards: &FxHashMap<u32, u32>) -> bool {
        let step = |from: &u32| Some(towards[from]);
        let path: Vec<u32> = std::iter::successors(Some(last), step).take_while(|from| *from != at).collect();
        let (length, gap) = (path.len() as u64, self.tuples.label(at) - low);
        let has_room = gap > length + 1;
        if has_room {
            for (number, from) in (1..).zip(path) {
                self.tuples.relabel(from, low + number * (gap / (length + 1)));
            }
        }
        has_room
    }

    fn backward(&mut self, mut open: Vec<u32>) {
        let mut known = Proofs::default();
        while let Some(at) = open.pop() {
            if !self.tuples.is(at, NEW) || known.proved.contains(&at) {
                continue;
            }
            if !known.checked.contains(&at) {
                self.check(at, &mut known);
            }
            if known.proved.contains(&at) {
                continue;
            }
            self.tuples.take(at);
            self.dead.push(at);
            open.extend(self.following(self.row(at), OLD).filter(|other| self.tuples.is(*other, NEW)));
        }
    }

    /// Goes back, depth first, to what proves `at`.
    fn check(&self, at: u32, known: &mut Proofs) {
        let mut stack: Vec<(u32, Vec<u32>)> = Vec::new();
        let mut next = Some(at);
        loop {
            if let Some(at) = next.take() {
                known.checked.insert(at);
                if self.is_seed(&self.row(at)) || known.delayed.contains(&at) {
                    self.saturate(at, known);
                } else {
                    stack.push((at, self.premises(self.row(at)).collect()));
                }
            }
            let Some((at, premises)) = stack.last_mut() else { return };
            match premises.pop() {
                Some(premise) if !known.proved.contains(at) => {
                    next = Some(premise).filter(|p| !known.checked.contains(p))
                }
                _ => drop(stack.pop()),
            }
        }
    }

    /// Proves what follows from `at` among what was looked at.
    fn saturate(&self, at: u32, known: &mut Proofs) {
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            if known.proved.insert(at) {
                for other in self.following(self.row(at), NEW) {
                    if !self.tuples.is(other, OLD) || !self.tuples.is(other, NEW) {
                        continue;
                    }
                    if !known.checked.contains(&other) {
                        known.delayed.insert(other);
                    } else if !known.proved.contains(&other) {
                        open.push(other);
                    }
                }
            }
        }
    }

    /// Derives again what was taken and need not have been, and what is new; breadth first, for low labels.
    fn derive(&mut self) {
        let mut open = Vec::new();
        for at in std::mem::take(&mut self.dead) {
            let row = self.row(at);
            if self.tuples.is(at, NEW) {
                continue;
            }
            let least = self.premises(row).map(|premise| self.tuples.label(premise)).min();
            let label = if self.is_seed(&row) { Some(BASE) } else { least.map(|least| least + GAP) };
            if let Some(label) = label {
                self.tuples.revive(at, label);
                open.push(at);
            }
        }
        for (at, _) in self.seeds.changes().filter(|(_, sign)| *sign > 0) {
            let row = [self.seeds.rows[at as usize][0]; N];
            if !self.tuples.has(&row, NEW) {
                open.push(self.tuples.add(row, BASE));
            }
        }
        let mut ready = Vec::new();
        for (at, _) in self.edges.changes().filter(|(_, sign)| *sign > 0) {
            let edge = self.edges.rows[at as usize];
            let (from, to) = (edge[self.shape.from], edge[self.shape.to]);
            let mut found =
                |premise: u32, row: &[u32; N]| ready.push((at_node(row, to), self.tuples.label(premise) + GAP));
            match self.shape.by_node {
                None => match self.tuples.find(&[from; N]) {
                    Some(premise) if self.tuples.is(premise, NEW) => found(premise, &[from; N]),
                    _ => {}
                },
                Some(index) => self.tuples.scan(index, from, NEW).for_each(|(premise, row)| found(premise, row)),
            }
            for (row, label) in ready.drain(..) {
                if !self.tuples.has(&row, NEW) {
                    open.push(self.tuples.add(row, label));
                }
            }
        }
        let mut next = Vec::new();
        while !open.is_empty() {
            for at in open.drain(..) {
                let (row, label) = (self.row(at), self.tuples.label(at) + GAP);
                for (_, edge) in self.edges.scan(self.shape.from, row[N - 1], NEW) {
                    let row = at_node(&row, edge[self.shape.to]);
                    if !self.tuples.has(&row, NEW) {
                        next.push(self.tuples.add(row, label));
                    }
                }
            }
            std::mem::swap(&mut open, &mut next);
        }
    }
}

/// How a search backwards ended.
#[derive(Clone, Copy)]
enum Found {
    /// At a live tuple with the label `low`, a premise of `last`.
    Founded { low: u64, last: u32 },
    /// It would have cost too much.
    Budget,
}

/// What a search for proofs knows.
#[derive(Default)]
struct Proofs {
    checked: FxHashSet<u32>,
    proved: FxHashSet<u32>,
    delayed: FxHashSet<u32>,
}

/// The way from a tuple down to a seed, by the lowest premise of each.
pub fn proof<const N: usize>(
    tuples: &mut Relation<N>,
    edges: &Relation<2>,
    seeds: &Relation<1>,
    shape: &Shape,
    from: u32,
) -> Vec<u32> {
    let work = Work { tuples, edges, seeds, shape, dead: Vec::new() };
    let lowest = |at: &u32| {
        let row = work.row(*at);
        let premises = work.premises(row).min_by_key(|premise| work.tuples.label(*premise));
        premises.filter(|_| !work.is_seed(&row))
    };
    std::iter::successors(Some(from), lowest).collect()
}

/// How many tuples break the invariant.
pub fn unfounded<const N: usize>(
    tuples: &mut Relation<N>,
    edges: &Relation<2>,
    seeds: &Relation<1>,
    shape: &Shape,
) -> usize {
    let work = Work { tuples, edges, seeds, shape, dead: Vec::new() };
    let is_founded = |at: &u32| {
        let (row, label) = (work.row(*at), work.tuples.label(*at));
        work.is_seed(&row) || work.premises(row).any(|premise| work.tuples.label(premise) < label)
    };
    work.tuples.live().filter(|at| !is_founded(at)).count()
}
