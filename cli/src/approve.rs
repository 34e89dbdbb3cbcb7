//! `writ approve`: somebody's word on a decision, signed.

use crate::arguments;
use crate::decide::apart;
use crate::failure::Failure;
use crate::inputs::time;
use crate::kept::{self, Kept};
use crate::output::{self, Answer};
use crate::{manifest, package, verify};
use evidence::{ACCEPT_RISK, Accepted, Approval, Entry, How, Record, Trust, Verdict};
use program::{visible, write_time};
use std::fmt::Write as _;
use std::fs;

/// Signs an approval of all that a decision asks about, or a waiver of the violations of one rule, and records it.
pub(crate) fn approve(arguments: &arguments::Approve) -> Result<Answer, Failure> {
    let package = package::load(&arguments.policy.policy)?;
    let kept = Kept::of(&package.root);
    let path = kept.find(&arguments.decision)?;
    let shown = path.display().to_string();
    let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
    let keys = verify::trusted(&[], &package.root)?;
    let report = evidence::verify(&bytes, &Trust { keys: &keys, receipt: None })
        .map_err(|refused| Failure::Malformed(format!("{shown}: this decision is refused: {refused}")))?;
    let now = match &arguments.now {
        Some(text) => time("--now", text)?,
        None => jiff::Timestamp::now().as_microsecond(),
    };
    let until = time("--until", &arguments.until)?;
    if until < now {
        return Err(Failure::Malformed(format!("--until {}: this is over already", arguments.until)));
    }
    let (how, accepts, right) = accepted(&report.record, arguments.waive.as_deref(), &shown)?;
    let key = kept::signing_key(arguments.key.as_deref(), &kept)?.ok_or_else(|| {
        Failure::Malformed(String::from(
            "there is no key to sign with, and an unsigned word counts for nothing\n  help: `--key FILE`, or `WRIT_SIGNING_KEY`, or `writ init`",
        ))
    })?;
    let approval = Approval {
        how,
        change: report.record.change.digest.clone(),
        file: report.record.change.file.clone(),
        decision: report.digest.to_string(),
        accepts,
        by: arguments.party.clone(),
        right,
        why: arguments.why.clone(),
        until: write_time(until),
    };
    let sealed = evidence::seal(approval.clone()).sign(&key);
    let name = format!("approval/{}.json", sealed.digest.hex());
    let place = arguments.output.clone().unwrap_or_else(|| kept.path(&name));
    let written = arguments.output.as_deref().map(|file| ("--output", file));
    apart(&kept, &[package.files(), vec![path.clone()]].concat(), written.into_iter())?;

    // The log is the package's: its own key signs it, whoever approves.
    let own = kept::own_key(&kept)?.filter(|_| kept.has_log());
    let mut recorded = String::from("in no log: give the file to `writ decide --approval`");
    if let Some(own) = own {
        let lock = kept.lock()?;
        let position = kept.size()?.unwrap_or_default();
        let entry = Entry::of_approval(&approval, &sealed.digest, &write_time(now), position);
        let receipts = kept.commit(&lock, &own, &[(name, sealed.bytes.clone())], vec![entry])?;
        recorded = format!("entry {} of the log", receipts.first().map_or(position, |receipt| receipt.index));
    }
    output::write(&place, &sealed.bytes)?;

    let mut text = format!("{}  {}\n", how.name().to_uppercase(), visible(&approval.file));
    let said = format!("by {} ({}) until {}: {}", approval.by, approval.right, approval.until, approval.why);
    let _ = writeln!(text, "  {}", visible(&said));
    for one in &approval.accepts {
        let _ = writeln!(text, "  {}", visible(&format!("{}({})", one.what, one.subjects.join(", "))));
    }
    let mut answer = Answer::of(text);
    answer.notes = format!("{}: {} (signed by {}, {recorded})\n", how.noun(), place.display(), key.public().short());
    let trust = package.manifest.map(|manifest| manifest.trust).unwrap_or_default();
    let known = trust.approvals.get(&approval.by).map(Vec::as_slice).unwrap_or_default();
    if !known.contains(&manifest::Key(key.public().clone())) {
        answer.notes += &format!(
            "it will not count until writ.toml says whose key this is:\n  [trust.approvals]\n  \"{}\" = [\"{}\"]\n",
            approval.by,
            key.public()
        );
    }
    Ok(answer)
}

/// What a record leaves to be accepted, and by which right.
fn accepted(record: &Record, waive: Option<&str>, shown: &str) -> Result<(How, Vec<Accepted>, String), Failure> {
    let Some(rule) = waive else {
        let accepts = record.to_approve();
        if !accepts.is_empty() {
            return Ok((How::Approval, accepts, ACCEPT_RISK.to_owned()));
        }
        let why = match record.verdict {
            Verdict::Deny => "what it denies can be waived at most: `--waive RULE`",
            Verdict::Escalate => "what it asks about goes with no approval: see `writ show`",
            Verdict::Allow => "it is allowed",
        };
        return Err(Failure::Malformed(format!("{shown}: there is nothing to approve\n  help: {why}")));
    };
    match record.to_waive(rule) {
        (accepts, _) if accepts.is_empty() => Err(Failure::Malformed(format!(
            "{shown}: it has no open violation of `{rule}`\n  help: write the rule with its application, as `writ show` prints it"
        ))),
        (_, None) => Err(Failure::Malformed(format!(
            "{shown}: `{rule}` cannot be waived\n  help: its author may say `@waivable(right: \"…\")`"
        ))),
        (accepts, Some(right)) => Ok((How::Waiver, accepts, right)),
    }
}
