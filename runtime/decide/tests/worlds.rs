//! What a change makes of the facts, and which facts are let in.

use crate::small::{Policy, act, case, change, fact, find, program, source, tuple};
use crate::verdicts::{KEYS, decided, estate};
use decide::{Doubt, Failure, ask};
use program::{Change, Fact, Function, Json, SourceKind, Term, Value, Verb, World};
use proof::Side;

const PLAIN: Policy<'_> =
    Policy { relations: "state host.site R s key 0 plan state\nstate host.near R R\n", rules: "", governs: "" };

/// The tuples of a relation in a world.
fn held(facts: Vec<Fact>, change: Change, relation: &str, side: Side) -> Vec<String> {
    let program = program(&PLAIN);
    let id = find(&program, relation);
    let pattern = vec![Term::Any; program.relation(id).columns.len()];
    let world = if side == Side::Before { World::Before } else { World::Here };
    let answers = ask::why(&case(&program, facts, change), id, &pattern, world, 1).expect("an answer").answers;
    answers.into_iter().map(|answer| answer.holds).collect()
}

#[test]
fn what_is_set_replaces_the_same_key_and_no_other() {
    let text = source(SourceKind::Text, "policy.writ");
    let given = vec![fact(&text, "std.state.tag", &["a", "x", "1"]), fact(&text, "std.state.tag", &["a", "y", "1"])];
    let update = change(vec![act(Verb::Update, "a", vec![fact(&text, "std.state.tag", &["a", "x", "2"])])]);
    let tags = |side| held(given.clone(), update.clone(), "std.state.tag", side);
    assert_eq!(tags(Side::Before), [r#"tag("a", "x", "1")"#, r#"tag("a", "y", "1")"#]);
    assert_eq!(tags(Side::After), [r#"tag("a", "x", "2")"#, r#"tag("a", "y", "1")"#]);
}

#[test]
fn a_deletion_takes_what_is_said_of_the_resource_and_leaves_what_mentions_it() {
    let text = source(SourceKind::Text, "policy.writ");
    let given = vec![fact(&text, "host.near", &["a", "b"]), fact(&text, "host.near", &["b", "a"])];
    for verb in [Verb::Delete, Verb::Forget] {
        let gone = change(vec![act(verb, "a", Vec::new())]);
        assert_eq!(held(given.clone(), gone, "host.near", Side::After), [r#"near("b", "a")"#]);
    }
    let kept = change(vec![act(Verb::Replace, "a", Vec::new())]);
    assert_eq!(held(given, kept, "host.near", Side::After).len(), 2);
}

#[test]
fn either_world_may_say_why() {
    let text = source(SourceKind::Text, "policy.writ");
    let given = vec![fact(&text, "host.near", &["a", "b"])];
    let gone = change(vec![act(Verb::Delete, "a", Vec::new())]);
    let program = program(&PLAIN);
    let id = find(&program, "host.near");
    let case = case(&program, given, gone);
    let pattern = ["a", "b"].map(|name| Term::Constant(Value::text(name)));
    for (world, held) in [(World::Here, 0), (World::Before, 1), (World::Either, 1)] {
        assert_eq!(ask::why(&case, id, &pattern, world, 1).expect("an answer").answers.len(), held, "{world:?}");
        let missing = ask::why_not(&case, id, &pattern, world, 0, false).expect("an answer").miss.is_some();
        assert_eq!(missing, held == 0, "{world:?}");
    }
}

#[test]
fn a_move_renames_the_world_before() {
    let text = source(SourceKind::Text, "policy.writ");
    let given = vec![fact(&text, "host.near", &["old", "b"]), fact(&text, "host.near", &["b", "old"])];
    let mut moved = act(Verb::Move, "new", Vec::new());
    moved.moved_from = Some("old".into());
    let near = |side| held(given.clone(), change(vec![moved.clone()]), "host.near", side);
    assert_eq!(near(Side::Before), [r#"near("b", "new")"#, r#"near("new", "b")"#]);
    assert_eq!(near(Side::After), near(Side::Before));
    assert_eq!(
        held(given.clone(), change(vec![moved.clone()]), "std.change.moved", Side::After),
        [r#"moved("old", "new")"#]
    );
}

#[test]
fn a_verb_says_no_more_than_it_can() {
    let text = source(SourceKind::Text, "policy.writ");
    let tag = || vec![fact(&text, "std.state.tag", &["a", "x", "1"])];
    let program = program(&PLAIN);
    for verb in Verb::ALL {
        let mut set = act(verb, "a", tag());
        let mut removed = act(verb, "a", Vec::new());
        removed.remove = tag();
        if verb == Verb::Move {
            (set.moved_from, removed.moved_from) = (Some("b".into()), Some("b".into()));
        }
        for action in [set, removed] {
            let decided = decide::decide(&case(&program, Vec::new(), change(vec![action])));
            let may = matches!(verb, Verb::Create | Verb::Update | Verb::Replace | Verb::Import);
            assert_eq!(matches!(decided, Err(Failure::Malformed(_))), !may, "{verb}: {decided:?}");
        }
    }
}

#[test]
fn the_preferred_source_is_seen_and_the_others_conflict() {
    let (plan, first, second) = (
        source(SourceKind::Plan, "plan.json"),
        source(SourceKind::State, "state1"),
        source(SourceKind::State, "state2"),
    );
    let say = |source, site| fact(source, "host.site", &["a", site]);
    let seen = |facts: Vec<Fact>| {
        let none = || change(Vec::new());
        (
            held(facts.clone(), none(), "host.site", Side::Before),
            held(facts, none(), "std.source.conflict", Side::Before).len(),
        )
    };
    assert_eq!(seen(vec![say(&plan, "x"), say(&first, "y")]), (vec![r#"site("a", "x")"#.into()], 1));
    assert_eq!(seen(vec![say(&second, "x"), say(&first, "y")]), (vec![r#"site("a", "y")"#.into()], 1));
    assert_eq!(seen(vec![say(&first, "x"), say(&second, "x")]), (vec![r#"site("a", "x")"#.into()], 0));
    // Within one source nobody is right: all are seen.
    let both = seen(vec![say(&plan, "x"), say(&plan, "y"), say(&first, "x")]);
    assert_eq!((both.0.len(), both.1), (2, 1));
}

#[test]
fn who_says_the_same_and_more_is_seen_alone() {
    let (git, live) = (source(SourceKind::Facts, "git.json"), source(SourceKind::Cloud, "live.json"));
    let config = |source, text: &str| {
        let value = Function::JsonParse.call(&[Value::text(text)]);
        tuple(source, "std.state.config", vec![Value::text("db"), value])
    };
    let seen = |one: &str, other: &str| {
        let facts = || vec![config(&git, one), config(&live, other)];
        let none = || change(Vec::new());
        let seen = held(facts(), none(), "std.state.config", Side::Before).len();
        (seen, held(facts(), none(), "std.source.conflict", Side::Before).len())
    };
    // Sealed under two keys: nobody can tell whether they are the same.
    let sealed = |digest: &str| {
        let json = Json::object([("password", Json::Sensitive(digest.into())), ("size", Json::Int(2))]);
        tuple(if digest == "a" { &git } else { &live }, "std.state.config", vec![Value::text("db"), Value::json(json)])
    };
    let two = || vec![sealed("a"), sealed("b")];
    assert_eq!(held(two(), change(Vec::new()), "std.state.config", Side::Before).len(), 1);
    assert_eq!(held(two(), change(Vec::new()), "std.source.conflict", Side::Before).len(), 0);
    let meant = r#"{"size": 2, "ports": [{"port": 80}]}"#;
    for more in [meant, r#"{"size": 2, "ports": [{"port": 80, "protocol": "TCP"}], "status": "up"}"#] {
        assert_eq!((seen(meant, more), seen(more, meant)), ((1, 0), (1, 0)), "{more}");
    }
    for other in [
        r#"{"size": 3, "ports": [{"port": 80}]}"#,
        r#"{"size": 2, "ports": [{"port": 81, "protocol": "TCP"}]}"#,
        r#"{"size": 2, "ports": [{"port": 80}, {"port": 81}]}"#,
        r#"{"size": 2, "status": "up"}"#,
        r#"{"size": null, "ports": [{"port": 80}]}"#,
    ] {
        assert_eq!((seen(meant, other), seen(other, meant)), ((2, 2), (2, 2)), "{other}");
    }
}

#[test]
fn the_model_and_the_change_are_compared_where_both_know() {
    let state = source(SourceKind::State, "state.json");
    let config = |source: &std::sync::Arc<program::FactSource>, parts: &[(&str, Json)]| {
        tuple(source, "std.state.config", vec![Value::text("db"), Value::json(Json::object(parts.iter().cloned()))])
    };
    let asked = |own: &[(&str, Json)], theirs: &[(&str, Json)]| {
        let asked = change(vec![act(Verb::Update, "db", Vec::new())]);
        let mut own_source = (*source(SourceKind::Plan, "change.json")).clone();
        own_source.digest = asked.digest.hex().into();
        let mut facts = estate();
        let own_source = std::sync::Arc::new(own_source);
        facts.extend([config(&own_source, own), config(&state, theirs)]);
        let decision = decide::decide(&case(&program(&KEYS), facts, asked)).expect("a verdict");
        decision.ambiguities.iter().any(|one| one.kind == Doubt::Disagreement)
    };
    let text = Json::text;
    assert!(!asked(&[("a", text("1"))], &[("a", text("1")), ("b", text("2"))]));
    assert!(asked(&[("a", text("1"))], &[("a", text("2"))]));
    assert!(!asked(&[("a", Json::Unknown("x".into()))], &[("a", text("2"))]));
    assert!(!asked(&[("a", Json::Sensitive("00".into()))], &[("a", text("2"))]));
}

#[test]
fn a_fact_that_does_not_fit_or_is_not_its_to_state_is_malformed() {
    let facts = source(SourceKind::Facts, "facts.json");
    let refused = |fact: Fact| {
        let failure = decide::decide(&case(&program(&KEYS), vec![fact], change(Vec::new()))).expect_err("refused");
        assert!(matches!(failure, Failure::Malformed(_)), "{failure}");
        failure.to_string()
    };
    let wrong = refused(fact(&facts, "std.state.kind", &["db"]));
    assert_eq!(wrong, "facts.json: 1:1: `std.state.kind` has 2 columns, and this fact has 1");
    refused(tuple(&facts, "std.state.kind", vec![Value::text("db"), Value::Int(1)]));
    for (relation, values) in [
        ("std.state.exists", ["db"].as_slice()),
        ("std.change.actor", &["a", "root"]),
        ("std.verdict.permits", &["a", "orders"]),
        ("std.intent.covers", &["orders", "db"]),
        ("orders.permitted", &["orders/small", "a"]),
        ("std.source.stale", &["state"]),
    ] {
        refused(fact(&facts, relation, values));
    }
    let unknown = vec![fact(&facts, "other.relation", &["x"])];
    assert_eq!(decided(&program(&KEYS), unknown, Vec::new()).model.ignored, 1);
}

#[test]
fn a_change_that_contradicts_itself_is_a_conflict() {
    let plan = source(SourceKind::Plan, "plan.json");
    let tag = |value| fact(&plan, "std.state.tag", &["db", "size", value]);
    let doubts = |set: Vec<Fact>| {
        let decision = decided(&program(&KEYS), estate(), vec![act(Verb::Update, "db", set)]);
        decision.ambiguities.iter().map(|one| one.kind).collect::<Vec<_>>()
    };
    assert_eq!(doubts(vec![tag("large")]), []);
    assert_eq!(doubts(vec![tag("large"), tag("small")]), [Doubt::Conflict]);
}
