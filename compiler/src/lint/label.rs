//! Rules about a change that rest on a label which the change may have set itself, or taken away.
//!
//! An editable relation holds what whoever asks can write: a tag. Of the very resource that is changed, read in the world
//! after, it says what the change says of itself: retag it, and be permitted, or be objected to no more. The same goes for
//! what rules conclude of a resource from its labels.
//!
//! Not here: what is held against who asks (`after`); labels of other resources, which the action does not write.

use super::after::{ACTION, each, enough, in_front, local, variable, verbs_of, writes};
use super::{Module, read, relations, rules};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Expr, Head, Literal, Qualifier, Relation, Rule, Word};
use program::World;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Reports atoms of permits and objections of `own`.
///
/// - `modules`: all, so that every relation is known.
pub(super) fn lint(modules: &[&Module<'_>], own: &[&Module<'_>]) -> Vec<Diagnostic> {
    let relations = relations(modules);
    let labels = labels(modules, &relations);
    let mut found = Vec::new();
    for module in own {
        let items: FxHashMap<u32, &syntax::ast::Item> = module.items.iter().map(|(at, item, _)| (*at, *item)).collect();
        for (name, item, rule) in rules(&[*module]) {
            let Head::Relation { word: Some(word), .. } = rule.head else { continue };
            let Changed { resources, new } = Changed::by(rule);
            let mut compared: BTreeSet<(&str, World)> = BTreeSet::new();
            read(&rule.body, &mut |atom| {
                compared.insert((&atom.relation, atom.world));
            });
            each(&rule.body, false, &mut |literal, denied| {
                let Literal::Atom(atom) = literal else { return };
                let own = |column: &usize| variable(&atom.terms[*column]).is_some_and(|term| resources.contains(&term));
                let open = match atom.world {
                    World::Here => true,
                    World::Either => enough(rule, denied),
                    World::Before => false,
                };
                let columns = labels.get(atom.relation.as_str()).filter(|_| open);
                // An objection that compares the worlds knows of both.
                let beside = |world| compared.contains(&(atom.relation.as_str(), world));
                let known = beside(World::Before) || atom.world == World::Here && beside(World::Either);
                let known = known && word != Word::Permit;
                if !known && columns.is_some_and(|columns| columns.iter().any(own)) {
                    let kept = relations.get(atom.relation.as_str()).is_some_and(|r| r.qualifier == Qualifier::Plain);
                    let written = items.get(&item).is_some_and(|item| writes(item, atom.span, local(&atom.relation)));
                    let told = match word {
                        Word::Permit => labelled(atom, kept, written, new),
                        Word::Deny | Word::Escalate => switched_off(atom, denied, kept, written),
                    };
                    found.push(told.located(name, item));
                }
            });
        }
    }
    found
}

/// The columns of relations of whose resources they say what a label says: the first of what is editable, and of what
/// rules conclude from that in the world that they stand in.
fn labels<'a>(
    modules: &[&'a Module<'a>],
    relations: &FxHashMap<&'a str, &'a Relation>,
) -> FxHashMap<&'a str, BTreeSet<usize>> {
    let editable = relations.iter().filter(|(_, relation)| relation.editable);
    let mut labels: FxHashMap<&str, BTreeSet<usize>> = editable.map(|(name, _)| (*name, BTreeSet::from([0]))).collect();
    // Authority is read from the world before, whatever it rests on.
    let younger = |name: &str| relations.get(name).is_some_and(|r| r.qualifier != Qualifier::Authority);
    let concluding: Vec<(&str, &[Expr], &Rule)> = rules(modules)
        .filter_map(|(_, _, rule)| match &rule.head {
            Head::Relation { name, terms, word: None } if younger(name) => {
                Some((name.as_str(), terms.as_slice(), rule))
            }
            _ => None,
        })
        .collect();
    loop {
        let mut more = false;
        for (name, terms, rule) in &concluding {
            let mut said: BTreeSet<usize> = BTreeSet::new();
            read(&rule.body, &mut |atom| {
                let columns = labels.get(atom.relation.as_str()).filter(|_| atom.world == World::Here);
                said.extend(columns.into_iter().flatten().filter_map(|column| variable(&atom.terms[*column])));
            });
            let heads = terms.iter().enumerate().filter(|(_, term)| variable(term).is_some_and(|v| said.contains(&v)));
            for (column, _) in heads {
                more |= labels.entry(name).or_default().insert(column);
            }
        }
        if !more {
            return labels;
        }
    }
}

/// What a permit is about.
struct Changed {
    /// Resources that were there before.
    resources: BTreeSet<usize>,
    /// A verb of the permit makes something new, of which the world before says nothing.
    new: bool,
}

impl Changed {
    fn by(rule: &Rule) -> Changed {
        let mut changed = Changed { resources: BTreeSet::new(), new: false };
        for literal in &rule.body {
            let Literal::Atom(Atom { relation, terms, .. }) = literal else { continue };
            let (ACTION, [_, verb, resource]) = (relation.as_str(), terms.as_slice()) else { continue };
            let creates = |verb: &&str| matches!(*verb, "create" | "import");
            let verbs = verbs_of(rule, verb);
            changed.new |= verbs.as_ref().is_none_or(|verbs| verbs.iter().any(creates));
            if verbs.is_none_or(|verbs| !verbs.iter().all(creates)) {
                changed.resources.extend(variable(resource));
            }
        }
        changed
    }
}

/// - `kept`: it has a world before; what exists only within a change has none.
/// - `written`: the atom stands there as it is; `new`: a verb of the permit creates.
fn labelled(atom: &Atom, kept: bool, written: bool, new: bool) -> Diagnostic {
    let (local, start) = (local(&atom.relation), in_front(atom));
    let found =
        Diagnostic::new(Code::OwnLabel, format!("the permit rests on `{local}`, which the change may have set"))
            .label(atom.span, "read in the world after the change")
            .law("no change chooses what it is permitted by: what a permit takes for granted is older than the change")
            .help(match new {
                _ if !kept => format!("write `before.` in the rules of `{local}`, where they read what can be written"),
                true => format!("write `before.{local}`, and a permit of its own for what is created"),
                false => format!("write `before.{local}`"),
            });
    let before = format!("write `before.{local}`");
    match (written && kept, new) {
        (true, false) => found.fix(before, start, "before."),
        (true, true) => found.offer(before, start, "before."),
        (false, _) => found,
    }
}

/// - `denied`: it stands under a `not`, so that the change would have to bring it.
fn switched_off(atom: &Atom, denied: bool, kept: bool, written: bool) -> Diagnostic {
    let (local, start) = (local(&atom.relation), in_front(atom));
    let (does, world) = if denied { ("set", "before.") } else { ("taken away", "either.") };
    let found = Diagnostic::new(
        Code::SwitchedOff,
        format!("the change may have {does} `{local}`, and so switched this objection off"),
    )
    .label(atom.span, "read in the world after the change")
    .law("no change switches off what objects to it: what it could take away or bring is asked of the world before too")
    .help(match kept {
        true => format!("write `{world}{local}`"),
        false => format!("write `{world}` in the rules of `{local}`, where they read what can be written"),
    });
    match written && kept {
        true => found.offer(format!("write `{world}{local}`"), start, world),
        false => found,
    }
}
