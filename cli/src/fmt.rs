//! `writ fmt`: files in the house style.
//!
//! Read downwards: what is asked for is read whole and laid out; only then is anything written.
//!
//! INVARIANT: a file that cannot be read or may not be written leaves every other as it was, too.
//! Not here: the style (`compiler`).

use crate::failure::Failure;
use crate::output::{self, Answer};
use crate::package;
use compiler::ide::formatting::{Formatted, Hunk, of_file};
use lsp::folder;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What standard input is called.
const STDIN: &str = "<stdin>";

/// Lines of a difference that are shown of one file.
const SHOWN: usize = 40;

/// Items of one file that are named because they do not read.
const NAMED: usize = 100;

/// Characters that are shown of a line.
const WIDEST: usize = 500;

/// Lays out files, or with `check` tells what would change.
pub(crate) fn fmt(paths: &[PathBuf], check: bool, as_json: bool) -> Result<Answer, Failure> {
    if let [only] = paths
        && only == Path::new("-")
    {
        return standard_input(check, as_json);
    }
    let files = found(paths)?;
    let mut looked = Vec::with_capacity(files.len());
    for path in &files {
        let text = package::text(path)?;
        let formatted = of_file(&text);
        if !formatted.hunks.is_empty() && !check {
            writable(path)?;
        }
        looked.push((shown(path), formatted));
    }
    if !check {
        for (path, (_, formatted)) in files.iter().zip(&looked) {
            if !formatted.hunks.is_empty() {
                // A link stays one: what it leads to is written.
                let target = fs::canonicalize(path).map_err(|e| package::unreadable(path, &e))?;
                output::write(&target, formatted.text.as_bytes())?;
            }
        }
    }
    Ok(told(&looked, check, as_json))
}

fn standard_input(check: bool, as_json: bool) -> Result<Answer, Failure> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map_err(|e| Failure::Fault(format!("standard input: {e}")))?;
    let formatted = of_file(&package::decoded(Path::new(STDIN), bytes)?);
    if check || as_json {
        return Ok(told(&[(STDIN.to_owned(), formatted)], check, as_json));
    }
    let notes = notes(STDIN, &formatted);
    Ok(Answer { notes, ..Answer::of(formatted.text) })
}

/// Files to lay out, in order, each once.
fn found(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let here = [PathBuf::from(".")];
    if paths.is_empty() && !Path::new("writ.toml").is_file() {
        return Err(Failure::Malformed(String::from(
            ".: there is no writ.toml here\n  help: name files or folders: `writ fmt policies/`",
        )));
    }
    let mut files = Vec::new();
    for path in if paths.is_empty() { &here[..] } else { paths } {
        if path == Path::new("-") {
            return Err(Failure::Malformed(String::from("-: standard input stands alone\n  help: ask for it apart")));
        }
        let there = fs::metadata(path).map_err(|e| package::unreadable(path, &e))?;
        if there.is_dir() {
            let mut fault = None;
            files.extend(folder::modules(path, !paths.is_empty(), &mut |path, error| {
                fault.get_or_insert_with(|| package::unreadable(path, &error));
            }));
            if let Some(fault) = fault {
                return Err(fault);
            }
        } else if there.is_file() {
            files.push(path.clone());
        } else {
            return Err(Failure::Malformed(format!("{}: this is neither a file nor a folder", path.display())));
        }
    }
    if files.is_empty() {
        return Err(Failure::Malformed(format!(
            "{}: there is no .writ file in it",
            paths.first().map_or(Path::new("."), PathBuf::as_path).display()
        )));
    }
    let mut seen = BTreeSet::new();
    files.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    Ok(files)
}

fn writable(path: &Path) -> Result<(), Failure> {
    let there = fs::metadata(path).map_err(|e| package::unreadable(path, &e))?;
    if there.permissions().readonly() {
        return Err(Failure::Malformed(format!("{}: it may not be written; nothing was", path.display())));
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

fn told(looked: &[(String, Formatted)], check: bool, as_json: bool) -> Answer {
    let changed = looked.iter().filter(|(_, formatted)| !formatted.hunks.is_empty()).count();
    let code = u8::from(check && changed > 0);
    if as_json {
        let file = |(path, formatted): &(String, Formatted)| {
            let hunk = |hunk: &Hunk| json!({ "line": hunk.line, "old": hunk.old, "new": hunk.new });
            let broken: Vec<_> =
                formatted.broken.iter().map(|place| json!({ "line": place.line, "column": place.column })).collect();
            let hunks: Vec<_> = formatted.hunks.iter().map(hunk).collect();
            let mut file = json!({ "path": path, "changed": !hunks.is_empty(), "hunks": hunks, "broken": broken });
            if path == STDIN {
                file["text"] = json!(formatted.text);
            }
            file
        };
        let files: Vec<_> = looked.iter().map(file).collect();
        let answer = json!({ "changed": changed, "files": files });
        return Answer::of(format!("{answer:#}\n")).with_code(code);
    }
    let (mut text, mut all_notes) = (String::new(), String::new());
    for (path, formatted) in looked {
        all_notes += &notes(path, formatted);
        match (formatted.hunks.is_empty(), check) {
            (true, _) => {}
            (false, true) => text += &difference(path, &formatted.hunks),
            (false, false) => {
                let _ = writeln!(text, "formatted {path}");
            }
        }
    }
    let files = |n: usize| if n == 1 { String::from("1 file") } else { format!("{n} files") };
    let _ = match (changed, check) {
        (0, _) => writeln!(text, "{} in the house style", files(looked.len())),
        (_, true) => writeln!(text, "{} of {} to format; `writ fmt` does it", changed, files(looked.len())),
        (_, false) => writeln!(text, "{} of {} formatted", changed, files(looked.len())),
    };
    Answer { notes: all_notes, ..Answer::of(text) }.with_code(code)
}

fn notes(path: &str, formatted: &Formatted) -> String {
    let mut text = String::new();
    for place in formatted.broken.iter().take(NAMED) {
        let _ = writeln!(
            text,
            "{path}:{}:{}: this has a syntax error and stays as it is; `writ check` says which",
            place.line, place.column
        );
    }
    if let Some(more) = formatted.broken.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let _ = writeln!(text, "{path}: … and {more} more such items");
    }
    text
}

/// What would change, shortened.
fn difference(path: &str, hunks: &[Hunk]) -> String {
    let mut text = String::new();
    let mut lines = 0;
    for hunk in hunks {
        if lines < SHOWN {
            let _ = writeln!(text, "{path}:{}", hunk.line);
        }
        let marked = [("-", &hunk.old), ("+", &hunk.new)];
        for (mark, line) in marked.into_iter().flat_map(|(mark, text)| text.lines().map(move |line| (mark, line))) {
            lines += 1;
            if lines <= SHOWN {
                let end = line.char_indices().nth(WIDEST).map(|(at, _)| at);
                let _ = match end {
                    Some(end) => writeln!(text, "{mark}{}…", &line[..end]),
                    None => writeln!(text, "{mark}{line}"),
                };
            }
        }
    }
    if lines > SHOWN {
        let _ = writeln!(text, "… and {} lines more", lines - SHOWN);
    }
    text
}
