//! Text to programs.
//!
//! Read downwards: `diagnostic` is what every stage tells; `hir` what the author meant.
//!
//! INVARIANT: a stage is a plain function `(input) -> (output, Vec<Diagnostic>)`.

pub mod diagnostic;
pub mod hir;
