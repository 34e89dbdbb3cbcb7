//! Rules: what they mean, not how they run.
//!
//! INVARIANT: the body has an order in which every literal can run: [`Rule::ready`] finds the next. The order in which
//! literals are stored is the author's and has no meaning.

use crate::{Aggregate, Comparison, Expr, Presence, RelationId, Step, Truth, Type, Value};
use serde::{Deserialize, Serialize};

/// A rule's position in [`crate::Program::rules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleId(pub u32);

/// `head if body`. A rule without a body is a fact of the policy's own text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What is derived; its world is always [`World::Here`].
    pub head: Atom,
    /// What must hold, all of it.
    pub body: Vec<Literal>,
    /// Its variables, by position. Names starting with `_` or `$` are the compiler's.
    pub variables: Vec<Variable>,
    /// The message of a deny or escalate.
    pub message: Vec<Part>,
    /// Where it stands in the text. Takes no part in the program's digest.
    pub citation: Citation,
}

/// A variable of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The author's name for it.
    pub name: String,
    /// Its type.
    pub r#type: Type,
}

/// Where a rule stands and in which words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Citation {
    /// Path relative to its package, with `/`; for the standard library `std/…`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The words of the rule, as written.
    pub text: String,
}

/// One condition of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Literal {
    /// A tuple that matches holds.
    Holds(Atom),
    /// No tuple that matches holds. Every variable is bound by another literal; [`Term::Any`] stands for any value.
    Absent(Atom),
    /// A comparison has one of the accepted answers: `[True]` in the sure reading, `[True, Possible]` in the possible.
    Test {
        /// Which comparison.
        op: Comparison,
        /// Left side; where a side is absent the literal does not hold.
        left: Expr,
        /// Right side.
        right: Expr,
        /// The answers with which the literal holds.
        accept: Vec<Truth>,
    },
    /// What a path leads to is, or is not, as asked. An unknown is accepted by the possible reading of any question but
    /// whether it is unknown, which has one answer.
    Is {
        /// The path.
        expr: Expr,
        /// The answers with which the literal holds.
        accept: Vec<Presence>,
    },
    /// The variable has the value; where it is absent the literal does not hold. A variable that is bound elsewhere
    /// must have this very value.
    Bind {
        /// The variable.
        variable: usize,
        /// The value.
        expr: Expr,
    },
    /// The variable ranges over elements, reached step by step.
    Each {
        /// The variable.
        variable: usize,
        /// The first collection.
        base: Expr,
        /// For each further `[*]` of the path: the steps to the next collection, within an element.
        then: Vec<Vec<Step>>,
        /// The steps from the innermost element to the value.
        last: Vec<Step>,
        /// The type the value is read as.
        r#type: Type,
        /// Whether elements of an unknown collection are ranged over (the possible reading).
        possible: bool,
    },
    /// The variable is the aggregate of the tuples that match.
    Aggregate {
        /// The variable.
        variable: usize,
        /// How the group becomes a value.
        how: Aggregate,
        /// The sum of nothing, in its type.
        zero: Value,
        /// The group: [`Term::Any`] where a column is counted; variables are bound by other literals.
        sure: Atom,
        /// The possible reading of the same relation, where it has one.
        possible: Option<RelationId>,
        /// The columns that make a member, in order; the last is the one summed, compared or collected.
        member: Vec<usize>,
    },
}

/// A relation with terms, in a world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Atom {
    /// The relation.
    pub relation: RelationId,
    /// In which world it is read.
    pub world: World,
    /// One per column.
    pub terms: Vec<Term>,
}

/// A column of an atom.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Term {
    /// A variable.
    Variable(usize),
    /// A constant. Matches the very same value.
    Constant(Value),
    /// Any value (`_`).
    Any,
}

/// In which world an atom is read, seen from where its rule is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    /// The world the rule is evaluated in; for a change-scoped rule the world after.
    Here,
    /// The world before the change. Empty while the world before itself is evaluated.
    Before,
    /// The union of the two.
    Either,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Words.
    Words(String),
    /// A value of the rule's binding, as [`Value::show`] prints it; `absent` where there is none.
    Value(Expr),
}

impl Rule {
    /// The first literal that is not `done` and whose inputs are all `bound`.
    ///
    /// - `bound`: for each variable, whether it has a value.
    /// - `done`: for each literal, whether it has run.
    /// - returns: its position; `None` when all are done.
    pub fn ready(&self, bound: &[bool], done: &[bool]) -> Option<usize> {
        (0..self.body.len()).filter(|i| !done[*i]).find(|i| self.body[*i].inputs().iter().all(|v| bound[*v]))
    }

    /// The relations that its body reads, with repetitions.
    pub fn reads(&self) -> impl Iterator<Item = RelationId> + '_ {
        self.body.iter().flat_map(Literal::reads)
    }
}

impl Literal {
    /// The relations that it reads; an aggregate both readings of one.
    pub fn reads(&self) -> impl Iterator<Item = RelationId> + use<> {
        let (one, other) = match self {
            Literal::Holds(atom) | Literal::Absent(atom) => (Some(atom.relation), None),
            Literal::Aggregate { sure, possible, .. } => (Some(sure.relation), *possible),
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => (None, None),
        };
        one.into_iter().chain(other)
    }

    /// The variables that must have a value before the literal can run.
    pub fn inputs(&self) -> Vec<usize> {
        let mut found = Vec::new();
        match self {
            Literal::Holds(_) => {}
            Literal::Absent(atom) => found.extend(atom.variables()),
            Literal::Test { left, right, .. } => {
                left.variables(&mut found);
                right.variables(&mut found);
            }
            Literal::Is { expr, .. } | Literal::Bind { expr, .. } => expr.variables(&mut found),
            Literal::Each { base, then, last, .. } => {
                base.variables(&mut found);
                then.iter().flatten().chain(last).for_each(|step| step.variables(&mut found));
            }
            Literal::Aggregate { sure, .. } => found.extend(sure.variables()),
        }
        found
    }

    /// The variables that have a value after the literal has run.
    pub fn outputs(&self) -> Vec<usize> {
        match self {
            Literal::Holds(atom) => atom.variables().collect(),
            Literal::Bind { variable, .. } | Literal::Each { variable, .. } | Literal::Aggregate { variable, .. } => {
                vec![*variable]
            }
            Literal::Absent(_) | Literal::Test { .. } | Literal::Is { .. } => Vec::new(),
        }
    }
}

impl Atom {
    /// The variables among the terms, in order, with repetitions.
    pub fn variables(&self) -> impl Iterator<Item = usize> + '_ {
        self.terms.iter().filter_map(Term::variable)
    }
}

impl Term {
    /// The variable that it is.
    pub fn variable(&self) -> Option<usize> {
        match self {
            Term::Variable(index) => Some(*index),
            Term::Constant(_) | Term::Any => None,
        }
    }
}

impl Expr {
    /// Adds every variable that occurs to `found`.
    pub fn variables(&self, found: &mut Vec<usize>) {
        match self {
            Expr::Variable(index) => found.push(*index),
            Expr::Constant(_) => {}
            Expr::Path { base, steps } => {
                base.variables(found);
                steps.iter().for_each(|step| step.variables(found));
            }
            Expr::As(inner, _) => inner.variables(found),
            Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => {
                items.iter().for_each(|item| item.variables(found));
            }
            Expr::Default(left, right) => {
                left.variables(found);
                right.variables(found);
            }
            Expr::Object(entries) => entries.iter().for_each(|(_, value)| value.variables(found)),
        }
    }
}

impl Step {
    /// Adds every variable that occurs to `found`.
    pub fn variables(&self, found: &mut Vec<usize>) {
        if let Step::Computed(expr) = self {
            expr.variables(found);
        }
    }
}
