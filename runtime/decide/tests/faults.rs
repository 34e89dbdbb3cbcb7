//! An engine that errs never has the last word: no verdict comes of it.

use crate::small::{Policy, act, case, change, fact, program, source};
use crate::verdicts::{KEYS, estate};
use decide::{Assurance, Case, Failure, Verdict};
use engine::{Planted, plant};
use program::{Change, Fact, SourceKind, Verb};

/// What hangs on something that is gone, over however many links, is denied.
const CHAIN: Policy<'_> = Policy {
    relations: "
state orders.hangs_on R R
state orders.lost R
state orders.far R i least
state orders.gone s R instanced
",
    rules: "
orders.hangs_on(r, k) <- std.state.encrypted_by(r, k)
orders.hangs_on(r, k) <- orders.hangs_on(r, via), orders.hangs_on(via, k)
orders.far(r, 9) <- std.state.exists(r)
orders.far(r, 1) <- orders.far(r, _)
orders.lost(r) <- orders.hangs_on(r, k), not std.state.exists(k)
orders.gone(\"orders/small\", r) <- std.intent.covers(\"orders\", r), std.state.exists(r), orders.lost(r) | {r} hangs on something that is gone
orders.permitted(\"orders/small\", a) <- std.change.action(a, _, r), std.intent.covers(\"orders\", r)
",
    governs: "
deny orders.gone
permit orders.permitted
",
};

/// A chain of eight links, each of which hangs on the next; the end of it is deleted.
fn chain() -> (Vec<Fact>, Change) {
    let state = source(SourceKind::State, "state.json");
    let name = |n: usize| format!("r{n}");
    let one = |n: usize| {
        [
            fact(&state, "std.state.kind", &[&name(n), "box"]),
            fact(&state, "std.state.tag", &[&name(n), "system", "orders"]),
        ]
    };
    let link = |n: usize| fact(&state, "std.state.encrypted_by", &[&name(n), &name(n + 1)]);
    let facts = (0..9).flat_map(one).chain((0..8).map(link)).collect();
    (facts, change(vec![act(Verb::Delete, "r8", Vec::new())]))
}

/// The levels that leave nothing to the engine's word.
const CERTAIN: [Assurance; 3] = [Assurance::DeltaCertificate, Assurance::Certificate, Assurance::Replay];

#[test]
fn every_planted_fault_is_refused_as_our_own_mistake() {
    let program = program(&CHAIN);
    let asked = |assurance| {
        let (facts, change) = chain();
        let mut case = case(&program, facts, change);
        case.limits.threads = 1;
        decide::decide(&Case { assurance, ..case })
    };
    let sound = asked(CERTAIN[0]).expect("a verdict");
    assert_eq!((sound.verdict, sound.actions[0].reasons.len()), (Verdict::Deny, 8));
    for fault in Planted::ALL {
        for level in CERTAIN {
            let planted = plant(fault);
            match asked(level) {
                Err(Failure::Bug(_)) => {}
                other => panic!("{fault:?} was not noticed by {level:?}: {other:?}"),
            }
            drop(planted);
        }
    }
    assert_eq!(asked(CERTAIN[0]).expect("a verdict").to_json(), sound.to_json());
}

#[test]
fn every_level_says_the_same_and_which_it_is() {
    let program = program(&KEYS);
    for verb in [Verb::Delete, Verb::Update] {
        let resource = if verb == Verb::Delete { "key" } else { "db" };
        let asked = |assurance| {
            let case = case(&program, estate(), change(vec![act(verb, resource, Vec::new())]));
            decide::decide(&Case { assurance, ..case }).expect("a verdict")
        };
        let said = asked(Assurance::Certificate);
        for level in Assurance::ALL {
            let mut decision = asked(level);
            // What is denied rests on what is gone, and an update is allowed: proofs alone show neither.
            assert_eq!(decision.assurance, level.max(Assurance::DeltaCertificate));
            (decision.assurance, decision.evidence) = (said.assurance, said.evidence.clone());
            assert_eq!(decision.to_json(), said.to_json(), "{level:?}");
        }
    }
}

#[test]
fn a_fault_that_touches_nothing_changes_nothing() {
    let program = program(&KEYS);
    for (fault, verb) in Planted::ALL.into_iter().flat_map(|fault| [(fault, Verb::Delete), (fault, Verb::Update)]) {
        let resource = if verb == Verb::Delete { "key" } else { "db" };
        let asked = || case(&program, estate(), change(vec![act(verb, resource, Vec::new())]));
        let sound = decide::decide(&asked()).expect("a verdict");
        let planted = plant(fault);
        match decide::decide(&asked()) {
            Err(Failure::Bug(_)) => {}
            Err(other) => panic!("{fault:?}: {other}"),
            Ok(decision) => assert_eq!(decision.to_json(), sound.to_json(), "{fault:?}"),
        }
        drop(planted);
    }
}
