//! Tests: the world that is given, the change that is asked, what is expected of it.

use super::{Atom, Name, Path, Rule, Span, Text};

/// `test "title" { given … change … expect … }`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// Its title.
    pub name: Text,
    /// In order: blocks of facts and names of fixtures.
    pub given: Vec<Given>,
    /// What is asked.
    pub change: Option<Change>,
    /// What must come of it.
    pub expectations: Vec<Expect>,
}

/// `given { … }` or `given shared;`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// Facts.
    Facts(Vec<Rule>),
    /// A fixture.
    Fixture(Path),
}

/// `change by "ana" session "s1" { … }`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// `by "ana"`.
    pub by: Option<Text>,
    /// `session "s1"`.
    pub session: Option<Text>,
    /// In order.
    pub acts: Vec<Act>,
    /// From `change` to `}`.
    pub span: Span,
}

/// `update "x" { facts }`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Act {
    /// The verb's word, checked by the compiler.
    pub verb: Name,
    /// The resource.
    pub resource: Text,
    /// `move "x" to "y"`.
    pub to: Option<Text>,
    /// Facts that hold afterwards.
    pub set: Vec<Rule>,
    /// `without fact;`
    pub without: Vec<Rule>,
    /// All of it.
    pub span: Span,
}

/// `expect not deny orders/recoverable.destroyed(_, _) introduced;`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expect {
    /// `not` stands before it.
    pub negated: bool,
    /// What is expected.
    pub what: Expected,
    /// `introduced`, `standing`.
    pub state: Option<Name>,
    /// `to "party"`.
    pub to: Option<Text>,
    /// From `expect` to `;`.
    pub span: Span,
}

/// What a test may expect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// `allow`, `deny`, `escalate` alone.
    Verdict(Name),
    /// `deny R(…)`, `escalate R(…)`, `fixed R(…)`: the word and the atom.
    Violation(Name, InstancedAtom),
    /// Any atom.
    Tuple(InstancedAtom),
}

/// `orders/recoverable.key_lost("db", _)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InstancedAtom {
    /// `orders` of `orders/…`.
    pub instance: Option<Name>,
    /// The rest.
    pub atom: Atom,
}
