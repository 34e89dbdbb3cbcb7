//! `writ check` and `writ explain`: what the compiler has to say.

use crate::arguments::Policy;
use crate::failure::Failure;
use crate::output::Answer;
use crate::{fix, package, policy, progress};
use compiler::builtins;
use compiler::diagnostic::Code;
use serde_json::json;
use std::fmt::Write as _;

/// Compiles a policy and prints every finding; ends with 1 where there is an error.
///
/// - `repair`: make the obvious repairs first.
pub(crate) fn check(policy: &Policy, repair: bool, as_json: bool) -> Result<Answer, Failure> {
    progress::stage("compiling the policy");
    let mut package = package::load(&policy.policy)?;
    let repairs = if repair { fix::fix(&mut package)? } else { Vec::new() };
    let checked = policy::check(&package);
    let (errors, warnings) = checked.counts();
    let code = u8::from(errors > 0);
    if as_json {
        let mut answer = json!({ "errors": errors, "warnings": warnings, "diagnostics": checked.to_json() });
        if repair {
            answer["fixed"] = repairs.iter().map(fix::to_json).collect();
        }
        return Ok(Answer::of(format!("{answer:#}\n")).with_code(code));
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
    Ok(Answer::of(text).with_code(code))
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
