//! What the reader promises of any text: nothing is lost, nothing panics, what is right stands.

use proptest::prelude::*;
use std::path::{Path, PathBuf};
use syntax::ast::{ExprKind, ItemKind, LiteralKind, Step};
use syntax::token::lex;
use syntax::{chunk, parse_atom, parse_body, parse_chunk, parse_facts, parse_file};

/// Writ files of a folder, by name.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "writ"));
    paths.sort();
    paths.into_iter().filter_map(|path| Some((path.clone(), std::fs::read_to_string(path).ok()?))).collect()
}

fn law() -> Vec<(PathBuf, String)> {
    texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stdlib"))
}

fn clean(name: &str, text: &str) {
    for chunk in parse_file(text).chunks {
        let words = &text[chunk.start as usize..chunk.end as usize];
        assert!(chunk.errors.is_empty(), "{name}: {:#?}\n{words}", chunk.errors);
        assert!(chunk.item.is_some(), "{name}: {words}");
    }
}

#[test]
fn the_standard_library_reads() {
    let law = law();
    assert!(law.len() > 5);
    for (path, text) in law {
        clean(&path.display().to_string(), &text);
    }
}

#[test]
fn the_examples_read() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for entry in std::fs::read_dir(examples).into_iter().flatten().flatten() {
        for (path, text) in texts(&entry.path()) {
            clean(&path.display().to_string(), &text);
        }
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn the_samples_read() {
    let Some(data) = std::env::var_os("WRIT_DATA") else {
        eprintln!("1 skipped (no data)");
        return;
    };
    let samples = texts(&Path::new(&data).join("../samples"));
    assert!(!samples.is_empty(), "no sample beside {}", data.display());
    for (path, text) in samples {
        clean(&path.display().to_string(), &text);
    }
}

#[test]
fn every_form_reads() {
    clean(
        "forms",
        r#"
//! What the module is for.
use std.net;
use std.state.{Resource, kind};
pub entity Thing;
pub enum Colour { red, in, test, }
/// Doc.
@control("PCI-DSS 1.3.1") @severity(high)
@optional
pub authority relation own(r: Resource, least n: int, most m: int, xs: {string}, ys: [[int]]) key(r) prefer (plan, cloud);
change relation acts(a: std.change.Action);
relation none();
let wide(c: cidr) = net.size(c) > 256;
pub let near(a: time, within: duration) = now(t), a <= t, t - a <= within * 2 + 1s;
none();
config("x", {"a": [1, -2, 1.5, -1e3, null, true], "b": {"c d": unknown("aws.x")}, "e": sensitive("00ff"), "f": {}});
at(2030-01-01T00:00:00.5Z, -24h, -9223372036854775808, 99999999999999999999);
p(x) if q(x, _, key: k), k == "a", not x in {1, 2}, not kind(x, "b"), not x < 3, y = x.a.in["b c"][0][k].test ?? 0,
    z: int in x.l[*].m[*], w: {int} = x.w, v is absent, not v.u is unknown, n = count { a, b: r(a, b) },
    s: int = sum { c per a, b: r(a, b, c) }, s > (n + 1) * 2, before.kind(x, _), f(g(x)).y[*] == h, -x < 3;
change(owner) if cases(key), key(to), least(most), expect(given), fixed(without), per.apply(as), fixture.by(session);
blueprint b(within: duration = 24h, ports: {int} = {443}) {
    relation inner(r: Resource);
    let small(n: int) = n < 3;
    inner(r) if covered(r);
    @waivable(right: "accept-risk")
    deny d(r) "{r} {{" if inner(r);
    escalate e(r) "e" to own(r) if inner(r);
    permit p(a) if action(a, "update", r), covered(r);
}
overlay intent base "Base" { apply b() as strict; cover r if kind(r, _); owner "x"; criticality high; owner("a", "b"); }
fixture shared { kind("a", "b"); }
test "t" {
    cases r, cases { "one": "a", 1; "two", -2; _, {"a": [1]}; }
    given shared; given { kind(r, cases); now(2030-01-01T00:00Z); }
    change by session session r {
        create r { kind("x", "y"); } move cases to key; r cases { kind(r, "y"); } update "x" { without kind("x", "y"); without("x"); } delete "x"; move "x" to "y"; run "z";
    }
    expect not deny base/strict.d("a") introduced; expect escalate base/strict.e(_) to "ana"; expect fixed b.d("a");
    expect deny d(r) "a {r}" introduced to r; expect d(r) "m" state;
    expect allow; expect deny; expect not escalate; expect kind("a", "b"); expect fixed(1) standing; expect base/strict.inner(_);
}
"#,
    );
}

#[test]
fn one_broken_item_loses_no_other() {
    let text =
        "relation a(x: int)\nrelation b(x: int);\nb(1) b(2);\nc(x) if a(x), ;\nb(3);\nblueprint d(\nb(4);\nb(5) if a(";
    let file = parse_file(text);
    let good: Vec<&str> =
        file.chunks.iter().filter(|c| c.errors.is_empty()).map(|c| &text[c.start as usize..c.end as usize]).collect();
    assert_eq!(good, ["relation b(x: int);", "b(3);"]);
    assert!(file.chunks.iter().all(|chunk| chunk.errors.len() <= 1));
}

#[test]
fn one_broken_rule_in_a_blueprint_loses_only_that_rule() {
    let text = "blueprint b() {\n    relation c(x: int)\n    c(x) if d(x);\n    deny e( \"m\" if c(x);\n    c(1);\n}";
    let (item, errors) = parse_chunk(text);
    let Some(ItemKind::Blueprint(blueprint)) = item.map(|item| item.kind) else { panic!("no blueprint") };
    assert_eq!(blueprint.items.len(), 3);
    assert_eq!(errors.len(), 2, "{errors:#?}");
    let (item, errors) = parse_chunk("intent i \"p\" {\n    owner \"x\"\n    cover r if a(r);\n    aply b();\n}");
    let Some(ItemKind::Intent(intent)) = item.map(|item| item.kind) else { panic!("no intent") };
    assert_eq!((intent.members.len(), errors.len()), (2, 2), "{errors:#?}");
    assert_eq!(errors[1].help.as_deref(), Some("did you mean `apply`?"));
}

fn check(text: &str, message: &str, place: &str, help: Option<&str>) {
    let (_, errors) = parse_chunk(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:#?}");
    let error = &errors[0];
    let words = &text[error.span.start as usize..error.span.end as usize];
    assert_eq!((error.message.as_str(), words, error.help.as_deref()), (message, place, help), "{text}");
    assert!(error.expected.len() <= 5, "{:?}", error.expected);
}

#[test]
fn mistakes_are_told_in_the_authors_words() {
    check("a(x) if b(x)", "`;` is missing", ")", None);
    check(
        "a(x) if b(x) or c(x);",
        "expected `;`, `,`, a comparison or an operator, found `or`",
        "or",
        Some("there is no `or`: write a second rule of the same name"),
    );
    check("a(x) if b(x) && c(x);", "`&&` means nothing in Writ", "&&", Some("`,` says and"));
    check("a(x) :- b(x);", "`:-` means nothing in Writ", ":-", Some("write `if`"));
    check("a(x if b(x);", "`(` is never closed", "(", None);
    check("a(x) if n = count { r: b(r);", "`{` is never closed", "{", None);
    check("a(\"x);", "a quote is never closed", "\"x", None);
    check("a(\"\\q\");", "`\\q` is no escape", "\\q", Some("a backslash is written `\\\\`: `\\\\q`"));
    check("a(24hours);", "`24hours` is neither a number nor a duration", "24hours", Some("write `24h`"));
    check("a(9999999999999d);", "`9999999999999d` is out of range", "9999999999999d", None);
    check("relaton a(x: int);", "`relaton` begins nothing here", "relaton", Some("did you mean `relation`?"));
    check("import std.net;", "`import` begins nothing here", "import", Some("write `use`"));
    check(
        "relation test(x: int);",
        "expected a name, found `test`",
        "test",
        Some("`test` is reserved; choose another name"),
    );
    check(
        "deny a(r) \"{r}\" to accountable(r) if b(r);",
        "expected `if`, found `to`",
        "to",
        Some("only an `escalate` asks somebody: write `escalate`, or `deny … if …` without `to`"),
    );
    check(
        "a(x) if x not in y;",
        "expected `;`, `,`, a comparison or an operator, found `not`",
        "not",
        Some("write `not x in …`: `not` stands before the whole condition"),
    );
    check(
        "a(x) if x is not absent;",
        "expected a name, found `not`",
        "not",
        Some("write `not … is …`: `not` stands before the whole condition"),
    );
    check("pub a(x) if b(x);", "`pub` cannot stand here", "pub", None);
    check("a(x) if b/c.d(x);", "`b/` cannot stand in a rule", "b", None);
    check("}", "expected an item, found `}`", "}", Some("this `}` closes nothing"));
    check("fixture f { a(x) if b(x); }", "expected `;`, found `if`", "if", Some("a fact has no conditions"));
    check(
        "blueprint b() {\n  a(1);",
        "`{` is never closed",
        "{",
        Some("close the block with `}`, or indent what stands in it"),
    );
    check(
        "test \"t\" { change { } change { } }",
        "a test has one `change`",
        "change { }",
        Some("put the acts into one block, or write a second test"),
    );
    check(
        "test \"t\" { cases a { 1; } cases b { 2; } }",
        "a test has one `cases`",
        "cases b { 2; }",
        Some("put the cases into one block, or write a second test"),
    );
    check("é", "`é` means nothing in Writ", "é", None);
}

#[test]
fn an_item_that_lacks_only_its_semicolon_is_read() {
    let (item, errors) = parse_chunk("pub relation a(x: int)");
    assert!(item.is_some_and(|item| item.public), "{errors:?}");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].fix.as_ref().map(|fix| (fix.1.start, fix.2.as_str())), Some((22, ";")));
}

#[test]
fn deep_nesting_is_refused() {
    for open in ["(", "[", "{", "-", "not ", "a(", "{\"a\": ", "a + ", "a.b["] {
        let text = format!("a(x) if {};", open.repeat(10_000));
        assert_eq!(parse_chunk(&text).1.len(), 1, "{open}");
    }
    let long = format!("a(x) if {}b(x);", "b(x), ".repeat(8_000));
    assert!(parse_chunk(&long).1.is_empty());
}

#[test]
fn a_rule_has_so_many_parts_and_no_more() {
    let rule = |parts: usize| format!("p(r) if {};", vec!["q(r)"; parts].join(", "));
    assert!(parse_chunk(&rule(8192)).1.is_empty());
    let errors = parse_chunk(&rule(8193)).1;
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("8192") && errors[0].help.is_some() && errors[0].law.is_some());
    // Facts have no body, and each rule of a block is counted by itself.
    let members = vec!["1"; 10_000].join(", ");
    assert!(parse_chunk(&format!("ports({{{members}}});")).1.is_empty());
    let block = format!("blueprint b() {{ {} {} }}", rule(5000), rule(5000));
    assert!(parse_chunk(&block).1.is_empty());
}

#[test]
fn documentation_without_end_is_looked_through_once() {
    let text = format!("a(1)\n{}b(2);", "/// d\n".repeat(100_000));
    assert!(!parse_file(&text).chunks.is_empty());
}

#[test]
fn documentation_belongs_to_the_item_behind_it() {
    let (item, _) = parse_chunk("/// One.\n///  Two.\n@optional\n/// Three.\npub relation a(x: int);");
    let item = item.expect("reads");
    assert_eq!(item.docs, ["One.", " Two.", "Three."]);
    assert_eq!(item.attributes[0].name.text, "optional");
}

#[test]
fn paths_keep_their_steps() {
    let (body, errors) = parse_body("x in cfg.a[*].b[\"c\"][0], orders/recoverable.survives(r, _)");
    assert!(errors.is_empty(), "{errors:?}");
    let body = body.expect("reads");
    let LiteralKind::In { collection, .. } = &body[0].kind else { panic!("no `in`") };
    let ExprKind::Path(base, steps) = &collection.kind else { panic!("no path") };
    assert_eq!(base.kind, ExprKind::Name("cfg".to_owned()));
    assert!(matches!(&steps[..], [Step::Field(_), Step::Each(_), Step::Field(_), Step::Index(_), Step::Index(_)]));
    let LiteralKind::Expr(expr) = &body[1].kind else { panic!("no atom") };
    let ExprKind::Call(atom) = &expr.kind else { panic!("no atom") };
    assert_eq!(atom.instance.as_ref().map(|name| name.text.as_str()), Some("orders"));
}

#[test]
fn questions_read() {
    let (atom, errors) = parse_atom("orders/recoverable.key_lost(\"db\", _)");
    assert!(errors.is_empty() && atom.is_some_and(|atom| atom.instance.is_some()));
    assert_eq!(parse_atom("a(1), b(2)").1.len(), 1);
    assert_eq!(parse_atom("").1.len(), 1);
    assert_eq!(parse_body("").1.len(), 1);
    let facts = parse_facts("use std.state.kind;\nkind(\"a\", \"b\");\nkind(a, b) if kind(b, a);\nentity X;");
    assert_eq!(facts.chunks.iter().map(|chunk| chunk.errors.len()).collect::<Vec<_>>(), [0, 0, 1, 1]);
}

const SOUP: &[&str] = &[
    "use ",
    "pub ",
    "entity ",
    "enum ",
    "relation ",
    "let ",
    "deny ",
    "escalate ",
    "permit ",
    "blueprint ",
    "intent ",
    "overlay ",
    "test ",
    "if ",
    "not ",
    "in ",
    "is ",
    "true ",
    "false ",
    "apply ",
    "as ",
    "authority ",
    "by ",
    "change ",
    "cases ",
    "cover ",
    "expect ",
    "fixed ",
    "fixture ",
    "given ",
    "key ",
    "least ",
    "owner ",
    "per ",
    "prefer ",
    "session ",
    "to ",
    "without ",
    "a",
    "x ",
    "_",
    "\"t\"",
    "\"\\q\"",
    "\"",
    "\\",
    "7",
    "24h",
    "99999999999999999999d",
    "1.5",
    "2030-01-01T00:00Z",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    ":",
    ".",
    "@",
    "/",
    "=",
    "==",
    "<",
    "+",
    "-",
    "*",
    "??",
    "\n",
    "\n\n",
    "// c\n",
    "/// d\n",
    "é",
    "&&",
    "\r\n",
    "\t",
    "\u{feff}",
];

fn holds(text: &str) {
    let joined: String = lex(text).iter().map(|lexeme| &text[lexeme.range()]).collect();
    assert_eq!(joined, text);
    let pieces: String = chunk::cut(text).iter().map(|piece| &text[piece.start as usize..piece.end as usize]).collect();
    assert_eq!(pieces, text);
    for chunk in parse_file(text).chunks {
        let words = &text[chunk.start as usize..chunk.end as usize];
        assert!(chunk.item.is_some() || !chunk.errors.is_empty(), "{words}");
        for error in &chunk.errors {
            let places =
                [Some(error.span), error.other.as_ref().map(|other| other.0), error.fix.as_ref().map(|fix| fix.1)];
            for span in places.into_iter().flatten() {
                assert!(words.get(span.start as usize..span.end as usize).is_some(), "{error:?} in {words:?}");
            }
            assert!(error.expected.len() <= 5);
        }
        assert_eq!(parse_chunk(words), (chunk.item, chunk.errors), "the same alone");
    }
    let _ = (parse_atom(text), parse_body(text), parse_facts(text));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn soup_is_read(words in prop::collection::vec(prop::sample::select(SOUP), 0..40)) {
        holds(&words.concat());
    }

    #[test]
    fn any_text_is_read(text in "\\PC{0,60}") {
        holds(&text);
    }

    #[test]
    fn a_bent_law_is_read(file in 0_usize..8, from in 0.0..1.0_f64, length in 0_usize..30, word in prop::sample::select(SOUP)) {
        let law = law();
        let text = &law[file % law.len()].1;
        let place = |at: usize| (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
        let from = place((from * text.len() as f64) as usize);
        let to = place((from + length).min(text.len()));
        holds(&format!("{}{word}{}", &text[..from], &text[to..]));
    }
}
