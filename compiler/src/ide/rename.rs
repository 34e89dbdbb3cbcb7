//! A name changed everywhere, so that nothing else is.
//!
//! Read downwards: [`prepare`] says what would change, [`rename`] how; [`shared`] is a name that other packages may use, and
//! [`of_other`] changes it in one of them. What follows says why not.
//!
//! INVARIANT: afterwards the package compiles to what it was up to the name; renamed back, it is what it was, byte for
//! byte. What cannot be shown to be so is refused.

use super::cursor::{Occurrence, Site, alike, everywhere};
use super::facts;
use super::index::{Mention, Role, Target};
use super::navigation::{in_item, target};
use crate::database::{Piece, Snapshot};
use crate::hir::Package;
use crate::names::Sort;
use std::collections::BTreeSet;
use std::ops::Range;
use syntax::ast::{ItemKind, Member, Span};
use syntax::token::{Token, lex};

/// The name at a place, where it may be changed.
///
/// # Errors
/// Why it may not.
pub fn prepare(snapshot: &Snapshot, path: &str, offset: usize) -> Result<(Range<usize>, String), String> {
    let Some((cursor, found)) = target(snapshot, path, offset) else {
        return Err(String::from("no name stands here"));
    };
    let Some(mention) = cursor.mention() else { return Err(String::from("no name stands here")) };
    let foreign = |name: &str, of: Option<Package>| match of {
        Some(Package::Std) => Err(format!("`{name}` is the standard library's")),
        _ => Err(format!("`{name}` is another package's: rename it where it is declared")),
    };
    match &found {
        Target::Module(_) => return Err(String::from("a module is named by its file: rename the file")),
        Target::Declared(Sort::Function(_), name) => return Err(format!("`{name}` is a builtin")),
        _ => {}
    }
    if let Some(name) = found.declaration() {
        let module = super::cursor::split(snapshot, name).map(|(module, _)| module);
        let home = module.and_then(|module| snapshot.path_of(module));
        let of = home.and_then(|path| snapshot.package_of(path));
        if of != Some(Package::Root) {
            return foreign(name, of);
        }
    }
    let of = snapshot.package_of(path);
    if of != Some(Package::Root) {
        return foreign(path, of);
    }
    let range = cursor.site(mention.span).range;
    let name = snapshot.text(path).and_then(|text| text.get(range.clone())).unwrap_or_default().to_owned();
    Ok((range, name))
}

/// Where the name must be written anew, in the order of the files and their texts.
///
/// # Errors
/// Why it would not be the same policy afterwards, or no policy at all.
pub fn rename(snapshot: &Snapshot, path: &str, offset: usize, new: &str) -> Result<Vec<Site>, String> {
    let (_, old) = prepare(snapshot, path, offset)?;
    let Some((cursor, found)) = target(snapshot, path, offset) else {
        return Err(String::from("no name stands here"));
    };
    if new == old {
        return Ok(Vec::new());
    }
    spelt(&found, new)?;
    let places = match &found {
        Target::Variable(_) => in_item(&cursor, &found),
        _ => everywhere(snapshot, &found, |_| true),
    };
    match found {
        Target::Variable(_) if says(&cursor.piece, &old) => return Err(unread(cursor.path)),
        Target::Variable(_) => {}
        _ => {
            whole(snapshot, &old)?;
            meant(snapshot, &places, &old)?;
            quoted(snapshot, &found)?;
        }
    }
    for target in alike(snapshot, &found) {
        taken(snapshot, &target, new)?;
    }
    fits(snapshot, &found, &places, new)?;
    Ok(places.into_iter().map(|place| place.site).collect())
}

/// The name at a place of the package, where packages that depend on it may use it, and its words.
///
/// - `module`: what they call the package: `acme.words`.
pub fn shared(snapshot: &Snapshot, path: &str, offset: usize, module: &str) -> Option<(Target, String)> {
    let (_, old) = prepare(snapshot, path, offset).ok()?;
    let (_, found) = target(snapshot, path, offset)?;
    let there = |name: &String| format!("{module}.{name}");
    let seen = match &found {
        Target::Declared(sort, name) => Target::Declared(*sort, there(name)),
        Target::Column { of, name } => Target::Column { of: there(of), name: name.clone() },
        Target::Member { of, name } => Target::Member { of: there(of), name: name.clone() },
        Target::Module(_) | Target::Variable(_) | Target::Application(_) => return None,
    };
    Some((seen, old))
}

/// Where a name of another package stands in this one's files.
pub fn places_of_other(snapshot: &Snapshot, target: &Target) -> Vec<Site> {
    let own = |place: &Occurrence| snapshot.package_of(&place.site.file) == Some(Package::Root);
    everywhere(snapshot, target, |_| true).into_iter().filter(own).map(|place| place.site).collect()
}

/// Where a name of another package must be written anew in this one, as [`rename`].
///
/// - `target`, `old`: as [`shared`] gives them.
///
/// # Errors
/// Why it would not be the same policy afterwards, or no policy at all.
pub fn of_other(snapshot: &Snapshot, target: &Target, old: &str, new: &str) -> Result<Vec<Site>, String> {
    let own = |place: &Occurrence| snapshot.package_of(&place.site.file) == Some(Package::Root);
    let places: Vec<Occurrence> = everywhere(snapshot, target, |_| true).into_iter().filter(own).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    whole(snapshot, old)?;
    quoted(snapshot, target)?;
    fits(snapshot, target, &places, new)?;
    Ok(places.into_iter().map(|place| place.site).collect())
}

/// Whether the new name means nothing else where the old one stands.
fn fits(snapshot: &Snapshot, found: &Target, places: &[Occurrence], new: &str) -> Result<(), String> {
    let edited: BTreeSet<&str> = places.iter().map(|place| place.site.file.as_str()).collect();
    for path in edited {
        for piece in snapshot.pieces(path) {
            let here = |place: &&Occurrence| place.site.file == path && within(&piece, &place.site.range);
            if places.iter().any(|place| here(&place)) {
                clashes(snapshot, found, &piece, new)?;
            }
        }
        imported(snapshot, found, path, new)?;
    }
    Ok(())
}

fn within(piece: &Piece<'_>, range: &Range<usize>) -> bool {
    piece.start <= range.start && range.end <= piece.end()
}

/// Whether it can be written so.
fn spelt(target: &Target, new: &str) -> Result<(), String> {
    if let Target::Member { .. } = target {
        let lexemes = lex(new);
        let word = matches!(lexemes.as_slice(), [only] if only.token.is_name() || only.token.is_reserved());
        return if word { Ok(()) } else { Err(format!("`{new}` is no word, as members of an enum are")) };
    }
    let lexemes = lex(new);
    let name = matches!(lexemes.as_slice(), [only] if only.token == Token::Name);
    let meant = ["before", "either", "covered", "covers", "null"].contains(&new);
    match name && !meant {
        true => Ok(()),
        false if lexemes.len() == 1 && (lexemes[0].token.is_reserved() || meant) => {
            Err(format!("`{new}` is a word of the language"))
        }
        false if lexemes.len() == 1 && lexemes[0].token.is_contextual() => {
            Err(format!("`{new}` is a word of the language in some places"))
        }
        false => Err(format!("`{new}` is no name: a letter or `_`, then letters, digits and `_`")),
    }
}

/// Words that cannot be read may mean the name.
fn says(piece: &Piece<'_>, old: &str) -> bool {
    let words = lex(piece.text);
    piece.is_broken()
        && words.iter().any(|word| {
            let word = &piece.text[word.start as usize..word.end as usize];
            word == old || word.trim_matches('"') == old
        })
}

/// Whether no words that cannot be read may mean the name.
fn whole(snapshot: &Snapshot, old: &str) -> Result<(), String> {
    let broken = |path: &&str| snapshot.pieces(path).iter().any(|piece| says(piece, old));
    snapshot.own_paths().find(broken).map_or(Ok(()), |path| Err(unread(path)))
}

/// Whether every such word of the files that mention the name means something: one that does not yet may mean it.
fn meant(snapshot: &Snapshot, places: &[Occurrence], old: &str) -> Result<(), String> {
    let paths: BTreeSet<&str> = places.iter().map(|place| place.site.file.as_str()).collect();
    for path in paths {
        for piece in snapshot.pieces(path) {
            let words: Vec<_> = lex(piece.text).into_iter().filter(|word| !word.token.is_trivia()).collect();
            let idle = words.iter().enumerate().find(|(at, word)| {
                let behind_dot = at.checked_sub(1).is_some_and(|before| words[before].token == Token::Dot);
                let known = piece.mentions().iter().any(|m| m.span.start <= word.start && word.end <= m.span.end);
                word.token == Token::Name
                    && piece.text[word.start as usize..word.end as usize] == *old
                    && !(known || behind_dot)
            });
            if let Some((_, word)) = idle {
                let line = snapshot.text(path).unwrap_or_default()[..piece.start + word.start as usize].lines().count();
                return Err(format!("`{path}` line {line} has a `{old}` that means nothing there: mend that first"));
            }
        }
    }
    Ok(())
}

/// Whether no quoted words may mean the name beside those that do: what they are compared with is not known here.
fn quoted(snapshot: &Snapshot, target: &Target) -> Result<(), String> {
    let named = facts::of(snapshot, target).and_then(|named| facts::in_texts(snapshot, &named));
    named.map_or(Ok(()), |(path, text)| {
        Err(format!("`{path}` says \"{text}\", which may mean the name and would not be renamed with it"))
    })
}

fn unread(path: &str) -> String {
    format!("`{path}` has a syntax error beside the name: mend that first")
}

/// Whether something of that kind has the name already.
fn taken(snapshot: &Snapshot, target: &Target, new: &str) -> Result<(), String> {
    let library = snapshot.library();
    let columns = |of: &str| {
        let relation = library.relation(of).map(|found| &found.columns);
        let all = relation.or_else(|| library.helper(of).map(|(_, helper)| &helper.columns));
        all.or_else(|| library.blueprint(of).map(|blueprint| &blueprint.parameters))
    };
    match target {
        Target::Declared(sort, name) => {
            let Some((module, local)) = super::cursor::split(snapshot, name) else { return Ok(()) };
            let local = match local.split_once('.') {
                Some((blueprint, _)) => format!("{blueprint}.{new}"),
                None => new.to_owned(),
            };
            let everywhere = *sort == Sort::Intent;
            for path in snapshot.own_paths() {
                let Some(exports) = snapshot.exports_of(path) else { continue };
                let declared = exports.names.get(&local);
                if exports.module == module && declared.is_some() {
                    return Err(format!("`{module}` declares `{new}` already"));
                }
                if everywhere && declared.is_some_and(|entry| entry.sort == Sort::Intent) {
                    return Err(format!("`{path}` declares the intent `{new}` already"));
                }
            }
            Ok(())
        }
        Target::Column { of, .. } => match columns(of).is_some_and(|all| all.iter().any(|c| c.name == new)) {
            true => Err(format!("`{of}` has a column `{new}` already")),
            false => Ok(()),
        },
        Target::Member { of, .. } => {
            match library.enumeration(of).is_some_and(|found| found.members.iter().any(|member| member == new)) {
                true => Err(format!("`{of}` has the member `{new}` already")),
                false => Ok(()),
            }
        }
        Target::Application(_) => match library.names.applications().iter().any(|name| name == new) {
            true => Err(format!("something is applied as `{new}` already")),
            false => Ok(()),
        },
        Target::Module(_) | Target::Variable(_) => Ok(()),
    }
}

/// Whether a variable of a rule is meant: one of its own, or a parameter.
fn is_variable(snapshot: &Snapshot, target: &Target) -> bool {
    match target {
        Target::Variable(_) => true,
        Target::Column { of, .. } => snapshot.library().relation(of).is_none_or(|relation| relation.word.is_some()),
        Target::Module(_) | Target::Declared(..) | Target::Member { .. } | Target::Application(_) => false,
    }
}

/// Whether the name means something else in an item that mentions what is renamed.
fn clashes(snapshot: &Snapshot, target: &Target, piece: &Piece<'_>, new: &str) -> Result<(), String> {
    let variable = is_variable(snapshot, target);
    let declared = matches!(target, Target::Declared(..));
    let regions = regions(snapshot, target, piece);
    let inside = |span: Span| regions.iter().any(|region| region.start <= span.start && span.end <= region.end);
    // A parameter is in scope in every rule of its blueprint, also in one that does not say it.
    let parameter = matches!(target, Target::Column { of, .. } if snapshot.library().blueprint(of).is_some());
    if let (true, false, Some(ItemKind::Blueprint(block))) =
        (variable && !regions.is_empty(), parameter, piece.item.map(|item| &item.kind))
        && block.parameters.iter().any(|parameter| parameter.name.text == new)
    {
        return Err(format!("`{new}` is a parameter of `{}` and would be meant instead", block.name.text));
    }
    // Before a dot a variable is read first.
    let heads = |mention: &Mention| {
        let (start, end) = (mention.span.start as usize, mention.span.end as usize);
        let first = piece.text[start..end].split('.').next().unwrap_or_default();
        let dotted = first.len() < end - start || piece.text[end..].starts_with('.');
        Some(first).filter(|_| dotted && mention.role != Role::Labels)
    };
    let mut named = piece.mentions().iter().filter(|mention| inside(mention.span));
    if variable && named.any(|mention| !is_variable(snapshot, &mention.target) && heads(mention) == Some(new)) {
        return Err(format!("`{new}` means something else in an item that mentions the name"));
    }
    let before_dot = piece.mentions().iter().any(|mention| mention.target == *target && heads(mention).is_some());
    let is_said = |mention: &Mention| {
        let word = &piece.text[mention.span.start as usize..mention.span.end as usize];
        word == new && mention.role != Role::Labels && is_variable(snapshot, &mention.target)
    };
    if !variable && before_dot && piece.mentions().iter().any(is_said) {
        return Err(format!("`{new}` means something else in an item that mentions the name"));
    }
    let other = piece.mentions().iter().filter(|mention| inside(mention.span)).find(|mention| {
        let word = &piece.text[mention.span.start as usize..mention.span.end as usize];
        let alike = match &mention.target {
            Target::Declared(..) => declared,
            Target::Module(_) | Target::Member { .. } | Target::Application(_) => false,
            other => variable && mention.role != Role::Labels && is_variable(snapshot, other),
        };
        word == new && alike
    });
    match other {
        Some(_) => Err(format!("`{new}` means something else in an item that mentions the name")),
        None => Ok(()),
    }
}

/// The parts of an item in which a name may not mean two things: for a variable the rules that hold it.
fn regions(snapshot: &Snapshot, target: &Target, piece: &Piece<'_>) -> Vec<Span> {
    let whole = vec![Span { start: 0, end: u32::MAX }];
    let parameter = matches!(target, Target::Column { of, .. } if snapshot.library().blueprint(of).is_some());
    let (true, false, Some(item)) = (is_variable(snapshot, target), parameter, piece.item) else { return whole };
    let rules: Vec<Span> = match &item.kind {
        ItemKind::Blueprint(block) => block.items.iter().map(|inner| inner.span).collect(),
        ItemKind::Intent(intent) => {
            let rules = intent.members.iter().filter_map(|member| match member {
                Member::Cover { span, .. } | Member::Apply { span, .. } => Some(*span),
                Member::Rule(rule) => Some(rule.span),
                Member::Owner(_) | Member::Criticality(_) => None,
            });
            rules.collect()
        }
        _ => return whole,
    };
    let holds = |rule: &Span| {
        let mut here = piece.mentions().iter().filter(|m| rule.start <= m.span.start && m.span.end <= rule.end);
        here.any(|mention| mention.target == *target && mention.role != Role::Labels)
    };
    rules.into_iter().filter(holds).collect()
}

/// Whether a file that mentions it has another thing of that name.
fn imported(snapshot: &Snapshot, target: &Target, path: &str, new: &str) -> Result<(), String> {
    let Some(module) = snapshot.module_at(path) else { return Ok(()) };
    let fault = || Err(format!("`{new}` means something else in `{path}`"));
    // A variable may not shadow what is imported; a declaration of the module it may.
    if is_variable(snapshot, target) && module.scope.is_imported(new) {
        return fault();
    }
    if let Target::Declared(..) = target {
        let declared = snapshot.exports_of(path).is_some_and(|exports| exports.names.contains_key(new));
        let pieces = snapshot.pieces(path);
        let mut mentions = pieces.iter().flat_map(|piece| piece.mentions().iter().map(move |m| (piece, m)));
        let imports = mentions.clone().any(|(_, mention)| mention.target == *target && mention.role == Role::Imports);
        let shadowed = mentions.any(|(piece, mention)| {
            let word = &piece.text[mention.span.start as usize..mention.span.end as usize];
            word == new && mention.role != Role::Labels && is_variable(snapshot, &mention.target)
        });
        if module.scope.is_imported(new) || declared || imports && shadowed {
            return fault();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
