//! Facts: input tuples that know where they come from.

use crate::Value;
use serde::{Deserialize, Serialize};
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
}
