//! The pages of the standard library: what `writ explain std.state.kind` prints and `docs/std/` holds.
//!
//! Drawn from the modules themselves: their declarations with the columns, and what stands above each.
//!
//! Not here: builtins, which have a table of their own (`builtins`).

use crate::database::{Database, Info};
use crate::interface::{Interface, Offer, Part, interface};
use crate::names::near;
use crate::stdlib;
use program::Severity;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What every module of the standard library offers: `state.kind`, `recovery.recoverable.key_lost`.
fn offered() -> Interface {
    let package = program::Package { name: "reference".into(), version: "1.0.0".into() };
    let snapshot = Database::new(Info { package, owner: None }).snapshot();
    let modules: Vec<String> = modules().map(|(name, _)| name.to_owned()).collect();
    interface(&snapshot.library(), None, "std", &modules)
}

/// The modules by their names without `std.`, with their texts.
fn modules() -> impl Iterator<Item = (&'static str, &'static str)> {
    stdlib::FILES.iter().map(|(file, text)| (file.trim_end_matches(".writ"), *text))
}

/// Every page by the name of its file under `docs/std`.
pub fn pages() -> BTreeMap<String, String> {
    let offered = offered();
    let mut pages = BTreeMap::new();
    let mut index = String::from(
        "# The standard library\n\nWhat each module declares, with its columns and their types. A page is drawn from the module that is shipped \
         inside; `writ explain std.state` prints one, `writ explain std.state.kind` a part of it. Functions stand with the \
         [builtins](../builtins/README.md).\n\n| module | what it holds |\n|---|---|\n",
    );
    for (module, text) in modules() {
        let Some(page) = page(&offered, module, text) else { continue };
        let first = about(text).split("\n\n").next().unwrap_or_default().replace('\n', " ");
        let _ = writeln!(index, "| [`std.{module}`]({module}.md) | {} |", first.replace('|', "\\|"));
        pages.insert(format!("{module}.md"), page);
    }
    pages.insert(String::from("README.md"), index);
    pages
}

/// What is printed of a module or of one of its names: `std.state`, `state.kind`, `std.recovery.recoverable`.
///
/// - returns: `Err` the name that is meant, where one is near.
pub fn explain(name: &str) -> Result<String, Option<String>> {
    let plain = name.strip_prefix("std.").unwrap_or(name);
    let offered = offered();
    if let Some((module, text)) = modules().find(|(module, _)| *module == plain)
        && let Some(page) = page(&offered, module, text)
    {
        return Ok(page);
    }
    let inner = format!("{plain}.");
    let found = offered.iter().filter(|(name, _)| *name == plain || name.starts_with(&inner));
    let sections: Vec<String> = found.map(|(name, offer)| section(&format!("std.{name}"), offer)).collect();
    if sections.is_empty() {
        let all = offered.keys().map(String::as_str).chain(modules().map(|(module, _)| module));
        return Err(near(plain, all).map(|near| format!("std.{near}")));
    }
    Ok(sections.join("\n"))
}

/// A heading, what the module says of itself, and a section for each name; `None` where it offers none.
fn page(offered: &Interface, module: &str, text: &str) -> Option<String> {
    let inner = format!("{module}.");
    let names = offered.iter().filter_map(|(name, offer)| Some((name.strip_prefix(&inner)?, offer)));
    let sections: Vec<String> = names.map(|(name, offer)| section(name, offer)).collect();
    (!sections.is_empty()).then(|| format!("# std.{module}\n\n{}\n\n{}", about(text), sections.join("\n")))
}

/// What stands at the head of a module.
fn about(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// One name: its declaration, what it means, and of a deny or an escalate how bad it is.
fn section(name: &str, offer: &Offer) -> String {
    let local = name.rsplit('.').next().unwrap_or(name);
    let parts: Vec<String> = offer.columns.iter().map(part).collect();
    let list = match offer.kind {
        "enum" => format!(" {{ {} }}", parts.join(", ")),
        "entity" => String::new(),
        _ => format!("({})", parts.join(", ")),
    };
    let said = |word: &str| offer.more.split(' ').any(|more| more == word);
    let scope = ["change", "authority"].into_iter().find(|word| said(word)).map(|word| format!("{word} "));
    let more = offer.more.replace("change", "").replace("authority", "").replace("@optional", "");
    let more = more.split_whitespace().collect::<Vec<_>>().join(" ");
    let more = if more.is_empty() { more } else { format!(" {more}") };
    let optional = if said("@optional") { "@optional\n" } else { "" };
    let (scope, kind) = (scope.unwrap_or_default(), offer.kind);
    let mut out = format!("## {name}\n\n```\n{optional}{scope}{kind} {local}{list}{more}\n```\n");
    if !offer.docs.is_empty() {
        let _ = write!(out, "\n{}\n", offer.docs.trim());
    }
    let severity = offer.severity.map(|one| match one {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    });
    let tags = offer.controls.iter().cloned().chain(severity.map(|one| format!("severity {one}")));
    let tags: Vec<String> = tags.chain(offer.waivable.as_ref().map(|right| format!("waivable by {right}"))).collect();
    if !tags.is_empty() {
        let _ = write!(out, "\n{}\n", tags.join(" · "));
    }
    out
}

fn part(part: &Part) -> String {
    let kind = if part.r#type.is_empty() { String::new() } else { format!(": {}", part.r#type) };
    let default = part.default.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
    // A measure stands before its name, as it is written.
    match part.r#type.split_once(' ') {
        Some((lattice @ ("least" | "most"), of)) => format!("{lattice} {}: {of}", part.name),
        _ => format!("{}{kind}{default}", part.name),
    }
}
