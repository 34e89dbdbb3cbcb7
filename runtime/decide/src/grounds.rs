//! What may be approved stands on more than its proof: every other way to derive it, what stops each way to what is absent,
//! and of an ambiguity what it is about.
//!
//! An approval counts for what stood there when it was given. One proof of several would leave out a second reason that
//! sorts behind it; a thing may be absent for one cause today and for another tomorrow; and the relations that an ambiguity
//! is derived from name no file and no value. So each of them is listed with the reason or the ambiguity, and an approval
//! names the digest of all.
//!
//! INVARIANT: nothing is left out: what is too much to be listed stands in a digest.
//! Not here: the digest that an approval names (`evidence`); what stops a way (`stops`). The engine finds the ways, and nothing but a replay checks
//! that these are all.

mod stops;

use crate::case::{Failure, SourceState};
use crate::decision::Decision;
use crate::settled::Settled;
use crate::worlds::Given;
use engine::Lacking;
use evidence::{Ambiguity, Doubt, How, Lines, Reason};
use program::{Digest, Program, RelationId, Rule, Value};
use proof::{Proof, Side, Why};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// Ways and tuples that are looked at for one reason; past it, it stands on every fact.
const MOST: usize = 20_000;

/// Tuples that are looked at for all reasons of a decision.
const ALL: usize = 400_000;

/// Lines that are listed.
const LINES: usize = 50;

/// Lists with each reason and ambiguity that may be approved what it stands on besides its proof.
///
/// # Faults
/// [`Failure::Limit`].
pub(crate) fn list(settled: &Settled<'_>, decision: &mut Decision, proofs: &[(String, Proof)]) -> Result<(), Failure> {
    let proofs = proofs.iter().map(|(name, proof)| (name.as_str(), proof)).collect();
    let mut rules: BTreeMap<RelationId, Vec<&Rule>> = BTreeMap::new();
    settled.program.rules.iter().for_each(|rule| rules.entry(rule.head.relation).or_default().push(rule));
    let (lines, known, absences) = (Lines::of(settled.program), BTreeMap::new(), BTreeMap::new());
    let mut grounds = Grounds { settled, proofs, rules, lines, known, absences, left: ALL, every: OnceCell::new() };
    let waived = |reason: &Reason| reason.cleared.as_ref().is_some_and(|cleared| cleared.how == How::Waiver);
    let of_actions = decision.actions.iter_mut().flat_map(|action| &mut action.reasons);
    for reason in of_actions.chain(&mut decision.reasons).filter(|reason| reason.asks() && !waived(reason)) {
        reason.further = told(grounds.besides(&reason.proof)?);
    }
    for doubt in decision.ambiguities.iter_mut().filter(|doubt| doubt.kind.relation().is_some()) {
        let Some(proof) = &doubt.proof else { continue };
        let mut lines = grounds.besides(proof)?;
        lines.extend(matter(settled, &grounds.lines, doubt));
        doubt.further = told(lines);
    }
    Ok(())
}

/// The lines, as many as are listed; the last stands for those that are not.
fn told(lines: BTreeSet<String>) -> Vec<String> {
    let lines: Vec<String> = lines.into_iter().collect();
    if lines.len() <= LINES {
        return lines;
    }
    let (shown, rest) = lines.split_at(LINES - 1);
    let more = format!("… {} more: {}", rest.len(), Digest::of(rest.join("\n").as_bytes()));
    shown.iter().cloned().chain([more]).collect()
}

struct Grounds<'a> {
    settled: &'a Settled<'a>,
    proofs: BTreeMap<&'a str, &'a Proof>,
    /// By what they derive.
    rules: BTreeMap<RelationId, Vec<&'a Rule>>,
    lines: Lines<'a>,
    /// By proof.
    known: BTreeMap<String, BTreeSet<String>>,
    /// The lines of what is absent.
    absences: BTreeMap<Lacking, BTreeSet<String>>,
    left: usize,
    /// The line that stands for every fact.
    every: OnceCell<String>,
}

impl Grounds<'_> {
    /// What the ways to derive it rest on that are not its proof.
    fn besides(&mut self, name: &str) -> Result<BTreeSet<String>, Failure> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let Some((proof, root)) = self.proofs.get(name).and_then(|proof| Some((*proof, proof.root()?))) else {
            return Ok(BTreeSet::new());
        };
        let found = self.settled.foundation(root.side, root.relation, &root.tuple, MOST.min(self.left))?;
        let mut lines: BTreeSet<String> = match &found {
            Some(found) => {
                self.left = self.left.saturating_sub(found.held.len());
                let told = &self.lines;
                let own = proof.nodes.iter().filter_map(|node| {
                    told.tuple(node.side, node.relation, &node.tuple, matches!(node.why, Why::Derived { .. }))
                });
                let own: BTreeSet<String> = own.collect();
                let all = found
                    .held
                    .iter()
                    .filter_map(|(side, relation, tuple, given)| told.tuple(*side, *relation, tuple, !given));
                all.filter(|line| !own.contains(line)).collect()
            }
            None => [self.every()].into(),
        };
        for lacking in found.iter().flat_map(|found| &found.absent) {
            lines.extend(self.absence(lacking)?);
        }
        self.known.insert(name.to_owned(), lines.clone());
        Ok(lines)
    }
    /// What is absent, and what stops every way to it.
    fn absence(&mut self, lacking: &Lacking) -> Result<BTreeSet<String>, Failure> {
        if let Some(known) = self.absences.get(lacking) {
            return Ok(known.clone());
        }
        let most = MOST.min(self.left);
        let mut left = most;
        let stops = stops::stops(self.settled, &self.rules, &self.lines, lacking, &mut left)?;
        self.left = self.left.saturating_sub(most - left);
        let (side, relation, columns) = lacking;
        let absence = |stops| self.lines.absence(*side, *relation, columns, stops);
        let lines: BTreeSet<String> = match stops {
            Some(stops) => [absence(&stops)].into(),
            None => [absence(&BTreeSet::new()), self.every()].into(),
        };
        self.absences.insert(lacking.clone(), lines.clone());
        Ok(lines)
    }

    /// The line that stands for every fact but the words of those who approve.
    fn every(&self) -> String {
        let made = || {
            let program = self.settled.program;
            let words = program.find("std.authority.approval");
            let facts = self.settled.worlds.stated.iter().filter(|(relation, _, _)| Some(*relation) != words);
            let lines = facts.filter_map(|(relation, tuple, _)| self.lines.tuple(Side::After, *relation, tuple, false));
            let lines: BTreeSet<String> = lines.collect();
            let digest = Digest::of(lines.into_iter().collect::<Vec<_>>().join("\n").as_bytes());
            format!("more than {MOST} tuples, and so every fact: {digest}")
        };
        self.every.get_or_init(made).clone()
    }
}

/// What an ambiguity is about, where the tuples that it is derived from do not say it.
fn matter(settled: &Settled<'_>, lines: &Lines<'_>, doubt: &Ambiguity) -> Vec<String> {
    match doubt.kind {
        Doubt::Source => source(settled, lines, &doubt.subject),
        Doubt::Conflict => conflict(settled, lines, &doubt.subject),
        Doubt::Disagreement => disagreement(settled, lines, &doubt.subject),
        // What they are derived from says it all; of the last two there is no word to give.
        Doubt::NoPermit | Doubt::NoIntent | Doubt::NoAccountable | Doubt::Partial | Doubt::Unknown | Doubt::NoRight => {
            Vec::new()
        }
    }
}

/// Which files of a source are not whole, which others took part where its age counts, and what it states in vain.
fn source(settled: &Settled<'_>, told: &Lines<'_>, name: &str) -> Vec<String> {
    let (case, program) = (settled.case, settled.program);
    let mut lines = Vec::new();
    let mut aged = false;
    for state in case.sources.iter().filter(|state| state.name() == name) {
        match state {
            SourceState::Part(_, file, digest) => lines.push(format!("part of {file}, sha256:{digest}")),
            SourceState::Aged(_) => aged = true,
            SourceState::Missing(_) | SourceState::Fills(..) => {}
        }
    }
    // Whether it is there at all.
    if let Some(relation) = program.find("std.source.source") {
        let rows = settled.matching(Side::After, relation, &[Some(Value::text(name)), None, None]);
        lines.extend(rows.iter().filter_map(|tuple| told.tuple(Side::After, relation, tuple, false)));
    }
    if aged {
        let of = settled.worlds.stated.iter().map(|(_, _, origin)| &origin.source);
        let files: BTreeSet<_> = of.filter(|source| *source.name == *name).collect();
        lines.extend(files.iter().map(|source| format!("file {}, sha256:{}", source.file, source.digest)));
    }
    let unread = program.find("std.source.unread");
    let unread = unread.map(|id| settled.matching(Side::After, id, &[Some(Value::text(name)), None]));
    for tuple in unread.unwrap_or_default() {
        let Some(relation) = tuple.last().and_then(Value::as_text) else { continue };
        let facts = case.facts.iter().filter(|fact| *fact.relation == *relation && *fact.origin.source.name == *name);
        let facts: BTreeSet<String> = facts.map(program::Fact::to_string).collect();
        let count = facts.len();
        let digest = Digest::of(facts.into_iter().collect::<Vec<_>>().join("\n").as_bytes());
        lines.push(format!("{count} facts of {relation}, unread: {digest}"));
    }
    lines
}

/// What each source says of what sources disagree about.
fn conflict(settled: &Settled<'_>, told: &Lines<'_>, subject: &str) -> Vec<String> {
    let program = settled.program;
    let Some(conflicts) = program.find("std.source.conflict") else { return Vec::new() };
    let about = settled.matching(Side::After, conflicts, &[None, Some(Value::text(subject)), None]);
    let of: BTreeSet<RelationId> =
        about.iter().filter_map(|tuple| program.find(tuple.first().and_then(Value::as_text)?)).collect();
    let mut lines = Vec::new();
    for id in of {
        let Some(key) = &program.relation(id).key else { continue };
        let first = |given: &Given| key.columns.first().map(|column| given.1[*column].show());
        let stated = &settled.worlds.stated;
        let from = stated.partition_point(|(relation, _, _)| *relation < id);
        for (relation, tuple, origin) in stated[from..].iter().take_while(|(relation, _, _)| *relation == id) {
            if first(&(*relation, tuple.clone())).as_deref() == Some(subject)
                && let Some(says) = told.tuple(Side::After, id, tuple, false)
            {
                lines.push(format!("{} says {says}", origin.source.name));
            }
        }
    }
    lines
}

/// What the change and the model each say of a resource as it was, where they part; of what is moved all that is said of
/// it, and the policy, which tells whether it matters.
fn disagreement(settled: &Settled<'_>, told: &Lines<'_>, subject: &str) -> Vec<String> {
    let views = settled.worlds.views.get(&Value::text(subject)).into_iter().flatten();
    let mut lines: Vec<String> = Vec::new();
    for view in views {
        let said =
            |who: &str, tuple| Some(format!("{who} says {}", told.tuple(Side::Before, view.relation, tuple, false)?));
        lines.extend(view.ours.iter().filter_map(|tuple| said("the change", tuple)));
        lines.extend(view.theirs.iter().filter_map(|tuple| said("the model", tuple)));
    }
    let moved = settled.case.change.actions.iter().any(|one| &*one.resource == subject && one.moved_from.is_some());
    if moved {
        let names = |value: &Value| value.as_text() == Some(subject);
        let stated = settled.worlds.stated.iter().filter(|(_, tuple, _)| tuple.iter().any(names));
        let said = stated.filter_map(|(id, tuple, _)| told.tuple(Side::Before, *id, tuple, false));
        let said: BTreeSet<String> = said.collect();
        let digest = Digest::of(said.into_iter().collect::<Vec<_>>().join("\n").as_bytes());
        lines.push(format!("moved under the policy {}", Program::shared_digest(&settled.case.program)));
        lines.push(format!("what is said of it: {digest}"));
    }
    lines
}
