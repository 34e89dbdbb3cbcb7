//! The tests again whenever the policy changes, until somebody presses Ctrl-C.
//!
//! Not here: facts files. A test holds all that it is run on, so nothing else can change what comes of it.

use crate::changes;
use crate::failure::Failure;
use crate::output::Answer;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Runs now, and again after each change to the policy at `path`.
///
/// - returns: only where the folder can no longer be watched.
pub(super) fn watch(path: &Path, run: impl FnMut() -> Result<Answer, Failure>) -> Result<Answer, Failure> {
    let root = root(path);
    let (_watcher, batches) = changes::batches(&root, &BTreeSet::new())?;
    again(&root, batches, run, &mut io::stdout().lock(), io::stdout().is_terminal())
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
    use super::again;
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
    fn only_a_terminal_is_cleared() {
        assert!(printed(&[], true).0.starts_with('\u{1b}'));
        assert!(!printed(&[], false).0.contains('\u{1b}'));
    }
}
