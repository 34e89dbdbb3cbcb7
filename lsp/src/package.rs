//! A package as it stands on disk, read in one way for an editor and for every command.
//!
//! Read downwards: [`modules`] reads its own files, [`whole`] holds them against its manifest and adds what it depends on. The
//! tool refuses a package at the first [`Refused`]; an editor shows each where it is, and answers nothing by the package.
//!
//! INVARIANT: what cannot be read is refused, never left out: a policy without one of its denies is another policy.
//! Not here: which files are its modules (`folder`), what a manifest may say (`packages`).

use crate::folder;
use crate::installed;
use crate::manifest;
use compiler::database::Dependency;
use compiler::ide::near;
use packages::install::Installed;
use packages::{Failure, Workspace};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One `.writ` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Path relative to the package, with `/`.
    pub path: String,
    /// Dotted name: `network.segmentation`.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A file that keeps its package from being read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refused {
    /// What it is about.
    pub file: PathBuf,
    /// The line that is wrong, from 1; `None` of the whole.
    pub line: Option<u32>,
    /// What is wrong, and lines of help.
    pub why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.why)
    }
}

/// The modules of the package in a folder, sorted by path, and what of its files cannot be one.
pub fn modules(root: &Path) -> (Vec<Module>, Vec<Refused>) {
    let (mut read, mut refused) = (Vec::new(), Vec::new());
    let paths = folder::modules(root, false, &mut |path, error| refused.push(unreadable(path, &error)));
    for path in paths {
        match module(root, &path) {
            Ok(module) => read.push(module),
            Err(why) => refused.push(why),
        }
    }
    (read, refused)
}

/// The module that a file is.
///
/// - `root`: the folder of its package.
///
/// # Errors
/// Where its path is no module's name, or it cannot be read.
pub fn module(root: &Path, file: &Path) -> Result<Module, Refused> {
    let path = shown(root, file);
    let name = named(file, &path)?;
    // A pipe would be waited for.
    if !std::fs::metadata(file).map_err(|e| unreadable(file, &e))?.is_file() {
        return Err(refused(file, "this is no file\n  help: rename it"));
    }
    Ok(Module { path, name, text: text(file)? })
}

/// The name of the module that a file of a package is.
///
/// - `path`: the file's, relative to the package.
///
/// # Errors
/// Where its path is no module's name.
pub(crate) fn named(file: &Path, path: &str) -> Result<String, Refused> {
    let Some(name) = folder::module(path) else {
        const LAW: &str = "the path is the module's name, so each part is a word of letters, digits and `_`";
        return Err(refused(file, &format!("{LAW}\n  help: rename it")));
    };
    if folder::is_std(&name) {
        return Err(refused(file, "`std` is the standard library's name\n  help: rename the folder"));
    }
    Ok(name)
}

/// A path relative to a package, with `/`.
pub(crate) fn shown(root: &Path, file: &Path) -> String {
    let relative = file.strip_prefix(root).unwrap_or(file);
    let parts: Vec<String> = relative.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    parts.join("/")
}

/// A package with what it depends on.
pub struct Whole {
    /// The packages that it depends on.
    pub installed: Vec<Installed>,
    /// The same as the compiler takes them.
    pub dependencies: Vec<Dependency>,
}

/// Holds a package against its manifest, and reads what it depends on.
///
/// - `workspace`: the one that it belongs to, seen from its folder.
/// - `names`: of its modules.
/// - `depends`: has the packages that it depends on.
///
/// # Errors
/// Where it has no module, exports one that it has not, or depends on what is not there.
pub fn whole(
    workspace: &Workspace,
    names: &[&str],
    depends: impl FnOnce(&Workspace) -> Result<Vec<Installed>, Failure>,
) -> Result<Whole, Failure> {
    let own = workspace.own()?;
    if names.is_empty() {
        return Err(Failure::Malformed(format!(
            "{}: the package has no .writ file\n  help: write one, for example policy.writ; an empty package decides nothing",
            own.folder.display()
        )));
    }
    let lacking = own.manifest.package.exports.iter().flatten().find(|one| !names.contains(&&***one));
    if let Some(lacking) = lacking {
        let help = match near(lacking, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        return Err(Failure::Malformed(format!(
            "{}: `exports` lists `{lacking}`, and there is no such module\n  help: {help}",
            own.folder.join(manifest::FILE).display()
        )));
    }
    let installed = depends(workspace)?;
    let dependencies = installed::dependencies(&own.manifest, &installed, names.iter().copied())?;
    Ok(Whole { installed, dependencies })
}

/// What a file says.
///
/// # Errors
/// Where it cannot be read, or is no UTF-8.
pub fn text(file: &Path) -> Result<String, Refused> {
    decoded(file, std::fs::read(file).map_err(|e| unreadable(file, &e))?)
}

/// Bytes as text.
///
/// - `file`: for messages only.
///
/// # Errors
/// Where they are no UTF-8.
pub fn decoded(file: &Path, bytes: Vec<u8>) -> Result<String, Refused> {
    String::from_utf8(bytes).map_err(|e| {
        let (bytes, good) = (e.as_bytes(), e.utf8_error().valid_up_to());
        if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] = bytes {
            return refused(file, "this is UTF-16\n  help: save it as UTF-8");
        }
        let line = bytes[..good].split(|byte| *byte == b'\n').count();
        let why = format!("line {line} is not UTF-8\n  help: save it as UTF-8");
        Refused { line: u32::try_from(line).ok(), ..refused(file, &why) }
    })
}

/// What a person is told about a file that cannot be read.
pub fn unreadable(file: &Path, error: &io::Error) -> Refused {
    let what = match error.kind() {
        io::ErrorKind::NotFound => String::from("there is no such file"),
        io::ErrorKind::PermissionDenied => String::from("it may not be read"),
        io::ErrorKind::IsADirectory => String::from("this is a folder, and a file is wanted"),
        _ => error.to_string(),
    };
    refused(file, &what)
}

fn refused(file: &Path, why: &str) -> Refused {
    Refused { file: file.to_owned(), line: None, why: why.to_owned() }
}
