//! Words, signs and trivia of a text, without loss: the spans of [`lex`] join to the whole text.
//!
//! A byte that begins no token of the language is a [`Token::Unknown`]: the lexer never stops.
//!
//! Not here: where an item begins (`chunk`), what an escape means ([`unescape`] apart).

// LONG: the list of tokens is one, and what the lexer alone knows of texts stands behind it.

use logos::Logos;
use std::ops::Range;

/// What a piece of text is. Its words are found by its span.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// Spaces and line ends; a byte order mark counts as one.
    #[regex(r"[ \t\r\n\u{feff}]+")]
    Whitespace,
    /// `// …`, also `//// …`. Any line end ends it: what stands behind one is read by people as the next line.
    #[regex(r"//[^\n\r]*", allow_greedy = true)]
    Comment,
    /// `/// …`: says what the next item is for.
    #[regex(r"///([^/\n\r][^\n\r]*)?", allow_greedy = true, priority = 20)]
    Doc,
    /// `//! …`: says what the module is for.
    #[regex(r"//![^\n\r]*", allow_greedy = true, priority = 20)]
    ModuleDoc,

    /// `use`
    #[token("use")]
    Use,
    /// `pub`
    #[token("pub")]
    Pub,
    /// `entity`
    #[token("entity")]
    Entity,
    /// `enum`
    #[token("enum")]
    Enum,
    /// `relation`
    #[token("relation")]
    Relation,
    /// `let`
    #[token("let")]
    Let,
    /// `deny`
    #[token("deny")]
    Deny,
    /// `escalate`
    #[token("escalate")]
    Escalate,
    /// `permit`
    #[token("permit")]
    Permit,
    /// `blueprint`
    #[token("blueprint")]
    Blueprint,
    /// `intent`
    #[token("intent")]
    Intent,
    /// `overlay`
    #[token("overlay")]
    Overlay,
    /// `test`
    #[token("test")]
    Test,
    /// `if`
    #[token("if")]
    If,
    /// `not`
    #[token("not")]
    Not,
    /// `in`
    #[token("in")]
    In,
    /// `is`
    #[token("is")]
    Is,
    /// `true`
    #[token("true")]
    True,
    /// `false`
    #[token("false")]
    False,

    /// `apply`, a word only in an intent.
    #[token("apply")]
    Apply,
    /// `as`, a word only behind `apply`.
    #[token("as")]
    As,
    /// `authority`, a word only before `relation`.
    #[token("authority")]
    Authority,
    /// `by`, a word only behind `change` in a test.
    #[token("by")]
    By,
    /// `cases`, a word only in a test.
    #[token("cases")]
    Cases,
    /// `change`, a word only before `relation` and in a test.
    #[token("change")]
    Change,
    /// `cover`, a word only in an intent.
    #[token("cover")]
    Cover,
    /// `criticality`, a word only in an intent.
    #[token("criticality")]
    Criticality,
    /// `expect`, a word only in a test.
    #[token("expect")]
    Expect,
    /// `fixed`, a word only behind `expect`.
    #[token("fixed")]
    Fixed,
    /// `fixture`, a word only at an item's beginning.
    #[token("fixture")]
    Fixture,
    /// `given`, a word only in a test.
    #[token("given")]
    Given,
    /// `key`, a word only behind a relation's columns.
    #[token("key")]
    Key,
    /// `least`, a word only before a column.
    #[token("least")]
    Least,
    /// `most`, a word only before a column.
    #[token("most")]
    Most,
    /// `owner`, a word only in an intent.
    #[token("owner")]
    Owner,
    /// `per`, a word only in an aggregate.
    #[token("per")]
    Per,
    /// `prefer`, a word only behind a key.
    #[token("prefer")]
    Prefer,
    /// `session`, a word only behind `change` in a test.
    #[token("session")]
    Session,
    /// `to`, a word only behind an escalate, an expectation and a move.
    #[token("to")]
    To,
    /// `without`, a word only in an act.
    #[token("without")]
    Without,

    /// Any other word.
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*", priority = 1)]
    Name,
    /// `_`
    #[token("_")]
    Underscore,
    /// `"text"`, on one line.
    #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
    Text,
    /// `443`
    #[regex(r"[0-9]+", priority = 5)]
    Int,
    /// `1.5`, `1e3`, inside a json value.
    #[regex(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", priority = 4)]
    Decimal,
    /// `24h`, `250ms`
    #[regex(r"[0-9]+(us|ms|s|m|h|d)", priority = 6)]
    Duration,
    /// `2030-01-01T00:00Z`, with seconds and their fraction where wanted.
    #[regex(
        r"[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9](:[0-9][0-9](\.[0-9]+)?)?Z",
        priority = 30
    )]
    Time,

    /// `(`
    #[token("(")]
    OpenParenthesis,
    /// `)`
    #[token(")")]
    CloseParenthesis,
    /// `{`
    #[token("{")]
    OpenBrace,
    /// `}`
    #[token("}")]
    CloseBrace,
    /// `[`
    #[token("[")]
    OpenBracket,
    /// `]`
    #[token("]")]
    CloseBracket,
    /// `,`
    #[token(",")]
    Comma,
    /// `;`
    #[token(";")]
    Semicolon,
    /// `:`
    #[token(":")]
    Colon,
    /// `.`
    #[token(".")]
    Dot,
    /// `@`
    #[token("@")]
    At,
    /// `/`, between an instance and its relation.
    #[token("/")]
    Slash,
    /// `=`
    #[token("=")]
    Equals,
    /// `==`
    #[token("==")]
    Equal,
    /// `!=`
    #[token("!=")]
    NotEqual,
    /// `<`
    #[token("<")]
    Less,
    /// `<=`
    #[token("<=")]
    AtMost,
    /// `>`
    #[token(">")]
    Greater,
    /// `>=`
    #[token(">=")]
    AtLeast,
    /// `+`
    #[token("+")]
    Plus,
    /// `-`
    #[token("-")]
    Minus,
    /// `*`
    #[token("*")]
    Star,
    /// `??`
    #[token("??")]
    Default,

    /// A quoted text that its line does not close.
    #[regex(r#""([^"\\\n]|\\[^\n])*\\?"#, priority = 1)]
    OpenText,
    /// A time of which a part is missing: `2030-01-01`.
    #[regex(
        r"[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9](T[0-9][0-9]:[0-9][0-9](:[0-9][0-9](\.[0-9]+)?)?([+-][0-9][0-9]:[0-9][0-9])?)?",
        priority = 20
    )]
    BadTime,
    /// Digits that run into letters: `24hours`, `0x1f`.
    #[regex(r"[0-9]+[A-Za-z_][A-Za-z0-9_]*", priority = 3)]
    BadNumber,
    /// A sign of another language: `:-`, `&&`, `||`, `=>`, …
    #[regex(r":-|:=|&&?|\|\|?|=>|->|=<|<>|===|!|#|%|\?|'|`|\\|\$|\^|~")]
    Foreign,
    /// Any other character.
    Unknown,
}

impl Token {
    /// Whether an operand may end with it, so that nothing but a sign or a connecting word can follow.
    pub fn ends_operand(self) -> bool {
        matches!(
            self,
            Token::CloseParenthesis
                | Token::CloseBrace
                | Token::CloseBracket
                | Token::Name
                | Token::Underscore
                | Token::Text
                | Token::Int
                | Token::Decimal
                | Token::Duration
                | Token::Time
                | Token::True
                | Token::False
        )
    }

    /// Whether the parser passes over it.
    pub fn is_trivia(self) -> bool {
        matches!(self, Token::Whitespace | Token::Comment | Token::Doc | Token::ModuleDoc)
    }

    /// Whether it is one of the words that are never names.
    pub fn is_reserved(self) -> bool {
        matches!(
            self,
            Token::Use
                | Token::Pub
                | Token::Entity
                | Token::Enum
                | Token::Relation
                | Token::Let
                | Token::Deny
                | Token::Escalate
                | Token::Permit
                | Token::Blueprint
                | Token::Intent
                | Token::Overlay
                | Token::Test
                | Token::If
                | Token::Not
                | Token::In
                | Token::Is
                | Token::True
                | Token::False
        )
    }

    /// Whether it is a word that may also be a name.
    pub fn is_contextual(self) -> bool {
        matches!(
            self,
            Token::Apply
                | Token::As
                | Token::Authority
                | Token::By
                | Token::Cases
                | Token::Change
                | Token::Cover
                | Token::Criticality
                | Token::Expect
                | Token::Fixed
                | Token::Fixture
                | Token::Given
                | Token::Key
                | Token::Least
                | Token::Most
                | Token::Owner
                | Token::Per
                | Token::Prefer
                | Token::Session
                | Token::To
                | Token::Without
        )
    }

    /// Whether a name may be written so.
    pub fn is_name(self) -> bool {
        self == Token::Name || self.is_contextual()
    }
}

/// A token with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lexeme {
    /// What it is.
    pub token: Token,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Lexeme {
    /// Its bytes in the text.
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// All tokens of `text`, trivia included, in order and without gaps.
///
/// - `text`: less than 4 GiB; what is beyond is left out.
pub fn lex(text: &str) -> Vec<Lexeme> {
    let mut lexemes: Vec<Lexeme> = Vec::with_capacity(text.len() / 4);
    for (token, span) in Token::lexer(text).spanned() {
        let (Ok(start), Ok(end)) = (u32::try_from(span.start), u32::try_from(span.end)) else { break };
        let token = token.unwrap_or(Token::Unknown);
        match signs_behind(token, &text[span.clone()]) {
            Some(length) => {
                let behind = start + length;
                lexemes.push(Lexeme { token, start, end: behind });
                let signs = Token::lexer(&text[behind as usize..span.end]).spanned();
                lexemes.extend(signs.map(|(sign, at)| Lexeme {
                    token: sign.unwrap_or(Token::Unknown),
                    start: behind + at.start as u32,
                    end: behind + at.end as u32,
                }));
            }
            None => lexemes.push(Lexeme { token, start, end }),
        }
    }
    lexemes
}

/// The length of an open text before the signs that its line ends with: `{`, or `;` with whatever it closes.
///
/// They were hardly meant to be in the text, and what stands on the next lines makes sense with them alone.
fn signs_behind(token: Token, text: &str) -> Option<u32> {
    let line = (token == Token::OpenText).then(|| text.trim_end())?;
    let before = match line.as_bytes().last()? {
        b'{' => line[..line.len() - 1].trim_end(),
        b';' => line.trim_end_matches([';', ')', ' ']),
        _ => return None,
    };
    // The quote itself stays.
    u32::try_from(before.len().max(1)).ok()
}

/// What a quoted text says.
///
/// - `quoted`: with its quotes.
/// - returns: the text, and the byte ranges in `quoted` of escapes that say nothing; those stay as they are.
pub fn unescape(quoted: &str) -> (String, Vec<Range<usize>>) {
    let inner = quoted.strip_prefix('"').unwrap_or(quoted);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut out = String::with_capacity(inner.len());
    let mut bad = Vec::new();
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at..];
        let (said, length) = read_escape(escape);
        match said {
            Some(c) => out.push(c),
            None => {
                let start = 1 + inner.len() - escape.len();
                bad.push(start..start + length);
                out.push_str(&escape[..length]);
            }
        }
        rest = &escape[length..];
    }
    out.push_str(rest);
    (out, bad)
}

/// The character an escape stands for, and the bytes it takes.
///
/// - `escape`: begins with `\`.
fn read_escape(escape: &str) -> (Option<char>, usize) {
    let Some(word) = escape[1..].chars().next() else { return (None, 1) };
    let said = match word {
        '"' => '"',
        '\\' => '\\',
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'u' => return read_code_point(escape),
        _ => return (None, 1 + word.len_utf8()),
    };
    (Some(said), 2)
}

fn read_code_point(escape: &str) -> (Option<char>, usize) {
    let Some(rest) = escape.strip_prefix("\\u{") else { return (None, 2) };
    // No search for the `}` beyond them: a text may hold any number of these that nothing closes.
    let digits = &rest[..rest.bytes().take_while(u8::is_ascii_hexdigit).count()];
    if !rest[digits.len()..].starts_with('}') {
        // What a word would be, that it may be shown.
        let word = rest.bytes().take(8).take_while(u8::is_ascii_alphanumeric).count();
        let closed = rest[word..].starts_with('}');
        return (None, if closed { word + 4 } else { 2 });
    }
    let said = if digits.len() <= 6 { u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) } else { None };
    (said, digits.len() + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[Token]) {
        let tokens: Vec<Token> = lex(text).iter().map(|l| l.token).filter(|t| *t != Token::Whitespace).collect();
        assert_eq!(tokens, expect, "{text}");
    }

    #[test]
    fn the_longest_literal_wins() {
        use Token::{BadNumber, BadTime, Decimal, Duration, Int, Minus, Name, Time};
        check("2030-01-01T00:00Z", &[Time]);
        check("2030-01-01T00:00:59.125Z", &[Time]);
        check("2030-01-01 2030-01-01T00:00 2030-01-01T00:00+01:00", &[BadTime; 3]);
        check("2030-1-1", &[Int, Minus, Int, Minus, Int]);
        check("24h 90m 30s 7d 250ms 10us", &[Duration; 6]);
        check("24 1.5 1e3 24hours", &[Int, Decimal, Decimal, BadNumber]);
        check("_x x9 x_", &[Name; 3]);
    }

    #[test]
    fn trivia_are_told_apart() {
        check(
            "// a\n/// b\n//! c\n//// d\n///\n",
            &[Token::Comment, Token::Doc, Token::ModuleDoc, Token::Comment, Token::Doc],
        );
    }

    #[test]
    fn a_text_ends_with_its_line() {
        check(r#""a\"b" "c"#, &[Token::Text, Token::OpenText]);
        check("\"a\nb", &[Token::OpenText, Token::Name]);
        check("\"a\\\nb", &[Token::OpenText, Token::Name]);
        check("\"a {\nb", &[Token::OpenText, Token::OpenBrace, Token::Name]);
        check(
            "p(\"a);",
            &[Token::Name, Token::OpenParenthesis, Token::OpenText, Token::CloseParenthesis, Token::Semicolon],
        );
        check("\";", &[Token::OpenText, Token::Semicolon]);
    }

    #[test]
    fn signs_of_other_languages_are_one_token() {
        check("a :- b && c", &[Token::Name, Token::Foreign, Token::Name, Token::Foreign, Token::Name]);
        check("é", &[Token::Unknown]);
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(unescape(r#""a\"\\\n\u{e9}b""#), ("a\"\\\n\u{e9}b".to_owned(), vec![]));
        assert_eq!(unescape(r#""a\qb\u{110000}""#), (r"a\qb\u{110000}".to_owned(), vec![2..4, 5..15]));
        assert_eq!(unescape(r#""\u{41\u{41}""#), (r"\u{41A".to_owned(), std::iter::once(1..3).collect()));
    }
}
