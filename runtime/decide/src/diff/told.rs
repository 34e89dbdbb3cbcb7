//! What of a difference is told: which relations, in which order, which of their tuples, each with owner and causes.

use super::causes::Search;
use super::{Diff, Line, Moved, PACK, Turned, Wanted, World};
use crate::case::Failure;
use crate::explained::{Because, explain};
use crate::rests::{cone, in_force};
use crate::words;
use crate::worlds::{innermost, is_resource};
use program::{Column, Objection, Program, Reading, RelationId, Scope, Tuple, Type, Value, Weight};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Tells what turned.
///
/// - `turned`: in the numbers of the later program.
/// - `dropped`: relations that only the earlier program has, in its numbers.
pub(super) fn told(
    search: &Search<'_>,
    turned: &BTreeMap<RelationId, Moved>,
    dropped: &BTreeMap<RelationId, Moved>,
    wanted: &Wanted,
) -> Result<Diff, Failure> {
    let mut relations = Vec::new();
    let (mut facts, mut withheld) = ((0, 0), 0);
    for (later, moved) in [(true, turned), (false, dropped)] {
        let teller = Teller::new(search, later, wanted);
        for (relation, moved) in moved {
            let count = |tuples: &[Tuple], later| tuples.iter().filter(|t| teller.states(later, *relation, t)).count();
            facts.0 += count(&moved.came, true);
            facts.1 += count(&moved.went, false);
        }
        let mut readings: BTreeMap<RelationId, BTreeSet<&Tuple>> = BTreeMap::new();
        for (relation, moved) in moved {
            let tuples = moved.came.iter().chain(&moved.went);
            readings.entry(teller.sure(*relation)).or_default().extend(tuples);
        }
        for (relation, tuples) in readings {
            let (turned, alike) = teller.relation(relation, &tuples)?;
            relations.extend(turned.map(|turned| (teller.place(relation), turned)));
            withheld += alike;
        }
    }
    relations.sort_by(|a, b| (&a.0, &a.1.relation).cmp(&(&b.0, &b.1.relation)));
    let relations = relations.into_iter().map(|(_, turned)| turned).collect();
    Ok(Diff { relations, withheld, facts, rules: search.rules() })
}

/// One program's part of a difference.
struct Teller<'s> {
    search: &'s Search<'s>,
    /// Whether numbers are those of the later program.
    later: bool,
    program: &'s Program,
    wanted: &'s Wanted,
    /// Relations that rules derive.
    ruled: BTreeSet<RelationId>,
    /// Relations that a verdict rests on.
    rests: BTreeSet<RelationId>,
}

/// Where a relation is told: the smaller, the earlier.
type Place = (u8, Option<Weight>, Reverse<Option<program::Severity>>);

impl<'s> Teller<'s> {
    fn new(search: &'s Search<'s>, later: bool, wanted: &'s Wanted) -> Teller<'s> {
        let program = search.world(later).program;
        let ruled = program.rules.iter().map(|rule| rule.head.relation).collect();
        Teller { search, later, program, wanted, ruled, rests: rests(program) }
    }

    /// Whether a fact states the tuple in one of the worlds.
    fn states(&self, later: bool, relation: RelationId, tuple: &Tuple) -> bool {
        self.there(later, relation).is_some_and(|(world, relation)| world.states(relation, tuple))
    }

    /// A world, and the relation's number in it.
    fn there(&self, later: bool, relation: RelationId) -> Option<(&'s World<'s, 's>, RelationId)> {
        let number = if later == self.later { Some(relation) } else { self.search.other(self.later, relation) };
        Some((self.search.world(later), number?))
    }

    fn sure(&self, relation: RelationId) -> RelationId {
        match self.program.relation(relation).reading {
            Reading::Possible(sure) => sure,
            Reading::Only | Reading::Sure(_) => relation,
        }
    }

    fn objection(&self, relation: RelationId) -> Option<&'s Objection> {
        self.program.objections.iter().find(|objection| objection.relation == relation)
    }

    fn place(&self, relation: RelationId) -> Place {
        let objection = self.objection(relation);
        let library = self.program.relation(relation).name.starts_with("std.");
        let rank = match (objection, self.rests.contains(&relation), library) {
            (Some(_), _, _) => 0,
            (None, true, false) => 1,
            (None, true, true) => 2,
            (None, false, false) => 3,
            (None, false, true) => 4,
        };
        (rank, objection.map(|one| one.weight), Reverse(objection.and_then(|one| one.severity)))
    }

    /// How far a tuple holds in a world, and in which reading: surely 2, possibly 1, not 0.
    fn holds(&self, later: bool, relation: RelationId, tuple: &Tuple) -> (u8, RelationId) {
        let possible = match self.program.relation(relation).reading {
            Reading::Sure(possible) => possible,
            Reading::Only | Reading::Possible(_) => relation,
        };
        for (reading, how) in [(relation, 2), (possible, 1)] {
            if let Some((world, number)) = self.there(later, reading)
                && world.holds(number, tuple)
            {
                return (how, number);
            }
        }
        (0, relation)
    }

    /// What turned of a relation, and how many tuples may have.
    fn relation(&self, id: RelationId, tuples: &BTreeSet<&Tuple>) -> Result<(Option<Turned>, usize), Failure> {
        let relation = self.program.relation(id);
        let named = self.wanted.relation.as_deref();
        let asked = named.is_none_or(|n| relation.name == n || relation.name.ends_with(&format!(".{n}")));
        // Facts are what turns the others; they are told of a relation that is asked for.
        let derived = named.is_some() || self.ruled.contains(&id);
        let own = ["std.time.now", "std.source.source"].contains(&relation.name.as_str());
        // What follows from a pack's steps is told: an edge, a key; and of what tables of the library's words bring.
        let things = |column: &Column| matches!(innermost(&column.r#type), Type::Entity(_));
        let words = relation.name.starts_with("std.")
            && !relation.name.starts_with("std.source.")
            && self.objection(id).is_none()
            && !relation.columns.iter().any(things);
        let step = named.is_none() && (words || relation.name.starts_with(PACK));
        if relation.hidden || relation.scope == Scope::Change || own || step || !asked || !derived {
            return Ok((None, 0));
        }
        let (mut count, mut lines) = ((0, 0), Vec::new());
        let mut turned = Vec::new();
        for tuple in tuples {
            let (then, now) = (self.holds(false, id, tuple), self.holds(true, id, tuple));
            let came = now.0 > then.0;
            let (how, reading) = if came { now } else { then };
            let given = named.is_none() && self.states(came, id, tuple);
            if then.0 != now.0 && !given && self.is_wanted(id, tuple) {
                *(if came { &mut count.0 } else { &mut count.1 }) += 1;
                turned.push((!came, *tuple, how == 2, reading));
            }
        }
        let alike = alike(&turned);
        turned.retain(|(went, tuple, ..)| {
            let told = shown(tuple).is_none_or(|shown| !alike.contains(&shown));
            *(if *went { &mut count.1 } else { &mut count.0 }) -= usize::from(!told);
            told
        });
        turned.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        for (went, tuple, sure, reading) in turned.into_iter().take(self.wanted.most) {
            let (proof, causes) = self.search.causes(!went, reading, tuple)?;
            let world = self.search.world(!went);
            let explained = explain(world.program, &proof, &BTreeMap::new());
            let message = explained.steps.last().map(|step| match &step.because {
                Because::Derived { message, .. } => message.clone(),
                Because::Given { .. } => String::new(),
            });
            lines.push(Line {
                came: !went,
                tuple: words::line(self.program, id, tuple),
                sure,
                message: message.unwrap_or_default(),
                owners: self.owners(!went, id, tuple).into_iter().collect(),
                causes: causes.into_iter().collect(),
            });
        }
        let objection = self.objection(id);
        let turned = (count != (0, 0)).then(|| Turned {
            relation: relation.name.clone(),
            weight: objection.map(|one| one.weight),
            severity: objection.and_then(|one| one.severity),
            count,
            lines,
        });
        Ok((turned, alike.len()))
    }

    fn is_wanted(&self, id: RelationId, tuple: &Tuple) -> bool {
        let Wanted { resource, intent, .. } = self.wanted;
        let names = |wanted: &str| tuple.iter().any(|value| value.as_text() == Some(wanted));
        resource.as_deref().is_none_or(names) && intent.as_deref().is_none_or(|intent| self.concerns(intent, id, tuple))
    }

    /// Whether an intent covers a resource of the tuple, or applies the blueprint that it is of.
    fn concerns(&self, intent: &str, id: RelationId, tuple: &Tuple) -> bool {
        let applied = self.program.relation(id).instanced && {
            let instance = tuple.first().and_then(Value::as_text);
            self.program.instances.iter().any(|one| one.intent == intent && Some(one.name.as_str()) == instance)
        };
        applied
            || self.resources(id, tuple).any(|resource| {
                [false, true].into_iter().any(|later| {
                    let world = self.search.world(later);
                    let covers = world.program.find("std.intent.covers");
                    covers.is_some_and(|covers| world.holds(covers, &[Value::text(intent), resource.clone()]))
                })
            })
    }

    fn resources<'t>(&'t self, id: RelationId, tuple: &'t Tuple) -> impl Iterator<Item = &'t Value> {
        let columns = self.program.relation(id).columns.iter().zip(tuple);
        columns.filter(|(column, _)| is_resource(innermost(&column.r#type))).map(|(_, value)| value)
    }

    /// Who answers for the resources of a tuple; of a violation that names none, the owner of the intent.
    fn owners(&self, later: bool, id: RelationId, tuple: &Tuple) -> BTreeSet<String> {
        let world = self.search.world(later);
        let mut owners = BTreeSet::new();
        if let Some(accountable) = world.program.find("std.authority.accountable") {
            for resource in self.resources(id, tuple) {
                let found = world.matching(accountable, &[Some(resource.clone()), None]);
                owners.extend(found.iter().filter_map(|pair| pair.get(1)).map(Value::show));
            }
        }
        if owners.is_empty() && self.program.relation(id).instanced {
            let instance = tuple.first().and_then(Value::as_text);
            let instance = self.program.instances.iter().find(|one| Some(one.name.as_str()) == instance);
            let intent = instance.and_then(|of| self.program.intents.iter().find(|intent| intent.name == of.intent));
            owners.extend(intent.and_then(|intent| intent.owner.clone()));
        }
        owners
    }
}

/// What came and went alike, as far as it is shown: a sensitive part of another version is sealed under another key.
///
/// - `turned`: whether it went, and the tuple.
fn alike(turned: &[(bool, &Tuple, bool, RelationId)]) -> BTreeSet<Vec<String>> {
    let mut sides: [BTreeSet<Vec<String>>; 2] = Default::default();
    for (went, tuple, ..) in turned {
        sides[usize::from(*went)].extend(shown(tuple));
    }
    let [came, went] = sides;
    came.intersection(&went).cloned().collect()
}

/// A tuple as it is shown, where a part of it is not.
fn shown(tuple: &Tuple) -> Option<Vec<String>> {
    let hidden = tuple.iter().any(|value| matches!(value, Value::Json(_)) && !value.is_known());
    hidden.then(|| tuple.iter().map(Value::discreet).collect())
}

/// The relations that a verdict rests on: a deny, an escalate, a permit or an ambiguity.
fn rests(program: &Program) -> BTreeSet<RelationId> {
    let relations = (0..).map(RelationId).zip(&program.relations);
    let ambiguities = relations.filter(|(_, relation)| relation.name.starts_with("std.verdict.")).map(|(id, _)| id);
    cone(program, in_force(program).chain(ambiguities))
}
