//! The other end of the server: an editor that says and asks message by message.

use packages::store::Store;
use program::{Digest, Fact, FactSource, Origin, SourceKind, Speaks, Value as Datum};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Packages that all have the same facts; their log is lines of a digest and a rule. Nothing was fetched before, whoever runs
/// this.
struct Facts {
    facts: Vec<Fact>,
    store: Store,
}

impl lsp::Models for Facts {
    fn load(&self, root: &Path, _: &BTreeMap<String, String>) -> Result<lsp::Loaded, String> {
        if std::fs::read(root.join("state.json")).is_ok_and(|bytes| bytes.is_empty()) {
            return Err(format!("error: the file is empty\n  --> {}", root.join("state.json").display()));
        }
        // What the command line reads a model from, modules and manifest among it.
        let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        Ok(lsp::Loaded { facts: self.facts.clone(), files, ..lsp::Loaded::nothing(1_893_456_000_000_000) })
    }

    fn store(&self) -> Store {
        self.store.clone()
    }

    fn manifest(&self, text: &str) -> Result<(), String> {
        packages::manifest::written("writ.toml", text).map(|_| ()).map_err(|failure| failure.to_string())
    }

    fn declares(&self, text: &str) -> bool {
        text.contains("[[source]]")
    }

    fn decisions(&self, root: &Path) -> Result<Vec<lsp::Decided>, String> {
        let log = std::fs::read_to_string(root.join(".writ/log/checkpoint")).unwrap_or_default();
        let decided = log.lines().filter_map(|line| line.split_once(' ')).map(|(digest, rule)| lsp::Decided {
            digest: digest.to_owned(),
            verdict: "deny".to_owned(),
            time: "2026-03-02T10:00Z".to_owned(),
            rules: vec![rule.to_owned()],
        });
        Ok(decided.collect())
    }

    fn example(&self, _: &Path, digest: &str) -> Result<String, String> {
        Ok(format!("test \"{digest}\" {{\n    expect allow;\n}}\n"))
    }
}

/// An editor at the other end of the server.
pub(crate) struct Editor {
    pub(crate) to: WriteHalf<DuplexStream>,
    pub(crate) from: ReadHalf<DuplexStream>,
    pub(crate) server: JoinHandle<u8>,
    pub(crate) asked: u64,
    /// Messages that came before an answer that was waited for.
    pub(crate) heard: Vec<Value>,
}

impl Editor {
    pub(crate) async fn start(encodings: &[&str]) -> (Editor, Value) {
        Editor::able(json!({ "general": { "positionEncodings": encodings } }), Vec::new()).await
    }

    /// An editor that can do this, and the facts that packages have.
    pub(crate) async fn able(capabilities: Value, facts: Vec<Fact>) -> (Editor, Value) {
        Editor::begun(json!({ "capabilities": capabilities }), facts).await
    }

    /// An editor that works in these folders.
    pub(crate) async fn working(capabilities: Value, folders: Value) -> (Editor, Value) {
        Editor::begun(json!({ "capabilities": capabilities, "workspaceFolders": folders }), Vec::new()).await
    }

    async fn begun(params: Value, facts: Vec<Fact>) -> (Editor, Value) {
        let (mine, theirs) = duplex(1 << 20);
        let (input, output) = split(theirs);
        static EDITORS: AtomicUsize = AtomicUsize::new(0);
        let store = folder(&format!("store-{}", EDITORS.fetch_add(1, Ordering::Relaxed)), &[]);
        let models = Facts { facts, store: Store::new(store) };
        let server = tokio::spawn(lsp::run(input, output, Arc::new(models)));
        let (from, to) = split(mine);
        let mut editor = Editor { to, from, server, asked: 0, heard: Vec::new() };
        let answer = editor.ask("initialize", params).await;
        editor.tell("initialized", json!({})).await;
        (editor, answer["result"].clone())
    }

    pub(crate) async fn send(&mut self, message: Value) {
        let text = message.to_string();
        let framed = format!("Content-Length: {}\r\n\r\n{text}", text.len());
        self.to.write_all(framed.as_bytes()).await.expect("the server reads");
    }

    pub(crate) async fn tell(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "jsonrpc": "2.0", "method": method, "id": self.asked });
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(message).await;
        loop {
            let answer = self.receive().await;
            if answer["id"] == self.asked && answer.get("method").is_none() {
                return answer;
            }
            self.heard.push(answer);
        }
    }

    pub(crate) async fn receive(&mut self) -> Value {
        let read = async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.from.read_u8().await.expect("the server writes"));
            }
            let head = String::from_utf8(head).expect("a header is ASCII");
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
            let mut body = vec![0; length.trim().parse().expect("a number")];
            self.from.read_exact(&mut body).await.expect("the server writes");
            serde_json::from_slice(&body).expect("JSON")
        };
        timeout(Duration::from_secs(20), read).await.expect("the server answers")
    }

    pub(crate) async fn open(&mut self, uri: &str, version: i32, text: &str) {
        let document = json!({ "uri": uri, "languageId": "writ", "version": version, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document })).await;
    }

    pub(crate) async fn change(&mut self, uri: &str, version: i32, changes: Value) {
        let document = json!({ "uri": uri, "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes })).await;
    }

    /// The diagnostics of a document at a version; those of older ones are passed over.
    pub(crate) async fn diagnostics(&mut self, uri: &str, version: Option<i32>) -> Vec<Value> {
        loop {
            let message = if self.heard.is_empty() { self.receive().await } else { self.heard.remove(0) };
            let params = &message["params"];
            let wanted = params["uri"] == uri && params["version"].as_i64() == version.map(i64::from);
            if message["method"] == "textDocument/publishDiagnostics" && wanted {
                return params["diagnostics"].as_array().expect("a list").clone();
            }
        }
    }

    /// Says good-bye; the server must be gone within a second although its input stays open.
    pub(crate) async fn end(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null).await["result"], Value::Null);
        self.tell("exit", Value::Null).await;
        let code = timeout(Duration::from_secs(1), self.server).await.expect("within a second").expect("no panic");
        assert_eq!(code, 0);
    }
}

pub(crate) fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&root);
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    root
}

/// A fact of the loaded model, of texts alone.
pub(crate) fn fact(relation: &str, words: &[&str]) -> Fact {
    let source = FactSource {
        name: "f".into(),
        kind: SourceKind::Facts,
        file: "facts.json".into(),
        speaks: Speaks::Built,
        rank: 0,
        observed_at: None,
        digest: Digest::of(b"").hex().into(),
        complete: true,
    };
    let tuple = words.iter().map(|word| Datum::text(*word)).collect();
    Fact { relation: relation.into(), tuple, origin: Origin { source: Arc::new(source), place: "1:1".into() } }
}
