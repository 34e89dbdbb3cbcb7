//! Questions, test blocks, and how answers look.

use crate::small::{Policy, act, case, change, fact, find, program, source, tuple};
use crate::verdicts::{KEYS, SIZES, decided, estate};
use decide::text::Style;
use decide::{ask, test};
use engine::Limits;
use program::{Citation, Expectation, Expected, Json, SourceKind, State, Term, TestCase, Value, Verb, Weight, World};

fn delete_key() -> program::Change {
    change(vec![act(Verb::Delete, "key", Vec::new())])
}

#[test]
fn why_proves_every_tuple_that_matches() {
    let program = program(&KEYS);
    let blast = find(&program, "std.graph.blast");
    let pattern = [Term::Constant(Value::text("key")), Term::Any];
    let answers =
        ask::why(&case(&program, estate(), delete_key()), blast, &pattern, World::Here, 1).expect("answers").answers;
    assert_eq!(answers.len(), 1);
    assert_eq!(
        answers[0].text(false),
        "blast(\"key\", \"db\")   policy.writ:15
  writes(\"key\", \"key\")   policy.writ:14
    action(\"key\", \"delete\", \"key\")   change.json /actions/0
    \"delete\" != \"read\"
  before.edge(\"db\", \"key\", \"encrypts\")   policy.writ:7
    before.encrypted_by(\"db\", \"key\")   state.json 1:1
"
    );
    let none = [Term::Constant(Value::text("db")), Term::Any];
    assert!(
        ask::why(&case(&program, estate(), delete_key()), blast, &none, World::Here, 1)
            .expect("answers")
            .answers
            .is_empty()
    );
}

#[test]
fn a_rule_tells_what_it_makes_of_a_model() {
    let program = program(&KEYS);
    let case = case(&program, estate(), delete_key());
    let place = |rule: &program::Rule| (rule.citation.file.clone(), rule.citation.line, rule.citation.column);
    let blast = find(&program, "std.graph.blast");
    let first = program.rules.iter().find(|rule| rule.head.relation == blast).expect("a rule");
    let (file, line, column) = place(first);
    let found = ask::rule(&case, (&file, line, column), 5).expect("an answer").expect("a rule");
    assert_eq!((found.name.as_str(), found.count, found.whole), ("blast", 1, true));
    assert_eq!(found.shown[0].holds, "blast(\"key\", \"db\")");
    assert!(found.proof.is_some());
    let page = found.lines().join("\n");
    assert!(
        page.starts_with("blast   policy.writ:15\n1 match\n  blast(\"key\", \"db\")\n\nwhy the first holds\n"),
        "{page}"
    );
    assert_eq!(ask::rule(&case, (&file, 999, 1), 5).expect("an answer"), None);
    let kind = find(&program, "std.state.kind");
    assert_eq!(ask::tuples(&case, kind, 9).expect("tuples"), (vec![String::from("kind(\"db\", \"database\")")], 1));
}

#[test]
fn a_rule_that_gives_nothing_says_what_stops_it() {
    let program = program(&KEYS);
    let mut none = 0;
    for facts in [Vec::new(), estate()] {
        let case = case(&program, facts, change(Vec::new()));
        for rule in program.rules.iter().filter(|rule| !rule.body.is_empty()) {
            let place = (rule.citation.file.as_str(), rule.citation.line, rule.citation.column);
            let Some(found) = ask::rule(&case, place, 5).expect("an answer") else { continue };
            if found.count == 0 {
                none += 1;
                let stopped = found.nearest.as_ref().unwrap_or_else(|| panic!("{found:#?}"));
                assert!(!stopped.fails.is_empty(), "{found:#?}");
                assert!(found.lines().iter().any(|line| line.starts_with("  fails    ")), "{found:#?}");
            }
        }
    }
    assert!(none > 4, "{none}");
}

#[test]
fn a_query_is_a_table() {
    let program = program(&KEYS);
    let kind = find(&program, "std.state.kind");
    let table = ask::query(&case(&program, estate(), change(Vec::new())), kind).expect("rows");
    assert_eq!(table.text(), "c0   c1\ndb   database\nkey  key\n");
    assert_eq!(table.csv(), "c0,c1\r\ndb,database\r\nkey,key\r\n");
    assert!(table.json().contains("\"sure\": true"));
}

#[test]
fn impact_and_counts_are_those_of_both_worlds() {
    let program = program(&KEYS);
    let hits = ask::blast(&case(&program, estate(), delete_key()), "key").expect("hits");
    assert_eq!(hits.iter().map(|hit| hit.resource.as_str()).collect::<Vec<_>>(), ["db"]);
    let counts = ask::counts(&case(&program, estate(), delete_key())).expect("counts");
    let kinds = counts.iter().find(|count| count.relation == "std.state.kind").expect("kinds");
    assert_eq!((kinds.before, kinds.after), (2, 1));
}

/// An estate in which things need each other, somebody owns some of them, and an intent covers others.
fn chained() -> Vec<program::Fact> {
    let built = source(SourceKind::State, "state.json");
    let mut facts = estate();
    for (from, to) in [("web", "db"), ("cache", "web"), ("db", "web"), ("db2", "key2"), ("web", "vault")] {
        facts.push(fact(&built, "std.state.kind", &[from, "database"]));
        facts.push(fact(&built, "std.state.encrypted_by", &[from, to]));
    }
    facts.push(fact(&source(SourceKind::Ownership, "OWNERS"), "std.authority.accountable", &["cache", "team-b"]));
    facts
}

#[test]
fn a_question_is_answered_alone_as_over_all_that_follows() {
    let program = program(&KEYS);
    for asked in [change(Vec::new()), delete_key()] {
        let alone = case(&program, chained(), asked.clone());
        let over_all = decide::Case { footing: Some(decide::Footing::default()), ..alone.clone() };
        let mut proofs = 0;
        for (id, relation) in (0..).map(program::RelationId).zip(&program.relations) {
            assert_eq!(ask::query(&alone, id), ask::query(&over_all, id), "{}", relation.name);
            let tuples = ask::query(&over_all, id).expect("rows").rows;
            let width = relation.columns.len();
            for set in 0..1_u32 << width {
                let known = |tuple: &[Value], column: usize| match set >> column & 1 {
                    1 => Term::Constant(tuple.get(column).cloned().unwrap_or_else(|| Value::text("web"))),
                    _ => Term::Any,
                };
                let tuple = tuples.first().map(|(tuple, _)| tuple.clone()).unwrap_or_default();
                let pattern: Vec<Term> = (0..width).map(|column| known(&tuple, column)).collect();
                for world in [World::Here, World::Before, World::Either] {
                    let why = |case| ask::why(case, id, &pattern, world, 1).expect("an answer");
                    let (found, wanted) = (why(&alone), why(&over_all));
                    proofs += found.answers.len();
                    assert_eq!(found, wanted, "{} {pattern:?} {world:?}", relation.name);
                }
            }
        }
        assert!(proofs > 100, "{proofs}");
    }
}

#[test]
fn what_hangs_on_one_thing_is_what_the_whole_graph_says() {
    let program = program(&KEYS);
    let case = case(&program, chained(), change(Vec::new()));
    let asked = ["key", "web", "db", "cache", "db2", "key2", "vault", "nothing"];
    let mut hits = 0;
    ask::blasts(&case, &asked, &mut |resource, whole| {
        let alone = ask::blast(&case, resource).expect("hits");
        hits += alone.len();
        assert_eq!(alone, whole, "{resource}");
    })
    .expect("an answer");
    assert!(hits > 8, "{hits}");
}

#[test]
fn the_page_says_the_worst_first_and_once() {
    let decision = decided(&program(&KEYS), estate(), vec![act(Verb::Delete, "key", Vec::new())]);
    let page = decide::text::render(&decision, Style::default());
    assert_eq!(
        page,
        "DENY  change.json · 1 action · 1 denied
deny  key (delete)
  orders/small.key_lost   policy.writ:1
  db is encrypted by key, which would be gone
  reaches 1 (1 critical): db <- key
  accountable: team-platform
ask   no permit
      `orders` covers key and does not permit to delete it
next: writ why 'orders/small.key_lost(\"db\", \"key\")' --change change.json
"
    );
    assert!(
        decide::text::render(&decision, Style { color: true, ..Style::default() })
            .starts_with("\u{1b}[31mDENY\u{1b}[0m")
    );
    assert!(decide::markdown::render(&decision, "").contains("### deny: `key` (delete)"));
}

#[test]
fn what_no_intent_covers_is_folded_with_the_lines_that_claim_it() {
    let decision = decided(
        &program(&KEYS),
        Vec::new(),
        (0..14).map(|n| act(Verb::Create, &format!("r{n}"), Vec::new())).collect(),
    );
    let page = decide::text::render(&decision, Style::default());
    assert!(page.starts_with("ESCALATE  change.json · 14 actions · 14 to ask\n"), "{page}");
    assert!(page.contains("no intent covers 14 resources; to claim them:\n"), "{page}");
    assert_eq!(page.matches("          \"r").count(), 14, "{page}");
}

#[test]
fn a_test_block_says_what_was_there_instead() {
    let program = program(&KEYS);
    let text = source(SourceKind::Text, "policy.writ");
    let mut given = estate();
    given.iter_mut().for_each(|fact| fact.origin.source = text.clone());
    let expect =
        |negated, expected| Expectation { expected, negated, citation: Citation { line: 9, ..Citation::default() } };
    let lost = |resource: &str, state| Expected::Violation {
        relation: find(&program, "orders.key_lost"),
        weight: Weight::Deny,
        pattern: vec![Term::Any, Term::Constant(Value::text(resource)), Term::Any],
        state,
        message: None,
        to: None,
    };
    let case = TestCase {
        name: "the key under the database".into(),
        given,
        change: delete_key(),
        actor: Some("ana".into()),
        session: None,
        expectations: vec![
            expect(false, Expected::Deny),
            expect(false, lost("db", Some(State::Introduced))),
            expect(true, lost("other", None)),
            expect(false, lost("db", Some(State::Standing))),
            expect(false, lost("other", None)),
            expect(true, lost("db", None)),
            expect(false, Expected::Allow),
            expect(
                false,
                Expected::Tuple {
                    relation: find(&program, "std.state.kind"),
                    pattern: vec![Term::Constant(Value::text("key")), Term::Any],
                    world: World::Before,
                },
            ),
            expect(
                false,
                Expected::Tuple {
                    relation: find(&program, "std.state.kind"),
                    pattern: vec![Term::Constant(Value::text("key")), Term::Any],
                    world: World::Here,
                },
            ),
        ],
        citation: Citation { file: "policy.writ".into(), line: 7, ..Citation::default() },
        block: Citation::default(),
    };
    let outcomes =
        test::run(&program, &[case], test::coverage::Rules::None, Limits::default()).expect("outcomes").outcomes;
    let told: Vec<String> = (outcomes[0].failures.iter())
        .map(|missed| format!("{} | {}", missed.expected, missed.lines(false).join(" | ")))
        .collect();
    let proof = "orders/small.key_lost(\"db\", \"key\")   policy.writ:1 |   covers(\"orders\", \"db\")   policy.writ:8 \
                 |     tag(\"db\", \"system\", \"orders\")   policy.writ 1:1 |   exists(\"db\")   policy.writ:5 \
                 |     kind(\"db\", \"database\")   policy.writ 1:1 |   encrypted_by(\"db\", \"key\")   policy.writ 1:1 \
                 |   not exists(\"key\")";
    assert_eq!(
        told,
        [
            String::from("deny key_lost(\"db\", _) standing | orders/small.key_lost(\"db\", \"key\") is introduced"),
            String::from(
                "deny key_lost(\"other\", _) | key_lost(\"other\", _) does not hold |   deny key_lost   policy.writ:1 \
                 |     missing  covers(\"orders\", \"other\") \
                 |       there is covers(\"orders\", \"db\") |       there is covers(\"orders\", \"key\") \
                 |       covers   policy.writ:8 \
                 |         missing  tag(\"other\", \"system\", \"orders\")   no fact gives it \
                 |           there is tag(\"db\", \"system\", \"orders\") |       and 1 further rule"
            ),
            format!("not deny key_lost(\"db\", _) | it holds, and is introduced | {proof}"),
            format!(
                "allow | the verdict is deny | deny: orders/small.key_lost(\"db\", \"key\"): db is encrypted by key, which \
                 would be gone | no permit: `orders` covers key and does not permit to delete it | {proof}"
            ),
            String::from("kind(\"key\", _) | kind(\"key\", _) does not hold"),
        ]
    );
}

#[test]
fn a_test_names_a_deny_by_what_it_comes_to() {
    let program = program(&SIZES);
    let text = source(SourceKind::Text, "policy.writ");
    let expect = |weight, negated| {
        let (relation, pattern) = (find(&program, "orders.big"), vec![Term::Any, Term::Constant(Value::text("db"))]);
        let expected = Expected::Violation { relation, weight, pattern, message: None, state: None, to: None };
        Expectation { expected, negated, citation: Citation::default() }
    };
    let mut instead = Vec::new();
    for (size, comes_to) in [
        (Json::Int(2), None),
        (Json::Int(4), Some(Weight::Deny)),
        (Json::Unknown("aws_x.y.size".into()), Some(Weight::Escalate)),
    ] {
        for (weight, negated) in [Weight::Deny, Weight::Escalate].into_iter().flat_map(|w| [(w, false), (w, true)]) {
            let config = Value::json(Json::object([("size", size.clone())]));
            let set = vec![tuple(&text, "std.state.config", vec![Value::text("db"), config])];
            let case = TestCase {
                name: "a size".into(),
                given: Vec::new(),
                change: change(vec![act(Verb::Update, "db", set)]),
                actor: None,
                session: None,
                expectations: vec![expect(weight, negated)],
                citation: Citation::default(),
                block: Citation::default(),
            };
            let ran = test::run(&program, &[case], test::coverage::Rules::None, Limits::default()).expect("outcomes");
            let failures = &ran.outcomes[0].failures;
            assert_eq!(failures.is_empty(), (comes_to == Some(weight)) != negated, "{size:?} {weight:?} {negated}");
            if comes_to.is_some() && !negated {
                instead.extend(failures.iter().map(|missed| missed.lines(false)[0].clone()));
            }
        }
    }
    assert_eq!(
        instead,
        [
            "orders/small.big(\"db\") is introduced, whatever is unknown: `expect deny` names it",
            "orders/small.big(\"db\") is possibly introduced, since an unknown value decides: `expect escalate` names it",
        ]
    );
}

/// Counted: three resources are too many.
const COUNTED: Policy<'_> = Policy {
    relations: "
state orders.sized I i
state orders.crowd s I instanced
",
    rules: "
orders.sized(i, n) <- std.intent.ordinary(i), n = count std.intent.covers(i, _)
orders.crowd(\"orders/small\", i) <- orders.sized(i, n), n > 2 | {i} is too large
orders.permitted(\"orders/small\", a) <- std.change.action(a, _, r), std.intent.covers(\"orders\", r)
",
    governs: "
deny orders.crowd
permit orders.permitted
",
};

#[test]
fn whoever_makes_the_count_too_large_is_its_cause() {
    let text = source(SourceKind::State, "state.json");
    let tag = |name: &str| fact(&text, "std.state.tag", &[name, "system", "orders"]);
    let owned = |name: &str| fact(&text, "std.authority.accountable", &[name, "team-orders"]);
    let facts = vec![tag("a"), tag("b"), owned("a"), owned("c")];
    let actions = vec![act(Verb::Create, "c", vec![tag("c")]), act(Verb::Update, "a", Vec::new())];
    let decision = decided(&program(&COUNTED), facts, actions);
    let verdicts: Vec<(&str, &str)> =
        decision.actions.iter().map(|action| (action.id.as_str(), action.verdict.name())).collect();
    assert_eq!(verdicts, [("c", "deny"), ("a", "allow")]);
    assert_eq!(decision.actions[0].reasons[0].causes, ["c"]);
}

proptest::proptest! {
    /// A table that fits is shown as it is; one that does not fits, or has its narrowest form.
    #[test]
    fn a_table_fits_the_terminal(
        cells in proptest::collection::vec(("[a-z…é/.]{0,60}", "[a-z]{0,30}", proptest::bool::ANY), 1..6),
        terminal in 1..120_usize,
    ) {
        let rows: Vec<_> = cells.iter().map(|(a, b, sure)| (vec![Value::text(a.as_str()), Value::text(b.as_str())], *sure)).collect();
        let table = ask::Table { columns: vec![String::from("one"), String::from("two")], rows };
        let wide = |text: &str| text.lines().filter(|line| !line.starts_with("… cut")).map(|line| line.chars().count()).max();
        let (whole, within) = (table.text(), table.within(terminal));
        if wide(&whole) <= Some(terminal) {
            proptest::prop_assert_eq!(&whole, &within);
        }
        // Two columns of eight, what is between them, and `possibly`.
        proptest::prop_assert!(wide(&within) <= Some(terminal.max(8 + 2 + 8 + 10)), "{}", within);
        proptest::prop_assert_eq!(whole.lines().count(), within.lines().filter(|line| !line.starts_with("… cut")).count());
    }
}
