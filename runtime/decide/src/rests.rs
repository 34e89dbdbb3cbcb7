//! What rests on what: the relations that rules lead from.
//!
//! INVARIANT: where it is not known what a source fills, everything rests on it.

use crate::case::SourceState;
use program::{Origin, Program, RelationId, Rule, Tuple};
use std::collections::{BTreeMap, BTreeSet};

/// What a policy may ask about a source besides what the verdict asks.
const ABOUT_SOURCES: [&str; 5] = ["missing", "max_age", "observed", "undated", "stale"];

/// The declared sources of which it does not matter whether they are there or how old they are: each relation that they
/// can fill is `@optional`, or no rule in force rests on it.
///
/// All that the standard library has counts as rested on, since a verdict reads it by itself, and so do the rules of every
/// intent: an intent that a change does not touch may still object to it.
pub(crate) fn exempt<'s>(
    program: &Program,
    states: &'s [SourceState],
    base: &[(RelationId, Tuple, Origin)],
) -> BTreeSet<&'s str> {
    let known: BTreeMap<&str, &BTreeSet<String>> = (states.iter())
        .filter_map(|state| match state {
            SourceState::Fills(name, fills) => Some((name.as_str(), fills)),
            SourceState::Missing(_) | SourceState::Aged(_) | SourceState::Part(..) => None,
        })
        .collect();
    if known.is_empty() || asks_about_sources(program) {
        return BTreeSet::new();
    }
    let standard = (0..).map(RelationId).zip(&program.relations).filter(|(_, one)| one.name.starts_with("std."));
    let cone = cone(program, in_force(program).chain(standard.map(|(id, _)| id)));
    let idle = |id: RelationId| program.relation(id).optional || !cone.contains(&id);
    let mut exempt: BTreeSet<&str> = (known.into_iter())
        .filter(|(_, fills)| fills.iter().all(|name| program.find(name).is_some_and(idle)))
        .map(|(source, _)| source)
        .collect();
    // What it does fill counts, whatever it was said to; not what any answer says around its rows.
    let around = program.find("std.record.around");
    for (relation, _, origin) in base {
        if !idle(*relation) && Some(*relation) != around {
            exempt.remove(&*origin.source.name);
        }
    }
    exempt
}

/// Whether a rule but those of the verdict reads whether a source is there, or how old it is.
fn asks_about_sources(program: &Program) -> bool {
    let about: BTreeSet<RelationId> =
        ABOUT_SOURCES.iter().filter_map(|name| program.find(&format!("std.source.{name}"))).collect();
    let own = ["std.source.stale", "std.verdict.stale_source"].map(|name| program.find(name));
    let others = program.rules.iter().filter(|rule| !own.contains(&Some(rule.head.relation)));
    others.flat_map(Rule::reads).any(|relation| about.contains(&relation))
}

/// Whether what the policy says itself, or what is in force of it, rests on a relation. What only the standard library makes
/// of it does not count, so that nobody pays for what nobody asks.
pub fn asks(program: &Program, name: &str) -> bool {
    let Some(wanted) = program.find(name) else { return false };
    let own = (0..).map(RelationId).zip(&program.relations).filter(|(_, relation)| !relation.name.starts_with("std."));
    cone(program, in_force(program).chain(own.map(|(id, _)| id))).contains(&wanted)
}

/// The relations of denies, escalates and permits in force.
pub(crate) fn in_force(program: &Program) -> impl Iterator<Item = RelationId> + '_ {
    let objections = program.objections.iter().flat_map(|one| [Some(one.relation), one.possible, one.route]).flatten();
    objections.chain(program.permits.iter().map(|permit| permit.relation))
}

/// The relations that rules lead from to any of the roots, these among them.
pub(crate) fn cone(program: &Program, roots: impl Iterator<Item = RelationId>) -> BTreeSet<RelationId> {
    let mut below: BTreeMap<RelationId, BTreeSet<RelationId>> = BTreeMap::new();
    for rule in &program.rules {
        below.entry(rule.head.relation).or_default().extend(rule.reads());
    }
    let mut waiting: Vec<RelationId> = roots.collect();
    let mut found = BTreeSet::new();
    while let Some(relation) = waiting.pop() {
        if found.insert(relation) {
            waiting.extend(below.get(&relation).into_iter().flatten());
        }
    }
    found
}
