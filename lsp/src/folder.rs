//! A package on disk: which files are its modules, and to which package a document belongs.
//!
//! A document belongs to the package of the nearest `writ.toml` above it, or stands alone; also where that is the root of a
//! workspace and no package.

use crate::manifest;
use crate::package::{self, Module, Refused};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

/// Where a document belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Home {
    /// The folder of a `writ.toml`.
    Package(PathBuf),
    /// A file without a manifest, or a document without a file; by its address.
    Alone(String),
}

/// The home of a document, and its path there, with `/`.
///
/// - `path`: `None` for a document that has no file yet.
pub(crate) fn home(uri: &str, path: Option<&Path>) -> (Home, String) {
    let alone = || {
        let name = uri.rsplit(['/', ':']).next().unwrap_or(uri);
        (Home::Alone(uri.to_owned()), format!("{}.writ", word(name.strip_suffix(".writ").unwrap_or(name))))
    };
    let Some(path) = path else { return alone() };
    if let Some(found) = library_home(path) {
        return found;
    }
    if path.file_name().is_some_and(|name| name == manifest::FILE) {
        let root = path.parent().unwrap_or(Path::new("/")).to_owned();
        return (Home::Package(root), manifest::FILE.to_owned());
    }
    let root = path.ancestors().skip(1).find(|folder| folder.join("writ.toml").is_file());
    let is_package = |root: &&Path| {
        let said = fs::read_to_string(root.join(manifest::FILE)).unwrap_or_default();
        !packages::manifest::is_root_alone(&said)
    };
    // What is hidden is no module.
    let is_shown = |shown: &String| !shown.split('/').any(|part| part.starts_with('.'));
    match root.filter(is_package).and_then(|root| Some((root, relative(root, path).filter(is_shown)?))) {
        Some((root, shown)) => (Home::Package(root.to_owned()), shown),
        None => alone(),
    }
}

/// The name of the module of a document that no package has: nobody uses it by that name, so it may be called anything.
fn word(name: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(sign).collect();
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name != "std" { name } else { format!("_{name}") }
}

/// Whether a file is one of the standard library that was written out: it is read, and right.
pub(crate) fn is_library(path: &Path) -> bool {
    library_home(path).is_some()
}

/// Where a file of the standard library is written out, so that an editor can open it.
const LIBRARY: [&str; 2] = [".writ", "library"];

/// The package of a file of the standard library that was written out, and the file's path in the library.
fn library_home(path: &Path) -> Option<(Home, String)> {
    let folder = path.parent()?;
    let name = path.file_name()?.to_str()?;
    let (library, hidden) = (folder, folder.parent()?);
    if library.file_name()? != LIBRARY[1] || hidden.file_name()? != LIBRARY[0] {
        return None;
    }
    let root = hidden.parent()?;
    let home =
        if root.join("writ.toml").is_file() { Home::Package(root.to_owned()) } else { Home::Alone(String::new()) };
    Some((home, format!("std/{name}")))
}

/// Writes a file of the standard library out, where it does not stand there already.
///
/// - `file`: `std/state.writ`.
/// - returns: where it stands: in the package's `.writ`, or in the folder for temporary files.
pub(crate) fn library_file(home: &Home, file: &str, text: &str) -> io::Result<PathBuf> {
    let root = match home {
        Home::Package(root) => root.clone(),
        Home::Alone(_) => std::env::temp_dir().join(format!("writ-{}", env!("CARGO_PKG_VERSION"))),
    };
    let path = LIBRARY.iter().fold(root, |folder, part| folder.join(part)).join(file.trim_start_matches("std/"));
    write(&path, text)?;
    Ok(path)
}

/// Writes a file where it does not say that already, and its folders.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(path, text)
}

/// Whether two names are of one folder.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| fs::canonicalize(path).ok();
    one == other || whole(one).is_some_and(|one| Some(one) == whole(other))
}

/// A path without `.` and `..`: a file is one document, whichever way leads to it.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// Where a module's file stands.
pub fn path_of(root: &Path, path: &str) -> PathBuf {
    path.split('/').fold(root.to_owned(), |folder, part| folder.join(part))
}

/// The module's name of a path in its package (`network/segments.writ`); `None` where a part of it is no word.
pub fn module(path: &str) -> Option<String> {
    let name = path.strip_suffix(".writ").unwrap_or(path);
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    name.split('/').all(word).then(|| name.replace('/', "."))
}

/// Whether a module's name is the standard library's to give.
pub fn is_std(name: &str) -> bool {
    name == "std" || name.starts_with("std.")
}

/// The name of a package's own module.
pub(crate) fn own_module(path: &str) -> Option<String> {
    module(path).filter(|name| !is_std(name))
}

/// The files of a package's modules, sorted: every `.writ` file below its folder, except hidden ones (an editor's lock
/// is one), and those in `vendor/`, `target/`, hidden folders and nested packages.
///
/// - `nested`: nested packages too.
/// - `fault`: told of each folder that cannot be read; what is in it is missing from the answer.
pub fn modules(root: &Path, nested: bool, fault: &mut dyn FnMut(&Path, io::Error)) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(root, nested, &mut found, fault);
    found.sort();
    found
}

fn collect(folder: &Path, nested: bool, found: &mut Vec<PathBuf>, fault: &mut dyn FnMut(&Path, io::Error)) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return fault(folder, error),
    };
    for entry in entries {
        let kind = entry.and_then(|entry| Ok((entry.path(), entry.file_name(), entry.file_type()?)));
        let (path, name, kind) = match kind {
            Ok(known) => known,
            Err(error) => return fault(folder, error),
        };
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            let ours = nested || !path.join("writ.toml").exists();
            if name != "vendor" && name != "target" && ours {
                collect(&path, nested, found, fault);
            }
        } else if name.ends_with(".writ") {
            found.push(path);
        }
    }
}

/// The folders of packages below a folder, itself among them; as [`modules`] looks.
pub(crate) fn packages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        if folder.join(manifest::FILE).is_file() {
            found.push(folder.clone());
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let hidden = name.starts_with('.') || matches!(&*name, "vendor" | "target" | "node_modules");
            // What a link leads to is found where it is.
            if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(entry.path());
            }
        }
    }
    found
}

/// The modules of the package in a folder, and what of its files cannot be one, by path; what is no file, by its manifest's.
///
/// - `manifest`: what that says. The root of a workspace may be no package.
pub(crate) fn own_modules(root: &Path, manifest: &str) -> (Vec<Module>, Vec<(String, Refused)>) {
    if packages::manifest::is_root_alone(manifest) {
        return (Vec::new(), Vec::new());
    }
    let (modules, refused) = package::modules(root);
    let path = |file: &Path| if file.is_dir() { manifest::FILE.to_owned() } else { package::shown(root, file) };
    (modules, refused.into_iter().map(|refused| (path(&refused.file), refused)).collect())
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(root).ok()?.components().map(|part| part.as_os_str().to_str());
    Some(parts.collect::<Option<Vec<&str>>>()?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_module() {
        assert_eq!(module("network/segments.writ").as_deref(), Some("network.segments"));
        assert_eq!(module("my-policy.writ"), None);
        assert_eq!(own_module("std/state.writ"), None);
    }

    #[test]
    fn what_is_hidden_is_no_module() {
        let root = std::env::temp_dir().join(format!("writ-hidden-{}", std::process::id()));
        for file in ["writ.toml", "policy.writ", ".#policy.writ", ".git/odd.writ", "deep/.lock.writ", "deep/more.writ"]
        {
            write(&root.join(file), "").expect("a file");
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("me@here.1:2", root.join("deep/.#more.writ")).expect("a link to nothing");
        let (modules, refused) = package::modules(&root);
        let names: Vec<&str> = modules.iter().map(|module| &*module.name).collect();
        assert_eq!((names, refused), (vec!["deep.more", "policy"], Vec::new()));
        for (file, ours) in [("policy.writ", true), (".#policy.writ", false), (".git/odd.writ", false)] {
            let (home, _) = home("file:///a", Some(&root.join(file)));
            assert_eq!(home == Home::Package(root.clone()), ours, "{file}");
        }
        fs::remove_dir_all(&root).expect("it was there");
    }

    #[test]
    fn a_path_has_no_way_back() {
        for (path, expect) in [("/a/b/../c", "/a/c"), ("/a/./b/../../c", "/c"), ("../a", "../a"), ("a/../../b", "../b")]
        {
            assert_eq!(plain(Path::new(path)), Path::new(expect));
        }
    }

    #[test]
    fn a_document_without_a_file_stands_alone() {
        assert_eq!(
            home("untitled:Untitled-1", None),
            (Home::Alone("untitled:Untitled-1".to_owned()), "Untitled_1.writ".to_owned())
        );
        for (uri, path) in [
            ("untitled:Untitled1", "Untitled1.writ"),
            ("file:///tmp/my-policy.writ", "my_policy.writ"),
            ("file:///tmp/new%20f%C3%AFle.writ", "new_20f_C3_AFle.writ"),
            ("untitled:7", "_7.writ"),
            ("untitled:std", "_std.writ"),
            ("untitled:", "_.writ"),
        ] {
            assert_eq!(home(uri, None).1, path);
            assert!(own_module(path).is_some(), "{path}");
        }
    }
}
