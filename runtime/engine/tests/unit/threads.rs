//! One answer, whoever finds it.

use super::small::program;
use engine::{Delta, Engine, Limits};
use program::{RelationId, Tuple, Value};
use proof::Side;
use std::sync::Arc;

#[test]
fn any_number_of_threads_gives_the_same() {
    let program = program(
        "state edge/2, label/2, two/2, path/2, fan/2, named/2, quiet/1;
         two(x, z) if edge(x, y), edge(y, z);
         path(x, y) if edge(x, y), y < 90;
         path(x, z) if path(x, y), edge(y, z), z < 90;
         named(x, m) if edge(x, n), m = n + 100000;
         fan(x, n) if label(x, _), n = count two(x, _);
         quiet(x) if label(x, _), not path(x, _)",
    );
    let id = |name: &str| super::small::id(&program, name);
    let edge = |n: i64, to: i64| (id("edge"), vec![Value::Int(n), Value::Int(to)]);
    let mut given: Vec<(RelationId, Tuple)> = (0..3_000).map(|n| edge(n, n + 1)).collect();
    given.extend((0..3_000).map(|n| edge(n, n * 7 % 3_000)));
    given.extend((0..2_500).map(|n| (id("label"), vec![Value::Int(n), Value::text("x")])));
    let delta = Delta { added: vec![edge(5, 2_000), edge(2_001, 5)], removed: vec![edge(6, 7)] };
    let mut first = None;
    for threads in [1, 2, 8] {
        // Another order of the facts each time, so that numbers of values differ as well.
        given.rotate_left(1_234);
        let limits = Limits { threads, ..Limits::default() };
        let engine = Engine::load(Arc::clone(&program), given.clone(), limits).expect("within the limits");
        let world = engine.open(&delta).expect("within the limits");
        assert_eq!(engine.workers(), threads, "threads that worked at the load");
        assert_eq!(world.workers(), 1, "a change of three edges is no work for two");
        let tuples = |side| (0..).map(RelationId).take(7).map(|id| world.tuples(side, id)).collect::<Vec<_>>();
        let (before, after) = (tuples(Side::Before), tuples(Side::After));
        let goal = after[id("path").0 as usize].last().expect("a path").clone();
        let proof = world.prove(Side::After, id("path"), &goal).expect("within the limits");
        let answer = (before, after, world.certificate(), proof);
        match &first {
            None => first = Some(answer),
            Some(first) => assert!(*first == answer, "{threads} threads give another answer"),
        }
    }
}
