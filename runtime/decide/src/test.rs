//! Test blocks: a world, a change, and what must come of it.
//!
//! Every source is fresh, the time is 2030-01-01T00:00Z unless the test gives one, nothing else is assumed; the rules of
//! ambiguity hold as in any decision.

use crate::case::{Case, Failure};
use crate::decision::Decision;
use crate::routing::Routing;
use crate::settled::{Settled, settle};
use crate::verdict::judge;
use crate::violations::{Violation, violations};
use crate::words;
use engine::Limits;
use evidence::{Kind, Verdict};
use program::{
    Citation, Digest, Expectation, Expected, Program, RelationId, State, Term, TestCase, Tuple, Value, Weight,
};
use proof::{Side, Why};
use serde::Serialize;
use std::sync::Arc;

/// 2030-01-01T00:00Z.
const NOW: i64 = 1_893_456_000_000_000;

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The test's title.
    pub name: String,
    /// Where it stands: `recovery.writ:40`.
    pub place: String,
    /// What was not as expected; empty where the test passes.
    pub failures: Vec<Missed>,
}

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// Where it stands.
    pub place: String,
    /// Its words.
    pub expected: String,
    /// What was there instead, nearest first.
    pub instead: Vec<String>,
}

/// Runs tests, each in a world of its own.
///
/// # Faults
/// [`Failure::Limit`] and [`Failure::Bug`]; input that does not fit is a failure of its test.
pub fn run(program: &Arc<Program>, tests: &[TestCase], limits: Limits<'_>) -> Result<Vec<Outcome>, Failure> {
    tests.iter().map(|test| one(program, test, limits)).collect()
}

fn one(program: &Arc<Program>, test: &TestCase, limits: Limits<'_>) -> Result<Outcome, Failure> {
    let is_now = |relation: &str| relation == "std.time.now";
    let given = test.given.iter().find(|fact| is_now(&fact.relation)).and_then(|fact| fact.tuple.first());
    let now = match given {
        Some(Value::Time(at)) => *at,
        Some(_) | None => NOW,
    };
    let facts: Vec<_> = test.given.iter().filter(|fact| !is_now(&fact.relation)).cloned().collect();
    let mut lines: Vec<String> = facts.iter().map(ToString::to_string).collect();
    lines.sort();
    let case = Case {
        program: program.clone(),
        facts,
        change: test.change.clone(),
        actor: test.actor.clone(),
        session: test.session.clone(),
        now,
        model: Digest::of(lines.join("\n").as_bytes()),
        sources: Vec::new(),
        limits,
        build: String::from("test"),
    };
    let checked = settle(&case, |settled| {
        let (decision, _) = judge(settled)?;
        let world = World { settled, decision, violations: violations(settled), routing: Routing::of(settled) };
        let missed = test.expectations.iter().map(|expectation| world.missed(expectation));
        Ok(missed.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    });
    let failures = match checked {
        Ok(failures) => failures,
        Err(failure @ Failure::Malformed(_)) => {
            vec![Missed {
                place: place(&test.citation),
                expected: test.name.clone(),
                instead: vec![failure.to_string()],
            }]
        }
        Err(failure) => return Err(failure),
    };
    Ok(Outcome { name: test.name.clone(), place: place(&test.citation), failures })
}

fn place(citation: &Citation) -> String {
    format!("{}:{}", citation.file, citation.line)
}

/// What an expectation asks for: `allow` of `expect allow;`.
fn wanted(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.strip_prefix("expect ").unwrap_or(&words);
    words.strip_suffix(';').unwrap_or(words).trim_end().to_owned()
}

/// What a test is held against.
struct World<'a> {
    settled: &'a Settled<'a>,
    decision: Decision,
    violations: Vec<Violation<'a>>,
    routing: Routing<'a>,
}

/// What is asked of a violation.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    pattern: &'a [Term],
    message: Option<&'a str>,
    state: Option<State>,
    to: Option<&'a str>,
}

impl World<'_> {
    fn missed(&self, expectation: &Expectation) -> Result<Option<Missed>, Failure> {
        let (holds, instead) = match &expectation.expected {
            Expected::Allow => self.verdict(Verdict::Allow),
            Expected::Deny => self.verdict(Verdict::Deny),
            Expected::Escalate => self.verdict(Verdict::Escalate),
            Expected::Violation { relation, pattern, message, state, to } => {
                let wanted = Wanted { pattern, message: message.as_deref(), state: *state, to: to.as_deref() };
                self.violation(*relation, wanted)?
            }
            Expected::Tuple { relation, pattern, before } => {
                self.tuple(*relation, pattern, if *before { Side::Before } else { Side::After })
            }
        };
        Ok((holds == expectation.negated).then(|| Missed {
            place: place(&expectation.citation),
            expected: wanted(&expectation.citation.text),
            instead,
        }))
    }

    fn verdict(&self, wanted: Verdict) -> (bool, Vec<String>) {
        let mut instead = vec![format!("the verdict is {}", self.decision.verdict.name())];
        let reasons = self.decision.actions.iter().flat_map(|action| &action.reasons).chain(&self.decision.reasons);
        for reason in reasons.filter(|reason| reason.kind != Kind::Permit) {
            let possibly = if reason.sure { "" } else { ", possibly" };
            instead.push(format!("{}{possibly}: {}({})", reason.kind.name(), reason.rule, quoted(&reason.subjects)));
        }
        instead.extend(self.decision.ambiguities.iter().map(|one| format!("{}: {}", one.kind.name(), one.message)));
        instead.dedup();
        (self.decision.verdict == wanted, shortened(instead, 8))
    }

    fn violation(&self, relation: RelationId, wanted: Wanted<'_>) -> Result<(bool, Vec<String>), Failure> {
        let Wanted { pattern, message, state, to } = wanted;
        let of_rule: Vec<&Violation<'_>> = self
            .violations
            .iter()
            .filter(|v| v.objection.relation == relation && (v.sure || v.objection.weight == Weight::Escalate))
            .collect();
        let parties =
            |violation: &Violation<'_>| self.routing.escalation(violation.objection, &violation.tuple).parties;
        let says: Vec<String> = match message {
            None => vec![String::new(); of_rule.len()],
            Some(_) => of_rule.iter().map(|violation| self.message(violation)).collect::<Result<_, _>>()?,
        };
        let holds = of_rule.iter().zip(&says).any(|(violation, says)| {
            let in_state = state.map_or(violation.state != State::Fixed, |state| violation.state == state);
            let asked = to.is_none_or(|to| parties(violation).iter().any(|party| party == to));
            let told = message.is_none_or(|message| message == says);
            distance(pattern, &violation.tuple) == 0 && in_state && asked && told
        });
        let mut near: Vec<(&&Violation<'_>, &String)> = of_rule.iter().zip(&says).collect();
        near.sort_by_key(|(violation, _)| distance(pattern, &violation.tuple));
        let told = near.iter().map(|(violation, says)| {
            let says = message.map(|_| format!(", and says {}", program::quote(says))).unwrap_or_default();
            let asked = if to.is_some() { format!(", to {}", parties(violation).join(", ")) } else { String::new() };
            let shown = words::tuple(self.settled.program, relation, &violation.tuple);
            format!("{shown} is {}{asked}{says}", word(violation.state))
        });
        let mut instead: Vec<String> = told.collect();
        if instead.is_empty() {
            instead.push(format!("nothing of `{}` holds", words::name(self.settled.program, relation)));
            let possible = self.violations.iter().filter(|v| v.objection.relation == relation);
            instead.extend(
                possible.map(|v| format!("{} holds possibly", words::tuple(self.settled.program, relation, &v.tuple))),
            );
        }
        Ok((holds, shortened(instead, 4)))
    }

    /// What a violation says: the message of the rule in which its proof ends, as a verdict shows it.
    fn message(&self, violation: &Violation<'_>) -> Result<String, Failure> {
        let proof = self.settled.prove(violation.side(), violation.relation, &violation.tuple)?;
        Ok(match proof.root().map(|root| &root.why) {
            Some(Why::Derived { rule, binding, .. }) => evidence::message(self.settled.program.rule(*rule), binding),
            Some(Why::Given) | None => String::new(),
        })
    }

    fn tuple(&self, relation: RelationId, pattern: &[Term], side: Side) -> (bool, Vec<String>) {
        let mut all: Vec<&Tuple> = self.settled.tuples(side, relation).into_iter().collect();
        let holds = all.iter().any(|tuple| distance(pattern, tuple) == 0);
        all.sort_by_key(|tuple| distance(pattern, tuple));
        let mut instead: Vec<String> =
            all.iter().map(|tuple| format!("{} holds", words::tuple(self.settled.program, relation, tuple))).collect();
        if instead.is_empty() {
            instead.push(format!("nothing of `{}` holds", words::name(self.settled.program, relation)));
        }
        (holds, shortened(instead, 4))
    }
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
