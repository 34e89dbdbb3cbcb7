//! `writ approve`: somebody's word on a decision, signed.

mod counts;

use crate::arguments;
use crate::decide::{apart, recorded_at};
use crate::failure::Failure;
use crate::inputs::{clock, time};
use crate::kept::{self, Kept};
use crate::output::{self, Answer};
use crate::{manifest, package, verify};
use evidence::{ACCEPT_RISK, Accepted, Approval, Entry, How, Record, Trust, Verdict};
use program::{visible, write_time};
use serde_json::json;
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
    if report.said.package() != package.name() {
        return Err(Failure::Malformed(format!(
            "{shown}: this is a decision of `{}`, and the package here is `{}`, where its approval would not count\n  help: `--policy DIR` names the package that decided",
            visible(report.said.package()),
            package.name()
        )));
    }
    let now = match &arguments.now {
        Some(text) => time("--now", text)?,
        None => clock(),
    };
    let until = time("--until", &arguments.until)?;
    if until < now {
        return Err(Failure::Malformed(format!("--until {}: this is over already", arguments.until)));
    }
    let (how, accepts, right) = accepted(&report.said, arguments.waive.as_deref(), &shown)?;
    let key = kept::signing_key(arguments.key.as_deref(), &kept)?.ok_or_else(|| {
        Failure::Malformed(String::from(
            "there is no key to sign with, and an unsigned word counts for nothing\n  help: `--key FILE`, or `WRIT_SIGNING_KEY`, or `writ init`",
        ))
    })?;
    let approval = Approval {
        how,
        change: report.said.change.digest.clone(),
        file: report.said.change.file.clone(),
        package: report.said.package().to_owned(),
        decision: report.digest.to_string(),
        accepts,
        by: arguments.party.clone(),
        right,
        why: reason(&arguments.why)?,
        until: write_time(until),
    };
    let sealed = evidence::seal(approval.clone()).sign(&key);
    let void = counts::void(&kept, &report.said, &approval, now);
    let name = format!("approval/{}.json", sealed.digest.hex());
    let place = arguments.output.clone().unwrap_or_else(|| kept.path(&name));
    let beside = place.with_extension("tlog-proof");
    let written = arguments.output.as_deref().into_iter().flat_map(|file| [("--output", file), ("--output", &beside)]);
    apart(&kept, &[package.files(), vec![path.clone()]].concat(), written)?;

    // The log is the package's: its own key signs it, whoever approves.
    kept.lost_none()?;
    let own = kept::own_key(&kept)?.filter(|_| kept.has_log());
    let staged = output::stage(&place, &sealed.bytes)?;
    let mut recorded = String::from("in no log: give the file to `writ decide --approval`");
    let (mut stands, mut at) = (None, None);
    if let Some(own) = own {
        let lock = kept.lock()?;
        let position = kept.size()?.unwrap_or_default();
        let entry = Entry::of_approval(&approval, &sealed.digest, &recorded_at(clock())?, position);
        let receipts = kept.commit(&lock, &own, &[(name, sealed.bytes.clone())], vec![entry.clone()])?;
        let receipt = receipts.first().ok_or_else(|| Failure::Bug(String::from("the log gave no receipt")))?;
        recorded = format!("entry {} of the log", receipt.index);
        let said = kept::recorded(&entry, receipt.index);
        output::write(&beside, receipt.to_string().as_bytes()).map_err(|failure| failure.although(Some(&said)))?;
        (stands, at) = (Some(said), Some(receipt.index));
    }
    staged.place().map_err(|failure| failure.although(stands.as_deref()))?;

    let trust = package.manifest.map(|manifest| manifest.trust).unwrap_or_default();
    let known = trust.approvals.get(&approval.by).map(Vec::as_slice).unwrap_or_default();
    let known = known.contains(&manifest::Key(key.public().clone()));
    let mut text = format!("{}  {}\n", how.name().to_uppercase(), visible(&approval.file));
    let said = format!("by {} ({}) until {}: {}", approval.by, approval.right, approval.until, approval.why);
    let _ = writeln!(text, "  {}", visible(&said));
    for one in &approval.accepts {
        let _ = writeln!(text, "  {}", visible(&format!("{}({})", one.what, one.subjects.join(", "))));
        // The name of an ambiguity says nothing of what it is about.
        let mut doubts = report.said.ambiguities.iter();
        if let Some(doubt) = doubts.find(|doubt| doubt.kind.name() == one.what && doubt.subjects() == one.subjects) {
            let _ = writeln!(text, "      {}", visible(&doubt.message));
        }
    }
    if arguments.json {
        let said = json!({
            "digest": sealed.digest.to_string(),
            "evidence": place.display().to_string(),
            "entry": at,
            "signed_by": key.public().to_string(),
            "trusted": known,
            "void": void.iter().flat_map(|void| &void.why).collect::<Vec<_>>(),
            "approval": approval,
        });
        text = format!("{said:#}\n");
    }
    let mut answer = Answer::of(text);
    answer.recorded = stands;
    answer.notes = format!("{}: {} (signed by {}, {recorded})\n", how.noun(), place.display(), key.public().short());
    let own = how == How::Approval && report.said.actor.as_ref() == Some(&approval.by);
    if own {
        answer.notes += &format!(
            "warning: it will not count: \"{}\" asked for this change, and nobody approves what they asked for\n",
            visible(&approval.by)
        );
    }
    if let Some(void) = void.filter(|_| !own) {
        for why in void.why {
            answer.notes += &format!("warning: {}\n", visible(&why));
        }
        answer.notes += &format!("  help: {}\n", visible(&void.help));
    }
    if !known {
        answer.notes += &format!(
            "warning: it will not count until writ.toml says whose key this is:\n  [trust.approvals]\n  \"{}\" = [\"{}\"]\n",
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

/// Why somebody gives their word: a verdict shows it.
fn reason(why: &str) -> Result<String, Failure> {
    match why.trim().is_empty() {
        false => Ok(why.to_owned()),
        true => Err(Failure::Malformed(String::from(
            "--why: it says nothing, and whoever reads the verdict is told why\n  help: give the reason in a sentence",
        ))),
    }
}
