//! What hangs on four packages of Debian: 63,436 packages, the first alternative of each of 279,228 dependencies.
//!
//! `WRIT_DATA=… cargo bench -p decide --bench blast`; `zstd` unpacks the graph. Milliseconds at work of this thread where
//! the system tells, else on the wall.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::disallowed_methods)]

#[allow(dead_code, reason = "the engine's tests use all of it")]
#[path = "../../engine/tests/unit/small.rs"]
mod small;

#[allow(dead_code, reason = "the other measurements use all of it")]
#[path = "checks/estate.rs"]
mod estate;

use estate::{case, now};
use program::{RelationId, Tuple, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The packages asked about, and how many need each, as they were counted beside the data.
const ASKED: [(&str, usize); 4] = [("libc6", 48_657), ("zlib1g", 36_432), ("libssl3", 25_176), ("python3", 8_694)];

fn main() {
    let Ok(data) = std::env::var("WRIT_DATA") else {
        println!("skipped: WRIT_DATA is not set");
        return;
    };
    let program = small::program("state std.graph.edge/3, needed/1; needed(b) if std.graph.edge(a, b, _)");
    let edge = small::id(&program, "std.graph.edge");
    let file = format!("{data}/graph/debian-bookworm-main-amd64.depends.tsv.zst");
    let unpacked = Command::new("zstd").args(["-dcq", &file]).output().expect("zstd unpacks it");
    let text = String::from_utf8(unpacked.stdout).expect("it is text");
    let tuple = |line: &str| -> Option<Tuple> {
        let mut cells = line.split('\t');
        let (package, other) = (cells.next()?, cells.nth(1)?.split('|').next()?.trim());
        Some([package, other, "needs"].map(Value::text).to_vec())
    };
    let given: BTreeMap<RelationId, BTreeSet<Tuple>> = [(edge, text.lines().filter_map(tuple).collect())].into();
    println!("{} edges", given[&edge].len());
    let mut start = now();
    let asked: Vec<&str> = std::iter::once("nothing").chain(ASKED.map(|(package, _)| package)).collect();
    decide::ask::blasts(&case(&program, &given), &asked, &mut |package, hits| {
        let spent = now() - start;
        match ASKED.iter().find(|(name, _)| *name == package) {
            Some((_, expected)) => {
                println!("{package:<10} {spent:>9.2} ms, {} hang on it", hits.len());
                assert_eq!(hits.len(), *expected, "{package}");
            }
            None => println!("loaded     {spent:>9.2} ms"),
        }
        start = now();
    })
    .expect("an answer");
}
