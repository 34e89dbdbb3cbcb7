//! A file in the house style: the author's words, comments and order, laid out anew.
//!
//! Read downwards: [`format`] and [`edits`], [`edits_in`] a range; then `words` (what stands between two words on a
//! line), `layout` (where lines break), `writer` (edits).
//!
//! What changes: white space, and the comma before a closing bracket, which stands where the bracket has a line of its
//! own and nowhere else. Where the style leaves a choice, the author's stands: an empty line, several facts on a line, a
//! block of facts in one line, and the lines of a body or a list of plain values that is too long for one line.
//! An item with a syntax error stays as it is, byte for byte, and so does what stands beside it.
//!
//! There is no document algebra underneath (`pretty`): each word knows how far it is from the item's first on one line,
//! so whether a range fits is one subtraction, and no word is built into anything that could lose it.
//!
//! INVARIANT: the tokens of the result are those of the text but for such commas, and its comments are the same.

mod layout;
mod words;
mod writer;

use crate::chunk::{Where, pieces};
use crate::parse::parse_lexemes;
use crate::token::{Lexeme, lex};
use layout::Layout;
use std::ops::Range;
use writer::Writer;

/// A piece of text that goes, and what comes in its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TextEdit {
    /// Bytes of the text; may be empty.
    pub range: Range<u32>,
    /// What comes there.
    pub text: String,
}

/// The text in the house style. A text that is so already is returned as it is.
///
/// Lines end with CR and LF where all of the text's do, else with LF. A byte order mark goes.
pub fn format(text: &str) -> String {
    apply(text, &edits(text))
}

/// What [`format`] changes: apart from each other and in order, none larger than what stands between two words.
pub fn edits(text: &str) -> Vec<TextEdit> {
    lay_out(text, |_| true).edits
}

/// The same for the items that a range touches; what stands between such an item and another one is left alone.
///
/// - `range`: bytes of the text; empty for a place.
pub fn edits_in(text: &str, range: Range<u32>) -> Vec<TextEdit> {
    lay_out(text, |item| item.start <= range.end && range.start <= item.end).edits
}

/// What there is to change in a file, and what is left alone for its syntax errors.
pub fn formatted(text: &str) -> Formatted {
    lay_out(text, |_| true)
}

/// A file that was looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formatted {
    /// As [`edits`] gives them.
    pub edits: Vec<TextEdit>,
    /// Items that stay as they are because they do not read, in order.
    pub broken: Vec<Range<u32>>,
}

/// The text with its edits made.
///
/// - `edits`: of this text, apart from each other and in order.
pub fn apply(text: &str, edits: &[TextEdit]) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut at = 0;
    for edit in edits {
        out.push_str(&text[at..edit.range.start as usize]);
        out.push_str(&edit.text);
        at = edit.range.end as usize;
    }
    out.push_str(&text[at..]);
    out
}

fn lay_out(text: &str, touched: impl Fn(Range<u32>) -> bool) -> Formatted {
    let lexemes = lex(text);
    if lexemes.last().map_or(0, |last| last.end as usize) != text.len() {
        // Longer than places reach: nothing is touched.
        return Formatted { edits: Vec::new(), broken: Vec::new() };
    }
    let mut broken = Vec::new();
    let mut layout = Layout::new(Writer::new(text));
    let mut item: Vec<Lexeme> = Vec::new();
    let (mut behind, mut kept) = (0, false);
    for range in pieces(text, &lexemes, Where::File) {
        let (start, end) = (lexemes[range.start].start, lexemes[range.end - 1].end);
        let shift = |l: &Lexeme| Lexeme { token: l.token, start: l.start - start, end: l.end - start };
        item.clear();
        item.extend(lexemes[range.clone()].iter().map(shift));
        let asked = touched(start..end);
        let whole = asked && reads(&text[start as usize..end as usize], &item);
        if asked && !whole {
            broken.push(start..end);
        }
        if whole {
            let before = if kept { &[] } else { &lexemes[behind..range.start] };
            if kept {
                layout.writer.keep(start as usize);
            }
            layout.words.read(text, before, &lexemes[range.clone()]);
            layout.item(!kept);
            layout.writer.settle(end as usize);
            kept = false;
        } else {
            layout.writer.keep(end as usize);
            kept = true;
        }
        behind = range.end;
    }
    if !kept {
        layout.words.read(text, &lexemes[behind..], &[]);
        layout.remarks();
    }
    Formatted { edits: layout.writer.finish(!kept), broken }
}

fn reads(text: &str, lexemes: &[Lexeme]) -> bool {
    let (item, errors) = parse_lexemes(text, lexemes);
    item.is_some() && errors.is_empty()
}
