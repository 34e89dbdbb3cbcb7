//! Whether a file has what a mapping and `id` name, or is another file than was meant.
//!
//! A row that lacks a value gives no fact, and that is told. What no row of a file has is another matter: a table under
//! another header, or a page that asks for a password, would pass for one in which nothing stands.
//!
//! INVARIANT: a path counts as there where a row has its keys, though the value be null or the list empty; and in a table
//! where the header has it, though there be no row.

use super::template::Template;
use super::{Document, Ids, Mapped, step};
use crate::Malformed;
use crate::nearest::nearest;
use program::Json;
use std::sync::Arc;

/// The paths that are to be in some row, and in how many of those that could have it they were looked for.
pub(super) struct Shape<'m> {
    awaited: Vec<Awaited<'m>>,
}

struct Awaited<'m> {
    path: &'m str,
    steps: &'m [String],
    /// What names it, and what helps where it is nowhere.
    by: String,
    help: &'static str,
    /// Of an `id`: the list that it is for.
    of: Option<&'m str>,
    rows: usize,
    there: bool,
}

impl<'m> Shape<'m> {
    pub(super) fn new(stated: &'m [Mapped<'_>], ids: &'m Ids) -> Shape<'m> {
        let mut awaited = Vec::new();
        let mut wait = |template: &'m Template, by: &str, help, of| {
            awaited.extend(template.paths().map(|(path, steps)| {
                let by = by.to_owned();
                Awaited { path, steps, by, help, of, rows: 0, there: false }
            }));
        };
        for mapped in stated.iter().filter(|mapped| !mapped.optional) {
            let by = format!("the mapping of `{}`", mapped.relation);
            let help = "say where in a row it stands; where a file may do without, write `optional = true` below its `[[source.fact]]`";
            mapped.columns.iter().for_each(|(_, template)| wait(template, &by, help, None));
        }
        if stated.is_empty() {
            let help = "say in `id` where the name stands; `id = { LIST = \"…\" }` says it of one list alone";
            ids.templates.iter().for_each(|(of, template)| wait(template, "`id`", help, Some(of)));
        }
        Shape { awaited }
    }

    /// Sees a row.
    ///
    /// - `of`: the list that `id` takes it to be in.
    /// - `beside`: it is what stands beside the lists of its document, and may have none of it.
    pub(super) fn see(&mut self, row: &Json, of: Option<&str>, beside: bool) {
        for awaited in self.awaited.iter_mut().filter(|awaited| !awaited.there) {
            if awaited.of.is_none() || awaited.of == of {
                awaited.there = has(row, awaited.steps);
                awaited.rows += usize::from(!beside);
            }
        }
    }

    /// Refuses a table whose header lacks what is awaited.
    pub(super) fn header(&self, document: &Document) -> Result<(), Malformed> {
        let Some(titles) = document.titles() else { return Ok(()) };
        let header = Json::Object(titles.iter().map(|title| (title.clone(), Json::text(""))).collect());
        let Some(lacking) = self.awaited.iter().find(|awaited| !has(&header, awaited.steps)) else { return Ok(()) };
        let what = format!("the header has no column `{}`, and {} names it", lacking.path, lacking.by);
        Err(Malformed::new("1:1", what).help(advice(lacking, titles)))
    }

    /// Refuses a file in which there are rows, and none of them has what is awaited.
    pub(super) fn whole(&self) -> Result<(), Malformed> {
        let Some(lacking) = self.awaited.iter().find(|awaited| !awaited.there && awaited.rows > 0) else {
            return Ok(());
        };
        let rows = match lacking.rows {
            1 => String::from("the only row of this file has no"),
            rows => format!("none of the {rows} rows of this file has"),
        };
        let what = format!("{rows} `{}`, and {} names it", lacking.path, lacking.by);
        Err(Malformed::new("", what).help(lacking.help))
    }
}

/// What may have been meant instead.
fn advice(lacking: &Awaited<'_>, titles: &[Arc<str>]) -> String {
    let titled = || titles.iter().map(|title| &**title);
    if let [only] = titles
        && let Some(separator) = only.chars().find(|c| matches!(c, ';' | '\t' | '|'))
    {
        return format!("separate the columns by `,`, not by {separator:?}");
    }
    let alike = titled().find(|title| title.eq_ignore_ascii_case(lacking.path));
    match alike.or_else(|| nearest(lacking.path, titled())) {
        Some(near) => format!("did you mean `{near}`? {}", lacking.help),
        None => lacking.help.to_owned(),
    }
}

/// Whether a row has the keys of a path, as far as it can be told.
fn has(row: &Json, steps: &[String]) -> bool {
    let mut found = vec![row];
    for name in steps.iter().filter(|name| *name != ".") {
        let mut next = Vec::new();
        for json in found {
            match (&**name, json) {
                (_, Json::Null) => return true,
                ("*", Json::Array(items)) if items.is_empty() => return true,
                ("*", Json::Object(entries)) if entries.is_empty() => return true,
                ("*", Json::Array(items)) => next.extend(items),
                ("*", Json::Object(entries)) => next.extend(entries.values()),
                ("*", _) => {}
                (name, json) => next.extend(step(json, name)),
            }
        }
        found = next;
    }
    !found.is_empty()
}
