//! Edits from words as they are laid out: only what stands between two of them ever changes.
//!
//! INVARIANT: nothing but white space and commas is taken away or put in.

use super::TextEdit;

/// Follows the author's text and notes where the layout differs from it.
pub(super) struct Writer<'t> {
    text: &'t str,
    /// How the file ends its lines.
    line_end: &'static str,
    /// Bytes of the text that are dealt with.
    at: usize,
    /// What stands between there and the next word.
    gap: String,
    edits: Vec<TextEdit>,
    column: usize,
    /// Nothing stands in this line yet, and what comes may not begin another one.
    begun: bool,
    /// A comment was the last word: only a new line may follow.
    comment: bool,
    /// A block was just opened: no empty line follows.
    opened: bool,
}

impl<'t> Writer<'t> {
    pub(super) fn new(text: &'t str) -> Writer<'t> {
        // The last line end is the one that no layout takes away, so a file of both is laid out alike ever after.
        let crlf = text.rfind('\n').is_some_and(|at| text[..at].ends_with('\r'));
        Writer {
            text,
            line_end: if crlf { "\r\n" } else { "\n" },
            at: 0,
            gap: String::new(),
            edits: Vec::new(),
            column: 0,
            begun: true,
            comment: false,
            opened: false,
        }
    }

    /// Characters of the line so far.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// Whether a comment cannot stand behind what is in the line: nothing is, or another comment.
    pub(super) fn needs_line(&self) -> bool {
        self.begun || self.comment
    }

    pub(super) fn space(&mut self) {
        debug_assert!(!self.comment, "a comment ends its line");
        self.gap.push(' ');
        self.column += 1;
    }

    /// Begins a line, behind an empty one if `blank`.
    pub(super) fn line(&mut self, indent: usize, blank: bool) {
        if self.begun {
            return;
        }
        self.gap.push_str(self.line_end);
        if blank && !self.opened {
            self.gap.push_str(self.line_end);
        }
        self.gap.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
        self.comment = false;
    }

    /// Puts in a comma or a semicolon; the author's own is passed over.
    pub(super) fn sign(&mut self, sign: char) {
        debug_assert!(!self.comment, "a comment ends its line");
        self.gap.push(sign);
        self.column += 1;
    }

    /// The author's word, or a comment.
    ///
    /// - `width`: in characters.
    pub(super) fn word(&mut self, start: u32, end: u32, width: usize) {
        debug_assert!(!self.comment, "a comment ends its line");
        self.close_gap(start as usize);
        self.at = end as usize;
        self.column += width;
        (self.begun, self.opened) = (false, false);
    }

    /// A comment, of which only its place may change.
    pub(super) fn comment(&mut self, start: u32, end: u32) {
        let opened = self.opened && !self.gap.contains('\n');
        self.word(start, end, 0);
        (self.comment, self.opened) = (true, opened);
    }

    /// A block begins.
    pub(super) fn opened(&mut self) {
        self.opened = true;
    }

    /// The item that was written ends there.
    pub(super) fn settle(&mut self, end: usize) {
        self.close_gap(end);
        self.at = end;
    }

    /// Leaves the text as it is up to there.
    pub(super) fn keep(&mut self, end: usize) {
        // The last sign of an item moved before a comment, which would now take in what follows.
        let rest = &self.text[self.at..end];
        if self.comment && !rest.trim_start_matches([' ', '\t']).starts_with(['\r', '\n']) {
            self.gap.push_str(self.line_end);
            self.close_gap(self.at);
        }
        self.at = end;
        self.column = 0;
        (self.begun, self.comment, self.opened) = (true, false, false);
    }

    /// The edits, in order.
    pub(super) fn finish(mut self, layout_to_end: bool) -> Vec<TextEdit> {
        if layout_to_end {
            if self.at > 0 && !self.begun {
                self.gap.push_str(self.line_end);
            }
            self.close_gap(self.text.len());
        }
        self.edits
    }

    fn close_gap(&mut self, end: usize) {
        if self.text[self.at..end] != self.gap {
            let range = offset(self.at)..offset(end);
            self.edits.push(TextEdit { range, text: self.gap.clone() });
        }
        self.gap.clear();
    }
}

/// Places of a file are 32-bit: the lexer reads no further.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
