//! The tests again whenever the policy changes, until somebody presses Ctrl-C.
//!
//! Not here: facts files. A test holds all that it is run on, so nothing else can change what comes of it.

use crate::failure::Failure;
use crate::output::Answer;
use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecursiveMode, Watcher, recommended_watcher};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How long the files must be left alone before they are read again: an editor writes several at once.
const QUIET: Duration = Duration::from_millis(100);

/// Runs now, and again after each change to the policy at `path`.
///
/// - returns: only where the folder can no longer be watched.
pub(super) fn watch(path: &Path, run: impl FnMut() -> Result<Answer, Failure>) -> Result<Answer, Failure> {
    let fault = |e: notify::Error| Failure::Fault(format!("{}: it cannot be watched: {e}", path.display()));
    let root = root(path);
    let (sender, changes) = mpsc::channel();
    let tell = move |event: notify::Result<Event>| {
        let _ = sender.send(event.map(changed));
    };
    let mut watcher = recommended_watcher(tell).map_err(fault)?;
    watcher.watch(&root, RecursiveMode::Recursive).map_err(fault)?;
    let batches = std::iter::from_fn(|| batch(&changes)).map(|found| found.map_err(fault));
    again(&root, batches, run, &mut io::stdout().lock(), io::stdout().is_terminal())
}

/// The paths whose content an event changes. That a file was read is told too, and running the tests reads them all.
fn changed(event: Event) -> Vec<PathBuf> {
    match event.kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => Vec::new(),
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => {
            event.paths
        }
    }
}

/// What changes until the files are left alone; `None` where no more can come.
fn batch(changes: &Receiver<notify::Result<Vec<PathBuf>>>) -> Option<notify::Result<Vec<PathBuf>>> {
    let mut paths = match changes.recv().ok()? {
        Ok(paths) => paths,
        Err(fault) => return Some(Err(fault)),
    };
    while let Ok(more) = changes.recv_timeout(QUIET) {
        match more {
            Ok(more) => paths.extend(more),
            Err(fault) => return Some(Err(fault)),
        }
    }
    Some(Ok(paths))
}

/// The folder of a package, or of a file that stands alone.
fn root(path: &Path) -> PathBuf {
    let folder = if path.is_dir() { Some(path) } else { path.parent() };
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Changes are told by their whole paths.
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// Runs once, and once more for each batch of changes in which something of the policy is.
///
/// - `clear`: whether each run begins on an empty screen.
fn again(
    root: &Path,
    changes: impl Iterator<Item = Result<Vec<PathBuf>, Failure>>,
    mut run: impl FnMut() -> Result<Answer, Failure>,
    out: &mut dyn Write,
    clear: bool,
) -> Result<Answer, Failure> {
    let mut show = || -> io::Result<u8> {
        if clear {
            out.write_all(b"\x1b[2J\x1b[3J\x1b[H")?;
        }
        let code = match run() {
            Ok(answer) => {
                out.write_all(answer.text.as_bytes())?;
                answer.code
            }
            Err(failure) => {
                writeln!(out, "{failure}")?;
                failure.code()
            }
        };
        writeln!(out, "waiting for a change; Ctrl-C ends")?;
        out.flush()?;
        Ok(code)
    };
    let unwritten = |e: io::Error| Failure::Fault(format!("standard output could not be written: {e}"));
    let mut code = show().map_err(unwritten)?;
    for batch in changes {
        if batch?.iter().any(|path| is_policy(root, path)) {
            code = show().map_err(unwritten)?;
        }
    }
    Ok(Answer::of(String::new()).with_code(code))
}

/// Whether a path is a module or the manifest; hidden folders and `vendor` are left out, as in loading.
fn is_policy(root: &Path, path: &Path) -> bool {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let left_out = |part: &std::ffi::OsStr| part == "vendor" || part.to_string_lossy().starts_with('.');
    let hidden = inside.components().any(|part| left_out(part.as_os_str()));
    let named = inside.file_name().is_some_and(|name| name == "writ.toml");
    !hidden && (named || inside.extension().is_some_and(|extension| extension == "writ"))
}

#[cfg(test)]
mod tests {
    use super::{again, changed};
    use crate::failure::Failure;
    use crate::output::Answer;
    use std::cell::Cell;
    use std::path::{Path, PathBuf};

    /// What is printed where those batches of paths change.
    fn printed(batches: &[&[&str]], clear: bool) -> (String, u8) {
        let root = Path::new("/work");
        let batches =
            batches.iter().map(|batch| Ok(batch.iter().map(|path| root.join(path)).collect::<Vec<PathBuf>>()));
        let (run, mut out) = (Cell::new(0_u8), Vec::new());
        let once = || {
            run.set(run.get() + 1);
            match run.get() {
                2 => Err(Failure::Malformed(String::from("it does not compile"))),
                n => Ok(Answer::of(format!("run {n}\n")).with_code(n % 2)),
            }
        };
        let ended = again(root, batches, once, &mut out, clear).map_err(|failure| failure.to_string());
        (String::from_utf8(out).unwrap_or_default(), ended.map(|answer| answer.code).unwrap_or(99))
    }

    #[test]
    fn what_is_of_the_policy_runs_the_tests_again() {
        let (text, code) = printed(&[&["network/edge.writ"], &["writ.toml", "a.writ"]], false);
        let runs: Vec<&str> = text.lines().filter(|line| !line.starts_with("waiting")).collect();
        assert_eq!(runs, ["run 1", "error: it does not compile", "run 3"]);
        assert_eq!(code, 1, "it ends as its last run did");
    }

    #[test]
    fn what_is_not_does_not() {
        let others: [&[&str]; 4] = [&["facts.csv"], &[".writ/evidence/a.writ"], &["vendor/b/c.writ"], &[".a.writ.swp"]];
        assert_eq!(printed(&others, false).0, "run 1\nwaiting for a change; Ctrl-C ends\n");
    }

    #[test]
    fn what_is_only_read_does_not() {
        use notify::event::{AccessKind, DataChange, EventKind, MetadataKind, ModifyKind};
        let told = |kind| !changed(notify::Event::new(kind).add_path(PathBuf::from("policies/a.writ"))).is_empty();
        assert!(!told(EventKind::Access(AccessKind::Read)));
        assert!(!told(EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime))));
        assert!(told(EventKind::Modify(ModifyKind::Data(DataChange::Content))));
    }

    #[test]
    fn only_a_terminal_is_cleared() {
        assert!(printed(&[], true).0.starts_with('\u{1b}'));
        assert!(!printed(&[], false).0.contains('\u{1b}'));
    }
}
