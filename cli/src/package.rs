//! A policy on disk: the folder of a `writ.toml` with all its modules, or one file that stands alone.
//!
//! Read downwards: [`load`] reads one policy; [`members`] is what a verb that looks at all of a workspace looks at, and
//! [`worst`], [`listed`] and [`to_json`] how it says what came of each.
//! Not here: to which workspace a folder belongs (`packages::workspace`).

use crate::arguments::Fetching;
use crate::failure::Failure;
use crate::manifest::{self, Manifest};
use crate::progress;
use compiler::database::Dependency;
use compiler::names::mentions;
pub(crate) use lsp::package::Module;
use lsp::package::{self, Whole};
use lsp::{folder, installed};
use packages::install::{self, Installed, Ways};
use packages::workspace::Member;
use packages::{Name, Workspace};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A policy's texts.
pub(crate) struct Package {
    /// The folder that paths are relative to.
    pub(crate) root: PathBuf,
    /// Its manifest; a file that stands alone has none.
    pub(crate) manifest: Option<Manifest>,
    /// Its modules, sorted by path.
    pub(crate) modules: Vec<Module>,
    /// The manifest of the workspace's root, where that is another.
    pub(crate) workspace: Option<PathBuf>,
    /// The packages that it depends on.
    pub(crate) installed: Vec<Installed>,
    /// The same as the compiler takes them.
    pub(crate) dependencies: Vec<Dependency>,
    /// What only its tests need, where that is left out.
    pub(crate) left_out: LeftOut,
}

/// What a package has for its tests alone, and nothing is decided by.
#[derive(Default)]
pub(crate) struct LeftOut {
    /// Its `[dev-dependencies]`, with what only these need.
    packages: Vec<Name>,
    /// The paths of its modules below `tests/` that use any of them, or one another.
    modules: BTreeSet<String>,
}

impl LeftOut {
    /// A line for whoever misses it; empty where nothing is left out.
    pub(crate) fn note(&self) -> String {
        if self.packages.is_empty() {
            return String::new();
        }
        let packages = self.packages.iter().map(Name::as_str).collect::<Vec<&str>>().join(", ");
        let modules = self.modules.iter().map(String::as_str).collect::<Vec<&str>>().join(", ");
        let using = if modules.is_empty() { modules } else { format!(", and so is what uses it: {modules}") };
        format!("note: nothing is decided by [dev-dependencies], so {packages} is left out{using}\n")
    }
}

impl Package {
    /// The package's name: of the manifest, or of the file.
    pub(crate) fn name(&self) -> String {
        match (&self.manifest, self.modules.first()) {
            (Some(manifest), _) => manifest.package.name.clone(),
            (None, Some(module)) => module.name.clone(),
            (None, None) => String::from("policy"),
        }
    }

    /// Has texts count in place of those that were saved; of modules that were not, too.
    ///
    /// - `texts`: by path.
    pub(crate) fn write(&mut self, texts: &BTreeMap<String, String>) {
        for (path, text) in texts {
            let Some(name) = lsp::folder::module(path).filter(|name| !lsp::folder::is_std(name)) else { continue };
            self.modules.retain(|module| module.path != *path);
            self.modules.push(Module { path: path.clone(), name, text: text.clone() });
        }
        self.modules.sort_by(|one, other| one.path.cmp(&other.path));
        self.leave_out();
    }

    /// The package as decisions are made by it: without its `[dev-dependencies]`, and without those of its modules below `tests/`
    /// that use them.
    ///
    /// - `reader`: its manifest; a file that stands alone has none.
    ///
    /// # Errors
    /// Where nothing is left to decide by.
    pub(crate) fn decided(mut self, reader: Option<&packages::manifest::Manifest>) -> Result<Package, Failure> {
        let Some(reader) = reader else { return Ok(self) };
        let lasting = install::lasting(reader, self.installed.clone());
        if lasting.len() == self.installed.len() {
            return Ok(self);
        }
        let lasts = |name: &str| lasting.iter().any(|one| one.name.as_str() == name);
        let gone = self.installed.iter().map(|one| &one.name).filter(|name| !lasts(name.as_str()));
        self.left_out.packages = gone.cloned().collect();
        self.dependencies.retain(|one| lasts(&one.package.name));
        self.installed = lasting;
        self.leave_out();
        if self.modules.is_empty() {
            return Err(Failure::Malformed(format!(
                "{}: the package has no .writ file but for its tests\n  help: write one, for example policy.writ; an empty package decides nothing\n{}",
                self.root.display(),
                self.left_out.note()
            )));
        }
        Ok(self)
    }

    fn leave_out(&mut self) {
        let mut gone: Vec<String> = self.left_out.packages.iter().map(Name::module).collect();
        if gone.is_empty() {
            return;
        }
        // Among tests one may use another.
        let uses = |module: &Module, gone: &[String]| {
            module.path.starts_with("tests/") && gone.iter().any(|one| mentions(&module.text, one))
        };
        while let Some(at) = self.modules.iter().position(|module| uses(module, &gone)) {
            let module = self.modules.remove(at);
            self.left_out.modules.insert(module.path);
            gone.push(module.name);
        }
    }

    /// The files it was read from.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let manifest = self.manifest.iter().map(|_| "writ.toml");
        let own = manifest.chain(self.modules.iter().map(|module| &*module.path)).map(|path| self.root.join(path));
        let folders = self.installed.iter().filter(|one| one.in_folder);
        let others = folders.flat_map(|one| one.tree.files().map(|(path, _)| folder::path_of(&one.folder, path)));
        let left_out = self.left_out.modules.iter().map(|path| self.root.join(path));
        own.chain(left_out).chain(others).chain(self.workspace.clone()).collect()
    }
}

/// What was asked of the packages that others depend on, for the whole command.
static ASKED: OnceLock<Fetching> = OnceLock::new();

/// Keeps what was asked, before anything is loaded.
pub(crate) fn ask(fetching: Fetching) {
    let _ = ASKED.set(fetching);
}

/// How packages may be had.
///
/// - `locked`: whatever was asked, the lock stays as it is.
pub(crate) fn ways(locked: bool) -> Ways {
    let asked = ASKED.get().cloned().unwrap_or_default();
    Ways {
        store: installed::store().telling(progress::tell),
        writ: installed::version(),
        offline: asked.offline || asked.frozen,
        locked: locked || asked.locked || asked.frozen,
        docker: installed::docker(),
    }
}

/// Reads the policy at a path as decisions are made by it: without what only its tests need. The packages that it depends on are
/// those that were locked.
pub(crate) fn load(path: &Path) -> Result<Package, Failure> {
    let (package, reader) = read(path, |workspace| install::load(workspace, &ways(true)))?;
    package.decided(reader.as_ref())
}

/// Reads the policy at a path with what its tests need.
pub(crate) fn load_with_tests(path: &Path) -> Result<Package, Failure> {
    Ok(read(path, |workspace| install::load(workspace, &ways(true)))?.0)
}

/// Reads the policy at a path with what its tests need, and as decisions are made by it, with what was locked, whatever its
/// manifest asks for by now.
pub(crate) fn load_locked(path: &Path) -> Result<[Package; 2], Failure> {
    twice(path, |workspace| install::locked(workspace, &ways(false)))
}

/// Reads the policy at a path with what its tests need, and locks what its manifest asks for where that has changed and may be.
pub(crate) fn load_anew(path: &Path) -> Result<Package, Failure> {
    Ok(read(path, |workspace| install::load(workspace, &ways(false)))?.0)
}

/// Reads the policy at a path with what its tests need, and as decisions would be made by it, with these packages in place of
/// those that were locked.
///
/// - `all`: also what other members of its workspace depend on.
pub(crate) fn load_with(path: &Path, all: &[Installed]) -> Result<[Package; 2], Failure> {
    twice(path, |workspace| Ok(install::part(std::slice::from_ref(workspace.own()?), all.to_vec())))
}

/// With what its tests need, and as decisions are made by it.
fn twice(
    path: &Path,
    depends: impl Fn(&Workspace) -> Result<Vec<Installed>, packages::Failure>,
) -> Result<[Package; 2], Failure> {
    let (decided, reader) = read(path, &depends)?;
    Ok([read(path, &depends)?.0, decided.decided(reader.as_ref())?])
}

/// The packages of a workspace, where a path is its root: who asks there asks for all of them.
///
/// - returns: `None` where it is a policy by itself, or none at all: reading it says what is wrong.
pub(crate) fn members(path: &Path) -> Result<Option<Vec<Member>>, Failure> {
    Ok(whole(path)?.map(|workspace| workspace.members))
}

/// The same once their lock fits all of them, so that what keeps them from sharing one is told once.
pub(crate) fn members_anew(path: &Path) -> Result<Option<Vec<Member>>, Failure> {
    let Some(workspace) = whole(path)? else { return Ok(None) };
    install::all(&workspace, &ways(false))?;
    Ok(Some(workspace.members))
}

/// The workspace whose root a path is.
fn whole(path: &Path) -> Result<Option<Workspace>, Failure> {
    let folder = folder_of(path);
    let file = folder.join("writ.toml");
    if !file.is_file() {
        return Ok(None);
    }
    let said = text(&file)?;
    manifest::check(&file, &said)?;
    Ok(Some(Workspace::with(&folder, &[(&folder, &said)])?).filter(Workspace::is_whole))
}

/// One thing done to each package of a workspace; what keeps it from being done to one keeps it from no other.
pub(crate) type Each<T> = Vec<(Member, Result<T, Failure>)>;

/// The code that a command ends with which did several things: the worst.
pub(crate) fn worst<T>(all: &Each<T>, code: impl Fn(&T) -> u8) -> u8 {
    all.iter().map(|(_, one)| one.as_ref().map_or_else(Failure::code, &code)).max().unwrap_or(0)
}

/// What was said of each package, beneath where it is.
pub(crate) fn listed<T>(all: &Each<T>, text: impl Fn(&T) -> String) -> String {
    let section = |(member, one): &(Member, Result<T, Failure>)| match one {
        Ok(one) => format!("{}:\n{}", member.at, text(one)),
        Err(failure) => format!("{}:\n{failure}\n", member.at),
    };
    all.iter().map(section).collect::<Vec<String>>().join("\n")
}

/// The same for other programs: each package's name and folder, and what was said or why nothing could be.
pub(crate) fn to_json<T>(all: &Each<T>, said: impl Fn(&T) -> Value) -> Vec<Value> {
    let one = |(member, one): &(Member, Result<T, Failure>)| {
        let mut object = json!({ "name": member.manifest.package.name, "folder": member.at });
        match one.as_ref().map(&said) {
            Ok(Value::Object(more)) => object.as_object_mut().expect("bug: it is an object").extend(more),
            Ok(other) => object["said"] = other,
            Err(failure) => object["error"] = json!(failure.to_string()),
        }
        object
    };
    all.iter().map(one).collect()
}

/// The folder of a policy that is named by its manifest.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent().filter(|_| path.file_name().is_some_and(|name| name == "writ.toml")) {
        Some(above) if above.as_os_str().is_empty() => PathBuf::from("."),
        Some(above) => above.to_owned(),
        None => path.to_owned(),
    }
}

fn read(
    path: &Path,
    depends: impl FnOnce(&Workspace) -> Result<Vec<Installed>, packages::Failure>,
) -> Result<(Package, Option<packages::manifest::Manifest>), Failure> {
    if path.is_file() && path.extension().is_some_and(|e| e == "writ") {
        let root = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let module = package::module(&root, path)?;
        let package = Package {
            root,
            manifest: None,
            modules: vec![module],
            workspace: None,
            installed: Vec::new(),
            dependencies: Vec::new(),
            left_out: LeftOut::default(),
        };
        return Ok((package, None));
    }
    let root = folder_of(path);
    if root.is_file() {
        return Err(Failure::Malformed(format!(
            "{}: this is neither a folder nor a .writ file\n  help: a policy is a folder with a writ.toml, or one .writ file",
            path.display()
        )));
    }
    if !root.is_dir() {
        return Err(Failure::Malformed(format!(
            "{}: there is no such folder\n  help: a policy is a folder with a writ.toml, or one .writ file",
            path.display()
        )));
    }
    let file = root.join("writ.toml");
    if !file.is_file() {
        return Err(Failure::Malformed(format!(
            "{}: there is no writ.toml here\n  help: run `writ init`",
            root.display()
        )));
    }
    let said = text(&file)?;
    manifest::check(&file, &said)?;
    let workspace = Workspace::with(&root, &[(&root, &said)])?;
    let own = workspace.own()?;
    let manifest = manifest::read(&file, &said)?;
    let (modules, refused) = package::modules(&root);
    if let Some(first) = refused.into_iter().next() {
        return Err(first.into());
    }
    let names: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    let Whole { installed, dependencies } = package::whole(&workspace, &names, depends)?;
    let above = (own.at != ".").then(|| workspace.folder.join("writ.toml"));
    let reader = own.manifest.clone();
    let (manifest, left_out) = (Some(manifest), LeftOut::default());
    let package = Package { root, manifest, modules, workspace: above, installed, dependencies, left_out };
    Ok((package, Some(reader)))
}

/// What a file says.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    Ok(package::text(path)?)
}

/// Bytes as text.
///
/// - `path`: for messages only.
pub(crate) fn decoded(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    Ok(package::decoded(path, bytes)?)
}

/// What a person is told about a file that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    package::unreadable(path, error).into()
}
