//! A state that says nothing where a state says something is no empty one.

use import::{Expected, Options, read};

#[test]
fn hollow_states() {
    let check = |text: &str, what: &str| {
        let malformed = read("s.json", text.as_bytes(), &Options { expected: Expected::State, ..Options::default() });
        let malformed = malformed.expect_err(text).to_string();
        assert!(malformed.starts_with(&format!("error: {what}")), "{text}: {malformed}");
    };
    let v4 = |more: &str| format!("{{\"version\": 4, \"serial\": 1, \"lineage\": \"l\"{more}}}");
    let v3 = |more: &str| format!("{{\"version\": 3, \"serial\": 1, \"lineage\": \"l\"{more}}}");
    let shown =
        |values: &str| format!("{{\"format_version\": \"1.0\", \"terraform_version\": \"1\", \"values\": {values}}}");
    check(&v4(""), "`resources` is missing here");
    check(&v4(", \"resources\": null"), "`resources` is missing here");
    let block = "\"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\"";
    check(&v4(&format!(", \"resources\": [{{{block}}}]")), "`instances` is missing here");
    check(&v4(&format!(", \"resources\": [{{{block}, \"instances\": [{{}}]}}]")), "`t.n` has no attributes");
    let odd = block.replace("managed", "managd");
    check(&v4(&format!(", \"resources\": [{{{odd}, \"instances\": []}}]")), "the mode `managd` is not known here");
    check(&v4(", \"resources\": [], \"format_version\": \"1.0\""), "the state has a `format_version` and a `version`");
    check(&v3(""), "`modules` is missing here");
    check(&v3(", \"modules\": [{\"path\": [\"root\"]}]"), "`resources` is missing here");
    let entry = "{\"path\": [\"root\"], \"resources\": {\"t.n\": {\"type\": \"t\", \"primary\": null}}}";
    check(&v3(&format!(", \"modules\": [{entry}]")), "`t.n` has neither a `primary` nor a `deposed` object");
    check(&shown("{}"), "`root_module` is missing here");
    check(&shown("{\"resources\": []}"), "`root_module` is missing here");
    check(&shown(&format!("{{\"root_module\": {{\"resources\": [{{{block}}}]}}}}")), "`values` is missing here");
}
