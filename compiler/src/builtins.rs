//! The pages of the builtins, drawn from their table: what `writ explain net.contains` prints and `docs/builtins/` holds.
//!
//! Not here: what a builtin does (`program::functions`).

use crate::names::near;
use program::{Signature, functions};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The modules that have builtins, with what each is for; the empty name stands for operators and `size`.
const MODULES: [(&str, &str); 12] = [
    ("", "Operators, and what needs no module."),
    ("std.math", "Exact numbers. Nothing is rounded but where a word says how."),
    ("std.set", "Finite sets. Members are asked for with `in`, counted with `size`."),
    ("std.list", "Finite lists. Members are asked for with `in`, counted with `size`."),
    ("std.str", "Texts, counted in Unicode characters. None of these looks at a language or a locale."),
    ("std.regex", "Regular expressions, in time linear in the text."),
    ("std.glob", "Texts and paths against `*` and `?`."),
    ("std.net", "Addresses and networks of both families. Nothing of one family is part of the other."),
    ("std.time", "The calendar of UTC. What time it is stands in the relation `std.time.now`: there is no clock."),
    ("std.semver", "Versions by Semantic Versioning 2.0.0. They are ordered with `<` and its kin."),
    ("std.json", "JSON values. A path such as `cfg.ports[0]` needs none of these."),
    ("std.hash", "Digests and encodings."),
];

/// The page of a module: a heading, and a section for each builtin.
pub fn page(module: &str) -> String {
    let of = |signature: &&Signature| signature.module() == module;
    let heading = if module.is_empty() { "Operators" } else { module };
    let about = MODULES.iter().find(|(name, _)| *name == module).map_or("", |(_, about)| about);
    let sections: Vec<String> = functions().filter(of).map(section).collect();
    format!("# {heading}\n\n{about}\n\n{}", sections.join("\n"))
}

/// Every page by the name of its file under `docs/builtins`.
pub fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut index = String::from(
        "# Builtins\n\nPure, total and deterministic. A call that has no value (a division by zero, a text that says no number) gives an unknown that names \
         it; so does a call with an unknown argument. No module here needs a `use`. Each of these pages is drawn from the table that the compiler and \
         the engine read, and every example is run; `writ explain net.contains` prints one.\n\n| module | functions |\n|---|---|\n",
    );
    for (module, _) in MODULES {
        let names: Vec<&str> = functions().filter(|s| s.module() == module).map(Signature::short).collect();
        if names.is_empty() {
            continue;
        }
        let file = if module.is_empty() { "operators" } else { module.trim_start_matches("std.") };
        let shown = names.iter().map(|name| format!("`{}`", name.rsplit('.').next().unwrap_or(name)));
        let _ = writeln!(index, "| [`{file}`]({file}.md) | {} |", shown.collect::<Vec<_>>().join(", "));
        pages.insert(format!("{file}.md"), page(module));
    }
    pages.insert(String::from("README.md"), index);
    pages
}

/// What is printed of a builtin, or of a module of them: `net.contains`, `std.net`, `+`.
///
/// - returns: `Err` the name that is meant, where one is near.
pub fn explain(name: &str) -> Result<String, Option<&'static str>> {
    let plain = name.strip_prefix("std.").unwrap_or(name);
    if let Some(signature) = functions().find(|signature| signature.short() == plain) {
        return Ok(section(signature));
    }
    let module = format!("std.{plain}");
    if functions().any(|signature| signature.module() == module) {
        return Ok(page(&module));
    }
    Err(near(plain, functions().map(Signature::short)))
}

/// One builtin: how it is called, what it takes and gives, what it means, and examples.
fn section(signature: &Signature) -> String {
    let name = signature.short();
    let operator = name.chars().all(|c| !c.is_alphanumeric());
    let call = match (operator, signature.parameters) {
        (true, [a, b]) => format!("{a} {name} {b}"),
        (_, parameters) => format!("{name}({})", parameters.join(", ")),
    };
    let rows = signature.overloads.iter().filter_map(|row| row.split_last());
    let rows = rows.map(|(gives, takes)| format!("`({}) → {gives}`", takes.join(", ")));
    let types = match signature.overloads {
        [] => String::from("any values → `string`"),
        _ => rows.collect::<Vec<_>>().join(", "),
    };
    let mut out = format!("## {call}\n\n{types}\n\n{}\n\n", signature.docs);
    out.push_str("| call | gives |\n|---|---|\n");
    for (call, value) in signature.examples {
        let value = if *value == "unknown" { String::from("unknown") } else { format!("`{value}`") };
        let _ = writeln!(out, "| `{}` | {} |", call.replace('|', "\\|"), value.replace('|', "\\|"));
    }
    out
}
