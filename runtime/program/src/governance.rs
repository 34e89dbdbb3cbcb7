//! Which relations of a program object, permit, cover; and in whose name.

use crate::{Lattice, RelationId};
use serde::{Deserialize, Serialize};

/// A named deny or escalate; the rules of its relation carry the messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// Deny or escalate.
    pub weight: Weight,
    /// `recoverable.key_lost`; the instance stands in the tuple's first column where the relation is instanced.
    pub name: String,
    /// What surely holds. Its columns behind the instance are the subjects.
    pub relation: RelationId,
    /// What may hold, where that can differ.
    pub possible: Option<RelationId>,
    /// The subject that may get better and leave the violation the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// Who decides an escalation: the same columns, and the party last. Change-scoped.
    pub route: Option<RelationId>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// Control ids: `PCI-DSS 1.3.1`.
    pub controls: Vec<String>,
    /// The right by which a violation may be waived; without one it cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waivable: Option<String>,
}

/// `most n: int` among the subjects of an objection: how bad it is, in the author's own count.
///
/// Every tuple of the relation holds, unlike one of a lattice column: it is the identity of a violation that leaves
/// the measure out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// The int column, counted from the relation's first one.
    pub column: usize,
    /// Which of two values is the worse.
    pub worse: Lattice,
}

/// What an objection asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The change must not happen.
    Deny,
    /// Somebody with the right must decide.
    Escalate,
}

/// How bad a violation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// low
    Low,
    /// medium
    Medium,
    /// high
    High,
    /// critical
    Critical,
}

/// A named permit: `(instance, action)`. Only its sure reading counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    /// `recoverable.retire`.
    pub name: String,
    /// The relation.
    pub relation: RelationId,
}

/// A declared intent that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its name, unique in the program.
    pub name: String,
    /// What the environment is for.
    pub purpose: String,
    /// The accountable party.
    pub owner: Option<String>,
    /// How much hangs on it.
    pub criticality: Option<Severity>,
    /// A baseline that only denies and escalates.
    pub overlay: bool,
}

/// One application of a blueprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// `orders/recoverable`: the intent's name, or the one given with `as`, and the blueprint's.
    pub name: String,
    /// The intent that applies it.
    pub intent: String,
    /// The blueprint's qualified name.
    pub blueprint: String,
}

/// A package whose rules are part of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// `acme/payments`; the standard library is `std`.
    pub name: String,
    /// Its version.
    pub version: String,
}
