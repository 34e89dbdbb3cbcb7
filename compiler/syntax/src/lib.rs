//! Text to syntax trees, never failing: one broken item loses no other.
//!
//! Read downwards: `token` (logos; trivia are tokens too), `chunk` (a file cut into items), `ast`, `parse` (a LALRPOP
//! grammar run over one chunk).
//!
//! INVARIANT: the texts of a file's tokens, joined, are the file; so are the texts of its chunks.
//! Not here: names, types, meaning.

pub mod ast;
