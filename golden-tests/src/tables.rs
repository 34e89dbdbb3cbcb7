//! Tables in prose that a test has measured, each between `<!-- table: NAME -->` and `<!-- end -->`.
//!
//! Unlike transcripts they are made where the data is that they tell of, and are left as they stand everywhere else.

use crate::root;
use std::env;
use std::fs;

/// Compares a table of `docs/real-data.md` with what was measured; with `UPDATE_GOLDEN=1` rewrites it instead.
///
/// - `measured`: Markdown, with a line end behind the last line.
///
/// # Panics
/// Where they differ, or there is no such table.
pub fn table(name: &str, measured: &str) {
    let page = root().join("docs/real-data.md");
    let text = fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
    let (before, stands, after) =
        parts(&text, name).unwrap_or_else(|| panic!("{}: there is no table `{name}`", page.display()));
    if stands == measured {
        return;
    }
    assert!(
        env::var_os("UPDATE_GOLDEN").is_some(),
        "{}, {name}:\n--- the page says\n{stands}+++ measured\n{measured}\nif this is right: UPDATE_GOLDEN=1, and read the diff",
        page.display()
    );
    fs::write(&page, [before, measured, after].concat()).expect("the page is writable");
}

/// What stands before a table, in it, and behind it.
fn parts<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str, &'t str)> {
    let opening = format!("<!-- table: {name} -->\n");
    let start = text.find(&opening)? + opening.len();
    let end = start + text[start..].find("<!-- end -->\n")?;
    Some((&text[..start], &text[start..end], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_table_stands_between_its_name_and_its_end() {
        let page = "a\n<!-- table: x -->\n| 1 |\n<!-- end -->\nb\n<!-- table: y -->\n<!-- end -->\n";
        let (before, table, after) = parts(page, "x").expect("it is there");
        assert_eq!((table, [before, table, after].concat()), ("| 1 |\n", page.to_owned()));
        assert_eq!(parts(page, "y").map(|(_, table, _)| table), Some(""));
        assert_eq!(parts(page, "z"), None);
    }
}
