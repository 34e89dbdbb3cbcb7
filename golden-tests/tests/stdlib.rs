//! The standard library's own tests: a package of its own, so that no policy compiles them.

use golden_tests::{root, writ};
use std::process::Command;

#[test]
fn the_standard_library_passes_its_tests() {
    let mut command = Command::new(writ());
    command.args(["test", "--policy"]).arg(root().join("stdlib/tests"));
    let output = command.output().expect("the tool runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let passed = text.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(passed >= 30, "only {passed} tests ran:\n{text}");
}
