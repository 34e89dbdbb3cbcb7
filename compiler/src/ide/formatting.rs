//! A text in the house style, as an editor or a tool asks for it.
//!
//! Read downwards: [`of_document`] and [`of_range`] in an editor's places, [`of_file`] in a person's.
//!
//! Not here: the style (`syntax::format`).

use super::{Encoding, Lines, Place, Position};
use std::ops::Range;
use syntax::format::{TextEdit, apply, edits, edits_in, formatted};

/// A stretch of a document that goes, and what comes in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// First place.
    pub start: Position,
    /// One past the last place.
    pub end: Position,
    /// What comes there.
    pub text: String,
}

/// What changes in a whole document: apart from each other, in order.
pub fn of_document(text: &str, encoding: Encoding) -> Vec<Edit> {
    placed(text, edits(text), encoding)
}

/// What changes in the items that a range touches.
pub fn of_range(text: &str, range: Range<Position>, encoding: Encoding) -> Vec<Edit> {
    let lines = Lines::new(text);
    let offset = |place| u32::try_from(lines.offset(place, encoding)).unwrap_or(u32::MAX);
    placed(text, edits_in(text, offset(range.start)..offset(range.end)), encoding)
}

fn placed(text: &str, edits: Vec<TextEdit>, encoding: Encoding) -> Vec<Edit> {
    let lines = Lines::new(text);
    let place = |offset: u32| lines.position(offset as usize, encoding);
    edits.into_iter().map(|e| Edit { start: place(e.range.start), end: place(e.range.end), text: e.text }).collect()
}

/// A file that was looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formatted {
    /// The whole text in the house style.
    pub text: String,
    /// What changed: lines of the text as it was, from 1, and what stands there now. Both sides end with a line end,
    /// but for a last line that has none.
    pub hunks: Vec<Hunk>,
    /// Where items begin that stay as they are because they do not read.
    pub broken: Vec<Place>,
}

/// Lines that changed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The first line's number, from 1.
    pub line: u32,
    /// The lines as they were.
    pub old: String,
    /// The lines as they are now.
    pub new: String,
}

/// A file in the house style, and how it differs.
pub fn of_file(text: &str) -> Formatted {
    let found = formatted(text);
    let lines = Lines::new(text);
    let broken = found.broken.iter().map(|range| lines.place(range.start as usize)).collect();
    let new = if found.edits.is_empty() { text.to_owned() } else { apply(text, &found.edits) };
    Formatted { text: new, hunks: hunks(text, &found.edits), broken }
}

/// Edits by the lines they are in. No search for a shortest difference: what differs is known.
fn hunks(text: &str, edits: &[TextEdit]) -> Vec<Hunk> {
    let begin = |at: u32| text[..at as usize].rfind('\n').map_or(0, |found| found + 1);
    let end = |at: u32| text[at as usize..].find('\n').map_or(text.len(), |found| at as usize + found + 1);
    let mut hunks = Vec::new();
    let (mut line, mut counted) = (1, 0);
    let mut rest = edits;
    while let Some(first) = rest.first() {
        let (from, mut to) = (begin(first.range.start), end(first.range.end));
        let mut taken = 1;
        let within = |at: u32, to: usize| (at as usize) < to || !text[..to].ends_with('\n');
        while let Some(next) = rest.get(taken).filter(|next| within(next.range.start, to)) {
            // An edit that ends before the line does not move it: a line may hold any number of edits.
            if next.range.end as usize >= to {
                to = end(next.range.end);
            }
            taken += 1;
        }
        let (these, others) = rest.split_at(taken);
        rest = others;
        line += text[counted..from].matches('\n').count();
        counted = from;
        let shift = |edit: &TextEdit| {
            let place = |at: u32| at - u32::try_from(from).unwrap_or(0);
            TextEdit { range: place(edit.range.start)..place(edit.range.end), text: edit.text.clone() }
        };
        let old = &text[from..to];
        let new = apply(old, &these.iter().map(shift).collect::<Vec<_>>());
        hunks.push(trimmed(line, old, &new));
    }
    hunks
}

/// Without the lines at both ends that are the same.
fn trimmed(line: usize, old: &str, new: &str) -> Hunk {
    let same = |(one, other): &(&str, &str)| one == other;
    let (was, is): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let before = was.iter().copied().zip(is.iter().copied()).take_while(same).count();
    let (was, is) = (&was[before..], &is[before..]);
    let behind = was.iter().rev().copied().zip(is.iter().rev().copied()).take_while(same).count();
    let join = |lines: &[&str]| lines[..lines.len() - behind].concat();
    Hunk { line: u32::try_from(line + before).unwrap_or(u32::MAX), old: join(was), new: join(is) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_its_lines() {
        let text = "a(1);\nb( 2 );\n\n\n\nc(3);\n b( ;\nd(4)  ;";
        let found = of_file(text);
        assert_eq!(found.text, "a(1);\nb(2);\n\nc(3);\n b( ;\nd(4);\n");
        let told: Vec<(u32, &str, &str)> =
            found.hunks.iter().map(|hunk| (hunk.line, hunk.old.as_str(), hunk.new.as_str())).collect();
        assert_eq!(told, [(2, "b( 2 );\n\n\n", "b(2);\n"), (8, "d(4)  ;", "d(4);\n")]);
        assert_eq!(found.broken, [Place { line: 7, column: 2 }]);
        assert_eq!(of_file(&found.text).hunks, []);
    }

    #[test]
    fn an_editor_is_told_in_its_own_places() {
        let text = "a(\"𝄞\" );\nb( 1 );";
        let place = |line, character| Position { line, character };
        let edit = |start, end, text: &str| Edit { start, end, text: text.to_owned() };
        let first = |encoding| of_document(text, encoding).into_iter().next();
        assert_eq!(first(Encoding::Utf16), Some(edit(place(0, 6), place(0, 7), "")));
        assert_eq!(first(Encoding::Utf8), Some(edit(place(0, 8), place(0, 9), "")));
        let second = of_range(text, place(1, 3)..place(1, 3), Encoding::Utf16);
        assert_eq!(second.len(), 3);
        assert!(second.iter().all(|edit| edit.start.line == 1));
    }
}
