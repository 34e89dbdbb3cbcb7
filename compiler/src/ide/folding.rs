//! Parts of a file that fold, and the parts around a place, each in the next.

use crate::database::Snapshot;
use std::ops::Range;
use syntax::ast::{
    Argument, Atom, Expected, Expr, ExprKind, Given, Item, ItemKind, Literal, LiteralKind, Member, Rule, Span,
};
use syntax::token::{Token, lex};

/// Why a part folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// An item, or a block in it.
    Region,
    /// Comments on lines that follow each other.
    Comment,
    /// `use` lines that follow each other.
    Imports,
}

/// Parts of more than one line, in the order of the text.
pub fn folds(snapshot: &Snapshot, path: &str) -> Vec<(Range<usize>, Fold)> {
    let text = snapshot.text(path).unwrap_or_default();
    let long = |range: &Range<usize>| text.get(range.clone()).is_some_and(|part| part.contains('\n'));
    let mut found = Vec::new();
    let mut imports: Option<Range<usize>> = None;
    for piece in snapshot.pieces(path) {
        let is_use = piece.item.is_some_and(|item| matches!(item.kind, ItemKind::Use { .. }));
        if is_use {
            let start = imports.as_ref().map_or(piece.start, |range| range.start);
            imports = Some(start..piece.end());
            continue;
        }
        found.extend(imports.take().map(|range| (range, Fold::Imports)));
        let begin = piece.item.map_or(0, |item| item.span.start as usize);
        found.push((piece.start + begin..piece.end(), Fold::Region));
        if let Some(Item { kind: ItemKind::Blueprint(block), .. }) = piece.item {
            let inner = block.items.iter().map(|item| item.span);
            found.extend(inner.map(|s| (piece.start + s.start as usize..piece.start + s.end as usize, Fold::Region)));
        }
        let mut open = Vec::new();
        for lexeme in lex(piece.text) {
            match lexeme.token {
                Token::OpenBrace => open.push(lexeme.start as usize),
                Token::CloseBrace => {
                    // The outermost is the item itself.
                    if let Some(start) = open.pop().filter(|_| !open.is_empty()) {
                        found.push((piece.start + start..piece.start + lexeme.end as usize, Fold::Region));
                    }
                }
                _ => {}
            }
        }
    }
    found.extend(imports.map(|range| (range, Fold::Imports)));
    found.extend(comments(text).into_iter().map(|range| (range, Fold::Comment)));
    found.retain(|(range, _)| long(range));
    found.sort_by_key(|(range, _)| (range.start, usize::MAX - range.end));
    found.dedup_by_key(|(range, _)| range.clone());
    found
}

fn comments(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for lexeme in lex(text) {
        match lexeme.token {
            Token::Comment | Token::Doc | Token::ModuleDoc => {
                let (start, end) = (lexeme.start as usize, lexeme.end as usize);
                match found.last_mut().filter(|_| open) {
                    Some(last) => last.end = end,
                    None => found.push(start..end),
                }
                open = true;
            }
            Token::Whitespace => {
                let blank = text[lexeme.start as usize..lexeme.end as usize].matches('\n').count() > 1;
                open &= !blank;
            }
            _ => open = false,
        }
    }
    found
}

/// The parts around a place, the smallest first, each inside the next; the whole file last.
pub fn selection(snapshot: &Snapshot, path: &str, offset: usize) -> Vec<Range<usize>> {
    let text = snapshot.text(path).unwrap_or_default();
    let offset = offset.min(text.len());
    let mut all: Vec<Range<usize>> = Vec::new();
    all.push(0..text.len());
    let piece = snapshot.pieces(path).into_iter().find(|piece| piece.start <= offset && offset <= piece.end());
    if let Some(piece) = piece {
        all.push(piece.start..piece.end());
        let mut spans = Vec::new();
        if let Some(item) = piece.item {
            of_item(item, &mut spans);
        }
        let words = lex(piece.text).into_iter().filter(|lexeme| lexeme.token != Token::Whitespace);
        spans.extend(words.map(|lexeme| Span { start: lexeme.start, end: lexeme.end }));
        all.extend(spans.into_iter().map(|s| piece.start + s.start as usize..piece.start + s.end as usize));
    }
    all.retain(|range| range.start <= offset && offset <= range.end);
    all.sort_by_key(|range| (range.len(), range.start));
    all.dedup();
    // Of parts that do not hold each other, the smaller one stays.
    let mut nested: Vec<Range<usize>> = Vec::new();
    for range in all {
        if nested.last().is_none_or(|last| range.start <= last.start && last.end <= range.end) {
            nested.push(range);
        }
    }
    nested
}

fn of_item(item: &Item, spans: &mut Vec<Span>) {
    spans.push(item.span);
    spans.extend(item.attributes.iter().map(|attribute| attribute.span));
    match &item.kind {
        ItemKind::Use { path, .. } => spans.push(path.span),
        ItemKind::Entity(_) | ItemKind::Enum { .. } => {}
        ItemKind::Relation(relation) => {
            let ends = relation.columns.first().zip(relation.columns.last());
            spans.extend(ends.map(|(first, last)| Span { start: first.name.span.start, end: last.name.span.end }));
            spans.extend(relation.key.iter().map(|key| key.span));
        }
        ItemKind::Let(helper) => of_body(&helper.body, spans),
        ItemKind::Rule(rule) => of_rule(rule, spans),
        ItemKind::Governance(rule) => {
            for argument in rule.subjects.iter().map(|subject| &subject.argument) {
                of_expr(&argument.value, spans);
            }
            let ends = rule.subjects.first().zip(rule.subjects.last());
            spans.extend(ends.map(|(first, last)| Span {
                start: first.argument.value.span.start,
                end: last.argument.value.span.end,
            }));
            spans.extend(rule.message.iter().map(|message| message.span));
            rule.to.iter().for_each(|to| of_atom(to, spans));
            of_body(&rule.body, spans);
        }
        ItemKind::Blueprint(block) => block.items.iter().for_each(|inner| of_item(inner, spans)),
        ItemKind::Intent(intent) => intent.members.iter().for_each(|member| match member {
            Member::Cover { body, span, .. } => {
                spans.push(*span);
                of_body(body, spans);
            }
            Member::Apply { arguments, span, .. } => {
                spans.push(*span);
                of_arguments(arguments, spans);
            }
            Member::Rule(rule) => of_rule(rule, spans),
            Member::Owner(_) | Member::Criticality(_) => {}
        }),
        ItemKind::Test(test) => {
            for given in &test.given {
                if let Given::Facts(facts) = given {
                    facts.iter().for_each(|fact| of_rule(fact, spans));
                }
            }
            if let Some(change) = &test.change {
                spans.push(change.span);
                for act in &change.acts {
                    spans.push(act.span);
                    act.set.iter().chain(&act.without).for_each(|fact| of_rule(fact, spans));
                }
            }
            for expect in &test.expectations {
                spans.push(expect.span);
                match &expect.what {
                    Expected::Violation(_, asked) | Expected::Tuple(asked) => of_atom(&asked.atom, spans),
                    Expected::Verdict(_) => {}
                }
            }
        }
        ItemKind::Fixture { facts, .. } => facts.iter().for_each(|fact| of_rule(fact, spans)),
    }
}

fn of_rule(rule: &Rule, spans: &mut Vec<Span>) {
    spans.push(rule.span);
    of_atom(&rule.head, spans);
    of_body(&rule.body, spans);
}

fn of_body(body: &[Literal], spans: &mut Vec<Span>) {
    if let (Some(first), Some(last)) = (body.first(), body.last()) {
        spans.push(Span { start: first.span.start, end: last.span.end });
    }
    for literal in body {
        spans.push(literal.span);
        match &literal.kind {
            LiteralKind::Expr(expr) | LiteralKind::Is(expr, _) => of_expr(expr, spans),
            LiteralKind::Compare(_, left, right) | LiteralKind::Equation { left, right, .. } => {
                of_expr(left, spans);
                of_expr(right, spans);
            }
            LiteralKind::In { element, collection, .. } => {
                of_expr(element, spans);
                of_expr(collection, spans);
            }
            LiteralKind::Aggregate { body, .. } => of_body(body, spans),
        }
    }
}

fn of_atom(atom: &Atom, spans: &mut Vec<Span>) {
    spans.push(atom.span);
    spans.push(atom.path.span);
    of_arguments(&atom.arguments, spans);
}

fn of_arguments(arguments: &[Argument], spans: &mut Vec<Span>) {
    let start = |argument: &Argument| argument.name.as_ref().map_or(argument.value.span.start, |name| name.span.start);
    if let (Some(first), Some(last)) = (arguments.first(), arguments.last()) {
        spans.push(Span { start: start(first), end: last.value.span.end });
    }
    for argument in arguments {
        spans.push(Span { start: start(argument), end: argument.value.span.end });
        of_expr(&argument.value, spans);
    }
}

fn of_expr(expr: &Expr, spans: &mut Vec<Span>) {
    spans.push(expr.span);
    match &expr.kind {
        ExprKind::Call(atom) => of_atom(atom, spans),
        ExprKind::Text(_) => {
            spans.push(Span {
                start: expr.span.start + 1,
                end: expr.span.end.saturating_sub(1).max(expr.span.start + 1),
            });
        }
        _ => expr.parts(&mut |part| of_expr(part, spans)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, POLICY};
    use super::*;

    #[test]
    fn a_selection_grows() {
        let fixture = Fixture::new(&POLICY.replacen("level: level", "level: lev$0el", 1));
        let snapshot = fixture.snapshot();
        let text = snapshot.text("policy.writ").expect("there");
        let all = selection(&snapshot, "policy.writ", fixture.offset);
        assert!(all.windows(2).all(|two| two[1].start <= two[0].start && two[0].end <= two[1].end));
        let shown: Vec<&str> = all.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(&shown[..3], ["level", "level: level", "r, name: n, level: level, years: v"]);
        assert_eq!(shown.last(), Some(&text));
    }

    #[test]
    fn what_is_long_folds() {
        let fixture = Fixture::new(&format!("// a\n// b\n\nuse std.time;\n{POLICY}"));
        let snapshot = fixture.snapshot();
        let text = snapshot.text("policy.writ").expect("there");
        let all = folds(&snapshot, "policy.writ");
        let shown: Vec<(&str, Fold)> =
            all.iter().map(|(range, why)| (text[range.clone()].lines().next().unwrap_or(""), *why)).collect();
        assert_eq!(shown[0], ("// a", Fold::Comment));
        assert_eq!(shown[1], ("use std.time;", Fold::Imports));
        assert!(shown.iter().any(|(line, _)| line.starts_with("deny stale")));
        assert!(shown.iter().any(|(line, _)| line.starts_with("test ")));
    }
}
