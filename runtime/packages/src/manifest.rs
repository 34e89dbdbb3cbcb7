//! What `writ.toml` says of a package: its name, what it depends on, where that is found and who is believed.
//!
//! Read downwards: [`Written`] is the file, [`Manifest`] a package, [`Shared`] what one file says for all packages of a
//! workspace.
//!
//! Only the tables that are the business of packages are read here (`[package]`, `[workspace]`, `[dependencies]`,
//! `[dev-dependencies]`, `[registries]`, `[trust.packages]`); the others are read, and their unknown keys refused, by who
//! owns them.
//! Not here: which folders are members of a workspace (`workspace`).

// LONG: each table beside the sentence about each way in which it can be wrong.

use crate::{Failure, Name, Range, Version, git, malformed, name};
use evidence::PublicKey;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// A `writ.toml`, as far as packages are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The package; the root of a workspace need not be one.
    pub package: Option<Manifest>,
    /// `members` of `[workspace]`: paths and globs, each with its place in the text.
    pub members: Option<Vec<Spanned<String>>>,
    /// What it says for all packages of its workspace.
    pub shared: Shared,
}

/// What one manifest says for all packages that are worked on together: where packages are found, and who is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// `[registries]`: by scope; `*` stands for every other scope.
    pub registries: BTreeMap<String, String>,
    speakers: BTreeMap<String, Speakers>,
}

/// The part of a manifest that packages are about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// `[package]`
    pub package: About,
    /// `[dependencies]`
    #[serde(default)]
    pub dependencies: BTreeMap<Name, Wanted>,
    /// `[dev-dependencies]`: what its own tests need, and nobody who depends on it.
    #[serde(default)]
    pub dev_dependencies: BTreeMap<Name, Wanted>,
    #[serde(default, deserialize_with = "places")]
    registries: BTreeMap<String, String>,
    #[serde(default)]
    trust: Trust,
    workspace: Option<Members>,
}

/// The root of a workspace that is no package: nothing else has a meaning in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Root {
    workspace: Members,
    #[serde(default, deserialize_with = "places")]
    registries: BTreeMap<String, String>,
    #[serde(default)]
    trust: TrustOfPackages,
}

/// `[workspace]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    members: Vec<Spanned<String>>,
}

/// `[trust]` where nobody decides.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustOfPackages {
    #[serde(default, deserialize_with = "believed")]
    packages: BTreeMap<String, Speakers>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
struct Trust {
    #[serde(default, deserialize_with = "believed")]
    packages: BTreeMap<String, Speakers>,
}

/// `[registries]`: by scope, or `*` for every other.
fn places<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    #[serde(try_from = "String")]
    struct Scope(String);

    impl TryFrom<String> for Scope {
        type Error = String;

        fn try_from(text: String) -> Result<Scope, String> {
            if text == "*" { Ok(Scope(text)) } else { name::scope(&text).map(|()| Scope(text)) }
        }
    }
    let read = BTreeMap::<Scope, String>::deserialize(deserializer)?;
    Ok(read.into_iter().map(|(scope, place)| (scope.0, place)).collect())
}

/// `[trust.packages]`: by scope. Nobody is believed for all of them: a name that is new would have to be trusted unseen.
fn believed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Speakers>, D::Error> {
    #[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    #[serde(try_from = "String")]
    struct Scope(String);

    impl TryFrom<String> for Scope {
        type Error = String;

        fn try_from(text: String) -> Result<Scope, String> {
            match text.as_str() {
                "*" => Err(String::from(
                    "`*` is no scope, and nobody is believed for all of them: write a line for each scope, such as `acme = [\"KEY\"]`",
                )),
                _ => name::scope(&text).map(|()| Scope(text)),
            }
        }
    }
    let read = BTreeMap::<Scope, Speakers>::deserialize(deserializer)?;
    Ok(read.into_iter().map(|(scope, speakers)| (scope.0, speakers)).collect())
}

/// `[package]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// `acme/payments`
    pub name: String,
    /// `1.4.0`
    #[serde(default = "first_version")]
    pub version: String,
    /// The edition of the language.
    #[serde(default = "first_edition")]
    pub edition: String,
    /// The party asked when nobody else has the right to decide.
    pub owner: Option<String>,
    /// What it is for, in a sentence.
    pub description: Option<String>,
    /// Under which licence it may be used.
    pub license: Option<String>,
    /// The lowest version of writ that reads it.
    pub writ: Option<Version>,
    /// The modules that other packages may use; without it, all but those below `tests`.
    pub exports: Option<Vec<String>>,
}

/// What is asked of a dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which versions will do.
    pub range: Range,
    /// Where it is.
    pub origin: Origin,
}

/// Where a dependency is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the registry of its scope.
    Registry,
    /// In a folder, seen from the manifest.
    Path(String),
    /// In a git repository.
    Git(Git),
}

/// A git repository, and what of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Git {
    /// What `git clone` takes.
    pub url: String,
    /// A tag, a branch or a commit; without it the repository's own choice. One that is said to be a tag or a branch has its
    /// whole name: `refs/tags/v1`.
    pub rev: Option<String>,
    /// The package's folder in it.
    pub folder: Option<String>,
}

/// Whose word counts for the packages of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speakers {
    /// A signature of one of these is needed.
    Keys(Vec<PublicKey>),
    /// Nobody's is needed.
    Unsigned,
}

/// A dependency that is written as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    version: Option<Range>,
    path: Option<String>,
    git: Option<String>,
    rev: Option<String>,
    tag: Option<String>,
    branch: Option<String>,
    folder: Option<String>,
}

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Wanted, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Wanted;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a range of versions (\"1.4\"), or a table with `version`, `path` or `git`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Wanted, E> {
                Ok(Wanted { range: Range::parse(text).map_err(E::custom)?, origin: Origin::Registry })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Wanted, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                let any = || Range::parse("*").expect("bug: a star is a range");
                let version = table.version.map(Range::some).transpose().map_err(de::Error::custom)?;
                let revs = [
                    table.rev,
                    table.tag.map(|tag| format!("{}{tag}", git::TAGS)),
                    table.branch.map(|branch| format!("{}{branch}", git::BRANCHES)),
                ];
                let mut revs = revs.into_iter().flatten();
                let rev = revs.next();
                if revs.next().is_some() {
                    return Err(de::Error::custom("`rev`, `tag` and `branch` each name a commit; write one"));
                }
                let beside = rev.is_some() || table.folder.is_some();
                let (range, origin) = match (version, table.path, table.git) {
                    (_, Some(_), Some(_)) => {
                        return Err(de::Error::custom("`path` and `git` are two places; write one"));
                    }
                    (_, path, None) if beside => {
                        let beside = path.map_or("a range", |_| "`path`");
                        return Err(de::Error::custom(format!(
                            "`rev`, `tag`, `branch` and `folder` belong to `git`, not to {beside}"
                        )));
                    }
                    (range, Some(path), None) => (range.unwrap_or_else(any), Origin::Path(path)),
                    (range, None, Some(url)) => {
                        let folder = table.folder.as_deref().map(git::folder).transpose().map_err(de::Error::custom)?;
                        let git = Git { url, rev, folder: folder.flatten() };
                        (range.unwrap_or_else(any), Origin::Git(git))
                    }
                    (Some(range), None, None) => (range, Origin::Registry),
                    (None, None, None) => return Err(de::Error::custom("`version`, `path` or `git` is missing")),
                };
                Ok(Wanted { range, origin })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Speakers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Speakers, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Speakers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of public keys, or \"unsigned\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Speakers, E> {
                match text {
                    "unsigned" => Ok(Speakers::Unsigned),
                    _ => Err(E::custom(format!("\"{text}\" is neither \"unsigned\" nor a list of public keys"))),
                }
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Speakers, A::Error> {
                let mut keys = Vec::new();
                while let Some(text) = list.next_element::<String>()? {
                    let key = PublicKey::parse(&text);
                    keys.push(key.map_err(|no| de::Error::custom(format!("\"{text}\" is no key: {no}")))?);
                }
                Ok(Speakers::Keys(keys))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Shared {
    /// Takes the packages of a scope from anybody, where nothing is said of it: for who only looks at them.
    pub(crate) fn look_at(&mut self, scope: &str) {
        self.speakers.entry(scope.to_owned()).or_insert(Speakers::Unsigned);
    }

    /// Whose word counts for a scope; nobody's where the manifest does not say.
    pub fn speakers(&self, scope: &str) -> Option<&Speakers> {
        self.speakers.get(scope)
    }

    /// Where the packages of a scope are found.
    pub fn registry(&self, scope: &str) -> Option<&str> {
        self.registries.get(scope).or_else(|| self.registries.get("*")).map(String::as_str)
    }

    /// The first table of these that stands in the file, where one does.
    pub fn table(&self) -> Option<&'static str> {
        match (self.registries.is_empty(), self.speakers.is_empty()) {
            (false, _) => Some("registries"),
            (true, false) => Some("trust.packages"),
            (true, true) => None,
        }
    }
}

impl Manifest {
    /// Whether it depends on anything.
    pub fn depends(&self) -> bool {
        !self.dependencies.is_empty() || !self.dev_dependencies.is_empty()
    }

    /// What it says for all packages of its workspace.
    pub fn shared(&self) -> Shared {
        Shared { registries: self.registries.clone(), speakers: self.trust.packages.clone() }
    }

    /// All that it asks for, also for its tests.
    pub fn wanted(&self) -> impl Iterator<Item = (&Name, &Wanted)> {
        self.dependencies.iter().chain(&self.dev_dependencies)
    }
}

impl About {
    /// Its version as one.
    pub fn number(&self) -> Result<Version, Failure> {
        Version::parse(&self.version)
    }

    /// Whether other packages may use a module, by its name in the package.
    pub fn exports(&self, module: &str) -> bool {
        match &self.exports {
            Some(listed) => listed.iter().any(|one| one == module),
            None => module != "tests" && !module.starts_with("tests."),
        }
    }
}

fn first_version() -> String {
    String::from("0.1.0")
}

fn first_edition() -> String {
    String::from("2026")
}

/// Reads a manifest: of a package, of a workspace, or of both.
///
/// - `shown`: the file, for messages only.
pub fn written(shown: &str, text: &str) -> Result<Written, Failure> {
    if is_root_alone(text) {
        let root: Root = toml::from_str(text).map_err(|error| no_root(shown, text, &error))?;
        let shared = Shared { registries: root.registries, speakers: root.trust.packages };
        return Ok(Written { package: None, members: Some(root.workspace.members), shared });
    }
    let package = read(shown, text)?;
    let members = package.workspace.clone().map(|workspace| workspace.members);
    Ok(Written { shared: package.shared(), members, package: Some(package) })
}

/// What a person is told of a workspace's manifest that does not read.
fn no_root(shown: &str, text: &str, error: &toml::de::Error) -> Failure {
    match misread(shown, text, error) {
        Failure::Malformed(said) if error.message().starts_with("unknown") && !said.contains("help:") => {
            Failure::Malformed(format!(
                "{said}\n  help: without a [package] it says who the members are, where packages are found and who is believed; all else stands in the members"
            ))
        }
        other => other,
    }
}

/// Whether a manifest is that of a workspace, and of no package.
pub fn is_root_alone(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Tables {
        package: Option<de::IgnoredAny>,
        workspace: Option<de::IgnoredAny>,
    }
    toml::from_str::<Tables>(text).is_ok_and(|tables| tables.package.is_none() && tables.workspace.is_some())
}

/// `members` of `[workspace]`, whatever else the manifest says; `None` where it has no such table.
///
/// - `shown`: the file, for messages only.
pub fn members(shown: &str, text: &str) -> Result<Option<Vec<Spanned<String>>>, Failure> {
    #[derive(Deserialize)]
    struct Table {
        workspace: Option<Members>,
    }
    let table: Table = toml::from_str(text).map_err(|error| misread(shown, text, &error))?;
    Ok(table.workspace.map(|workspace| workspace.members))
}

/// Reads the part of a package's manifest that packages are about.
///
/// - `shown`: the file, for messages only.
pub fn read(shown: &str, text: &str) -> Result<Manifest, Failure> {
    let manifest: Manifest = toml::from_str(text).map_err(|error| match is_root_alone(text) {
        true => Failure::Malformed(format!(
            "{shown}: this is the root of a workspace, and no package itself\n  help: name the folder of one of its members"
        )),
        false => misread(shown, text, &error),
    })?;
    if manifest.package.edition != "2026" {
        let (edition, at) = (&manifest.package.edition, at(shown, text, &manifest.package.edition));
        return malformed(format!("{at}: edition \"{edition}\" is not known to this version of writ; write \"2026\""));
    }
    let word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
    };
    let name = &manifest.package.name;
    if name.split('/').count() > 2 || !name.split('/').all(word) {
        return malformed(format!(
            "{}: name = \"{name}\" is no package name; write \"scope/name\" in small letters, digits, `-` and `_`",
            at(shown, text, name)
        ));
    }
    if let Err(Failure::Malformed(no) | Failure::Fault(no)) = manifest.package.number() {
        let stated = &manifest.package.version;
        return malformed(format!("{}: version = {no}", at(shown, text, stated)));
    }
    if let Some(twice) = manifest.dependencies.keys().find(|name| manifest.dev_dependencies.contains_key(*name)) {
        return malformed(format!(
            "{shown}: `{twice}` stands under [dependencies] and [dev-dependencies]\n  help: the first is enough"
        ));
    }
    if let Some(own) = manifest.wanted().map(|(name, _)| name).find(|name| name.as_str() == manifest.package.name) {
        return malformed(format!("{shown}: `{own}` depends on itself"));
    }
    Ok(manifest)
}

/// What a person is told of a manifest that does not read: the place, what is wrong, and the key that was probably meant.
pub fn misread(shown: &str, text: &str, error: &toml::de::Error) -> Failure {
    let place = place(text, error.span().map_or(0, |span| span.start));
    let hint = meant(error.message()).map(|near| format!("\n  help: did you mean `{near}`?")).unwrap_or_default();
    Failure::Malformed(format!("{shown}:{place}: {}{hint}", plainly(error.message().trim())))
}

/// A complaint of the format's reader in a person's words.
fn plainly(message: &str) -> String {
    let found = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, expected)) = found.and_then(|rest| rest.split_once(", expected ")) {
        let expected = match expected {
            "a string" => "text in quotes",
            "a boolean" => "true or false",
            "a sequence" => "a list",
            "u32" | "u64" | "usize" => "a whole number from 0",
            other if other == "a map" || other.starts_with("struct ") => "a table",
            other => other,
        };
        return format!("this is the {found}, and {expected} was expected");
    }
    match message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
        Some(("package", _)) => "the table [package] is missing, with at least a `name`".to_owned(),
        Some((field, _)) => format!("`{field}` is missing here"),
        None => message.to_owned(),
    }
}

/// The place of a quoted text, where the manifest has it in that spelling: `writ.toml:2:8`; else the file.
fn at(shown: &str, text: &str, quoted: &str) -> String {
    let found = text.find(&format!("\"{quoted}\""));
    found.map_or_else(|| shown.to_owned(), |at| placed(shown, text, at))
}

/// `writ.toml:2:8`, for an offset.
pub fn placed(shown: &str, text: &str, at: usize) -> String {
    format!("{shown}:{}", place(text, at))
}

/// Line and column of an offset, both from 1.
pub(crate) fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{line}:{column}")
}

/// The known key nearest to the unknown one that a message names.
fn meant(message: &str) -> Option<String> {
    let mut words = message.split('`').skip(1).step_by(2);
    let wrong = words.next()?;
    if !message.starts_with("unknown") {
        return None;
    }
    words
        .map(|known| (strsim::levenshtein(wrong, known), known))
        .filter(|(far, _)| *far <= 3)
        .min()
        .map(|(_, known)| known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Origin, Speakers, read};
    use crate::Failure;

    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    fn complaint(rest: &str) -> String {
        let text = format!("[package]\nname = \"acme/shop\"\n{rest}");
        let Err(Failure::Malformed(said)) = read("writ.toml", &text) else { panic!("it reads: {text}") };
        said
    }

    #[test]
    fn a_dependency_is_a_range_or_a_place() {
        let text = format!(
            "[package]\nname = \"acme/shop\"\n[dependencies]\n\"acme/a\" = \"1.4\"\n\"acme/b\" = {{ path = \"../b\" }}\n\
             \"acme/c\" = {{ git = \"https://x/y\", rev = \"v1\", folder = \"c\", version = \"1\" }}\n\
             [trust.packages]\nacme = [\"{KEY}\"]\nopen = \"unsigned\"\n[trust]\ndecisions = []\n[[source]]\nany = 1\n"
        );
        let manifest = read("writ.toml", &text).expect("it is right");
        let origins: Vec<&Origin> = manifest.dependencies.values().map(|wanted| &wanted.origin).collect();
        assert!(matches!(origins[..], [Origin::Registry, Origin::Path(_), Origin::Git(_)]), "{origins:?}");
        let shared = manifest.shared();
        assert!(matches!(shared.speakers("acme"), Some(Speakers::Keys(keys)) if keys.len() == 1));
        assert_eq!(shared.speakers("open"), Some(&Speakers::Unsigned));
        assert_eq!(shared.speakers("other"), None);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_the_nearest() {
        for (text, said) in [
            ("licence = \"MIT\"\n", "writ.toml:3:1: unknown field `licence`"),
            ("[dependencies]\n\"acme/a\" = { versoin = \"1\" }\n", "did you mean `version`?"),
            ("[dependencies]\n\"acme/a\" = \"new\"\n", "no range of versions"),
            ("[dependencies]\nacme = \"1\"\n", "no package name"),
            ("[dependencies]\n\"acme/a\" = 1\n", "a range of versions (\"1.4\"), or a table"),
            ("[dependencies]\n\"acme/a\" = {}\n", "`version`, `path` or `git` is missing"),
            ("[dependencies]\n\"acme/a\" = { path = \"a\", rev = \"b\" }\n", "belong to `git`"),
            (
                "[dependencies]\n\"acme/a\" = { git = \"a\", tag = \"b\", branch = \"c\" }\n",
                "each name a commit; write one",
            ),
            ("[dependencies]\n\"acme/a\" = { git = \"a\", folder = \"../b\" }\n", "leads out of the repository"),
            ("[dependencies]\n\"acme/a\" = \">2, <1\"\n", "writ.toml:4:12: \">2, <1\" takes no version at all"),
            ("[dependencies]\n\"acme/a\" = { version = \">2, <1\" }\n", "takes no version at all"),
            ("[dependencies]\n\"acme/shop\" = \"1\"\n", "depends on itself"),
            ("[dependencies]\n\"std/state\" = \"1\"\n", "the standard library's"),
            ("[trust.packages]\nacme = [\"x\"]\n", "is no key"),
            ("[trust.packages]\nacme = \"any\"\n", "neither \"unsigned\" nor"),
            (
                "[trust.packages]\n\"*\" = \"unsigned\"\n",
                "writ.toml:4:1: `*` is no scope, and nobody is believed for all",
            ),
            (
                "[trust.packages]\n\"acme/a\" = []\n",
                "writ.toml:4:1: `acme/a` is a package, and this is said of a scope, for all its packages: write `acme`",
            ),
            ("[trust.packages]\nAcme = []\n", "`Acme` is no scope"),
            ("[registries]\n\"acme/a\" = \"x\"\n", "writ.toml:4:1: `acme/a` is a package, and this is said of a scope"),
            ("[registries]\nstd = \"x\"\n", "`std` is the standard library"),
            ("[workspace]\nmember = []\n", "did you mean `members`?"),
            ("[workspace]\n", "`members` is missing here"),
        ] {
            let told = complaint(text);
            assert!(told.contains(said), "{told}");
        }
    }
}
