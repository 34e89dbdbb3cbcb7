//! The lints over texts that are meant to be right, and small packages for what the diagnostics' pages leave out.

use super::{Module, lint};
use crate::hir::{Item, Package};
use crate::workbench::workbench;
use syntax::ast;

/// Every finding about a package, as its number, its module and its message.
fn told(package: Package, files: &[(&str, &str)]) -> Vec<String> {
    let bench = workbench(files);
    assert!(bench.diagnostics.is_empty(), "{:?}", bench.diagnostics);
    let std = crate::stdlib::FILES
        .iter()
        .map(|(file, text)| (format!("std.{}", file.trim_end_matches(".writ").replace('/', ".")), *text));
    let texts = std.chain(files.iter().map(|(name, text)| ((*name).to_owned(), *text)));
    let parsed: Vec<(String, syntax::parse::File)> =
        texts.map(|(name, text)| (name, syntax::parse_file(text))).collect();
    let declared: Vec<_> = parsed
        .iter()
        .filter_map(|(name, file)| {
            let module = bench.library.module(name)?;
            let items: Vec<(u32, &ast::Item)> =
                (0..).zip(&file.chunks).filter_map(|(i, chunk)| Some((i, chunk.item.as_ref()?))).collect();
            let names = &bench.library.names;
            Some(crate::signatures::declare(name, module.package, &items, &module.scope, names).0)
        })
        .collect();
    let modules = parsed.iter().zip(&declared).map(|((name, file), signatures)| {
        let items: Vec<(u32, &ast::Item, &Item)> = (0..)
            .zip(&file.chunks)
            .zip(&bench.items[name])
            .filter_map(|((position, chunk), item)| Some((position, chunk.item.as_ref()?, item)))
            .collect();
        Module { signatures, items, uses: rustc_hash::FxHashMap::default() }
    });
    let modules: Vec<Module<'_>> = modules.collect();
    let found = lint(&modules, package);
    found.iter().map(|d| format!("{} {}: {}", d.code.number(), d.module().unwrap_or("?"), d.message)).collect()
}

fn root(text: &str) -> Vec<String> {
    told(Package::Root, &[("policy", text)])
}

#[test]
fn the_standard_library_has_nothing_without_effect() {
    // What a deletion leaves there, or does not, is what these rules are about, and say so by `@allow`.
    let meant = [
        "W0212 std.reconcile: `resource` is read after the change, which may destroy `r`",
        "W0212 std.verdict: `exists` is read after the change, which may destroy `r`",
    ];
    assert_eq!(told(Package::Std, &[]), meant);
}

#[test]
fn the_examples_have_nothing_without_effect() {
    let examples = [
        include_str!("../../../examples/agents/policy.writ"),
        include_str!("../../../examples/recoverability/policy.writ"),
        include_str!("../../../examples/segmentation/policy.writ"),
        include_str!("../../../examples/three-contexts/policy.writ"),
        include_str!("../../../examples/key-loss/policy.writ"),
    ];
    for text in examples {
        assert_eq!(root(text), Vec::<String>::new());
    }
}

#[test]
fn relations_that_read_each_other_and_are_read_by_nobody_are_told() {
    let text = "use std.state.{Resource, encrypted_by, exists};
relation up(r: Resource); up(r) if encrypted_by(r, k), down(k);
relation down(r: Resource); down(r) if exists(r), up(r);
relation read(r: Resource); read(r) if exists(r);
deny gone(r) \"{r}\" if read(r), not exists(r);";
    let found = root(text);
    assert_eq!(found, ["W0702 policy: `up` is never read", "W0702 policy: `down` is never read"]);
}

#[test]
fn what_a_test_expects_is_read() {
    let text = "use std.state.{Resource, exists, kind};
relation known(r: Resource); known(r) if exists(r);
test \"it is known\" { given { kind(\"a\", \"bucket\"); } expect known(\"a\"); }";
    assert_eq!(root(text), Vec::<String>::new());
}

#[test]
fn a_rule_is_implied_by_one_that_asks_for_less() {
    let implied = |first: &str, second: &str| {
        let text = format!(
            "use std.state.{{Resource, kind, tag}};
pub relation p(r: Resource, s: string);
{first}
{second}
"
        );
        root(&text).iter().filter(|found| found.starts_with("W0703")).count()
    };
    assert_eq!(implied("p(r, s) if kind(r, s);", "p(x, y) if kind(x, y), tag(x, y, _);"), 1);
    assert_eq!(implied("p(r, s) if kind(r, s), kind(r, _);", "p(r, s) if kind(r, s);"), 1);
    assert_eq!(implied("p(r, s) if kind(r, s), not tag(r, \"a\", _);", "p(r, s) if kind(r, s), not tag(r, _, _);"), 1);
    assert_eq!(implied("p(r, s) if kind(r, s), s in {\"a\", \"b\"};", "p(r, \"a\") if kind(r, \"a\");"), 1);
    // The other way round each of these asks for something of its own.
    assert_eq!(implied("p(r, s) if kind(r, s), s != \"a\";", "p(r, s) if kind(r, s), s != \"b\";"), 0);
    assert_eq!(implied("p(r, s) if tag(r, s, _);", "p(r, s) if tag(r, _, s);"), 0);
    assert_eq!(
        implied("p(r, s) if kind(r, s), not tag(r, s, \"a\");", "p(r, s) if kind(r, s), not tag(r, s, \"b\");"),
        0
    );
    assert_eq!(implied("p(r, s) if kind(r, s), tag(r, k, k);", "p(r, s) if kind(r, s), tag(r, _, _);"), 1);
}

#[test]
fn a_further_message_is_a_reason_for_a_further_deny() {
    let text = |second: &str| {
        format!(
            "use std.state.{{kind, tag}};
deny bare(r) \"{{r}} has no owner\" if kind(r, _), not tag(r, \"owner\", _);
deny bare(r) \"{second}\" if kind(r, \"database\"), not tag(r, \"owner\", _);"
        )
    };
    assert_eq!(root(&text("the database {r} has no owner")), Vec::<String>::new());
    assert_eq!(root(&text("{r} has no owner")).len(), 1);
}

#[test]
fn a_permit_is_defeated_only_by_what_is_in_force_with_it() {
    let text = |attribute: &str, place: &str| {
        format!(
            "use std.change.{{action, destroys}};
pub blueprint first() {{ permit go(a) if action(a, \"replace\", r), before.std.state.kind(r, \"cache\"); {} }}
pub blueprint second() {{ {} }}
{}",
            if place == "same" {
                format!("{attribute} deny stop(a, r) \"{{r}}\" if destroys(a, r), covered(r);")
            } else {
                String::new()
            },
            if place == "other" { "deny stop(a, r) \"{r}\" if destroys(a, r), covered(r);" } else { "" },
            if place == "outside" {
                "deny stop(a, r) \"{a} {r}\" if destroys(a, r), before.std.state.kind(r, _);"
            } else {
                ""
            },
        )
    };
    assert_eq!(root(&text("", "same")).len(), 1);
    assert_eq!(root(&text("", "outside")).len(), 1);
    assert_eq!(root(&text("@waivable(right: \"accept-risk\")", "same")), Vec::<String>::new());
    assert!(root(&text("", "other")).iter().all(|found| !found.starts_with("W0704")));
}

#[test]
fn a_relation_of_a_blueprint_without_a_rule_is_empty() {
    let text = "use std.state.{Resource, kind};
pub blueprint b() {
    relation never(r: Resource);
    relation after(r: Resource);
    after(r) if never(r), covered(r);
    deny bad(r) \"{r}\" if covered(r), after(r), kind(r, _);
}";
    let found = root(text);
    assert_eq!(found.len(), 1, "told once, where it begins: {found:?}");
    assert!(found[0].starts_with("W0701"), "{found:?}");
}

/// The findings of W0212 and W0219 about one blueprint's rules, as numbers.
fn after(rules: &str) -> Vec<String> {
    of_codes(rules, &["W0212", "W0219"])
}

fn of_codes(rules: &str, codes: &[&str]) -> Vec<String> {
    let text = format!(
        "use std.change.{{Action, Verb, action, actor, session, destroys, writes}};
use std.state.{{Resource, config, exists, kind, tag}};
use std.authority.{{Party, member, accountable}};
change relation ruined(r: Resource);
ruined(r) if destroys(_, r);
change relation asking(p: Party);
asking(p) if actor(_, p);
let mine(r: Resource, n: string) = tag(r, \"owner\", n);
relation dev(r: Resource);
dev(r) if tag(r, \"env\", \"dev\");
change relation trial(a: Action, r: Resource);
trial(a, r) if action(a, \"update\", r), dev(r);
relation beside(r: Resource, s: Resource);
beside(r, s) if std.state.encrypted_by(r, s), dev(s);
pub blueprint b() {{ {rules} }}
test \"all are read\" {{ expect not ruined(_); expect not asking(_); expect not dev(_);
    expect not trial(_, _); expect not beside(_, _); }}"
    );
    let found = root(&text).into_iter();
    found.filter_map(|found| found.get(..5).filter(|code| codes.contains(code)).map(str::to_owned)).collect()
}

#[test]
fn what_a_change_destroyed_is_not_there_wherever_it_is_asked_for() {
    let told = |rule: &str| after(rule).len();
    for (rule, findings) in [
        ("permit p(a) if action(a, \"delete\", r), kind(r, \"queue\");", 1),
        ("permit p(a) if action(a, \"delete\", r), before.kind(r, \"queue\");", 0),
        ("permit p(a) if action(a, \"delete\", r), not kind(r, \"database\");", 1),
        ("permit p(a) if action(a, \"delete\", r), n = count { k: tag(r, k, _) }, n == 0;", 1),
        ("permit p(a) if action(a, \"delete\", r), s = r, kind(s, \"queue\");", 1),
        ("permit p(a) if action(a, v, r), v in {\"create\", \"update\"}, kind(r, \"queue\");", 0),
        ("permit p(a) if action(a, v, r), v in {\"update\", \"delete\"}, kind(r, \"queue\");", 1),
        ("deny d(r) \"{r}\" if ruined(r), covered(r), kind(r, \"database\");", 1),
        ("deny d(r) \"{r}\" if ruined(r), covered(r), not exists(r);", 0),
        ("deny d(r) \"{r}\" if ruined(r), covered(r), not kind(r, \"database\");", 1),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), tag(r, \"frozen\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), before.tag(r, \"a\", x), tag(r, \"a\", y), x != y;", 0),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), config(r, c), c.size == 9;", 0),
        ("deny d(a, r) \"{a} {r}\" if destroys(a, r), covered(r), config(r, c), c.size == 9;", 1),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), action(a, \"update\", r), covered(r), tag(r, \"a\", \"b\");", 0),
        ("deny d(a, r) \"{a} {r}\" if action(a, _, r), covered(r), tag(r, \"frozen\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, v, r), v != \"create\", covered(r), tag(r, \"frozen\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, _, r), covered(r), either.tag(r, \"frozen\", \"yes\");", 0),
    ] {
        assert_eq!(told(rule), findings, "{rule}");
    }
}

#[test]
fn an_objection_holds_for_every_verb_that_a_parameter_may_name() {
    let told = |rule: &str| {
        let text = format!(
            "use std.change.{{Verb, action}};\nuse std.state.{{config, kind}};\n\
             pub blueprint b(verbs: {{Verb}}, one: Verb) {{ {rule} }}\nintent i \"x\" {{ cover r if kind(r, _); owner \"o\"; \
             apply b(verbs: {{\"delete\"}}, one: \"delete\"); }}"
        );
        root(&text).iter().filter(|found| found.starts_with("W0212")).count()
    };
    for (body, findings) in [
        ("action(a, v, r), v in verbs, covered(r), kind(r, \"db\")", 1),
        ("action(a, one, r), covered(r), kind(r, \"db\")", 1),
        ("action(a, v, r), v in verbs, covered(r), before.kind(r, \"db\")", 0),
        ("action(a, v, r), v in verbs, v in {\"create\", \"update\"}, covered(r), kind(r, \"db\")", 0),
        ("action(a, v, r), v in verbs, covered(r), config(r, c), c.size == 9", 0),
    ] {
        assert_eq!(told(&format!("deny d(a, r) \"{{a}} {{r}}\" if {body};")), findings, "{body}");
    }
    // What is gone is not permitted, which is safe.
    assert_eq!(told("permit p(a) if action(a, v, r), v in verbs, covered(r), kind(r, \"db\");"), 0);
}

#[test]
fn what_objects_to_a_deletion_objects_to_whatever_destroys() {
    for (rules, findings) in [
        ("deny d(a, r) \"{a} {r}\" if action(a, \"delete\", r), covered(r);", 1),
        ("escalate d(a, r) \"{a} {r}\" if action(a, \"delete\", r), covered(r);", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, v, r), v == \"delete\", covered(r);", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, v, r), v in {\"delete\"}, covered(r);", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, v, r), str.format(\"{}\", v) == \"delete\", covered(r);", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, v, r), w = str.format(\"{}\", v), w == \"delete\", covered(r);", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, v, r), str.format(\"{}\", v) != \"read\", covered(r);", 0),
        ("deny d(r) \"{r}\" if covered(r), n = count { s: action(_, \"delete\", s) }, n > 5;", 1),
        ("deny d(a, r) \"{a} {r}\" if destroys(a, r), covered(r);", 0),
        ("deny d(a, r) \"{a} {r}\" if action(a, v, r), v in {\"delete\", \"replace\", \"forget\"}, covered(r);", 0),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), not action(a, \"delete\", r), covered(r);", 0),
        ("permit p(a) if action(a, \"delete\", r), before.kind(r, \"queue\");", 0),
        // Through what a relation says of it, and through another one.
        (
            "change relation del(r: Resource); del(r) if action(_, \"delete\", r);
             deny d(r) \"{r}\" if del(r), covered(r);",
            1,
        ),
        (
            "change relation del(r: Resource); del(r) if action(_, v, r), v == \"delete\";
             change relation odd(r: Resource); odd(r) if del(r), before.kind(r, \"queue\");
             escalate d(r) \"{r}\" if odd(r), covered(r);",
            1,
        ),
        (
            "change relation del(r: Resource); del(r) if action(_, \"delete\", r);
             permit p(a) if action(a, \"delete\", r), del(r);",
            0,
        ),
        (
            "change relation del(r: Resource); del(r) if action(_, \"delete\", r);
             deny d(a, r) \"{a} {r}\" if writes(a, r), not del(r), covered(r);",
            0,
        ),
        // By a name for the verb, and where a relation hands on whatever the verb is.
        ("deny d(a, r) \"{a} {r}\" if action(a, v, r), word: Verb = \"delete\", v == word, covered(r);", 1),
        (
            "change relation done(r: Resource, v: Verb); done(r, v) if action(_, v, r);
             deny d(r) \"{r}\" if done(r, \"delete\"), covered(r);",
            1,
        ),
        (
            "change relation done(r: Resource, v: Verb); done(r, v) if action(_, v, r);
             deny d(r) \"{r}\" if done(r, v), v in {\"delete\", \"replace\", \"forget\"}, covered(r);",
            0,
        ),
        // Two rules that leave nothing to slip through between them.
        (
            "change relation del(r: Resource); del(r) if action(_, \"delete\", r);
             del(r) if action(_, v, r), v in {\"replace\", \"forget\"};
             deny d(r) \"{r}\" if del(r), covered(r);",
            0,
        ),
    ] {
        assert_eq!(of_codes(rules, &["W0213"]).len(), findings, "{rules}");
    }
}

#[test]
fn who_asks_is_not_held_against_what_the_change_may_have_written() {
    for (rule, findings) in [
        ("permit p(a) if action(a, \"update\", r), actor(a, who), n: string = who, tag(r, \"owner\", n);", 1),
        ("permit p(a) if action(a, \"update\", r), actor(a, who), n: string = who, before.tag(r, \"owner\", n);", 0),
        ("permit p(a) if action(a, \"update\", r), actor(a, who), accountable(r, who);", 0),
        (
            "permit p(a) if action(a, \"update\", r), actor(a, who), member(who, t), n: string = t, tag(r, \"team\", n);",
            1,
        ),
        ("permit p(a) if action(a, \"update\", r), session(a, s), n: string = s, tag(r, \"session\", n);", 1),
        ("permit p(a) if action(a, \"update\", r), actor(a, who), n: string = who, config(r, c), c.owner == n;", 1),
        ("permit p(a) if action(a, \"update\", r), asking(who), n: string = who, mine(r, n);", 1),
        (
            "permit p(a) if action(a, \"update\", r), actor(a, who), n: string = who, all = collect { o: tag(r, \"owner\", o) },
             n in all;",
            1,
        ),
        (
            "permit p(a) if action(a, \"update\", r), actor(a, who), member(who, \"ops\"), n = count { k: tag(r, k, _) }, n < 9;",
            0,
        ),
        ("permit p(a) if action(a, \"create\", r), actor(a, who), n: string = who, tag(r, \"owner\", n);", 0),
        ("permit p(a) if action(a, \"update\", r), actor(a, who), tag(r, \"owner\", str.format(\"{}\", who));", 1),
        // In either world is enough for a permit, and to let an objection be.
        ("permit p(a) if action(a, \"update\", r), actor(a, who), n: string = who, either.tag(r, \"owner\", n);", 1),
        ("permit p(a) if action(a, \"update\", r), actor(a, who), n: string = who, not either.tag(r, \"bars\", n);", 0),
        (
            "deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), actor(a, who), n: string = who,
             not either.tag(r, \"owner\", n);",
            1,
        ),
        (
            "deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), actor(a, who), n: string = who,
             either.tag(r, \"bars\", n);",
            0,
        ),
        ("permit p(a) if action(a, \"update\", r), actor(a, who), member(who, \"ops\"), tag(r, \"env\", \"dev\");", 0),
        (
            "deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), actor(a, who), n: string = who,
             not tag(r, \"owner\", n);",
            1,
        ),
    ] {
        assert_eq!(after(rule).len(), findings, "{rule}: {:?}", after(rule));
    }
}

#[test]
fn no_objection_is_switched_off_by_the_change() {
    for (rule, findings) in [
        ("deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), tag(r, \"lock\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), not tag(r, \"free\", \"yes\");", 1),
        ("escalate d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), dev(r);", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), either.tag(r, \"lock\", \"yes\");", 0),
        ("deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), not before.tag(r, \"free\", \"yes\");", 0),
        ("deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), not either.tag(r, \"free\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if action(a, \"create\", r), covered(r), tag(r, \"lock\", \"yes\");", 0),
        (
            "deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), before.tag(r, \"a\", x), not tag(r, \"a\", x);",
            0,
        ),
        ("deny d(r) \"{r}\" if covered(r), tag(r, \"public\", \"yes\");", 0),
        ("deny d(r) \"{r}\" if covered(r), kind(r, _), not accountable(r, \"team-a\");", 1),
        ("deny d(r) \"{r}\" if covered(r), accountable(r, p), member(p, \"team-a\");", 1),
        ("deny d(r) \"{r}\" if covered(r), kind(r, _), not accountable(r, _);", 0),
        ("deny d(r, p) \"{r} {p}\" if covered(r), accountable(r, p), kind(r, _);", 0),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), not accountable(r, \"team-a\");", 0),
        // Whatever the columns of an authority relation, in whichever way it is asked.
        ("deny d(r) \"{r}\" if covered(r), kind(r, _), not spared(r);", 1),
        ("deny d(r) \"{r}\" if covered(r), kind(r, _), not excused(r, \"security\");", 1),
        ("deny d(r) \"{r}\" if covered(r), kind(r, _), not excused(r, _);", 1),
        ("deny d(r) \"{r}\" if covered(r), kind(r, _), not free(r);", 1),
        ("deny d(r) \"{r}\" if covered(r), kind(r, k), not lifted(k);", 1),
        ("deny d(r) \"{r}\" if covered(r), bound(r);", 1),
        ("deny d(r) \"{r}\" if covered(r), spared(r);", 1),
        ("escalate d(r) \"{r}\" to accountable(r) if covered(r), kind(r, _), not spared(r);", 1),
        ("deny d(r) \"{r}\" if covered(r), n = count { p: accountable(r, p), p == \"security\" }, n == 0;", 1),
        ("deny d(r) \"{r}\" if covered(r), all = collect { p: accountable(r, p) }, not \"security\" in all;", 1),
        ("deny d(r) \"{r}\" if covered(r), n = count { p: accountable(r, p) }, n == 0;", 0),
        ("deny d(r) \"{r}\" if covered(r), orphan(r);", 0),
        ("deny d(r) \"{r}\" if covered(r), kind(r, k), not lawful(k);", 0),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), not spared(r);", 0),
        // What changes the resource may be handed on.
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), not either.tag(r, \"free\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), not before.tag(r, \"free\", \"yes\");", 0),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), either.tag(r, \"lock\", \"yes\");", 0),
        ("deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), std.change.created(r), not tag(r, \"team\", _);", 0),
        (
            "deny d(a, r) \"{a} {r}\" if writes(a, r), covered(r), not before.exists(r), not either.tag(r, \"team\", _);",
            0,
        ),
        (
            "escalate d(a, r) \"{a} {r}\" to accountable(r) if writes(a, r), covered(r), not either.tag(r, \"free\", \"yes\");",
            1,
        ),
        ("deny d(a, r) \"{a} {r}\" if wrote(a, r), covered(r), not either.tag(r, \"free\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if edits(a, r), covered(r), not tag(r, \"free\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if edits(a, r), covered(r), not either.tag(r, \"free\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if edits(a, r), covered(r), tag(r, \"lock\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if edits(a, s), r = s, covered(r), tag(r, \"lock\", \"yes\");", 1),
        ("deny d(a, r) \"{a} {r}\" if edits(a, r), covered(r), held(r);", 0),
        ("deny d(a, r) \"{a} {r}\" if edits(a, r), covered(r), not held(r);", 1),
        (
            "deny d(a, r) \"{a} {r}\" if edits(a, r), covered(r), n = count { k: either.tag(r, k, \"yes\"), k == \"free\" }, n == 0;",
            1,
        ),
        (
            "deny d(a, r) \"{a} {r}\" if edits(a, r), covered(r), n = count { k: either.tag(r, k, \"yes\"), k == \"lock\" }, n > 0;",
            0,
        ),
    ] {
        let rule = &format!(
            "{rule} }}
authority relation excused(r: Resource, by: string);
authority relation spared(r: Resource);
authority relation free(r: Resource); free(r) if excused(r, \"security\");
authority relation lifted(kind: string); lifted(k) if spared(r), kind(r, k);
authority relation bound(r: Resource); bound(r) if exists(r), not spared(r);
authority relation orphan(r: Resource); orphan(r) if exists(r), not accountable(r, _);
authority relation lawful(kind: string);
change relation wrote(a: Action, r: Resource); wrote(a, r) if writes(a, r);
change relation edits(a: Action, r: Resource); edits(a, r) if action(a, \"update\", r);
change relation held(r: Resource); held(r) if action(_, _, r), either.tag(r, \"lock\", \"yes\");
blueprint rest() {{ "
        );
        assert_eq!(of_codes(rule, &["W0224"]).len(), findings, "{rule}");
    }
}

#[test]
fn an_objection_without_a_resource_counts_once() {
    let told = |rule: &str| {
        let text = format!("use std.state.{{tag, kind}};\nuse std.change.action;\nuse std.net.lets_in;\n{rule}");
        root(&text).iter().filter(|found| found.starts_with("W0225")).count()
    };
    for (rule, findings) in [
        ("deny open(p) \"{p}\" if lets_in(_, _, p, _), p == 22;", 1),
        ("escalate open(k) \"{k}\" if kind(_, k), k == \"queue\";", 1),
        ("deny open(r, p) \"{r} {p}\" if lets_in(r, _, p, _), p == 22;", 0),
        ("deny open(a, k) \"{a} {k}\" if action(a, _, r), kind(r, k);", 0),
        ("deny open(k) \"{k}\" if kind(_, k), not before.kind(_, k);", 0),
    ] {
        assert_eq!(told(rule), findings, "{rule}");
    }
}

#[test]
fn no_permit_rests_on_a_label_that_the_change_may_have_set() {
    for (rule, findings) in [
        ("permit p(a) if action(a, \"update\", r), tag(r, \"env\", \"dev\");", 1),
        ("permit p(a) if action(a, \"update\", r), not tag(r, \"env\", \"prod\");", 1),
        ("permit p(a) if action(a, \"update\", r), n = count { k: tag(r, k, _) }, n == 0;", 1),
        ("permit p(a) if action(a, v, r), v in {\"create\", \"update\"}, tag(r, \"env\", \"dev\");", 1),
        ("permit p(a) if action(a, \"update\", r), before.tag(r, \"env\", \"dev\");", 0),
        ("permit p(a) if action(a, \"update\", r), either.tag(r, \"env\", \"dev\");", 1),
        ("permit p(a) if action(a, \"update\", r), not either.tag(r, \"env\", \"prod\");", 0),
        ("permit p(a) if action(a, \"create\", r), tag(r, \"env\", \"dev\");", 0),
        ("permit p(a) if action(a, \"update\", r), kind(r, \"queue\");", 0),
        ("permit p(a) if action(a, \"update\", r), std.state.encrypted_by(r, k), tag(k, \"env\", \"dev\");", 0),
        ("deny d(a, r) \"{a} {r}\" if action(a, \"update\", r), covered(r), tag(r, \"env\", \"dev\");", 0),
        ("permit p(a) if action(a, \"update\", r), dev(r);", 1),
        ("permit p(a) if action(a, \"update\", r), before.dev(r);", 0),
        ("permit p(a) if action(a, \"update\", r), trial(a, r);", 1),
        ("permit p(a) if action(a, \"update\", r), beside(r, s), kind(s, \"queue\");", 0),
        ("permit p(a) if action(a, \"update\", s), beside(_, s);", 1),
    ] {
        assert_eq!(of_codes(rule, &["W0222"]).len(), findings, "{rule}");
    }
}
