//! Relations: names, typed columns, scope, reading.

use crate::{SourceKind, Type, Value};
use serde::{Deserialize, Serialize};

/// A relation's position in [`crate::Program::relations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RelationId(pub u32);

/// Between the names of a relation and of its column: a relation of the compiler's of those tuples that have an unknown there.
pub const WITH_UNKNOWN: &str = "$unknown_";

/// A set of tuples that facts give and rules derive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// Qualified name: `std.state.kind`, `policy.recoverable.survives`. The possible reading has a `?` behind it.
    pub name: String,
    /// In order. A relation of a blueprint that depends on its instance has `instance` in front.
    pub columns: Vec<Column>,
    /// When it is evaluated, and what it may read.
    pub scope: Scope,
    /// Whether it says who may: read from the world before in every decision.
    pub authority: bool,
    /// Whether the first column is the hidden instance (`orders/recoverable`).
    pub instanced: bool,
    /// Columns that name a tuple; a fact with the same key replaces it.
    pub key: Option<Key>,
    /// Which reading of unknown values this is.
    pub reading: Reading,
    /// A missing or stale source of it is no ambiguity.
    pub optional: bool,
    /// Made by the compiler (a helper of a negation or an aggregate); never shown as an answer of its own.
    pub hidden: bool,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub r#type: Type,
    /// `least n: int`, `most n: int`: of the tuples that agree elsewhere only the one with the best value holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lattice: Option<Lattice>,
}

/// Which value of a lattice column is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lattice {
    /// The smallest.
    Least,
    /// The largest.
    Most,
}

/// When a relation is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// In each world by itself; kept up to date as the model changes.
    State,
    /// As [`Scope::State`], but below `now`: evaluated for each decision.
    Timed,
    /// Once inside one decision; has no world before.
    Change,
}

/// `key(r) prefer (plan, cloud)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Positions of the key's columns.
    pub columns: Vec<usize>,
    /// Source kinds, most trusted first; empty without `prefer`.
    pub prefer: Vec<SourceKind>,
}

/// Which reading of unknown values a relation holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// No unknown can make a difference.
    Only,
    /// What holds whatever the unknowns are; the other reading is named.
    Sure(RelationId),
    /// What may hold; a superset of the sure reading, which is named.
    Possible(RelationId),
}

impl Relation {
    /// One that nobody wrote: an answer on the way, which no proof shows and no fact states.
    pub fn hidden(name: String, columns: Vec<Column>, scope: Scope) -> Relation {
        Relation {
            name,
            columns,
            scope,
            authority: false,
            instanced: false,
            key: None,
            reading: Reading::Only,
            optional: false,
            hidden: true,
        }
    }

    /// Its lattice column and which value wins there; a lawful relation has at most one.
    pub fn lattice(&self) -> Option<(usize, Lattice)> {
        self.columns.iter().enumerate().find_map(|(place, column)| Some((place, column.lattice?)))
    }
}

impl Lattice {
    /// Whether the first value is better than the second. Both are ints.
    pub fn prefers(self, new: &Value, old: &Value) -> bool {
        match self {
            Lattice::Least => new < old,
            Lattice::Most => new > old,
        }
    }
}
