//! Where the lines of an item break.
//!
//! Read downwards: statements and blocks; one statement and its parts; then `lists`: a run of words whose brackets open
//! where they do not fit, what stands in those, and bodies. A range of words is laid out flat where it fits, which is asked in constant time; so
//! the cost grows with the words.
//!
//! INVARIANT: every word is written once and in order, but for commas and semicolons, which are written behind what
//! they end, before the comments there; and every comment before the word that follows it.
//! Not here: spaces within a line (`words`).

mod lists;

use super::words::{Bracket, Words};
use super::writer::Writer;
use crate::token::Token;

/// Characters that a line should have at most.
pub(super) const WIDTH: usize = 120;

/// Characters that a step inwards takes.
const STEP: usize = 4;

/// Lays out one item after another.
pub(super) struct Layout<'t> {
    pub(super) words: Words,
    pub(super) writer: Writer<'t>,
    /// Comments of the item that are written.
    told: usize,
    /// The last statement may share its line with the next.
    shares: bool,
}

impl<'t> Layout<'t> {
    pub(super) fn new(writer: Writer<'t>) -> Layout<'t> {
        Layout { words: Words::default(), writer, told: 0, shares: false }
    }

    /// Writes the item that was read into `words`.
    ///
    /// - `after`: it follows another one that was laid out.
    pub(super) fn item(&mut self, after: bool) {
        self.told = 0;
        self.shares &= after;
        self.statement(0, self.words.words.len(), 0, false);
        self.comments(self.words.comments.len(), 0, false, false);
    }

    /// Writes the comments that no item follows; they were read into `words`.
    pub(super) fn remarks(&mut self) {
        self.told = 0;
        self.comments(self.words.comments.len(), 0, true, true);
    }

    /// The statements of a block.
    ///
    /// - `loose`: they are facts or acts, several of which may share a line.
    fn statements(&mut self, from: usize, to: usize, indent: usize, loose: bool) {
        self.shares = false;
        let mut at = from;
        while at < to {
            let end = self.end(at, to);
            self.statement(at, end, indent, loose);
            at = end;
        }
    }

    /// One past the last word of the statement that begins at `from`.
    fn end(&self, from: usize, to: usize) -> usize {
        let mut at = from;
        while at < to {
            let word = &self.words.words[at];
            match (word.token, word.bracket) {
                (Token::Semicolon, _) => return at + 1,
                (Token::OpenBrace, Bracket::Block | Bracket::Members) => return word.mate + 1,
                _ => at = word.mate.max(at) + 1,
            }
        }
        to
    }

    fn statement(&mut self, from: usize, to: usize, indent: usize, loose: bool) {
        let shares = (loose || self.is_fact(from, to)) && self.shareable(from, to) && self.fits(from, to, indent, 0);
        let together = shares
            && self.shares
            && !self.words.words[from].line
            && self.writer.column() + 1 + self.words.width(from, to) <= WIDTH;
        self.shares = shares;
        if together {
            self.writer.space();
            return self.flat(from, to);
        }
        self.begin(from, indent, self.words.words[from].blank);
        let first = self.attributes(from, to, indent);
        match self.block(first, to) {
            Some(open) => self.block_statement(first, open, to - 1, indent, loose),
            None => self.simple(first, to, indent),
        }
    }

    /// `name(…);`
    fn is_fact(&self, from: usize, to: usize) -> bool {
        let words = &self.words.words;
        let Some(open) = (from..to).find(|&at| words[at].token == Token::OpenParenthesis) else { return false };
        let path = words[from..open].iter().all(|word| word.name || word.token == Token::Dot);
        path && open > from && words[open].mate + 2 == to && words[to - 1].token == Token::Semicolon
    }

    /// Whether it is without attributes, conditions and blocks.
    fn shareable(&self, from: usize, to: usize) -> bool {
        let words = &self.words.words;
        words[from].token != Token::At
            && words[to - 1].token == Token::Semicolon
            && self.find(from, to, |word| word == Token::If).is_none()
    }

    /// Each attribute on a line of its own.
    ///
    /// - returns: the position behind them.
    fn attributes(&mut self, from: usize, to: usize, indent: usize) -> usize {
        let mut at = from;
        while at + 1 < to && self.words.words[at].token == Token::At {
            let open = at + 2;
            let arguments = open < to && self.words.words[open].bracket == Bracket::Call;
            let end = if arguments { self.words.words[open].mate + 1 } else { open };
            self.run(at, end, indent, 0);
            if end < to {
                self.begin(end, indent, false);
            }
            at = end;
        }
        at
    }

    /// The `{` of the statement's block, members included.
    fn block(&self, from: usize, to: usize) -> Option<usize> {
        let last = &self.words.words[to - 1];
        let block = last.token == Token::CloseBrace && matches!(last.bracket, Bracket::Block | Bracket::Members);
        (block && last.mate >= from).then_some(last.mate)
    }

    fn block_statement(&mut self, from: usize, open: usize, close: usize, indent: usize, loose: bool) {
        let words = &self.words.words;
        let fits = self.fits(from, close + 1, indent, 0);
        if words[open].bracket == Bracket::Members {
            if fits {
                return self.flat(from, close + 1);
            }
            self.run(from, open, indent, 2);
            self.join(open, indent);
            return self.list(open, indent);
        }
        let loose = loose || self.is_loose(from);
        let inline = loose && self.words.on_one_line(open, close + 1);
        if fits && (inline || open + 1 == close) {
            return self.flat(from, close + 1);
        }
        self.run(from, open, indent, 2);
        self.join(open, indent);
        self.one(open);
        if open + 1 == close && self.words.quiet(open, close + 1) {
            return self.one(close);
        }
        self.writer.opened();
        self.statements(open + 1, close, indent + STEP, loose);
        self.shares = false;
        self.comments(self.words.comments_before(close), indent + STEP, true, true);
        self.writer.line(indent, false);
        self.one(close);
    }

    /// Whether the statement's block holds facts or acts.
    fn is_loose(&self, from: usize) -> bool {
        let words = &self.words.words;
        let first = words.get(from..).unwrap_or_default().iter().find(|word| word.token != Token::Pub);
        first.is_some_and(|word| matches!(word.token, Token::Given | Token::Fixture | Token::Change))
    }

    /// A statement that ends with `;`.
    fn simple(&mut self, from: usize, to: usize, indent: usize) {
        let words = &self.words.words;
        let Some(sign) = to.checked_sub(1).filter(|&last| words[last].token == Token::Semicolon) else {
            return self.run(from, to, indent, 0);
        };
        let condition = self.find(from, sign, |word| word == Token::If);
        let governance = matches!(words[from].token, Token::Deny | Token::Escalate | Token::Permit);
        if self.fits(from, sign, indent, 1) && !(governance && condition.is_some()) {
            self.flat(from, sign);
        } else if let Some(condition) = condition {
            let below = self.fits(condition, sign, indent + STEP, 1);
            match self.last_set(condition + 1, sign) {
                Some(open) if !governance && !below && self.fits(from, open + 1, indent, 0) => {
                    self.flat(from, open);
                    self.join(open, indent);
                    self.list(open, indent);
                }
                _ => {
                    self.head(from, condition, indent, governance);
                    self.begin(condition, indent + STEP, false);
                    self.one(condition);
                    self.body(condition + 1, sign, indent + STEP + "if ".len());
                }
            }
        } else if let Some(equals) = self.definition(from, sign) {
            self.run(from, equals + 1, indent, 0);
            self.begin(equals + 1, indent + STEP, false);
            self.body(equals + 1, sign, indent + STEP);
        } else {
            let columns = self.columns(from, sign);
            if let Some(open) = columns.filter(|&open| self.fits(from, open + 1, indent, 0)) {
                self.flat(from, open);
                self.join(open, indent);
                self.list(open, indent);
                let behind = self.words.words[open].mate + 1;
                if behind < sign {
                    self.join(behind, indent);
                    self.run(behind, sign, indent, 1);
                }
            } else {
                // A case of a test is a row of values; any other statement is one part.
                let parts = self.parts(from, sign);
                self.lines(&parts, indent + STEP * usize::from(parts.len() > 1), false);
            }
        }
        self.last_sign(sign, indent + STEP);
    }

    /// The `;` of a statement, directly behind it. But `///` may not come to stand before the next item.
    fn last_sign(&mut self, sign: usize, indent: usize) {
        let comments = &self.words.comments[self.told..self.words.comments_before(sign)];
        if comments.iter().any(|comment| comment.doc) {
            self.begin(sign, indent, false);
            self.one(sign);
        } else {
            self.writer.sign(';');
        }
    }

    /// The bracket of a relation's columns: it opens before its key does.
    fn columns(&self, from: usize, to: usize) -> Option<usize> {
        let words = &self.words.words[from..to];
        let relation = words.iter().take(3).any(|word| word.token == Token::Relation);
        let open = words.iter().position(|word| word.token == Token::OpenParenthesis)?;
        (relation && words[open].mate > from + open + 1).then_some(from + open)
    }

    /// The `=` of a `let`.
    fn definition(&self, from: usize, to: usize) -> Option<usize> {
        let lets = self.words.words[from..to].iter().take(2).any(|word| word.token == Token::Let);
        if lets { self.find(from, to, |word| word == Token::Equals) } else { None }
    }

    /// The bracket of a body that is one literal and ends with a set, a list or an aggregate.
    fn last_set(&self, from: usize, to: usize) -> Option<usize> {
        if from >= to || self.find(from, to, |word| word == Token::Comma).is_some() {
            return None;
        }
        let last = &self.words.words[to - 1];
        let set = matches!(last.bracket, Bracket::Set | Bracket::List | Bracket::Aggregate);
        (set && last.mate > from && last.mate < to - 1).then_some(last.mate)
    }

    /// What stands before `if`. Of a denial that is too long, the message and `to` get lines of their own.
    fn head(&mut self, from: usize, to: usize, indent: usize, governance: bool) {
        if self.fits(from, to, indent, 0) {
            return self.flat(from, to);
        }
        let mut at = from;
        loop {
            let begins = |word| matches!(word, Token::Text | Token::To);
            // Behind `deny` and `to` stands a name, which may be `to`.
            let behind = if self.words.words[at].token == Token::Text { at + 1 } else { at + 2 };
            let Some(next) = self.find(behind, to, begins).filter(|_| governance) else { break };
            self.run(at, next, indent, 0);
            self.begin(next, indent + STEP, false);
            at = next;
        }
        self.run(at, to, if at == from { indent } else { indent + STEP }, 0);
    }

    /// The first word of a sort that stands in no bracket and is no name.
    fn find(&self, from: usize, to: usize, sort: impl Fn(Token) -> bool) -> Option<usize> {
        let words = &self.words.words;
        let mut at = from;
        while at < to {
            let word = &words[at];
            let name = word.name && at > 0 && words[at - 1].token == Token::Dot;
            if sort(word.token) && !name {
                return Some(at);
            }
            at = word.mate.max(at) + 1;
        }
        None
    }

    /// Whether a range fits on one line that begins there.
    ///
    /// - `tail`: characters that follow it on its line.
    fn fits(&self, from: usize, to: usize, column: usize, tail: usize) -> bool {
        self.words.quiet(from, to) && column + self.words.width(from, to) + tail <= WIDTH
    }

    /// Words on one line; what stands before the first is written.
    fn flat(&mut self, from: usize, to: usize) {
        for at in from..to {
            let word = self.words.words[at];
            if word.token == Token::Comma && word.width == 0 {
                continue;
            }
            if at > from && word.space {
                self.writer.space();
            }
            self.writer.word(word.start, word.end, word.width as usize);
        }
    }

    fn one(&mut self, at: usize) {
        self.flat(at, at + 1);
    }

    /// A word behind another one: on its line, unless a comment ended that.
    fn join(&mut self, at: usize, indent: usize) {
        if self.told < self.words.comments_before(at) {
            self.begin(at, indent + STEP, false);
        } else if self.words.words[at].space {
            self.writer.space();
        }
    }

    /// Begins a line for a word, behind the comments that stand before it.
    fn begin(&mut self, at: usize, indent: usize, blank: bool) {
        let statement = at == 0 || self.begins_statement(at);
        self.comments(self.words.comments_before(at), indent, statement, statement);
        self.writer.line(indent, blank);
    }

    fn begins_statement(&self, at: usize) -> bool {
        let before = &self.words.words[at - 1];
        let block = matches!(before.bracket, Bracket::Block | Bracket::Members);
        before.token == Token::Semicolon || block
    }

    /// Writes comments up to the one of that number.
    ///
    /// - `blanks`: empty lines before them stay.
    /// - `docs`: documentation begins a line, for it belongs to what follows.
    fn comments(&mut self, upto: usize, indent: usize, blanks: bool, docs: bool) {
        while self.told < upto {
            let comment = self.words.comments[self.told];
            if comment.line || (docs && comment.doc) || self.writer.needs_line() {
                self.writer.line(indent, blanks && comment.blank);
            } else {
                self.writer.space();
            }
            self.writer.comment(comment.start, comment.end);
            self.told += 1;
        }
    }
}
