//! `writ decide`: a change to a verdict.

use crate::arguments::{self, Inputs};
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::kept::{Kept, Lock};
use crate::output::{self, Answer, Output, Staged};
use crate::places::Places;
use crate::{coloured, junit, kept, progress};
use decide::{Case, Decision, SourceState, Verdict, ask, export, markdown, text};
use evidence::{Aged, Entry, Record, Sealed, SigningKey};
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
/// Whatever is written goes beside its place first; then the log's entry is made, and then all of it goes into place. So a
/// disk that is full, or a file that nobody may write, ends the command before anything is recorded.
///
/// INVARIANT: the evidence is written before anything is printed; nothing is printed where it could not be.
/// INVARIANT: an allow is recorded only at the position of the log that it was decided at, else it is decided again.
/// INVARIANT: where something fails after the entry was made, the failure says so.
pub(crate) fn decide(arguments: &arguments::Decide) -> Result<Answer, Failure> {
    let outputs = outputs(arguments)?;
    let mut held = None;
    loop {
        let decided = decided(arguments, &outputs)?;
        match written(arguments, &outputs, &decided, held.take())? {
            Written::Whole(answer) => return Ok(*answer),
            Written::Late(lock) => {
                progress::stage("deciding again: the log has grown meanwhile");
                held = Some(lock);
            }
        }
    }
}

/// A verdict of which nothing is written yet, and what it was made of.
struct Decided {
    loaded: Loaded,
    decision: Decision,
    /// Who signs, and the record as it is signed.
    key: Option<SigningKey>,
    sealed: Sealed,
}

/// Reads everything and decides.
fn decided(arguments: &arguments::Decide, outputs: &[Output<Format>]) -> Result<Decided, Failure> {
    let loaded = inputs::load(&arguments.inputs, Some(&arguments.change))?;
    let receipt = arguments.evidence.as_ref().map(|file| file.with_extension("tlog-proof"));
    let written = outputs.iter().filter_map(|output| Some(("--output", output.file.as_deref()?)));
    apart(
        &loaded.kept,
        &loaded.files,
        written.chain(
            arguments.evidence.as_deref().into_iter().chain(receipt.as_deref()).map(|file| ("--evidence", file)),
        ),
    )?;
    let key = kept::signing_key(arguments.key.as_deref(), &loaded.kept)?;
    let (loaded, mut decision) = loaded.decided(|loaded, footing| {
        limited(&arguments.inputs, |limits| {
            let case = loaded.case(&arguments.inputs, limits);
            decide::decide(&Case { assurance: arguments.assurance, footing, ..case })
        })
    })?;
    if decision.verdict == Verdict::Deny && arguments.edits > 0 {
        let brought = loaded.change.actions.iter().map(|action| action.set.len() + action.remove.len()).sum();
        let tries = tries(loaded.facts.len(), brought);
        let passing = limited(&arguments.inputs, |limits| {
            let case = Case { assurance: arguments.assurance, ..loaded.case(&arguments.inputs, limits) };
            progress::stage("looking for what would pass");
            ask::passing(&case, arguments.edits, tries, loaded.speakers.as_ref())
        })?;
        decision.passing = Some(passing);
    }
    let sealed = key.as_ref().map_or_else(|| decision.evidence.clone(), |key| decision.evidence.sign(key));
    Ok(Decided { loaded, decision, key, sealed })
}

/// What came of writing a verdict.
enum Written {
    /// All of it is written, and recorded where there is a log.
    Whole(Box<Answer>),
    /// Nothing is: the log has grown since it was decided, and an allow must be decided over all of it.
    Late(Lock),
}

/// Writes and records a verdict.
///
/// - `held`: the right to add to the log, where it was taken already.
fn written(
    arguments: &arguments::Decide,
    outputs: &[Output<Format>],
    decided: &Decided,
    held: Option<Lock>,
) -> Result<Written, Failure> {
    let Decided { loaded, decision, key, sealed } = decided;
    let own = || loaded.kept.path(&format!("evidence/{}.json", sealed.digest.hex()));
    let evidence = arguments.evidence.clone().unwrap_or_else(own);
    let mut answer = Answer::of(String::new()).with_code(code(decision.verdict));
    answer.notes.clone_from(&loaded.notes);
    let mut staged = vec![output::stage(&evidence, &sealed.bytes)?];
    let flags = arguments.inputs.flags();
    for output in outputs {
        let text = render(decided, output, arguments, &flags);
        match &output.file {
            None => answer.text.push_str(&text),
            Some(file) => staged.push(output::stage(file, text.as_bytes())?),
        }
    }
    if decision.to_approve.is_empty() && outputs.iter().any(|output| output.format == Format::Approval) {
        answer.notes += match decision.verdict {
            Verdict::Allow => "nothing is to be approved: it is allowed\n",
            Verdict::Deny => "nothing is to be approved: what denies goes with no approval\n",
            Verdict::Escalate => "nothing is to be approved: what is asked about goes with no approval\n",
        };
    }
    let Some(position) = loaded.position else {
        staged.into_iter().try_for_each(Staged::place)?;
        let how = if key.is_some() { "signed" } else { "unsigned" };
        answer.notes += &format!("evidence: {} ({how})\n", short(&evidence));
        return Ok(Written::Whole(Box::new(answer)));
    };
    let Some(key) = key else {
        if decision.verdict == Verdict::Allow {
            return Err(Failure::Malformed(format!(
                "{}: it would be allowed, and cannot be recorded: there is no key to sign the entry with\n  help: `--key FILE`, or `WRIT_SIGNING_KEY`, or the package's own key in .writ/key",
                loaded.kept.path("log").display()
            )));
        }
        staged.into_iter().try_for_each(Staged::place)?;
        answer.notes += &format!("evidence: {} (unsigned)\n", short(&evidence));
        return Ok(Written::Whole(Box::new(answer)));
    };
    let lock = held.map_or_else(|| loaded.kept.lock(), Ok)?;
    let now = loaded.kept.size()?.unwrap_or(position);
    if decision.verdict == Verdict::Allow && now != position {
        return Ok(Written::Late(lock));
    }
    let clock = inputs::clock();
    in_time(loaded, decision.verdict, clock)?;
    let (entry, files) = entry(loaded, decision, sealed, clock)?;
    let mut place = output::stage(&evidence.with_extension("tlog-proof"), &vec![b'\n'; room(&entry)])?;
    let said = |index| kept::recorded(&entry, index);
    loaded.kept.hold(&lock, &loaded.version)?;
    let receipts = loaded.kept.commit(&lock, key, &files, vec![entry.clone()])?;
    let receipt = receipts.first().ok_or_else(|| Failure::Bug(String::from("the log gave no receipt")))?;
    let recorded = said(receipt.index);
    let placed = place.rewrite(receipt.to_string().as_bytes()).and_then(|()| place.place());
    let placed = placed.and_then(|()| staged.into_iter().try_for_each(Staged::place));
    placed.map_err(|failure| failure.although(Some(&recorded)))?;
    answer.notes += &format!("evidence: {} (signed, entry {} of the log)\n", short(&evidence), receipt.index);
    answer.recorded = Some(recorded);
    Ok(Written::Whole(Box::new(answer)))
}

/// How many bytes the receipt of an entry has at most: the entry in base64, a hash of 45 letters for each of at most 64
/// levels, and a checkpoint with a signature.
fn room(entry: &Entry) -> usize {
    2 * entry.bytes().len() + 64 * 45 + 4_096
}

/// Refuses an allow as of an instant before what the log holds already, where what was over would be in force again; as of
/// one that is not there yet; and by a clock that was set back.
///
/// - `clock`: of recording.
fn in_time(loaded: &Loaded, verdict: Verdict, clock: i64) -> Result<(), Failure> {
    if verdict != Verdict::Allow {
        return Ok(());
    }
    let refused = |what: String| Err(Failure::Malformed(what));
    let now = write_time(loaded.now);
    if let Some(latest) = loaded.latest.filter(|latest| *latest > loaded.now) {
        return refused(format!(
            "--now {now}: the log has an entry of {} already, and nothing is allowed before it\n  help: leave out --now, or name a later instant",
            write_time(latest)
        ));
    }
    if loaded.now > clock {
        return refused(format!(
            "--now {now}: the clock says {}, and nothing is allowed ahead of its time\n  help: leave out --now",
            write_time(clock)
        ));
    }
    if let Some(recorded) = loaded.recorded.filter(|recorded| *recorded > clock) {
        return refused(format!(
            "the clock says {}, and the log has an entry that was recorded {}: nothing is allowed by a clock that was set back\n  help: set the clock",
            write_time(clock),
            write_time(recorded)
        ));
    }
    Ok(())
}

/// The instant as the log has it: to the second, which it always has.
pub(crate) fn recorded_at(clock: i64) -> Result<String, Failure> {
    let instant = jiff::Timestamp::from_microsecond(clock);
    let instant = instant.map_err(|e| Failure::Fault(format!("the clock says what is no instant: {e}")))?;
    Ok(instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Names and bytes of what is kept.
type Files = Vec<(String, Vec<u8>)>;

/// The log's entry of a decision, and the files that it stands for.
fn entry(loaded: &Loaded, decision: &Decision, sealed: &Sealed, clock: i64) -> Result<(Entry, Files), Failure> {
    let opened = evidence::open::<Record>(&sealed.bytes);
    let opened = opened.map_err(|refused| Failure::Bug(format!("a record does not open: {refused}")))?;
    let position = loaded.position.unwrap_or_default();
    let plain = |what: serde_json::Result<Vec<u8>>| what.expect("bug: what was read is plain data");
    let content = plain(serde_json::to_vec(&loaded.change));
    let content_digest = Digest::of(&content);
    let missing: BTreeSet<String> = (loaded.sources.iter())
        .filter_map(|source| match source {
            SourceState::Missing(name) => Some(name.clone()),
            SourceState::Aged(_) | SourceState::Fills(..) | SourceState::Part(..) => None,
        })
        .collect();
    let aged: BTreeSet<Aged> = (loaded.sources.iter())
        .filter_map(|source| match source {
            SourceState::Missing(_) | SourceState::Fills(..) | SourceState::Part(..) => None,
            SourceState::Aged(aged) => Some(aged.clone()),
        })
        .collect();
    let fills: BTreeMap<String, BTreeSet<String>> = (loaded.sources.iter())
        .filter_map(|source| match source {
            SourceState::Missing(_) | SourceState::Aged(_) | SourceState::Part(..) => None,
            SourceState::Fills(name, fills) => Some((name.clone(), fills.clone())),
        })
        .collect();
    let (time, now) = (recorded_at(clock)?, write_time(loaded.now));
    let entry = Entry {
        content: Some(content_digest.to_string()),
        missing: missing.into_iter().collect(),
        aged: aged.into_iter().collect(),
        fills,
        lapsed: loaded.lapsed.clone(),
        ..Entry::of_decision(&opened.predicate, &decision.evidence.digest, &time, &now, position)
    };
    let program = opened.predicate.program.digest.trim_start_matches("sha256:");
    let mut files = vec![
        loaded.kept.pack(program, &loaded.compiled.program),
        (format!("change/{}.json", content_digest.hex()), content),
        (format!("evidence/{}.json", sealed.digest.hex()), sealed.bytes.clone()),
    ];
    // One that is kept already has perhaps been signed by others too: the log stands for that one.
    let other = |name: &String, bytes: &Vec<u8>| fs::read(loaded.kept.path(name)).is_ok_and(|there| there != *bytes);
    files.extend(loaded.words.iter().filter(|(name, bytes)| !other(name, bytes)).cloned());
    Ok((entry, files))
}

/// How many counter-proposals are tried beside a verdict: fewer where each takes longer.
///
/// - `brought`: facts that the change sets or takes away. Each is looked at anew in every try, with what objects to it.
fn tries(facts: usize, brought: usize) -> usize {
    (50_000 / (facts + 8 * brought).max(1)).clamp(2, 24)
}

fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow => 0,
        Verdict::Deny => 1,
        Verdict::Escalate => 2,
    }
}

fn render(decided: &Decided, output: &Output<Format>, arguments: &arguments::Decide, flags: &str) -> String {
    let Decided { loaded, decision, sealed, .. } = decided;
    let version = env!("CARGO_PKG_VERSION");
    let places = Places::default();
    let at = || jiff::Timestamp::from_microsecond(loaded.now).map(|at| at.to_string()).unwrap_or_default();
    match output.format {
        Format::Sarif => export::sarif(decision, version, &|file, place| places.find(file, place)),
        Format::Junit => junit::junit(decision),
        Format::Vsa => export::vsa(decision, &at(), version),
        Format::CloudEvents => export::cloudevent(decision, sealed),
        Format::Oscal => export::oscal(decision, &loaded.compiled.program, &at(), version),
        Format::Text => {
            let color = output.file.is_none() && coloured();
            // Where keys are named whose words count, what nobody signed counts for nothing.
            let approve = Some(if loaded.speakers.is_some() { "writ approve" } else { text::APPROVAL });
            text::render(decision, text::Style { color, why: arguments.why, full: arguments.full, flags, approve })
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
        if file.is_dir() {
            return Err(Failure::Malformed(format!(
                "{flag} {}: this is a folder\n  help: name a file in it",
                file.display()
            )));
        }
        // A device or a pipe takes whatever comes.
        if fs::metadata(file).is_ok_and(|there| !there.is_file()) {
            continue;
        }
        let own = place(file);
        let guarded = ["key", "log", "seen", "program", "model", "model.db", "change", "approval"];
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
#[expect(clippy::print_stdout, reason = "what was counted is printed")]
mod tests;
