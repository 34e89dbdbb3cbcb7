//! Every file of the data folder, imported or refused with a reason; what each source gave, in facts and in edges.
//!
//! The table of all files is written to `target/tmp/data.txt`; the sums by source and by reason stand in `docs/real-data.md`.
//! Files of one folder are one model, of which the standard library derives the edges: in a release build only, since that
//! is some two thousand models.
//!
//! `WRIT_DATA` names the folder. Without it the test says what it skipped; with it a skip is a failure.

#![expect(clippy::print_stdout, reason = "the table of a run is its report")]

use compiler::database::{Info, compile};
use decide::{Assurance, Case, Limits, ask};
use golden_tests::tables::table;
use import::{Format, Imported, Malformed, Options, read, read_terraform};
use program::{Change, Digest, Fact, Program, RelationId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

/// What a source, a repository of one sort of files, gave.
#[derive(Default)]
struct Source {
    files: usize,
    refused: usize,
    facts: usize,
    skipped: usize,
    edges: usize,
}

#[test]
fn every_file_is_imported_or_refused_with_a_reason() {
    let Some(data) = env::var_os("WRIT_DATA").map(PathBuf::from) else {
        println!("1 skipped (no data): set WRIT_DATA to import what others wrote");
        return;
    };
    let law = Law::new();
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in files(&data) {
        folders.entry(path.parent().expect("below the data").to_owned()).or_default().push(path);
    }
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    let mut reasons: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut all_files = String::new();
    for (folder, paths) in &folders {
        let inside = folder.strip_prefix(&data).expect("below the data");
        let name: Vec<_> = inside.iter().take(2).map(|part| part.to_string_lossy()).collect();
        let source = sources.entry(name.join("/")).or_default();
        let mut facts = Vec::new();
        let text = |path: &PathBuf| ends(path, &["tf", "tfvars"]);
        let terraform = paths.iter().any(|path| ends(path, &["tf"]));
        let mut taken: Vec<(PathBuf, usize, Result<Imported, Malformed>)> = Vec::new();
        if terraform {
            let all = paths.iter().filter(|path| text(path)).count();
            taken.push((inside.to_owned(), all, configuration(&data, inside)));
        }
        for path in paths.iter().filter(|path| !(terraform && text(path))) {
            taken.push((path.strip_prefix(&data).expect("below").to_owned(), 1, import(&data, path)));
        }
        for (path, files, outcome) in taken {
            source.files += files;
            let shown = path.display();
            match outcome {
                Ok(mut imported) => {
                    // Who owns a folder is a fact once there is something in it: its rules are what the file gives.
                    let rules = imported.owners.as_ref().map_or(0, |owners| owners.rules.len());
                    let after = imported.change.iter().flat_map(|change| &change.actions);
                    imported.facts.extend(after.flat_map(|action| action.set.clone()));
                    let _ = writeln!(all_files, "read     {:>6}  {shown}", imported.facts.len() + rules);
                    for part in &imported.skipped {
                        let _ = writeln!(all_files, "skipped          {shown} {}: {}", part.place, part.why);
                    }
                    source.facts += imported.facts.len() + rules;
                    source.skipped += imported.skipped.len();
                    facts.append(&mut imported.facts);
                }
                Err(malformed) => {
                    let _ = writeln!(all_files, "refused          {shown}: {}", malformed.what);
                    assert!(!malformed.what.is_empty() && !malformed.what.contains("bug"), "{shown}: {malformed}");
                    source.refused += files;
                    let reason = reasons.entry(kind_of(&malformed.what)).or_insert((0, shown.to_string()));
                    reason.0 += files;
                }
            }
        }
        if !cfg!(debug_assertions) {
            source.edges += law.edges(facts).unwrap_or_else(|failure| panic!("{}: {failure}", inside.display()));
        }
    }
    let whole = Path::new(env!("CARGO_TARGET_TMPDIR")).join("data.txt");
    fs::write(&whole, all_files).expect("the target folder is writable");
    let mut given = String::from(
        "| source | files | refused | objects passed over | facts, and lines of CODEOWNERS |\n|---|--:|--:|--:|--:|\n",
    );
    let mut edges = String::from("| source | edges |\n|---|--:|\n");
    let mut sum = Source::default();
    for (name, of) in &sources {
        let _ = writeln!(given, "| `{name}` | {} | {} | {} | {} |", of.files, of.refused, of.skipped, of.facts);
        if of.edges > 0 {
            let _ = writeln!(edges, "| `{name}` | {} |", of.edges);
        }
        sum.files += of.files;
        sum.refused += of.refused;
        sum.skipped += of.skipped;
        sum.facts += of.facts;
        sum.edges += of.edges;
    }
    let _ = writeln!(given, "| all | {} | {} | {} | {} |", sum.files, sum.refused, sum.skipped, sum.facts);
    let _ = writeln!(edges, "| all | {} |", sum.edges);
    let mut refused = String::from("| files | why | one of them |\n|--:|---|---|\n");
    let mut reasons: Vec<(&String, &(usize, String))> = reasons.iter().collect();
    reasons.sort_by_key(|(what, (count, _))| (std::cmp::Reverse(*count), *what));
    for (what, (count, file)) in reasons {
        let _ = writeln!(refused, "| {count} | {} | `{file}` |", what.replace('`', "").replace("…", "‹…›"));
    }
    println!("{given}\n{refused}\nevery file stands in {}; 0 skipped", whole.display());
    table("sources", &given);
    table("refused", &refused);
    if !cfg!(debug_assertions) {
        println!("{edges}");
        table("edges", &edges);
    }
    assert!(sum.files > 6_900 && sum.facts > 200_000);
    assert!(cfg!(debug_assertions) || sum.edges > 7_000);
}

/// Every file below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())).flatten() {
            let path = entry.path();
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn ends(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted))
}

/// A file as `writ.toml` would declare it: tables and lists of owners and inventories are records, all else says itself
/// what it is.
fn import(data: &Path, path: &Path) -> Result<Imported, Malformed> {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let inside = path.strip_prefix(data).expect("below the data");
    let sort = inside.iter().next().map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_table = ends(path, &["json", "yaml", "yml", "toml", "csv"]) || name == "OWNERS" || name == "OWNERS_ALIASES";
    let records = ["ownership", "inventory"].contains(&&*sort) && is_table;
    let format = records.then_some(Format::Records);
    read(&inside.to_string_lossy(), &bytes, &Options { format, ..Options::default() })
}

/// A folder of Terraform text; modules are looked for in its repository.
fn configuration(data: &Path, inside: &Path) -> Result<Imported, Malformed> {
    let root: PathBuf = data.join(inside.iter().take(2).collect::<PathBuf>());
    let folder = data.join(inside).strip_prefix(&root).expect("below its repository").to_string_lossy().into_owned();
    let folder = if folder.is_empty() { ".".to_owned() } else { folder };
    let reader = |folder: &str| {
        let path = root.join(folder);
        if !path.is_dir() {
            return Ok(None);
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(&path).map_err(|e| e.to_string())?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".tf") || name == "terraform.tfvars" {
                let bytes = fs::read(entry.path()).map_err(|e| e.to_string())?;
                found.push((format!("{folder}/{name}").trim_start_matches("./").to_owned(), bytes));
            }
        }
        found.sort();
        Ok(Some(found))
    };
    read_terraform(&folder, &reader, &Options { folder: Some(&folder), ..Options::default() })
}

/// A complaint without the words of the one file.
fn kind_of(what: &str) -> String {
    what.split('`').enumerate().map(|(i, part)| if i % 2 == 0 { part } else { "…" }).collect::<Vec<_>>().join("`")
}

/// The standard library, asked for its edges.
struct Law {
    program: Arc<Program>,
    edge: RelationId,
}

impl Law {
    fn new() -> Law {
        let package = program::Package { name: "data".into(), version: "0.0.0".into() };
        let output = compile(&[], &Info { package, owner: None });
        let program = output.program.expect("the standard library compiles");
        let edge = program.find("std.graph.edge").expect("it has edges");
        Law { program, edge }
    }

    fn edges(&self, facts: Vec<Fact>) -> Result<usize, decide::Failure> {
        let known: BTreeSet<&str> = self.program.relations.iter().map(|relation| relation.name.as_str()).collect();
        let case = Case {
            program: self.program.clone(),
            facts: facts.into_iter().filter(|fact| known.contains(&*fact.relation)).collect(),
            change: Change::none(),
            actor: None,
            session: None,
            now: 0,
            model: Digest::of(b""),
            sources: Vec::new(),
            limits: Limits::default(),
            assurance: Assurance::Proof,
            build: String::new(),
            prior: None,
            lapsed: Vec::new(),
            footing: None,
        };
        ask::query(&case, self.edge).map(|table| table.rows.len())
    }
}
