//! Whether a certificate of a change is right, over a world that is known to be complete.
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
use crate::database::{admit, fill};
use crate::flaw::{Flaw, shown};
use crate::table::Table;
use crate::{Certificate, Claimed, Database, Side};
use program::{Literal, Program, RelationId, RuleId, Stratum, Term, Tuple};
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

impl Certificate {
    /// What of it differs between the worlds: `gained` and `lost`.
    ///
    /// Takes it to be sorted by relation and tuple; of one that is not the difference is refused.
    pub fn difference(&self) -> (Vec<Claimed>, Vec<(RelationId, Tuple)>) {
        let (mut gained, mut lost) = (Vec::new(), Vec::new());
        let mut before = self.before.iter().peekable();
        for claim in &self.after {
            let key = (claim.relation, &claim.tuple);
            let went = std::iter::from_fn(|| before.next_if(|old| (old.relation, &old.tuple) < key));
            lost.extend(went.map(|old| (old.relation, old.tuple.clone())));
            let same = before.next_if(|old| (old.relation, &old.tuple) == key);
            if same != Some(claim) {
                gained.push(claim.clone());
                lost.extend(same.map(|old| (old.relation, old.tuple.clone())));
            }
        }
        lost.extend(before.map(|old| (old.relation, old.tuple.clone())));
        (gained, lost)
    }
}

/// Tuples that came and that went.
type Turned = BTreeMap<RelationId, (Vec<Tuple>, Vec<Tuple>)>;

/// Both worlds, once what is claimed of the world after is known to be exactly its least model.
///
/// - `model`: the world before, of this very program; it keeps the indexes that are made.
///
/// # Flaws
/// As [`crate::certify`].
pub fn certify_change(program: &Program, model: &mut Database, change: &Difference) -> Result<Database, Flaw> {
    model.is_of(program)?;
    let (after, turned) = apply(program, model, change)?;
    model.after = after;
    let looked = program.strata.iter().try_for_each(|stratum| {
        let whole = touched(program, stratum).any(|id| program.relation(id).lattice().is_some());
        match unchanged(program, model, stratum) {
            true => Ok(()),
            false if whole || !in_both(program, stratum) => examine(program, model, Side::After, stratum),
            false => follow(program, model, stratum, &turned),
        }
    });
    let after = std::mem::take(&mut model.after);
    looked.and_then(|()| placed(program, Side::After, &change.gained))?;
    let mut database = model.clone();
    database.after = after;
    Ok(database)
}

/// The tables of the world after, and what makes them others.
fn apply(program: &Program, model: &Database, change: &Difference) -> Result<(Vec<Arc<Table>>, Turned), Flaw> {
    let refuse = |what: String| Flaw::Certificate { side: Side::After, rule: None, what };
    let gives = |(relation, tuple): &&(RelationId, Tuple)| model.gives(Side::Before, *relation, tuple);
    let added: BTreeSet<&(RelationId, Tuple)> = change.added.iter().collect();
    let removed = change.removed.iter().filter(gives).filter(|fact| !added.contains(fact));
    let removed: Vec<_> = BTreeSet::from_iter(removed).into_iter().collect();
    let mut after = model.before.clone();
    let mut turned = Turned::new();
    for (facts, heights) in [(removed, 0..=0), (change.lost.iter().collect::<Vec<_>>(), 1..=u32::MAX)] {
        for (relation, tuple) in facts {
            admit(program, Side::After, *relation, tuple).map_err(refuse)?;
            turned.entry(*relation).or_default().1.push(tuple.clone());
            if !Arc::make_mut(&mut after[relation.0 as usize]).remove(tuple, &heights) {
                return Err(refuse(format!("{} was not derived before", shown(program, *relation, tuple))));
            }
        }
    }
    let new = || added.iter().filter(|fact| !gives(fact)).map(|(relation, tuple)| (*relation, tuple));
    fill(program, Side::After, &mut after, new(), &change.gained)?;
    let came = new().chain(change.gained.iter().map(|claim| (claim.relation, &claim.tuple)));
    came.for_each(|(relation, tuple)| turned.entry(relation).or_default().0.push(tuple.clone()));
    Ok((after, turned))
}

/// Looks at every rule instance of a stratum in which something takes part that came or went.
fn follow(program: &Program, database: &mut Database, stratum: &Stratum, turned: &Turned) -> Result<(), Flaw> {
    let mut doubtful: BTreeSet<(RelationId, Tuple)> = BTreeSet::new();
    for relation in &stratum.relations {
        let (came, went) = turned.get(relation).cloned().unwrap_or_default();
        doubtful.extend(came.into_iter().chain(went).map(|tuple| (*relation, tuple)));
    }
    for (id, literal) in stratum.rules.iter().flat_map(|id| program.rule(*id).body.iter().map(move |of| (*id, of))) {
        let (rule, place) = (program.rule(id), Place { program, stratum, rule: id });
        for (atom, (came, went)) in relations(literal).filter_map(|of| Some((atom(literal)?, turned.get(&of)?))) {
            let (new, gone) = match literal {
                Literal::Absent(_) => (vec![went], vec![came]),
                Literal::Aggregate { .. } => (vec![came, went], vec![came, went]),
                _ => (vec![came], vec![went]),
            };
            place.instances(database, Side::After, &atom.terms, new, |database, tuple, _| {
                let there = database.table(Side::After, rule.head.relation).get(&tuple).is_some();
                if there { Ok(()) } else { Err(left_out(program, Side::After, id, &tuple)) }
            })?;
            place.instances(database, Side::Before, &atom.terms, gone, |_, tuple, _| {
                doubtful.insert((rule.head.relation, tuple));
                Ok(())
            })?;
        }
    }
    for (relation, tuple) in doubtful {
        let height = database.table(Side::After, relation).get(&tuple).map(|(_, height)| height);
        let mut supported = height.is_none_or(|height| height == 0);
        for id in stratum.rules.iter().filter(|id| program.rule(**id).head.relation == relation && height != Some(0)) {
            let (place, seed) = (Place { program, stratum, rule: *id }, vec![tuple.clone()]);
            let terms = &program.rule(*id).head.terms;
            place.instances(database, Side::After, terms, vec![&seed], |_, _, lower| {
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

/// A rule where it stands.
struct Place<'a> {
    program: &'a Program,
    stratum: &'a Stratum,
    rule: RuleId,
}

impl Place<'_> {
    /// Visits the head of every instance in which `terms` are one of the seeds.
    fn instances(
        &self,
        database: &mut Database,
        side: Side,
        terms: &[Term],
        seeds: Vec<&Vec<Tuple>>,
        mut visit: impl FnMut(&Database, Tuple, u32) -> Result<(), Flaw>,
    ) -> Result<(), Flaw> {
        if seeds.iter().all(|seeds| seeds.is_empty()) {
            return Ok(());
        }
        let seeded = terms.iter().filter_map(|term| if let Term::Variable(of) = term { Some(*of) } else { None });
        let body = Body::of(self.program.rule(self.rule), seeded).expect("bug: a lawful rule can run");
        body.index(database);
        let view = View { database, side, stratum: &self.stratum.relations };
        let seeds = seeds.into_iter().flatten();
        body.instances(terms, seeds, view, &mut |tuple, height| visit(view.database, tuple, height))
    }
}
