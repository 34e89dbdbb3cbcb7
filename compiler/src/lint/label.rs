//! Permits that rest on a label which the change may have set itself.
//!
//! An editable relation holds what whoever asks can write: a tag. Of the very resource that is changed, read in the world
//! after, it says what the change says of itself: retag it, and be permitted.
//!
//! Not here: what is held against who asks (`after`); labels of other resources, which the action does not write.

use super::after::{ACTION, local, variable, verbs_of, writes};
use super::{Module, read, rules};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Head, Literal, Rule, Span, Word};
use program::World;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// Reports atoms of permits of `own`.
///
/// - `modules`: all, so that every relation is known.
pub(super) fn lint(modules: &[&Module<'_>], own: &[&Module<'_>]) -> Vec<Diagnostic> {
    let relations = modules.iter().flat_map(|module| &module.signatures.relations);
    let editable: FxHashSet<&str> =
        relations.filter(|relation| relation.editable).map(|relation| relation.declared.name.as_str()).collect();
    let mut found = Vec::new();
    for module in own {
        let items: FxHashMap<u32, &syntax::ast::Item> = module.items.iter().map(|(at, item, _)| (*at, *item)).collect();
        for (name, item, rule) in rules(&[*module]) {
            let Head::Relation { word: Some(Word::Permit), .. } = rule.head else { continue };
            let Changed { resources, new } = Changed::by(rule);
            read(&rule.body, &mut |atom| {
                let own = atom.terms.first().and_then(variable).is_some_and(|first| resources.contains(&first));
                if own && atom.world == World::Here && editable.contains(atom.relation.as_str()) {
                    let written = items.get(&item).is_some_and(|item| writes(item, atom.span, local(&atom.relation)));
                    found.push(labelled(atom, written, new).located(name, item));
                }
            });
        }
    }
    found
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

fn labelled(atom: &Atom, written: bool, new: bool) -> Diagnostic {
    let (local, start) = (local(&atom.relation), Span { start: atom.span.start, end: atom.span.start });
    let found =
        Diagnostic::new(Code::OwnLabel, format!("the permit rests on `{local}`, which the change may have set"))
            .label(atom.span, "read in the world after the change")
            .law("no change chooses what it is permitted by: what a permit takes for granted is older than the change")
            .help(match new {
                true => format!("write `before.{local}`, and a permit of its own for what is created"),
                false => format!("write `before.{local}`"),
            });
    let before = format!("write `before.{local}`");
    match (written, new) {
        (true, false) => found.fix(before, start, "before."),
        (true, true) => found.offer(before, start, "before."),
        (false, _) => found,
    }
}
