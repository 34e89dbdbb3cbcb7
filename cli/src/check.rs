//! `writ check` and `writ explain`: what the compiler has to say.

use crate::arguments::Question;
use crate::decide::limited;
use crate::failure::Failure;
use crate::output::Answer;
use crate::package::Package;
use crate::{fix, inputs, package, policy, progress};
use compiler::builtins;
use compiler::diagnostic::Code;
use decide::SourceState;
use program::Nowhere;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Compiles a policy and prints every finding; ends with 1 where there is one.
///
/// - `question`: facts to compare the policy with; it is compiled first, and they cannot keep it from being checked.
/// - `repair`: make the obvious repairs first.
pub(crate) fn check(question: &Question, repair: bool, as_json: bool) -> Result<Answer, Failure> {
    progress::stage("compiling the policy");
    let mut package = package::load_anew(&question.inputs.policy.policy)?;
    let repairs = if repair { fix::fix(&mut package)? } else { Vec::new() };
    let mut checked = policy::check(&package);
    let mut notes = String::new();
    if checked.counts().0 == 0 && has_facts(&package, question) {
        match compared(question) {
            Ok(found) => checked.add(&found.nowhere, &found.unfilled),
            Err(why) => notes = format!("note: the policy was not compared with the facts\n  {why}\n"),
        }
    }
    let (errors, warnings) = checked.counts();
    let code = u8::from(errors + warnings > 0);
    if as_json {
        let mut answer = json!({ "errors": errors, "warnings": warnings, "diagnostics": checked.to_json() });
        if repair {
            answer["fixed"] = repairs.iter().map(fix::to_json).collect();
        }
        return Ok(Answer { notes, code, ..Answer::of(format!("{answer:#}\n")) });
    }
    let mut text: String = repairs.iter().map(fix::line).collect();
    text += &checked.render();
    let count = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
    let findings = match (errors, warnings) {
        (0, 0) => String::from("no findings"),
        (_, 0) => count(errors, "error"),
        (0, _) => count(warnings, "warning"),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    let fixed = if repair { format!(", {} made", count(repairs.len(), "repair")) } else { String::new() };
    let _ = writeln!(text, "{}: {}{fixed}, {findings}", package.name(), count(package.modules.len(), "module"));
    Ok(Answer { notes, code, ..Answer::of(text) })
}

/// Whether there is anything to compare the policy with.
fn has_facts(package: &Package, question: &Question) -> bool {
    let Question { inputs, change } = question;
    let declared = package.manifest.as_ref().is_some_and(|manifest| !manifest.source.is_empty());
    declared || change.is_some() || !inputs.state.is_empty() || !inputs.facts.is_empty()
}

/// What the facts show of the policy.
struct Compared {
    /// See `decide::paths`.
    nowhere: BTreeSet<(Nowhere, bool)>,
    /// See `decide::unfilled`.
    unfilled: BTreeSet<String>,
}

/// What the facts show of the policy; else why they show nothing.
fn compared(question: &Question) -> Result<Compared, Failure> {
    let Question { inputs, change } = question;
    let loaded = inputs::load(inputs, change.as_deref())?;
    // What is not there may have the paths that nothing else has.
    let missing = loaded.sources.iter().find_map(|source| match source {
        SourceState::Missing(name) => Some(name),
        SourceState::Aged(_) => None,
    });
    if let Some(name) = missing {
        return Err(Failure::Malformed(format!(
            "writ.toml: source `{name}` is declared, and none of its files is there"
        )));
    }
    limited(inputs, |limits| {
        let case = loaded.case(inputs, limits);
        Ok(Compared { nowhere: decide::paths::nowhere(&case)?, unfilled: decide::unfilled(&case) })
    })
}

/// The page of a code or of a builtin, or the list of all codes.
pub(crate) fn explain(code: Option<&str>, as_json: bool) -> Result<Answer, Failure> {
    let wanted = |code: &&Code, text: &str| code.number().eq_ignore_ascii_case(text) || code.name() == text;
    let found: Vec<Code> = match code {
        None => Code::all().to_vec(),
        Some(text) => Code::all().iter().find(|code| wanted(code, text)).copied().into_iter().collect(),
    };
    if let (Some(text), []) = (code, found.as_slice()) {
        return match builtins::explain(text) {
            Ok(page) if as_json => Ok(Answer::of(format!("{:#}\n", json!([{ "builtin": text, "page": page }])))),
            Ok(page) => Ok(Answer::of(page)),
            Err(Some(near)) => {
                Err(Failure::Malformed(format!("{text}: there is no such builtin\n  help: did you mean `{near}`?")))
            }
            Err(None) => {
                Err(Failure::Malformed(format!("{text}: there is no such code\n  help: `writ explain` lists them all")))
            }
        };
    }
    if as_json {
        let pages = found.iter().map(
            |code| json!({ "code": code.number(), "name": code.name(), "title": code.title(), "page": code.page() }),
        );
        return Ok(Answer::of(format!("{:#}\n", serde_json::Value::Array(pages.collect()))));
    }
    Ok(Answer::of(match (code, found.first()) {
        (Some(_), Some(code)) => code.page().to_owned(),
        _ => found.iter().map(|code| format!("{}  {}\n", code.number(), code.title())).collect(),
    }))
}
