//! What the author meant: names resolved, types known, lets inlined; still in the words of the language.
//!
//! `resolve` and `types` make it from the syntax tree, the checks read it, `lower` turns it into the [`program`].
//! Relations are named by their qualified name (`std.state.kind`, `policy.recoverable.survives`).
//! Spans are relative to the item's chunk, as in the syntax tree.

mod moved;

use program::{Comparison, Function, Type, Value};
pub use syntax::ast::{Qualifier, Span, Word};

/// Every declaration of one module that others may see, or that its own rules read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Signatures {
    /// Qualified name of the module: `std.state`, `policy`.
    pub module: String,
    /// `std`, or the root package.
    pub package: Package,
    /// In the order of the text. Those of blueprints too.
    pub relations: Vec<Relation>,
    /// Entities, by qualified name.
    pub entities: Vec<Declared>,
    /// Enums.
    pub enums: Vec<Enum>,
    /// Lets; their bodies are inlined by `resolve`.
    pub lets: Vec<Let>,
    /// Blueprints.
    pub blueprints: Vec<Blueprint>,
    /// Names of intents.
    pub intents: Vec<Declared>,
    /// Names of fixtures.
    pub fixtures: Vec<Declared>,
}

/// Whose rules these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Package {
    /// The standard library.
    Std,
    /// A package that the compiled one depends on; which, the first two words of its modules' names say.
    Dependency,
    /// The package that is compiled.
    #[default]
    Root,
}

impl Package {
    /// What the names of a package's modules begin with: `acme.payments` of `acme.payments.edge`.
    ///
    /// - returns: `None` for the root package and the library, whose modules have no other name.
    pub fn home(self, module: &str) -> Option<&str> {
        let end = module.match_indices('.').nth(1).map_or(module.len(), |(at, _)| at);
        (self == Package::Dependency).then(|| &module[..end])
    }
}

/// A declared name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Declared {
    /// Qualified.
    pub name: String,
    /// Other modules may use it.
    pub public: bool,
    /// Position of the item in its file.
    pub item: u32,
    /// The name's place in the item.
    pub span: Span,
    /// Its documentation, lines joined.
    pub docs: String,
}

/// A relation, declared by `relation`, or by a deny, escalate or permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Name, place, documentation.
    pub declared: Declared,
    /// In order. The hidden instance column is not among them. Of a governance relation: the subjects of its first
    /// rule, with the types inferred from that rule's body.
    pub columns: Vec<Column>,
    /// `change`, `authority`, or neither. Governance relations are `Plain`; their scope comes from their bodies.
    pub qualifier: Qualifier,
    /// Which governance word declares it, if one does.
    pub word: Option<Word>,
    /// The blueprint it stands in: its qualified name.
    pub blueprint: Option<String>,
    /// Positions of the key's columns and the source kinds of `prefer`.
    pub key: Option<program::Key>,
    /// `@optional`.
    pub optional: bool,
    /// `@editable`.
    pub editable: bool,
    /// `@severity`, `@control`: of governance words.
    pub severity: Option<program::Severity>,
    /// Control ids.
    pub controls: Vec<String>,
    /// `@waivable`: the right by which a violation may be waived.
    pub waivable: Option<String>,
}

/// A column or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub r#type: Type,
    /// `least` or `most`.
    pub lattice: Option<program::Lattice>,
    /// A parameter's default.
    pub default: Option<Value>,
}

/// An enum and its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enum {
    /// Name, place, documentation.
    pub declared: Declared,
    /// In order.
    pub members: Vec<String>,
}

/// A let: its body is kept as syntax and resolved where it was declared, once for each use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Let {
    /// Name, place, documentation.
    pub declared: Declared,
    /// Its parameters.
    pub columns: Vec<Column>,
    /// The blueprint it stands in.
    pub blueprint: Option<String>,
    /// Its body.
    pub body: Vec<syntax::ast::Literal>,
}

/// A blueprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    /// Name, place, documentation.
    pub declared: Declared,
    /// Its parameters.
    pub parameters: Vec<Column>,
}

/// What one item says, resolved.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Item {
    /// Rules: plain ones, governance, covers, an intent's own; those of a blueprint in the order of the text.
    pub rules: Vec<Rule>,
    /// What a let says, as the rule of a relation that its parameters are the columns of.
    pub lets: Vec<Rule>,
    /// The intent, where the item is one.
    pub intent: Option<Intent>,
    /// The test, where the item is one: once for each of its cases.
    pub tests: Vec<Test>,
    /// The facts of a fixture, where the item is one.
    pub fixture: Option<Vec<Fact>>,
    /// The numbers of the diagnostics that `@allow` before it, or inside it, silences.
    pub allowed: Vec<String>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it derives.
    pub head: Head,
    /// The blueprint it stands in: its qualified name. Its parameters are variables of the rule.
    pub blueprint: Option<String>,
    /// What must hold.
    pub body: Vec<Literal>,
    /// Its variables, parameters included; [`Term::Variable`] and [`Expr::Variable`] are positions here.
    pub variables: Vec<Variable>,
    /// The message of a deny or escalate.
    pub message: Vec<Part>,
    /// `to accountable(r)`: an atom without its last column, which is the party asked.
    pub to: Option<Atom>,
    /// The rule's words in the chunk.
    pub span: Span,
}

/// What a rule derives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// A tuple of a relation, governance relations included.
    Relation {
        /// Qualified name.
        name: String,
        /// One per column.
        terms: Vec<Expr>,
        /// deny, escalate or permit.
        word: Option<Word>,
    },
    /// `cover r if …` of an intent: the intent's name and the variable.
    Cover {
        /// The intent's (unqualified) name.
        intent: String,
        /// The resource.
        resource: Expr,
    },
}

/// A variable of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// As written; a let's own variables as `let#n.name`, those of an aggregate alone as `name#n`, the compiler's as `$#n`.
    pub name: String,
    /// Its type.
    pub r#type: Type,
    /// It is the blueprint's parameter of that name.
    pub parameter: bool,
    /// Where it first occurs.
    pub span: Span,
}

/// One condition of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// An atom of a relation.
    Atom(Atom),
    /// `covered(r)`: inside a blueprint the applying intent covers `r`, elsewhere any intent.
    Covered(Expr, Span),
    /// None of the bindings of the inner literals holds; never one `Compare` alone. Variables that occur outside are bound there.
    Not(Vec<Literal>, Span),
    /// A comparison or a membership test, already the right way round for a negation.
    Compare(Comparison, Expr, Expr, Span),
    /// `p is absent`; the answers that are accepted.
    Is(Expr, Vec<program::Presence>, Span),
    /// `x = expr` where `x` has no other binding.
    Bind(usize, Expr, Span),
    /// `x in collection`, `x in cfg.a[*].b[*]`: a variable that ranges over elements, each read as its type.
    Each {
        /// The variable.
        variable: usize,
        /// The first collection.
        base: Expr,
        /// Steps to each further collection, within an element.
        then: Vec<Vec<Step>>,
        /// Steps from the innermost element to the value.
        last: Vec<Step>,
        /// The whole literal.
        span: Span,
    },
    /// `n = count { x, y: … }`.
    Aggregate {
        /// The variable.
        variable: usize,
        /// count, sum, …
        how: program::Aggregate,
        /// The columns of a member: the names left of `:`, or those behind `per`, or for `sum`, `min`, `max`,
        /// `collect` without `per` every variable inside; then, last, the value that is summed (nothing for `count`).
        member: Vec<usize>,
        /// What is aggregated over. Variables that occur outside too are the group.
        body: Vec<Literal>,
        /// The whole literal.
        span: Span,
    },
}

/// A relation with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    /// Qualified name.
    pub relation: String,
    /// Where it is read.
    pub world: program::World,
    /// One per column; [`Expr::Any`] where nothing is asked.
    pub terms: Vec<Expr>,
    /// Where a query or test names the instance of a blueprint's relation: all of it, `orders/recoverable`.
    pub instance: Option<String>,
    /// The atom's words.
    pub span: Span,
}

/// An expression with its type known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// `_`
    Any,
    /// A variable.
    Variable(usize),
    /// A constant, of the type its place has.
    Constant(Value),
    /// A part of a json value.
    Path(Box<Expr>, Vec<Step>),
    /// Read as a type.
    As(Box<Expr>, Type),
    /// A builtin.
    Call(Function, Vec<Expr>),
    /// `a ?? b`
    Default(Box<Expr>, Box<Expr>),
    /// `{a, b}`
    Set(Vec<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{"a": b}`
    Object(Vec<(String, Expr)>),
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `.name`, `["name"]`
    Key(String),
    /// `[0]`
    Index(u32),
    /// `[k]`
    Computed(Expr),
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Words(String),
    /// A value.
    Value(Expr),
}

/// An intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its name, unqualified.
    pub name: String,
    /// What the environment is for.
    pub purpose: String,
    /// The accountable party.
    pub owner: Option<String>,
    /// How much hangs on it.
    pub criticality: Option<program::Severity>,
    /// A baseline that only objects.
    pub overlay: bool,
    /// The blueprints it applies.
    pub applies: Vec<Apply>,
    /// The intent's name in its chunk.
    pub span: Span,
}

/// `apply segmentation(trusted: {"cde"}) as strict;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apply {
    /// Qualified name.
    pub blueprint: String,
    /// One value per parameter, defaults filled in.
    pub arguments: Vec<Value>,
    /// `as`, else the intent's name.
    pub name: String,
    /// The whole line.
    pub span: Span,
}

/// A fact of a test, a fixture or a facts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Qualified name.
    pub relation: String,
    /// One per column.
    pub tuple: Vec<Value>,
    /// Its words.
    pub span: Span,
}

/// A test block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Its title; behind it the name of its case, where it has one: `a port: ssh`.
    pub name: String,
    /// Facts of its own.
    pub given: Vec<Fact>,
    /// Fixtures, by qualified name.
    pub fixtures: Vec<String>,
    /// Who asks.
    pub actor: Option<String>,
    /// In which session.
    pub session: Option<String>,
    /// What is asked, in order.
    pub acts: Vec<Act>,
    /// What must come of it.
    pub expectations: Vec<Expectation>,
    /// The whole block, or its case.
    pub span: Span,
}

/// One act of a change block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// What is done.
    pub verb: program::Verb,
    /// The resource.
    pub resource: String,
    /// The new name of a move.
    pub to: Option<String>,
    /// Facts that hold afterwards.
    pub set: Vec<Fact>,
    /// Facts that hold no more.
    pub without: Vec<Fact>,
    /// Its words.
    pub span: Span,
}

/// One `expect` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// `not`.
    pub negated: bool,
    /// What is expected.
    pub expected: Expected,
    /// Its words.
    pub span: Span,
}

/// What a test may expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `allow`
    Allow,
    /// `deny`
    Deny,
    /// `escalate`
    Escalate,
    /// `deny R(…) introduced`, `escalate R(…) to "p"`, `fixed R(…)`; terms are constants or [`Expr::Any`].
    Violation {
        /// The objection.
        atom: Atom,
        /// What it must come to: a deny that is only possible escalates.
        weight: program::Weight,
        /// With this very message.
        message: Option<String>,
        /// In which state.
        state: Option<program::State>,
        /// To whom.
        to: Option<String>,
    },
    /// Any atom.
    Tuple(Atom),
}
