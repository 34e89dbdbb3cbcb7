//! Versions of the facts: canonical lines, cut into chunks, named by one digest.
//!
//! - `version`: [`Version`] and the [`Difference`] of two.
//! - `chunk`: where a relation's lines are cut, and the digest of a piece.
//! - `membership`: that a fact is in a version, or is not.
//! - `store`: versions in a database, in chunks that they share; `codec`: the bytes of a chunk there, `list`: of a version.
//! - `workers`: all of them on several threads.
//!
//! INVARIANT: a version is a function of its facts and sources as sets; how they came together does not show.
//! INVARIANT: one fact more or less changes at most two chunks of its relation.
//! Not here: where the database is kept, and when (`cli`).

mod chunk;
mod codec;
mod list;
mod membership;
mod store;
mod version;
mod workers;

pub use chunk::Chunk;
pub use membership::{Membership, Neighbours};
pub use store::{Entry, Fault, Store, Swept, is_digits};
pub use version::{Difference, RelationFacts, Version};
