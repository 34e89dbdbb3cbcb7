//! What would pass, and several proofs of one tuple: everything offered was tried, and what is not there is not offered.

use crate::small::{Policy, act, case, change, fact, find, program, source};
use crate::verdicts::{KEYS, estate};
use decide::ask::{self, Kind, Passing};
use decide::{Assurance, Case, Verdict};
use program::{Action, Program, SourceKind, Term, Value, Verb, World};
use std::sync::Arc;

/// The program with tags that can be added.
fn editable(policy: &Policy<'_>) -> Arc<Program> {
    let mut program = (*program(policy)).clone();
    program.editable = vec![program.find("std.state.tag").expect("tags are declared")];
    Arc::new(program)
}

fn actions() -> Vec<Action> {
    let plan = source(SourceKind::Plan, "plan.json");
    let set = vec![fact(&plan, "std.state.tag", &["db", "size", "large"])];
    vec![act(Verb::Delete, "key", Vec::new()), act(Verb::Update, "db", set)]
}

fn texts(passing: &Passing) -> Vec<Vec<String>> {
    passing.ways.iter().map(|way| way.edits.iter().map(|edit| edit.text.clone()).collect()).collect()
}

#[test]
fn without_what_is_denied_the_rest_passes_and_deciding_it_says_so() {
    let program = program(&KEYS);
    let asked = case(&program, estate(), change(actions()));
    assert_eq!(decide::decide(&asked).expect("a verdict").verdict, Verdict::Deny);
    let passing = ask::passing(&asked, 2, 40, None).expect("an answer");
    assert_eq!(texts(&passing), [["leave out key (delete)"]]);
    let rest = Case { change: change(actions().split_off(1)), ..asked.clone() };
    assert_eq!(decide::decide(&rest).expect("a verdict").verdict, Verdict::Allow);
    assert_eq!(ask::passing(&asked, 2, 40, None).expect("an answer"), passing, "the same is said twice");
    for assurance in Assurance::ALL {
        let asked = Case { assurance, ..asked.clone() };
        assert_eq!(ask::passing(&asked, 2, 40, None).expect("an answer"), passing, "{assurance:?}");
    }
}

#[test]
fn where_there_is_none_or_the_search_gives_up_it_is_said() {
    let program = program(&KEYS);
    let alone = case(&program, estate(), change(actions()[..1].to_vec()));
    let none = ask::passing(&alone, 3, 40, None).expect("an answer");
    assert_eq!((none.ways.len(), none.complete), (0, true), "a change of nothing is not offered");
    assert_eq!(none.lines(3), ["what would pass: nothing was found, of at most 3 edits that rules give reason for"]);
    let asked = case(&program, estate(), change(actions()));
    let gave_up = ask::passing(&asked, 2, 0, None).expect("an answer");
    assert_eq!((gave_up.ways.len(), gave_up.complete, gave_up.tried), (0, false, 0));
    assert_eq!(gave_up.lines(3), ["what would pass: nothing was found; the search gave up after 0 tries"]);
    assert!(ask::passing(&asked, 0, 40, None).expect("an answer").ways.is_empty());
}

/// Neither of two labels does anything without the other.
#[test]
fn edits_that_do_it_only_together_are_found() {
    let rule = "orders.permitted(\"orders/small\", a) <- std.change.action(a, \"update\", r), ";
    let labelled = KEYS
        .rules
        .replace(rule, &format!("{rule}std.state.tag(r, \"looked\", \"at\"), std.state.tag(r, \"by\", \"two\"), "));
    assert_ne!(labelled, KEYS.rules);
    let program = editable(&Policy { rules: &labelled, ..KEYS });
    let update = change(actions().split_off(1));
    let asked = Case { actor: Some("ana".into()), ..case(&program, estate(), update) };
    let told = |edits| ask::passing(&asked, edits, 40, None).expect("an answer");
    assert_eq!(told(1).lines(3), ["what would pass: nothing was found, of at most 1 edit that rules give reason for"]);
    let both =
        vec![String::from("add tag(\"db\", \"by\", \"two\")"), String::from("add tag(\"db\", \"looked\", \"at\")")];
    for edits in [2, 5] {
        assert!(texts(&told(edits)).contains(&both), "{:?}", told(edits));
    }
    // What the bound alone hides is told.
    let decision = decide::decide(&asked).expect("a verdict");
    let against = |edits, tries| ask::against(&asked, &decision, edits, tries, None).expect("an answer");
    let hidden = against(1, 40);
    assert_eq!((hidden.together, hidden.complete), (Some(2), true), "{hidden:?}");
    let hint = hidden.lines().pop();
    assert_eq!(hint.as_deref(), Some("2 edits would answer all of them: --edits 2"));
    assert_eq!(against(2, 40).together, None, "as many as were asked for");
    let gave_up = against(1, 0);
    assert_eq!((gave_up.together, gave_up.complete, gave_up.tried), (None, false, 0));
    assert_eq!(gave_up.lines()[2], "    nothing was found; the search gave up after 0 tries");
    assert_eq!(against(0, 40).lines().len(), 1 + decision.ambiguities.len(), "nothing was looked for");
}

/// What a plan tells of a thing is no line of it that could be left out: rules would only not see the thing.
#[test]
fn what_the_change_says_may_go_where_somebody_wrote_it_and_labels_always() {
    let program = editable(&KEYS);
    let told = |kind| {
        let origin = source(kind, "change.json");
        let set = vec![fact(&origin, "std.state.encrypted_by", &["db", "other"])];
        let update = change(vec![act(Verb::Update, "db", set)]);
        let asked = Case { actor: Some("ana".into()), ..case(&program, estate(), update) };
        assert_eq!(decide::decide(&asked).expect("a verdict").verdict, Verdict::Deny);
        texts(&ask::passing(&asked, 2, 40, None).expect("an answer"))
    };
    assert_eq!(told(SourceKind::Facts), [["do not set encrypted_by(\"db\", \"other\")"]]);
    assert_eq!(told(SourceKind::Plan), [[""; 0]; 0]);
}

/// What is tagged so is open; what is open and not excepted is seen.
const OPEN: Policy<'_> = Policy {
    relations: "
state open R
state seen R
",
    rules: "
open(r) <- std.state.exists(r), std.state.tag(r, \"zone\", \"internet\")
seen(r) <- open(r), not std.state.tag(r, \"hidden\", \"yes\")
",
    governs: "",
};

#[test]
fn a_tuple_is_reached_by_facts_that_may_be_added_and_by_no_others() {
    let state = source(SourceKind::State, "state.json");
    let facts = vec![
        fact(&state, "std.state.kind", &["a", "box"]),
        fact(&state, "std.state.kind", &["b", "box"]),
        fact(&state, "std.state.tag", &["b", "hidden", "yes"]),
    ];
    let ask = |program: &Arc<Program>, name: &str, edits| {
        let asked = case(program, facts.clone(), change(Vec::new()));
        let pattern = [Term::Constant(Value::text(name))];
        ask::why_not(&asked, find(program, "seen"), &pattern, World::Here, edits, false).expect("an answer")
    };
    let may = editable(&OPEN);
    let one = ask(&may, "a", 3);
    assert!(one.miss.is_some());
    assert_eq!(texts(&one.passing), [["add tag(\"a\", \"zone\", \"internet\")"]]);
    assert_eq!(one.passing.ways[0].edits[0].kind, Kind::Add);
    let two = ask(&may, "b", 3);
    assert_eq!(
        texts(&two.passing),
        [["add tag(\"b\", \"zone\", \"internet\")", "remove tag(\"b\", \"hidden\", \"yes\")"]]
    );
    assert!(ask(&may, "b", 1).passing.ways.is_empty(), "one edit is not enough");
    assert!(ask(&program(&OPEN), "a", 3).passing.ways.is_empty(), "nothing is editable");
    // What is offered does it: with those facts the tuple holds.
    let mut with = facts.clone();
    with.pop();
    with.push(fact(&state, "std.state.tag", &["b", "zone", "internet"]));
    let asked = case(&may, with, change(Vec::new()));
    let pattern = [Term::Constant(Value::text("b"))];
    assert!(
        ask::why_not(&asked, find(&may, "seen"), &pattern, World::Here, 3, false).expect("an answer").miss.is_none()
    );
}

#[test]
fn several_proofs_end_in_different_steps_and_no_more_than_asked_for() {
    let policy = Policy {
        relations: "state edge R R\nstate reach R R\n",
        rules: "reach(a, b) <- edge(a, b)\nreach(a, c) <- reach(a, b), edge(b, c)\n",
        governs: "",
    };
    let program = program(&policy);
    let state = source(SourceKind::Facts, "edges.csv");
    let edges = [["a", "d"], ["a", "b"], ["b", "d"], ["a", "c"], ["c", "d"], ["d", "a"], ["d", "d"]];
    let facts: Vec<_> = edges.iter().map(|edge| fact(&state, "edge", edge)).collect();
    let pattern = ["a", "d"].map(|name| Term::Constant(Value::text(name)));
    let ask = |most| {
        let asked = case(&program, facts.clone(), change(Vec::new()));
        ask::why(&asked, find(&program, "reach"), &pattern, World::Here, most)
            .expect("an answer")
            .answers
            .swap_remove(0)
    };
    assert!(ask(1).others.is_empty());
    let all = ask(9);
    // By the edge itself, over b, over c. Over d it would rest on itself.
    assert_eq!(all.others.len(), 2, "{}", all.text(true));
    let ends: std::collections::BTreeSet<String> =
        all.others.iter().chain([&all.proof]).map(|proof| format!("{:?}", proof.steps.last())).collect();
    assert_eq!(ends.len(), 3);
    assert_eq!(ask(2).others.len(), 1);
}
