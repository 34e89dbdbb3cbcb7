//! Actions, each by the text that it leaves.

use super::*;
use crate::database::Source;
use crate::diagnostic::Severity;
use crate::ide::fixture::{Fixture, POLICY};
use syntax::ast::Literal;

/// What is offered at the cursor, or from it to `$1`.
fn titles(text: &str) -> Vec<String> {
    let plain = text.replacen("$1", "", 1);
    let end = text.replacen("$0", "", 1).find("$1");
    let fixture = Fixture::new(&plain);
    let all = actions(&fixture.snapshot(), &fixture.path, fixture.offset..end.unwrap_or(fixture.offset), &[]);
    all.into_iter().map(|action| action.title).collect()
}

/// The text after the action of that title, at the cursor or from it to `$1`.
fn after(text: &str, title: &str) -> String {
    let plain = text.replacen("$1", "", 1);
    let end = text.replacen("$0", "", 1).find("$1");
    let fixture = Fixture::new(&plain);
    let snapshot = fixture.snapshot();
    let mut reports = snapshot.reports(&fixture.path);
    reports.extend(snapshot.findings().unwrap_or_default());
    let all = actions(&snapshot, &fixture.path, fixture.offset..end.unwrap_or(fixture.offset), &reports);
    let titles: Vec<&str> = all.iter().map(|action| action.title.as_str()).collect();
    let chosen = all.iter().find(|action| action.title == title).unwrap_or_else(|| panic!("{titles:?}"));
    let mut now = snapshot.text(&fixture.path).expect("there").to_owned();
    let mut edits = chosen.edits.clone();
    edits.sort_by_key(|(site, _)| site.range.start);
    edits.iter().rev().for_each(|(site, text)| now.replace_range(site.range.clone(), text));
    now
}

/// What is wrong with a policy.
fn wrong(text: &str) -> Vec<&'static str> {
    let fixture = Fixture::new(text);
    fixture.snapshot().compile().reports.iter().map(|report| report.code.number()).collect()
}

#[test]
fn a_repair_is_offered_where_it_is_needed() {
    let text = POLICY.replacen("stateful(k);", "stateflu$0(k);", 1);
    assert_eq!(after(&text, "write `stateful`"), POLICY);
}

#[test]
fn a_warning_is_silenced_at_its_item() {
    let text = format!("{POLICY}\n/// Read by nobody.\nrelation lo$0st(r: Resource);\nlost(r) if kind(r, \"x\");\n");
    let now = after(&text, "ignore W0702 here");
    assert!(now.contains("/// Read by nobody.\n@allow(W0702)\nrelation lost"), "{now}");
    let fixture = Fixture::new(&now);
    assert!(!fixture.snapshot().check().reports.iter().any(|report| report.code.number() == "W0702"));
}

#[test]
fn an_allow_that_silences_nothing_is_not_silenced() {
    let text = POLICY.replacen("relation stateful", "@allow(W0707)\nrelation stateful", 1);
    let fixture = Fixture::new(&text);
    let snapshot = fixture.snapshot();
    let reports = snapshot.findings().expect("it compiles");
    let found = reports.iter().find(|report| report.code == Code::IdleAllow).expect("it silences nothing");
    let spot = &found.spots[0];
    let all = actions(&snapshot, &fixture.path, spot.start..spot.end, &reports);
    let titles: Vec<&str> = all.iter().map(|action| action.title.as_str()).collect();
    assert_eq!(titles, ["remove the attribute"]);
}

#[test]
fn conditions_become_a_relation() {
    let text = POLICY.replacen(
        "age(r, name: n, level: level, years: v), level == \"high\"",
        "$0age(r, name: n, level: level, years: v), level == \"high\"$1",
        1,
    );
    let now = after(&text, "extract into a relation `extracted`");
    assert!(now.contains("    relation extracted(r: Resource, n: string, v: int);\n    extracted(r, n, v) if age(r, name: n, level: level, years: v), level == \"high\";\n"), "{now}");
    assert!(now.contains("if covered(r), extracted(r, n, v), v > least_age"), "{now}");
    assert_eq!(wrong(&now), Vec::<&str>::new());
}

#[test]
fn a_rule_stands_in_place_of_its_atom() {
    let text =
        format!("{POLICY}\npub relation safe(r: Resource, k: string);\nsafe(r, k) if ke$0pt(r), tag(r, \"k\", k);\n");
    let now = after(&text, "inline `kept`");
    assert!(now.contains("safe(r, k) if kind(r, k2), stateful(k2), tag(r, \"k\", k);"), "{now}");
    assert_eq!(wrong(&now), Vec::<&str>::new());
}

#[test]
fn conditions_keep_the_world_they_read() {
    let boss = "authority relation boss(r: Resource, p: std.authority.Party);\nboss(r, p) if \
                std.authority.accountable(r, p), tag(r, \"self\", \"yes\");\npub relation own(r: Resource, p: \
                std.authority.Party);\n";
    let text = format!("{POLICY}\n{boss}own(r, p) if kind(r, _), bo$0ss(r, p);\n");
    assert_eq!(titles(&text), Vec::<String>::new());
    let chosen = "$0std.authority.accountable(r, p), tag(r, \"self\", \"yes\")$1";
    let text = format!("{POLICY}\n{boss}own(r, p) if kind(r, _), {chosen};\n");
    assert_eq!(titles(&text), Vec::<String>::new());
    let chosen = "$0kind(r, _), tag(r, \"self\", \"yes\")$1";
    let text = format!("{POLICY}\n{boss}own(r, p) if {chosen}, boss(r, p);\n");
    assert_eq!(titles(&text), ["extract into a relation `extracted`"]);
}

#[test]
fn a_rule_never_comes_to_stand_where_it_would_not_compile() {
    let num = "pub relation num(r: Resource, n: int);\nnum(r, n) if kind(r, _), n = count { k: kind(r, k), stateful(k) \
               };\npub relation own(r: Resource);\n";
    let text = format!("{POLICY}\n{num}own(r) if kind(r, _), nu$0m(r, 3);\n");
    assert_eq!(titles(&text), Vec::<String>::new());
}

#[test]
fn a_condition_that_lacks_is_written() {
    let text = POLICY.replacen("if covered(r), age", "if age", 1).replacen("deny stale(r", "deny stale($0r", 1);
    let now = after(&text, "add `covered(r)`");
    assert!(now.contains("if covered(r), age"), "{now}");
    assert_eq!(wrong(&now), Vec::<&str>::new());
}

/// The conditions of a rule, each by its bytes in the file.
fn bodies(snapshot: &Snapshot, path: &str) -> Vec<Vec<Range<usize>>> {
    let mut found = Vec::new();
    for piece in snapshot.pieces(path) {
        let Some(item) = piece.item else { continue };
        let inner = match &item.kind {
            ItemKind::Blueprint(block) => block.items.iter().collect(),
            _ => vec![item],
        };
        for item in inner {
            let body = match &item.kind {
                ItemKind::Rule(rule) => &rule.body,
                ItemKind::Governance(rule) => &rule.body,
                _ => continue,
            };
            let at =
                |literal: &Literal| piece.start + literal.span.start as usize..piece.start + literal.span.end as usize;
            found.push(body.iter().map(at).collect());
        }
    }
    found
}

#[test]
fn what_extract_makes_compiles() {
    let policies = [
        include_str!("../../../../examples/key-loss/policy.writ"),
        include_str!("../../../../examples/this-week/policy.writ"),
        include_str!("../../../../examples/segmentation/policy.writ"),
        include_str!("../../../../examples/reorganisation/policy.writ"),
        include_str!("../../../../examples/missing-state/policy.writ"),
        include_str!("../../../../examples/what-would-pass/policy.writ"),
        include_str!("../../../../examples/three-contexts/policy.writ"),
        include_str!("../../../../examples/kept-decisions/policy.writ"),
        include_str!("../../../../examples/agents/policy.writ"),
    ];
    let (mut made, mut governing, mut broken) = (0, 0, Vec::new());
    for text in policies {
        let mut fixture = Fixture::new(text);
        let path = fixture.path.clone();
        let module = path.trim_end_matches(".writ").to_owned();
        let mut all = Vec::new();
        {
            let snapshot = fixture.snapshot();
            for body in bodies(&snapshot, &path) {
                for from in 0..body.len() {
                    for to in from..body.len() {
                        let chosen = body[from].start..body[to].end;
                        let offered = actions(&snapshot, &path, chosen.clone(), &[]);
                        all.extend(offered.into_iter().find(|one| one.sort == Sort::Extract).map(|one| (chosen, one)));
                    }
                }
            }
        }
        for (at, (chosen, action)) in all.into_iter().enumerate() {
            let mut now = text.to_owned();
            let mut edits = action.edits;
            edits.sort_by_key(|(site, _)| site.range.start);
            edits.iter().rev().for_each(|(site, text)| now.replace_range(site.range.clone(), text));
            fixture.database.set_file(Source { path: path.clone(), module: module.clone(), text: now.clone() });
            let snapshot = fixture.snapshot();
            // The whole is compiled now and then: what a file shows by itself is told at once.
            let reports = if at % 8 == 0 { snapshot.compile().reports.to_vec() } else { snapshot.reports(&path) };
            let wrong: Vec<_> = reports.iter().filter(|one| one.severity() == Severity::Error).collect();
            let said =
                wrong.iter().map(|one| format!("{}: {} {}", &text[chosen.clone()], one.code.number(), one.message));
            broken.extend(said);
            made += 1;
            governing += usize::from(now.contains("extracted(r"));
        }
    }
    assert_eq!(broken, Vec::<String>::new());
    assert!(made > 50 && governing > 5, "{made} {governing}");
}
