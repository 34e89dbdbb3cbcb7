//! A path of a rule that leads nowhere in the facts: what an analysis of facts hands to whoever knows the text.

use crate::Citation;
use std::collections::BTreeSet;

/// A path whose key `key` no fact has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nowhere {
    /// File, line, column and words of the rule.
    pub rule: (String, u32, u32, String),
    /// The path up to the key, from a variable of the rule: `rule.from_prt`.
    pub path: String,
    /// The key that is not there.
    pub key: String,
    /// The relation whose facts were read.
    pub relation: String,
    /// The keys that stand there in its facts.
    pub standing: BTreeSet<String>,
    /// What stands there that has no keys: `a list`, `a text`, `a number`, `a bool`.
    pub others: BTreeSet<&'static str>,
}

impl Nowhere {
    /// The place of a citation, in an order.
    pub fn place(citation: &Citation) -> (String, u32, u32, String) {
        let Citation { file, line, column, text } = citation;
        (file.clone(), *line, *column, text.clone())
    }
}
