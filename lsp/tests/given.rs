//! What is said of a name that facts name too: they stand in files that no edit of the policy reaches.

use crate::client::{Editor, fact, folder};
use serde_json::{Value, json};

const MANIFEST: &str = "[package]\nname = \"acme/given\"\nversion = \"1.0.0\"\n\n\
                        [[source]]\nname = \"f\"\nkind = \"facts\"\npath = \"policy.shown.csv\"\n";

const POLICY: &str = "use std.state.{Resource, kind};

pub enum Level { low, high }
pub relation level(r: Resource, level: Level);
pub relation shown(r: Resource);
pub relation extra(r: Resource);
extra(r) if kind(r, \"db\");
pub relation plain(r: Resource);
plain(r) if kind(r, \"db\");

pub relation risky(r: Resource);
risky(r) if level(r, \"high\"), shown(r), extra(r), plain(r);
risky(r) if level(r, \"low\");
";

async fn opened(name: &str, files: &[(&str, &str)]) -> (Editor, String) {
    let root = folder(name, files);
    let facts = vec![fact("policy.level", &["db1", "high"]), fact("policy.extra", &["db2"])];
    let (mut editor, _) = Editor::able(json!({}), facts).await;
    let uri = format!("file://{}", root.join("policy.writ").display());
    editor.open(&uri, 1, POLICY).await;
    (editor, uri)
}

/// Where a part of the policy first stands, `ahead` characters further.
fn place(part: &str, ahead: usize) -> Value {
    let at = POLICY.find(part).unwrap_or_else(|| panic!("no {part}")) + ahead;
    let start = POLICY[..at].rfind('\n').map_or(0, |found| found + 1);
    json!({ "line": POLICY[..at].matches('\n').count(), "character": at - start })
}

/// Why a name may not be another; nothing where it may.
async fn refusal(editor: &mut Editor, uri: &str, place: Value) -> Option<String> {
    let params = json!({ "textDocument": { "uri": uri }, "position": place, "newName": "another" });
    let found = editor.ask("textDocument/rename", params).await;
    assert_ne!(found["error"].is_null(), found["result"].is_null(), "{found:#}");
    found["error"]["message"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_facts_name_is_not_renamed() {
    let files = [("writ.toml", MANIFEST), ("policy.writ", POLICY)];
    let (mut editor, uri) = opened("given-rename", &files).await;
    for (part, ahead, file) in [
        ("level(r: Resource, level", 0, Some("facts.json")),
        ("r: Resource, level: Level", 0, Some("facts.json")),
        ("level: Level", 0, Some("facts.json")),
        ("high }", 0, Some("facts.json")),
        ("low, high", 0, None),
        ("shown(r: Resource)", 0, Some("writ.toml")),
        ("shown(r: Resource)", "shown(".len(), Some("writ.toml")),
        ("extra(r: Resource)", 0, Some("facts.json")),
        ("plain(r: Resource)", 0, None),
        ("Level { low", 0, None),
        ("risky(r: Resource)", 0, None),
    ] {
        let said = refusal(&mut editor, &uri, place(part, ahead)).await;
        assert_eq!(said.is_some(), file.is_some(), "{part}: {said:?}");
        if let (Some(said), Some(file)) = (said, file) {
            assert!(said.starts_with(&format!("`{file}` names ")), "{part}: {said}");
        }
    }
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_facts_cannot_be_read_nothing_they_may_name_is_renamed() {
    let files = [("writ.toml", MANIFEST), ("policy.writ", POLICY), ("state.json", "")];
    let (mut editor, uri) = opened("given-unread", &files).await;
    let said = refusal(&mut editor, &uri, place("plain(r: Resource)", 0)).await;
    assert!(said.is_some_and(|said| said.contains("cannot be read")), "plain");
    assert_eq!(refusal(&mut editor, &uri, place("Level { low", 0)).await, None);
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relation_that_is_given_facts_is_not_inlined() {
    let files = [("writ.toml", MANIFEST), ("policy.writ", POLICY)];
    for (name, more, offered) in [
        ("given-inline", None, vec!["inline `plain`"]),
        // What nobody can read may hold facts of any relation.
        ("given-inline-unread", Some(("state.json", "")), Vec::new()),
    ] {
        let all: Vec<(&str, &str)> = files.into_iter().chain(more).collect();
        let (mut editor, uri) = opened(name, &all).await;
        let mut found = Vec::new();
        for word in ["extra(r), plain", "plain(r);"] {
            let at = place(word, 0);
            let params = json!({
                "textDocument": { "uri": uri },
                "range": { "start": at, "end": at },
                "context": { "diagnostics": [] },
            });
            let answer = editor.ask("textDocument/codeAction", params).await;
            let titles = answer["result"].as_array().into_iter().flatten().filter_map(|one| one["title"].as_str());
            found.extend(titles.filter(|title| title.starts_with("inline")).map(str::to_owned));
        }
        assert_eq!(found, offered, "{name}");
        editor.end().await;
    }
}

/// An intent, its blueprint and a ring, as rules and facts call them.
const INTENT: &str = "use std.state.{Resource, tag};
use std.intent.Intent;

pub enum Ring { inner, outer, far }
pub relation frozen(i: Intent);
pub relation ring(r: Resource, ring: Ring);
ring(r, g) if tag(r, \"ring\", v), g: Ring = v;

intent orders \"Orders\" { cover r if tag(r, \"system\", \"shop\"); owner \"team\"; apply own(); }
intent sales \"Sales\" { cover r if tag(r, \"system\", \"sales\"); owner \"team\"; apply own() as till; }
intent idle \"Idle\" { cover r if tag(r, \"system\", \"idle\"); owner \"team\"; apply other(); }
pub blueprint own() {
    deny held(r, g) \"{r} in {g}\" if covered(r), frozen(_), ring(r, g);
}
pub blueprint other() {
    deny far(r) \"{r} is far\" if covered(r), ring(r, \"far\");
}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_facts_say_by_its_name_is_not_renamed() {
    let root = folder("given-intent", &[("writ.toml", MANIFEST), ("policy.writ", INTENT)]);
    let subjects = program::Value::List([program::Value::text("db")].into());
    let mut waiver = fact("std.authority.waiver", &["till/own.held", "", "ana", "risk", "why", ""]);
    waiver.tuple =
        waiver.tuple.iter().enumerate().map(|(at, one)| if at == 1 { subjects.clone() } else { one.clone() }).collect();
    let facts = vec![fact("policy.frozen", &["orders"]), fact("std.state.tag", &["db", "ring", "inner"]), waiver];
    let (mut editor, _) = Editor::able(json!({}), facts).await;
    let uri = format!("file://{}", root.join("policy.writ").display());
    editor.open(&uri, 1, INTENT).await;
    for (part, ahead, named) in [
        ("intent orders", 7, Some("`orders` in facts of `policy.frozen`")),
        ("intent sales", 7, None),
        ("till", 0, Some("`till/own` in facts of `std.authority.waiver`")),
        ("blueprint own", 10, Some("in facts of `std.authority.waiver`")),
        ("deny held", 5, Some("in facts of `std.authority.waiver`")),
        ("intent idle", 7, None),
        ("blueprint other", 10, None),
        ("deny far", 5, None),
        ("inner,", 0, Some("`inner` in facts of `std.state.tag`")),
        ("outer,", 0, None),
    ] {
        let at = INTENT.find(part).expect("a part") + ahead;
        let start = INTENT[..at].rfind('\n').map_or(0, |found| found + 1);
        let place = json!({ "line": INTENT[..at].matches('\n').count(), "character": at - start });
        let said = refusal(&mut editor, &uri, place).await;
        assert_eq!(said.is_some(), named.is_some(), "{part}: {said:?}");
        if let (Some(said), Some(named)) = (said, named) {
            assert!(said.contains(named), "{part}: {said}");
        }
    }
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_is_no_file_of_facts() {
    let uses = "use policy.plain;\nuse policy.shown;\nuse std.state.Resource;\n\npub relation seen(r: Resource);\nseen(r) if plain(r), shown(r);\n";
    let files = [("writ.toml", MANIFEST), ("policy.writ", POLICY), ("uses.writ", uses)];
    let (mut editor, uri) = opened("given-used", &files).await;
    assert_eq!(refusal(&mut editor, &uri, place("plain(r: Resource)", 0)).await, None);
    let said = refusal(&mut editor, &uri, place("shown(r: Resource)", 0)).await;
    assert!(said.is_some_and(|said| said.starts_with("`writ.toml` names ")), "a source is called so");
    editor.end().await;
}
