//! What git knows of a folder that somebody works in: which files it keeps or would keep, and what is not committed.
//!
//! INVARIANT: where git does not say, nobody guesses: a repository that it will not read is no folder without one.

use super::command::{Stopped, within};
use crate::Failure;
use std::collections::BTreeSet;
use std::path::Path;

/// A folder as git sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sources {
    /// A repository keeps it.
    Kept {
        /// Its files, seen from the folder, with `/`: all that git keeps, and all that it would keep if it were told to. What
        /// it ignores is not among them.
        files: BTreeSet<String>,
        /// What is not committed, a line each, as `git status` has it.
        dirty: Vec<String>,
    },
    /// A repository stands above it, and ignores its `writ.toml`: it keeps nothing of it.
    Ignored,
    /// No repository stands there or above it.
    Nowhere,
    /// Git is not here to say.
    Unknown,
}

/// Asks git for what it knows of a folder.
///
/// # Errors
/// Where git is here and will not say.
pub fn sources(folder: &Path) -> Result<Sources, Failure> {
    let shown = || folder.display().to_string();
    let listed = match within(folder, &["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."]) {
        Ok(listed) => listed,
        Err(Stopped::Not(_)) => return Ok(Sources::Unknown),
        Err(Stopped::Refused(said)) if said.contains("not a git repository") => return Ok(Sources::Nowhere),
        Err(stopped) => return Err(stopped.of(&shown())),
    };
    let listed = String::from_utf8_lossy(&listed);
    let files: BTreeSet<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    if !files.contains("writ.toml") {
        return Ok(Sources::Ignored);
    }
    let dirty = within(folder, &["status", "--porcelain", "--", "."]).map_err(|stopped| stopped.of(&shown()))?;
    let dirty = String::from_utf8_lossy(&dirty).lines().map(str::to_owned).collect();
    Ok(Sources::Kept { files, dirty })
}
