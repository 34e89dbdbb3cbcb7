//! `writ verify`: does an evidence file show what it says?

use crate::failure::Failure;
use crate::output::Answer;
use crate::package;
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Checks an evidence file from its own bytes: no policy, no model, no engine.
pub(crate) fn verify(file: &Path, as_json: bool) -> Result<Answer, Failure> {
    let bytes = fs::read(file).map_err(|e| package::unreadable(file, &e))?;
    let shown = file.display().to_string();
    let report = match evidence::verify(&bytes) {
        Ok(report) => report,
        Err(refused) if refused.malformed => return Err(Failure::Malformed(format!("{shown}: {}", refused.what))),
        Err(refused) if as_json => {
            let answer = json!({ "file": shown, "verified": false, "why": refused.what });
            return Ok(Answer::of(format!("{answer:#}\n")).with_code(1));
        }
        Err(refused) => return Ok(Answer::of(format!("REFUSED  {shown}\n  {}\n", refused.what)).with_code(1)),
    };
    if as_json {
        let answer = json!({
            "file": shown,
            "verified": true,
            "verdict": report.verdict.name(),
            "digest": report.digest.to_string(),
            "change": report.change,
            "model": report.model,
            "program": report.program,
            "shown": report.shown,
            "not_shown": report.not_shown,
        });
        return Ok(Answer::of(format!("{answer:#}\n")));
    }
    let mut text = format!("VERIFIED  {shown} · {}\n", report.verdict.name());
    let _ = writeln!(text, "  record   {}", report.digest);
    let _ = writeln!(text, "  change   {}", report.change);
    let _ = writeln!(text, "  model    {}", report.model);
    let _ = writeln!(text, "  program  {}", report.program);
    text.push_str("it shows\n");
    for sentence in &report.shown {
        let _ = writeln!(text, "  + {sentence}");
    }
    text.push_str("it does not show by itself\n");
    for sentence in &report.not_shown {
        let _ = writeln!(text, "  - {sentence}");
    }
    Ok(Answer::of(text))
}
