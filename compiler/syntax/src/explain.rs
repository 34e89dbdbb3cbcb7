//! What stopped the parser, as a sentence.
//!
//! Read downwards: [`explain`] tries the likely mistakes in turn (a word that could stand nowhere, a forgotten `;`, a
//! bracket left open) and else says what was expected; `hint` adds advice for words of other languages.
//!
//! INVARIANT: an error names at most five things that were expected.

use crate::ast::Span;
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

/// The place where the parser stopped.
struct Stop<'s> {
    text: &'s str,
    words: &'s [Lexeme],
    /// Position of the word that does not fit; one past the last at the end.
    position: usize,
    expected: &'s [&'s str],
    entry: Entry,
}

impl Stop<'_> {
    fn explain(&self) -> SyntaxError {
        let expected = self.offer();
        let mut error = self
            .bad_word()
            .or_else(|| self.slipped_quote())
            .or_else(|| self.missing_end())
            .or_else(|| self.open_group())
            .or_else(|| self.no_beginning())
            .unwrap_or_else(|| self.unexpected(&expected));
        error.expected = expected;
        match self.hint() {
            Some((help, fix)) => {
                error = error.help(help);
                match fix {
                    Some(fix) => error.replace(self.span(), fix),
                    None => error,
                }
            }
            None => error,
        }
    }

    fn found(&self) -> Option<Lexeme> {
        self.words.get(self.position).copied()
    }

    fn before(&self) -> Option<Lexeme> {
        self.words[..self.position].last().copied()
    }

    fn word(&self, position: usize) -> &str {
        self.words.get(position).map_or("", |lexeme| &self.text[lexeme.range()])
    }

    /// Where the parser stopped: a word, or the end of the last one.
    fn span(&self) -> Span {
        let end = self.before().map_or(0, |last| last.end);
        self.found().map_or(Span { start: end, end }, |lexeme| Span { start: lexeme.start, end: lexeme.end })
    }

    fn wants(&self, name: &str) -> bool {
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
                let error = SyntaxError::new(
                    ErrorKind::BadToken,
                    span,
                    format!("`{word}` is neither a number nor a duration"),
                    "",
                );
                Some(error.law("a duration is a number and one of `us`, `ms`, `s`, `m`, `h`, `d`"))
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

    /// Advice for words that come from other languages, and what to write in their place.
    fn hint(&self) -> Option<(String, Option<&'static str>)> {
        let word = self.word(self.position);
        let before = self.before().map(|lexeme| lexeme.token);
        let next = self.words.get(self.position + 1).map(|lexeme| lexeme.token);
        let token = self.found()?.token;
        if let Some(found) = foreign(word, self.wants(","), self.wants("if")) {
            return Some(found);
        }
        if let Some(help) = self.shape() {
            return Some((help, None));
        }
        let help = match token {
            Token::Slash if next == Some(Token::Star) => "comments begin with `//`".to_owned(),
            Token::Not if next == Some(Token::In) => {
                "write `not x in …`: `not` stands before the whole condition".to_owned()
            }
            Token::Not if before == Some(Token::Is) => {
                "write `not … is …`: `not` stands before the whole condition".to_owned()
            }
            Token::Equals if self.wants(",") && self.wants(")") => {
                "a named argument is written `name: value`".to_owned()
            }
            Token::Equals if self.wants("==") => "compare with `==`; `=` binds the variable left of it".to_owned(),
            Token::Equal if self.wants("=") => return Some(("write `=`".to_owned(), Some("="))),
            Token::OpenBrace if before == Some(Token::Name) && self.compared_aggregate() => {
                "what an aggregate gives is bound with `=`: `n = count { … }`, and then compared".to_owned()
            }
            Token::Name | Token::Not
                if before == Some(Token::CloseParenthesis) && self.wants(",") && self.wants("==") =>
            {
                "did you forget a `,` before this?".to_owned()
            }
            Token::CloseBrace if self.position == 0 => "this `}` closes nothing".to_owned(),
            Token::Deny | Token::Escalate | Token::Permit if self.position == 0 && self.entry == Entry::Member => {
                format!("`{word}` stands in a blueprint, which the intent applies: `apply name();`")
            }
            token if token.is_reserved() && self.position == 0 && self.entry == Entry::Member => {
                format!("`{word}` stands outside of the intent")
            }
            Token::Semicolon if self.position == 0 => "no `;` stands behind a `}`".to_owned(),
            Token::Semicolon
                if self.wants("if") && self.words.first().is_some_and(|first| first.token.is_reserved()) =>
            {
                format!("`{}` needs conditions: `if …`", self.word(0))
            }
            Token::If if self.entry == Entry::Fact => "a fact has no conditions".to_owned(),
            token if token.is_reserved() && self.wants("a name") && self.position > 0 => {
                format!("`{word}` is reserved; choose another name")
            }
            _ => return None,
        };
        Some((help, None))
    }

    /// How what the author is in the middle of is written.
    fn shape(&self) -> Option<String> {
        let words: Vec<&str> = (0..self.position.min(3)).map(|position| self.word(position)).collect();
        let found = self.found()?.token;
        let before = self.before()?.token;
        Some(match (words.as_slice(), found) {
            ([word @ ("deny" | "escalate" | "permit"), name], _) if self.wants("(") => {
                format!("what it is about stands in parentheses: `{word} {name}(r)`")
            }
            (["intent", name] | ["overlay", "intent", name], Token::OpenBrace) => {
                format!("an intent says what it is for: `intent {name} \"…\" {{`")
            }
            (["cover", _], Token::OpenParenthesis) if self.entry == Entry::Member => "write `cover r if …;`".to_owned(),
            (["owner"], _) if self.entry == Entry::Member => "the owner's name stands in quotes".to_owned(),
            (_, Token::Colon) if before == Token::Name && self.in_braces() => {
                "the keys of a json object stand in quotes: `{\"key\": value}`".to_owned()
            }
            _ => return None,
        })
    }

    /// Whether the word before is the first one behind a `{` or a `,`, and the innermost open bracket is a `{`.
    fn in_braces(&self) -> bool {
        let [.., sign, _] = &self.words[..self.position] else { return false };
        let mut open: Vec<Token> = Vec::new();
        for lexeme in &self.words[..self.position] {
            match lexeme.token {
                Token::OpenParenthesis | Token::OpenBracket | Token::OpenBrace => open.push(lexeme.token),
                Token::CloseParenthesis | Token::CloseBracket | Token::CloseBrace => {
                    open.pop();
                }
                _ => {}
            }
        }
        matches!(sign.token, Token::OpenBrace | Token::Comma) && open.last() == Some(&Token::OpenBrace)
    }

    /// Whether the word before is an aggregate's, right of a comparison.
    fn compared_aggregate(&self) -> bool {
        let [.., sign, _] = &self.words[..self.position] else { return false };
        matches!(self.word(self.position - 1), "count" | "sum" | "min" | "max" | "collect")
            && matches!(&self.text[sign.range()], "==" | "!=" | "<" | "<=" | ">" | ">=")
    }

    /// A first word that begins nothing here, but is near one that does, or is another language's.
    fn no_beginning(&self) -> Option<SyntaxError> {
        let first = self.words.first().filter(|first| self.position == 1 && first.token.is_name())?;
        let (help, fix) = self.first_word()?;
        let span = Span { start: first.start, end: first.end };
        let message = format!("`{}` begins nothing here", self.word(0));
        let ours = matches!(self.word(0), "cover" | "owner" | "criticality" | "apply");
        let label = if ours { "not in this place" } else { "not a word of the language" };
        let error = SyntaxError::new(ErrorKind::Syntax, span, message, label).help(help);
        Some(match fix {
            Some(fix) => error.replace(span, fix),
            None => error,
        })
    }

    /// Advice where the first word begins nothing, and what to write in its place.
    fn first_word(&self) -> Option<(String, Option<&'static str>)> {
        let first = self.word(0);
        let known = match first {
            "import" | "include" | "require" => "write `use`",
            "module" | "package" | "namespace" => "a file is a module, named by its path",
            "fn" | "def" | "function" | "func" | "macro" => "write `let` for a helper, or a rule",
            "type" | "struct" | "class" => "write `entity` or `enum`",
            "allow" => "write `permit`",
            "policy" => "write `blueprint`",
            "rule" | "fact" => "a rule has no word before it: `head if body;`",
            "predicate" | "table" | "decl" | "input" | "output" => "write `relation`",
            "const" | "var" => "write a blueprint's parameter, or a fact",
            "cover" | "owner" | "criticality" | "apply" if self.entry == Entry::Item => "this stands in an `intent`",
            _ => "",
        };
        if !known.is_empty() {
            return Some((known.to_owned(), None));
        }
        let words: &[&'static str] = match self.entry {
            Entry::Item => &[
                "use",
                "entity",
                "enum",
                "relation",
                "let",
                "deny",
                "escalate",
                "permit",
                "blueprint",
                "intent",
                "overlay",
                "test",
                "fixture",
            ],
            Entry::Member => &["cover", "owner", "criticality", "apply"],
            Entry::TestPart => &["cases", "given", "change", "expect"],
            Entry::Fact | Entry::Atom | Entry::Body => &[],
        };
        let near = words.iter().find(|word| is_near(first, word))?;
        Some((format!("did you mean `{near}`?"), Some(*near)))
    }
}

/// Words of other languages: advice, and what to write in their place.
fn foreign(word: &str, comma: bool, conditions: bool) -> Option<(String, Option<&'static str>)> {
    let (help, fix) = match word {
        "or" | "||" | "|" => ("there is no `or`: write a second rule of the same name", None),
        "and" | "&&" | "&" if comma => ("`,` says and", Some(",")),
        ":-" | "where" | "when" | "<-" if conditions => ("write `if`", Some("if")),
        ":-" => ("write `if`", None),
        ":=" => ("`=` binds a variable", Some("=")),
        "!" => ("write `not`", Some("not ")),
        "=<" => ("write `<=`", Some("<=")),
        "<>" => ("write `!=`", Some("!=")),
        "===" => ("write `==`", Some("==")),
        "=>" | "->" => ("a rule is written `head if body;`", None),
        "#" => ("comments begin with `//`", Some("//")),
        "'" | "`" => ("a text stands in double quotes", None),
        "?" => ("`x ?? y` takes `y` where `x` is absent", None),
        "%" | "^" | "~" => ("the operators are `+`, `-` and `*`", None),
        _ => return None,
    };
    Some((help.to_owned(), fix))
}

/// `a`, `b` or `c`.
fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Whether one edit, or a swap of neighbours, turns one word into the other; two edits in words of seven letters.
fn is_near(word: &str, known: &str) -> bool {
    let (word, known): (Vec<char>, Vec<char>) = (word.chars().collect(), known.chars().collect());
    if word == known || word.len() > 2 * known.len() {
        return false;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=known.len()).collect()];
    for i in 1..=word.len() {
        let mut row = vec![i];
        for j in 1..=known.len() {
            let change = rows[i - 1][j - 1] + usize::from(word[i - 1] != known[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && word[i - 1] == known[j - 2] && word[i - 2] == known[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[word.len()][known.len()] <= if known.len() >= 7 { 2 } else { 1 }
}
