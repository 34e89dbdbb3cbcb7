//! The part of a program that is emitted: the wanted relations, and all that their rules read.

use program::{Expr, Function, Literal, Program, RelationId, Rule, Step, World};
use std::collections::BTreeSet;
use std::fmt;

/// Why a program is not emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Each rule with a builtin that it calls and that needs more than the standard library, in the order of the text.
    pub calls: Vec<(String, String)>,
}

/// A program, and what of it is wanted.
pub(crate) struct Cone<'p> {
    pub(crate) program: &'p Program,
    pub(crate) relations: BTreeSet<RelationId>,
    /// In the order of the text.
    pub(crate) rules: Vec<&'p Rule>,
    /// Relations that are read in the world before, or in either.
    pub(crate) before: BTreeSet<RelationId>,
    /// Relations that are read in either world.
    pub(crate) either: BTreeSet<RelationId>,
    /// Builtins that are called.
    pub(crate) functions: BTreeSet<Function>,
}

impl<'p> Cone<'p> {
    pub(crate) fn of(program: &'p Program, roots: &[RelationId]) -> Result<Cone<'p>, Unfit> {
        let relations = relations(program, roots);
        let rules: Vec<&Rule> = program.rules.iter().filter(|rule| relations.contains(&rule.head.relation)).collect();
        let in_worlds = |wanted: &[World]| {
            let read = rules.iter().flat_map(|rule| rule.body.iter().flat_map(reads));
            read.filter(|(_, world)| wanted.contains(world)).map(|(relation, _)| relation).collect()
        };
        let mut cone = Cone {
            program,
            before: in_worlds(&[World::Before, World::Either]),
            either: in_worlds(&[World::Either]),
            relations,
            rules,
            functions: BTreeSet::new(),
        };
        let mut calls = Vec::new();
        for rule in &cone.rules {
            let mut called = BTreeSet::new();
            rule.body.iter().for_each(|literal| functions_of(literal, &mut called));
            for function in &called {
                if let Some(signature) = function.signature().filter(|signature| is_unfit(signature.name)) {
                    let place = format!("{}:{}", rule.citation.file, rule.citation.line);
                    calls.push((place, signature.short().to_owned()));
                }
            }
            cone.functions.extend(called);
        }
        if calls.is_empty() { Ok(cone) } else { Err(Unfit { calls }) }
    }
}

/// The wanted relations and all that they depend on; every relation where none is wanted.
pub(crate) fn relations(program: &Program, roots: &[RelationId]) -> BTreeSet<RelationId> {
    let all = || (0..program.relations.len()).filter_map(|at| u32::try_from(at).ok()).map(RelationId);
    let mut open: Vec<RelationId> = if roots.is_empty() { all().collect() } else { roots.to_vec() };
    let mut relations = BTreeSet::new();
    while let Some(relation) = open.pop() {
        if relations.insert(relation) {
            let rules = program.rules.iter().filter(|rule| rule.head.relation == relation);
            open.extend(rules.flat_map(|rule| rule.body.iter().flat_map(reads)).map(|(relation, _)| relation));
        }
    }
    relations
}

/// Whether a builtin needs a library that the module may not depend on.
fn is_unfit(name: &str) -> bool {
    ["std.regex.", "std.glob.", "std.hash.", "std.json.parse", "std.json.stringify", "std.semver.satisfies"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// The relations that a literal reads, each in its world.
pub(crate) fn reads(literal: &Literal) -> Vec<(RelationId, World)> {
    match literal {
        Literal::Holds(atom) | Literal::Absent(atom) => vec![(atom.relation, atom.world)],
        Literal::Aggregate { sure, possible, .. } => {
            std::iter::once(sure.relation).chain(*possible).map(|relation| (relation, sure.world)).collect()
        }
        Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => Vec::new(),
    }
}

fn functions_of(literal: &Literal, found: &mut BTreeSet<Function>) {
    match literal {
        Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. } => {}
        Literal::Test { left, right, .. } => {
            called(left, found);
            called(right, found);
        }
        Literal::Is { expr, .. } | Literal::Bind { expr, .. } => called(expr, found),
        Literal::Each { base, then, last, .. } => {
            called(base, found);
            then.iter().flatten().chain(last).for_each(|step| called_by_step(step, found));
        }
    }
}

fn called(expr: &Expr, found: &mut BTreeSet<Function>) {
    match expr {
        Expr::Variable(_) | Expr::Constant(_) => {}
        Expr::Path { base, steps } => {
            called(base, found);
            steps.iter().for_each(|step| called_by_step(step, found));
        }
        Expr::As(inner, _) => called(inner, found),
        Expr::Call(function, arguments) => {
            found.insert(*function);
            arguments.iter().for_each(|argument| called(argument, found));
        }
        Expr::Default(left, right) => {
            called(left, found);
            called(right, found);
        }
        Expr::Set(items) | Expr::List(items) => items.iter().for_each(|item| called(item, found)),
        Expr::Object(entries) => entries.iter().for_each(|(_, value)| called(value, found)),
    }
}

fn called_by_step(step: &Step, found: &mut BTreeSet<Function>) {
    if let Step::Computed(expr) = step {
        called(expr, found);
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, builtin) in &self.calls {
            writeln!(f, "{place}: `{builtin}` cannot be emitted: it needs a library beside ascent")?;
        }
        f.write_str("  help: choose relations that do without, with `--relation`")
    }
}

impl std::error::Error for Unfit {}
