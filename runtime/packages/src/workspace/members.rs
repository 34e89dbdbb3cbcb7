//! `members = ["policies/*", "lib"]`: which folders that names.
//!
//! INVARIANT: [`Members::name`] takes a folder that is there just where [`Members::folders`] finds it.
//! Not here: what stands in those folders (`workspace`).

use super::{FILE, beneath, relative};
use crate::{Failure, disk, malformed, manifest};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use toml::Spanned;

/// What names members.
pub(super) struct Members {
    listed: Vec<Listed>,
}

/// One path or glob.
struct Listed {
    /// `writ.toml:2:12: members: "policies/*"`
    place: String,
    parts: Vec<Part>,
}

enum Part {
    Word(String),
    Glob(GlobMatcher),
}

impl Part {
    /// What is hidden, copied or built is meant by no glob, here as where modules are looked for.
    fn takes(&self, name: &str) -> bool {
        match self {
            Part::Word(word) => word == name,
            Part::Glob(glob) => !name.starts_with('.') && name != "vendor" && name != "target" && glob.is_match(name),
        }
    }
}

impl Members {
    /// - `shown`: the file, for messages only.
    pub(super) fn parse(shown: &str, text: &str, listed: &[Spanned<String>]) -> Result<Members, Failure> {
        let one = |written: &Spanned<String>| {
            let said = written.get_ref();
            let place = format!("{shown}:{}: members: \"{said}\"", manifest::place(text, written.span().start));
            let parts = said.split('/').map(|part| {
                Part::parse(part).map_err(|(why, help)| Failure::Malformed(format!("{place} {why}\n  help: {help}")))
            });
            let parts: Vec<Part> = parts.collect::<Result<_, _>>()?;
            if matches!(&parts[0], Part::Word(word) if word == "vendor") {
                return malformed(format!(
                    "{place} is below `vendor`, where copies stand that `writ vendor` takes away\n  help: move it elsewhere"
                ));
            }
            Ok(Listed { place, parts })
        };
        Ok(Members { listed: listed.iter().map(one).collect::<Result<_, _>>()? })
    }

    /// Whether a folder is a member.
    ///
    /// - `at`: the folder seen from the root, with `/`.
    pub(super) fn name(&self, at: &str) -> bool {
        let names: Vec<&str> = at.split('/').collect();
        let takes = |one: &Listed| {
            one.parts.len() == names.len() && one.parts.iter().zip(&names).all(|(part, name)| part.takes(name))
        };
        self.listed.iter().any(takes)
    }

    /// The folders of all members, seen from the root, sorted, each once.
    ///
    /// - `root`: as it was named; `whole`: without links.
    ///
    /// # Errors
    /// Where a path names no folder, a glob none at all, or a folder has no manifest.
    pub(super) fn folders(&self, root: &Path, whole: &Path) -> Result<BTreeSet<String>, Failure> {
        let mut all = BTreeSet::new();
        for Listed { place, parts } in &self.listed {
            let found = found(root, parts)?;
            if found.is_empty() {
                let globs = parts.iter().any(|part| matches!(part, Part::Glob(_)));
                let what = if globs { "no folder fits it" } else { "there is no such folder" };
                return malformed(format!(
                    "{place}: {what}\n  help: `writ new scope/name DIR` makes a package; paths are seen from this file"
                ));
            }
            for at in found {
                let folder = beneath(root, &at);
                if !folder.join(FILE).is_file() {
                    return malformed(format!(
                        "{place}: there is no writ.toml in {}\n  help: `writ init {}` makes one; or name the members one by one",
                        folder.display(),
                        folder.display()
                    ));
                }
                // A member must find its root again by looking above itself.
                let there = fs::canonicalize(&folder).map_err(|e| disk::fault(&folder, &e))?;
                if relative(whole, &there).as_deref() != Some(&*at) {
                    return malformed(format!(
                        "{place}: {} is a link, and leads to {}\n  help: name the folder that it leads to, which must be below this file",
                        folder.display(),
                        there.display()
                    ));
                }
                all.insert(at);
            }
        }
        Ok(all)
    }
}

impl Part {
    /// - returns: what is wrong with it, and what would be right.
    fn parse(text: &str) -> Result<Part, (String, &'static str)> {
        if text.is_empty() || text == "." || text == ".." || text.contains(['\\', ':']) {
            return Err((
                String::from("is no path below this file"),
                "write it as \"policies/shop\"; a root with a [package] is a member unnamed",
            ));
        }
        if text.contains("**") {
            return Err((
                String::from("has a `**`"),
                "`*` stands for one part of a path: write \"policies/*/*\" for two",
            ));
        }
        if !text.contains(['*', '?', '[', '{']) {
            return Ok(Part::Word(text.to_owned()));
        }
        match GlobBuilder::new(text).build() {
            Ok(glob) => Ok(Part::Glob(glob.compile_matcher())),
            Err(error) => Err((format!("is no glob: {}", error.kind()), "`*` stands for any part of a folder's name")),
        }
    }
}

/// The folders that are there, seen from the root.
fn found(root: &Path, parts: &[Part]) -> Result<Vec<String>, Failure> {
    let mut found = vec![String::new()];
    for part in parts {
        let mut further = Vec::new();
        for above in &found {
            let at = |name: &str| if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
            match part {
                Part::Word(word) if beneath(root, &at(word)).is_dir() => further.push(at(word)),
                Part::Word(_) => {}
                Part::Glob(_) => {
                    let folder = if above.is_empty() { root.to_owned() } else { beneath(root, above) };
                    for entry in fs::read_dir(&folder).map_err(|e| disk::fault(&folder, &e))? {
                        let entry = entry.map_err(|e| disk::fault(&folder, &e))?;
                        let name = entry.file_name();
                        // A module's path is text, too.
                        let Some(name) = name.to_str().filter(|name| part.takes(name)) else { continue };
                        // What a link leads to is found where it is.
                        if entry.file_type().map_err(|e| disk::fault(&entry.path(), &e))?.is_dir() {
                            further.push(at(name));
                        }
                    }
                }
            }
        }
        found = further;
    }
    Ok(found)
}
