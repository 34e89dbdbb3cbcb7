//! Values, expressions and ranges, written as Rust: each once, in tables that the rules point into.

use program::{Comparison, Expr, Function, Json, Step, Truth, Type, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the rules have used so far.
#[derive(Default)]
pub(crate) struct Spelling {
    constants: Table,
    expressions: Table,
    ranges: Table,
}

/// Texts, each once, by the order in which they came.
#[derive(Default)]
struct Table {
    numbers: BTreeMap<String, usize>,
    texts: Vec<String>,
}

impl Table {
    fn number(&mut self, text: String) -> usize {
        let next = self.texts.len();
        let number = *self.numbers.entry(text.clone()).or_insert(next);
        if number == next {
            self.texts.push(text);
        }
        number
    }

    fn write(&self, name: &str, one: &str, docs: &str) -> String {
        let mut text = format!(
            "    /// {docs}\n    pub(super) static {name}: LazyLock<Vec<{one}>> = LazyLock::new(|| {{\n        vec![\n"
        );
        for entry in &self.texts {
            let _ = writeln!(text, "            {entry},");
        }
        text + "        ]\n    });\n"
    }
}

impl Spelling {
    /// A constant.
    pub(crate) fn constant(&mut self, value: &Value) -> String {
        format!("law::constant({})", self.constants.number(self::value(value)))
    }

    /// What an expression gives, an `Option<Value>`.
    ///
    /// - `names`: of the rule's variables.
    pub(crate) fn expression(&mut self, expr: &Expr, names: &[String]) -> String {
        match expr {
            Expr::Variable(variable) => format!("Some({}.clone())", names[*variable]),
            Expr::Constant(constant) => format!("Some({}.clone())", self.constant(constant)),
            _ => {
                let mut used = Vec::new();
                expr.variables(&mut used);
                let (places, given) = dense(used, names);
                let number = self.expressions.number(self::expr(expr, &places));
                format!("law::expression({number}, &[{given}])")
            }
        }
    }

    /// The values that a [`program::Literal::Each`] ranges over.
    pub(crate) fn range(
        &mut self,
        (base, then, last): (&Expr, &[Vec<Step>], &[Step]),
        wanted: &Type,
        is_possible: bool,
        names: &[String],
    ) -> String {
        let mut used = Vec::new();
        base.variables(&mut used);
        then.iter().flatten().chain(last).for_each(|step| step.variables(&mut used));
        let (places, given) = dense(used, names);
        let then: Vec<String> = then.iter().map(|steps| self::steps(steps, &places)).collect();
        let text = format!(
            "({}, vec![{}], {}, {}, {is_possible})",
            self::expr(base, &places),
            then.join(", "),
            self::steps(last, &places),
            self::r#type(wanted)
        );
        format!("law::range({}, &[{given}])", self.ranges.number(text))
    }

    /// The module of the tables.
    pub(crate) fn tables(&self) -> String {
        let mut text = String::from(
            "/// What the rules compute with.\nmod law {\n    use super::writ::*;\n    use std::sync::LazyLock;\n\n",
        );
        text += TABLES;
        text += &self.constants.write("CONSTANTS", "Value", "Values that stand in the text of a rule.");
        text += "\n";
        text += &self.expressions.write("EXPRESSIONS", "Expr", "Variables are numbered by the place in `bound`.");
        text += "\n";
        text += "    type Range = (Expr, Vec<Vec<Step>>, Vec<Step>, Type, bool);\n\n";
        text += &self.ranges.write("RANGES", "Range", "Collection, steps to inner ones, steps to the value, its type.");
        text + "}\n"
    }
}

/// How the rules reach into the tables.
const TABLES: &str = "    \
    /// A constant.
    pub(super) fn constant(number: usize) -> &'static Value {
        &CONSTANTS[number]
    }

    /// What an expression gives.
    pub(super) fn expression(number: usize, bound: &[Option<Value>]) -> Option<Value> {
        evaluate(&EXPRESSIONS[number], bound)
    }

    /// What a variable ranges over.
    pub(super) fn range(number: usize, bound: &[Option<Value>]) -> Vec<Value> {
        let (base, then, last, wanted, possible) = &RANGES[number];
        super::writ::range(base, then, last, wanted, *possible, bound)
    }

    /// Whether a comparison has one of the accepted answers.
    pub(super) fn test(op: Comparison, left: Option<Value>, right: Option<Value>, accept: &[Truth]) -> bool {
        left.zip(right).is_some_and(|(left, right)| accept.contains(&compare(op, &left, &right)))
    }

    /// Whether a path leads to what was asked for.
    pub(super) fn is(value: Option<Value>, accept: &[Presence]) -> bool {
        accept.contains(&presence(value.as_ref()))
    }

";

/// The variables that an expression uses, numbered densely, and their values.
fn dense(mut used: Vec<usize>, names: &[String]) -> (BTreeMap<usize, usize>, String) {
    used.sort_unstable();
    used.dedup();
    let given = used.iter().map(|variable| format!("Some({}.clone())", names[*variable])).collect::<Vec<_>>();
    (used.into_iter().enumerate().map(|(place, variable)| (variable, place)).collect(), given.join(", "))
}

/// The Rust text of a value.
pub(crate) fn value(value: &Value) -> String {
    let parsed = |text: &str, wanted: &str| {
        format!("Value::parse({text:?}, &Type::{wanted}).expect(\"a constant is well-formed\")")
    };
    match value {
        Value::Bool(truth) => format!("Value::Bool({truth})"),
        Value::Int(number) => format!("Value::Int({})", int(*number)),
        Value::Decimal(number) => parsed(&number.to_string(), "Decimal"),
        Value::Text(text) => format!("Value::text({text:?})"),
        Value::Time(micros) => format!("Value::Time({})", int(*micros)),
        Value::Duration(micros) => format!("Value::Duration({})", int(*micros)),
        Value::Cidr(net) => parsed(&net.to_string(), "Cidr"),
        Value::Ip(address) => parsed(&address.to_string(), "Ip"),
        Value::Version(version) => parsed(&version.to_string(), "Version"),
        Value::Json(inner) => format!("Value::json({})", json(inner)),
        Value::Set(items) => {
            format!("Value::Set(std::sync::Arc::new([{}].into()))", list(items.iter().map(self::value)))
        }
        Value::List(items) => format!("Value::List(vec![{}].into())", list(items.iter().map(self::value))),
        Value::Between(ends) => {
            let (low, high) = (self::value(&ends.0), self::value(&ends.1));
            format!("Value::Between(std::sync::Arc::new(({low}, {high})))")
        }
        Value::Unknown(unknown) => {
            format!("Value::Unknown(Unknown {{ origin: {:?}.into(), many: {} }})", unknown.origin, unknown.many)
        }
    }
}

/// Rust has no literal for the smallest one.
fn int(number: i64) -> String {
    if number == i64::MIN { String::from("i64::MIN") } else { number.to_string() }
}

fn json(json: &Json) -> String {
    match json {
        Json::Null => String::from("Json::Null"),
        Json::Bool(truth) => format!("Json::Bool({truth})"),
        Json::Int(number) => format!("Json::Int({})", int(*number)),
        Json::Decimal(text) => format!("Json::Decimal({text:?}.into())"),
        Json::Text(text) => format!("Json::text({text:?})"),
        Json::Array(items) => format!("Json::Array(vec![{}])", list(items.iter().map(self::json))),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("({key:?}, {})", self::json(value)));
            format!("Json::object::<&str>([{}])", list(entries))
        }
        Json::Unknown(origin) => format!("Json::Unknown({origin:?}.into())"),
        Json::Sensitive(digest) => format!("Json::Sensitive({digest:?}.into())"),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn expr(expr: &Expr, places: &BTreeMap<usize, usize>) -> String {
    let inner = |expr: &Expr| self::expr(expr, places);
    let all = |items: &[Expr]| list(items.iter().map(inner));
    match expr {
        Expr::Variable(variable) => format!("Expr::Variable({})", places[variable]),
        Expr::Constant(constant) => format!("Expr::Constant({})", value(constant)),
        Expr::Path { base, steps } => {
            format!("Expr::Path {{ base: Box::new({}), steps: {} }}", inner(base), self::steps(steps, places))
        }
        Expr::As(of, wanted) => format!("Expr::As(Box::new({}), {})", inner(of), r#type(wanted)),
        Expr::Call(function, arguments) => {
            format!("Expr::Call({}, vec![{}])", self::function(*function), all(arguments))
        }
        Expr::Default(left, right) => format!("Expr::Default(Box::new({}), Box::new({}))", inner(left), inner(right)),
        Expr::Set(items) => format!("Expr::Set(vec![{}])", all(items)),
        Expr::List(items) => format!("Expr::List(vec![{}])", all(items)),
        Expr::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("({key:?}.to_owned(), {})", inner(value)));
            format!("Expr::Object(vec![{}])", list(entries))
        }
    }
}

fn steps(steps: &[Step], places: &BTreeMap<usize, usize>) -> String {
    let step = |step: &Step| match step {
        Step::Key(key) => format!("Step::Key({key:?}.to_owned())"),
        Step::Index(index) => format!("Step::Index({index})"),
        Step::Computed(by) => format!("Step::Computed({})", expr(by, places)),
    };
    format!("vec![{}]", list(steps.iter().map(step)))
}

fn r#type(wanted: &Type) -> String {
    match wanted {
        Type::Entity(name) => format!("Type::Entity({name:?}.to_owned())"),
        Type::Enum(name) => format!("Type::Enum({name:?}.to_owned())"),
        Type::Set(inner) => format!("Type::Set(Box::new({}))", r#type(inner)),
        Type::List(inner) => format!("Type::List(Box::new({}))", r#type(inner)),
        plain => format!("Type::{plain:?}"),
    }
}

fn function(function: Function) -> String {
    format!("Function::{function:?}")
}

/// The Rust text of a comparison and of the answers with which it holds.
pub(crate) fn comparison(op: Comparison, accept: &[Truth]) -> (String, String) {
    let accept = accept.iter().map(|truth| format!("Truth::{truth:?}"));
    (format!("Comparison::{op:?}"), format!("&[{}]", list(accept)))
}
