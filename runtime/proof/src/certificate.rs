//! A certificate: all that the rules derive, so that nothing was left out and nothing invented.

use crate::Side;
use program::{RelationId, Tuple};
use serde::{Deserialize, Serialize};

/// Every tuple that is derived and not given, in both worlds.
///
/// Of a lattice relation also the tuples that were beaten, where others rest on them. Change-scoped relations stand in `after` alone. Order has no meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The world before.
    pub before: Vec<Claimed>,
    /// The world after.
    pub after: Vec<Claimed>,
}

/// A tuple that an engine claims to be derived.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Claimed {
    /// The relation.
    pub relation: RelationId,
    /// The tuple.
    pub tuple: Tuple,
    /// At least 1. Some rule derives the tuple from tuples of which those of the same stratum and side have smaller
    /// heights; given ones have height 0. The round of a semi-naive evaluation will do.
    pub height: u32,
}

impl Certificate {
    /// What is claimed of one side.
    pub fn side(&self, side: Side) -> &[Claimed] {
        side.of(&self.before, &self.after)
    }
}
