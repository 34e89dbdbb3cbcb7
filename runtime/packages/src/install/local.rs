//! Dependencies of which there is no choice: in folders, and in commits of repositories; and all that is asked for.
//!
//! Read downwards: `Local::of` reads all of it or says why not, `Local::seen` goes on past commits that cannot be read.
//!
//! INVARIANT: a commit that is locked is read by its digest, and by no other; one that is not is looked for only where the
//! lock may change. What stands beside a package in its repository is read of the same commit, and of nothing outside of it.

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
    /// Commits that could not be read, and why, where that keeps nobody from being told of the others.
    pub(super) missing: BTreeMap<Name, (Pinned, Failure)>,
    copies: Copies,
    /// Whether it goes on past a commit that cannot be read.
    goes_on: bool,
}

/// A package of which there is no choice: in a folder, or in a commit.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Read when somebody needs it; of a commit it is there.
    tree: OnceCell<Tree>,
    pub(super) manifest: Manifest,
    pub(super) version: Version,
    /// Of one in a repository: where.
    pub(super) commit: Option<Pinned>,
    /// Whether it is a member of the workspace.
    member: bool,
}

/// A commit of a repository.
#[derive(Clone)]
pub(super) struct Pinned {
    pub(super) place: Git,
    pub(super) commit: String,
    /// What the address is seen from, where it is a folder.
    pub(super) from: PathBuf,
    /// Of one that another package of the same commit names by its folder: that package, or the one that this stands beside.
    pub(super) beside: Option<Name>,
}

/// The commit that a package must be of, and the package beside which it stands.
type Same<'p> = (&'p str, &'p Name);

impl Pinned {
    /// What a lock calls it.
    fn source(&self) -> String {
        format!("{}#{}", self.place.shown(), self.commit)
    }
}

/// What the folders are seen from that a manifest names.
#[derive(Clone, Copy)]
enum Stands<'p> {
    Folder(&'p Path),
    /// The folder of a package in a commit.
    Commit(&'p Name, &'p Pinned),
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
        Local::read(workspace, ways, lock, copies, false)
    }

    /// The same, without the commits that cannot be read, or that nobody believes.
    pub(super) fn seen(workspace: &Workspace, ways: &Ways, lock: &Lock) -> Result<Local, Failure> {
        Local::read(workspace, ways, Some(lock), Copies::Help, true)
    }

    fn read(
        workspace: &Workspace,
        ways: &Ways,
        lock: Option<&Lock>,
        copies: Copies,
        goes_on: bool,
    ) -> Result<Local, Failure> {
        let mut local =
            Local { folders: BTreeMap::new(), asked: Vec::new(), missing: BTreeMap::new(), copies, goes_on };
        // Whoever names a member means that member, wherever else there is one of its name.
        for member in &workspace.members {
            if let Some(name) = member.name() {
                local.folders.insert(name, Folder::of_member(member)?);
            }
        }
        for member in &workspace.members {
            let stands = Stands::Folder(&member.folder);
            local.follow(workspace, &member.shown(), stands, member.manifest.wanted(), ways, lock)?;
        }
        let refused = local.asked.iter().find_map(|asked| local.refuses(asked));
        refused.map_or(Ok(local), malformed)
    }

    /// What the members ask for: no package is called like a manifest.
    pub(super) fn own(&self) -> Vec<Asked> {
        self.asked.iter().filter(|one| one.who.ends_with("writ.toml")).cloned().collect()
    }

    fn follow<'w>(
        &mut self,
        workspace: &Workspace,
        who: &str,
        stands: Stands<'_>,
        wanted: impl Iterator<Item = (&'w Name, &'w Wanted)>,
        ways: &Ways,
        lock: Option<&Lock>,
    ) -> Result<(), Failure> {
        for (name, Wanted { range, origin }) in wanted {
            let any = range.to_string() == "*";
            self.asked.push(Asked { who: who.to_owned(), name: name.clone(), range: range.clone() });
            match (origin, stands) {
                (Origin::Registry, _) => {
                    if let Some(folder) = self.folders.get(name) {
                        folder.readable(ways)?;
                    }
                }
                (Origin::Path(path), Stands::Folder(from)) => {
                    self.folder(workspace, (who, from), (name, path), ways, lock)?;
                }
                // Its author has it in a folder; who gets it from elsewhere takes the release.
                (Origin::Path(_), Stands::Commit(..)) if !any => {}
                (Origin::Path(path), Stands::Commit(own, pinned)) => {
                    let place = beside((who, pinned), (name, path))?;
                    let through = pinned.beside.as_ref().unwrap_or(own);
                    self.commit(
                        workspace,
                        (who, &pinned.from),
                        (name, &place),
                        Some((&pinned.commit, through)),
                        ways,
                        lock,
                    )?;
                }
                // Whoever asks, it is one repository where it leads to one.
                (Origin::Git(git), Stands::Folder(from)) => {
                    let git = git.seen_from(from, &workspace.folder)?;
                    self.commit(workspace, (who, &workspace.folder), (name, &git), None, ways, lock)?;
                }
                (Origin::Git(git), Stands::Commit(..)) if git.is_relative() => {
                    return malformed(format!(
                        "{who}: `{name}` is asked for in the repository {}, a folder seen from one that is itself in a repository, so that nobody knows where it is\n  \
                         help: its author names an address that others reach too",
                        git.url
                    ));
                }
                (Origin::Git(git), Stands::Commit(..)) => {
                    self.commit(workspace, (who, &workspace.folder), (name, git), None, ways, lock)?;
                }
            }
        }
        Ok(())
    }

    /// - `same`: none where it is asked for by its repository.
    fn commit(
        &mut self,
        workspace: &Workspace,
        (who, from): (&str, &Path),
        (name, place): (&Name, &Git),
        same: Option<Same<'_>>,
        ways: &Ways,
        lock: Option<&Lock>,
    ) -> Result<(), Failure> {
        let shown = place.shown();
        if let Some(known) = self.folders.get(name) {
            let there = known.commit.as_ref().filter(|known| known.place.shown() == shown);
            return match (there, same) {
                (Some(known), Some((commit, _))) if known.commit != commit => malformed(format!(
                    "{who}: `{name}` is in a folder beside it, at {commit} of {}, and {} is asked for elsewhere\n  help: `writ update` takes both of one commit",
                    place.url, known.commit
                )),
                (Some(_), _) => Ok(()),
                (None, _) => {
                    let other = known.commit.as_ref().map(|known| known.place.shown());
                    let other = other.unwrap_or_else(|| known.path.display().to_string());
                    malformed(format!(
                        "{who}: `{name}` is asked for in {shown}, and another asks for it in {other}\n  help: a name is one package; let both name one place"
                    ))
                }
            };
        }
        let found = lock.and_then(|lock| lock.get(name)).and_then(|one| Some((one, one.source.split_once('#')?)));
        let found =
            found.filter(|(_, (source, commit))| *source == shown && same.is_none_or(|(same, _)| same == *commit));
        let known = found.map(|(one, (_, commit))| (one, commit));
        let folder = self.committed(workspace, (who, from), (name, place), (known, same), ways);
        let folder = match (folder, known) {
            (Err(why), Some((_, commit))) if self.goes_on => {
                let pinned = Pinned {
                    place: place.clone(),
                    commit: commit.to_owned(),
                    from: from.to_owned(),
                    beside: same.map(|(_, beside)| beside.clone()),
                };
                self.missing.insert(name.clone(), (pinned, why));
                return Ok(());
            }
            (folder, _) => folder?,
        };
        let (manifest, pinned) = (folder.manifest.clone(), folder.commit.clone());
        self.folders.insert(name.clone(), folder);
        let pinned = pinned.expect("bug: what was read of a commit says which");
        let stands = Stands::Commit(name, &pinned);
        self.follow(workspace, name.as_str(), stands, manifest.dependencies.iter(), ways, lock)
    }

    /// - `known`: what is locked of it, and its commit.
    fn committed(
        &self,
        workspace: &Workspace,
        (who, from): (&str, &Path),
        (name, place): (&Name, &Git),
        (known, same): (Option<(&Locked, &str)>, Option<Same<'_>>),
        ways: &Ways,
    ) -> Result<Folder, Failure> {
        let shown = place.shown();
        let (commit, tree) = match (known, same) {
            (Some((Locked { digest: Some(digest), version, .. }, commit)), _) => {
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
            _ if ways.locked => {
                return malformed(format!(
                    "{}: no commit of {shown} is locked for {name}\n  help: `writ update` locks one, with a network",
                    lock::FILE
                ));
            }
            (_, Some((commit, _))) => (commit.to_owned(), git::at(&ways.store, place, commit, from, ways.offline)?),
            _ if ways.offline => {
                return malformed(format!(
                    "{who}: which commit {} stands for, only {} can say, and nothing may be fetched\n  help: run it once without --offline, which locks one for {name}",
                    place.asked(),
                    place.url
                ));
            }
            _ => git::newest(&ways.store, place, from)?,
        };
        let text = tree.text("writ.toml")?;
        let manifest = manifest::read(&place.manifest_at(&commit), text)?;
        if manifest.package.name != name.as_str() {
            return malformed(format!(
                "{who}: `{name}`: the package in {} is `{}`\n  help: depend on it by that name",
                place.manifest_at(&commit),
                manifest.package.name
            ));
        }
        let version = manifest.package.number()?;
        trust::verify(&workspace.shared, name, &version, &tree.digest(), None)?;
        let path = ways.store.put(&tree, None)?;
        let beside = same.map(|(_, beside)| beside.clone());
        let pinned = Pinned { place: place.clone(), commit, from: from.to_owned(), beside };
        let folder =
            Folder { path, tree: OnceCell::from(tree), manifest, version, commit: Some(pinned), member: false };
        folder.readable(ways)?;
        Ok(folder)
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
        self.follow(workspace, name.as_str(), Stands::Folder(&at), manifest.dependencies.iter(), ways, lock)
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
        let Folder { path, version, member, commit, .. } = self.folders.get(name)?;
        let (at, range_there) = (path.display(), version.shortest_range());
        let (place, help) = match commit {
            _ if *member => (
                format!("in {at}, a member of this workspace,"),
                format!("`\"{name}\" = \"{version}\"`, a member is what its folder says"),
            ),
            Some(Pinned { place, commit, .. }) => (
                format!("in {},", place.manifest_at(commit)),
                format!("ask for another commit of it, for `version = \"{range_there}\"`, or for no version at all"),
            ),
            None => (
                format!("in {at}"),
                format!("`\"{name}\" = {{ path = \"…\", version = \"{version}\" }}`, or no version at all"),
            ),
        };
        (!range.takes(version))
            .then(|| format!("{who} asks for {name} \"{range}\", and {place} it is {version}\n  help: {help}"))
    }
}

/// Where a package is that another of the same commit names by its folder.
///
/// # Errors
/// Where that leads out of the repository: what is there, others do not have.
fn beside((who, pinned): (&str, &Pinned), (name, path): (&Name, &str)) -> Result<Git, Failure> {
    let place = &pinned.place;
    let Some(folder) = git::inside(place.folder.as_deref().unwrap_or_default(), path) else {
        return malformed(format!(
            "{who}: `{name}` is in the folder {path}, seen from {}, which is not in that repository, so that others do not have it\n  \
             help: its author names it by the `git` that it is in, with its `folder`, or writes the range of its releases beside the path",
            place.manifest_at(&pinned.commit)
        ));
    };
    Ok(Git { folder: Some(folder).filter(|folder| !folder.is_empty()), ..place.clone() })
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
            source: self.commit.as_ref().map_or_else(|| String::from("path"), Pinned::source),
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
            Some(pinned) => pinned.place.manifest_at(&pinned.commit),
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
