//! What can talk to what in a cluster, against a peer's own suite: 71 cases of network policies of every kind.
//!
//! `WRIT_DATA` names the folder that holds them; without it the test says what it skipped.

#![expect(clippy::print_stdout, reason = "the table of a run is its report")]

use golden_tests::{tables::table, writ};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

const POLICY: &str = r#"
use std.state.exists;
use std.cluster_network.cluster_segmentation;
intent all "Everything" {
    cover r if exists(r);
    owner "team";
    apply cluster_segmentation(key: "marked", value: "yes", trusted: {});
}
"#;

/// Network, from, to, and the ports as the peer writes them.
type Edge = (String, String, String, String);

/// The ports of one protocol, in slices.
type Slices = BTreeSet<(u32, u32)>;

/// What some addresses may do: network, workload, ports.
type May<'a> = BTreeSet<(&'a String, &'a String, &'a String)>;

#[test]
fn connections_are_those_of_a_peer() {
    let Some(data) = env::var_os("WRIT_DATA") else {
        println!("1 skipped (no data): set WRIT_DATA to compare network policies");
        return;
    };
    let folder = Path::new(&data).join("labelled");
    let cases = fs::read_to_string(folder.join("netpol-reachability.cases.json")).expect("the suite is there");
    let cases: Vec<Value> = serde_json::from_str(&cases).expect("the suite is JSON");
    assert_eq!(cases.len(), 71);
    // Fourteen cases of some twenty workloads each take minutes without optimisation: `.ci/run full` has them too.
    let small = |case: &&Value| !cfg!(debug_assertions) || case["edges"].as_u64().is_some_and(|edges| edges < 150);
    let cases: Vec<&Value> = cases.iter().filter(small).collect();
    let policy = env::temp_dir().join(format!("writ_netpol_{}.writ", std::process::id()));
    fs::write(&policy, POLICY).expect("the temporary folder is writable");
    let (mut right, mut ours, mut theirs, mut whole) = (0, 0, 0, 0);
    for case in cases.iter().copied() {
        let text = |key: &str| case[key].as_str().expect("a text").to_owned();
        let files = case["files"].as_array().expect("files");
        let files: Vec<String> =
            files.iter().map(|f| folder.join(f.as_str().expect("a path")).display().to_string()).collect();
        let told = told(&fs::read_to_string(folder.join(text("expected"))).expect("the answer is there"));
        let found = found(&policy, &files);
        let both = told.intersection(&found).count();
        (right, ours, theirs) = (right + both, ours + found.len(), theirs + told.len());
        if told == found {
            whole += 1;
            continue;
        }
        println!("{}: {} told, {} found, {both} alike", text("case"), told.len(), found.len());
        for (sign, edges) in [("-", told.difference(&found)), ("+", found.difference(&told))] {
            for (network, from, to, ports) in edges.take(3) {
                println!("    {sign} {network}: {from} => {to} : {ports}");
            }
        }
    }
    let _ = fs::remove_file(policy);
    let (precision, recall) = (100.0 * right as f64 / ours as f64, 100.0 * right as f64 / theirs as f64);
    let shown = format!(
        "{theirs} edges of {} cases: precision {precision:.2} %, recall {recall:.2} %, {whole} cases to the letter.\n",
        cases.len()
    );
    print!("{shown}");
    if !cfg!(debug_assertions) {
        table("network policies", &shown);
    }
    assert!(precision >= 95.0 && recall >= 95.0);
}

/// The peer's answer: `NETWORK` headings, and lines `from => to : ports`.
fn told(text: &str) -> BTreeSet<Edge> {
    let (mut network, mut edges) = ("pods".to_owned(), BTreeSet::new());
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("Permitted connectivity analyzed in ") {
            let heading = heading.trim_end_matches(':');
            network = match heading.rsplit_once(' ') {
                Some(("primary UDN", name)) => format!("namespace {name}"),
                Some(("primary CUDN", name)) => format!("tenant {name}"),
                Some(("secondary NAD", name)) => format!("attached {name}"),
                _ => "pods".to_owned(),
            };
        }
        if let Some((from, rest)) = line.split_once(" => ")
            && let Some((to, ports)) = rest.split_once(" : ")
        {
            let plain = |end: &str| end.replace("[udn]", "");
            edges.insert((network.clone(), plain(from), plain(to), ports.trim().to_owned()));
        }
    }
    edges
}

/// What the tool says, put as the peer puts it: pods by what made them, addresses in ranges, ports in one text.
fn found(policy: &Path, files: &[String]) -> BTreeSet<Edge> {
    let rows = query(policy, files, "all/cluster_segmentation.connects(n, a, b, p, first, last)");
    let texts: String = files.iter().map(|file| fs::read_to_string(file).expect("a file of the suite")).collect();
    let owners = if texts.contains("ownerReferences") { owners(policy, files) } else { BTreeMap::new() };
    let mut ports: BTreeMap<(String, String, String), BTreeMap<String, Slices>> = BTreeMap::new();
    for row in &rows {
        let number = |key: &str| u32::try_from(row[key].as_i64().expect("a number")).expect("a port");
        let (from, to) = (end(word(row, "a"), &owners), end(word(row, "b"), &owners));
        if from != to {
            let network = word(row, "n").to_owned();
            let slices = ports.entry((network, from, to)).or_default().entry(word(row, "p").to_owned()).or_default();
            slices.insert((number("first"), number("last")));
        }
    }
    let ports: BTreeMap<_, String> = ports.into_iter().map(|(ends, protocols)| (ends, written(&protocols))).collect();
    let mut drawn: BTreeSet<(u32, u32)> = BTreeSet::from([(0, u32::MAX)]);
    if texts.contains("ipBlock") || texts.contains("networks:") {
        let rows = query(policy, files, "all/cluster_segmentation.drawn(c)");
        drawn.extend(rows.iter().filter_map(|row| range(word(row, "c"))));
    }
    let inner = ports.iter().filter(|((_, from, to), _)| range(from).is_none() && range(to).is_none());
    let mut edges: BTreeSet<Edge> =
        inner.map(|((network, from, to), ports)| (network.clone(), from.clone(), to.clone(), ports.clone())).collect();
    for entering in [true, false] {
        // What each address may do, all workloads together; neighbours that may do the same are one range.
        let mut ranges: Vec<((u32, u32), May<'_>)> = Vec::new();
        for (piece, own) in pieces(&drawn) {
            let mut may = May::new();
            for ((network, from, to), ports) in &ports {
                let (outer, workload) = if entering { (from, to) } else { (to, from) };
                if range(outer) == Some(own) {
                    may.insert((network, workload, ports));
                }
            }
            match ranges.last_mut() {
                Some((before, same)) if *same == may => before.1 = piece.1,
                _ => ranges.push((piece, may)),
            }
        }
        for ((first, last), may) in ranges {
            let outer = format!("{}-{}[External]", Ipv4Addr::from(first), Ipv4Addr::from(last));
            for (network, workload, ports) in may {
                let (from, to) = if entering { (&outer, workload) } else { (workload, &outer) };
                edges.insert((network.clone(), from.clone(), to.clone(), ports.clone()));
            }
        }
    }
    edges
}

/// All addresses, cut at every border of a network; each piece with the smallest network that it is in.
fn pieces(drawn: &BTreeSet<(u32, u32)>) -> Vec<((u32, u32), (u32, u32))> {
    let borders: BTreeSet<u64> = drawn.iter().flat_map(|(a, b)| [u64::from(*a), u64::from(*b) + 1]).collect();
    let borders: Vec<u64> = borders.into_iter().collect();
    let piece = |pair: &[u64]| {
        let (first, last) =
            (u32::try_from(pair[0]).expect("an address"), u32::try_from(pair[1] - 1).expect("an address"));
        let around = drawn.iter().filter(|n| n.0 <= first && last <= n.1).min_by_key(|n| n.1 - n.0);
        ((first, last), *around.expect("all addresses are drawn"))
    };
    borders.windows(2).map(piece).collect()
}

/// Pods by what made them; a node makes none.
fn owners(policy: &Path, files: &[String]) -> BTreeMap<String, String> {
    let body = "std.kubernetes.workload(w), std.state.config(w, o), r in o.metadata.ownerReferences[*], \
        k: string = r.kind, n: string = r.name, k != \"Node\"";
    let named = |row: &Value| {
        let space = word(row, "w").split('/').nth(1).expect("a namespace");
        (word(row, "w").to_owned(), format!("{space}/{}[{}]", word(row, "n"), word(row, "k")))
    };
    query(policy, files, body).iter().map(named).collect()
}

fn word<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().expect("a text")
}

fn query(policy: &Path, files: &[String], body: &str) -> Vec<Value> {
    let mut command = Command::new(writ());
    command.args(["query", body, "--json", "--policy"]).arg(policy);
    files.iter().for_each(|file| _ = command.args(["--state", file]));
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{files:?}\n{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    answer.as_array().expect("rows").iter().map(|row| row["row"].clone()).collect()
}

/// `Deployment.apps/shop/web` as `shop/web[Deployment]`; a pod as what made it.
fn end(name: &str, owners: &BTreeMap<String, String>) -> String {
    if let Some(owner) = owners.get(name) {
        return owner.clone();
    }
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        [kind, space, own] => format!("{space}/{own}[{}]", kind.split('.').next().unwrap_or(kind)),
        _ => name.to_owned(),
    }
}

/// The first and the last address of a network.
fn range(cidr: &str) -> Option<(u32, u32)> {
    let (address, length) = cidr.split_once('/')?;
    let (address, length): (Ipv4Addr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let mask = u32::MAX.checked_shr(length).unwrap_or(0);
    let first = u32::from(address) & !mask;
    Some((first, first | mask))
}

/// `SCTP 1-9002,9004-65535,TCP 1-65535`.
fn written(protocols: &BTreeMap<String, Slices>) -> String {
    let mut parts = Vec::new();
    for (protocol, slices) in protocols {
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for (first, last) in slices {
            match joined.last_mut() {
                Some(before) if before.1 + 1 >= *first => before.1 = before.1.max(*last),
                _ => joined.push((*first, *last)),
            }
        }
        let shown: Vec<String> =
            joined.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") }).collect();
        parts.push(format!("{protocol} {}", shown.join(",")));
    }
    let parts = parts.join(",");
    if parts == "SCTP 1-65535,TCP 1-65535,UDP 1-65535" { "All Connections".to_owned() } else { parts }
}
