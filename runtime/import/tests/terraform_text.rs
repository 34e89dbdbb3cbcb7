//! Terraform's own text: what it means, what stays unknown, what is refused.

use import::{Imported, Malformed, Options, read_terraform};
use program::{Json, Value};
use std::collections::BTreeMap;

/// Reads files, of which those in `.` are the root module's.
fn import(files: &[(&str, &str)]) -> Result<Imported, Malformed> {
    let files: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let reader = |folder: &str| {
        let folder = folder.trim_start_matches("./").trim_start_matches('.');
        let of = |name: &str| name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let found: Vec<(String, Vec<u8>)> = files
            .iter()
            .filter(|(name, _)| of(name) == folder)
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect();
        Ok((!found.is_empty()).then_some(found))
    };
    read_terraform(".", &reader, &Options::default())
}

/// The facts of one root file, as lines, of the relations that end so.
fn facts(files: &[(&str, &str)], relation: &str) -> Vec<String> {
    let imported = import(files).unwrap_or_else(|malformed| panic!("{malformed}"));
    let wanted = imported.facts.iter().filter(|fact| fact.relation.ends_with(relation));
    wanted
        .map(|fact| fact.to_string().replace(&format!("std.{}", fact.relation.trim_start_matches("std.")), relation))
        .collect()
}

fn resources(text: &str) -> Vec<String> {
    let imported = import(&[("main.tf", text)]).unwrap_or_else(|malformed| panic!("{malformed}"));
    let wanted = imported.facts.iter().filter(|fact| &*fact.relation == "std.terraform.resource");
    wanted.map(|fact| fact.tuple[0].show()).collect()
}

/// The value of an attribute of `x_y.z`.
fn value(text: &str) -> String {
    let imported = import(&[("main.tf", text)]).unwrap_or_else(|malformed| panic!("{malformed}"));
    let config = imported.facts.iter().find(|fact| &*fact.relation == "std.state.config").expect("a resource");
    let Value::Json(json) = &config.tuple[1] else { panic!("no config") };
    let Json::Object(entries) = &**json else { panic!("no object") };
    match &entries["v"] {
        Json::Unknown(origin) => format!("unknown {origin}"),
        known => known.to_string(),
    }
}

fn refused(files: &[(&str, &str)]) -> String {
    import(files).expect_err("it is wrong").to_string()
}

#[test]
fn values_are_computed_as_far_as_they_are_said() {
    let check = |expression: &str, expect: &str| {
        let text = format!(
            "variable \"named\" {{ default = \"web\" }}\nvariable \"open\" {{}}\nlocals {{\n all = {{ a = 1, b = [1, 2] }}\n me = local.me\n}}\nresource \"x_y\" \"z\" {{\n  v = {expression}\n}}\n"
        );
        assert_eq!(value(&text), expect, "{expression}");
    };
    check("1", "1");
    check("\"${var.named}-1\"", "\"web-1\"");
    check("var.open", "unknown var.open");
    check("nonsensitive(\"told\")", "\"told\"");
    check("sensitive(\"hidden\")", "unknown x_y.z.v");
    check("\"a-${sensitive(\"hidden\")}\"", "unknown x_y.z.v");
    check("upper(sensitive(\"hidden\"))", "unknown x_y.z.v");
    check("var.open.part[0]", "unknown var.open.part[0]");
    check("\"${var.open}-1\"", "unknown x_y.z.v");
    check("local.all.b[1]", "2");
    check("local.all.c", "unknown x_y.z.v");
    check("local.me", "unknown local.me");
    check("aws_kms_key.main.arn", "unknown aws_kms_key.main.arn");
    check("aws_kms_key.main[\"a\"].arn", "unknown aws_kms_key.main[\"a\"].arn");
    check("data.aws_x.y.id", "unknown data.aws_x.y.id");
    check("true ? 1 : aws_x.y.id", "1");
    check("var.open ? 1 : 2", "unknown x_y.z.v");
    check("false && var.open", "false");
    check("2 * 3 + 1 >= 7", "true");
    check("10 / 4", "unknown x_y.z.v");
    check("[for n in local.all.b : n + 1 if n > 1]", "[3]");
    check("{for k, v in local.all : upper(k) => v if k == \"a\"}", "{\"A\": 1}");
    check("local.all.b[*]", "[1, 2]");
    check("timestamp()", "unknown x_y.z.v");
    check("<<-E\n    a ${var.named}\n  E\n", "\"a web\\n\"");
    check("null", "null");
}

#[test]
fn two_unknowns_are_equal_only_where_they_are_the_same() {
    let text = "resource \"x_y\" \"z\" {\n  v = [\"${var.a}1\", \"${var.a}2\", var.a, var.a]\n}\nvariable \"a\" {}\n";
    let shown = value(text);
    assert!(shown.contains("x_y.z.v[0]") && shown.contains("x_y.z.v[1]"), "{shown}");
    assert_eq!(shown.matches("var.a").count(), 2, "{shown}");
}

#[test]
fn count_and_for_each_make_instances() {
    assert_eq!(resources("resource \"a_b\" \"c\" {\n count = 2\n}\n"), ["a_b.c[0]", "a_b.c[1]"]);
    assert_eq!(
        resources("resource \"a_b\" \"c\" {\n count = var.no ? 1 : 0\n}\nvariable \"no\" { default = false }\n"),
        [""; 0]
    );
    assert_eq!(
        resources("resource \"a_b\" \"c\" {\n for_each = toset([\"y\", \"x\"])\n}\n"),
        ["a_b.c[\"x\"]", "a_b.c[\"y\"]"]
    );
    assert_eq!(resources("resource \"a_b\" \"c\" {\n for_each = { k = 1 }\n}\n"), ["a_b.c[\"k\"]"]);
    let unsure =
        import(&[("main.tf", "resource \"a_b\" \"c\" {\n count = var.n\n}\nvariable \"n\" {}\n")]).expect("reads");
    assert_eq!(unsure.skipped[0].why, "the `count` of a_b.c is not known: there may be none of it, or many");
    assert_eq!(&*unsure.skipped[0].place, "main.tf:2:10");
}

#[test]
fn what_nobody_counted_is_nothing_surely() {
    let files = [
        (
            "main.tf",
            "variable \"n\" {}\nmodule \"m\" {\n  source = \"./m\"\n  count  = var.n\n}\nresource \"a_b\" \"c\" {\n  for_each = toset([var.n])\n  v = \"arn:told\"\n}\n",
        ),
        ("m/m.tf", "resource \"k_k\" \"two\" {\n  count = 2\n}\n"),
    ];
    assert_eq!(
        facts(&files, "std.terraform.number"),
        [
            "std.terraform.number(\"a_b.c\", unknown(\"a_b.c.for_each\"))",
            "std.terraform.number(\"module.m.k_k.two[0]\", unknown(\"var.n\"))",
            "std.terraform.number(\"module.m.k_k.two[1]\", unknown(\"var.n\"))",
        ]
    );
    assert_eq!(
        facts(&files, "std.terraform.one_of"),
        [
            "std.terraform.one_of(\"a_b.c\", \"a_b.c\")",
            "std.terraform.one_of(\"module.m.k_k.two[0]\", \"module.m.k_k.two\")",
            "std.terraform.one_of(\"module.m.k_k.two[1]\", \"module.m.k_k.two\")",
        ]
    );
    let configured = facts(&files, "std.state.config");
    assert_eq!(configured[0], "std.state.config(\"a_b.c\", unknown(\"a_b.c.for_each\"))");
    assert!(configured.iter().all(|fact| fact.contains("unknown(")), "{configured:?}");
    // What it refers to it refers to, if it is there.
    assert_eq!(facts(&files, "std.terraform.mention"), ["std.terraform.mention(\"a_b.c\", \"v\", \"arn:told\")"]);
}

#[test]
fn references_go_through_locals_modules_and_keys() {
    let files = [
        (
            "main.tf",
            "module \"net\" {\n  source = \"./net\"\n  key = local.key\n}\nlocals {\n  key = k_k.main.arn\n}\nresource \"k_k\" \"main\" {}\nresource \"v_m\" \"a\" {\n  for_each = toset([\"x\", \"y\"])\n  subnet = module.net.subnet\n  disk = v_d.d[each.key].id\n}\nresource \"v_d\" \"d\" {\n  for_each = toset([\"x\", \"y\"])\n}\n",
        ),
        (
            "net/net.tf",
            "variable \"key\" {}\nresource \"s_n\" \"s\" {\n  kms = var.key\n}\noutput \"subnet\" {\n  value = s_n.s.id\n}\n",
        ),
    ];
    assert_eq!(
        facts(&files, "terraform.reference"),
        [
            "terraform.reference(\"module.net.s_n.s\", \"kms\", \"k_k.main\", \"arn\")",
            "terraform.reference(\"v_m.a[\\\"x\\\"]\", \"disk\", \"v_d.d[\\\"x\\\"]\", \"id\")",
            "terraform.reference(\"v_m.a[\\\"x\\\"]\", \"subnet\", \"module.net.s_n.s\", \"id\")",
            "terraform.reference(\"v_m.a[\\\"y\\\"]\", \"disk\", \"v_d.d[\\\"y\\\"]\", \"id\")",
            "terraform.reference(\"v_m.a[\\\"y\\\"]\", \"subnet\", \"module.net.s_n.s\", \"id\")",
        ]
    );
    assert_eq!(
        facts(&files, "terraform.module_folder"),
        ["terraform.module_folder(\"\", \".\")", "terraform.module_folder(\"module.net\", \"./net\")"]
    );
}

#[test]
fn dynamic_blocks_are_parts_of_what_they_make() {
    let text = "resource \"x_y\" \"z\" {\n  v {\n    n = 0\n  }\n  dynamic \"v\" {\n    for_each = [1, 2]\n    content {\n      n = v.value\n      to = a_b.c.id\n    }\n  }\n}\nresource \"a_b\" \"c\" {}\n";
    let shown = {
        let imported = import(&[("main.tf", text)]).expect("reads");
        let config = imported.facts.iter().find(|f| &*f.relation == "std.state.config" && f.tuple[0].show() == "x_y.z");
        config.expect("a resource").tuple[1].show()
    };
    assert!(["\"n\": 0", "\"n\": 1", "\"n\": 2"].iter().all(|part| shown.contains(part)), "{shown}");
    assert_eq!(
        facts(&[("main.tf", text)], "terraform.reference"),
        ["terraform.reference(\"x_y.z\", \"v.to\", \"a_b.c\", \"id\")"]
    );
    let open = "variable \"o\" {}\nresource \"x_y\" \"z\" {\n  dynamic \"v\" {\n    for_each = var.o\n    content {}\n  }\n}\n";
    assert_eq!(value(open), "unknown x_y.z.v");
}

#[test]
fn the_key_of_a_dynamic_block_is_a_place_in_a_list_and_a_member_of_a_set() {
    let of = |each: &str| {
        let variable = "variable \"ports\" {\n  type    = any\n  default = [22, 443]\n}\n";
        value(&format!(
            "{variable}resource \"x_y\" \"z\" {{\n  dynamic \"v\" {{\n    for_each = {each}\n    content {{\n      n = v.key\n    }}\n  }}\n}}\n"
        ))
    };
    assert_eq!(of("[22, 443]"), "[{\"n\": 0}, {\"n\": 1}]");
    assert_eq!(of("[for p in [22, 443] : p]"), "[{\"n\": 0}, {\"n\": 1}]");
    assert_eq!(of("toset([22, 443])"), "[{\"n\": 22}, {\"n\": 443}]");
    // Whether that is a list or a set its text does not say.
    assert!(of("var.ports").contains("v[0].key"), "{}", of("var.ports"));
}

#[test]
fn a_variable_converts_its_value_to_its_type() {
    let of = |kind: &str, default: &str| {
        value(&format!(
            "variable \"v\" {{\n  type    = {kind}\n  default = {default}\n}}\nresource \"x_y\" \"z\" {{\n  v = var.v\n}}\n"
        ))
    };
    assert_eq!(of("number", "\"8\""), "8");
    assert_eq!(of("string", "8"), "\"8\"");
    assert_eq!(of("bool", "\"true\""), "true");
    assert_eq!(of("set(string)", "[\"b\", \"a\", \"b\"]"), "[\"a\", \"b\"]");
    assert_eq!(of("list(string)", "[\"b\", \"a\", \"b\"]"), "[\"b\", \"a\", \"b\"]");
    assert_eq!(of("any", "\"8\""), "\"8\"");
    // Terraform would refuse it.
    assert_eq!(of("number", "\"eight\""), "unknown var.v");
}

#[test]
fn values_of_a_file_go_before_defaults() {
    let files = [
        ("main.tf", "variable \"n\" { default = 1 }\nresource \"a_b\" \"c\" {\n  count = var.n\n}\n"),
        ("terraform.tfvars", "n = 2\n"),
        ("x.auto.tfvars", "n = 3\n"),
    ];
    assert_eq!(facts(&files, "terraform.resource").len(), 3);
}

#[test]
fn what_terraform_refuses_is_refused() {
    let one = |text: &str| refused(&[("main.tf", text)]);
    assert!(
        one("resource \"a_b\" {\n}\n")
            .contains("`resource` takes a type and a name, and 1 stand here\n  --> main.tf:1:1")
    );
    assert!(one("resource \"a_b\" \"c\" {\n").contains("this is no Terraform text"));
    assert!(one("resource \"a_b\" \"c\" {}\nresource \"a_b\" \"c\" {}\n").contains("`a_b.c` is there twice"));
    assert!(one("x = 1\n").contains("`x` stands outside of any block"));
    assert!(one("resource \"a_b\" \"c\" {\n  count = -1\n}\n").contains("is negative"));
    assert!(one("resource \"a_b\" \"c\" {\n  count = 300000\n}\n").contains("beyond 200000"));
    assert!(one("resource \"a_b\" \"c\" {\n  count = [1]\n}\n").contains("no whole number"));
    assert!(one("resource \"a_b\" \"c\" {\n  for_each = 1\n}\n").contains("neither a map nor a set of texts"));
    assert!(one("module \"m\" {\n  source = \"./m\"\n}\n").contains("there is no folder `./m`"));
    assert!(one("module \"m\" {\n}\n").contains("this module has no `source`"));
    assert!(refused(&[]).contains("there is no folder `.`"));
    let itself = [
        ("main.tf", "module \"m\" {\n  source = \"./m\"\n}\n"),
        ("m/m.tf", "module \"m\" {\n  source = \"../m\"\n}\n"),
    ];
    assert!(refused(&itself).contains("the module `./m` calls itself\n  --> m/m.tf:1:1"), "{}", refused(&itself));
    let deep = format!("locals {{\n  a = {}1{}\n}}\n", "[".repeat(5000), "]".repeat(5000));
    assert!(one(&deep).contains("this is no Terraform text"));
}

#[test]
fn values_in_json_count_in_their_order() {
    let main = "variable \"n\" { default = 1 }\nvariable \"t\" { default = \"\" }\nresource \"x_y\" \"z\" {\n  v = [var.n, var.t]\n}\n";
    let check = |files: &[(&str, &str)], expect: &str| {
        let all: Vec<(&str, &str)> = [("main.tf", main)].into_iter().chain(files.iter().copied()).collect();
        let shown = facts(&all, "state.config").concat();
        assert!(shown.contains(&format!("{{\"v\": {expect}}}")), "{expect}: {shown}");
    };
    check(&[("terraform.tfvars.json", "{\"n\": 2}")], "[2, \"\"]");
    check(&[("terraform.tfvars", "n = 3\n"), ("terraform.tfvars.json", "{\"n\": 2}")], "[2, \"\"]");
    check(&[("a.auto.tfvars.json", "{\"n\": 4}"), ("terraform.tfvars.json", "{\"n\": 2}")], "[4, \"\"]");
    check(&[("a.auto.tfvars.json", "{\"n\": 4}"), ("b.auto.tfvars", "n = 5\n")], "[5, \"\"]");
    check(
        &[("terraform.tfvars.json", r#"{"n": {"a": [1.5, null, true]}, "t": "${var.n}"}"#)],
        "[{\"a\": [1.5, null, true]}, \"${var.n}\"]",
    );
    assert!(refused(&[("main.tf", main), ("terraform.tfvars.json", "[1]")]).contains("terraform.tfvars.json"));
    assert!(refused(&[("main.tf", main), ("terraform.tfvars.json", "{")]).contains("terraform.tfvars.json"));
    // A module's own file of values serves nobody.
    let files = [
        ("main.tf", "module \"m\" {\n  source = \"./m\"\n}\n"),
        ("m/main.tf", main),
        ("m/terraform.tfvars", "n = 7\n"),
        ("m/terraform.tfvars.json", "{\"n\": 7}"),
    ];
    assert!(facts(&files, "state.config").concat().contains("[1, \"\"]"));
}

#[test]
fn text_in_json_is_told_as_not_known() {
    let read = import(&[("main.tf", "resource \"a_b\" \"c\" {}\n"), ("more.tf.json", "{}")]).expect("reads");
    assert_eq!(read.skipped.len(), 1);
    assert_eq!(&*read.skipped[0].place, "more.tf.json:1:1");
    assert!(read.skipped[0].why.contains("is not read: what it makes"), "{}", read.skipped[0].why);
    let said = refused(&[("main.tf", "resource \"a_b\" \"c\" {}\n"), ("a_override.tf.json", "{}")]);
    assert!(said.contains("an override in JSON"), "{said}");
}

#[test]
fn an_override_changes_what_the_other_files_say() {
    let main = "resource \"x_y\" \"z\" {\n  v = var.n\n  kept = local.k\n  in {\n    a = 1\n  }\n  in {\n    a = 2\n  }\n  other {}\n}\nvariable \"n\" { default = 1 }\nlocals {\n  k = \"k\"\n}\nresource \"o_p\" \"q\" {}\n";
    let check = |over: &str, expect: &str| {
        let shown = facts(&[("main.tf", main), ("override.tf", over)], "state.config").concat();
        assert!(shown.contains(expect), "{over}: {shown}");
    };
    let plain = "{\"in\": [{\"a\": 1}, {\"a\": 2}], \"kept\": \"k\", \"other\": [{}], \"v\": 1}";
    check("", plain);
    check("resource \"x_y\" \"z\" {\n  v = 2\n}\n", &plain.replace("\"v\": 1", "\"v\": 2"));
    check(
        "resource \"x_y\" \"z\" {\n  in {\n    a = 3\n  }\n}\n",
        &plain.replace("{\"a\": 1}, {\"a\": 2}", "{\"a\": 3}"),
    );
    check("variable \"n\" { default = 5 }\n", &plain.replace("\"v\": 1", "\"v\": 5"));
    check("locals {\n  k = \"l\"\n}\n", &plain.replace("\"kept\": \"k\"", "\"kept\": \"l\""));
    // The last one counts, and a file of values before a default.
    let files = [
        ("main.tf", main),
        ("a_override.tf", "resource \"x_y\" \"z\" {\n  v = 2\n}\nvariable \"n\" { default = 5 }\n"),
        ("b_override.tf", "\n\nresource \"x_y\" \"z\" {\n  v = o_p.q.id\n  kept = var.n\n}\n"),
        ("terraform.tfvars", "n = 9\n"),
    ];
    assert!(facts(&files, "state.config").concat().contains("\"kept\": 9"));
    let imported = import(&files).expect("reads");
    let reference = imported.facts.iter().find(|fact| &*fact.relation == "std.terraform.reference").expect("refers");
    assert_eq!(&*reference.origin.place, "b_override.tf:4:7");
    for (over, what) in [
        ("resource \"x_y\" \"w\" {}\n", "`x_y.w`"),
        ("variable \"m\" {}\n", "variable `m`"),
        ("locals {\n  m = 1\n}\n", "local `m`"),
        ("module \"m\" {}\n", "module `m`"),
    ] {
        let said = refused(&[("main.tf", main), ("override.tf", over)]);
        assert!(said.contains(&format!("this overrides {what}, which no other file")), "{said}");
        assert!(said.contains("--> override.tf:"), "{said}");
    }
    let broken = refused(&[("main.tf", main), ("override.tf", "\n\nx {\n")]);
    assert_eq!(broken.replace("override.tf", "x.tf"), refused(&[("x.tf", "\n\nx {\n")]));
}

#[test]
fn a_provider_adds_its_default_tags() {
    let check = |text: &str, expect: &str| {
        let shown = facts(&[("main.tf", text), ("m/m.tf", "resource \"aws_c\" \"d\" {}\n")], "state.config").concat();
        assert!(shown.contains(expect), "{text}: {shown}");
    };
    let provider = "provider \"aws\" {\n  default_tags {\n    tags = { owner = var.who, app = \"shop\" }\n  }\n}\nprovider \"aws\" {\n  alias = \"west\"\n}\n";
    let with = |rest: &str| format!("{provider}variable \"who\" {{ default = \"x\" }}\n{rest}");
    check(&with("resource \"aws_a\" \"b\" {}\n"), "{\"tags_all\": {\"app\": \"shop\", \"owner\": \"x\"}}");
    check(
        &with("resource \"aws_a\" \"b\" {\n  tags = { app = \"own\" }\n}\n"),
        "{\"tags\": {\"app\": \"own\"}, \"tags_all\": {\"app\": \"own\", \"owner\": \"x\"}}",
    );
    check(&with("resource \"aws_a\" \"b\" {\n  provider = aws.west\n}\n"), "\"aws_a.b\", {})");
    check(&with("resource \"other_a\" \"b\" {}\n"), "\"other_a.b\", {})");
    let call = |rest: &str| with(&format!("module \"m\" {{\n  source = \"./m\"\n{rest}}}\n"));
    check(&call(""), "{\"tags_all\": {\"app\": \"shop\", \"owner\": \"x\"}}");
    check(&call("  providers = { aws = aws.west }\n"), "\"module.m.aws_c.d\", {})");
    let open = with("resource \"aws_a\" \"b\" {\n  tags = var.open\n}\nvariable \"open\" {}\n");
    check(&open, "unknown(\"aws_a.b.tags_all\")");
}
