//! One rule while it is resolved: its variables, what is known of their types, where names are looked up.
//!
//! A rule is read in rounds over its syntax. A round builds the whole rule and learns types of variables from columns,
//! functions and stated types; a round that had to guess is followed by another. When nothing more is learned, texts
//! may say what they are compared with, and last what is left of json stays json.
//!
//! INVARIANT: rounds number variables alike, since they read the same text.

use crate::constant::{described, mismatch};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{self, Expr};
use crate::library::{Library, Module};
use crate::resolve::meant::number_in_text;
use crate::resolve::mentions::{Mention, Mentions};
use crate::signatures::{OPEN, is_open};
use program::Type;
use rustc_hash::FxHashMap;
use std::rc::Rc;
use syntax::ast::Span;

/// How bold a round may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Only what columns, functions, numbers and statements say.
    Sure,
    /// A text says that what it is compared with is a string.
    Texts,
    /// What is still open is json.
    Json,
}

/// An expression with what is known of its type.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) expr: Expr,
    /// `None`: nothing says it yet.
    pub(crate) r#type: Option<Type>,
    /// The type is only what a quoted text or a number is if nothing asks for more.
    pub(crate) weak: bool,
    /// It is a whole number of the text: a nat, an int or a decimal.
    pub(crate) number: bool,
}

/// What is known of a variable's type, and where it was learned.
#[derive(Clone, Debug)]
struct Known {
    of: Type,
    at: Span,
}

/// Where names are looked up: the rule, or the let that stands in it.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    pub(crate) module: &'a Module,
    pub(crate) blueprint: Option<&'a hir::Blueprint>,
    pub(crate) mentions: Rc<Mentions>,
    pub(crate) frame: usize,
    pub(crate) next_frame: usize,
    /// Aggregates around it.
    pub(crate) aggregates: usize,
    /// Before the names of a let's own variables: `recent#1.`.
    pub(crate) prefix: String,
    /// A let's parameters with what stands for them.
    pub(crate) arguments: FxHashMap<String, Typed>,
    /// The words of the rule that all places are given as, inside a let.
    pub(crate) at: Option<Span>,
}

/// A rule while it is resolved.
pub(crate) struct Body<'a> {
    pub(crate) library: &'a Library<'a>,
    pub(crate) place: Place<'a>,
    pub(crate) variables: Vec<hir::Variable>,
    index: FxHashMap<String, usize>,
    types: FxHashMap<String, Known>,
    pub(crate) strength: Strength,
    learned: bool,
    /// A type was needed and not known.
    pub(crate) unsettled: bool,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Lets that stand in each other, outermost first.
    pub(crate) lets: Vec<String>,
    pub(crate) lets_used: usize,
    /// A let uses itself.
    pub(crate) recursion: bool,
    /// Something in a let cannot be read, which is told there.
    pub(crate) misread: bool,
    /// A question or a test: it may look inside blueprints.
    pub(crate) asking: bool,
    /// Under a `not`: what stands here gives no variable its values.
    pub(crate) negated: bool,
}

impl<'a> Body<'a> {
    pub(crate) fn new(
        library: &'a Library<'a>,
        module: &'a Module,
        blueprint: Option<&'a hir::Blueprint>,
        mentions: Mentions,
    ) -> Body<'a> {
        let place = Place {
            module,
            blueprint,
            mentions: Rc::new(mentions),
            frame: 0,
            next_frame: 1,
            aggregates: 0,
            prefix: String::new(),
            arguments: FxHashMap::default(),
            at: None,
        };
        Body {
            library,
            place,
            variables: Vec::new(),
            index: FxHashMap::default(),
            types: FxHashMap::default(),
            strength: Strength::Sure,
            learned: false,
            unsettled: false,
            diagnostics: Vec::new(),
            lets: Vec::new(),
            lets_used: 0,
            recursion: false,
            misread: false,
            asking: false,
            negated: false,
        }
    }

    /// Builds in rounds until every type is known or nothing more can be learned.
    pub(crate) fn settle<T>(&mut self, mut build: impl FnMut(&mut Body<'a>) -> T) -> T {
        loop {
            self.variables.clear();
            self.index.clear();
            self.diagnostics.clear();
            self.place.next_frame = 1;
            self.negated = false;
            self.lets_used = 0;
            (self.learned, self.unsettled) = (false, false);
            let built = build(self);
            self.strength = match (self.unsettled, self.learned, self.strength) {
                (false, _, _) | (true, false, Strength::Json) => return self.finished(built),
                (true, true, same) => same,
                (true, false, Strength::Sure) => Strength::Texts,
                (true, false, Strength::Texts) => Strength::Json,
            };
        }
    }

    /// Writes the learned types into the variables and reports those without one.
    fn finished<T>(&mut self, built: T) -> T {
        let mut open = Vec::new();
        for variable in &mut self.variables {
            match self.types.get(&variable.name) {
                Some(known) => variable.r#type = known.of.clone(),
                None => {
                    variable.r#type = OPEN;
                    open.push(variable.clone());
                }
            }
        }
        if self.diagnostics.is_empty() {
            self.diagnostics.extend(open.iter().filter(|v| !v.name.contains('#')).map(no_type));
        }
        built
    }

    /// The place to name for `span`: inside a let, the words that use it.
    pub(crate) fn at(&self, span: Span) -> Span {
        self.place.at.unwrap_or(span)
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        // A let's own mistakes are told where it is declared.
        match self.place.at {
            None => self.diagnostics.push(diagnostic),
            Some(_) => self.misread = true,
        }
    }

    /// The variable of that name, or what stands for it in a let.
    pub(crate) fn name(&mut self, name: &str, span: Span) -> Typed {
        if let Some(argument) = self.place.arguments.get(name) {
            return argument.clone();
        }
        let parameter = self.parameter(name);
        let key = match (&parameter, self.place.mentions.owner(self.place.frame, name)) {
            (Some(_), _) => name.to_owned(),
            (None, Some((frame, _))) if frame > 0 => format!("{}{name}#{frame}", self.place.prefix),
            (None, _) => format!("{}{name}", self.place.prefix),
        };
        let first = self.place.mentions.owner(self.place.frame, name).map_or(span, |(_, mention)| mention.first);
        let position = self.variable(key, self.at(first), parameter.is_some());
        if let Some(known) = parameter {
            self.give(position, &known, span);
        }
        Typed { r#type: self.type_of(position), ..Typed::open(Expr::Variable(position)) }
    }

    /// The type of the blueprint's parameter of that name.
    fn parameter(&self, name: &str) -> Option<Type> {
        let parameters = &self.place.blueprint?.parameters;
        parameters.iter().find(|parameter| parameter.name == name).map(|parameter| parameter.r#type.clone())
    }

    /// How often a name occurs; inside a let its parameters count too.
    pub(crate) fn mention(&self, name: &str) -> Option<&Mention> {
        self.place.mentions.owner(self.place.frame, name).map(|(_, mention)| mention)
    }

    fn variable(&mut self, key: String, span: Span, parameter: bool) -> usize {
        if let Some(position) = self.index.get(&key) {
            return *position;
        }
        let position = self.variables.len();
        self.variables.push(hir::Variable { name: key.clone(), r#type: Type::String, parameter, span });
        self.index.insert(key, position);
        position
    }

    /// A variable of the compiler's own.
    pub(crate) fn fresh(&mut self, known: Option<&Type>, span: Span) -> usize {
        let position = self.variable(format!("$#{}", self.variables.len()), self.at(span), false);
        if let Some(known) = known {
            self.give(position, known, span);
        }
        position
    }

    /// The type of the rule's variable of that name, as far as it is known.
    pub(crate) fn known(&self, name: &str) -> Option<Type> {
        self.types.get(name).map(|known| known.of.clone())
    }

    pub(crate) fn type_of(&self, variable: usize) -> Option<Type> {
        self.types.get(&self.variables[variable].name).map(|known| known.of.clone())
    }

    /// Notes the type that a place asks of a variable, unless one is known already.
    ///
    /// That it asks for a nat is believed last: what gives the variable its values may say that they are ints.
    pub(crate) fn learn(&mut self, variable: usize, known: &Type, span: Span) {
        if known.widest() != *known && self.strength == Strength::Sure {
            self.unsettled |= self.type_of(variable).is_none();
        } else {
            self.note(variable, known, span);
        }
    }

    /// Notes the type of the values that a variable is given; an int that is given nats is one.
    pub(crate) fn give(&mut self, variable: usize, known: &Type, span: Span) {
        let narrower = self.type_of(variable).is_some_and(|before| before != *known && before.takes(known));
        if narrower {
            self.types.remove(&self.variables[variable].name);
        }
        self.note(variable, known, span);
    }

    fn note(&mut self, variable: usize, known: &Type, span: Span) {
        let at = self.at(span);
        let name = &self.variables[variable].name;
        if !self.types.contains_key(name) && !is_open(known) {
            self.types.insert(name.clone(), Known { of: known.clone(), at });
            self.learned = true;
        }
    }

    /// A variable where values meet: a column of a body's atom, an equation. Where it is the variable's own rule or
    /// aggregate, and not denied, these are the values that it is given; else they are what it is compared with.
    ///
    /// - returns: whether the types agree.
    pub(crate) fn meet(&mut self, variable: usize, met: &Type, span: Span) -> bool {
        let own = match self.place.frame {
            0 => self.place.aggregates == 0,
            frame => self.variables[variable].name.ends_with(&format!("#{frame}")),
        };
        let known = if own && !self.negated { met.clone() } else { met.widest() };
        match self.type_of(variable) {
            Some(before) if before.common(&known).is_none() => return false,
            _ => self.give(variable, &known, span),
        }
        true
    }

    /// Two places that disagree about a type: where it is asked, and for a variable where it was learned.
    pub(crate) fn disagreement(&self, expr: &Expr, have: &Type, wanted: &Type, span: Span) -> Diagnostic {
        let at = self.at(span);
        let name = match expr {
            Expr::Variable(variable) => Some(self.variables[*variable].name.as_str()),
            _ => None,
        };
        let diagnostic = mismatch(at, &described(have), wanted);
        let diagnostic = match (have, wanted) {
            (Type::String, Type::Int | Type::Nat | Type::Decimal) => {
                let written = self.place.at.is_none().then_some(span);
                number_in_text(diagnostic, name, wanted, written, false)
            }
            _ => restated(diagnostic, have, wanted),
        };
        let learned = match expr {
            Expr::Variable(variable) => self.types.get(&self.variables[*variable].name).map(|known| known.at),
            _ => None,
        };
        match learned {
            Some(place) if place != at => diagnostic.label(place, format!("is {} here", described(have))),
            _ => diagnostic,
        }
    }

    /// `typed` where `wanted` is asked: learns, reads json as the type, or reports.
    pub(crate) fn fit(&mut self, typed: Typed, wanted: &Type, span: Span) -> Expr {
        match (&typed.r#type, &typed.expr) {
            (None, Expr::Variable(variable)) => {
                self.learn(*variable, wanted, span);
                typed.expr
            }
            (None, _) => typed.expr,
            (Some(have), _) if wanted.takes(have) || is_open(have) || is_open(wanted) => typed.expr,
            (Some(Type::Json), _) => Expr::As(Box::new(typed.expr), wanted.clone()),
            (Some(have), _) => {
                let diagnostic = self.disagreement(&typed.expr, have, wanted, span);
                self.report(diagnostic);
                typed.expr
            }
        }
    }
}

/// What is said where a value of the one type stands and the other is asked.
fn restated(diagnostic: Diagnostic, have: &Type, wanted: &Type) -> Diagnostic {
    let text = matches!(have, Type::String | Type::Entity(_) | Type::Enum(_));
    match (have, wanted) {
        (Type::Int, Type::Nat) => diagnostic.help("state it: `n: nat = …` is unknown where the int is negative"),
        (Type::Int | Type::Nat, Type::Decimal) => diagnostic.help("state it: `d: decimal = …`"),
        (Type::Decimal, Type::Int | Type::Nat) => {
            diagnostic.help(format!("state it: `n: {wanted} = …` is unknown where the decimal is not whole"))
        }
        (Type::Ip, Type::Cidr) => diagnostic.help("state it: `c: cidr = …` is the network of that one address"),
        (_, Type::Time | Type::Duration | Type::Cidr | Type::Ip | Type::Version) if text => {
            diagnostic.help(format!("state it: `x: {wanted} = …` is unknown where the text says none"))
        }
        (Type::Entity(_) | Type::Enum(_), Type::Entity(_) | Type::Enum(_)) => diagnostic,
        (_, Type::String | Type::Entity(_) | Type::Enum(_)) if text => {
            diagnostic.help(format!("state it where the text is meant so: `x: {wanted} = …`"))
        }
        (Type::Set(of) | Type::List(of), Type::Set(inner) | Type::List(inner)) if **inner == Type::Json => {
            diagnostic.help(format!("state what is read from json, where it is bound: `x: {of} = …`"))
        }
        _ => diagnostic,
    }
}

fn no_type(variable: &hir::Variable) -> Diagnostic {
    Diagnostic::new(Code::NoType, format!("nothing says of what type `{}` is", variable.name))
        .label(variable.span, "of which type?")
        .law("a variable has the type of the column it stands in, of what it is compared with, or the one stated")
        .help(format!("state it where it is bound: `{}: string = …`", variable.name))
}
