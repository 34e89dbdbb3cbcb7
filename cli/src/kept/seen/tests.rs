//! The law of what was seen: an older log is refused whatever else is left, and a sound one never is.

use super::SEEN;
use crate::disk::refusing;
use crate::failure::Failure;
use crate::kept::{self, Kept};
use evidence::{Entry, Kept as Kind, Log, SigningKey, Verdict};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn entry(number: u64, position: u64) -> Entry {
    Entry {
        kind: Kind::Decision,
        digest: format!("sha256:{number:064x}"),
        time: String::from("2026-03-02T10:00:00Z"),
        now: Some(String::from("2026-03-02T10:00Z")),
        position,
        change: String::from("sha256:00"),
        verdict: Some(Verdict::Allow),
        model: None,
        program: None,
        actor: None,
        session: None,
        content: None,
        missing: Vec::new(),
        aged: Vec::new(),
        fills: BTreeMap::new(),
        lapsed: Vec::new(),
        resources: Vec::new(),
        reads: Vec::new(),
        rules: Vec::new(),
        controls: Vec::new(),
        cut: false,
    }
}

/// A package with an empty log, and its key.
fn package(name: &str) -> (PathBuf, Kept, SigningKey) {
    let folder = std::env::temp_dir().join(format!("writ-seen-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let kept = Kept::of(&folder);
    let key = kept::make_key(&kept, "acme/shop").expect("a key");
    assert!(Log::create(kept.folder(), key.clone()).is_ok(), "a log");
    (folder, kept, key)
}

/// Adds an entry as `writ decide` does, its receipt beside its evidence.
fn add(kept: &Kept, key: &SigningKey, number: u64) -> Result<(), Failure> {
    let lock = kept.lock()?;
    let position = kept.size()?.expect("a log");
    let receipts = kept.commit(&lock, key, &[], vec![entry(number, position)])?;
    let place = kept.path(&format!("evidence/{position}.tlog-proof"));
    crate::output::write(&place, receipts[0].to_string().as_bytes())
}

/// Puts a copy of a folder in the place of another.
fn put(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("readable").flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { put(&path, &to) } else { fs::copy(&path, &to).map(|_| ()).expect("writable") }
    }
}

/// Every older log, whole or by its checkpoint alone, beside every state of what was seen.
#[test]
fn an_older_log_is_refused_and_a_sound_one_is_not() {
    let (folder, kept, key) = package("older");
    let copy = |size: u64| folder.join(format!("log{size}"));
    let (log, seen) = (kept.path("log"), kept.path(SEEN));
    let mut told: Vec<Option<Vec<u8>>> = vec![None];
    put(&log, &copy(0));
    for number in 0..5 {
        add(&kept, &key, number).expect("it is recorded");
        told.push(Some(fs::read(&seen).expect("what was seen")));
        put(&log, &copy(number + 1));
    }
    // A write of it that was lost, or came half: the receipts, or older news, take its place.
    let half = told[5].as_ref().map(|note| note[..40].to_vec());
    for lost in told.iter().cloned().chain([half.clone(), Some(Vec::new())]) {
        match &lost {
            Some(bytes) => fs::write(&seen, bytes).expect("writable"),
            None => fs::remove_file(&seen).expect("writable"),
        }
        assert!(matches!(kept.size(), Ok(Some(5))), "a sound log is refused beside {lost:?}");
    }
    for last in [told[5].clone(), half, Some(Vec::new()), None] {
        match &last {
            Some(bytes) => fs::write(&seen, bytes).expect("writable"),
            None => fs::remove_file(&seen).expect("writable"),
        }
        for size in 0..5 {
            for whole in [true, false] {
                put(&copy(if whole { size } else { 5 }), &log);
                fs::copy(copy(size).join("checkpoint"), log.join("checkpoint")).expect("writable");
                let refused = [
                    kept.size().map(|_| ()),
                    kept.entries().map(|_| ()),
                    kept.lock().and_then(|lock| kept.commit(&lock, &key, &[], vec![entry(9, size)])).map(|_| ()),
                ];
                for refused in refused {
                    let why = refused.expect_err("an older log is opened").to_string();
                    assert!(why.contains(&format!("it has {size} entries, and")), "{why}");
                    assert!(why.contains("tells of 5: an older log stands in its place"), "{why}");
                }
            }
        }
    }
    // One that went another way, of the same key and as long or longer.
    fs::write(&seen, told[5].as_ref().expect("what was seen")).expect("writable");
    let (elsewhere, fork, _) = package("fork");
    fs::remove_dir_all(fork.path("log")).expect("writable");
    assert!(Log::create(fork.folder(), key.clone()).is_ok(), "a log");
    for number in 10..17 {
        add(&fork, &key, number).expect("it is recorded");
        put(&fork.path("log"), &log);
        let why = kept.size().expect_err("another log is opened").to_string();
        assert!(why.contains("stands in its place"), "{why}");
    }
    put(&copy(5), &log);
    add(&kept, &key, 5).expect("the newest is back, and grows");
    for folder in [folder, elsewhere] {
        let _ = fs::remove_dir_all(folder);
    }
}

/// A log that is gone is missed where nothing but what was seen tells of it.
#[test]
fn what_was_seen_tells_of_a_log_that_is_gone() {
    let (folder, kept, key) = package("gone");
    add(&kept, &key, 0).expect("it is recorded");
    fs::remove_dir_all(kept.path("evidence")).expect("writable");
    fs::remove_dir_all(kept.path("log")).expect("writable");
    let why = kept.entries().expect_err("a lost log is passed over").to_string();
    assert!(why.contains("the log is gone, and") && why.contains("seen tells of its entries"), "{why}");
    let _ = fs::remove_dir_all(folder);
}

/// Every operation of the disk that is refused, in a commit after a commit: the log opens each time, and goes on.
#[test]
fn a_disk_that_refuses_leaves_a_log_that_opens() {
    let (folder, kept, key) = package("refusing");
    let mut size = 0;
    for operations in 0.. {
        let (ended, reached) = refusing(operations, || {
            let lock = kept.lock()?;
            kept.commit(&lock, &key, &[], vec![entry(operations as u64, size)])
        });
        let now = kept.size().expect("a log that opens").expect("a log");
        match &ended {
            Ok(_) => assert_eq!(now, size + 1),
            Err(Failure::Recorded(..)) => assert_eq!(now, size + 1, "{operations}"),
            Err(_) => assert_eq!(now, size, "{operations}"),
        }
        size = now;
        if !reached {
            assert!(operations > 10 && ended.is_ok(), "{operations}");
            break;
        }
    }
    let _ = fs::remove_dir_all(folder);
}

/// Who reads while others add is never told that a sound log is an older one.
#[test]
fn a_log_that_grows_meanwhile_is_not_refused() {
    let (folder, kept, key) = package("growing");
    let done = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for writer in 0..2_u64 {
            let (kept, key, done) = (&kept, &key, &done);
            scope.spawn(move || {
                (0..30).for_each(|number| add(kept, key, 100 * writer + number).expect("it is recorded"));
                done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            });
        }
        let mut reads = 0;
        while done.load(std::sync::atomic::Ordering::Relaxed) < 2 || reads == 0 {
            kept.size().expect("a sound log opens");
            reads += 1;
        }
    });
    assert!(matches!(kept.size(), Ok(Some(60))));
    let _ = fs::remove_dir_all(folder);
}
