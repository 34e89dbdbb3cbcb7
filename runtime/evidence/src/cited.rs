//! The part of a program that some proofs rest on, so that a record can carry it.

use program::{Literal, Program, Reading, RelationId, RuleId, Stratum};
use proof::{Absence, Premise, Proof, Why};
use std::collections::{BTreeMap, BTreeSet};

/// The cited relations and rules, and the proofs with their numbers in that smaller program.
///
/// The rules that derive a relation whose *absence* is cited come along, so that it is still known to have rules.
/// Objections, permits, intents and packages stay behind. The proofs must have been checked against `program`.
///
/// - `also`: relations that come along although no proof cites them.
pub fn cited(program: &Program, proofs: &[Proof], also: &[RelationId]) -> (Program, Vec<Proof>) {
    let mut rules: BTreeSet<RuleId> = BTreeSet::new();
    let mut relations: BTreeSet<RelationId> = also.iter().copied().collect();
    let mut complete: BTreeSet<RelationId> = BTreeSet::new();
    for node in proofs.iter().flat_map(|proof| &proof.nodes) {
        relations.insert(node.relation);
        let Why::Derived { rule, premises, .. } = &node.why else { continue };
        rules.insert(*rule);
        for (literal, premise) in program.rule(*rule).body.iter().zip(premises) {
            match premise {
                Premise::Absent { why: Absence::NotDerived, .. } | Premise::Aggregated { .. } => {
                    complete.extend(literal.reads())
                }
                Premise::Absent { why: Absence::NotGiven, .. } | Premise::Holds(_) | Premise::Computed => {}
            }
        }
    }
    let all = (0..).map(RuleId).zip(&program.rules);
    rules.extend(all.filter(|(_, rule)| complete.contains(&rule.head.relation)).map(|(id, _)| id));
    for rule in rules.iter().map(|id| program.rule(*id)) {
        relations.insert(rule.head.relation);
        relations.extend(rule.reads());
    }
    let names = Names {
        relations: relations.iter().copied().zip((0..).map(RelationId)).collect(),
        rules: rules.iter().copied().zip((0..).map(RuleId)).collect(),
    };
    let proofs = proofs.iter().cloned().map(|proof| names.proof(proof)).collect();
    (names.program(program), proofs)
}

/// What is kept, by its number before, with its number after.
struct Names {
    relations: BTreeMap<RelationId, RelationId>,
    rules: BTreeMap<RuleId, RuleId>,
}

impl Names {
    fn program(&self, program: &Program) -> Program {
        let relations = self.relations.keys().map(|id| {
            let mut relation = program.relation(*id).clone();
            relation.reading = match relation.reading {
                Reading::Only => Reading::Only,
                Reading::Sure(other) => self.relations.get(&other).map_or(Reading::Only, |id| Reading::Sure(*id)),
                Reading::Possible(other) => {
                    self.relations.get(&other).map_or(Reading::Only, |id| Reading::Possible(*id))
                }
            };
            relation
        });
        let rules = self.rules.keys().map(|id| {
            let mut rule = program.rule(*id).clone();
            rule.head.relation = self.relations[&rule.head.relation];
            for literal in &mut rule.body {
                match literal {
                    Literal::Holds(atom) | Literal::Absent(atom) => atom.relation = self.relations[&atom.relation],
                    Literal::Aggregate { sure, possible, .. } => {
                        sure.relation = self.relations[&sure.relation];
                        *possible = possible.map(|id| self.relations[&id]);
                    }
                    Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => {}
                }
            }
            rule
        });
        let strata = program.strata.iter().map(|stratum| Stratum {
            relations: stratum.relations.iter().filter_map(|id| self.relations.get(id).copied()).collect(),
            rules: stratum.rules.iter().filter_map(|id| self.rules.get(id).copied()).collect(),
            ..stratum.clone()
        });
        Program {
            relations: relations.collect(),
            rules: rules.collect(),
            strata: strata.filter(|stratum| !stratum.relations.is_empty()).collect(),
            ..Program::default()
        }
    }

    fn proof(&self, mut proof: Proof) -> Proof {
        for node in &mut proof.nodes {
            node.relation = self.relations[&node.relation];
            if let Why::Derived { rule, .. } = &mut node.why {
                *rule = self.rules[rule];
            }
        }
        proof
    }
}
