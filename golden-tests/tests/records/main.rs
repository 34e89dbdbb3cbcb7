//! Records, receipts and the log of real decisions: bent in any way they are refused, by our checker and by the one in
//! Python; they are what their schema says; and two decisions that race for one budget do not both get it.

#![expect(clippy::print_stdout, reason = "what was counted is printed")]

#[allow(dead_code, unreachable_pub, reason = "the engine's laws use all of it")]
#[path = "../../../runtime/engine/tests/random/bend.rs"]
mod bend;
mod bent;
#[allow(dead_code, unreachable_pub, reason = "the engine's laws use all of it")]
#[path = "../../../runtime/engine/tests/random/choices.rs"]
mod choices;
mod python;
#[allow(dead_code, unreachable_pub, reason = "the engine's tests use all of it")]
#[path = "../../../runtime/engine/tests/unit/small.rs"]
mod small;

use boon::{Compiler, Schemas};
use evidence::{Record, SigningKey, Trust, open, verify};
use golden_tests::{root, writ};
use program::Digest;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

const POLICY: &str = r#"
use std.state.{Resource, config, tag};
use std.change.{action, actor, writes, session};
use std.authority.{Session, accountable, member};
use std.history.touched;

pub blueprint careful(most: int, budget: int) {
    @waivable(right: "accept-risk")
    @control("PCI-DSS 1.3.1")
    deny huge(r, n) "{r} would have {n} machines" if covered(r), config(r, cfg), n: int = cfg.size, n > 100;

    escalate large(a, r, n) "{a} gives {r} {n} machines; {most} are usual" to accountable(r)
        if writes(a, r), covered(r), config(r, cfg), n: int = cfg.size, n > most;

    change relation spends(s: Session, r: Resource);
    spends(s, r) if touched(s, r, _);
    spends(s, r) if session(a, s), action(a, _, r);

    escalate spent(a, s, n) "{s} would have changed {n} things with {a}"
        if session(a, s), writes(a, r), covered(r), n = count { thing: spends(s, thing) }, n > budget;

    permit own(a) if action(a, "update", r), actor(a, who), accountable(r, team), member(who, team);
}

intent shop "The shop sells" {
    cover r if tag(r, "app", "shop");
    owner "team-shop";
    apply careful(most: 10, budget: 3);
}
"#;

/// A key for tests.
fn key() -> SigningKey {
    SigningKey::new("acme/shop", [42; 32]).expect("a key")
}

/// A package with a log, and things called `w0`, `w1`, … in it.
fn package(name: &str, things: usize) -> PathBuf {
    let folder = env::temp_dir().join(format!("writ-records-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let mut facts = serde_json::json!({
        "std.authority.member": [{"who": "ana", "team": "team-shop"}, {"who": "bob", "team": "team-shop"}],
        "std.authority.right": [{"who": "team-shop", "right": "accept-risk"}],
        "std.state.tag": [], "std.state.config": [],
    });
    for thing in 0..things {
        let r = format!("w{thing}");
        let push = |facts: &mut Value, to: &str, what| facts[to].as_array_mut().expect("a list").push(what);
        push(&mut facts, "std.state.tag", serde_json::json!({"r": r, "key": "app", "value": "shop"}));
        push(&mut facts, "std.state.config", serde_json::json!({"r": r, "value": {"size": 4}}));
    }
    let manifest = format!(
        "[package]\nname = \"acme/shop\"\n[[source]]\nname = \"world\"\nkind = \"facts\"\npath = \"world.json\"\n[trust]\ndecisions = [\"{0}\"]\n[trust.approvals]\nbob = [\"{0}\"]\n",
        key().public()
    );
    for (name, text) in [("writ.toml", manifest.as_str()), ("policy.writ", POLICY), ("world.json", &facts.to_string())]
    {
        fs::write(folder.join(name), text).expect("the temporary folder is writable");
    }
    ok(&run(&folder, &["init"]));
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut writ = Command::new(writ());
    writ.args(arguments).current_dir(folder).env("WRIT_SIGNING_KEY", key().secret()).output().expect("it runs")
}

fn ok(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn change(folder: &Path, thing: usize, size: usize) -> String {
    let name = format!("w{thing}-{size}.json");
    let text = format!(
        "{{\"format\": \"writ-change/1\", \"actions\": [{{\"id\": \"a1\", \"verb\": \"update\", \"resource\": \"w{thing}\", \"set\": [[\"std.state.config\", \"w{thing}\", {{\"size\": {size}}}]]}}]}}"
    );
    fs::write(folder.join(&name), text).expect("the temporary folder is writable");
    name
}

/// Records with their receipts: an allow, an escalation, a denial, an approved one.
fn corpus(folder: &Path) -> Vec<(PathBuf, Vec<u8>, Vec<u8>)> {
    let now = ["--actor", "ana", "--now", "2026-03-02T10:00Z"];
    for size in [5, 20, 200] {
        let file = change(folder, 0, size);
        run(folder, &[&["decide", &file][..], &now].concat());
    }
    let asked = fs::read_dir(folder.join(".writ/evidence")).expect("evidence").flatten().map(|entry| entry.path());
    let asked = asked.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let escalated = |path: &PathBuf| {
        let record = open::<Record>(&fs::read(path).expect("readable")).expect("a record").predicate;
        record.verdict == evidence::Verdict::Escalate
    };
    let asked = asked.filter(escalated).map(|path| path.display().to_string()).next().expect("an escalation");
    let until = ["--why", "the sale", "--until", "2026-04-01T00:00Z", "--now", "2026-03-02T10:00Z"];
    ok(&run(folder, &[&["approve", &asked, "--as", "bob"][..], &until].concat()));
    ok(&run(folder, &[&["decide", "w0-20.json"][..], &now].concat()));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.join(".writ/evidence")).expect("evidence").flatten() {
        let (path, receipt) = (entry.path(), entry.path().with_extension("tlog-proof"));
        if path.extension().is_some_and(|end| end == "json") {
            found.push((path.clone(), fs::read(&path).expect("readable"), fs::read(receipt).expect("a receipt")));
        }
    }
    found.sort();
    assert_eq!(found.len(), 4, "an allow, an escalation, a denial, an approved one");
    found
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

/// The bytes with one thing changed.
fn bent(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = numbers.below(bytes.len());
    match numbers.below(6) {
        0 => bytes[at] ^= 1 << numbers.below(8),
        1 => {
            bytes.remove(at);
        }
        2 => bytes.insert(at, bytes[at]),
        3 => bytes.insert(at, b' '),
        4 => bytes.truncate(at),
        _ => {
            let other = numbers.below(bytes.len());
            bytes.swap(at, other);
        }
    }
    bytes
}

/// The envelope with half of a letter escaped in it, which is no text.
fn half_a_letter(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).expect("an envelope is text");
    text.replacen("\"payload\":\"", "\"payload\":\"\\ud800", 1).into_bytes()
}

/// The statement of an envelope with one value in it changed, its own digest made right again, under the old signature.
fn rewritten(bytes: &[u8], statement: &Value, numbers: &mut Numbers) -> Vec<u8> {
    let mut envelope: Value = serde_json::from_slice(bytes).expect("an envelope");
    let mut statement = statement.clone();
    let leaves = count(&statement["predicate"]);
    let mut at = numbers.below(leaves);
    alter(&mut statement["predicate"], &mut at, numbers);
    let object = statement.as_object_mut().expect("an object");
    object.remove("integrity");
    // Sorted keys, ASCII names: this is the canonical form.
    let bare = serde_json::to_vec(&statement).expect("JSON");
    statement["integrity"] = Value::from(Digest::of(&bare).to_string());
    envelope["payload"] = Value::from(encode(&serde_json::to_vec(&statement).expect("JSON")));
    let mut bytes = serde_json::to_vec(&envelope).expect("JSON");
    bytes.push(b'\n');
    bytes
}

/// The statement of an envelope.
fn statement(bytes: &[u8]) -> Value {
    let envelope: Value = serde_json::from_slice(bytes).expect("an envelope");
    serde_json::from_slice(&decode(envelope["payload"].as_str().expect("base64"))).expect("a statement")
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(entries) => entries.values().map(count).sum(),
        _ => 0,
    }
}

fn alter(value: &mut Value, at: &mut usize, numbers: &mut Numbers) -> bool {
    if *at == 0 {
        *value = match &*value {
            Value::Bool(known) => Value::Bool(!known),
            Value::Number(number) => Value::from(number.as_u64().unwrap_or(7) + 1),
            Value::String(text) if numbers.below(2) == 0 => Value::from(format!("{text}x")),
            Value::String(text) => Value::from(text.chars().skip(1).chain(['y']).collect::<String>()),
            Value::Array(items) if items.is_empty() => Value::from(vec![1]),
            Value::Array(items) => Value::from(items[1..].to_vec()),
            Value::Object(_) | Value::Null => Value::from("gone"),
        };
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| alter(item, at, numbers)),
        Value::Object(entries) => entries.values_mut().any(|item| alter(item, at, numbers)),
        _ => false,
    }
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let all = part.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        for at in 0..4 {
            let letter = char::from(LETTERS[(all >> (18 - 6 * at)) as usize & 63]);
            text.push(if at <= part.len() { letter } else { '=' });
        }
    }
    text
}

fn decode(text: &str) -> Vec<u8> {
    let value = |letter: u8| LETTERS.iter().position(|one| *one == letter).unwrap_or(0) as u32;
    let mut bytes = Vec::new();
    for part in text.as_bytes().chunks(4) {
        let all = part.iter().fold(0_u32, |all, letter| all << 6 | value(*letter));
        bytes.extend(&all.to_be_bytes()[1..4 - part.iter().filter(|letter| **letter == b'=').count()]);
    }
    bytes
}

/// The envelope of a statement whose own digest was made anew, signed by nobody.
fn resealed(mut statement: Value) -> Vec<u8> {
    statement.as_object_mut().expect("an object").remove("integrity");
    let digest = Digest::of(statement.to_string().as_bytes());
    statement["integrity"] = Value::String(digest.to_string());
    let payload = encode(statement.to_string().as_bytes());
    let envelope = serde_json::json!({
        "payload": payload, "payloadType": "application/vnd.in-toto+json", "signatures": [],
    });
    format!("{envelope}\n").into_bytes()
}

/// Changes a statement.
type Bend<'a> = Box<dyn Fn(&mut Value) + 'a>;

#[test]
fn a_record_that_is_sealed_again_says_what_its_facts_say() {
    let folder = package("resealed", 2);
    let (mut refused, mut stood) = (0, 0);
    for (path, record, _) in corpus(&folder) {
        let whole = statement(&record);
        let nobody = Trust { keys: &[], receipt: None };
        let stands = |bent: Value| verify(&resealed(bent), &nobody);
        stands(whole.clone()).unwrap_or_else(|no| panic!("{}: {no}", path.display()));
        stood += 1;
        let other = Digest::of(b"another change");
        let bends: [(&str, Bend<'_>); 6] = [
            (
                "the change",
                Box::new(|of| {
                    of["predicate"]["change"]["digest"] = Value::String(other.to_string());
                    of["subject"][0]["digest"]["sha256"] = Value::String(other.hex().to_owned());
                }),
            ),
            ("the time", Box::new(|of| of["predicate"]["now"] = Value::String("2029-01-01T00:00Z".to_owned()))),
            ("who asked", Box::new(|of| of["predicate"]["actor"] = Value::String("eve".to_owned()))),
            ("no model", Box::new(|of| of["predicate"]["model"] = Value::String(String::new()))),
            ("no program", Box::new(|of| of["predicate"]["program"]["digest"] = Value::String("sha256:x".to_owned()))),
            ("no source", Box::new(|of| of["predicate"]["sources"][0]["digest"] = Value::String(String::new()))),
        ];
        // What no proof rests on may be said otherwise: these are what every record of this policy rests on.
        let cited = whole["predicate"]["facts"].to_string();
        for (what, bend) in bends {
            let rests = match what {
                "the change" => cited.contains("std.change.digest("),
                "the time" => cited.contains("std.time.now("),
                "who asked" => cited.contains("std.change.actor("),
                "no source" => whole["predicate"]["sources"].as_array().is_some_and(|all| !all.is_empty()),
                _ => true,
            };
            if rests {
                let mut bent = whole.clone();
                bend(&mut bent);
                assert!(stands(bent).is_err(), "{}: {what} is another, and it stands", path.display());
                refused += 1;
            }
        }
    }
    println!("{stood} records stand when they are sealed again, {refused} that say something else do not");
    assert!(refused >= 3 * stood, "{refused} of {stood}");
    let _ = fs::remove_dir_all(folder);
}

/// Every record and approval below a folder, by the schema that it has.
fn kept(folder: &Path) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(kept(&path));
        } else if let Some(statement) = fs::read(&path).ok().filter(|bytes| bytes.starts_with(b"{\"payload\"")) {
            let statement = self::statement(&statement);
            let decision = statement["predicateType"] == "https://writ-lang.org/decision/v1";
            found.push((if decision { "decision-v1" } else { "approval-v1" }, statement));
        }
    }
    found
}

#[test]
fn records_and_approvals_are_what_their_schema_says_and_nothing_else_is() {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let mut index = |name: &str| {
        let text = fs::read_to_string(root().join(format!("docs/schema/{name}.schema.json"))).expect("it is there");
        let at = format!("https://schemas.test/{name}");
        compiler.add_resource(&at, serde_json::from_str(&text).expect("a schema is JSON")).expect("a schema is one");
        compiler.compile(&at, &mut schemas).unwrap_or_else(|wrong| panic!("{name}: {wrong:#}"))
    };
    let by = BTreeMap::from([("decision-v1", index("decision-v1")), ("approval-v1", index("approval-v1"))]);
    let folder = package("schema", 2);
    corpus(&folder);
    let mut statements = kept(&folder);
    assert!(by.keys().all(|schema| statements.iter().any(|(of, _)| of == schema)), "one of each kind");
    // What an example decides has proofs and sources of every kind.
    for (example, asked) in
        [("key-loss", "plan.json"), ("what-would-pass", "plan.json"), ("three-contexts", "plan.json")]
    {
        let file = folder.join(format!("{example}.json"));
        let mut decide = Command::new(writ());
        decide.args(["decide", asked, "--actor", "ana", "--now", "2026-12-23T12:00Z", "--evidence"]).arg(&file);
        decide.current_dir(root().join("examples").join(example)).output().expect("it runs");
        statements.push(("decision-v1", statement(&fs::read(&file).expect("the record is there"))));
    }
    let (mut numbers, mut refused) = (Numbers(3), 0);
    for (schema, whole) in &statements {
        let valid = |value: &Value| schemas.validate(value, by[schema]).map_err(|wrong| format!("{wrong:#}"));
        valid(whole).unwrap_or_else(|wrong| panic!("{wrong}\n{whole:#}"));
        // With a field that it does not know, anywhere, it is none of ours.
        for _ in 0..50 {
            let mut bent = whole.clone();
            let mut at = numbers.below(objects(whole));
            if let Some(place) = stranger(&mut bent, &mut at) {
                assert!(valid(&bent).is_err(), "{schema}: a field more at `{place}` is not noticed");
                refused += 1;
            }
        }
    }
    println!("{} records and approvals are valid, {refused} with a field more are not", statements.len());
    assert!(refused > 200, "{refused}");
    let _ = fs::remove_dir_all(folder);
}

/// The objects whose fields are those of the record: what a fact or a message holds is its author's.
fn objects(value: &Value) -> usize {
    match value {
        Value::Object(fields) => {
            1 + fields.iter().filter(|(name, _)| is_ours(name)).map(|(_, v)| objects(v)).sum::<usize>()
        }
        Value::Array(values) => values.iter().map(objects).sum(),
        _ => 0,
    }
}

/// Whether a field holds what the format lays down.
fn is_ours(name: &str) -> bool {
    !matches!(name, "tuple" | "facts" | "proofs" | "rules" | "subjects" | "set" | "message")
}

/// Puts a field that is not known into the object of that number; returns where that is.
fn stranger(value: &mut Value, at: &mut usize) -> Option<String> {
    match value {
        Value::Object(fields) => {
            if *at == 0 {
                fields.insert("unheard of".to_owned(), Value::Bool(true));
                return Some(String::new());
            }
            *at -= 1;
            let mut ours = fields.iter_mut().filter(|(name, _)| is_ours(name));
            ours.find_map(|(name, inner)| Some(format!("/{name}{}", stranger(inner, at)?)))
        }
        Value::Array(values) => {
            let mut values = values.iter_mut().enumerate();
            values.find_map(|(place, inner)| Some(format!("/{place}{}", stranger(inner, at)?)))
        }
        _ => None,
    }
}

/// Eight decisions at once, each on a thing of its own, in one session that may change three.
#[test]
fn decisions_that_race_for_one_budget_do_not_all_get_it() {
    let folder = package("race", 8);
    let files: Vec<String> = (0..8).map(|thing| change(&folder, thing, 5)).collect();
    let line = ["--actor", "ana", "--session", "s1"];
    let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
        let one = |file: &String| run(&folder, &[&["decide", file][..], &line].concat()).status.code();
        let running: Vec<_> = files.iter().map(|file| scope.spawn(move || one(file))).collect();
        running.into_iter().map(|one| one.join().expect("it runs")).collect()
    });
    let allowed = codes.iter().filter(|code| **code == Some(0)).count();
    let asked = codes.iter().filter(|code| **code == Some(2)).count();
    assert_eq!((allowed, asked), (3, 5), "{codes:?}");
    let log = run(&folder, &["log", "--verdict", "allow", "--json"]);
    let log: Value = serde_json::from_slice(&log.stdout).expect("JSON");
    let entries = log["entries"].as_array().expect("a list");
    assert_eq!(entries.len(), 3);
    assert!(entries.iter().all(|entry| entry["index"] == entry["position"]), "an allow stands where it was decided");
    let things: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["resources"][0].as_str()).collect();
    assert_eq!(things.len(), 3);
    let _ = fs::remove_dir_all(folder);
}
