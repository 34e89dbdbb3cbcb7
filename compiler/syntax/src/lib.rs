//! Text to syntax trees, never failing: one broken item loses no other.
//!
//! Read downwards: `token` (logos; trivia are tokens too), `chunk` (a file cut into items), `ast`, `parse` (a LALRPOP
//! grammar run over one chunk), `message` and `explain` (what is wrong, in the author's words), `advice`, `forms` and `habits`
//! (the way out), `format` (the same words, laid out).
//!
//! INVARIANT: the texts of a file's tokens, joined, are the file; so are the texts of its pieces.
//! Not here: names, types, meaning.

pub mod token;

pub mod chunk;

pub mod ast;

pub mod parse;

pub mod message;

mod explain;

mod advice;

mod forms;

mod habits;

pub mod format;

mod tree;

#[allow(clippy::all, clippy::wildcard_imports, missing_docs, unreachable_pub, unused, rust_2018_idioms)]
mod grammar {
    lalrpop_util::lalrpop_mod!(generated, "/grammar.rs");
    pub(crate) use generated::StartParser;
}

pub use message::{ErrorKind, SyntaxError};
pub use parse::{parse_atom, parse_body, parse_chunk, parse_facts, parse_file};
