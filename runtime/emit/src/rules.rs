//! Relations and rules in the words of ascent.
//!
//! One `ascent!` program is one world; the world after a change is a second run, which is given the first one's relations
//! under another name (`before_…`). A relation that is read in either world has the union in a third (`either_…`). A
//! lattice column is a lattice of ascent's, last in its relation (`best_…`); rules of its own stratum read that, all
//! others a relation of what came of it.
//!
//! INVARIANT: the literals of a body stand in an order in which each has its inputs.

use crate::cone::Cone;
use crate::names;
use crate::spelling::{self, Spelling};
use program::{Aggregate, Atom, Lattice, Literal, Relation, RelationId, Rule, Scope, Term, World};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The relations' table, the rules, and how facts go in and out.
pub(crate) fn write(cone: &Cone<'_>, spelling: &mut Spelling) -> String {
    let names = names::relations(cone);
    let strata = cone.program.strata.iter().enumerate();
    let stratum_of =
        strata.flat_map(|(number, stratum)| stratum.relations.iter().map(move |id| (*id, number))).collect();
    let law = Law { cone, names, stratum_of };
    let mut text = law.table();
    text += &law.program(spelling);
    text += &law.gathers();
    text += &law.run();
    text
}

struct Law<'p> {
    cone: &'p Cone<'p>,
    names: BTreeMap<RelationId, String>,
    stratum_of: BTreeMap<RelationId, usize>,
}

impl Law<'_> {
    fn relations(&self) -> impl Iterator<Item = (RelationId, &Relation, &str)> {
        self.cone.relations.iter().map(|id| (*id, self.cone.program.relation(*id), self.names[id].as_str()))
    }

    fn lattice(&self, relation: RelationId) -> Option<(usize, Lattice)> {
        self.cone.program.relation(relation).lattice()
    }

    /// The relations by name, for whoever embeds the module.
    fn table(&self) -> String {
        let mut text =
            String::from("/// Every relation of the module, sorted by name.\npub const RELATIONS: &[Relation] = &[\n");
        for (_, relation, _) in self.relations() {
            let columns =
                relation.columns.iter().map(|column| format!("{:?}", format!("{}: {}", column.name, column.r#type)));
            let _ = writeln!(
                text,
                "    Relation {{ name: {:?}, columns: &[{}], is_change: {}, is_hidden: {} }},",
                relation.name,
                columns.collect::<Vec<_>>().join(", "),
                relation.scope == Scope::Change,
                relation.hidden
            );
        }
        text + "];\n\n"
    }

    fn program(&self, spelling: &mut Spelling) -> String {
        let mut text = String::from("ascent::ascent! {\n    struct Rules;\n\n");
        text += "    // A relation whose lattice column would hold something else than an int.\n    relation no_int(&'static str);\n\n";
        for (id, relation, name) in self.relations() {
            let columns = |count: usize| vec!["Value"; count].join(", ");
            let _ = writeln!(text, "    // {}", relation.name);
            let width = relation.columns.len();
            let _ = writeln!(text, "    relation {name}({});", columns(width));
            if let Some((column, lattice)) = self.lattice(id) {
                let best = if lattice == Lattice::Least { "Least" } else { "Most" };
                let comma = if width > 1 { ", " } else { "" };
                let _ = writeln!(text, "    lattice best_{name}({}{comma}{best});", columns(width - 1));
                let all: Vec<String> = (0..width).map(|at| format!("c{at}")).collect();
                let kept: Vec<String> =
                    all.iter().enumerate().filter(|(at, _)| *at != column).map(|(_, c)| c.clone()).collect();
                let body = kept.iter().cloned().chain([String::from("best")]).collect::<Vec<_>>().join(", ");
                let head = all.iter().map(|c| {
                    if *c == format!("c{column}") { String::from("best.value()") } else { format!("{c}.clone()") }
                });
                let _ = writeln!(text, "    {name}({}) <-- best_{name}({body});", head.collect::<Vec<_>>().join(", "));
            }
            if self.cone.before.contains(&id) {
                let _ = writeln!(text, "    relation before_{name}({});", columns(width));
            }
            if self.cone.either.contains(&id) {
                let all = (0..width).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ");
                let copy = (0..width).map(|at| format!("c{at}.clone()")).collect::<Vec<_>>().join(", ");
                let _ = writeln!(text, "    relation either_{name}({});", columns(width));
                let _ = writeln!(text, "    either_{name}({copy}) <-- {name}({all});");
                let _ = writeln!(text, "    either_{name}({copy}) <-- before_{name}({all});");
            }
        }
        for rule in &self.cone.rules {
            let _ = write!(text, "\n    // {}:{}\n", rule.citation.file, rule.citation.line);
            text += &self.rule(rule, spelling);
        }
        text + "}\n\n"
    }

    fn rule(&self, rule: &Rule, spelling: &mut Spelling) -> String {
        let mut body = Body {
            law: self,
            rule,
            names: names::variables(rule),
            bound: vec![false; rule.variables.len()],
            items: Vec::new(),
        };
        let mut done = vec![false; rule.body.len()];
        while let Some(next) = body.next(&done) {
            done[next] = true;
            body.push(&rule.body[next], spelling);
            rule.body[next].outputs().into_iter().for_each(|variable| body.bound[variable] = true);
        }
        let relation = rule.head.relation;
        let name = &self.names[&relation];
        let names = &body.names;
        let term = |term: &Term, spelling: &mut Spelling| match term {
            Term::Variable(variable) => format!("{}.clone()", names[*variable]),
            Term::Constant(value) => format!("{}.clone()", spelling.constant(value)),
            Term::Any => unreachable!("bug: a head has a value in each column"),
        };
        let mut head: Vec<String> = rule.head.terms.iter().map(|at| term(at, spelling)).collect();
        let items = body.items.join(", ");
        let Some((column, lattice)) = self.lattice(relation) else {
            return clause(&format!("{name}({})", head.join(", ")), &items);
        };
        let value = head.remove(column);
        let best = if lattice == Lattice::Least { "Least" } else { "Most" };
        head.push(String::from("best"));
        let comma = if items.is_empty() { "" } else { ", " };
        let found = format!("{items}{comma}if let Some(best) = {best}::of(&{value})");
        let fault = format!("{items}{comma}if {best}::of(&{value}).is_none()");
        let known = format!("{:?}", self.cone.program.relation(relation).name);
        clause(&format!("best_{name}({})", head.join(", ")), &found) + &clause(&format!("no_int({known})"), &fault)
    }

    /// What gathers the members of groups, for each number of columns.
    fn gathers(&self) -> String {
        let widths = self.cone.rules.iter().flat_map(|rule| &rule.body).filter_map(|literal| match literal {
            Literal::Aggregate { sure, member, .. } => Some(open(sure, member).len()),
            _ => None,
        });
        let widths: BTreeSet<usize> = widths.collect();
        if widths.is_empty() {
            return String::new();
        }
        let cells = |width: usize| (0..width).map(|at| format!(" c{at}")).collect::<String>();
        let lines = widths.into_iter().map(|width| format!("    rows_{width}:{};\n", cells(width)));
        format!("gather! {{\n{}}}\n\n", lines.collect::<String>())
    }

    /// The function that runs one world.
    fn run(&self) -> String {
        let mut text = String::from(
            "/// Runs one world.\nfn run(before: Option<&World>, given: &Facts) -> Result<World, Fault> {\n    \
             let mut rules = Rules::default();\n    let is_after = before.is_some();\n",
        );
        let mut known = String::from("    let mut held = Facts::new();\n");
        for (id, relation, name) in self.relations() {
            let width = relation.columns.len();
            let places: Vec<String> = (0..width).map(|at| format!("c{at}")).collect();
            let row = places.join(", ");
            let one = if width == 1 { "," } else { "" };
            let is_change = relation.scope == Scope::Change;
            let rows = format!("rows(given, {:?})?", relation.name);
            let guard = if is_change { "if is_after " } else { "" };
            match self.lattice(id) {
                None => {
                    let fill = format!("rules.{name} = {rows}.map(|[{row}]| ({row}{one})).collect();");
                    let _ = writeln!(text, "    {guard}{{\n        {fill}\n    }}");
                }
                Some((column, lattice)) => {
                    let best = if lattice == Lattice::Least { "Least" } else { "Most" };
                    let kept: Vec<String> = places
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| *at != column)
                        .map(|(_, place)| place.clone())
                        .collect();
                    let found = format!("{best}::of(&c{column}).ok_or(Fault::NoInt({:?}))?", relation.name);
                    let kept = kept.iter().map(|place| format!("{place}, ")).collect::<String>();
                    let _ = writeln!(
                        text,
                        "    {guard}{{\n        let mut groups = std::collections::BTreeMap::new();\n        \
                         for [{row}] in {rows} {{\n            let best = {found};\n            \
                         join(&mut groups, ({kept}), best);\n        }}\n        \
                         rules.best_{name} = groups.into_iter().map(|(({kept}), best)| ({kept}best,)).collect();\n    }}"
                    );
                }
            }
            if self.cone.before.contains(&id) && !is_change {
                let _ = writeln!(
                    text,
                    "    if let Some(before) = before {{\n        rules.before_{name} = \
                     rows(&before.0, {:?})?.map(|[{row}]| ({row}{one})).collect();\n    }}",
                    relation.name
                );
            }
            let _ = writeln!(
                known,
                "    {guard}{{\n        held.insert({:?}.into(), rules.{name}.into_iter().map(|({row}{one})| vec![{row}]).collect());\n    }}",
                relation.name
            );
        }
        text += "    rules.run();\n    ";
        text += "let is_change = |name: &str| RELATIONS.iter().any(|relation| relation.name == name && relation.is_change);\n    ";
        text += "if let Some((name,)) = rules.no_int.iter().find(|(name,)| is_after || !is_change(name)) {\n        ";
        text += "return Err(Fault::NoInt(name));\n    }\n";
        text + &known + "    Ok(World(held))\n}\n"
    }
}

fn clause(head: &str, body: &str) -> String {
    if body.is_empty() { format!("    {head};\n") } else { format!("    {head} <--\n        {body};\n") }
}

/// A body that grows literal by literal.
struct Body<'l> {
    law: &'l Law<'l>,
    rule: &'l Rule,
    names: Vec<String>,
    bound: Vec<bool>,
    items: Vec<String>,
}

impl Body<'_> {
    /// The next literal: of those that can run, what only filters goes first, what multiplies goes last.
    fn next(&self, done: &[bool]) -> Option<usize> {
        let ready = |literal: &Literal| literal.inputs().iter().all(|variable| self.bound[*variable]);
        let open = self.rule.body.iter().enumerate().filter(|(at, literal)| !done[*at] && ready(literal));
        open.min_by_key(|(_, literal)| self.cost(literal)).map(|(at, _)| at)
    }

    fn cost(&self, literal: &Literal) -> usize {
        match literal {
            Literal::Absent(_) | Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } => 0,
            Literal::Holds(atom) => match atom.terms.iter().filter(|term| !self.is_known(term)).count() {
                0 => 0,
                unknown if unknown < atom.terms.len() => 1,
                _ => 4,
            },
            Literal::Aggregate { .. } => 2,
            Literal::Each { .. } => 3,
        }
    }

    fn is_known(&self, term: &Term) -> bool {
        match term {
            Term::Variable(variable) => self.bound[*variable],
            Term::Constant(_) => true,
            Term::Any => false,
        }
    }

    fn push(&mut self, literal: &Literal, spelling: &mut Spelling) {
        match literal {
            Literal::Holds(atom) => self.holds(atom, spelling),
            Literal::Absent(atom) => {
                // In neither world is in no union of them.
                let terms: Vec<String> = atom.terms.iter().map(|term| self.term(term, spelling)).collect();
                self.items.push(format!("!{}({})", self.read(atom.relation, atom.world), terms.join(", ")));
            }
            Literal::Test { op, left, right, accept } => {
                let (op, accept) = spelling::comparison(*op, accept);
                let (left, right) = (spelling.expression(left, &self.names), spelling.expression(right, &self.names));
                self.items.push(format!("if law::test({op}, {left}, {right}, {accept})"));
            }
            Literal::Is { expr, accept } => {
                let accept = accept.iter().map(|presence| format!("Presence::{presence:?}")).collect::<Vec<_>>();
                let value = spelling.expression(expr, &self.names);
                self.items.push(format!("if law::is({value}, &[{}])", accept.join(", ")));
            }
            Literal::Bind { variable, expr } => {
                let value = spelling.expression(expr, &self.names);
                let name = &self.names[*variable];
                self.items.push(match self.bound[*variable] {
                    true => format!("if {value} == Some({name}.clone())"),
                    false => format!("if let Some({name}) = {value}"),
                });
            }
            Literal::Each { variable, base, then, last, r#type, possible } => {
                let range = spelling.range((base, then, last), r#type, *possible, &self.names);
                let name = &self.names[*variable];
                match self.bound[*variable] {
                    true => self.items.push(format!("if {range}.contains(&{name}.clone())")),
                    false => self.items.push(format!("for {name} in {range}")),
                }
            }
            Literal::Aggregate { variable, how, zero, sure, possible, member } => {
                self.aggregate(*variable, (*how, spelling.constant(zero)), sure, *possible, member, spelling);
            }
        }
    }

    /// What a relation is called where it is read in a world.
    fn read(&self, relation: RelationId, world: World) -> String {
        let name = &self.law.names[&relation];
        match world {
            World::Here => name.clone(),
            World::Before => format!("before_{name}"),
            World::Either => format!("either_{name}"),
        }
    }

    fn term(&self, term: &Term, spelling: &mut Spelling) -> String {
        match term {
            Term::Variable(variable) => self.names[*variable].clone(),
            Term::Constant(value) => spelling.constant(value),
            Term::Any => String::from("_"),
        }
    }

    fn holds(&mut self, atom: &Atom, spelling: &mut Spelling) {
        let stratum = |relation| self.law.stratum_of.get(&relation);
        let is_own = atom.world == World::Here && stratum(atom.relation) == stratum(self.rule.head.relation);
        let mut terms: Vec<String> = atom.terms.iter().map(|term| self.term(term, spelling)).collect();
        match self.law.lattice(atom.relation).filter(|_| is_own) {
            None => self.items.push(format!("{}({})", self.read(atom.relation, atom.world), terms.join(", "))),
            Some((column, _)) => {
                let value = terms.remove(column);
                let best = format!("best_{}", self.items.len());
                terms.push(if value == "_" { value.clone() } else { best.clone() });
                self.items.push(format!("best_{}({})", self.law.names[&atom.relation], terms.join(", ")));
                match &atom.terms[column] {
                    Term::Any => {}
                    Term::Variable(variable) if !self.bound[*variable] => {
                        self.items.push(format!("let {value} = {best}.value()"));
                    }
                    Term::Variable(_) | Term::Constant(_) => {
                        self.items.push(format!("if {best}.value() == {value}.clone()"));
                    }
                }
            }
        }
    }

    fn aggregate(
        &mut self,
        variable: usize,
        (how, zero): (Aggregate, String),
        sure: &Atom,
        possible: Option<RelationId>,
        member: &[usize],
        spelling: &mut Spelling,
    ) {
        let place = self.items.len();
        let open = open(sure, member);
        let cell = |column: usize| format!("m{column}_{place}");
        let terms: Vec<String> = sure
            .terms
            .iter()
            .enumerate()
            .map(|(column, term)| if open.contains(&column) { cell(column) } else { self.term(term, spelling) })
            .collect();
        let taken: Vec<String> = open.iter().map(|column| cell(*column)).collect();
        // A column of the group is the same in every member.
        let parts = member.iter().map(|column| match open.iter().position(|other| other == column) {
            Some(at) => format!("row[{at}].clone()"),
            None => format!("{}.clone()", terms[*column]),
        });
        let parts = parts.collect::<Vec<_>>().join(", ");
        let mut gather = |relation: RelationId, name: &str| {
            let read = self.read(relation, sure.world);
            self.items.push(format!(
                "agg {name} = rows_{}({}) in {read}({})",
                taken.len(),
                taken.join(", "),
                terms.join(", ")
            ));
            format!("{name}.iter().map(|row: &Vec<Value>| vec![{parts}]).collect()")
        };
        let sure_rows = gather(sure.relation, &format!("sure_{place}"));
        let possible_rows = possible.map(|relation| gather(relation, &format!("possible_{place}")));
        let possible_rows = possible_rows.map_or(String::from("None"), |rows| format!("Some(&{rows})"));
        let value = format!("aggregate(Aggregate::{how:?}, {zero}, &{sure_rows}, {possible_rows})");
        let name = &self.names[variable];
        self.items.push(match self.bound[variable] {
            true => format!("if {value} == Some({name}.clone())"),
            false => format!("if let Some({name}) = {value}"),
        });
    }
}

/// The columns of an aggregate's members that its group does not fix.
fn open(sure: &Atom, member: &[usize]) -> BTreeSet<usize> {
    member.iter().copied().filter(|column| sure.terms[*column] == Term::Any).collect()
}
