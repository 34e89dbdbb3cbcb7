//! What is exported is what other tools read: valid by their own schemas, and about the same decision.

use boon::{Compiler, Schemas};
use golden_tests::{root, writ};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const POLICY: &str = r#"
use std.state.{exists, encrypted_by, tag, config};
use std.change.action;

pub blueprint kept() {
    @control("ISO-27001 A.8.13")
    @control("PCI-DSS 9.4")
    @severity(critical)
    deny cut_off(r, k) "{r} hangs on {k}, which would be gone" if covered(r), exists(r), encrypted_by(r, k), not exists(k);
    @control("1.3.1 <&>")
    escalate odd(r) "{r} is odd" if covered(r), tag(r, "stage", "odd");
    @control("kept")
    @control("PCI-DSS-9.4")
    deny never(r) "never" if covered(r), tag(r, "never", "ever");
    permit tidy(a) if action(a, "delete", _);
}

intent all "Everything" { cover r if exists(r); owner "team"; apply kept(); }
"#;

/// The same without a control.
fn plain() -> String {
    POLICY.lines().filter(|line| !line.contains("@control")).map(|line| format!("{line}\n")).collect()
}

const WORLD: &str = r#"
use std.state.{kind, encrypted_by, tag};
kind("a \"quoted\" db", "database"); kind("key", "key"); encrypted_by("a \"quoted\" db", "key");
kind("other", "box"); tag("other", "stage", "odd");
"#;

const CHANGE: &str = r#"{"format": "writ-change/1", "actions": [
  {"id": "a1", "verb": "delete", "resource": "key"},
  {"id": "a2", "verb": "update", "resource": "other", "set": [["std.state.tag", "other", "name", "x"]]}
]}
"#;

/// Folders with what `decide` is asked there.
fn cases() -> Vec<(PathBuf, Vec<&'static str>)> {
    let own = env::temp_dir().join(format!("writ-exports-{}", std::process::id()));
    fs::create_dir_all(&own).expect("the temporary folder is writable");
    for (name, text) in
        [("policy.writ", POLICY), ("plain.writ", &plain()), ("a world.writ", WORLD), ("a change.json", CHANGE)]
    {
        fs::write(own.join(name), text).expect("the temporary folder is writable");
    }
    let example = |name: &str| root().join("examples").join(name);
    vec![
        (own.clone(), vec!["a change.json", "--policy", "policy.writ", "--facts", "a world.writ"]),
        (own, vec!["a change.json", "--policy", "plain.writ", "--facts", "a world.writ"]),
        (example("key-loss"), vec!["plan.json"]),
        (example("what-would-pass"), vec!["plan.json"]),
        (example("three-contexts"), vec!["plan.json", "--facts", "dev.json"]),
        (example("three-contexts"), vec!["plan.json", "--facts", "freeze.json"]),
    ]
}

/// What one decision is in a format.
fn export(folder: &Path, asked: &[&str], format: &str) -> Value {
    let evidence = env::temp_dir().join(format!("writ-exports-{}.json", std::process::id()));
    let run = Command::new(writ())
        .arg("decide")
        .args(asked)
        .args(["--actor", "ana", "--now", "2026-12-23T12:00Z", "--edits", "0", "--output", format, "--evidence"])
        .arg(&evidence)
        .current_dir(folder)
        .output()
        .expect("it runs");
    assert!(matches!(run.status.code(), Some(0..=2)), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).expect("it is JSON")
}

/// Asserts that a document is valid by a schema of `golden-tests/tests/schemas`.
fn valid(schema: &str, document: &Value) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let text = fs::read_to_string(root().join("golden-tests/tests/schemas").join(schema)).expect("the schema is there");
    let name = format!("https://schemas.test/{schema}");
    compiler.add_resource(&name, serde_json::from_str(&text).expect("a schema is JSON")).expect("a schema is one");
    let index = compiler.compile(&name, &mut schemas).unwrap_or_else(|e| panic!("{schema}: {e:#}"));
    if let Err(wrong) = schemas.validate(document, index) {
        panic!("{schema}: {wrong:#}\n{document:#}");
    }
}

#[test]
fn sarif_is_valid_and_stands_at_the_lines_of_the_change() {
    for (folder, asked) in cases() {
        let sarif = export(&folder, &asked, "sarif");
        valid("sarif-2.1.0.json", &sarif);
        let answer = export(&folder, &asked, "json");
        let text = fs::read_to_string(folder.join(asked[0])).expect("the change is there");
        let results = sarif["runs"][0]["results"].as_array().expect("a list");
        let reasons = answer["actions"].as_array().expect("a list").iter().flat_map(|action| {
            let reasons = action["reasons"].as_array().expect("a list").iter();
            reasons.filter(|reason| reason["kind"] != "permit").map(move |reason| (action["id"].clone(), reason))
        });
        for (id, reason) in reasons {
            let about = |result: &&Value| {
                result["ruleId"] == reason["rule"] && result["properties"]["subjects"] == reason["subjects"]
            };
            let result = results.iter().find(about).unwrap_or_else(|| panic!("{reason} is not among the results"));
            assert_eq!(result["message"]["text"], reason["message"]);
            let at = &result["locations"][0];
            assert_eq!(at["logicalLocations"][0]["fullyQualifiedName"], id);
            let line = at["physicalLocation"]["region"]["startLine"].as_u64().expect("the action has a line");
            let near: String = text.lines().skip(usize::try_from(line).expect("few lines") - 1).take(3).collect();
            assert!(near.contains(id.as_str().expect("a name")), "{id} is not at line {line}: {near}");
            let flow = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().expect("the proof is a flow");
            let last = flow.last().expect("a proof has steps")["location"]["message"]["text"].as_str().expect("a text");
            let rule = reason["rule"].as_str().expect("a name");
            assert!(last.starts_with(rule), "the flow of {rule} ends in {last}");
            for step in flow.iter().filter_map(|step| step["location"].get("physicalLocation")) {
                let file = step["artifactLocation"]["uri"].as_str().expect("a file").replace("%20", " ");
                assert!(folder.join(&file).is_file(), "a step of {rule} stands in `{file}`, and there is none");
            }
        }
        let ambiguities = answer["ambiguities"].as_array().expect("a list").len();
        let told = results.iter().filter(|result| result["ruleId"].as_str().is_some_and(|id| id.starts_with("writ/")));
        assert_eq!(told.count(), ambiguities);
    }
}

#[test]
fn oscal_is_valid_and_tells_kept_controls_from_others() {
    for (folder, asked) in cases() {
        let oscal = export(&folder, &asked, "oscal");
        valid("oscal-assessment-results-1.2.1.json", &oscal);
    }
    let (folder, asked) = cases().swap_remove(0);
    let oscal = export(&folder, &asked, "oscal");
    let findings = oscal["assessment-results"]["results"][0]["findings"].as_array().expect("a list").iter();
    let said: Vec<(&str, &str)> = findings
        .map(|one| {
            let target = &one["target"];
            (target["target-id"].as_str().unwrap_or(""), target["status"]["state"].as_str().unwrap_or(""))
        })
        .collect();
    assert_eq!(
        said,
        [
            ("ISO-27001-A.8.13", "not-satisfied"),
            ("PCI-DSS-9.4", "not-satisfied"),
            ("_1.3.1----", "not-satisfied"),
            ("kept", "satisfied"),
        ]
    );
}

/// Every link leads to a resource of the back matter, and that names what it is by its digest; the same decision twice has the
/// same names, another has others.
#[test]
fn oscal_links_lead_to_the_evidence() {
    let mut records = BTreeSet::new();
    for (folder, asked) in cases() {
        let (oscal, answer) = (export(&folder, &asked, "oscal"), export(&folder, &asked, "json"));
        assert_eq!(oscal, export(&folder, &asked, "oscal"));
        let results = &oscal["assessment-results"];
        let resources: BTreeMap<String, Value> = results["back-matter"]["resources"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| {
                (format!("#{}", one["uuid"].as_str().expect("a name")), one["document-ids"][0]["identifier"].clone())
            })
            .collect();
        let observations = results["results"][0]["observations"].as_array().cloned().unwrap_or_default();
        for one in &observations {
            let link = one["relevant-evidence"][0]["href"].as_str().expect("a link");
            assert_eq!(resources[link], answer["evidence"], "{one}");
        }
        let link = results["import-ap"]["href"].as_str().expect("a link");
        assert_eq!(resources[link], answer["program"]["digest"]);
        for digest in [&answer["evidence"], &answer["change"]["digest"], &answer["model"]["version"]] {
            assert!(resources.values().any(|one| one == digest), "{digest} is not among them");
        }
        let record = resources.iter().find(|(_, digest)| **digest == answer["evidence"]).expect("the record");
        records.insert(record.0.clone());
    }
    assert_eq!(records.len(), cases().len(), "two decisions share a name");
}

/// Whatever objects stands in a finding, whether its rule names a control or not; and nothing claims to be about all controls.
#[test]
fn oscal_leaves_no_objection_out() {
    for (folder, asked) in cases() {
        let (oscal, answer) = (export(&folder, &asked, "oscal"), export(&folder, &asked, "json"));
        let result = &oscal["assessment-results"]["results"][0];
        let selection = &result["reviewed-controls"]["control-selections"][0];
        assert!(selection.get("include-all").is_none(), "{selection:#}");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let (observations, findings) = (list(&result["observations"]), list(&result["findings"]));
        let related: Vec<Value> = findings.iter().flat_map(|one| list(&one["related-observations"])).collect();
        let reasons = list(&answer["actions"]).into_iter().flat_map(|action| list(&action["reasons"]));
        for reason in reasons.filter(|reason| reason["kind"] != "permit") {
            let seen = observations.iter().find(|one| {
                one["title"] == reason["rule"] && (one["description"] == reason["message"] || reason["message"] == "")
            });
            let seen = seen.unwrap_or_else(|| panic!("{reason} is not observed"));
            assert!(related.iter().any(|one| one["observation-uuid"] == seen["uuid"]), "{reason} is in no finding");
        }
        for ambiguity in list(&answer["ambiguities"]) {
            assert!(observations.iter().any(|one| one["description"] == ambiguity["message"]), "{ambiguity}");
        }
        let mut targets: Vec<String> = findings.iter().map(|one| one["target"]["target-id"].to_string()).collect();
        targets.sort();
        targets.dedup();
        assert_eq!(targets.len(), findings.len(), "two findings are about one objective");
        let open = findings.iter().any(|one| one["target"]["status"]["state"] == "not-satisfied");
        assert!(open || answer["verdict"] == "allow" || !list(&answer["ambiguities"]).is_empty(), "{findings:#?}");
    }
}

#[test]
fn a_summary_has_passed_exactly_where_the_change_is_allowed() {
    for (folder, asked) in cases() {
        let (vsa, answer) = (export(&folder, &asked, "vsa"), export(&folder, &asked, "json"));
        let passed = answer["verdict"] == "allow";
        assert_eq!(vsa["predicate"]["verificationResult"], if passed { "PASSED" } else { "FAILED" });
        let predicate = &vsa["predicate"];
        let levels = predicate["verifiedLevels"].as_array().expect("a list");
        assert!(!levels.is_empty() && levels.iter().all(|level| (level == "FAILED") != passed), "{levels:?}");
        assert_eq!(predicate["timeVerified"], "2026-12-23T12:00:00Z");
        for address in [&predicate["resourceUri"], &predicate["policy"]["uri"], &predicate["verifier"]["id"]] {
            let address = address.as_str().expect("an address");
            let (scheme, rest) = address.split_once(':').expect("an address has a scheme");
            assert!(["pkg", "https"].contains(&scheme) && !rest.is_empty() && !rest.contains(' '), "{address}");
        }
        assert!(predicate["inputAttestations"][0].get("uri").is_none(), "nobody knows where the record is");
        let digest = answer["change"]["digest"].as_str().expect("a digest").trim_start_matches("sha256:");
        assert_eq!(vsa["subject"][0]["digest"]["sha256"], digest);
        let evidence = answer["evidence"].as_str().expect("a digest").trim_start_matches("sha256:");
        assert_eq!(vsa["predicate"]["inputAttestations"][0]["digest"]["sha256"], evidence);
    }
}

#[test]
fn an_event_carries_the_record_as_it_is_kept() {
    for (folder, asked) in cases() {
        let (event, answer) = (export(&folder, &asked, "cloudevents"), export(&folder, &asked, "json"));
        for attribute in ["specversion", "id", "source", "type", "subject", "datacontenttype"] {
            assert!(event[attribute].as_str().is_some_and(|text| !text.is_empty()), "{attribute}: {event}");
        }
        assert_eq!(format!("sha256:{}", event["id"].as_str().expect("a text")), answer["evidence"]);
        assert_eq!(event["data"]["payloadType"], "application/vnd.in-toto+json");
    }
}
