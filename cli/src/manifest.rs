//! `writ.toml`: the package and the sources of its facts.
//!
//! Not here: the tables that are the business of packages, and which packages are worked on together (`packages`).

use crate::failure::Failure;
use evidence::PublicKey;
use import::{Format, Records};
use packages::manifest::About;
use program::{Speaks, Type, Value, visible};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// `[package]`
    pub(crate) package: About,
    /// `[[source]]`, in the order of the file.
    #[serde(default)]
    pub(crate) source: Vec<Source>,
    /// `[trust]`
    #[serde(default)]
    pub(crate) trust: Trust,
    // What follows is read by `packages`, with the table above.
    #[serde(default, rename = "dependencies")]
    _dependencies: IgnoredAny,
    #[serde(default, rename = "dev-dependencies")]
    _dev_dependencies: IgnoredAny,
    #[serde(default, rename = "registries")]
    _registries: IgnoredAny,
    #[serde(default, rename = "workspace")]
    _workspace: IgnoredAny,
}

/// `[trust]`: whose signatures are believed, by public keys.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trust {
    /// Of those who decide: under records and under the log.
    #[serde(default, deserialize_with = "somebody")]
    pub(crate) decisions: Vec<Key>,
    /// Of those who approve and waive, by the party whose word it is.
    #[serde(default, deserialize_with = "parties")]
    pub(crate) approvals: BTreeMap<String, Vec<Key>>,
    // Of those who publish packages: read by `packages`.
    #[serde(default, rename = "packages")]
    _packages: IgnoredAny,
}

impl Trust {
    /// Whose words count, where it says whose signatures do; nothing where anybody's words count.
    pub(crate) fn speakers(&self) -> Option<BTreeSet<String>> {
        let parties = || self.approvals.keys().cloned().collect();
        (!self.approvals.is_empty()).then(parties)
    }
}

/// Keys, at least one: a list of nobody would read as nobody being asked for.
fn somebody<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Key>, D::Error> {
    let keys = Vec::<Key>::deserialize(deserializer)?;
    match keys.is_empty() {
        true => Err(D::Error::custom(
            "`decisions` names no key, and nobody would be believed: name one, or leave the line out",
        )),
        false => Ok(keys),
    }
}

/// Keys by the party for whom they speak, which is somebody.
fn parties<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<Key>>, D::Error> {
    #[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    #[serde(try_from = "String")]
    struct Party(String);

    impl TryFrom<String> for Party {
        type Error = String;

        fn try_from(text: String) -> Result<Party, String> {
            match text.as_str() {
                "*" => Err(String::from(
                    "`*` is no party, and nobody speaks for all of them: write a line for each, such as `\"team-security\" = [\"KEY\"]`",
                )),
                other if other.trim() != other || other.is_empty() || other.contains(char::is_control) => Err(format!(
                    "\"{}\" is no party: write whose word it is, as `to` and `accountable` name them",
                    visible(other)
                )),
                _ => Ok(Party(text)),
            }
        }
    }
    let read = BTreeMap::<Party, Vec<Key>>::deserialize(deserializer)?;
    Ok(read.into_iter().map(|(party, keys)| (party.0, keys)).collect())
}

/// A public key in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Key(pub(crate) PublicKey);

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(text: String) -> Result<Key, String> {
        PublicKey::parse(&text).map(Key).map_err(|no| format!("\"{text}\" is no key: {no}"))
    }
}

/// `[[source]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// Names it in verdicts.
    pub(crate) name: String,
    /// What wrote it.
    pub(crate) kind: Kind,
    /// Where it is, seen from the manifest; `*` stands for any part of a file's name.
    pub(crate) path: String,
    /// What it speaks for.
    pub(crate) speaks: Option<Speaks>,
    /// How old its facts may be, in microseconds: `"24h"`.
    #[serde(default, deserialize_with = "age")]
    pub(crate) max_age: Option<i64>,
    /// Among sources of one kind, the lower wins.
    #[serde(default)]
    pub(crate) rank: u32,
    /// Of a state: it is another workspace's than the package's own, whose resources are named `<estate>//<address>`.
    pub(crate) estate: Option<String>,
    /// Its absence or age is no ambiguity.
    #[serde(default)]
    pub(crate) optional: bool,
    /// Of records: where the rows are.
    pub(crate) rows: Option<String>,
    /// Of records: what a row is called; by the list that it is in, or one for all.
    pub(crate) id: Option<Id>,
    /// Of records: where the file says when it was observed.
    pub(crate) observed: Option<String>,
    /// Of records: the facts of a row.
    #[serde(default)]
    pub(crate) fact: Vec<Stated>,
}

/// A length of time above nothing, in microseconds.
fn age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match Value::parse(&text, &Type::Duration) {
        Some(Value::Duration(micros)) if micros > 0 => Ok(Some(micros)),
        _ => Err(D::Error::custom(format!("\"{text}\" is no age; write \"24h\", \"7d\" or \"30m\""))),
    }
}

/// `id = "{name}"`, or `id = { Vpcs = "{VpcId}" }`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Id {
    /// For all rows.
    One(String),
    /// By the name of the list.
    Each(BTreeMap<String, String>),
}

/// `[[source.fact]]`: a fact that each row gives.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stated {
    /// Its relation, qualified.
    pub(crate) relation: String,
    /// For each column where in the row its value is: `"{owner/team}"`.
    pub(crate) columns: BTreeMap<String, String>,
    /// A file of which no row has what the columns name is whole all the same.
    #[serde(default)]
    pub(crate) optional: bool,
}

/// What wrote a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A state file, or `terraform show -json` of one.
    TerraformState,
    /// `terraform show -json` of a plan: its world before.
    TerraformPlan,
    /// CSV, JSON or Writ.
    Facts,
    /// A CODEOWNERS file.
    Codeowners,
    /// Objects of a cluster: manifests, or what it answers.
    Kubernetes,
    /// Terraform's own text: a folder of `.tf` files.
    TerraformFolder,
    /// Rows of any tool, in JSON, NDJSON, YAML, TOML or CSV.
    Records,
}

impl Kind {
    /// Whether it states what is there, and not who may do what with it.
    pub(crate) fn is_state(self) -> bool {
        matches!(self, Kind::TerraformState | Kind::TerraformPlan | Kind::Kubernetes | Kind::TerraformFolder)
    }

    /// The format its file must have; facts come in several.
    pub(crate) fn format(self) -> Option<Format> {
        match self {
            Kind::TerraformState => Some(Format::TerraformState),
            Kind::TerraformPlan => Some(Format::TerraformPlan),
            Kind::Codeowners => Some(Format::Codeowners),
            Kind::Kubernetes => Some(Format::Kubernetes),
            Kind::Records => Some(Format::Records),
            Kind::TerraformFolder => Some(Format::TerraformFolder),
            Kind::Facts => None,
        }
    }
}

/// What stands for other letters in the path of a source.
pub(crate) const WILD: [char; 2] = ['*', '?'];

impl Source {
    /// How its rows are read.
    pub(crate) fn records(&self) -> Records {
        let stated = |one: &Stated| import::Stated {
            relation: one.relation.clone(),
            columns: one.columns.clone(),
            optional: one.optional,
        };
        Records {
            rows: self.rows.clone(),
            id: match &self.id {
                None => BTreeMap::new(),
                Some(Id::One(id)) => BTreeMap::from([(String::new(), id.clone())]),
                Some(Id::Each(ids)) => ids.clone(),
            },
            several: self.has_pattern(),
            observed: self.observed.clone(),
            facts: self.fact.iter().map(stated).collect(),
        }
    }

    /// Whether its path may be of several files.
    pub(crate) fn has_pattern(&self) -> bool {
        self.path.contains(WILD)
    }

    /// The relations that it can fill, where the manifest alone says so: those of a mapping; the one that a table is
    /// named after.
    pub(crate) fn fills(&self) -> Option<BTreeSet<String>> {
        match self.kind {
            Kind::Records if !self.fact.is_empty() => {
                Some(self.fact.iter().map(|stated| stated.relation.clone()).collect())
            }
            Kind::Facts => {
                let relation = self.path.rsplit('/').next()?.strip_suffix(".csv")?;
                (!relation.contains(['*', '?', '[', '{'])).then(|| BTreeSet::from([relation.to_owned()]))
            }
            Kind::TerraformState
            | Kind::TerraformPlan
            | Kind::Codeowners
            | Kind::Kubernetes
            | Kind::TerraformFolder
            | Kind::Records => None,
        }
    }
}

/// Whether a manifest says what it may, be it of a package or of a workspace.
///
/// - `path`: for messages only.
pub(crate) fn check(path: &Path, text: &str) -> Result<(), Failure> {
    packages::manifest::written(&path.display().to_string(), text)?;
    if packages::manifest::is_root_alone(text) { Ok(()) } else { read(path, text).map(|_| ()) }
}

/// Reads the manifest of a package.
///
/// - `path`: for messages only.
pub(crate) fn read(path: &Path, text: &str) -> Result<Manifest, Failure> {
    let shown = path.display().to_string();
    if packages::manifest::is_root_alone(text) {
        packages::manifest::read(&shown, text)?;
    }
    let manifest: Manifest = toml::from_str(text).map_err(|error| packages::manifest::misread(&shown, text, &error))?;
    packages::manifest::read(&shown, text)?;
    for (i, source) in manifest.source.iter().enumerate() {
        if manifest.source[..i].iter().any(|other| other.name == source.name) {
            let again = text.match_indices(&format!("\"{}\"", source.name)).nth(1).map(|(at, _)| at);
            let place = again.map_or_else(|| shown.clone(), |at| packages::manifest::placed(&shown, text, at));
            return Err(Failure::Malformed(format!("{place}: two sources are named `{}`", source.name)));
        }
        if source.estate.is_some() && matches!(source.kind, Kind::Facts | Kind::Codeowners) {
            return Err(Failure::Malformed(format!(
                "{}: source `{}`: `estate` goes in front of what a state or records name, and this is neither; leave it out",
                path.display(),
                source.name
            )));
        }
        let mapped =
            source.rows.is_some() || source.id.is_some() || source.observed.is_some() || !source.fact.is_empty();
        if mapped && source.kind != Kind::Records {
            return Err(Failure::Malformed(format!(
                "{}: source `{}`: `rows`, `id`, `observed` and `[[source.fact]]` say how records are read; write kind = \"records\", or leave them out",
                path.display(),
                source.name
            )));
        }
    }
    let unnamed = |source: &&Source| source.kind == Kind::TerraformState && source.estate.is_none();
    let mut own = manifest.source.iter().filter(unnamed);
    if let (Some(one), Some(other)) = (own.next(), own.next()) {
        return Err(Failure::Malformed(format!(
            "{}: sources `{}` and `{}` are states without `estate`: which of them says what the package itself has?\n  \
             help: write estate = \"{}\" in the other's table, and its resources are named `{}//<address>`",
            path.display(),
            one.name,
            other.name,
            other.name,
            other.name
        )));
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::read;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn complaint(text: &str) -> String {
        read(Path::new("writ.toml"), text).expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_place_and_the_nearest() {
        let text = "[package]\nname = \"a\"\n\n[[source]]\nname = \"s\"\nkind = \"facts\"\npath = \"f.csv\"\nmax_agee = \"1h\"\n";
        let said = complaint(text);
        assert!(said.contains("writ.toml:8:1"), "{said}");
        assert!(said.contains("did you mean `max_age`"), "{said}");
    }

    #[test]
    fn a_name_and_a_version_have_their_forms() {
        assert!(complaint("[package]\nname = \"My Policy\"\n").contains("no package name"));
        assert!(complaint("[package]\nname = \"a/b\"\nversion = \"one\"\n").contains("no version"));
    }

    #[test]
    fn a_key_that_can_never_mean_anything_is_refused() {
        let source = |more: &str| format!("[package]\nname = \"a\"\n{more}");
        for (more, said) in [
            ("[trust.approvals]\n\"*\" = []\n", "`*` is no party, and nobody speaks for all"),
            ("[trust.approvals]\n\" ana\" = []\n", "\" ana\" is no party"),
            ("[trust.packages]\n\"*\" = []\n", "`*` is no scope"),
            (
                "[[source]]\nname = \"s\"\nkind = \"facts\"\npath = \"f.csv\"\nestate = \"net\"\n",
                "source `s`: `estate` goes in front of what a state or records name, and this is neither",
            ),
        ] {
            let told = complaint(&source(more));
            assert!(told.contains(said), "{told}");
        }
    }

    #[test]
    fn a_length_of_time_is_checked() {
        let text = "[package]\nname = \"a\"\n[[source]]\nname = \"s\"\nkind = \"facts\"\npath = \"f\"\n";
        for age in ["soon", "-1h", "0s", ""] {
            let said = complaint(&format!("{text}max_age = \"{age}\"\n"));
            assert!(said.contains("writ.toml:7:11") && said.contains(&format!("\"{age}\" is no age")), "{said}");
        }
    }

    #[test]
    fn two_sources_have_two_names() {
        let source = "[[source]]\nname = \"s\"\nkind = \"facts\"\npath = \"f\"\n";
        assert!(complaint(&format!("[package]\nname = \"a\"\n{source}{source}")).contains("two sources"));
    }

    #[test]
    fn one_state_alone_is_the_package_s_own() {
        let state =
            |name: &str| format!("[[source]]\nname = \"{name}\"\nkind = \"terraform-state\"\npath = \"{name}\"\n");
        let two = format!("[package]\nname = \"a\"\n{}{}", state("s"), state("t"));
        assert!(complaint(&two).contains("`s` and `t`"));
        read(Path::new("writ.toml"), &format!("{two}estate = \"t\"\n")).expect("the other is named");
    }

    /// The words that the reader would have taken in place of `zz`.
    fn wanted(text: &str) -> BTreeSet<String> {
        let said = complaint(text);
        let (_, rest) = said.split_once("`zz`").unwrap_or_else(|| panic!("it is about something else: {said}"));
        rest.split("help:").next().unwrap_or_default().split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn an_editor_offers_just_what_is_read() {
        let package = "[package]\nname = \"a\"\n";
        for (table, text) in [
            ("package", String::from("[package]\nzz = 1\n")),
            ("workspace", format!("{package}[workspace]\nzz = 1\n")),
            ("source", format!("{package}[[source]]\nzz = 1\n")),
            ("source.fact", format!("{package}[[source]]\n[[source.fact]]\nzz = 1\n")),
            ("trust", format!("{package}[trust]\nzz = 1\n")),
            ("dependency", format!("{package}[dependencies]\n\"a/b\" = {{ zz = 1 }}\n")),
        ] {
            let mut known: BTreeSet<String> = lsp::manifest::keys(table).map(|(name, _)| name.to_owned()).collect();
            // These are tables of their own.
            let tables: &[&str] = match table {
                "trust" => &["approvals", "packages"],
                "source" => &["fact"],
                _ => &[],
            };
            known.extend(tables.iter().map(|name| (*name).to_owned()));
            assert_eq!(wanted(&text), known, "{table}");
        }
        for key in ["kind", "speaks"] {
            let text = format!("{package}[[source]]\n{key} = \"zz\"\n");
            let offered = lsp::manifest::keys("source").find(|(name, _)| *name == key).expect("it is a key").1;
            assert_eq!(wanted(&text), offered.iter().map(|value| (*value).to_owned()).collect(), "{key}");
        }
    }
}
