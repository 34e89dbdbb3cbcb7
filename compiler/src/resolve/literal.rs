//! Conditions of a body, one by one, the right way round for a negation.

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, Literal};
use crate::resolve::atom::Condition;
use crate::resolve::body::{Body, Strength, Typed};
use crate::signatures::{read_type, unknown_word};
use program::{Aggregate, Comparison, Presence, Type, Value};
use syntax::ast::{self, ExprKind, LiteralKind, Name, Operator, Span};

/// A literal `n = count { x, y per z: … }` of the text, taken apart.
struct Group<'e> {
    variable: &'e Name,
    stated: Option<&'e ast::Type>,
    names: &'e [Name],
    per: &'e [Name],
    body: &'e [ast::Literal],
    span: Span,
}

impl Body<'_> {
    /// Adds what the literal says.
    pub(crate) fn literal(&mut self, literal: &ast::Literal, out: &mut Vec<Literal>) {
        let (negated, span) = (literal.negated, self.at(literal.span));
        let outer = self.negated;
        self.negated |= negated;
        self.read(literal, negated, span, out);
        self.negated = outer;
    }

    fn read(&mut self, literal: &ast::Literal, negated: bool, span: Span, out: &mut Vec<Literal>) {
        match &literal.kind {
            LiteralKind::Expr(expr) => match &expr.kind {
                ExprKind::Call(atom) => match self.condition(atom) {
                    Condition::Literals(literals) => self.all_of(literals, negated, span, out),
                    Condition::Value(typed) => self.truth(typed, expr, negated, span, out),
                    Condition::Unknown => {}
                },
                ExprKind::Name(_) | ExprKind::Path(..) | ExprKind::Bool(_) => {
                    let typed = self.expr(expr, Some(&Type::Bool));
                    self.truth(typed, expr, negated, span, out);
                }
                _ => self.report(no_condition(self.at(expr.span))),
            },
            LiteralKind::Compare(operator, left, right) => {
                let op = comparison(*operator);
                if let Some((left, right)) = self.compared(op, left, right, negated) {
                    self.compare(op, left, right, negated, span, out);
                }
            }
            LiteralKind::Equation { left, r#type, right } => {
                if negated {
                    self.report(bad_negation(span, "an equation", "compare with `!=`, or write `not … == …`"));
                } else {
                    self.equation(left, r#type.as_ref(), right, span, out);
                }
            }
            LiteralKind::In { element, r#type, collection } => {
                let mut inner = Vec::new();
                self.membership(element, r#type.as_ref(), collection, negated, span, &mut inner);
                out.extend(inner);
            }
            LiteralKind::Is(expr, word) => {
                let typed = self.expr(expr, None);
                self.unsettled |= typed.r#type.is_none();
                let Some(asked) = PRESENCES.iter().find(|(name, _)| *name == word.text) else {
                    let words: Vec<&str> = PRESENCES.iter().map(|(name, _)| *name).collect();
                    self.report(unknown_word(word, "presence", &words));
                    return;
                };
                let accept = PRESENCES.iter().filter(|(_, p)| (*p == asked.1) != negated).map(|(_, p)| *p).collect();
                out.push(Literal::Is(typed.expr, accept, span));
            }
            LiteralKind::Aggregate { variable, r#type, function, names, per, body } => {
                let group = Group { variable, stated: r#type.as_ref(), names, per, body, span };
                if negated {
                    self.report(bad_negation(span, "an aggregate", "bind it, and compare its variable"));
                } else {
                    self.aggregate(function, &group, out);
                }
            }
        }
    }

    /// Literals that stand for one: all of them, or not all of them.
    fn all_of(&mut self, mut literals: Vec<Literal>, negated: bool, span: Span, out: &mut Vec<Literal>) {
        if !negated {
            out.append(&mut literals);
            return;
        }
        match literals.as_slice() {
            [Literal::Compare(op, left, right, _)] => {
                let (op, left, right) = (*op, left.clone(), right.clone());
                self.compare(op, left, right, true, span, out);
            }
            [Literal::Is(expr, accept, _)] => {
                let others = PRESENCES.iter().map(|(_, p)| *p).filter(|p| !accept.contains(p)).collect();
                out.push(Literal::Is(expr.clone(), others, span));
            }
            [Literal::Not(inner, _)] => out.extend(inner.clone()),
            _ => out.push(Literal::Not(literals, span)),
        }
    }

    /// A truth value as a condition.
    fn truth(&mut self, typed: Typed, expr: &ast::Expr, negated: bool, span: Span, out: &mut Vec<Literal>) {
        let left = match typed.r#type {
            Some(Type::Bool | Type::Json) | None => self.fit(typed, &Type::Bool, expr.span),
            Some(_) => {
                self.report(no_condition(self.at(expr.span)));
                return;
            }
        };
        self.compare(Comparison::Equal, left, Expr::Constant(Value::Bool(true)), negated, span, out);
    }

    /// A comparison. Turned round for a negation; where a side may be absent, "it does not hold that" is not the same.
    pub(crate) fn compare(
        &mut self,
        op: Comparison,
        left: Expr,
        right: Expr,
        negated: bool,
        span: Span,
        out: &mut Vec<Literal>,
    ) {
        if !negated {
            out.push(Literal::Compare(op, left, right, span));
        } else if !may_be_absent(&left) && !may_be_absent(&right) {
            out.push(Literal::Compare(turned(op), left, right, span));
        } else {
            let mut inner = Vec::new();
            // Both sides are of one type, and at least one of them shows it.
            let known = self.shown_type(&left).or_else(|| self.shown_type(&right));
            let mut named = |body: &mut Self, side: Expr| {
                if !may_be_absent(&side) {
                    return side;
                }
                let variable = body.fresh(known.as_ref(), span);
                inner.push(Literal::Bind(variable, side, span));
                Expr::Variable(variable)
            };
            let (left, right) = (named(self, left), named(self, right));
            inner.push(Literal::Compare(op, left, right, span));
            out.push(Literal::Not(inner, span));
        }
    }

    /// The type that an expression shows by its form.
    fn shown_type(&self, expr: &Expr) -> Option<Type> {
        match expr {
            Expr::Variable(variable) => self.type_of(*variable),
            Expr::As(_, known) => Some(known.clone()),
            Expr::Path(..) | Expr::Object(_) => Some(Type::Json),
            Expr::Default(left, right) => self.shown_type(left).or_else(|| self.shown_type(right)),
            Expr::Constant(value) => match value {
                Value::Bool(_) => Some(Type::Bool),
                Value::Int(_) => Some(Type::Int),
                Value::Decimal(_) => Some(Type::Decimal),
                Value::Ip(_) => Some(Type::Ip),
                Value::Version(_) => Some(Type::Version),
                Value::Text(_) => Some(Type::String),
                Value::Time(_) => Some(Type::Time),
                Value::Duration(_) => Some(Type::Duration),
                Value::Cidr(_) => Some(Type::Cidr),
                Value::Json(_) => Some(Type::Json),
                Value::Set(_) | Value::List(_) | Value::Between(_) | Value::Unknown(_) => None,
            },
            Expr::Call(program::Function::Size, _) => Some(Type::Nat),
            Expr::Call(program::Function::StrFormat, _) => Some(Type::String),
            Expr::Call(function, items) => {
                let shown: Vec<Option<Type>> = items.iter().map(|item| self.shown_type(item)).collect();
                let takes = |takes: &[Type]| {
                    takes.iter().zip(&shown).all(|(t, have)| have.as_ref().is_none_or(|have| t.takes(have)))
                };
                let (rows, _) = function.signature()?.instances(&shown);
                rows.into_iter().find(|(types, _)| takes(types)).map(|(_, result)| result)
            }
            Expr::Set(items) => items.first().and_then(|i| self.shown_type(i)).map(|of| Type::Set(Box::new(of))),
            Expr::List(items) => items.first().and_then(|i| self.shown_type(i)).map(|of| Type::List(Box::new(of))),
            Expr::Any => None,
        }
    }

    /// A type stated in a body.
    pub(crate) fn stated(&mut self, written: Option<&ast::Type>) -> Option<Type> {
        let written = written?;
        match read_type(written, &self.place.module.scope, &self.library.names) {
            Ok(known) => Some(known),
            Err(diagnostic) => {
                self.report(*diagnostic);
                None
            }
        }
    }

    fn aggregate(&mut self, function: &Name, group: &Group<'_>, out: &mut Vec<Literal>) {
        let Some(how) = HOWS.into_iter().find(|how| how.name() == function.text) else {
            let words: Vec<&str> = HOWS.iter().map(|how| how.name()).collect();
            let told = unknown_word(function, "aggregate", &words);
            self.report(match function.text.as_str() {
                "avg" | "average" | "mean" => {
                    told.help("bind a sum and a count, and divide: `math.div(s, n, 2, \"half_even\")`")
                }
                _ => told,
            });
            return;
        };
        let counts = how == Aggregate::Count;
        let misnamed = counts && !group.per.is_empty() || !counts && group.names.len() != 1;
        if misnamed {
            self.report(aggregate_names(self.at(group.span), how));
        }
        let frame = std::mem::replace(&mut self.place.frame, self.place.next_frame);
        self.place.next_frame += 1;
        self.place.aggregates += 1;
        let from = self.variables.len();
        let mut body = Vec::new();
        for literal in group.body {
            self.literal(literal, &mut body);
        }
        let names: Vec<Typed> = group.names.iter().map(|name| self.name(&name.text, name.span)).collect();
        let per: Vec<Typed> = group.per.iter().map(|name| self.name(&name.text, name.span)).collect();
        let own = |typed: &Typed| match typed.expr {
            Expr::Variable(variable) => Some(variable),
            _ => None,
        };
        let (suffix, prefix) = (format!("#{}", self.place.frame), self.place.prefix.clone());
        let inside = |name: &str| {
            let rest = name.strip_prefix(&prefix).unwrap_or(name);
            rest.ends_with(&suffix) || rest.starts_with("$#") || rest.contains('#') && rest.contains('.')
        };
        let values: Vec<usize> = names.iter().filter_map(own).collect();
        let mut member: Vec<usize> = match (how, group.per.is_empty()) {
            (Aggregate::Count, _) => values.clone(),
            (_, false) => per.iter().filter_map(own).collect(),
            // Every variable inside: those that this aggregate alone mentions.
            (_, true) => (from..self.variables.len())
                .filter(|v| inside(&self.variables[*v].name) && !values.contains(v))
                .collect(),
        };
        self.place.frame = frame;
        self.place.aggregates -= 1;
        let summed = names.first().and_then(|typed| typed.r#type.clone());
        if !counts {
            member.extend(values.first());
        }
        let result = match (how, summed) {
            (Aggregate::Count, _) => Some(Type::Nat),
            (Aggregate::Collect, Some(inner)) => Some(Type::Set(Box::new(inner))),
            (Aggregate::Sum, Some(known @ (Type::Int | Type::Nat | Type::Decimal | Type::Duration))) => Some(known),
            (Aggregate::Min | Aggregate::Max, Some(known)) if ordered(&known) => Some(known),
            (_, Some(_)) if misnamed => None,
            (_, Some(other)) => {
                self.report(not_aggregated(self.at(group.span), how, &other));
                None
            }
            (_, None) => None,
        };
        self.unsettled |= result.is_none();
        let target = self.name(&group.variable.text, group.variable.span);
        let span = self.at(group.span);
        let stated = self.stated(group.stated);
        let wanted = stated.or(result);
        let aggregate =
            |variable| Literal::Aggregate { variable, how, member: member.clone(), body: body.clone(), span };
        let expr = match &wanted {
            Some(wanted) => match target.expr {
                Expr::Variable(variable) if self.meet(variable, wanted, group.variable.span) => target.expr,
                _ => self.fit(target, wanted, group.variable.span),
            },
            None => target.expr,
        };
        match expr {
            Expr::Variable(variable) => out.push(aggregate(variable)),
            // A let's parameter that something stands for.
            other => {
                let variable = self.fresh(wanted.as_ref(), span);
                out.push(aggregate(variable));
                out.push(Literal::Compare(Comparison::Equal, other, Expr::Variable(variable), span));
            }
        }
    }

    /// Whether a guess is due: nothing surer was learned.
    pub(crate) fn may_guess(&mut self, needed: Strength) -> bool {
        let may = self.strength >= needed;
        self.unsettled |= !may;
        may
    }
}

const HOWS: [Aggregate; 5] = [Aggregate::Count, Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::Collect];

const PRESENCES: [(&str, Presence); 4] = [
    ("absent", Presence::Absent),
    ("null", Presence::Null),
    ("unknown", Presence::Unknown),
    ("present", Presence::Present),
];

/// Whether `<` and its kin, `min` and `max` take values of the type.
pub(crate) fn ordered(known: &Type) -> bool {
    match known {
        Type::Int | Type::Nat | Type::Decimal | Type::Time | Type::Duration | Type::String => true,
        Type::Ip | Type::Version => true,
        Type::Entity(_) | Type::Enum(_) | Type::Bool | Type::Cidr | Type::Json | Type::Set(_) | Type::List(_) => false,
    }
}

fn comparison(operator: Operator) -> Comparison {
    match operator {
        Operator::Equal => Comparison::Equal,
        Operator::NotEqual => Comparison::NotEqual,
        Operator::Less => Comparison::Less,
        Operator::AtMost => Comparison::AtMost,
        Operator::Greater => Comparison::Greater,
        Operator::AtLeast => Comparison::AtLeast,
    }
}

/// The comparison that holds where `op` does not.
pub(crate) fn turned(op: Comparison) -> Comparison {
    match op {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::AtLeast,
        Comparison::AtLeast => Comparison::Less,
        Comparison::Greater => Comparison::AtMost,
        Comparison::AtMost => Comparison::Greater,
        Comparison::In => Comparison::NotIn,
        Comparison::NotIn => Comparison::In,
    }
}

/// Whether a path inside may lead nowhere, with nothing put in its place.
pub(crate) fn may_be_absent(expr: &Expr) -> bool {
    match expr {
        Expr::Any | Expr::Variable(_) | Expr::Constant(_) => false,
        Expr::Path(..) => true,
        // Read as a type, a json `null` is absent.
        Expr::As(inner, _) => may_be_absent(inner),
        Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => items.iter().any(may_be_absent),
        Expr::Default(_, right) => may_be_absent(right),
        Expr::Object(entries) => entries.iter().any(|(_, value)| may_be_absent(value)),
    }
}

fn no_condition(span: Span) -> Diagnostic {
    Diagnostic::new(Code::NotACondition, "this is neither true nor false")
        .label(span, "a condition is wanted")
        .law("a body is made of atoms, comparisons, `in`, `is`, equations and truth values")
}

fn bad_negation(span: Span, what: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::BadNegation, format!("{what} cannot be negated"))
        .label(span, "binds a variable")
        .law("`not` takes an atom, a comparison, `in` or `is`")
        .help(help)
}

fn aggregate_names(span: Span, how: Aggregate) -> Diagnostic {
    let (message, law) = match how {
        Aggregate::Count => ("`count` has no `per`", "`count { x, y: … }` counts distinct pairs"),
        _ => {
            ("one value is wanted left of `:`", "`sum { c per x, y: … }` adds `c` once for each distinct pair `x`, `y`")
        }
    };
    Diagnostic::new(Code::AggregateNames, message).label(span, "these names").law(law)
}

fn not_aggregated(span: Span, how: Aggregate, found: &Type) -> Diagnostic {
    let law = match how {
        Aggregate::Sum => "`sum` adds numbers or durations",
        _ => "`min` and `max` compare numbers, durations, times, strings, addresses or versions",
    };
    let message = format!("`{}` does not take {}", how.name(), crate::constant::described(found));
    Diagnostic::new(Code::NoOverload, message).label(span, "the value left of `:`").law(law)
}
