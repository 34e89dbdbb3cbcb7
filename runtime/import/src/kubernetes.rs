//! Objects of a cluster: manifests, and what a cluster answers.
//!
//! Read downwards: [`read`] takes the objects of a file, each with its facts; [`Manifests::change_over`] makes a change
//! of them, once the model is there. `identity` says what an object is called, `apply` what a manifest makes of one.
//!
//! INVARIANT: every object of a file gives its facts, or the file is refused; what is a template or a patch is no object.
//! Not here: what a kind means (`stdlib/kubernetes.writ`).

mod apply;
mod identity;
mod manifests;

pub use manifests::Manifests;

use crate::sensitive::Sealer;
use crate::sheet::{Sheet, by_relation, joined};
use crate::workers::{PART, spread};
use crate::yaml::Document;
use crate::{Expected, Imported, Malformed, Options, node::Node};
use identity::Identity;
use manifests::Object;
use program::{Fact, FactSource, Json, SourceKind, Speaks, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was applied last, as text: it repeats the object, a Secret's data included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// One object, and where it stands.
struct Found<'a> {
    json: &'a Json,
    place: String,
    identity: Identity,
}

/// Whether a value looks like an object, or a list of them.
pub(crate) fn looks_like_it(json: &Json) -> bool {
    let Json::Object(entries) = json else { return false };
    ["apiVersion", "kind"].iter().all(|key| matches!(entries.get(key), Some(Json::Text(_))))
}

/// Reads the objects of a JSON file.
pub(crate) fn read_json(
    json: &Json,
    source: impl FnOnce(SourceKind, Speaks) -> FactSource,
    sealer: &Sealer,
    options: &Options<'_>,
) -> Result<Imported, Malformed> {
    let mut found = Vec::new();
    let around = around(json, "");
    objects(&Node::root(json), None, &|pointer| pointer.to_owned(), &mut found)?;
    read(found, around, source, sealer, options)
}

/// Reads the objects of a YAML file.
pub(crate) fn read_yaml(
    documents: &[Document],
    source: impl FnOnce(SourceKind, Speaks) -> FactSource,
    sealer: &Sealer,
    options: &Options<'_>,
) -> Result<Imported, Malformed> {
    let (mut found, mut beside) = (Vec::new(), Vec::new());
    for document in documents {
        beside.extend(around(&document.json, &document.place("")));
        objects(&document.root(), None, &|pointer| document.place(pointer), &mut found)
            .map_err(|fault| document.placed(fault))?;
    }
    read(found, beside, source, sealer, options)
}

/// What a list says of itself, each with the keys that lead to it, its value and its place: that there is more, say.
fn around(json: &Json, place: &str) -> Vec<[String; 3]> {
    let list = member(json, &["kind"]).is_some_and(|kind| matches!(kind, Json::Text(kind) if kind.ends_with("List")));
    let entries = match member(json, &["metadata"]) {
        Some(Json::Object(entries)) if list => entries,
        _ => return Vec::new(),
    };
    let said = entries.iter().filter_map(|(key, value)| {
        let value = match value {
            Json::Text(text) if !text.is_empty() => text.to_string(),
            Json::Int(_) | Json::Bool(_) => value.to_string(),
            _ => return None,
        };
        Some([format!("metadata/{key}"), value, place.to_owned()])
    });
    said.collect()
}

/// Adds an object, or all those of a list. An item of a list may leave to the list what it is.
fn objects<'a>(
    node: &Node<'a>,
    list: Option<(&str, &str)>,
    place: &dyn Fn(&str) -> String,
    found: &mut Vec<Found<'a>>,
) -> Result<(), Malformed> {
    let version = node.text_of("apiVersion")?.map(|text| &**text).or(list.map(|(version, _)| version));
    let kind = node.text_of("kind")?.map(|text| &**text).or(list.map(|(_, kind)| kind));
    let (Some(version), Some(kind)) = (version, kind) else {
        return Err(Malformed::new(
            node.at.clone(),
            "this has no `apiVersion` and `kind`, so it is no object of a cluster",
        ));
    };
    if let (Some(of), Some(items)) = (kind.strip_suffix("List"), node.get("items")?) {
        let inner = (!of.is_empty()).then_some((version, of));
        return items.items()?.iter().try_for_each(|item| objects(item, inner, place, found));
    }
    if kind.ends_with("List") && matches!(node.json, Json::Object(entries) if entries.contains_key("items")) {
        return Ok(());
    }
    if version.starts_with("kustomize.config.k8s.io/") {
        return Err(Malformed::new(node.at.clone(), "this is a kustomization, not the objects it makes")
            .help("`kubectl kustomize FOLDER` writes them"));
    }
    if node.get("$patch")?.is_some() {
        return Err(Malformed::new(node.at.clone(), "this is a patch of an object, not the object")
            .help("`kubectl kustomize FOLDER` writes the objects that come of it"));
    }
    let identity = Identity::of(version, kind, node)?;
    found.push(Found { json: node.json, place: place(&node.at), identity });
    Ok(())
}

fn read(
    found: Vec<Found<'_>>,
    around: Vec<[String; 3]>,
    source: impl FnOnce(SourceKind, Speaks) -> FactSource,
    sealer: &Sealer,
    options: &Options<'_>,
) -> Result<Imported, Malformed> {
    // Only a cluster gives an object its `uid`.
    let answered = found.iter().any(|object| member(object.json, &["metadata", "uid"]).is_some());
    let source =
        if answered { source(SourceKind::Cloud, Speaks::Running) } else { source(SourceKind::Plan, Speaks::Intended) };
    let sheet = Sheet::new(source, options);
    let mut seen: BTreeMap<Arc<str>, String> = BTreeMap::new();
    let mut named = Vec::with_capacity(found.len());
    for Found { json, place, identity } in found {
        let name = sheet.named(&identity.name());
        if let Some(first) = seen.insert(name.clone(), place.clone()) {
            // A name that is made when the object is created is nobody's yet.
            if !identity.generated {
                return Err(Malformed::new(place, format!("`{name}` occurs twice, first at {first}"))
                    .help("keep one of them: the last one applied would count"));
            }
        }
        named.push((name, Found { json, place, identity }));
    }
    let parts = named.chunks(PART).map(|some| (sheet.beside(), some)).collect();
    let made = spread(parts, |(sheet, some): (Sheet, &[(Arc<str>, Found<'_>)])| -> Vec<Object> {
        some.iter().map(|(name, found)| object(&sheet, name.clone(), found, sealer)).collect()
    });
    let mut objects: Vec<Object> = made.into_iter().flatten().collect();
    let beside = around.into_iter().map(|[path, value, place]| {
        let (name, file) = (sheet.source.name.clone(), sheet.source.file.clone());
        let tuple = vec![Value::Text(name), Value::Text(file), Value::text(path), Value::text(value)];
        sheet.fact("std.record.around", tuple, &place)
    });
    let beside: Vec<Fact> = beside.collect();
    let mut imported = Imported::of(sheet);
    // What is read as a state is applied by nobody.
    if options.expected == Expected::State {
        objects.sort_by(|a, b| a.resource.cmp(&b.resource));
        let mut objects = objects.into_iter();
        let parts =
            std::iter::from_fn(|| Some(objects.by_ref().take(PART).collect()).filter(|some: &Vec<_>| !some.is_empty()));
        let facts = |some: Vec<Object>| {
            let mut facts = Vec::with_capacity(some.iter().map(|object| object.facts.len()).sum());
            some.into_iter().for_each(|mut object| facts.append(&mut object.facts));
            by_relation(facts)
        };
        imported.facts = joined(spread(parts.collect(), facts));
        return Ok(imported);
    }
    imported.facts = objects.iter().flat_map(|object| object.facts.iter().cloned()).collect();
    imported.facts.extend(beside);
    imported.manifests = Some(Manifests::new(imported.source.clone(), objects));
    Ok(imported)
}

/// The facts of one object: what it is called, what it says, which strings in it may name something else.
fn object(sheet: &Sheet, name: Arc<str>, found: &Found<'_>, sealer: &Sealer) -> Object {
    let Found { json, place, identity } = found;
    let mut config = (*json).clone();
    if let Json::Object(entries) = &mut config {
        for (key, said) in [("apiVersion", identity.api_version()), ("kind", identity.kind.clone())] {
            // Nearly every object says itself what it is.
            if !matches!(entries.get(key), Some(Json::Text(own)) if **own == *said) {
                entries.insert(key.into(), Json::text(said));
            }
        }
    }
    if identity.is_secret() {
        for path in [&["data"][..], &["stringData"], &["metadata", "annotations", LAST_APPLIED]] {
            if let Some(secret) = member_mut(&mut config, path) {
                match secret {
                    Json::Object(entries) => entries.values_mut().for_each(|value| *value = sealer.seal(value)),
                    other => *other = sealer.seal(other),
                }
            }
        }
    }
    let resource = Value::Text(name.clone());
    let text = |part: &str| Value::Text(sheet.shared(part));
    let words = vec![
        resource.clone(),
        text(&sheet.named("")),
        text(&identity.group),
        text(&identity.kind),
        text(&identity.namespace),
        text(&identity.own),
    ];
    let mut facts = vec![sheet.fact("std.kubernetes.object", words, place)];
    if !identity.namespace.is_empty() {
        let space = Value::Text(sheet.named(&identity.space()));
        facts.push(sheet.fact("std.kubernetes.within", vec![resource.clone(), space], place));
    }
    let called = [&*identity.kind_of_group(), &sheet.named(""), &identity.namespace, &identity.own];
    let mut called: Vec<Value> = called.into_iter().map(text).collect();
    called.push(resource.clone());
    facts.push(sheet.fact("std.kubernetes.called", called, place));
    let first = facts.len();
    mentions(&config, &mut String::new(), false, &mut |attribute, value| {
        let tuple = vec![resource.clone(), text(attribute), Value::Text(value.clone())];
        facts.push(sheet.fact("std.kubernetes.mention", tuple, place));
    });
    // Sorted here, where they are few and at hand, they are hardly looked at when all are.
    facts[first..].sort_by(|a, b| a.tuple.cmp(&b.tuple));
    facts.push(sheet.fact("std.state.config", vec![resource, Value::json(config)], place));
    Object { resource: name, facts }
}

/// Visits the strings that may name something: those of keys that end in `name`, labels and selectors, values of
/// variables, and what has a `:` or a `/` in it. None has white space. What the server keeps for itself (`status`,
/// `metadata.managedFields`) names nothing that was asked for.
fn mentions(json: &Json, attribute: &mut String, map: bool, visit: &mut dyn FnMut(&str, &Arc<str>)) {
    let long = attribute.len();
    match json {
        Json::Text(value) => {
            let key = attribute.rsplit('.').next().unwrap_or_default();
            let telling = map
                || ["name", "Name", "namespace"].iter().any(|ending| key.ends_with(ending))
                || (key == "value" || value.contains([':', '/'])) && value.len() > 2;
            if telling && value.len() <= 512 && !value.contains(char::is_whitespace) && attribute != "metadata.name" {
                visit(attribute, value);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| mentions(item, attribute, map, visit)),
        Json::Object(entries) => {
            for (key, value) in entries {
                let own = match &**attribute {
                    "" => matches!(&**key, "status" | "apiVersion"),
                    "metadata" => &**key == "managedFields",
                    _ => false,
                };
                if own {
                    continue;
                }
                if long > 0 {
                    attribute.push('.');
                }
                attribute.push_str(key);
                let within = map && matches!(value, Json::Text(_));
                mentions(value, attribute, within || matches!(&**key, "labels" | "matchLabels" | "selector"), visit);
                attribute.truncate(long);
            }
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Unknown(_) | Json::Sensitive(_) => {}
    }
}

pub(crate) fn member<'a>(json: &'a Json, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(json, |json, key| match json {
        Json::Object(entries) => entries.get(key),
        _ => None,
    })
}

fn member_mut<'a>(json: &'a mut Json, path: &[&str]) -> Option<&'a mut Json> {
    path.iter().try_fold(json, |json, key| match json {
        Json::Object(entries) => entries.get_mut(key),
        _ => None,
    })
}
