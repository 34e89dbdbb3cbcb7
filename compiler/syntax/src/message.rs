//! What is wrong with a text, in the author's words.
//!
//! Read downwards: [`SyntaxError`], then one constructor for each mistake found while a tree is built.
//!
//! Not here: what stopped the parser (`explain`).

use crate::ast::{Name, Span, Text};
use crate::parse::{DEEPEST, LONGEST};
use crate::token::{Lexeme, Token};

/// A mistake that keeps words from being an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SyntaxError {
    /// Which sort of mistake.
    pub kind: ErrorKind,
    /// One lower-case sentence without a full stop, the author's words in backticks.
    pub message: String,
    /// Where; may be empty, then something is missing there.
    pub span: Span,
    /// What to say there.
    pub label: String,
    /// Another place that belongs to it, such as a bracket that is open.
    pub other: Option<(Span, String)>,
    /// What could stand there, at most five, as the message says it.
    pub expected: Vec<String>,
    /// The law that is broken, in a line.
    pub law: Option<String>,
    /// One way out.
    pub help: Option<String>,
    /// The repair, where it is plain: what it does, what goes, what comes.
    pub fix: Option<(String, Span, String)>,
}

/// The sorts of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The words do not make an item.
    Syntax,
    /// A bracket or a quote is opened and never closed.
    Unclosed,
    /// Characters that mean nothing, or a literal out of range.
    BadToken,
    /// A thing stands where its kind may not stand.
    Misplaced,
}

impl SyntaxError {
    pub(crate) fn new(
        kind: ErrorKind,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> SyntaxError {
        SyntaxError {
            kind,
            message: message.into(),
            span,
            label: label.into(),
            other: None,
            expected: Vec::new(),
            law: None,
            help: None,
            fix: None,
        }
    }

    pub(crate) fn law(mut self, law: impl Into<String>) -> SyntaxError {
        self.law = Some(law.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> SyntaxError {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn replace(mut self, span: Span, text: &str) -> SyntaxError {
        let title = match (span.start == span.end, text) {
            (_, "") => "take it out".to_owned(),
            (true, text) => format!("insert `{}`", text.trim()),
            (false, text) => format!("write `{}`", text.trim()),
        };
        self.fix = Some((title, span, text.to_owned()));
        self
    }
}

// Found while a tree is built

pub(crate) fn only_facts(span: Span) -> SyntaxError {
    SyntaxError::new(
        ErrorKind::Misplaced,
        span,
        "a facts file holds facts and `use`, nothing else",
        "neither a fact nor a `use`",
    )
    .help("a rule belongs into a policy")
}

pub(crate) fn nothing_public(span: Span, objects: bool) -> SyntaxError {
    let label =
        if objects { "what it objects to is seen by all" } else { "nothing here has a name of its own to share" };
    let error = SyntaxError::new(ErrorKind::Misplaced, span, "`pub` cannot stand here", label)
        .law("`pub` stands before `entity`, `enum`, `relation`, `let`, `blueprint`, `intent` and `fixture`");
    match objects {
        true => error.help("a test in another module names the rule with its module: `expect deny rules.odd(\"x\")`"),
        false => error,
    }
}

pub(crate) fn second_change(span: Span) -> SyntaxError {
    SyntaxError::new(ErrorKind::Misplaced, span, "a test has one `change`", "a second one")
        .help("put the acts into one block, or write a second test")
}

pub(crate) fn second_cases(span: Span) -> SyntaxError {
    SyntaxError::new(ErrorKind::Misplaced, span, "a test has one `cases`", "a second one")
        .help("put the cases into one block, or write a second test")
}

pub(crate) fn bad_escape(word: &str, span: Span) -> SyntaxError {
    let law = r#"the escapes are `\"`, `\\`, `\n`, `\t`, `\r` and `\u{…}`"#;
    let code = word.strip_prefix("\\u{").and_then(|rest| rest.strip_suffix('}'));
    let error =
        |label: &str| SyntaxError::new(ErrorKind::BadToken, span, format!("`{word}` is no escape"), label).law(law);
    match code {
        Some(code) if code.bytes().all(|byte| byte.is_ascii_hexdigit()) => error("no character has this number"),
        Some(code) => error(&format!("`{code}` is no hexadecimal number")),
        None if word == "\\u" => error("a hexadecimal number in braces is wanted behind this: `\\u{e9}`"),
        None if word == "\\" => error("not known"),
        None => {
            let doubled = format!("\\{word}");
            error("not known").help(format!("a backslash is written `\\\\`: `{doubled}`")).replace(span, &doubled)
        }
    }
}

pub(crate) fn out_of_range(word: &str, span: Span) -> SyntaxError {
    SyntaxError::new(ErrorKind::BadToken, span, format!("`{word}` is out of range"), "too long")
        .law("a duration is a 64-bit number of microseconds")
}

pub(crate) fn repeated_key(key: &Text, first: Span) -> SyntaxError {
    let message = format!("the key `{}` stands twice in this object", key.text);
    let mut error = SyntaxError::new(ErrorKind::Misplaced, key.span, message, "given again");
    error.other = Some((first, "given before".to_owned()));
    error
        .law("a json object has one value for each key; in a file, too, a repeated one is malformed")
        .help("leave one of them out")
}

pub(crate) fn instance_in_rule(instance: &Name) -> SyntaxError {
    let message = format!("`{}/` cannot stand in a rule", instance.text);
    SyntaxError::new(ErrorKind::Misplaced, instance.span, message, "an instance")
        .law("an instance is named only in tests, in waivers and in questions")
}

pub(crate) fn aggregate_needs_variable(span: Span, function: &str) -> SyntaxError {
    let message = format!("left of `= {function} {{…}}` stands a variable");
    SyntaxError::new(ErrorKind::Syntax, span, message, "not a variable")
        .help(format!("write `n = {function} {{…}}`, and a comparison with `n` behind it"))
}

/// Where brackets and operators nest deeper than a tree may be.
pub(crate) fn too_deep(lexemes: &[Lexeme]) -> Option<SyntaxError> {
    let mut open = vec![0];
    let mut depth = 0;
    for lexeme in lexemes {
        match lexeme.token {
            Token::OpenParenthesis | Token::OpenBrace | Token::OpenBracket => {
                open.push(0);
                depth += 1;
            }
            Token::CloseParenthesis | Token::CloseBrace | Token::CloseBracket if open.len() > 1 => {
                depth -= 1 + open.pop().unwrap_or(0);
            }
            Token::Plus | Token::Minus | Token::Star | Token::Default => {
                depth += 1;
                if let Some(top) = open.last_mut() {
                    *top += 1;
                }
            }
            Token::Comma | Token::Semicolon => {
                if let Some(top) = open.last_mut() {
                    depth -= std::mem::take(top);
                }
            }
            _ => {}
        }
        if depth > DEEPEST {
            let span = Span { start: lexeme.start, end: lexeme.end };
            let message = format!("more than {DEEPEST} brackets and operators stand inside each other");
            let mut error = SyntaxError::new(ErrorKind::Syntax, span, message, "one too many");
            error.law =
                Some(format!("an item is at most {DEEPEST} brackets and operators deep; each `+` of a sum is one"));
            return Some(error.help("give a part of it a name, `x = …`, or a relation of its own"));
        }
    }
    None
}

/// The first comma too many of a body, counted from its `if` or `let`.
pub(crate) fn too_long(lexemes: &[Lexeme]) -> Option<SyntaxError> {
    let mut parts: Option<usize> = None;
    for lexeme in lexemes {
        match lexeme.token {
            Token::If | Token::Let => parts = Some(0),
            Token::Semicolon => parts = None,
            Token::Comma => parts = parts.map(|parts| parts + 1),
            _ => {}
        }
        if parts.is_some_and(|parts| parts >= LONGEST) {
            let span = Span { start: lexeme.start, end: lexeme.end };
            let message = format!("more than {LONGEST} literals and values stand in one rule");
            let mut error = SyntaxError::new(ErrorKind::Syntax, span, message, "one too many");
            error.law = Some(format!("the body of a rule has at most {LONGEST} parts between commas"));
            return Some(error.help("declare a relation, give it the values as facts, and ask it"));
        }
    }
    None
}

/// A block whose `}` is missing.
///
/// - `open`: position of its `{`.
pub(crate) fn open_block(text: &str, lexemes: &[Lexeme], open: usize) -> SyntaxError {
    let end = lexemes.last().map_or(0, |last| last.end);
    let mut error = unclosed(text, &lexemes[open], end);
    error.law = Some("a line that begins in the first column with `relation`, `deny`, … begins a new item".to_owned());
    error.help("close the block with `}`, or indent what stands in it")
}

/// A bracket that should have been closed at `end`.
pub(crate) fn unclosed(text: &str, open: &Lexeme, end: u32) -> SyntaxError {
    let word = &text[open.range()];
    let span = Span { start: open.start, end: open.end };
    let mut error = SyntaxError::new(ErrorKind::Unclosed, span, format!("`{word}` is never closed"), "opened here");
    error.expected.push(format!("`{}`", closer(open.token)));
    error.replace(Span { start: end, end }, closer(open.token))
}

/// What closes an opening bracket.
pub(crate) fn closer(token: Token) -> &'static str {
    match token {
        Token::OpenParenthesis => ")",
        Token::OpenBracket => "]",
        _ => "}",
    }
}
