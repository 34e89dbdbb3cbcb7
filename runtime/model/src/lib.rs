//! Versions of the facts: canonical lines, cut into chunks, named by one digest.
//!
//! - `version`: [`Version`] and the [`Difference`] of two.
//! - `chunk`: where a relation's lines are cut, and the digest of a piece.
//! - `tree`: the root over digests.
//!
//! INVARIANT: a version is a function of its facts and sources as sets; how they came together does not show.
//! INVARIANT: one fact more or less changes at most two chunks of its relation.
//! Not here: files and databases; a version is in memory.

mod chunk;
mod tree;
mod version;

pub use chunk::Chunk;
pub use version::{Difference, RelationFacts, Version};
