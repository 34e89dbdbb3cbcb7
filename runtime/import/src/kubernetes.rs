//! Objects of a cluster: manifests, and what a cluster answers.
//!
//! Read downwards: [`read`] takes the objects of a file, each with its facts; [`Manifests::change_over`] makes a change
//! of them, once the model is there. `identity` says what an object is called, `apply` what a manifest makes of one.
//!
//! INVARIANT: every object of a file gives its facts, or the file is refused; what is a template or a patch is no object.
//! Not here: what a kind means (`stdlib/kubernetes.writ`).

mod apply;
mod identity;
mod managers;
mod manifests;

pub use manifests::Manifests;

use crate::sensitive::Sealer;
use crate::sheet::{Heading, Sheet, by_relation, joined};
use crate::workers::{PART, spread};
use crate::yaml::Document;
use crate::{Expected, Imported, Malformed, Options, node::Node, outline::Outline};
use identity::{Identity, is_own};
use manifests::Object;
use program::{Fact, FactSource, Json, SourceKind, Speaks, Value};
use rustc_hash::FxHashMap;
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
    outline: &Outline<'_>,
    source: impl Fn(SourceKind, Speaks) -> FactSource,
    sealer: &Sealer,
    options: &Options<'_>,
) -> Result<Imported, Malformed> {
    let root = Node::root(&outline.json);
    let plain = |pointer: &str| pointer.to_owned();
    read(around(&outline.json, ""), source, options, |heading| {
        let Part::List(of) = part(&root, None)? else {
            let mut found = Vec::new();
            objects(&root, None, &plain, &mut found)?;
            return Ok(vec![objects_of(heading, &found, sealer)]);
        };
        let some = |items: &[Node<'_>]| {
            let mut found = Vec::new();
            items.iter().try_for_each(|item| objects(item, of, &plain, &mut found))?;
            Ok(objects_of(heading, &found, sealer))
        };
        outline.each(&root, "items", some)?.into_iter().collect()
    })
}

/// Reads the objects of a YAML file.
pub(crate) fn read_yaml(
    documents: &[Document],
    source: impl Fn(SourceKind, Speaks) -> FactSource,
    sealer: &Sealer,
    options: &Options<'_>,
) -> Result<Imported, Malformed> {
    let (mut found, mut beside) = (Vec::new(), Vec::new());
    for document in documents {
        beside.extend(around(&document.json, &document.place("")));
        objects(&document.root(), None, &|pointer| document.place(pointer), &mut found)
            .map_err(|fault| document.placed(fault))?;
    }
    read(beside, source, options, |heading| {
        Ok(spread(found.chunks(PART).collect(), |some| objects_of(heading, some, sealer)))
    })
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

/// What a part of a file is.
enum Part<'a> {
    /// A list, with the version and the kind that it leaves to its items.
    List(Option<(&'a str, &'a str)>),
    /// A list that says of its items that there are none.
    Nothing,
    /// An object of that version and kind.
    Object(&'a str, &'a str),
}

/// - `list`: what the list around it leaves to it. An item may leave to the list what it is.
fn part<'a>(node: &Node<'a>, list: Option<(&'a str, &'a str)>) -> Result<Part<'a>, Malformed> {
    let version = node.text_of("apiVersion")?.map(|text| &**text).or(list.map(|(version, _)| version));
    let kind = node.text_of("kind")?.map(|text| &**text).or(list.map(|(_, kind)| kind));
    let (Some(version), Some(kind)) = (version, kind) else {
        return Err(Malformed::new(
            node.at.clone(),
            "this has no `apiVersion` and `kind`, so it is no object of a cluster",
        ));
    };
    let Some(of) = kind.strip_suffix("List") else { return Ok(Part::Object(version, kind)) };
    Ok(match node.json {
        _ if node.get("items")?.is_some() => Part::List((!of.is_empty()).then_some((version, of))),
        Json::Object(entries) if entries.contains_key("items") => Part::Nothing,
        _ => Part::Object(version, kind),
    })
}

/// Adds an object, or all those of a list.
fn objects<'a>(
    node: &Node<'a>,
    list: Option<(&'a str, &'a str)>,
    place: &dyn Fn(&str) -> String,
    found: &mut Vec<Found<'a>>,
) -> Result<(), Malformed> {
    let (version, kind) = match part(node, list)? {
        Part::List(of) => return node.items_of("items")?.iter().try_for_each(|item| objects(item, of, place, found)),
        Part::Nothing => return Ok(()),
        Part::Object(version, kind) => (version, kind),
    };
    if version.starts_with("kustomize.config.k8s.io/") {
        return Err(Malformed::new(node.at.clone(), "this is a kustomization, not the objects it makes")
            .help("`kubectl kustomize FOLDER` writes them"));
    }
    let identity = Identity::of(version, kind, node)?;
    // What others define may hold patches of objects as its data.
    let patch =
        if is_own(&identity.group) { directive(node.json) } else { node.get("$patch")?.map(|_| "/$patch".to_owned()) };
    if let Some(at) = patch {
        let what = "this is a patch of an object, not the object: it says what to do with what is there";
        return Err(Malformed::new(format!("{}{at}", node.at), what)
            .help("`kubectl kustomize FOLDER` writes the objects that come of it"));
    }
    found.push(Found { json: node.json, place: place(&node.at), identity });
    Ok(())
}

/// The words of a strategic merge patch; some have `/` and a field behind them.
const DIRECTIVES: [&str; 4] = ["$patch", "$retainKeys", "$deleteFromPrimitiveList", "$setElementOrder"];

/// Where an object says what is to become of what is there: a pointer from its root.
fn directive(json: &Json) -> Option<String> {
    let part = |word: &str| format!("/{}", word.replace('~', "~0").replace('/', "~1"));
    match json {
        Json::Object(entries) => entries.iter().find_map(|(key, value)| {
            let is_directive = DIRECTIVES.iter().any(|word| key.starts_with(word));
            let rest = if is_directive { String::new() } else { directive(value)? };
            Some(part(key) + &rest)
        }),
        Json::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| Some(part(&at.to_string()) + &directive(item)?))
        }
        _ => None,
    }
}

/// Some objects that stand side by side, each with whether its name is made when it is created.
type Made = Vec<(Object, bool)>;

/// - `make`: makes the objects of the file.
fn read(
    around: Vec<[String; 3]>,
    source: impl Fn(SourceKind, Speaks) -> FactSource,
    options: &Options<'_>,
    make: impl Fn(&Heading) -> Result<Vec<Made>, Malformed>,
) -> Result<Imported, Malformed> {
    // Only a cluster gives an object its `uid`. Which one has it shows only at the end: that one does is taken for granted.
    let mut heading = Heading::new(source(SourceKind::Cloud, Speaks::Running), options);
    let mut made = make(&heading)?;
    if !made.iter().flatten().any(|(object, _)| object.has_uid()) {
        heading = Heading::new(source(SourceKind::Plan, Speaks::Intended), options);
        made = make(&heading)?;
    }
    let sheet = heading.sheet();
    let mut objects: Vec<Object> = Vec::with_capacity(made.iter().map(Vec::len).sum());
    let mut seen: FxHashMap<Arc<str>, usize> = FxHashMap::default();
    for (object, generated) in made.into_iter().flatten() {
        // A name that is made when the object is created is nobody's yet.
        if let Some(first) = seen.insert(object.resource.clone(), objects.len()).filter(|_| !generated) {
            let what = format!("`{}` occurs twice, first at {}", object.resource, objects[first].place());
            return Err(Malformed::new(object.place().to_string(), what)
                .help("keep one of them: the last one applied would count"));
        }
        objects.push(object);
    }
    drop(seen);
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

fn objects_of(heading: &Heading, found: &[Found<'_>], sealer: &Sealer) -> Made {
    let sheet = heading.sheet();
    found.iter().map(|found| (object(&sheet, found, sealer), found.identity.generated)).collect()
}

/// The facts of one object: what it is called, what it says, which strings in it may name something else.
fn object(sheet: &Sheet, found: &Found<'_>, sealer: &Sealer) -> Object {
    let Found { json, place, identity } = found;
    let name = sheet.named(&identity.name());
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
    facts.shrink_to_fit();
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
