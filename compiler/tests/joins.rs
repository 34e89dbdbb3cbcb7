//! Joins on values that may be unknown: what they become, so that nobody compares all with all.

use compiler::database::{Info, Source, compile};
use program::{Literal, Program, Reading, RelationId, Rule};
use std::collections::BTreeSet;

fn program(text: &str) -> Program {
    let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
    let source = Source { path: String::from("policy.writ"), module: String::from("policy"), text: text.to_owned() };
    let output = compile(&[source], &Info { package, owner: None });
    let program = output.program.unwrap_or_else(|| panic!("{:#?}", output.reports));
    (*program).clone()
}

/// The rules that say what may be, without the one that what is sure may be.
fn possible<'p>(program: &'p Program, name: &str) -> Vec<&'p Rule> {
    let sure = program.find(name).expect("declared");
    let Reading::Sure(possible) = program.relation(sure).reading else { panic!("`{name}` has one reading") };
    let reads =
        |rule: &Rule, id: RelationId| rule.body.iter().any(|l| matches!(l, Literal::Holds(a) if a.relation == id));
    program.rules.iter().filter(|rule| rule.head.relation == possible && !reads(rule, sure)).collect()
}

/// Whether the atoms of the body share a variable, so that one is looked up by what the other gave.
fn looks_up(rule: &Rule) -> bool {
    let atoms: Vec<Vec<usize>> = rule
        .body
        .iter()
        .filter_map(|literal| match literal {
            Literal::Holds(atom) => Some(atom.variables().collect()),
            _ => None,
        })
        .collect();
    atoms.windows(2).all(|pair| pair[0].iter().any(|variable| pair[1].contains(variable)))
}

const TAGS: &str = "\
use std.state.Resource;
pub relation named(r: Resource, team: string);
pub relation words(r: Resource, all: json);
pub relation team(name: string);
named(r, t) if words(r, w), t: string = w.team;
pub relation mine(r: Resource);
mine(r) if named(r, t), team(t);
pub relation lonely(r: Resource, a: Resource);
lonely(r, a) if named(r, t), words(a, _), not named(a, t);
pub relation pair(a: Resource, b: Resource);
pair(a, b) if named(a, t), named(b, t);
";

#[test]
fn known_values_are_looked_up_and_unknown_ones_begin() {
    let program = program(TAGS);
    for (name, places) in [("policy.mine", 1), ("policy.pair", 2)] {
        let rules = possible(&program, name);
        assert_eq!(rules.len(), 1 + places, "{name}: {rules:#?}");
        assert!(looks_up(rules[0]), "{name} compares all with all: {:#?}", rules[0]);
        let begins_with = |rule: &Rule| {
            rule.body.iter().any(|literal| match literal {
                Literal::Holds(atom) => program.relation(atom.relation).name.contains("$unknown_team"),
                _ => false,
            })
        };
        assert!(rules[1..].iter().all(|rule| begins_with(rule)), "{name}: {rules:#?}");
    }
}

#[test]
fn what_is_absent_is_looked_up_too() {
    let program = program(TAGS);
    let helper = program.relations.iter().find(|relation| relation.name == "policy.lonely$no1").expect("asked for");
    let exact = |rule: &&Rule| program.relation(rule.head.relation).name.starts_with(&helper.name) && looks_up(rule);
    let both: BTreeSet<&str> =
        program.rules.iter().filter(exact).map(|rule| program.relation(rule.head.relation).name.as_str()).collect();
    assert_eq!(both, BTreeSet::from(["policy.lonely$no1", "policy.lonely$no1?"]), "{:#?}", program.rules);
}
