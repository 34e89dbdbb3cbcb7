//! Names in the emitted file: of relations, and of the variables of a rule.

use crate::cone::Cone;
use program::{RelationId, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// What each relation is called: its qualified name with `_`, and a number where two would be called the same.
pub(crate) fn relations(cone: &Cone<'_>) -> BTreeMap<RelationId, String> {
    let mut taken = BTreeSet::new();
    let name = |relation: &RelationId| {
        let plain = plain(&cone.program.relation(*relation).name.replace('?', "_possible"));
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let name = std::iter::once(plain.clone()).chain(numbered).find(|name| !taken.contains(name));
        let name = name.unwrap_or(plain);
        taken.insert(name.clone());
        (*relation, name)
    };
    cone.relations.iter().map(name).collect()
}

/// What each variable of a rule is called: as its author did where Rust allows it, and with its number.
pub(crate) fn variables(rule: &Rule) -> Vec<String> {
    let name = |(number, variable): (usize, &program::Variable)| format!("{}_{number}", plain(&variable.name));
    rule.variables.iter().enumerate().map(name).collect()
}

/// ASCII letters, digits and `_`, in the case of a Rust variable, no `_` first.
fn plain(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = name.chars().map(fits).collect();
    let name = name.trim_start_matches('_');
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name.to_owned() } else { format!("x{name}") }
}
