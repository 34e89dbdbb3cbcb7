//! Policies bent at random: whatever the author types, the compiler answers.

use compiler::database::{Database, Info, Source};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Mutex;
use syntax::token::lex;

/// The policies of the examples, and one that uses much of the language.
fn policies() -> Vec<String> {
    let mut found = vec![MUCH.to_owned()];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    found.extend(paths.iter().filter_map(|path| std::fs::read_to_string(path.join("policy.writ")).ok()));
    found
}

const MUCH: &str = r#"
use std.state.{Resource, kind, tag, config, exists};
use std.change.{Action, Verb, action, actor, session, writes, destroys};
use std.authority.{Party, Session, accountable, member, grant};
use std.time.{now, recent};
use std.net;
enum Colour { red, green }
relation paint(r: Resource, c: Colour) key(r);
relation near(from: Resource, to: Resource);
near(a, b) if tag(a, "peer", x), tag(b, "peer", x), a != b;
relation far(from: Resource, to: Resource);
far(a, b) if near(a, b);
far(a, c) if far(a, b), near(b, c), not paint(c, "red");
relation size(r: Resource, n: int);
size(r, n) if kind(r, _), n = count { x: far(r, x) };
relation cost(r: Resource, n: int);
cost(r, n) if kind(r, _), n = sum { p per x: far(r, x), size(x, p) };
let big(n: int) = n > 10;
relation ports(r: Resource, p: int);
ports(r, p) if config(r, cfg), rule in cfg.ingress[*], p: int = rule.from_port ?? 0, not rule.to_port is absent;
blueprint b(verbs: {Verb} = {"update"}, within: duration = 2h) {
    change relation late(a: Action);
    late(a) if session(a, s), grant(session: s, until: end), now(t), end < t;
    deny wide(r, p) "{r} opens {p} for {within}" if covered(r), ports(r, p), big(p);
    @waivable(right: "accept-risk")
    @severity(high)
    deny gone(a, r) "{a} destroys {r}" if destroys(a, r), covered(r), before.kind(r, k), k in {"database"};
    escalate many(s) "{s} changes {n}" to asked(s) if session(a, s), action(a, _, q), covered(q), n = count { r: late(r) }, n > 1;
    authority relation asked(s: Session, by: Party);
    asked(s, by) if grant(session: s, by: by);
    permit own(a) if action(a, v, r), v in verbs, actor(a, who), accountable(r, team), member(who, team);
}
intent i "Why" { cover r if tag(r, "app", "i"); owner "team"; criticality high; apply b() as strict; }
overlay intent base "All" { cover r if exists(r); owner "org"; apply b(within: 1h); }
fixture shared { kind("a", "vm"); tag("a", "app", "i"); config("a", {"ingress": [{"from_port": 22}]}); }
test "t" {
    given shared; given { kind("b", "database"); now(2030-01-01T00:00Z); }
    change by "ana" session "s" { update "a" { config("a", {}); } delete "b"; }
    expect deny base/b.gone(_, "b"); expect not allow; expect far("a", "b"); expect not escalate;
}
"#;

const WORDS: &[&str] = &[
    "r",
    "_",
    "x",
    "kind",
    "before.",
    "either.",
    "std.state.",
    "not ",
    "in ",
    "is absent",
    "if ",
    "(",
    ")",
    "{",
    "}",
    "[*]",
    ",",
    ";",
    ":",
    "=",
    "==",
    "<",
    "+",
    "-",
    "*",
    "??",
    "\"a\"",
    "\"\"",
    "7",
    "-9223372036854775808",
    "24h",
    "2030-01-01T00:00Z",
    "{1, 2}",
    "{\"a\": null}",
    "[]",
    "count { x: kind(x, _) }",
    "covered(r)",
    "pub ",
    "change ",
    "authority ",
    "now(t)",
    "\"{x} {{ {r.y}\"",
    "unknown(\"x\")",
    "deny d(r) \"d\" if kind(r, _);",
    "i/b.wide(_, _)",
    "permit ",
    "escalate ",
    "1.5",
    "null",
    "true",
];

static DATABASE: Mutex<Option<Database>> = Mutex::new(None);

/// Compiles `text`; one database for all, so that the standard library is read once.
fn compiles(text: &str) -> bool {
    let mut guard = DATABASE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let package = program::Package { name: "acme/bent".to_owned(), version: "1.0.0".to_owned() };
    let database = guard.get_or_insert_with(|| Database::new(Info { package, owner: None }));
    database.set_file(Source { path: "policy.writ".to_owned(), module: "policy".to_owned(), text: text.to_owned() });
    let snapshot = database.snapshot();
    let output = snapshot.compile();
    let drawn = compiler::render::render(&output.reports, &|path| snapshot.text(path), false);
    let faulty = output.reports.iter().any(|report| report.severity_word() == "error");
    assert_eq!(output.program.is_none(), faulty, "{drawn}");
    for report in &output.reports {
        assert!(!report.spots.is_empty(), "a place is missing: {report:?}");
        for spot in report.spots.iter().chain(report.fixes.iter().flat_map(|fix| &fix.edits)) {
            let inside = snapshot.text(&spot.file).is_some_and(|text| text.get(spot.start..spot.end).is_some());
            assert!(inside, "{report:?}");
        }
    }
    if let Some(program) = &output.program {
        proof::lawful(program).unwrap_or_else(|flaw| panic!("a program without a meaning: {flaw:?}\n{text}"));
    }
    !faulty
}

#[test]
fn unbent_policies_compile() {
    for policy in policies() {
        assert!(compiles(&policy), "{policy}");
    }
}

/// One bend: which token, what to do with it, and a word or another token to do it with.
type Bend = (usize, u8, usize);

fn bend(text: &str, bends: &[Bend]) -> String {
    let mut words: Vec<String> = lex(text).iter().map(|lexeme| text[lexeme.range()].to_owned()).collect();
    for (at, how, with) in bends {
        let (at, other) = (at % words.len(), with % words.len());
        match how % 5 {
            0 => words[at] = String::new(),
            1 => words[at] = WORDS[with % WORDS.len()].to_owned(),
            2 => words.swap(at, other),
            3 => words.insert(at, WORDS[with % WORDS.len()].to_owned()),
            _ => words[at] = words[other].clone(),
        }
    }
    words.concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bent_policies_are_answered(which in 0_usize..8, bends in prop::collection::vec((any::<usize>(), any::<u8>(), any::<usize>()), 1..4)) {
        let policies = policies();
        compiles(&bend(&policies[which % policies.len()], &bends));
    }
}
