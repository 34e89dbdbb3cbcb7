//! Attributes: parts of the json values that a fact has, by the plain keys that rules read them with.
//!
//! Read downwards: [`Put`] is one attribute with another value, [`wishes`] are the values by which a literal of a rule would
//! come out the other way, then how json is read and written at a path.
//!
//! Not here: which attributes the one who asks has in hand (`reach`, `counter`).

use super::passing::{Edit, Kind};
use program::{Comparison, Expr, Json, Literal, Presence, Program, Rule, Step, Term, Tuple, Value, evaluate};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Values that are tried for one attribute.
const VALUES: usize = 4;

/// An attribute of a fact with another value, or without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Put {
    /// The column that is json.
    pub(super) column: usize,
    /// Keys, and positions of lists.
    pub(super) path: Vec<String>,
    /// `None` where it is not there.
    pub(super) value: Option<Json>,
}

impl Put {
    /// The fact with it; `None` where nothing leads there.
    pub(super) fn of(&self, tuple: &Tuple) -> Option<Tuple> {
        let Value::Json(json) = tuple.get(self.column)? else { return None };
        let json = put(json, &self.path, self.value.as_ref())?;
        let mut tuple = tuple.clone();
        tuple[self.column] = Value::Json(Arc::new(json));
        Some(tuple)
    }

    /// What it does, in words.
    pub(super) fn edit(&self, tuple: &Tuple) -> Edit {
        let (name, of) = (self.path.join("."), tuple.first().map(Value::show).unwrap_or_default());
        match &self.value {
            Some(value) => {
                let text = format!("set {name} of {of} to {}", crate::words::cut(&value.to_string(), 60));
                Edit { kind: Kind::Set, text }
            }
            None => Edit { kind: Kind::Unset, text: format!("do not set {name} of {of}") },
        }
    }
}

/// An attribute of the json value that a variable of the rule holds, and a value for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wish {
    /// The variable.
    pub(super) variable: usize,
    /// Plain keys.
    pub(super) path: Vec<String>,
    /// `None` where it should not be there.
    pub(super) value: Option<Json>,
}

/// Values of attributes by which a literal of the rule may hold, or may not.
///
/// - `holds`: which of both is wished for.
/// - `binding`: what is bound so far; of values that are not, nothing is told.
pub(super) fn wishes(
    program: &Program,
    rule: &Rule,
    literal: &Literal,
    binding: &[Option<Value>],
    holds: bool,
) -> BTreeSet<Wish> {
    let mut found = BTreeSet::new();
    let mut add = |expr: &Expr, values: &mut dyn Iterator<Item = Option<Json>>| {
        if let Some((variable, path)) = attribute(rule, expr) {
            found.extend(values.take(VALUES).map(|value| Wish { variable, path: path.clone(), value }));
        }
    };
    match literal {
        Literal::Test { op, left, right, .. } => {
            for (own, other, op) in [(left, right, Some(*op)), (right, left, op.turned())] {
                let (Some(op), Some(other)) = (op, evaluate(other, binding)) else { continue };
                add(own, &mut fitting(op, &other, holds).into_iter().map(Some));
            }
        }
        Literal::Is { expr, accept } => match accept.contains(&Presence::Present) == holds {
            true => add(expr, &mut asked(program, rule, expr).into_iter().map(Some)),
            false => add(expr, &mut std::iter::once(None)),
        },
        // It is absent, or not of the type.
        Literal::Bind { variable, expr } if holds => {
            let compared = rule.body.iter().flat_map(|literal| match literal {
                Literal::Test { op, left, right, .. } => {
                    let sides = [(left, right, Some(*op)), (right, left, op.turned())];
                    let own = sides.into_iter().find(|(own, ..)| **own == Expr::Variable(*variable));
                    let known = own.and_then(|(_, other, op)| Some((op?, evaluate(other, binding)?)));
                    known.map(|(op, other)| fitting(op, &other, true)).unwrap_or_default()
                }
                _ => Vec::new(),
            });
            let spoken = asked(program, rule, expr);
            add(expr, &mut compared.chain(spoken).map(Some));
        }
        Literal::Bind { .. } | Literal::Each { .. } => {}
        Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. } => {}
    }
    found
}

/// The attribute that an expression reads, of which variable; `None` where it reads none or computes something of it.
fn attribute(rule: &Rule, expr: &Expr) -> Option<(usize, Vec<String>)> {
    match expr {
        Expr::Path { base, steps } => {
            let (variable, mut path) = match &**base {
                Expr::Variable(variable) => bound(rule, *variable).unwrap_or((*variable, Vec::new())),
                other => attribute(rule, other)?,
            };
            for step in steps {
                let Step::Key(key) = step else { return None };
                path.push(key.clone());
            }
            Some((variable, path))
        }
        Expr::As(inner, _) | Expr::Default(inner, _) => attribute(rule, inner),
        Expr::Variable(variable) => bound(rule, *variable),
        Expr::Constant(_) | Expr::Call(..) | Expr::Set(_) | Expr::List(_) | Expr::Object(_) => None,
    }
}

/// The attribute whose value a variable was given.
fn bound(rule: &Rule, wanted: usize) -> Option<(usize, Vec<String>)> {
    rule.body.iter().find_map(|literal| match literal {
        Literal::Bind { variable, expr } if *variable == wanted && *expr != Expr::Variable(wanted) => {
            attribute(rule, expr)
        }
        _ => None,
    })
}

/// Values that other rules compare the same attribute with: what the policy has words for.
fn asked(program: &Program, rule: &Rule, expr: &Expr) -> Vec<Json> {
    let Some((_, path)) = attribute(rule, expr) else { return Vec::new() };
    let mut found = BTreeSet::new();
    for rule in &program.rules {
        for literal in &rule.body {
            let Literal::Test { op, left, right, .. } = literal else { continue };
            for (own, other) in [(left, right), (right, left)] {
                if let Expr::Constant(value) = other
                    && attribute(rule, own).is_some_and(|(_, other)| other == path)
                {
                    found.extend(fitting(*op, value, true));
                }
            }
        }
    }
    found.into_iter().collect()
}

/// Values `x` with which `x op other` holds, or does not; the nearest ones.
fn fitting(op: Comparison, other: &Value, holds: bool) -> Vec<Json> {
    let op = if holds { op } else { op.opposite() };
    let beside = |by: i64| match other {
        Value::Int(n) => n.checked_add(by).map(Json::Int),
        _ => None,
    };
    match op {
        Comparison::Equal | Comparison::AtMost | Comparison::AtLeast => json(other).into_iter().collect(),
        Comparison::NotEqual => match other {
            Value::Bool(b) => vec![Json::Bool(!b)],
            Value::Json(json) => match **json {
                Json::Bool(b) => vec![Json::Bool(!b)],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        },
        Comparison::Less => beside(-1).into_iter().collect(),
        Comparison::Greater => beside(1).into_iter().collect(),
        Comparison::In => match other {
            Value::Set(members) => members.iter().filter_map(json).take(VALUES).collect(),
            Value::List(members) => members.iter().filter_map(json).take(VALUES).collect(),
            _ => Vec::new(),
        },
        Comparison::NotIn => Vec::new(),
    }
}

/// A known value as a configuration says it.
fn json(value: &Value) -> Option<Json> {
    value.is_known().then(|| program::to_json(value))
}

/// The columns of an atom that a variable stands in.
pub(super) fn columns(terms: &[Term], variable: usize) -> impl Iterator<Item = usize> {
    terms.iter().enumerate().filter(move |(_, term)| **term == Term::Variable(variable)).map(|(column, _)| column)
}

/// The value at a path of keys.
pub(super) fn at<'j>(json: &'j Json, path: &[String]) -> Option<&'j Json> {
    path.iter()
        .try_fold(json, |json, key| if let Json::Object(entries) = json { entries.get(key.as_str()) } else { None })
}

/// The same with another value at a path of keys and positions, or with none at a key.
fn put(json: &Json, path: &[String], value: Option<&Json>) -> Option<Json> {
    let (key, rest) = path.split_first()?;
    if let Json::Array(items) = json {
        let at: usize = key.parse().ok()?;
        let mut items = items.clone();
        *items.get_mut(at)? = match rest {
            [] => value?.clone(),
            rest => put(items.get(at)?, rest, value)?,
        };
        return Some(Json::Array(items));
    }
    let Json::Object(entries) = json else { return None };
    let mut entries = entries.clone();
    let new = match (rest, value) {
        ([], value) => value.cloned(),
        (rest, Some(_)) => {
            let none = Json::object::<&str>([]);
            let inner = entries.get(key.as_str()).filter(|inner| **inner != Json::Null).unwrap_or(&none);
            Some(put(inner, rest, value)?)
        }
        (rest, None) => Some(put(entries.get(key.as_str())?, rest, None)?),
    };
    match new {
        Some(new) => entries.insert(key.as_str().into(), new),
        None => drop(entries.remove(key.as_str())),
    }
    Some(Json::Object(entries))
}

/// The same without an entry of the list at a path; `None` where there is none.
pub(super) fn without(json: &Json, path: &[String], entry: &str) -> Option<Json> {
    match (json, path.split_first()) {
        (Json::Array(items), None) => {
            let at = items.iter().position(|item| matches!(item, Json::Text(text) if **text == *entry))?;
            let others = items.iter().enumerate().filter(|(other, _)| *other != at);
            Some(Json::Array(others.map(|(_, item)| item.clone()).collect()))
        }
        (Json::Array(items), Some((key, rest))) => {
            let mut items = items.clone();
            let item = items.get_mut(key.parse::<usize>().ok()?)?;
            *item = without(item, rest, entry)?;
            Some(Json::Array(items))
        }
        (Json::Object(entries), Some((key, rest))) => {
            let mut entries = entries.clone();
            let inner = entries.get_mut(key.as_str())?;
            *inner = without(inner, rest, entry)?;
            Some(Json::Object(entries))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use program::{Truth, Type, compare, convert};
    use proptest::prelude::*;

    proptest! {
        /// A value that is offered does what it is offered for.
        #[test]
        fn what_fits_a_comparison_fits(n in -5i64..6, members in proptest::collection::btree_set(-3i64..4, 0..4), holds: bool) {
            let members = Value::Set(Arc::new(members.into_iter().map(Value::Int).collect()));
            let on_numbers = [
                Comparison::Equal, Comparison::NotEqual, Comparison::Less, Comparison::AtMost, Comparison::Greater, Comparison::AtLeast,
            ];
            let all = on_numbers.map(|op| (op, Value::Int(n))).into_iter();
            for (op, other) in all.chain([(Comparison::In, members.clone()), (Comparison::NotIn, members)]) {
                for value in fitting(op, &other, holds) {
                    let value = convert(Value::json(value), &Type::Int).expect("a number");
                    prop_assert_eq!(compare(op, &value, &other) == Truth::True, holds, "{} {:?} {}", value, op, other);
                }
            }
        }
    }
}
