//! The verdict: of each action, and of the change as the worst of them.
//!
//! 1. deny, if surely denied by what no waiver covers;
//! 2. else escalate, if something escalates, may object, or is ambiguous, and no approval clears it;
//! 3. else allow, which rests on a permit, or an approved lack of one, of every ordinary intent that covers what is touched.
//!
//! INVARIANT: no other road leads to *allow* than the last lines of [`judge`], where the permits are looked at again (`permits`).

use crate::ambiguity::{self, About, ambiguities, permitting};
use crate::blast::Graph;
use crate::case::{Case, Failure};
use crate::causes::causes;
use crate::clearing::Clearing;
use crate::decision::{Approval, Decision, Judged, Model, Row};
use crate::permits::{permits, rests_on_permits};
use crate::proofs::Proofs;
use crate::routing::Routing;
use crate::settled::{Settled, settle};
use crate::unknowns::origins;
use crate::violations::{Violation, acts, violations};
use crate::{grounds, record, words};
use evidence::{ACCEPT_RISK, Accountable, Ambiguity, Asked, Assurance, Doubt, Kind, Law, Reason, Sealed, Verdict};
use program::{Digest, Literal, Program, RelationId, State, Value, Verb, Weight, write_time};
use proof::{Proof, Side, Why};
use std::collections::{BTreeMap, BTreeSet};

/// Decides a change.
///
/// # Faults
/// [`Failure::Malformed`] for facts that do not fit the program, [`Failure::Limit`] for a limit that was reached,
/// [`Failure::Bug`] where a part of the answer does not stand up to its check. None of them is a verdict.
pub fn decide(case: &Case<'_>) -> Result<Decision, Failure> {
    let decided = settle(case, |settled| {
        let (mut decision, proofs) = judge(settled)?;
        grounds::list(settled, &mut decision, &proofs)?;
        record::keep(settled, &mut decision, proofs);
        // Proofs alone show neither that nothing else objects nor that what a reason rests on is absent.
        let enough =
            settled.shown().is_some_and(|level| level > Assurance::Proof || decision.verdict != Verdict::Allow);
        Ok(enough.then_some(decision))
    })?;
    match decided {
        Some(decision) => Ok(decision),
        None => decide(&Case { assurance: Assurance::DeltaCertificate, ..case.clone() }),
    }
}

/// Reasons and ambiguities, by what they are about.
struct Draft {
    /// One for each action.
    of_action: Vec<Vec<Reason>>,
    of_change: Vec<Reason>,
    standing: Vec<Reason>,
    fixed: Vec<Reason>,
    doubts: Vec<About>,
}

/// The decision, and the proofs that it names; they are not yet in it.
pub(crate) fn judge(settled: &Settled<'_>) -> Result<(Decision, Vec<(String, Proof)>), Failure> {
    let (case, program) = (settled.case, settled.program);
    let actions = &case.change.actions;
    let routing = Routing::of(settled);
    let mut proofs = Proofs::default();
    let found = violations(settled)?;
    let clearing = Clearing::of(settled, &found);
    let mut draft = object(settled, &found, &routing, &clearing, &mut proofs)?;
    draft.doubts.extend(ambiguities(settled, &routing, &clearing, &mut proofs)?);
    if actions.is_empty() {
        draft.doubts.extend(differences(settled, &routing));
    }
    nobody_to_ask(&mut draft.doubts);

    let open = draft.doubts.iter().filter(|(ambiguity, _)| ambiguity.cleared.is_none());
    let doubtful: BTreeSet<Option<usize>> = open.map(|(_, about)| *about).collect();
    let graph = Graph::of(settled);
    let mut judged = Vec::with_capacity(actions.len());
    for (at, action) in actions.iter().enumerate() {
        let mut reasons = std::mem::take(&mut draft.of_action[at]);
        // What is doubtful about the whole change is so for each action that writes.
        let doubtful = doubtful.contains(&Some(at)) || (doubtful.contains(&None) && action.verb != Verb::Read);
        let verdict = Verdict::of(&reasons).min(if doubtful { Verdict::Escalate } else { Verdict::Allow });
        if verdict == Verdict::Allow && action.verb != Verb::Read {
            reasons.extend(permits(settled, at, &mut proofs)?);
            rests_on_permits(settled, at)?;
        }
        reasons.sort_by(order);
        judged.push(Judged {
            id: action.id.to_string(),
            verb: action.verb,
            resource: action.resource.to_string(),
            verdict,
            reasons,
            blast: if action.verb == Verb::Read { Vec::new() } else { graph.blast(&action.resource) },
            accountable: accountable(settled, &action.resource, &mut proofs)?,
        });
    }
    judged.sort_by(|a, b| (a.verdict, &a.id).cmp(&(b.verdict, &b.id)));
    [&mut draft.of_change, &mut draft.standing, &mut draft.fixed]
        .into_iter()
        .for_each(|reasons| reasons.sort_by(order));
    let unpermitted = draft.doubts.iter().find(|(one, _)| one.kind == Doubt::NoPermit && one.cleared.is_none());
    let advice = unpermitted.map(|(one, _)| permitting(program, &one.subject));
    let mut ambiguities: Vec<Ambiguity> = draft.doubts.into_iter().map(|(ambiguity, _)| ambiguity).collect();
    ambiguities.sort();
    ambiguities.dedup();

    let of_actions = judged.iter().map(|action| action.verdict).min().unwrap_or(Verdict::Allow);
    let open = || ambiguities.iter().filter(|ambiguity| ambiguity.cleared.is_none());
    let of_doubts = if open().next().is_none() { Verdict::Allow } else { Verdict::Escalate };
    let verdict = of_actions.min(Verdict::of(&draft.of_change)).min(of_doubts);
    let reasons = || judged.iter().flat_map(|action| &action.reasons).chain(&draft.of_change);
    let asked = reasons().filter(|reason| reason.cleared.is_none()).flat_map(|reason| &reason.to);
    let parties: BTreeSet<&String> = asked.chain(open().flat_map(|ambiguity| &ambiguity.to)).collect();
    let approval =
        |party: &String| Approval { party: party.clone(), right: ACCEPT_RISK.into(), holds: routing.entitled(party) };
    let approvals_needed = parties.into_iter().map(approval).collect();
    let row = |accepts: &str, subjects: Vec<String>| Row {
        change: case.change.digest.to_string(),
        accepts: accepts.to_owned(),
        subjects,
    };
    let of_reasons = reasons().filter(|reason| reason.approvable()).map(|one| row(&one.rule, one.subjects.clone()));
    let derived = ambiguities.iter().filter(|one| one.approvable());
    let to_approve: BTreeSet<Row> = of_reasons.chain(derived.map(|one| row(one.kind.name(), one.subjects()))).collect();

    let mut decision = Decision {
        verdict,
        change: Asked {
            digest: case.change.digest.to_string(),
            source: case.change.format.to_string(),
            file: case.change.file.to_string(),
            actions: actions.len(),
        },
        model: Model { version: case.model.to_string(), facts: case.facts.len(), ignored: settled.worlds.ignored },
        program: Law { digest: Program::shared_digest(&case.program).to_string(), packages: program.packages.clone() },
        actor: case.actor.clone(),
        session: case.session.clone(),
        now: reads_now(settled).then(|| write_time(case.now)),
        actions: judged,
        reasons: draft.of_change,
        standing: draft.standing,
        fixed: draft.fixed,
        ambiguities,
        approvals_needed,
        to_approve: to_approve.into_iter().collect(),
        proofs: Vec::new(),
        assurance: case.assurance,
        passing: None,
        advice,
        evidence: Sealed { bytes: Vec::new(), digest: Digest::of(b"") },
    };
    let named = proofs.named(|name| decision.rename(name));
    Ok((decision, named))
}

/// Deny, escalate, permit; sure before possible; the more severe first, without a severity last; then by rule and subjects.
fn order(a: &Reason, b: &Reason) -> std::cmp::Ordering {
    let weight = |reason: &Reason| (reason.kind, !reason.sure, std::cmp::Reverse(reason.severity));
    let rest = |reason: &Reason| (reason.rule.clone(), reason.subjects.clone(), reason.state);
    weight(a).cmp(&weight(b)).then_with(|| rest(a).cmp(&rest(b)))
}

/// Every violation as a reason, with its causes and whom it asks.
fn object(
    settled: &Settled<'_>,
    found: &[Violation<'_>],
    routing: &Routing<'_>,
    clearing: &Clearing<'_>,
    proofs: &mut Proofs,
) -> Result<Draft, Failure> {
    let actions = &settled.case.change.actions;
    let mut draft = Draft {
        of_action: vec![Vec::new(); actions.len()],
        of_change: Vec::new(),
        standing: Vec::new(),
        fixed: Vec::new(),
        doubts: Vec::new(),
    };
    for violation in found {
        let proof = proofs.add(settled, violation.side(), violation.relation, &violation.tuple)?;
        let belongs = belongs(settled, violation, proofs.get(&proof))?;
        let mut reason = reason(settled, violation, proofs.get(&proof), proof.clone());
        if violation.counts {
            (reason.cleared, reason.void) = clearing.violation(violation, proofs)?;
        }
        // What somebody stands in for is no longer asked about.
        let open = violation.counts && reason.cleared.is_none();
        reason.causes = belongs.iter().map(|at| actions[*at].id.to_string()).collect();
        if violation.objection.weight == Weight::Escalate || !violation.sure {
            let route = routing.escalation(violation.objection, &violation.tuple);
            let first = belongs.first().copied();
            if open && route.without_right {
                draft.doubts.push((no_right(&reason, first.map(|at| &*actions[at].id), &route.parties), first));
            }
            reason.to = route.parties;
        }
        if open && !violation.sure {
            let origins = origins(settled, violation.relation, &violation.tuple)?;
            for at in belongs.iter().map(|at| Some(*at)).chain(belongs.is_empty().then_some(None)) {
                draft.doubts.push((unknown(&reason, at.map(|at| &*actions[at].id), &origins), at));
            }
        }
        match violation.state {
            State::Fixed => draft.fixed.push(reason),
            State::Standing if !violation.counts => draft.standing.push(reason),
            State::Introduced | State::Standing if belongs.is_empty() => draft.of_change.push(reason),
            State::Introduced | State::Standing => {
                belongs.iter().for_each(|at| draft.of_action[*at].push(reason.clone()))
            }
        }
    }
    Ok(draft)
}

/// The actions that take a violation's verdict, by position: its subjects, else its causes.
fn belongs(settled: &Settled<'_>, violation: &Violation<'_>, proof: &Proof) -> Result<BTreeSet<usize>, Failure> {
    if let Some(acts) = acts(settled, violation.relation, &violation.tuple) {
        return Ok(acts);
    }
    match violation.state {
        State::Introduced => causes(settled, proof),
        State::Standing if violation.counts => {
            let actions =
                settled.case.change.actions.iter().enumerate().filter(|(_, action)| action.verb != Verb::Read);
            let touches = |resource: &str| violation.tuple.iter().any(|value| value.as_text() == Some(resource));
            Ok(actions.filter(|(_, action)| touches(&action.resource)).map(|(at, _)| at).collect())
        }
        State::Standing | State::Fixed => Ok(BTreeSet::new()),
    }
}

fn reason(settled: &Settled<'_>, violation: &Violation<'_>, proof: &Proof, name: String) -> Reason {
    let (message, place) = root(settled, proof);
    let subjects = evidence::subjects(settled.program, violation.relation, &violation.tuple);
    Reason {
        kind: match violation.objection.weight {
            Weight::Deny => Kind::Deny,
            Weight::Escalate => Kind::Escalate,
        },
        rule: evidence::rule_name(settled.program, violation.relation, &violation.tuple),
        subjects: subjects.iter().map(Value::show).collect(),
        message,
        place,
        state: Some(violation.state),
        sure: violation.sure,
        causes: Vec::new(),
        to: Vec::new(),
        severity: violation.objection.severity,
        controls: violation.objection.controls.clone(),
        proof: name,
        further: Vec::new(),
        cleared: None,
        void: Vec::new(),
    }
}

/// The message and the place of the rule that a proof ends in.
pub(crate) fn root(settled: &Settled<'_>, proof: &Proof) -> (String, String) {
    match proof.root().map(|root| &root.why) {
        Some(Why::Derived { rule, binding, .. }) => {
            let rule = settled.program.rule(*rule);
            (evidence::message(rule, binding), evidence::place(rule))
        }
        Some(Why::Given) | None => (String::new(), String::new()),
    }
}

fn unknown(reason: &Reason, action: Option<&str>, origins: &BTreeSet<String>) -> Ambiguity {
    let subject = format!("{}({})", reason.rule, reason.subjects.join(", "));
    let from = match origins.is_empty() {
        true => String::from("a value that is not known"),
        false => origins.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    Ambiguity {
        kind: Doubt::Unknown,
        action: action.map(str::to_owned),
        message: format!("whether {} objects depends on {from}", reason.rule),
        subject,
        sure: false,
        origins: origins.iter().cloned().collect(),
        to: reason.to.clone(),
        proof: Some(reason.proof.clone()),
        further: Vec::new(),
        cleared: None,
        void: Vec::new(),
    }
}

fn no_right(reason: &Reason, action: Option<&str>, instead: &[String]) -> Ambiguity {
    Ambiguity {
        kind: Doubt::NoRight,
        action: action.map(str::to_owned),
        subject: format!("{}({})", reason.rule, reason.subjects.join(", ")),
        message: format!(
            "nobody whom {}({}) names holds the right `{ACCEPT_RISK}`",
            reason.rule,
            reason.subjects.join(", ")
        ),
        sure: true,
        origins: Vec::new(),
        to: instead.to_vec(),
        proof: None,
        further: Vec::new(),
        cleared: None,
        void: Vec::new(),
    }
}

/// One line more where an ambiguity finds nobody at all to ask.
fn nobody_to_ask(doubts: &mut Vec<About>) {
    let lost =
        doubts.iter().filter(|(one, _)| one.kind != Doubt::NoRight && one.to.is_empty() && one.cleared.is_none());
    let lost: BTreeSet<&str> = lost.map(|(one, _)| one.subject.as_str()).collect();
    if let Some(first) = lost.first() {
        let more = if lost.len() > 1 { format!(" and {} more", lost.len() - 1) } else { String::new() };
        let message = format!("neither an intent nor `writ.toml` names an owner to ask about {first}{more}");
        let ambiguity = Ambiguity {
            kind: Doubt::NoRight,
            action: None,
            subject: String::from("the change"),
            message,
            sure: true,
            origins: Vec::new(),
            to: Vec::new(),
            proof: None,
            further: Vec::new(),
            cleared: None,
            void: Vec::new(),
        };
        doubts.push((ambiguity, None));
    }
}

/// Why a change without actions is not simply allowed: its source is partial, or some fact differs.
fn differences(settled: &Settled<'_>, routing: &Routing<'_>) -> Vec<About> {
    let mut found = Vec::new();
    let mut add = |kind, subject: &str, message: &str| {
        let ambiguity = Ambiguity {
            kind,
            action: None,
            subject: subject.to_owned(),
            message: message.to_owned(),
            sure: true,
            origins: Vec::new(),
            to: routing.ambiguity(kind, None, subject),
            proof: None,
            further: Vec::new(),
            cleared: None,
            void: Vec::new(),
        };
        found.push((ambiguity, None));
    };
    if settled.worlds.differs {
        add(Doubt::Disagreement, "the world before", "the model and the change disagree, and the change does nothing");
    }
    let drift =
        settled.program.find("std.terraform.drift").map(|id| settled.tuples(Side::Before, id)).unwrap_or_default();
    for resource in drift.iter().filter_map(|tuple| tuple.first()).map(Value::show).collect::<BTreeSet<_>>() {
        add(Doubt::Disagreement, &resource, &format!("{resource} is not as it was built, and the change does nothing"));
    }
    for relation in ["std.source.missing", "std.source.incomplete", "std.source.stale", "std.source.unread"] {
        let tuples = settled.program.find(relation).map(|id| settled.tuples(Side::Before, id)).unwrap_or_default();
        for source in tuples.iter().filter_map(|tuple| tuple.first()).map(Value::show) {
            add(Doubt::Source, &source, &ambiguity::unreliable(settled, relation, &source));
        }
    }
    found
}

/// Who answers for a resource, each with a proof: from the world before, or where it is created from the world after.
fn accountable(settled: &Settled<'_>, resource: &str, proofs: &mut Proofs) -> Result<Vec<Accountable>, Failure> {
    let Some(relation) = settled.program.find("std.authority.accountable") else { return Ok(Vec::new()) };
    let name = Value::text(resource);
    let created = settled.program.find("std.change.created");
    let created = created.is_some_and(|id| settled.holds(Side::After, id, std::slice::from_ref(&name)));
    let side = if created { Side::After } else { Side::Before };
    let mut found = Vec::new();
    for tuple in settled.matching(side, relation, &[Some(name), None]) {
        let proof = proofs.add(settled, side, relation, &tuple)?;
        let party = tuple.last().map(Value::show).unwrap_or_default();
        found.push(Accountable { party, r#as: basis(settled, proofs.get(&proof)), proof });
    }
    Ok(found)
}

/// The relation by which somebody answers: the first that the rule of accountability reads.
fn basis(settled: &Settled<'_>, proof: &Proof) -> String {
    let Some(Why::Derived { rule, .. }) = proof.root().map(|root| &root.why) else { return String::from("stated") };
    let atoms = settled.program.rule(*rule).body.iter().filter_map(|literal| match literal {
        Literal::Holds(atom) => Some(atom.relation),
        _ => None,
    });
    let authority = |id: &RelationId| settled.program.relation(*id).authority;
    let read: Vec<RelationId> = atoms.collect();
    let first = read.iter().find(|id| authority(id)).or(read.first());
    first.map_or("stated", |id| words::name(settled.program, *id)).to_owned()
}

/// Whether a rule in force reads the time; waivers and mandates do where there are some.
fn reads_now(settled: &Settled<'_>) -> bool {
    let program = settled.program;
    let Some(now) = program.find("std.time.now") else { return false };
    let some = |name| program.find(name).is_some_and(|id| !settled.tuples(Side::Before, id).is_empty());
    let unless = |relation, given| program.find(relation).filter(|_| !some(given));
    let idle = [unless("std.authority.may", "std.authority.mandate"), unless("std.source.stale", "std.source.max_age")];
    let objections = program.objections.iter().flat_map(|o| [Some(o.relation), o.possible, o.route]).flatten();
    let mut open: Vec<RelationId> = objections.chain(program.permits.iter().map(|permit| permit.relation)).collect();
    open.extend(
        ["std.intent.covers", "std.authority.accountable", "std.verdict.stale_source"]
            .iter()
            .filter_map(|name| program.find(name)),
    );
    let words = [("std.authority.waiver", evidence::How::Waiver), ("std.authority.approval", evidence::How::Approval)];
    let spoken = words.into_iter().filter(|(fact, _)| some(fact));
    open.extend(spoken.filter_map(|(_, how)| program.find(how.relation())));
    let mut read: BTreeMap<RelationId, BTreeSet<RelationId>> = BTreeMap::new();
    for rule in &program.rules {
        read.entry(rule.head.relation).or_default().extend(rule.reads());
    }
    let mut seen: BTreeSet<RelationId> = open.iter().copied().collect();
    while let Some(relation) = open.pop() {
        if idle.contains(&Some(relation)) {
            continue;
        }
        open.extend(read.get(&relation).into_iter().flatten().filter(|id| seen.insert(**id)));
    }
    seen.contains(&now)
}

impl Decision {
    /// Meets every name of a proof, in the order in which they are printed.
    fn rename(&mut self, name: &mut dyn FnMut(&mut String)) {
        for action in &mut self.actions {
            action.reasons.iter_mut().for_each(|reason| rename(reason, name));
            action.accountable.iter_mut().for_each(|one| name(&mut one.proof));
        }
        for reason in self.reasons.iter_mut().chain(&mut self.standing).chain(&mut self.fixed) {
            rename(reason, name);
        }
        for ambiguity in &mut self.ambiguities {
            ambiguity.proof.iter_mut().for_each(&mut *name);
            ambiguity.cleared.iter_mut().for_each(|cleared| name(&mut cleared.proof));
        }
    }
}

fn rename(reason: &mut Reason, name: &mut dyn FnMut(&mut String)) {
    name(&mut reason.proof);
    reason.cleared.iter_mut().for_each(|cleared| name(&mut cleared.proof));
}
