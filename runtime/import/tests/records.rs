//! Rows of any tool: how they are found, what they give, what is refused.

use import::{Format, Imported, Malformed, Options, Records, Stated, read};
use program::{Column, Reading, Relation, Scope, Type};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn relations() -> Vec<Relation> {
    let column = |(name, r#type): (&str, Type)| Column { name: name.to_owned(), r#type, lattice: None };
    let relation = |name: &str, columns: [(&str, Type); 2]| Relation {
        name: name.to_owned(),
        columns: columns.into_iter().map(column).collect(),
        scope: Scope::State,
        authority: false,
        instanced: false,
        key: None,
        reading: Reading::Only,
        optional: false,
        hidden: false,
    };
    let entity = |name: &str| Type::Entity(name.to_owned());
    vec![
        relation("policy.size", [("r", entity("std.state.Resource")), ("size", Type::Int)]),
        relation("std.ownership.owner", [("r", entity("std.state.Resource")), ("by", entity("std.authority.Party"))]),
    ]
}

fn import(name: &str, text: &str, records: &Records) -> Result<Imported, Malformed> {
    let relations = relations();
    let options = Options {
        format: Some(Format::Records),
        source: Some("inventory"),
        records: Some(records),
        relations: &relations,
        ..Options::default()
    };
    read(name, text.as_bytes(), &options)
}

fn stated(relation: &str, columns: &[(&str, &str)]) -> Stated {
    let columns = columns.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Stated { relation: relation.to_owned(), columns, optional: false }
}

/// Each fact with its place.
fn lines(imported: &Imported) -> Vec<String> {
    let besides = ["std.record.says", "std.record.around"];
    let shown = imported.facts.iter().filter(|fact| !besides.contains(&&*fact.relation));
    shown.map(|fact| format!("{fact} {}", fact.origin.place)).collect()
}

fn plain(name: &str, text: &str) -> Vec<String> {
    lines(&import(name, text, &Records::default()).unwrap_or_else(|malformed| panic!("{malformed}")))
}

#[test]
fn rows_are_found_without_a_word() {
    assert_eq!(
        plain("a.json", r#"[{"x": 1}, {"x": 2}]"#),
        [
            r#"std.record.record("inventory/0", "", "inventory", "a.json", {"x": 1}) /0"#,
            r#"std.record.record("inventory/1", "", "inventory", "a.json", {"x": 2}) /1"#
        ]
    );
    assert_eq!(
        plain("a.json", r#"{"Vpcs": [{"VpcId": "v"}], "NextToken": "t"}"#),
        [
            r#"std.record.record("inventory/0", "", "inventory", "a.json", {"NextToken": "t"}) "#,
            r#"std.record.record("inventory/Vpcs/0", "Vpcs", "inventory", "a.json", {"VpcId": "v"}) /Vpcs/0"#
        ]
    );
    let one = r#"std.record.record("inventory/0", "", "inventory", "FILE", {"a": ["b"]}) PLACE"#;
    let expect = |file: &str, place: &str| one.replace("FILE", file).replace("PLACE", place);
    assert_eq!(plain("OWNERS", "a:\n- b\n"), [expect("OWNERS", "1:1")]);
    assert_eq!(plain("a.toml", "a = [\"b\"]\n"), [expect("a.toml", "")]);
    assert_eq!(plain("a.ndjson", "\n{\"a\": [\"b\"]}\n"), [expect("a.ndjson", "2:1")]);
    assert_eq!(
        plain("a.csv", "name,size\nx,\n"),
        [r#"std.record.record("inventory/0", "", "inventory", "a.csv", {"name": "x", "size": null}) 2:1"#]
    );
    for ends in ["\n", "\r\n"] {
        let text = ["name,size", "x,1", "", "\"y", "z\",2", "w,3", ""].join(ends);
        let places: Vec<String> =
            plain("a.csv", &text).iter().map(|told| told.rsplit(' ').next().unwrap_or_default().to_owned()).collect();
        assert_eq!(places, ["2:1", "4:1", "6:1"], "{text:?}");
    }
    assert_eq!(plain("a.yaml", "---\na: 1\n---\na: 2\n").len(), 2);
    assert_eq!(plain("a.json", "{\"a\": 1}\n{\"a\": 2}\n").len(), 2);
}

#[test]
fn what_a_row_says_is_stated_by_its_place() {
    let imported =
        import("a.json", r#"[{"a": {"b": [1, {"c": "x"}]}, "d": true, "e": null, "f": ""}]"#, &Records::default());
    let imported = imported.expect("reads");
    let said = imported.facts.iter().filter(|fact| &*fact.relation == "std.record.says");
    let said: Vec<String> = said.map(|fact| format!("{} {}", fact.tuple[1].show(), fact.tuple[2].show())).collect();
    assert_eq!(said, [" inventory/0", "a/b 1", "a/b/c x", "d true"]);
}

#[test]
fn a_mapping_keeps_what_it_names_and_counts_the_rest() {
    let records = Records {
        rows: Some("/teams/*".into()),
        facts: vec![stated("std.ownership.owner", &[("r", "repo/{repos/*}"), ("by", "{#}")])],
        ..Records::default()
    };
    let text = "teams:\n  net:\n    repos: [a, b]\n  dns:\n    repos: []\n  web: {}\n";
    let imported = import("teams.yaml", text, &records).expect("reads");
    assert_eq!(
        lines(&imported),
        [r#"std.ownership.owner("repo/a", "net") 3:5"#, r#"std.ownership.owner("repo/b", "net") 3:5"#]
    );
    assert_eq!(imported.skipped.len(), 1);
    assert_eq!(imported.skipped[0].why, "this row has no `repos/*`, so there is no std.ownership.owner");
}

#[test]
fn a_table_fills_columns_of_any_type() {
    let records =
        Records { facts: vec![stated("policy.size", &[("r", "{name}"), ("size", "{gb}")])], ..Records::default() };
    let imported = import("a.csv", "name,gb\nx,3\ny,\nz,\n", &records).expect("reads");
    assert_eq!(lines(&imported), [r#"policy.size("x", 3) 2:1"#]);
    assert_eq!(imported.skipped[0].why, "2 rows, the first here, have no `gb`, so there is no policy.size");
    assert_eq!(&*imported.skipped[0].place, "3:1");
}

#[test]
fn a_row_is_called_as_its_list_says() {
    let id = BTreeMap::from([("Vpcs".to_owned(), "{VpcId}".to_owned()), (String::new(), "x/{n}".to_owned())]);
    let records = Records { id, ..Records::default() };
    let imported = import("a.json", r#"{"Vpcs": [{"VpcId": "v"}], "Other": [{"n": 1}, {}]}"#, &records).expect("reads");
    let rows = imported.facts.iter().filter(|fact| &*fact.relation == "std.record.record");
    let names: Vec<String> = rows.map(|fact| fact.tuple[0].show()).collect();
    assert_eq!(names, ["v", "x/1"]);
    assert_eq!(imported.skipped[0].why, "this row has no `n`, so there is no name for it");
}

/// Two rows with one name would be one thing that says what both say.
#[test]
fn rows_without_a_name_are_called_by_where_they_stand() {
    let names = |name: &str, text: &str, records: &Records| -> Vec<String> {
        let imported = import(name, text, records).expect("reads");
        let rows = imported.facts.iter().filter(|fact| &*fact.relation == "std.record.record");
        rows.map(|fact| fact.tuple[0].show()).collect()
    };
    let one = Records::default();
    let several = Records { several: true, ..Records::default() };
    let vpcs = r#"{"Vpcs": [{"env": "dev"}, {"env": "prod"}]}"#;
    assert_eq!(names("eu/a.json", vpcs, &one), ["inventory/Vpcs/0", "inventory/Vpcs/1"]);
    let all = [names("eu/a.json", vpcs, &several), names("us/a.json", vpcs, &several)].concat();
    assert_eq!(all[..2], ["inventory/eu/a.json/Vpcs/0", "inventory/eu/a.json/Vpcs/1"]);
    assert_eq!(all[2..], ["inventory/us/a.json/Vpcs/0", "inventory/us/a.json/Vpcs/1"]);
    let lines = format!("{vpcs}\n{vpcs}\n");
    assert_eq!(
        names("a.ndjson", &lines, &one),
        ["inventory/Vpcs/0", "inventory/Vpcs/1", "inventory/Vpcs/1/0", "inventory/Vpcs/1/1"]
    );
    assert_eq!(names("b.ndjson", "{\"x\": 1}\n{\"x\": 2}\n", &one), ["inventory/0", "inventory/1"]);
    let inner = Records { rows: Some("/Reservations/*/Instances/*".into()), ..Records::default() };
    let text = r#"{"Reservations": [{"Instances": [{"a": 1}]}, {"Instances": [{"a": 2}, {"a": 3}]}]}"#;
    assert_eq!(
        names("a.json", text, &inner),
        ["inventory/Instances/0/0", "inventory/Instances/1/0", "inventory/Instances/1/1"]
    );
}

#[test]
fn a_file_may_say_when_it_was_observed() {
    let records = Records { observed: Some("/meta/time".into()), ..Records::default() };
    let read = |text: &str| import("a.json", text, &records);
    let imported = read(r#"{"meta": {"time": "2026-01-01T00:00:00Z"}, "rows": [{}]}"#).expect("reads");
    assert_eq!(imported.source.observed_at, Some(1_767_225_600_000_000));
    for text in [r#"{"meta": {"time": "soon"}}"#, r#"{"meta": {}}"#, "[]"] {
        assert!(read(text).expect_err("no time").to_string().contains("no time stands here"), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let complaint =
        |name: &str, text: &str, records: &Records| import(name, text, records).expect_err("it is wrong").to_string();
    let check = |name: &str, text: &str, expect: &str| {
        let said = complaint(name, text, &Records::default());
        assert!(said.contains(expect), "{said}");
    };
    check("a.json", "", "the file is empty");
    check("a.json", " \n", "nothing but space");
    check("a.json", "[1,", "a.json:1:4");
    check("a.json", r#"{"a": 1, "a": 2}"#, "occurs twice");
    check("a.ndjson", "{}\n{\n", "a.ndjson:2:");
    check("a.toml", "a = \n", "this is no TOML");
    check("a.toml", "a = inf\n", "has no form in JSON");
    check("a.yaml", "a: [\n", "this is no YAML");
    check("a.yaml", "# nothing\n", "holds no record");
    check("a.csv", "a,b\n1\n", "a.csv:2:1");
    check("a.csv", "a,a\n1,2\n", "the column `a` occurs twice");

    let mapped = |relation: &str, columns: &[(&str, &str)]| {
        let records = Records { facts: vec![stated(relation, columns)], ..Records::default() };
        complaint("a.json", r#"[{"n": "x", "o": {}}]"#, &records)
    };
    assert!(mapped("policy.siz", &[]).contains("did you mean `policy.size`"));
    assert!(mapped("policy.size", &[("r", "{n}"), ("sise", "1")]).contains("did you mean `size`"));
    assert!(mapped("policy.size", &[("r", "{n}")]).contains("does not fill `size`"));
    assert!(mapped("policy.size", &[("r", "{n"), ("size", "1")]).contains("a brace too many"));
    assert!(mapped("policy.size", &[("r", "{n}"), ("size", "{n}")]).contains("takes an integer; this row gives text"));
    assert!(mapped("policy.size", &[("r", "{o}"), ("size", "1")]).contains("gives an object"));
    let rows = |pattern: &str| {
        let records = Records { rows: Some(pattern.into()), ..Records::default() };
        complaint("a.json", r#"{"a": {"b": 1}}"#, &records)
    };
    assert!(rows("/x/*").contains("`x` is missing here"));
    assert!(rows("/a/b/*").contains("expected an array or an object, for `*` of `rows`, found an integer"));
    let id = Records { id: BTreeMap::from([(String::new(), "{o}".to_owned())]), ..Records::default() };
    assert!(complaint("a.json", r#"[{"o": {}}]"#, &id).contains("names no text or number"));
}

proptest! {
    /// No text makes it panic, whatever it is called.
    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}\":,a-c0-2\\n #.=*-]{0,60}", ending in "(json|ndjson|yaml|toml|csv|)") {
        let _ = import(&format!("a.{ending}"), &text, &Records::default());
    }

    /// The order of an object's keys changes no fact.
    #[test]
    fn keys_stand_in_any_order(values in prop::collection::btree_map("[a-f]", 0_i64..9, 0..6)) {
        let written = |entries: Vec<(&String, &i64)>| {
            let parts: Vec<String> = entries.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
            format!("[{{{}}}]", parts.join(", "))
        };
        let forth = import("a.json", &written(values.iter().collect()), &Records::default()).expect("reads");
        let back = import("a.json", &written(values.iter().rev().collect()), &Records::default()).expect("reads");
        prop_assert_eq!(
            forth.facts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            back.facts.iter().map(ToString::to_string).collect::<Vec<_>>()
        );
    }
}

/// What is said around the rows of a file, whatever is taken of it.
fn around(name: &str, text: &str, records: &Records) -> Vec<String> {
    let imported = import(name, text, records).unwrap_or_else(|malformed| panic!("{malformed}"));
    let said = imported.facts.iter().filter(|fact| &*fact.relation == "std.record.around");
    said.map(|fact| format!("{}={}", fact.tuple[2].show(), fact.tuple[3].show())).collect()
}

#[test]
fn what_stands_around_the_rows_is_kept_whatever_is_taken_of_them() {
    let answer =
        r#"{"Vpcs": [{"VpcId": "v", "Marker": "no"}], "Marker": "t", "Whole": false, "Meta": {"a": {"n": 1}}}"#;
    let one = |of: &str, id: &str| Records { id: BTreeMap::from([(of.into(), id.into())]), ..Records::default() };
    let mapped = |rows: Option<&str>| {
        let facts = vec![stated("policy.size", &[("r", "{VpcId}"), ("size", "3")])];
        Records { rows: rows.map(str::to_owned), facts, ..Records::default() }
    };
    let rows = Records { rows: Some("/Vpcs/*".into()), ..Records::default() };
    for records in
        [Records::default(), one("Vpcs", "{VpcId}"), one("", "{VpcId}"), rows, mapped(None), mapped(Some("/Vpcs/*"))]
    {
        assert_eq!(around("a.json", answer, &records), ["Marker=t", "Meta/a/n=1", "Whole=false"], "{records:?}");
    }
    let page = r#"{"data": {"of": {"nodes": [{"n": {"id": "a"}}], "pageInfo": {"hasNextPage": true}}}}"#;
    let rows = Records { rows: Some("/data/of/nodes/*/n".into()), ..Records::default() };
    assert_eq!(around("a.json", page, &rows), ["data/of/pageInfo/hasNextPage=true"]);
    // A list of texts is no list of rows: the document is the row.
    let plain = Records::default();
    assert_eq!(
        around("a.json", r#"{"QueueUrls": ["u"], "NextToken": "t", "a": {"b": {"c": 1}}}"#, &plain),
        ["NextToken=t"]
    );
    // That there are none is said, with and without `rows`.
    let none = r#"{"Vpcs": [], "NextToken": "t"}"#;
    let rows = Records { rows: Some("/Vpcs/*".into()), ..Records::default() };
    for records in [one("", "{VpcId}"), rows] {
        assert_eq!(around("a.json", none, &records), ["NextToken=t", "Vpcs=[]"], "{records:?}");
    }
    // Rows themselves are not said twice.
    for (name, text) in [("a.json", r#"[{"a": 1}]"#), ("a.ndjson", "{\"a\": 1}\n"), ("a.csv", "a\n1\n")] {
        assert!(around(name, text, &plain).is_empty(), "{name}");
    }
    let map = Records { rows: Some("/*".into()), ..Records::default() };
    assert!(around("a.json", r#"{"web": {"team": "a"}}"#, &map).is_empty());
}

fn complaint(name: &str, text: &str, records: &Records) -> String {
    import(name, text, records).err().map(|malformed| malformed.to_string()).unwrap_or_default()
}

#[test]
fn a_file_that_lacks_what_a_mapping_names_is_refused() {
    let mapped = |r: &str, optional: bool| {
        let one = Stated { optional, ..stated("std.ownership.owner", &[("r", r), ("by", "ana")]) };
        Records { facts: vec![one], ..Records::default() }
    };
    let wanted = mapped("{resource}", false);
    let named = "and the mapping of `std.ownership.owner` names it";
    for (name, text, expect) in [
        ("a.csv", "Resource,until\nx,1\n", "the header has no column `resource`"),
        ("a.csv", "resource;until\nx;1\n", "the header has no column `resource`"),
        ("a.csv", "<html>login please</html>\n", "the header has no column `resource`"),
        ("a.json", r#"[{"Resource": "x"}, {"Resource": "y"}]"#, "none of the 2 rows of this file has `resource`"),
        ("a.json", r#"{"frozen": [{"name": "x"}], "at": 3}"#, "the only row of this file has no `resource`"),
        ("a.json", r#"{"message": "login please"}"#, "the only row of this file has no `resource`"),
        ("a.json", r#""login please""#, "the only row of this file has no `resource`"),
        ("a.txt", "login please\n", "the only row of this file has no `resource`"),
        ("a.ndjson", "{\"a\": 1}\n{\"b\": 1}\n", "none of the 2 rows of this file has `resource`"),
        ("a.yaml", "resources: [x]\n", "the only row of this file has no `resource`"),
    ] {
        let said = complaint(name, text, &wanted);
        assert!(said.contains(&format!("{expect}, {named}")), "{text}: {said}");
        assert!(!said.contains("login"), "{said}");
        assert_eq!(complaint(name, text, &mapped("{resource}", true)), "", "{text}");
        let id = Records { id: BTreeMap::from([(String::new(), "{resource}".into())]), ..Records::default() };
        assert!(complaint(name, text, &id).contains(&format!("{expect}, and `id` names it")), "{text}");
    }
    assert!(complaint("a.csv", "Resource\n", &wanted).contains("did you mean `Resource`?"));
    assert!(complaint("a.csv", "resource;until\n", &wanted).contains("separate the columns by `,`, not by ';'"));
    // A table without rows is one; so is one whose rows say nothing.
    for (name, text) in [
        ("a.csv", "resource,until\n"),
        ("a.csv", "resource,until\n,1\n"),
        ("a.json", "[]"),
        ("a.json", r#"{"frozen": [], "at": 3}"#),
        ("a.json", r#"[{"resource": null}]"#),
        ("a.json", r#"[{"name": "x"}, {"resource": "y"}]"#),
    ] {
        assert_eq!(complaint(name, text, &wanted), "", "{text}");
    }
    for (template, text) in [
        ("{owner/team}", r#"[{"owner": null}]"#),
        ("{repos/*}", r#"[{"repos": []}]"#),
        ("{repos/*/name}", r#"[{"repos": []}, {"repos": [{"id": 1}]}]"#),
        ("{.}", r#"["a"]"#),
        ("{#}", r#"[{"a": 1}]"#),
    ] {
        assert_eq!(complaint("a.json", text, &mapped(template, false)), "", "{template}");
    }
}

#[test]
fn an_id_of_one_list_asks_nothing_of_another() {
    let id = |of: &str| Records { id: BTreeMap::from([(of.into(), "{VpcId}".into())]), ..Records::default() };
    assert_eq!(complaint("a.json", r#"{"Subnets": [{"SubnetId": "s"}]}"#, &id("Vpcs")), "");
    assert!(complaint("a.json", r#"{"Subnets": [{"SubnetId": "s"}]}"#, &id("Subnets")).contains("no `VpcId`"));
    assert!(complaint("a.json", r#"{"Subnets": [{"SubnetId": "s"}]}"#, &id("")).contains("no `VpcId`"));
}
