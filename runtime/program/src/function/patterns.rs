//! `std.regex` and `std.glob`: texts against patterns, in time linear in the text.
//!
//! A pattern that is written out in a rule is looked at when the rule is compiled; one that a fact brings and that
//! cannot be read makes the call unknown.

use super::{Function, PARTIAL, Pattern, Signature, TOTAL, short, text};
use crate::Value;
use globset::GlobBuilder;
use regex::{Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::thread::LocalKey;

/// Bytes that a compiled pattern may take, and of a pattern's text.
const COMPILED: usize = 1 << 20;
const WRITTEN: usize = 4_096;
/// Parts that a call may find.
const FOUND: usize = 10_000;

const REGEX: Pattern = Pattern { parameter: 1, read: |pattern| regex(pattern).map(|_| ()), enough: false };
const REGEX_ALONE: Pattern = Pattern { enough: true, ..REGEX };
const GLOB: Pattern = Pattern { parameter: 1, read: |pattern| glob(pattern).map(|_| ()), enough: true };

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature {
        function: Function::RegexMatches,
        name: "std.regex.matches",
        parameters: &["text", "pattern"],
        overloads: &[&["string", "string", "bool"]],
        docs: "Whether the pattern is found anywhere in the text; `^` and `$` hold it to the ends. The syntax is that of RE2: no look-around, no back references. `\\\\d` in a text of Writ is `\\d`.",
        examples: &[
            ("regex.matches(\"db-prod-1\", \"^db-[a-z]+-[0-9]$\")", "true"),
            ("regex.matches(\"a\\nb\", \"^b\")", "false"),
            ("regex.matches(\"a\", str.format(\"{}\", \"(\"))", "unknown"),
        ],
        pattern: Some(REGEX_ALONE),
        run: |a| Some(Value::Bool(kept_regex(a)?.is_match(text(a, 0)?))),
        ..PARTIAL
    },
    Signature {
        function: Function::RegexFindAll,
        name: "std.regex.find_all",
        parameters: &["text", "pattern"],
        overloads: &[&["string", "string", "[string]"]],
        docs: "What the pattern finds, one after the other; unknown where that is more than 10,000 parts.",
        examples: &[
            ("regex.find_all(\"a1b22\", \"[0-9]+\")", "[\"1\", \"22\"]"),
            ("regex.find_all(\"ab\", \"[0-9]\")", "[]"),
        ],
        pattern: Some(REGEX),
        run: |a| few(kept_regex(a)?.find_iter(text(a, 0)?).map(|found| Value::text(found.as_str()))),
        ..PARTIAL
    },
    Signature {
        function: Function::RegexCaptures,
        name: "std.regex.captures",
        parameters: &["text", "pattern"],
        overloads: &[&["string", "string", "[string]"]],
        docs: "The groups of the first place where the pattern is found, the whole of it first; a group that took no part is `\"\"`. `[]` where it is not found.",
        examples: &[
            ("regex.captures(\"arn:aws:s3:::logs\", \"^arn:([^:]*):([^:]*):\")", "[\"arn:aws:s3:\", \"aws\", \"s3\"]"),
            ("regex.captures(\"x\", \"(y)\")", "[]"),
        ],
        pattern: Some(REGEX_ALONE),
        run: |a| {
            let found = kept_regex(a)?.captures(text(a, 0)?).into_iter().flat_map(|groups| {
                groups.iter().map(|g| Value::text(g.map_or("", |g| g.as_str()))).collect::<Vec<_>>()
            });
            Some(Value::List(found.collect()))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::RegexReplace,
        name: "std.regex.replace",
        parameters: &["text", "pattern", "replacement"],
        overloads: &[&["string", "string", "string", "string"]],
        docs: "The text with every place where the pattern is found replaced; `$1` or `${name}` stands for a group, `$$` for a dollar sign. A name goes as far as letters, digits and `_` do: write `${1}x` where an `x` follows. A group that the pattern does not have is empty. Unknown beyond 1 MiB.",
        examples: &[("regex.replace(\"a-1\", \"([a-z])-([0-9])\", \"$2$1\")", "\"1a\"")],
        pattern: Some(REGEX),
        run: |a| {
            let (regex, whole, replacement) = (kept_regex(a)?, text(a, 0)?, text(a, 2)?);
            let (mut out, mut end) = (String::new(), 0);
            for found in regex.captures_iter(whole) {
                let all = found.get(0)?;
                out.push_str(&whole[end..all.start()]);
                // Each dollar sign begins at most one reference, which gives at most what was found.
                let given = replacement.matches('$').count().checked_mul(all.len())?;
                short(out.len().checked_add(replacement.len())?.checked_add(given)?)?;
                found.expand(replacement, &mut out);
                end = all.end();
            }
            out.push_str(&whole[end..]);
            short(out.len())?;
            Some(Value::text(out))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::RegexSplit,
        name: "std.regex.split",
        parameters: &["text", "pattern"],
        overloads: &[&["string", "string", "[string]"]],
        docs: "The parts between the places where the pattern is found; unknown where they are more than 10,000.",
        examples: &[("regex.split(\"a, b;c\", \"[,;] *\")", "[\"a\", \"b\", \"c\"]")],
        pattern: Some(REGEX),
        run: |a| few(kept_regex(a)?.split(text(a, 0)?).map(Value::text)),
        ..PARTIAL
    },
    Signature {
        function: Function::GlobMatches,
        name: "std.glob.matches",
        parameters: &["text", "pattern"],
        overloads: &[&["string", "string", "bool"]],
        docs: "Whether the whole text is of the pattern, read as a path: `*` and `?` stand for what holds no `/`, `**` for any folders, `[a-z]` for one character of those, `[!a-z]` for one of the others, a `/` among them, `{a,b}` for either, and `\\` before a sign for the sign itself.",
        examples: &[
            ("glob.matches(\"modules/net/main.tf\", \"modules/**/*.tf\")", "true"),
            ("glob.matches(\"modules/net/main.tf\", \"modules/*.tf\")", "false"),
            ("glob.matches(\"db.prod\", \"db.{prod,test}\")", "true"),
            ("glob.matches(\"é\", \"?\")", "true"),
        ],
        pattern: Some(GLOB),
        run: |a| Some(Value::Bool(kept_glob(a)?.is_match(text(a, 0)?))),
        ..PARTIAL
    },
    Signature {
        function: Function::GlobLike,
        name: "std.glob.like",
        parameters: &["text", "pattern"],
        overloads: &[&["string", "string", "bool"]],
        docs: "Whether the whole text is of the pattern, in which `*` stands for any characters, `?` for one, and all others for themselves: as IAM policies and ARNs have it.",
        examples: &[
            ("glob.like(\"arn:aws:s3:::logs/a/b\", \"arn:aws:s3:::logs/*\")", "true"),
            ("glob.like(\"a\", \"[a]\")", "false"),
        ],
        run: |a| Some(Value::Bool(like(text(a, 0)?, text(a, 1)?))),
        ..TOTAL
    },
];

fn regex(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > WRITTEN {
        return Err(format!("it has more than {WRITTEN} bytes"));
    }
    let built = RegexBuilder::new(pattern).size_limit(COMPILED).dfa_size_limit(COMPILED).nest_limit(50).build();
    // The last line of the library's words says what is wrong; those before draw the pattern.
    built.map_err(|fault| {
        let text = fault.to_string();
        let last = text.lines().last().unwrap_or_default();
        last.strip_prefix("error: ").unwrap_or(last).to_owned()
    })
}

fn glob(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > WRITTEN {
        return Err(format!("it has more than {WRITTEN} bytes"));
    }
    let built = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
    let of_bytes = built.map_err(|fault| fault.kind().to_string())?;
    let built =
        RegexBuilder::new(&of_characters(of_bytes.regex())).size_limit(COMPILED).dot_matches_new_line(true).build();
    built.map_err(|fault| fault.to_string())
}

/// The crate's expression matches bytes, and writes those beyond ASCII as `\xc3\xa9`: `?` and `[…]` would stand for a part
/// of a character.
fn of_characters(regex: &str) -> String {
    let (mut out, mut rest) = (String::new(), regex.strip_prefix("(?-u)").unwrap_or(regex));
    while let Some(next) = rest.chars().next() {
        let mut bytes = Vec::new();
        while let Some(byte) = rest.strip_prefix("\\x").and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok()) {
            bytes.push(byte);
            rest = &rest[4..];
        }
        if !bytes.is_empty() {
            out += &String::from_utf8_lossy(&bytes);
            continue;
        }
        // What is escaped stays so: behind a backslash of the pattern an `x` is a letter.
        let length =
            if next == '\\' { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) } else { next.len_utf8() };
        out += &rest[..length];
        rest = &rest[length..];
    }
    out
}

thread_local! {
    static REGEXES: RefCell<BTreeMap<String, Option<Regex>>> = const { RefCell::new(BTreeMap::new()) };
    static GLOBS: RefCell<BTreeMap<String, Option<Regex>>> = const { RefCell::new(BTreeMap::new()) };
}

fn kept_regex(arguments: &[Value]) -> Option<Regex> {
    of(&REGEXES, arguments, regex)
}

fn kept_glob(arguments: &[Value]) -> Option<Regex> {
    of(&GLOBS, arguments, glob)
}

fn of<T: Clone>(
    store: &'static LocalKey<RefCell<BTreeMap<String, Option<T>>>>,
    arguments: &[Value],
    build: fn(&str) -> Result<T, String>,
) -> Option<T> {
    kept(store, text(arguments, 1)?, |pattern| build(pattern).ok())
}

/// A list, unless it is too long.
fn few(parts: impl Iterator<Item = Value>) -> Option<Value> {
    let found: Vec<Value> = parts.take(FOUND + 1).collect();
    (found.len() <= FOUND).then(|| Value::List(found.into()))
}

/// Whether `*` and `?` of the pattern can stand for what the text holds.
///
/// Only the last `*` is ever tried again, so the time is at most the product of both lengths.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of, mut again) = (0, 0, None);
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                again = Some((of + 1, at));
                of += 1;
            }
            Some(c) if *c == '?' || *c == text[at] => (at, of) = (at + 1, of + 1),
            _ => match again {
                Some((star, from)) => {
                    again = Some((star, from + 1));
                    (of, at) = (star, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|c| *c == '*')
}

/// What a pattern is made into, kept for the next call: a rule asks with one pattern many times.
pub(super) fn kept<T: Clone>(
    store: &'static LocalKey<RefCell<BTreeMap<String, Option<T>>>>,
    pattern: &str,
    build: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    const KEPT: usize = 256;
    store.with_borrow_mut(|store| {
        if let Some(made) = store.get(pattern) {
            return made.clone();
        }
        if store.len() == KEPT {
            store.clear();
        }
        store.entry(pattern.to_owned()).or_insert_with(|| build(pattern)).clone()
    })
}
