//! Tuples, patterns and literals in the author's words.
//!
//! A relation is called by its last name; one of a blueprint by its instance and that: `orders/recoverable.survives`.

mod unnamed;

pub(crate) use unnamed::telling;

use program::{
    Atom, Comparison, Expr, Function, Json, Literal, Presence, Program, Reading, RelationId, Rule, Step, Term, Truth,
    Value, WITH_UNKNOWN, Weight, World, compare, evaluate,
};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Behind a blueprint's name: the relation of its applications.
const APPLIED: &str = ".$apply";

/// How a value is put into words.
pub(crate) type Show = fn(&Value) -> String;

/// The name of a relation as an author says it: `kind`. What the compiler puts behind a name is left out.
pub(crate) fn name(program: &Program, id: RelationId) -> &str {
    let full = program.relation(id).name.as_str();
    if full.trim_end_matches('?').ends_with(APPLIED) {
        return "applied";
    }
    let plain = full.split(['$', '?']).next().unwrap_or(full);
    plain.rsplit('.').next().unwrap_or(plain)
}

/// What a rule derives, with its word: `deny key_lost`, `unreadable`.
pub(crate) fn derived(program: &Program, rule: &Rule) -> String {
    let relation = rule.head.relation;
    let objection = program.objections.iter().find(|objection| objection.relation == relation);
    let word = match objection.map(|objection| objection.weight) {
        Some(Weight::Deny) => "deny ",
        Some(Weight::Escalate) => "escalate ",
        None if program.permits.iter().any(|permit| permit.relation == relation) => "permit ",
        None => "",
    };
    match name(program, relation) {
        // What the author wrote as `covered(r)`.
        "covered_by" => String::from("covered"),
        name => format!("{word}{name}"),
    }
}

/// `possibly ` before what holds in the possible reading alone.
fn possibly(program: &Program, id: RelationId) -> &'static str {
    if matches!(program.relation(id).reading, Reading::Possible(_)) { "possibly " } else { "" }
}

/// A tuple: `encrypted_by("db", "key")`; one of a blueprint `orders/recoverable.key_lost("db", "key")`.
pub(crate) fn tuple(program: &Program, id: RelationId, tuple: &[Value]) -> String {
    let values: Vec<Option<Value>> = tuple.iter().cloned().map(Some).collect();
    written(program, id, &values, hidden)
}

/// The same with nothing cut, for readers that are not people. A condition without a name is what its rules say.
pub(crate) fn whole_tuple(program: &Program, id: RelationId, tuple: &[Value]) -> String {
    let values: Vec<Option<Value>> = tuple.iter().cloned().map(Some).collect();
    pattern(program, id, &values, whole)
}

/// The same for one line: larger json values as `{…}` or `[…]`.
pub(crate) fn line(program: &Program, id: RelationId, tuple: &[Value]) -> String {
    let values: Vec<Option<Value>> = tuple.iter().cloned().map(Some).collect();
    written(program, id, &values, brief)
}

/// A tuple of which some values may be any. A condition without a name is what its rules say.
pub(crate) fn pattern(program: &Program, id: RelationId, values: &[Option<Value>], show: Show) -> String {
    match has_no_name(program, id) {
        true => unnamed::condition(program, id, values, show),
        false => written(program, id, values, show),
    }
}

fn written(program: &Program, id: RelationId, values: &[Option<Value>], show: Show) -> String {
    let relation = program.relation(id);
    let (instance, rest) = match (relation.instanced, values) {
        // What the author wrote as `covered(r)`.
        (_, [_, resource]) if relation.name.starts_with("std.intent.covered_by") => {
            let shown = resource.as_ref().map_or(String::from("_"), show);
            return format!("{}covered({shown})", possibly(program, id));
        }
        (true, [Some(instance), rest @ ..]) => (format!("{}.", instance.show()), rest),
        (true, [None, rest @ ..]) => (String::new(), rest),
        _ => (String::new(), values),
    };
    let shown: Vec<String> = rest.iter().map(|value| value.as_ref().map_or(String::from("_"), show)).collect();
    format!("{}{instance}{}({})", possibly(program, id), name(program, id), shown.join(", "))
}

/// A value as text in a list: quoted, with sensitive parts hidden.
pub(crate) fn whole(value: &Value) -> String {
    value.discreet()
}

/// The same, cut where it is long.
pub(crate) fn hidden(value: &Value) -> String {
    cut(&value.discreet(), 200)
}

/// The same, with a json value of more than a few words as `{…}` or `[…]`.
pub(crate) fn brief(value: &Value) -> String {
    let text = hidden(value);
    match value {
        Value::Json(json) if text.chars().count() > 40 => match &**json {
            Json::Object(_) => String::from("{…}"),
            Json::Array(_) => String::from("[…]"),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => text,
            Json::Unknown(_) | Json::Sensitive(_) => text,
        },
        Value::Set(_) | Value::List(_) => cut(&text, 120),
        _ => text,
    }
}

/// A key as a step of what leads to it: `/spec`, RFC 6901.
pub(crate) fn step(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// At most `most` characters, with `…` in place of the rest.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// The variables of a rule and their values; one without a value is shown by its name.
#[derive(Clone, Copy)]
pub(crate) struct Bound<'a> {
    pub rule: &'a Rule,
    pub binding: &'a [Option<Value>],
    pub show: Show,
}

/// Whether a relation stands for a condition that has no name: a negated group, the body of an aggregate.
fn has_no_name(program: &Program, id: RelationId) -> bool {
    let relation = program.relation(id);
    relation.hidden
        && !["$decided", "$route", "$in_doubt", WITH_UNKNOWN, APPLIED].iter().any(|part| relation.name.contains(part))
}

impl Bound<'_> {
    /// A literal with the values of its variables.
    pub(crate) fn literal(self, program: &Program, literal: &Literal) -> String {
        match literal {
            Literal::Holds(atom) => self.atom(program, atom),
            Literal::Absent(atom) => format!("not {}", self.atom(program, atom)),
            Literal::Aggregate { variable, how, sure, .. } => {
                format!("{} = {} {{ {} }}", self.value_of(*variable), how.name(), self.atom(program, sure))
            }
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => {
                self.computed(literal)
            }
        }
    }

    fn atom(self, program: &Program, atom: &Atom) -> String {
        if has_no_name(program, atom.relation) {
            let value = |term: &Term| match term {
                Term::Variable(variable) => self.binding.get(*variable).cloned().flatten(),
                Term::Constant(value) => Some(value.clone()),
                Term::Any => None,
            };
            let values: Vec<Option<Value>> = atom.terms.iter().map(value).collect();
            return format!("{}{}", world(atom.world), unnamed::condition(program, atom.relation, &values, self.show));
        }
        let shown: Vec<String> = (atom.terms.iter())
            .map(|term| match term {
                Term::Variable(variable) => self.value_of(*variable),
                Term::Constant(value) => (self.show)(value),
                Term::Any => String::from("_"),
            })
            .collect();
        format!("{}{}({})", world(atom.world), name(program, atom.relation), shown.join(", "))
    }

    /// A literal that computes, with its values in place: `4 > 3`, `cfg.size (4) > 3`.
    pub(crate) fn computed(self, literal: &Literal) -> String {
        match literal {
            Literal::Test { op: Comparison::Equal, left, right: Expr::Constant(Value::Bool(true)), .. }
                if !is_path(left) =>
            {
                self.expression(left)
            }
            // The compiler's own: whether the value is known.
            Literal::Test { left, accept, .. } if *accept == [Truth::Possible] => {
                format!("{} is not known", self.expression(left))
            }
            Literal::Test { left, accept, .. } if *accept == [Truth::False] => {
                format!("{} is known", self.expression(left))
            }
            Literal::Test { op, left, right, .. } => {
                let equal = *op == Comparison::Equal;
                let open = |(left, right)| compare(*op, &left, &right) == Truth::Possible;
                let sides = evaluate(left, self.binding).zip(evaluate(right, self.binding));
                let word = if equal && sides.is_some_and(open) { "may be" } else { comparison(*op) };
                let side = |expr: &Expr| if equal { self.expression(expr) } else { self.valued(expr) };
                format!("{} {word} {}", side(left), side(right))
            }
            // What the compiler asks of what is surely there.
            Literal::Is { expr, accept } if *accept == [Presence::Null, Presence::Present] => {
                format!("{} is known", self.expression(expr))
            }
            Literal::Is { expr, accept } => {
                let kinds: Vec<&str> = accept.iter().map(|kind| presence_word(*kind)).collect();
                format!("{} is {}", self.expression(expr), kinds.join(" or "))
            }
            Literal::Bind { variable, expr } => {
                match self.rule.variables[*variable].name.starts_with('$') && is_path(expr) {
                    // A comparison that was written, of which the compiler made a binding and a test.
                    true => format!("{} == {}", self.expression(expr), self.value_of(*variable)),
                    false => format!("{} = {}", self.value_of(*variable), self.expression(expr)),
                }
            }
            Literal::Each { variable, base, then, last, .. } => {
                let mut path = self.expression(base);
                for steps in then {
                    path.push_str("[*]");
                    steps.iter().for_each(|step| self.step(step, &mut path));
                }
                if !(then.is_empty() && last.is_empty()) {
                    path.push_str("[*]");
                }
                last.iter().for_each(|step| self.step(step, &mut path));
                format!("{} in {path}", self.value_of(*variable))
            }
            Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. } => String::new(),
        }
    }

    /// Whether what the compiler puts into a lattice column is an end of what is known anyway; `None` where no end is meant.
    fn ends_of_known(self, expr: &Expr) -> Option<bool> {
        match expr {
            Expr::Call(Function::Lowest | Function::Highest, items) => {
                Some(items.first().is_some_and(|item| self.expression(item).parse::<i64>().is_ok()))
            }
            Expr::Call(Function::AddHeld, items) => {
                let mut ends = items.iter().filter_map(|item| self.ends_of_known(item)).peekable();
                ends.peek()?;
                Some(ends.all(|known| known))
            }
            _ => None,
        }
    }

    /// Whether a literal that computes says nothing that the binding does not show: a variable that is what it was
    /// bound to, or the compiler's test that a value is known.
    pub(crate) fn trivial(self, literal: &Literal) -> bool {
        match literal {
            Literal::Bind { variable, expr } => {
                self.value_of(*variable) == self.expression(expr) || self.ends_of_known(expr) == Some(true)
            }
            Literal::Is { accept, .. } => {
                accept.contains(&Presence::Null)
                    && accept.contains(&Presence::Present)
                    && !accept.contains(&Presence::Unknown)
            }
            // Whether a value is known: the compiler asks, to look up those that are.
            Literal::Test { accept, .. } if matches!(accept[..], [Truth::Possible | Truth::False]) => true,
            // A constant of the author's, which the possible reading looks up by comparing.
            Literal::Test { op: Comparison::Equal, left, right, .. } => {
                let own =
                    |expr: &Expr| matches!(expr, Expr::Variable(v) if self.rule.variables[*v].name.starts_with('$'));
                let values = (evaluate(left, self.binding), evaluate(right, self.binding));
                (own(left) || own(right))
                    && matches!(values, (Some(left), Some(right)) if left.is_known() && left == right)
            }
            Literal::Holds(_) | Literal::Absent(_) => false,
            Literal::Test { .. } | Literal::Each { .. } | Literal::Aggregate { .. } => false,
        }
    }

    fn value_of(self, variable: usize) -> String {
        match self.binding.get(variable).and_then(Option::as_ref) {
            Some(value) => (self.show)(value),
            None => match self.rule.variables.get(variable) {
                Some(variable) if !variable.name.starts_with(['$', '_']) => own_name(&variable.name).to_owned(),
                Some(_) | None => String::from("_"),
            },
        }
    }

    /// An expression; a path with its value behind it.
    fn valued(self, expr: &Expr) -> String {
        let path = match expr {
            Expr::As(inner, _) => inner,
            other => other,
        };
        match (path, evaluate(expr, self.binding)) {
            (Expr::Path { .. }, Some(value)) => format!("{} ({})", self.expression(path), (self.show)(&value)),
            _ => self.expression(expr),
        }
    }

    /// An expression with the values of its variables; a path in the author's words.
    fn expression(self, expr: &Expr) -> String {
        let list = |items: &[Expr]| items.iter().map(|item| self.expression(item)).collect::<Vec<_>>().join(", ");
        match expr {
            Expr::Variable(variable) => self.value_of(*variable),
            Expr::Constant(value) => (self.show)(value),
            Expr::Path { base, steps } => {
                let named = match &**base {
                    Expr::Variable(variable) => {
                        self.rule.variables.get(*variable).map(|variable| variable.name.as_str())
                    }
                    _ => None,
                };
                let Some(name) = named.filter(|name| !name.starts_with(['$', '_'])) else {
                    return evaluate(expr, self.binding).map_or(String::from("absent"), |value| (self.show)(&value));
                };
                let mut path = String::from(own_name(name));
                steps.iter().for_each(|step| self.step(step, &mut path));
                path
            }
            Expr::As(inner, _) => self.expression(inner),
            Expr::Call(Function::Add | Function::AddHeld, items) => self.infix(items, "+"),
            Expr::Call(Function::Lowest, items) => format!("the lowest of {}", list(&items[..items.len().min(1)])),
            Expr::Call(Function::Highest, items) => format!("the highest of {}", list(&items[..items.len().min(1)])),
            Expr::Call(Function::Shown, items) => list(items),
            Expr::Call(Function::Subtract, items) => self.infix(items, "-"),
            Expr::Call(Function::Multiply, items) => self.infix(items, "*"),
            Expr::Call(function, items) => format!("{function}({})", list(items)),
            Expr::Default(left, right) => format!("{} ?? {}", self.expression(left), self.expression(right)),
            Expr::Set(items) => format!("{{{}}}", list(items)),
            Expr::List(items) => format!("[{}]", list(items)),
            Expr::Object(entries) => {
                let shown: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{key}: {}", self.expression(value))).collect();
                format!("{{{}}}", shown.join(", "))
            }
        }
    }

    fn infix(self, items: &[Expr], sign: &str) -> String {
        items.iter().map(|item| self.expression(item)).collect::<Vec<_>>().join(&format!(" {sign} "))
    }

    fn step(self, step: &Step, path: &mut String) {
        let _ = match step {
            Step::Key(key) => write!(path, ".{key}"),
            Step::Index(index) => write!(path, "[{index}]"),
            Step::Computed(expr) => write!(path, "[{}]", self.expression(expr)),
        };
    }
}

/// Whether it is a path into json, read as a type or not.
fn is_path(expr: &Expr) -> bool {
    match expr {
        Expr::As(inner, _) => is_path(inner),
        expr => matches!(expr, Expr::Path { .. }),
    }
}

/// The author's name of a variable, without what tells it from one of the same name: `c` of an aggregate's `c#1`, `t` of
/// a let's `recent#1.t`.
fn own_name(name: &str) -> &str {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.split('#').next().unwrap_or(last)
}

/// The word before an atom of another world.
pub(crate) fn world(world: World) -> &'static str {
    match world {
        World::Here => "",
        World::Before => "before.",
        World::Either => "either.",
    }
}

fn comparison(op: Comparison) -> &'static str {
    match op {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Greater => ">",
        Comparison::AtLeast => ">=",
        Comparison::In => "in",
        Comparison::NotIn => "not in",
    }
}

fn presence_word(presence: Presence) -> &'static str {
    match presence {
        Presence::Absent => "absent",
        Presence::Null => "null",
        Presence::Unknown => "unknown",
        Presence::Present => "present",
    }
}

/// What is said of a resource that no intent covers.
pub(crate) fn unclaimed(resource: &str) -> String {
    format!("no intent covers {resource}")
}

/// Where the unknown values inside `value` come from.
pub(crate) fn origins(value: &Value, found: &mut BTreeSet<String>) {
    fn inside(json: &Json, found: &mut BTreeSet<String>) {
        match json {
            Json::Unknown(origin) => {
                found.insert(origin.to_string());
            }
            Json::Sensitive(_) => {
                found.insert(String::from("a sensitive value"));
            }
            Json::Array(items) => items.iter().for_each(|item| inside(item, found)),
            Json::Object(entries) => entries.values().for_each(|value| inside(value, found)),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => {}
        }
    }
    match value {
        Value::Unknown(unknown) => {
            found.insert(unknown.origin.to_string());
        }
        Value::Json(json) => inside(json, found),
        Value::Set(items) => items.iter().for_each(|item| origins(item, found)),
        Value::List(items) => items.iter().for_each(|item| origins(item, found)),
        Value::Between(_) => {
            found.insert(value.show());
        }
        Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::Text(_) | Value::Time(_) => {}
        Value::Duration(_) | Value::Cidr(_) | Value::Ip(_) | Value::Version(_) => {}
    }
}
