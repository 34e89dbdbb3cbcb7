//! A report of a period and a control as one HTML page, laid out to be printed.
//!
//! INVARIANT: it asks for nothing from anywhere, and everything from outside is escaped.

use super::{Found, word};
use crate::arguments::Filter;
use crate::failure::Failure;
use crate::kept::Kept;
use decide::draw::escaped;
use evidence::{Ambiguity, Approval, Cleared, Entry, How, Kept as Kind, Reason, Record, Verdict};
use program::{Digest, State, merkle};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

const STYLE: &str = include_str!("report.css");

/// The page.
pub(super) fn html(found: &Found, filter: &Filter) -> Result<String, Failure> {
    let mut page = String::new();
    let title = match &filter.control {
        Some(control) => format!("Decisions under {control}"),
        None => String::from("Decisions"),
    };
    let _ = writeln!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>",
        escaped(&title),
        escaped(&title)
    );
    head(&mut page, found, filter)?;
    let rests = rests(found)?;
    for (index, entry) in &found.entries {
        match entry.kind {
            Kind::Decision => decision(&mut page, *index, entry, found, filter)?,
            Kind::Approval | Kind::Waiver => spoken(&mut page, *index, entry, &found.kept, &rests)?,
        }
    }
    page.push_str(HOW);
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

/// How, by whom, why and until when somebody's word stands against something, and the entries of the decisions in which it does.
type Rests = BTreeMap<(How, String, String, String), BTreeSet<u64>>;

/// Which of the decisions found rest on which words. What was signed is not what counts: the right may be missing, say.
fn rests(found: &Found) -> Result<Rests, Failure> {
    let mut rests = Rests::new();
    for (index, entry) in found.entries.iter().filter(|(_, entry)| entry.kind == Kind::Decision) {
        let record = found.kept.record(&entry.digest)?.predicate;
        let of_reasons = record.all_reasons().filter_map(|reason| reason.cleared.as_ref());
        for word in of_reasons.chain(record.ambiguities.iter().filter_map(|one| one.cleared.as_ref())) {
            let word = (word.how, word.by.clone(), word.why.clone(), word.until.clone());
            rests.entry(word).or_default().insert(*index);
        }
    }
    Ok(rests)
}

/// How a reader checks it.
const HOW: &str = "<h2>How to check this report</h2>
<p>It is a view, and proves nothing itself. Each decision is a signed file named by its digest, with a receipt that it stands in the
log. With the two files and the public key, and neither this report nor the policy nor the engine:</p>
<pre>writ verify DIGEST.json --key KEY --receipt DIGEST.tlog-proof
python3 verify.py DIGEST.json --key KEY --receipt DIGEST.tlog-proof</pre>
<p>That no decision of the period is left out, the log shows: <code>writ log --since … --until …</code> lists its entries, and
<code>writ log --extends CHECKPOINT</code> that it begins with the log of any older checkpoint or receipt.</p>
";

fn head(page: &mut String, found: &Found, filter: &Filter) -> Result<(), Failure> {
    let checkpoint = &found.checkpoint;
    let of = |verdict: Verdict| found.entries.iter().filter(|(_, entry)| entry.verdict == Some(verdict)).count();
    let words = found.entries.iter().filter(|(_, entry)| entry.kind != Kind::Decision).count();
    let mut rows = Vec::new();
    let period = format!(
        "{} to {}",
        filter.since.as_deref().unwrap_or("the beginning"),
        filter.until.as_deref().unwrap_or("now")
    );
    rows.push(("period", period));
    if let Some(control) = &filter.control {
        rows.push(("control", control.clone()));
        let (under, all) = under(found, filter, control)?;
        let below = of(Verdict::Deny) + of(Verdict::Escalate) + of(Verdict::Allow);
        let unjudged = found.unjudged.len();
        rows.push((
            "decided under it",
            format!(
                "{under} of {all} decisions of the period, by policies that state it; those {} in which a reason names it are below",
                below - unjudged
            ),
        ));
        if unjudged > 0 {
            rows.push((
                "not judged",
                format!("in {unjudged} of them, below too: what is not known may hide an objection"),
            ));
        }
    }
    let asked = [
        ("actor", &filter.actor),
        ("resource", &filter.resource),
        ("rule", &filter.rule),
        ("verdict", &filter.verdict),
    ];
    rows.extend(asked.into_iter().filter_map(|(name, what)| Some((name, what.clone()?))));
    rows.push((
        "below",
        format!(
            "{} denied, {} escalated, {} allowed, {words} approvals and waivers signed",
            of(Verdict::Deny),
            of(Verdict::Escalate),
            of(Verdict::Allow)
        ),
    ));
    rows.push(("log", format!("{}, {} entries, {}", checkpoint.origin, checkpoint.size, found.signed)));
    rows.push(("its root", merkle::hex(&checkpoint.root)));
    table(page, &rows);
    Ok(())
}

/// How many decisions of the period were made by a program that states the control, and how many there are.
fn under(found: &Found, filter: &Filter, control: &str) -> Result<(usize, usize), Failure> {
    let whole = Filter { since: filter.since.clone(), until: filter.until.clone(), ..Filter::default() };
    let (wanted, named) = (super::Wanted::of(&whole)?, super::Wanted::of(filter)?);
    let (mut under, mut all) = (0, 0);
    for entry in found.kept.entries()?.unwrap_or_default() {
        if entry.kind != Kind::Decision || !wanted.has(&entry, &found.kept)? {
            continue;
        }
        all += 1;
        under += usize::from(named.states(control, &entry, &found.kept)?);
    }
    Ok((under, all))
}

fn decision(page: &mut String, index: u64, entry: &Entry, found: &Found, filter: &Filter) -> Result<(), Failure> {
    let opened = found.kept.record(&entry.digest)?;
    let record = &opened.predicate;
    let verdict = record.verdict.name();
    let _ = writeln!(
        page,
        "<section>\n<h2><span class=\"{verdict}\">{verdict}</span> {} <small>entry {index}, {}{}</small></h2>",
        escaped(&record.change.file),
        escaped(&entry.time),
        escaped(&super::as_of(entry).map(|now| format!(", as of {now}")).unwrap_or_default())
    );
    let signers: Vec<String> = opened.signers.iter().map(|key| key.short()).collect();
    let packages: Vec<String> =
        record.program.packages.iter().map(|one| format!("{} {}", one.name, one.version)).collect();
    table(
        page,
        &[
            ("actor, as claimed", record.actor.clone().unwrap_or_else(|| String::from("nobody was named"))),
            ("decision", opened.digest.to_string()),
            ("change", record.change.digest.clone()),
            ("model", record.model.clone()),
            ("program", format!("{} ({})", record.program.digest, packages.join(", "))),
            ("signed by", signers.join(", ")),
            ("assurance", record.assurance.name().to_owned()),
        ],
    );
    let doubts: Vec<&Ambiguity> = match &filter.control {
        None => record.ambiguities.iter().collect(),
        Some(control) if found.unjudged.contains_key(&index) => {
            let _ = writeln!(
                page,
                "<p>Nobody can say whether {} was kept: what is not known may hide an objection.</p>",
                escaped(control)
            );
            super::hidden(record, control)
        }
        Some(_) => Vec::new(),
    };
    let wanted = |reason: &&Reason| filter.control.as_ref().is_none_or(|control| reason.controls.contains(control));
    let _ = writeln!(
        page,
        "<table class=\"reasons\">\n<tr><th>reason</th><th>what it says</th><th>whose word</th><th>proof</th></tr>"
    );
    for reason in record.all_reasons().filter(wanted) {
        let state = match reason.state {
            Some(State::Introduced) => " introduced",
            Some(State::Standing) => " standing",
            Some(State::Fixed) => " fixed",
            None => "",
        };
        let _ = writeln!(
            page,
            "<tr><td>{}{state} <code>{}</code><br>{}<br>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            reason.kind.name(),
            escaped(&reason.rule),
            escaped(&reason.place),
            escaped(&reason.controls.join(", ")),
            escaped(&reason.message),
            whose(reason.cleared.as_ref(), &reason.to, &reason.void),
            proof(record, &reason.proof)
        );
    }
    for one in doubts {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            one.kind.name(),
            escaped(&one.message),
            whose(one.cleared.as_ref(), &one.to, &one.void),
            one.proof.as_ref().map(|name| proof(record, name)).unwrap_or_default()
        );
    }
    page.push_str("</table>\n</section>\n");
    Ok(())
}

/// The digest of a proof, and the facts that it rests on.
fn proof(record: &Record, name: &str) -> String {
    let Some(proof) = record.proofs.get(name) else { return String::new() };
    let bytes = serde_json::to_vec(proof).expect("bug: a proof is plain data");
    let given = proof.nodes.iter().filter(|node| node.why == proof::Why::Given);
    let lines: BTreeSet<&str> = given
        .filter_map(|node| {
            let same = |fact: &&evidence::CitedFact| fact.relation == node.relation && fact.tuple == node.tuple;
            record.facts.iter().find(same).map(|fact| fact.line.as_str())
        })
        .collect();
    let facts: String = lines.into_iter().map(|line| format!("<br><code>{}</code>", escaped(line))).collect();
    format!("{} steps, <code>{}</code>{facts}", proof.nodes.len(), &Digest::of(&bytes).hex()[..16])
}

fn whose(cleared: Option<&Cleared>, to: &[String], void: &[String]) -> String {
    let mut said = Vec::new();
    if let Some(one) = cleared {
        said.push(format!("{} by {} ({}) until {}: {}", one.how.name(), one.by, one.right, one.until, one.why));
    } else if !to.is_empty() {
        said.push(format!("to decide: {}", to.join(", ")));
    }
    said.extend(void.iter().cloned());
    said.iter().map(|sentence| escaped(sentence)).collect::<Vec<_>>().join("<br>")
}

fn spoken(page: &mut String, index: u64, entry: &Entry, kept: &Kept, rests: &Rests) -> Result<(), Failure> {
    let path = kept.path(&format!("approval/{}.json", entry.digest.trim_start_matches("sha256:")));
    let bytes = fs::read(&path).map_err(|e| crate::package::unreadable(&path, &e))?;
    let opened = evidence::open::<Approval>(&bytes)
        .map_err(|refused| Failure::Malformed(format!("{}: {refused}", path.display())))?;
    let said = &opened.predicate;
    let kind = word(entry);
    let _ = writeln!(
        page,
        "<section>\n<h2><span class=\"{kind}\">{kind}</span> {} <small>entry {index}, {}</small></h2>",
        escaped(&said.file),
        escaped(&entry.time)
    );
    let signers: Vec<String> = opened.signers.iter().map(|key| key.short()).collect();
    let rest = rests.get(&(said.how, said.by.clone(), said.why.clone(), said.until.clone()));
    let rest = rest.into_iter().flatten().map(|index| format!("entry {index}")).collect::<Vec<_>>();
    let rest = if rest.is_empty() { String::from("none of these decisions") } else { rest.join(", ") };
    let accepts: Vec<String> =
        said.accepts.iter().map(|one| format!("{}({})", one.what, one.subjects.join(", "))).collect();
    table(
        page,
        &[
            ("by", format!("{} ({}) until {}", said.by, said.right, said.until)),
            ("why", said.why.clone()),
            ("of package", said.package.clone()),
            ("counts in", rest),
            ("accepts", accepts.join("; ")),
            ("of the decision", said.decision.clone()),
            ("signed by", signers.join(", ")),
        ],
    );
    page.push_str("</section>\n");
    Ok(())
}

fn table(page: &mut String, rows: &[(&str, String)]) {
    page.push_str("<table>\n");
    for (name, what) in rows {
        let _ = writeln!(page, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(what));
    }
    page.push_str("</table>\n");
}
