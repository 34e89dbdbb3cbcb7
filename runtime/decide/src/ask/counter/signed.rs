//! The words that could be given for what a decision leaves open: all that one party signs with one command is one.
//!
//! Whoever approves a decision signs all that is open of it, and whoever waives a rule all its violations in it, so that
//! either counts as one edit however much it is.
//!
//! Not here: whether it helps (`counter` decides it).

use super::steps::Steps;
use super::{Does, Open, Step};
use crate::ask::passing::{Edit, Kind};
use program::{Tuple, Value};
use proof::Side;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How long a waiver or an approval is proposed for: 30 days, in microseconds.
const LASTS: i64 = 30 * 24 * 3_600 * 1_000_000;

/// How many parties are proposed for one word.
const SPEAKERS: usize = 3;

/// Names of what is signed that are told in one line.
const NAMES: usize = 3;

impl Steps<'_, '_> {
    /// Adds every word that could be given.
    ///
    /// - returns: of those that answer several things each the ones to begin with.
    pub(super) fn signed(&mut self) -> Vec<Step> {
        let mut first = self.approvals();
        first.extend(self.waivers());
        first
    }

    /// An approval by each who could give it, of all that they could approve; of each thing that is asked those parties that
    /// could approve the most.
    ///
    /// - returns: the one that answers the most, and what answers the most of the rest; as far as each answers several things.
    fn approvals(&mut self) -> Vec<Step> {
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

    /// A waiver of each rule that may be waived, by each who could give it.
    ///
    /// - returns: of each rule with several violations the first.
    fn waivers(&mut self) -> Vec<Step> {
        let mut widest = Vec::new();
        for ((rule, right), open) in std::mem::take(&mut self.waivable) {
            // Who holds the right speaks; where their own word would not count, somebody in them.
            let holders = self.holders(&right);
            let mut speakers = self.speakers(&holders);
            speakers.truncate(SPEAKERS);
            let (own, others): (Vec<_>, Vec<_>) = speakers.into_iter().partition(|party| holders.contains(party));
            let parties = if own.is_empty() { others } else { own };
            for (at, party) in parties.iter().enumerate() {
                let step = self.waiver(party, (&rule, &right), &open);
                if at == 0 && open.len() > 1 {
                    widest.push(step.clone());
                }
                self.add(step.edit, step.does);
            }
        }
        widest
    }

    fn approval(&self, party: &str, open: &BTreeSet<&Open>) -> Step {
        let digest = self.settled.case.change.digest.to_string();
        let fact = |(accepts, about): &&Open| -> Tuple {
            let mut tuple = [digest.as_str(), accepts].map(Value::text).to_vec();
            tuple.extend([subjects(about), Value::text(party), Value::text("proposed"), self.until()]);
            tuple
        };
        Step {
            edit: Edit { kind: Kind::Approve, text: format!("an approval by {party} of {}", told(open)) },
            does: Does::Approve { by: party.to_owned(), words: open.iter().map(fact).collect() },
        }
    }

    fn waiver(&self, party: &str, (rule, right): (&str, &str), open: &BTreeSet<Open>) -> Step {
        let fact = |(_, about): &Open| -> Tuple {
            let mut tuple = vec![Value::text(rule), subjects(about)];
            tuple.extend([party, right, "proposed"].map(Value::text));
            tuple.push(self.until());
            tuple
        };
        let text = format!("a waiver by {party} ({right}) of {}", told(&open.iter().collect()));
        Step {
            edit: Edit { kind: Kind::Waive, text },
            does: Does::Waive { by: party.to_owned(), rule: rule.to_owned(), words: open.iter().map(fact).collect() },
        }
    }

    fn until(&self) -> Value {
        Value::Time(self.settled.case.now.saturating_add(LASTS))
    }

    /// Who holds a right.
    fn holders(&self, right: &str) -> BTreeSet<String> {
        let mut parties: BTreeSet<String> = BTreeSet::new();
        for name in ["std.authority.right", "std.authority.mandate"] {
            let Some(id) = self.settled.program.find(name) else { continue };
            let width = self.settled.program.relation(id).columns.len();
            let pattern: Vec<Option<Value>> = (0..width).map(|at| (at == 1).then(|| Value::text(right))).collect();
            parties.extend(
                self.settled.matching(Side::Before, id, &pattern).iter().filter_map(|t| t.first()).map(Value::show),
            );
        }
        parties
    }

    /// Each of the parties, or somebody in it, whose word would count; nobody says it of what they ask for themselves.
    fn speakers<'p>(&self, parties: impl IntoIterator<Item = &'p String>) -> Vec<String> {
        let member = self.settled.program.find("std.authority.member");
        let (mut speakers, mut seen) = (Vec::new(), BTreeSet::new());
        for party in parties {
            let pattern = [None, Some(Value::text(party.as_str()))];
            let members = member.map(|id| self.settled.matching(Side::Before, id, &pattern)).unwrap_or_default();
            let members = members.iter().filter_map(|t| t.first()).map(Value::show);
            for one in std::iter::once(party.clone()).chain(members) {
                let counts = self.words.is_none_or(|words| words.contains(&one));
                if counts && Some(&one) != self.settled.case.actor.as_ref() && seen.insert(one.clone()) {
                    speakers.push(one);
                }
            }
        }
        speakers
    }
}

fn subjects(texts: &[String]) -> Value {
    Value::List(texts.iter().map(|text| Value::text(text.as_str())).collect())
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
