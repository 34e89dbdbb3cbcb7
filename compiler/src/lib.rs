//! Text to programs.
//!
//! Read downwards, in the order of the stages; each is a plain function `(input) -> (output, Vec<Diagnostic>)`:
//! - `diagnostic` is what every stage tells, `hir` what the author meant.
//! - `hidden`: signs that nobody sees. `names`: one file's exports, then those of all; `scope`: what a file sees; `signatures`: what it declares.
//! - `library` joins these for the stages that look at one item: `resolve` (names, types), `check` (the rules of rules).
//! - `graph` and `lower` look at all of them: strata, scopes, the program. `lint` tells what has no effect, `imports`
//!   writes the `use` lines that repairs need.
//!
//! INVARIANT: no stage knows another one's caller, and no stage returns `Result` for the author's mistakes.

pub mod diagnostic;
pub mod hir;

mod habits;
mod hidden;
pub mod names;
pub mod scope;
pub mod signatures;

pub mod constant;
pub mod library;
pub mod stdlib;

mod binding;
mod check;
pub mod query;
pub mod resolve;

mod graph;
pub mod lower;

mod imports;
mod lint;

pub mod database;
pub mod interface;
pub mod question;

pub mod builtins;
pub mod guides;
pub mod ide;
pub mod reference;
pub mod render;
pub mod repair;
pub mod report;

#[cfg(test)]
pub(crate) mod workbench;
