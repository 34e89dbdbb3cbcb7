//! Dependencies of which there is no choice: in folders, and in commits of repositories; and all that is asked for.
//!
//! INVARIANT: a commit that is locked is read by its digest, and by no other; one that is not is looked for only where the
//! lock may change.

use super::{Copies, Ways};
use crate::lock::{self, Lock, Locked};
use crate::manifest::{self, Git, Manifest, Origin, Wanted};
use crate::resolve::Asked;
use crate::workspace::{Member, same};
use crate::{Failure, Name, Tree, Version, Workspace, disk, git, malformed, store, trust};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is known without looking at a lock: the packages in folders, and what they and the members ask for.
pub(super) struct Local {
    pub(super) folders: BTreeMap<Name, Folder>,
    /// Who asks, for what: manifests of members, and other packages in folders and in commits.
    pub(super) asked: Vec<Asked>,
    copies: Copies,
}

/// A package of which there is no choice: in a folder, or in a commit.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Read when somebody needs it; of a commit it is there.
    tree: OnceCell<Tree>,
    pub(super) manifest: Manifest,
    pub(super) version: Version,
    /// Of one in a repository: what the lock calls it.
    pub(super) commit: Option<String>,
    /// Whether it is a member of the workspace.
    member: bool,
}

impl Local {
    /// # Errors
    /// Also where somebody asks for another version than stands in a folder.
    pub(super) fn of(
        workspace: &Workspace,
        ways: &Ways,
        lock: Option<&Lock>,
        copies: Copies,
    ) -> Result<Local, Failure> {
        let mut local = Local { folders: BTreeMap::new(), asked: Vec::new(), copies };
        // Whoever names a member means that member, wherever else there is one of its name.
        for member in &workspace.members {
            if let Some(name) = member.name() {
                local.folders.insert(name, Folder::of_member(member)?);
            }
        }
        for member in &workspace.members {
            local.follow(workspace, &member.shown(), Some(&member.folder), member.manifest.wanted(), ways, lock)?;
        }
        let refused = local.asked.iter().find_map(|asked| local.refuses(asked));
        refused.map_or(Ok(local), malformed)
    }

    /// What the members ask for: no package is called like a manifest.
    pub(super) fn own(&self) -> Vec<Asked> {
        self.asked.iter().filter(|one| one.who.ends_with("writ.toml")).cloned().collect()
    }

    /// - `from`: the folder that paths are seen from; none in a repository, which has no folder beside it.
    fn follow<'w>(
        &mut self,
        workspace: &Workspace,
        who: &str,
        from: Option<&Path>,
        wanted: impl Iterator<Item = (&'w Name, &'w Wanted)>,
        ways: &Ways,
        lock: Option<&Lock>,
    ) -> Result<(), Failure> {
        for (name, Wanted { range, origin }) in wanted {
            let any = range.to_string() == "*";
            self.asked.push(Asked { who: who.to_owned(), name: name.clone(), range: range.clone() });
            match (origin, from) {
                (Origin::Registry, _) => {
                    if let Some(folder) = self.folders.get(name) {
                        folder.readable(ways)?;
                    }
                }
                (Origin::Path(path), Some(from)) => self.folder(workspace, (who, from), (name, path), ways, lock)?,
                // Its author has it in a folder; who gets it from elsewhere takes the release.
                (Origin::Path(_), None) if !any => {}
                (Origin::Path(_), None) => {
                    return malformed(format!(
                        "{who}: `{name}` is in a folder, which others do not have\n  help: its author writes the range of its releases beside it"
                    ));
                }
                (Origin::Git(git), from) => {
                    self.commit(workspace, (who, from.unwrap_or(Path::new("."))), (name, git), ways, lock)?;
                }
            }
        }
        Ok(())
    }

    fn commit(
        &mut self,
        workspace: &Workspace,
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
            Some((Locked { digest: Some(digest), version, .. }, (_, commit))) => {
                let copied = self.copies.of(workspace, (name, version.as_ref()), digest)?;
                let (kept, damaged) = match copied.map(|(tree, _)| tree).ok_or_else(|| ways.store.look(digest)) {
                    Ok(tree) | Err(store::Found::Whole(tree, _)) => (Some(tree), false),
                    Err(store::Found::Damaged) => (None, true),
                    Err(store::Found::Nothing) => (None, false),
                };
                let tree = match kept {
                    Some(tree) => tree,
                    None => {
                        git::at(&ways.store, place, commit, from, ways.offline).map_err(|failure| match failure {
                            Failure::Malformed(why) if damaged => Failure::Malformed(format!(
                                "{name} was damaged on this machine, in {}: {why}",
                                ways.store.folder(digest).display()
                            )),
                            failure => failure,
                        })?
                    }
                };
                if tree.digest() != *digest {
                    return malformed(format!(
                        "{name}: its files at {commit} are not what was locked: they have {}, and {digest} is locked",
                        tree.digest()
                    ));
                }
                if damaged {
                    ways.store.healed(name.as_str(), &place.url);
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
        let version = manifest.package.number()?;
        trust::verify(&workspace.shared, name, &version, &tree.digest(), None)?;
        let path = ways.store.put(&tree, None)?;
        let commit = Some(format!("{shown}#{commit}"));
        let folder =
            Folder { path, tree: OnceCell::from(tree), manifest: manifest.clone(), version, commit, member: false };
        folder.readable(ways)?;
        self.folders.insert(name.clone(), folder);
        self.follow(workspace, name.as_str(), None, manifest.dependencies.iter(), ways, lock)
    }

    fn folder(
        &mut self,
        workspace: &Workspace,
        (who, from): (&str, &Path),
        (name, path): (&Name, &str),
        ways: &Ways,
        lock: Option<&Lock>,
    ) -> Result<(), Failure> {
        let at = from.join(path);
        if let Some(known) = self.folders.get(name) {
            if same(&known.path, &at) {
                return known.readable(ways);
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
        let version = manifest.package.number()?;
        let (path, tree) = (at.clone(), OnceCell::new());
        let folder = Folder { path, tree, manifest: manifest.clone(), version, commit: None, member: false };
        folder.readable(ways)?;
        self.folders.insert(name.clone(), folder);
        self.follow(workspace, name.as_str(), Some(&at), manifest.dependencies.iter(), ways, lock)
    }

    pub(super) fn asks_for(&self, name: &Name) -> bool {
        self.asked.iter().any(|asked| asked.name == *name)
    }

    /// Whether anything must be locked that is not in a folder.
    pub(super) fn wants_more(&self) -> bool {
        self.asked.iter().any(|asked| self.folders.get(&asked.name).is_none_or(|folder| folder.commit.is_some()))
    }

    /// The lock where everything is in folders.
    pub(super) fn lock(&self) -> Lock {
        let asked = self.folders.iter().filter(|(name, _)| self.asks_for(name));
        Lock::new(asked.map(|(name, folder)| folder.locked(name)).collect())
    }

    fn refuses(&self, Asked { who, name, range }: &Asked) -> Option<String> {
        let Folder { path, version, member, .. } = self.folders.get(name)?;
        let (at, help) =
            (path.display(), if *member { "a member is what its folder says" } else { "or no version at all" });
        let written = if *member {
            format!("`\"{name}\" = \"{version}\"`")
        } else {
            format!("`\"{name}\" = {{ path = \"…\", version = \"{version}\" }}`")
        };
        let place = if *member { format!("in {at}, a member of this workspace,") } else { format!("in {at}") };
        (!range.takes(version)).then(|| {
            format!("{who} asks for {name} \"{range}\", and {place} it is {version}\n  help: {written}, {help}")
        })
    }
}

impl Folder {
    fn of_member(member: &Member) -> Result<Folder, Failure> {
        Ok(Folder {
            path: member.folder.clone(),
            tree: OnceCell::new(),
            manifest: member.manifest.clone(),
            version: member.manifest.package.number()?,
            commit: None,
            member: true,
        })
    }

    pub(super) fn tree(&self) -> Result<&Tree, Failure> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree);
        }
        let tree = Tree::of_sources(&self.path)?;
        Ok(self.tree.get_or_init(|| tree))
    }

    pub(super) fn locked(&self, name: &Name) -> Locked {
        Locked {
            name: name.clone(),
            source: self.commit.clone().unwrap_or_else(|| String::from("path")),
            version: self.commit.as_ref().map(|_| self.version.clone()),
            digest: self.commit.as_ref().and(self.tree.get()).map(Tree::digest),
            oci: None,
            key: None,
            dependencies: self.manifest.dependencies.keys().cloned().collect(),
        }
    }

    /// Whether this writ reads it.
    fn readable(&self, ways: &Ways) -> Result<(), Failure> {
        let place = match &self.commit {
            Some(commit) => format!("{} at {commit}", self.manifest.package.name),
            None => self.path.join("writ.toml").display().to_string(),
        };
        readable(&place, &self.manifest, ways)
    }
}

/// Whether this writ reads a package.
///
/// - `place`: where it stands, for messages only.
pub(super) fn readable(place: &str, manifest: &Manifest, ways: &Ways) -> Result<(), Failure> {
    match &manifest.package.writ {
        Some(least) if *least > ways.writ => {
            malformed(format!("{place}: it needs writ {least}, and this is {}", ways.writ))
        }
        _ => Ok(()),
    }
}
