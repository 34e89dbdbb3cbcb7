//! What checking costs beside deriving: certificates, proofs, and why something does not hold.
//!
//! `cargo bench -p decide --bench checks -- [RESOURCES]`; 130,000 resources are 0.9 M facts. Milliseconds at work of this
//! thread where the system tells, else on the wall.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::disallowed_methods)]

#[allow(dead_code, reason = "the engine's tests use all of it")]
#[path = "../../engine/tests/unit/small.rs"]
mod small;

use decide::{Assurance, Case, ask};
use engine::{Delta, Engine, Limits};
use program::{Change, Digest, Fact, FactSource, Origin, Program, RelationId, SourceKind, Speaks, Term, Tuple, Value};
use proof::{Difference, Side, certify_change, certify_model, check_in};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

const LAW: &str = "
    state kind/2, tag/3, needs/2, encrypted_by/2, owner/2, member/2;
    state exists/1, stateful/1, critical/1, edge/2, unreadable/1, orphan/1, covered/2, crossing/2, kept/1, fit/2;
    change action/3, writes/2, blast/2, impacted/2, refused/2;
    exists(r) if kind(r, _);
    stateful(r) if kind(r, 'database');
    stateful(r) if kind(r, 'bucket');
    edge(a, b) if needs(a, b);
    edge(a, b) if encrypted_by(a, b);
    critical(r) if tag(r, 'class', 'critical');
    critical(b) if critical(a), edge(a, b);
    unreadable(r) if exists(r), encrypted_by(r, k), not exists(k);
    orphan(r) if exists(r), not owner(r, _);
    covered('orders', r) if tag(r, 'system', 'orders');
    crossing(a, b) if edge(a, b), tag(a, 'env', x), tag(b, 'env', y), x != y;
    kept(r) if stateful(r), tag(r, 'backup', 'daily'), tag(r, 'tested', 'yes'), not orphan(r);
    fit(r, team) if kept(r), owner(r, team), tag(r, 'tier', 'gold');
    writes(a, r) if action(a, v, r), v != 'read';
    blast(r, hit) if writes(_, r), either.edge(hit, r);
    blast(r, hit) if blast(r, via), either.edge(hit, via);
    impacted(a, r) if writes(a, r);
    impacted(a, hit) if writes(a, r), blast(r, hit);
    refused(a, r) if impacted(a, r), stateful(r), covered(_, r), unreadable(r)";

/// A source of numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }
}

fn name(number: usize) -> Value {
    Value::text(format!("resource.{number}"))
}

fn estate(program: &Program, resources: usize) -> BTreeMap<RelationId, BTreeSet<Tuple>> {
    let mut given: BTreeMap<RelationId, BTreeSet<Tuple>> = BTreeMap::new();
    let mut numbers = Numbers(7);
    let mut give = |relation: &str, tuple: Vec<Value>| {
        given.entry(small::id(program, relation)).or_default().insert(tuple);
    };
    for number in 0..resources {
        let block = number / 50 * 50;
        let kind = ["database", "bucket", "server", "queue", "key"][numbers.below(5)];
        give("kind", vec![name(number), Value::text(kind)]);
        give("tag", vec![name(number), Value::text("env"), Value::text(["prod", "prod", "test"][block / 50 % 3])]);
        give("tag", vec![name(number), Value::text("system"), Value::text(["orders", "web"][numbers.below(2)])]);
        for (key, value, one_in) in [("class", "critical", 100), ("backup", "daily", 3), ("tested", "yes", 4)] {
            if numbers.below(one_in) == 0 {
                give("tag", vec![name(number), Value::text(key), Value::text(value)]);
            }
        }
        for _ in 0..2 {
            let to = if numbers.below(200) == 0 { numbers.below(resources) } else { block + numbers.below(50) };
            give("needs", vec![name(number), name(to)]);
        }
        give("encrypted_by", vec![name(number), name(block + numbers.below(3))]);
        if numbers.below(50) != 0 {
            give("owner", vec![name(number), Value::text(format!("team-{}", block / 50))]);
        }
    }
    given
}

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
    let (mut model, certified) =
        once("certificate of the model", || certify_model(&program, &given, &certificate.before).expect("it is right"));
    println!("    {:.1} times the engine's own evaluation", certified / load);
    let (gained, lost) = certificate.difference();
    let change = Difference { added: delta.added.clone(), removed: delta.removed.clone(), gained, lost };
    let (database, _) =
        once("delta-certificate, the first", || certify_change(&program, &mut model, &change).expect("it is right"));
    median("delta-certificate", 5, || drop(certify_change(&program, &mut model, &change).expect("it is right")));

    let refused = small::id(&program, "refused");
    let denials = world.tuples(Side::After, refused);
    let mut next = 0;
    median("proof and check of one denial", 200, || {
        next = (next + 1) % denials.len();
        let proof = world.prove(Side::After, refused, &denials[next]).expect("no limit").expect("it holds");
        drop(check_in(&program, &database, &proof).expect("it follows"));
    });
    drop((engine, world, certificate, model, database));

    let source = Arc::new(FactSource {
        name: "estate".into(),
        kind: SourceKind::Facts,
        file: "estate".into(),
        speaks: Speaks::Built,
        rank: 0,
        observed_at: None,
        digest: "".into(),
        complete: true,
    });
    let fact = |(id, tuple): (RelationId, Tuple)| Fact {
        relation: program.relation(id).name.as_str().into(),
        tuple,
        origin: Origin { source: source.clone(), place: "1:1".into() },
    };
    let nothing = Change {
        format: "question".into(),
        file: "".into(),
        digest: Digest::of(b""),
        actions: Vec::new(),
        partial: Vec::new(),
        facts: Vec::new(),
    };
    let case = Case {
        program: program.clone(),
        facts: all().map(fact).collect(),
        change: nothing,
        actor: None,
        session: None,
        now: 0,
        model: Digest::of(b""),
        sources: Vec::new(),
        limits,
        assurance: Assurance::DeltaCertificate,
        build: String::new(),
    };
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

/// Milliseconds that this thread was at work; on the wall where the system does not tell.
fn now() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let busy = told.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    busy.map_or_else(|| START.with(|start| start.elapsed().as_secs_f64() * 1e3), |nanoseconds| nanoseconds / 1e6)
}
