//! Values and builtins in the emitted file: the very text of `program`, cut to what a program calls.
//!
//! One meaning of values, in one text: what stands here is `program`'s sources, without what reads and writes JSON, and
//! with paths that hold wherever the module is put. Of other crates they need a calendar, networks, versions and
//! integers of any size: those are `standing`, held to the crates by this room's tests.

use crate::cone::Cone;
use program::Function;
use std::collections::BTreeSet;

/// Modules of `program` that are always there.
const MODULES: [(&str, &str); 9] = [
    ("value", include_str!("../../program/src/value.rs")),
    ("json", include_str!("../../program/src/json.rs")),
    ("object", include_str!("../../program/src/object.rs")),
    ("decimal", include_str!("../../program/src/decimal.rs")),
    ("types", include_str!("../../program/src/types.rs")),
    ("text", include_str!("../../program/src/text.rs")),
    ("expression", include_str!("../../program/src/expression.rs")),
    ("aggregate", include_str!("../../program/src/aggregate.rs")),
    ("function", include_str!("../../program/src/function.rs")),
];

/// The parts of the table of builtins; each but the first is there where one of its builtins is called.
const PARTS: [(&str, &str); 11] = [
    ("own", include_str!("../../program/src/function/own.rs")),
    ("numbers", include_str!("../../program/src/function/numbers.rs")),
    ("collections", include_str!("../../program/src/function/collections.rs")),
    ("strings", include_str!("../../program/src/function/strings.rs")),
    ("net", include_str!("../../program/src/function/net.rs")),
    ("time", include_str!("../../program/src/function/time.rs")),
    ("versions", include_str!("../../program/src/function/versions.rs")),
    ("data", include_str!("../../program/src/function/data.rs")),
    // What needs more than the standard library, and is refused.
    ("patterns", ""),
    ("requirements", ""),
    ("encodings", ""),
];

/// What stands in the place of other crates.
const STANDING: [(&str, &str); 4] = [
    ("ipnet", include_str!("standing/ipnet.rs")),
    ("semver", include_str!("standing/semver.rs")),
    ("jiff", include_str!("standing/jiff.rs")),
    ("num_bigint", include_str!("standing/num_bigint.rs")),
];

/// What `program` shows of its modules, as far as they are here.
const SHOWN: &str = "\
    pub use aggregate::{Aggregate, aggregate};
    pub use decimal::{Decimal, Rounding};
    pub use expression::{Comparison, Expr, Presence, Step, Truth, compare, convert, elements, evaluate, presence, range};
    pub use function::{Function, Pattern, Signature, functions};
    pub use json::Json;
    pub use object::Object;
    pub use text::{quote, write_duration, write_time};
    pub use types::Type;
    pub use value::{Unknown, Value};
";

/// The module of values and builtins.
pub(crate) fn write(cone: &Cone<'_>) -> String {
    let parts = parts(&cone.functions);
    let mut text = String::from("/// Values and builtins.\npub mod writ {\n");
    text += SHOWN;
    for (name, source) in MODULES {
        let mut body = adapted(source, "super::");
        if name == "function" {
            for (part, _) in PARTS.iter().filter(|(part, _)| !parts.contains(part)) {
                body =
                    body.replace(&format!("mod {part};\n"), "").replace(&format!("        {part}::FUNCTIONS,\n"), "");
            }
            for (part, source) in PARTS.iter().filter(|(part, _)| parts.contains(part)) {
                let inner = module(part, &adapted(source, "super::super::"));
                body = body.replace(&format!("mod {part};\n"), &inner);
            }
        }
        text += "\n";
        text += &indented(&module(name, &body));
    }
    for (name, source) in STANDING {
        text += "\n";
        text += &indented(&module(name, source));
    }
    text + "}\n"
}

/// The parts that the builtins stand in.
fn parts(functions: &BTreeSet<Function>) -> BTreeSet<&'static str> {
    let part = |function: &Function| {
        let name = function.signature()?.name;
        let starts = [
            ("std.math.", "numbers"),
            ("std.set.", "collections"),
            ("std.list.", "collections"),
            ("std.str.", "strings"),
            ("std.net.", "net"),
            ("std.time.", "time"),
            ("std.semver.", "versions"),
            ("std.json.", "data"),
        ];
        let found = starts.iter().find(|(start, _)| name.starts_with(start));
        found.map(|(_, part)| *part).or((name == "size").then_some("collections"))
    };
    // Aggregates add.
    ["own", "numbers"].into_iter().chain(functions.iter().filter_map(part)).collect()
}

/// A source of `program` that stands `up` from the module of them all.
fn adapted(source: &str, up: &str) -> String {
    let mut text = String::with_capacity(source.len());
    // How it is read and written by hand stands last in its file, with its tests behind it.
    let source = source.split("\nimpl Serialize for ").next().unwrap_or(source);
    for line in source.lines() {
        let bare = line.trim_start();
        if bare.starts_with("use serde::") || bare.starts_with("#[serde(") && bare.ends_with(")]") {
            continue;
        }
        text.push_str(line);
        text.push('\n');
    }
    let mut text = text.replace(", Serialize, Deserialize", "").replace("#[serde(with = \"crate::wide\")] ", "");
    text = text.replace("crate::", up);
    for (name, _) in STANDING {
        let path = format!("{name}::");
        text = text.replace(&path, &format!("{up}{path}"));
    }
    text
}

fn module(name: &str, body: &str) -> String {
    format!("pub mod {name} {{\n{}}}\n", indented(body))
}

fn indented(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { String::from("\n") } else { format!("    {line}\n") };
    text.lines().map(line).collect()
}
