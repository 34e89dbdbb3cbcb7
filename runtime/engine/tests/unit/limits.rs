//! What a call may not use, and that nothing comes of one that wants more.

use super::small::{facts, id, program};
use engine::{Delta, Engine, Fault, Limits};
use program::{Program, RelationId, Tuple, Value};
use proof::Side;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn chain(program: &Program, length: i64) -> Vec<(RelationId, Tuple)> {
    (0..length).map(|n| (id(program, "edge"), vec![Value::Int(n), Value::Int(n + 1)])).collect()
}

fn paths() -> Arc<Program> {
    program("state edge/2, path/2; path(x, y) if edge(x, y); path(x, z) if path(x, y), edge(y, z)")
}

#[test]
fn exactly_as_many_tuples_as_allowed() {
    let program = paths();
    // 40 edges make 820 paths.
    for threads in [1, 2, 8] {
        let load = |tuples| {
            Engine::load(Arc::clone(&program), chain(&program, 40), Limits { tuples, threads, ..Limits::default() })
        };
        assert!(load(820).is_ok());
        assert_eq!(load(819).err(), Some(Fault::Tuples { limit: 819 }));
        assert_eq!(load(0).err(), Some(Fault::Tuples { limit: 0 }));
    }
}

#[test]
fn a_fault_leaves_the_engine_as_it_was() {
    let program = paths();
    let limits = Limits { tuples: 820, ..Limits::default() };
    let mut engine = Engine::load(Arc::clone(&program), chain(&program, 40), limits).expect("within the limits");
    // A chain behind the chain: 840 paths more.
    let behind = (40..61).map(|n| (id(&program, "edge"), vec![Value::Int(n), Value::Int(n + 1)]));
    let more = Delta { added: behind.collect(), removed: Vec::new() };
    assert_eq!(engine.open(&more).err(), Some(Fault::Tuples { limit: 820 }));
    assert_eq!(engine.apply(&more).err(), Some(Fault::Tuples { limit: 820 }));
    let world = engine.open(&Delta::default()).expect("within the limits");
    assert_eq!(world.tuples(Side::After, id(&program, "path")).len(), 820);
    let fewer = Delta { added: more.added[..1].to_vec(), removed: chain(&program, 1) };
    assert_eq!(engine.apply(&fewer).map(|outcome| (outcome.added.len(), outcome.removed.len())), Ok((41, 41)));
}

#[test]
fn memory_is_bounded() {
    let program = paths();
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let load = |length| Engine::load(Arc::clone(&program), chain(&program, length), limits).map(|_| ());
    assert_eq!(load(50), Ok(()));
    assert_eq!(load(2_000), Err(Fault::Bytes { limit: 1 << 20 }));
    // Values that a rule makes count too.
    let endless = self::program("state n/1; n(0); n(m) if n(x), m = x + 1");
    let made = Engine::load(endless, Vec::new(), limits).map(|_| ());
    assert_eq!(made, Err(Fault::Bytes { limit: 1 << 20 }));
}

#[test]
fn an_index_that_came_later_may_go() {
    // A change is the first to read `edge` by its second column; then all edges go for good, and that index with them.
    let program = program("state edge/2; change asked/1, said/1; said(x) if asked(y), edge(x, y)");
    let mut engine = Engine::load(Arc::clone(&program), chain(&program, 5_000), Limits::default()).expect("it fits");
    let asked = Delta { added: vec![(id(&program, "asked"), vec![Value::Int(7)])], removed: Vec::new() };
    let said = |engine: &Engine<'_>| engine.open(&asked).map(|world| world.tuples(Side::After, id(&program, "said")));
    assert_eq!(said(&engine), Ok(vec![vec![Value::Int(6)]]));
    let gone = Delta { added: Vec::new(), removed: chain(&program, 5_000) };
    assert_eq!(engine.apply(&gone).map(|outcome| outcome.removed.len()), Ok(5_000));
    assert_eq!(said(&engine), Ok(Vec::new()), "no memory is held that there is not");
}

#[test]
fn a_long_join_is_stopped() {
    // A product of four relations that derives nothing until its end.
    let program = program("state n/1, p/4; p(a, b, c, d) if n(a), n(b), n(c), n(d), d < a, a < d");
    let given = (0..2_000).map(|n| (id(&program, "n"), vec![Value::Int(n)]));
    let asked = AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) > 100;
    for threads in [1, 2] {
        asked.store(0, Ordering::Relaxed);
        let limits = Limits { stop: Some(&stop), threads, ..Limits::default() };
        assert_eq!(Engine::load(Arc::clone(&program), given.clone(), limits).err(), Some(Fault::Stopped));
    }
}

#[test]
fn a_proof_is_stopped() {
    let program = paths();
    let (on, off) = (AtomicUsize::new(usize::MAX), AtomicUsize::new(0));
    let stop = || off.fetch_add(1, Ordering::Relaxed) >= on.load(Ordering::Relaxed);
    let limits = Limits { stop: Some(&stop), ..Limits::default() };
    let engine = Engine::load(Arc::clone(&program), chain(&program, 60), limits).expect("not stopped yet");
    let world = engine.open(&Delta::default()).expect("not stopped yet");
    on.store(0, Ordering::Relaxed);
    let proof = world.prove(Side::After, id(&program, "path"), &[Value::Int(0), Value::Int(50)]);
    assert_eq!(proof.err(), Some(Fault::Stopped));
}

#[test]
fn a_tuple_must_fit() {
    let program = paths();
    let mut engine =
        Engine::load(Arc::clone(&program), facts(&program, "edge('a', 'b')"), Limits::default()).expect("fits");
    let misfit = Fault::Shape { relation: String::from("edge"), wanted: 2, found: 1 };
    let delta = Delta { added: vec![(id(&program, "edge"), vec![Value::Int(1)])], removed: Vec::new() };
    assert_eq!(engine.open(&delta).err(), Some(misfit.clone()));
    assert_eq!(engine.apply(&delta).err(), Some(misfit.clone()));
    assert_eq!(Engine::load(Arc::clone(&program), delta.added, Limits::default()).err(), Some(misfit));
    let nowhere = vec![(RelationId(99), vec![])];
    let misfit = Fault::Shape { relation: String::from("99"), wanted: 0, found: 0 };
    assert_eq!(Engine::load(program, nowhere, Limits::default()).err(), Some(misfit));
}
