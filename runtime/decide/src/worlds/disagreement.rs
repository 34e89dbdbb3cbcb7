//! *The model and the change disagree*: the change's own view of the world before, against every other source's.
//!
//! Compared are facts with a key of one resource, by values that both sides know: a part that is unknown, sensitive or
//! not there on one side says nothing. A change that creates what the model already has disagrees too, unless it is only meant
//! to be there, and one that destroys a resource and writes it as well: what would be left is a new one, without anything that was known of the old.

use super::is_resource;
use crate::words;
use program::{Change, FactSource, Json, Origin, Program, RelationId, SourceKind, Speaks, Tuple, Value, Verb};
use std::collections::{BTreeMap, BTreeSet};

/// Where the two views differ.
pub(super) struct Disagreement {
    /// Resources of writing actions.
    pub(super) touched: BTreeSet<Value>,
    /// On any resource at all.
    pub(super) anywhere: bool,
    /// Of the resources that are touched.
    pub(super) views: BTreeMap<Value, Vec<View>>,
    /// Resources that are created, and of which nothing is said but by sources for what is meant.
    pub(super) only_meant: BTreeSet<Value>,
}

/// What two say of one key of a resource, where they part.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The relation.
    pub(crate) relation: RelationId,
    /// What the change says, sorted.
    pub(crate) ours: Vec<Tuple>,
    /// What the model says, sorted; all that it says where the change would make what is there.
    pub(crate) theirs: Vec<Tuple>,
}

pub(super) fn compare(program: &Program, change: &Change, facts: &[(RelationId, Tuple, Origin)]) -> Disagreement {
    type Sides<'a> = (Vec<&'a Tuple>, Vec<&'a Tuple>);
    // A manifest says how things are to be, and nothing of how they were.
    let tells = &*change.format != "kubernetes";
    let own =
        |origin: &Origin| tells && *origin.source.digest == *change.digest.hex() && origin.source.file == change.file;
    let mut groups: BTreeMap<(RelationId, Vec<&Value>), Sides<'_>> = BTreeMap::new();
    for (id, tuple, origin) in facts {
        let relation = program.relation(*id);
        let Some(key) = &relation.key else { continue };
        if !relation.columns.first().is_some_and(|column| is_resource(&column.r#type)) {
            continue;
        }
        let values = key.columns.iter().map(|column| &tuple[*column]).collect();
        let sides = groups.entry((*id, values)).or_default();
        if own(origin) { sides.0.push(tuple) } else { sides.1.push(tuple) }
    }
    let writing = change.actions.iter().filter(|action| action.verb != Verb::Read);
    let of = |wanted: &dyn Fn(Verb) -> bool| -> BTreeSet<&str> {
        writing.clone().filter(|action| wanted(action.verb)).map(|action| &*action.resource).collect()
    };
    let (all, created) = (of(&|_| true), of(&|verb| verb == Verb::Create));
    let destroyed = of(&|verb| matches!(verb, Verb::Delete | Verb::Forget));
    // What is moved to a name that becomes free brings its own facts.
    let written = of(&|verb| !matches!(verb, Verb::Delete | Verb::Forget | Verb::Move));
    let among = |names: &BTreeSet<&str>, value: &Value| value.as_text().is_some_and(|name| names.contains(name));
    let config = program.find("std.state.config");
    let mut touched: BTreeSet<Value> = destroyed.intersection(&written).map(|name| Value::text(*name)).collect();
    let mut anywhere = !touched.is_empty();
    let mut views: BTreeMap<Value, Vec<View>> = BTreeMap::new();
    let only_meant = only_meant(&created, facts);
    for ((id, _), (ours, theirs)) in groups {
        let Some(resource) = ours.iter().chain(&theirs).next().map(|tuple| &tuple[0]) else { continue };
        let differ = ours.iter().any(|a| theirs.iter().any(|b| a.iter().zip(*b).any(|(x, y)| differs(x, y))));
        let there_already =
            Some(id) == config && ours.is_empty() && among(&created, resource) && !only_meant.contains(resource);
        if differ || there_already {
            anywhere = true;
            if among(&all, resource) {
                touched.insert(resource.clone());
                let [ours, theirs] = [&ours, &theirs].map(|said| said.iter().map(|tuple| (*tuple).clone()).collect());
                views.entry(resource.clone()).or_default().push(View { relation: id, ours, theirs });
            }
        }
    }
    Disagreement { touched, anywhere, views, only_meant }
}

/// Those of which there are facts, all of sources that speak for what is meant; a policy's own text is none.
fn only_meant(created: &BTreeSet<&str>, facts: &[(RelationId, Tuple, Origin)]) -> BTreeSet<Value> {
    let mut said: BTreeMap<&Value, bool> = BTreeMap::new();
    let meant = |source: &FactSource| source.speaks == Speaks::Intended && source.kind != SourceKind::Text;
    for (_, tuple, origin) in facts {
        let of = tuple.first().filter(|one| one.as_text().is_some_and(|name| created.contains(name)));
        of.into_iter().for_each(|of| *said.entry(of).or_insert(true) &= meant(&origin.source));
    }
    said.into_iter().filter(|(_, meant)| *meant).map(|(of, _)| of.clone()).collect()
}

impl View {
    /// Where they part first: a column, or what leads to a part of its value (`/port`); and what the change and the model
    /// have there.
    pub(crate) fn part(&self, program: &Program) -> Option<(String, Value, Value)> {
        let pairs = self.ours.iter().flat_map(|ours| self.theirs.iter().map(move |theirs| (ours, theirs)));
        pairs.into_iter().find_map(|(ours, theirs)| {
            let column = ours.iter().zip(theirs).position(|(ours, theirs)| differs(ours, theirs))?;
            let name = &program.relation(self.relation).columns.get(column)?.name;
            Some(match (&ours[column], &theirs[column]) {
                (Value::Json(ours), Value::Json(theirs)) => {
                    let (path, ours, theirs) = deepest(ours, theirs);
                    let at = if path.is_empty() { name.clone() } else { path };
                    (at, Value::json(ours.clone()), Value::json(theirs.clone()))
                }
                (ours, theirs) => (name.clone(), ours.clone(), theirs.clone()),
            })
        })
    }
}

/// The first part by which two values that differ do, and the way to it.
fn deepest<'a>(left: &'a Json, right: &'a Json) -> (String, &'a Json, &'a Json) {
    let (Json::Object(a), Json::Object(b)) = (left, right) else { return (String::new(), left, right) };
    let mut both = a.iter().filter_map(|(key, x)| Some((key, x, b.get(key)?)));
    match both.find(|(_, x, y)| parts_differ(x, y)) {
        None => (String::new(), left, right),
        Some((key, x, y)) => {
            let (path, x, y) = deepest(x, y);
            (words::step(key) + &path, x, y)
        }
    }
}

/// Whether both values are known and not the same.
fn differs(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Json(a), Value::Json(b)) => parts_differ(a, b),
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => false,
        _ => left.is_known() && right.is_known() && left != right,
    }
}

fn parts_differ(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Unknown(_) | Json::Sensitive(_), _) | (_, Json::Unknown(_) | Json::Sensitive(_)) => false,
        (Json::Object(a), Json::Object(b)) => a.iter().any(|(key, x)| b.get(key).is_some_and(|y| parts_differ(x, y))),
        (Json::Array(a), Json::Array(b)) => a.len() != b.len() || a.iter().zip(b).any(|(x, y)| parts_differ(x, y)),
        _ => left != right,
    }
}
