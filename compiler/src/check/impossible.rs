//! Bodies that contradict themselves: no facts can make the rule fire.
//!
//! What a body asks of one variable or path is a list of demands. Where few values are possible (a constant, a set, the
//! members of an enum) each is tried; else lower bounds are held against upper ones. Beside that: an atom that is asked
//! for and denied, a presence that no path has.
//!
//! Not here: relations that nothing can fill (`lint::empty`), which needs all rules.

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, Literal, Rule, Step};
use crate::library::Library;
use program::{Comparison, Presence, Truth, Type, Value, World};
use rustc_hash::FxHashMap;
use std::cmp::Ordering;
use syntax::ast::Span;

/// Reports a body that no tuples can satisfy, once.
pub(super) fn check(library: &Library<'_>, rule: &Rule, diagnostics: &mut Vec<Diagnostic>) {
    let found = demands(library, rule).or_else(|| denied(rule)).or_else(|| presence(rule));
    diagnostics.extend(found);
}

/// What is asked of one expression.
struct Demand<'a> {
    of: Expr,
    op: Comparison,
    value: &'a Value,
    span: Span,
}

fn demands(library: &Library<'_>, rule: &Rule) -> Option<Diagnostic> {
    let mut all: Vec<Demand<'_>> = Vec::new();
    let mut names: FxHashMap<usize, &Expr> = FxHashMap::default();
    for literal in &rule.body {
        if let Literal::Bind(target, value, _) = literal {
            names.entry(*target).or_insert(value);
        }
    }
    for literal in &rule.body {
        let (op, left, right, span) = match literal {
            Literal::Compare(op, left, right, span) => (*op, left.clone(), right, *span),
            Literal::Bind(variable, value @ Expr::Constant(_), span) => {
                (Comparison::Equal, Expr::Variable(*variable), value, *span)
            }
            Literal::Each { variable, base, then, last, span } if then.is_empty() && last.is_empty() => {
                (Comparison::In, Expr::Variable(*variable), base, *span)
            }
            _ => continue,
        };
        let (left, right) = (named(&names, &left), named(&names, right));
        match (&left, &right) {
            (Expr::Constant(a), Expr::Constant(b)) if program::compare(op, a, b) == Truth::False => {
                return Some(impossible(&[(span, "never true")]));
            }
            (a, b) if a == b && unlike(op) && !may_lack(a) => {
                return Some(impossible(&[(span, "both sides are the same")]));
            }
            _ => {}
        }
        let demand = match literal {
            Literal::Compare(op, _, Expr::Constant(value), span) => Some((left, *op, value, *span)),
            Literal::Compare(op, Expr::Constant(value), _, span) => op.turned().map(|op| (right, op, value, *span)),
            Literal::Bind(_, Expr::Constant(value), span) => Some((left, Comparison::Equal, value, *span)),
            Literal::Each { base: Expr::Constant(value), span, .. } => Some((left, Comparison::In, value, *span)),
            _ => None,
        };
        all.extend(demand.map(|(of, op, value, span)| Demand { of, op, value, span }));
    }
    // Found by what they are about: a rule may have thousands.
    let mut alike: FxHashMap<&Expr, Vec<&Demand<'_>>> = FxHashMap::default();
    let mut order: Vec<&Expr> = Vec::new();
    for demand in &all {
        let same = alike.entry(&demand.of).or_default();
        if same.is_empty() {
            order.push(&demand.of);
        }
        same.push(demand);
    }
    for of in order {
        let spans = conflict(library, rule, &alike[of]);
        if !spans.is_empty() {
            let name = match of {
                Expr::Variable(v) if !rule.variables[*v].name.contains(['#', '$']) => {
                    format!("`{}`", rule.variables[*v].name)
                }
                _ => String::from("this"),
            };
            let last = format!("leaves no value for {name}");
            let mut places: Vec<(Span, &str)> = vec![(spans[spans.len() - 1], last.as_str())];
            places.extend(spans[..spans.len() - 1].iter().map(|span| (*span, "together with this")));
            return Some(impossible(&places));
        }
    }
    None
}

/// The demands that together leave no value; none where some value may be left.
fn conflict(library: &Library<'_>, rule: &Rule, demands: &[&Demand<'_>]) -> Vec<Span> {
    let holds = |demand: &Demand<'_>, value: &Value| program::compare(demand.op, value, demand.value) != Truth::False;
    for demand in demands {
        let candidates: Vec<Value> = match (demand.op, demand.value) {
            (Comparison::Equal, value) => vec![value.clone()],
            (Comparison::In, Value::Set(members)) => members.iter().cloned().collect(),
            (Comparison::In, Value::List(members)) => members.to_vec(),
            _ => continue,
        };
        if !candidates.iter().all(Value::is_known) {
            return Vec::new();
        }
        let left: Vec<&Value> =
            candidates.iter().filter(|value| demands.iter().all(|other| holds(other, value))).collect();
        if left.is_empty() {
            // The fewest: one other that excludes all, else all of them.
            let alone = demands.iter().find(|other| !candidates.iter().any(|value| holds(other, value)));
            return match alone {
                Some(other) if other.span != demand.span => vec![demand.span, other.span],
                Some(_) => vec![demand.span],
                None => demands.iter().map(|demand| demand.span).collect(),
            };
        }
        return Vec::new();
    }
    let members: Option<Vec<Value>> = match demands.first().map(|demand| &demand.of) {
        Some(Expr::Variable(v)) => match &rule.variables[*v].r#type {
            Type::Bool => Some(vec![Value::Bool(false), Value::Bool(true)]),
            known => library.members(known).map(|members| members.iter().map(|m| Value::text(m.as_str())).collect()),
        },
        _ => None,
    };
    if let Some(members) = members
        && !members.is_empty()
        && !members.iter().any(|value| demands.iter().all(|demand| holds(demand, value)))
    {
        return demands.iter().map(|demand| demand.span).collect();
    }
    let low = |op: Comparison| matches!(op, Comparison::Greater | Comparison::AtLeast);
    let high = |op: Comparison| matches!(op, Comparison::Less | Comparison::AtMost);
    for below in demands.iter().filter(|demand| low(demand.op)) {
        for above in demands.iter().filter(|demand| high(demand.op)) {
            let strict = below.op == Comparison::Greater || above.op == Comparison::Less;
            let op = if strict { Comparison::Less } else { Comparison::AtMost };
            // Between two ints that follow each other there is none.
            let gap = match (below.value, above.value) {
                (Value::Int(a), Value::Int(b)) if below.op == Comparison::Greater && above.op == Comparison::Less => {
                    b.checked_sub(*a) == Some(1)
                }
                _ => false,
            };
            if gap || program::compare(op, below.value, above.value) == Truth::False {
                return vec![below.span, above.span];
            }
        }
    }
    Vec::new()
}

/// The expression with variables that only name another one written out.
fn named(names: &FxHashMap<usize, &Expr>, expr: &Expr) -> Expr {
    let Expr::Variable(variable) = expr else { return expr.clone() };
    match names.get(variable) {
        Some(value @ (Expr::Path(..) | Expr::As(..))) => (*value).clone(),
        _ => expr.clone(),
    }
}

/// Whether it holds of no value and itself.
fn unlike(op: Comparison) -> bool {
    matches!(op, Comparison::NotEqual | Comparison::Less | Comparison::Greater)
}

/// A path that leads nowhere is not itself either.
fn may_lack(expr: &Expr) -> bool {
    !matches!(expr, Expr::Variable(_) | Expr::Constant(_))
}

/// An atom that is asked for and denied.
fn denied(rule: &Rule) -> Option<Diagnostic> {
    for literal in &rule.body {
        let Literal::Not(inner, span) = literal else { continue };
        let [denied] = inner.as_slice() else { continue };
        for other in &rule.body {
            let meets = match (denied, other) {
                (Literal::Atom(denied), Literal::Atom(asked)) => {
                    let world = denied.world == asked.world || denied.world == World::Either;
                    let terms = denied.terms.iter().zip(&asked.terms);
                    world
                        && denied.relation == asked.relation
                        && denied.instance == asked.instance
                        && terms
                            .into_iter()
                            .all(|(denied, asked)| *denied == Expr::Any || denied == asked && *asked != Expr::Any)
                }
                (Literal::Covered(denied, _), Literal::Covered(asked, _)) => denied == asked,
                _ => false,
            };
            if meets {
                let asked = super::governance::span_of(other);
                return Some(impossible(&[(*span, "denies what is asked for"), (asked, "asked for here")]));
            }
        }
    }
    None
}

/// Presences that no path has at once.
fn presence(rule: &Rule) -> Option<Diagnostic> {
    let asked: Vec<(&Expr, &[Presence], Span)> = rule
        .body
        .iter()
        .filter_map(|literal| match literal {
            Literal::Is(expr, accept, span) => Some((expr, accept.as_slice(), *span)),
            _ => None,
        })
        .collect();
    for (position, (expr, accept, span)) in asked.iter().enumerate() {
        if accept.is_empty() {
            return Some(impossible(&[(*span, "no value is this")]));
        }
        for (other, others, at) in &asked[position + 1..] {
            // What is unknown may turn out to be any of the others.
            let unknown = accept.contains(&Presence::Unknown) || others.contains(&Presence::Unknown);
            if other == expr && !unknown && !accept.iter().any(|presence| others.contains(presence)) {
                return Some(impossible(&[(*at, "it cannot be this as well"), (*span, "asked for here")]));
            }
        }
        // A value is read from it, or from what lies in it: then it is there.
        if !accept.iter().all(|presence| matches!(presence, Presence::Absent | Presence::Null)) {
            continue;
        }
        let read = rule.body.iter().find_map(|literal| match literal {
            Literal::Compare(_, left, right, span) => {
                (needs(left, expr, accept, false) || needs(right, expr, accept, false)).then_some(*span)
            }
            Literal::Bind(_, value, span) => needs(value, expr, accept, false).then_some(*span),
            Literal::Each { base, span, .. } => needs(base, expr, accept, true).then_some(*span),
            Literal::Is(other, others, span) => {
                let there = !others.contains(&Presence::Absent);
                (there && lies(other, expr) == Some(Ordering::Greater)).then_some(*span)
            }
            Literal::Atom(_) | Literal::Covered(..) | Literal::Not(..) | Literal::Aggregate { .. } => None,
        });
        if let Some(read) = read {
            return Some(impossible(&[(*span, "then it has no value"), (read, "and its value is asked for here")]));
        }
    }
    None
}

/// Whether an expression has a value only where the path has one.
///
/// - `typed`: what it gives is read as another type than `json`, or ranged over: `null` is nothing then.
fn needs(expr: &Expr, path: &Expr, accept: &[Presence], typed: bool) -> bool {
    let nothing = |typed: bool| typed || !accept.contains(&Presence::Null);
    match expr {
        Expr::Any | Expr::Variable(_) | Expr::Constant(_) => lies(expr, path).is_some() && nothing(typed),
        Expr::Path(base, steps) => {
            let computed = steps.iter().any(|step| match step {
                Step::Computed(inner) => needs(inner, path, accept, true),
                Step::Key(_) | Step::Index(_) => false,
            });
            computed
                || match lies(expr, path) {
                    Some(Ordering::Greater) => true,
                    Some(_) => nothing(typed),
                    None => !matches!(**base, Expr::Path(..) | Expr::Variable(_)) && needs(base, path, accept, true),
                }
        }
        Expr::As(inner, wanted) => needs(inner, path, accept, typed || *wanted != Type::Json),
        Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => {
            items.iter().any(|item| needs(item, path, accept, false))
        }
        Expr::Object(entries) => entries.iter().any(|(_, value)| needs(value, path, accept, false)),
        // What stands behind `??` takes its place.
        Expr::Default(_, right) => needs(right, path, accept, typed),
    }
}

/// Whether a path leads to where another one does (`Equal`), or into it (`Greater`).
fn lies(inner: &Expr, outer: &Expr) -> Option<Ordering> {
    let ((root, way), (other, start)) = (flat(inner), flat(outer));
    (root == other && !start.is_empty() && way.starts_with(&start)).then(|| way.len().cmp(&start.len()))
}

/// A path's root and all its steps.
fn flat(expr: &Expr) -> (&Expr, Vec<&Step>) {
    match expr {
        Expr::Path(base, steps) => {
            let (root, mut way) = flat(base);
            way.extend(steps);
            (root, way)
        }
        other => (other, Vec::new()),
    }
}

fn impossible(places: &[(Span, &str)]) -> Diagnostic {
    let diagnostic = places
        .iter()
        .fold(Diagnostic::new(Code::NeverFires, "this rule can never fire"), |diagnostic, (span, text)| {
            diagnostic.label(*span, *text)
        });
    diagnostic
        .law("a rule fires where every condition of its body holds at once")
        .help("alternatives are rules of their own: write one rule for each")
}
