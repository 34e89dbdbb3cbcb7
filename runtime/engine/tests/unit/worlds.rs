//! The world before, the world after, and what a change makes of one in the other.

use super::small::{facts, id, program, shown};
use engine::{Delta, Engine, Hypothesis, Limits};
use program::{Program, Term, Value};
use proof::Side;
use std::sync::Arc;

const LAW: &str = "
    state edge/2, path/2, node/1, lonely/1, covers/1, tag/1;
    change action/1, broken/2, touched/1, kept/1, new/2;
    path(x, y) if edge(x, y);
    path(x, z) if path(x, y), edge(y, z);
    lonely(x) if node(x), not path(x, _), not path(_, x);
    covers(x) if tag(x);
    covers(x) if before.covers(x);
    touched(x) if action(x);
    touched(y) if touched(x), either.edge(x, y);
    broken(x, y) if action(_), before.path(x, y), not path(x, y);
    new(x, y) if path(x, y), not before.path(x, y);
    kept(x) if action(x), not either.lonely(x)";

fn engine(given: &str) -> (Arc<Program>, Engine<'static>) {
    let program = program(LAW);
    let given = facts(&program, given);
    let engine = Engine::load(Arc::clone(&program), given, Limits::default()).expect("within the limits");
    (program, engine)
}

fn delta(program: &Program, added: &str, removed: &str) -> Delta {
    Delta { added: facts(program, added), removed: facts(program, removed) }
}

fn both(world: &Hypothesis<'_>, relation: &str) -> (String, String) {
    let relation = id(world.program(), relation);
    (shown(&world.tuples(Side::Before, relation)), shown(&world.tuples(Side::After, relation)))
}

fn pair(before: &str, after: &str) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

#[test]
fn a_change_is_seen_from_both_sides() {
    let (program, engine) = engine("edge('a', 'b'); edge('b', 'c'); node('a'); node('d')");
    let change = delta(&program, "action('b'); edge('d', 'a')", "edge('b', 'c')");
    let world = engine.open(&change).expect("within the limits");
    assert_eq!(both(&world, "edge"), pair("a b, b c", "a b, d a"));
    assert_eq!(both(&world, "path"), pair("a b, a c, b c", "a b, d a, d b"));
    assert_eq!(both(&world, "lonely"), pair("d", ""));
    assert_eq!(both(&world, "broken"), pair("", "a c, b c"));
    assert_eq!(both(&world, "new"), pair("", "d a, d b"));
    assert_eq!(both(&world, "touched"), pair("", "b, c"));
    let path = id(&program, "path");
    assert_eq!(shown(&world.gained(path)), "d a, d b");
    assert_eq!(shown(&world.lost(path)), "a c, b c");
    assert_eq!(shown(&world.gained(id(&program, "node"))), "");
}

#[test]
fn either_world_is_each_of_them() {
    let (program, engine) = engine("edge('a', 'b'); node('x'); node('a')");
    let world =
        engine.open(&delta(&program, "action('a'); action('x'); edge('b', 'c'); edge('x', 'x')", "edge('a', 'b')"));
    let world = world.expect("within the limits");
    assert_eq!(both(&world, "touched"), pair("", "a, b, c, x"));
    // `x` was lonely and is not, `a` was not and is.
    assert_eq!(both(&world, "lonely"), pair("x", "a"));
    assert_eq!(both(&world, "kept"), pair("", ""));
}

#[test]
fn what_was_covered_stays_covered() {
    let (program, engine) = engine("tag('a'); tag('b')");
    let world = engine.open(&delta(&program, "tag('c')", "tag('a')")).expect("within the limits");
    assert_eq!(both(&world, "covers"), pair("a, b", "a, b, c"));
    // For good it is another matter: the next version of the model sees what is tagged then.
    let (program, mut engine) = self::engine("tag('a'); tag('b')");
    let outcome = engine.apply(&delta(&program, "tag('c')", "tag('a')")).expect("within the limits");
    assert_eq!(outcome, delta(&program, "covers('c'); tag('c')", "covers('a'); tag('a')"));
}

#[test]
fn a_change_is_no_part_of_the_engine() {
    let (program, mut engine) = engine("edge('a', 'b'); action('a')");
    let world = engine.open(&Delta::default()).expect("within the limits");
    assert_eq!(both(&world, "action"), pair("", ""));
    let outcome = engine.apply(&delta(&program, "action('a')", "")).expect("within the limits");
    assert_eq!(outcome, Delta::default());
}

#[test]
fn given_and_derived_tuples_are_one_set() {
    let (program, mut engine) = engine("edge('a', 'b'); path('a', 'b'); path('c', 'd')");
    let world = engine.open(&delta(&program, "", "path('a', 'b'); path('c', 'd')")).expect("within the limits");
    assert_eq!(both(&world, "path"), pair("a b, c d", "a b"));
    // What is derived cannot be taken away.
    let outcome = engine.apply(&delta(&program, "", "edge('a', 'b'); path('x', 'y')")).expect("within the limits");
    assert_eq!(outcome, delta(&program, "", "edge('a', 'b')"));
    let outcome = engine.apply(&delta(&program, "path('a', 'b')", "path('a', 'b')")).expect("within the limits");
    assert_eq!(outcome, Delta::default());
}

#[test]
fn hypotheses_stand_side_by_side() {
    let (program, mut engine) = engine("edge('a', 'b')");
    let one = engine.open(&delta(&program, "edge('b', 'c')", "")).expect("within the limits");
    let other = engine.open(&delta(&program, "edge('b', 'd')", "")).expect("within the limits");
    engine.apply(&delta(&program, "edge('b', 'e')", "edge('a', 'b')")).expect("within the limits");
    let third = engine.open(&delta(&program, "edge('e', 'f')", "")).expect("within the limits");
    drop(engine);
    assert_eq!(both(&one, "path"), pair("a b", "a b, a c, b c"));
    assert_eq!(both(&other, "path"), pair("a b", "a b, a d, b d"));
    assert_eq!(both(&third, "path"), pair("b e", "b e, b f, e f"));
}

#[test]
fn matching_takes_constants_and_repeated_variables() {
    let (program, engine) = engine("edge('a', 'b'); edge('b', 'b'); edge('b', 'c')");
    let world = engine.open(&Delta::default()).expect("within the limits");
    let matching = |terms: [Term; 2]| shown(&world.matching(Side::After, id(&program, "edge"), &terms));
    let text = |text: &str| Term::Constant(Value::text(text));
    assert_eq!(matching([Term::Any, Term::Any]), "a b, b b, b c");
    assert_eq!(matching([Term::Variable(0), Term::Variable(1)]), "a b, b b, b c");
    assert_eq!(matching([Term::Variable(7), Term::Variable(7)]), "b b");
    assert_eq!(matching([text("b"), Term::Any]), "b b, b c");
    assert_eq!(matching([text("b"), text("c")]), "b c");
    assert_eq!(matching([text("nobody"), Term::Any]), "");
    assert!(world.holds(Side::After, id(&program, "path"), &[Value::text("a"), Value::text("c")]));
    assert!(!world.holds(Side::After, id(&program, "path"), &[Value::text("c"), Value::text("a")]));
}
