//! Whether a record, or an approval, shows what it says, part by part, from files alone.
//!
//! - *record*: the bytes are those of the record they hold.
//! - *signature*: who says so. *receipt*: that it was recorded, and where.
//! - *proof*: every step of every proof follows from the facts and rules it cites; every action does what a cited fact
//!   says; every reason is what its proof ends in; the verdict is what the reasons and ambiguities ask for.
//! - *certificate*, *replay*: that nothing else objects. Neither is in a record; both need the facts it was decided on.
//!
//! INVARIANT: whatever a part does not show, it says.

mod asked;
mod signed;
mod told;
mod whole;

pub use signed::NOBODY_SIGNED;

use crate::approval::Approval;
use crate::envelope::{Predicate, Refused, open, refuse};
use crate::key::PublicKey;
use crate::record::{ACCEPT_RISK, Cleared, Doubt, How, Judgement, Kind, Reason, Record, Verdict};
use crate::spoken;
use program::{Digest, Program, RelationId, State, Value, Verb, Weight};
use proof::{Absence, Inputs, Node, Premise, Side, Why, check_steps};
use std::collections::BTreeSet;

/// What was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<P> {
    /// What it says.
    pub said: P,
    /// Names it.
    pub digest: Digest,
    /// In order: record, signature, receipt; of a decision also proof, certificate, replay.
    pub parts: Vec<Part>,
}

/// A part of what was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `record`, `signature`, …
    pub name: &'static str,
    /// What was checked and holds, a sentence each.
    pub shown: Vec<String>,
    /// What it says and does not show, a sentence each.
    pub not_shown: Vec<String>,
}

/// What a record is held against.
#[derive(Clone, Debug, Default)]
pub struct Trust<'a> {
    /// Whose signatures are believed, under records and under the log; where there are none, nobody's, and only integrity
    /// is shown.
    pub keys: &'a [PublicKey],
    /// The bytes of a receipt.
    pub receipt: Option<&'a [u8]>,
}

/// Checks a record.
///
/// - `bytes`: the envelope, as it was written.
///
/// # Flaws
/// [`Refused`]: the first thing that is not as it should be. Where keys are trusted, a record or a receipt that none of
/// them signed is refused.
pub fn verify(bytes: &[u8], trust: &Trust<'_>) -> Result<Report<Record>, Refused> {
    let opened = open::<Record>(bytes)?;
    let record = &opened.predicate;
    let mut parts = vec![Part {
        name: "record",
        shown: vec![String::from("no byte was changed since it was made")],
        not_shown: vec![String::from("who asked: the actor is a claim")],
    }];
    parts.push(signed::signature(&opened, trust.keys)?);
    parts.push(signed::receipt(&opened, trust)?);
    parts.push(proof(record)?);
    parts.push(Part {
        name: "certificate",
        shown: Vec::new(),
        not_shown: vec![format!(
            "that {}: that rests on what was checked when it was decided, which it calls `{}`",
            if record.verdict == Verdict::Deny { "no other reasons are left out" } else { "nothing else objects" },
            record.assurance.name()
        )],
    });
    parts.push(Part {
        name: "replay",
        shown: Vec::new(),
        not_shown: vec![String::from(
            "that the cited facts are those of the model, and the cited rules those of the program",
        )],
    });
    Ok(Report { digest: opened.digest, said: opened.predicate, parts })
}

/// Checks somebody's word on a decision.
///
/// - `words`: the keys of the party whose word it is; where there are none, nobody's signature is believed.
///
/// # Flaws
/// As of [`verify`].
pub fn verify_approval(bytes: &[u8], words: &[PublicKey], trust: &Trust<'_>) -> Result<Report<Approval>, Refused> {
    let opened = open::<Approval>(bytes)?;
    let said = &opened.predicate;
    let noun = said.how.noun();
    if said.accepts.is_empty() || !said.accepts.is_sorted_by(|a, b| a < b) {
        return refuse(format!("what the {noun} accepts is nothing, or not in order"));
    }
    if let Some(text) = [&said.change, &said.decision].into_iter().find(|text| Digest::parse(text).is_none()) {
        return refuse(format!("the {noun} is of `{text}`, which is no digest"));
    }
    match Value::parse(&said.until, &program::Type::Time) {
        Some(Value::Time(until)) if program::write_time(until) == said.until => {}
        _ => return refuse(format!("the {noun} lasts until `{}`, which is no instant", said.until)),
    }
    let parts = vec![
        Part {
            name: "record",
            shown: vec![String::from("no byte was changed since it was made")],
            not_shown: vec![format!(
                "that it counts: whether {} holds `{}` is decided with each decision of {}, as of its instant",
                said.by, said.right, said.package
            )],
        },
        signed::signature(&opened, words)?,
        signed::receipt(&opened, trust)?,
    ];
    Ok(Report { digest: opened.digest, said: opened.predicate, parts })
}

/// What an envelope holds, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A decision.
    Decision,
    /// Somebody's word on one.
    Approval,
}

/// What an envelope holds; nothing where it is none of ours.
pub fn holds(bytes: &[u8]) -> Option<Holds> {
    match crate::envelope::kind(bytes).ok()?.as_str() {
        Record::TYPE => Some(Holds::Decision),
        Approval::TYPE => Some(Holds::Approval),
        _ => None,
    }
}

fn proof(record: &Record) -> Result<Part, Refused> {
    let mut check = Check { record, facts: facts(record)?, open: BTreeSet::new() };
    let steps = check.proofs()?;
    check.reasons()?;
    asked::asked(record, &check.facts)?;
    check.ambiguities()?;
    check.verdicts()?;
    check.actions()?;
    whole::whole(record, &check.facts)?;
    let open = check.open;
    let proofs = record.proofs.len();
    let shown = vec![
        format!(
            "{proofs} proofs follow, {steps} steps, from {} cited facts and {} cited rules",
            record.facts.len(),
            record.rules.rules.len()
        ),
        match record.all_reasons().count() {
            1 => String::from("the reason is what its proof ends in"),
            count => format!("{count} reasons are what their proofs end in"),
        },
        format!("the verdict `{}` is what the reasons and ambiguities ask for", record.verdict.name()),
    ];
    let mut not_shown = Vec::new();
    if let Some(first) = open.first() {
        let more = if open.len() > 1 { format!(" (and {} more of the kind)", open.len() - 1) } else { String::new() };
        not_shown.push(format!("that {first}{more}"));
    }
    not_shown.extend(told::approved(record));
    not_shown.push(String::from(
        "that the causes, states and parties of reasons are as it says; what a change reaches it does not keep",
    ));
    Ok(Part { name: "proof", shown, not_shown })
}

struct Check<'a> {
    record: &'a Record,
    facts: Inputs,
    /// What remains open: absences and whole groups, in words.
    open: BTreeSet<String>,
}

/// The cited facts, each in its world, where their lines say the same.
fn facts(record: &Record) -> Result<Inputs, Refused> {
    let mut inputs = Inputs::default();
    for cited in &record.facts {
        let Some(relation) = record.rules.relations.get(cited.relation.0 as usize) else {
            return refuse(format!("a cited fact is of relation {}, which is not there", cited.relation.0));
        };
        if line(&relation.name, &cited.tuple) != cited.line {
            return refuse(format!("a cited fact does not say `{}`", cited.line));
        }
        if cited.at.iter().any(|place| place.source >= record.sources.len()) {
            return refuse(format!("a source of `{}` is not there", cited.line));
        }
        inputs.give(cited.world, cited.relation, cited.tuple.clone());
    }
    Ok(inputs)
}

/// A tuple as one line of Writ: its canonical form.
fn line(relation: &str, tuple: &[Value]) -> String {
    let values: Vec<String> = tuple.iter().map(Value::to_string).collect();
    format!("{relation}({})", values.join(", "))
}

impl Check<'_> {
    /// Checks every proof; returns how many steps they have.
    fn proofs(&mut self) -> Result<usize, Refused> {
        let program = &self.record.rules;
        let rules = proof::lawful(program).or_else(|flaw| refuse(format!("the rules: {flaw}")))?;
        let mut steps = 0;
        for (name, proof) in &self.record.proofs {
            let open =
                check_steps(rules, &self.facts, proof).or_else(|flaw| refuse(format!("proof {name}: {flaw}")))?;
            steps += proof.nodes.len();
            for claim in open.claims() {
                let shown: Vec<String> =
                    claim.pattern.iter().map(|v| v.as_ref().map_or(String::from("_"), Value::discreet)).collect();
                let name = &program.relation(claim.relation).name;
                let plain = name.split(['$', '?']).next().unwrap_or(name);
                let atom = format!("{plain}({})", shown.join(", "));
                let world: Vec<&str> = claim.sides.iter().map(|side| side.name()).collect();
                let none = self.is_absence(proof.nodes.get(claim.node), claim.literal);
                self.open.insert(match none {
                    true => format!("no tuple matches {atom} in the world {}", world.join(" or ")),
                    false => format!(
                        "{} tuples and no others match {atom} in the world {}",
                        claim.tuples.len(),
                        world.join(" or ")
                    ),
                });
            }
        }
        Ok(steps)
    }

    fn is_absence(&self, node: Option<&Node>, literal: Option<usize>) -> bool {
        let Some(Why::Derived { premises, .. }) = node.map(|node| &node.why) else { return false };
        matches!(
            literal.and_then(|literal| premises.get(literal)),
            Some(Premise::Absent { why: Absence::NotGiven | Absence::NotDerived, .. })
        )
    }

    fn root(&self, proof: &str) -> Result<&Node, Refused> {
        let root = self.record.proofs.get(proof).and_then(|proof| proof.root());
        root.map_or_else(|| refuse(format!("proof {proof} is not there")), Ok)
    }

    /// Every action does what a cited fact says it does, and every reason stands where its state and causes put it.
    fn actions(&self) -> Result<(), Refused> {
        let relation = self.record.rules.find("std.change.action");
        for action in &self.record.actions {
            let says = [&*action.id, action.verb.name(), &*action.resource].map(Value::text);
            if !relation.is_some_and(|relation| self.facts.after.get(&relation).is_some_and(|t| t.contains(&says[..])))
            {
                return refuse(format!(
                    "no cited fact says that {} is to {} {}",
                    action.id,
                    action.verb.name(),
                    action.resource
                ));
            }
        }
        let known = |id: &String| self.record.actions.iter().any(|action| action.id == *id);
        let placed = |reason: &Reason, states: &[Option<State>], by: Option<&String>| {
            let caused = by.is_none_or(|id| reason.kind == Kind::Permit || reason.causes.contains(id));
            match states.contains(&reason.state) && caused && reason.causes.iter().all(known) {
                true => Ok(()),
                false => refuse(format!("{}({}) stands in the wrong place", reason.rule, reason.subjects.join(", "))),
            }
        };
        let counts = [Some(State::Introduced), Some(State::Standing)];
        for action in &self.record.actions {
            for reason in &action.reasons {
                let states: &[_] = if reason.kind == Kind::Permit { &[None] } else { &counts };
                placed(reason, states, Some(&action.id))?;
            }
        }
        self.record.reasons.iter().try_for_each(|reason| placed(reason, &counts, None))?;
        self.record.standing.iter().try_for_each(|reason| placed(reason, &[Some(State::Standing)], None))?;
        self.record.fixed.iter().try_for_each(|reason| placed(reason, &[Some(State::Fixed)], None))
    }

    /// Every reason is what its proof ends in.
    fn reasons(&self) -> Result<(), Refused> {
        let program = &self.record.rules;
        for reason in self.record.all_reasons() {
            let root = self.root(&reason.proof)?;
            let is = said(program, root);
            let side = if reason.state == Some(State::Fixed) { Side::Before } else { Side::After };
            let same = is.as_ref().is_some_and(|(kind, sure, rule, subjects)| {
                (*kind, *sure, rule, subjects) == (reason.kind, reason.sure, &reason.rule, &reason.subjects)
            });
            let words = match &root.why {
                Why::Derived { rule, binding, .. } => {
                    let rule = program.rule(*rule);
                    (spoken::message(rule, binding), spoken::place(rule))
                }
                Why::Given => Default::default(),
            };
            if !same || root.side != side || words != (reason.message.clone(), reason.place.clone()) {
                return refuse(format!(
                    "proof {} does not end in {}({})",
                    reason.proof,
                    reason.rule,
                    reason.subjects.join(", ")
                ));
            }
            if let Some(cleared) = &reason.cleared {
                let plain = root.tuple.iter().all(Value::is_known);
                let denies = reason.kind == Kind::Deny && reason.sure;
                let may = match cleared.how {
                    How::Waiver => reason.kind != Kind::Permit && plain,
                    How::Approval => reason.kind != Kind::Permit && !denies,
                };
                if !may {
                    return refuse(format!("{} is cleared by what cannot clear it", reason.rule));
                }
                self.cleared(cleared, &reason.rule, &reason.subjects)?;
            }
        }
        for action in &self.record.actions {
            for one in &action.accountable {
                let root = self.root(&one.proof)?;
                let says = [Value::text(action.resource.as_str()), Value::text(one.party.as_str())];
                if program.relation(root.relation).name != "std.authority.accountable" || root.tuple != says {
                    return refuse(format!("proof {} does not end in who answers for {}", one.proof, action.resource));
                }
            }
        }
        Ok(())
    }

    /// Somebody's word is what its proof ends in: of this name, these subjects, by that party.
    fn cleared(&self, cleared: &Cleared, name: &str, subjects: &[String]) -> Result<(), Refused> {
        let root = self.root(&cleared.proof)?;
        let mut says =
            vec![Value::text(name), Value::List(subjects.iter().map(|one| Value::text(one.as_str())).collect())];
        says.push(Value::text(cleared.by.as_str()));
        match cleared.how {
            How::Waiver => says.push(Value::text(cleared.right.as_str())),
            How::Approval if cleared.right == ACCEPT_RISK => {}
            How::Approval => says.clear(),
        }
        let until = Value::parse(&cleared.until, &program::Type::Time).unwrap_or(Value::Bool(false));
        says.extend([Value::text(cleared.why.as_str()), until]);
        let relation = &self.record.rules.relation(root.relation).name;
        let same = root.side == Side::After && relation == cleared.how.relation() && root.tuple == says;
        match same {
            true => Ok(()),
            false => refuse(format!("proof {} does not end in {name} being {}", cleared.proof, cleared.how.name())),
        }
    }

    /// Every ambiguity that is derived is what its proof ends in.
    fn ambiguities(&self) -> Result<(), Refused> {
        for ambiguity in &self.record.ambiguities {
            let named = |proof: &String| -> Result<bool, Refused> {
                let root = self.root(proof)?;
                let name = &self.record.rules.relation(root.relation).name;
                let (plain, sure) = name.strip_suffix('?').map_or((name.as_str(), true), |plain| (plain, false));
                Ok(match ambiguity.kind.relation() {
                    Some(relation) => {
                        let about = root.tuple.last().map(Value::show).unwrap_or_default();
                        let action = root.tuple.first().and_then(Value::as_text);
                        let of_action = ambiguity.action.is_none() || ambiguity.action.as_deref() == action;
                        (plain, sure, about) == (relation, ambiguity.sure, ambiguity.subject.clone()) && of_action
                    }
                    None => said(&self.record.rules, root).is_some_and(|(_, sure, rule, subjects)| {
                        !sure && ambiguity.subject == format!("{rule}({})", subjects.join(", "))
                    }),
                })
            };
            let derived = ambiguity.kind.relation().is_some() || ambiguity.kind == Doubt::Unknown;
            let about = || {
                format!(
                    "the ambiguity `{}` about {} is not what its proof ends in",
                    ambiguity.kind.name(),
                    ambiguity.subject
                )
            };
            match &ambiguity.proof {
                Some(proof) if named(proof)? => {}
                Some(_) => return refuse(about()),
                // Nothing but a change without actions has underived ones of a derived kind; they only escalate.
                None if derived && !self.record.actions.is_empty() => return refuse(about()),
                None => {}
            }
            if let Some(cleared) = &ambiguity.cleared {
                if cleared.how != How::Approval || ambiguity.proof.is_none() || ambiguity.kind.relation().is_none() {
                    return refuse(about());
                }
                self.cleared(cleared, ambiguity.kind.name(), &ambiguity.subjects())?;
            }
        }
        Ok(())
    }

    /// The verdicts are what reasons and ambiguities ask for.
    fn verdicts(&self) -> Result<(), Refused> {
        let record = self.record;
        for action in &record.actions {
            let mut open = record.ambiguities.iter().filter(|ambiguity| ambiguity.cleared.is_none());
            let doubtful = open.any(|ambiguity| match &ambiguity.action {
                Some(id) => *id == action.id,
                None => action.verb != Verb::Read,
            });
            let asked = Verdict::of(&action.reasons).min(if doubtful { Verdict::Escalate } else { Verdict::Allow });
            if asked != action.verdict {
                return refuse(format!(
                    "the reasons ask for {} of {}, not {}",
                    asked.name(),
                    action.id,
                    action.verdict.name()
                ));
            }
            if asked == Verdict::Allow
                && action.verb != Verb::Read
                && !action.reasons.iter().any(|r| permits(r, action))
                && !approved(record, action)
            {
                return refuse(format!("nothing permits {}", action.id));
            }
        }
        let actions = record.actions.iter().map(|action| action.verdict).min().unwrap_or(Verdict::Allow);
        let open = record.ambiguities.iter().any(|ambiguity| ambiguity.cleared.is_none());
        let doubts = if open { Verdict::Escalate } else { Verdict::Allow };
        let asked = actions.min(doubts).min(Verdict::of(&record.reasons));
        if asked != record.verdict {
            return refuse(format!("the reasons ask for {}, not {}", asked.name(), record.verdict.name()));
        }
        if let Some(prior) = record.prior.as_ref().filter(|prior| Digest::parse(prior).is_none()) {
            return refuse(format!("it replaces `{prior}`, which is no digest"));
        }
        match record.actions.len() == record.change.actions {
            true => Ok(()),
            false => refuse(format!("{} of {} actions have a verdict", record.actions.len(), record.change.actions)),
        }
    }
}

/// An approved *no permit* counts as the permit, and so does an approved *no intent*.
fn approved(record: &Record, action: &Judgement) -> bool {
    let positive = [Doubt::NoPermit, Doubt::NoIntent];
    let of_action = |id: &Option<String>| id.as_deref() == Some(action.id.as_str());
    let mut ambiguities = record.ambiguities.iter();
    ambiguities.any(|one| positive.contains(&one.kind) && one.cleared.is_some() && of_action(&one.action))
}

fn permits(reason: &Reason, action: &Judgement) -> bool {
    reason.kind == Kind::Permit && reason.sure && reason.subjects.first() == Some(&action.id)
}

/// What a proof's last node says, where it is an objection or a permit: kind, whether surely, rule, subjects.
fn said(program: &Program, root: &Node) -> Option<(Kind, bool, String, Vec<String>)> {
    let is = |id: RelationId| id == root.relation;
    let objection = program.objections.iter().find(|o| is(o.relation) || o.possible.is_some_and(is));
    let (kind, sure) = match objection {
        Some(objection) => {
            let kind = match objection.weight {
                Weight::Deny => Kind::Deny,
                Weight::Escalate => Kind::Escalate,
            };
            (kind, is(objection.relation))
        }
        None => (program.permits.iter().any(|permit| is(permit.relation)).then_some(Kind::Permit)?, true),
    };
    let subjects = spoken::subjects(program, root.relation, &root.tuple).iter().map(Value::show).collect();
    Some((kind, sure, spoken::rule_name(program, root.relation, &root.tuple), subjects))
}

impl crate::CitedFact {
    /// A cited fact of `program`, with its line.
    pub fn new(
        program: &Program,
        world: Side,
        relation: RelationId,
        tuple: program::Tuple,
        at: Vec<crate::SourcePlace>,
    ) -> Self {
        let line = line(&program.relation(relation).name, &tuple);
        crate::CitedFact { world, relation, tuple, line, at }
    }
}
