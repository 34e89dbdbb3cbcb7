//! The unknown values that a possible tuple hangs on: those that its proof compares, asks about or ranges over, and those
//! that what it finds absent, or counts, hangs on in turn.

use crate::case::Failure;
use crate::causes::pattern;
use crate::settled::Settled;
use crate::words;
use program::{Literal, Presence, RelationId, Truth, Tuple, Value, compare, evaluate, presence};
use proof::{Side, Why};
use std::collections::BTreeSet;

/// Where the unknown values come from that a tuple of the world after hangs on.
pub(crate) fn origins(settled: &Settled<'_>, relation: RelationId, tuple: &Tuple) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    unknowns(settled, Side::After, relation, tuple)?.iter().for_each(|value| words::origins(value, &mut found));
    Ok(found)
}

fn unknowns(
    settled: &Settled<'_>,
    side: Side,
    relation: RelationId,
    tuple: &Tuple,
) -> Result<BTreeSet<Value>, Failure> {
    let mut search = Search {
        settled,
        seen: BTreeSet::new(),
        found: BTreeSet::new(),
        made: BTreeSet::new(),
        bound: BTreeSet::new(),
    };
    search.tuple(side, relation, tuple)?;
    // What was made of unknown values is said by those.
    if search.found.iter().any(|value| !search.made.contains(value)) {
        search.found.retain(|value| !search.made.contains(value));
    }
    if search.found.is_empty() {
        search.found.extend(tuple.iter().filter(|value| !value.is_known()).cloned());
    }
    // Whether they are there at all.
    if search.found.is_empty() {
        search.found = search.bound;
    }
    Ok(search.found)
}

struct Search<'a> {
    settled: &'a Settled<'a>,
    seen: BTreeSet<(Side, RelationId, Tuple)>,
    found: BTreeSet<Value>,
    /// What aggregates made of groups that are not known.
    made: BTreeSet<Value>,
    /// What variables were bound to.
    bound: BTreeSet<Value>,
}

impl Search<'_> {
    fn tuple(&mut self, side: Side, relation: RelationId, tuple: &Tuple) -> Result<(), Failure> {
        if !self.seen.insert((side, relation, tuple.clone())) {
            return Ok(());
        }
        for node in &self.settled.prove(side, relation, tuple)?.nodes {
            let Why::Derived { rule, binding, .. } = &node.why else { continue };
            for literal in &self.settled.program.rule(*rule).body {
                match literal {
                    Literal::Test { op, left, right, .. } => {
                        if let (Some(left), Some(right)) = (evaluate(left, binding), evaluate(right, binding))
                            && compare(*op, &left, &right) == Truth::Possible
                        {
                            self.found.extend([left, right].into_iter().filter(|value| !value.is_known()));
                        }
                    }
                    Literal::Is { expr, .. } => {
                        let value = evaluate(expr, binding);
                        if presence(value.as_ref()) == Presence::Unknown {
                            self.found.extend(value);
                        }
                    }
                    Literal::Each { variable, .. } => {
                        let element = binding.get(*variable).and_then(Option::as_ref);
                        self.found.extend(element.filter(|element| element.holds_many()).cloned());
                    }
                    Literal::Absent(atom) => {
                        let possible = self.settled.possible(atom.relation);
                        if possible != atom.relation {
                            let pattern = pattern(atom, binding);
                            for side in node.side.reads(atom.world) {
                                let matched = self.settled.matching(*side, possible, &pattern);
                                matched.iter().try_for_each(|tuple| self.tuple(*side, possible, tuple))?;
                            }
                        }
                    }
                    Literal::Aggregate { variable, sure, possible, .. } => {
                        let made = binding.get(*variable).and_then(Option::as_ref).filter(|made| !made.is_known());
                        let Some(made) = made else { continue };
                        self.made.insert(made.clone());
                        let (pattern, possible) = (pattern(sure, binding), possible.unwrap_or(sure.relation));
                        for side in node.side.reads(sure.world) {
                            for tuple in self.settled.matching(*side, possible, &pattern) {
                                self.found.extend(tuple.iter().filter(|value| !value.is_known()).cloned());
                                if !self.settled.holds(*side, sure.relation, &tuple) {
                                    self.tuple(*side, possible, &tuple)?;
                                }
                            }
                        }
                    }
                    Literal::Bind { variable, .. } => {
                        let value = binding.get(*variable).and_then(Option::as_ref);
                        self.bound.extend(value.filter(|value| !value.is_known()).cloned());
                    }
                    Literal::Holds(_) => {}
                }
            }
        }
        Ok(())
    }
}
