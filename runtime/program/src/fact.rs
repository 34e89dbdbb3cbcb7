//! Facts: input tuples that know where they come from.

use crate::Value;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The values of one tuple, in column order.
pub type Tuple = Vec<Value>;

/// An input tuple with its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The relation's qualified name: `std.state.kind`.
    pub relation: Arc<str>,
    /// One value per column.
    pub tuple: Tuple,
    /// Where it was read.
    pub origin: Origin,
}

/// Where a fact was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The file or service.
    pub source: Arc<FactSource>,
    /// The place in it: a JSON pointer, or `line:column`.
    pub place: Arc<str>,
}

/// A file, or a service's answer, that facts were read from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FactSource {
    /// Its name in the manifest, or the file's name where none is declared.
    pub name: Arc<str>,
    /// What kind of source it is; decides between sources that disagree.
    pub kind: SourceKind,
    /// The path as given, with `/`.
    pub file: Arc<str>,
    /// What it speaks for.
    pub speaks: Speaks,
    /// Among sources of one kind, the lower wins.
    pub rank: u32,
    /// When it was observed, microseconds since 1970; the file's own timestamp or what the caller stated.
    pub observed_at: Option<i64>,
    /// SHA-256 of its bytes, in hex.
    pub digest: Arc<str>,
    /// Whether it says of itself that it is whole.
    pub complete: bool,
}

/// What kind of source a fact comes from, as `key(…) prefer (…)` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A Terraform plan.
    Plan,
    /// A Terraform state.
    State,
    /// A cloud's own answer.
    Cloud,
    /// Ownership files: CODEOWNERS and the like.
    Ownership,
    /// A facts file: CSV, JSON or Writ.
    Facts,
    /// The policy's own text, or a test.
    Text,
}

/// What a source speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaks {
    /// What is meant to be.
    Intended,
    /// What was built.
    Built,
    /// What runs.
    Running,
    /// For none of them: a list of teams, a catalog. So is a table of which nobody says it.
    Nothing,
}

impl SourceKind {
    /// The word of the manifest and of `prefer`.
    pub fn name(self) -> &'static str {
        match self {
            SourceKind::Plan => "plan",
            SourceKind::State => "state",
            SourceKind::Cloud => "cloud",
            SourceKind::Ownership => "ownership",
            SourceKind::Facts => "facts",
            SourceKind::Text => "text",
        }
    }
}

impl Speaks {
    /// The word of the manifest and of `std.source`.
    pub fn name(self) -> &'static str {
        match self {
            Speaks::Intended => "intended",
            Speaks::Built => "built",
            Speaks::Running => "running",
            Speaks::Nothing => "nothing",
        }
    }
}

/// The canonical line of a fact: `std.state.kind("db", "database")`. Sources do not take part.
impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl Fact {
    /// Writes the canonical line.
    ///
    /// # Errors
    /// Those of `out`, which may be full.
    pub fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str(&self.relation)?;
        out.write_str("(")?;
        for (i, value) in self.tuple.iter().enumerate() {
            if i > 0 {
                out.write_str(", ")?;
            }
            value.write(out)?;
        }
        out.write_str(")")
    }

    /// The order of the canonical lines, bytewise. They are written only where the first values that differ are not two
    /// texts, or where one of those has an escape there.
    pub fn cmp_lines(&self, other: &Fact) -> Ordering {
        let written = || self.to_string().cmp(&other.to_string());
        if self.relation != other.relation || self.tuple.len() != other.tuple.len() {
            return written();
        }
        for pair in self.tuple.iter().zip(&other.tuple) {
            match pair {
                // Facts of one thing share its name.
                (Value::Text(one), Value::Text(two)) if Arc::ptr_eq(one, two) => {}
                (Value::Text(one), Value::Text(two)) => match cmp_quoted(one, two) {
                    Some(Ordering::Equal) => {}
                    order => return order.unwrap_or_else(written),
                },
                (one, two) if one == two && one.to_string() == two.to_string() => {}
                _ => return written(),
            }
        }
        Ordering::Equal
    }
}

/// The order of two texts as they are quoted; `None` where the bytes in which they differ are not both written as they are.
fn cmp_quoted(one: &str, two: &str) -> Option<Ordering> {
    let (one, two) = (one.as_bytes(), two.as_bytes());
    let same = crate::text::alike(one, two);
    if same == one.len() && same == two.len() {
        return Some(Ordering::Equal);
    }
    // Where a text ends its quote stands.
    let at = |text: &[u8]| match text.get(same) {
        None => Some(b'"'),
        Some(byte) => Some(*byte).filter(|byte| crate::text::is_plain(*byte)),
    };
    Some(at(one)?.cmp(&at(two)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decimal, Json};
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Vec<Value>> {
        let text = prop_oneof!["[ -~]{0,3}", "[ !\"#a\\\\é\n\u{7f}\u{200e}]{0,3}", "a{0,3}"];
        let value = prop_oneof![
            6 => text.clone().prop_map(Value::text),
            1 => (-2_i64..13).prop_map(Value::Int),
            1 => any::<bool>().prop_map(Value::Bool),
            1 => text.prop_map(|text| Value::json(Json::Text(text.into()))),
            1 => (-3_i64..13).prop_map(|n| Value::Decimal(Decimal::from(n))),
        ];
        proptest::collection::vec(value, 0..4)
    }

    fn fact(relation: &str, tuple: Tuple) -> Fact {
        let source = FactSource {
            name: "s".into(),
            kind: SourceKind::Facts,
            file: "s.json".into(),
            speaks: Speaks::Nothing,
            rank: 0,
            observed_at: None,
            digest: "".into(),
            complete: true,
        };
        Fact { relation: relation.into(), tuple, origin: Origin { source: Arc::new(source), place: "/".into() } }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn lines_compare_as_they_are_written(
            one in values(),
            two in values(),
            shared in 0_usize..4,
            names in proptest::sample::select(vec![("a", "a"), ("a", "a.b"), ("b", "a")]),
        ) {
            // Most facts begin alike.
            let two: Tuple = one.iter().take(shared).chain(&two).cloned().collect();
            let (one, two) = (fact(names.0, one), fact(names.1, two));
            prop_assert_eq!(one.cmp_lines(&two), one.to_string().cmp(&two.to_string()));
            prop_assert_eq!(one.cmp_lines(&one), Ordering::Equal);
        }
    }
}
