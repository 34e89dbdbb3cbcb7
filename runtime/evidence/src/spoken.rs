//! How a reason is said: the name of its rule, its subjects, its message. One reading for who writes a record and who
//! verifies it.

use program::{Part, Program, RelationId, Rule, Value, evaluate};

/// The objection or permit that a tuple is of: `orders/recoverable.key_lost`.
pub fn rule_name(program: &Program, id: RelationId, tuple: &[Value]) -> String {
    let relation = program.relation(id);
    let plain = relation.name.trim_end_matches('?');
    let last = plain.rsplit('.').next().unwrap_or(plain);
    match (relation.instanced, tuple.first()) {
        (true, Some(instance)) => format!("{}.{last}", instance.show()),
        _ => plain.to_owned(),
    }
}

/// The values of a tuple without its instance.
pub fn subjects<'a>(program: &Program, id: RelationId, tuple: &'a [Value]) -> &'a [Value] {
    if program.relation(id).instanced { tuple.get(1..).unwrap_or_default() } else { tuple }
}

/// The message of a rule under a binding.
pub fn message(rule: &Rule, binding: &[Option<Value>]) -> String {
    let mut text = String::new();
    for part in &rule.message {
        match part {
            Part::Words(words) => text.push_str(words),
            Part::Value(expr) => text.push_str(&evaluate(expr, binding).map_or(String::from("absent"), |v| v.show())),
        }
    }
    text
}

/// `recovery.writ:12:5`; nothing for a rule of the compiler's own.
pub fn place(rule: &Rule) -> String {
    match rule.citation.file.as_str() {
        "" => String::new(),
        file => format!("{file}:{}:{}", rule.citation.line, rule.citation.column),
    }
}
