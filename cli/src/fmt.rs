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
use serde_json::{Value, json};
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
    // Where nothing is named, a workspace's root stands for all of its packages.
    let here = Path::new(".");
    let members = if paths.is_empty() && here.join("writ.toml").is_file() { package::members(here)? } else { None };
    let Some(members) = members else {
        let looked = look(found(paths)?, check)?;
        if !check {
            looked.iter().try_for_each(write)?;
        }
        return Ok(told(&looked, "", check, as_json));
    };
    let mut all = Vec::new();
    for member in members {
        let files = modules(&member.folder, false)?;
        all.push((member, Ok(look(files, check)?)));
    }
    let laid_out: Vec<&Looked> = all.iter().filter_map(|(_, one)| one.as_ref().ok()).flatten().collect();
    if !check {
        laid_out.iter().try_for_each(|one| write(one))?;
    }
    let changed = laid_out.iter().filter(|one| one.changes()).count();
    // What does not read is not known to be laid out.
    let broken = laid_out.iter().any(|one| !one.formatted.broken.is_empty());
    let code = u8::from(check && (changed > 0 || broken));
    if as_json {
        let packages = package::to_json(&all, |one| to_json(one));
        return Ok(Answer::of(format!("{:#}\n", json!({ "changed": changed, "packages": packages }))).with_code(code));
    }
    let mut answer = Answer::of(String::new()).with_code(code);
    for (member, one) in &all {
        let Ok(one) = one else { continue };
        let said = told(one, &format!("{}: ", member.manifest.package.name), check, false);
        answer.text += &said.text;
        answer.notes += &said.notes;
    }
    Ok(answer)
}

/// A file that was laid out.
struct Looked {
    path: PathBuf,
    shown: String,
    formatted: Formatted,
}

impl Looked {
    fn changes(&self) -> bool {
        !self.formatted.hunks.is_empty()
    }
}

/// Lays files out, and writes none of them.
fn look(files: Vec<PathBuf>, check: bool) -> Result<Vec<Looked>, Failure> {
    let one = |path: PathBuf| {
        let formatted = of_file(&package::text(&path)?);
        let looked = Looked { shown: shown(&path), path, formatted };
        if looked.changes() && !check {
            writable(&looked.path)?;
        }
        Ok(looked)
    };
    files.into_iter().map(one).collect()
}

fn write(looked: &Looked) -> Result<(), Failure> {
    if !looked.changes() {
        return Ok(());
    }
    // A link stays one: what it leads to is written.
    let target = fs::canonicalize(&looked.path).map_err(|e| package::unreadable(&looked.path, &e))?;
    output::write(&target, looked.formatted.text.as_bytes())
}

fn standard_input(check: bool, as_json: bool) -> Result<Answer, Failure> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map_err(|e| Failure::Fault(format!("standard input: {e}")))?;
    let formatted = of_file(&package::decoded(Path::new(STDIN), bytes)?);
    if check || as_json {
        let looked = Looked { path: PathBuf::new(), shown: STDIN.to_owned(), formatted };
        return Ok(told(&[looked], "", check, as_json));
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
            files.extend(modules(path, !paths.is_empty())?);
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

/// The modules below a folder.
///
/// - `nested`: also those of packages in it.
fn modules(folder: &Path, nested: bool) -> Result<Vec<PathBuf>, Failure> {
    let mut fault = None;
    let found = folder::modules(folder, nested, &mut |path, error| {
        fault.get_or_insert_with(|| package::unreadable(path, &error));
    });
    fault.map_or(Ok(found), Err)
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

fn to_json(looked: &[Looked]) -> Value {
    let file = |one: &Looked| {
        let Looked { shown, formatted, .. } = one;
        let hunk = |hunk: &Hunk| json!({ "line": hunk.line, "old": hunk.old, "new": hunk.new });
        let broken: Vec<_> =
            formatted.broken.iter().map(|place| json!({ "line": place.line, "column": place.column })).collect();
        let hunks: Vec<_> = formatted.hunks.iter().map(hunk).collect();
        let mut file = json!({ "path": shown, "changed": one.changes(), "hunks": hunks, "broken": broken });
        if shown == STDIN {
            file["text"] = json!(formatted.text);
        }
        file
    };
    let changed = looked.iter().filter(|one| one.changes()).count();
    json!({ "changed": changed, "files": looked.iter().map(file).collect::<Vec<_>>() })
}

/// - `whose`: what the last line begins with.
fn told(looked: &[Looked], whose: &str, check: bool, as_json: bool) -> Answer {
    let changed = looked.iter().filter(|one| one.changes()).count();
    // What does not read is not known to be laid out.
    let broken = looked.iter().any(|one| !one.formatted.broken.is_empty());
    let code = u8::from(check && (changed > 0 || broken));
    if as_json {
        return Answer::of(format!("{:#}\n", to_json(looked))).with_code(code);
    }
    let (mut text, mut all_notes) = (String::new(), String::new());
    for one in looked {
        all_notes += &notes(&one.shown, &one.formatted);
        match (one.changes(), check) {
            (false, _) => {}
            (true, true) => text += &difference(&one.shown, &one.formatted.hunks),
            (true, false) => {
                let _ = writeln!(text, "formatted {}", one.shown);
            }
        }
    }
    let files = |n: usize| if n == 1 { String::from("1 file") } else { format!("{n} files") };
    let _ = match (changed, check) {
        (0, _) if broken => {
            writeln!(text, "{whose}{} in the house style, but for what has a syntax error", files(looked.len()))
        }
        (0, _) => writeln!(text, "{whose}{} in the house style", files(looked.len())),
        (_, true) => writeln!(text, "{whose}{} of {} to format; `writ fmt` does it", changed, files(looked.len())),
        (_, false) => writeln!(text, "{whose}{} of {} formatted", changed, files(looked.len())),
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
