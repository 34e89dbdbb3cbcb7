//! What an expression says of its own type, without building it: what its neighbours are typed by.
//!
//! INVARIANT: looks at every part once, reports nothing, and leaves the round as it is.

use crate::habits;
use crate::hir::Expr;
use crate::names::Sort;
use crate::resolve::body::{Body, Strength, Typed};
use crate::resolve::expression::{fitting, is_weak, literal_type, overloads};
use crate::scope::Wanted;
use program::{Function, Type};
use syntax::ast::{self, BinaryOperator, ExprKind};

impl Body<'_> {
    /// The expression's type, where nothing asks for one. Of a name also what stands for it.
    pub(crate) fn said(&mut self, expr: &ast::Expr) -> Typed {
        match &expr.kind {
            ExprKind::Any => Typed::open(Expr::Any),
            ExprKind::Name(name) => match habits::constant(name).filter(|_| self.occurs_once(name)) {
                // It is told as what it was meant to be.
                Some("null") => Typed::of(Expr::Any, Type::String),
                Some(_) => Typed::of(Expr::Any, Type::Bool),
                None => self.name(name, expr.span),
            },
            ExprKind::Path(..) | ExprKind::Object(_) => Typed::of(Expr::Any, Type::Json),
            ExprKind::Binary(operator, left, right) => {
                let function = function(*operator);
                let have = self.said_of(function, &[left, right]);
                self.given(function, &have)
            }
            ExprKind::Negative(inner) if !matches!(inner.kind, ExprKind::Int(_) | ExprKind::Duration(_)) => {
                let typed = self.said(inner);
                Typed { r#type: typed.r#type.map(|known| known.widest()), ..typed }
            }
            ExprKind::Default(left, right) => self.said_default(left, right),
            ExprKind::Call(atom) => {
                let Some(function) = self.function(atom) else { return Typed::open(Expr::Any) };
                let arguments: Vec<&ast::Expr> = atom.arguments.iter().map(|argument| &argument.value).collect();
                let have = self.said_of(function, &arguments);
                self.given(function, &have)
            }
            ExprKind::Set(items) => self.said_many(items, Type::Set),
            ExprKind::List(items) => self.said_many(items, Type::List),
            _ if is_weak(expr) => Typed::weak(Expr::Any, literal_type(expr)),
            ExprKind::Text(_)
            | ExprKind::Int(_)
            | ExprKind::Decimal(_)
            | ExprKind::Duration(_)
            | ExprKind::Time(_)
            | ExprKind::Bool(_)
            | ExprKind::Null
            | ExprKind::Negative(_) => Typed::of(Expr::Any, literal_type(expr)),
        }
    }

    /// What the arguments of a builtin say, where its table may say it of a literal.
    pub(super) fn said_of(&mut self, function: Function, arguments: &[&ast::Expr]) -> Vec<Typed> {
        let rows = function.signature().map(|signature| signature.overloads).unwrap_or_default();
        let of_length = rows.iter().filter(|row| row.len() == arguments.len() + 1);
        let rows: Vec<&[&str]> = of_length.copied().collect();
        let mut have = Vec::with_capacity(arguments.len());
        for (at, argument) in arguments.iter().enumerate() {
            let takes: Vec<&str> = rows.iter().filter_map(|row| row.get(at).copied()).collect();
            let empty = match &argument.kind {
                ExprKind::Set(items) if items.is_empty() => Some('{'),
                ExprKind::List(items) if items.is_empty() => Some('['),
                _ => None,
            };
            let bold = self.strength == Strength::Json;
            let known = match empty {
                _ if is_json(argument) && !takes.is_empty() && takes.iter().all(|name| *name == "json") => {
                    Some(Typed::of(Expr::Any, Type::Json))
                }
                Some(sign) => nothing_of(&takes, sign, bold).map(|known| Typed::weak(Expr::Any, known)),
                None => None,
            };
            have.push(match known {
                Some(known) => known,
                None => self.said(argument),
            });
        }
        have
    }

    fn occurs_once(&self, name: &str) -> bool {
        self.mention(name).is_none_or(|mention| mention.count == 1) && !self.place.arguments.contains_key(name)
    }

    /// Of `a ?? b`, the right side says most; what neither says is json.
    pub(super) fn said_default(&mut self, left: &ast::Expr, right: &ast::Expr) -> Typed {
        let (left, right) = (self.said(left), self.said(right));
        if let Some(sure) = right.sure().or(left.sure()) {
            let both = right.sure().zip(left.sure()).and_then(|(a, b)| a.common(b));
            return Typed::of(Expr::Any, both.unwrap_or_else(|| sure.widest()));
        }
        match (right.weak, right.r#type) {
            (true, Some(weak)) => Typed::weak(Expr::Any, weak.widest()),
            (_, _) => Typed::of(Expr::Any, Type::Json),
        }
    }

    /// What the members of a collection are.
    pub(super) fn said_member(&mut self, items: &[ast::Expr]) -> Typed {
        let said: Vec<Typed> = items.iter().map(|item| self.said(item)).collect();
        if let Some(sure) = said.iter().find_map(Typed::sure) {
            return Typed::of(Expr::Any, sure.clone());
        }
        let mut guesses = said.into_iter().filter_map(|typed| typed.r#type);
        let first = guesses.next();
        // Of numbers below zero and above, all are ints.
        let guess = first.map(|first| guesses.fold(first, |all, other| all.common(&other).unwrap_or(all)));
        Typed { r#type: guess, weak: true, ..Typed::open(Expr::Any) }
    }

    fn said_many(&mut self, items: &[ast::Expr], of: fn(Box<Type>) -> Type) -> Typed {
        let member = self.said_member(items);
        let known = member.r#type.map(|inner| of(Box::new(inner)));
        Typed { r#type: known, weak: member.weak, ..Typed::open(Expr::Any) }
    }

    /// The result, where every overload that fits gives the same.
    fn given(&self, function: Function, have: &[Typed]) -> Typed {
        match function {
            Function::Size => return Typed::of(Expr::Any, Type::Nat),
            Function::StrFormat => return Typed::of(Expr::Any, Type::String),
            _ => {}
        }
        let (all, open) = overloads(function, have);
        if open {
            return Typed::open(Expr::Any);
        }
        let fitting = fitting(&all, have, None, self.strength);
        let result = fitting.first().map(|(_, result)| result.clone());
        let same = fitting.iter().all(|(_, other)| Some(other) == result.as_ref());
        Typed { r#type: result.filter(|_| same || self.strength == Strength::Json), ..Typed::open(Expr::Any) }
    }

    /// The builtin that a call names.
    fn function(&self, atom: &ast::Atom) -> Option<Function> {
        let blueprint = self.place.blueprint.and_then(|b| b.declared.name.rsplit('.').next());
        let scope = &self.place.module.scope;
        let symbol = scope.known(&self.library.names, &atom.path.names, blueprint, Wanted::Value)?;
        match symbol.sort {
            Sort::Function(function) => Some(function),
            _ => None,
        }
    }
}

/// The builtin behind an operator.
pub(super) fn function(operator: BinaryOperator) -> Function {
    match operator {
        BinaryOperator::Add => Function::Add,
        BinaryOperator::Subtract => Function::Subtract,
        BinaryOperator::Multiply => Function::Multiply,
    }
}

/// Whether a literal can be read as json.
fn is_json(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ExprKind::Text(_) | ExprKind::Int(_) | ExprKind::Decimal(_) | ExprKind::Bool(_) | ExprKind::Null => true,
        ExprKind::List(_) | ExprKind::Object(_) => true,
        ExprKind::Set(items) => items.is_empty(),
        ExprKind::Negative(inner) => matches!(inner.kind, ExprKind::Int(_) | ExprKind::Decimal(_)),
        _ => false,
    }
}

/// The type of an empty collection, by the first that the table takes in its place; of a collection of anything only
/// where nothing else will say it.
fn nothing_of(takes: &[&str], sign: char, bold: bool) -> Option<Type> {
    let name = takes.iter().find(|name| name.starts_with(sign))?;
    let inner = match name.get(1..name.len() - 1)? {
        "T" => bold.then_some(Type::String)?,
        word => Type::of_word(word)?,
    };
    Some(if sign == '{' { Type::Set(Box::new(inner)) } else { Type::List(Box::new(inner)) })
}
