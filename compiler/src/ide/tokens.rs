//! What each word of a file is, for colours.
//!
//! Words of the language, texts and numbers are known by their tokens, so that a broken item has its colours too; names
//! by what they stand for.

use super::index::{Role, Target};
use crate::database::Snapshot;
use crate::hir::Package;
use crate::names::Sort;
use std::ops::Range;
use syntax::token::{Token as Lexed, lex};

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A module.
    Module,
    /// An entity.
    Entity,
    /// An enum.
    Enum,
    /// A member of an enum.
    Member,
    /// A relation.
    Relation,
    /// A let or a builtin.
    Function,
    /// A blueprint, an intent, an application, a fixture.
    Block,
    /// A column or a parameter.
    Column,
    /// A variable.
    Variable,
    /// A word of the language.
    Keyword,
    /// `deny`, `escalate`, `permit`, an attribute.
    Governance,
    /// A quoted text.
    Text,
    /// A number, a duration, a time.
    Number,
    /// A comment.
    Comment,
    /// A sign.
    Operator,
}

impl Class {
    /// Every class, in the order of an editor's legend.
    pub const ALL: [Class; 15] = [
        Class::Module,
        Class::Entity,
        Class::Enum,
        Class::Member,
        Class::Relation,
        Class::Function,
        Class::Block,
        Class::Column,
        Class::Variable,
        Class::Keyword,
        Class::Governance,
        Class::Text,
        Class::Number,
        Class::Comment,
        Class::Operator,
    ];
}

/// A word with its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its bytes; within one line.
    pub range: Range<usize>,
    /// What it is.
    pub class: Class,
    /// It declares what it names.
    pub declares: bool,
    /// The standard library's.
    pub library: bool,
}

/// The words of a file, in order, apart from each other.
///
/// - `within`: only what this touches.
pub fn tokens(snapshot: &Snapshot, path: &str, within: Option<Range<usize>>) -> Vec<Token> {
    let text = snapshot.text(path).unwrap_or_default();
    let library = snapshot.package_of(path) != Some(Package::Root);
    let mut names: Vec<Token> = Vec::new();
    let touched = |start: usize, end: usize| within.as_ref().is_none_or(|w| start <= w.end && w.start <= end);
    for piece in snapshot.pieces(path).iter().filter(|piece| touched(piece.start, piece.end())) {
        for mention in piece.mentions() {
            let class = match &mention.target {
                Target::Module(_) => Class::Module,
                Target::Declared(sort, _) => match sort {
                    Sort::Entity => Class::Entity,
                    Sort::Enum => Class::Enum,
                    Sort::Relation => Class::Relation,
                    Sort::Let | Sort::Function(_) => Class::Function,
                    Sort::Blueprint | Sort::Intent | Sort::Fixture => Class::Block,
                },
                Target::Column { .. } => Class::Column,
                Target::Member { .. } => Class::Member,
                Target::Variable(_) => Class::Variable,
                Target::Application(_) => Class::Block,
            };
            let name = match &mention.target {
                Target::Module(name) => Some(name.as_str()),
                other => other.declaration(),
            };
            let range = piece.start + mention.span.start as usize..piece.start + mention.span.end as usize;
            let foreign = name.is_some_and(|name| name.starts_with("std.") || !name.contains('.'));
            let token = Token { range, class, declares: mention.role == Role::Declares, library: library || foreign };
            // A subject that is a column too is one word.
            if names.last().is_none_or(|last| last.range.end <= token.range.start) {
                names.push(token);
            }
        }
    }
    let mut names = names.into_iter().peekable();
    let mut found = Vec::new();
    let mut behind_at = false;
    for lexeme in lex(text) {
        let range = lexeme.start as usize..lexeme.end as usize;
        if !touched(range.start, range.end) {
            continue;
        }
        let class = class(lexeme.token, behind_at);
        behind_at = lexeme.token == Lexed::At;
        // Names inside quotes cut the text that they stand in.
        let mut at = range.start;
        while let Some(name) = names.next_if(|name| name.range.start < range.end) {
            if name.range.start < at {
                continue;
            }
            if let Some(class) = class.filter(|_| at < name.range.start) {
                found.push(Token { range: at..name.range.start, class, declares: false, library: false });
            }
            at = name.range.end;
            found.push(name);
        }
        if let Some(class) = class.filter(|_| at < range.end) {
            found.push(Token { range: at..range.end, class, declares: false, library: false });
        }
    }
    found
}

fn class(token: Lexed, behind_at: bool) -> Option<Class> {
    Some(match token {
        Lexed::Whitespace | Lexed::Unknown | Lexed::Foreign => return None,
        Lexed::Comment | Lexed::Doc | Lexed::ModuleDoc => Class::Comment,
        Lexed::Deny | Lexed::Escalate | Lexed::Permit | Lexed::At => Class::Governance,
        Lexed::Text | Lexed::OpenText => Class::Text,
        Lexed::Int | Lexed::Decimal | Lexed::Duration | Lexed::Time | Lexed::BadNumber => Class::Number,
        Lexed::Equals
        | Lexed::Equal
        | Lexed::NotEqual
        | Lexed::Less
        | Lexed::AtMost
        | Lexed::Greater
        | Lexed::AtLeast
        | Lexed::Plus
        | Lexed::Minus
        | Lexed::Star
        | Lexed::Default => Class::Operator,
        word if behind_at && (word.is_name() || word.is_reserved()) => Class::Governance,
        word if word.is_reserved() || word.is_contextual() => Class::Keyword,
        Lexed::Name | Lexed::Underscore => return None,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, POLICY};
    use super::*;

    #[test]
    fn words_are_apart_and_say_what_they_are() {
        let fixture = Fixture::new(POLICY);
        let snapshot = fixture.snapshot();
        let text = snapshot.text("policy.writ").expect("there");
        let all = tokens(&snapshot, "policy.writ", None);
        assert!(all.windows(2).all(|two| two[0].range.end <= two[1].range.start));
        let of = |word: &str, class: Class| {
            all.iter().any(|token| &text[token.range.clone()] == word && token.class == class)
        };
        for (word, class) in [
            ("high", Class::Member),
            ("kept", Class::Relation),
            ("std.state", Class::Module),
            ("Resource", Class::Entity),
            ("careful", Class::Block),
            ("level", Class::Column),
            ("level", Class::Variable),
            ("deny", Class::Governance),
            ("marked", Class::Function),
            ("/// How bad it is.", Class::Comment),
            ("7", Class::Number),
            ("least_age", Class::Column),
        ] {
            assert!(of(word, class), "{word} {class:?}");
        }
        let part = tokens(&snapshot, "policy.writ", Some(0..10));
        assert_eq!(part[..], all[..part.len()]);
        assert!(part.len() < all.len());
    }

    #[test]
    fn a_broken_item_has_its_colours() {
        let fixture = Fixture::new("deny a(r \"x\" if not b(");
        let all = tokens(&fixture.snapshot(), "policy.writ", None);
        assert_eq!(
            all.iter().map(|token| token.class).collect::<Vec<_>>(),
            [Class::Governance, Class::Text, Class::Keyword, Class::Keyword]
        );
    }
}
