//! `writ check` and `writ explain`: what the compiler has to say.

use crate::arguments::Question;
use crate::decide::limited;
use crate::failure::Failure;
use crate::output::Answer;
use crate::package::{Each, Package};
use crate::policy::Checked;
use crate::{fix, inputs, package, policy, progress};
use compiler::diagnostic::Code;
use compiler::repair::Made;
use compiler::{builtins, guides, reference};
use decide::SourceState;
use program::Nowhere;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Compiles a policy, or every package of a workspace, and prints every finding; ends with 1 where there is one.
///
/// - `question`: facts to compare the policy with; it is compiled first, and they cannot keep it from being checked.
/// - `repair`: make the obvious repairs first.
pub(crate) fn check(question: &Question, repair: bool, as_json: bool) -> Result<Answer, Failure> {
    progress::stage("compiling the policy");
    let Some(members) = package::members_anew(&question.inputs.policy.policy)? else {
        let looked = look(question, repair)?;
        let text = if as_json { format!("{:#}\n", looked.to_json()) } else { looked.text() };
        return Ok(Answer::of(text).with_code(looked.code()).with_notes(looked.notes));
    };
    let each = members.into_iter().map(|member| {
        let mut question = question.clone();
        question.inputs.policy.policy.clone_from(&member.folder);
        let looked = look(&question, repair);
        (member, looked)
    });
    let all: Each<Looked> = each.collect();
    let code = package::worst(&all, Looked::code);
    let notes = all.iter().filter_map(|(_, one)| Some(one.as_ref().ok()?.notes.as_str())).collect();
    let text = if as_json {
        let counts = all.iter().filter_map(|(_, one)| Some(one.as_ref().ok()?.checked.counts()));
        let (errors, warnings) = counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let packages = package::to_json(&all, Looked::to_json);
        format!("{:#}\n", json!({ "errors": errors, "warnings": warnings, "packages": packages }))
    } else {
        package::listed(&all, Looked::text)
    };
    Ok(Answer::of(text).with_code(code).with_notes(notes))
}

/// What was found in one package.
struct Looked {
    package: Package,
    checked: Checked,
    /// The repairs that were made, where some were asked for.
    repairs: Option<Vec<Made>>,
    notes: String,
}

fn look(question: &Question, repair: bool) -> Result<Looked, Failure> {
    let mut package = package::load_anew(&question.inputs.policy.policy)?;
    let repairs = repair.then(|| fix::fix(&mut package)).transpose()?;
    let mut checked = policy::check(&package);
    let mut notes = String::new();
    if checked.counts().0 == 0 && has_facts(&package, question) {
        match compared(question) {
            Ok(found) => checked.add(&found.nowhere, &found.unfilled),
            Err(why) => notes = format!("note: the policy was not compared with the facts\n  {why}\n"),
        }
    }
    Ok(Looked { package, checked, repairs, notes })
}

impl Looked {
    fn code(&self) -> u8 {
        let (errors, warnings) = self.checked.counts();
        u8::from(errors + warnings > 0)
    }

    fn to_json(&self) -> Value {
        let (errors, warnings) = self.checked.counts();
        let mut answer = json!({ "errors": errors, "warnings": warnings, "diagnostics": self.checked.to_json() });
        if let Some(repairs) = &self.repairs {
            answer["fixed"] = repairs.iter().map(fix::to_json).collect();
        }
        answer
    }

    fn text(&self) -> String {
        let mut text: String = self.repairs.iter().flatten().map(fix::line).collect();
        text += &self.checked.render();
        let count = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        let findings = match self.checked.counts() {
            (0, 0) => String::from("no findings"),
            (errors, 0) => count(errors, "error"),
            (0, warnings) => count(warnings, "warning"),
            (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
        };
        let made = |repairs: &Vec<Made>| format!(", {} made", count(repairs.len(), "repair"));
        let fixed = self.repairs.as_ref().map(made).unwrap_or_default();
        let modules = count(self.package.modules.len(), "module");
        let _ = writeln!(text, "{}: {modules}{fixed}, {findings}", self.package.name());
        text
    }
}

/// Whether there is anything to compare the policy with.
fn has_facts(package: &Package, question: &Question) -> bool {
    let Question { inputs, change, decision } = question;
    let declared = package.manifest.as_ref().is_some_and(|manifest| !manifest.source.is_empty());
    declared || change.is_some() || decision.is_some() || !inputs.state.is_empty() || !inputs.facts.is_empty()
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
    let (inputs, loaded) = inputs::of(question, None)?;
    // What is not there may have the paths that nothing else has.
    let missing = loaded.sources.iter().find_map(|source| match source {
        SourceState::Missing(name) => Some(name),
        SourceState::Aged(_) | SourceState::Fills(..) | SourceState::Part(..) => None,
    });
    if let Some(name) = missing {
        return Err(Failure::Malformed(format!(
            "writ.toml: source `{name}` is missing, in whole or in part\n  help: `writ import` says what of it is there and what could not be read"
        )));
    }
    limited(&inputs, |limits| {
        let case = loaded.case(&inputs, limits);
        Ok(Compared { nowhere: decide::paths::nowhere(&case)?, unfilled: decide::unfilled(&case) })
    })
}

/// The page of a code, of a builtin, of what the standard library declares or for those who come from another language; or
/// the list of all codes.
pub(crate) fn explain(code: Option<&str>, as_json: bool) -> Result<Answer, Failure> {
    let found: Vec<Code> = match code {
        None => Code::all().to_vec(),
        Some(text) => Code::meant(text).into_iter().collect(),
    };
    if let (Some(text), []) = (code, found.as_slice()) {
        if let Some(page) = guides::guide(text) {
            let json = || Answer::of(format!("{:#}\n", json!([{ "guide": text, "page": page }])));
            return Ok(if as_json { json() } else { Answer::of(page.to_owned()) });
        }
        // A module such as `std.net` has builtins and relations.
        let (builtin, declared) = (builtins::explain(text), reference::explain(text));
        let json = |kind: &str, page: &str| Answer::of(format!("{:#}\n", json!([{ kind: text, "page": page }])));
        return match (builtin, declared) {
            (Ok(builtin), Ok(declared)) => {
                let page = format!("{builtin}\n{declared}");
                Ok(if as_json { json("module", &page) } else { Answer::of(page) })
            }
            (Ok(page), Err(_)) => Ok(if as_json { json("builtin", &page) } else { Answer::of(page) }),
            (Err(_), Ok(page)) => Ok(if as_json { json("declared", &page) } else { Answer::of(page) }),
            (Err(Some(near)), Err(_)) => {
                Err(Failure::Malformed(format!("{text}: there is no such builtin\n  help: did you mean `{near}`?")))
            }
            (Err(None), Err(Some(near))) => Err(Failure::Malformed(format!(
                "{text}: the standard library has no such name\n  help: did you mean `{near}`?"
            ))),
            (Err(None), Err(None)) => Err(Failure::Malformed(format!(
                "{text}: there is no such code, builtin or name of the standard library\n  help: `writ explain` lists the codes"
            ))),
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
