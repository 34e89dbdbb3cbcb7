//! `writ watch`: the model kept up to date as its sources change, and what became true and what ceased.
//!
//! A source that cannot be read leaves the model where it stands: half of a file that is being written is no news. A file
//! that changes is observed when that is seen; of one that stays as it was in the newest version that one knows.
//!
//! INVARIANT: what is told is the difference of two kept versions; each is kept before it is told of.

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
use program::write_time;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
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
    let first = look(&arguments.policy.policy, None)?;
    let mut seen = first.map_err(|why| Failure::Malformed(why.trim_end().to_owned()))?;
    let mut standing = Standing::new(&seen.case(clock())).map_err(failed)?;
    seen.keep(clock())?;
    let short = |version: &Version| version.digest.hex()[..12].to_owned();
    let facts = counted(seen.version.count(), "fact");
    writeln!(out, "watching {}   {facts}; Ctrl-C ends", short(&seen.version)).map_err(unwritten)?;
    out.flush().map_err(unwritten)?;
    for batch in batches {
        batch?;
        let now = clock();
        let next = match look(&arguments.policy.policy, Some((&seen.version, now))) {
            Ok(Ok(next)) => next,
            Ok(Err(why)) => {
                write!(out, "{}  the model stays as it is\n{why}", write_time(now)).map_err(unwritten)?;
                continue;
            }
            Err(failure) => {
                writeln!(out, "{}  the model stays as it is\n{failure}", write_time(now)).map_err(unwritten)?;
                continue;
            }
        };
        let same = next.compiled.program.digest() == seen.compiled.program.digest();
        if same && next.version == seen.version {
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
}

/// Reads everything; the inner error tells which sources could not be read.
///
/// - `last`: what was seen last, and when this look is; the first one goes on from the newest version that is kept.
fn look(policy: &Path, last: Option<(&Version, i64)>) -> Result<Result<Seen, String>, Failure> {
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
    let mut why = String::new();
    for one in &taken {
        let optional = manifest.source.iter().any(|source| source.name == one.source && source.optional);
        if let (Err(what), false) = (&one.outcome, optional) {
            why += &format!("refused  {}  {}   {what}\n", one.source, one.file);
        }
    }
    Ok(if why.is_empty() { Ok(Seen { root: package.root, compiled, version }) } else { Err(why) })
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
    fn what_turns_is_told_and_a_broken_file_is_no_news() {
        let folder = std::env::temp_dir().join(format!("writ-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("it is writable");
        write(
            "writ.toml",
            "[package]\nname = \"a\"\n[[source]]\nname = \"world\"\nkind = \"facts\"\npath = \"world.json\"\n",
        );
        write("policy.writ", POLICY);
        let world = |key: &str| {
            format!(r#"{{"std.state.kind": [["db", "database"]{key}], "std.state.encrypted_by": [["db", "key"]]}}"#)
        };
        write("world.json", &world(r#", ["key", "key"]"#));
        let turn = Cell::new(0);
        let batches = std::iter::from_fn(|| {
            turn.set(turn.get() + 1);
            match turn.get() {
                1 => write("world.json", "{\"std.state.kind\": ["),
                2 => write("world.json", &world("")),
                3 => {}
                4 => write("policy.writ", &POLICY.replace(", not kind(k, _)", ", kind(k, _)")),
                _ => return None,
            }
            Some(Ok(()))
        });
        let line = ["writ", "watch", "--policy", &folder.display().to_string()].map(String::from);
        let Verb::Watch(arguments) = Arguments::parse_from(line).verb else { panic!("it was parsed as another verb") };
        let mut out = Vec::new();
        let clock = || if turn.get() == 2 { 7 } else { 0 };
        again(&arguments, batches, &mut out, &clock).expect("it watches");
        let text = String::from_utf8(out).expect("it is text").replace("00:00:00.000007Z", "00:00Z");
        let parts: Vec<&str> = text.split("1970-01-01T00:00Z  ").collect();
        assert_eq!(parts.len(), 4, "{text}");
        assert!(parts[1].starts_with("the model stays as it is\nrefused  world"), "{text}");
        assert!(parts[2].contains("policy.lost   1 came\n  + lost(\"db\")"), "{text}");
        assert!(parts[2].contains("because - kind(\"key\", \"key\")"), "{text}");
        let kept =
            Opened::existing(&Kept::of(&folder)).expect("a store").expect("it was made").newest().expect("whole");
        let observed = kept.expect("a version").sources.first().and_then(|source| source.observed_at);
        assert_eq!(observed, Some(7), "it was seen to change then, and not since");
        assert!(parts[3].contains("policy.lost   1 went") && parts[3].contains("because - rule of lost"), "{text}");
        let _ = fs::remove_dir_all(&folder);
    }
}
