//! Applications of blueprints are data: a thousand of them copy no rule.

#![expect(clippy::print_stdout, reason = "what was counted is printed")]

use compiler::database::{Info, Source, compile};
use program::Program;

/// A blueprint with everything in it, applied `count` times.
fn applied(count: usize) -> Program {
    let mut text = String::from(
        r#"
use std.state.{Resource, config, tag};
use std.change.{action, writes};
use std.authority.accountable;

pub blueprint sized(most: int) {
    relation size(r: Resource, n: int);
    size(r, n) if covered(r), config(r, cfg), n: int = cfg.size;
    relation fits(r: Resource);
    fits(r) if size(r, n), n <= most;

    @waivable(right: "accept-risk")
    deny large(r) "{r} has more than {most} machines" if covered(r), tag(r, "sized", _), not fits(r);
    escalate touched(a, r) "{a} touches {r}" to accountable(r) if writes(a, r), covered(r), size(r, n), n > 2 * most;
    permit edit(a) if action(a, "update", r), size(r, n), n <= most;
}
"#,
    );
    for n in 0..count {
        text += &format!(
            "intent i{n} \"One of many\" {{ cover r if tag(r, \"part\", \"{n}\"); owner \"team-{n}\"; apply sized(most: {n}); }}\n"
        );
    }
    let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
    let source = Source { path: String::from("policy.writ"), module: String::from("policy"), text };
    let output = compile(&[source], &Info { package, owner: None });
    output.program.map(|program| (*program).clone()).unwrap_or_else(|| panic!("{:#?}", output.reports))
}

/// Rules that derive something from something; what each intent says of its own coverage is the author's.
fn derive(program: &Program) -> usize {
    let own =
        |rule: &program::Rule| program.relation(rule.head.relation).name.trim_end_matches('?') == "std.intent.covers";
    program.rules.iter().filter(|rule| !rule.body.is_empty() && !own(rule)).count()
}

#[test]
fn a_thousand_applications_copy_no_rule() {
    let counts = [1, 10, 100, 1_000].map(|count| {
        let program = applied(count);
        let facts = program.rules.iter().filter(|rule| rule.body.is_empty()).count();
        println!("{count} applications: {} rules, {facts} facts of the text", derive(&program));
        (count, program)
    });
    let [(_, one), .., (_, thousand)] = &counts;
    assert_eq!(derive(one), derive(thousand));
    assert_eq!(one.relations, thousand.relations);
    assert_eq!(one.objections, thousand.objections);
    assert_eq!((one.instances.len(), thousand.instances.len()), (1, 1_000));
}
