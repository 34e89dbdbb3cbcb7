//! Relations that nothing fills: asked by a rule of the package, derived by none, and in no fact of the model.
//!
//! Not here: where in the text they are declared (`compiler`).

use crate::case::Case;
use program::{Literal, Reading, RelationId, Scope};
use std::collections::BTreeSet;

/// The package's own input relations without a tuple in the facts of the case.
///
/// - `case`: with or without a change; what a change sets counts as well.
/// - returns: qualified names. A relation that is `optional`, of the standard library, or asked by nobody is none.
pub fn unfilled(case: &Case<'_>) -> BTreeSet<String> {
    let program = &case.program;
    let own = program.rules.iter().filter(|rule| program.is_own(&rule.citation.file));
    let asked: BTreeSet<RelationId> = own
        .flat_map(|rule| &rule.body)
        .filter_map(|literal| match literal {
            Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. } => Some(atom.relation),
            Literal::Test { .. } | Literal::Bind { .. } | Literal::Each { .. } | Literal::Is { .. } => None,
        })
        .collect();
    let derived: BTreeSet<RelationId> = program.rules.iter().map(|rule| rule.head.relation).collect();
    let set = case.change.actions.iter().flat_map(|action| &action.set);
    let given = case.facts.iter().chain(&case.change.facts).chain(set);
    let given: BTreeSet<&str> = given.map(|fact| &*fact.relation).collect();
    let lacking = asked.difference(&derived).map(|id| program.relation(*id)).filter(|relation| {
        let input = relation.scope == Scope::State && !relation.hidden && !relation.optional;
        let second = matches!(relation.reading, Reading::Possible(_));
        input && !second && !relation.name.starts_with("std.") && !given.contains(relation.name.as_str())
    });
    lacking.map(|relation| relation.name.clone()).collect()
}
