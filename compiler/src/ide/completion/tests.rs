//! Words that are offered, at a cursor in whole and in broken texts.

use super::*;
use crate::ide::fixture::{Fixture, POLICY};
use crate::scope::Wanted;
use syntax::ast::{Name, Span};

fn offered(text: &str) -> Vec<Completion> {
    let fixture = Fixture::new(text);
    let seen = Seen::from([(
        ("std.state.config".to_owned(), 1),
        BTreeSet::from([vec!["acl".to_owned()], vec!["ingress".to_owned(), "[*]".to_owned(), "port".to_owned()]]),
    )]);
    completion(&fixture.snapshot(), &fixture.path, fixture.offset, &seen)
}

/// The labels before the first of a higher rank, up to `most`.
fn first(text: &str, most: usize) -> Vec<String> {
    offered(text).into_iter().take(most).map(|item| item.label).collect()
}

fn has(text: &str, label: &str) -> bool {
    offered(text).iter().any(|item| item.label == label)
}

#[test]
fn an_argument_is_a_variable_of_its_type() {
    let text = format!("{POLICY}\nkept(r) if age(r, name: n, level: l, years: y), tag(r, n, $0");
    assert_eq!(first(&text, 1), ["n"]);
    let text = format!("{POLICY}\nkept(r) if age(r, name: n, years: y), y > 3, age(r, n, $0), kind(r, _);");
    assert_eq!(first(&text, 2), ["\"high\"", "\"low\""]);
    let text = format!("{POLICY}\nkept(r) if age(r, name: n, level: l), l == \"$0");
    assert_eq!(first(&text, 2), ["high", "low"]);
    let text = format!("{POLICY}\nkept(r) if age(r, $0");
    assert!(has(&text, "years:") && has(&text, "level:") && has(&text, "_"));
}

#[test]
fn a_condition_is_a_relation_or_a_let() {
    let text = POLICY.replacen("covered(r), age", "covered(r), $0 age", 1);
    assert!(has(&text, "marked") && has(&text, "stateful") && has(&text, "kind") && has(&text, "not"));
    let found = offered(&format!("{POLICY}\nkept(r) if kind(r, _), enc$0"));
    let item = found.iter().find(|item| item.label == "encrypted_by").expect("it may be imported");
    assert_eq!(item.also.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), [", encrypted_by"]);
    assert_eq!(item.insert, "encrypted_by(${1:r}, ${2:key})");
}

#[test]
fn a_path_goes_on() {
    let text = "use std.state.{Resource, config};\nrelation open(r: Resource);\nopen(r) if config(r, cfg), cfg.$0";
    assert_eq!(first(text, 9), ["acl", "ingress"]);
    let text = format!("{POLICY}\nkept(r) if net.$0");
    assert!(has(&text, "contains"));
    assert!(has(&format!("{POLICY}\nkept(r) if before.$0"), "kind"));
    assert!(has(&format!("{POLICY}\nkept(r) if web.$0"), "covers"));
    assert!(has("use std.$0", "state"));
    assert!(has("use std.state.{Resource, $0};", "kind"));
    assert!(!has("use std.state.{Resource, $0};", "Resource"));
}

#[test]
fn a_path_goes_on_behind_a_part_and_through_keys_that_are_no_names() {
    let head = "use std.state.{Resource, config};\nrelation open(r: Resource);\n";
    assert_eq!(
        first(&format!("{head}open(r) if config(r, cfg), rule in cfg.ingress[*], p: int = rule.$0"), 9),
        ["port"]
    );
    assert_eq!(first(&format!("{head}open(r) if config(r, cfg), x = cfg.ingress, p: int = x.$0;"), 9), ["port"]);
    let fixture = Fixture::new(&format!("{head}open(r) if config(r, cfg), cfg.$0"));
    let seen = Seen::from([(("std.state.config".to_owned(), 1), BTreeSet::from([vec!["na me".to_owned()]]))]);
    let found = completion(&fixture.snapshot(), &fixture.path, fixture.offset, &seen);
    let dot = fixture.offset - 1..fixture.offset;
    assert_eq!((found[0].insert.as_str(), &found[0].also), ("[\"na me\"]", &vec![(dot, String::new())]));
}

#[test]
fn what_is_half_declared_offers_its_columns_and_no_types() {
    let variables = |text: &str| -> Vec<String> {
        let of = |item: &Completion| matches!(item.kind, Kind::Variable | Kind::Column);
        offered(text).into_iter().filter(of).map(|item| item.label).collect()
    };
    assert_eq!(variables("let q(a: int, b: time) = $0"), ["a", "b"]);
    assert_eq!(variables("relation z(r: Resource, n: int) key($0"), ["n", "r"]);
    assert_eq!(variables("pub blueprint b(p: int) {\n    deny d(r) \"{r}\" if $0"), ["p", "r"]);
    assert!(has("relation z(r: Resource) key(r) prefer ($0", "state"));
}

#[test]
fn a_line_begins_with_its_words() {
    assert!(has(&format!("{POLICY}\n$0"), "intent"));
    assert!(has(&format!("{POLICY}\n$0"), "kept"));
    assert!(has(&POLICY.replacen("    owner", "    $0\n    owner", 1), "criticality"));
    assert!(has(&POLICY.replacen("    expect age", "    $0\n    expect age", 1), "expect"));
    assert!(has(&POLICY.replacen("    expect age", "    change by \"a\" { $0 }\n    expect age", 1), "delete"));
    assert!(has(&POLICY.replacen("expect deny web/careful.stale", "expect deny $0", 1), "careful.stale"));
    assert!(has(&POLICY.replacen("apply careful", "apply $0careful", 1), "careful"));
    assert!(has("relation a(r: $0", "string"));
    assert!(has("@$0", "severity"));
    assert!(offered("// a comment $0").is_empty());
}

#[test]
fn a_block_offers_its_words_whatever_stands_before_it() {
    for head in ["blueprint a() {", "pub blueprint a(n: int) {", "@allow(W0701)\npub blueprint a(n: int) {"] {
        let text = format!("{POLICY}\n{head}\n    $0\n}}");
        assert!(has(&text, "deny") && has(&text, "permit") && !has(&text, "intent"), "{head}");
        let text = format!("{POLICY}\n{head}\n    @severity(low)\n    $0\n}}");
        assert!(has(&text, "deny") && !has(&text, "introduced"), "{head}");
    }
    for head in ["intent b \"x\" {", "overlay intent b \"x\" {"] {
        assert!(has(&format!("{POLICY}\n{head}\n    ap$0\n}}"), "apply"), "{head}");
    }
    assert!(has(&format!("{POLICY}\n@editable\n$0"), "relation"));
}

#[test]
fn what_is_compared_with_an_enum_is_a_member() {
    for operator in ["==", "=", "!="] {
        let text = format!("{POLICY}\nkept(r) if age(r, name: n, level: l), kind(r, n), l {operator} $0");
        assert_eq!(first(&text, 2), ["\"high\"", "\"low\""], "{operator}");
        let text = format!("{POLICY}\nkept(r) if age(r, name: n, level: l), kind(r, n), l {operator} \"$0\";");
        assert_eq!(first(&text, 2), ["high", "low"], "{operator}");
    }
}

#[test]
fn nothing_that_is_typed_makes_it_fall() {
    for (at, _) in POLICY.char_indices() {
        let text = format!("{}$0", &POLICY[..at]);
        if at % 3 == 0 {
            offered(&text);
        }
    }
}

#[test]
fn of_very_many_names_those_that_fit_are_offered() {
    let mut others = String::new();
    for n in 0..2 * IMPORTS {
        others.push_str(&format!("pub relation thing_{n}(r: std.state.Resource);\n"));
    }
    let text = |typed: &str| {
        format!(
            "use std.state.{{Resource, kind}};\npub relation kept(r: Resource);\nkept(r) if kind(r, _), {typed}$0\n//- others.writ\n{others}pub relation the_one(r: std.state.Resource);\n"
        )
    };
    let found = offered(&text(""));
    assert_eq!(found.iter().filter(|item| !item.also.is_empty()).count(), IMPORTS);
    let last = format!("thing_{}", 2 * IMPORTS - 1);
    for (typed, wanted) in
        [("one", "the_one"), ("ThO", "the_one"), (last.as_str(), last.as_str()), ("g299", last.as_str())]
    {
        assert!(has(&text(typed), wanted), "{typed}");
    }
    assert!(has(&text(""), "kind"));
    // The shortest first, those of one length by name.
    let mut wanted: Vec<String> = (0..2 * IMPORTS).map(|n| format!("thing_{n}")).collect();
    wanted.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    wanted.truncate(IMPORTS);
    let mut brought: Vec<String> =
        offered(&text("thing_")).into_iter().filter(|item| !item.also.is_empty()).map(|item| item.label).collect();
    brought.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    assert_eq!(brought, wanted);
}

/// A word stands for one thing in its module: another module's of the same name is not offered as if it were that one, nor with
/// a `use` that would be refused.
#[test]
fn a_word_that_means_something_is_offered_for_that_alone() {
    let text = "use other.kept;\nuse std.state.Resource;\nrelation own(r: Resource);\nrelation new(r: Resource);\n\
                new(r) if $0;\n//- other.writ\nuse std.state.Resource;\npub relation kept(r: Resource);\n\
                //- third.writ\nuse std.state.Resource;\npub relation kept(r: Resource);\npub relation own(r: Resource);\n\
                pub relation free(r: Resource);\n";
    let fixture = Fixture::new(text);
    let snapshot = fixture.snapshot();
    let found = completion(&snapshot, &fixture.path, fixture.offset, &Seen::new());
    let declared = |label: &str| -> Vec<String> {
        found.iter().filter(|item| item.label == label).filter_map(|item| item.declared.clone()).collect()
    };
    assert_eq!(declared("kept"), ["other.kept"]);
    assert_eq!(declared("own"), ["policy.own"]);
    assert_eq!(declared("free"), ["third.free"]);
    let module = snapshot.module_at("policy.writ").expect("a module");
    for item in found.iter().filter(|item| item.kind == Kind::Relation && item.label != "covered") {
        let path = [Name { text: item.label.clone(), span: Span::default() }];
        let meant = module.scope.known(&snapshot.library().names, &path, None, Wanted::Condition);
        let meant = meant.map(|symbol| symbol.qualified());
        assert_eq!(meant, item.declared.clone().filter(|_| item.also.is_empty()), "{}", item.label);
    }
}

/// A question leaves the module out, and is no module that `pub` hides anything from.
#[test]
fn a_question_names_what_any_module_declares() {
    let text = format!(
        "//- policy.writ\n{POLICY}\nrelation level(r: Resource);\nlevel(r) if kept(r);\n//- repl.writ\nrelation asked(x: string);\nasked(x) if $0"
    );
    let fixture = Fixture::new(&text);
    let words = |found: Vec<Completion>| -> BTreeSet<(String, bool)> {
        let of = |item: Completion| (item.label, item.also.is_empty());
        found.into_iter().map(of).filter(|(label, _)| ["level", "kept", "kind"].contains(&label.as_str())).collect()
    };
    let (snapshot, seen) = (fixture.snapshot(), Seen::new());
    let all = |names: &[&str], plain| names.iter().map(|name| ((*name).to_owned(), plain)).collect::<BTreeSet<_>>();
    let asked = words(of_question(&snapshot, &fixture.path, fixture.offset, &seen));
    assert_eq!(asked, all(&["kept", "level", "kind"], true));
    let written = words(completion(&snapshot, &fixture.path, fixture.offset, &seen));
    assert_eq!(written, all(&["kept", "kind"], false), "of another module what is public, with its `use`");
}

#[test]
fn a_message_is_about_the_variables_of_its_rule() {
    let policy = |message: &str| {
        let rule =
            format!("deny late(r, v) \"{message}\"\n        if covered(r), age(r, years: v), config(r, cfg), v > 3;");
        POLICY.replacen("use std.state.{", "use std.state.{config, ", 1).replacen(
            "    deny stale",
            &format!("    {rule}\n\n    deny stale"),
            1,
        )
    };
    for message in ["{$0} is old", "{r} is {v$0} years", "a {{ and {r} and { $0 }", "{r} {$0", "{$0"] {
        let found = offered(&policy(message));
        let said = |label: &str| found.iter().find(|item| item.label == label).map(|item| item.detail.clone());
        assert_eq!(said("r").as_deref(), Some("Resource"), "{message}: {found:#?}");
        assert_eq!(said("v").as_deref(), Some("int"), "{message}");
        assert!(said("least_age").is_some() && said("kind").is_none(), "{message}");
    }
    assert!(has(&policy("{cfg.$0} is odd"), "acl"));
    for message in ["r$0", "{r} $0 {v}", "{{$0}}", "{r}$0"] {
        assert_eq!(first(&policy(message), 1), Vec::<String>::new(), "{message}");
    }
    let open = POLICY.replacen("\"{r} is {v} years old: \\\"{v}\\\"\"", "\"{$0", 1);
    assert!(open.contains("\"{$0\n"), "{open}");
    assert!(has(&open, "r") && has(&open, "v"));
}
