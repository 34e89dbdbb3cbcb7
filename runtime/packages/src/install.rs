//! The packages that one depends on, read: from folders, from what was vendored, from the store, and only then from where
//! they are published.
//!
//! Read downwards: [`load`] gives what is locked and never changes the lock unless it is told to; [`update`] looks for
//! versions anew; [`vendor()`] copies all of it beside the manifest; `local` is what needs no search.
//!
//! INVARIANT: nothing is written before everything was checked; the lock and the sums are written last.

mod local;
mod vendor;

use crate::lock::{Lock, Locked};
use crate::manifest::{self, Manifest};
use crate::registry::{self, Listed, Registry, Release};
use crate::resolve::{self, Index, Versions};
use crate::store::Store;
use crate::sums::Sums;
use crate::{Failure, Name, Range, Tree, Version, disk, lock, malformed, sums, trust};
use local::{Folder, Local};
use vendor::{vendored, vendored_note};

use program::Digest;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
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

/// The package whose dependencies are asked for.
pub struct Root {
    /// Where its `writ.toml` stands.
    pub folder: PathBuf,
    /// What that says.
    pub manifest: Manifest,
}

impl Root {
    /// Reads the manifest in a folder.
    pub fn read(folder: &Path) -> Result<Root, Failure> {
        let path = folder.join("writ.toml");
        let Some(text) = disk::text(&path)? else {
            return malformed(format!("{}: there is no writ.toml here\n  help: run `writ init`", folder.display()));
        };
        Root::of(folder, &text)
    }

    /// The manifest of a folder, as it would be with this text.
    pub fn of(folder: &Path, text: &str) -> Result<Root, Failure> {
        let shown = folder.join("writ.toml").display().to_string();
        Ok(Root { folder: folder.to_owned(), manifest: manifest::read(&shown, text)? })
    }
}

/// What became of the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which package.
    pub name: Name,
    /// The version that was locked; `None` for one that was not, or stands in a folder.
    pub from: Option<Version>,
    /// The version that is locked now.
    pub to: Option<Version>,
}

/// The packages that one depends on, sorted by name, as they are locked.
///
/// # Errors
/// Where the lock does not fit the manifest and may not be changed; where something is not what was locked, or is not
/// there and may not be fetched.
pub fn load(root: &Root, ways: &Ways) -> Result<Vec<Installed>, Failure> {
    if !root.manifest.depends() {
        return Ok(Vec::new());
    }
    let lock = Lock::read(&root.folder)?;
    let local = Local::of(root, ways, lock.as_ref())?;
    match lock {
        Some(lock) => match misfit(&local, &lock) {
            None => installed(root, ways, &local, &lock),
            Some(why) if ways.locked => malformed(format!(
                "{}: it does not fit writ.toml: {why}\n  help: run `writ update` without --locked, and keep the lock it writes",
                root.folder.join(lock::FILE).display()
            )),
            Some(_) => Ok(relock(root, ways, &local, &versions(&lock))?.0),
        },
        None if ways.locked && local.wants_more() => malformed(format!(
            "{}: there is no lock, so nobody has said which versions count\n  help: run `writ update`, and keep the lock it writes",
            root.folder.join(lock::FILE).display()
        )),
        None if ways.locked => installed(root, ways, &local, &local.lock()?),
        None => Ok(relock(root, ways, &local, &Versions::new())?.0),
    }
}

/// Locks what a manifest asks for that has just been changed; what was locked stays where it can.
///
/// - `gone`: what is asked for no more.
pub fn settle(root: &Root, ways: &Ways, gone: &[Name]) -> Result<(Vec<Installed>, Vec<Changed>), Failure> {
    let before = Lock::read(&root.folder)?.unwrap_or_else(|| Lock::new(Vec::new()));
    let mut prefer = versions(&before);
    prefer.retain(|name, _| !gone.contains(name));
    let local = Local::of(root, ways, Some(&before))?;
    let (all, after) = found(root, ways, &local, &prefer)?;
    write(root, &after)?;
    Ok((all, compared(&before, &after)))
}

/// Looks for versions anew, and locks them.
///
/// - `only`: for these alone, the others stay where they can; all where it is empty.
/// - `keep`: write the lock; else tell what would be.
pub fn update(root: &Root, ways: &Ways, only: &[Name], keep: bool) -> Result<(Vec<Installed>, Vec<Changed>), Failure> {
    let before = Lock::read(&root.folder)?.unwrap_or_else(|| Lock::new(Vec::new()));
    let mut kept = before.clone();
    kept.packages.retain(|one| !only.is_empty() && !only.contains(&one.name));
    let local = Local::of(root, ways, Some(&kept))?;
    if let Some(name) = only.iter().find(|name| before.get(name).is_none() && !local.asks_for(name)) {
        return malformed(format!("`{name}` is no dependency, direct or indirect\n  help: `writ tree` lists them"));
    }
    let mut prefer = versions(&before);
    prefer.retain(|name, _| !only.is_empty() && !only.contains(name));
    let (found, after) = found(root, ways, &local, &prefer)?;
    if keep {
        write(root, &after)?;
    }
    let changed = compared(&before, &after);
    Ok((found, changed))
}

/// What became of each package.
fn compared(before: &Lock, after: &Lock) -> Vec<Changed> {
    let names: BTreeSet<&Name> = before.packages.iter().chain(&after.packages).map(|one| &one.name).collect();
    let version = |lock: &Lock, name: &Name| lock.get(name).and_then(|one| one.version.clone());
    let changed = names.into_iter().filter_map(|name| {
        let (from, to) = (version(before, name), version(after, name));
        let there = (before.get(name).is_some(), after.get(name).is_some());
        (from != to || there.0 != there.1).then(|| Changed { name: name.clone(), from, to })
    });
    changed.collect()
}

fn versions(lock: &Lock) -> Versions {
    lock.packages.iter().filter_map(|one| Some((one.name.clone(), one.version.clone()?))).collect()
}

/// Why a lock does not fit what is asked for; `None` where it does.
fn misfit(local: &Local, lock: &Lock) -> Option<String> {
    for (who, name, range) in &local.asked {
        let Some(locked) = lock.get(name) else { return Some(format!("{who} asks for {name}, which is not locked")) };
        match (local.folders.get(name), &locked.version) {
            (Some(folder), _) if lock.get(name).is_some_and(|one| *one != folder.locked(name)) => {
                return Some(format!("{name} is locked as something else than {}", folder.path.display()));
            }
            (Some(folder), _) if range.takes(&folder.version) => {}
            (Some(folder), _) => {
                return Some(format!("{who} asks for {name} \"{range}\", and it is {}", folder.version));
            }
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
    let mut reached: BTreeSet<&Name> = BTreeSet::new();
    let mut open: Vec<&Name> = local.asked.iter().map(|(_, name, _)| name).collect();
    while let Some(name) = open.pop() {
        let Some(locked) = lock.get(name) else { return Some(format!("{name} is needed and not locked")) };
        if reached.insert(name) {
            open.extend(&locked.dependencies);
        }
    }
    let idle = lock.packages.iter().find(|one| !reached.contains(&one.name));
    idle.map(|one| format!("nothing asks for {} any more", one.name))
}

/// Everything that a lock names, checked.
fn installed(root: &Root, ways: &Ways, local: &Local, lock: &Lock) -> Result<Vec<Installed>, Failure> {
    let sums = Sums::read(&root.folder)?;
    let mut all = Vec::new();
    for locked in &lock.packages {
        let name = &locked.name;
        if let Some(folder) = local.folders.get(name) {
            all.push(of_folder(name, folder));
            continue;
        }
        let (Some(version), Some(digest)) = (&locked.version, &locked.digest) else {
            return malformed(format!(
                "{}: {name} has no version or no digest\n  help: `writ update` writes it anew",
                lock::FILE
            ));
        };
        sums.clone().add(name, version, digest)?;
        let (tree, note, folder) = had(root, ways, (name, version), digest, locked.oci.as_ref())?;
        let key = trust::verify(&root.manifest, name, version, digest, note.as_deref())?;
        all.push(read(name, version, tree, folder, key)?);
    }
    separate(root, &all)?;
    together(&all)?;
    Ok(all)
}

/// A lock that was edited may name versions that the packages themselves do not take.
fn together(all: &[Installed]) -> Result<(), Failure> {
    for one in all {
        for (name, wanted) in &one.manifest.dependencies {
            let found = all.iter().find(|other| other.name == *name).map(|other| &other.version);
            if !found.is_some_and(|version| wanted.range.takes(version)) {
                let found = found.map_or_else(|| String::from("none"), ToString::to_string);
                return malformed(format!(
                    "{}: {} {} asks for {name} \"{}\", and {found} is locked\n  help: `writ update` writes it anew",
                    lock::FILE,
                    one.name,
                    one.version,
                    wanted.range
                ));
            }
        }
    }
    Ok(())
}

fn of_folder(name: &Name, folder: &Folder) -> Installed {
    Installed {
        name: name.clone(),
        version: folder.version.clone(),
        manifest: folder.manifest.clone(),
        tree: folder.tree.clone(),
        folder: folder.path.clone(),
        in_folder: folder.commit.is_none(),
        key: None,
    }
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

/// Two packages whose modules would have the same names are refused, and so is one that shares them with the root.
fn separate(root: &Root, all: &[Installed]) -> Result<(), Failure> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let own = &root.manifest.package.name;
    for name in all.iter().map(|one| &one.name) {
        if let Some(other) = seen.insert(name.module(), name.as_str()) {
            return malformed(format!(
                "{name} and {other} have the same name where modules are named: `{}`",
                name.module()
            ));
        }
        if name.as_str() == own {
            return malformed(format!("{own} depends on itself, through others"));
        }
    }
    Ok(())
}

/// A tree of that digest: vendored, kept, or fetched.
type Had = (Tree, Option<Vec<u8>>, PathBuf);

fn had(
    root: &Root,
    ways: &Ways,
    (name, version): (&Name, &Version),
    digest: &Digest,
    oci: Option<&Digest>,
) -> Result<Had, Failure> {
    let copy = root.folder.join(VENDOR).join(name.as_str());
    if let Some(tree) = vendored(root, name)? {
        if tree.digest() != *digest {
            return malformed(format!(
                "{}: this copy of {name} {version} is not what was locked\n  help: `writ vendor` copies it anew; to change a package, depend on a folder of your own",
                copy.display()
            ));
        }
        return Ok((tree, vendored_note(&root.folder, name)?, copy));
    }
    if let Some((tree, note)) = ways.store.get(digest)? {
        let needs = !matches!(root.manifest.speakers(name.scope()), Some(manifest::Speakers::Unsigned));
        if note.is_some() || !needs || ways.offline {
            return Ok((tree, note, ways.store.folder(digest)));
        }
    }
    if ways.offline {
        return malformed(format!(
            "{name} {version} is not on this machine, and nothing may be fetched\n  help: run it once without --offline, or `writ vendor` where there is a network"
        ));
    }
    let registry = of_scope(root, ways, name)?;
    let release = registry.release(name, version, oci)?;
    if release.digest != *digest {
        return malformed(format!(
            "{name} {version} is not what was locked: {} has {}, and {digest} is locked\n  help: a release never changes; ask who runs that registry",
            registry.shown(),
            release.digest
        ));
    }
    let (tree, note) = fetched(root, registry.as_ref(), &release)?;
    let folder = ways.store.put(&tree, note.as_deref())?;
    Ok((tree, note, folder))
}

/// What a registry gives for a release, checked before anything of it is kept.
fn fetched(root: &Root, registry: &dyn Registry, release: &Release) -> Result<(Tree, Option<Vec<u8>>), Failure> {
    let (archive, note) = registry.fetch(release)?;
    let tree = registry::opened(registry, release, &archive)?;
    trust::verify(&root.manifest, &release.name, &release.version, &release.digest, note.as_deref())?;
    Ok((tree, note))
}

/// The registry of a package's scope.
pub fn of_scope(root: &Root, ways: &Ways, name: &Name) -> Result<Box<dyn Registry>, Failure> {
    match root.manifest.registry(name.scope()) {
        Some(location) => registry::at(location, &root.folder, ways.docker.as_deref()),
        None => malformed(format!(
            "writ.toml: it does not say where the packages of `{0}` are found, and {name} is one\n  help: write under [registries]: {0} = \"../registry\", or \"*\" = … for every scope",
            name.scope()
        )),
    }
}

fn relock(root: &Root, ways: &Ways, local: &Local, prefer: &Versions) -> Result<(Vec<Installed>, Lock), Failure> {
    let (all, lock) = found(root, ways, local, prefer)?;
    write(root, &lock)?;
    Ok((all, lock))
}

/// Writes the sums, then the lock.
fn write(root: &Root, lock: &Lock) -> Result<(), Failure> {
    let mut sums = Sums::read(&root.folder)?;
    // A commit names its content; a version that is worked on in a repository may change.
    for one in lock.packages.iter().filter(|one| one.source == "registry") {
        if let (Some(version), Some(digest)) = (&one.version, &one.digest) {
            sums.add(&one.name, version, digest)?;
        }
    }
    let text = sums.text();
    if !sums.is_empty() && disk::text(&root.folder.join(sums::FILE))?.as_deref() != Some(&*text) {
        disk::write(&root.folder.join(sums::FILE), text.as_bytes())?;
    }
    let (path, text) = (root.folder.join(lock::FILE), lock.text());
    if lock.packages.is_empty() {
        if path.exists() {
            fs::remove_file(&path).map_err(|e| disk::fault(&path, &e))?;
        }
    } else if disk::text(&path)?.as_deref() != Some(&*text) {
        disk::write(&path, text.as_bytes())?;
    }
    Ok(())
}

/// Looks for versions, and gets them.
fn found(root: &Root, ways: &Ways, local: &Local, prefer: &Versions) -> Result<(Vec<Installed>, Lock), Failure> {
    if let Some(why) = local.asked.iter().find_map(|ask| local.refuses(ask)) {
        return malformed(why);
    }
    let sources = Sources { root, ways, local, registries: RefCell::default() };
    // What packages in folders ask for is asked by them, and told so.
    let own: Vec<(Name, Range)> = local
        .asked
        .iter()
        .filter(|(who, ..)| who == "writ.toml")
        .map(|(_, name, range)| (name.clone(), range.clone()))
        .collect();
    let chosen = resolve::resolve(&sources, &own, prefer)?;
    let sums = Sums::read(&root.folder)?;
    let (mut all, mut locked) = (Vec::new(), Vec::new());
    for (name, version) in &chosen {
        if let Some(folder) = local.folders.get(name) {
            all.push(of_folder(name, folder));
            locked.push(folder.locked(name));
            continue;
        }
        let release = sources.registry(name)?.release(name, version, None)?;
        sums.clone().add(name, version, &release.digest)?;
        let (tree, note, folder) = had(root, ways, (name, version), &release.digest, release.oci.as_ref())?;
        let key = trust::verify(&root.manifest, name, version, &release.digest, note.as_deref())?;
        let one = read(name, version, tree, folder, key.clone())?;
        locked.push(Locked {
            name: name.clone(),
            source: String::from("registry"),
            version: Some(version.clone()),
            digest: Some(release.digest),
            oci: release.oci,
            key,
            dependencies: one.manifest.dependencies.keys().cloned().collect(),
        });
        all.push(one);
    }
    separate(root, &all)?;
    Ok((all, Lock::new(locked)))
}

/// Registries and folders as the search for versions sees them.
struct Sources<'a> {
    root: &'a Root,
    ways: &'a Ways,
    local: &'a Local,
    registries: RefCell<BTreeMap<String, Rc<dyn Registry>>>,
}

impl Sources<'_> {
    fn registry(&self, name: &Name) -> Result<Rc<dyn Registry>, Failure> {
        if let Some(known) = self.registries.borrow().get(name.scope()) {
            return Ok(known.clone());
        }
        let opened: Rc<dyn Registry> = Rc::from(of_scope(self.root, self.ways, name)?);
        opened.there()?;
        self.registries.borrow_mut().insert(name.scope().to_owned(), opened.clone());
        Ok(opened)
    }
}

impl Index for Sources<'_> {
    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        match self.local.folders.get(name) {
            Some(folder) => Ok(vec![Listed { version: folder.version.clone(), yanked: None }]),
            None => self.registry(name)?.versions(name),
        }
    }

    fn dependencies(&self, name: &Name, version: &Version) -> Result<Result<Vec<(Name, Range)>, String>, Failure> {
        if let Some(folder) = self.local.folders.get(name) {
            let asked = folder.manifest.dependencies.iter().map(|(name, wanted)| (name.clone(), wanted.range.clone()));
            return Ok(Ok(asked.collect()));
        }
        let release = self.registry(name)?.release(name, version, None)?;
        Ok(match release.writ {
            Some(least) if least > self.ways.writ => {
                Err(format!("it needs writ {least}, and this is {}", self.ways.writ))
            }
            _ => Ok(release.dependencies.into_iter().collect()),
        })
    }
}
