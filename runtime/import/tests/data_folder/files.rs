//! The files of the folder that `WRIT_DATA` names. Without it a test prints how much it skipped; with it a skip is a failure.

use std::path::{Path, PathBuf};

/// The wanted files below a folder of the data, sorted; `None` without data.
pub(crate) fn files(folder: &str, wanted: impl Fn(&Path) -> bool) -> Option<Vec<PathBuf>> {
    let Ok(data) = std::env::var("WRIT_DATA") else {
        println!("1 skipped (no data)");
        return None;
    };
    let mut waiting = vec![Path::new(&data).join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).expect("the data folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if wanted(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "WRIT_DATA is set, but {folder} is empty");
    Some(found)
}
