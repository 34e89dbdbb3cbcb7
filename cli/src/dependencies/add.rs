//! `writ add`: packages that are depended on from now on.
//!
//! Read downwards: [`add`] edits the manifest, `Place` is where the package is found, `newest` the range that nobody gave.

use super::{Edited, added, held, manifest, told, unread};
use crate::arguments::Add;
use crate::failure::Failure;
use crate::output::Answer;
use crate::{package, progress};
use compiler::names::near;
use packages::edit::{self, Entry};
use packages::manifest::Git;
use packages::registry::Listed;
use packages::{Name, Range, Workspace, git, install};
use program::visible;
use std::collections::BTreeSet;
use std::path::Path;

/// Writes dependencies into the manifest, once they are locked.
pub(super) fn add(asked: &Add) -> Result<Answer, Failure> {
    progress::stage("looking for packages");
    let folder = asked.policy.as_path();
    let (before, turn) = held(folder)?;
    let place = Place::of(asked)?;
    let (place, mut said) = place.found(asked, folder)?;
    let names = named(asked, &place, folder)?;
    let apart = before.own()?.at != "." && (asked.registry.is_some() || !asked.trust.is_empty());
    let root = apart.then(|| manifest(&before.folder)).transpose()?.map(|text| (before.folder.as_path(), text));
    let mut edited = Edited { folder, text: manifest(folder)?, root };
    // What counts for all members stands in the root.
    let shared = edited.root.as_mut().map_or(&mut edited.text, |(_, text)| text);
    let scopes: BTreeSet<&str> = names.iter().map(|(name, _)| name.scope()).collect();
    for scope in scopes {
        if let Some(location) = &asked.registry {
            let was = before.shared.registries.get(scope).filter(|was| *was != location);
            if let Some(was) = was {
                return Err(Failure::Malformed(format!(
                    "--registry {location}: every package of {scope} comes from {was}, says [registries]\n  \
                     help: write `{scope} = \"{location}\"` there, where all of them are meant"
                )));
            }
            *shared = edit::registry(shared, scope, location)?;
        }
        for key in &asked.trust {
            evidence::PublicKey::parse(key).map_err(|no| {
                Failure::Malformed(format!(
                    "--trust {key}: {no}\n  help: its publisher has the whole of it: `writ init` says it, in the folder of the package; of what nobody signs writ.toml says it: \
                     under [trust.packages], {scope} = \"unsigned\""
                ))
            })?;
            *shared = edit::trust(shared, scope, key)?;
        }
    }
    let workspace = edited.workspace()?;
    let (table, other) =
        if asked.dev { ("dev-dependencies", "dependencies") } else { ("dependencies", "dev-dependencies") };
    let own = &workspace.own()?.manifest;
    let there = if asked.dev { &own.dependencies } else { &own.dev_dependencies };
    for (name, range) in &names {
        if there.contains_key(name) {
            return Err(Failure::Malformed(format!(
                "{name} stands under [{other}]\n  help: `writ remove {name}` first"
            )));
        }
        let entry = match (&place, range) {
            (Place::Registry, None) => Entry::Range(newest(&workspace, name)?),
            (Place::Registry, Some(range)) => {
                if workspace.member(name).is_none() {
                    known(&workspace, name)?;
                }
                Entry::Range(range.to_string())
            }
            (Place::Elsewhere(keys, _), range) => {
                let version = range.as_ref().map(|range| ("version", range.to_string()));
                Entry::Table(keys.iter().cloned().chain(version).collect())
            }
        };
        edited.text = edit::add(&edited.text, table, name, &entry)?;
        said += &format!("added {name}\n");
    }
    let updated = edited.settle(&[], &turn)?;
    let added = added(&updated.changed, &updated.all);
    Ok(Answer::of(said + &told(&updated.changed) + &unread(&updated.passed) + &added))
}

/// Where what is added is found.
enum Place {
    /// In the registry of its scope.
    Registry,
    /// In a folder or a repository: the keys that say so, and the repository.
    Elsewhere(Vec<(&'static str, String)>, Option<Git>),
}

impl Place {
    fn of(asked: &Add) -> Result<Place, Failure> {
        if let Some(path) = &asked.path {
            return Ok(Place::Elsewhere(vec![("path", path.clone())], None));
        }
        let Some(url) = &asked.git else { return Ok(Place::Registry) };
        if package::ways(false).offline {
            return Err(Failure::Malformed(format!(
                "{url}: what a repository has now only it can say, and nothing may be fetched\n  help: leave out --offline and --frozen"
            )));
        }
        let folder = asked.folder.as_deref().map(git::folder).transpose().map_err(Failure::Malformed)?.flatten();
        let parts = [
            ("git", Some(url)),
            ("rev", asked.rev.as_ref()),
            ("tag", asked.tag.as_ref()),
            ("branch", asked.branch.as_ref()),
            ("folder", folder.as_ref()),
        ];
        let keys = parts.into_iter().filter_map(|(key, value)| Some((key, value?.clone()))).collect();
        let whole = |below: &str, name: &Option<String>| name.as_ref().map(|name| format!("{below}{name}"));
        let rev = asked.rev.clone().or(whole(git::TAGS, &asked.tag)).or(whole(git::BRANCHES, &asked.branch));
        Ok(Place::Elsewhere(keys, Some(Git { url: url.clone(), rev, folder })))
    }

    /// The same with the folder of the repository that the package is in, where nobody named one; and what is said of it.
    fn found(self, asked: &Add, from: &Path) -> Result<(Place, String), Failure> {
        let Place::Elsewhere(mut keys, Some(mut repository)) = self else { return Ok((self, String::new())) };
        if repository.folder.is_some() {
            return Ok((Place::Elsewhere(keys, Some(repository)), String::new()));
        }
        let store = package::ways(false).store;
        let mut folders = git::packages(&store, &repository, from)?;
        let url = &repository.url;
        let wanted = asked.names.first().map(|name| name.split('@').next().unwrap_or_default());
        if let (Some(wanted), false) = (wanted, folders.len() < 2) {
            let is = |folder: &String| {
                let there =
                    Git { folder: Some(folder.clone()).filter(|folder| !folder.is_empty()), ..repository.clone() };
                let named = git::newest(&store, &there, from).and_then(|(_, tree)| {
                    Ok(packages::manifest::read("writ.toml", tree.text("writ.toml")?)?.package.name)
                });
                named.is_ok_and(|name| name == wanted)
            };
            let there = folders.clone();
            folders.retain(is);
            if folders.is_empty() {
                return Err(Failure::Malformed(format!(
                    "{url}: none of its packages is `{wanted}`\n  help: they are in {}; --folder names one",
                    git::listed_few(&there)
                )));
            }
        } else if folders.iter().any(String::is_empty) {
            folders = vec![String::new()];
        }
        match folders.as_slice() {
            // Whoever reads it says that there is none.
            [] => Ok((Place::Elsewhere(keys, Some(repository)), String::new())),
            [whole] if whole.is_empty() => Ok((Place::Elsewhere(keys, Some(repository)), String::new())),
            [one] => {
                let said = format!("found in the folder {} of {url}\n", visible(one));
                keys.push(("folder", one.clone()));
                repository.folder = Some(one.clone());
                Ok((Place::Elsewhere(keys, Some(repository)), said))
            }
            several => Err(Failure::Malformed(format!(
                "{url}: there are packages in {}\n  help: say which: `writ add --git {url} --folder {}`, or its name",
                git::listed_few(several),
                visible(&several[0])
            ))),
        }
    }
}

/// The names that were given, with their ranges; else that of the package which is there.
fn named(asked: &Add, place: &Place, folder: &Path) -> Result<Vec<(Name, Option<Range>)>, Failure> {
    let one = |name: &String| match name.split_once('@') {
        Some((name, range)) => Ok((Name::parse(name)?, Some(Range::parse(range)?))),
        None => Ok((Name::parse(name)?, None)),
    };
    let given: Vec<(Name, Option<Range>)> = asked.names.iter().map(one).collect::<Result<_, Failure>>()?;
    let Place::Elsewhere(_, repository) = place else { return Ok(given) };
    if given.len() > 1 {
        let flag = if repository.is_some() { "--git" } else { "--path" };
        return Err(Failure::Malformed(format!(
            "{flag}: one package is there, and {} names are given\n  help: add each by itself",
            given.len()
        )));
    }
    if !given.is_empty() {
        return Ok(given);
    }
    let (shown, text) = match (repository, &asked.path) {
        (Some(repository), _) => {
            let (commit, tree) = git::newest(&package::ways(false).store, repository, folder)?;
            (format!("{} at {commit}: writ.toml", repository.url), tree.text("writ.toml")?.to_owned())
        }
        (None, path) => {
            let there = folder.join(path.as_deref().unwrap_or_default());
            (there.join("writ.toml").display().to_string(), manifest(&there)?)
        }
    };
    let about = packages::manifest::read(&shown, &text)?.package;
    Ok(vec![(Name::parse(&about.name)?, None)])
}

/// The range of the newest version of a package; of a member, of the one that it is.
fn newest(workspace: &Workspace, name: &Name) -> Result<String, Failure> {
    if let Some(member) = workspace.member(name) {
        return Ok(member.manifest.package.number()?.shortest_range());
    }
    let versions = known(workspace, name)?;
    let ways = package::ways(true);
    let registry = install::of_scope(workspace, &ways, name)?;
    // One that a later writ reads is not for this one; what cannot be asked is told of where it is had.
    let is_ours = |one: &&Listed| {
        let release = registry.release(name, &one.version, None);
        release.map_or(true, |release| release.writ.is_none_or(|least| least <= ways.writ))
    };
    let mut free = versions.iter().rev().filter(|one| one.yanked.is_none());
    match free.clone().find(is_ours).or_else(|| free.next()) {
        Some(newest) => Ok(newest.version.shortest_range()),
        None => {
            let why =
                |one: &Listed| format!("\n  {}: {}", one.version, visible(one.yanked.as_deref().unwrap_or_default()));
            let all: String = versions.iter().rev().map(why).collect();
            Err(Failure::Malformed(format!(
                "every version of {name} is yanked, and nobody takes one anew:{all}\n  help: ask its authors for another release"
            )))
        }
    }
}

/// The versions of a package in the registry of its scope.
///
/// # Errors
/// Where it has none, with the name that may be meant.
fn known(workspace: &Workspace, name: &Name) -> Result<Vec<Listed>, Failure> {
    let registry = install::of_scope(workspace, &package::ways(true), name)?;
    registry.there()?;
    let versions = registry.versions(name)?;
    if !versions.is_empty() {
        return Ok(versions);
    }
    let names = registry.names()?;
    let meant = near(name.as_str(), names.iter().map(Name::as_str));
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => String::from("`writ search` lists what is there"),
    };
    Err(Failure::Malformed(format!("{} has no version of {name}\n  help: {help}", registry.shown())))
}
