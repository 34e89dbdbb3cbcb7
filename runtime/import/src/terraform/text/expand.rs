//! Which instances there are: every block of every module instance, once for each `count` and `for_each`.

use super::super::address::{Address, Key};
use super::super::resource::{Instance, Layout};
use super::folder::{Folder, Folders, Placed, attribute};
use super::references::{META, inner, iterator, name_of, provider_name};
use super::scope::{Repeat, Scope};
use crate::Malformed;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body, Structure};
use program::Json;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Every instance, and what was read over.
pub(super) struct Expanded {
    pub(super) instances: Vec<Meant>,
    /// The modules whose text stands in another place; each with where it is called.
    pub(super) unread: Vec<(String, String)>,
    /// Place and reason.
    pub(super) skipped: Vec<(String, String)>,
}

/// An instance; or what stands for any number of them, none or many, where the text does not say how many there are.
pub(super) struct Meant {
    pub(super) instance: Instance,
    pub(super) number: Option<Number>,
}

/// How many there are: an unknown, and where it stands.
#[derive(Clone)]
pub(super) struct Number {
    pub(super) value: Json,
    pub(super) place: String,
}

/// What a block is made for: no key, one for each, or nobody knows.
struct Made {
    key: Option<Key>,
    repeat: Repeat,
    number: Option<Number>,
}

impl Made {
    fn once() -> Made {
        Made { key: None, repeat: Repeat::default(), number: None }
    }

    fn of(key: Key, name: Json, value: Option<Json>) -> Made {
        Made { key: Some(key), repeat: Repeat { key: Some(name), value, bound: Vec::new() }, number: None }
    }

    fn counted(count: i64) -> Vec<Made> {
        (0..count).map(|at| Made::of(Key::Index(at), Json::Int(at), None)).collect()
    }
}

/// Expands a folder and all that it calls.
pub(super) fn expand(folder: &Rc<Folder>, folders: &mut Folders<'_>) -> Result<Expanded, Malformed> {
    let root = Scope::root(folder.clone());
    let mut all = Expanded { instances: Vec::new(), unread: Vec::new(), skipped: Vec::new() };
    // First every module instance, so that what one puts out is there for the next.
    let mut scopes = vec![(root, None)];
    let mut at = 0;
    while let Some((scope, number)) = scopes.get(at).cloned() {
        at += 1;
        for (name, call) in &scope.folder.calls {
            let Some(inner) = inner(&scope.folder, call, folders)? else {
                let (module, place) = (scope.named(&format!("module.{name}")), call.place(&call.part));
                let what = format!("{module} is text of another place: what it makes is not known");
                all.skipped.push((place.clone(), what));
                all.unread.push((module, place));
                continue;
            };
            for made in all.made(&scope, call, &format!("module.{name}"))? {
                let below = scope.below(name, made.key, inner.clone(), made.repeat);
                scopes.push((below, number.clone().or(made.number)));
                if scopes.len() > super::INSTANCES {
                    return Err(call.wrong(&call.part, format!("more than {} modules are called", super::INSTANCES)));
                }
            }
        }
    }
    let folders: BTreeMap<&str, &Folder> =
        scopes.iter().map(|(scope, _)| (&*scope.folder.path, &*scope.folder)).collect();
    for file in folders.values().flat_map(|folder| &folder.unread) {
        let what = "Terraform's text in JSON is not read: what it makes, and what it gives values to, is not known";
        all.skipped.push((format!("{file}:1:1"), what.to_owned()));
    }
    for (scope, number) in &scopes {
        for ((data, kind, name), block) in &scope.folder.blocks {
            let plain = format!("{}{kind}.{name}", if *data { "data." } else { "" });
            for made in all.made(scope, block, &plain)? {
                let address = Address {
                    modules: scope.path.clone(),
                    data: *data,
                    kind: kind.clone(),
                    name: name.clone(),
                    key: made.key,
                    deposed: None,
                };
                let instance = instance(scope, block, address, &made.repeat);
                all.instances.push(Meant { instance, number: number.clone().or(made.number) });
                if all.instances.len() > super::INSTANCES {
                    return Err(block.wrong(&block.part, format!("more than {} resources are made", super::INSTANCES)));
                }
            }
        }
    }
    Ok(all)
}

impl Expanded {
    /// For what a block is made. Where that is not known one without a key stands for all of them, and it is said.
    fn made(&mut self, scope: &Scope, block: &Placed<Block>, name: &str) -> Result<Vec<Made>, Malformed> {
        let body = &block.part.body;
        let place = scope.named(name);
        if let Some(count) = attribute(body, "count") {
            let countable = |count: &i64| (0..=super::INSTANCES as i64).contains(count);
            return match scope.value(&Repeat::default(), &format!("{place}.count"), count) {
                Json::Int(count) if countable(&count) => Ok(Made::counted(count)),
                // A text or a truth value that counts: Terraform converts text alone.
                Json::Text(text) => match text.parse::<i64>() {
                    Ok(count) if countable(&count) => Ok(Made::counted(count)),
                    _ => Err(block.wrong(count, format!("the `count` of {place} is no number"))),
                },
                value @ (Json::Unknown(_) | Json::Sensitive(_)) => {
                    Ok(self.unsure(block, count, value, &place, "count"))
                }
                Json::Int(_) => {
                    Err(block
                        .wrong(count, format!("the `count` of {place} is negative or beyond {}", super::INSTANCES)))
                }
                Json::Null | Json::Bool(_) | Json::Decimal(_) | Json::Array(_) | Json::Object(_) => {
                    Err(block.wrong(count, format!("the `count` of {place} is no whole number")))
                }
            };
        }
        let Some(each) = attribute(body, "for_each") else { return Ok(vec![Made::once()]) };
        match scope.value(&Repeat::default(), &format!("{place}.for_each"), each) {
            Json::Object(entries) => Ok(entries
                .into_iter()
                .map(|(key, value)| Made::of(Key::Name(key.clone()), Json::Text(key), Some(value)))
                .collect()),
            Json::Array(items) if items.iter().all(|item| matches!(item, Json::Text(_))) => {
                let named: BTreeMap<Arc<str>, Json> = items
                    .into_iter()
                    .filter_map(|item| if let Json::Text(key) = &item { Some((key.clone(), item)) } else { None })
                    .collect();
                Ok(named
                    .into_iter()
                    .map(|(key, value)| Made::of(Key::Name(key.clone()), Json::Text(key), Some(value)))
                    .collect())
            }
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => {
                Err(block.wrong(each, format!("the `for_each` of {place} is neither a map nor a set of texts")))
            }
            value @ (Json::Array(_) | Json::Unknown(_) | Json::Sensitive(_)) => {
                Ok(self.unsure(block, each, value, &place, "for_each"))
            }
        }
    }

    fn unsure(&mut self, block: &Placed<Block>, at: &Expression, value: Json, name: &str, word: &str) -> Vec<Made> {
        let what = format!("the `{word}` of {name} is not known: there may be none of it, or many");
        self.skipped.push((block.place(at), what));
        let value = match value {
            Json::Unknown(_) => value,
            _ => Json::Unknown(format!("{name}.{word}").into()),
        };
        vec![Made { number: Some(Number { value, place: block.place(at) }), ..Made::once() }]
    }
}

fn instance(scope: &Scope, block: &Placed<Block>, address: Address, repeat: &Repeat) -> Instance {
    let body = &block.part.body;
    let name = address.to_string();
    let mut entries = BTreeMap::new();
    fill(scope, body, &name, repeat, true, &mut entries);
    if !address.data {
        defaults(scope, &provider_name(body, &address.kind), &name, &mut entries);
    }
    let place = block.place(&block.part);
    Instance {
        provider: scope.folder.provider(&provider_name(body, &address.kind)),
        address,
        config: Json::Object(entries.into()),
        config_place: place.clone(),
        place,
        dependencies: Vec::new(),
        marked: false,
        layout: Layout::Flat,
    }
}

/// What the block of a provider adds to each of its resources: of a block of it an attribute, which the resource's own one
/// goes before, and where both stand then.
const ADDED: [(&str, &str, &str); 1] = [("default_tags", "tags", "tags_all")];

/// Adds what the provider of a resource fills in as its text says.
fn defaults(scope: &Scope, provider: &str, place: &str, entries: &mut BTreeMap<Arc<str>, Json>) {
    let Some((root, block)) = scope.provider(provider) else { return };
    for (word, attribute_name, both) in ADDED {
        let whole = format!("provider.{provider}.{word}");
        let mut given = block.part.body.iter().filter_map(|structure| match structure {
            Structure::Block(block) if name_of(block) == word => Some(block),
            _ => None,
        });
        let Some(given) = given.next().filter(|_| !entries.contains_key(both)) else { continue };
        let value = match attribute(&given.body, attribute_name) {
            Some(value) if given.ident.as_str() == word => root.value(&Repeat::default(), &whole, value),
            // How many there are of a `dynamic` one is not looked at.
            Some(_) | None => Json::Unknown(whole.as_str().into()),
        };
        let added = match (value, entries.get(attribute_name)) {
            (Json::Object(given), None) => Json::Object(given),
            // What the resource says itself stands behind, and so in the place of what the provider says.
            (Json::Object(given), Some(Json::Object(own))) => {
                Json::Object(given.into_iter().chain(own.clone()).collect())
            }
            _ => Json::Unknown(format!("{place}.{both}").into()),
        };
        entries.insert(both.into(), added);
    }
}

/// The attributes of a body, and its blocks as lists.
fn fill(scope: &Scope, body: &Body, place: &str, repeat: &Repeat, top: bool, entries: &mut BTreeMap<Arc<str>, Json>) {
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                let name = attribute.key.as_str();
                if !(top && META.contains(&name)) {
                    let value = scope.value(repeat, &format!("{place}.{name}"), &attribute.value);
                    entries.insert(name.into(), value);
                }
            }
            Structure::Block(block) => {
                let (word, name) = (block.ident.as_str(), name_of(block));
                if top && (META.contains(&word) || word == "provisioner") {
                    continue;
                }
                let from = match entries.get(name) {
                    Some(Json::Array(items)) => items.len(),
                    _ => 0,
                };
                let made = parts(scope, block, &format!("{place}.{name}"), repeat, from);
                let under = entries.entry(name.into()).or_insert_with(|| Json::Array(Vec::new()));
                match (under, made) {
                    (Json::Array(items), Json::Array(more)) => items.extend(more),
                    // How many there are of it is not known, so nothing of it is.
                    (under, made) => *under = if matches!(under, Json::Unknown(_)) { under.clone() } else { made },
                }
            }
        }
    }
}

/// What a nested block makes: one part, or as many as a `dynamic` block says.
///
/// - `from`: how many there are already.
fn parts(scope: &Scope, block: &Block, place: &str, repeat: &Repeat, from: usize) -> Json {
    let one = |body: &Body, repeat: &Repeat, at: usize| {
        let mut entries = BTreeMap::new();
        fill(scope, body, &format!("{place}[{}]", from + at), repeat, false, &mut entries);
        Json::Object(entries.into())
    };
    if block.ident.as_str() != "dynamic" {
        return Json::Array(vec![one(&block.body, repeat, 0)]);
    }
    let (each, content) = (attribute(&block.body, "for_each"), block.body.get_blocks("content").next());
    let (Some(each), Some(content)) = (each, content) else { return Json::Unknown(place.into()) };
    let items: Vec<(Json, Json)> = match scope.value(repeat, place, each) {
        Json::Array(items) => {
            let key = |at: usize, item: &Json| match each {
                // A list's keys are its places, and a set's what is in it.
                Expression::Array(_) | Expression::ForExpr(_) => Json::Int(i64::try_from(at).unwrap_or(i64::MAX)),
                Expression::FuncCall(call) if call.name.name.as_str() == "toset" => item.clone(),
                _ => Json::Unknown(format!("{place}[{at}].key").into()),
            };
            items.into_iter().enumerate().map(|(at, item)| (key(at, &item), item)).collect()
        }
        Json::Object(entries) => entries.into_iter().map(|(key, value)| (Json::Text(key), value)).collect(),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_) => {
            return Json::Unknown(place.into());
        }
        Json::Unknown(_) | Json::Sensitive(_) => return Json::Unknown(place.into()),
    };
    let word = iterator(block);
    let made = items.into_iter().enumerate().map(|(at, (key, value))| {
        let mut repeat = repeat.clone();
        repeat.bound.push((word.clone(), Json::object([("key", key), ("value", value)])));
        one(&content.body, &repeat, at)
    });
    Json::Array(made.collect())
}
