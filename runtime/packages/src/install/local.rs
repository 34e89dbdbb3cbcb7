//! Dependencies of which there is no choice: in folders, and in commits of repositories; and all that is asked for.
//!
//! INVARIANT: a commit that is locked is read by its digest, and by no other; one that is not is looked for only where the
//! lock may change.

use super::{Root, Ways, vendored};
use crate::lock::{self, Lock, Locked};
use crate::manifest::{self, Git, Manifest, Origin, Wanted};
use crate::{Failure, Name, Range, Tree, Version, disk, git, malformed, trust};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What is known without looking at a lock: the packages in folders, and what they and the root ask for.
pub(super) struct Local {
    pub(super) folders: BTreeMap<Name, Folder>,
    /// Who asks, for what.
    pub(super) asked: Vec<(String, Name, Range)>,
}

/// A package of which there is no choice: in a folder, or in a commit.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) tree: Tree,
    pub(super) manifest: Manifest,
    pub(super) version: Version,
    /// Of one in a repository: what the lock calls it.
    pub(super) commit: Option<String>,
}

impl Local {
    pub(super) fn of(root: &Root, ways: &Ways, lock: Option<&Lock>) -> Result<Local, Failure> {
        let mut local = Local { folders: BTreeMap::new(), asked: Vec::new() };
        let own: Vec<(Name, Wanted)> = root.manifest.wanted().map(|(n, w)| (n.clone(), w.clone())).collect();
        local.follow(root, "writ.toml", Some(&root.folder), own, ways, lock)?;
        Ok(local)
    }

    /// - `from`: the folder that paths are seen from; none in a repository, which has no folder beside it.
    fn follow(
        &mut self,
        root: &Root,
        who: &str,
        from: Option<&Path>,
        wanted: Vec<(Name, Wanted)>,
        ways: &Ways,
        lock: Option<&Lock>,
    ) -> Result<(), Failure> {
        for (name, Wanted { range, origin }) in wanted {
            let any = range.to_string() == "*";
            self.asked.push((who.to_owned(), name.clone(), range));
            match (origin, from) {
                (Origin::Registry, _) => {}
                (Origin::Path(path), Some(from)) => self.folder(root, (who, from), (&name, &path), ways, lock)?,
                // Its author has it in a folder; who gets it from elsewhere takes the release.
                (Origin::Path(_), None) if !any => {}
                (Origin::Path(_), None) => {
                    return malformed(format!(
                        "{who}: `{name}` is in a folder, which others do not have\n  help: its author writes the range of its releases beside it"
                    ));
                }
                (Origin::Git(git), from) => {
                    self.commit(root, (who, from.unwrap_or(Path::new("."))), (&name, &git), ways, lock)?;
                }
            }
        }
        Ok(())
    }

    fn commit(
        &mut self,
        root: &Root,
        (who, from): (&str, &Path),
        (name, place): (&Name, &Git),
        ways: &Ways,
        lock: Option<&Lock>,
    ) -> Result<(), Failure> {
        let shown = place.shown();
        if let Some(known) = self.folders.get(name) {
            if known.commit.as_ref().is_some_and(|commit| commit.split('#').next() == Some(&shown)) {
                return Ok(());
            }
            return malformed(format!("{who}: `{name}` is asked for in {shown} and elsewhere; a name is one package"));
        }
        let pinned = lock.and_then(|lock| lock.get(name)).and_then(|one| Some((one, one.source.split_once('#')?)));
        let pinned = pinned.filter(|(_, (source, _))| *source == shown);
        let (commit, tree) = match pinned {
            Some((Locked { digest: Some(digest), .. }, (_, commit))) => {
                let copy = vendored(root, name)?.filter(|tree| tree.digest() == *digest);
                let kept = match copy {
                    Some(tree) => Some(tree),
                    None => ways.store.get(digest)?.map(|(tree, _)| tree),
                };
                let tree = match kept {
                    Some(tree) => tree,
                    None => git::at(&ways.store, place, commit, from, ways.offline)?,
                };
                if tree.digest() != *digest {
                    return malformed(format!(
                        "{name}: its files at {commit} are not what was locked: they have {}, and {digest} is locked",
                        tree.digest()
                    ));
                }
                (commit.to_owned(), tree)
            }
            _ if ways.locked || ways.offline => {
                return malformed(format!(
                    "{}: no commit of {shown} is locked for {name}\n  help: run `writ update` with a network and without --locked",
                    lock::FILE
                ));
            }
            _ => git::newest(&ways.store, place, from)?,
        };
        let manifest = manifest::read(&format!("{name} at {commit}: writ.toml"), tree.text("writ.toml")?)?;
        if manifest.package.name != name.as_str() {
            return malformed(format!("{who}: `{name}`: the package in {shown} is `{}`", manifest.package.name));
        }
        readable(&manifest, &ways.writ).map_err(|why| Failure::Malformed(format!("{name} at {commit}: {why}")))?;
        let version = manifest.package.number()?;
        trust::verify(&root.manifest, name, &version, &tree.digest(), None)?;
        let path = ways.store.put(&tree, None)?;
        let asks: Vec<(Name, Wanted)> = manifest.dependencies.iter().map(|(n, w)| (n.clone(), w.clone())).collect();
        let commit = Some(format!("{shown}#{commit}"));
        self.folders.insert(name.clone(), Folder { path, tree, manifest, version, commit });
        self.follow(root, name.as_str(), None, asks, ways, lock)
    }

    fn folder(
        &mut self,
        root: &Root,
        (who, from): (&str, &Path),
        (name, path): (&Name, &str),
        ways: &Ways,
        lock: Option<&Lock>,
    ) -> Result<(), Failure> {
        let at = from.join(path);
        let same =
            |a: &Path, b: &Path| fs::canonicalize(a).ok().zip(fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b);
        if let Some(known) = self.folders.get(name) {
            if same(&known.path, &at) {
                return Ok(());
            }
            return malformed(format!(
                "{who}: `{name}` is in {}, and another asks for it in {}\n  help: a name is one package; let both name one folder",
                at.display(),
                known.path.display()
            ));
        }
        let file = at.join("writ.toml");
        let Some(text) = disk::text(&file)? else {
            return malformed(format!("{who}: `{name}`: there is no writ.toml in {}", at.display()));
        };
        let manifest = manifest::read(&file.display().to_string(), &text)?;
        if manifest.package.name != name.as_str() {
            return malformed(format!(
                "{who}: `{name}`: the package in {} is `{}`\n  help: depend on it by that name",
                at.display(),
                manifest.package.name
            ));
        }
        readable(&manifest, &ways.writ).map_err(|why| Failure::Malformed(format!("{}: {why}", file.display())))?;
        let (version, tree) = (manifest.package.number()?, Tree::of_sources(&at)?);
        let asks: Vec<(Name, Wanted)> = manifest.dependencies.iter().map(|(n, w)| (n.clone(), w.clone())).collect();
        self.folders.insert(name.clone(), Folder { path: at.clone(), tree, manifest, version, commit: None });
        self.follow(root, name.as_str(), Some(&at), asks, ways, lock)
    }

    pub(super) fn asks_for(&self, name: &Name) -> bool {
        self.asked.iter().any(|(_, asked, _)| asked == name)
    }

    /// Whether anything must be locked that is not in a folder.
    pub(super) fn wants_more(&self) -> bool {
        self.asked.iter().any(|(_, name, _)| self.folders.get(name).is_none_or(|folder| folder.commit.is_some()))
    }

    /// The lock where everything is in folders.
    pub(super) fn lock(&self) -> Result<Lock, Failure> {
        if let Some(why) = self.asked.iter().find_map(|ask| self.refuses(ask)) {
            return malformed(why);
        }
        Ok(Lock::new(self.folders.iter().map(|(name, folder)| folder.locked(name)).collect()))
    }

    pub(super) fn refuses(&self, (who, name, range): &(String, Name, Range)) -> Option<String> {
        let folder = self.folders.get(name)?;
        (!range.takes(&folder.version)).then(|| {
            format!(
                "{who} asks for {name} \"{range}\", and in {} it is {}\n  help: `\"{name}\" = {{ path = \"…\", version = \"{}\" }}`, or no version at all",
                folder.path.display(),
                folder.version,
                folder.version
            )
        })
    }
}

impl Folder {
    pub(super) fn locked(&self, name: &Name) -> Locked {
        Locked {
            name: name.clone(),
            source: self.commit.clone().unwrap_or_else(|| String::from("path")),
            version: self.commit.as_ref().map(|_| self.version.clone()),
            digest: self.commit.as_ref().map(|_| self.tree.digest()),
            oci: None,
            key: None,
            dependencies: self.manifest.dependencies.keys().cloned().collect(),
        }
    }
}

/// Whether this writ reads a package.
fn readable(manifest: &Manifest, ours: &Version) -> Result<(), String> {
    match &manifest.package.writ {
        Some(least) if least > ours => Err(format!("it needs writ {least}, and this is {ours}")),
        _ => Ok(()),
    }
}
