//! The names of an item, each with its exact place and what it stands for: what every question of an editor is
//! answered from.
//!
//! Read downwards: a [`Target`] is what a name stands for, a [`Mention`] one place of it; [`index`] finds those of one
//! item, `walk` reads its parts, `message` the values in
//! its messages.
//!
//! INVARIANT: a name that the compiler finds is found here under the same declaration; one that it does not find is
//! no mention.
//! Not here: names in words that cannot be read, which stand for nothing yet (`completion` looks at their tokens).

mod message;
mod walk;

use crate::hir;
use crate::library::{Library, Module};
use crate::names::{Exports, Sort};
use syntax::ast::{Item, Span};

/// The entity whose names are those of the package's intents.
pub(super) const INTENT: &str = "std.intent.Intent";

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A module: `std.state`.
    Module(String),
    /// What an item declares, or a builtin, by qualified name: `policy.recoverable.survives`.
    Declared(Sort, String),
    /// A column of a relation, or a parameter of a let or a blueprint.
    Column {
        /// Qualified name of what has it.
        of: String,
        /// Its name.
        name: String,
    },
    /// A member of an enum.
    Member {
        /// The enum's qualified name.
        of: String,
        /// The member.
        name: String,
    },
    /// A variable of a rule, or a parameter of a test's cases: where it first occurs in its item.
    Variable(u32),
    /// The name under which a blueprint is applied: what stands behind `as`, or before `/`.
    Application(String),
}

/// What a name does where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Declares it, or binds it first.
    Declares,
    /// Adds tuples to it: the head of a rule, or a fact.
    Derives,
    /// Reads it, or names it as a type.
    Reads,
    /// Says in which column an argument stands.
    Labels,
    /// Brings it into the module.
    Imports,
}

/// A place of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mention {
    /// The name alone, in its item: without the module before it, without quotes.
    pub span: Span,
    /// What it stands for.
    pub target: Target,
    /// What it does there.
    pub role: Role,
}

/// Where an item stands, and what is known of it.
pub(crate) struct Place<'a> {
    pub(crate) library: &'a Library<'a>,
    pub(crate) module: &'a Module,
    /// What its file declares, with places.
    pub(crate) exports: &'a Exports,
    /// Its position in the file.
    pub(crate) position: u32,
    /// Its words.
    pub(crate) text: &'a str,
    /// What it says: the types of its variables.
    pub(crate) resolved: &'a hir::Item,
}

/// Every name of an item that stands for something, in the order of the text.
pub(crate) fn index(place: &Place<'_>, item: &Item) -> Vec<Mention> {
    let mut found = walk::walk(place, item);
    found.sort_by_key(|mention| (mention.span.start, mention.span.end));
    found.dedup();
    found
}

impl Target {
    /// The declaration that it is a part of; its own name where it is one.
    pub fn declaration(&self) -> Option<&str> {
        match self {
            Target::Declared(_, name) => Some(name),
            Target::Column { of, .. } | Target::Member { of, .. } => Some(of),
            Target::Module(_) | Target::Variable(_) | Target::Application(_) => None,
        }
    }
}
