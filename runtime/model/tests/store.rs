//! Versions kept on disk: what comes back is what was kept, whatever happens in between.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a test starts itself anew, and is told so")]

use model::{Fault, Store, Version};
use program::{Digest, Fact, FactSource, Json, Origin, SourceKind, Speaks, Unknown, Value};
use proptest::prelude::*;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

fn source(name: &str, digest: &str) -> Arc<FactSource> {
    Arc::new(FactSource {
        name: name.into(),
        kind: SourceKind::State,
        file: format!("{name}.json").into(),
        speaks: Speaks::Built,
        rank: 0,
        observed_at: Some(1_000_000),
        digest: digest.into(),
        complete: true,
    })
}

fn fact(relation: &str, tuple: Vec<Value>, source: &Arc<FactSource>, place: &str) -> Fact {
    Fact { relation: relation.into(), tuple, origin: Origin { source: source.clone(), place: place.into() } }
}

/// `count` facts of two relations, the first changed of which is `changed`.
fn estate(count: usize, changed: Option<usize>) -> Version {
    let from = source("estate", "00");
    let facts = (0..count).flat_map(|n| {
        let name = Value::text(format!("r{n}"));
        let kind = if Some(n) == changed { "vm" } else { "database" };
        let config = Json::object([("size", Json::Int(n as i64)), ("zone", Json::text("a"))]);
        let place = format!("/resources/{n}");
        [
            fact("std.state.kind", vec![name.clone(), Value::text(kind)], &from, &place),
            fact("std.state.config", vec![name, Value::json(config)], &from, &place),
        ]
    });
    Version::new(facts.collect(), [from.clone()])
}

/// A folder of its own for a test, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("writ-store-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
        Folder(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("model.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::Int),
        "-?[1-9][0-9]{0,3}\\.[0-9]{0,3}[1-9]".prop_map(|text| Json::Decimal(text.into())),
        ".{0,8}".prop_map(Json::text),
        "[a-z.]{1,8}".prop_map(|origin| Json::Unknown(origin.into())),
        "[0-9a-f]{8}".prop_map(|digest| Json::Sensitive(digest.into())),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec((".{0,4}", inner), 0..4).prop_map(Json::object),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        "-?[1-9][0-9]{0,3}\\.[0-9]{0,3}[1-9]"
            .prop_map(|text| Value::Decimal(program::Decimal::parse(&text).expect("a decimal"))),
        ".{0,12}".prop_map(Value::text),
        (-62_135_596_800_000_000..253_402_300_799_000_000_i64).prop_map(Value::Time),
        any::<i64>().prop_map(Value::Duration),
        (any::<u32>(), 0..=32_u8).prop_map(|(address, length)| {
            let net = ipnet::Ipv4Net::new(address.into(), length).expect("a network");
            Value::Cidr(ipnet::IpNet::from(net).trunc())
        }),
        any::<u128>().prop_map(|address| Value::Ip(std::net::Ipv6Addr::from(address).into())),
        (0..9_u64, 0..9_u64).prop_map(|(a, b)| Value::Version(Arc::new(semver::Version::new(a, b, 0)))),
        json().prop_map(Value::json),
        ("[a-z.]{1,8}", any::<bool>())
            .prop_map(|(origin, many)| Value::Unknown(Unknown { origin: origin.into(), many })),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::btree_set(inner.clone(), 0..3).prop_map(|items| Value::Set(Arc::new(items))),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| Value::List(items.into())),
            (inner.clone(), inner).prop_map(|(a, b)| Value::Between(Arc::new((a, b)))),
        ]
    })
}

proptest! {
    /// Any facts of any values come back with their sources and places.
    #[test]
    fn what_is_kept_comes_back(
        tuples in prop::collection::vec((0..3_usize, prop::collection::vec(value(), 1..4), "[ -~ä]{0,9}", 0..2_usize), 0..40)
    ) {
        let sources = [source("a", "00"), source("b", "11")];
        let facts = tuples.into_iter().map(|(relation, tuple, place, from)| {
            fact(["x.p", "x.q", "y.p"][relation], tuple, &sources[from], &place)
        });
        let version = Version::new(facts.collect(), sources.iter().cloned());
        let mut store = Store::in_memory().expect("a store");
        prop_assert!(store.keep(&version, 5, None, "").expect("it keeps"));
        prop_assert_eq!(store.load(&version.digest).expect("it loads"), version.clone());
        let mut other = Store::in_memory().expect("a store");
        other.hold(&version).expect("it holds");
        prop_assert_eq!(other.load(&version.digest).expect("it loads"), version);
    }
}

#[test]
fn versions_share_what_they_have_in_common() {
    let folder = Folder::new("shared");
    let mut store = Store::open(&folder.file()).expect("a store");
    let size = || std::fs::metadata(folder.file()).expect("the file").len();
    let first = estate(20_000, None);
    store.keep(&first, 1, Some("ana"), "the first").expect("it keeps");
    drop(store);
    let one = size();
    let mut store = Store::open(&folder.file()).expect("the same store");
    for n in 0..5 {
        store.keep(&estate(20_000, Some(n * 1_000)), 2, None, "").expect("it keeps");
    }
    drop(store);
    let six = size();
    assert!(six < one * 2, "six versions that differ in a fact each take {six} bytes, one takes {one}");
    let store = Store::open(&folder.file()).expect("the same store");
    let log = store.log().expect("a log");
    assert_eq!(log.len(), 6);
    assert_eq!((log[5].actor.as_deref(), &*log[5].message, log[5].facts), (Some("ana"), "the first", 40_000));
    assert_eq!(log[4].parent.as_ref(), Some(&log[5].digest));
    assert_eq!(store.load(&first.digest).expect("it loads"), first);
}

#[test]
fn a_version_that_is_the_newest_is_kept_once() {
    let mut store = Store::in_memory().expect("a store");
    let (one, two) = (estate(3, None), estate(3, Some(1)));
    assert!(store.keep(&one, 1, None, "").expect("it keeps"));
    assert!(!store.keep(&one, 2, None, "").expect("it keeps"));
    assert!(store.keep(&two, 3, None, "").expect("it keeps"));
    assert!(store.keep(&one, 4, None, "back").expect("it keeps"));
    let log = store.log().expect("a log");
    assert_eq!(log.iter().map(|entry| entry.at).collect::<Vec<_>>(), [4, 3, 1]);
    assert_eq!(store.newest().expect("it answers"), Some(one.digest));
}

#[test]
fn names_lead_to_versions_and_keep_them() {
    let mut store = Store::in_memory().expect("a store");
    let versions: Vec<Version> = (0..4).map(|n| estate(50, Some(n))).collect();
    for version in &versions {
        store.keep(version, 1, None, "").expect("it keeps");
    }
    store.tag("release", &versions[0].digest).expect("it is there");
    assert_eq!(store.find("release"), Ok(versions[0].digest.clone()));
    assert_eq!(store.find(&versions[1].digest.hex()[..12]), Ok(versions[1].digest.clone()));
    assert!(matches!(store.find("zzzz"), Err(Fault::Unknown(_))));
    assert!(matches!(store.tag("x", &Digest::of(b"none")), Err(Fault::Unknown(_))));
    let named = BTreeSet::from([versions[1].digest.clone()]);
    let swept = store.sweep(1, &named).expect("it sweeps");
    assert_eq!((swept.versions, swept.chunks), (1, 1));
    assert!(matches!(store.load(&versions[2].digest), Err(Fault::Unknown(_))));
    for kept in [0, 1, 3] {
        assert_eq!(store.load(&versions[kept].digest).expect("it is kept"), versions[kept]);
    }
    assert!(store.untag("release").expect("it answers"));
    assert!(!store.untag("release").expect("it answers"));
}

#[test]
fn what_is_held_is_no_entry_and_stays_while_it_is_named() {
    let mut store = Store::in_memory().expect("a store");
    let [first, held] = [0, 1].map(|n| estate(50, Some(n)));
    store.hold(&held).expect("it holds");
    assert_eq!(store.newest(), Ok(None));
    store.keep(&first, 1, None, "").expect("it keeps");
    store.hold(&held).expect("it is there");
    assert_eq!(store.log().expect("a log").len(), 1);
    assert_eq!(store.newest(), Ok(Some(first.digest.clone())));
    assert_eq!(store.load(&held.digest), Ok(held.clone()));
    let named = BTreeSet::from([held.digest.clone()]);
    assert_eq!(store.sweep(1, &named).expect("it sweeps").versions, 0);
    assert_eq!(store.find(&held.digest.hex()[..8]), Ok(held.digest.clone()));
    assert_eq!(store.sweep(1, &BTreeSet::new()).expect("it sweeps").versions, 1);
    assert!(matches!(store.load(&held.digest), Err(Fault::Unknown(_))));
    // Who imports what was held makes an entry of it.
    store.hold(&held).expect("it holds");
    assert!(store.keep(&held, 2, None, "").expect("it keeps"));
    assert_eq!(store.newest(), Ok(Some(held.digest)));
}

#[test]
fn two_writers_do_each_their_part() {
    let folder = Folder::new("writers");
    let file = folder.file();
    Store::open(&file).expect("a store");
    std::thread::scope(|scope| {
        for writer in 0..4_usize {
            let file = &file;
            scope.spawn(move || {
                let mut store = Store::open(file).expect("the same store");
                for n in 0..5 {
                    let version = estate(200, Some(writer * 5 + n));
                    assert!(store.keep(&version, 1, None, "").expect("it waits for its turn"));
                }
            });
        }
    });
    let store = Store::open(&file).expect("the same store");
    let log = store.log().expect("a log");
    assert_eq!(log.len(), 20);
    for pair in log.windows(2) {
        assert_eq!(pair[0].parent.as_ref(), Some(&pair[1].digest), "each stands on the one before");
    }
    for entry in log {
        store.load(&entry.digest).expect("it is whole");
    }
}

/// Whatever byte of the file a fault changes, nothing else comes back than what was kept: it loads, or it is refused.
#[test]
fn a_changed_byte_is_never_taken_for_a_fact() {
    let folder = Folder::new("bytes");
    let version = estate(40, None);
    let mut store = Store::open(&folder.file()).expect("a store");
    store.keep(&version, 1, None, "").expect("it keeps");
    drop(store);
    let whole = std::fs::read(folder.file()).expect("the file");
    let (mut same, mut refused) = (0, 0);
    for at in (0..whole.len()).step_by(101) {
        let mut bent = whole.clone();
        bent[at] ^= 0x41;
        std::fs::write(folder.file(), &bent).expect("the folder is writable");
        let loaded = Store::open(&folder.file()).and_then(|store| store.load(&version.digest));
        match loaded {
            Ok(loaded) => {
                assert_eq!(loaded, version, "byte {at}");
                same += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(same > 0 && refused > 0, "{same} loads were whole, {refused} were refused");
}

/// The same facts told by a source of another rank are no other version, and yet what a decision reads.
#[test]
fn what_stands_beside_the_digest_is_kept_too() {
    let mut store = Store::in_memory().expect("a store");
    let told = |rank: u32, place: &str| {
        let from = Arc::new(FactSource { rank, ..(*source("a", "00")).clone() });
        Version::new(vec![fact("x.p", vec![Value::Int(1)], &from, place)], [from])
    };
    let versions = [told(1, "1:1"), told(1, "2:1"), told(1, "7:1")];
    for version in &versions {
        assert_eq!(version.digest, versions[0].digest);
        assert!(store.keep(version, 1, None, "").expect("it keeps"));
        assert_eq!(store.load(&version.digest).expect("it loads"), *version);
    }
    assert!(!store.keep(&versions[2], 2, None, "").expect("it keeps"));
}

/// Two sources that say the same are one line and two facts: who compares sources must see both.
#[test]
fn what_several_sources_say_is_kept_of_each() {
    let [a, b] = [source("a", "00"), source("b", "11")];
    let both =
        |n: i64| [fact("x.p", vec![Value::Int(n)], &a, "1:1"), fact("x.p", vec![Value::Int(n)], &b, "\"7\\:1 2")];
    let again = fact("x.p", vec![Value::Int(3)], &a, "9:9");
    let version = Version::new((0..9_000).flat_map(both).chain([again]).collect(), [a.clone(), b.clone()]);
    let once = Version::new((0..9_000).map(|n| both(n)[0].clone()).collect(), [a.clone(), b.clone()]);
    assert_eq!((version.count(), once.count()), (18_000, 9_000));
    assert_eq!(version.digest, once.digest, "a line counts once");
    let mut store = Store::in_memory().expect("a store");
    for kept in [&once, &version] {
        store.keep(kept, 1, None, "").expect("it keeps");
        assert_eq!(store.load(&kept.digest).expect("it loads"), *kept);
    }
}

#[test]
fn a_writer_that_finds_another_is_told() {
    let folder = Folder::new("busy");
    drop(Store::open(&folder.file()).expect("a store"));
    let other = Connection::open(folder.file()).expect("the database");
    other.execute_batch("BEGIN IMMEDIATE").expect("it begins");
    let mut store = Store::open_within(&folder.file(), Duration::from_millis(20)).expect("who reads waits for nobody");
    assert_eq!(store.keep(&estate(3, None), 1, None, ""), Err(Fault::Busy));
    assert_eq!(store.log().expect("a log"), []);
    other.execute_batch("COMMIT").expect("it ends");
    assert_eq!(store.keep(&estate(3, None), 1, None, ""), Ok(true));
}

/// Facts that somebody puts in the place of others are not taken for them, however well they are packed.
#[test]
fn an_exchanged_chunk_is_noticed() {
    let folder = Folder::new("exchanged");
    let mut store = Store::open(&folder.file()).expect("a store");
    let version = estate(40, None);
    store.keep(&version, 1, None, "").expect("it keeps");
    let database = Connection::open(folder.file()).expect("the database");
    let exchange = |table: &str| {
        let other = format!("(SELECT bytes FROM {table} WHERE digest = (SELECT max(digest) FROM {table}))");
        let changed = database.execute(&format!("UPDATE {table} SET bytes = {other}"), []).expect("it is changed");
        assert_eq!(changed, 2);
        assert!(matches!(store.load(&version.digest), Err(Fault::Broken(_))));
    };
    exchange("chunk");
}

/// Where it writes: the test below starts itself anew as the writer.
const WRITER: &str = "WRIT_TEST_STORE";

/// Keeps one version after the other, and says so of each, until it is killed.
fn write_on(file: &std::path::Path) -> ! {
    let mut store = Store::open(file).expect("a store");
    let mut n = 0;
    loop {
        let version = estate(300, Some(n % 300));
        store.keep(&version, 1, None, &n.to_string()).expect("it keeps");
        println!("\nkept {}", version.digest.hex());
        n += 1;
    }
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    if let Ok(file) = std::env::var(WRITER) {
        write_on(&PathBuf::from(file));
    }
    let folder = Folder::new("killed");
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    for round in 0..12_usize {
        let mut child = Command::new(std::env::current_exe().expect("a test has a file"))
            .args(["--exact", "a_killed_writer_loses_nothing_that_it_acknowledged", "--nocapture"])
            .env(WRITER, folder.file())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the test starts itself");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut seen = 0;
        // Each time after another number of versions, and some way into the next one.
        while seen < round {
            let line = lines.next().expect("it writes until it is killed").expect("it is text");
            if let Some(hex) = line.strip_prefix("kept ") {
                acknowledged.insert(hex.to_owned());
                seen += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(round as u64 * 3));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let rest = lines.map_while(Result::ok);
        acknowledged.extend(
            rest.filter_map(|line| line.strip_prefix("kept ").map(str::to_owned)).filter(|hex| hex.len() == 64),
        );
        let store = Store::open(&folder.file()).expect("it opens, whenever it was killed");
        let entries = store.log().expect("a log");
        let known: BTreeSet<String> = entries.iter().map(|entry| entry.digest.hex().to_owned()).collect();
        assert!(acknowledged.is_subset(&known), "round {round}: a version that was acknowledged is gone");
        for digest in &known {
            store
                .load(&Digest::parse(&format!("sha256:{digest}")).expect("a digest"))
                .expect("what is listed is whole");
        }
    }
    assert!(acknowledged.len() > 9, "{} versions", acknowledged.len());
}

/// A kill at any moment: whatever beginning of the files is there, the store opens, and holds each version whole or not.
#[test]
fn a_copy_taken_while_it_is_written_opens() {
    let folder = Folder::new("torn");
    let file = folder.file();
    let mut store = Store::open(&file).expect("a store");
    let (first, second) = (estate(500, None), estate(500, Some(7)));
    store.keep(&first, 1, None, "").expect("it keeps");
    // The log of the second is cut at every place where a kill could leave it.
    let main = std::fs::read(&file).expect("the file");
    let before = std::fs::read(file.with_extension("db-wal")).unwrap_or_default();
    store.keep(&second, 2, None, "").expect("it keeps");
    let after = std::fs::read(file.with_extension("db-wal")).expect("the log");
    let copy = folder.0.join("copy.db");
    let mut seen = BTreeSet::new();
    for cut in (before.len()..=after.len()).step_by(997).chain([after.len()]) {
        std::fs::write(&copy, &main).expect("the folder is writable");
        std::fs::write(copy.with_extension("db-wal"), &after[..cut]).expect("the folder is writable");
        let _ = std::fs::remove_file(copy.with_extension("db-shm"));
        let torn = Store::open(&copy).expect("it opens");
        let entries = torn.log().expect("a log");
        seen.insert(entries.len());
        for entry in entries {
            let loaded = torn.load(&entry.digest).expect("what is listed is whole");
            assert!(loaded == first || loaded == second);
        }
        assert_eq!(torn.load(&first.digest).expect("what was acknowledged is there"), first);
    }
    assert_eq!(seen, BTreeSet::from([1, 2]));
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let folder = Folder::new("other");
    std::fs::write(folder.file(), "this is a letter, not a database, and it is long enough to be looked at")
        .expect("written");
    assert!(matches!(Store::open(&folder.file()), Err(Fault::Broken(_))));
}
