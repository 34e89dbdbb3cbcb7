//! Tables over an enum that leave a member out: a row for most members, and none for the others.
//!
//! A table is a relation whose every rule names members of one enum column by constants, in its head or in an atom of
//! its body, no member twice, with a constant of its own in the head. What is left out has no row, and whatever asks
//! the table for it finds nothing: mostly because the enum has grown. Rules that share one head are a group of members
//! and no table; a rule that names no member is a row for the rest; below half of the members nothing is said.
//!
//! Not here: denies, escalates and permits, which are about some members on purpose.

use super::{Input, Module};
use crate::constant::listed;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hir::{Column, Expr, Head, Literal, Rule};
use program::{Comparison, Type, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A rule with its module's name and its item's position.
type Found<'a> = (&'a str, u32, &'a Rule);

/// A place where members are named: a relation and its column; of the rule's own head without a name.
type Key = (Option<String>, usize);

/// Advice about each table that leaves members out.
pub(super) fn left_out(input: &Input<'_>) -> Vec<Diagnostic> {
    let mut columns: BTreeMap<&str, &[Column]> = BTreeMap::new();
    let mut members: BTreeMap<&str, &[String]> = BTreeMap::new();
    let mut tables: BTreeMap<&str, Vec<Found<'_>>> = BTreeMap::new();
    let mut silenced: BTreeSet<&str> = BTreeSet::new();
    for module in &input.modules {
        let signatures = module.signatures;
        members.extend(signatures.enums.iter().map(|found| (found.declared.name.as_str(), found.members.as_slice())));
        columns.extend(signatures.relations.iter().map(|r| (r.declared.name.as_str(), r.columns.as_slice())));
        silenced.extend(
            signatures.relations.iter().filter_map(|relation| {
                allows(module, relation.declared.item).then_some(relation.declared.name.as_str())
            }),
        );
        for (position, item) in (0..).zip(&module.items) {
            for rule in &item.item.rules {
                if let Head::Relation { name, word: None, .. } = &rule.head {
                    tables.entry(name).or_default().push((signatures.module.as_str(), position, rule));
                    silenced.extend(allows(module, position).then_some(name.as_str()));
                }
            }
        }
    }
    let known = Known { columns, members };
    let spoken = tables.iter().filter(|(name, rules)| rules.len() > 1 && !silenced.contains(**name));
    spoken.filter_map(|(name, rules)| known.table(name, rules)).collect()
}

fn allows(module: &Module<'_>, item: u32) -> bool {
    let code = Code::LeftOut.number();
    module.items.get(item as usize).is_some_and(|item| item.item.allowed.iter().any(|allowed| allowed == code))
}

struct Known<'a> {
    columns: BTreeMap<&'a str, &'a [Column]>,
    members: BTreeMap<&'a str, &'a [String]>,
}

impl Known<'_> {
    fn table(&self, name: &str, rules: &[Found<'_>]) -> Option<Diagnostic> {
        let named: Vec<BTreeMap<Key, BTreeSet<String>>> =
            rules.iter().map(|(_, _, rule)| self.named(name, rule)).collect();
        let (first, rest) = named.split_first()?;
        first.keys().filter(|key| rest.iter().all(|other| other.contains_key(*key))).find_map(|key| {
            let rows: Vec<&BTreeSet<String>> = named.iter().map(|keys| &keys[key]).collect();
            let covered: BTreeSet<&str> = rows.iter().flat_map(|row| row.iter().map(String::as_str)).collect();
            let apart = rows.iter().map(|row| row.len()).sum::<usize>() == covered.len();
            let of = self.enum_of(key.0.as_deref().unwrap_or(name), key.1)?;
            let all = self.members.get(of)?;
            let missing: Vec<&str> = all.iter().map(String::as_str).filter(|m| !covered.contains(m)).collect();
            let told = apart && !missing.is_empty() && missing.len() * 2 <= all.len() && says_apart(key, rules);
            told.then(|| advice(name, of, &missing, rules))
        })
    }

    fn enum_of(&self, relation: &str, column: usize) -> Option<&str> {
        match &self.columns.get(relation)?.get(column)?.r#type {
            Type::Enum(name) => Some(name),
            _ => None,
        }
    }

    /// The members that a rule names, by where it names them.
    fn named(&self, own: &str, rule: &Rule) -> BTreeMap<Key, BTreeSet<String>> {
        let mut found = BTreeMap::new();
        let mut add = |relation: Option<&str>, terms: &[Expr]| {
            for (column, term) in terms.iter().enumerate() {
                if self.enum_of(relation.unwrap_or(own), column).is_some()
                    && let Some(words) = words(term, &rule.body)
                {
                    found.insert((relation.map(str::to_owned), column), words);
                }
            }
        };
        if let Head::Relation { terms, .. } = &rule.head {
            add(None, terms);
        }
        for literal in &rule.body {
            if let Literal::Atom(atom) = literal {
                add(Some(&atom.relation), &atom.terms);
            }
        }
        found
    }
}

/// The words that a term may be: a constant, or a variable that the body holds to constants.
fn words(term: &Expr, body: &[Literal]) -> Option<BTreeSet<String>> {
    let variable = match term {
        Expr::Constant(value) => return texts(value),
        Expr::Variable(variable) => *variable,
        _ => return None,
    };
    body.iter().find_map(|literal| match literal {
        Literal::Compare(Comparison::Equal | Comparison::In, Expr::Variable(held), Expr::Constant(value), _)
        | Literal::Compare(Comparison::Equal, Expr::Constant(value), Expr::Variable(held), _)
        | Literal::Bind(held, Expr::Constant(value), _)
        | Literal::Each { variable: held, base: Expr::Constant(value), .. }
            if *held == variable =>
        {
            texts(value)
        }
        _ => None,
    })
}

fn texts(value: &Value) -> Option<BTreeSet<String>> {
    match value {
        Value::Text(text) => Some(BTreeSet::from([text.to_string()])),
        Value::Set(items) => items.iter().map(|item| item.as_text().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Whether the heads say different things of different members: some other column holds a constant in every rule, and
/// not the same one in all.
fn says_apart(key: &Key, rules: &[Found<'_>]) -> bool {
    let heads: Vec<&[Expr]> = rules
        .iter()
        .filter_map(|(_, _, rule)| match &rule.head {
            Head::Relation { terms, .. } => Some(terms.as_slice()),
            Head::Cover { .. } => None,
        })
        .collect();
    let own = if key.0.is_none() { Some(key.1) } else { None };
    let width = heads.iter().map(|terms| terms.len()).min().unwrap_or(0);
    (0..width).filter(|column| Some(*column) != own).any(|column| {
        let said: Vec<&Expr> = heads.iter().map(|terms| &terms[column]).collect();
        said.iter().all(|term| matches!(term, Expr::Constant(_))) && said.iter().any(|term| *term != said[0])
    })
}

fn advice(name: &str, of: &str, missing: &[&str], rules: &[Found<'_>]) -> Diagnostic {
    let short = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let (list, verb) = (listed(missing).replace(" or ", " and "), if missing.len() == 1 { "has" } else { "have" });
    let place = |(module, item, rule): &Found<'_>| Place { item: Some(((*module).to_owned(), *item)), span: rule.span };
    let mut diagnostic =
        Diagnostic::new(Code::LeftOut, format!("{list} of `{}` {verb} no row in `{}`", short(of), short(name)));
    if let Some(last) = rules.last() {
        diagnostic = diagnostic.label_at(place(last), "the last row");
    }
    if let Some(first) = rules.first().filter(|_| rules.len() > 1) {
        diagnostic = diagnostic.label_at(place(first), "the first");
    }
    diagnostic.law("a table over an enum says something of each member, or says that it does not").help(format!(
        "add a row, or write `@allow({})` before the relation if they are left out on purpose",
        Code::LeftOut.number()
    ))
}
