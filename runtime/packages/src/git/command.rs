//! Git run as a program; and what it says when it fails, in our words.
//!
//! INVARIANT: it asks nobody anything and waits for no server that says nothing; and nothing that a repository or an
//! environment says makes it run another program or look at another repository: what is kept here is named, since git would
//! take one above it where it is damaged.

use crate::tree::WHOLE;
use crate::{Failure, malformed};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Why git gave nothing.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It could not be run, or gave more than anybody reads.
    Not(Failure),
    /// It refused, and printed this.
    Refused(String),
    /// The server said nothing for that long.
    Silent(Duration),
}

impl Stopped {
    /// The same for a person.
    ///
    /// - `of`: the repository, as it is written.
    pub(super) fn of(self, of: &str) -> Failure {
        match self {
            Stopped::Not(failure) => failure,
            Stopped::Refused(said) => refused(of, &said),
            Stopped::Silent(silence) => Failure::Fault(format!(
                "{of}: the server says nothing for {} seconds\n  help: look at the address and at the network; what is locked and was fetched is read without it",
                silence.as_secs()
            )),
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
fn alone(arguments: &[&str]) -> Result<Vec<u8>, Stopped> {
    run(&[], arguments, b"")
}

/// How long a server may say nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// Runs git where it asks another repository for what it has.
///
/// - `repository`: what it is taken into; none where git makes one.
/// - `address`: of the other; one behind a network may be silent for half a minute.
/// - `ssh`: what the environment says of how ssh is run.
pub(super) fn asking(
    repository: Option<&Path>,
    address: &str,
    ssh: Option<&str>,
    arguments: &[&str],
) -> Result<(), Stopped> {
    let mut place = OsString::from("--git-dir=");
    place.push(repository.unwrap_or(Path::new("")));
    let place: &[OsString] = if repository.is_some() { &[place] } else { &[] };
    if !is_remote(address) {
        return run(place, arguments, b"").map(drop);
    }
    let mut git = patient(place, arguments, SILENCE);
    if let Some(ssh) = quiet_ssh(ssh) {
        git.env("GIT_SSH_COMMAND", ssh);
    }
    watched(git, SILENCE)
}

/// Whether an address leads to a server.
pub(super) fn is_remote(address: &str) -> bool {
    address.contains("://") || address.split('/').next().is_some_and(|host| host.contains(':'))
}

/// How ssh is run so that it asks nobody and gives up on who says nothing; `None` where it is another program, which is left alone.
fn quiet_ssh(said: Option<&str>) -> Option<String> {
    let own = match said {
        Some(said) => said.to_owned(),
        None => {
            let set = alone(&["config", "--get", "core.sshCommand"]).unwrap_or_default();
            let set = String::from_utf8_lossy(&set).trim().to_owned();
            if set.is_empty() { String::from("ssh") } else { set }
        }
    };
    let program = own.split_whitespace().next()?.trim_matches(['"', '\'']).rsplit(['/', '\\']).next()?;
    let seconds = SILENCE.as_secs();
    ["ssh", "ssh.exe"].contains(&program).then(|| {
        format!(
            "{own} -o BatchMode=yes -o ConnectTimeout={seconds} -o ServerAliveInterval={} -o ServerAliveCountMax=3",
            seconds / 3
        )
    })
}

/// Git with a verb that asks a server, told to say how far it is and to give up on a server that says nothing.
fn patient(place: &[OsString], arguments: &[&str], silence: Duration) -> Command {
    let slow = format!("http.lowSpeedTime={}", silence.as_secs());
    let (verb, rest) = arguments.split_first().map_or(("", arguments), |(verb, rest)| (*verb, rest));
    git(place, &[&["-c", "http.lowSpeedLimit=1", "-c", &slow, verb, "--progress"], rest].concat())
}

/// Runs git until it ends, or until it has said nothing for longer than a server may. While bytes come it says how many.
fn watched(mut git: Command, silence: Duration) -> Result<(), Stopped> {
    let broken = |e: std::io::Error| Stopped::Not(Failure::Fault(format!("git: {e}")));
    let mut running =
        git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(not_run)?;
    let (tell, told) = mpsc::channel();
    if let (Some(out), Some(errors)) = (running.stdout.take(), running.stderr.take()) {
        heard(out, tell.clone());
        heard(errors, tell);
    }
    let mut said = Vec::new();
    // What git gives up on by itself it has words for.
    let ended = loop {
        match told.recv_timeout(silence + silence / 3) {
            Ok(bytes) => {
                said.extend(bytes);
                let old = said.len().saturating_sub(1 << 16);
                said.drain(..old);
            }
            Err(RecvTimeoutError::Disconnected) => break running.wait().map_err(broken)?,
            Err(RecvTimeoutError::Timeout) => match stopped(&mut running).map_err(broken)? {
                Some(ended) => break ended,
                None => return Err(Stopped::Silent(silence)),
            },
        }
    };
    if ended.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    if said.contains("Operation too slow") {
        return Err(Stopped::Silent(silence));
    }
    Err(Stopped::Refused(said))
}

/// How a program ended whose helper still holds what it said; one that runs is ended, and gives nothing.
fn stopped(running: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let ended = running.try_wait()?;
    if ended.is_none() {
        running.kill()?;
        running.wait()?;
    }
    Ok(ended)
}

/// Passes on what a program says. It goes on for as long as a helper of that program lives, whom nobody waits for.
fn heard(mut out: impl Read + Send + 'static, tell: Sender<Vec<u8>>) {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = out.read(&mut bytes) {
            if tell.send(bytes[..read].to_vec()).is_err() {
                return;
            }
        }
    });
}

/// - `place`: where it looks.
fn git(place: &[OsString], arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.args(place)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never"])
        .args(arguments);
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    // Neither on the terminal nor in a window of its own.
    git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "").env("SSH_ASKPASS", "");
    git.env("SSH_ASKPASS_REQUIRE", "never").env("GCM_INTERACTIVE", "never");
    // What it says is read below, in the language that it is written in.
    git.env("LC_ALL", "C").env_remove("LANGUAGE");
    git
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` takes")]
fn not_run(e: std::io::Error) -> Stopped {
    Stopped::Not(Failure::Fault(format!(
        "git could not be run: {e}\n  help: install git, which reads packages in repositories"
    )))
}

/// - `place`: where it looks.
fn run(place: &[OsString], arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Stopped> {
    let mut git = git(place, arguments);
    git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = git.spawn().map_err(not_run)?;
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
    let lines = || said.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
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
    use super::{Stopped, patient, quiet_ssh, refused, watched};
    use std::net::TcpListener;
    use std::time::Duration;

    /// A server that takes every connection, and says nothing.
    #[test]
    fn a_server_that_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            listener.incoming().for_each(|stream| open.push(stream));
        });
        let folder = std::env::temp_dir().join(format!("writ-silent-{}", std::process::id()));
        for scheme in ["git", "http"] {
            let _ = std::fs::remove_dir_all(&folder);
            let address = format!("{scheme}://127.0.0.1:{port}/words");
            let to = folder.display().to_string();
            let silence = Duration::from_secs(1);
            let git = patient(&[], &["clone", "--bare", "--", &address, &to], silence);
            let stopped = watched(git, silence).expect_err("it says nothing");
            assert!(matches!(stopped, Stopped::Silent(_)), "{scheme}: {stopped:?}");
            let said = stopped.of(&address).to_string();
            assert!(said.starts_with(&format!("{address}: the server says nothing for 1 seconds\n  help: ")), "{said}");
        }
        let _ = std::fs::remove_dir_all(folder);
    }

    #[test]
    fn ssh_asks_nobody_and_another_program_is_left_alone() {
        for own in ["ssh", "/usr/bin/ssh -i key", "\"C:\\OpenSSH\\ssh.exe\" -v"] {
            let quiet = quiet_ssh(Some(own)).expect("it is ssh");
            assert!(quiet.starts_with(&format!("{own} -o BatchMode=yes -o ConnectTimeout=30 ")), "{quiet}");
        }
        assert_eq!(quiet_ssh(Some("plink -batch")), None);
    }

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
