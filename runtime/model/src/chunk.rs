//! Where the lines of a relation are cut.
//!
//! A line ends its chunk if the first twelve bits of its SHA-256 are zero: one line in 4,096, whatever stands around
//! it. So a fact that comes or goes moves no other cut.

use program::merkle::{self, Hash};
use program::{Digest, Fact};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Facts of one relation that stand side by side, about 4,096 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Sorted bytewise by canonical line, then by origin; a line stands once for each source that says so.
    pub facts: Vec<Fact>,
    pub(crate) hash: Hash,
}

impl Chunk {
    /// The chunk of these facts, sorted already.
    pub(crate) fn new(facts: Vec<Fact>) -> Chunk {
        let hash = merkle::leaf(text(&facts).as_bytes());
        Chunk { facts, hash }
    }

    /// Its lines, each once, with a line feed behind each: what its digest is taken of.
    pub(crate) fn text(&self) -> String {
        text(&self.facts)
    }

    /// SHA-256 of a zero byte and the canonical lines, each with its line feed.
    pub fn digest(&self) -> Digest {
        Digest::of_hash(&self.hash)
    }
}

/// The facts of each line.
pub(crate) fn lines(facts: &[Fact]) -> impl Iterator<Item = &[Fact]> {
    facts.chunk_by(is_said_again)
}

/// Whether the next fact is the same line; of one source each line stands once, so that only another's is looked at.
fn is_said_again(fact: &Fact, next: &Fact) -> bool {
    !Arc::ptr_eq(&fact.origin.source, &next.origin.source) && fact.tuple == next.tuple
}

fn text(facts: &[Fact]) -> String {
    let mut text = String::new();
    lines(facts).filter_map(<[Fact]>::first).for_each(|fact| add(&mut text, fact));
    text
}

fn add(text: &mut String, fact: &Fact) {
    fact.write(text).expect("bug: a text takes everything");
    text.push('\n');
}

/// A piece of a relation's facts, cut.
pub(crate) struct Cut {
    chunks: Vec<Chunk>,
    /// Whether the last chunk ends where the piece does; else what follows belongs to it.
    whole: bool,
    /// Whether each line sorts behind the one before, and each fact has a line of its own.
    sorted: bool,
}

/// Cuts facts of one relation. What comes of those that are not sorted by line, each line once for a source, with what several
/// sources say in one piece, is no version's.
///
/// - `facts`: all there; the chunks take them.
pub(crate) fn cut(facts: &mut [Option<Fact>]) -> Cut {
    let (mut chunks, mut sorted) = (Vec::new(), true);
    // The lines of the chunk that is open, where the last of them begins, and the chunk's facts.
    let (mut text, mut last, mut open, mut at) = (String::new(), 0, 0, 0);
    // The last line of the chunk before.
    let mut before = String::new();
    while let Some(Some(fact)) = facts.get(at) {
        let start = text.len();
        add(&mut text, fact);
        // What several sources say stays together.
        let behind = facts[at + 1..].iter().flatten();
        let said = 1 + behind.take_while(|next| is_said_again(fact, next)).count();
        at += said;
        // The line is at hand here: to ask its fact again would take longer.
        let line = &text[start..text.len() - 1];
        let previous = if start > 0 { &text[last..start - 1] } else { &before[..] };
        sorted &= said == 1 && previous < line;
        last = start;
        if ends_chunk(line) {
            before = line.to_owned();
            chunks.push(closed(&mut facts[open..at], &mut text));
            open = at;
        }
    }
    let whole = open == at;
    if !whole {
        chunks.push(closed(&mut facts[open..at], &mut text));
    }
    Cut { chunks, whole, sorted }
}

/// Whether pieces that follow each other are sorted by line, each fact with a line of its own.
pub(crate) fn are_sorted(pieces: &[Cut]) -> bool {
    let follows = |pair: &[Cut]| {
        let last = pair[0].chunks.last().and_then(|chunk| chunk.facts.last());
        let first = pair[1].chunks.first().and_then(|chunk| chunk.facts.first());
        last.zip(first).is_none_or(|(last, first)| last.cmp_lines(first).is_lt())
    };
    pieces.iter().all(|piece| piece.sorted) && pieces.windows(2).all(follows)
}

/// The facts of pieces, in their order.
pub(crate) fn facts(pieces: Vec<Cut>) -> Vec<Fact> {
    pieces.into_iter().flat_map(|piece| piece.chunks).flat_map(|chunk| chunk.facts).collect()
}

/// The chunks of a relation whose pieces were cut one by one.
pub(crate) fn joined(pieces: impl IntoIterator<Item = Cut>) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut whole = true;
    for piece in pieces {
        let mut more = piece.chunks.into_iter();
        let Some(mut first) = more.next() else { continue };
        if let Some(open) = chunks.pop_if(|_| !whole) {
            first = Chunk::new([open.facts, first.facts].concat());
        }
        chunks.push(first);
        chunks.extend(more);
        whole = piece.whole;
    }
    chunks
}

fn closed(open: &mut [Option<Fact>], text: &mut String) -> Chunk {
    // It may stay for as long as the program runs: no more room than is taken.
    let mut facts = Vec::with_capacity(open.len());
    facts.extend(open.iter_mut().filter_map(Option::take));
    let hash = merkle::leaf(text.as_bytes());
    text.clear();
    Chunk { facts, hash }
}

fn ends_chunk(line: &str) -> bool {
    let hash = Sha256::digest(line.as_bytes());
    hash[0] == 0 && hash[1] < 0x10
}

#[cfg(test)]
mod tests {
    use super::{cut, joined};
    use program::{Fact, FactSource, Origin, SourceKind, Speaks, Value};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn facts(count: u32) -> Vec<Fact> {
        let source = Arc::new(FactSource {
            name: "s".into(),
            kind: SourceKind::Facts,
            file: "s.json".into(),
            speaks: Speaks::Nothing,
            rank: 0,
            observed_at: None,
            digest: "".into(),
            complete: true,
        });
        let origin = Origin { source, place: "/".into() };
        let tuple = |n: u32| vec![Value::text(format!("r{n:08}"))];
        (0..count).map(|n| Fact { relation: "t".into(), tuple: tuple(n), origin: origin.clone() }).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// However a relation is cut into pieces, its chunks are the same.
        #[test]
        fn pieces_do_not_show(count in 1_u32..40_000, ends in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let whole = facts(count);
            let cut = |facts: &[Fact]| cut(&mut facts.iter().cloned().map(Some).collect::<Vec<_>>());
            let expected = joined(std::iter::once(cut(&whole)));
            let mut ends: Vec<usize> = ends.iter().map(|end| end.index(whole.len() + 1)).collect();
            ends.extend([0, whole.len()]);
            ends.sort_unstable();
            let pieces = ends.windows(2).map(|ends| cut(&whole[ends[0]..ends[1]]));
            prop_assert_eq!(joined(pieces), expected);
        }
    }
}
