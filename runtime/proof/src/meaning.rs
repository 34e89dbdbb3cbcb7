//! The meaning of a program: the law, in the plainest words.
//!
//! First the world before, then the world after; in each, stratum by stratum; in each stratum, all rules over all tuples,
//! again and again until nothing new comes of it. What a lattice column beats is not new. As slow as that, and as easy to believe.

use crate::body::{Body, View};
use crate::database::{admit, pairs};
use crate::flaw::Flaw;
use crate::lawful::lawful;
use crate::values::Row;
use crate::{Database, Inputs, Side};
use program::{Program, Scope, Stratum};

/// Everything that holds, in both worlds.
///
/// - `limit`: tuples that may be derived, over both worlds.
///
/// # Flaws
/// [`Flaw::Program`] and [`Flaw::Input`] as [`crate::lawful`] and [`crate::certify`] say; [`Flaw::Limit`].
///
/// Source: Abiteboul, Hull, Vianu, *Foundations of Databases*, sections 12.3 (fixpoint) and 15.2 (strata).
pub fn meaning(program: &Program, inputs: &Inputs, limit: usize) -> Result<Database, Flaw> {
    lawful(program)?;
    let mut database = Database::empty(program);
    database.fill(program, Side::Before, pairs(&inputs.before), &[])?;
    let mut derived = 0;
    for side in Side::BOTH {
        if side == Side::After {
            database.fill(program, Side::After, pairs(&inputs.after), &[])?;
        }
        for stratum in program.strata.iter().filter(|stratum| runs(stratum, side)) {
            let bodies = bodies(program, stratum);
            for round in 1.. {
                let mut heads = Vec::new();
                for body in &bodies {
                    let relation = body.rule.head.relation;
                    let view = View { database: &database, side, stratum: &stratum.relations };
                    body.instances([&Row::new()], view, &mut |values, head, _| {
                        if database.table(side, relation).get(head).is_none() {
                            heads.push((relation, values.tuple(head)));
                        }
                        Ok(())
                    })?;
                }
                let before = derived;
                for (relation, tuple) in heads {
                    admit(program, side, relation, &tuple).map_err(|what| Flaw::Program { rule: None, what })?;
                    derived += usize::from(database.insert(side, relation, &tuple, round));
                }
                if derived > limit {
                    return Err(Flaw::Limit { tuples: limit });
                }
                if derived == before {
                    break;
                }
            }
        }
    }
    Ok(database)
}

/// Whether the stratum takes part in the world of that side.
pub(crate) fn runs(stratum: &Stratum, side: Side) -> bool {
    side == Side::After || stratum.scope != Scope::Change
}

/// The bodies of a stratum's rules.
pub(crate) fn bodies<'p>(program: &'p Program, stratum: &Stratum) -> Vec<Body<'p>> {
    stratum.rules.iter().map(|id| Body::of(program.rule(*id), &[]).expect("bug: a lawful rule can run")).collect()
}
