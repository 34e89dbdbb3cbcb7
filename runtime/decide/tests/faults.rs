//! An engine that errs never has the last word: no verdict comes of it.

use crate::small::{act, case, change, program};
use crate::verdicts::{KEYS, estate};
use decide::Failure;
use engine::{Planted, plant};
use program::Verb;

#[test]
fn no_planted_fault_ends_in_a_verdict() {
    let program = program(&KEYS);
    for (fault, verb) in Planted::ALL.into_iter().flat_map(|fault| [(fault, Verb::Delete), (fault, Verb::Update)]) {
        let resource = if verb == Verb::Delete { "key" } else { "db" };
        let asked = || case(&program, estate(), change(vec![act(verb, resource, Vec::new())]));
        let sound = decide::decide(&asked()).expect("a verdict");
        let planted = plant(fault);
        match decide::decide(&asked()) {
            Err(Failure::Bug(_)) => {}
            Err(other) => panic!("{fault:?}: {other}"),
            // A fault that changes nothing here may pass, and then changes nothing.
            Ok(decision) => {
                assert_eq!(decision.to_json(), sound.to_json(), "{fault:?}");
                assert!(matches!(fault, Planted::SkipDelta | Planted::StaleIndex), "{fault:?} was not noticed");
            }
        }
        drop(planted);
    }
}
