//! Conditions that follow each other become a relation of their own.

use super::{Action, Sort, indent, innermost};
use crate::database::Snapshot;
use crate::hir::Qualifier;
use crate::ide::cursor::{Cursor, Site};
use crate::ide::hover::{short, type_of};
use crate::ide::index::{Mention, Role, Target};
use crate::names::Sort as Named;
use crate::signatures::is_open;
use program::Type;
use std::ops::Range;
use syntax::ast::{ExprKind, ItemKind, Literal, LiteralKind, Span};

/// The conditions that a selection holds, as a relation.
pub(super) fn extract(snapshot: &Snapshot, path: &str, within: Range<usize>) -> Option<Action> {
    if within.is_empty() {
        return None;
    }
    let cursor = Cursor::at(snapshot, path, within.start)?;
    let item = innermost(cursor.piece.item?, cursor.offset);
    let (body, rule) = match &item.kind {
        ItemKind::Rule(rule) => (&rule.body, rule.span),
        ItemKind::Governance(rule) => (&rule.body, rule.span),
        _ => return None,
    };
    let end = u32::try_from(within.end.checked_sub(cursor.piece.start)?).ok()?;
    let touched = |literal: &&Literal| literal.span.start < end && cursor.offset < literal.span.end;
    let chosen: Vec<&Literal> = body.iter().filter(touched).collect();
    let (first, last) = chosen.first().zip(chosen.last())?;
    // All of them would leave a rule that only hands on.
    if chosen.len() == body.len() || cursor.offset > first.span.start || end < last.span.end {
        return None;
    }
    let span = Span { start: first.span.start, end: last.span.end };
    let inside = |at: Span| span.start <= at.start && at.end <= span.end;
    let mentions = cursor.piece.mentions();
    let of_rule = |mention: &&Mention| rule.start <= mention.span.start && mention.span.end <= rule.end;
    let variable = |mention: &&Mention| is_variable(snapshot, mention);
    let mut exported: Vec<(&Target, Span)> = Vec::new();
    for mention in mentions.iter().filter(|m| inside(m.span)).filter(variable) {
        let outside = mentions
            .iter()
            .filter(of_rule)
            .any(|m| m.target == mention.target && !inside(m.span) && m.role != Role::Labels);
        let known = exported.iter().any(|(target, _)| **target == mention.target);
        let parameter =
            matches!(&mention.target, Target::Column { of, .. } if snapshot.library().blueprint(of).is_some());
        if outside && !known && !parameter {
            exported.push((&mention.target, mention.span));
        }
    }
    // Conditions that bind none of what they share cannot stand alone.
    let word = |span: Span| &cursor.piece.text[span.start as usize..span.end as usize];
    let bound = |target: &Target| chosen.iter().any(|literal| binds(literal, target, mentions));
    if exported.is_empty() || !exported.iter().all(|(target, _)| bound(target)) {
        return None;
    }
    let mut columns = Vec::new();
    for (target, at) in &exported {
        let known = type_of(&cursor, target).filter(|known| !is_open(known))?;
        columns.push(format!("{}: {}", word(*at), written(snapshot, path, &known)));
    }
    let names: Vec<&str> = exported.iter().map(|(_, at)| word(*at)).collect();
    let change = mentions.iter().filter(|m| inside(m.span)).any(|mention| match &mention.target {
        Target::Declared(Named::Relation, name) => {
            let library = snapshot.library();
            let relation = library.relation(name);
            let before = cursor.piece.text[..mention.span.start as usize].ends_with(['.']);
            let world =
                cursor.piece.text[span.start as usize..mention.span.start as usize].rsplit([',', ' ', '(']).next();
            let world = world.is_some_and(|path| path.starts_with("before.") || path.starts_with("either."));
            relation.is_some_and(|relation| relation.qualifier == Qualifier::Change) || before && world
        }
        _ => false,
    });
    // A relation derived from who has authority would be one itself, and its other conditions read the world before.
    let authority = mentions.iter().filter(|m| inside(m.span)).any(|mention| match &mention.target {
        Target::Declared(Named::Relation, name) => {
            snapshot.library().relation(name).is_some_and(|relation| relation.qualifier == Qualifier::Authority)
        }
        _ => false,
    });
    if authority {
        return None;
    }
    let name = fresh(snapshot, path, &cursor)?;
    let text = snapshot.text(path)?;
    let at = cursor.piece.start + item.span.start as usize;
    let pad = indent(text, at);
    let body = &text[cursor.piece.start + span.start as usize..cursor.piece.start + span.end as usize];
    let kind = if change { "change relation" } else { "relation" };
    let list = names.join(", ");
    let declared = format!("{kind} {name}({});\n{pad}{name}({list}) if {body};\n\n{pad}", columns.join(", "));
    let here = |range: Range<usize>| Site { file: path.to_owned(), range };
    // Documentation stands before an item: so does the relation.
    let at = docs_start(text, at);
    Some(Action {
        title: format!("extract into a relation `{name}`"),
        sort: Sort::Extract,
        edits: vec![
            (here(at..at), declared),
            (
                here(cursor.piece.start + span.start as usize..cursor.piece.start + span.end as usize),
                format!("{name}({list})"),
            ),
        ],
        report: None,
        preferred: false,
    })
}

fn is_variable(snapshot: &Snapshot, mention: &Mention) -> bool {
    match &mention.target {
        Target::Variable(_) => true,
        Target::Column { of, .. } => {
            mention.role != Role::Labels
                && snapshot.library().relation(of).is_none_or(|relation| relation.word.is_some())
        }
        _ => false,
    }
}

/// Whether a condition gives the variable a value.
fn binds(literal: &Literal, target: &Target, mentions: &[Mention]) -> bool {
    let holds = |span: Span| mentions.iter().any(|m| m.target == *target && m.span == span);
    match &literal.kind {
        LiteralKind::Expr(expr) if !literal.negated => match &expr.kind {
            ExprKind::Call(atom) => atom.arguments.iter().any(|argument| holds(argument.value.span)),
            _ => false,
        },
        LiteralKind::Equation { left, .. } => holds(left.span),
        LiteralKind::In { element, .. } if !literal.negated => holds(element.span),
        LiteralKind::Aggregate { variable, .. } => holds(variable.span),
        LiteralKind::Expr(_) | LiteralKind::In { .. } | LiteralKind::Compare(..) | LiteralKind::Is(..) => false,
    }
}

/// A type as it may be written in a file: short where its name is known there.
fn written(snapshot: &Snapshot, path: &str, known: &Type) -> String {
    match known {
        Type::Entity(name) | Type::Enum(name) => {
            let module = snapshot.module_at(path);
            let own = module.is_some_and(|module| *name == format!("{}.{}", module.name, short(name)));
            let known = own || module.is_some_and(|module| module.scope.is_imported(short(name)));
            if known { short(name).to_owned() } else { name.clone() }
        }
        Type::Set(inner) => format!("{{{}}}", written(snapshot, path, inner)),
        Type::List(inner) => format!("[{}]", written(snapshot, path, inner)),
        other => other.to_string(),
    }
}

/// A name that stands for nothing yet.
fn fresh(snapshot: &Snapshot, path: &str, cursor: &Cursor<'_>) -> Option<String> {
    let module = snapshot.module_at(path)?;
    let exports = snapshot.exports_of(path)?;
    let taken = |name: &str| {
        let own = exports.names.keys().any(|local| local == name || local.ends_with(&format!(".{name}")));
        own || module.scope.is_imported(name) || cursor.piece.text.contains(name)
    };
    (1..).map(|n| if n == 1 { String::from("extracted") } else { format!("extracted{n}") }).find(|name| !taken(name))
}

/// Where the lines of documentation before a place begin.
fn docs_start(text: &str, at: usize) -> usize {
    let mut start = at;
    loop {
        let line = text[..start].rfind('\n').map_or(0, |found| found + 1);
        if line == 0 {
            return start;
        }
        let before = text[..line - 1].rfind('\n').map_or(0, |found| found + 1);
        let words = text[before..line].trim_start();
        if !words.starts_with("///") {
            return start;
        }
        start = before + (text[before..line].len() - words.len());
    }
}
