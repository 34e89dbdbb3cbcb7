//! A decision: the verdict, and everything that is said with it.
//!
//! Serialises to the answer of `--json`; the order of fields and of entries is fixed. Strings are as people read them:
//! values without quotes, sensitive parts hidden.
//!
//! Not here: how it comes about (`verdict`), how it looks (`text`, `markdown`), what is kept of it (`record`); what it
//! shares with a record is defined in `evidence`.

use crate::explained::Explained;
use evidence::{Accountable, Ambiguity, Asked, Assurance, Cleared, Law, Reason, Sealed, Verdict};
use program::Verb;
use serde::{Serialize, Serializer};

/// The answer to a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The worst of what stands below.
    pub verdict: Verdict,
    /// What was asked.
    pub change: Asked,
    /// About which world.
    pub model: Model,
    /// By which law.
    pub program: Law,
    /// Who asked, as claimed.
    pub actor: Option<String>,
    /// In which session, as claimed.
    pub session: Option<String>,
    /// The time of the decision, where a rule in force reads it.
    pub now: Option<String>,
    /// Deny first, then escalate, then allow; within them by id.
    pub actions: Vec<Judged>,
    /// Reasons that no action caused: they are the change's own.
    pub reasons: Vec<Reason>,
    /// What held before, still holds, and does not count against this change.
    pub standing: Vec<Reason>,
    /// What held before and holds no more.
    pub fixed: Vec<Reason>,
    /// Why the verdict cannot be allow without somebody's word.
    pub ambiguities: Vec<Ambiguity>,
    /// Whose word would clear what can be cleared.
    pub approvals_needed: Vec<Approval>,
    /// The facts of `std.authority.approval` that would clear what can be cleared, without who says so and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to_approve: Vec<Row>,
    /// By the names that reasons give them.
    #[serde(serialize_with = "entries")]
    pub proofs: Vec<(String, Explained)>,
    /// How much of it was checked.
    pub assurance: Assurance,
    /// What would pass, where it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passing: Option<crate::ask::Passing>,
    /// What would permit where nothing does, in words, for the page's last line.
    #[serde(skip)]
    pub advice: Option<String>,
    /// The record of it; serialises to its digest.
    #[serde(serialize_with = "digest")]
    pub evidence: Sealed,
}

/// About which world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Names the facts.
    pub version: String,
    /// How many there are.
    pub facts: usize,
    /// How many of them are of relations that the program does not have.
    pub ignored: usize,
}

/// An action and its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
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
    /// What hangs on its resource, nearest first.
    pub blast: Vec<Hit>,
    /// Who answers for its resource.
    pub accountable: Vec<Accountable>,
}

/// Something that hangs on what is touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// What.
    pub resource: String,
    /// Over how many edges, at least 1.
    pub hops: usize,
    /// A shortest way, from it to what is touched.
    pub path: Vec<String>,
    /// Who answers for it; several are joined by a comma.
    pub accountable: Option<String>,
    /// The highest criticality of the intents that cover it, else `none`.
    pub class: String,
}

/// Whose word is needed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Approval {
    /// Who.
    pub party: String,
    /// By which right.
    pub right: String,
    /// Whether it had the right before the change, somewhere; where none of these has, their word does not count.
    pub holds: bool,
}

/// An approval that is not given yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Row {
    /// The digest of the change.
    pub change: String,
    /// The rule with its application, or the ambiguity.
    pub accepts: String,
    /// All subjects.
    pub subjects: Vec<String>,
}

impl Decision {
    /// The facts file of the approvals that would clear what can be cleared: to be read, given a name, a reason and an end, and
    /// handed over with `--facts`.
    pub fn approvals(&self) -> String {
        let row = |row: &Row| serde_json::json!({"change": row.change, "accepts": row.accepts, "subjects": row.subjects, "by": "", "until": "", "why": ""});
        let rows: Vec<String> = self.to_approve.iter().map(|one| format!("\n  {}", row(one))).collect();
        let end = if rows.is_empty() { "" } else { "\n" };
        format!("{{\"std.authority.approval\": [{}{end}]}}\n", rows.join(","))
    }

    /// Who is to decide, and what is missing where nobody's word would count yet; nothing where nobody is asked.
    pub(crate) fn to_decide(&self) -> Option<String> {
        let first = self.approvals_needed.first()?;
        let parties: Vec<&str> = self.approvals_needed.iter().map(|one| one.party.as_str()).collect();
        let parties = parties.join(", ");
        let Approval { party, right, .. } = first;
        match self.somebody_decides() {
            true => Some(parties),
            false => Some(format!(
                "{parties}; nobody holds the right \"{right}\" yet: std.authority.right(\"{party}\", \"{right}\")"
            )),
        }
    }

    /// Whether any of those who are to decide had the right.
    pub(crate) fn somebody_decides(&self) -> bool {
        self.approvals_needed.iter().any(|one| one.holds)
    }

    /// Whose word stands against a violation.
    pub(crate) fn cleared(&self, rule: &str, subjects: &[String]) -> Option<&Cleared> {
        let reasons = self.actions.iter().flat_map(|action| &action.reasons).chain(&self.reasons);
        let mut same = reasons.filter(|reason| reason.rule == rule && reason.subjects == subjects);
        same.find_map(|reason| reason.cleared.as_ref())
    }

    /// The answer of `--json`: indented, with a line break at the end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("bug: a decision is plain data");
        text.push('\n');
        text
    }

    /// The proof of that name.
    pub fn proof(&self, name: &str) -> Option<&Explained> {
        self.proofs.iter().find(|(id, _)| id == name).map(|(_, proof)| proof)
    }
}

fn entries<S: Serializer>(proofs: &[(String, Explained)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(proofs.iter().map(|(name, proof)| (name, proof)))
}

fn digest<S: Serializer>(sealed: &Sealed, serializer: S) -> Result<S::Ok, S::Error> {
    sealed.digest.serialize(serializer)
}
