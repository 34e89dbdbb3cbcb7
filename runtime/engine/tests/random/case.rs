//! Random worlds for a random program: facts, and changes of them.

use super::choices::Choices;
use super::policy::Policy;
use super::values::Kind;
use program::{Program, RelationId, Scope, Tuple};
use proof::{Inputs, Side};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Tuples of some relations.
pub(crate) type Tuples = BTreeMap<RelationId, BTreeSet<Tuple>>;

/// A program, the facts of a model, and changes to it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) program: Arc<Program>,
    /// What is taken out of the program to see what it did there.
    pub(crate) policy: Policy,
    /// State facts.
    pub(crate) facts: Tuples,
    pub(crate) changes: Vec<Change>,
}

/// One change: what it adds and removes of the state, and the facts of the decision itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) added: Vec<(RelationId, Tuple)>,
    pub(crate) removed: Vec<(RelationId, Tuple)>,
    /// Change-scoped facts.
    pub(crate) asked: Vec<(RelationId, Tuple)>,
}

impl Case {
    pub(crate) fn of(numbers: Vec<u32>) -> Case {
        let mut choices = Choices::of(numbers);
        let policy = Policy::random(&mut choices);
        let program = Arc::new(policy.program());
        let mut facts = Tuples::new();
        let state = policy.given(Scope::State);
        for id in state.iter().chain(&policy.given(Scope::Timed)) {
            for _ in 0..policy.crowd(*id, &mut choices) {
                let tuple = tuple(&program, *id, &mut choices);
                facts.entry(*id).or_default().insert(tuple);
            }
        }
        let mut changes = Vec::new();
        for _ in 0..choices.between(1, 3) {
            changes.push(Change::random(&program, &policy, &state, &facts, &mut choices));
        }
        Case { program, policy, facts, changes }
    }

    /// How many tuples may be looked at before a stratum is evaluated as a whole: none or few of them in most cases, in the
    /// others more than there are.
    pub(crate) fn patience(&self) -> usize {
        let facts: usize = self.facts.values().map(BTreeSet::len).sum();
        [0, 1_024, 2, 5, 12][facts % 5]
    }

    /// The two worlds of a decision on `change`, where `facts` are the model.
    pub(crate) fn inputs(&self, facts: &Tuples, change: &Change) -> Inputs {
        let mut inputs = Inputs { before: facts.clone(), after: facts.clone() };
        change.apply(&mut inputs.after);
        for (relation, tuple) in &change.asked {
            inputs.give(Side::After, *relation, tuple.clone());
        }
        inputs
    }
}

impl Change {
    fn random(
        program: &Program,
        policy: &Policy,
        state: &[RelationId],
        facts: &Tuples,
        choices: &mut Choices,
    ) -> Change {
        let mut change = Change::default();
        let present: Vec<(RelationId, Tuple)> = facts
            .iter()
            .filter(|(id, _)| state.contains(id))
            .flat_map(|(id, set)| set.iter().map(|t| (*id, t.clone())))
            .collect();
        for _ in 0..choices.below(4) {
            let relation = *choices.pick(state);
            change.added.push((relation, tuple(program, relation, choices)));
        }
        for _ in 0..choices.below(5) {
            let removed = match present.is_empty() || choices.chance(10) {
                false => choices.pick(&present).clone(),
                true => (state[0], tuple(program, state[0], choices)),
            };
            if !change.added.contains(&removed) {
                change.removed.push(removed);
            }
        }
        for relation in policy.given(Scope::Change) {
            for _ in 0..choices.below(4) {
                change.asked.push((relation, tuple(program, relation, choices)));
            }
        }
        change
    }

    /// Makes it so for good; what is asked is gone with the decision.
    pub(crate) fn apply(&self, facts: &mut Tuples) {
        for (relation, tuple) in &self.removed {
            facts.entry(*relation).or_default().remove(tuple);
        }
        for (relation, tuple) in &self.added {
            facts.entry(*relation).or_default().insert(tuple.clone());
        }
    }
}

fn tuple(program: &Program, relation: RelationId, choices: &mut Choices) -> Tuple {
    program.relation(relation).columns.iter().map(|column| Kind::of(&column.r#type).value(choices, false)).collect()
}

/// What a failed law shows.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |id: &RelationId| self.program.relation(*id).name.clone();
        for (number, rule) in self.program.rules.iter().enumerate() {
            writeln!(f, "rule {number}: {} {:?} if", name(&rule.head.relation), rule.head.terms)?;
            rule.body.iter().try_for_each(|literal| writeln!(f, "    {literal:?}"))?;
        }
        writeln!(f, "strata: {:?}", self.program.strata)?;
        for (id, tuples) in &self.facts {
            writeln!(f, "{} {}: {tuples:?}", id.0, name(id))?;
        }
        write!(f, "{:?}", self.changes)
    }
}
