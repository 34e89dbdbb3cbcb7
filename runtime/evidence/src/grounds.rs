//! What a reason or an ambiguity stands on, so that a word on it counts for nothing else.
//!
//! Its message, and every tuple of its proof: so also each member of a group that is counted. Of what a rule derives the
//! instants and durations are left out, and the instant of the decision is: that time goes by is no other reason. Where
//! nothing permits what is asked, also who asks: the same may be permitted to one and not to another.

use crate::record::{Ambiguity, Doubt, Reason, Record};
use program::{Digest, Value};
use proof::Why;
use serde_json::json;
use std::collections::BTreeSet;

impl Record {
    /// The grounds of a reason: a digest.
    pub(crate) fn grounds_of_reason(&self, reason: &Reason) -> String {
        self.grounds(&reason.message, None, Some(&reason.proof))
    }

    /// The grounds of an ambiguity: a digest.
    pub(crate) fn grounds_of_doubt(&self, doubt: &Ambiguity) -> String {
        let asks = (doubt.kind == Doubt::NoPermit).then_some(self.actor.as_deref()).flatten();
        // Its message may tell how old something is.
        self.grounds("", asks, doubt.proof.as_deref())
    }

    fn grounds(&self, message: &str, asks: Option<&str>, proof: Option<&str>) -> String {
        let mut tuples = BTreeSet::new();
        for node in proof.and_then(|name| self.proofs.get(name)).iter().flat_map(|proof| &proof.nodes) {
            let Some(relation) = self.rules.relations.get(node.relation.0 as usize) else { continue };
            if relation.name == "std.time.now" {
                continue;
            }
            let derived = matches!(node.why, Why::Derived { .. });
            let timeless = |value: &Value| !(derived && matches!(value, Value::Time(_) | Value::Duration(_)));
            let values: Vec<Option<&Value>> =
                node.tuple.iter().map(|value| Some(value).filter(|value| timeless(value))).collect();
            tuples.insert(json!([node.side, relation.name, values]).to_string());
        }
        Digest::of(json!([message, asks, tuples]).to_string().as_bytes()).to_string()
    }
}
