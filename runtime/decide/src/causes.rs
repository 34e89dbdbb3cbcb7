//! Causes: the actions that brought a tuple about.
//!
//! Down the proof of what is new: a given leaf that an action added has that action as its cause. For a tuple that is
//! absent, down the proofs of those that matched before and are gone: the leaves that an action removed. And so on, in
//! turns, each tuple once. Of several proofs the printed one is followed, and each has a changed leaf, since what is new
//! did not hold before.

use crate::case::Failure;
use crate::settled::Settled;
use program::{Atom, Literal, RelationId, Term, Tuple, Value};
use proof::{Proof, Side, Why};
use std::collections::BTreeSet;

/// The positions of the actions that brought about what `proof` proves in the world after.
pub(crate) fn causes(settled: &Settled<'_>, proof: &Proof) -> Result<BTreeSet<usize>, Failure> {
    let mut search = Search { settled, seen: BTreeSet::new(), found: BTreeSet::new() };
    search.follow(proof)?;
    Ok(search.found)
}

struct Search<'a> {
    settled: &'a Settled<'a>,
    /// Tuples whose proof was followed.
    seen: BTreeSet<(Side, RelationId, Tuple)>,
    found: BTreeSet<usize>,
}

impl Search<'_> {
    /// Follows a proof of a tuple that holds on the side of its root and not on the other. What the rules read from the
    /// other world is no trace of the change.
    fn follow(&mut self, proof: &Proof) -> Result<(), Failure> {
        let Some(here) = proof.root().map(|root| root.side) else { return Ok(()) };
        for node in proof.nodes.iter().filter(|node| node.side == here) {
            match &node.why {
                Why::Given => {
                    let worlds = self.settled.worlds;
                    let turned = if here == Side::After { &worlds.added_by } else { &worlds.removed_by };
                    self.found.extend(turned.get(&(node.relation, node.tuple.clone())).into_iter().flatten());
                }
                Why::Derived { rule, binding, .. } => {
                    for literal in &self.settled.program.rule(*rule).body {
                        self.literal(literal, binding, here)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn literal(&mut self, literal: &Literal, binding: &[Option<Value>], here: Side) -> Result<(), Failure> {
        let Some((atom, relations)) = absent(literal) else { return Ok(()) };
        if here.reads(atom.world) != [here] {
            return Ok(());
        }
        let pattern = pattern(atom, binding);
        relations.into_iter().try_for_each(|relation| self.turned(relation, &pattern, here))
    }

    /// Follows the tuples that match in the other world and not in this one.
    fn turned(&mut self, relation: RelationId, pattern: &[Option<Value>], here: Side) -> Result<(), Failure> {
        let there = match here {
            Side::Before => Side::After,
            Side::After => Side::Before,
        };
        for tuple in self.settled.matching(there, relation, pattern) {
            if self.settled.holds(here, relation, &tuple) || !self.seen.insert((there, relation, tuple.clone())) {
                continue;
            }
            let proof = self.settled.prove(there, relation, &tuple)?;
            self.follow(&proof)?;
        }
        Ok(())
    }
}

/// The atom of which a literal says that tuples are not there, and the relations in which they are looked for.
pub(crate) fn absent(literal: &Literal) -> Option<(&Atom, Vec<RelationId>)> {
    match literal {
        Literal::Absent(atom) => Some((atom, vec![atom.relation])),
        // Members that are there stand among the nodes of a proof; those that left are looked for.
        Literal::Aggregate { sure, possible, .. } => {
            Some((sure, std::iter::once(sure.relation).chain(*possible).collect()))
        }
        Literal::Holds(_) | Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => {
            None
        }
    }
}

/// What an atom asks for under a binding; `None` is any value.
pub(crate) fn pattern(atom: &Atom, binding: &[Option<Value>]) -> Vec<Option<Value>> {
    let value = |term: &Term| match term {
        Term::Variable(variable) => binding.get(*variable).cloned().flatten(),
        Term::Constant(value) => Some(value.clone()),
        Term::Any => None,
    };
    atom.terms.iter().map(value).collect()
}
