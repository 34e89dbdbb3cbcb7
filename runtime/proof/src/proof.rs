//! A proof: why one tuple holds.
//!
//! Nodes are shared, so a proof is a graph; a node's premises stand before it, so there is no circle.
//!
//! INVARIANT (kept by `check`): the last node is the one that is proved; every other node is a premise of a later one; no
//! two nodes say the same.
//! Not here: whether it follows (`check`); how one is found (the engine).

use crate::Side;
use program::{RelationId, RuleId, Tuple, Value};
use serde::{Deserialize, Serialize};

/// Why the tuple of its last node holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Premises before conclusions; the last is what is proved.
    pub nodes: Vec<Node>,
    /// Whether there is no proof of smaller height. Said by the engine and not checked.
    pub minimal: bool,
}

/// A tuple that holds in a world, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Node {
    /// In which world.
    pub side: Side,
    /// The relation.
    pub relation: RelationId,
    /// The tuple.
    pub tuple: Tuple,
    /// Why it holds.
    pub why: Why,
}

/// Why a tuple holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A fact says so.
    Given,
    /// A rule derives it.
    Derived {
        /// Which rule.
        rule: RuleId,
        /// The value of each variable of the rule; `None` for those that its body does not bind.
        binding: Vec<Option<Value>>,
        /// One for each literal of the body, in its order.
        premises: Vec<Premise>,
    },
}

/// Why a literal holds under the binding.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Premise {
    /// `Holds`: this node's tuple matches. Its side is one that the atom's world reads ([`Side::reads`]).
    Holds(usize),
    /// `Absent`: no tuple matches.
    Absent {
        /// The atom's terms under the binding; `None` is any value.
        pattern: Vec<Option<Value>>,
        /// On what that rests.
        why: Absence,
    },
    /// `Test`, `Is`, `Bind`, `Each`: computed anew from the binding.
    Computed,
    /// `Aggregate`: the members of the group.
    Aggregated {
        /// Nodes of all tuples of the relation that match, sorted by tuple, each tuple once.
        sure: Vec<usize>,
        /// The same of its possible reading; empty where it has none.
        possible: Vec<usize>,
    },
}

/// On what it rests that a tuple is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// The relation has no rules, and no fact gives it.
    NotGiven,
    /// The relation has rules: on a certificate that all they derive is known.
    NotDerived,
}

impl Proof {
    /// The node that is proved; `None` where there are no nodes.
    pub fn root(&self) -> Option<&Node> {
        self.nodes.last()
    }
}

impl Premise {
    /// The nodes it rests on.
    pub fn nodes(&self) -> impl Iterator<Item = usize> + '_ {
        let (one, sure, possible): (Option<usize>, &[usize], &[usize]) = match self {
            Premise::Holds(node) => (Some(*node), &[], &[]),
            Premise::Aggregated { sure, possible } => (None, sure, possible),
            Premise::Absent { .. } | Premise::Computed => (None, &[], &[]),
        };
        one.into_iter().chain(sure.iter().chain(possible).copied())
    }
}
