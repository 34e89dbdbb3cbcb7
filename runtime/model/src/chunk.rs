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
    /// Sorted bytewise by canonical line, without repetition.
    pub facts: Vec<Fact>,
    pub(crate) hash: Hash,
}

impl Chunk {
    /// SHA-256 of a zero byte and the canonical lines, each with its line feed.
    pub fn digest(&self) -> Digest {
        Digest::of_hash(&self.hash)
    }
}

/// Cuts the facts of one relation, sorted by line, into chunks.
pub(crate) fn cut(facts: impl Iterator<Item = (String, Fact)>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let (mut text, mut open) = (String::new(), Vec::new());
    for (line, fact) in facts {
        let _ = writeln!(text, "{line}");
        open.push(fact);
        if ends_chunk(&line) {
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
