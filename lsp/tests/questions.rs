//! What an editor asks: of names, of what is written, of the model.

use crate::client::{Editor, fact, folder};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::timeout;

const POLICY: &str = "use std.state.{Resource, kind, tag};

/// Kinds that cannot be made again.
relation stateful(kind: string);
stateful(\"database\");

pub relation kept(r: Resource);
kept(r) if kind(r, k), stateful(k);

test \"a database is kept\" {
    given { kind(\"db\", \"database\"); }
    expect kept(\"db\");
}
";

const OTHER: &str = "use policy.kept;\nuse std.state.Resource;\npub relation seen(r: Resource);\nseen(r) if kept(r);\n";

fn package(name: &str) -> (PathBuf, String) {
    let manifest = "[package]\nname = \"acme/test\"\nversion = \"1.0.0\"\n";
    let root = folder(name, &[("writ.toml", manifest), ("policy.writ", POLICY), ("other.writ", OTHER)]);
    let uri = format!("file://{}", root.join("policy.writ").display());
    (root, uri)
}

/// Where a word first stands in a text.
fn place(text: &str, word: &str) -> Value {
    let at = text.find(word).unwrap_or_else(|| panic!("no {word}"));
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
    json!({ "line": line, "character": at - start })
}

fn at(uri: &str, text: &str, word: &str) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": place(text, word) })
}

fn with(mut params: Value, key: &str, value: Value) -> Value {
    params[key] = value;
    params
}

async fn open(name: &str, capabilities: Value) -> (Editor, Value, String, PathBuf) {
    let facts = vec![fact("std.state.kind", &["db", "database"]), fact("std.state.kind", &["web", "server"])];
    let (mut editor, answer) = Editor::able(capabilities, facts).await;
    let (root, uri) = package(name);
    editor.open(&uri, 1, POLICY).await;
    (editor, answer["capabilities"].clone(), uri, root)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_lead_where_they_are_declared_and_used() {
    let utf8 = json!({ "general": { "positionEncodings": ["utf-8"] } });
    let (mut editor, offered, uri, root) = open("names", utf8).await;
    for provider in
        ["hoverProvider", "definitionProvider", "referencesProvider", "renameProvider", "callHierarchyProvider"]
    {
        assert!(!offered[provider].is_null(), "{provider}");
    }
    let hover = editor.ask("textDocument/hover", at(&uri, POLICY, "stateful(k);")).await;
    let said = hover["result"]["contents"]["value"].as_str().expect("words");
    assert!(
        said.starts_with("```writ\nrelation stateful(kind: string)\n```\n\nKinds that cannot be made again."),
        "{said}"
    );

    // The library's files are there to be looked at.
    let found = editor.ask("textDocument/definition", at(&uri, POLICY, "kind(r, k)")).await;
    let file = found["result"][0]["uri"].as_str().expect("a file").trim_start_matches("file://").to_owned();
    let library = std::fs::read_to_string(&file).expect("written out");
    let line = found["result"][0]["range"]["start"]["line"].as_u64().expect("a line");
    assert!(library.lines().nth(line as usize).is_some_and(|line| line.starts_with("pub relation kind")));
    let library_uri = format!("file://{file}");
    editor.open(&library_uri, 1, &library).await;
    assert_eq!(editor.diagnostics(&library_uri, Some(1)).await, Vec::<Value>::new());
    let hover = editor.ask("textDocument/hover", at(&library_uri, &library, "kind(r: Resource")).await;
    assert!(hover["result"]["contents"]["value"].as_str().is_some_and(|said| said.contains("relation kind")));

    let context = json!({ "includeDeclaration": true });
    let params = with(at(&uri, POLICY, "kept(r: Resource)"), "context", context);
    let found = editor.ask("textDocument/references", params).await;
    let places = found["result"].as_array().expect("places");
    assert_eq!(places.len(), 5, "{places:#?}");
    assert_eq!(
        places.iter().filter(|place| place["uri"].as_str().is_some_and(|u| u.ends_with("other.writ"))).count(),
        2
    );

    let params = with(at(&uri, POLICY, "kept(r: Resource)"), "newName", json!("safe"));
    let edit = editor.ask("textDocument/rename", params).await;
    let changes = edit["result"]["changes"].as_object().expect("changes");
    assert_eq!(changes.values().map(|edits| edits.as_array().map_or(0, Vec::len)).sum::<usize>(), 5);
    let refused = editor.ask("textDocument/prepareRename", at(&uri, POLICY, "kind(r, k)")).await;
    assert_eq!(refused["error"]["code"], -32803);
    assert_eq!(refused["error"]["message"], "`std.state.kind` is the standard library's");

    let node = editor.ask("textDocument/prepareCallHierarchy", at(&uri, POLICY, "kept(r: Resource)")).await;
    let item = &node["result"][0];
    let incoming = editor.ask("callHierarchy/incomingCalls", json!({ "item": item })).await;
    let names: Vec<&str> =
        incoming["result"].as_array().expect("edges").iter().filter_map(|edge| edge["from"]["name"].as_str()).collect();
    assert_eq!(names, ["seen", "a database is kept"]);
    let outgoing = editor.ask("callHierarchy/outgoingCalls", json!({ "item": item })).await;
    assert_eq!(outgoing["result"].as_array().map(Vec::len), Some(2));

    let symbols = editor.ask("workspace/symbol", json!({ "query": "seen" })).await;
    assert_eq!(symbols["result"][0]["containerName"], "other");
    let document = json!({ "textDocument": { "uri": uri } });
    let symbols = editor.ask("textDocument/documentSymbol", document.clone()).await;
    assert_eq!(symbols["result"].as_array().map(Vec::len), Some(5));
    let tokens = editor.ask("textDocument/semanticTokens/full", document.clone()).await;
    assert!(tokens["result"]["data"].as_array().is_some_and(|data| data.len() > 100 && data.len() % 5 == 0));
    let folds = editor.ask("textDocument/foldingRange", document).await;
    assert!(folds["result"].as_array().is_some_and(|folds| !folds.is_empty()));
    assert!(root.join(".writ/library/state.writ").exists());
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_offered_where_they_are_typed() {
    let can = json!({ "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } } });
    let (mut editor, _, uri, _) = open("words", can).await;
    let end = json!({ "line": 13, "character": 0 });
    let text = "kept(r) if kind(r, k), encr";
    editor.change(&uri, 2, json!([{ "range": { "start": end, "end": end }, "text": text }])).await;
    let params = json!({ "textDocument": { "uri": uri }, "position": { "line": 13, "character": text.len() } });
    let found = editor.ask("textDocument/completion", params.clone()).await;
    let items = found["result"]["items"].as_array().expect("words");
    let item = items.iter().find(|item| item["label"] == "encrypted_by").expect("it may be imported");
    assert_eq!(item["textEdit"]["newText"], "encrypted_by(${1:r}, ${2:key})");
    assert_eq!(item["additionalTextEdits"][0]["newText"], ", encrypted_by");
    let more = editor.ask("completionItem/resolve", item.clone()).await;
    let said = more["result"]["documentation"]["value"].as_str().expect("words");
    assert!(said.contains("Its content can be read only with this key."), "{said}");
    let params = json!({ "textDocument": { "uri": uri }, "position": { "line": 13, "character": 19 } });
    let help = editor.ask("textDocument/signatureHelp", params).await;
    assert_eq!(help["result"]["signatures"][0]["label"], "kind(r: Resource, kind: string)");
    assert_eq!(help["result"]["activeParameter"], 1);
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 20, "character": 0 } });
    let hints = editor.ask("textDocument/inlayHint", json!({ "textDocument": { "uri": uri }, "range": range })).await;
    assert!(hints["result"].as_array().is_some_and(|hints| hints.iter().any(|hint| hint["label"] == "kind:")));
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_may_ask_for_diagnostics_itself() {
    let can = json!({ "textDocument": { "diagnostic": {} } });
    let (mut editor, offered, uri, root) = open("pulled", can).await;
    assert_eq!(offered["diagnosticProvider"]["workspaceDiagnostics"], true);
    editor.change(&uri, 2, json!([{ "text": POLICY.replace("relation kept", "relation held") }])).await;
    let document = json!({ "textDocument": { "uri": uri } });
    let found = editor.ask("textDocument/diagnostic", document.clone()).await;
    assert_eq!(found["result"]["kind"], "full");
    let items = found["result"]["items"].as_array().expect("items");
    assert!(items.iter().any(|item| item["code"] == "W0101"), "{items:#?}");
    assert!(items[0]["codeDescription"]["href"].as_str().is_some_and(|href| href.ends_with("W0101.md")));
    let again = with(document, "previousResultId", found["result"]["resultId"].clone());
    assert_eq!(editor.ask("textDocument/diagnostic", again).await["result"]["kind"], "unchanged");
    let all = editor.ask("workspace/diagnostic", json!({ "previousResultIds": [] })).await;
    let items = all["result"]["items"].as_array().expect("files");
    let other = format!("file://{}", root.join("other.writ").display());
    let other = items.iter().find(|item| item["uri"] == other.as_str()).expect("a file that is not open");
    assert!(other["items"].as_array().is_some_and(|items| items.iter().any(|item| item["code"] == "W0105")));
    assert!(editor.heard.iter().all(|message| message["method"] != "textDocument/publishDiagnostics"));
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_not_open_are_told_of_too() {
    let (mut editor, _, uri, root) = open("unasked", json!({})).await;
    let other = format!("file://{}", root.join("other.writ").display());
    editor.change(&uri, 2, json!([{ "text": POLICY.replace("relation kept", "relation held") }])).await;
    while !editor.diagnostics(&other, None).await.iter().any(|found| found["code"] == "W0105") {}
    editor.change(&uri, 3, json!([{ "text": POLICY }])).await;
    while !editor.diagnostics(&other, None).await.is_empty() {}
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_can_be_mended() {
    let (mut editor, _, uri, _) = open("actions", json!({})).await;
    let text = POLICY.replace("stateful(k);", "stateflu(k);");
    editor.change(&uri, 2, json!([{ "text": text }])).await;
    let place = place(&text, "stateflu");
    let params = json!({ "textDocument": { "uri": uri }, "range": { "start": place, "end": place }, "context": { "diagnostics": [] } });
    let found = editor.ask("textDocument/codeAction", params).await;
    let actions = found["result"].as_array().expect("actions");
    let mend = actions.iter().find(|action| action["title"] == "write `stateful`").expect("the repair");
    assert_eq!(mend["isPreferred"], true);
    assert_eq!(mend["diagnostics"][0]["code"], "W0101");
    assert_eq!(mend["edit"]["changes"][&uri][0]["newText"], "stateful");
    let explain = actions.iter().find(|action| action["command"]["command"] == "writ.explain").expect("its page");
    let asked = json!({ "command": "writ.explain", "arguments": explain["command"]["arguments"] });
    let page = editor.ask("workspace/executeCommand", asked).await;
    assert!(page["result"]["text"].as_str().is_some_and(|text| text.starts_with("# ")), "{page:#}");
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_answers_in_the_editor() {
    let can = json!({ "window": { "showDocument": { "support": true } }, "workspace": { "codeLens": { "refreshSupport": true } } });
    let (mut editor, _, uri, root) = open("model", can).await;
    let document = json!({ "textDocument": { "uri": uri } });
    let mut lenses = editor.ask("textDocument/codeLens", document.clone()).await["result"].clone();
    let title = |lenses: &Value, title: &str| {
        let all = lenses.as_array().expect("lenses");
        all.iter().find(|lens| lens["command"]["title"] == title).map(|lens| lens["command"].clone())
    };
    assert!(title(&lenses, "used 2 times").is_some(), "{lenses:#}");
    // The counts come when the model was read.
    for version in 2.. {
        if title(&lenses, "evaluate (1 tuple)").is_some() {
            break;
        }
        editor.change(&uri, version, json!([{ "text": POLICY }])).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        lenses = editor.ask("textDocument/codeLens", document.clone()).await["result"].clone();
        assert!(version < 60, "{lenses:#}");
    }
    let run = async |editor: &mut Editor, name: &str, about: Value| {
        let params = json!({ "command": name, "arguments": [with(about, "uri", json!(uri))] });
        let answer = editor.ask("workspace/executeCommand", params).await;
        answer["result"]["text"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
    };
    let page = run(&mut editor, "writ.evaluate", json!({ "relation": "policy.kept" })).await;
    assert_eq!(page, "policy.kept: 1 tuple\n\nkept(\"db\")\n");
    let page = run(&mut editor, "writ.rule", json!({ "line": 8, "column": 1 })).await;
    assert!(page.starts_with("kept   policy.writ:8\n1 match\n  kept(\"db\")\n\nwhy the first holds\n"), "{page}");
    assert!(page.contains("the nearest that does not\n  k = \"server\", r = \"web\"\n  holds    kind(\"web\", \"server\")\n  fails    stateful(\"server\")"), "{page}");
    let page = run(&mut editor, "writ.why", json!({ "atom": "kept(\"web\")" })).await;
    assert!(page.starts_with("kept(\"web\") does not hold"), "{page}");
    let page = run(&mut editor, "writ.test", json!({ "titles": ["a database is kept"] })).await;
    assert_eq!(page, "passed  a database is kept   policy.writ:10\n");
    let page = run(&mut editor, "writ.uses", json!({ "relation": "policy.kept" })).await;
    assert!(page.starts_with("policy.kept is used in 2 places\n\nother.writ:4:12  seen(r) if kept(r);\n"), "{page}");
    assert!(root.join(".writ/view/evaluate-policy.kept.txt").exists());
    let shown = |editor: &Editor| editor.heard.iter().any(|message| message["method"] == "window/showDocument");
    while !shown(&editor) {
        let message = editor.receive().await;
        editor.heard.push(message);
    }
    let params =
        json!({ "command": "writ.rule", "arguments": [{ "uri": "file:///nowhere.writ", "line": 1, "column": 1 }] });
    let refused = editor.ask("workspace/executeCommand", params).await;
    assert_eq!(refused["error"]["code"], -32803);
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_and_questions_keep_their_order() {
    let (mut editor, _) = Editor::start(&["utf-8"]).await;
    let uri = "untitled:order.writ";
    editor.open(uri, 0, "relation a(x: int);\n").await;
    for version in 1..=500 {
        let end = json!({ "line": version, "character": 0 });
        let changes = json!([{ "range": { "start": end, "end": end }, "text": format!("a({version});\n") }]);
        editor.change(uri, version, changes).await;
        if version % 5 == 0 {
            let params = json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 9 } });
            let message =
                json!({ "jsonrpc": "2.0", "id": 10_000 + version, "method": "textDocument/hover", "params": params });
            editor.send(message).await;
        }
    }
    let document = json!({ "textDocument": { "uri": uri } });
    // Whatever was overtaken, the last question is answered from the last text.
    let symbols = editor.ask("textDocument/documentSymbol", document).await;
    assert_eq!(symbols["result"].as_array().map(Vec::len), Some(501));
    let answered = |editor: &Editor| {
        let answers = editor.heard.iter().filter(|message| message["id"].as_i64().is_some_and(|id| id > 10_000));
        let fine = |message: &&Value| !message["result"].is_null() || message["error"]["code"] == -32801;
        let all: Vec<&Value> = answers.collect();
        assert!(all.iter().all(fine), "{all:#?}");
        all.len()
    };
    while answered(&editor) < 100 {
        let message = editor.receive().await;
        editor.heard.push(message);
    }
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_server_ends_too() {
    let (mut editor, _) = Editor::start(&["utf-8"]).await;
    let uri = "untitled:busy.writ";
    let text: String = (0..3_000).map(|n| format!("relation a{n}(x: int);\na{n}({n});\n")).collect();
    editor.open(uri, 0, &text).await;
    for n in 0..20 {
        let params = json!({ "textDocument": { "uri": uri } });
        let method = "textDocument/semanticTokens/full";
        editor.send(json!({ "jsonrpc": "2.0", "id": 10_000 + n, "method": method, "params": params })).await;
    }
    assert_eq!(editor.ask("shutdown", Value::Null).await["result"], Value::Null);
    editor.tell("exit", Value::Null).await;
    // What was written is read, so that the server can end.
    let Editor { mut from, server, .. } = editor;
    let drain = tokio::spawn(async move { tokio::io::copy(&mut from, &mut tokio::io::sink()).await });
    let code = timeout(Duration::from_secs(1), server).await.expect("within a second").expect("no panic");
    assert_eq!(code, 0);
    drain.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_another_package_lead_into_its_folder() {
    let manifest = "[package]\nname = \"acme/shop\"\n\n[dependencies]\n\"acme/words\" = { path = \"../words\" }\n";
    let text = "use acme.words.shown.known;\n\npub relation own(r: string);\nown(r) if known(r);\n";
    let shown = "/// What is known.\npub relation known(r: string);\nknown(\"a\");\n";
    let root = folder(
        "other-package",
        &[
            ("shop/writ.toml", manifest),
            ("shop/policy.writ", text),
            ("words/writ.toml", "[package]\nname = \"acme/words\"\nexports = [\"shown\"]\n"),
            ("words/shown.writ", shown),
        ],
    );
    let (mut editor, _) = Editor::start(&["utf-8"]).await;
    let uri = format!("file://{}", root.join("shop/policy.writ").display());
    editor.open(&uri, 1, text).await;
    let answer = editor.ask("textDocument/definition", at(&uri, text, "known(r)")).await;
    let found = answer["result"].to_string();
    assert!(found.contains("words/shown.writ"), "{answer}");
    let answer = editor.ask("textDocument/hover", at(&uri, text, "known(r)")).await;
    assert!(answer["result"].to_string().contains("What is known."), "{answer}");
    // It is another package's to rename.
    let answer = editor.ask("textDocument/prepareRename", at(&uri, text, "known(r)")).await;
    assert!(answer["result"].is_null(), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_late_is_told_how_many_tuples_there_are() {
    let (mut editor, _, uri, _) =
        open("late", json!({ "workspace": { "codeLens": { "refreshSupport": true } } })).await;
    // Everything that is said unasked is said before the first question.
    assert_eq!(editor.diagnostics(&uri, Some(1)).await, Vec::<Value>::new());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let document = json!({ "textDocument": { "uri": uri } });
    editor.ask("textDocument/codeLens", document.clone()).await;
    while !editor.heard.iter().any(|message| message["method"] == "workspace/codeLens/refresh") {
        let message = editor.receive().await;
        editor.heard.push(message);
    }
    let counted = async {
        loop {
            let lenses = editor.ask("textDocument/codeLens", document.clone()).await["result"].clone();
            let all = lenses.as_array().expect("lenses").clone();
            if all.iter().any(|lens| lens["command"]["title"] == "evaluate (1 tuple)") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), counted).await.expect("the counts come without an edit");
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_that_can_watches_files() {
    let can = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let (mut editor, _, _, _) = open("watched", can).await;
    let asked = loop {
        let message = if editor.heard.is_empty() { editor.receive().await } else { editor.heard.remove(0) };
        if message["method"] == "client/registerCapability" {
            break message;
        }
    };
    let registered = &asked["params"]["registrations"][0];
    assert_eq!(registered["method"], "workspace/didChangeWatchedFiles");
    assert!(registered["registerOptions"]["watchers"].as_array().is_some_and(|all| all.len() == 3), "{asked:#}");
    editor.send(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null })).await;
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hover_asks_for_its_counts_itself() {
    let (mut editor, _, uri, _) = open("hovered", json!({})).await;
    let mut last = String::new();
    for _ in 0..100 {
        let hover = editor.ask("textDocument/hover", at(&uri, POLICY, "kept(r) if")).await;
        last = hover["result"]["contents"]["value"].as_str().expect("words").to_owned();
        if last.contains("1 tuple in the model") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(last.contains("in each world, stratum ") && last.contains("1 tuple in the model"), "{last}");
    editor.end().await;
}
