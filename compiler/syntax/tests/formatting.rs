//! What the formatter promises of any text: the words, the comments and what is broken stay; twice is once.

#[path = "formatting/kept.rs"]
mod kept;
#[path = "formatting/texts.rs"]
mod texts;

use kept::kept;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use syntax::format::{apply, edits, edits_in, format};
use syntax::parse_file;
use syntax::token::{Token, lex};
use texts::{Chance, file, scatter};

/// A tree without its places.
fn meaning(tree: &impl std::fmt::Debug) -> String {
    let told = format!("{tree:?}");
    let mut parts = told.split("Span { start: ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once('}').map_or(part, |(_, rest)| rest));
    }
    out
}

/// What is broken in it, byte for byte.
fn broken(text: &str) -> Vec<&str> {
    let chunks = parse_file(text).chunks.into_iter().filter(|chunk| !chunk.errors.is_empty());
    chunks.map(|chunk| &text[chunk.start as usize..chunk.end as usize]).collect()
}

/// Two texts are one; else says where they part.
fn same(law: &str, one: &str, other: &str) {
    let part = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| {
        String::from_utf8_lossy(text.as_bytes().get(part.saturating_sub(99)..).unwrap_or_default())
            .chars()
            .take(250)
            .collect::<String>()
    };
    assert!(one == other, "{law}:\n--- {:?}\n+++ {:?}", around(one), around(other));
}

/// Whether a comment stands in front of the `;` that it will stand behind: until then its statement has a line of its own,
/// and from then on it may share one.
fn comment_before_semicolon(text: &str) -> bool {
    let words = lex(text).into_iter().map(|lexeme| lexeme.token).filter(|token| *token != Token::Whitespace);
    let words: Vec<Token> = words.collect();
    words
        .windows(2)
        .any(|pair| matches!(pair[0], Token::Comment | Token::Doc | Token::ModuleDoc) && pair[1] == Token::Semicolon)
}

fn holds(text: &str, place: (usize, usize)) {
    let once = format(text);
    let (left, right) = (kept(&once), kept(text));
    same("words", &left.0.join(" "), &right.0.join(" "));
    same("comments", &left.1.join("\n"), &right.1.join("\n"));
    same("what is broken", &broken(&once).join("\n"), &broken(text).join("\n"));
    let items = |text: &str| -> String {
        let chunks = parse_file(text).chunks.into_iter().filter(|chunk| chunk.errors.is_empty());
        chunks.map(|chunk| meaning(&chunk.item)).collect()
    };
    same("meaning", &items(&once), &items(text));
    same("twice is once", &format(&once), &once);

    let all = edits(text);
    assert_eq!(apply(text, &all), once);
    let whole = 0..u32::try_from(text.len()).expect("small");
    assert_eq!(edits_in(text, whole), all, "the whole range is the whole");
    let mut at = 0;
    for edit in &all {
        assert!(edit.range.start >= at && edit.range.start <= edit.range.end, "{all:?}");
        at = edit.range.end;
        let old = &text[edit.range.start as usize..edit.range.end as usize];
        assert_ne!(old, edit.text);
        for changed in [old, &edit.text] {
            assert!(changed.chars().all(|c| " \t\r\n,;\u{feff}".contains(c)), "{edit:?}");
        }
    }
    if comment_before_semicolon(text) {
        return;
    }
    let part = |at: usize| (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    let (from, to) = (part(place.0), part(place.0 + place.1));
    let range = u32::try_from(from).expect("small")..u32::try_from(to).expect("small");
    same("a range first", &format(&apply(text, &edits_in(text, range))), &once);
}

#[test]
fn what_is_generated_reads() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let words = file(&mut chance);
        let text = scatter(&words, &mut chance, 0);
        assert!(broken(&text).is_empty(), "{text}\n{:#?}", parse_file(&text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn laws_hold_of_files_that_read(seed: u64, wild in 0_usize..12, place in (0_usize..900, 0_usize..90)) {
        let mut chance = Chance(seed);
        let words = file(&mut chance);
        holds(&scatter(&words, &mut chance, wild), place);
    }

    #[test]
    fn laws_hold_of_broken_files(seed: u64, wild in 0_usize..12, place in (0_usize..900, 0_usize..90), bent in 0_usize..3) {
        let mut chance = Chance(seed);
        let mut words = file(&mut chance);
        for _ in 0..=bent {
            let at = chance.below(words.len());
            match chance.below(3) {
                0 => drop(words.remove(at)),
                1 => words.insert(at, ["(", "}", ";", "if", "relation", "\"", ",", "é"][chance.below(8)].to_owned()),
                _ => words.insert(at, "\nbroken( if ;\n".to_owned()),
            }
            if words.is_empty() {
                break;
            }
        }
        holds(&scatter(&words, &mut chance, wild), place);
    }

    #[test]
    fn laws_hold_of_any_text(text in "\\PC{0,60}", place in (0_usize..60, 0_usize..9)) {
        holds(&text, place);
    }

    #[test]
    fn line_ends_are_those_of_the_text(seed: u64, wild in 1_usize..12) {
        let mut chance = Chance(seed);
        let words = file(&mut chance);
        let text = scatter(&words, &mut chance, wild).replace("\r\n", "\n");
        let windows = text.replace('\n', "\r\n");
        if broken(&text).is_empty() && text.contains('\n') {
            prop_assert_eq!(format(&windows), format(&text).replace('\n', "\r\n"));
        }
    }
}

/// Writ files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "writ") {
            found.push(path);
        }
    }
}

fn house() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = Vec::new();
    for folder in ["stdlib", "examples", "cli/src/init"] {
        files(&root.join(folder), &mut paths);
    }
    paths.sort();
    let text = |path: &PathBuf| std::fs::read_to_string(path).expect("a file of the house");
    paths.into_iter().map(|path| (path.clone(), text(&path))).collect()
}

#[test]
fn the_house_is_in_its_own_style() {
    let house = house();
    assert!(house.len() > 20);
    for (path, text) in house {
        holds(&text, (100, 300));
        assert_eq!(format(&text), text, "{}: `writ fmt` it", path.display());
        let laid_out = |line: &&str| !line.trim_start().starts_with("//");
        assert!(
            text.lines().filter(laid_out).all(|line| line.chars().count() <= 120),
            "{}: a line is too long",
            path.display()
        );
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn laws_hold_of_the_samples() {
    let Some(data) = std::env::var_os("WRIT_DATA") else {
        eprintln!("1 skipped (no data)");
        return;
    };
    let mut paths = Vec::new();
    files(&Path::new(&data).join("../samples"), &mut paths);
    assert!(!paths.is_empty(), "no sample beside {}", Path::new(&data).display());
    for path in paths {
        holds(&std::fs::read_to_string(&path).expect("a sample"), (500, 90));
    }
}

fn check(text: &str, expect: &str) {
    assert_eq!(format(text), expect);
    holds(text, (0, 0));
}

#[test]
fn comments_stay_with_what_they_speak_of() {
    check(
        "a(x) // one\n  if // two\n  b(x) // three\n  , // four\n  c(x, // five\n    y) // six\n  ; // seven\n",
        "a(x) // one\n    if // two\n       b(x), // three\n       // four\n       c(\n           x, // five\n           y,\n       ); // six\n// seven\n",
    );
    check(
        "blueprint b(){// why\n\n\n// own\na(1);/// of b\nb(2);\n\n// last\n\n}",
        "blueprint b() { // why\n    // own\n    a(1);\n    /// of b\n    b(2);\n\n    // last\n}\n",
    );
    check("a(1) // x\n;b(", "a(1); // x\nb(");
    check("// nothing but this  ", "// nothing but this\n");
    check("\u{feff}\n\na(1) ;", "a(1);\n");
    check("", "");
}

#[test]
fn what_is_broken_stays_and_what_is_whole_does_not() {
    check("a( 1 );\n\n\n  b( (1 ;   // b\nc( 1 );\nd( 1 );", "a(1);\n\n\n  b( (1 ;   // b\nc(1);\nd(1);\n");
    assert_eq!(apply("a( 1 );\nb( 1 );", &edits_in("a( 1 );\nb( 1 );", 9..9)), "a( 1 );\nb(1);\n");
}
