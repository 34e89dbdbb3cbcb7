//! A plan: the world it starts from, and what it would do.
//!
//! The world before is `prior_state`, overlaid by each `change.before`. An action's `set` is what holds after it:
//! `change.after` with its unknown parts, and the references of the configuration.
//!
//! Read downwards: [`read`], then `changes` and `prior`, what the file says. Whether it agrees with itself:
//! `agreement`. What follows from it: `worlds`.

use super::address::{Address, module};
use super::agreement;
use super::configuration::{self, Module};
use super::resolve::World;
use super::resource::{IDENTIFIERS, Instance, Layout, address_of, cover_learnt};
use super::worlds::{Worlds, references, seal_fed};
use crate::sensitive::{Sealer, holds_sealed};
use crate::{Imported, Malformed, Options, Skipped, node::Node, outline::Outline, sheet::Sheet};
use program::{Change, Digest, Fact, FactSource, Json, Partial, Speaks, Type, Value, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads a plan.
pub(crate) fn read(
    outline: &Outline<'_>,
    mut source: FactSource,
    sealer: &Sealer,
    options: &Options<'_>,
    digest: Digest,
) -> Result<Imported, Malformed> {
    let plan = Node::root(&outline.json);
    check_version(&plan)?;
    check_outcome(&plan)?;
    let (mut skipped, mut undated) = (Vec::new(), None);
    if let Some(stated) = plan.get("timestamp")? {
        match Value::parse(stated.text()?, &Type::Time) {
            Some(Value::Time(at)) => source.observed_at = Some(at),
            _ => undated = Some(Partial { why: "the plan's time is none".into(), place: stated.at.into() }),
        }
    }
    let changes = changes(outline, &mut skipped)?;
    let folder = configuration::folder(options.folder.unwrap_or("."));
    let text = plan.get("configuration")?.map(|node| configuration::root(&node, &folder)).transpose()?;
    let mut partial = partial(outline, &changes)?;
    let targeted = !partial.is_empty();
    agreement::partial(outline, text.as_ref(), &changes, targeted, &mut partial)?;
    let root = text.unwrap_or_default();
    partial.extend(undated);
    source.complete = partial.is_empty();
    let file = source.file.clone();
    let mut sheet = Sheet::new(source, options);
    sheet.skipped = skipped;

    let mut before = prior(outline, &changes, sealer, &mut sheet)?;
    seal_unmarked(&root, &mut before, sealer);
    learn(&plan, &root, &changes, sealer)?;
    cover_learnt(before.values_mut().collect(), sealer);
    let worlds = Worlds::new(&root, &changes, &before, sealer);

    let mut facts = worlds.state_before(&sheet);
    drift(outline, &sheet, &mut facts)?;
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
    if !super::readable(text) {
        let what = format!("the plan's format_version `{text}` is not known here");
        return Err(Malformed::new(version.at, what)
            .help("0.1 to 1.x can be read; write the plan with a Terraform that gives one of them"));
    }
    if let Some(prior) = plan.get("prior_state")? {
        super::state::check_version(&prior)?;
    }
    Ok(())
}

fn check_outcome(plan: &Node<'_>) -> Result<(), Malformed> {
    for flag in ["errored", "complete", "applyable"] {
        if matches!(plan.json, Json::Object(entries) if entries.get(flag) == Some(&Json::Null)) {
            let what = "expected true or false, found null";
            return Err(Malformed::new(format!("/{flag}"), what)
                .help("Terraform leaves out what it does not say; write the plan again with `terraform show -json`"));
        }
    }
    if plan.flag_of("errored")? == Some(true) {
        return Err(Malformed::new("/errored", "planning ended with an error, so this is no plan")
            .help("mend what `terraform plan` complained of, and plan again"));
    }
    if plan.get("planned_values")?.is_none() && plan.get("resource_changes")?.is_none() {
        return Err(Malformed::new("", "the plan says neither what it changes nor what it plans")
            .help("the file was cut; write it again with `terraform show -json`"));
    }
    sense(plan)
}

/// Refuses what makes no sense in parts that nothing rests on: neither may the rest then.
fn sense(plan: &Node<'_>) -> Result<(), Malformed> {
    plan.text_of("terraform_version")?;
    plan.items_of("relevant_attributes")?;
    for (_, variable) in plan.entries_of("variables")? {
        variable.get("value")?;
    }
    if let Some(planned) = plan.get("planned_values")? {
        planned.entries_of("outputs")?.iter().try_for_each(|(_, output)| output.get("value").map(drop))?;
    }
    for (_, output) in plan.entries_of("output_changes")? {
        verb(&output)?;
        for mask in ["before_sensitive", "after_sensitive", "after_unknown"] {
            output.get(mask)?.map_or(Ok(()), |mask| agreement::is_mask(&mask))?;
        }
    }
    for check in plan.items_of("checks")? {
        let status = check.need("status")?;
        if !matches!(&**status.text()?, "pass" | "fail" | "error" | "unknown") {
            let what = format!("the status `{}` of a check is not known here", status.text()?);
            return Err(Malformed::new(status.at, what).help("known are pass, fail, error and unknown"));
        }
    }
    Ok(())
}

/// Why the plan is less than what would happen.
fn partial(outline: &Outline<'_>, changes: &[Changed]) -> Result<Vec<Partial>, Malformed> {
    let plan = Node::root(&outline.json);
    let mut out = Vec::new();
    if plan.flag_of("applyable")? == Some(false) && changes.iter().any(|changed| changed.verb.is_some()) {
        let why = "the plan says that it cannot be applied, and lists changes";
        out.push(Partial { why: why.into(), place: "/applyable".into() });
    }
    if plan.flag_of("complete")? == Some(false) {
        out.push(Partial { why: "the plan is not complete: targeted or deferred".into(), place: "/complete".into() });
    }
    let idle = |output: &Node<'_>| verb(output).is_ok_and(|verb| verb.is_none());
    let nothing = changes.iter().all(|changed| changed.verb.is_none())
        && outline.is_empty(&plan, "resource_drift")?
        && plan.entries_of("output_changes")?.iter().all(|(_, output)| idle(output));
    if plan.flag_of("applyable")? == Some(true) && nothing {
        let why = "the plan says that it can be applied, and lists no change";
        out.push(Partial { why: why.into(), place: "/applyable".into() });
    }
    for key in ["action_invocations", "deferred_action_invocations"] {
        if !plan.items_of(key)?.is_empty() {
            let why = "the plan invokes provider actions, which are not looked at";
            out.push(Partial { why: why.into(), place: format!("/{key}").into() });
        }
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
pub(crate) struct Changed {
    pub(crate) address: Address,
    pub(crate) name: Arc<str>,
    pub(crate) verb: Option<Verb>,
    pub(crate) imported: bool,
    pub(crate) moved_from: Option<Arc<str>>,
    pub(crate) reason: Option<(Arc<str>, String)>,
    pub(crate) provider: Arc<str>,
    pub(crate) before: Json,
    pub(crate) after: Json,
    pub(crate) unknown: Json,
    pub(crate) before_sensitive: Option<Json>,
    pub(crate) after_sensitive: Option<Json>,
    pub(crate) place: String,
}

fn changes(outline: &Outline<'_>, skipped: &mut Vec<Skipped>) -> Result<Vec<Changed>, Malformed> {
    let mut out = Vec::new();
    let mut seen: BTreeMap<Arc<str>, String> = BTreeMap::new();
    // Where one of another mode stands, only that is kept of it.
    let read = |node: &Node<'_>| -> Result<Result<Changed, String>, Malformed> {
        let changed = changed(node)?;
        changed.as_ref().map_or_else(|| idle(node), agreement::check)?;
        Ok(changed.ok_or_else(|| node.at.clone()))
    };
    let read = outline
        .each(&Node::root(&outline.json), "resource_changes", |some| some.iter().map(read).collect::<Vec<_>>())?;
    for changed in read.into_iter().flatten() {
        let changed = match changed? {
            Ok(changed) => changed,
            Err(place) => {
                skipped.push(Skipped { place: place.into(), why: "its mode is neither managed nor data".to_owned() });
                continue;
            }
        };
        if let Some(first) = seen.insert(changed.name.clone(), changed.place.clone()) {
            let what = format!("`{}` occurs twice among the changes, first at {first}", changed.name);
            return Err(Malformed::new(changed.place, what));
        }
        out.push(changed);
    }
    Ok(out)
}

/// Refuses an action on what is neither managed nor data: nobody would look at it.
fn idle(node: &Node<'_>) -> Result<(), Malformed> {
    let (mode, change) = (node.need("mode")?, node.need("change")?);
    let actions = change.need("actions")?;
    let words = actions.items()?.iter().map(|item| item.text().cloned()).collect::<Result<Vec<_>, _>>()?;
    if words.iter().all(|word| matches!(&**word, "no-op" | "open" | "renew" | "close")) {
        return Ok(());
    }
    let what = format!("the mode `{}` is not known here, and the plan has an action for it", mode.text()?);
    Err(Malformed::new(mode.at, what).help("known are `managed` and `data`"))
}

fn changed(node: &Node<'_>) -> Result<Option<Changed>, Malformed> {
    let modules = match node.text_of("module_address")? {
        Some(text) => module(text)
            .ok_or_else(|| Malformed::new(node.under("module_address"), format!("`{text}` is no module's address")))?,
        None => Vec::new(),
    };
    let Some(address) = address_of(node, &modules)? else { return Ok(None) };
    agreement::named(node, &address)?;
    let change = node.need("change")?;
    agreement::shapes(&change)?;
    let raw = |key: &str| match change.json {
        Json::Object(entries) => entries.get(key).cloned(),
        _ => None,
    };
    if let Some(paths) = change.get("replace_paths")? {
        paths.items()?.iter().try_for_each(|path| path.items().map(drop))?;
    }
    let moved_from = node.text_of("previous_address")?.map(|text| match super::address::address(text) {
        Some(address) => address.to_string().into(),
        None => text.clone(),
    });
    let imported = match change.get("importing")? {
        Some(how) if !matches!(how.json, Json::Object(_)) => return Err(how.wrong("an object or null")),
        how => how.is_some(),
    };
    let verb = match verb(&change)? {
        Some(Verb::Read) if !address.data => {
            return Err(Malformed::new(
                change.under("actions"),
                format!("`{address}` is managed, and only data is read"),
            ));
        }
        Some(verb @ (Verb::Create | Verb::Delete | Verb::Forget | Verb::Read)) if imported => {
            let what = format!("`{address}` is imported, and has the action {verb}");
            return Err(Malformed::new(change.under("importing"), what)
                .help("the plan denies itself; write it again with `terraform show -json`"));
        }
        Some(verb @ (Verb::Create | Verb::Read)) if moved_from.is_some() => {
            let what = format!("`{address}` had another address before, and has the action {verb}");
            return Err(Malformed::new(node.under("previous_address"), what)
                .help("the plan denies itself; write it again with `terraform show -json`"));
        }
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
        before: raw("before").unwrap_or(Json::Null),
        after: raw("after").unwrap_or(Json::Null),
        unknown: raw("after_unknown").unwrap_or(Json::Null),
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
    outline: &Outline<'_>,
    changes: &[Changed],
    sealer: &Sealer,
    sheet: &mut Sheet,
) -> Result<BTreeMap<Arc<str>, Instance>, Malformed> {
    let mut instances = Vec::new();
    let plan = Node::root(&outline.json);
    if let Some(values) = plan.get("prior_state")?.map(|state| state.get("values")).transpose()?.flatten() {
        // What a change repeats is told by it, but for what is sensitive in it.
        let starting = changes.iter().filter(|changed| changed.before != Json::Null);
        let repeated = starting.flat_map(|changed| [Some(&*changed.name), changed.moved_from.as_deref()]);
        let repeated: BTreeSet<&str> = repeated.flatten().collect();
        instances = super::state::values(outline, &values, sealer, sheet, |instance| {
            if repeated.contains(&*instance.address.to_string()) && !holds_sealed(&instance.config) {
                instance.config = Json::Null;
            }
        })?;
    }
    let mut before: BTreeMap<Arc<str>, Instance> =
        instances.into_iter().map(|instance| (instance.address.to_string().into(), instance)).collect();
    for changed in changes {
        // Terraform carries moves out before it plans, but not every version says so in `prior_state`.
        if let Some(old) = changed.moved_from.as_ref().and_then(|old| before.remove(old)) {
            let renamed = Instance { address: changed.address.clone(), ..old };
            before.entry(changed.name.clone()).or_insert(renamed);
        }
        if changed.before == Json::Null {
            before.remove(&changed.name);
            continue;
        }
        let mut config = changed.before.clone();
        if let Some(mask) = &changed.before_sensitive {
            sealer.cover(&mut config, mask);
        }
        let mut marked = changed.before_sensitive.is_some();
        let mut dependencies = Vec::new();
        if let Some(known) = before.remove(&changed.name) {
            sealer.cover_like(&mut config, &known.config);
            marked |= known.marked;
            dependencies = known.dependencies;
        }
        let (address, provider, place) = (changed.address.clone(), changed.provider.clone(), changed.place.clone());
        let config_place = format!("{place}/change/before");
        let instance =
            Instance { address, provider, config, place, config_place, dependencies, marked, layout: Layout::Nested };
        before.insert(changed.name.clone(), instance);
    }
    Ok(before)
}

/// Plans before Terraform 0.15 mark nothing: what a sensitive variable or output feeds is sensitive.
fn seal_unmarked(root: &Module, before: &mut BTreeMap<Arc<str>, Instance>, sealer: &Sealer) {
    if before.values().all(|instance| instance.marked) {
        return;
    }
    let addresses: Vec<Address> = before.values().map(|instance| instance.address.clone()).collect();
    let world = World::new(root, addresses.iter());
    for (address, instance) in addresses.iter().zip(before.values_mut()).filter(|(_, instance)| !instance.marked) {
        seal_fed(&mut instance.config, &references(&world, address), sealer);
    }
}

/// Learns which texts are secret, so that they are sealed also where nothing marks them (a provider that repeats its
/// input). The names of resources are not secret, whoever else holds them.
fn learn(plan: &Node<'_>, root: &Module, changes: &[Changed], sealer: &Sealer) -> Result<(), Malformed> {
    for (name, variable) in plan.entries_of("variables")? {
        if root.secrets.contains(name)
            && let Some(value) = variable.get("value")?
        {
            sealer.learn_all(value.json);
        }
    }
    for (_, output) in plan.entries_of("output_changes")? {
        for (value, mask) in [("before", "before_sensitive"), ("after", "after_sensitive")] {
            if let (Some(value), Some(mask)) = (output.get(value)?, output.get(mask)?) {
                sealer.learn(value.json, mask.json);
            }
        }
    }
    for changed in changes {
        for (value, mask) in [(&changed.before, &changed.before_sensitive), (&changed.after, &changed.after_sensitive)]
        {
            if let Some(mask) = mask {
                sealer.learn(value, mask);
            }
        }
    }
    for value in changes.iter().flat_map(|changed| [&changed.before, &changed.after]) {
        if let Json::Object(entries) = value {
            IDENTIFIERS.iter().filter_map(|name| entries.get(name)).for_each(|name| sealer.forget(name));
        }
    }
    Ok(())
}

/// What the provider found other than the state says.
fn drift(outline: &Outline<'_>, sheet: &Sheet, facts: &mut Vec<Fact>) -> Result<(), Malformed> {
    let heading = sheet.heading();
    let drifted = |node: &Node<'_>| -> Result<Vec<Fact>, Malformed> {
        let (mut facts, sheet) = (Vec::new(), heading.sheet());
        let Some(drifted) = changed(node)? else { return Ok(facts) };
        let mut fact = |path: &str| {
            let tuple = vec![Value::Text(drifted.name.clone()), Value::text(path)];
            facts.push(sheet.fact("std.terraform.drift", tuple, &drifted.place));
        };
        match (&drifted.before, &drifted.after) {
            (Json::Object(before), Json::Object(after)) => {
                let names: BTreeSet<&Arc<str>> = before.keys().chain(after.keys()).collect();
                names.into_iter().filter(|name| before.get(name) != after.get(name)).for_each(|name| fact(name));
            }
            (before, after) if before != after => fact(""),
            _ => {}
        }
        Ok(facts)
    };
    let root = Node::root(&outline.json);
    let parts = outline.each(&root, "resource_drift", |some| some.iter().map(drifted).collect::<Vec<_>>())?;
    for some in parts.into_iter().flatten() {
        facts.append(&mut some?);
    }
    Ok(())
}
