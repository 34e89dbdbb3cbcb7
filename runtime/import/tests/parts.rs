//! Files that are read in parts, on several threads: what comes out is what the parts say one by one, in the file's order.

use import::{Bytes, Expected, Options, SensitiveKey, read, read_from};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More than one thread takes at a time, three times over.
const MANY: usize = 1_600;

fn options() -> Options<'static> {
    let sensitive = Some(SensitiveKey::of(b"one key for all"));
    Options { sensitive, expected: Expected::State, ..Options::default() }
}

fn state(resources: &[String]) -> String {
    format!(r#"{{"version": 4, "serial": 1, "resources": [{}]}}"#, resources.join(",\n"))
}

fn dump(objects: &[String]) -> String {
    format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, objects.join(",\n"))
}

fn resource(n: usize) -> String {
    let mode = if n.is_multiple_of(97) { "ephemeral" } else { "managed" };
    let tags = format!(r#"{{"Name": "db-{n}", "team": "team-{}"}}"#, n % 7);
    format!(
        r#"{{"mode": "{mode}", "type": "aws_db", "name": "db{n}", "instances": [{{"attributes": {{"id": "db-{n}", "tags": {tags}, "tags_all": {tags}}}}}]}}"#
    )
}

fn object(n: usize) -> String {
    format!(
        r#"{{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "app-{n}", "uid": "u-{n}", "labels": {{"team": "t{}"}}}}, "data": {{"key": "{n}"}}}}"#,
        n % 7
    )
}

/// What a file says, each fact with its place, then what was skipped.
fn said(text: &str) -> (Vec<String>, Vec<String>) {
    let imported = read("file.json", text.as_bytes(), &options()).expect("reads");
    let facts = imported.facts.iter().map(|fact| format!("{fact} {}", fact.origin.place)).collect();
    (facts, imported.skipped.iter().map(|part| format!("{} {}", part.place, part.why)).collect())
}

#[test]
fn a_whole_is_its_parts() {
    for (whole, part, list) in
        [(state as fn(&[String]) -> String, resource as fn(usize) -> String, "/resources/"), (dump, object, "/items/")]
    {
        let parts: Vec<String> = (0..MANY).map(part).collect();
        let (mut facts, mut skipped) = (Vec::new(), Vec::new());
        for (n, part) in parts.iter().enumerate() {
            let placed = |text: String| text.replace(&format!("{list}0"), &format!("{list}{n}"));
            let (some, over) = said(&whole(std::slice::from_ref(part)));
            facts.extend(some.into_iter().map(placed));
            skipped.extend(over.into_iter().map(placed));
        }
        let (mut found, mut passed) = said(&whole(&parts));
        // They come by relation and then by tuple: texts are sorted as lines are, but for where a text ends.
        let relation = |line: &String| line.split('(').next().map(str::to_owned);
        assert!(found.is_sorted_by_key(relation));
        [&mut facts, &mut skipped, &mut found, &mut passed].into_iter().for_each(|lines| lines.sort());
        assert_eq!(found, facts);
        assert_eq!(passed, skipped);
    }
}

/// The first fault of the file is told, whichever thread finds one first.
#[test]
fn the_first_fault_is_told() {
    let refused = |wrong: &[usize]| {
        let mut parts: Vec<String> = (0..MANY).map(resource).collect();
        wrong.iter().for_each(|n| parts[*n] = parts[*n].replace("attributes", "attributed"));
        read("file.json", state(&parts).as_bytes(), &options()).expect_err("refused").to_string()
    };
    for wrong in [&[700, 701, 1_500][..], &[1, 1_599], &[1_599]] {
        let first = wrong[0];
        let told =
            format!("error: `aws_db.db{first}` has no attributes\n  --> file.json#/resources/{first}/instances/0");
        assert_eq!(refused(wrong), told);
    }
}

/// A secret of one part is sealed in every other.
#[test]
fn what_one_part_keeps_secret_no_other_tells() {
    let mut parts: Vec<String> = (0..MANY).map(resource).collect();
    parts[1_500] = parts[1_500].replace(r#""id""#, r#""password": "correct-horse-battery", "id""#);
    parts[3] = parts[3].replace("team-3", "postgres://app:correct-horse-battery@db/app");
    let (facts, _) = said(&state(&parts));
    assert!(facts.iter().all(|fact| !fact.contains("correct-horse")));
    assert!(facts.iter().any(|fact| fact.contains("db-3") && fact.contains("sensitive(")));
}

/// What is no JSON is told before what is wrong with JSON, wherever the two stand.
#[test]
fn the_text_comes_first() {
    let mut parts: Vec<String> = (0..MANY).map(resource).collect();
    parts[1] = parts[1].replace("attributes", "attributed");
    parts[1_500] = parts[1_500].replace("managed", "man\taged");
    let told = read("file.json", state(&parts).as_bytes(), &options()).expect_err("refused").to_string();
    assert!(told.starts_with("error: a control character stands in a text unescaped\n  --> file.json:1501:"), "{told}");
}

/// An object that is no list keeps a list of that name, though one of a file is read part by part.
#[test]
fn a_list_that_nobody_reads_stays() {
    let text = r#"{"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "metadata": {"name": "e"}, "resources": [{"providers": []}], "items": [1]}"#;
    let (facts, _) = said(text);
    let config = facts.iter().find(|fact| fact.contains("std.state.config")).expect("it has a configuration");
    assert!(config.contains(r#""items": [1]"#) && config.contains(r#""resources": [{"providers": []}]"#), "{config}");
}

/// A file that another one takes the place of, once it was gone through.
struct Replaced<'t> {
    texts: [&'t str; 2],
    asked: AtomicUsize,
}

impl Bytes for Replaced<'_> {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        // It is short enough to be gone through in one step, and asked for once more to see that it has ended.
        let text = self.texts[usize::from(self.asked.fetch_add(1, Ordering::Relaxed) > 1)].as_bytes();
        let rest = &text[text.len().min(offset as usize)..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

/// What is read is what the file was at one time, never a part of each.
#[test]
fn a_file_that_changes_is_read_again() {
    let parts: Vec<String> = (0..40).map(resource).collect();
    let (old, new) = (state(&parts), state(&parts).replace("team-3", "team-4"));
    let read = |texts: [&str; 2]| {
        let file = Replaced { texts, asked: AtomicUsize::new(0) };
        let imported = read_from("file.json", &file, &options()).expect("reads");
        (imported.source.digest.clone(), imported.facts)
    };
    assert_eq!(read([&old, &new]), read([&new, &new]));
    let cut = &new[..new.len() / 2];
    let file = Replaced { texts: [&old, cut], asked: AtomicUsize::new(0) };
    let told = read_from("file.json", &file, &options()).expect_err("refused").to_string();
    assert_eq!(told, read_from("file.json", &cut, &options()).expect_err("refused").to_string());
}

/// A disk that fails is no end of a file.
#[test]
fn what_cannot_be_read_is_told() {
    struct Failing(String);
    impl Bytes for Failing {
        fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
            match offset {
                0 => self.0.read_at(0, &mut into[..100]),
                _ => Err(io::Error::other("the disk is gone")),
            }
        }
    }
    let parts: Vec<String> = (0..40).map(resource).collect();
    let told = read_from("file.json", &Failing(state(&parts)), &options()).expect_err("refused").to_string();
    assert_eq!(told, "error: the file cannot be read to its end: the disk is gone\n  --> file.json");
}
