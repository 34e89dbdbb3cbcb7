//! A program as a stand-alone Rust module: one file that depends on the crate `ascent` and on nothing of ours.
//!
//! Read downwards:
//! - [`emit`] puts the file together; `cone` says what of a program belongs to it, [`Unfit`] why there is none.
//! - `rules`: relations and rules in ascent's words; `names`: what they and their variables are called there.
//! - `spelling`: values, expressions and the other data of a rule, written as Rust.
//! - `values`: the meaning of values and builtins, in the very words of `program`; what those need of other crates
//!   stands in `standing`. `emitted/face.rs` is what the file shows to whoever embeds it.
//!
//! INVARIANT: for the same facts the module holds what `proof::meaning` says, tuple for tuple, or the program is refused.
//! Not here: the engine, which shares nothing with this road from a program to what follows; so that each tests the other.
#![forbid(unsafe_code)]

mod cone;
mod names;
mod rules;
mod spelling;
mod values;

pub use cone::Unfit;

use cone::Cone;
use program::{Program, RelationId, Value};
use std::collections::BTreeSet;

/// The program as a Rust module.
///
/// - `name`: what it is called in the module's first line.
/// - `roots`: relations that are wanted, with all that they depend on; every relation where there are none.
/// - returns: the text of one file, the same for the same program.
///
/// # Errors
/// Rules that call builtins which cannot be emitted.
pub fn emit(program: &Program, name: &str, roots: &[RelationId]) -> Result<String, Unfit> {
    let cone = Cone::of(program, roots)?;
    let mut spelling = spelling::Spelling::default();
    let law = rules::write(&cone, &mut spelling);
    let parts = [
        format!("//! The Writ program `{name}`, as a Rust module.\n"),
        String::from(FACE.split_once('\n').map_or("", |(_, rest)| rest)),
        law,
        spelling.tables(),
        values::write(&cone),
    ];
    Ok(parts.join("\n"))
}

/// The relations that a module for `roots` has.
pub fn relations(program: &Program, roots: &[RelationId]) -> BTreeSet<RelationId> {
    cone::relations(program, roots)
}

/// A value as the Rust text that makes it, for facts that stand in a text beside the module.
pub fn value(value: &Value) -> String {
    spelling::value(value)
}

/// What the module shows; its first line is replaced.
const FACE: &str = include_str!("emitted/face.rs");
