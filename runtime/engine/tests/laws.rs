//! Laws of the engine, over random programs, facts and changes: it says what `proof::meaning` says, and can prove it.
//!
//! `PROPTEST_CASES` sets how many; what failed once is kept in `laws.proptest-regressions` and tried first.
//! Read besides: `random/policy` and `random/case`, which make the programs and the worlds; `random/health`, which
//! asserts that they do something; `random/bend`, which breaks proofs.
#![expect(clippy::print_stdout, reason = "what was counted is printed")]

mod random {
    pub(crate) mod bend;
    pub(crate) mod case;
    pub(crate) mod choices;
    mod clause;
    mod health;
    mod policy;
    pub(crate) mod rewrite;
    mod values;
}

use engine::{Delta, Engine, Fault, Hypothesis, Limits, Planted, plant};
use evidence::cited;
use program::{Literal, Program, RelationId, RuleId, Scope, Tuple};
use proof::{Database, Premise, Proof, Side, Why, certify, check, check_in, check_steps, lawful, meaning};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestCaseResult, TestRunner};
use random::bend::{Counts, bent, bent_certificates};
use random::case::{Case, Change, Tuples};
use random::choices::{Choices, numbers};
use random::rewrite::{REWRITES, rewritten};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

const ENOUGH: usize = 200_000;

/// Runs a law over so many cases of each hundred that are asked for.
fn law(percent: u32, holds: impl Fn(Case) -> TestCaseResult) {
    let mut config = ProptestConfig::default();
    config.cases = (config.cases * percent / 100).max(1);
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct("tests/laws.proptest-regressions")));
    let outcome = TestRunner::new(config).run(&numbers().prop_map(Case::of), holds);
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn load(case: &Case) -> Engine<'static> {
    load_with(case.program.clone(), &case.facts, limits(case))
}

/// Limits that nothing reaches; in most cases some strata are evaluated as a whole that would be kept up to date.
fn limits(case: &Case) -> Limits<'static> {
    Limits { patience: case.patience(), ..Limits::default() }
}

fn load_with(program: Arc<Program>, facts: &Tuples, limits: Limits<'static>) -> Engine<'static> {
    let given = facts.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple.clone())));
    Engine::load(program, given, limits).expect("no limit is reached")
}

fn delta(change: &Change) -> Delta {
    let added = change.added.iter().chain(&change.asked).cloned().collect();
    Delta { added, removed: change.removed.clone() }
}

fn law_of(case: &Case, facts: &Tuples, change: &Change) -> Database {
    meaning(&case.program, &case.inputs(facts, change), ENOUGH).expect("a generated program has a meaning")
}

fn relations(program: &Program) -> impl Iterator<Item = RelationId> + use<> {
    (0..u32::try_from(program.relations.len()).expect("few relations")).map(RelationId)
}

/// Whether every relation holds what the law says, in both worlds.
fn agrees(hypothesis: &Hypothesis<'_>, meaning: &Database) -> TestCaseResult {
    agrees_on(hypothesis.program(), hypothesis, meaning)
}

/// As [`agrees`], of the relations of `program`: those of the hypothesis may be more.
fn agrees_on(program: &Program, hypothesis: &Hypothesis<'_>, meaning: &Database) -> TestCaseResult {
    for relation in relations(program) {
        for side in Side::BOTH {
            let found = hypothesis.tuples(side, relation);
            let wanted: Vec<Tuple> = meaning.tuples(side, relation).into_iter().collect();
            prop_assert_eq!(found, wanted, "{} {}", side.name(), &hypothesis.program().relation(relation).name);
        }
        let (before, after) = (meaning.tuples(Side::Before, relation), meaning.tuples(Side::After, relation));
        let only = |one: &BTreeSet<Tuple>, other| one.difference(other).cloned().collect::<Vec<Tuple>>();
        prop_assert_eq!(hypothesis.gained(relation), only(&after, &before));
        prop_assert_eq!(hypothesis.lost(relation), only(&before, &after));
    }
    Ok(())
}

/// A tuple that holds, and its proof.
type Proved = (Side, RelationId, Tuple, Proof);

/// Every tuple that holds, given or derived, with its proof; or each that stands at a multiple of `step`.
fn proofs(hypothesis: &Hypothesis<'_>, step: usize) -> Vec<Proved> {
    let worlds = relations(hypothesis.program()).flat_map(|id| Side::BOTH.map(|side| (side, id)));
    let tuples =
        worlds.flat_map(|(side, id)| hypothesis.tuples(side, id).into_iter().map(move |tuple| (side, id, tuple)));
    let prove = |(side, id, tuple): (Side, RelationId, Tuple)| {
        let proof = hypothesis.prove(side, id, &tuple).expect("no limit is reached");
        let proof = proof.expect("what holds has a proof");
        // All that it may rest on has what this proof rests on.
        let all = hypothesis.foundation(side, id, &tuple, usize::MAX).expect("no limit is reached").expect("it holds");
        for node in &proof.nodes {
            let has = |given| all.held.binary_search(&(node.side, node.relation, node.tuple.clone(), given)).is_ok();
            assert!(has(true) || has(false), "{node:?} is not among {all:?}");
            let Why::Derived { rule, premises, .. } = &node.why else { continue };
            for (literal, premise) in hypothesis.program().rule(*rule).body.iter().zip(premises) {
                let (Literal::Absent(atom), Premise::Absent { pattern, .. }) = (literal, premise) else { continue };
                let lacks = |side: &Side| all.absent.contains(&(*side, atom.relation, pattern.clone()));
                assert!(node.side.reads(atom.world).iter().all(lacks), "{premise:?} is not among {:?}", all.absent);
            }
        }
        (side, id, tuple, proof)
    };
    tuples.step_by(step).map(prove).collect()
}

/// Enough of them to tell two engines apart.
fn some_proofs(hypothesis: &Hypothesis<'_>) -> Vec<Proved> {
    proofs(hypothesis, 12)
}

/// Whether labels lead to a proof of every tuple that holds, in both worlds.
fn every_witness_checks(hypothesis: &Hypothesis<'_>, meaning: &Database) -> TestCaseResult {
    for (side, id) in relations(hypothesis.program()).flat_map(|id| Side::BOTH.map(|side| (side, id))) {
        for tuple in hypothesis.tuples(side, id) {
            let proof = hypothesis.witness(side, id, &tuple).expect("no limit is reached").expect("it holds");
            let checked = check_in(hypothesis.program(), meaning, &proof);
            let checked = checked.map_err(|flaw| TestCaseError::fail(flaw.to_string()))?;
            prop_assert!(checked.proves(side, id, &tuple));
        }
    }
    Ok(())
}

#[test]
fn engine_is_meaning() {
    law(100, |case| {
        let engine = load(&case);
        for change in &case.changes {
            agrees(&engine.open(&delta(change)).expect("no limit is reached"), &law_of(&case, &case.facts, change))?;
        }
        Ok(())
    });
}

#[test]
fn a_history_of_deltas_is_a_load_from_scratch() {
    law(60, |case| {
        let mut engine = load(&case);
        let mut facts = case.facts.clone();
        let nothing = Change::default();
        for change in &case.changes {
            let before = law_of(&case, &facts, &nothing);
            let moved = engine.apply(&delta(change)).expect("no limit is reached");
            change.apply(&mut facts);
            let after = law_of(&case, &facts, &nothing);
            let mut expected = Delta::default();
            for id in relations(&case.program) {
                let (old, new) = (before.tuples(Side::Before, id), after.tuples(Side::Before, id));
                expected.added.extend(new.difference(&old).map(|tuple| (id, (*tuple).clone())));
                expected.removed.extend(old.difference(&new).map(|tuple| (id, (*tuple).clone())));
            }
            prop_assert_eq!(moved, expected);
            let (kept, fresh) =
                (engine.open(&delta(change)), load_with(case.program.clone(), &facts, Limits::default()));
            let (kept, fresh) =
                (kept.expect("no limit is reached"), fresh.open(&delta(change)).expect("no limit is reached"));
            let meaning = law_of(&case, &facts, change);
            agrees(&kept, &meaning)?;
            every_witness_checks(&kept, &meaning)?;
            // Once before rounds are known and once after.
            let proved = some_proofs(&kept);
            prop_assert_eq!(kept.certificate(), fresh.certificate());
            prop_assert_eq!(&proved, &some_proofs(&fresh));
            prop_assert_eq!(proved, some_proofs(&kept));
        }
        Ok(())
    });
}

#[test]
fn taking_back_a_hypothesis_restores_everything() {
    law(30, |case| {
        let engine = load(&case);
        let nothing = Delta::default();
        let untouched = engine.open(&nothing).expect("no limit is reached");
        let (tuples, proved) = (untouched.certificate(), some_proofs(&untouched));
        // Several at once, one of them held while others come and go.
        let held: Vec<Hypothesis<'_>> =
            case.changes.iter().map(|change| engine.open(&delta(change)).expect("no limit is reached")).collect();
        drop(engine.open(&delta(&case.changes[0])).expect("no limit is reached"));
        for (hypothesis, change) in held.iter().zip(&case.changes) {
            agrees(hypothesis, &law_of(&case, &case.facts, change))?;
        }
        drop(held);
        let again = engine.open(&nothing).expect("no limit is reached");
        prop_assert_eq!(again.certificate(), tuples);
        prop_assert_eq!(some_proofs(&again), proved);
        Ok(())
    });
}

#[test]
fn a_hypothesis_outlives_what_the_engine_takes_over() {
    law(15, |case| {
        let mut engine = load(&case);
        let held = engine.open(&delta(&case.changes[0])).expect("no limit is reached");
        for change in &case.changes {
            engine.apply(&delta(change)).expect("no limit is reached");
        }
        agrees(&held, &law_of(&case, &case.facts, &case.changes[0]))
    });
}

#[test]
fn every_proof_checks_and_every_bent_one_is_refused() {
    let counts: RefCell<Counts> = RefCell::default();
    law(25, |case| {
        let change = &case.changes[0];
        let engine = load(&case);
        let hypothesis = engine.open(&delta(change)).expect("no limit is reached");
        let inputs = case.inputs(&case.facts, change);
        let database = law_of(&case, &case.facts, change);
        let program = lawful(&case.program).expect("a lawful program");
        let mut choices = Choices::of((0..5_000u32).map(|n| n.wrapping_mul(2_654_435_761)).collect());
        for (number, (side, relation, tuple, proof)) in proofs(&hypothesis, 1).into_iter().enumerate() {
            let proves = |proof: &Proof| match check_in(&case.program, &database, proof) {
                Ok(checked) if checked.proves(side, relation, &tuple) => Ok(()),
                Ok(_) => Err(String::from("it proves something else")),
                Err(flaw) => Err(flaw.to_string()),
            };
            prop_assert_eq!(proves(&proof), Ok(()), "{:?}", &proof);
            if let Err(flaw) = check(program, &inputs, &proof) {
                return Err(TestCaseError::fail(flaw.to_string()));
            }
            if number % 4 > 0 {
                continue;
            }
            for (kind, bent) in bent(&case.program, &proof, &mut choices) {
                let decoded: Proof = serde_json::from_str(&encoded(&bent)).expect("it was written so");
                prop_assert!(decoded == bent && decoded != proof, "{}: {:?}", kind, &bent);
                prop_assert!(proves(&bent).is_err(), "{}: {:#?}\nfor {:#?}", kind, bent, proof);
                *counts.borrow_mut().entry(kind).or_default() += 1;
            }
            // The control: what was not bent still passes here.
            let decoded: Proof = serde_json::from_str(&encoded(&proof)).expect("it was written so");
            prop_assert_eq!(proves(&decoded), Ok(()));
            *counts.borrow_mut().entry("(not bent: accepted)").or_default() += 1;
        }
        Ok(())
    });
    let counts = counts.into_inner();
    for (kind, count) in &counts {
        println!("{count:>8}  {kind}");
    }
    assert!(counts.len() >= 30, "only {} kinds of mutation occurred", counts.len());
}

fn encoded(proof: &Proof) -> String {
    serde_json::to_string(proof).expect("plain data")
}

#[test]
fn a_proof_stands_with_the_facts_and_rules_it_cites() {
    law(15, |case| {
        let change = &case.changes[0];
        let engine = load(&case);
        let hypothesis = engine.open(&delta(change)).expect("no limit is reached");
        let full: Vec<Proof> = some_proofs(&hypothesis).into_iter().map(|(_, _, _, proof)| proof).collect();
        let (small, proofs) = cited(&case.program, &full, &[]);
        for proof in &proofs {
            let mut facts = proof::Inputs::default();
            for node in proof.nodes.iter().filter(|node| node.why == Why::Given) {
                facts.give(node.side, node.relation, node.tuple.clone());
            }
            if let Err(flaw) = check_steps(lawful(&small).expect("lawful"), &facts, proof) {
                return Err(TestCaseError::fail(flaw.to_string()));
            }
        }
        Ok(())
    });
}

#[test]
fn the_certificate_certifies_and_a_bent_one_is_refused() {
    let refused: RefCell<BTreeMap<&'static str, usize>> = RefCell::default();
    law(100, |case| {
        for change in &case.changes {
            let inputs = case.inputs(&case.facts, change);
            let engine = load(&case);
            let hypothesis = engine.open(&delta(change)).expect("no limit is reached");
            let certificate = hypothesis.certificate();
            let certified = certify(&case.program, &inputs, &certificate);
            let database = certified.map_err(|flaw| TestCaseError::fail(flaw.to_string()))?;
            agrees(&hypothesis, &database)?;
            for (kind, bent) in bent_certificates(&certificate) {
                let refusal = certify(&case.program, &inputs, &bent);
                // A value that was beaten may be missing, as long as nothing rests on it.
                let same = refusal.as_ref().is_ok_and(|other| agrees(&hypothesis, other).is_ok());
                prop_assert!(refusal.is_err() || kind == "a claim too few" && same, "{}: {:?}", kind, &bent);
                *refused.borrow_mut().entry(kind).or_default() += 1;
            }
        }
        Ok(())
    });
    println!("{:?}", refused.into_inner());
}

#[test]
fn a_planted_fault_is_found() {
    let found: RefCell<BTreeMap<String, (usize, usize)>> = RefCell::default();
    law(60, |case| {
        let change = &case.changes[0];
        let inputs = case.inputs(&case.facts, change);
        let meaning = law_of(&case, &case.facts, change);
        for fault in Planted::ALL {
            let planted = plant(fault);
            let engine = load(&case);
            let hypothesis = engine.open(&delta(change)).expect("no limit is reached");
            let certificate = hypothesis.certificate();
            drop(planted);
            let harmful = agrees(&hypothesis, &meaning).is_err();
            let refused = certify(&case.program, &inputs, &certificate).is_err();
            prop_assert!(refused || !harmful, "{:?} did harm, and the certificate passed", fault);
            let mut found = found.borrow_mut();
            let (harmed, seen) = found.entry(format!("{fault:?}")).or_default();
            *harmed += usize::from(harmful);
            *seen += usize::from(harmful && refused);
        }
        Ok(())
    });
    let found = found.into_inner();
    println!("harmed and refused: {found:?}");
    assert!(found.values().all(|(harmed, refused)| *harmed > 0 && harmed == refused), "{found:?}");
}

#[test]
fn the_order_of_rules_and_literals_has_no_meaning() {
    law(100, |case| {
        let change = &case.changes[0];
        let meaning = law_of(&case, &case.facts, change);
        let mut choices = Choices::of((1..500u32).map(|n| n.wrapping_mul(2_246_822_519)).collect());
        let program = Arc::new(shuffled(&case.program, &mut choices));
        let engine = load_with(program.clone(), &case.facts, Limits::default());
        agrees(&engine.open(&delta(change)).expect("no limit is reached"), &meaning)?;
        let other = proof::meaning(&program, &case.inputs(&case.facts, change), ENOUGH).expect("it has a meaning");
        for (id, side) in relations(&program).flat_map(|id| Side::BOTH.map(|side| (id, side))) {
            prop_assert_eq!(other.tuples(side, id), meaning.tuples(side, id));
        }
        Ok(())
    });
}

/// The same rules in another order, their literals too.
fn shuffled(program: &Program, choices: &mut Choices) -> Program {
    let mut shuffled = program.clone();
    let mut order: Vec<usize> = (0..program.rules.len()).collect();
    choices.shuffle(&mut order);
    shuffled.rules = order.iter().map(|rule| program.rules[*rule].clone()).collect();
    shuffled.rules.iter_mut().for_each(|rule| choices.shuffle(&mut rule.body));
    let moved = |id: &RuleId| order.iter().position(|rule| *rule == id.0 as usize).expect("every rule is somewhere");
    for stratum in &mut shuffled.strata {
        stratum.rules.iter_mut().for_each(|id| *id = RuleId(u32::try_from(moved(id)).expect("few rules")));
        choices.shuffle(&mut stratum.rules);
    }
    shuffled
}

#[test]
fn another_text_of_the_same_meaning_changes_nothing() {
    let counts: RefCell<BTreeMap<&'static str, usize>> = RefCell::default();
    law(150, |case| {
        let seed = format!("{case:?}").bytes().fold(1, |sum: u32, byte| sum.wrapping_mul(16_777_619) ^ u32::from(byte));
        let mut choices = Choices::of((1..200u32).map(|n| (seed ^ n).wrapping_mul(3_266_489_917) >> 3).collect());
        let given = [Scope::State, Scope::Timed, Scope::Change].into_iter().flat_map(|scope| case.policy.given(scope));
        let (program, done) = rewritten(&case.program, &given.collect(), &mut choices);
        let program = Arc::new(program);
        let mut engine = load_with(program.clone(), &case.facts, limits(&case));
        let mut facts = case.facts.clone();
        for change in &case.changes {
            let meaning = law_of(&case, &facts, change);
            let hypothesis = engine.open(&delta(change)).expect("no limit is reached");
            if let Err(failure) = agrees_on(&case.program, &hypothesis, &meaning) {
                return Err(TestCaseError::fail(format!("{done:?} {failure}\n{:?}", program.rules)));
            }
            engine.apply(&delta(change)).expect("no limit is reached");
            change.apply(&mut facts);
        }
        done.into_iter().for_each(|name| *counts.borrow_mut().entry(name).or_default() += 1);
        Ok(())
    });
    println!("{:?}", counts.borrow());
    assert_eq!(counts.into_inner().len(), REWRITES.len(), "rewrites that were never done");
}

/// All that can be seen of a hypothesis.
fn seen(hypothesis: &Hypothesis<'_>) -> String {
    let worlds = relations(hypothesis.program()).flat_map(|id| Side::BOTH.map(|side| hypothesis.tuples(side, id)));
    format!("{:?}{:?}{:?}", worlds.collect::<Vec<_>>(), hypothesis.certificate(), some_proofs(hypothesis))
}

#[test]
fn changes_at_once_are_changes_one_after_the_other() {
    law(30, |case| {
        // An engine of its own each time: what is made when it is first needed is made in a race.
        let engine = load(&case);
        let mut changes: Vec<Delta> = case.changes.iter().map(delta).collect();
        changes.push(Delta::default());
        changes.extend(changes.clone());
        let start = Barrier::new(changes.len());
        let one = |change: &Delta| {
            start.wait();
            engine.open(change).map(|hypothesis| seen(&hypothesis))
        };
        let at_once: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = changes.iter().map(|change| scope.spawn(move || one(change))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        let engine = load(&case);
        for (change, at_once) in changes.iter().zip(at_once) {
            prop_assert_eq!(at_once, engine.open(change).map(|hypothesis| seen(&hypothesis)));
        }
        Ok(())
    });
}

#[test]
fn a_call_that_is_stopped_anywhere_leaves_nothing_behind() {
    let stopped = RefCell::new(0);
    law(20, |case| {
        let left = AtomicUsize::new(usize::MAX);
        let used = |left: &AtomicUsize| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        let stop = || used(&left).is_err();
        let limits = Limits { stop: Some(&stop), ..Limits::default() };
        let given = case.facts.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple.clone())));
        let mut engine = Engine::load(case.program.clone(), given, limits).expect("no limit is reached");
        let nothing = Delta::default();
        let untouched = seen(&engine.open(&nothing).expect("no limit is reached"));
        for change in &case.changes {
            for polls in [0, 1, 2, 3, 5, 8, 13, 21, 34] {
                left.store(polls, Ordering::Relaxed);
                // It may come to its end before it is stopped.
                let ended = engine.open(&delta(change)).is_ok();
                left.store(polls, Ordering::Relaxed);
                if ended {
                    break;
                }
                let outcome = engine.apply(&delta(change));
                left.store(usize::MAX, Ordering::Relaxed);
                if outcome.is_ok() {
                    return Ok(());
                }
                prop_assert_eq!(outcome, Err(Fault::Stopped));
                *stopped.borrow_mut() += 1;
                prop_assert_eq!(&seen(&engine.open(&nothing).expect("no limit is reached")), &untouched);
            }
            left.store(usize::MAX, Ordering::Relaxed);
            agrees(&engine.open(&delta(change)).expect("no limit is reached"), &law_of(&case, &case.facts, change))?;
        }
        Ok(())
    });
    assert!(stopped.into_inner() > 0, "no call was ever stopped");
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let busiest = RefCell::new(0);
    law(20, |case| {
        let answer = |threads: usize| {
            let limits = Limits { threads, crowd: 1, ..Limits::default() };
            let engine = load_with(case.program.clone(), &case.facts, limits);
            let hypothesis = engine.open(&delta(&case.changes[0])).expect("no limit is reached");
            let worked = engine.workers().max(hypothesis.workers());
            (format!("{:?}{:?}", hypothesis.certificate(), some_proofs(&hypothesis)), worked)
        };
        let (one, _) = answer(1);
        for threads in [2, 8] {
            let (other, worked) = answer(threads);
            prop_assert_eq!(&one, &other);
            let mut busiest = busiest.borrow_mut();
            *busiest = worked.max(*busiest);
        }
        Ok(())
    });
    assert!(busiest.into_inner() > 1, "never did more than one thread work");
}
