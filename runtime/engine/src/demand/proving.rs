//! Proofs of the author's program, from one that derives only what is asked for.
//!
//! Once it is known what is asked for, that is as good as given: the rules that found it are left out, what facts give of a
//! relation is given of its parts, and each part stands in the stratum of its relation. So a tuple stands as high there as in
//! the author's program, and the proof of the smallest height is the same, but for the literal in front that says what is
//! asked for.

use super::rewrite::{Origin, Rewritten};
use super::{Author, Demand};
use crate::engine::Hypothesis;
use program::{Program, RelationId, RuleId, Scope, Stratum, Tuple, Value};
use proof::{Inputs, Node, Premise, Proof, Side, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A program in which proofs are found.
#[derive(Debug)]
pub struct Proving {
    /// The program.
    pub program: Arc<Program>,
    /// What is given in it.
    pub inputs: Inputs,
    /// For each rule the author's.
    rules: Vec<RuleId>,
}

impl Demand {
    /// The program in which to prove the answers.
    ///
    /// - `world`: what follows from `inputs` by the program of this demand, and with it what is asked for.
    pub fn proving(&self, world: &Hypothesis<'_>, inputs: &Inputs) -> Proving {
        let asked = &self.program;
        let kept = (0..).map(RuleId).zip(&self.made.origins).filter_map(|(id, origin)| match origin {
            Origin::Rule(rule) => Some((id, *rule)),
            Origin::Given | Origin::Asked => None,
        });
        let kept: Vec<(RuleId, RuleId)> = kept.collect();
        let mut program = Program { relations: asked.relations.clone(), ..Program::default() };
        program.rules = kept.iter().map(|(id, _)| asked.rule(*id).clone()).collect();
        program.strata = self.strata(&program);
        let given = |side: Side| {
            let own = inputs.side(side).iter().filter(|(relation, _)| self.reads(**relation));
            let mut given: BTreeMap<RelationId, BTreeSet<Tuple>> =
                own.map(|(id, tuples)| (*id, tuples.clone())).collect();
            for (number, part) in self.made.parts.iter().enumerate() {
                if part.within && side == Side::Before {
                    continue;
                }
                let wanted: BTreeSet<Tuple> = world.tuples(side, self.made.asked(number)).into_iter().collect();
                let key =
                    |tuple: &Tuple| part.columns.iter().map(|column| tuple[*column].clone()).collect::<Vec<Value>>();
                let stated = inputs.side(side).get(&part.relation).into_iter().flatten();
                let stated = stated.filter(|tuple| wanted.contains(&key(tuple))).cloned().collect();
                given.insert(self.made.tuples(number), stated);
                given.insert(self.made.asked(number), wanted);
            }
            given
        };
        let inputs = Inputs { before: given(Side::Before), after: given(Side::After) };
        Proving { program: Arc::new(program), inputs, rules: kept.into_iter().map(|(_, rule)| rule).collect() }
    }

    /// The author's strata, each with the parts of its relations; of those that exist only within a change another one.
    fn strata(&self, program: &Program) -> Vec<Stratum> {
        let author = Author::of(&self.author);
        let mut members: BTreeMap<(bool, usize), (BTreeSet<RelationId>, Vec<RuleId>)> = BTreeMap::new();
        for (id, rule) in (0..).map(RuleId).zip(&program.rules) {
            let head = rule.head.relation;
            let home = author.homes[self.made.of(head).0 as usize].expect("bug: a rule without a stratum");
            let within = program.relation(head).scope == Scope::Change;
            let (relations, rules) = members.entry((within, home)).or_default();
            relations.insert(head);
            rules.push(id);
        }
        let strata = members.into_values().map(|(relations, rules)| {
            let mut read = rules.iter().flat_map(|rule| program.rule(*rule).reads());
            let recursive = read.any(|relation| relations.contains(&relation));
            let scope =
                relations.iter().map(|relation| program.relation(*relation).scope).max().unwrap_or(Scope::State);
            Stratum { relations: relations.into_iter().collect(), rules, recursive, scope }
        });
        strata.collect()
    }

    /// A proof of the program of [`Demand::proving`] as one of the author's.
    ///
    /// - returns: nodes in the order in which the engine writes them; it says of as many tuples or fewer.
    pub fn restored(&self, proving: &Proving, proof: &Proof) -> Proof {
        let mut nodes: Vec<Node> = Vec::new();
        let mut heights: Vec<u32> = Vec::new();
        let mut known: BTreeMap<(Side, RelationId, Tuple), usize> = BTreeMap::new();
        // What is asked for has no place.
        let mut places: Vec<usize> = Vec::with_capacity(proof.nodes.len());
        for node in &proof.nodes {
            let is_asked = self.made.is_asked(node.relation);
            let key = (node.side, self.made.of(node.relation), node.tuple.clone());
            let met = known.get(&key).copied().filter(|_| !is_asked);
            places.push(met.unwrap_or(nodes.len()));
            if is_asked || met.is_some() {
                continue;
            }
            let why = match &node.why {
                Why::Given => Why::Given,
                Why::Derived { rule, binding, premises } => {
                    let is_part = self.made.is_part(node.relation);
                    let premises = premises.iter().skip(usize::from(is_part));
                    let premises = premises.map(|premise| moved(premise, &places)).collect();
                    Why::Derived { rule: proving.rules[rule.0 as usize], binding: binding.clone(), premises }
                }
            };
            heights.push(match &why {
                Why::Given => 0,
                Why::Derived { premises, .. } => {
                    1 + premises.iter().flat_map(Premise::nodes).map(|at| heights[at]).max().unwrap_or(0)
                }
            });
            known.insert(key.clone(), nodes.len());
            nodes.push(Node { side: key.0, relation: key.1, tuple: key.2, why });
        }
        let root = places.last().copied().unwrap_or(0);
        Proof { nodes: sorted(nodes, &heights, root), minimal: proof.minimal }
    }
}

impl Rewritten {
    fn is_part(&self, relation: RelationId) -> bool {
        relation.0 as usize >= self.first
    }

    fn is_asked(&self, relation: RelationId) -> bool {
        self.is_part(relation) && (relation.0 as usize - self.first) % 2 == 1
    }
}

/// The nodes that `root` rests on, by height, world, relation and tuple; itself comes last.
fn sorted(nodes: Vec<Node>, heights: &[u32], root: usize) -> Vec<Node> {
    let mut used: Vec<bool> = (0..nodes.len()).map(|at| at == root).collect();
    for (at, node) in nodes.iter().enumerate().rev() {
        if let (true, Why::Derived { premises, .. }) = (used[at], &node.why) {
            premises.iter().flat_map(Premise::nodes).for_each(|premise| used[premise] = true);
        }
    }
    let mut order: Vec<usize> = (0..nodes.len()).filter(|at| used[*at]).collect();
    order.sort_by_key(|at| (heights[*at], nodes[*at].side, nodes[*at].relation, &nodes[*at].tuple));
    let mut places = vec![0; nodes.len()];
    order.iter().enumerate().for_each(|(place, at)| places[*at] = place);
    let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
    let placed = order.into_iter().map(|at| {
        let mut node = nodes[at].take().expect("bug: a node has one place");
        if let Why::Derived { premises, .. } = &mut node.why {
            premises.iter_mut().for_each(|premise| *premise = moved(premise, &places));
        }
        node
    });
    placed.collect()
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
