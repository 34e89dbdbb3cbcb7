//! Versions kept and loaded: seconds, and bytes a fact on disk.
//!
//! `cargo bench -p model --bench store -- 3000000` (facts). An estate of resources: kinds, owners, tags, and references
//! of the form that a state gives, each fact with its source and a JSON pointer as its place.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement reads the clock and prints")]

use model::{Store, Version};
use program::{Fact, FactSource, Origin, SourceKind, Speaks, Value};
use std::sync::Arc;
use std::time::Instant;

/// Six facts a resource, named as Terraform names them, in an order that is not sorted.
fn estate(count: usize, changed: usize) -> (Vec<Fact>, Arc<FactSource>) {
    let source = Arc::new(FactSource {
        name: "estate".into(),
        kind: SourceKind::State,
        file: "terraform.tfstate".into(),
        speaks: Speaks::Built,
        rank: 0,
        observed_at: Some(0),
        digest: format!("{changed:064x}").into(),
        complete: true,
    });
    let resources = count / 6;
    let name = |n: usize| Value::text(format!("module.team_{}.aws_instance.host[{n}]", n % 97));
    let relations: Vec<Arc<str>> =
        ["std.state.kind", "std.state.tag", "std.ownership.owner", "std.graph.edge"].map(Arc::from).to_vec();
    let mut facts = Vec::with_capacity(resources * 6);
    for n in 0..resources {
        let kind = if n < changed { "vm" } else { ["database", "vm", "bucket", "queue"][n % 4] };
        let place: Arc<str> = format!("/resources/{n}/instances/0/attributes").into();
        let mut add = |relation: usize, tuple: Vec<Value>| {
            let origin = Origin { source: source.clone(), place: place.clone() };
            facts.push(Fact { relation: relations[relation].clone(), tuple, origin });
        };
        let text = |text: &str| Value::text(text);
        add(0, vec![name(n), text(kind)]);
        add(1, vec![name(n), text("env"), text(["prod", "dev", "test"][n % 3])]);
        add(1, vec![name(n), text("team"), Value::text(format!("team-{}", n % 97))]);
        add(2, vec![name(n), Value::text(format!("team-{}", n % 97))]);
        add(3, vec![name(n), name((n * 7919) % resources), text("needs")]);
        add(3, vec![name(n), name((n * 104_729) % resources), text("contains")]);
    }
    (facts, source)
}

/// Seconds that the processors have worked for this process; they say more than the clock where others use them too.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    behind.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Triples of numbers: what is left where there are neither names nor places.
fn triples(count: usize) -> (Vec<Fact>, Arc<FactSource>) {
    let (_, source) = estate(6, 0);
    let relation: Arc<str> = "bench.triple".into();
    let number = |n: usize| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let origin = Origin { source: source.clone(), place: "".into() };
    let fact = |n: usize| Fact {
        relation: relation.clone(),
        tuple: vec![number(n / 3), number((n * 7_919) % count), number(n % 97)],
        origin: origin.clone(),
    };
    ((0..count).map(fact).collect(), source)
}

fn main() {
    let count = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(300_000);
    let folder = std::env::temp_dir().join(format!("writ-store-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let file = folder.join("model.db");
    let size = || std::fs::metadata(&file).map_or(0, |about| about.len());
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let (start, used) = (Instant::now(), processor());
        work();
        println!("{what:<44} {:>8.3} s  {:>8.2} s of CPU", start.elapsed().as_secs_f64(), processor() - used);
    };
    let (facts, source) = estate(count, 0);
    println!("{} facts", facts.len());
    let mut version = None;
    let mut given = Some(facts);
    timed("version made: lines, cuts, digests", &mut || {
        version = given.take().map(|facts| Version::new(facts, [source.clone()]));
    });
    let version = version.expect("made");
    timed("written, on the disk", &mut || {
        let mut store = Store::open(&file).expect("a store");
        store.keep(&version, 0, None, "").expect("it keeps");
    });
    println!("{:<44} {:>8.1} bytes a fact", "on the disk", size() as f64 / version.count() as f64);
    let mut loaded = None;
    timed("opened and loaded, digest checked", &mut || {
        loaded = Some(Store::open(&file).and_then(|store| store.load(&version.digest)).expect("it loads"));
    });
    assert!(loaded.as_ref().is_some_and(|loaded| *loaded == version));
    let (changed, source) = estate(count, 4);
    let second = Version::new(changed, [source]);
    let before = size();
    timed("a version with three facts changed, written", &mut || {
        let mut store = Store::open(&file).expect("a store");
        store.keep(&second, 0, None, "").expect("it keeps");
    });
    println!("{:<44} {:>8} bytes more", "on the disk", size() - before);
    let mut difference = (0, 0);
    timed("difference of the two", &mut || {
        let found = second.since(&version);
        difference = (found.gained.len(), found.lost.len());
    });
    println!("{difference:?} gained and lost");
    let (facts, source) = triples(count);
    let third = Version::new(facts, [source]);
    let file = folder.join("triples.db");
    timed("triples of numbers, written", &mut || {
        Store::open(&file).and_then(|mut store| store.keep(&third, 0, None, "")).expect("it keeps");
    });
    let size = std::fs::metadata(&file).map_or(0, |about| about.len());
    println!("{:<44} {:>8.1} bytes a fact", "on the disk", size as f64 / third.count() as f64);
    timed("opened and loaded, digest checked", &mut || {
        loaded = Some(Store::open(&file).and_then(|store| store.load(&third.digest)).expect("it loads"));
    });
    let _ = std::fs::remove_dir_all(folder);
}
