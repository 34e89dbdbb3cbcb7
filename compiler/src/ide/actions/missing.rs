//! A condition that a rule lacks, written where its conditions stand.

use super::{Action, Sort, innermost};
use crate::database::Snapshot;
use crate::diagnostic::Code;
use crate::ide::cursor::{Cursor, Site};
use crate::ide::hover::{short, type_of};
use crate::ide::index::Target;
use crate::report::Report;
use program::Type;
use syntax::ast::{self, ItemKind, Literal};

/// What would bind a variable that has no value, or say what a deny is about.
pub(super) fn missing(snapshot: &Snapshot, path: &str, report: &Report, position: usize) -> Vec<Action> {
    let found = match report.code {
        Code::UnboundVariable => unbound(snapshot, path, report, position),
        Code::Uncovered => uncovered(snapshot, path, report, position),
        _ => None,
    };
    found.into_iter().collect()
}

fn unbound(snapshot: &Snapshot, path: &str, report: &Report, position: usize) -> Option<Action> {
    let cursor = Cursor::at(snapshot, path, report.spots.first()?.start)?;
    let mention = cursor.mention()?;
    let name = &cursor.piece.text[mention.span.start as usize..mention.span.end as usize];
    // What makes a thing one is that it is there.
    let Some(Type::Entity(entity)) = type_of(&cursor, &mention.target) else { return None };
    let relation = match entity.as_str() {
        "std.state.Resource" => "std.state.exists",
        _ => return None,
    };
    write(&cursor, path, position, relation, name)
}

fn uncovered(snapshot: &Snapshot, path: &str, report: &Report, position: usize) -> Option<Action> {
    let cursor = Cursor::at(snapshot, path, report.spots.first()?.start)?;
    let ItemKind::Governance(rule) = &innermost(cursor.piece.item?, cursor.offset).kind else { return None };
    let resource = |target: &Target| type_of(&cursor, target) == Some(Type::Entity(String::from("std.state.Resource")));
    let subject = rule.subjects.iter().find_map(|ast::Subject { argument, .. }| {
        let mention = cursor.piece.mentions().iter().find(|mention| mention.span == argument.value.span)?;
        resource(&mention.target).then_some(argument.value.span)
    })?;
    let name = &cursor.piece.text[subject.start as usize..subject.end as usize];
    write(&cursor, path, position, "covered", name)
}

/// Adds `relation(name)` to the rule at a place, as its first condition.
fn write(cursor: &Cursor<'_>, path: &str, position: usize, relation: &str, name: &str) -> Option<Action> {
    let item = innermost(cursor.piece.item?, cursor.offset);
    let body: &[Literal] = match &item.kind {
        ItemKind::Rule(rule) => &rule.body,
        ItemKind::Governance(rule) => &rule.body,
        _ => return None,
    };
    let scope = &cursor.snapshot.module_at(path)?.scope;
    let shown = if scope.is_imported(short(relation)) { short(relation) } else { relation };
    let atom = format!("{shown}({name})");
    let (at, text) = match body.first() {
        Some(first) => (first.span.start, format!("{atom}, ")),
        // Before the `;`.
        None => (item.span.end.checked_sub(1)?, format!(" if {atom}")),
    };
    let at = cursor.piece.start + at as usize;
    Some(Action {
        title: format!("add `{atom}`"),
        sort: Sort::Repair,
        edits: vec![(Site { file: path.to_owned(), range: at..at }, text)],
        report: Some(position),
        preferred: false,
    })
}
