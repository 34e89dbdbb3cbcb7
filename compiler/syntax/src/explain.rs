//! What stopped the parser, as a sentence.
//!
//! Read downwards: [`explain`] tries the likely mistakes in turn (a word that could stand nowhere, a forgotten `;`, a
//! bracket left open) and else says what was expected.
//!
//! INVARIANT: an error names at most five things that were expected.
//! Not here: the way out (`advice`), words of other languages (`habits`).

use crate::advice::MEMBERS;
use crate::ast::Span;
use crate::habits;
use crate::message::{ErrorKind, SyntaxError, closer, unclosed};
use crate::parse::{Entry, Terminal};
use crate::token::{Lexeme, Token};
use lalrpop_util::ParseError;

/// The sentence about what stopped the parser.
///
/// - `lexemes`: what it was given.
pub(crate) fn explain(
    error: ParseError<u32, Terminal<'_>, ()>,
    text: &str,
    lexemes: &[Lexeme],
    entry: Entry,
) -> SyntaxError {
    let (at, expected) = match error {
        ParseError::UnrecognizedToken { token: (start, _, _), expected } => (Some(start), expected),
        ParseError::ExtraToken { token: (start, _, _) } => (Some(start), Vec::new()),
        ParseError::UnrecognizedEof { expected, .. } => (None, expected),
        ParseError::InvalidToken { .. } | ParseError::User { .. } => (None, Vec::new()),
    };
    let words: Vec<Lexeme> = lexemes.iter().filter(|lexeme| !lexeme.token.is_trivia()).copied().collect();
    let position = at.and_then(|at| words.iter().position(|lexeme| lexeme.start == at)).unwrap_or(words.len());
    let expected: Vec<&str> = expected.iter().map(|name| name.trim_matches('"')).collect();
    Stop { text, words: &words, position, expected: &expected, entry }.explain()
}

/// An item as another language writes it: told as one thing, whatever else in it does not fit.
pub(crate) fn of_another_language(text: &str, lexemes: &[Lexeme]) -> Option<SyntaxError> {
    let words: Vec<Lexeme> = lexemes.iter().filter(|lexeme| !lexeme.token.is_trivia()).take(8).copied().collect();
    let (guide, said, help) = habits::item(text, &words, lexemes)?;
    let span = Span { start: words[0].start, end: words[said - 1].end };
    let (language, page) = guide.names();
    let message = format!("this is written as in {language}");
    let error = SyntaxError::new(ErrorKind::Syntax, span, message, "begins nothing in Writ");
    Some(error.help(format!("{help}; `writ explain {page}` shows more")))
}

/// The place where the parser stopped.
pub(crate) struct Stop<'s> {
    pub(crate) text: &'s str,
    pub(crate) words: &'s [Lexeme],
    /// Position of the word that does not fit; one past the last at the end.
    pub(crate) position: usize,
    pub(crate) expected: &'s [&'s str],
    pub(crate) entry: Entry,
}

impl Stop<'_> {
    fn explain(&self) -> SyntaxError {
        let expected = self.offer();
        let mut error = self
            .bad_word()
            .or_else(|| self.full_stop())
            .or_else(|| self.slipped_quote())
            .or_else(|| self.missing_end())
            .or_else(|| self.open_group())
            .or_else(|| self.no_beginning())
            .unwrap_or_else(|| self.unexpected(&expected));
        error.expected = expected;
        // What is obvious already needs no other way out.
        match self.hint().filter(|_| error.help.is_none()) {
            Some(advice) => {
                error = error.help(advice.help);
                match advice.fix {
                    Some((span, text)) => error.replace(span, &text),
                    None => error,
                }
            }
            None => error,
        }
    }

    pub(crate) fn found(&self) -> Option<Lexeme> {
        self.words.get(self.position).copied()
    }

    pub(crate) fn before(&self) -> Option<Lexeme> {
        self.words[..self.position].last().copied()
    }

    pub(crate) fn word(&self, position: usize) -> &str {
        self.words.get(position).map_or("", |lexeme| &self.text[lexeme.range()])
    }

    /// Where the parser stopped: a word, or the end of the last one.
    pub(crate) fn span(&self) -> Span {
        let end = self.before().map_or(0, |last| last.end);
        self.found().map_or(Span { start: end, end }, |lexeme| Span { start: lexeme.start, end: lexeme.end })
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.expected.contains(&name)
    }

    /// A word that could stand nowhere.
    fn bad_word(&self) -> Option<SyntaxError> {
        let (span, word) = (self.span(), self.word(self.position));
        match self.found()?.token {
            Token::OpenText => {
                let error = SyntaxError::new(ErrorKind::Unclosed, span, "a quote is never closed", "opened here");
                Some(error.law("a text ends on its line; `\\n` writes a line end"))
            }
            Token::BadNumber => {
                let (law, meant) = habits::number(word);
                let message = format!("`{word}` is neither a number nor a duration");
                let error = SyntaxError::new(ErrorKind::BadToken, span, message, "not read as either").law(law);
                Some(match meant {
                    Some(meant) => error.help(format!("write `{meant}`")).replace(span, &meant),
                    None => error,
                })
            }
            Token::BadTime => {
                let error = SyntaxError::new(ErrorKind::BadToken, span, format!("`{word}` is no time"), "not complete");
                let error =
                    error.law("a time is a day and an hour of UTC: `2030-01-01T00:00Z`, with seconds where wanted");
                Some(match word.len() {
                    10 => error.help(format!("write `{word}T00:00Z`")).replace(span, &format!("{word}T00:00Z")),
                    16 | 19 => error.help(format!("write `{word}Z`")).replace(span, &format!("{word}Z")),
                    _ => error,
                })
            }
            Token::Foreign | Token::Unknown => Some(SyntaxError::new(
                ErrorKind::BadToken,
                span,
                format!("`{word}` means nothing in Writ"),
                "not a sign of the language",
            )),
            _ => None,
        }
    }

    /// A rule that ends as in Prolog.
    fn full_stop(&self) -> Option<SyntaxError> {
        let before = self.before().filter(|before| self.found().is_none() && before.token == Token::Dot)?;
        let span = Span { start: before.start, end: before.end };
        let error = SyntaxError::new(ErrorKind::Syntax, span, "`.` ends nothing", "a name is wanted behind this");
        Some(error.help("an item ends with `;`").replace(span, ";"))
    }

    /// A `;` that was forgotten: the next word stands on another line, or there is none.
    fn missing_end(&self) -> Option<SyntaxError> {
        let before = self.before()?;
        if !self.wants(";") {
            return None;
        }
        if let Some(found) = self.found() {
            let between = self.text.get(before.end as usize..found.start as usize).unwrap_or_default();
            if !between.contains('\n') && found.token != Token::CloseBrace {
                return None;
            }
        }
        let behind = Span { start: before.end, end: before.end };
        let word = Span { start: before.start, end: before.end };
        let error = SyntaxError::new(ErrorKind::Syntax, word, "`;` is missing", "did you forget `;` behind this?");
        Some(error.replace(behind, ";"))
    }

    /// A text that ends right before a word: an earlier quote is missing, or this one is too many.
    fn slipped_quote(&self) -> Option<SyntaxError> {
        let (before, found) = (self.before()?, self.found()?);
        let word =
            found.token.is_name() || found.token.is_reserved() || matches!(found.token, Token::Text | Token::Int);
        (before.token == Token::Text && before.end == found.start && word).then(|| {
            let span = Span { start: before.start, end: before.end };
            let label = format!("ends right before `{}`", self.word(self.position));
            let error = SyntaxError::new(ErrorKind::Unclosed, span, "a quote is missing, or one is too many", &label);
            error.law("a text ends at the next quote; `\\\"` is a quote inside of it")
        })
    }

    /// A bracket that should have been closed before the word found.
    fn open_group(&self) -> Option<SyntaxError> {
        let found = self.found().map(|lexeme| lexeme.token);
        let ends = match found {
            None => true,
            Some(token) => matches!(
                token,
                Token::Semicolon | Token::CloseParenthesis | Token::CloseBracket | Token::CloseBrace | Token::If
            ),
        };
        let mut open: Vec<&Lexeme> = Vec::new();
        for lexeme in &self.words[..self.position] {
            match lexeme.token {
                Token::OpenParenthesis | Token::OpenBracket | Token::OpenBrace => open.push(lexeme),
                Token::CloseParenthesis | Token::CloseBracket | Token::CloseBrace => {
                    open.pop();
                }
                _ => {}
            }
        }
        let innermost = open.last()?;
        let before = self.before()?;
        let wanted = self.wants(closer(innermost.token));
        (ends && wanted && self.word(self.position) != closer(innermost.token))
            .then(|| unclosed(self.text, innermost, before.end))
    }

    fn unexpected(&self, expected: &[String]) -> SyntaxError {
        let found = match self.found() {
            Some(_) => format!("`{}`", self.word(self.position)),
            None => "the end".to_owned(),
        };
        let message = if expected.is_empty() {
            format!("{found} cannot stand here")
        } else {
            format!("expected {}, found {found}", either(expected))
        };
        let (span, label) = match self.found() {
            Some(_) => (self.span(), "not expected here"),
            None => (
                self.before().map_or(self.span(), |last| Span { start: last.start, end: last.end }),
                "more is needed behind this",
            ),
        };
        SyntaxError::new(ErrorKind::Syntax, span, message, label)
    }

    /// What could stand here, most telling first: at most five.
    fn offer(&self) -> Vec<String> {
        if self.position == 0 {
            let what: &[&str] = match self.entry {
                Entry::Item => &["an item"],
                Entry::Member => &["`cover`", "`owner`", "`criticality`", "`apply`", "a relation's rule"],
                Entry::TestPart => &["`cases`", "`given`", "`change`", "`expect`"],
                Entry::Fact => &["a fact"],
                Entry::Atom => &["an atom"],
                Entry::Body => &["a condition"],
            };
            return what.iter().map(|&word| word.to_owned()).collect();
        }
        let mut offer: Vec<String> = Vec::new();
        let names = self.wants("a name");
        let values = self.wants("a quoted text") && self.wants("a number");
        let any_word = names && self.wants("use") && self.wants("is");
        let item = names && self.wants("entity") && !any_word;
        if values {
            offer.push(if self.wants("not") { "a condition" } else { "a value" }.to_owned());
        } else if item {
            offer.push("an item".to_owned());
        } else if names {
            offer.push("a name".to_owned());
        }
        for sign in [
            ";", ",", ")", "}", "]", "if", ":", "=", "(", "{", "to", "key", "as", "prefer", "per", "given", "change",
            "expect",
        ] {
            let hidden = (values && matches!(sign, "(" | "{"))
                || (any_word && sign == "if")
                || (matches!(sign, "=" | ":" | "(") && self.wants("=="))
                || (matches!(sign, ":" | "(") && self.wants(",") && self.wants(")"));
            let contextual = names && sign.chars().all(char::is_alphabetic) && sign != "if";
            if self.wants(sign) && !hidden && !contextual {
                offer.push(format!("`{sign}`"));
            }
        }
        for word in self.expected {
            let reserved = word.chars().all(|c| c.is_ascii_lowercase());
            let shown = offer.contains(&format!("`{word}`"));
            if reserved && !shown && !names && !values && !matches!(*word, "in" | "is") {
                offer.push(format!("`{word}`"));
            }
        }
        if !values && self.wants("a quoted text") {
            offer.push("a quoted text".to_owned());
        }
        if self.wants("==") {
            offer.push("a comparison".to_owned());
        }
        if self.wants("+") {
            offer.push("an operator".to_owned());
        }
        offer.truncate(5);
        offer
    }

    /// A first word that begins nothing here, but is near one that does, or is another language's.
    fn no_beginning(&self) -> Option<SyntaxError> {
        // An item or a line of an intent may begin with any name, which a rule derives; a part of a test may not.
        let stops = usize::from(self.entry != Entry::TestPart);
        let first = self.words.first().filter(|first| self.position == stops && first.token.is_name())?;
        let (help, fix) = self.first_word()?;
        let span = Span { start: first.start, end: first.end };
        let message = format!("`{}` begins nothing here", self.word(0));
        let ours = MEMBERS.contains(&self.word(0));
        let label = if ours { "not in this place" } else { "not a word of the language" };
        let error = SyntaxError::new(ErrorKind::Syntax, span, message, label).help(help);
        Some(match fix {
            Some(fix) => error.replace(span, fix),
            None => error,
        })
    }
}

/// `a`, `b` or `c`.
fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
