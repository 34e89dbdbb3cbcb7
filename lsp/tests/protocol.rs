//! Documents in, diagnostics out.

use crate::client::{Editor, folder};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

const BROKEN: &str =
    "use std.state.{Resource, kind};\npub relation a(r: Resource);\na(r) if kind(r, \"é𝄞\"), kinds(r, _);\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_stands_alone_is_told_what_is_wrong() {
    for (encodings, named, start) in [(&["utf-16", "utf-8"][..], "utf-8", 27), (&[][..], "utf-16", 24)] {
        let (mut editor, answer) = Editor::start(encodings).await;
        assert_eq!(answer["capabilities"]["positionEncoding"], named);
        let uri = if encodings.is_empty() { "untitled:Untitled-1" } else { "untitled:policy.writ" };
        editor.open(uri, 1, BROKEN).await;
        let found = editor.diagnostics(uri, Some(1)).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(
            (&found[0]["code"], &found[0]["severity"], &found[0]["source"]),
            (&json!("W0101"), &json!(1), &json!("writ"))
        );
        assert_eq!(found[0]["range"]["start"], json!({ "line": 2, "character": start }));

        // One letter less, counted in the encoding agreed on.
        let range =
            json!({ "start": { "line": 2, "character": start + 4 }, "end": { "line": 2, "character": start + 5 } });
        editor.change(uri, 2, json!([{ "range": range, "text": "" }])).await;
        assert_eq!(editor.diagnostics(uri, Some(2)).await, Vec::<Value>::new());
        editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } })).await;
        assert_eq!(editor.diagnostics(uri, None).await, Vec::<Value>::new());
        editor.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsaved_text_counts_in_the_whole_package() {
    let base = "use std.state.Resource;\npub relation kept(r: Resource);\n";
    let root = folder(
        "package",
        &[
            ("writ.toml", "[package]\nname = \"acme/test\"\nversion = \"1.0.0\"\n"),
            ("base.writ", base),
            ("deep/rules.writ", "use base.kept;\nuse std.state.tag;\nkept(r) if tag(r, \"keep\", _);\n"),
            ("vendor/other.writ", "broken("),
        ],
    );
    let (mut editor, _) = Editor::start(&["utf-8"]).await;
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    editor
        .open(&uri("deep/rules.writ"), 1, "use base.kept;\nuse std.state.tag;\nkept(r) if tag(r, \"keep\", _);\n")
        .await;
    assert_eq!(editor.diagnostics(&uri("deep/rules.writ"), Some(1)).await, Vec::<Value>::new());

    // The other file, opened and changed, not saved.
    editor.open(&uri("base.writ"), 1, base).await;
    assert_eq!(editor.diagnostics(&uri("base.writ"), Some(1)).await, Vec::<Value>::new());
    editor.change(&uri("base.writ"), 2, json!([{ "text": base.replace("kept", "held") }])).await;
    while !editor.diagnostics(&uri("deep/rules.writ"), Some(1)).await.iter().any(|found| found["code"] == "W0105") {}

    // Closed without saving: the file on disk counts again.
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri("base.writ") } })).await;
    while !editor.diagnostics(&uri("deep/rules.writ"), Some(1)).await.is_empty() {}
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_file_is_wrong_nothing_old_is_said_of_one_that_changed() {
    let idle = "use std.state.{Resource, config, kind};\npub relation one(r: Resource);\none(r) if kind(r, \"a\");\n";
    let other = "use std.state.{Resource, kind, tag};\npub relation two(r: Resource);\ntwo(r) if kind(r, \"b\");\n";
    let manifest = "[package]\nname = \"acme/test\"\nversion = \"1.0.0\"\n";
    let root = folder("outdated", &[("writ.toml", manifest), ("one.writ", idle), ("two.writ", other)]);
    let (mut editor, _) = Editor::start(&["utf-8"]).await;
    let uri = |path: &str| format!("file://{}", root.join(path).display());
    let codes = |found: Vec<Value>| found.iter().map(|one| one["code"].clone()).collect::<Vec<_>>();
    editor.open(&uri("one.writ"), 1, idle).await;
    editor.open(&uri("two.writ"), 1, other).await;
    while codes(editor.diagnostics(&uri("one.writ"), Some(1)).await) != [json!("W0707")] {}
    // One that is being written keeps what was known of it, and so do the others.
    editor.change(&uri("two.writ"), 2, json!([{ "text": other.replace("kind(r, \"b\");", "(((") }])).await;
    while !codes(editor.diagnostics(&uri("two.writ"), Some(2)).await).contains(&json!("W0707")) {}
    while codes(editor.diagnostics(&uri("one.writ"), Some(1)).await) != [json!("W0707")] {}
    tokio::time::sleep(Duration::from_millis(600)).await;
    // What is imported is used now.
    editor.change(&uri("one.writ"), 2, json!([{ "text": idle.replace("\"a\")", "\"a\"), config(r, _)") }])).await;
    assert_eq!(codes(editor.diagnostics(&uri("one.writ"), Some(2)).await), Vec::<Value>::new());
    editor.change(&uri("two.writ"), 3, json!([{ "text": other }])).await;
    while codes(editor.diagnostics(&uri("two.writ"), Some(3)).await) != [json!("W0707")] {}
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_edits_ends_at_the_last_one() {
    let (mut editor, _) = Editor::start(&["utf-8"]).await;
    let uri = "untitled:burst.writ";
    editor.open(uri, 0, "relation a(x: int);\n").await;
    for version in 1..=300 {
        let end = json!({ "line": version, "character": 0 });
        let text = format!("a({version}){}\n", if version == 300 { "" } else { ";" });
        editor.change(uri, version, json!([{ "range": { "start": end, "end": end }, "text": text }])).await;
    }
    let found = editor.diagnostics(uri, Some(300)).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((&found[0]["code"], &found[0]["range"]["start"]["line"]), (&json!("W0001"), &json!(300)));
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_text_is_taken() {
    let (mut editor, _) = Editor::start(&[]).await;
    let uri = "untitled:any.writ";
    editor.open(uri, 1, "").await;
    assert_eq!(editor.diagnostics(uri, Some(1)).await, Vec::<Value>::new());
    let texts =
        ["blueprint b() {", "\u{feff}\r\n\r", "é\"", "a(", "}}}}", "intent i \"x\" { owner }", "test \"t\" { expect }"];
    for (version, text) in (2..).zip(texts) {
        editor.change(uri, version, json!([{ "text": text }])).await;
        editor.diagnostics(uri, Some(version)).await;
    }
    let wild = json!({ "start": { "line": 99, "character": 99 }, "end": { "line": 0, "character": 0 } });
    editor.change(uri, 90, json!([{ "range": wild, "text": "a(1);" }])).await;
    editor.diagnostics(uri, Some(90)).await;
    // What no package has may be called anything; a module of a package is named by its file.
    editor.open("untitled:my-policy.writ", 1, "").await;
    assert_eq!(editor.diagnostics("untitled:my-policy.writ", Some(1)).await, Vec::<Value>::new());
    let root = folder("unnamed", &[("writ.toml", "[package]\nname = \"acme/test\"\nversion = \"1.0.0\"\n")]);
    let uri = format!("file://{}", root.join("my-policy.writ").display());
    editor.open(&uri, 1, "").await;
    let found = editor.diagnostics(&uri, Some(1)).await;
    assert!(found[0]["message"].as_str().is_some_and(|message| message.contains("the path is the module's name")));
    editor.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_that_is_gone_ends_the_server() {
    let (editor, _) = Editor::start(&[]).await;
    let Editor { to, from, server, .. } = editor;
    let _ = from.unsplit(to);
    let code = timeout(Duration::from_secs(1), server).await.expect("within a second").expect("no panic");
    assert_eq!(code, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_laid_out() {
    let (mut editor, answer) = Editor::start(&[]).await;
    assert_eq!(answer["capabilities"]["documentRangeFormattingProvider"], true);
    editor.open("untitled:a", 1, "a(\"𝄞\" );\n").await;
    let end = json!({ "line": 1, "character": 0 });
    editor.change("untitled:a", 2, json!([{ "range": { "start": end, "end": end }, "text": "b( 1);\nc( ;" }])).await;
    let edit = |line: u32, from: u32, to: u32| {
        let place = |character: u32| json!({ "line": line, "character": character });
        json!({ "range": { "start": place(from), "end": place(to) }, "newText": "" })
    };
    let document = json!({ "uri": "untitled:a" });
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let answer = editor.ask("textDocument/formatting", json!({ "textDocument": document, "options": options })).await;
    assert_eq!(answer["result"], json!([edit(0, 6, 7), edit(1, 2, 3)]));
    let range = json!({ "start": end, "end": end });
    let params = json!({ "textDocument": document, "range": range, "options": options });
    let answer = editor.ask("textDocument/rangeFormatting", params).await;
    assert_eq!(answer["result"], json!([edit(1, 2, 3)]));
    editor.end().await;
}
