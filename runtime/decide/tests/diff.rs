//! What turned between two models or two policies: the same as subtracting what holds, and each tuple with what did it.

use crate::small::{Policy, case, change, fact, program, source};
use decide::diff::{Cause, Diff, Standing, Wanted, diff};
use decide::{Case, ask};
use program::{Fact, Program, RelationId, Scope, SourceKind, Tuple, Weight};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const PLAIN: Policy<'_> = Policy {
    relations: "state host.lone R\nstate host.far R R\nstate host.many R i\n",
    rules: "host.lone(r) <- std.state.exists(r), not std.graph.edge(r, _, _)
host.far(a, b) <- std.graph.edge(a, b, _)
host.far(a, c) <- host.far(a, b), std.graph.edge(b, c, _)
host.many(r, n) <- std.state.exists(r), n = count std.graph.edge(_, r, _)
",
    governs: "",
};

const ALL: Wanted = Wanted { relation: None, resource: None, intent: None, most: usize::MAX };

/// A source of numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn facts(numbers: &mut Numbers) -> Vec<Fact> {
    let from = source(SourceKind::State, "estate.json");
    let mut name = || format!("r{}", numbers.below(7));
    let mut all = Vec::new();
    for _ in 0..6 {
        all.push(fact(&from, "std.state.kind", &[&name(), "box"]));
        all.push(fact(&from, "std.state.encrypted_by", &[&name(), &name()]));
        all.push(fact(&from, "std.authority.accountable", &[&name(), &name()]));
    }
    all
}

fn asked<'a>(program: &Arc<Program>, facts: &[Fact]) -> Case<'a> {
    case(program, facts.to_vec(), change(Vec::new()))
}

/// Every tuple of the relations that rules derive, in the world of a case.
fn derived(program: &Arc<Program>, facts: &[Fact]) -> BTreeMap<String, BTreeSet<Tuple>> {
    let ruled: BTreeSet<RelationId> = program.rules.iter().map(|rule| rule.head.relation).collect();
    let state = |id: &&RelationId| program.relation(**id).scope != Scope::Change && !program.relation(**id).hidden;
    let tuples = |id: &RelationId| {
        let table = ask::query(&asked(program, facts), *id).expect("an answer");
        (program.relation(*id).name.clone(), table.rows.into_iter().map(|(tuple, _)| tuple).collect())
    };
    ruled.iter().filter(state).map(tuples).collect()
}

fn counts(diff: &Diff) -> BTreeMap<String, (usize, usize)> {
    diff.relations.iter().map(|turned| (turned.relation.clone(), turned.count)).collect()
}

#[test]
fn what_turned_is_what_one_side_has_and_the_other_has_not() {
    let program = program(&PLAIN);
    for seed in 0..40 {
        let mut numbers = Numbers(seed);
        let models: Vec<Vec<Fact>> = (0..3).map(|_| facts(&mut numbers)).collect();
        let mut standing = Standing::new(&asked(&program, &models[0])).expect("it stands");
        for pair in models.windows(2) {
            let (then, now) = (derived(&program, &pair[0]), derived(&program, &pair[1]));
            let mut expected = BTreeMap::new();
            for (name, tuples) in &now {
                let count = (tuples.difference(&then[name]).count(), then[name].difference(tuples).count());
                if count != (0, 0) {
                    expected.insert(name.clone(), count);
                }
            }
            let told = diff(&asked(&program, &pair[0]), &asked(&program, &pair[1]), &ALL).expect("a difference");
            assert_eq!(counts(&told), expected, "seed {seed}");
            // A model that moves on says the same as two that are compared.
            let next = standing.next(&asked(&program, &pair[1])).expect("it fits");
            assert_eq!(standing.take(next, &ALL).expect("it moves"), told, "seed {seed}");
            let back = diff(&asked(&program, &pair[1]), &asked(&program, &pair[0]), &ALL).expect("a difference");
            let mirrored: BTreeMap<String, (usize, usize)> =
                counts(&back).into_iter().map(|(name, (came, went))| (name, (went, came))).collect();
            assert_eq!(mirrored, counts(&told), "seed {seed}");
        }
    }
}

#[test]
fn each_tuple_has_the_facts_that_did_it_and_no_others() {
    let program = program(&PLAIN);
    let short = |fact: &Fact| {
        let text = fact.to_string();
        text.split('(').next().and_then(|name| name.rsplit('.').next()).unwrap_or_default().to_owned()
            + &text[text.find('(').unwrap_or(0)..]
    };
    for seed in 100..130 {
        let mut numbers = Numbers(seed);
        let (then, now) = (facts(&mut numbers), facts(&mut numbers));
        let lines = |facts: &[Fact]| facts.iter().map(short).collect::<BTreeSet<String>>();
        let (then_lines, now_lines) = (lines(&then), lines(&now));
        let told = diff(&asked(&program, &then), &asked(&program, &now), &ALL).expect("a difference");
        let all: Vec<_> = told.relations.iter().flat_map(|turned| &turned.lines).collect();
        assert!(!all.is_empty(), "seed {seed}");
        for line in all {
            assert!(!line.causes.is_empty(), "seed {seed}: {line:?}");
            for cause in &line.causes {
                let Cause::Fact { came, fact, at, .. } = cause else { panic!("seed {seed}: no rule came: {cause:?}") };
                let turned = match came {
                    true => now_lines.contains(fact) && !then_lines.contains(fact),
                    false => then_lines.contains(fact) && !now_lines.contains(fact),
                };
                assert!(turned, "seed {seed}: {fact} did not turn");
                assert_eq!(at.len(), 1, "seed {seed}: {fact}");
            }
        }
    }
}

#[test]
fn between_two_policies_the_rule_is_the_cause() {
    let facts = facts(&mut Numbers(3));
    let rules = PLAIN.rules.replace(", not std.graph.edge(r, _, _)", "");
    let (then, now) = (program(&PLAIN), program(&Policy { rules: &rules, ..PLAIN }));
    let told = diff(&asked(&then, &facts), &asked(&now, &facts), &ALL).expect("a difference");
    assert_eq!((told.facts, told.rules), ((0, 0), (1, 1)));
    let [lone] = &told.relations[..] else { panic!("one relation turned: {told:?}") };
    assert_eq!((lone.relation.as_str(), lone.count.1), ("host.lone", 0));
    for line in &lone.lines {
        assert!(matches!(&line.causes[..], [Cause::Rule { came: true, .. }]), "{line:?}");
    }
}

/// The same tuples, and another word for them.
#[test]
fn an_objection_that_weighs_otherwise_is_another_one() {
    let facts = facts(&mut Numbers(3));
    let weighed = |governs| program(&Policy { governs, ..PLAIN });
    let (then, now) = (weighed("deny host.lone\n"), weighed("escalate host.lone\n"));
    let told = diff(&asked(&then, &facts), &asked(&now, &facts), &ALL).expect("a difference");
    let lone = derived(&then, &facts)["host.lone"].len();
    assert!(lone > 0);
    let turned: Vec<_> =
        told.relations.iter().map(|turned| (turned.relation.as_str(), turned.weight, turned.count)).collect();
    let expect = [("host.lone", Some(Weight::Deny), (0, lone)), ("host.lone", Some(Weight::Escalate), (lone, 0))];
    assert_eq!(turned, expect);
    for line in told.relations.iter().flat_map(|turned| &turned.lines) {
        assert!(line.causes.iter().any(|cause| matches!(cause, Cause::Rule { .. })), "{line:?}");
    }
    let same = diff(&asked(&then, &facts), &asked(&weighed("deny host.lone\n"), &facts), &ALL).expect("a difference");
    assert!(same.relations.is_empty());
}

#[test]
fn what_is_asked_for_is_told_and_nothing_else() {
    let program = program(&PLAIN);
    let (then, now) = (facts(&mut Numbers(5)), facts(&mut Numbers(6)));
    let told = |wanted: &Wanted| diff(&asked(&program, &then), &asked(&program, &now), wanted).expect("a difference");
    let all = told(&ALL);
    let far = told(&Wanted { relation: Some("far".to_owned()), ..ALL });
    assert_eq!(far.relations, all.relations.iter().filter(|t| t.relation == "host.far").cloned().collect::<Vec<_>>());
    let one = told(&Wanted { resource: Some("r1".to_owned()), ..ALL });
    let lines = one.relations.iter().flat_map(|turned| &turned.lines);
    assert!(lines.clone().count() > 0 && lines.clone().all(|line| line.tuple.contains("\"r1\"")), "{one:?}");
    let few = told(&Wanted { most: 1, ..ALL });
    assert_eq!(counts(&few), counts(&all));
    assert!(few.relations.iter().all(|turned| turned.lines.len() == 1));
}
