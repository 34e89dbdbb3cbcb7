//! Whether a certificate of a change is right, over a world that is known to be complete: of what a decision asks about,
//! or of what another version of the model has otherwise.
//!
//! What is claimed of the world after is a difference: tuples that came and tuples that went; one with another height did
//! both. Of a stratum that runs in both worlds only the rule instances are looked at in which one of these takes part:
//! - in the world after, an instance that is new has its head there: what came stands in it, or what went no longer
//!   stands against it, or the group that it aggregates is another;
//! - in the world before, an instance that is gone leaves its head in doubt;
//! - a tuple in doubt, or that came, has an instance in the world after whose premises in the stratum are lower; one that
//!   went and is not there has none at all.
//!
//! Every other instance stands in both worlds, and was looked at when the world before was certified. Strata that a change
//! alone gives a meaning to, or in which a lattice column changed, are looked at whole.

use crate::body::{Body, View, atom, relations};
use crate::certify::{examine, in_both, invented, left_out, placed, touched, unchanged};
use crate::database::admit;
use crate::flaw::{Flaw, shown};
use crate::meaning::runs;
use crate::table::Table;
use crate::values::{Row, Values};
use crate::{Claimed, Database, Side};
use program::{Literal, Program, RelationId, Stratum, Tuple};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a change makes of a world: facts that come and go, and with them what is derived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Facts of the world after; those of change-scoped relations are the change itself.
    pub added: Vec<(RelationId, Tuple)>,
    /// Facts that are no longer given. One that was not is left out of account, as is one that is added.
    pub removed: Vec<(RelationId, Tuple)>,
    /// What is derived in the world after and was not, or stood at another height.
    pub gained: Vec<Claimed>,
    /// What was derived in the world before and is not, or stands at another height.
    pub lost: Vec<(RelationId, Tuple)>,
}

/// Rows that came and that went.
type Turned = BTreeMap<RelationId, (Vec<Row>, Vec<Row>)>;

/// Both worlds, once what is claimed of the world after is known to be exactly its least model.
///
/// - `model`: the world before, of this very program; it keeps the indexes that are made.
///
/// # Flaws
/// As [`crate::certify`].
pub fn certify_change(program: &Program, model: &Database, change: &Difference) -> Result<Database, Flaw> {
    certified(program, model, change, Side::After)
}

/// The world before any change in another version of the model, known to be complete like the one that it is taken from.
///
/// - `model`: as in [`certify_change`].
/// - `change`: what that version has otherwise; a change-scoped tuple among it is refused.
///
/// # Flaws
/// As [`crate::certify`].
pub fn certify_version(program: &Program, model: &Database, change: &Difference) -> Result<Database, Flaw> {
    certified(program, model, change, Side::Before)
}

/// - `side`: as what the world is looked at into which the change turns that of `model`.
fn certified(program: &Program, model: &Database, change: &Difference, side: Side) -> Result<Database, Flaw> {
    model.is_of(program)?;
    let added = change.added.iter().try_for_each(|(relation, tuple)| admit(program, side, *relation, tuple));
    added.map_err(|what| Flaw::Input { what })?;
    let (turning, turned) = apply(program, model, change)?;
    let database = Database { before: side.of(&turning.after, &turning.before).clone(), ..turning.clone() };
    for stratum in program.strata.iter().filter(|stratum| runs(stratum, side)) {
        let whole = touched(program, stratum).any(|id| program.relation(id).lattice().is_some());
        match unchanged(program, &turning, stratum) {
            true => {}
            false if whole || !in_both(program, stratum) => examine(program, &database, side, stratum)?,
            false => follow(program, &turning, stratum, &turned)?,
        }
    }
    placed(program, side, &change.gained)?;
    Ok(database)
}

/// The world after, and what makes it another.
fn apply(program: &Program, model: &Database, change: &Difference) -> Result<(Database, Turned), Flaw> {
    let refuse = |what: String| Flaw::Certificate { side: Side::After, rule: None, what };
    let gives = |(relation, tuple): &&(RelationId, Tuple)| model.gives(Side::Before, *relation, tuple);
    let added: BTreeSet<&(RelationId, Tuple)> = change.added.iter().collect();
    let removed = change.removed.iter().filter(gives).filter(|fact| !added.contains(fact));
    let removed: Vec<_> = BTreeSet::from_iter(removed).into_iter().collect();
    let mut gone: BTreeMap<RelationId, FxHashSet<Row>> = BTreeMap::new();
    for (facts, heights) in [(removed, 0..=0), (change.lost.iter().collect::<Vec<_>>(), 1..=u32::MAX)] {
        for (relation, tuple) in facts {
            admit(program, Side::After, *relation, tuple).map_err(refuse)?;
            let found = model.find(Side::Before, *relation, tuple).filter(|(_, _, height)| heights.contains(height));
            if !found.is_some_and(|(_, row, _)| gone.entry(*relation).or_default().insert(row)) {
                return Err(refuse(format!("{} was not derived before", shown(program, *relation, tuple))));
            }
        }
    }
    let mut turned = Turned::new();
    let values = Arc::new(Values::beside(&model.values));
    let mut database = Database { values, after: model.before.clone(), ..model.clone() };
    for (relation, gone) in gone {
        turned.entry(relation).or_default().1.extend(gone.iter().cloned());
        let table = &mut database.after[relation.0 as usize];
        *table = Arc::new(Table::over(table, gone, &model.values));
    }
    let new = || added.iter().filter(|fact| !gives(fact)).map(|(relation, tuple)| (*relation, tuple));
    database.fill(program, Side::After, new(), &change.gained)?;
    for (relation, tuple) in new().chain(change.gained.iter().map(|claim| (claim.relation, &claim.tuple))) {
        turned.entry(relation).or_default().0.extend(database.values.row(tuple));
    }
    Ok((database, turned))
}

/// Looks at every rule instance of a stratum in which something takes part that came or went.
fn follow(program: &Program, database: &Database, stratum: &Stratum, turned: &Turned) -> Result<(), Flaw> {
    let mut doubtful: BTreeSet<(RelationId, Tuple)> = BTreeSet::new();
    for relation in &stratum.relations {
        let rows = turned.get(relation).into_iter().flat_map(|(came, went)| came.iter().chain(went));
        doubtful.extend(rows.map(|row| (*relation, database.values.tuple(row))));
    }
    let view = |side| View { database, side, stratum: &stratum.relations };
    for (id, literal) in stratum.rules.iter().flat_map(|id| program.rule(*id).body.iter().map(move |of| (*id, of))) {
        let head = program.rule(id).head.relation;
        for (atom, (came, went)) in relations(literal).filter_map(|of| Some((atom(literal)?, turned.get(&of)?))) {
            let (new, gone) = match literal {
                Literal::Absent(_) => (vec![went], vec![came]),
                Literal::Aggregate { .. } => (vec![came, went], vec![came, went]),
                _ => (vec![came], vec![went]),
            };
            let body = Body::of(program.rule(id), &atom.terms).expect("bug: a lawful rule can run");
            body.instances(new.into_iter().flatten(), view(Side::After), &mut |values, row, _| {
                let there = database.table(Side::After, head).get(row).is_some();
                if there { Ok(()) } else { Err(left_out(program, Side::After, id, &values.tuple(row))) }
            })?;
            body.instances(gone.into_iter().flatten(), view(Side::Before), &mut |values, row, _| {
                doubtful.insert((head, values.tuple(row)));
                Ok(())
            })?;
        }
    }
    for (relation, tuple) in doubtful {
        // What has no row was never claimed, and so is in no doubt.
        let Some(row) = database.values.row(&tuple) else { continue };
        let height = database.table(Side::After, relation).get(&row).map(|(_, height)| height);
        let mut supported = height.is_none_or(|height| height == 0);
        for id in stratum.rules.iter().filter(|id| program.rule(**id).head.relation == relation && height != Some(0)) {
            let terms = &program.rule(*id).head.terms;
            let body = Body::of(program.rule(*id), terms).expect("bug: a lawful rule can run");
            body.instances([&row], view(Side::After), &mut |_, _, lower| {
                let height = height.ok_or_else(|| left_out(program, Side::After, *id, &tuple))?;
                supported |= lower < height;
                Ok(())
            })?;
        }
        if !supported {
            return Err(invented(program, Side::After, relation, &tuple));
        }
    }
    Ok(())
}
