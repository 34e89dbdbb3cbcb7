//! Json texts read as an enum: a word that is no member is unknown.

use super::expressions::type_of;
use program::{Expr, Function, Literal, Part, Rule, Step, Type, Value, Variable};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Lets every json value that is read as an enum be one of its words.
pub(crate) fn read_as_words(rules: &mut [Rule], enums: &BTreeMap<String, BTreeSet<String>>) {
    for rule in rules {
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
                let json = type_of(inner, self.variables).is_none_or(|from| from == Type::Json);
                if let (true, Some(words)) = (json, self.enums.get(name)) {
                    let words = words.iter().map(|word| Value::text(word.as_str())).collect();
                    let text = Expr::As(inner.clone(), Type::String);
                    *expr = Expr::Call(Function::OneOf, vec![text, Expr::Constant(Value::Set(Arc::new(words)))]);
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
