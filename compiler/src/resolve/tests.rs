//! What rules resolve to: one table a question.

use super::rule::{filled_by_tool, open_to_packages};
use crate::database::{Info, Source, compile};
use crate::workbench::{rules, workbench};
use program::{Literal, RelationId};
use std::collections::BTreeSet;

const DECLARED: &str = "use std.state.{Resource, kind, tag, config, exists};
relation named(r: Resource);
relation texts(r: Resource, t: string);
relation counted(r: Resource, n: int);
relation nets(r: Resource, c: cidr);
relation copies(r: Resource, n: nat);
relation price(r: Resource, p: decimal);
relation host(r: Resource, a: ip);
relation release(r: Resource, v: version);
let labelled(r: Resource, v: string) = tag(r, \"l\", k), k == v;
let large(n: int) = n > 9;
";

/// The last rule of `rule`, which stands behind the declarations above, without any diagnostic.
fn check(rule: &str, expect: &str) {
    let (rules, told) = rules(&format!("{DECLARED}{rule}"));
    let found = rules.last().map(String::as_str).unwrap_or_default();
    assert!(told.is_empty(), "{rule}\n{told:?}\n{found}");
    assert_eq!(found, expect, "{rule}");
}

/// The numbers of what is told about `rule`.
fn refused(rule: &str, numbers: &[&str]) {
    let (_, told) = rules(&format!("{DECLARED}{rule}"));
    assert_eq!(told, numbers, "{rule}");
}

#[test]
fn arguments_find_their_columns() {
    check("named(r) if tag(r, value: \"x\");", "named(r) if tag(r, _, \"x\")");
    check("named(r) if tag(value: \"x\", r: r);", "named(r) if tag(r, _, \"x\")");
    check("named(r: r) if exists(r);", "named(r) if exists(r)");
    check("named(r) if tag(r, _why, _);", "named(r) if tag(r, _, _)");
    check("texts(r, t) if tag(r, _k, t), kind(r, _k);", "texts(r, t) if tag(r, _k, t), kind(r, _k)");
    refused("named(r) if tag(r, \"x\");", &["W0210"]);
    refused("named(r) if tag(r: r, \"x\", _);", &["W0210", "W0210"]);
    refused("named(r) if tag(r, _, _, _);", &["W0210"]);
}

#[test]
fn literals_take_the_type_of_their_place() {
    check("nets(\"db\", \"10.0.0.0/8\");", "nets(\"db\", \"10.0.0.0/8\") if ");
    check("named(r) if nets(r, c), c == \"10.1.0.0/16\";", "named(r) if nets(r, c), c Equal \"10.1.0.0/16\"");
    check(
        "named(r) if config(r, v), v == {\"a\": [1, \"x\", null]};",
        "named(r) if config(r, v), v Equal {\"a\": [1, \"x\", null]}",
    );
    check("counted(r, n) if exists(r), n = -3;", "counted(r, n) if exists(r), n: int = -3");
    refused("named(r) if counted(r, \"x\");", &["W0301"]);
    refused("nets(\"db\", \"10.0.0.0/80\");", &["W0304"]);
}

#[test]
fn a_builtin_says_what_its_literals_are() {
    for call in
        ["json.type([1.5])", "json.type(true)", "json.type(-1.5)", "json.stringify([1, 0.1])", "str.join({}, \"\")"]
    {
        let (_, told) = rules(&format!("{DECLARED}texts(r, t) if exists(r), t = {call};"));
        assert!(told.is_empty(), "{call}: {told:?}");
    }
    for condition in ["list.sum({}) == 0", "size([]) == 0", "n = size({}), n == 0", "x = set.subset({}, {}), x"] {
        let (_, told) = rules(&format!("{DECLARED}named(r) if exists(r), {condition};"));
        assert!(told.is_empty(), "{condition}: {told:?}");
    }
}

#[test]
fn json_is_typed_by_what_it_meets() {
    check("named(r) if config(r, c), c.acl == \"open\";", "named(r) if config(r, c), (c.acl as string) Equal \"open\"");
    check(
        "texts(r, t) if config(r, c), t = c.a[0].b;",
        "texts(r, t) if config(r, c), t: string = (c.a[0].b as string)",
    );
    check("texts(r, c.name) if config(r, c);", "texts(r, (c.name as string)) if config(r, c)");
    check("texts(r, t) if config(r, c), t in c.a[*].b;", "texts(r, t) if config(r, c), t: string in c.a[*].b");
    check(
        "nets(r, n) if config(r, c), x in c.in[*], n: cidr in x.nets[*];",
        "nets(r, n) if config(r, c), x: json in c.in[*], n: cidr in x.nets[*]",
    );
    check(
        "counted(r, n) if config(r, c), n: int = c.port ?? 0;",
        "counted(r, n) if config(r, c), n: int = ((c.port as int) ?? 0)",
    );
    check(
        "named(r) if config(r, c), kind(r, k), c.a[k] is absent;",
        "named(r) if config(r, c), kind(r, k), c.a[k] is [Absent]",
    );
    check("named(r) if config(r, c), c.on;", "named(r) if config(r, c), (c.on as bool) Equal true");
    check("counted(r, n) if config(r, c), n = c.a + 1;", "counted(r, n) if config(r, c), n: int = +((c.a as int), 1)");
    check("counted(r, n) if config(r, c), n = size(c.xs);", "counted(r, n) if config(r, c), n: nat = size(c.xs)");
    refused("texts(r, c) if config(r, c);", &["W0302"]);
    refused("named(r) if config(r, c), tag(r, c, _);", &["W0302"]);
}

#[test]
fn numbers_take_the_type_of_their_place() {
    check("copies(r, 3) if exists(r);", "copies(r, 3) if exists(r)");
    check("price(r, 3) if exists(r);", "price(r, 3) if exists(r)");
    check("price(r, -1.50) if exists(r);", "price(r, -1.5) if exists(r)");
    check("named(r) if price(r, p), p > 5;", "named(r) if price(r, p), p Greater 5");
    check("named(r) if price(r, p), 5 < p * 2;", "named(r) if price(r, p), 5 Less *(p, 2)");
    check("named(r) if config(r, c), c.a == 1.5;", "named(r) if config(r, c), (c.a as decimal) Equal 1.5");
    check("host(r, \"10.0.0.1\") if exists(r);", "host(r, \"10.0.0.1\") if exists(r)");
    check("named(r) if release(r, v), v < \"2.0.0\";", "named(r) if release(r, v), v Less \"2.0.0\"");
    refused("copies(r, -3) if exists(r);", &["W0301"]);
    refused("counted(r, 1.5) if exists(r);", &["W0301"]);
    refused("price(r, 123456789012345678901234567890.123456789) if exists(r);", &["W0003"]);
    refused("host(r, \"10.0.0.0/8\") if exists(r);", &["W0304"]);
    refused("release(r, \"2.0\") if exists(r);", &["W0304"]);
}

#[test]
fn a_nat_is_an_int_and_an_int_no_nat() {
    check("counted(r, n) if copies(r, n);", "counted(r, n) if copies(r, n)");
    check("copies(r, n) if counted(r, m), n: nat = m;", "copies(r, n) if counted(r, m), n: nat = (m as nat)");
    check("copies(r, n) if copies(r, m), n = m * 2 + 1;", "copies(r, n) if copies(r, m), n: nat = +(*(m, 2), 1)");
    check("copies(r, n) if config(r, c), n = c.a;", "copies(r, n) if config(r, c), n: nat = (c.a as nat)");
    check("price(r, p) if copies(r, n), p: decimal = n;", "price(r, p) if copies(r, n), p: decimal = (n as decimal)");
    // A variable is of the narrowest type that gives it values, in whatever order the text says so.
    check("copies(r, n) if counted(r, n), copies(r, n);", "copies(r, n) if counted(r, n), copies(r, n)");
    check("copies(r, n) if copies(r, n), counted(r, n);", "copies(r, n) if copies(r, n), counted(r, n)");
    check("copies(r, n) if exists(r), n = 5;", "copies(r, n) if exists(r), n: nat = 5");
    check("named(r) if counted(r, n), not copies(r, n);", "named(r) if counted(r, n), not [copies(r, n)]");
    refused("copies(r, n) if counted(r, n);", &["W0301"]);
    refused("copies(r, n) if counted(r, n), not copies(\"x\", n);", &["W0301"]);
    refused("copies(r, n) if not copies(\"x\", n), counted(r, n);", &["W0301"]);
    refused("copies(r, n) if copies(r, m), n = m - 1;", &["W0301"]);
    refused("copies(r, n) if counted(r, m), n = m + 1, n != 3;", &["W0301"]);
    refused("price(r, p) if copies(r, p);", &["W0301"]);
}

#[test]
fn types_are_found_in_any_order_of_the_literals() {
    let orders = ["price(r, p), p > 5, q = p + 1", "p > 5, q = p + 1, price(r, p)", "q = p + 1, price(r, p), p > 5"];
    for order in orders {
        let (found, told) = rules(&format!("{DECLARED}price(r, q) if {order};"));
        assert!(told.is_empty(), "{order}: {told:?}");
        assert!(found.last().is_some_and(|rule| rule.contains("q: decimal = +(p, 1)")), "{order}: {found:?}");
    }
}

#[test]
fn two_places_that_disagree_are_both_shown() {
    let bench = workbench(&[("policy", &format!("{DECLARED}nets(r, k) if kind(r, k);"))]);
    let [only] = bench.diagnostics.as_slice() else { panic!("{:#?}", bench.diagnostics) };
    let texts: Vec<&str> = only.labels.iter().map(|label| label.text.as_str()).collect();
    assert_eq!(texts, ["must be a `cidr`", "is a `string` here"]);
    assert_eq!(only.help.as_deref(), Some("state it: `x: cidr = …` is unknown where the text says none"));
}

#[test]
fn a_negation_is_the_right_way_round() {
    check("named(r) if kind(r, k), not k == \"x\";", "named(r) if kind(r, k), k NotEqual \"x\"");
    check("named(r) if counted(r, n), not n < 3;", "named(r) if counted(r, n), n AtLeast 3");
    check("named(r) if kind(r, k), not k in {\"x\"};", "named(r) if kind(r, k), k NotIn {\"x\"}");
    check("named(r) if exists(r), not kind(r, _);", "named(r) if exists(r), not [kind(r, _)]");
    check("named(r) if config(r, c), not c.a is null;", "named(r) if config(r, c), c.a is [Absent, Unknown, Present]");
    // What is absent is not equal to anything, so its negation holds.
    check(
        "named(r) if config(r, c), not c.a == 3;",
        "named(r) if config(r, c), not [$#2: int = (c.a as int), $#2 Equal 3]",
    );
    check(
        "named(r) if config(r, c), not \"x\" in c.a[*];",
        "named(r) if config(r, c), not [$#2: string in c.a[*], \"x\" Equal $#2]",
    );
    check(
        "named(r) if config(r, c), not str.contains(c.a, \"x\");",
        "named(r) if config(r, c), not [$#2: bool = str.contains((c.a as string), \"x\"), $#2 Equal true]",
    );
    check(
        "named(r) if config(r, c), not c.a + 1 == c.b;",
        "named(r) if config(r, c), not [$#2: int = +((c.a as int), 1), $#3: int = (c.b as int), $#2 Equal $#3]",
    );
    check("named(r) if counted(r, n), not large(n);", "named(r) if counted(r, n), n AtMost 9");
    refused("named(r) if config(r, c), c.a < 3;", &["W0205"]);
    refused("named(r) if config(r, c), not c.a in {3};", &["W0205"]);
}

#[test]
fn an_equation_binds_or_compares() {
    check("texts(r, t) if exists(r), t = \"x\";", "texts(r, t) if exists(r), t: string = \"x\"");
    check("named(r) if kind(r, k), k = \"x\";", "named(r) if kind(r, k), k Equal \"x\"");
    check("texts(r, t) if t = k, kind(r, k);", "texts(r, t) if t: string = k, kind(r, k)");
    check("texts(r, t) if kind(r, k), k = t;", "texts(r, t) if kind(r, k), t: string = k");
    check("counted(r, n) if exists(r), n in {1, 2};", "counted(r, n) if exists(r), n: int in {1, 2}[*]");
    check("named(r) if counted(r, n), n in {1, 2};", "named(r) if counted(r, n), n In {1, 2}");
    check(
        "named(r) if kind(r, k), config(r, c), k in c.a[*];",
        "named(r) if kind(r, k), config(r, c), $#3: string in c.a[*], k Equal $#3",
    );
    refused("counted(r, n) if exists(r), n = m + 1, m = n - 1;", &["W0201"]);
}

#[test]
fn an_aggregate_has_names_of_its_own() {
    check(
        "counted(r, n) if exists(r), n = count { k: tag(r, k, _) };",
        "counted(r, n) if exists(r), n: nat = count { k#1: tag(r, k#1, _) }",
    );
    check(
        "counted(r, n) if exists(r), n = sum { c per k: tag(r, k, v), counted(r, c), kind(r, v) };",
        "counted(r, n) if exists(r), n: int = sum { k#1 c#1: tag(r, k#1, v#1), counted(r, c#1), kind(r, v#1) }",
    );
    check(
        "counted(r, n) if exists(r), n = max { c: tag(r, k, k), counted(r, c) };",
        "counted(r, n) if exists(r), n: int = max { k#1 c#1: tag(r, k#1, k#1), counted(r, c#1) }",
    );
    // Left of `:` a name is always new.
    let shadowing = "counted(r, n) if exists(r), kind(r, k), k != \"x\", n = count { k: tag(r, k, _) };";
    refused(shadowing, &["W0220"]);
    assert_eq!(
        rules(&format!("{DECLARED}{shadowing}")).0.last().map(String::as_str),
        Some("counted(r, n) if exists(r), kind(r, k), k NotEqual \"x\", n: nat = count { k#1: tag(r, k#1, _) }")
    );
    refused("counted(r, n) if exists(r), n = sum { c per r: counted(r, c) };", &["W0220"]);
    check(
        "named(r) if counted(r, n), n = count { k: tag(r, k, _) };",
        "named(r) if counted(r, n), $#3: nat = count { k#1: tag(r, k#1, _) }, n Equal $#3",
    );
    refused("counted(r, n) if exists(r), n = sum { k: kind(r, k) };", &["W0303"]);
    refused("counted(r, n) if exists(r), n = count { k: kind(r, x) };", &["W0203", "W0203"]);
}

/// What only a negation names has no value, inside an aggregate too.
#[test]
fn an_aggregate_is_safe() {
    for body in [
        "n = count { z: not tag(r, \"k\", z) }",
        "n = count { z, y: tag(r, _, z), not tag(r, _, y) }",
        "s = collect { z: not tag(r, \"k\", z) }, n = size(s)",
    ] {
        refused(&format!("counted(r, n) if exists(r), {body};"), &["W0201"]);
    }
    let let_ = "let none(r: Resource, n: int) = exists(r), n = count { z: not tag(r, \"k\", z) };";
    refused(&format!("{let_}\ncounted(r, n) if none(r, n);"), &["W0201"]);
    let whole = "counted(r, n) if exists(r), n = count { q: exists(q), tag(q, _, v), not tag(r, \"k\", v), not labelled(q, v) };";
    let (_, told) = rules(&format!("{DECLARED}{whole}"));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_let_is_put_in_place_with_new_variables() {
    check(
        "named(r) if exists(r), labelled(r, \"x\");",
        "named(r) if exists(r), tag(r, \"l\", labelled#1.k), labelled#1.k Equal \"x\"",
    );
    check(
        "named(r) if exists(r), not labelled(r, \"x\"), labelled(r, \"y\");",
        "named(r) if exists(r), not [tag(r, \"l\", labelled#1.k), labelled#1.k Equal \"x\"], tag(r, \"l\", labelled#2.k), \
         labelled#2.k Equal \"y\"",
    );
    check("named(r) if config(r, c), large(c.a ?? 0);", "named(r) if config(r, c), ((c.a as int) ?? 0) Greater 9");
    refused("named(r) if config(r, c), large(c.a);", &["W0205"]);
    refused("named(r) if kind(r, k), large(k);", &["W0301"]);
    refused("let twice(n: int) = large(n), smal(n);", &["W0101"]);
}

#[test]
fn a_stated_type_reads_texts_as_entities_and_back() {
    check("texts(r, t) if exists(r), t: string = r;", "texts(r, t) if exists(r), t: string = (r as string)");
    check("named(r) if kind(_, k), r: Resource = k;", "named(r) if kind(_, k), r: Resource = (k as Resource)");
    refused("named(k) if kind(_, k);", &["W0301"]);
}

#[test]
fn what_holds_by_rules_alone_is_never_given() {
    refused("fixture f { exists(\"db\"); }", &["W0115"]);
    refused("deny bare(r) \"{r}\" if exists(r);\nfixture f { bare(\"db\"); }", &["W0115"]);
    refused("std.intent.covers(\"i\", r) if exists(r);", &["W0115"]);
    refused("std.time.now(t) if t = 2030-01-01T00:00Z;", &["W0115"]);
}

#[test]
fn a_mistake_in_a_let_is_told_once() {
    refused("let bad(r: Resource) = nonsense(r, x), x != \"y\";\nnamed(r) if exists(r), bad(r);", &["W0101"]);
    refused("let round(r: Resource) = exists(r), round(r);\nnamed(r) if round(r);", &["W0209"]);
    let doubled: String = (1..20).map(|n| format!("let l{n}(r: Resource) = l{}(r), l{}(r);\n", n - 1, n - 1)).collect();
    let (_, told) = rules(&format!("{DECLARED}let l0(r: Resource) = exists(r);\n{doubled}named(r) if l9(r);"));
    assert!(told.iter().all(|number| *number == "W0209") && !told.is_empty(), "{told:?}");
}

#[test]
fn a_long_sum_is_read_in_time() {
    let sum = vec!["n"; 100].join(" + ");
    let (rules, told) = rules(&format!("{DECLARED}counted(r, m) if counted(r, n), m = {sum};"));
    assert!(told.is_empty() && rules.len() == 1, "{told:?}");
}

#[test]
fn a_broken_item_leaves_the_others_standing() {
    let text = format!("{DECLARED}named(r) if nonsense(r);\nnamed(r) if exists(r);\nrelation other(n: integer);\n");
    let (rules, told) = rules(&text);
    assert_eq!(told, ["W0106", "W0101"]);
    assert_eq!(rules.last().map(String::as_str), Some("named(r) if exists(r)"));
}

#[test]
fn the_message_of_a_singleton_is_as_promised() {
    let bench = workbench(&[(
        "policy",
        "use std.change.{action, actor};\nuse std.authority.{accountable, member, Party};\nauthority relation lead(p: Party);\n\
         pub blueprint b() {\n    permit own(a) if action(a, \"update\", r), accountable(r, tem), member(who, team), \
         lead(team), actor(a, who);\n}",
    )]);
    let [only] = bench.diagnostics.as_slice() else { panic!("{:#?}", bench.diagnostics) };
    assert_eq!(only.message, "`tem` occurs once in this rule");
    assert_eq!(only.help.as_deref(), Some("`team` is used in this rule; or write `_tem` if any value is meant"));
    assert_eq!(only.labels[0].text, "bound here and never used");
    assert_eq!(only.fixes.len(), 2);
}

#[test]
fn a_name_without_a_value_is_helped_where_it_stands() {
    let check = |deny: &str, expect: &str, mended: Option<&str>| {
        let text = format!("{DECLARED}deny {deny};");
        let bench = workbench(&[("policy", &text)]);
        let [only] = bench.diagnostics.as_slice() else { panic!("{deny}: {:#?}", bench.diagnostics) };
        assert_eq!(only.code.number(), "W0201", "{deny}");
        assert_eq!(only.help.as_deref(), Some(expect), "{deny}");
        let fixes: Vec<&str> = only.fixes.iter().map(|fix| fix.edits[0].text.as_str()).collect();
        assert_eq!(fixes, mended.into_iter().collect::<Vec<_>>(), "{deny}");
    };
    let bind = "bind `q` in the body, by an atom that it stands in";
    let braces = format!("{bind}; or write `{{{{q}}}}` if the braces are meant");
    check("gone(r) \"{r} {q}\" if exists(r)", &braces, Some("{q}"));
    check("gone(r) \"{r} \\\"{q}\" if exists(r)", &braces, None);
    check("gone(r) \"{r} {q}\" if counted(r, n), n > q", bind, None);
    let text = "add an atom that `q` stands in; or write `\"q\"` if the text is meant";
    check("gone(r) \"{r}\" if texts(r, t), t != q, q != t", text, None);
    check("gone(r) \"{r} {srt}\" if kind(r, sort), sort != \"\"", "did you mean `sort`?", Some("sort"));
}

#[test]
fn another_module_is_seen_through_its_exports() {
    let vault = "use std.state.Resource;\npub relation sealed(r: Resource);\nrelation hidden(r: Resource);\n";
    let told = |text: &str| -> Vec<&'static str> {
        let bench = workbench(&[("cards.vault", vault), ("policy", text)]);
        bench.diagnostics.iter().map(|diagnostic| diagnostic.code.number()).collect()
    };
    assert!(told("use cards.vault;\ndeny a(r) \"{r}\" if vault.sealed(r);").is_empty());
    assert!(told("use cards.vault.sealed;\ndeny a(r) \"{r}\" if sealed(r);").is_empty());
    assert!(told("deny a(r) \"{r}\" if cards.vault.sealed(r);").is_empty());
    assert_eq!(told("deny a(r) \"{r}\" if cards.vault.hidden(r);"), ["W0112"]);
    assert_eq!(told("use cards.valt;"), ["W0104"]);
    assert_eq!(told("deny a(r) \"{r}\" if sealed(r);"), ["W0101"]);
}

#[test]
fn what_the_library_says_of_authority_rests_on_nothing_that_a_dependency_may_add_to() {
    let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
    let source = Source { path: String::from("policy.writ"), module: String::from("policy"), text: String::new() };
    let program = compile(&[source], &Info { package, owner: None }).program.expect("the library compiles");
    let name = |id: RelationId| program.relation(id).name.trim_end_matches('?');
    let authority = program.relations.iter().filter(|relation| relation.authority);
    let mut open: Vec<&str> = authority.map(|relation| relation.name.trim_end_matches('?')).collect();
    let mut reached: BTreeSet<&str> = open.iter().copied().collect();
    assert!(open.len() > 9);
    while let Some(head) = open.pop() {
        let rules = program.rules.iter().filter(|rule| name(rule.head.relation) == head);
        let read = |literal: &Literal| match literal {
            Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. } => Some(atom.relation),
            _ => None,
        };
        for read in rules.flat_map(|rule| &rule.body).filter_map(read).map(name) {
            if reached.insert(read) {
                open.push(read);
            }
        }
    }
    assert!(reached.contains("std.record.says"), "{reached:?}");
    let is_authority = |of: &str| program.find(of).is_some_and(|id| program.relation(id).authority);
    let free = |of: &&&str| !is_authority(of) && !filled_by_tool(of) && open_to_packages(of);
    assert_eq!(reached.iter().filter(free).collect::<Vec<_>>(), Vec::<&&str>::new());
    // What a package says of the world is its own affair.
    assert!(["std.state.kind", "std.graph.edge", "std.net.lets_in"].into_iter().all(open_to_packages));
    // What comes to the library later is kept from packages until somebody says otherwise.
    assert!(!["std.new.relation", "std.state.new", "std.history.executed"].into_iter().any(open_to_packages));
}

#[test]
fn words_that_say_nothing_are_refused() {
    let told = |text: &str| -> Vec<String> {
        let text = format!("use std.state.kind;\nuse std.authority.Party;\nauthority relation team(p: Party);\n{text}");
        let bench = workbench(&[("policy", &text)]);
        bench.diagnostics.iter().map(|found| format!("{} {}", found.code.number(), found.message)).collect()
    };
    let rule = "deny a(r) \"{r}\" if kind(r, \"q\"), team(_);";
    for fine in ["@control(\"A\")\n@control(\"B\")\n", "@waivable(right: \"accept-risk\")\n", ""] {
        assert!(told(&format!("{fine}{rule}")).is_empty(), "{fine}");
    }
    for (bad, expected) in [
        ("@control(\"\")\n", "W0006 `@control` cannot be read"),
        ("@control(\" \")\n", "W0006 `@control` cannot be read"),
        ("@control(\"A\")\n@control(\"A\")\n", "W0505 this control is named twice"),
        ("@waivable(right: \"\")\n", "W0006 `@waivable` cannot be read"),
    ] {
        assert_eq!(told(&format!("{bad}{rule}")), [expected], "{bad}");
    }
    for message in ["", "  "] {
        assert_eq!(told(&rule.replace("{r}", message)), ["W0509 this message says nothing"]);
    }
    let asked = |to: &str| told(&rule.replace("deny", "escalate").replace("if kind", &format!("to {to} if kind")));
    assert!(asked("team()").is_empty());
    assert_eq!(asked("team(r)"), ["W0210 `team` has no column before the party, and 1 is given"]);
    assert_eq!(
        asked("std.authority.accountable(r, \"a\")"),
        ["W0210 `accountable` has 1 column before the party, and 2 are given"]
    );
}

#[test]
fn a_misspelt_name_of_an_expectation_is_told_what_was_meant() {
    let told = |expect: &str| {
        let text = format!(
            "use std.state.tag;\npub blueprint careful() {{ deny large(r) \"{{r}}\" if covered(r), tag(r, \"a\", \"b\"); }}\n\
             intent shop \"s\" {{ cover r if tag(r, \"x\", \"y\"); owner \"o\"; apply careful(); }}\n\
             test \"t\" {{ expect {expect}; }}"
        );
        let bench = workbench(&[("policy", &text)]);
        let helps = bench.diagnostics.iter().map(|found| found.help.clone().unwrap_or_default());
        helps.collect::<Vec<_>>()
    };
    for (expect, meant) in [
        ("deny shop/carefull.large(\"x\")", "careful"),
        ("deny shop/careful.larg(\"x\")", "large"),
        ("deny shp/careful.large(\"x\")", "shop"),
        ("shp.covers(\"x\")", "shop"),
        ("shop.cover(\"x\")", "covers"),
    ] {
        assert_eq!(told(expect), [format!("did you mean `{meant}`?")], "{expect}");
    }
    assert!(told("shop.covers(\"x\")").is_empty());
}
