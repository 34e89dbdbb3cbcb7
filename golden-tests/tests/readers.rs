//! Who reads the beginning of an answer and goes, as `head` does, is told of no fault; of a verdict that nobody read, one is told.

use golden_tests::{copy, root, writ};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{env, fs};

/// A command whose standard output nobody reads.
fn unread(folder: &Path, arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().expect("there are pipes");
    drop(reader);
    let mut command = Command::new(writ());
    command.current_dir(folder).args(arguments);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().expect("the tool runs")
}

#[test]
fn only_a_verdict_is_to_be_read() {
    let folder = env::temp_dir().join(format!("writ-unread-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    copy(&root().join("examples/key-loss"), &folder, &[".writ"]);
    let query = ["query", "std.state.kind(r, k)", "--change", "plan.json"];
    let decide = ["decide", "plan.json", "--now", "2026-01-01T00:00Z", "--evidence", "evidence.json"];
    for (arguments, code) in [(&["explain"][..], 0), (&query, 0), (&["query", "nonsense("], 64), (&decide, 70)] {
        let ended = unread(&folder, arguments);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {said}");
        assert_eq!(said.contains("standard output could not be written"), code == 70, "{arguments:?}: {said}");
    }
    let _ = fs::remove_dir_all(folder);
}
