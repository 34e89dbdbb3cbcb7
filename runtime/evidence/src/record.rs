//! What a record says: the verdict, its reasons and their proofs, with the facts and rules these cite.
//!
//! Strings are as people read them: values without quotes, sensitive parts as `«sensitive»` or as a keyed digest.

use crate::envelope::Predicate;
use program::{FactSource, Package, Program, RelationId, Severity, State, Tuple, Verb};
use proof::{Proof, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A decision as it is kept: the predicate of the statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The answer.
    pub verdict: Verdict,
    /// What was asked.
    pub change: Asked,
    /// Names the facts: `sha256:…`.
    pub model: String,
    /// By which law.
    pub program: Law,
    /// Who asked, as claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// In which session, as claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The time of the decision, where a rule in force reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// Each action and its verdict.
    pub actions: Vec<Judgement>,
    /// Reasons of the change itself.
    pub reasons: Vec<Reason>,
    /// What held before, still holds, and did not count.
    pub standing: Vec<Reason>,
    /// What held before and holds no more.
    pub fixed: Vec<Reason>,
    /// Why it could not be allowed without somebody's word.
    pub ambiguities: Vec<Ambiguity>,
    /// By the names that reasons give them; numbers of relations and rules are those of `rules`.
    pub proofs: BTreeMap<String, Proof>,
    /// The given tuples that the proofs cite.
    pub facts: Vec<CitedFact>,
    /// Where these were read.
    pub sources: Vec<Arc<FactSource>>,
    /// The part of the program that the proofs cite.
    pub rules: Program,
    /// How much was checked before the verdict was printed.
    pub assurance: Assurance,
    /// The build that decided: `writ 0.1.0`.
    pub engine: String,
    /// The record of the decision that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<String>,
}

impl Predicate for Record {
    const TYPE: &'static str = "https://writ-lang.org/decision/v1";
    const NOUN: &'static str = "decision";

    fn subject(&self) -> (&str, &str) {
        (&self.change.file, &self.change.digest)
    }
}

/// What is answered. Ordered by weight: the worst of several is the smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It must not happen.
    Deny,
    /// Somebody with the right must decide.
    Escalate,
    /// It is legitimate.
    Allow,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// SHA-256 of the raw bytes.
    pub digest: String,
    /// The format: `terraform-plan`, `writ-change`, `test`.
    pub source: String,
    /// The file as given.
    pub file: String,
    /// How many actions it has.
    pub actions: usize,
}

/// By which law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Law {
    /// The digest of what the program means.
    pub digest: String,
    /// The packages it was made from, the root first.
    pub packages: Vec<Package>,
}

/// An action and its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// Its name within the change.
    pub id: String,
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub resource: String,
    /// The worst of its reasons and ambiguities.
    pub verdict: Verdict,
    /// Denies, escalates, then the permits it rests on.
    pub reasons: Vec<Reason>,
    /// Who answers for its resource.
    pub accountable: Vec<Accountable>,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// What it asks for.
    pub kind: Kind,
    /// `orders/recoverable.key_lost`.
    pub rule: String,
    /// What the rule is about, in its order.
    pub subjects: Vec<String>,
    /// In the author's words.
    pub message: String,
    /// The rule: `recovery.writ:12:5`.
    pub place: String,
    /// What the change did to it; a permit has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// It holds whatever the unknown values turn out to be.
    pub sure: bool,
    /// The actions that brought it about, by id.
    pub causes: Vec<String>,
    /// Whose word an escalation asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// How bad it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Control ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    /// The name of its proof.
    pub proof: String,
    /// Where it may be approved, what it stands on besides its proof, a line each, sorted: every other way to derive it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<String>,
    /// Whose word stands against it: it asks for nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Cleared>,
    /// Waivers and approvals that name it and do not count, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub void: Vec<String>,
}

/// Whose word stands against a reason or an ambiguity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cleared {
    /// In which way.
    pub how: How,
    /// Who accepts it.
    pub by: String,
    /// By which right.
    pub right: String,
    /// Why, in their words.
    pub why: String,
    /// Up to and including when.
    pub until: String,
    /// The name of the proof that it counts.
    pub proof: String,
}

/// How somebody's word clears something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// `std.approval.waived`: of a violation, for any change.
    Waiver,
    /// `std.approval.approved`: of a reason or an ambiguity, for one change. Never of what is surely denied.
    Approval,
}

/// The right by which a party takes a risk.
pub const ACCEPT_RISK: &str = "accept-risk";

/// What a reason asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// That it does not happen.
    Deny,
    /// That somebody decides.
    Escalate,
    /// That it may happen.
    Permit,
}

/// Who answers for a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accountable {
    /// Who.
    pub party: String,
    /// By which relation: `owner`; `stated` where a fact says so itself.
    pub r#as: String,
    /// The name of its proof.
    pub proof: String,
}

/// Why a change cannot be allowed without somebody's word. The list of kinds is closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ambiguity {
    /// Which.
    pub kind: Doubt,
    /// The action it is about; none where it is about the whole change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What it is about: an intent, a resource, a source, a sentence, a rule.
    pub subject: String,
    /// One sentence.
    pub message: String,
    /// It holds whatever the unknown values turn out to be.
    pub sure: bool,
    /// Where the unknown values come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// Whose word is asked for.
    pub to: Vec<String>,
    /// The name of its proof, where it is derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// What it stands on besides its proof, a line each, sorted: every other way to derive it, and what it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<String>,
    /// Whose word stands against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Cleared>,
    /// Approvals that name it and do not count, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub void: Vec<String>,
}

/// The closed list of ambiguities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Doubt {
    /// An ordinary intent that covers the resource does not permit the action.
    #[serde(rename = "no permit")]
    NoPermit,
    /// No ordinary intent covers the touched resource.
    #[serde(rename = "no intent")]
    NoIntent,
    /// Nobody answers for an impacted resource.
    #[serde(rename = "no accountable party")]
    NoAccountable,
    /// A source is absent or older than it may be.
    #[serde(rename = "stale or missing source")]
    Source,
    /// A value that is not known decides.
    #[serde(rename = "unknown")]
    Unknown,
    /// Sources disagree on an impacted resource.
    #[serde(rename = "conflict")]
    Conflict,
    /// The model and the change disagree on the world before.
    #[serde(rename = "model and change disagree")]
    Disagreement,
    /// The change is less than what would happen.
    #[serde(rename = "partial change")]
    Partial,
    /// Nobody who may decide is found.
    #[serde(rename = "no decision right")]
    NoRight,
}

/// How much was checked before anything was said. Ordered: what comes later shows more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// Every step of every proof follows, and nothing that is printed rests on an absence.
    Proof,
    /// And every rule instance was looked at in which something takes part that the change turned, over a world before
    /// whose own certificate was checked.
    DeltaCertificate,
    /// And the derived facts of both worlds are closed under all rules, from scratch: nothing was left out.
    Certificate,
    /// And a second, naive evaluation of both worlds gives the same.
    Replay,
}

/// A given tuple that a proof cites.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitedFact {
    /// In which world it is given.
    pub world: Side,
    /// The relation, by its number in `rules`.
    pub relation: RelationId,
    /// The tuple.
    pub tuple: Tuple,
    /// The same as one line of Writ.
    pub line: String,
    /// Where it was read.
    pub at: Vec<SourcePlace>,
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcePlace {
    /// The source, by its number in `sources`.
    pub source: usize,
    /// A JSON pointer, or `line:column`.
    pub place: String,
}

impl Record {
    /// Every reason: of the actions, of the change, standing, fixed.
    pub fn all_reasons(&self) -> impl Iterator<Item = &Reason> {
        let of_actions = self.actions.iter().flat_map(|action| &action.reasons);
        of_actions.chain(&self.reasons).chain(&self.standing).chain(&self.fixed)
    }
}

impl Verdict {
    /// The word of the language.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Deny => "deny",
            Verdict::Escalate => "escalate",
            Verdict::Allow => "allow",
        }
    }

    /// The worst that reasons ask for against which nobody's word stands; allow where there are none.
    pub fn of<'a>(reasons: impl IntoIterator<Item = &'a Reason>) -> Verdict {
        let standing = reasons.into_iter().filter(|reason| reason.cleared.is_none());
        let asked = standing.map(|reason| match (reason.kind, reason.sure) {
            (Kind::Deny, true) => Verdict::Deny,
            (Kind::Deny, false) | (Kind::Escalate, _) => Verdict::Escalate,
            (Kind::Permit, _) => Verdict::Allow,
        });
        asked.min().unwrap_or(Verdict::Allow)
    }
}

impl Reason {
    /// Whether somebody's approval would clear it: what is surely denied is waived at most.
    pub fn approvable(&self) -> bool {
        self.asks() && self.cleared.is_none()
    }

    /// Whether it asks for somebody's word, given or not.
    pub fn asks(&self) -> bool {
        match self.kind {
            Kind::Deny => !self.sure,
            Kind::Escalate => true,
            Kind::Permit => false,
        }
    }
}

impl Ambiguity {
    /// Whether somebody's approval would clear it: it is derived, and nobody's word stands against it.
    pub fn approvable(&self) -> bool {
        self.cleared.is_none() && self.kind.relation().is_some() && self.proof.is_some()
    }

    /// What an approval names it by: the action, where it is about one, and the subject.
    pub fn subjects(&self) -> Vec<String> {
        self.action.iter().chain([&self.subject]).cloned().collect()
    }
}

impl How {
    /// The relation of the standard library that derives it.
    pub fn relation(self) -> &'static str {
        match self {
            How::Waiver => "std.approval.waived",
            How::Approval => "std.approval.approved",
        }
    }

    /// What it is.
    pub fn noun(self) -> &'static str {
        match self {
            How::Waiver => "waiver",
            How::Approval => "approval",
        }
    }

    /// What was done.
    pub fn name(self) -> &'static str {
        match self {
            How::Waiver => "waived",
            How::Approval => "approved",
        }
    }
}

impl Kind {
    /// The word of the language.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Deny => "deny",
            Kind::Escalate => "escalate",
            Kind::Permit => "permit",
        }
    }
}

impl Doubt {
    /// Whether an objection may stand behind it that nobody sees.
    pub fn hides(self) -> bool {
        match self {
            Doubt::Source | Doubt::Unknown | Doubt::Conflict | Doubt::Disagreement | Doubt::Partial => true,
            Doubt::NoPermit | Doubt::NoIntent | Doubt::NoAccountable | Doubt::NoRight => false,
        }
    }

    /// As the reference names it.
    pub fn name(self) -> &'static str {
        match self {
            Doubt::NoPermit => "no permit",
            Doubt::NoIntent => "no intent",
            Doubt::NoAccountable => "no accountable party",
            Doubt::Source => "stale or missing source",
            Doubt::Unknown => "unknown",
            Doubt::Conflict => "conflict",
            Doubt::Disagreement => "model and change disagree",
            Doubt::Partial => "partial change",
            Doubt::NoRight => "no decision right",
        }
    }
}

impl Doubt {
    /// Every kind, in order.
    pub const ALL: [Doubt; 9] = [
        Doubt::NoPermit,
        Doubt::NoIntent,
        Doubt::NoAccountable,
        Doubt::Source,
        Doubt::Unknown,
        Doubt::Conflict,
        Doubt::Disagreement,
        Doubt::Partial,
        Doubt::NoRight,
    ];

    /// The relation of the standard library that derives it, where one does.
    pub fn relation(self) -> Option<&'static str> {
        match self {
            Doubt::NoPermit => Some("std.verdict.no_permit"),
            Doubt::NoIntent => Some("std.verdict.no_intent"),
            Doubt::NoAccountable => Some("std.verdict.no_accountable"),
            Doubt::Source => Some("std.verdict.stale_source"),
            Doubt::Conflict => Some("std.verdict.conflicting"),
            Doubt::Disagreement => Some("std.verdict.disagreement"),
            Doubt::Partial => Some("std.verdict.partial_change"),
            Doubt::Unknown | Doubt::NoRight => None,
        }
    }
}

impl Assurance {
    /// Every level, the least first.
    pub const ALL: [Assurance; 4] =
        [Assurance::Proof, Assurance::DeltaCertificate, Assurance::Certificate, Assurance::Replay];

    /// The word of the reference.
    pub fn name(self) -> &'static str {
        match self {
            Assurance::Proof => "proof",
            Assurance::DeltaCertificate => "delta-certificate",
            Assurance::Certificate => "certificate",
            Assurance::Replay => "replay",
        }
    }
}
