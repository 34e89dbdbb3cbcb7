//! Places of a text as editors and people count them; `formatting` for what a text looks like in the house style.
//!
//! Read downwards: [`Lines`] knows where lines begin; [`Lines::position`] and [`Lines::offset`] speak an editor's
//! encoding, [`Lines::place`] a person's.
//!
//! INVARIANT: an offset that a function returns stands between two characters of the text.
//! Not here: the protocol (`lsp`).

pub mod index;

mod cursor;

mod context;

pub mod actions;
pub mod calls;
pub mod completion;
pub mod elsewhere;
pub mod facts;
pub mod folding;
pub mod hints;
pub mod hover;
pub mod lenses;
pub mod navigation;
pub mod rename;
pub mod signature;
pub mod symbols;
pub mod tokens;
mod words;

pub mod formatting;

#[cfg(test)]
pub(crate) mod fixture;

pub use crate::names::near;
pub use cursor::{Occurrence, Site};

use std::ops::Range;

/// How an editor counts characters within a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16: the protocol's default.
    Utf16,
}

/// A place as an editor counts it, both from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Lines before it.
    pub line: u32,
    /// Units before it in its line.
    pub character: u32,
}

/// A place as a person counts it, both from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The character in it.
    pub column: u32,
}

/// A text and where its lines begin.
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// What stands before each [`GAP`] bytes, so that a column in a long line is no count from its beginning.
    counts: Vec<Counted>,
}

/// Bytes between two places up to which is counted beforehand.
const GAP: usize = 1024;

/// Characters, and how many of them are two units in UTF-16.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    characters: usize,
    wide: usize,
}

impl Counted {
    /// Counts in the bytes of a text, which may be cut anywhere: a character counts where it begins.
    fn and(self, bytes: &[u8]) -> Counted {
        let characters = bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        let wide = bytes.iter().filter(|&&byte| byte >= 0xF0).count();
        Counted { characters: self.characters + characters, wide: self.wide + wide }
    }
}

impl<'t> Lines<'t> {
    /// Finds the lines. A line ends with `\n`, `\r\n`, or `\r` alone, as editors have it.
    pub fn new(text: &'t str) -> Lines<'t> {
        let bytes = text.as_bytes();
        let ends = (0..bytes.len())
            .filter(|&at| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n')));
        let starts = std::iter::once(0).chain(ends.map(|at| at + 1)).collect();
        let counts = bytes.chunks(GAP).scan(Counted::default(), |before, chunk| {
            let counted = *before;
            *before = before.and(chunk);
            Some(counted)
        });
        Lines { text, starts, counts: counts.collect() }
    }

    /// Where an editor sees a byte of the text; an offset beyond the end is the end.
    pub fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let (line, start, offset) = self.line(offset);
        let (from, to) = (self.counted(start), self.counted(offset));
        let character = match encoding {
            Encoding::Utf8 => offset - start,
            Encoding::Utf16 => to.characters + to.wide - from.characters - from.wide,
        };
        Position { line: count(line), character: count(character) }
    }

    /// The byte an editor means. A character past its line's end is the line's end, a line past the last the end.
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let Some(&start) = self.starts.get(position.line as usize) else { return self.text.len() };
        let end = self.starts.get(position.line as usize + 1).copied().unwrap_or(self.text.len());
        let line = self.text[start..end].trim_end_matches(['\n', '\r']);
        let mut units = 0;
        for (at, c) in line.char_indices() {
            let width = match encoding {
                Encoding::Utf8 => c.len_utf8(),
                Encoding::Utf16 => c.len_utf16(),
            };
            if units + width > position.character as usize {
                return start + at;
            }
            units += width;
        }
        start + line.len()
    }

    /// Where a person sees a byte of the text.
    pub fn place(&self, offset: usize) -> Place {
        let (line, start, offset) = self.line(offset);
        Place { line: count(line + 1), column: count(self.characters(offset) - self.characters(start) + 1) }
    }

    /// How many characters of the text begin before a byte of it; of one beyond the end, all.
    pub(crate) fn characters(&self, offset: usize) -> usize {
        self.counted(offset.min(self.text.len())).characters
    }

    /// The bytes of the line that an offset is in, its end included.
    pub(crate) fn around(&self, offset: usize) -> Range<usize> {
        let (line, start, _) = self.line(offset);
        start..self.starts.get(line + 1).copied().unwrap_or(self.text.len())
    }

    fn counted(&self, offset: usize) -> Counted {
        let before = self.counts.get(offset / GAP).or(self.counts.last()).copied().unwrap_or_default();
        let at = (offset / GAP).min(self.counts.len().saturating_sub(1)) * GAP;
        before.and(&self.text.as_bytes()[at..offset])
    }

    /// The line's number from 0, its first byte, and the offset as one of the text between two characters.
    fn line(&self, offset: usize) -> (usize, usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|&start| start <= offset).saturating_sub(1);
        (line, self.starts[line], offset)
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_and_people_count_differently() {
        let text = "a é𝄞b\r\nc\rd\n";
        let lines = Lines::new(text);
        let at = text.find('b').expect("there");
        assert_eq!(lines.position(at, Encoding::Utf8), Position { line: 0, character: 8 });
        assert_eq!(lines.position(at, Encoding::Utf16), Position { line: 0, character: 5 });
        assert_eq!(lines.place(at), Place { line: 1, column: 5 });
        assert_eq!(lines.place(text.len()), Place { line: 4, column: 1 });
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            for (at, _) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
                assert_eq!(lines.offset(lines.position(at, encoding), encoding), at);
            }
            assert_eq!(lines.offset(Position { line: 0, character: 99 }, encoding), at + 1);
            assert_eq!(lines.offset(Position { line: 9, character: 0 }, encoding), text.len());
        }
        assert_eq!(lines.offset(Position { line: 0, character: 4 }, Encoding::Utf16), text.find('𝄞').expect("there"));
    }
}
