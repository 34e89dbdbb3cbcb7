//! Whether a certificate is right: what it claims is derived, and it leaves nothing out.
//!
//! One pass over all rule instances says both. The head of each must be there (closed); and each claimed tuple must be
//! the head of one whose premises in the same stratum are lower (supported: by induction on heights, it is in the least
//! model). In a lattice relation it is enough that a better tuple is there: rules are monotone in the column (`lawful`), so
//! what follows from a step that was beaten is true of the tuple that beat it. A stratum reads only itself and what stands before it, so strata may be looked at in any order.
//!
//! Read downwards: [`certify`] looks at both worlds, [`certify_model`] at one; of a world that is known, `delta` looks
//! only at what a change touches.
//!
//! Source: the two sides of `CertifyingDatalog`: Tantow, Gerlach, Mennicke, Krötzsch, *Verifying Datalog Reasoning with
//! Lean*, ITP 2025.

use crate::body::{View, atom, relations};
use crate::database::pairs;
use crate::flaw::{Flaw, shown};
use crate::lawful::lawful;
use crate::meaning::{bodies, runs};
use crate::values::Row;
use crate::{Certificate, Claimed, Database, Inputs, Side};
use program::{Program, RelationId, RuleId, Stratum, Tuple, World};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};

/// The database that a certificate claims, once it is known to be exactly the least model.
///
/// # Flaws
/// [`Flaw::Certificate`]: a tuple that is left out, or that no rule derives from lower ones, or that has no place in the
/// program; [`Flaw::Input`] and [`Flaw::Program`] where there is nothing to certify.
pub fn certify(program: &Program, inputs: &Inputs, certificate: &Certificate) -> Result<Database, Flaw> {
    let mut database = certify_model(program, &inputs.before, &certificate.before)?;
    database.fill(program, Side::After, pairs(&inputs.after), &certificate.after)?;
    database.share();
    examined(program, database, Side::After, &certificate.after)
}

/// The same of a model version: of one world, before any change.
///
/// - `given`, `claims`: its facts, and all that is derived from them.
///
/// # Flaws
/// As [`certify`].
pub fn certify_model(
    program: &Program,
    given: &BTreeMap<RelationId, BTreeSet<Tuple>>,
    claims: &[Claimed],
) -> Result<Database, Flaw> {
    lawful(program)?;
    let mut database = Database::empty(program);
    database.fill(program, Side::Before, pairs(given), claims)?;
    examined(program, database, Side::Before, claims)
}

/// The database, once everything that runs on its side was looked at but for what says what was looked at before.
fn examined(program: &Program, database: Database, side: Side, claims: &[Claimed]) -> Result<Database, Flaw> {
    for stratum in program.strata.iter().filter(|stratum| runs(stratum, side)) {
        if side == Side::Before || !unchanged(program, &database, stratum) {
            examine(program, &database, side, stratum)?;
        }
    }
    placed(program, side, claims)?;
    Ok(database)
}

/// Refuses a claim that no stratum was to show.
pub(crate) fn placed(program: &Program, side: Side, claims: &[Claimed]) -> Result<(), Flaw> {
    let strata = program.strata.iter().filter(|stratum| runs(stratum, side));
    let ruled: FxHashSet<RelationId> = strata.flat_map(|stratum| stratum.relations.iter().copied()).collect();
    let out_of_place = claims.iter().find(|claim| !ruled.contains(&claim.relation));
    out_of_place.map_or(Ok(()), |claim| Err(invented(program, side, claim.relation, &claim.tuple)))
}

/// Whether the stratum says the same in both worlds where what it reads is the same.
pub(crate) fn in_both(program: &Program, stratum: &Stratum) -> bool {
    let mut body = stratum.rules.iter().flat_map(|id| &program.rule(*id).body);
    runs(stratum, Side::Before) && body.all(|literal| atom(literal).is_none_or(|atom| atom.world == World::Here))
}

/// Whether the stratum says of the world after what it has said of the world before.
pub(crate) fn unchanged(program: &Program, database: &Database, stratum: &Stratum) -> bool {
    in_both(program, stratum) && touched(program, stratum).all(|id| database.unchanged(id))
}

/// The relations that a stratum completes and reads.
pub(crate) fn touched<'p>(program: &'p Program, stratum: &'p Stratum) -> impl Iterator<Item = RelationId> + use<'p> {
    let body = stratum.rules.iter().flat_map(|id| &program.rule(*id).body);
    body.flat_map(relations).chain(stratum.relations.iter().copied())
}

/// Looks at every rule instance of a stratum.
pub(crate) fn examine(program: &Program, database: &Database, side: Side, stratum: &Stratum) -> Result<(), Flaw> {
    let bodies = bodies(program, stratum);
    let view = View { database, side, stratum: &stratum.relations };
    // By address: a row has one place in its table.
    let mut supported: FxHashSet<*const Row> = FxHashSet::default();
    for (id, body) in stratum.rules.iter().zip(&bodies) {
        let relation = body.rule.head.relation;
        let table = database.table(side, relation);
        body.instances([&Row::new()], view, &mut |values, head, height| {
            match table.get(head) {
                Some((row, own)) if height < own => drop(supported.insert(std::ptr::from_ref(row))),
                Some(_) => {}
                None if table.beats(values, head) => {}
                None => return Err(left_out(program, side, *id, &values.tuple(head))),
            }
            Ok(())
        })?;
    }
    for relation in &stratum.relations {
        let claimed = database.table(side, *relation).rows().filter(|(_, height)| *height > 0);
        let alone = claimed.filter(|(row, _)| !supported.contains(&std::ptr::from_ref(*row)));
        if let Some(tuple) = alone.map(|(row, _)| database.values.tuple(row)).min() {
            return Err(invented(program, side, *relation, &tuple));
        }
    }
    Ok(())
}

pub(crate) fn left_out(program: &Program, side: Side, id: RuleId, tuple: &Tuple) -> Flaw {
    let what = format!("derives {}, which is left out", shown(program, program.rule(id).head.relation, tuple));
    Flaw::Certificate { side, rule: Some(id), what }
}

pub(crate) fn invented(program: &Program, side: Side, relation: RelationId, tuple: &Tuple) -> Flaw {
    let what = format!("no rule derives {} from tuples that stand lower", shown(program, relation, tuple));
    Flaw::Certificate { side, rule: None, what }
}
