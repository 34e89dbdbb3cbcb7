//! Both worlds of a case, derived by the engine and certified: what everything else reads.
//!
//! The engine derives and finds proofs; what is *read* is the database that `proof` hands out once the engine's
//! certificate stands. A proof is handed out only once it was checked in that database.
//!
//! INVARIANT: nothing that leaves here was not checked.

use crate::case::{Case, Failure};
use crate::worlds::{Worlds, worlds};
use engine::{Engine, Fault, Hypothesis};
use program::{Program, Reading, RelationId, Tuple, Value};
use proof::{Database, Flaw, Inputs, Proof, Side};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The worlds of a case, certified.
pub(crate) struct Settled<'a> {
    pub program: &'a Program,
    pub case: &'a Case<'a>,
    pub worlds: &'a Worlds,
    hypothesis: &'a Hypothesis<'a>,
    database: Database,
    /// The positions of the actions of each id.
    positions: BTreeMap<&'a str, Vec<usize>>,
    tables: RefCell<BTreeMap<(Side, RelationId), Rc<Table>>>,
}

/// The tuples of a relation, in order, and for columns that were asked about the rows of each value.
struct Table {
    rows: Vec<Tuple>,
    columns: RefCell<BTreeMap<usize, Rc<Rows>>>,
}

/// The rows of each value of a column.
type Rows = BTreeMap<Value, Vec<usize>>;

/// Derives and certifies the worlds of `case`, and hands them to `then`.
pub(crate) fn settle<T>(case: &Case<'_>, then: impl FnOnce(&Settled<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut worlds = worlds(case)?;
    let before = std::mem::take(&mut worlds.before);
    let given = before.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple.clone())));
    let engine = Engine::load(case.program.clone(), given, case.limits).map_err(fault)?;
    let mut inputs = Inputs { after: before.clone(), before };
    for (relation, tuple) in &worlds.delta.removed {
        inputs.after.get_mut(relation).map(|tuples| tuples.remove(tuple));
    }
    for (relation, tuple) in &worlds.delta.added {
        inputs.give(Side::After, *relation, tuple.clone());
    }
    let hypothesis = engine.open(&worlds.delta).map_err(fault)?;
    let database = proof::certify(&case.program, &inputs, &hypothesis.certificate()).map_err(flaw)?;
    let mut positions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, action) in case.change.actions.iter().enumerate() {
        positions.entry(&action.id).or_default().push(position);
    }
    let (program, worlds, hypothesis) = (&*case.program, &worlds, &hypothesis);
    then(&Settled { program, case, worlds, hypothesis, database, positions, tables: RefCell::default() })
}

impl Settled<'_> {
    /// The tuples of a relation, in order.
    pub(crate) fn tuples(&self, side: Side, relation: RelationId) -> BTreeSet<&Tuple> {
        self.database.tuples(side, relation)
    }

    /// The tuples of a relation in either world.
    pub(crate) fn either(&self, relation: RelationId) -> BTreeSet<&Tuple> {
        let mut tuples = self.tuples(Side::Before, relation);
        tuples.extend(self.tuples(Side::After, relation));
        tuples
    }

    /// The tuples that match, in order; `None` is any value.
    pub(crate) fn matching(&self, side: Side, relation: RelationId, pattern: &[Option<Value>]) -> Vec<Tuple> {
        let table = self.table(side, relation);
        let known = pattern.iter().enumerate().filter_map(|(column, value)| Some((column, value.as_ref()?)));
        let indexes: Vec<(Rc<Rows>, &Value)> = known.map(|(column, value)| (table.column(column), value)).collect();
        let fewest = indexes
            .iter()
            .map(|(rows, value)| rows.get(value).map(Vec::as_slice).unwrap_or_default())
            .min_by_key(|rows| rows.len());
        let fits = |tuple: &&Tuple| {
            pattern.iter().zip(*tuple).all(|(wanted, value)| wanted.as_ref().is_none_or(|w| w == value))
        };
        match fewest {
            Some(rows) => rows.iter().map(|row| &table.rows[*row]).filter(fits).cloned().collect(),
            None => table.rows.clone(),
        }
    }

    fn table(&self, side: Side, relation: RelationId) -> Rc<Table> {
        let made = || {
            let rows = self.database.tuples(side, relation).into_iter().cloned().collect();
            Rc::new(Table { rows, columns: RefCell::default() })
        };
        self.tables.borrow_mut().entry((side, relation)).or_insert_with(made).clone()
    }

    /// The positions of the actions of that id.
    pub(crate) fn positions(&self, id: &str) -> &[usize] {
        self.positions.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a tuple holds.
    pub(crate) fn holds(&self, side: Side, relation: RelationId, tuple: &[Value]) -> bool {
        self.database.holds(side, relation, tuple)
    }

    /// The proof of a tuple that holds, checked.
    pub(crate) fn prove(&self, side: Side, relation: RelationId, tuple: &Tuple) -> Result<Proof, Failure> {
        let name = || crate::words::tuple(self.program, relation, tuple);
        let proof = self.hypothesis.prove(side, relation, tuple).map_err(fault)?;
        let proof = proof.ok_or_else(|| Failure::Bug(format!("no proof was found of {}, which holds", name())))?;
        proof::check_in(self.program, &self.database, &proof).map_err(flaw)?;
        match proof.root() {
            Some(root) if (root.side, root.relation, &root.tuple) == (side, relation, tuple) => Ok(proof),
            _ => Err(Failure::Bug(format!("the proof of {} proves something else", name()))),
        }
    }

    /// A relation of the standard library that a verdict rests on.
    pub(crate) fn law(&self, name: &str) -> Result<RelationId, Failure> {
        let missing = || Failure::Bug(format!("the program has no relation `{name}`, on which every verdict rests"));
        self.program.find(name).ok_or_else(missing)
    }

    /// The possible reading of a relation; itself where it has one reading.
    pub(crate) fn possible(&self, relation: RelationId) -> RelationId {
        match self.program.relation(relation).reading {
            Reading::Sure(possible) => possible,
            Reading::Only | Reading::Possible(_) => relation,
        }
    }
}

impl Table {
    fn column(&self, column: usize) -> Rc<Rows> {
        let made = || {
            let mut rows = Rows::new();
            for (row, tuple) in self.rows.iter().enumerate() {
                rows.entry(tuple[column].clone()).or_default().push(row);
            }
            Rc::new(rows)
        };
        self.columns.borrow_mut().entry(column).or_insert_with(made).clone()
    }
}

/// A fault of the engine: a limit, or its mistake.
fn fault(fault: Fault) -> Failure {
    match fault {
        Fault::Tuples { .. } | Fault::Bytes { .. } | Fault::Stopped => Failure::Limit(fault.to_string()),
        Fault::Shape { .. } | Fault::NoInt { .. } | Fault::Unfounded { .. } => Failure::Bug(fault.to_string()),
    }
}

fn flaw(flaw: Flaw) -> Failure {
    Failure::Bug(format!("a check refused the engine's answer: {flaw}"))
}
