//! What stands against a change of which nothing was found that would pass, and what would answer each part of it by itself.
//!
//! INVARIANT: an answer was decided: the objection is gone, and none has come that was not there.

use super::{
    Home, Open, Step, Trial, adds, cost, doubtful, edits_of, is_one_of_each, look, objecting, read, steps, together,
    with,
};
use crate::ask::passing::Way;
use crate::case::{Case, Failure};
use crate::decision::Decision;
use crate::text::counted;
use evidence::{Assurance, Verdict};
use program::visible;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many edits an answer may have, although fewer were asked for: what the bound alone hides is told.
const EDITS: usize = 3;
/// Objections that are told, without answers and with them: all that is said has at most twenty lines.
const ALONE: usize = 8;
const ANSWERED: usize = 7;

/// What stands against a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Against {
    /// Reasons and ambiguities that nobody's word stands against; sorted.
    pub objections: Vec<Objection>,
    /// How many edits answer all of them together, where that was tried and passes and is more than were asked for.
    pub together: Option<usize>,
    /// How many sets were evaluated.
    pub tried: usize,
    /// Every set that the search knows was evaluated; else it gave up.
    pub complete: bool,
    #[serde(skip)]
    asked: bool,
}

/// One reason or ambiguity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Objection {
    /// `shop/sized.grows(web)`, or the kind of the ambiguity.
    pub what: String,
    /// A sentence.
    pub message: String,
    /// What would answer it, whatever becomes of the others; the cheapest.
    pub answer: Option<Way>,
}

/// What stands against a change, and what would answer each part of it.
///
/// - `decision`: of the case.
/// - `edits`, `tries`, `words`: as of [`super::passing`]; of 0 edits nothing is looked for.
///
/// # Faults
/// As [`crate::decide`].
pub fn against(
    case: &Case<'_>,
    decision: &Decision,
    edits: usize,
    tries: usize,
    words: Option<&BTreeSet<String>>,
) -> Result<Against, Failure> {
    let reasons = objecting(decision).map(|one| {
        let what = format!("{}({})", one.rule, one.subjects.join(", "));
        ((one.rule.clone(), one.subjects.clone()), what, &one.message)
    });
    let doubts = doubtful(decision).map(|one| {
        let kind = one.kind.name().to_owned();
        ((kind.clone(), one.subjects()), kind, &one.message)
    });
    let all: Vec<(Open, String, &String)> = reasons.chain(doubts).collect();
    let open: BTreeSet<Open> = all.iter().map(|(key, ..)| key.clone()).collect();
    let mut found = Against { objections: Vec::new(), together: None, tried: 0, complete: true, asked: edits > 0 };
    let start =
        Case { assurance: Assurance::Proof, footing: Some(case.footing.clone().unwrap_or_default()), ..case.clone() };
    // Of more than can be told the first are looked for: each try is a decision.
    let tries = if open.len() > ANSWERED { tries / 4 } else { tries };
    let trials = if edits > 0 { found.trials(&start, &open, edits.max(EDITS), tries, words)? } else { Vec::new() };
    let mut answers: BTreeMap<&Open, &BTreeSet<Step>> = BTreeMap::new();
    for Trial { open: left, set } in &trials {
        for key in open.difference(left) {
            let cheaper = |other: &&BTreeSet<Step>| (cost(set), set.len(), set) < (cost(other), other.len(), *other);
            if answers.get(key).is_none_or(cheaper) {
                answers.insert(key, set);
            }
        }
    }
    // What is left where an answer's facts are in the model; nothing where that brings something new.
    let mut elsewhere: BTreeMap<&BTreeSet<Step>, Option<BTreeSet<Open>>> = BTreeMap::new();
    for set in answers.values().filter(|set| adds(&start, set)).copied().collect::<BTreeSet<_>>() {
        let looked = with(&start, set, Home::Model).map(|case| read(look(&case))).transpose()?.flatten();
        elsewhere.insert(set, looked.map(|looked| looked.open).filter(|left| left.is_subset(&open)));
    }
    let mut objections = BTreeSet::new();
    for (key, what, message) in &all {
        let way = |set: &BTreeSet<Step>| {
            let either = elsewhere.get(set).is_none_or(|left| left.as_ref().is_some_and(|left| !left.contains(key)));
            edits_of(&start, set, either)
        };
        objections.insert(Objection {
            what: visible(what).into_owned(),
            message: visible(message).into_owned(),
            answer: answers.get(key).map(|set| way(set)),
        });
    }
    found.objections = objections.into_iter().collect();
    let sets = together(&open, &trials, 1).into_iter();
    for set in sets.filter(|set| set.len() > edits && is_one_of_each(set)) {
        let Some(trial) = with(&start, &set, Home::Change) else { continue };
        if read(look(&trial))?.is_some_and(|looked| looked.verdict == Verdict::Allow) {
            found.together = Some(set.len());
            break;
        }
    }
    Ok(found)
}

impl Against {
    /// Each step by itself, and what it leaves open, where it brings nothing new; those that leave least first.
    fn trials(
        &mut self,
        start: &Case<'_>,
        open: &BTreeSet<Open>,
        edits: usize,
        tries: usize,
        words: Option<&BTreeSet<String>>,
    ) -> Result<Vec<Trial>, Failure> {
        let (sets, all) = steps(start, edits, words)?;
        self.complete = all;
        let mut trials = Vec::new();
        for set in sets.into_iter().filter(|set| set.len() <= edits && is_one_of_each(set)) {
            let Some(trial) = with(start, &set, Home::Change) else { continue };
            if self.tried == tries {
                self.complete = false;
                break;
            }
            self.tried += 1;
            let looked = read(look(&trial))?.filter(|looked| looked.open.is_subset(open));
            trials.extend(looked.map(|looked| Trial { open: looked.open, set }));
        }
        trials.sort_by_cached_key(|trial| (trial.open.len(), cost(&trial.set), trial.set.clone()));
        Ok(trials)
    }

    /// A list of the objections, each with its answer below it, and how many edits would answer all.
    pub fn lines(&self) -> Vec<String> {
        let (title, most) = match self.asked {
            true => ("what stands against it, and what would answer each by itself:", ANSWERED),
            false => ("what stands against it:", ALONE),
        };
        let mut lines = vec![title.to_owned()];
        for Objection { what, message, answer } in self.objections.iter().take(most) {
            lines.push(format!("  {what}: {message}"));
            let none = || match self.complete {
                true => String::from("nothing that rules give reason for"),
                false => format!("nothing was found; the search gave up after {} tries", self.tried),
            };
            let answer = answer.as_ref().map_or_else(none, |way| {
                way.edits.iter().map(|edit| edit.text.as_str()).collect::<Vec<_>>().join("; ")
            });
            if self.asked {
                lines.push(format!("    {answer}"));
            }
        }
        if self.objections.len() > most {
            lines.push(format!("  … {} more: writ decide", self.objections.len() - most));
        }
        lines.extend(self.together.map(|n| format!("{} would answer all of them: --edits {n}", counted(n, "edit"))));
        lines
    }
}
