//! The words that could be given for what a decision leaves open: all that one party could approve of it is one.
//!
//! Whoever approves a decision signs all that is open of it with one command, so that it counts as one edit however much it is.
//!
//! Not here: whose word would count (`steps`), and whether it helps (`counter` decides it).

use super::steps::{LASTS, SPEAKERS, Steps, subjects};
use super::{Does, Open, Step};
use crate::ask::passing::{Edit, Kind};
use program::{Tuple, Value};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Names of what is approved that are told in one line.
const NAMES: usize = 3;

impl Steps<'_, '_> {
    /// An approval by each who could give it, of all that they could approve; of each thing that is asked those parties that
    /// could approve the most.
    ///
    /// - returns: the one that answers the most, and what answers the most of the rest; as far as each answers several things.
    pub(super) fn approvals(&mut self) -> Vec<Step> {
        let asked = std::mem::take(&mut self.asked);
        let asked: Vec<(Vec<String>, &BTreeSet<Open>)> =
            asked.iter().map(|(to, open)| (self.speakers(to), open)).collect();
        let mut words: BTreeMap<&String, BTreeSet<&Open>> = BTreeMap::new();
        for (speakers, open) in &asked {
            speakers.iter().for_each(|party| words.entry(party).or_default().extend(*open));
        }
        let most = |party: &String| words.get(party).map_or(0, BTreeSet::len);
        let mut parties: BTreeSet<&String> = BTreeSet::new();
        for (speakers, _) in &asked {
            let mut speakers: Vec<&String> = speakers.iter().collect();
            speakers.sort_by_key(|party| Reverse(most(party)));
            parties.extend(speakers.into_iter().take(SPEAKERS));
        }
        for party in &parties {
            let step = self.approval(party, &words[party]);
            self.add(step.edit, step.does);
        }
        let mut left: BTreeSet<&Open> = asked.iter().flat_map(|(_, open)| *open).collect();
        let mut widest = Vec::new();
        while widest.len() < self.edits {
            let answered = |party: &&String| words[party].intersection(&left).count();
            let Some(party) = parties.iter().copied().min_by_key(|party| Reverse(answered(party))) else { break };
            if answered(&party) < 2 {
                break;
            }
            left.retain(|open| !words[party].contains(open));
            widest.push(self.approval(party, &words[party]));
        }
        widest
    }

    fn approval(&self, party: &str, open: &BTreeSet<&Open>) -> Step {
        let digest = self.settled.case.change.digest.to_string();
        let until = Value::Time(self.settled.case.now.saturating_add(LASTS));
        let fact = |(accepts, about): &&Open| -> Tuple {
            let mut tuple = [digest.as_str(), accepts].map(Value::text).to_vec();
            tuple.extend([subjects(about), Value::text(party), Value::text("proposed"), until.clone()]);
            tuple
        };
        Step {
            edit: Edit { kind: Kind::Approve, text: format!("an approval by {party} of {}", told(open)) },
            does: Does::Approve { by: party.to_owned(), words: open.iter().map(fact).collect() },
        }
    }
}

/// `no permit(a1, shop), no accountable party × 12`.
fn told(open: &BTreeSet<&Open>) -> String {
    let mut named: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
    open.iter().for_each(|(what, about)| named.entry(what).or_default().push(about));
    let shown = named.iter().take(NAMES).map(|(what, about)| match about.as_slice() {
        [only] => format!("{what}({})", only.join(", ")),
        several => format!("{what} × {}", several.len()),
    });
    let mut told = shown.collect::<Vec<_>>().join(", ");
    let more: usize = named.values().skip(NAMES).map(Vec::len).sum();
    if more > 0 {
        told.push_str(&format!(" and {more} more"));
    }
    told
}
