//! What stands in a body: literals, their expressions, the atoms of both.

use super::{Name, Path, Span, Text, Type};

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

impl Expr {
    /// Goes through the expressions that it is directly made of, as they are written.
    pub fn parts<'a>(&'a self, each: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            ExprKind::Path(base, steps) => {
                each(base);
                for step in steps {
                    match step {
                        Step::Index(index) => each(index),
                        Step::Field(_) | Step::Each(_) => {}
                    }
                }
            }
            ExprKind::Call(atom) => atom.arguments.iter().for_each(|argument| each(&argument.value)),
            ExprKind::Set(items) | ExprKind::List(items) => items.iter().for_each(each),
            ExprKind::Object(entries) => entries.iter().for_each(|(_, value)| each(value)),
            ExprKind::Binary(_, left, right) | ExprKind::Default(left, right) => {
                each(left);
                each(right);
            }
            ExprKind::Negative(inner) => each(inner),
            ExprKind::Any
            | ExprKind::Name(_)
            | ExprKind::Text(_)
            | ExprKind::Int(_)
            | ExprKind::Decimal(_)
            | ExprKind::Duration(_)
            | ExprKind::Time(_)
            | ExprKind::Bool(_)
            | ExprKind::Null => {}
        }
    }
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
