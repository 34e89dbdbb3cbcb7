//! Every page of this folder and of the guide, every example's README, the README of the project: run, and compared to
//! the letter.

use golden_tests::{Folder, check, root};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn the_pages_are_right() {
    let mut pages = markdown(&root().join("golden-tests"));
    for area in fs::read_dir(root().join("golden-tests")).expect("the folder is readable").flatten() {
        if area.path().is_dir() && area.file_name() != "src" && area.file_name() != "tests" {
            pages.extend(markdown(&area.path()));
        }
    }
    pages.sort();
    assert!(!pages.is_empty(), "there are no pages");
    report(pages.iter().map(|page| check(page, Folder::New)));
}

#[test]
fn the_examples_do_what_their_pages_say() {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root().join("examples")).expect("there are examples").flatten().map(|e| e.path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    assert!(!folders.is_empty(), "there are no examples");
    report(folders.iter().map(|folder| check(&folder.join("README.md"), Folder::CopyOf(folder))));
}

#[test]
fn the_guide_is_right() {
    let mut pages = markdown(&root().join("docs/guide"));
    pages.retain(|page| !page.ends_with("README.md"));
    pages.sort();
    assert!(pages.len() > 10, "the guide has ten pages, and some for newcomers from elsewhere");
    report(pages.iter().map(|page| check(page, Folder::New)));
}

#[test]
fn the_readme_is_right() {
    report([check(&root().join("README.md"), Folder::CopyOf(&root()))].into_iter());
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is readable").flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|e| e == "md")).collect()
}

fn report(complaints: impl Iterator<Item = String>) {
    let all: String = complaints.collect();
    assert!(all.is_empty(), "{all}\nif this is right: UPDATE_GOLDEN=1 cargo test -p golden-tests, and read the diff");
}
