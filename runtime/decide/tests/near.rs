//! What is said of a tuple that does not hold, held against the engine: what is printed as holding holds, and what is
//! printed as stopping it has no solution.

use crate::small::{Policy, act, case, change, fact, find, program, source};
use decide::ask::{self, Why};
use decide::{Cause, Miss, Near};
use program::{Fact, Program, SourceKind, Term, Value, Verb, World};
use std::collections::BTreeSet;
use std::sync::Arc;

const RELATIONS: &str = "
state edge R R
state gone R
state lost R R
state reach R R
state deep R i
state both R R
state alone R
change freed A R
change held s
change stuck s
";

const RULES: &str = "
gone(k) <- edge(_, k), not std.state.exists(k)
lost(r, k) <- std.state.exists(r), edge(r, k), gone(k)
reach(r, k) <- edge(r, k)
reach(r, k) <- edge(r, v), reach(v, k)
deep(r, n) <- std.state.exists(r), n = count edge(r, _), n > 1
both(r, k) <- r != k, edge(r, k), edge(k, r)
alone(r) <- std.state.exists(r), not reach(r, _), not reach(_, r)
freed(a, r) <- std.change.action(a, \"delete\", r), before.edge(_, r), not either.lost(_, r)
";

const NAMES: [&str; 3] = ["a", "b", "k"];

/// The estates: every choice of these facts.
const FACTS: [(&str, &[&str]); 7] = [
    ("std.state.kind", &["a", "box"]),
    ("std.state.kind", &["k", "box"]),
    ("edge", &["a", "b"]),
    ("edge", &["a", "k"]),
    ("edge", &["b", "a"]),
    ("edge", &["k", "b"]),
    ("std.state.kind", &["b", "box"]),
];

fn estate(choice: usize) -> Vec<Fact> {
    let text = source(SourceKind::Facts, "world.writ");
    let chosen = FACTS.iter().enumerate().filter(|(at, _)| choice & (1 << at) != 0);
    chosen.map(|(_, (relation, values))| fact(&text, relation, values)).collect()
}

fn why(program: &Arc<Program>, choice: usize, relation: &str, pattern: &[Term]) -> Why {
    let asked = case(program, estate(choice), change(vec![act(Verb::Delete, "k", Vec::new())]));
    ask::why(&asked, find(program, relation), pattern, World::Here, 1).expect("an answer")
}

/// Every rule that is told of, in the world after, however deep.
fn rules(miss: &Miss) -> Vec<&Near> {
    let mut found = Vec::new();
    for near in &miss.rules {
        found.extend(Some(near).filter(|_| miss.world == "after"));
        if let Cause::Missing(deeper) = &near.because {
            found.extend(rules(deeper));
        }
    }
    found
}

/// A printed condition in the words of the small language.
fn condition(printed: &str) -> String {
    let mut named = printed.to_owned();
    for (short, whole) in
        [("exists", "std.state"), ("kind", "std.state"), ("config", "std.state"), ("action", "std.change")]
    {
        named = named.replace(&format!("{short}("), &format!("{whole}.{short}("));
    }
    match named.split_once(" = count { ") {
        Some((value, atom)) => format!("n = count {}, n == {value}", atom.trim_end_matches(" }")),
        None => named.clone(),
    }
}

#[test]
fn what_is_said_to_hold_holds_and_what_is_said_to_stop_it_does_not() {
    let plain = program(&Policy { relations: RELATIONS, rules: RULES, governs: "" });
    let text = |name: &str| Term::Constant(Value::text(name));
    let mut asked: Vec<(&str, Vec<Term>)> = Vec::new();
    for name in NAMES {
        asked.extend(["gone", "alone"].map(|relation| (relation, vec![text(name)])));
        asked.push(("deep", vec![text(name), Term::Any]));
        asked.push(("deep", vec![Term::Any, Term::Constant(Value::Int(2))]));
        asked.push(("freed", vec![text("k"), text(name)]));
        asked.push(("lost", vec![Term::Any, text(name)]));
        for other in NAMES {
            asked.extend(["lost", "reach", "both"].map(|relation| (relation, vec![text(name), text(other)])));
        }
    }
    let mut checked = 0;
    for choice in 0..1 << FACTS.len() {
        // Every third estate: the others differ from these in facts that play the same part.
        if choice % 3 != 0 {
            continue;
        }
        let mut bodies: BTreeSet<(String, String)> = BTreeSet::new();
        for (relation, pattern) in &asked {
            let Why { answers, miss, .. } = why(&plain, choice, relation, pattern);
            assert_eq!(answers.is_empty(), miss.is_some(), "{choice}: {relation}{pattern:?}");
            for near in miss.iter().flat_map(rules) {
                let holds: Vec<String> = near.holds.iter().map(|holds| condition(holds)).collect();
                bodies.insert((holds.join(", "), condition(&near.fails)));
            }
        }
        let mut probes = String::from(RULES);
        for (at, (holds, fails)) in bodies.iter().enumerate() {
            let joint = if holds.is_empty() { "" } else { ", " };
            probes += &format!("held(\"{at}\") <- {holds}\nstuck(\"{at}\") <- {holds}{joint}{fails}\n");
        }
        let probed = program(&Policy { relations: RELATIONS, rules: &probes, governs: "" });
        let Why { answers: held, more, .. } = why(&probed, choice, "held", &[Term::Any]);
        assert_eq!(held.len() + more, bodies.len(), "{choice}: {bodies:#?} {held:?}");
        let stuck = why(&probed, choice, "stuck", &[Term::Any]).answers;
        assert!(stuck.is_empty(), "{choice}: {:?} of {bodies:#?}", stuck[0].holds);
        checked += bodies.len();
    }
    assert!(checked > 500, "only {checked} were checked");
}
