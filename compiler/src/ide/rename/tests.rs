//! The law of renaming, held over every name of a policy.

use super::*;
use crate::database::{Database, Source};
use crate::ide::fixture::{Fixture, POLICY};

/// The package's files.
fn texts(database: &Database) -> Vec<(String, String)> {
    let snapshot = database.snapshot();
    let paths: Vec<String> = snapshot.own_paths().map(str::to_owned).collect();
    paths.into_iter().map(|path| (path.clone(), snapshot.text(&path).expect("a file").to_owned())).collect()
}

fn write(database: &mut Database, sites: &[Site], new: &str) {
    for (path, mut text) in texts(database) {
        let mut here: Vec<&Site> = sites.iter().filter(|site| site.file == path).collect();
        here.sort_by_key(|site| site.range.start);
        here.iter().rev().for_each(|site| text.replace_range(site.range.clone(), new));
        let module = path.trim_end_matches(".writ").replace('/', ".");
        database.set_file(Source { path, module, text });
    }
}

/// The program with its tests, one name in place of the other wherever it is a whole word.
fn meaning(compiled: &str, from: &str, to: &str) -> String {
    let text = compiled;
    // What is cited are the author's words, whose places the longer name moves.
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        let digest = word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
        out.push_str(if word == from {
            to
        } else if digest {
            "#"
        } else {
            &word
        });
        word.clear();
        out.push(c);
    }
    out
}

fn compiled(database: &Database) -> String {
    let output = database.snapshot().compile();
    let program = output.program.unwrap_or_else(|| panic!("it compiles: {:?}", output.reports));
    let text = serde_json::to_string(&*program).expect("a program is data");
    text + &format!("{:?}", output.tests)
}

/// Renames every name of some files, or one in `each`.
///
/// - returns: how many.
fn renames(files: &str, each: usize) -> usize {
    let mut fixture = Fixture::new(files);
    let before = texts(&fixture.database);
    let base = compiled(&fixture.database);
    let mut seen = BTreeSet::new();
    let mut places: Vec<(String, usize)> = Vec::new();
    {
        let snapshot = fixture.snapshot();
        for path in snapshot.own_paths() {
            for piece in snapshot.pieces(path) {
                for mention in piece.mentions() {
                    let variable = matches!(mention.target, Target::Variable(_)).then_some((path, piece.start));
                    if seen.insert((variable.map(|(p, s)| (p.to_owned(), s)), mention.target.clone())) {
                        places.push((path.to_owned(), piece.start + mention.span.start as usize));
                    }
                }
            }
        }
    }
    let mut renamed = 0;
    for (path, offset) in places.into_iter().step_by(each) {
        let snapshot = fixture.snapshot();
        let Ok((_, old)) = prepare(&snapshot, &path, offset) else { continue };
        // It stands in the order of names where the old one stood.
        let new = format!("{old}_0");
        let sites = rename(&snapshot, &path, offset, &new).unwrap_or_else(|why| panic!("{old}: {why}"));
        assert!(!sites.is_empty(), "{old}");
        drop(snapshot);
        let meant = meaning(&base, &old, &new);
        write(&mut fixture.database, &sites, &new);
        let now = meaning(&compiled(&fixture.database), &old, &new);
        let differs = strip(&meant).bytes().zip(strip(&now).bytes()).position(|(a, b)| a != b);
        assert!(
            differs.is_none(),
            "{old} in {path}: {:?}",
            &strip(&now)[differs.unwrap_or(0).saturating_sub(99)..][..120]
        );
        let snapshot = fixture.snapshot();
        let first = sites.iter().find(|site| site.file == path).expect("its own place");
        let back =
            rename(&snapshot, &path, first.range.start, &old).unwrap_or_else(|why| panic!("back to {old}: {why}"));
        drop(snapshot);
        write(&mut fixture.database, &back, &old);
        assert_eq!(texts(&fixture.database), before, "{old}");
        renamed += 1;
    }
    renamed
}

/// Without places: a longer name moves what stands behind it.
fn strip(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = ["\"column\":", "column: ", "place: \""]
        .iter()
        .filter_map(|word| rest.find(word).map(|at| at + word.len()))
        .min()
    {
        out.push_str(&rest[..at]);
        rest = rest[at..].trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
    }
    out + rest
}

#[test]
fn a_renamed_policy_is_the_same_policy() {
    assert!(renames(POLICY, 2) > 10);
}

#[test]
fn a_name_is_renamed_in_every_module() {
    let files = "//- base.writ
use std.state.{Resource, kind};
pub enum Sort { one, two }
pub relation sort(r: Resource, sort: Sort);
sort(r, \"one\") if kind(r, \"a\");
//- other.writ
use base.sort;
use std.state.Resource;
pub relation first(r: Resource);
first(r) if sort(r, s), s == \"one\";
first(r) if base.sort(r, sort: \"two\");
";
    assert!(renames(files, 1) > 10);
}

#[test]
fn the_examples_keep_their_meaning() {
    let text = include_str!("../../../../examples/recoverability/policy.writ");
    assert!(renames(text, 7) > 4);
}

#[test]
fn what_would_change_the_meaning_is_refused() {
    let refused = |text: &str, new: &str| {
        let fixture = Fixture::new(text);
        rename(&fixture.snapshot(), &fixture.path, fixture.offset, new).err()
    };
    let stateful = POLICY.replacen("relation stateful", "relation state$0ful", 1);
    assert_eq!(refused(&stateful, "kept").as_deref(), Some("`policy` declares `kept` already"));
    assert_eq!(
        refused(&stateful, "kind").as_deref(),
        Some("`kind` means something else in an item that mentions the name")
    );
    assert_eq!(refused(&stateful, "tag").as_deref(), Some("`tag` means something else in `policy.writ`"));
    assert_eq!(refused(&stateful, "not").as_deref(), Some("`not` is a word of the language"));
    assert_eq!(
        refused(&stateful, "a b").as_deref(),
        Some("`a b` is no name: a letter or `_`, then letters, digits and `_`")
    );
    let variable = POLICY.replacen("stateful(k);", "stateful(k$0);", 1);
    assert_eq!(refused(&variable, "r").as_deref(), Some("`r` means something else in an item that mentions the name"));
    let library = POLICY.replacen("kind(r, k)", "ki$0nd(r, k)", 1);
    assert_eq!(refused(&library, "sort").as_deref(), Some("`std.state.kind` is the standard library's"));
    let broken = format!("{stateful}\nbroken(r) if stateful(;\n");
    assert_eq!(
        refused(&broken, "durable").as_deref(),
        Some("`policy.writ` has a syntax error beside the name: mend that first")
    );
}

#[test]
fn a_word_that_means_nothing_yet_keeps_the_name() {
    let text =
        "enum Le$0vel { low, high }\nrelation one(l: Level);\n//- b.writ\nuse policy.Level;\nrelation two(l: Level);\n";
    let fixture = Fixture::new(text);
    let said = rename(&fixture.snapshot(), &fixture.path, fixture.offset, "Grade").expect_err("it is not public");
    assert!(said.contains("has a `Level` that means nothing there"), "{said}");
}

/// An intent, and all that a rule and a test can call it by its name.
const INTENTS: &str = "use std.state.tag;
use std.intent.{Intent, covers};

enum Ring { inner, outer }
relation frozen(i: Intent);
frozen(\"orders\");
relation ring(i: Intent, ring: Ring);

intent orders \"Orders\" {
    cover r if tag(r, \"system\", \"orders\");
    owner \"team\";
    apply own();
}

blueprint own() {
    deny held(r) \"{r} is held\" if covered(r), covers(\"orders\", r), frozen(\"orders\");
    deny other(r, i) \"{r} is held by {i}\" if covered(r), covers(i, r), i in {\"orders\", \"none\"}, i != \"orders\";
}

test \"a ring\" {
    cases name, at { \"first\": \"orders\", \"inner\"; }
    given { frozen(name); ring(name, at); tag(\"db\", \"system\", \"orders\"); }
    expect frozen(name);
    expect ring(_, at);
    expect deny orders/own.held(\"db\");
}
";

#[test]
fn an_intent_is_renamed_where_it_is_a_value() {
    // The tag is another thing, of the same word.
    let text = INTENTS.replace("\"system\", \"orders\"", "\"system\", \"shop\"");
    let mut fixture = Fixture::new(&text.replacen("intent orders", "intent or$0ders", 1));
    let base = compiled(&fixture.database);
    let sites = rename(&fixture.snapshot(), &fixture.path, fixture.offset, "orders_0").expect("it may be");
    write(&mut fixture.database, &sites, "orders_0");
    let [meant, now] = [base, compiled(&fixture.database)].map(|text| strip(&meaning(&text, "orders", "orders_0")));
    assert_eq!(meant, now);
    let fixture = Fixture::new(&INTENTS.replacen("intent orders", "intent or$0ders", 1));
    let sites = rename(&fixture.snapshot(), &fixture.path, fixture.offset, "sales").expect("it may be");
    let lines: BTreeSet<usize> =
        sites.iter().map(|site| INTENTS[..site.range.start].matches('\n').count() + 1).collect();
    assert_eq!(lines, BTreeSet::from([6, 9, 16, 17, 21, 25]), "{sites:#?}");
}

#[test]
fn what_a_text_may_mean_is_not_renamed() {
    let check = |rule: &str, from: &str, says: Option<&str>| {
        let text = format!("{INTENTS}\nrelation told(r: string);\n{rule}\n").replacen(from, &format!("{from}$0"), 1);
        let fixture = Fixture::new(&text);
        let snapshot = fixture.snapshot();
        assert!(snapshot.compile().program.is_some(), "{rule}: {:?}", snapshot.compile().reports);
        let found = rename(&snapshot, &fixture.path, fixture.offset, "another").err();
        let expect = says.map(|text| {
            format!("`policy.writ` says \"{text}\", which may mean the name and would not be renamed with it")
        });
        assert_eq!(found, expect, "{rule} {from}");
    };
    let waiver = "told(n) if std.intent.instance(n, _, _), n == \"orders/own\";";
    check(waiver, "intent orders", Some("orders/own"));
    check(waiver, "blueprint own", Some("orders/own"));
    check(waiver, "deny held", None);
    let rule = "told(n) if tag(_, \"rule\", n), n == \"orders/own.held\";";
    check(rule, "intent orders", Some("orders/own.held"));
    check(rule, "deny held", Some("orders/own.held"));
    check(rule, "deny other", None);
    let made = "told(t) if frozen(i), t = str.format(\"{}\", i);";
    check(made, "intent orders", Some("orders"));
    let read = "relation read(r: Ring);\nread(g) if tag(_, \"ring\", v), g: Ring = v;";
    check(read, "{ inner", None);
    let read = "relation read(r: Ring);\nread(g) if tag(\"inner\", \"ring\", v), g: Ring = v;";
    check(read, "{ inner", Some("inner"));
    check(read, ", outer", None);
}

#[test]
fn no_variable_becomes_what_is_in_scope() {
    let text = "use std.state.{Resource, tag};
relation marked(r: Resource, zone: string);
pub blueprint own(zone: string, kept: {string}) {
    let open(r: Resource, e: string) = tag(r, \"open\", e), not e in kept;
    deny other(r) \"{r} is not in {zone}\" if covered(r), tag(r, \"zone\", zone), open(r, \"yes\");
    deny tagged(r, n) \"{r} has an env\" if covered(r), tag(r, \"env\", v), v != \"\", n = count { o: marked(o, v) }, n > 1;
    deny far(r) \"{r} is far\" if covered(r), std.state.kind(r, k), k != \"near\";
}
";
    let refused = |part: &str, new: &str| {
        let at = text.find(part).unwrap_or_else(|| panic!("no {part}"));
        let fixture = Fixture::new(&format!("{}$0{}", &text[..at], &text[at..]));
        rename(&fixture.snapshot(), &fixture.path, fixture.offset, new).err()
    };
    for part in ["v), v", "r, n) \"", "n) \"{r}", "o: marked", "o, v", "e: string) = tag", "k), k"] {
        for new in ["zone", "kept"] {
            let said = refused(part, new);
            assert_eq!(said, Some(format!("`{new}` is a parameter of `own` and would be meant instead")), "{part}");
        }
        assert_eq!(refused(part, "fresh"), None, "{part}");
    }
    let said = refused("k), k", "std");
    assert_eq!(said.as_deref(), Some("`std` means something else in an item that mentions the name"));
}
