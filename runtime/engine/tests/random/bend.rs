//! Proofs and certificates bent out of shape: every kind of mutation breaks a step, so that none may be accepted.
//!
//! INVARIANT: a bent proof differs from the proof, and is wrong whatever the database says; a kind that would have to be
//! right here is left out.

use super::choices::Choices;
use program::{Literal, Program, RuleId, Value, World};
use proof::{Absence, Certificate, Claimed, Node, Premise, Proof, Side, Why};
use std::collections::BTreeMap;

/// How many proofs were bent in each way.
pub(crate) type Counts = BTreeMap<&'static str, usize>;

/// Every way in which this proof can be bent.
pub(crate) fn bent(program: &Program, proof: &Proof, choices: &mut Choices) -> Vec<(&'static str, Proof)> {
    let mut found = Vec::new();
    let target = choices.below(proof.nodes.len());
    for (number, node) in proof.nodes.iter().enumerate() {
        // One node is bent in all ways, and the root.
        if number == target || number + 1 == proof.nodes.len() {
            for (kind, node) in bent_node(program, proof, number, node, choices) {
                let mut bent = proof.clone();
                bent.nodes[number] = node;
                found.push((kind, bent));
            }
        }
    }
    let mut add = |kind, change: &dyn Fn(&mut Vec<Node>)| {
        let mut bent = proof.clone();
        change(&mut bent.nodes);
        found.push((kind, bent));
    };
    add("without its last node", &|nodes| drop(nodes.pop()));
    add("with a node twice", &|nodes| nodes.insert(0, nodes[0].clone()));
    add("with a node on which nothing rests", &|nodes| {
        let alien = Node { tuple: nodes[0].tuple.iter().map(|_| alien()).collect(), ..nodes[0].clone() };
        nodes.insert(0, alien);
    });
    if proof.nodes.len() > 1 {
        add("backwards", &|nodes| nodes.reverse());
        add("without its first node", &|nodes| drop(nodes.remove(0)));
    }
    found.retain(|(_, bent)| bent != proof);
    found
}

/// A value that no case has.
fn alien() -> Value {
    Value::text("alien")
}

fn bent_node(
    program: &Program,
    proof: &Proof,
    number: usize,
    node: &Node,
    choices: &mut Choices,
) -> Vec<(&'static str, Node)> {
    let mut found = Vec::new();
    if !node.tuple.is_empty() {
        let column = choices.below(node.tuple.len());
        let mut tuple = node.tuple.clone();
        tuple[column] = alien();
        found.push(("another value in a tuple", Node { tuple, ..node.clone() }));
    }
    let mut tuple = node.tuple.clone();
    tuple.push(alien());
    found.push(("a column too many", Node { tuple, ..node.clone() }));
    let other = choices.below(program.relations.len());
    if other != node.relation.0 as usize {
        let relation = program::RelationId(u32::try_from(other).unwrap_or(0));
        found.push(("another relation", Node { relation, ..node.clone() }));
    }
    if !read_in_either_world(program, proof, number) {
        let side = if node.side == Side::Before { Side::After } else { Side::Before };
        found.push(("the other world", Node { side, ..node.clone() }));
    }
    if let (Some((column, _)), Why::Derived { .. }) = (program.relation(node.relation).lattice(), &node.why)
        && let Value::Int(number) = node.tuple[column]
    {
        let mut tuple = node.tuple.clone();
        tuple[column] = Value::Int(number.wrapping_add(1));
        found.push(("another value of a lattice column", Node { tuple, ..node.clone() }));
    }
    let Why::Derived { rule, binding, premises } = &node.why else {
        let rule = RuleId(u32::try_from(choices.below(program.rules.len())).unwrap_or(0));
        if !program.rule(rule).body.is_empty() {
            let binding = vec![None; program.rule(rule).variables.len()];
            let why = Why::Derived { rule, binding, premises: Vec::new() };
            found.push(("a fact as derived", Node { why, ..node.clone() }));
        }
        return found;
    };
    let with = |rule: &RuleId, binding: &Vec<Option<Value>>, premises: &Vec<Premise>| Node {
        why: Why::Derived { rule: *rule, binding: binding.clone(), premises: premises.clone() },
        ..node.clone()
    };
    // A proof of smallest height takes the fact where there is one.
    found.push(("derived as a fact", Node { why: Why::Given, ..node.clone() }));
    let other = RuleId(u32::try_from(choices.below(program.rules.len())).unwrap_or(0));
    if differ(program, *rule, other) {
        found.push(("another rule", with(&other, binding, premises)));
    }
    found.push(("a rule that does not exist", with(&RuleId(u32::MAX), binding, premises)));
    if !binding.is_empty() {
        let variable = choices.below(binding.len());
        let mut other = binding.clone();
        other[variable] = Some(alien());
        found.push(("another value of a variable", with(rule, &other, premises)));
        let mut other = binding.clone();
        other[variable] = if binding[variable].is_some() { None } else { Some(alien()) };
        found.push(("a variable more or less", with(rule, &other, premises)));
        found.push(("a shorter binding", with(rule, &binding[1..].to_vec(), premises)));
    }
    let mut more = premises.clone();
    more.push(Premise::Computed);
    found.push(("a premise too many", with(rule, binding, &more)));
    if premises.is_empty() {
        return found;
    }
    found.push(("a premise too few", with(rule, binding, &premises[1..].to_vec())));
    for (literal, premise) in premises.iter().enumerate() {
        for (kind, premise) in bent_premise(proof, number, premise, choices) {
            let mut premises = premises.clone();
            premises[literal] = premise;
            found.push((kind, with(rule, binding, &premises)));
        }
    }
    found
}

fn bent_premise(
    proof: &Proof,
    number: usize,
    premise: &Premise,
    choices: &mut Choices,
) -> Vec<(&'static str, Premise)> {
    let mut found = Vec::new();
    match premise {
        Premise::Holds(node) => {
            found.push(("a premise that is itself", Premise::Holds(number)));
            found.push(("a premise that stands behind", Premise::Holds(number + 1)));
            let other = choices.below(number);
            if proof.nodes[other].relation != proof.nodes[*node].relation {
                found.push(("a premise of another relation", Premise::Holds(other)));
            }
            found.push(("a literal as computed", Premise::Computed));
        }
        Premise::Absent { pattern, why } => {
            let other = match why {
                Absence::NotGiven => Absence::NotDerived,
                Absence::NotDerived => Absence::NotGiven,
            };
            found.push((
                "an absence that rests on something else",
                Premise::Absent { pattern: pattern.clone(), why: other },
            ));
            if !pattern.is_empty() {
                let column = choices.below(pattern.len());
                let mut other = pattern.clone();
                other[column] = Some(alien());
                found.push(("the absence of something else", Premise::Absent { pattern: other, why: *why }));
                if pattern[column].is_some() {
                    let mut other = pattern.clone();
                    other[column] = None;
                    found.push(("the absence of more", Premise::Absent { pattern: other, why: *why }));
                }
            }
            found.push(("an absence as computed", Premise::Computed));
        }
        Premise::Computed => {
            found.push(("a computation as a node", Premise::Holds(0)));
            found.push(("a computation as a group", Premise::Aggregated { sure: Vec::new(), possible: Vec::new() }));
        }
        Premise::Aggregated { sure, possible } => {
            let group = |sure: &[usize], possible: &[usize]| Premise::Aggregated {
                sure: sure.to_vec(),
                possible: possible.to_vec(),
            };
            if let Some((first, rest)) = sure.split_first() {
                found.push(("a group without a member", group(rest, possible)));
                found.push(("a group with a member twice", group(&[&[*first], sure.as_slice()].concat(), possible)));
                found.push(("a member as only possible", group(rest, &[&[*first], possible.as_slice()].concat())));
            }
            if let Some((_, rest)) = possible.split_first() {
                found.push(("a group without a possible member", group(sure, rest)));
            }
            if sure.len() > 1 {
                let backwards: Vec<usize> = sure.iter().rev().copied().collect();
                found.push(("a group out of order", group(&backwards, possible)));
            }
            found.push((
                "a group with a member that stands behind",
                group(&[sure.as_slice(), &[number]].concat(), possible),
            ));
            found.push(("a group as computed", Premise::Computed));
        }
    }
    found
}

/// Whether some step would take the node from the other world as well.
fn read_in_either_world(program: &Program, proof: &Proof, number: usize) -> bool {
    proof.nodes.iter().any(|node| {
        let Why::Derived { rule, premises, .. } = &node.why else { return false };
        program.rule(*rule).body.iter().zip(premises).any(|(literal, premise)| {
            let world = match literal {
                Literal::Holds(atom) | Literal::Aggregate { sure: atom, .. } => atom.world,
                Literal::Absent(_)
                | Literal::Test { .. }
                | Literal::Is { .. }
                | Literal::Bind { .. }
                | Literal::Each { .. } => World::Here,
            };
            world == World::Either && premise.nodes().any(|premise| premise == number)
        })
    })
}

/// Whether what follows by one rule, with the same binding and premises, cannot follow by the other.
fn differ(program: &Program, one: RuleId, other: RuleId) -> bool {
    let (one, other) = (program.rule(one), program.rule(other));
    let reads = |literal: &Literal| match literal {
        Literal::Holds(atom) => Some(atom.relation),
        Literal::Absent(_) | Literal::Aggregate { .. } => None,
        Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => None,
    };
    one.head.relation != other.head.relation
        || one.body.len() != other.body.len()
        || one.body.iter().zip(&other.body).any(|(a, b)| reads(a) != reads(b))
}

/// A certificate without a claim, with one more, with one changed, or with claims that hold each other up.
pub(crate) fn bent_certificates(certificate: &Certificate) -> Vec<(&'static str, Certificate)> {
    let mut found = Vec::new();
    for side in Side::BOTH {
        let claims = certificate.side(side);
        if claims.is_empty() {
            continue;
        }
        let at = claims.len() / 2;
        let mut add = |kind, change: &dyn Fn(&mut Vec<Claimed>)| {
            let mut bent = certificate.clone();
            change(if side == Side::Before { &mut bent.before } else { &mut bent.after });
            found.push((kind, bent));
        };
        add("a claim too few", &|claims| drop(claims.remove(at)));
        add("a claim twice", &|claims| claims.push(claims[at].clone()));
        add("a claim of height 0", &|claims| claims[at].height = 0);
        if !claims[at].tuple.is_empty() {
            add("a claim too many", &|claims| {
                let mut claim = claims[at].clone();
                claim.tuple[0] = Value::text("alien");
                claims.push(claim);
            });
            add("a claim changed", &|claims| claims[at].tuple[0] = Value::text("alien"));
        }
        if let Some(deep) = claims.iter().position(|claim| claim.height > 1) {
            add("a claim too low", &|claims| {
                let relation = claims[deep].relation;
                claims.iter_mut().filter(|claim| claim.relation == relation).for_each(|claim| claim.height = 1);
            });
        }
    }
    found
}
