//! The values of a message with the places where they are written.

use crate::resolve::message::{Piece, parse};
use syntax::ast::{Expr, ExprKind, Span, Step, Text};

/// A message's pieces with their places in the text as it is written, escapes and all.
///
/// - `item`: the words of the item that it stands in.
pub(super) fn pieces(text: &Text, item: &str) -> Vec<Piece> {
    let quoted = item.get(text.span.start as usize..text.span.end as usize).unwrap_or_default();
    if quoted.len() == text.text.len() + 2 {
        return parse(text).0;
    }
    let length = u32::try_from(text.text.len()).unwrap_or(0);
    let plain = Text { text: text.text.clone(), span: Span { start: 0, end: length + 2 } };
    let (mut pieces, _) = parse(&plain);
    let places = written_places(quoted);
    let place = |at: u32| places.get(at as usize).map_or(text.span.end, |at| text.span.start + at);
    for piece in &mut pieces {
        if let Piece::Value(expr) = piece {
            moved(expr, &place);
        }
    }
    pieces
}

/// Where each byte of a quoted text's meaning stands in the text, the quote before it counted as the first.
fn written_places(quoted: &str) -> Vec<u32> {
    let mut places = vec![0];
    let (mut at, end) = (1, quoted.len().saturating_sub(1));
    while let Some(rest) = quoted.get(at..end).filter(|rest| !rest.is_empty()) {
        let length = match rest.strip_prefix('\\') {
            Some(escape) if escape.starts_with("u{") => escape.find('}').map_or(2, |close| close + 2),
            Some(escape) => 1 + escape.chars().next().map_or(0, char::len_utf8),
            None => rest.chars().next().map_or(1, char::len_utf8),
        };
        let (said, _) = syntax::token::unescape(&format!("\"{}\"", &rest[..length]));
        let start = u32::try_from(at).unwrap_or(u32::MAX);
        places.extend(std::iter::repeat_n(start, said.len()));
        at += length;
    }
    places.push(u32::try_from(end).unwrap_or(u32::MAX));
    places
}

/// The places of a message's value, each by `place`.
fn moved(expr: &mut Expr, place: &impl Fn(u32) -> u32) {
    let shift = |span: &mut Span| *span = Span { start: place(span.start), end: place(span.end) };
    shift(&mut expr.span);
    // A message holds names and paths alone.
    if let ExprKind::Path(base, steps) = &mut expr.kind {
        moved(base, place);
        for step in steps {
            match step {
                Step::Field(name) => shift(&mut name.span),
                Step::Index(index) => moved(index, place),
                Step::Each(span) => shift(span),
            }
        }
    }
}
