//! What holds in the two worlds: exactly the least model, no more and no less.
//!
//! INVARIANT: only [`crate::meaning`], [`crate::certify`] and its kin hand out a [`Database`], so to have one is to know
//! it complete.

use crate::flaw::{Flaw, shown};
use crate::table::Table;
use crate::values::{Row, Values};
use crate::{Claimed, Side};
use program::{Program, RelationId, Scope, Tuple, Value};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every tuple that holds, of every relation, in both worlds; of a model version in the world before alone.
#[derive(Clone, Debug)]
pub struct Database {
    pub(crate) values: Arc<Values>,
    /// By relation. A relation that is the same in both worlds has one table.
    pub(crate) before: Vec<Arc<Table>>,
    /// The same.
    pub(crate) after: Vec<Arc<Table>>,
    /// How many relations and rules its program has.
    pub(crate) size: (usize, usize),
}

impl Database {
    /// Whether a tuple holds.
    pub fn holds(&self, side: Side, relation: RelationId, tuple: &[Value]) -> bool {
        self.find(side, relation, tuple).is_some_and(|(table, row, _)| !table.beats(&self.values, &row))
    }

    /// Whether a fact gives the tuple.
    pub fn gives(&self, side: Side, relation: RelationId, tuple: &[Value]) -> bool {
        self.find(side, relation, tuple).is_some_and(|(_, _, height)| height == 0)
    }

    /// The tuples of a relation, in order.
    pub fn tuples(&self, side: Side, relation: RelationId) -> BTreeSet<Tuple> {
        let table = self.side(side).get(relation.0 as usize);
        table.map(|table| self.held(table, table.rows())).unwrap_or_default()
    }

    /// The tuples of a relation that match, in order; `None` is any value.
    pub fn matching(&self, side: Side, relation: RelationId, pattern: &[Option<Value>]) -> BTreeSet<Tuple> {
        let known: Vec<usize> = (0..pattern.len()).filter(|column| pattern[*column].is_some()).collect();
        let key: Option<Row> = pattern.iter().flatten().map(|value| self.values.number(value)).collect();
        let table = self.side(side).get(relation.0 as usize).filter(|table| table.width == pattern.len());
        let found = table.zip(key).map(|(table, key)| self.held(table, table.matching(&known, &key)));
        found.unwrap_or_default()
    }

    fn held<'t>(&self, table: &Table, rows: impl Iterator<Item = (&'t Row, u32)>) -> BTreeSet<Tuple> {
        rows.filter(|(row, _)| !table.beats(&self.values, row)).map(|(row, _)| self.values.tuple(row)).collect()
    }

    /// What of a relation is derived and not given, steps too, each tuple with its height.
    pub fn derived(&self, side: Side, relation: RelationId) -> BTreeMap<Tuple, u32> {
        let rows = self.table(side, relation).rows().filter(|(_, height)| *height > 0);
        rows.map(|(row, height)| (self.values.tuple(row), height)).collect()
    }

    /// Refuses a program that this cannot be the database of.
    pub(crate) fn is_of(&self, program: &Program) -> Result<(), Flaw> {
        let same = self.size == (program.relations.len(), program.rules.len());
        let other = || Flaw::Program { rule: None, what: String::from("the database is of another program") };
        same.then_some(()).ok_or_else(other)
    }

    pub(crate) fn find(&self, side: Side, relation: RelationId, tuple: &[Value]) -> Option<(&Table, Row, u32)> {
        let (table, row) = (self.side(side).get(relation.0 as usize)?, self.values.row(tuple)?);
        let (_, height) = table.get(&row)?;
        Some((table, row, height))
    }

    fn side(&self, side: Side) -> &[Arc<Table>] {
        side.of(&self.before, &self.after)
    }

    pub(crate) fn table(&self, side: Side, relation: RelationId) -> &Table {
        &self.side(side)[relation.0 as usize]
    }

    /// Nothing holds, in either world.
    pub(crate) fn empty(program: &Program) -> Database {
        let tables = || program.relations.iter().map(|of| Arc::new(Table::of(of))).collect();
        let size = (program.relations.len(), program.rules.len());
        Database { values: Arc::default(), before: tables(), after: tables(), size }
    }

    /// Adds given and claimed tuples to a world, not yet known to be complete.
    ///
    /// # Flaws
    /// A relation that does not exist or has another width, a change-scoped one in the world before, a claim that is
    /// given or stands twice, or that has height 0.
    pub(crate) fn fill<'t>(
        &mut self,
        program: &Program,
        side: Side,
        given: impl IntoIterator<Item = (RelationId, &'t Tuple)>,
        claims: &[Claimed],
    ) -> Result<(), Flaw> {
        let values = Arc::make_mut(&mut self.values);
        let tables = side.of(&mut self.before, &mut self.after);
        for (relation, tuple) in given {
            admit(program, side, relation, tuple).map_err(|what| Flaw::Input { what })?;
            let (table, row) = (own(&mut tables[relation.0 as usize], values), values.add_row(tuple));
            if table.get(&row).is_some_and(|(_, height)| height > 0) {
                let what = format!("{} is given, and claimed to be derived", shown(program, relation, tuple));
                return Err(Flaw::Certificate { side, rule: None, what });
            }
            table.insert(values, row, 0);
        }
        for Claimed { relation, tuple, height } in claims {
            let refuse = |what: String| Flaw::Certificate { side, rule: None, what };
            admit(program, side, *relation, tuple).map_err(refuse)?;
            let (table, row) = (own(&mut tables[relation.0 as usize], values), values.add_row(tuple));
            if *height == 0 || !table.insert(values, row, *height) {
                let what = format!("{} is claimed twice, given, or of height 0", shown(program, *relation, tuple));
                return Err(refuse(what));
            }
        }
        Ok(())
    }

    /// Makes relation by relation one table of two that were filled and say the same.
    pub(crate) fn share(&mut self) {
        let same = self.after.iter_mut().zip(&self.before).filter(|(after, before)| after.rows == before.rows);
        same.for_each(|(after, before)| *after = before.clone());
    }

    /// Adds a tuple; returns whether it was new and is not beaten.
    pub(crate) fn insert(&mut self, side: Side, relation: RelationId, tuple: &[Value], height: u32) -> bool {
        let values = Arc::make_mut(&mut self.values);
        let table = &mut side.of(&mut self.before, &mut self.after)[relation.0 as usize];
        let row = values.add_row(tuple);
        table.get(&row).is_none() && !table.beats(values, &row) && own(table, values).insert(values, row, height)
    }

    /// Whether the relation is known to be the same in both worlds, heights included.
    pub(crate) fn unchanged(&self, relation: RelationId) -> bool {
        Arc::ptr_eq(&self.before[relation.0 as usize], &self.after[relation.0 as usize])
    }
}

/// The tuples, each with its relation.
pub(crate) fn pairs(given: &BTreeMap<RelationId, BTreeSet<Tuple>>) -> impl Iterator<Item = (RelationId, &Tuple)> {
    given.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple)))
}

/// The table, which nobody else reads: one laid over it where somebody does.
fn own<'t>(table: &'t mut Arc<Table>, values: &Values) -> &'t mut Table {
    if Arc::get_mut(table).is_none() {
        *table = Arc::new(Table::over(table, FxHashSet::default(), values));
    }
    Arc::get_mut(table).expect("bug: a new table is nobody else's")
}

/// Whether the values of `pattern` stand in `tuple`.
pub(crate) fn fits(pattern: &[Option<Value>], tuple: &[Value]) -> bool {
    pattern.len() == tuple.len()
        && pattern.iter().zip(tuple).all(|(wanted, value)| wanted.as_ref().is_none_or(|w| w == value))
}

/// Says what is wrong with a tuple that is given or claimed.
pub(crate) fn admit(program: &Program, side: Side, relation: RelationId, tuple: &[Value]) -> Result<(), String> {
    let Some(known) = program.relations.get(relation.0 as usize) else {
        return Err(format!("there is no relation {}", relation.0));
    };
    if known.columns.len() != tuple.len() {
        return Err(format!("{} has {} columns", shown(program, relation, tuple), known.columns.len()));
    }
    if known.lattice().is_some_and(|(column, _)| !matches!(tuple[column], Value::Int(_))) {
        return Err(format!("{} has no int in its lattice column", shown(program, relation, tuple)));
    }
    if known.scope == Scope::Change && side == Side::Before {
        return Err(format!("{} is part of a change and cannot hold before it", shown(program, relation, tuple)));
    }
    Ok(())
}
