//! Plans that nobody here wrote, decided from end to end with the policy of `writ init`.
//!
//! `WRIT_DATA` names the folder that holds them; without it the test says what it skipped.

#![expect(clippy::print_stdout, reason = "the counts of a run are its report")]

use golden_tests::{copy, writ};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What one run gave: its exit code, both streams, and the evidence it left.
#[derive(PartialEq, Eq)]
struct Run {
    code: i32,
    out: String,
    err: String,
    evidence: Option<Vec<u8>>,
}

#[test]
fn real_plans_are_decided_or_refused_the_same_way_every_time() {
    let Some(data) = env::var_os("WRIT_DATA") else {
        println!("1 skipped (no data): set WRIT_DATA to decide real plans");
        return;
    };
    let plans = plans(&Path::new(&data).join("plans"));
    assert!(plans.len() >= 50, "WRIT_DATA holds {} plans; a skip is a failure where it is set", plans.len());
    let folder = env::temp_dir().join(format!("writ-real-{}", std::process::id()));
    // A decision is an entry of its package's log, and says which: so each number of threads has a twin of the package,
    // with the same key and a log that is as long.
    let (alone, together) = (folder.join("alone"), folder.join("together"));
    for twin in [&alone, &together] {
        fs::create_dir_all(twin).expect("the temporary folder is writable");
    }
    assert!(Command::new(writ()).arg("init").current_dir(&alone).output().expect("it runs").status.success());
    copy(&alone, &together, &[]);
    let mut codes: BTreeMap<i32, usize> = BTreeMap::new();
    let (mut verified, mut wrong) = (0, String::new());
    for plan in &plans {
        let one = decide(&alone, plan, "1");
        let shown = plan.display();
        *codes.entry(one.code).or_default() += 1;
        match one.code {
            0..=2 => {
                if decide(&together, plan, "8") != one {
                    wrong += &format!("{shown}: one thread and eight say different things\n");
                }
                let verdict = Command::new(writ()).args(["verify", "evidence.json"]).current_dir(&alone).output();
                match verdict.expect("it runs").status.code() {
                    Some(0) => verified += 1,
                    code => wrong += &format!("{shown}: its evidence is refused ({code:?})\n"),
                }
            }
            64 => {
                let placed = one.err.starts_with("error: ") && one.err.contains("-->");
                if !placed || one.evidence.is_some() || !one.out.is_empty() {
                    wrong += &format!("{shown}: refused without a place, or with a verdict:\n{}", one.err);
                }
            }
            code => wrong += &format!("{shown}: exit {code}\n{}", one.err),
        }
        // A plan that asks for something is never allowed by a policy whose one intent is a baseline.
        if one.code == 0 && !one.out.contains(" · 0 actions") {
            wrong += &format!("{shown}: allowed\n{}", one.out);
        }
    }
    let _ = fs::remove_dir_all(&folder);
    let count = |code: i32| codes.get(&code).copied().unwrap_or_default();
    println!(
        "{} plans: {} allow (nothing asked), {} deny, {} escalate, {} refused; {verified} records verified; 0 skipped",
        plans.len(),
        count(0),
        count(1),
        count(2),
        count(64)
    );
    assert!(wrong.is_empty(), "{wrong}");
}

fn decide(folder: &Path, plan: &Path, threads: &str) -> Run {
    let evidence = folder.join("evidence.json");
    let _ = fs::remove_file(&evidence);
    let output = Command::new(writ())
        .arg("decide")
        .arg(plan)
        .args(["--now", "2026-01-01T00:00Z", "--evidence", "evidence.json", "--threads", threads])
        .current_dir(folder)
        .output()
        .expect("it runs");
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        evidence: fs::read(&evidence).ok(),
    }
}

/// Every JSON file below the folder, but the lists that describe them.
fn plans(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|e| panic!("{}: {e}", next.display())).flatten() {
            let path = entry.path();
            let described = next == folder;
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "json") && !described {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
