//! Several packages in one folder, what their manifests say, and what was decided by them.

use crate::client::{Editor, folder};
use serde_json::{Value, json};

/// Two packages, one inside the folder of the other, and a file of none.
const FILES: [(&str, &str); 7] = [
    ("writ.toml", "[package]\nname = \"acme/outer\"\n\n[dependencies]\n\"acme/inner\" = { path = \"inner\" }\n"),
    ("policy.writ", "use acme.inner.base.kept;\npub relation own(r: string);\nown(r) if kept(r);\n"),
    ("inner/writ.toml", "[package]\nname = \"acme/inner\"\nversion = \"1.2.0\"\ndescription = \"What is kept.\"\n"),
    ("inner/base.writ", "/// Kept.\npub relation kept(r: string);\nkept(\"a\");\n"),
    ("inner/more.writ", "use base.kept;\npub relation more(r: string);\nmore(r) if kept(r);\n"),
    (
        "other/writ.toml",
        "[package]\nname = \"acme/other\"\n\n[dependencies]\n\"acme/inner\" = { path = \"../inner\" }\n",
    ),
    ("other/policy.writ", "relation own(r: string);\nown(r) if kept(r);\n"),
];

async fn started(name: &str, capabilities: Value) -> (Editor, impl Fn(&str) -> String) {
    let root = folder(name, &FILES);
    let (editor, _) = Editor::able(capabilities, Vec::new()).await;
    (editor, move |path: &str| format!("file://{}", root.join(path).display()))
}

fn codes(found: &[Value]) -> Vec<&str> {
    found.iter().filter_map(|one| one["code"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_document_belongs_to_the_nearest_package() {
    let (mut editor, uri) = started("several", json!({})).await;
    for path in ["policy.writ", "inner/more.writ", "inner/base.writ"] {
        let text = FILES.iter().find(|(name, _)| *name == path).expect("a file").1;
        editor.open(&uri(path), 1, text).await;
        assert_eq!(editor.diagnostics(&uri(path), Some(1)).await, Vec::<Value>::new(), "{path}");
    }
    // Names of one package are not those of another that says nothing of it.
    editor.open(&uri("other/policy.writ"), 1, FILES[6].1).await;
    assert_eq!(codes(&editor.diagnostics(&uri("other/policy.writ"), Some(1)).await), ["W0101"]);
    // An edit in one is seen in its own files at once.
    let gone = FILES[3].1.replace("kept", "held");
    editor.change(&uri("inner/base.writ"), 2, json!([{ "text": gone }])).await;
    while codes(&editor.diagnostics(&uri("inner/more.writ"), Some(1)).await).is_empty() {}
    // So it is in a package that depends on it, saved or not, and again when it is closed without saving.
    editor.change(&uri("inner/base.writ"), 3, json!([{ "text": FILES[3].1.replace("kept", "had") }])).await;
    while codes(&editor.diagnostics(&uri("policy.writ"), Some(1)).await) != ["W0105"] {}
    editor.change(&uri("inner/base.writ"), 4, json!([{ "text": format!("//! Base.\n\n{}", FILES[3].1) }])).await;
    while !codes(&editor.diagnostics(&uri("policy.writ"), Some(1)).await).is_empty() {}
    let place = json!({ "line": 0, "character": 22 });
    let at = json!({ "textDocument": { "uri": uri("policy.writ") }, "position": place });
    let found = editor.ask("textDocument/definition", at).await;
    assert!(found["result"].to_string().contains("\"line\":3"), "{found:#}");
    editor.change(&uri("inner/base.writ"), 5, json!([{ "text": FILES[3].1.replace("kept", "held") }])).await;
    while codes(&editor.diagnostics(&uri("policy.writ"), Some(1)).await) != ["W0105"] {}
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri("inner/base.writ") } })).await;
    while !codes(&editor.diagnostics(&uri("policy.writ"), Some(1)).await).is_empty() {}
    let found = editor.ask("workspace/symbol", json!({ "query": "own" })).await;
    let named = found["result"].as_array().into_iter().flatten().filter(|one| one["name"] == "own");
    assert_eq!(named.count(), 2, "{found:#}");
    // What one package declares and others see is told once, as it is called at home; so is the library.
    for (query, name, container) in [("more", "more", "more"), ("encrypted_by", "encrypted_by", "std.state")] {
        let found = editor.ask("workspace/symbol", json!({ "query": query })).await;
        let named = found["result"].as_array().into_iter().flatten().filter(|one| one["name"] == name);
        let containers: Vec<&Value> = named.map(|one| &one["containerName"]).collect();
        assert_eq!(containers, [container], "{found:#}");
    }
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_renamed_in_the_packages_that_use_it() {
    let root = folder("across", &FILES);
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let folders = json!([{ "uri": format!("file://{}", root.display()), "name": "across" }]);
    let (mut editor, _) = Editor::working(json!({}), folders).await;
    // No document of the outer package is open.
    let text = FILES[3].1;
    editor.open(&uri("inner/base.writ"), 1, text).await;
    let place = json!({ "line": 1, "character": 14 });
    let at = json!({ "textDocument": { "uri": uri("inner/base.writ") }, "position": place });
    let params =
        json!({ "textDocument": at["textDocument"], "position": place, "context": { "includeDeclaration": true } });
    let found = editor.ask("textDocument/references", params).await;
    assert_eq!(found["result"].as_array().map(Vec::len), Some(6), "{found:#}");
    let params = json!({ "textDocument": at["textDocument"], "position": place, "newName": "held" });
    let found = editor.ask("textDocument/rename", params.clone()).await;
    let changes = found["result"]["changes"].as_object().unwrap_or_else(|| panic!("{found:#}"));
    let count = |path: &str| changes.get(&uri(path)).and_then(Value::as_array).map(Vec::len);
    assert_eq!((count("inner/base.writ"), count("inner/more.writ"), count("policy.writ")), (Some(2), Some(2), Some(2)));
    assert_eq!(changes.len(), 3, "{found:#}");
    // Where it would mean something else there, nothing is renamed anywhere.
    let other = "use acme.inner.base.kept;\npub relation own(r: string);\nrelation held(r: string);\nown(r) if kept(r), held(r);\n";
    editor.open(&uri("policy.writ"), 1, other).await;
    let refused = editor.ask("textDocument/rename", params).await;
    let said = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(said.contains("means something else"), "{refused:#}");
    // From there it is refused, and said where it can be done.
    let at = json!({ "textDocument": { "uri": uri("policy.writ") }, "position": { "line": 3, "character": 10 } });
    let refused = editor.ask("textDocument/prepareRename", at).await;
    let said = refused["error"]["message"].as_str().unwrap_or_default();
    assert_eq!(said, "`acme.inner.base.kept` is another package's: rename it where it is declared");
    editor.end().await;
}

/// The ends of the edges from a node, each with its file and how often it is mentioned.
async fn edges(editor: &mut Editor, way: &str, item: &Value, end: &str) -> (Vec<String>, Vec<Value>) {
    let found = editor.ask(&format!("callHierarchy/{way}Calls"), json!({ "item": item })).await;
    let edges = found["result"].as_array().unwrap_or_else(|| panic!("{found:#}"));
    let shown = edges.iter().map(|edge| {
        let (name, uri) = (edge[end]["name"].as_str(), edge[end]["uri"].as_str());
        let file = uri.and_then(|uri| uri.split_once("/calls/")).map_or("elsewhere", |(_, file)| file);
        let lines = edge["fromRanges"].as_array().into_iter().flatten().map(|range| &range["start"]["line"]);
        let lines = lines.map(Value::to_string).collect::<Vec<String>>().join(",");
        format!("{} {file} {lines}", name.unwrap_or_default())
    });
    (shown.collect(), edges.iter().map(|edge| edge[end].clone()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_of_several_packages_are_one_graph() {
    let root = folder("calls", &FILES);
    let above = "use policy.own;\npub relation above(r: string);\nabove(r) if own(r);\n";
    std::fs::write(root.join("above.writ"), above).expect("a file");
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let folders = json!([{ "uri": format!("file://{}", root.display()), "name": "calls" }]);
    let node = async |editor: &mut Editor, path: &str, line: u32, character: u32| {
        let place = json!({ "line": line, "character": character });
        let at = json!({ "textDocument": { "uri": uri(path) }, "position": place });
        editor.ask("textDocument/prepareCallHierarchy", at).await["result"][0].clone()
    };
    // From where it is declared; no document of the outer package is open.
    let (mut editor, _) = Editor::working(json!({}), folders).await;
    editor.open(&uri("inner/base.writ"), 1, FILES[3].1).await;
    let kept = node(&mut editor, "inner/base.writ", 1, 14).await;
    let (shown, ends) = edges(&mut editor, "incoming", &kept, "from").await;
    assert_eq!(shown, ["more inner/more.writ 2", "own policy.writ 2"]);
    let (shown, _) = edges(&mut editor, "incoming", &ends[1], "from").await;
    assert_eq!(shown, ["above above.writ 2"]);
    let (shown, back) = edges(&mut editor, "outgoing", &ends[1], "to").await;
    assert_eq!(shown, ["kept inner/base.writ 2"]);
    // The same from there.
    let (shown, _) = edges(&mut editor, "incoming", &back[0], "from").await;
    assert_eq!(shown, ["more inner/more.writ 2", "own policy.writ 2"]);
    editor.end().await;

    // From where it is used; no document of the inner package is open.
    let (mut editor, _) = Editor::able(json!({}), Vec::new()).await;
    editor.open(&uri("policy.writ"), 1, FILES[1].1).await;
    let kept = node(&mut editor, "policy.writ", 2, 10).await;
    assert_eq!(kept["uri"], uri("inner/base.writ"));
    let (shown, ends) = edges(&mut editor, "incoming", &kept, "from").await;
    assert_eq!(shown, ["more inner/more.writ 2", "own policy.writ 2"]);
    let (shown, _) = edges(&mut editor, "outgoing", &ends[0], "to").await;
    assert_eq!(shown, ["kept inner/base.writ 2"]);
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uses_count_in_the_packages_that_depend_on_one() {
    let root = folder("used", &FILES);
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let folders = json!([{ "uri": format!("file://{}", root.display()), "name": "used" }]);
    let (mut editor, _) = Editor::working(json!({}), folders).await;
    let base = uri("inner/base.writ");
    editor.open(&base, 1, FILES[3].1).await;
    let used = async |editor: &mut Editor| {
        let answer = editor.ask("textDocument/codeLens", json!({ "textDocument": { "uri": base } })).await;
        let titles = answer["result"].as_array().expect("lenses").iter();
        let mut titles = titles.filter_map(|lens| lens["command"]["title"].as_str());
        titles.find(|title| title.starts_with("used")).map(str::to_owned)
    };
    // No document of the outer package is open; then one is, and is edited.
    assert_eq!(used(&mut editor).await.as_deref(), Some("used 2 times"));
    let more = format!("{}own(r) if kept(r), kept(\"a\");\n", FILES[1].1);
    editor.open(&uri("policy.writ"), 1, &more).await;
    assert_eq!(used(&mut editor).await.as_deref(), Some("used 4 times"));
    editor.change(&uri("policy.writ"), 2, json!([{ "text": FILES[1].1 }])).await;
    assert_eq!(used(&mut editor).await.as_deref(), Some("used 2 times"));
    // It is closed, and changes on disk.
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri("policy.writ") } })).await;
    std::fs::write(root.join("policy.writ"), &more).expect("a file");
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [] })).await;
    assert_eq!(used(&mut editor).await.as_deref(), Some("used 4 times"));
    let asked = json!({ "command": "writ.uses", "arguments": [{ "uri": base, "relation": "base.kept" }] });
    let page = editor.ask("workspace/executeCommand", asked).await;
    let lines = [
        "base.kept is used in 4 places",
        "",
        "more.writ:3:12  more(r) if kept(r);",
        "acme/outer/policy.writ:3:11  own(r) if kept(r);",
        "acme/outer/policy.writ:4:11  own(r) if kept(r), kept(\"a\");",
        "acme/outer/policy.writ:4:20  own(r) if kept(r), kept(\"a\");",
    ];
    assert_eq!(page["result"]["text"], lines.join("\n") + "\n");
    let asked = json!({ "command": "writ.use", "arguments": [] });
    let refused = editor.ask("workspace/executeCommand", asked).await;
    assert_eq!(refused["error"]["message"], "writ.use: there is no such command");
    editor.end().await;
}

/// A folder becomes a package while its files are open, and is none any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_comes_and_goes_while_its_files_are_open() {
    let other = "relation wrong(r: nothing_known);\n";
    let root = folder(
        "begun",
        &[("inner/base.writ", FILES[3].1), ("inner/more.writ", FILES[4].1), ("inner/other.writ", other)],
    );
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let (mut editor, _) = Editor::able(json!({}), Vec::new()).await;
    let (more, manifest) = (uri("inner/more.writ"), root.join("inner/writ.toml"));
    let changed = json!({ "changes": [{ "uri": uri("inner/writ.toml"), "type": 1 }] });
    editor.open(&more, 1, FILES[4].1).await;
    assert!(!editor.diagnostics(&more, Some(1)).await.is_empty(), "it stands alone");
    std::fs::write(&manifest, FILES[2].1).expect("a file");
    editor.tell("workspace/didChangeWatchedFiles", changed.clone()).await;
    while !editor.diagnostics(&more, Some(1)).await.is_empty() {}
    while editor.diagnostics(&uri("inner/other.writ"), None).await.is_empty() {}
    std::fs::remove_file(&manifest).expect("there");
    editor.tell("workspace/didChangeWatchedFiles", changed).await;
    // Of what is in no package any more nothing is told.
    while !editor.diagnostics(&uri("inner/other.writ"), None).await.is_empty() {}
    while editor.diagnostics(&more, Some(1)).await.is_empty() {}
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_in_a_package_is_told_where_it_is_used() {
    let root = folder("elsewhere", &FILES);
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let (mut editor, _) = Editor::able(json!({}), Vec::new()).await;
    let extra = root.join("inner/extra.writ");
    std::fs::write(&extra, "relation broken(;\n").expect("a file");
    editor.open(&uri("policy.writ"), 1, FILES[1].1).await;
    let found = loop {
        let found = editor.diagnostics(&uri("policy.writ"), Some(1)).await;
        if !found.is_empty() {
            break found;
        }
    };
    assert_eq!((codes(&found), &found[0]["severity"]), (vec!["W0002"], &json!(1)), "{found:#?}");
    assert!(
        found[0]["message"].as_str().is_some_and(|said| said.starts_with("`acme/inner/extra.writ` ")),
        "{found:#?}"
    );
    assert_eq!(found[0]["range"]["start"], json!({ "line": 0, "character": 4 }));
    assert_eq!(found[0]["relatedInformation"][0]["location"]["uri"], uri("inner/extra.writ"));
    // It stays through edits of the file, and goes with the error.
    editor.change(&uri("policy.writ"), 2, json!([{ "text": format!("//! Own.\n\n{}", FILES[1].1) }])).await;
    let found = editor.diagnostics(&uri("policy.writ"), Some(2)).await;
    assert_eq!(found[0]["range"]["start"], json!({ "line": 2, "character": 4 }), "{found:#?}");
    std::fs::write(&extra, "").expect("a file");
    let changes = json!([{ "uri": uri("inner/extra.writ"), "type": 2 }]);
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": changes })).await;
    while !editor.diagnostics(&uri("policy.writ"), Some(2)).await.is_empty() {}
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_is_what_the_files_say_now() {
    let root = folder("manifests", &FILES);
    let uri = format!("file://{}", root.join("policy.writ").display());
    let manifest = root.join("inner/writ.toml");
    let (mut editor, _) = Editor::able(json!({}), Vec::new()).await;
    editor.open(&uri, 1, FILES[1].1).await;
    assert_eq!(editor.diagnostics(&uri, Some(1)).await, Vec::<Value>::new());
    let whole = FILES[2].1;
    let renamed = whole.replace("acme/inner", "acme/another");
    let broken = whole.replace("name =", "name;=");
    for said in [Some(broken.as_str()), Some(whole), Some(renamed.as_str()), None, Some(whole)] {
        match said {
            Some(said) => std::fs::write(&manifest, said).expect("written"),
            None => std::fs::remove_file(&manifest).expect("gone"),
        }
        let kind = if said.is_some() { 2 } else { 3 };
        let change = json!({ "uri": format!("file://{}", manifest.display()), "type": kind });
        editor.heard.clear();
        editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [change] })).await;
        // One that knows of nothing before.
        let (mut fresh, _) = Editor::able(json!({}), Vec::new()).await;
        fresh.open(&uri, 1, FILES[1].1).await;
        let expect = fresh.diagnostics(&uri, Some(1)).await;
        assert_eq!(expect.is_empty(), said == Some(whole), "{said:?}: {expect:#?}");
        fresh.end().await;
        while editor.diagnostics(&uri, Some(1)).await != expect {}
    }
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_is_told_what_is_wrong_with_it() {
    for pulls in [false, true] {
        let can = if pulls { json!({ "textDocument": { "diagnostic": {} } }) } else { json!({}) };
        let (mut editor, uri) = started(if pulls { "manifest-pulled" } else { "manifest" }, can).await;
        let (manifest, text) = (uri("other/writ.toml"), FILES[5].1);
        let document = json!({ "textDocument": { "uri": manifest } });
        let found = async |editor: &mut Editor, version: i32| match pulls {
            false => editor.diagnostics(&manifest, Some(version)).await,
            true => {
                let answer = editor.ask("textDocument/diagnostic", document.clone()).await;
                answer["result"]["items"].as_array().expect("items").clone()
            }
        };
        editor.open(&manifest, 1, text).await;
        assert_eq!(found(&mut editor, 1).await, Vec::<Value>::new());

        let wrong = text.replace("name", "nmae");
        editor.change(&manifest, 2, json!([{ "text": wrong }])).await;
        let told = found(&mut editor, 2).await;
        assert_eq!(told[0]["range"]["start"], json!({ "line": 1, "character": 0 }), "{told:#?}");
        assert!(told[0]["message"].as_str().is_some_and(|said| said.contains("did you mean `name`?")), "{told:#?}");

        // What it depends on and is not there is told where it is asked for.
        editor.change(&manifest, 3, json!([{ "text": text.replace("../inner", "../nowhere") }])).await;
        let told = found(&mut editor, 3).await;
        assert_eq!(told[0]["range"]["start"]["line"], 4, "{told:#?}");

        // It is no policy: it is not laid out, and has no outline.
        let options = json!({ "tabSize": 4, "insertSpaces": true });
        let params = json!({ "textDocument": { "uri": manifest }, "options": options });
        assert_eq!(editor.ask("textDocument/formatting", params).await["result"], json!([]));
        assert_eq!(editor.ask("textDocument/documentSymbol", document.clone()).await["result"], json!([]));
        editor.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_cannot_be_read_is_told_where_it_is_declared() {
    let manifest = "[package]\nname = \"acme/shop\"\n\n[[source]]\nname = \"shop\"\nkind = \"terraform-state\"\npath = \"state.json\"\n";
    let policy = "relation own(r: string);\nown(\"a\");\npub relation has(r: string);\nhas(r) if own(r);\n";
    let root = folder("unread", &[("writ.toml", manifest), ("policy.writ", policy), ("state.json", "")]);
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let (mut editor, _) = Editor::able(json!({}), Vec::new()).await;
    editor.open(&uri("policy.writ"), 1, policy).await;
    // Something is shown that the model is asked for.
    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 4, "character": 0 } });
    let hints = json!({ "textDocument": { "uri": uri("policy.writ") }, "range": whole });
    editor.ask("textDocument/inlayHint", hints).await;
    let told = editor.diagnostics(&uri("writ.toml"), None).await;
    assert_eq!(told[0]["range"]["start"], json!({ "line": 6, "character": 8 }), "{told:#?}");
    assert!(told[0]["message"].as_str().is_some_and(|said| said.starts_with("the file is empty")), "{told:#?}");
    // It is mended.
    std::fs::write(root.join("state.json"), "{}").expect("the scratch folder is writable");
    let changed = json!([{ "uri": uri("state.json"), "type": 2 }]);
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": changed })).await;
    while !editor.diagnostics(&uri("writ.toml"), None).await.is_empty() {}
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_is_completed() {
    let (mut editor, uri) = started("manifest-words", json!({})).await;
    let manifest = uri("other/writ.toml");
    let text =
        "[package]\nname = \"acme/other\"\nversion = \"1.0.0\"\n\n[dependencies]\n\"acme\n\n[[source]]\nkind = \n";
    editor.open(&manifest, 1, text).await;
    let mut words = async |line: u32, character: u32| {
        let place = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": { "uri": manifest }, "position": place });
        let answer = editor.ask("textDocument/completion", params).await;
        let items = answer["result"]["items"].as_array().expect("items").clone();
        items.iter().map(|item| item["textEdit"]["newText"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(words(5, 5).await, ["\"acme/inner\" = { path = \"../inner\" }"]);
    assert!(words(8, 7).await.contains(&"\"kubernetes\"".to_owned()));
    assert!(words(3, 0).await.contains(&"owner".to_owned()));
    let params = json!({ "textDocument": { "uri": manifest }, "position": { "line": 2, "character": 3 } });
    let hover = editor.ask("textDocument/hover", params).await;
    assert_eq!(hover["result"]["contents"]["value"], "By Semantic Versioning.");
    editor.end().await;
}

/// A workspace whose root is no package: a library, and a policy that names it by a range.
const WORKSPACE: [(&str, &str); 6] = [
    ("writ.toml", "[workspace]\nmembers = [\"lib\", \"policies/*\"]\n"),
    ("lib/writ.toml", "[package]\nname = \"acme/lib\"\nversion = \"1.2.0\"\n"),
    ("lib/base.writ", "pub relation kept(r: string);\nkept(\"a\");\n"),
    ("policies/shop/writ.toml", "[package]\nname = \"acme/shop\"\n\n[dependencies]\n\"acme/lib\" = \"1\"\n"),
    ("policies/shop/policy.writ", "use acme.lib.base.kept;\npub relation own(r: string);\nown(r) if kept(r);\n"),
    ("stray.writ", "pub relation stray(r: string);\nstray(\"a\");\n"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_a_workspace_are_found_by_their_names() {
    let root = folder("members", &WORKSPACE);
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let folders = json!([{ "uri": format!("file://{}", root.display()), "name": "members" }]);
    let (mut editor, _) = Editor::working(json!({}), folders).await;
    for (path, text) in &WORKSPACE {
        editor.open(&uri(path), 1, text).await;
        assert_eq!(editor.diagnostics(&uri(path), Some(1)).await, Vec::<Value>::new(), "{path}");
    }
    let params = json!({ "textDocument": { "uri": uri("lib/base.writ") }, "position": { "line": 0, "character": 14 }, "newName": "held" });
    let found = editor.ask("textDocument/rename", params).await;
    let changes = found["result"]["changes"].as_object().unwrap_or_else(|| panic!("{found:#}"));
    assert!(changes.contains_key(&uri("policies/shop/policy.writ")), "{found:#}");

    let words = async |editor: &mut Editor, path: &str, line: u32, character: u32| {
        let place = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": { "uri": uri(path) }, "position": place });
        let answer = editor.ask("textDocument/completion", params).await;
        let items = answer["result"]["items"].as_array().expect("items").clone();
        items.iter().map(|item| item["textEdit"]["newText"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let shop = uri("policies/shop/writ.toml");
    let begun = "[package]\nname = \"acme/shop\"\n\n[dependencies]\n\"acme\n";
    editor.change(&shop, 2, json!([{ "text": begun }])).await;
    assert_eq!(words(&mut editor, "policies/shop/writ.toml", 4, 5).await, ["\"acme/lib\" = \"1.2.0\""]);
    editor.change(&uri("writ.toml"), 2, json!([{ "text": "[workspace]\nme\n" }])).await;
    assert_eq!(words(&mut editor, "writ.toml", 1, 2).await, ["members"]);

    // What is wrong in the root stands there, and only that it is stands in a member.
    editor.change(&uri("writ.toml"), 3, json!([{ "text": "[workspace]\nmembers = [\"lib\", \"none\"]\n" }])).await;
    let told = editor.diagnostics(&uri("writ.toml"), Some(3)).await;
    assert_eq!(told[0]["range"]["start"], json!({ "line": 1, "character": 18 }), "{told:#?}");
    assert!(told[0]["message"].as_str().is_some_and(|said| said.contains("there is no such folder")), "{told:#?}");
    std::fs::write(root.join("writ.toml"), "[workspace]\nmembers = [\"lib\", \"policies/*\", \"none\"]\n")
        .expect("writable");
    editor.change(&shop, 3, json!([{ "text": WORKSPACE[3].1 }])).await;
    let told = editor.diagnostics(&shop, Some(3)).await;
    assert_eq!(told[0]["range"]["start"]["line"], 0, "{told:#?}");
    assert!(
        told[0]["message"].as_str().is_some_and(|said| said.contains("writ.toml:2:33: members: \"none\"")),
        "{told:#?}"
    );
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_that_was_kept_becomes_a_test() {
    let policy = "use std.state.{Resource, kind};\nuse std.intent.covered;\n\npub blueprint calm() {\n    \
                  deny loud(r) \"{r} is loud\" if covered(r), kind(r, \"bell\");\n    \
                  deny hot(r) \"{r} is hot\" if covered(r), kind(r, \"oven\");\n}\n";
    let root = folder(
        "decided",
        &[
            ("writ.toml", "[package]\nname = \"acme/decided\"\n"),
            ("policy.writ", policy),
            (".writ/log/checkpoint", "sha256:aaaaaaaaaaaa home/calm.loud\nsha256:bbbbbbbbbbbb home/calm.hot\n"),
        ],
    );
    let (mut editor, _) = Editor::start(&["utf-8"]).await;
    let uri = format!("file://{}", root.join("policy.writ").display());
    editor.open(&uri, 1, policy).await;
    let offered = async |editor: &mut Editor, line: u32| {
        let place = json!({ "line": line, "character": 10 });
        let context = json!({ "diagnostics": [] });
        let params =
            json!({ "textDocument": { "uri": uri }, "range": { "start": place, "end": place }, "context": context });
        let answer = editor.ask("textDocument/codeAction", params).await;
        let all = answer["result"].as_array().expect("actions").clone();
        all.into_iter().filter(|action| action["command"]["command"] == "writ.example").collect::<Vec<_>>()
    };
    assert_eq!(offered(&mut editor, 3).await.len(), 2);
    assert_eq!(offered(&mut editor, 0).await.len(), 0);
    let found = offered(&mut editor, 5).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["title"], "write a test from the deny bbbbbbbb of 2026-03-02T10:00Z");
    let asked = json!({ "command": "writ.example", "arguments": found[0]["command"]["arguments"] });
    let answer = editor.ask("workspace/executeCommand", asked).await;
    assert!(answer["result"]["text"].as_str().is_some_and(|text| text.starts_with("test \"sha256:b")), "{answer:#}");
    let applied = loop {
        let message = if editor.heard.is_empty() { editor.receive().await } else { editor.heard.remove(0) };
        if message["method"] == "workspace/applyEdit" {
            break message;
        }
    };
    let edit = &applied["params"]["edit"]["changes"][&uri][0];
    assert_eq!(edit["range"]["start"], json!({ "line": 7, "character": 0 }), "{edit:#}");
    assert!(edit["newText"].as_str().is_some_and(|text| text.starts_with("\ntest")), "{edit:#}");
    editor.send(json!({ "jsonrpc": "2.0", "id": applied["id"], "result": { "applied": true } })).await;
    editor.end().await;
}
