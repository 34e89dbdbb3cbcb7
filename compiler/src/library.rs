//! What others declare: what one item is resolved against, each declaration found when it is asked for.
//!
//! INVARIANT: an item that is resolved learns of no declaration that it did not ask for, so that it need not be
//! resolved again when another one changes.
//! Not here: where declarations are kept (`database`).

use crate::hir::{Blueprint, Enum, Let, Package, Relation};
use crate::names::{Exporting, Names};
use crate::scope::Scope;
use program::Type;
use std::rc::Rc;
use std::sync::Arc;

/// Where declarations are found.
pub trait Declaring: Exporting {
    /// A module by its qualified name.
    fn module(&self, name: &str) -> Option<&Module>;

    /// What stands under a local name in a module.
    fn definition(&self, module: &str, local: &str) -> Option<&Definition>;
}

/// A declaration that others may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Definition {
    /// A relation, also one declared by deny, escalate or permit.
    Relation(Relation),
    /// An enum.
    Enum(Enum),
    /// A let.
    Let(Let),
    /// A blueprint.
    Blueprint(Blueprint),
}

/// A module as its items are resolved in it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Module {
    /// Its qualified name.
    pub name: String,
    /// Whose it is.
    pub package: Package,
    /// What it sees.
    pub scope: Arc<Scope>,
}

/// The declarations of all modules.
pub struct Library<'s> {
    /// Which names there are.
    pub names: Names<'s>,
    source: Rc<dyn Declaring + 's>,
}

impl<'s> Library<'s> {
    /// The declarations that `source` finds.
    pub fn new(source: impl Declaring + 's) -> Library<'s> {
        let source: Rc<dyn Declaring + 's> = Rc::new(source);
        Library { names: Names::new(source.clone()), source }
    }

    /// A module by its qualified name.
    pub fn module(&self, name: &str) -> Option<&Module> {
        self.source.module(name)
    }

    /// A relation by its qualified name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.find(name, |found| match found {
            Definition::Relation(relation) => Some(relation),
            Definition::Enum(_) | Definition::Let(_) | Definition::Blueprint(_) => None,
        })
        .map(|(_, relation)| relation)
    }

    /// A let by its qualified name, with the module that it sees from.
    pub fn helper(&self, name: &str) -> Option<(&Module, &Let)> {
        let (module, helper) = self.find(name, |found| match found {
            Definition::Let(helper) => Some(helper),
            Definition::Relation(_) | Definition::Enum(_) | Definition::Blueprint(_) => None,
        })?;
        Some((self.module(module)?, helper))
    }

    /// A blueprint by its qualified name.
    pub fn blueprint(&self, name: &str) -> Option<&Blueprint> {
        self.find(name, |found| match found {
            Definition::Blueprint(blueprint) => Some(blueprint),
            Definition::Relation(_) | Definition::Enum(_) | Definition::Let(_) => None,
        })
        .map(|(_, blueprint)| blueprint)
    }

    /// An enum by its qualified name.
    pub fn enumeration(&self, name: &str) -> Option<&Enum> {
        self.find(name, |found| match found {
            Definition::Enum(found) => Some(found),
            Definition::Relation(_) | Definition::Let(_) | Definition::Blueprint(_) => None,
        })
        .map(|(_, found)| found)
    }

    /// The members of an enum type; `None` for any other type.
    pub fn members(&self, r#type: &Type) -> Option<&[String]> {
        let Type::Enum(name) = r#type else { return None };
        self.enumeration(name).map(|found| found.members.as_slice())
    }

    /// A declaration with its module's name: the last word is its name, or the last two where a blueprint holds it.
    fn find<'n, T>(&self, name: &'n str, wanted: impl Fn(&Definition) -> Option<&T>) -> Option<(&'n str, &T)> {
        let cuts = name.rmatch_indices('.').take(2).map(|(at, _)| (&name[..at], &name[at + 1..]));
        let mut found = cuts
            .filter(|(module, _)| self.source.is_file(module))
            .filter_map(|(module, local)| Some((module, wanted(self.source.definition(module, local)?)?)));
        found.next()
    }
}
