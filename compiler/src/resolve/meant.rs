//! What was probably meant where the types of a place do not fit: the builtin, condition or reading that says it.
//!
//! Not here: names that are nearly others (`names`), what other languages call things (`habits`).

use crate::constant::listed;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, Place};
use crate::habits;
use crate::library::{Library, Module};
use crate::names::near;
use crate::resolve::atom::RESOURCE;
use crate::resolve::body::Typed;
use crate::scope::Wanted;
use program::{Function, Type};
use syntax::ast::{self, ExprKind, Span};

/// How the number is read that a text says.
///
/// - `name`: the variable that is the text.
/// - `written`: where it stands in the text that is looked at.
/// - `sure`: it was hardly meant otherwise.
pub(super) fn number_in_text(
    found: Diagnostic,
    name: Option<&str>,
    wanted: &Type,
    written: Option<Span>,
    sure: bool,
) -> Diagnostic {
    let read = if *wanted == Type::Decimal { "str.to_decimal" } else { "str.to_int" };
    let call = format!("{read}({})", name.unwrap_or("…"));
    if *wanted == Type::Nat {
        return found.help(format!("state it: `n: nat = {call}` is unknown where the text says no such number"));
    }
    let found = found.help(format!("`{call}` is the number that it says, and unknown where it says none"));
    let Some(Span { start, end }) = written else { return found };
    let at =
        |at, text: &str| Edit { place: Place { item: None, span: Span { start: at, end: at } }, text: text.to_owned() };
    let edits = vec![at(start, &format!("{read}(")), at(end, ")")];
    found.repair(Fix { title: format!("write `{call}`"), edits, sure, import: None })
}

/// What is done with texts where a builtin takes none.
///
/// - `written`: the call, where it stands in the text that is looked at.
pub(super) fn with_texts(
    found: Diagnostic,
    function: Function,
    have: &[Typed],
    arguments: &[&ast::Expr],
    written: Option<Span>,
) -> Diagnostic {
    let is_text = |typed: &Typed| matches!(typed.r#type, Some(Type::String | Type::Entity(_) | Type::Enum(_)));
    let Some((first, argument)) = have.iter().position(is_text).and_then(|at| Some((at, *arguments.get(at)?))) else {
        return found;
    };
    let name = match &argument.kind {
        ExprKind::Name(name) => Some(name.as_str()),
        _ => None,
    };
    match function {
        Function::Size => {
            let found = found.help(format!("of a text it is `str.length({})`", name.unwrap_or("…")));
            let size = |call: Span| Span { start: call.start, end: call.start + "size".len() as u32 };
            match written {
                Some(call) => found.fix("write `str.length`", size(call), "str.length"),
                None => found,
            }
        }
        Function::Add if have.iter().all(is_text) => {
            found.help("texts are put together by `str.format(\"{}{}\", a, b)`; in a message `{a}` stands for `a`")
        }
        Function::Add | Function::Subtract | Function::Multiply if have[first].r#type == Some(Type::String) => {
            let decimal = have.iter().any(|typed| typed.r#type == Some(Type::Decimal));
            let wanted = if decimal { Type::Decimal } else { Type::Int };
            number_in_text(found, name, &wanted, written.map(|_| argument.span), false)
        }
        _ => found,
    }
}

/// A member of an enum that is written with its type.
///
/// - `written`: where it stands in the text that is looked at.
pub(super) fn of_enum(at: Span, name: &str, member: &str, members: &[String], written: Option<Span>) -> Diagnostic {
    let known = members.iter().map(String::as_str).find(|known| *known == member);
    let meant = known.or_else(|| near(member, members.iter().map(String::as_str)));
    let quoted = program::quote(meant.unwrap_or(member));
    let found = Diagnostic::new(Code::UnknownVariable, format!("`{name}` is an enum, and no variable"))
        .label(at, "a path into json starts from a variable")
        .law("a member of an enum is written alone, in quotes: its place says of what type it is");
    match (meant, written) {
        (Some(_), Some(span)) => found.help(format!("write `{quoted}`")).fix(format!("write `{quoted}`"), span, quoted),
        _ => found.help(format!("`{name}` has {}", listed(members).replace(" or ", " and "))),
    }
}

/// How that is asked which the path seems to ask for.
pub(super) fn with_parts(
    found: Diagnostic,
    base: &ast::Expr,
    steps: &[ast::Step],
    span: Span,
    of: &Type,
) -> Diagnostic {
    let (ExprKind::Name(base), [ast::Step::Field(part), rest @ ..]) = (&base.kind, steps) else { return found };
    match (habits::part(of, &part.text), of) {
        (Some(ours), _) => {
            let found = found.help(format!("write `{ours}({base})`"));
            if rest.is_empty() {
                found.fix(format!("write `{ours}({base})`"), span, format!("{ours}({base})"))
            } else {
                found
            }
        }
        (None, Type::Entity(name)) if name == RESOURCE => found.help(format!(
            "what is configured of it is json: `config({base}, cfg)`, and then `cfg.{}`; or ask a relation that has it",
            part.text
        )),
        (None, Type::Entity(_)) => found.help(format!("ask a relation that has it: `{}({base}, x)`", part.text)),
        (None, _) => found,
    }
}

/// `deny large(r: Resource)`: a type where a named subject has its value.
pub(super) fn typed_subjects(library: &Library<'_>, module: &Module, rule: &ast::Governance) -> Vec<Diagnostic> {
    let typed = rule.subjects.iter().filter(|subject| subject.measure.is_none()).filter_map(|subject| {
        let (Some(name), ExprKind::Name(value)) = (&subject.argument.name, &subject.argument.value.kind) else {
            return None;
        };
        let span = subject.argument.value.span;
        let path = [ast::Name { text: value.clone(), span }];
        let (names, scope) = (&library.names, &module.scope);
        let is_type = Type::of_word(value).is_some() || scope.known(names, &path, None, Wanted::Type).is_some();
        is_type.then(|| {
            let rest = Span { start: name.span.end, end: span.end };
            Diagnostic::new(Code::ShadowedImport, format!("`{value}` is a type, and a subject has none of its own"))
                .label(span, "a type here")
                .law("a subject is of the type that the body gives it; only a measure says one: `most n: int`")
                .help(format!("write `{}`", name.text))
                .fix(format!("write `{}`", name.text), rest, "")
        })
    });
    typed.collect()
}
