//! The proofs of a decision, each once, under the names that its reasons use.

use crate::case::Failure;
use crate::settled::Settled;
use program::{RelationId, Tuple};
use proof::{Proof, Side};
use std::collections::BTreeMap;

/// Proofs in the order in which they were asked for.
#[derive(Default)]
pub(crate) struct Proofs {
    list: Vec<Proof>,
    known: BTreeMap<(Side, RelationId, Tuple), usize>,
}

impl Proofs {
    /// Proves the tuple, checks the proof and keeps it.
    ///
    /// - returns: the name it has until [`Proofs::named`] gives the final ones.
    pub(crate) fn add(
        &mut self,
        settled: &Settled<'_>,
        side: Side,
        relation: RelationId,
        tuple: &Tuple,
    ) -> Result<String, Failure> {
        let key = (side, relation, tuple.clone());
        if let Some(at) = self.known.get(&key) {
            return Ok(at.to_string());
        }
        self.list.push(settled.prove(side, relation, tuple)?);
        self.known.insert(key, self.list.len() - 1);
        Ok((self.list.len() - 1).to_string())
    }

    /// The proof of that name.
    pub(crate) fn get(&self, name: &str) -> &Proof {
        let at: usize = name.parse().expect("bug: a proof's name is a number");
        &self.list[at]
    }

    /// Names the proofs `p1`, `p2`, … in the order in which `visit` meets their names; others are left out.
    pub(crate) fn named(self, visit: impl FnOnce(&mut dyn FnMut(&mut String))) -> Vec<(String, Proof)> {
        let mut order: BTreeMap<usize, usize> = BTreeMap::new();
        visit(&mut |name: &mut String| {
            let at: usize = name.parse().expect("bug: a proof's name is a number");
            let next = order.len() + 1;
            *name = format!("p{}", order.entry(at).or_insert(next));
        });
        let mut named: Vec<(usize, Proof)> =
            self.list.into_iter().enumerate().filter_map(|(at, proof)| Some((*order.get(&at)?, proof))).collect();
        named.sort_by_key(|(number, _)| *number);
        named.into_iter().map(|(number, proof)| (format!("p{number}"), proof)).collect()
    }
}
