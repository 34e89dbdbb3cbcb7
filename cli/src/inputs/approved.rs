//! Which signed approvals of a change still are of what they were given for.
//!
//! An approval names a reason of a decision and what that stood on (`evidence::Accepted`). Whether it stands on the same now
//! is known once it is decided without the approval. So it is: first without any, then with those that are found to be of
//! what stands there, as long as there are more; one approval may lay open what another is of.

use super::{Loaded, Word};
use crate::failure::Failure;
use decide::{Decision, Footing};
use evidence::{Accepted, Record};
use model::Version;
use program::{Fact, visible};
use std::collections::BTreeSet;

impl Loaded {
    /// Decides, with those approvals that are of what they were given for; the others are among the facts no more, and a
    /// note says so.
    ///
    /// - `decide`: of what is loaded, resting on what is decided before.
    pub(crate) fn decided(
        mut self,
        decide: impl Fn(&Loaded, Option<Footing>) -> Result<Decision, Failure>,
    ) -> Result<(Loaded, Decision), Failure> {
        let mut waiting = std::mem::take(&mut self.approved);
        if waiting.is_empty() {
            let decision = decide(&self, None)?;
            return Ok((self, decision));
        }
        let footing = Footing::default();
        let own: Vec<Fact> = waiting.iter().map(|word| word.fact.clone()).collect();
        self.over(|fact| !own.contains(fact), Vec::new());
        loop {
            let decision = decide(&self, Some(footing.clone()))?;
            let open = open(&decision)?;
            let (found, others): (Vec<Word>, Vec<Word>) =
                waiting.into_iter().partition(|word| open.contains(&word.accepted));
            if found.is_empty() {
                let about = |one: &&Accepted, word: &Word| {
                    one.what == word.accepted.what && one.subjects == word.accepted.subjects
                };
                let other = others.iter().filter(|word| open.iter().any(|one| about(&one, word)));
                let notes: BTreeSet<String> = other.map(void).collect();
                self.notes.extend(notes);
                return Ok((self, decision));
            }
            self.over(|_| true, found.into_iter().map(|word| word.fact).collect());
            waiting = others;
        }
    }

    /// Takes facts out, and adds others.
    fn over(&mut self, stays: impl Fn(&Fact) -> bool, more: Vec<Fact>) {
        let facts = self.facts.iter().filter(|fact| stays(fact)).cloned().chain(more).collect();
        self.version = Version::new(facts, self.version.sources.clone());
        self.facts = self.version.facts().cloned().collect();
    }
}

/// What an approval would clear.
fn open(decision: &Decision) -> Result<BTreeSet<Accepted>, Failure> {
    let opened = evidence::open::<Record>(&decision.evidence.bytes);
    let opened = opened.map_err(|refused| Failure::Bug(format!("a record does not open: {refused}")))?;
    Ok(opened.predicate.to_approve().into_iter().collect())
}

fn void(word: &Word) -> String {
    let of = format!("{}({})", word.accepted.what, word.accepted.subjects.join(", "));
    format!(
        "approval by \"{}\" does not count: when it was given, {} stood on something else, or somebody else asked\n",
        visible(&word.by),
        visible(&of)
    )
}
