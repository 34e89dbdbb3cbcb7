//! Lattice columns: which tuple of a group holds, and what may rest on one that was beaten.

use super::small::{facts, id, program, shown};
use engine::{Delta, Engine, Fault, Hypothesis, Limits};
use program::{Program, RelationId, Tuple, Value};
use proof::{Flaw, Inputs, Side, Why, certify, check_in, lawful, meaning};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const WAY: &str = "
    state step/3, way/2 least, near/1;
    way('a', 0);
    way(y, m) if way(x, n), step(x, y, c), m = n +: c;
    near(x) if way(x, n), n <= 4";

fn world(program: &Arc<Program>, given: &str) -> Hypothesis<'static> {
    let engine = Engine::load(Arc::clone(program), facts(program, given), Limits::default());
    engine.and_then(|engine| engine.open(&Delta::default())).expect("within the limits")
}

fn inputs(program: &Program, given: &str) -> Inputs {
    let mut inputs = Inputs::default();
    for side in Side::BOTH {
        for (relation, tuple) in facts(program, given) {
            inputs.give(side, relation, tuple);
        }
    }
    inputs
}

fn holds(world: &Hypothesis<'_>, name: &str) -> String {
    shown(&world.tuples(Side::After, id(world.program(), name)))
}

#[test]
fn the_best_of_a_group_holds() {
    let program = program(WAY);
    let world = world(&program, "step('a', 'c', 9); step('a', 'b', 1); step('b', 'c', 1); step('c', 'a', 0)");
    assert_eq!(holds(&world, "way"), "a 0, b 1, c 2");
    let way = id(&program, "way");
    assert!(!world.holds(Side::After, way, &[Value::text("c"), Value::Int(9)]), "what was beaten does not hold");
    assert_eq!(world.prove(Side::After, way, &[Value::text("c"), Value::Int(9)]), Ok(None));
}

#[test]
fn the_order_of_facts_has_no_meaning_and_taking_one_away_brings_the_next_back() {
    let program = program("state size/2 most, twice/2; twice(x, n) if size(x, n)");
    let three = "size('a', 2); size('a', 7); size('a', 5)";
    for given in [three, "size('a', 7); size('a', 5); size('a', 2)", "size('a', 5); size('a', 2); size('a', 7)"] {
        assert_eq!(holds(&world(&program, given), "twice"), "a 7");
    }
    let mut engine = Engine::load(Arc::clone(&program), facts(&program, three), Limits::default()).expect("small");
    let removed = |text| Delta { added: Vec::new(), removed: facts(&program, text) };
    let moved = engine.apply(&removed("size('a', 7)")).expect("small");
    assert_eq!((moved.added.len(), moved.removed.len()), (2, 2), "{moved:?}");
    assert_eq!(holds(&engine.open(&Delta::default()).expect("small"), "twice"), "a 5");
    assert_eq!(engine.apply(&removed("size('a', 2)")), Ok(Delta::default()), "nobody saw it");
}

/// A value may be beaten by what follows from it: then proofs rest on the value that was.
#[test]
fn a_proof_may_rest_on_what_was_beaten() {
    let program = program(
        "state way/2 least, near/1;
         way('a', 4);
         near(x) if way(x, n), n <= 4;
         way(x, 3) if near(x)",
    );
    let world = world(&program, "");
    assert_eq!((holds(&world, "way").as_str(), holds(&world, "near").as_str()), ("a 3", "a"));
    let inputs = inputs(&program, "");
    let database = certify(&program, &inputs, &world.certificate()).expect("it is right");
    let (way, held) = (id(&program, "way"), vec![Value::text("a"), Value::Int(3)]);
    let mut proof = world.prove(Side::After, way, &held).expect("no limit").expect("it holds");
    assert_eq!(proof.nodes.len(), 3, "way 4, near, way 3: {proof:?}");
    assert!(check_in(&program, &database, &proof).is_ok_and(|checked| checked.proves(Side::After, way, &held)));
    // The same steps, ending in the value that was beaten: derived, and not what holds.
    proof.nodes.truncate(1);
    assert!(matches!(check_in(&program, &database, &proof), Err(Flaw::Step { literal: None, .. })));
}

/// Outside of its stratum only what holds may be read.
#[test]
fn a_proof_outside_of_the_stratum_rests_on_what_holds() {
    let program = program("state size/2 least, large/1; large(x) if size(x, n), 4 <= n");
    let given = "size('a', 4); size('a', 3); size('b', 4)";
    let world = world(&program, given);
    assert_eq!(holds(&world, "large"), "b");
    let database = meaning(&program, &inputs(&program, given), 100).expect("lawful");
    let large = id(&program, "large");
    let mut proof = world.prove(Side::After, large, &[Value::text("b")]).expect("no limit").expect("it holds");
    assert!(check_in(&program, &database, &proof).is_ok());
    for node in &mut proof.nodes {
        node.tuple[0] = Value::text("a");
        if let Why::Derived { binding, .. } = &mut node.why {
            binding.iter_mut().flatten().filter(|value| value.as_text().is_some()).for_each(|v| *v = Value::text("a"));
        }
    }
    let refused = check_in(&program, &database, &proof);
    assert!(matches!(refused, Err(Flaw::Step { .. })), "{refused:?}");
}

#[test]
fn a_sum_is_held_at_the_ends_of_int() {
    let program = program(WAY);
    let given = format!("step('a', 'b', {}); step('b', 'c', 5); step('c', 'b', 1)", i64::MAX);
    let world = world(&program, &given);
    assert_eq!(holds(&world, "way"), format!("a 0, b {0}, c {0}", i64::MAX));
    let certified = certify(&program, &inputs(&program, &given), &world.certificate());
    assert!(certified.is_ok(), "{certified:?}");
}

#[test]
fn a_column_without_end_meets_the_limit() {
    let program = program("state way/2 most; way('a', 0); way(x, m) if way(x, n), m = n +: 1");
    let limits = Limits { tuples: 1_000, ..Limits::default() };
    assert_eq!(Engine::load(Arc::clone(&program), [], limits).err(), Some(Fault::Tuples { limit: 1_000 }));
    assert_eq!(meaning(&program, &Inputs::default(), 1_000).err(), Some(Flaw::Limit { tuples: 1_000 }));
}

#[test]
fn what_is_no_int_is_refused() {
    let program = program("state size/2 least, raw/2; size(x, n) if raw(x, n)");
    let tuple = |name: &str| (id(&program, name), vec![Value::text("a"), Value::unknown("x.n")]);
    let fault = Some(Fault::NoInt { relation: String::from("size") });
    for fact in [tuple("size"), tuple("raw")] {
        let given: [(RelationId, Tuple); 1] = [fact];
        assert_eq!(Engine::load(Arc::clone(&program), given.clone(), Limits::default()).err(), fault);
        let mut inputs = Inputs::default();
        for (relation, tuple) in given {
            inputs.give(Side::After, relation, tuple);
        }
        assert!(meaning(&program, &inputs, 100).is_err());
    }
}

/// Inside its stratum a column that got better may not take a conclusion away: such a program has no meaning.
#[test]
fn what_is_not_monotone_has_no_meaning() {
    let head = "state edge/2, way/2 least, high/2 most, at/2; way('a', 0);";
    let lawless = [
        "way(y, m) if way(x, n), edge(x, y), 3 <= n, m = n +: 1",
        "way(y, m) if way(x, n), edge(x, y), n == 2, m = n +: 1",
        "way(y, m) if way(x, 0), edge(x, y), m = 1 +: 1",
        "way(y, m) if way(x, n), edge(x, n), m = n +: 1",
        "way(y, n) if way(x, n), way(y, n)",
        "way(y, m) if way(x, n), edge(x, y), m = n + 1",
        "at(y, n) if way(y, n); way(x, 1) if at(x, _)",
        "high(x, n) if way(x, n); way(x, 1) if high(x, _)",
        "way(n, 1) if way(_, n)",
        "way(y, m) if way(x, n), edge(x, y), not edge(n, y), m = n +: 1",
    ];
    for text in lawless {
        let program = program(&format!("{head} {text}"));
        let refused = lawful(&program);
        assert!(matches!(refused, Err(Flaw::Program { rule: Some(_), .. })), "{text}: {refused:?}");
    }
    for text in ["at(y, n) if way(y, n)", "way(y, m) if way(x, n), edge(x, y), n < 7, m = n +: 1, m <= 9"] {
        assert!(lawful(&program(&format!("{head} {text}"))).is_ok(), "{text}");
    }
}

/// A chain of `nodes`, each step of which has a detour that is longer by 3, and what is left of the last node.
fn ladder(program: &Program, nodes: i64) -> Vec<(RelationId, Tuple)> {
    let step = |from: i64, to: i64, cost: i64| (id(program, "step"), [from, to, cost].map(Value::Int).to_vec());
    let mut given = vec![(id(program, "start"), vec![Value::Int(0)])];
    for node in 0..nodes {
        given.extend([step(node, node + 1, 1), step(node, -node - 1, 2), step(-node - 1, node + 1, 2)]);
    }
    given
}

/// A change costs what it moves, however far the ways are that it does not touch.
#[test]
fn a_shortest_way_is_kept_at_the_cost_of_what_moves() {
    let program = program(
        "state step/3, start/1, way/2 least, far/1;
         way(x, 0) if start(x);
         way(y, m) if way(x, n), step(x, y, c), m = n +: c;
         far(x) if way(x, n), 100 < n",
    );
    let way = id(&program, "way");
    let mut asked = Vec::new();
    for nodes in [400, 4_000] {
        let count = AtomicUsize::new(0);
        let stop = || count.fetch_add(1, Ordering::Relaxed) == usize::MAX;
        let limits = Limits { stop: Some(&stop), ..Limits::default() };
        let engine = Engine::load(Arc::clone(&program), ladder(&program, nodes), limits).expect("small");
        assert!(
            count.load(Ordering::Relaxed) > usize::try_from(nodes).expect("small"),
            "a whole evaluation asks in each round"
        );
        let step = |from: i64, to: i64, cost: i64| (id(&program, "step"), [from, to, cost].map(Value::Int).to_vec());
        let last = nodes - 10;
        let at = |node: i64, distance: i64| vec![Value::Int(node), Value::Int(distance)];
        let changes = [
            // A step goes, and the detour is taken: each of the last nodes is 3 further away.
            (Delta { added: Vec::new(), removed: vec![step(last, last + 1, 1)] }, 19, at(nodes, nodes + 3)),
            // A short cut comes.
            (Delta { added: vec![step(last, last + 6, 2)], removed: Vec::new() }, 9, at(nodes, nodes - 4)),
            // A detour goes that nobody took.
            (Delta { added: Vec::new(), removed: vec![step(last, -last - 1, 2)] }, 0, at(nodes, nodes)),
            // Both ways go, and so does all behind.
            (
                Delta { added: Vec::new(), removed: vec![step(last, last + 1, 1), step(last, -last - 1, 2)] },
                0,
                at(last, last),
            ),
        ];
        for (change, (delta, gained, held)) in changes.into_iter().enumerate() {
            count.store(0, Ordering::Relaxed);
            let world = engine.open(&delta).expect("small");
            asked.push((change, count.load(Ordering::Relaxed)));
            assert_eq!(world.gained(way).len(), gained, "change {change}");
            assert!(world.holds(Side::After, way, &held), "change {change}");
        }
    }
    let (small, large) = asked.split_at(asked.len() / 2);
    assert_eq!(small, large, "ten times the nodes");
    assert!(large.iter().all(|(_, asked)| *asked < 40), "{large:?}");
}

/// What was beaten stays where others rest on it, comes back where it is the best that is left, and is no part of what a
/// history tells: proofs and certificates are those of a load.
#[test]
fn what_was_beaten_comes_back() {
    let program = program(
        "state step/3, way/2 least, near/1, best/2 most;
         way('a', 4);
         near(x) if way(x, n), n <= 4;
         way(x, 3) if near(x);
         way(y, m) if way(x, n), step(x, y, c), m = n +: c;
         best(x, c) if step(x, _, c)",
    );
    let text = "step('a', 'b', 1); step('b', 'c', 1); step('a', 'c', 5)";
    let mut engine = Engine::load(Arc::clone(&program), facts(&program, text), Limits::default()).expect("small");
    let fact = |text: &str| facts(&program, text);
    let changes = [
        (Delta { added: fact("step('a', 'b', 0)"), removed: Vec::new() }, "a 3, b 3, c 3", "a 5, b 1"),
        (Delta { added: Vec::new(), removed: fact("step('b', 'c', 1)") }, "a 3, b 3, c 8", "a 5"),
        (Delta { added: fact("step('b', 'c', 1)"), removed: fact("step('a', 'b', 0)") }, "a 3, b 3, c 3", "a 5, b 1"),
        (Delta { added: fact("way('c', 1)"), removed: fact("step('a', 'c', 5)") }, "a 3, b 3, c 1", "a 1, b 1"),
        (Delta { added: Vec::new(), removed: fact("way('c', 1)") }, "a 3, b 3, c 3", "a 1, b 1"),
    ];
    let mut given: Vec<(RelationId, Tuple)> = facts(&program, text);
    for (delta, ways, best) in changes {
        engine.apply(&delta).expect("small");
        given.retain(|fact| !delta.removed.contains(fact));
        given.extend(delta.added);
        let world = engine.open(&Delta::default()).expect("small");
        let fresh = Engine::load(Arc::clone(&program), given.iter().cloned(), Limits::default()).expect("small");
        let fresh = fresh.open(&Delta::default()).expect("small");
        assert_eq!((holds(&world, "way"), holds(&world, "best")), (holds(&fresh, "way"), holds(&fresh, "best")));
        assert_eq!((holds(&world, "way").as_str(), holds(&world, "best").as_str()), (ways, best));
        for tuple in world.tuples(Side::After, id(&program, "way")) {
            let prove = |world: &Hypothesis<'_>| world.prove(Side::After, id(&program, "way"), &tuple);
            assert_eq!(prove(&world), prove(&fresh));
        }
        assert_eq!(world.certificate(), fresh.certificate());
    }
}
