//! A change of our own: `{"format": "writ-change/1", "actions": […]}`, with the meaning of a test's change block.

use crate::{Imported, Malformed, Options, facts, nearest::nearest, node::Node, sheet::Sheet};
use program::{Action, Change, Digest, Fact, FactSource, Json, Verb};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads a change; one file may hold many actions of one resource each.
pub(crate) fn read(
    json: &Json,
    source: FactSource,
    options: &Options<'_>,
    digest: Digest,
) -> Result<Imported, Malformed> {
    let root = Node::root(json);
    known_keys(&root, &["format", "actions"])?;
    let file = source.file.clone();
    let sheet = Sheet::new(source, &Options { estate: None, ..options.clone() });
    let mut actions = Vec::new();
    let mut seen: BTreeMap<Arc<str>, String> = BTreeMap::new();
    for node in root.need("actions")?.items()? {
        let action = action(&node, &sheet, options)?;
        if let Some(first) = seen.insert(action.id.clone(), node.at.clone()) {
            return Err(Malformed::new(node.at, format!("the action `{}` occurs twice, first at {first}", action.id))
                .help("give each action an `id` of its own"));
        }
        actions.push(action);
    }
    let mut imported = Imported::of(sheet);
    let (format, partial, facts) = ("writ-change".into(), Vec::new(), Vec::new());
    imported.change = Some(Change { format, file, digest, actions, partial, facts });
    Ok(imported)
}

fn action(node: &Node<'_>, sheet: &Sheet, options: &Options<'_>) -> Result<Action, Malformed> {
    known_keys(node, &["id", "verb", "resource", "moved_from", "set", "remove"])?;
    let word = node.need("verb")?;
    let text = word.text()?;
    let Some(verb) = Verb::named(text) else {
        let names = Verb::ALL.map(Verb::name);
        let fault = Malformed::new(word.at, format!("there is no verb `{text}`"));
        return Err(match nearest(text, names) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help(format!("the verbs are {}", names.join(", "))),
        });
    };
    let resource = node.need("resource")?.text()?.clone();
    let moved_from = node.text_of("moved_from")?.cloned();
    if verb == Verb::Move && moved_from.is_none() {
        return Err(Malformed::new(node.at.clone(), "a move must say `moved_from`; `resource` is the new name"));
    }
    if verb != Verb::Move && moved_from.is_some() {
        return Err(Malformed::new(
            node.under("moved_from"),
            format!("`moved_from` stands beside a move, not beside {verb}"),
        )
        .help("write two actions: the move, and what is done to it under its new name"));
    }
    let id = node.text_of("id")?.unwrap_or(&resource).clone();
    let stated = |key: &str| -> Result<Vec<Fact>, Malformed> {
        node.items_of(key)?.iter().map(|item| fact(item, sheet, options)).collect()
    };
    let place = node.at.as_str().into();
    let (set, remove) = (stated("set")?, stated("remove")?);
    let both = |fact: &&Fact| set.iter().any(|set| (&set.relation, &set.tuple) == (&fact.relation, &fact.tuple));
    if let Some(fact) = remove.iter().find(both) {
        return Err(Malformed::new(node.under("remove"), format!("{fact} is set and removed by one action"))
            .help("leave out what is not meant to hold after it"));
    }
    Ok(Action { id, verb, moved_from, place, set, remove, resource })
}

/// `["std.state.config", "q4", {"size": 2}]`.
fn fact(node: &Node<'_>, sheet: &Sheet, options: &Options<'_>) -> Result<Fact, Malformed> {
    let items = node.items()?;
    let Some((name, values)) = items.split_first() else {
        return Err(Malformed::new(node.at.clone(), "a fact names its relation first"));
    };
    let text = name.text()?;
    let relation =
        facts::relation(text, options.relations).map_err(|fault| Malformed { place: name.at.clone(), ..fault })?;
    Ok(sheet.fact(text, facts::columns(values, relation, &node.at)?, &node.at))
}

fn known_keys(node: &Node<'_>, known: &[&str]) -> Result<(), Malformed> {
    for (key, below) in node.entries()? {
        if !known.contains(&&**key) {
            let fault = Malformed::new(below.at, format!("the key `{key}` means nothing here"));
            return Err(match nearest(key, known.iter().copied()) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault.help(format!("the keys are {}", known.join(", "))),
            });
        }
    }
    Ok(())
}
