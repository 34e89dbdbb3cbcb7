//! What applying a manifest may take away that nobody can tell: what somebody set who does not say it in `last-applied`.
//!
//! `kubectl apply` leaves alone what it did not apply itself. Whoever applies on the server, as Argo CD and Flux do, or by
//! Helm, takes away what the manifest said before and says no longer; and which of them will apply this one, no manifest
//! says. So what the cluster says that such a manager set, or what is meant by other manifests, and this one leaves out, may
//! go and may stay: it is not known.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/server-side-apply/>, `FieldsV1`.

use super::apply::applied;
use super::member;
use program::{Json, Object};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The object after a manifest was applied by nobody knows whom.
///
/// - `after`: the same where nothing was taken away.
/// - `meant`: what other manifests say of it.
pub(super) fn unsure(mut after: Json, asked: &Json, live: &Json, meant: &[&Json]) -> Json {
    for last in managers(live).filter_map(|fields| said(live, fields)) {
        // On the server a field goes, and not the object around it, in which others may have set some.
        let asked = around(asked, &last);
        doubt(&mut after, &applied(&asked, live, Some(&last)), &mut String::new());
    }
    for last in meant {
        doubt(&mut after, &applied(asked, live, Some(last)), &mut String::new());
    }
    after
}

/// What is asked, with the objects that somebody set something in.
fn around(asked: &Json, set: &Json) -> Json {
    match (asked, set) {
        (Json::Object(entries), Json::Object(set)) => {
            let mut entries: BTreeMap<Arc<str>, Json> = entries.clone().into_iter().collect();
            for (key, set) in set.iter().filter(|(_, set)| matches!(set, Json::Object(_))) {
                let inner = entries.entry(key.clone()).or_insert_with(|| Json::Object(Object::default()));
                *inner = around(inner, set);
            }
            Json::Object(entries.into())
        }
        _ => asked.clone(),
    }
}

/// The fields of each who sets some and is no part of the cluster.
fn managers(live: &Json) -> impl Iterator<Item = &Json> {
    let entries = match member(live, &["metadata", "managedFields"]) {
        Some(Json::Array(entries)) => entries.as_slice(),
        _ => &[],
    };
    let text = |entry: &Json, key: &str| match member(entry, &[key]) {
        Some(Json::Text(text)) => text.to_string(),
        _ => String::new(),
    };
    let of_cluster = move |entry: &Json| {
        let manager = text(entry, "manager");
        let is_part = manager.starts_with("kube-") || manager == "kubelet" || manager.ends_with("controller-manager");
        text(entry, "operation") != "Apply" && (is_part || !text(entry, "subresource").is_empty())
    };
    entries.iter().filter(move |entry| !of_cluster(entry)).filter_map(|entry| member(entry, &["fieldsV1"]))
}

/// The part of an object that somebody set.
///
/// - `fields`: which: `{"f:spec": {"f:replicas": {}}}`; `k:{"name":"web"}` is an element of a list, `v:"x"` a member of a set.
fn said(live: &Json, fields: &Json) -> Option<Json> {
    let Json::Object(fields) = fields else { return None };
    let inner: Vec<(&str, &Json)> = fields.iter().filter(|(key, _)| &***key != ".").map(|(k, v)| (&**k, v)).collect();
    match live {
        _ if inner.is_empty() => Some(live.clone()),
        Json::Object(entries) => {
            let part = |(key, fields): (&str, &Json)| {
                let key = key.strip_prefix("f:")?;
                Some((Arc::from(key), said(entries.get(key)?, fields)?))
            };
            Some(Json::Object(inner.into_iter().filter_map(part).collect::<BTreeMap<_, _>>().into()))
        }
        Json::Array(items) => {
            let part = |(key, fields): (&str, &Json)| match key.split_once(':')? {
                ("k", names) => {
                    let Json::Object(names) = crate::json::parse(names).ok()? else { return None };
                    let is_it = |item: &&Json| names.iter().all(|(key, value)| member(item, &[key]) == Some(value));
                    let Json::Object(part) = said(items.iter().find(is_it)?, fields)? else { return None };
                    Some(Json::Object(part.into_iter().chain(names).collect::<BTreeMap<_, _>>().into()))
                }
                ("v", value) => crate::json::parse(value).ok(),
                _ => None,
            };
            Some(Json::Array(inner.into_iter().filter_map(part).collect()))
        }
        _ => Some(live.clone()),
    }
}

/// Makes unknown what is otherwise where something is taken away.
fn doubt(after: &mut Json, otherwise: &Json, path: &mut String) {
    let unknown = |path: &str| Json::Unknown(format!("what applying leaves of {path}").into());
    match (&mut *after, otherwise) {
        (Json::Object(entries), Json::Object(others)) => {
            let mut found = BTreeMap::new();
            for (key, value) in &*entries {
                let whole = path.len();
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(key);
                let mut value = value.clone();
                match others.get(key) {
                    Some(other) => doubt(&mut value, other, path),
                    None => value = unknown(path),
                }
                found.insert(key.clone(), value);
                path.truncate(whole);
            }
            *entries = Object::from(found);
        }
        (Json::Array(items), Json::Array(others)) if items.len() == others.len() => {
            items.iter_mut().zip(others).for_each(|(item, other)| doubt(item, other, path));
        }
        (same, other) if same == other || matches!(same, Json::Unknown(_)) => {}
        (otherwise, _) => *otherwise = unknown(path),
    }
}
