//! Packages in git repositories: one commit of one folder, read without checking anything out.
//!
//! A repository is kept bare, beside the store; what is read of it are the objects of a commit as they are, so that neither
//! hooks nor filters run, and no attribute and nobody's configuration makes other bytes of them.
//!
//! INVARIANT: a commit that is known is never looked for anew: its tree is what its digest says, whoever serves it. A
//! repository that was damaged here is fetched again.

use crate::manifest::Git;
use crate::store::{self, Store};
use crate::tree::{self, FILE, WHOLE};
use crate::{Failure, Tree, disk, malformed};
use program::Digest;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

impl Git {
    /// What a lock calls it, but for the commit.
    pub fn shown(&self) -> String {
        let mut text = format!("git+{}", self.url);
        let parts = [("rev", &self.rev), ("folder", &self.folder)];
        for (at, (key, value)) in parts.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?))).enumerate()
        {
            text += &format!("{}{key}={value}", if at == 0 { "?" } else { "&" });
        }
        text
    }
}

/// The commit that a revision stands for today, and the package in it.
///
/// - `from`: the folder that a path is seen from, where the address is one.
pub fn newest(store: &Store, git: &Git, from: &Path) -> Result<(String, Tree), Failure> {
    let address = address(git, from)?;
    let mirror = mirror(store, &address);
    let _held = disk::hold(&mirror.with_extension("lock"))?;
    fetch(&mirror, &address)?;
    whole(&mirror, &address, || {
        let commit = commit(&mirror, git)?;
        let tree = read(&mirror, git, &commit)?;
        Ok((commit, tree))
    })
}

/// The package in a commit that is known; it is fetched only where it is not here.
pub fn at(store: &Store, git: &Git, commit: &str, from: &Path, offline: bool) -> Result<Tree, Failure> {
    let address = address(git, from)?;
    let mirror = mirror(store, &address);
    let _held = disk::hold(&mirror.with_extension("lock"))?;
    let here = || mirror.is_dir() && run(Some(&mirror), &["cat-file", "-e", &format!("{commit}^{{commit}}")], b"").is_ok();
    if here() {
        match read(&mirror, git, commit) {
            Err(Failure::Fault(_)) if !offline => {}
            read => return read,
        }
    } else if offline {
        return malformed(format!(
            "{}: the commit {commit} is not on this machine, and nothing may be fetched\n  help: run it once without --offline, or `writ vendor` where there is a network",
            git.url
        ));
    } else {
        fetch(&mirror, &address)?;
    }
    if !here() {
        anew(&mirror, &address)?;
    }
    if !here() {
        return malformed(format!(
            "{} does not have the commit {commit} any more, which is locked\n  help: ask whose repository it is; `writ update` takes what it has now",
            git.url
        ));
    }
    whole(&mirror, &address, || read(&mirror, git, commit))
}

/// What git is asked for: an address with a scheme as it is, else a folder seen from the manifest.
fn address(git: &Git, from: &Path) -> Result<String, Failure> {
    let url = &git.url;
    let refuse = |why: &str| malformed(format!("\"{url}\" is no address of a git repository: {why}"));
    if url.is_empty() || url.starts_with('-') || url.contains(char::is_control) {
        return refuse("write what `git clone` takes");
    }
    // `ext::sh -c …` would run what it names.
    if url.contains("::") {
        return refuse("transports that run a program are not used");
    }
    let remote = url.contains("://") || url.split('/').next().is_some_and(|host| host.contains(':'));
    Ok(if remote { url.clone() } else { from.join(url).display().to_string() })
}

fn mirror(store: &Store, address: &str) -> PathBuf {
    store.beside("git").join(Digest::of(address.as_bytes()).hex())
}

/// Takes over what the repository has now.
fn fetch(mirror: &Path, address: &str) -> Result<(), Failure> {
    let fetched = run(Some(mirror), &["fetch", "--quiet", "--prune", "--force", "origin", "+refs/*:refs/*"], b"");
    if mirror.join("HEAD").is_file() && fetched.is_ok() { Ok(()) } else { anew(mirror, address) }
}

/// Takes over all of the repository, in place of what is here.
fn anew(mirror: &Path, address: &str) -> Result<(), Failure> {
    let part = disk::beside(mirror);
    let made = run(None, &["clone", "--quiet", "--mirror", "--", address, &part.display().to_string()], b"")
        .and_then(|_| store::discard(mirror))
        .and_then(|()| fs::rename(&part, mirror).map_err(|e| disk::fault(mirror, &e)));
    made.inspect_err(|_| {
        let _ = fs::remove_dir_all(&part);
    })
}

/// What is read of the repository; where git cannot read it, of one that is fetched anew.
fn whole<T>(mirror: &Path, address: &str, read: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
    match read() {
        Err(Failure::Fault(_)) => anew(mirror, address).and_then(|()| read()),
        read => read,
    }
}

fn commit(mirror: &Path, git: &Git) -> Result<String, Failure> {
    let rev = git.rev.as_deref().unwrap_or("HEAD");
    let found =
        run(Some(mirror), &["rev-parse", "--quiet", "--verify", "--end-of-options", &format!("{rev}^{{commit}}")], b"");
    let Ok(bytes) = found else {
        return malformed(format!(
            "{} has no revision `{rev}`\n  help: name a tag, a branch or a commit of it",
            git.url
        ));
    };
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// Reads what of a commit is the package.
fn read(mirror: &Path, git: &Git, commit: &str) -> Result<Tree, Failure> {
    let folder = git.folder.as_deref().unwrap_or_default().trim_matches('/');
    let bad = |why: String| Failure::Malformed(format!("{} at {commit}: {why}", git.url));
    let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let listed = run(Some(mirror), &["ls-tree", "-r", "-z", "-l", "--full-tree", commit], b"")?;
    let (mut wanted, mut there) = (Vec::new(), false);
    for line in String::from_utf8_lossy(&listed).split_terminator('\0') {
        // `100644 blob 5716ca59… 12\twords.writ`
        let (about, path) = line.split_once('\t').ok_or_else(|| Failure::Fault(format!("git ls-tree: {line}")))?;
        let Some(path) = path.strip_prefix(below.as_str()) else { continue };
        there = true;
        if !tree::is_published(path) {
            continue;
        }
        let [mode, _, object, size] = about.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(Failure::Fault(format!("git ls-tree: {line}")));
        };
        if !["100644", "100755"].contains(&mode) {
            return Err(bad(format!("{path} is no plain file")));
        }
        let size: u64 = size.parse().map_err(|_| Failure::Fault(format!("git ls-tree: {line}")))?;
        if size > FILE {
            return Err(bad(format!("{path} has more than {FILE} bytes")));
        }
        wanted.push((path.to_owned(), object.to_owned(), size));
    }
    if !there && !folder.is_empty() {
        return malformed(format!("{} has no folder `{folder}` in {commit}", git.url));
    }
    let asked: String = wanted.iter().map(|(_, object, _)| format!("{object}\n")).collect();
    let bytes = run(Some(mirror), &["cat-file", "--batch"], asked.as_bytes())?;
    let (mut found, mut rest) = (Vec::new(), bytes.as_slice());
    for (path, object, size) in wanted {
        // `5716ca59… blob 12`, a line break, that many bytes, a line break.
        let head = format!("{object} blob {size}\n");
        let content = rest.strip_prefix(head.as_bytes()).and_then(|rest| {
            let size = usize::try_from(size).ok()?;
            Some((rest.get(..size)?, rest.get(size..)?.strip_prefix(b"\n")?))
        });
        let Some((content, behind)) = content else {
            return Err(Failure::Fault(format!("git cat-file: {path} of {commit} is not there")));
        };
        found.push((path, content.to_vec()));
        rest = behind;
    }
    let nested: Vec<String> =
        found.iter().filter_map(|(path, _)| Some(path.strip_suffix("writ.toml")?.to_owned())).collect();
    let mut tree = Tree::default();
    for (path, content) in found {
        if !nested.iter().any(|folder| !folder.is_empty() && path.starts_with(folder.as_str())) {
            tree.add(&path, content)?;
        }
    }
    if tree.file("writ.toml").is_none() {
        let place = if folder.is_empty() { String::new() } else { format!(" in {folder}") };
        return Err(bad(format!("there is no writ.toml{place}")));
    }
    Ok(tree)
}

/// Runs git, and gives what it prints.
///
/// - `mirror`: the repository, which is named: git would take one that stands above it, where this one is damaged.
/// - `input`: what it reads.
fn run(mirror: Option<&Path>, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut git = Command::new("git");
    if let Some(mirror) = mirror {
        let mut place = OsString::from("--git-dir=");
        place.push(mirror);
        git.arg(place);
    }
    git.args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"])
        .args(arguments);
    git.env("GIT_TERMINAL_PROMPT", "0").env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let mut running = match git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(running) => running,
        Err(e) => {
            return Err(Failure::Fault(format!(
                "git could not be run: {e}\n  help: install git, which reads packages in repositories"
            )));
        }
    };
    let (mut out, into, mut bytes) = (running.stdout.take(), running.stdin.take(), Vec::new());
    // Ten times what a package may be: a repository holds other things.
    let most = 10 * WHOLE;
    thread::scope(|scope| {
        // It may answer before it has read all. One that does not read says below why.
        scope.spawn(|| into.map(|mut into| into.write_all(input)));
        out.iter_mut().try_for_each(|out| out.by_ref().take(most + 1).read_to_end(&mut bytes).map(|_| ()))
    })
    .map_err(|e| Failure::Fault(format!("git: {e}")))?;
    if bytes.len() as u64 > most {
        let _ = running.kill();
        let _ = running.wait();
        return malformed(format!("git {}: it gives more than {most} bytes", arguments[0]));
    }
    drop(out);
    let ended = running.wait_with_output().map_err(|e| Failure::Fault(format!("git: {e}")))?;
    if ended.status.success() {
        return Ok(bytes);
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(Failure::Fault(format!("git {}: {last}", arguments[0])))
}
