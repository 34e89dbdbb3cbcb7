//! How many decisions are signed and recorded in a second, and how many kept ones are decided again.
//!
//! `cargo bench -p cli --bench log` measures the log, in a folder of the disk that holds the target folder; with
//! `-- replay` it also makes a log of 10,000 decisions out of 40 plans, each on a model of its own, and decides each again
//! under another policy.
//!
//! Not here: how long one decision takes (`benches/run`).

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench has a clock and prints")]

#[allow(dead_code, unused_imports, reason = "the tool's tests use all of it")]
#[path = "../src/disk.rs"]
mod disk;
#[path = "../src/kept/folder.rs"]
mod folder;

use evidence::{Entry, Log, Record, SigningKey, Verdict, View};
use folder::Folder;
use serde_json::json;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const WRIT: &str = env!("CARGO_BIN_EXE_writ");
const PER_BATCH: Duration = Duration::from_secs(4);

fn key() -> SigningKey {
    SigningKey::new("bench/log", [9; 32]).expect("a key")
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

fn writ(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(WRIT);
    let ran = command.args(arguments).current_dir(folder).env("WRIT_SIGNING_KEY", key().secret()).output();
    let ran = ran.expect("the tool runs");
    let code = ran.status.code().unwrap_or(-1);
    assert!((0..=2).contains(&code), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    (code, String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// A package of some things, with a policy that allows, asks and denies by size.
fn package(folder: &Path, most: usize) {
    let policy = format!(
        r#"use std.state.{{Resource, config, tag}};
use std.change.{{action, actor, writes}};
use std.authority.{{accountable, member}};
pub blueprint sized(usual: int, most: int) {{
    deny too_large(r, n) "{{r}} would have {{n}} machines" if covered(r), config(r, cfg), n: int = cfg.size, n > most;
    escalate large(a, r, n) "{{a}} gives {{r}} {{n}} machines" to accountable(r)
        if writes(a, r), covered(r), config(r, cfg), n: int = cfg.size, n > usual, n <= most;
    permit own(a) if action(a, "update", r), actor(a, who), accountable(r, team), member(who, team);
}}
intent shop "Customers can order" {{ cover r if tag(r, "app", "shop"); owner "team-shop"; apply sized(usual: 10, most: {most}); }}
"#
    );
    let manifest = "[package]\nname = \"bench/log\"\n";
    fs::write(folder.join("policy.writ"), policy).expect("writable");
    fs::write(folder.join("writ.toml"), manifest).expect("writable");
}

/// The facts of a model version.
fn world(version: usize) -> String {
    let mut text = String::from("use std.state.{config, tag};\nuse std.authority.{member, right};\n");
    let _ = writeln!(text, "member(\"ana\", \"team-shop\"); right(\"team-shop\", \"accept-risk\");");
    let kind = "aws_autoscaling_group";
    for thing in 0..50 {
        let _ = writeln!(
            text,
            "tag(\"{kind}.w{thing}\", \"app\", \"shop\"); config(\"{kind}.w{thing}\", {{\"size\": {version}}});"
        );
    }
    text
}

/// A plan of Terraform that gives a thing another size.
///
/// - `version`: of the model that it was made on.
fn plan(thing: usize, version: usize) -> String {
    let (kind, name) = ("aws_autoscaling_group", format!("w{thing}"));
    let (address, size) = (format!("{kind}.{name}"), [5, 20, 200][thing % 3]);
    let named = |more: serde_json::Value| {
        let mut block = json!({"address": address, "mode": "managed", "type": kind, "name": name});
        block.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        block
    };
    let provider = "registry.terraform.io/hashicorp/aws";
    let with = |size: usize| named(json!({"provider_name": provider, "schema_version": 0, "values": {"size": size}}));
    let written =
        json!({"provider_config_key": "aws", "schema_version": 0, "expressions": {"size": {"constant_value": size}}});
    let change = json!({"actions": ["update"], "before": {"size": version}, "after": {"size": size}, "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}});
    let plan = json!({
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "complete": true,
        "planned_values": {"root_module": {"resources": [with(size)]}},
        "resource_changes": [named(json!({"provider_name": provider, "change": change}))],
        "prior_state": {"format_version": "1.0", "terraform_version": "1.9.8", "values": {"root_module": {"resources": [with(version)]}}},
        "configuration": {"root_module": {"resources": [named(written)]}},
    });
    plan.to_string()
}

/// A record as the tool writes it.
fn record() -> Record {
    let folder = scratch("record");
    package(&folder, 50);
    // Not in the package's folder, where it would be a module.
    let world_file = scratch("record-world").join("world.writ");
    fs::write(&world_file, world(4)).expect("writable");
    fs::write(folder.join("plan.json"), plan(0, 4)).expect("writable");
    let facts = world_file.display().to_string();
    let line = ["decide", "plan.json", "--facts", &facts, "--actor", "ana", "--evidence", "evidence.json"];
    writ(&folder, &line);
    let bytes = fs::read(folder.join("evidence.json")).expect("evidence");
    evidence::open::<Record>(&bytes).expect("a record").predicate
}

/// Decisions in a second where `batch` of them are committed together: deciders seal and sign, one thread commits.
fn recorded(record: &Record, batch: usize) -> (f64, usize) {
    let folder = scratch("log");
    let mut log = Log::create(Folder::of(&folder), key()).expect("a log");
    let (sender, receiver) = mpsc::sync_channel(2 * batch);
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut number = 0_u64;
            while start.elapsed() < PER_BATCH {
                number += 1;
                let record = Record { session: Some(format!("s{number}")), verdict: Verdict::Deny, ..record.clone() };
                let sealed = evidence::seal(record.clone()).sign(&key());
                let entry = Entry::of_decision(&record, &sealed.digest, "2026-03-02T10:00Z", "2026-03-02T10:00Z", 0);
                let file = (format!("evidence/{}.json", sealed.digest.hex()), sealed.bytes);
                if sender.send((file, entry)).is_err() {
                    return;
                }
            }
        });
        let (mut files, mut entries) = (Vec::new(), Vec::new());
        let mut commits = 0;
        for (file, entry) in receiver {
            files.push(file);
            entries.push(entry);
            if entries.len() == batch {
                log = log.commit(&std::mem::take(&mut files), std::mem::take(&mut entries)).expect("a commit").0;
                commits += 1;
            }
        }
        (log.size() as f64 / start.elapsed().as_secs_f64(), commits)
    })
}

/// What the disk does alone: files of that size, each synced, in a second.
fn synced(bytes: &[u8]) -> f64 {
    let folder = scratch("disk");
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < PER_BATCH {
        let mut file = File::create(folder.join(format!("{count}"))).expect("writable");
        file.write_all(bytes).and_then(|()| file.sync_all()).expect("writable");
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

fn replay() {
    let folder = scratch("replay");
    package(&folder, 50);
    writ(&folder, &["init"]);
    // Not in the package's folder, where they would be modules.
    let worlds = scratch("replay-worlds");
    for version in 0..20 {
        fs::write(worlds.join(format!("world{version}.writ")), world(version)).expect("writable");
    }
    // Two plans for each version, each with five actors; then each of these two hundred again and again, at another instant.
    for number in 0..40 {
        fs::write(folder.join(format!("c{number}.json")), plan(number, number % 20)).expect("writable");
        for actor in 0..5 {
            let facts = worlds.join(format!("world{}.writ", number % 20)).display().to_string();
            let file = format!("c{number}.json");
            let actor = if actor == 0 { String::from("ana") } else { format!("agent-{actor}") };
            writ(&folder, &["decide", &file, "--facts", &facts, "--actor", &actor, "--now", "2026-03-02T10:00Z"]);
        }
    }
    let kept = folder.join(".writ");
    let made = View::open(&Folder::of(&kept)).and_then(|view| view.entries(0)).expect("a log");
    let mut log = Log::open(Folder::of(&kept), key()).expect("a log");
    while log.size() < 10_000 {
        let size = log.size();
        let more = (size..10_000.min(size + 500)).map(|at| {
            let like = &made[usize::try_from(at).expect("small") % made.len()];
            Entry {
                position: at,
                now: Some(format!("2026-03-{:02}T{:02}:{:02}Z", 3 + at / 1440, at / 60 % 24, at % 60)),
                ..like.clone()
            }
        });
        log = log.commit(&[], more.collect()).expect("a commit").0;
    }
    let bytes: u64 = walk(&kept);
    let other = scratch("other");
    package(&other, 250);
    let start = Instant::now();
    let (_, said) = writ(&folder, &["replay", "--with", &other.display().to_string()]);
    println!("{said}replay of 10,000: {:.1} s; what is kept: {bytes} bytes", start.elapsed().as_secs_f64());
}

fn walk(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("readable").flatten();
    let size = |entry: fs::DirEntry| match entry.path().is_dir() {
        true => walk(&entry.path()),
        false => entry.metadata().map_or(0, |there| there.len()),
    };
    entries.map(size).sum()
}

fn main() {
    let record = record();
    let bytes = evidence::seal(record.clone()).sign(&key()).bytes;
    println!(
        "records of {} bytes; the disk alone: {:.0} such files written and synced a second",
        bytes.len(),
        synced(&bytes)
    );
    for batch in [1, 16, 256] {
        let (rate, commits) = recorded(&record, batch);
        println!("signed and recorded, {batch} in a commit: {rate:.0} decisions a second ({commits} commits)");
    }
    if std::env::args().any(|word| word == "replay") {
        replay();
    }
}
