//! Whether a plan agrees with itself.
//!
//! A plan says the same thing twice: as two wholes (`prior_state`, `planned_values`), and as what leads from one to the
//! other (`resource_changes`). A change that denies itself is malformed. Wholes that differ where no change says so make
//! the plan partial: something would happen that it does not list.
//!
//! Read downwards: [`named`], [`shapes`] and [`check`] look at one change, [`partial`] at the wholes beside all of them.

use super::address::{Address, address, module, module_names};
use super::configuration::Module;
use super::plan::Changed;
use super::resource::{address_of, passing};
use crate::sensitive::says_true;
use crate::{Malformed, node::Node, outline::Outline};
use program::{Digest, Json, Object, Partial, Verb};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Refuses a change whose two sides are not those of its actions.
///
/// Laxer where tools write otherwise than Terraform: a create may have a `before`. One without `after`, and a replacement
/// without `before`, are read too, and make the plan [`partial`].
pub(crate) fn check(changed: &Changed) -> Result<(), Malformed> {
    let name = &changed.name;
    let unknown = says_true(&changed.unknown);
    let gone = changed.after == Json::Null && !unknown;
    let side = |key: &str| format!("{}/change/{key}", changed.place);
    let (place, what) = match changed.verb {
        None | Some(Verb::Move | Verb::Import) if changed.before != changed.after => {
            (side("after"), format!("`{name}` is a no-op, and its `after` differs from its `before`"))
        }
        None | Some(Verb::Move | Verb::Import) if unknown => {
            (side("after_unknown"), format!("`{name}` is a no-op, and parts of its `after` are not known"))
        }
        Some(Verb::Read) if changed.before != Json::Null && gone => {
            (side("after"), format!("`{name}` is read, and has a `before` but no `after`"))
        }
        Some(verb @ (Verb::Delete | Verb::Forget)) if changed.after != Json::Null || unknown => {
            let key = if unknown { "after_unknown" } else { "after" };
            (side(key), format!("`{name}` has the action {verb}, and keeps an `after`"))
        }
        Some(verb @ (Verb::Update | Verb::Delete | Verb::Forget)) if changed.before == Json::Null => {
            (side("before"), format!("`{name}` has the action {verb}, and no `before`"))
        }
        Some(Verb::Import) if changed.before == Json::Null => {
            (side("before"), format!("`{name}` is imported, and nobody says what"))
        }
        Some(verb @ (Verb::Update | Verb::Replace)) if gone => {
            (side("after"), format!("`{name}` has the action {verb}, and no `after`"))
        }
        _ => return Ok(()),
    };
    Err(Malformed::new(place, what).help("the plan denies itself; write it again with `terraform show -json`"))
}

/// Refuses a change whose address names another resource than its parts do.
pub(crate) fn named(node: &Node<'_>, parts: &Address) -> Result<(), Malformed> {
    let Some(text) = node.text_of("address")? else { return Ok(()) };
    // The address does not name the deposed object that a change may be about.
    let whole = Address { deposed: None, ..parts.clone() };
    if address(text).is_some_and(|stated| stated == whole) {
        return Ok(());
    }
    let what = format!("the address `{text}` is not that of mode, type, name and index, `{whole}`");
    Err(Malformed::new(node.under("address"), what)
        .help("the plan denies itself; write it again with `terraform show -json`"))
}

/// The same of a state, where not every version writes the indexes into the address, or the module that it stands in: the
/// block must be the one.
pub(crate) fn named_block(node: &Node<'_>, parts: &Address) -> Result<(), Malformed> {
    let Some(text) = node.text_of("address")? else { return Ok(()) };
    let block = |address: &Address| (address.data, address.kind.clone(), address.name.clone());
    let within =
        |stated: &Address| stated.modules.is_empty() || module_names(&stated.modules) == module_names(&parts.modules);
    if address(text).is_some_and(|stated| block(&stated) == block(parts) && within(&stated)) {
        return Ok(());
    }
    let what = format!("the address `{text}` is not that of mode, type and name, `{parts}`");
    Err(Malformed::new(node.under("address"), what)
        .help("the file denies itself; write it again with `terraform show -json`"))
}

/// Refuses sides that are no resource's values, and masks that say neither yes nor no: what they mean nobody can tell.
pub(crate) fn shapes(change: &Node<'_>) -> Result<(), Malformed> {
    for side in ["before", "after"] {
        if let Some(values) = change.get(side)?.filter(|values| !matches!(values.json, Json::Object(_))) {
            return Err(values.wrong("an object or null"));
        }
    }
    for mask in ["after_unknown", "before_sensitive", "after_sensitive"] {
        if let Some(mask) = change.get(mask)? {
            is_mask(&mask)?;
        }
    }
    Ok(())
}

pub(crate) fn is_mask(node: &Node<'_>) -> Result<(), Malformed> {
    match node.json {
        Json::Bool(_) | Json::Null => Ok(()),
        Json::Array(_) => node.items()?.iter().try_for_each(is_mask),
        Json::Object(_) => node.entries()?.iter().try_for_each(|(_, part)| is_mask(part)),
        _ => Err(node.wrong("true, false, or an object or array of them")),
    }
}

/// Adds why the changes cannot be all that would happen, or cannot be seen whole.
///
/// - `text`: the configuration, where the plan has one. What is managed and stays has a block there.
/// - `targeted`: the plan says itself that it leaves resources out.
pub(crate) fn partial(
    outline: &Outline<'_>,
    text: Option<&Module>,
    changes: &[Changed],
    targeted: bool,
    out: &mut Vec<Partial>,
) -> Result<(), Malformed> {
    let plan = Node::root(&outline.json);
    let changes: Vec<&Changed> = changes.iter().filter(|changed| !changed.address.data).collect();
    let own = changes.iter().map(|changed| (&changed.name, *changed));
    let moved = changes.iter().filter_map(|changed| Some((changed.moved_from.as_ref()?, *changed)));
    let mut listed: BTreeMap<&Arc<str>, Vec<&Changed>> = BTreeMap::new();
    own.chain(moved).for_each(|(name, changed)| listed.entry(name).or_default().push(changed));
    let prior = match plan.get("prior_state")? {
        Some(state) => whole(outline, state.get("values")?, &listed, |changed| &changed.before)?,
        None => BTreeMap::new(),
    };
    let says_prior =
        plan.get("prior_state")?.is_some_and(|state| state.get("values").is_ok_and(|values| values.is_some()));
    let planned_values = plan.get("planned_values")?;
    let says_planned = planned_values.is_some();
    let planned = whole(outline, planned_values, &listed, |changed| &changed.after)?;

    if !says_planned {
        out.push(Partial { why: "the plan does not say what is planned".into(), place: "/planned_values".into() });
    }
    // `terraform plan -refresh-only` plans nothing, and says so by planned values of nothing.
    let flags = ["applyable", "complete"].map(|flag| plan.flag_of(flag));
    let refreshes = changes.is_empty() && planned.is_empty() && matches!(flags, [Ok(Some(_)), Ok(Some(true))]);
    let mut reasons = Reasons::default();
    let untold = |why| if changes.is_empty() { NONE_LISTED } else { why };
    for (name, stated) in &prior {
        match planned.get(name) {
            _ if listed.contains_key(name) || refreshes => {}
            Some(planned) if planned.digest != stated.digest => reasons.add(untold(UNLISTED), name, &planned.place),
            None if !targeted => reasons.add(untold(LEFT_OUT), name, &stated.place),
            _ => {}
        }
    }
    for (name, stated) in planned.iter().filter(|(name, _)| !prior.contains_key(*name) && !listed.contains_key(name)) {
        reasons.add(untold(UNANNOUNCED), name, &stated.place);
    }
    for changed in &changes {
        // What was moved stands under its new name, or under the old one; under both it is two.
        if let Some(old) = &changed.moved_from
            && let Some(left) = prior.get(old).filter(|_| prior.contains_key(&changed.name))
        {
            reasons.add(LEFT_OUT, old, &left.place);
        }
        let known = prior.get(&changed.name).or_else(|| prior.get(changed.moved_from.as_ref()?));
        match known {
            Some(known) if known.differs.contains(&changed.name) => {
                reasons.add(BEFORE_DIFFERS, &changed.name, &changed.place);
            }
            None if changed.before != Json::Null => {
                reasons.add(if says_prior { NO_BEFORE } else { NO_PRIOR }, &changed.name, &changed.place);
            }
            _ => {}
        }
        if changed.verb == Some(Verb::Replace) && changed.before == Json::Null {
            reasons.add(NOTHING_BEFORE, &changed.name, &changed.place);
        }
        if changed.verb == Some(Verb::Create) && changed.after == Json::Null && !says_true(&changed.unknown) {
            reasons.add(NOTHING_AFTER, &changed.name, &changed.place);
        }
        let stays = !matches!(changed.verb, Some(Verb::Delete | Verb::Forget));
        let differs = match planned.get(&changed.name) {
            Some(planned) => planned.differs.contains(&changed.name),
            None => stays && says_planned && changed.after != Json::Null,
        };
        if differs {
            reasons.add(AFTER_DIFFERS, &changed.name, &changed.place);
        }
    }
    if let Some((name, place)) = text.and_then(Module::dangling) {
        reasons.add(DANGLING, &name.into(), place);
    }
    // What refers to what, only the text says.
    let stays = changes.iter().filter(|changed| changed.after != Json::Null || says_true(&changed.unknown));
    let stays = stays.map(|changed| (&changed.address, &changed.name, &changed.place));
    let unlisted = planned.iter().filter(|(name, _)| !listed.contains_key(name));
    for (address, name, place) in stays.chain(unlisted.map(|(name, stated)| (&stated.address, name, &stated.place))) {
        if text.is_none_or(|text| text.block(address).is_none()) {
            reasons.add(if text.is_some() { NO_BLOCK } else { NO_TEXT }, name, place);
        }
    }
    if text.is_none() && !reasons.found.contains_key(NO_TEXT) {
        out.push(Partial { why: NO_TEXT.into(), place: "/configuration".into() });
    }
    reasons.tell(out);
    Ok(())
}

const NONE_LISTED: &str = "the plan lists no change, and its planned values differ from its prior state";
const UNLISTED: &str = "no change is listed of what is planned otherwise than in the prior state";
const LEFT_OUT: &str = "the plan leaves out what is in the prior state";
const UNANNOUNCED: &str = "no change is listed of what is planned and is not in the prior state";
const BEFORE_DIFFERS: &str = "a change starts from something else than the prior state";
const NOTHING_BEFORE: &str = "a replacement does not say what it replaces";
const NOTHING_AFTER: &str = "a create does not say what it creates";
const AFTER_DIFFERS: &str = "what a change leaves differs from the planned values";
const DANGLING: &str = "the plan's configuration refers to a block that it does not have";
const NO_BEFORE: &str = "a change starts from what the prior state does not have";
const NO_PRIOR: &str = "the plan has no prior state, which says what depends on what a change starts from";
const NO_TEXT: &str = "the plan has no configuration, which alone says what refers to what";
const NO_BLOCK: &str = "the plan's configuration, which alone says what refers to what, has no block of what stays";

/// Whether values are the same. Null says as much as nothing at all, and as an object of nothing: versions differ in it.
fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Object(one), Json::Object(other)) => {
            let of = |entries: &Object, name: &str| entries.get(name).cloned().unwrap_or(Json::Null);
            one.keys().chain(other.keys()).all(|name| same(&of(one, name), &of(other, name)))
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(entries), Json::Null) | (Json::Null, Json::Object(entries)) => {
            entries.values().all(|value| *value == Json::Null)
        }
        _ => one == other,
    }
}

/// A managed resource as a whole states it: what the changes that list it need to know of its values, and not the values.
struct Stated {
    address: Address,
    place: String,
    /// The changes, by name, that say something else.
    differs: Vec<Arc<str>>,
    /// Of the values, where no change lists it.
    digest: Option<Digest>,
}

/// The managed resources of `values` as `show -json` writes them, by name.
///
/// - `listed`: by the name that a resource has or had, the changes that list it.
/// - `side`: what such a change says of the same values.
fn whole(
    outline: &Outline<'_>,
    values: Option<Node<'_>>,
    listed: &BTreeMap<&Arc<str>, Vec<&Changed>>,
    side: impl Fn(&Changed) -> &Json + Sync,
) -> Result<BTreeMap<Arc<str>, Stated>, Malformed> {
    let mut found: BTreeMap<Arc<str>, Stated> = BTreeMap::new();
    let root = values.map(|values| values.need("root_module")).transpose()?;
    let mut waiting: Vec<Node<'_>> = root.into_iter().collect();
    while let Some(node) = waiting.pop() {
        let path = match node.text_of("address")? {
            Some(text) => module(text)
                .ok_or_else(|| Malformed::new(node.under("address"), format!("`{text}` is no module's address")))?,
            None => Vec::new(),
        };
        let stated = |resource: &Node<'_>| -> Result<Option<(Arc<str>, Stated)>, Malformed> {
            let address = address_of(resource, &path)?;
            match &address {
                Some(address) => named_block(resource, address)?,
                None => passing(resource)?,
            }
            let Some(address) = address.filter(|address| !address.data) else { return Ok(None) };
            let values = resource.get("values")?.map_or(&Json::Null, |values| values.json);
            if let Some(mask) = resource.get("sensitive_values")? {
                is_mask(&mask)?;
            }
            let name: Arc<str> = address.to_string().into();
            let changes = listed.get(&name);
            let digest = changes.is_none().then(|| Digest::of(values.to_string().as_bytes()));
            let differs = changes.into_iter().flatten().filter(|changed| !same(values, side(changed)));
            let differs = differs.map(|changed| changed.name.clone()).collect();
            Ok(Some((name, Stated { address, place: resource.at.clone(), differs, digest })))
        };
        let parts = outline.each(&node, "resources", |some| some.iter().map(stated).collect::<Vec<_>>())?;
        for stated in parts.into_iter().flatten() {
            let Some((name, stated)) = stated? else { continue };
            let place = stated.place.clone();
            if let Some(first) = found.insert(name.clone(), stated) {
                return Err(Malformed::new(place, format!("`{name}` occurs twice, first at {}", first.place)));
            }
        }
        waiting.extend(node.items_of("child_modules")?);
    }
    Ok(found)
}

/// Each reason with its first resource, its place, and how many more there are.
#[derive(Default)]
struct Reasons {
    found: BTreeMap<&'static str, (Arc<str>, String, usize)>,
}

impl Reasons {
    fn add(&mut self, why: &'static str, name: &Arc<str>, place: &str) {
        let found = self.found.entry(why);
        found.and_modify(|(_, _, more)| *more += 1).or_insert_with(|| (name.clone(), place.to_owned(), 0));
    }

    fn tell(self, out: &mut Vec<Partial>) {
        for (why, (first, place, more)) in self.found {
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            out.push(Partial { why: format!("{why}: `{first}`{more}").into(), place: place.into() });
        }
    }
}
