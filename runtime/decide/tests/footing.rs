//! Decisions that rest on each other say what each would say alone.

use crate::small::{act, case, change, program};
use crate::verdicts::{KEYS, estate};
use decide::{Assurance, Case, Failure, Footing};
use engine::{Planted, plant};
use program::{Fact, Program, Verb};
use proptest::prelude::*;
use std::sync::Arc;

/// One of many cases: which facts are left out, what is done to what, by whom, when, and how much is checked.
type Choice = (Vec<usize>, usize, usize, i64, usize);

const ACTS: [(Verb, &str); 4] =
    [(Verb::Delete, "key"), (Verb::Update, "db"), (Verb::Delete, "db"), (Verb::Read, "key")];

fn chosen(program: &Arc<Program>, choice: &Choice) -> Case<'static> {
    let (gone, what, who, now, level) = choice;
    let mut facts: Vec<Fact> = estate();
    for at in gone {
        facts.remove(at % facts.len());
    }
    let (verb, resource) = ACTS[what % ACTS.len()];
    let actor = ["ana", "eve"].get(*who).map(|who| String::from(*who));
    let assurance = Assurance::ALL[level % Assurance::ALL.len()];
    let plain = case(program, facts, change(vec![act(verb, resource, Vec::new())]));
    Case { actor, now: plain.now + now, assurance, ..plain }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_decision_says_the_same_whatever_it_rests_on(
        choices in prop::collection::vec((prop::collection::vec(0_usize..99, 0..3), 0_usize..4, 0_usize..3, 0_i64..9, 0_usize..4), 1..8)
    ) {
        let program = program(&KEYS);
        let footing = Footing::default();
        for choice in choices {
            let alone = decide::decide(&chosen(&program, &choice)).expect("a verdict");
            let resting = Case { footing: Some(footing.clone()), ..chosen(&program, &choice) };
            let resting = decide::decide(&resting).expect("a verdict");
            prop_assert_eq!(resting.to_json(), alone.to_json());
            prop_assert_eq!(resting.evidence, alone.evidence);
        }
    }
}

#[test]
fn what_another_program_derived_is_no_footing() {
    let footing = Footing::default();
    let nothing = || (Vec::new(), 0, 0, 0, 1);
    for _ in 0..2 {
        let program = program(&KEYS);
        let alone = decide::decide(&chosen(&program, &nothing())).expect("a verdict");
        let resting = Case { footing: Some(footing.clone()), ..chosen(&program, &nothing()) };
        assert_eq!(decide::decide(&resting).expect("a verdict").to_json(), alone.to_json());
    }
}

#[test]
fn a_fault_is_no_more_believed_for_what_it_rests_on() {
    let program = program(&KEYS);
    let asked = |gone: &[usize], footing: &Footing| {
        let case = chosen(&program, &(gone.to_vec(), 0, 0, 0, 1));
        decide::decide(&Case { footing: Some(footing.clone()), ..case })
    };
    for fault in Planted::ALL {
        let sound = |gone: &[usize]| asked(gone, &Footing::default()).expect("a verdict").to_json();
        let sound = [sound(&[]), sound(&[0])];
        // Planted before the footing is laid, or after: a bug, or what it says without the fault.
        for laid_before in [false, true] {
            let footing = Footing::default();
            if laid_before {
                asked(&[], &footing).expect("a verdict");
            }
            let planted = plant(fault);
            for (gone, sound) in [&[][..], &[0]].into_iter().zip(&sound) {
                match asked(gone, &footing) {
                    Err(Failure::Bug(_)) => {}
                    Err(other) => panic!("{fault:?}: {other}"),
                    Ok(decision) => assert_eq!(decision.to_json(), *sound, "{fault:?}"),
                }
            }
            drop(planted);
        }
    }
}
