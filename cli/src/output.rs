//! Where answers go: standard output, or a file written whole or not at all.

use crate::disk;
use crate::failure::Failure;
use decide::ask::Table;
use std::fs::{self, File};
use std::io::{self, Seek as _, Write};
use std::path::{Path, PathBuf};

/// What a command says, and how it ends.
pub(crate) struct Answer {
    /// Standard output, to the letter.
    pub(crate) text: String,
    /// Standard error: where something was put, what was skipped.
    pub(crate) notes: String,
    /// The exit code.
    pub(crate) code: u8,
    /// What the log says already, whether this is printed or not.
    pub(crate) recorded: Option<String>,
}

impl Answer {
    /// An answer that ends with 0.
    pub(crate) fn of(text: String) -> Answer {
        Answer { text, notes: String::new(), code: 0, recorded: None }
    }

    /// The same answer, ending with another code.
    pub(crate) fn with_code(mut self, code: u8) -> Answer {
        self.code = code;
        self
    }

    /// The same answer, saying this on standard error.
    pub(crate) fn with_notes(mut self, notes: String) -> Answer {
        self.notes = notes;
        self
    }

    /// Prints it. Standard output that cannot be written is a fault: nobody may take silence for an answer. Who reads the
    /// beginning and goes, as `head` does, has what they wanted, unless it is a verdict; the exit code says the rest.
    pub(crate) fn print(&self, is_verdict: bool) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let printed = disk::step().and_then(|()| out.write_all(self.text.as_bytes())).and_then(|()| out.flush());
        let printed = printed.or_else(|e| match e.kind() {
            io::ErrorKind::BrokenPipe if !is_verdict => Ok(()),
            _ => Err(e),
        });
        let fault = |e: io::Error| Failure::Fault(format!("standard output could not be written: {e}"));
        printed.map_err(|e| fault(e).although(self.recorded.as_deref()))?;
        let _ = io::stderr().write_all(self.notes.as_bytes());
        Ok(())
    }
}

/// A table for people: as wide as it is in a file, and within the terminal on one.
pub(crate) fn table(table: &Table) -> String {
    let terminal = terminal_size::terminal_size_of(io::stdout());
    terminal.map_or_else(|| table.text(), |(width, _)| table.within(width.0.into()))
}

/// One form of an answer, and where it goes.
pub(crate) struct Output<F> {
    /// The form.
    pub(crate) format: F,
    /// A file; else standard output.
    pub(crate) file: Option<PathBuf>,
}

/// The forms that `--output FORMAT[=FILE]` and `--json` ask for; the first of them where nothing was asked.
///
/// - `formats`: each by its name, in the order in which help lists them.
/// - `example`: a value that puts one of them into a file.
pub(crate) fn outputs<F: Copy>(
    asked: &[String],
    json: Option<F>,
    formats: &[(&str, F)],
    example: &str,
) -> Result<Vec<Output<F>>, Failure> {
    let mut outputs = Vec::new();
    for wanted in asked {
        let (name, file) = wanted.split_once('=').map_or((wanted.as_str(), None), |(name, file)| (name, Some(file)));
        let Some((_, format)) = formats.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = formats.iter().map(|(name, _)| *name).collect();
            let (last, others) = names.split_last().expect("bug: a command without a form of answer");
            return Err(Failure::Malformed(format!(
                "--output {wanted}: there is no format `{name}`\n  help: write {} or {last}, and `=FILE` behind it for a file",
                others.join(", ")
            )));
        };
        if file == Some("") {
            return Err(Failure::Malformed(format!("--output {wanted}: the file has no name")));
        }
        outputs.push(Output { format: *format, file: file.map(PathBuf::from) });
    }
    outputs.extend(json.map(|format| Output { format, file: None }));
    if outputs.is_empty() {
        outputs.extend(formats.first().map(|(_, format)| Output { format: *format, file: None }));
    }
    if outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
        return Err(Failure::Malformed(format!(
            "two forms of the answer cannot share standard output\n  help: write one of them into a file: `--output {example}`"
        )));
    }
    Ok(outputs)
}

/// A file that is written beside its place, and goes there in one step; dropped, it is gone.
#[must_use]
pub(crate) struct Staged {
    path: PathBuf,
    beside: Beside,
}

enum Beside {
    /// The bytes are on the disk, under this name; the file is locked while it is held.
    File(PathBuf, File),
    /// A device or a pipe is written to, never put away; it is open.
    Open(File, Vec<u8>),
    /// In its place.
    Placed,
}

/// Writes a file beside its place: what the disk has no room for, or nobody may write, fails here.
pub(crate) fn stage(path: &Path, bytes: &[u8]) -> Result<Staged, Failure> {
    let fault = |e: io::Error| Failure::Fault(format!("{}: {e}", path.display()));
    disk::step().map_err(fault)?;
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let file = fs::OpenOptions::new().write(true).open(path).map_err(fault)?;
        return Ok(Staged { path: path.to_owned(), beside: Beside::Open(file, bytes.to_vec()) });
    }
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        let fault = |e: io::Error| Failure::Fault(format!("{}: its folder cannot be made: {e}", path.display()));
        fs::create_dir_all(folder).map_err(fault)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Another name than a log gives to what it is about to keep in the same place.
    name.push(format!(".{}.staged", std::process::id()));
    let part = path.with_file_name(name);
    let file = own(&part).map_err(fault)?;
    let mut staged = Staged { path: path.to_owned(), beside: Beside::File(part, file) };
    staged.fill(bytes).map_err(fault)?;
    Ok(staged)
}

/// A new file, locked: who clears away what killed commands left knows by that that this one is alive.
fn own(part: &Path) -> io::Result<File> {
    loop {
        let file = File::create(part)?;
        // A disk that knows no locks lets nobody clear anything away either.
        let _ = file.lock();
        // It may have been cleared away before it was locked.
        if part.symlink_metadata().is_ok() {
            return Ok(file);
        }
    }
}

impl Staged {
    /// Writes the bytes for the first time, with the permissions of the file that they take the place of.
    fn fill(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Beside::File(_, file) = &mut self.beside else { return Ok(()) };
        if let Ok(there) = fs::metadata(&self.path) {
            file.set_permissions(there.permissions())?;
        }
        file.write_all(bytes)?;
        disk::step()?;
        file.sync_all()
    }

    /// Puts fewer bytes in place of those that were written: the disk has the room for them already.
    pub(crate) fn rewrite(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.beside {
            Beside::Open(_, kept) => {
                bytes.clone_into(kept);
                Ok(())
            }
            Beside::File(_, file) => file.rewind().and_then(|()| {
                file.write_all(bytes)?;
                file.set_len(bytes.len() as u64)?;
                file.sync_all()
            }),
            Beside::Placed => Ok(()),
        };
        written.map_err(|e| Failure::Fault(format!("{}: {e}", self.path.display())))
    }

    /// Puts it in its place.
    pub(crate) fn place(mut self) -> Result<(), Failure> {
        let placed = disk::step().and_then(|()| match &mut self.beside {
            Beside::File(part, _) => fs::rename(part, &self.path),
            Beside::Open(file, bytes) => file.write_all(bytes).and_then(|()| file.flush()),
            Beside::Placed => Ok(()),
        });
        placed.map_err(|e| Failure::Fault(format!("{}: {e}", self.path.display())))?;
        self.beside = Beside::Placed;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Beside::File(part, _) = &self.beside {
            let _ = fs::remove_file(part);
        }
    }
}

/// Writes a file whole: beside it first, then in its place, with the permissions of the one that was there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    stage(path, bytes)?.place()
}
