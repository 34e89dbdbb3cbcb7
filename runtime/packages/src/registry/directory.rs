//! A folder as registry: on this disk, on a share, or in a repository.
//!
//! `scope/name/1.4.0.json` says what a version is, `1.4.0.tar.gz` is it, `1.4.0.sig` its signature, `1.4.0.yanked` why
//! nobody should take it anew.
//!
//! INVARIANT: the `.json` is put in place last and never over another, so that a version is there whole or not at all,
//! and once.

use super::{Listed, Published, Registry, Release, SIGNED_OTHERWISE};
use crate::{Failure, Name, Version, disk, malformed, tree};
use program::Digest;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The most bytes of what is said of a version.
const TOLD: u64 = 1 << 20;

/// A folder of releases.
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// The registry in a folder; it need not be there before something is published.
    pub fn new(root: PathBuf) -> Directory {
        Directory { root }
    }

    fn folder(&self, name: &Name) -> PathBuf {
        self.root.join(name.scope()).join(name.short())
    }

    fn file(&self, name: &Name, version: &Version, ending: &str) -> PathBuf {
        self.folder(name).join(format!("{version}.{ending}"))
    }
}

/// What a folder holds, sorted; nothing where it is not there.
fn names_in(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(disk::fault(folder, &e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(|e| disk::fault(folder, &e))?.file_name().to_str().map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

impl Registry for Directory {
    fn shown(&self) -> String {
        format!("the registry {}", self.root.display())
    }

    fn there(&self) -> Result<(), Failure> {
        if self.root.is_dir() {
            return Ok(());
        }
        malformed(format!("{}: there is no such folder\n  help: see [registries] in writ.toml", self.root.display()))
    }

    fn names(&self) -> Result<Vec<Name>, Failure> {
        let mut found = Vec::new();
        for scope in names_in(&self.root)?.into_iter().filter(|scope| self.root.join(scope).is_dir()) {
            for name in names_in(&self.root.join(&scope))? {
                found.extend(Name::parse(&format!("{scope}/{name}")).ok());
            }
        }
        Ok(found)
    }

    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        let files = names_in(&self.folder(name))?;
        let mut listed = Vec::new();
        for version in files.iter().filter_map(|file| Version::parse(file.strip_suffix(".json")?).ok()) {
            let yanked = match files.contains(&format!("{version}.yanked")) {
                true => disk::text(&self.file(name, &version, "yanked"))?.map(|why| why.trim().to_owned()),
                false => None,
            };
            listed.push(Listed { version, yanked });
        }
        listed.sort();
        Ok(listed)
    }

    fn release(&self, name: &Name, version: &Version, _: Option<&Digest>) -> Result<Release, Failure> {
        let path = self.file(name, version, "json");
        let bytes = disk::read_bounded(&path, TOLD)?;
        let release: Release = match serde_json::from_slice(&bytes) {
            Ok(release) => release,
            Err(e) => return malformed(format!("{}: {e}", path.display())),
        };
        if release.name != *name || release.version != *version {
            return malformed(format!("{}: it speaks of {} {}", path.display(), release.name, release.version));
        }
        Ok(release)
    }

    fn fetch(&self, release: &Release) -> Result<(Vec<u8>, Option<Vec<u8>>), Failure> {
        let (name, version) = (&release.name, &release.version);
        let archive = disk::read_bounded(&self.file(name, version, "tar.gz"), tree::WHOLE)?;
        let signature = self.file(name, version, "sig");
        let signature = if signature.is_file() { Some(disk::read_bounded(&signature, TOLD)?) } else { None };
        Ok((archive, signature))
    }

    fn publish(&self, release: &Release, archive: &[u8], signature: Option<&[u8]>) -> Result<Published, Failure> {
        let (name, version) = (&release.name, &release.version);
        let mut text = serde_json::to_string_pretty(release).expect("bug: a release is plain data");
        text.push('\n');
        let _held = disk::hold(&self.root.join(".lock"))?;
        let told = self.file(name, version, "json");
        if told.exists() {
            let there = |ending, bytes: Option<&[u8]>| {
                let path = self.file(name, version, ending);
                let there = if path.is_file() { Some(disk::read_bounded(&path, tree::WHOLE)?) } else { None };
                Ok::<bool, Failure>(there.as_deref() == bytes)
            };
            let files = there("json", Some(text.as_bytes()))? && there("tar.gz", Some(archive))?;
            if files && there("sig", signature)? {
                return Ok(Published::Before);
            }
            let other = if files { SIGNED_OTHERWISE } else { "" };
            return Err(super::published(name, version, &self.shown(), other));
        }
        let _ = fs::remove_file(self.file(name, version, "sig"));
        disk::write(&self.file(name, version, "tar.gz"), archive)?;
        if let Some(signature) = signature {
            disk::write(&self.file(name, version, "sig"), signature)?;
        }
        disk::write(&told, text.as_bytes()).map(|()| Published::Anew)
    }

    fn yank(&self, name: &Name, version: &Version, why: Option<&str>) -> Result<(), Failure> {
        // Before the lock, which would make the folder of a misspelt registry.
        self.there()?;
        if !self.file(name, version, "json").is_file() {
            return malformed(format!("{name} {version} is not in {}", self.shown()));
        }
        let _held = disk::hold(&self.root.join(".lock"))?;
        let path = self.file(name, version, "yanked");
        match why {
            Some(why) => disk::write(&path, format!("{why}\n").as_bytes()),
            None => match fs::remove_file(&path) {
                Ok(()) => Ok(()),
                Err(e) if e.kind() == ErrorKind::NotFound => malformed(super::not_yanked(name, version)),
                Err(e) => Err(disk::fault(&path, &e)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Directory;
    use crate::registry::Registry;
    use crate::{Name, Version};

    #[test]
    fn a_yank_in_a_registry_that_is_not_there_makes_none() {
        let root = std::env::temp_dir().join(format!("writ-no-registry-{}", std::process::id()));
        let name = Name::parse("acme/tagging").expect("a name");
        let said = Directory::new(root.clone()).yank(&name, &Version::new(1, 0, 0), Some("bad"));
        assert!(said.expect_err("it is refused").to_string().contains("there is no such folder"));
        assert!(!root.exists());
    }
}
