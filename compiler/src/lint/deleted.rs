//! Denies and escalates that look for `delete` alone, which a replacement and a forgetting slip through.
//!
//! However the verb is spelled: in the atom, by a comparison, as a member of a set of one; and also where a change relation
//! asks for it, and a deny or an escalate reads that, directly or through others.
//!
//! INVARIANT: the one obvious repair is that of an atom which the author wrote in a deny or an escalate; what a relation
//! says may serve others as well, and a comparison has no place that could stay.
//! Not here: what is read of the deleted resource (`after`).

use super::after::{ACTION, DESTROYS, each, local, variable, verbs_of, writes};
use super::{Module, rules};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, Import, Place};
use crate::hir::{Atom, Expr, Head, Literal, Rule, Word};
use rustc_hash::{FxHashMap, FxHashSet};

/// Reports atoms of rules of `own`.
pub(super) fn lint(own: &[&Module<'_>]) -> Vec<Diagnostic> {
    let helping = helping(own);
    let mut found = Vec::new();
    for module in own {
        let items: FxHashMap<u32, &syntax::ast::Item> = module.items.iter().map(|(at, item, _)| (*at, *item)).collect();
        for (name, item, rule) in rules(&[*module]) {
            let objects = objects(rule);
            let helps =
                matches!(&rule.head, Head::Relation { name, word: None, .. } if helping.contains(name.as_str()));
            if !objects && !helps {
                continue;
            }
            positive(rule, &mut |atom| {
                if verbs(rule, atom).is_some_and(|verbs| verbs == ["delete"]) {
                    let written = items.get(&item).is_some_and(|item| writes(item, atom.span, local(&atom.relation)));
                    found.push(delete_only(rule, atom, written, objects).located(name, item));
                }
            });
        }
    }
    found
}

fn objects(rule: &Rule) -> bool {
    matches!(&rule.head, Head::Relation { word: Some(Word::Deny | Word::Escalate), .. })
}

/// The relations that a deny or an escalate reads, directly or through others, and none of whose rules takes up what
/// slips through another.
fn helping<'a>(own: &[&'a Module<'a>]) -> FxHashSet<&'a str> {
    let mut reads: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    let mut complete: FxHashSet<&str> = FxHashSet::default();
    let mut waiting: Vec<&str> = Vec::new();
    for (_, _, rule) in rules(own) {
        let helped = match &rule.head {
            Head::Relation { name, word: None, .. } => Some(name.as_str()),
            Head::Relation { .. } | Head::Cover { .. } => None,
        };
        positive(rule, &mut |atom| {
            match helped {
                Some(name) => reads.entry(name).or_default().push(&atom.relation),
                None if objects(rule) => waiting.push(&atom.relation),
                None => {}
            }
            let others = |verbs: Option<Vec<&str>>| {
                verbs.is_none_or(|verbs| verbs.contains(&"replace") || verbs.contains(&"forget"))
            };
            let more = atom.relation == DESTROYS || atom.relation == ACTION && others(verbs(rule, atom));
            complete.extend(helped.filter(|_| more));
        });
    }
    let mut found = FxHashSet::default();
    while let Some(name) = waiting.pop() {
        if found.insert(name) {
            waiting.extend(reads.get(name).into_iter().flatten());
        }
    }
    found.difference(&complete).copied().collect()
}

/// Calls `found` with every atom that is not under a `not`.
fn positive<'a>(rule: &'a Rule, found: &mut dyn FnMut(&'a Atom)) {
    each(&rule.body, false, &mut |literal, denied| match literal {
        Literal::Atom(atom) if !denied => found(atom),
        _ => {}
    });
}

/// The verbs that an atom of actions leaves possible; `None` of any other atom, and where a parameter says which.
fn verbs<'r>(rule: &'r Rule, atom: &'r Atom) -> Option<Vec<&'r str>> {
    match (atom.relation.as_str(), atom.terms.as_slice()) {
        (ACTION, [_, verb, _]) => verbs_of(rule, verb),
        _ => None,
    }
}

fn delete_only(rule: &Rule, atom: &Atom, written: bool, sure: bool) -> Diagnostic {
    let shown = |term: Option<&Expr>| match term {
        Some(Expr::Variable(v)) => rule.variables[*v].name.clone(),
        Some(Expr::Constant(value)) => value.to_string(),
        _ => String::from("_"),
    };
    let text = format!("destroys({}, {})", shown(atom.terms.first()), shown(atom.terms.get(2)));
    let spelled = atom.terms.get(1).and_then(variable).map(|verb| &rule.variables[verb].name);
    let found = Diagnostic::new(Code::DeleteOnly, "a replacement and a forgetting slip through")
        .label(atom.span, "only `delete` is meant here")
        .law("`destroys(a, r)` holds for delete, replace and forget")
        .help(match spelled {
            None => format!("write `{text}`, with `use std.change.destroys;`"),
            Some(verb) => {
                format!("write `{text}` in place of this and of what says `{verb}`, with `use std.change.destroys;`")
            }
        });
    if !written || spelled.is_some() {
        return found;
    }
    let edits = vec![Edit { place: Place { item: None, span: atom.span }, text: text.clone() }];
    let import = Some(Import { module: String::from("std.change"), name: String::from("destroys") });
    found.repair(Fix { title: format!("write `{text}`"), edits, sure, import })
}
