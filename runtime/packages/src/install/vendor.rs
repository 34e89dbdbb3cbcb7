//! Copies of packages beside the manifest, read in place of everything else.
//!
//! Other tools keep copies in a folder of that name too. Which of them are ours stands in a file beside them, so that it
//! comes along wherever they are kept.
//!
//! Read downwards: [`vendor`] copies, `Ours` is which copies are ours, `Copies` what one is to whoever reads.
//!
//! INVARIANT: a copy is what was locked, to the byte and with nothing beside it, or nobody reads it. Nothing is taken away that
//! was not put there, and a copy takes its place whole.

use super::{Installed, Turn, Ways, there};
use crate::store::discard;
use crate::{Failure, Name, Tree, Version, Workspace, disk, malformed, trust};
use program::Digest;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the copies.
pub const VENDOR: &str = "vendor";
/// The file in it that names them, a line each.
const OURS: &str = "writ.copies";

/// Copies every package of a workspace that is not in a folder beside its root's manifest, and takes away copies of others.
///
/// A copy that is not what was locked any more, or whose signature is gone, is written anew; one that is right is left as it is
/// and enough by itself, so that what lies there needs neither a store nor a network.
///
/// - returns: the names of what is copied there.
///
/// # Errors
/// Also where something else stands where a copy goes; then nothing was changed.
pub fn vendor(workspace: &Workspace, ways: &Ways, _turn: &Turn) -> Result<Vec<Name>, Failure> {
    let ways = Ways { locked: true, ..ways.clone() };
    let mut all = there(workspace, &ways, &workspace.members, Copies::Help)?;
    all.retain(|one| !one.in_folder);
    let names: BTreeSet<Name> = all.iter().map(|one| one.name.clone()).collect();
    let folder = workspace.folder.join(VENDOR);
    let ours = Ours::read(&folder)?;
    all.iter().try_for_each(|one| ours.leave_room(one))?;
    let notes: Vec<Option<Vec<u8>>> = all.iter().map(|one| note(workspace, &ways, one)).collect();
    let gone: Vec<&Name> = ours.names.iter().filter(|name| !names.contains(name)).collect();
    // A copy counts as ours before it is there, and until it is gone, also where this is ended between.
    ours.write(&ours.names.union(&names).cloned().collect())?;
    ours.sweep(&names);
    for (one, note) in all.iter().zip(&notes) {
        place(&folder, one, note.as_deref())?;
    }
    gone.into_iter().try_for_each(|name| take_away(&folder, name))?;
    ours.write(&names)?;
    Ok(names.into_iter().collect())
}

/// Puts a copy in its place, its signature before it: who reads it meanwhile sees all of it or none.
fn place(folder: &Path, one: &Installed, note: Option<&[u8]>) -> Result<(), Failure> {
    let (place, signature) = places(folder, &one.name);
    let right = Tree::of_folder(&place).is_ok_and(|there| there.digest() == one.tree.digest());
    let part = disk::beside(&place);
    let old = disk::beside(&place);
    let placed = || {
        if !right {
            one.tree.lay(&part)?;
            if fs::symlink_metadata(&place).is_ok() {
                fs::rename(&place, &old).map_err(|e| disk::fault(&place, &e))?;
            }
        }
        match note {
            Some(note) if fs::read(&signature).is_ok_and(|there| there == note) => {}
            Some(note) => disk::write(&signature, note)?,
            None => discard(&signature)?,
        }
        if right { Ok(()) } else { fs::rename(&part, &place).map_err(|e| disk::fault(&place, &e)) }
    };
    placed().and_then(|()| discard(&old)).inspect_err(|_| {
        let _ = discard(&part);
        if fs::symlink_metadata(&place).is_err() {
            let _ = fs::rename(&old, &place);
        }
    })
}

/// Takes a copy away that nobody needs any more. What somebody else put in its place stays.
fn take_away(folder: &Path, name: &Name) -> Result<(), Failure> {
    let (place, signature) = places(folder, name);
    if fs::symlink_metadata(&place).is_ok() {
        if !is_policy(&place) {
            return Ok(());
        }
        let old = disk::beside(&place);
        fs::rename(&place, &old).map_err(|e| disk::fault(&place, &e))?;
        discard(&old)?;
    }
    if signature.is_file() {
        discard(&signature)?;
    }
    // Somebody else may keep something there.
    let _ = fs::remove_dir(folder.join(name.scope()));
    Ok(())
}

/// Where the copy of a package stands, and its signature.
fn places(folder: &Path, name: &Name) -> (PathBuf, PathBuf) {
    (folder.join(name.as_str()), folder.join(format!("{name}.sig")))
}

/// Whether a folder could be a copy of ours, damaged or not: it holds policies, or nothing.
fn is_policy(place: &Path) -> bool {
    let (mut open, mut empty) = (vec![place.to_owned()], true);
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let is_folder = fs::symlink_metadata(&path).is_ok_and(|there| there.is_dir());
            if path.file_name().is_some_and(|name| name == "writ.toml") || path.extension().is_some_and(|e| e == "writ")
            {
                return true;
            }
            if is_folder {
                open.push(path);
            } else {
                empty = false;
            }
        }
    }
    empty
}

/// Which copies are ours.
struct Ours {
    folder: PathBuf,
    names: BTreeSet<Name>,
}

impl Ours {
    /// What the file says. Where there is none, an earlier writ may have copied: then they are those that say their own name.
    fn read(folder: &Path) -> Result<Ours, Failure> {
        if fs::symlink_metadata(folder).is_ok() && !folder.is_dir() {
            return malformed(format!(
                "{}: copies go into a folder of that name, and this is none\n  help: move it away",
                folder.display()
            ));
        }
        let names = match disk::text(&folder.join(OURS)) {
            Ok(Some(text)) => text.lines().filter_map(|line| Name::parse(line).ok()).collect(),
            Ok(None) | Err(_) => named_by_themselves(folder),
        };
        Ok(Ours { folder: folder.to_owned(), names })
    }

    /// Writes which are, from now on; where none is, nothing of ours is left.
    fn write(&self, names: &BTreeSet<Name>) -> Result<(), Failure> {
        let path = self.folder.join(OURS);
        if names.is_empty() {
            discard(&path)?;
            // Somebody else may keep something there.
            let _ = fs::remove_dir(&self.folder);
            return Ok(());
        }
        let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
        let text = format!("# What `writ vendor` copied here; it takes nothing else away.\n{lines}");
        if fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
            return Ok(());
        }
        disk::write(&path, text.as_bytes())
    }

    /// Refuses what somebody else put where a copy goes.
    fn leave_room(&self, one: &Installed) -> Result<(), Failure> {
        let (place, signature) = places(&self.folder, &one.name);
        let scope = self.folder.join(one.name.scope());
        let refuse = |path: &Path| {
            malformed(format!(
                "{}: here goes the copy of {}, and something else stands here, which `writ vendor` did not write\n  help: move it away; nothing was changed",
                path.display(),
                one.name
            ))
        };
        let there = |path: &Path| fs::symlink_metadata(path).is_ok();
        if there(&scope) && !scope.is_dir() {
            return refuse(&scope);
        }
        if there(&signature) && !signature.is_file() {
            return refuse(&signature);
        }
        let known = self.names.contains(&one.name) && (!place.is_dir() || is_policy(&place));
        if known || !there(&place) || looks_like(&place, &one.tree) { Ok(()) } else { refuse(&place) }
    }

    /// Clears away what killed commands left.
    fn sweep(&self, names: &BTreeSet<Name>) {
        let ours: BTreeSet<&Name> = self.names.union(names).collect();
        let scopes: BTreeSet<&str> = ours.iter().map(|name| name.scope()).collect();
        for folder in scopes.into_iter().map(|scope| self.folder.join(scope)).chain([self.folder.clone()]) {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| is_part(name, &ours))) {
                // It is in nobody's way.
                let _ = discard(&entry.path());
            }
        }
    }
}

/// Whether a name is that of something of ours that was being written: `words.417-2.part`.
fn is_part(name: &str, ours: &BTreeSet<&Name>) -> bool {
    let parts = name.strip_suffix(".part").and_then(|rest| rest.rsplit_once('.'));
    let Some((stem, (process, number))) = parts.and_then(|(stem, by)| Some((stem, by.split_once('-')?))) else {
        return false;
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let short = stem.strip_suffix(".sig").unwrap_or(stem);
    digits(process) && digits(number) && (stem == OURS || ours.iter().any(|name| name.short() == short))
}

/// Whether a folder is a copy of a package, of which files may be bent or gone.
fn looks_like(place: &Path, tree: &Tree) -> bool {
    is_policy(place)
        && Tree::of_folder(place).is_ok_and(|there| there.files().all(|(path, _)| tree.file(path).is_some()))
}

/// The folders of which the manifest says the name that they stand under.
fn named_by_themselves(folder: &Path) -> BTreeSet<Name> {
    let within = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let named = |place: PathBuf| {
        let parts = [place.parent()?.file_name()?.to_str()?, place.file_name()?.to_str()?];
        let name = Name::parse(&parts.join("/")).ok()?;
        let manifest: toml::Table = disk::text(&place.join("writ.toml")).ok()??.parse().ok()?;
        (manifest.get("package")?.get("name")?.as_str()? == name.as_str()).then_some(name)
    };
    within(folder).flat_map(|scope| within(&scope)).filter_map(named).collect()
}

/// The signature of a package: what lies in the copy or in the store, the first that is believed.
fn note(workspace: &Workspace, ways: &Ways, one: &Installed) -> Option<Vec<u8>> {
    let digest = one.tree.digest();
    let copied = vendored_note(&workspace.folder, &one.name).ok().flatten();
    let kept = ways.store.get(&digest).and_then(|(_, note)| note).filter(|note| !note.is_empty());
    let believed = |note: &Vec<u8>| {
        trust::verify(&workspace.shared, &one.name, &one.version, &digest, Some(note.as_slice())).is_ok()
    };
    copied.into_iter().chain(kept).find(believed)
}

/// What a copy beside the manifest is to whoever reads what is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copies {
    /// Read in place of everything else: one that is not what was locked is refused.
    Count,
    /// Read where it is right: it is about to be written anew, or the lock is.
    Help,
}

impl Copies {
    /// The copy of a package beside the manifest.
    ///
    /// - `version`: for messages only.
    /// - returns: `None` where there is none, or where it is another and no harm.
    pub(super) fn of(
        self,
        workspace: &Workspace,
        (name, version): (&Name, Option<&Version>),
        digest: &Digest,
    ) -> Result<Option<(Tree, PathBuf)>, Failure> {
        let copy = workspace.folder.join(VENDOR).join(name.as_str());
        let mut why = String::new();
        // Another may have been put in its place while it was read.
        for _ in 0..3 {
            if fs::symlink_metadata(&copy).is_err() {
                return Ok(None);
            }
            why = match Tree::of_folder(&copy) {
                Ok(tree) if tree.digest() == *digest => return Ok(Some((tree, copy))),
                _ if self == Copies::Help => return Ok(None),
                Ok(tree) => format!("it has {}, and {digest} is locked", tree.digest()),
                Err(Failure::Malformed(why) | Failure::Fault(why)) => why,
            };
        }
        let version = version.map(|version| format!(" {version}")).unwrap_or_default();
        malformed(format!(
            "{}: this copy of {name}{version} is not what was locked: {why}\n  help: `writ vendor` copies it anew; to change a package, depend on a folder of your own",
            copy.display()
        ))
    }
}

pub(super) fn vendored_note(root: &Path, name: &Name) -> Result<Option<Vec<u8>>, Failure> {
    let path = root.join(VENDOR).join(format!("{name}.sig"));
    if path.is_file() { Ok(Some(disk::read_bounded(&path, 1 << 20)?)) } else { Ok(None) }
}
