//! What rests on what: the relations that rules lead from.

use program::{Literal, Program, RelationId};
use std::collections::{BTreeMap, BTreeSet};

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
        let read = rule.body.iter().flat_map(|literal| match literal {
            Literal::Holds(atom) | Literal::Absent(atom) => vec![atom.relation],
            Literal::Aggregate { sure, possible, .. } => std::iter::once(sure.relation).chain(*possible).collect(),
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => Vec::new(),
        });
        below.entry(rule.head.relation).or_default().extend(read);
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
