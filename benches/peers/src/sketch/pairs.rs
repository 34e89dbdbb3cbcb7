//! Maintenance of a relation that depends on itself through two premises at once.
//!
//! `T(y) :- T(x), T(w), E(x, w, y)` and `T(s) :- Seed(s)`. Of the algorithms of `recursion` two are here, overdeletion and
//! labels: a search backwards would have to find two paths.

use super::recursion::{Algorithm, BASE, GAP};
use super::relation::{NEW, OLD, Relation};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The algorithms that are here.
pub const ALGORITHMS: [Algorithm; 2] = [Algorithm::Overdelete, Algorithm::Labels];

/// The indexes of `E`: by `x`, by `w`, by `y`.
pub const INDEXES: [&[usize]; 3] = [&[0], &[1], &[2]];

/// Brings `tuples` up to date with what the open transaction did to edges and seeds.
pub fn maintain(tuples: &mut Relation<1>, edges: &Relation<3>, seeds: &Relation<1>, algorithm: Algorithm) {
    let lost = edges.changes().filter(|(_, sign)| *sign < 0).map(|(at, _)| edges.rows[at as usize]);
    let mut suspects: Vec<u32> = lost
        .filter(|[x, w, _]| tuples.has(&[*x], OLD) && tuples.has(&[*w], OLD))
        .filter_map(|[_, _, y]| tuples.find(&[y]))
        .collect();
    let gone = seeds.changes().filter(|(_, sign)| *sign < 0);
    suspects.extend(gone.filter_map(|(at, _)| tuples.find(&seeds.rows[at as usize])));
    let dead = match algorithm {
        Algorithm::Overdelete => overdelete(tuples, edges, suspects),
        Algorithm::Labels => by_labels(tuples, edges, seeds, suspects),
        Algorithm::Backward | Algorithm::Hybrid => unreachable!("bug: of one recursive premise alone"),
    };
    derive(tuples, edges, seeds, dead);
}

/// Tuples that follow from `x` and another one.
fn following(tuples: &Relation<1>, edges: &Relation<3>, x: u32, version: u8) -> Vec<u32> {
    let sides = edges.scan(0, x, version).chain(edges.scan(1, x, version));
    sides.filter_map(|(_, edge)| tuples.find(&[edge[2]])).filter(|at| tuples.is(*at, NEW)).collect()
}

/// The larger label of the premises of each instance that derives `y`.
fn instances(tuples: &Relation<1>, edges: &Relation<3>, y: u32) -> impl Iterator<Item = u64> {
    let label = |node: u32| tuples.find(&[node]).filter(|at| tuples.is(*at, NEW)).map(|at| tuples.label(at));
    edges.scan(2, y, NEW).filter_map(move |(_, edge)| Some(label(edge[0])?.max(label(edge[1])?)))
}

fn overdelete(tuples: &mut Relation<1>, edges: &Relation<3>, mut open: Vec<u32>) -> Vec<u32> {
    let mut dead = Vec::new();
    while let Some(at) = open.pop() {
        if tuples.is(at, NEW) {
            tuples.take(at);
            dead.push(at);
            open.extend(following(tuples, edges, tuples.rows[at as usize][0], OLD));
        }
    }
    dead
}

fn by_labels(tuples: &mut Relation<1>, edges: &Relation<3>, seeds: &Relation<1>, suspects: Vec<u32>) -> Vec<u32> {
    let mut dead = Vec::new();
    let mut open: BinaryHeap<_> = suspects.into_iter().map(|at| (Reverse(tuples.label(at)), at)).collect();
    while let Some((Reverse(label), at)) = open.pop() {
        let row = tuples.rows[at as usize];
        let is_founded = || instances(tuples, edges, row[0]).any(|premise| premise < label);
        if !tuples.is(at, NEW) || seeds.has(&row, NEW) || is_founded() {
            continue;
        }
        tuples.take(at);
        dead.push(at);
        let above =
            following(tuples, edges, row[0], OLD).into_iter().map(|other| (Reverse(tuples.label(other)), other));
        open.extend(above.filter(|(other, _)| other.0 > label));
    }
    dead
}

fn derive(tuples: &mut Relation<1>, edges: &Relation<3>, seeds: &Relation<1>, dead: Vec<u32>) {
    let mut open = Vec::new();
    for at in dead {
        let row = tuples.rows[at as usize];
        let least = instances(tuples, edges, row[0]).min();
        let label = if seeds.has(&row, NEW) { Some(BASE) } else { least.map(|least| least + GAP) };
        if let Some(label) = label.filter(|_| !tuples.is(at, NEW)) {
            tuples.revive(at, label);
            open.push(at);
        }
    }
    for (at, _) in seeds.changes().filter(|(_, sign)| *sign > 0) {
        let row = seeds.rows[at as usize];
        if !tuples.has(&row, NEW) {
            open.push(tuples.add(row, BASE));
        }
    }
    let mut targets: Vec<u32> = Vec::new();
    targets.extend(edges.changes().filter(|(_, sign)| *sign > 0).map(|(at, _)| edges.rows[at as usize][2]));
    loop {
        for y in targets.drain(..) {
            if !tuples.has(&[y], NEW)
                && let Some(label) = instances(tuples, edges, y).min()
            {
                open.push(tuples.add([y], label + GAP));
            }
        }
        if open.is_empty() {
            return;
        }
        for at in open.drain(..) {
            let x = tuples.rows[at as usize][0];
            targets.extend(edges.scan(0, x, NEW).chain(edges.scan(1, x, NEW)).map(|(_, edge)| edge[2]));
        }
    }
}
