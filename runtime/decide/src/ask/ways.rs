//! Several proofs of one tuple: each ends in another instance of a rule.
//!
//! For every rule that could give the tuple, every binding under which its body holds is a last step; what it rests on is
//! proved as ever. A last step whose premises rest on the tuple itself is none.
//!
//! INVARIANT: every proof that is handed out was checked.

use crate::case::Failure;
use crate::near::{Binding, pattern, satisfy, unify};
use crate::settled::Settled;
use program::{Atom, Literal, RelationId, Rule, RuleId, Tuple};
use proof::{Absence, Node, Premise, Proof, Side, Why};
use std::collections::BTreeMap;

/// Bindings of a rule that are looked at.
const LOOKED_AT: usize = 64;

/// Proofs of a tuple that end in different instances of rules, the shortest first.
///
/// - `most`: at most so many.
/// - returns: the proofs; and whether there are no others.
pub(super) fn ways(
    settled: &Settled<'_>,
    side: Side,
    relation: RelationId,
    tuple: &Tuple,
    most: usize,
) -> Result<(Vec<Proof>, bool), Failure> {
    let mut found = vec![settled.prove(side, relation, tuple)?];
    let mut all = true;
    for (id, rule) in (0..).map(RuleId).zip(&settled.program.rules).filter(|(_, rule)| rule.head.relation == relation) {
        let mut bindings = Vec::new();
        let start = unify(&rule.head, tuple, &vec![None; rule.variables.len()]);
        if let Some(start) = start {
            all &= solutions(settled, side, rule, start, &mut Vec::new(), &mut bindings);
        }
        for binding in bindings {
            if let Some(proof) = ending(settled, side, (id, rule), tuple, binding)?
                && found.iter().all(|other| root(other) != root(&proof))
            {
                found.push(proof);
            }
        }
    }
    found[1..].sort_by_key(|proof| proof.nodes.len());
    all &= found.len() <= most;
    found.truncate(most);
    Ok((found, all))
}

/// The last step, by which proofs are told apart.
fn root(proof: &Proof) -> Option<(&RuleId, &Vec<Option<program::Value>>)> {
    match &proof.root()?.why {
        Why::Derived { rule, binding, .. } => Some((rule, binding)),
        Why::Given => None,
    }
}

/// Collects the bindings under which a body holds; returns whether these are all.
fn solutions(
    settled: &Settled<'_>,
    side: Side,
    rule: &Rule,
    binding: Binding,
    done: &mut Vec<usize>,
    found: &mut Vec<Binding>,
) -> bool {
    let bound: Vec<bool> = binding.iter().map(Option::is_some).collect();
    let ran: Vec<bool> = (0..rule.body.len()).map(|at| done.contains(&at)).collect();
    let Some(next) = rule.ready(&bound, &ran) else {
        if !found.contains(&binding) {
            found.push(binding);
        }
        return true;
    };
    for binding in satisfy(settled, side, &rule.body[next], &binding, &mut usize::MAX.clone()) {
        if found.len() >= LOOKED_AT {
            return false;
        }
        done.push(next);
        let all = solutions(settled, side, rule, binding, done, found);
        done.pop();
        if !all {
            return false;
        }
    }
    true
}

/// The proof that ends in this instance; `None` where a premise rests on the tuple itself.
fn ending(
    settled: &Settled<'_>,
    side: Side,
    (id, rule): (RuleId, &Rule),
    tuple: &Tuple,
    binding: Binding,
) -> Result<Option<Proof>, Failure> {
    let mut joined = Joined { settled, nodes: Vec::new(), known: BTreeMap::new() };
    let mut premises = Vec::with_capacity(rule.body.len());
    for literal in &rule.body {
        let ruled = |relation| settled.program.rules.iter().any(|rule| rule.head.relation == relation);
        premises.push(match literal {
            Literal::Holds(atom) => {
                let Some(found) = joined.one(side, atom, &binding)? else { return Ok(None) };
                Premise::Holds(found)
            }
            Literal::Absent(atom) => Premise::Absent {
                pattern: pattern(atom, &binding),
                why: if ruled(atom.relation) { Absence::NotDerived } else { Absence::NotGiven },
            },
            Literal::Aggregate { sure, possible, .. } => Premise::Aggregated {
                sure: joined.group(side, sure, sure.relation, &binding)?,
                possible: match possible {
                    Some(relation) => joined.group(side, sure, *relation, &binding)?,
                    None => Vec::new(),
                },
            },
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => {
                Premise::Computed
            }
        });
    }
    let relation = rule.head.relation;
    if joined.known.contains_key(&(side, relation, tuple.clone())) {
        return Ok(None);
    }
    let why = Why::Derived { rule: id, binding, premises };
    joined.nodes.push(Node { side, relation, tuple: tuple.clone(), why });
    let proof = Proof { nodes: joined.nodes, minimal: false };
    settled.check(&proof)?;
    Ok(Some(proof))
}

/// Proofs put together, each node once.
struct Joined<'a, 's> {
    settled: &'a Settled<'s>,
    nodes: Vec<Node>,
    known: BTreeMap<(Side, RelationId, Tuple), usize>,
}

impl Joined<'_, '_> {
    /// The node of the first tuple that matches a condition.
    fn one(&mut self, side: Side, atom: &Atom, binding: &Binding) -> Result<Option<usize>, Failure> {
        let wanted = pattern(atom, binding);
        for side in side.reads(atom.world) {
            if let Some(tuple) = self.settled.matching(*side, atom.relation, &wanted).first() {
                return self.add(*side, atom.relation, tuple).map(Some);
            }
        }
        Ok(None)
    }

    /// The nodes of all tuples of a group, sorted by tuple, each tuple once.
    fn group(
        &mut self,
        side: Side,
        atom: &Atom,
        relation: RelationId,
        binding: &Binding,
    ) -> Result<Vec<usize>, Failure> {
        let wanted = pattern(atom, binding);
        let mut nodes: BTreeMap<Tuple, usize> = BTreeMap::new();
        for side in side.reads(atom.world) {
            for tuple in self.settled.matching(*side, relation, &wanted) {
                let node = self.add(*side, relation, &tuple)?;
                nodes.entry(tuple).or_insert(node);
            }
        }
        Ok(nodes.into_values().collect())
    }

    fn add(&mut self, side: Side, relation: RelationId, tuple: &Tuple) -> Result<usize, Failure> {
        let proof = self.settled.prove(side, relation, tuple)?;
        let mut places = Vec::with_capacity(proof.nodes.len());
        for node in proof.nodes {
            let key = (node.side, node.relation, node.tuple.clone());
            let next = self.nodes.len();
            let place = *self.known.entry(key).or_insert(next);
            if place == next {
                self.nodes.push(moved(node, &places));
            }
            places.push(place);
        }
        Ok(*places.last().expect("bug: a checked proof has a node"))
    }
}

/// The node with its premises where they stand now.
fn moved(node: Node, places: &[usize]) -> Node {
    let all = |nodes: Vec<usize>| nodes.into_iter().map(|at| places[at]).collect();
    let premise = |premise| match premise {
        Premise::Holds(at) => Premise::Holds(places[at]),
        Premise::Aggregated { sure, possible } => Premise::Aggregated { sure: all(sure), possible: all(possible) },
        other @ (Premise::Absent { .. } | Premise::Computed) => other,
    };
    match node.why {
        Why::Given => node,
        Why::Derived { rule, binding, premises } => {
            Node { why: Why::Derived { rule, binding, premises: premises.into_iter().map(premise).collect() }, ..node }
        }
    }
}
