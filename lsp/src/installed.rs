//! The packages that one depends on, as the compiler takes them: for an editor and for every command.
//!
//! Not here: which versions these are, and whether they are what was locked (`packages`).

use crate::folder;
use crate::package::{self, Whole};
use compiler::database::{Dependency, Source, TESTS};
use packages::install::{Installed, Ways};
use packages::manifest::Manifest;
use packages::store::Store;
use packages::{Failure, Version, Workspace};
use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

/// Where fetched packages are kept: `WRIT_HOME`, else `writ` in the user's folder for caches; and by which ssh more are fetched.
#[expect(clippy::disallowed_methods, reason = "the editor's door and the tool read the environment")]
pub fn store() -> Store {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = set("WRIT_HOME")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("writ")))
        .or_else(|| Some(set("HOME").or_else(|| set("USERPROFILE"))?.join(".cache/writ")));
    let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let ssh = text("GIT_SSH_COMMAND").or_else(|| Some(format!("\"{}\"", text("GIT_SSH")?)));
    Store::new(home.unwrap_or_else(|| env::temp_dir().join("writ-home"))).with_ssh(ssh)
}

/// The folder of docker's `config.json`: `DOCKER_CONFIG`, else `.docker` at home.
#[expect(clippy::disallowed_methods, reason = "the editor's door and the tool read the environment")]
pub fn docker() -> Option<PathBuf> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty()).map(PathBuf::from);
    set("DOCKER_CONFIG").or_else(|| Some(set("HOME").or_else(|| set("USERPROFILE"))?.join(".docker")))
}

/// The version of this writ.
///
/// # Panics
/// Never: a crate's version is three numbers.
pub fn version() -> Version {
    Version::parse(env!("CARGO_PKG_VERSION")).expect("bug: a crate has a version")
}

/// The packages that one depends on, as the compiler takes them.
///
/// - `reader`: what the one that depends on them says.
/// - `own`: the names of its modules.
///
/// # Errors
/// Where a file's path is no module's name, or a module of its own has the name of another package's.
pub fn dependencies<'m>(
    reader: &Manifest,
    all: &[Installed],
    own: impl IntoIterator<Item = &'m str>,
) -> Result<Vec<Dependency>, Failure> {
    let dependencies: Vec<Dependency> = all.iter().map(|one| dependency(reader, all, one)).collect::<Result<_, _>>()?;
    for module in own {
        let taken =
            dependencies.iter().find(|one| module == one.module || module.starts_with(&format!("{}.", one.module)));
        if let Some(one) = taken {
            return Err(Failure::Malformed(format!(
                "the module `{module}` has the name of a module of the package {}\n  help: rename its folder",
                one.package.name
            )));
        }
    }
    Ok(dependencies)
}

fn dependency(reader: &Manifest, all: &[Installed], one: &Installed) -> Result<Dependency, Failure> {
    let (name, prefix) = (&one.name, one.name.module());
    let (mut files, mut exports) = (Vec::new(), Vec::new());
    for (path, _) in one.tree.files().filter(|(path, _)| path.ends_with(".writ") && !path.starts_with("tests/")) {
        let Some(module) = folder::module(path) else {
            return Err(Failure::Malformed(format!(
                "{name} {}: {path}: the path is the module's name, so each part is a word of letters, digits and `_`",
                one.version
            )));
        };
        if one.manifest.package.exports(&module) {
            exports.push(module.clone());
        }
        let text = one.tree.text(path)?.to_owned();
        files.push(Source { path: format!("{name}/{path}"), module: format!("{prefix}.{module}"), text });
    }
    if let Some(missing) = one.manifest.package.exports.iter().flatten().find(|listed| !exports.contains(*listed)) {
        return Err(Failure::Malformed(format!(
            "{name} {}: writ.toml: it exports `{missing}`, and has no such module",
            one.version
        )));
    }
    let asks = |other: &&Installed| other.manifest.dependencies.contains_key(name);
    let mut readers: Vec<String> = all.iter().filter(asks).map(|other| other.name.module()).collect();
    if reader.dependencies.contains_key(name) {
        readers.push(String::new());
    } else if reader.dev_dependencies.contains_key(name) {
        readers.push(TESTS.to_owned());
    }
    let package = program::Package { name: name.to_string(), version: one.version.to_string() };
    Ok(Dependency { package, module: prefix, exports, readers, files })
}

/// The packages that the one in a folder depends on, as far as they are there, for an editor; and where their files stand, by
/// their names.
///
/// Fetches nothing and writes no lock.
///
/// - `text`: of the manifest. The root of a workspace depends on nothing, but may be wrong.
/// - `names`: of the package's modules.
/// - `store`: where fetched packages are kept.
///
/// # Errors
/// Why the package cannot be read, for a person.
pub(crate) fn read(
    root: &Path,
    text: &str,
    names: &[&str],
    store: Store,
) -> Result<(Vec<Dependency>, BTreeMap<String, PathBuf>), String> {
    let ways = Ways { store, writ: version(), offline: true, locked: true, docker: None };
    let read = || {
        let workspace = Workspace::with(root, &[(root, text)])?;
        if packages::manifest::is_root_alone(text) {
            return Ok((Vec::new(), BTreeMap::new()));
        }
        let Whole { installed, dependencies } =
            package::whole(&workspace, names, |workspace| packages::install::load(workspace, &ways))?;
        let places = installed.iter().map(|one| (one.name.to_string(), folder::plain(&one.folder))).collect();
        Ok((dependencies, places))
    };
    read().map_err(|failure: Failure| failure.to_string())
}
