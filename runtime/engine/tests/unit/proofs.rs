//! Which proof is found: the lowest, then the first in the text, then the first by value.

use super::small::{facts, id, program};
use engine::{Delta, Engine, Limits};
use program::{Program, RelationId, RuleId, Tuple, Value};
use proof::{Inputs, Proof, Side, Why, check_in, meaning};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The height of the proved tuple: 0 where it is given, else one more than its highest premise.
fn height(proof: &Proof) -> usize {
    let mut heights: Vec<usize> = Vec::new();
    for node in &proof.nodes {
        heights.push(match &node.why {
            Why::Given => 0,
            Why::Derived { premises, .. } => {
                1 + premises.iter().flat_map(proof::Premise::nodes).map(|index| heights[index]).max().unwrap_or(0)
            }
        });
    }
    heights.last().copied().unwrap_or(0)
}

/// The rules of a proof, from the goal down along first premises.
fn rules(proof: &Proof) -> Vec<u32> {
    let mut at = proof.nodes.len() - 1;
    let mut found = Vec::new();
    while let Why::Derived { rule: RuleId(rule), premises, .. } = &proof.nodes[at].why {
        found.push(*rule);
        match premises.iter().flat_map(proof::Premise::nodes).next() {
            Some(premise) => at = premise,
            None => break,
        }
    }
    found
}

/// Proves `goal` after nothing happened, and has the proof checked.
fn prove(program: &Arc<Program>, given: Vec<(RelationId, Tuple)>, goal: &str) -> Proof {
    let mut inputs = Inputs::default();
    for (relation, tuple) in &given {
        inputs.give(Side::Before, *relation, tuple.clone());
        inputs.give(Side::After, *relation, tuple.clone());
    }
    let engine = Engine::load(Arc::clone(program), given, Limits::default()).expect("within the limits");
    let world = engine.open(&Delta::default()).expect("within the limits");
    let (relation, tuple) = facts(program, goal).remove(0);
    let proof = world.prove(Side::After, relation, &tuple).expect("within the limits").expect("it holds");
    let database = meaning(program, &inputs, 100_000).expect("a lawful program");
    check_in(program, &database, &proof).expect("it follows");
    proof
}

#[test]
fn the_lowest_proof_is_found_where_rounds_mislead() {
    // `goal` follows in round one from either; `deep` stands on a stratum of its own that is higher.
    let program = program(
        "state a/1, s1/1, s2/1, s3/1, flat/1, goal/1, step/2;
         s1(x) if a(x); s2(x) if s1(x); s3(x) if s2(x); flat(x) if a(x);
         goal(x) if s3(x); goal(x) if flat(x); goal(y) if goal(x), step(x, y)",
    );
    let given = facts(&program, "a('x'); step('x', 'y'); s3('y')");
    let proof = prove(&program, given.clone(), "goal('x')");
    assert_eq!((height(&proof), rules(&proof)), (2, vec![5, 3]));
    assert_eq!(height(&prove(&program, given, "goal('y')")), 1);
}

#[test]
fn ties_are_broken_by_rule_then_by_value() {
    let text = |rules: &str| program(&format!("state e/2, f/2, p/1; {rules}"));
    let (one, other) = (text("p(x) if e(x, _); p(x) if f(x, _)"), text("p(x) if f(x, _); p(x) if e(x, _)"));
    let given = "f('a', 'k'); e('a', 'z'); e('a', 'c'); e('a', 'm'); f('a', 'b')";
    let leaf = |program: &Arc<Program>| {
        let proof = prove(program, facts(program, given), "p('a')");
        let leaf = &proof.nodes[0];
        format!("{} {}", program.relation(leaf.relation).name, leaf.tuple[1].show())
    };
    assert_eq!(leaf(&one), "e c");
    assert_eq!(leaf(&other), "f b");
}

#[test]
fn a_proof_does_not_depend_on_history() {
    let program = program(
        "state e/2, p/2, n/1, q/2; p(x, y) if e(x, y); p(x, z) if p(x, y), p(y, z); q(x, c) if n(x), c = count p(x, _)",
    );
    let edges = "e('a', 'b'); e('b', 'c'); e('c', 'd'); e('a', 'd'); e('d', 'e'); e('b', 'e'); e('e', 'a'); n('a')";
    let mut given = facts(&program, edges);
    let straight = prove(&program, given.clone(), "q('a', 5)");
    let path = prove(&program, given.clone(), "p('c', 'b')");
    for turn in 0..given.len() {
        given.rotate_left(1);
        let mut shuffled = given.clone();
        shuffled.swap(0, turn / 2 + 1);
        assert_eq!(prove(&program, shuffled.clone(), "p('c', 'b')"), path);
        // The same facts by another road: some come late, others come and go.
        let late = shuffled.split_off(3);
        let passing = facts(&program, "e('z', 'a'); e('c', 'b')");
        let start = shuffled.into_iter().chain(passing.clone());
        let mut engine = Engine::load(Arc::clone(&program), start, Limits::default()).expect("within the limits");
        engine.apply(&Delta { added: late, removed: passing }).expect("within the limits");
        let world = engine.open(&Delta::default()).expect("within the limits");
        let again = world.prove(Side::After, id(&program, "q"), &[Value::text("a"), Value::Int(5)]);
        assert_eq!(again, Ok(Some(straight.clone())));
    }
}

#[test]
fn a_group_is_a_premise_with_all_its_members() {
    let program = program("state e/2, big/1, d/2; d(x, y) if e(x, y); big(x) if e(x, _), n = count d(x, _), 2 < n");
    let proof = prove(&program, facts(&program, "e('a', 'b'); e('a', 'c'); e('a', 'd'); e('b', 'c')"), "big('a')");
    assert_eq!((proof.nodes.len(), height(&proof), proof.minimal), (7, 2, true));
}

#[test]
fn what_does_not_hold_has_no_proof() {
    let program = program("state e/2, p/2; p(x, y) if e(x, y)");
    let engine = Engine::load(Arc::clone(&program), facts(&program, "e('a', 'b')"), Limits::default()).expect("fits");
    let world = engine.open(&Delta::default()).expect("within the limits");
    let prove = |values: &[&str]| {
        let tuple: Tuple = values.iter().map(|value| Value::text(*value)).collect();
        world.prove(Side::Before, id(&program, "p"), &tuple).expect("within the limits")
    };
    assert!(prove(&["a", "b"]).is_some());
    assert!(prove(&["b", "a"]).is_none());
    assert!(prove(&["a", "nobody"]).is_none());
    assert!(prove(&["a"]).is_none());
}

#[test]
fn a_long_proof_is_found_and_says_what_was_not_shown() {
    let program = program("state e/2, r/1; r(0); r(y) if r(x), e(x, y)");
    let edge = |from: i64, to: i64| (id(&program, "e"), vec![Value::Int(from), Value::Int(to)]);
    let chain = |length: i64| (0..length).map(|n| edge(n, n + 1)).collect::<Vec<_>>();
    let far = |given: Vec<(RelationId, Tuple)>, end: i64| {
        let engine = Engine::load(Arc::clone(&program), given, Limits::default()).expect("within the limits");
        let world = engine.open(&Delta::default()).expect("within the limits");
        world.prove(Side::After, id(&program, "r"), &[Value::Int(end)]).expect("within the limits").expect("it holds")
    };
    let proof = far(chain(2_000), 2_000);
    assert_eq!((proof.nodes.len(), height(&proof), proof.minimal), (4_001, 2_001, true));
    let proof = far(chain(20_000), 20_000);
    assert_eq!((height(&proof), proof.minimal), (20_001, false));
    // A short cut is taken although the long way stands there too.
    let mut given = chain(2_000);
    given.push(edge(10, 1_990));
    assert_eq!(height(&far(given, 2_000)), 22);
}

#[test]
fn every_node_of_a_minimal_proof_is_minimal() {
    // Against heights found by trying every instance until nothing gets lower.
    let program = program("state e/2, p/2; p(x, y) if e(x, y); p(x, z) if p(x, y), p(y, z)");
    let names = ["a", "b", "c", "d", "f", "g", "h"];
    for seed in 0..20_usize {
        let edges: Vec<(usize, usize)> = (0..9).map(|n| ((n * 5 + seed) % 7, (n * n + seed * 3 + 1) % 7)).collect();
        let mut lowest: BTreeMap<(usize, usize), usize> = edges.iter().map(|edge| (*edge, 1)).collect();
        loop {
            let known: Vec<_> = lowest.iter().map(|(path, height)| (*path, *height)).collect();
            for ((a, b), first) in &known {
                for ((_, d), second) in known.iter().filter(|((c, _), _)| c == b) {
                    let height = 1 + (*first).max(*second);
                    let old = lowest.entry((*a, *d)).or_insert(usize::MAX);
                    *old = height.min(*old);
                }
            }
            if known.iter().all(|(path, height)| lowest[path] == *height) && known.len() == lowest.len() {
                break;
            }
        }
        let tuple = |(a, b): (usize, usize)| vec![Value::text(names[a]), Value::text(names[b])];
        let given: Vec<_> = edges.iter().map(|edge| (id(&program, "e"), tuple(*edge))).collect();
        let engine = Engine::load(Arc::clone(&program), given, Limits::default()).expect("within the limits");
        let world = engine.open(&Delta::default()).expect("within the limits");
        for (path, wanted) in lowest {
            let proof = world.prove(Side::Before, id(&program, "p"), &tuple(path)).expect("within the limits");
            let proof = proof.expect("it holds");
            assert_eq!((height(&proof), proof.minimal), (wanted, true), "seed {seed}, {path:?}");
        }
    }
}

/// A proof shows one way; what a tuple may rest on has them all, in both directions of a circle too.
#[test]
fn all_that_a_tuple_may_rest_on_is_told() {
    let text = "state small/1, cards/1, edge/2, danger/1, near/1;
        danger(x) if small(x); danger(x) if cards(x); danger(x) if near(x);
        near(y) if danger(x), edge(x, y)";
    let program = program(text);
    let given = "small('web'); cards('web'); small('far'); edge('web', 'db'); edge('db', 'web')";
    let engine = Engine::load(Arc::clone(&program), facts(&program, given), Limits::default()).expect("small");
    let world = engine.open(&Delta::default()).expect("small");
    let all = |most| {
        let found =
            world.foundation(Side::After, id(&program, "danger"), &[Value::text("web")], most).expect("no stop");
        found.map(|found| {
            let name = |id: RelationId| program.relation(id).name.clone();
            let told = found.held.iter().map(|(_, id, tuple, given)| format!("{}{} {given}", name(*id), tuple.len()));
            told.collect::<Vec<_>>().join(", ")
        })
    };
    let told =
        "cards1 true, danger1 false, danger1 false, edge2 true, edge2 true, near1 false, near1 false, small1 true";
    assert_eq!(all(100).as_deref(), Some(told));
    assert_eq!(all(3), None, "past the bound nothing is told");
}
