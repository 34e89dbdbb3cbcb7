//! Policies that are large in one direction: each ends with an answer, whether a program or a limit that is named.

use compiler::database::{Info, Output, Source, compile};
use compiler::render::render;
use std::fmt::Write as _;

fn compiled(text: String) -> Output {
    let package = program::Package { name: "large".into(), version: "1.0.0".into() };
    let source = Source { path: "policy.writ".into(), module: "policy".into(), text };
    compile(&[source], &Info { package, owner: None })
}

/// The relations of a policy that must compile.
#[track_caller]
fn right(text: String) -> usize {
    let output = compiled(text);
    let errors: Vec<_> = output.reports.iter().filter(|report| report.severity_word() == "error").take(3).collect();
    output.program.unwrap_or_else(|| panic!("{errors:#?}")).relations.len()
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn lets_that_double_meet_a_limit() {
    let doubling = lines(20, |n| format!("let l{}(x: int) = l{n}(x), l{n}(x);\n", n + 1));
    let text = format!("relation a(x: int);\nlet l0(x: int) = a(x);\n{doubling}relation b(x: int);\nb(x) if l20(x);\n");
    let reports = compiled(text).reports;
    assert!(reports.iter().any(|report| report.message.contains("let")), "{reports:#?}");
    assert!(reports.len() < 1_000, "{} reports", reports.len());
}

#[test]
fn lets_that_hang_on_each_other_meet_a_limit() {
    let chain = lines(1_500, |n| format!("let l{}(x: int) = l{n}(x);\n", n + 1));
    let text = format!("relation a(x: int);\nlet l0(x: int) = a(x);\n{chain}relation b(x: int);\nb(x) if l1500(x);\n");
    let reports = compiled(text).reports;
    assert!(reports.iter().any(|report| report.message.contains("let")), "{:#?}", reports.first());
}

#[test]
fn a_long_chain_of_relations_compiles() {
    let chain = lines(2_000, |n| format!("relation r{}(x: int);\nr{}(x) if r{n}(x);\n", n + 1, n + 1));
    assert!(right(format!("relation r0(x: int);\nr0(1);\n{chain}")) > 2_000);
}

#[test]
fn a_ring_of_relations_compiles() {
    let chain = lines(1_000, |n| format!("relation r{n}(x: int);\nr{n}(x) if r{}(x);\n", (n + 1) % 1_000));
    assert!(right(format!("{chain}r0(1);\n")) > 1_000);
}

#[test]
fn a_rule_of_many_literals_compiles() {
    let mut text = String::from("relation a(x: int, y: int);\na(1, 2);\nrelation b(x: int);\nb(x0) if a(x0, x1)");
    for n in 1..1_000 {
        let _ = write!(text, ",\n    a(x{n}, x{})", n + 1);
    }
    text.push_str(", x1000 > 0;\n");
    assert!(right(text) > 2);
}

#[test]
fn wide_relations_enums_and_sets_compile() {
    let list = |count: usize, word: &dyn Fn(usize) -> String| (0..count).map(word).collect::<Vec<_>>().join(", ");
    let (columns, ones) = (list(500, &|n| format!("c{n}: int")), list(500, &|n| n.to_string()));
    let (members, texts) = (list(1_000, &|n| format!("m{n}")), list(1_000, &|n| format!("\"m{n}\"")));
    let text = format!(
        "relation wide({columns});\nwide({ones});\nenum Many {{ {members} }}\nrelation one(m: Many);\none(\"m999\");\n\
         relation some(m: Many);\nsome(m) if one(m), m in {{{texts}}};\n"
    );
    assert!(right(text) > 3);
}

#[test]
fn many_rules_of_one_relation_and_one_file_compile() {
    let rules = lines(2_000, |n| format!("a({n});\nb(x) if a(x), x > {n};\n"));
    assert!(right(format!("relation a(x: int);\nrelation b(x: int);\n{rules}")) > 2);
}

#[test]
fn a_word_of_any_length_is_told_in_a_sentence() {
    let long = "n".repeat(2_000_000);
    let texts = [
        format!("{long}(1);\n"),
        format!("relation {long};\n"),
        format!("relation a(x: int);\na(x) if b(x, {long});\n"),
        format!("relation a(x: string);\na(\"{long});\n"),
        format!("relation a(x: string);\na(\"{}\");\n", "\\u{".repeat(100)),
        format!("relation a(x: decimal);\na({});\n", "9".repeat(1_000_000)),
        format!("relation a(x: json);\na({});\n", "9".repeat(100_000)),
        "\u{0}".repeat(2_000_000),
    ];
    for text in texts {
        let output = compiled(text.clone());
        assert!(output.program.is_none());
        let drawn = render(&output.reports, &|path| (path == "policy.writ").then_some(text.as_str()), false);
        assert!(drawn.len() < 2_000 * output.reports.len().clamp(1, 1_000), "{} bytes", drawn.len());
        assert!(output.reports.iter().all(|report| report.message.chars().count() < 2_000));
    }
}

#[test]
fn any_number_of_mistakes_is_drawn_in_part() {
    let text = "a(;\n".repeat(20_000);
    let output = compiled(text.clone());
    assert!(output.reports.len() >= 20_000);
    let drawn = render(&output.reports, &|path| (path == "policy.writ").then_some(text.as_str()), false);
    assert_eq!(drawn.matches("error[").count(), 1_000);
    assert!(drawn.contains("… and 19000 more"), "{}", &drawn[drawn.len() - 200..]);
}

#[test]
fn rules_on_one_line_compile() {
    let rules = lines(5_000, |n| format!("b(x) if a(x), x > {n}; "));
    assert!(right(format!("relation a(x: int); relation b(x: int); a(1); {rules}")) > 2);
}

#[test]
fn a_file_that_is_too_large_is_told_as_that_alone() {
    let reports = compiled(format!("// {}\nrelation a(x int);\n", "x".repeat(9 << 20))).reports;
    let said: Vec<&str> = reports.iter().map(|report| report.message.as_str()).collect();
    assert_eq!(said, ["the file has 10 MiB, and at most 8 are read"]);
}

#[test]
fn a_rule_of_thousands_of_conditions_compiles() {
    let conditions = lines(6_000, |n| format!(", c.a{n} == {n}"));
    right(format!("use std.state.config;\ndeny b(r) \"{{r}}\" if config(r, c){conditions};\n"));
}
