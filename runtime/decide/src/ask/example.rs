//! A decision as a test: the facts that its reasons rest on, the change, what came of it.
//!
//! Read downwards: [`example`] is the test, [`asked`] its change block; `near` and `fewer` find the facts where the proofs do not name
//! all that a verdict rests on.
//!
//! INVARIANT: a test that is handed out passes; whoever asks says so of each that is tried, by running it.

use crate::case::{Case, SourceState};
use crate::decision::Decision;
use crate::explained::Because;
use crate::worlds::THIS;
use evidence::{Kind, Reason, Verdict};
use program::{Action, Fact, State, Type, Value, Verb};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Modules whose relations only the tool fills.
const FILLED: [&str; 5] = ["std.change.", "std.intent.", "std.source.", "std.verdict.", "std.time."];

/// The type of an action's name.
const ACTION: &str = "std.change.Action";

/// Facts that a test may state: more is no page that anybody reads.
const MOST: usize = 2_000;

/// Tests that are tried with facts left out.
const TRIES: usize = 200;

/// A test that states a decision, and passes.
///
/// It states the facts that the proofs rest on. Where that is not enough, since a verdict rests on what does not hold too, it
/// states those of the model that are nearest to them, less all that can be left out.
///
/// - `title`: its title.
/// - `changes`: change blocks that say what is asked, from the shortest; the last states all of it.
/// - `tried`: runs a test under the same policy, and says what is not as expected.
/// - returns: with all relations named in full, so that it reads in any module.
///
/// # Errors
/// What is not as expected with all that a test may state: it has no sources that are old, for one.
pub fn example(
    case: &Case<'_>,
    decision: &Decision,
    title: &str,
    changes: &[String],
    tried: &mut dyn FnMut(&str) -> Result<(), String>,
) -> Result<String, String> {
    let cited = cited(case, decision);
    for change in changes {
        let text = text(case, decision, title, &cited, change);
        if tried(&text).is_ok() {
            return Ok(text);
        }
    }
    let change = changes.last().map_or("", String::as_str);
    let all = near(case, &cited);
    tried(&text(case, decision, title, &all, change))?;
    let facts = fewer(all, |facts| tried(&text(case, decision, title, facts, change)).is_ok());
    Ok(text(case, decision, title, &facts, change))
}

/// The text of a test that states a decision.
fn text(case: &Case<'_>, decision: &Decision, title: &str, given: &[&Fact], change: &str) -> String {
    let mut text = format!("test {} {{\n", Value::text(title));
    let facts: BTreeSet<String> = given.iter().map(|fact| of_model(case, fact)).collect();
    let mut facts: Vec<String> = facts.into_iter().collect();
    facts.extend(decision.now.iter().map(|now| format!("std.time.now({now})")));
    facts.extend(case.sources.iter().filter_map(|source| match source {
        SourceState::Missing(name) => Some(format!("std.source.missing({})", Value::text(name.as_str()))),
        // In a test every source is fresh.
        SourceState::Aged(_) | SourceState::Fills(..) | SourceState::Part(..) => None,
    }));
    if !facts.is_empty() {
        text.push_str("    given {\n");
        facts.iter().for_each(|fact| {
            let _ = writeln!(text, "        {fact};");
        });
        text.push_str("    }\n");
    }
    for line in change.lines() {
        let _ = writeln!(text, "    {line}");
    }
    let reasons = decision.actions.iter().flat_map(|action| &action.reasons).chain(&decision.reasons);
    let expected: BTreeSet<String> = reasons.filter_map(|reason| expectation(case, decision, reason)).collect();
    expected.iter().for_each(|line| {
        let _ = writeln!(text, "    expect {line};");
    });
    let verdict = match decision.verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Escalate => "escalate",
    };
    let _ = writeln!(text, "    expect {verdict};\n}}");
    text
}

/// Facts of the model, at most [`MOST`]: these, then those that share a value with one before.
fn near<'f>(case: &'f Case<'_>, first: &[&'f Fact]) -> Vec<&'f Fact> {
    let mut found: Vec<&Fact> = first.to_vec();
    let mut left: Vec<&Fact> = case.facts.iter().filter(|fact| is_stated(fact)).collect();
    left.retain(|fact| !first.contains(fact));
    let of_change = case.change.actions.iter().map(|action| Value::text(action.resource.to_string()));
    let asked = case.actor.iter().chain(&case.session).map(|name| Value::text(name.as_str()));
    let mut seen: BTreeSet<Value> = of_change.chain(asked).collect();
    seen.extend(first.iter().flat_map(|fact| &fact.tuple).cloned());
    while found.len() < MOST && !left.is_empty() {
        let (mut ring, others): (Vec<&Fact>, Vec<&Fact>) =
            left.iter().partition(|fact| fact.tuple.iter().any(|value| seen.contains(value)));
        // What nothing leads to comes last.
        let done = ring.is_empty();
        (ring, left) = if done { (others, Vec::new()) } else { (ring, others) };
        seen.extend(ring.iter().flat_map(|fact| &fact.tuple).cloned());
        found.extend(ring);
    }
    found.truncate(MOST);
    found
}

/// What is left when nothing more can be left out, the last first; or when it was tried often enough.
///
/// Source: Zeller and Hildebrandt, *Simplifying and isolating failure-inducing input*, 2002.
fn fewer<'f>(mut facts: Vec<&'f Fact>, mut passes: impl FnMut(&[&'f Fact]) -> bool) -> Vec<&'f Fact> {
    let mut tries = TRIES;
    let mut size = facts.len().div_ceil(2);
    while size > 0 {
        let mut end = facts.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            if tries == 0 {
                return facts;
            }
            tries -= 1;
            let less: Vec<&Fact> = facts[..start].iter().chain(&facts[end..]).copied().collect();
            if passes(&less) {
                facts = less;
            }
            end = start;
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    facts
}

/// The change block of a case: what is asked, by whom.
///
/// - `cited`: only the facts that the proofs of this decision rest on; without it, all that the change states.
/// - returns: nothing where there are no actions.
pub fn asked(case: &Case<'_>, cited: Option<&Decision>) -> String {
    if case.change.actions.is_empty() {
        return String::new();
    }
    let given = cited.map(given);
    let stated = |fact: &&Fact| given.as_ref().is_none_or(|given| given.contains(&key(fact)));
    let mut text = String::from("change");
    for (word, name) in [("by", &case.actor), ("session", &case.session)] {
        if let Some(name) = name {
            let _ = write!(text, " {word} {}", Value::text(name.as_str()));
        }
    }
    text.push_str(" {\n");
    for action in &case.change.actions {
        let name = match (action.verb, &action.moved_from) {
            (Verb::Move, Some(old)) => format!("{} to {}", Value::text(&**old), Value::text(&*action.resource)),
            _ => Value::text(&*action.resource).to_string(),
        };
        let lines = lines(action, &stated);
        match lines.is_empty() {
            true => {
                let _ = writeln!(text, "    {} {name};", action.verb);
            }
            false => {
                let _ = writeln!(text, "    {} {name} {{\n        {}\n    }}", action.verb, lines.join("\n        "));
            }
        }
    }
    text.push_str("}\n");
    text
}

/// What an action states, as a block has it; some verbs state nothing.
fn lines(action: &Action, stated: &impl Fn(&&Fact) -> bool) -> Vec<String> {
    if matches!(action.verb, Verb::Delete | Verb::Forget | Verb::Read | Verb::Run) {
        return Vec::new();
    }
    let filled = |fact: &&Fact| FILLED.iter().any(|of| fact.relation.starts_with(of));
    let set = action.set.iter().filter(stated).filter(|fact| !filled(fact)).map(|fact| format!("{};", written(fact)));
    let gone = action.remove.iter().filter(|fact| !filled(fact)).map(|fact| format!("without {};", written(fact)));
    set.chain(gone).collect()
}

/// The given facts that the proofs of a decision rest on.
fn given(decision: &Decision) -> BTreeSet<(&str, Vec<String>)> {
    let steps = decision.proofs.iter().flat_map(|(_, proof)| &proof.steps);
    let given = steps.filter(|step| matches!(step.because, Because::Given { .. }));
    given
        .map(|step| (step.relation.trim_end_matches('?').split('$').next().unwrap_or_default(), step.tuple.clone()))
        .collect()
}

fn key(fact: &Fact) -> (&str, Vec<String>) {
    (&*fact.relation, fact.tuple.iter().map(Value::to_string).collect())
}

fn written(fact: &Fact) -> String {
    let (relation, tuple) = key(fact);
    format!("{relation}({})", tuple.join(", "))
}

/// A fact of the model as the test has it: an approval is of the test's own change, whose actions have other names.
fn of_model(case: &Case<'_>, fact: &Fact) -> String {
    if &*fact.relation != "std.authority.approval" || fact.tuple.first() != Some(&digest(case)) {
        return written(fact);
    }
    let mut fact = fact.clone();
    fact.tuple[0] = Value::text(THIS);
    if let Some(Value::List(subjects)) = fact.tuple.get(2) {
        let renamed = subjects.iter().map(|subject| named(case, subject));
        fact.tuple[2] = Value::List(renamed.collect());
    }
    written(&fact)
}

fn digest(case: &Case<'_>) -> Value {
    Value::text(case.change.digest.to_string())
}

/// The name that an action of the change has in a test: its resource. Of anything else, itself.
fn named(case: &Case<'_>, value: &Value) -> Value {
    let own = |action: &&Action| value.as_text() == Some(&*action.id);
    case.change.actions.iter().find(own).map_or_else(|| value.clone(), |action| Value::text(&*action.resource))
}

/// The facts that the proofs of a decision rest on, and those about what the change touches: what a change introduces was not so
/// before.
fn cited<'f>(case: &'f Case<'_>, decision: &Decision) -> Vec<&'f Fact> {
    let given = given(decision);
    let touched: BTreeSet<&str> = case.change.actions.iter().map(|action| &*action.resource).collect();
    let cited = |fact: &&Fact| {
        let about = fact.tuple.first().and_then(Value::as_text).is_some_and(|first| touched.contains(first));
        let known = fact.tuple.iter().all(Value::is_known);
        is_stated(fact) && (about && known || given.contains(&key(fact)))
    };
    case.facts.iter().filter(cited).collect()
}

/// Whether a test may state a fact.
fn is_stated(fact: &Fact) -> bool {
    !FILLED.iter().any(|of| fact.relation.starts_with(of))
}

/// What a reason is to a test; what somebody waived or approved objects no more.
fn expectation(case: &Case<'_>, decision: &Decision, reason: &Reason) -> Option<String> {
    if reason.cleared.is_some() {
        return None;
    }
    let root = decision.proof(&reason.proof)?.steps.last()?;
    let word = match reason.kind {
        // What only possibly denies asks.
        Kind::Deny if !root.relation.ends_with('?') => "deny",
        Kind::Deny | Kind::Escalate => "escalate",
        Kind::Permit => return None,
    };
    let relation = case.program.find(root.relation.trim_end_matches('?'))?;
    let hidden = usize::from(case.program.relation(relation).instanced);
    let state = match reason.state {
        Some(State::Introduced) => " introduced",
        Some(State::Standing) => " standing",
        Some(State::Fixed) | None => "",
    };
    // Of the rule's name as verdicts have it only the instance: the module says what the rest stands for.
    let instance = reason.rule.split_once('/').map(|(instance, _)| format!("{instance}/")).unwrap_or_default();
    let columns = case.program.relation(relation).columns.iter();
    let subjects = columns.zip(&root.tuple).skip(hidden).map(|(column, shown)| {
        let of_action = matches!(&column.r#type, Type::Entity(of) if of == ACTION);
        let mut actions = case.change.actions.iter().filter(|_| of_action);
        let own = actions.find(|action| Value::text(&*action.id).to_string() == *shown);
        match own {
            Some(action) => Value::text(&*action.resource).to_string(),
            // One that stands for many values is written nowhere.
            None if shown.starts_with("unknown(") && shown.ends_with(", many)") => String::from("_"),
            None => shown.clone(),
        }
    });
    let (name, tuple) = (root.relation.trim_end_matches('?'), subjects.collect::<Vec<_>>().join(", "));
    Some(format!("{word} {instance}{name}({tuple}){state}"))
}
