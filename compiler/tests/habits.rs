//! What people bring along from other languages, where names and types are looked at: one finding, at the words that
//! cause it, with the way out in the author's own words.

use compiler::database::{Database, Info, Source};

const POLICY: &str = "use std.state.{Resource, kind, config, tag};
use std.change.action;
";

/// Code, the words under it, help, and whether a repair is obvious.
fn told(text: &str) -> Vec<(&'static str, String, String, bool)> {
    let text = format!(
        "{POLICY}pub change relation used(r: Resource);\nused(r) if tag(r, _, _), config(r, _), kind(r, _), action(_, \"update\", r);\n{text}"
    );
    let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
    let source = Source { path: String::from("policy.writ"), module: String::from("policy"), text: text.clone() };
    let mut database = Database::new(Info { package, owner: None });
    database.set_file(source);
    let found = database.snapshot().check().reports.into_iter();
    let told = found.map(|report| {
        let words = text[report.spots[0].start..report.spots[0].end].to_owned();
        let sure = report.fixes.first().is_some_and(|fix| fix.sure);
        (report.code.number(), words, report.help.unwrap_or_default(), sure)
    });
    told.collect()
}

fn check(text: &str, code: &str, words: &str, help: &str, sure: bool) {
    let found = told(text);
    let expect = (code.to_owned(), words.to_owned(), help.to_owned(), sure);
    let found: Vec<_> =
        found.into_iter().map(|(code, words, help, sure)| (code.to_owned(), words, help, sure)).collect();
    assert_eq!(found, [expect], "{text}");
}

fn rule(body: &str) -> String {
    format!("pub relation a(r: Resource);\na(r) if {body};")
}

#[test]
fn builtins_of_others() {
    check(&rule("kind(r, k), startswith(k, \"x\")"), "W0101", "startswith", "here it is `str.starts_with`", true);
    check(&rule("kind(r, k), str.len(k) > 3"), "W0101", "str.len", "here it is `str.length`", true);
    check(&rule("kind(r, k), len(k) > 3"), "W0101", "len", "here it is `size`; of a text it is `str.length`", false);
    check(
        &rule("kind(r, k), count(k) > 3"),
        "W0101",
        "count",
        "an aggregate is bound with `=`, and then compared: `n = count { x: p(x) }, n > 3`",
        false,
    );
}

#[test]
fn methods() {
    check(&rule("kind(r, k), k.startswith(\"x\")"), "W0101", "k.startswith", "write `str.starts_with(k, …)`", true);
    check(&rule("config(r, c), c.xs.contains(3)"), "W0101", "c.xs.contains", "write `3 in c.xs[*]`", false);
    // What stands before the dot is looked for as a module where no variable has its name.
    let found = told(&rule("kind(r, _), elsewhere.starts_with(\"x\")"));
    assert_eq!((found.len(), found[0].0, found[0].1.as_str()), (1, "W0101", "elsewhere"), "{found:?}");
}

#[test]
fn words_without_quotes() {
    let law = |word: &str| format!("write `\"{word}\"`: a word stands in quotes");
    let near = |word: &str| format!("did you mean `\"{word}\"`? a word stands in quotes");
    let acts = |body: &str| format!("pub change relation b(r: Resource);\nb(r) if {body};");
    check(&acts("action(_, v, r), v == create"), "W0201", "create", &law("create"), true);
    check(&acts("action(_, v, r), v == crate"), "W0201", "crate", &near("create"), true);
    check(&acts("action(_, v, r), v in {\"create\", destroy}"), "W0201", "destroy", &near("delete"), true);
    check(&acts("action(_, update, r)"), "W0203", "update", &law("update"), true);
    check(&acts("action(_, updte, r)"), "W0203", "updte", &near("update"), true);
    // A variable of nearly the name was rather meant; and what is no member at all may be any value.
    let found = told(&acts("action(_, updated, r), action(_, updates, r), updated != \"read\""));
    assert_eq!((found.len(), found[0].0, found[0].1.as_str()), (1, "W0203", "updates"), "{found:?}");
    assert!(found[0].2.starts_with("`updated` is used in this rule"), "{found:?}");
    let found = told(&acts("action(_, how, r)"));
    assert_eq!(found[0].2, "write `\"how\"` if the word is meant; or `_` or `_how` if any value is");
}

#[test]
fn conditions_of_others() {
    let acts = |body: &str| format!("pub change relation b(r: Resource);\nb(r) if {body};");
    let scoped = "use std.change.Verb;\npub enum Level { low, high }\n";
    for (word, meant) in [("Level.high", "high"), ("Level.hihg", "high"), ("Verb.delete", "delete")] {
        let column = word.split('.').next().unwrap_or_default();
        let text = format!("{scoped}pub relation l(r: Resource, l: {column});\n{}", rule(&format!("l(r, {word})")));
        let found: Vec<_> = told(&text).into_iter().filter(|found| found.0 < "W07").collect();
        assert_eq!(found, [("W0107", word.to_owned(), format!("write `\"{meant}\"`"), true)], "{text}");
    }
    check(&rule("config(r, c), p == c.port, p > 22"), "W0201", "p", "bind it: `p = …`", true);
    check(
        &rule("config(r, c), c.port == p, p > 22"),
        "W0201",
        "p",
        "add an atom that `p` stands in; or write `\"p\"` if the text is meant",
        false,
    );
    let equal = "compare with `==`; an equation gives a variable its value";
    check(&rule("config(r, c), c.public = true"), "W0214", "c.public", equal, true);
    let null = "a value is always there: where one may be missing there is no tuple, and `not` asks for that";
    check(&rule("tag(r, \"owner\", o), o != null"), "W0301", "null", null, false);
    check(
        &acts("action(_, _, r), any(r)"),
        "W0101",
        "any",
        "a condition asks whether there is one: `x in xs[*], …`",
        false,
    );
    let seen = |value: &str| format!("pub relation s(at: time, v: version);\ns({value});");
    check(&seen("\"2030-01-01\", \"1.0.0\""), "W0304", "\"2030-01-01\"", "write `2030-01-01T00:00Z`", true);
    check(
        &seen("\"2030-01-01 10:00\", \"1.0.0\""),
        "W0304",
        "\"2030-01-01 10:00\"",
        "write `2030-01-01T10:00:00Z`",
        true,
    );
    check(&seen("2030-01-01T00:00Z, \"v1.2\""), "W0304", "\"v1.2\"", "write `\"1.2.0\"`", true);
    let message = "write it behind what it is about: `deny d(…) \"…\" if …`; `{r}` in it shows `r`";
    check("deny d(r) if kind(r, \"x\");", "W0509", "d", message, false);
}

#[test]
fn verbs_of_others() {
    let acts = |verb: &str| format!("pub change relation b(r: Resource);\nb(r) if action(_, v, r), v != \"{verb}\";");
    let test = |verb: &str| format!("test \"t\" {{ change {{ {verb} \"a\" {{ }} }} expect escalate; }}");
    for (theirs, ours) in [("remove", "delete"), ("Destroy", "delete"), ("modify", "update"), ("add", "create")] {
        let quoted = format!("\"{theirs}\"");
        check(&acts(theirs), "W0103", &quoted, &format!("did you mean `\"{ours}\"`?"), true);
        check(&test(theirs), "W0117", theirs, &format!("did you mean `{ours}`?"), true);
    }
}

#[test]
fn texts_as_numbers() {
    let help = "`str.to_int(p)` is the number that it says, and unknown where it says none";
    check(&rule("tag(r, \"port\", p), p > 80"), "W0301", "p", help, true);
    check(&rule("tag(r, \"port\", p), 80 <= p"), "W0301", "p", help, true);
    check(&rule("tag(r, \"load\", p), p < -1.5"), "W0301", "p", &help.replace("int", "decimal"), true);
    check(&rule("tag(r, \"port\", p), p == 80"), "W0301", "80", "a text stands in quotes: `\"80\"`", true);
    check(&rule("tag(r, \"port\", p), n: int = p, n > 80"), "W0301", "p", help, false);
    check(&rule("tag(r, \"port\", p), n = p + 1, n > 80"), "W0303", "p + 1", help, false);
    check("pub relation b(r: Resource, n: int);\nb(r, p) if tag(r, \"port\", p);", "W0301", "p", help, false);
    let nat = "state it: `n: nat = str.to_int(p)` is unknown where the text says no such number";
    check("pub relation b(r: Resource, n: nat);\nb(r, p) if tag(r, \"port\", p);", "W0301", "p", nat, false);
    let joined = "texts are put together by `str.format(\"{}{}\", a, b)`; in a message `{a}` stands for `a`";
    check(&rule("kind(r, k), t = k + \"x\", tag(r, t, _)"), "W0303", "k + \"x\"", joined, false);
    for mended in ["str.to_int(p) > 80", "n = str.to_int(p) + 1, n > 80", "n: nat = str.to_int(p), n > 80"] {
        assert_eq!(told(&rule(&format!("tag(r, \"port\", p), {mended}"))), []);
    }
}

#[test]
fn parts_of_what_has_none() {
    check(&rule("kind(r, k), size(k) > 3"), "W0303", "size(k)", "of a text it is `str.length(k)`", true);
    check(&rule("kind(r, k), k.length > 3"), "W0305", "k", "write `str.length(k)`", true);
    check(&rule("kind(r, k), k.lower != \"x\""), "W0305", "k", "write `str.lower(k)`", true);
    check(&rule("kind(r, k), k.name != \"x\""), "W0305", "k", "", false);
    let config =
        "what is configured of it is json: `config(r, cfg)`, and then `cfg.size`; or ask a relation that has it";
    check(&rule("kind(r, _), r.size > 10"), "W0305", "r", config, false);
    check(&rule("kind(r, _), r.size != 10"), "W0305", "r", config, false);
    check(&rule("kind(r, _), n: int = r.size, n > 10"), "W0305", "r", config, false);
}

#[test]
fn parts_of_tests() {
    let test = |part: &str| format!("test \"t\" {{ {part} expect not kind(\"a\", \"x\"); }}");
    for (theirs, ours) in [("givens", "given"), ("setup", "given"), ("changes", "change"), ("when", "change")] {
        let part = |word: &str| test(&format!("{word} {{ }}"));
        check(&part(theirs), "W0001", theirs, &format!("write `{ours}`"), true);
        assert_eq!(told(&part(ours)), []);
    }
    check(&test("chnage { }"), "W0001", "chnage", "did you mean `change`?", true);
    for theirs in ["expects", "assert", "then"] {
        check(&test(&format!("{theirs} not kind(\"a\", _);")), "W0001", theirs, "write `expect`", true);
    }
}

#[test]
fn constants_and_types_of_others() {
    check(&rule("config(r, c), c.n == True"), "W0201", "True", "here it is `true`", true);
    check(
        &rule("config(r, c), c.n == none"),
        "W0201",
        "none",
        "here it is `null`; or ask `… is null`, `… is absent`",
        true,
    );
    check("pub relation b(x: integer);", "W0106", "integer", "here it is `int`", true);
    check("pub relation b(x: Float);", "W0106", "Float", "here it is `decimal`", true);
    let word = told(&rule("kind(r, database)"));
    assert_eq!(word[0].2, "write `\"database\"` if the word is meant; or `_` or `_database` if any value is");
}

#[test]
fn literals_of_another_type() {
    let fact = |of: &str, value: &str| format!("pub relation b(x: {of});\nb({value});");
    check(&fact("duration", "24"), "W0301", "24", "a duration has a unit: `24s`, `24m`, `24h` or `24d`", false);
    check(&fact("time", "2030"), "W0301", "2030", "a time is written `2030-01-01T00:00Z`", false);
    check(&fact("string", "24"), "W0301", "24", "a text stands in quotes: `\"24\"`", true);
    check(&fact("int", "\"24\""), "W0301", "\"24\"", "write `24`, without quotes", true);
    check(&fact("int", "9223372036854775808"), "W0003", "9223372036854775808", "", false);
    check(&fact("decimal", "1.5e2"), "W0003", "1.5e2", "write `150`", true);
    assert_eq!(told(&fact("json", "{\"a\": 1e3}")), []);
    check(&fact("json", "{\"a\": 1, \"a\": 2}"), "W0004", "\"a\"", "leave one of them out", false);
}

#[test]
fn places_are_those_of_the_words() {
    check(
        "pub relation w(r: Resource);\nw(r) if before.kind(r, \"x\");",
        "W0402",
        "before.kind(r, \"x\")",
        "declare it as `change relation w(…)`",
        false,
    );
    let told = |text: &str| told(text).into_iter().map(|(code, words, _, _)| (code, words)).collect::<Vec<_>>();
    let subject = "pub blueprint b() { permit p(r) if kind(r, \"x\"), covered(r); }";
    assert_eq!(told(subject), [("W0502", String::from("r"))]);
    let uncovered = "pub blueprint b() { deny d(r) \"{r}\" if kind(r, \"x\"); }";
    assert_eq!(told(uncovered), [("W0504", String::from("r"))]);
    let outside = "permit p(a) if action(a, \"update\", _);";
    assert_eq!(told(outside), [("W0501", String::from("permit"))]);
    let endless = "pub relation n(x: int); n(0); n(m) if n(x), m = x + 1;";
    assert_eq!(told(endless), [("W0404", String::from("m = x + 1"))]);
    for from in ["[x + 1]", "{x, x + 1}", "str.split(str.format(\"{}/\", x), \"/\")"] {
        let text = if from.starts_with("str") { "string" } else { "int" };
        let endless = format!("pub relation n(x: {text}); n(m) if n(x), m in {from};");
        assert_eq!(told(&endless), [("W0404", format!("m in {from}"))]);
    }
    assert_eq!(told("pub relation n(x: int, y: int); n(m, y) if n(x, y), m in {x, y};"), []);
    let dear = "pub relation d(r: Resource, least n: int); d(r, 0) if kind(r, _); d(r, m) if d(r, n), m = n - 1;";
    assert_eq!(told(dear), [("W0407", String::from("m = n - 1"))]);
}

#[test]
fn what_a_blueprint_is_applied_with() {
    let text = "pub blueprint b(within: duration, kinds: {string}) { deny d(r) \"{r} {within} {kinds}\" if covered(r), kind(r, k), k in kinds, within > 1h; }
intent i \"p\" { cover r if kind(r, \"x\"); apply b(with: 24h, kinds: {\"x\"}); }";
    let found = told(text);
    assert_eq!((found.len(), found[0].0, found[0].1.as_str()), (1, "W0102", "with"), "{found:?}");
    let apply = |arguments: &str| {
        format!(
            "pub blueprint b(min_version: int, max_size: int) {{ deny d(r) \"{{r}}\" if covered(r), kind(r, _), min_version > max_size; }}
intent i \"p\" {{ owner \"t\"; cover r if kind(r, \"x\"); apply b({arguments}); }}"
        )
    };
    check(&apply("min: 1, max_size: 2"), "W0102", "min", "did you mean `min_version`?", true);
    check(&apply("version_min: 1, max_size: 2"), "W0102", "version_min", "did you mean `min_version`?", true);
    check(&apply("count: 1, max_size: 2"), "W0102", "count", "", false);
}

#[test]
fn intents_without_effect() {
    let blueprint = "pub blueprint b() { deny d(r) \"{r}\" if covered(r), kind(r, \"x\"); }
pub blueprint p() { permit q(a) if action(a, \"update\", _); }";
    let intent = |text: &str| {
        let found = told(&format!("{blueprint}\n{text}"));
        found.into_iter().map(|(code, words, _, _)| (code, words)).collect::<Vec<_>>()
    };
    let name = |code| vec![(code, String::from("i"))];
    assert_eq!(intent("intent i \"p\" { apply b(); }"), name("W0712"));
    assert_eq!(intent("intent i \"p\" { cover r if kind(r, \"x\"); }"), name("W0712"));
    assert_eq!(intent("overlay intent i \"p\" { cover r if kind(r, \"x\"); }"), name("W0712"));
    let apply = vec![("W0712", String::from("apply p();"))];
    assert_eq!(intent("overlay intent i \"p\" { cover r if kind(r, \"x\"); apply p(); }"), apply);
    let cover = "cover r if kind(r, \"x\"); apply b();";
    assert_eq!(intent(&format!("intent i \" \" {{ {cover} }}")), [("W0713", String::from("\" \""))]);
    assert_eq!(intent(&format!("intent i \"p\" {{ owner \"\"; {cover} }}")), [("W0713", String::from("\"\""))]);
    assert_eq!(intent(&format!("overlay intent i \"p\" {{ {cover} apply p(); }}")), []);
    assert_eq!(intent(&format!("intent i \"p\" {{ {cover} }}")), []);
}

/// One finding, at the `use`: what it was to bring is not missed where it is used.
#[test]
fn what_a_broken_use_was_to_bring_is_told_once() {
    let users = "pub relation b(r: Resource);\nb(r) if exists(r), encrypted_by(r, _);\n";
    let told = |written: &str| {
        let found = told(&format!("{written}\n{users}"));
        assert_eq!(found.len(), 1, "{written}: {found:?}");
        (found[0].2.clone(), found[0].3)
    };
    let dots = |path: &str| (format!("the names of a path stand behind dots: `use {path};`"), true);
    assert_eq!(told("use std::state::{exists, encrypted_by};"), dots("std.state.{exists, encrypted_by}"));
    assert_eq!(told("use std/state.{exists, encrypted_by};"), dots("std.state.{exists, encrypted_by}"));
    assert_eq!(told("use std.state{exists, encrypted_by};"), (String::from("a dot stands before the braces"), true));
    assert_eq!(
        told("use std.state.exists, std.state.encrypted_by;"),
        (String::from("names of one module stand in braces: `use std.state.{exists, encrypted_by};`"), true)
    );
    for other in [
        "use std.state.{exists, encrypted_by;",
        "use std.state.*;",
        "use std.state.exists as exists, encrypted_by;",
        "import std.state.{exists, encrypted_by};",
        "from std.state import exists, encrypted_by;",
    ] {
        told(other);
    }
    let module = "pub relation b(r: Resource);\nb(r) if state.exists(r);\n";
    let found = self::told(&format!("use \"std/state\";\n{module}"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].2.clone(), found[0].3), dots("std.state"));
}

/// A rule whose relation nobody declared: told once, with the declaration that the rule asks for.
#[test]
fn a_relation_is_declared() {
    let found = told("big(r, t) if kind(r, _), tag(r, \"tier\", t);\ndeny a(r) \"{r}\" if big(r, \"gold\");");
    assert_eq!(found.len(), 1, "{found:?}");
    let (code, words, help, sure) = &found[0];
    assert_eq!((*code, words.as_str(), *sure), ("W0101", "big", false));
    assert_eq!(help, "declare it: `relation big(r: Resource, t: string);`");
    let found =
        told("relation large(r: Resource);\nlarge(r) if kind(r, _);\nlarg(r) if tag(r, _, _);\nlarge(r) if larg(r);");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].2.as_str(), found[0].3), ("did you mean `large`?", true));
}

#[test]
fn forms_that_are_nearly_ours() {
    let told = |text: &str| {
        let found = told(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        (found[0].0, found[0].2.clone(), found[0].3)
    };
    let said = |code: &'static str, help: &str, sure: bool| (code, help.to_owned(), sure);
    assert_eq!(told("enum Tier { \"gold\" }"), said("W0001", "members are names: `gold`", true));
    assert_eq!(
        told("blueprint b { deny a(r) \"{r}\" if covered(r); }"),
        said("W0001", "parameters stand in parentheses, also where there are none: `blueprint b() {`", true)
    );
    assert_eq!(told("overlay house \"x\" { owner \"t\"; }"), said("W0001", "write `overlay intent house`", true));
    assert_eq!(
        told("deny a(r) \"{r}\" { kind(r, \"db\") }"),
        said("W0001", "conditions stand behind `if`: `… if kind(r, \"x\"), exists(r);`", false)
    );
    assert_eq!(
        told("deny a(r) \"{r}\" if config(r, c), let n = c.size, n == 3;"),
        said("W0001", "a variable has its value from `=` alone: `n = …`", true)
    );
    assert!(
        told("deny a(r) \"{r}\" if kind(r, \"x\") then tag(r, _, _);").1.starts_with("what follows from conditions")
    );
    assert!(
        told("intent h \"x\" { cover(r) if kind(r, _); owner \"t\"; }").1.starts_with("an intent says what it covers")
    );
    assert_eq!(
        told("deny a(r) \"{r}\" if kind(r, _), not exsist(r);"),
        said("W0101", "did you mean `exists`, of `std.state`?", false)
    );
}

#[test]
fn what_is_absent_and_what_has_no_order() {
    check(&rule("config(r, c), c.acl != null"), "W0205", "c.acl", "write `is present`", true);
    let ordered = "bind both with a stated type first: `a: int = …, b: int = …`, and compare `a` with `b`";
    check(&rule("config(r, c), c.min > c.max"), "W0302", "c.min", ordered, false);
    let last = "the last one is that of a list of a stated type: `xs: [int] = …, x = list.last(xs)`";
    check(&rule("config(r, c), n: int = c.xs[-1], n > 2"), "W0301", "-1", last, false);
}
