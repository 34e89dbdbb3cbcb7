//! What hangs on a resource: everything reached over `std.graph.edge` of either world, with a shortest way each.
//!
//! INVARIANT: breadth first, neighbours by name, so that of several shortest ways the first by name is given.

use crate::decision::Hit;
use crate::settled::Settled;
use program::{Severity, Tuple, Value};
use proof::Side;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The graph of a case, and what is known of its resources.
pub(crate) struct Graph<'a> {
    /// By what is needed: who needs it. Sure and possible edges of both worlds.
    needed_by: BTreeMap<&'a str, BTreeSet<&'a str>>,
    accountable: BTreeMap<&'a str, BTreeSet<&'a str>>,
    class: BTreeMap<&'a str, Severity>,
}

impl<'a> Graph<'a> {
    pub(crate) fn of(settled: &'a Settled<'_>) -> Graph<'a> {
        let all = |name: &str| -> BTreeSet<&'a Tuple> {
            settled.program.find(name).map(|id| settled.either(settled.possible(id))).unwrap_or_default()
        };
        let mut needed_by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for tuple in all("std.graph.edge") {
            if let [from, to, ..] = tuple.as_slice()
                && let (Some(from), Some(to)) = (from.as_text(), to.as_text())
            {
                needed_by.entry(to).or_default().insert(from);
            }
        }
        let created: BTreeSet<&str> =
            texts(settled, Side::After, "std.change.created").filter_map(|t| t.first().copied()).collect();
        let mut accountable: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for side in Side::BOTH {
            for pair in texts(settled, side, "std.authority.accountable") {
                if let [resource, party] = pair[..]
                    && (side == Side::Before || created.contains(resource))
                {
                    accountable.entry(resource).or_default().insert(party);
                }
            }
        }
        let criticality: BTreeMap<&str, Severity> = (settled.program.intents.iter())
            .filter_map(|intent| Some((intent.name.as_str(), intent.criticality?)))
            .collect();
        let mut class: BTreeMap<&str, Severity> = BTreeMap::new();
        for tuple in all("std.intent.covers") {
            if let [intent, resource] = tuple.as_slice()
                && let (Some(intent), Some(resource)) = (intent.as_text(), resource.as_text())
                && let Some(level) = criticality.get(intent)
            {
                let highest = class.entry(resource).or_insert(*level);
                *highest = (*highest).max(*level);
            }
        }
        Graph { needed_by, accountable, class }
    }

    /// Everything that hangs on `resource`, nearest first, then by name.
    pub(crate) fn blast(&self, resource: &str) -> Vec<Hit> {
        let mut towards: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
        let mut queue = VecDeque::from([(resource, 0)]);
        let mut hits = Vec::new();
        while let Some((at, hops)) = queue.pop_front() {
            for next in self.needed_by.get(at).into_iter().flatten().copied() {
                if next == resource || towards.contains_key(next) {
                    continue;
                }
                towards.insert(next, (at, hops + 1));
                queue.push_back((next, hops + 1));
                hits.push((hops + 1, next));
            }
        }
        hits.sort_unstable();
        let path = |hit: &str| {
            let mut path = vec![hit.to_owned()];
            let mut at = hit;
            while let Some((via, _)) = towards.get(at) {
                path.push((*via).to_owned());
                at = via;
            }
            path
        };
        hits.into_iter()
            .map(|(hops, hit)| Hit {
                resource: hit.to_owned(),
                hops,
                path: path(hit),
                accountable: self
                    .accountable
                    .get(hit)
                    .map(|parties| parties.iter().copied().collect::<Vec<_>>().join(", ")),
                class: self.class.get(hit).map_or("none", |level| severity(*level)).to_owned(),
            })
            .collect()
    }
}

/// The tuples of a relation of the standard library that are all text.
fn texts<'a>(settled: &'a Settled<'_>, side: Side, name: &str) -> impl Iterator<Item = Vec<&'a str>> {
    let tuples = settled.program.find(name).map(|id| settled.tuples(side, id)).unwrap_or_default();
    tuples.into_iter().filter_map(|tuple| tuple.iter().map(Value::as_text).collect())
}

/// The word for it.
pub(crate) fn severity(level: Severity) -> &'static str {
    match level {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}
