//! Tuples, patterns and literals in the author's words.
//!
//! A relation is called by its last name; one of a blueprint by its instance and that: `orders/recoverable.survives`.

use program::{Comparison, Expr, Function, Json, Literal, Presence, Program, RelationId, Step, Value, evaluate};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The name of a relation as an author says it: `kind`; the possible reading is `kind, possibly`.
pub(crate) fn name(program: &Program, id: RelationId) -> String {
    let full = program.relation(id).name.as_str();
    let (plain, possibly) = match full.strip_suffix('?') {
        Some(plain) => (plain, ", possibly"),
        None => (full, ""),
    };
    format!("{}{possibly}", plain.rsplit('.').next().unwrap_or(plain))
}

/// A tuple: `encrypted_by("db", "key")`; one of a blueprint `orders/recoverable.key_lost("db", "key")`.
pub(crate) fn tuple(program: &Program, id: RelationId, tuple: &[Value]) -> String {
    let values: Vec<Option<Value>> = tuple.iter().cloned().map(Some).collect();
    written(program, id, &values, hidden)
}

/// The same for one line: larger json values as `{…}` or `[…]`.
pub(crate) fn line(program: &Program, id: RelationId, tuple: &[Value]) -> String {
    let values: Vec<Option<Value>> = tuple.iter().cloned().map(Some).collect();
    written(program, id, &values, brief)
}

/// A tuple of which some values may be any.
pub(crate) fn pattern(program: &Program, id: RelationId, values: &[Option<Value>]) -> String {
    written(program, id, values, brief)
}

fn written(program: &Program, id: RelationId, values: &[Option<Value>], show: impl Fn(&Value) -> String) -> String {
    let relation = program.relation(id);
    let (instance, rest) = match (relation.instanced, values) {
        (true, [Some(instance), rest @ ..]) => (format!("{}.", instance.show()), rest),
        (true, [None, rest @ ..]) => (String::new(), rest),
        _ => (String::new(), values),
    };
    let shown: Vec<String> = rest.iter().map(|value| value.as_ref().map_or(String::from("_"), &show)).collect();
    format!("{instance}{}({})", name(program, id), shown.join(", "))
}

/// A value as text in a list: quoted, with sensitive parts hidden and long ones cut.
pub(crate) fn hidden(value: &Value) -> String {
    let text = match value {
        Value::Json(json) => match &**json {
            Json::Text(text) => program::quote(text),
            other => other.show(),
        },
        other => other.to_string(),
    };
    cut(&text, 200)
}

/// The same, with a json value of more than a few words as `{…}` or `[…]`.
fn brief(value: &Value) -> String {
    let text = hidden(value);
    match value {
        Value::Json(json) if text.chars().count() > 40 => match &**json {
            Json::Object(_) => String::from("{…}"),
            Json::Array(_) => String::from("[…]"),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => text,
            Json::Unknown(_) | Json::Sensitive(_) => text,
        },
        _ => text,
    }
}

/// At most `most` characters, with `…` in place of the rest.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// A literal that computes, with its values in place: `4 > 3`.
pub(crate) fn computed(literal: &Literal, binding: &[Option<Value>]) -> String {
    match literal {
        Literal::Test { op: Comparison::Equal, left, right: Expr::Constant(Value::Bool(true)), .. } => {
            expression(left, binding)
        }
        Literal::Test { op, left, right, .. } => {
            format!("{} {} {}", expression(left, binding), comparison(*op), expression(right, binding))
        }
        Literal::Is { expr, accept } => {
            let kinds: Vec<&str> = accept.iter().map(|kind| presence_word(*kind)).collect();
            format!("{} is {}", expression(expr, binding), kinds.join(" or "))
        }
        Literal::Bind { variable, expr } => {
            format!("{} = {}", value_of(*variable, binding), expression(expr, binding))
        }
        Literal::Each { variable, base, then, last, .. } => {
            let mut path = expression(base, binding);
            for steps in then {
                path.push_str("[*]");
                steps.iter().for_each(|s| step(s, binding, &mut path));
            }
            if !(then.is_empty() && last.is_empty()) {
                path.push_str("[*]");
            }
            last.iter().for_each(|s| step(s, binding, &mut path));
            format!("{} in {path}", value_of(*variable, binding))
        }
        Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. } => String::new(),
    }
}

/// Whether a literal that computes says nothing that its binding does not show: a variable that is what it was bound
/// to, or the compiler's test that a value is known.
pub(crate) fn trivial(literal: &Literal, binding: &[Option<Value>]) -> bool {
    match literal {
        Literal::Bind { variable, expr } => value_of(*variable, binding) == expression(expr, binding),
        Literal::Is { accept, .. } => {
            accept.contains(&Presence::Null)
                && accept.contains(&Presence::Present)
                && !accept.contains(&Presence::Absent)
        }
        Literal::Holds(_)
        | Literal::Absent(_)
        | Literal::Test { .. }
        | Literal::Each { .. }
        | Literal::Aggregate { .. } => false,
    }
}

fn value_of(variable: usize, binding: &[Option<Value>]) -> String {
    binding.get(variable).and_then(Option::as_ref).map_or(String::from("_"), hidden)
}

fn comparison(op: Comparison) -> &'static str {
    match op {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Greater => ">",
        Comparison::AtLeast => ">=",
        Comparison::In => "in",
        Comparison::NotIn => "not in",
    }
}

fn presence_word(presence: Presence) -> &'static str {
    match presence {
        Presence::Absent => "absent",
        Presence::Null => "null",
        Presence::Unknown => "unknown",
        Presence::Present => "present",
    }
}

/// An expression with the values of its variables; paths keep their steps and show what they lead to.
fn expression(expr: &Expr, binding: &[Option<Value>]) -> String {
    let list = |items: &[Expr]| items.iter().map(|item| expression(item, binding)).collect::<Vec<_>>().join(", ");
    match expr {
        Expr::Variable(variable) => cut(&value_of(*variable, binding), 60),
        Expr::Constant(value) => hidden(value),
        Expr::Path { steps, .. } => match evaluate(expr, binding) {
            Some(value) => cut(&hidden(&value), 60),
            None => {
                let mut path = String::new();
                steps.iter().for_each(|s| step(s, binding, &mut path));
                path
            }
        },
        Expr::As(inner, _) => expression(inner, binding),
        Expr::Call(Function::Add, items) => infix(items, "+", binding),
        Expr::Call(Function::Subtract, items) => infix(items, "-", binding),
        Expr::Call(Function::Multiply, items) => infix(items, "*", binding),
        Expr::Call(function, items) => format!("{function}({})", list(items)),
        Expr::Default(left, right) => match evaluate(left, binding) {
            Some(value) => cut(&hidden(&value), 60),
            None => format!("{} ?? {}", expression(left, binding), expression(right, binding)),
        },
        Expr::Set(items) => format!("{{{}}}", list(items)),
        Expr::List(items) => format!("[{}]", list(items)),
        Expr::Object(entries) => {
            let shown: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key}: {}", expression(value, binding))).collect();
            format!("{{{}}}", shown.join(", "))
        }
    }
}

fn infix(items: &[Expr], sign: &str, binding: &[Option<Value>]) -> String {
    items.iter().map(|item| expression(item, binding)).collect::<Vec<_>>().join(&format!(" {sign} "))
}

fn step(step: &Step, binding: &[Option<Value>], path: &mut String) {
    let _ = match step {
        Step::Key(key) => write!(path, ".{key}"),
        Step::Index(index) => write!(path, "[{index}]"),
        Step::Computed(expr) => write!(path, "[{}]", expression(expr, binding)),
    };
}

/// Where the unknown values inside `value` come from.
pub(crate) fn origins(value: &Value, found: &mut BTreeSet<String>) {
    fn inside(json: &Json, found: &mut BTreeSet<String>) {
        match json {
            Json::Unknown(origin) => {
                found.insert(origin.to_string());
            }
            Json::Sensitive(_) => {
                found.insert(String::from("a sensitive value"));
            }
            Json::Array(items) => items.iter().for_each(|item| inside(item, found)),
            Json::Object(entries) => entries.values().for_each(|value| inside(value, found)),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => {}
        }
    }
    match value {
        Value::Unknown(unknown) => {
            found.insert(unknown.origin.to_string());
        }
        Value::Json(json) => inside(json, found),
        Value::Set(items) => items.iter().for_each(|item| origins(item, found)),
        Value::List(items) => items.iter().for_each(|item| origins(item, found)),
        Value::Between(_) => {
            found.insert(value.show());
        }
        Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Time(_) | Value::Duration(_) | Value::Cidr(_) => {}
    }
}
