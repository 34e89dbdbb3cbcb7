//! Denies and escalates that look for `delete` alone, which a replacement and a forgetting slip through.
//!
//! However the verb is spelled: in the atom, by a comparison, as a member of a set of one; and also where a change relation
//! asks for it, and a deny or an escalate reads that, directly or through others.
//!
//! INVARIANT: the one obvious repair is that of an atom which the author wrote in a deny or an escalate; what a relation
//! says may serve others as well, and a comparison has no place that could stay.
//! Not here: what is read of the deleted resource (`after`).

use super::after::{ACTION, DESTROYS, each, local, variable, writes};
use super::verbs::verbs_of;
use super::{Module, rules};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, Import, Place};
use crate::hir::{Atom, Expr, Head, Literal, Rule, Word};
use rustc_hash::{FxHashMap, FxHashSet};

/// Reports atoms of rules of `own`.
pub(super) fn lint(own: &[&Module<'_>]) -> Vec<Diagnostic> {
    let handing = handing(own);
    let helping = helping(own, &handing);
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
                if verbs(rule, atom, &handing).is_some_and(|verbs| verbs == ["delete"]) {
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
fn helping<'a>(own: &[&'a Module<'a>], handing: &Handing<'a>) -> FxHashSet<&'a str> {
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
            let asks = handing.contains_key(atom.relation.as_str());
            let more = atom.relation == DESTROYS || asks && others(verbs(rule, atom, handing));
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

/// Relations by whose column the verb of an action is asked for.
type Handing<'a> = FxHashMap<&'a str, usize>;

/// Actions themselves, and relations that hand on the verb of any of them that destroys.
fn handing<'a>(own: &[&'a Module<'a>]) -> Handing<'a> {
    let mut found = Handing::from_iter([(ACTION, 1)]);
    loop {
        let before = found.len();
        for (_, _, rule) in rules(own) {
            let Head::Relation { name, terms, word: None } = &rule.head else { continue };
            let mut handed = None;
            positive(rule, &mut |atom| {
                let verb = found.get(atom.relation.as_str()).and_then(|column| variable(atom.terms.get(*column)?));
                let all = || verbs(rule, atom, &found).is_some_and(|verbs| verbs.contains(&"replace"));
                if let Some(verb) = verb.filter(|_| all()) {
                    handed = terms.iter().position(|term| variable(term) == Some(verb)).or(handed);
                }
            });
            if let Some(column) = handed {
                found.entry(name).or_insert(column);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// The verbs that an atom of actions leaves possible; `None` of any other atom, and where a parameter says which.
fn verbs<'r>(rule: &'r Rule, atom: &'r Atom, handing: &Handing<'_>) -> Option<Vec<&'r str>> {
    verbs_of(rule, atom.terms.get(*handing.get(atom.relation.as_str())?)?)
}

fn delete_only(rule: &Rule, atom: &Atom, written: bool, sure: bool) -> Diagnostic {
    let shown = |term: Option<&Expr>| match term {
        // One of an inner body is told apart behind a `#`.
        Some(Expr::Variable(v)) => match rule.variables[*v].name.split('#').next() {
            Some(name) if !name.starts_with('$') => name.to_owned(),
            _ => String::from("_"),
        },
        Some(Expr::Constant(value)) => value.to_string(),
        _ => String::from("_"),
    };
    let text = format!("destroys({}, {})", shown(atom.terms.first()), shown(atom.terms.get(2)));
    let direct = atom.relation == ACTION;
    let spelled = atom.terms.get(1).filter(|_| direct).and_then(variable).map(|verb| &rule.variables[verb].name);
    let found = Diagnostic::new(Code::DeleteOnly, "a replacement and a forgetting slip through")
        .label(atom.span, "only `delete` is meant here")
        .law("`destroys(a, r)` holds for delete, replace and forget")
        .help(match spelled {
            None if !direct => format!(
                "have `{}` ask `destroys(a, r)`, or ask for `replace` and `forget` as well",
                local(&atom.relation)
            ),
            None => format!("write `{text}`, with `use std.change.destroys;`"),
            Some(verb) => {
                format!("write `{text}` in place of this and of what says `{verb}`, with `use std.change.destroys;`")
            }
        });
    if !written || !direct || spelled.is_some() {
        return found;
    }
    let edits = vec![Edit { place: Place { item: None, span: atom.span }, text: text.clone() }];
    let import = Some(Import { module: String::from("std.change"), name: String::from("destroys") });
    found.repair(Fix { title: format!("write `{text}`"), edits, sure, import })
}
