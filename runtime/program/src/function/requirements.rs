//! `semver.satisfies`: requirements on versions, as Cargo and Terraform write them.

use super::versions::of;
use super::{Function, PARTIAL, Pattern, Signature, patterns::kept, text};
use crate::Value;
use semver::{Comparator, Op, Version, VersionReq};
use std::cell::RefCell;
use std::collections::BTreeMap;

const REQUIREMENT: Pattern = Pattern { parameter: 1, read: |range| requirement(range).map(|_| ()), enough: true };

pub(super) const FUNCTIONS: &[Signature] = &[Signature {
    function: Function::SemverSatisfies,
    name: "std.semver.satisfies",
    parameters: &["of", "requirement"],
    overloads: &[&["version", "string", "bool"]],
    docs: "Whether the version meets a requirement: comparisons with commas between them, each `=`, `!=`, `>`, `>=`, `<`, `<=`, `~>` (Terraform's: only the last number written may grow), `^`, `~` (Cargo's), or a version with `*`. A number left out of a comparison may be any. A pre-release meets it only where the requirement names a pre-release of the same three numbers.",
    examples: &[
        ("semver.satisfies(\"1.5.7\", \">= 1.2, < 2\")", "true"),
        ("semver.satisfies(\"1.5.7\", \"~> 1.2\")", "true"),
        ("semver.satisfies(\"1.5.7\", \"~> 1.2.0\")", "false"),
        ("semver.satisfies(\"1.5.7\", \">= 1, != 1.5.7\")", "false"),
        ("semver.satisfies(\"2.0.0-rc.1\", \">= 1\")", "false"),
    ],
    pattern: Some(REQUIREMENT),
    run: |a| {
        let range = kept(&REQUIREMENTS, text(a, 1)?, |range| requirement(range).ok())?;
        Some(Value::Bool(range.met_by(of(a)?)))
    },
    ..PARTIAL
}];

/// A requirement taken apart: what must be met, and what must not.
#[derive(Clone)]
struct Requirement {
    met: VersionReq,
    not: Vec<VersionReq>,
}

impl Requirement {
    fn met_by(&self, version: &Version) -> bool {
        self.met.matches(version) && !self.not.iter().any(|range| range.matches(version))
    }
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let (mut met, mut not) = (Vec::new(), Vec::new());
    for part in text.split(',').map(str::trim) {
        if let Some(rest) = part.strip_prefix("!=") {
            not.push(read(&format!("={rest}"))?);
        } else if let Some(rest) = part.strip_prefix("~>") {
            met.push(grows(rest.trim())?);
        } else if part.starts_with(|c: char| c.is_ascii_digit()) && !part.contains('*') {
            // Cargo reads a bare version as `^`; what it says to anyone else is that version.
            met.extend(read(&format!("={part}"))?.comparators);
        } else {
            met.extend(read(part)?.comparators);
        }
    }
    Ok(Requirement { met: VersionReq { comparators: met }, not })
}

fn read(text: &str) -> Result<VersionReq, String> {
    VersionReq::parse(text).map_err(|fault| fault.to_string())
}

/// `~> 1.2`: 1.2 or later, before 2; `~> 1.2.3`: 1.2.3 or later, before 1.3.
fn grows(text: &str) -> Result<Comparator, String> {
    let mut comparator = Comparator::parse(text).map_err(|fault| fault.to_string())?;
    if comparator.op != Op::Caret || text.starts_with('^') {
        return Err(String::from("behind `~>` stands a version"));
    }
    // Of two numbers the second may grow: any version of the first from there on. Cargo's `^` says so, but below 1.
    comparator.op = if comparator.patch.is_some() { Op::Tilde } else { Op::Caret };
    match (comparator.major, comparator.minor, comparator.patch) {
        (0, Some(_), None) => Err(String::from("`~> 0.x` says no more than `>= 0.x, < 1`: write that")),
        _ => Ok(comparator),
    }
}

thread_local! {
    static REQUIREMENTS: RefCell<BTreeMap<String, Option<Requirement>>> = const { RefCell::new(BTreeMap::new()) };
}
