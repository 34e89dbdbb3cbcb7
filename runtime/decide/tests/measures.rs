//! A violation with a measure: what becomes of it, for every way in which a few measures may stand before and after.

use crate::small::{Policy, act, case, change, program, source, tuple};
use program::{Fact, Lattice, Measure, Program, SourceKind, State, Value, Verb};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A fact says of which resource it is, on what it bears, and how much.
const WIDE: Policy<'_> = Policy {
    relations: "
state orders.load R R i
state orders.wide s R i instanced
",
    rules: "
orders.wide(\"orders/small\", r, n) <- orders.load(_, r, n) | {r} is wide
",
    governs: "
deny orders.wide
",
};

/// What a decision says of one violation: the measure, the state, whether it counts.
type Said = BTreeSet<(Value, State, bool)>;

/// The measures that may stand together: any of 1, 2, and one that nobody knows.
fn measures(bits: u32) -> BTreeSet<Value> {
    let unknown = Value::unknown("x");
    let all = [Value::Int(1), Value::Int(2), unknown];
    (0..3).filter(|bit| bits >> bit & 1 == 1).map(|bit| all[bit].clone()).collect()
}

/// What the language's page says, word by word.
fn meant(before: &BTreeSet<Value>, after: &BTreeSet<Value>, worse: Lattice, written: bool) -> Said {
    let worst = |of: &BTreeSet<Value>| {
        let known = of.iter().filter(|value| value.is_known());
        match worse {
            Lattice::Least => known.min().cloned(),
            Lattice::Most => known.max().cloned(),
        }
    };
    let (was, is) = (worst(before), worst(after));
    let unknown = |of: &BTreeSet<Value>| of.iter().any(|value| !value.is_known());
    let mut states = Vec::new();
    if let Some(is) = &is {
        let held = was.as_ref().is_some_and(|was| !worse.prefers(is, was));
        states.push((is.clone(), if held { State::Standing } else { State::Introduced }));
    }
    for value in after.iter().filter(|value| !value.is_known()) {
        states.push((value.clone(), if unknown(before) { State::Standing } else { State::Introduced }));
    }
    if after.is_empty() {
        let gone = before.iter().filter(|value| !value.is_known() || Some(*value) == was.as_ref());
        states.extend(gone.map(|value| (value.clone(), State::Fixed)));
    }
    let introduced = states.iter().any(|(_, state)| *state == State::Introduced);
    let better = was.zip(is).is_some_and(|(was, is)| worse.prefers(&was, &is)) && !unknown(after);
    let counts = |state: State| match state {
        State::Introduced => true,
        State::Standing => written && (introduced || !better),
        State::Fixed => false,
    };
    states.into_iter().map(|(value, state)| (value, state, counts(state))).collect()
}

fn said(program: &Arc<Program>, before: &BTreeSet<Value>, after: &BTreeSet<Value>, written: bool) -> Said {
    let facts = source(SourceKind::Facts, "facts.json");
    let hit = Value::text(if written { "db" } else { "key" });
    let load = |n: &Value| tuple(&facts, "orders.load", vec![Value::text("db"), hit.clone(), n.clone()]);
    let given: Vec<Fact> = before.iter().map(load).collect();
    let mut action = act(Verb::Update, "db", after.difference(before).map(load).collect());
    action.remove = before.difference(after).map(load).collect();
    let decision = decide::decide(&case(program, given, change(vec![action]))).expect("a verdict");
    let counted = decision.actions.iter().flat_map(|action| &action.reasons).chain(&decision.reasons);
    let reasons = counted.map(|reason| (reason, true));
    let others = decision.standing.iter().chain(&decision.fixed).map(|reason| (reason, false));
    let of_the_rule = reasons.chain(others).filter(|(reason, _)| reason.rule == "orders/small.wide");
    of_the_rule
        .map(|(reason, counts)| {
            let value = reason.subjects[1].parse().map_or_else(|_| Value::unknown("x"), Value::Int);
            (value, reason.state.expect("a denial has a state"), counts)
        })
        .collect()
}

#[test]
fn a_measure_that_grows_is_introduced_and_one_that_shrinks_stands() {
    let mut seen = BTreeSet::new();
    for worse in [Lattice::Least, Lattice::Most] {
        let mut of = Program::clone(&program(&WIDE));
        of.objections[0].measure = Some(Measure { column: 2, worse });
        let of = Arc::new(of);
        for (before, after) in (0..8).flat_map(|before| (0..8).map(move |after| (measures(before), measures(after)))) {
            for written in [true, false] {
                let (found, wanted) = (said(&of, &before, &after, written), meant(&before, &after, worse, written));
                assert_eq!(found, wanted, "{before:?} to {after:?}, {worse:?} is worse, written: {written}");
                seen.extend(found.into_iter().map(|(_, state, counts)| (state, counts)));
            }
        }
    }
    assert_eq!(seen.len(), 4, "introduced, standing and counted, standing and not, fixed");
}
