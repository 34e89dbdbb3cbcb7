//! Digests: SHA-256, written `sha256:<hex>`.

use crate::Program;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Write};

/// A SHA-256 digest as `sha256:` and 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest::of_hash(&Sha256::digest(bytes).into())
    }

    /// The digest that is a SHA-256 made elsewhere.
    pub fn of_hash(hash: &[u8; 32]) -> Digest {
        let mut text = String::from("sha256:");
        for byte in hash {
            let _ = write!(text, "{byte:02x}");
        }
        Digest(text)
    }

    /// Reads `sha256:` and 64 hex digits.
    pub fn parse(text: &str) -> Option<Digest> {
        let hex = text.strip_prefix("sha256:")?;
        let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        (hex.len() == 64 && hex.chars().all(digit)).then(|| Digest(text.to_owned()))
    }

    /// The 64 hex digits.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Program {
    /// The digest of what the program means: SHA-256 of its RFC 8785 JSON without citations, integers as strings.
    pub fn digest(&self) -> Digest {
        let mut meaning = self.clone();
        meaning.rules.iter_mut().for_each(|rule| rule.citation = Default::default());
        Digest::of(&canonical(&meaning))
    }

    /// The digest of the citations alone, in rule order.
    pub fn citations_digest(&self) -> Digest {
        let citations: Vec<_> = self.rules.iter().map(|rule| &rule.citation).collect();
        Digest::of(&canonical(&citations))
    }
}

/// RFC 8785 JSON with every number written as a string, so that no reader loses digits.
fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    let mut tree = serde_json::to_value(value).expect("bug: a program is plain data");
    let written = if strings(&mut tree) { serde_json::to_vec(&tree) } else { serde_jcs::to_vec(&tree) };
    written.expect("bug: a JSON tree has a canonical form")
}

/// Makes every number a string.
///
/// - returns: whether a tree without numbers is written canonically as it stands, at a quarter of the cost: its keys are
///   sorted by their bytes, and RFC 8785 sorts by UTF-16 units, which is the same order below U+D800.
fn strings(value: &mut serde_json::Value) -> bool {
    match value {
        serde_json::Value::Number(number) => *value = serde_json::Value::String(number.to_string()),
        serde_json::Value::Array(items) => return items.iter_mut().fold(true, |all, item| strings(item) & all),
        serde_json::Value::Object(entries) => {
            let plain = entries.keys().all(|key| key.chars().all(|c| c <= '\u{d7ff}'));
            return entries.values_mut().fold(plain, |all, item| strings(item) & all);
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::String(_) => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{canonical, strings};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn trees() -> impl Strategy<Value = Value> {
        let text =
            || prop_oneof![4 => "[a-c\"\\\\\n\u{1}\u{7f}é]{0,4}", 1 => "[\u{d7ff}\u{e000}\u{ffee}\u{1f600}]{1,2}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(text(), inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_the_canonical_form(tree in trees()) {
            let mut told = tree.clone();
            strings(&mut told);
            prop_assert_eq!(canonical(&tree), serde_jcs::to_vec(&told).expect("a tree has one"));
        }
    }

    #[test]
    fn keys_past_the_surrogates_are_sorted_by_their_units() {
        let tree = json!({ "\u{1f600}": 1, "\u{ff5e}": 2 });
        assert_eq!(
            String::from_utf8(canonical(&tree)).expect("it is text"),
            "{\"\u{1f600}\":\"1\",\"\u{ff5e}\":\"2\"}"
        );
    }
}
