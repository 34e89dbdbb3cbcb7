//! `writ.sum`: the digest that each version ever had here. Lines are added and never changed.
//!
//! The lock may be written anew; the sums remember, so that a version whose content has changed meanwhile is refused,
//! whoever changed it.

use crate::{Failure, Name, Version, disk, malformed};
use program::Digest;
use std::collections::BTreeMap;
use std::path::Path;

/// The file's name.
pub const FILE: &str = "writ.sum";

/// What git writes between the two sides of a merge that it leaves to somebody.
const MARKS: [&str; 4] = ["<<<<<<< ", "||||||| ", "======= ", ">>>>>>> "];

/// What each version was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    known: BTreeMap<(Name, Version), Digest>,
}

impl Sums {
    /// The sums beside a manifest; none where there is no such file.
    pub fn read(folder: &Path) -> Result<Sums, Failure> {
        Sums::of(folder, false)
    }

    /// The same for who writes them anew: of a merge that nobody finished, the lines of both sides count.
    ///
    /// # Errors
    /// Also where the two sides say different things of one version.
    pub fn merged(folder: &Path) -> Result<Sums, Failure> {
        Sums::of(folder, true)
    }

    fn of(folder: &Path, merge: bool) -> Result<Sums, Failure> {
        let path = folder.join(FILE);
        let mut sums = Sums::default();
        let Some(text) = disk::text(&path)? else { return Ok(sums) };
        for (number, line) in text.lines().enumerate() {
            let at = || format!("{}:{}", path.display(), number + 1);
            if MARKS.iter().any(|mark| line == mark.trim_end() || line.starts_with(mark)) {
                if merge {
                    continue;
                }
                return malformed(format!(
                    "{}: here are two lists, of a merge that nobody finished\n  help: keep the lines of both sides; `writ update` without names does that, and looks for versions anew",
                    at()
                ));
            }
            let parts: Vec<&str> = line.split(' ').collect();
            let read = match parts[..] {
                [name, version, digest] => {
                    Name::parse(name).ok().zip(Version::parse(version).ok()).zip(Digest::parse(digest))
                }
                _ => None,
            };
            let Some(((name, version), digest)) = read else {
                return malformed(format!("{}: a line is `scope/name 1.4.0 sha256:…`", at()));
            };
            if let Some(other) = sums.known.insert((name.clone(), version.clone()), digest.clone())
                && other != digest
            {
                return malformed(format!(
                    "{}: {name} {version} has another digest above\n  help: a release never changes; ask who publishes it which of the two it is, and take the other line out",
                    at()
                ));
            }
        }
        Ok(sums)
    }

    /// Adds what a version is.
    ///
    /// # Errors
    /// Where it was something else.
    pub fn add(&mut self, name: &Name, version: &Version, digest: &Digest) -> Result<(), Failure> {
        match self.known.get(&(name.clone(), version.clone())) {
            Some(known) if known != digest => malformed(format!(
                "{name} {version} is not what it was: its files had the digest {known}, and now have {digest}\n  \
                 help: a release never changes; ask who publishes it, and take another version meanwhile"
            )),
            Some(_) => Ok(()),
            None => {
                self.known.insert((name.clone(), version.clone()), digest.clone());
                Ok(())
            }
        }
    }

    /// Its bytes.
    pub fn text(&self) -> String {
        self.known.iter().map(|((name, version), digest)| format!("{name} {version} {digest}\n")).collect()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}
