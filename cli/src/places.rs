//! Where in the files that were read something stands, for those who draw or export.
//!
//! INVARIANT: of a file that may hold secrets, as JSON may, no text is handed out; only lines and columns.

use decide::draw::Spot;
use import::Located;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

/// The texts of files, each read again at most once.
#[derive(Default)]
pub(crate) struct Places {
    texts: RefCell<BTreeMap<String, Option<Located>>>,
}

impl Places {
    /// - `place`: a JSON pointer, `line:column`, or the id of an action; see [`program::Origin`].
    pub(crate) fn find(&self, file: &str, place: &str) -> Option<Spot> {
        let mut texts = self.texts.borrow_mut();
        let read = || fs::read_to_string(file).ok().map(Located::of);
        let located = texts.entry(file.to_owned()).or_insert_with(read).as_ref()?;
        let spot = |(line, column)| Spot { line, column, text: None };
        if place.starts_with('/') {
            return located.find(place).map(spot);
        }
        let written = place.split_once(':').and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
        match written {
            Some((line, column)) if line > 0 => {
                let text = located.text().lines().nth(line - 1).map(str::to_owned);
                Some(Spot { line, column, text })
            }
            Some(_) => None,
            None => located.action(place).map(spot),
        }
    }
}
