//! Both worlds with the round in which each tuple is first derived: what a proof and a certificate are built on.
//!
//! Where a recursive stratum was evaluated as a whole, labels say rounds. Where it was maintained since, they depend on
//! what happened: it is evaluated anew, on its own, once somebody asks. So proofs and certificates are functions of what
//! holds alone. That evaluation says nothing about what holds: a certificate claims what the engine has, and where the
//! two differ it will be refused.

use crate::engine::{Hypothesis, spell};
use crate::intern::{Id, Interner};
use crate::lattice::Contest;
use crate::limits::Limits;
use crate::prepare::Prepared;
use crate::version::Version;
use crate::view::{Changed, Relations};
use crate::world::rounds;
use program::RelationId;
use proof::{Certificate, Claimed, Side};
use std::cmp::Ordering;
use std::sync::Arc;

/// Both worlds with rounds.
pub(crate) struct Rounds {
    /// What is different from the world before, with rounds, and from the world after.
    before: Changed,
    after: Changed,
    /// Values of both.
    pub(crate) values: Arc<Interner>,
}

impl Rounds {
    /// Both worlds of a hypothesis.
    pub(crate) fn of(world: &Hypothesis<'_>) -> Rounds {
        // It derives no more than there is.
        let limits = Limits { tuples: usize::MAX, bytes: usize::MAX, stop: None, ..world.limits };
        let recursive = |stratum: &usize| world.prepared.strata[*stratum].recursive;
        let was_maintained = |stratum: &usize| world.before.maintained[*stratum];
        let old: Vec<usize> = (0..world.prepared.strata.len()).filter(recursive).filter(was_maintained).collect();
        let own: Vec<usize> = world.maintained.iter().copied().filter(recursive).collect();
        let mut values = Arc::clone(&world.values);
        let mut made = |side: Side, strata: &[usize]| {
            if strata.is_empty() {
                return Vec::new();
            }
            let (here, before) = (world.relations(side), world.before_of(side));
            let made = rounds(&world.prepared, strata, here, before, &values, limits);
            let (made, more) = made.expect("bug: a limit where there is none");
            values = more;
            made
        };
        let (mut before, mut after) = (Changed::default(), Changed::default());
        let before_made = made(Side::Before, &old);
        let after_made = made(Side::After, &own);
        for (relation, version) in world.after.iter() {
            after.set(relation, version.clone());
        }
        for (relation, version) in before_made {
            if world.after.get(relation).is_none() {
                after.set(relation, version.clone());
            }
            before.set(relation, version);
        }
        for (relation, version) in after_made {
            after.set(relation, version);
        }
        Rounds { before, after, values }
    }

    /// The relations of a world, with rounds.
    pub(crate) fn relations<'w>(&'w self, world: &'w Hypothesis<'_>, side: Side) -> Relations<'w> {
        let changed = match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        };
        Relations { all: &world.before.relations, changed: Some(changed) }
    }

    /// All that was derived in each of these worlds, sorted.
    ///
    /// What holds is as the engine has it. What was beaten on the way there is as the rounds have it, where the engine
    /// came another way; only where what the engine has is better.
    pub(crate) fn claims<const N: usize>(&self, world: &Hypothesis<'_>, sides: [Side; N]) -> [Vec<Claimed>; N] {
        // Many rows over few values: one order of the values serves them all.
        let ranks = self.values.ranks();
        let rank = |id: &Id| ranks.of(*id);
        let in_order = |a: &[Id], b: &[Id]| a.iter().map(rank).cmp(b.iter().map(rank));
        let places = 0..world.before.relations.len();
        sides.map(|side| places.clone().flat_map(|place| self.claims_of(world, side, place, in_order)).collect())
    }

    /// The same of both worlds, without the relations that are one and the same in them.
    pub(crate) fn moved(&self, world: &Hypothesis<'_>) -> Certificate {
        let [was, is] = Side::BOTH.map(|side| [world.relations(side), self.relations(world, side)]);
        let is_moved = |place: &usize| was.iter().zip(&is).any(|(was, is)| !was.get(*place).is_same(is.get(*place)));
        let places: Vec<usize> = (0..world.before.relations.len()).filter(is_moved).collect();
        let in_order = |a: &[Id], b: &[Id]| self.values.compare(a, b);
        let claims = |side| places.iter().flat_map(|place| self.claims_of(world, side, *place, in_order)).collect();
        Certificate { before: claims(Side::Before), after: claims(Side::After) }
    }

    fn claims_of(
        &self,
        world: &Hypothesis<'_>,
        side: Side,
        place: usize,
        in_order: impl Fn(&[Id], &[Id]) -> Ordering,
    ) -> Vec<Claimed> {
        let (version, known) = (world.relations(side).get(place), self.relations(world, side).get(place));
        let same = version.is_same(known);
        let of_rounds = if same { None } else { world.prepared.contests[place] };
        let is_claimed = |row: &usize| of_rounds.is_none() || !version.is_beaten(*row);
        let derived = version.there().filter(|row| !version.mark(*row).is_given());
        let mut rows: Vec<(&[Id], u32)> = derived
            .filter(is_claimed)
            .map(|row| {
                let at = if same { Some(row) } else { known.position(version.row(row)) };
                (version.row(row), at.map_or(1, |at| height(&world.prepared, place, known, at)))
            })
            .collect();
        if let Some(contest) = of_rounds {
            let beaten = known.there().filter(|row| !known.mark(*row).is_given());
            let beaten = beaten.filter(|row| is_beaten(contest, version, known.row(*row), &self.values));
            rows.extend(beaten.map(|row| (known.row(row), height(&world.prepared, place, known, row))));
        }
        rows.sort_unstable_by(|(a, _), (b, _)| in_order(a, b));
        let relation = RelationId(u32::try_from(place).expect("bug: more than 2^32 relations"));
        let claim = |(row, height)| Claimed { relation, tuple: spell(row, &self.values), height };
        rows.into_iter().map(claim).collect()
    }
}

/// Whether something better than a row holds.
fn is_beaten(contest: Contest, version: &Version, row: &[Id], values: &Interner) -> bool {
    let best = version.best(contest, &contest.key(row), values);
    let number = contest.number(row, values);
    best.zip(number).is_some_and(|((_, best), number)| contest.prefers(best, number))
}

/// The round in which a row was first derived; 0 where it is given.
pub(crate) fn height(prepared: &Prepared, relation: usize, version: &Version, row: usize) -> u32 {
    let mark = version.mark(row);
    let recursive = prepared.stratum_of[relation].is_some_and(|stratum| prepared.strata[stratum].recursive);
    match (mark.is_given(), recursive) {
        (true, _) => 0,
        (false, true) => mark.round(),
        (false, false) => 1,
    }
}
