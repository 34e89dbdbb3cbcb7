//! `writ watch`: the model kept up to date as its sources change, and what became true and what ceased.
//!
//! What cannot be read says what it said last, and its source counts as not whole until it can: half of a file that is being
//! written is no news, and no decision rests on it meanwhile. The other sources go on. A file that changes is observed when
//! that is seen; of one that stays as it was in the newest version that one knows.
//!
//! INVARIANT: what is told is the difference of two kept versions; each is kept before it is told of. What cannot be read is
//! told once, and when it can be read again.

use crate::arguments;
use crate::changes;
use crate::decide::failed;
use crate::diff;
use crate::failure::Failure;
use crate::inputs::{self, Observed};
use crate::kept::Kept;
use crate::output::Answer;
use crate::package;
use crate::policy::{self, Compiled};
use crate::store::Opened;
use decide::diff::Standing;
use decide::{Case, Limits, counted};
use model::Version;
use program::{Fact, FactSource, Origin, write_time};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Watches until the folder can no longer be watched.
pub(crate) fn watch(arguments: &arguments::Watch) -> Result<Answer, Failure> {
    let package = package::load(&arguments.policy.policy)?;
    let sources = package.manifest.iter().flat_map(|manifest| &manifest.source);
    let beyond = sources.filter_map(|source| inputs::folder_beyond(&package.root, source)).collect();
    let (_watcher, batches) = changes::batches(&package.root, &beyond)?;
    // What it keeps itself is no change of a source.
    let own = |path: &PathBuf| path.components().any(|part| part.as_os_str() == ".writ");
    let batches = batches.filter(|batch| !batch.as_ref().is_ok_and(|paths| paths.iter().all(own)));
    let batches = batches.map(|batch| batch.map(drop));
    again(arguments, batches, &mut io::stdout().lock(), &|| jiff::Timestamp::now().as_microsecond())
}

/// Looks now, and once more for each batch of changes.
#[expect(clippy::disallowed_methods, reason = "it says how long the model took to move on")]
fn again(
    arguments: &arguments::Watch,
    batches: impl Iterator<Item = Result<(), Failure>>,
    out: &mut dyn Write,
    clock: &dyn Fn() -> i64,
) -> Result<Answer, Failure> {
    let unwritten = |e: io::Error| Failure::Fault(format!("standard output could not be written: {e}"));
    let wanted = diff::wanted(&arguments.tuples);
    let mut seen = look(&arguments.policy.policy, None)?;
    let mut standing = Standing::new(&seen.case(clock())).map_err(failed)?;
    seen.keep(clock())?;
    let short = |version: &Version| version.digest.hex()[..12].to_owned();
    let facts = counted(seen.version.count(), "fact");
    writeln!(out, "watching {}   {facts}; Ctrl-C ends", short(&seen.version)).map_err(unwritten)?;
    write!(out, "{}", seen.refused).map_err(unwritten)?;
    out.flush().map_err(unwritten)?;
    let mut failed_before = String::new();
    for batch in batches {
        batch?;
        let now = clock();
        let next = match look(&arguments.policy.policy, Some((&seen.version, now))) {
            Ok(next) => next,
            Err(failure) => {
                let failure = failure.to_string();
                if failure != failed_before {
                    writeln!(out, "{}  the model stays as it is\n{failure}", write_time(now)).map_err(unwritten)?;
                    out.flush().map_err(unwritten)?;
                }
                failed_before = failure;
                continue;
            }
        };
        failed_before.clear();
        if next.refused != seen.refused {
            let told = match &*next.refused {
                "" => "every source can be read again\n",
                _ => "what cannot be read says what it said last, and decisions ask about it\n",
            };
            write!(out, "{}  {told}{}", write_time(now), next.refused).map_err(unwritten)?;
            out.flush().map_err(unwritten)?;
        }
        let same = next.compiled.program.digest() == seen.compiled.program.digest();
        if same && next.version == seen.version {
            seen.refused = next.refused;
            continue;
        }
        let start = Instant::now();
        let case = next.case(now);
        let told = if same {
            let step = standing.next(&case).map_err(failed)?;
            standing.take(step, &wanted).map_err(failed)?
        } else {
            let told = decide::diff::diff(&seen.case(now), &case, &wanted).map_err(failed)?;
            standing = Standing::new(&case).map_err(failed)?;
            told
        };
        let spent = start.elapsed().as_millis();
        next.keep(now)?;
        let text = told.text(&short(&seen.version), &short(&next.version));
        writeln!(out, "{}  {spent} ms\n{text}", write_time(now)).map_err(unwritten)?;
        out.flush().map_err(unwritten)?;
        seen = next;
    }
    Ok(Answer::of(String::new()))
}

/// A policy and what its sources say.
struct Seen {
    root: PathBuf,
    compiled: Compiled,
    version: Version,
    /// What could not be read, a line or more for each, sorted as the sources are declared.
    refused: String,
}

/// Reads everything that can be read.
///
/// - `last`: what was seen last, and when this look is; the first one goes on from the newest version that is kept.
fn look(policy: &Path, last: Option<(&Version, i64)>) -> Result<Seen, Failure> {
    let package = package::load(policy)?;
    let compiled = policy::compile(&package)?;
    let manifest = package.manifest.as_ref().filter(|manifest| !manifest.source.is_empty()).ok_or_else(|| {
        Failure::Malformed(String::from(
            "nothing is declared to be watched\n  help: declare a `[[source]]` in writ.toml, with name, kind and path",
        ))
    })?;
    let kept = match last {
        Some(_) => None,
        None => Opened::existing(&Kept::of(&package.root))?.map(|opened| opened.newest()).transpose()?.flatten(),
    };
    let known = last.map(|(version, _)| version).or(kept.as_ref());
    let observed = Observed::Since { known, now: last.map(|(_, now)| now) };
    let (version, taken, _) = inputs::collect(&package, manifest, &compiled, &observed)?;
    let optional = |name: &str| manifest.source.iter().any(|source| source.name == name && source.optional);
    let (mut refused, mut lost) = (String::new(), BTreeSet::new());
    for one in &taken {
        // That an optional source is absent is no fault; nor is it said to be what it was.
        let there = version.sources.iter().any(|file| is_of(file, one));
        if let Err(what) = &one.outcome
            && (there || !optional(&one.source))
        {
            refused += &format!("refused  {}  {}   {what}\n", one.source, one.file);
            lost.insert((one.source.as_str(), there.then(|| one.file.replace('\\', "/"))));
        }
    }
    let version = match known {
        Some(known) if !lost.is_empty() => as_before(version, known, &lost, &compiled),
        _ => version,
    };
    Ok(Seen { root: package.root, compiled, version, refused })
}

/// Whether a file of a version is the one that was to be read.
fn is_of(file: &FactSource, one: &inputs::Taken) -> bool {
    *file.name == *one.source && *file.file == *one.file.replace('\\', "/")
}

/// A version in which what was lost says what it said in a known one, and is not whole.
///
/// - `lost`: sources, each with its file; without one: every file of it.
fn as_before(
    version: Version,
    known: &Version,
    lost: &BTreeSet<(&str, Option<String>)>,
    compiled: &Compiled,
) -> Version {
    let is_lost = |file: &FactSource| {
        let of = |path: &Option<String>| path.as_ref().is_none_or(|path| **path == *file.file);
        lost.iter().any(|(name, path)| **name == *file.name && of(path))
    };
    let held: BTreeMap<&Arc<FactSource>, Arc<FactSource>> = (known.sources.iter())
        .filter(|file| is_lost(file))
        .map(|file| (file, Arc::new(FactSource { complete: false, ..(**file).clone() })))
        .collect();
    let again = known.facts().filter_map(|fact| {
        let source = held.get(&fact.origin.source)?.clone();
        Some(Fact { origin: Origin { source, ..fact.origin.clone() }, ..fact.clone() })
    });
    let again: Vec<Fact> = again.collect();
    // Under another policy its relations may be others.
    if decide::conflicts(&compiled.program, &again).is_err() {
        return version;
    }
    let is_held = |file: &FactSource| held.keys().any(|known| known.name == file.name && known.file == file.file);
    let sources = version.sources.iter().filter(|file| !is_held(file)).cloned();
    let sources: Vec<Arc<FactSource>> = sources.chain(held.values().cloned()).collect();
    Version::new(version.into_facts().into_iter().chain(again).collect(), sources)
}

impl Seen {
    fn case(&self, now: i64) -> Case<'static> {
        let limits = Limits { tuples: usize::MAX, bytes: usize::MAX, ..Limits::default() };
        diff::unasked(&self.compiled, &self.version, now, limits)
    }

    fn keep(&self, now: i64) -> Result<(), Failure> {
        let mut opened = Opened::make(&Kept::of(&self.root))?;
        let kept = opened.store.keep(&self.version, now, None, "watched");
        kept.map(drop).map_err(|fault| opened.failed(&fault))
    }
}

#[cfg(test)]
mod tests {
    use super::again;
    use crate::arguments::{Arguments, Verb};
    use crate::kept::Kept;
    use crate::store::Opened;
    use clap::Parser;
    use std::cell::Cell;
    use std::fs;

    const POLICY: &str = "use std.state.{Resource, kind, encrypted_by};\n\
        relation lost(r: Resource);\nlost(r) if encrypted_by(r, k), not kind(k, _);\n";

    #[test]
    fn what_turns_is_told_and_a_broken_file_stops_no_other() {
        let folder = std::env::temp_dir().join(format!("writ-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("it is writable");
        let source = |name: &str| format!("[[source]]\nname = \"{name}\"\nkind = \"facts\"\npath = \"{name}.json\"\n");
        write("writ.toml", &format!("[package]\nname = \"a\"\n{}{}", source("keys"), source("world")));
        write("policy.writ", POLICY);
        let keys = |names: &str| format!(r#"{{"std.state.kind": [{names}]}}"#);
        let both = r#"["key", "key"], ["other", "key"]"#;
        write("keys.json", &keys(both));
        write("world.json", r#"{"std.state.encrypted_by": [["db", "key"]]}"#);
        let newest = || {
            let opened = Opened::existing(&Kept::of(&folder)).expect("a store").expect("it was made");
            opened.newest().expect("whole").expect("a version")
        };
        let whole = |name: &str| newest().sources.iter().all(|source| *source.name != *name || source.complete);
        let turn = Cell::new(0);
        let batches = std::iter::from_fn(|| {
            turn.set(turn.get() + 1);
            match turn.get() {
                1 => write("keys.json", "{\"std.state.kind\": ["),
                // What was broken stays so, and the other file goes on.
                2 => assert!(!whole("keys") && whole("world") && newest().count() == 3),
                3 => write("world.json", r#"{"std.state.encrypted_by": [["db", "key"], ["log", "none"]]}"#),
                4 => write("keys.json", &keys(r#"["other", "key"]"#)),
                5 => assert!(whole("keys")),
                6 => write("policy.writ", "relation"),
                7 => {}
                8 => write("policy.writ", &POLICY.replace(", not kind(k, _)", ", kind(k, _)")),
                _ => return None,
            }
            Some(Ok(()))
        });
        let line = ["writ", "watch", "--policy", &folder.display().to_string()].map(String::from);
        let Verb::Watch(arguments) = Arguments::parse_from(line).verb else { panic!("it was parsed as another verb") };
        let mut out = Vec::new();
        let clock = || if turn.get() == 4 { 7 } else { 0 };
        again(&arguments, batches, &mut out, &clock).expect("it watches");
        let text = String::from_utf8(out).expect("it is text").replace("00:00:00.000007Z", "00:00Z");
        let parts: Vec<&str> = text.split("1970-01-01T00:00Z  ").collect();
        assert_eq!(parts.len(), 8, "{text}");
        let lost = "what cannot be read says what it said last, and decisions ask about it\nrefused  keys";
        assert!(parts[1].starts_with(lost), "{text}");
        assert!(parts[2].contains("nothing that is derived turned"), "{text}");
        assert!(parts[3].contains("policy.lost   1 came\n  + lost(\"log\")"), "{text}");
        assert_eq!(parts[4], "every source can be read again\n");
        assert!(parts[5].contains("policy.lost   1 came\n  + lost(\"db\")"), "{text}");
        assert!(parts[5].contains("because - kind(\"key\", \"key\")"), "{text}");
        assert!(parts[6].starts_with("the model stays as it is\n"), "{text}");
        assert!(parts[7].contains("policy.lost   2 went") && parts[7].contains("because - rule of lost"), "{text}");
        let observed = newest().sources.iter().find(|source| &*source.name == "keys").and_then(|one| one.observed_at);
        assert_eq!(observed, Some(7), "it was seen to change then, and not since");
        let _ = fs::remove_dir_all(&folder);
    }
}
