//! Syntax trees: what the author wrote, item by item, nothing resolved.
//!
//! One [`Item`] per chunk of a file. Positions are byte offsets from the start of the chunk, so that an item that only
//! moved is equal to what it was.

// LONG: every tree of the language in one place, most of it documentation.

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
    pub arguments: Vec<Argument>,
    /// The message; permits have none.
    pub message: Option<Text>,
    /// `to accountable(r)`.
    pub to: Option<Atom>,
    /// What must hold.
    pub body: Vec<Literal>,
    /// From the word to `;`.
    pub span: Span,
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

/// `tag(r, "env", key: k)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Atom {
    /// `orders` of `orders/recoverable.survives(r, c)`. Only in a query: in an item it is a syntax error.
    pub instance: Option<Name>,
    /// `before.std.state.kind`, `payments.covers`, `kind`.
    pub path: Path,
    /// In order.
    pub arguments: Vec<Argument>,
    /// From the path to `)`.
    pub span: Span,
}

/// A positional or a named argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Argument {
    /// `within` of `within: 24h`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// One condition of a body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    /// `not` stands before it.
    pub negated: bool,
    /// What is asked.
    pub kind: LiteralKind,
    /// With its `not`.
    pub span: Span,
}

/// The kinds of conditions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LiteralKind {
    /// An expression that is true or false: an atom of a relation or a let, or a call of a builtin.
    Expr(Expr),
    /// `a < b`, `a == b`.
    Compare(Operator, Expr, Expr),
    /// `x = expr`, `x: int = expr`.
    Equation {
        /// The left side: a variable.
        left: Expr,
        /// The stated type.
        r#type: Option<Type>,
        /// The right side.
        right: Expr,
    },
    /// `x in xs`, `c: cidr in rule.cidr_blocks[*]`.
    In {
        /// The element.
        element: Expr,
        /// The stated type.
        r#type: Option<Type>,
        /// The collection.
        collection: Expr,
    },
    /// `p is absent`; the word is checked by the compiler.
    Is(Expr, Name),
    /// `n = count { r: spends(s, r) }`.
    Aggregate {
        /// The variable.
        variable: Name,
        /// The stated type of the variable.
        r#type: Option<Type>,
        /// `count`, `sum`, …
        function: Name,
        /// The new names left of `:`.
        names: Vec<Name>,
        /// The names behind `per`.
        per: Vec<Name>,
        /// What is aggregated over.
        body: Vec<Literal>,
    },
}

/// A comparison's sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// All of it.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExprKind {
    /// `_`
    Any,
    /// A name alone: a variable.
    Name(String),
    /// A base and the way down: `cfg.ingress[*].port`, `cfg["a b"]`, `tags[k]`. The base may be a name or a call.
    Path(Box<Expr>, Vec<Step>),
    /// `f(x)`, `net.size(c)`, `kind(r, k)`: an atom, or a call of a builtin.
    Call(Atom),
    /// `"text"`; escapes already read.
    Text(String),
    /// Digits; a `-` before a number is folded into it.
    Int(i64),
    /// A number that is no 64-bit integer: `1.5`, `-1e3`, twenty digits. Its text; only json values take it.
    Decimal(String),
    /// `24h`, `250ms`: microseconds.
    Duration(i64),
    /// `2030-01-01T00:00Z`: the text, read by the compiler.
    Time(String),
    /// `true`, `false`
    Bool(bool),
    /// `null`, inside a json literal.
    Null,
    /// `{a, b}`; `{}` is the empty set or object, as its column says.
    Set(Vec<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{"key": value}`
    Object(Vec<(Text, Expr)>),
    /// `a + b`
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// `a ?? b`
    Default(Box<Expr>, Box<Expr>),
    /// `-n` of what is not a literal number or duration.
    Negative(Box<Expr>),
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `.name`
    Field(Name),
    /// `["name"]`, `[0]`, `[k]`
    Index(Expr),
    /// `[*]`
    Each(Span),
}

/// `+`, `-`, `*`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
}
