//! `writ show`: a decision, or somebody's word on one, that was kept, as it was told.

use crate::failure::Failure;
use crate::kept::Kept;
use crate::output::Answer;
use crate::package;
use evidence::{Ambiguity, Approval, Cleared, Holds, Opened, Predicate, PublicKey, Reason, Record};
use program::visible;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Prints a decision or an approval by the beginning of its digest, or its file.
pub(crate) fn show(decision: &str, policy: &Path, as_json: bool) -> Result<Answer, Failure> {
    let root = if policy.is_file() { policy.parent().unwrap_or(policy) } else { policy };
    let path = Kept::of(root).find(decision)?;
    let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
    let wrong = |refused| Failure::Malformed(format!("{}: {refused}", path.display()));
    Ok(Answer::of(match evidence::holds(&bytes) {
        Some(Holds::Approval) => {
            let opened = evidence::open::<Approval>(&bytes).map_err(wrong)?;
            if as_json { in_json(&opened) } else { word(&opened) }
        }
        Some(Holds::Decision) | None => {
            let opened = evidence::open::<Record>(&bytes).map_err(wrong)?;
            if as_json { in_json(&opened) } else { text(&opened) }
        }
    }))
}

fn in_json<P: Predicate>(opened: &Opened<P>) -> String {
    let said = serde_json::to_string_pretty(&opened.predicate).expect("bug: what is kept is plain data");
    said + "\n"
}

fn signers(keys: &[PublicKey]) -> String {
    let signers: Vec<String> = keys.iter().map(|key| key.short()).collect();
    if signers.is_empty() { String::from("nobody") } else { signers.join(", ") }
}

/// Somebody's word.
fn word(opened: &Opened<Approval>) -> String {
    let said = &opened.predicate;
    let mut text = format!("{}  {}\n", said.how.name().to_uppercase(), visible(&said.file));
    let rows = [
        (said.how.noun(), opened.digest.to_string()),
        ("package", said.package.clone()),
        ("change", said.change.clone()),
        ("decision", said.decision.clone()),
        ("by", format!("{} ({}) until {}", said.by, said.right, said.until)),
        ("why", said.why.clone()),
        ("signed by", signers(&opened.signers)),
    ];
    for (name, what) in rows {
        let _ = writeln!(text, "  {name:<9} {}", visible(&what));
    }
    for one in &said.accepts {
        let _ = writeln!(text, "  {}", visible(&format!("{}({})", one.what, one.subjects.join(", "))));
    }
    text
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
    for (name, what) in [("session", &record.session), ("now", &record.now), ("replaces", &record.prior)] {
        if let Some(what) = what {
            line(name, what);
        }
    }
    line("assurance", &format!("{}, by {}", record.assurance.name(), record.engine));
    line("signed by", &signers(&opened.signers));
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
