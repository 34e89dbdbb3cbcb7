//! `writ publish`, `yank`, `search`, `audit`: releases, and where they are found.
//!
//! Not here: what a registry is (`packages`), what a package depends on (`dependencies`).

pub(crate) mod audit;
pub(crate) mod cases;
pub(crate) mod compare;
pub(crate) mod docs;
pub(crate) mod foresee;
pub(crate) mod publish;
mod ranges;
pub(crate) mod world;

use crate::dependencies::workspace;
use crate::failure::Failure;
use crate::output::Answer;
use crate::{package, progress};
use packages::install;
use packages::registry::{self, Registry};
use packages::{Name, Version};
use program::visible;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// The registry that was named, seen from here; else the one that the manifest names for a package's scope.
pub(crate) fn registry_of(named: Option<&str>, folder: &Path, name: &Name) -> Result<Box<dyn Registry>, Failure> {
    let ways = package::ways(true);
    match named {
        Some(location) => Ok(registry::at(location, Path::new("."), &ways)?),
        None => Ok(install::of_scope(&workspace(folder)?, &ways, name)?),
    }
}

/// Says that nobody should take a version anew, or with no reason that it may be taken again.
pub(crate) fn yank(release: &str, why: Option<&str>, named: Option<&str>, folder: &Path) -> Result<Answer, Failure> {
    let Some((name, version)) = release.split_once('@') else {
        return Err(Failure::Malformed(format!("{release}: which version?\n  help: write `{release}@1.4.0`")));
    };
    let (name, version) = (Name::parse(name)?, Version::parse(version)?);
    if why.is_some_and(|why| why.trim().is_empty() || why.contains('\n')) {
        return Err(Failure::Malformed(String::from("--why: the reason is a line of text")));
    }
    let registry = registry_of(named, folder, &name)?;
    registry.yank(&name, &version, why)?;
    let said = if why.is_some() {
        "yanked: nobody takes it anew, and who has it locked is told"
    } else {
        "may be taken again"
    };
    Ok(Answer::of(format!("{name} {version} {said}\n")))
}

/// Lists packages whose name or description has a word.
pub(crate) fn search(word: &str, named: Option<&str>, folder: &Path, as_json: bool) -> Result<Answer, Failure> {
    progress::stage("looking through registries");
    let ways = package::ways(true);
    let registries = match named {
        Some(location) => vec![registry::at(location, Path::new("."), &ways)?],
        None => {
            let workspace = workspace(folder)?;
            let locations: BTreeSet<&String> = workspace.shared.registries.values().collect();
            if locations.is_empty() {
                return Err(Failure::Malformed(String::from(
                    "writ.toml: it names no registry\n  help: write one under [registries], or `writ search --registry LOCATION`",
                )));
            }
            locations
                .into_iter()
                .map(|location| registry::at(location, &workspace.folder, &ways))
                .collect::<Result<_, _>>()?
        }
    };
    let (mut lines, mut found, mut failed) = (String::new(), Vec::new(), Vec::new());
    for registry in &registries {
        match listed(registry.as_ref(), word) {
            Ok(packages) => {
                for one in packages {
                    let Found { name, newest, description, .. } = &one;
                    let space = if description.is_empty() { "" } else { "   " };
                    // Nobody vouches for the words of a description.
                    lines += &format!("{name} {newest}{space}{}\n", visible(description));
                    found.push(json!({
                        "name": name, "version": newest, "versions": one.versions, "description": description
                    }));
                }
            }
            // What others have is shown all the same.
            Err(failure) if registries.len() > 1 => failed.push(failure),
            Err(failure) => return Err(failure),
        }
    }
    if lines.is_empty() && !failed.is_empty() {
        return Err(failed.swap_remove(0));
    }
    let mut notes: String = failed.iter().map(|failure| format!("not looked through: {failure}\n")).collect();
    if lines.is_empty() {
        notes += "nothing found\n";
    }
    let text = if as_json { format!("{:#}\n", serde_json::Value::Array(found)) } else { lines };
    let code = failed.first().map_or(0, Failure::code);
    Ok(Answer { notes, ..Answer::of(text) }.with_code(code))
}

/// A package that may be taken, as a search shows it.
struct Found {
    name: Name,
    newest: Version,
    versions: Vec<Version>,
    description: String,
}

/// The packages of a registry whose name or description has a word.
fn listed(registry: &dyn Registry, word: &str) -> Result<Vec<Found>, Failure> {
    registry.there()?;
    let mut found = Vec::new();
    for name in registry.names()? {
        let versions = registry.versions(&name)?;
        let Some(newest) = versions.iter().rev().find(|one| one.yanked.is_none()) else { continue };
        let newest = newest.version.clone();
        let description = registry.release(&name, &newest, None)?.description.unwrap_or_default();
        let hit = |text: &str| text.to_lowercase().contains(&word.to_lowercase());
        if hit(name.as_str()) || hit(&description) {
            let versions = versions.into_iter().map(|one| one.version).collect();
            found.push(Found { name, newest, versions, description });
        }
    }
    Ok(found)
}
