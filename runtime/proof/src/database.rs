//! What holds in the two worlds: exactly the least model, no more and no less.
//!
//! INVARIANT: only [`crate::meaning`], [`crate::certify`] and its kin hand out a [`Database`], so to have one is to know
//! it complete.

use crate::flaw::{Flaw, shown};
use crate::table::Table;
use crate::{Certificate, Claimed, Side};
use program::{Program, RelationId, Scope, Tuple, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every tuple that holds, of every relation, in both worlds; of a model version in the world before alone.
#[derive(Clone, Debug)]
pub struct Database {
    /// By relation. A relation that is the same in both worlds has one table.
    pub(crate) before: Vec<Arc<Table>>,
    /// The same; none where there is no change.
    pub(crate) after: Vec<Arc<Table>>,
    /// How many relations and rules its program has.
    size: (usize, usize),
}

impl Database {
    /// Whether a tuple holds.
    pub fn holds(&self, side: Side, relation: RelationId, tuple: &[Value]) -> bool {
        self.find(side, relation).is_some_and(|table| table.holds(&tuple.to_vec()))
    }

    /// Whether a fact gives the tuple.
    pub fn gives(&self, side: Side, relation: RelationId, tuple: &[Value]) -> bool {
        self.find(side, relation).and_then(|table| table.get(&tuple.to_vec())).is_some_and(|(_, height)| height == 0)
    }

    /// The tuples of a relation, in order.
    pub fn tuples(&self, side: Side, relation: RelationId) -> BTreeSet<&Tuple> {
        self.find(side, relation).into_iter().flat_map(Table::held).collect()
    }

    /// The tuples of a relation that match, in order; `None` is any value.
    pub fn matching(&self, side: Side, relation: RelationId, pattern: &[Option<Value>]) -> BTreeSet<&Tuple> {
        let table = self.find(side, relation).into_iter();
        if let Some(whole) = pattern.iter().cloned().collect::<Option<Tuple>>() {
            return table.filter(|table| table.holds(&whole)).filter_map(|table| Some(table.get(&whole)?.0)).collect();
        }
        table.flat_map(Table::held).filter(|tuple| fits(pattern, tuple)).collect()
    }

    /// What is derived and not given, steps too, with heights, sorted: a certificate of this very database.
    pub fn certificate(&self) -> Certificate {
        let claims = |(relation, table): (RelationId, &Arc<Table>)| -> Vec<Claimed> {
            let derived: BTreeMap<&Tuple, u32> = table.rows().filter(|(_, height)| *height > 0).collect();
            derived.into_iter().map(|(tuple, height)| Claimed { relation, tuple: tuple.clone(), height }).collect()
        };
        let side = |tables: &[Arc<Table>]| (0..).map(RelationId).zip(tables).flat_map(claims).collect();
        Certificate { before: side(&self.before), after: side(&self.after) }
    }

    /// Refuses a program that this cannot be the database of.
    pub(crate) fn is_of(&self, program: &Program) -> Result<(), Flaw> {
        match self.size == (program.relations.len(), program.rules.len()) {
            true => Ok(()),
            false => Err(Flaw::Program { rule: None, what: String::from("the database is of another program") }),
        }
    }

    fn find(&self, side: Side, relation: RelationId) -> Option<&Table> {
        self.side(side).get(relation.0 as usize).map(Arc::as_ref)
    }

    fn side(&self, side: Side) -> &[Arc<Table>] {
        side.of(&self.before, &self.after)
    }

    /// The given and the claimed tuples of the world before together, not yet known to be complete.
    ///
    /// # Flaws
    /// A relation that does not exist or has another width, a change-scoped one in the world before, a claim that is
    /// given or stands twice, or that has height 0.
    pub(crate) fn of(
        program: &Program,
        given: &BTreeMap<RelationId, BTreeSet<Tuple>>,
        claims: &[Claimed],
    ) -> Result<Database, Flaw> {
        let mut before: Vec<Arc<Table>> = program.relations.iter().map(|of| Arc::new(Table::of(of))).collect();
        let given = given.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple)));
        fill(program, Side::Before, &mut before, given, claims)?;
        Ok(Database { before, after: Vec::new(), size: (program.relations.len(), program.rules.len()) })
    }

    /// Adds the world after in the same way, relation by relation the same table where it says the same.
    pub(crate) fn then(
        &mut self,
        program: &Program,
        given: &BTreeMap<RelationId, BTreeSet<Tuple>>,
        claims: &[Claimed],
    ) -> Result<(), Flaw> {
        self.after = program.relations.iter().map(|of| Arc::new(Table::of(of))).collect();
        let given = given.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple)));
        fill(program, Side::After, &mut self.after, given, claims)?;
        let same = self.after.iter_mut().zip(&self.before).filter(|(after, before)| after.is_same(before));
        same.for_each(|(after, before)| *after = before.clone());
        Ok(())
    }

    pub(crate) fn table(&self, side: Side, relation: RelationId) -> &Table {
        &self.side(side)[relation.0 as usize]
    }

    /// Adds a tuple; returns whether it was new and is not beaten.
    pub(crate) fn insert(&mut self, side: Side, relation: RelationId, tuple: Tuple, height: u32) -> bool {
        let table = self.table(side, relation);
        table.get(&tuple).is_none() && !table.beats(&tuple) && self.table_mut(side, relation).insert(tuple, height)
    }

    fn table_mut(&mut self, side: Side, relation: RelationId) -> &mut Table {
        let tables = side.of(&mut self.before, &mut self.after);
        Arc::make_mut(&mut tables[relation.0 as usize])
    }

    /// Makes the tuples of a relation findable by `columns`, in both worlds.
    pub(crate) fn index(&mut self, relation: RelationId, columns: &[usize]) {
        let at = relation.0 as usize;
        let same = !self.after.is_empty() && self.unchanged(relation);
        if same {
            self.after[at] = Arc::default();
        }
        for tables in [&mut self.before, &mut self.after] {
            if let Some(table) = tables.get_mut(at).filter(|table| !table.is_indexed(columns)) {
                Arc::make_mut(table).index(columns);
            }
        }
        if same {
            self.after[at] = self.before[at].clone();
        }
    }

    /// Whether the relation is known to be the same in both worlds, heights included.
    pub(crate) fn unchanged(&self, relation: RelationId) -> bool {
        Arc::ptr_eq(&self.before[relation.0 as usize], &self.after[relation.0 as usize])
    }
}

/// Adds given and claimed tuples to the tables of a world.
pub(crate) fn fill<'t>(
    program: &Program,
    side: Side,
    tables: &mut [Arc<Table>],
    given: impl IntoIterator<Item = (RelationId, &'t Tuple)>,
    claims: &[Claimed],
) -> Result<(), Flaw> {
    for (relation, tuple) in given {
        admit(program, side, relation, tuple).map_err(|what| Flaw::Input { what })?;
        let table = Arc::make_mut(&mut tables[relation.0 as usize]);
        if !table.insert(tuple.clone(), 0) && table.get(tuple).is_some_and(|(_, height)| height > 0) {
            let what = format!("{} is given, and claimed to be derived", shown(program, relation, tuple));
            return Err(Flaw::Certificate { side, rule: None, what });
        }
    }
    for Claimed { relation, tuple, height } in claims {
        let refuse = |what: String| Flaw::Certificate { side, rule: None, what };
        admit(program, side, *relation, tuple).map_err(refuse)?;
        let table = Arc::make_mut(&mut tables[relation.0 as usize]);
        if *height == 0 || !table.insert(tuple.clone(), *height) {
            let what = format!("{} is claimed twice, given, or of height 0", shown(program, *relation, tuple));
            return Err(refuse(what));
        }
    }
    Ok(())
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
