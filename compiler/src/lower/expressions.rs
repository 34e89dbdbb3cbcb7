//! Expressions of the author as expressions of the program.

use crate::hir;
use program::{Expr, Function, Step, Type, Value, Variable};

/// The expression; variables keep their positions.
pub(crate) fn expression(expr: &hir::Expr) -> Expr {
    let all = |items: &[hir::Expr]| items.iter().map(expression).collect();
    match expr {
        hir::Expr::Any => panic!("bug: `_` stands where the checks ask for a value"),
        hir::Expr::Variable(index) => Expr::Variable(*index),
        hir::Expr::Constant(value) => Expr::Constant(value.clone()),
        hir::Expr::Path(base, path) => Expr::Path { base: Box::new(expression(base)), steps: steps(path) },
        hir::Expr::As(inner, wanted) => Expr::As(Box::new(expression(inner)), wanted.clone()),
        hir::Expr::Call(function, items) => Expr::Call(*function, all(items)),
        hir::Expr::Default(left, right) => Expr::Default(Box::new(expression(left)), Box::new(expression(right))),
        hir::Expr::Set(items) => Expr::Set(all(items)),
        hir::Expr::List(items) => Expr::List(all(items)),
        hir::Expr::Object(entries) => {
            Expr::Object(entries.iter().map(|(key, value)| (key.clone(), expression(value))).collect())
        }
    }
}

/// Steps of a path.
pub(crate) fn steps(path: &[hir::Step]) -> Vec<Step> {
    let one = |step: &hir::Step| match step {
        hir::Step::Key(key) => Step::Key(key.clone()),
        hir::Step::Index(index) => Step::Index(*index),
        hir::Step::Computed(expr) => Step::Computed(expression(expr)),
    };
    path.iter().map(one).collect()
}

/// Whether the expression may have no value, if what unknowns stand for may be missing or null.
pub(crate) fn may_be_absent(expr: &Expr) -> bool {
    match expr {
        Expr::Variable(_) | Expr::Constant(_) => false,
        Expr::Path { .. } => true,
        Expr::As(inner, Type::Json) => may_be_absent(inner),
        Expr::As(inner, _) => match &**inner {
            Expr::Variable(_) => true,
            Expr::Default(_, right) => may_be_absent(right),
            other => may_be_absent(other),
        },
        Expr::Default(_, right) => may_be_absent(right),
        Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => items.iter().any(may_be_absent),
        Expr::Object(entries) => entries.iter().any(|(_, value)| may_be_absent(value)),
    }
}

/// How far a value may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doubt {
    /// Never.
    Known,
    /// It may be an unknown that is surely equal to itself.
    Unknown,
    /// It may be an interval, or stand for many values: not even surely equal to itself.
    Vague,
}

/// How far the expression may be unknown, where `doubts` says it of variables.
pub(crate) fn doubt(expr: &Expr, variables: &[Variable], doubts: &[Doubt]) -> Doubt {
    let all = |items: &[Expr]| items.iter().map(|item| doubt(item, variables, doubts)).max().unwrap_or(Doubt::Known);
    match expr {
        Expr::Variable(index) => doubts[*index],
        Expr::Constant(value) => constant_doubt(value),
        Expr::Path { base, .. } => doubt(base, variables, doubts).max(Doubt::Unknown),
        Expr::As(inner, wanted) => {
            let lossy = type_of(inner, variables).is_none_or(|from| may_fail(&from, wanted));
            doubt(inner, variables, doubts).max(if lossy { Doubt::Unknown } else { Doubt::Known })
        }
        Expr::Call(Function::Lowest | Function::Highest | Function::Shown, _) => Doubt::Known,
        Expr::Call(function, items) => {
            all(items).max(if partial(*function, items, variables) { Doubt::Unknown } else { Doubt::Known })
        }
        Expr::Default(left, right) => doubt(left, variables, doubts).max(doubt(right, variables, doubts)),
        Expr::Set(items) | Expr::List(items) => all(items),
        Expr::Object(entries) => {
            entries.iter().map(|(_, value)| doubt(value, variables, doubts)).max().unwrap_or(Doubt::Known)
        }
    }
}

/// How far a constant of the text is unknown.
pub(crate) fn constant_doubt(value: &Value) -> Doubt {
    match value {
        known if known.is_known() => Doubt::Known,
        Value::Between(_) => Doubt::Vague,
        vague if vague.holds_many() => Doubt::Vague,
        _ => Doubt::Unknown,
    }
}

/// Whether the call may give an unknown although every argument is known.
fn partial(function: Function, items: &[Expr], variables: &[Variable]) -> bool {
    // Times lie within the years 0001 to 9999, so their difference always is a duration.
    let times = || items.iter().all(|item| type_of(item, variables) == Some(Type::Time));
    match function {
        Function::Subtract => !times(),
        Function::Between | Function::OneOf => true,
        Function::AddHeld | Function::Lowest | Function::Highest | Function::Shown => false,
        // The size of a json value that is neither array nor object is not known.
        Function::Size => items.iter().any(|item| type_of(item, variables).is_none_or(|of| of == Type::Json)),
        _ => function.signature().is_none_or(|signature| {
            let written = |at: usize| matches!(items.get(at), Some(Expr::Constant(Value::Text(_))));
            signature.partial && !signature.pattern.is_some_and(|p| p.enough && written(p.parameter))
        }),
    }
}

/// Whether a value of the one type may say none of the other: json of another type, a text that says no time.
fn may_fail(from: &Type, wanted: &Type) -> bool {
    match (from, wanted) {
        (_, Type::Json) => false,
        (Type::Int | Type::Decimal, Type::Nat) | (Type::Decimal, Type::Int) => true,
        (
            Type::String | Type::Entity(_) | Type::Enum(_),
            Type::Time | Type::Duration | Type::Cidr | Type::Ip | Type::Version,
        ) => true,
        (from, _) => holds_json(from),
    }
}

/// Whether values of the type are json, or hold some.
pub(crate) fn holds_json(of: &Type) -> bool {
    match of {
        Type::Json => true,
        Type::Set(inner) | Type::List(inner) => holds_json(inner),
        Type::Entity(_) | Type::Enum(_) | Type::String | Type::Int | Type::Nat | Type::Decimal | Type::Bool => false,
        Type::Time | Type::Duration | Type::Cidr | Type::Ip | Type::Version => false,
    }
}

/// The type of an expression, where it is plain from its form.
pub(crate) fn type_of(expr: &Expr, variables: &[Variable]) -> Option<Type> {
    match expr {
        Expr::Variable(index) => Some(variables[*index].r#type.clone()),
        Expr::Constant(value) => constant_type(value),
        Expr::Path { .. } | Expr::Object(_) => Some(Type::Json),
        Expr::As(_, wanted) => Some(wanted.clone()),
        Expr::Default(left, right) => type_of(left, variables).or_else(|| type_of(right, variables)),
        Expr::Call(Function::AddHeld | Function::Lowest | Function::Highest, _) => Some(Type::Int),
        Expr::Call(Function::Shown, _) => Some(Type::String),
        Expr::Call(function, items) => {
            let arguments: Vec<Option<Type>> = items.iter().map(|item| type_of(item, variables)).collect();
            let fits = |wanted: &[Type]| {
                wanted.len() == arguments.len()
                    && wanted.iter().zip(&arguments).all(|(w, a)| a.as_ref().is_some_and(|a| w.takes(a)))
            };
            function
                .signature()?
                .instances(&arguments)
                .0
                .into_iter()
                .find(|(wanted, _)| fits(wanted))
                .map(|(_, result)| result)
        }
        Expr::Set(items) => items.first().and_then(|item| type_of(item, variables)).map(|of| Type::Set(Box::new(of))),
        Expr::List(items) => items.first().and_then(|item| type_of(item, variables)).map(|of| Type::List(Box::new(of))),
    }
}

fn constant_type(value: &Value) -> Option<Type> {
    Some(match value {
        Value::Bool(_) => Type::Bool,
        Value::Int(n) if *n >= 0 => Type::Nat,
        Value::Int(_) => Type::Int,
        Value::Decimal(_) => Type::Decimal,
        Value::Ip(_) => Type::Ip,
        Value::Version(_) => Type::Version,
        Value::Text(_) => Type::String,
        Value::Time(_) => Type::Time,
        Value::Duration(_) => Type::Duration,
        Value::Cidr(_) => Type::Cidr,
        Value::Json(_) => Type::Json,
        Value::Set(items) => Type::Set(Box::new(constant_type(items.first()?)?.widest())),
        Value::List(items) => Type::List(Box::new(constant_type(items.first()?)?.widest())),
        Value::Between(ends) => constant_type(&ends.0)?,
        Value::Unknown(_) => return None,
    })
}
