//! What follows from a plan: both its worlds, and the facts that each action brings and takes.
//!
//! The configuration is that of the world after. In the world before a reference of it counts where the attribute that
//! it feeds does not change, or where the state says that the instance depends on the target; and what the state says
//! of dependencies counts where no reference leads there.

use super::address::{Address, module_text};
use super::configuration::Module;
use super::plan::Changed;
use super::resolve::{Found, World};
use super::resource::{Instance, Layout, reference_fact};
use super::unknown;
use crate::sensitive::{Sealer, says_true};
use crate::sheet::Sheet;
use program::{Action, Fact, Json, Value, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Both worlds of a plan, with what refers to what in each.
pub(crate) struct Worlds<'a> {
    changes: &'a [Changed],
    before: &'a BTreeMap<Arc<str>, Instance>,
    /// Only what the plan lists; the rest is as before.
    after: BTreeMap<Arc<str>, Instance>,
    world_before: World<'a>,
    world_after: World<'a>,
    references_before: References,
    references_after: References,
    /// References of what is not touched to what comes to be, by target.
    arriving: BTreeMap<Address, Vec<(Edge, String)>>,
    /// What refers to local values: its references are not all known.
    obscure: BTreeSet<Address>,
}

/// References with the place of each.
pub(crate) type References = BTreeMap<Edge, String>;

/// `from`'s attribute refers to `to`'s attribute.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    from: Address,
    attribute: String,
    to: Address,
    to_attribute: String,
}

/// An expression of an instance's block, or of the modules around it, with what it refers to.
pub(crate) struct Referring<'a> {
    attribute: &'a str,
    place: &'a str,
    found: Found<'a>,
}

impl<'a> Worlds<'a> {
    pub(crate) fn new(
        root: &'a Module,
        changes: &'a [Changed],
        before: &'a BTreeMap<Arc<str>, Instance>,
        sealer: &Sealer,
    ) -> Worlds<'a> {
        let changed: BTreeMap<&str, &Changed> = changes.iter().map(|c| (&*c.name, c)).collect();
        let stays = |name: &str| changed.get(name).is_none_or(|c| !matches!(c.verb, Some(Verb::Delete | Verb::Forget)));
        let mut addresses: BTreeSet<&'a Address> =
            before.iter().filter(|(name, _)| stays(name)).map(|(_, instance)| &instance.address).collect();
        addresses.extend(changes.iter().filter(|c| stays(&c.name)).map(|c| &c.address));
        let mut worlds = Worlds {
            changes,
            before,
            after: BTreeMap::new(),
            world_before: World::new(root, before.values().map(|instance| &instance.address)),
            world_after: World::new(root, addresses.iter().copied()),
            references_before: References::new(),
            references_after: References::new(),
            arriving: BTreeMap::new(),
            obscure: BTreeSet::new(),
        };
        for address in addresses {
            let found = references(&worlds.world_after, address);
            let name: Arc<str> = address.to_string().into();
            if found.iter().any(|referring| referring.found.local) {
                worlds.obscure.insert(address.clone());
            }
            add(&mut worlds.references_after, address, &found, |_, _| true);
            if let Some(changed) = changed.get(&*name) {
                worlds.after.insert(name, changed.instance_after(&found, sealer));
            }
        }
        for (name, instance) in before {
            let found = references(&worlds.world_before, &instance.address);
            let changed = changed.get(&**name);
            let stated: BTreeSet<&Address> = instance
                .dependencies
                .iter()
                .flat_map(|(text, _)| worlds.world_before.dependency(&instance.address, text))
                .collect();
            let held =
                |attribute: &str, to: &Address| changed.is_none_or(|c| c.keeps(attribute)) || stated.contains(to);
            add(&mut worlds.references_before, &instance.address, &found, held);
        }
        add_dependencies(&mut worlds.references_before, &worlds.world_before, before);

        let touched: BTreeSet<&Address> = changes.iter().filter(|c| c.verb.is_some()).map(|c| &c.address).collect();
        for (edge, place) in &worlds.references_after {
            if !touched.contains(&edge.from) && !worlds.references_before.contains_key(edge) {
                worlds.arriving.entry(edge.to.clone()).or_default().push((edge.clone(), place.clone()));
            }
        }
        worlds
    }

    /// What the world before states.
    pub(crate) fn state_before(&self, sheet: &Sheet) -> Vec<Fact> {
        let instances: Vec<&Instance> = self.before.values().collect();
        let mut facts = sheet.each(&instances, |sheet, instance, facts| instance.describe(sheet, facts));
        facts.extend(self.references_before.iter().map(|(edge, place)| edge.fact(sheet, place)));
        facts
    }

    /// States the folder of every module instance.
    ///
    /// - returns: the folders.
    pub(crate) fn folders(&self, root: &str, sheet: &Sheet, facts: &mut Vec<Fact>) -> BTreeSet<Arc<str>> {
        let mut of_module: BTreeMap<Vec<_>, String> = BTreeMap::from([(Vec::new(), root.to_owned())]);
        let mut state = |module: &str, folder: &str, place: &str| {
            let tuple = vec![Value::text(module), Value::text(folder)];
            facts.push(sheet.fact("std.terraform.module_folder", tuple, place));
        };
        state("", root, "/configuration/root_module");
        // Sorted by the way to them, so a module stands behind the one it is called in.
        let calls: BTreeMap<_, _> = self.world_before.calls().chain(self.world_after.calls()).collect();
        for (path, call) in calls {
            let above = of_module.get(&path[..path.len() - 1]).cloned().unwrap_or_else(|| root.to_owned());
            let folder = call.folder.clone().unwrap_or(above);
            state(&module_text(path), &folder, &call.place);
            of_module.insert(path.clone(), folder);
        }
        of_module.into_values().map(Arc::from).collect()
    }

    pub(crate) fn actions(&self, sheet: &Sheet) -> (Vec<Action>, Vec<Fact>) {
        let (mut actions, mut facts) = (Vec::new(), Vec::new());
        for changed in self.changes {
            let Some(verb) = changed.verb else { continue };
            let set = match verb {
                Verb::Delete | Verb::Forget => Vec::new(),
                _ => self.set(changed, sheet),
            };
            let mut remove = match verb {
                Verb::Delete | Verb::Forget => Vec::new(),
                _ => self.removed(changed, sheet),
            };
            remove.extend(self.mentioned_no_more(changed, sheet));
            if let Some((why, place)) = &changed.reason {
                let tuple = vec![Value::Text(changed.name.clone()), Value::Text(why.clone())];
                facts.push(sheet.fact("std.change.reason", tuple, place));
            }
            if rehomed(changed) {
                let place = format!("{}/previous_address", changed.place);
                facts.push(sheet.fact("std.terraform.rehomed", vec![Value::Text(changed.name.clone())], &place));
            }
            // What was moved and goes all the same (`delete_because_no_move_target`) has its new name before as well.
            let goes = matches!(verb, Verb::Delete | Verb::Forget);
            let moved_from = changed.moved_from.clone().filter(|_| !goes);
            let (id, resource) = (changed.name.clone(), changed.name.clone());
            let said = |verb| -> Arc<str> {
                let key = match verb {
                    Verb::Move => "previous_address",
                    Verb::Import => "change/importing",
                    _ => "change/actions",
                };
                format!("{}/{key}", changed.place).into()
            };
            // Taken under management, or given another address, and altered at once: both are asked for, and both must
            // be permitted.
            let also = match verb {
                _ if changed.imported => Some(Verb::Import),
                Verb::Update | Verb::Replace if moved_from.is_some() => Some(Verb::Move),
                _ => None,
            };
            let moved_from = match also {
                None => moved_from,
                Some(verb) => {
                    let (id, resource) = (format!("{id} ({verb})").into(), resource.clone());
                    let (place, set, remove) = (said(verb), Vec::new(), Vec::new());
                    actions.push(Action { id, verb, resource, moved_from, place, set, remove });
                    None
                }
            };
            actions.push(Action { id, verb, resource, moved_from, place: said(verb), set, remove });
        }
        (actions, facts)
    }

    /// What holds after the action: the resource as it is then, and what it refers to.
    fn set(&self, changed: &Changed, sheet: &Sheet) -> Vec<Fact> {
        let mut facts = Vec::new();
        if let Some(instance) = self.after.get(&changed.name) {
            instance.describe(sheet, &mut facts);
        }
        facts.extend(self.unset(changed, sheet));
        facts.extend(self.provider_sets(changed, sheet));
        let stands = |(name, place): (&Arc<str>, &Arc<str>)| {
            let tuple = [&changed.name, name, place].map(|text| Value::Text(text.clone()));
            sheet.fact("std.terraform.provider_place", tuple.to_vec(), &changed.place)
        };
        facts.extend(self.world_after.provider_places(&changed.address).map(stands));
        facts.extend(self.edges(&self.references_after, &changed.address).map(|(edge, place)| edge.fact(sheet, place)));
        // What stays as it is may refer to what comes to be.
        let arriving = self.arriving.get(&changed.address).into_iter().flatten();
        facts.extend(arriving.map(|(edge, place)| edge.fact(sheet, place)));
        crate::sheet::tidy(&mut facts);
        facts
    }

    /// Attributes that the text does not set: what is unknown of them is for the provider to fill.
    fn unset(&self, changed: &Changed, sheet: &Sheet) -> Vec<Fact> {
        let (Some(block), Json::Object(masks)) = (self.world_after.block(&changed.address), &changed.unknown) else {
            return Vec::new();
        };
        let computed = masks.iter().filter(|(name, mask)| says_true(mask) && !block.attributes.contains(*name));
        let fact = |name: &Arc<str>| {
            let tuple = vec![Value::Text(changed.name.clone()), Value::Text(name.clone())];
            sheet.fact("std.terraform.unset", tuple, &format!("{}/change/after_unknown/{name}", changed.place))
        };
        computed.map(|(name, _)| fact(name)).collect()
    }

    /// What the resource's provider block sets, without what stands there.
    fn provider_sets(&self, changed: &Changed, sheet: &Sheet) -> Vec<Fact> {
        let sets = self.world_after.provider(&changed.address).into_iter().flat_map(|provider| &provider.attributes);
        let fact = |name: &Arc<str>| {
            let tuple = vec![Value::Text(changed.name.clone()), Value::Text(name.clone())];
            sheet.fact("std.terraform.provider_sets", tuple, &changed.place)
        };
        sets.map(fact).collect()
    }

    /// References that hold no more; also those that only a state of its own may have given.
    fn removed(&self, changed: &Changed, sheet: &Sheet) -> Vec<Fact> {
        // A dependency of the state goes only where the configuration says all that is there instead.
        let whole = self.world_after.block(&changed.address).is_some() && !self.obscure.contains(&changed.address);
        let stated = self.edges(&self.references_before, &changed.address);
        let stated = stated.filter(|(edge, _)| whole || !edge.attribute.is_empty());
        let mut gone: BTreeMap<Edge, String> = stated.map(|(edge, place)| (edge.clone(), place.clone())).collect();
        let instance = self.before.get(&changed.name).filter(|_| whole);
        for (text, place) in instance.into_iter().flat_map(|instance| &instance.dependencies) {
            for to in self.world_before.dependency(&changed.address, text) {
                gone.entry(Edge::dependency(&changed.address, to)).or_insert_with(|| place.clone());
            }
        }
        gone.retain(|edge, _| !self.references_after.contains_key(edge));
        let mut facts: Vec<Fact> = gone.iter().map(|(edge, place)| edge.fact(sheet, place)).collect();
        crate::sheet::tidy(&mut facts);
        facts
    }

    /// Strings that stood in its values and stand there no more. What is deleted goes with all its facts.
    fn mentioned_no_more(&self, changed: &Changed, sheet: &Sheet) -> Vec<Fact> {
        let (Some(before), Some(after)) = (self.before.get(&changed.name), self.after.get(&changed.name)) else {
            return Vec::new();
        };
        let (mut gone, mut stays) = (Vec::new(), Vec::new());
        before.mentions(sheet, &mut gone);
        after.mentions(sheet, &mut stays);
        let stays: BTreeSet<&Vec<Value>> = stays.iter().map(|fact| &fact.tuple).collect();
        gone.retain(|fact| !stays.contains(&fact.tuple));
        crate::sheet::tidy(&mut gone);
        gone
    }

    fn edges<'s>(&self, all: &'s References, from: &Address) -> impl Iterator<Item = (&'s Edge, &'s String)> {
        let nothing =
            Address { kind: "".into(), name: "".into(), key: None, deposed: None, data: false, modules: vec![] };
        let first = Edge { from: from.clone(), attribute: String::new(), to: nothing, to_attribute: String::new() };
        let from = from.clone();
        all.range(first..).take_while(move |(edge, _)| edge.from == from)
    }
}

impl Edge {
    /// What a state says: which one depends on which, and nothing of why.
    fn dependency(from: &Address, to: &Address) -> Edge {
        Edge { from: from.clone(), attribute: String::new(), to: to.clone(), to_attribute: String::new() }
    }

    fn fact(&self, sheet: &Sheet, place: &str) -> Fact {
        reference_fact(sheet, &self.from, &self.attribute, &self.to, &self.to_attribute, place)
    }
}

impl Changed {
    /// The instance as it is after the action: known values, unknown ones with their origin, sensitive ones sealed.
    fn instance_after(&self, found: &[Referring<'_>], sealer: &Sealer) -> Instance {
        let origin = |path: &str| origin(path, &self.name, found);
        let mut config = unknown::merge(&self.after, &self.unknown, &mut self.name.to_string(), &origin);
        match &self.after_sensitive {
            Some(mask) => sealer.cover(&mut config, mask),
            None => seal_fed(&mut config, found, sealer),
        }
        sealer.cover_learnt(&mut config);
        let config_place = format!("{}/change/after", self.place);
        let (address, provider, place) = (self.address.clone(), self.provider.clone(), self.place.clone());
        Instance {
            address,
            provider,
            config,
            place,
            config_place,
            dependencies: Vec::new(),
            marked: true,
            layout: Layout::Nested,
        }
    }

    /// Whether the value of an attribute (`rule.port`) is surely the same before and after.
    fn keeps(&self, attribute: &str) -> bool {
        let name = attribute.split('.').next().unwrap_or(attribute);
        let part = |whole: &Json| match whole {
            Json::Object(entries) => entries.get(name).cloned().unwrap_or(Json::Null),
            _ => Json::Null,
        };
        match self.verb {
            None | Some(Verb::Delete | Verb::Forget | Verb::Move | Verb::Import) => true,
            Some(_) => part(&self.before) == part(&self.after) && !says_true(&part(&self.unknown)),
        }
    }
}

/// The name of an unknown: its own place, and what it comes from where that is one thing. A plan does not say whether
/// the expression is the bare reference, so two that refer to the same may differ and must not share a name.
fn origin(path: &str, name: &str, found: &[Referring<'_>]) -> String {
    let inside = path.strip_prefix(name).unwrap_or(path).trim_start_matches('.');
    let plain: Vec<&str> = inside.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect();
    let plain = plain.join(".");
    let feeds =
        |attribute: &str| plain == attribute || plain.strip_prefix(attribute).is_some_and(|rest| rest.starts_with('.'));
    let targets: BTreeSet<_> =
        found.iter().filter(|referring| feeds(referring.attribute)).flat_map(|r| &r.found.targets).collect();
    match targets.iter().collect::<Vec<_>>().as_slice() {
        [(address, attribute)] if attribute.is_empty() => format!("{path}, from {address}"),
        [(address, attribute)] => format!("{path}, from {address}.{attribute}"),
        _ => path.to_owned(),
    }
}

/// Whether a moved resource had another type, or stood in another module; also where its old address cannot be read.
fn rehomed(changed: &Changed) -> bool {
    changed.moved_from.as_ref().is_some_and(|old| {
        let old = super::address::address(old);
        let (new, same) = (&changed.address, |old: Address| (old.kind, old.modules));
        old.map(same) != Some((new.kind.clone(), new.modules.clone()))
    })
}

pub(crate) fn references<'a>(world: &World<'a>, from: &Address) -> Vec<Referring<'a>> {
    let mut out = Vec::new();
    if from.deposed.is_some() {
        return out;
    }
    let expressions = world.block(from).into_iter().flat_map(|block| &block.expressions);
    let own = expressions.map(|expression| (expression, world.refers(from, expression)));
    let around = world.module_dependencies(from).into_iter().chain(world.provider_dependencies(from));
    for (expression, found) in own.chain(around) {
        out.push(Referring { attribute: &expression.attribute, place: &expression.place, found });
    }
    out
}

/// What an instance refers to, added to the references of its world.
pub(crate) fn all_references<'a>(world: &World<'a>, from: &Address, edges: &mut References) -> Vec<Referring<'a>> {
    let found = references(world, from);
    add(edges, from, &found, |_, _| true);
    found
}

/// States references.
pub(crate) fn state_edges(edges: &References, sheet: &Sheet, facts: &mut Vec<Fact>) {
    facts.extend(edges.iter().map(|(edge, place)| edge.fact(sheet, place)));
}

fn add(edges: &mut References, from: &Address, found: &[Referring<'_>], holds: impl Fn(&str, &Address) -> bool) {
    for referring in found {
        let targets = referring.found.targets.iter().filter(|(to, _)| *to != from && holds(referring.attribute, to));
        for (to, to_attribute) in targets {
            let (from, to, attribute) = (from.clone(), (*to).clone(), referring.attribute.to_owned());
            let edge = Edge { from, attribute, to, to_attribute: to_attribute.clone() };
            edges.entry(edge).or_insert_with(|| referring.place.to_owned());
        }
    }
}

/// Adds what the state says an instance depends on, unless its references lead there. A state names no instances, only
/// blocks: where references lead to some instances of a block, those are the ones.
fn add_dependencies(edges: &mut References, world: &World<'_>, before: &BTreeMap<Arc<str>, Instance>) {
    let mut next: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for edge in edges.keys() {
        next.entry(edge.from.clone()).or_default().insert(edge.to.clone());
    }
    let mut extra = Vec::new();
    for instance in before.values().filter(|instance| !instance.dependencies.is_empty()) {
        let from = &instance.address;
        let mut reached: BTreeSet<&Address> = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(address) = waiting.pop() {
            waiting.extend(next.get(address).into_iter().flatten().filter(|to| reached.insert(to)));
        }
        for (text, place) in &instance.dependencies {
            let meant = world.dependency(from, text);
            if meant.iter().any(|to| reached.contains(to)) {
                continue;
            }
            for to in meant {
                extra.push((Edge::dependency(from, to), place.clone()));
            }
        }
    }
    for (edge, place) in extra {
        edges.entry(edge).or_insert(place);
    }
}

/// Seals what sensitive variables and outputs feed, and what has the name of a secret, where nothing is marked.
pub(crate) fn seal_fed(config: &mut Json, found: &[Referring<'_>], sealer: &Sealer) {
    sealer.cover_named(config);
    for referring in found.iter().filter(|referring| referring.found.sensitive && !referring.attribute.is_empty()) {
        sealer.cover_path(config, &referring.attribute.split('.').collect::<Vec<_>>());
    }
}
