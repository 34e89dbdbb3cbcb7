//! What only the loaded model shows of a policy.

use crate::client::{Editor, fact, folder};
use program::{Json, Value as Datum};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MANIFEST: &str = "[package]\nname = \"acme/shown\"\nversion = \"1.0.0\"\n";

const SOURCE: &str = "\n[[source]]\nname = \"f\"\nkind = \"facts\"\npath = \"facts.json\"\n";

const POLICY: &str = "use std.state.{Resource, config};

pub relation open(r: Resource);
open(r) if config(r, cfg), cfg.ingres == \"all\";

pub relation approved(r: Resource);
pub relation fine(r: Resource);
fine(r) if approved(r);
";

async fn opened(name: &str, capabilities: Value, manifest: &str) -> (Editor, String) {
    let root = folder(name, &[("writ.toml", manifest), ("policy.writ", POLICY)]);
    let mut config = fact("std.state.config", &["db"]);
    let keys = BTreeMap::from([("ingress".into(), Json::Text("all".into()))]);
    config.tuple = [Datum::text("db"), Datum::json(Json::Object(keys.into()))].into();
    let (mut editor, _) = Editor::able(capabilities, vec![config]).await;
    let uri = format!("file://{}", root.join("policy.writ").display());
    editor.open(&uri, 1, POLICY).await;
    (editor, uri)
}

/// The code, line and column of each.
fn shown(found: &[Value]) -> Vec<String> {
    let shown = found.iter().map(|one| {
        let start = &one["range"]["start"];
        format!("{} {}:{}", one["code"].as_str().unwrap_or_default(), start["line"], start["character"])
    });
    shown.collect()
}

/// Waits until this is told of the text at its newest version.
async fn told(editor: &mut Editor, uri: &str, version: i32, expect: &[&str]) {
    while shown(&editor.diagnostics(uri, Some(version)).await) != expect {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_model_shows_is_told() {
    // No lens or hint is asked for.
    let (mut editor, uri) = opened("shown", json!({}), &format!("{MANIFEST}{SOURCE}")).await;
    told(&mut editor, &uri, 1, &["W0720 3:31", "W0721 5:13"]).await;

    // What is meant is an action.
    let place = json!({ "line": 3, "character": 33 });
    let params = json!({ "textDocument": { "uri": uri }, "range": { "start": place, "end": place }, "context": { "diagnostics": [] } });
    let actions = editor.ask("textDocument/codeAction", params).await;
    let titles = actions["result"].as_array().expect("actions").iter().filter_map(|action| action["title"].as_str());
    assert!(titles.into_iter().any(|title| title == "write `ingress`"), "{actions:#}");

    // It goes where its words go, in a broken text too, and stays when the text is whole again.
    let moved = format!("//! Shown.\n\n{POLICY}");
    editor.change(&uri, 2, json!([{ "text": moved }])).await;
    assert_eq!(shown(&editor.diagnostics(&uri, Some(2)).await), ["W0720 5:31", "W0721 7:13"]);
    // The whole package is looked at again.
    told(&mut editor, &uri, 2, &["W0720 5:31", "W0721 7:13"]).await;
    editor.change(&uri, 3, json!([{ "text": format!("{moved}fine(\n") }])).await;
    let broken = shown(&editor.diagnostics(&uri, Some(3)).await);
    assert!(broken.contains(&"W0720 5:31".to_owned()) && broken.len() > 2, "{broken:#?}");
    editor.change(&uri, 4, json!([{ "text": moved }])).await;
    told(&mut editor, &uri, 4, &["W0720 5:31", "W0721 7:13"]).await;

    // Mended, it is gone; and it comes back with its cause.
    editor.change(&uri, 5, json!([{ "text": moved.replace("ingres ", "ingress ") }])).await;
    told(&mut editor, &uri, 5, &["W0721 7:13"]).await;
    editor.change(&uri, 6, json!([{ "text": POLICY }])).await;
    told(&mut editor, &uri, 6, &["W0720 3:31", "W0721 5:13"]).await;

    // Without a source there is nothing to compare with.
    std::fs::write(uri.trim_start_matches("file://").replace("policy.writ", "writ.toml"), MANIFEST).expect("writable");
    editor.tell("textDocument/didSave", json!({ "textDocument": { "uri": uri } })).await;
    told(&mut editor, &uri, 6, &[]).await;
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_about_a_change_is_not_counted() {
    let (mut editor, uri) = opened("shown-change", json!({}), MANIFEST).await;
    let text = "use std.change.{Action, action};\nuse std.state.{Resource, config};\n\npub relation set(r: Resource);\n\
                set(r) if config(r, _);\n\nchange relation any(a: Action);\nany(a) if action(a, \"update\", r), set(r);\n";
    editor.change(&uri, 2, json!([{ "text": text }])).await;
    let document = json!({ "textDocument": { "uri": uri } });
    let mut asked = 0;
    let lenses = loop {
        asked += 1;
        assert!(asked < 100, "nothing was counted");
        let answer = editor.ask("textDocument/codeLens", document.clone()).await;
        let titles = answer["result"].as_array().expect("lenses").iter();
        let titles: Vec<String> =
            titles.filter_map(|lens| lens["command"]["title"].as_str()).map(str::to_owned).collect();
        if titles.iter().any(|title| title.contains("tuple")) {
            break titles;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let evaluates: Vec<&String> = lenses.iter().filter(|title| title.starts_with("evaluate")).collect();
    assert_eq!(evaluates, ["evaluate (1 tuple)", "evaluate"]);
    let mut said = async |relation: &str| {
        let about = json!([{ "uri": uri, "relation": relation }]);
        let params = json!({ "command": "writ.evaluate", "arguments": about });
        let answer = editor.ask("workspace/executeCommand", params).await;
        let said = answer["result"]["text"].as_str().or(answer["error"]["message"].as_str());
        said.unwrap_or_else(|| panic!("{answer:#}")).to_owned()
    };
    assert!(said("policy.any").await.starts_with("policy.any is about a change: it has tuples only inside a decision"));
    assert_eq!(said("policy.set").await, "policy.set: 1 tuple\n\nset(\"db\")\n");
    assert_eq!(said("policy.sett").await, "there is no relation `policy.sett`: it is named in full, as `policy.kept`");
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_that_asks_is_told_to_ask_again() {
    let can =
        json!({ "textDocument": { "diagnostic": {} }, "workspace": { "diagnostics": { "refreshSupport": true } } });
    let (mut editor, uri) = opened("shown-pulled", can, &format!("{MANIFEST}{SOURCE}")).await;
    loop {
        let answer = editor.ask("textDocument/diagnostic", json!({ "textDocument": { "uri": uri } })).await;
        if let Some(found) = answer["result"]["items"].as_array()
            && !found.is_empty()
        {
            assert_eq!(shown(found), ["W0720 3:31", "W0721 5:13"]);
            break;
        }
        // It asks only when it is told to.
        while !editor.heard.iter().any(|message| message["method"] == "workspace/diagnostic/refresh") {
            let message = editor.receive().await;
            editor.heard.push(message);
        }
        for message in std::mem::take(&mut editor.heard) {
            if message["method"] == "workspace/diagnostic/refresh" {
                editor.send(json!({ "jsonrpc": "2.0", "id": message["id"], "result": null })).await;
            }
        }
    }
    editor.end().await;
}

/// What the model shows of a package is told whether a document of it is open or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_model_shows_is_told_of_every_package() {
    let manifest = |name: &str| format!("{MANIFEST}{SOURCE}").replace("shown", name);
    let (one, two) = (manifest("one"), manifest("two"));
    let none = MANIFEST.replace("shown", "none");
    let root = folder(
        "shown-closed",
        &[
            ("one/writ.toml", one.as_str()),
            ("one/policy.writ", POLICY),
            ("two/writ.toml", &two),
            ("two/policy.writ", POLICY),
            ("none/writ.toml", &none),
            ("none/policy.writ", POLICY),
        ],
    );
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let (mut editor, _) = Editor::working(json!({}), json!([{ "uri": uri(""), "name": "shown-closed" }])).await;
    for name in ["one", "two"] {
        let found = editor.diagnostics(&uri(&format!("{name}/policy.writ")), None).await;
        assert_eq!(shown(&found), ["W0721 5:13"], "{name}");
    }
    let published = editor.heard.iter().filter(|message| message["params"]["uri"] == uri("none/policy.writ"));
    assert_eq!(published.count(), 0);
    // Its sources are no longer to be read: that is told where they are declared, and the rest goes.
    std::fs::write(root.join("two/state.json"), "").expect("a file");
    std::fs::write(root.join("two/policy.writ"), format!("//! Two.\n\n{POLICY}")).expect("a file");
    let changed = json!({ "changes": [{ "uri": uri("two/policy.writ"), "type": 2 }] });
    editor.tell("workspace/didChangeWatchedFiles", changed.clone()).await;
    let found = editor.diagnostics(&uri("two/writ.toml"), None).await;
    assert!(found[0]["message"].as_str().is_some_and(|said| said.contains("the file is empty")), "{found:#?}");
    // They can be again, and nothing else changed.
    std::fs::remove_file(root.join("two/state.json")).expect("there");
    editor.heard.clear();
    editor.tell("workspace/didChangeWatchedFiles", changed).await;
    while shown(&editor.diagnostics(&uri("two/policy.writ"), None).await) != ["W0721 7:13"] {}
    editor.end().await;
}
