//! Packages in git repositories: one commit of one folder, read without checking anything out.
//!
//! A repository is kept bare, beside the store; what is read of it are the objects of a commit as they are, so that neither
//! hooks nor filters run, and no attribute and nobody's configuration makes other bytes of them.
//!
//! Read downwards: [`newest`] looks for a commit, [`at`] reads one that is known, [`seen()`] says what became of one; `command`
//! runs git and says why it failed, `inside` is what stands beside a package in its commit, [`sources()`] what git knows of a
//! folder that is worked in.
//!
//! INVARIANT: a commit that is known is never looked for anew: its tree is what its digest says, whoever serves it. A
//! repository that was damaged here is fetched again.

mod command;
mod inside;
mod seen;
mod sources;

use crate::manifest::Git;
use crate::store::{self, Store};
use crate::tree::{self, FILE};
use crate::{Failure, Tree, disk, install, malformed};
use command::{Stopped, asking, bare, is_remote};
use inside::Submodules;
use program::Digest;
use std::fs;
use std::path::{Component, Path, PathBuf};

pub use inside::{folder, inside};
pub use seen::{Newer, Seen, seen};
pub use sources::{Sources, sources};

/// Where the names of tags stand among those of a repository.
pub const TAGS: &str = "refs/tags/";
/// Where the names of branches do.
pub const BRANCHES: &str = "refs/heads/";

/// All that a repository serves.
const EVERYTHING: &str = "+refs/*:refs/*";

/// What a revision is, as it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tag,
    Branch,
    /// Either, or a commit.
    Any,
}

impl Git {
    fn kind(&self) -> Kind {
        match self.rev.as_deref() {
            Some(rev) if rev.starts_with(TAGS) => Kind::Tag,
            Some(rev) if rev.starts_with(BRANCHES) => Kind::Branch,
            _ => Kind::Any,
        }
    }

    /// The revision as a person says it.
    fn short(&self) -> Option<&str> {
        let rev = self.rev.as_deref()?;
        Some(rev.strip_prefix(TAGS).or_else(|| rev.strip_prefix(BRANCHES)).unwrap_or(rev))
    }

    /// What is asked for of the repository: ``the branch `main` ``.
    pub(crate) fn asked(&self) -> String {
        match (self.kind(), self.short()) {
            (_, None) => String::from("its own branch"),
            (Kind::Tag, Some(tag)) => format!("the tag `{tag}`"),
            (Kind::Branch, Some(branch)) => format!("the branch `{branch}`"),
            (Kind::Any, Some(rev)) => format!("`{rev}`"),
        }
    }

    /// The commit and the manifest in it, as a person is told where a package stands.
    pub(crate) fn manifest_at(&self, commit: &str) -> String {
        let folder = self.folder.as_ref().map(|folder| format!("{folder}/")).unwrap_or_default();
        format!("{} at {commit}, {folder}writ.toml", self.url)
    }

    /// Whether its address is a folder that is seen from somewhere.
    pub(crate) fn is_relative(&self) -> bool {
        !is_remote(&self.url) && !Path::new(&self.url).is_absolute()
    }

    /// The same repository, seen from another folder where its address is a path: `../policies` of two members may be two, and
    /// `../policies` of the one and `../../policies` of the other the same.
    ///
    /// - `from`: what it is seen from; `to`: what it is to be seen from.
    pub(crate) fn seen_from(&self, from: &Path, to: &Path) -> Result<Git, Failure> {
        if !self.is_relative() || self.url.is_empty() {
            return Ok(self.clone());
        }
        let whole = |folder: &Path| fs::canonicalize(folder).map_err(|e| disk::fault(folder, &e));
        let (from, to) = (whole(here(from))?, whole(here(to))?);
        let mut place = from;
        for part in Path::new(&self.url).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => _ = place.pop(),
                part => place.push(part),
            }
        }
        let common = place.components().zip(to.components()).take_while(|(a, b)| a == b).count();
        let up = to.components().skip(common).map(|_| "..".to_owned());
        let down = place.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
        let parts: Vec<String> = up.chain(down).collect();
        let url = if parts.is_empty() { String::from(".") } else { parts.join("/") };
        Ok(Git { url, ..self.clone() })
    }

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

/// The empty path is the folder that the command runs in.
fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// The commit that a revision stands for today, and the package in it.
///
/// - `from`: the folder that a path is seen from, where the address is one.
pub fn newest(store: &Store, git: &Git, from: &Path) -> Result<(String, Tree), Failure> {
    let address = address(git, from)?;
    let mirror = mirror(store, &address)?;
    let _held = held(store, &mirror, git)?;
    let wanted = Wanted { store, git, mirror: &mirror, address: &address, rev: git.rev.as_deref().unwrap_or("HEAD") };
    wanted.fetch()?;
    wanted.whole(|| {
        let commit = commit(&mirror, git)?;
        let tree = read(&mirror, git, &commit)?;
        Ok((commit, tree))
    })
}

/// The folders of a repository that are packages, as it is today; the whole of it is the empty one.
pub fn packages(store: &Store, git: &Git, from: &Path) -> Result<Vec<String>, Failure> {
    let address = address(git, from)?;
    let mirror = mirror(store, &address)?;
    let _held = held(store, &mirror, git)?;
    let wanted = Wanted { store, git, mirror: &mirror, address: &address, rev: git.rev.as_deref().unwrap_or("HEAD") };
    wanted.fetch()?;
    wanted.whole(|| manifests(&mirror, git, &commit(&mirror, git)?))
}

/// The folders in which a commit has a manifest; copies of others' packages do not count.
fn manifests(mirror: &Path, git: &Git, commit: &str) -> Result<Vec<String>, Failure> {
    let listed = bare(mirror, &["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit], b"");
    let listed = String::from_utf8_lossy(&listed.map_err(|stopped| stopped.of(&git.url))?).into_owned();
    let folder = |path: &str| match path {
        "writ.toml" => Some(String::new()),
        path => path.strip_suffix("/writ.toml").map(str::to_owned),
    };
    let copied = |folder: &String| folder.split('/').any(|part| part == install::VENDOR || part.starts_with('.'));
    Ok(listed.split_terminator('\0').filter_map(folder).filter(|folder| !copied(folder)).collect())
}

/// The package in a commit that is known; it is fetched only where it is not here.
pub fn at(store: &Store, git: &Git, commit: &str, from: &Path, offline: bool) -> Result<Tree, Failure> {
    let address = address(git, from)?;
    let mirror = mirror(store, &address)?;
    let _held = held(store, &mirror, git)?;
    let wanted = Wanted { store, git, mirror: &mirror, address: &address, rev: commit };
    let here = || wanted.is_here();
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
        wanted.fetch()?;
    }
    if !here() {
        wanted.anew()?;
    }
    if !here() {
        return malformed(format!(
            "{} does not have the commit {commit} any more, which is locked\n  help: ask whose repository it is; `writ update` takes what it has now",
            git.url
        ));
    }
    wanted.whole(|| read(&mirror, git, commit))
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
    Ok(if is_remote(url) { url.clone() } else { from.join(url).display().to_string() })
}

/// Where a repository is kept, for every package on this machine: `../policies` is another one for each.
fn mirror(store: &Store, address: &str) -> Result<PathBuf, Failure> {
    let whole = match is_remote(address) {
        true => address.to_owned(),
        false => {
            let whole = std::path::absolute(address).map_err(|e| Failure::Fault(format!("{address}: {e}")))?;
            whole.display().to_string()
        }
    };
    Ok(store.beside("git").join(Digest::of(whole.as_bytes()).hex()))
}

/// The right to read and to change what is kept of a repository.
fn held(store: &Store, mirror: &Path, git: &Git) -> Result<disk::Held, Failure> {
    store.wait(&mirror.with_extension("lock"), &format!("is reading or fetching {}", git.url))
}

/// What is looked for in a repository.
struct Wanted<'w> {
    store: &'w Store,
    git: &'w Git,
    mirror: &'w Path,
    address: &'w str,
    /// A revision, or a commit.
    rev: &'w str,
}

impl Wanted<'_> {
    fn is_here(&self) -> bool {
        self.mirror.is_dir()
            && bare(
                self.mirror,
                &["rev-parse", "--quiet", "--verify", "--end-of-options", &format!("{}^{{commit}}", self.rev)],
                b"",
            )
            .is_ok()
    }

    /// Takes over what the repository has now: the tag or the branch that was named, then all of both, and the rest (what
    /// others propose, say) only where it is not among them.
    fn fetch(&self) -> Result<(), Failure> {
        if !self.mirror.join("HEAD").is_file() {
            return self.anew();
        }
        let one = self.git.rev.as_deref().filter(|_| self.git.kind() != Kind::Any).map(|rev| format!("+{rev}:{rev}"));
        let wide = [format!("+{BRANCHES}*:{BRANCHES}*"), format!("+{TAGS}*:{TAGS}*")];
        let steps = [one.as_slice(), &wide, &[EVERYTHING.to_owned()]];
        for what in steps.into_iter().filter(|step| !step.is_empty()) {
            match self.take(what) {
                Ok(()) if self.is_here() => return Ok(()),
                Ok(()) => {}
                Err(Stopped::Refused(said)) if said.contains("find remote ref") => {}
                Err(Stopped::Refused(_)) => return self.anew(),
                Err(stopped) => return Err(stopped.of(&self.git.url)),
            }
        }
        Ok(())
    }

    fn take(&self, what: &[String]) -> Result<(), Stopped> {
        let mut words = vec!["fetch", "--prune", "--force", "--no-tags", "origin"];
        words.extend(what.iter().map(String::as_str));
        asking(Some(self.mirror), self.address, self.store.ssh(), &words)
    }

    /// Takes over all of the repository, in place of what is here.
    fn anew(&self) -> Result<(), Failure> {
        let part = disk::beside(self.mirror);
        // A link would be the author's own file: what damages the one damages the other.
        let words = ["clone", "--bare", "--no-hardlinks", "--", self.address, &part.display().to_string()];
        let made = asking(None, self.address, self.store.ssh(), &words)
            .map_err(|stopped| stopped.of(&self.git.url))
            .and_then(|()| store::discard(self.mirror))
            .and_then(|()| fs::rename(&part, self.mirror).map_err(|e| disk::fault(self.mirror, &e)));
        made.inspect_err(|_| {
            let _ = fs::remove_dir_all(&part);
        })?;
        if self.is_here() {
            return Ok(());
        }
        self.take(&[EVERYTHING.to_owned()]).map_err(|stopped| stopped.of(&self.git.url))
    }

    /// What is read of the repository; where git cannot read it, of one that is fetched anew.
    fn whole<T>(&self, read: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
        match read() {
            Err(Failure::Fault(_)) => self.anew().and_then(|()| read()),
            read => read,
        }
    }
}

fn commit(mirror: &Path, git: &Git) -> Result<String, Failure> {
    let rev = git.rev.as_deref().unwrap_or("HEAD");
    let found =
        bare(mirror, &["rev-parse", "--quiet", "--verify", "--end-of-options", &format!("{rev}^{{commit}}")], b"");
    match found {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).trim().to_owned()),
        Err(Stopped::Not(failure)) => Err(failure),
        Err(Stopped::Refused(_) | Stopped::Silent(_)) => no_revision(mirror, git),
    }
}

/// Says that a revision is not there, and which are.
fn no_revision<T>(mirror: &Path, git: &Git) -> Result<T, Failure> {
    let (url, kind) = (&git.url, git.kind());
    let Some(rev) = &git.rev else {
        return malformed(format!(
            "{url} does not say which of its branches counts, or has no commit yet\n  help: name a tag, a branch or a commit of it"
        ));
    };
    let names = |below: &str| {
        let listed = bare(mirror, &["for-each-ref", "--sort=-creatordate", "--format=%(refname)", below], b"");
        let listed = String::from_utf8_lossy(&listed.unwrap_or_default()).into_owned();
        listed.lines().filter_map(|name| Some(name.strip_prefix(below)?.to_owned())).collect::<Vec<String>>()
    };
    let there = match kind {
        Kind::Tag => names(TAGS),
        Kind::Branch => names(BRANCHES),
        Kind::Any => [names(TAGS), names(BRANCHES)].concat(),
    };
    let short = git.short().unwrap_or(rev);
    let near = there.iter().map(|name| (strsim::levenshtein(name, short), name)).min();
    let what = match kind {
        Kind::Tag => "tag",
        Kind::Branch => "branch",
        Kind::Any => "revision",
    };
    let help = match near {
        Some((far, name)) if far <= 2 => format!("did you mean `{name}`?"),
        _ if there.is_empty() && kind == Kind::Any => String::from("name a tag, a branch or a commit of it"),
        _ if there.is_empty() => format!("it has no {what} at all"),
        _ => {
            let few: Vec<String> = there.iter().take(5).map(|name| format!("`{name}`")).collect();
            let more = if there.len() > few.len() { ", …" } else { "" };
            let commit = if kind == Kind::Any { "; or name a commit by its whole digest" } else { "" };
            format!("it has {}{more}{commit}", few.join(", "))
        }
    };
    malformed(format!("{url} has no {what} `{short}`\n  help: {help}"))
}

/// A few folders by their names, as a person is told of them.
pub fn listed_few(folders: &[String]) -> String {
    let shown = |folder: &String| match folder.is_empty() {
        true => String::from("its root"),
        false => format!("`{}`", program::visible(folder)),
    };
    let few: Vec<String> = folders.iter().take(5).map(shown).collect();
    few.join(", ") + if folders.len() > few.len() { ", …" } else { "" }
}

/// Reads what of a commit is the package.
fn read(mirror: &Path, git: &Git, commit: &str) -> Result<Tree, Failure> {
    let folder = git.folder.as_deref().unwrap_or_default().trim_matches('/');
    let bad = |why: String| Failure::Malformed(format!("{} at {commit}: {why}", git.url));
    let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let listed = bare(mirror, &["ls-tree", "-r", "-z", "-l", "--full-tree", commit], b"");
    let listed = listed.map_err(|stopped| stopped.of(&git.url))?;
    let (mut wanted, mut there, mut submodules) = (Vec::new(), false, Submodules::default());
    for line in String::from_utf8_lossy(&listed).split_terminator('\0') {
        // `100644 blob 5716ca59… 12\twords.writ`
        let (about, path) = line
            .split_once('\t')
            .ok_or_else(|| Failure::Fault(format!("{}: git lists `{line}`, which is no file", git.url)))?;
        if about.starts_with("160000 ") {
            submodules.add(path);
        }
        let Some(path) = path.strip_prefix(below.as_str()) else { continue };
        there = true;
        if !tree::is_published(path) {
            continue;
        }
        let [mode, _, object, size] = about.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(Failure::Fault(format!("{}: git lists `{line}`, which is no file", git.url)));
        };
        if !["100644", "100755"].contains(&mode) {
            return Err(bad(format!("{path} is no plain file")));
        }
        let size: u64 =
            size.parse().map_err(|_| Failure::Fault(format!("{}: git lists `{line}`, which is no file", git.url)))?;
        if size > FILE {
            return Err(bad(format!("{path} has more than {FILE} bytes")));
        }
        wanted.push((path.to_owned(), object.to_owned(), size));
    }
    if let Some(submodule) = submodules.holding(folder) {
        return Err(bad(format!("the folder `{folder}` is in {submodule}")));
    }
    if !there && !folder.is_empty() {
        return malformed(format!("{} has no folder `{folder}` in {commit}", git.url));
    }
    let asked: String = wanted.iter().map(|(_, object, _)| format!("{object}\n")).collect();
    let bytes = bare(mirror, &["cat-file", "--batch"], asked.as_bytes()).map_err(|stopped| stopped.of(&git.url))?;
    let (mut found, mut rest) = (Vec::new(), bytes.as_slice());
    for (path, object, size) in wanted {
        // `5716ca59… blob 12`, a line break, that many bytes, a line break.
        let head = format!("{object} blob {size}\n");
        let content = rest.strip_prefix(head.as_bytes()).and_then(|rest| {
            let size = usize::try_from(size).ok()?;
            Some((rest.get(..size)?, rest.get(size..)?.strip_prefix(b"\n")?))
        });
        let Some((content, behind)) = content else {
            return Err(Failure::Fault(format!("{}: git has {path} of {commit} no more", git.url)));
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
    if let Some(missing) = submodules.needed(&below, &tree) {
        return Err(bad(missing));
    }
    if tree.file("writ.toml").is_none() {
        let place = if folder.is_empty() { String::new() } else { format!(" in {folder}") };
        let help = match manifests(mirror, git, commit)?.as_slice() {
            [] => String::from("it holds no package"),
            [root] if root.is_empty() => String::from("a package is its root: leave `folder` out"),
            [one] => format!("a package is in its folder `{one}`: say so, `folder = \"{one}\"`"),
            several => format!("packages are in {}: say which, `folder = \"{}\"`", listed_few(several), several[0]),
        };
        return Err(bad(format!("there is no writ.toml{place}\n  help: {help}")));
    }
    Ok(tree)
}
