//! What a package keeps: the folder `.writ` with its key, its log, what the log stands for, and the model's versions.
//!
//! Read downwards: [`Kept`] is the folder, [`Folder`] how its files are written, [`signing_key`] who signs.
//!
//! INVARIANT: who adds to the log holds its lock; who reads it needs none, since a checkpoint is replaced in one step.

mod folder;
mod leftovers;
mod packed;
mod seen;

use crate::disk;
use crate::failure::Failure;
use crate::package;
use crate::store::Opened;
use decide::{Assurance, Case, SourceState};
use evidence::{Approval, Entry, Log, LogFault, Receipt, Record, SigningKey, View};
use model::Version;
use program::{Change, Digest, Fact, Program, Type, Value};
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use folder::Folder;

/// The folder `.writ` of a package.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    root: PathBuf,
}

/// JSON that nests as deeply as values do; its readers bound the depth when it is written.
fn deep<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The right to add to the log, until it is dropped.
pub(crate) struct Lock {
    _held: File,
}

impl Kept {
    /// That of the package at `root`; it need not be there.
    pub(crate) fn of(root: &Path) -> Kept {
        // `.` and `./` go unsaid where a file of it is named.
        Kept { root: root.strip_prefix(".").unwrap_or(root).join(".writ") }
    }

    /// A file of it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Its files.
    pub(crate) fn folder(&self) -> Folder {
        Folder::of(&self.root)
    }

    /// Whether it has a log, whole or not: `writ init` makes one, and nothing else does.
    pub(crate) fn has_log(&self) -> bool {
        ["log/checkpoint", "log/tile"].iter().any(|name| self.path(name).symlink_metadata().is_ok())
    }

    /// Waits for the right to add to the log, and clears away what killed commands left.
    pub(crate) fn lock(&self) -> Result<Lock, Failure> {
        let path = self.path("log/lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let locked = file.and_then(|file| file.lock().map(|()| file));
        let lock = locked
            .map(|file| Lock { _held: file })
            .map_err(|e| Failure::Fault(format!("{}: the log cannot be locked: {e}", path.display())))?;
        self.clear(&lock);
        Ok(lock)
    }

    /// Refuses a package whose log is gone: where receipts of its entries stand, or its checkpoint was seen, there was one,
    /// and to go on without it would be to forget what was allowed.
    pub(crate) fn lost_none(&self) -> Result<(), Failure> {
        let Some(trace) = self.trace().filter(|_| !self.has_log()) else { return Ok(()) };
        let is = match trace.extension() {
            Some(_) => "is the receipt of an entry of it",
            None => "tells of its entries",
        };
        Err(Failure::Malformed(format!(
            "{}: the log is gone, and {} {is}: nobody can tell what was recorded\n  help: bring it back from a copy; or move all of {} away but its key, and begin anew with `writ init`",
            self.path("log").display(),
            trace.display(),
            self.root.display()
        )))
    }

    /// The log's entries; nothing where there never was a log.
    pub(crate) fn entries(&self) -> Result<Option<Vec<Entry>>, Failure> {
        if !self.has_log() {
            return self.lost_none().map(|()| None);
        }
        self.view(&self.folder())?.entries(0).map(Some).map_err(|fault| self.fault(&fault))
    }

    /// The receipt of a record, made again from the log; nothing where it does not stand in it.
    pub(crate) fn receipt(&self, digest: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(entries) = self.entries()? else { return Ok(None) };
        let Some((index, entry)) = (0..).zip(entries).find(|(_, entry)| entry.digest == digest) else {
            return Ok(None);
        };
        let receipt = self.view(&self.folder())?.receipt(index, entry).map_err(|fault| self.fault(&fault))?;
        Ok(Some(receipt.to_string().into_bytes()))
    }

    /// How many entries the log has; nothing where there is no log.
    pub(crate) fn size(&self) -> Result<Option<u64>, Failure> {
        if !self.has_log() {
            return Ok(None);
        }
        self.view(&self.folder()).map(|view| Some(view.size()))
    }

    /// A record that was kept, by its digest.
    pub(crate) fn record(&self, digest: &str) -> Result<evidence::Opened<Record>, Failure> {
        let path = self.path(&format!("evidence/{}.json", digest.trim_start_matches("sha256:")));
        let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
        let opened = evidence::open::<Record>(&bytes)
            .map_err(|refused| Failure::Malformed(format!("{}: {refused}", path.display())))?;
        match opened.digest.hex() == digest.trim_start_matches("sha256:") {
            true => Ok(opened),
            false => Err(Failure::Malformed(format!("{}: this is another record than its name says", path.display()))),
        }
    }

    /// A change that was kept, by the digest of its content.
    pub(crate) fn change(&self, digest: &str) -> Result<Change, Failure> {
        let path = self.path(&format!("change/{}.json", digest.trim_start_matches("sha256:")));
        let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
        let wrong = |what: String| Failure::Malformed(format!("{}: {what}", path.display()));
        if Digest::of(&bytes).hex() != digest.trim_start_matches("sha256:") {
            return Err(wrong(String::from("this is another change than its name says")));
        }
        deep(&bytes).map_err(|e| wrong(format!("this is no change: {e}")))
    }

    /// The facts of the model version that a decision was made on, and the files that were not read whole.
    pub(crate) fn model(&self, digest: &str) -> Result<(Vec<Fact>, Vec<SourceState>), Failure> {
        let version = self.version(digest)?;
        let parts = SourceState::parts(&version.sources);
        Ok((version.into_facts(), parts))
    }

    /// A model version that is kept, by its digest.
    pub(crate) fn version(&self, digest: &str) -> Result<Version, Failure> {
        Opened::wanted(self)?.load(digest)
    }

    /// What was asked of a kept decision, to be asked again.
    ///
    /// - `program`, `facts`: those it was decided by, or others. `parts`: the files that were not read whole.
    pub(crate) fn case(
        &self,
        entry: &Entry,
        change: Change,
        program: Arc<Program>,
        (facts, parts): (Vec<Fact>, Vec<SourceState>),
    ) -> Result<Case<'static>, Failure> {
        let bad = |what: &str| Failure::Malformed(format!("{}: an entry has no {what}", self.path("log").display()));
        let now = entry.now.as_deref().and_then(|now| Value::parse(now, &Type::Time));
        let Some(Value::Time(now)) = now else { return Err(bad("time that it was decided as of")) };
        let model = entry.model.as_deref().and_then(Digest::parse).ok_or_else(|| bad("model"))?;
        let missing = entry.missing.iter().cloned().map(SourceState::Missing);
        let aged = entry.aged.iter().cloned().map(SourceState::Aged);
        let fills = entry.fills.iter().map(|(name, fills)| SourceState::Fills(name.clone(), fills.clone()));
        Ok(Case {
            program,
            facts,
            change,
            actor: entry.actor.clone(),
            session: entry.session.clone(),
            now,
            model,
            sources: missing.chain(aged).chain(fills).chain(parts).collect(),
            limits: engine::Limits::default(),
            assurance: Assurance::DeltaCertificate,
            build: format!("writ {}", env!("CARGO_PKG_VERSION")),
            prior: None,
            lapsed: entry.lapsed.clone(),
            footing: None,
        })
    }

    /// A record or an approval that was kept, held against its name.
    fn own(&self, path: &Path) -> Result<(), Failure> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.parent() == Some(&self.path("evidence")) {
            return self.record(&stem).map(|_| ());
        }
        let bytes = fs::read(path).map_err(|e| package::unreadable(path, &e))?;
        let wrong = |what: String| Failure::Malformed(format!("{}: {what}", path.display()));
        let opened = evidence::open::<Approval>(&bytes).map_err(|refused| wrong(refused.to_string()))?;
        match opened.digest.hex() == stem {
            true => Ok(()),
            false => Err(wrong(String::from("this is another approval than its name says"))),
        }
    }

    /// The record or the approval that a person means: a file, or the beginning of the digest of one that was kept.
    pub(crate) fn find(&self, name: &str) -> Result<PathBuf, Failure> {
        let file = Path::new(name);
        if file.is_file() {
            return Ok(file.to_owned());
        }
        let hex = name.trim_start_matches("sha256:");
        if hex.is_empty() {
            return Err(Failure::Malformed(String::from(
                "which decision? an empty name was given\n  help: `writ log` lists what was decided; give a file, or the beginning of a digest",
            )));
        }
        let folder = self.path("evidence");
        let mut found: Vec<PathBuf> = [&folder, &self.path("approval")]
            .into_iter()
            .filter_map(|folder| fs::read_dir(folder).ok())
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .filter(|path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with(hex)))
            .collect();
        found.sort();
        match (found.pop(), found.is_empty()) {
            (Some(only), true) if hex.len() >= 4 => {
                // Under its digest it is believed to be that record.
                self.own(&only).map(|()| only)
            }
            (Some(_), _) => Err(Failure::Malformed(format!(
                "{name}: several records, or too few digits to tell them apart\n  help: `writ log` lists them; give more digits"
            ))),
            (None, _) => Err(Failure::Malformed(format!(
                "{name}: there is neither such a file nor such a record in {}\n  help: `writ log` lists what was decided",
                folder.display()
            ))),
        }
    }

    /// Keeps the model version that a decision was made on, for as long as the decision is kept. The lock is held by the
    /// caller, so that no clearing away comes between this and the entry.
    pub(crate) fn hold(&self, _lock: &Lock, version: &Version) -> Result<(), Failure> {
        let mut opened = Opened::make(self)?;
        let fault = |e: std::io::Error| Failure::Fault(format!("{}: {e}", self.path("model.db").display()));
        disk::step().map_err(fault)?;
        let held = opened.store.hold(version);
        held.map_err(|fault| opened.failed(&fault))
    }

    /// Adds entries with the files that they stand for. The lock is held by the caller.
    pub(crate) fn commit(
        &self,
        _lock: &Lock,
        key: &SigningKey,
        files: &[(String, Vec<u8>)],
        entries: Vec<Entry>,
    ) -> Result<Vec<Receipt>, Failure> {
        self.view(&self.folder())?;
        let log = Log::open(self.folder(), key.clone()).map_err(|fault| self.fault(&fault))?;
        let (size, first) = (log.size(), entries.first().map(|entry| entry.digest.clone()));
        let committed = log.commit(files, entries).map_err(|fault| self.fault(&fault));
        committed.and_then(|(_, receipts)| self.see(&receipts).map(|()| receipts)).map_err(|failure| {
            // The checkpoint may be in its place although the disk did not say so.
            let there = View::open(&self.folder()).and_then(|view| view.entries(size)).unwrap_or_default();
            let stands = there.first().filter(|entry| Some(&entry.digest) == first.as_ref());
            failure.although(stands.map(|entry| recorded(entry, size)).as_deref())
        })
    }

    /// What a fault of the log says to people.
    pub(crate) fn fault(&self, fault: &LogFault) -> Failure {
        let log = self.path("log");
        match fault {
            LogFault::Storage(error) => Failure::Fault(format!("{}: {error}", log.display())),
            LogFault::Broken(what) => Failure::Malformed(format!("{}: {what}", log.display())),
            LogFault::Absent if self.has_log() => Failure::Malformed(format!(
                "{}: its checkpoint is gone, and without it nobody can tell what was recorded\n  help: bring it back from a copy; or move the folder away and begin a new log with `writ init`",
                log.display()
            )),
            LogFault::Absent => {
                Failure::Malformed(format!("{}: there is no log\n  help: `writ init` makes one", log.display()))
            }
        }
    }
}

/// What the log says of something although the command that recorded it failed.
///
/// - `index`: its position.
pub(crate) fn recorded(entry: &Entry, index: u64) -> String {
    let said = entry.verdict.map_or("somebody's word", evidence::Verdict::name);
    let hex = entry.digest.trim_start_matches("sha256:");
    format!(
        "it stands as entry {index} of the log: {said}; `writ show {}` prints it, and whatever else was printed is no answer",
        hex.get(..12).unwrap_or(hex)
    )
}

/// The key that signs: `--key FILE`, else `WRIT_SIGNING_KEY`, else the package's own; none is no mistake.
pub(crate) fn signing_key(flag: Option<&Path>, kept: &Kept) -> Result<Option<SigningKey>, Failure> {
    let read = |from: &str, text: &str| {
        SigningKey::parse(text).map(Some).map_err(|no| Failure::Malformed(format!("{from}: {no}")))
    };
    if let Some(path) = flag {
        return read(&path.display().to_string(), &package::text(path)?);
    }
    if let Some(text) = std::env::var_os("WRIT_SIGNING_KEY").filter(|text| !text.is_empty()) {
        return read("WRIT_SIGNING_KEY", &text.to_string_lossy());
    }
    package_key(kept)
}

/// Who signs the log, whoever asks: the package's own key, else as [`signing_key`].
pub(crate) fn own_key(kept: &Kept) -> Result<Option<SigningKey>, Failure> {
    match package_key(kept)? {
        None => signing_key(None, kept),
        own => Ok(own),
    }
}

/// The key in the folder; one that is there and cannot be read is a mistake.
fn package_key(kept: &Kept) -> Result<Option<SigningKey>, Failure> {
    let own = kept.path("key");
    if own.symlink_metadata().is_err() {
        return Ok(None);
    }
    private(&own)?;
    let key = SigningKey::parse(&package::text(&own)?);
    key.map(Some).map_err(|no| Failure::Malformed(format!("{}: {no}", own.display())))
}

/// Refuses a key that others on this machine may read: what it signs could be anybody's.
#[cfg(unix)]
fn private(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(|e| package::unreadable(path, &e))?.permissions().mode() & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(Failure::Malformed(format!(
            "{0}: others on this machine may use this key (its mode is {mode:03o})\n  help: `chmod 600 {0}`; who has read it can sign with it",
            path.display()
        ))),
    }
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), Failure> {
    Ok(())
}

/// Makes a key of that name and keeps it so that only its owner may read it.
pub(crate) fn make_key(kept: &Kept, name: &str) -> Result<SigningKey, Failure> {
    let path = kept.path("key");
    let fault = |what: String| Failure::Fault(format!("{}: {what}", path.display()));
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| fault(format!("no random bytes for a key: {e}")))?;
    let key = SigningKey::new(name, seed).map_err(|no| fault(no.to_string()))?;
    fs::create_dir_all(&kept.root).map_err(|e| fault(e.to_string()))?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&path).and_then(|mut file| {
        file.write_all(format!("{}\n", key.secret()).as_bytes())?;
        file.sync_all()
    });
    written.map_err(|e| fault(e.to_string()))?;
    Ok(key)
}
