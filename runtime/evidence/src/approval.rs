//! Somebody's word on a decision: an approval of one change, or a waiver of violations, until an instant.
//!
//! It says what was accepted in the words of the verdict, and of which package's decision: the same change may be asked of
//! several packages, whose rules and intents are named alike, and a word in one of them says nothing in another. Whether it
//! counts is the law's business: as facts of `std.authority` it meets the rights of the world before like any other.
//!
//! Not here: whose key speaks for whom (the manifest's `[trust]`, which the caller knows).

use crate::envelope::Predicate;
use crate::grounds::Lines;
use crate::record::{How, Kind, Reason, Record};
use program::{Fact, Origin, Type, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a party accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// An approval of this change, or a waiver of these violations whatever the change.
    pub how: How,
    /// The change that was decided: `sha256:…`.
    pub change: String,
    /// Its file, as the decision names it.
    pub file: String,
    /// The package whose decision it answers, and in which alone it counts: `acme/payments`.
    pub package: String,
    /// The decision that it answers: names its record.
    pub decision: String,
    /// What is accepted, sorted.
    pub accepts: Vec<Accepted>,
    /// Who accepts it.
    pub by: String,
    /// By which right.
    pub right: String,
    /// Why, in their words.
    pub why: String,
    /// Up to and including when: `2026-03-02T10:00Z`.
    pub until: String,
}

/// A violation or an ambiguity, as a verdict prints it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The rule with its application, or the kind of ambiguity.
    pub what: String,
    /// All subjects.
    pub subjects: Vec<String>,
    /// Of an approval: the digest of what it stands on, `sha256:…`. Where that is another by the time of a decision, so is
    /// what would be approved.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub grounds: String,
}

impl Predicate for Approval {
    const TYPE: &'static str = "https://writ-lang.org/approval/v1";
    const NOUN: &'static str = "approval";

    fn subject(&self) -> (&str, &str) {
        (&self.file, &self.change)
    }
}

impl Approval {
    /// What it says as facts, one for each thing that is accepted; `None` where its instant is none.
    ///
    /// - `origin`: where the approval was read.
    /// - returns: in the order of `accepts`.
    pub fn facts(&self, origin: &Origin) -> Option<Vec<Fact>> {
        let until = Value::parse(&self.until, &Type::Time)?;
        let text = |words: &str| Value::text(words);
        let fact = |one: &Accepted| {
            let subjects = Value::List(one.subjects.iter().map(|subject| text(subject)).collect());
            let (relation, tuple) = match self.how {
                How::Waiver => (
                    "std.authority.waiver",
                    vec![text(&one.what), subjects, text(&self.by), text(&self.right), text(&self.why), until.clone()],
                ),
                How::Approval => (
                    "std.authority.approval",
                    vec![text(&self.change), text(&one.what), subjects, text(&self.by), text(&self.why), until.clone()],
                ),
            };
            Fact { relation: relation.into(), tuple, origin: origin.clone() }
        };
        Some(self.accepts.iter().map(fact).collect())
    }
}

impl Record {
    /// The package whose policy decided.
    pub fn package(&self) -> &str {
        self.program.packages.first().map_or("", |package| &package.name)
    }

    /// What approvals would clear, sorted.
    pub fn to_approve(&self) -> Vec<Accepted> {
        let lines = Lines::of(&self.rules);
        let reasons = self.actions.iter().flat_map(|action| &action.reasons).chain(&self.reasons);
        let reasons = reasons.filter(|reason| reason.approvable());
        let reasons = reasons.map(|one| Accepted {
            what: one.rule.clone(),
            subjects: one.subjects.clone(),
            grounds: self.grounds_of_reason(&lines, one),
        });
        let doubts = self.ambiguities.iter().filter(|one| one.approvable());
        let doubts = doubts.map(|one| Accepted {
            what: one.kind.name().to_owned(),
            subjects: one.subjects(),
            grounds: self.grounds_of_doubt(&lines, one),
        });
        reasons.chain(doubts).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The violations of a rule that a waiver would clear, sorted, and the right that waives it, where one does.
    ///
    /// - `rule`: with its application: `orders/recoverable.key_lost`.
    pub fn to_waive(&self, rule: &str) -> (Vec<Accepted>, Option<String>) {
        let reasons = self.actions.iter().flat_map(|action| &action.reasons).chain(&self.reasons).chain(&self.standing);
        let of_rule = |one: &&Reason| one.rule == rule && one.kind != Kind::Permit && one.cleared.is_none();
        let reasons: Vec<&Reason> = reasons.filter(of_rule).collect();
        let relation = reasons.iter().find_map(|one| self.proofs.get(&one.proof)?.root()).map(|root| root.relation);
        let objections = self.rules.objections.iter();
        let objection = relation.and_then(|relation| {
            objections.clone().find(|one| one.relation == relation || one.possible == Some(relation))
        });
        let accepted =
            |one: &Reason| Accepted { what: one.rule.clone(), subjects: one.subjects.clone(), grounds: String::new() };
        let accepts: BTreeSet<Accepted> = reasons.into_iter().map(accepted).collect();
        (accepts.into_iter().collect(), objection.and_then(|one| one.waivable.clone()))
    }
}
