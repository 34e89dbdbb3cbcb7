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

/// A blueprint, and two packages that apply it.
const APPLIED: [(&str, &str); 6] = [
    ("lib/writ.toml", "[package]\nname = \"acme/lib\"\nversion = \"1.2.0\"\n"),
    (
        "lib/laws.writ",
        "use std.state.kind;\nuse std.intent.covered;\n\npub blueprint calm(least: int = 3) {\n    \
         deny loud(r) \"{r} is loud\" if covered(r), kind(r, \"bell\"), least > 1;\n}\n",
    ),
    ("shop/writ.toml", "[package]\nname = \"acme/shop\"\n\n[dependencies]\n\"acme/lib\" = { path = \"../lib\" }\n"),
    (
        "shop/site.writ",
        "use acme.lib.laws.calm;\nuse std.state.kind;\n\nintent shop \"A shop\" {\n    cover r if kind(r, \"bell\");\n    \
         owner \"team\";\n    apply calm(least: 5);\n}\n",
    ),
    ("bank/writ.toml", "[package]\nname = \"acme/bank\"\n\n[dependencies]\n\"acme/lib\" = { path = \"../lib\" }\n"),
    (
        "bank/site.writ",
        "use std.state.kind;\n\nintent bank \"A bank\" {\n    cover r if kind(r, \"bell\");\n    owner \"team\";\n    \
         apply acme.lib.laws.calm(least: 6);\n}\n",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_applied_is_found_in_every_package() {
    let root = folder("applied", &APPLIED);
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let folders = json!([{ "uri": format!("file://{}", root.display()), "name": "applied" }]);
    let (mut editor, _) = Editor::working(json!({}), folders).await;
    let at = |path: &str, line: u32, character: u32| {
        let place = json!({ "line": line, "character": character });
        json!({ "textDocument": { "uri": uri(path) }, "position": place, "context": { "includeDeclaration": true } })
    };
    let calm = ["bank/site.writ 5", "lib/laws.writ 3", "shop/site.writ 0", "shop/site.writ 6"];
    let least = ["bank/site.writ 5", "lib/laws.writ 3", "lib/laws.writ 4", "shop/site.writ 6"];
    // Where it is declared, and where it is used; no document of the other packages is open.
    for (path, calm_at, least_at) in [
        ("lib/laws.writ", (3, 15), (3, 20)),
        ("shop/site.writ", (6, 11), (6, 16)),
        ("bank/site.writ", (5, 26), (5, 30)),
    ] {
        let text = APPLIED.iter().find(|(name, _)| *name == path).expect("a file").1;
        editor.open(&uri(path), 1, text).await;
        for ((line, character), expect) in [(calm_at, calm), (least_at, least)] {
            let found = editor.ask("textDocument/references", at(path, line, character)).await;
            let mut places: Vec<String> = found["result"]
                .as_array()
                .unwrap_or_else(|| panic!("{found:#}"))
                .iter()
                .map(|one| {
                    let file = one["uri"]
                        .as_str()
                        .and_then(|uri| uri.split_once("/applied/"))
                        .map_or("elsewhere", |(_, file)| file);
                    format!("{file} {}", one["range"]["start"]["line"])
                })
                .collect();
            places.sort();
            assert_eq!(places, expect, "{path}: {found:#}");
            let found = editor.ask("textDocument/documentHighlight", at(path, line, character)).await;
            let here = expect.iter().filter(|place| place.starts_with(path)).count();
            assert_eq!(found["result"].as_array().map(Vec::len), Some(here), "{path}: {found:#}");
        }
        let item =
            editor.ask("textDocument/prepareCallHierarchy", at(path, calm_at.0, calm_at.1)).await["result"][0].clone();
        assert_eq!((&item["name"], &item["uri"]), (&json!("calm"), &json!(uri("lib/laws.writ"))));
        let found = editor.ask("callHierarchy/incomingCalls", json!({ "item": item })).await;
        let mut callers: Vec<&str> = found["result"]
            .as_array()
            .unwrap_or_else(|| panic!("{found:#}"))
            .iter()
            .filter_map(|edge| edge["from"]["name"].as_str())
            .collect();
        callers.sort_unstable();
        assert_eq!(callers, ["bank", "shop"], "{found:#}");
        let back = editor.ask("callHierarchy/outgoingCalls", json!({ "item": found["result"][0]["from"] })).await;
        assert!(
            back["result"].as_array().is_some_and(|all| all.iter().any(|edge| edge["to"]["name"] == "calm")),
            "{back:#}"
        );
        editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri(path) } })).await;
    }
    editor.open(&uri("lib/laws.writ"), 1, APPLIED[1].1).await;
    // Counted where they are declared, and listed.
    let document = json!({ "textDocument": { "uri": uri("lib/laws.writ") } });
    let lenses = editor.ask("textDocument/codeLens", document).await;
    let lens =
        lenses["result"].as_array().and_then(|all| all.iter().find(|l| l["command"]["title"] == "applied 2 times"));
    let command = lens.unwrap_or_else(|| panic!("{lenses:#}"))["command"].clone();
    let params = json!({ "command": command["command"], "arguments": command["arguments"] });
    let page = editor.ask("workspace/executeCommand", params).await;
    let lines = [
        "laws.calm is applied in 2 places",
        "",
        "acme/bank/site.writ:6:25  apply acme.lib.laws.calm(least: 6);",
        "acme/shop/site.writ:7:11  apply calm(least: 5);",
    ];
    assert_eq!(page["result"]["text"], lines.join("\n") + "\n");
    // Renamed where they are declared.
    for ((line, character), expect) in [((3, 15), [2, 1, 1]), ((3, 20), [1, 2, 1])] {
        let mut params = at("lib/laws.writ", line, character);
        params["newName"] = json!("other");
        let found = editor.ask("textDocument/rename", params).await;
        let count = |path: &str| found["result"]["changes"][uri(path)].as_array().map_or(0, Vec::len);
        assert_eq!([count("shop/site.writ"), count("lib/laws.writ"), count("bank/site.writ")], expect, "{found:#}");
    }
    editor.end().await;
}

/// The users of a package are found by its workspace, whichever folder is opened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_renamed_in_the_whole_workspace_where_one_member_is_opened() {
    let name = "members-one";
    let root = folder(name, &FILES);
    let members = FILES[0].1.replace("/*", "/shop\", \"policies/bank");
    std::fs::write(root.join("writ.toml"), &members).expect("writable");
    let shop = FILES[4].1.replace(", kpet(r)", "");
    std::fs::write(root.join("policies/shop/policy.writ"), shop).expect("writable");
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let folders = json!([{ "uri": uri("lib"), "name": name }]);
    let (mut editor, _) = Editor::working(json!({}), folders).await;
    let base = uri("lib/base.writ");
    editor.open(&base, 1, FILES[2].1).await;
    let at = json!({ "textDocument": { "uri": base }, "position": { "line": 0, "character": 14 }, "newName": "held" });
    let found = editor.ask("textDocument/rename", at.clone()).await;
    let changes = found["result"]["changes"].as_object().unwrap_or_else(|| panic!("{found:#}"));
    let count = |path: &str| changes.get(&uri(path)).and_then(Value::as_array).map_or(0, Vec::len);
    let files = ["lib/base.writ", "policies/shop/policy.writ", "policies/bank/policy.writ"];
    assert_eq!(files.map(count), [2, 2, 2], "{found:#}");

    // Who cannot be seen may use it: a member that is wrong, a workspace that is, a file that nobody can read.
    let manifest = FILES[5].1.replace("[dependencies]", "verzion = \"1\"\n[dependencies]");
    for (path, wrong) in [
        ("policies/bank/writ.toml", manifest.as_bytes()),
        ("writ.toml", b"[workspace]\nmembers = [\"lib\", \"gone\"]\n"),
        ("policies/bank/policy.writ", b"use acme.lib.base.kept;\n// caf\xe9\n"),
        ("lib/more.writ", b"// caf\xe9\n"),
    ] {
        let was = std::fs::read(root.join(path));
        std::fs::write(root.join(path), wrong).expect("writable");
        editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": base, "type": 2 }] })).await;
        let found = editor.ask("textDocument/rename", at.clone()).await;
        assert!(found["error"]["message"].is_string(), "{path}: {found:#}");
        match was {
            Ok(was) => std::fs::write(root.join(path), was).expect("writable"),
            Err(_) => std::fs::remove_file(root.join(path)).expect("there"),
        }
    }
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": base, "type": 2 }] })).await;
    let found = editor.ask("textDocument/rename", at).await;
    assert_eq!(found["result"]["changes"].as_object().map(serde_json::Map::len), Some(3), "{found:#}");
    editor.end().await;
}
