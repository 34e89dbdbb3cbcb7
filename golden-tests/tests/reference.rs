//! Every program of the language reference: compiles as it stands there, and its tests pass.
//!
//! A fence `writ` in `docs/language.md` is a module of its own, with the standard library and nothing else.

use golden_tests::{root, writ};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn every_example_of_the_reference_runs() {
    let page = fs::read_to_string(root().join("docs/language.md")).expect("the reference is readable");
    let folder = std::env::temp_dir().join(format!("writ-reference-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let (mut faults, mut tested) = (String::new(), 0);
    let mut section = "";
    let mut rest = page.as_str();
    while let Some((before, after)) = rest.split_once("```writ\n") {
        section = before.lines().rev().find_map(|line| line.strip_prefix("## ")).unwrap_or(section);
        let (text, after) = after.split_once("```").expect("a fence ends");
        rest = after;
        let verb = if text.contains("test \"") { "test" } else { "check" };
        tested += usize::from(verb == "test");
        faults.push_str(&run(&folder.join("example.writ"), text, verb, section));
    }
    let _ = fs::remove_dir_all(&folder);
    assert!(faults.is_empty(), "{faults}");
    assert!(tested > 12, "most sections have an example with a test, and {tested} were found");
}

/// What is wrong with one example; nothing where it runs.
fn run(path: &PathBuf, text: &str, verb: &str, section: &str) -> String {
    fs::write(path, text).expect("the temporary folder is writable");
    let output = Command::new(writ()).args([verb, "--policy"]).arg(path).env("NO_COLOR", "1").output();
    let output = output.expect("the tool runs");
    if output.status.success() {
        return String::new();
    }
    let told = [output.stdout, output.stderr].concat();
    format!("in \"{section}\":\n{text}\n{}\n", String::from_utf8_lossy(&told))
}
