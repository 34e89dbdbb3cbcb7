//! What a repository says today of a commit that is locked: whether it still leads there, and what is newer.

use super::command::bare;
use super::{BRANCHES, EVERYTHING, Kind, TAGS, Wanted, address, commit, held, mirror, read};
use crate::manifest::{self, Git};
use crate::store::Store;
use crate::{Failure, Name, Tree, Version, malformed};
use std::path::Path;

/// What a repository says of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// No branch, no tag and nothing else of it leads to the commit: who has not fetched it does not get it.
    pub gone: bool,
    /// What is asked for, where it stands for another commit by now; or why it stands for none.
    pub moved: Result<Option<Newer>, Failure>,
    /// Newer tags of the same form: the newest, and the newest that is in range where that is another.
    pub tags: Vec<Newer>,
}

/// Another commit that could be locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newer {
    /// How it is called: ``the branch `main` ``; of a newer tag its name alone.
    pub name: String,
    /// Which one.
    pub commit: String,
    /// Of the package in it, or why nobody can tell.
    pub version: Result<Version, Failure>,
}

/// So many newer tags are read at most to find one in range.
const TAGS_READ: usize = 16;

/// Asks a repository for what it has now, and looks what became of a commit.
///
/// - `name`: the package that is locked.
/// - `takes`: whether a version is in all ranges that are asked for.
///
/// # Errors
/// Where the repository cannot be asked.
pub fn seen(
    store: &Store,
    git: &Git,
    (name, locked): (&Name, &str),
    from: &Path,
    offline: bool,
    takes: &dyn Fn(&Version) -> bool,
) -> Result<Seen, Failure> {
    if offline {
        return malformed(format!("{}: what it has now only it can say, and nothing may be fetched", git.url));
    }
    let address = address(git, from)?;
    let mirror = mirror(store, &address)?;
    let _held = held(store, &mirror, git)?;
    let wanted = Wanted { store, git, mirror: &mirror, address: &address, rev: locked };
    wanted.all()?;
    wanted.whole(|| {
        let gone = !wanted.is_led_to()?;
        let tip = commit(&mirror, git);
        let (called, own) = named(&mirror, git);
        let newer = |called: String, commit: String| {
            let version = read(&mirror, git, &commit).and_then(|tree| version(&tree, name));
            Newer { name: called, commit, version }
        };
        let moved = tip.map(|tip| (tip != locked).then(|| newer(called, tip)));
        let mut tags = Vec::new();
        for tag in own.map(|own| later(&mirror, &own)).unwrap_or_default().into_iter().take(TAGS_READ) {
            let one = Git { rev: Some(format!("{TAGS}{tag}")), ..git.clone() };
            let newer = newer(tag, commit(&mirror, &one)?);
            let fits = newer.version.as_ref().is_ok_and(takes);
            if fits || tags.is_empty() {
                tags.push(newer);
            }
            if fits {
                break;
            }
        }
        Ok(Seen { gone, moved, tags })
    })
}

fn version(tree: &Tree, name: &Name) -> Result<Version, Failure> {
    let package = manifest::read("writ.toml", tree.text("writ.toml")?)?.package;
    match package.name == name.as_str() {
        true => package.number(),
        false => malformed(format!("the package in it is `{}`", package.name)),
    }
}

impl Wanted<'_> {
    /// Takes over all branches and tags as they are now.
    fn all(&self) -> Result<(), Failure> {
        if !self.mirror.join("HEAD").is_file() {
            return self.anew();
        }
        match self.take(&[format!("+{BRANCHES}*:{BRANCHES}*"), format!("+{TAGS}*:{TAGS}*")]) {
            Ok(()) => Ok(()),
            Err(super::Stopped::Refused(_)) => self.anew(),
            Err(stopped) => Err(stopped.of(&self.git.url)),
        }
    }

    /// Whether anything that the repository has now leads to the commit; what is neither branch nor tag is asked for where
    /// none of these does.
    fn is_led_to(&self) -> Result<bool, Failure> {
        if self.leads(&[BRANCHES, TAGS])? {
            return Ok(true);
        }
        self.take(&[EVERYTHING.to_owned()]).map_err(|stopped| stopped.of(&self.git.url))?;
        self.leads(&[])
    }

    /// - `below`: where the names stand that count; all where there is none.
    fn leads(&self, below: &[&str]) -> Result<bool, Failure> {
        if !self.is_here() {
            return Ok(false);
        }
        let words = ["for-each-ref", "--count=1", "--format=%(refname)", "--contains", self.rev];
        let found = bare(self.mirror, &[words.as_slice(), below].concat(), b"");
        found.map(|found| !found.is_empty()).map_err(|stopped| stopped.of(&self.git.url))
    }
}

/// How what is asked for is called; and the tag, where it is one. What is only a name is the branch or the tag that is there.
fn named(mirror: &Path, git: &Git) -> (String, Option<String>) {
    let there = |below: &str, name: &str| {
        bare(mirror, &["show-ref", "--verify", "--quiet", &format!("{below}{name}")], b"").is_ok()
    };
    let Some(short) = git.short() else { return (String::from("its own branch"), None) };
    let kind = match git.kind() {
        Kind::Any if there(TAGS, short) => Kind::Tag,
        Kind::Any if there(BRANCHES, short) => Kind::Branch,
        kind => kind,
    };
    let below = match kind {
        Kind::Tag => TAGS,
        Kind::Branch => BRANCHES,
        Kind::Any => "",
    };
    let name = Git { rev: Some(format!("{below}{short}")), ..git.clone() }.asked();
    (name, (kind == Kind::Tag).then(|| short.to_owned()))
}

/// The tags that are called like one, with a higher version in their names; the highest first.
fn later(mirror: &Path, own: &str) -> Vec<String> {
    let Some((before, least)) = numbered(own) else { return Vec::new() };
    let listed = bare(mirror, &["for-each-ref", "--format=%(refname)", TAGS], b"").unwrap_or_default();
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let mut later: Vec<_> = listed
        .lines()
        .filter_map(|name| name.strip_prefix(TAGS))
        .filter_map(|tag| {
            numbered(tag)
                .filter(|(other, version)| *other == before && *version > least)
                .map(|(_, version)| (version, tag))
        })
        .collect();
    later.sort();
    later.into_iter().rev().map(|(_, tag)| tag.to_owned()).collect()
}

/// What stands before the version in the name of a tag, and the version: `words-v` and 1.2.0 of `words-v1.2`.
fn numbered(tag: &str) -> Option<(&str, Version)> {
    let (before, numbers) = tag.split_at(tag.rfind(|c: char| !c.is_ascii_digit() && c != '.').map_or(0, |at| at + 1));
    let given = numbers.split('.').count();
    let whole = format!("{numbers}{}", ".0".repeat(3_usize.checked_sub(given)?));
    Some((before, Version::parse(&whole).ok()?))
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn a_tag_is_a_version_behind_a_word() {
        let read = |tag| numbered(tag).map(|(before, version)| format!("{before} {version}"));
        assert_eq!(read("v1").as_deref(), Some("v 1.0.0"));
        assert_eq!(read("1.2.3").as_deref(), Some(" 1.2.3"));
        assert_eq!(read("words-v0.3").as_deref(), Some("words-v 0.3.0"));
        assert_eq!(read("words2-1.0.0").as_deref(), Some("words2- 1.0.0"));
        for tag in ["", "v", "nightly", "v1.2.3.4", "v1.0-rc", "v1..2", "v01"] {
            assert_eq!(read(tag), None, "{tag}");
        }
    }
}
