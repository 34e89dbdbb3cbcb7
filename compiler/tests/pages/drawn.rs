//! Pages of the repository that are drawn from the code.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The pages in a folder below `docs` are those that are drawn; `UPDATE_GOLDEN` writes them.
pub(crate) fn are_kept(folder: &str, pages: &BTreeMap<String, String>) {
    let at = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(folder);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(&at).expect("the folder can be made");
        pages.iter().for_each(|(name, page)| fs::write(at.join(name), page).expect("the page can be written"));
    }
    let mut names: Vec<String> = fs::read_dir(&at)
        .expect("the pages are in the repository")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    assert_eq!(names, pages.keys().cloned().collect::<Vec<_>>());
    for (name, page) in pages {
        let kept = fs::read_to_string(at.join(name)).expect("the page is in the repository");
        assert!(kept == *page, "docs/{folder}/{name} is old: UPDATE_GOLDEN=1 cargo test -p compiler");
    }
}
