//! Each planted fault changes what the engine says, and is found by those who do not trust it.

use super::small::{facts, program};
use engine::{Delta, Engine, Fault, Limits, Planted, plant};
use program::RelationId;
use proof::{Inputs, Side, certify, meaning};
use std::sync::Arc;

const LAW: &str = "
    state edge/2, node/1, path/2, far/1, lonely/1, span/3, step/3, way/2 least;
    change action/1, hit/1;
    path(x, y) if edge(x, y);
    path(x, z) if path(x, y), edge(y, z);
    span(x, y, 1) if edge(x, y);
    span(x, z, m) if span(x, y, n), span(y, z, n), m = n + n;
    far(x) if path('a', x), not edge('a', x);
    way('a', 0);
    way(y, m) if way(x, n), step(x, y, c), m = n +: c;
    lonely(x) if node(x), not path(x, _);
    hit(y) if action(x), path(x, y)";

/// What the law and the checker say of an engine: whether it has all that holds and nothing else, and certifies it.
fn is_right(engine_fault: Option<Planted>) -> (bool, bool) {
    let _guard = engine_fault.map(plant);
    let program = program(LAW);
    let given = facts(
        &program,
        "edge('a', 'b'); edge('b', 'c'); edge('c', 'd'); node('a'); node('d');
         edge('p', 'q'); edge('q', 'r'); edge('r', 's'); edge('s', 't');
         step('a', 'c', 9); step('a', 'b', 1); step('b', 'c', 1)",
    );
    let change = Delta { added: facts(&program, "action('a'); edge('d', 'e')"), removed: Vec::new() };
    let mut inputs = Inputs::default();
    for (relation, tuple) in &given {
        inputs.give(Side::Before, *relation, tuple.clone());
        inputs.give(Side::After, *relation, tuple.clone());
    }
    for (relation, tuple) in &change.added {
        inputs.give(Side::After, *relation, tuple.clone());
    }
    let engine = Engine::load(Arc::clone(&program), given, Limits::default()).expect("within the limits");
    let world = engine.open(&change).expect("within the limits");
    let law = meaning(&program, &inputs, 10_000).expect("a lawful program");
    let agrees = Side::BOTH.iter().all(|side| {
        let mut relations = (0..).map(RelationId).take(program.relations.len());
        relations.all(|id| world.tuples(*side, id).iter().eq(&law.tuples(*side, id)))
    });
    (agrees, certify(&program, &inputs, &world.certificate()).is_ok())
}

#[test]
fn what_was_invented_has_no_proof() {
    let _guard = plant(Planted::InventTuple);
    let program = program("state edge/2, path/2; path(x, y) if edge(x, y)");
    let given = facts(&program, "edge('a', 'b'); edge('b', 'c')");
    let engine = Engine::load(Arc::clone(&program), given, Limits::default()).expect("within the limits");
    let world = engine.open(&Delta::default()).expect("within the limits");
    let path = super::small::id(&program, "path");
    let proofs = world.tuples(Side::After, path).into_iter().map(|tuple| world.prove(Side::After, path, &tuple));
    let (proved, refused): (Vec<_>, Vec<_>) = proofs.partition(Result::is_ok);
    assert_eq!(proved.len(), 2);
    assert_eq!(refused, [Err(Fault::Unfounded { relation: String::from("path") })]);
}

#[test]
fn every_planted_fault_is_found() {
    assert_eq!(is_right(None), (true, true));
    for fault in Planted::ALL {
        assert_eq!(is_right(Some(fault)), (false, false), "{fault:?}");
    }
    assert_eq!(is_right(None), (true, true), "the guard takes it out again");
}
