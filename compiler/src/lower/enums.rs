//! Texts read as an enum, of json or not: a word that is no member is unknown.

use super::expressions::type_of;
use program::{Expr, Function, Literal, Part, Rule, Step, Type, Value, Variable};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Lets every value that is read as an enum be one of its words.
pub(crate) fn read_as_words(rules: &mut [Rule], enums: &BTreeMap<String, BTreeSet<String>>) {
    for rule in rules {
        ranged(rule, enums);
        let read = Reading { variables: &rule.variables, enums };
        for literal in &mut rule.body {
            match literal {
                Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. } => {}
                Literal::Test { left, right, .. } => {
                    read.expression(left);
                    read.expression(right);
                }
                Literal::Is { expr, .. } | Literal::Bind { expr, .. } => read.expression(expr),
                Literal::Each { base, then, last, .. } => {
                    read.expression(base);
                    then.iter_mut().flatten().chain(last).for_each(|step| read.step(step));
                }
            }
        }
        for part in &mut rule.message {
            if let Part::Value(expr) = part {
                read.expression(expr);
            }
        }
    }
}

/// Lets elements that are ranged over as an enum be texts first, each of which is then one of its words.
fn ranged(rule: &mut Rule, enums: &BTreeMap<String, BTreeSet<String>>) {
    let mut body = Vec::with_capacity(rule.body.len());
    for mut literal in std::mem::take(&mut rule.body) {
        let word = match &mut literal {
            Literal::Each { variable, base, r#type, .. } => {
                let from = type_of(base, &rule.variables).map(|from| match from {
                    Type::Set(element) | Type::List(element) => *element,
                    json => json,
                });
                let words = if let Type::Enum(name) = &*r#type { enums.get(name) } else { None };
                let words = words.filter(|_| from.as_ref() != Some(&*r#type));
                words.map(|words| {
                    *r#type = Type::String;
                    let word = std::mem::replace(variable, rule.variables.len());
                    rule.variables.push(Variable { name: format!("$word{word}"), r#type: Type::String });
                    Literal::Bind { variable: word, expr: one_of(Expr::Variable(*variable), words) }
                })
            }
            Literal::Holds(_)
            | Literal::Absent(_)
            | Literal::Aggregate { .. }
            | Literal::Test { .. }
            | Literal::Is { .. }
            | Literal::Bind { .. } => None,
        };
        body.push(literal);
        body.extend(word);
    }
    rule.body = body;
}

/// The text, where it is one of the words.
fn one_of(text: Expr, words: &BTreeSet<String>) -> Expr {
    let words = words.iter().map(|word| Value::text(word.as_str())).collect();
    Expr::Call(Function::OneOf, vec![text, Expr::Constant(Value::Set(Arc::new(words)))])
}

struct Reading<'a> {
    variables: &'a [Variable],
    enums: &'a BTreeMap<String, BTreeSet<String>>,
}

impl Reading<'_> {
    fn expression(&self, expr: &mut Expr) {
        match expr {
            Expr::Variable(_) | Expr::Constant(_) => {}
            Expr::Path { base, steps } => {
                self.expression(base);
                steps.iter_mut().for_each(|step| self.step(step));
            }
            Expr::As(inner, wanted) => {
                self.expression(inner);
                let Type::Enum(name) = wanted else { return };
                let from = type_of(inner, self.variables);
                if let Some(words) = self.enums.get(name).filter(|_| from.as_ref() != Some(&*wanted)) {
                    *expr = one_of(Expr::As(inner.clone(), Type::String), words);
                }
            }
            Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => {
                items.iter_mut().for_each(|item| self.expression(item));
            }
            Expr::Default(left, right) => {
                self.expression(left);
                self.expression(right);
            }
            Expr::Object(entries) => entries.iter_mut().for_each(|(_, value)| self.expression(value)),
        }
    }

    fn step(&self, step: &mut Step) {
        if let Step::Computed(expr) = step {
            self.expression(expr);
        }
    }
}
