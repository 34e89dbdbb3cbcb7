//! Proofs as data: nothing is cut, nothing is without a name.

use crate::small::{Policy, act, case, change, fact, program, source, tuple};
use crate::verdicts::estate;
use program::{Json, SourceKind, Value, Verb};

/// What is denied for its configuration, where a blueprint is applied.
const SETTINGS: Policy<'_> = Policy {
    relations: "
state orders.small.$apply s
change orders.shown s A j instanced
",
    rules: "
orders.small.$apply(\"orders/small\") <-
orders.shown(i, a, cfg) <- orders.small.$apply(i), std.change.action(a, _, r), before.std.state.config(r, cfg)
",
    governs: "deny orders.shown\n",
};

#[test]
fn json_proofs_are_whole_and_name_what_they_rest_on() {
    let state = source(SourceKind::State, "state.json");
    let long = "x".repeat(500);
    let config = Value::json(Json::object([("name", Json::text(long.as_str())), ("key", Json::Sensitive("d".into()))]));
    let mut facts = estate();
    facts.push(tuple(&state, "std.state.config", vec![Value::text("db"), config]));
    facts.push(fact(&state, "std.state.tag", &["db", "note", "plain"]));
    let asked = change(vec![act(Verb::Update, "db", Vec::new())]);
    let decision = decide::decide(&case(&program(&SETTINGS), facts, asked)).expect("a verdict");
    let proof = decision.proof(&decision.actions[0].reasons[0].proof).expect("a proof");
    assert!(proof.steps.iter().all(|step| !step.holds.contains('…')), "{proof:?}");
    let applied = proof.steps.iter().find(|step| step.relation == "orders.small.$apply").expect("an application");
    assert_eq!(applied.holds, "applied(\"orders/small\")");
    let config = proof.steps.iter().find(|step| step.relation == "std.state.config").expect("the configuration");
    assert_eq!((config.world, config.tuple[0].as_str()), ("before", "\"db\""));
    assert!(config.tuple[1].contains(&long) && config.tuple[1].contains("«sensitive»"), "{}", config.tuple[1]);
    assert!(config.holds.contains(&long), "{}", config.holds);
    assert!(decision.to_json().contains("\"relation\": \"std.state.config\""));
    assert!(proof.lines(None).iter().all(|line| line.len() < 200), "{:?}", proof.lines(None));
}
