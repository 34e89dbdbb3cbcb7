//! `std.semver`: versions by Semantic Versioning 2.0.0, and requirements on them.

use super::{Function, PARTIAL, Pattern, Signature, TOTAL, patterns::kept, text};
use crate::{Type, Value};
use semver::{Comparator, Op, Version, VersionReq};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

const REQUIREMENT: Pattern = Pattern { parameter: 1, read: |range| requirement(range).map(|_| ()), enough: true };

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature {
        function: Function::SemverParse,
        name: "std.semver.parse",
        parameters: &["text"],
        overloads: &[&["string", "version"]],
        docs: "The version that a text says, to the letter of the specification: three numbers; unknown where it says none.",
        examples: &[("semver.parse(\"1.4.0-rc.1\")", "\"1.4.0-rc.1\""), ("semver.parse(\"1.4\")", "unknown")],
        run: |a| Value::parse(text(a, 0)?, &Type::Version),
        ..PARTIAL
    },
    Signature {
        function: Function::SemverCoerce,
        name: "std.semver.coerce",
        parameters: &["text"],
        overloads: &[&["string", "version"]],
        docs: "As `semver.parse`, but a `v` before it, leading zeros and missing numbers are forgiven: `v1.29` is 1.29.0. Unknown where it begins with no number, or has more than three.",
        examples: &[("semver.coerce(\"v1.29\")", "\"1.29.0\""), ("semver.coerce(\"latest\")", "unknown")],
        run: |a| Some(version(coerce(text(a, 0)?)?)),
        ..PARTIAL
    },
    Signature {
        function: Function::SemverMajor,
        name: "std.semver.major",
        parameters: &["of"],
        overloads: &[&["version", "nat"]],
        docs: "The first number; unknown beyond 63 bits.",
        examples: &[("semver.major(\"14.7.2\")", "14")],
        run: |a| number(of(a)?.major),
        ..PARTIAL
    },
    Signature {
        function: Function::SemverMinor,
        name: "std.semver.minor",
        parameters: &["of"],
        overloads: &[&["version", "nat"]],
        docs: "The second number; unknown beyond 63 bits.",
        examples: &[("semver.minor(\"14.7.2\")", "7")],
        run: |a| number(of(a)?.minor),
        ..PARTIAL
    },
    Signature {
        function: Function::SemverPatch,
        name: "std.semver.patch",
        parameters: &["of"],
        overloads: &[&["version", "nat"]],
        docs: "The third number; unknown beyond 63 bits.",
        examples: &[("semver.patch(\"14.7.2\")", "2")],
        run: |a| number(of(a)?.patch),
        ..PARTIAL
    },
    Signature {
        function: Function::SemverPreRelease,
        name: "std.semver.pre_release",
        parameters: &["of"],
        overloads: &[&["version", "string"]],
        docs: "What stands behind the `-`; empty for a release.",
        examples: &[("semver.pre_release(\"1.0.0-rc.1+b\")", "\"rc.1\""), ("semver.pre_release(\"1.0.0\")", "\"\"")],
        run: |a| Some(Value::text(of(a)?.pre.as_str())),
        ..TOTAL
    },
    Signature {
        function: Function::SemverBuild,
        name: "std.semver.build",
        parameters: &["of"],
        overloads: &[&["version", "string"]],
        docs: "The build metadata, which stands behind the `+`; empty where there is none.",
        examples: &[("semver.build(\"1.0.0-rc.1+b\")", "\"b\"")],
        run: |a| Some(Value::text(of(a)?.build.as_str())),
        ..TOTAL
    },
    Signature {
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
    },
];

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

fn of(arguments: &[Value]) -> Option<&Version> {
    match arguments.first()? {
        Value::Version(version) => Some(version),
        _ => None,
    }
}

fn version(version: Version) -> Value {
    Value::Version(Arc::new(version))
}

fn number(n: u64) -> Option<Value> {
    i64::try_from(n).ok().map(Value::Int)
}

fn coerce(text: &str) -> Option<Version> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let mut parts = numbers.split('.').map(|part| {
        let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if plain { part.parse::<u64>().ok() } else { None }
    });
    let major = parts.next()??;
    let (minor, patch) = (parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?);
    if parts.next().is_some() {
        return None;
    }
    format!("{major}.{minor}.{patch}{rest}").parse().ok()
}
