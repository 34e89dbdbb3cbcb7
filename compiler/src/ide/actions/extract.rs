//! Conditions that follow each other become a relation of their own.
//!
//! INVARIANT: what it makes compiles, and derives the same. So what says whom a deny is about, and which verb a permit is for,
//! stays in the rule.

use super::{Action, Sort, indent, innermost};
use crate::database::Snapshot;
use crate::hir::{self, Qualifier};
use crate::ide::cursor::{Cursor, Site};
use crate::ide::hover::{short, type_of};
use crate::ide::index::{Mention, Role, Target};
use crate::names::Sort as Named;
use crate::signatures::is_open;
use program::{Type, World};
use std::ops::Range;
use syntax::ast::{Argument, Atom, Expr, ExprKind, ItemKind, Literal, LiteralKind, Span};

/// The conditions that a selection holds, as a relation.
pub(super) fn extract(snapshot: &Snapshot, path: &str, within: Range<usize>) -> Option<Action> {
    if within.is_empty() {
        return None;
    }
    let cursor = Cursor::at(snapshot, path, within.start)?;
    let item = innermost(cursor.piece.item?, cursor.offset);
    let (body, rule, governs) = match &item.kind {
        ItemKind::Rule(rule) => (&rule.body, rule.span, false),
        ItemKind::Governance(rule) => (&rule.body, rule.span, true),
        _ => return None,
    };
    let mentions = cursor.piece.mentions();
    let stays = |literal: &Literal| governs && says_whom(literal, mentions);
    let end = u32::try_from(within.end.checked_sub(cursor.piece.start)?).ok()?;
    let touched = |literal: &&Literal| literal.span.start < end && cursor.offset < literal.span.end;
    let chosen: Vec<&Literal> = body.iter().filter(touched).collect();
    let (first, last) = chosen.first().zip(chosen.last())?;
    // All of them would leave a rule that only hands on.
    if chosen.len() == body.len() || cursor.offset > first.span.start || end < last.span.end {
        return None;
    }
    // What stays is left behind at either end.
    let begin = chosen.iter().position(|literal| !stays(literal))?;
    let chosen = &chosen[begin..=chosen.iter().rposition(|literal| !stays(literal))?];
    if chosen.iter().any(|literal| stays(literal)) {
        return None;
    }
    let (first, last) = chosen.first().zip(chosen.last())?;
    let span = Span { start: first.span.start, end: last.span.end };
    let inside = |at: Span| span.start <= at.start && at.end <= span.end;
    // Which verb a permit is for is said in the permit.
    let verbs: Vec<&Target> = body.iter().filter_map(|literal| verb(literal, mentions)).collect();
    if governs && mentions.iter().any(|mention| inside(mention.span) && verbs.contains(&&mention.target)) {
        return None;
    }
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
    // What a let stands for is read where the let is.
    let mut atoms = Vec::new();
    for rule in &cursor.piece.resolved().rules {
        within_body(&rule.body, &inside, &mut atoms);
    }
    let library = snapshot.library();
    let read: Vec<_> = atoms.iter().filter_map(|atom| library.relation(&atom.relation)).collect();
    let of = |qualifier: Qualifier| read.iter().any(|relation| relation.qualifier == qualifier);
    let change = of(Qualifier::Change) || atoms.iter().any(|atom| atom.world != World::Here);
    // A relation derived from who has authority would be one itself, and its other conditions read the world before.
    if of(Qualifier::Authority) {
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

/// The relations of a condition that says whom a rule is about.
const WHOM: [&str; 3] = ["std.change.action", "std.change.destroys", "std.change.writes"];

fn says_whom(literal: &Literal, mentions: &[Mention]) -> bool {
    let LiteralKind::Expr(Expr { kind: ExprKind::Call(atom), .. }) = &literal.kind else { return false };
    let Some(name) = atom.path.names.last().filter(|_| !literal.negated) else { return false };
    // `covered` is a word of the language, and no name.
    name.text == "covered"
        || mentions.iter().any(|mention| match &mention.target {
            Target::Declared(_, whole) => mention.span == name.span && WHOM.contains(&whole.as_str()),
            _ => false,
        })
}

/// The variable that a condition has for an action's verb.
fn verb<'m>(literal: &Literal, mentions: &'m [Mention]) -> Option<&'m Target> {
    let LiteralKind::Expr(Expr { kind: ExprKind::Call(atom), .. }) = &literal.kind else { return None };
    let name = atom.path.names.last()?;
    let of_action = |mention: &&Mention| {
        mention.span == name.span && matches!(&mention.target, Target::Declared(_, whole) if whole == WHOM[0])
    };
    mentions.iter().find(of_action)?;
    let named = |argument: &&Argument| argument.name.as_ref().is_some_and(|name| name.text == "verb");
    let verb = atom.arguments.iter().find(named).or_else(|| atom.arguments.get(1))?;
    mentions.iter().find(|mention| mention.span == verb.value.span).map(|mention| &mention.target)
}

/// The atoms of a body that stand in a part of the text, those in other conditions among them.
fn within_body<'r>(body: &'r [hir::Literal], inside: &dyn Fn(Span) -> bool, found: &mut Vec<&'r hir::Atom>) {
    for literal in body {
        match literal {
            hir::Literal::Atom(atom) if inside(atom.span) => found.push(atom),
            hir::Literal::Not(inner, _) | hir::Literal::Aggregate { body: inner, .. } => {
                within_body(inner, inside, found);
            }
            hir::Literal::Atom(_) | hir::Literal::Covered(..) | hir::Literal::Compare(..) => {}
            hir::Literal::Is(..) | hir::Literal::Bind(..) | hir::Literal::Each { .. } => {}
        }
    }
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
            // A let or a builtin asks of values that something else gives.
            ExprKind::Call(atom) => is_relation(atom, mentions) && atom.arguments.iter().any(|a| holds(a.value.span)),
            _ => false,
        },
        LiteralKind::Equation { left, .. } => holds(left.span),
        LiteralKind::In { element, .. } if !literal.negated => holds(element.span),
        LiteralKind::Aggregate { variable, .. } => holds(variable.span),
        LiteralKind::Expr(_) | LiteralKind::In { .. } | LiteralKind::Compare(..) | LiteralKind::Is(..) => false,
    }
}

fn is_relation(atom: &Atom, mentions: &[Mention]) -> bool {
    let named = |span: Span| mentions.iter().find(|mention| mention.span == span);
    let all = atom.path.names.iter().filter_map(|name| named(name.span));
    let mut targets = all.map(|mention| &mention.target);
    targets.any(|target| matches!(target, Target::Declared(Named::Relation | Named::Intent, _)))
        || atom.path.names.last().is_some_and(|name| name.text == "covered")
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
