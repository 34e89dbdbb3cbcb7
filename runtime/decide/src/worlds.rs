//! Two worlds out of a case: what is given before, and what the change adds and removes.
//!
//! Read downwards: [`Worlds`] is the answer; `admission` lets facts in, `keys` settles sources that disagree on a key,
//! `said` who says what there, `planes` says which source has what, `moves` tells plain renamings from others, `transaction` turns the actions into a delta, `disagreement` compares the change's own view with the model's.
//!
//! INVARIANT: the result is a function of the set of facts; their order never matters. Actions run in their order.
//! Not here: what is derived from the facts (the engine), and what follows for the verdict (`verdict`).

mod admission;
mod disagreement;
mod keys;
mod moves;
mod planes;
mod reach;
mod said;
mod transaction;

pub(crate) use disagreement::View;
pub use reach::admissible;
pub use said::Said;
pub(crate) use said::said;
pub(crate) use transaction::THIS;

use crate::case::{Case, Failure, SourceState};
use crate::rests;
use admission::Admission;
use engine::Delta;
use evidence::Aged;
use program::{Fact, FactSource, Origin, Program, RelationId, SourceKind, Speaks, Tuple, Type, Value};
use proof::{Inputs, Side};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The type of everything that can be created, changed or destroyed.
pub(crate) const RESOURCE: &str = "std.state.Resource";

/// A tuple of a relation.
pub(crate) type Given = (RelationId, Tuple);

/// The given tuples of the two worlds.
pub(crate) struct Worlds {
    /// Given tuples of the world before.
    pub before: BTreeMap<RelationId, BTreeSet<Tuple>>,
    /// What the change makes of it; change-scoped facts are among the added.
    pub delta: Delta,
    /// Which actions added a tuple, by position.
    pub added_by: BTreeMap<Given, BTreeSet<usize>>,
    /// Which actions removed a tuple, by position.
    pub removed_by: BTreeMap<Given, BTreeSet<usize>>,
    /// Every tuple that a fact states, with where it was read. Several facts may state one tuple.
    pub stated: Vec<(RelationId, Tuple, Origin)>,
    /// Facts of relations that the program does not have.
    pub ignored: usize,
    /// By resource, where the change's own view of it and the model's part.
    pub views: BTreeMap<Value, Vec<View>>,
    /// The change and the model differ somewhere, touched or not.
    pub differs: bool,
}

/// The worlds of `case`.
///
/// # Faults
/// [`Failure::Malformed`] for a fact that does not fit its relation, or that only a decision may state.
pub(crate) fn worlds(case: &Case<'_>) -> Result<Worlds, Failure> {
    let program = &*case.program;
    admissible(program, &case.change)?;
    let mut admission = Admission::new(program);
    let mut base = Vec::with_capacity(case.facts.len());
    for fact in &case.facts {
        if let Some(relation) = admission.model(fact)? {
            base.push((relation, fact.tuple.clone(), fact.origin.clone()));
        }
    }
    let moves: BTreeMap<Arc<str>, Arc<str>> = (case.change.actions.iter())
        .filter_map(|action| Some((action.moved_from.clone()?, action.resource.clone())))
        .filter(|(old, new)| old != new)
        .collect();
    let doubtful = moves::doubtful(program, &case.change, &moves, &base);
    transaction::rename(program, &moves, &mut base);
    base.sort();
    base.dedup();

    let disagreement = disagreement::compare(program, &case.change, &base);
    let (mut before, conflicts) = keys::settle(program, &base);
    let mut filled = Filled { program, own: own_source(case), before: &mut before, stated: Vec::new() };
    filled.sources(case, &base);
    for (source, relation) in admission.unread.keys() {
        filled.given("std.source.unread", vec![Value::Text(source.clone()), Value::Text(relation.clone())]);
    }
    let about = conflicts.iter().map(|conflict| conflict.about.clone()).collect();
    let said = said(program, &base, &about, &|_| true);
    for keys::Conflict { about, source, winner } in conflicts {
        let parties: Vec<&Value> =
            [Some(&source), winner.as_ref().map(|(winner, _)| winner)].into_iter().flatten().collect();
        let told = said.get(&about).into_iter().flatten().map(|(origin, _)| *origin);
        // Of a source that contradicts itself, or others who count alike, all that was said; else what the two say.
        let among = |origin: &&Origin| {
            winner.is_none() || parties.iter().any(|party| party.as_text() == Some(&*origin.source.name))
        };
        let told: Vec<Origin> = told.filter(among).cloned().collect();
        let [relation, subject] = about;
        let (name, tuple) = match &winner {
            None => ("std.source.conflict", vec![relation, subject, source]),
            Some((winner, by)) => {
                ("std.source.prevails", vec![relation, subject, winner.clone(), source.clone(), Value::text(*by)])
            }
        };
        match &told[..] {
            [] => filled.given(name, tuple),
            told => told.iter().for_each(|origin| filled.given_at(name, tuple.clone(), origin.clone())),
        }
    }
    filled.given("std.time.now", vec![Value::Time(case.now)]);
    let stated = std::mem::take(&mut filled.stated);
    base.extend(stated);

    let mut changed = transaction::run(program, &case.change, &before, &mut admission)?;
    let disagrees = disagreement.touched.union(&doubtful).cloned().collect();
    let about = [("std.change.disagrees", &disagrees), ("std.change.only_meant", &disagreement.only_meant)];
    changed.facts_of_change(program, case, &moves, about, &mut admission)?;
    base.append(&mut changed.stated);
    base.sort();
    base.dedup();
    Ok(Worlds {
        before,
        delta: changed.delta,
        added_by: changed.added_by,
        removed_by: changed.removed_by,
        stated: base,
        ignored: admission.unread.values().sum(),
        views: disagreement.views,
        differs: disagreement.anywhere,
    })
}

/// Sources that disagree on a fact with a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Conflict {
    /// The relation's qualified name.
    pub relation: String,
    /// What its first key column says.
    pub subject: String,
    /// The source whose word is not followed; among equals each of them.
    pub source: String,
    /// The sources whose word counts in its place, sorted; none among equals.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub counts: BTreeSet<String>,
    /// What each of them says.
    pub said: Vec<Said>,
}

/// Where sources disagree, sorted; the same that `std.source.conflict` holds in a decision.
///
/// # Faults
/// [`Failure::Malformed`] for a fact that does not fit its relation, or that only a decision may state.
pub fn conflicts<'f>(program: &Program, facts: impl IntoIterator<Item = &'f Fact>) -> Result<Vec<Conflict>, Failure> {
    let mut admission = Admission::new(program);
    let mut keyed: BTreeMap<RelationId, Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        // Without a key no two facts are about the same.
        if let Some(relation) = admission.model(fact)?.filter(|relation| program.relation(*relation).key.is_some()) {
            keyed.entry(relation).or_default().push(fact);
        }
    }
    let mut base = Vec::new();
    for (relation, mut facts) in keyed {
        let columns = program.relation(relation).key.as_ref().map_or(&[][..], |key| &key.columns);
        let about = |fact: &&'f Fact| columns.iter().map(|column| &fact.tuple[*column]);
        facts.sort_by(|a, b| about(a).cmp(about(b)));
        // Who alone speaks of something disagrees with nobody.
        let several = facts.chunk_by(|a, b| about(a).eq(about(b))).filter(|same| same.len() > 1).flatten();
        base.extend(several.map(|fact| (relation, fact.tuple.clone(), fact.origin.clone())));
    }
    base.sort();
    let conflicts = keys::settle(program, &base).1;
    let about = conflicts.iter().map(|conflict| conflict.about.clone()).collect();
    let said = said(program, &base, &about, &|_| true);
    let mut found: BTreeMap<(said::About, Value), BTreeSet<String>> = BTreeMap::new();
    for keys::Conflict { about, source, winner } in conflicts {
        found.entry((about, source)).or_default().extend(winner.map(|(winner, _)| winner.show()));
    }
    let told = found.into_iter().map(|((about, source), counts)| {
        let said = said.get(&about).into_iter().flatten().map(|(_, said)| said.clone()).collect();
        let [relation, subject, source] = [&about[0], &about[1], &source].map(|value| value.show());
        Conflict { relation, subject, source, counts, said }
    });
    Ok(told.collect())
}

/// What is given in both worlds.
pub(crate) fn inputs(before: BTreeMap<RelationId, BTreeSet<Tuple>>, delta: &Delta) -> Inputs {
    let mut inputs = Inputs { after: before.clone(), before };
    for (relation, tuple) in &delta.removed {
        inputs.after.get_mut(relation).map(|tuples| tuples.remove(tuple));
    }
    for (relation, tuple) in &delta.added {
        inputs.give(Side::After, *relation, tuple.clone());
    }
    inputs
}

impl Worlds {
    /// Whether a fact that was read, or that the change states, is of a relation.
    pub(crate) fn states(&self, relation: RelationId) -> bool {
        let from = self.stated.partition_point(|(stated, _, _)| *stated < relation);
        self.stated.get(from).is_some_and(|(stated, _, _)| *stated == relation)
    }

    /// Where each of the `wanted` tuples was read, sorted.
    pub(crate) fn origins(&self, wanted: &BTreeSet<Given>) -> BTreeMap<Given, Vec<Origin>> {
        let mut found: BTreeMap<Given, Vec<Origin>> = BTreeMap::new();
        for (relation, tuple) in wanted {
            let from = self.stated.partition_point(|(r, t, _)| (r, t) < (relation, tuple));
            let same = self.stated[from..].iter().take_while(|(r, t, _)| (r, t) == (relation, tuple));
            let origins: Vec<Origin> = same.map(|(_, _, origin)| origin.clone()).collect();
            found.insert((*relation, tuple.clone()), origins);
        }
        found
    }
}

/// The change as a source of the facts that a decision fills in.
pub(crate) fn own_source(case: &Case<'_>) -> Arc<FactSource> {
    Arc::new(FactSource {
        name: case.change.file.clone(),
        kind: SourceKind::Plan,
        file: case.change.file.clone(),
        speaks: Speaks::Intended,
        rank: 0,
        observed_at: None,
        digest: case.change.digest.hex().into(),
        complete: case.change.partial.is_empty(),
    })
}

/// Facts about the case itself, in the world before.
struct Filled<'a> {
    program: &'a Program,
    own: Arc<FactSource>,
    before: &'a mut BTreeMap<RelationId, BTreeSet<Tuple>>,
    stated: Vec<(RelationId, Tuple, Origin)>,
}

impl Filled<'_> {
    fn given(&mut self, relation: &str, tuple: Tuple) {
        let origin = Origin { source: self.own.clone(), place: "decision".into() };
        self.given_at(relation, tuple, origin);
    }

    fn given_at(&mut self, relation: &str, tuple: Tuple, origin: Origin) {
        let Some(id) = self.program.find(relation) else { return };
        if self.program.relation(id).columns.len() != tuple.len() {
            return;
        }
        self.stated.push((id, tuple.clone(), origin));
        self.before.entry(id).or_default().insert(tuple);
    }

    fn sources(&mut self, case: &Case<'_>, base: &[(RelationId, Tuple, Origin)]) {
        let read: BTreeSet<&Arc<FactSource>> = base.iter().map(|(_, _, origin)| &origin.source).collect();
        for source in read {
            let kind = Value::text(source.kind.name());
            let speaks = Value::text(source.speaks.name());
            self.given("std.source.source", vec![Value::Text(source.name.clone()), kind, speaks]);
        }
        planes::fill(self, base);
        let exempt = rests::exempt(self.program, &case.sources, base);
        for state in &case.sources {
            match state {
                SourceState::Fills(..) | SourceState::Part(..) => {}
                weighed if exempt.contains(weighed.name()) => {}
                SourceState::Missing(name) => self.given("std.source.missing", vec![Value::text(name.as_str())]),
                SourceState::Aged(aged) => self.aged(aged, base),
            }
        }
    }

    /// How old a source may be, and when it was observed: the latter as a fact of the file itself.
    fn aged(&mut self, aged: &Aged, base: &[(RelationId, Tuple, Origin)]) {
        let name = Value::text(aged.source.as_str());
        self.given("std.source.max_age", vec![name.clone(), Value::Duration(aged.max_age)]);
        for (file, at) in &aged.observed {
            let sources = base.iter().map(|(_, _, origin)| &origin.source);
            let own = sources.filter(|source| *source.name == *aged.source && *source.file == **file).min();
            let own = own.map(|source| Origin { source: source.clone(), place: "observed".into() });
            let origin = own.unwrap_or_else(|| Origin { source: self.own.clone(), place: "decision".into() });
            let mut tuple = vec![name.clone(), Value::text(file.as_str())];
            tuple.extend(at.map(Value::Time));
            let relation = if at.is_some() { "std.source.observed" } else { "std.source.undated" };
            self.given_at(relation, tuple, origin);
        }
    }
}

/// Whether a column holds a resource.
pub(crate) fn is_resource(r#type: &Type) -> bool {
    matches!(r#type, Type::Entity(name) if name == RESOURCE)
}

/// What a set or a list, at any depth, holds; of any other type the type itself.
pub(crate) fn innermost(r#type: &Type) -> &Type {
    match r#type {
        Type::Set(inner) | Type::List(inner) => innermost(inner),
        other => other,
    }
}
