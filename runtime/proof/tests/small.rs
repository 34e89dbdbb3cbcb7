//! Small programs in which each thing that is refused is refused for its own reason.

use evidence::cited;
use program::{
    Aggregate, Atom, Column, Literal, Program, Reading, Relation, RelationId, Rule, RuleId, Scope, Stratum, Term, Type,
    Value, Variable, World,
};
use proof::{
    Absence, Certificate, Checked, Claimed, Flaw, Inputs, Lawful, Node, Premise, Proof, Side, Why, certify, check,
    check_in, check_steps, lawful, meaning,
};
use std::collections::BTreeSet;

const ASKED: RelationId = RelationId(0);
const DEAD: RelationId = RelationId(1);
const EDGE: RelationId = RelationId(2);
const GONE: RelationId = RelationId(3);
const LEAVES: RelationId = RelationId(4);
const NODE: RelationId = RelationId(5);
const REACH: RelationId = RelationId(6);

fn relation(name: &str, width: usize, scope: Scope) -> Relation {
    let column = |number| Column { name: format!("c{number}"), r#type: Type::String, lattice: None };
    Relation {
        name: name.to_owned(),
        columns: (0..width).map(column).collect(),
        scope,
        authority: false,
        instanced: false,
        key: None,
        reading: Reading::Only,
        optional: false,
        hidden: false,
    }
}

fn sound(program: &Program) -> Lawful<'_> {
    lawful(program).expect("a program that has a meaning")
}

fn atom(relation: RelationId, world: World, terms: &[Term]) -> Atom {
    Atom { relation, world, terms: terms.to_vec() }
}

fn here(relation: RelationId, terms: &[Term]) -> Atom {
    atom(relation, World::Here, terms)
}

fn rule(head: Atom, body: Vec<Literal>, variables: usize) -> Rule {
    let variable = |number| Variable { name: format!("v{number}"), r#type: Type::String };
    let variables = (0..variables).map(variable).collect();
    Rule { head, body, variables, message: Vec::new(), citation: Default::default() }
}

const X: Term = Term::Variable(0);
const Y: Term = Term::Variable(1);
const Z: Term = Term::Variable(2);

/// ```text
/// reach(x, y) if edge(x, y);
/// reach(x, z) if reach(x, y), edge(y, z);
/// dead(x) if node(x), not reach(x, _);
/// leaves(n) if n = count { x: dead(x) }, node(_);
/// gone(x) if asked(x), before.reach(x, y), not reach(x, _), not asked(y);
/// ```
fn program() -> Program {
    let named = [
        ("asked", 1, Scope::Change),
        ("dead", 1, Scope::State),
        ("edge", 2, Scope::State),
        ("gone", 1, Scope::Change),
        ("leaves", 1, Scope::State),
        ("node", 1, Scope::State),
        ("reach", 2, Scope::State),
    ];
    let count = Literal::Aggregate {
        variable: 0,
        how: Aggregate::Count,
        zero: Value::Int(0),
        sure: here(DEAD, &[Term::Any]),
        possible: None,
        member: vec![0],
    };
    let stratum = |relation, rules: &[u32], scope, recursive| Stratum {
        relations: vec![relation],
        rules: rules.iter().copied().map(RuleId).collect(),
        recursive,
        scope,
    };
    Program {
        relations: named.iter().map(|(name, width, scope)| relation(name, *width, *scope)).collect(),
        rules: vec![
            rule(here(REACH, &[X, Y]), vec![Literal::Holds(here(EDGE, &[X, Y]))], 2),
            rule(
                here(REACH, &[X, Z]),
                vec![Literal::Holds(here(REACH, &[X, Y])), Literal::Holds(here(EDGE, &[Y, Z]))],
                3,
            ),
            rule(
                here(DEAD, &[X]),
                vec![Literal::Holds(here(NODE, &[X])), Literal::Absent(here(REACH, &[X, Term::Any]))],
                1,
            ),
            rule(here(LEAVES, &[X]), vec![count, Literal::Holds(here(NODE, &[Term::Any]))], 1),
            rule(
                here(GONE, &[X]),
                vec![
                    Literal::Holds(here(ASKED, &[X])),
                    Literal::Holds(atom(REACH, World::Before, &[X, Y])),
                    Literal::Absent(here(REACH, &[X, Term::Any])),
                    Literal::Absent(here(ASKED, &[Y])),
                ],
                2,
            ),
        ],
        strata: vec![
            stratum(REACH, &[0, 1], Scope::State, true),
            stratum(DEAD, &[2], Scope::State, false),
            stratum(LEAVES, &[3], Scope::State, false),
            stratum(GONE, &[4], Scope::Change, false),
        ],
        ..Program::default()
    }
}

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|value| Value::text(*value)).collect()
}

/// `a -> b -> c` before; the edge out of `a` goes.
fn inputs() -> Inputs {
    let mut inputs = Inputs::default();
    for side in Side::BOTH {
        for node in ["a", "b", "c"] {
            inputs.give(side, NODE, texts(&[node]));
        }
        inputs.give(side, EDGE, texts(&["b", "c"]));
    }
    inputs.give(Side::Before, EDGE, texts(&["a", "b"]));
    inputs.give(Side::After, ASKED, texts(&["a"]));
    inputs
}

fn given(side: Side, relation: RelationId, tuple: &[&str]) -> Node {
    Node { side, relation, tuple: texts(tuple), why: Why::Given }
}

fn derived(
    side: Side,
    relation: RelationId,
    tuple: &[&str],
    rule: u32,
    binding: &[&str],
    premises: Vec<Premise>,
) -> Node {
    let binding = texts(binding).into_iter().map(Some).collect();
    Node { side, relation, tuple: texts(tuple), why: Why::Derived { rule: RuleId(rule), binding, premises } }
}

fn absent(pattern: &[Option<&str>], why: Absence) -> Premise {
    Premise::Absent { pattern: pattern.iter().map(|value| value.map(Value::text)).collect(), why }
}

/// Why `gone("a")` holds.
fn gone() -> Proof {
    Proof {
        nodes: vec![
            given(Side::Before, EDGE, &["a", "b"]),
            derived(Side::Before, REACH, &["a", "b"], 0, &["a", "b"], vec![Premise::Holds(0)]),
            given(Side::After, ASKED, &["a"]),
            derived(
                Side::After,
                GONE,
                &["a"],
                4,
                &["a", "b"],
                vec![
                    Premise::Holds(2),
                    Premise::Holds(1),
                    absent(&[Some("a"), None], Absence::NotDerived),
                    absent(&[Some("b")], Absence::NotGiven),
                ],
            ),
        ],
        minimal: true,
    }
}

fn proves(checked: Result<Checked, Flaw>, relation: RelationId, tuple: &[&str]) {
    assert!(checked.expect("the proof follows").proves(Side::After, relation, &texts(tuple)));
}

/// All that the rules derive, as the law has it.
fn certificate_of(program: &Program, inputs: &Inputs) -> Certificate {
    let database = meaning(program, inputs, 100).expect("a meaning");
    let claims = |side| -> Vec<Claimed> {
        let relations = (0..).zip(&program.relations).map(|(id, _)| RelationId(id));
        let of = |relation| {
            let derived = database.derived(side, relation).into_iter();
            derived.map(move |(tuple, height)| Claimed { relation, tuple, height })
        };
        relations.flat_map(of).collect()
    };
    Certificate { before: claims(Side::Before), after: claims(Side::After) }
}

#[test]
fn worlds_and_strata_mean_what_they_say() {
    let database = meaning(&program(), &inputs(), 100).expect("a meaning");
    let tuples = |side, relation| database.tuples(side, relation).into_iter().collect::<Vec<_>>();
    assert_eq!(tuples(Side::Before, REACH), [texts(&["a", "b"]), texts(&["a", "c"]), texts(&["b", "c"])]);
    assert_eq!(tuples(Side::After, REACH), [texts(&["b", "c"])]);
    assert_eq!(tuples(Side::Before, DEAD), [texts(&["c"])]);
    assert_eq!(tuples(Side::After, DEAD), [texts(&["a"]), texts(&["c"])]);
    assert_eq!(tuples(Side::Before, LEAVES), [[Value::Int(1)]]);
    assert_eq!(tuples(Side::After, LEAVES), [[Value::Int(2)]]);
    assert_eq!(tuples(Side::Before, GONE), [[]; 0]);
    assert_eq!(tuples(Side::After, GONE), [texts(&["a"])]);
}

#[test]
fn a_limit_is_a_flaw_of_its_own() {
    let all = certificate_of(&program(), &inputs());
    let count = all.before.len() + all.after.len();
    assert!(meaning(&program(), &inputs(), count).is_ok());
    assert_eq!(meaning(&program(), &inputs(), count - 1).err(), Some(Flaw::Limit { tuples: count - 1 }));
}

#[test]
fn the_absence_of_what_rules_derive_stays_open() {
    let (program, inputs, proof) = (program(), inputs(), gone());
    let open = check(sound(&program), &inputs, &proof).expect("every step follows");
    let [claim] = open.claims() else { panic!("one claim is open: {open:?}") };
    assert_eq!((claim.node, claim.literal, claim.relation), (3, Some(2), REACH));
    assert_eq!((claim.sides, &claim.tuples), (&[Side::After][..], &BTreeSet::new()));
    assert!(open.clone().done().is_err(), "open claims are no checked proof");
    let database = meaning(&program, &inputs, 100).expect("a meaning");
    proves(open.settle(&program, &database), GONE, &["a"]);
    proves(check_in(&program, &database, &proof), GONE, &["a"]);
}

#[test]
fn an_absence_that_facts_deny_is_refused() {
    let (program, mut inputs) = (program(), inputs());
    inputs.give(Side::After, ASKED, texts(&["b"]));
    let flaw = check(sound(&program), &inputs, &gone()).expect_err("`b` is asked for");
    assert_eq!(flaw.to_string(), "node 3, literal 3: asked(\"b\") holds and is left out");
    inputs.give(Side::After, EDGE, texts(&["a", "c"]));
    let database = meaning(&program, &inputs, 100).expect("a meaning");
    assert!(check_in(&program, &database, &gone()).is_err());
}

#[test]
fn an_auditor_with_the_cited_facts_alone_knows_no_absence() {
    let (small, proofs) = cited(&program(), &[gone()], &[]);
    let mut facts = Inputs::default();
    for node in proofs[0].nodes.iter().filter(|node| node.why == Why::Given) {
        facts.give(node.side, node.relation, node.tuple.clone());
    }
    let open = check_steps(sound(&small), &facts, &proofs[0]).expect("every step follows");
    assert_eq!(open.claims().len(), 2);
    // The rules of `reach` came along, those of `dead` did not.
    let names: Vec<&str> = small.relations.iter().map(|relation| relation.name.as_str()).collect();
    assert_eq!(names, ["asked", "edge", "gone", "reach"]);
    assert_eq!(small.rules.len(), 3);
    let other = Proof { nodes: Vec::new(), ..gone() };
    assert_eq!(
        check_steps(sound(&small), &facts, &other).expect_err("nothing is proved").to_string(),
        "node 0: nothing is proved"
    );
}

#[test]
fn a_group_must_be_whole() {
    let (program, inputs) = (program(), inputs());
    let database = meaning(&program, &inputs, 100).expect("a meaning");
    let dead = |node, name, at| {
        let pattern = absent(&[Some(name), None], Absence::NotDerived);
        [
            given(Side::After, NODE, &[node]),
            derived(Side::After, DEAD, &[name], 2, &[name], vec![Premise::Holds(at), pattern]),
        ]
    };
    let leaves = |n: i64, sure: Vec<usize>| Node {
        side: Side::After,
        relation: LEAVES,
        tuple: vec![Value::Int(n)],
        why: Why::Derived {
            rule: RuleId(3),
            binding: vec![Some(Value::Int(n))],
            premises: vec![Premise::Aggregated { sure, possible: Vec::new() }, Premise::Holds(0)],
        },
    };
    let nodes: Vec<Node> = dead("a", "a", 0).into_iter().chain(dead("c", "c", 2)).collect();
    let whole = Proof { nodes: nodes.iter().cloned().chain([leaves(2, vec![1, 3])]).collect(), minimal: true };
    let checked = check_in(&program, &database, &whole).expect("both are counted");
    assert!(checked.proves(Side::After, LEAVES, &[Value::Int(2)]));
    let part = Proof { nodes: nodes[..2].iter().cloned().chain([leaves(1, vec![1])]).collect(), minimal: true };
    assert!(check(sound(&program), &inputs, &part).is_ok_and(|open| open.done().is_err()), "by itself it is a claim");
    let flaw = check_in(&program, &database, &part).expect_err("`c` is dead as well");
    assert_eq!(flaw.to_string(), "node 2, literal 0: dead(\"c\") holds and is left out");
    let wrong = Proof { nodes: nodes.iter().cloned().chain([leaves(3, vec![1, 3])]).collect(), minimal: true };
    let flaw = check_in(&program, &database, &wrong).expect_err("two are not three");
    assert_eq!(flaw.to_string(), "node 4, literal 0: aggregated anew, the members give another value");
}

#[test]
fn claims_may_not_hold_each_other_up() {
    let (program, inputs) = (program(), inputs());
    let mut certificate = certificate_of(&program, &inputs);
    assert!(certify(&program, &inputs, &certificate).is_ok());
    // `reach(x, y)` and an edge from y to y support reach(x, y): a circle, whatever the heights say.
    let mut looped = inputs.clone();
    looped.give(Side::After, EDGE, texts(&["d", "d"]));
    certificate = certificate_of(&program, &looped);
    assert!(certify(&program, &looped, &certificate).is_ok());
    for height in [1, 2, 7] {
        let mut bent = certificate.clone();
        bent.after.push(Claimed { relation: REACH, tuple: texts(&["a", "d"]), height });
        let flaw = certify(&program, &looped, &bent).expect_err("nothing leads from a to d");
        assert!(flaw.to_string().contains("no rule derives reach(\"a\", \"d\")"), "{flaw}");
    }
}

#[test]
fn a_claim_must_have_a_place() {
    let (program, inputs) = (program(), inputs());
    let right = certificate_of(&program, &inputs);
    let claim = |relation, tuple: &[&str]| Claimed { relation, tuple: texts(tuple), height: 1 };
    let refused = |claim: Claimed, side: Side, words: &str| {
        let mut bent: Certificate = right.clone();
        if side == Side::Before {
            bent.before.push(claim)
        } else {
            bent.after.push(claim)
        }
        let flaw = certify(&program, &inputs, &bent).expect_err(words);
        assert!(flaw.to_string().contains(words), "{flaw}");
    };
    refused(claim(RelationId(99), &[]), Side::After, "there is no relation 99");
    refused(claim(DEAD, &["a", "b"]), Side::After, "has 1 columns");
    refused(claim(GONE, &["a"]), Side::Before, "cannot hold before it");
    refused(claim(ASKED, &["z"]), Side::After, "no rule derives asked(\"z\")");
    refused(claim(NODE, &["a"]), Side::After, "claimed twice, given, or of height 0");
    let mut bent = right.clone();
    let lost = bent.after.iter().position(|claim| claim.relation == GONE).expect("it is claimed");
    bent.after.remove(lost);
    let flaw = certify(&program, &inputs, &bent).expect_err("it is left out");
    assert_eq!(flaw.to_string(), "in the world after, rule 4: derives gone(\"a\"), which is left out");
}

#[test]
fn an_unlawful_program_has_no_meaning() {
    let refused = |change: &dyn Fn(&mut Program), words: &str| {
        let mut program = program();
        change(&mut program);
        let flaw = lawful(&program).expect_err(words);
        assert!(flaw.to_string().contains(words), "{flaw}");
        assert!(meaning(&program, &inputs(), 100).is_err());
        assert!(certify(&program, &inputs(), &Certificate::default()).is_err());
    };
    assert!(lawful(&program()).is_ok());
    refused(&|program| program.strata.swap(0, 1), "read before it is derived");
    refused(
        &|program| {
            let dead = program.strata.remove(1);
            program.strata[0].relations.extend(dead.relations);
            program.strata[0].rules.extend(dead.rules);
        },
        "negated or aggregated in the stratum that derives it",
    );
    refused(&|program| drop(program.strata.pop()), "the rule stands in no stratum");
    refused(&|program| program.strata[1].rules.push(RuleId(0)), "stands in two strata");
    refused(&|program| program.strata[1].rules.push(RuleId(77)), "there is no such rule");
    refused(&|program| program.strata[3].scope = Scope::State, "another scope than its stratum");
    refused(&|program| program.rules[0].head.terms[0] = Term::Any, "the head is not bound");
    refused(&|program| program.rules[0].head.terms[0] = Term::Variable(9), "no such variable");
    refused(&|program| program.rules[2].body.truncate(0), "the head is not bound");
    refused(&|program| drop(program.rules[2].body.remove(0)), "a literal needs a variable that nothing binds");
    refused(&|program| program.rules[0].body = vec![Literal::Holds(here(RelationId(50), &[X]))], "no relation 50");
    refused(&|program| program.rules[0].body = vec![Literal::Holds(here(EDGE, &[X]))], "has 2 columns");
}

#[test]
fn the_json_of_a_proof_is_stable() {
    let text = serde_json::to_string(&gone()).expect("plain data");
    assert_eq!(
        text,
        concat!(
            r#"{"nodes":[{"side":"before","relation":2,"tuple":[{"Text":"a"},{"Text":"b"}],"why":"given"},"#,
            r#"{"side":"before","relation":6,"tuple":[{"Text":"a"},{"Text":"b"}],"why":{"derived":{"rule":0,"#,
            r#""binding":[{"Text":"a"},{"Text":"b"}],"premises":[{"holds":0}]}}},"#,
            r#"{"side":"after","relation":0,"tuple":[{"Text":"a"}],"why":"given"},"#,
            r#"{"side":"after","relation":3,"tuple":[{"Text":"a"}],"why":{"derived":{"rule":4,"#,
            r#""binding":[{"Text":"a"},{"Text":"b"}],"premises":[{"holds":2},{"holds":1},"#,
            r#"{"absent":{"pattern":[{"Text":"a"},null],"why":"not_derived"}},"#,
            r#"{"absent":{"pattern":[{"Text":"b"}],"why":"not_given"}}]}}}],"minimal":true}"#,
        )
    );
    assert_eq!(serde_json::from_str::<Proof>(&text).expect("it was written so"), gone());
}
