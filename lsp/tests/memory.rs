//! A long session takes no more memory than a short one.
//!
//! `WRIT_EDITS` says how many edits; 3,000 otherwise. An hour at five keystrokes a second is 18,000. Each is a letter typed or
//! taken away somewhere in a policy, so that most texts were never there before; between them is asked what an editor asks.

#![allow(clippy::print_stdout, reason = "a test says what it measured")]
#![allow(clippy::disallowed_methods, reason = "the variable says how many edits")]

#[allow(dead_code, reason = "what the other exchanges need too")]
#[path = "client.rs"]
mod client;

use client::{Editor, folder};
use serde_json::{Value, json};

/// A source of numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end.max(1)
    }
}

/// The memory that this process has, in kB; `None` where the system does not say.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// What so many edits may cost, in kB: what the allocator scatters, and a name that is looked up outside every query.
fn room(edits: usize) -> usize {
    5_000 + edits / 2
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_typed_over_is_let_go() {
    let edits: usize = std::env::var_os("WRIT_EDITS").and_then(|n| n.to_str()?.parse().ok()).unwrap_or(3_000);
    let policy = include_str!("../../examples/recoverability/policy.writ");
    let manifest = "[package]\nname = \"acme/long\"\n";
    let root = folder("memory", &[("writ.toml", manifest), ("policy.writ", policy)]);
    let (mut editor, _) = Editor::start(&["utf-8"]).await;
    let uri = format!("file://{}", root.join("policy.writ").display());
    let document = json!({ "textDocument": { "uri": uri } });
    editor.open(&uri, 0, policy).await;
    let (mut dice, mut text) = (Dice(3), policy.to_owned());
    let (mut seen, mut answered) = (Vec::new(), 0);
    for turn in 1..=edits {
        let line = dice.below(text.lines().count());
        let width = text.lines().nth(line).map_or(0, str::len);
        let column = (0..=dice.below(width + 1))
            .rev()
            .find(|at| text.lines().nth(line).is_some_and(|l| l.is_char_boundary(*at)));
        let (column, letter) = (column.unwrap_or(0), ["r", "k", "(", ";", " "][dice.below(5)]);
        let place = json!({ "line": line, "character": column });
        editor
            .change(
                &uri,
                i32::try_from(turn).expect("few"),
                json!([{ "range": { "start": place, "end": place }, "text": letter }]),
            )
            .await;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        text.insert_str(start + column, letter);
        // Whoever types mends: the text stays a policy, mostly.
        if turn % 8 == 0 {
            text = policy.to_owned();
            editor.change(&uri, i32::try_from(turn).expect("few"), json!([{ "text": text }])).await;
        }
        let at = json!({ "textDocument": { "uri": uri }, "position": place });
        for (method, params) in [
            ("textDocument/hover", &at),
            ("textDocument/completion", &at),
            ("textDocument/semanticTokens/full", &document),
            ("textDocument/codeLens", &document),
        ] {
            if dice.below(4) == 0 {
                let answer = editor.ask(method, params.clone()).await;
                assert!(answer.get("error").is_none(), "{method} after {turn} edits: {answer}");
                answered += usize::from(!answer["result"].is_null());
            }
        }
        editor.heard.clear();
        if turn % (edits / 5).max(1) == 0 {
            seen.extend(resident());
        }
    }
    editor.ask("textDocument/documentSymbol", document).await;
    println!("{edits} edits: {} kB resident", seen.iter().map(usize::to_string).collect::<Vec<_>>().join(", "));
    assert!(answered > edits / 4, "of {edits} edits {answered} answers said anything");
    // What is filled once (the standard library, the first model) was filled in the first fifth.
    if let (Some(first), Some(last)) = (seen.first(), seen.last()) {
        assert!(last.saturating_sub(*first) < room(edits), "{seen:?}");
    }
    assert_eq!(editor.ask("shutdown", Value::Null).await["result"], Value::Null);
    editor.tell("exit", Value::Null).await;
}
