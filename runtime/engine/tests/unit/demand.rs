//! What a question makes a program derive, and what not.

use super::small::{self, facts, id, shown};
use engine::{Delta, Demand, Engine, Goal, Hypothesis, Limits};
use program::{Program, RelationId, Tuple, Value};
use proof::Side;
use std::sync::Arc;

fn demand(program: &Arc<Program>, relation: &str, pattern: &[Option<&str>]) -> Demand {
    let pattern = pattern.iter().map(|known| known.map(Value::text)).collect();
    Demand::of(program, vec![Goal { relation: id(program, relation), pattern }])
}

fn world(demand: &Demand, given: Vec<(RelationId, Tuple)>) -> Hypothesis<'static> {
    let engine = Engine::load(Arc::clone(demand.program()), given, Limits::default()).expect("within the limits");
    engine.open(&Delta::default()).expect("within the limits")
}

/// Tuples that rules derived, what is asked for among them.
fn derived(demand: &Demand, given: &[(RelationId, Tuple)]) -> usize {
    let world = world(demand, given.to_vec());
    let relations = (0..u32::try_from(demand.program().relations.len()).expect("few")).map(RelationId);
    relations.map(|relation| world.count(Side::After, relation)).sum::<usize>() - given.len()
}

fn chain(program: &Program, length: usize) -> Vec<(RelationId, Tuple)> {
    let name = |number: usize| Value::text(format!("n{number}"));
    (0..length).map(|at| (id(program, "edge"), vec![name(at), name(at + 1)])).collect()
}

#[test]
fn one_end_of_a_closure_costs_no_square() {
    let program = small::program(
        "state edge/2, path/2; path(x, y) if edge(x, y); path(x, z) if path(x, y), edge(y, z);
         state other/2; other(x, y) if edge(x, y), edge(y, x)",
    );
    let from = demand(&program, "path", &[Some("n0"), None]);
    for length in [10, 100, 1_000] {
        // Each node that is reached, and the one that is asked for.
        assert_eq!(derived(&from, &chain(&program, length)), length + 1);
    }
    let whole = Demand::of(&program, vec![Goal::all(&program, id(&program, "path"))]);
    assert_eq!(derived(&whole, &chain(&program, 100)), 5_050);
    assert!(!whole.is_partial() && !whole.reads(id(&program, "other")));
}

#[test]
fn what_would_be_negated_before_it_is_complete_is_derived_whole() {
    let program = small::program(
        "state n/1, s/2, t/2, q/1, p/1, r/2; q(x) if t(x, _); p(x) if n(x), not q(x);
         r(x, y) if p(x), s(x, y), q(y)",
    );
    let asked = demand(&program, "r", &[Some("a"), None]);
    let names: Vec<&str> = asked.program().relations.iter().map(|relation| relation.name.as_str()).collect();
    assert!(names.iter().any(|name| name.starts_with("~000000000 r ")), "{names:?}");
    assert!(!names.iter().any(|name| name.contains(" q ")), "{names:?}");
    let given = facts(&program, "n('a'); n('b'); s('a', 'b'); s('a', 'c'); s('b', 'b'); t('b', 'x'); t('d', 'x')");
    assert_eq!(shown(&asked.answers(&world(&asked, given), Side::After, 0)), "a b");
}

#[test]
fn a_word_leads_on_only_where_that_may_save_a_square() {
    let program = small::program(
        "state tag/2, edge/2, path/2, marked/1; path(x, y) if edge(x, y); path(x, z) if path(x, y), edge(y, z);
         marked(x) if tag(x, 'm'); marked(y) if marked(x), edge(x, y);
         change far/1, both/1; far(y) if tag(x, 'high'), path(x, y); both(x) if tag(x, 'high'), marked(x)",
    );
    let asked = |relation| Demand::of(&program, vec![Goal::all(&program, id(&program, relation))]);
    assert!(asked("far").is_partial());
    assert!(!asked("both").is_partial());
}

#[test]
fn of_a_group_all_is_asked_for_or_the_best_would_not_be_known() {
    let program = small::program(
        "state e/2, best/2 least, five/1, above/2; best(x, n) if e(x, n); five(x) if best(x, 5);
         above(x, n) if e(x, n), best(x, n)",
    );
    let given = || facts(&program, "e('a', 5); e('a', 3); e('b', 5); e('b', 7)");
    for (thing, answers) in [("a", ""), ("b", "b")] {
        let asked = demand(&program, "five", &[Some(thing)]);
        assert!(asked.is_partial());
        assert_eq!(shown(&asked.answers(&world(&asked, given()), Side::After, 0)), answers);
    }
    let asked = demand(&program, "above", &[Some("a"), None]);
    assert_eq!(shown(&asked.answers(&world(&asked, given()), Side::After, 0)), "a 3");
}
