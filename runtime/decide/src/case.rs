//! What is asked of a decision: a program, the facts, a change, and who asks when.

use crate::footing::Footing;
use engine::Limits;
use evidence::{Aged, Assurance, Lapsed};
use program::{Change, Digest, Fact, FactSource, Origin, Program};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Everything a decision depends on. Equal cases give equal bytes.
#[derive(Clone)]
pub struct Case<'a> {
    /// The compiled policy.
    pub program: Arc<Program>,
    /// The world before, from every source, in any order.
    pub facts: Vec<Fact>,
    /// What is asked; one without actions for a question.
    pub change: Change,
    /// Who asks, as claimed.
    pub actor: Option<String>,
    /// In which session, as claimed.
    pub session: Option<String>,
    /// The time of the decision, microseconds since 1970.
    pub now: i64,
    /// Names the facts.
    pub model: Digest,
    /// What is known of the declared sources besides their facts.
    pub sources: Vec<SourceState>,
    /// How much may be used.
    pub limits: Limits<'a>,
    /// How much is checked before anything is said, at least.
    pub assurance: Assurance,
    /// The build that decides, as a record names it: `writ 0.1.0`.
    pub build: String,
    /// The record of an earlier decision on this change that this one replaces: the one that somebody's word answered.
    pub prior: Option<String>,
    /// Approvals that were given for something else than what stands here: told, and nothing more.
    pub lapsed: Vec<Lapsed>,
    /// What it may rest on of other cases of the same run. Has no part in what is decided.
    pub footing: Option<Footing>,
}

/// What is known of a declared source. Whether it is fresh enough follows by rule (`std.source.stale`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceState {
    /// It is declared, and absent.
    Missing(String),
    /// Its age is limited.
    Aged(Aged),
    /// It fills no relations but these, by qualified name. Of a source without this it is not known what it fills.
    Fills(String, BTreeSet<String>),
    /// A file of it that was not read whole, with the digest of its bytes.
    Part(String, String, String),
}

impl SourceState {
    /// The files that were not read whole.
    ///
    /// - `files`: of every source.
    pub fn parts(files: &[Arc<FactSource>]) -> Vec<SourceState> {
        let parts = files.iter().filter(|file| !file.complete);
        let part = |file: &Arc<FactSource>| {
            let [name, path, digest] = [&file.name, &file.file, &file.digest].map(ToString::to_string);
            SourceState::Part(name, path, digest)
        };
        parts.map(part).collect()
    }

    /// The source's name.
    pub fn name(&self) -> &str {
        match self {
            SourceState::Missing(name) | SourceState::Fills(name, _) | SourceState::Part(name, ..) => name,
            SourceState::Aged(aged) => &aged.source,
        }
    }
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A fact or a change that cannot be read as the program declares it.
    Malformed(Malformed),
    /// A limit was reached; the text names it.
    Limit(String),
    /// Our own mistake: a part of the answer did not stand up to its check.
    Bug(String),
}

/// Input that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// One lower-case sentence.
    pub what: String,
    /// Where it was read.
    pub origin: Option<Origin>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Malformed(Malformed { what, origin: Some(origin) }) => {
                write!(f, "{}: {}: {what}", origin.source.file, origin.place)
            }
            Failure::Malformed(Malformed { what, origin: None }) => f.write_str(what),
            Failure::Limit(what) => f.write_str(what),
            Failure::Bug(what) => write!(f, "bug: {what}"),
        }
    }
}
