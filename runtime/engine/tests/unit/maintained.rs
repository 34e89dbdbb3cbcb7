//! Histories over worlds that are larger than those of the laws: what is kept under change is what a load from scratch
//! gives, in recursion of every shape, and a change that is taken back leaves nothing.

use super::small::program;
use engine::{Delta, Engine, Limits};
use program::{Program, RelationId, Tuple, Value};
use proof::{Inputs, Side, certify};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Linear and not, one relation and several, in both directions, over cycles; negation and groups above; lattice columns that
/// are given, that get better along ways of unequal length, against their own order, and with one group.
const LAW: &str = "
    state edge/2, seed/1, near/1, path/2, odd/2, even/2, twin/2, held/1, both/1, quiet/1, degree/2, busy/1, wide/1;
    state next/2, cost/2 least, far/1, part/1, whole/1, safe/1, kept/1;
    state road/3, limit/2 least, way/2 least, close/1, longest/2 most, first/1 least, later/2, drop/2 most, low/1;
    change asked/1, hit/1, cut/2;
    near(x) if seed(x);
    near(y) if near(x), edge(x, y);
    path(x, y) if next(x, y);
    path(x, z) if path(x, y), path(y, z);
    odd(x, y) if next(x, y);
    odd(x, z) if even(x, y), next(y, z);
    even(x, z) if odd(x, y), next(y, z);
    twin(x, y) if seed(p), next(p, x), next(p, y);
    twin(x, y) if next(a, x), twin(a, b), next(b, y);
    held(x) if seed(x);
    held(z) if held(x), held(y), edge(x, z), next(y, z);
    part(x) if seed(x);
    part(y) if whole(x), edge(x, y);
    whole(x) if part(x), near(x);
    safe(x) if seed(x), not near(x);
    safe(y) if safe(x), edge(x, y), not held(y);
    both(x) if path(x, x), near(x);
    quiet(x) if edge(x, _), not near(x), not path(_, x);
    degree(x, n) if near(x), n = count edge(x, _);
    busy(x) if degree(x, n), 1 < n;
    wide(x) if seed(x), n = count path(x, _), 3 < n;
    cost(x, 0) if seed(x);
    cost(y, m) if cost(x, n), edge(x, y), m = n +: 1;
    far(x) if cost(x, n), 2 < n;
    way(x, 5) if seed(x);
    way(y, m) if way(x, n), road(x, y, c), m = n +: c;
    way(y, m) if way(x, n), way(z, k), next(x, z), edge(x, y), m = n +: k;
    close(x) if way(x, n), n <= 4;
    way(y, 1) if close(x), close(y), next(x, y);
    longest(x, c) if road(x, _, c);
    longest(x, n) if limit(x, n), not close(x);
    first(n) if way(_, n);
    later(x, n) if way(x, n), first(k), k < n;
    drop(x, 0) if seed(x);
    drop(y, m) if drop(x, n), edge(x, y), m = n +: -1, -6 <= m;
    low(x) if drop(x, n), n < -2;
    kept(x) if near(x);
    kept(x) if before.kept(x);
    hit(y) if asked(x), either.edge(x, y);
    hit(y) if hit(x), either.edge(x, y);
    cut(x, y) if before.path(x, y), not path(x, y)";

fn id(program: &Program, name: &str) -> RelationId {
    super::small::id(program, name)
}

/// Facts by number: most of them edges, few of them close to each other.
fn fact(program: &Program, nodes: i64, number: u32) -> (RelationId, Tuple) {
    let (kind, number) = (number % 15, i64::from(number / 15));
    let (a, b) = (Value::Int(number % nodes), Value::Int(number / nodes % nodes));
    let c = Value::Int(number / nodes / nodes % 6);
    match kind {
        0 => (id(program, "seed"), vec![a]),
        1..=5 => (id(program, "edge"), vec![a, b]),
        6 => (id(program, "near"), vec![a]),
        7 => (id(program, "twin"), vec![a, b]),
        8..=10 => (id(program, "road"), vec![a, b, c]),
        11 => (id(program, "limit"), vec![a, c]),
        12 => (id(program, "way"), vec![a, c]),
        _ => (id(program, "next"), vec![a, b]),
    }
}

fn all(engine: &Engine<'_>) -> Vec<Vec<Tuple>> {
    let world = engine.open(&Delta::default()).expect("within the limits");
    (0..).map(RelationId).take(engine.program().relations.len()).map(|id| world.tuples(Side::Before, id)).collect()
}

fn inputs(program: &Program, facts: &BTreeSet<(RelationId, Tuple)>, delta: &Delta) -> Inputs {
    let mut inputs = Inputs::default();
    for (relation, tuple) in facts {
        inputs.give(Side::Before, *relation, tuple.clone());
        if !delta.removed.contains(&(*relation, tuple.clone())) {
            inputs.give(Side::After, *relation, tuple.clone());
        }
    }
    let asked = id(program, "asked");
    for (relation, tuple) in delta.added.iter().filter(|(relation, _)| *relation != asked) {
        inputs.give(Side::After, *relation, tuple.clone());
    }
    for (relation, tuple) in delta.added.iter().filter(|(relation, _)| *relation == asked) {
        inputs.give(Side::After, *relation, tuple.clone());
    }
    inputs
}

/// - `patience`: how many tuples may be looked at before a stratum is evaluated as a whole.
fn holds(
    nodes: i64,
    start: &[u32],
    changes: &[Vec<(bool, u32)>],
    kept: bool,
    patience: usize,
) -> Result<(), TestCaseError> {
    let program = program(LAW);
    let mut facts: BTreeSet<(RelationId, Tuple)> = start.iter().map(|number| fact(&program, nodes, *number)).collect();
    let load = |facts: &BTreeSet<(RelationId, Tuple)>| {
        let limits = Limits { patience, ..Limits::default() };
        Engine::load(Arc::clone(&program), facts.iter().cloned(), limits).expect("within the limits")
    };
    let mut engine = load(&facts);
    let mut held = Vec::new();
    for (number, change) in changes.iter().enumerate() {
        let mut delta = Delta::default();
        for (add, number) in change {
            // What goes is what is there.
            let there = facts.iter().nth(*number as usize % facts.len().max(1));
            match there.filter(|_| !*add) {
                Some(fact) => delta.removed.push(fact.clone()),
                None => delta.added.push(fact(&program, nodes, *number)),
            }
        }
        delta.removed.retain(|fact| !delta.added.contains(fact));
        let asked = (id(&program, "asked"), vec![Value::Int(i64::try_from(number).unwrap_or(0) % nodes)]);
        let before = all(&engine);
        let opened = Delta { added: delta.added.iter().cloned().chain([asked]).collect(), ..delta.clone() };
        let world = engine.open(&opened).expect("within the limits");
        let certified = certify(&program, &inputs(&program, &facts, &opened), &world.certificate());
        prop_assert!(certified.is_ok(), "{:?}", certified.err().map(|flaw| flaw.to_string()));
        if kept && number % 2 == 0 {
            held.push((world, before.clone()));
        }
        prop_assert_eq!(&all(&engine), &before, "a change that was taken back");
        let outcome = engine.apply(&delta).expect("within the limits");
        facts.retain(|fact| !delta.removed.contains(fact));
        facts.extend(delta.added.iter().cloned());
        let (now, fresh) = (all(&engine), all(&load(&facts)));
        prop_assert_eq!(&now, &fresh, "a change that was taken over");
        for (place, (old, new)) in before.iter().zip(&now).enumerate() {
            let of = |list: &[(RelationId, Tuple)]| -> Vec<Tuple> {
                let its = list.iter().filter(|(relation, _)| relation.0 as usize == place);
                its.map(|(_, tuple)| tuple.clone()).collect()
            };
            let missing = |one: &[Tuple], other: &[Tuple]| -> Vec<Tuple> {
                one.iter().filter(|tuple| !other.contains(tuple)).cloned().collect()
            };
            prop_assert_eq!(of(&outcome.added), missing(new, old));
            prop_assert_eq!(of(&outcome.removed), missing(old, new));
        }
    }
    for (world, before) in held {
        for (place, tuples) in (0..).map(RelationId).zip(&before) {
            prop_assert_eq!(&world.tuples(Side::Before, place), tuples, "a version that was kept");
        }
    }
    Ok(())
}

/// A graph of which all is reached from one seed: what is asked when that seed goes, in questions whether to stop.
#[test]
fn where_nearly_all_goes_what_is_left_is_derived_anew() {
    let program = program("state edge/2, seed/1, near/1; near(x) if seed(x); near(y) if near(x), edge(x, y)");
    let nodes = 20_000;
    let edges = (0..nodes).flat_map(|node| (1..5).map(move |turn| (node, (node * 2 + turn * turn * 7_919) % nodes)));
    let edges = edges.map(|(from, to)| (id(&program, "edge"), vec![Value::Int(from), Value::Int(to)]));
    let seed = (id(&program, "seed"), vec![Value::Int(0)]);
    let given: Vec<_> = edges.chain([seed.clone()]).collect();
    let asked = |patience: usize| {
        let count = AtomicUsize::new(0);
        let stop = || count.fetch_add(1, Ordering::Relaxed) == usize::MAX;
        let limits = Limits { stop: Some(&stop), patience, ..Limits::default() };
        let engine = Engine::load(Arc::clone(&program), given.iter().cloned(), limits).expect("within the limits");
        let before = count.swap(0, Ordering::Relaxed);
        let delta = Delta { added: Vec::new(), removed: vec![seed.clone()] };
        let world = engine.open(&delta).expect("within the limits");
        assert!(before > 0 && world.lost(id(&program, "near")).len() > 15_000, "nearly all was reached, and goes");
        assert_eq!(world.count(Side::After, id(&program, "near")), 0);
        count.load(Ordering::Relaxed)
    };
    let (whole, all) = (asked(1_024), asked(usize::MAX));
    assert!(whole * 3 < all, "{whole} of {all}");
}

proptest! {
    #[test]
    fn a_history_is_a_load_from_scratch(
        nodes in 4..40_i64,
        start in prop::collection::vec(any::<u32>(), 0..120),
        changes in prop::collection::vec(prop::collection::vec((prop::bool::weighted(0.4), any::<u32>()), 1..6), 1..8),
        kept in any::<bool>(),
        patience in prop::sample::select(vec![0, 8, 1_024]),
    ) {
        holds(nodes, &start, &changes, kept, patience)?;
    }
}
