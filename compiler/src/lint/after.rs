//! What a rule about a change reads in the world after, where the change itself has made what it finds there.
//!
//! Two questions of each atom of a state relation, wherever it stands in the body: is it about a resource that the change
//! may destroy, so that nothing is left of it? And is it held against who asks, so that the asker may have written it?
//!
//! Read downwards: [`lint`] asks both of every rule; `Known` is what a body says of its variables, `Columns` what the
//! columns of change relations hand on from the rules that fill them.
//!
//! INVARIANT: `before.` is offered only where the author wrote the atom; one that a `let` stands for has no place of its own.
//! Not here: permits that rest on a label of what is changed (`label`); a state relation that reads a world (`check::worlds`), authority relations, which read the world before anyhow.

// LONG: both questions are asked of what one body says, and each has its sentences beside it.

use super::verbs::{Fate, VERBS, fate, verbs_of};
use super::ways::{Way, ways};
use super::words::{Word as Written, words};
use super::{Module, relations, rules};
use crate::binding::{collect, mentioned};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Expr, Head, Literal, Qualifier, Relation, Rule, Span, Word};
use program::{Comparison, Type, World};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const ACTION: &str = "std.change.action";
pub(super) const DESTROYS: &str = "std.change.destroys";
const ACTOR: &str = "std.change.actor";
const SESSION: &str = "std.change.session";
pub(super) const CREATED: &str = "std.change.created";
const COVERS: &str = "std.intent.covers";
pub(super) const CONFIG: &str = "std.state.config";
pub(super) const EXISTS: &str = "std.state.exists";

/// Reports atoms of rules of `own` that a change may have emptied, or may have filled for its own author.
///
/// - `modules`: all, so that what their change relations hand on is known.
pub(super) fn lint(modules: &[&Module<'_>], own: &[&Module<'_>]) -> Vec<Diagnostic> {
    let relations = relations(modules);
    let columns = Columns::of(modules, &relations);
    let mut found = Vec::new();
    for module in own {
        let items: FxHashMap<u32, &syntax::ast::Item> = module.items.iter().map(|(at, item, _)| (*at, *item)).collect();
        for (name, item, rule) in rules(&[*module]) {
            let known = Known::of(rule, &relations, &columns);
            if known.fates.is_empty() && known.asks.is_empty() {
                continue;
            }
            let written =
                |atom: &Atom, local: &str| items.get(&item).is_some_and(|item| writes(item, atom.span, local));
            found.extend(known.emptied(rule, &relations, &columns, &written).map(|found| found.located(name, item)));
            found.extend(known.self_made(rule, &relations, &columns, &written).map(|found| found.located(name, item)));
        }
    }
    found
}

/// What a column of a change relation hands on.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Column {
    /// A resource that the change may destroy.
    fate: Option<Fate>,
    /// Who asks, or in which session.
    asks: bool,
    /// What a state relation says in the world after.
    said: bool,
}

/// What the columns of change relations hand on, from the rules that fill them.
struct Columns<'a> {
    known: FxHashMap<&'a str, Vec<Column>>,
    /// State relations that hold only of what is covered: within a decision that only grows.
    grows: FxHashSet<&'a str>,
    /// State relations that no change fills: it sets facts of its own resource alone, which stands first.
    elsewhere: FxHashSet<&'a str>,
}

impl<'a> Columns<'a> {
    /// Least fixpoint: a rule is looked at again when a relation that it reads hands on more.
    fn of(modules: &[&'a Module<'a>], relations: &FxHashMap<&'a str, &'a Relation>) -> Columns<'a> {
        let change = |name: &str| relations.get(name).is_some_and(|found| found.qualifier == Qualifier::Change);
        let mut all: Vec<(&str, &[Expr], &Rule)> = Vec::new();
        for (_, _, rule) in rules(modules) {
            if let Head::Relation { name, terms, word: None } = &rule.head
                && change(name)
            {
                all.push((name, terms, rule));
            }
        }
        let mut readers: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        for (position, (_, _, rule)) in all.iter().enumerate() {
            super::read(&rule.body, &mut |atom| readers.entry(&atom.relation).or_default().push(position));
        }
        let derived: FxHashSet<&str> = rules(modules)
            .filter_map(|(_, _, rule)| match &rule.head {
                Head::Relation { name, .. } if !rule.body.is_empty() => Some(name.as_str()),
                Head::Relation { .. } | Head::Cover { .. } => None,
            })
            .collect();
        let resource = Type::Entity(String::from("std.state.Resource"));
        let elsewhere = |(name, relation): (&&'a str, &&Relation)| {
            let of_resource = relation.columns.first().is_some_and(|column| column.r#type == resource);
            (!of_resource && !derived.contains(name)).then_some(*name)
        };
        let elsewhere = relations.iter().filter_map(elsewhere).collect();
        let mut columns = Columns { known: FxHashMap::default(), grows: growing(modules), elsewhere };
        let mut waiting: Vec<usize> = (0..all.len()).rev().collect();
        while let Some(position) = waiting.pop() {
            let (name, terms, rule) = all[position];
            let known = Known::of(rule, relations, &columns);
            let own = columns.known.entry(name).or_insert_with(|| vec![Column::default(); terms.len()]);
            let before = own.clone();
            for (column, term) in own.iter_mut().zip(terms) {
                let Expr::Variable(variable) = term else { continue };
                // Another rule of the relation may hand on what is not destroyed.
                let fate = known.fates.get(variable).map(|fate| (*fate).max(Fate::Replaced));
                column.fate = column.fate.max(fate);
                column.asks |= known.asks.contains_key(variable) && !known.others.contains(variable);
                column.said |= known.said.contains(variable);
            }
            if *own != before {
                waiting.extend(readers.get(name).into_iter().flatten());
            }
        }
        columns
    }

    /// Whether it hands on what a state relation says.
    fn says(&self, relation: &str) -> bool {
        self.known.get(relation).is_some_and(|columns| columns.iter().any(|column| column.said))
    }

    fn at(&self, relation: &str, column: usize) -> Column {
        self.known.get(relation).and_then(|columns| columns.get(column)).copied().unwrap_or_default()
    }
}

/// The relations each of whose rules asks that the first of its columns is covered.
fn growing<'a>(modules: &[&'a Module<'a>]) -> FxHashSet<&'a str> {
    let (mut found, mut others) = (FxHashSet::default(), FxHashSet::default());
    for (_, _, rule) in rules(modules) {
        let Head::Relation { name, terms, word: None } = &rule.head else { continue };
        let Some(first) = terms.first() else { continue };
        let covered = rule.body.iter().any(|literal| match literal {
            Literal::Covered(resource, _) => resource == first,
            Literal::Atom(atom) => atom.relation == COVERS && atom.terms.get(1) == Some(first),
            _ => false,
        });
        if covered { &mut found } else { &mut others }.insert(name.as_str());
    }
    found.difference(&others).copied().collect()
}

/// What a body says of its variables.
struct Known {
    /// Resources that the change may destroy.
    fates: BTreeMap<usize, Fate>,
    /// Who asks, and what is held against that; with where it comes from.
    asks: BTreeMap<usize, Span>,
    /// Those among them who are somebody else: who does not ask.
    others: BTreeSet<usize>,
    /// What state relations say in the world after.
    said: BTreeSet<usize>,
    /// Every verb of the rule makes something new: the world before says nothing of it.
    creates: bool,
    /// A verb may make something new.
    may_create: bool,
}

impl Known {
    fn of(rule: &Rule, relations: &FxHashMap<&str, &Relation>, columns: &Columns<'_>) -> Known {
        let mut known = Known {
            fates: BTreeMap::new(),
            asks: BTreeMap::new(),
            others: BTreeSet::new(),
            said: BTreeSet::new(),
            creates: false,
            may_create: true,
        };
        let mut spared: BTreeSet<usize> = BTreeSet::new();
        let mut verbs: Vec<Option<Vec<&str>>> = Vec::new();
        let mut created = false;
        let objects = matches!(rule.head, Head::Relation { word: Some(Word::Deny | Word::Escalate), .. });
        for atom in rule.body.iter().filter_map(atom) {
            created |= atom.relation == CREATED;
            if let (ACTION, [_, verb, resource]) = (atom.relation.as_str(), atom.terms.as_slice()) {
                let narrowed = verbs_of(rule, verb);
                // Where a parameter says which verbs, an objection must hold for whatever it says.
                let any = || objects.then(|| VERBS.map(|(verb, _)| verb).to_vec());
                if let (Some(resource), Some(verbs)) = (variable(resource), narrowed.clone().or_else(any)) {
                    match fate(&verbs) {
                        Some(fate) => known.meets(resource, fate),
                        None => {
                            spared.insert(resource);
                        }
                    }
                }
                verbs.push(narrowed);
            }
            for (column, term) in atom.terms.iter().enumerate() {
                if let (Some(resource), Some(fate)) = (variable(term), columns.at(&atom.relation, column).fate) {
                    known.meets(resource, fate);
                }
            }
        }
        known.fates.retain(|resource, _| !spared.contains(resource));
        known.rename(rule, &spared);
        let new = |verbs: &Option<Vec<&str>>, all: bool| match verbs {
            Some(verbs) if all => verbs.iter().all(|verb| matches!(*verb, "create" | "import")),
            Some(verbs) => verbs.iter().any(|verb| matches!(*verb, "create" | "import")),
            None => !all,
        };
        known.creates = created || !verbs.is_empty() && verbs.iter().all(|verbs| new(verbs, true));
        known.may_create = verbs.is_empty() || verbs.iter().any(|verbs| new(verbs, false));
        known.follow(rule, relations, columns);
        known
    }

    fn meets(&mut self, resource: usize, fate: Fate) {
        let met = self.fates.entry(resource).or_insert(fate);
        *met = (*met).min(fate);
    }

    /// `s = r`, `s == r`: two names of one resource.
    fn rename(&mut self, rule: &Rule, spared: &BTreeSet<usize>) {
        let pairs: Vec<(usize, usize)> = rule
            .body
            .iter()
            .filter_map(|literal| match literal {
                Literal::Bind(a, Expr::Variable(b), _) => Some((*a, *b)),
                Literal::Compare(Comparison::Equal, Expr::Variable(a), Expr::Variable(b), _) => Some((*a, *b)),
                _ => None,
            })
            .collect();
        loop {
            let before = self.fates.len();
            for (a, b) in pairs.iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
                if let Some(fate) = self.fates.get(a).copied().filter(|_| !spared.contains(b)) {
                    self.fates.entry(*b).or_insert(fate);
                }
            }
            if self.fates.len() == before {
                return;
            }
        }
    }

    /// Follows who asks through what is older than the change, and through comparisons. A variable that a state relation
    /// gives its values is where that ends.
    fn follow(&mut self, rule: &Rule, relations: &FxHashMap<&str, &Relation>, columns: &Columns<'_>) {
        let mut seeds: BTreeSet<usize> = BTreeSet::new();
        let mut given: BTreeSet<usize> = BTreeSet::new();
        let mut bridges: Vec<BTreeSet<usize>> = Vec::new();
        each(&rule.body, false, &mut |literal, denied| match literal {
            Literal::Atom(atom) => {
                for (column, term) in atom.terms.iter().enumerate() {
                    let asks = matches!((atom.relation.as_str(), column), (ACTOR | SESSION, 1));
                    if let Some(variable) = variable(term)
                        && (asks || columns.at(&atom.relation, column).asks)
                    {
                        self.asks.entry(variable).or_insert(atom.span);
                        if denied { &mut self.others } else { &mut seeds }.insert(variable);
                    }
                }
                let handed = |(column, _): &(usize, &Expr)| columns.at(&atom.relation, *column).said;
                let state = is_state(atom, relations) && !columns.elsewhere.contains(atom.relation.as_str());
                let says = |pair: &(usize, &Expr)| !denied && (state || handed(pair));
                self.said.extend(atom.terms.iter().enumerate().filter(says).filter_map(|(_, term)| variable(term)));
                match is_state(atom, relations) {
                    true if !denied => given.extend(atom.terms.iter().filter_map(variable)),
                    true => {}
                    false => bridges.push(mentioned(literal)),
                }
            }
            Literal::Compare(
                Comparison::Equal | Comparison::NotEqual | Comparison::In | Comparison::NotIn,
                left,
                right,
                _,
            ) => {
                let mut both = BTreeSet::new();
                collect(left, &mut both);
                collect(right, &mut both);
                bridges.push(both);
            }
            Literal::Bind(..) | Literal::Each { .. } => bridges.push(mentioned(literal)),
            Literal::Aggregate { variable, member, .. } => {
                bridges.push(std::iter::once(*variable).chain(member.iter().copied()).collect());
            }
            Literal::Compare(..) | Literal::Covered(..) | Literal::Is(..) | Literal::Not(..) => {}
        });
        loop {
            let before = self.said.len();
            for literal in &rule.body {
                if let Literal::Bind(variable, ..) | Literal::Each { variable, .. } = literal
                    && mentioned(literal).iter().any(|other| other != variable && self.said.contains(other))
                {
                    self.said.insert(*variable);
                }
            }
            if self.said.len() == before {
                break;
            }
        }
        self.others.retain(|other| !seeds.contains(other));
        // What is known of somebody else says nothing of who asks.
        given.extend(&self.others);
        if seeds.is_empty() {
            return;
        }
        let carries = |v: &usize| may_name(&rule.variables[*v].r#type) && !rule.variables[*v].parameter;
        loop {
            let before = self.asks.len();
            for bridge in &bridges {
                let from = bridge.iter().find(|v| seeds.contains(v) || self.asks.contains_key(v) && !given.contains(v));
                let Some(span) = from.and_then(|from| self.asks.get(from)).copied() else { continue };
                for carried in bridge.iter().filter(|v| carries(v)) {
                    self.asks.entry(*carried).or_insert(span);
                }
            }
            if self.asks.len() == before {
                return;
            }
        }
    }

    /// Atoms about what the change may have destroyed.
    fn emptied<'a>(
        &'a self,
        rule: &'a Rule,
        relations: &'a FxHashMap<&str, &Relation>,
        columns: &'a Columns<'_>,
        written: &'a dyn Fn(&Atom, &str) -> bool,
    ) -> impl Iterator<Item = Diagnostic> + 'a {
        let mut atoms: Vec<(&Atom, bool)> = Vec::new();
        let mut compared: FxHashSet<(&str, usize)> = FxHashSet::default();
        if !self.fates.is_empty() {
            each(&rule.body, false, &mut |literal, denied| {
                let Literal::Atom(atom) = literal else { return };
                let Some(resource) = atom.terms.first().and_then(variable) else { return };
                if atom.world != World::Here {
                    compared.insert((&atom.relation, resource));
                }
                atoms.push((atom, denied));
            });
        }
        // An objection that asks for nothing of the kind: in the world after, the change could bring it.
        let objects = matches!(rule.head, Head::Relation { word: Some(Word::Deny | Word::Escalate), .. });
        let brought: Vec<&Atom> =
            ways(rule).into_iter().filter(|(_, way)| objects && *way != Way::Holds).map(|(atom, _)| atom).collect();
        atoms.into_iter().filter_map(move |(atom, denied)| {
            let resource = variable(atom.terms.first()?)?;
            let fate = *self.fates.get(&resource)?;
            // `not exists(r)` asks whether it was replaced, a rule that compares the worlds knows of them, and the
            // configuration of what is written is what the change brings.
            let meant = denied && atom.relation == EXISTS
                || fate != Fate::Destroyed && compared.contains(&(atom.relation.as_str(), resource))
                || fate == Fate::Written && !denied && atom.relation == CONFIG;
            if meant || !is_state(atom, relations) || columns.grows.contains(atom.relation.as_str()) {
                return None;
            }
            let local = local(&atom.relation);
            let brought = brought.iter().any(|brought| std::ptr::eq(*brought, atom));
            Some(gone(&rule.variables[resource].name, fate, atom, [denied, brought], written(atom, local)))
        })
    }

    /// Atoms that are held against who asks, and that the change may have written.
    fn self_made<'a>(
        &'a self,
        rule: &'a Rule,
        relations: &'a FxHashMap<&str, &Relation>,
        columns: &'a Columns<'_>,
        written: &'a dyn Fn(&Atom, &str) -> bool,
    ) -> impl Iterator<Item = Diagnostic> + 'a {
        let mut atoms: Vec<&Atom> = Vec::new();
        if !self.asks.is_empty() && !self.creates {
            each(&rule.body, false, &mut |literal, denied| {
                if let Literal::Atom(atom) = literal
                    && (is_state(atom, relations)
                        || columns.says(&atom.relation)
                        || atom.world == World::Either && enough(rule, denied) && is_kept(atom, relations))
                {
                    atoms.push(atom);
                }
            });
        }
        atoms.into_iter().filter_map(|atom| {
            let mut said = BTreeSet::new();
            let kept = is_kept(atom, relations);
            for (column, term) in atom.terms.iter().enumerate() {
                if kept || columns.at(&atom.relation, column).said {
                    collect(term, &mut said);
                }
            }
            let asks = said.iter().find_map(|v| self.asks.get(v))?;
            let relation = relations.get(atom.relation.as_str())?;
            Some(self_made(relation, atom, *asks, written(atom, local(&atom.relation)), !self.may_create))
        })
    }
}

/// Whether it reads, in the world after, a relation that is kept from change to change and does not say who may.
fn is_state(atom: &Atom, relations: &FxHashMap<&str, &Relation>) -> bool {
    atom.world == World::Here && is_kept(atom, relations)
}

/// Whether it reads a relation that is kept from change to change and does not say who may.
fn is_kept(atom: &Atom, relations: &FxHashMap<&str, &Relation>) -> bool {
    let plain = |relation: &&Relation| relation.qualifier == Qualifier::Plain && relation.word.is_none();
    relations.get(atom.relation.as_str()).is_some_and(plain)
}

/// Whether it is enough for the author of a change that something holds after it, where either world is asked: a permit
/// wants it to hold, an objection that it does not.
fn enough(rule: &Rule, denied: bool) -> bool {
    match rule.head {
        Head::Relation { word: Some(Word::Permit), .. } => !denied,
        Head::Relation { word: Some(Word::Deny | Word::Escalate), .. } => denied,
        Head::Relation { word: None, .. } | Head::Cover { .. } => false,
    }
}

/// Whether a value of the type may name who asks.
fn may_name(known: &Type) -> bool {
    match known {
        Type::Entity(name) => {
            !matches!(name.as_str(), "std.change.Action" | "std.state.Resource" | "std.intent.Intent")
        }
        Type::String | Type::Json | Type::Set(_) | Type::List(_) => true,
        Type::Enum(_) | Type::Int | Type::Nat | Type::Decimal | Type::Bool | Type::Time | Type::Duration => false,
        Type::Ip | Type::Cidr | Type::Version => false,
    }
}

/// Calls `found` with every literal, inner bodies included, and whether it stands under a `not`.
pub(super) fn each<'a>(body: &'a [Literal], denied: bool, found: &mut dyn FnMut(&'a Literal, bool)) {
    for literal in body {
        found(literal, denied);
        match literal {
            Literal::Not(inside, _) => each(inside, true, found),
            Literal::Aggregate { body: inside, .. } => each(inside, denied, found),
            _ => {}
        }
    }
}

/// Whether the item has an atom of that name there. The words at the place of a `let`'s atom are those of its use.
pub(super) fn writes(item: &syntax::ast::Item, span: Span, local: &str) -> bool {
    let mut there = false;
    words(item, &mut |word| {
        if let Written::Path([first, rest @ ..]) = word {
            let last = rest.last().unwrap_or(first);
            there |= first.span.start == span.start && last.text == local;
        }
    });
    there
}

fn atom(literal: &Literal) -> Option<&Atom> {
    match literal {
        Literal::Atom(atom) => Some(atom),
        _ => None,
    }
}

pub(super) fn variable(term: &Expr) -> Option<usize> {
    match term {
        Expr::Variable(variable) => Some(*variable),
        _ => None,
    }
}

pub(super) fn local(relation: &str) -> &str {
    relation.rsplit('.').next().unwrap_or(relation)
}

/// - `denied`: it stands under a `not`; `brought`: it is an objection's, which the change would end by bringing it.
fn gone(resource: &str, fate: Fate, atom: &Atom, [denied, brought]: [bool; 2], written: bool) -> Diagnostic {
    let (local, span) = (local(&atom.relation), atom.span);
    let start = Span { start: span.start, end: span.start };
    let before = format!("write `before.{local}`");
    let found = Diagnostic::new(
        Code::DestroyedAfter,
        format!("`{local}` is read after the change, which may destroy `{resource}`"),
    )
    .label(span, if denied { "there is none of what is gone" } else { "says nothing about what is gone" })
    .law("destroying a resource removes what is known about it; the world before still has it")
    .help(match brought {
        true => format!("{before}; in `either` world the change could bring what ends the objection"),
        false => format!("write `before.{local}`, or `either.{local}` if a new one counts too"),
    });
    if !written {
        return found;
    }
    // Where an update is meant too, the world before would hide what it brings.
    let found = match fate {
        Fate::Destroyed => found.fix(before, start, "before."),
        Fate::Replaced | Fate::Written => found.offer(before, start, "before."),
    };
    match brought {
        true => found,
        false => found.offer(format!("write `either.{local}`"), start, "either."),
    }
}

fn self_made(relation: &Relation, atom: &Atom, asks: Span, written: bool, sure: bool) -> Diagnostic {
    let (local, place) = (local(&atom.relation), in_front(atom));
    let before = format!("write `before.{local}`");
    let theirs = relation.declared.name.starts_with("std.");
    // What exists only within a change has no world before.
    let kept = relation.qualifier != Qualifier::Change;
    let found = Diagnostic::new(
        Code::SelfMade,
        format!("`{local}` is held against who asks, and the change may have written it"),
    )
    .label(atom.span, "read in the world after the change")
    .label(asks, "who asks")
    .law("no change makes its own author legitimate: what decides on who asks is older than the change")
    .help(match theirs {
        _ if !kept => format!("write `before.` in the rules of `{local}`, where they read what can be written"),
        true => format!("write `before.{local}`; or ask an authority relation, such as `accountable`"),
        false => format!("write `before.{local}`; or declare it `authority relation {local}(…)`"),
    });
    match (written && kept, sure) {
        (true, true) => found.fix(before, place, "before."),
        (true, false) => found.offer(before, place, "before."),
        (false, _) => found,
    }
}

/// Where `before.` is written: in front of an atom, or in place of its `either.`.
pub(super) fn in_front(atom: &Atom) -> Span {
    let length = if atom.world == World::Either { "either.".len() as u32 } else { 0 };
    Span { start: atom.span.start, end: atom.span.start + length }
}
