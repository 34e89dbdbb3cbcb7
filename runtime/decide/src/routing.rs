//! Whose word an escalation or an ambiguity asks for.
//!
//! First the parties that the rule names and that had the right before the change; then the owner of the intent, then the
//! owner of the package. Where these may not decide, those who may are asked; they where nobody may.

use crate::settled::Settled;
use evidence::{ACCEPT_RISK, Doubt};
use program::{Objection, Tuple, Value, Verb};
use proof::Side;
use std::collections::BTreeSet;

pub(crate) struct Routing<'a> {
    settled: &'a Settled<'a>,
}

/// Whom to ask.
pub(crate) struct Route {
    /// Sorted, each once.
    pub parties: Vec<String>,
    /// Nobody whom the rule names has the right, or nobody is named at all.
    pub without_right: bool,
}

impl<'a> Routing<'a> {
    pub(crate) fn of(settled: &'a Settled<'a>) -> Routing<'a> {
        Routing { settled }
    }

    /// Who decides an escalation.
    pub(crate) fn escalation(&self, objection: &Objection, tuple: &Tuple) -> Route {
        let mut named = BTreeSet::new();
        for route in objection.route.into_iter().flat_map(|id| [id, self.settled.possible(id)]) {
            let pattern: Vec<Option<Value>> = tuple.iter().cloned().map(Some).chain([None]).collect();
            named.extend(
                self.settled
                    .matching(Side::After, route, &pattern)
                    .into_iter()
                    .filter_map(|t| t.last().map(Value::show)),
            );
        }
        let entitled: Vec<String> = named.into_iter().filter(|party| self.entitled(party)).collect();
        if !entitled.is_empty() {
            return Route { parties: entitled, without_right: false };
        }
        let instance = tuple.first().and_then(Value::as_text);
        let applied = self.settled.program.instances.iter().find(|one| Some(one.name.as_str()) == instance);
        let parties = self.owners(applied.map(|one| one.intent.as_str()).into_iter().collect());
        let without_right = objection.route.is_some() || parties.is_empty();
        Route { parties, without_right }
    }

    /// Who may clear an ambiguity about an action, or about the whole change.
    pub(crate) fn ambiguity(&self, doubt: Doubt, action: Option<usize>, subject: &str) -> Vec<String> {
        match doubt {
            Doubt::NoPermit => self.owners(BTreeSet::from([subject])),
            Doubt::NoIntent | Doubt::NoRight => self.owners(BTreeSet::new()),
            // About the whole change: whoever answers for what it touches.
            Doubt::NoAccountable
            | Doubt::Unknown
            | Doubt::Conflict
            | Doubt::Disagreement
            | Doubt::Source
            | Doubt::Partial => {
                let actions = self.settled.case.change.actions.iter().enumerate();
                let about = actions.filter(|(at, one)| action.map_or(one.verb != Verb::Read, |action| action == *at));
                let covers = self.settled.program.find("std.intent.covers");
                let of = |side, resource: &str| {
                    let pattern = [None, Some(Value::text(resource))];
                    covers.map(|id| self.settled.matching(side, id, &pattern)).unwrap_or_default()
                };
                let covering: Vec<Tuple> = about
                    .flat_map(|(_, one)| Side::BOTH.into_iter().flat_map(|side| of(side, &one.resource)))
                    .collect();
                self.owners(covering.iter().filter_map(|tuple| tuple.first()?.as_text()).collect())
            }
        }
    }

    /// The owners of the intents, the package's where none of them has one; as far as they may decide, else who may.
    fn owners(&self, intents: BTreeSet<&str>) -> Vec<String> {
        let known = self.settled.program.intents.iter().filter(|intent| intents.contains(intent.name.as_str()));
        let mut owners: BTreeSet<String> = known.filter_map(|intent| intent.owner.clone()).collect();
        if owners.is_empty() {
            owners.extend(self.settled.program.owner.clone());
        }
        let able: Vec<String> = owners.iter().filter(|owner| self.entitled(owner)).cloned().collect();
        let others = if able.is_empty() { self.able(&intents) } else { able };
        if others.is_empty() { owners.into_iter().collect() } else { others }
    }

    /// Who had the right before the change, everywhere or for one of the intents; not whoever asks, whose own word is none.
    fn able(&self, intents: &BTreeSet<&str>) -> Vec<String> {
        let right = Some(Value::text(ACCEPT_RISK));
        let find = |name: &str, pattern: &[Option<Value>]| {
            let relation = self.settled.program.find(name);
            relation.map(|id| self.settled.matching(Side::Before, id, pattern)).unwrap_or_default()
        };
        let mut found = find("std.authority.right", &[None, right.clone()]);
        for intent in intents {
            let now = self.settled.case.now;
            let mandates =
                find("std.authority.mandate", &[None, right.clone(), Some(Value::text(*intent)), None]).into_iter();
            found.extend(mandates.filter(|tuple| matches!(tuple.last(), Some(Value::Time(until)) if *until >= now)));
        }
        let parties = found.iter().filter_map(|tuple| tuple.first()).map(Value::show);
        let others = parties.filter(|party| Some(party) != self.settled.case.actor.as_ref());
        others.collect::<BTreeSet<String>>().into_iter().collect()
    }

    /// Looks again whether a party had the right before the change, somewhere; where, the route's own rule asks.
    pub(crate) fn entitled(&self, party: &str) -> bool {
        let pattern = [Some(Value::text(party)), Some(Value::text(ACCEPT_RISK)), None];
        ["std.authority.right", "std.authority.holds", "std.authority.may"].iter().any(|name| {
            let relation = self.settled.program.find(name);
            relation.is_some_and(|id| {
                let columns = self.settled.program.relation(id).columns.len();
                !self.settled.matching(Side::Before, id, &pattern[..columns]).is_empty()
            })
        })
    }
}
