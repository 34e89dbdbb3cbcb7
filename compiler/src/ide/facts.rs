//! What facts call a name. Sources give facts by the words of relations, columns and members of enums: these stand in no
//! text of the policy, so that nothing here writes them anew.
//!
//! Not here: which facts there are, and in which files.

use super::index::Target;
use super::navigation;
use crate::database::Snapshot;
use crate::hir::Package;
use crate::names::Sort;
use program::{Type, Value};
use std::collections::BTreeMap;

/// By what facts would name something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFacts {
    /// The relations whose facts name it, by qualified name; of a member the positions of the columns that may hold it.
    pub relations: BTreeMap<String, Vec<usize>>,
    /// The member of an enum that it is.
    pub member: Option<String>,
}

/// By what facts would name what stands at a place; `None` where no fact can.
pub fn at(snapshot: &Snapshot, path: &str, offset: usize) -> Option<InFacts> {
    of(snapshot, &navigation::target(snapshot, path, offset)?.1)
}

/// By what facts would name it; `None` where no fact can.
pub fn of(snapshot: &Snapshot, target: &Target) -> Option<InFacts> {
    let library = snapshot.library();
    let filled = |name: &str| library.relation(name).is_some_and(|relation| relation.word.is_none());
    match target {
        Target::Declared(Sort::Relation, name) | Target::Column { of: name, .. } => {
            let relations = BTreeMap::from([(name.clone(), Vec::new())]);
            filled(name).then_some(InFacts { relations, member: None })
        }
        Target::Member { of, name } => {
            let written = snapshot.paths().filter(|path| snapshot.package_of(path) != Some(Package::Std));
            let all = written.filter_map(|path| snapshot.exports_of(path)).flat_map(|exports| {
                let here = exports.names.iter().filter(|(_, entry)| entry.sort == Sort::Relation);
                here.map(|(local, _)| format!("{}.{local}", exports.module))
            });
            let holding = all.filter(|name| filled(name)).filter_map(|name| {
                let columns = &library.relation(&name)?.columns;
                let places = columns.iter().enumerate().filter(|(_, column)| has(&column.r#type, of));
                let places: Vec<usize> = places.map(|(place, _)| place).collect();
                (!places.is_empty()).then_some((name, places))
            });
            Some(InFacts { relations: holding.collect(), member: Some(name.clone()) })
        }
        Target::Declared(..) | Target::Module(_) | Target::Variable(_) | Target::Application(_) => None,
    }
}

impl InFacts {
    /// Whether a fact names it.
    pub fn is_named_by(&self, fact: &program::Fact) -> bool {
        let Some(places) = self.relations.get(&*fact.relation) else { return false };
        match &self.member {
            None => true,
            Some(member) => places.iter().filter_map(|place| fact.tuple.get(*place)).any(|value| says(value, member)),
        }
    }
}

/// Whether values of the type hold members of the enum.
fn has(r#type: &Type, of: &str) -> bool {
    match r#type {
        Type::Enum(name) => name == of,
        Type::Set(inner) | Type::List(inner) => has(inner, of),
        _ => false,
    }
}

fn says(value: &Value, member: &str) -> bool {
    match value {
        Value::Text(text) => **text == *member,
        Value::Set(all) => all.iter().any(|value| says(value, member)),
        Value::List(all) => all.iter().any(|value| says(value, member)),
        _ => false,
    }
}
