//! Pages of prose with files and transcripts in them, run as tests.
//!
//! A page is Markdown. A fenced block with a language and a file name (```` ```writ policy.writ ````) is a file of the
//! page's folder; a `console` block holds commands after `$ ` and what they print, to the letter, both streams
//! together; `[exit 1]` stands behind a command that does not end with 0. An instant of the run itself stands as `(now)`.
//! `UPDATE_GOLDEN=1` rewrites the console blocks; `PAGES=conflict` runs only pages with that in their path.
//!
//! Read downwards: [`check`] runs one page, [`Page`] is how it is cut.

pub mod policies;
pub mod tables;

use std::env::{self, consts::EXE_SUFFIX};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

/// Where a page's commands run.
#[derive(Clone, Copy, Debug)]
pub enum Folder<'a> {
    /// A new empty folder that holds only the page's own files.
    New,
    /// A copy of this folder, so that a run leaves nothing behind.
    CopyOf(&'a Path),
}

/// Runs every command of the page and compares; with `UPDATE_GOLDEN=1` rewrites the page instead.
///
/// - returns: what differs, ready to be printed; empty when the page is right.
///
/// # Panics
/// When the page or the folder cannot be read or written: a broken checkout.
pub fn check(page: &Path, folder: Folder<'_>) -> String {
    if env::var_os("PAGES").is_some_and(|part| !page.to_string_lossy().contains(&*part.to_string_lossy())) {
        return String::new();
    }
    let text = fs::read_to_string(page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
    let work = scratch(page);
    if let Folder::CopyOf(from) = folder {
        // Without what a tool left there.
        copy(from, &work, &[".git", ".writ", "target"]);
    }
    let (mut rewritten, mut complaint) = (String::new(), String::new());
    let mut commands = 0;
    for block in Page::cut(&text) {
        match block {
            Block::Prose(prose) => rewritten.push_str(prose),
            Block::File { fence, name, body } => {
                let path = work.join(name);
                fs::create_dir_all(path.parent().unwrap_or(&work)).expect("the scratch folder is writable");
                fs::write(path, body).expect("the scratch folder is writable");
                let _ = write!(rewritten, "{fence}\n{body}```\n");
            }
            Block::Console(body) => {
                let actual = transcript(body, &work, &mut commands);
                if actual != body {
                    let _ =
                        writeln!(complaint, "{}:\n--- the page says\n{body}+++ it printed\n{actual}", page.display());
                }
                let _ = write!(rewritten, "```console\n{actual}```\n");
            }
        }
    }
    assert!(commands > 0, "{}: a page without a command tests nothing", page.display());
    let _ = fs::remove_dir_all(work.parent().unwrap_or(&work));
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(page, rewritten).expect("the page is writable");
        return String::new();
    }
    complaint
}

/// A piece of a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// Anything that is neither a file nor a transcript, other fenced blocks included.
    Prose(&'a str),
    /// A file to be written.
    File {
        /// The opening line of the fence.
        fence: &'a str,
        /// Its path in the page's folder.
        name: &'a str,
        /// Its content.
        body: &'a str,
    },
    /// A transcript.
    Console(&'a str),
}

/// How a page is cut.
pub struct Page;

impl Page {
    /// Cuts a page into blocks; joined, they are the page.
    pub fn cut(text: &str) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let (mut prose, mut at) = (0, 0);
        while at < text.len() {
            let end = text[at..].find('\n').map_or(text.len(), |n| at + n + 1);
            let fence = text[at..end].trim_end();
            let Some(info) = fence.strip_prefix("```") else {
                at = end;
                continue;
            };
            let body_end = text[end..]
                .find("\n```\n")
                .map_or_else(|| if text[end..].starts_with("```\n") { end } else { text.len() }, |n| end + n + 1);
            let close = (body_end + 4).min(text.len());
            let body = &text[end..body_end];
            let file = info.split_whitespace().nth(1).filter(|name| name.contains('.') && !name.starts_with('.'));
            if info == "console" || file.is_some() {
                if prose < at {
                    blocks.push(Block::Prose(&text[prose..at]));
                }
                blocks.push(match file {
                    Some(name) => Block::File { fence, name, body },
                    None => Block::Console(body),
                });
                prose = close;
            }
            at = close;
        }
        if prose < text.len() {
            blocks.push(Block::Prose(&text[prose..]));
        }
        blocks
    }
}

fn transcript(body: &str, work: &Path, commands: &mut usize) -> String {
    let mut out = String::new();
    let mut lines = body.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else { continue };
        let mut command = first.to_owned();
        let _ = writeln!(out, "{line}");
        while command.ends_with('\\') {
            let Some(next) = lines.next() else { break };
            let _ = writeln!(out, "{next}");
            command = format!("{command}\n{next}");
        }
        *commands += 1;
        out.push_str(&run(&command, work));
    }
    out
}

/// What a command prints, standard output first, and its exit code where that is not 0.
fn run(command: &str, work: &Path) -> String {
    let writ = writ();
    let shown = command.replace("cargo run --release -q --", "writ").replace("cargo run --release --", "writ");
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(writ.parent().expect("a file has a folder").to_owned()).chain(env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-c", &shown])
        .current_dir(work)
        .env("PATH", env::join_paths(paths).expect("paths have no separators"))
        .env("NO_COLOR", "1")
        .env("WRIT_HOME", work.join("home"))
        .env_remove("UPDATE_GOLDEN")
        .env_remove("WRIT_SIGNING_KEY")
        .stdin(Stdio::null())
        .output()
        .expect("a shell runs");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    let mut text = without_the_clock(&text, day());
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    if !output.status.success() {
        let _ = writeln!(text, "[exit {}]", output.status.code().unwrap_or(-1));
    }
    text
}

/// Days since 1970.
#[expect(clippy::disallowed_methods, reason = "what the tool took from the clock is told from what a page says")]
fn day() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
    i64::try_from(since.as_secs() / 86_400).expect("days are few")
}

/// The text with `(now)` for each instant to the second of today or yesterday. What a page says is to the minute.
fn without_the_clock(text: &str, today: i64) -> String {
    const FORM: &[u8; 20] = b"dddd-dd-ddTdd:dd:ddZ";
    let fits = |at: usize| {
        let here = text.as_bytes().get(at..at + FORM.len());
        here.is_some_and(|here| {
            here.iter().zip(FORM).all(|(is, form)| if *form == b'd' { is.is_ascii_digit() } else { is == form })
        })
    };
    let (mut told, mut from) = (String::new(), 0);
    for at in text.char_indices().map(|(at, _)| at) {
        if at >= from && fits(at) && (0..2).contains(&(today - days(&text[at..at + 10]))) {
            told += &text[from..at];
            told += "(now)";
            from = at + FORM.len();
        }
    }
    told + &text[from..]
}

/// Days from 1970 to a day such as `2026-03-02`.
///
/// Source: Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*, `days_from_civil`.
fn days(day: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| day[range].parse::<i64>().unwrap_or_default();
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let year = year - i64::from(month <= 2);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The tool under test, in a folder where it has its name: `target/debug/golden/writ`. Cargo has built it before any test runs.
pub fn writ() -> &'static Path {
    static LINKED: OnceLock<PathBuf> = OnceLock::new();
    LINKED.get_or_init(|| {
        linked("writ-verify");
        linked("writ")
    })
}

/// The program of that name.
fn linked(name: &str) -> PathBuf {
    let here = env::current_exe().expect("a running test has a path");
    // target/debug/deps/pages-… -> target/debug
    let built = here.parent().and_then(Path::parent).expect("tests run from the target folder");
    let folder = built.join("golden");
    fs::create_dir_all(&folder).expect("the target folder is writable");
    let (named, new) = (format!("{name}{EXE_SUFFIX}"), format!("{name}-{}", std::process::id()));
    let (named, new) = (folder.join(named), folder.join(new));
    // In one step: another test may run it now.
    fs::hard_link(built.join(format!("golden-tests{EXE_SUFFIX}")), &new).expect("the tool is built");
    fs::rename(&new, &named).expect("a file can be renamed");
    // Where both were the same file already, renaming leaves both.
    let _ = fs::remove_file(&new);
    named
}

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package stands in the workspace").to_owned()
}

/// A new empty folder for one page.
fn scratch(page: &Path) -> PathBuf {
    let name: String =
        page.to_string_lossy().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let folder = env::temp_dir().join(format!("writ-golden-{}-{}", std::process::id(), name.trim_matches('-')));
    let _ = fs::remove_dir_all(&folder);
    // What a command makes of its folder's name is the same everywhere.
    let work = folder.join("work");
    fs::create_dir_all(&work).expect("the temporary folder is writable");
    work
}

/// Copies a folder's files into one that is there.
///
/// - `without`: names that are passed over, wherever they stand.
///
/// # Panics
/// When a file cannot be read or written.
pub fn copy(from: &Path, to: &Path, without: &[&str]) {
    for entry in fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())).flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let left = without.iter().any(|name| entry.file_name() == *name);
        if source.is_dir() && !left {
            fs::create_dir_all(&target).expect("the scratch folder is writable");
            copy(&source, &target, without);
        } else if source.is_file() {
            fs::copy(&source, &target).expect("the scratch folder is writable");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Page, days, without_the_clock};

    #[test]
    fn an_instant_of_the_run_is_told_from_what_a_page_says() {
        assert_eq!([days("1970-01-01"), days("2000-03-01"), days("2026-03-02")], [0, 11_017, 20_514]);
        let text = "a 2026-03-02T10:00:07Z, 2026-03-01T23:59:00Z; 2026-03-02T10:00Z 2026-02-28T10:00:07Z ‹é";
        assert_eq!(without_the_clock(text, 20_514), "a (now), (now); 2026-03-02T10:00Z 2026-02-28T10:00:07Z ‹é");
    }

    #[test]
    fn a_page_is_cut_into_prose_files_and_transcripts() {
        let page = "# A\n```writ a.writ\nx\n```\nmore\n```console\n$ true\n```\n```sh\ny\n```\n";
        assert_eq!(
            Page::cut(page),
            [
                Block::Prose("# A\n"),
                Block::File { fence: "```writ a.writ", name: "a.writ", body: "x\n" },
                Block::Prose("more\n"),
                Block::Console("$ true\n"),
                Block::Prose("```sh\ny\n```\n"),
            ]
        );
    }
}
