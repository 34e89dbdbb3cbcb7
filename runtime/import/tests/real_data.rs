//! Every plan, state and ownership file of the data folder is imported, or refused with a message.
//!
//! `WRIT_DATA` names the folder. Without it a test prints how much it skipped; with it a skip is a failure.

use import::{Expected, Format, Imported, Malformed, Options, read};
use program::{Fact, Value, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn files(folder: &str, wanted: impl Fn(&Path) -> bool) -> Option<Vec<PathBuf>> {
    let Ok(data) = std::env::var("WRIT_DATA") else {
        println!("{folder}: all skipped (no data)");
        return None;
    };
    let mut waiting = vec![Path::new(&data).join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).expect("the data folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if wanted(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "WRIT_DATA is set, but {folder} is empty");
    Some(found)
}

fn named(path: &Path, names: &[&str]) -> bool {
    path.file_name().is_some_and(|name| names.iter().any(|wanted| name == *wanted))
}

fn import_file(path: &Path, expected: Expected) -> Result<Imported, Malformed> {
    let bytes = std::fs::read(path).expect("the file can be read");
    let name = path.file_name().expect("a name").to_string_lossy();
    read(&name, &bytes, &Options { expected, ..Options::default() })
}

fn count(facts: &[Fact], relation: &str) -> usize {
    facts.iter().filter(|fact| &*fact.relation == relation).count()
}

fn short(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts[parts.len().saturating_sub(3)..].join("/")
}

#[test]
fn every_plan() {
    let Some(files) = files("plans", |path| {
        path.extension().is_some_and(|ending| ending == "json")
            && !named(path, &["MANIFEST.json", "checkov-3.3.30.labels.json"])
    }) else {
        return;
    };
    let (mut read, mut refused) = (0, Vec::new());
    println!("{:>7} {:>7} {:>5} {:>5}  file", "actions", "facts", "refs", "ids");
    for path in &files {
        match import_file(path, Expected::Change) {
            Ok(imported) => {
                read += 1;
                let change = imported.change.expect("a plan is a change");
                let after: Vec<Fact> = change.actions.iter().flat_map(|action| action.set.clone()).collect();
                let all = |relation| count(&imported.facts, relation) + count(&after, relation);
                println!(
                    "{:>7} {:>7} {:>5} {:>5}  {}",
                    change.actions.len(),
                    imported.facts.len() + after.len(),
                    all("std.terraform.reference"),
                    all("std.terraform.identifier"),
                    short(path)
                );
                imported.skipped.iter().for_each(|skipped| println!("        skipped {}: {}", skipped.place, skipped.why));
            }
            Err(malformed) => {
                assert!(!malformed.what.is_empty());
                println!("{malformed}\n        {}", short(path));
                refused.push((short(path), malformed.what));
            }
        }
    }
    println!("{} plans: {read} read, {} refused, 0 skipped", files.len(), refused.len());
}

#[test]
fn every_state() {
    let Some(files) = files("states", |path| {
        path.extension().is_some_and(|ending| ending == "json" || ending == "tfstate")
            && !named(path, &["MANIFEST.json", "results.golden.json"])
    }) else {
        return;
    };
    let (mut read, mut refused) = (0, 0);
    for path in &files {
        match import_file(path, Expected::Anything) {
            Ok(imported) => {
                read += 1;
                println!("{:?} {:>6} {:>5}  {}", imported.format, imported.facts.len(), count(&imported.facts, "std.terraform.reference"), short(path));
                imported.skipped.iter().for_each(|skipped| println!("        skipped {}: {}", skipped.place, skipped.why));
            }
            Err(malformed) => {
                refused += 1;
                println!("{malformed}\n        {}", short(path));
            }
        }
    }
    println!("{} states: {read} read, {refused} refused, 0 skipped", files.len());
}
