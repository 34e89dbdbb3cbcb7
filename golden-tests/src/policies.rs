//! The policies that the pages, the reference, the examples and the library's tests hold: what a law is tried on.

use crate::{Block, Page, root};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of a folder, of a page, or of one of the reference's examples.
pub struct Policy {
    /// Where they stand.
    pub name: String,
    /// Their paths and texts.
    pub files: Vec<(String, String)>,
}

/// All of them.
///
/// # Panics
/// Where a file cannot be read: a broken checkout.
pub fn all() -> Vec<Policy> {
    let mut found = reference();
    found.extend(pages());
    let entries = fs::read_dir(root().join("examples")).expect("there are examples");
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    folders.push(root().join("stdlib/tests"));
    found.extend(folders.iter().map(|folder| of_folder(folder)));
    found
}

/// Those of the language reference: each fence is a module of its own.
///
/// # Panics
/// Where it cannot be read.
pub fn reference() -> Vec<Policy> {
    let page = fs::read_to_string(root().join("docs/language.md")).expect("the reference is readable");
    let mut section = "";
    let mut found = Vec::new();
    let mut rest = page.as_str();
    while let Some((before, after)) = rest.split_once("```writ\n") {
        section = before.lines().rev().find_map(|line| line.strip_prefix("## ")).unwrap_or(section);
        let (text, after) = after.split_once("```").expect("a fence ends");
        rest = after;
        let name = format!("{section}: {}", text.lines().next().unwrap_or_default());
        found.push(Policy { name, files: vec![("example.writ".to_owned(), text.to_owned())] });
    }
    found
}

/// Those of the pages: the Writ files of a page are one policy.
fn pages() -> Vec<Policy> {
    let mut found = Vec::new();
    for area in ["golden-tests/language", "golden-tests/verdict", "golden-tests/tool", "docs/guide"] {
        let entries = fs::read_dir(root().join(area)).expect("the folder is readable");
        let mut pages: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        pages.sort();
        for page in pages {
            let text = fs::read_to_string(&page).expect("a page is readable");
            let mut files: Vec<(String, String)> = Vec::new();
            for block in Page::cut(&text) {
                if let Block::File { name, body, .. } = block
                    && name.ends_with(".writ")
                {
                    files.retain(|(other, _)| other != name);
                    files.push((name.to_owned(), body.to_owned()));
                }
            }
            let name = page.strip_prefix(root()).unwrap_or(&page).display().to_string();
            found.push(Policy { name, files });
        }
    }
    found
}

fn of_folder(folder: &Path) -> Policy {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|file| file.extension().is_some_and(|e| e == "writ"));
    paths.sort();
    let file = |path: PathBuf| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a policy is readable"))
    };
    let files = paths.into_iter().map(file).collect();
    Policy { name: folder.strip_prefix(root()).unwrap_or(folder).display().to_string(), files }
}
