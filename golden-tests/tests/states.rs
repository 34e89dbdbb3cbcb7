//! What a peer's reader finds in 89 states, value by value, against what is read here.
//!
//! A state agrees where both find the same resources, each with the same type and id, and every value that the peer tells
//! of one is the value here. The peer drops what a provider of its time does not know, and empty parts of nested blocks,
//! so a value here may hold more; texts that are JSON are compared as JSON.
//!
//! `WRIT_DATA` names the folder. Without it the test says what it skipped; with it a skip is a failure.

#![expect(clippy::print_stdout, reason = "the table of a run is its report")]

use golden_tests::tables::table;
use import::{Expected, Options, read};
use program::{Json, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The states that do not agree, each with its reason.
const OTHERWISE: [(&str, &str); 4] = [
    ("aws_lb_listener", "the peer leaves out target groups, which it does not support"),
    (
        "aws_vpc_security_group_rule",
        "the peer gives the rules of a security group an id of its own: a hash of what they say",
    ),
    ("github_team", "the peer writes its provider's default where the state says null"),
    ("unsupported_provider", "the peer leaves out the resources of providers that it does not support"),
];

/// Resources by type and id; several states of one resource where it has several instances of one id.
type Resources = BTreeMap<(String, String), Vec<Json>>;

#[test]
fn states_are_those_of_a_peer() {
    let Some(data) = std::env::var_os("WRIT_DATA") else {
        println!("1 skipped (no data): set WRIT_DATA to compare states");
        return;
    };
    let folder = Path::new(&data).join("states/snyk__driftctl/pkg/iac/terraform/state/test");
    let mut cases: Vec<_> = std::fs::read_dir(&folder).expect("the states are there").flatten().collect();
    cases.retain(|case| case.path().join("results.golden.json").is_file());
    cases.sort_by_key(std::fs::DirEntry::file_name);
    let otherwise: BTreeMap<&str, &str> = OTHERWISE.into();
    let (mut resources, mut values, mut hidden, mut differing) = (0, 0, 0, Vec::new());
    for case in &cases {
        let name = case.file_name().to_string_lossy().into_owned();
        let ours = ours(&case.path().join("terraform.tfstate"));
        let theirs = std::fs::read(case.path().join("results.golden.json")).expect("it can be read");
        let theirs: serde_json::Value = serde_json::from_slice(&theirs).expect("it is JSON");
        let mut wrong = Vec::new();
        let mut told = Vec::new();
        for resource in theirs.as_array().into_iter().flatten() {
            let word = |key: &str| resource[key].as_str().unwrap_or_default().to_owned();
            let key = (word("Type"), word("Id"));
            let Some(alike) = ours.get(&key) else {
                wrong.push(format!("{} {} is not found here", key.0, key.1));
                continue;
            };
            told.push(key);
            resources += 1;
            let attributes = resource["Attrs"].as_object().into_iter().flatten();
            let attributes: Vec<(&String, &serde_json::Value)> = attributes.collect();
            values += attributes.len();
            let differences = |here: &Json| -> Vec<String> {
                let Json::Object(here) = here else { return vec![String::from("its config is no object")] };
                let differs = |(name, told): &(&String, &serde_json::Value)| {
                    !here.get(name.as_str()).is_some_and(|here| inside(told, here))
                };
                attributes.iter().copied().filter(differs).map(|(name, _)| name.clone()).collect()
            };
            let least = alike.iter().map(differences).min_by_key(Vec::len).unwrap_or_default();
            let named = told.last().expect("it was told just now");
            wrong.extend(least.iter().map(|name| format!("{} {}: `{name}` differs", named.0, named.1)));
            hidden += alike.first().map_or(0, sensitive);
        }
        wrong.extend(
            ours.keys().filter(|key| !told.contains(key)).map(|(kind, id)| format!("{kind} {id} is found only here")),
        );
        if !wrong.is_empty() {
            println!("{name}: {}", otherwise.get(name.as_str()).unwrap_or(&"NOT EXPLAINED"));
            wrong.iter().for_each(|line| println!("    {line}"));
            differing.push(name);
        }
    }
    let agree = cases.len() - differing.len();
    println!(
        "{agree} of {} states agree ({:.1} %): {resources} resources, {values} values, {hidden} of them sensitive and compared by nobody; 0 skipped",
        cases.len(),
        100.0 * agree as f64 / cases.len() as f64
    );
    let mut shown = format!(
        "{agree} of {} states agree, {:.1} %: {resources} resources, {values} values.\n\n| does not agree | why |\n|---|---|\n",
        cases.len(),
        100.0 * agree as f64 / cases.len() as f64
    );
    OTHERWISE.iter().for_each(|(name, why)| shown += &format!("| `{name}` | {why} |\n"));
    table("states", &shown);
    assert_eq!(cases.len(), 89);
    assert!(agree * 100 >= cases.len() * 95);
    assert_eq!(differing, OTHERWISE.map(|(name, _)| name));
}

/// The managed resources of a state as it is read here.
fn ours(state: &Path) -> Resources {
    let bytes = std::fs::read(state).expect("the state can be read");
    let options = Options { expected: Expected::State, ..Options::default() };
    let imported = read("terraform.tfstate", &bytes, &options).unwrap_or_else(|malformed| panic!("{malformed}"));
    let of = |relation: &'static str| imported.facts.iter().filter(move |fact| &*fact.relation == relation);
    let configs: BTreeMap<&Value, &Value> =
        of("std.state.config").map(|fact| (&fact.tuple[0], &fact.tuple[1])).collect();
    let mut found = Resources::new();
    for fact in of("std.terraform.resource") {
        let Some(Value::Json(config)) = configs.get(&fact.tuple[0]) else { continue };
        let id = match &**config {
            Json::Object(entries) => entries.get("id"),
            _ => None,
        };
        let Some(Json::Text(id)) = id else { continue };
        let kind = fact.tuple[1].as_text().unwrap_or_default().to_owned();
        found.entry((kind, id.to_string())).or_default().push(Json::clone(config));
    }
    found
}

/// Whether what the peer tells is what is here, or a part of it.
fn inside(told: &serde_json::Value, here: &Json) -> bool {
    use serde_json::Value as Told;
    match (told, here) {
        // What is sensitive here was replaced when it was read.
        (_, Json::Sensitive(_)) | (Told::Null, Json::Null) => true,
        (Told::Bool(told), Json::Bool(here)) => told == here,
        (Told::Number(told), Json::Int(_) | Json::Decimal(_)) => Json::number(&told.to_string()).as_ref() == Some(here),
        (Told::String(told), Json::Text(here)) => **told == **here || same_json(told, here),
        (Told::Array(told), Json::Array(here)) => {
            told.len() == here.len() && told.iter().all(|told| here.iter().any(|here| inside(told, here)))
        }
        (Told::Object(told), Json::Object(here)) => {
            told.iter().all(|(key, told)| here.get(key.as_str()).is_some_and(|here| inside(told, here)))
        }
        _ => false,
    }
}

fn same_json(told: &str, here: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok().filter(|json| !json.is_number());
    parse(told).is_some_and(|told| parse(here) == Some(told))
}

/// How many parts of a value are sensitive.
fn sensitive(json: &Json) -> usize {
    match json {
        Json::Sensitive(_) => 1,
        Json::Array(items) => items.iter().map(sensitive).sum(),
        Json::Object(entries) => entries.values().map(sensitive).sum(),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) | Json::Unknown(_) => 0,
    }
}
