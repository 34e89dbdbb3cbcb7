//! Where the lines of a relation are cut.
//!
//! A line ends its chunk if the first twelve bits of its SHA-256 are zero: one line in 4,096, whatever stands around
//! it. So a fact that comes or goes moves no other cut.

use program::merkle::{self, Hash};
use program::{Digest, Fact};
use sha2::{Digest as _, Sha256};
use std::fmt::Write;

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
    facts.chunk_by(|a, b| a.tuple == b.tuple)
}

fn text(facts: &[Fact]) -> String {
    let mut text = String::new();
    lines(facts).filter_map(<[Fact]>::first).for_each(|fact| _ = writeln!(text, "{fact}"));
    text
}

/// Cuts the facts of one relation, sorted by line and each line once for a source, into chunks.
pub(crate) fn cut(facts: impl Iterator<Item = Fact>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    // The lines of the chunk that is open, and where the last of them begins.
    let (mut text, mut start) = (String::new(), 0);
    let mut open: Vec<Fact> = Vec::new();
    let mut facts = facts.peekable();
    while let Some(fact) = facts.next() {
        if open.last().is_none_or(|last| last.tuple != fact.tuple) {
            start = text.len();
            let _ = writeln!(text, "{fact}");
        }
        // What several sources say stays together.
        let last = facts.peek().is_none_or(|next| next.tuple != fact.tuple);
        open.push(fact);
        if last && ends_chunk(text[start..].trim_end_matches('\n')) {
            chunks.push(closed(&mut open, &mut text));
        }
    }
    if !open.is_empty() {
        chunks.push(closed(&mut open, &mut text));
    }
    chunks
}

fn closed(open: &mut Vec<Fact>, text: &mut String) -> Chunk {
    let mut facts = std::mem::take(open);
    // It may stay for as long as the program runs.
    facts.shrink_to_fit();
    let hash = merkle::leaf(text.as_bytes());
    text.clear();
    Chunk { facts, hash }
}

fn ends_chunk(line: &str) -> bool {
    let hash = Sha256::digest(line.as_bytes());
    hash[0] == 0 && hash[1] < 0x10
}
