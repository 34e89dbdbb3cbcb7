//! The words of an item as a typesetter sees them: what stands before each, how wide it is, what it opens.
//!
//! INVARIANT: the words and the comments of [`Words`], in order, are the tokens of the item but for white space.
//! Not here: where a line breaks (`layout`).

use crate::chunk::opens_value;
use crate::token::{Lexeme, Token};

/// A token that the parser sees.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) token: Token,
    /// Its place in the file.
    pub(super) start: u32,
    pub(super) end: u32,
    /// In characters; 0 for a comma that only the closing bracket follows.
    pub(super) width: u32,
    /// A space stands before it where no line breaks.
    pub(super) space: bool,
    /// In the author's text a line ends before it; an empty line stands before it.
    pub(super) line: bool,
    pub(super) blank: bool,
    /// It is a name, not a word of the grammar.
    pub(super) name: bool,
    /// Of a bracket: what it holds.
    pub(super) bracket: Bracket,
    /// Of a bracket: the position of the other one; else its own.
    pub(super) mate: usize,
    /// Comments, line ends and characters (spaces included) up to it and with what stands directly before it.
    comments: u32,
    lines: u32,
    across: u32,
}

/// What brackets hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    /// No bracket.
    None,
    /// `f(…)`: columns or arguments.
    Call,
    /// `(…)` around an expression.
    Grouping,
    /// `cfg[…]`
    Index,
    /// `[…]` of a value or a type.
    List,
    /// `{…}` of a value, a type, or the names of a `use`.
    Set,
    /// `count {…}`
    Aggregate,
    /// `enum E {…}`
    Members,
    /// `{…}` of an item or of a part of one.
    Block,
}

/// A comment, whichever sort.
#[derive(Clone, Copy)]
pub(super) struct Comment {
    pub(super) start: u32,
    pub(super) end: u32,
    /// It begins a line; an empty line stands before it.
    pub(super) line: bool,
    pub(super) blank: bool,
    /// `///`: belongs to what follows.
    pub(super) doc: bool,
}

/// The words of an item and the comments between them. Kept from item to item for its memory.
#[derive(Default)]
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    pub(super) comments: Vec<Comment>,
    open: Vec<usize>,
}

impl Words {
    /// Takes in an item.
    ///
    /// - `text`: the file.
    /// - `before`: what stands before the item and is no word.
    /// - `item`: its brackets are closed.
    pub(super) fn read(&mut self, text: &str, before: &[Lexeme], item: &[Lexeme]) {
        self.words.clear();
        self.comments.clear();
        self.open.clear();
        let (mut line, mut blank, mut lines) = (false, false, 0);
        for lexeme in before.iter().chain(item) {
            let words = &text[lexeme.range()];
            match lexeme.token {
                Token::Whitespace => {
                    let ends = words.bytes().filter(|&byte| byte == b'\n').count();
                    line |= ends > 0;
                    blank |= ends > 1;
                }
                Token::Comment | Token::Doc | Token::ModuleDoc => {
                    let width = u32::try_from(words.trim_end_matches([' ', '\t', '\r']).len()).unwrap_or(u32::MAX);
                    let doc = lexeme.token == Token::Doc;
                    self.comments.push(Comment { start: lexeme.start, end: lexeme.start + width, line, blank, doc });
                    (line, blank) = (false, false);
                }
                token => {
                    // A comment ends its line.
                    line |= self.comments.len() > self.words.last().map_or(0, |last| last.comments as usize);
                    lines += u32::from(line);
                    self.word(token, lexeme.start, lexeme.end, characters(words), (line, blank, lines));
                    (line, blank) = (false, false);
                }
            }
        }
    }

    fn word(&mut self, token: Token, start: u32, end: u32, width: u32, (line, blank, lines): (bool, bool, u32)) {
        let position = self.words.len();
        let (bracket, mate) = self.bracket(token, position);
        if closes(token)
            && let Some(last) = self.words.last_mut()
            && last.token == Token::Comma
        {
            last.across -= last.width;
            last.width = 0;
        }
        let space = self.space(token, bracket);
        let name = token.is_name() || (token.is_reserved() && self.last(1) == Some(Token::Dot));
        let before = self.words.last().map_or(0, |last| last.across);
        let across = before.saturating_add(width).saturating_add(u32::from(space));
        let comments = u32::try_from(self.comments.len()).unwrap_or(u32::MAX);
        let word = Word { token, start, end, width, space, line, blank, name, bracket, mate, comments, lines, across };
        self.words.push(word);
    }

    fn last(&self, back: usize) -> Option<Token> {
        self.words.len().checked_sub(back).map(|position| self.words[position].token)
    }

    fn bracket(&mut self, token: Token, position: usize) -> (Bracket, usize) {
        let kind = match token {
            Token::OpenParenthesis if self.follows_callee() => Bracket::Call,
            Token::OpenParenthesis => Bracket::Grouping,
            Token::OpenBracket if self.follows_operand() => Bracket::Index,
            Token::OpenBracket => Bracket::List,
            Token::OpenBrace => match (self.last(1), self.last(2)) {
                (_, Some(Token::Enum)) => Bracket::Members,
                (one, two) if !opens_value([one, two]) => Bracket::Block,
                (Some(name), Some(Token::Equals)) if name.is_name() => Bracket::Aggregate,
                _ => Bracket::Set,
            },
            Token::CloseParenthesis | Token::CloseBracket | Token::CloseBrace => {
                let Some(open) = self.open.pop() else { return (Bracket::None, position) };
                self.words[open].mate = position;
                return (self.words[open].bracket, open);
            }
            _ => return (Bracket::None, position),
        };
        self.open.push(position);
        (kind, position)
    }

    /// Whether the last word is a name that takes arguments.
    fn follows_callee(&self) -> bool {
        match self.words.last() {
            // `key(r) prefer (plan, cloud)`: a list, no call of `prefer`; it is set apart by `space`.
            Some(last) => last.name,
            None => false,
        }
    }

    /// Whether the last word ends an operand, so that `-` behind it subtracts and `[` goes down.
    fn follows_operand(&self) -> bool {
        self.words.last().is_some_and(|last| last.name || last.token.ends_operand())
    }

    /// Whether a space stands before the next word.
    fn space(&self, token: Token, bracket: Bracket) -> bool {
        let Some(last) = self.words.last() else { return false };
        let spaced = matches!(bracket, Bracket::Block | Bracket::Members | Bracket::Aggregate);
        match (last.token, token) {
            (Token::OpenBrace, Token::CloseBrace) => false,
            (Token::OpenBrace, _) => matches!(last.bracket, Bracket::Block | Bracket::Members | Bracket::Aggregate),
            (_, Token::CloseBrace) => spaced,
            (Token::OpenParenthesis | Token::OpenBracket | Token::Dot | Token::Slash | Token::At, _) => false,
            (_, Token::CloseParenthesis | Token::CloseBracket | Token::Comma | Token::Semicolon) => false,
            (_, Token::Colon | Token::Dot | Token::Slash) => false,
            (Token::Minus, _) if self.is_sign(self.words.len() - 1) => false,
            (Token::Prefer, Token::OpenParenthesis) => self.last(2) == Some(Token::CloseParenthesis),
            (_, Token::OpenParenthesis | Token::OpenBracket) => !matches!(bracket, Bracket::Call | Bracket::Index),
            _ => true,
        }
    }

    /// Whether the `-` there is a sign, not a subtraction.
    fn is_sign(&self, position: usize) -> bool {
        let before = position.checked_sub(1).map(|before| &self.words[before]);
        before.is_none_or(|before| !before.name && !before.token.ends_operand())
    }

    /// The characters from one word to before another on one line, without a space before the first.
    pub(super) fn width(&self, from: usize, to: usize) -> usize {
        if from >= to {
            return 0;
        }
        let first = &self.words[from];
        (self.words[to - 1].across - first.across + first.width) as usize
    }

    /// Whether no comment stands between the first and the last word of a range.
    pub(super) fn quiet(&self, from: usize, to: usize) -> bool {
        from >= to || self.words[to - 1].comments == self.words[from].comments
    }

    /// How many comments stand before a word, from the item's first.
    pub(super) fn comments_before(&self, word: usize) -> usize {
        self.words[word].comments as usize
    }

    /// Whether the author's text has no line end between the first and the last word of a range.
    pub(super) fn on_one_line(&self, from: usize, to: usize) -> bool {
        from >= to || self.words[to - 1].lines == self.words[from].lines
    }
}

fn closes(token: Token) -> bool {
    matches!(token, Token::CloseParenthesis | Token::CloseBracket | Token::CloseBrace)
}

fn characters(text: &str) -> u32 {
    let count = if text.is_ascii() { text.len() } else { text.chars().count() };
    u32::try_from(count).unwrap_or(u32::MAX)
}
