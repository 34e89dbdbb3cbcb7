//! Nothing that a record cites speaks of more than it says: what was left out of it stands in what it rests on.
//!
//! INVARIANT: each action that a cited fact is of has its verdict, and each proof is of something that is said.

use crate::envelope::{Refused, refuse};
use crate::record::{Assurance, Judgement, Record, Verdict};
use program::Value;
use proof::Inputs;
use std::collections::BTreeSet;

/// Looks for what is cited and not said; and for an allow by a level that never allows.
///
/// # Flaws
/// [`Refused`]: the first thing that was left out.
pub(super) fn whole(record: &Record, facts: &Inputs) -> Result<(), Refused> {
    if record.verdict == Verdict::Allow && record.assurance == Assurance::Proof {
        return refuse(String::from("it allows, and `proof` is never enough for that"));
    }
    let cited = record.rules.find("std.change.action").and_then(|relation| facts.after.get(&relation));
    for tuple in cited.into_iter().flatten() {
        let says =
            |action: &Judgement| [&*action.id, action.verb.name(), &*action.resource].map(Value::text) == tuple[..];
        if !record.actions.iter().any(says) {
            let shown: Vec<String> = tuple.iter().map(Value::show).collect();
            return refuse(format!("it cites the action {}, and has no verdict of it", shown.join(" ")));
        }
    }
    let named = named(record);
    match record.proofs.keys().find(|name| !named.contains(name.as_str())) {
        Some(name) => refuse(format!("nothing that it says rests on its proof {name}")),
        None => Ok(()),
    }
}

/// The proofs that something is said by.
fn named(record: &Record) -> BTreeSet<&str> {
    let mut named = BTreeSet::new();
    for reason in record.all_reasons() {
        named.insert(reason.proof.as_str());
        named.extend(reason.cleared.iter().map(|cleared| cleared.proof.as_str()));
    }
    for doubt in &record.ambiguities {
        named.extend(doubt.proof.as_deref());
        named.extend(doubt.cleared.iter().map(|cleared| cleared.proof.as_str()));
    }
    named.extend(record.actions.iter().flat_map(|action| &action.accountable).map(|one| one.proof.as_str()));
    named
}
