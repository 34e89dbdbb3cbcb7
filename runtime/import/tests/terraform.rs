//! Plans and states that Terraform itself wrote.

use import::{Imported, Options, SensitiveKey, read};
use program::{Action, Change, Fact, SourceKind, Speaks, Value, Verb};
use std::collections::BTreeSet;

fn import(name: &str, options: &Options<'_>) -> Imported {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans").join(name);
    let bytes = std::fs::read(&path).expect("a committed file");
    read(name, &bytes, options).expect("it can be read")
}

fn growth() -> (Imported, Change) {
    let imported = import("growth/plan.json", &Options::default());
    let change = imported.change.clone().expect("a plan is a change");
    (imported, change)
}

fn action<'a>(change: &'a Change, id: &str) -> &'a Action {
    change.actions.iter().find(|action| &*action.id == id).unwrap_or_else(|| panic!("no action {id}"))
}

/// `from.attribute -> to.attribute` of every reference that starts at `from`.
fn references(facts: &[Fact], from: &str) -> Vec<String> {
    let of = facts.iter().filter(|f| &*f.relation == "std.terraform.reference" && f.tuple[0].as_text() == Some(from));
    of.map(|fact| {
        let text = |i: usize| fact.tuple[i].as_text().unwrap_or_default().to_owned();
        format!("{} -> {} {}", text(1), text(2), text(3)).trim().to_owned()
    })
    .collect()
}

fn part<'a>(facts: &'a [Fact], resource: &str, path: &[&str]) -> &'a program::Json {
    let of = |f: &&Fact| &*f.relation == "std.state.config" && f.tuple[0].as_text() == Some(resource);
    let config = facts.iter().find(of).unwrap_or_else(|| panic!("no configuration of {resource}"));
    let Value::Json(mut json) = config.tuple[1].clone() else { panic!("json") };
    for step in path {
        let program::Json::Object(entries) = &*json else { panic!("an object") };
        json = std::sync::Arc::new(entries[*step].clone());
    }
    Box::leak(Box::new((*json).clone()))
}

#[test]
fn every_action_has_its_verb_and_a_no_op_has_none() {
    let (_, change) = growth();
    let told: Vec<String> = change.actions.iter().map(|action| format!("{} {}", action.verb, action.id)).collect();
    assert_eq!(
        told,
        [
            "update terraform_data.balancer",
            "delete terraform_data.doomed",
            "delete terraform_data.host[\"a\"]",
            "create terraform_data.host[\"c\"]",
            "replace terraform_data.key",
            "move terraform_data.new_name (move)",
            "update terraform_data.new_name",
            "update terraform_data.record",
            "delete terraform_data.subnet[\"a\"]",
            "create terraform_data.subnet[\"c\"]",
            "delete module.cell[\"a\"].terraform_data.part[\"a\"]",
            "update module.cell[\"b\"].terraform_data.part[\"b\"]",
            "create module.cell[\"c\"].terraform_data.part[\"c\"]",
            "delete module.network.terraform_data.part[\"a\"]",
            "update module.network.terraform_data.part[\"b\"]",
            "create module.network.terraform_data.part[\"c\"]",
        ]
    );
    assert!(change.partial.is_empty());
    assert_eq!(&*change.format, "terraform-plan");
}

#[test]
fn a_move_that_also_updates_is_both() {
    let (_, change) = growth();
    let moved = action(&change, "terraform_data.new_name (move)");
    assert_eq!((moved.verb, moved.moved_from.as_deref()), (Verb::Move, Some("terraform_data.old_name")));
    let updated = action(&change, "terraform_data.new_name");
    assert_eq!((updated.verb, updated.moved_from.as_deref()), (Verb::Update, None));
}

#[test]
fn taking_over_letting_go_and_moving_are_verbs() {
    let change = import("hand-over/plan.json", &Options::default()).change.expect("a change");
    let told: Vec<(Verb, &str, Option<&str>)> =
        change.actions.iter().map(|a| (a.verb, &*a.id, a.moved_from.as_deref())).collect();
    assert_eq!(
        told,
        [
            (Verb::Move, "terraform_data.b", Some("terraform_data.a")),
            (Verb::Create, "terraform_data.careful", None),
            (Verb::Forget, "terraform_data.left", None),
            (Verb::Import, "terraform_data.taken (import)", None),
            (Verb::Update, "terraform_data.taken", None),
        ]
    );
}

#[test]
fn a_targeted_plan_is_partial_and_still_read() {
    let imported = import("targeted/plan.json", &Options::default());
    let change = imported.change.expect("a change");
    assert_eq!(change.partial.iter().map(|partial| &*partial.place).collect::<Vec<_>>(), ["/complete"]);
    assert!(change.actions.iter().all(|action| action.verb == Verb::Delete));
    assert_eq!(change.actions.len(), 4);
    assert!(!imported.source.complete);
}

#[test]
fn instances_with_the_same_key_refer_to_each_other() {
    let (imported, change) = growth();
    let expected = |key: &str| {
        [
            format!("input -> module.cell[\"{key}\"].terraform_data.part[\"{key}\"]"),
            format!("input -> terraform_data.subnet[\"{key}\"]"),
        ]
    };
    // In the world before the state adds the key, to which no reference of these leads while the cell's is changing.
    assert_eq!(references(&imported.facts, "terraform_data.host[\"a\"]"), expected("a"));
    let new = action(&change, "terraform_data.host[\"c\"]");
    assert_eq!(references(&new.set, "terraform_data.host[\"c\"]"), expected("c"));
}

#[test]
fn references_go_through_inputs_and_outputs() {
    let (imported, change) = growth();
    let part = "module.network.terraform_data.part[\"b\"]";
    assert_eq!(references(&imported.facts, part), ["input -> terraform_data.key id"]);
    let renamed = action(&change, "terraform_data.new_name");
    assert_eq!(
        references(&renamed.set, "terraform_data.new_name"),
        ["input -> module.network.terraform_data.part[\"b\"]", "input -> module.network.terraform_data.part[\"c\"]"]
    );
    // With the reference goes what the state, also one that is given beside the plan, says of dependencies.
    assert_eq!(
        references(&renamed.remove, "terraform_data.new_name"),
        [
            "-> module.network.terraform_data.part[\"a\"]",
            "-> module.network.terraform_data.part[\"b\"]",
            "-> terraform_data.key",
            "input -> module.network.terraform_data.part[\"a\"]"
        ]
    );
}

#[test]
fn all_instances_are_meant_without_a_key() {
    let (imported, change) = growth();
    let before = references(&imported.facts, "terraform_data.balancer");
    assert!(before.contains(&"input -> terraform_data.host[\"a\"]".to_owned()), "{before:?}");
    assert!(before.contains(&" -> module.network.terraform_data.part[\"a\"]".trim().to_owned()), "{before:?}");
    let after = references(&action(&change, "terraform_data.balancer").set, "terraform_data.balancer");
    assert_eq!(
        after,
        [
            "-> module.network.terraform_data.part[\"b\"]",
            "-> module.network.terraform_data.part[\"c\"]",
            "input -> terraform_data.host[\"b\"]",
            "input -> terraform_data.host[\"c\"]"
        ]
    );
}

#[test]
fn what_a_local_value_hides_the_state_tells() {
    let (imported, change) = growth();
    let record = "terraform_data.record";
    assert_eq!(references(&imported.facts, record), ["-> terraform_data.key"]);
    let removed = references(&action(&change, record).remove, record);
    assert!(removed.is_empty(), "a local value may still lead there: {removed:?}");
}

#[test]
fn an_unknown_names_its_own_place_and_what_it_comes_from() {
    let (_, change) = growth();
    let id = "module.network.terraform_data.part[\"c\"]";
    let set = &action(&change, id).set;
    assert_eq!(
        part(set, id, &["input", "key"]).to_string(),
        "unknown(\"module.network.terraform_data.part[\\\"c\\\"].input.key, from terraform_data.key.id\")"
    );
    assert_eq!(part(set, id, &["input", "zone"]).to_string(), "\"c\"");
    let key = &action(&change, "terraform_data.key").set;
    assert_eq!(part(key, "terraform_data.key", &["id"]).to_string(), "unknown(\"terraform_data.key.id\")");
}

#[test]
fn nothing_sensitive_is_seen() {
    let (imported, change) = growth();
    let shown = format!("{imported:?}{change:?}");
    assert!(!shown.contains("s3cr3t-token"));
    let host = "terraform_data.host[\"b\"]";
    let token = part(&imported.facts, host, &["input", "token"]).clone();
    assert!(matches!(token, program::Json::Sensitive(_)));
    assert_eq!(part(&imported.facts, host, &["output", "token"]), &token, "also where the provider repeats it");
    let state = import("growth/terraform.tfstate", &Options::default());
    assert!(!format!("{state:?}").contains("s3cr3t-token"));
    assert_ne!(part(&state.facts, host, &["input", "token"]), &token, "another file, another key");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans/growth/plan.json");
    let key = SensitiveKey::of(&std::fs::read(path).expect("a committed file"));
    let state = import("growth/terraform.tfstate", &Options { sensitive: Some(key), ..Options::default() });
    assert_eq!(part(&state.facts, host, &["input", "token"]), &token, "one decision, one key");
}

/// What a state's file says and what Terraform shows of it are the same facts, but for the pointers.
#[test]
fn a_state_says_the_same_as_file_and_as_shown() {
    let key = Some(SensitiveKey::of(b"x"));
    let options = Options { sensitive: key, ..Options::default() };
    let lines = |name| -> BTreeSet<String> { import(name, &options).facts.iter().map(ToString::to_string).collect() };
    let (file, shown) = (lines("growth/terraform.tfstate"), lines("growth/state.json"));
    assert_eq!(file, shown);
    assert!(file.len() > 80, "{}", file.len());
}

/// A state does not say which instances depend on which; those with the same keys go together.
#[test]
fn dependencies_of_a_state_count_along() {
    let state = import("growth/terraform.tfstate", &Options::default());
    assert_eq!(
        references(&state.facts, "terraform_data.host[\"b\"]"),
        [
            "-> module.cell[\"b\"].terraform_data.part[\"b\"]",
            "-> terraform_data.key",
            "-> terraform_data.subnet[\"b\"]"
        ]
    );
    assert_eq!(references(&state.facts, "terraform_data.old_name").len(), 3, "without a key it is all of them");
}

/// The world before of a plan is the state that it was made from; moved resources have their new names.
#[test]
fn the_world_before_is_the_state() {
    let (imported, _) = growth();
    let state = import("growth/state.json", &Options { sensitive: None, ..Options::default() });
    let configs = |facts: &[Fact]| -> BTreeSet<String> {
        let configs = facts.iter().filter(|fact| &*fact.relation == "std.state.config" && fact.tuple[1].is_known());
        configs.map(|fact| fact.to_string().replace("old_name", "new_name")).collect()
    };
    assert_eq!(configs(&imported.facts), configs(&state.facts));
    assert!(imported.facts.iter().all(|fact| fact.origin.source.speaks == Speaks::Built));
    assert_eq!(state.source.kind, SourceKind::State);
}

#[test]
fn a_state_of_another_estate_names_its_resources_so() {
    let options = Options { estate: Some("billing"), ..Options::default() };
    let state = import("growth/terraform.tfstate", &options);
    let of = state.facts.iter().filter(|fact| &*fact.relation == "std.terraform.resource");
    let names: Vec<(&str, &str)> =
        of.map(|f| (f.tuple[0].as_text().unwrap_or_default(), f.tuple[3].as_text().unwrap_or_default())).collect();
    assert_eq!(names.len(), 13);
    assert!(names.contains(&("billing//terraform_data.key", "billing//")));
    assert!(names.contains(&("billing//module.network.terraform_data.part[\"a\"]", "billing//module.network")));
}

#[test]
fn modules_are_in_folders() {
    let options = Options { folder: Some("infra/prod"), ..Options::default() };
    let imported = import("growth/plan.json", &options);
    let folders: Vec<&str> = imported.folders.iter().map(|folder| &**folder).collect();
    assert_eq!(folders, ["./infra/prod", "./infra/prod/modules/network"]);
    let of = imported.facts.iter().filter(|fact| &*fact.relation == "std.terraform.module_folder");
    let told: Vec<&str> = of.filter_map(|fact| fact.tuple[0].as_text()).collect();
    assert_eq!(told, ["", "module.cell[\"a\"]", "module.cell[\"b\"]", "module.cell[\"c\"]", "module.network"]);
}

#[test]
fn why_an_action_is_taken_is_told() {
    let (_, change) = growth();
    let reasons: Vec<String> = change.facts.iter().map(ToString::to_string).collect();
    assert!(
        reasons.contains(&"std.change.reason(\"terraform_data.key\", \"replace_because_cannot_update\")".to_owned())
    );
    assert_eq!(reasons.len(), 6);
}

/// Each place leads to something in the file.
#[test]
fn every_fact_has_a_place_in_its_file() {
    let (imported, change) = growth();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans/growth/plan.json");
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).expect("a committed file")).expect("JSON");
    let after = change.actions.iter().flat_map(|action| action.set.iter().chain(&action.remove));
    let all: Vec<&Fact> = imported.facts.iter().chain(&change.facts).chain(after).collect();
    for fact in &all {
        assert!(json.pointer(&fact.origin.place).is_some(), "{fact} at {}", fact.origin.place);
    }
    assert!(all.len() > 150, "{}", all.len());
    assert!(imported.source.observed_at.is_some(), "the plan's own timestamp");
}
