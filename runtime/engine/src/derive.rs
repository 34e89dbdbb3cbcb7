//! Why a tuple holds: every way in which the rules derive it, and one of them as a proof.
//!
//! Nothing is kept for this but the round of each tuple: rules run backwards, from a head that is known.
//!
//! Read downwards: [`prove`] writes the proof, [`Instances`] finds the ways. Which way is taken is said by `cone`.

use crate::cone::{self, Chosen};
use crate::engine::{Hypothesis, spell};
use crate::intern::{Id, Interner, NONE};
use crate::limits::{Fault, Limits};
use crate::order::{Purpose, Step, order};
use crate::prepare::{Literal, Pattern, Slot};
use crate::rounds::{self, Rounds};
use crate::run::{Every, Frame, Job, Machine, Sink};
use crate::version::Version;
use program::{RelationId, RuleId, Scope, Value, World};
use proof::{Absence, Node, Premise, Proof, Side, Why};
use rustc_hash::FxHashMap;
use std::cmp::Ordering;
use std::sync::{Arc, PoisonError};

/// A tuple that holds: side, relation, row.
pub(crate) type Goal = (Side, usize, usize);

/// One tuple that is needed: in the world named, or where it holds in both, in either.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    pub(crate) goal: Goal,
    pub(crate) other: Option<Goal>,
}

/// One way to derive a tuple.
pub(crate) struct Instance {
    pub(crate) rule: usize,
    /// The value of each variable.
    pub(crate) binding: Vec<Option<Value>>,
    /// What each literal needs, in the order of the body.
    pub(crate) needs: Vec<Needs>,
}

/// What a literal needs.
pub(crate) enum Needs {
    /// A tuple.
    One(Need),
    /// The members of a group, and of its possible reading.
    Group(Vec<Need>, Vec<Need>),
    /// No tuple.
    Nothing,
}

impl Instance {
    /// Every tuple that is needed.
    pub(crate) fn all(&self) -> impl Iterator<Item = Need> + '_ {
        self.needs.iter().flat_map(|needs| {
            let (one, sure, possible): (Option<Need>, &[Need], &[Need]) = match needs {
                Needs::One(need) => (Some(*need), &[], &[]),
                Needs::Group(sure, possible) => (None, sure, possible),
                Needs::Nothing => (None, &[], &[]),
            };
            one.into_iter().chain(sure.iter().chain(possible).copied())
        })
    }
}

/// Both worlds, as proofs see them.
#[derive(Clone, Copy)]
pub(crate) struct Worlds<'h> {
    pub(crate) world: &'h Hypothesis<'h>,
    rounds: &'h Rounds,
}

/// Proves a tuple that holds.
///
/// # Faults
/// A stop; [`Fault::Unfounded`] where no rule derives what is there.
pub(crate) fn prove(
    world: &Hypothesis<'_>,
    rounds: &Rounds,
    side: Side,
    relation: usize,
    row: &[Id],
) -> Result<Proof, Fault> {
    let mut ways = world.ways.lock().unwrap_or_else(PoisonError::into_inner);
    if ways.count > KEPT {
        *ways = Ways::default();
    }
    let world = Worlds { world, rounds };
    let at = world.relation(side, relation).holds(row).ok_or_else(|| world.unfounded((side, relation, 0)))?;
    let goal = (side, relation, at);
    let mut instances = Instances { world, ways: &mut ways };
    let chosen = cone::choose(&mut instances, goal)?;
    let mut goals = vec![goal];
    let mut reached: FxHashMap<Goal, usize> = FxHashMap::default();
    reached.insert(goal, 0);
    let mut at = 0;
    while let Some(next) = goals.get(at).copied() {
        at += 1;
        if let Some(instance) = chosen.pick(next) {
            for need in instance.all() {
                let premise = chosen.side(need);
                reached.entry(premise).or_insert_with(|| {
                    goals.push(premise);
                    0
                });
            }
        }
    }
    goals.sort_by(|a, b| chosen.height(*a).cmp(&chosen.height(*b)).then_with(|| world.compare(*a, *b)));
    for (place, goal) in goals.iter().enumerate() {
        reached.insert(*goal, place);
    }
    let nodes = goals.iter().map(|goal| node(&world, &chosen, &reached, *goal)).collect();
    Ok(Proof { nodes, minimal: chosen.minimal })
}

fn node(world: &Worlds<'_>, chosen: &Chosen, places: &FxHashMap<Goal, usize>, goal: Goal) -> Node {
    let (side, relation, row) = goal;
    let place = |need: &Need| places[&chosen.side(*need)];
    let why = match chosen.pick(goal) {
        None => Why::Given,
        Some(instance) => {
            let prepared = &world.world.prepared;
            let body = &prepared.rules[instance.rule].body;
            let premise = |(literal, needs): (&Literal, &Needs)| match (literal, needs) {
                (Literal::Absent(pattern), _) => Premise::Absent {
                    pattern: world.spell_pattern(pattern, &instance.binding),
                    why: match prepared.stratum_of[pattern.relation] {
                        Some(_) => Absence::NotDerived,
                        None => Absence::NotGiven,
                    },
                },
                (_, Needs::One(need)) => Premise::Holds(place(need)),
                (_, Needs::Group(sure, possible)) => Premise::Aggregated {
                    sure: sure.iter().map(place).collect(),
                    possible: possible.iter().map(place).collect(),
                },
                (_, Needs::Nothing) => Premise::Computed,
            };
            Why::Derived {
                rule: RuleId(number(instance.rule)),
                binding: instance.binding.clone(),
                premises: body.iter().zip(&instance.needs).map(premise).collect(),
            }
        }
    };
    let tuple = spell(world.relation(side, relation).row(row), world.values());
    Node { side, relation: RelationId(number(relation)), tuple, why }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).expect("bug: more than 2^32 rules or relations")
}

/// Every way to derive a tuple, sorted by rule in the order of the text, then by values.
pub(crate) struct Instances<'h> {
    pub(crate) world: Worlds<'h>,
    ways: &'h mut Ways,
}

/// What was found for earlier proofs in the same worlds; the next ones often rest on the same.
#[derive(Default)]
pub(crate) struct Ways {
    orders: FxHashMap<usize, Arc<Vec<Step>>>,
    found: FxHashMap<Goal, Arc<Vec<Instance>>>,
    /// How many instances there are.
    count: usize,
}

/// Instances that are kept from one proof to the next.
const KEPT: usize = 100_000;

impl Instances<'_> {
    /// Every way to derive `goal`.
    pub(crate) fn of(&mut self, goal: Goal) -> Result<Arc<Vec<Instance>>, Fault> {
        if let Some(found) = self.ways.found.get(&goal) {
            return Ok(Arc::clone(found));
        }
        let (side, relation, row) = goal;
        let prepared = &self.world.world.prepared;
        let mut found = Vec::new();
        let stratum = prepared.stratum_of[relation].map(|stratum| &prepared.strata[stratum]);
        // A change has no world before.
        for stratum in stratum.into_iter().filter(|stratum| side == Side::After || stratum.scope != Scope::Change) {
            for rule in stratum.rules.iter().filter(|rule| prepared.rules[**rule].head.relation == relation) {
                self.by_rule(side, self.world.relation(side, relation).row(row), *rule, &mut found)?;
            }
        }
        found.sort_by(|a, b| self.compare(a, b));
        let found = Arc::new(found);
        self.ways.count += found.len();
        self.ways.found.insert(goal, Arc::clone(&found));
        Ok(found)
    }

    fn by_rule(&mut self, side: Side, row: &[Id], number: usize, found: &mut Vec<Instance>) -> Result<(), Fault> {
        let world = self.world;
        let rule = &world.world.prepared.rules[number];
        let view = world.rounds.view(world.world, side);
        if !view.may_fire(rule) {
            return Ok(());
        }
        let steps = Arc::clone(self.ways.orders.entry(number).or_insert_with(|| {
            let mut bound = vec![false; rule.variables];
            rule.head.variables().for_each(|variable| bound[variable] = true);
            Arc::new(order(rule, &Purpose { ages: &[], bound, done: None, lasting: false, every: true }, &view))
        }));
        let mut frame = Frame::default();
        frame.start(rule, &steps);
        if !frame.bind(&rule.head.slots, row) {
            return Ok(());
        }
        let readers = view.open(rule, &steps);
        let job = Job { rule, steps: &steps, readers: &readers, share: None, every: Every::Yes };
        // A proof derives nothing new, so only a stop may end it.
        let limits = Limits { tuples: usize::MAX, bytes: usize::MAX, ..world.world.limits };
        let ways = Collect { world, side, number, body: &rule.body, found };
        let mut values = Interner::above(&world.rounds.values);
        Machine::new(job, &mut frame, &mut values, limits, 0, ways).run()?;
        Ok(())
    }

    fn compare(&self, left: &Instance, right: &Instance) -> Ordering {
        let tuples = || {
            let pairs = left.all().zip(right.all());
            pairs.map(|(a, b)| self.world.compare(a.goal, b.goal)).find(|order| order.is_ne())
        };
        let by_rule = left.rule.cmp(&right.rule).then_with(|| left.binding.cmp(&right.binding));
        by_rule.then_with(|| tuples().unwrap_or(Ordering::Equal))
    }
}

/// Keeps each binding as an instance.
struct Collect<'a> {
    world: Worlds<'a>,
    side: Side,
    number: usize,
    body: &'a [Literal],
    found: &'a mut Vec<Instance>,
}

impl Sink for Collect<'_> {
    fn take(&mut self, bound: &[Id], matched: &[(Side, usize)], values: &Interner) -> Result<(), Fault> {
        let needs = self.body.iter().zip(matched).map(|(literal, matched)| match literal {
            Literal::Holds(pattern) => Needs::One(self.need(pattern, *matched)),
            Literal::Aggregate { group, .. } => {
                let others = group.possible.as_ref().map(|pattern| self.group(pattern, bound));
                Needs::Group(self.group(&group.sure, bound), others.unwrap_or_default())
            }
            Literal::Absent(_)
            | Literal::Test { .. }
            | Literal::Is { .. }
            | Literal::Bind { .. }
            | Literal::Each { .. } => Needs::Nothing,
        });
        let needs = needs.collect();
        let binding = bound.iter().map(|id| (*id != NONE).then(|| values.get(*id).into_owned())).collect();
        self.found.push(Instance { rule: self.number, binding, needs });
        Ok(())
    }
}

impl Collect<'_> {
    /// A tuple that was matched, and where it stands in the other world if the atom reads that too.
    fn need(&self, pattern: &Pattern, (side, row): (Side, usize)) -> Need {
        let goal = (side, pattern.relation, row);
        if pattern.world != World::Either || self.side == Side::Before || side == Side::Before {
            return Need { goal, other: None };
        }
        let cells = self.world.relation(Side::After, pattern.relation).row(row);
        match self.world.relation(Side::Before, pattern.relation).holds(cells) {
            Some(before) => Need { goal: (Side::Before, pattern.relation, before), other: Some(goal) },
            None => Need { goal, other: None },
        }
    }

    /// The tuples of a group, sorted, each once.
    fn group(&self, pattern: &Pattern, bound: &[Id]) -> Vec<Need> {
        let value = |slot: &Slot| match slot {
            Slot::Variable(variable) => Some(bound[*variable]),
            Slot::Constant(value) => Some(*value),
            Slot::Any => None,
        };
        let wanted: Vec<Option<Id>> = pattern.slots.iter().map(value).collect();
        let mut found = self.world.rounds.view(self.world.world, self.side).matching(pattern, &wanted);
        // Of a tuple that stands in both worlds, the one before is met and names the other.
        found.retain(|(side, row)| {
            *side == Side::Before || pattern.world != World::Either || {
                let cells = self.world.relation(Side::After, pattern.relation).row(*row);
                self.world.relation(Side::Before, pattern.relation).holds(cells).is_none()
            }
        });
        let both = |(side, row): (Side, usize)| {
            let goal = (side, pattern.relation, row);
            let is_union = pattern.world == World::Either && self.side == Side::After && side == Side::Before;
            let cells = self.world.relation(side, pattern.relation).row(row);
            let after = is_union.then(|| self.world.relation(Side::After, pattern.relation).holds(cells)).flatten();
            Need { goal, other: after.map(|row| (Side::After, pattern.relation, row)) }
        };
        let mut needs: Vec<Need> = found.into_iter().map(both).collect();
        needs.sort_by(|a, b| {
            let row = |need: &Need| self.world.relation(need.goal.0, need.goal.1).row(need.goal.2);
            self.world.values().compare(row(a), row(b))
        });
        needs
    }
}

impl<'h> Worlds<'h> {
    /// A relation, with rounds.
    pub(crate) fn relation(&self, side: Side, relation: usize) -> &'h Version {
        self.rounds.relations(self.world, side).get(relation)
    }

    fn values(&self) -> &'h Interner {
        &self.rounds.values
    }

    /// Whether a tuple is given.
    pub(crate) fn is_given(&self, (side, relation, row): Goal) -> bool {
        self.relation(side, relation).mark(row).is_given()
    }

    /// The round of a tuple: no proof of it is lower.
    pub(crate) fn round(&self, (side, relation, row): Goal) -> u32 {
        rounds::height(&self.world.prepared, relation, self.relation(side, relation), row)
    }

    /// What every derivation that the engine made goes down in.
    pub(crate) fn rank(&self, goal: Goal) -> (Side, Option<usize>, u32) {
        (goal.0, self.world.prepared.stratum_of[goal.1], self.round(goal))
    }

    pub(crate) fn unfounded(&self, (_, relation, _): Goal) -> Fault {
        Fault::Unfounded { relation: self.world.prepared.program.relations[relation].name.clone() }
    }

    /// Compares two tuples by side, relation and values.
    pub(crate) fn compare(&self, left: Goal, right: Goal) -> Ordering {
        let row = |goal: Goal| self.relation(goal.0, goal.1).row(goal.2);
        (left.0, left.1).cmp(&(right.0, right.1)).then_with(|| self.values().compare(row(left), row(right)))
    }

    /// The columns of an atom under a binding; `None` is any value.
    fn spell_pattern(&self, pattern: &Pattern, binding: &[Option<Value>]) -> Vec<Option<Value>> {
        let value = |slot: &Slot| match slot {
            Slot::Variable(variable) => binding[*variable].clone(),
            Slot::Constant(value) => Some(self.values().get(*value).into_owned()),
            Slot::Any => None,
        };
        pattern.slots.iter().map(value).collect()
    }
}
