//! Manifests as a change: what the model lacks is created, what differs is updated. Absence deletes nothing.
//!
//! What a cluster that answered does not have is created, whoever says that it is meant. Over what it answered, the object is
//! what the merge of [`super::apply`] makes of it, where nobody else may have applied it ([`super::managers`]); over what is meant (other
//! manifests), the manifest stands in the place of the one before. What the server alone writes (`status`,
//! `metadata.uid`, …) is no part of what is asked: it is not compared, and it stays.

use super::apply::applied;
use super::managers::unsure;
use super::{LAST_APPLIED, member, mentions};
use program::{Action, Change, Digest, Fact, FactSource, Json, Speaks, Value, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What only the server writes below `metadata`.
const SERVERS: [&str; 6] = ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// The objects of one file, each with what it states.
#[derive(Clone, Debug)]
pub struct Manifests {
    source: Arc<FactSource>,
    objects: Vec<Object>,
}

/// One object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// What it is called in the model.
    pub(super) resource: Arc<str>,
    /// What it states.
    pub(super) facts: Vec<Fact>,
}

impl Manifests {
    pub(super) fn new(source: Arc<FactSource>, objects: Vec<Object>) -> Manifests {
        Manifests { source, objects }
    }

    /// The change that applying the file would be.
    ///
    /// - `bytes`: the file's.
    /// - `model`: the facts of the world before, in any order.
    /// - `lost`: what would say what runs was not read.
    pub fn change_over(&self, bytes: &[u8], model: &[Fact], lost: bool) -> Change {
        // Objects of another estate have its name in front.
        let answers = |fact: &Fact| {
            let own = fact.tuple.first().and_then(Value::as_text).is_some_and(|name| !name.contains("//"));
            own && config(fact).is_some_and(|json| member(json, &["apiVersion"]).is_some() && is_answer(fact, json))
        };
        let runs = lost || model.iter().any(answers);
        let names: BTreeSet<&str> = self.objects.iter().map(|object| &*object.resource).collect();
        let mut before: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
        for fact in model {
            if let Some(name) = fact.tuple.first().and_then(Value::as_text).filter(|name| names.contains(name)) {
                before.entry(name).or_default().push(fact);
            }
        }
        let actions = self.objects.iter().filter_map(|object| object.action(before.get(&*object.resource), runs));
        Change {
            format: "kubernetes".into(),
            file: self.source.file.clone(),
            digest: Digest::of(bytes),
            actions: actions.collect(),
            partial: Vec::new(),
            facts: Vec::new(),
        }
    }
}

impl Object {
    /// Where it stands.
    pub(super) fn place(&self) -> Arc<str> {
        self.facts.first().map_or_else(Arc::default, |fact| fact.origin.place.clone())
    }

    /// Whether a cluster gave it its `uid`.
    pub(super) fn has_uid(&self) -> bool {
        self.facts.iter().rev().find_map(config).is_some_and(|json| member(json, &["metadata", "uid"]).is_some())
    }

    /// What applying it does; nothing where the model says the same.
    ///
    /// - `runs`: somebody says what runs, so that what nobody says of is not there.
    fn action(&self, model: Option<&Vec<&Fact>>, runs: bool) -> Option<Action> {
        let model = model.map_or(&[][..], |facts| facts);
        let known: Vec<(&Fact, &Json)> = model.iter().filter_map(|fact| Some((*fact, config(fact)?))).collect();
        let action = |verb, set, remove| {
            let (id, resource) = (self.resource.clone(), self.resource.clone());
            Some(Action { id, verb, resource, moved_from: None, place: self.place(), set, remove })
        };
        let answers = |(fact, known): &&(&Fact, &Json)| is_answer(fact, known);
        let gone = |stays: &[Fact]| {
            let stays: BTreeSet<&Vec<Value>> = stays.iter().map(|fact| &fact.tuple).collect();
            let gone = model.iter().filter(|fact| is_mention(fact) && !stays.contains(&fact.tuple));
            gone.map(|fact| (*fact).clone()).collect()
        };
        if known.is_empty() || runs && !known.iter().any(|one| answers(&one)) {
            return action(Verb::Create, self.facts.clone(), gone(&self.facts));
        }
        let asked = self.facts.iter().find_map(config)?;
        let meant: Vec<&Json> = known.iter().filter(|one| !answers(one)).map(|(_, known)| *known).collect();
        // As it is then, and with all that is not known to go: what may stay may still name something.
        let after = |one: &(&Fact, &Json)| {
            let known = one.1;
            if !answers(&one) {
                let json = with_servers(asked, known);
                return (json.clone(), json);
            }
            let (asked, last) = (plain(asked), last_applied(known));
            let stays = applied(&asked, known, last.as_ref());
            let json = if last.is_some() { stays.clone() } else { unsure(stays.clone(), &asked, known, &meant) };
            (json, stays)
        };
        if known.iter().all(|known| plain(&after(known).0) == plain(known.1)) {
            return None;
        }
        // What runs is what the change is applied to, whatever else is said of the object.
        let over = known.iter().find(answers).or(known.first())?;
        let (json, names) = after(over);
        let set = self.stating(&json, &names);
        let remove = gone(&set);
        action(Verb::Update, set, remove)
    }

    /// Its facts where the whole of it is `json`.
    ///
    /// - `names`: what may name something else: `json`, with what is not known to stay.
    fn stating(&self, json: &Json, names: &Json) -> Vec<Fact> {
        let mut set = Vec::new();
        for fact in self.facts.iter().filter(|fact| !is_mention(fact)) {
            let mut fact = fact.clone();
            if config(&fact).is_some() {
                mentions(names, &mut String::new(), false, &mut |attribute, value| {
                    let tuple = vec![fact.tuple[0].clone(), Value::text(attribute), Value::Text(value.clone())];
                    set.push(Fact { relation: MENTION.into(), tuple, origin: fact.origin.clone() });
                });
                fact.tuple[1] = Value::json(json.clone());
            }
            set.push(fact);
        }
        set
    }
}

/// Which strings of an object may name something else.
const MENTION: &str = "std.kubernetes.mention";

fn is_mention(fact: &Fact) -> bool {
    &*fact.relation == MENTION
}

/// Whether a cluster said it: only a cluster gives an object its `uid`.
fn is_answer(fact: &Fact, json: &Json) -> bool {
    fact.origin.source.speaks == Speaks::Running || member(json, &["metadata", "uid"]).is_some()
}

/// What `kubectl` wrote down when it last applied the object; that of a `Secret` is sealed.
fn last_applied(known: &Json) -> Option<Json> {
    match member(known, &["metadata", "annotations", LAST_APPLIED])? {
        Json::Text(text) => crate::json::parse(text).ok(),
        _ => None,
    }
}

fn config(fact: &Fact) -> Option<&Json> {
    match (&*fact.relation, fact.tuple.get(1)) {
        ("std.state.config", Some(Value::Json(json))) => Some(json),
        _ => None,
    }
}

/// The object without what the server writes.
fn plain(json: &Json) -> Json {
    let mut json = json.clone();
    if let Json::Object(entries) = &mut json {
        entries.remove("status");
        if let Some(Json::Object(metadata)) = entries.get_mut("metadata") {
            SERVERS.iter().for_each(|key| _ = metadata.remove(key));
            if let Some(Json::Object(annotations)) = metadata.get_mut("annotations") {
                annotations.remove(LAST_APPLIED);
                if annotations.is_empty() {
                    metadata.remove("annotations");
                }
            }
        }
    }
    json
}

/// What is asked, with what the server wrote before.
fn with_servers(asked: &Json, known: &Json) -> Json {
    let mut json = asked.clone();
    let Json::Object(entries) = &mut json else { return json };
    if let Some(status) = member(known, &["status"])
        && !entries.contains_key("status")
    {
        entries.insert("status".into(), status.clone());
    }
    if let Some(Json::Object(metadata)) = entries.get_mut("metadata") {
        for key in SERVERS {
            if let Some(value) = member(known, &["metadata", key]).filter(|_| !metadata.contains_key(key)) {
                metadata.insert(key.into(), value.clone());
            }
        }
    }
    json
}
