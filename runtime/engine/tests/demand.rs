//! Laws of demand, over random programs, facts and changes: what is asked for is answered as the author's program answers it,
//! whatever is known of it, and proved as that proves it.
#![expect(clippy::print_stdout, reason = "what was counted is printed")]
#![expect(dead_code, reason = "`laws` uses what is left over here")]

mod random {
    pub(crate) mod case;
    pub(crate) mod choices;
    mod clause;
    mod policy;
    mod values;
}

use engine::{Delta, Demand, Engine, Goal, Hypothesis, Limits};
use program::{
    Atom, Column, Literal, Program, Relation, RelationId, Rule, RuleId, Scope, Stratum, Term, Tuple, Type, Value,
    Variable, World,
};
use proof::{Database, Inputs, Side, certify, check_in, lawful, meaning};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestCaseResult, TestRunner};
use random::case::{Case, Change};
use random::choices::{Choices, numbers};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Runs a law over so many cases of each hundred that are asked for.
fn law(percent: u32, holds: impl Fn(Case) -> TestCaseResult) {
    let mut config = ProptestConfig::default();
    config.cases = (config.cases * percent / 100).max(1);
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct("tests/demand.proptest-regressions")));
    if let Err(failure) = TestRunner::new(config).run(&numbers().prop_map(Case::of), holds) {
        panic!("{failure}");
    }
}

/// What was seen over all cases.
#[derive(Debug, Default)]
struct Seen {
    questions: usize,
    /// Of which some relation was derived in part.
    partial: usize,
    answers: usize,
    proofs: usize,
    /// Tuples that were derived, and that would have been.
    derived: usize,
    all: usize,
}

fn hypothesis(program: &Arc<Program>, inputs: &Inputs) -> (Engine<'static>, Hypothesis<'static>) {
    let pairs = |side| {
        let tuples = inputs.side(side).iter();
        tuples.flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple.clone()))).collect::<BTreeSet<_>>()
    };
    let (before, after) = (pairs(Side::Before), pairs(Side::After));
    let engine = Engine::load(program.clone(), before.iter().cloned(), Limits::default()).expect("no limit is reached");
    let missing = |one: &BTreeSet<(RelationId, Tuple)>, other| one.difference(other).cloned().collect();
    let delta = Delta { added: missing(&after, &before), removed: missing(&before, &after) };
    let opened = engine.open(&delta).expect("no limit is reached");
    (engine, opened)
}

/// What is given of the relations that a demand reads.
fn read(demand: &Demand, inputs: &Inputs) -> Inputs {
    let of = |side| {
        let own = inputs.side(side).iter().filter(|(relation, _)| demand.reads(**relation));
        own.map(|(relation, tuples)| (*relation, tuples.clone())).collect()
    };
    Inputs { before: of(Side::Before), after: of(Side::After) }
}

fn law_of(case: &Case, change: &Change) -> (Inputs, Database) {
    let inputs = case.inputs(&case.facts, change);
    let database = meaning(&case.program, &inputs, 200_000).expect("a generated program has a meaning");
    (inputs, database)
}

/// Every way to know some columns of a relation: with the values of a tuple that holds, or once in a while of another.
fn goals(program: &Program, database: &Database, relation: RelationId, choices: &mut Choices) -> Vec<Goal> {
    let width = program.relation(relation).columns.len();
    let of = |side| database.tuples(side, relation).into_iter().collect::<Vec<Tuple>>();
    let tuples: Vec<Tuple> = [of(Side::After), of(Side::Before)].concat();
    let pattern = |set: u32, choices: &mut Choices| -> Vec<Option<Value>> {
        let tuple = (!tuples.is_empty() && !choices.chance(15)).then(|| choices.pick(&tuples).clone());
        let value = |column: usize| match &tuple {
            Some(tuple) => tuple[column].clone(),
            None => Value::text("b"),
        };
        (0..width).map(|column| (set >> column & 1 == 1).then(|| value(column))).collect()
    };
    (0..1_u32 << width).map(|set| Goal { relation, pattern: pattern(set, choices) }).collect()
}

fn matching(database: &Database, side: Side, goal: &Goal) -> Vec<Tuple> {
    let fits = |tuple: &Tuple| {
        goal.pattern
            .iter()
            .zip(tuple.iter())
            .all(|(wanted, value)| wanted.as_ref().is_none_or(|wanted| wanted == value))
    };
    database.tuples(side, goal.relation).into_iter().filter(fits).collect()
}

fn relations(program: &Program) -> impl Iterator<Item = RelationId> + use<> {
    (0..u32::try_from(program.relations.len()).expect("few relations")).map(RelationId)
}

fn choices() -> Choices {
    Choices::of((1..2_000u32).map(|n| n.wrapping_mul(2_246_822_519)).collect())
}

#[test]
fn what_is_asked_for_is_answered_as_ever() {
    let seen: RefCell<Seen> = RefCell::default();
    law(60, |case| {
        let mut choices = choices();
        let (inputs, database) = law_of(&case, &case.changes[0]);
        for relation in relations(&case.program) {
            let mut asked: Vec<Vec<Goal>> =
                goals(&case.program, &database, relation, &mut choices).into_iter().map(|goal| vec![goal]).collect();
            // And several at once.
            let other = *choices.pick(&relations(&case.program).collect::<Vec<_>>());
            let more = goals(&case.program, &database, other, &mut choices);
            let both = [asked[choices.below(asked.len())][0].clone(), choices.pick(&more).clone()];
            asked.push(both.to_vec());
            for goals in asked {
                let demand = Demand::of(&case.program, goals.clone());
                lawful(demand.program()).map_err(|flaw| TestCaseError::fail(flaw.to_string()))?;
                let given = read(&demand, &inputs);
                let (_, world) = hypothesis(demand.program(), &given);
                let mut seen = seen.borrow_mut();
                for (number, goal) in goals.iter().enumerate() {
                    for side in Side::BOTH {
                        let found = demand.answers(&world, side, number);
                        let wanted = matching(&database, side, goal);
                        prop_assert_eq!(&found, &wanted, "{} {:?}\n{:?}", side.name(), goal, demand.program());
                        seen.answers += found.len();
                    }
                }
                seen.questions += 1;
                seen.partial += usize::from(demand.is_partial());
                let count = |tuples: usize, given: &Inputs, relation| {
                    tuples.saturating_sub(given.after.get(&relation).map_or(0, BTreeSet::len))
                };
                let derived =
                    relations(demand.program()).map(|id| count(world.tuples(Side::After, id).len(), &given, id));
                seen.derived += derived.sum::<usize>();
                let all = relations(&case.program).map(|id| count(database.tuples(Side::After, id).len(), &inputs, id));
                seen.all += all.sum::<usize>();
            }
        }
        Ok(())
    });
    println!("{:?}", seen.borrow());
    let seen = seen.into_inner();
    assert!(seen.partial * 4 > seen.questions, "few questions are answered in part: {seen:?}");
}

#[test]
fn the_rewriting_is_a_program_like_any_other() {
    law(20, |case| {
        let mut choices = choices();
        let (inputs, database) = law_of(&case, &case.changes[0]);
        for relation in relations(&case.program) {
            let goals = goals(&case.program, &database, relation, &mut choices);
            let goal = choices.pick(&goals).clone();
            let demand = Demand::of(&case.program, vec![goal.clone()]);
            // The same again, to the letter.
            let again = Demand::of(&case.program, vec![goal]);
            prop_assert_eq!(demand.program(), again.program());
            let names: Vec<&String> = demand.program().relations.iter().map(|relation| &relation.name).collect();
            prop_assert!(names.is_sorted(), "{:?}", names);
            // What it derives is what it says, and can be certified.
            let given = read(&demand, &inputs);
            let own =
                meaning(demand.program(), &given, 200_000).map_err(|flaw| TestCaseError::fail(flaw.to_string()))?;
            let (_, world) = hypothesis(demand.program(), &given);
            for id in relations(demand.program()) {
                for side in Side::BOTH {
                    let own: Vec<Tuple> = own.tuples(side, id).into_iter().collect();
                    prop_assert_eq!(world.tuples(side, id), own);
                }
            }
            let certified = certify(demand.program(), &given, &world.certificate());
            certified.map_err(|flaw| TestCaseError::fail(flaw.to_string()))?;
        }
        Ok(())
    });
}

#[test]
fn every_proof_is_the_one_of_the_authors_program() {
    let seen: RefCell<Seen> = RefCell::default();
    law(30, |case| {
        let mut choices = choices();
        let (inputs, database) = law_of(&case, &case.changes[0]);
        let (_, plain) = hypothesis(&case.program, &inputs);
        for relation in relations(&case.program) {
            for goal in goals(&case.program, &database, relation, &mut choices) {
                for demand in [Demand::of, Demand::relevant].map(|make| make(&case.program, vec![goal.clone()])) {
                    let (_, world) = hypothesis(demand.program(), &read(&demand, &inputs));
                    let proving = demand.proving(&world, &inputs);
                    lawful(&proving.program).map_err(|flaw| TestCaseError::fail(flaw.to_string()))?;
                    let (_, found) = hypothesis(&proving.program, &proving.inputs);
                    for side in Side::BOTH {
                        for tuple in demand.answers(&world, side, 0).into_iter().step_by(3) {
                            let proof = found.prove(side, relation, &tuple).expect("no limit is reached");
                            let proof = proving.restored(&proof.expect("what holds has a proof"));
                            let checked = check_in(&case.program, &database, &proof);
                            let checked = checked.map_err(|flaw| TestCaseError::fail(format!("{flaw}\n{proof:?}")))?;
                            prop_assert!(checked.proves(side, relation, &tuple));
                            let ever = plain.prove(side, relation, &tuple).expect("no limit is reached");
                            prop_assert_eq!(Some(proof), ever);
                            seen.borrow_mut().proofs += 1;
                        }
                    }
                }
            }
        }
        Ok(())
    });
    println!("{:?}", seen.borrow());
    assert!(seen.into_inner().proofs > 0, "nothing was proved");
}

/// A ring of so many places, each with the next.
///
/// ```text
/// met(x) if way(x, v), way(u, x)
/// way(x, y) if next(x, y)
/// way(x, y) if way(x, z), way(z, y)
/// ```
fn ring(places: usize) -> (Arc<Program>, Inputs) {
    let [met, next, way] = [0, 1, 2].map(RelationId);
    let atom = |relation, terms: &[usize]| Atom {
        relation,
        world: World::Here,
        terms: terms.iter().copied().map(Term::Variable).collect(),
    };
    let variable = |name: &str| Variable { name: name.into(), r#type: Type::String };
    let rule = |head: Atom, body: &[Atom]| Rule {
        head,
        body: body.iter().cloned().map(Literal::Holds).collect(),
        variables: ["x", "y", "z"].map(variable).to_vec(),
        message: Vec::new(),
        citation: Default::default(),
    };
    let relation = |name: &str, width: usize| {
        let column = |name: &str| Column { name: name.into(), r#type: Type::String, lattice: None };
        Relation::hidden(name.into(), ["a", "b"][..width].iter().copied().map(column).collect(), Scope::State)
    };
    let stratum = |relation, rules: &[u32], recursive| Stratum {
        relations: vec![relation],
        rules: rules.iter().copied().map(RuleId).collect(),
        recursive,
        scope: Scope::State,
    };
    let program = Program {
        relations: vec![relation("test.met", 1), relation("test.next", 2), relation("test.way", 2)],
        rules: vec![
            rule(atom(met, &[0]), &[atom(way, &[0, 1]), atom(way, &[2, 0])]),
            rule(atom(way, &[0, 1]), &[atom(next, &[0, 1])]),
            rule(atom(way, &[0, 1]), &[atom(way, &[0, 2]), atom(way, &[2, 1])]),
        ],
        strata: vec![stratum(way, &[1, 2], true), stratum(met, &[0], false)],
        ..Program::default()
    };
    let edge = |at: usize| [at, (at + 1) % places].map(place).into_iter().collect::<Tuple>();
    let given = std::iter::once((next, (0..places).map(edge).collect())).collect::<std::collections::BTreeMap<_, _>>();
    (Arc::new(program), Inputs { before: given.clone(), after: given })
}

fn place(at: usize) -> Value {
    Value::text(format!("p{at:02}"))
}

/// The ways from a place and those to it are two parts of one relation, and each goes all around the ring. The search for a
/// proof is bounded: looked for in both parts, the proof by the next place is not found on a ring of twenty, and the first
/// place in order stands in for it.
#[test]
fn what_was_found_in_two_parts_is_searched_once() {
    for (places, is_found) in [(8, true), (20, true), (40, false)] {
        let (program, inputs) = ring(places);
        let (relation, tuple): (_, Tuple) = (RelationId(0), [place(places / 2)].into_iter().collect());
        let goal = Goal { relation, pattern: vec![Some(place(places / 2))] };
        let demand = Demand::of(&program, vec![goal]);
        let parts = demand.program().relations.iter().filter(|relation| relation.name.ends_with("test.way "));
        assert_eq!(parts.count(), 2, "{:?}", demand.program());
        let (_, world) = hypothesis(demand.program(), &inputs);
        let proving = demand.proving(&world, &inputs);
        let (_, found) = hypothesis(&proving.program, &proving.inputs);
        let proof =
            found.prove(Side::After, relation, &tuple).expect("no limit is reached").map(|p| proving.restored(&p));
        let (_, plain) = hypothesis(&program, &inputs);
        let ever = plain.prove(Side::After, relation, &tuple).expect("no limit is reached");
        assert_eq!(proof, ever);
        assert_eq!(ever.map(|proof| proof.minimal), Some(is_found), "{places} places");
    }
}
