//! What permits, denies and escalates must say.

use crate::binding::mentioned;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Expr, Head, Literal, Rule, Word};
use crate::resolve::Context;
use program::{Comparison, Type};
use std::collections::BTreeSet;
use syntax::ast::Span;

const ACTION: &str = "std.change.action";
const DESTROYS: &str = "std.change.destroys";
const WRITES: &str = "std.change.writes";
const NOW: &str = "std.time.now";

/// Reports a governance rule that would mean nothing, or too much.
pub(super) fn check(context: Context<'_>, rule: &Rule, diagnostics: &mut Vec<Diagnostic>) {
    let Head::Relation { terms, word: Some(word), .. } = &rule.head else { return };
    let subjects: Vec<usize> = terms.iter().filter_map(variable).collect();
    match word {
        Word::Permit => permit(context, rule, &subjects, diagnostics),
        Word::Deny | Word::Escalate if context.blueprint.is_some() && !about_covered(rule, &subjects) => {
            diagnostics.push(uncovered(rule, &subjects));
        }
        Word::Deny | Word::Escalate => {}
    }
}

fn permit(context: Context<'_>, rule: &Rule, subjects: &[usize], diagnostics: &mut Vec<Diagnostic>) {
    if context.blueprint.is_none() {
        diagnostics.push(outside(rule));
    }
    let action = subjects
        .first()
        .copied()
        .filter(|v| rule.variables[*v].r#type == Type::Entity(String::from("std.change.Action")));
    let Some(action) = action else {
        diagnostics.push(no_action(rule, subjects));
        return;
    };
    if !atoms(&rule.body).any(|atom| verb_is_bound(rule, atom, action)) {
        diagnostics.push(any_verb(rule, action));
    }
    if let Some(stray) = stray_part(rule, action) {
        diagnostics.push(disconnected(rule, stray));
    }
}

/// Whether the atom names the action's verb: by a constant, a set of constants, or a parameter.
fn verb_is_bound(rule: &Rule, atom: &Atom, action: usize) -> bool {
    let [first, verb, ..] = atom.terms.as_slice() else { return false };
    if variable(first) != Some(action) {
        return false;
    }
    if atom.relation == DESTROYS {
        return true;
    }
    let fixed = |expr: &Expr| match expr {
        Expr::Constant(_) => true,
        Expr::Variable(v) => rule.variables[*v].parameter,
        _ => false,
    };
    atom.relation == ACTION
        && (fixed(verb)
            || variable(verb).is_some_and(|verb| {
                rule.body.iter().any(|literal| match literal {
                    Literal::Compare(Comparison::In | Comparison::Equal, left, right, _) => {
                        variable(left) == Some(verb) && fixed(right) || variable(right) == Some(verb) && fixed(left)
                    }
                    Literal::Bind(target, expr, _) => *target == verb && fixed(expr),
                    Literal::Each { variable, base, .. } => *variable == verb && fixed(base),
                    _ => false,
                })
            }))
}

/// A literal of a part of the body that shares no variable with the action's. What only asks the time is none: the time of
/// a decision is the same for all that is in it.
fn stray_part(rule: &Rule, action: usize) -> Option<usize> {
    let free = |literal: &Literal| -> BTreeSet<usize> {
        mentioned(literal).into_iter().filter(|v| !rule.variables[*v].parameter).collect()
    };
    let parts: Vec<BTreeSet<usize>> = rule.body.iter().map(free).collect();
    let with = |mut reached: BTreeSet<usize>| loop {
        let before = reached.len();
        for part in &parts {
            if !part.is_disjoint(&reached) {
                reached.extend(part.iter().copied());
            }
        }
        if reached.len() == before {
            return reached;
        }
    };
    let reached = with(BTreeSet::from([action]));
    let asks_the_time = |at: usize| {
        let part = with(parts[at].clone());
        let mut literals = rule.body.iter().zip(&parts).filter(|(_, own)| !own.is_disjoint(&part));
        !part.is_empty()
            && literals.all(|(literal, _)| match literal {
                Literal::Atom(atom) => atom.relation == NOW,
                literal => matches!(literal, Literal::Compare(..) | Literal::Bind(..)),
            })
    };
    // A part without variables asks about the world at large, unless it names what it asks for.
    let at_large = |literal: &Literal| matches!(literal, Literal::Atom(atom) if atom.terms.contains(&Expr::Any));
    let stray = |at: &usize| parts[*at].is_disjoint(&reached) && (!parts[*at].is_empty() || at_large(&rule.body[*at]));
    (0..parts.len()).filter(stray).find(|at| !asks_the_time(*at))
}

/// Whether a subject is covered, or an action on something covered.
fn about_covered(rule: &Rule, subjects: &[usize]) -> bool {
    let covered: Vec<usize> = rule
        .body
        .iter()
        .filter_map(|literal| match literal {
            Literal::Covered(term, _) => variable(term),
            _ => None,
        })
        .collect();
    let acted = |resource: usize| {
        atoms(&rule.body).any(|atom| {
            let column = match atom.relation.as_str() {
                ACTION => 2,
                DESTROYS | WRITES => 1,
                _ => return false,
            };
            atom.terms.get(column).and_then(variable) == Some(resource)
        })
    };
    covered.into_iter().any(|resource| subjects.contains(&resource) || acted(resource))
}

/// The positive atoms of a body.
pub(super) fn atoms(body: &[Literal]) -> impl Iterator<Item = &Atom> {
    body.iter().filter_map(|literal| match literal {
        Literal::Atom(atom) => Some(atom),
        _ => None,
    })
}

pub(super) fn variable(term: &Expr) -> Option<usize> {
    match term {
        Expr::Variable(variable) => Some(*variable),
        _ => None,
    }
}

/// The word that a rule begins with.
fn word(rule: &Rule) -> Span {
    let length = match &rule.head {
        Head::Relation { word: Some(Word::Permit), .. } => "permit".len(),
        Head::Relation { word: Some(Word::Deny), .. } => "deny".len(),
        Head::Relation { word: Some(Word::Escalate), .. } => "escalate".len(),
        Head::Relation { word: None, .. } | Head::Cover { .. } => 0,
    };
    let end = rule.span.start.saturating_add(u32::try_from(length).unwrap_or_default());
    Span { start: rule.span.start, end: end.min(rule.span.end) }
}

/// Where the first subject stands in the head; the rule's word where it has none.
fn first_subject(rule: &Rule, subjects: &[usize]) -> Span {
    subjects.first().map_or_else(|| word(rule), |subject| rule.variables[*subject].span)
}

fn outside(rule: &Rule) -> Diagnostic {
    Diagnostic::new(Code::PermitOutside, "a permit stands only in a blueprint")
        .label(word(rule), "outside any blueprint")
        .law("a permit counts for what the intent covers that applies its blueprint")
        .help("put it into a `blueprint`, and `apply` that in an intent")
}

fn no_action(rule: &Rule, subjects: &[usize]) -> Diagnostic {
    let found = match subjects.first() {
        Some(subject) => {
            let subject = &rule.variables[*subject];
            format!("`{}` is {}, no action", subject.name, crate::constant::described(&subject.r#type))
        }
        None => String::from("has no subject"),
    };
    Diagnostic::new(Code::PermitSubject, "a permit's first subject is an action")
        .label(first_subject(rule, subjects), found)
        .law("a permit is for an `Action`: `permit name(a) if action(a, \"update\", r), …`")
}

fn any_verb(rule: &Rule, action: usize) -> Diagnostic {
    let named = atoms(&rule.body).find(|atom| atom.terms.first().and_then(variable) == Some(action));
    let span = named.map_or(rule.variables[action].span, |atom| atom.span);
    Diagnostic::new(Code::PermitVerb, "this permit is for any verb")
        .label(span, "binds no verb")
        .law("a permit's verb is a constant, or one of a set of constants or of a parameter")
        .help("write `action(a, \"update\", r)`, or `action(a, v, r), v in {\"update\", \"create\"}`")
}

fn disconnected(rule: &Rule, stray: usize) -> Diagnostic {
    let mut words = BTreeSet::new();
    // What stands inside of an aggregate only is the rule's own affair.
    let names = mentioned(&rule.body[stray]).into_iter().map(|v| rule.variables[v].name.as_str());
    words.extend(names.filter(|name| !name.contains('#')).map(|name| format!("`{name}`")));
    let words: Vec<String> = words.into_iter().collect();
    let verb = if words.len() == 1 { "occurs" } else { "occur" };
    let span = span_of(&rule.body[stray]);
    Diagnostic::new(Code::DisconnectedPermit, "this part of the permit has nothing to do with the action")
        .label(span, format!("{} {verb} nowhere with the action", words.join(", ")))
        .law("the parts of a permit's body share variables; a part by itself permits everybody")
        .help("say what it has to do with the action: with its resource in `action(a, \"update\", r)`, or with who asks in `actor(a, who)`")
}

fn uncovered(rule: &Rule, subjects: &[usize]) -> Diagnostic {
    let counted = rule.body.iter().any(|literal| match literal {
        Literal::Aggregate { body, .. } => body.iter().any(|inner| matches!(inner, Literal::Covered(..))),
        _ => false,
    });
    Diagnostic::new(Code::Uncovered, "this rule is about nothing that the intent covers")
        .label(first_subject(rule, subjects), "no subject is `covered`")
        .law("in a blueprint, a deny or escalate binds a subject with `covered`, or takes an action on a covered resource")
        .help(match counted {
            true => "what is covered inside of an aggregate is no subject: take one of the resources outside of it as well",
            false => "add `covered(r)` for the resource it protects",
        })
}

/// The words of a literal.
pub(crate) fn span_of(literal: &Literal) -> syntax::ast::Span {
    match literal {
        Literal::Atom(atom) => atom.span,
        Literal::Covered(_, span)
        | Literal::Not(_, span)
        | Literal::Compare(_, _, _, span)
        | Literal::Is(_, _, span)
        | Literal::Bind(_, _, span)
        | Literal::Each { span, .. }
        | Literal::Aggregate { span, .. } => *span,
    }
}
