//! An estate of resources and rules over it, for measurements.

use crate::small;
use decide::{Assurance, Case, Limits};
use program::{Change, Digest, Fact, FactSource, Origin, Program, RelationId, SourceKind, Speaks, Tuple, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

pub const LAW: &str = "
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
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }
}

pub fn name(number: usize) -> Value {
    Value::text(format!("resource.{number}"))
}

pub fn estate(program: &Program, resources: usize) -> BTreeMap<RelationId, BTreeSet<Tuple>> {
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

/// Milliseconds on the wall since it was first asked: what is measured here can be shorter than a tick of any finer clock
/// of work.
pub fn now() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    START.with(|start| start.elapsed().as_secs_f64() * 1e3)
}

/// A question over these facts; nothing but proofs is checked.
pub fn case(program: &Arc<Program>, given: &BTreeMap<RelationId, BTreeSet<Tuple>>) -> Case<'static> {
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
    let fact = |(id, tuple): (RelationId, &Vec<Value>)| Fact {
        relation: program.relation(id).name.as_str().into(),
        tuple: tuple.clone(),
        origin: Origin { source: source.clone(), place: "1:1".into() },
    };
    Case {
        program: program.clone(),
        facts: given.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple))).map(fact).collect(),
        change: Change::none(),
        actor: None,
        session: None,
        now: 0,
        model: Digest::of(b""),
        sources: Vec::new(),
        limits: Limits { tuples: usize::MAX, bytes: usize::MAX, threads: 1, ..Limits::default() },
        assurance: Assurance::Proof,
        build: String::new(),
        prior: None,
        lapsed: Vec::new(),
        footing: None,
    }
}
