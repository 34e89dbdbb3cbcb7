//! The two worlds of a decision, and what is given in them.

use program::{RelationId, Tuple, World};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One of the two worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Before the change.
    Before,
    /// After the change; the change itself is part of it.
    After,
}

/// The tuples that facts give, per relation, in both worlds. Tuples of change-scoped relations stand in `after` alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The world before.
    pub before: BTreeMap<RelationId, BTreeSet<Tuple>>,
    /// The world after.
    pub after: BTreeMap<RelationId, BTreeSet<Tuple>>,
}

impl Side {
    /// Both, in the order in which they are evaluated.
    pub const BOTH: [Side; 2] = [Side::Before, Side::After];

    /// The worlds that an atom of `world` reads in a rule that is evaluated on this side.
    pub fn reads(self, world: World) -> &'static [Side] {
        match (self, world) {
            (Side::Before, World::Here | World::Either) => &[Side::Before],
            (Side::Before, World::Before) => &[],
            (Side::After, World::Here) => &[Side::After],
            (Side::After, World::Before) => &[Side::Before],
            (Side::After, World::Either) => &[Side::Before, Side::After],
        }
    }

    /// The word for it: `before` or `after`.
    pub fn name(self) -> &'static str {
        self.of("before", "after")
    }

    /// What belongs to it of a pair.
    pub(crate) fn of<T>(self, before: T, after: T) -> T {
        match self {
            Side::Before => before,
            Side::After => after,
        }
    }
}

impl Inputs {
    /// What is given on one side.
    pub fn side(&self, side: Side) -> &BTreeMap<RelationId, BTreeSet<Tuple>> {
        side.of(&self.before, &self.after)
    }

    /// What is given on one side, to add to.
    pub fn side_mut(&mut self, side: Side) -> &mut BTreeMap<RelationId, BTreeSet<Tuple>> {
        side.of(&mut self.before, &mut self.after)
    }

    /// Adds a tuple; returns whether it was new.
    pub fn give(&mut self, side: Side, relation: RelationId, tuple: Tuple) -> bool {
        self.side_mut(side).entry(relation).or_default().insert(tuple)
    }

    /// Whether a tuple is given.
    pub fn has(&self, side: Side, relation: RelationId, tuple: &Tuple) -> bool {
        self.side(side).get(&relation).is_some_and(|tuples| tuples.contains(tuple))
    }
}
