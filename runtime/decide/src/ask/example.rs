//! A decision as a test: the facts that its reasons rest on, the change, what came of it.
//!
//! Not here: whether the test passes, which whoever asks finds out by running it: a test assumes nothing, and what a
//! decision rests on may be that something is absent.

use crate::case::Case;
use crate::decision::Decision;
use crate::explained::Because;
use evidence::{Kind, Reason, Verdict};
use program::{Fact, State, Value};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Modules whose relations only the tool fills.
const FILLED: [&str; 5] = ["std.change.", "std.intent.", "std.source.", "std.verdict.", "std.time."];

/// The text of a test that states a decision.
///
/// - `title`: its title.
/// - `change`: the change block as it is written, or nothing.
/// - returns: facts with their relations named in full, so that it reads in any module.
pub fn example(case: &Case<'_>, decision: &Decision, title: &str, change: &str) -> String {
    let mut text = format!("test {} {{\n", Value::text(title));
    let facts = facts(case, decision);
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

/// The given facts that the proofs of a decision rest on, and those about what the change touches, as a test states
/// them: what a change introduces was not so before.
fn facts(case: &Case<'_>, decision: &Decision) -> BTreeSet<String> {
    let steps = decision.proofs.iter().flat_map(|(_, proof)| &proof.steps);
    let given = steps.filter(|step| matches!(step.because, Because::Given { .. }));
    let given: BTreeSet<(&str, &[String])> = given
        .map(|step| (step.relation.trim_end_matches('?').split('$').next().unwrap_or_default(), step.tuple.as_slice()))
        .collect();
    let touched: BTreeSet<Value> =
        case.change.actions.iter().map(|action| Value::text(action.resource.to_string())).collect();
    let stated = |fact: &&Fact| {
        let tuple: Vec<String> = fact.tuple.iter().map(Value::to_string).collect();
        let about = fact.tuple.first().is_some_and(|first| touched.contains(first));
        let known = fact.tuple.iter().all(Value::is_known);
        (about && known || given.contains(&(&*fact.relation, tuple.as_slice())))
            && !FILLED.iter().any(|of| fact.relation.starts_with(of))
    };
    let text = |fact: &Fact| {
        let tuple: Vec<String> = fact.tuple.iter().map(Value::to_string).collect();
        format!("{}({})", fact.relation, tuple.join(", "))
    };
    case.facts.iter().filter(stated).map(text).collect()
}

fn expectation(case: &Case<'_>, decision: &Decision, reason: &Reason) -> Option<String> {
    let word = match reason.kind {
        Kind::Deny => "deny",
        Kind::Escalate => "escalate",
        Kind::Permit => return None,
    };
    let root = decision.proof(&reason.proof)?.steps.last()?;
    let relation = case.program.find(root.relation.trim_end_matches('?'))?;
    let hidden = usize::from(case.program.relation(relation).instanced);
    let state = match reason.state {
        Some(State::Introduced) => " introduced",
        Some(State::Standing) => " standing",
        Some(State::Fixed) | None => "",
    };
    Some(format!("{word} {}({}){state}", reason.rule, root.tuple.get(hidden..)?.join(", ")))
}
