//! What a message says to do, and what may be done after all.

use compiler::database::{Info, Output, Source, compile};

fn compiled(text: &str) -> Output {
    let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
    let source = Source { path: String::from("policy.writ"), module: String::from("policy"), text: text.to_owned() };
    compile(&[source], &Info { package, owner: None })
}

/// With what the rules below name.
fn policy(text: &str) -> String {
    format!(
        "use std.authority.{{Party, member, right, waiver}};\nuse std.change.{{action, actor, writes}};\n\
         use std.state.kind;\nuse std.time.now;\n{text}"
    )
}

#[test]
fn what_stays_a_state_relation_is_not_asked_to_become_a_change_relation() {
    for (rule, help) in [
        ("right(w, \"accept-risk\") if actor(_, w);", "who may is older than any change"),
        ("authority relation lead(w: Party);\nlead(w) if actor(_, w);", "who may is older than any change"),
        ("kind(r, \"x\") if writes(_, r);", "say what depends"),
        ("relation lead(w: Party);\nlead(w) if actor(_, w);", "declare it `change relation lead`"),
    ] {
        let said: Vec<String> = compiled(&policy(rule)).reports.into_iter().filter_map(|one| one.help).collect();
        assert!(said.iter().any(|said| said.starts_with(help)), "{said:?}");
    }
}

#[test]
fn a_permit_may_ask_the_time_and_nothing_else_by_itself() {
    for (part, found) in [
        ("now(t), t < 2031-01-01T00:00Z", &[][..]),
        ("now(t), until = 2031-01-01T00:00Z, t < until", &[]),
        ("now(t), waiver(_, _, _, _, _, until), t < until", &["W0204"]),
        ("member(who, \"admins\"), member(who, \"oncall\")", &["W0204"]),
    ] {
        let text = policy(&format!("pub blueprint b() {{ permit p(a) if action(a, \"update\", _), {part}; }}"));
        let codes: Vec<&str> = compiled(&text).reports.iter().map(|one| one.code.number()).collect();
        let codes: Vec<&str> =
            codes.into_iter().filter(|code| code.starts_with("W02") || code.starts_with("W03")).collect();
        assert_eq!(codes, found, "{part}");
    }
}
