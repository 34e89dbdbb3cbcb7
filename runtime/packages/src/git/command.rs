//! Git run as a program; and what it says when it fails, in our words.
//!
//! INVARIANT: it asks nobody anything, and nothing that a repository or an environment says makes it run another program or
//! look at another repository: what is kept here is named, since git would take one above it where it is damaged.

use crate::tree::WHOLE;
use crate::{Failure, malformed};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// Why git gave nothing.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It could not be run, or gave more than anybody reads.
    Not(Failure),
    /// It refused, and printed this.
    Refused(String),
}

impl Stopped {
    /// The same for a person.
    ///
    /// - `of`: the repository, as it is written.
    pub(super) fn of(self, of: &str) -> Failure {
        match self {
            Stopped::Not(failure) => failure,
            Stopped::Refused(said) => refused(of, &said),
        }
    }
}

/// Runs git on a bare repository, on this one or on none, and gives what it prints.
///
/// - `input`: what it reads.
pub(super) fn bare(repository: &Path, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Stopped> {
    let mut place = OsString::from("--git-dir=");
    place.push(repository);
    run(&[place], arguments, input)
}

/// Runs git in a folder that somebody works in, and gives what it prints.
pub(super) fn within(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Stopped> {
    run(&["-C".into(), folder.into()], arguments, b"")
}

/// Runs git on no repository, and gives what it prints.
pub(super) fn alone(arguments: &[&str]) -> Result<Vec<u8>, Stopped> {
    run(&[], arguments, b"")
}

/// - `place`: where it looks.
fn run(place: &[OsString], arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Stopped> {
    let mut git = Command::new("git");
    git.args(place)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never"])
        .args(arguments);
    git.env("GIT_TERMINAL_PROMPT", "0").env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    // What it says is read below, in the language that it is written in.
    git.env("LC_ALL", "C").env_remove("LANGUAGE");
    let mut running = match git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(running) => running,
        Err(e) => {
            return Err(Stopped::Not(Failure::Fault(format!(
                "git could not be run: {e}\n  help: install git, which reads packages in repositories"
            ))));
        }
    };
    let (mut out, into, mut bytes) = (running.stdout.take(), running.stdin.take(), Vec::new());
    // Ten times what a package may be: a repository holds other things.
    let most = 10 * WHOLE;
    let broken = |e: std::io::Error| Stopped::Not(Failure::Fault(format!("git: {e}")));
    thread::scope(|scope| {
        // It may answer before it has read all. One that does not read says below why.
        scope.spawn(|| into.map(|mut into| into.write_all(input)));
        out.iter_mut().try_for_each(|out| out.by_ref().take(most + 1).read_to_end(&mut bytes).map(|_| ()))
    })
    .map_err(broken)?;
    if bytes.len() as u64 > most {
        let _ = running.kill();
        let _ = running.wait();
        return malformed(format!("git {}: it gives more than {most} bytes", arguments[0])).map_err(Stopped::Not);
    }
    drop(out);
    let ended = running.wait_with_output().map_err(broken)?;
    if ended.status.success() {
        return Ok(bytes);
    }
    Err(Stopped::Refused(String::from_utf8_lossy(&ended.stderr).into_owned()))
}

/// What kinds of no there are, each with words of git's that tell it. One that is closed may be none to whoever asks.
const KINDS: [(&str, &str, &[&str]); 3] = [
    (
        "it lets nobody in unknown, or there is no such repository",
        "look at the address; git must get in by itself, without being asked for a name or a password",
        &[
            "permission denied",
            "authentication failed",
            "could not read username",
            "could not read password",
            "terminal prompts disabled",
            "access denied",
            "returned error: 401",
            "returned error: 403",
            "host key verification failed",
        ],
    ),
    (
        "it cannot be reached",
        "look at the address and at the network; what is locked and was fetched is read without it",
        &[
            "could not resolve",
            "connection refused",
            "connection reset",
            "connection timed out",
            "operation timed out",
            "failed to connect",
            "couldn't connect",
            "unable to connect",
            "network is unreachable",
            "no route to host",
            "unable to look up",
            "unable to access",
        ],
    ),
    (
        "there is no such repository",
        "look at the address: it is what `git clone` takes, or a folder seen from the manifest",
        &["repository not found", "not found", "does not exist", "does not appear to be a git repository"],
    ),
];

/// What failed, with the line of git's that tells it.
fn refused(of: &str, said: &str) -> Failure {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = KINDS.iter().find_map(|(what, help, words)| {
        let tells = |line: &&str| words.iter().any(|word| line.to_lowercase().contains(word));
        lines().find(tells).map(|line| (*what, *help, line))
    });
    let own = || lines().rev().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    let (what, help, line) = told.unwrap_or_else(|| {
        let last = own().or_else(|| lines().next_back()).unwrap_or("it said nothing");
        ("git cannot read it", "`git clone` says more; what is damaged here is fetched anew by itself", last)
    });
    Failure::Fault(format!("{of}: {what}\n  git says: {line}\n  help: {help}"))
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn what_git_says_is_told_in_our_words_and_one_line_of_its_own() {
        let told = [
            (
                "Cloning…\nfatal: repository 'x' does not exist\n",
                "there is no such repository",
                "fatal: repository 'x'",
            ),
            (
                "ERROR: Repository not found.\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n",
                "there is no such repository",
                "ERROR: Repository not found.",
            ),
            (
                "git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n",
                "it lets nobody in unknown",
                "git@x: Permission denied",
            ),
            (
                "fatal: could not read Username for 'https://x': terminal prompts disabled",
                "it lets nobody in unknown",
                "could not read Username",
            ),
            (
                "fatal: unable to access 'https://x/': The requested URL returned error: 403\n",
                "it lets nobody in",
                "error: 403",
            ),
            (
                "fatal: unable to access 'https://x/': Could not resolve host: x\n",
                "it cannot be reached",
                "resolve host",
            ),
            (
                "ssh: Could not resolve hostname x: Name or service not known\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n",
                "it cannot be reached",
                "ssh: Could not",
            ),
            ("error: one\nfatal: two\nand more\n", "git cannot read it", "fatal: two"),
            ("", "git cannot read it", "it said nothing"),
        ];
        for (said, what, line) in told {
            let text = refused("https://x", said).to_string();
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.len() == 3 && lines[0].starts_with("https://x: ") && lines[0].contains(what), "{text}");
            assert!(lines[1].starts_with("  git says: ") && lines[1].contains(line), "{text}");
        }
    }
}
