//! What repairs do to the `use` lines of a file: bring a name, or bring it no more. Comments stay, each beside its own words.
//!
//! A repair says which name it needs ([`crate::diagnostic::Import`]) where it is found; only here, where all items of the
//! file are at hand, it becomes an edit. So no item depends on where the imports stand.

use crate::diagnostic::{Diagnostic, Edit, Import, Place};
use crate::scope::joined;
use syntax::ast::{Item, ItemKind, Name, Span};
use syntax::token::{Lexeme, Token, lex};

/// An item of a file.
pub(crate) struct Listed<'a> {
    /// Its position among them.
    pub(crate) position: u32,
    /// Its words.
    pub(crate) text: &'a str,
    /// What they say.
    pub(crate) item: &'a Item,
}

/// Writes out what the repairs of a diagnostic import.
///
/// - `module`: the file the diagnostic is about.
/// - `items`: its items.
pub(crate) fn complete(diagnostic: &mut Diagnostic, module: &str, items: &[Listed<'_>]) {
    for fix in &mut diagnostic.fixes {
        let Some(import) = fix.import.take() else { continue };
        if !imported(&import, items) {
            let (item, span, text) = line(&import, items);
            fix.edits.push(Edit { place: Place { item: Some((module.to_owned(), item)), span }, text });
        }
    }
    // A name that is there already needs no repair.
    diagnostic.fixes.retain(|fix| !fix.edits.is_empty());
}

fn imported(import: &Import, items: &[Listed<'_>]) -> bool {
    items.iter().any(|listed| match &listed.item.kind {
        ItemKind::Use { path, names: Some(names) } => {
            joined(&path.names) == import.module && names.iter().any(|name| name.text == import.name)
        }
        ItemKind::Use { path, names: None } => joined(&path.names) == format!("{}.{}", import.module, import.name),
        _ => false,
    })
}

/// Where to write what: into the braces of the module's `use`, below the last `use`, or at the top.
pub(crate) fn line(import: &Import, items: &[Listed<'_>]) -> (u32, Span, String) {
    let at = |end: u32| Span { start: end, end };
    let uses = items.iter().filter_map(|listed| match &listed.item.kind {
        ItemKind::Use { path, names } => Some((listed, path, names)),
        _ => None,
    });
    let uses: Vec<_> = uses.collect();
    for (listed, path, names) in &uses {
        if let Some(last) = names.as_ref().and_then(|names| names.last())
            && joined(&path.names) == import.module
        {
            let (end, text) = match behind_comment(listed.text, last) {
                Some((end, indent)) => (end, format!("\n{indent}{},", import.name)),
                None => (last.span.end, format!(", {}", import.name)),
            };
            return (listed.position, at(end), text);
        }
    }
    match uses.last() {
        Some((listed, ..)) => {
            (listed.position, at(listed.item.span.end), format!("\nuse {}.{};", import.module, import.name))
        }
        None => {
            let position = items.first().map_or(0, |listed| listed.position);
            (position, at(0), format!("use {}.{};\n\n", import.module, import.name))
        }
    }
}

/// Where a comment ends that stands behind the comma of a list's last name, and what its line begins with: a name between
/// the two would take the comment to itself.
fn behind_comment<'t>(text: &'t str, last: &Name) -> Option<(u32, &'t str)> {
    let lexemes = lex(text);
    let behind = lexemes.iter().filter(|lexeme| lexeme.start >= last.span.end && lexeme.token != Token::Whitespace);
    let mut behind = behind.take_while(|lexeme| lexeme.token != Token::CloseBrace);
    behind.next().filter(|comma| comma.token == Token::Comma)?;
    let comment = behind.last()?;
    let begin = text[..last.span.start as usize].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[begin..last.span.start as usize];
    Some((comment.end, &line[..line.len() - line.trim_start().len()]))
}

/// What to cut out of a `use` so that it does not bring the names at `gone`.
///
/// - `text`: its words, which `item` says.
/// - `names`: those in its braces.
pub(crate) fn without(text: &str, item: &Item, names: Option<&[Name]>, gone: &[usize]) -> Vec<Edit> {
    let edit = |span: Span, text: String| Edit { place: Place { item: None, span }, text };
    let lexemes = lex(text);
    let comments: Vec<&Lexeme> = lexemes.iter().filter(|lexeme| is_comment(lexeme.token)).collect();
    let cuts = match names {
        Some(names) if gone.len() < names.len() && comments.is_empty() => cuts(names, gone),
        Some(names) if gone.len() < names.len() => {
            gone.iter().flat_map(|i| alone(text, &lexemes, &names[*i])).collect()
        }
        _ => {
            // What is said about it outlives it; nobody is to read it as the documentation of what follows.
            let said =
                comments.iter().map(|lexeme| text[lexeme.start as usize..lexeme.end as usize].trim_start_matches('/'));
            return vec![edit(item.span, said.map(|words| format!("//{words}\n")).collect())];
        }
    };
    cuts.into_iter().map(|span| edit(span, String::new())).collect()
}

fn is_comment(token: Token) -> bool {
    matches!(token, Token::Comment | Token::Doc | Token::ModuleDoc)
}

/// What to cut out of a list so that the names at `gone` are gone, with their commas. Some name stays, and no comment stands
/// between them.
fn cuts(names: &[Name], gone: &[usize]) -> Vec<Span> {
    let kept = |i: usize| !gone.contains(&i);
    let first = (0..names.len()).find(|i| kept(*i)).unwrap_or_default();
    let mut cuts: Vec<Span> = Vec::new();
    if first > 0 {
        cuts.push(Span { start: names[0].span.start, end: names[first].span.start });
    }
    for i in (first + 1..names.len()).filter(|i| !kept(*i)) {
        let cut = Span { start: names[i - 1].span.end, end: names[i].span.end };
        match cuts.last_mut() {
            Some(last) if last.end == cut.start => last.end = cut.end,
            _ => cuts.push(cut),
        }
    }
    cuts
}

/// A name and the comma behind it, with the spaces up to what follows in its line. A comment between the two stays.
fn alone(text: &str, lexemes: &[Lexeme], name: &Name) -> Vec<Span> {
    let at = lexemes.iter().position(|lexeme| lexeme.start >= name.span.end).unwrap_or(lexemes.len());
    let telling = |lexeme: &&Lexeme| !lexeme.token.is_trivia();
    let comma = lexemes[at..].iter().find(telling).filter(|lexeme| lexeme.token == Token::Comma);
    let mut cuts = vec![name.span];
    if let Some(comma) = comma {
        let between = lexemes[at..].iter().take_while(|lexeme| lexeme.start < comma.start);
        match between.clone().any(|lexeme| is_comment(lexeme.token)) {
            true => cuts.push(Span { start: comma.start, end: comma.end }),
            false => cuts[0].end = comma.end,
        }
    }
    for cut in &mut cuts {
        let spaces = text[cut.end as usize..].bytes().take_while(|byte| *byte == b' ' || *byte == b'\t').count();
        cut.end += u32::try_from(spaces).unwrap_or_default();
    }
    cuts
}
