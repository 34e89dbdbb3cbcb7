//! What an editor may change at a place: repairs of what is wrong there, and other ways to say the same.
//!
//! Read downwards: [`actions`] gathers; `repairs` are the compiler's own, `silence` tells it to be quiet, `missing` writes
//! a condition that a rule lacks; `extract` makes a relation of conditions, `inline` puts a rule in place of an atom.
//!
//! INVARIANT: what is offered as another way to say the same changes no tuple of any relation that was there.

mod extract;
mod inline;
mod missing;

use super::cursor::{Cursor, Site};
use crate::database::Snapshot;
use crate::diagnostic::{Code, Severity};
use crate::hir::Package;
use crate::repair::placed;
use crate::report::{Repair, Report};
use std::ops::Range;
use syntax::ast::{Item, ItemKind, Span};

/// Something that may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it does: "write `team`".
    pub title: String,
    /// Of which sort.
    pub sort: Sort,
    /// What to write where; they do not overlap.
    pub edits: Vec<(Site, String)>,
    /// Which of the reports it answers.
    pub report: Option<usize>,
    /// It is the obvious repair.
    pub preferred: bool,
}

/// The sorts of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Mends what is wrong.
    Repair,
    /// Makes a relation of conditions.
    Extract,
    /// Puts a rule in place of an atom.
    Inline,
}

/// What may be done in a part of a file.
///
/// - `reports`: what is wrong in the file.
pub fn actions(snapshot: &Snapshot, path: &str, within: Range<usize>, reports: &[Report]) -> Vec<Action> {
    let mut found = Vec::new();
    if snapshot.package_of(path) != Some(Package::Root) {
        return found;
    }
    for (position, report) in reports.iter().enumerate() {
        let Some(spot) = report.spots.first().filter(|spot| spot.file == path) else { continue };
        if spot.start > within.end || within.start > spot.end {
            continue;
        }
        let repairs = report.fixes.iter().filter_map(|repair| repaired(snapshot, repair, position));
        found.extend(repairs);
        found.extend(missing::missing(snapshot, path, report, position));
        // What complains of an `@allow` is mended by taking it away.
        if report.severity() == Severity::Warning && report.code != Code::IdleAllow {
            found.extend(silence(snapshot, path, report, position));
        }
    }
    found.extend(extract::extract(snapshot, path, within.clone()));
    found.extend(inline::inline(snapshot, path, within.start));
    found
}

/// The edits of a repair; a line that would be left empty goes too.
fn repaired(snapshot: &Snapshot, repair: &Repair, report: usize) -> Option<Action> {
    let mut edits = Vec::new();
    for edit in &repair.edits {
        let text = snapshot.text(&edit.file)?;
        let range = placed(text, edit.start..edit.end, &edit.text);
        edits.push((Site { file: edit.file.clone(), range }, edit.text.clone()));
    }
    let sort = Sort::Repair;
    Some(Action { title: repair.title.clone(), sort, edits, report: Some(report), preferred: repair.sure })
}

/// `@allow(W0701)` before the item that is complained about.
fn silence(snapshot: &Snapshot, path: &str, report: &Report, position: usize) -> Option<Action> {
    let spot = report.spots.first()?;
    let cursor = Cursor::at(snapshot, path, spot.start)?;
    let item = innermost(cursor.piece.item?, cursor.offset);
    let at = cursor.piece.start + item.span.start as usize;
    let number = report.code.number();
    let text = format!("@allow({number})\n{}", indent(snapshot.text(path)?, at));
    Some(Action {
        title: format!("ignore {number} here"),
        sort: Sort::Repair,
        edits: vec![(Site { file: path.to_owned(), range: at..at }, text)],
        report: Some(position),
        preferred: false,
    })
}

/// The denies, escalates and permits at a place, by the names that verdicts end with (`careful.stale`): decisions about
/// them can be kept as tests there.
///
/// - returns: `None` where neither they nor a test stand; in a test none, since it may be about any.
pub fn judged(snapshot: &Snapshot, path: &str, offset: usize) -> Option<Vec<String>> {
    if snapshot.package_of(path) != Some(Package::Root) {
        return None;
    }
    let cursor = Cursor::at(snapshot, path, offset)?;
    match &cursor.piece.item?.kind {
        ItemKind::Test(_) => Some(Vec::new()),
        ItemKind::Governance(rule) => Some(vec![rule.name.text.clone()]),
        ItemKind::Blueprint(block) => {
            let at = |inner: &&Item| inner.span.start <= cursor.offset && cursor.offset <= inner.span.end;
            let here: Vec<&Item> = match block.items.iter().find(at) {
                Some(inner) => vec![inner],
                None => block.items.iter().collect(),
            };
            let names = here.into_iter().filter_map(|inner| match &inner.kind {
                ItemKind::Governance(rule) => Some(format!("{}.{}", block.name.text, rule.name.text)),
                _ => None,
            });
            let names: Vec<String> = names.collect();
            (!names.is_empty()).then_some(names)
        }
        _ => None,
    }
}

/// The item at a place, or the one inside its block.
pub(super) fn innermost(item: &Item, offset: u32) -> &Item {
    let within = |span: Span| span.start <= offset && offset <= span.end;
    match &item.kind {
        ItemKind::Blueprint(block) => block.items.iter().find(|inner| within(inner.span)).unwrap_or(item),
        _ => item,
    }
}

/// The white space before a place in its line.
pub(super) fn indent(text: &str, at: usize) -> String {
    let line = text[..at].rfind('\n').map_or(0, |found| found + 1);
    text[line..at].chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
}

#[cfg(test)]
mod tests;
