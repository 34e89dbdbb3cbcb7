//! Syntax trees: what the author wrote, item by item, nothing resolved.
//!
//! Read downwards: an [`Item`] and its kinds, then `body` (what rules say) and `test`.
//!
//! One [`Item`] per chunk of a file. Positions are byte offsets from the start of the chunk, so that an item that only
//! moved is equal to what it was.

mod body;

mod test;

pub use body::{Argument, Atom, BinaryOperator, Expr, ExprKind, Literal, LiteralKind, Operator, Step};
pub use test::{Act, Case, Cases, Change, Expect, Expected, Given, InstancedAtom, Named, Test};

/// A half-open range of bytes from the start of the item's chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A word of the author's with its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// A dotted name: `std.state.kind`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// At least one.
    pub names: Vec<Name>,
    /// From the first to the last.
    pub span: Span,
}

/// An item of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    /// `///` lines before it, without the slashes.
    pub docs: Vec<String>,
    /// `@name(…)` before it.
    pub attributes: Vec<Attribute>,
    /// `pub` stands before it.
    pub public: bool,
    /// What it is.
    pub kind: ItemKind,
    /// From its first attribute, or its first word, to its last token.
    pub span: Span,
}

/// `@control("PCI-DSS 1.3.1")`, `@waivable(right: "…")`, `@optional`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// `control`.
    pub name: Name,
    /// What stands in its parentheses.
    pub arguments: Vec<Argument>,
    /// From `@` to the closing parenthesis.
    pub span: Span,
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// `use std.net;` or `use std.state.{kind, tag};`
    Use {
        /// The path before the braces.
        path: Path,
        /// The names in braces; `None` without braces.
        names: Option<Vec<Name>>,
    },
    /// `entity Resource;`
    Entity(Name),
    /// `enum Verb { create, read }`
    Enum {
        /// Its name.
        name: Name,
        /// Its members.
        members: Vec<Name>,
    },
    /// A relation's declaration.
    Relation(Relation),
    /// `let recent(at: time) = …;`
    Let(Let),
    /// A rule or a fact: `head if body;`
    Rule(Rule),
    /// deny, escalate, permit.
    Governance(Governance),
    /// `blueprint segmentation(…) { … }`
    Blueprint(Blueprint),
    /// `intent payments "…" { … }`
    Intent(Intent),
    /// `test "…" { … }`
    Test(Test),
    /// `fixture shared { … }`
    Fixture {
        /// Its name.
        name: Name,
        /// Its facts.
        facts: Vec<Rule>,
    },
}

/// `change relation spends(s: Session, r: Resource) key(s);`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relation {
    /// Its name.
    pub name: Name,
    /// `change`, `authority`, or neither.
    pub qualifier: Qualifier,
    /// In order.
    pub columns: Vec<Column>,
    /// `key(…)`.
    pub key: Option<Key>,
}

/// The word before `relation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qualifier {
    /// Nothing: a state relation.
    Plain,
    /// `change relation`.
    Change,
    /// `authority relation`.
    Authority,
}

/// `key(r) prefer (plan, cloud)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key's columns.
    pub columns: Vec<Name>,
    /// Source kinds, most trusted first.
    pub prefer: Vec<Name>,
    /// From `key` to the end.
    pub span: Span,
}

/// A column or a parameter: `n: int`, `least n: int`, `within: duration = 24h`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// `least` or `most`.
    pub lattice: Option<Lattice>,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub r#type: Type,
    /// The default of a blueprint's parameter.
    pub default: Option<Expr>,
}

/// The word before a lattice column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lattice {
    /// Keeps the smallest.
    Least,
    /// Keeps the largest.
    Most,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `string`, `Resource`, `std.state.Resource`.
    Named(Path),
    /// `{string}`.
    Set(Box<Type>, Span),
    /// `[string]`.
    List(Box<Type>, Span),
}

/// `let name(columns) = body;`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Let {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub columns: Vec<Column>,
    /// Literals that stand in its place.
    pub body: Vec<Literal>,
}

/// `head if body;`, also a fact (empty body).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// What is derived.
    pub head: Atom,
    /// What must hold.
    pub body: Vec<Literal>,
    /// From the head to `;`.
    pub span: Span,
}

/// `deny name(subjects) "message" if body;`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Governance {
    /// Which of the three.
    pub word: Word,
    /// Its name.
    pub name: Name,
    /// The subjects.
    pub subjects: Vec<Subject>,
    /// The message; permits have none.
    pub message: Option<Text>,
    /// `to accountable(r)`.
    pub to: Option<Atom>,
    /// What must hold.
    pub body: Vec<Literal>,
    /// From the word to `;`.
    pub span: Span,
}

/// A subject in the head of a deny, escalate or permit: `r`, `most n: int`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// It may shrink and stay the same violation: which way is worse, and its type.
    pub measure: Option<(Lattice, Type)>,
    /// The variable, perhaps with a name for the column.
    pub argument: Argument,
}

/// deny, escalate or permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// `deny`
    Deny,
    /// `escalate`
    Escalate,
    /// `permit`
    Permit,
}

/// A quoted text with its place; escapes already read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// With its quotes.
    pub span: Span,
}

/// `blueprint name(parameters) { items }`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Blueprint {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub parameters: Vec<Column>,
    /// Relations, lets, rules, governance; anything else is refused by the compiler.
    pub items: Vec<Item>,
}

/// `intent name "purpose" { members }`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Intent {
    /// `overlay` stands before it.
    pub overlay: bool,
    /// Its name.
    pub name: Name,
    /// What the environment is for.
    pub purpose: Text,
    /// In order.
    pub members: Vec<Member>,
}

/// A line of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Member {
    /// `cover r if …;`
    Cover {
        /// The variable.
        variable: Name,
        /// What must hold.
        body: Vec<Literal>,
        /// From `cover` to `;`.
        span: Span,
    },
    /// `owner "team";`
    Owner(Text),
    /// `criticality high;`
    Criticality(Name),
    /// `apply segmentation(…) as strict;`
    Apply {
        /// The blueprint.
        blueprint: Path,
        /// Its arguments.
        arguments: Vec<Argument>,
        /// `as name`.
        name: Option<Name>,
        /// From `apply` to `;`.
        span: Span,
    },
    /// A further declared fact or rule.
    Rule(Rule),
}
