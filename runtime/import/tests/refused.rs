//! What cannot be read with certainty is refused, with file, place and a way out.

// LONG: a page of messages, read from top to bottom.

use import::{Expected, Format, Options, read};
use program::{Column, Reading, Relation, Scope, Type};

fn relations() -> Vec<Relation> {
    let relation = |name: &str, columns: &[(&str, Type)], scope| Relation {
        name: name.to_owned(),
        columns: columns
            .iter()
            .map(|(n, t)| Column { name: (*n).to_owned(), r#type: t.clone(), lattice: None })
            .collect(),
        scope,
        authority: false,
        instanced: false,
        key: None,
        reading: Reading::Only,
        optional: false,
        hidden: false,
    };
    let party = || Type::Entity("std.authority.Party".to_owned());
    vec![
        relation("std.authority.member", &[("who", party()), ("team", party())], Scope::State),
        relation("std.change.action", &[("a", Type::String)], Scope::Change),
        relation("std.state.config", &[("r", Type::String), ("value", Type::Json)], Scope::State),
        relation(
            "x.until",
            &[("who", party()), ("until", Type::Time), ("nets", Type::Set(Box::new(Type::Cidr)))],
            Scope::State,
        ),
    ]
}

fn check_as(name: &str, input: impl AsRef<[u8]>, options: Options<'_>, expect: &str) {
    let relations = relations();
    let options = Options { relations: &relations, ..options };
    match read(name, input.as_ref(), &options) {
        Ok(_) => panic!("read, instead of: {expect}"),
        Err(malformed) => assert_eq!(malformed.to_string(), expect.trim_start_matches('\n')),
    }
}

fn check(name: &str, input: impl AsRef<[u8]>, expect: &str) {
    check_as(name, input, Options::default(), expect);
}

#[test]
fn broken_text() {
    check("p.json", "", "error: the file is empty\n  --> p.json");
    check("p.json", " \n ", "error: the file holds nothing but space\n  --> p.json");
    check("p.json", "{\"a\": tru}", "error: expected a value here\n  --> p.json:1:7");
    check("p.json", "{\"a\": 01}", "error: this is no JSON number\n  --> p.json:1:7");
    check("p.json", "{\"a\": 1}\n{}", "error: text follows after the end of the JSON value\n  --> p.json:2:1");
    check("p.json", "{\"a\": \"x\ny\"}", "error: a control character stands in a text unescaped\n  --> p.json:1:9");
    check("p.json", "{\"a\": \"\\ud800x\"}", "error: half of a character is escaped here\n  --> p.json:1:8");
    check("p.json", b"{\"a\xff\": 1}", "error: the text is not UTF-8 here\n  --> p.json:1:4");
    check(
        "p.json",
        "{\"a\": [1, 2",
        "
error: the file ends where `,` or `]` must stand, inside what begins at 1:7
  --> p.json:1:12
   = help: the file was cut short; write it again",
    );
    check("p.json", "{\n  \"é\": \"cut", "error: the file ends inside this text\n  --> p.json:2:8");
}

#[test]
fn a_key_twice() {
    check(
        "p.json",
        "{\"complete\": true,\n \"complete\": false}",
        "
error: the key `complete` occurs twice in one object
  --> p.json:2:2
   = help: keep one of them: readers differ on which one counts",
    );
}

#[test]
fn deep_nesting() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    check("p.json", deep, "error: the JSON nests more than 200 deep\n  --> p.json:1:201");
}

#[test]
fn a_state_where_a_plan_was_expected() {
    let options = || Options { expected: Expected::Change, ..Options::default() };
    let expect = "
error: this is a Terraform state, and a plan or another change was expected
  --> p.json
   = help: `terraform plan -out p` and then `terraform show -json p` write a plan; a state is given with `--state`";
    check_as("p.json", "{\"version\": 4, \"serial\": 1, \"resources\": []}", options(), expect);
    check_as("p.json", "{\"format_version\": \"1.0\", \"values\": {}}", options(), expect);
    let options = Options { format: Some(Format::TerraformPlan), ..Options::default() };
    let expect = expect.replace("a plan or another change", "a Terraform plan");
    check_as("p.json", "{\"version\": 4, \"serial\": 1, \"resources\": []}", options, &expect);
}

#[test]
fn a_plan_where_a_state_was_expected() {
    check_as(
        "p.json",
        "{\"format_version\": \"1.2\", \"resource_changes\": []}",
        Options { expected: Expected::State, ..Options::default() },
        "
error: this is a Terraform plan, and a state was expected
  --> p.json
   = help: give it as the change to decide",
    );
}

#[test]
fn versions_and_outcomes() {
    check(
        "p.json",
        "{\"format_version\": \"2.0\", \"resource_changes\": []}",
        "
error: the plan's format_version `2.0` is not known here
  --> p.json#/format_version
   = help: 0.1 to 1.x can be read; write the plan with a Terraform that gives one of them",
    );
    check("p.json", "{\"resource_changes\": []}", "error: `format_version` is missing here\n  --> p.json");
    for odd in ["1", "1.", "1.2 ", "01.2", "1.2.3", "1.x", "10.0"] {
        let expect = format!(
            "error: the plan's format_version `{odd}` is not known here\n  --> p.json#/format_version\n   = help: 0.1 to \
             1.x can be read; write the plan with a Terraform that gives one of them"
        );
        check("p.json", format!("{{\"format_version\": \"{odd}\", \"resource_changes\": []}}"), &expect);
        let prior = format!(
            "{{\"format_version\": \"1.2\", \"resource_changes\": [], \"prior_state\": {{\"format_version\": \"{odd}\"}}}}"
        );
        let expect = format!(
            "error: the state's format_version `{odd}` is not known here\n  --> p.json#/prior_state/format_version\n   = \
             help: 0.1 to 1.x can be read"
        );
        check("p.json", prior, &expect);
    }
    check(
        "p.json",
        "{\"format_version\": \"1.2\", \"resource_changes\": [], \"prior_state\": {\"values\": {}}}",
        "error: `format_version` is missing here\n  --> p.json#/prior_state",
    );
    for hollow in ["\"configuration\": {}", "\"planned_values\": null", "\"resource_changes\": null"] {
        let expect = "error: the plan says neither what it changes nor what it plans\n  --> p.json\n   = help: the file was \
            cut; write it again with `terraform show -json`";
        check("p.json", format!("{{\"format_version\": \"1.2\", {hollow}}}"), expect);
    }
    check(
        "p.json",
        "{\"format_version\": \"1.2\", \"errored\": true}",
        "
error: planning ended with an error, so this is no plan
  --> p.json#/errored
   = help: mend what `terraform plan` complained of, and plan again",
    );
    check(
        "s.json",
        "{\"version\": 1, \"serial\": 1}",
        "
error: a state file of version 1 cannot be read here
  --> s.json#/version
   = help: versions 3 and 4 can; `terraform show -json` writes any state in a form that can",
    );
}

#[test]
fn an_import_of_what_is_made_or_goes() {
    for verb in ["create", "delete", "forget"] {
        let after = if verb == "create" { "{}" } else { "null" };
        let plan = format!(
            "{{\"format_version\": \"1.2\", \"resource_changes\": [{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": \
             {{\"actions\": [\"{verb}\"], \"before\": null, \"after\": {after}, \"importing\": {{\"id\": \"i\"}}}}}}]}}"
        );
        let expect = format!(
            "error: `t.n` is imported, and has the action {verb}\n  --> p.json#/resource_changes/0/change/importing\n   = help: \
             the plan denies itself; write it again with `terraform show -json`"
        );
        check("p.json", plan, &expect);
    }
}

#[test]
fn a_configuration_that_is_none() {
    let configured = |resources: &str| {
        format!(
            "{{\"format_version\": \"1.2\", \"resource_changes\": [], \"configuration\": {{\"root_module\": {{\"resources\": \
             [{resources}]}}}}}}"
        )
    };
    let block = |references: &str| {
        format!("{{\"type\": \"t\", \"name\": \"n\", \"expressions\": {{\"a\": {{\"references\": {references}}}}}}}")
    };
    let place = "p.json#/configuration/root_module/resources/0/expressions/a/references";
    check("p.json", configured(&block("\"t.m\"")), &format!("error: expected an array, found text\n  --> {place}"));
    check("p.json", configured(&block("[5]")), &format!("error: expected text, found an integer\n  --> {place}/0"));
    let twice = [block("[]"), block("[]")].join(", ");
    let expect = "error: the configuration has this block twice\n  --> p.json#/configuration/root_module/resources/1";
    check("p.json", configured(&twice), expect);
}

#[test]
fn wrong_shapes() {
    let plan = |changes: &str| format!("{{\"format_version\": \"1.2\", \"resource_changes\": {changes}}}");
    check("p.json", plan("{}"), "error: expected an array, found an object\n  --> p.json#/resource_changes");
    check(
        "p.json",
        plan(
            "[{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {\"actions\": [\"no-op\"], \"importing\": 5}}]",
        ),
        "error: expected an object or null, found an integer\n  --> p.json#/resource_changes/0/change/importing",
    );
    check("p.json", plan("[7]"), "error: expected an object, found an integer\n  --> p.json#/resource_changes/0");
    let entry = |change: &str| {
        plan(&format!("[{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {change}}}]"))
    };
    check("p.json", entry("{}"), "error: `actions` is missing here\n  --> p.json#/resource_changes/0/change");
    check(
        "p.json",
        entry("{\"actions\": [\"explode\"]}"),
        "
error: the actions [explode] are not known here
  --> p.json#/resource_changes/0/change/actions
   = help: known are no-op, create, read, update, delete, forget, and delete or forget with create",
    );
    check(
        "p.json",
        plan("[{\"type\": \"t\", \"name\": \"n\", \"change\": {\"actions\": [\"create\"]}}]"),
        "error: `mode` is missing here\n  --> p.json#/resource_changes/0",
    );
    let twice = "{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"change\": {\"actions\": [\"create\"]}}";
    check(
        "p.json",
        plan(&format!("[{twice}, {twice}]")),
        "error: `t.n` occurs twice among the changes, first at /resource_changes/0\n  --> p.json#/resource_changes/1",
    );
}

#[test]
fn what_is_no_known_file() {
    check(
        "p.bin",
        b"PK\x03\x04rest",
        "
error: the file is a zip archive, as `terraform plan -out` writes it
  --> p.bin
   = help: `terraform show -json FILE` writes the plan as JSON",
    );
    let known = "   = help: known are plans and states as `terraform show -json` writes them, state files, writ-change/1, \
        Kubernetes objects, and facts (`{\"std.authority.member\": [{\"who\": \"ana\", \"team\": \"orders\"}]}`)";
    let expect = |what: &str, place: &str| format!("error: {what}\n  --> {place}\n{known}");
    check("x.json", "{\"a\": 1}", &expect("the file is JSON, but of no format that is known here", "x.json"));
    check("x.json", "[]", &expect("expected an object at the top, found an array", "x.json"));
    check(
        "x.json",
        "{\"format_version\": \"1.0\", \"provider_schemas\": {}}",
        &expect("the file is JSON, but of no format that is known here", "x.json"),
    );
    check(
        "log.json",
        "{\"@level\":\"info\"}\n{\"@level\":\"info\"}\n",
        "
error: this is the log of a Terraform run
  --> log.json
   = help: `terraform plan -out p` and then `terraform show -json p` write a plan",
    );
    check(
        "plan.txt",
        "Terraform will perform the following actions:\n",
        "
error: the file is of no format that is known here
  --> plan.txt
   = help: this is a plan as a terminal shows it; `terraform show -json FILE` writes it as JSON",
    );
    check(
        "terraform.tfstate",
        "{\"meta\":{},\"encrypted_data\":\"c2VjcmV0\",\"encryption_version\":\"v0\",\"serial\":1,\"lineage\":\"l\"}",
        "
error: the file is encrypted, as OpenTofu keeps states and plans
  --> terraform.tfstate#/encrypted_data
   = help: `tofu show -json` writes it in the open, where the key is",
    );
    check(
        "x.json",
        "{\"format\": \"writ-change/9\"}",
        &expect("the format `writ-change/9` is not known here", "x.json#/format"),
    );
}

#[test]
fn facts_in_json() {
    let file = |text: &str| format!("{{\"std.authority.member\": [{text}]}}");
    check(
        "f.json",
        file("{\"who\": \"ana\", \"tem\": \"x\"}"),
        "
error: `std.authority.member` has no column `tem`
  --> f.json#/std.authority.member/0/tem
   = help: did you mean `team`?",
    );
    check(
        "f.json",
        file("{\"who\": \"ana\"}"),
        "error: the column `team` is missing here\n  --> f.json#/std.authority.member/0",
    );
    check(
        "f.json",
        file("[\"ana\", 3]"),
        "error: the column `team` takes the name of a Party; this is an integer that says none\n  --> f.json#/std.authority.member/0/1",
    );
    check(
        "f.json",
        file("[\"ana\"]"),
        "
error: `std.authority.member` has 2 columns, and 1 value stands here
  --> f.json#/std.authority.member/0
   = help: its columns are who, team",
    );
    check(
        "f.json",
        "{\"std.authority.members\": []}",
        "
error: there is no relation `std.authority.members`
  --> f.json#/std.authority.members
   = help: did you mean `std.authority.member`?",
    );
    check(
        "f.json",
        "{\"std.change.action\": [[\"a\"]]}",
        "
error: `std.change.action` is about a change, so no file of facts may state it
  --> f.json#/std.change.action
   = help: it is filled from the change that is decided",
    );
}

#[test]
fn facts_in_csv() {
    let name = "facts/std.authority.member.csv";
    check(
        name,
        "who;team\nana;x\n",
        "
error: `std.authority.member` has no column `who;team`
  --> facts/std.authority.member.csv:1:1
   = help: separate the columns by `,`, not by ';'",
    );
    check(
        name,
        "who\nana\n",
        "error: the column `team` is missing in the header\n  --> facts/std.authority.member.csv:1:1",
    );
    check(
        name,
        "who,team\n\u{1b}[2Jana,x\n",
        "
error: the control character U+001B stands here
  --> facts/std.authority.member.csv:2:1
   = help: such a file is plain text; was it damaged?",
    );
    check(
        "CODEOWNERS",
        "* @acme/all\ndb/ \0\u{1}\n",
        "
error: the control character U+0000 stands here
  --> CODEOWNERS:2:5
   = help: such a file is plain text; was it damaged?",
    );
    check(name, "who,who,team\n", "error: the column `who` occurs twice\n  --> facts/std.authority.member.csv:1:5");
    check(
        name,
        "who,team\nana,x\nbob\n",
        "
error: 1 field stands here, and the header has 2
  --> facts/std.authority.member.csv:3:1
   = help: a field that holds `,` stands in quotes",
    );
    check(
        "x.until.csv",
        "who,until,nets\nana,soon,[]\n",
        "error: the column `until` takes a time (`2030-01-01T00:00Z`)\n  --> x.until.csv:2:5",
    );
    check(
        "x.until.csv",
        "who,until,nets\nana,2030-01-01T00:00Z,10.0.0.0/8\n",
        "error: the column `nets` takes JSON: text follows after the end of the JSON value\n  --> x.until.csv:2:23",
    );
    check(
        "x.until.csv",
        "until,who,nets\r\n\r\n2030-01-01T00:00Z,\"añ\"\"a,\nß\",[]\r\n\r\n2030-01-01T00:00Z,\"añ,\nß\",x\r\n",
        "error: the column `nets` takes JSON: expected a value here\n  --> x.until.csv:7:4",
    );
    check(
        "x.until.csv",
        "until,who,nets\n\n\n2030-01-01T00:00Z,ana\n",
        "
error: 2 fields stand here, and the header has 3
  --> x.until.csv:4:1
   = help: a field that holds `,` stands in quotes",
    );
    let whole =
        "a `\"` stands around the whole field, right behind the `,`; one that the field holds is written `\"\"`";
    let close = "close it; or the file was cut short: write it again";
    for (text, place, what, help) in [
        ("who,team\nana,t\nbob,\"u", "3:5", "the `\"` that opens this field is never closed", close),
        ("who,team\nana,\"t\nbob,u\neve,v\n", "2:5", "the `\"` that opens this field is never closed", close),
        ("who,\"team\nana,t\n", "1:5", "the `\"` that opens this field is never closed", close),
        ("who,team\nbob,\"u\"x\n", "2:8", "more of the field follows its closing `\"` here", whole),
        ("who,team\n\"b\"b,u\n", "2:4", "more of the field follows its closing `\"` here", whole),
        ("who,team\nbob,u\"x\"\n", "2:6", "a `\"` stands here in a field that does not begin with one", whole),
        ("who,team\nbob, \"u\"\n", "2:6", "a `\"` stands here in a field that does not begin with one", whole),
    ] {
        check(name, text, &format!("error: {what}\n  --> {name}:{place}\n   = help: {help}"));
        // The rows of any tool are held to the same.
        let told = format!("error: {what}\n  --> rows.csv:{place}\n   = help: {help}");
        let records = import::Records::default();
        check_as(
            "rows.csv",
            text,
            Options { records: Some(&records), format: Some(Format::Records), ..Options::default() },
            &told,
        );
    }
    let party = "takes the name of a Party, and the field is empty";
    let fill = "fill it, or leave the whole line out";
    let meant = format!("{fill}; `\"\"` says that the empty text is meant");
    for (text, place, column) in
        [("who,team\n,u\n", "2:1", "who"), ("who,team\nx,\n", "2:3", "team"), ("who,team\nx,", "2:3", "team")]
    {
        check(name, text, &format!("error: the column `{column}` {party}\n  --> {name}:{place}\n   = help: {meant}"));
    }
    check(
        "x.until.csv",
        "who,until,nets\nana,,[]\n",
        &format!(
            "error: the column `until` takes a time (`2030-01-01T00:00Z`), and the field is empty\n  --> x.until.csv:2:5\n   = help: {fill}"
        ),
    );
    check(
        "member.csv",
        "who,team\n",
        "
error: there is no relation `member`
  --> member.csv
   = help: a CSV file is named after its relation; did you mean `std.authority.member`?",
    );
}

#[test]
fn changes_of_our_own() {
    let file = |action: &str| format!("{{\"format\": \"writ-change/1\", \"actions\": [{action}]}}");
    check(
        "c.json",
        file("{\"verb\": \"updte\", \"resource\": \"q\"}"),
        "
error: there is no verb `updte`
  --> c.json#/actions/0/verb
   = help: did you mean `update`?",
    );
    check(
        "c.json",
        file("{\"verb\": \"move\", \"resource\": \"q\"}"),
        "error: a move must say `moved_from`; `resource` is the new name\n  --> c.json#/actions/0",
    );
    let same = "[[\"std.authority.member\", \"ana\", \"ops\"]]";
    check(
        "c.json",
        file(&format!("{{\"verb\": \"update\", \"resource\": \"q\", \"set\": {same}, \"remove\": {same}}}")),
        "
error: std.authority.member(\"ana\", \"ops\") is set and removed by one action
  --> c.json#/actions/0/remove
   = help: leave out what is not meant to hold after it",
    );
    check(
        "c.json",
        file("{\"verb\": \"update\", \"resource\": \"q\", \"moved_from\": \"p\"}"),
        "
error: `moved_from` stands beside a move, not beside update
  --> c.json#/actions/0/moved_from
   = help: write two actions: the move, and what is done to it under its new name",
    );
    check(
        "c.json",
        file("{\"verb\": \"update\", \"resource\": \"q\", \"sett\": []}"),
        "
error: the key `sett` means nothing here
  --> c.json#/actions/0/sett
   = help: did you mean `set`?",
    );
    check(
        "c.json",
        file("{\"verb\": \"update\", \"resource\": \"q\", \"set\": [[\"std.change.action\", \"x\"]]}"),
        "
error: `std.change.action` is about a change, so no file of facts may state it
  --> c.json#/actions/0/set/0/0
   = help: it is filled from the change that is decided",
    );
    let one = "{\"verb\": \"read\", \"resource\": \"q\"}";
    check(
        "c.json",
        file(&format!("{one}, {one}")),
        "
error: the action `q` occurs twice, first at /actions/0
  --> c.json#/actions/1
   = help: give each action an `id` of its own",
    );
}

/// Nothing that a message quotes is a value of the file.
#[test]
fn messages_carry_no_values() {
    let file = "{\"format_version\": \"1.2\", \"resource_changes\": [{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"index\": \
        {\"secret\": \"hunter2\"}, \"change\": {\"actions\": [\"create\"]}}]}";
    let malformed = read("p.json", file.as_bytes(), &Options::default()).expect_err("an index is text or a number");
    assert!(!malformed.to_string().contains("hunter2"));
}

#[test]
fn what_is_right_is_read() {
    let relations = relations();
    let options = Options { relations: &relations, ..Options::default() };
    let lines = |name: &str, text: &str| -> Vec<String> {
        let imported = read(name, text.as_bytes(), &options).unwrap_or_else(|malformed| panic!("{malformed}"));
        imported.facts.iter().map(|fact| format!("{} {fact}", fact.origin.place)).collect()
    };
    assert_eq!(
        lines("x.until.csv", "\u{feff}nets,who,until\n\"[\"\"10.1.0.0/8\"\"]\",ana,2030-01-01T00:00Z\n"),
        ["2:1 x.until(\"ana\", 2030-01-01T00:00Z, {\"10.0.0.0/8\"})"]
    );
    assert_eq!(
        lines("std.authority.member.csv", "team,who\n\"\",\"a\"\"b\"\n"),
        [r#"2:1 std.authority.member("a\"b", "")"#],
        "an empty text that is meant, and a quote in a field"
    );
    assert_eq!(
        lines(
            "f.json",
            "{\"std.state.config\": [{\"r\": \"q\", \"value\": {\"n\": 1.50}}], \"std.authority.member\": [[\"a\", \"b\"]]}"
        ),
        [
            "/std.authority.member/0 std.authority.member(\"a\", \"b\")",
            "/std.state.config/0 std.state.config(\"q\", {\"n\": 1.5})"
        ]
    );
    let change = "{\"format\": \"writ-change/1\", \"actions\": [{\"id\": \"a1\", \"verb\": \"update\", \"resource\": \"q4\", \
        \"set\": [[\"std.state.config\", \"q4\", {\"size\": 2}]], \"remove\": []}]}";
    let change = read("c.json", change.as_bytes(), &options).expect("reads").change.expect("a change");
    assert_eq!(change.actions[0].set[0].to_string(), "std.state.config(\"q4\", {\"size\": 2})");
    assert_eq!(&*change.actions[0].id, "a1");
}
