//! What checking costs beside deriving: certificates, proofs, and why something does not hold.
//!
//! `cargo bench -p decide --bench checks -- [RESOURCES]`; 130,000 resources are 0.9 M facts. Milliseconds on the wall.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::disallowed_methods)]

#[allow(dead_code, reason = "the engine's tests use all of it")]
#[path = "../../engine/tests/unit/small.rs"]
mod small;

#[path = "checks/estate.rs"]
mod estate;

use decide::{Assurance, Case, ask};
use engine::{Delta, Engine, Limits};
use estate::{LAW, Numbers, case, estate, name, now};
use program::{RelationId, Term, Value};
use proof::{Difference, Side, certify_change, certify_model, certify_version, check_in};
use std::collections::BTreeSet;
use std::sync::Arc;

fn main() {
    let resources = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(3_000);
    let mut program = (*small::program(LAW)).clone();
    program.editable = vec![small::id(&program, "tag")];
    let program = Arc::new(program);
    let given = estate(&program, resources);
    let facts: usize = given.values().map(BTreeSet::len).sum();
    println!("{facts} facts, {} rules", program.rules.len());

    let limits = Limits { threads: 1, ..Limits::default() };
    let all = || given.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple.clone())));
    let (engine, load) =
        once("load and fixpoint", || Engine::load(program.clone(), all(), limits).expect("within the limits"));
    let gone = name(1);
    let action = vec![Value::text("a"), Value::text("delete"), gone.clone()];
    let delta = Delta {
        added: vec![(small::id(&program, "action"), action)],
        removed: all().filter(|(_, tuple)| tuple[0] == gone).collect(),
    };
    let (world, _) = once("open: one resource deleted", || engine.open(&delta).expect("within the limits"));
    let (certificate, _) = once("the engine's certificate", || world.certificate());
    let (model, certified) =
        once("certificate of the model", || certify_model(&program, &given, &certificate.before).expect("it is right"));
    println!("    {:.1} times the engine's own evaluation", certified / load);
    let ((gained, lost), _) = once("the engine's difference", || world.difference());
    let change = Difference { added: delta.added.clone(), removed: delta.removed.clone(), gained, lost };
    let (database, _) =
        once("delta-certificate, the first", || certify_change(&program, &model, &change).expect("it is right"));
    median("delta-certificate", 5, || drop(certify_change(&program, &model, &change).expect("it is right")));

    let other = Delta { added: Vec::new(), removed: all().filter(|(_, tuple)| tuple[0] == name(2)).collect() };
    median("another version, derived and certified", 5, || {
        let mut next = engine.fork(limits);
        next.apply(&other).expect("within the limits");
        let (gained, lost) = next.since(&engine).difference();
        let moved = Difference { added: Vec::new(), removed: other.removed.clone(), gained, lost };
        drop(certify_version(&program, &model, &moved).expect("it is right"));
    });

    let refused = small::id(&program, "refused");
    let denials = world.tuples(Side::After, refused);
    let mut next = 0;
    median("proof and check of one denial", 200, || {
        next = (next + 1) % denials.len();
        let proof = world.prove(Side::After, refused, &denials[next]).expect("no limit").expect("it holds");
        drop(check_in(&program, &database, &proof).expect("it follows"));
    });
    drop((engine, world, certificate, model, database));

    let case = Case { limits, assurance: Assurance::DeltaCertificate, ..case(&program, &given) };
    let mut numbers = Numbers(11);
    let fit = small::id(&program, "fit");
    let questions: Vec<(RelationId, Vec<Term>)> =
        (0..60).map(|_| (fit, vec![Term::Constant(name(numbers.below(resources))), Term::Any])).collect();
    let (mut times, mut ways, mut start) = (Vec::new(), 0, now());
    ask::why_nots(&case, &questions, 3, &mut |answer| {
        times.push(now() - start);
        ways += answer.passing.ways.len();
        start = now();
    })
    .expect("an answer");
    // The first question pays for the world and its indexes.
    let first = times.remove(0);
    times.sort_by(f64::total_cmp);
    println!("{:<40} {first:>10.2} ms", "why-not: the world, and the first answer");
    println!(
        "{:<40} {:>10.2} ms, p95 {:.2} ms, {ways} ways",
        "why-not, at most 3 edits: median",
        times[times.len() / 2],
        times[times.len() * 95 / 100]
    );
}

fn once<T>(what: &str, work: impl FnOnce() -> T) -> (T, f64) {
    let start = now();
    let made = work();
    let spent = now() - start;
    println!("{what:<40} {spent:>10.2} ms");
    (made, spent)
}

fn median(what: &str, runs: usize, mut work: impl FnMut()) {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = now();
            work();
            now() - start
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:<40} {:>10.3} ms", times[runs / 2]);
}
