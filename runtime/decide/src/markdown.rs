//! A decision as Markdown: the comment on a pull request.

use crate::ambiguity::{claim, is_unclaimed};
use crate::decision::{Decision, Judged};
use crate::explained::SHORT;
use crate::text::{ACTIONS, FOLD, Next, alike, cleared, counted, further, line_of, next, objections, tally, weight};
use evidence::{Doubt, Reason, Verdict};
use program::visible;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The decision as Markdown (GitHub's and GitLab's), with a line break at the end.
///
/// - `flags`: flags of the decision that the next command needs too: `--actor ana`.
pub fn render(decision: &Decision, flags: &str) -> String {
    let mut out = String::new();
    let mut proved = BTreeSet::new();
    let tally = tally(decision);
    let tally = if tally.is_empty() { String::new() } else { format!(": {tally}") };
    let _ = writeln!(out, "## {}: `{}`\n", decision.verdict.name().to_uppercase(), code(&decision.change.file));
    let _ = writeln!(out, "{}{tally}.", counted(decision.change.actions, "action"));
    let objected: Vec<&Judged> = decision.actions.iter().filter(|action| !objections(action).is_empty()).collect();
    let most = objected.len().min(ACTIONS);
    objected[..most].iter().for_each(|action| acted(decision, action, &mut proved, &mut out));
    if let Some(rest) = further(&objected[most..]) {
        let _ = writeln!(out, "\n… {rest}.");
    }
    if !decision.reasons.is_empty() {
        let _ = writeln!(out, "\n### {}: the change as a whole\n", Verdict::of(&decision.reasons).name());
        reasons(decision, &decision.reasons.iter().collect::<Vec<_>>(), &mut proved, &mut out);
    }
    ambiguities(decision, &mut out);
    allowed(decision, &mut out);
    stood_in_for(decision, &mut out);
    for (reasons, word) in [(&decision.standing, "standing, not counted"), (&decision.fixed, "fixed")] {
        if !reasons.is_empty() {
            let _ = writeln!(out, "\n### {word}\n");
            for one in reasons.iter() {
                let _ = writeln!(out, "- `{}`: {}", code(&one.rule), words(&one.message));
            }
        }
    }
    if let Some(who) = decision.to_decide().filter(|_| decision.verdict == Verdict::Escalate) {
        let _ = writeln!(out, "\nTo decide: {}.", words(&who));
    }
    if let Some(passing) = &decision.passing {
        out.push_str("\n### What would pass\n\n");
        if passing.ways.is_empty() {
            let _ = writeln!(out, "{}", words(passing.lines(1)[0].trim_start_matches("what would pass: ")));
        }
        for way in passing.ways.iter().take(2) {
            let edits: Vec<String> = way.edits.iter().map(|edit| words(&edit.text)).collect();
            let _ = writeln!(out, "- {}", edits.join("; and "));
        }
    }
    let _ = match next(decision, flags) {
        Some(Next::Command(command)) => writeln!(out, "\nNext: `{}`", code(&command)),
        Some(Next::Words(text)) => writeln!(out, "\nNext: {}.", words(&text)),
        None => Ok(()),
    };
    let _ = writeln!(
        out,
        "\n<sub>change {} · program {} · evidence {}</sub>",
        decision.change.digest, decision.program.digest, decision.evidence.digest
    );
    out
}

fn acted<'a>(decision: &Decision, action: &'a Judged, proved: &mut BTreeSet<&'a str>, out: &mut String) {
    let _ = writeln!(out, "\n### {}: `{}` ({})\n", action.verdict.name(), code(&action.id), action.verb);
    reasons(decision, &objections(action), proved, out);
    if !action.accountable.is_empty() {
        let parties: BTreeSet<String> = action.accountable.iter().map(|one| words(&one.party)).collect();
        let _ = writeln!(out, "\nAccountable: {}.", parties.into_iter().collect::<Vec<_>>().join(", "));
    }
    if action.blast.is_empty() {
        return;
    }
    let critical = action.blast.iter().filter(|hit| hit.class == "critical").count();
    let _ = writeln!(out, "\n<details><summary>reaches {} ({critical} critical)</summary>\n", action.blast.len());
    let _ = writeln!(out, "| reached | by way of | accountable | class |\n|---|---|---|---|");
    for hit in &action.blast {
        let path: Vec<String> = hit.path.iter().skip(1).map(|step| format!("`{}`", cell(step))).collect();
        let accountable = words(hit.accountable.as_deref().unwrap_or("nobody"));
        let _ = writeln!(out, "| `{}` | {} | {accountable} | {} |", cell(&hit.resource), path.join(" ← "), hit.class);
    }
    let _ = writeln!(out, "\n</details>");
}

/// Reasons by rule: what the first few say, how many more there are, and a proof where the rule has not had one.
fn reasons<'a>(decision: &Decision, all: &[&'a Reason], proved: &mut BTreeSet<&'a str>, out: &mut String) {
    for group in all.chunk_by(|a, b| alike(a, b)) {
        let first = group[0];
        let possibly = if first.sure { "" } else { ", possibly" };
        let times = if group.len() > 1 { format!(" × {}", group.len()) } else { String::new() };
        let (kind, rule, place) = (first.kind.name(), code(&first.rule), words(line_of(&first.place)));
        let weight = weight(first);
        let weight = if weight.is_empty() { weight } else { format!(" {}", words(&weight)) };
        let _ = write!(out, "- **{kind}** `{rule}` ({place}{possibly}){weight}{times}");
        let messages: Vec<&str> =
            group.iter().map(|one| one.message.as_str()).filter(|text| !text.is_empty()).collect();
        match messages.as_slice() {
            [] => out.push('\n'),
            [message] => {
                let _ = writeln!(out, ": {}", words(message));
            }
            several => {
                out.push('\n');
                for message in several.iter().take(FOLD) {
                    let _ = writeln!(out, "  - {}", words(message));
                }
                if several.len() > FOLD {
                    let _ = writeln!(out, "  - … {} more", several.len() - FOLD);
                }
            }
        }
        let void: BTreeSet<String> = group.iter().flat_map(|one| &one.void).map(|said| words(said)).collect();
        for said in void {
            let _ = writeln!(out, "\n  {said}.");
        }
        let to: BTreeSet<String> = group.iter().flat_map(|one| &one.to).map(|party| words(party)).collect();
        if !to.is_empty() {
            let _ = writeln!(out, "\n  To decide: {}.", to.into_iter().collect::<Vec<_>>().join(", "));
        }
        if let Some(proof) = decision.proof(&first.proof).filter(|_| proved.insert(&first.rule)) {
            let _ = writeln!(out, "\n  <details><summary>proof</summary>\n\n  ````");
            for line in proof.lines(Some(SHORT)) {
                let _ = writeln!(out, "  {}", line.replace("````", "'''''"));
            }
            let _ = writeln!(out, "  ````\n  </details>\n");
        }
    }
}

fn ambiguities(decision: &Decision, out: &mut String) {
    let open = || decision.ambiguities.iter().filter(|one| one.cleared.is_none());
    if open().next().is_none() {
        return;
    }
    let _ = writeln!(out, "\n### to ask\n");
    let unclaimed = open().filter(|one| is_unclaimed(one));
    let unclaimed: BTreeSet<&str> = unclaimed.map(|one| one.subject.as_str()).collect();
    if !unclaimed.is_empty() {
        let _ = writeln!(
            out,
            "- **no intent** covers {}; to claim them:\n\n  ```writ",
            counted(unclaimed.len(), "resource")
        );
        claim(&unclaimed, false).iter().for_each(|line| {
            let _ = writeln!(out, "  {line}");
        });
        let _ = writeln!(out, "  ```\n");
    }
    let others: BTreeSet<(Doubt, &str)> =
        open().filter(|one| !is_unclaimed(one)).map(|one| (one.kind, one.message.as_str())).collect();
    for (kind, message) in others {
        let _ = writeln!(out, "- **{}**: {}", kind.name(), words(message));
    }
    let void: BTreeSet<&String> = open().flat_map(|one| &one.void).collect();
    for said in void {
        let _ = writeln!(out, "\n{}.", words(said));
    }
}

/// What somebody's word stands against.
fn stood_in_for(decision: &Decision, out: &mut String) {
    let all = cleared(decision);
    if !all.is_empty() {
        let _ = writeln!(out, "\n### waived and approved\n");
    }
    for ((how, said, what), (messages, _)) in all {
        let messages: Vec<String> = messages.into_iter().map(words).collect();
        let _ = writeln!(out, "- **{}** {}: {}", how.name(), words(&what), messages.join("; "));
        let _ = writeln!(out, "  {}", words(&said));
    }
}

fn allowed(decision: &Decision, out: &mut String) {
    let allowed: Vec<&Judged> = decision.actions.iter().filter(|action| action.verdict == Verdict::Allow).collect();
    if allowed.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n<details><summary>allow: {}</summary>\n", counted(allowed.len(), "action"));
    for action in allowed {
        let permits = action.reasons.iter().filter(|one| one.cleared.is_none());
        let permits: Vec<String> = permits.map(|one| format!("`{}`", code(&one.rule))).collect();
        let by = if permits.is_empty() { String::new() } else { format!(": {}", permits.join(", ")) };
        let _ = writeln!(out, "- `{}` ({}){by}", code(&action.id), action.verb);
    }
    let _ = writeln!(out, "\n</details>");
}

/// Text in which nothing is markup, a mention or a link.
pub(crate) fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '|' | '!' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '\n' | '\r' => out.push(' '),
            c => out.push_str(&visible(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out
}

/// Text inside one pair of backticks.
pub(crate) fn code(text: &str) -> String {
    visible(&text.replace('`', "'").replace(['\n', '\r'], " ")).into_owned()
}

/// Text inside backticks in a table.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}
