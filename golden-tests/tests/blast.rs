//! What a verdict prints of a change's reach, and what the standard library derives of it, are the same.

use golden_tests::writ;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A graph of forty resources, some on rings, of which one is deleted.
fn graph(seed: u64) -> (Value, Value) {
    let mut state = seed;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let name = |n: u64| format!("r{n}");
    let edges: Vec<Value> = (0..60).map(|_| json!({"r": name(below(40)), "key": name(below(40))})).collect();
    let kinds: Vec<Value> = (0..40).map(|n| json!({"r": name(n), "kind": "box"})).collect();
    let action = json!({"id": "a", "verb": "delete", "resource": name(below(40))});
    (
        json!({"std.state.encrypted_by": edges, "std.state.kind": kinds}),
        json!({"format": "writ-change/1", "actions": [action]}),
    )
}

fn asked(folder: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(writ()).current_dir(folder).args(arguments).output().expect("the tool runs");
    let told = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{told}"))
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn the_verdict_and_the_standard_library_agree_on_hops_and_paths() {
    let folder = std::env::temp_dir().join(format!("writ-blast-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let mut far = 0;
    for seed in 1..7 {
        let (facts, change) = graph(seed);
        fs::write(folder.join("policy.writ"), "use std.graph.{hops, path};\n").expect("writable");
        fs::write(folder.join("facts.json"), facts.to_string()).expect("writable");
        fs::write(folder.join("change.json"), change.to_string()).expect("writable");
        let common = ["--policy", "policy.writ", "--facts", "facts.json", "--now", "2026-01-01T00:00Z", "--json"];
        let decided =
            asked(&folder, &[&["decide", "change.json", "--evidence", "evidence.json"], common.as_slice()].concat());
        let origin = text(&change["actions"][0]["resource"]);
        let rows = |body: &str| -> Vec<Value> {
            let answer = asked(&folder, &[&["query", body, "--change", "change.json"], common.as_slice()].concat());
            answer.as_array().expect("rows").iter().map(|found| found["row"].clone()).collect()
        };
        let hops: BTreeMap<String, i64> = (rows("hops(o, h, n)").iter())
            .map(|row| (text(&row["h"]), row["n"].as_i64().expect("an int")))
            .filter(|(hit, _)| *hit != origin)
            .collect();
        let next: Vec<(String, String)> =
            rows("path(o, h, next)").iter().map(|row| (text(&row["h"]), text(&row["next"]))).collect();
        let blast = decided["actions"][0]["blast"].as_array().expect("what it reaches").clone();
        let printed: BTreeMap<String, i64> =
            blast.iter().map(|hit| (text(&hit["resource"]), hit["hops"].as_i64().expect("an int"))).collect();
        assert_eq!(printed, hops, "seed {seed}");
        for hit in &blast {
            let path: Vec<String> = hit["path"].as_array().expect("a path").iter().map(text).collect();
            for step in path.windows(2) {
                assert!(next.contains(&(step[0].clone(), step[1].clone())), "seed {seed}: {path:?}");
            }
        }
        far = far.max(hops.values().copied().max().unwrap_or(0));
    }
    let _ = fs::remove_dir_all(&folder);
    assert!(far > 3, "no way was longer than {far}");
}
