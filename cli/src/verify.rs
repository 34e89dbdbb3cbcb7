//! `writ verify`: does an evidence file, or an approval, show what it says?

use crate::arguments;
use crate::decide::placed;
use crate::failure::Failure;
use crate::kept::Kept;
use crate::log::root;
use crate::output::Answer;
use crate::{manifest, membership, package, progress};
use decide::{Assurance, Case};
use evidence::{Approval, Holds, How, NOBODY_SIGNED, Part, PublicKey, Record, Report, Trust, Verdict};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Checks an evidence file: from files alone; with `--replay` by deciding it again besides.
pub(crate) fn verify(arguments: &arguments::Verify) -> Result<Answer, Failure> {
    let file = &arguments.file;
    let bytes = read(file)?;
    let keys = trusted(&arguments.key, &arguments.policy)?;
    let beside = file.with_extension("tlog-proof");
    let receipt = match &arguments.receipt {
        Some(receipt) => Some(read(receipt)?),
        None if beside.is_file() && beside != *file => Some(read(&beside)?),
        // A command that was killed behind the log's entry leaves none.
        None => recorded_here(arguments, &bytes)?,
    };
    let shown = program::visible(&file.display().to_string()).into_owned();
    if let Some(answer) = membership::verify(&shown, &bytes, arguments.json)? {
        return Ok(answer);
    }
    let trust = Trust { keys: &keys, receipt: receipt.as_deref() };
    if evidence::holds(&bytes) == Some(Holds::Approval) {
        return approval(arguments, &bytes, &trust);
    }
    let mut report = match evidence::verify(&bytes, &trust) {
        Ok(report) => report,
        Err(refused) if refused.malformed => return Err(Failure::Malformed(format!("{shown}: {}", refused.what))),
        Err(why) => return Ok(refused(&shown, &why.what, arguments.json)),
    };
    if arguments.receipt.is_some() && !report.is_recorded() {
        return Ok(refused(&shown, NOBODY_SIGNED, arguments.json));
    }
    words(&mut report);
    if let Some(why) = unrecorded(arguments, &report)? {
        return Ok(refused(&shown, &why, arguments.json));
    }
    if arguments.replay
        && let Some(why) = again(&mut report, &Kept::of(&root(&arguments.policy)))?
    {
        return Ok(refused(&shown, &why, arguments.json));
    }
    Ok(Answer::of(if arguments.json { in_json(&shown, &report) } else { report.told(&shown) }))
}

/// The receipt of this package's own decision out of its own log.
fn recorded_here(arguments: &arguments::Verify, bytes: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let Ok(opened) = evidence::open::<Record>(bytes) else { return Ok(None) };
    let own =
        manifest_of(&arguments.policy)?.is_some_and(|manifest| manifest.package.name == opened.predicate.package());
    if own { Kept::of(&root(&arguments.policy)).receipt(&opened.digest.to_string()) } else { Ok(None) }
}

/// Says of the words that something rests on that a record shows what they say, and not who signed them.
fn words(report: &mut Report<Record>) {
    let said = &report.said;
    let of_reasons = said.all_reasons().filter_map(|reason| reason.cleared.as_ref());
    let cleared = of_reasons.chain(said.ambiguities.iter().filter_map(|one| one.cleared.as_ref()));
    let unsigned: BTreeSet<String> = cleared
        .map(|word| {
            let what = match word.how {
                How::Approval => "approval",
                How::Waiver => "waiver",
            };
            let by = program::visible(&word.by);
            format!(
                "that \"{by}\" signed the {what} it rests on: the record has what it says; verify the {what} by itself"
            )
        })
        .collect();
    if let Some(part) = report.parts.iter_mut().find(|part| part.name == "signature") {
        part.not_shown.extend(unsigned);
    }
}

/// Why an allow stands in no log, where it should: a command that was killed may have signed it and not recorded it, and
/// what counts what was allowed does not know of it.
fn unrecorded(arguments: &arguments::Verify, report: &Report<Record>) -> Result<Option<String>, Failure> {
    if arguments.recorded && !report.is_recorded() {
        return Ok(Some(String::from("no receipt shows that it is in a log, and `--recorded` asks for that")));
    }
    let kept = Kept::of(&root(&arguments.policy));
    let own = manifest_of(&arguments.policy)?.is_some_and(|manifest| manifest.package.name == report.said.package());
    if !own || !kept.has_log() || report.said.verdict != Verdict::Allow {
        return Ok(None);
    }
    let entries = kept.entries()?.unwrap_or_default();
    let missing = !entries.iter().any(|entry| entry.digest == report.digest.to_string());
    Ok(missing.then(|| {
        format!(
            "{}: this package's own log has no such entry, so that it was never recorded",
            kept.path("log").display()
        )
    }))
}

/// Checks somebody's word: by the keys given, else by those that the manifest names for the party.
fn approval(arguments: &arguments::Verify, bytes: &[u8], trust: &Trust<'_>) -> Result<Answer, Failure> {
    let shown = program::visible(&arguments.file.display().to_string()).into_owned();
    if arguments.replay {
        return Err(Failure::Malformed(format!(
            "{shown}: somebody's word cannot be decided again\n  help: leave out --replay, or name a decision"
        )));
    }
    let by = evidence::open::<Approval>(bytes).map(|opened| opened.predicate.by).unwrap_or_default();
    let words = match arguments.key.is_empty() {
        true => manifest_of(&arguments.policy)?.and_then(|mut manifest| manifest.trust.approvals.remove(&by)),
        false => None,
    };
    let words: Vec<PublicKey> = match words {
        Some(keys) => keys.into_iter().map(|key| key.0).collect(),
        None if arguments.key.is_empty() => Vec::new(),
        None => trust.keys.to_vec(),
    };
    let report = match evidence::verify_approval(bytes, &words, trust) {
        Ok(report) => report,
        Err(why) => return Ok(refused(&shown, &why.what, arguments.json)),
    };
    if arguments.receipt.is_some() && !report.is_recorded() {
        return Ok(refused(&shown, NOBODY_SIGNED, arguments.json));
    }
    let said = &report.said;
    if arguments.json {
        let answer = json!({
            "file": shown,
            "verified": true,
            "how": said.how,
            "digest": report.digest.to_string(),
            "package": said.package,
            "change": said.change,
            "decision": said.decision,
            "by": said.by,
            "parts": parts_in_json(&report.parts),
        });
        return Ok(Answer::of(format!("{answer:#}\n")));
    }
    Ok(Answer::of(report.told(&shown)))
}

/// What is said of a file that does not show what it says; ends with 1.
pub(crate) fn refused(shown: &str, why: &str, as_json: bool) -> Answer {
    let text = match as_json {
        true => format!("{:#}\n", json!({ "file": shown, "verified": false, "why": why })),
        false => format!("REFUSED  {shown}\n  {why}\n"),
    };
    Answer::of(text).with_code(1)
}

/// Decides a record again from what was kept, and adds what that shows; or says why the record is refused.
fn again(report: &mut Report<Record>, kept: &Kept) -> Result<Option<String>, Failure> {
    progress::stage("deciding again");
    let digest = report.digest.to_string();
    let entries = kept.entries()?.unwrap_or_default();
    let missing = || {
        Failure::Malformed(format!(
            "{}: the log has no such decision, so that what it was decided on is not here\n  help: `--policy DIR` names the package that kept it",
            kept.path("log").display()
        ))
    };
    let entry = entries.iter().find(|entry| entry.digest == digest).ok_or_else(missing)?;
    let record = &report.said;
    let program = Arc::new(kept.program(&record.program.digest)?);
    let facts = kept.model(&record.model)?;
    let change = kept.change(entry.content.as_deref().ok_or_else(missing)?)?;
    let case = kept.case(entry, change, program, facts)?;
    let case = Case { assurance: Assurance::Replay, build: record.engine.clone(), prior: record.prior.clone(), ..case };
    let decided = decide::decide(&case).map_err(|failure| match failure {
        decide::Failure::Malformed(malformed) => Failure::Malformed(placed(&malformed)),
        decide::Failure::Limit(what) => Failure::Fault(what),
        decide::Failure::Bug(what) => Failure::Bug(what),
    })?;
    let again = evidence::open::<Record>(&decided.evidence.bytes);
    let again = again.map_err(|refused| Failure::Bug(format!("a record does not open: {refused}")))?.predicate;
    if (Record { assurance: record.assurance, ..again }) != *record {
        return Ok(Some(format!(
            "decided again from what was kept it is another record: `{}`",
            decided.verdict.name()
        )));
    }
    for part in &mut report.parts {
        match part.name {
            "certificate" => {
                part.not_shown.clear();
                part.shown.push(String::from(
                    "nothing else objects: both worlds were derived again, and are closed under all rules",
                ));
            }
            "replay" => {
                part.not_shown =
                    vec![String::from("that the change that was kept is what its file said: import it again")];
                part.shown.push(String::from(
                    "a second evaluator gives the same from the facts of that model and the program of that digest",
                ));
                part.shown.push(String::from("the record made of it is this one, to the byte"));
            }
            _ => {}
        }
    }
    Ok(None)
}

fn parts_in_json(parts: &[Part]) -> Vec<serde_json::Value> {
    let part = |part: &Part| json!({ "part": part.name, "says": { "shown": part.shown, "not_shown": part.not_shown } });
    parts.iter().map(part).collect()
}

fn in_json(shown: &str, report: &Report<Record>) -> String {
    let record = &report.said;
    let answer = json!({
        "file": shown,
        "verified": true,
        "verdict": record.verdict.name(),
        "digest": report.digest.to_string(),
        "change": record.change.digest,
        "model": record.model,
        "program": record.program.digest,
        "parts": parts_in_json(&report.parts),
    });
    format!("{answer:#}\n")
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|e| package::unreadable(path, &e))
}

/// The keys that decisions are believed by: those given, else those of the manifest, where there is one.
///
/// - `given`: keys, or files with a key a line; `#` begins a comment.
pub(crate) fn trusted(given: &[String], policy: &Path) -> Result<Vec<PublicKey>, Failure> {
    let mut keys = Vec::new();
    for one in given {
        let path = Path::new(one);
        let (from, text) = match path.is_file() {
            true => (one.as_str(), package::text(path)?),
            false => ("--key", one.clone()),
        };
        keys.extend(PublicKey::list(&text).map_err(|no| {
            Failure::Malformed(format!("{from}: {no}\n  help: give `name+hash+base64`, or a file of such lines"))
        })?);
    }
    if given.is_empty()
        && let Some(manifest) = manifest_of(policy)?
    {
        keys.extend(manifest.trust.decisions.into_iter().map(|key| key.0));
    }
    Ok(keys)
}

/// The manifest of a folder, where it has one.
fn manifest_of(policy: &Path) -> Result<Option<manifest::Manifest>, Failure> {
    let file = policy.strip_prefix(".").unwrap_or(policy).join("writ.toml");
    match file.is_file() {
        true => manifest::read(&file, &package::text(&file)?).map(Some),
        false => Ok(None),
    }
}
