//! The files of a package, and the digest that names them.
//!
//! The digest is SHA-256 of one line for each file, `hex  path`, sorted: what `sha256sum` prints. It does not depend on
//! where the files came from, so a registry, a git repository and a vendored copy agree.
//!
//! INVARIANT: the paths of a tree can be laid into an empty folder of any system without leaving it and without one
//! file taking another's place.

use crate::{Failure, disk, malformed};
use program::Digest;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How much a package may hold.
pub const FILES: usize = 2_000;
/// Bytes of one file.
pub const FILE: u64 = 4 << 20;
/// Bytes of all of them.
pub const WHOLE: u64 = 32 << 20;

/// Names that some systems take for devices.
const DEVICES: [&str; 8] = ["con", "prn", "aux", "nul", "com", "lpt", "conin$", "conout$"];

/// Files by path, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
    /// Each path and each folder in small letters, with how it is written.
    seen: BTreeMap<String, (String, bool)>,
}

impl Tree {
    /// Adds a file.
    ///
    /// # Errors
    /// Where its path could leave the folder, collides with another, or the whole grows past its bounds.
    pub fn add(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), Failure> {
        let refuse = |why: String| malformed(format!("the file {path:?} of a package is refused: {why}"));
        if let Some(why) = unsafe_part(path) {
            return refuse(why.to_owned());
        }
        let size = bytes.len() as u64;
        if size > FILE || self.bytes + size > WHOLE || self.files.len() >= FILES {
            return refuse(format!(
                "a package has at most {FILES} files, of {} MiB each and {} MiB together",
                FILE >> 20,
                WHOLE >> 20
            ));
        }
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            let (part, file) = (&path[..end], end == path.len());
            match self.seen.get(&part.to_ascii_lowercase()) {
                Some((known, was_file)) if known != part || file || *was_file => {
                    return refuse(format!("it would take the place of {known:?} where letters have no case"));
                }
                Some(_) => {}
                None => {
                    self.seen.insert(part.to_ascii_lowercase(), (part.to_owned(), file));
                }
            }
        }
        self.bytes += size;
        self.files.insert(path.to_owned(), bytes);
        Ok(())
    }

    /// Reads all files below a folder: what was unpacked there.
    ///
    /// # Errors
    /// Also where it holds anything but files and folders.
    pub fn of_folder(folder: &Path) -> Result<Tree, Failure> {
        let mut tree = Tree::default();
        walk(folder, "", &mut |path, at| tree.add(path, disk::read_bounded(at, FILE)?), &|_, _| true)?;
        Ok(tree)
    }

    /// Reads what of a working folder belongs to the package: the manifest, the modules, `README.md`, `CHANGELOG.md`, the
    /// licence, and the decisions kept in `cases/`. Nothing else, so that no plan and no key slips in.
    pub fn of_sources(folder: &Path) -> Result<Tree, Failure> {
        Tree::of_sources_among(folder, None).map(|(tree, _)| tree)
    }

    /// The same, of some files alone.
    ///
    /// - `among`: paths seen from the folder, with `/`: what git keeps.
    /// - returns: and the files that would belong to the package and are not among them.
    pub fn of_sources_among(folder: &Path, among: Option<&BTreeSet<String>>) -> Result<(Tree, Vec<String>), Failure> {
        let (mut tree, left) = (Tree::default(), RefCell::new(Vec::new()));
        let enter = |path: &str, at: &Path| {
            let named = among.is_none_or(|among| among.contains(path));
            if at.is_dir() {
                // A link that git does not keep is no part of it; one that it keeps is refused by who reads it.
                return is_open(path) && !at.join("writ.toml").exists() && (named || !at.is_symlink());
            }
            if is_published(path) && !named {
                left.borrow_mut().push(path.to_owned());
            }
            is_published(path) && named
        };
        walk(folder, "", &mut |path, at| tree.add(path, disk::read_bounded(at, FILE)?), &enter)?;
        Ok((tree, left.into_inner()))
    }

    /// Lays the files into a folder that is empty or not there.
    pub fn lay(&self, folder: &Path) -> Result<(), Failure> {
        for (path, bytes) in &self.files {
            let at = path.split('/').fold(folder.to_owned(), |folder, part| folder.join(part));
            let above = at.parent().unwrap_or(folder);
            fs::create_dir_all(above).map_err(|e| disk::fault(above, &e))?;
            fs::write(&at, bytes).map_err(|e| disk::fault(&at, &e))?;
        }
        Ok(())
    }

    /// The files in order.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// One file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// One file that is text.
    pub fn text(&self, path: &str) -> Result<&str, Failure> {
        let Some(bytes) = self.file(path) else { return malformed(format!("the package has no {path}")) };
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(e) => malformed(format!("{path}: byte {} is not UTF-8", e.valid_up_to())),
        }
    }

    /// How many bytes all files have.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What names the files.
    pub fn digest(&self) -> Digest {
        let mut lines: Vec<String> = self
            .files
            .iter()
            .map(|(path, bytes)| {
                let mut line = Digest::of(bytes).hex().to_owned();
                let _ = writeln!(line, "  {path}");
                line
            })
            .collect();
        lines.sort();
        Digest::of(lines.concat().as_bytes())
    }
}

/// Whether a folder may hold what is published.
fn is_open(path: &str) -> bool {
    path.split('/').all(|part| !part.starts_with('.') && part != "vendor" && part != "target")
}

/// Whether a file of that path belongs to a package, unless a nested package has it.
pub(crate) fn is_published(path: &str) -> bool {
    let told = ["writ.toml", "README.md", "CHANGELOG.md", "LICENSE", "LICENSE.md", "LICENSE.txt"];
    let case = path.starts_with("cases/") && path.ends_with(".json");
    // The manifest of a nested package tells that it is one.
    let manifest = path.ends_with("/writ.toml");
    is_open(path) && (path.ends_with(".writ") || case || manifest || told.contains(&path))
}

/// Why a path may not stand in a package.
fn unsafe_part(path: &str) -> Option<&'static str> {
    if path.is_empty() || path.len() > 100 {
        return Some("a path has 1 to 100 letters");
    }
    for part in path.split('/') {
        let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
        let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
        if part.is_empty() || part == "." || part == ".." {
            return Some("a path leads down from the package's own folder, without `.` and `..`");
        }
        if part.starts_with('.') {
            return Some("hidden files are no part of a package");
        }
        if !part.chars().all(|c| c.is_ascii_alphanumeric() || "._-+@".contains(c)) {
            return Some("its parts are of letters, digits and `._-+@`");
        }
        if part.ends_with('.') || DEVICES.contains(&stem) {
            return Some("some systems take this name for another");
        }
    }
    None
}

/// Every file below a folder, in any order.
///
/// - `enter`: whether a folder, or a file, is looked at.
fn walk(
    folder: &Path,
    prefix: &str,
    found: &mut dyn FnMut(&str, &Path) -> Result<(), Failure>,
    enter: &dyn Fn(&str, &Path) -> bool,
) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|e| disk::fault(folder, &e))?;
    let mut names = BTreeSet::new();
    for entry in entries {
        names.insert(entry.map_err(|e| disk::fault(folder, &e))?.file_name());
    }
    for name in names {
        let at = folder.join(&name);
        let Some(name) = name.to_str() else {
            return malformed(format!("{}: the name of a package's file is not UTF-8", at.display()));
        };
        let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        if !enter(&path, &at) {
            continue;
        }
        let kind = fs::symlink_metadata(&at).map_err(|e| disk::fault(&at, &e))?.file_type();
        if kind.is_dir() {
            walk(&at, &path, found, enter)?;
        } else if kind.is_file() {
            found(&path, &at)?;
        } else {
            return malformed(format!(
                "{}: a package holds files and folders, and this is a link or a device",
                at.display()
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FILE, FILES, Tree};
    use proptest::prelude::*;

    fn tree(paths: &[&str]) -> Result<Tree, String> {
        let mut tree = Tree::default();
        paths.iter().try_for_each(|path| tree.add(path, path.as_bytes().to_vec())).map_err(|e| e.to_string())?;
        Ok(tree)
    }

    #[test]
    fn the_digest_is_that_of_sha256sum() {
        let tree = tree(&["b.writ", "a/c.writ"]).expect("a tree");
        // printf a/c.writ | sha256sum, and so on; the two lines sorted, hashed again.
        assert_eq!(tree.digest().hex(), "1c8e6d74fe9fe2b0a6ba813cc9932e7eabbc5e68032778f5eaeadfbd42a09bae");
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_refused() {
        for path in
            ["..", "../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a/", "", "C:\\x", "a\\..\\b", "a\0b", "~/x"]
        {
            assert!(tree(&[path]).is_err(), "{path:?}");
        }
        for path in [".git/config", "a/.ssh/x", "nul", "a/CON.writ", "com1.txt", "a.", "é.writ", &"a".repeat(101)] {
            assert!(tree(&[path]).is_err(), "{path:?}");
        }
    }

    #[test]
    fn paths_that_differ_by_case_alone_are_refused() {
        for paths in [["a.writ", "A.writ"], ["a/x.writ", "A/y.writ"], ["a", "a/x"], ["a/x", "A"], ["a.writ", "a.writ"]]
        {
            let said = tree(&paths).expect_err("they collide");
            assert!(said.contains("take the place"), "{said}");
        }
        assert!(tree(&["a/x", "a/y", "b/x"]).is_ok());
    }

    #[test]
    fn a_package_has_its_bounds() {
        let mut large = Tree::default();
        assert!(large.add("a", vec![0; usize::try_from(FILE).expect("small") + 1]).is_err());
        let mut many = Tree::default();
        (0..FILES).for_each(|n| many.add(&format!("f{n}"), Vec::new()).expect("within bounds"));
        assert!(many.add("one-more", Vec::new()).is_err());
    }

    proptest! {
        #[test]
        fn the_order_of_files_is_no_matter_and_each_byte_is(
            files in prop::collection::btree_map("[a-c]{1,2}x", prop::collection::vec(any::<u8>(), 0..8), 1..6),
            at in any::<prop::sample::Index>(),
        ) {
            let mut there = Tree::default();
            for (path, bytes) in &files { there.add(path, bytes.clone()).expect("a plain path"); }
            let mut back = Tree::default();
            for (path, bytes) in files.iter().rev() { back.add(path, bytes.clone()).expect("a plain path"); }
            prop_assert_eq!(there.digest(), back.digest());
            let chosen = at.index(files.len());
            let mut other = Tree::default();
            for (n, (path, bytes)) in files.iter().enumerate() {
                let mut bytes = bytes.clone();
                if n == chosen { bytes.push(0); }
                other.add(path, bytes).expect("a plain path");
            }
            prop_assert_ne!(there.digest(), other.digest());
        }
    }
}
