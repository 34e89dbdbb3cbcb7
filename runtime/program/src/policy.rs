//! The program: a compiled policy, whole.
//!
//! What it means (the law that `proof::meaning` states in code):
//! - A decision has two worlds, *before* and *after* the change. Strata run in order, first all of the world before
//!   (without the change-scoped ones), then all of the world after.
//! - In the world before, [`crate::World::Here`] and [`crate::World::Either`] read that world and
//!   [`crate::World::Before`] reads nothing. In the world after, `Here` reads it, `Before` the finished world before,
//!   `Either` the union.
//! - Within a stratum the rules run to the least fixpoint. Absent literals and aggregates read only lower strata, or
//!   the world before.
//! - Of a relation with a lattice column only the best tuple of each group holds; a group is what agrees in the other
//!   columns. The rules of its own stratum use the column only so that a better value never takes a conclusion away.
//! - A tuple holds if a fact gives it or a rule derives it: relations are not divided into the two.

use crate::{Instance, Intent, Objection, Package, Permit, Relation, RelationId, Rule, RuleId, Scope};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A compiled policy.
///
/// INVARIANT: relations are sorted by name; rules stand in the order of packages, files and text; every id is in
/// range; every tuple a rule makes has its relation's width.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Program {
    /// Sorted by name.
    pub relations: Vec<Relation>,
    /// In the order of the text.
    pub rules: Vec<Rule>,
    /// In an order in which they can run: state first, then timed, then change.
    pub strata: Vec<Stratum>,
    /// Every deny and escalate that is in force, in the order of the text.
    pub objections: Vec<Objection>,
    /// Every permit that is in force, in the order of the text.
    pub permits: Vec<Permit>,
    /// Every intent of the root package, in the order of the text.
    pub intents: Vec<Intent>,
    /// Every application of a blueprint, in the order of the text.
    pub instances: Vec<Instance>,
    /// The packages it was made from, the root first.
    pub packages: Vec<Package>,
    /// The party asked when nobody else has the right: `owner` of the root's manifest.
    pub owner: Option<String>,
    /// The words of each enum, by its qualified name: facts from outside hold no others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub enums: BTreeMap<String, BTreeSet<String>>,
    /// Relations of blueprints, in order: rules derive them there, and no fact states them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<RelationId>,
    /// Relations whose facts the one who asks can add and take away, in order: `@editable`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editable: Vec<RelationId>,
}

/// Relations that depend on each other, with the rules that derive them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stratum {
    /// The relations it completes.
    pub relations: Vec<RelationId>,
    /// The rules whose heads those are.
    pub rules: Vec<RuleId>,
    /// Whether a relation depends on itself.
    pub recursive: bool,
    /// When it runs.
    pub scope: Scope,
}

impl Program {
    /// Whether a citation's file is the root package's own: those of others stand below the name of their package.
    pub fn is_own(&self, file: &str) -> bool {
        let below = |name: &str| file.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
        !self.packages.iter().skip(1).any(|package| below(&package.name))
    }

    /// The relation of that qualified name.
    pub fn find(&self, name: &str) -> Option<RelationId> {
        let found = self.relations.binary_search_by(|relation| relation.name.as_str().cmp(name)).ok()?;
        u32::try_from(found).ok().map(RelationId)
    }

    /// The relation of an id of this program.
    pub fn relation(&self, id: RelationId) -> &Relation {
        &self.relations[id.0 as usize]
    }

    /// The rule of an id of this program.
    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.rules[id.0 as usize]
    }
}
