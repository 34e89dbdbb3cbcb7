//! Tests: the world that is given, the change that is asked, what is expected of it.

use super::{Atom, Expr, Name, Path, Rule, Span, Text};

/// `test "title" { given … change … expect … }`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// Its title.
    pub name: Text,
    /// What it is run with, one case at a time; once as it stands where there are none.
    pub cases: Option<Cases>,
    /// In order: blocks of facts and names of fixtures.
    pub given: Vec<Given>,
    /// What is asked.
    pub change: Option<Change>,
    /// What must come of it.
    pub expectations: Vec<Expect>,
}

/// `cases port, verdict { "ssh": 22, "deny"; 443, "allow"; }`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cases {
    /// What stands for the values of each case.
    pub parameters: Vec<Name>,
    /// In order.
    pub cases: Vec<Case>,
    /// From `cases` to `}`.
    pub span: Span,
}

/// `"ssh": 22, "deny";`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// Its name; its values name it where it has none.
    pub name: Option<Text>,
    /// One per parameter.
    pub values: Vec<Expr>,
    /// All of it.
    pub span: Span,
}

/// A name in the world: quoted, or a parameter of the test's cases.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Named {
    /// `"db"`
    Text(Text),
    /// `r`
    Parameter(Name),
}

impl Named {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Named::Text(text) => text.span,
            Named::Parameter(name) => name.span,
        }
    }
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
    pub by: Option<Named>,
    /// `session "s1"`.
    pub session: Option<Named>,
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
    pub resource: Named,
    /// `move "x" to "y"`.
    pub to: Option<Named>,
    /// Facts that hold afterwards.
    pub set: Vec<Rule>,
    /// `without fact;`
    pub without: Vec<Rule>,
    /// All of it.
    pub span: Span,
}

/// `expect not deny orders/recoverable.destroyed(_, _) "the message" introduced;`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expect {
    /// `not` stands before it.
    pub negated: bool,
    /// What is expected.
    pub what: Expected,
    /// The message, a template over the parameters of the test's cases.
    pub message: Option<Text>,
    /// `introduced`, `standing`.
    pub state: Option<Name>,
    /// `to "party"`.
    pub to: Option<Named>,
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
