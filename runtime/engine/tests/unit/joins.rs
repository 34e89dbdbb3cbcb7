//! What a body matches.

use super::small::{facts, id, program, shown};
use engine::{Delta, Engine, Limits};
use program::{Expr, Json, Literal, Program, RelationId, Step, Tuple, Type, Value};
use proof::{Inputs, Side, meaning};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn answer(program: &Arc<Program>, given: &str, relation: &str) -> String {
    let engine =
        Engine::load(Arc::clone(program), facts(program, given), Limits::default()).expect("within the limits");
    let world = engine.open(&Delta::default()).expect("within the limits");
    let before = shown(&world.tuples(Side::Before, id(program, relation)));
    assert_eq!(before, shown(&world.tuples(Side::After, id(program, relation))), "nothing changed");
    before
}

fn check(text: &str, given: &str, relation: &str, expect: &str) {
    assert_eq!(answer(&program(text), given, relation), expect, "{text}");
}

const EDGES: &str = "edge('a', 'b'); edge('b', 'c'); edge('c', 'a'); edge('c', 'c'); edge('d', 'a')";

#[test]
fn atoms_match_columns() {
    let text = |body: &str| format!("state edge/2, p/1; p(x) if {body}");
    check(&text("edge(x, _)"), EDGES, "p", "a, b, c, d");
    check(&text("edge(x, 'a')"), EDGES, "p", "c, d");
    check(&text("edge(x, 'nowhere')"), EDGES, "p", "");
    check(&text("edge(x, x)"), EDGES, "p", "c");
    check(&text("edge(x, y), edge(y, x)"), EDGES, "p", "c");
    check(&text("edge(x, y), edge(y, z), edge(z, x)"), EDGES, "p", "a, b, c");
    check(&text("edge(x, _), edge(_, 'b')"), EDGES, "p", "a, b, c, d");
}

#[test]
fn every_binding_pattern_finds_the_same() {
    let wide = "row('a', 'b', 'c'); row('a', 'b', 'd'); row('a', 'c', 'd'); row('b', 'b', 'd')";
    for (body, expect) in [
        ("row(x, y, z)", "a b c, a b d, a c d, b b d"),
        ("row('a', y, z), row(x, y, z)", "a b c, a b d, a c d, b b d"),
        ("row(x, 'b', z), row(_, y, z), row(x, y, z)", "a b c, a b d, a c d, b b d"),
        ("row(x, y, 'd'), row(x, y, z)", "a b c, a b d, a c d, b b d"),
        ("row('a', 'b', z), row(x, y, z)", "a b c, a b d, a c d, b b d"),
        ("row('a', 'c', 'd'), row(x, y, z)", "a b c, a b d, a c d, b b d"),
        ("row('a', 'c', 'c'), row(x, y, z)", ""),
    ] {
        check(&format!("state row/3, p/3; p(x, y, z) if {body}"), wide, "p", expect);
    }
}

#[test]
fn a_relation_may_have_no_columns() {
    let text = "state on/0, edge/2, p/1, q/0; p(x) if on(), edge(x, x); q() if on(), not p('d')";
    check(text, EDGES, "p", "");
    check(text, &format!("{EDGES}; on()"), "p", "c");
    check(text, "on()", "q", "");
    assert_eq!(answer(&program(text), "on(); edge('d', 'd')", "q"), "");
}

#[test]
fn facts_of_the_text_are_rules_without_a_body() {
    check("state p/1, q/1; p('a'); p('b'); q(x) if p(x)", "p('c')", "q", "a, b, c");
}

#[test]
fn recursion_reaches_everything() {
    let path = "state edge/2, path/2; path(x, y) if edge(x, y);";
    let all = "a a, a b, a c, b a, b b, b c, c a, c b, c c, d a, d b, d c";
    for step in ["edge(x, y), path(y, z)", "path(x, y), edge(y, z)", "path(x, y), path(y, z)"] {
        check(&format!("{path} path(x, z) if {step}"), EDGES, "path", all);
    }
}

#[test]
fn two_relations_may_need_each_other() {
    let text = "state edge/2, even/1, odd/1; even('a'); odd(y) if even(x), edge(x, y); even(y) if odd(x), edge(x, y)";
    check(text, "edge('a', 'b'); edge('b', 'c'); edge('c', 'd')", "even", "a, c");
    check(text, "edge('a', 'b'); edge('b', 'c'); edge('c', 'd')", "odd", "b, d");
}

#[test]
fn what_is_not_there() {
    let text = |body: &str| format!("state edge/2, node/1, p/1; p(x) if {body}");
    let given = format!("{EDGES}; node('a'); node('d'); node('e')");
    check(&text("node(x), not edge(x, 'b')"), &given, "p", "d, e");
    check(&text("node(x), not edge(_, x)"), &given, "p", "d, e");
    check(&text("node(x), not edge(x, _), not edge(_, x)"), &given, "p", "e");
    check(&text("node(x), not edge(_, _)"), &given, "p", "");
    check(&text("node(x), not edge(_, _)"), "node('a')", "p", "a");
}

#[test]
fn groups_are_counted() {
    let text = |body: &str| format!("state edge/2, node/1, p/2; p(x, n) if {body}");
    let given = format!("{EDGES}; node('a'); node('c'); node('e')");
    check(&text("node(x), n = count edge(x, _)"), &given, "p", "a 1, c 2, e 0");
    check(&text("node(x), n = count edge(_, x)"), &given, "p", "a 2, c 2, e 0");
    check(&text("node(x), n = count edge(x, _), 1 < n"), &given, "p", "c 2");
    check(&text("node(x), n = 2, n = count edge(x, _)"), &given, "p", "c 2");
}

#[test]
fn values_are_computed() {
    let text = |body: &str| format!("state size/2, p/2; p(x, n) if {body}");
    let given = "size('a', 1); size('b', 2); size('c', 3)";
    check(&text("size(x, n), n <= 2"), given, "p", "a 1, b 2");
    check(&text("size(x, m), n = m + 1"), given, "p", "a 2, b 3, c 4");
    check(&text("size(x, m), n = m + 1, size(_, n)"), given, "p", "a 2, b 3");
    check(&text("size(_, m), size(x, n), n = m + 1"), given, "p", "b 2, c 3");
    check(&text("size(x, n), x != 'b'"), given, "p", "a 1, c 3");
}

#[test]
fn a_new_value_is_found_again() {
    // What one rule computes another looks up, in the same stratum and in a later one.
    let text = "state size/2, next/1, top/1; next(1); next(m) if next(n), m = n + 1, m < 50; top(n) if next(n), not size(_, n), 48 < n";
    check(text, "size('a', 1)", "top", "49");
    check(text, "size('a', 49)", "top", "");
}

#[test]
fn elements_are_ranged_over() {
    let text = "state config/2, p/2; p(r, port) if config(r, port)";
    let mut program = Program::clone(&program(text));
    let path = |key: &str| Expr::Path { base: Box::new(Expr::Variable(2)), steps: vec![Step::Key(key.to_owned())] };
    let rule = &mut program.rules[0];
    rule.variables.push(program::Variable { name: String::from("cfg"), r#type: Type::Json });
    let Literal::Holds(atom) = &mut rule.body[0] else { panic!("an atom") };
    atom.terms[1] = program::Term::Variable(2);
    rule.body.push(Literal::Each {
        variable: 1,
        base: path("rules"),
        then: vec![vec![Step::Key(String::from("ports"))]],
        last: Vec::new(),
        r#type: Type::Int,
        possible: false,
    });
    let program = Arc::new(program);
    let ports =
        |numbers: &[i64]| Json::object([("ports", Json::Array(numbers.iter().map(|n| Json::Int(*n)).collect()))]);
    let config = Json::object([("rules", Json::Array(vec![ports(&[443, 80]), ports(&[80, 22]), Json::Null]))]);
    let given = [(id(&program, "config"), vec![Value::text("sg"), Value::json(config)])];
    let engine = Engine::load(Arc::clone(&program), given, Limits::default()).expect("within the limits");
    let world = engine.open(&Delta::default()).expect("within the limits");
    assert_eq!(shown(&world.tuples(Side::After, id(&program, "p"))), "sg 22, sg 80, sg 443");
}

#[test]
fn what_goes_round_costs_no_more_than_there_can_be() {
    // Every spoke goes to the hub and back. In whatever order: pairwise, nine million ways lead through it.
    let program = program("state edge/2, around/3; around(x, y, z) if edge(x, y), edge(y, z), edge(z, x)");
    let edge = |x: i64, y: i64| (id(&program, "edge"), vec![Value::Int(x), Value::Int(y)]);
    let spokes = (1..3_000).flat_map(|n| [edge(0, n), edge(n, 0)]);
    let given: Vec<_> = spokes.chain([edge(1, 2), edge(2, 3), edge(3, 1)]).collect();
    let asked = AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) > 1_000;
    let limits = Limits { stop: Some(&stop), ..Limits::default() };
    let mut engine = Engine::load(Arc::clone(&program), given, limits).expect("it asks once in a thousand steps");
    let around = |engine: &Engine<'_>| {
        let world = engine.open(&Delta::default()).expect("it asks once in a thousand steps");
        world.tuples(Side::After, id(&program, "around")).len()
    };
    // Three ways to begin each: the two ways around the hub and one of the edges there are, and the three alone.
    assert_eq!(around(&engine), 12);
    engine.apply(&Delta { added: vec![edge(2, 1)], removed: vec![edge(3, 1)] }).expect("as above");
    assert_eq!(around(&engine), 9);
}

#[test]
fn what_goes_round_is_what_the_law_says() {
    let program = program(
        "state edge/2, back/2, tag/2, three/3, four/4, twice/2, far/2;
         three(x, y, z) if edge(x, y), edge(y, z), edge(z, x);
         four(a, b, c, d) if edge(a, b), back(c, b), edge(c, d), back(a, d), a != c;
         twice(x, n) if three(x, y, z), tag(y, n), tag(z, n), tag(x, n);
         far(x, y) if edge(x, y);
         far(x, z) if far(x, y), far(y, z), back(z, x), edge(_, z)",
    );
    let mut state = 7_u64;
    let mut below = |end: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % end).expect("it is small")
    };
    let mut derived = [0; 7];
    for _ in 0..30 {
        let mut some = |count: usize| -> Vec<(RelationId, Tuple)> {
            let fact = |below: &mut dyn FnMut(u64) -> i64| {
                let (name, end) = [("edge", 12), ("edge", 12), ("back", 12), ("tag", 3)][below(4) as usize];
                // Every third one goes from or to a hub, of more rows than are counted at once.
                let (x, y) = (below(12), below(end));
                let x = if below(3) == 0 { 0 } else { x };
                (
                    id(&program, name),
                    vec![Value::Int(x), Value::Int(if name == "edge" && below(3) == 0 { 0 } else { y })],
                )
            };
            (0..count).map(|_| fact(&mut below)).collect()
        };
        let (given, delta) = (some(110), Delta { added: some(6), removed: some(20) });
        let engine = Engine::load(Arc::clone(&program), given.clone(), Limits::default()).expect("within the limits");
        let world = engine.open(&delta).expect("within the limits");
        let mut inputs = Inputs::default();
        let after = given.iter().filter(|fact| !delta.removed.contains(fact)).chain(&delta.added);
        for (relation, tuple) in after {
            inputs.give(Side::After, *relation, tuple.clone());
        }
        for (relation, tuple) in &given {
            inputs.give(Side::Before, *relation, tuple.clone());
        }
        let law = meaning(&program, &inputs, 1_000_000).expect("a lawful program");
        for (relation, side) in (0..7).map(RelationId).flat_map(|id| Side::BOTH.map(|side| (id, side))) {
            let (found, wanted) = (world.tuples(side, relation), law.tuples(side, relation));
            derived[relation.0 as usize] += found.len();
            assert!(found.iter().eq(&wanted), "{} {}", side.name(), program.relation(relation).name);
        }
    }
    assert!(derived.iter().all(|tuples| *tuples > 100), "{derived:?}");
}
