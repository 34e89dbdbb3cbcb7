//! What one question costs where only what it asks for is derived, and where all that follows is.
//!
//! `cargo bench -p engine --bench demand -- [RESOURCES]`; 130,000 resources are 0.9 M facts. For chains and trees, at two
//! sizes, and for an estate: milliseconds at work of this thread where the system tells, and tuples derived.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::disallowed_methods)]

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/unit/small.rs"]
mod small;

use engine::{Delta, Demand, Engine, Goal, Limits};
use program::{Program, RelationId, Tuple, Value};
use proof::Side;
use std::sync::Arc;
use std::time::Instant;

const LAW: &str = "
    state needs/2, kind/2, tag/3, owner/2, exists/1, tc/2, from/2, critical/1, orphan/1;
    exists(r) if kind(r, _);
    tc(a, b) if needs(a, b);
    tc(a, c) if tc(a, b), needs(b, c);
    from(a, b) if needs(a, b);
    from(a, c) if needs(a, b), from(b, c);
    critical(r) if tag(r, 'class', 'critical');
    critical(b) if critical(a), needs(a, b);
    orphan(r) if exists(r), not owner(r, _)";

/// A source of numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }
}

fn main() {
    let resources = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(130_000);
    let program = small::program(LAW);
    let needs = small::id(&program, "needs");
    let edge = |from: usize, to: usize| (needs, vec![name(from), name(to)]);
    for size in [1_000, 2_000, 4_000] {
        let chains: Vec<_> = (0..size).filter(|at| at % 1_000 != 999).map(|at| edge(at, at + 1)).collect();
        ask(&program, &format!("chains of 1,000, {size} nodes"), &chains);
    }
    for size in [10_000, 100_000, 1_000_000] {
        let tree: Vec<_> = (1..size).map(|at| edge((at - 1) / 2, at)).collect();
        ask(&program, &format!("a tree of {size} nodes"), &tree);
    }
    for resources in [resources / 10, resources] {
        let facts = estate(&program, resources);
        ask(&program, &format!("estate, {} facts", facts.len()), &facts);
    }
}

/// Asks for what node 1 leads to, in each way.
fn ask(program: &Arc<Program>, what: &str, given: &[(RelationId, Tuple)]) {
    println!("{what}");
    for relation in ["tc", "from"] {
        let goal = Goal { relation: small::id(program, relation), pattern: vec![Some(name(1)), None] };
        let made = Instant::now();
        let demand = Demand::of(program, vec![goal.clone()]);
        let made = made.elapsed().as_micros();
        let facts: Vec<_> = given.iter().filter(|(relation, _)| demand.reads(*relation)).cloned().collect();
        let (asked, time, derived) =
            run(&facts, demand.program(), |world| demand.answers(world, Side::Before, 0).len());
        println!("  {relation:<5} demand {time:>10.2} ms {derived:>10} tuples, {asked} answers; made in {made} us");
        let whole = Demand::relevant(program, vec![goal]);
        let (answers, time, derived) =
            run(&facts, whole.program(), |world| whole.answers(world, Side::Before, 0).len());
        println!("  {relation:<5} whole  {time:>10.2} ms {derived:>10} tuples");
        assert_eq!(asked, answers);
    }
}

/// Loads and answers: answers, milliseconds, tuples derived.
fn run(
    given: &[(RelationId, Tuple)],
    program: &Arc<Program>,
    answers: impl FnOnce(&engine::Hypothesis<'_>) -> usize,
) -> (usize, f64, usize) {
    let limits = Limits { tuples: usize::MAX, bytes: usize::MAX, ..Limits::default() };
    let given = given.to_vec();
    let facts = given.len();
    let start = busy();
    let engine = Engine::load(Arc::clone(program), given, limits).expect("within the limits");
    let world = engine.open(&Delta::default()).expect("within the limits");
    let found = answers(&world);
    let time = (busy() - start) / 1e6;
    let all = (0..program.relations.len())
        .map(|at| world.count(Side::Before, RelationId(u32::try_from(at).expect("few relations"))));
    (found, time, all.sum::<usize>() - facts)
}

fn name(number: usize) -> Value {
    Value::text(format!("n{number}"))
}

fn estate(program: &Program, resources: usize) -> Vec<(RelationId, Tuple)> {
    let id = |name: &str| small::id(program, name);
    let mut numbers = Numbers(7);
    let mut given = Vec::new();
    for number in 0..resources {
        let block = number / 50 * 50;
        let words = |words: &[&str]| words.iter().map(|word| Value::text(*word)).collect::<Tuple>();
        let one = name(number);
        let mut give = |relation, rest: Tuple| given.push((id(relation), [vec![one.clone()], rest].concat()));
        give("kind", words(&[["database", "bucket", "server", "queue", "key"][numbers.below(5)]]));
        give("tag", words(&["env", ["prod", "prod", "test"][block / 50 % 3]]));
        give("tag", words(&["system", ["orders", "web"][numbers.below(2)]]));
        if numbers.below(100) == 0 {
            give("tag", words(&["class", "critical"]));
        }
        for _ in 0..2 {
            let to = if numbers.below(200) == 0 { numbers.below(resources) } else { block + numbers.below(50) };
            give("needs", vec![name(to)]);
        }
        give("tag", words(&["site", ["a", "b", "c"][numbers.below(3)]]));
        if numbers.below(50) != 0 {
            give("owner", vec![Value::text(format!("team-{}", block / 50))]);
        }
    }
    given.sort();
    given.dedup();
    given
}

/// Nanoseconds that this thread was at work, or where nobody says, on the wall.
fn busy() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let told = told.and_then(|told| told.split_whitespace().next()?.parse().ok());
    told.unwrap_or_else(|| START.with(|start| start.elapsed().as_secs_f64() * 1e9))
}
