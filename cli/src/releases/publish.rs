//! `writ publish`: a package checked as its users will have it, tested, signed and put where they find it.
//!
//! What is published is what git keeps, where a repository keeps the package: it is that which is checked and tested, without
//! what git ignores.
//!
//! Read downwards: each step refuses before the next begins; the registry is written last.

use super::compare::{as_dependency, compare, of_tree};
use super::{cases, registry_of};
use crate::arguments::{self, Arguments, Verb};
use crate::dependencies::new::usable;
use crate::failure::Failure;
use crate::kept::{self, Kept};
use crate::output::Answer;
use crate::package::Package;
use crate::{fmt, package, policy, progress, test};
use clap::Parser;
use packages::git::{self, Sources};
use packages::install::{self, Installed};
use packages::registry::{self, Published, Registry, Release};
use packages::{Name, Tree, Workspace, archive, trust};
use program::visible;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

/// Publishes the package in a folder.
pub(crate) fn publish(asked: &arguments::Publish) -> Result<Answer, Failure> {
    let folder = &asked.policy;
    progress::stage("checking the package");
    let package = package::load_with_tests(folder)?;
    let name = Name::parse(&package.name())?;
    usable(&name)?;
    let (kept, mut notes) = kept_by_git(folder, asked.allow_dirty)?;
    let (tree, ignored) = Tree::of_sources_among(folder, kept.as_ref())?;
    let packed = of_tree(&package.root, &tree, None, &package.installed)?;
    let without = without(&ignored);
    let checked = policy::check(&packed);
    if checked.counts().0 > 0 {
        return Err(Failure::Policy(format!(
            "{}\n\n{without}it does not compile; nothing was published",
            checked.render().trim_end()
        )));
    }
    // Afterwards: what has a syntax error cannot be laid out, and the compiler says where it is.
    let laid_out = fmt::fmt(std::slice::from_ref(folder), true, false)?;
    if laid_out.code != 0 {
        return Err(Failure::Malformed(format!(
            "{}  help: `writ fmt` first; what is published is in the house style",
            laid_out.text
        )));
    }
    let tested = test::of_package(&tests(folder)?, &packed)?;
    if tested.code != 0 {
        return Err(Failure::Malformed(format!(
            "{}: its tests do not all pass\n{}{without}  help: what is published has tests, and they pass",
            name, tested.text
        )));
    }
    notes += &without;
    let (release, manifest) = registry::release(&tree)?;
    let named = asked.registry.as_deref().map(|location| match location.contains("://") {
        true => location.to_owned(),
        // It is seen from here, not from the manifest.
        false => std::path::absolute(location).map_or(location.to_owned(), |path| path.display().to_string()),
    });
    as_others_will(&package, &tree, &release, named.as_deref())?;
    cases::sound(&tree, &policy::compile(&packed)?.program)?;
    let registry = registry_of(asked.registry.as_deref(), folder, &name)?;
    let since = since(&package, &tree, &release, (registry.as_ref(), named.as_deref()))?;
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
        text += &match registry.publish(&release, &bytes, signature.as_deref())? {
            Published::Anew => format!("published in {}\n", registry.shown()),
            Published::Before => format!("already in {}, as it should be: byte for byte this one\n", registry.shown()),
        };
    }
    Ok(Answer { notes, ..Answer::of(text) })
}

/// Sets the release against the one before it.
///
/// # Errors
/// Where the version is published already with other files, or is not high enough for what has changed.
fn since(
    package: &Package,
    tree: &Tree,
    release: &Release,
    (registry, named): (&dyn Registry, Option<&str>),
) -> Result<String, Failure> {
    let (name, version) = (&release.name, &release.version);
    let versions = registry.versions(name)?;
    // Told here too, so that a dry run says what would come of it.
    if let Some(there) = versions.iter().find(|one| one.version == *version) {
        let digest = registry.release(name, version, None)?.digest;
        if digest != release.digest {
            let other = format!("\n  its content there is another: {digest}, here {}", release.digest);
            return Err(registry::published(name, version, &registry.shown(), &other).into());
        }
        let yanked = there.yanked.as_deref().map(|why| format!(", and yanked: {}", visible(why)));
        return Ok(format!("  these files are in {} already{}\n", registry.shown(), yanked.unwrap_or_default()));
    }
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
    let found = compare(&package.root, &old, tree, named)?;
    let text = format!("since {}: {}\n{}", last.version, found.level().name(), found.text());
    match found.enough(&last.version, version) {
        None => Ok(text),
        Some(least) => Err(Failure::Malformed(format!(
            "{name} {version} is not enough for what has changed {text}  help: version = \"{least}\" in writ.toml; nothing was published"
        ))),
    }
}

/// What git keeps of a folder, where it does; refuses what it would lose.
///
/// - `dirty`: also what is not committed may be published.
/// - returns: its files, and a note where nothing says from where it was published.
fn kept_by_git(folder: &Path, dirty: bool) -> Result<(Option<BTreeSet<String>>, String), Failure> {
    let note = |what: &str| if dirty { String::new() } else { format!("note: {what}\n") };
    let (files, lines) = match git::sources(folder)? {
        Sources::Kept { files, dirty } => (files, dirty),
        Sources::Ignored => {
            return Ok((None, note("git ignores this folder, so nothing says what was published from where")));
        }
        Sources::Nowhere => {
            return Ok((None, note("this is no git repository, so nothing says what was published from where")));
        }
        Sources::Unknown => return Ok((None, note("git is not here, so nothing says what is committed"))),
    };
    if lines.is_empty() || dirty {
        return Ok((Some(files), String::new()));
    }
    let shown: String = lines.iter().take(10).map(|line| format!("  {line}\n")).collect();
    let more = if lines.len() > 10 { format!("  … and {} more\n", lines.len() - 10) } else { String::new() };
    Err(Failure::Malformed(format!(
        "{}: not all of it is committed:\n{shown}{more}  help: commit it first; --allow-dirty publishes it all the same",
        folder.display()
    )))
}

/// What belongs to the package and is left out, a line each.
fn without(ignored: &[String]) -> String {
    let few = ignored.iter().take(10).map(|path| format!("note: git ignores {path}, so it is left out\n"));
    let more = ignored.len().saturating_sub(10);
    few.chain((more > 0).then(|| format!("note: and {more} more\n"))).collect()
}

/// `writ test` of a folder.
fn tests(folder: &Path) -> Result<arguments::Test, Failure> {
    let words = ["writ", "test", "--policy"].map(OsStr::new);
    match Arguments::try_parse_from(words.into_iter().chain([folder.as_os_str()])).map(|arguments| arguments.verb) {
        Ok(Verb::Test(test)) => Ok(test),
        _ => Err(Failure::Bug(String::from("these words are a test"))),
    }
}

/// Compiles the release as another package's dependency: what it does not export, its tests and its intents are not there, and
/// what it depends on is what the registries have of it.
///
/// - `named`: the registry that was named, for scopes of which the manifest says nothing.
fn as_others_will(package: &Package, tree: &Tree, release: &Release, named: Option<&str>) -> Result<(), Failure> {
    let manifest = packages::manifest::read("writ.toml", tree.text("writ.toml")?)?;
    let mut all = install::lasting(&manifest, package.installed.clone());
    let in_folders: Vec<Name> = all.iter().filter(|one| one.in_folder).map(|one| one.name.clone()).collect();
    if !in_folders.is_empty() {
        all = released(package, release, &in_folders, named)?;
    }
    let reading = as_dependency(&package.root, tree, &all)?;
    policy::compile(&reading).map(|_| ()).map_err(|failure| match failure {
        Failure::Policy(text) => Failure::Policy(format!(
            "as other packages will read it, it does not compile:\n{text}{}",
            match in_folders.as_slice() {
                [] => String::new(),
                folders =>
                    format!("\n  help: others get {} from a registry: publish what is here first", listed(folders)),
            }
        )),
        other => other,
    })
}

/// What a release depends on, from registries alone.
///
/// - `in_folders`: what stands in folders here, which nobody else has.
fn released(
    package: &Package,
    release: &Release,
    in_folders: &[Name],
    named: Option<&str>,
) -> Result<Vec<Installed>, Failure> {
    let workspace = Workspace::read(&package.root)?.stranger(&release.dependencies, named)?;
    let found = install::update(&workspace, &package::ways(false), in_folders, None);
    found.map(|updated| updated.all).map_err(|failure| match Failure::from(failure) {
        Failure::Malformed(why) => Failure::Malformed(format!(
            "others would not get what {} depends on: {why}\n  help: {} is in a folder here, and others get it from a registry: publish it first",
            release.name,
            listed(in_folders)
        )),
        other => other,
    })
}

fn listed(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<&str>>().join(", ")
}
