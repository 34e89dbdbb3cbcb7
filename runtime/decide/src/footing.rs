//! A world before that was derived and certified once, on which further decisions of the same run rest.
//!
//! Cases of one run often differ in little: another instant, another asker, another attempt at a change over one version
//! of the model. The first is derived and certified from nothing; of each further one the engine derives what is
//! different, and `proof` looks at that alone (`proof::certify_version`). What is kept lives as long as the run: nothing that a
//! file says is taken for a certificate.
//!
//! INVARIANT: a decision says the same whether it rests on another or on none.

use crate::case::{Case, Failure};
use crate::settled::{fault, flaw};
use engine::{Delta, Engine, Hypothesis, Limits};
use program::{Program, RelationId, Tuple};
use proof::{Database, Difference, Side};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What is given before a change.
pub(crate) type Facts = BTreeMap<RelationId, BTreeSet<Tuple>>;

/// What cases of one run may share; clones share it too. An empty one makes the first case pay for the others.
#[derive(Clone, Default)]
pub struct Footing(Arc<Mutex<Option<Arc<Kept>>>>);

/// A world before, derived.
struct Kept {
    program: Arc<Program>,
    given: Facts,
    engine: Engine<'static>,
    /// Its database, once somebody asked for it.
    certified: Mutex<Option<Arc<Database>>>,
}

/// A world before with all that follows, and what it was made from.
pub(crate) struct Standing<'a> {
    pub(crate) engine: Engine<'a>,
    kept: Option<(Arc<Kept>, Delta)>,
}

impl<'a> Standing<'a> {
    /// Derives what follows from `given`.
    ///
    /// # Faults
    /// [`Failure::Limit`].
    pub(crate) fn of(case: &Case<'a>, given: &Facts) -> Result<Standing<'a>, Failure> {
        let Some(footing) = &case.footing else {
            return Ok(Standing { engine: loaded(case, given)?, kept: None });
        };
        let known = footing.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = known.filter(|kept| Arc::ptr_eq(&kept.program, &case.program));
        let near = known.map(|kept| (difference(&kept.given, given), kept)).filter(|(delta, _)| is_small(delta, given));
        if let Some((delta, kept)) = near {
            let mut engine = kept.engine.fork(case.limits);
            engine.apply(&delta).map_err(fault)?;
            return Ok(Standing { engine, kept: Some((kept, delta)) });
        }
        let engine = loaded(case, given)?;
        let kept = Arc::new(Kept {
            program: case.program.clone(),
            given: given.clone(),
            engine: engine.fork(Limits { stop: None, ..Limits::default() }),
            certified: Mutex::default(),
        });
        *footing.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept.clone());
        Ok(Standing { engine, kept: Some((kept, Delta::default())) })
    }

    /// The database of this world, certified.
    ///
    /// - `opened`: what a change makes of this world, whatever it is.
    pub(crate) fn certified(
        &self,
        case: &Case<'_>,
        given: &Facts,
        opened: &Hypothesis<'_>,
    ) -> Result<Database, Failure> {
        let program = &*case.program;
        let Some((kept, delta)) = &self.kept else {
            return proof::certify_model(program, given, &opened.claims(Side::Before)).map_err(flaw);
        };
        let model = kept.certified(case.limits)?;
        let (gained, lost) = self.engine.since(&kept.engine).difference();
        let Delta { added, removed } = delta.clone();
        proof::certify_version(program, &model, &Difference { added, removed, gained, lost }).map_err(flaw)
    }
}

impl Kept {
    fn certified(&self, limits: Limits<'_>) -> Result<Arc<Database>, Failure> {
        let mut certified = self.certified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(certified) = &*certified {
            return Ok(certified.clone());
        }
        let nothing = self.engine.fork(limits).open(&Delta::default()).map_err(fault)?;
        let database = proof::certify_model(&self.program, &self.given, &nothing.claims(Side::Before)).map_err(flaw)?;
        Ok(certified.insert(Arc::new(database)).clone())
    }
}

fn loaded<'a>(case: &Case<'a>, given: &Facts) -> Result<Engine<'a>, Failure> {
    let given = given.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple.clone())));
    Engine::load(case.program.clone(), given, case.limits).map_err(fault)
}

/// What makes `old` into `new`.
pub(crate) fn difference(old: &Facts, new: &Facts) -> Delta {
    let missing = |from: &Facts, other: &Facts| -> Vec<(RelationId, Tuple)> {
        let differ = from.iter().filter(|(id, tuples)| other.get(id) != Some(tuples));
        let of = differ.flat_map(|(id, tuples)| {
            let is_there = |tuple: &&Tuple| other.get(id).is_some_and(|others| others.contains(*tuple));
            tuples.iter().filter(move |tuple| !is_there(tuple)).map(|tuple| (*id, tuple.clone()))
        });
        of.collect()
    };
    Delta { added: missing(new, old), removed: missing(old, new) }
}

/// Whether it costs less to go from one world to the other than to begin anew.
fn is_small(delta: &Delta, given: &Facts) -> bool {
    let size: usize = given.values().map(BTreeSet::len).sum();
    (delta.added.len() + delta.removed.len()) * 4 <= size
}
