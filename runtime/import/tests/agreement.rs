//! A plan that denies itself is refused; one that does not list all that it plans is partial.

// LONG: each way in which a plan can deny itself, over one way to write plans.

use import::{Imported, Malformed, Options, read};
use std::collections::BTreeSet;

/// A change of `t.n` with these actions, and what more `change` holds.
fn change(actions: &str, sides: &str) -> String {
    // Only data is read.
    let mode = if actions == "\"read\"" { "data" } else { "managed" };
    format!(
        "{{\"mode\": \"{mode}\", \"type\": \"t\", \"name\": \"n\", \"change\": {{\"actions\": [{actions}], {sides}}}}}"
    )
}

/// A managed resource `t.<name>` whose attribute `a` is `value`.
fn resource(name: &str, value: u8) -> String {
    format!("{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"{name}\", \"values\": {{\"a\": {value}}}}}")
}

/// The block of `t.<name>`.
fn block(name: &str) -> String {
    format!("{{\"mode\": \"managed\", \"type\": \"t\", \"name\": \"{name}\"}}")
}

fn configuration(blocks: &[String]) -> String {
    format!("{{\"root_module\": {{\"resources\": [{}]}}}}", blocks.join(", "))
}

fn plan(prior: &[String], planned: &[String], changes: Option<&str>) -> Result<Imported, Malformed> {
    let changes = changes.map_or_else(String::new, |changes| format!(", \"resource_changes\": {changes}"));
    // Whatever is named has its block.
    let named = prior.iter().chain(planned).chain([&changes]).flat_map(|text| text.split("\"name\": \"").skip(1));
    let names: BTreeSet<&str> = named.filter_map(|rest| rest.split('"').next()).collect();
    let blocks: Vec<String> = names.into_iter().map(block).collect();
    let text = format!(
        "{{\"format_version\": \"1.2\", \"configuration\": {}, \
         \"prior_state\": {{\"format_version\": \"1.0\", \"values\": {{\"root_module\": {{\"resources\": [{}]}}}}}}, \
         \"planned_values\": {{\"root_module\": {{\"child_modules\": [{{\"resources\": [{}]}}]}}}}{changes}}}",
        configuration(&blocks),
        prior.join(", "),
        planned.join(", ")
    );
    read("p.json", text.as_bytes(), &Options::default())
}

/// Why the plan is partial; each reason with its place.
fn reasons(prior: &[String], planned: &[String], changes: Option<&str>) -> Vec<String> {
    let imported = plan(prior, planned, changes).unwrap_or_else(|malformed| panic!("{malformed}"));
    let change = imported.change.expect("a change");
    assert_eq!(imported.source.complete, change.partial.is_empty());
    change.partial.iter().map(|partial| format!("{} {}", partial.place, partial.why)).collect()
}

fn refused(actions: &str, sides: &str, side: &str, what: &str) {
    let changes = format!("[{}]", change(actions, sides));
    let malformed = plan(&[], &[], Some(&changes)).expect_err(what);
    let name = if actions == "\"read\"" { "data.t.n" } else { "t.n" };
    let expect = format!(
        "error: `{name}` {what}\n  --> p.json#/resource_changes/0/change/{side}\n   \
         = help: the plan denies itself; write it again with `terraform show -json`"
    );
    assert_eq!(malformed.to_string(), expect);
}

#[test]
fn a_change_that_denies_its_actions_is_refused() {
    for verb in ["update", "delete", "forget"] {
        let what = format!("has the action {verb}, and no `before`");
        let after = if verb == "update" { "{\"a\": 1}" } else { "null" };
        refused(&format!("\"{verb}\""), &format!("\"before\": null, \"after\": {after}"), "before", &what);
        refused(&format!("\"{verb}\""), &format!("\"after\": {after}"), "before", &what);
    }
    let nothing = "is imported, and nobody says what";
    refused("\"no-op\"", "\"importing\": {\"id\": \"x\"}, \"before\": null, \"after\": null", "before", nothing);
    let differs = "is a no-op, and its `after` differs from its `before`";
    refused("\"no-op\"", "\"before\": {\"a\": 1}, \"after\": {\"a\": 2}", "after", differs);
    refused("\"no-op\"", "\"before\": {\"a\": 1}, \"after\": null", "after", differs);
    refused("\"no-op\"", "\"before\": null, \"after\": {\"a\": 1}", "after", differs);
    let hidden = "\"before\": {\"a\": 1}, \"after\": {\"a\": 2}, \"before_sensitive\": {\"a\": true}, \
        \"after_sensitive\": {\"a\": true}";
    refused("\"no-op\"", hidden, "after", differs);
    refused(
        "\"no-op\"",
        "\"importing\": {\"id\": \"x\"}, \"before\": {\"a\": 1}, \"after\": {\"a\": 2}",
        "after",
        differs,
    );
    let unknown = "\"before\": {\"a\": 1}, \"after\": {\"a\": 1}, \"after_unknown\": {\"b\": true}";
    refused("\"no-op\"", unknown, "after_unknown", "is a no-op, and parts of its `after` are not known");

    let lost = "is read, and has a `before` but no `after`";
    refused("\"read\"", "\"before\": {\"a\": 1}, \"after\": null", "after", lost);

    let kept = "has the action delete, and keeps an `after`";
    refused("\"delete\"", "\"before\": {\"a\": 1}, \"after\": {\"a\": 1}", "after", kept);
    refused("\"delete\"", "\"before\": {\"a\": 1}, \"after_unknown\": {\"a\": true}", "after_unknown", kept);
    refused("\"forget\"", "\"before\": {}, \"after\": {}", "after", "has the action forget, and keeps an `after`");

    refused("\"update\"", "\"after\": {\"a\": 1}", "before", "has the action update, and no `before`");
    refused("\"update\"", "\"before\": {\"a\": 1}", "after", "has the action update, and no `after`");
    let no_after = "has the action replace, and no `after`";
    refused("\"delete\", \"create\"", "\"before\": {\"a\": 1}, \"after\": null", "after", no_after);
    refused("\"create\", \"delete\"", "\"before\": null, \"after\": null", "after", no_after);
}

#[test]
fn what_tools_write_is_read() {
    for (actions, sides) in [
        ("\"no-op\"", "\"before\": null, \"after\": null, \"after_unknown\": {}"),
        ("\"no-op\"", "\"before\": {\"a\": 1, \"b\": 1.0}, \"after\": {\"b\": 1, \"a\": 1}, \"after_unknown\": false"),
        ("\"create\"", "\"before\": {\"a\": 1}, \"after\": {\"a\": 1}"),
        ("\"create\"", "\"before\": null, \"after\": null, \"after_unknown\": {\"a\": true}"),
        ("\"read\"", "\"before\": null, \"after\": null"),
        ("\"read\"", "\"before\": {\"a\": 1}, \"after\": null, \"after_unknown\": true"),
        ("\"update\"", "\"before\": {\"a\": 1}, \"after\": null, \"after_unknown\": true"),
        ("\"delete\"", "\"before\": {\"a\": 1}, \"after\": null, \"after_unknown\": {}"),
    ] {
        // Without wholes beside it: what those say is asked below.
        let text = format!(", \"configuration\": {}", configuration(&[block("n")]));
        let read = with(&text, &change(actions, sides)).unwrap_or_else(|malformed| panic!("{malformed}"));
        assert_eq!(beside(read), [], "{actions} {sides}");
    }
}

#[test]
fn a_plan_without_changes_is_partial_where_its_wholes_differ() {
    let (one, two) = (resource("n", 1), resource("n", 2));
    for changes in [None, Some("null"), Some("[]")] {
        let reasons = |prior: &[String], planned: &[String]| reasons(prior, planned, changes);
        assert!(reasons(&[], &[]).is_empty());
        assert!(reasons(std::slice::from_ref(&one), std::slice::from_ref(&one)).is_empty());
        let why = "the plan lists no change, and its planned values differ from its prior state: `t.n`";
        let planned = "/planned_values/root_module/child_modules/0/resources/0";
        let prior = "/prior_state/values/root_module/resources/0";
        assert_eq!(reasons(std::slice::from_ref(&one), std::slice::from_ref(&two)), [format!("{planned} {why}")]);
        assert_eq!(reasons(&[], std::slice::from_ref(&two)), [format!("{planned} {why}")]);
        assert_eq!(reasons(std::slice::from_ref(&one), &[]), [format!("{prior} {why}")]);
        let gone = [one.clone(), resource("m", 1), resource("o", 1)];
        let first = why.replace("t.n", "t.m");
        assert_eq!(reasons(&gone, &[]), [format!("/prior_state/values/root_module/resources/1 {first} and 2 more")]);
        // What is read only is not managed.
        let data = one.replace("managed", "data");
        assert!(reasons(&[data], &[]).is_empty());
    }
}

#[test]
fn a_plan_is_partial_where_its_wholes_say_more_than_its_changes() {
    let update = |name: &str, actions: &str, before: &str, after: &str| {
        format!("[{}]", change(actions, &format!("\"before\": {before}, \"after\": {after}")).replace("\"n\"", name))
    };
    let listed = update("\"n\"", "\"update\"", "{\"a\": 1}", "{\"a\": 2}");
    let (old, new) = (resource("n", 1), resource("n", 2));
    let told = |prior: &[&str], planned: &[&str], changes: &str| -> Vec<String> {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let told = reasons(&own(prior), &own(planned), Some(changes));
        told.iter().map(|told| told.split_once(' ').expect("a place").1.to_owned()).collect()
    };
    let (other, otherwise) = (resource("o", 1), resource("o", 2));
    assert!(told(&[&old], &[&new], &listed).is_empty());
    assert!(told(&[&old, &other], &[&new, &other], &listed).is_empty());
    assert_eq!(
        told(&[&old, &other], &[&new, &otherwise], &listed),
        ["no change is listed of what is planned otherwise than in the prior state: `t.o`"]
    );
    assert_eq!(
        told(&[&old], &[&new, &other], &listed),
        ["no change is listed of what is planned and is not in the prior state: `t.o`"]
    );
    assert_eq!(told(&[&old, &other], &[&new], &listed), ["the plan leaves out what is in the prior state: `t.o`"]);

    let kept = update("\"n\"", "\"no-op\"", "{\"a\": 1}", "{\"a\": 1}");
    assert!(told(&[&old], &[&old], &kept).is_empty());
    assert_eq!(told(&[&old], &[&new], &kept), ["what a change leaves differs from the planned values: `t.n`"]);
    let hidden = update("\"n\"", "\"no-op\"", "null", "null");
    assert_eq!(told(&[&old], &[], &hidden), ["a change starts from something else than the prior state: `t.n`"]);
    let replaced = update("\"n\"", "\"create\", \"delete\"", "null", "{\"a\": 2}");
    assert_eq!(told(&[], &[&new], &replaced), ["a replacement does not say what it replaces: `t.n`"]);

    let differs = ["what a change leaves differs from the planned values: `t.n`"];
    assert_eq!(told(&[&old], &[&old], &listed), differs);
    assert_eq!(told(&[&old], &[&old], &update("\"n\"", "\"delete\"", "{\"a\": 1}", "null")), differs);
    let created = |after: &str| update("\"n\"", "\"create\"", "null", after);
    assert!(told(&[], &[&new], &created("{\"a\": 2, \"b\": null}")).is_empty());
    assert_eq!(told(&[], &[&new], &created("{\"a\": 2, \"b\": 1}")), differs);
    assert_eq!(told(&[], &[&other], &created("{\"a\": 2}"))[1..], differs, "what is planned lacks it");
    assert_eq!(told(&[], &[], &created("null")), ["a create does not say what it creates: `t.n`"]);
    let starts = ["a change starts from something else than the prior state: `t.n`"];
    for (actions, after) in
        [("\"delete\"", "null"), ("\"update\"", "{\"a\": 2}"), ("\"create\", \"delete\"", "{\"a\": 2}")]
    {
        let planned: &[&str] = if after == "null" { &[] } else { &[&new] };
        assert!(told(&[&old], planned, &update("\"n\"", actions, "{\"a\": 1}", after)).is_empty(), "{actions}");
        assert_eq!(told(&[&old], planned, &update("\"n\"", actions, "{}", after)), starts, "{actions}");
    }
    assert!(told(&[], &[], &created("null, \"after_unknown\": {\"a\": true}")).is_empty());
}

#[test]
fn a_move_is_listed_under_both_names() {
    let moved = change("\"no-op\"", "\"before\": {\"a\": 1}, \"after\": {\"a\": 1}").replacen(
        '{',
        "{\"previous_address\": \"t.old\", ",
        1,
    );
    let changes = format!("[{moved}]");
    assert!(reasons(&[resource("old", 1)], &[resource("n", 1)], Some(&changes)).is_empty());
    assert!(reasons(&[resource("n", 1)], &[resource("n", 1)], Some(&changes)).is_empty());
    // Under both it is two, of which one would vanish.
    let both = [resource("n", 1), resource("old", 1)];
    let told = reasons(&both, &[resource("n", 1)], Some(&changes));
    assert_eq!(
        told,
        ["/prior_state/values/root_module/resources/1 the plan leaves out what is in the prior state: `t.old`"]
    );
}

#[test]
fn a_whole_names_what_it_states() {
    let lying = resource("n", 1).replace("\"mode\"", "\"address\": \"t.other\", \"mode\"");
    let hidden = resource("n", 1).replace("managed", "data").replace("\"mode\"", "\"address\": \"t.n\", \"mode\"");
    for one in [lying, hidden] {
        for (prior, planned) in [(vec![one.clone()], vec![]), (vec![], vec![one.clone()])] {
            let malformed = plan(&prior, &planned, Some("[]")).expect_err("it names another");
            assert!(malformed.to_string().starts_with("error: the address `t."), "{malformed}");
        }
    }
}

#[test]
fn what_a_whole_states_twice_is_refused() {
    let twice = [resource("n", 1), resource("n", 2)];
    for (prior, planned) in [(&twice[..], &[][..]), (&[][..], &twice[..])] {
        let malformed = plan(prior, planned, Some("[]")).expect_err("twice");
        assert!(malformed.to_string().starts_with("error: `t.n` occurs twice, first at /p"), "{malformed}");
    }
    let odd = resource("n", 1).replace("\"values\"", "\"sensitive_values\": {\"a\": \"true\"}, \"values\"");
    for (prior, planned) in [(vec![odd.clone()], vec![]), (vec![], vec![odd])] {
        let malformed = plan(&prior, &planned, Some("[]")).expect_err("no mask");
        assert!(malformed.to_string().starts_with("error: expected true, false, or an object"), "{malformed}");
    }
}

#[test]
fn an_action_that_nobody_would_look_at_is_refused() {
    let asked = |mode: &str, actions: &str| {
        let sides = "\"before\": {\"a\": 1}, \"after\": null";
        let change = change(actions, sides).replace("managed", mode).replace("data", mode);
        plan(&[], &[], Some(&format!("[{change}]"))).map(|_| ()).map_err(|malformed| malformed.what)
    };
    assert_eq!(asked("managed", "\"delete\""), Ok(()));
    assert_eq!(
        asked("Managed", "\"delete\""),
        Err("the mode `Managed` is not known here, and the plan has an action for it".into())
    );
    assert_eq!(asked("ephemeral", "\"open\""), Ok(()));
    assert_eq!(asked("managed", "\"read\""), Err("`t.n` is managed, and only data is read".into()));
}

#[test]
fn provider_actions_make_a_plan_partial() {
    let text = "{\"format_version\": \"1.2\", \"resource_changes\": [], \"action_invocations\": [{\"address\": \"action.x.y\"}]}";
    let imported =
        read("p.json", text.as_bytes(), &Options::default()).unwrap_or_else(|malformed| panic!("{malformed}"));
    assert!(beside(imported).iter().any(|partial| &*partial.place == "/action_invocations"));
}

/// One change of `t.n["k"]`, its parts as given.
fn entry(address: &str, after: &str, unknown: &str) -> Result<Imported, Malformed> {
    let change = format!(
        "{{\"address\": {address}, \"mode\": \"managed\", \"type\": \"t\", \"name\": \"n\", \"index\": \"k\", \"change\": \
         {{\"actions\": [\"create\"], \"before\": null, \"after\": {after}, \"after_unknown\": {unknown}}}}}"
    );
    plan(&[], &[], Some(&format!("[{change}]")))
}

#[test]
fn an_address_is_that_of_its_parts() {
    let whole = "\"t.n[\\\"k\\\"]\"";
    entry(whole, "{\"a\": 1}", "{}").expect("reads");
    for other in
        ["\"t.other\"", "\"t.n\"", "\"t.n[0]\"", "\"module.m.t.n[\\\"k\\\"]\"", "\"data.t.n[\\\"k\\\"]\"", "\"\"", "7"]
    {
        let malformed = entry(other, "{\"a\": 1}", "{}").expect_err(other);
        assert_eq!(&*malformed.place, "/resource_changes/0/address", "{malformed}");
    }
}

#[test]
fn a_mask_says_yes_or_no_and_a_side_is_an_object() {
    let whole = "\"t.n[\\\"k\\\"]\"";
    for mask in ["true", "{\"a\": true}", "{\"a\": [false, {\"b\": true}]}", "null", "{\"a\": null}"] {
        entry(whole, "{\"a\": 1}", mask).expect(mask);
    }
    for (mask, place) in [("\"true\"", ""), ("1", ""), ("{\"a\": \"true\"}", "/a"), ("{\"a\": [1]}", "/a/0")] {
        let malformed = entry(whole, "{\"a\": 1}", mask).expect_err(mask);
        assert_eq!(
            malformed.place.to_string(),
            format!("/resource_changes/0/change/after_unknown{place}"),
            "{malformed}"
        );
    }
    for side in ["\"t\"", "[]", "true"] {
        let malformed = entry(whole, side, "{}").expect_err(side);
        assert_eq!(&*malformed.place, "/resource_changes/0/change/after", "{malformed}");
    }
}

/// Why a plan is partial beside the wholes that it leaves out.
fn beside(imported: Imported) -> Vec<program::Partial> {
    let mut partial = imported.change.expect("a change").partial;
    let left_out = ["the plan does not say what is planned", "the plan has no prior state"];
    partial.retain(|partial| !left_out.iter().any(|why| partial.why.starts_with(why)));
    partial
}

/// What holds of a plan with changes of which the plan says nothing else.
#[test]
fn a_plan_without_its_wholes_is_partial() {
    let told = |more: &str, changes: &str| {
        let text = format!("{{\"format_version\": \"1.2\", \"resource_changes\": [{changes}]{more}}}");
        let read = read("p.json", text.as_bytes(), &Options::default()).unwrap_or_else(|e| panic!("{e}"));
        let partial = read.change.expect("a change").partial;
        partial.iter().map(|partial| partial.place.to_string()).collect::<Vec<_>>()
    };
    let planned = ", \"planned_values\": {\"root_module\": {}}";
    let text = format!(", \"configuration\": {}", configuration(&[block("n")]));
    let (none, whole): (&[&str], _) = (&[], format!("{planned}{text}"));
    assert_eq!(told("", ""), ["/planned_values", "/configuration"]);
    assert_eq!(told(planned, ""), ["/configuration"]);
    assert_eq!(told(&whole, ""), none);
    assert_eq!(told(&format!("{whole}, \"applyable\": true"), ""), ["/applyable"]);
    assert_eq!(told(&format!("{whole}, \"applyable\": false, \"complete\": true"), ""), none);
    // What a change starts from hangs on things that only the prior state knows.
    let delete = change("\"delete\"", "\"before\": {\"a\": 1}, \"after\": null");
    for lacks in ["", ", \"prior_state\": null", ", \"prior_state\": {\"format_version\": \"1.0\"}"] {
        assert_eq!(told(&format!("{whole}{lacks}"), &delete), ["/resource_changes/0"], "{lacks}");
    }
    let prior = format!(
        ", \"prior_state\": {{\"format_version\": \"1.0\", \"values\": {{\"root_module\": {{\"resources\": [{}]}}}}}}",
        resource("n", 1)
    );
    assert_eq!(told(&format!("{whole}{prior}"), &delete), none);
    // A refreshing plan plans nothing, and says that this is all.
    let refresh = ", \"applyable\": false, \"complete\": true";
    assert_eq!(told(&format!("{whole}{prior}{refresh}"), ""), none);
    assert_eq!(told(&format!("{whole}{prior}"), "").len(), 1);
    for flag in ["errored", "complete", "applyable"] {
        let text = format!("{{\"format_version\": \"1.2\", \"resource_changes\": [], \"{flag}\": null}}");
        let malformed = read("p.json", text.as_bytes(), &Options::default()).expect_err(flag);
        assert_eq!(&*malformed.place, format!("/{flag}"), "{malformed}");
    }
}

/// A plan of these changes alone, with more at its top.
fn with(more: &str, changes: &str) -> Result<Imported, Malformed> {
    let text = format!("{{\"format_version\": \"1.2\", \"resource_changes\": [{changes}]{more}}}");
    read("p.json", text.as_bytes(), &Options::default())
}

#[test]
fn what_stays_has_a_block_in_the_configuration() {
    let create = change("\"create\"", "\"before\": null, \"after\": {\"a\": 1}");
    let delete = change("\"delete\"", "\"before\": {\"a\": 1}, \"after\": null");
    let no_op = change("\"no-op\"", "\"before\": {\"a\": 1}, \"after\": {\"a\": 1}");
    let told = |more: &str, changes: &str| {
        let partial = beside(with(more, changes).unwrap_or_else(|malformed| panic!("{malformed}")));
        partial.iter().map(|partial| format!("{} {}", partial.place, partial.why)).collect::<Vec<_>>()
    };
    let text = |blocks: &[String]| format!(", \"configuration\": {}", configuration(blocks));
    let (its, other) = (text(&[block("n")]), text(&[block("other")]));
    for stays in [&create, &no_op] {
        assert_eq!(told(&its, stays), [""; 0]);
        let none = "/resource_changes/0 the plan has no configuration, which alone says what refers to what: `t.n`";
        assert_eq!(told("", stays), [none]);
        let lacks = "/resource_changes/0 the plan's configuration, which alone says what refers to what, \
                     has no block of what stays: `t.n`";
        assert_eq!(told(&other, stays), [lacks]);
        assert_eq!(told(", \"configuration\": {}", stays), [lacks]);
    }
    // What goes need not be in the text any more.
    assert_eq!(told(&other, &delete), [""; 0]);
    // What is planned and not listed as a change counts as well, and once.
    let planned = format!(", \"planned_values\": {{\"root_module\": {{\"resources\": [{}]}}}}", resource("n", 1));
    assert_eq!(told(&format!("{planned}{other}"), &no_op).len(), 1);
    let only = told(&format!("{planned}{other}"), "");
    assert!(only.iter().any(|reason| reason.contains("no block of what stays: `t.n`")), "{only:?}");
}

#[test]
fn what_nothing_rests_on_makes_sense_too() {
    let create = change("\"create\"", "\"before\": null, \"after\": {\"a\": 1}");
    let text = format!(", \"configuration\": {}", configuration(&[block("n")]));
    let read = |more: &str| with(&format!("{text}, {more}"), &create);
    for fine in [
        "\"timestamp\": \"2026-03-01T09:30:00Z\"",
        "\"applyable\": true",
        "\"checks\": [{\"status\": \"fail\"}]",
        "\"output_changes\": {\"x\": {\"actions\": [\"update\"]}}",
    ] {
        assert_eq!(beside(read(fine).expect(fine)), [], "{fine}");
    }
    for (wrong, place) in [
        ("\"timestamp\": 5", "/timestamp"),
        ("\"applyable\": \"yes\"", "/applyable"),
        ("\"checks\": \"x\"", "/checks"),
        ("\"checks\": [{\"status\": \"fine\"}]", "/checks/0/status"),
        ("\"output_changes\": {\"x\": {\"actions\": [\"explode\"]}}", "/output_changes/x/actions"),
        ("\"output_changes\": {\"x\": {}}", "/output_changes/x"),
        (
            "\"output_changes\": {\"x\": {\"actions\": [\"update\"], \"after_sensitive\": \"true\"}}",
            "/output_changes/x/after_sensitive",
        ),
        ("\"variables\": {\"v\": \"x\"}", "/variables/v"),
        ("\"planned_values\": {\"root_module\": {}, \"outputs\": \"x\"}", "/planned_values/outputs"),
        ("\"relevant_attributes\": \"x\"", "/relevant_attributes"),
        ("\"terraform_version\": 7", "/terraform_version"),
    ] {
        let malformed = read(wrong).expect_err(wrong);
        assert_eq!(&*malformed.place, place, "{malformed}");
    }
    let imported = read("\"timestamp\": \"yesterday\"").expect("reads");
    assert_eq!(imported.source.observed_at, None);
    let partial = beside(imported);
    assert_eq!(partial.iter().map(|partial| &*partial.place).collect::<Vec<_>>(), ["/timestamp"]);
    let change = read("\"applyable\": false").expect("reads").change.expect("a change");
    assert_eq!(&*change.partial[0].why, "the plan says that it cannot be applied, and lists changes");
    for (wrong, place) in [
        ("\"replace_paths\": \"x\"", "/change/replace_paths"),
        ("\"replace_paths\": [\"x\"]", "/change/replace_paths/0"),
    ] {
        let replace = replace(&format!("\"before\": {{\"a\": 1}}, \"after\": {{\"a\": 2}}, {wrong}"));
        let malformed = with(&text, &replace).expect_err(wrong);
        assert_eq!(malformed.place.to_string(), format!("/resource_changes/0{place}"), "{malformed}");
    }
}

/// A replacement of `t.n`.
fn replace(sides: &str) -> String {
    change("\"delete\", \"create\"", sides)
}

#[test]
fn a_former_address_is_that_of_something_that_was() {
    let create = change("\"create\"", "\"before\": null, \"after\": {\"a\": 1}");
    let moved = create.replacen('{', "{\"previous_address\": \"t.old\", ", 1);
    let malformed = with("", &moved).expect_err("a create had no address");
    assert_eq!(&*malformed.place, "/resource_changes/0/previous_address", "{malformed}");
    assert_eq!(&*malformed.what, "`t.n` had another address before, and has the action create");
}

#[test]
fn an_expression_is_an_object_and_a_block_has_its_own_name() {
    let create = change("\"create\"", "\"before\": null, \"after\": {\"a\": 1}");
    let read = |more: &str| {
        let block = block("n").replacen('{', &format!("{{{more}, "), 1);
        with(&format!(", \"configuration\": {}", configuration(&[block])), &create)
    };
    for fine in [
        "\"address\": \"t.n\"",
        "\"expressions\": {\"a\": {\"references\": [\"t.m\"]}, \"b\": {}, \"c\": [{\"d\": {\"constant_value\": 1}}]}",
    ] {
        read(fine).expect(fine);
    }
    for (wrong, place) in [
        ("\"address\": \"t.m\"", "/address"),
        ("\"expressions\": {\"a\": \"t.m\"}", "/expressions/a"),
        ("\"expressions\": {\"a\": [null]}", "/expressions/a/0"),
        ("\"expressions\": {\"a\": [{\"b\": 5}]}", "/expressions/a/0/b"),
        ("\"count_expression\": true", "/count_expression"),
    ] {
        let malformed = read(wrong).expect_err(wrong);
        let place = format!("/configuration/root_module/resources/0{place}");
        assert_eq!(*malformed.place, *place, "{malformed}");
    }
}

#[test]
fn a_mode_that_nobody_knows_is_refused_wherever_it_stands() {
    let create = change("\"create\"", "\"before\": null, \"after\": {\"a\": 1}");
    let odd = resource("odd", 1).replace("managed", "managd");
    let planned =
        |resource: &str| format!(", \"planned_values\": {{\"root_module\": {{\"resources\": [{resource}]}}}}");
    let text = |more: &str| format!(", \"configuration\": {}", configuration(&[block("n"), more.to_owned()]));
    for (more, place) in [
        (planned(&odd), "/planned_values/root_module/resources/0/mode"),
        (text(&block("odd").replace("managed", "managd")), "/configuration/root_module/resources/1/mode"),
    ] {
        let malformed = with(&more, &create).expect_err(place);
        assert_eq!(&*malformed.place, place, "{malformed}");
    }
    for more in [planned(&odd.replace("managd", "ephemeral")), text(&block("odd").replace("managed", "ephemeral"))] {
        with(&more, &create).expect("what is kept for the run alone passes");
    }
}

#[test]
fn a_reference_leads_to_a_block_and_a_change_starts_from_what_was() {
    let create = change("\"create\"", "\"before\": null, \"after\": {\"a\": 1}");
    let read = |references: &str| {
        let block =
            block("n").replacen('{', &format!("{{\"expressions\": {{\"a\": {{\"references\": [{references}]}}}}, "), 1);
        with(&format!(", \"configuration\": {}", configuration(&[block, self::block("m")])), &create)
    };
    let told = |references: &str| {
        beside(read(references).expect(references)).iter().map(|partial| partial.why.to_string()).collect::<Vec<_>>()
    };
    for fine in ["\"t.m.a\", \"t.m\"", "\"var.x\", \"local.y\", \"each.value\", \"module.z.out\", \"path.module\"", ""]
    {
        assert_eq!(told(fine), [""; 0], "{fine}");
    }
    for (dangling, name) in [("\"t.nope.a\", \"t.nope\"", "t.nope"), ("\"data.t.m.a\"", "data.t.m")] {
        assert_eq!(
            told(dangling),
            [format!("the plan's configuration refers to a block that it does not have: `{name}`")]
        );
    }
    for junk in ["\"t.m[\"", "\"\"", "\"shared\"", "\"..\""] {
        let malformed = read(junk).expect_err(junk);
        let place = "/configuration/root_module/resources/0/expressions/a/references";
        assert_eq!(&*malformed.place, place, "{malformed}");
    }
    let lacks = |verb: &str, sides: &str| {
        reasons(&[resource("z", 1)], &[resource("z", 1)], Some(&format!("[{}]", change(verb, sides))))
    };
    let no_before = "/resource_changes/0 a change starts from what the prior state does not have: `t.n`";
    assert_eq!(lacks("\"delete\"", "\"before\": {\"a\": 1}, \"after\": null"), [no_before]);
}

#[test]
fn what_a_plan_is_called_moves_no_terminal() {
    let text = "{\"format_version\": \"9\\u001b[2J\\nALLOW\", \"resource_changes\": []}";
    let said = read("p\u{1b}.json", text.as_bytes(), &Options::default()).expect_err("it is not known").to_string();
    assert!(!said.contains('\u{1b}') && !said.contains("\nALLOW"), "{said}");
}
