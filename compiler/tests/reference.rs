//! Every name that the standard library offers has a page, and its page is the one in the repository.

use compiler::reference;
use std::fs;
use std::path::Path;

#[test]
fn the_pages_of_the_repository_are_drawn_from_the_modules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/std");
    let pages = reference::pages();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(&folder).expect("the folder can be made");
        pages.iter().for_each(|(name, page)| fs::write(folder.join(name), page).expect("the page can be written"));
    }
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("the pages are in the repository")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    assert_eq!(names, pages.keys().cloned().collect::<Vec<_>>());
    for (name, page) in &pages {
        let kept = fs::read_to_string(folder.join(name)).expect("the page is in the repository");
        assert_eq!(&kept, page, "docs/std/{name} is not what is drawn: UPDATE_GOLDEN=1 writes it");
    }
}

#[test]
fn a_name_is_explained_by_its_columns() {
    let page = reference::explain("std.state.kind").expect("it has a page");
    assert!(page.contains("relation kind(r: Resource, kind: string)") || page.contains("relation kind("), "{page}");
    assert_eq!(reference::explain("state.kind"), Ok(page));
    let blueprint = reference::explain("std.recovery.recoverable").expect("it has a page");
    assert!(blueprint.contains("blueprint recoverable(") && blueprint.contains("deny key_lost("), "{blueprint}");
    assert!(reference::explain("std.state").expect("it has a page").contains("## config"));
    assert_eq!(reference::explain("std.state.knid"), Err(Some(String::from("std.state.kind"))));
    assert_eq!(reference::explain("std.state.qwertzuiop"), Err(None));
}
