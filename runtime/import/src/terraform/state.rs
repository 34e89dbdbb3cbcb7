//! States: the file itself (version 3 and 4), and what `terraform show -json` makes of it.

use super::address::{Address, Key, ModulePath, address, module};
use super::agreement::{is_mask, named_block};
use super::configuration::Module;
use super::flat;
use super::resolve::World;
use super::resource::{Instance, Layout, address_of, cover_learnt, provider, reference_fact};
use crate::sensitive::Sealer;
use crate::{Imported, Malformed, Options, node::Node, node::shape, outline::Outline, sheet::Sheet};
use program::{FactSource, Json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads a state.
pub(crate) fn read(
    outline: &Outline<'_>,
    source: FactSource,
    sealer: &Sealer,
    options: &Options<'_>,
) -> Result<Imported, Malformed> {
    let state = Node::root(&outline.json);
    let mut sheet = Sheet::new(source, options);
    let mut instances = Vec::new();
    if state.get("format_version")?.is_some() {
        check_version(&state)?;
        if let Some(version) = state.get("version")? {
            return Err(Malformed::new(version.at, "the state has a `format_version` and a `version`")
                .help("a state file has the one, what `terraform show -json` writes the other"));
        }
        if let Some(node) = state.get("values")? {
            instances = values(outline, &node, sealer, &mut sheet, |_| ())?;
        }
    } else {
        match state.need("version")?.json {
            Json::Int(4) => instances = version_4(outline, sealer, &mut sheet)?,
            Json::Int(3) => version_3(&state, sealer, &mut instances)?,
            Json::Int(version) => {
                let what = format!("a state file of version {version} cannot be read here");
                return Err(Malformed::new("/version", what)
                    .help("versions 3 and 4 can; `terraform show -json` writes any state in a form that can"));
            }
            other => {
                let what = format!("expected the state's version as an integer, found {}", shape(other));
                return Err(Malformed::new("/version", what));
            }
        }
    }
    for instance in &instances {
        instance.identifiers().for_each(|(_, name)| sealer.forget(&Json::Text(name.clone())));
    }
    cover_learnt(instances.iter_mut().collect(), sealer);
    instances.sort_by(|a, b| a.address.cmp(&b.address));
    for pair in instances.windows(2) {
        if pair[0].address == pair[1].address {
            let what = format!("`{}` occurs twice, first at {}", pair[0].address, pair[0].place);
            return Err(Malformed::new(pair[1].place.clone(), what));
        }
    }
    let nothing = Module::default();
    let world = World::new(&nothing, instances.iter().map(|instance| &instance.address));
    sheet.facts = sheet.each(&instances, |sheet, instance, facts| {
        instance.describe(sheet, facts);
        for (text, place) in &instance.dependencies {
            for to in world.dependency(&instance.address, text) {
                facts.push(reference_fact(sheet, &instance.address, "", to, "", place));
            }
        }
    });
    Ok(Imported::of(sheet))
}

/// Refuses a state as `show -json` writes it, alone or inside a plan, of a version that cannot be read.
pub(crate) fn check_version(state: &Node<'_>) -> Result<(), Malformed> {
    let version = state.need("format_version")?;
    let text = version.text()?;
    if super::readable(text) {
        return Ok(());
    }
    let what = format!("the state's format_version `{text}` is not known here");
    Err(Malformed::new(version.at, what).help("0.1 to 1.x can be read"))
}

/// The instances of `values` as `show -json` writes them, for a state and inside a plan.
///
/// - `keep`: leaves of each what is wanted.
pub(crate) fn values(
    outline: &Outline<'_>,
    values: &Node<'_>,
    sealer: &Sealer,
    sheet: &mut Sheet,
    keep: impl Fn(&mut Instance) + Sync,
) -> Result<Vec<Instance>, Malformed> {
    let mut instances = Vec::new();
    let mut waiting = vec![values.need("root_module")?];
    while let Some(node) = waiting.pop() {
        let path = match node.text_of("address")? {
            Some(text) => module(text)
                .ok_or_else(|| Malformed::new(node.under("address"), format!("`{text}` is no module's address")))?,
            None => Vec::new(),
        };
        let shown = |resource: &Node<'_>, made: &mut Made| {
            shown(resource, &path, sealer, made)?;
            made.instances.last_mut().into_iter().for_each(&keep);
            Ok(())
        };
        instances.append(&mut made(outline, &node, sheet, shown)?);
        waiting.extend(node.items_of("child_modules")?.into_iter().rev());
    }
    Ok(instances)
}

fn shown(resource: &Node<'_>, path: &ModulePath, sealer: &Sealer, made: &mut Made) -> Result<(), Malformed> {
    let Some(address) = address_of(resource, path)? else { return passing(resource, made) };
    named_block(resource, &address)?;
    let values = resource.need("values")?;
    if !matches!(values.json, Json::Object(_)) {
        return Err(values.wrong("an object"));
    }
    let mut config = values.json.clone();
    let mask = resource.get("sensitive_values")?;
    match &mask {
        Some(mask) => {
            is_mask(mask)?;
            sealer.learn(values.json, mask.json);
            sealer.cover(&mut config, mask.json);
        }
        None => sealer.cover_named(&mut config),
    }
    let dependencies = texts(resource, "depends_on")?;
    let provider = resource.text_of("provider_name")?.map_or_else(|| "".into(), |text| provider(text));
    let (place, config_place) = (resource.at.clone(), values.at);
    let (marked, layout) = (mask.is_some(), Layout::Nested);
    made.instances.push(Instance { address, provider, config, place, config_place, dependencies, marked, layout });
    Ok(())
}

/// What is kept in a state and is no resource.
fn passing(resource: &Node<'_>, made: &mut Made) -> Result<(), Malformed> {
    super::resource::passing(resource)?;
    made.passed.push(resource.at.clone());
    Ok(())
}

fn texts(node: &Node<'_>, key: &str) -> Result<Vec<(Arc<str>, String)>, Malformed> {
    node.items_of(key)?.into_iter().map(|item| Ok((item.text()?.clone(), item.at))).collect()
}

fn version_4(outline: &Outline<'_>, sealer: &Sealer, sheet: &mut Sheet) -> Result<Vec<Instance>, Malformed> {
    let state = Node::root(&outline.json);
    state.need("resources")?.items()?;
    made(outline, &state, sheet, |resource, made| resource_4(resource, sealer, made))
}

/// What comes of some resources.
#[derive(Default)]
struct Made {
    instances: Vec<Instance>,
    /// Where those stand that are passed over.
    passed: Vec<String>,
}

/// The instances of the `resources` of a node, of some of them at a time.
fn made(
    outline: &Outline<'_>,
    node: &Node<'_>,
    sheet: &mut Sheet,
    make: impl Fn(&Node<'_>, &mut Made) -> Result<(), Malformed> + Sync,
) -> Result<Vec<Instance>, Malformed> {
    let parts = outline.each(node, "resources", |resources| {
        let mut made = Made::default();
        resources.iter().try_for_each(|resource| make(resource, &mut made)).map(|()| made)
    })?;
    let mut all = Vec::new();
    for part in parts {
        let Made { mut instances, passed } = part?;
        all.append(&mut instances);
        passed.into_iter().for_each(|place| sheet.skip(place, "its mode is neither managed nor data"));
    }
    Ok(all)
}

fn resource_4(resource: &Node<'_>, sealer: &Sealer, made: &mut Made) -> Result<(), Malformed> {
    let path = match resource.text_of("module")? {
        Some(text) => module(text)
            .ok_or_else(|| Malformed::new(resource.under("module"), format!("`{text}` is no module's address")))?,
        None => Vec::new(),
    };
    let Some(block) = address_of(resource, &path)? else {
        return passing(resource, made);
    };
    let source = resource.text_of("provider")?.map_or_else(|| "".into(), |text| provider(text));
    for node in resource.need("instances")?.items()? {
        let own = match node.get("index_key")? {
            None => None,
            Some(index) => Some(Key::of(index.json).ok_or_else(|| index.wrong("an integer or text"))?),
        };
        let deposed = node.text_of("deposed")?.cloned();
        let address = Address { key: own, deposed, ..block.clone() };
        let (mut config, config_place, layout) = match (node.get("attributes")?, node.get("attributes_flat")?) {
            (Some(attributes), _) => match attributes.json {
                Json::Object(entries) => {
                    let wrapped = entries.iter().filter(|(_, value)| inside(value).is_some());
                    let wrapped: BTreeSet<Arc<str>> = wrapped.map(|(name, _)| name.clone()).collect();
                    let plain = |value| inside(value).unwrap_or(value).clone();
                    match wrapped.is_empty() {
                        true => (attributes.json.clone(), attributes.at, Layout::Nested),
                        false => {
                            let config = entries.iter().map(|(name, value)| (name.clone(), plain(value)));
                            (Json::object(config), attributes.at, Layout::Wrapped(wrapped))
                        }
                    }
                }
                _ => return Err(attributes.wrong("an object")),
            },
            (None, Some(attributes)) => (flat::nested(&attributes)?, attributes.at, Layout::Flat),
            (None, None) => {
                return Err(Malformed::new(node.at, format!("`{address}` has no attributes")));
            }
        };
        for path in node.items_of("sensitive_attributes")? {
            sealer.cover_path(&mut config, &attribute_path(&path)?);
        }
        sealer.cover_named(&mut config);
        let mut dependencies = texts(&node, "dependencies")?;
        dependencies.extend(texts(&node, "depends_on")?);
        let provider = source.clone();
        let (place, marked) = (node.at, true);
        made.instances.push(Instance { address, provider, config, place, config_place, dependencies, marked, layout });
    }
    Ok(())
}

/// An attribute without a type in its schema is written `{"type": …, "value": …}`: what is meant is the value. Any other
/// attribute of that look is told apart by a type that its value is not of.
///
/// - returns: the value, of an attribute that is written so.
fn inside(attribute: &Json) -> Option<&Json> {
    match attribute {
        Json::Object(entries) if entries.len() == 2 => match (entries.get("type"), entries.get("value")) {
            (Some(kind), Some(value)) if is_of(value, kind) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a value is of a type as Terraform writes types: `"string"`, `["list", "number"]`, `["object", {…}]`.
fn is_of(value: &Json, kind: &Json) -> bool {
    if *value == Json::Null {
        return true;
    }
    match kind {
        Json::Text(word) => matches!(
            (&**word, value),
            ("string", Json::Text(_))
                | ("bool", Json::Bool(_))
                | ("number", Json::Int(_) | Json::Decimal(_) | Json::Text(_))
                | ("dynamic", _)
        ),
        Json::Array(parts) => match (parts.as_slice(), value) {
            ([Json::Text(word), of], Json::Array(items)) if matches!(&**word, "list" | "set") => {
                items.iter().all(|item| is_of(item, of))
            }
            ([Json::Text(word), of], Json::Object(entries)) if &**word == "map" => {
                entries.values().all(|entry| is_of(entry, of))
            }
            ([Json::Text(word), Json::Array(kinds)], Json::Array(items)) if &**word == "tuple" => {
                kinds.len() == items.len() && items.iter().zip(kinds).all(|(item, kind)| is_of(item, kind))
            }
            ([Json::Text(word), Json::Object(kinds), ..], Json::Object(entries)) if &**word == "object" => {
                entries.iter().all(|(name, entry)| kinds.get(name).is_some_and(|kind| is_of(entry, kind)))
            }
            _ => false,
        },
        _ => false,
    }
}

/// The names on a path of `sensitive_attributes`. Indexes are left out: what is sensitive in one member is in all.
fn attribute_path<'a>(path: &Node<'a>) -> Result<Vec<&'a str>, Malformed> {
    let mut names = Vec::new();
    for step in path.items()? {
        match step.text_of("type")?.map(|kind| &**kind) {
            Some("get_attr") => names.push(&**step.need("value")?.text()?),
            // A map's key counts as a name.
            Some("index") => match step.get("value")? {
                Some(Node { json: Json::Text(key), .. }) => names.push(&**key),
                Some(value) if matches!(value.json, Json::Object(_)) => {
                    if let Some(Node { json: Json::Text(key), .. }) = value.get("value")? {
                        names.push(&**key);
                    }
                }
                _ => {}
            },
            // What is not understood cannot narrow the path further.
            _ => break,
        }
    }
    Ok(names)
}

fn version_3(state: &Node<'_>, sealer: &Sealer, instances: &mut Vec<Instance>) -> Result<(), Malformed> {
    for node in state.need("modules")?.items()? {
        let mut path = Vec::new();
        for (name, place) in texts(&node, "path")?.into_iter().skip(1) {
            if name.is_empty() {
                return Err(Malformed::new(place, "a module without a name"));
            }
            path.push((name, None));
        }
        for (name, resource) in node.need("resources")?.entries()? {
            let Some(mut address) = flat_address(name) else {
                return Err(Malformed::new(resource.at, format!("`{name}` is no resource's address")));
            };
            address.modules.clone_from(&path);
            let dependencies = texts(&resource, "depends_on")?;
            let dependencies: Vec<(Arc<str>, String)> =
                dependencies.into_iter().map(|(text, place)| (without_count(&text), place)).collect();
            let source = resource.text_of("provider")?.map_or_else(|| "".into(), |text| provider(text));
            let mut objects = Vec::new();
            if let Some(primary) = resource.get("primary")? {
                objects.push((address.clone(), primary));
            }
            for (i, deposed) in resource.items_of("deposed")?.into_iter().enumerate() {
                objects.push((Address { deposed: Some(i.to_string().into()), ..address.clone() }, deposed));
            }
            if objects.is_empty() {
                return Err(Malformed::new(
                    resource.at,
                    format!("`{address}` has neither a `primary` nor a `deposed` object"),
                ));
            }
            for (address, object) in objects {
                let Some(attributes) = object.get("attributes")? else {
                    return Err(Malformed::new(object.at, format!("`{address}` has no attributes")));
                };
                let mut config = flat::nested(&attributes)?;
                sealer.cover_named(&mut config);
                let (place, config_place) = (object.at, attributes.at);
                let (provider, dependencies, marked) = (source.clone(), dependencies.clone(), true);
                let layout = Layout::Flat;
                instances.push(Instance {
                    address,
                    provider,
                    config,
                    place,
                    config_place,
                    dependencies,
                    marked,
                    layout,
                });
            }
        }
    }
    Ok(())
}

/// `aws_x.y.0` of version 3 is `aws_x.y[0]` since.
fn flat_address(text: &str) -> Option<Address> {
    if let Some((front, index)) = text.rsplit_once('.')
        && let Ok(index) = index.parse()
    {
        let found = address(front)?;
        return Some(Address { key: Some(Key::Index(index)), ..found });
    }
    address(text)
}

/// A dependency of version 3, as addresses are written since: `aws_x.y.*` and `aws_x.y.0` name the block.
fn without_count(text: &str) -> Arc<str> {
    match text.rsplit_once('.') {
        Some((front, last)) if last == "*" || last.parse::<u64>().is_ok() => front.into(),
        _ => text.into(),
    }
}
