//! A test block, compiled: a world, a change, what must come of it.

use crate::{Change, Citation, Fact, RelationId, Term, Weight, World};
use serde::{Deserialize, Serialize};

/// A test block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCase {
    /// Its title; behind it the name of its case, where it has one: `a port: ssh`.
    pub name: String,
    /// The world before.
    pub given: Vec<Fact>,
    /// What is asked. A test without a change block has one without actions.
    pub change: Change,
    /// Who asks.
    pub actor: Option<String>,
    /// In which session.
    pub session: Option<String>,
    /// What must come of it, in the order of the text.
    pub expectations: Vec<Expectation>,
    /// Where it stands.
    pub citation: Citation,
    /// Of a case the whole block that it is one of; else the same.
    pub block: Citation,
}

/// One `expect` line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// What is expected.
    pub expected: Expected,
    /// Whether it is expected not to be.
    pub negated: bool,
    /// Where it stands, and its words.
    pub citation: Citation,
}

/// What a test may expect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expected {
    /// The verdict is allow.
    Allow,
    /// The verdict is deny, whatever the reason.
    Deny,
    /// The verdict is escalate, whatever the reason.
    Escalate,
    /// A violation: `deny orders/recoverable.key_lost("db", _) introduced`.
    Violation {
        /// The relation of the objection (its sure reading).
        relation: RelationId,
        /// What it must come to: of a deny, [`Weight::Escalate`] is one that is possible and not sure.
        weight: Weight,
        /// One per column, the instance's included; [`Term::Variable`] does not occur.
        pattern: Vec<Term>,
        /// The whole message, where one is stated.
        message: Option<String>,
        /// In which state, where one is stated; `fixed R(…)` is [`State::Fixed`].
        state: Option<State>,
        /// To whom an escalation goes, where stated.
        to: Option<String>,
    },
    /// A tuple of the world after, or of the change.
    Tuple {
        /// The relation.
        relation: RelationId,
        /// One per column.
        pattern: Vec<Term>,
        /// Which world is asked; [`World::Here`] is the one after.
        world: World,
    },
}

/// What a change did to a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Holds after and not before.
    Introduced,
    /// Held before and still does.
    Standing,
    /// Held before and no more.
    Fixed,
}
