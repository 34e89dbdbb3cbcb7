//! `writ publish`: a package checked as its users will have it, tested, signed and put where they find it.
//!
//! Read downwards: each step refuses before the next begins; the registry is written last.

use super::compare::compare;
use super::{cases, registry_of};
use crate::arguments::{self, Arguments, Verb};
use crate::failure::Failure;
use crate::kept::{self, Kept};
use crate::output::Answer;
use crate::package::Package;
use crate::{fmt, package, policy, progress, test};
use clap::Parser;
use lsp::installed;
use packages::install::Installed;
use packages::registry::{self, Registry, Release};
use packages::{Name, Tree, archive, trust};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Publishes the package in a folder.
pub(crate) fn publish(asked: &arguments::Publish) -> Result<Answer, Failure> {
    let folder = &asked.policy;
    progress::stage("checking the package");
    let package = package::load(folder)?;
    let name = Name::parse(&package.name())?;
    let mut notes = String::new();
    if !asked.allow_dirty {
        notes += &clean(folder)?;
    }
    let laid_out = fmt::fmt(std::slice::from_ref(folder), true, false)?;
    if laid_out.code != 0 {
        return Err(Failure::Malformed(format!(
            "{}  help: `writ fmt` first; what is published is in the house style",
            laid_out.text
        )));
    }
    let checked = policy::check(&package);
    if checked.counts().0 > 0 {
        return Err(Failure::Policy(format!(
            "{}\n\nit does not compile; nothing was published",
            checked.render().trim_end()
        )));
    }
    let tested = test::of_package(&tests(folder)?)?;
    if tested.code != 0 {
        return Err(Failure::Malformed(format!("{}  help: what is published has tests, and they pass", tested.text)));
    }
    let tree = Tree::of_sources(folder)?;
    let (release, manifest) = registry::release(&tree)?;
    as_others_will(&package, &tree, &release)?;
    cases::sound(&tree, &policy::compile(&package)?.program)?;
    let registry = registry_of(asked.registry.as_deref(), folder, &name)?;
    let since = since(&package, &tree, &release, registry.as_ref())?;
    let key = match asked.unsigned {
        true => None,
        false => Some(kept::signing_key(asked.key.as_deref(), &Kept::of(folder))?.ok_or_else(|| {
            Failure::Malformed(String::from(
                "there is no key to sign with\n  help: `writ init` makes one in .writ/key; --key FILE or WRIT_SIGNING_KEY name another; --unsigned does without",
            ))
        })?),
    };
    let signature = key.as_ref().map(|key| trust::sign(&release.name, &release.version, &release.digest, key));
    let bytes = archive::pack(&tree);
    let passed = tested.text.lines().last().unwrap_or_default().split(": ").last().unwrap_or_default().to_owned();
    let mut text = format!(
        "{name} {}\n  {} files, {} bytes, packed {}\n  digest  {}\n  tests   {passed}\n  signed  {}\n",
        release.version,
        tree.files().count(),
        tree.bytes(),
        bytes.len(),
        release.digest,
        key.as_ref().map_or_else(|| String::from("by nobody"), |key| format!("by {}", key.public().short())),
    );
    if manifest.package.description.is_none() {
        notes += "note: writ.toml has no description, and `writ search` shows it\n";
    }
    text += &since;
    if asked.dry_run {
        text += "nothing was published\n";
    } else {
        registry.publish(&release, &bytes, signature.as_deref())?;
        text += &format!("published in {}\n", registry.shown());
    }
    Ok(Answer { notes, ..Answer::of(text) })
}

/// Sets the release against the one before it.
///
/// # Errors
/// Where the version is not high enough for what has changed.
fn since(package: &Package, tree: &Tree, release: &Release, registry: &dyn Registry) -> Result<String, Failure> {
    let (name, version) = (&release.name, &release.version);
    let versions = registry.versions(name)?;
    // A yanked one is still locked by whoever took it before.
    let Some(last) = versions.iter().rev().find(|one| one.version < *version) else {
        return Ok(match versions.first() {
            None => String::from("  the first release\n"),
            Some(above) => format!("  below {}, the lowest release so far: nothing to compare with\n", above.version),
        });
    };
    progress::stage("comparing with the last release");
    let told = registry.release(name, &last.version, None)?;
    let old = registry::opened(registry, &told, &registry.fetch(&told)?.0)?;
    let found = compare(&package.root, &old, tree, &package.installed)?;
    let text = format!("since {}: {}\n{}", last.version, found.level().name(), found.text());
    match found.enough(&last.version, version) {
        None => Ok(text),
        Some(least) => Err(Failure::Malformed(format!(
            "{name} {version} is not enough for what has changed {text}  help: version = \"{least}\" in writ.toml; nothing was published"
        ))),
    }
}

/// Refuses what git would lose.
///
/// - returns: a note, where there is no repository.
fn clean(folder: &Path) -> Result<String, Failure> {
    let git = Command::new("git").arg("-C").arg(folder).args(["status", "--porcelain", "--", "."]).output();
    let Ok(said) = git else { return Ok(String::from("note: git is not here, so nothing says what is committed\n")) };
    if !said.status.success() {
        return Ok(String::from("note: this is no git repository, so nothing says what was published from where\n"));
    }
    let dirty = String::from_utf8_lossy(&said.stdout).into_owned();
    let lines: Vec<&str> = dirty.lines().collect();
    if lines.is_empty() {
        return Ok(String::new());
    }
    let shown: String = lines.iter().take(10).map(|line| format!("  {line}\n")).collect();
    let more = if lines.len() > 10 { format!("  … and {} more\n", lines.len() - 10) } else { String::new() };
    Err(Failure::Malformed(format!(
        "{}: not all of it is committed:\n{shown}{more}  help: commit it first; --allow-dirty publishes it all the same",
        folder.display()
    )))
}

/// `writ test` of a folder.
fn tests(folder: &Path) -> Result<arguments::Test, Failure> {
    let words = ["writ", "test", "--policy"].map(OsStr::new);
    match Arguments::try_parse_from(words.into_iter().chain([folder.as_os_str()])).map(|arguments| arguments.verb) {
        Ok(Verb::Test(test)) => Ok(test),
        _ => Err(Failure::Bug(String::from("these words are a test"))),
    }
}

/// Compiles the release as another package's dependency: what it does not export, its tests and its intents are not there.
fn as_others_will(package: &Package, tree: &Tree, release: &Release) -> Result<(), Failure> {
    let text = format!("[package]\nname = \"reader/reader\"\n[dependencies]\n\"{}\" = \"*\"\n", release.name);
    let reader = packages::manifest::read("writ.toml", &text)?;
    let own = Installed {
        name: release.name.clone(),
        version: release.version.clone(),
        manifest: packages::manifest::read("writ.toml", tree.text("writ.toml")?)?,
        tree: tree.clone(),
        folder: package.root.clone(),
        in_folder: true,
        key: None,
    };
    // What only its tests need is not there either.
    let by_name: BTreeMap<&Name, &Installed> = package.installed.iter().map(|one| (&one.name, one)).collect();
    let (mut all, mut open) = (vec![own.clone()], own.manifest.dependencies.keys().cloned().collect::<Vec<_>>());
    while let Some(name) = open.pop() {
        if let Some(one) = by_name.get(&name).filter(|one| !all.iter().any(|known| known.name == one.name)) {
            open.extend(one.manifest.dependencies.keys().cloned());
            all.push((*one).clone());
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let dependencies = installed::dependencies(&reader, &all, [])?;
    let root = package.root.clone();
    let reading = Package { root, manifest: None, modules: Vec::new(), workspace: None, installed: all, dependencies };
    policy::compile(&reading).map(|_| ()).map_err(|failure| match failure {
        Failure::Policy(text) => {
            Failure::Policy(format!("as other packages will read it, it does not compile:\n{text}"))
        }
        other => other,
    })
}
