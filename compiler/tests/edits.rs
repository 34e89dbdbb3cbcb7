//! Random edits, and everything that an editor asks of the texts held against a database that was never edited.
//!
//! `WRIT_EDITS` says how many; a hundred otherwise. Most edits break something: what is broken is asked about too.

#![allow(clippy::disallowed_methods, reason = "the variable says how many edits")]

use compiler::database::{Database, Info, Snapshot, Source};
use compiler::ide::completion::{Seen, completion};
use compiler::ide::{actions, folding, hints, hover, lenses, navigation, rename, signature, symbols, tokens};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A source of numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end.max(1)
    }
}

const OTHER: &str = "use policy.recoverable;
use std.state.{Resource, kind, tag};

pub enum Size { small, big }

pub relation sized(r: Resource, size: Size);
sized(r, \"big\") if kind(r, \"database\");
sized(r, \"small\") if kind(r, k), k != \"database\";

pub blueprint roomy(most: int = 3) {
    deny tight(r, n) \"{r} has {n} \\\"big\\\" ones\" if covered(r), n = count { x: sized(x, \"big\") }, n > most;
}

intent rooms \"Rooms\" {
    cover r if tag(r, \"system\", \"rooms\");
    owner \"team\";
    apply roomy(most: 5);
    apply recoverable(within: 1h) as strictly;
}

test \"a room\" {
    given { kind(\"r\", \"database\"); tag(\"r\", \"system\", \"rooms\"); }
    expect not deny rooms/roomy.tight(_, _);
}
";

fn files() -> BTreeMap<String, String> {
    BTreeMap::from([
        ("policy.writ".to_owned(), include_str!("../../examples/recoverability/policy.writ").to_owned()),
        ("other.writ".to_owned(), OTHER.to_owned()),
    ])
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), module: path.trim_end_matches(".writ").to_owned(), text: text.to_owned() }
}

fn database(files: &BTreeMap<String, String>) -> Database {
    let package = program::Package { name: "acme/test".to_owned(), version: "1.0.0".to_owned() };
    let mut database = Database::new(Info { package, owner: None });
    files.iter().for_each(|(path, text)| database.set_file(source(path, text)));
    database
}

/// The nearest place between two characters.
fn place(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn edit(text: &mut String, dice: &mut Dice) {
    const PIECES: [&str; 20] = [
        ";",
        "(",
        ")",
        "{",
        "}",
        "\"",
        ", ",
        " if ",
        "not ",
        "r",
        "k",
        "é𝄞",
        "\n",
        "kind(r, k)",
        "\nrelation made(r: Resource);\n",
        "\nmade(r) if kind(r, \"x\");\n",
        "before.",
        "std.state.",
        "@allow(W0702)\n",
        "// words\n",
    ];
    let at = place(text, dice.below(text.len() + 1));
    match dice.below(4) {
        0 => {
            let end = place(text, at + dice.below(20));
            text.replace_range(at..end.max(at), "");
        }
        1 => {
            let words: Vec<&str> =
                text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
            let word = words.get(dice.below(words.len())).copied().unwrap_or("x").to_owned();
            text.insert_str(at, &word);
        }
        2 => {
            let line = text.lines().nth(dice.below(text.lines().count())).unwrap_or_default().to_owned();
            let start = text[..at].rfind('\n').map_or(0, |found| found + 1);
            text.insert_str(start, &(line + "\n"));
        }
        _ => text.insert_str(at, PIECES[dice.below(PIECES.len())]),
    }
}

/// Everything that is known, in words.
fn known(snapshot: &Snapshot, path: &str, offset: usize, whole: bool) -> String {
    let mut out = String::new();
    let text = snapshot.text(path).unwrap_or_default();
    let reports = snapshot.reports(path);
    let _ = write!(out, "{reports:?}{:?}{:?}", snapshot.findings(), tokens::tokens(snapshot, path, None));
    let _ = write!(out, "{:?}{:?}", symbols::of_document(snapshot, path), lenses::lenses(snapshot, path));
    let _ = write!(out, "{:?}{:?}", hints::hints(snapshot, path, 0..text.len()), folding::folds(snapshot, path));
    let _ = write!(
        out,
        "{:?}{:?}",
        hover::hover(snapshot, path, offset),
        navigation::references(snapshot, path, offset, true)
    );
    let _ = write!(
        out,
        "{:?}{:?}",
        signature::signature(snapshot, path, offset),
        folding::selection(snapshot, path, offset)
    );
    let _ = write!(out, "{:?}", actions::actions(snapshot, path, offset..place(text, offset + 30), &reports));
    let _ = write!(out, "{:?}", rename::rename(snapshot, path, offset, "renamed"));
    let _ = write!(out, "{:?}", completion(snapshot, path, offset, &Seen::new()));
    if whole {
        let output = snapshot.check();
        let _ = write!(out, "{:?}{:?}{:?}", output.program, output.tests, output.reports);
    }
    out
}

#[test]
fn an_edited_database_knows_what_a_new_one_does() {
    let edits = std::env::var_os("WRIT_EDITS").and_then(|n| n.to_str()?.parse().ok()).unwrap_or(100);
    let (mut texts, mut dice) = (files(), Dice(11));
    let mut edited = database(&texts);
    texts.keys().for_each(|path| edited.open_file(path));
    for turn in 0..edits {
        let path = if dice.below(3) == 0 { "other.writ" } else { "policy.writ" };
        // Every few edits all is as it was, so that whole programs are compared too.
        if turn % 20 == 19 {
            texts = files();
            texts.iter().for_each(|(path, text)| edited.set_file(source(path, text)));
        } else {
            let text = texts.get_mut(path).expect("a file");
            edit(text, &mut dice);
            edited.set_file(source(path, text));
        }
        let offset = place(&texts[path], dice.below(texts[path].len() + 1));
        let whole = turn % 20 == 19;
        let (now, new) =
            (known(&edited.snapshot(), path, offset, whole), known(&database(&texts).snapshot(), path, offset, whole));
        if now != new {
            let at = now.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
            let around = |text: &str| text[place(text, at.saturating_sub(200))..place(text, at + 200)].to_owned();
            panic!(
                "edit {turn} of {path}, at {offset}:\n{}\n--- edited\n{}\n--- new\n{}",
                texts[path],
                around(&now),
                around(&new)
            );
        }
    }
}
