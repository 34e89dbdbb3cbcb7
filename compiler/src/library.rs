//! Everything declared, of all modules together: what one item is resolved against.

use crate::hir::{Blueprint, Declared, Enum, Let, Relation, Signatures};
use crate::names::Names;
use crate::scope::Scope;
use program::Type;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The declarations and scopes of all modules.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Library {
    /// Which names there are.
    pub names: Arc<Names>,
    modules: BTreeMap<String, Module>,
    relations: Index,
    enums: Index,
    lets: Index,
    blueprints: Index,
}

/// From a qualified name to its module and its position there. Only looked up, never iterated.
type Index = FxHashMap<String, (String, usize)>;

/// One module's declarations and what it sees.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Module {
    /// What it declares.
    pub signatures: Arc<Signatures>,
    /// What it sees.
    pub scope: Arc<Scope>,
}

impl Library {
    /// Joins the declarations of all modules.
    pub fn new(names: Arc<Names>, modules: impl IntoIterator<Item = Module>) -> Library {
        let mut library = Library { names, ..Library::default() };
        for module in modules {
            let name = module.signatures.module.clone();
            let signatures = &module.signatures;
            let index = |into: &mut Index, declared: &mut dyn Iterator<Item = &Declared>| {
                into.extend(declared.enumerate().map(|(position, d)| (d.name.clone(), (name.clone(), position))));
            };
            index(&mut library.relations, &mut signatures.relations.iter().map(|relation| &relation.declared));
            index(&mut library.enums, &mut signatures.enums.iter().map(|declared| &declared.declared));
            index(&mut library.lets, &mut signatures.lets.iter().map(|helper| &helper.declared));
            index(&mut library.blueprints, &mut signatures.blueprints.iter().map(|blueprint| &blueprint.declared));
            library.modules.insert(name.clone(), module);
        }
        library
    }

    /// A module by its qualified name.
    pub fn module(&self, name: &str) -> Option<&Module> {
        self.modules.get(name)
    }

    /// Every module, by name.
    pub fn modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.values()
    }

    /// A relation by its qualified name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.find(&self.relations, name).and_then(|(module, position)| module.signatures.relations.get(position))
    }

    /// A let by its qualified name, with the module that it sees from.
    pub fn helper(&self, name: &str) -> Option<(&Module, &Let)> {
        let (module, position) = self.find(&self.lets, name)?;
        Some((module, module.signatures.lets.get(position)?))
    }

    /// A blueprint by its qualified name.
    pub fn blueprint(&self, name: &str) -> Option<&Blueprint> {
        self.find(&self.blueprints, name).and_then(|(module, position)| module.signatures.blueprints.get(position))
    }

    /// An enum by its qualified name.
    pub fn enumeration(&self, name: &str) -> Option<&Enum> {
        self.find(&self.enums, name).and_then(|(module, position)| module.signatures.enums.get(position))
    }

    /// The members of an enum type; `None` for any other type.
    pub fn members(&self, r#type: &Type) -> Option<&[String]> {
        let Type::Enum(name) = r#type else { return None };
        self.enumeration(name).map(|found| found.members.as_slice())
    }

    fn find(&self, index: &Index, name: &str) -> Option<(&Module, usize)> {
        let (module, position) = index.get(name)?;
        Some((self.modules.get(module)?, *position))
    }
}
