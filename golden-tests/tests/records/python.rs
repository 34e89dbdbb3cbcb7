//! The checker in Python says of every record what ours says.

use super::{Numbers, bent, corpus, half_a_letter, key, package, resealed, rewritten, run, statement};
use evidence::{PublicKey, Trust, verify};
use golden_tests::root;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A statement with something left out of it that it goes on citing, or said in words that are none, and what that is.
fn left_outs(whole: &Value) -> Vec<(&'static str, Value)> {
    let bent = |bend: &dyn Fn(&mut Value)| {
        let mut bent = whole.clone();
        bend(&mut bent["predicate"]);
        bent
    };
    let list = || Value::Array(Vec::new());
    let mut all = vec![
        (
            "its action, and with that what objects",
            bent(&|of| {
                of["actions"] = list();
                of["ambiguities"] = list();
                of["change"]["actions"] = Value::from(0);
                of["verdict"] = Value::from("allow");
            }),
        ),
        (
            "that its action does more than to read",
            bent(&|of| {
                of["actions"][0]["verb"] = Value::from("read");
                of["actions"][0]["reasons"] = list();
                of["actions"][0]["verdict"] = Value::from("allow");
                of["ambiguities"] = list();
                of["verdict"] = Value::from("allow");
            }),
        ),
        ("what its action does", bent(&|of| of["actions"][0]["verb"] = Value::from("look"))),
        ("what sort its source is", bent(&|of| of["sources"][0]["kind"] = Value::from("rumour"))),
        ("when its source was observed", bent(&|of| of["sources"][0]["observed_at"] = Value::from("now"))),
        ("which of its sources goes first", bent(&|of| of["sources"][0]["rank"] = Value::from(1_u64 << 32))),
        ("which goes first, by far", bent(&|of| of["sources"][0]["rank"] = Value::from(1_u64 << 63))),
        ("when it was observed, long after", bent(&|of| of["sources"][0]["observed_at"] = Value::from(1_u64 << 63))),
        (
            "what one of its proofs is of",
            bent(&|of| {
                let proof = of["proofs"].as_object().and_then(|all| all.values().next()).expect("a proof").clone();
                of["proofs"]["p999"] = proof;
            }),
        ),
    ];
    if whole["predicate"]["verdict"] == "allow" {
        all.push(("how much was checked", bent(&|of| of["assurance"] = Value::from("proof"))));
    }
    all
}

/// Whether this machine has the interpreter.
pub(super) fn is_there() -> bool {
    Command::new("python3").arg("--version").output().is_ok_and(|ran| ran.status.success())
}

/// What the checker in Python says, asked in that folder.
pub(super) fn says(folder: &Path, arguments: &[&str]) -> Output {
    let mut python = Command::new("python3");
    python.arg(root().join("docs/verify.py")).args(arguments).current_dir(folder);
    python.output().expect("it runs")
}

/// A statement that is sealed again is refused by both.
fn both_refuse(folder: &Path, statement: Value, what: &str) {
    let bytes = resealed(statement);
    fs::write(folder.join("it.json"), &bytes).expect("the temporary folder is writable");
    let theirs = says(folder, &["it.json"]);
    assert!(verify(&bytes, &Trust::default()).is_err(), "{what}");
    assert_eq!(theirs.status.code(), Some(1), "{what}: {theirs:?}");
}

#[test]
fn the_checker_in_python_agrees() {
    if !is_there() {
        println!("1 skipped (no python3)");
        return;
    }
    let folder = package("python", 2);
    let keys: [PublicKey; 1] = [key().public().clone()];
    let mut numbers = Numbers(2);
    let (mut agreed, mut stood) = (0, 0);
    let corpus = corpus(&folder);
    for (round, (_, record, receipt)) in corpus.iter().cycle().take(48).enumerate() {
        let (record, receipt) = match round / 4 % 4 {
            0 => (record.clone(), receipt.clone()),
            1 if round < 8 => (half_a_letter(record), receipt.clone()),
            1 => (bent(record, &mut numbers), receipt.clone()),
            2 => (rewritten(record, &statement(record), &mut numbers), receipt.clone()),
            _ => (record.clone(), bent(receipt, &mut numbers)),
        };
        fs::write(folder.join("it.json"), &record).expect("the temporary folder is writable");
        fs::write(folder.join("it.tlog-proof"), &receipt).expect("the temporary folder is writable");
        let ours = verify(&record, &Trust { keys: &keys, receipt: Some(&receipt) });
        let theirs = says(&folder, &["it.json", "--key", &key().public().to_string(), "--receipt", "it.tlog-proof"]);
        let said = String::from_utf8_lossy(&theirs.stdout);
        // What is no JSON at all is no record: the command ends with 64 then, as for a file that is not there.
        let code = ours.as_ref().map_or_else(|no| if no.malformed { 64 } else { 1 }, |_| 0);
        assert_eq!(theirs.status.code(), Some(code), "round {round}: {ours:?}\n{said}");
        agreed += 1;
        stood += usize::from(ours.is_ok());
    }
    let mut left_out = 0;
    for (_, record, _) in &corpus {
        for (what, bent) in left_outs(&statement(record)) {
            both_refuse(&folder, bent, what);
            left_out += 1;
        }
    }
    assert!(left_out >= 16, "{left_out}");
    // What no signature stands under shows the shape of what is said alone: of somebody's word, field by field.
    let mut words = 0;
    for (_, record, _) in &corpus {
        let whole = statement(record);
        let actions = whole["predicate"]["actions"].as_array().map_or(0, Vec::len);
        for action in 0..actions {
            let at = format!("/predicate/actions/{action}/reasons");
            let reasons = whole.pointer(&at).and_then(Value::as_array).map_or(0, Vec::len);
            for reason in (0..reasons).filter(|n| whole.pointer(&format!("{at}/{n}/cleared")).is_some()) {
                for field in ["how", "by", "right", "why", "until", "proof"] {
                    for other in [Value::Null, Value::from(7), Value::from(vec!["x"]), Value::from("x")] {
                        let mut bent = whole.clone();
                        let place = bent.pointer_mut(&format!("{at}/{reason}/cleared/{field}")).expect("a field");
                        *place = other;
                        both_refuse(&folder, bent, field);
                        words += 1;
                    }
                }
            }
        }
    }
    assert!(words >= 24, "{words}");
    println!("{agreed} records on which both agree, {stood} of them stand; {words} bent words that both refuse");
    assert!(stood >= 12 && agreed - stood > 20, "{stood} of {agreed}");
    let _ = fs::remove_dir_all(folder);
}

/// A receipt of the very record, whose checkpoint nobody known has signed, shows nothing.
#[test]
fn both_refuse_a_receipt_that_nobody_known_signed() {
    if !is_there() {
        println!("1 skipped (no python3)");
        return;
    }
    let folder = package("nobody", 2);
    let (_, record, receipt) = corpus(&folder).swap_remove(0);
    // Where no manifest names a key.
    let elsewhere = folder.join("elsewhere");
    fs::create_dir_all(&elsewhere).expect("the temporary folder is writable");
    fs::write(elsewhere.join("it.json"), resealed(statement(&record))).expect("the temporary folder is writable");
    fs::write(elsewhere.join("it.receipt"), &receipt).expect("the temporary folder is writable");
    let asked = ["it.json", "--receipt", "it.receipt"];
    for said in [says(&elsewhere, &asked), run(&elsewhere, &[&["verify"][..], &asked].concat())] {
        assert_eq!(said.status.code(), Some(1), "{said:?}");
        assert!(String::from_utf8_lossy(&said.stdout).contains("no key is known that signed"), "{said:?}");
    }
    // Alone it stands.
    for said in [says(&elsewhere, &asked[..1]), run(&elsewhere, &["verify", "it.json"])] {
        assert_eq!(said.status.code(), Some(0), "{said:?}");
    }
    let _ = fs::remove_dir_all(folder);
}
