//! Packages: found, pinned, verified, read.
//!
//! Read downwards:
//! - `name`, `version`: what a package is called, which versions a range takes; `manifest` is what `writ.toml` says of it,
//!   `edit` changes that file by a line.
//! - `workspace`: the packages that are worked on together, and where the lock of all of them stands.
//! - `tree`: the files of a package and the digest that names them, wherever they came from; `archive` is a tree as one file.
//! - `lock`: which version of each; `sums`: what each version ever was; `trust`: whose signature counts.
//! - `registry`, `git`: where releases are published and found; `store`: those that were fetched, on this machine.
//! - `resolve`: one version of each package that all ranges take, or why there is none.
//! - `install`: all of the above, for the packages of a workspace and those they depend on; `known`: what it could depend on, for an editor.
//!
//! INVARIANT: nothing leaves [`install::load`] whose digest is not the one that was locked, or whose signature the trust
//! policy refuses; and whatever fails leaves the lock, the sums and the store as they were.
//! Not here: what a package means (`compiler`), where the store stands (`cli` and `lsp` read the environment).

pub mod edit;
pub mod lock;
pub mod manifest;
pub mod name;
pub mod version;
pub mod workspace;

pub mod archive;
pub mod tree;

pub mod git;
pub mod registry;
pub mod store;
pub mod sums;
pub mod trust;

pub mod install;
pub mod known;
pub mod resolve;

mod disk;

pub use disk::write;
pub use name::Name;
pub use tree::Tree;
pub use version::{Range, Version};
pub use workspace::Workspace;

use std::fmt;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Bad input: file, place, what is wrong, what would be right.
    Malformed(String),
    /// What was asked of the outside and could not be had: a disk, a network, a limit.
    Fault(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Malformed(text) | Failure::Fault(text)) = self;
        f.write_str(text)
    }
}

impl std::error::Error for Failure {}

/// Bad input.
pub(crate) fn malformed<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Malformed(text.into()))
}
