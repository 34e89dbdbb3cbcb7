//! `key(…) prefer (…)`: which of several facts with one key the rules see, and which of them count as a conflict.

use program::{FactSource, Json, Origin, Program, RelationId, Speaks, Tuple, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Sources that disagree about one subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Conflict {
    /// The relation and the first column of its key.
    pub(super) about: [Value; 2],
    /// The source whose word differs from what counts; where none goes first, each of them.
    pub(super) source: Value,
    /// Whose word counts, and why.
    pub(super) winner: Option<(Value, &'static str)>,
}

/// The tuples that rules see, and the conflicts among `facts`.
///
/// What runs goes before what was built, and that before what is meant: the world is as it is, and that the planes differ is
/// drift (`std.reconcile`), no conflict. A source that speaks for nothing is held against each. With `prefer`, the first kind of source that has a fact for the key wins, within it the lowest rank; kinds that
/// `prefer` does not name come last. The others are conflicts where they say something else. Without `prefer` the lowest
/// rank wins. Among equals all are seen and each is a conflict. Who says the same and more is no conflict, and is seen alone: of one object
/// a manifest says what is meant, and the cluster that and its defaults.
pub(super) fn settle(
    program: &Program,
    facts: &[(RelationId, Tuple, Origin)],
) -> (BTreeMap<RelationId, BTreeSet<Tuple>>, BTreeSet<Conflict>) {
    let mut seen: BTreeMap<RelationId, BTreeSet<Tuple>> = BTreeMap::new();
    type Group<'a> = Vec<(&'a Tuple, &'a Origin)>;
    let mut keyed: BTreeMap<(RelationId, Vec<&Value>), Group<'_>> = BTreeMap::new();
    for (id, tuple, origin) in facts {
        match &program.relation(*id).key {
            Some(key) => {
                let values = key.columns.iter().map(|column| &tuple[*column]).collect();
                keyed.entry((*id, values)).or_default().push((tuple, origin));
            }
            None => {
                seen.entry(*id).or_default().insert(tuple.clone());
            }
        }
    }
    let mut conflicts = BTreeSet::new();
    for ((id, values), group) in keyed {
        let relation = program.relation(id);
        let prefer = relation.key.as_ref().map(|key| key.prefer.as_slice()).unwrap_or_default();
        let nearest = group.iter().filter_map(|(_, origin)| plane(origin)).min();
        let near = |origin: &Origin| !prefer.is_empty() || plane(origin).is_none_or(|plane| Some(plane) == nearest);
        let group: Group<'_> = group.into_iter().filter(|(_, origin)| near(origin)).collect();
        let place = |origin: &Origin| match prefer {
            [] => (0, 0),
            _ => {
                let kind = prefer.iter().position(|kind| *kind == origin.source.kind);
                (kind.unwrap_or(prefer.len()), origin.source.rank)
            }
        };
        let best = group.iter().map(|(_, origin)| place(origin)).min();
        let first: Group<'_> = group.iter().filter(|(_, origin)| Some(place(origin)) == best).copied().collect();
        let said: BTreeSet<&Tuple> = first.iter().map(|(tuple, _)| *tuple).collect();
        // Of two that each say all of the other, as far as they can be seen, the one that is written first.
        let before = |other: &Tuple, one: &Tuple| other < one || !says_all_of(one, other);
        let most =
            |one: &&&Tuple| !said.iter().any(|other| one != &other && says_all_of(other, one) && before(other, one));
        let mut winners: BTreeSet<&Tuple> = said.iter().filter(most).copied().collect();
        if winners.len() > 1 {
            // Of those that say different things the lowest rank; with `prefer` they have one.
            let ranks = || first.iter().filter(|(tuple, _)| winners.contains(tuple));
            let lowest = ranks().map(|(_, origin)| origin.source.rank).min();
            winners = ranks().filter(|(_, o)| Some(o.source.rank) == lowest).map(|(tuple, _)| *tuple).collect();
        }
        let counts = |pair: &&(&Tuple, &Origin)| winners.contains(pair.0);
        let first: BTreeSet<&Arc<FactSource>> = first.iter().filter(counts).map(|(_, origin)| &origin.source).collect();
        for (tuple, origin) in &group {
            let among_equals = winners.len() > 1 && Some(place(origin)) == best && winners.contains(tuple);
            if !among_equals && winners.iter().any(|winner| says_all_of(winner, tuple)) {
                continue;
            }
            let Some(subject) = values.first().map(|value| Value::text(value.show())) else { continue };
            let source = Value::Text(origin.source.name.clone());
            let conflict = |winner| Conflict {
                about: [Value::text(relation.name.as_str()), subject.clone()],
                source: source.clone(),
                winner,
            };
            conflicts.insert(conflict(None));
            let by = if best.map(|best| best.0) == Some(place(origin).0) { "rank" } else { "kind" };
            let winners = first.iter().filter(|_| !among_equals);
            conflicts.extend(winners.map(|winner| conflict(Some((Value::Text(winner.name.clone()), by)))));
        }
        seen.entry(id).or_default().extend(winners.into_iter().cloned());
    }
    (seen, conflicts)
}

/// How near to what is there a source's word is, nearest first; `None` where it speaks for no plane.
fn plane(origin: &Origin) -> Option<u8> {
    match origin.source.speaks {
        Speaks::Running => Some(0),
        Speaks::Built => Some(1),
        Speaks::Intended => Some(2),
        Speaks::Nothing => None,
    }
}

/// Whether a tuple says all that the other one says, and maybe more.
fn says_all_of(one: &Tuple, other: &Tuple) -> bool {
    one.iter().zip(other).all(|(one, other)| match (one, other) {
        (Value::Json(one), Value::Json(other)) => holds_all_of(one, other),
        (one, other) => one == other,
    })
}

/// Whether a value has every attribute that the other one has, with the same value, at any depth. Two that are sealed may be the
/// same: those of a version that is kept are sealed under another key.
fn holds_all_of(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Sensitive(_), Json::Sensitive(_)) => true,
        (Json::Object(one), Json::Object(other)) => {
            other.iter().all(|(key, other)| one.get(key).is_some_and(|one| holds_all_of(one, other)))
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| holds_all_of(one, other))
        }
        (one, other) => one == other,
    }
}
