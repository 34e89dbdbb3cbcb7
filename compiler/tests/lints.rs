//! The laws of the lints, over random programs and facts: a rule that another implies adds nothing to the meaning, and a
//! rule that can never fire derives nothing.

use compiler::database::{Database, Info, Source};
use compiler::diagnostic::{Code, Severity};
use program::{Program, Tuple, Value};
use proof::{Inputs, Side, meaning};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};

/// Relations in one text: many, since each text is compiled with the standard library.
const RELATIONS: usize = 24;

struct Choices {
    left: std::vec::IntoIter<u8>,
}

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.left.next().unwrap_or(0)) % bound
    }

    fn of(&mut self, words: &[&str]) -> String {
        words[self.below(words.len())].to_owned()
    }

    /// One condition over `x` and `y`, which the rule binds, or over `k` and `z`, which it binds itself.
    fn condition(&mut self, relation: usize) -> String {
        let colour = self.of(&["red", "green", "blue"]);
        let number = self.below(4);
        match self.below(16) {
            0 => String::from("p(x, _)"),
            1 => String::from("p(_, y)"),
            2 => format!("q(x, \"{colour}\")"),
            3 => String::from("q(x, _)"),
            4 => String::from("t(x)"),
            5 => String::from("not t(x)"),
            6 => format!("not q(x, \"{colour}\")"),
            7 => String::from("not q(x, _)"),
            8 => format!("y {} {number}", self.of(&["<", "<=", ">", ">=", "==", "!="])),
            9 => format!("y in {{{number}, {}}}", self.below(4)),
            10 => format!("x == \"{}\"", self.of(&["a", "b"])),
            11 => format!("q(x, k), k != \"{colour}\""),
            12 => format!("q(x, k), k in {{\"red\", \"{colour}\"}}"),
            13 => String::from("p(x, z), z < y"),
            14 => format!("d{relation}(x, y)"),
            _ => format!("d{}(x, y)", self.below(relation + 1)),
        }
    }
}

/// Declarations, then one rule to a line, by relation; `d…` have several rules, `s…` one each.
fn text(choices: &mut Choices) -> String {
    let mut text = String::from(
        "pub enum Colour { red, green, blue }
pub relation p(x: string, y: int);
pub relation q(x: string, k: Colour);
pub relation t(x: string);
",
    );
    for relation in 0..RELATIONS {
        text +=
            &format!("pub relation d{relation}(x: string, y: int);\npub relation s{relation}(x: string, y: int);\n");
        for rule in 0..4 {
            let mut conditions: Vec<String> = Vec::new();
            for _ in 0..choices.below(4) {
                let condition = choices.condition(relation);
                let own = |c: &String| c.contains(" k") || c.contains(" z");
                if !(own(&condition) && conditions.iter().any(own)) {
                    conditions.push(condition);
                }
            }
            conditions.insert(0, String::from("p(x, y)"));
            let head = if rule == 3 { 's' } else { 'd' };
            text += &format!("{head}{relation}(x, y) if {};\n", conditions.join(", "));
        }
    }
    text
}

fn facts(choices: &mut Choices) -> BTreeSet<(&'static str, Tuple)> {
    let mut facts = BTreeSet::new();
    for name in ["a", "b", "c"] {
        for _ in 0..choices.below(4) {
            facts.insert((
                "policy.p",
                vec![Value::text(name), Value::Int(i64::try_from(choices.below(5)).unwrap_or(0))],
            ));
        }
        for _ in 0..choices.below(3) {
            facts.insert((
                "policy.q",
                vec![Value::text(name), Value::text(choices.of(&["red", "green", "blue"]).as_str())],
            ));
        }
        if choices.below(2) == 0 {
            facts.insert(("policy.t", vec![Value::text(name)]));
        }
    }
    facts
}

fn derived(program: &Program, facts: &BTreeSet<(&'static str, Tuple)>) -> BTreeMap<String, BTreeSet<Tuple>> {
    let mut inputs = Inputs::default();
    for (name, tuple) in facts {
        if let Some(relation) = program.find(name) {
            inputs.give(Side::After, relation, tuple.clone());
        }
    }
    let database = meaning(program, &inputs, 1_000_000).expect("small and lawful");
    let own = |name: &str| name.starts_with("policy.d") || name.starts_with("policy.s");
    let found = program.relations.iter().filter(|relation| own(&relation.name)).filter_map(|relation| {
        let id = program.find(&relation.name)?;
        let tuples = database.tuples(Side::After, id);
        Some((relation.name.clone(), tuples))
    });
    found.collect()
}

/// How many rules were found to be implied, and how many never to fire.
fn check(choices: Vec<u8>, database: &mut Database) -> (usize, usize) {
    let mut choices = Choices { left: choices.into_iter() };
    let text = text(&mut choices);
    let mut compiled = |text: &str| {
        database.set_file(Source { path: "policy.writ".into(), module: "policy".into(), text: text.into() });
        let output = database.snapshot().check();
        let errors: Vec<_> = output.reports.iter().filter(|r| r.severity() == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:?}\n{text}");
        (output.program.expect("no error"), output.reports)
    };
    let (whole, reports) = compiled(&text);
    let line = |at: usize| text[..at].matches('\n').count();
    let lines = |code: Code| -> BTreeSet<usize> {
        let of = reports.iter().filter(|report| report.code == code);
        of.filter_map(|report| Some(line(report.spots.first()?.start))).collect()
    };
    let (implied, silent) = (lines(Code::Implied), lines(Code::NeverFires));
    let kept: String =
        text.lines().enumerate().filter(|(i, _)| !implied.contains(i)).map(|(_, line)| format!("{line}\n")).collect();
    let (less, _) = compiled(&kept);
    for _ in 0..6 {
        let facts = facts(&mut choices);
        let with = derived(&whole, &facts);
        for (name, tuples) in derived(&less, &facts) {
            assert_eq!(with[&name], tuples, "{name} over {facts:?}\n{text}\nwithout the implied rules:\n{kept}");
        }
        for (number, line) in text.lines().enumerate().filter(|(number, _)| silent.contains(number)) {
            let name = format!("policy.{}", line.split('(').next().unwrap_or_default());
            if name.starts_with("policy.s") {
                assert!(with[&name].is_empty(), "line {number} fires: {line}\n{facts:?}");
            }
        }
    }
    (implied.len(), silent.len())
}

fn database() -> Database {
    let package = program::Package { name: "laws".into(), version: "1.0.0".into() };
    Database::new(Info { package, owner: None })
}

/// Texts of a run; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    ProptestConfig::default().cases / 20
}

#[test]
fn what_is_told_of_random_rules_is_true() {
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(any::<u8>(), 1_000..2_000);
    let (mut implied, mut silent, mut database) = (0, 0, database());
    for _ in 0..cases() {
        let choices = strategy.new_tree(&mut runner).expect("no filter").current();
        let (more, others) = check(choices, &mut database);
        implied += more;
        silent += others;
    }
    let rules = usize::try_from(cases()).unwrap_or_default() * RELATIONS * 4;
    assert!(implied * 20 > rules && silent * 50 > rules, "of {rules} rules {implied} implied, {silent} silent");
}
