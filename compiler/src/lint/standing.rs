//! Objections about how things are, which count where a change brings them about.
//!
//! One that stood before counts again only for a change that writes one of its subjects. So one without a resource among
//! them counts once: when it stands, nothing brings it about any more. And one that reads who has authority reads it in
//! each world: with a tag that names an owner, or an exception of its own, a change may end it. What the rules of helping
//! authority relations rest on counts as well.
//!
//! An objection about the change itself is asked anew each time, and reads authority in the world before: what an authority
//! relation counts or adds up, such an objection never sees the change of.

use super::after::{CONFIG, each, local};
use super::ways::{Way, leaves, ways};
use super::{Module, relations, rules};
use crate::binding::mentioned;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Expr, Head, Literal, Qualifier, Relation, Rule, Word};
use program::{Aggregate, Comparison, Type, World};
use rustc_hash::{FxHashMap, FxHashSet};

/// Reports objections of `own`.
///
/// - `modules`: all, so that every relation is known.
pub(super) fn lint(modules: &[&Module<'_>], own: &[&Module<'_>]) -> Vec<Diagnostic> {
    let relations = relations(modules);
    let helpers = Helpers::of(modules, &relations);
    let mut found = Vec::new();
    for (module, item, rule) in rules(own) {
        let Head::Relation { name, terms, word: Some(Word::Deny | Word::Escalate) } = &rule.head else { continue };
        if is_about_a_change(rule, &relations) {
            found.extend(helpers.unseen(rule).map(|told| told.located(module, item)));
            continue;
        }
        let told = once(local(name), terms, rule, &relations).into_iter().chain(disarmed(rule, &relations, &helpers));
        found.extend(told.map(|told| told.located(module, item)));
    }
    found
}

/// Whether something else than its subjects may bring an objection about, so that what stands is passed over by the next change of
/// that.
///
/// - `relation`: what is declared of a relation.
pub(crate) fn counts_once<'r>(rule: &Rule, relation: &impl Fn(&str) -> Option<&'r Relation>) -> bool {
    let mut mentioned = FxHashMap::default();
    leaves(&rule.body, &mut |literal| {
        if let Literal::Atom(atom) = literal
            && let Some(relation) = relation(&atom.relation)
        {
            mentioned.insert(atom.relation.as_str(), relation);
        }
    });
    match &rule.head {
        Head::Relation { terms, word: Some(Word::Deny | Word::Escalate), .. } => {
            !is_about_a_change(rule, &mentioned) && once("", terms, rule, &mentioned).is_some()
        }
        Head::Relation { .. } | Head::Cover { .. } => false,
    }
}

fn is_about_a_change(rule: &Rule, relations: &FxHashMap<&str, &Relation>) -> bool {
    let mut about = false;
    each(&rule.body, false, &mut |literal, _| {
        if let Literal::Atom(atom) = literal {
            let relation = relations.get(atom.relation.as_str());
            about |= atom.world != World::Here || relation.is_some_and(|r| r.qualifier == Qualifier::Change);
        }
    });
    about
}

/// An objection outside of a blueprint without a resource among its subjects; inside of one that is an error.
fn once(name: &str, subjects: &[Expr], rule: &Rule, relations: &FxHashMap<&str, &Relation>) -> Option<Diagnostic> {
    let resource = Type::Entity(String::from("std.state.Resource"));
    let is_resource = |term: &Expr| matches!(term, Expr::Variable(v) if rule.variables[*v].r#type == resource);
    if let Some(atom) = passed_over(subjects, rule, relations) {
        let Expr::Variable(other) = &atom.terms[0] else { return None };
        let other = &rule.variables[*other].name;
        return Some(
            Diagnostic::new(
                Code::CountsOnce,
                format!("once `{name}` stands, no change of another `{other}` is objected to because of it"),
            )
            .label(atom.span, format!("what `{other}` says brings it about, and `{other}` is no subject"))
            .law("what stood before counts again only for a change that writes one of its subjects")
            .help(format!("make `{other}` a subject too; or say what the change does: `writes(a, {other})`")),
        );
    }
    if rule.blueprint.is_some()
        || subjects.iter().any(is_resource)
        || subjects.iter().any(|term| says_how_much(rule, term))
    {
        return None;
    }
    let found =
        Diagnostic::new(Code::CountsOnce, format!("once `{name}` stands, no change is objected to because of it"))
            .label(rule.span, "no resource is among its subjects")
            .law("what stood before counts again only for a change that writes one of its subjects")
            .help("make the resource a subject; or say how bad it is, `most n: int`, so that worse counts anew");
    Some(found)
}

/// A number that is held against a limit: with another one it is another violation.
fn says_how_much(rule: &Rule, subject: &Expr) -> bool {
    use Comparison::{AtLeast, AtMost, Greater, Less};
    let number = matches!(subject, Expr::Variable(v)
        if matches!(rule.variables[*v].r#type, Type::Int | Type::Nat | Type::Decimal | Type::Duration));
    number
        && rule.body.iter().any(|literal| match literal {
            Literal::Compare(Less | AtMost | Greater | AtLeast, left, right, _) => left == subject || right == subject,
            _ => false,
        })
}

/// The configuration of a resource that is no subject, though others are: each such resource may bring the objection about.
/// One that a key makes the only one of its subjects is none of them.
fn passed_over<'r>(subjects: &[Expr], rule: &'r Rule, relations: &FxHashMap<&str, &Relation>) -> Option<&'r Atom> {
    let atoms = || {
        rule.body.iter().filter_map(|literal| match literal {
            Literal::Atom(atom) => Some(atom),
            _ => None,
        })
    };
    let mut settled: Vec<&Expr> = subjects.iter().collect();
    loop {
        let before = settled.len();
        for atom in atoms() {
            let key = relations.get(atom.relation.as_str()).and_then(|relation| relation.key.as_ref());
            let named = |column: &usize| match &atom.terms[*column] {
                Expr::Constant(_) => true,
                term => settled.contains(&term),
            };
            if key.is_some_and(|key| key.columns.iter().all(named)) {
                let more: Vec<&Expr> = atom.terms.iter().filter(|term| !settled.contains(term)).collect();
                settled.extend(more.into_iter().filter(|term| matches!(term, Expr::Variable(_))));
            }
        }
        if settled.len() == before {
            break;
        }
    }
    atoms().find(|atom| {
        let resource = atom.terms.first();
        (atom.relation == CONFIG && atom.world == World::Here)
            && resource.is_some_and(|term| matches!(term, Expr::Variable(_)) && !settled.contains(&term))
    })
}

/// Who has authority, where the change may write it.
///
/// Whether anybody answers for a resource, and who is told of it, is no finding: what leaves it without anybody is asked
/// about in any case, and naming somebody is what mends it.
fn disarmed(rule: &Rule, relations: &FxHashMap<&str, &Relation>, helpers: &Helpers<'_>) -> Option<Diagnostic> {
    let (atom, way) = ways(rule).into_iter().find(|(atom, way)| {
        relations.get(atom.relation.as_str()).is_some_and(|relation| relation.qualifier == Qualifier::Authority)
            && match ANSWERS.contains(&atom.relation.as_str()) {
                true => held_against(rule, atom, relations),
                // A change brings a fact even where there are rules; what they derive it cannot take away.
                false => {
                    *way != Way::Holds && is_about_a_resource(atom, relations)
                        || helpers.may_write(&atom.relation, *way)
                }
            }
    })?;
    let local = local(&atom.relation);
    let does = match way {
        Way::Holds => "taken away",
        Way::Fails => "set",
        Way::Both => "written",
    };
    Some(
        Diagnostic::new(
            Code::SwitchedOff,
            format!("the change may have {does} `{local}`, and so switched this objection off"),
        )
        .label(atom.span, "read in the world after the change, as the rest of the rule")
        .law("no change makes its own author legitimate: only a rule about a change reads who has authority from before")
        .help("make it a rule about the change: `writes(a, r)`; or `@allow(W0224)` where naming somebody else is meant to mend it"),
    )
}

/// Who answers for a resource, as the standard library has it.
const ANSWERS: [&str; 2] = ["std.authority.accountable", "std.ownership.owner"];

/// A change sets facts of its own resource alone, which stands first.
fn is_about_a_resource(atom: &Atom, relations: &FxHashMap<&str, &Relation>) -> bool {
    let first = relations.get(atom.relation.as_str()).and_then(|relation| relation.columns.first());
    first.is_some_and(|column| column.r#type == Type::Entity(String::from("std.state.Resource")))
}

/// Whether the rule says which party it has in mind. A party that is only told says nothing against another one.
fn held_against(rule: &Rule, atom: &Atom, relations: &FxHashMap<&str, &Relation>) -> bool {
    let party = Type::Entity(String::from("std.authority.Party"));
    let asked = |term: &Expr| match term {
        Expr::Variable(variable) => {
            let mut uses = 0;
            leaves(&rule.body, &mut |literal| uses += usize::from(mentioned(literal).contains(variable)));
            uses > 1 || is_collected(&rule.body, *variable)
        }
        term => *term != Expr::Any,
    };
    let relation = relations.get(atom.relation.as_str());
    let mut columns = relation.into_iter().flat_map(|relation| relation.columns.iter().zip(&atom.terms));
    columns.any(|(column, term)| column.r#type == party && asked(term))
}

/// Whether an aggregate hands its values on.
fn is_collected(body: &[Literal], variable: usize) -> bool {
    body.iter().any(|literal| match literal {
        Literal::Aggregate { how, member, body, .. } => {
            *how != Aggregate::Count && member.contains(&variable) || is_collected(body, variable)
        }
        Literal::Not(body, _) => is_collected(body, variable),
        _ => false,
    })
}

/// Authority relations of policies that have rules, and what a change may do to them through what those read.
struct Helpers<'a> {
    relations: &'a FxHashMap<&'a str, &'a Relation>,
    derived: FxHashMap<&'a str, Vec<&'a Rule>>,
    /// Those of which a change may bring a tuple, or take one away.
    written: FxHashSet<(&'a str, Way)>,
}

impl<'a> Helpers<'a> {
    fn of(modules: &[&'a Module<'a>], relations: &'a FxHashMap<&'a str, &'a Relation>) -> Helpers<'a> {
        let mut helpers = Helpers { relations, derived: FxHashMap::default(), written: FxHashSet::default() };
        for (_, _, rule) in rules(modules) {
            // What the standard library concludes of who answers for what is not what a rule holds against somebody.
            if let Head::Relation { name, word: None, .. } = &rule.head
                && relations.get(name.as_str()).is_some_and(|r| r.qualifier == Qualifier::Authority)
                && !name.starts_with("std.")
                && !rule.body.is_empty()
            {
                helpers.derived.entry(name).or_default().push(rule);
            }
        }
        loop {
            let before = helpers.written.len();
            let mut more = Vec::new();
            for (name, rule) in helpers.derived.iter().flat_map(|(name, rules)| rules.iter().map(|rule| (*name, *rule)))
            {
                for (atom, way) in ways(rule) {
                    for wanted in [Way::Holds, Way::Fails] {
                        // What must hold for the head is taken away to end it, and brought to make it.
                        if helpers.through(rule, atom, way.under(wanted)) {
                            more.push((name, wanted));
                        }
                    }
                }
            }
            helpers.written.extend(more);
            if helpers.written.len() == before {
                return helpers;
            }
        }
    }

    /// Whether the change may end a rule that asks for the relation in that way.
    fn may_write(&self, relation: &str, way: Way) -> bool {
        match self.derived.contains_key(relation) {
            true => match way {
                Way::Both => [Way::Holds, Way::Fails].iter().any(|way| self.written.contains(&(relation, *way))),
                way => self.written.contains(&(relation, way)),
            },
            // What only facts say, a change may write.
            false => self.relations.get(relation).is_some_and(|relation| {
                let resource = Type::Entity(String::from("std.state.Resource"));
                relation.columns.first().is_some_and(|column| column.r#type == resource)
                    && !relation.declared.name.starts_with("std.")
            }),
        }
    }

    /// An authority relation that counts or adds up how things are, asked by an objection about a change.
    fn unseen(&self, rule: &Rule) -> Option<Diagnostic> {
        let (atom, _) = ways(rule).into_iter().find(|(atom, _)| {
            let rules = self.derived.get(atom.relation.as_str()).map(Vec::as_slice).unwrap_or_default();
            atom.world == World::Here && rules.iter().any(|rule| rule.body.iter().any(|literal| self.counts(literal)))
        })?;
        let local = local(&atom.relation);
        Some(
            Diagnostic::new(
                Code::UnseenByChange,
                format!("`{local}` is as it was before the change, so that this objection never sees what the change adds to it"),
            )
            .label(atom.span, "an authority relation, read from the world before")
            .law("a rule about a change reads authority relations, and all that they count, from the world before")
            .help("make it a rule about how things are, without the action; and how bad it is a measure, `most n: int`"),
        )
    }

    /// An aggregate over what a change may write.
    fn counts(&self, literal: &Literal) -> bool {
        let Literal::Aggregate { body, .. } = literal else { return false };
        let mut found = false;
        leaves(body, &mut |literal| {
            if let Literal::Atom(atom) = literal {
                found |= self.relations.get(atom.relation.as_str()).is_some_and(|r| r.qualifier == Qualifier::Plain);
            }
        });
        found
    }

    fn through(&self, rule: &Rule, atom: &Atom, way: Way) -> bool {
        let authority = self.relations.get(atom.relation.as_str()).is_some_and(|r| r.qualifier == Qualifier::Authority);
        authority
            && match ANSWERS.contains(&atom.relation.as_str()) {
                true => names_one(rule, atom),
                false => self.may_write(&atom.relation, way),
            }
    }
}

/// Whether a party is written out: `accountable(r, "security")`, `p == "security"`.
fn names_one(rule: &Rule, atom: &Atom) -> bool {
    let compared = |variable: usize| {
        let mut found = false;
        leaves(&rule.body, &mut |literal| {
            if let Literal::Compare(_, one, other, _) = literal {
                let pair = [(one, other), (other, one)];
                found |= pair
                    .iter()
                    .any(|(one, other)| **one == Expr::Variable(variable) && matches!(other, Expr::Constant(_)));
            }
        });
        found
    };
    atom.terms.iter().skip(1).any(|term| match term {
        Expr::Variable(variable) => compared(*variable),
        Expr::Constant(_) => true,
        _ => false,
    })
}
