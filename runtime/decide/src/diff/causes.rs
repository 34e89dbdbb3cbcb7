//! What made a tuple turn: facts and rules that one of two worlds has and the other has not.
//!
//! Down the proof of a tuple that only one world has: a given leaf that is not given in the other is a cause, and so is a
//! rule that the other's program does not have. For a tuple that is absent, down the proofs of those that match in the
//! other world and are gone here; and so on, in turns, each tuple once. That a pack knows a word because some other thing is
//! said with it is a cause only where there is no other.

use super::{Cause, PACK, World, parts};
use crate::case::Failure;
use crate::causes::{absent, pattern};
use crate::settled::flaw;
use crate::words;
use crate::worlds::is_resource;
use program::{Citation, Literal, Program, RelationId, Rule, Severity, Tuple, Value, Weight};
use proof::{Inputs, Node, Premise, Proof, Why};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Two worlds, and what one has of the other's program.
pub(super) struct Search<'s> {
    from: &'s World<'s, 's>,
    to: &'s World<'s, 's>,
    /// By number, what the relations and rules of each program are in the other; nothing where both are one program.
    across: Option<[Across; 2]>,
    /// Every proof that was followed: of the earlier world, of the later one.
    followed: [RefCell<Vec<Proof>>; 2],
}

/// A program seen from another.
struct Across {
    relations: Vec<Option<RelationId>>,
    /// Whether the other has the rule.
    rules: Vec<bool>,
}

/// What a search has seen.
#[derive(Default)]
struct Found {
    seen: BTreeSet<(bool, RelationId, Tuple)>,
    causes: BTreeSet<Cause>,
}

impl<'s> Search<'s> {
    pub(super) fn new(from: &'s World<'s, 's>, to: &'s World<'s, 's>) -> Search<'s> {
        let one = std::ptr::eq(from.program, to.program);
        let across = (!one).then(|| [across(from.program, to.program), across(to.program, from.program)]);
        Search { from, to, across, followed: Default::default() }
    }

    /// How many rules came, and how many went: as they are written, each of which the compiler may make several of.
    pub(super) fn rules(&self) -> (usize, usize) {
        let lacking = |across: &Across, program: &Program| {
            let lacking = program.rules.iter().zip(&across.rules).filter(|(_, known)| !**known);
            let written = lacking.map(|(rule, _)| (&rule.citation.file, rule.citation.line, rule.citation.column));
            written.collect::<BTreeSet<_>>().len()
        };
        let both = self.across.as_ref();
        both.map_or((0, 0), |[from, to]| (lacking(to, self.to.program), lacking(from, self.from.program)))
    }

    /// The relation of one program in the other.
    pub(super) fn other(&self, later: bool, relation: RelationId) -> Option<RelationId> {
        match &self.across {
            None => Some(relation),
            Some(across) => across[usize::from(later)].relations[relation.0 as usize],
        }
    }

    /// Why a tuple holds in one world and not in the other: its proof, and what did it.
    ///
    /// - `later`: it holds in the later world.
    pub(super) fn causes(
        &self,
        later: bool,
        relation: RelationId,
        tuple: &Tuple,
    ) -> Result<(Proof, BTreeSet<Cause>), Failure> {
        let mut found = Found::default();
        let proof = self.world(later).prove(relation, tuple)?;
        self.follow(later, &proof, &mut found)?;
        self.followed[usize::from(later)].borrow_mut().push(proof.clone());
        Ok((proof, found.causes))
    }

    /// Checks every proof of one world that was followed.
    ///
    /// - `given`: its facts.
    pub(super) fn checked(&self, later: bool, given: &Inputs) -> Result<(), Failure> {
        let program = proof::lawful(self.world(later).program).map_err(flaw)?;
        let proofs = self.followed[usize::from(later)].borrow();
        proofs.iter().try_for_each(|proof| proof::check(program, given, proof).map(drop).map_err(flaw))
    }

    pub(super) fn world(&self, later: bool) -> &'s World<'s, 's> {
        if later { self.to } else { self.from }
    }

    fn follow(&self, later: bool, proof: &Proof, found: &mut Found) -> Result<(), Failure> {
        let own = own(self.world(later).program, proof);
        let (nearer, farther): (Vec<_>, Vec<_>) = proof.nodes.iter().zip(own).partition(|(_, own)| *own);
        let before = found.causes.len();
        self.turned(later, nearer.into_iter().map(|(node, _)| node), found)?;
        if found.causes.len() == before {
            self.turned(later, farther.into_iter().map(|(node, _)| node), found)?;
        }
        Ok(())
    }

    /// Adds what of some nodes the other world has not.
    fn turned<'n>(&self, later: bool, nodes: impl Iterator<Item = &'n Node>, found: &mut Found) -> Result<(), Failure> {
        let (here, there) = (self.world(later), self.world(!later));
        for node in nodes {
            match &node.why {
                Why::Given => {
                    // One that another source has covered there is stated, and does not hold.
                    let same = |other| there.states(other, &node.tuple) && there.holds(other, &node.tuple);
                    if !self.other(later, node.relation).is_some_and(same) {
                        found.causes.insert(Cause::Fact {
                            came: later,
                            fact: words::line(here.program, node.relation, &node.tuple),
                            at: here.places(node.relation, &node.tuple),
                            parts: self.parts(later, node).unwrap_or_default(),
                        });
                    }
                }
                Why::Derived { rule, binding, .. } => {
                    let known = self.across.as_ref().is_none_or(|a| a[usize::from(later)].rules[rule.0 as usize]);
                    let rule = here.program.rule(*rule);
                    if !known {
                        found.causes.insert(Cause::Rule {
                            came: later,
                            rule: words::derived(here.program, rule),
                            at: format!("{}:{}", rule.citation.file, rule.citation.line),
                        });
                    }
                    for literal in &rule.body {
                        self.literal(later, literal, binding, found)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// How a given tuple's json value differs from the one that the other world has under its key.
    fn parts(&self, later: bool, node: &Node) -> Option<String> {
        let there = self.world(!later);
        let key = self.world(later).program.relation(node.relation).key.as_ref()?;
        let pattern: Vec<Option<Value>> = (node.tuple.iter().enumerate())
            .map(|(at, value)| key.columns.contains(&at).then(|| value.clone()))
            .collect();
        let other = there.matching(self.other(later, node.relation)?, &pattern).into_iter().next()?;
        let json = |tuple: &Tuple| {
            tuple.iter().find_map(|value| if let Value::Json(json) = value { Some(json.clone()) } else { None })
        };
        let (own, other) = (json(&node.tuple)?, json(&other)?);
        let (from, to) = if later { (other, own) } else { (own, other) };
        parts::parts(&from, &to)
    }

    /// Follows the tuples that match in the other world and not in this one, where a literal rests on their absence.
    fn literal(
        &self,
        later: bool,
        literal: &Literal,
        binding: &[Option<Value>],
        found: &mut Found,
    ) -> Result<(), Failure> {
        let Some((atom, relations)) = absent(literal) else { return Ok(()) };
        let pattern = pattern(atom, binding);
        let (here, there) = (self.world(later), self.world(!later));
        for relation in relations {
            let Some(other) = self.other(later, relation) else { continue };
            for tuple in there.matching(other, &pattern) {
                if here.holds(relation, &tuple) || !found.seen.insert((!later, other, tuple.clone())) {
                    continue;
                }
                let proof = there.prove(other, &tuple)?;
                self.follow(!later, &proof, found)?;
                self.followed[usize::from(!later)].borrow_mut().push(proof);
            }
        }
        Ok(())
    }
}

/// Of each node of a proof, whether it is of the thing that is proved: all are, but for facts of other things which do no more
/// than put a word into a table of the packs (`std.pack.attribute`).
fn own(program: &Program, proof: &Proof) -> Vec<bool> {
    let is_thing =
        |node: &Node| program.relation(node.relation).columns.iter().any(|column| is_resource(&column.r#type));
    let is_table = |node: &Node| program.relation(node.relation).name.starts_with(PACK) && !is_thing(node);
    let mut own: Vec<bool> = proof.nodes.iter().map(|node| !is_thing(node)).collect();
    if let Some(root) = own.last_mut() {
        *root = true;
    }
    // A node's premises stand before it.
    for (at, node) in proof.nodes.iter().enumerate().rev() {
        if let (true, false, Why::Derived { premises, .. }) = (own[at], is_table(node), &node.why) {
            premises.iter().flat_map(Premise::nodes).for_each(|premise| own[premise] = true);
        }
    }
    own
}

/// What the relations and rules of a program are in another. An objection that weighs otherwise there, as an escalate or less
/// grave, is another one.
fn across(program: &Program, other: &Program) -> Across {
    let (weights, others) = (weights(program), weights(other));
    let relations: Vec<Option<RelationId>> = (0..)
        .map(RelationId)
        .zip(&program.relations)
        .map(|(id, relation)| {
            let found = other.find(&relation.name)?;
            let same = other.relation(found).columns == relation.columns && weights.get(&id) == others.get(&found);
            same.then_some(found)
        })
        .collect();
    let bare = |rule: Rule| {
        let rule = Rule { citation: Citation::default(), message: Vec::new(), ..rule };
        serde_json::to_string(&rule).expect("bug: a rule is plain data")
    };
    let known: BTreeSet<String> = other.rules.iter().cloned().map(bare).collect();
    let seen = |rule: &Rule| renumbered(rule, &relations).is_some_and(|rule| known.contains(&bare(rule)));
    let rules = program.rules.iter().map(seen).collect();
    Across { relations, rules }
}

/// What objects, in either reading, with its weight and how grave it is.
fn weights(program: &Program) -> BTreeMap<RelationId, (Weight, Option<Severity>)> {
    let objections = program.objections.iter();
    let weighed =
        objections.flat_map(|one| [Some(one.relation), one.possible].map(|id| (id, (one.weight, one.severity))));
    weighed.filter_map(|(id, weight)| Some((id?, weight))).collect()
}

/// A rule in the numbers of another program; `None` where that does not have its relations.
fn renumbered(rule: &Rule, numbers: &[Option<RelationId>]) -> Option<Rule> {
    let number = |relation: &mut RelationId| -> Option<()> {
        *relation = numbers[relation.0 as usize]?;
        Some(())
    };
    let mut rule = rule.clone();
    number(&mut rule.head.relation)?;
    for literal in &mut rule.body {
        match literal {
            Literal::Holds(atom) | Literal::Absent(atom) => number(&mut atom.relation)?,
            Literal::Aggregate { sure, possible, .. } => {
                number(&mut sure.relation)?;
                possible.iter_mut().try_for_each(number)?;
            }
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => {}
        }
    }
    Some(rule)
}
