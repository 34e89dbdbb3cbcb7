//! Values that could name another resource become facts, and go with the values.

use import::{Options, read};
use program::Fact;

const PLAN: &str = r#"{
  "format_version": "1.2",
  "resource_changes": [{
    "address": "aws_db_instance.a", "mode": "managed", "type": "aws_db_instance", "name": "a", "provider_name": "aws",
    "change": {
      "actions": ["update"],
      "before": {"id": "db-1", "kms_key_id": "arn:aws:kms:::key/1", "note": "two words", "net": [{"groups": ["sg-1"]}]},
      "after": {"id": "db-1", "kms_key_id": "arn:aws:kms:::key/2", "note": "two words", "net": [{"groups": ["sg-1"]}]},
      "after_unknown": {}
    }
  }]
}"#;

fn mentions(facts: &[Fact]) -> Vec<String> {
    facts.iter().filter(|fact| &*fact.relation == "std.terraform.mention").map(|fact| fact.to_string()).collect()
}

#[test]
fn a_value_that_could_name_another_is_mentioned() {
    let imported = read("plan.json", PLAN.as_bytes(), &Options::default()).expect("reads");
    let change = imported.change.expect("a plan has a change");
    let [action] = change.actions.as_slice() else { panic!("one action") };
    let key =
        |n: u8| format!("std.terraform.mention(\"aws_db_instance.a\", \"kms_key_id\", \"arn:aws:kms:::key/{n}\")");
    let group = String::from("std.terraform.mention(\"aws_db_instance.a\", \"net.groups\", \"sg-1\")");
    assert_eq!(mentions(&imported.facts), [key(1), group.clone()], "neither its own id nor prose");
    assert_eq!(mentions(&action.set), [key(2), group]);
    assert_eq!(mentions(&action.remove), [key(1)]);
}
