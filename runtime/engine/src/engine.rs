//! The face: an engine holds one world; a hypothesis holds it and what a change would make of it.

use crate::derive::{self, Ways};
use crate::intern::{Id, Interner};
use crate::limits::{Fault, Limits};
use crate::prepare::Prepared;
use crate::relation::Relation;
use crate::view::{Relations, View};
use crate::world::{Changes, World};
use program::{Program, RelationId, Term, Tuple, Value};
use proof::{Certificate, Claimed, Proof, Side};
use std::sync::{Arc, Mutex};

/// Facts that come and go. A tuple that stands in both lists is there afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Tuples that are given afterwards; those of change-scoped relations are the change itself.
    pub added: Vec<(RelationId, Tuple)>,
    /// Tuples that are no longer given. One that was not is left out of account.
    pub removed: Vec<(RelationId, Tuple)>,
}

/// A program over facts: the world before any change, with all that follows in it.
///
/// INVARIANT: after any history of [`Engine::apply`] it answers as one that was loaded with the same facts. Tuples of
/// change-scoped relations are no part of it: they live in a [`Hypothesis`] alone.
pub struct Engine<'a> {
    prepared: Arc<Prepared>,
    values: Arc<Interner>,
    world: Arc<Relations>,
    limits: Limits<'a>,
    workers: usize,
}

/// What a change would make of a world; dropping it takes the change back.
///
/// It shares with the engine all that the change does not touch, and stays as it is when the engine moves on.
pub struct Hypothesis<'a> {
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) values: Arc<Interner>,
    pub(crate) before: Arc<Relations>,
    pub(crate) after: Relations,
    pub(crate) limits: Limits<'a>,
    /// What proofs have found so far.
    pub(crate) ways: Mutex<Ways>,
    workers: usize,
}

impl<'a> Engine<'a> {
    /// Derives all that follows from `given` in the world before any change.
    ///
    /// - `given`: in any order, repetitions allowed. Tuples of change-scoped relations are left aside.
    /// - `limits`: for this call and each later one.
    ///
    /// # Faults
    /// A limit, a stop, or [`Fault::Shape`].
    pub fn load(
        program: Arc<Program>,
        given: impl IntoIterator<Item = (RelationId, Tuple)>,
        limits: Limits<'a>,
    ) -> Result<Engine<'a>, Fault> {
        let mut values = Interner::default();
        let prepared = Prepared::new(program, &mut values);
        let mut relations: Vec<Relation> = prepared.program.relations.iter().map(Relation::of).collect();
        let mut row = Vec::new();
        for (number, (relation, tuple)) in given.into_iter().enumerate() {
            if number.is_multiple_of(4_096) {
                limits.poll()?;
                limits.allow(0, values.bytes())?;
            }
            let place = fit(&prepared, relation, &tuple)?;
            if !prepared.is_change(place) {
                row.clear();
                row.extend(tuple.into_iter().map(|value| values.intern_owned(value)));
                relations[place].give(&row, &values);
            }
        }
        let mut values = Arc::new(values);
        let mut world = World::new(relations.into_iter().map(Arc::new).collect());
        let workers = world.settle(&prepared, &mut values, limits)?;
        Ok(Engine { prepared: Arc::new(prepared), values, world: Arc::new(world.here), limits, workers })
    }

    /// Takes a delta over for good. Tuples of change-scoped relations are left aside.
    ///
    /// - returns: every tuple gained (`added`) and lost (`removed`), given or derived, sorted.
    ///
    /// # Faults
    /// A limit, a stop, or [`Fault::Shape`]. The engine is then as before the call.
    pub fn apply(&mut self, delta: &Delta) -> Result<Delta, Fault> {
        let mut values = Interner::above(&self.values);
        let changes = changes(&self.prepared, delta, &mut values, false)?;
        let mut values = Arc::new(values);
        let mut world = World::changed(&self.world, None, &changes, &values);
        self.workers = world.settle(&self.prepared, &mut values, self.limits)?.max(self.workers);
        let here = world.here;
        let mut outcome = Delta::default();
        for (place, (old, new)) in self.world.iter().zip(&here).enumerate() {
            let relation = RelationId(u32::try_from(place).expect("bug: more than 2^32 relations"));
            outcome.added.extend(missing(new, old, &values).into_iter().map(|tuple| (relation, tuple)));
            outcome.removed.extend(missing(old, new, &values).into_iter().map(|tuple| (relation, tuple)));
        }
        let above = Arc::into_inner(values).expect("bug: values are shared after a call");
        let own = above.into_own();
        // An open hypothesis goes on with the values as they were.
        Arc::make_mut(&mut self.values).append(own);
        self.world = Arc::new(here);
        Ok(outcome)
    }

    /// The world before and the world after a change, without making it.
    ///
    /// # Faults
    /// A limit, a stop, or [`Fault::Shape`].
    pub fn open(&self, delta: &Delta) -> Result<Hypothesis<'a>, Fault> {
        let mut values = Interner::above(&self.values);
        let changes = changes(&self.prepared, delta, &mut values, true)?;
        let mut values = Arc::new(values);
        let mut world = World::changed(&self.world, Some(&self.world), &changes, &values);
        let workers = world.settle(&self.prepared, &mut values, self.limits)?;
        Ok(Hypothesis {
            prepared: Arc::clone(&self.prepared),
            values,
            after: world.here,
            before: Arc::clone(&self.world),
            limits: self.limits,
            ways: Mutex::default(),
            workers,
        })
    }

    /// The program it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.prepared.program
    }

    /// The most threads that worked at once, in loading or any [`Engine::apply`].
    pub fn workers(&self) -> usize {
        self.workers
    }
}

impl Hypothesis<'_> {
    /// The tuples of a relation, sorted. Before the change a change-scoped relation has none.
    pub fn tuples(&self, side: Side, relation: RelationId) -> Vec<Tuple> {
        let relation = self.relation(side, relation);
        sorted(relation, relation.held().collect(), &self.values)
    }

    /// Whether a tuple holds.
    pub fn holds(&self, side: Side, relation: RelationId, tuple: &[program::Value]) -> bool {
        self.position(side, relation, tuple).is_some()
    }

    /// The tuples that match, sorted: a variable stands for any value, the same one wherever it stands.
    ///
    /// - `terms`: one per column.
    pub fn matching(&self, side: Side, relation: RelationId, terms: &[Term]) -> Vec<Tuple> {
        let relation = self.relation(side, relation);
        let mut wanted = Vec::new();
        for (column, term) in terms.iter().enumerate() {
            match term {
                Term::Any | Term::Variable(_) => {}
                Term::Constant(value) => match self.values.find(value) {
                    Some(id) => wanted.push((column, id)),
                    None => return Vec::new(),
                },
            }
        }
        let first = |term: &Term| terms.iter().position(|other| other == term).unwrap_or(0);
        let same = terms.iter().enumerate().filter(|(_, term)| matches!(term, Term::Variable(_)));
        let same: Vec<(usize, usize)> =
            same.map(|(column, term)| (column, first(term))).filter(|(column, first)| column != first).collect();
        let matches = |row: &usize| {
            let cells = relation.row(*row);
            wanted.iter().all(|(column, id)| cells[*column] == *id)
                && same.iter().all(|(column, first)| cells[*column] == cells[*first])
        };
        sorted(relation, relation.held().filter(matches).collect(), &self.values)
    }

    /// Tuples that hold after the change and not before, sorted; for a change-scoped relation all of them.
    pub fn gained(&self, relation: RelationId) -> Vec<Tuple> {
        missing(self.relation(Side::After, relation), self.relation(Side::Before, relation), &self.values)
    }

    /// Tuples that held before the change and no longer do, sorted.
    pub fn lost(&self, relation: RelationId) -> Vec<Tuple> {
        missing(self.relation(Side::Before, relation), self.relation(Side::After, relation), &self.values)
    }

    /// Why a tuple holds: a proof of the smallest height, ties by rule order in the text, then by values.
    ///
    /// A function of what holds alone. The search is bounded; past the bound the proof is marked as not shown minimal.
    ///
    /// - returns: `None` where it does not hold.
    ///
    /// # Faults
    /// A stop; [`Fault::Unfounded`] where the engine has erred.
    pub fn prove(&self, side: Side, relation: RelationId, tuple: &[program::Value]) -> Result<Option<Proof>, Fault> {
        match self.position(side, relation, tuple) {
            Some(row) => derive::prove(self, (side, relation.0 as usize, row)).map(Some),
            None => Ok(None),
        }
    }

    /// All that was derived in both worlds, what was beaten in a lattice column too, for `proof::certify`; sorted.
    pub fn certificate(&self) -> Certificate {
        // Many rows over few values: one order of the values serves them all.
        let ranks = self.values.ranks();
        let claims = |relations: &Relations| {
            let mut claimed =
                Vec::with_capacity(relations.iter().map(|relation| relation.len() - relation.given()).sum());
            for (place, relation) in relations.iter().enumerate() {
                let rank = |row: usize| relation.row(row).iter().map(|id| ranks[*id as usize]);
                let mut rows: Vec<usize> = (relation.given()..relation.len()).collect();
                rows.sort_unstable_by(|a, b| rank(*a).cmp(rank(*b)));
                claimed.extend(rows.into_iter().map(|row| Claimed {
                    relation: RelationId(u32::try_from(place).expect("bug: more than 2^32 relations")),
                    tuple: spell(relation.row(row), &self.values),
                    height: relation.height(row),
                }));
            }
            claimed
        };
        Certificate { before: claims(&self.before), after: claims(&self.after) }
    }

    /// The program it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.prepared.program
    }

    /// The most threads that worked at once when it was opened.
    pub fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn relations(&self, side: Side) -> &Relations {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    /// What a rule sees that runs on that side.
    pub(crate) fn view(&self, side: Side) -> View<'_> {
        let before = match side {
            Side::Before => None,
            Side::After => Some(self.before.as_slice()),
        };
        View { here: self.relations(side), before, recent: &[], steps: true }
    }

    fn relation(&self, side: Side, relation: RelationId) -> &Relation {
        &self.relations(side)[relation.0 as usize]
    }

    fn position(&self, side: Side, relation: RelationId, tuple: &[program::Value]) -> Option<usize> {
        let row: Vec<Id> = tuple.iter().map(|value| self.values.find(value)).collect::<Option<_>>()?;
        let relation = self.relation(side, relation);
        (relation.width() == row.len()).then(|| relation.holds(&row)).flatten()
    }
}

/// The place of a relation that a tuple fits.
fn fit(prepared: &Prepared, relation: RelationId, tuple: &Tuple) -> Result<usize, Fault> {
    let place = relation.0 as usize;
    let Some(known) = prepared.program.relations.get(place) else {
        return Err(Fault::Shape { relation: place.to_string(), wanted: 0, found: tuple.len() });
    };
    if known.columns.len() != tuple.len() {
        return Err(Fault::Shape { relation: known.name.clone(), wanted: known.columns.len(), found: tuple.len() });
    }
    if known.lattice().is_some_and(|(column, _)| !matches!(tuple[column], Value::Int(_))) {
        return Err(Fault::NoInt { relation: known.name.clone() });
    }
    Ok(place)
}

/// A delta by number.
fn changes(prepared: &Prepared, delta: &Delta, values: &mut Interner, change: bool) -> Result<Changes, Fault> {
    let mut changes = Changes::default();
    for (list, is_added) in [(&delta.added, true), (&delta.removed, false)] {
        for (relation, tuple) in list {
            let place = fit(prepared, *relation, tuple)?;
            if !change && prepared.is_change(place) {
                continue;
            }
            let row = tuple.iter().map(|value| values.intern(value)).collect();
            let changed = changes.entry(place).or_default();
            if is_added { changed.added.push(row) } else { changed.removed.push(row) }
        }
    }
    Ok(changes)
}

/// The tuples of `from` that `other` lacks, sorted.
fn missing(from: &Relation, other: &Relation, values: &Interner) -> Vec<Tuple> {
    if std::ptr::eq(from, other) {
        return Vec::new();
    }
    let rows = from.held().filter(|row| other.holds(from.row(*row)).is_none()).collect();
    sorted(from, rows, values)
}

fn sorted(relation: &Relation, mut rows: Vec<usize>, values: &Interner) -> Vec<Tuple> {
    rows.sort_unstable_by(|a, b| values.compare(relation.row(*a), relation.row(*b)));
    rows.into_iter().map(|row| spell(relation.row(row), values)).collect()
}

/// The values of a row.
pub(crate) fn spell(row: &[Id], values: &Interner) -> Tuple {
    row.iter().map(|id| values.get(*id).clone()).collect()
}
