//! The face: an engine holds one world; a hypothesis holds it and what a change would make of it.

use crate::cone;
use crate::derive::{self, Ways};
use crate::difference::difference;
use crate::growing::Cells;
use crate::intern::{Id, Interner};
use crate::limits::{Fault, Limits};
use crate::prepare::Prepared;
use crate::rounds::Rounds;
use crate::version::Version;
use crate::view::{Changed, Relations};
use crate::witness::witness;
use crate::world::{Changes, World, always, load};
use program::{Program, RelationId, Term, Tuple, Value};
use proof::{Certificate, Claimed, Proof, Side};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

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
    world: Arc<Settled>,
    limits: Limits<'a>,
    workers: usize,
}

/// A world in which everything follows that does.
#[derive(Clone)]
pub(crate) struct Settled {
    pub(crate) relations: Vec<Version>,
    /// For each stratum whether it was maintained, so that labels say no rounds.
    pub(crate) maintained: Vec<bool>,
    /// Strata that run after any change.
    always: Vec<usize>,
    bytes: usize,
}

/// What a change would make of a world; dropping it takes the change back.
///
/// It shares with the engine all that the change does not touch, and stays as it is when the engine moves on.
pub struct Hypothesis<'a> {
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) values: Arc<Interner>,
    pub(crate) before: Arc<Settled>,
    /// What is different after the change.
    pub(crate) after: Changed,
    /// Strata whose labels say no rounds in the world after, though they may before.
    pub(crate) maintained: Vec<usize>,
    /// The world after is another version of the model, in which no rule reads the one before.
    is_version: bool,
    pub(crate) limits: Limits<'a>,
    /// Both worlds with rounds, where a proof or certificate wanted them.
    pub(crate) rounds: OnceLock<Rounds>,
    /// What proofs have found so far, with labels and with rounds.
    pub(crate) ways: Mutex<[Ways; 2]>,
    workers: usize,
}

impl<'a> Engine<'a> {
    /// Derives all that follows from `given` in the world before any change.
    ///
    /// - `given`: in any order, repetitions allowed; fastest where the tuples of a relation are sorted. Tuples of
    ///   change-scoped relations are left aside.
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
        let widths = prepared.program.relations.iter().map(|relation| relation.columns.len());
        let mut relations: Vec<Cells> = widths.map(Cells::new).collect();
        let mut row = Vec::new();
        for (number, (relation, tuple)) in given.into_iter().enumerate() {
            if number.is_multiple_of(4_096) {
                limits.poll()?;
                limits.allow(0, values.bytes() + relations.iter().map(Cells::bytes).sum::<usize>())?;
            }
            let place = fit(&prepared, relation, &tuple)?;
            if !prepared.is_change(place) {
                row.clear();
                row.extend(tuple.into_iter().map(|value| values.intern_owned(value)));
                relations[place].push(&row);
            }
        }
        let mut values = Arc::new(values);
        let (relations, workers) = load(&prepared, relations, &mut values, limits)?;
        let maintained = vec![false; prepared.strata.len()];
        let bytes = relations.iter().map(Version::bytes).sum();
        let always = always(&prepared, &relations);
        let world = Arc::new(Settled { relations, maintained, always, bytes });
        Ok(Engine { prepared: Arc::new(prepared), values, world, limits, workers })
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
        let mut world = World::above(&self.prepared, &self.world.relations, None);
        let workers = world.settle(&changes, &mut values, self.limits, self.world.bytes)?;
        self.workers = workers.max(self.workers);
        let (changed, maintained) = (world.changed, world.maintained);
        let mut outcome = Delta::default();
        for (place, (old, new)) in self
            .world
            .relations
            .iter()
            .enumerate()
            .filter_map(|(place, old)| changed.get(place).map(|new| (place, (old, new))))
        {
            let relation = RelationId(u32::try_from(place).expect("bug: more than 2^32 relations"));
            outcome.added.extend(missing(new, old, &values).into_iter().map(|tuple| (relation, tuple)));
            outcome.removed.extend(missing(old, new, &values).into_iter().map(|tuple| (relation, tuple)));
        }
        // An open hypothesis goes on with the world and the values as they were.
        Interner::commit(&mut self.values, Arc::into_inner(values).expect("bug: values are shared after a call"));
        let world = Arc::make_mut(&mut self.world);
        for (relation, version) in changed.into_versions() {
            let stratum = self.prepared.stratum_of[relation];
            let labelled = stratum.is_some_and(|stratum| self.prepared.strata[stratum].recursive);
            world.relations[relation].commit(version, labelled);
        }
        // Anew: indexes were made since they were last counted.
        world.bytes = world.relations.iter().map(Version::bytes).sum();
        world.always = always(&self.prepared, &world.relations);
        maintained.into_iter().for_each(|stratum| world.maintained[stratum] = true);
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
        let mut world = World::above(&self.prepared, &self.world.relations, Some(&self.world.always));
        let workers = world.settle(&changes, &mut values, self.limits, self.world.bytes)?;
        Ok(Hypothesis {
            prepared: Arc::clone(&self.prepared),
            values,
            after: world.changed,
            maintained: world.maintained,
            before: Arc::clone(&self.world),
            is_version: false,
            limits: self.limits,
            rounds: OnceLock::new(),
            ways: Mutex::default(),
            workers,
        })
    }

    /// The same world within other limits. Each goes on without the other, and they share what neither changes.
    pub fn fork<'b>(&self, limits: Limits<'b>) -> Engine<'b> {
        let (prepared, values, world) = (Arc::clone(&self.prepared), Arc::clone(&self.values), Arc::clone(&self.world));
        Engine { prepared, values, world, limits, workers: self.workers }
    }

    /// This world beside the one it was taken from by [`Engine::fork`], as if a change had made it of that one.
    ///
    /// No change-scoped relation has a tuple in it.
    pub fn since(&self, older: &Engine<'_>) -> Hypothesis<'a> {
        let mut after = Changed::default();
        for (place, (new, old)) in self.world.relations.iter().zip(&older.world.relations).enumerate() {
            if !new.is_same(old) {
                after.set(place, new.clone());
            }
        }
        let maintained = (0..self.world.maintained.len()).filter(|stratum| self.world.maintained[*stratum]).collect();
        Hypothesis {
            prepared: Arc::clone(&self.prepared),
            values: Arc::clone(&self.values),
            before: Arc::clone(&older.world),
            after,
            maintained,
            is_version: true,
            limits: self.limits,
            rounds: OnceLock::new(),
            ways: Mutex::default(),
            workers: self.workers,
        }
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

/// A tuple that holds: in which world, of which relation, and whether a fact gives it.
pub type Held = (Side, RelationId, Tuple, bool);

/// What no tuple matches: in which world, of which relation, and a pattern in which `None` is any value.
pub type Lacking = (Side, RelationId, Vec<Option<Value>>);

/// All that a tuple may rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foundation {
    /// What each way to derive it needs, and so on down; it itself among them. Sorted, each tuple once.
    pub held: Vec<Held>,
    /// What a literal of such a way denies, and the groups that are empty there.
    pub absent: BTreeSet<Lacking>,
}

impl Hypothesis<'_> {
    /// The tuples of a relation, sorted. Before the change a change-scoped relation has none.
    pub fn tuples(&self, side: Side, relation: RelationId) -> Vec<Tuple> {
        let relation = self.relation(side, relation);
        sorted(relation, relation.held().collect(), &self.values)
    }

    /// How many tuples a relation has.
    pub fn count(&self, side: Side, relation: RelationId) -> usize {
        self.relation(side, relation).held().count()
    }

    /// Whether a tuple holds.
    pub fn holds(&self, side: Side, relation: RelationId, tuple: &[program::Value]) -> bool {
        let row = self.numbers(relation, tuple);
        row.is_some_and(|row| self.relation(side, relation).holds(&row).is_some())
    }

    /// The tuples that match, sorted: a variable stands for any value, the same one wherever it stands.
    ///
    /// - `terms`: one per column.
    pub fn matching(&self, side: Side, relation: RelationId, terms: &[Term]) -> Vec<Tuple> {
        let relation = self.relation(side, relation);
        let mut wanted = Vec::new();
        for term in terms {
            wanted.push(match term {
                Term::Any | Term::Variable(_) => None,
                Term::Constant(value) => match self.values.find(value) {
                    Some(id) => Some(id),
                    None => return Vec::new(),
                },
            });
        }
        let first = |term: &Term| terms.iter().position(|other| other == term).unwrap_or(0);
        let same = terms.iter().enumerate().filter(|(_, term)| matches!(term, Term::Variable(_)));
        let same: Vec<(usize, usize)> =
            same.map(|(column, term)| (column, first(term))).filter(|(column, first)| column != first).collect();
        let matches = |row: &usize| {
            let cells = relation.row(*row);
            same.iter().all(|(column, first)| cells[*column] == cells[*first])
        };
        sorted(relation, relation.matching(&wanted).filter(matches).collect(), &self.values)
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
        let row = self.numbers(relation, tuple).filter(|row| self.relation(side, relation).holds(row).is_some());
        row.map(|row| derive::prove(self, side, relation.0 as usize, &row)).transpose()
    }

    /// Why a tuple holds: the proof that labels lead to, in time proportional to it.
    ///
    /// It is well-founded, but depends on the history of changes, and need not be of the smallest height: good to be
    /// checked, not to be printed.
    ///
    /// - returns: `None` where it does not hold.
    ///
    /// # Faults
    /// As [`Hypothesis::prove`].
    pub fn witness(&self, side: Side, relation: RelationId, tuple: &[program::Value]) -> Result<Option<Proof>, Fault> {
        let row = self.numbers(relation, tuple).filter(|row| self.relation(side, relation).holds(row).is_some());
        row.map(|row| witness(self, side, relation.0 as usize, &row)).transpose()
    }

    /// All that a tuple may rest on. A function of what holds alone.
    ///
    /// - `most`: ways to derive something that are looked at, and tuples that they need.
    /// - returns: `None` past `most`, and where it does not hold.
    ///
    /// # Faults
    /// A stop.
    pub fn foundation(
        &self,
        side: Side,
        relation: RelationId,
        tuple: &[program::Value],
        most: usize,
    ) -> Result<Option<Foundation>, Fault> {
        let row = self.numbers(relation, tuple).filter(|row| self.relation(side, relation).holds(row).is_some());
        let found = row.map(|row| cone::foundation(self, side, relation.0 as usize, &row, most)).transpose()?;
        Ok(found.flatten())
    }

    /// All that was derived in both worlds, what was beaten in a lattice column too, for `proof::certify`; sorted.
    pub fn certificate(&self) -> Certificate {
        let [before, after] = self.rounds().claims(self, Side::BOTH);
        Certificate { before, after }
    }

    /// What a certificate has of one of them.
    pub fn claims(&self, side: Side) -> Vec<Claimed> {
        let [claims] = self.rounds().claims(self, [side]);
        claims
    }

    /// What is derived in the world after and was not, or stood at another height; and what was derived in the world
    /// before and is not, or stands at another height: for `proof::certify_change` and `proof::certify_version`.
    pub fn difference(&self) -> (Vec<Claimed>, Vec<(RelationId, Tuple)>) {
        let moved = self.rounds().moved(self);
        difference(&moved.before, &moved.after)
    }

    /// The program it runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.prepared.program
    }

    /// The most threads that worked at once when it was opened.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// The relations of a world.
    pub(crate) fn relations(&self, side: Side) -> Relations<'_> {
        let changed = match side {
            Side::Before => None,
            Side::After => Some(&self.after),
        };
        Relations { all: &self.before.relations, changed }
    }

    /// The world before, seen from a side.
    pub(crate) fn before_of(&self, side: Side) -> Option<Relations<'_>> {
        (side == Side::After && !self.is_version).then(|| self.relations(Side::Before))
    }

    fn relation(&self, side: Side, relation: RelationId) -> &Version {
        self.relations(side).get(relation.0 as usize)
    }

    /// The numbers of a tuple's values, where it is one that may stand in the relation.
    fn numbers(&self, relation: RelationId, tuple: &[Value]) -> Option<Vec<Id>> {
        let row: Vec<Id> = tuple.iter().map(|value| self.values.find(value)).collect::<Option<_>>()?;
        (self.relation(Side::Before, relation).width() == row.len()).then_some(row)
    }

    /// Both worlds with rounds.
    pub(crate) fn rounds(&self) -> &Rounds {
        self.rounds.get_or_init(|| Rounds::of(self))
    }

    /// Whether a tuple of a relation may rest on what was beaten in a lattice column, where what was beaten depends on
    /// earlier changes: then rounds say which proof is the smallest, and labels do not.
    pub(crate) fn needs_rounds(&self, relation: usize) -> bool {
        let stratum = self.prepared.stratum_of[relation].map(|stratum| &self.prepared.strata[stratum]);
        let mut rests_on = stratum.into_iter().flat_map(|stratum| &stratum.rests_on);
        rests_on.any(|below| self.before.maintained[*below] || self.maintained.contains(below))
    }

    /// Whether rounds can be had for nothing: somebody asked for them, or labels say them.
    pub(crate) fn has_rounds(&self) -> bool {
        let strata = self.before.maintained.iter().enumerate().filter(|(_, maintained)| **maintained);
        let mut maintained = strata.map(|(stratum, _)| stratum).chain(self.maintained.iter().copied());
        self.rounds.get().is_some() || !maintained.any(|stratum| self.prepared.strata[stratum].recursive)
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
fn missing(from: &Version, other: &Version, values: &Interner) -> Vec<Tuple> {
    if from.is_same(other) {
        return Vec::new();
    }
    let rows: Vec<usize> = if from.is_above(other) {
        // Only what one of them has for itself can differ.
        let own = from.moved().0.into_iter().chain(other.moved().1);
        own.map(|row| row as usize).collect()
    } else {
        from.held().filter(|row| other.holds(from.row(*row)).is_none()).collect()
    };
    sorted(from, rows, values)
}

fn sorted(relation: &Version, mut rows: Vec<usize>, values: &Interner) -> Vec<Tuple> {
    rows.sort_unstable_by(|a, b| values.compare(relation.row(*a), relation.row(*b)));
    rows.into_iter().map(|row| spell(relation.row(row), values)).collect()
}

/// The values of a row.
pub(crate) fn spell(row: &[Id], values: &Interner) -> Tuple {
    row.iter().map(|id| values.get(*id).into_owned()).collect()
}
