//! What the emitted module shows, and how facts go into its relations.
//!
//! Depends on the crate `ascent` alone. Compiled by `writ build --emit rust`; what it means is what `writ` means by the
//! same text: `before` holds all that follows from the facts of a model, `after` all that follows when a change is made.
//! There are no limits of time or memory, and no proofs.
//!
//! ```ignore
//! let mut facts = Facts::new();
//! facts.entry("std.state.kind".into()).or_default().insert(vec![Value::text("db"), Value::text("database")]);
//! let world = before(&facts)?;
//! for tuple in world.tuples("policy.exposed") { … }
//! ```

#![allow(clippy::all, dead_code, unused)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use writ::{Aggregate, Comparison, Presence, Truth, Value};

/// Tuples by the qualified name of their relation.
pub type Facts = BTreeMap<String, BTreeSet<Vec<Value>>>;

/// A relation: its qualified name, and each column with its type.
pub struct Relation {
    pub name: &'static str,
    pub columns: &'static [&'static str],
    /// Whether it is about a change: empty in the world before.
    pub is_change: bool,
    /// Whether the compiler made it.
    pub is_hidden: bool,
}

/// All that holds in a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World(Facts);

/// Why there is no world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The module has no such relation.
    NoRelation(String),
    /// A tuple with another number of values than its relation has columns.
    Width { relation: String, wanted: usize, found: usize },
    /// A lattice column would hold something else than an int.
    NoInt(&'static str),
}

/// The world before any change: what is given, and all that follows. Tuples about a change are left aside.
pub fn before(given: &Facts) -> Result<World, Fault> {
    fits(given)?;
    run(None, given)
}

/// The world after a change.
///
/// - `before`: the world without it.
/// - `given`: all that is given when it is made, with the tuples that are about the change itself.
pub fn after(before: &World, given: &Facts) -> Result<World, Fault> {
    fits(given)?;
    run(Some(before), given)
}

impl World {
    /// The tuples of a relation, in order; none where there is no such relation.
    pub fn tuples(&self, relation: &str) -> impl Iterator<Item = &[Value]> {
        self.0.get(relation).into_iter().flatten().map(Vec::as_slice)
    }

    /// Whether a tuple holds.
    pub fn holds(&self, relation: &str, tuple: &[Value]) -> bool {
        self.0.get(relation).is_some_and(|tuples| tuples.contains(tuple))
    }

    /// Everything, by relation.
    pub fn facts(&self) -> &Facts {
        &self.0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoRelation(name) => write!(f, "there is no relation `{name}`"),
            Fault::Width { relation, wanted, found } => {
                write!(f, "a tuple of {found} values was given for `{relation}`, which has {wanted} columns")
            }
            Fault::NoInt(name) => write!(f, "`{name}` would hold something else than an int in its lattice column"),
        }
    }
}

impl std::error::Error for Fault {}

fn fits(given: &Facts) -> Result<(), Fault> {
    for (name, tuples) in given {
        let known = RELATIONS.binary_search_by(|relation| relation.name.cmp(name)).ok();
        let known = known.ok_or_else(|| Fault::NoRelation(name.clone()))?;
        let wanted = RELATIONS[known].columns.len();
        if let Some(tuple) = tuples.iter().find(|tuple| tuple.len() != wanted) {
            return Err(Fault::Width { relation: name.clone(), wanted, found: tuple.len() });
        }
    }
    Ok(())
}

/// The tuples of a relation as rows.
fn rows<const N: usize>(facts: &Facts, name: &str) -> Result<impl Iterator<Item = [Value; N]> + use<N>, Fault> {
    let tuples = facts.get(name).cloned().unwrap_or_default();
    let wanted = |tuple: Vec<Value>| {
        let found = tuple.len();
        tuple.try_into().map_err(|_| Fault::Width { relation: name.to_owned(), wanted: N, found })
    };
    Ok(tuples.into_iter().map(wanted).collect::<Result<Vec<[Value; N]>, Fault>>()?.into_iter())
}

/// What aggregates call for one value, for the sure members and the possible ones.
fn aggregate(
    how: Aggregate,
    zero: &Value,
    sure: &BTreeSet<Vec<Value>>,
    possible: Option<&BTreeSet<Vec<Value>>>,
) -> Option<Value> {
    writ::aggregate(how, zero, sure, possible)
}

/// Takes the better of two values of a group.
fn join<K: Ord, L: ascent::Lattice>(groups: &mut BTreeMap<K, L>, key: K, best: L) {
    match groups.entry(key) {
        std::collections::btree_map::Entry::Occupied(mut held) => {
            held.get_mut().join_mut(best);
        }
        std::collections::btree_map::Entry::Vacant(none) => {
            none.insert(best);
        }
    }
}

macro_rules! lattice {
    ($name:ident, $better:tt) => {
        /// The value of a lattice column.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        struct $name(i64);

        impl $name {
            fn of(value: &Value) -> Option<$name> {
                match value {
                    Value::Int(number) => Some($name(*number)),
                    _ => None,
                }
            }

            fn value(&self) -> Value {
                Value::Int(self.0)
            }
        }

        /// The better value is the greater one.
        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &$name) -> Option<std::cmp::Ordering> {
                Some(if self.0 == other.0 {
                    std::cmp::Ordering::Equal
                } else if self.0 $better other.0 {
                    std::cmp::Ordering::Greater
                } else {
                    std::cmp::Ordering::Less
                })
            }
        }

        impl ascent::Lattice for $name {
            fn join_mut(&mut self, other: Self) -> bool {
                let is_better = other.0 $better self.0;
                if is_better {
                    *self = other;
                }
                is_better
            }

            fn meet_mut(&mut self, other: Self) -> bool {
                let is_worse = self.0 $better other.0;
                if is_worse {
                    *self = other;
                }
                is_worse
            }
        }
    };
}

lattice!(Least, <);
lattice!(Most, >);

macro_rules! gather {
    ($($name:ident: $($cell:ident)*;)*) => {$(
        /// The members of a group, for [`aggregate`].
        fn $name<'v>(
            members: impl Iterator<Item = ($(gather!(@ $cell &'v Value),)*)>,
        ) -> impl Iterator<Item = BTreeSet<Vec<Value>>> {
            let row = |($($cell,)*): ($(gather!(@ $cell &'v Value),)*)| vec![$($cell.clone()),*];
            std::iter::once(members.map(row).collect())
        }
    )*};
    (@ $cell:ident $kind:ty) => { $kind };
}
