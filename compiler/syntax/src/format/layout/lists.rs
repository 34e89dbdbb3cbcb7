//! Runs of words, brackets that do not fit on a line, and conditions.
//!
//! Read downwards: a run opens its brackets; a bracket's content has lines of its own; `lines` puts parts beside each
//! other as far as they fit, or as the author has them.

use super::{Layout, STEP, WIDTH};
use crate::format::words::Bracket;
use crate::token::Token;
use std::ops::Range;

impl Layout<'_> {
    /// Words one behind the other; a bracket that does not fit with what follows it is opened.
    pub(super) fn run(&mut self, from: usize, to: usize, indent: usize, tail: usize) {
        let mut at = from;
        while at < to {
            if at > from {
                self.join(at, indent);
            }
            let word = self.words.words[at];
            if word.mate <= at {
                self.one(at);
                at += 1;
                continue;
            }
            let close = word.mate;
            let next = (close + 1..to).find(|&next| self.words.words[next].mate > next);
            let behind = match next {
                Some(next) => self.words.width(close, next + 1) - 1,
                None => self.words.width(close, to) - 1 + tail,
            };
            if self.fits(at, close + 1, self.writer.column(), behind) {
                self.flat(at, close + 1);
            } else if let Some(last) = self.last_argument(at, close) {
                self.flat(at, last);
                self.join(last, indent);
                self.list(last, indent);
                self.one(close);
            } else {
                self.list(at, indent);
            }
            at = close + 1;
        }
    }

    /// The `{` or `[` of the last argument, where all before it fits on the line and nothing but it need open.
    fn last_argument(&self, open: usize, close: usize) -> Option<usize> {
        let words = &self.words.words;
        let last = if words[close - 1].width == 0 { close - 2 } else { close - 1 };
        let inner = words[last].mate;
        let set = |bracket| matches!(bracket, Bracket::Set | Bracket::List);
        let whole = inner > open
            && inner < last
            && set(words[last].bracket)
            && matches!(
                words[inner - 1].token,
                Token::Comma | Token::Colon | Token::OpenParenthesis | Token::OpenBracket
            );
        let alone = match words[open].bracket {
            Bracket::Call => whole && !words[open + 1..inner].iter().any(|word| set(word.bracket)),
            Bracket::List => inner == open + 1,
            Bracket::None
            | Bracket::Grouping
            | Bracket::Index
            | Bracket::Set
            | Bracket::Aggregate
            | Bracket::Members
            | Bracket::Block => false,
        };
        let fits = self.fits(open, inner + 1, self.writer.column(), 0) && self.words.quiet(last, close + 1);
        (whole && alone && fits).then_some(inner)
    }

    /// A bracket's content on lines of its own.
    pub(super) fn list(&mut self, open: usize, indent: usize) {
        let bracket = self.words.words[open].bracket;
        let close = self.words.words[open].mate;
        self.one(open);
        if open + 1 < close {
            if bracket == Bracket::Aggregate {
                self.aggregate(open, close, indent + STEP);
            } else {
                self.elements(open, close, indent + STEP);
            }
        }
        self.comments(self.words.comments_before(close), indent + STEP, false, false);
        self.writer.line(indent, false);
        self.one(close);
    }

    fn elements(&mut self, open: usize, close: usize, indent: usize) {
        let parts = self.parts(open + 1, close);
        let words = &self.words.words;
        // Neither a type nor an expression in brackets has a comma: where it may be one of them, none is put in.
        let value = parts.len() > 1 || self.find(open + 1, close, |word| word == Token::Colon).is_some();
        let (lines, comma) = match words[open].bracket {
            Bracket::Call => (false, true),
            Bracket::Members => (true, true),
            Bracket::Set | Bracket::List => (true, value),
            Bracket::None | Bracket::Grouping | Bracket::Index | Bracket::Aggregate | Bracket::Block => (false, false),
        };
        let boxes = parts.len() > 1 && parts.iter().all(|part| words[part.start].mate > part.start);
        self.begin(open + 1, indent, false);
        if lines && !boxes {
            return self.lines(&parts, indent, comma);
        }
        for (position, part) in parts.iter().enumerate() {
            if position > 0 {
                let blank = self.words.words[part.start].blank;
                self.comments(self.words.comments_before(part.start), indent, true, false);
                self.writer.line(indent, blank);
            }
            self.run(part.start, part.end, indent, 1);
            if comma || position + 1 < parts.len() {
                self.writer.sign(',');
            }
        }
    }

    /// `names: body`
    fn aggregate(&mut self, open: usize, close: usize, indent: usize) {
        self.begin(open + 1, indent, false);
        match self.find(open + 1, close, |word| word == Token::Colon) {
            Some(colon) => {
                self.run(open + 1, colon + 1, indent, 0);
                self.join(colon + 1, indent);
                let parts = self.parts(colon + 1, close);
                self.lines(&parts, indent, false);
            }
            None => self.run(open + 1, close, indent, 0),
        }
    }

    /// Conditions, the first of them behind `if` or on a line of its own.
    pub(super) fn body(&mut self, from: usize, to: usize, indent: usize) {
        if from >= to {
            return;
        }
        if self.words.words[from - 1].token == Token::If {
            if self.told < self.words.comments_before(from) {
                self.begin(from, indent, false);
            } else {
                self.writer.space();
            }
        }
        let parts = self.parts(from, to);
        self.lines(&parts, indent, false);
    }

    /// What the commas of a range part.
    pub(super) fn parts(&self, from: usize, to: usize) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut at = from;
        while at < to {
            let comma = self.find(at, to, |word| word == Token::Comma).unwrap_or(to);
            parts.push(at..comma);
            at = comma + 1;
        }
        parts
    }

    /// Parts beside each other. Where they do not fit on one line, the author's lines stand if each of them fits; else
    /// lines are filled.
    ///
    /// - `comma`: one stands behind the last, too.
    pub(super) fn lines(&mut self, parts: &[Range<usize>], indent: usize, comma: bool) {
        let whole = parts.first().map_or(0, |part| part.start)..parts.last().map_or(0, |part| part.end);
        if self.fits(whole.start, whole.end, self.writer.column(), 1) {
            self.flat(whole.start, whole.end);
            if comma {
                self.writer.sign(',');
            }
            return;
        }
        let stand = self.authors_lines_fit(parts, indent);
        let mut before = true;
        for (position, part) in parts.iter().enumerate() {
            let flat = self.fits(part.start, part.end, indent, 1);
            if position > 0 {
                let silent = self.told >= self.words.comments_before(part.start);
                let end = self.writer.column() + 1 + self.words.width(part.start, part.end) + 1;
                let room = if stand { !self.words.words[part.start].line } else { end <= WIDTH };
                if silent && flat && before && room {
                    self.writer.space();
                } else {
                    self.begin(part.start, indent, false);
                }
            }
            if flat {
                self.flat(part.start, part.end);
            } else {
                self.run(part.start, part.end, indent, 1);
            }
            if comma || position + 1 < parts.len() {
                self.writer.sign(',');
            }
            before = flat;
        }
    }

    fn authors_lines_fit(&self, parts: &[Range<usize>], indent: usize) -> bool {
        let mut column = self.writer.column();
        let mut broken = false;
        for (position, part) in parts.iter().enumerate() {
            let begins = self.words.words[part.start].line
                || position > 0 && !self.words.quiet(parts[position - 1].end - 1, part.start + 1);
            if position > 0 && begins {
                broken = true;
                column = indent;
            } else if position > 0 {
                column += 1;
            }
            if !self.fits(part.start, part.end, column, 1) {
                return false;
            }
            column += self.words.width(part.start, part.end) + 1;
        }
        broken
    }
}
