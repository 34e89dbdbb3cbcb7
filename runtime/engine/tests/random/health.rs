//! The generator of random programs asserts its own health: laws over programs that derive nothing hold too easily.

use super::case::Case;
use super::choices::numbers;
use super::policy::Without;
use proof::{Claimed, Database, Side, meaning};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

/// How much of what was generated does something.
#[derive(Debug, Default)]
struct Health {
    programs: usize,
    /// Relations with rules, and those of them that have a tuple in one of the worlds.
    derived: usize,
    filled: usize,
    /// Programs in which some stratum takes three rounds or more.
    deep: usize,
    /// Programs in which leaving out negations gives a relation more tuples.
    negation: usize,
    /// Programs in which leaving out the tests of aggregates gives a relation more tuples.
    aggregate: usize,
    /// Programs in which a change takes a derived tuple away.
    delta: usize,
    /// Programs in which a sure and a possible reading differ.
    unknown: usize,
    /// Programs with a lattice column in which a value was found and later beaten.
    improved: usize,
    tuples: usize,
}

impl Health {
    fn add(&mut self, case: &Case) {
        let change = case.changes[0].clone();
        let inputs = case.inputs(&case.facts, &change);
        let database = meaning(&case.program, &inputs, 200_000).expect("a generated program has a meaning");
        let holds = |id| Side::BOTH.iter().any(|side| !database.tuples(*side, id).is_empty());
        let derived: BTreeSet<_> = case.program.rules.iter().map(|rule| rule.head.relation).collect();
        self.programs += 1;
        self.derived += derived.len();
        self.filled += derived.iter().filter(|id| holds(**id)).count();
        let claims = |side| -> Vec<Claimed> {
            let of = |relation| {
                let found = database.derived(side, relation).into_iter();
                found.map(move |(tuple, height)| Claimed { relation, tuple, height })
            };
            derived.iter().copied().flat_map(of).collect()
        };
        let [before, after] = Side::BOTH.map(claims);
        let beaten = |(side, claims): (Side, &[Claimed])| {
            claims.iter().any(|claim| {
                let better = claims.iter().any(|other| {
                    other.height > claim.height
                        && database.holds(side, other.relation, &other.tuple)
                        && is_of_group(claim, other)
                });
                !database.holds(side, claim.relation, &claim.tuple) && better
            })
        };
        self.improved += usize::from([(Side::Before, &*before), (Side::After, &*after)].into_iter().any(beaten));
        self.tuples += before.len() + after.len();
        self.deep += usize::from(before.iter().chain(&after).any(|claim| claim.height >= 3));
        let more = |without: Without| {
            let program = case.policy.program_without(without);
            let other = meaning(&program, &inputs, 200_000).expect("fewer conditions are no less lawful");
            Side::BOTH.iter().any(|side| derived.iter().any(|id| loses(&other, &database, *side, *id)))
        };
        self.negation += usize::from(more(Without::Negations));
        self.aggregate += usize::from(more(Without::AggregateTests));
        let lost = |id: &_| !database.tuples(Side::Before, *id).is_subset(&database.tuples(Side::After, *id));
        self.delta += usize::from(derived.iter().any(lost));
        // A lattice column with two readings has two values, and so has what reads it.
        let vague = case.policy.relations.iter().any(|draft| draft.paired && draft.lattice.is_some());
        let differ = |(sure, possible): &(_, _)| {
            let (sure, possible) = (database.tuples(Side::After, *sure), database.tuples(Side::After, *possible));
            assert!(vague || sure.is_subset(&possible), "what is sure is possible");
            sure != possible
        };
        self.unknown += usize::from(case.policy.pairs().iter().any(differ));
    }
}

/// Whether two tuples differ in the last column at most, as those of a group of a lattice relation here.
fn is_of_group(one: &Claimed, other: &Claimed) -> bool {
    let group = |claim: &Claimed| claim.tuple.split_last().map(|(_, rest)| rest.to_vec());
    one.relation == other.relation && group(one) == group(other)
}

/// Whether a tuple of `more` is missing in `less`.
fn loses(more: &Database, less: &Database, side: Side, relation: program::RelationId) -> bool {
    !more.tuples(side, relation).is_subset(&less.tuples(side, relation))
}

#[test]
fn what_is_generated_does_something() {
    let mut runner = TestRunner::deterministic();
    let mut health = Health::default();
    for _ in 0..10_000 {
        let numbers = numbers().new_tree(&mut runner).expect("numbers can always be had").current();
        health.add(&Case::of(numbers));
    }
    println!("{health:?}");
    let at_least = |part: usize, percent: usize, whole: usize| part * 100 >= percent * whole;
    assert!(at_least(health.filled, 70, health.derived), "derived relations not empty: {health:?}");
    assert!(at_least(health.deep, 30, health.programs), "recursion of three rounds or more: {health:?}");
    assert!(at_least(health.negation, 20, health.programs), "negation takes a tuple away: {health:?}");
    assert!(at_least(health.aggregate, 20, health.programs), "an aggregate takes a tuple away: {health:?}");
    assert!(at_least(health.delta, 20, health.programs), "a change takes a tuple away: {health:?}");
    assert!(at_least(health.improved, 10, health.programs), "a lattice column gets better: {health:?}");
    assert!(at_least(health.unknown, 10, health.programs), "sure and possible differ: {health:?}");
}
