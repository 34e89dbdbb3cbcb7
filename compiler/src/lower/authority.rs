//! Authority is older than the change: who may is read, in a decision, from the world before.
//!
//! In a change-scoped rule an atom of an authority relation reads the world before. Where the relation speaks of a
//! resource it reads `<name>$decided` instead: what the world before says, and for a resource that the change creates
//! what the world after says, as long as its party is one that the actor is vouched for by.

use super::Texts;
use super::draft::{Draft, Kind, here};
use crate::graph;
use program::{Atom, Literal, RelationId, Rule, Scope, Term, Type, Variable, World};
use rustc_hash::FxHashMap;

/// Turns the authority atoms of change-scoped rules; the hidden relations come behind all others.
pub(crate) fn read_before(draft: &mut Draft<'_>, scopes: &mut Vec<Scope>, texts: &Texts<'_>) {
    let mut decided: FxHashMap<RelationId, Option<RelationId>> = FxHashMap::default();
    for position in 0..draft.rules.len() {
        if scopes[draft.rules[position].rule.head.relation.0 as usize] != Scope::Change {
            continue;
        }
        let read = graph::atoms(&draft.rules[position].rule).map(|(atom, _)| atom.relation);
        let read: Vec<RelationId> = read.filter(|relation| draft.relation(*relation).authority).collect();
        for relation in read {
            decided.entry(relation).or_insert_with(|| add_decided(draft, relation, texts));
        }
        for literal in &mut draft.rules[position].rule.body {
            let (Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. }) = literal else {
                continue;
            };
            let Some(hidden) = decided.get(&atom.relation) else { continue };
            match (hidden, atom.world) {
                (_, World::Before) => {}
                (None, World::Here | World::Either) => atom.world = World::Before,
                (Some(hidden), World::Here | World::Either) => (atom.relation, atom.world) = (*hidden, World::Here),
            }
        }
    }
    scopes.resize(draft.relations.len(), Scope::Change);
}

/// `<name>$decided`, where the relation has resources and parties among its columns.
fn add_decided(draft: &mut Draft<'_>, relation: RelationId, texts: &Texts<'_>) -> Option<RelationId> {
    let read = draft.relation(relation);
    let columns_of = |name: &str| -> Vec<usize> {
        let wanted = Type::Entity(name.to_owned());
        (0..read.columns.len()).filter(|column| read.columns[*column].r#type == wanted).collect()
    };
    let (resources, parties) = (columns_of("std.state.Resource"), columns_of("std.authority.Party"));
    // Who may is a matter of parties: what names none is read from the world before alone.
    if resources.is_empty() || parties.is_empty() {
        return None;
    }
    let vouched = draft.find("std.authority.vouched")?;
    let created = draft.find("std.change.created")?;
    let (module, declared) = read.declared?;
    let citation = texts.declaration(module, &declared.declared);
    let variable = |column: &program::Column| Variable { name: column.name.clone(), r#type: column.r#type.clone() };
    let variables: Vec<Variable> = read.columns.iter().map(variable).collect();
    let (name, mut columns, instanced) = (format!("{}$decided", read.name), read.columns.clone(), read.instanced);
    columns.iter_mut().for_each(|column| column.lattice = None);
    let hidden = draft.add_hidden(name, columns, Kind::Change);
    draft.relations[hidden.0 as usize].instanced = instanced;
    let terms: Vec<Term> = (0..variables.len()).map(Term::Variable).collect();
    let before = Atom { relation, world: World::Before, terms: terms.clone() };
    let of = |relation, column: &usize| Literal::Holds(here(relation, vec![Term::Variable(*column)]));
    let mut after = vec![Literal::Holds(here(relation, terms.clone()))];
    for resource in &resources {
        after.push(of(created, resource));
        let terms = |party: &usize| vec![Term::Variable(*party), Term::Variable(*resource)];
        after.extend(parties.iter().map(|party| Literal::Holds(here(vouched, terms(party)))));
    }
    for body in [vec![Literal::Holds(before)], after] {
        let head = here(hidden, terms.clone());
        let rule = Rule { head, body, variables: variables.clone(), message: Vec::new(), citation: citation.clone() };
        draft.rule(rule, None);
    }
    Some(hidden)
}
