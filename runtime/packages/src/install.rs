//! The packages that one depends on, read: from folders, from what was vendored, from the store, and only then from where
//! they are published.
//!
//! The packages of a workspace share one lock: versions are found for all of them at once, and each reads its part.
//!
//! Read downwards: [`load`] and [`all`] give what is locked and never change the lock unless they are told to; [`update`] looks
//! for versions anew; [`vendor()`] copies all of it beside the manifest; `local` is what needs no search, `found` the search, `looked` what
//! there is of what is locked, `reached` what is needed by what, `between` whether what was read fits together, `changes` what became of a lock, `turn` who may change it.
//!
//! INVARIANT: nothing is written before everything was checked; the lock and the sums are written last, by whoever has had
//! the turn since before they were read.

mod between;
mod changes;
mod found;
mod local;
mod looked;
mod reached;
mod turn;
mod vendor;

use crate::lock::{self, Lock};
use crate::manifest::{self, Manifest};
use crate::registry::{self, Registry, Release};
use crate::resolve::{Asked, Versions};
use crate::store::{self, Store};
use crate::sums::{self, Sums};
use crate::workspace::{Member, Workspace};
use crate::{Failure, Name, Tree, Version, disk, malformed, name, trust};
use between::{separate, together};
use changes::compared;
use found::{Found, found};
use local::{Folder, Local};
use program::Digest;
use reached::{asked, below, reached};
use std::fs;
use std::path::PathBuf;
use vendor::{Copies, vendored_note};

pub use changes::{Changed, Passed, Updated};
pub use looked::{Ahead, Looked, looked};
pub use reached::{lasting, part};
pub use turn::{Turn, turn};
pub use vendor::{VENDOR, vendor};

/// How packages may be had.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Where those that were fetched are kept.
    pub store: Store,
    /// Which writ asks.
    pub writ: Version,
    /// Nothing is fetched that is not there.
    pub offline: bool,
    /// The lock stays as it is; what does not fit it is refused.
    pub locked: bool,
    /// The folder of docker's `config.json`, where credentials for registries are looked for.
    pub docker: Option<PathBuf>,
}

/// A package that another depends on.
#[derive(Clone, Debug)]
pub struct Installed {
    /// `acme/payments`
    pub name: Name,
    /// Which one.
    pub version: Version,
    /// What its manifest says.
    pub manifest: Manifest,
    /// Its files.
    pub tree: Tree,
    /// Where they stand on this disk.
    pub folder: PathBuf,
    /// Whether that folder is somebody's to work in.
    pub in_folder: bool,
    /// Who signed it.
    pub key: Option<String>,
}

/// The packages that the workspace's own package depends on, sorted by name, as they are locked.
///
/// # Errors
/// Where the lock does not fit the manifests and may not be changed; where something is not what was locked, or is not
/// there and may not be fetched; where the workspace is seen from a root that is no package.
pub fn load(workspace: &Workspace, ways: &Ways) -> Result<Vec<Installed>, Failure> {
    there(workspace, ways, std::slice::from_ref(workspace.own()?), Copies::Count)
}

/// The packages that any package of the workspace depends on; otherwise as [`load`].
pub fn all(workspace: &Workspace, ways: &Ways) -> Result<Vec<Installed>, Failure> {
    there(workspace, ways, &workspace.members, Copies::Count)
}

/// The packages that were locked of what the workspace's own package depends on, also where its manifest asks for something else by
/// now: what was in force, to be set against what would be.
///
/// # Errors
/// As [`load`], but for what does not fit; what is asked for and not locked is not there.
pub fn locked(workspace: &Workspace, ways: &Ways) -> Result<Vec<Installed>, Failure> {
    let Some(lock) = Lock::read(&workspace.folder)? else { return Ok(Vec::new()) };
    let local = Local::of(workspace, ways, Some(&lock), Copies::Count)?;
    installed(workspace, ways, &local, &lock, std::slice::from_ref(workspace.own()?), Copies::Count)
}

/// - `readers`: the members whose part of the lock is read.
fn there(workspace: &Workspace, ways: &Ways, readers: &[Member], copies: Copies) -> Result<Vec<Installed>, Failure> {
    if let Some(all) = seen(workspace, ways, readers, copies, None)? {
        return Ok(all);
    }
    // Another may have locked it meanwhile.
    let turn = turn(workspace, ways)?;
    let all = seen(workspace, ways, readers, copies, Some(&turn))?;
    Ok(all.expect("bug: whoever has the turn need not wait for it"))
}

/// - returns: `None` where the lock must be written, and nobody has the turn.
fn seen(
    workspace: &Workspace,
    ways: &Ways,
    readers: &[Member],
    copies: Copies,
    turn: Option<&Turn>,
) -> Result<Option<Vec<Installed>>, Failure> {
    for one in readers {
        local::readable(&one.folder.join("writ.toml").display().to_string(), &one.manifest, ways)?;
    }
    if !readers.iter().any(|one| one.manifest.depends()) {
        // A lock is no less wrong where nobody asks for anything.
        let idle = !workspace.members.iter().any(|one| one.manifest.depends());
        if !idle || !workspace.folder.join(lock::FILE).exists() {
            return Ok(Some(Vec::new()));
        }
    }
    let lock = Lock::read(&workspace.folder)?;
    let local = Local::of(workspace, ways, lock.as_ref(), copies)?;
    let file = || workspace.folder.join(lock::FILE).display().to_string();
    let (prefer, misfit) = match &lock {
        Some(lock) => match misfit(&local, lock) {
            None => {
                let all = installed(workspace, ways, &local, lock, readers, copies)?;
                return match signed(workspace, ways, lock, &all)? {
                    None => Ok(Some(all)),
                    Some(right) => Ok(settled(workspace, &right, turn)?.map(|()| all)),
                };
            }
            Some(why) => (versions(lock), Some(why)),
        },
        None if ways.locked && !local.wants_more() => {
            return installed(workspace, ways, &local, &local.lock(), readers, copies).map(Some);
        }
        None => (Versions::new(), None),
    };
    if ways.locked {
        return malformed(match misfit {
            Some(why) => format!(
                "{}: it does not fit writ.toml: {why}\n  help: `writ update` writes it anew; keep it with the package",
                file()
            ),
            None => format!(
                "{}: there is no lock, so nobody has said which versions count\n  help: `writ update` writes one; keep it with the package",
                file()
            ),
        });
    }
    if turn.is_none() {
        return Ok(None);
    }
    let Found { all, lock, .. } = found(workspace, ways, &local, &prefer, &Sums::read(&workspace.folder)?)?;
    Ok(settled(workspace, &lock, turn)?.map(|()| part(readers, all)))
}

/// Writes a lock, where somebody has the turn. Manifests that were changed since they were read have another: who changed
/// them wrote it, or will.
fn settled(workspace: &Workspace, lock: &Lock, turn: Option<&Turn>) -> Result<Option<()>, Failure> {
    match turn {
        None => Ok(None),
        Some(_) if !workspace.is_on_the_disk() => Ok(Some(())),
        Some(turn) => write(workspace, lock, Sums::read(&workspace.folder)?, turn).map(Some),
    }
}

/// Holds what a lock says of who signed a package against who did. Whom to believe may have changed since.
///
/// - returns: the lock that is right, where it is another.
fn signed(workspace: &Workspace, ways: &Ways, lock: &Lock, all: &[Installed]) -> Result<Option<Lock>, Failure> {
    let mut right = lock.clone();
    for locked in &mut right.packages {
        let Some(one) = all.iter().find(|one| one.name == locked.name && one.key != locked.key) else { continue };
        let by = |key: &Option<String>| key.as_ref().map_or(String::from("nobody"), |key| format!("`{key}`"));
        if ways.locked {
            return malformed(format!(
                "{}: it says that {} {} was signed by {}, and [trust.packages] finds it signed by {}\n  help: `writ update` writes it anew; keep it with the package",
                workspace.folder.join(lock::FILE).display(),
                one.name,
                one.version,
                by(&locked.key),
                by(&one.key)
            ));
        }
        locked.key.clone_from(&one.key);
    }
    Ok((right != *lock).then_some(right))
}

/// Locks what manifests ask for that have just been changed; what was locked stays where it can.
///
/// - `gone`: what one of them asks for no more.
/// - `turn`: had since before the manifests were read.
pub fn settle(workspace: &Workspace, ways: &Ways, gone: &[Name], turn: &Turn) -> Result<Updated, Failure> {
    let before = Lock::read(&workspace.folder)?.unwrap_or_else(|| Lock::new(Vec::new()));
    let local = Local::of(workspace, ways, Some(&before), Copies::Help)?;
    let sums = Sums::read(&workspace.folder)?;
    let mut prefer = versions(&before);
    prefer.retain(|name, _| !gone.contains(name) || local.asks_for(name));
    let Found { all, lock, passed } = found(workspace, ways, &local, &prefer, &sums)?;
    write(workspace, &lock, sums, turn)?;
    Ok(Updated { all, changed: compared(&before, &lock), passed })
}

/// Looks for versions anew, for all packages of a workspace, and locks them.
///
/// - `only`: for these alone, and what one repository keeps beside them; the others stay where they can. All where it is empty.
/// - `turn`: had since before the manifests were read, the lock is written; without one it is told what would be.
pub fn update(workspace: &Workspace, ways: &Ways, only: &[Name], turn: Option<&Turn>) -> Result<Updated, Failure> {
    // Where all is looked for anew, what a damaged lock said is no matter: the sums remember what each version was.
    let before = if only.is_empty() { Lock::of_sorts(&workspace.folder)? } else { Lock::read(&workspace.folder)? };
    let sums = if only.is_empty() { Sums::merged(&workspace.folder)? } else { Sums::read(&workspace.folder)? };
    let before = before.unwrap_or_else(|| Lock::new(Vec::new()));
    let only = &before.with_neighbours(only);
    let mut kept = before.clone();
    kept.packages.retain(|one| !only.is_empty() && !only.contains(&one.name));
    let local = Local::of(workspace, ways, Some(&kept), Copies::Help)?;
    if let Some(name) = only.iter().find(|name| before.get(name).is_none() && !local.asks_for(name)) {
        let names = before.packages.iter().map(|one| one.name.clone());
        let near = name::near(name, names.chain(local.asked.iter().map(|one| one.name.clone())));
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        return malformed(format!(
            "`{name}` is no dependency, direct or indirect\n  help: {near}`writ tree` lists them"
        ));
    }
    let mut prefer = versions(&before);
    prefer.retain(|name, _| !only.is_empty() && !only.contains(name));
    let Found { all, lock, passed } = found(workspace, ways, &local, &prefer, &sums)?;
    if let Some(turn) = turn {
        write(workspace, &lock, sums, turn)?;
    }
    Ok(Updated { all, changed: compared(&before, &lock), passed })
}

fn versions(lock: &Lock) -> Versions {
    lock.packages.iter().filter_map(|one| Some((one.name.clone(), one.version.clone()?))).collect()
}

/// Why a lock does not fit what is asked for; `None` where it does.
fn misfit(local: &Local, lock: &Lock) -> Option<String> {
    for Asked { who, name, range } in &local.asked {
        let Some(locked) = lock.get(name) else { return Some(format!("{who} asks for {name}, which is not locked")) };
        match (local.folders.get(name), &locked.version) {
            (Some(folder), _) if *locked != folder.locked(name) => {
                return Some(format!("{name} is locked as something else than {}", folder.path.display()));
            }
            (Some(_), _) => {}
            (None, _) if locked.source != "registry" => {
                return Some(format!("{name} is locked in {}, and no manifest says so", locked.source));
            }
            (None, None) => return Some(format!("{name} is locked as a folder, and no manifest says where")),
            (None, Some(version)) if range.takes(version) => {}
            (None, Some(version)) => {
                return Some(format!("{who} asks for {name} \"{range}\", and {version} is locked"));
            }
        }
    }
    // What nobody asks for any more must not stay in force.
    match reached(local.asked.iter().map(|one| &one.name), |name| needs(lock, name)) {
        Err(missing) => Some(format!("{missing} is needed and not locked")),
        Ok(reached) => {
            let idle = lock.packages.iter().find(|one| !reached.contains(&one.name));
            idle.map(|one| format!("nothing asks for {} any more", one.name))
        }
    }
}

/// What a package is locked with.
fn needs<'l>(lock: &'l Lock, name: &Name) -> Option<Vec<&'l Name>> {
    lock.get(name).map(|one| one.dependencies.iter().collect())
}

/// What a lock names for these packages, checked.
fn installed(
    workspace: &Workspace,
    ways: &Ways,
    local: &Local,
    lock: &Lock,
    readers: &[Member],
    copies: Copies,
) -> Result<Vec<Installed>, Failure> {
    let sums = Sums::read(&workspace.folder)?;
    // A lock that lacks one is told of below, with who needs it.
    let named = reached(asked(readers), |name| Some(needs(lock, name).unwrap_or_default())).unwrap_or_default();
    let mut all = Vec::new();
    for locked in lock.packages.iter().filter(|one| named.contains(&one.name)) {
        let name = &locked.name;
        if let Some(folder) = local.folders.get(name) {
            all.push(of_folder(name, folder)?);
            continue;
        }
        let (Some(version), Some(digest)) = (&locked.version, &locked.digest) else {
            return malformed(format!(
                "{}: {name} has no version or no digest\n  help: `writ update` writes it anew",
                lock::FILE
            ));
        };
        sums.clone().add(name, version, digest)?;
        let (tree, note, folder) = had(workspace, ways, (name, version), digest, locked.oci.as_ref(), copies)?;
        let key = trust::verify(&workspace.shared, name, version, digest, note.as_deref())?;
        all.push(read(name, version, tree, folder, key)?);
    }
    readers.iter().try_for_each(|one| separate(one, &all))?;
    together(lock, &all)?;
    Ok(all)
}

fn of_folder(name: &Name, folder: &Folder) -> Result<Installed, Failure> {
    Ok(Installed {
        name: name.clone(),
        version: folder.version.clone(),
        manifest: folder.manifest.clone(),
        tree: folder.tree()?.clone(),
        folder: folder.path.clone(),
        in_folder: folder.commit.is_none(),
        key: None,
    })
}

fn read(
    name: &Name,
    version: &Version,
    tree: Tree,
    folder: PathBuf,
    key: Option<String>,
) -> Result<Installed, Failure> {
    let manifest = manifest::read(&format!("{name} {version}: writ.toml"), tree.text("writ.toml")?)?;
    if manifest.package.name != name.as_str() || manifest.package.number()? != *version {
        return malformed(format!(
            "{name} {version}: its manifest says {} {}\n  help: nothing of it counts; ask who publishes it",
            manifest.package.name, manifest.package.version
        ));
    }
    Ok(Installed { name: name.clone(), version: version.clone(), manifest, tree, folder, in_folder: false, key })
}

/// A tree of that digest: vendored, kept, or fetched.
type Had = (Tree, Option<Vec<u8>>, PathBuf);

fn had(
    workspace: &Workspace,
    ways: &Ways,
    (name, version): (&Name, &Version),
    digest: &Digest,
    oci: Option<&Digest>,
    copies: Copies,
) -> Result<Had, Failure> {
    let believed = |note: Option<&[u8]>| trust::verify(&workspace.shared, name, version, digest, note).is_ok();
    let mut lacking = None;
    if let Some((tree, copy)) = copies.of(workspace, (name, Some(version)), digest)? {
        let note = vendored_note(&workspace.folder, name);
        let had = (tree, if copies == Copies::Count { note? } else { note.unwrap_or_default() }, copy);
        if copies == Copies::Count || believed(had.1.as_deref()) {
            return Ok(had);
        }
        lacking = Some(had);
    }
    let mut damaged = None;
    match ways.store.look(digest) {
        // A signature that nobody believes may have been damaged here, as any file may: it is asked for again.
        store::Found::Whole(tree, note) if believed(note.as_deref()) || ways.offline => {
            return Ok((tree, note, ways.store.folder(digest)));
        }
        store::Found::Whole(_, note) => damaged = note.map(|_| format!("the signature of {name} {version}")),
        store::Found::Damaged => damaged = Some(format!("{name} {version}")),
        store::Found::Nothing => {}
    }
    if let Some(lacking) = lacking.filter(|_| ways.offline) {
        return Ok(lacking);
    }
    let registry = match of_scope(workspace, ways, name) {
        // A registry that is a folder is on this machine.
        Err(_) if ways.offline && damaged.is_some() => {
            return malformed(format!(
                "{name} {version} was damaged on this machine, in {}, and nothing may be fetched\n  help: run it once without --offline, which fetches it again",
                ways.store.folder(digest).display()
            ));
        }
        Err(_) if ways.offline => {
            return malformed(format!(
                "{name} {version} is not on this machine, and nothing may be fetched\n  help: run it once without --offline, or `writ vendor` where there is a network"
            ));
        }
        registry => registry?,
    };
    let release = registry.release(name, version, oci).map_err(|failure| match registry.versions(name) {
        Ok(versions) if !versions.iter().any(|one| one.version == *version) => {
            let there: Vec<String> = versions.iter().rev().take(6).map(|one| one.version.to_string()).collect();
            let more = if versions.len() > there.len() { ", …" } else { "" };
            let has = match there.as_slice() {
                [] => String::from("nor any other of it"),
                there => format!("only {}{more}", there.join(", ")),
            };
            Failure::Malformed(format!(
                "{name} {version} is locked, and {} does not have it, {has}\n  help: `writ update {name}` takes one that is there; a release that is gone, its authors know of",
                registry.shown()
            ))
        }
        _ => failure,
    })?;
    if release.digest != *digest {
        return malformed(format!(
            "{name} {version} is not what was locked: {} has {}, and {digest} is locked\n  help: a release never changes; ask who runs that registry",
            registry.shown(),
            release.digest
        ));
    }
    let (tree, note) = fetched(workspace, registry.as_ref(), &release)?;
    let folder = ways.store.put(&tree, note.as_deref())?;
    if let Some(what) = damaged {
        ways.store.healed(&what, &registry.shown());
    }
    Ok((tree, note, folder))
}

/// What a registry gives for a release, checked before anything of it is kept.
fn fetched(
    workspace: &Workspace,
    registry: &dyn Registry,
    release: &Release,
) -> Result<(Tree, Option<Vec<u8>>), Failure> {
    let (archive, note) = registry.fetch(release)?;
    let tree = registry::opened(registry, release, &archive)?;
    trust::verify(&workspace.shared, &release.name, &release.version, &release.digest, note.as_deref())?;
    Ok((tree, note))
}

/// The registry of a package's scope.
pub fn of_scope(workspace: &Workspace, ways: &Ways, name: &Name) -> Result<Box<dyn Registry>, Failure> {
    match workspace.shared.registry(name.scope()) {
        Some(location) => registry::at(location, &workspace.folder, ways),
        None => malformed(format!(
            "writ.toml: it does not say where the packages of `{0}` are found, and {name} is one\n  help: {1}write under [registries]: {0} = \"../registry\", or \"*\" = … for every scope; `writ add --registry ../registry` does",
            name.scope(),
            name::near_scope(name.scope(), workspace.shared.registries.keys())
                .map(|near| format!("did you mean `{near}/{}`? Or ", name.short()))
                .unwrap_or_default()
        )),
    }
}

/// Writes the sums, then the lock.
///
/// - `sums`: what they were, read by whoever has the turn.
fn write(workspace: &Workspace, lock: &Lock, mut sums: Sums, _turn: &Turn) -> Result<(), Failure> {
    // A commit names its content; a version that is worked on in a repository may change.
    for one in lock.packages.iter().filter(|one| one.source == "registry") {
        if let (Some(version), Some(digest)) = (&one.version, &one.digest) {
            sums.add(&one.name, version, digest)?;
        }
    }
    let text = sums.text();
    if !sums.is_empty() && disk::text(&workspace.folder.join(sums::FILE))?.as_deref() != Some(&*text) {
        disk::write(&workspace.folder.join(sums::FILE), text.as_bytes())?;
    }
    let (path, text) = (workspace.folder.join(lock::FILE), lock.text());
    if lock.packages.is_empty() {
        if path.exists() {
            fs::remove_file(&path).map_err(|e| disk::fault(&path, &e))?;
        }
    } else if disk::text(&path)?.as_deref() != Some(&*text) {
        disk::write(&path, text.as_bytes())?;
    }
    Ok(())
}
