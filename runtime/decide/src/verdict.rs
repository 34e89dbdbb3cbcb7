//! The verdict: of each action, and of the change as the worst of them.
//!
//! 1. deny, if surely denied;
//! 2. else escalate, if something escalates, may object, or is ambiguous;
//! 3. else allow, which rests on a permit of every ordinary intent that covers what is touched.
//!
//! INVARIANT: no other road leads to *allow* than the last lines of [`decide`], where the permits are looked at again.

use crate::ambiguity::{About, ambiguities, origins, permitting};
use crate::blast::Graph;
use crate::case::{Case, Failure};
use crate::causes::causes;
use crate::decision::{Approval, Decision, Judged, Model};
use crate::proofs::Proofs;
use crate::routing::{RIGHT, Routing};
use crate::settled::{Settled, settle};
use crate::violations::{Violation, acts, violations};
use crate::{record, words};
use evidence::{Accountable, Ambiguity, Asked, Assurance, Doubt, Kind, Law, Reason, Sealed, Verdict};
use program::{Digest, Literal, RelationId, State, Value, Verb, Weight, write_time};
use proof::{Proof, Side, Why};
use std::collections::{BTreeMap, BTreeSet};

/// Decides a change.
///
/// # Faults
/// [`Failure::Malformed`] for facts that do not fit the program, [`Failure::Limit`] for a limit that was reached,
/// [`Failure::Bug`] where a part of the answer does not stand up to its check. None of them is a verdict.
pub fn decide(case: &Case<'_>) -> Result<Decision, Failure> {
    settle(case, |settled| {
        let (mut decision, proofs) = judge(settled)?;
        record::keep(settled, &mut decision, proofs);
        Ok(decision)
    })
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
    let mut draft = object(settled, &routing, &mut proofs)?;
    draft.doubts.extend(ambiguities(settled, &routing, &mut proofs)?);
    if actions.is_empty() {
        draft.doubts.extend(differences(settled, &routing));
    }
    nobody_to_ask(&mut draft.doubts);

    let doubtful: BTreeSet<Option<usize>> = draft.doubts.iter().map(|(_, about)| *about).collect();
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
    let unpermitted = draft.doubts.iter().find(|(one, _)| one.kind == Doubt::NoPermit);
    let advice = unpermitted.map(|(one, _)| permitting(program, &one.subject));
    let mut ambiguities: Vec<Ambiguity> = draft.doubts.into_iter().map(|(ambiguity, _)| ambiguity).collect();
    ambiguities.sort();
    ambiguities.dedup();

    let of_actions = judged.iter().map(|action| action.verdict).min().unwrap_or(Verdict::Allow);
    let of_doubts = if ambiguities.is_empty() { Verdict::Allow } else { Verdict::Escalate };
    let verdict = of_actions.min(Verdict::of(&draft.of_change)).min(of_doubts);
    let asked = judged.iter().flat_map(|action| &action.reasons).chain(&draft.of_change).flat_map(|reason| &reason.to);
    let parties: BTreeSet<&String> = asked.chain(ambiguities.iter().flat_map(|ambiguity| &ambiguity.to)).collect();
    let approvals_needed =
        parties.into_iter().map(|party| Approval { party: party.clone(), right: RIGHT.into() }).collect();

    let mut decision = Decision {
        verdict,
        change: Asked {
            digest: case.change.digest.to_string(),
            source: case.change.format.to_string(),
            file: case.change.file.to_string(),
            actions: actions.len(),
        },
        model: Model { version: case.model.to_string(), facts: case.facts.len(), ignored: settled.worlds.ignored },
        program: Law { digest: program.digest().to_string(), packages: program.packages.clone() },
        actor: case.actor.clone(),
        session: case.session.clone(),
        now: reads_now(settled).then(|| write_time(case.now)),
        actions: judged,
        reasons: draft.of_change,
        standing: draft.standing,
        fixed: draft.fixed,
        ambiguities,
        approvals_needed,
        proofs: Vec::new(),
        assurance: Assurance::Certificate,
        advice,
        evidence: Sealed { bytes: Vec::new(), digest: Digest::of(b"") },
    };
    let named = proofs.named(|name| decision.rename(name));
    Ok((decision, named))
}

/// Deny, escalate, permit; sure before possible; then by rule and subjects.
fn order(a: &Reason, b: &Reason) -> std::cmp::Ordering {
    let key = |reason: &Reason| (reason.kind, !reason.sure, reason.rule.clone(), reason.subjects.clone(), reason.state);
    key(a).cmp(&key(b))
}

/// Every violation as a reason, with its causes and whom it asks.
fn object(settled: &Settled<'_>, routing: &Routing<'_>, proofs: &mut Proofs) -> Result<Draft, Failure> {
    let actions = &settled.case.change.actions;
    let mut draft = Draft {
        of_action: vec![Vec::new(); actions.len()],
        of_change: Vec::new(),
        standing: Vec::new(),
        fixed: Vec::new(),
        doubts: Vec::new(),
    };
    for violation in violations(settled) {
        let proof = proofs.add(settled, violation.side(), violation.relation, &violation.tuple)?;
        let belongs = belongs(settled, &violation, proofs.get(&proof))?;
        let mut reason = reason(settled, &violation, proofs.get(&proof), proof.clone());
        reason.causes = belongs.iter().map(|at| actions[*at].id.to_string()).collect();
        if violation.objection.weight == Weight::Escalate || !violation.sure {
            let route = routing.escalation(violation.objection, &violation.tuple);
            let first = belongs.first().copied();
            if violation.counts && route.without_right {
                draft.doubts.push((no_right(&reason, first.map(|at| &*actions[at].id), &route.parties), first));
            }
            reason.to = route.parties;
        }
        if violation.counts && !violation.sure {
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
    }
}

/// The message and the place of the rule that a proof ends in.
fn root(settled: &Settled<'_>, proof: &Proof) -> (String, String) {
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
    }
}

fn no_right(reason: &Reason, action: Option<&str>, instead: &[String]) -> Ambiguity {
    Ambiguity {
        kind: Doubt::NoRight,
        action: action.map(str::to_owned),
        subject: format!("{}({})", reason.rule, reason.subjects.join(", ")),
        message: format!("nobody whom {}({}) names holds the right `{RIGHT}`", reason.rule, reason.subjects.join(", ")),
        sure: true,
        origins: Vec::new(),
        to: instead.to_vec(),
        proof: None,
    }
}

/// One line more where an ambiguity finds nobody at all to ask.
fn nobody_to_ask(doubts: &mut Vec<About>) {
    let lost = doubts.iter().filter(|(one, _)| one.kind != Doubt::NoRight && one.to.is_empty());
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
    for state in &settled.case.sources {
        match state {
            crate::SourceState::Missing(name) => add(Doubt::Source, name, &format!("source `{name}` is missing")),
            crate::SourceState::Stale(name) => {
                add(Doubt::Source, name, &format!("source `{name}` is older than it may be"))
            }
        }
    }
    found
}

/// The permits that surely hold for an action.
fn permits(settled: &Settled<'_>, at: usize, proofs: &mut Proofs) -> Result<Vec<Reason>, Failure> {
    let id = &settled.case.change.actions[at].id;
    let mut found = Vec::new();
    for permit in &settled.program.permits {
        // Behind the instance stands the action.
        let columns = settled.program.relation(permit.relation).columns.len();
        let pattern: Vec<Option<Value>> = (0..columns).map(|at| (at == 1).then(|| Value::Text(id.clone()))).collect();
        for tuple in &settled.matching(Side::After, permit.relation, &pattern) {
            let proof = proofs.add(settled, Side::After, permit.relation, tuple)?;
            let (message, place) = root(settled, proofs.get(&proof));
            let subjects = evidence::subjects(settled.program, permit.relation, tuple);
            found.push(Reason {
                kind: Kind::Permit,
                rule: evidence::rule_name(settled.program, permit.relation, tuple),
                subjects: subjects.iter().map(Value::show).collect(),
                message,
                place,
                state: None,
                sure: true,
                causes: vec![id.to_string()],
                to: Vec::new(),
                severity: None,
                controls: Vec::new(),
                proof,
            });
        }
    }
    Ok(found)
}

/// Looks again, without the standard library's rules, whether an action that would be allowed is permitted by every
/// ordinary intent that covers its resource, and covered by one.
fn rests_on_permits(settled: &Settled<'_>, at: usize) -> Result<(), Failure> {
    let action = &settled.case.change.actions[at];
    let (covers, ordinary) = (settled.law("std.intent.covers")?, settled.law("std.intent.ordinary")?);
    let permits = settled.law("std.verdict.permits")?;
    let resource = Value::Text(action.resource.clone());
    let covering = settled.matching(Side::After, settled.possible(covers), &[None, Some(resource)]);
    let mut covered = false;
    for intent in covering.iter().map(|tuple| &tuple[0]) {
        if !settled.holds(Side::After, ordinary, std::slice::from_ref(intent)) {
            continue;
        }
        covered = true;
        if !settled.holds(Side::After, permits, &[Value::Text(action.id.clone()), intent.clone()]) {
            return Err(Failure::Bug(format!("{} would be allowed without a permit of {intent}", action.id)));
        }
    }
    match covered {
        true => Ok(()),
        false => Err(Failure::Bug(format!("{} would be allowed without an intent", action.id))),
    }
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

/// Whether a rule in force reads the time.
fn reads_now(settled: &Settled<'_>) -> bool {
    let program = settled.program;
    let Some(now) = program.find("std.time.now") else { return false };
    let objections = program.objections.iter().flat_map(|o| [Some(o.relation), o.possible, o.route]).flatten();
    let mut open: Vec<RelationId> = objections.chain(program.permits.iter().map(|permit| permit.relation)).collect();
    open.extend(["std.intent.covers", "std.authority.accountable"].iter().filter_map(|name| program.find(name)));
    let mut read: BTreeMap<RelationId, BTreeSet<RelationId>> = BTreeMap::new();
    for rule in &program.rules {
        let relations = rule.body.iter().flat_map(|literal| match literal {
            Literal::Holds(atom) | Literal::Absent(atom) => [Some(atom.relation), None],
            Literal::Aggregate { sure, possible, .. } => [Some(sure.relation), *possible],
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => [None, None],
        });
        read.entry(rule.head.relation).or_default().extend(relations.flatten());
    }
    let mut seen: BTreeSet<RelationId> = open.iter().copied().collect();
    while let Some(relation) = open.pop() {
        open.extend(read.get(&relation).into_iter().flatten().filter(|id| seen.insert(**id)));
    }
    seen.contains(&now)
}

impl Decision {
    /// Meets every name of a proof, in the order in which they are printed.
    fn rename(&mut self, name: &mut dyn FnMut(&mut String)) {
        for action in &mut self.actions {
            action.reasons.iter_mut().for_each(|reason| name(&mut reason.proof));
            action.accountable.iter_mut().for_each(|one| name(&mut one.proof));
        }
        for reason in self.reasons.iter_mut().chain(&mut self.standing).chain(&mut self.fixed) {
            name(&mut reason.proof);
        }
        self.ambiguities.iter_mut().filter_map(|ambiguity| ambiguity.proof.as_mut()).for_each(name);
    }
}
