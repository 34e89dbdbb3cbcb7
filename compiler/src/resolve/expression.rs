//! Expressions: literals typed by their place, paths into json, builtins with their overloads.

// LONG: each kind of expression beside what is said where it cannot be typed.

use crate::constant::{self, described};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, Step};
use crate::names::Sort;
use crate::resolve::body::{Body, Strength, Typed};
use crate::resolve::meant::{of_enum, with_parts, with_texts};
use crate::resolve::said;
use crate::scope::Wanted;
use program::{Function, Json, Type, Value};
use std::sync::Arc;
use syntax::ast::{self, ExprKind, Span};

impl Typed {
    pub(crate) fn of(expr: Expr, known: Type) -> Typed {
        Typed { expr, r#type: Some(known), weak: false, number: false }
    }

    pub(crate) fn open(expr: Expr) -> Typed {
        Typed { expr, r#type: None, weak: false, number: false }
    }

    /// What a text or a number is if nothing asks for more.
    pub(crate) fn weak(expr: Expr, known: Type) -> Typed {
        let number = matches!(known, Type::Int | Type::Nat);
        Typed { expr, r#type: Some(known), weak: true, number }
    }

    /// The type, where something else than a text or json says it.
    pub(crate) fn sure(&self) -> Option<&Type> {
        self.r#type.as_ref().filter(|known| !self.weak && **known != Type::Json)
    }
}

impl Body<'_> {
    /// The expression as a value of `wanted`.
    pub(crate) fn value(&mut self, expr: &ast::Expr, wanted: &Type) -> Expr {
        let typed = self.expr(expr, Some(wanted));
        self.fit(typed, wanted, expr.span)
    }

    /// The expression and its type.
    ///
    /// - `wanted`: what its place asks for, where that is known; literals become values of it.
    pub(crate) fn expr(&mut self, expr: &ast::Expr, wanted: Option<&Type>) -> Typed {
        match &expr.kind {
            ExprKind::Any => {
                self.report(wildcard(self.at(expr.span)));
                Typed::open(Expr::Any)
            }
            ExprKind::Name(name) => self.name(name, expr.span),
            ExprKind::Path(base, steps) => self.path(base, steps, expr.span),
            ExprKind::Call(atom) => self.call(atom, wanted),
            ExprKind::Binary(operator, left, right) => {
                self.overload(said::function(*operator), &[left, right], wanted, expr.span)
            }
            ExprKind::Default(left, right) => self.default(left, right, wanted),
            ExprKind::Negative(inner)
                if !matches!(inner.kind, ExprKind::Int(_) | ExprKind::Decimal(_) | ExprKind::Duration(_)) =>
            {
                let zero = ast::Expr { kind: ExprKind::Int(0), span: expr.span };
                self.overload(Function::Subtract, &[&zero, inner], wanted, expr.span)
            }
            ExprKind::Set(items) => self.collection(items, wanted, true, expr),
            ExprKind::List(items) => self.collection(items, wanted, false, expr),
            ExprKind::Object(entries) => {
                let entries: Vec<(String, Expr)> = entries
                    .iter()
                    .map(|(key, value)| (key.text.clone(), self.expr(value, Some(&Type::Json)).expr))
                    .collect();
                let constants = entries.iter().map(|(key, value)| match value {
                    Expr::Constant(value) => Some((key.as_str(), Json::from(value))),
                    _ => None,
                });
                let folded = constants.collect::<Option<Vec<_>>>().map(|entries| Value::json(Json::object(entries)));
                Typed::of(folded.map_or(Expr::Object(entries), Expr::Constant), Type::Json)
            }
            ExprKind::Text(_)
            | ExprKind::Int(_)
            | ExprKind::Decimal(_)
            | ExprKind::Duration(_)
            | ExprKind::Time(_)
            | ExprKind::Bool(_)
            | ExprKind::Null
            | ExprKind::Negative(_) => self.literal_value(expr, wanted),
        }
    }

    fn literal_value(&mut self, expr: &ast::Expr, wanted: Option<&Type>) -> Typed {
        let own = literal_type(expr);
        let weak = is_weak(expr) && wanted.is_none();
        let number = weak && matches!(own, Type::Int | Type::Nat);
        let asked = match wanted {
            Some(wanted) => wanted.clone(),
            None => own,
        };
        let library = self.library;
        match constant::constant(expr, &asked, &|of| library.members(of)) {
            Ok(value) => Typed { expr: Expr::Constant(value), r#type: Some(asked), weak, number },
            Err(mut diagnostic) => {
                for label in &mut diagnostic.labels {
                    label.place.span = self.at(label.place.span);
                }
                self.report(*diagnostic);
                Typed { expr: Expr::Constant(Value::text("")), r#type: Some(asked), weak, number }
            }
        }
    }

    fn collection(&mut self, items: &[ast::Expr], wanted: Option<&Type>, set: bool, whole: &ast::Expr) -> Typed {
        let inner = match (wanted, set) {
            (Some(Type::Set(inner)), true) | (Some(Type::List(inner)), false) => Some((**inner).clone()),
            (Some(Type::Json), _) if !set || items.is_empty() => {
                let items: Vec<Expr> = items.iter().map(|item| self.expr(item, Some(&Type::Json)).expr).collect();
                let json = constants(&items).map(|values| values.iter().map(Json::from).collect());
                let expr = match (json, set) {
                    (Some(_), true) => Expr::Constant(Value::json(Json::Object(Default::default()))),
                    (Some(json), false) => Expr::Constant(Value::json(Json::Array(json))),
                    (None, _) => Expr::List(items),
                };
                return Typed::of(expr, Type::Json);
            }
            (Some(wanted), _) => {
                let have = if set { "a set" } else { "a list" };
                self.report(constant::mismatch(self.at(whole.span), have, wanted));
                None
            }
            (None, _) => None,
        };
        let (inner, weak) = match inner {
            Some(inner) => (Some(inner), false),
            None => {
                let found = self.said_member(items);
                (found.r#type, found.weak)
            }
        };
        let items: Vec<Expr> = match &inner {
            Some(inner) => items.iter().map(|item| self.value(item, inner)).collect(),
            None => items.iter().map(|item| self.expr(item, None).expr).collect(),
        };
        self.unsettled |= inner.is_none();
        let folded = constants(&items);
        let known = inner.map(|inner| if set { Type::Set(Box::new(inner)) } else { Type::List(Box::new(inner)) });
        let expr = match (folded, set) {
            (Some(values), true) => Expr::Constant(Value::Set(Arc::new(values.into_iter().collect()))),
            (Some(values), false) => Expr::Constant(Value::List(values.into())),
            (None, true) => Expr::Set(items),
            (None, false) => Expr::List(items),
        };
        Typed { expr, r#type: known, weak, number: false }
    }

    /// A path without `[*]`.
    fn path(&mut self, base: &ast::Expr, steps: &[ast::Step], span: Span) -> Typed {
        if let Some(diagnostic) = self.member_of_type(base, steps, span) {
            self.report(diagnostic);
            return Typed::open(Expr::Any);
        }
        let base = self.path_base(base, steps, span);
        let steps = steps.iter().filter_map(|step| self.step(step)).collect();
        // Of what has no parts nothing else is told.
        let path = if matches!(base, Expr::Any) { base } else { Expr::Path(Box::new(base), steps) };
        Typed::of(path, Type::Json)
    }

    /// `Level.high`, where `Level` is an enum and no variable.
    fn member_of_type(&self, base: &ast::Expr, steps: &[ast::Step], span: Span) -> Option<Diagnostic> {
        let (ExprKind::Name(name), [ast::Step::Field(member)]) = (&base.kind, steps) else { return None };
        let path = [ast::Name { text: name.clone(), span: base.span }];
        let found = self.place.module.scope.known(&self.library.names, &path, None, Wanted::Type)?;
        let members = self.library.members(&Type::Enum(found.qualified()))?;
        self.place.mentions.call(name);
        Some(of_enum(self.at(span), name, &member.text, members, self.place.at.is_none().then_some(span)))
    }

    /// What a path starts from: a json value; [`Expr::Any`] in place of anything else, which is told.
    pub(crate) fn path_base(&mut self, base: &ast::Expr, steps: &[ast::Step], span: Span) -> Expr {
        let typed = self.expr(base, None);
        match (&typed.r#type, &typed.expr) {
            (None, Expr::Variable(variable)) => {
                // Only json has parts; but a column may yet say otherwise.
                if self.strength == Strength::Json {
                    self.learn(*variable, &Type::Json, span);
                }
                self.unsettled = true;
            }
            (Some(Type::Json) | None, _) => {}
            (Some(other), _) => {
                let diagnostic = not_json(self.at(base.span), self.at(span), other);
                self.report(match &self.place.at {
                    None => with_parts(diagnostic, base, steps, span, other),
                    Some(_) => diagnostic,
                });
                return Expr::Any;
            }
        }
        typed.expr
    }

    pub(crate) fn step(&mut self, step: &ast::Step) -> Option<Step> {
        Some(match step {
            ast::Step::Field(name) => Step::Key(name.text.clone()),
            ast::Step::Index(index) => match &index.kind {
                ExprKind::Text(key) => Step::Key(key.clone()),
                ExprKind::Int(n) if u32::try_from(*n).is_ok() => Step::Index(u32::try_from(*n).unwrap_or_default()),
                ExprKind::Int(n) => {
                    self.report(no_element(self.at(index.span), *n));
                    return None;
                }
                _ => {
                    let typed = self.expr(index, None);
                    match &typed.r#type {
                        Some(Type::String | Type::Int | Type::Nat) => Step::Computed(typed.expr),
                        Some(Type::Entity(_) | Type::Enum(_)) => Step::Computed(typed.expr),
                        Some(_) | None => {
                            self.unsettled |= typed.r#type.is_none() && self.strength < Strength::Json;
                            Step::Computed(self.fit(typed, &Type::String, index.span))
                        }
                    }
                }
            },
            ast::Step::Each(span) => {
                self.report(misplaced_each(self.at(*span)));
                return None;
            }
        })
    }

    /// `a ?? b`: of the type of its place, of the right side, or of the left.
    fn default(&mut self, left: &ast::Expr, right: &ast::Expr, wanted: Option<&Type>) -> Typed {
        let (known, weak) = match wanted {
            Some(wanted) => (wanted.clone(), false),
            None => {
                let said = self.said_default(left, right);
                // A number asks that its left side be one, and not that it be a nat.
                (said.r#type.unwrap_or(Type::Json).widest(), said.weak)
            }
        };
        let (left, right) = (self.value(left, &known), self.value(right, &known));
        let expr = Expr::Default(Box::new(left), Box::new(right));
        Typed { expr, number: weak && known == Type::Int, r#type: Some(known), weak }
    }

    fn call(&mut self, atom: &ast::Atom, wanted: Option<&Type>) -> Typed {
        let (names, module) = (&self.library.names, self.place.module);
        let blueprint = self.place.blueprint.and_then(|b| b.declared.name.rsplit('.').next());
        match module.scope.find(names, &atom.path.names, blueprint, Wanted::Value) {
            Ok(symbol) => match symbol.sort {
                Sort::Function(function) => {
                    if let Some(named) = atom.arguments.iter().find_map(|argument| argument.name.as_ref()) {
                        self.report(named_argument(self.at(named.span)));
                    }
                    let arguments: Vec<&ast::Expr> = atom.arguments.iter().map(|argument| &argument.value).collect();
                    self.overload(function, &arguments, wanted, atom.span)
                }
                _ => {
                    self.report(no_value(self.at(atom.span), &symbol.local, symbol.sort));
                    Typed::open(Expr::Any)
                }
            },
            Err(diagnostic) => {
                self.unresolved(atom, *diagnostic);
                Typed::open(Expr::Any)
            }
        }
    }

    /// A builtin with the overload that fits.
    fn overload(&mut self, function: Function, arguments: &[&ast::Expr], wanted: Option<&Type>, span: Span) -> Typed {
        if function == Function::StrFormat {
            return self.format(arguments, span);
        }
        let rows = function.signature().map(|signature| signature.overloads).unwrap_or_default();
        if !rows.iter().any(|row| row.len() == arguments.len() + 1) {
            self.report(argument_count(self.at(span), function, arguments.len()));
            return Typed::open(Expr::Any);
        }
        self.pattern(function, arguments);
        let have = self.said_of(function, arguments);
        let (counted, open) = overloads(function, &have);
        if open && (self.strength < Strength::Json || counted.is_empty()) {
            self.unsettled = true;
            let arguments = arguments.iter().map(|argument| self.expr(argument, None).expr).collect();
            return Typed::open(Expr::Call(function, arguments));
        }
        let fitting = fitting(&counted, &have, wanted, self.strength);
        let Some((takes, result)) = fitting.first() else {
            let written = self.place.at.is_none().then_some(span);
            let diagnostic = no_overload(self.at(span), function, &have);
            self.report(with_texts(diagnostic, function, &have, arguments, written));
            return Typed::open(Expr::Any);
        };
        if fitting.len() > 1 && self.strength < Strength::Json {
            self.unsettled = true;
            let arguments = arguments.iter().map(|argument| self.expr(argument, None).expr).collect();
            let expr = Expr::Call(function, arguments);
            let same = fitting.iter().all(|(_, other)| other == result);
            return Typed { r#type: same.then(|| result.clone()), ..Typed::open(expr) };
        }
        let arguments = takes.iter().zip(arguments).map(|(wanted, argument)| {
            let typed = self.expr(argument, asked(wanted, argument));
            match &typed.r#type {
                Some(Type::Entity(_) | Type::Enum(_)) if *wanted == Type::String => typed.expr,
                _ => self.fit(typed, wanted, argument.span),
            }
        });
        let arguments = arguments.collect();
        Typed::of(Expr::Call(function, arguments), result.clone())
    }

    /// Looks at a pattern that is written out.
    fn pattern(&mut self, function: Function, arguments: &[&ast::Expr]) {
        let Some(pattern) = function.signature().and_then(|signature| signature.pattern) else { return };
        let Some(ast::Expr { kind: ExprKind::Text(text), span }) = arguments.get(pattern.parameter) else { return };
        if let Err(why) = (pattern.read)(text) {
            self.report(bad_pattern(self.at(*span), function, text, &why));
        }
    }

    fn format(&mut self, arguments: &[&ast::Expr], span: Span) -> Typed {
        let [template, rest @ ..] = arguments else {
            self.report(argument_count(self.at(span), Function::StrFormat, 0));
            return Typed::of(Expr::Any, Type::String);
        };
        let mut values = vec![self.value(template, &Type::String)];
        values.extend(rest.iter().map(|argument| self.expr(argument, None).expr));
        if let ExprKind::Text(text) = &template.kind {
            let holes = text.replace("{{", "").replace("}}", "").matches("{}").count();
            if holes != rest.len() {
                self.report(holes_differ(self.at(template.span), holes, rest.len()));
            }
        }
        Typed::of(Expr::Call(Function::StrFormat, values), Type::String)
    }
}

/// The overloads of a function that take so many arguments, for what is known of them; and whether more of them may
/// fit once more is known.
pub(super) fn overloads(function: Function, have: &[Typed]) -> (Vec<(Vec<Type>, Type)>, bool) {
    let Some(signature) = function.signature() else { return (Vec::new(), false) };
    let sure: Vec<Option<Type>> = have.iter().map(|typed| typed.r#type.clone().filter(|_| !typed.weak)).collect();
    let (found, open) = signature.instances(&sure);
    match open && have.iter().any(|typed| typed.weak) {
        false => (found, open),
        // A literal says what a collection holds where nothing else does.
        true => signature.instances(&have.iter().map(|typed| typed.r#type.clone()).collect::<Vec<_>>()),
    }
}

/// Those that take what is there, and give what is wanted if any does.
///
/// The first that surely fits stands alone. What is open or json is taken for a nat, and a whole number for a decimal,
/// only where nothing nearer fits; of an open variable that is said once all atoms have been read.
pub(super) fn fitting<'o>(
    overloads: &'o [(Vec<Type>, Type)],
    have: &[Typed],
    wanted: Option<&Type>,
    strength: Strength,
) -> Vec<&'o (Vec<Type>, Type)> {
    let all = |types: &[Type], test: &dyn Fn(&Type, &Typed) -> bool| types.iter().zip(have).all(|(t, h)| test(t, h));
    let gives = |result: &Type| wanted.is_none_or(|wanted| *wanted == Type::Json || wanted.takes(result));
    let mut fit: Vec<_> = overloads.iter().filter(|(types, _)| all(types, &accepts)).collect();
    if fit.iter().any(|(_, result)| gives(result)) {
        fit.retain(|(_, result)| gives(result));
    }
    if let Some(sure) = fit.iter().find(|(types, _)| all(types, &surely)) {
        return vec![sure];
    }
    let far = |wanted: &Type, have: &Typed| match &have.r#type {
        None => strength > Strength::Sure && *wanted == Type::Nat,
        Some(Type::Json) => *wanted == Type::Nat,
        Some(_) => have.number && *wanted == Type::Decimal,
    };
    let near = |types: &[Type]| all(types, &|wanted, have| !far(wanted, have));
    if fit.iter().any(|(types, _)| near(types)) {
        fit.retain(|(types, _)| near(types));
    }
    fit
}

/// Whether it is of the type whatever else is learned.
fn surely(wanted: &Type, have: &Typed) -> bool {
    match &have.r#type {
        None | Some(Type::Json) => false,
        Some(known) if have.number => wanted.takes(known),
        Some(Type::Entity(_) | Type::Enum(_)) => *wanted == Type::String,
        Some(known) => !have.weak && wanted.takes(known),
    }
}

/// A literal is asked to be of the type; anything else says its own.
fn asked<'t>(wanted: &'t Type, expr: &ast::Expr) -> Option<&'t Type> {
    match expr.kind {
        ExprKind::Name(_) | ExprKind::Path(..) => None,
        _ => Some(wanted),
    }
}

fn accepts(wanted: &Type, have: &Typed) -> bool {
    match &have.r#type {
        None | Some(Type::Json) => true,
        Some(known) if have.number => wanted.takes(known) || *wanted == Type::Decimal,
        Some(Type::List(_)) if have.weak && *wanted == Type::Json => true,
        Some(Type::Set(member) | Type::List(member)) if have.weak => match (wanted, &have.r#type) {
            (Type::Set(wanted), Some(Type::Set(_))) | (Type::List(wanted), Some(Type::List(_))) => {
                accepts(wanted, &Typed::weak(Expr::Any, (**member).clone()))
            }
            _ => false,
        },
        Some(_) if have.weak => {
            !matches!(wanted, Type::Int | Type::Nat | Type::Decimal | Type::Bool | Type::Set(_) | Type::List(_))
        }
        Some(Type::Entity(_) | Type::Enum(_)) => *wanted == Type::String,
        Some(known) => wanted.takes(known),
    }
}

fn constants(items: &[Expr]) -> Option<Vec<Value>> {
    let values = items.iter().map(|item| match item {
        Expr::Constant(value) => Some(value.clone()),
        _ => None,
    });
    values.collect()
}

/// What a literal is where nothing asks for more.
pub(super) fn literal_type(expr: &ast::Expr) -> Type {
    match &expr.kind {
        ExprKind::Int(n) if *n >= 0 => Type::Nat,
        ExprKind::Int(_) => Type::Int,
        ExprKind::Decimal(_) => Type::Decimal,
        ExprKind::Duration(_) => Type::Duration,
        ExprKind::Time(_) => Type::Time,
        ExprKind::Bool(_) => Type::Bool,
        ExprKind::Negative(inner) => literal_type(inner).widest(),
        ExprKind::Null => Type::Json,
        _ => Type::String,
    }
}

/// Whether a literal may be of another type than [`literal_type`] says: a text of any, a whole number a decimal.
pub(super) fn is_weak(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ExprKind::Text(_) | ExprKind::Int(_) => true,
        ExprKind::Negative(inner) => matches!(inner.kind, ExprKind::Int(_)),
        _ => false,
    }
}

fn wildcard(span: Span) -> Diagnostic {
    Diagnostic::new(Code::WildcardValue, "`_` stands where a value is needed")
        .label(span, "any value cannot be computed with")
        .law("`_` stands in an atom of a body, for a column that may have any value")
}

fn not_json(base: Span, whole: Span, found: &Type) -> Diagnostic {
    Diagnostic::new(Code::NotJson, format!("{} has no parts", described(found)))
        .label(base, format!("is {}", described(found)))
        .label(whole, "a path leads into json only")
        .law("a path such as `cfg.port` starts from a json value")
}

fn no_element(span: Span, index: i64) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::TypeMismatch, format!("no list has an element {index}"))
        .label(span, "never there")
        .law("elements are counted from 0");
    match index < 0 {
        true => diagnostic.help("the last one is that of a list of a stated type: `xs: [int] = …, x = list.last(xs)`"),
        false => diagnostic,
    }
}

fn misplaced_each(span: Span) -> Diagnostic {
    Diagnostic::new(Code::MisplacedEach, "`[*]` ranges over many values, and one is needed here")
        .label(span, "many values")
        .law("`[*]` stands only right of `in`")
        .help("bind one first: `x in cfg.items[*]`")
}

fn named_argument(span: Span) -> Diagnostic {
    Diagnostic::new(Code::WrongArguments, "a function's arguments have no names")
        .label(span, "named")
        .help("write the value alone")
}

fn no_value(span: Span, name: &str, sort: Sort) -> Diagnostic {
    Diagnostic::new(Code::NotACondition, format!("`{name}` is a {}, not a value", sort.word()))
        .label(span, "holds or does not hold; it has no value")
        .help(format!("make it a condition of its own: `{name}(…, x)`, and use `x`"))
}

fn argument_count(span: Span, function: Function, given: usize) -> Diagnostic {
    let plural = if given == 1 { "" } else { "s" };
    let diagnostic =
        Diagnostic::new(Code::WrongArguments, format!("`{function}` does not take {given} argument{plural}"))
            .label(span, format!("{given} given"));
    match function.signature() {
        Some(signature) => diagnostic.help(format!("it is `{function}({})`", signature.parameters.join(", "))),
        None => diagnostic,
    }
}

fn bad_pattern(span: Span, function: Function, text: &str, why: &str) -> Diagnostic {
    Diagnostic::new(Code::BadPattern, format!("`{function}` cannot read `{text}`"))
        .label(span, why)
        .law("a pattern that is written out is read when the rule is compiled")
}

fn holes_differ(span: Span, holes: usize, given: usize) -> Diagnostic {
    Diagnostic::new(Code::WrongArguments, format!("the template has {holes} `{{}}` and {given} values follow"))
        .label(span, "counted here")
        .law("each `{}` is replaced by the next value")
}

fn no_overload(span: Span, function: Function, have: &[Typed]) -> Diagnostic {
    let have: Vec<String> =
        have.iter().map(|typed| typed.r#type.as_ref().map_or_else(|| String::from("?"), Type::to_string)).collect();
    let row = |row: &&[&str]| row.split_last().map(|(gives, takes)| format!("({}) gives {gives}", takes.join(", ")));
    let overloads = function.signature().map(|signature| signature.overloads).unwrap_or_default();
    let rows: Vec<String> = overloads.iter().filter_map(row).collect();
    Diagnostic::new(Code::NoOverload, format!("`{function}` does not take ({})", have.join(", ")))
        .label(span, "these types do not fit")
        .law(format!("`{function}`: {}", rows.join("; ")))
}
