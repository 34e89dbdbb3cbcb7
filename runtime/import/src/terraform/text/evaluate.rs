//! What an expression is worth.
//!
//! An unknown is named after what it comes from where the expression is that alone (`aws_kms_key.main.arn`), so that two
//! such are equal; any other is named after the place that it is the value of.

use super::super::address::Key;
use super::functions;
use super::scope::{Repeat, Scope};
use hcl_edit::expr::{BinaryOperator, Expression, ForExpr, ObjectKey, Traversal, TraversalOperator, UnaryOperator};
use hcl_edit::template::{Directive, Element};
use program::{Decimal, Json};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An evaluation at one place.
pub(super) struct Evaluate<'s> {
    pub(super) scope: &'s Scope,
    pub(super) repeat: Cow<'s, Repeat>,
    /// What the value is, in full.
    pub(super) place: &'s str,
}

impl Evaluate<'_> {
    pub(super) fn expression(&self, expression: &Expression) -> Json {
        match expression {
            Expression::Null(_) => Json::Null,
            Expression::Bool(flag) => Json::Bool(*flag.value()),
            Expression::Number(number) => Json::number(&number.value().to_string()).unwrap_or_else(|| self.unknown()),
            Expression::String(text) => Json::text(text.as_str()),
            Expression::Array(items) => {
                let item = |(at, item)| self.part(&format!("[{at}]")).expression(item);
                Json::Array(items.iter().enumerate().map(item).collect())
            }
            Expression::Object(object) => {
                let mut entries = BTreeMap::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(name) => Some(Arc::from(name.as_str())),
                        // `name = …` with a bare word is the word itself.
                        ObjectKey::Expression(Expression::Variable(name)) => Some(Arc::from(name.as_str())),
                        ObjectKey::Expression(key) => text_of(&self.expression(key)).map(Arc::from),
                    };
                    let Some(key) = key else { return self.unknown() };
                    let value = self.part(&format!(".{key}")).expression(value.expr());
                    entries.insert(key, value);
                }
                Json::Object(entries.into())
            }
            Expression::StringTemplate(template) => {
                let elements: Vec<&Element> = template.iter().collect();
                // `"${x}"` is `x`.
                match elements.as_slice() {
                    [Element::Interpolation(only)] => self.expression(&only.expr),
                    _ => self.text(&elements),
                }
            }
            Expression::HeredocTemplate(heredoc) => self.text(&heredoc.template.iter().collect::<Vec<_>>()),
            Expression::Parenthesis(inner) => self.expression(inner.inner()),
            Expression::Variable(name) => {
                self.bound(name.as_str()).unwrap_or_else(|| self.scope.unknown(name.as_str()))
            }
            Expression::Traversal(traversal) => self.traversal(traversal),
            Expression::Conditional(conditional) => match self.expression(&conditional.cond_expr) {
                Json::Bool(true) => self.expression(&conditional.true_expr),
                Json::Bool(false) => self.expression(&conditional.false_expr),
                _ => self.unknown(),
            },
            Expression::FuncCall(call) => {
                if call.name.is_namespaced() {
                    return self.unknown();
                }
                let argument = |(at, argument)| self.part(&format!("({at})")).expression(argument);
                let mut arguments: Vec<Json> = call.args.iter().enumerate().map(argument).collect();
                if call.args.expand_final() {
                    match arguments.pop() {
                        Some(Json::Array(items)) => arguments.extend(items),
                        _ => return self.unknown(),
                    }
                }
                functions::call(call.name.name.as_str(), &arguments).unwrap_or_else(|| self.unknown())
            }
            Expression::UnaryOp(operation) => match (operation.operator.value(), self.expression(&operation.expr)) {
                (UnaryOperator::Not, Json::Bool(flag)) => Json::Bool(!flag),
                (UnaryOperator::Neg, Json::Int(number)) => {
                    number.checked_neg().map_or_else(|| self.unknown(), Json::Int)
                }
                (UnaryOperator::Neg | UnaryOperator::Not, _) => self.unknown(),
            },
            Expression::BinaryOp(operation) => {
                let (left, right) = (self.expression(&operation.lhs_expr), self.expression(&operation.rhs_expr));
                binary(*operation.operator.value(), &left, &right).unwrap_or_else(|| self.unknown())
            }
            Expression::ForExpr(each) => self.each(each).unwrap_or_else(|| self.unknown()),
        }
    }

    /// The value at this place, where nothing more is known of it.
    pub(super) fn unknown(&self) -> Json {
        Json::Unknown(self.place.into())
    }

    fn bound(&self, name: &str) -> Option<Json> {
        self.repeat.bound.iter().rev().find(|(word, _)| word == name).map(|(_, value)| value.clone())
    }

    /// The same, for a part of the value: no two parts share the name of an unknown.
    fn part(&self, step: &str) -> Part<'_> {
        Part { whole: self, place: format!("{}{step}", self.place) }
    }

    fn text(&self, elements: &[&Element]) -> Json {
        let mut out = String::new();
        for element in elements {
            match element {
                Element::Literal(text) => out.push_str(text.as_str()),
                Element::Interpolation(interpolation) => match text_of(&self.expression(&interpolation.expr)) {
                    Some(text) => out.push_str(&text),
                    None => return self.unknown(),
                },
                Element::Directive(directive) => match &**directive {
                    Directive::If(directive) => {
                        let template = match self.expression(&directive.if_expr.cond_expr) {
                            Json::Bool(true) => Some(&directive.if_expr.template),
                            Json::Bool(false) => directive.else_expr.as_ref().map(|other| &other.template),
                            _ => return self.unknown(),
                        };
                        let inner: Vec<&Element> = template.into_iter().flatten().collect();
                        match self.text(&inner) {
                            Json::Text(text) => out.push_str(&text),
                            _ => return self.unknown(),
                        }
                    }
                    Directive::For(_) => return self.unknown(),
                },
            }
        }
        Json::text(out)
    }

    fn traversal(&self, traversal: &Traversal) -> Json {
        let operators: Vec<&TraversalOperator> = traversal.operators.iter().map(|operator| operator.value()).collect();
        let Expression::Variable(head) = &traversal.expr else {
            return self.steps(self.expression(&traversal.expr), &operators);
        };
        let head = head.as_str();
        if let Some(value) = self.bound(head) {
            return self.steps(value, &operators);
        }
        let attribute = |at: usize| match operators.get(at) {
            Some(TraversalOperator::GetAttr(name)) => Some(name.as_str()),
            _ => None,
        };
        match (head, attribute(0)) {
            ("var", Some(name)) => self.steps(self.scope.variable(name), &operators[1..]),
            ("local", Some(name)) => self.steps(self.scope.local(name), &operators[1..]),
            ("each", Some("key")) => self.steps(self.repeated(self.repeat.key.clone()), &operators[1..]),
            ("each", Some("value")) => self.steps(self.repeated(self.repeat.value.clone()), &operators[1..]),
            ("count", Some("index")) => self.repeated(self.repeat.key.clone()),
            ("module", Some(call)) => {
                let key = match operators.get(1) {
                    Some(TraversalOperator::Index(index)) => Some(Key::of(&self.expression(index))),
                    _ => None,
                };
                let behind = if key.is_some() { 2 } else { 1 };
                match (key, attribute(behind)) {
                    (Some(None), _) | (_, None) => self.resource(head, &operators),
                    (key, Some(output)) => {
                        let value = self.scope.output(&call.into(), key.flatten(), output);
                        self.steps(value, &operators[behind + 1..])
                    }
                }
            }
            _ => self.resource(head, &operators),
        }
    }

    fn repeated(&self, value: Option<Json>) -> Json {
        value.unwrap_or_else(|| self.unknown())
    }

    /// What is known only after the apply: named after the resource and its attribute where no part is computed.
    fn resource(&self, head: &str, operators: &[&TraversalOperator]) -> Json {
        self.unknown_part(&self.scope.named(head), operators)
    }

    /// Steps into a value.
    fn steps(&self, value: Json, operators: &[&TraversalOperator]) -> Json {
        let Some((first, rest)) = operators.split_first() else { return value };
        let next = match (first, value) {
            (_, Json::Unknown(origin)) => return self.unknown_part(&origin, operators),
            (TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_), Json::Array(items)) => {
                let item = |(at, item)| self.part(&format!("[{at}]")).then(|here| here.steps(item, rest));
                return Json::Array(items.into_iter().enumerate().map(item).collect());
            }
            (TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_), Json::Null) => {
                return Json::Array(Vec::new());
            }
            (TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_), one) => {
                return Json::Array(vec![self.steps(one, rest)]);
            }
            (TraversalOperator::GetAttr(name), Json::Object(mut entries)) => entries.remove(name.as_str()),
            (TraversalOperator::LegacyIndex(at), Json::Array(mut items)) => {
                usize::try_from(*at.value()).ok().filter(|at| *at < items.len()).map(|at| items.swap_remove(at))
            }
            (TraversalOperator::Index(index), value) => match (self.expression(index), value) {
                (Json::Int(at), Json::Array(mut items)) => {
                    usize::try_from(at).ok().filter(|at| *at < items.len()).map(|at| items.swap_remove(at))
                }
                (key, Json::Object(mut entries)) => text_of(&key).and_then(|key| entries.remove(key.as_str())),
                _ => None,
            },
            _ => None,
        };
        // What is not there may be an optional part that a type fills in.
        next.map_or_else(|| self.unknown(), |next| self.steps(next, rest))
    }

    /// A part of an unknown is as unknown, under its own name.
    fn unknown_part(&self, origin: &str, operators: &[&TraversalOperator]) -> Json {
        let mut name = origin.to_owned();
        for operator in operators {
            match operator {
                TraversalOperator::GetAttr(step) => {
                    name.push('.');
                    name.push_str(step.as_str());
                }
                TraversalOperator::Index(index) => match Key::of(&self.expression(index)) {
                    Some(key) => name.push_str(&key.to_string()),
                    None => return self.unknown(),
                },
                TraversalOperator::LegacyIndex(index) => name.push_str(&format!("[{}]", index.value())),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => name.push_str("[*]"),
            }
        }
        Json::Unknown(name.into())
    }

    fn each(&self, each: &ForExpr) -> Option<Json> {
        let items: Vec<(Json, Json)> = match self.expression(&each.intro.collection_expr) {
            Json::Array(items) => {
                let key = |at: usize| i64::try_from(at).map_or(Json::Null, Json::Int);
                items.into_iter().enumerate().map(|(at, item)| (key(at), item)).collect()
            }
            Json::Object(entries) => entries.into_iter().map(|(key, value)| (Json::Text(key), value)).collect(),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => return None,
            Json::Unknown(_) | Json::Sensitive(_) => return None,
        };
        let (mut list, mut map) = (Vec::new(), BTreeMap::new());
        for (at, (key, value)) in items.into_iter().enumerate() {
            let mut repeat = self.repeat.clone().into_owned();
            repeat.bound.extend(each.intro.key_var.iter().map(|word| (word.as_str().to_owned(), key.clone())));
            repeat.bound.push((each.intro.value_var.as_str().to_owned(), value));
            let place = format!("{}[{at}]", self.place);
            let inner = Evaluate { scope: self.scope, repeat: Cow::Owned(repeat), place: &place };
            match each.cond.as_ref().map(|cond| inner.expression(&cond.expr)) {
                None | Some(Json::Bool(true)) => {}
                Some(Json::Bool(false)) => continue,
                Some(_) => return None,
            }
            let made = inner.expression(&each.value_expr);
            match &each.key_expr {
                None => list.push(made),
                Some(key) => {
                    let key: Arc<str> = text_of(&inner.expression(key))?.into();
                    if each.grouping {
                        match map.entry(key).or_insert_with(|| Json::Array(Vec::new())) {
                            Json::Array(items) => items.push(made),
                            _ => return None,
                        }
                    } else {
                        map.insert(key, made);
                    }
                }
            }
        }
        Some(if each.key_expr.is_some() { Json::Object(map.into()) } else { Json::Array(list) })
    }
}

/// An evaluation of a part of a value.
struct Part<'e> {
    whole: &'e Evaluate<'e>,
    place: String,
}

impl Part<'_> {
    fn then(&self, evaluate: impl FnOnce(&Evaluate<'_>) -> Json) -> Json {
        let repeat = Cow::Borrowed(&*self.whole.repeat);
        evaluate(&Evaluate { scope: self.whole.scope, repeat, place: &self.place })
    }

    fn expression(&self, expression: &Expression) -> Json {
        self.then(|here| here.expression(expression))
    }
}

/// The text that a template makes of a value.
pub(super) fn text_of(json: &Json) -> Option<String> {
    match json {
        Json::Text(text) => Some(text.to_string()),
        Json::Int(_) | Json::Decimal(_) | Json::Bool(_) => Some(json.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) | Json::Unknown(_) | Json::Sensitive(_) => None,
    }
}

fn binary(operator: BinaryOperator, left: &Json, right: &Json) -> Option<Json> {
    // What one side settles, the other need not be known for.
    match (operator, left, right) {
        (BinaryOperator::And, Json::Bool(false), _) | (BinaryOperator::And, _, Json::Bool(false)) => {
            return Some(Json::Bool(false));
        }
        (BinaryOperator::Or, Json::Bool(true), _) | (BinaryOperator::Or, _, Json::Bool(true)) => {
            return Some(Json::Bool(true));
        }
        _ => {}
    }
    if !left.is_known() || !right.is_known() {
        return None;
    }
    let flags = || match (left, right) {
        (Json::Bool(left), Json::Bool(right)) => Some((*left, *right)),
        _ => None,
    };
    let numbers = || Some((decimal(left)?, decimal(right)?));
    let order = || numbers().map(|(left, right)| left.cmp(&right));
    let whole = |compute: fn(i64, i64) -> Option<i64>| match (left, right) {
        (Json::Int(left), Json::Int(right)) => compute(*left, *right).map(Json::Int),
        _ => None,
    };
    Some(match operator {
        BinaryOperator::Eq => Json::Bool(left == right),
        BinaryOperator::NotEq => Json::Bool(left != right),
        BinaryOperator::Less => Json::Bool(order()? == Ordering::Less),
        BinaryOperator::LessEq => Json::Bool(order()? != Ordering::Greater),
        BinaryOperator::Greater => Json::Bool(order()? == Ordering::Greater),
        BinaryOperator::GreaterEq => Json::Bool(order()? != Ordering::Less),
        BinaryOperator::And => flags().map(|(left, right)| Json::Bool(left && right))?,
        BinaryOperator::Or => flags().map(|(left, right)| Json::Bool(left || right))?,
        BinaryOperator::Plus => whole(i64::checked_add)?,
        BinaryOperator::Minus => whole(i64::checked_sub)?,
        BinaryOperator::Mul => whole(i64::checked_mul)?,
        BinaryOperator::Div => {
            whole(|left, right| left.checked_rem(right).filter(|rest| *rest == 0).and(left.checked_div(right)))?
        }
        BinaryOperator::Mod => whole(i64::checked_rem)?,
    })
}

fn decimal(json: &Json) -> Option<Decimal> {
    match json {
        Json::Int(number) => Some(Decimal::from(*number)),
        Json::Decimal(text) => Decimal::parse(text),
        _ => None,
    }
}
