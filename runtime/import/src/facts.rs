//! Facts files in JSON, and values read as a column's type.

use crate::{Imported, Malformed, Options, nearest::nearest, node::Node, sheet::Sheet};
use program::{Column, Decimal, FactSource, Json, Relation, Scope, Type, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads `{"std.authority.member": [{"who": "ana", "team": "orders"}]}`; a tuple may also be an array in column order.
pub(crate) fn read(json: &Json, source: FactSource, options: &Options<'_>) -> Result<Imported, Malformed> {
    let mut sheet = Sheet::new(source, options);
    let mut facts = Vec::new();
    for (name, tuples) in Node::root(json).entries()? {
        let relation =
            relation(name, options.relations).map_err(|what| Malformed { place: tuples.at.clone(), ..what })?;
        for node in tuples.items()? {
            facts.push(sheet.fact(name, tuple(&node, relation)?, &node.at));
        }
    }
    sheet.facts = facts;
    Ok(Imported::of(sheet))
}

/// The relation that facts may be stated of. The fault has no place yet.
pub(crate) fn relation<'r>(name: &str, relations: &'r [Relation]) -> Result<&'r Relation, Malformed> {
    let open = |relation: &&Relation| !relation.hidden && !relation.name.ends_with('?');
    let Some(found) = relations.iter().filter(open).find(|relation| relation.name == name) else {
        let malformed = Malformed::new("", format!("there is no relation `{name}`"));
        let names = relations.iter().filter(open).map(|relation| &*relation.name);
        let ending = |other: &&str| other.rsplit('.').next() == Some(name);
        let near = nearest(name, names.clone()).or_else(|| names.clone().find(ending));
        return Err(match near {
            Some(near) => malformed.help(format!("did you mean `{near}`?")),
            None => malformed.help("name a relation of the policy or of std with its module: `std.authority.member`"),
        });
    };
    if found.scope == Scope::Change {
        let what = format!("`{name}` is about a change, so no file of facts may state it");
        return Err(Malformed::new("", what).help("it is filled from the change that is decided"));
    }
    Ok(found)
}

/// A tuple as an object by column names, or an array in column order.
pub(crate) fn tuple(node: &Node<'_>, relation: &Relation) -> Result<Vec<Value>, Malformed> {
    if let Json::Array(_) = node.json {
        return columns(&node.items()?, relation, &node.at);
    }
    let names: BTreeSet<&str> = relation.columns.iter().map(|column| &*column.name).collect();
    for (key, below) in node.entries()? {
        if !names.contains(&**key) {
            return Err(unknown_column(key, relation, below.at));
        }
    }
    relation
        .columns
        .iter()
        .map(|column| {
            let stated = match node.json {
                Json::Object(entries) => entries.get(column.name.as_str()),
                _ => None,
            };
            match stated {
                Some(json) => value(&Node { json, at: node.under(&column.name) }, column),
                None => Err(Malformed::new(node.at.clone(), format!("the column `{}` is missing here", column.name))),
            }
        })
        .collect()
}

/// Values in column order.
pub(crate) fn columns(items: &[Node<'_>], relation: &Relation, at: &str) -> Result<Vec<Value>, Malformed> {
    if items.len() != relation.columns.len() {
        let names: Vec<&str> = relation.columns.iter().map(|column| &*column.name).collect();
        let (wanted, found) = (relation.columns.len(), items.len());
        let columns = if wanted == 1 { "column" } else { "columns" };
        let values = if found == 1 { "value stands" } else { "values stand" };
        let what = format!("`{}` has {wanted} {columns}, and {found} {values} here", relation.name);
        return Err(Malformed::new(at, what).help(format!("its columns are {}", names.join(", "))));
    }
    items.iter().zip(&relation.columns).map(|(node, column)| value(node, column)).collect()
}

pub(crate) fn unknown_column(name: &str, relation: &Relation, at: impl Into<String>) -> Malformed {
    let names: Vec<&str> = relation.columns.iter().map(|column| &*column.name).collect();
    let malformed = Malformed::new(at, format!("`{}` has no column `{name}`", relation.name));
    match nearest(name, names.iter().copied()) {
        Some(near) => malformed.help(format!("did you mean `{near}`?")),
        None => malformed.help(format!("its columns are {}", names.join(", "))),
    }
}

/// A JSON value as a value of the column's type.
pub(crate) fn value(node: &Node<'_>, column: &Column) -> Result<Value, Malformed> {
    typed(node.json, &column.r#type).ok_or_else(|| {
        let (name, wanted) = (&column.name, words(&column.r#type));
        let found = crate::node::shape(node.json);
        Malformed::new(node.at.clone(), format!("the column `{name}` takes {wanted}; this is {found} that says none"))
    })
}

pub(crate) fn typed(json: &Json, wanted: &Type) -> Option<Value> {
    match (wanted, json) {
        (Type::Json, json) => Some(Value::json(with_unknowns(json))),
        (Type::Int, Json::Int(number)) => Some(Value::Int(*number)),
        (Type::Nat, Json::Int(number)) if *number >= 0 => Some(Value::Int(*number)),
        (Type::Decimal, Json::Int(number)) => Some(Value::Decimal(Decimal::from(*number))),
        (Type::Decimal, Json::Decimal(text)) => Decimal::parse(text).map(Value::Decimal),
        (Type::Bool, Json::Bool(flag)) => Some(Value::Bool(*flag)),
        (Type::String | Type::Entity(_) | Type::Enum(_), Json::Text(text)) => Some(Value::Text(text.clone())),
        (Type::Time | Type::Duration | Type::Cidr | Type::Ip | Type::Version, Json::Text(text)) => {
            Value::parse(text, wanted)
        }
        (Type::Set(inner), Json::Array(items)) => {
            let members: Option<BTreeSet<Value>> = items.iter().map(|item| typed(item, inner)).collect();
            members.map(|members| Value::Set(Arc::new(members)))
        }
        (Type::List(inner), Json::Array(items)) => {
            items.iter().map(|item| typed(item, inner)).collect::<Option<Vec<_>>>().map(|list| Value::List(list.into()))
        }
        _ => None,
    }
}

/// The value with each `{"$unknown": "origin"}` in it as the unknown that it states.
fn with_unknowns(json: &Json) -> Json {
    match json {
        Json::Object(entries) => match entries.iter().next() {
            Some((key, Json::Text(origin))) if entries.len() == 1 && &**key == "$unknown" => {
                Json::Unknown(origin.clone())
            }
            _ => Json::Object(entries.iter().map(|(key, value)| (key.clone(), with_unknowns(value))).collect()),
        },
        Json::Array(items) => Json::Array(items.iter().map(with_unknowns).collect()),
        other => other.clone(),
    }
}

/// What a type takes, as a message says it.
pub(crate) fn words(wanted: &Type) -> String {
    match wanted {
        Type::Entity(_) => format!("the name of a {wanted}"),
        Type::Enum(_) => format!("a word of {wanted}"),
        Type::String => "text".to_owned(),
        Type::Int => "an integer".to_owned(),
        Type::Nat => "an integer that is not negative".to_owned(),
        Type::Decimal => "a decimal number of at most 38 digits".to_owned(),
        Type::Bool => "true or false".to_owned(),
        Type::Time => "a time (`2030-01-01T00:00Z`)".to_owned(),
        Type::Duration => "a duration (`24h`)".to_owned(),
        Type::Cidr => "a network (`10.0.0.0/8`)".to_owned(),
        Type::Ip => "an address (`10.0.0.1`)".to_owned(),
        Type::Version => "a version (`1.4.0`)".to_owned(),
        Type::Json => "any JSON".to_owned(),
        Type::Set(_) | Type::List(_) => format!("an array: {wanted}"),
    }
}
