//! Which source has which resource, and how: what `std.reconcile` compares.
//!
//! A source has a resource if it states a fact of it that the resource exists by: of a relation from which rules lead to
//! `std.state.exists`, and whose first column is the resource. Every source's word counts here, also one that another
//! source's covers.

use super::{Filled, is_resource};
use crate::rests::asks;
use program::{Json, Literal, Origin, Program, RelationId, SourceKind, Speaks, Tuple, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Fills `std.source.stated`, `std.source.configured` and `std.source.withheld`, for a policy that asks.
pub(super) fn fill(filled: &mut Filled<'_>, base: &[(RelationId, Tuple, Origin)]) {
    let wanted = |name: &str| asks(filled.program, name);
    let (stated, configured) = (wanted("std.source.stated"), wanted("std.source.configured"));
    let kept_back = wanted("std.source.withheld");
    if !stated && !configured {
        return;
    }
    let telling = telling(filled.program);
    let config = filled.program.find("std.state.config");
    for (relation, tuple, origin) in base {
        let source = &origin.source;
        let Some(resource) =
            tuple.first().filter(|_| source.kind != SourceKind::Text && source.speaks != Speaks::Nothing)
        else {
            continue;
        };
        let said = || vec![resource.clone(), Value::text(source.speaks.name()), Value::Text(source.name.clone())];
        if stated && telling.contains(relation) {
            filled.given_at("std.source.stated", said(), origin.clone());
        }
        if let Some(Value::Json(value)) = tuple.get(1).filter(|_| configured && Some(*relation) == config)
            && let Some(known) = known(value)
        {
            let tuple = said().into_iter().chain([Value::json(known)]).collect();
            filled.given_at("std.source.configured", tuple, origin.clone());
            if kept_back {
                let mut names = BTreeSet::new();
                withheld(value, &mut names);
                for name in names {
                    let tuple = said().into_iter().chain([Value::text(name)]).collect();
                    filled.given_at("std.source.withheld", tuple, origin.clone());
                }
            }
        }
    }
}

/// What can be compared of a value: without parts that are not known or not to be seen, and without the arrays that these
/// are elements of.
fn known(value: &Json) -> Option<Json> {
    match value {
        Json::Unknown(_) | Json::Sensitive(_) => None,
        Json::Array(items) => items.iter().map(known).collect::<Option<_>>().map(Json::Array),
        Json::Object(entries) => {
            Some(Json::object(entries.iter().filter_map(|(key, value)| Some((key.clone(), known(value)?)))))
        }
        plain => Some(plain.clone()),
    }
}

/// The names of the attributes, at any depth, that [`known`] leaves out.
fn withheld<'v>(value: &'v Json, names: &mut BTreeSet<&'v str>) {
    match value {
        Json::Object(entries) => {
            for (key, value) in entries {
                if known(value).is_none() {
                    names.insert(key);
                }
                withheld(value, names);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| withheld(item, names)),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => {}
        Json::Unknown(_) | Json::Sensitive(_) => {}
    }
}

/// The relations of a resource that it exists by.
fn telling(program: &Program) -> BTreeSet<RelationId> {
    let mut below: BTreeMap<RelationId, BTreeSet<RelationId>> = BTreeMap::new();
    for rule in &program.rules {
        let read = rule.body.iter().filter_map(|literal| match literal {
            Literal::Holds(atom) => Some(atom.relation),
            _ => None,
        });
        below.entry(rule.head.relation).or_default().extend(read);
    }
    let mut found = BTreeSet::new();
    let mut waiting: Vec<RelationId> = program.find("std.state.exists").into_iter().collect();
    while let Some(relation) = waiting.pop() {
        let of_resource = program.relation(relation).columns.first().is_some_and(|column| is_resource(&column.r#type));
        if of_resource && found.insert(relation) {
            waiting.extend(below.get(&relation).into_iter().flatten());
        }
    }
    found
}
