//! The same inputs give the same bytes, whatever the order of files, the order of keys and facts, or the threads, and
//! whether a version of the model was kept of them.

use compiler::database::{Info, Source, compile};
use engine::{Engine, Limits};
use evidence::Record;
use golden_tests::{copy, root, writ};
use program::RelationId;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Standard output, and the evidence.
#[derive(PartialEq, Eq, Debug)]
struct Said {
    out: String,
    evidence: Vec<u8>,
}

const FILES: [&str; 6] = ["--state", "analytics.tfstate", "--facts", "people.json", "--facts", "crowd.json"];
const TURNED: [&str; 6] = ["--facts", "crowd.json", "--facts", "people.json", "--state", "analytics.tfstate"];

#[test]
fn the_order_of_files_keys_and_facts_and_the_number_of_threads_do_not_matter() {
    let folder = World::new("order");
    let one = decide(&folder.0, &FILES, "1");
    assert_eq!(of_the_crowd(&one), 40, "what of the crowd hangs on the key is told");
    assert!(decide(&folder.0, &TURNED, "1") == one, "the order of files shows");
    for threads in ["2", "8"] {
        assert!(decide(&folder.0, &FILES, threads) == one, "{threads} threads are told from one");
    }

    // Sorted keys and shuffled facts are other bytes: the digests of the files differ, and what follows from them; and a
    // fact is cited from where it stands now. All else is said as before, to the byte.
    for (name, other) in [("plan.json", sorted as fn(&str) -> String), ("people.json", turned), ("crowd.json", turned)]
    {
        let path = folder.0.join(name);
        let text = fs::read_to_string(&path).expect("it is there");
        assert_ne!(other(&text), text);
        fs::write(&path, other(&text)).expect("the temporary folder is writable");
        let said = decide(&folder.0, &FILES, "8");
        assert_ne!(said.evidence, one.evidence, "the bytes of {name} are part of what is decided");
        let (said, one) = (without_bytes(&said), without_bytes(&one));
        assert!(said.out == one.out, "the order within {name} shows in the answer");
        assert!(said.evidence == one.evidence, "the order within {name} shows in the evidence");
        fs::write(&path, text).expect("the temporary folder is writable");
    }
}

/// The tool's answer does not tell how many threads worked. The engine says it, of the same rules and the same crowd, under
/// the limits that the tool gives it.
#[test]
fn the_world_is_large_enough_for_several_threads() {
    let folder = World::new("threads");
    let text = fs::read_to_string(folder.0.join("policy.writ")).expect("it is there");
    let source = Source { path: "policy.writ".into(), module: "policy".into(), text };
    let package = program::Package { name: "policy".into(), version: "0.0.0".into() };
    let program = compile(&[source], &Info { package, owner: None }).program.expect("the policy compiles");
    let crowd = fs::read(folder.0.join("crowd.json")).expect("it is there");
    let options = import::Options { relations: &program.relations, ..import::Options::default() };
    let crowd = import::read("crowd.json", &crowd, &options).expect("it is a facts file").facts;
    for threads in [2, 8] {
        let given =
            crowd.iter().map(|fact| (program.find(&fact.relation).expect("it is declared"), fact.tuple.clone()));
        let given: Vec<(RelationId, Vec<program::Value>)> = given.collect();
        let limits = Limits { threads, ..Limits::default() };
        let engine = Engine::load(program.clone(), given, limits).expect("no limit is reached");
        assert_eq!(engine.workers(), threads, "as many as may work have something to do");
    }
}

/// What is declared is read the same way by the decision itself and by an import before it.
#[test]
fn a_version_of_the_model_decides_as_its_sources_do() {
    let mut compared = 0;
    for example in fs::read_dir(root().join("examples")).expect("it is there") {
        let from = example.expect("it can be read").path();
        let manifest = fs::read_to_string(from.join("writ.toml")).unwrap_or_default();
        if !manifest.contains("[[source]]") {
            continue;
        }
        let name = from.file_name().expect("a folder").to_string_lossy().into_owned();
        let folder = env::temp_dir().join(format!("writ-version-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        copy(&from, &folder, &[".writ"]);
        let tool = |arguments: &[&str]| {
            let mut run = Command::new(writ());
            run.args(arguments).current_dir(&folder).env_remove("WRIT_SIGNING_KEY");
            run.output().expect("it runs")
        };
        let decided = || -> Vec<_> {
            let files = fs::read_dir(&folder).expect("it is there").map(|file| file.expect("it can be read").path());
            let mut files: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|e| e == "json")).collect();
            files.sort();
            let decide = |file: &PathBuf| {
                let name = file.file_name().expect("a file").to_string_lossy().into_owned();
                let said = tool(&["decide", &name, "--actor", "ana", "--now", "2026-11-20T10:00Z", "--edits", "0"]);
                (name, said.status.code(), String::from_utf8_lossy(&said.stdout).into_owned())
            };
            files.iter().map(decide).collect()
        };
        let before = decided();
        // Ends with 64 where a source that is not optional is absent: the version says so too.
        tool(&["import", "--now", "2026-11-20T09:00Z"]);
        assert!(folder.join(".writ/model.db").is_file(), "{name}: there is no version");
        for (before, after) in before.iter().zip(&decided()) {
            assert_eq!(before, after, "{name}");
            // What is no change ends with 64 both ways.
            compared += usize::from(before.1 != Some(64));
        }
        let _ = fs::remove_dir_all(&folder);
    }
    assert!(compared >= 8, "{compared} changes were compared");
}

/// The example of a key, with a crowd of boxes around it, of which forty hang on the key.
struct World(PathBuf);

impl World {
    /// - `test`: tells the folder of one test from another's.
    fn new(test: &str) -> World {
        let folder = env::temp_dir().join(format!("writ-determinism-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        copy(&root().join("examples/key-loss"), &folder, &[".writ"]);
        // More than the engine gives to one thread alone, and enough for eight.
        let name = |n: usize| format!("box-{n}");
        let kinds: Vec<Value> = (0..CROWD).map(|n| json!({"r": name(n), "kind": "box"})).collect();
        let hung = || (0..CROWD).step_by(CROWD / 40);
        let tags: Vec<Value> = hung().map(|n| json!({"r": name(n), "key": "system", "value": "orders"})).collect();
        let keys: Vec<Value> = hung().map(|n| json!({"r": name(n), "key": "aws_kms_key.main"})).collect();
        let crowd = json!({"std.state.kind": kinds, "std.state.tag": tags, "std.state.encrypted_by": keys});
        fs::write(folder.join("crowd.json"), crowd.to_string()).expect("the temporary folder is writable");
        World(folder)
    }
}

const CROWD: usize = 16_400;

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn decide(folder: &Path, sources: &[&str], threads: &str) -> Said {
    let run = Command::new(writ())
        .args(["decide", "plan.json", "--actor", "ana", "--now", "2026-11-20T10:00Z", "--output", "json"])
        .args(["--evidence", "evidence.json", "--threads", threads])
        .args(sources)
        .current_dir(folder)
        .env_remove("WRIT_SIGNING_KEY")
        .output()
        .expect("it runs");
    assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
    Said {
        out: String::from_utf8_lossy(&run.stdout).into_owned(),
        evidence: fs::read(folder.join("evidence.json")).expect("it leaves evidence"),
    }
}

/// How many reasons are about a box of the crowd.
fn of_the_crowd(said: &Said) -> usize {
    let answer: Value = serde_json::from_str(&said.out).expect("the answer is JSON");
    let actions = answer["actions"].as_array().expect("a list");
    let reasons = actions.iter().flat_map(|action| action["reasons"].as_array().expect("a list"));
    reasons.filter(|reason| reason["message"].as_str().is_some_and(|message| message.starts_with("box-"))).count()
}

/// Both, without what names the bytes of the files: the digests of the change, of the model, of the evidence and of the
/// files that are cited, and the number that a fact has in its list (`/std.state.kind/7`).
///
/// Of the evidence what is sealed stands for the bytes: they are refused by [`evidence::open`] where anything else is in them.
fn without_bytes(said: &Said) -> Said {
    let answer: Value = serde_json::from_str(&said.out).expect("the answer is JSON");
    let mut digests = vec![("evidence", answer["evidence"].clone()), ("model", answer["model"]["version"].clone())];
    digests.push(("change", answer["change"]["digest"].clone()));
    let opened = evidence::open::<Record>(&said.evidence).expect("the evidence is whole");
    let mut sealed = serde_json::to_value(&opened.predicate).expect("a record is JSON");
    files(&mut sealed);
    let plain = |text: String| {
        digests.iter().fold(text, |text, (name, digest)| {
            let digest = digest.as_str().and_then(|digest| digest.strip_prefix("sha256:")).expect("a digest");
            text.replace(digest, name)
        })
    };
    let plain = |text| without_numbers(&plain(text));
    Said { out: plain(said.out.clone()), evidence: plain(sealed.to_string()).into_bytes() }
}

/// The text with `/std.state.kind/*` for `/std.state.kind/7`.
fn without_numbers(text: &str) -> String {
    let mut parts = text.split("/std.");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (relation, rest) = part.split_once('/').unwrap_or((part, ""));
        let pointer = relation.chars().all(|letter| letter.is_ascii_lowercase() || matches!(letter, '.' | '_'));
        let stands = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
        told += "/std.";
        told += &match pointer && stands.len() < rest.len() {
            true => format!("{relation}/*{stands}"),
            false => part.to_owned(),
        };
    }
    told
}

/// Leaves out the digest of every file that a record cites: of each object that names one.
fn files(json: &mut Value) {
    match json {
        Value::Object(entries) => {
            if entries.contains_key("file") && entries.contains_key("digest") {
                entries.insert("digest".into(), "the file's".into());
            }
            entries.values_mut().for_each(files);
        }
        Value::Array(items) => items.iter_mut().for_each(files),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The same JSON, its keys sorted.
fn sorted(text: &str) -> String {
    serde_json::from_str::<Value>(text).expect("the file is JSON").to_string()
}

/// The same facts in another order: those of each relation from the last to the first, and the relations too.
fn turned(text: &str) -> String {
    let facts: Value = serde_json::from_str(text).expect("the file is JSON");
    let relations = facts.as_object().expect("relations").iter().rev().map(|(relation, facts)| {
        let facts: Vec<String> = facts.as_array().expect("facts").iter().rev().map(Value::to_string).collect();
        format!("{relation:?}: [{}]", facts.join(", "))
    });
    format!("{{{}}}", relations.collect::<Vec<_>>().join(", "))
}
