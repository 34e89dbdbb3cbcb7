//! `std.semver`: versions by Semantic Versioning 2.0.0.
//!
//! Not here: requirements on them (`requirements`).

use super::{Function, PARTIAL, Signature, TOTAL, text};
use crate::{Type, Value};
use semver::Version;
use std::sync::Arc;

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
];

pub(super) fn of(arguments: &[Value]) -> Option<&Version> {
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
