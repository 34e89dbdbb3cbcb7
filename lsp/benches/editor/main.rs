//! How long an editor waits, measured at its end of the wire.
//!
//! `cargo bench -p lsp --bench editor -- [RULES] [EDITS]`. A generated package on disk; one file is open. Milliseconds on the
//! wall: median, 95th of a hundred, longest.
//! - *start*: from the first byte to the first diagnostics of the open file.
//! - *keystroke*: from a change to the diagnostics of that version; every second change breaks the file.
//! - *workspace*: from a change that breaks other files to the diagnostics of the last of them.
//! - *memory*: the resident set, after the start and after all edits.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::disallowed_methods)]

#[path = "../../../compiler/benches/workspace/policy.rs"]
mod policy;

use policy::Dice;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

struct NoModels;

impl lsp::Models for NoModels {
    fn load(&self, _: &Path, _: &BTreeMap<String, String>) -> Result<lsp::Loaded, String> {
        Ok(lsp::Loaded::nothing(0))
    }
}

struct Editor {
    to: WriteHalf<DuplexStream>,
    from: ReadHalf<DuplexStream>,
    asked: i64,
}

impl Editor {
    async fn send(&mut self, message: Value) {
        let text = message.to_string();
        let framed = format!("Content-Length: {}\r\n\r\n{text}", text.len());
        self.to.write_all(framed.as_bytes()).await.expect("the server reads");
    }

    async fn tell(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    async fn receive(&mut self) -> Value {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.from.read_u8().await.expect("the server writes"));
        }
        let head = String::from_utf8(head).expect("ASCII");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
        let mut body = vec![0; length.trim().parse().expect("a number")];
        self.from.read_exact(&mut body).await.expect("the server writes");
        serde_json::from_slice(&body).expect("JSON")
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        loop {
            let message = self.receive().await;
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    async fn diagnostics(&mut self, uri: &str, wanted: impl Fn(&Value) -> bool) {
        loop {
            let message = self.receive().await;
            let params = &message["params"];
            if message["method"] == "textDocument/publishDiagnostics" && params["uri"] == uri && wanted(params) {
                return;
            }
        }
    }
}

fn figures(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!("{name}: median {:.1} ms, p95 {:.1} ms, longest {:.1} ms of {}", at(50), at(95), at(100), times.len());
}

/// The resident set, in MB.
fn memory() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096 / 1_000_000
}

fn write(folder: &Path, rules: usize) -> Vec<(String, String)> {
    let manifest = "[package]\nname = \"generated/policy\"\nversion = \"0.1.0\"\n";
    let modules = policy::policy(rules, 33, 7);
    let _ = std::fs::remove_dir_all(folder);
    for (path, text) in modules.iter().map(|(p, t)| (p.as_str(), t.as_str())).chain([("writ.toml", manifest)]) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("in the folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }
    modules
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let number = |at: usize, otherwise: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(otherwise);
    let (rules, edits) = (number(0, 10_000), number(1, 1_000));
    let folder: PathBuf = std::env::temp_dir().join(format!("writ-bench-editor-{}", std::process::id()));
    let modules = write(&folder, rules);
    println!("{rules} rules in {} files", modules.len());
    let (path, text) = &modules[modules.len() / 2];
    let uri = format!("file://{}", folder.join(path).display());
    let (mine, theirs) = duplex(1 << 24);
    let (input, output) = split(theirs);
    let start = Instant::now();
    let server = tokio::spawn(lsp::run(input, output, Arc::new(NoModels)));
    let (from, to) = split(mine);
    let mut editor = Editor { to, from, asked: 0 };
    let capabilities = json!({ "general": { "positionEncodings": ["utf-8"] } });
    editor.ask("initialize", json!({ "capabilities": capabilities })).await;
    editor.tell("initialized", json!({})).await;
    let document = json!({ "uri": uri, "languageId": "writ", "version": 0, "text": text });
    editor.tell("textDocument/didOpen", json!({ "textDocument": document })).await;
    editor.diagnostics(&uri, |_| true).await;
    println!("start: {:.0} ms", start.elapsed().as_secs_f64() * 1000.0);
    // The whole was looked at once the quiet is over.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let at_start = memory();

    let mut dice = Dice(5);
    let lines: Vec<&str> = text.lines().collect();
    let rule_lines: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains(") if ")).collect();
    let (mut keystrokes, mut completions, mut hovers) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..edits {
        let line = rule_lines[dice.below(rule_lines.len())];
        let column = lines[line].find(" if ").map_or(0, |found| found + 4);
        let place = |character: usize| json!({ "line": line, "character": character });
        // One letter too many, and away again.
        let change = |from: usize, to: usize, new: &str| json!([{ "range": { "start": place(from), "end": place(to) }, "text": new }]);
        for (step, change) in [change(column, column, "("), change(column, column + 1, "")].into_iter().enumerate() {
            let version = 2 * turn + step + 1;
            let begin = Instant::now();
            let document = json!({ "uri": uri, "version": version });
            let params = json!({ "textDocument": document, "contentChanges": change });
            editor.tell("textDocument/didChange", params).await;
            editor.diagnostics(&uri, |params| params["version"] == version).await;
            keystrokes.push(begin.elapsed());
        }
        let at = json!({ "textDocument": { "uri": uri }, "position": place(column) });
        let begin = Instant::now();
        editor.ask("textDocument/completion", at.clone()).await;
        completions.push(begin.elapsed());
        let begin = Instant::now();
        editor.ask("textDocument/hover", at).await;
        hovers.push(begin.elapsed());
    }
    figures("keystroke, open file", keystrokes);
    figures("completion", completions);
    figures("hover", hovers);

    // The name that the next module uses goes, and comes back.
    let name = lines.iter().find_map(|line| line.strip_prefix("pub relation ")?.split('(').next()).expect("a name");
    let next = &modules[modules.len() / 2 + 1].0;
    let other = format!("file://{}", folder.join(next).display());
    let mut workspace = Vec::new();
    for turn in 0..(edits / 25).max(4) {
        let broken = turn % 2 == 0;
        let (declared, gone) = (format!("pub relation {name}("), "pub relation gone(");
        let now = if broken { text.replacen(&declared, gone, 1) } else { text.clone() };
        let version = 2 * edits + turn + 1;
        let begin = Instant::now();
        let params = json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": [{ "text": now }] });
        editor.tell("textDocument/didChange", params).await;
        editor
            .diagnostics(&other, |params| {
                let all = params["diagnostics"].as_array().map(Vec::as_slice).unwrap_or_default();
                // Warnings of the policy stay.
                all.iter().any(|one| one["severity"] == 1) == broken
            })
            .await;
        workspace.push(begin.elapsed());
    }
    figures("workspace, another file", workspace);
    println!("memory: {at_start} MB after the start, {} MB after {} edits", memory(), 2 * edits);
    editor.ask("shutdown", Value::Null).await;
    editor.tell("exit", Value::Null).await;
    let _ = server.await;
    let _ = std::fs::remove_dir_all(&folder);
}
