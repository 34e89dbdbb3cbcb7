//! Small programs as text: `path(x, z) if path(x, y), edge(y, z);`.
//!
//! A name is a variable, `'a'` a text, `7` a number, `_` any value. Relations are declared by their first line:
//! `state edge/2, path/2;`, with `least` or `most` of its last column as `dist/3 least`. Literals: `p(..)`, `not p(..)`, with `before.` or `either.` in front; `x < y` and the other
//! comparisons; `x = y + 1`, and `x = y +: 1` held at the ends of int; `n = count p(x, _)` over the columns that are `_`.

use program::{
    Aggregate, Atom, Citation, Column, Comparison, Expr, Function, Lattice, Literal, Program, Reading, Relation,
    RelationId, Rule, RuleId, Scope, Stratum, Term, Truth, Tuple, Type, Value, Variable, World,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The program that a text says.
pub(crate) fn program(text: &str) -> Arc<Program> {
    let mut program = Program::default();
    let lines: Vec<&str> = text.split(';').map(str::trim).filter(|line| !line.is_empty()).collect();
    for line in &lines {
        for (word, scope) in [("state ", Scope::State), ("timed ", Scope::Timed), ("change ", Scope::Change)] {
            for name in line.strip_prefix(word).into_iter().flat_map(|names| names.split(',')) {
                let (name, width) = name.trim().split_once('/').expect("name/width");
                let (width, lattice) = width.split_once(' ').unwrap_or((width, ""));
                let mut relation = relation(name, width.parse().expect("a width"), scope);
                if let Some(column) = relation.columns.last_mut() {
                    column.lattice = match lattice {
                        "least" => Some(Lattice::Least),
                        "most" => Some(Lattice::Most),
                        _ => None,
                    };
                }
                program.relations.push(relation);
            }
        }
    }
    program.relations.sort_by(|a, b| a.name.cmp(&b.name));
    for line in lines.iter().filter(|line| !["state ", "timed ", "change "].iter().any(|word| line.starts_with(word))) {
        let rule = rule(&program, line);
        program.rules.push(rule);
    }
    stratify(&mut program);
    Arc::new(program)
}

/// Facts: `edge('a', 'b'); edge('b', 'c');`.
pub(crate) fn facts(program: &Program, text: &str) -> Vec<(RelationId, Tuple)> {
    let atoms = text.split(';').map(str::trim).filter(|line| !line.is_empty());
    let ground = |term: Term| match term {
        Term::Constant(value) => value,
        Term::Variable(_) | Term::Any => panic!("a fact with a variable"),
    };
    let mut names = Vec::new();
    atoms
        .map(|text| atom(program, &mut names, text))
        .map(|a| (a.relation, a.terms.into_iter().map(ground).collect()))
        .collect()
}

/// The relation of that name.
pub(crate) fn id(program: &Program, name: &str) -> RelationId {
    program.find(name).unwrap_or_else(|| panic!("no relation {name}"))
}

/// Tuples as `a b, c d`.
pub(crate) fn shown(tuples: &[Tuple]) -> String {
    let shown = |tuple: &Tuple| tuple.iter().map(Value::show).collect::<Vec<_>>().join(" ");
    tuples.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn relation(name: &str, width: usize, scope: Scope) -> Relation {
    let column = |place| Column { name: format!("c{place}"), r#type: Type::String, lattice: None };
    Relation {
        name: name.to_owned(),
        columns: (0..width).map(column).collect(),
        scope,
        authority: false,
        instanced: false,
        key: None,
        reading: Reading::Only,
        optional: false,
        hidden: false,
    }
}

fn rule(program: &Program, text: &str) -> Rule {
    let (head, body) = text.split_once(" if ").unwrap_or((text, ""));
    let mut names: Vec<String> = Vec::new();
    let head = atom(program, &mut names, head);
    // Commas inside of brackets belong to an atom.
    let mut depth = 0;
    let parts = body.split(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    let body =
        parts.map(str::trim).filter(|part| !part.is_empty()).map(|part| literal(program, &mut names, part)).collect();
    let variables = names.into_iter().map(|name| Variable { name, r#type: Type::String }).collect();
    Rule { head, body, variables, message: Vec::new(), citation: Citation::default() }
}

fn literal(program: &Program, names: &mut Vec<String>, text: &str) -> Literal {
    let comparisons = [
        (" == ", Comparison::Equal),
        (" != ", Comparison::NotEqual),
        (" < ", Comparison::Less),
        (" <= ", Comparison::AtMost),
    ];
    for (sign, op) in comparisons {
        if let Some((left, right)) = text.split_once(sign) {
            let (left, right) = (expression(names, left), expression(names, right));
            return Literal::Test { op, left, right, accept: vec![Truth::True] };
        }
    }
    if let Some((variable, value)) = text.split_once(" = ") {
        let Term::Variable(variable) = term(names, variable) else { panic!("not a variable: {text}") };
        let Some(group) = value.strip_prefix("count ") else {
            return Literal::Bind { variable, expr: expression(names, value) };
        };
        let sure = atom(program, names, group);
        let member = (0..sure.terms.len()).filter(|column| sure.terms[*column] == Term::Any).collect();
        let (how, zero) = (Aggregate::Count, Value::Int(0));
        return Literal::Aggregate { variable, how, zero, sure, possible: None, member };
    }
    match text.strip_prefix("not ") {
        Some(negated) => Literal::Absent(atom(program, names, negated)),
        None => Literal::Holds(atom(program, names, text)),
    }
}

fn atom(program: &Program, names: &mut Vec<String>, text: &str) -> Atom {
    let (name, rest) = text.split_once('(').unwrap_or_else(|| panic!("no atom: {text}"));
    let (world, name) = match name.split_once('.') {
        Some(("before", name)) => (World::Before, name),
        Some(("either", name)) => (World::Either, name),
        Some(_) | None => (World::Here, name),
    };
    let terms = rest.trim_end_matches(')').split(',').map(str::trim).filter(|term| !term.is_empty());
    Atom { relation: id(program, name), world, terms: terms.map(|text| term(names, text)).collect() }
}

fn expression(names: &mut Vec<String>, text: &str) -> Expr {
    let sum = text.split_once(" + ").map(|sides| (Function::Add, sides));
    if let Some((function, (left, right))) = sum.or(text.split_once(" +: ").map(|sides| (Function::AddHeld, sides))) {
        return Expr::Call(function, vec![expression(names, left), expression(names, right)]);
    }
    match term(names, text) {
        Term::Variable(variable) => Expr::Variable(variable),
        Term::Constant(value) => Expr::Constant(value),
        Term::Any => panic!("any value in an expression"),
    }
}

fn term(names: &mut Vec<String>, text: &str) -> Term {
    let text = text.trim();
    if text == "_" {
        return Term::Any;
    }
    if let Some(text) = text.strip_prefix('\'') {
        return Term::Constant(Value::text(text.trim_end_matches('\'')));
    }
    if let Ok(number) = text.parse() {
        return Term::Constant(Value::Int(number));
    }
    let place = names.iter().position(|name| name == text).unwrap_or_else(|| {
        names.push(text.to_owned());
        names.len() - 1
    });
    Term::Variable(place)
}

/// Strata: relations that reach each other stand together, below what reads them.
fn stratify(program: &mut Program) {
    let mut reads: BTreeMap<RelationId, BTreeSet<RelationId>> = BTreeMap::new();
    for rule in &program.rules {
        let read = reads.entry(rule.head.relation).or_default();
        for literal in &rule.body {
            match literal {
                Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. }
                    if atom.world != World::Before =>
                {
                    read.insert(atom.relation);
                }
                _ => {}
            }
        }
    }
    loop {
        let mut wider = reads.clone();
        for read in wider.values_mut() {
            let further: Vec<RelationId> = read.iter().filter_map(|id| reads.get(id)).flatten().copied().collect();
            read.extend(further);
        }
        if wider == reads {
            break;
        }
        reads = wider;
    }
    let with = |id: &RelationId| -> BTreeSet<RelationId> {
        let both = |other: &&RelationId| reads[id].contains(other) && reads.get(other).is_some_and(|r| r.contains(id));
        reads[id].iter().filter(both).copied().chain([*id]).collect()
    };
    let mut groups: Vec<BTreeSet<RelationId>> = Vec::new();
    for group in reads.keys().map(with) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let scope = |group: &BTreeSet<RelationId>| group.first().map(|id| program.relation(*id).scope);
    // What a group reads outside of itself its readers read too, and the group besides.
    let outside = |group: &BTreeSet<RelationId>| {
        group.iter().flat_map(|id| &reads[id]).filter(|id| !group.contains(id)).collect::<BTreeSet<_>>().len()
    };
    groups.sort_by_key(|group| (scope(group), outside(group)));
    program.strata = groups
        .iter()
        .map(|group| Stratum {
            relations: group.iter().copied().collect(),
            rules: (0..)
                .map(RuleId)
                .zip(&program.rules)
                .filter(|(_, rule)| group.contains(&rule.head.relation))
                .map(|(id, _)| id)
                .collect(),
            recursive: group.iter().any(|id| reads[id].contains(id)),
            scope: scope(group).unwrap_or(Scope::State),
        })
        .collect();
}
