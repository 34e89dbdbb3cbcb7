//! A plan: the world it starts from, and what it would do.
//!
//! The world before is `prior_state`, overlaid by each `change.before`. An action's `set` is what holds after it:
//! `change.after` with its unknown parts, and the references of the configuration.
//!
//! The configuration is that of the world after. In the world before its references count where the attribute they
//! feed does not change, and what the state says of dependencies counts where they do not lead there.
//!
//! Read downwards: [`read`], then `changes` and `prior` (what the file says), then `Worlds` (what follows from it).

use super::address::{Address, module, module_text};
use super::configuration::{self, Module};
use super::resolve::{Found, World};
use super::resource::{Instance, address_of, reference_fact};
use super::unknown;
use crate::sensitive::says_true;
use crate::{Imported, Malformed, Options, SensitiveKey, node::Node, sheet::Sheet};
use program::{Action, Change, Digest, Fact, FactSource, Json, Partial, Speaks, Type, Value, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads a plan.
pub(crate) fn read(
    json: &Json,
    mut source: FactSource,
    key: &SensitiveKey,
    options: &Options<'_>,
    digest: Digest,
) -> Result<Imported, Malformed> {
    let plan = Node::root(json);
    check_version(&plan)?;
    check_outcome(&plan)?;
    if let Some(Value::Time(at)) = plan.text_of("timestamp")?.and_then(|text| Value::parse(text, &Type::Time)) {
        source.observed_at = Some(at);
    }
    let partial = partial(&plan)?;
    source.complete = partial.is_empty();
    let file = source.file.clone();
    let mut sheet = Sheet::new(source, &Options { estate: None, ..options.clone() });

    let folder = configuration::folder(options.folder.unwrap_or("."));
    let root = match plan.get("configuration")?.map(|c| c.get("root_module")).transpose()?.flatten() {
        Some(node) => configuration::module(&node, Some(&folder))?,
        None => Module::default(),
    };
    let changes = changes(&plan, &mut sheet)?;
    let mut before = prior(&plan, &changes, key, &mut sheet)?;
    seal_unmarked(&root, &mut before, key);
    let worlds = Worlds::new(&root, &changes, &before, key);

    let mut facts = std::mem::take(&mut sheet.facts);
    worlds.state_before(&sheet, &mut facts);
    drift(&plan, &sheet, &mut facts)?;
    let folders = worlds.folders(&folder, &sheet, &mut facts);
    let intended = FactSource { speaks: options.speaks.unwrap_or(Speaks::Intended), ..(*sheet.source).clone() };
    let intended = Sheet::new(intended, &Options::default());
    let (actions, reasons) = worlds.actions(&intended);

    sheet.facts = facts;
    let mut imported = Imported::of(sheet);
    imported.folders = folders;
    let format = "terraform-plan".into();
    imported.change = Some(Change { format, file, digest, actions, partial, facts: reasons });
    Ok(imported)
}

fn check_version(plan: &Node<'_>) -> Result<(), Malformed> {
    let version = plan.need("format_version")?;
    let text = version.text()?;
    match text.split_once('.').unwrap_or((text, "")).0 {
        "0" | "1" => Ok(()),
        _ => Err(Malformed::new(version.at, format!("the plan's format_version `{text}` is not known here"))
            .help("0.1 to 1.x can be read; write the plan with a Terraform that gives one of them")),
    }
}

fn check_outcome(plan: &Node<'_>) -> Result<(), Malformed> {
    match plan.flag_of("errored")? {
        Some(true) => Err(Malformed::new("/errored", "planning ended with an error, so this is no plan")
            .help("mend what `terraform plan` complained of, and plan again")),
        _ => Ok(()),
    }
}

/// Why the plan is less than what would happen.
fn partial(plan: &Node<'_>) -> Result<Vec<Partial>, Malformed> {
    let mut out = Vec::new();
    if plan.flag_of("complete")? == Some(false) {
        out.push(Partial { why: "the plan is not complete: targeted or deferred".into(), place: "/complete".into() });
    }
    for deferred in plan.items_of("deferred_changes")? {
        let change = deferred.get("resource_change")?;
        let address = change.as_ref().map(|change| change.text_of("address")).transpose()?.flatten();
        let reason = deferred.text_of("reason")?.map_or_else(String::new, |reason| format!(": {reason}"));
        let why = format!("{} is deferred{reason}", address.map_or("an action", |address| address));
        out.push(Partial { why: why.into(), place: deferred.at.into() });
    }
    Ok(out)
}

/// One entry of `resource_changes`.
struct Changed<'a> {
    address: Address,
    name: Arc<str>,
    verb: Option<Verb>,
    imported: bool,
    moved_from: Option<Arc<str>>,
    reason: Option<(Arc<str>, String)>,
    provider: Arc<str>,
    before: &'a Json,
    after: &'a Json,
    unknown: &'a Json,
    before_sensitive: Option<&'a Json>,
    after_sensitive: Option<&'a Json>,
    place: String,
}

fn changes<'a>(plan: &Node<'a>, sheet: &mut Sheet) -> Result<Vec<Changed<'a>>, Malformed> {
    let mut out = Vec::new();
    let mut seen: BTreeMap<Arc<str>, String> = BTreeMap::new();
    for node in plan.items_of("resource_changes")? {
        let Some(changed) = changed(&node)? else {
            sheet.skip(node.at, "its mode is neither managed nor data");
            continue;
        };
        if let Some(first) = seen.insert(changed.name.clone(), node.at.clone()) {
            let what = format!("`{}` occurs twice among the changes, first at {first}", changed.name);
            return Err(Malformed::new(node.at, what));
        }
        out.push(changed);
    }
    Ok(out)
}

fn changed<'a>(node: &Node<'a>) -> Result<Option<Changed<'a>>, Malformed> {
    let modules = match node.text_of("module_address")? {
        Some(text) => module(text)
            .ok_or_else(|| Malformed::new(node.under("module_address"), format!("`{text}` is no module's address")))?,
        None => Vec::new(),
    };
    let Some(address) = address_of(node, &modules)? else { return Ok(None) };
    let change = node.need("change")?;
    let raw = |key: &str| match change.json {
        Json::Object(entries) => entries.get(key),
        _ => None,
    };
    let moved_from = match node.text_of("previous_address")? {
        Some(text) => Some(super::address::address(text).map_or_else(|| text.clone(), |a| a.to_string().into())),
        None => None,
    };
    let imported = change.get("importing")?.is_some();
    let verb = match verb(&change)? {
        None if imported => Some(Verb::Import),
        None if moved_from.is_some() => Some(Verb::Move),
        verb => verb,
    };
    Ok(Some(Changed {
        name: address.to_string().into(),
        address,
        imported: imported && verb != Some(Verb::Import),
        verb,
        moved_from,
        reason: node.text_of("action_reason")?.map(|why| (why.clone(), node.under("action_reason"))),
        provider: node.text_of("provider_name")?.map_or_else(|| "".into(), |text| super::resource::provider(text)),
        before: raw("before").unwrap_or(&Json::Null),
        after: raw("after").unwrap_or(&Json::Null),
        unknown: raw("after_unknown").unwrap_or(&Json::Null),
        before_sensitive: raw("before_sensitive"),
        after_sensitive: raw("after_sensitive"),
        place: node.at.clone(),
    }))
}

fn verb(change: &Node<'_>) -> Result<Option<Verb>, Malformed> {
    let actions = change.need("actions")?;
    let items = actions.items()?;
    let words = items.iter().map(|item| item.text().map(|text| &**text)).collect::<Result<Vec<_>, _>>()?;
    Ok(match words.as_slice() {
        ["no-op"] => None,
        ["create"] => Some(Verb::Create),
        ["read"] => Some(Verb::Read),
        ["update"] => Some(Verb::Update),
        ["delete"] => Some(Verb::Delete),
        ["forget"] => Some(Verb::Forget),
        ["delete", "create"] | ["create", "delete"] | ["create", "forget"] | ["forget", "create"] => {
            Some(Verb::Replace)
        }
        _ => {
            let what = format!("the actions [{}] are not known here", words.join(", "));
            return Err(Malformed::new(actions.at, what)
                .help("known are no-op, create, read, update, delete, forget, and delete or forget with create"));
        }
    })
}

/// The instances of the world before, by name.
fn prior(
    plan: &Node<'_>,
    changes: &[Changed<'_>],
    key: &SensitiveKey,
    sheet: &mut Sheet,
) -> Result<BTreeMap<Arc<str>, Instance>, Malformed> {
    let mut instances = Vec::new();
    if let Some(values) = plan.get("prior_state")?.map(|state| state.get("values")).transpose()?.flatten() {
        super::state::values(&values, key, sheet, &mut instances)?;
    }
    let mut before: BTreeMap<Arc<str>, Instance> =
        instances.into_iter().map(|instance| (instance.address.to_string().into(), instance)).collect();
    for changed in changes {
        // Terraform carries moves out before it plans, but not every version says so in `prior_state`.
        if let Some(old) = changed.moved_from.as_ref().and_then(|old| before.remove(old)) {
            let renamed = Instance { address: changed.address.clone(), ..old };
            before.entry(changed.name.clone()).or_insert(renamed);
        }
        if *changed.before == Json::Null {
            before.remove(&changed.name);
            continue;
        }
        let mut config = changed.before.clone();
        if let Some(mask) = changed.before_sensitive {
            key.cover(&mut config, mask);
        }
        let mut marked = changed.before_sensitive.is_some();
        let mut dependencies = Vec::new();
        if let Some(known) = before.remove(&changed.name) {
            key.cover_like(&mut config, &known.config);
            marked |= known.marked;
            dependencies = known.dependencies;
        }
        let (address, provider, place) = (changed.address.clone(), changed.provider.clone(), changed.place.clone());
        let config_place = format!("{place}/change/before");
        let instance = Instance { address, provider, config, place, config_place, dependencies, marked };
        before.insert(changed.name.clone(), instance);
    }
    Ok(before)
}

/// Plans before Terraform 0.15 mark nothing: what a sensitive variable or output feeds is sensitive.
fn seal_unmarked(root: &Module, before: &mut BTreeMap<Arc<str>, Instance>, key: &SensitiveKey) {
    if before.values().all(|instance| instance.marked) {
        return;
    }
    let addresses: Vec<Address> = before.values().map(|instance| instance.address.clone()).collect();
    let world = World::new(root, addresses.iter());
    for (address, instance) in addresses.iter().zip(before.values_mut()).filter(|(_, instance)| !instance.marked) {
        seal_fed(&mut instance.config, &references(&world, address), key);
    }
}

fn seal_fed(config: &mut Json, found: &[Referring<'_>], key: &SensitiveKey) {
    for referring in found.iter().filter(|referring| referring.found.sensitive && !referring.attribute.is_empty()) {
        key.cover_path(config, &referring.attribute.split('.').collect::<Vec<_>>());
    }
}

/// What the provider found other than the state says.
fn drift(plan: &Node<'_>, sheet: &Sheet, facts: &mut Vec<Fact>) -> Result<(), Malformed> {
    for node in plan.items_of("resource_drift")? {
        let Some(drifted) = changed(&node)? else { continue };
        let mut fact = |path: &str| {
            let tuple = vec![Value::Text(drifted.name.clone()), Value::text(path)];
            facts.push(sheet.fact("std.terraform.drift", tuple, &drifted.place));
        };
        match (drifted.before, drifted.after) {
            (Json::Object(before), Json::Object(after)) => {
                let names: BTreeSet<&Arc<str>> = before.keys().chain(after.keys()).collect();
                names.into_iter().filter(|name| before.get(*name) != after.get(*name)).for_each(|name| fact(name));
            }
            (before, after) if before != after => fact(""),
            _ => {}
        }
    }
    Ok(())
}

/// Both worlds of a plan, with what refers to what in each.
struct Worlds<'a> {
    changes: &'a [Changed<'a>],
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
type References = BTreeMap<Edge, String>;

/// `from`'s attribute refers to `to`'s attribute.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: Address,
    attribute: String,
    to: Address,
    to_attribute: String,
}

/// An expression of an instance's block, or of the modules around it, with what it refers to.
struct Referring<'a> {
    attribute: &'a str,
    place: &'a str,
    found: Found<'a>,
}

impl<'a> Worlds<'a> {
    fn new(
        root: &'a Module,
        changes: &'a [Changed<'a>],
        before: &'a BTreeMap<Arc<str>, Instance>,
        key: &SensitiveKey,
    ) -> Worlds<'a> {
        let changed: BTreeMap<&str, &Changed<'_>> = changes.iter().map(|c| (&*c.name, c)).collect();
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
            add(&mut worlds.references_after, address, &found, |_| true);
            if let Some(changed) = changed.get(&*name) {
                worlds.after.insert(name, changed.instance_after(&found, key));
            }
        }
        for (name, instance) in before {
            let found = references(&worlds.world_before, &instance.address);
            let still = |attribute: &str| changed.get(&**name).is_none_or(|changed| changed.keeps(attribute));
            add(&mut worlds.references_before, &instance.address, &found, still);
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

    fn state_before(&self, sheet: &Sheet, facts: &mut Vec<Fact>) {
        self.before.values().for_each(|instance| instance.describe(sheet, facts));
        facts.extend(self.references_before.iter().map(|(edge, place)| edge.fact(sheet, place)));
    }

    /// States the folder of every module instance.
    ///
    /// - returns: the folders.
    fn folders(&self, root: &str, sheet: &Sheet, facts: &mut Vec<Fact>) -> BTreeSet<Arc<str>> {
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

    fn actions(&self, sheet: &Sheet) -> (Vec<Action>, Vec<Fact>) {
        let (mut actions, mut facts) = (Vec::new(), Vec::new());
        for changed in self.changes {
            let Some(verb) = changed.verb else { continue };
            let set = match verb {
                Verb::Delete | Verb::Forget => Vec::new(),
                _ => self.set(changed, sheet),
            };
            let mut remove = match verb {
                Verb::Update | Verb::Move | Verb::Import | Verb::Read => self.removed(changed, sheet),
                _ => Vec::new(),
            };
            remove.extend(self.mentioned_no_more(changed, sheet));
            if let Some((why, place)) = &changed.reason {
                let tuple = vec![Value::Text(changed.name.clone()), Value::Text(why.clone())];
                facts.push(sheet.fact("std.change.reason", tuple, place));
            }
            let (id, resource) = (changed.name.clone(), changed.name.clone());
            if changed.imported {
                // Taken under management and altered at once: both are asked for, and both must be permitted.
                let id = format!("{id} (import)").into();
                let resource = resource.clone();
                let verb = Verb::Import;
                actions.push(Action { id, verb, resource, moved_from: None, set: Vec::new(), remove: Vec::new() });
            }
            actions.push(Action { id, verb, resource, moved_from: changed.moved_from.clone(), set, remove });
        }
        (actions, facts)
    }

    /// What holds after the action: the resource as it is then, and what it refers to.
    fn set(&self, changed: &Changed<'_>, sheet: &Sheet) -> Vec<Fact> {
        let mut facts = Vec::new();
        if let Some(instance) = self.after.get(&changed.name) {
            instance.describe(sheet, &mut facts);
        }
        facts.extend(self.edges(&self.references_after, &changed.address).map(|(edge, place)| edge.fact(sheet, place)));
        // What stays as it is may refer to what comes to be.
        let arriving = self.arriving.get(&changed.address).into_iter().flatten();
        facts.extend(arriving.map(|(edge, place)| edge.fact(sheet, place)));
        crate::sheet::tidy(&mut facts);
        facts
    }

    /// References that hold no more.
    fn removed(&self, changed: &Changed<'_>, sheet: &Sheet) -> Vec<Fact> {
        let gone = self.edges(&self.references_before, &changed.address);
        let gone = gone.filter(|(edge, _)| !self.references_after.contains_key(*edge));
        // A dependency of the state goes only where the configuration says all that is there instead.
        let whole = self.world_after.block(&changed.address).is_some() && !self.obscure.contains(&changed.address);
        let mut facts: Vec<Fact> = gone
            .filter(|(edge, _)| whole || !edge.attribute.is_empty())
            .map(|(edge, place)| edge.fact(sheet, place))
            .collect();
        crate::sheet::tidy(&mut facts);
        facts
    }

    /// Strings that stood in its values and stand there no more. What is deleted goes with all its facts.
    fn mentioned_no_more(&self, changed: &Changed<'_>, sheet: &Sheet) -> Vec<Fact> {
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
    fn fact(&self, sheet: &Sheet, place: &str) -> Fact {
        reference_fact(sheet, &self.from, &self.attribute, &self.to, &self.to_attribute, place)
    }
}

impl Changed<'_> {
    /// The instance as it is after the action: known values, unknown ones with their origin, sensitive ones sealed.
    fn instance_after(&self, found: &[Referring<'_>], key: &SensitiveKey) -> Instance {
        let origin = |path: &str| origin(path, &self.name, found);
        let mut config = unknown::merge(self.after, self.unknown, &mut self.name.to_string(), &origin);
        match self.after_sensitive {
            Some(mask) => key.cover(&mut config, mask),
            None => seal_fed(&mut config, found, key),
        }
        let config_place = format!("{}/change/after", self.place);
        let (address, provider, place) = (self.address.clone(), self.provider.clone(), self.place.clone());
        Instance { address, provider, config, place, config_place, dependencies: Vec::new(), marked: true }
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
            Some(_) => part(self.before) == part(self.after) && !says_true(&part(self.unknown)),
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

fn references<'a>(world: &World<'a>, from: &Address) -> Vec<Referring<'a>> {
    let mut out = Vec::new();
    if from.deposed.is_some() {
        return out;
    }
    let expressions = world.block(from).into_iter().flat_map(|block| &block.expressions);
    let own = expressions.map(|expression| (expression, world.refers(from, expression)));
    for (expression, found) in own.chain(world.module_dependencies(from)) {
        out.push(Referring { attribute: &expression.attribute, place: &expression.place, found });
    }
    out
}

fn add(edges: &mut References, from: &Address, found: &[Referring<'_>], holds: impl Fn(&str) -> bool) {
    for referring in found.iter().filter(|referring| holds(referring.attribute)) {
        for (to, to_attribute) in referring.found.targets.iter().filter(|(to, _)| *to != from) {
            let (from, to, attribute) = (from.clone(), (*to).clone(), referring.attribute.to_owned());
            let edge = Edge { from, attribute, to, to_attribute: to_attribute.clone() };
            edges.entry(edge).or_insert_with(|| referring.place.to_owned());
        }
    }
}

/// Adds what the state says an instance depends on, unless its references lead there.
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
            for to in world.dependency(from, text).into_iter().filter(|to| !reached.contains(to)) {
                let (from, to) = (from.clone(), to.clone());
                let edge = Edge { from, attribute: String::new(), to, to_attribute: String::new() };
                extra.push((edge, place.clone()));
            }
        }
    }
    for (edge, place) in extra {
        edges.entry(edge).or_insert(place);
    }
}
