//! How long the compiler takes: lex and parse, a cold check, the edited file's diagnostics after a keystroke.
//!
//! `cargo bench -p compiler --bench workspace -- [RULES] [EDITS]`; `… -- write RULES FOLDER` writes the policy that is
//! measured. Milliseconds on the wall, reading and what is said so at work; each figure says of what.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::disallowed_methods)]

mod policy;

use compiler::database::{Database, Info, Source};
use policy::{Dice, Module};
use std::time::{Duration, Instant};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [write, rules, folder] = words.as_slice()
        && write == "write"
    {
        return write_policy(rules.parse().expect("a number of rules"), folder);
    }
    let number = |at: usize, otherwise: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(otherwise);
    let (rules, edits) = (number(0, 10_000), number(1, 1_000));
    read();
    for rules in [rules / 4, rules / 2, rules] {
        let modules = policy::policy(rules, 33, 7);
        println!(
            "\n{rules} rules, {} modules, {} kB",
            modules.len(),
            modules.iter().map(|m| m.1.len()).sum::<usize>() / 1_000
        );
        cold(&modules, 1);
        cold(&modules, 2);
        keystrokes(&modules, edits);
        whole(&modules);
    }
}

fn write_policy(rules: usize, folder: &str) {
    let manifest =
        "[package]\nname = \"generated/policy\"\nversion = \"0.1.0\"\nedition = \"2026\"\nowner = \"nobody\"\n";
    let mut files = policy::policy(rules, 100, 7);
    files.push(("writ.toml".to_owned(), manifest.to_owned()));
    for (path, text) in files {
        let path = std::path::Path::new(folder).join(path);
        std::fs::create_dir_all(path.parent().expect("in the folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }
}

/// Lex alone, cut into items, parse, lay out.
fn read() {
    let text: String = policy::policy(50_000, 100, 7).into_iter().map(|(_, text)| text).collect();
    let speed = |what: &str, work: &mut dyn FnMut() -> usize| {
        let run = |_| {
            let before = busy();
            let wall = timed(&mut *work).0;
            match busy() - before {
                0 => wall,
                work => Duration::from_nanos(work),
            }
        };
        let best = (0..5).map(run).min().expect("five runs");
        println!("{what:<24}{:>7.1} MB/s of {} kB", text.len() as f64 / 1e6 / best.as_secs_f64(), text.len() / 1_000);
    };
    speed("lex", &mut || syntax::token::lex(&text).len());
    speed("lex and cut", &mut || syntax::chunk::cut(&text).len());
    speed("lex, cut and parse", &mut || syntax::parse_file(&text).chunks.len());
    speed("lay out", &mut || syntax::format::format(&text).len());
}

fn database(modules: &[Module]) -> Database {
    let package = program::Package { name: "generated/policy".to_owned(), version: "0.1.0".to_owned() };
    let mut database = Database::new(Info { package, owner: Some("nobody".to_owned()) });
    for (path, text) in modules {
        database.set_file(source(path, text));
    }
    database
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), module: path.trim_end_matches(".writ").replace('/', "."), text: text.to_owned() }
}

/// All reports and the program, from nothing.
fn cold(modules: &[Module], threads: usize) {
    let run = |_| {
        let (time, output) = timed(|| {
            let database = database(modules);
            let snapshot = database.snapshot();
            snapshot.prepare(threads);
            snapshot.compile()
        });
        let program = output.program.expect("the generated policy compiles");
        assert!(program.rules.len() > modules.len(), "{:?}", output.reports);
        time
    };
    let mut times: Vec<Duration> = (0..5).map(run).collect();
    times.sort_unstable();
    println!("{:<40}{:>9.1} ms median", format!("check and compile, cold, {threads} threads"), millis(times[2]));
}

fn keystrokes(modules: &[Module], edits: usize) {
    let mut database = database(modules);
    drop(database.snapshot().findings());
    let mut dice = Dice(11);
    let mut all: Vec<(&str, Duration)> = Vec::new();
    let mut broken = 0;
    let mut open = 0;
    let mut busy_for = 0;
    for turn in 0..edits {
        // Somebody stays in a file for a while.
        if turn % 50 == 0 {
            open = dice.below(modules.len());
        }
        let (path, text) = &modules[open];
        if turn % 50 == 0 {
            database.open_file(path);
            database.snapshot().reports(path);
        }
        let (what, typed) = edited(text, turn, &mut dice);
        let (start, busy_before) = (Instant::now(), busy());
        database.set_file(source(path, &typed));
        let reports = database.snapshot().reports(path);
        all.push((what, start.elapsed()));
        busy_for += busy() - busy_before;
        broken += usize::from(reports.iter().any(|report| report.severity() == compiler::diagnostic::Severity::Error));
        if turn % 50 == 49 {
            database.set_file(source(path, text));
        }
    }
    let mut kinds: Vec<&str> = all.iter().map(|(what, _)| *what).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let show = |what: &str, mut times: Vec<Duration>| {
        times.sort_unstable();
        let at = |share: usize| millis(times[(times.len() - 1) * share / 100]);
        println!("{what:<40}{:>9.2} ms median{:>9.2} p95{:>9.2} worst", at(50), at(95), at(100));
    };
    show(&format!("a keystroke, {broken} of {edits} broken"), all.iter().map(|(_, time)| *time).collect());
    println!("{:<40}{:>9.2} ms mean", "  at work", busy_for as f64 / edits as f64 / 1e6);
    for kind in kinds {
        show(&format!("  {kind}"), all.iter().filter(|(what, _)| *what == kind).map(|(_, time)| *time).collect());
    }
}

/// Nanoseconds that this thread was at work; 0 where nobody says.
fn busy() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// What only the whole package shows, after one rule's body and after a comment was typed.
fn whole(modules: &[Module]) {
    let mut database = database(modules);
    let (path, text) = &modules[modules.len() / 2];
    database.open_file(path);
    drop(database.snapshot().findings());
    for (what, from, to) in
        [("a literal", ";\n///", ", tag(r, \"typed\", _);\n///"), ("a comment", "\n\n", "\n// Why.\n\n")]
    {
        database.set_file(source(path, &text.replacen(from, to, 1)));
        let (time, found) = timed(|| database.snapshot().findings());
        assert!(found.is_some(), "{what} breaks nothing");
        println!("{:<40}{:>9.1} ms", format!("the whole package after {what}"), millis(time));
    }
}

/// A text after one edit: every other one breaks it.
fn edited(text: &str, turn: usize, dice: &mut Dice) -> (&'static str, String) {
    let item = |from: &str, dice: &mut Dice| {
        let places: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
        places[dice.below(places.len())]
    };
    if turn.is_multiple_of(2) {
        let mut at = dice.below(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let sign = dice.pick(&["(", "{", "\"", ";", ",", "if ", "x", ")", "}"]);
        return ("a sign anywhere", format!("{}{sign}{}", &text[..at], &text[at..]));
    }
    match dice.below(5) {
        0 => {
            let at = item("\n", dice);
            ("a comment line", format!("{}\n// Why it is so.{}", &text[..at], &text[at..]))
        }
        1 => {
            let at = item("\n\n", dice);
            let new = format!("\nrelation new{turn}(r: Resource);\nnew{turn}(r) if tag(r, \"new\", _);\n");
            ("a new relation", format!("{}{new}{}", &text[..=at], &text[at..]))
        }
        2 => {
            let at = item("pub relation", dice);
            let new = format!("pub relation seen{turn}(r: Resource);\n");
            ("a new public relation", format!("{}{new}{}", &text[..at], &text[at..]))
        }
        3 => {
            let at = item("(r: Resource);", dice);
            (
                "a column more",
                format!("{}(r: Resource, more: int);{}", &text[..at], &text[at + "(r: Resource);".len()..]),
            )
        }
        _ => {
            let at = item(";\n///", dice);
            ("a literal in a body", format!("{}, tag(r, \"typed\", _){}", &text[..at], &text[at..]))
        }
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
