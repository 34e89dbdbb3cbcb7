//! Expressions: what a rule computes with, and the three answers a comparison has.
//!
//! Evaluation is pure and total. A path that is not there gives no value at all (`None`: absent), which makes a literal
//! not hold; `??` puts another value in its place. A value that is not known stays an unknown with an origin.
//! A path through a value of another shape (a key of a text, an index of an object) is such an unknown, not absent:
//! nobody knows what its author would have written. Nothing is there of `null` and, since tools write it for a block that
//! is not set, of an empty list.
//! JSON `null` read as any type but `json` counts as absent, since tools write it for "not set".

// LONG: evaluation, paths and comparisons share one reading of what is unknown.

use crate::text::{is_plain_key, quote};
use crate::{Decimal, Function, Json, Type, Unknown, Value};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::sync::Arc;

/// An expression over a rule's variables, which are numbered by position in [`crate::Rule::variables`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Expr {
    /// The value of a variable.
    Variable(usize),
    /// A constant.
    Constant(Value),
    /// A part of a json value.
    Path {
        /// What is read: a variable of type `json`, or another path.
        base: Box<Expr>,
        /// The way down, without `[*]`, which is the business of [`crate::Literal::Each`].
        steps: Vec<Step>,
    },
    /// The value read as a type; see [`convert`].
    As(Box<Expr>, Type),
    /// A pure, total function.
    Call(Function, Vec<Expr>),
    /// The left side, or where it is absent the right side. An unknown stays one,
    /// named with its default, since it may turn out to be absent.
    Default(Box<Expr>, Box<Expr>),
    /// A set of its members.
    Set(Vec<Expr>),
    /// A list of its members.
    List(Vec<Expr>),
    /// A json object of its entries.
    Object(Vec<(String, Expr)>),
}

/// One step down into a json value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// `.name` or `["name"]`.
    Key(String),
    /// `[0]`.
    Index(u32),
    /// `[k]`: the key or index that an expression gives.
    Computed(Expr),
}

/// A comparison of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `x in xs`: a member of a set or list, a key of nothing else.
    In,
    /// `not x in xs`.
    NotIn,
}

impl Comparison {
    /// The same with its sides exchanged; `None` where it cannot be said so.
    pub fn turned(self) -> Option<Comparison> {
        match self {
            Comparison::Equal | Comparison::NotEqual => Some(self),
            Comparison::Less => Some(Comparison::Greater),
            Comparison::AtMost => Some(Comparison::AtLeast),
            Comparison::Greater => Some(Comparison::Less),
            Comparison::AtLeast => Some(Comparison::AtMost),
            Comparison::In | Comparison::NotIn => None,
        }
    }

    /// The one that holds of known values where this one does not.
    pub fn opposite(self) -> Comparison {
        match self {
            Comparison::Equal => Comparison::NotEqual,
            Comparison::NotEqual => Comparison::Equal,
            Comparison::Less => Comparison::AtLeast,
            Comparison::AtMost => Comparison::Greater,
            Comparison::Greater => Comparison::AtMost,
            Comparison::AtLeast => Comparison::Less,
            Comparison::In => Comparison::NotIn,
            Comparison::NotIn => Comparison::In,
        }
    }
}

/// The answer of a comparison: `Possible` where an unknown decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Truth {
    /// It holds whatever the unknowns turn out to be.
    True,
    /// It fails whatever the unknowns turn out to be.
    False,
    /// It depends.
    Possible,
}

/// What `p is …` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Presence {
    /// There is no such part.
    Absent,
    /// It is stated to be nothing.
    Null,
    /// It is known only after apply.
    Unknown,
    /// It has a value that is neither null nor unknown; a sensitive one is present.
    Present,
}

/// The value of `expr` where variable `i` is `bound[i]`.
///
/// - returns: `None` where the value is absent. A variable without a value makes the whole absent, which never happens
///   in a rule whose literals run in a ready order.
pub fn evaluate(expr: &Expr, bound: &[Option<Value>]) -> Option<Value> {
    match expr {
        Expr::Variable(index) => bound.get(*index)?.clone(),
        Expr::Constant(value) => Some(value.clone()),
        Expr::Path { base, steps } => {
            let (mut at, rest) = follow(evaluate(base, bound)?, steps)?;
            for step in rest {
                at = descend(&at, step, bound)?;
            }
            Some(at)
        }
        Expr::As(inner, wanted) => convert(evaluate(inner, bound)?, wanted),
        Expr::Call(function, arguments) => {
            let values = arguments.iter().map(|a| evaluate(a, bound)).collect::<Option<Vec<_>>>()?;
            Some(function.call(&values))
        }
        Expr::Default(left, right) => match evaluate(left, bound) {
            Some(Value::Json(json)) if *json == Json::Null => evaluate(right, bound),
            // It may turn out to be absent, so two defaults over one unknown are two values.
            Some(Value::Unknown(unknown)) => Some(Value::Unknown(match evaluate(right, bound) {
                Some(other) => {
                    Unknown { origin: format!("{} ?? {}", unknown.origin, other.origin()).into(), ..unknown }
                }
                None => unknown,
            })),
            Some(value) => Some(value),
            None => evaluate(right, bound),
        },
        Expr::Set(items) => {
            let members = items.iter().map(|i| evaluate(i, bound)).collect::<Option<_>>()?;
            Some(Value::Set(Arc::new(members)))
        }
        Expr::List(items) => {
            let members: Vec<Value> = items.iter().map(|i| evaluate(i, bound)).collect::<Option<_>>()?;
            Some(Value::List(members.into()))
        }
        Expr::Object(entries) => {
            let mut object = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                object.push((key.as_str(), to_json(&evaluate(value, bound)?)));
            }
            Some(Value::json(Json::object(object)))
        }
    }
}

/// Goes down as far as keys and indexes lead to known parts, without a copy of what lies between.
///
/// - returns: where that ends, and the steps that are left.
fn follow(from: Value, steps: &[Step]) -> Option<(Value, &[Step])> {
    let Value::Json(json) = &from else { return Some((from, steps)) };
    let (mut at, mut rest) = (&**json, steps);
    while let [step, further @ ..] = rest {
        at = match (at, step) {
            (Json::Object(entries), Step::Key(key)) => entries.get(key.as_str())?,
            (Json::Array(items), Step::Index(index)) => items.get(*index as usize)?,
            _ => break,
        };
        rest = further;
    }
    if rest.len() == steps.len() { Some((from, steps)) } else { Some((Value::json(at.clone()), rest)) }
}

fn descend(at: &Value, step: &Step, bound: &[Option<Value>]) -> Option<Value> {
    let computed = match step {
        Step::Computed(expr) => Some(evaluate(expr, bound)?),
        Step::Key(_) | Step::Index(_) => None,
    };
    let shown = || match (step, &computed) {
        (Step::Key(key), _) if is_plain_key(key) => format!(".{key}"),
        (Step::Key(key), _) => format!("[{}]", quote(key)),
        (Step::Index(index), _) => format!("[{index}]"),
        (_, Some(Value::Text(key))) if is_plain_key(key) => format!(".{key}"),
        (_, Some(value)) => format!("[{value}]"),
        (Step::Computed(_), None) => String::from("[?]"),
    };
    let json = match at {
        Value::Unknown(unknown) => return Some(below(unknown, &shown())),
        Value::Json(json) => json,
        _ => return None,
    };
    let part = match (&**json, step, &computed) {
        (Json::Object(entries), Step::Key(key), _) => entries.get(key.as_str()),
        (Json::Object(entries), _, Some(Value::Text(key))) => entries.get(key),
        (Json::Array(items), Step::Index(index), _) => items.get(*index as usize),
        (Json::Array(items), _, Some(Value::Int(index))) => usize::try_from(*index).ok().and_then(|i| items.get(i)),
        (Json::Object(_) | Json::Array(_), _, Some(index)) if !index.is_known() => {
            return Some(Value::unknown(format!("{}{}", at.origin(), shown())));
        }
        (Json::Sensitive(digest), _, _) => return Some(Value::unknown(sensitive(digest, &shown()))),
        _ => return another_shape(at, json, step, computed.as_ref(), &shown()),
    };
    part.map(|json| Value::json(json.clone()))
}

/// What a step gives that leads into a value of another shape.
fn another_shape(at: &Value, json: &Json, step: &Step, computed: Option<&Value>, shown: &str) -> Option<Value> {
    let wanted = match (step, computed) {
        (Step::Key(_), _) | (_, Some(Value::Text(_))) => "an object",
        (Step::Index(_), _) | (_, Some(Value::Int(_))) => "a list",
        // Neither a key nor an index, of anything.
        (Step::Computed(_), _) => return None,
    };
    match json {
        Json::Null => None,
        Json::Array(items) if items.is_empty() => None,
        Json::Unknown(_) | Json::Sensitive(_) => None,
        Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) | Json::Array(_) | Json::Object(_) => {
            let words = at.origin();
            Some(match words.len() <= LONGEST {
                true => Value::unknown(format!("{words} as {wanted}{shown}")),
                // Two of one beginning need not be equal.
                false => {
                    let begin: String = words.chars().take(64).collect();
                    Value::Unknown(Unknown { origin: format!("{begin}… as {wanted}{shown}").into(), many: true })
                }
            })
        }
    }
}

/// A part of an unknown value.
///
/// What is named beyond [`LONGEST`] stands for all its parts: otherwise a rule that walks down into a value would never
/// come to an end in an unknown one.
fn below(unknown: &Unknown, step: &str) -> Value {
    if unknown.origin.len() > LONGEST {
        return Value::Unknown(Unknown { origin: unknown.origin.clone(), many: true });
    }
    let origin = format!("{}{step}", unknown.origin);
    Value::Unknown(Unknown { origin: origin.into(), many: unknown.many })
}

/// Bytes of an origin beyond which its parts have no names of their own.
const LONGEST: usize = 1_024;

/// The origin of a value that is hidden: its digest tells equal ones from others.
fn sensitive(digest: &str, rest: &str) -> String {
    format!("«sensitive» {}{rest}", digest.get(..32).unwrap_or(digest))
}

/// `value` read as `wanted`.
///
/// - returns: the value itself where it is of that type; a JSON scalar as the scalar; a string as the time, duration,
///   network, address or version it says; an int as a decimal; a set or list from a JSON array. `None` for JSON `null` (absent), unless `json` is wanted.
///   What is of another type, or sensitive, is an unknown that names it.
pub fn convert(value: Value, wanted: &Type) -> Option<Value> {
    let Value::Json(json) = &value else { return Some(restate(value, wanted)) };
    if *wanted == Type::Json {
        return Some(value);
    }
    let mistyped = || Value::unknown(format!("{} as {wanted}", value.origin()));
    Some(match (&**json, wanted) {
        (Json::Null, _) => return None,
        (Json::Sensitive(digest), _) => Value::unknown(sensitive(digest, "")),
        (Json::Bool(b), Type::Bool) => Value::Bool(*b),
        (Json::Int(n), Type::Int) => Value::Int(*n),
        (Json::Int(n), Type::Nat) if *n >= 0 => Value::Int(*n),
        (Json::Int(n), Type::Decimal) => Value::Decimal(Decimal::from(*n)),
        (Json::Decimal(text), Type::Decimal) => Decimal::parse(text).map_or_else(mistyped, Value::Decimal),
        (Json::Text(text), Type::String | Type::Entity(_) | Type::Enum(_)) => Value::Text(text.clone()),
        (Json::Text(text), Type::Time | Type::Duration | Type::Cidr | Type::Ip | Type::Version) => {
            Value::parse(text, wanted).unwrap_or_else(mistyped)
        }
        (Json::Array(items), Type::Set(inner)) => {
            Value::Set(Arc::new(items.iter().filter_map(|i| convert(Value::json(i.clone()), inner)).collect()))
        }
        (Json::Array(items), Type::List(inner)) => {
            Value::List(items.iter().filter_map(|i| convert(Value::json(i.clone()), inner)).collect())
        }
        _ => mistyped(),
    })
}

/// A value that is no json, where the text states another type for it: an int as a nat or a decimal, a text as the
/// time, network, address or version that it says.
fn restate(value: Value, wanted: &Type) -> Value {
    let mistyped = |value: &Value| Value::unknown(format!("{} as {wanted}", value.origin()));
    match (&value, wanted) {
        (Value::Int(n), Type::Nat) if *n < 0 => mistyped(&value),
        (Value::Int(n), Type::Decimal) => Value::Decimal(Decimal::from(*n)),
        (Value::Decimal(number), Type::Int) => number.to_int().map_or_else(|| mistyped(&value), Value::Int),
        (Value::Decimal(number), Type::Nat) => {
            number.to_int().filter(|n| *n >= 0).map_or_else(|| mistyped(&value), Value::Int)
        }
        (Value::Text(text), Type::Time | Type::Duration | Type::Cidr | Type::Ip | Type::Version) => {
            Value::parse(text, wanted).unwrap_or_else(|| mistyped(&value))
        }
        (Value::Ip(address), Type::Cidr) => Value::Cidr((*address).into()),
        (Value::Between(ends), Type::Decimal | Type::Nat | Type::Int) => {
            let (low, high) = (restate(ends.0.clone(), wanted), restate(ends.1.clone(), wanted));
            match low.is_known() && high.is_known() {
                true => Value::Between(Arc::new((low, high))),
                false => {
                    Value::Unknown(Unknown { origin: format!("{} as {wanted}", value.origin()).into(), many: true })
                }
            }
        }
        _ => value,
    }
}

/// `value` as JSON: the inverse of [`convert`], used where a value enters a json object or a json column.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(n) => Json::Int(*n),
        Value::Decimal(number) => Json::number(&number.to_string()).expect("bug: a decimal is a JSON number"),
        Value::Text(text) => Json::Text(text.clone()),
        Value::Json(json) => (**json).clone(),
        Value::Set(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Unknown(unknown) => Json::Unknown(unknown.origin.clone()),
        Value::Between(_) => Json::Unknown(value.to_string().into()),
        Value::Time(_) | Value::Duration(_) | Value::Cidr(_) | Value::Ip(_) | Value::Version(_) => {
            Json::text(value.show())
        }
    }
}

/// The elements that `x in value` ranges over, in order, each once.
///
/// - returns: the members of a set, a list, a JSON array, or the values of a JSON object (as `[*]` reads it).
///   An unknown or sensitive collection has one element that stands for any number (`many`), and so has a JSON value
///   that is no collection: tools write one element without its brackets. `null` and anything else has none.
pub fn elements(value: &Value) -> Vec<Value> {
    let many = |origin: &str| vec![Value::Unknown(Unknown { origin: format!("{origin}[*]").into(), many: true })];
    let mut found: Vec<Value> = match value {
        Value::Set(items) => return items.iter().cloned().collect(),
        Value::List(items) => items.to_vec(),
        Value::Json(json) => match &**json {
            Json::Array(items) => items.iter().map(|i| Value::json(i.clone())).collect(),
            Json::Object(entries) => entries.values().map(|v| Value::json(v.clone())).collect(),
            Json::Sensitive(digest) => return many(&sensitive(digest, "")),
            Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => {
                return many(&format!("{} as a list", value.origin()));
            }
            Json::Null | Json::Unknown(_) => Vec::new(),
        },
        // Elements of many collections are as many as those of one.
        Value::Unknown(unknown) if unknown.many => return vec![value.clone()],
        Value::Unknown(unknown) => return many(&unknown.origin),
        _ => Vec::new(),
    };
    found.sort();
    found.dedup();
    found
}

/// The values that the variable of a [`crate::Literal::Each`] ranges over, in order, each once.
///
/// - `then`: for each further `[*]`, the steps from an element to the next collection.
/// - `last`: the steps from the innermost element to the value.
/// - `wanted`: the type it is read as; see [`convert`].
/// - `possible`: whether the elements of an unknown collection count.
pub fn range(
    base: &Expr,
    then: &[Vec<Step>],
    last: &[Step],
    wanted: &Type,
    possible: bool,
    bound: &[Option<Value>],
) -> Vec<Value> {
    let walk = |from: Value, steps: &[Step]| steps.iter().try_fold(from, |at, step| descend(&at, step, bound));
    let opaque = |value: &Value| match value {
        Value::Unknown(_) => true,
        Value::Json(json) => matches!(**json, Json::Sensitive(_)),
        _ => false,
    };
    let within = |collection: Value| if opaque(&collection) && !possible { Vec::new() } else { elements(&collection) };
    let mut found: Vec<Value> = evaluate(base, bound).map(within).unwrap_or_default();
    for steps in then {
        found = found.into_iter().filter_map(|element| walk(element, steps)).flat_map(within).collect();
    }
    let mut values: Vec<Value> = found
        .into_iter()
        .filter_map(|element| walk(element, last))
        .filter_map(|value| convert(value, wanted))
        .collect();
    values.sort();
    values.dedup();
    values
}

/// Whether a part is there; `value` is what its path gave.
pub fn presence(value: Option<&Value>) -> Presence {
    match value {
        None => Presence::Absent,
        Some(Value::Unknown(unknown)) if unknown.origin.starts_with("«sensitive»") => Presence::Present,
        Some(Value::Unknown(_) | Value::Between(_)) => Presence::Unknown,
        Some(Value::Json(json)) if **json == Json::Null => Presence::Null,
        Some(_) => Presence::Present,
    }
}

/// Compares two values.
///
/// - returns: `True` or `False` only where every value of the unknowns gives that answer. An unknown equals itself.
///   Values of different types are unequal and in no order (`False`), which a checked program never asks.
pub fn compare(op: Comparison, left: &Value, right: &Value) -> Truth {
    match op {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => not(equal(left, right)),
        Comparison::Less => order(left, right, |o| o == Ordering::Less),
        Comparison::AtMost => order(left, right, |o| o != Ordering::Greater),
        Comparison::Greater => order(left, right, |o| o == Ordering::Greater),
        Comparison::AtLeast => order(left, right, |o| o != Ordering::Less),
        Comparison::In => member(left, right),
        Comparison::NotIn => not(member(left, right)),
    }
}

fn not(truth: Truth) -> Truth {
    match truth {
        Truth::True => Truth::False,
        Truth::False => Truth::True,
        Truth::Possible => Truth::Possible,
    }
}

fn any(answers: impl Iterator<Item = Truth>) -> Truth {
    let mut result = Truth::False;
    for answer in answers {
        match answer {
            Truth::True => return Truth::True,
            Truth::Possible => result = Truth::Possible,
            Truth::False => {}
        }
    }
    result
}

fn equal(left: &Value, right: &Value) -> Truth {
    if let (Value::Unknown(a), Value::Unknown(b)) = (left, right) {
        // Two elements of one unknown collection have one name and need not be equal.
        return if a == b && !a.many { Truth::True } else { Truth::Possible };
    }
    if left.is_known() && right.is_known() {
        return if left == right { Truth::True } else { Truth::False };
    }
    if let (Value::Between(_), _) | (_, Value::Between(_)) = (left, right) {
        let (below, above) =
            (order(left, right, |o| o == Ordering::Less), order(left, right, |o| o == Ordering::Greater));
        return if below == Truth::True || above == Truth::True { Truth::False } else { Truth::Possible };
    }
    if left == right && !left.holds_many() {
        return Truth::True;
    }
    if let (Value::Json(a), Value::Json(b)) = (left, right) {
        return if may_equal(a, b) { Truth::Possible } else { Truth::False };
    }
    Truth::Possible
}

fn may_equal(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Unknown(_) | Json::Sensitive(_), _) | (_, Json::Unknown(_) | Json::Sensitive(_)) => true,
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| may_equal(x, y)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, x)| b.get(key).is_some_and(|y| may_equal(x, y)))
        }
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value, wanted: impl Fn(Ordering) -> bool) -> Truth {
    let ends = |value: &Value| match value {
        Value::Between(ends) => (ends.0.clone(), ends.1.clone()),
        other => (other.clone(), other.clone()),
    };
    let ((low, high), (from, to)) = (ends(left), ends(right));
    for end in [&low, &high, &from, &to] {
        if matches!(end, Value::Unknown(_)) {
            let same = left == right && matches!(left, Value::Unknown(u) if !u.many);
            return match same {
                true if wanted(Ordering::Equal) => Truth::True,
                true => Truth::False,
                false => Truth::Possible,
            };
        }
    }
    let ordered = |a: &Value, b: &Value| match (a, b) {
        (Value::Int(x), Value::Int(y)) => Some(x.cmp(y)),
        (Value::Decimal(x), Value::Decimal(y)) => Some(x.cmp(y)),
        (Value::Ip(x), Value::Ip(y)) => Some(x.cmp(y)),
        (Value::Version(x), Value::Version(y)) => Some(x.cmp_precedence(y)),
        (Value::Time(x), Value::Time(y)) => Some(x.cmp(y)),
        (Value::Duration(x), Value::Duration(y)) => Some(x.cmp(y)),
        (Value::Text(x), Value::Text(y)) => Some(x.cmp(y)),
        _ => None,
    };
    let (Some(first), Some(last)) = (ordered(&low, &to), ordered(&high, &from)) else { return Truth::False };
    // `low` against `to` is the smallest the left can be beside the right, `high` against `from` the largest.
    let possible = [first, last]
        .into_iter()
        .chain((first <= Ordering::Equal && last >= Ordering::Equal).then_some(Ordering::Equal));
    let mut answers = possible.map(&wanted);
    match (answers.clone().all(|a| a), answers.any(|a| a)) {
        (true, _) => Truth::True,
        (false, false) => Truth::False,
        (false, true) => Truth::Possible,
    }
}

fn member(element: &Value, collection: &Value) -> Truth {
    match collection {
        Value::Set(items) => any(items.iter().map(|item| equal(element, item))),
        Value::List(items) => any(items.iter().map(|item| equal(element, item))),
        Value::Json(_) => any(elements(collection).iter().map(|item| match item {
            Value::Unknown(_) => Truth::Possible,
            item => equal(&Value::json(to_json(element)), item),
        })),
        Value::Unknown(_) => Truth::Possible,
        _ => Truth::False,
    }
}
