//! `writ decide`: a change to a verdict.

use crate::arguments::{self, Inputs};
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::kept::{Kept, Lock};
use crate::output::{self, Answer, Output};
use crate::places::Places;
use crate::{coloured, junit, kept, progress};
use decide::{Case, Decision, SourceState, Verdict, ask, export, markdown, text};
use evidence::{Aged, Entry, Receipt, Record, Sealed, SigningKey};
use program::{Digest, write_time};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How a decision is put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Markdown,
    Approval,
    Sarif,
    Junit,
    Vsa,
    CloudEvents,
    Oscal,
}

/// Decides a change, writes the evidence, prints the verdict.
///
/// INVARIANT: the evidence is written before anything is printed; nothing is printed where it could not be.
/// INVARIANT: an allow is recorded only at the position of the log that it was decided at, else it is decided again.
pub(crate) fn decide(arguments: &arguments::Decide) -> Result<Answer, Failure> {
    let outputs = outputs(arguments)?;
    let mut held = None;
    let (loaded, mut decision, evidence, recorded) = loop {
        let loaded = inputs::load(&arguments.inputs, Some(&arguments.change))?;
        let written = outputs.iter().filter_map(|output| Some(("--output", output.file.as_deref()?)));
        apart(
            &loaded.kept,
            &loaded.files,
            written.chain(arguments.evidence.as_deref().map(|file| ("--evidence", file))),
        )?;
        let key = kept::signing_key(arguments.key.as_deref(), &loaded.kept)?;
        let decision = limited(&arguments.inputs, |limits| {
            let case = loaded.case(&arguments.inputs, limits);
            decide::decide(&Case { assurance: arguments.assurance, ..case })
        })?;
        let sealed = key.as_ref().map_or_else(|| decision.evidence.clone(), |key| decision.evidence.sign(key));
        let own = loaded.kept.path(&format!("evidence/{}.json", sealed.digest.hex()));
        let evidence = arguments.evidence.clone().unwrap_or(own);
        let recorded = match (&key, loaded.position) {
            (Some(key), Some(position)) => {
                not_before(&loaded, decision.verdict)?;
                let lock = match held.take() {
                    Some(lock) => lock,
                    None => loaded.kept.lock()?,
                };
                let now = loaded.kept.size()?.unwrap_or(position);
                if decision.verdict == Verdict::Allow && now != position {
                    progress::stage("deciding again: the log has grown meanwhile");
                    held = Some(lock);
                    continue;
                }
                Some(record(&loaded, &decision, &sealed, key, &lock)?)
            }
            (None, Some(_)) if decision.verdict == Verdict::Allow => {
                return Err(Failure::Malformed(format!(
                    "{}: it would be allowed, and cannot be recorded: there is no key to sign the entry with\n  help: `--key FILE`, or `WRIT_SIGNING_KEY`, or the package's own key in .writ/key",
                    loaded.kept.path("log").display()
                )));
            }
            _ => None,
        };
        output::write(&evidence, &sealed.bytes)?;
        break (loaded, decision, evidence, (key.is_some(), recorded));
    };
    if decision.verdict == Verdict::Deny && arguments.edits > 0 {
        let tries = tries(loaded.facts.len());
        let passing = limited(&arguments.inputs, |limits| {
            let case = Case { assurance: arguments.assurance, ..loaded.case(&arguments.inputs, limits) };
            ask::passing(&case, arguments.edits, tries)
        })?;
        decision.passing = Some(passing);
    }
    let mut answer = Answer { text: String::new(), notes: loaded.notes.clone(), code: code(decision.verdict) };
    let flags = arguments.inputs.flags();
    for output in &outputs {
        let text = render(&decision, output, arguments, &flags, &loaded);
        match &output.file {
            None => answer.text.push_str(&text),
            Some(file) => output::write(file, text.as_bytes())?,
        }
    }
    let how = match recorded {
        (false, _) => String::from("unsigned"),
        (true, None) => String::from("signed"),
        (true, Some(receipt)) => {
            output::write(&evidence.with_extension("tlog-proof"), receipt.to_string().as_bytes())?;
            format!("signed, entry {} of the log", receipt.index)
        }
    };
    answer.notes += &format!("evidence: {} ({how})\n", short(&evidence));
    Ok(answer)
}

/// Refuses an allow at an instant before what the log holds already: what was over would be in force again.
fn not_before(loaded: &Loaded, verdict: Verdict) -> Result<(), Failure> {
    let latest = loaded.latest.filter(|latest| verdict == Verdict::Allow && *latest > loaded.now);
    let Some(latest) = latest else { return Ok(()) };
    Err(Failure::Malformed(format!(
        "--now {}: the log has an entry of {} already, and nothing is allowed before it\n  help: leave out --now, or name a later instant",
        write_time(loaded.now),
        write_time(latest)
    )))
}

/// Adds a decision to the log, with the files that it stands for.
fn record(
    loaded: &Loaded,
    decision: &Decision,
    sealed: &Sealed,
    key: &SigningKey,
    lock: &Lock,
) -> Result<Receipt, Failure> {
    let opened = evidence::open::<Record>(&sealed.bytes);
    let opened = opened.map_err(|refused| Failure::Bug(format!("a record does not open: {refused}")))?;
    let position = loaded.position.unwrap_or_default();
    let plain = |what: serde_json::Result<Vec<u8>>| what.expect("bug: what was read is plain data");
    let content = plain(serde_json::to_vec(&loaded.change));
    let content_digest = Digest::of(&content);
    let missing: BTreeSet<String> = (loaded.sources.iter())
        .filter_map(|source| match source {
            SourceState::Missing(name) => Some(name.clone()),
            SourceState::Aged(_) => None,
        })
        .collect();
    let aged: BTreeSet<Aged> = (loaded.sources.iter())
        .filter_map(|source| match source {
            SourceState::Missing(_) => None,
            SourceState::Aged(aged) => Some(aged.clone()),
        })
        .collect();
    let entry = Entry {
        content: Some(content_digest.to_string()),
        missing: missing.into_iter().collect(),
        aged: aged.into_iter().collect(),
        ..Entry::of_decision(&opened.predicate, &decision.evidence.digest, &write_time(loaded.now), position)
    };
    let program = opened.predicate.program.digest.trim_start_matches("sha256:");
    let mut files = loaded.version.files();
    files.push((format!("program/{program}.json"), plain(serde_json::to_vec(&*loaded.compiled.program))));
    files.push((format!("change/{}.json", content_digest.hex()), content));
    files.push((format!("evidence/{}.json", sealed.digest.hex()), sealed.bytes.clone()));
    let receipts = loaded.kept.commit(lock, key, &files, vec![entry])?;
    receipts.into_iter().next().ok_or_else(|| Failure::Bug(String::from("the log gave no receipt")))
}

/// How many counter-proposals are tried beside a verdict: fewer where each takes longer.
fn tries(facts: usize) -> usize {
    (50_000 / facts.max(1)).clamp(2, 24)
}

fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow => 0,
        Verdict::Deny => 1,
        Verdict::Escalate => 2,
    }
}

fn render(
    decision: &Decision,
    output: &Output<Format>,
    arguments: &arguments::Decide,
    flags: &str,
    loaded: &Loaded,
) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let places = Places::default();
    match output.format {
        Format::Sarif => export::sarif(decision, version, &|file, place| places.find(file, place)),
        Format::Junit => junit::junit(decision),
        Format::Vsa => export::vsa(decision, version),
        Format::CloudEvents => export::cloudevent(decision),
        Format::Oscal => {
            let at = jiff::Timestamp::from_microsecond(loaded.now).map(|at| at.to_string());
            export::oscal(decision, &loaded.compiled.program, &at.unwrap_or_default(), version)
        }
        Format::Text => {
            let color = output.file.is_none() && coloured();
            text::render(decision, text::Style { color, why: arguments.why, full: arguments.full, flags })
        }
        Format::Json => decision.to_json(),
        Format::Markdown => markdown::render(decision, flags),
        Format::Approval => decision.approvals(),
    }
}

fn outputs(arguments: &arguments::Decide) -> Result<Vec<Output<Format>>, Failure> {
    let formats = [
        ("text", Format::Text),
        ("json", Format::Json),
        ("markdown", Format::Markdown),
        ("approval", Format::Approval),
        ("sarif", Format::Sarif),
        ("junit", Format::Junit),
        ("vsa", Format::Vsa),
        ("cloudevents", Format::CloudEvents),
        ("oscal", Format::Oscal),
    ];
    let json = arguments.json.then_some(Format::Json);
    let outputs = output::outputs(&arguments.output, json, &formats, "markdown=comment.md")?;
    Ok(outputs)
}

/// Refuses to write over what is read or kept, and two things into one file.
///
/// - `kept`: the folder with the key, the log and what that stands for.
/// - `written`: the files that are written, with the flag that says so.
pub(crate) fn apart<'f>(
    kept: &Kept,
    read: &[PathBuf],
    written: impl Iterator<Item = (&'static str, &'f Path)>,
) -> Result<(), Failure> {
    let mut taken: BTreeMap<PathBuf, String> = BTreeMap::new();
    for file in read {
        taken.insert(place(file), String::from("it is one of the files that are read"));
    }
    for (flag, file) in written {
        // A device or a pipe takes whatever comes.
        if fs::metadata(file).is_ok_and(|there| !there.is_file()) {
            continue;
        }
        let own = place(file);
        let guarded = ["key", "log", "program", "model", "model.db", "change", "approval"];
        if guarded.iter().any(|name| own.starts_with(place(&kept.path(name)))) {
            return Err(Failure::Malformed(format!(
                "{flag} {}: the package keeps its key and its log there\n  help: name another file",
                file.display()
            )));
        }
        if let Some(why) = taken.insert(own, format!("{flag} is written there too")) {
            return Err(Failure::Malformed(format!(
                "{flag} {}: {why}, and would be lost\n  help: name another file",
                file.display()
            )));
        }
    }
    Ok(())
}

/// A file's one name, whether it is there yet or not.
fn place(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = || Some(folder.canonicalize().ok()?.join(file.file_name()?));
    let plain = || {
        // A folder that is made on the way: what `..` takes back is not there to be asked.
        let mut plain = PathBuf::new();
        for part in std::path::absolute(file).ok()?.components() {
            match part {
                Component::ParentDir => drop(plain.pop()),
                part => plain.push(part),
            }
        }
        Some(plain)
    };
    file.canonicalize().ok().or_else(beside).or_else(plain).unwrap_or_else(|| file.to_owned())
}

/// A path as it is printed: without a leading `./`.
fn short(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string().replace('\\', "/")
}

/// Runs `work`, and stops it after `longest`; the clock is read here and nowhere below.
#[expect(clippy::disallowed_methods, reason = "the one place that has a clock to stop by")]
pub(crate) fn bounded<T>(
    longest: Duration,
    limits: engine::Limits<'_>,
    work: impl FnOnce(engine::Limits<'_>) -> T,
) -> T {
    let start = Instant::now();
    let stop = || start.elapsed() >= longest;
    work(engine::Limits { stop: Some(&stop), ..limits })
}

/// Runs `work` within the limits of the command line.
pub(crate) fn limited<T>(
    inputs: &Inputs,
    work: impl FnOnce(engine::Limits<'_>) -> Result<T, decide::Failure>,
) -> Result<T, Failure> {
    progress::stage("evaluating and checking");
    let threads = inputs.threads.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let limits = engine::Limits {
        tuples: inputs.max_tuples,
        bytes: inputs.max_memory.saturating_mul(1 << 20),
        threads,
        ..engine::Limits::default()
    };
    bounded(Duration::from_secs(inputs.max_time), limits, work).map_err(failed)
}

/// How a command ends where nothing was decided.
pub(crate) fn failed(failure: decide::Failure) -> Failure {
    match failure {
        decide::Failure::Malformed(malformed) => Failure::Malformed(placed(&malformed)),
        decide::Failure::Limit(what) => Failure::Fault(format!("{what}{}", flag(&what))),
        decide::Failure::Bug(what) => Failure::Bug(what),
    }
}

/// Input that is wrong, as every other file's is told.
pub(crate) fn placed(malformed: &decide::Malformed) -> String {
    let Some(origin) = &malformed.origin else { return malformed.what.clone() };
    let joint = match origin.place.as_bytes().first() {
        None => "",
        Some(b'/') => "#",
        Some(_) => ":",
    };
    format!("{}\n  --> {}{joint}{}", malformed.what, origin.source.file, origin.place)
}

/// The flag that raises the limit a fault names.
fn flag(what: &str) -> &'static str {
    match what {
        _ if what.contains("tuples") => "; --max-tuples raises it",
        _ if what.contains("bytes") || what.contains("memory") => "; --max-memory raises it",
        _ => "; --max-time raises it",
    }
}

#[cfg(test)]
mod tests {
    use crate::arguments::{Arguments, Verb};
    use clap::Parser;
    use engine::{Planted, plant};
    use std::fs;

    const POLICY: &str = r#"
use std.state.{Resource, kind, tag, exists, encrypted_by};
use std.change.action;

relation hangs_on(r: Resource, other: Resource);
hangs_on(r, k) if encrypted_by(r, k);
hangs_on(r, k) if hangs_on(r, via), hangs_on(via, k);

relation lost(r: Resource);
lost(r) if hangs_on(r, k), not exists(k);

/// The smaller one is found a round behind the larger.
relation falling(r: Resource, least n: int);
falling(r, 9) if exists(r);
falling(r, 1) if falling(r, n), n <= 9;

pub blueprint kept() {
    deny gone(r) "{r} hangs on something that is gone" if covered(r), exists(r), lost(r);
    permit tidy(a) if action(a, v, _), v in {"delete", "update"};
}

intent all "Everything" {
    cover r if exists(r);
    owner "team";
    apply kept();
}
"#;

    /// A chain of eight, each of which hangs on the next; the last one is deleted.
    fn case() -> (std::path::PathBuf, Vec<String>) {
        let folder = std::env::temp_dir().join(format!("writ-planted-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let mut world = String::from("use std.state.{kind, encrypted_by};\n");
        for n in 0..9 {
            world += &format!("kind(\"r{n}\", \"box\");\n");
        }
        for n in 0..8 {
            world += &format!("encrypted_by(\"r{n}\", \"r{}\");\n", n + 1);
        }
        let change = r#"{"format": "writ-change/1", "actions": [{"id": "a", "verb": "delete", "resource": "r8"}]}"#;
        for (name, text) in [("policy.writ", POLICY), ("world.writ", &world), ("change.json", change)] {
            fs::write(folder.join(name), text).expect("the temporary folder is writable");
        }
        let path = |name: &str| folder.join(name).display().to_string();
        let line =
            ["writ", "decide", &path("change.json"), "--policy", &path("policy.writ"), "--facts", &path("world.writ")];
        let mut line: Vec<String> = line.map(String::from).to_vec();
        line.extend(
            ["--evidence", &path("evidence.json"), "--now", "2026-01-01T00:00Z", "--threads", "1"].map(String::from),
        );
        (folder, line)
    }

    #[test]
    fn a_fault_of_the_engine_ends_with_70_and_without_a_verdict() {
        let (folder, line) = case();
        let decide = || match Arguments::parse_from(&line).verb {
            Verb::Decide(arguments) => super::decide(&arguments),
            other => panic!("{other:?} is not what was asked"),
        };
        let sound = decide().expect("an engine without a fault decides");
        assert_eq!(sound.code, 1, "{}", sound.text);
        for fault in Planted::ALL {
            let _ = fs::remove_file(folder.join("evidence.json"));
            let planted = plant(fault);
            let ended = decide();
            drop(planted);
            match ended {
                Ok(answer) => panic!("{fault:?} was not found; it ended with {}:\n{}", answer.code, answer.text),
                Err(failure) => assert_eq!(failure.code(), 70, "{fault:?}: {failure}"),
            }
            assert!(!folder.join("evidence.json").exists(), "{fault:?} left evidence of a verdict that there is not");
        }
        let _ = fs::remove_dir_all(folder);
    }
}
