//! Which tables over an enum are said to leave a member out, and which are not.

use compiler::database::{Database, Info, Source};

/// What is told about the rules, which stand behind an enum of four tiers: `W0218` and the sentence.
fn told(rules: &str) -> Vec<String> {
    let package = program::Package { name: "page".into(), version: "1.0.0".into() };
    let mut database = Database::new(Info { package, owner: None });
    let text = format!(
        "pub entity Shop;\nenum Tier {{ bronze, silver, gold, diamond }}\npub relation tier(s: Shop, t: Tier);\n{rules}"
    );
    database.set_file(Source { path: "policy.writ".into(), module: "policy".into(), text });
    let reports = database.snapshot().compile().reports;
    reports.iter().map(|report| format!("{}: {}", report.code.number(), report.message)).collect()
}

const HOURS: &str = "pub relation hours(s: Shop, n: int);\n";

#[test]
fn a_table_with_rows_for_most_members_is_missed_a_row() {
    let facts = "pub relation rank(t: Tier, n: int);\nrank(\"bronze\", 1);\nrank(\"silver\", 2);\nrank(\"gold\", 3);\n";
    assert_eq!(told(facts), ["W0218: `diamond` of `Tier` has no row in `rank`"]);
    let rules = "hours(s, 72) if tier(s, \"bronze\");\nhours(s, 4) if tier(s, t), t in {\"gold\"};\n";
    assert_eq!(told(&format!("{HOURS}{rules}")), ["W0218: `silver` and `diamond` of `Tier` have no row in `hours`"]);
}

#[test]
fn what_is_no_table_is_not_spoken_of() {
    let silent = [
        // A row for the rest.
        "hours(s, 72) if tier(s, \"bronze\");\nhours(s, 4) if tier(s, \"gold\");\nhours(s, 9) if tier(s, _);\n",
        // A group of members.
        "hours(s, 72) if tier(s, \"bronze\");\nhours(s, 72) if tier(s, \"gold\");\n",
        // One member twice: no table by tier.
        "hours(s, 72) if tier(s, \"gold\");\nhours(s, 4) if tier(s, \"gold\");\nhours(s, 1) if tier(s, \"silver\");\n",
        // Less than half of the members, in one rule.
        "hours(s, 72) if tier(s, \"gold\");\n",
        // All of them.
        "hours(s, 1) if tier(s, t), t in {\"bronze\", \"silver\"};\nhours(s, 4) if tier(s, t), t in {\"gold\", \"diamond\"};\n",
    ];
    for rules in silent {
        assert_eq!(told(&format!("{HOURS}{rules}")), Vec::<String>::new(), "{rules}");
    }
    let on_purpose = "@allow(W0218)\npub relation rank(t: Tier, n: int);\nrank(\"bronze\", 1);\nrank(\"gold\", 3);\n";
    assert_eq!(told(on_purpose), Vec::<String>::new());
    let denied = "deny a(s) \"{s}\" if tier(s, \"gold\");\ndeny b(s) \"{s}\" if tier(s, \"silver\");\n";
    assert_eq!(told(denied), Vec::<String>::new());
}
