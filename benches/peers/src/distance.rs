//! Shortest ways over the estate's edges, kept under change: a lattice column in two recursions.
//!
//! `far` is how far a resource is from the nearest critical seed, along edges of unequal length, so that what is found first
//! is often beaten; `blast` how many edges lie between a changed resource and what rests on it.
//!
//! Writ alone takes part. What each change makes is digested, so that two builds of the engine can be held against each other.

use crate::estate::{Estate, Input};
use crate::measure::{Numbers, Sum, Times, busy, digest, figure};
use crate::writ::{LIMITS, id, program, row, tuple};
use engine::{Delta, Engine};
use program::{RelationId, Tuple};
use proof::Side;
use std::sync::Arc;

const LAW: &str = include_str!("estate/distance.writ");

/// Changes of each kind.
pub const KINDS: [&str; 5] =
    ["edge removed", "edge added", "edge longer", "seed removed", "edge out of a seed removed"];

/// The length of an edge.
fn length(from: u32, to: u32) -> u32 {
    1 + (from.wrapping_mul(7) ^ to.wrapping_mul(13)) % 9
}

/// Loads the edges of an estate and tries changes of them.
///
/// - `most`: no more changes of a kind than that.
pub fn distance(estate: &Estate, most: usize) {
    let program = program(LAW);
    let [edge, seed, changed, far, blast] = ["edge", "seed", "changed", "far", "blast"].map(|name| id(&program, name));
    let long = |from: u32, to: u32, more: u32| (edge, tuple(&[from, to, length(from, to) + more]));
    let edges: Vec<[u32; 2]> = estate.rows(Input::Depends).iter().map(|row| [row[0], row[1]]).collect();
    let seeds: Vec<u32> = estate.rows(Input::Seed).iter().map(|row| row[0]).collect();
    let out: Vec<[u32; 2]> = {
        let known: std::collections::HashSet<u32> = seeds.iter().copied().collect();
        edges.iter().copied().filter(|[from, _]| known.contains(from)).collect()
    };
    let given = edges.iter().map(|[from, to]| long(*from, *to, 0));
    let given = given.chain(seeds.iter().map(|at| (seed, tuple(&[*at]))));
    let given = given.chain(estate.rows(Input::Changed).iter().map(|row| (changed, tuple(&row[..1]))));
    let start = busy();
    let engine = Engine::load(Arc::clone(&program), given, LIMITS).expect("no limit is met");
    figure("load.cpu", (busy() - start) as f64 / 1_000.0);
    let world = engine.open(&Delta::default()).expect("no limit is met");
    let mut sum = Sum::default();
    world.tuples(Side::Before, far).iter().for_each(|tuple| sum.add(0, &row::<2>(tuple), 1));
    world.tuples(Side::Before, blast).iter().for_each(|tuple| sum.add(1, &row::<3>(tuple), 1));
    digest("base", sum);
    drop(world);
    let mut numbers = Numbers(5);
    for kind in KINDS {
        let (mut times, mut proofs, mut sum, mut moved) = (Times::default(), Times::default(), Sum::default(), 0);
        for number in 0..most as u64 {
            let [from, to] = numbers.pick(if kind.ends_with("of a seed removed") { &out } else { &edges });
            let gone = numbers.pick(&seeds);
            let near = from / 100 * 100 + numbers.below(100);
            let (added, removed): (Vec<(RelationId, Tuple)>, Vec<_>) = match kind {
                "edge added" => (vec![long(from, near, 0)], Vec::new()),
                "edge longer" => (vec![long(from, to, 3)], vec![long(from, to, 0)]),
                "seed removed" => (Vec::new(), vec![(seed, tuple(&[gone]))]),
                _ => (Vec::new(), vec![long(from, to, 0)]),
            };
            let delta = Delta { added, removed };
            let start = busy();
            let world = engine.open(&delta).expect("no limit is met");
            let all = [(far, 1), (far, -1), (blast, 1), (blast, -1)]
                .map(|(of, sign)| (of, sign, if sign > 0 { world.gained(of) } else { world.lost(of) }));
            times.push(busy() - start);
            for (of, sign, tuples) in &all {
                moved += tuples.len();
                let of_blast = u8::from(*of == blast);
                tuples.iter().for_each(|tuple| {
                    sum.weigh(of_blast, &row::<3>(tuple)[..tuple.len()], *sign, number + 1);
                });
            }
            if let Some(tuple) = all[0].2.first() {
                let start = busy();
                assert!(world.witness(Side::After, far, tuple).expect("no limit is met").is_some(), "it holds");
                proofs.push(busy() - start);
            }
        }
        times.print(format_args!("open.{kind}"));
        proofs.print(format_args!("proof.{kind}"));
        figure(format_args!("moved.{kind}"), moved as f64 / most as f64);
        digest(format_args!("delta.{kind}"), sum);
    }
}
