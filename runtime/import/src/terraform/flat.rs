//! Attributes as Terraform before 0.12 flattened them, put back into nested form.
//!
//! `tags.%` counts a map, `rule.#` a list (its members by position) or a set (its members by hash). Types are not in
//! the file: every leaf stays text.

use crate::{Malformed, node::Node};
use program::Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The nested form of an object of texts.
pub(crate) fn nested(flat: &Node<'_>) -> Result<Json, Malformed> {
    let mut entries = Vec::new();
    for (key, node) in flat.entries()? {
        match node.json {
            Json::Text(text) => entries.push((&**key, text.clone())),
            Json::Null => {}
            _ => return Err(node.wrong("text")),
        }
    }
    Ok(object(&entries))
}

/// Entries grouped by the first part of their key.
fn grouped<'a>(entries: &[(&'a str, Arc<str>)]) -> BTreeMap<&'a str, Vec<(&'a str, Arc<str>)>> {
    let mut groups: BTreeMap<&str, Vec<(&str, Arc<str>)>> = BTreeMap::new();
    for (key, value) in entries {
        let (first, rest) = key.split_once('.').unwrap_or((key, ""));
        groups.entry(first).or_default().push((rest, value.clone()));
    }
    groups
}

fn object(entries: &[(&str, Arc<str>)]) -> Json {
    Json::object(grouped(entries).into_iter().map(|(key, group)| (key, value(&group))))
}

fn value(group: &[(&str, Arc<str>)]) -> Json {
    if let [("", text)] = group {
        return Json::Text(text.clone());
    }
    let below: Vec<(&str, Arc<str>)> =
        group.iter().filter(|(key, _)| !matches!(*key, "#" | "%" | "")).cloned().collect();
    if group.iter().any(|(key, _)| *key == "%") {
        // A map's keys may hold dots themselves; its values are texts.
        return Json::object(below.into_iter().map(|(key, text)| (key, Json::Text(text))));
    }
    if group.iter().any(|(key, _)| *key == "#") {
        let mut members: Vec<(Option<u64>, &str, Json)> =
            grouped(&below).into_iter().map(|(key, group)| (key.parse().ok(), key, value(&group))).collect();
        members.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        return Json::Array(members.into_iter().map(|(_, _, value)| value).collect());
    }
    object(&below)
}
