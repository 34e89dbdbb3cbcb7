//! A folder of several packages: what is wrong in those of which no document is open.

use crate::client::{Editor, folder};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A library; a policy that uses it and misspells a name; another that is right until the library changes.
const FILES: [(&str, &str); 8] = [
    ("writ.toml", "[workspace]\nmembers = [\"lib\", \"policies/*\"]\n"),
    ("lib/writ.toml", "[package]\nname = \"acme/lib\"\nversion = \"1.2.0\"\n"),
    ("lib/base.writ", "pub relation kept(r: string);\nkept(\"a\");\n"),
    ("policies/shop/writ.toml", "[package]\nname = \"acme/shop\"\n\n[dependencies]\n\"acme/lib\" = \"1\"\n"),
    (
        "policies/shop/policy.writ",
        "use acme.lib.base.kept;\npub relation own(r: string);\nown(r) if kept(r), kpet(r);\n",
    ),
    ("policies/bank/writ.toml", "[package]\nname = \"acme/bank\"\n\n[dependencies]\n\"acme/lib\" = \"1\"\n"),
    ("policies/bank/policy.writ", "use acme.lib.base.kept;\npub relation own(r: string);\nown(r) if kept(r);\n"),
    ("policies/bad/writ.toml", "[package]\nname = \"acme/bad\"\nverzion = \"1\"\n"),
];
const MENDED: &str = "use acme.lib.base.kept;\npub relation own(r: string);\nown(r) if kept(r);\n";

async fn started(name: &str, capabilities: Value) -> (Editor, PathBuf) {
    // What is wrong with one manifest is told in all: the wrong one is no member.
    let root = folder(name, &FILES);
    std::fs::write(root.join("writ.toml"), FILES[0].1.replace("/*", "/shop\", \"policies/bank")).expect("writable");
    let folders = json!([{ "uri": format!("file://{}", root.display()), "name": name }]);
    let (editor, _) = Editor::working(capabilities, folders).await;
    (editor, root)
}

fn codes(found: &[Value]) -> Vec<&str> {
    found.iter().filter_map(|one| one["code"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_in_closed_packages_is_told() {
    let (mut editor, root) = started("members-told", json!({})).await;
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let (shop, bank, base) = (uri("policies/shop/policy.writ"), uri("policies/bank/policy.writ"), uri("lib/base.writ"));
    // Nothing is open.
    let found = editor.diagnostics(&uri("policies/bad/writ.toml"), None).await;
    assert_eq!(found[0]["range"]["start"]["line"], 2, "{found:#?}");
    assert_eq!(codes(&editor.diagnostics(&shop, None).await), ["W0101"]);

    // What is written in a package is news in those that depend on it, saved or not.
    editor.open(&base, 1, FILES[2].1).await;
    assert_eq!(editor.diagnostics(&base, Some(1)).await, Vec::<Value>::new());
    editor.change(&base, 2, json!([{ "text": FILES[2].1.replace("kept", "held") }])).await;
    assert_eq!(codes(&editor.diagnostics(&bank, None).await), ["W0105"]);
    editor.change(&base, 3, json!([{ "text": FILES[2].1 }])).await;
    assert_eq!(editor.diagnostics(&bank, None).await, Vec::<Value>::new());

    // A file changes on disk.
    std::fs::write(root.join("policies/shop/policy.writ"), MENDED).expect("writable");
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": shop, "type": 2 }] })).await;
    assert_eq!(editor.diagnostics(&shop, None).await, Vec::<Value>::new());

    // Once a document of it is open, it is told of that; closed without saving, of the file again.
    editor.open(&shop, 1, FILES[4].1).await;
    while codes(&editor.diagnostics(&shop, Some(1)).await) != ["W0101"] {}
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": shop } })).await;
    assert_eq!(editor.diagnostics(&shop, None).await, Vec::<Value>::new());
    std::fs::write(root.join("policies/shop/policy.writ"), FILES[4].1).expect("writable");
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": shop, "type": 2 }] })).await;
    assert_eq!(codes(&editor.diagnostics(&shop, None).await), ["W0101"]);
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_in_closed_packages_can_be_asked_for() {
    let can = json!({ "textDocument": { "diagnostic": {} } });
    let (mut editor, root) = started("members-asked", can).await;
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let asked = async |editor: &mut Editor, known: &[Value]| {
        let ids = known.iter().map(|one| json!({ "uri": one["uri"], "value": one["resultId"] }));
        let params = json!({ "previousResultIds": ids.collect::<Vec<Value>>() });
        let answer = editor.ask("workspace/diagnostic", params).await;
        answer["result"]["items"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
    };
    let of = |items: &[Value], path: &str| {
        let mut here = items.iter().filter(|one| one["uri"] == uri(path));
        let found = here.next().unwrap_or_else(|| panic!("{path} in {items:#?}")).clone();
        assert!(here.next().is_none(), "{path} twice in {items:#?}");
        found
    };
    // At once, nothing is open; each file of each package is told of.
    let first = asked(&mut editor, &[]).await;
    assert_eq!(first.len(), FILES.len(), "{first:#?}");
    let shop = of(&first, "policies/shop/policy.writ");
    assert_eq!(codes(shop["items"].as_array().expect("items")), ["W0101"]);
    assert_eq!(of(&first, "policies/bank/policy.writ")["items"], json!([]));
    assert_eq!(of(&first, "policies/bad/writ.toml")["items"][0]["range"]["start"]["line"], 2);
    // What is as it was is not said again.
    let again = asked(&mut editor, &first).await;
    assert!(again.iter().all(|one| one["kind"] == "unchanged"), "{again:#?}");

    // With one open, and what is written there seen in the others.
    let base = uri("lib/base.writ");
    editor.open(&base, 7, &FILES[2].1.replace("kept", "held")).await;
    let found = asked(&mut editor, &first).await;
    assert_eq!(found.len(), FILES.len(), "{found:#?}");
    assert_eq!(of(&found, "lib/base.writ")["version"], 7);
    assert_eq!(codes(of(&found, "policies/bank/policy.writ")["items"].as_array().expect("items")), ["W0105"]);
    editor.end().await;
}
