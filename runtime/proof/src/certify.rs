//! Whether a certificate is right: what it claims is derived, and it leaves nothing out.
//!
//! One pass over all rule instances says both. The head of each must be there (closed); and each claimed tuple must be
//! the head of one whose premises in the same stratum are lower (supported: by induction on heights, it is in the least
//! model). In a lattice relation it is enough that a better tuple is there: rules are monotone in the column (`lawful`), so
//! what follows from a step that was beaten is true of the tuple that beat it. A stratum reads only itself and what stands before it, so strata may be looked at in any order.
//!
//! Source: the two sides of `CertifyingDatalog`: Tantow, Gerlach, Mennicke, Krötzsch, *Verifying Datalog Reasoning with
//! Lean*, ITP 2025.

use crate::body::{View, atom, head, relations};
use crate::flaw::{Flaw, shown};
use crate::lawful::lawful;
use crate::meaning::{bodies, runs};
use crate::{Certificate, Database, Inputs, Side};
use program::{Program, RelationId, Stratum, World};

/// The database that a certificate claims, once it is known to be exactly the least model.
///
/// # Flaws
/// [`Flaw::Certificate`]: a tuple that is left out, or that no rule derives from lower ones, or that has no place in the
/// program; [`Flaw::Input`] and [`Flaw::Program`] where there is nothing to certify.
pub fn certify(program: &Program, inputs: &Inputs, certificate: &Certificate) -> Result<Database, Flaw> {
    lawful(program)?;
    let mut database = Database::of(program, inputs, certificate)?;
    for side in Side::BOTH {
        let mut ruled = vec![false; program.relations.len()];
        for stratum in program.strata.iter().filter(|stratum| runs(stratum, side)) {
            stratum.relations.iter().for_each(|id| ruled[id.0 as usize] = true);
            if side == Side::Before || !unchanged(program, &database, stratum) {
                examine(program, &mut database, side, stratum)?;
            }
        }
        if let Some(claim) = certificate.side(side).iter().find(|claim| !ruled[claim.relation.0 as usize]) {
            return Err(invented(program, side, claim.relation, &claim.tuple));
        }
    }
    Ok(database)
}

/// Whether the stratum says of the world after what it has said of the world before.
fn unchanged(program: &Program, database: &Database, stratum: &Stratum) -> bool {
    let body = || stratum.rules.iter().flat_map(|id| &program.rule(*id).body);
    runs(stratum, Side::Before)
        && body().filter_map(atom).all(|atom| atom.world == World::Here)
        && body().flat_map(relations).chain(stratum.relations.iter().copied()).all(|id| database.unchanged(id))
}

fn examine(program: &Program, database: &mut Database, side: Side, stratum: &Stratum) -> Result<(), Flaw> {
    let bodies = bodies(program, stratum);
    bodies.iter().for_each(|body| body.index(database, side));
    let view = View { database, side, stratum: &stratum.relations };
    let mut supported: Vec<Vec<bool>> =
        stratum.relations.iter().map(|id| vec![false; view.database.table(side, *id).len()]).collect();
    for (id, body) in stratum.rules.iter().zip(&bodies) {
        let relation = body.rule.head.relation;
        let place =
            stratum.relations.iter().position(|r| *r == relation).expect("bug: a lawful stratum completes its heads");
        let table = view.database.table(side, relation);
        body.instances(view, &mut |binding, height| {
            let tuple = head(body.rule, binding);
            let Some(row) = table.get(&tuple) else {
                if table.beats(&tuple) {
                    return Ok(());
                }
                let what = format!("derives {}, which is left out", shown(program, relation, &tuple));
                return Err(Flaw::Certificate { side, rule: Some(*id), what });
            };
            supported[place][row.number] |= height < row.height;
            Ok(())
        })?;
    }
    for (relation, supported) in stratum.relations.iter().zip(supported) {
        let table = view.database.table(side, *relation);
        if let Some(row) =
            table.rows().filter(|row| row.height > 0 && !supported[row.number]).min_by_key(|row| &row.tuple)
        {
            return Err(invented(program, side, *relation, &row.tuple));
        }
    }
    Ok(())
}

fn invented(program: &Program, side: Side, relation: RelationId, tuple: &[program::Value]) -> Flaw {
    let what = format!("no rule derives {} from tuples that stand lower", shown(program, relation, tuple));
    Flaw::Certificate { side, rule: None, what }
}
