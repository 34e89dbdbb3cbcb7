//! Where in the files that were read something stands, for those who draw or export.
//!
//! INVARIANT: of a file that may hold secrets, as JSON may, no text is handed out; only lines and columns.

use decide::draw::Spot;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

/// The texts of files, each read again at most once.
#[derive(Default)]
pub(crate) struct Places {
    texts: RefCell<BTreeMap<String, Option<String>>>,
}

impl Places {
    /// - `place`: a JSON pointer, `line:column`, or the id of an action; see [`program::Origin`].
    pub(crate) fn find(&self, file: &str, place: &str) -> Option<Spot> {
        let mut texts = self.texts.borrow_mut();
        let text = texts.entry(file.to_owned()).or_insert_with(|| fs::read_to_string(file).ok()).as_deref()?;
        let spot = |(line, column)| Spot { line, column, text: None };
        if place.starts_with('/') {
            return import::locate(text, place).map(spot);
        }
        let written = place.split_once(':').and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
        match written {
            Some((line, column)) if line > 0 => {
                let text = text.lines().nth(line - 1).map(str::to_owned);
                Some(Spot { line, column, text })
            }
            Some(_) => None,
            None => import::locate_action(text, place).map(spot),
        }
    }
}
