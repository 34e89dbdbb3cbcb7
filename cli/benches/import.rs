//! How fast `writ import` takes a file into the model, and how much memory that takes as files grow.
//!
//! `cargo bench -p cli --bench import -- [MEGABYTES]`: a state, a plan and a dump of a cluster, each a quarter of that size
//! and then that size; the dump as `kubectl get --output json` prints it, and without a space that is not needed: nothing
//! writes that, but no file says more in a megabyte. Read, checked against the policy, sorted, cut, packed, on the disk. Megabytes a second on the wall;
//! seconds that the processors worked; the largest resident set, whole, for a fact, and in multiples of the file.
//!
//! Not here: reading alone (`runtime/import/benches/files.rs`), the store alone (`runtime/model/benches/store.rs`).

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench has a clock and prints")]

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const POLICY: &str = r#"use std.state.{config, tag};
pub blueprint closed() {
    deny public(b) "{b} can be read by anyone" if covered(b), config(b, cfg), cfg.publicly_accessible == true;
}
intent web "The site" { cover b if tag(b, "app", "web"); owner "team-web"; apply closed(); }
"#;

fn main() {
    let size = std::env::args().find_map(|word| word.parse::<usize>().ok()).unwrap_or(200) * 1_000_000;
    let titles = ["MB", "facts", "MB/s", "worked", "peak MB", "B/fact", "x file"];
    println!(
        "{:<20} {:>6} {:>9} {:>6} {:>7} {:>8} {:>7} {:>7}",
        "", titles[0], titles[1], titles[2], titles[3], titles[4], titles[5], titles[6]
    );
    for (kind, head, part) in [
        (
            "terraform-state",
            r#"{"version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "x", "resources": ["#,
            in_state as Part,
        ),
        (
            "terraform-plan",
            r#"{"format_version": "1.2", "complete": true, "errored": false, "resource_changes": ["#,
            in_plan,
        ),
        ("kubernetes", "{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"List\",\n    \"items\": [\n", printed),
        ("kubernetes, dense", r#"{"apiVersion":"v1","kind":"List","items":["#, dense),
    ] {
        for size in [size / 4, size] {
            measure(kind, size, head, part);
        }
    }
}

/// One part of a file, by its number.
type Part = fn(usize) -> String;

fn measure(kind: &str, size: usize, head: &str, part: Part) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("import");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder is writable");
    let reader = kind.split(',').next().unwrap_or(kind);
    let source = format!("[[source]]\nname = \"big\"\nkind = \"{reader}\"\npath = \"big.json\"\n");
    fs::write(folder.join("writ.toml"), format!("[package]\nname = \"bench/import\"\n\n{source}")).expect("writable");
    fs::write(folder.join("policy.writ"), POLICY).expect("writable");
    let written = write(&folder.join("big.json"), size, head, part);
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
    command.args(["import", "--now", "2026-11-21T12:00Z"]).current_dir(&folder).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the tool runs");
    let (peak, worked) = watched(&mut child);
    let spent = start.elapsed().as_secs_f64();
    let mut said = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut said).expect("text");
    let facts = said.lines().last().and_then(|line| line.split_whitespace().rev().nth(1)?.parse::<f64>().ok());
    let facts = facts.unwrap_or_else(|| panic!("{kind}: {said}"));
    let megabytes = written as f64 / 1e6;
    let (speed, each, times) = (megabytes / spent, peak * 1e6 / facts, peak / megabytes);
    println!("{kind:<20} {megabytes:>6.0} {facts:>9} {speed:>6.1} {worked:>7.1} {peak:>8.0} {each:>7.0} {times:>7.1}");
    let _ = fs::remove_dir_all(&folder);
}

/// The largest resident set of a process in megabytes, and how long the processors worked for it in seconds, until it ends.
fn watched(child: &mut Child) -> (f64, f64) {
    let of = |name: &str, pid: u32| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let (mut peak, mut worked) = (0.0_f64, 0.0_f64);
    while child.try_wait().expect("it can be waited for").is_none() {
        let (status, stat) = (of("status", child.id()), of("stat", child.id()));
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0.0) / 1000.0);
        let behind = stat.rsplit(')').next().unwrap_or_default();
        let ticks = behind.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
        worked = worked.max(ticks.sum::<f64>() / 100.0);
        thread::sleep(Duration::from_millis(5));
    }
    (peak, worked)
}

/// Writes a file of that size; its text is nowhere whole.
fn write(file: &Path, size: usize, head: &str, part: Part) -> usize {
    let mut out = BufWriter::new(File::create(file).expect("writable"));
    let mut written = 0;
    let mut put = |text: &str| {
        out.write_all(text.as_bytes()).expect("writable");
        written += text.len();
        written
    };
    let mut long = put(head);
    for number in 0.. {
        if long >= size {
            break;
        }
        long = put(&format!("{}{}", if number > 0 { ",\n" } else { "" }, part(number)));
    }
    put("]}");
    written
}

/// The values of one resource.
fn values(n: usize, class: &str) -> String {
    let (key, group, system, team) = (n % 70, n % 300, n % 200, n % 50);
    let tags = format!(r#"{{"Name": "db-{n}", "env": "prod", "system": "s{system}", "team": "team-{team}"}}"#);
    format!(
        r#"{{"allocated_storage": 100, "apply_immediately": null, "arn": "arn:aws:rds:eu-west-1:219387160544:db:db-{n}", "availability_zone": "eu-west-1a", "backup_retention_period": 7, "backup_window": "03:00-04:00", "copy_tags_to_snapshot": true, "db_subnet_group_name": "private", "deletion_protection": true, "endpoint": "db-{n}.c8xyz.eu-west-1.rds.amazonaws.com:5432", "engine": "postgres", "engine_version": "15.4", "id": "db-{n}", "identifier": "db-{n}", "instance_class": "{class}", "iops": 3000, "kms_key_id": "arn:aws:kms:eu-west-1:219387160544:key/{key}", "monitoring_interval": 60, "multi_az": true, "parameter_group_name": "default.postgres15", "publicly_accessible": false, "replicas": [], "status": "available", "storage_encrypted": true, "tags": {tags}, "tags_all": {tags}, "timeouts": null, "username": "app", "vpc_security_group_ids": ["sg-{group}"]}}"#
    )
}

fn in_state(n: usize) -> String {
    let (values, key) = (values(n, "db.r6g.large"), n % 70);
    format!(
        r#"{{"mode": "managed", "type": "aws_db_instance", "name": "db{n}", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [{{"schema_version": 2, "attributes": {values}, "sensitive_attributes": [], "dependencies": ["aws_kms_key.k{key}"]}}]}}"#
    )
}

/// One in twenty is altered; of the others a plan repeats what they are.
fn in_plan(n: usize) -> String {
    let (action, class) = if n.is_multiple_of(20) { ("update", "db.r6g.xlarge") } else { ("no-op", "db.r6g.large") };
    let (before, after) = (values(n, "db.r6g.large"), values(n, class));
    format!(
        r#"{{"address": "aws_db_instance.db{n}", "mode": "managed", "type": "aws_db_instance", "name": "db{n}", "provider_name": "registry.terraform.io/hashicorp/aws", "change": {{"actions": ["{action}"], "before": {before}, "after": {after}, "after_unknown": {{}}, "before_sensitive": {{"tags": {{}}}}, "after_sensitive": {{"tags": {{}}}}}}}}"#
    )
}

fn pod(n: usize) -> String {
    let (team, image) = (n % 50, n % 400);
    format!(
        r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "app-{n}", "namespace": "team-{team}", "uid": "5e1f-{n}", "labels": {{"app": "app-{n}", "tier": "web"}}, "ownerReferences": [{{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "app-{n}", "uid": "77-{n}"}}]}}, "spec": {{"serviceAccountName": "app", "containers": [{{"name": "main", "image": "registry.example/app:{image}", "env": [{{"name": "DB", "value": "postgres://db-{n}.internal:5432/app"}}], "ports": [{{"containerPort": 8080}}], "resources": {{"limits": {{"cpu": "500m", "memory": "512Mi"}}}}, "volumeMounts": [{{"mountPath": "/etc/app", "name": "config", "readOnly": true}}]}}], "volumes": [{{"configMap": {{"name": "app-{n}-config"}}, "name": "config"}}]}}, "status": {{"conditions": [{{"lastProbeTime": null, "status": "True", "type": "Ready"}}, {{"lastProbeTime": null, "status": "True", "type": "PodScheduled"}}], "phase": "Running", "podIP": "10.0.1.3"}}}}"#
    )
}

/// A pod as `kubectl` prints it: four spaces for each level, two levels down.
fn printed(n: usize) -> String {
    let pod: serde_json::Value = serde_json::from_str(&pod(n)).expect("it is JSON");
    let mut out = Vec::new();
    let mut writer = Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(b"    "));
    pod.serialize(&mut writer).expect("memory takes it");
    let text = String::from_utf8(out).expect("it is text");
    text.lines().map(|line| format!("        {line}")).collect::<Vec<_>>().join("\n")
}

/// The same on one line.
fn dense(n: usize) -> String {
    serde_json::from_str::<serde_json::Value>(&pod(n)).expect("it is JSON").to_string()
}
