//! A document's package on disk: the folder of the nearest `writ.toml` above it, or the document alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

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
        let name = if name.ends_with(".writ") { name.to_owned() } else { format!("{name}.writ") };
        (Home::Alone(uri.to_owned()), name)
    };
    let Some(path) = path else { return alone() };
    let root = path.ancestors().skip(1).find(|folder| folder.join("writ.toml").is_file());
    match root.and_then(|root| Some((root, relative(root, path)?))) {
        Some((root, shown)) => (Home::Package(root.to_owned()), shown),
        None => alone(),
    }
}

/// The module's name of a path in its package; `None` where a part of it is no word.
pub(crate) fn module(path: &str) -> Option<String> {
    let name = path.strip_suffix(".writ").unwrap_or(path);
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let own = name != "std" && !name.starts_with("std/");
    (own && name.split('/').all(word)).then(|| name.replace('/', "."))
}

/// The texts of a package's modules by path. A file that cannot be read is left out: `writ check` says why.
pub(crate) fn texts(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(root, root, &mut found);
    found
}

/// Every `.writ` file, except in `.writ/`, `vendor/`, hidden folders and nested packages.
fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
        if kind.is_dir() {
            if !name.starts_with('.') && name != "vendor" && name != "target" && !path.join("writ.toml").exists() {
                collect(root, &path, found);
            }
        } else if name.ends_with(".writ")
            && let (Some(shown), Ok(text)) = (relative(root, &path), fs::read_to_string(&path))
        {
            found.insert(shown, text);
        }
    }
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
        assert_eq!(module("std/state.writ"), None);
    }

    #[test]
    fn a_document_without_a_file_stands_alone() {
        assert_eq!(
            home("untitled:Untitled-1", None),
            (Home::Alone("untitled:Untitled-1".to_owned()), "Untitled-1.writ".to_owned())
        );
    }
}
