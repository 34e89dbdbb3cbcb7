//! A change as a transaction over the facts: what each action adds and removes.
//!
//! - A deletion, or letting go, removes every given fact whose first column is the resource.
//! - A fact that is set replaces those of its relation with the same key; without a key it is added.
//! - A move has renamed the world before; nothing is left of the old name.

use super::admission::Admission;
use super::{Given, innermost, is_resource, own_source};
use crate::case::{Case, Failure};
use engine::Delta;
use program::{Change, Literal, Origin, Program, RelationId, Tuple, Value, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Gives resources their new names in every column that holds one.
pub(super) fn rename(
    program: &Program,
    moves: &BTreeMap<Arc<str>, Arc<str>>,
    facts: &mut [(RelationId, Tuple, Origin)],
) {
    if moves.is_empty() {
        return;
    }
    for (id, tuple, _) in facts {
        for (column, value) in program.relation(*id).columns.iter().zip(tuple) {
            if is_resource(innermost(&column.r#type)) {
                rename_in(moves, value);
            }
        }
    }
}

fn rename_in(moves: &BTreeMap<Arc<str>, Arc<str>>, value: &mut Value) {
    let renamed = |item: &Value| {
        let mut item = item.clone();
        rename_in(moves, &mut item);
        item
    };
    match value {
        Value::Text(name) => {
            if let Some(new) = moves.get(name) {
                *name = new.clone();
            }
        }
        Value::Set(items) => *value = Value::Set(Arc::new(items.iter().map(renamed).collect())),
        Value::List(items) => *value = Value::List(items.iter().map(renamed).collect()),
        _ => {}
    }
}

/// What the approvals of a test call its change.
pub(crate) const THIS: &str = "this change";

/// What a change did.
pub(super) struct Changed {
    pub(super) delta: Delta,
    pub(super) added_by: BTreeMap<Given, BTreeSet<usize>>,
    pub(super) removed_by: BTreeMap<Given, BTreeSet<usize>>,
    pub(super) stated: Vec<(RelationId, Tuple, Origin)>,
}

/// The tuples that the actions of `change` add to `before` and remove from it.
pub(super) fn run(
    program: &Program,
    change: &Change,
    before: &BTreeMap<RelationId, BTreeSet<Tuple>>,
    admission: &mut Admission<'_>,
) -> Result<Changed, Failure> {
    let mut world = Moving::over(program, change, before);
    let mut stated = Vec::new();
    for (position, action) in change.actions.iter().enumerate() {
        if matches!(action.verb, Verb::Delete | Verb::Forget) {
            let resource = Value::Text(action.resource.clone());
            let gone = world.of_resource.remove(&resource).unwrap_or_default();
            gone.into_iter().for_each(|given| world.remove(given, position));
        }
        for fact in &action.remove {
            world.remove((admission.changed(fact)?, fact.tuple.clone()), position);
        }
        let mut set = BTreeSet::new();
        for fact in &action.set {
            let id = admission.changed(fact)?;
            stated.push((id, fact.tuple.clone(), fact.origin.clone()));
            set.insert((id, fact.tuple.clone()));
        }
        for given in &set {
            world
                .replaced(given)
                .into_iter()
                .filter(|old| !set.contains(old))
                .for_each(|old| world.remove(old, position));
        }
        set.into_iter().for_each(|given| world.add(given, position));
    }
    world.contradictions();
    let added = world.added_by.keys().cloned().collect();
    let removed = world.removed_by.keys().cloned().collect();
    Ok(Changed { delta: Delta { added, removed }, added_by: world.added_by, removed_by: world.removed_by, stated })
}

/// The world while actions run over it.
struct Moving<'a> {
    program: &'a Program,
    /// The change's file.
    change: &'a str,
    before: &'a BTreeMap<RelationId, BTreeSet<Tuple>>,
    /// The given tuples whose first column is a resource of the change.
    of_resource: BTreeMap<Value, BTreeSet<Given>>,
    /// The given tuples of a relation with a key, by it; only of relations that the change sets.
    by_key: BTreeMap<(RelationId, Vec<Value>), BTreeSet<Tuple>>,
    added_by: BTreeMap<Given, BTreeSet<usize>>,
    removed_by: BTreeMap<Given, BTreeSet<usize>>,
}

impl<'a> Moving<'a> {
    fn over(program: &'a Program, change: &'a Change, before: &'a BTreeMap<RelationId, BTreeSet<Tuple>>) -> Self {
        let resources: BTreeSet<&str> = change.actions.iter().map(|action| &*action.resource).collect();
        let set: BTreeSet<RelationId> = change
            .actions
            .iter()
            .flat_map(|action| &action.set)
            .filter_map(|fact| program.find(&fact.relation))
            .collect();
        let mut world = Moving {
            program,
            change: &change.file,
            before,
            of_resource: BTreeMap::new(),
            by_key: BTreeMap::new(),
            added_by: BTreeMap::new(),
            removed_by: BTreeMap::new(),
        };
        for (id, tuples) in before {
            let first = program.relation(*id).columns.first().is_some_and(|column| is_resource(&column.r#type));
            let keyed = set.contains(id) && program.relation(*id).key.is_some();
            for tuple in tuples {
                let of_one = first && tuple[0].as_text().is_some_and(|name| resources.contains(name));
                if of_one || keyed {
                    world.index(&(*id, tuple.clone()), of_one);
                }
            }
        }
        world
    }

    fn index(&mut self, given: &Given, of_resource: bool) {
        if of_resource {
            self.of_resource.entry(given.1[0].clone()).or_default().insert(given.clone());
        }
        if let Some(key) = self.key(given) {
            self.by_key.entry(key).or_default().insert(given.1.clone());
        }
    }

    fn key(&self, (id, tuple): &Given) -> Option<(RelationId, Vec<Value>)> {
        let key = self.program.relation(*id).key.as_ref()?;
        Some((*id, key.columns.iter().map(|column| tuple[*column].clone()).collect()))
    }

    /// The tuples that hold now and have the key of `given`.
    fn replaced(&self, given: &Given) -> Vec<Given> {
        let same = self.key(given).and_then(|key| self.by_key.get(&key));
        same.into_iter().flatten().filter(|tuple| **tuple != given.1).map(|tuple| (given.0, tuple.clone())).collect()
    }

    /// A change that sets one key to several things contradicts itself: a conflict like any other.
    fn contradictions(&mut self) {
        let Some(conflict) = self.program.find("std.source.conflict") else { return };
        let mut found: Vec<(Given, BTreeSet<usize>)> = Vec::new();
        for ((id, values), tuples) in self.by_key.iter().filter(|(_, tuples)| tuples.len() > 1) {
            let by = tuples.iter().filter_map(|tuple| self.added_by.get(&(*id, tuple.clone())));
            let by: BTreeSet<usize> = by.flatten().copied().collect();
            if let (Some(subject), false) = (values.first(), by.is_empty()) {
                let name = Value::text(self.program.relation(*id).name.as_str());
                let tuple = vec![name, Value::text(subject.show()), Value::text(self.change)];
                found.push(((conflict, tuple), by));
            }
        }
        self.added_by.extend(found);
    }

    fn add(&mut self, given: Given, by: usize) {
        let first = self.program.relation(given.0).columns.first().is_some_and(|column| is_resource(&column.r#type));
        self.index(&given, first);
        let held = self.before.get(&given.0).is_some_and(|tuples| tuples.contains(&given.1));
        if self.removed_by.remove(&given).is_none() && !held {
            self.added_by.entry(given).or_default().insert(by);
        }
    }

    fn remove(&mut self, given: Given, by: usize) {
        if let Some(same) = self.key(&given).and_then(|key| self.by_key.get_mut(&key)) {
            same.remove(&given.1);
        }
        if let Some(tuples) = given.1.first().and_then(|first| self.of_resource.get_mut(first)) {
            tuples.remove(&given);
        }
        let held = self.before.get(&given.0).is_some_and(|tuples| tuples.contains(&given.1));
        if self.added_by.remove(&given).is_none() && held {
            self.removed_by.entry(given).or_default().insert(by);
        }
    }
}

impl Changed {
    /// Adds the facts about the change itself: actions, who asks, what its format states, what is wrong with it.
    ///
    /// - `about`: relations of resources, and what is found of each.
    pub(super) fn facts_of_change(
        &mut self,
        program: &Program,
        case: &Case<'_>,
        moves: &BTreeMap<Arc<str>, Arc<str>>,
        about: [(&'static str, &BTreeSet<Value>); 2],
        admission: &mut Admission<'_>,
    ) -> Result<(), Failure> {
        let own = own_source(case);
        let actions = case.change.actions.iter().enumerate();
        let positions: BTreeMap<&str, usize> = actions.rev().map(|(at, action)| (&*action.id, at)).collect();
        let mut facts: Vec<(&str, Tuple, Arc<str>, Option<usize>)> = Vec::new();
        for (position, action) in case.change.actions.iter().enumerate() {
            let id = Value::Text(action.id.clone());
            let resource = Value::Text(action.resource.clone());
            let tuple = vec![id.clone(), Value::text(action.verb.name()), resource];
            facts.push(("std.change.action", tuple, action.place.clone(), Some(position)));
            let mut say = |relation, value| facts.push((relation, value, "decision".into(), Some(position)));
            if let Some(actor) = &case.actor {
                say("std.change.actor", vec![id.clone(), Value::text(actor.as_str())]);
            }
            if let Some(session) = &case.session {
                say("std.change.session", vec![id, Value::text(session.as_str())]);
            }
        }
        // Nobody can write a test's own digest into it: there the change has a name.
        let digest = if &*case.change.format == "test" { THIS.to_owned() } else { case.change.digest.to_string() };
        facts.push(("std.change.digest", vec![Value::text(digest)], "decision".into(), None));
        for (old, new) in moves {
            let by = case.change.actions.iter().position(|a| a.resource == *new && a.moved_from.as_ref() == Some(old));
            let place = by.map_or_else(|| "decision".into(), |by| case.change.actions[by].place.clone());
            facts.push(("std.change.moved", vec![Value::Text(old.clone()), Value::Text(new.clone())], place, by));
        }
        for partial in &case.change.partial {
            facts.push(("std.change.partial", vec![Value::Text(partial.why.clone())], partial.place.clone(), None));
        }
        if case.actor.is_none() && !case.change.actions.is_empty() && favours(program, "std.change.actor") {
            let why = "nobody is named who asks, and a rule reads it that may object or hold back a permit";
            facts.push(("std.change.partial", vec![Value::text(why)], "decision".into(), None));
        }
        for (relation, resources) in about {
            facts.extend(resources.iter().map(|one| (relation, vec![one.clone()], "decision".into(), None)));
        }
        for (relation, tuple, place, by) in facts {
            let Some(id) = program.find(relation) else { continue };
            self.say(id, tuple, Origin { source: own.clone(), place }, by);
        }
        for fact in &case.change.facts {
            let id = admission.change(fact)?;
            let action = fact.tuple.first().and_then(Value::as_text);
            let by = action.and_then(|id| positions.get(id)).copied();
            self.say(id, fact.tuple.clone(), fact.origin.clone(), by);
        }
        self.delta.added.sort();
        self.delta.added.dedup();
        Ok(())
    }

    fn say(&mut self, id: RelationId, tuple: Tuple, origin: Origin, by: Option<usize>) {
        self.stated.push((id, tuple.clone(), origin));
        self.delta.added.push((id, tuple.clone()));
        self.added_by.entry((id, tuple)).or_default().extend(by);
    }
}

/// Whether the absence of a relation's facts can be in somebody's favour: an objection rests on them, or a permit on there
/// being none.
fn favours(program: &Program, absent: &str) -> bool {
    let Some(wanted) = program.find(absent) else { return false };
    let objections = program.objections.iter().flat_map(|one| [Some(one.relation), one.possible]).flatten();
    let permits = program.permits.iter().map(|permit| (permit.relation, false));
    // With each relation whether fewer tuples of it may favour who asks.
    let mut open: Vec<(RelationId, bool)> = objections.map(|id| (id, true)).chain(permits).collect();
    let mut seen: BTreeSet<(RelationId, bool)> = open.iter().copied().collect();
    while let Some((relation, fewer)) = open.pop() {
        if fewer && relation == wanted {
            return true;
        }
        for literal in program.rules.iter().filter(|rule| rule.head.relation == relation).flat_map(|rule| &rule.body) {
            let read = match literal {
                Literal::Holds(atom) => [Some((atom.relation, fewer)), None],
                Literal::Absent(atom) => [Some((atom.relation, true)), None],
                Literal::Aggregate { sure, possible, .. } => {
                    [Some((sure.relation, true)), possible.map(|possible| (possible, true))]
                }
                Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => [None, None],
            };
            open.extend(read.into_iter().flatten().filter(|next| seen.insert(*next)));
        }
    }
    false
}
