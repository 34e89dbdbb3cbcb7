//! What may be written at a place, in words that need not be whole.
//!
//! Read downwards: [`completion`] finds what kind of word is wanted, `Offer` gathers what there is of it: `blocks` has the
//! words that lines begin with, `names` what is declared, `conditions` what rules say; [`docs`] says more of one word.
//!
//! INVARIANT: what is offered is known at the place, or brings the `use` line that makes it so.

mod blocks;
mod conditions;
mod names;

use super::context::{Context, around};
use super::cursor::split;
use super::hover;
use super::index::Target;
use super::words;
use crate::database::Snapshot;
use crate::hir;
use crate::library::Module;
use crate::names::Sort;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use syntax::token::Token;

/// A word that may stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The word.
    pub label: String,
    /// What it is.
    pub kind: Kind,
    /// Its type or its columns, in a few words.
    pub detail: String,
    /// What to write in place of [`Completion::range`]. `$1`, `${2:name}` are stops where `snippet` is set.
    pub insert: String,
    /// Whether `insert` has stops.
    pub snippet: bool,
    /// What is typed so far.
    pub range: Range<usize>,
    /// What is to be written elsewhere in the file: a `use` line.
    pub also: Vec<(Range<usize>, String)>,
    /// Its place among the others, the smaller the earlier; words of one rank by name.
    pub rank: u8,
    /// What [`docs`] is asked by.
    pub declared: Option<String>,
}

impl Completion {
    /// A word that is written as it stands.
    pub fn new(label: &str, kind: Kind, detail: String, range: Range<usize>, rank: u8) -> Completion {
        Completion {
            label: label.to_owned(),
            kind,
            detail,
            insert: label.to_owned(),
            snippet: false,
            range,
            also: Vec::new(),
            rank,
            declared: None,
        }
    }
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word of the language.
    Keyword,
    /// A relation.
    Relation,
    /// A let.
    Let,
    /// A builtin.
    Function,
    /// A variable of the rule.
    Variable,
    /// A column, to be followed by its value.
    Column,
    /// A member of an enum.
    Member,
    /// A type.
    Type,
    /// A module.
    Module,
    /// A blueprint.
    Blueprint,
    /// An intent, or the name of an application.
    Intent,
    /// A fixture.
    Fixture,
    /// A key of a json value.
    Key,
}

/// The keys that json values of a model have, by relation and column: each a way down, `[*]` for the items of a list.
pub type Seen = BTreeMap<(String, usize), BTreeSet<Vec<String>>>;

/// How many names to be imported are offered at most. Where a workspace has more they are those that fit what is typed, the
/// shortest first; so where there are as many, more may be found when more is typed.
pub const IMPORTS: usize = 150;

/// What may be written at a place.
///
/// - `seen`: the keys of the loaded model.
/// - returns: sorted by rank and name; every word that may stand there, whatever is typed of it so far, but see [`IMPORTS`].
pub fn completion(snapshot: &Snapshot, path: &str, offset: usize, seen: &Seen) -> Vec<Completion> {
    offered(snapshot, path, offset, seen, false)
}

/// The same of a question, which names what any module declares and leaves the module out.
pub fn of_question(snapshot: &Snapshot, path: &str, offset: usize, seen: &Seen) -> Vec<Completion> {
    offered(snapshot, path, offset, seen, true)
}

fn offered(snapshot: &Snapshot, path: &str, offset: usize, seen: &Seen, asking: bool) -> Vec<Completion> {
    let Some(module) = snapshot.module_at(path) else { return Vec::new() };
    let offset = offset.min(snapshot.text(path).unwrap_or_default().len());
    let (text, start) = around(snapshot, path, offset);
    let context = Context::at(text, offset - start);
    // What is typed in a comment is nobody's word.
    let line = context.text[..offset - start].rfind('\n').map_or(0, |at| at + 1);
    if context.text[line..offset - start].trim_start().starts_with("//") {
        return Vec::new();
    }
    let range = start + context.word.start..start + context.word.end;
    let typed = &context.text[context.word.start..offset - start];
    let mut offer =
        Offer { snapshot, path, module, context: &context, asking, typed, range, found: Vec::new(), rule: None };
    offer.all(seen);
    let mut found = offer.found;
    found.sort_by(|a, b| (a.rank, &a.label, &a.detail).cmp(&(b.rank, &b.label, &b.detail)));
    found.dedup_by(|a, b| a.label == b.label && a.kind == b.kind && a.insert == b.insert && a.also == b.also);
    found
}

/// What is known of a word that was offered, in Markdown.
pub fn docs(snapshot: &Snapshot, declared: &str) -> String {
    if let Ok(page) = crate::builtins::explain(declared) {
        return page;
    }
    if let Some((signature, docs)) = words::said(declared) {
        return format!("```writ\n{signature}\n```\n\n{docs}");
    }
    let library = snapshot.library();
    let sort = split(snapshot, declared).and_then(|(module, local)| {
        let exports = snapshot.exports_of(snapshot.path_of(module)?)?;
        exports.names.get(local).map(|entry| entry.sort)
    });
    let Some(sort) = sort else { return library.names.module(declared).map(|_| String::new()).unwrap_or_default() };
    let said = hover::said(snapshot, &Target::Declared(sort, declared.to_owned()));
    said.map(|(signature, docs)| format!("```writ\n{signature}\n```\n\n{docs}")).unwrap_or_default()
}

struct Offer<'s, 'c> {
    snapshot: &'s Snapshot,
    path: &'s str,
    module: &'s Module,
    context: &'c Context<'c>,
    /// It is a question's, not an item's.
    asking: bool,
    /// The word as far as the cursor.
    typed: &'c str,
    range: Range<usize>,
    found: Vec<Completion>,
    /// The rule around the cursor, once it was asked for.
    rule: Option<Option<hir::Rule>>,
}

impl Offer<'_, '_> {
    fn add(&mut self, rank: u8, label: &str, kind: Kind, detail: String) -> &mut Completion {
        self.found.push(Completion::new(label, kind, detail, self.range.clone(), rank));
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| {
            self.add(3, word, Kind::Keyword, String::new());
        });
    }

    fn all(&mut self, seen: &Seen) {
        let context = self.context;
        if context.quoted {
            return self.quoted();
        }
        if context.message {
            return if context.before.is_empty() { self.variables(None) } else { self.behind_dot(seen) };
        }
        if context.item_word() == Some(Token::Use) {
            return self.imports();
        }
        match context.previous(0) {
            Some(Token::At) => return self.attributes(),
            Some(Token::Apply) => return self.declarations(&[Sort::Blueprint]),
            Some(Token::Criticality) => return self.words(&["low", "medium", "high", "critical"]),
            Some(Token::Is) => return self.words(&["absent", "null", "unknown", "present"]),
            Some(Token::Given) => {
                self.declarations(&[Sort::Fixture]);
                return self.words(&["{"]);
            }
            Some(Token::To) => return self.conditions(true),
            _ => {}
        }
        if !context.before.is_empty() {
            return self.behind_dot(seen);
        }
        if let Some(call) = context.call() {
            return self.argument(&call);
        }
        if context.in_body() {
            return self.body();
        }
        self.line();
    }
}

#[cfg(test)]
mod tests;
