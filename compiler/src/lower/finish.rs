//! The finished program: relations sorted by name, every id renumbered, strata in order.

use super::Input;
use super::draft::{Draft, Kind};
use super::enums;
use super::governance::Governance;
use super::readings::Readings;
use super::variables::compact;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph;
use crate::hir;
use program::{Literal, Objection, Permit, Program, Reading, Relation, RelationId, Rule, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// The program, or the diagnostic of a cycle that only unknown values close.
///
/// - `scopes`: of the relations that the draft had before `readings`.
pub(crate) fn finish(
    input: &Input<'_>,
    readings: Readings<'_>,
    scopes: Vec<Scope>,
    governance: Governance,
) -> (Option<Program>, Vec<Diagnostic>) {
    let Readings { draft, mut rules, twins } = readings;
    let mut relations = relations(&draft, &twins, &scopes);
    let mut order: Vec<usize> = (0..relations.len()).collect();
    order.sort_unstable_by(|a, b| relations[*a].name.cmp(&relations[*b].name));
    let mut places = vec![RelationId(0); order.len()];
    for (place, old) in (0_u32..).zip(&order) {
        places[*old] = RelationId(place);
    }
    let place = |id: RelationId| places[id.0 as usize];
    for relation in &mut relations {
        relation.reading = match relation.reading {
            Reading::Only => Reading::Only,
            Reading::Sure(twin) => Reading::Sure(place(twin)),
            Reading::Possible(twin) => Reading::Possible(place(twin)),
        };
    }
    let mut sorted: Vec<Option<Relation>> = relations.into_iter().map(Some).collect();
    let relations: Vec<Relation> = order.iter().filter_map(|old| sorted[*old].take()).collect();
    for rule in &mut rules {
        renumber(rule, &place);
        compact(rule);
    }
    let scopes: Vec<Scope> = relations.iter().map(|relation| relation.scope).collect();
    let strata = match graph::strata(&rules, &scopes) {
        Ok(strata) => strata,
        Err((reader, read)) => {
            let names = [reader, read].map(|id| relations[id.0 as usize].name.clone());
            return (None, vec![cycle_of_unknowns(&draft, &names)]);
        }
    };
    let twin = |id: RelationId| twins[id.0 as usize].map(place);
    let objection = |objection: super::governance::Objection| Objection {
        weight: objection.weight,
        name: objection.name,
        relation: place(objection.relation),
        possible: twin(objection.relation),
        measure: objection.measure,
        route: objection.route.map(|route| twin(route).unwrap_or_else(|| place(route))),
        severity: objection.severity,
        controls: objection.controls,
        waivable: objection.waivable,
    };
    let enums = words(input);
    enums::read_as_words(&mut rules, &enums);
    let those = |which: fn(&hir::Relation) -> bool| -> Vec<RelationId> {
        let all = draft.relations.iter().zip(&places);
        let mut found: Vec<RelationId> = all
            .filter(|(relation, _)| relation.declared.is_some_and(|(_, of)| which(of)))
            .map(|(_, place)| *place)
            .collect();
        found.sort_unstable();
        found
    };
    // A blueprint's own are filled by its rules alone.
    let (closed, editable) = (those(|relation| relation.blueprint.is_some()), those(|relation| relation.editable));
    let program = Program {
        enums,
        closed,
        editable,
        relations,
        rules,
        strata,
        objections: governance.objections.into_iter().map(objection).collect(),
        permits: governance.permits.into_iter().map(|(name, id)| Permit { name, relation: place(id) }).collect(),
        intents: governance.intents,
        instances: governance.instances,
        packages: input.packages.clone(),
        owner: input.owner.clone(),
    };
    (Some(program), Vec::new())
}

/// The words of every enum.
fn words(input: &Input<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let enums = input.modules.iter().flat_map(|module| &module.signatures.enums);
    enums.map(|of| (of.declared.name.clone(), of.members.iter().cloned().collect())).collect()
}

/// The relations of the draft, then their possible readings, with the draft's ids.
fn relations(draft: &Draft<'_>, twins: &[Option<RelationId>], scopes: &[Scope]) -> Vec<Relation> {
    let mut all: Vec<Relation> = Vec::with_capacity(draft.relations.len());
    for (index, relation) in draft.relations.iter().enumerate() {
        // A helper made for unknown values stands behind the relation it helps.
        let scope = match (scopes.get(index), relation.kind) {
            (Some(scope), _) => *scope,
            (None, Kind::Helper(parent)) => all[parent.0 as usize].scope,
            (None, Kind::State | Kind::Change | Kind::Governance) => Scope::State,
        };
        all.push(Relation {
            name: relation.name.clone(),
            columns: relation.columns.clone(),
            scope,
            authority: relation.authority,
            instanced: relation.instanced,
            key: relation.key.clone(),
            reading: twins[index].map_or(Reading::Only, Reading::Sure),
            optional: relation.optional,
            hidden: relation.declared.is_none(),
        });
    }
    for index in 0..all.len() {
        if twins[index].is_some() {
            let sure = RelationId(u32::try_from(index).expect("bug: more than 2^32 relations"));
            let twin = Relation {
                name: format!("{}?", all[index].name),
                reading: Reading::Possible(sure),
                key: None,
                ..all[index].clone()
            };
            all.push(twin);
        }
    }
    all
}

fn renumber(rule: &mut Rule, place: &impl Fn(RelationId) -> RelationId) {
    rule.head.relation = place(rule.head.relation);
    for literal in &mut rule.body {
        match literal {
            Literal::Holds(atom) | Literal::Absent(atom) => atom.relation = place(atom.relation),
            Literal::Aggregate { sure, possible, .. } => {
                sure.relation = place(sure.relation);
                *possible = possible.map(place);
            }
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => {}
        }
    }
}

fn cycle_of_unknowns(draft: &Draft<'_>, names: &[String; 2]) -> Diagnostic {
    let plain = |name: &str| name.split(['$', '?']).next().unwrap_or(name).to_owned();
    let [reader, read] = [plain(&names[0]), plain(&names[1])];
    let message = format!("`{reader}` depends on its own absence where values of `{read}` are unknown");
    let diagnostic = Diagnostic::new(Code::NegativeCycle, message)
        .law("what stands under `not` or in an aggregate is settled before the rule that asks for it")
        .help("take the negation, or the aggregate, into a relation of its own that binds its variables itself");
    let source = draft.find(&reader).and_then(|id| {
        let own = draft.rules.iter().filter(|rule| rule.rule.head.relation == id);
        own.filter_map(|rule| rule.source).next()
    });
    match source {
        Some(source) => diagnostic.label_at(source.place(source.rule.span), "one of the rules of the cycle"),
        None => diagnostic,
    }
}
