//! A package that the tool refuses to read: the server says where, and answers nothing by what is left of it.

use crate::client::{Editor, folder};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const MANIFEST: &str = "[package]\nname = \"acme/test\"\nversion = \"1.0.0\"\nowner = \"team-ours\"\n";
const POLICY: &str = "pub relation kept(r: string);\nkept(\"a\");\n\npub relation all(r: string);\nall(r) if kept(r);\n\n\
                      test \"a is kept\" {\n    expect kept(\"a\");\n}\n";

/// What is done to a package that is right, the file where that is told and its line, and some of the words.
type Case = (&'static str, fn(&Path), &'static str, u64, &'static str);

fn put(root: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

fn depending(root: &Path, lines: &str) {
    put(root, "writ.toml", format!("{MANIFEST}\n[dependencies]\n{lines}\n"));
}

const CASES: &[Case] = &[
    ("named", |root| put(root, "my-denies.writ", "deny"), "my-denies.writ", 0, "the path is the module's name"),
    ("latin", |root| put(root, "more.writ", b"//! M\n// caf\xe9\n"), "more.writ", 1, "line 2 is not UTF-8"),
    ("wide", |root| put(root, "more.writ", b"\xff\xfe/\0/\0"), "more.writ", 0, "this is UTF-16"),
    ("below", |root| put(root, "a/std.b/more.writ", ""), "a/std.b/more.writ", 0, "the path is the module's name"),
    ("library", |root| put(root, "std/more.writ", ""), "std/more.writ", 0, "the standard library's name"),
    ("manifest", |root| put(root, "writ.toml", b"[package]\nname = \"\xe9\"\n"), "writ.toml", 0, "line 2 is not UTF-8"),
    ("field", |root| put(root, "writ.toml", format!("{MANIFEST}verzion = \"1\"\n")), "writ.toml", 4, "unknown field"),
    ("exports", |root| put(root, "writ.toml", format!("{MANIFEST}exports = [\"polcy\"]\n")), "writ.toml", 4, "`polcy`"),
    ("far", |root| depending(root, "\"acme/far\" = \"1\""), "writ.toml", 0, "there is no lock"),
    ("gone", |root| depending(root, "\"acme/gone\" = { path = \"gone\" }"), "writ.toml", 6, "gone"),
    (
        "taken",
        |root| {
            put(root, "lib/writ.toml", "[package]\nname = \"acme/lib\"\n");
            put(root, "lib/base.writ", "pub relation base(r: string);\nbase(\"a\");\n");
            put(root, "acme/lib/base.writ", "pub relation base(r: string);\nbase(\"b\");\n");
            depending(root, "\"acme/lib\" = { path = \"lib\" }");
        },
        "writ.toml",
        6,
        "has the name of a module of the package acme/lib",
    ),
    #[cfg(unix)]
    (
        "link",
        |root| std::os::unix::fs::symlink("nowhere", root.join("more.writ")).expect("a link"),
        "more.writ",
        0,
        "no such file",
    ),
    #[cfg(unix)]
    (
        "loop",
        |root| std::os::unix::fs::symlink(".", root.join("more.writ")).expect("a link"),
        "writ.toml",
        0,
        "this is no file",
    ),
];

/// A package that is wrong in one way.
fn wrong(group: &str, (name, spoil, ..): &Case) -> PathBuf {
    let root = folder(&format!("{group}-{name}"), &[("writ.toml", MANIFEST), ("policy.writ", POLICY)]);
    spoil(&root);
    root
}

fn uri(root: &Path, path: &str) -> String {
    format!("file://{}", root.join(path).display())
}

/// Asks everything that is answered by a package as a whole.
async fn asked(editor: &mut Editor, uri: &str) -> Vec<Value> {
    let mut answers = Vec::new();
    for (command, about) in [
        ("writ.test", json!({ "titles": ["a is kept"] })),
        ("writ.evaluate", json!({ "relation": "policy.all" })),
        ("writ.rule", json!({ "line": 5, "column": 1 })),
        ("writ.why", json!({ "atom": "all(\"a\")" })),
    ] {
        let mut about = about;
        about["uri"] = uri.into();
        let params = json!({ "command": command, "arguments": [about] });
        answers.push(editor.ask("workspace/executeCommand", params).await);
    }
    answers
}

fn is_told(found: &[Value], line: u64, words: &str) -> bool {
    let told = |one: &Value| {
        one["severity"] == 1
            && one["range"]["start"]["line"] == line
            && one["message"].as_str().is_some_and(|message| message.contains(words))
    };
    found.iter().any(told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_by_a_part_of_a_package() {
    for case @ (name, _, path, line, words) in CASES {
        let root = wrong("part", case);
        let (mut editor, _) = Editor::able(json!({}), Vec::new()).await;
        let policy = uri(&root, "policy.writ");
        editor.open(&policy, 1, POLICY).await;
        for answer in asked(&mut editor, &policy).await {
            let said = answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{name}: {answer:#}"));
            assert!(said.contains(words), "{name}: {said}");
        }
        while !is_told(&editor.diagnostics(&uri(&root, path), None).await, *line, words) {}
        // An editor shows such a file as well as it can: that it is open mends nothing.
        if *path != "writ.toml" {
            editor.open(&uri(&root, path), 3, "// Shown.\n").await;
            while !is_told(&editor.diagnostics(&uri(&root, path), Some(3)).await, *line, words) {}
            let answers = asked(&mut editor, &policy).await;
            assert!(answers.iter().all(|answer| answer["error"].is_object()), "{name}: {answers:#?}");
        }
        // Mended, it is answered again.
        let _ = std::fs::remove_file(root.join(path));
        let _ = std::fs::remove_file(root.join("more.writ"));
        let _ = std::fs::remove_dir_all(root.join("acme"));
        put(&root, "writ.toml", MANIFEST);
        for path in [*path, "policy.writ"] {
            editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri(&root, path) } })).await;
        }
        editor.open(&policy, 2, POLICY).await;
        let answers = asked(&mut editor, &policy).await;
        assert!(
            answers[0]["result"]["text"].as_str().is_some_and(|text| text.starts_with("passed")),
            "{name}: {answers:#?}"
        );
        assert!(answers.iter().all(|answer| answer["error"].is_null()), "{name}: {answers:#?}");
        editor.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_that_cannot_be_read_is_told_before_it_is_opened() {
    // One of each way to be told.
    let some = ["latin", "library", "far"];
    for case @ (name, _, path, line, words) in CASES.iter().filter(|case| some.contains(&case.0)) {
        let root = wrong("unopened", case);
        let folders = json!([{ "uri": uri(&root, ""), "name": name }]);
        let (mut editor, _) = Editor::working(json!({}), folders.clone()).await;
        while !is_told(&editor.diagnostics(&uri(&root, path), None).await, *line, words) {}
        editor.end().await;
        // So it is to an editor that asks.
        let (mut editor, _) = Editor::working(json!({ "textDocument": { "diagnostic": {} } }), folders).await;
        for opened in [false, true] {
            if opened {
                editor.open(&uri(&root, "policy.writ"), 1, POLICY).await;
            }
            let found = editor.ask("workspace/diagnostic", json!({ "previousResultIds": [] })).await;
            let items = found["result"]["items"].as_array().unwrap_or_else(|| panic!("{name}: {found:#}"));
            let here = items.iter().find(|one| one["uri"] == uri(&root, path));
            let here = here.and_then(|one| one["items"].as_array()).unwrap_or_else(|| panic!("{name}: {found:#}"));
            assert!(is_told(here, *line, words), "{name}: {found:#}");
        }
        editor.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_never_saved_counts_too() {
    let root = folder("unsaved", &[("writ.toml", MANIFEST), ("policy.writ", POLICY)]);
    let (mut editor, _) = Editor::able(json!({}), Vec::new()).await;
    let (policy, other) = (uri(&root, "policy.writ"), uri(&root, "my-denies.writ"));
    editor.open(&policy, 1, POLICY).await;
    editor.open(&other, 1, "deny").await;
    while !is_told(&editor.diagnostics(&other, Some(1)).await, 0, "the path is the module's name") {}
    let answers = asked(&mut editor, &policy).await;
    assert!(answers.iter().all(|answer| answer["error"].is_object()), "{answers:#?}");
    editor.end().await;
}

/// Who is asked when nobody else has the right to decide is the manifest's to say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_is_run_under_the_package_s_own_manifest() {
    let policy = "use std.state.kind;\nuse std.intent.covered;\nuse std.authority.accountable;\n\n\
                  blueprint asked() {\n    escalate odd(r) \"{r} is odd\" to accountable(r) if covered(r), kind(r, \"odd\");\n}\n\n\
                  intent shop \"A shop\" {\n    cover r if kind(r, \"odd\");\n    apply asked();\n}\n\n\
                  test \"who is asked\" {\n    given { kind(\"a\", \"odd\"); }\n    change { update \"a\" { kind(\"a\", \"odd\"); } }\n    \
                  expect escalate shop/asked.odd(\"a\") to \"team-ours\";\n}\n";
    let root = folder("owner", &[("writ.toml", MANIFEST), ("policy.writ", policy)]);
    let (mut editor, _) = Editor::able(json!({}), Vec::new()).await;
    let policy_uri = uri(&root, "policy.writ");
    editor.open(&policy_uri, 1, policy).await;
    let about = json!({ "titles": ["who is asked"], "uri": policy_uri });
    let params = json!({ "command": "writ.test", "arguments": [about] });
    let answer = editor.ask("workspace/executeCommand", params).await;
    assert!(answer["result"]["text"].as_str().is_some_and(|text| text.starts_with("passed")), "{answer:#}");
    editor.end().await;
}
