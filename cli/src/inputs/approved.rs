//! Which signed approvals of a change still are of what they were given for.
//!
//! An approval names a reason of a decision and what that stood on (`evidence::Accepted`). Whether it stands on the same now
//! is known once it is decided without the approval. So it is: first without any, then with those that are found to be of
//! what stands there, as long as there are more; one approval may lay open what another is of.

use super::{Loaded, Word};
use crate::failure::Failure;
use decide::ask::clipped;
use decide::{Decision, Footing};
use evidence::{Accepted, Doubt, Lapsed, Record};
use model::Version;
use program::Fact;
use std::collections::BTreeSet;

impl Loaded {
    /// Decides, with those approvals that are of what they were given for; the others are among the facts no more, and what
    /// they would have cleared says so.
    ///
    /// - `decide`: of what is loaded, resting on what is decided before.
    pub(crate) fn decided(
        mut self,
        decide: impl Fn(&Loaded, Option<Footing>) -> Result<Decision, Failure>,
    ) -> Result<(Loaded, Decision), Failure> {
        let waiting = std::mem::take(&mut self.approved);
        if waiting.is_empty() {
            let decision = decide(&self, None)?;
            return Ok((self, decision));
        }
        let footing = Footing::default();
        let own: Vec<Fact> = waiting.iter().map(|word| word.fact.clone()).collect();
        self.over(|fact| !own.contains(fact), Vec::new());
        let Weighed { decision, others, open } = weighed(waiting, |more| {
            self.over(|_| true, more);
            decide(&self, Some(footing.clone()))
        })?;
        let record = recorded(&decision)?;
        let lapsed: BTreeSet<Lapsed> = others.iter().filter_map(|word| self.lapsed(word, &record, &open)).collect();
        if lapsed.is_empty() {
            return Ok((self, decision));
        }
        self.lapsed = few(lapsed);
        let decision = decide(&self, Some(footing))?;
        Ok((self, decision))
    }

    /// Why a word is not of what stands there; nothing where nothing like it is asked.
    fn lapsed(&self, word: &Word, record: &Record, open: &BTreeSet<Accepted>) -> Option<Lapsed> {
        let Accepted { what, subjects, .. } = &word.accepted;
        let of = |one: &Accepted, why: String| Lapsed {
            what: one.what.clone(),
            subjects: one.subjects.clone(),
            says: format!("approval by \"{}\" does not count: {why}; to approve this too: writ approve", word.by),
        };
        if let Some(one) = open.iter().find(|one| one.what == *what && one.subjects == *subjects) {
            let then = self.kept.record(&word.decision).ok();
            let parts = then.and_then(|then| record.parts_from(&then.predicate, what, subjects));
            let parts = parts.map(|parts| clipped(&parts, LONGEST).into_owned());
            let why = parts.unwrap_or_else(|| String::from("it stood on something else, or somebody else asked"));
            return Some(of(one, format!("when it was given, {why}")));
        }
        // An age, or a count: what moves by itself names another violation each time.
        let alike = |one: &&Accepted| {
            let same = one.subjects.iter().zip(subjects).filter(|(one, other)| one == other).count();
            one.what == *what && one.subjects.len() == subjects.len() && same > 0
        };
        let rule = Doubt::ALL.iter().all(|doubt| doubt.name() != what);
        let one = open.iter().filter(|_| rule).find(alike)?;
        let given = clipped(&subjects.join(", "), LONGEST).into_owned();
        Some(of(one, format!("it was given for {what}({given}), and the subjects are others now")))
    }

    /// Takes facts out, and adds others.
    fn over(&mut self, stays: impl Fn(&Fact) -> bool, more: Vec<Fact>) {
        let facts = self.facts.iter().filter(|fact| stays(fact)).cloned().chain(more).collect();
        self.version = Version::new(facts, self.version.sources.clone());
        self.facts = self.version.facts().cloned().collect();
    }
}

/// What is decided with the words that count.
pub(crate) struct Weighed {
    pub(crate) decision: Decision,
    /// The words that do not.
    pub(crate) others: Vec<Word>,
    /// What an approval would clear beside them, where there are any.
    pub(crate) open: BTreeSet<Accepted>,
}

/// Decides without approvals, and then with those of them that are of what is found to stand there, as long as there are
/// more.
///
/// - `decide`: with these facts besides those of the time before; at first with none.
pub(crate) fn weighed<E: From<Failure>>(
    mut waiting: Vec<Word>,
    mut decide: impl FnMut(Vec<Fact>) -> Result<Decision, E>,
) -> Result<Weighed, E> {
    let mut more = Vec::new();
    loop {
        let decision = decide(more)?;
        let open = if waiting.is_empty() { BTreeSet::new() } else { open(&decision)? };
        let (found, others): (Vec<Word>, Vec<Word>) =
            waiting.into_iter().partition(|word| open.contains(&word.accepted));
        if found.is_empty() {
            return Ok(Weighed { decision, others, open });
        }
        more = found.into_iter().map(|word| word.fact).collect();
        waiting = others;
    }
}

/// Characters of what differs that are told.
const LONGEST: usize = 160;

/// Bytes of all that is told: an entry of the log has it too.
const ALL: usize = 4_000;

/// As many as an entry of the log has room for.
fn few(lapsed: BTreeSet<Lapsed>) -> Vec<Lapsed> {
    let mut left = ALL;
    let length = |one: &Lapsed| one.what.len() + one.subjects.iter().map(String::len).sum::<usize>() + one.says.len();
    let fits = lapsed.into_iter().take_while(|one| match left.checked_sub(length(one)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    });
    fits.collect()
}

/// What an approval would clear.
fn open(decision: &Decision) -> Result<BTreeSet<Accepted>, Failure> {
    Ok(recorded(decision)?.to_approve().into_iter().collect())
}

fn recorded(decision: &Decision) -> Result<Record, Failure> {
    let opened = evidence::open::<Record>(&decision.evidence.bytes);
    let opened = opened.map_err(|refused| Failure::Bug(format!("a record does not open: {refused}")))?;
    Ok(opened.predicate)
}
