//! The same inputs give the same bytes, whatever the order of files, the order of keys, or the threads.

use golden_tests::{root, writ};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Standard output, and the evidence.
#[derive(PartialEq, Eq, Debug)]
struct Said {
    out: String,
    evidence: Vec<u8>,
}

fn decide(folder: &Path, plan: &str, sources: &[&str], threads: &str) -> Said {
    let run = Command::new(writ())
        .args(["decide", plan, "--actor", "ana", "--now", "2026-11-20T10:00Z", "--output", "json"])
        .args(["--evidence", "evidence.json", "--threads", threads])
        .args(sources)
        .current_dir(folder)
        .output()
        .expect("it runs");
    assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
    Said {
        out: String::from_utf8_lossy(&run.stdout).into_owned(),
        evidence: fs::read(folder.join("evidence.json")).expect("it leaves evidence"),
    }
}

#[test]
fn the_order_of_files_and_keys_and_the_number_of_threads_do_not_matter() {
    let folder = env::temp_dir().join(format!("writ-determinism-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    for name in ["writ.toml", "policy.writ", "plan.json", "analytics.tfstate", "people.json"] {
        fs::copy(root().join("examples/key-loss").join(name), folder.join(name)).expect("the example is whole");
    }
    let files = ["--state", "analytics.tfstate", "--facts", "people.json"];
    let turned = ["--facts", "people.json", "--state", "analytics.tfstate"];
    let one = decide(&folder, "plan.json", &files, "1");
    assert_eq!(decide(&folder, "plan.json", &turned, "1"), one);
    for threads in ["2", "8"] {
        assert_eq!(decide(&folder, "plan.json", &files, threads), one);
    }

    let reasons = |said: &Said| {
        let answer: serde_json::Value = serde_json::from_str(&said.out).expect("the answer is JSON");
        let reasons = answer["actions"].as_array().expect("a list").iter().flat_map(|action| {
            action["reasons"].as_array().expect("a list").iter().map(|reason| reason["message"].to_string())
        });
        reasons.collect::<Vec<_>>()
    };
    // Sorted keys are another order than Terraform's, and other bytes: the change has another digest, and all else is said
    // as before.
    let text = fs::read_to_string(folder.join("plan.json")).expect("the example is whole");
    let plan: serde_json::Value = serde_json::from_str(&text).expect("the plan is JSON");
    let sorted = serde_json::to_string(&plan).expect("the plan is JSON");
    assert_ne!(sorted, text);
    fs::write(folder.join("plan.json"), sorted).expect("the temporary folder is writable");
    let other = decide(&folder, "plan.json", &files, "1");
    assert_ne!(other.evidence, one.evidence, "the bytes of the change are part of what is decided");
    assert_eq!(reasons(&other), reasons(&one));
    let _ = fs::remove_dir_all(folder);
}
