//! Answers to one question, each with its proof, of a program that derives what the question asks for (`engine::Demand`).
//!
//! It is run twice: to find what is asked for, and, with that given, to prove the answers; so proofs are those of the author's
//! program. Both runs are checked as far as the case asks, and each proof besides, step by step, against the author's rules.
//!
//! INVARIANT: what is answered, and why, is what [`crate::settled::settle`] would say.

use crate::case::{Case, Failure};
use crate::footing::{Standing, difference};
use crate::rests;
use crate::settled::{Checked, checked, fault, flaw, possible, read, running};
use crate::worlds::{Worlds, inputs, worlds};
use engine::{Delta, Demand, Goal, Hypothesis, Proving};
use program::{Program, RelationId, Tuple};
use proof::{Inputs, Lawful, Proof, Side};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The answers to some goals.
pub(crate) struct Answers<'a> {
    /// What is given, with where it was read.
    pub(crate) worlds: &'a Worlds,
    program: &'a Program,
    lawful: Lawful<'a>,
    proving: &'a Proving,
    hypothesis: &'a Hypothesis<'a>,
    checked: Checked<'a>,
    /// What is given of all that the question rests on.
    inputs: &'a Inputs,
    goals: &'a [Goal],
}

/// Answers `goals`, for which `demand` was made.
///
/// # Faults
/// As [`crate::decide`].
pub(crate) fn asked<T>(
    case: &Case<'_>,
    demand: &Demand,
    goals: &[Goal],
    then: impl FnOnce(&Answers<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let lawful = proof::lawful(&case.program).map_err(flaw)?;
    let mut worlds = worlds(case)?;
    let before = std::mem::take(&mut worlds.before);
    let (before, delta) = read(demand, before, &worlds.delta);
    let inputs = &inputs(before.clone(), &delta);
    let runs = running(case, demand.program());
    let first = run(&runs, before, &delta, |_, hypothesis| Ok(demand.proving(hypothesis, inputs)));
    let proving = &first?;
    let runs = running(case, &proving.program);
    let delta = difference(&proving.inputs.before, &proving.inputs.after);
    let (worlds, program) = (&worlds, &*case.program);
    run(&runs, proving.inputs.before.clone(), &delta, |checked, hypothesis| {
        then(&Answers { worlds, program, lawful, proving, hypothesis, checked, inputs, goals })
    })
}

fn run<T>(
    case: &Case<'_>,
    before: crate::footing::Facts,
    delta: &Delta,
    then: impl FnOnce(Checked<'_>, &Hypothesis<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let standing = Standing::of(case, &before)?;
    let hypothesis = standing.engine.open(delta).map_err(fault)?;
    let checked = checked(case, &standing, before, delta, &hypothesis)?;
    then(checked, &hypothesis)
}

impl Answers<'_> {
    /// The tuples that match a goal, in order.
    pub(crate) fn matching(&self, side: Side, goal: usize) -> Vec<Tuple> {
        let Goal { relation, pattern } = &self.goals[goal];
        self.checked.matching(self.hypothesis, side, *relation, pattern)
    }

    /// The proof of an answer, checked.
    pub(crate) fn prove(&self, side: Side, goal: usize, tuple: &Tuple) -> Result<Proof, Failure> {
        let relation: RelationId = self.goals[goal].relation;
        let name = || crate::words::tuple(self.program, relation, tuple);
        let proof = self.hypothesis.prove(side, relation, tuple).map_err(fault)?;
        let proof = proof.ok_or_else(|| Failure::Bug(format!("no proof was found of {}, which holds", name())))?;
        self.checked.check(&self.proving.program, &proof)?;
        let proof = self.proving.restored(&proof);
        // What it leaves open, that something is absent or a group whole, was settled among what was asked for.
        let _settled = proof::check(self.lawful, self.inputs, &proof).map_err(flaw)?;
        match proof.root() {
            Some(root) if (root.side, root.relation, &root.tuple) == (side, relation, tuple) => Ok(proof),
            _ => Err(Failure::Bug(format!("the proof of {} proves something else", name()))),
        }
    }
}

/// All that a relation rests on, in both readings.
pub(crate) fn around(program: &Arc<Program>, relation: RelationId) -> Demand {
    let mut relations = BTreeSet::from([relation]);
    loop {
        let below = rests::cone(program, relations.iter().copied());
        let both: BTreeSet<RelationId> = below.iter().flat_map(|one| [*one, possible(program, *one)]).collect();
        if both == relations {
            return Demand::relevant(program, both.into_iter().map(|one| Goal::all(program, one)).collect());
        }
        relations = both;
    }
}
