//! Both worlds of a case, derived by the engine and checked: what everything else reads.
//!
//! The engine derives and finds proofs; what is *read* is the database that `proof` hands out once the engine's word
//! stands, by the certificate or the second evaluation that the case asks for. A proof is handed out only once it was
//! checked in that database.
//!
//! At the level `proof` nothing but proofs is checked: what is read is the engine's word, a proof may rest on no absence of
//! what rules derive, and nobody may be told *allow* (`verdict`).
//!
//! INVARIANT: nothing that leaves here was not checked, as far as the level goes.

use crate::case::{Case, Failure};
use crate::footing::{Facts, Standing};
use crate::worlds::{Given, Worlds, inputs, worlds};
use engine::{Delta, Demand, Engine, Fault, Foundation, Hypothesis};
use evidence::Assurance;
use program::{Program, Reading, RelationId, Term, Tuple, Value};
use proof::{Database, Difference, Flaw, Inputs, Lawful, Proof, Side};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The worlds of a case, checked.
pub(crate) struct Settled<'a> {
    pub program: &'a Program,
    pub case: &'a Case<'a>,
    pub worlds: &'a Worlds,
    /// The program that runs, where it is one made for what is asked.
    demand: Option<&'a Demand>,
    engine: &'a Engine<'a>,
    hypothesis: &'a Hypothesis<'a>,
    checked: Checked<'a>,
    /// Some proof rests on an absence that no proof shows.
    open: Cell<bool>,
    /// The positions of the actions of each id.
    positions: BTreeMap<&'a str, Vec<usize>>,
    /// By relation, of the world before and of the world after.
    rows: [Vec<OnceCell<Vec<Tuple>>>; 2],
    tables: RefCell<BTreeMap<(Side, RelationId, usize), Rc<Rows>>>,
}

/// Against what a proof is checked.
pub(crate) enum Checked<'a> {
    /// All that holds.
    Database(Box<Database>),
    /// All that is given; what holds is the engine's word.
    Given(Lawful<'a>, Inputs),
}

/// The rows of each value of a column.
type Rows = BTreeMap<Value, Vec<usize>>;

/// Derives and checks the worlds of `case`, and hands them to `then`.
pub(crate) fn settle<T>(case: &Case<'_>, then: impl FnOnce(&Settled<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut worlds = worlds(case)?;
    let before = std::mem::take(&mut worlds.before);
    settled(case, &worlds, before, &worlds.delta, None, then)
}

/// The same of what a question rests on: nothing else is derived, or read, or claimed by a certificate.
///
/// - `demand`: its goals say nothing of any column. Of a relation that it derives in part `then` sees nothing but what is
///   given; no proof rests on one.
pub(crate) fn settle_for<T>(
    case: &Case<'_>,
    demand: &Demand,
    then: impl FnOnce(&Settled<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // What was derived for others is there already.
    if case.footing.is_some() {
        return settle(case, then);
    }
    let mut worlds = worlds(case)?;
    let before = std::mem::take(&mut worlds.before);
    let (before, delta) = read(demand, before, &worlds.delta);
    settled(case, &worlds, before, &delta, Some(demand), then)
}

/// What a demand reads of what is given.
pub(crate) fn read(demand: &Demand, mut before: Facts, delta: &Delta) -> (Facts, Delta) {
    before.retain(|relation, _| demand.reads(*relation));
    let own = |tuples: &[Given]| tuples.iter().filter(|(relation, _)| demand.reads(*relation)).cloned().collect();
    (before, Delta { added: own(&delta.added), removed: own(&delta.removed) })
}

/// A case of which another program runs; its facts stand elsewhere.
pub(crate) fn running<'c>(case: &Case<'c>, program: &Arc<Program>) -> Case<'c> {
    Case {
        program: program.clone(),
        facts: Vec::new(),
        change: case.change.clone(),
        actor: None,
        session: None,
        now: case.now,
        model: case.model.clone(),
        sources: Vec::new(),
        limits: case.limits,
        assurance: case.assurance,
        build: String::new(),
        prior: None,
        lapsed: Vec::new(),
        footing: None,
    }
}

fn settled<T>(
    case: &Case<'_>,
    worlds: &Worlds,
    before: Facts,
    delta: &Delta,
    demand: Option<&Demand>,
    then: impl FnOnce(&Settled<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let other = demand.map(|demand| running(case, demand.program()));
    let runs = other.as_ref().unwrap_or(case);
    let standing = Standing::of(runs, &before)?;
    let hypothesis = standing.engine.open(delta).map_err(fault)?;
    let checked = checked(runs, &standing, before, delta, &hypothesis)?;
    let mut positions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, action) in case.change.actions.iter().enumerate() {
        positions.entry(&action.id).or_default().push(position);
    }
    let (program, engine, hypothesis) = (&*case.program, &standing.engine, &hypothesis);
    let rows = [0, 1].map(|_| runs.program.relations.iter().map(|_| OnceCell::new()).collect());
    let (open, tables) = (Cell::new(false), RefCell::default());
    then(&Settled { program, case, worlds, demand, engine, hypothesis, checked, open, positions, rows, tables })
}

/// Checks what the engine says, as much as the case asks for.
pub(crate) fn checked<'a>(
    case: &'a Case<'_>,
    standing: &Standing<'_>,
    before: Facts,
    delta: &Delta,
    hypothesis: &Hypothesis<'_>,
) -> Result<Checked<'a>, Failure> {
    let program = &*case.program;
    if case.assurance == Assurance::DeltaCertificate {
        let model = standing.certified(case, &before, hypothesis)?;
        let (gained, lost) = hypothesis.difference();
        let Delta { added, removed } = delta.clone();
        let change = Difference { added, removed, gained, lost };
        let database = proof::certify_change(program, &model, &change).map_err(flaw)?;
        return Ok(Checked::Database(Box::new(database)));
    }
    let inputs = inputs(before, delta);
    let database = match case.assurance {
        Assurance::Proof => return Ok(Checked::Given(proof::lawful(program).map_err(flaw)?, inputs)),
        Assurance::Replay => replayed(case, &inputs, hypothesis)?,
        Assurance::DeltaCertificate | Assurance::Certificate => {
            proof::certify(program, &inputs, &hypothesis.certificate()).map_err(flaw)?
        }
    };
    Ok(Checked::Database(Box::new(database)))
}

/// What the second evaluation says, once it is what the engine says, relation by relation.
fn replayed(case: &Case<'_>, inputs: &Inputs, hypothesis: &Hypothesis<'_>) -> Result<Database, Failure> {
    let database = proof::meaning(&case.program, inputs, case.limits.tuples).map_err(flaw)?;
    for (id, relation) in (0..).map(RelationId).zip(&case.program.relations) {
        for side in Side::BOTH {
            if !database.tuples(side, id).iter().eq(&hypothesis.tuples(side, id)) {
                let (name, world) = (&relation.name, side.name());
                let what = format!("a second evaluation gives other tuples of `{name}` in the world {world}");
                return Err(Failure::Bug(what));
            }
        }
    }
    Ok(database)
}

impl Checked<'_> {
    /// Checks a proof of `program`, which runs.
    ///
    /// - returns: whether it rests on nothing that is not shown.
    pub(crate) fn check(&self, program: &Program, proof: &Proof) -> Result<bool, Failure> {
        match self {
            Checked::Database(database) => proof::check_in(program, database, proof).map(|_| true).map_err(flaw),
            Checked::Given(program, inputs) => Ok(proof::check(*program, inputs, proof).map_err(flaw)?.done().is_ok()),
        }
    }

    /// The tuples that match, in order; `None` is any value.
    ///
    /// - `world`: what was checked.
    pub(crate) fn matching(
        &self,
        world: &Hypothesis<'_>,
        side: Side,
        relation: RelationId,
        pattern: &[Option<Value>],
    ) -> Vec<Tuple> {
        match self {
            Checked::Database(database) => database.matching(side, relation, pattern).into_iter().collect(),
            Checked::Given(..) => {
                let term = |value: &Option<Value>| value.clone().map_or(Term::Any, Term::Constant);
                world.matching(side, relation, &pattern.iter().map(term).collect::<Vec<_>>())
            }
        }
    }
}

impl Settled<'_> {
    /// The tuples of a relation, in order.
    pub(crate) fn tuples(&self, side: Side, relation: RelationId) -> BTreeSet<&Tuple> {
        self.rows(side, relation).iter().collect()
    }

    /// The tuples of a relation in either world.
    pub(crate) fn either(&self, relation: RelationId) -> BTreeSet<&Tuple> {
        let mut tuples = self.tuples(Side::Before, relation);
        tuples.extend(self.tuples(Side::After, relation));
        tuples
    }

    /// The tuples that match, in order; `None` is any value.
    pub(crate) fn matching(&self, side: Side, relation: RelationId, pattern: &[Option<Value>]) -> Vec<Tuple> {
        let all = self.rows(side, relation);
        let known = pattern.iter().enumerate().filter_map(|(column, value)| Some((column, value.as_ref()?)));
        let indexes: Vec<(Rc<Rows>, &Value)> =
            known.map(|(column, value)| (self.column(side, relation, column), value)).collect();
        let fewest = indexes
            .iter()
            .map(|(rows, value)| rows.get(value).map(Vec::as_slice).unwrap_or_default())
            .min_by_key(|rows| rows.len());
        let fits = |tuple: &&Tuple| {
            pattern.iter().zip(*tuple).all(|(wanted, value)| wanted.as_ref().is_none_or(|w| w == value))
        };
        match fewest {
            Some(rows) => rows.iter().map(|row| &all[*row]).filter(fits).cloned().collect(),
            None => all.to_vec(),
        }
    }

    /// The tuples of a relation, in order.
    fn rows(&self, side: Side, relation: RelationId) -> &[Tuple] {
        let at = usize::from(side == Side::After);
        self.rows[at][relation.0 as usize].get_or_init(|| match &self.checked {
            Checked::Database(database) => database.tuples(side, relation).into_iter().collect(),
            Checked::Given(..) => self.hypothesis.tuples(side, relation),
        })
    }

    fn column(&self, side: Side, relation: RelationId, column: usize) -> Rc<Rows> {
        let made = || {
            let mut rows = Rows::new();
            for (row, tuple) in self.rows(side, relation).iter().enumerate() {
                rows.entry(tuple[column].clone()).or_default().push(row);
            }
            Rc::new(rows)
        };
        self.tables.borrow_mut().entry((side, relation, column)).or_insert_with(made).clone()
    }

    /// How much was checked of what was handed out; nothing where a proof rests on an absence that nothing shows.
    pub(crate) fn shown(&self) -> Option<Assurance> {
        (!self.open.get()).then_some(self.case.assurance)
    }

    /// The positions of the actions of that id.
    pub(crate) fn positions(&self, id: &str) -> &[usize] {
        self.positions.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// What another change would make of the same world before: the engine's word, which nothing checked.
    pub(crate) fn suppose(&self, delta: &Delta) -> Result<Hypothesis<'_>, Failure> {
        self.engine.open(delta).map_err(fault)
    }

    /// Whether a fact gives the tuple in the world after.
    pub(crate) fn is_given(&self, relation: RelationId, tuple: &Tuple) -> bool {
        match &self.checked {
            Checked::Database(database) => database.gives(Side::After, relation, tuple),
            Checked::Given(_, inputs) => inputs.has(Side::After, relation, tuple),
        }
    }

    /// Whether a tuple holds.
    pub(crate) fn holds(&self, side: Side, relation: RelationId, tuple: &[Value]) -> bool {
        match &self.checked {
            Checked::Database(database) => database.holds(side, relation, tuple),
            Checked::Given(..) => self.hypothesis.holds(side, relation, tuple),
        }
    }

    /// The proof of a tuple that holds, checked.
    pub(crate) fn prove(&self, side: Side, relation: RelationId, tuple: &Tuple) -> Result<Proof, Failure> {
        let name = || crate::words::tuple(self.program, relation, tuple);
        let proof = self.hypothesis.prove(side, relation, tuple).map_err(fault)?;
        let proof = proof.ok_or_else(|| Failure::Bug(format!("no proof was found of {}, which holds", name())))?;
        let proof = self.demand.map_or(Some(proof.clone()), |demand| demand.told(&proof));
        let proof = proof.ok_or_else(|| Failure::Bug(format!("the proof of {} rests on another program", name())))?;
        self.check(&proof)?;
        match proof.root() {
            Some(root) if (root.side, root.relation, &root.tuple) == (side, relation, tuple) => Ok(proof),
            _ => Err(Failure::Bug(format!("the proof of {} proves something else", name()))),
        }
    }

    /// All that a tuple that holds may rest on: the engine's word. Nothing past `most`.
    pub(crate) fn foundation(
        &self,
        side: Side,
        relation: RelationId,
        tuple: &Tuple,
        most: usize,
    ) -> Result<Option<Foundation>, Failure> {
        match self.demand {
            Some(_) => Err(Failure::Bug(String::from("what a tuple rests on is asked of a part of the program"))),
            None => self.hypothesis.foundation(side, relation, tuple, most).map_err(fault),
        }
    }

    /// Checks a proof, whoever found it.
    pub(crate) fn check(&self, proof: &Proof) -> Result<(), Failure> {
        let stranger = || Failure::Bug(String::from("a proof rests on rules that were left out"));
        let own = self.demand.map(|demand| demand.meant(proof).ok_or_else(stranger)).transpose()?;
        let program = self.demand.map_or(self.program, |demand| demand.program());
        let is_whole = self.checked.check(program, own.as_ref().unwrap_or(proof))?;
        self.open.set(self.open.get() || !is_whole);
        Ok(())
    }

    /// A relation of the standard library that a verdict rests on.
    pub(crate) fn law(&self, name: &str) -> Result<RelationId, Failure> {
        let missing = || Failure::Bug(format!("the program has no relation `{name}`, on which every verdict rests"));
        self.program.find(name).ok_or_else(missing)
    }

    /// The possible reading of a relation; itself where it has one reading.
    pub(crate) fn possible(&self, relation: RelationId) -> RelationId {
        possible(self.program, relation)
    }
}

/// The possible reading of a relation; itself where it has one reading.
pub(crate) fn possible(program: &Program, relation: RelationId) -> RelationId {
    match program.relation(relation).reading {
        Reading::Sure(possible) => possible,
        Reading::Only | Reading::Possible(_) => relation,
    }
}

/// A fault of the engine: a limit, or its mistake.
pub(crate) fn fault(fault: Fault) -> Failure {
    match fault {
        Fault::Tuples { .. } | Fault::Bytes { .. } | Fault::Stopped => Failure::Limit(fault.to_string()),
        Fault::Shape { .. } | Fault::NoInt { .. } | Fault::Unfounded { .. } => Failure::Bug(fault.to_string()),
    }
}

pub(crate) fn flaw(flaw: Flaw) -> Failure {
    match flaw {
        Flaw::Limit { .. } => Failure::Limit(flaw.to_string()),
        Flaw::Program { .. } | Flaw::Input { .. } | Flaw::Step { .. } | Flaw::Certificate { .. } => {
            Failure::Bug(format!("a check refused the engine's answer: {flaw}"))
        }
    }
}
