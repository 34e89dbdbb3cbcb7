//! Proofs of the author's program, from one that derives only what is asked for.
//!
//! Once it is known what is asked for and what holds of it, that is as good as given: the author's rules run again, each
//! relation that was derived in parts behind a literal that says which tuples were found in any of them. So each stands there
//! once, as high as in the author's program and with the same ways to derive it, and the search for its proof takes the same
//! course, its bound too: a proof is the author's, but for the literal in front.

use super::rewrite::{Origin, id};
use super::{Author, Demand};
use crate::engine::Hypothesis;
use program::{Atom, Literal, Program, Relation, RelationId, Rule, RuleId, Scope, Stratum, Tuple, World};
use proof::{Inputs, Node, Premise, Proof, Side, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A program in which proofs are found.
#[derive(Debug)]
pub struct Proving {
    /// The program: an answer stands in the relation that the goal names.
    pub program: Arc<Program>,
    /// What is given in it.
    pub inputs: Inputs,
    /// For each rule the author's.
    rules: Vec<RuleId>,
    /// The number of the first relation that is not the author's: each says what was found of one.
    first: usize,
}

impl Demand {
    /// The program in which to prove the answers.
    ///
    /// - `world`: what follows from `inputs` by the program of this demand.
    pub fn proving(&self, world: &Hypothesis<'_>, inputs: &Inputs) -> Proving {
        let author = Author::of(&self.author);
        let first = self.made.first;
        let parted: BTreeSet<RelationId> = self.made.parts.iter().map(|part| part.relation).collect();
        let parted: Vec<RelationId> = parted.into_iter().collect();
        let mut relations = self.program.relations[..first].to_vec();
        for (number, relation) in parted.iter().enumerate() {
            let of = author.program.relation(*relation);
            let columns = keys(of).map(|column| of.columns[column].clone()).collect();
            relations.push(Relation::hidden(format!("~{number:09} {} found", of.name), columns, of.scope));
        }
        let found = |relation: RelationId| parted.binary_search(&relation).ok().map(|place| id(first + place));
        let rules: BTreeSet<RuleId> = self.made.origins.iter().filter_map(Origin::author).collect();
        let rules: Vec<RuleId> = rules.into_iter().collect();
        let guarded = |rule: &RuleId| {
            let rule = author.program.rule(*rule);
            let terms =
                |head: &Atom| keys(author.program.relation(head.relation)).map(|at| head.terms[at].clone()).collect();
            let guard = found(rule.head.relation)
                .map(|relation| Literal::Holds(Atom { relation, world: World::Here, terms: terms(&rule.head) }));
            Rule { body: guard.into_iter().chain(rule.body.iter().cloned()).collect(), ..rule.clone() }
        };
        let mut program = Program { relations, rules: rules.iter().map(guarded).collect(), ..Program::default() };
        program.strata = strata(&author, &program);
        let given = |side: Side| {
            let own = inputs.side(side).iter().filter(|(relation, _)| self.reads(**relation));
            let mut given: BTreeMap<RelationId, BTreeSet<Tuple>> =
                own.map(|(id, tuples)| (*id, tuples.clone())).collect();
            for (number, part) in self.made.parts.iter().enumerate() {
                let Some(found) = found(part.relation).filter(|_| !part.within || side == Side::After) else {
                    continue;
                };
                let of = author.program.relation(part.relation);
                let key = |tuple: Tuple| keys(of).map(|column| tuple[column].clone()).collect::<Tuple>();
                given
                    .entry(found)
                    .or_default()
                    .extend(world.tuples(side, self.made.tuples(number)).into_iter().map(key));
            }
            given
        };
        let inputs = Inputs { before: given(Side::Before), after: given(Side::After) };
        Proving { program: Arc::new(program), inputs, rules, first }
    }
}

/// The columns that say which tuple it is: of those that agree in them only one holds.
fn keys(relation: &Relation) -> impl Iterator<Item = usize> + use<> {
    let lattice = relation.lattice().map(|(column, _)| column);
    (0..relation.columns.len()).filter(move |column| Some(*column) != lattice)
}

/// The author's strata, as far as they have rules.
fn strata(author: &Author<'_>, program: &Program) -> Vec<Stratum> {
    let mut members: BTreeMap<usize, (BTreeSet<RelationId>, Vec<RuleId>)> = BTreeMap::new();
    for (id, rule) in (0..).map(RuleId).zip(&program.rules) {
        let head = rule.head.relation;
        let home = author.homes[head.0 as usize].expect("bug: a rule without a stratum");
        let (relations, rules) = members.entry(home).or_default();
        relations.insert(head);
        rules.push(id);
    }
    let strata = members.into_values().map(|(relations, rules)| {
        let mut read = rules.iter().flat_map(|rule| program.rule(*rule).reads());
        let recursive = read.any(|relation| relations.contains(&relation));
        let scope = relations.iter().map(|relation| program.relation(*relation).scope).max().unwrap_or(Scope::State);
        Stratum { relations: relations.into_iter().collect(), rules, recursive, scope }
    });
    strata.collect()
}

impl Proving {
    /// A proof of this program as one of the author's.
    ///
    /// - returns: nodes in the order in which the engine writes them.
    pub fn restored(&self, proof: &Proof) -> Proof {
        let is_found = |node: &Node| node.relation.0 as usize >= self.first;
        // What was found has no place.
        let kept = proof.nodes.iter().scan(0, |place, node| {
            let own = *place;
            *place += usize::from(!is_found(node));
            Some(own)
        });
        let places: Vec<usize> = kept.collect();
        let nodes = proof.nodes.iter().filter(|node| !is_found(node)).cloned().map(|mut node| {
            if let Why::Derived { rule, premises, .. } = &mut node.why {
                if matches!(premises.first(), Some(Premise::Holds(at)) if is_found(&proof.nodes[*at])) {
                    premises.remove(0);
                }
                premises.iter_mut().for_each(|premise| *premise = moved(premise, &places));
                *rule = self.rules[rule.0 as usize];
            }
            node
        });
        Proof { nodes: nodes.collect(), minimal: proof.minimal }
    }
}

/// A premise whose nodes stand in other places.
fn moved(premise: &Premise, places: &[usize]) -> Premise {
    let all = |nodes: &[usize]| nodes.iter().map(|at| places[*at]).collect();
    match premise {
        Premise::Holds(at) => Premise::Holds(places[*at]),
        Premise::Aggregated { sure, possible } => Premise::Aggregated { sure: all(sure), possible: all(possible) },
        Premise::Absent { .. } | Premise::Computed => premise.clone(),
    }
}
