//! The hand-wired sketch: what an engine can do that has one program burnt in.
//!
//! Read downwards: `relation` keeps two versions of each row; `recursion` maintains a relation that depends on itself, by
//! four algorithms; `pairs` the same where two premises are recursive; `estate` is the whole program, wired by hand.

mod estate;
mod pairs;
mod recursion;
mod relation;

use crate::adversarial::{Case, Rules};
use crate::estate::{Deltas, Estate, Operation};
use crate::measure::{self, Numbers, Sum, Times, busy, figure};
use estate::Database;
use recursion::{Algorithm, Shape};
use relation::{Kept, Relation};

/// Loads an estate and tries every operation.
pub fn estate(estate: Estate, operations: &[(&'static str, Vec<Operation>)]) {
    let before = measure::resident();
    let start = busy();
    let mut database = Database::load(&estate);
    figure("load.cpu", (busy() - start) as f64 / 1_000.0);
    figure("load.resident MB", measure::resident() - before);
    figure("load.peak MB", measure::peak());
    drop(estate);
    let base = database.sums();
    base.print();
    for (kind, list) in operations {
        let (mut forth, mut back, mut deltas) = (Times::default(), Times::default(), Deltas::default());
        let mut found = Vec::new();
        for (number, operation) in list.iter().enumerate() {
            found.clear();
            let start = busy();
            database.open(operation, Algorithm::Hybrid);
            database.delta(&mut found);
            forth.push(busy() - start);
            let start = busy();
            database.end(false);
            back.push(busy() - start);
            deltas.add(number, &found);
        }
        forth.print(format_args!("open.{kind}"));
        back.print(format_args!("back.{kind}"));
        deltas.print(kind);
        assert_eq!(database.sums(), base, "what was taken back left nothing behind");
    }
    assert_eq!(database.unfounded(), 0, "every label stands above that of a premise");
    let (critical, blast) = database.provable();
    let mut numbers = Numbers(7);
    let mut prove = |name: &str, rows: &[u32], mut prove: Box<dyn FnMut(u32) -> usize + '_>| {
        let mut times = Times::default();
        for _ in 0..1_000.min(rows.len()) {
            let row = numbers.pick(rows);
            let start = busy();
            let length = prove(row);
            times.push(busy() - start);
            assert!(length > 0);
        }
        times.print(format_args!("proof.{name}"));
    };
    prove("critical", &critical, Box::new(|row| database.prove_critical(row)));
    prove("blast", &blast, Box::new(|row| database.prove_blast(row)));
}

/// Tries the deletions of a case by each algorithm.
pub fn adversarial(case: &Case) {
    let shape = Shape { from: 0, to: 1, by_node: None };
    let mut seeds = Relation::<1>::new(Kept::Nothing, &[]);
    let mut tuples = Relation::<1>::new(Kept::Label, &[]);
    case.seeds.iter().for_each(|seed| _ = seeds.set([*seed], true));
    let mut run = |algorithms: &[Algorithm], step: &mut dyn FnMut(Step<'_>, &mut Relation<1>, &Relation<1>)| {
        step(Step::Derive(Algorithm::Labels), &mut tuples, &seeds);
        step(Step::End(true), &mut tuples, &seeds);
        tuples.end(true);
        seeds.end(true);
        for algorithm in algorithms {
            let (mut times, mut sum) = (Times::default(), Sum::default());
            for (number, deletion) in case.deletions.iter().enumerate() {
                let start = busy();
                step(Step::Remove(&deletion.edges), &mut tuples, &seeds);
                deletion.seeds.iter().for_each(|seed| _ = seeds.set([*seed], false));
                step(Step::Derive(*algorithm), &mut tuples, &seeds);
                times.push(busy() - start);
                for ([node], sign) in tuples.delta() {
                    sum.weigh(0, &[node], i64::from(sign), number as u64 + 1);
                }
                step(Step::End(false), &mut tuples, &seeds);
                tuples.end(false);
                seeds.end(false);
            }
            case.print_by(times, sum, &format!(" by {algorithm:?}"));
        }
    };
    match case.rules {
        Rules::One => {
            let mut edges = Relation::<2>::new(Kept::Nothing, &[&[0], &[1]]);
            case.edges.iter().for_each(|[x, _, y]| _ = edges.set([*x, *y], true));
            run(&Algorithm::ALL, &mut |step, tuples, seeds| match step {
                Step::Remove(gone) => gone.iter().for_each(|[x, _, y]| _ = edges.set([*x, *y], false)),
                Step::Derive(algorithm) => recursion::maintain(tuples, &edges, seeds, &shape, algorithm),
                Step::End(commit) => edges.end(commit),
            });
        }
        Rules::Two => {
            let mut edges = Relation::<3>::new(Kept::Nothing, &pairs::INDEXES);
            case.edges.iter().for_each(|edge| _ = edges.set(*edge, true));
            run(&pairs::ALGORITHMS, &mut |step, tuples, seeds| match step {
                Step::Remove(gone) => gone.iter().for_each(|edge| _ = edges.set(*edge, false)),
                Step::Derive(algorithm) => pairs::maintain(tuples, &edges, seeds, algorithm),
                Step::End(commit) => edges.end(commit),
            });
        }
    }
}

/// What is done to the edges, and by them.
enum Step<'e> {
    Remove(&'e [[u32; 3]]),
    Derive(Algorithm),
    End(bool),
}
