//! What a page says of many actions, of what nobody permits and nobody answers for, and where it leads.

use crate::small::{Policy, act, case, change, fact, program, source};
use crate::verdicts::{KEYS, decided, estate};
use decide::ask::Table;
use decide::markdown;
use decide::text::{Style, render};
use program::{Fact, SourceKind, Value, Verb};

/// So many databases of the orders, each under the same key.
fn many(count: usize) -> Vec<Fact> {
    let state = source(SourceKind::State, "state.json");
    let one = |n: usize| {
        let name = format!("db{n:04}");
        [
            fact(&state, "std.state.kind", &[&name, "database"]),
            fact(&state, "std.state.tag", &[&name, "system", "orders"]),
            fact(&state, "std.state.encrypted_by", &[&name, "key"]),
        ]
    };
    estate().into_iter().chain((0..count).flat_map(one)).collect()
}

#[test]
fn a_comment_has_one_proof_a_rule_and_the_flags_of_its_next_command() {
    let decision = decided(&program(&KEYS), many(13), vec![act(Verb::Delete, "key", Vec::new())]);
    let page = markdown::render(&decision, "--actor ana");
    assert!(page.contains("- **deny** `orders/small.key_lost` (policy.writ:1) × 14\n  - db is encrypted"), "{page}");
    assert!(page.contains("\n  - … 11 more\n"), "{page}");
    assert_eq!(page.matches("<summary>proof</summary>").count(), 1, "{page}");
    assert!(page.contains("--change change.json --actor ana`\n"), "{page}");
}

#[test]
fn a_thousand_deletions_fit_on_a_page() {
    let program = program(&KEYS);
    let delete = |n: usize| act(Verb::Delete, &format!("db{n:04}"), Vec::new());
    let decision = decided(&program, many(1000), (0..1000).map(delete).collect());
    let page = render(&decision, Style::default());
    assert!(page.lines().count() < 150, "{}", page.lines().count());
    assert!(page.contains("\n… 980 more actions to ask: --full\n"), "{page}");
    assert!(render(&decision, Style { full: true, ..Style::default() }).contains("db0999 (delete)\n"));
    assert!(markdown::render(&decision, "").contains("\n… 980 more actions to ask.\n"));
    assert_eq!(decision.to_json().matches("\"verb\": \"delete\"").count(), 1000);
    let create = |n: usize| act(Verb::Create, &format!("new{n:04}"), Vec::new());
    let unclaimed = decided(&program, Vec::new(), (0..1000).map(create).collect());
    let page = render(&unclaimed, Style::default());
    assert_eq!(page.matches("  \"new").count(), 20, "{page}");
    assert!(page.contains("    apply BLUEPRINT();\n"), "{page}");
}

#[test]
fn whom_a_change_names_without_an_actor_who_speaks_for_them_is_said() {
    let plan = source(SourceKind::Plan, "plan.json");
    let set = vec![
        fact(&plan, "std.state.tag", &["shop", "system", "orders"]),
        fact(&plan, "std.authority.accountable", &["shop", "team-shop"]),
    ];
    let create = |set| change(vec![act(Verb::Create, "shop", set)]);
    let said = |set| {
        let decision = decide::decide(&case(&program(&VOUCHED), Vec::new(), create(set))).expect("a verdict");
        let one = decision.ambiguities.into_iter().find(|one| one.kind == decide::Doubt::NoAccountable);
        one.expect("nobody answers").message
    };
    assert_eq!(
        said(set),
        "`team-shop` is named for shop, but no actor speaks for it (a change cannot make its own author legitimate): \
         --actor, std.authority.member"
    );
    assert_eq!(said(Vec::new()), "nobody is accountable for shop");
}

/// Only those count whom the world before names.
const VOUCHED: Policy<'_> =
    Policy { relations: "", rules: "std.verdict.no_accountable(a, r) <- std.change.writes(a, r)", governs: "" };

#[test]
fn an_action_without_a_permit_leads_to_what_would_permit() {
    let quiet = Policy { relations: "", rules: "", governs: "permit orders.permitted\n" };
    let said = |policy: &Policy<'_>, blueprint: &str| {
        let mut program = program(policy);
        std::sync::Arc::get_mut(&mut program).expect("one owner").instances[0].blueprint = blueprint.into();
        render(&decided(&program, estate(), vec![act(Verb::Delete, "db", Vec::new())]), Style::default())
    };
    let page = said(&quiet, "orders");
    assert!(page.contains("next: `orders` applies orders, whose permits are permitted"), "{page}");
    let page = said(&quiet, "policy.other");
    assert!(page.contains("next: `orders` applies no blueprint that permits: `apply …;`\n"), "{page}");
}

#[test]
fn whom_nobody_may_decide_for_is_named() {
    let decision = decided(&program(&KEYS), estate(), vec![act(Verb::Delete, "db", Vec::new())]);
    let page = render(&decision, Style::default());
    assert!(page.contains("nobody whom orders/small.gone(db) names holds the right `accept-risk`"), "{page}");
}

#[test]
fn a_query_without_columns_or_rows_is_answered_in_words() {
    let table = |columns: &[&str], rows: Vec<(Vec<Value>, bool)>| Table {
        columns: columns.iter().map(ToString::to_string).collect(),
        rows,
    };
    assert_eq!(table(&[], vec![(Vec::new(), true)]).text(), "holds\n");
    assert_eq!(table(&[], vec![(Vec::new(), false)]).text(), "holds  possibly\n");
    assert_eq!(table(&[], Vec::new()).text(), "no answers\n");
    let empty = table(&["r", "k"], Vec::new());
    assert_eq!((empty.text().as_str(), empty.csv().as_str()), ("r  k\nno answers\n", "r,k\r\n"));
    assert_eq!(empty.json(), "[]\n");
}

#[test]
fn what_is_answered_in_csv_is_a_facts_file() {
    let tags = Value::Set(std::collections::BTreeSet::from([Value::text("a, b"), Value::text("")]).into());
    let table = |rows: Vec<Vec<Value>>| Table {
        columns: vec![String::from("r"), String::from("of")],
        rows: rows.into_iter().map(|row| (row, true)).collect(),
    };
    let found = table(vec![vec![Value::text("db"), Value::text("")], vec![Value::text(""), tags]]);
    assert_eq!(found.csv(), "r,of\r\ndb,\"\"\r\n\"\",\"[\"\"\"\",\"\"a, b\"\"]\"\r\n");
    // In a report nothing is said there.
    assert_eq!(table(vec![vec![Value::text("db"), Value::text("")]]).sheet(), "r,of\r\ndb,\r\n");
}
