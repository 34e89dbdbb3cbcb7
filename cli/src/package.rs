//! A policy on disk: the folder of a `writ.toml` with all its modules, or one file that stands alone.

use crate::arguments::Fetching;
use crate::failure::Failure;
use crate::manifest::{self, Manifest};
use compiler::database::Dependency;
use lsp::{folder, installed};
use packages::install::{self, Installed, Root, Ways};
use std::fs;
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
    /// The packages that it depends on.
    pub(crate) installed: Vec<Installed>,
    /// The same as the compiler takes them.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One `.writ` file.
pub(crate) struct Module {
    /// Path relative to the package, with `/`.
    pub(crate) path: String,
    /// Dotted name: `network.segmentation`.
    pub(crate) name: String,
    /// What it says.
    pub(crate) text: String,
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

    /// The files it was read from.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let manifest = self.manifest.iter().map(|_| "writ.toml");
        let own = manifest.chain(self.modules.iter().map(|module| &*module.path)).map(|path| self.root.join(path));
        let folders = self.installed.iter().filter(|one| one.in_folder);
        let others = folders.flat_map(|one| one.tree.files().map(|(path, _)| folder::path_of(&one.folder, path)));
        own.chain(others).collect()
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
        store: installed::store(),
        writ: installed::version(),
        offline: asked.offline || asked.frozen,
        locked: locked || asked.locked || asked.frozen,
        docker: installed::docker(),
    }
}

/// Reads the policy at a path. The packages that it depends on are those that were locked.
pub(crate) fn load(path: &Path) -> Result<Package, Failure> {
    read(path, |root| install::load(root, &ways(true)))
}

/// Reads the policy at a path, and locks what its manifest asks for where that has changed and may be.
pub(crate) fn load_anew(path: &Path) -> Result<Package, Failure> {
    read(path, |root| install::load(root, &ways(false)))
}

/// Reads the policy at a path, as it would be with these packages in place of those that were locked.
pub(crate) fn load_with(path: &Path, installed: Vec<Installed>) -> Result<Package, Failure> {
    read(path, |_| Ok(installed))
}

fn read(
    path: &Path,
    depends: impl FnOnce(&Root) -> Result<Vec<Installed>, packages::Failure>,
) -> Result<Package, Failure> {
    if path.is_file() && path.extension().is_some_and(|e| e == "writ") {
        let root = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let module = module(&root, path)?;
        return Ok(Package {
            root,
            manifest: None,
            modules: vec![module],
            installed: Vec::new(),
            dependencies: Vec::new(),
        });
    }
    let root = if path.file_name().is_some_and(|name| name == "writ.toml") {
        path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
    } else {
        path.to_owned()
    };
    if root.is_file() {
        return Err(Failure::Malformed(format!(
            "{}: this is neither a folder nor a .writ file\n  help: `--policy` names a folder with a writ.toml, or one .writ file",
            path.display()
        )));
    }
    if !root.is_dir() {
        return Err(Failure::Malformed(format!(
            "{}: there is no such folder\n  help: `--policy` names a folder with a writ.toml, or one .writ file",
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
    let manifest = manifest::read(&file, &said)?;
    let mut fault = None;
    let paths = folder::modules(&root, false, &mut |path, error| {
        fault.get_or_insert_with(|| unreadable(path, &error));
    });
    if let Some(fault) = fault {
        return Err(fault);
    }
    let modules = paths.iter().map(|path| module(&root, path)).collect::<Result<Vec<_>, _>>()?;
    if modules.is_empty() {
        return Err(Failure::Malformed(format!(
            "{}: the package has no .writ file\n  help: write one, for example policy.writ; an empty package decides nothing",
            root.display()
        )));
    }
    let asking = Root::of(&root, &said)?;
    let installed = depends(&asking)?;
    let names = modules.iter().map(|module| module.name.as_str());
    let dependencies = installed::dependencies(&asking, &installed, names)?;
    Ok(Package { root, manifest: Some(manifest), modules, installed, dependencies })
}

fn module(root: &Path, path: &Path) -> Result<Module, Failure> {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<String> = relative.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    let shown = parts.join("/");
    let Some(name) = folder::module(&shown) else {
        return Err(Failure::Malformed(format!(
            "{}: the path is the module's name, so each part is a word of letters, digits and `_`\n  help: rename it",
            path.display()
        )));
    };
    if folder::is_std(&name) {
        return Err(Failure::Malformed(format!(
            "{}: `std` is the standard library's name\n  help: rename the folder",
            path.display()
        )));
    }
    // A pipe would be waited for.
    if !fs::metadata(path).map_err(|e| unreadable(path, &e))?.is_file() {
        return Err(Failure::Malformed(format!("{}: this is no file\n  help: rename it", path.display())));
    }
    Ok(Module { path: shown, name, text: text(path)? })
}

/// What a file says.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    decoded(path, fs::read(path).map_err(|e| unreadable(path, &e))?)
}

/// Bytes as text.
///
/// - `path`: for messages only.
pub(crate) fn decoded(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|e| {
        Failure::Malformed(format!(
            "{}: byte {} is not UTF-8\n  help: save it as UTF-8",
            path.display(),
            e.utf8_error().valid_up_to()
        ))
    })
}

/// What a person is told about a file that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let what = match error.kind() {
        std::io::ErrorKind::NotFound => String::from("there is no such file"),
        std::io::ErrorKind::PermissionDenied => String::from("it may not be read"),
        std::io::ErrorKind::IsADirectory => String::from("this is a folder, and a file is wanted"),
        _ => error.to_string(),
    };
    Failure::Malformed(format!("{}: {what}", path.display()))
}
