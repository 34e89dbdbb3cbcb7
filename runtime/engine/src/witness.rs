//! The proof that labels lead to, in time proportional to it: down from a tuple to what has smaller labels, premises
//! written before what rests on them.
//!
//! Not here: the proof of the smallest height (`cone`), which a person is shown.

use crate::derive::{Goal, Instance, Instances, Need, Ways, Worlds, premises, tuple_of};
use crate::engine::Hypothesis;
use crate::intern::Id;
use crate::limits::Fault;
use program::{RelationId, RuleId};
use proof::{Node, Proof, Side, Why};
use rustc_hash::FxHashMap;

/// A tuple whose premises are being written.
struct Open {
    goal: Goal,
    instance: Instance,
    /// What it rests on, the last first.
    premises: Vec<Goal>,
}

/// What is written.
#[derive(Default)]
struct Walk {
    nodes: Vec<Node>,
    places: FxHashMap<Goal, usize>,
    open: Vec<Open>,
}

/// Proves a tuple that holds by walking down labels.
///
/// # Faults
/// A stop; [`Fault::Unfounded`] where no rule derives what is there.
pub(crate) fn witness(world: &Hypothesis<'_>, side: Side, relation: usize, row: &[Id]) -> Result<Proof, Fault> {
    let mut ways = Ways::default();
    let mut instances = Instances::of(Worlds::with_labels(world), &mut ways);
    let goal = instances.world.goal(side, relation, row)?;
    let minimal = instances.world.is_given(goal);
    let mut walk = Walk::default();
    walk.meet(&mut instances, goal)?;
    while let Some(open) = walk.open.last_mut() {
        match open.premises.pop() {
            Some(premise) => walk.meet(&mut instances, premise)?,
            None => walk.close(&instances.world),
        }
    }
    // What is given has no lower proof.
    Ok(Proof { nodes: walk.nodes, minimal })
}

impl Walk {
    /// Writes a tuple that is given; opens another one, if it is not written yet.
    fn meet(&mut self, instances: &mut Instances<'_>, goal: Goal) -> Result<(), Fault> {
        if self.places.contains_key(&goal) {
            return Ok(());
        }
        let world = instances.world;
        if world.is_given(goal) {
            self.write(&world, goal, Why::Given);
            return Ok(());
        }
        let rank = world.rank(goal);
        let instance = instances.first(goal)?.ok_or_else(|| world.unfounded(goal))?;
        let is_below = |goal: &Goal| world.is_given(*goal) || world.rank(*goal) < rank;
        let below = |need: Need| [Some(need.goal), need.other].into_iter().flatten().find(is_below);
        let mut premises = Vec::with_capacity(instance.needs.len());
        for need in instance.all() {
            premises.push(below(need).ok_or_else(|| world.unfounded(goal))?);
        }
        premises.reverse();
        self.open.push(Open { goal, instance, premises });
        Ok(())
    }

    /// Writes the tuple that was opened last; its premises are written.
    fn close(&mut self, world: &Worlds<'_>) {
        let Open { goal, instance, .. } = self.open.pop().expect("bug: nothing is open");
        let place = |need: &Need| {
            let other = || need.other.and_then(|other| self.places.get(&other));
            *self.places.get(&need.goal).or_else(other).expect("bug: a premise that is not written")
        };
        let premises = premises(world, &instance, place);
        let rule = RuleId(u32::try_from(instance.rule).expect("bug: more than 2^32 rules"));
        self.write(world, goal, Why::Derived { rule, binding: instance.binding, premises });
    }

    fn write(&mut self, world: &Worlds<'_>, goal: Goal, why: Why) {
        let (side, relation, _) = goal;
        self.places.insert(goal, self.nodes.len());
        let relation = RelationId(u32::try_from(relation).expect("bug: more than 2^32 relations"));
        self.nodes.push(Node { side, relation, tuple: tuple_of(world, goal), why });
    }
}
