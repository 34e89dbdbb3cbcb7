//! `writ show`: a decision that was kept, as it was told.

use crate::failure::Failure;
use crate::kept::Kept;
use crate::output::Answer;
use crate::package;
use evidence::{Ambiguity, Cleared, Opened, Reason, Record};
use program::visible;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Prints a decision by the beginning of its digest, or its file.
pub(crate) fn show(decision: &str, policy: &Path, as_json: bool) -> Result<Answer, Failure> {
    let root = if policy.is_file() { policy.parent().unwrap_or(policy) } else { policy };
    let path = Kept::of(root).find(decision)?;
    let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
    let opened = evidence::open::<Record>(&bytes)
        .map_err(|refused| Failure::Malformed(format!("{}: {refused}", path.display())))?;
    if as_json {
        let record = serde_json::to_string_pretty(&opened.predicate).expect("bug: a record is plain data");
        return Ok(Answer::of(record + "\n"));
    }
    Ok(Answer::of(text(&opened)))
}

fn text(opened: &Opened<Record>) -> String {
    let record = &opened.predicate;
    let count = record.actions.len();
    let mut text = format!(
        "{}  {} · {count} action{}\n",
        record.verdict.name().to_uppercase(),
        visible(&record.change.file),
        if count == 1 { "" } else { "s" }
    );
    let mut line = |name: &str, what: &str| {
        let _ = writeln!(text, "  {name:<9} {}", visible(what));
    };
    line("decision", &opened.digest.to_string());
    line("change", &record.change.digest);
    line("model", &record.model);
    line("program", &record.program.digest);
    for package in &record.program.packages {
        line("package", &format!("{} {}", package.name, package.version));
    }
    line("actor", record.actor.as_deref().unwrap_or("nobody was named"));
    for (name, what) in [("session", &record.session), ("now", &record.now)] {
        if let Some(what) = what {
            line(name, what);
        }
    }
    line("assurance", &format!("{}, by {}", record.assurance.name(), record.engine));
    let signers: Vec<String> = opened.signers.iter().map(|key| key.short()).collect();
    line("signed by", &if signers.is_empty() { String::from("nobody") } else { signers.join(", ") });
    for action in &record.actions {
        let said = format!("{} ({} {})", action.id, action.verb.name(), action.resource);
        let _ = writeln!(text, "{}  {}", action.verdict.name(), visible(&said));
        action.reasons.iter().for_each(|one| reason(&mut text, one));
        let parties: Vec<&str> = action.accountable.iter().map(|one| one.party.as_str()).collect();
        if !parties.is_empty() {
            let _ = writeln!(text, "  accountable: {}", visible(&parties.join(", ")));
        }
    }
    for (head, reasons) in [("the change", &record.reasons), ("standing", &record.standing), ("fixed", &record.fixed)] {
        if !reasons.is_empty() {
            let _ = writeln!(text, "{head}");
            reasons.iter().for_each(|one| reason(&mut text, one));
        }
    }
    record.ambiguities.iter().for_each(|one| ambiguity(&mut text, one));
    text
}

fn reason(text: &mut String, reason: &Reason) {
    let sure = if reason.sure { "" } else { "possibly " };
    let controls: String = reason.controls.iter().map(|control| format!("   {control}")).collect();
    let _ = writeln!(text, "  {sure}{} {}   {}{controls}", reason.kind.name(), reason.rule, reason.place);
    if !reason.message.is_empty() {
        let _ = writeln!(text, "    {}", visible(&reason.message));
    }
    settled(text, reason.cleared.as_ref(), &reason.to, &reason.void);
}

fn ambiguity(text: &mut String, ambiguity: &Ambiguity) {
    let _ = writeln!(text, "ask  {}", ambiguity.kind.name());
    let _ = writeln!(text, "    {}", visible(&ambiguity.message));
    settled(text, ambiguity.cleared.as_ref(), &ambiguity.to, &ambiguity.void);
}

/// Whose word stands against it, whose is asked for, and whose does not count.
fn settled(text: &mut String, cleared: Option<&Cleared>, to: &[String], void: &[String]) {
    if let Some(one) = cleared {
        let said = format!("{} by {} ({}) until {}: {}", one.how.name(), one.by, one.right, one.until, one.why);
        let _ = writeln!(text, "    {}", visible(&said));
    } else if !to.is_empty() {
        let _ = writeln!(text, "    to decide: {}", visible(&to.join(", ")));
    }
    for sentence in void {
        let _ = writeln!(text, "    {}", visible(sentence));
    }
}
