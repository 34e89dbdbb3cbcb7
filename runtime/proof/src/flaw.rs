//! Flaws: why something is refused, in words.

use crate::Side;
use program::{Program, RelationId, RuleId, Value};
use std::fmt;

/// Why a program, its inputs, a proof or a certificate is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The program has no meaning: an id out of range, a negative cycle, an unsafe rule.
    Program {
        /// The rule at fault, if it is one.
        rule: Option<RuleId>,
        /// What is wrong.
        what: String,
    },
    /// A given tuple that cannot be: wrong width, or part of a change in the world before.
    Input {
        /// What is wrong.
        what: String,
    },
    /// The meaning has more tuples than allowed.
    Limit {
        /// The number allowed.
        tuples: usize,
    },
    /// A step of a proof does not follow.
    Step {
        /// The node.
        node: usize,
        /// The literal of the node's rule, where one is at fault.
        literal: Option<usize>,
        /// What is wrong.
        what: String,
    },
    /// A certificate leaves something out, or invents something.
    Certificate {
        /// In which world.
        side: Side,
        /// The rule that shows it, if one does.
        rule: Option<RuleId>,
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Program { rule: Some(rule), what } => write!(f, "rule {}: {what}", rule.0),
            Flaw::Program { rule: None, what } | Flaw::Input { what } => f.write_str(what),
            Flaw::Limit { tuples } => write!(f, "more than {tuples} tuples are derived"),
            Flaw::Step { node, literal: Some(literal), what } => write!(f, "node {node}, literal {literal}: {what}"),
            Flaw::Step { node, literal: None, what } => write!(f, "node {node}: {what}"),
            Flaw::Certificate { side, rule: Some(rule), what } => {
                write!(f, "in the world {}, rule {}: {what}", side.name(), rule.0)
            }
            Flaw::Certificate { side, rule: None, what } => write!(f, "in the world {}: {what}", side.name()),
        }
    }
}

impl std::error::Error for Flaw {}

/// A tuple as the author would write it: `std.state.kind("db", "database")`.
pub(crate) fn shown(program: &Program, relation: RelationId, tuple: &[Value]) -> String {
    let values: Vec<String> = tuple.iter().map(Value::to_string).collect();
    format!("{}({})", program.relation(relation).name, values.join(", "))
}
