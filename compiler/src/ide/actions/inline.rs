//! The conditions of a relation's only rule in place of an atom of it.

use super::{Action, Sort};
use crate::database::Snapshot;
use crate::hir::Qualifier;
use crate::ide::cursor::{Cursor, Site, everywhere, split};
use crate::ide::index::{Mention, Role, Target};
use crate::names::Sort as Named;
use std::collections::{BTreeMap, BTreeSet};
use syntax::ast::{Argument, Atom, ExprKind, Item, ItemKind, Literal, LiteralKind, Rule, Span};

/// The atom at a place as what its relation's only rule says.
pub(super) fn inline(snapshot: &Snapshot, path: &str, offset: usize) -> Option<Action> {
    let cursor = Cursor::at(snapshot, path, offset)?;
    let mention = cursor.mention().filter(|mention| mention.role == Role::Reads)?;
    let Target::Declared(Named::Relation, name) = &mention.target else { return None };
    let library = snapshot.library();
    let relation = library.relation(name)?;
    let (module, _) = split(snapshot, name)?;
    // Another module's rule sees other names. An authority relation's rule reads the world before the change; so would
    // none of its conditions where they came to stand.
    if relation.word.is_some()
        || relation.qualifier == Qualifier::Authority
        || snapshot.path_of(module)? != path
        || relation.columns.iter().any(|c| c.lattice.is_some())
    {
        return None;
    }
    let bodies = bodies(cursor.piece.item?);
    let literal = bodies
        .into_iter()
        .find(|literal| literal.span.start <= mention.span.start && mention.span.end <= literal.span.end)?;
    let LiteralKind::Expr(expr) = &literal.kind else { return None };
    let ExprKind::Call(atom) = &expr.kind else { return None };
    if literal.negated || atom.path.span.end != mention.span.end || atom.path.names.len() != 1 {
        return None;
    }
    let mut derived = everywhere(snapshot, &mention.target, |role| role == Role::Derives).into_iter();
    let (only, None) = (derived.next()?, derived.next()) else { return None };
    let home = Cursor::at(snapshot, path, only.site.range.start)?;
    let rule = rule_at(home.piece.item?, home.offset)?;
    // Its own rule, or one that reads itself, stays.
    if rule.body.is_empty() || home.piece.position == cursor.piece.position && within(rule.span, mention.span) {
        return None;
    }
    let rule_mentions: Vec<&Mention> =
        home.piece.mentions().iter().filter(|mention| within(rule.span, mention.span)).collect();
    if rule_mentions.iter().any(|m| m.target == mention.target && m.role == Role::Reads) {
        return None;
    }
    let columns: Vec<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
    let given = arguments(atom, &columns)?;
    let said = arguments(&rule.head, &columns)?;
    let taken: BTreeSet<&str> = cursor.piece.mentions().iter().map(|m| word(cursor.piece.text, m.span)).collect();
    let mut words: BTreeMap<&Target, String> = BTreeMap::new();
    // On the left of `=` stands a variable alone: a value given for a column would come to stand in the rule's conditions.
    if given.values().any(|argument| !matches!(argument.value.kind, ExprKind::Name(_) | ExprKind::Any)) {
        return None;
    }
    for (column, argument) in &said {
        let ExprKind::Name(_) = argument.value.kind else { return None };
        let target = &rule_mentions.iter().find(|m| m.span == argument.value.span)?.target;
        let text = match given.get(column) {
            Some(argument) if !matches!(argument.value.kind, ExprKind::Any) => {
                word(cursor.piece.text, argument.value.span).to_owned()
            }
            _ => unused(word(home.piece.text, argument.value.span), &taken, &words),
        };
        // A column that stands twice would be an equation.
        if words.insert(target, text).is_some() {
            return None;
        }
    }
    for mention in rule_mentions.iter().filter(|m| matches!(m.target, Target::Variable(_))) {
        if !words.contains_key(&mention.target) {
            let text = unused(word(home.piece.text, mention.span), &taken, &words);
            words.insert(&mention.target, text);
        }
    }
    let body = Span { start: rule.body.first()?.span.start, end: rule.body.last()?.span.end };
    let mut text = word(home.piece.text, body).to_owned();
    for mention in rule_mentions.iter().rev().filter(|mention| within(body, mention.span)) {
        if let Some(new) = words.get(&mention.target) {
            let at = |offset: u32| (offset - body.start) as usize;
            text.replace_range(at(mention.span.start)..at(mention.span.end), new);
        }
    }
    let start = cursor.piece.start;
    let range = start + literal.span.start as usize..start + literal.span.end as usize;
    Some(Action {
        title: format!("inline `{}`", word(cursor.piece.text, mention.span)),
        sort: Sort::Inline,
        edits: vec![(Site { file: path.to_owned(), range }, text)],
        report: None,
        preferred: false,
    })
}

fn word(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

fn within(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The conditions of an item's rules, none of those inside an aggregate.
fn bodies(item: &Item) -> Vec<&Literal> {
    match &item.kind {
        ItemKind::Rule(rule) => rule.body.iter().collect(),
        ItemKind::Governance(rule) => rule.body.iter().collect(),
        ItemKind::Blueprint(block) => block.items.iter().flat_map(bodies).collect(),
        _ => Vec::new(),
    }
}

fn rule_at(item: &Item, offset: u32) -> Option<&Rule> {
    match &item.kind {
        ItemKind::Rule(rule) => Some(rule),
        ItemKind::Blueprint(block) => {
            let inner = block.items.iter().find(|inner| inner.span.start <= offset && offset <= inner.span.end)?;
            rule_at(inner, offset)
        }
        _ => None,
    }
}

/// The arguments by column.
fn arguments<'a>(atom: &'a Atom, columns: &[&'a str]) -> Option<BTreeMap<&'a str, &'a Argument>> {
    let mut found = BTreeMap::new();
    for (position, argument) in atom.arguments.iter().enumerate() {
        let column = match &argument.name {
            Some(name) => columns.iter().find(|column| **column == name.text)?,
            None => columns.get(position)?,
        };
        found.insert(*column, argument);
    }
    Some(found)
}

/// A variable's name that nothing has where it comes to stand.
fn unused(name: &str, taken: &BTreeSet<&str>, words: &BTreeMap<&Target, String>) -> String {
    let free = |name: &String| !taken.contains(name.as_str()) && !words.values().any(|word| word == name);
    let names = std::iter::once(name.to_owned()).chain((2..).map(|n| format!("{name}{n}")));
    let mut names = names.filter(free);
    names.next().unwrap_or_else(|| name.to_owned())
}
