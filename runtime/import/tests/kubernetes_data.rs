//! Every Kubernetes file of the data folder is read, or refused with a message that says what it is.
//!
//! `WRIT_DATA` names the folder. Without it a test prints how much it skipped; with it a skip is a failure.

#![allow(clippy::print_stdout, reason = "the tables are for people to read")]
#![allow(clippy::disallowed_methods, reason = "the variable says where the data is")]

use import::{Expected, Options, read};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the data folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|wanted| ending == *wanted))
        {
            found.push(path);
        }
    }
}

/// A complaint without the words of the one file.
fn kind_of(what: &str) -> String {
    let plain = what.split(": ").last().unwrap_or(what);
    plain.split('`').enumerate().map(|(i, part)| if i % 2 == 0 { part } else { "…" }).collect::<Vec<_>>().join("`")
}

#[test]
fn every_file_of_a_cluster() {
    let Ok(data) = std::env::var("WRIT_DATA") else {
        println!("1 skipped (no data)");
        return;
    };
    let mut paths = Vec::new();
    for folder in ["k8s", "k8s-dumps", "labelled/np-guard__netpol-analyzer/tests"] {
        files(&Path::new(&data).join(folder), &mut paths);
    }
    paths.sort();
    let (mut objects, mut mentions) = (0, 0);
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in &paths {
        let bytes = std::fs::read(path).expect("the file can be read");
        let name = path.strip_prefix(&data).expect("below the folder").to_string_lossy();
        match read(&name, &bytes, &Options { expected: Expected::State, ..Options::default() }) {
            Ok(imported) => {
                objects += imported.facts.iter().filter(|fact| &*fact.relation == "std.kubernetes.object").count();
                mentions += imported.facts.iter().filter(|fact| &*fact.relation == "std.kubernetes.mention").count();
            }
            Err(malformed) => refused.entry(kind_of(&malformed.what)).or_default().push(malformed.to_string()),
        }
    }
    let lost: usize = refused.values().map(Vec::len).sum();
    println!(
        "{} files: {} read, {objects} objects, {mentions} mentions; {lost} refused, 0 skipped",
        paths.len(),
        paths.len() - lost
    );
    for (what, all) in &refused {
        println!("{:>5} {what}\n{}", all.len(), all[0]);
    }
    let none = refused.keys().find(|what| what.contains("no YAML"));
    assert_eq!(none, None);
}
