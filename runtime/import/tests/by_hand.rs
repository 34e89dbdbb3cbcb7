//! What Terraform writes and no plan here holds, in the smallest form.

use import::{Imported, Options, SensitiveKey, read};
use program::{Fact, Value, Verb};

fn import(text: &str) -> Imported {
    read("p.json", text.as_bytes(), &Options::default()).unwrap_or_else(|malformed| panic!("{malformed}"))
}

/// A plan of changes, with more of its top level in front.
fn plan(more: &str, changes: &str) -> String {
    format!("{{\"format_version\": \"1.2\", {more} \"resource_changes\": [{changes}]}}")
}

fn of(facts: &[Fact], relation: &str) -> Vec<String> {
    facts.iter().filter(|fact| &*fact.relation == relation).map(ToString::to_string).collect()
}

fn verbs(imported: &Imported) -> Vec<(Verb, String)> {
    let change = imported.change.as_ref().expect("a change");
    change.actions.iter().map(|action| (action.verb, action.id.to_string())).collect()
}

#[test]
fn both_orders_of_a_replacement() {
    for order in ["\"delete\", \"create\"", "\"create\", \"delete\""] {
        let change = format!(
            "{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {{\"actions\": [{order}], \"before\": {{}}, \"after\": {{}}}}}}"
        );
        assert_eq!(verbs(&import(&plan("", &change))), [(Verb::Replace, "t.n".to_owned())]);
    }
}

#[test]
fn a_deposed_object_is_a_resource_of_its_own() {
    let change = |deposed: &str, actions: &str, after: &str| {
        format!(
            "{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", {deposed} \"change\": {{\"actions\": [\"{actions}\"], \
             \"before\": {{\"id\": \"{actions}\"}}, \"after\": {after}}}}}"
        )
    };
    let kept = change("", "no-op", "{\"id\": \"no-op\"}");
    let both = format!("{kept}, {}", change("\"deposed\": \"a1b2\",", "delete", "null"));
    let imported = import(&plan("", &both));
    assert_eq!(verbs(&imported), [(Verb::Delete, "t.n (deposed a1b2)".to_owned())]);
    assert_eq!(
        of(&imported.facts, "std.state.config"),
        [
            "std.state.config(\"t.n\", {\"id\": \"no-op\"})",
            "std.state.config(\"t.n (deposed a1b2)\", {\"id\": \"delete\"})"
        ]
    );
}

#[test]
fn drift_names_the_attributes() {
    let drift = "\"resource_drift\": [{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {\"actions\": [\"update\"], \
        \"before\": {\"a\": 1, \"b\": 2}, \"after\": {\"a\": 1, \"b\": 3, \"c\": 4}}}, {\"mode\": \"managed\", \"type\": \"t\", \"name\": \"gone\", \
        \"change\": {\"actions\": [\"delete\"], \"before\": {\"a\": 1}, \"after\": null}}],";
    assert_eq!(
        of(&import(&plan(drift, "")).facts, "std.terraform.drift"),
        [
            "std.terraform.drift(\"t.gone\", \"\")",
            "std.terraform.drift(\"t.n\", \"b\")",
            "std.terraform.drift(\"t.n\", \"c\")"
        ]
    );
}

#[test]
fn what_is_deferred_makes_a_plan_partial() {
    let deferred = "\"complete\": false, \"deferred_changes\": [{\"reason\": \"provider_config_unknown\", \
        \"resource_change\": {\"address\": \"t.n\"}}],";
    let change = import(&plan(deferred, "")).change.expect("a change");
    let why: Vec<(&str, &str)> = change.partial.iter().map(|partial| (&*partial.why, &*partial.place)).collect();
    assert_eq!(
        why,
        [
            ("the plan is not complete: targeted or deferred", "/complete"),
            ("t.n is deferred: provider_config_unknown", "/deferred_changes/0"),
            ("the plan does not say what is planned", "/planned_values"),
            ("the plan has no configuration, which alone says what refers to what", "/configuration")
        ]
    );
}

/// A state file says nothing of what a provider holds for sensitive.
#[test]
fn what_has_the_name_of_a_secret_is_sealed_where_nothing_marks_it() {
    let v4 = "{\"version\": 4, \"resources\": [{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"provider\": \"p\", \"instances\": \
        [{\"attributes\": {\"db_password\": \"hunter2\", \"in\": [{\"token\": \"t0ken\"}], \"password_length\": \"8\", \"token_count\": 2, \"creation_token\": \"8\"}}]}]}";
    let v3 = "{\"version\": 3, \"modules\": [{\"path\": [\"root\"], \"resources\": {\"t.n\": {\"type\": \"t\", \"primary\": \
        {\"id\": \"n\", \"attributes\": {\"id\": \"n\", \"private_key_pem\": \"hunter2\", \"plain\": \"8\"}}}}}]}";
    for text in [v4, v3] {
        let read = read("terraform.tfstate", text.as_bytes(), &Options::default()).expect("it is right");
        let all: String = read.facts.iter().map(ToString::to_string).collect();
        assert!(!all.contains("hunter2") && !all.contains("t0ken"), "{all}");
        assert!(all.contains("\"8\""), "{all}");
    }
}

/// Old formats mark nothing sensitive in the values; what a sensitive variable feeds is sealed all the same.
#[test]
fn a_sensitive_variable_is_sealed_where_nothing_is_marked() {
    let configuration = "\"variables\": {\"password\": {\"value\": \"hunter2-hunter2\"}}, \"configuration\": {\"root_module\": {
        \"variables\": {\"password\": {\"sensitive\": true}},
        \"module_calls\": {\"m\": {\"source\": \"./m\", \"expressions\": {\"p\": {\"references\": [\"var.password\"]}}, \"module\": {
            \"variables\": {\"p\": {}},
            \"resources\": [{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\",
                \"expressions\": {\"auth\": [{\"pass\": {\"references\": [\"var.p\"]}}]}}]}}}}},";
    let change = "{\"module_address\": \"module.m\", \"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {\"actions\": [\"update\"], \
        \"before\": {\"auth\": [{\"pass\": \"old-hunter\"}]}, \"after\": {\"auth\": [{\"pass\": \"x-hunter2-hunter2\"}], \
        \"url\": \"hunter2-hunter2\"}, \"after_unknown\": {}}}";
    let imported = import(&plan(configuration, change));
    assert!(!format!("{imported:?}").contains("hunter"), "{imported:?}");
}

/// A mask of another shape than its value hides all of it.
#[test]
fn a_mask_that_does_not_fit_hides_the_whole() {
    let change = "{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {\"actions\": [\"create\"], \"before\": null, \
        \"after\": {\"a\": \"hunter2\", \"b\": {\"c\": \"hunter2\"}}, \"after_sensitive\": {\"a\": {\"x\": true}, \"b\": [true]}}}";
    assert!(!format!("{:?}", import(&plan("", change))).contains("hunter2"));
}

/// The vector of docs/formats.md.
#[test]
fn a_sealed_value_is_the_one_of_the_page() {
    let change = b"{\"format\":\"writ-change/1\",\"actions\":[]}";
    let state = "{\"format_version\": \"1.0\", \"values\": {\"root_module\": {\"resources\": [{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \
        \"values\": {\"password\": \"hunter2\", \"other\": null}, \"sensitive_values\": {\"password\": true, \"other\": true}}]}}}";
    let options = Options { sensitive: Some(SensitiveKey::of(change)), ..Options::default() };
    let imported = read("s.json", state.as_bytes(), &options).expect("reads");
    let sealed = "a7abbdcc7aed09c95cc20f51b18fc2b2da7eac6f7c112206ccbe79954da1096a";
    assert_eq!(
        of(&imported.facts, "std.state.config"),
        [format!("std.state.config(\"t.n\", {{\"other\": null, \"password\": sensitive(\"{sealed}\")}})")]
    );
    assert!(include_str!("../../../docs/formats.md").contains(sealed));
}

#[test]
fn unknown_parts_stand_beside_known_ones() {
    // Where the mask knows of parts that the value lacks, nothing is sure of what they are parts of.
    let change = "{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {\"actions\": [\"create\"], \"before\": null, \
        \"after\": {\"rules\": [{\"port\": 80}, {}], \"tags\": null}, \
        \"after_unknown\": {\"id\": true, \"rules\": [{}, {\"port\": true}, {\"port\": true}], \"tags\": {\"env\": true}}}}";
    let change = import(&plan("", change)).change.expect("a change");
    assert_eq!(
        of(&change.actions[0].set, "std.state.config"),
        ["std.state.config(\"t.n\", {\"id\": unknown(\"t.n.id\"), \"rules\": [{\"port\": 80}, {\"port\": \
          unknown(\"t.n.rules[1].port\")}, unknown(\"t.n.rules[2]\")], \"tags\": unknown(\"t.n.tags\")})"]
    );
}

/// A reference without an index means every instance; with one, that instance; with `count.index` over as many, its own.
#[test]
fn counts_meet_counts() {
    let block = |name: &str, expressions: &str| {
        format!("{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"{name}\", \"expressions\": {{{expressions}}}}}")
    };
    let refers = |attribute: &str, to: &str| format!("\"{attribute}\": {{\"references\": [{to}]}}");
    let blocks = [
        block("a", ""),
        block("b", &refers("own", "\"t.a\", \"count.index\"")),
        block("c", &format!("{}, {}", refers("all", "\"t.a\""), refers("one", "\"t.a[1].id\", \"t.a[1]\", \"t.a\""))),
    ];
    let configuration = format!("\"configuration\": {{\"root_module\": {{\"resources\": [{}]}}}},", blocks.join(", "));
    let change = |name: &str, index: &str| {
        format!(
            "{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"{name}\", {index} \"change\": {{\"actions\": [\"create\"], \"before\": null, \"after\": {{}}}}}}"
        )
    };
    let indexed = |name: &str, i: u8| change(name, &format!("\"index\": {i},"));
    let changes = [indexed("a", 0), indexed("a", 1), indexed("b", 0), indexed("b", 1), change("c", "")];
    let imported = import(&plan(&configuration, &changes.join(", ")));
    let found: Vec<String> = imported
        .change
        .iter()
        .flat_map(|change| &change.actions)
        .flat_map(|action| of(&action.set, "std.terraform.reference"))
        .map(|line| line.replace("std.terraform.reference", ""))
        .collect();
    assert_eq!(
        found,
        [
            "(\"t.b[0]\", \"own\", \"t.a[0]\", \"\")",
            "(\"t.b[1]\", \"own\", \"t.a[1]\", \"\")",
            "(\"t.c\", \"all\", \"t.a[0]\", \"\")",
            "(\"t.c\", \"all\", \"t.a[1]\", \"\")",
            "(\"t.c\", \"one\", \"t.a[1]\", \"id\")"
        ]
    );
}

/// Modules that feed each other in a circle cannot be planned; a file that says so is still read.
#[test]
fn a_circle_of_inputs_ends() {
    let configuration = "\"configuration\": {\"root_module\": {\"module_calls\": {
        \"a\": {\"source\": \"./a\", \"expressions\": {\"x\": {\"references\": [\"module.a.y\"]}}, \"module\": {
            \"outputs\": {\"y\": {\"expression\": {\"references\": [\"var.x\", \"var.x.z\"]}}},
            \"resources\": [{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"expressions\": {\"v\": {\"references\": [\"var.x\"]}}}]}}}}},";
    let change = "{\"module_address\": \"module.a\", \"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {\"actions\": [\"create\"], \"before\": null, \"after\": {}}}";
    assert_eq!(verbs(&import(&plan(configuration, change))).len(), 1);
}

/// Values that are handed on twice by each of many modules are followed once: 2 to the power of 60 ways lead to one resource.
#[test]
fn many_ways_to_one_resource() {
    let mut module = String::from(
        "{\"outputs\": {\"x\": {\"expression\": {\"references\": [\"t.n\"]}}}, \
        \"resources\": [{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\"}]}",
    );
    let mut path = String::new();
    for _ in 0..60 {
        let call = format!("{{\"source\": \"./m\", \"module\": {module}}}");
        let refers = "{\"expression\": {\"references\": [\"module.m.x\", \"module.m.y\"]}}";
        module = format!("{{\"outputs\": {{\"x\": {refers}, \"y\": {refers}}}, \"module_calls\": {{\"m\": {call}}}}}");
        path.push_str("module.m.");
    }
    let call = format!("{{\"m\": {{\"source\": \"./m\", \"module\": {module}}}}}");
    let configuration = format!(
        "\"configuration\": {{\"root_module\": {{\"module_calls\": {call}, \"resources\": [{{\"mode\": \"managed\", \
         \"type\": \"t\", \"name\": \"from\", \"expressions\": {{\"v\": {{\"references\": [\"module.m.x\"]}}}}}}]}}}},"
    );
    let create = "\"change\": {\"actions\": [\"create\"], \"before\": null, \"after\": {}}";
    let address = format!("{path}module.m");
    let changes = format!(
        "{{\"module_address\": \"{address}\", \"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", {create}}}, {{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"from\", {create}}}"
    );
    let change = import(&plan(&configuration, &changes)).change.expect("a change");
    assert_eq!(
        of(&change.actions[1].set, "std.terraform.reference"),
        [format!("std.terraform.reference(\"t.from\", \"v\", \"{address}.t.n\", \"\")")]
    );
}

/// Five thousand instances that refer to their own of five thousand take no more than a line each.
#[test]
fn many_instances_that_count_along() {
    let refers = "{\"v\": {\"references\": [\"t.a\", \"count.index\"]}}";
    let block = |name: &str, expressions: &str| {
        format!("{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"{name}\", \"expressions\": {expressions}}}")
    };
    let configuration = format!(
        "\"configuration\": {{\"root_module\": {{\"resources\": [{}, {}]}}}},",
        block("a", "{}"),
        block("b", refers)
    );
    let changes = (0..10_000).map(|i| {
        let name = if i % 2 == 0 { "a" } else { "b" };
        format!("{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"{name}\", \"index\": {}, \"change\": {{\"actions\": [\"create\"], \"before\": null, \"after\": {{}}}}}}", i / 2)
    });
    let imported = import(&plan(&configuration, &changes.collect::<Vec<_>>().join(",")));
    let actions = imported.change.expect("a change").actions;
    let references: usize = actions.iter().map(|action| of(&action.set, "std.terraform.reference").len()).sum();
    assert_eq!(references, 5_000);
}

#[test]
fn owners_of_the_folders_of_a_plan() {
    let configuration = "\"configuration\": {\"root_module\": {\"module_calls\": {
        \"near\": {\"source\": \"./modules/near\", \"module\": {}}, \"far\": {\"source\": \"hashicorp/far/aws\", \"module\": {}}}}},";
    let change = |module: &str| {
        format!(
            "{{\"module_address\": \"module.{module}\", \"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {{\"actions\": [\"create\"], \"before\": null, \"after\": {{}}}}}}"
        )
    };
    let imported = import(&plan(configuration, &format!("{}, {}", change("near"), change("far"))));
    assert_eq!(
        of(&imported.facts, "std.terraform.module_folder"),
        [
            "std.terraform.module_folder(\"\", \".\")",
            "std.terraform.module_folder(\"module.far\", \".\")",
            "std.terraform.module_folder(\"module.near\", \"./modules/near\")"
        ]
    );
    let owners = read("CODEOWNERS", b"* @acme/all\n/modules/near/ @acme/near\n", &Options::default()).expect("reads");
    let facts = owners.owners.expect("owners").facts_for(&imported.folders);
    let told: Vec<String> = facts.iter().map(|fact| format!("{} {fact}", fact.origin.place)).collect();
    assert_eq!(
        told,
        [
            "1:1 std.ownership.owns_folder(\".\", \"@acme/all\")",
            "2:1 std.ownership.owns_folder(\"./modules/near\", \"@acme/near\")"
        ]
    );
    assert_eq!(facts[0].tuple[1], Value::text("@acme/all"));

    // A line for some files of a folder: of none of its resources is it known whose they are.
    let text = b"* @acme/all\n/modules/near/ @acme/near\n/keys*.tf @acme/security\n/modules/near/x.tf @acme/near\n";
    let owners = read("CODEOWNERS", text, &Options::default()).expect("reads");
    let facts = owners.owners.expect("owners").facts_for(&imported.folders);
    let told: Vec<String> = facts.iter().map(|fact| format!("{} {fact}", fact.origin.place)).collect();
    assert_eq!(
        told,
        [
            "2:1 std.ownership.owns_folder(\"./modules/near\", \"@acme/near\")",
            "1:1 std.ownership.owns_part(\".\", \"@acme/all\", unknown(\"which files of . it stands in\"))",
            "3:1 std.ownership.owns_part(\".\", \"@acme/security\", unknown(\"which files of . it stands in\"))",
        ]
    );
}

#[test]
fn a_state_of_version_3_is_put_back_into_form() {
    let state = "{\"version\": 3, \"serial\": 1, \"modules\": [{\"path\": [\"root\", \"net\"], \"resources\": {
        \"t.n.1\": {\"type\": \"t\", \"depends_on\": [\"t.k.*\"], \"provider\": \"provider.aws\", \"primary\": {\"id\": \"i-1\", \"attributes\": {
            \"id\": \"i-1\", \"tags.%\": \"1\", \"tags.a.b\": \"c\", \"rule.#\": \"2\", \"rule.10.port\": \"80\", \"rule.9.port\": \"22\"}}},
        \"t.k\": {\"type\": \"t\", \"primary\": {\"id\": \"k\", \"attributes\": {\"id\": \"k\"}}}}}]}";
    let imported = import(state);
    assert_eq!(
        of(&imported.facts, "std.state.config")[1],
        "std.state.config(\"module.net.t.n[1]\", {\"id\": \"i-1\", \"rule\": [{\"port\": \"22\"}, {\"port\": \"80\"}], \"tags\": {\"a.b\": \"c\"}})"
    );
    assert_eq!(
        of(&imported.facts, "std.terraform.reference"),
        ["std.terraform.reference(\"module.net.t.n[1]\", \"\", \"module.net.t.k\", \"\")"]
    );
    assert_eq!(
        of(&imported.facts, "std.terraform.resource")[1],
        "std.terraform.resource(\"module.net.t.n[1]\", \"t\", \"aws\", \"module.net\")"
    );
}

#[test]
fn a_long_secret_is_sealed_inside_other_texts_and_when_only_an_output_marks_it() {
    let text = r#"{"format_version": "1.2", "terraform_version": "1.9.5",
        "output_changes": {"token": {"actions": ["create"], "before": null, "after": "tok-0123456789abcdef", "before_sensitive": false, "after_sensitive": true}},
        "resource_changes": [{"address": "t.n", "mode": "managed", "type": "t", "name": "n", "provider_name": "p",
            "change": {"actions": ["create"], "before": null, "after": {"a": "tok-0123456789abcdef", "b": "header tok-0123456789abcdef end", "c": "plain"},
                       "after_unknown": {}, "before_sensitive": false, "after_sensitive": {}}}]}"#;
    let imported = import::read("plan.json", text.as_bytes(), &import::Options::default())
        .unwrap_or_else(|malformed| panic!("{malformed}"));
    let change = imported.change.expect("a change");
    let all: String = change.actions.iter().flat_map(|action| &action.set).map(ToString::to_string).collect();
    assert!(!all.contains("0123456789abcdef"), "{all}");
    assert!(all.contains("plain"), "{all}");
}

/// Of a provider block its place is told, where it stands there outright and the resource names that very block.
#[test]
fn a_provider_says_where_it_makes_things() {
    let text = r#"{"format_version": "1.2", "resource_changes": [
        {"address": "t.n", "mode": "managed", "type": "t", "name": "n", "change": {"actions": ["create"], "before": null, "after": {}}},
        {"address": "t.m", "mode": "managed", "type": "t", "name": "m", "change": {"actions": ["create"], "before": null, "after": {}}},
        {"address": "t.o", "mode": "managed", "type": "t", "name": "o", "change": {"actions": ["create"], "before": null, "after": {}}}],
      "configuration": {
        "provider_config": {
          "p": {"name": "p", "expressions": {"region": {"constant_value": "north"}, "secret_key": {"constant_value": "s3cret"}}},
          "p.far": {"name": "p", "alias": "far", "expressions": {"region": {"references": ["var.region"]}}}},
        "root_module": {"resources": [
          {"address": "t.n", "mode": "managed", "type": "t", "name": "n", "provider_config_key": "p"},
          {"address": "t.m", "mode": "managed", "type": "t", "name": "m", "provider_config_key": "p.far"},
          {"address": "t.o", "mode": "managed", "type": "t", "name": "o", "provider_config_key": "module.x:p"}]}}}"#;
    let change = import(text).change.expect("a change");
    let places: Vec<String> =
        change.actions.iter().flat_map(|action| of(&action.set, "std.terraform.provider_place")).collect();
    assert_eq!(places, ["std.terraform.provider_place(\"t.n\", \"region\", \"north\")"]);
    assert!(!change.actions.iter().flat_map(|action| &action.set).any(|fact| fact.to_string().contains("s3cret")));
}
