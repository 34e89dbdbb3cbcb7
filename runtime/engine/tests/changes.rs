//! Laws of the certificate of a change, over random programs, facts and changes: it shows the world after exactly where
//! the certificate of both worlds does, and a bent one shows nothing.
#![expect(clippy::print_stdout, reason = "what was counted is printed")]
#![expect(dead_code, reason = "`laws` uses what is left over here")]

mod random {
    pub(crate) mod case;
    pub(crate) mod choices;
    mod clause;
    mod policy;
    mod values;
}

use engine::{Delta, Engine, Hypothesis, Limits, Planted, plant};
use program::{RelationId, Value};
use proof::{
    Claimed, Database, Difference, Flaw, Inputs, Side, certify_change, certify_model, certify_version, meaning,
};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestCaseResult, TestRunner};
use random::case::{Case, Change};
use random::choices::numbers;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Runs a law over so many cases of each hundred that are asked for.
fn law(percent: u32, holds: impl Fn(Case) -> TestCaseResult) {
    let mut config = ProptestConfig::default();
    config.cases = (config.cases * percent / 100).max(1);
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct("tests/changes.proptest-regressions")));
    if let Err(failure) = TestRunner::new(config).run(&numbers().prop_map(Case::of), holds) {
        panic!("{failure}");
    }
}

fn load(case: &Case) -> Engine<'static> {
    let given = case.facts.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple.clone())));
    let limits = Limits { patience: case.patience(), ..Limits::default() };
    Engine::load(case.program.clone(), given, limits).expect("no limit is reached")
}

fn delta(change: &Change) -> Delta {
    Delta { added: change.added.iter().chain(&change.asked).cloned().collect(), removed: change.removed.clone() }
}

/// What the engine says that the change makes of the world.
fn difference(hypothesis: &Hypothesis<'_>, change: &Change) -> Difference {
    let (gained, lost) = hypothesis.difference();
    let Delta { added, removed } = delta(change);
    Difference { added, removed, gained, lost }
}

/// The model's database, certified by itself.
fn model(case: &Case, hypothesis: &Hypothesis<'_>) -> Result<Database, Flaw> {
    certify_model(&case.program, &case.facts, &hypothesis.certificate().before)
}

fn law_of(case: &Case, change: &Change) -> Database {
    meaning(&case.program, &case.inputs(&case.facts, change), 200_000).expect("a generated program has a meaning")
}

/// Whether both say the same of every relation, in both worlds, and of what is given.
fn same(case: &Case, one: &Database, other: &Database) -> bool {
    Side::BOTH.into_iter().all(|side| same_on(side, case, one, other))
}

fn same_on(side: Side, case: &Case, one: &Database, other: &Database) -> bool {
    let mut relations = (0..u32::try_from(case.program.relations.len()).expect("few relations")).map(RelationId);
    relations.all(|id| {
        let given =
            |of: &Database| of.tuples(side, id).iter().map(|tuple| of.gives(side, id, tuple)).collect::<Vec<_>>();
        one.tuples(side, id) == other.tuples(side, id) && given(one) == given(other)
    })
}

/// The difference without an entry, with one more, with one changed.
fn bent(of: &Difference) -> Vec<(&'static str, Difference)> {
    let mut found = Vec::new();
    let mut add = |kind, change: &dyn Fn(&mut Difference)| {
        let mut bent = of.clone();
        change(&mut bent);
        found.push((kind, bent));
    };
    let alien =
        |claim: &Claimed| Claimed { tuple: claim.tuple.iter().map(|_| Value::text("alien")).collect(), ..*claim };
    if !of.gained.is_empty() {
        let at = of.gained.len() / 2;
        add("a tuple gained too few", &|of| drop(of.gained.remove(at)));
        add("a tuple gained twice", &|of| of.gained.push(of.gained[at].clone()));
        add("a tuple gained at height 0", &|of| of.gained[at].height = 0);
        if !of.gained[at].tuple.is_empty() {
            add("a tuple gained too many", &|of| of.gained.push(alien(&of.gained[at])));
            add("a tuple gained in place of another", &|of| of.gained[at] = alien(&of.gained[at]));
        }
        if let Some(deep) = of.gained.iter().position(|claim| claim.height > 1) {
            add("tuples gained too low", &|of| {
                let relation = of.gained[deep].relation;
                of.gained.iter_mut().filter(|claim| claim.relation == relation).for_each(|claim| claim.height = 1);
            });
        }
    }
    if !of.lost.is_empty() {
        let at = of.lost.len() / 2;
        add("a tuple lost too few", &|of| drop(of.lost.remove(at)));
        add("a tuple lost twice", &|of| of.lost.push(of.lost[at].clone()));
        add("a tuple lost that never was", &|of| {
            of.lost[at].1.iter_mut().for_each(|value| *value = Value::text("alien"))
        });
    }
    // A tuple without columns has no other value.
    found.retain(|(_, bent)| bent != of);
    found
}

#[test]
fn the_certificate_of_a_change_certifies_and_a_bent_one_is_refused() {
    let refused: RefCell<BTreeMap<&'static str, usize>> = RefCell::default();
    law(100, |case| {
        let engine = load(&case);
        let mut base = None;
        for change in &case.changes {
            let hypothesis = engine.open(&delta(change)).expect("no limit is reached");
            // One model serves every change.
            if base.is_none() {
                base = Some(model(&case, &hypothesis).map_err(|flaw| TestCaseError::fail(flaw.to_string()))?);
            }
            let model = base.as_ref().expect("it was made above");
            let difference = difference(&hypothesis, change);
            let law = law_of(&case, change);
            let certified = certify_change(&case.program, model, &difference);
            let database = certified.map_err(|flaw| TestCaseError::fail(flaw.to_string()))?;
            prop_assert!(same(&case, &database, &law));
            for (kind, bent) in bent(&difference) {
                let answer = certify_change(&case.program, model, &bent);
                // A value that was beaten may be missing, as long as nothing rests on it.
                let harmless = answer.as_ref().is_ok_and(|other| same(&case, other, &law));
                let one = matches!(kind, "a tuple gained too few" | "a tuple lost too few");
                prop_assert!(answer.is_err() || one && harmless, "{kind}: {bent:?}");
                *refused.borrow_mut().entry(kind).or_default() += usize::from(answer.is_err());
            }
        }
        Ok(())
    });
    println!("{:?}", refused.into_inner());
}

#[test]
fn a_version_that_another_certifies_is_as_good_as_one_certified_alone() {
    let fail = |flaw: Flaw| TestCaseError::fail(flaw.to_string());
    law(60, |case| {
        let claims = |engine: &Engine<'_>| {
            let nothing = engine.open(&Delta::default()).expect("no limit is reached");
            nothing.certificate().before
        };
        let engine = load(&case);
        let first = claims(&engine);
        let model = certify_model(&case.program, &case.facts, &first).map_err(fail)?;
        for (step, change) in case.changes.iter().zip(case.changes.iter().rev()) {
            let step = Change { asked: Vec::new(), ..step.clone() };
            let given = case.inputs(&case.facts, &step).after;
            let mut next = engine.fork(Limits::default());
            next.apply(&delta(&step)).expect("no limit is reached");
            let (gained, lost) = next.since(&engine).difference();
            let Delta { added, removed } = delta(&step);
            let moved = Difference { added, removed, gained, lost };
            let version = certify_version(&case.program, &model, &moved).map_err(fail)?;
            let still = Inputs { before: given.clone(), after: given.clone() };
            let law = meaning(&case.program, &still, 200_000).expect("a generated program has a meaning");
            prop_assert!(same_on(Side::Before, &case, &version, &law));
            for (kind, bent) in bent(&moved) {
                let answer = certify_version(&case.program, &model, &bent);
                let harmless = answer.as_ref().is_ok_and(|other| same_on(Side::Before, &case, other, &law));
                let one = matches!(kind, "a tuple gained too few" | "a tuple lost too few");
                prop_assert!(answer.is_err() || one && harmless, "{kind}: {bent:?}");
            }
            for asked in &change.asked {
                let mut bent = moved.clone();
                bent.added.push(asked.clone());
                prop_assert!(certify_version(&case.program, &model, &bent).is_err(), "{asked:?} is part of a change");
            }
            let hypothesis = next.open(&delta(change)).expect("no limit is reached");
            let certified = certify_change(&case.program, &version, &difference(&hypothesis, change)).map_err(fail)?;
            let law = meaning(&case.program, &case.inputs(&given, change), 200_000);
            prop_assert!(same(&case, &certified, &law.expect("a generated program has a meaning")));
        }
        prop_assert!(claims(&engine) == first, "the engine that others were taken from moved");
        Ok(())
    });
}

#[test]
fn a_planted_fault_is_found_in_what_a_change_makes() {
    let found: RefCell<BTreeMap<String, (usize, usize)>> = RefCell::default();
    law(60, |case| {
        let change = &case.changes[0];
        let law = law_of(&case, change);
        for fault in Planted::ALL {
            let planted = plant(fault);
            let engine = load(&case);
            let hypothesis = engine.open(&delta(change)).expect("no limit is reached");
            let difference = difference(&hypothesis, change);
            let base = model(&case, &hypothesis);
            drop(planted);
            let answer = base.and_then(|base| certify_change(&case.program, &base, &difference));
            let relations = (0..u32::try_from(case.program.relations.len()).expect("few relations")).map(RelationId);
            let harmful = relations.flat_map(|id| Side::BOTH.map(|side| (side, id))).any(|(side, id)| {
                let holds = law.tuples(side, id);
                !hypothesis.tuples(side, id).iter().eq(&holds)
            });
            prop_assert!(answer.is_err() || !harmful, "{fault:?} did harm, and the certificate passed");
            let mut found = found.borrow_mut();
            let (harmed, seen) = found.entry(format!("{fault:?}")).or_default();
            *harmed += usize::from(harmful);
            *seen += usize::from(harmful && answer.is_err());
        }
        Ok(())
    });
    let found = found.into_inner();
    println!("harmed and refused: {found:?}");
    assert!(found.values().all(|(harmed, refused)| *harmed > 0 && harmed == refused), "{found:?}");
}
