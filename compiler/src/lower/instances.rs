//! Which relations of blueprints hang on the application: on `covered`, on a parameter, or on one that does.
//!
//! Those have the instance as a hidden first column, so a thousand applications copy no rule. Governance relations of
//! blueprints always have it: a violation is a violation of an instance.

use super::Input;
use super::occurrences::{any_literal, in_expr, variables_of};
use crate::hir;
use rustc_hash::FxHashSet;

/// The qualified names of the instanced relations.
pub(crate) fn instanced<'a>(input: &Input<'a>) -> FxHashSet<&'a str> {
    let mut found: FxHashSet<&str> = FxHashSet::default();
    for module in &input.modules {
        let governed = module.signatures.relations.iter().filter(|r| r.word.is_some() && r.blueprint.is_some());
        found.extend(governed.map(|relation| relation.declared.name.as_str()));
    }
    let items = input.modules.iter().flat_map(|module| &module.items);
    let rules: Vec<&hir::Rule> = items.flat_map(|item| &item.item.rules).filter(|r| r.blueprint.is_some()).collect();
    let mut open: Vec<&hir::Rule> = Vec::new();
    for rule in rules {
        let hir::Head::Relation { name, .. } = &rule.head else { continue };
        let covered = any_literal(&rule.body, &mut |literal| matches!(literal, hir::Literal::Covered(..)));
        if covered || reads_parameter(rule) {
            found.insert(name);
        } else if !found.contains(name.as_str()) {
            open.push(rule);
        }
    }
    loop {
        let before = open.len();
        open.retain(|rule| {
            let hir::Head::Relation { name, .. } = &rule.head else { return false };
            let hangs = any_literal(
                &rule.body,
                &mut |literal| matches!(literal, hir::Literal::Atom(atom) if same(rule, atom) && found.contains(atom.relation.as_str())),
            );
            if hangs {
                found.insert(name);
            }
            !hangs
        });
        if open.len() == before {
            return found;
        }
    }
}

/// Whether the atom is of the blueprint that the rule stands in.
fn same(rule: &hir::Rule, atom: &hir::Atom) -> bool {
    let blueprint = rule.blueprint.as_deref().unwrap_or_default();
    atom.relation.rsplit_once('.').is_some_and(|(owner, _)| owner == blueprint)
}

fn reads_parameter(rule: &hir::Rule) -> bool {
    let mut read = Vec::new();
    if let hir::Head::Relation { terms, .. } = &rule.head {
        terms.iter().for_each(|term| in_expr(term, &mut read));
    }
    variables_of(&rule.body, &mut read);
    read.into_iter().any(|index| rule.variables[index].parameter)
}
