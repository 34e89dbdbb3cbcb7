//! A text cut into items before any parser runs, so that one broken item loses no other.
//!
//! Read downwards: [`cut`] covers a file with [`Piece`]s; `pieces` does the same for the tokens inside a block;
//! `Groups` knows what is open.
//!
//! An item ends behind a `;` or the `}` of its block. A line that begins in the first column with an item word (its
//! attributes, documentation, `pub`) begins an item whatever is open: what was not closed stays the fault of one item.
//!
//! INVARIANT: the pieces of a text, joined, are the text. What stands between items is blank: white space and comments.

use crate::token::{Lexeme, Token, lex};
use std::cell::Cell;
use std::ops::Range;

/// A stretch of a file: an item, or what stands between items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// White space and comments only.
    pub blank: bool,
}

/// Cuts a file's text into items and what stands between them.
pub fn cut(text: &str) -> Vec<Piece> {
    let lexemes = lex(text);
    let mut all = Vec::new();
    let mut at = 0;
    for range in pieces(text, &lexemes, Where::File) {
        let (start, end) = (lexemes[range.start].start, lexemes[range.end - 1].end);
        if at < start {
            all.push(Piece { start: at, end: start, blank: true });
        }
        all.push(Piece { start, end, blank: false });
        at = end;
    }
    let end = lexemes.last().map_or(0, |last| last.end);
    if at < end {
        all.push(Piece { start: at, end, blank: true });
    }
    all
}

/// Where the tokens stand that are cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// In a file: the first column begins an item.
    File,
    /// In the braces of an item.
    Block,
}

/// The items among `lexemes`, as ranges of positions in them: from documentation or first word to the last token.
pub(crate) fn pieces(text: &str, lexemes: &[Lexeme], place: Where) -> Vec<Range<usize>> {
    let mut cutter = Cutter {
        text,
        lexemes,
        place,
        start: None,
        last: None,
        lead: Lead::Ready,
        groups: Groups::default(),
        found: Vec::new(),
        documented: Cell::default(),
    };
    for position in 0..lexemes.len() {
        cutter.step(position);
    }
    cutter.finish();
    cutter.found
}

struct Cutter<'t> {
    text: &'t str,
    lexemes: &'t [Lexeme],
    place: Where,
    /// Position of the first token of the piece, documentation included.
    start: Option<usize>,
    /// Position of the last token that is not trivia.
    last: Option<usize>,
    lead: Lead,
    groups: Groups,
    found: Vec<Range<usize>>,
    /// Lines of documentation, and whether they lead to an item word.
    documented: Cell<(Range<usize>, bool)>,
}

/// Whether a piece so far is only what may stand before an item's word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// Documentation, whole attributes, `pub`, `overlay`, `change`, `authority`.
    Ready,
    /// Behind `@`.
    Name,
    /// Behind `@name`.
    Attribute,
    /// In an attribute's parentheses.
    Arguments,
    /// The item has begun.
    Over,
}

impl Cutter<'_> {
    fn step(&mut self, position: usize) {
        let token = self.lexemes[position].token;
        if matches!(token, Token::Whitespace | Token::Comment | Token::ModuleDoc) {
            return;
        }
        if token == Token::Semicolon && self.follows_block(position) {
            // One too many, and no item of its own.
            if let Some(last) = self.found.last_mut() {
                last.end = position + 1;
            }
            return;
        }
        if self.begins(position) {
            self.finish();
        }
        self.start.get_or_insert(position);
        if token == Token::Doc {
            return;
        }
        self.last = Some(position);
        let ended = self.groups.step(token);
        self.lead = match (self.lead, token) {
            (Lead::Ready | Lead::Attribute, Token::At) => Lead::Name,
            (Lead::Ready | Lead::Attribute, Token::Pub | Token::Overlay | Token::Change | Token::Authority) => {
                Lead::Ready
            }
            (Lead::Name, _) => Lead::Attribute,
            (Lead::Attribute, Token::OpenParenthesis) => Lead::Arguments,
            (Lead::Arguments, _) if self.groups.open.is_empty() => Lead::Ready,
            (Lead::Arguments, _) => Lead::Arguments,
            (Lead::Ready | Lead::Attribute | Lead::Over, _) => Lead::Over,
        };
        if ended {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let (Some(start), Some(last)) = (self.start, self.last) {
            self.found.push(start..last + 1);
        }
        self.start = None;
        self.last = None;
        self.lead = Lead::Ready;
        self.groups = Groups::default();
    }

    /// Whether nothing stands between the token and a `}` that ended an item.
    fn follows_block(&self, position: usize) -> bool {
        let Some(last) = self.found.last().filter(|_| self.start.is_none()) else { return false };
        self.lexemes[last.end - 1].token == Token::CloseBrace
            && self.lexemes[last.end..position].iter().all(|lexeme| lexeme.token == Token::Whitespace)
    }

    /// Whether the token begins a new item although the one before it has not ended.
    fn begins(&self, position: usize) -> bool {
        let Some(last) = self.last else { return false };
        if matches!(self.lead, Lead::Ready | Lead::Attribute) || !self.begins_line(position) {
            return false;
        }
        let anywhere = self.place == Where::File && self.begins_column(position);
        if self.is_item_word(position) {
            return anywhere || self.groups.open.is_empty();
        }
        // A `.` at the end of a line ends a rule in Prolog, and nothing here.
        let over = match self.lexemes[last].token {
            Token::Dot => anywhere,
            token => token.ends_operand(),
        };
        self.groups.open.is_empty() && over && self.is_head(position)
    }

    fn begins_line(&self, position: usize) -> bool {
        let before = &self.text[..self.lexemes[position].start as usize];
        before.trim_end_matches([' ', '\t', '\u{feff}', '\r']).chars().next_back().is_none_or(|c| c == '\n')
    }

    fn begins_column(&self, position: usize) -> bool {
        let before = &self.text[..self.lexemes[position].start as usize];
        before.is_empty() || before.ends_with(['\n', '\u{feff}'])
    }

    fn next(&self, position: usize) -> Option<usize> {
        (position + 1..self.lexemes.len()).find(|&next| !self.lexemes[next].token.is_trivia())
    }

    fn next_token(&self, position: usize) -> Option<Token> {
        self.next(position).map(|next| self.lexemes[next].token)
    }

    fn is_item_word(&self, position: usize) -> bool {
        let next = || self.next_token(position);
        match self.lexemes[position].token {
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
            | Token::At => true,
            Token::Change | Token::Authority if next() == Some(Token::Relation) => true,
            Token::Fixture => next().is_some_and(Token::is_name),
            Token::Given
            | Token::Cases
            | Token::Change
            | Token::Expect
            | Token::Cover
            | Token::Owner
            | Token::Criticality
            | Token::Apply => {
                self.place == Where::Block
                    && !matches!(next(), Some(Token::OpenParenthesis | Token::Dot | Token::Slash))
            }
            Token::Doc => self.documents_item(position),
            _ => false,
        }
    }

    /// Whether documentation leads to an item word. Its lines share one answer, so that any number of them is looked
    /// through once.
    fn documents_item(&self, position: usize) -> bool {
        let (lines, answer) = self.documented.take();
        let known = lines.contains(&position);
        let (lines, answer) = if known {
            (lines, answer)
        } else {
            let next = self.next(position);
            let answer = next.is_some_and(|next| self.begins_line(next) && self.is_item_word(next));
            (position..next.unwrap_or(self.lexemes.len()), answer)
        };
        self.documented.set((lines, answer));
        answer
    }

    /// Whether a rule's head may begin here: a name with `(` or `.` behind it.
    fn is_head(&self, position: usize) -> bool {
        let token = self.lexemes[position].token;
        token.is_name()
            && !matches!(token, Token::Key | Token::Prefer)
            && matches!(self.next_token(position), Some(Token::OpenParenthesis | Token::Dot))
    }
}

/// What is open while tokens pass by.
#[derive(Default)]
pub(crate) struct Groups {
    open: Vec<Group>,
    /// The last two tokens.
    before: [Option<Token>; 2],
    /// Conditions have begun: a name before `{` is an aggregate's.
    conditions: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    /// `(` or `[`
    Parenthesis,
    /// `{` of a set, an object, an aggregate, a type, a list of names.
    Value,
    /// `{` of an item or of a part of one.
    Block,
}

impl Groups {
    /// Takes in a token that is no trivia.
    ///
    /// - returns: whether it ends an item.
    fn step(&mut self, token: Token) -> bool {
        let ended = match token {
            Token::OpenParenthesis | Token::OpenBracket => {
                self.open.push(Group::Parenthesis);
                false
            }
            Token::OpenBrace => {
                let value = opens_value(self.before) || self.conditions && compares(self.before);
                let group = if value { Group::Value } else { Group::Block };
                self.open.push(group);
                false
            }
            Token::CloseParenthesis | Token::CloseBracket => {
                self.open.pop_if(|group| *group == Group::Parenthesis);
                false
            }
            Token::CloseBrace => {
                while self.open.pop_if(|group| *group == Group::Parenthesis).is_some() {}
                self.open.pop() != Some(Group::Value) && self.open.is_empty()
            }
            Token::Semicolon => {
                while self.open.pop_if(|group| *group != Group::Block).is_some() {}
                self.open.is_empty()
            }
            _ => false,
        };
        self.conditions = token == Token::If || self.conditions && token != Token::Semicolon;
        self.before = [Some(token), self.before[0]];
        ended
    }
}

/// Whether a `{` stands where a value, a type or names do.
///
/// - `before`: the last two tokens that are no trivia, the nearer one first.
pub(crate) fn opens_value(before: [Option<Token>; 2]) -> bool {
    match before[0] {
        Some(
            Token::OpenParenthesis
            | Token::OpenBrace
            | Token::OpenBracket
            | Token::Comma
            | Token::Colon
            | Token::Dot
            | Token::In
            | Token::If
            | Token::Not
            | Token::Equals
            | Token::Equal
            | Token::NotEqual
            | Token::Less
            | Token::AtMost
            | Token::Greater
            | Token::AtLeast
            | Token::Plus
            | Token::Minus
            | Token::Star
            | Token::Default,
        ) => true,
        Some(name) => name.is_name() && before[1] == Some(Token::Equals),
        None => false,
    }
}

/// Whether a name stands before the `{` where a condition or a side of one begins: an aggregate that nothing binds.
fn compares(before: [Option<Token>; 2]) -> bool {
    use Token::{AtLeast, AtMost, Comma, Equal, Greater, If, Less, Not, NotEqual};
    before[0].is_some_and(Token::is_name)
        && matches!(before[1], Some(If | Comma | Not | Equal | NotEqual | Less | AtMost | Greater | AtLeast))
}

/// The braces of the block of an item: the position of `{`, and of its `}` where it is closed.
pub(crate) fn block(lexemes: &[Lexeme]) -> Option<(usize, Option<usize>)> {
    let mut groups = Groups::default();
    let mut opened = None;
    for (position, lexeme) in lexemes.iter().enumerate().filter(|(_, lexeme)| !lexeme.token.is_trivia()) {
        let outside = groups.open.is_empty();
        groups.step(lexeme.token);
        if opened.is_none() && outside && groups.open.first() == Some(&Group::Block) {
            opened = Some(position);
        }
        if opened.is_some() && groups.open.is_empty() {
            return Some((opened?, Some(position)));
        }
    }
    Some((opened?, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let all = cut(text);
        let joined: String = all.iter().map(|piece| &text[piece.start as usize..piece.end as usize]).collect();
        assert_eq!(joined, text);
        let items: Vec<&str> =
            all.iter().filter(|p| !p.blank).map(|p| &text[p.start as usize..p.end as usize]).collect();
        assert_eq!(items, expect);
    }

    #[test]
    fn an_item_ends_at_its_sign() {
        check(
            "a(1); b(2);\n// c\nenum E { x } c(v) if v in {1, 2};",
            &["a(1);", "b(2);", "enum E { x }", "c(v) if v in {1, 2};"],
        );
        check("use a.{b, c}; test \"t\" { given { a(1); } }", &["use a.{b, c};", "test \"t\" { given { a(1); } }"]);
        check("a(n) if n = count { r: b(r) };\nb(1);", &["a(n) if n = count { r: b(r) };", "b(1);"]);
    }

    #[test]
    fn an_item_word_in_the_first_column_closes_what_is_open() {
        check(
            "blueprint b() {\n  deny x(\nrelation c(d: int);",
            &["blueprint b() {\n  deny x(", "relation c(d: int);"],
        );
        check(
            "blueprint b() {\n  relation c(d: int);\n}\na(1);",
            &["blueprint b() {\n  relation c(d: int);\n}", "a(1);"],
        );
        check(
            "a(1\n/// D\n@optional\npub\nrelation c(d: int);",
            &["a(1", "/// D\n@optional\npub\nrelation c(d: int);"],
        );
        check("@control(\"x\"\nrelation c(d: int);", &["@control(\"x\"", "relation c(d: int);"]);
    }

    #[test]
    fn a_head_behind_a_missing_semicolon_begins_an_item() {
        check("a(x) if b(x)\nc(x) if d(x);", &["a(x) if b(x)", "c(x) if d(x);"]);
        check("a(x) if\nb(x),\nd(x);", &["a(x) if\nb(x),\nd(x);"]);
        check("relation a(x: int)\n  key(x);", &["relation a(x: int)\n  key(x);"]);
        check("a(x if b(x;\nc(1);", &["a(x if b(x;", "c(1);"]);
    }
}
