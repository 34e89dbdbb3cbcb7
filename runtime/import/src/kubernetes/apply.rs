//! What an object of a cluster is once a manifest of it has been applied: the merge of three that `kubectl apply` makes.
//!
//! What the manifest says is set. What it said when it was last applied, and says no longer, is taken away. Everything
//! else that the cluster has stays. A list whose elements have names is merged by name where the schema of a kind says
//! so; any other is replaced, and so is every list of a kind that the cluster's own API does not have.
//!
//! Source: <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/>, and the `patchMergeKey` and
//! `patchStrategy` of the API's types.

use program::{Json, Object};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lists that are merged, and what names an element: the first that it has. An element without `protocol` is of `TCP`.
const NAMED: [(&str, &[&str]); 14] = [
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("env", &["name"]),
    ("ports", &["containerPort", "port"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("imagePullSecrets", &["name"]),
    ("secrets", &["name"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("webhooks", &["name"]),
    ("ownerReferences", &["uid"]),
];

/// The object after a manifest of it was applied.
///
/// - `last`: what the manifest was when it was last applied; `None` where nobody knows, and nothing is taken away.
pub(super) fn applied(asked: &Json, live: &Json, last: Option<&Json>) -> Json {
    let group = match asked {
        Json::Object(entries) => match entries.get("apiVersion") {
            Some(Json::Text(version)) => version.split_once('/').map_or("", |(group, _)| group),
            _ => "",
        },
        _ => "",
    };
    let named = !group.contains('.') || group.ends_with(".k8s.io");
    Merge { named }.value("", asked, Some(live), last)
}

#[derive(Clone, Copy)]
struct Merge {
    /// Whether lists are merged by the names of their elements.
    named: bool,
}

impl Merge {
    fn value(self, key: &str, asked: &Json, live: Option<&Json>, last: Option<&Json>) -> Json {
        match (asked, live) {
            (Json::Object(asked), live) => {
                let none = Object::default();
                let live = live.and_then(object).unwrap_or(&none);
                let merged = self.object(asked, live, last.and_then(object));
                // Of these the schema keeps only what is asked, once anything of them changes: a volume of another sort.
                match key == "strategy" && merged != *live {
                    true => Json::Object(retained(&merged, asked)),
                    false => Json::Object(merged),
                }
            }
            (Json::Array(asked), Some(Json::Array(live))) if self.named => {
                let last = match last {
                    Some(Json::Array(last)) => last.as_slice(),
                    _ => &[],
                };
                self.list(key, asked, live, last).unwrap_or_else(|| Json::Array(asked.clone()))
            }
            _ => asked.clone(),
        }
    }

    fn object(self, asked: &Object, live: &Object, last: Option<&Object>) -> Object {
        let said = |key: &Arc<str>| last.is_some_and(|last| last.contains_key(key));
        let stays = live.iter().filter(|(key, _)| !asked.contains_key(key) && !said(key));
        let mut merged: BTreeMap<Arc<str>, Json> = stays.map(|(key, value)| (key.clone(), value.clone())).collect();
        for (key, value) in asked.iter().filter(|(_, value)| !matches!(value, Json::Null)) {
            let last = last.and_then(|last| last.get(key));
            merged.insert(key.clone(), self.value(key, value, live.get(key), last));
        }
        merged.into()
    }

    /// The elements of both, those of the cluster in their order unless the manifest has another; `None` where such a
    /// list is replaced.
    fn list(self, key: &str, asked: &[Json], live: &[Json], last: &[Json]) -> Option<Json> {
        let name: &dyn Fn(&Json) -> Option<Vec<Json>> = match NAMED.iter().find(|(list, _)| *list == key) {
            Some((_, names)) => &|element| named(element, names),
            None if key == "finalizers" => &|element| Some(vec![element.clone()]),
            None => return None,
        };
        let of = |list: &[Json]| list.iter().map(name).collect::<Option<Vec<_>>>();
        let (asked_names, live_names, last_names) = (of(asked)?, of(live)?, of(last)?);
        let at = |names: &[Vec<Json>], one: &Vec<Json>| names.iter().position(|other| other == one);
        let stays: Vec<usize> = (0..live.len())
            .filter(|i| at(&asked_names, &live_names[*i]).is_some() || at(&last_names, &live_names[*i]).is_none())
            .collect();
        let merged = |i: usize| {
            let live = at(&live_names, &asked_names[i]).map(|i| &live[i]);
            let last = at(&last_names, &asked_names[i]).map(|i| &last[i]);
            let merged = self.value("", &asked[i], live, last);
            match (key, merged, &asked[i]) {
                ("volumes", Json::Object(merged), Json::Object(asked)) if live.and_then(object) != Some(&merged) => {
                    Json::Object(retained(&merged, asked))
                }
                (_, merged, _) => merged,
            }
        };
        let both: Vec<usize> = stays.iter().filter_map(|i| at(&asked_names, &live_names[*i])).collect();
        let mut out = Vec::new();
        if both.is_sorted() {
            // Each new one stands behind the one that it follows in the manifest.
            let mut next = 0;
            for i in stays {
                match at(&asked_names, &live_names[i]) {
                    Some(found) => {
                        out.extend((next..=found).map(merged));
                        next = found + 1;
                    }
                    None => out.push(live[i].clone()),
                }
            }
            out.extend((next..asked.len()).map(merged));
        } else {
            out.extend((0..asked.len()).map(merged));
            out.extend(stays.iter().filter(|i| at(&asked_names, &live_names[**i]).is_none()).map(|i| live[*i].clone()));
        }
        Some(Json::Array(out))
    }
}

fn object(json: &Json) -> Option<&Object> {
    match json {
        Json::Object(entries) => Some(entries),
        _ => None,
    }
}

/// What is asked of an object, as it was merged.
fn retained(merged: &Object, asked: &Object) -> Object {
    let asked = merged.iter().filter(|(key, _)| asked.contains_key(key));
    asked.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What names an element of a list.
fn named(element: &Json, names: &[&str]) -> Option<Vec<Json>> {
    let entries = object(element)?;
    let found = names.iter().find_map(|name| entries.get(name))?.clone();
    let protocol = || entries.get("protocol").cloned().unwrap_or_else(|| Json::text("TCP"));
    Some(if names.contains(&"port") { vec![found, protocol()] } else { vec![found] })
}
