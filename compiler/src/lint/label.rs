//! Rules about a change that rest on a label which the change may have set itself, or taken away.
//!
//! An editable relation holds what whoever asks can write: a tag. Of the very resource that is changed, read in the world
//! after, it says what the change says of itself: retag it, and be permitted, or be objected to no more. The same goes for
//! what rules conclude of a resource from its labels.
//!
//! A change relation that hands the changed resource on, `writes` among them, says what is changed as the action itself
//! does; one that holds of an action says of it what the labels of its resource say. What is read in either world the
//! change can make hold, and cannot make fail.
//!
//! Not here: what is held against who asks (`after`); labels of other resources, which the action does not write.

use super::after::{ACTION, CREATED, EXISTS, in_front, local, variable, writes};
use super::verbs::verbs_of;
use super::ways::{Way, ways};
use super::{Module, relations, rules};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Expr, Head, Literal, Qualifier, Relation, Rule, Word};
use program::{Comparison, Type, World};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Reports atoms of permits and objections of `own`.
///
/// - `modules`: all, so that every relation is known.
pub(super) fn lint(modules: &[&Module<'_>], own: &[&Module<'_>]) -> Vec<Diagnostic> {
    let relations = relations(modules);
    let handing = handing(modules);
    let labels = labels(modules, &relations, &handing);
    let mut found = Vec::new();
    for module in own {
        let items: FxHashMap<u32, &syntax::ast::Item> = module.items.iter().map(|(at, item, _)| (*at, *item)).collect();
        for (name, item, rule) in rules(&[*module]) {
            let Head::Relation { word: Some(word), .. } = rule.head else { continue };
            let Changed { things, fresh, new } = Changed::by(rule, &handing);
            let atoms = ways(rule);
            let compared: BTreeSet<(&str, World)> =
                atoms.iter().map(|(atom, _)| (atom.relation.as_str(), atom.world)).collect();
            for (atom, way) in atoms {
                let Some(columns) = labels.get(atom.relation.as_str()) else { continue };
                let own = |(column, written): (&usize, &Written)| {
                    let wanted = match word {
                        Word::Permit => written.seen(atom.world).suits(way),
                        Word::Deny | Word::Escalate => written.seen(atom.world).ends(way),
                    };
                    // What a change relation says of a thing, it says because the thing is changed.
                    let handed = handing.get(atom.relation.as_str()).is_some_and(|(of, _)| of.contains(column));
                    let term = variable(&atom.terms[*column]);
                    wanted && term.is_some_and(|term| things.contains(&term) || handed && !fresh.contains(&term))
                };
                // An objection that compares the worlds knows of both.
                let beside = |world| compared.contains(&(atom.relation.as_str(), world));
                let known = beside(World::Before) || atom.world == World::Here && beside(World::Either);
                let known = known && word != Word::Permit;
                if !known && columns.iter().any(own) {
                    let kept = relations.get(atom.relation.as_str()).is_some_and(|r| r.qualifier == Qualifier::Plain);
                    let written = items.get(&item).is_some_and(|item| writes(item, atom.span, local(&atom.relation)));
                    let told = match word {
                        Word::Permit => labelled(atom, kept, written, new),
                        Word::Deny | Word::Escalate => switched_off(atom, way, kept, written),
                    };
                    found.push(told.located(name, item));
                }
            }
        }
    }
    found
}

/// What a change may do to a label.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Written {
    /// Make it hold.
    brings: bool,
    /// Make it fail.
    takes: bool,
}

impl Written {
    /// What is left of that where the label is read in `world`.
    fn seen(self, world: World) -> Written {
        match world {
            World::Here => self,
            World::Either => Written { takes: false, ..self },
            World::Before => Written::default(),
        }
    }

    /// The change may end a rule that asks for it in that way.
    fn ends(self, way: Way) -> bool {
        match way {
            Way::Holds => self.takes,
            Way::Fails => self.brings,
            Way::Both => self.takes || self.brings,
        }
    }

    /// The change may give a rule what it asks for in that way.
    fn suits(self, way: Way) -> bool {
        Written { brings: self.takes, takes: self.brings }.ends(way)
    }
}

/// A rule that concludes a relation: its name, the terms of its head, what its body reads and how, and which actions
/// change which resources there.
type Concluding<'a> = (&'a str, &'a [Expr], Vec<(&'a Atom, Way)>, Vec<(usize, usize)>);

/// The columns of relations of whose resources they say what a label says, and what a change may do to it: the first of
/// what is editable, and of what rules conclude from that.
fn labels<'a>(
    modules: &[&'a Module<'a>],
    relations: &FxHashMap<&'a str, &'a Relation>,
    handing: &Handing<'_>,
) -> FxHashMap<&'a str, BTreeMap<usize, Written>> {
    let editable = relations.iter().filter(|(_, relation)| relation.editable);
    let both = Written { brings: true, takes: true };
    let mut labels: FxHashMap<&str, BTreeMap<usize, Written>> =
        editable.map(|(name, _)| (*name, BTreeMap::from([(0, both)]))).collect();
    // Authority is read from the world before, whatever it rests on.
    let younger = |name: &str| relations.get(name).is_some_and(|r| r.qualifier != Qualifier::Authority);
    let concluding: Vec<Concluding<'_>> = rules(modules)
        .filter_map(|(_, _, rule)| match &rule.head {
            Head::Relation { name, terms, word: None } if younger(name) => {
                Some((name.as_str(), terms.as_slice(), ways(rule), changing(rule, handing)))
            }
            _ => None,
        })
        .collect();
    loop {
        let mut more = false;
        for (name, terms, atoms, changing) in &concluding {
            let mut said: BTreeMap<usize, Written> = BTreeMap::new();
            for (atom, way) in atoms {
                for (column, written) in labels.get(atom.relation.as_str()).into_iter().flatten() {
                    let seen = written.seen(atom.world);
                    if let Some(variable) = variable(&atom.terms[*column]) {
                        let known = said.entry(variable).or_default();
                        known.brings |= seen.suits(*way);
                        known.takes |= seen.ends(*way);
                    }
                }
            }
            for (action, resource) in changing {
                let of = said.get(resource).copied().unwrap_or_default();
                let known = said.entry(*action).or_default();
                known.brings |= of.brings;
                known.takes |= of.takes;
            }
            for (column, term) in terms.iter().enumerate() {
                let Some(new) = variable(term).and_then(|term| said.get(&term)) else { continue };
                if !new.brings && !new.takes {
                    continue;
                }
                let known = labels.entry(name).or_default().entry(column).or_default();
                let before = *known;
                known.brings |= new.brings;
                known.takes |= new.takes;
                more |= *known != before;
            }
        }
        if !more {
            return labels;
        }
    }
}

/// What a permit or an objection is about.
struct Changed {
    /// Resources that were there before, and the actions that change them.
    things: BTreeSet<usize>,
    /// Resources that were not, and the actions that make them.
    fresh: BTreeSet<usize>,
    /// One of the verbs makes something new, of which the world before says nothing.
    new: bool,
}

/// The columns of change relations that hand on what is changed, and whether it may be new.
type Handing<'a> = FxHashMap<&'a str, (BTreeSet<usize>, bool)>;

/// Least fixpoint over the change relations: `writes` is one of them.
fn handing<'a>(modules: &[&'a Module<'a>]) -> Handing<'a> {
    let mut handing = Handing::default();
    loop {
        let mut more = false;
        for (_, _, rule) in rules(modules) {
            let Head::Relation { name, terms, word: None } = &rule.head else { continue };
            let changed = Changed::by(rule, &handing);
            for (column, _) in
                terms.iter().enumerate().filter(|(_, t)| variable(t).is_some_and(|t| changed.things.contains(&t)))
            {
                let (columns, new) = handing.entry(name).or_default();
                more |= columns.insert(column) || !*new && changed.new;
                *new |= changed.new;
            }
        }
        if !more {
            return handing;
        }
    }
}

/// The actions of a rule with the resources that they change, as it says itself or is handed them.
fn changing(rule: &Rule, handing: &Handing<'_>) -> Vec<(usize, usize)> {
    let things = Changed::by(rule, handing).things;
    let is_action = |v: &usize| rule.variables[*v].r#type == Type::Entity(String::from("std.change.Action"));
    let mut pairs = Vec::new();
    for (atom, _) in ways(rule) {
        let here: Vec<usize> = atom.terms.iter().filter_map(variable).filter(|term| things.contains(term)).collect();
        let (actions, resources): (Vec<usize>, Vec<usize>) = here.into_iter().partition(is_action);
        pairs.extend(actions.iter().flat_map(|action| resources.iter().map(move |resource| (*action, *resource))));
    }
    pairs
}

impl Changed {
    fn by(rule: &Rule, handing: &Handing<'_>) -> Changed {
        let mut changed = Changed { things: BTreeSet::new(), fresh: BTreeSet::new(), new: false };
        for literal in &rule.body {
            // What the rule says to be new was not there, whatever else it says of it.
            if let Literal::Not(inner, _) = literal
                && let [Literal::Atom(atom)] = inner.as_slice()
                && (atom.relation.as_str(), atom.world) == (EXISTS, World::Before)
            {
                changed.fresh.extend(atom.terms.iter().filter_map(variable));
            }
            let Literal::Atom(Atom { relation, terms, .. }) = literal else { continue };
            match (relation.as_str(), terms.as_slice()) {
                (ACTION, [action, verb, resource]) => {
                    let creates = |verb: &&str| matches!(*verb, "create" | "import");
                    let verbs = verbs_of(rule, verb);
                    changed.new |= verbs.as_ref().is_none_or(|verbs| verbs.iter().any(creates));
                    let of = match verbs {
                        Some(verbs) if verbs.iter().all(creates) => &mut changed.fresh,
                        _ => &mut changed.things,
                    };
                    of.extend([action, resource].into_iter().filter_map(variable));
                }
                (CREATED, terms) => changed.fresh.extend(terms.iter().filter_map(variable)),
                (relation, terms) => {
                    let Some((columns, new)) = handing.get(relation) else { continue };
                    changed.new |= new;
                    changed.things.extend(columns.iter().filter_map(|column| variable(terms.get(*column)?)));
                }
            }
        }
        let named: Vec<(usize, usize)> = rule.body.iter().filter_map(same).collect();
        for found in [&mut changed.things, &mut changed.fresh] {
            loop {
                let before = found.len();
                for (one, other) in &named {
                    if found.contains(one) || found.contains(other) {
                        found.extend([*one, *other]);
                    }
                }
                if found.len() == before {
                    break;
                }
            }
        }
        changed.things.retain(|thing| !changed.fresh.contains(thing));
        changed
    }
}

/// `s = r`, `s == r`: two names of one resource.
fn same(literal: &Literal) -> Option<(usize, usize)> {
    match literal {
        Literal::Bind(one, other, _) => Some((*one, variable(other)?)),
        Literal::Compare(Comparison::Equal, one, other, _) => Some((variable(one)?, variable(other)?)),
        _ => None,
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

/// - `way`: whether it must hold, so that the change would have to take it away, or must not, so that it would have to bring it.
fn switched_off(atom: &Atom, way: Way, kept: bool, written: bool) -> Diagnostic {
    let (local, start) = (local(&atom.relation), in_front(atom));
    let (does, world) = match way {
        Way::Holds => ("taken away", "either."),
        Way::Fails => ("set", "before."),
        Way::Both => ("written", "before."),
    };
    let read = match atom.world {
        World::Either => "read in either world, so that it holds as soon as the change brings it",
        World::Here | World::Before => "read in the world after the change",
    };
    let found = Diagnostic::new(
        Code::SwitchedOff,
        format!("the change may have {does} `{local}`, and so switched this objection off"),
    )
    .label(atom.span, read)
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
