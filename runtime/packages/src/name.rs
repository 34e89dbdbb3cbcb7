//! The name of a package: `scope/name`.
//!
//! INVARIANT: two names that are resolved together never give one module path (`resolve` refuses `a-b` beside `a_b`).

use crate::{Failure, malformed};
use serde::{Deserialize, Serialize};
use std::fmt;

/// `acme/payments`: who answers for it, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Reads `scope/name`: each a word of small letters, digits, `-` and `_` that begins with a letter, at most 64 long.
    pub fn parse(text: &str) -> Result<Name, Failure> {
        match text.split_once('/') {
            Some(("std", _)) => malformed(format!("\"{text}\": the scope `std` is the standard library's")),
            Some((scope, name)) if word(scope) && word(name) => Ok(Name(text.to_owned())),
            _ => malformed(format!(
                "\"{text}\" is no package name; write \"scope/name\" in small letters, digits, `-` and `_`"
            )),
        }
    }

    /// `acme`.
    pub fn scope(&self) -> &str {
        self.0.split_once('/').map_or("", |(scope, _)| scope)
    }

    /// `payments`.
    pub fn short(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }

    /// `acme/payments`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the names of its modules begin with where another package reads them: `acme.cis_aws` of `acme/cis-aws`.
    pub fn module(&self) -> String {
        self.0.replace('/', ".").replace('-', "_")
    }
}

/// The scope nearest to one of which nobody says anything, where one is near enough to be meant.
pub(crate) fn near_scope<'s>(wrong: &str, scopes: impl IntoIterator<Item = &'s String>) -> Option<&'s String> {
    let most = if wrong.len() < 4 { 1 } else { 2 };
    let near = scopes.into_iter().filter(|scope| *scope != "*").map(|scope| (strsim::levenshtein(wrong, scope), scope));
    near.filter(|(far, _)| (1..=most).contains(far)).min().map(|(_, scope)| scope)
}

/// The name nearest to one that nobody has, where one is near enough to be meant.
pub(crate) fn near(wrong: &Name, names: impl IntoIterator<Item = Name>) -> Option<Name> {
    let far = |name: &Name| strsim::levenshtein(wrong.as_str(), name.as_str());
    // Two letters that changed places are two edits; of a name that short, they would be another.
    let most = if wrong.short().len() < 4 { 1 } else { (wrong.short().len() / 3).clamp(2, 3) };
    let near = names.into_iter().map(|name| (far(&name), name)).filter(|(far, _)| (1..=most).contains(far));
    near.min().map(|(_, name)| name)
}

fn word(part: &str) -> bool {
    part.len() <= 64
        && part.starts_with(|c: char| c.is_ascii_lowercase())
        && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
}

/// Whether a key of [trust.packages] or [registries] may stand there: it is the scope of some package.
///
/// # Errors
/// What it is instead, and what would be right.
pub(crate) fn scope(text: &str) -> Result<(), String> {
    match text.split_once('/') {
        _ if text == "std" => Err(String::from("`std` is the standard library, which is inside of writ")),
        _ if word(text) => Ok(()),
        Some((scope, _)) if Name::parse(text).is_ok() => {
            Err(format!("`{text}` is a package, and this is said of a scope, for all its packages: write `{scope}`"))
        }
        _ => Err(format!(
            "`{text}` is no scope: write the first word of a package's name, `acme` of \"acme/payments\", in small letters, digits, `-` and `_`"
        )),
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = Failure;

    fn try_from(text: String) -> Result<Name, Failure> {
        Name::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, near, near_scope};

    #[test]
    fn a_name_is_two_words() {
        assert_eq!(Name::parse("acme/cis-aws").map(|name| name.module()).as_deref(), Ok("acme.cis_aws"));
        for text in ["", "acme", "acme/", "/a", "a/b/c", "Acme/x", "acme/../x", "std/state", "acme/1", "a b/c"] {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_meant_is_near_and_another() {
        let name = |text| Name::parse(text).expect("a name");
        let there = || ["acme/words", "acme/tagging", "open/words", "acme/x"].map(name);
        let meant = |wrong| near(&name(wrong), there()).map(|name| name.to_string());
        assert_eq!(meant("acme/word").as_deref(), Some("acme/words"));
        assert_eq!(meant("acne/words").as_deref(), Some("acme/words"));
        assert_eq!(meant("acme/wrods").as_deref(), Some("acme/words"));
        assert_eq!(meant("acme/y").as_deref(), Some("acme/x"));
        assert_eq!(meant("acme/swords2").as_deref(), Some("acme/words"));
        assert_eq!(meant("acme/other"), None);
        let scopes = ["*", "acme", "open"].map(str::to_owned);
        assert_eq!(near_scope("amce", &scopes).map(String::as_str), Some("acme"));
        assert_eq!(near_scope("a", &scopes), None);
    }
}
