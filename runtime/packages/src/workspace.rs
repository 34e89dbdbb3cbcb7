//! The packages that are worked on together: which they are, where the lock of all of them stands, and what one manifest
//! says for all.
//!
//! A package that no workspace names is a workspace of itself alone, so that nobody else asks which of the two it is.
//!
//! Read downwards: [`Workspace`] finds the root above a folder and reads the members; `members` knows which folders
//! `members = […]` names.
//!
//! INVARIANT: nobody else looks above a package's folder, or says where `writ.lock`, `writ.sum` and `vendor/` stand; and a
//! workspace of which any part is wrong is none.
//! Not here: which versions its members share (`install`), what a member says (`manifest`).

mod members;

use crate::manifest::{self, Manifest, Shared, Written};
use crate::{Failure, Name, Range, disk, install, lock, malformed, sums};
use members::Members;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

const FILE: &str = "writ.toml";

/// Packages that are worked on together, seen from a folder that is one of theirs or their root.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Where `writ.lock`, `writ.sum` and `vendor/` stand, and what the places of registries are seen from.
    pub folder: PathBuf,
    /// Its packages, sorted by where they are; that of the root is first.
    pub members: Vec<Member>,
    /// What the root says for all of them.
    pub shared: Shared,
    /// Whether a `[workspace]` says so; else it is a package by itself.
    declared: bool,
    /// Which of the packages is in the folder that it is seen from.
    own: Option<usize>,
}

/// A package of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where its `writ.toml` stands.
    pub folder: PathBuf,
    /// The same seen from the root, with `/`; that of the root is `.`.
    pub at: String,
    /// What that says.
    pub manifest: Manifest,
}

impl Member {
    /// Its manifest, seen from the root.
    pub fn shown(&self) -> String {
        if self.at == "." { FILE.to_owned() } else { format!("{}/{FILE}", self.at) }
    }

    /// What others call it; a name without a scope is nobody's to depend on.
    pub fn name(&self) -> Option<Name> {
        Name::parse(&self.manifest.package.name).ok()
    }
}

/// Manifests that count in place of those on the disk, by their folders.
pub type Instead<'a> = [(&'a Path, &'a str)];

impl Workspace {
    /// The workspace that a folder belongs to.
    ///
    /// # Errors
    /// What is wrong with its manifest, with that of the root, or with that of any member.
    pub fn read(folder: &Path) -> Result<Workspace, Failure> {
        Workspace::with(folder, &[])
    }

    /// The same, as it would be with these manifests.
    pub fn with(folder: &Path, instead: &Instead<'_>) -> Result<Workspace, Failure> {
        let shown = folder.strip_prefix(".").unwrap_or(folder).join(FILE).display().to_string();
        let Some(text) = text(folder, instead)? else {
            return malformed(format!("{}: there is no writ.toml here\n  help: run `writ init`", folder.display()));
        };
        let written = manifest::written(&shown, &text)?;
        let here = fs::canonicalize(folder).map_err(|e| disk::fault(folder, &e))?;
        match (above(folder, &here, instead)?, &written.members) {
            (Some(root), Some(members)) => {
                let place = members.first().map_or(0, |one| one.span().start);
                malformed(nested(&shown, &manifest::place(&text, place), &root.folder.join(FILE)))
            }
            (Some(root), None) => root.read(&here, folder, instead),
            (None, Some(_)) => {
                Root { folder: folder.to_owned(), whole: here.clone(), text }.read(&here, folder, instead)
            }
            (None, None) => Ok(Workspace::alone(folder, written)),
        }
    }

    fn alone(folder: &Path, written: Written) -> Workspace {
        let own = written.package.map(|manifest| Member { folder: folder.to_owned(), at: String::from("."), manifest });
        Workspace {
            folder: folder.to_owned(),
            own: own.as_ref().map(|_| 0),
            members: own.into_iter().collect(),
            shared: written.shared,
            declared: false,
        }
    }

    /// The package by itself, as it would be with this manifest: with what the workspace says for all, and none of the other
    /// members.
    pub fn only(&self, manifest: Manifest) -> Result<Workspace, Failure> {
        let member = Member { manifest, ..self.own()?.clone() };
        Ok(Workspace { members: vec![member], own: Some(0), ..self.clone() })
    }

    /// Somebody elsewhere, who depends on this and has none of the folders here: to be looked at, never to decide by.
    ///
    /// - `wanted`: what is depended on.
    /// - `elsewhere`: the registry of scopes of which nothing is said here.
    pub fn stranger(&self, wanted: &BTreeMap<Name, Range>, elsewhere: Option<&str>) -> Result<Workspace, Failure> {
        let lines: String = wanted.iter().map(|(name, range)| format!("\"{name}\" = \"{range}\"\n")).collect();
        let text = format!("[package]\nname = \"reader/reader\"\n[dependencies]\n{lines}");
        self.apart(manifest::read(FILE, &text)?, elsewhere)
    }

    /// One package with this manifest, which gets the others of the workspace from registries: to be looked at, never to decide by.
    ///
    /// - `elsewhere`: the registry of scopes of which nothing is said here.
    pub fn apart(&self, manifest: Manifest, elsewhere: Option<&str>) -> Result<Workspace, Failure> {
        let wanted: Vec<Name> = manifest.wanted().map(|(name, _)| name.clone()).collect();
        let mut other = self.only(manifest)?;
        if let Some(location) = elsewhere {
            other.shared.registries.entry(String::from("*")).or_insert_with(|| location.to_owned());
        }
        // Of what stands in folders here nobody needed to say whose signature counts.
        let scopes = self.members.iter().filter_map(Member::name).chain(wanted);
        scopes.for_each(|name| other.shared.look_at(name.scope()));
        Ok(other)
    }

    /// Whether the manifests on the disk say what these do.
    pub(crate) fn is_on_the_disk(&self) -> bool {
        let from = self.own.map_or(&self.folder, |own| &self.members[own].folder);
        Workspace::read(from).is_ok_and(|now| now.members == self.members && now.shared == self.shared)
    }

    /// The package in the folder that the workspace is seen from.
    ///
    /// # Errors
    /// Where that is the root of a workspace, and no package: which members there are.
    pub fn own(&self) -> Result<&Member, Failure> {
        if let Some(own) = self.own {
            return Ok(&self.members[own]);
        }
        const LISTED: usize = 6;
        let named = self.members.iter().take(LISTED).map(|one| format!("`--policy {}`", one.folder.display()));
        let more = if self.members.len() > LISTED { ", …" } else { "" };
        malformed(format!(
            "{}: this is the root of a workspace, and no package itself\n  help: name one of its {} members: {}{more}",
            self.folder.join(FILE).display(),
            self.members.len(),
            named.collect::<Vec<_>>().join(", ")
        ))
    }

    /// Whether it is seen from its root, and a `[workspace]` names its members: who asks there asks for all of them.
    pub fn is_whole(&self) -> bool {
        self.declared && self.own.is_none_or(|own| self.members[own].at == ".")
    }

    /// Whether there can be other members than the package itself.
    pub fn is_declared(&self) -> bool {
        self.declared
    }

    /// The member of a name.
    pub fn member(&self, name: &Name) -> Option<&Member> {
        self.members.iter().find(|one| one.manifest.package.name == name.as_str())
    }
}

/// The root of a workspace that was found, not yet read.
struct Root {
    folder: PathBuf,
    /// The same without links.
    whole: PathBuf,
    text: String,
}

/// The nearest workspace above a folder, where it names that folder: one that does not leaves it alone.
///
/// - `here`: the folder without links.
fn above(folder: &Path, here: &Path, instead: &Instead<'_>) -> Result<Option<Root>, Failure> {
    for (steps, whole) in here.ancestors().enumerate().skip(1) {
        if !whole.join(FILE).is_file() {
            continue;
        }
        let root = up(folder, steps, whole);
        let Some(text) = text(&root, instead)? else { continue };
        let shown = root.join(FILE).display().to_string();
        let Some(listed) = manifest::members(&shown, &text)? else { continue };
        let at = relative(whole, here).unwrap_or_default();
        let names = Members::parse(&shown, &text, &listed)?.name(&at);
        return Ok(names.then(|| Root { folder: root, whole: whole.to_owned(), text }));
    }
    Ok(None)
}

impl Root {
    /// - `here`: the folder that it is seen from, without links; `folder`: as it was named.
    fn read(self, here: &Path, folder: &Path, instead: &Instead<'_>) -> Result<Workspace, Failure> {
        let shown = self.folder.join(FILE).display().to_string();
        let written = manifest::written(&shown, &self.text)?;
        let listed = Members::parse(&shown, &self.text, &written.members.unwrap_or_default())?;
        let seen = |at: &str, named: PathBuf| if self.whole.join(at) == here { folder.to_owned() } else { named };
        let own = written.package.map(|manifest| Member {
            folder: seen("", self.folder.clone()),
            at: String::from("."),
            manifest,
        });
        let mut members: Vec<Member> = own.into_iter().collect();
        for at in listed.folders(&self.folder, &self.whole)? {
            let folder = seen(&at, beneath(&self.folder, &at));
            members.push(member(&self.folder, folder, at, instead)?);
        }
        if members.is_empty() {
            return malformed(format!(
                "{shown}: the workspace has no member\n  help: members = [\"policies/*\"] names the folders of packages"
            ));
        }
        let mut names: BTreeMap<&str, &Member> = BTreeMap::new();
        for one in &members {
            if let Some(other) = names.insert(&one.manifest.package.name, one) {
                return malformed(format!(
                    "{}: `{}` is the name of the package in {} too\n  help: in a workspace a name is one package; give one of them another",
                    one.folder.join(FILE).display(),
                    one.manifest.package.name,
                    other.folder.display()
                ));
            }
        }
        let own = members
            .iter()
            .position(|one| if one.at == "." { self.whole == here } else { self.whole.join(&one.at) == here });
        Ok(Workspace { folder: self.folder, members, shared: written.shared, declared: true, own })
    }
}

/// Reads a member's manifest. What counts for all members stands in the root alone.
fn member(root: &Path, folder: PathBuf, at: String, instead: &Instead<'_>) -> Result<Member, Failure> {
    let file = folder.join(FILE);
    let shown = file.display().to_string();
    // That it is there, `members` has seen.
    let said = text(&folder, instead)?.unwrap_or_default();
    if let Some(listed) = manifest::members(&shown, &said)? {
        let place = manifest::place(&said, listed.first().map_or(0, |one| one.span().start));
        return malformed(nested(&shown, &place, &root.join(FILE)));
    }
    let manifest = manifest::read(&shown, &said)?;
    if let Some(table) = manifest.shared().table() {
        let place = said.find(&format!("[{table}")).map(|at| format!(":{}", manifest::place(&said, at)));
        return malformed(format!(
            "{shown}{}: [{table}] of a workspace stands in its root, for all members\n  help: write it in {}",
            place.unwrap_or_default(),
            root.join(FILE).display()
        ));
    }
    for left in [lock::FILE, sums::FILE, install::VENDOR] {
        if folder.join(left).exists() {
            let advice =
                if left == sums::FILE { "add its lines to that one, and take it away" } else { "take it away" };
            return malformed(format!(
                "{}: of a workspace that of the root counts, for all members: {}\n  help: {advice}",
                folder.join(left).display(),
                root.join(left).display()
            ));
        }
    }
    Ok(Member { folder, at, manifest })
}

fn nested(shown: &str, place: &str, root: &Path) -> String {
    format!(
        "{shown}:{place}: a workspace in a workspace: {} names this folder as a member\n  help: take one of the two [workspace] out",
        root.display()
    )
}

/// What a manifest says; `None` where there is none.
fn text(folder: &Path, instead: &Instead<'_>) -> Result<Option<String>, Failure> {
    match instead.iter().find(|(other, _)| same(other, folder)) {
        Some((_, text)) => Ok(Some((*text).to_owned())),
        None => disk::text(&folder.join(FILE)),
    }
}

/// Whether two paths lead to one folder.
pub(crate) fn same(a: &Path, b: &Path) -> bool {
    fs::canonicalize(a).ok().zip(fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b)
}

/// A path below another, with `/`.
fn relative(above: &Path, below: &Path) -> Option<String> {
    let parts = below.strip_prefix(above).ok()?.components().map(|part| part.as_os_str().to_str());
    Some(parts.collect::<Option<Vec<&str>>>()?.join("/"))
}

/// A folder below one that may be `.`, as a person would write it.
fn beneath(folder: &Path, at: &str) -> PathBuf {
    let start = if folder == Path::new(".") { PathBuf::new() } else { folder.to_owned() };
    at.split('/').fold(start, |path, part| path.join(part))
}

/// The folder so many steps above one, as that one was named.
///
/// - `whole`: the same without links; taken where the name does not lead there.
fn up(folder: &Path, steps: usize, whole: &Path) -> PathBuf {
    let mut at = folder.to_owned();
    for _ in 0..steps {
        match at.components().next_back() {
            Some(Component::Normal(_)) => {
                at.pop();
            }
            None | Some(Component::CurDir) => at = PathBuf::from(".."),
            Some(_) => at.push(".."),
        }
    }
    if at.as_os_str().is_empty() {
        at.push(".");
    }
    if same(&at, whole) { at } else { whole.to_owned() }
}
