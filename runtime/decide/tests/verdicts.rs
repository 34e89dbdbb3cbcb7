//! The verdict, and what is said with it.

use crate::small::{Policy, act, case, change, fact, program, source, tuple};
use decide::{Decision, Doubt, Verdict};
use program::{Fact, Json, Program, SourceKind, State, Value, Verb};
use std::sync::Arc;

/// What survives the loss of a key, and who may retire what.
pub(crate) const KEYS: Policy<'_> = Policy {
    relations: "
state orders.key_lost s R R instanced
change orders.gone s A instanced
change orders.asked s A P
",
    rules: "
orders.key_lost(\"orders/small\", r, k) <- std.intent.covers(\"orders\", r), std.state.exists(r), std.state.encrypted_by(r, k), not std.state.exists(k) | {r} is encrypted by {k}, which would be gone
orders.gone(\"orders/small\", a) <- std.change.destroys(a, r), before.std.state.kind(r, \"database\") | {a} destroys a database
orders.asked(\"orders/small\", a, p) <- std.change.destroys(a, r), before.std.authority.accountable(r, p)
orders.permitted(\"orders/small\", a) <- std.change.action(a, \"update\", r), std.change.actor(a, who), std.authority.accountable(r, team), std.authority.member(who, team), std.intent.covers(\"orders\", r)
",
    governs: "
deny orders.key_lost
escalate orders.gone to orders.asked
permit orders.permitted
",
};

/// A database of the orders under a key, both with an owner.
pub(crate) fn estate() -> Vec<Fact> {
    let state = source(SourceKind::State, "state.json");
    let owners = source(SourceKind::Facts, "owners.csv");
    vec![
        fact(&state, "std.state.kind", &["db", "database"]),
        fact(&state, "std.state.kind", &["key", "key"]),
        fact(&state, "std.state.tag", &["db", "system", "orders"]),
        fact(&state, "std.state.tag", &["key", "system", "orders"]),
        fact(&state, "std.state.encrypted_by", &["db", "key"]),
        fact(&owners, "std.authority.accountable", &["db", "team-orders"]),
        fact(&owners, "std.authority.accountable", &["key", "team-platform"]),
        fact(&owners, "std.authority.member", &["ana", "team-orders"]),
    ]
}

pub(crate) fn decided(program: &Arc<Program>, facts: Vec<Fact>, actions: Vec<program::Action>) -> Decision {
    decide::decide(&case(program, facts, change(actions))).expect("a verdict")
}

fn doubts(decision: &Decision) -> Vec<Doubt> {
    decision.ambiguities.iter().map(|ambiguity| ambiguity.kind).collect()
}

#[test]
fn a_lost_key_is_denied_with_its_cause_its_reach_and_its_proof() {
    let decision = decided(&program(&KEYS), estate(), vec![act(Verb::Delete, "key", Vec::new())]);
    assert_eq!(decision.verdict, Verdict::Deny);
    let action = &decision.actions[0];
    let reason = &action.reasons[0];
    assert_eq!(reason.rule, "orders/small.key_lost");
    assert_eq!(reason.message, "db is encrypted by key, which would be gone");
    assert_eq!((reason.state, reason.sure), (Some(State::Introduced), true));
    assert_eq!(reason.causes, ["key"]);
    assert_eq!(action.blast[0].path, ["db", "key"]);
    assert_eq!(action.blast[0].accountable.as_deref(), Some("team-orders"));
    assert_eq!(action.blast[0].class, "critical");
    assert_eq!(action.accountable[0].party, "team-platform");
    let proof = decision.proof(&reason.proof).expect("its proof").lines(None).join("\n");
    assert!(proof.contains("not exists(\"key\")") && proof.contains("state.json"), "{proof}");
}

#[test]
fn a_permitted_update_is_allowed_and_rests_on_its_permit() {
    let plan = source(SourceKind::Plan, "plan.json");
    let set = vec![fact(&plan, "std.state.tag", &["db", "size", "large"])];
    let decision = decided(&program(&KEYS), estate(), vec![act(Verb::Update, "db", set)]);
    assert_eq!((decision.verdict, doubts(&decision)), (Verdict::Allow, vec![]));
    assert_eq!(decision.actions[0].reasons[0].rule, "orders/small.permitted");
}

#[test]
fn nothing_is_allowed_without_an_intent_a_permit_and_an_owner() {
    let state = source(SourceKind::State, "state.json");
    let mut facts = estate();
    facts.push(fact(&state, "std.state.kind", &["queue", "queue"]));
    let decision = decided(&program(&KEYS), facts, vec![act(Verb::Update, "queue", Vec::new())]);
    assert_eq!((decision.verdict, doubts(&decision)), (Verdict::Escalate, vec![Doubt::NoIntent, Doubt::NoAccountable]));
    let mut other = case(&program(&KEYS), estate(), change(vec![act(Verb::Update, "db", Vec::new())]));
    other.actor = Some("bob".into());
    let decision = decide::decide(&other).expect("a verdict");
    assert_eq!((decision.verdict, doubts(&decision)), (Verdict::Escalate, vec![Doubt::NoPermit]));
    assert_eq!(decision.approvals_needed[0].party, "team-orders");
}

#[test]
fn a_change_cannot_take_a_resource_out_of_reach() {
    let plan = source(SourceKind::Plan, "plan.json");
    let set = vec![fact(&plan, "std.state.tag", &["db", "system", "toys"])];
    let actions = vec![act(Verb::Update, "db", set), act(Verb::Delete, "key", Vec::new())];
    let decision = decided(&program(&KEYS), estate(), actions);
    assert_eq!(decision.verdict, Verdict::Deny);
    assert_eq!(decision.actions.iter().map(|action| &*action.id).collect::<Vec<_>>(), ["key", "db"]);
}

#[test]
fn what_stood_counts_only_against_who_touches_it() {
    let mut facts = estate();
    facts.retain(|fact| fact.to_string() != "std.state.kind(\"key\", \"key\")");
    let state = source(SourceKind::State, "state.json");
    facts.push(fact(&state, "std.state.kind", &["other", "queue"]));
    facts.push(fact(&state, "std.state.tag", &["other", "system", "orders"]));
    facts.push(fact(&state, "std.authority.accountable", &["other", "team-orders"]));
    let decision = decided(&program(&KEYS), facts.clone(), vec![act(Verb::Update, "other", Vec::new())]);
    assert_eq!((decision.verdict, decision.standing.len()), (Verdict::Allow, 1));
    let decision = decided(&program(&KEYS), facts.clone(), vec![act(Verb::Update, "db", Vec::new())]);
    assert_eq!((decision.verdict, decision.actions[0].reasons[0].state), (Verdict::Deny, Some(State::Standing)));
    // Who mends it is not held up by it.
    let plan = source(SourceKind::Plan, "plan.json");
    let mend = vec![act(Verb::Create, "key", vec![fact(&plan, "std.state.kind", &["key", "key"])])];
    let decision = decided(&program(&KEYS), facts, mend);
    assert_eq!((decision.fixed.len(), decision.standing.len()), (1, 0));
    assert_ne!(decision.verdict, Verdict::Deny);
}

#[test]
fn an_escalation_goes_to_who_had_the_right_before() {
    let key = |rights: &[&str]| {
        let mut facts = estate();
        facts.retain(|fact| *fact.relation != *"std.state.encrypted_by");
        let owners = source(SourceKind::Facts, "owners.csv");
        facts.extend(rights.iter().map(|who| fact(&owners, "std.authority.right", &[who, "accept-risk"])));
        decided(&program(&KEYS), facts, vec![act(Verb::Delete, "db", Vec::new())])
    };
    let decision = key(&["team-orders"]);
    assert_eq!(decision.actions[0].reasons[0].to, ["team-orders"]);
    assert!(!doubts(&decision).contains(&Doubt::NoRight));
    let decision = key(&["team-other"]);
    assert!(doubts(&decision).contains(&Doubt::NoRight));
}

/// An objection that hangs on a number that may not be known.
pub(crate) const SIZES: Policy<'_> = Policy {
    relations: "
state orders.big s R instanced
state orders.big? s R instanced
",
    rules: "
orders.big(\"orders/small\", r) <- std.state.config(r, cfg), cfg.size > 3 | {r} is big
orders.big?(\"orders/small\", r) <- std.state.config(r, cfg), cfg.size > 3 | {r} is big
orders.permitted(\"orders/small\", a) <- std.change.action(a, \"update\", r), std.intent.covers(\"orders\", r)
",
    governs: "
deny orders.big
permit orders.permitted
",
};

#[test]
fn an_unknown_that_decides_is_asked_about_by_its_origin() {
    let plan = source(SourceKind::Plan, "plan.json");
    let update = |size: Json| {
        let config = Value::json(Json::object([("size", size)]));
        let set = vec![tuple(&plan, "std.state.config", vec![Value::text("db"), config])];
        decided(&program(&SIZES), estate(), vec![act(Verb::Update, "db", set)])
    };
    assert_eq!(update(Json::Int(2)).verdict, Verdict::Allow);
    assert_eq!(update(Json::Int(4)).verdict, Verdict::Deny);
    let decision = update(Json::Unknown("aws_x.y.size".into()));
    assert_eq!((decision.verdict, doubts(&decision)), (Verdict::Escalate, vec![Doubt::Unknown]));
    assert_eq!(decision.ambiguities[0].origins, ["aws_x.y.size"]);
    assert!(!decision.actions[0].reasons[0].sure);
    let page = decide::text::render(&decision, decide::text::Style::default());
    assert!(page.ends_with("next: writ why 'orders/small.big(\"db\")' --change change.json\n"), "{page}");
}

#[test]
fn a_partial_change_a_stale_source_and_a_conflict_are_asked_about() {
    let update = || vec![act(Verb::Update, "db", Vec::new())];
    let program = program(&KEYS);
    let mut partial = change(update());
    partial.partial.push(program::Partial { why: "the plan is targeted".into(), place: "/complete".into() });
    let decision = decide::decide(&case(&program, estate(), partial)).expect("a verdict");
    assert_eq!((decision.verdict, doubts(&decision)), (Verdict::Escalate, vec![Doubt::Partial]));
    assert_eq!(decision.ambiguities[0].to, ["team-orders"]);

    let mut stale = case(&program, estate(), change(update()));
    let observed = std::collections::BTreeMap::from([("owners.csv".to_owned(), None)]);
    stale.sources.push(decide::SourceState::Aged(evidence::Aged {
        source: "owners".into(),
        max_age: 60_000_000,
        observed,
    }));
    let decision = decide::decide(&stale).expect("a verdict");
    assert_eq!((decision.verdict, doubts(&decision)), (Verdict::Escalate, vec![Doubt::Source]));
    let said = "source `owners`: nobody says when owners.csv was observed, and it may be 1m old";
    assert_eq!(decision.ambiguities[0].message, said);

    let mut facts = estate();
    facts.push(fact(&source(SourceKind::Cloud, "cloud.json"), "std.state.tag", &["db", "system", "toys"]));
    let decision = decided(&program, facts, update());
    assert_eq!((decision.verdict, doubts(&decision)), (Verdict::Escalate, vec![Doubt::Conflict]));
}

/// What rules in force read, one of it optional; and what none of them does.
const FILLED: Policy<'_> = Policy {
    relations: "state host.seen R s\nstate host.near R s\nstate host.note R s optional\nstate host.idle R s\n\
                change orders.shut s R instanced\n",
    rules: "host.near(r, x) <- host.seen(r, x), host.note(r, x)\n\
            orders.permitted(\"orders/small\", a) <- std.change.action(a, \"update\", r)\n\
            orders.shut(\"orders/small\", r) <- std.change.action(_, _, r), host.near(r, \"shut\") | {r} is shut",
    governs: "deny orders.shut\npermit orders.permitted",
};

#[test]
fn a_source_is_asked_about_if_a_rule_in_force_may_rest_on_it() {
    let program = program(&FILLED);
    let aged = || {
        let observed = std::collections::BTreeMap::from([("net.csv".to_owned(), None)]);
        decide::SourceState::Aged(evidence::Aged { source: "net".into(), max_age: 60_000_000, observed })
    };
    let missing = || decide::SourceState::Missing("net".into());
    let decided = |states: Vec<decide::SourceState>, facts: Vec<program::Fact>, actions: Vec<program::Action>| {
        let mut asked = case(&program, facts, change(actions));
        asked.sources = states;
        let decision = decide::decide(&asked).expect("a verdict");
        (decision.verdict, doubts(&decision))
    };
    let escalates = (Verdict::Escalate, vec![Doubt::Source]);
    let allows = (Verdict::Allow, Vec::new());
    let update = || vec![act(Verb::Update, "db", Vec::new())];
    for (fills, expected) in [
        (None, &escalates),
        (Some(vec!["host.seen"]), &escalates),
        (Some(vec!["host.idle"]), &allows),
        (Some(vec!["host.note"]), &allows),
        (Some(vec!["host.note", "host.idle"]), &allows),
        (Some(vec!["host.note", "host.seen"]), &escalates),
        (Some(vec!["host.idle", "std.state.kind"]), &escalates),
        (Some(vec!["std.source.source"]), &escalates),
        (Some(vec!["host.elsewhere"]), &escalates),
    ] {
        for state in [missing(), aged()] {
            for actions in [update(), Vec::new()] {
                let known = fills.iter().map(|names| names.iter().map(|name| (*name).to_owned()).collect());
                let known = known.map(|names| decide::SourceState::Fills("net".into(), names));
                let states = known.chain([state.clone()]).collect();
                assert_eq!(&decided(states, estate(), actions), expected, "{fills:?} {state:?}");
            }
        }
    }
    // Whatever it was said to fill.
    let mut net = (*source(SourceKind::Facts, "net.csv")).clone();
    net.name = "net".into();
    let mut facts = estate();
    facts.push(fact(&std::sync::Arc::new(net), "host.seen", &["db", "open"]));
    let idle = decide::SourceState::Fills("net".into(), ["host.idle".to_owned()].into());
    assert_eq!(decided(vec![idle.clone(), aged()], facts, update()), escalates);
    // It says nothing of another source.
    let other = decide::SourceState::Missing("owners".into());
    assert_eq!(decided(vec![idle, other], estate(), update()), escalates);
}

#[test]
fn a_rule_that_asks_whether_a_source_is_there_hears_it() {
    let rules = format!(
        "{}\norders.unseen(\"orders/small\", s) <- std.change.action(_, _, _), std.source.missing(s) | {{s}} is not there",
        FILLED.rules
    );
    let relations = format!("{}change orders.unseen s s instanced\n", FILLED.relations);
    let program = program(&Policy {
        relations: &relations,
        rules: &rules,
        governs: "deny orders.unseen\npermit orders.permitted",
    });
    let mut asked = case(&program, estate(), change(vec![act(Verb::Update, "db", Vec::new())]));
    asked.sources = vec![
        decide::SourceState::Missing("net".into()),
        decide::SourceState::Fills("net".into(), ["host.idle".to_owned()].into()),
    ];
    assert_eq!(decide::decide(&asked).expect("a verdict").verdict, Verdict::Deny);
}

#[test]
fn a_change_without_actions_is_allowed_if_nothing_differs() {
    let program = program(&KEYS);
    let decision = decided(&program, estate(), Vec::new());
    assert_eq!((decision.verdict, decision.actions.len()), (Verdict::Allow, 0));
    let mut partial = change(Vec::new());
    partial.partial.push(program::Partial { why: "deferred".into(), place: "/complete".into() });
    assert_eq!(decide::decide(&case(&program, estate(), partial)).expect("a verdict").verdict, Verdict::Escalate);
}

#[test]
fn the_order_of_facts_changes_no_byte() {
    let program = program(&KEYS);
    let delete = || vec![act(Verb::Delete, "key", Vec::new())];
    let first = decided(&program, estate(), delete());
    let mut facts = estate();
    for turn in 0..facts.len() {
        facts.rotate_left(turn + 1);
        facts.reverse();
        let again = decided(&program, facts.clone(), delete());
        assert_eq!(again.to_json(), first.to_json());
        assert_eq!(again.evidence, first.evidence);
    }
}
