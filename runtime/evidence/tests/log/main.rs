//! The laws of the log: what was acknowledged stays, in its place, whatever happens; and nothing else gets in.

#![expect(clippy::print_stdout, reason = "the tests say what they counted")]

mod faulty;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use evidence::{Entry, Kept, Log, LogFault, Note, Receipt, SigningKey, Storage, View};
use faulty::Faulty;
use program::merkle;
use proptest::prelude::*;
use sha2::Sha256;

fn key() -> SigningKey {
    SigningKey::new("acme/orders", [7; 32]).expect("a key")
}

fn entry(number: u64, position: u64) -> Entry {
    Entry {
        kind: Kept::Decision,
        digest: format!("sha256:{number:064x}"),
        time: String::from("2026-03-02T10:00Z"),
        now: Some(String::from("2026-03-02T10:00Z")),
        position,
        change: String::from("sha256:00"),
        verdict: Some(evidence::Verdict::Deny),
        model: None,
        program: None,
        actor: None,
        session: None,
        content: None,
        missing: Vec::new(),
        aged: Vec::new(),
        fills: std::collections::BTreeMap::new(),
        lapsed: Vec::new(),
        resources: vec![format!("r{number}")],
        reads: Vec::new(),
        rules: Vec::new(),
        controls: Vec::new(),
        cut: false,
    }
}

fn entries(from: u64, count: u64) -> Vec<Entry> {
    (from..from + count).map(|number| entry(number, from)).collect()
}

/// Commits of these sizes, one after the other.
fn grown(sizes: &[u64]) -> (Faulty, Vec<Receipt>) {
    let mut log = Log::create(Faulty::default(), key()).expect("a log");
    let mut receipts = Vec::new();
    for size in sizes {
        let batch = entries(log.size(), *size);
        let given;
        (log, given) = log.commit(&[], batch).expect("a commit");
        receipts.extend(given);
    }
    (log.storage().clone(), receipts)
}

/// What others have to say about the same entries: the roots of a crate that is not ours.
fn oracle(entries: &[Entry]) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    entries.iter().for_each(|entry| tree.push(entry.bytes()));
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_tree_is_the_one_others_make_however_it_was_cut_into_commits(
        sizes in prop::collection::vec(prop_oneof![0..5_u64, 200..600_u64], 0..8),
    ) {
        let (storage, receipts) = grown(&sizes);
        let view = View::open(&storage).expect("a log");
        let all = entries(0, sizes.iter().sum());
        let read = view.entries(0).expect("its entries");
        prop_assert_eq!(read.len(), all.len());
        prop_assert!(read.iter().zip(&all).all(|(a, b)| a.digest == b.digest));
        let tree = oracle(&read);
        let root = tree.root();
        prop_assert_eq!(view.checkpoint.root.as_slice(), root.as_bytes().as_slice());
        for (index, receipt) in receipts.iter().enumerate() {
            prop_assert_eq!(receipt.index, index as u64);
            let again = Receipt::parse(receipt.to_string().as_bytes());
            prop_assert_eq!(again.as_ref(), Ok(receipt));
            prop_assert_eq!(receipt.note.signed_by(key().public()), Some(true));
        }
        for index in (0..view.size()).step_by(97) {
            let receipt = view.receipt(index, read[index as usize].clone()).expect("a receipt");
            prop_assert_eq!(receipt.checkpoint.size, view.size());
        }
        let mut before = 0;
        for size in &sizes {
            before += size;
            let then = merkle::root(&read[..before as usize].iter().map(|e| merkle::leaf(&e.bytes())).collect::<Vec<_>>());
            let path = view.consistency(before).expect("a path");
            prop_assert!(merkle::consistent((before, view.size()), &then, &view.checkpoint.root, &path));
        }
    }
}

/// At every write, at every sync, at every replacement: the storage dies, with whatever part of what was not synced.
#[test]
fn a_crash_at_any_write_loses_nothing_that_was_acknowledged() {
    let sizes = [1, 2, 252, 1, 1, 300, 3];
    let mut died = 0;
    for seed in 0..6_u64 {
        for crash in 0.. {
            let mut storage = Faulty::dying(crash, seed);
            let mut acknowledged: Vec<Entry> = Vec::new();
            let mut receipts = Vec::new();
            let mut files = Vec::new();
            let mut doing = 0;
            let whole = Log::create(storage.clone(), key()).and_then(|mut log| {
                for size in sizes {
                    doing = size;
                    let batch = entries(log.size(), size);
                    let file = (format!("evidence/{}.json", log.size()), vec![b'x'; 3000]);
                    let given;
                    (log, given) = log.commit(std::slice::from_ref(&file), batch.clone())?;
                    acknowledged.extend(batch);
                    receipts.extend(given);
                    files.push(file);
                }
                Ok(())
            });
            if whole.is_ok() {
                assert!(crash > 20, "{crash} operations are too few to have tried anything");
                break;
            }
            died += 1;
            storage = storage.after_the_crash();
            let view = match View::open(&storage) {
                Ok(view) => view,
                Err(LogFault::Absent) if acknowledged.is_empty() => continue,
                Err(fault) => panic!("crash {crash}, seed {seed}: {fault}"),
            };
            let read = view.entries(0).unwrap_or_else(|fault| panic!("crash {crash}, seed {seed}: {fault}"));
            let (had, doing) = (acknowledged.len(), usize::try_from(doing).expect("small"));
            assert_eq!(read[..had], acknowledged, "crash {crash}, seed {seed}");
            assert!(read.len() == had || read.len() == had + doing, "half a commit: {} of {had} + {doing}", read.len());
            for (name, bytes) in &files {
                assert_eq!(storage.read(name).expect("readable").as_ref(), Some(bytes), "{name}");
            }
            for receipt in &receipts {
                let old: &Receipt = receipt;
                let path = view.consistency(old.checkpoint.size).expect("a path");
                let sizes = (old.checkpoint.size, view.size());
                assert!(merkle::consistent(sizes, &old.checkpoint.root, &view.checkpoint.root, &path));
            }
            let log = Log::open(storage.clone(), key()).expect("a log that opens");
            let (from, batch) = (log.size(), entries(log.size(), 2));
            let (log, _) = log.commit(&[], batch.clone()).expect("a log that goes on");
            let view = View::open(log.storage()).expect("a log");
            assert_eq!(view.entries(from).expect("entries"), batch);
            assert_eq!(left_behind(log.storage()), Vec::<String>::new(), "crash {crash}, seed {seed}");
        }
    }
    println!("{died} crashes");
    assert!(died > 200, "{died} crashes");
}

/// The partial tiles and bundles that the checkpoint does not read.
fn left_behind(storage: &Faulty) -> Vec<String> {
    let size = View::open(storage).expect("a log").size();
    let read =
        |name: &String| name.ends_with(&format!(".p/{}", size % 256)) || name.ends_with(&format!(".p/{}", size / 256));
    storage.names().into_iter().filter(|name| name.contains(".p/") && !read(name)).collect()
}

#[test]
fn a_log_keeps_the_tiles_that_its_checkpoint_reads_and_no_others() {
    let (mut storage, _) = grown(&[1; 300]);
    let names = [
        "log/checkpoint",
        "log/tile/0/000",
        "log/tile/0/001.p/44",
        "log/tile/1/000.p/1",
        "log/tile/entries/000",
        "log/tile/entries/001.p/44",
    ];
    assert_eq!(storage.names(), names);
    // What a log of before, or one that was killed, left behind goes with the next commit.
    for name in
        ["log/tile/0/000.p/7", "log/tile/entries/000.p/255", "log/tile/0/001.p/45", "log/tile/0/001.p/3.12.part"]
    {
        storage.put(name, vec![1; 32]);
    }
    let (log, _) = Log::open(storage, key()).expect("a log").commit(&[], entries(300, 1)).expect("a commit");
    assert_eq!(log.storage().names(), names.map(|name| name.replace("/44", "/45")));
    assert_eq!(View::open(log.storage()).expect("a log").entries(0).expect("entries").len(), 301);
}

/// Readers hold no lock: the log grows after they read its checkpoint, and the tiles of then are gone.
#[test]
fn who_reads_while_the_log_grows_reads_what_the_checkpoint_of_then_says() {
    for (then, more) in [(3, 1), (3, 253), (3, 300), (255, 1), (257, 600)] {
        let (storage, _) = grown(&[then]);
        let other = storage.clone();
        let (fresh, open) = (View::open(&storage).expect("a log"), View::open(&storage).expect("a log"));
        let before = fresh.entries(0).expect("entries");
        let log = Log::open(other, key()).expect("a log");
        let batch = entries(then, more);
        log.commit(&[], batch).expect("a commit");
        assert_eq!(open.entries(0).expect("entries"), before, "{then} and then {more}");
        let receipt = open.receipt(0, before[0].clone()).expect("a receipt");
        assert_eq!(receipt.checkpoint.size, then);
        // The checkpoint of then, put back, reads the tiles of now.
        let mut old = storage.clone();
        old.put("log/checkpoint", fresh.note.to_string().into_bytes());
        assert_eq!(View::open(&old).expect("a log").entries(0).expect("entries"), before, "{then} and then {more}");
    }
}

#[test]
fn a_storage_that_refuses_acknowledges_nothing() {
    for refuse in 0..12 {
        let (storage, _) = grown(&[3]);
        let log = Log::open(storage.clone().refusing(refuse), key()).expect("a log");
        match log.commit(&[(String::from("evidence/a"), vec![1])], entries(3, 2)) {
            Ok(_) => assert!(refuse > 4, "operation {refuse} was never reached"),
            Err(LogFault::Storage(error)) => assert_eq!(error.kind(), std::io::ErrorKind::StorageFull),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Every byte of every file of a log, and every file taken away.
#[test]
fn a_bent_log_is_refused() {
    let (storage, _) = grown(&[1, 250, 20]);
    let whole = View::open(&storage).expect("a log").entries(0).expect("entries");
    let checked = |storage: &Faulty| -> Result<Vec<Entry>, LogFault> {
        let log = Log::open(storage.clone(), key())?;
        View::open(log.storage())?.entries(0)
    };
    let (mut bent, mut unread) = (0, 0);
    for name in &storage.names() {
        let mut missing = storage.clone();
        missing.lose(name);
        unread += usize::from(checked(&missing).is_ok_and(|read| read == whole));
        let bytes = storage.read(name).expect("readable").expect("there");
        let step = (bytes.len() / 400).max(1);
        for at in (0..bytes.len()).step_by(step) {
            for change in [1, 0x80] {
                let mut other = bytes.clone();
                other[at] ^= change;
                let mut storage = storage.clone();
                storage.put(name, other);
                bent += 1;
                match checked(&storage) {
                    Err(_) => {}
                    Ok(read) => assert_eq!(read, whole, "{name}, byte {at}: something else was read"),
                }
            }
        }
    }
    println!("{bent} bent logs, {unread} files that the present size does not read");
    assert!(bent > 3_000 && unread <= 2, "{bent} {unread}");
}

#[test]
fn a_log_of_another_key_is_not_added_to() {
    let (storage, _) = grown(&[2]);
    let other = SigningKey::new("acme/orders", [8; 32]).expect("a key");
    assert!(matches!(Log::open(storage.clone(), other), Err(LogFault::Broken(_))));
    let mut forged = storage;
    let other = SigningKey::new("acme/orders", [8; 32]).expect("a key");
    let note = View::open(&forged).expect("a log").note;
    forged.put("log/checkpoint", Note::sign(note.text, &other).to_string().into_bytes());
    assert!(matches!(Log::open(forged, key()), Err(LogFault::Broken(_))));
}

#[test]
fn an_allow_stands_only_where_it_was_decided() {
    let (storage, _) = grown(&[3]);
    let allow = |position| Entry { verdict: Some(evidence::Verdict::Allow), ..entry(9, position) };
    let commit = |batch| Log::open(storage.clone(), key()).expect("a log").commit(&[], batch).map(|_| ());
    assert!(commit(vec![allow(3)]).is_ok());
    assert!(commit(vec![entry(1, 2), entry(2, 3)]).is_ok(), "a deny may be older than its place");
    for batch in [vec![allow(2)], vec![allow(4)], vec![entry(1, 3), allow(3)], vec![entry(1, 9)]] {
        assert!(matches!(commit(batch), Err(LogFault::Broken(_))));
    }
}
