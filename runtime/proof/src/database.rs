//! What holds in the two worlds: exactly the least model, no more and no less.
//!
//! INVARIANT: only [`crate::meaning`] and [`crate::certify`] hand out a [`Database`], so to have one is to know it complete.

use crate::flaw::{Flaw, shown};
use crate::table::Table;
use crate::{Certificate, Claimed, Inputs, Side};
use program::{Program, RelationId, Scope, Tuple, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Every tuple that holds, of every relation, in both worlds.
#[derive(Clone, Debug)]
pub struct Database {
    /// By relation. A relation that is the same in both worlds has one table.
    before: Vec<Arc<Table>>,
    after: Vec<Arc<Table>>,
    /// How many relations and rules its program has.
    size: (usize, usize),
}

impl Database {
    /// Whether a tuple holds.
    pub fn holds(&self, side: Side, relation: RelationId, tuple: &[Value]) -> bool {
        self.find(side, relation).is_some_and(|table| table.holds(tuple).is_some())
    }

    /// Whether a fact gives the tuple.
    pub fn gives(&self, side: Side, relation: RelationId, tuple: &[Value]) -> bool {
        self.find(side, relation).and_then(|table| table.get(tuple)).is_some_and(|row| row.height == 0)
    }

    /// The tuples of a relation, in order.
    pub fn tuples(&self, side: Side, relation: RelationId) -> BTreeSet<&Tuple> {
        self.find(side, relation).into_iter().flat_map(Table::held).map(|row| &row.tuple).collect()
    }

    /// The tuples of a relation that match, in order; `None` is any value.
    pub fn matching(&self, side: Side, relation: RelationId, pattern: &[Option<Value>]) -> BTreeSet<&Tuple> {
        let table = self.find(side, relation).into_iter();
        if let Some(whole) = pattern.iter().cloned().collect::<Option<Tuple>>() {
            return table.filter_map(|table| table.holds(&whole)).map(|row| &row.tuple).collect();
        }
        table.flat_map(Table::held).map(|row| &row.tuple).filter(|tuple| fits(pattern, tuple)).collect()
    }

    /// What is derived and not given, steps too, with heights, sorted: a certificate of this very database.
    pub fn certificate(&self) -> Certificate {
        let side = |tables: &[Arc<Table>]| {
            let mut claimed = Vec::new();
            for (relation, table) in (0..).map(RelationId).zip(tables) {
                let rows: BTreeSet<_> =
                    table.rows().filter(|row| row.height > 0).map(|row| (&row.tuple, row.height)).collect();
                claimed.extend(rows.into_iter().map(|(tuple, height)| Claimed {
                    relation,
                    tuple: tuple.clone(),
                    height,
                }));
            }
            claimed
        };
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

    /// The given and the claimed tuples together, not yet known to be complete.
    ///
    /// # Flaws
    /// A relation that does not exist or has another width, a change-scoped one in the world before, a claim that is
    /// given or stands twice, or that has height 0.
    pub(crate) fn of(program: &Program, inputs: &Inputs, certificate: &Certificate) -> Result<Database, Flaw> {
        let sort = |side: Side| -> Result<Vec<Vec<&Claimed>>, Flaw> {
            let mut sorted = vec![Vec::new(); program.relations.len()];
            for claim in certificate.side(side) {
                let refuse = |what: String| Flaw::Certificate { side, rule: None, what };
                admit(program, side, claim.relation, &claim.tuple).map_err(refuse)?;
                sorted[claim.relation.0 as usize].push(claim);
            }
            for (relation, tuple) in inputs.side(side).iter().flat_map(|(id, tuples)| tuples.iter().map(|t| (*id, t))) {
                admit(program, side, relation, tuple).map_err(|what| Flaw::Input { what })?;
            }
            Ok(sorted)
        };
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let claims = (sort(Side::Before)?, sort(Side::After)?);
        for (id, (old, new)) in (0..).map(RelationId).zip(claims.0.iter().zip(&claims.1)) {
            let table = |side: Side, claimed: &[&Claimed]| -> Result<Arc<Table>, Flaw> {
                let mut table = Table::of(program.relation(id).lattice());
                for tuple in inputs.side(side).get(&id).into_iter().flatten() {
                    table.insert(tuple.clone(), 0);
                }
                for claim in claimed {
                    if claim.height == 0 || !table.insert(claim.tuple.clone(), claim.height) {
                        let what =
                            format!("{} is claimed twice, given, or of height 0", shown(program, id, &claim.tuple));
                        return Err(Flaw::Certificate { side, rule: None, what });
                    }
                }
                Ok(Arc::new(table))
            };
            let first = table(Side::Before, old)?;
            let same = old == new && inputs.before.get(&id) == inputs.after.get(&id);
            after.push(if same { first.clone() } else { table(Side::After, new)? });
            before.push(first);
        }
        Ok(Database { before, after, size: (program.relations.len(), program.rules.len()) })
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

    /// Makes the tuples of a relation findable by `columns`; in both worlds at once where they are the same.
    pub(crate) fn index(&mut self, side: Side, relation: RelationId, columns: &[usize]) {
        if !self.unchanged(relation) {
            return self.table_mut(side, relation).index(columns);
        }
        self.after[relation.0 as usize] = Arc::default();
        self.table_mut(Side::Before, relation).index(columns);
        self.after[relation.0 as usize] = self.before[relation.0 as usize].clone();
    }

    /// Whether the relation is known to be the same in both worlds, heights included.
    pub(crate) fn unchanged(&self, relation: RelationId) -> bool {
        Arc::ptr_eq(&self.before[relation.0 as usize], &self.after[relation.0 as usize])
    }
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
