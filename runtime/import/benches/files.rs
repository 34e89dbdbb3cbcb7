//! How fast files are read, and how much memory that takes: plans, states, dumps of clusters, rows.
//!
//! `cargo bench -p import --bench files -- [MEGABYTES]`; each kind in a file of that size that is made here, whole: decoded,
//! digested, parsed, its facts made and sorted. Megabytes a second of the time that the thread was at work (where the system
//! does not tell that: on the wall), best and median of five; and the largest resident set so far in multiples of the file.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::disallowed_methods)]

use import::{Expected, Format, Options, Records, Stated, read};
use program::{Column, Reading, Relation, Scope, Type};
use std::collections::BTreeMap;
use std::time::Instant;

const TURNS: usize = 5;

fn main() {
    let size = std::env::args().find_map(|word| word.parse::<usize>().ok()).unwrap_or(64) * 1_000_000;
    let relations = [size_relation()];
    let columns = [("r", "{host}"), ("size", "{gb}")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    let stated = Stated { relation: "policy.size".into(), columns: BTreeMap::from(columns), optional: false };
    let mapping = Records { facts: vec![stated], ..Records::default() };
    let plain = Options::default();
    let rows = Options { format: Some(Format::Records), relations: &relations, ..plain.clone() };
    let mapped = Options { records: Some(&mapping), ..rows.clone() };
    println!("{:<30} {:>6} {:>9} {:>10} {:>8} {:>7}", "", "MB", "facts", "best MB/s", "median", "peak");
    let lines = filled(size, "", "", "\n", row);
    measure("rows by a mapping, NDJSON", "rows.ndjson", &lines, &mapped);
    measure("rows as they are, NDJSON", "rows.ndjson", &lines, &rows);
    let head = r#"{"apiVersion": "v1", "kind": "List", "items": ["#;
    measure("dump of a cluster, JSON", "dump.json", &filled(size, head, "]}", ",", deployment), &plain);
    let head = r#"{"version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "x", "resources": ["#;
    let options = Options { expected: Expected::State, ..plain.clone() };
    measure("state, JSON", "terraform.tfstate", &filled(size, head, "]}", ",", in_state), &options);
    let head = r#"{"format_version": "1.2", "complete": true, "errored": false, "resource_changes": ["#;
    let options = Options { expected: Expected::Change, ..plain.clone() };
    measure("plan, JSON", "plan.json", &filled(size, head, "]}", ",", in_plan), &options);
}

fn measure(what: &str, name: &str, text: &str, options: &Options<'_>) {
    let megabytes = text.len() as f64 / 1e6;
    let (mut speeds, mut facts) = (Vec::new(), 0);
    for _ in 0..TURNS {
        let (start, worked) = (Instant::now(), at_work());
        let imported = read(name, text.as_bytes(), options).unwrap_or_else(|malformed| panic!("{malformed}"));
        let spent = worked.zip(at_work()).map_or_else(|| start.elapsed().as_secs_f64(), |(from, to)| to - from);
        speeds.push(megabytes / spent);
        let actions = imported.change.iter().flat_map(|change| &change.actions);
        facts = imported.facts.len() + actions.map(|action| action.set.len()).sum::<usize>();
    }
    speeds.sort_by(f64::total_cmp);
    let peak = peak().map_or_else(String::new, |peak| format!("{:.1} x", peak / megabytes));
    let (best, median) = (speeds[TURNS - 1], speeds[TURNS / 2]);
    println!("{what:<30} {megabytes:>6.0} {facts:>9} {best:>10.1} {median:>8.1} {peak:>7}");
}

/// How long this thread was at work, in seconds.
fn at_work() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e9)
}

/// The largest resident set so far, in megabytes.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1000.0)
}

fn size_relation() -> Relation {
    let column = |(name, r#type): (&str, Type)| Column { name: name.to_owned(), r#type, lattice: None };
    let columns = [("r", Type::Entity("std.state.Resource".to_owned())), ("size", Type::Int)];
    Relation {
        name: "policy.size".to_owned(),
        columns: columns.into_iter().map(column).collect(),
        scope: Scope::State,
        authority: false,
        instanced: false,
        key: None,
        reading: Reading::Only,
        optional: false,
        hidden: false,
    }
}

/// Parts between a head and a tail until the text is long enough.
fn filled(size: usize, head: &str, tail: &str, between: &str, part: fn(usize) -> String) -> String {
    let mut text = String::with_capacity(size + 4096);
    text.push_str(head);
    for number in 0.. {
        if text.len() >= size {
            break;
        }
        if number > 0 {
            text.push_str(between);
        }
        text.push_str(&part(number));
    }
    text.push_str(tail);
    text
}

fn row(n: usize) -> String {
    let (gb, room, team) = (n % 512, n % 40, n % 90);
    format!(
        r#"{{"host": "host-{n}", "gb": {gb}, "room": "r{room}", "labels": {{"team": "team-{team}", "env": "prod"}}, "note": "delivered in spring, checked twice, no complaints so far"}}"#
    )
}

fn deployment(n: usize) -> String {
    let team = n % 50;
    format!(
        r#"{{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "app-{n}", "namespace": "team-{team}", "uid": "5e1f-{n}", "labels": {{"app": "app-{n}", "tier": "web"}}}}, "spec": {{"replicas": 3, "selector": {{"matchLabels": {{"app": "app-{n}"}}}}, "template": {{"metadata": {{"labels": {{"app": "app-{n}"}}}}, "spec": {{"serviceAccountName": "app", "containers": [{{"name": "main", "image": "registry.example/app:{n}", "ports": [{{"containerPort": 8080}}], "resources": {{"limits": {{"cpu": "500m", "memory": "512Mi"}}}}}}]}}}}}}, "status": {{"availableReplicas": 3, "conditions": [{{"type": "Available", "status": "True", "message": "Deployment has minimum availability."}}]}}}}"#
    )
}

/// The values of one resource.
fn values(n: usize, class: &str) -> String {
    let (key, group, system, team) = (n % 70, n % 300, n % 200, n % 50);
    let tags = format!(r#"{{"system": "s{system}", "team": "team-{team}"}}"#);
    format!(
        r#"{{"id": "db-{n}", "arn": "arn:aws:rds:eu-west-1:219387160544:db:db-{n}", "identifier": "db-{n}", "engine": "postgres", "engine_version": "15.4", "instance_class": "{class}", "multi_az": true, "storage_encrypted": true, "kms_key_id": "arn:aws:kms:eu-west-1:219387160544:key/{key}", "vpc_security_group_ids": ["sg-{group}"], "parameter_group_name": "default.postgres15", "backup_window": "03:00-04:00", "tags": {tags}, "tags_all": {tags}}}"#
    )
}

fn in_state(n: usize) -> String {
    let (values, key) = (values(n, "db.r6g.large"), n % 70);
    format!(
        r#"{{"mode": "managed", "type": "aws_db_instance", "name": "db{n}", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [{{"schema_version": 2, "attributes": {values}, "sensitive_attributes": [], "dependencies": ["aws_kms_key.k{key}"]}}]}}"#
    )
}

/// An update: what was and what will be are both in it.
fn in_plan(n: usize) -> String {
    let (before, after) = (values(n, "db.r6g.large"), values(n, "db.r6g.xlarge"));
    format!(
        r#"{{"address": "aws_db_instance.db{n}", "mode": "managed", "type": "aws_db_instance", "name": "db{n}", "provider_name": "registry.terraform.io/hashicorp/aws", "change": {{"actions": ["update"], "before": {before}, "after": {after}, "after_unknown": {{}}, "before_sensitive": {{}}, "after_sensitive": {{}}}}}}"#
    )
}
