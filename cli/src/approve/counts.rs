//! Whether somebody's word would count: the decision that it answers, decided again with it.
//!
//! The law says who may approve or waive what, so that it is asked, on the facts that the decision was made on.
//! Not here: whose key speaks for whom (`[trust.approvals]`).

use crate::kept::Kept;
use decide::{Case, Decision};
use evidence::{Approval, How, Record};
use program::{Digest, FactSource, Origin, SourceKind, Speaks};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why a word would not count, a sentence each, and what would make it; nothing where it would.
pub(super) struct Void {
    /// Why it would not.
    pub(super) why: BTreeSet<String>,
    /// Who may decide, and what gives a party the right.
    pub(super) help: String,
}

/// Why a word would not count for what it is about.
///
/// - `record`: of the decision that it answers.
/// - `now`: as of when.
/// - returns: nothing where the decision is not kept here, or cannot be decided again: then nobody can tell.
pub(super) fn void(kept: &Kept, record: &Record, word: &Approval, now: i64) -> Option<Void> {
    let decided = again(kept, record, word, now)?;
    let reasons = decided.actions.iter().flat_map(|action| &action.reasons);
    let reasons = reasons.chain(&decided.reasons).chain(&decided.standing).map(|reason| &reason.void);
    let said = reasons.chain(decided.ambiguities.iter().map(|one| &one.void)).flatten();
    let of = format!("{} by \"{}\" ", word.how.noun(), word.by);
    let why: BTreeSet<String> = said.filter(|said| said.starts_with(&of)).cloned().collect();
    let may = decided.approvals_needed.iter().filter(|one| one.holds);
    let may: BTreeSet<String> = may.map(|one| format!("\"{}\" ({})", one.party, one.right)).collect();
    let named = decided.approvals_needed.first().filter(|_| word.how == How::Approval);
    let help = match (word.how, may.is_empty()) {
        (How::Approval, false) => format!("it counts from {}", may.into_iter().collect::<Vec<_>>().join(" or ")),
        (How::Approval, true) | (How::Waiver, _) => {
            let fact = named.map(|one| format!("(\"{}\", \"{}\")", one.party, one.right)).unwrap_or_default();
            format!(
                "it counts from who holds the right \"{}\" there before the change: `std.authority.right{fact}`",
                word.right
            )
        }
    };
    (!why.is_empty()).then_some(Void { why, help })
}

/// The decision that a word answers, decided again with it.
fn again(kept: &Kept, record: &Record, word: &Approval, now: i64) -> Option<Decision> {
    let entries = kept.entries().ok()??;
    let entry = entries.iter().find(|entry| entry.digest == word.decision)?;
    let program = Arc::new(kept.program(&record.program.digest).ok()?);
    let change = kept.change(entry.content.as_deref()?).ok()?;
    let source = FactSource {
        name: "word".into(),
        kind: SourceKind::Facts,
        file: "word".into(),
        speaks: Speaks::Intended,
        rank: 0,
        observed_at: None,
        digest: Digest::of(b"").hex().into(),
        complete: true,
    };
    let (mut facts, parts) = kept.model(&record.model).ok()?;
    facts.extend(word.facts(&Origin { source: Arc::new(source), place: "".into() })?);
    let case = kept.case(entry, change, program, (facts, parts)).ok()?;
    decide::decide(&Case { now, ..case }).ok()
}
