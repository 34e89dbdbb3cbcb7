//! Constants: a literal of the text as a value of the type that its place asks for.
//!
//! Not here: expressions with variables (`resolve`).

use crate::diagnostic::{Code, Diagnostic};
use crate::habits;
use crate::names::near;
use crate::signatures::is_open;
use program::{Decimal, Json, Type, Value};
use std::sync::Arc;
use syntax::ast::{Expr, ExprKind, Span};

/// The members of an enum type, where they are known.
pub type Members<'a> = dyn Fn(&Type) -> Option<&'a [String]> + 'a;

/// The value of a literal.
///
/// - `wanted`: the type of its place.
/// - `members`: of enum types; one that is not known accepts any member.
pub fn constant<'a>(expr: &Expr, wanted: &Type, members: &Members<'a>) -> Result<Value, Box<Diagnostic>> {
    if is_open(wanted) {
        return Err(Box::new(Diagnostic::told(Code::UnknownType)));
    }
    let mismatch = |have: &str| Err(Box::new(mismatch(expr.span, have, wanted)));
    if let Some(origin) = named(expr, "unknown") {
        return Ok(Value::unknown(origin));
    }
    match (&expr.kind, wanted) {
        (ExprKind::Text(text), _) => text_value(text, expr.span, wanted, members),
        (_, Type::Json) => json(expr).map(Value::json),
        (ExprKind::Int(n), Type::Int) => Ok(Value::Int(*n)),
        (ExprKind::Int(n), Type::Nat) if *n >= 0 => Ok(Value::Int(*n)),
        (ExprKind::Int(_), Type::Nat) => mismatch("a negative number"),
        (ExprKind::Int(n), Type::Decimal) => Ok(Value::Decimal(Decimal::from(*n))),
        (ExprKind::Decimal(text), Type::Decimal) if text.contains(['e', 'E']) => {
            Err(Box::new(exponent(text, expr.span)))
        }
        (ExprKind::Decimal(text), Type::Decimal) => {
            Decimal::parse(text).map(Value::Decimal).ok_or_else(|| Box::new(too_many_digits(expr.span)))
        }
        (ExprKind::Decimal(text), Type::Int | Type::Nat) if !text.contains(['.', 'e', 'E']) => Err(Box::new(
            too_large(expr.span).law("an `int` is one of 64 bits: -9223372036854775808 to 9223372036854775807"),
        )),
        (ExprKind::Int(n), _) => mismatch("a number").map_err(|found| Box::new(number(*found, *n, expr.span, wanted))),
        (ExprKind::Bool(b), Type::Bool) => Ok(Value::Bool(*b)),
        (ExprKind::Bool(_), _) => mismatch("a truth value"),
        (ExprKind::Duration(micros), Type::Duration) => Ok(Value::Duration(*micros)),
        (ExprKind::Duration(_), _) => mismatch("a duration"),
        (ExprKind::Time(text), Type::Time) => text_value(text, expr.span, wanted, members),
        (ExprKind::Time(_), _) => mismatch("a time"),
        (ExprKind::Negative(inner), Type::Nat) => match constant(inner, &Type::Int, members)? {
            Value::Int(0) => Ok(Value::Int(0)),
            _ => mismatch("a negative number"),
        },
        (ExprKind::Negative(inner), _) => match constant(inner, wanted, members)? {
            Value::Decimal(n) => {
                Decimal::ZERO.checked_sub(n).map(Value::Decimal).ok_or_else(|| Box::new(too_many_digits(expr.span)))
            }
            Value::Int(n) => n.checked_neg().map(Value::Int).ok_or_else(|| Box::new(too_large(expr.span))),
            Value::Duration(n) => n.checked_neg().map(Value::Duration).ok_or_else(|| Box::new(too_large(expr.span))),
            _ => mismatch("a number"),
        },
        (ExprKind::Set(items), Type::Set(inner)) => {
            let items: Result<_, _> = items.iter().map(|item| constant(item, inner, members)).collect();
            Ok(Value::Set(Arc::new(items?)))
        }
        (ExprKind::Set(_), _) => mismatch("a set"),
        (ExprKind::List(items), Type::List(inner)) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| constant(item, inner, members)).collect();
            Ok(Value::List(items?.into()))
        }
        (ExprKind::List(_), _) => mismatch("a list"),
        (ExprKind::Object(_), _) => mismatch("a json object"),
        (ExprKind::Null, _) => {
            mismatch("`null`").map_err(|found| {
                Box::new(found.help(
                    "a value is always there: where one may be missing there is no tuple, and `not` asks for that",
                ))
            })
        }
        (ExprKind::Decimal(_), _) => mismatch("a decimal number"),
        (ExprKind::Name(name), _) => {
            let quoted = program::quote(name);
            Err(Box::new(not_constant(expr.span).help(format!("write `{quoted}` if the text is meant")).fix(
                format!("write `{quoted}`"),
                expr.span,
                quoted,
            )))
        }
        (ExprKind::Any | ExprKind::Path(..) | ExprKind::Call(_) | ExprKind::Binary(..) | ExprKind::Default(..), _) => {
            Err(Box::new(not_constant(expr.span)))
        }
    }
}

/// A quoted text as a value of `wanted`.
pub fn text_value<'a>(text: &str, span: Span, wanted: &Type, members: &Members<'a>) -> Result<Value, Box<Diagnostic>> {
    let found = match wanted {
        Type::Enum(_) => {
            if let Some(known) = members(wanted)
                && !known.iter().any(|member| member == text)
            {
                return Err(Box::new(unknown_member(text, span, wanted, known)));
            }
            Some(Value::text(text))
        }
        Type::Int | Type::Nat | Type::Decimal | Type::Bool | Type::Set(_) | Type::List(_) => {
            let found = mismatch(span, "a text", wanted);
            let says = match wanted {
                Type::Bool => matches!(text, "true" | "false"),
                Type::Set(_) | Type::List(_) => false,
                _ => text.bytes().all(|byte| byte.is_ascii_digit()) && Value::parse(text, wanted).is_some(),
            };
            return Err(Box::new(match says {
                true => {
                    found.help(format!("write `{text}`, without quotes")).fix(format!("write `{text}`"), span, text)
                }
                false => found,
            }));
        }
        Type::Entity(_) | Type::String | Type::Time | Type::Duration | Type::Json => Value::parse(text, wanted),
        Type::Cidr | Type::Ip | Type::Version => Value::parse(text, wanted),
    };
    found.ok_or_else(|| Box::new(bad_literal(text, span, wanted)))
}

/// A literal as it stands inside a json value.
fn json(expr: &Expr) -> Result<Json, Box<Diagnostic>> {
    Ok(match &expr.kind {
        ExprKind::Text(text) | ExprKind::Time(text) => Json::text(text.as_str()),
        ExprKind::Int(n) => Json::Int(*n),
        ExprKind::Bool(b) => Json::Bool(*b),
        ExprKind::Null => Json::Null,
        ExprKind::Decimal(text) => Json::number(text).ok_or_else(|| Box::new(too_large(expr.span)))?,
        ExprKind::Duration(micros) => Json::text(program::write_duration(*micros)),
        ExprKind::Negative(inner) => match json(inner)? {
            Json::Int(n) => n.checked_neg().map(Json::Int).ok_or_else(|| Box::new(too_large(expr.span)))?,
            Json::Decimal(text) => Json::number(&format!("-{text}")).ok_or_else(|| Box::new(too_large(expr.span)))?,
            _ => return Err(Box::new(mismatch(expr.span, "a negative", &Type::Json))),
        },
        ExprKind::List(items) => Json::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        ExprKind::Set(items) if items.is_empty() => Json::Object(Default::default()),
        ExprKind::Set(_) => return Err(Box::new(mismatch(expr.span, "a set", &Type::Json))),
        ExprKind::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| Ok((key.text.as_str(), json(value)?)));
            Json::object(entries.collect::<Result<Vec<_>, Box<Diagnostic>>>()?)
        }
        ExprKind::Any
        | ExprKind::Name(_)
        | ExprKind::Path(..)
        | ExprKind::Call(_)
        | ExprKind::Binary(..)
        | ExprKind::Default(..) => match (named(expr, "unknown"), named(expr, "sensitive")) {
            (Some(origin), _) => Json::Unknown(origin.into()),
            (None, Some(digest)) => Json::Sensitive(digest.into()),
            (None, None) => return Err(Box::new(not_constant(expr.span))),
        },
    })
}

/// The text of `word("text")`: how a fact writes a value that is not known (by its origin) or not shown (its digest).
fn named<'e>(expr: &'e Expr, word: &str) -> Option<&'e str> {
    let ExprKind::Call(atom) = &expr.kind else { return None };
    let ([name], [argument]) = (atom.path.names.as_slice(), atom.arguments.as_slice()) else { return None };
    match (&argument.value.kind, &argument.name) {
        (ExprKind::Text(text), None) if name.text == word => Some(text),
        _ => None,
    }
}

/// A type with its article: `a string`, `an int`, `a Resource`.
pub fn described(r#type: &Type) -> String {
    let text = r#type.to_string();
    format!("{} `{text}`", article(&text))
}

/// `a`, or `an` before a vowel.
pub(crate) fn article(word: &str) -> &'static str {
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']);
    if vowel { "an" } else { "a" }
}

/// `have` where `wanted` is asked.
pub fn mismatch(span: Span, have: &str, wanted: &Type) -> Diagnostic {
    Diagnostic::new(Code::TypeMismatch, format!("{have} stands where {} is wanted", described(wanted)))
        .label(span, format!("must be {}", described(wanted)))
        .law("every column, parameter and operator has one type, and only values of it fit")
}

/// A whole number where something else is wanted, that it may be the beginning of.
fn number(found: Diagnostic, n: i64, span: Span, wanted: &Type) -> Diagnostic {
    match wanted {
        Type::Duration => found.help(format!("a duration has a unit: `{n}s`, `{n}m`, `{n}h` or `{n}d`")),
        Type::Time if (1..=9999).contains(&n) => found.help(format!("a time is written `{n:04}-01-01T00:00Z`")),
        Type::String | Type::Entity(_) => found.help(format!("a text stands in quotes: `\"{n}\"`")).fix(
            format!("write `\"{n}\"`"),
            span,
            format!("\"{n}\""),
        ),
        _ => found,
    }
}

fn exponent(text: &str, span: Span) -> Diagnostic {
    let found = Diagnostic::new(Code::BadToken, format!("`{text}` has an exponent"))
        .label(span, "not a decimal")
        .law("a decimal is written out; an exponent stands in a json value only");
    match Decimal::parse(text) {
        Some(plain) => found.help(format!("write `{plain}`")).fix(format!("write `{plain}`"), span, plain.to_string()),
        None => found,
    }
}

fn bad_literal(text: &str, span: Span, wanted: &Type) -> Diagnostic {
    let example = match wanted {
        Type::Time => "`2030-01-01T00:00Z`",
        Type::Duration => "`24h`, `90m`, `7d`",
        Type::Ip => "`\"10.0.0.1\"`, `\"2001:db8::1\"`",
        Type::Version => "`\"1.4.0\"`, `\"2.0.0-rc.1\"`: three numbers",
        _ => "`\"10.0.0.0/8\"`, `\"2001:db8::/32\"`",
    };
    let found = Diagnostic::new(Code::BadLiteral, format!("`{text}` does not say {}", described(wanted)))
        .label(span, "cannot be read");
    // What is written from the largest part to a smaller one may lack the smallest ones.
    let meant = match wanted {
        Type::Time => ["T00:00Z", ":00Z", "Z"].map(|rest| text.replace(' ', "T") + rest),
        Type::Version => [".0", ".0.0", ""].map(|rest| text.trim_start_matches(['v', 'V']).to_owned() + rest),
        _ => return found.help(format!("written like {example}")),
    };
    match meant.into_iter().find(|meant| Value::parse(meant, wanted).is_some()) {
        Some(meant) => {
            let written = if *wanted == Type::Time { meant } else { program::quote(&meant) };
            found.help(format!("write `{written}`")).fix(format!("write `{written}`"), span, written)
        }
        None => found.help(format!("written like {example}")),
    }
}

fn unknown_member(text: &str, span: Span, wanted: &Type, members: &[String]) -> Diagnostic {
    let words = || members.iter().map(String::as_str);
    let quoted = habits::sense(text, words()).or_else(|| near(text, words())).map(program::quote);
    let diagnostic = Diagnostic::new(Code::UnknownMember, format!("`{text}` is no member of `{wanted}`"))
        .label(span, "not a member")
        .law(format!("`{wanted}` is one of {}", listed(members)));
    let diagnostic = diagnostic.did_you_mean(span, quoted.as_deref());
    match wanted {
        // One word of three is seldom what is meant.
        Type::Enum(name) if name == "std.change.Verb" && text.starts_with("destroy") => diagnostic.help(
            "did you mean `\"delete\"`? Replacing and forgetting destroy as well: `destroys(a, r)` covers all three",
        ),
        _ => diagnostic,
    }
}

/// `a`, `b` or `c`.
pub fn listed<T: AsRef<str>>(words: &[T]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::from("nothing"),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// Something else where a constant is wanted.
pub(crate) fn not_constant(span: Span) -> Diagnostic {
    Diagnostic::new(Code::NotConstant, "a constant is wanted here")
        .label(span, "not a constant")
        .law("facts, arguments of `apply` and defaults are written out: text, numbers, times, sets, lists, json")
}

fn too_large(span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadToken, "this number does not fit 64 bits").label(span, "too large")
}

fn too_many_digits(span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadToken, "this number has more than 38 digits").label(span, "too many digits")
}
