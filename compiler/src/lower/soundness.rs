//! The law of the two readings, over random programs, facts and values of the unknowns:
//! what surely holds does hold, and what does hold possibly holds.

use super::draft::{Draft, Kind, here};
use super::governance::Governance;
use super::{Input, finish, readings};
use crate::graph;
use program::{
    Aggregate, Comparison, Expr, Function, Json, Lattice, Literal, Presence, Program, Reading, RelationId, Rule, Scope,
    Step, Term, Truth, Tuple, Type, Value, Variable,
};
use proof::{Database, Inputs, Side, meaning};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ITEM: RelationId = RelationId(0);
const SIZE: RelationId = RelationId(1);
const LINK: RelationId = RelationId(2);
const DERIVED: u32 = 5;

/// A stream of small choices; a test case is nothing else, so that it shrinks well.
struct Choices {
    left: std::vec::IntoIter<u8>,
}

impl Choices {
    fn below(&mut self, bound: u8) -> u8 {
        self.left.next().unwrap_or(0) % bound
    }

    fn int(&mut self) -> i64 {
        i64::from(self.below(4))
    }

    fn name(&mut self) -> &'static str {
        ["a", "b", "c"][usize::from(self.below(3))]
    }

    fn key(&mut self) -> &'static str {
        ["p", "q"][usize::from(self.below(2))]
    }

    fn comparison(&mut self) -> Comparison {
        [Comparison::Equal, Comparison::NotEqual, Comparison::Less, Comparison::AtLeast][usize::from(self.below(4))]
    }
}

/// One rule in the making: variable 0 is the head's text, variable 1 its number.
struct Sketch {
    body: Vec<Literal>,
    variables: Vec<Variable>,
}

impl Sketch {
    fn variable(&mut self, of: Type) -> usize {
        let name = format!("v{}", self.variables.len());
        self.variables.push(Variable { name, r#type: of });
        self.variables.len() - 1
    }

    fn holds(&mut self, relation: RelationId, terms: Vec<Term>) {
        self.body.push(Literal::Holds(here(relation, terms)));
    }

    fn json(&mut self, key: &str) -> Expr {
        let value = self.variable(Type::Json);
        self.holds(ITEM, vec![Term::Variable(0), Term::Variable(value)]);
        Expr::Path { base: Box::new(Expr::Variable(value)), steps: vec![Step::Key(key.to_owned())] }
    }

    /// A step of a shortest way: from the number of a neighbour, by what a step costs.
    fn climb(&mut self, i: u32, least: bool, choices: &mut Choices) {
        let (other, far) = (self.variable(Type::String), self.variable(Type::Int));
        self.holds(LINK, vec![Term::Variable(0), Term::Variable(other)]);
        self.holds(RelationId(3 + i), vec![Term::Variable(other), Term::Variable(far)]);
        let cost = match choices.below(3) {
            0 => Expr::Constant(Value::Int(if least { choices.int() } else { -choices.int() })),
            at => {
                let cost = self.variable(Type::Int);
                match at {
                    1 => self.holds(SIZE, vec![Term::Variable(0), Term::Variable(cost)]),
                    _ => {
                        let expr = Expr::As(Box::new(self.json(choices.key())), Type::Int);
                        self.body.push(Literal::Bind { variable: cost, expr });
                    }
                }
                let op = if least { Comparison::AtLeast } else { Comparison::AtMost };
                let (left, right) = (Expr::Variable(cost), Expr::Constant(Value::Int(0)));
                self.body.push(Literal::Test { op, left, right, accept: vec![Truth::True] });
                Expr::Variable(cost)
            }
        };
        let expr = Expr::Call(Function::Add, vec![Expr::Variable(far), cost]);
        self.body.push(Literal::Bind { variable: 1, expr });
        if choices.below(3) == 0 {
            let op = if least { Comparison::AtMost } else { Comparison::AtLeast };
            let (left, right) = (Expr::Variable(1), Expr::Constant(Value::Int(choices.int() * 2)));
            self.body.push(Literal::Test { op, left, right, accept: vec![Truth::True] });
        }
    }

    fn source(&mut self, i: u32, choices: &mut Choices) {
        let lower = |choices: &mut Choices| match i {
            0 => SIZE,
            _ => RelationId(3 + u32::from(choices.below(u8::try_from(i).expect("few")))),
        };
        let int = |expr: Expr| Expr::As(Box::new(expr), Type::Int);
        match choices.below(9) {
            0 => {
                let expr = int(self.json(choices.key()));
                self.body.push(Literal::Bind { variable: 1, expr });
            }
            1 => {
                let otherwise = Expr::Constant(Value::Int(choices.int()));
                let expr = int(Expr::Default(Box::new(self.json(choices.key())), Box::new(otherwise)));
                self.body.push(Literal::Bind { variable: 1, expr });
            }
            2 => {
                let base = self.json("list");
                let (then, last) = Default::default();
                self.body.push(Literal::Each { variable: 1, base, then, last, r#type: Type::Int, possible: false });
            }
            3 => self.holds(SIZE, vec![Term::Variable(0), Term::Variable(1)]),
            4 => {
                let relation = RelationId(3 + u32::from(choices.below(u8::try_from(i + 1).expect("few"))));
                self.holds(relation, vec![Term::Variable(0), Term::Variable(1)]);
            }
            5 => {
                let other = self.variable(Type::String);
                self.holds(LINK, vec![Term::Variable(0), Term::Variable(other)]);
                let relation = RelationId(3 + u32::from(choices.below(u8::try_from(i + 1).expect("few"))));
                self.holds(relation, vec![Term::Variable(other), Term::Variable(1)]);
            }
            6 | 7 => {
                self.holds(SIZE, vec![Term::Variable(0), Term::Any]);
                let how = [Aggregate::Count, Aggregate::Sum, Aggregate::Min, Aggregate::Max];
                let how = how[usize::from(choices.below(4))];
                let sure = here(lower(choices), vec![Term::Variable(0), Term::Any]);
                self.body.push(aggregate(how, sure, 1));
            }
            _ => {
                let group = self.variable(Type::Int);
                self.holds(SIZE, vec![Term::Variable(0), Term::Variable(group)]);
                let sure = here(lower(choices), vec![Term::Any, Term::Variable(group)]);
                self.body.push(aggregate(Aggregate::Count, sure, 0));
            }
        }
    }

    fn condition(&mut self, i: u32, choices: &mut Choices) {
        let lower = match i {
            0 => SIZE,
            _ => RelationId(3 + u32::from(choices.below(u8::try_from(i).expect("few")))),
        };
        let (r, n) = (Term::Variable(0), Term::Variable(1));
        let test = |op, left, right| Literal::Test { op, left, right, accept: vec![Truth::True] };
        match choices.below(10) {
            0 => self.holds(lower, vec![r, n]),
            1 => self.body.push(Literal::Absent(here(lower, vec![r, n]))),
            2 => self.body.push(Literal::Absent(here(lower, vec![Term::Any, n]))),
            3 => {
                let constant = Expr::Constant(Value::Int(choices.int()));
                self.body.push(test(choices.comparison(), Expr::Variable(1), constant));
            }
            4 => self.holds(SIZE, vec![Term::Any, n]),
            5 => self.body.push(Literal::Absent(here(SIZE, vec![Term::Any, n]))),
            6 => {
                let expr = self.json(choices.key());
                let asked = [
                    vec![Presence::Absent],
                    vec![Presence::Null],
                    vec![Presence::Present],
                    vec![Presence::Absent, Presence::Null],
                ];
                let accept = asked[usize::from(choices.below(4))].clone();
                self.body.push(Literal::Is { expr, accept });
            }
            7 => {
                let constant = Term::Constant(Value::Int(choices.int()));
                self.holds(lower, vec![Term::Any, constant]);
            }
            8 => {
                let expr = Expr::As(Box::new(self.json(choices.key())), Type::Int);
                self.body.push(test(choices.comparison(), Expr::Variable(1), expr));
            }
            _ => {
                let constant = Term::Constant(Value::Int(choices.int()));
                self.body.push(Literal::Absent(here(lower, vec![r, constant])));
            }
        }
    }
}

fn aggregate(how: Aggregate, sure: program::Atom, member: usize) -> Literal {
    let zero = Value::Int(0);
    Literal::Aggregate { variable: 1, how, zero, sure, possible: None, member: vec![member] }
}

fn random_program(choices: &mut Choices) -> Program {
    let mut draft = Draft::default();
    let column = |name: &str, of: Type| program::Column { name: name.to_owned(), r#type: of, lattice: None };
    let text = || column("r", Type::String);
    draft.add_hidden(String::from("item"), vec![text(), column("v", Type::Json)], Kind::State);
    draft.add_hidden(String::from("size"), vec![text(), column("n", Type::Int)], Kind::State);
    draft.add_hidden(String::from("link"), vec![text(), column("s", Type::String)], Kind::State);
    for i in 0..DERIVED {
        let lattice = [None, None, Some(Lattice::Least), Some(Lattice::Most)][usize::from(choices.below(4))];
        let number = program::Column { lattice, ..column("n", Type::Int) };
        draft.add_hidden(format!("d{i}"), vec![text(), number], Kind::State);
    }
    for i in 0..DERIVED {
        for _ in 0..=choices.below(2) {
            let variable = |name: &str, of| Variable { name: name.to_owned(), r#type: of };
            let variables = vec![variable("r", Type::String), variable("n", Type::Int)];
            let mut sketch = Sketch { body: Vec::new(), variables };
            match draft.relation(RelationId(3 + i)).columns[1].lattice {
                Some(lattice) if choices.below(3) == 0 => sketch.climb(i, lattice == Lattice::Least, choices),
                Some(_) | None => sketch.source(i, choices),
            }
            for _ in 0..choices.below(3) {
                sketch.condition(i, choices);
            }
            let Sketch { body, variables } = sketch;
            let head = here(RelationId(3 + i), vec![Term::Variable(0), Term::Variable(1)]);
            let (message, citation) = Default::default();
            draft.rule(Rule { head, body, variables, message, citation }, None);
        }
    }
    // What the checks refuse is left out.
    loop {
        let faults = graph::lattices(&mut draft);
        let Some((rule, _)) = faults.first() else { break };
        draft.rules.remove(*rule);
    }
    let scopes = vec![Scope::State; draft.relations.len()];
    let readings = readings::readings(draft, &[]);
    let input = Input { modules: Vec::new(), packages: Vec::new(), owner: None, pause: &|| () };
    let (program, diagnostics) = finish::finish(&input, readings, scopes, Governance::default());
    program.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

type Facts = Vec<(&'static str, Tuple)>;

/// What each unknown turns out to be; `None` is: nothing there.
type Values = BTreeMap<&'static str, Option<Json>>;

fn random_facts(choices: &mut Choices) -> Facts {
    let mut facts = Facts::new();
    for name in ["a", "b", "c"] {
        if choices.below(4) > 0 {
            facts.push(("size", vec![Value::text(name), Value::Int(choices.int())]));
        }
        if choices.below(8) == 0 {
            facts.push(("item", vec![Value::text(name), Value::unknown("whole")]));
            continue;
        }
        let mut entries: Vec<(&str, Json)> = Vec::new();
        for key in ["p", "q"] {
            match choices.below(7) {
                0 => {}
                1 => entries.push((key, Json::Null)),
                6 => entries.push((key, Json::Sensitive(["s1", "s2"][usize::from(choices.below(2))].into()))),
                2 | 3 => entries.push((key, Json::Unknown(["u1", "u2", "u3"][usize::from(choices.below(3))].into()))),
                _ => entries.push((key, Json::Int(choices.int()))),
            }
        }
        match choices.below(4) {
            0 => {}
            1 => entries.push(("list", Json::Unknown("list".into()))),
            _ => {
                let element = |choices: &mut Choices| match choices.below(3) {
                    0 => Json::Unknown(["u1", "u2", "u3"][usize::from(choices.below(3))].into()),
                    _ => Json::Int(choices.int()),
                };
                let items = (0..choices.below(3)).map(|_| element(choices)).collect();
                entries.push(("list", Json::Array(items)));
            }
        }
        facts.push(("item", vec![Value::text(name), Value::json(Json::object(entries))]));
    }
    for _ in 0..choices.below(5) {
        let tuple = vec![Value::text(choices.name()), Value::text(choices.name())];
        facts.push(("link", tuple));
    }
    facts
}

fn random_values(choices: &mut Choices) -> Values {
    let mut values = BTreeMap::new();
    for name in ["u1", "u2", "u3"] {
        let value = match choices.below(8) {
            0 => None,
            1 => Some(Json::Null),
            _ => Some(Json::Int(choices.int())),
        };
        values.insert(name, value);
    }
    // What is sensitive is there.
    for name in ["s1", "s2"] {
        values.insert(name, Some(Json::Int(choices.int())));
    }
    let list = (0..choices.below(4)).map(|_| Json::Int(choices.int())).collect();
    values.insert("list", (choices.below(4) > 0).then_some(Json::Array(list)));
    let whole = vec![("p", Json::Int(choices.int())), ("list", Json::Array(vec![Json::Int(choices.int())]))];
    values.insert("whole", Some(if choices.below(3) == 0 { Json::Null } else { Json::object(whole) }));
    values
}

fn put(json: &Json, values: &Values) -> Option<Json> {
    match json {
        Json::Unknown(name) | Json::Sensitive(name) => values[&**name].clone(),
        Json::Object(entries) => {
            Some(Json::object(entries.iter().filter_map(|(key, value)| Some((&**key, put(value, values)?)))))
        }
        Json::Array(items) => Some(Json::Array(items.iter().map(|i| put(i, values).unwrap_or(Json::Null)).collect())),
        known => Some(known.clone()),
    }
}

fn known_facts(facts: &Facts, values: &Values) -> Facts {
    let known = |value: &Value| match value {
        Value::Json(json) => put(json, values).map_or(Value::json(Json::Null), Value::json),
        Value::Unknown(unknown) => values[&*unknown.origin].clone().map_or(Value::json(Json::Null), Value::json),
        other => other.clone(),
    };
    facts.iter().map(|(name, tuple)| (*name, tuple.iter().map(known).collect())).collect()
}

fn run(program: &Program, facts: &Facts) -> Database {
    let mut inputs = Inputs::default();
    for (name, tuple) in facts {
        inputs.give(Side::After, program.find(name).expect("declared"), tuple.clone());
    }
    meaning(program, &inputs, 100_000).expect("small and lawful")
}

/// The rules of derived relations, a line each.
fn shown(program: &Program) -> String {
    let atom = |atom: &program::Atom| format!("{}{:?}", program.relation(atom.relation).name, atom.terms);
    let literal = |literal: &Literal| match literal {
        Literal::Holds(of) => atom(of),
        Literal::Absent(of) => format!("not {}", atom(of)),
        Literal::Aggregate { variable, how, sure, .. } => format!("{variable} = {how:?} {}", atom(sure)),
        other => format!("{other:?}"),
    };
    let rule = |rule: &Rule| {
        format!("{} if {}\n", atom(&rule.head), rule.body.iter().map(literal).collect::<Vec<_>>().join(", "))
    };
    program.rules.iter().map(rule).collect()
}

/// Whether the value may turn out to be the other.
fn covers(open: &Value, actual: &Value) -> bool {
    match open {
        Value::Unknown(_) => true,
        Value::Between(ends) => ends.0 <= *actual && *actual <= ends.1,
        known => known == actual,
    }
}

fn covered(open: &Tuple, actual: &Tuple) -> bool {
    open.iter().zip(actual).all(|(open, actual)| covers(open, actual))
}

/// Whether some relation's readings differ, and whether some lattice column is an interval.
fn check(choices: Vec<u8>) -> Result<(bool, bool), TestCaseError> {
    let mut choices = Choices { left: choices.into_iter() };
    let facts = random_facts(&mut choices);
    let values = random_values(&mut choices);
    let program = random_program(&mut choices);
    let open = run(&program, &facts);
    let actual = run(&program, &known_facts(&facts, &values));
    let (mut differs, mut is_open) = (false, false);
    for (index, relation) in (0_u32..).zip(&program.relations) {
        if !matches!(relation.name.as_str(), "d0" | "d1" | "d2" | "d3" | "d4") {
            continue;
        }
        // Outside of its cycle a lattice column with two readings is an interval.
        let view = program.find(&super::interval::view_name(&relation.name));
        let id = view.unwrap_or(RelationId(index));
        let possible = match program.relation(id).reading {
            Reading::Only => id,
            Reading::Sure(twin) => twin,
            Reading::Possible(_) => continue,
        };
        let holds = actual.tuples(Side::After, id);
        let sure = open.tuples(Side::After, id);
        let may = open.tuples(Side::After, possible);
        differs |= sure != may;
        is_open |= view.is_some() && may.iter().any(|tuple| matches!(tuple[1], Value::Between(_)));
        let known = actual.tuples(Side::After, possible);
        prop_assert_eq!(&holds, &known, "{} has two readings over known values\n{}", relation.name, shown(&program));
        for tuple in &sure {
            prop_assert!(may.contains(tuple), "{} sure and not possible {tuple:?}", relation.name);
            let turned_out = holds.iter().any(|actual| covered(tuple, actual));
            prop_assert!(
                turned_out,
                "{}{tuple:?} is sure and does not hold with {values:?} over {facts:?}\n{}",
                relation.name,
                shown(&program)
            );
        }
        for tuple in &holds {
            let foreseen = may.iter().any(|open| covered(open, tuple));
            prop_assert!(
                foreseen,
                "{}{tuple:?} holds with {values:?} and is not possible over {facts:?}\n{}",
                relation.name,
                shown(&program)
            );
        }
    }
    Ok((differs, is_open))
}

/// Cases of a run; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(1_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sure_holds_and_what_holds_is_possible(choices in prop::collection::vec(any::<u8>(), 40..160)) {
        check(choices)?;
    }
}

#[test]
fn the_generator_is_healthy() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(any::<u8>(), 40..160);
    let (mut differ, mut open) = (0, 0);
    for _ in 0..1_000 {
        let choices = strategy.new_tree(&mut runner).expect("no filter").current();
        let (differs, is_open) = check(choices).unwrap_or_default();
        differ += usize::from(differs);
        open += usize::from(is_open);
    }
    assert!(open > 100, "only {open} of 1,000 programs have an interval in a lattice column");
    assert!(differ > 200, "only {differ} of 1,000 programs have a relation whose readings differ");
}
