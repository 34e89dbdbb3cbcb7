//! How long an engine takes over an estate: load, open a change, read, prove, apply.
//!
//! `cargo bench -p engine --bench estate -- [RESOURCES] [THREADS]`; microseconds: the median on the wall, and where the system
//! tells, the mean of what this thread was at work.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::disallowed_methods)]

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/unit/small.rs"]
mod small;

use engine::{Delta, Engine, Limits};
use program::{RelationId, Tuple, Value};
use proof::Side;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

/// A source of numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }
}

const LAW: &str = "
    state kind/2, tag/3, needs/2, encrypted_by/2, owner/2, member/2;
    state exists/1, stateful/1, critical/1, exposed/1, edge/2, unreadable/1, orphan/1, covered/2, crossing/2, widely/2;
    change action/3, actor/2, writes/2, blast/2, impacted/2, own/1, refused/2, asked/1;
    exists(r) if kind(r, _);
    stateful(r) if kind(r, 'database');
    stateful(r) if kind(r, 'bucket');
    edge(a, b) if needs(a, b);
    edge(a, b) if encrypted_by(a, b);
    critical(r) if tag(r, 'class', 'critical');
    critical(b) if critical(a), edge(a, b);
    exposed(r) if tag(r, 'zone', 'internet');
    exposed(a) if exposed(b), needs(a, b);
    unreadable(r) if exists(r), encrypted_by(r, k), not exists(k);
    orphan(r) if exists(r), not owner(r, _);
    covered('orders', r) if tag(r, 'system', 'orders');
    covered(i, r) if before.covered(i, r);
    crossing(a, b) if edge(a, b), tag(a, 'env', x), tag(b, 'env', y), x != y;
    widely(r, n) if exists(r), n = count edge(_, r), 3 < n;
    writes(a, r) if action(a, v, r), v != 'read';
    blast(r, hit) if writes(_, r), either.edge(hit, r);
    blast(r, hit) if blast(r, via), either.edge(hit, via);
    impacted(a, r) if writes(a, r);
    impacted(a, hit) if writes(a, r), blast(r, hit);
    own(a) if action(a, _, r), actor(a, who), before.owner(r, team), before.member(who, team);
    refused(a, r) if impacted(a, r), stateful(r), covered(_, r), not exists(r);
    refused(a, r) if writes(a, r), unreadable(r);
    asked(a) if impacted(a, r), not owner(r, _)";

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let resources = numbers.first().copied().unwrap_or(3_000);
    let threads = numbers.get(1).copied().unwrap_or(1);
    let mut text = String::from(LAW);
    // Packs: most rules of a program are about things that this estate does not have.
    for pack in 0..450 {
        let _ = write!(text, "; stateful(r) if kind(r, 'pack{pack}'), tag(r, 'tier', 'gold')");
    }
    let program = small::program(&text);
    let id = |name: &str| small::id(&program, name);
    let mut given: Vec<(RelationId, Tuple)> = Vec::new();
    let mut numbers = Numbers(7);
    let name = |number: usize| Value::text(format!("resource.{number}"));
    for number in 0..resources {
        let block = number / 50 * 50;
        let kind = ["database", "bucket", "server", "queue", "key"][numbers.below(5)];
        given.push((id("kind"), vec![name(number), Value::text(kind)]));
        let env = ["prod", "prod", "prod", "test"][block / 50 % 4];
        given.push((id("tag"), vec![name(number), Value::text("env"), Value::text(env)]));
        let system = ["orders", "billing", "web"][numbers.below(3)];
        given.push((id("tag"), vec![name(number), Value::text("system"), Value::text(system)]));
        if numbers.below(100) == 0 {
            given.push((id("tag"), vec![name(number), Value::text("class"), Value::text("critical")]));
        }
        for _ in 0..2 {
            let to = if numbers.below(200) == 0 { numbers.below(resources) } else { block + numbers.below(50) };
            given.push((id("needs"), vec![name(number), name(to)]));
        }
        given.push((id("encrypted_by"), vec![name(number), name(block + numbers.below(3))]));
        if numbers.below(50) != 0 {
            given.push((id("owner"), vec![name(number), Value::text(format!("team-{}", block / 50))]));
        }
    }
    given.push((id("member"), vec![Value::text("ana"), Value::text("team-0")]));
    println!("{} facts, {} rules, {threads} threads", given.len(), program.rules.len());

    let limits = Limits { threads, ..Limits::default() };
    let load = || Engine::load(Arc::clone(&program), given.iter().cloned(), limits).expect("within the limits");
    median("load", || drop(load()));
    let mut engine = load();
    let gone = |number: usize| {
        let is_its = |(_, tuple): &&(RelationId, Tuple)| tuple[0] == name(number);
        let asked = |relation, values: Vec<Value>| (id(relation), values);
        Delta {
            added: vec![
                asked("action", vec![Value::text("a"), Value::text("delete"), name(number)]),
                asked("actor", vec![Value::text("a"), Value::text("ana")]),
            ],
            removed: given.iter().filter(is_its).cloned().collect(),
        }
    };
    let delta = gone(1);
    median("open: nothing", || drop(engine.open(&Delta::default())));
    median("open: one resource deleted", || drop(engine.open(&delta)));
    let one = Delta { added: vec![(id("needs"), vec![name(3), name(11)])], removed: Vec::new() };
    median("open: one edge added", || drop(engine.open(&one)));
    let world = engine.open(&delta).expect("within the limits");
    let blast = world.tuples(Side::After, id("blast"));
    println!("blast {}, refused {}", blast.len(), world.tuples(Side::After, id("refused")).len());
    median("gained and lost, all relations", || {
        for place in 0..program.relations.len() {
            let relation = RelationId(u32::try_from(place).expect("few relations"));
            drop((world.gained(relation), world.lost(relation)));
        }
    });
    let mut next = 0;
    median("prove: blast", || {
        next = (next + 1) % blast.len();
        drop(world.prove(Side::After, id("blast"), &blast[next]));
    });
    let critical = world.tuples(Side::Before, id("critical"));
    median("prove: critical", || {
        next = (next + 1) % critical.len();
        drop(world.prove(Side::Before, id("critical"), &critical[next]));
    });
    median("certificate", || drop(world.certificate()));
    let mut back = false;
    median("apply: one edge, to and fro", || {
        let (added, removed) = if back { (Vec::new(), one.added.clone()) } else { (one.added.clone(), Vec::new()) };
        back = !back;
        drop(engine.apply(&Delta { added, removed }));
    });
}

/// Prints the median time on the wall, and the mean time at work, of some runs.
fn median(what: &str, mut work: impl FnMut()) {
    const RUNS: u64 = 51;
    let busy_before = busy();
    let run = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_micros()
    };
    let mut times: Vec<u128> = (0..RUNS).map(run).collect();
    times.sort_unstable();
    println!("{what:<34}{:>9}{:>9}", times[times.len() / 2], (busy() - busy_before) / RUNS / 1_000);
}

/// Nanoseconds that this thread was at work; 0 where nobody says.
fn busy() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}
