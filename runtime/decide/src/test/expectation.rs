//! A world held against what a test expects of it: what is not so, and why.

use super::{Missed, place};
use crate::case::Failure;
use crate::decision::Decision;
use crate::explained::{Explained, explain, given};
use crate::near;
use crate::routing::Routing;
use crate::settled::Settled;
use crate::verdict::judge;
use crate::violations::{Violation, violations};
use crate::words;
use evidence::{Doubt, Kind, Reason, Verdict};
use program::{Expectation, Expected, RelationId, State, Term, Tuple, Value, Weight};
use proof::{Proof, Side, Why};

/// What a test is held against.
pub(super) struct World<'a> {
    settled: &'a Settled<'a>,
    decision: Decision,
    proofs: Vec<(String, Proof)>,
    violations: Vec<Violation<'a>>,
    routing: Routing<'a>,
}

/// What is asked of a violation.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    relation: RelationId,
    /// Of a deny, `Escalate` is one that is only possible.
    weight: Weight,
    pattern: &'a [Term],
    message: Option<&'a str>,
    state: Option<State>,
    to: Option<&'a str>,
}

impl<'a> World<'a> {
    pub(super) fn of(settled: &'a Settled<'a>) -> Result<World<'a>, Failure> {
        let (decision, proofs) = judge(settled)?;
        Ok(World { settled, decision, proofs, violations: violations(settled)?, routing: Routing::of(settled) })
    }

    /// What is not as expected; `None` where it is.
    pub(super) fn missed(&self, expectation: &Expectation) -> Result<Option<Missed>, Failure> {
        let negated = expectation.negated;
        let missed = match &expectation.expected {
            Expected::Allow => self.verdict(Verdict::Allow, negated)?,
            Expected::Deny => self.verdict(Verdict::Deny, negated)?,
            Expected::Escalate => self.verdict(Verdict::Escalate, negated)?,
            Expected::Violation { relation, weight, pattern, message, state, to } => {
                let (message, to) = (message.as_deref(), to.as_deref());
                let wanted = Wanted { relation: *relation, weight: *weight, pattern, message, state: *state, to };
                self.violation(wanted, negated)?
            }
            Expected::Tuple { relation, pattern, world } => {
                self.tuple(*relation, pattern, Side::After.reads(*world), negated)?
            }
        };
        Ok(missed.map(|missed| Missed {
            place: place(&expectation.citation),
            expected: self.words(expectation),
            ..missed
        }))
    }

    /// What an expectation asks for, with the values of its case: `not deny orders/recoverable.key_lost("db", _)`.
    fn words(&self, expectation: &Expectation) -> String {
        let program = self.settled.program;
        let atom = |relation, pattern: &[Term]| words::pattern(program, relation, &near::asked(pattern), words::whole);
        let said = match &expectation.expected {
            Expected::Allow => String::from("allow"),
            Expected::Deny => String::from("deny"),
            Expected::Escalate => String::from("escalate"),
            Expected::Tuple { relation, pattern, world } => {
                format!("{}{}", words::world(*world), atom(*relation, pattern))
            }
            Expected::Violation { relation, weight, pattern, message, state, to } => {
                let (word, state) = match (state, weight) {
                    (Some(State::Fixed), _) => ("fixed ", None),
                    (state, Weight::Deny) => ("deny ", *state),
                    (state, Weight::Escalate) => ("escalate ", *state),
                };
                let quoted = |text: &String| format!(" {}", program::quote(text));
                let message = message.as_ref().map(quoted).unwrap_or_default();
                let state = state.map(|state| format!(" {}", self::word(state))).unwrap_or_default();
                let to = to.as_ref().map(|to| format!(" to{}", quoted(to))).unwrap_or_default();
                format!("{word}{}{message}{state}{to}", atom(*relation, pattern))
            }
        };
        format!("{}{said}", if expectation.negated { "not " } else { "" })
    }

    fn verdict(&self, wanted: Verdict, negated: bool) -> Result<Option<Missed>, Failure> {
        let verdict = self.decision.verdict;
        if (verdict == wanted) != negated {
            return Ok(None);
        }
        let mut instead = vec![format!("the verdict is {}", verdict.name())];
        let reasons = self.decision.actions.iter().flat_map(|action| &action.reasons).chain(&self.decision.reasons);
        let reasons: Vec<&Reason> =
            reasons.filter(|reason| reason.kind != Kind::Permit && reason.cleared.is_none()).collect();
        for reason in &reasons {
            let possibly = if reason.sure { "" } else { ", possibly" };
            let (kind, subjects) = (reason.kind.name(), quoted(&reason.subjects));
            instead.push(format!("{kind}{possibly}: {}({subjects}): {}", reason.rule, reason.message));
        }
        let open = self.decision.ambiguities.iter().filter(|one| one.cleared.is_none());
        instead.extend(open.map(|one| format!("{}: {}", one.kind.name(), one.message)));
        instead.dedup();
        let mut missed = Missed { instead: shortened(instead, 8), ..Missed::default() };
        // What makes the verdict heavier than it should be is proved; what would make it heavier is sought.
        let heavier = verdict < wanted || negated;
        if heavier {
            let name = reasons.first().map(|reason| reason.proof.as_str());
            let proof = name.and_then(|name| self.proofs.iter().find(|(id, _)| id == name));
            missed.proof = proof.map(|(_, proof)| self.explained(proof));
            if missed.proof.is_none() && wanted == Verdict::Allow {
                missed.miss = self.unpermitted()?;
            }
        } else {
            let weight = if wanted == Verdict::Deny { Weight::Deny } else { Weight::Escalate };
            let objections = self.settled.program.objections.iter().filter(|objection| objection.weight == weight);
            let relations: Vec<RelationId> = objections.map(|objection| objection.relation).collect();
            missed.near = near::nearest(self.settled, &relations)?;
        }
        Ok(Some(missed))
    }

    /// Why the first action without a permit has none.
    fn unpermitted(&self) -> Result<Option<near::Miss>, Failure> {
        if !self.decision.ambiguities.iter().any(|one| one.kind == Doubt::NoPermit) {
            return Ok(None);
        }
        let unpermitted = self.settled.law("std.verdict.no_permit")?;
        let permits = self.settled.law("std.verdict.permits")?;
        match self.settled.tuples(Side::After, unpermitted).first() {
            Some(tuple) => {
                let pattern: Vec<Option<Value>> = tuple.iter().cloned().map(Some).collect();
                near::miss(self.settled, Side::After, permits, &pattern, near::RULES)
            }
            None => Ok(None),
        }
    }

    fn violation(&self, wanted: Wanted<'_>, negated: bool) -> Result<Option<Missed>, Failure> {
        let Wanted { relation, weight, pattern, message, state, to } = wanted;
        let of_rule: Vec<&Violation<'_>> =
            self.violations.iter().filter(|violation| violation.objection.relation == relation).collect();
        let parties =
            |violation: &Violation<'_>| self.routing.escalation(violation.objection, &violation.tuple).parties;
        let says: Vec<String> = match message {
            None => vec![String::new(); of_rule.len()],
            Some(_) => of_rule.iter().map(|violation| self.message(violation)).collect::<Result<_, _>>()?,
        };
        let mut all: Vec<(&Violation<'_>, &String)> = of_rule.into_iter().zip(&says).collect();
        let found = all.iter().find(|(violation, says)| {
            let in_state = state.map_or(violation.state != State::Fixed, |state| violation.state == state);
            let asked = to.is_none_or(|to| parties(violation).iter().any(|party| party == to));
            let told = message.is_none_or(|message| message == says.as_str());
            let open = self.cleared(violation).is_none();
            distance(pattern, &violation.tuple) == 0
                && comes_to(violation) == weight
                && in_state
                && asked
                && told
                && open
        });
        if found.is_some() != negated {
            return Ok(None);
        }
        if let Some((violation, _)) = found {
            let proof = self.proof(violation.side(), violation.relation, &violation.tuple)?;
            let instead = vec![format!("it holds, and is {}", word(violation.state))];
            return Ok(Some(Missed { instead, proof: Some(proof), ..Missed::default() }));
        }
        all.sort_by_key(|(violation, _)| distance(pattern, &violation.tuple));
        let there = all.first().is_some_and(|(violation, _)| distance(pattern, &violation.tuple) == 0);
        if there {
            all.retain(|(violation, _)| distance(pattern, &violation.tuple) == 0);
        }
        let told = all.iter().map(|(violation, says)| {
            let says = message.map(|_| format!(", and says {}", program::quote(says))).unwrap_or_default();
            let asked = match (to, parties(violation).as_slice()) {
                (None, _) => String::new(),
                (Some(_), []) => String::from(", to nobody"),
                (Some(_), parties) => format!(", to {}", parties.join(", ")),
            };
            let shown = words::tuple(self.settled.program, relation, &violation.tuple);
            let possibly = if violation.sure { "" } else { "possibly " };
            let cleared = self.cleared(violation);
            let cleared = cleared.map(|one| format!(" and {} by {}", one.how.name(), one.by)).unwrap_or_default();
            let other = match comes_to(violation) {
                found if found == weight || violation.state == State::Fixed => "",
                Weight::Deny => ", whatever is unknown: `expect deny` names it",
                Weight::Escalate => ", since an unknown value decides: `expect escalate` names it",
            };
            format!("{shown} is {possibly}{}{cleared}{asked}{says}{other}", word(violation.state))
        });
        let instead = shortened(told.collect(), 4);
        let fits = there && all.iter().any(|(violation, _)| comes_to(violation) == weight);
        // What was never there cannot be fixed.
        let side = if state == Some(State::Fixed) { Side::Before } else { Side::After };
        let sought = match weight {
            Weight::Deny => relation,
            // What is nowhere sure may be possible: why not even that is the question.
            Weight::Escalate => self.settled.possible(relation),
        };
        let miss = match fits {
            true => None,
            false => near::miss(self.settled, side, sought, &near::asked(pattern), near::RULES)?,
        };
        // Those of other subjects are told with it.
        let instead = if miss.is_some() && !there { Vec::new() } else { instead };
        Ok(Some(Missed { instead, miss, ..Missed::default() }))
    }

    /// Whose word stands against the violation.
    fn cleared(&self, violation: &Violation<'_>) -> Option<&evidence::Cleared> {
        let (program, relation, tuple) = (self.settled.program, violation.relation, &violation.tuple);
        let subjects: Vec<String> = evidence::subjects(program, relation, tuple).iter().map(Value::show).collect();
        self.decision.cleared(&evidence::rule_name(program, relation, tuple), &subjects)
    }

    /// What a violation says: the message of the rule in which its proof ends, as a verdict shows it.
    fn message(&self, violation: &Violation<'_>) -> Result<String, Failure> {
        let proof = self.settled.prove(violation.side(), violation.relation, &violation.tuple)?;
        Ok(match proof.root().map(|root| &root.why) {
            Some(Why::Derived { rule, binding, .. }) => evidence::message(self.settled.program.rule(*rule), binding),
            Some(Why::Given) | None => String::new(),
        })
    }

    fn tuple(
        &self,
        relation: RelationId,
        pattern: &[Term],
        sides: &[Side],
        negated: bool,
    ) -> Result<Option<Missed>, Failure> {
        let pattern = near::asked(pattern);
        let matching =
            |side: &Side| Some((*side, self.settled.matching(*side, relation, &pattern).into_iter().next()?));
        match (sides.iter().find_map(matching), negated) {
            (Some(_), false) | (None, true) => Ok(None),
            (Some((side, tuple)), true) => {
                let proof = Some(self.proof(side, relation, &tuple)?);
                Ok(Some(Missed { instead: vec![String::from("it holds")], proof, ..Missed::default() }))
            }
            (None, false) => {
                let side = sides.last().copied().unwrap_or(Side::After);
                let miss = near::miss(self.settled, side, relation, &pattern, near::RULES)?;
                Ok(Some(Missed { miss, ..Missed::default() }))
            }
        }
    }

    fn proof(&self, side: Side, relation: RelationId, tuple: &Tuple) -> Result<Explained, Failure> {
        Ok(self.explained(&self.settled.prove(side, relation, tuple)?))
    }

    fn explained(&self, proof: &Proof) -> Explained {
        explain(self.settled.program, proof, &self.settled.worlds.origins(&given(proof)))
    }
}

/// What a violation weighs: a deny that an unknown value decides is asked about.
fn comes_to(violation: &Violation<'_>) -> Weight {
    if violation.sure { violation.objection.weight } else { Weight::Escalate }
}

/// In how many columns a tuple is not as the pattern says.
fn distance(pattern: &[Term], tuple: &[Value]) -> usize {
    let differs = |(term, value): &(&Term, &Value)| matches!(term, Term::Constant(constant) if constant != *value);
    pattern.iter().zip(tuple).filter(differs).count() + pattern.len().abs_diff(tuple.len())
}

fn shortened(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        let more = lines.len() - most + 1;
        lines.truncate(most - 1);
        lines.push(format!("… and {more} more"));
    }
    lines
}

fn quoted(subjects: &[String]) -> String {
    subjects.iter().map(|subject| program::quote(subject)).collect::<Vec<_>>().join(", ")
}

/// The word of the language.
fn word(state: State) -> &'static str {
    match state {
        State::Introduced => "introduced",
        State::Standing => "standing",
        State::Fixed => "fixed",
    }
}
