//! Where releases are published and found.
//!
//! What a registry says of a release is believed only as far as its files show it: [`opened`] compares the two.
//!
//! Read downwards: [`Release`] is one version, [`Registry`] what every kind of registry can do, then a file for each kind.

pub mod directory;
pub mod oci;

use crate::install::Ways;
use crate::manifest::{self, Manifest, Origin};
use crate::{Failure, Name, Range, Tree, Version, archive, malformed};
use program::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What a registry says of one version of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// `acme/payments`
    pub name: Name,
    /// `1.4.0`
    pub version: Version,
    /// The lowest version of writ that reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writ: Option<Version>,
    /// What it depends on, and in which ranges.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependencies: BTreeMap<Name, Range>,
    /// Of its files.
    pub digest: Digest,
    /// Of its archive.
    pub archive: Digest,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Of the manifest under which an OCI registry keeps it.
    #[serde(skip)]
    pub oci: Option<Digest>,
}

/// A version in a registry's list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Which one.
    pub version: Version,
    /// Why nobody should take it anew.
    pub yanked: Option<String>,
}

/// What came of a release that was to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is there.
    Anew,
    /// It was there before, byte for byte with its signature: whoever lost the answer to publishing it asks again.
    Before,
}

/// Releases that are found by name.
pub trait Registry {
    /// How a person calls it.
    fn shown(&self) -> String;

    /// Whether it can be read at all; one that can be published in need not be there before.
    ///
    /// # Errors
    /// Why not.
    fn there(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// Every package, sorted; for a search.
    fn names(&self) -> Result<Vec<Name>, Failure>;

    /// The versions of a package, lowest first; none where there is no such package.
    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure>;

    /// What is said of a version.
    ///
    /// - `pin`: the digest under which it was found before, where the registry has such.
    fn release(&self, name: &Name, version: &Version, pin: Option<&Digest>) -> Result<Release, Failure>;

    /// The bytes of its archive, and its signature.
    fn fetch(&self, release: &Release) -> Result<(Vec<u8>, Option<Vec<u8>>), Failure>;

    /// Adds a release, whole or not at all.
    ///
    /// # Errors
    /// Where that version is there as anything else.
    fn publish(&self, release: &Release, archive: &[u8], signature: Option<&[u8]>) -> Result<Published, Failure>;

    /// Says that nobody should take a version anew, and why; or with `None` that it may be taken again.
    fn yank(&self, name: &Name, version: &Version, why: Option<&str>) -> Result<(), Failure>;
}

/// The registry at a location.
///
/// - `root`: what a path is seen from.
/// - `ways`: whether a network may be asked, and where credentials are looked for.
///
/// # Errors
/// Also where it is behind a network, and none may be asked.
pub fn at(location: &str, root: &Path, ways: &Ways) -> Result<Box<dyn Registry>, Failure> {
    if let Some(rest) = location.strip_prefix("oci://") {
        let registry = oci::Oci::new(rest, ways.docker.as_deref())?;
        if ways.offline {
            return malformed(format!(
                "{} is asked over a network, and none may be asked\n  help: leave out --offline and --frozen; a registry that is a folder needs no network",
                registry.shown()
            ));
        }
        return Ok(Box::new(registry));
    }
    if let Some((kind, _)) = location.split_once("://") {
        return malformed(format!(
            "\"{location}\": registries of the kind `{kind}` are not known\n  help: write a folder, \"../registry\", or \"oci://ghcr.io/acme/policies\""
        ));
    }
    Ok(Box::new(directory::Directory::new(root.join(location))))
}

/// What is said to whoever publishes a version once more.
///
/// - `registry`: as it is shown; `other`: how what is there differs, a line, or nothing.
pub fn published(name: &Name, version: &Version, registry: &str, other: &str) -> Failure {
    Failure::Malformed(format!(
        "{name} {version} is in {registry} already, and a release never changes{other}\n  help: raise the version in writ.toml"
    ))
}

/// How one that is there differs which has the same files.
const SIGNED_OTHERWISE: &str = "\n  its files there are the same, and its signature is not";

/// What is said to whoever takes back a word that nobody gave.
fn not_yanked(name: &Name, version: &Version) -> String {
    format!("{name} {version} is not yanked: it may be taken as it is")
}

/// The release that a tree is.
///
/// # Errors
/// Where its manifest names no package that others can depend on, or depends on what others cannot find.
pub fn release(tree: &Tree) -> Result<(Release, Manifest), Failure> {
    let manifest = manifest::read("writ.toml", tree.text("writ.toml")?)?;
    let name = Name::parse(&manifest.package.name)?;
    let mut dependencies = BTreeMap::new();
    for (other, wanted) in &manifest.dependencies {
        // A folder beside it is where its author works; others get the release of that range.
        let any = wanted.range.to_string() == "*";
        match &wanted.origin {
            Origin::Registry => {}
            Origin::Path(_) if !any => {}
            Origin::Path(_) => {
                return malformed(format!(
                    "writ.toml: `{other}` is in a folder, which others do not have\n  help: write the range of its releases beside it: {{ path = \"…\", version = \"1\" }}"
                ));
            }
            Origin::Git(_) => {
                return malformed(format!(
                    "writ.toml: `{other}` is in a git repository; what is published depends on what is published\n  help: publish it, and depend on its version"
                ));
            }
        }
        dependencies.insert(other.clone(), wanted.range.clone());
    }
    let release = Release {
        name,
        version: manifest.package.number()?,
        writ: manifest.package.writ.clone(),
        dependencies,
        digest: tree.digest(),
        archive: Digest::of(&archive::pack(tree)),
        description: manifest.package.description.clone(),
        oci: None,
    };
    Ok((release, manifest))
}

/// The tree of an archive that a registry gave for a release.
///
/// # Errors
/// Where the registry says something else of it than it is.
pub fn opened(registry: &dyn Registry, release: &Release, archive: &[u8]) -> Result<Tree, Failure> {
    let (name, version) = (&release.name, &release.version);
    let lies = |what: &str| {
        malformed(format!(
            "{name} {version}: {} says something else of it than it is: {what}\n  help: nothing of it was kept; ask who runs that registry",
            registry.shown()
        ))
    };
    if Digest::of(archive) != release.archive {
        return lies("its archive has another digest, or is cut short");
    }
    // Its words are about files that nobody here has seen, and its help is for who wrote them.
    let refused = |failure: Failure| match failure {
        Failure::Malformed(why) => {
            let why = why.split("\n  help:").next().unwrap_or_default();
            Failure::Malformed(format!(
                "{name} {version} in {}: {why}\n  help: nothing of it was kept; ask who runs that registry",
                registry.shown()
            ))
        }
        fault => fault,
    };
    let tree = archive::unpack(archive).map_err(refused)?;
    if tree.digest() != release.digest {
        return lies("its files have another digest");
    }
    let (true_one, _) = self::release(&tree).map_err(refused)?;
    if true_one.name != *name || true_one.version != *version {
        return lies(&format!("its manifest says {} {}", true_one.name, true_one.version));
    }
    if true_one.dependencies != release.dependencies || true_one.writ != release.writ {
        return lies("its manifest depends on something else");
    }
    Ok(tree)
}
