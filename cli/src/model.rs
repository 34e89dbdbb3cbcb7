//! `writ import` and `writ model`: versions of the model, made, listed, named, cleared away.

use crate::arguments::{Import, ModelVerb, Policy};
use crate::failure::Failure;
use crate::inputs::{self, Taken};
use crate::kept::Kept;
use crate::output::Answer;
use crate::store::Opened;
use crate::{membership, merge, package, policy, progress};
use decide::ask::clipped;
use evidence::Record;
use model::{Entry, Version};
use program::{Digest, FactSource, write_time};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Reads the declared sources into a new version.
///
/// INVARIANT: a source that cannot be read gives nothing, spoils no other, and ends the command with 64.
pub(crate) fn import(arguments: &Import) -> Result<Answer, Failure> {
    let observed = arguments.observed_at.as_deref().map(|text| inputs::time("--observed-at", text)).transpose()?;
    let at = inputs::now(arguments.now.as_deref())?;
    progress::stage("compiling the policy");
    let package = package::load(&arguments.policy.policy)?;
    let compiled = policy::compile(&package)?;
    let manifest = package.manifest.as_ref().filter(|manifest| !manifest.source.is_empty()).ok_or_else(|| {
        Failure::Malformed(String::from(
            "nothing is declared to be imported\n  help: declare a `[[source]]` in writ.toml, with name, kind and path",
        ))
    })?;
    progress::stage("reading the sources");
    let (version, taken, _) = inputs::collect(&package, manifest, &compiled, &inputs::Observed::At(observed))?;
    let conflicts = decide::conflicts(&compiled.program, version.facts()).map_err(crate::decide::failed)?;
    progress::stage("keeping the version");
    let mut opened = Opened::make(&Kept::of(&package.root))?;
    let last = opened.store.log().map_err(|fault| opened.failed(&fault))?.into_iter().next();
    let last = last.map(|entry| entry.sources).unwrap_or_default();
    let declared = |file: &FactSource| manifest.source.iter().any(|source| *source.name == *file.name);
    let there = |file: &FactSource| {
        taken.iter().any(|one| *one.source == *file.name && *one.file.replace('\\', "/") == *file.file)
    };
    let gone = last.into_iter().filter(|file| declared(file) && !there(file)).collect();
    let kept = opened.store.keep(&version, at, arguments.actor.as_deref(), &arguments.message);
    let new = kept.map_err(|fault| opened.failed(&fault))?;
    // An optional source may be absent; one that is there and cannot be read is as broken as any other.
    let optional = |name: &str| manifest.source.iter().any(|source| source.name == name && source.optional);
    let unread = |name: &str| version.sources.iter().any(|source| *source.name == *name && !source.complete);
    let is_broken = |taken: &Taken| taken.outcome.is_err() && (!optional(&taken.source) || unread(&taken.source));
    let broken = taken.iter().any(is_broken);
    let report = Report { version: &version, new, taken: &taken, conflicts: &conflicts, gone };
    let text = if arguments.json { format!("{:#}\n", report.json()) } else { report.text() };
    // The command ends here, and with it its memory: to hand back fact by fact would take a tenth of its time.
    std::mem::forget(version);
    Ok(Answer::of(text).with_code(if broken { 64 } else { 0 }))
}

/// What an import did.
struct Report<'a> {
    version: &'a Version,
    new: bool,
    taken: &'a [Taken],
    conflicts: &'a [decide::Conflict],
    /// Files that the last version was made of, and of which there is nothing any more.
    gone: Vec<FactSource>,
}

/// How many statements of a conflict are told; `--json` has all.
const FEW: usize = 4;

/// Conflicts in lines, each with what is said of its first subject: those who count alike together, and many subjects of the same disagreement in one.
fn told(conflicts: &[decide::Conflict]) -> String {
    let mut equals: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let mut folded: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for conflict in conflicts {
        if conflict.counts.is_empty() {
            equals.entry((&conflict.relation, &conflict.subject)).or_default().push(&conflict.source);
            continue;
        }
        let counts = conflict.counts.iter().map(String::as_str).collect::<Vec<_>>().join(" and ");
        let who = format!("{counts} counts, and {} says something else of", conflict.source);
        folded.entry((&conflict.relation, who)).or_default().push(&conflict.subject);
    }
    for ((relation, subject), sources) in equals {
        let who = match &sources[..] {
            [one] => format!("{one} says different things of"),
            several => format!("{} count alike, and say different things of", several.join(" and ")),
        };
        folded.entry((relation, who)).or_default().push(subject);
    }
    let mut text = String::new();
    for ((relation, who), subjects) in folded {
        let more = if subjects.len() > 3 { format!(" and {} more", subjects.len() - 3) } else { String::new() };
        let named = subjects[..subjects.len().min(3)].join(", ");
        let _ = writeln!(text, "conflict {relation}: {who} {named}{more}");
        let same = |conflict: &&decide::Conflict| conflict.relation == relation && conflict.subject == subjects[0];
        let said: BTreeSet<&decide::Said> = conflicts.iter().find(same).iter().flat_map(|one| &one.said).collect();
        for one in said.iter().take(FEW) {
            let has = one.has.as_deref().map_or_else(|| "absent".into(), |has| clipped(has, 60));
            let _ = writeln!(text, "         {}: {} is {has}", one.stands(), one.at);
        }
        if said.len() > FEW {
            let _ = writeln!(text, "         and {} more", said.len() - FEW);
        }
    }
    text
}

impl Report<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        let wide = self.taken.iter().map(|taken| taken.source.chars().count()).max().unwrap_or(0);
        for Taken { source, file, outcome } in self.taken {
            match outcome {
                Ok((facts, skipped)) => {
                    let _ = writeln!(text, "read     {source:<wide$}  {file}   {}", count(*facts, "fact"));
                    for part in skipped {
                        let _ = writeln!(text, "skipped  {source:<wide$}  {file}:{}: {}", part.place, part.why);
                    }
                }
                Err(why) => {
                    let mut lines = why.lines();
                    let _ = writeln!(text, "refused  {source:<wide$}  {file}   {}", lines.next().unwrap_or_default());
                    lines.for_each(|line| _ = writeln!(text, "         {line}"));
                }
            }
        }
        for one in &self.gone {
            let _ = writeln!(text, "gone     {:<wide$}  {}   it was read for the last version", one.name, one.file);
        }
        text += &told(self.conflicts);
        let what = if self.new { "version" } else { "no change since version" };
        let _ = writeln!(text, "{what} {}   {}", self.version.digest, count(self.version.count(), "fact"));
        text
    }

    fn json(&self) -> Value {
        let taken = self.taken.iter().map(|Taken { source, file, outcome }| match outcome {
            Ok((facts, skipped)) => {
                let skipped = skipped.iter().map(|part| json!({ "place": &*part.place, "why": part.why }));
                json!({ "source": source, "file": file, "facts": facts, "skipped": skipped.collect::<Vec<_>>() })
            }
            Err(why) => json!({ "source": source, "file": file, "refused": why }),
        });
        json!({
            "version": self.version.digest,
            "new": self.new,
            "facts": self.version.count(),
            "sources": taken.collect::<Vec<_>>(),
            "gone": self.gone.iter().map(|one| json!({ "source": &*one.name, "file": &*one.file })).collect::<Vec<_>>(),
            "conflicts": self.conflicts,
        })
    }
}

/// Answers a question about the versions, or names and clears them.
pub(crate) fn model(verb: &ModelVerb) -> Result<Answer, Failure> {
    match verb {
        ModelVerb::Log { policy, json } => {
            let entries = match Opened::existing(&kept(policy)?)? {
                Some(opened) => opened.store.log().map_err(|fault| opened.failed(&fault))?,
                None => Vec::new(),
            };
            Ok(Answer::of(match *json {
                true => format!("{:#}\n", Value::from(entries.iter().map(entry_json).collect::<Vec<_>>())),
                false => entries.iter().map(line).collect(),
            }))
        }
        ModelVerb::Show { of, relation, policy, json } => show(of, relation.as_deref(), policy, *json),
        ModelVerb::Tag { name, of, delete, policy } => tag(name, of, *delete, policy),
        ModelVerb::Prove { fact, of, policy } => membership::prove(fact, of, &policy.policy),
        ModelVerb::Merge(arguments) => merge::merge(arguments),
        ModelVerb::Gc { keep, policy } => {
            let kept = kept(policy)?;
            let mut opened = Opened::wanted(&kept)?;
            // A decision that is about to be recorded has its version held already.
            let lock = kept.has_log().then(|| kept.lock()).transpose()?;
            let swept = opened.store.sweep(*keep, &cited(&kept)?).map_err(|fault| opened.failed(&fault))?;
            drop(lock);
            let (versions, chunks) = (count(swept.versions, "version"), count(swept.chunks, "chunk"));
            Ok(Answer::of(format!("cleared {versions}, {chunks}\n")))
        }
    }
}

fn tag(name: &str, version: &str, delete: bool, policy: &Policy) -> Result<Answer, Failure> {
    let mut opened = Opened::wanted(&kept(policy)?)?;
    if delete {
        let gone = opened.store.untag(name).map_err(|fault| opened.failed(&fault))?;
        return match gone {
            true => Ok(Answer::of(format!("{name} names no version any more\n"))),
            false => {
                Err(Failure::Malformed(format!("{name}: there is no such tag\n  help: `writ model log` lists them")))
            }
        };
    }
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !plain || name == "newest" || model::is_digits(name) {
        return Err(Failure::Malformed(format!(
            "{name}: a tag is written in letters, digits, `-`, `_` and `.`, and is neither `newest` nor a digest\n  help: name it after a day or a release: `before-merge`"
        )));
    }
    let digest = opened.store.find(version).map_err(|fault| opened.failed(&fault))?;
    let log = opened.store.log().map_err(|fault| opened.failed(&fault))?;
    // What it names is kept because of it, and would be cleared away with the next `gc`.
    if let Some(other) = log.iter().find(|entry| entry.tags.iter().any(|tag| tag == name) && entry.digest != digest) {
        return Err(Failure::Malformed(format!(
            "{name}: it names {} already\n  help: choose another name, or take this one back first: `writ model tag {name} --delete`",
            other.digest
        )));
    }
    opened.store.tag(name, &digest).map_err(|fault| opened.failed(&fault))?;
    Ok(Answer::of(format!("{name} is {digest}\n")))
}

/// The versions that kept decisions name: they can be decided again.
fn cited(kept: &Kept) -> Result<BTreeSet<Digest>, Failure> {
    let folder = kept.path("evidence");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(package::unreadable(&folder, &error)),
    };
    let mut found = BTreeSet::new();
    for entry in entries {
        let path = entry.map_err(|error| package::unreadable(&folder, &error))?.path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let bytes = std::fs::read(&path).map_err(|error| package::unreadable(&path, &error))?;
        let opened = evidence::open::<Record>(&bytes).map_err(|refused| {
            Failure::Malformed(format!(
                "{}: {refused}\n  help: nothing was cleared; move it away if no version is to be kept for it",
                path.display()
            ))
        })?;
        found.extend(Digest::parse(&opened.predicate.model));
    }
    Ok(found)
}

fn show(version: &str, relation: Option<&str>, policy: &Policy, as_json: bool) -> Result<Answer, Failure> {
    let opened = Opened::wanted(&kept(policy)?)?;
    let loaded = opened.load(version)?;
    let entries = opened.store.log().map_err(|fault| opened.failed(&fault))?;
    // One that nobody imported is held for a decision, and has no entry.
    let entry = entries.iter().find(|entry| entry.digest == loaded.digest);
    let chosen = |name: &str| relation.is_none_or(|wanted| name == wanted || name.ends_with(&format!(".{wanted}")));
    if let Some(wanted) = relation.filter(|_| !loaded.relations.keys().any(|name| chosen(name))) {
        let names: Vec<&str> = loaded.relations.keys().map(|name| &**name).collect();
        let names = names.join(", ");
        return Err(Failure::Malformed(format!("the version has no facts of `{wanted}`\n  help: it has {names}")));
    }
    let relations = loaded.relations.iter().filter(|(name, _)| chosen(name));
    if as_json {
        let held = || json!({ "version": loaded.digest, "facts": loaded.count(), "sources": sources_json(loaded.sources.iter().map(|source| &**source)) });
        let mut answer = entry.map_or_else(held, entry_json);
        let counts = relations.clone().map(|(name, facts)| (name.to_string(), json!(facts.count())));
        answer["relations"] = Value::Object(counts.collect());
        if relation.is_some() {
            let facts = relations.flat_map(|(_, facts)| facts.facts());
            let told = facts.map(|fact| {
                let origin = &fact.origin;
                json!({ "fact": discreet(fact), "file": &*origin.source.file, "place": &*origin.place })
            });
            answer["told"] = told.collect();
        }
        return Ok(Answer::of(format!("{answer:#}\n")));
    }
    let held = || format!("{}  {}  held for a decision\n", &loaded.digest.hex()[..12], count(loaded.count(), "fact"));
    let mut text = entry.map_or_else(held, line);
    if relation.is_some() {
        for fact in relations.flat_map(|(_, facts)| facts.facts()) {
            let _ = writeln!(text, "  {}   {} {}", discreet(fact), fact.origin.source.file, fact.origin.place);
        }
        return Ok(Answer::of(text));
    }
    let wide = loaded.sources.iter().map(|source| source.name.chars().count()).max().unwrap_or(0);
    for source in &loaded.sources {
        let observed = source.observed_at.map_or_else(|| String::from("-"), write_time);
        let part = if source.complete { "" } else { "   incomplete" };
        let _ = writeln!(text, "  source {:<wide$}  {}   observed {observed}{part}", source.name, source.file);
    }
    for (name, facts) in relations {
        let _ = writeln!(text, "  {:>9}  {name}", facts.count());
    }
    Ok(Answer::of(text))
}

/// A fact's line, sensitive parts hidden.
fn discreet(fact: &program::Fact) -> String {
    let values: Vec<String> = fact.tuple.iter().map(program::Value::discreet).collect();
    format!("{}({})", fact.relation, values.join(", "))
}

/// `3f2a91c07d15  2026-11-21T12:00Z  1284 facts  ana  before the merge  (release)`.
fn line(entry: &Entry) -> String {
    let mut parts = vec![entry.digest.hex()[..12].to_owned(), write_time(entry.at)];
    parts.push(count(usize::try_from(entry.facts).unwrap_or(usize::MAX), "fact"));
    parts.extend(entry.actor.clone());
    parts.extend(Some(entry.message.clone()).filter(|message| !message.is_empty()));
    parts.extend(Some(entry.tags.join(", ")).filter(|tags| !tags.is_empty()).map(|tags| format!("({tags})")));
    parts.join("  ") + "\n"
}

fn sources_json<'s>(sources: impl IntoIterator<Item = &'s FactSource>) -> Value {
    let told = sources.into_iter().map(|source| {
        json!({ "name": &*source.name, "file": &*source.file, "digest": &*source.digest, "speaks": source.speaks,
                "observed_at": source.observed_at.map(write_time), "complete": source.complete })
    });
    told.collect()
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "version": entry.digest,
        "parent": entry.parent,
        "at": write_time(entry.at),
        "actor": entry.actor,
        "message": entry.message,
        "facts": entry.facts,
        "tags": entry.tags,
        "sources": sources_json(&entry.sources),
    })
}

fn kept(policy: &Policy) -> Result<Kept, Failure> {
    package::load(&policy.policy).map(|package| Kept::of(&package.root))
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
