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

/// Cuts the facts of one relation, each with its line and sorted by it, into chunks.
pub(crate) fn cut<'l>(facts: impl Iterator<Item = (&'l str, Fact)>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let (mut text, mut open) = (String::new(), Vec::new());
    let mut facts = facts.peekable();
    let mut last = "";
    while let Some((line, fact)) = facts.next() {
        if open.is_empty() || line != last {
            text.push_str(line);
            text.push('\n');
        }
        open.push(fact);
        last = line;
        // What several sources say stays together.
        if facts.peek().is_none_or(|(next, _)| *next != line) && ends_chunk(line) {
            chunks.push(Chunk { facts: std::mem::take(&mut open), hash: merkle::leaf(text.as_bytes()) });
            text.clear();
        }
    }
    if !open.is_empty() {
        chunks.push(Chunk { facts: open, hash: merkle::leaf(text.as_bytes()) });
    }
    chunks
}

fn ends_chunk(line: &str) -> bool {
    let hash = Sha256::digest(line.as_bytes());
    hash[0] == 0 && hash[1] < 0x10
}
