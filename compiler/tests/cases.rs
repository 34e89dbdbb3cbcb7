//! Cases of a test: what they mean, and what is said of those that mean nothing.

use compiler::database::{Info, Output, Source, compile};
use program::TestCase;

fn compiled(text: &str) -> Output {
    let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
    let source = Source { path: String::from("policy.writ"), module: String::from("policy"), text: text.to_owned() };
    compile(&[source], &Info { package, owner: None })
}

const POLICY: &str = r#"
use std.state.{Resource, kind, tag, exists};
relation opens(r: Resource, port: int, within: {int});
deny wide(r, p) "{r} opens {p}" if opens(r, p, _), p > 100;
escalate odd(r, p) "{r} opens {p}" to std.authority.accountable(r) if opens(r, p, _), p > 100;
"#;

fn tests(text: &str) -> Vec<TestCase> {
    let output = compiled(&format!("{POLICY}{text}"));
    assert!(output.reports.is_empty(), "{:#?}", output.reports);
    output.tests
}

/// The codes and the words under them.
fn told(text: &str) -> Vec<(&'static str, String)> {
    let text = format!("{POLICY}{text}");
    let found = compiled(&text).reports.into_iter();
    found.map(|report| (report.code.number(), text[report.spots[0].start..report.spots[0].end].to_owned())).collect()
}

/// Without what says where it stands.
fn meaning(mut test: TestCase) -> TestCase {
    test.citation = program::Citation::default();
    test.block = program::Citation::default();
    test.change.digest = program::Digest::of(b"");
    test.change.actions.iter_mut().for_each(|action| action.place = "".into());
    let facts = test.change.actions.iter_mut().flat_map(|action| action.set.iter_mut().chain(&mut action.remove));
    for fact in test.given.iter_mut().chain(facts).chain(&mut test.change.facts) {
        fact.origin = program::Origin { place: "".into(), source: fact.origin.source.clone() };
        std::sync::Arc::make_mut(&mut fact.origin.source).digest = "".into();
    }
    test.expectations.iter_mut().for_each(|expectation| expectation.citation = program::Citation::default());
    test
}

#[test]
fn a_case_means_the_test_with_its_values_written_out() {
    let by_case = tests(
        r#"
test "t" {
    cases r, port, who, verb, verdict, state, party {
        "one": "fw", 443, "ana", "update", "deny", "introduced", "net";
        "a b", -1, "bob", "create", "allow", "standing", "ops";
    }
    given { kind(r, "firewall"); opens(r, port, {port, 1}); }
    change by who session who { verb r { opens(r, port, {}); } read r; move r to party; }
    expect verdict;
    expect not deny wide(r, port) "{r} opens {port}, {{so}}" state;
    expect escalate odd(r, _) to party;
    expect opens(port: port, r: r);
}"#,
    );
    let written = |name: &str, r: &str, port: &str, who: &str, verb: &str, verdict: &str, state: &str, party: &str| {
        format!(
            r#"
test "{name}" {{
    given {{ kind("{r}", "firewall"); opens("{r}", {port}, {{{port}, 1}}); }}
    change by "{who}" session "{who}" {{ {verb} "{r}" {{ opens("{r}", {port}, {{}}); }} read "{r}"; move "{r}" to "{party}"; }}
    expect {verdict};
    expect not deny wide("{r}", {port}) "{r} opens {port}, {{{{so}}}}" {state};
    expect escalate odd("{r}", _) to "{party}";
    expect opens(port: {port}, r: "{r}");
}}"#
        )
    };
    let second = r#"t: \"a b\", -1, \"bob\", \"create\", \"allow\", \"standing\", \"ops\""#;
    let by_hand = tests(&format!(
        "{}{}",
        written("t: one", "fw", "443", "ana", "update", "deny", "introduced", "net"),
        written(second, "a b", "-1", "bob", "create", "allow", "standing", "ops"),
    ));
    assert_eq!(by_case.len(), 2);
    let of = |tests: Vec<TestCase>| tests.into_iter().map(meaning).collect::<Vec<_>>();
    assert_eq!(of(by_case.clone()), of(by_hand));
    assert!(by_case[0].citation.text.starts_with("\"one\": \"fw\""), "a case is cited, not its test");
}

#[test]
fn a_value_that_does_not_fit_is_shown_where_the_case_gives_it() {
    let test = |values: &str, body: &str| told(&format!("test \"t\" {{ cases r, x {{ {values}; }} {body} }}"));
    let given = "given { opens(r, x, {}); } expect exists(r);";
    let found = |code, words: &str| vec![(code, words.to_owned())];
    assert_eq!(test("\"fw\", \"443\"", given), found("W0301", "\"443\""));
    assert_eq!(test("\"fw\"", given), found("W0605", "\"fw\";"));
    assert_eq!(test("1, 2, 3", given), found("W0605", "1, 2, 3;"));
    assert_eq!(test("\"fw\", 1; \"fw\", 1", given), found("W0607", "\"fw\", 1;"));
    assert_eq!(test("\"fw\", 1", "given { kind(r, \"x\"); } expect exists(r);"), found("W0606", "x"));
    let verdict = "change { delete r; } expect x;";
    assert_eq!(test("\"fw\", 1", verdict), found("W0301", "1"));
    assert_eq!(test("\"fw\", \"maybe\"", verdict), found("W0117", "\"maybe\""));
    assert_eq!(test("\"fw\", \"deny\"; \"db\", \"maybe\"", verdict), found("W0117", "\"maybe\""));
    assert_eq!(test("\"fw\", \"x\"", "expect exists(r); expect deny wide(r, _) \"{x} {y}\";"), found("W0107", "y"));
    // What is wrong with the test is told once, not once a case.
    assert_eq!(test("\"fw\", \"a\"; \"db\", \"b\"", "given { kynd(r, x); } expect exists(r);").len(), 1);
}

#[test]
fn a_name_that_is_no_parameter_is_no_text() {
    let codes = |text: &str| told(text).into_iter().map(|(code, words)| format!("{code} {words}")).collect::<Vec<_>>();
    assert_eq!(codes("test \"t\" { change by ana { delete \"x\"; } expect allow; }"), ["W0216 ana"]);
    assert_eq!(codes("test \"t\" { given { kind(r, \"x\"); } expect exists(\"r\"); }"), ["W0216 r"]);
    assert_eq!(
        codes("test \"t\" { cases r, r { 1, 2; } given { kind(r, \"x\"); } expect exists(r); }")
            .first()
            .map(String::as_str),
        Some("W0111 r")
    );
    assert_eq!(codes("test \"t\" { expect exists(\"r\") \"a message\"; }"), ["W0603 \"a message\""]);
}

/// What a rule objects to is told by every verdict, so a test of any module names it; what is not `pub` stays private.
#[test]
fn a_test_expects_what_another_module_objects_to() {
    let source = |name: &str, text: &str| Source {
        path: format!("{name}.writ"),
        module: name.to_owned(),
        text: text.to_owned(),
    };
    let rules = "use std.state.{Resource, kind};
        relation seen(r: Resource);
        seen(r) if kind(r, \"odd\");
        deny odd(r) \"{r} is odd\" if seen(r);";
    let codes = |tests: &str| -> Vec<&'static str> {
        let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
        let output = compile(&[source("rules", rules), source("tests", tests)], &Info { package, owner: None });
        output.reports.iter().map(|report| report.code.number()).collect()
    };
    let test = |what: &str| {
        format!(
            "test \"it\" {{ change by \"ana\" {{ update \"x\" {{ std.state.kind(\"x\", \"odd\"); }} }} expect {what}; }}"
        )
    };
    assert_eq!(codes(&test("deny rules.odd(\"x\")")), [""; 0]);
    assert_eq!(codes(&test("not deny rules.odd(\"x\") introduced")), [""; 0]);
    assert_eq!(codes(&test("rules.seen(\"x\")")), ["W0112"]);
    assert_eq!(
        codes("relation far(r: std.state.Resource); far(r) if rules.odd(r); test \"t\" { expect not far(\"x\"); }"),
        ["W0112"]
    );
}
