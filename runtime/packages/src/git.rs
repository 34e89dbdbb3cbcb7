//! Packages in git repositories: one commit of one folder, read without checking anything out.
//!
//! A repository is kept bare, beside the store; what is read of it is the archive of a commit, so neither hooks nor filters
//! run.
//!
//! INVARIANT: a commit that is known is never looked for anew: its tree is what its digest says, whoever serves it.

use crate::manifest::Git;
use crate::store::Store;
use crate::tree::{self, FILE, WHOLE};
use crate::{Failure, Tree, disk, malformed};
use program::Digest;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tar::EntryType;

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
    let commit = commit(&mirror, git)?;
    let tree = read(&mirror, git, &commit)?;
    Ok((commit, tree))
}

/// The package in a commit that is known; it is fetched only where it is not here.
pub fn at(store: &Store, git: &Git, commit: &str, from: &Path, offline: bool) -> Result<Tree, Failure> {
    let address = address(git, from)?;
    let mirror = mirror(store, &address);
    let _held = disk::hold(&mirror.with_extension("lock"))?;
    let here = || mirror.is_dir() && run(&mirror, &["cat-file", "-e", &format!("{commit}^{{commit}}")]).is_ok();
    if !here() {
        if offline {
            return malformed(format!(
                "{}: the commit {commit} is not on this machine, and nothing may be fetched\n  help: run it once without --offline, or `writ vendor` where there is a network",
                git.url
            ));
        }
        fetch(&mirror, &address)?;
        if !here() {
            return malformed(format!(
                "{} does not have the commit {commit} any more, which is locked\n  help: ask whose repository it is; `writ update` takes what it has now",
                git.url
            ));
        }
    }
    read(&mirror, git, commit)
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

fn fetch(mirror: &Path, address: &str) -> Result<(), Failure> {
    if !mirror.join("HEAD").is_file() {
        let part = disk::beside(mirror);
        let made = run(Path::new("."), &["clone", "--quiet", "--mirror", "--", address, &part.display().to_string()])
            .and_then(|_| fs::rename(&part, mirror).map_err(|e| disk::fault(mirror, &e)));
        return made.inspect_err(|_| {
            let _ = fs::remove_dir_all(&part);
        });
    }
    run(mirror, &["fetch", "--quiet", "--prune", "--force", "origin", "+refs/*:refs/*"]).map(|_| ())
}

fn commit(mirror: &Path, git: &Git) -> Result<String, Failure> {
    let rev = git.rev.as_deref().unwrap_or("HEAD");
    let found = run(mirror, &["rev-parse", "--quiet", "--verify", "--end-of-options", &format!("{rev}^{{commit}}")]);
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
    let folder = git.folder.as_deref().unwrap_or_default();
    let whole = format!("{commit}:{}", folder.trim_matches('/'));
    let bytes = run(mirror, &["archive", "--format=tar", &whole]).map_err(|failure| match git.folder {
        Some(_) => Failure::Malformed(format!("{} has no folder `{folder}` in {commit}", git.url)),
        None => failure,
    })?;
    let bad = |why: String| Failure::Malformed(format!("{} at {commit}: {why}", git.url));
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut found = Vec::new();
    for entry in archive.entries().map_err(|e| bad(e.to_string()))? {
        let mut entry = entry.map_err(|e| bad(e.to_string()))?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !tree::is_published(&path) {
            continue;
        }
        if entry.header().entry_type() != EntryType::Regular {
            return Err(bad(format!("{path} is no plain file")));
        }
        if entry.size() > FILE {
            return Err(bad(format!("{path} has more than {FILE} bytes")));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|e| bad(e.to_string()))?;
        found.push((path, content));
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
fn run(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
    let mut git = Command::new("git");
    git.arg("-C")
        .arg(folder)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"])
        .args(arguments);
    git.env("GIT_TERMINAL_PROMPT", "0").env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let mut running = match git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(running) => running,
        Err(e) => {
            return Err(Failure::Fault(format!(
                "git could not be run: {e}\n  help: install git, which reads packages in repositories"
            )));
        }
    };
    let (mut out, mut bytes) = (running.stdout.take(), Vec::new());
    // Ten times what a package may be: a repository holds other things.
    let most = 10 * WHOLE;
    if let Some(out) = &mut out {
        out.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(|e| Failure::Fault(format!("git: {e}")))?;
    }
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
