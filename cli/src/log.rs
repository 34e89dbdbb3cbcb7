//! `writ log`: what was decided, in the order in which it was recorded.

mod report;

use crate::arguments::{self, Filter};
use crate::decide::apart;
use crate::failure::Failure;
use crate::inputs::time;
use crate::kept::{self, Kept};
use crate::output::{self, Answer, Output};
use crate::{package, verify};
use evidence::{
    Ambiguity, Approval, Checkpoint, Doubt, Entry, Kept as Kind, Note, Reason, Receipt, Record, Verdict, View,
};
use program::{State, Type, Value, merkle, visible};
use serde_json::json;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Html,
}

/// What is printed of a log.
struct Found {
    kept: Kept,
    checkpoint: Checkpoint,
    /// Whose signature stands under it, and whether anybody says that it is trusted.
    signed: String,
    /// How many entries there are.
    size: usize,
    /// Positions and entries that were asked for.
    entries: Vec<(u64, Entry)>,
    /// By position, why nobody can say whether the control that was asked for was kept, a kind of doubt each.
    unjudged: BTreeMap<u64, Vec<&'static str>>,
}

/// Lists, reports, or compares with an older checkpoint.
pub(crate) fn log(arguments: &arguments::Log) -> Result<Answer, Failure> {
    let formats = [("text", Format::Text), ("json", Format::Json), ("html", Format::Html)];
    let json = arguments.json.then_some(Format::Json);
    let outputs = output::outputs(&arguments.output, json, &formats, "html=audit.html")?;
    let root = root(&arguments.policy.policy);
    let kept = Kept::of(&root);
    let written = outputs.iter().filter_map(|output| Some(("--output", output.file.as_deref()?)));
    apart(&kept, &package::load(&arguments.policy.policy).map(|package| package.files()).unwrap_or_default(), written)?;
    let folder = kept.folder();
    let view = kept.view(&folder)?;
    let signed = signed(&view.note, &root, &kept)?;
    if let Some(older) = &arguments.extends {
        return extends(&view, &kept, older, &outputs);
    }
    let all = view.entries(0).map_err(|fault| kept.fault(&fault))?;
    let wanted = Wanted::of(&arguments.filter)?;
    let size = all.len();
    let (mut entries, mut unjudged) = (Vec::new(), BTreeMap::new());
    for (index, entry) in (0..).zip(&all) {
        if wanted.has(entry, &kept)? {
            entries.push((index, entry.clone()));
            unjudged.extend(wanted.unjudged(entry, &kept)?.map(|why| (index, why)));
        }
    }
    let nowhere = if entries.is_empty() { wanted.nowhere(&all, &kept)? } else { None };
    let checkpoint = view.checkpoint.clone();
    let found = Found { checkpoint, signed, size, entries, unjudged, kept: kept.clone() };
    let mut answer = Answer::of(String::new());
    answer.notes.extend(nowhere.map(|what| format!("note: {what}\n")));
    for output in &outputs {
        let text = match output.format {
            Format::Text => text(&found),
            Format::Json => in_json(&found),
            Format::Html => report::html(&found, &arguments.filter)?,
        };
        match &output.file {
            None => answer.text.push_str(&text),
            Some(file) => {
                output::write(file, text.as_bytes())?;
                answer.notes += &format!("report: {} ({} of {size} entries)\n", file.display(), found.entries.len());
            }
        }
    }
    Ok(answer)
}

/// The folder of a package, named by itself, its manifest or its only file.
pub(crate) fn root(policy: &Path) -> PathBuf {
    if policy.is_file() { policy.parent().unwrap_or(Path::new("")).to_owned() } else { policy.to_owned() }
}

/// Whose log it is. One that none of the trusted keys signed is refused.
fn signed(note: &Note, root: &Path, kept: &Kept) -> Result<String, Failure> {
    let trusted = verify::trusted(&[], root)?;
    if let Some(key) = trusted.iter().find(|key| note.signed_by(key) == Some(true)) {
        return Ok(format!("signed by {}, which writ.toml trusts", key.short()));
    }
    if !trusted.is_empty() {
        return Err(Failure::Malformed(format!(
            "{}: none of the keys that writ.toml trusts signed this log\n  help: `[trust] decisions` names them",
            kept.path("log/checkpoint").display()
        )));
    }
    match kept::signing_key(None, kept)? {
        Some(key) if note.signed_by(key.public()) == Some(true) => {
            Ok(format!("signed by {}, the key that is here", key.public().short()))
        }
        _ => Ok(String::from("signed by a key that nothing here names")),
    }
}

/// Shows that the log of now begins with that of an older checkpoint.
fn extends(
    view: &View<'_, kept::Folder>,
    kept: &Kept,
    older: &Path,
    outputs: &[Output<Format>],
) -> Result<Answer, Failure> {
    let bytes = fs::read(older).map_err(|e| package::unreadable(older, &e))?;
    let wrong = |refused: evidence::Refused| Failure::Malformed(format!("{}: {refused}", older.display()));
    let then = match Receipt::parse(&bytes) {
        Ok(receipt) => receipt.checkpoint,
        Err(_) => Note::parse(&bytes).and_then(|note| Checkpoint::parse(&note.text)).map_err(wrong)?,
    };
    let now = &view.checkpoint;
    let path = view.begins_with(&then).map_err(|fault| kept.fault(&fault))?;
    let text = match &path {
        Some(path) => format!(
            "EXTENDS  the log of {} with {} entries begins with the one of {} ({} hashes show it)\n",
            now.origin,
            now.size,
            then.size,
            path.len()
        ),
        None => format!(
            "REFUSED  the log of {} with {} entries does not begin with the one of {} with {}\n",
            now.origin, now.size, then.origin, then.size
        ),
    };
    let checkpoint = |one: &Checkpoint| json!({"log": one.origin, "size": one.size, "root": merkle::hex(&one.root)});
    let hashes: Vec<String> = path.iter().flatten().map(merkle::hex).collect();
    let in_json =
        json!({"extends": path.is_some(), "now": checkpoint(now), "then": checkpoint(&then), "proof": hashes});
    let mut answer = Answer::of(String::new()).with_code(u8::from(path.is_none()));
    for output in outputs {
        let text = match output.format {
            Format::Text => text.clone(),
            Format::Json => format!("{in_json:#}\n"),
            Format::Html => {
                return Err(Failure::Malformed(String::from(
                    "--extends is no report\n  help: ask for text or json, or leave out --extends",
                )));
            }
        };
        match &output.file {
            None => answer.text.push_str(&text),
            Some(file) => output::write(file, text.as_bytes())?,
        }
    }
    Ok(answer)
}

/// A filter, read.
pub(crate) struct Wanted<'f> {
    since: Option<i64>,
    until: Option<i64>,
    verdict: Option<Verdict>,
    filter: &'f Filter,
    /// By program, whether it states the control; as they were asked for.
    states: RefCell<BTreeMap<String, bool>>,
}

impl<'f> Wanted<'f> {
    /// Reads the times and the verdict.
    pub(crate) fn of(filter: &'f Filter) -> Result<Wanted<'f>, Failure> {
        let verdict = match filter.verdict.as_deref() {
            None => None,
            Some("allow") => Some(Verdict::Allow),
            Some("deny") => Some(Verdict::Deny),
            Some("escalate") => Some(Verdict::Escalate),
            Some(other) => {
                return Err(Failure::Malformed(format!(
                    "--verdict {other}: there is no such verdict\n  help: write allow, deny or escalate"
                )));
            }
        };
        let since = filter.since.as_deref().map(|text| day("--since", text, false)).transpose()?;
        let until = filter.until.as_deref().map(|text| day("--until", text, true)).transpose()?;
        if let (Some(from), Some(to)) = (since, until)
            && from > to
        {
            return Err(Failure::Malformed(String::from(
                "the period ends before it begins\n  help: put --since before --until",
            )));
        }
        Ok(Wanted { since, until, verdict, filter, states: RefCell::default() })
    }

    /// A flag that no decision or word of the whole log answers to, whenever it was: a name that is misspelt, perhaps.
    pub(crate) fn nowhere(&self, all: &[Entry], kept: &Kept) -> Result<Option<String>, Failure> {
        let Filter { actor, resource, rule, control, .. } = self.filter;
        let none = Filter::default;
        let flags = [
            ("actor", actor, Filter { actor: actor.clone(), ..none() }),
            ("resource", resource, Filter { resource: resource.clone(), ..none() }),
            ("rule", rule, Filter { rule: rule.clone(), ..none() }),
            ("control", control, Filter { control: control.clone(), ..none() }),
        ];
        for (flag, name, filter) in flags {
            let Some(name) = name else { continue };
            let wanted =
                Wanted { since: None, until: None, verdict: None, filter: &filter, states: RefCell::default() };
            let mut found = false;
            for entry in all {
                found = found || wanted.has(entry, kept)?;
            }
            if !found {
                return Ok(Some(format!("--{flag} {}: no entry of the log has this {flag}", visible(name))));
            }
        }
        Ok(None)
    }

    /// Whether an entry is asked for.
    pub(crate) fn has(&self, entry: &Entry, kept: &Kept) -> Result<bool, Failure> {
        let Some(Value::Time(at)) = Value::parse(&entry.time, &Type::Time) else {
            return Err(Failure::Malformed(format!("the log has an entry of no time: `{}`", entry.time)));
        };
        let Filter { actor, resource, rule, control, .. } = self.filter;
        if self.since.is_some_and(|since| at < since)
            || self.until.is_some_and(|until| at > until)
            || self.verdict.is_some_and(|verdict| entry.verdict != Some(verdict))
            || actor.as_ref().is_some_and(|actor| entry.actor.as_ref() != Some(actor))
        {
            return Ok(false);
        }
        if resource.is_none() && rule.is_none() && control.is_none() {
            return Ok(true);
        }
        let (mut resources, mut rules, mut controls) =
            ([&*entry.resources, &*entry.reads].concat(), entry.rules.clone(), entry.controls.clone());
        if entry.cut {
            let record = kept.record(&entry.digest)?.predicate;
            resources = record.actions.iter().map(|action| action.resource.clone()).collect();
            rules = record.all_reasons().map(|reason| reason.rule.clone()).collect();
            rules.extend(record.ambiguities.iter().map(|one| one.kind.name().to_owned()));
            controls = record.all_reasons().flat_map(|reason| reason.controls.clone()).collect();
        }
        if entry.kind != Kind::Decision && control.is_some() {
            controls = answered(entry, kept)?;
        }
        let named = |wanted: &str, is: &str| is == wanted || is.ends_with(&format!(".{wanted}"));
        Ok(resource.as_ref().is_none_or(|wanted| resources.contains(wanted))
            && rule.as_ref().is_none_or(|wanted| rules.iter().any(|is| named(wanted, is)))
            && (control.as_ref().is_none_or(|wanted| controls.contains(wanted))
                || self.unjudged(entry, kept)?.is_some()))
    }

    /// Why nobody can say whether a decision keeps the control that was asked for, a kind of doubt each; nothing where the
    /// program does not state it, or where it was judged.
    fn unjudged(&self, entry: &Entry, kept: &Kept) -> Result<Option<Vec<&'static str>>, Failure> {
        let Some(control) = &self.filter.control else { return Ok(None) };
        let mut doubts = Doubt::ALL.iter().filter(|doubt| doubt.hides());
        let doubtful = entry.cut || doubts.any(|doubt| entry.rules.iter().any(|rule| rule == doubt.name()));
        if entry.kind != Kind::Decision || !doubtful || !self.states(control, entry, kept)? {
            return Ok(None);
        }
        let record = kept.record(&entry.digest)?.predicate;
        let why: BTreeSet<&str> = hidden(&record, control).into_iter().map(|one| one.kind.name()).collect();
        Ok((!why.is_empty()).then(|| why.into_iter().collect()))
    }

    /// Whether a decision was made by a program of which a rule names the control.
    fn states(&self, control: &str, entry: &Entry, kept: &Kept) -> Result<bool, Failure> {
        let digest = entry.program.clone().unwrap_or_default();
        if let Some(states) = self.states.borrow().get(&digest) {
            return Ok(*states);
        }
        let program = kept.program(&digest)?;
        let states = program.objections.iter().any(|one| one.controls.iter().any(|id| id == control));
        self.states.borrow_mut().insert(digest, states);
        Ok(states)
    }
}

/// Why nobody can say whether the rules of a control object: nothing that stands does, and what is not known may hide one,
/// as OSCAL results have it. Empty where it was judged.
///
/// - `control`: of a rule of the program; the record does not know which these are.
fn hidden<'r>(record: &'r Record, control: &str) -> Vec<&'r Ambiguity> {
    let objects = |one: &Reason| {
        let open = one.kind != evidence::Kind::Permit && one.state != Some(State::Fixed) && one.cleared.is_none();
        open && one.controls.iter().any(|id| id == control)
    };
    match record.all_reasons().any(objects) {
        true => Vec::new(),
        false => record.ambiguities.iter().filter(|one| one.kind.hides() && one.cleared.is_none()).collect(),
    }
}

/// The controls of what somebody's word is about, by the decision that it answers; none where that was not kept here.
fn answered(entry: &Entry, kept: &Kept) -> Result<Vec<String>, Failure> {
    let path = kept.path(&format!("approval/{}.json", entry.digest.trim_start_matches("sha256:")));
    let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
    let opened = evidence::open::<Approval>(&bytes)
        .map_err(|refused| Failure::Malformed(format!("{}: {refused}", path.display())))?;
    let said = opened.predicate;
    if !kept.path(&format!("evidence/{}.json", said.decision.trim_start_matches("sha256:"))).is_file() {
        return Ok(Vec::new());
    }
    let record = kept.record(&said.decision)?.predicate;
    let about = |rule: &String| said.accepts.iter().any(|one| one.what == *rule);
    Ok(record.all_reasons().filter(|one| about(&one.rule)).flat_map(|one| one.controls.clone()).collect())
}

/// A day or a time; of a day its first instant, or its last.
fn day(flag: &str, text: &str, last: bool) -> Result<i64, Failure> {
    const DAY: i64 = 86_400_000_000;
    match Value::parse(&format!("{text}T00:00Z"), &Type::Time) {
        Some(Value::Time(start)) => Ok(if last { start + DAY - 1 } else { start }),
        _ => time(flag, text),
    }
}

/// What an entry is called in a list.
fn word(entry: &Entry) -> &'static str {
    match (entry.kind, entry.verdict) {
        (Kind::Approval, _) => "approval",
        (Kind::Waiver, _) => "waiver",
        (Kind::Decision, Some(verdict)) => verdict.name(),
        (Kind::Decision, None) => "decision",
    }
}

/// As of when it was decided, where that is not when it was recorded.
fn as_of(entry: &Entry) -> Option<&str> {
    entry.now.as_deref().filter(|now| entry.minutes_since(now).is_none_or(|minutes| minutes != 0))
}

fn text(found: &Found) -> String {
    let mut text = String::new();
    for (index, entry) in &found.entries {
        let hex = entry.digest.trim_start_matches("sha256:");
        let about = if entry.resources.is_empty() { &entry.rules } else { &entry.resources };
        let few: Vec<&str> = about.iter().take(2).map(String::as_str).collect();
        let more = if about.len() > 2 { format!(", … {} more", about.len() - 2) } else { String::new() };
        let _ = writeln!(
            text,
            "{index:>5}  {}  {:<8}  {}  {}  {}{more}{}{}",
            entry.time,
            word(entry),
            hex.get(..12).unwrap_or(hex),
            visible(entry.actor.as_deref().unwrap_or("-")),
            visible(&few.join(", ")),
            as_of(entry).map(|now| format!("  as of {now}")).unwrap_or_default(),
            found.unjudged.get(index).map(|why| format!("  not judged: {}", why.join(", "))).unwrap_or_default()
        );
    }
    let Checkpoint { origin, .. } = &found.checkpoint;
    let _ =
        writeln!(text, "{} of {} entries in the log of {origin}, {}", found.entries.len(), found.size, found.signed);
    text
}

fn in_json(found: &Found) -> String {
    let entry = |(index, entry): &(u64, Entry)| {
        let mut value = serde_json::to_value(entry).expect("bug: an entry is plain data");
        value["index"] = json!(index);
        if let Some(why) = found.unjudged.get(index) {
            value["unjudged"] = json!(why);
        }
        value
    };
    let answer = json!({
        "log": found.checkpoint.origin,
        "size": found.size,
        "root": merkle::hex(&found.checkpoint.root),
        "signed": found.signed,
        "entries": found.entries.iter().map(entry).collect::<Vec<_>>(),
    });
    format!("{answer:#}\n")
}
