//! Every plan, state and ownership file of the data folder is imported, or refused with a message.
//!
//! `WRIT_DATA` names the folder. Without it a test prints how much it skipped; with it a skip is a failure.

#![allow(clippy::print_stdout, reason = "the tables are for people to read")]
#![allow(clippy::disallowed_methods, reason = "the variable says where the data is")]

#[path = "data_folder/files.rs"]
mod data_folder;

use data_folder::files;
use import::{Expected, Imported, Malformed, Options, read};
use program::Fact;
use std::collections::BTreeSet;
use std::path::Path;

fn named(path: &Path, names: &[&str]) -> bool {
    path.file_name().is_some_and(|name| names.iter().any(|wanted| name == *wanted))
}

fn ends(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted))
}

fn import(path: &Path, expected: Expected) -> Result<Imported, Malformed> {
    let bytes = std::fs::read(path).expect("the file can be read");
    let name = path.file_name().expect("a name").to_string_lossy();
    read(&name, &bytes, &Options { expected, ..Options::default() })
}

fn count(facts: &[Fact], relation: &str) -> usize {
    facts.iter().filter(|fact| &*fact.relation == relation).count()
}

fn short(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts[parts.len().saturating_sub(3)..].join("/")
}

fn show_skipped(imported: &Imported) {
    imported.skipped.iter().for_each(|skipped| println!("        skipped {}: {}", skipped.place, skipped.why));
}

#[test]
fn every_plan() {
    let wanted = |path: &Path| ends(path, &["json"]) && !named(path, &["MANIFEST.json", "checkov-3.3.30.labels.json"]);
    let Some(files) = files("plans", wanted) else { return };
    let (mut read, mut refused, mut partial) = (0, Vec::new(), Vec::new());
    println!("{:>7} {:>6} {:>5} {:>5}  file", "actions", "facts", "refs", "ids");
    for path in &files {
        match import(path, Expected::Change) {
            Ok(imported) => {
                read += 1;
                let change = imported.change.as_ref().expect("a plan is a change");
                let after: Vec<Fact> = change.actions.iter().flat_map(|action| action.set.clone()).collect();
                let all = |relation| count(&imported.facts, relation) + count(&after, relation);
                let (actions, facts) = (change.actions.len(), imported.facts.len() + after.len());
                let (references, identifiers) = (all("std.terraform.reference"), all("std.terraform.identifier"));
                println!("{actions:>7} {facts:>6} {references:>5} {identifiers:>5}  {}", short(path));
                show_skipped(&imported);
                for reason in &change.partial {
                    println!("        partial {}: {}", reason.place, reason.why);
                    partial.push(format!("{}: {}", short(path), reason.why));
                }
            }
            Err(malformed) => {
                println!("{malformed}\n        {}", short(path));
                refused.push((short(path), malformed.what));
            }
        }
    }
    println!("{} plans: {read} read, {} refused, 0 skipped", files.len(), refused.len());
    // A plan whose file repeats a key, and states that lie among the plans.
    let why: BTreeSet<&str> = refused.iter().map(|(_, what)| what.as_str()).collect();
    let expected = [
        "the key `uniform_bucket_level_access` occurs twice in one object",
        "this is a Terraform state, and a plan or another change was expected",
    ];
    assert_eq!(why.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!((read, refused.len()), (56, 5));
    // Edited by hand, but for one that was planned with `-target` and one with `-refresh-only`.
    let expected = [
        "tfplan2cai/resolvers/iamBinding.tfplan.json: the plan's configuration refers to a block that it does not have: \
         `random_string.suffix`",
        "test/read_planned_assets/tf1_0plan.allcoverage.json: a change starts from what the prior state does not have: \
         `google_compute_disk.my-disk-resource` and 14 more",
        "aws/example_GithubActionsOIDCTrustPolicy/tfplan.json: what a change leaves differs from the planned values: \
         `module.poc.aws_iam_openid_connect_provider.r5`",
        "aws/example_GithubActionsOIDCTrustPolicy/tfplan.json: the plan's time is none",
        "resources/plan_after_unknown/tfplan.json: the plan has no configuration, which alone says what refers to what: \
         `aws_cloudfront_distribution.cloudfront`",
        "resources/plan_after_unknown/tfplan.json: what a change leaves differs from the planned values: \
         `aws_cloudfront_distribution.cloudfront`",
        "resources/plan_change_keys/tfplan.json: the plan has no prior state, which says what depends on what a \
         change starts from: `aws_security_group_rule.foo` and 1 more",
        "resources/plan_change_keys/tfplan.json: what a change leaves differs from the planned values: \
         `aws_security_group_rule.foo` and 1 more",
        "resources/plan_with_deleted_resources/tfplan.json: a replacement does not say what it replaces: \
         `aws_secretsmanager_secret.default`",
        "infracost/testdata/plan_with_target.json: the plan leaves out what is in the prior state: \
         `aws_instance.web_app_2`",
        "show-json/conditions/output-refresh-only.json: the plan lists no change, and its planned values differ from \
         its prior state: `test_instance.bar` and 1 more",
        "functional/test_issue_522/plan.out.json: a change starts from something else than the prior state: \
         `aws_cloudwatch_event_rule.Metricos_custom_alert_schedule_frequent[0]`",
        "functional/test_issue_522/plan.out.json: what a change leaves differs from the planned values: \
         `aws_cloudwatch_event_rule.metrics_schedule` and 2 more",
    ];
    assert_eq!(partial, expected);
}

/// The manifest of the data says, by a reading of its own, how many actions of each sort each plan has.
#[test]
fn actions_are_those_of_the_manifest() {
    let Some(files) = files("plans", |path| named(path, &["MANIFEST.json"])) else { return };
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&files[0]).expect("read")).expect("a manifest");
    let folder = files[0].parent().expect("a folder");
    let mut compared = 0;
    for entry in manifest.as_array().expect("an array") {
        let path = folder.join(entry["file"].as_str().expect("a path"));
        let Ok(imported) = import(&path, Expected::Change) else { continue };
        let change = imported.change.expect("a change");
        let mut counts = std::collections::BTreeMap::new();
        for action in &change.actions {
            let word = match action.verb.name() {
                "replace" => "replace",
                // A resource that only moves is a no-op of Terraform.
                "move" | "import" => continue,
                other => other,
            };
            *counts.entry(word.to_owned()).or_insert(0) += 1_u64;
        }
        let mut told = std::collections::BTreeMap::new();
        for (word, n) in entry["acts"].as_object().expect("an object").iter().filter(|(word, _)| *word != "no-op") {
            let word = if word.contains('-') { "replace" } else { word };
            *told.entry(word.to_owned()).or_insert(0) += n.as_u64().expect("a number");
        }
        assert_eq!(counts, told, "{}", short(&path));
        compared += 1;
    }
    println!("{compared} plans compared");
    assert!(compared >= 38, "{compared}");
}

#[test]
fn every_state() {
    let wanted =
        |path: &Path| ends(path, &["json", "tfstate"]) && !named(path, &["MANIFEST.json", "results.golden.json"]);
    let Some(files) = files("states", wanted) else { return };
    println!("{:>9} {:>6} {:>5}  file", "resources", "facts", "refs");
    for path in &files {
        let imported = import(path, Expected::State).unwrap_or_else(|malformed| panic!("{malformed}"));
        let (facts, references) = (imported.facts.len(), count(&imported.facts, "std.terraform.reference"));
        let resources = count(&imported.facts, "std.terraform.resource") + count(&imported.facts, "std.terraform.data");
        println!("{resources:>9} {facts:>6} {references:>5}  {}", short(path));
        show_skipped(&imported);
    }
    println!("{} states: {} read, 0 refused, 0 skipped", files.len(), files.len());
    assert_eq!(files.len(), 101);
}

#[test]
fn every_ownership_file() {
    let Some(files) = files("ownership", |path| named(path, &["CODEOWNERS"])) else { return };
    let mut rules = BTreeSet::new();
    for path in files.iter().filter(|path| std::fs::metadata(path).is_ok_and(|about| about.len() > 0)) {
        let imported = import(path, Expected::Facts).unwrap_or_else(|malformed| panic!("{malformed}"));
        let owners = imported.owners.as_ref().expect("an ownership file");
        println!("{:>5} rules  {}", owners.rules.len(), short(path));
        show_skipped(&imported);
        rules.insert(owners.rules.len());
    }
    println!("{} ownership files, 0 skipped", files.len());
    assert_eq!(rules.last(), Some(&481));
}
