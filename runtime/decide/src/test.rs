//! Test blocks: a world, a change, and what must come of it.
//!
//! Read downwards: [`run`] runs them, `expectation` holds a world against what was expected, [`coverage`] counts the rules
//! that fired.
//!
//! Every source is fresh, the time is 2030-01-01T00:00Z unless the test gives one, nothing else is assumed; the rules of
//! ambiguity hold as in any decision.

pub mod coverage;
mod expectation;

use crate::case::{Case, Failure, Malformed, SourceState};
use crate::explained::Explained;
use crate::near::{Miss, Near};
use crate::settled::settle;
use crate::worlds::{inputs, worlds};
use coverage::{Coverage, Marks};
use engine::Limits;
use evidence::Assurance;
use expectation::World;
use program::{Citation, Digest, Fact, Program, TestCase, Value};
use proof::Inputs;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// Where it stands.
    pub place: String,
    /// Its words.
    pub expected: String,
    /// What was there instead, nearest first.
    pub instead: Vec<String>,
    /// The proof of what holds, and should not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Explained>,
    /// Why what should hold does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miss: Option<Miss>,
    /// Where a verdict was expected that nothing asks for: the rules that came nearest to asking for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<Near>,
}

/// What came of tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// In the order of the tests.
    pub outcomes: Vec<Outcome>,
    /// What they made of the rules, where that was asked for.
    pub coverage: Option<Coverage>,
}

/// Runs tests, each in a world of its own, `limits.threads` at a time. What comes of them does not depend on how many.
///
/// - `covering`: which rules' coverage is wanted.
///
/// # Faults
/// [`Failure::Limit`] and [`Failure::Bug`] of the first test that has one, with its name; input that does not fit is a
/// failure of its test.
pub fn run(
    program: &Arc<Program>,
    tests: &[TestCase],
    covering: coverage::Rules,
    limits: Limits<'_>,
) -> Result<Ran, Failure> {
    let threads = limits.threads.clamp(1, tests.len().max(1));
    let limits = Limits { threads: 1, ..limits };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(test) = tests.get(at) else { return done };
            done.push((at, one(program, test, covering, limits)));
        }
    };
    let mut all = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for worker in workers {
            match worker.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    let (mut outcomes, mut marks) = (Vec::new(), Marks::default());
    for ((_, done), test) in all.into_iter().zip(tests) {
        let (outcome, found) = done?;
        marks.add(program, &test.name, found);
        outcomes.push(outcome);
    }
    let coverage = (covering != coverage::Rules::None).then(|| marks.coverage(program, covering));
    Ok(Ran { outcomes, coverage })
}

fn one(
    program: &Arc<Program>,
    test: &TestCase,
    covering: coverage::Rules,
    limits: Limits<'_>,
) -> Result<(Outcome, coverage::Found), Failure> {
    let case = case(program, test, limits);
    let checked = settle(&case, |settled| {
        let world = World::of(settled)?;
        let missed = test.expectations.iter().map(|expectation| world.missed(expectation));
        let missed: Vec<Missed> = missed.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        Ok((missed, coverage::found(settled, covering)))
    });
    let named = |what: String| format!("the test `{}`: {what}", test.name);
    let (failures, found) = match checked {
        Ok(done) => done,
        Err(Failure::Malformed(Malformed { what, origin })) => {
            let instead = vec![what];
            let expected = String::from("a world and a change that can be");
            let stated = origin.map(|origin| format!("{}:{}", origin.source.file, origin.place));
            let place = stated.unwrap_or_else(|| place(&test.citation));
            (vec![Missed { place, expected, instead, ..Missed::default() }], coverage::Found::default())
        }
        Err(Failure::Limit(what)) => return Err(Failure::Limit(named(what))),
        Err(Failure::Bug(what)) => return Err(Failure::Bug(named(what))),
    };
    Ok((Outcome { name: test.name.clone(), place: place(&test.citation), failures }, found))
}

/// What a test asks, as any decision is asked.
pub fn case<'l>(program: &Arc<Program>, test: &TestCase, limits: Limits<'l>) -> Case<'l> {
    let (mut now, mut sources, mut facts) = (NOW, Vec::new(), Vec::new());
    for fact in &test.given {
        match (&*fact.relation, fact.tuple.as_slice()) {
            ("std.time.now", [Value::Time(at)]) => now = *at,
            ("std.source.missing", [Value::Text(name)]) => sources.push(SourceState::Missing(name.to_string())),
            _ => facts.push(fact.clone()),
        }
    }
    let mut lines: Vec<String> = facts.iter().map(Fact::to_string).collect();
    lines.sort();
    Case {
        program: program.clone(),
        facts,
        change: test.change.clone(),
        actor: test.actor.clone(),
        session: test.session.clone(),
        now,
        model: Digest::of(lines.join("\n").as_bytes()),
        sources,
        limits,
        assurance: Assurance::DeltaCertificate,
        build: String::from("test"),
        prior: None,
        lapsed: Vec::new(),
        footing: None,
    }
}

/// What is given in the two worlds of a test: what any other way of evaluating the program starts from.
///
/// # Faults
/// [`Failure::Malformed`] for a world or a change that cannot be.
pub fn given(program: &Arc<Program>, test: &TestCase) -> Result<Inputs, Failure> {
    let worlds = worlds(&case(program, test, Limits::default()))?;
    Ok(inputs(worlds.before, &worlds.delta))
}

impl Missed {
    /// What came instead, and why, one line each; deeper lines are indented.
    ///
    /// - `full`: proofs are whole.
    pub fn lines(&self, full: bool) -> Vec<String> {
        let mut lines = self.instead.clone();
        if let Some(proof) = &self.proof {
            lines.extend(proof.lines((!full).then_some(crate::SHORT)));
        }
        if let Some(miss) = &self.miss {
            lines.extend(miss.lines(full));
        }
        lines.extend(self.near.iter().flat_map(|near| near.lines(full)));
        lines
    }
}

fn place(citation: &Citation) -> String {
    format!("{}:{}", citation.file, citation.line)
}
