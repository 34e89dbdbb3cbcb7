//! The rules of the house that no other tool keeps: arrows between rooms, who may do what, lengths and headers of files.

use golden_tests::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, its folder, and the rooms below it that it may use.
const ROOMS: &[(&str, &str, &[&str])] = &[
    ("program", "runtime/program", &[]),
    ("proof", "runtime/proof", &["program"]),
    ("engine", "runtime/engine", &["program", "proof"]),
    ("import", "runtime/import", &["program"]),
    ("model", "runtime/model", &["program"]),
    ("evidence", "runtime/evidence", &["program", "proof"]),
    ("emit", "runtime/emit", &["program"]),
    ("packages", "runtime/packages", &["program", "evidence"]),
    ("decide", "runtime/decide", &["program", "proof", "engine", "evidence"]),
    ("syntax", "compiler/syntax", &[]),
    ("compiler", "compiler", &["program", "syntax"]),
    ("lsp", "lsp", &["program", "proof", "engine", "import", "model", "evidence", "packages", "decide", "compiler"]),
    (
        "cli",
        "cli",
        &["program", "proof", "engine", "import", "model", "evidence", "emit", "packages", "decide", "compiler", "lsp"],
    ),
    ("verify", "verify", &["evidence"]),
    ("golden-tests", "golden-tests", &["cli", "verify"]),
];

/// Words that may not stand in the sources of a room, and why.
const NEVER: &[(&[&str], &[&str], &str)] = &[
    (
        &["program", "proof", "engine", "model", "evidence", "emit", "decide", "syntax", "compiler", "import"],
        &["std::fs", "File::open", "std::net::Tcp", "std::process::Command"],
        "opens a file or a socket: contents are passed in",
    ),
    (
        &[
            "program", "proof", "engine", "import", "model", "evidence", "emit", "packages", "decide", "syntax",
            "compiler",
        ],
        &["SystemTime", "Instant::now", "std::env::", "println!", "eprintln!", "process::exit", "rand::"],
        "reads a clock or the environment, or prints: only programs do",
    ),
    (
        &["engine", "proof"],
        &["serde_json", "syntax::", "span"],
        "knows text or JSON: the engine and the checker see values",
    ),
    (&["import"], &["\"aws_", "\"google_", "\"azurerm_"], "names a provider's type: meaning is written in Writ"),
];

#[test]
fn arrows_only_point_down() {
    let mut wrong = String::new();
    for (room, folder, may) in ROOMS {
        let text = read(&root().join(folder).join("Cargo.toml"));
        let manifest: toml::Table = text.parse().expect("a manifest is TOML");
        let named = manifest.get("dependencies").and_then(|d| d.as_table()).cloned().unwrap_or_default();
        for (dependency, _) in named {
            let ours = ROOMS.iter().any(|(name, _, _)| *name == dependency);
            if ours && !may.contains(&dependency.as_str()) {
                wrong += &format!("{room} uses {dependency}, which is not below it\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_member_of_the_workspace_is_a_room() {
    let manifest: toml::Table = read(&root().join("Cargo.toml")).parse().expect("a manifest is TOML");
    let members = manifest["workspace"]["members"].as_array().expect("members are a list");
    let members: BTreeSet<&str> = members.iter().filter_map(|m| m.as_str()).collect();
    let rooms: BTreeSet<&str> = ROOMS.iter().map(|(_, folder, _)| *folder).collect();
    assert_eq!(members, rooms);
    assert!(!read(&root().join("Cargo.toml")).contains("panic ="), "salsa cancels by unwinding");
}

#[test]
fn nobody_does_what_the_house_forbids() {
    let mut wrong = String::new();
    for (rooms, words, why) in NEVER {
        for (path, text) in rooms.iter().flat_map(|room| sources(room)) {
            // What stands below `mod tests` is a test's own business.
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            for word in *words {
                for (number, line) in text.lines().enumerate() {
                    if names(line, word) && !line.trim_start().starts_with("//") {
                        wrong += &format!("{}:{}: `{word}`: {why}\n", path.display(), number + 1);
                    }
                }
            }
        }
    }
    for (path, text) in sources("compiler") {
        let at = path.to_string_lossy();
        if !at.ends_with("src/database.rs") && !at.contains("src/database/") && text.contains("salsa::") {
            wrong += &format!("{}: knows salsa, which is the business of `database`\n", path.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_diagnostic_knows_no_stage() {
    let text = read(&root().join("compiler/src/diagnostic.rs"));
    let uses = text.lines().filter(|line| line.starts_with("use crate::")).collect::<Vec<_>>();
    assert!(uses.is_empty(), "error types that know everyone tie import circles: {uses:?}");
}

#[test]
fn a_stage_returns_what_is_wrong_beside_what_it_made_and_takes_no_database() {
    let database = read(&root().join("compiler/src/database.rs"));
    // Questions are asked from outside, of a snapshot, and pages are drawn of one; they are no stage.
    let outside = ["database.rs", "question.rs", "reference.rs"];
    let mut wrong = String::new();
    for (path, text) in sources("compiler") {
        // So are an editor's.
        let editor = path.to_string_lossy().contains("src/ide/");
        let inside = path.parent().is_some_and(|folder| folder.ends_with("database"));
        if outside.iter().any(|file| path.ends_with(file)) || inside || editor {
            continue;
        }
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        if text.contains("\nuse proptest::") {
            continue;
        }
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if ["Database", "Snapshot", "dyn Db"].iter().any(|word| names(line, word)) {
                wrong += &format!("{}:{}: takes the database\n", path.display(), number + 1);
            }
        }
        for (name, answer) in signatures(text) {
            let asked = database.contains(&format!("{name}(")) || answer.contains("Vec<Diagnostic>");
            if asked && answer.contains("Result<") && answer.contains("Diagnostic") {
                wrong += &format!("{}: `{name}` returns a Result for the author's mistakes\n", path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The functions that a text lets others call, each with what it returns.
fn signatures(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for start in ["\npub fn ", "\npub(crate) fn "] {
        for (at, _) in text.match_indices(start) {
            let rest = &text[at + start.len()..];
            let head = rest.split(" {\n").next().unwrap_or_default();
            let name = head.split(['(', '<']).next().unwrap_or_default();
            found.push((name, head.rsplit_once("->").map_or("", |(_, answer)| answer)));
        }
    }
    found
}

#[test]
fn the_editor_s_door_holds_no_language() {
    let stages = ["lower", "resolve", "check", "graph", "binding", "names", "scope", "signatures", "constant", "hir"];
    let mut wrong = String::new();
    for (path, text) in sources("lsp") {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let stage = stages.iter().find(|stage| names(line, &format!("compiler::{stage}")));
            let below = ["syntax::", "engine::", "proof::", "import::", "evidence::"];
            let below = below.iter().find(|room| names(line, room));
            if let Some(word) = stage.or(below) {
                wrong +=
                    &format!("{}:{}: `{word}`: answers about text live in compiler/ide\n", path.display(), number + 1);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What of `proof` is data without a law: it is read, and checks nothing.
const SHAPES: [&str; 5] = ["certificate.rs", "flaw.rs", "inputs.rs", "lib.rs", "proof.rs"];

#[test]
fn the_checker_is_small_enough_to_read_in_an_evening() {
    let shape = |path: &Path| path.file_name().is_some_and(|name| SHAPES.iter().any(|shape| name == *shape));
    let (shapes, checks): (Vec<_>, Vec<_>) = sources("proof").into_iter().partition(|(path, _)| shape(path));
    let lines =
        |files: &[(PathBuf, String)]| -> usize { files.iter().map(|(_, text)| code(text).lines().count()).sum() };
    assert!(lines(&checks) <= 1_200, "checker and meaning have {} lines; 1,200 is the promise", lines(&checks));
    assert!(lines(&shapes) <= 200, "the shapes that they read have {} lines; docs/proofs.md says 200", lines(&shapes));
    let root_text = read(&root().join("runtime/proof/src/lib.rs"));
    assert!(root_text.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn files_end_where_their_idea_ends() {
    let (mut wrong, mut asked) = (String::new(), String::new());
    for (path, text) in all() {
        let lines = text.lines().count();
        if lines > 800 {
            wrong += &format!("{}: {lines} lines; 800 are refused\n", path.display());
        } else if lines > 500 && !text.contains("// LONG:") {
            asked += &format!("{}: {lines} lines; say why on a line `// LONG: …`, or split it\n", path.display());
        }
    }
    assert!(wrong.is_empty() && asked.is_empty(), "{wrong}{asked}");
}

#[test]
fn every_file_says_what_it_is() {
    let mut wrong = String::new();
    for (path, text) in all() {
        let first = text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") || first.contains("This module") {
            wrong += &format!("{}: the first line is a noun phrase behind `//!`\n", path.display());
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if ["mod", "core", "common", "utils", "util", "helpers", "misc"].contains(&name.as_str()) {
            wrong += &format!("{}: a file is named for its idea\n", path.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["todo!(", "unimplemented!(", "#[ignore", concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut wrong = String::new();
    for (path, text) in all() {
        if path.ends_with("house.rs") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                wrong += &format!("{}:{}: {}\n", path.display(), number + 1, line.trim());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Whether a line names the word, and not a longer one that ends like it.
fn names(line: &str, word: &str) -> bool {
    let within = |c: char| c.is_alphanumeric() || c == '_';
    let starts_name = word.starts_with(within);
    line.match_indices(word).any(|(at, _)| !starts_name || !line[..at].ends_with(within))
}

/// A source without its tests, blank lines and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let kept = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"));
    kept.collect::<Vec<_>>().join("\n")
}

/// The Rust files of a room's `src`, test modules of their own left out.
fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let folder = ROOMS.iter().find(|(name, _, _)| *name == room).map(|(_, folder, _)| *folder).expect("a room");
    let mut found = BTreeMap::new();
    walk(&root().join(folder).join("src"), &mut found);
    found.retain(|path, _| !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests"));
    found.into_iter().collect()
}

/// Every Rust file of the workspace, tests included.
fn all() -> Vec<(PathBuf, String)> {
    let mut found = BTreeMap::new();
    for (_, folder, _) in ROOMS {
        for part in ["src", "tests", "benches"] {
            walk(&root().join(folder).join(part), &mut found);
        }
    }
    found.into_iter().collect()
}

fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.insert(path.clone(), read(&path));
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
