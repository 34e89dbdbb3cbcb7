//! Ten thousand bent things, each refused, counted by what was bent: records, receipts, logs, proofs, certificates.
//!
//! Records, receipts and the log are those of real decisions, with one byte, or one value below a digest made right again,
//! changed. Proofs and certificates are those of an estate, bent in every way that the engine's own laws know.

use super::choices::Choices;
use super::small::{facts, id, program};
use super::{Numbers, bend, bent, corpus, encode, key, package, python, rewritten, statement};
use engine::{Delta, Engine, Limits};
use evidence::{Entry, Log, LogFault, PublicKey, Storage, Trust, View, verify};
use program::{Program, RelationId, Tuple};
use proof::{Inputs, Proof, Side, certify, check_in};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

/// How many of each, at least.
const EACH: usize = 2_000;

const LAW: &str = "
    state kind/2, needs/2, encrypted_by/2, owner/2, exists/1, edge/2, reach/2, unreadable/1, orphan/1, size/2;
    change action/3, blast/2, refused/2;
    exists(r) if kind(r, _);
    edge(a, b) if needs(a, b);
    edge(a, b) if encrypted_by(a, b);
    reach(a, b) if edge(a, b);
    reach(a, c) if reach(a, b), edge(b, c);
    unreadable(r) if exists(r), encrypted_by(r, k), not exists(k);
    orphan(r) if exists(r), not owner(r, _);
    size(r, n) if exists(r), n = count reach(r, _);
    blast(r, hit) if action(_, _, r), either.reach(hit, r);
    refused(a, r) if action(a, 'delete', k), blast(k, r), unreadable(r)";

#[test]
fn ten_thousand_bent_things_are_refused() {
    let folder = package("bent", 2);
    let corpus = corpus(&folder);
    let mut counts: BTreeMap<&str, (usize, BTreeSet<String>)> = BTreeMap::new();
    let mut count = |kind, why: String| {
        let (refused, reasons) = counts.entry(kind).or_default();
        *refused += 1;
        // Without what differs from one to the next.
        let why = why.split('`').step_by(2).flat_map(str::chars);
        reasons.insert(why.filter(|letter| !letter.is_ascii_digit()).collect());
        *refused
    };
    records(&corpus, &mut count);
    log(&folder, &mut count);
    estate(&mut count);
    let mut all = 0;
    for (kind, (refused, reasons)) in &counts {
        println!("{refused:>6} bent {kind} refused, for {} reasons", reasons.len());
        assert!(*refused >= EACH && reasons.len() > 2, "{kind}: {refused}, {reasons:?}");
        all += refused;
    }
    println!("{all:>6} in all");
    assert!(all >= 10_000 && counts.len() == 5, "{all}");
    let _ = fs::remove_dir_all(folder);
}

/// Each line of a receipt with something behind it, before it, twice, or gone, and what is no cosigner's signature below
/// it: refused, and by the checker in Python too.
#[test]
fn both_checkers_refuse_a_receipt_with_a_bent_line() {
    if !python::is_there() {
        println!("1 skipped (no python3)");
        return;
    }
    let folder = package("lines", 2);
    let (_, record, receipt) = corpus(&folder).swap_remove(1);
    let keys: [PublicKey; 1] = [key().public().clone()];
    fs::write(folder.join("it.json"), &record).expect("the temporary folder is writable");
    let text = String::from_utf8(receipt).expect("a receipt is text");
    let lines: Vec<&str> = text.lines().collect();
    let stands = |bent: &str| {
        fs::write(folder.join("it.tlog-proof"), bent).expect("the temporary folder is writable");
        let theirs =
            python::says(&folder, &["it.json", "--key", &key().public().to_string(), "--receipt", "it.tlog-proof"]);
        let ours = verify(&record, &Trust { keys: &keys, receipt: Some(bent.as_bytes()) });
        (ours.is_ok(), theirs.status.success())
    };
    assert_eq!(stands(&text), (true, true));
    for (at, line) in lines.iter().enumerate() {
        for other in [vec![format!("{line} anything")], vec![format!(" {line}")], vec![(*line).to_owned(); 2], vec![]] {
            let mut bent: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            bent.splice(at..=at, other.clone());
            assert_eq!(stands(&format!("{}\n", bent.join("\n"))), (false, false), "line {at}: {other:?}");
        }
    }
    // What somebody unknown put below the checkpoint: a signature under a name, and no more of them than are read.
    let unknown = |name: &str, bytes: usize| format!("— {name} {}\n", encode(&vec![0; bytes]));
    let many = |count: usize| (0..count).map(|at| unknown(&format!("z{at}"), 68)).collect::<String>();
    for other in [unknown("z", 68), unknown("größe", 68), unknown("z", 5), many(63)] {
        assert_eq!(stands(&format!("{text}{other}")), (true, true), "{other:?}");
    }
    for other in ["z\t", "z\r", "z\u{b}", "z\u{1f}", "z\u{7f}", "z\u{85}", "z\u{a0}", "z\u{2028}", "", "z+z"] {
        let other = unknown(other, 68);
        assert_eq!(stands(&format!("{text}{other}")), (false, false), "{other:?}");
    }
    for other in [many(64), many(65), unknown("z", 4), unknown("z", 3), unknown("z", 0)] {
        assert_eq!(stands(&format!("{text}{other}")), (false, false), "{other:?}");
    }
    let _ = fs::remove_dir_all(folder);
}

/// Takes note of something that was refused, and why; returns how many of the kind were.
type Count<'a> = dyn FnMut(&'static str, String) -> usize + 'a;

fn records(corpus: &[(std::path::PathBuf, Vec<u8>, Vec<u8>)], count: &mut Count<'_>) {
    let keys: [PublicKey; 1] = [key().public().clone()];
    let mut numbers = Numbers(1);
    let statements: Vec<Value> = corpus.iter().map(|(_, record, _)| statement(record)).collect();
    for (path, record, receipt) in corpus {
        assert!(verify(record, &Trust { keys: &keys, receipt: Some(receipt) }).is_ok(), "{}", path.display());
    }
    for round in 0.. {
        let (path, record, receipt) = &corpus[round % corpus.len()];
        let (kind, bytes, proof) = match round % 4 {
            0 => ("records", bent(record, &mut numbers), receipt.clone()),
            1 => ("records", rewritten(record, &statements[round % corpus.len()], &mut numbers), receipt.clone()),
            _ => ("receipts", record.clone(), bent(receipt, &mut numbers)),
        };
        if (&bytes, &proof) == (record, receipt) {
            continue;
        }
        // A bent record is refused whoever is trusted. Whose log a receipt is of, only a trusted key shows.
        let trusting = kind == "receipts" || round % 3 != 0;
        let trust = Trust { keys: if trusting { &keys } else { &[] }, receipt: Some(&proof) };
        match verify(&bytes, &trust) {
            Ok(report) => panic!("round {round}: {} was bent and stands: {:?}", path.display(), report.parts),
            Err(refused) => {
                count(kind, refused.what);
            }
        }
        if round >= 2 * EACH + 400 {
            return;
        }
    }
}

/// Files in memory.
#[derive(Clone)]
struct Files(BTreeMap<String, Vec<u8>>);

impl Storage for Files {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.get(name).cloned())
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.write(name, bytes)
    }

    fn below(&self, folder: &str) -> io::Result<Vec<String>> {
        let below = |name: &&String| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        Ok(self.0.keys().filter(below).cloned().collect())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.0.remove(name);
        Ok(())
    }
}

fn log(folder: &Path, count: &mut Count<'_>) {
    let mut files = BTreeMap::new();
    read(&folder.join(".writ/log"), "log", &mut files);
    let read = |files: &Files| -> Result<Vec<Entry>, LogFault> {
        let log = Log::open(files.clone(), key())?;
        View::open(log.storage())?.entries(0)
    };
    let whole = Files(files);
    let entries = read(&whole).expect("a log");
    let now: Vec<&String> = whole.0.keys().filter(|name| !name.ends_with("lock")).collect();
    assert_eq!(now.len(), 3, "a checkpoint, a tile, a bundle: {now:?}");
    let mut numbers = Numbers(5);
    for round in 0.. {
        let name = now[round % now.len()];
        let mut bent = whole.clone();
        let bytes = super::bent(&whole.0[name], &mut numbers);
        if bytes == whole.0[name] {
            continue;
        }
        bent.0.insert(name.clone(), bytes);
        match read(&bent) {
            Ok(read) => panic!("round {round}: {name} was bent, and the log is read: {}", read == entries),
            Err(fault) => {
                if count("logs", fault.to_string()) >= EACH {
                    return;
                }
            }
        }
    }
}

/// The files of a folder, by names with `/` between folders.
fn read(folder: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("readable").flatten() {
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => read(&entry.path(), &name, files),
            false => drop(files.insert(name, fs::read(entry.path()).expect("readable"))),
        }
    }
}

/// What an estate of some size is given, the change being that a key of it is deleted.
fn given(program: &Program, size: usize, numbers: &mut Numbers) -> Vec<(RelationId, Tuple)> {
    let mut text = String::new();
    for number in 0..size {
        let kind = ["'box'", "'key'"][usize::from(number % 4 == 0)];
        text += &format!("kind('r{number}', {kind}); needs('r{number}', 'r{}');", numbers.below(size));
        text += &format!("encrypted_by('r{number}', 'r{}');", numbers.below(size.div_ceil(4)) * 4);
        if numbers.below(3) > 0 {
            text += &format!("owner('r{number}', 'team-{}');", numbers.below(3));
        }
    }
    facts(program, &text)
}

/// Proofs and certificates of estates in which a key is deleted.
fn estate(count: &mut Count<'_>) {
    let program = program(LAW);
    let mut numbers = Numbers(7);
    let mut choices = Choices::of((0..1_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761)).collect());
    let (mut proofs, mut certificates) = (0, 0);
    while proofs < EACH || certificates < EACH {
        let facts = given(&program, 12, &mut numbers);
        let engine = Engine::load(program.clone(), facts.clone(), Limits::default()).expect("within the limits");
        let change = super::small::facts(&program, "action('a', 'delete', 'r0')");
        let removed = facts.iter().filter(|(_, tuple)| tuple[0] == program::Value::text("r0")).cloned().collect();
        let delta = Delta { added: change.clone(), removed };
        let world = engine.open(&delta).expect("within the limits");
        let mut inputs = Inputs::default();
        for (relation, tuple) in &facts {
            inputs.give(Side::Before, *relation, tuple.clone());
            if !delta.removed.contains(&(*relation, tuple.clone())) {
                inputs.give(Side::After, *relation, tuple.clone());
            }
        }
        for (relation, tuple) in &change {
            inputs.give(Side::After, *relation, tuple.clone());
        }
        let certificate = world.certificate();
        let database = certify(&program, &inputs, &certificate).expect("it is right");
        for (kind, bent) in bend::bent_certificates(&certificate) {
            if certificates < EACH {
                let refused = certify(&program, &inputs, &bent).map(|_| ()).expect_err(kind);
                certificates = count("certificates", refused.to_string());
            }
        }
        for (side, name) in
            [(Side::After, "refused"), (Side::Before, "size"), (Side::After, "orphan"), (Side::After, "blast")]
        {
            let relation = id(&program, name);
            for tuple in world.tuples(side, relation).into_iter().take(3) {
                let proof = world.prove(side, relation, &tuple).expect("no limit").expect("it holds");
                let proves = |proof: &Proof| match check_in(&program, &database, proof) {
                    Ok(checked) if checked.proves(side, relation, &tuple) => Ok(()),
                    Ok(_) => Err(String::from("it proves something else")),
                    Err(flaw) => Err(flaw.to_string()),
                };
                assert_eq!(proves(&proof), Ok(()), "{proof:?}");
                for (kind, bent) in bend::bent(&program, &proof, &mut choices) {
                    if proofs < EACH {
                        proofs = count("proofs", proves(&bent).expect_err(kind));
                    }
                }
            }
        }
    }
}
