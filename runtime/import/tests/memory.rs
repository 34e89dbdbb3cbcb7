//! What reading a large file takes: memory for what is kept of it, and not for what is not.
//!
//! One test, since a process has one peak.

use import::{Bytes, Expected, Options, SensitiveKey, read_from};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Items of a list.
const ITEMS: usize = 1_000;

/// Bytes of each item that nothing is kept of, beside some 600 that are.
const IDLE: usize = 60_000;

/// Megabytes that reading may take for each thread, whatever the file.
const FOR_A_THREAD: f64 = 5.0;

type Item = fn(usize, &str) -> String;

/// A file that is nowhere as a whole: lists, each with what stands before it and its items, which are of one length.
struct Made {
    lists: Vec<(&'static str, Item)>,
    tail: &'static str,
    idle: String,
    read: AtomicUsize,
}

impl Made {
    fn new(lists: &[(&'static str, Item)], tail: &'static str, idle: usize) -> Made {
        Made { lists: lists.to_vec(), tail, idle: "x".repeat(idle), read: AtomicUsize::new(0) }
    }

    /// An item, with the comma before it.
    fn item(&self, item: Item, n: usize) -> String {
        format!("{}{}", if n == 0 { ' ' } else { ',' }, item(n, &self.idle))
    }

    fn length(&self) -> usize {
        let lists = self.lists.iter().map(|(head, item)| head.len() + ITEMS * self.item(*item, 0).len());
        lists.sum::<usize>() + self.tail.len()
    }

    /// What stands at `offset`, as far as one item goes.
    fn piece(&self, mut offset: usize) -> Vec<u8> {
        for (head, item) in &self.lists {
            if let Some(rest) = head.as_bytes().get(offset..).filter(|rest| !rest.is_empty()) {
                return rest.to_vec();
            }
            offset -= head.len();
            let long = self.item(*item, 0).len();
            if offset < ITEMS * long {
                return self.item(*item, offset / long).as_bytes()[offset % long..].to_vec();
            }
            offset -= ITEMS * long;
        }
        self.tail.as_bytes().get(offset..).unwrap_or_default().to_vec()
    }
}

impl Bytes for Made {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let piece = self.piece(offset as usize);
        let count = piece.len().min(into.len());
        into[..count].copy_from_slice(&piece[..count]);
        self.read.fetch_add(count, Ordering::Relaxed);
        Ok(count)
    }
}

fn object(n: usize, idle: &str) -> String {
    let labels: Vec<String> = (0..12).map(|label| format!(r#""label-{label}": "value-{n:06}-{label}""#)).collect();
    format!(
        r#"{{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "app-{n:06}", "uid": "u", "labels": {{{}}}}}, "data": {{"key": "{idle}"}}}}"#,
        labels.join(", ")
    )
}

fn values(n: usize) -> String {
    let tags: Vec<String> = (0..12).map(|tag| format!(r#""tag-{tag}": "value-{n:06}-{tag}""#)).collect();
    format!(r#"{{"id": "db-{n:06}", "tags": {{{}}}}}"#, tags.join(", "))
}

fn resource(n: usize, idle: &str) -> String {
    let values = values(n);
    format!(
        r#"{{"mode": "managed", "type": "aws_db", "name": "db{n:06}", "instances": [{{"attributes": {values}, "private": "{idle}"}}]}}"#
    )
}

fn change(n: usize, idle: &str) -> String {
    let (before, after) = (values(n), values(n));
    format!(
        r#"{{"address": "aws_db.db{n:06}", "mode": "managed", "type": "aws_db", "name": "db{n:06}", "change": {{"actions": ["no-op"], "before": {before}, "after": {after}, "generated_config": "{idle}"}}}}"#
    )
}

fn shown(n: usize, idle: &str) -> String {
    let values = values(n);
    format!(
        r#"{{"address": "aws_db.db{n:06}", "mode": "managed", "type": "aws_db", "name": "db{n:06}", "values": {values}, "private": "{idle}"}}"#
    )
}

/// The largest resident set so far, in megabytes; none where nobody tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

#[test]
fn what_is_not_kept_takes_no_memory() {
    let dump: &[(&str, Item)] = &[(r#"{"apiVersion": "v1", "kind": "List", "items": ["#, object)];
    let state: &[(&str, Item)] = &[(r#"{"version": 4, "serial": 1, "resources": ["#, resource)];
    let plan: &[(&str, Item)] = &[
        (r#"{"format_version": "1.2", "planned_values": {"root_module": {"resources": ["#, shown),
        (r#"]}}, "resource_changes": ["#, change),
        (r#"], "prior_state": {"format_version": "1.0", "values": {"root_module": {"resources": ["#, shown),
    ];
    let options = Options { sensitive: Some(SensitiveKey::of(b"one")), ..Options::default() };
    let threads = thread::available_parallelism().map_or(1, usize::from) as f64;
    for (name, lists, tail) in [("dump", dump, "]}"), ("state", state, "]}"), ("plan", plan, "]}}}}")] {
        let expected = if name == "plan" { Expected::Change } else { Expected::State };
        let options = Options { expected, ..options.clone() };
        let read = |idle: usize| {
            let file = Made::new(lists, tail, idle);
            let facts = read_from(name, &file, &options).unwrap_or_else(|malformed| panic!("{malformed}")).facts.len();
            // Once for what it is called and where its items are, and each item once for itself; of a plan what is there
            // before is asked for what it was and for whether the plan agrees with it.
            let (read, length) = (file.read.load(Ordering::Relaxed), file.length());
            assert!(read <= length * if name == "plan" { 3 } else { 2 }, "{name}: {read} bytes were read of {length}");
            facts
        };
        let few = read(IDLE / 100);
        let before = peak();
        let facts = read(IDLE);
        assert_eq!(facts, few);
        if let (Some(before), Some(after)) = (before, peak()) {
            let more = after - before;
            assert!(more < FOR_A_THREAD * (threads + 1.0), "{name}: {more} MB more for what is not kept");
        }
    }
}
