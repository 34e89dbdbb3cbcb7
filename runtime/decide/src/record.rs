//! What is kept of a decision: its proofs with the facts and rules they cite, what was asked, sealed; and the same proofs
//! in words.

use crate::decision::Decision;
use crate::explained::{explain, given};
use crate::settled::Settled;
use crate::worlds::Given;
use evidence::{CitedFact, Judgement, Record, SourcePlace};
use program::{FactSource, Objection, Origin, Permit, Program, RelationId};
use proof::{Proof, Side, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Puts the proofs into the decision, in words, and seals its record.
pub(crate) fn keep(settled: &Settled<'_>, decision: &mut Decision, proofs: Vec<(String, Proof)>) {
    let mut wanted: BTreeSet<Given> = proofs.iter().flat_map(|(_, proof)| given(proof)).collect();
    let asked = asked(settled);
    wanted.extend(asked.iter().cloned());
    let origins = settled.worlds.origins(&wanted);
    decision.proofs =
        proofs.iter().map(|(name, proof)| (name.clone(), explain(settled.program, proof, &origins))).collect();

    let (names, full): (Vec<String>, Vec<Proof>) = proofs.into_iter().unzip();
    let (mut rules, proofs) =
        evidence::cited(settled.program, &full, asked.first().map(|(relation, _)| *relation).as_slice());
    governance(settled.program, &mut rules);
    let (sources, facts) = facts(settled.program, &rules, &full, &asked, &origins);
    let judged = |action: &crate::decision::Judged| Judgement {
        id: action.id.clone(),
        verb: action.verb,
        resource: action.resource.clone(),
        verdict: action.verdict,
        reasons: action.reasons.clone(),
        accountable: action.accountable.clone(),
    };
    decision.evidence = evidence::seal(Record {
        verdict: decision.verdict,
        change: decision.change.clone(),
        model: decision.model.version.clone(),
        program: decision.program.clone(),
        actor: decision.actor.clone(),
        session: decision.session.clone(),
        now: decision.now.clone(),
        actions: decision.actions.iter().map(judged).collect(),
        reasons: decision.reasons.clone(),
        standing: decision.standing.clone(),
        fixed: decision.fixed.clone(),
        ambiguities: decision.ambiguities.clone(),
        proofs: names.into_iter().zip(proofs).collect(),
        facts,
        sources,
        rules,
        assurance: decision.assurance,
        engine: settled.case.build.clone(),
        prior: settled.case.prior.clone(),
    });
}

/// What says of each action what is done to what.
const ACTION: &str = "std.change.action";

/// The facts of the actions themselves, cited whether a proof needs them or not, so that a record shows what was asked.
fn asked(settled: &Settled<'_>) -> Vec<Given> {
    let Some(relation) = settled.program.find(ACTION) else { return Vec::new() };
    settled.tuples(Side::After, relation).into_iter().map(|tuple| (relation, tuple.clone())).collect()
}

/// Tells which of the cited relations object and which permit.
fn governance(program: &Program, rules: &mut Program) {
    let there = |id: RelationId| rules.find(&program.relation(id).name);
    let objections = program.objections.iter().filter_map(|objection| {
        let (sure, possible) = (there(objection.relation), objection.possible.and_then(there));
        // Where only the possible reading is cited, no relation stands for the sure one.
        let relation = sure.unwrap_or(RelationId(u32::MAX));
        (sure.is_some() || possible.is_some()).then(|| Objection {
            relation,
            possible,
            route: None,
            ..objection.clone()
        })
    });
    let permits = program
        .permits
        .iter()
        .filter_map(|permit| Some(Permit { relation: there(permit.relation)?, ..permit.clone() }));
    let (objections, permits) = (objections.collect(), permits.collect());
    (rules.objections, rules.permits) = (objections, permits);
}

/// The given tuples that proofs cite, sorted, and the sources they were read from.
fn facts(
    program: &Program,
    rules: &Program,
    proofs: &[Proof],
    asked: &[Given],
    origins: &BTreeMap<Given, Vec<Origin>>,
) -> (Vec<Arc<FactSource>>, Vec<CitedFact>) {
    let sources: BTreeSet<&Arc<FactSource>> = origins.values().flatten().map(|origin| &origin.source).collect();
    let sources: Vec<Arc<FactSource>> = sources.into_iter().cloned().collect();
    let nodes = proofs.iter().flat_map(|proof| &proof.nodes).filter(|node| node.why == Why::Given);
    let name = |relation: RelationId| program.relation(relation).name.as_str();
    let mut cited: BTreeSet<(Side, &str, Given)> =
        nodes.map(|node| (node.side, name(node.relation), (node.relation, node.tuple.clone()))).collect();
    cited.extend(asked.iter().map(|given| (Side::After, name(given.0), given.clone())));
    let facts = cited.into_iter().map(|(side, name, given)| {
        let read = origins.get(&given).map(Vec::as_slice).unwrap_or_default().iter();
        let at: BTreeSet<SourcePlace> = read
            .map(|origin| SourcePlace {
                source: sources.partition_point(|source| source < &origin.source),
                place: origin.place.to_string(),
            })
            .collect();
        let relation = rules.find(name).expect("bug: a cited fact is of a cited relation");
        CitedFact::new(rules, side, relation, given.1, at.into_iter().collect())
    });
    let facts = facts.collect();
    (sources, facts)
}
