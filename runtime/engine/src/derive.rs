//! Why a tuple holds: every way in which the rules derive it, and one of them as a proof.
//!
//! Nothing is kept for this but the label of each tuple: rules run backwards, from a head that is known.
//!
//! Read downwards: [`prove`] says which proof is wanted, `write` writes it, [`Instances`] finds the ways. Which way is
//! taken is said by `cone`.

use crate::cone::{self, Chosen};
use crate::engine::{Hypothesis, spell};
use crate::intern::{Id, Interner, NONE};
use crate::limits::{Fault, Limits};
use crate::order::{Purpose, Step, order};
use crate::prepare::{Literal, Pattern, Prepared, Slot, Start};
use crate::rounds::{self, Rounds};
use crate::run::{Every, Frame, Job, Machine, Sink};
use crate::version::Version;
use crate::view::{Readers, Relations, View};
use program::{RelationId, RuleId, Scope, Tuple, Value, World};
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
    /// With rounds; else as they are, with labels.
    rounds: Option<&'h Rounds>,
}

/// Proves a tuple that holds: by the proof of the smallest height, where it is found within a bound.
///
/// Where labels say no rounds, that is first tried without: rounds only narrow the search, and cost the evaluation of a
/// stratum. The proof is the same, but where it may rest on what was beaten in a lattice column.
///
/// # Faults
/// A stop; [`Fault::Unfounded`] where no rule derives what is there.
pub(crate) fn prove(world: &Hypothesis<'_>, side: Side, relation: usize, row: &[Id]) -> Result<Proof, Fault> {
    let mut ways = world.ways.lock().unwrap_or_else(PoisonError::into_inner);
    let [by_labels, by_rounds] = &mut *ways;
    if !world.has_rounds() && !world.needs_rounds(relation) {
        let mut instances = Instances::of(Worlds { world, rounds: None }, by_labels);
        let goal = instances.world.goal(side, relation, row)?;
        if let Some(chosen) = cone::lowest(&mut instances, goal)? {
            return Ok(write(&instances.world, &chosen, goal));
        }
    }
    let mut instances = Instances::of(Worlds::with_rounds(world), by_rounds);
    let goal = instances.world.goal(side, relation, row)?;
    let chosen = cone::choose(&mut instances, goal)?;
    Ok(write(&instances.world, &chosen, goal))
}

fn write(world: &Worlds<'_>, chosen: &Chosen, goal: Goal) -> Proof {
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
    let mut goals: Vec<(u32, Goal)> = goals.into_iter().map(|goal| (chosen.height(goal), goal)).collect();
    goals.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| world.compare(*a, *b)));
    for (place, (_, goal)) in goals.iter().enumerate() {
        reached.insert(*goal, place);
    }
    let nodes = goals.iter().map(|(_, goal)| node(world, chosen, &reached, *goal)).collect();
    Proof { nodes, minimal: chosen.minimal }
}

fn node(world: &Worlds<'_>, chosen: &Chosen, places: &FxHashMap<Goal, usize>, goal: Goal) -> Node {
    let (side, relation, _) = goal;
    let why = match chosen.pick(goal) {
        None => Why::Given,
        Some(instance) => Why::Derived {
            rule: RuleId(number(instance.rule)),
            binding: instance.binding.clone(),
            premises: premises(world, instance, |need| places[&chosen.side(*need)]),
        },
    };
    Node { side, relation: RelationId(number(relation)), tuple: tuple_of(world, goal), why }
}

/// The values of a tuple.
pub(crate) fn tuple_of(world: &Worlds<'_>, (side, relation, row): Goal) -> Tuple {
    spell(world.relation(side, relation).row(row), world.values())
}

/// What a way to derive a tuple rests on, literal by literal.
///
/// - `place`: where among the nodes what is needed stands.
pub(crate) fn premises(world: &Worlds<'_>, instance: &Instance, place: impl Fn(&Need) -> usize) -> Vec<Premise> {
    let prepared = &world.world.prepared;
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
            sure: sure.iter().map(&place).collect(),
            possible: possible.iter().map(&place).collect(),
        },
        (_, Needs::Nothing) => Premise::Computed,
    };
    prepared.rules[instance.rule].body.iter().zip(&instance.needs).map(premise).collect()
}

pub(crate) fn number(place: usize) -> u32 {
    u32::try_from(place).expect("bug: more than 2^32 rules or relations")
}

/// Every way to derive a tuple, sorted by rule in the order of the text, then by values.
pub(crate) struct Instances<'h> {
    pub(crate) world: Worlds<'h>,
    ways: &'h mut Ways,
    frame: Frame,
    /// Values that rules make on the way.
    values: Interner,
    /// For each rule that was run back what its steps read there, and for each relation the rule that derived it last.
    opened: Vec<(usize, Side, Vec<Readers<'h>>)>,
    last: FxHashMap<usize, usize>,
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

impl<'h> Instances<'h> {
    /// - `ways`: what was found before in the same worlds.
    pub(crate) fn of(world: Worlds<'h>, ways: &'h mut Ways) -> Instances<'h> {
        if ways.count > KEPT {
            *ways = Ways::default();
        }
        let (opened, last) = Default::default();
        Instances { world, ways, frame: Frame::default(), values: Interner::above(world.shared()), opened, last }
    }

    /// Every way to derive `goal`; with labels alone, only one, from what has smaller labels.
    pub(crate) fn down(&mut self, goal: Goal) -> Result<Arc<Vec<Instance>>, Fault> {
        if self.world.rounds.is_some() {
            return self.all(goal);
        }
        Ok(Arc::new(self.first(goal)?.into_iter().collect()))
    }

    /// A way to derive `goal` from what has smaller labels.
    pub(crate) fn first(&mut self, goal: Goal) -> Result<Option<Instance>, Fault> {
        let (side, relation, row) = goal;
        let version = self.world.relation(side, relation);
        let (row, label) = (version.row(row), version.mark(row).label());
        // Most tuples are derived as the one before.
        let last = self.last.get(&relation).copied();
        for rule in last.into_iter().chain(self.world.rules(goal).copied().filter(|rule| Some(*rule) != last)) {
            let found = self.back(side, row, label, rule)?;
            if found.is_some() {
                self.last.insert(relation, rule);
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Every way to derive `goal`.
    pub(crate) fn all(&mut self, goal: Goal) -> Result<Arc<Vec<Instance>>, Fault> {
        if let Some(found) = self.ways.found.get(&goal) {
            return Ok(Arc::clone(found));
        }
        let (side, relation, row) = goal;
        let mut found = Vec::new();
        for rule in self.world.rules(goal) {
            self.by_rule(side, self.world.relation(side, relation).row(row), *rule, &mut found)?;
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
        let view = world.view(side);
        if !view.may_fire(rule) {
            return Ok(());
        }
        let steps = Arc::clone(self.ways.orders.entry(number).or_insert_with(|| {
            let mut bound = vec![false; rule.variables];
            rule.head.variables().for_each(|variable| bound[variable] = true);
            Arc::new(order(rule, &Purpose { ages: &[], bound, done: None, lasting: false, every: true }, &view))
        }));
        let readers = view.open(rule, &steps);
        self.run(side, row, number, &readers, &steps, Every::Yes, &mut |instance| found.push(instance))
    }

    /// The first way by a rule that needs of the rule's own stratum only what has labels below.
    fn back(&mut self, side: Side, row: &[Id], below: u64, number: usize) -> Result<Option<Instance>, Fault> {
        let prepared: &'h Prepared = &self.world.world.prepared;
        let view = View { below, ..self.world.view(side) };
        let steps = prepared.order(number, Start::Head, &view);
        let place = self.opened.iter().position(|known| (known.0, known.1) == (number, side));
        let place = place.unwrap_or_else(|| {
            self.opened.push((number, side, view.open(&prepared.rules[number], steps)));
            self.opened.len() - 1
        });
        let mut readers = std::mem::take(&mut self.opened[place].2);
        readers.iter_mut().flat_map(|(one, _)| one).flatten().for_each(|reader| reader.lower(below));
        let mut found = None;
        let outcome = self.run(side, row, number, &readers, steps, Every::No, &mut |instance| found = Some(instance));
        self.opened[place].2 = readers;
        outcome.map(|()| found)
    }

    #[expect(clippy::too_many_arguments, reason = "a rule, how it runs and where to")]
    fn run(
        &mut self,
        side: Side,
        row: &[Id],
        number: usize,
        readers: &[Readers<'h>],
        steps: &[Step],
        every: Every,
        found: &mut dyn FnMut(Instance),
    ) -> Result<(), Fault> {
        let world = self.world;
        let rule = &world.world.prepared.rules[number];
        self.frame.start(rule, steps);
        if !self.frame.bind(&rule.head.slots, row) {
            return Ok(());
        }
        let job = Job { rule, steps, readers, share: None, every };
        // A proof derives nothing new, so only a stop may end it.
        let limits = Limits { tuples: usize::MAX, bytes: usize::MAX, ..world.world.limits };
        let is_done = (every == Every::No).then_some(false);
        let ways = Collect { world, side, number, body: &rule.body, is_done, found };
        Machine::new(job, &mut self.frame, &mut self.values, limits, 0, ways).run()?;
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
    /// Where one is enough, whether it is found.
    is_done: Option<bool>,
    found: &'a mut dyn FnMut(Instance),
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
        self.is_done = self.is_done.map(|_| true);
        (self.found)(Instance { rule: self.number, binding, needs });
        Ok(())
    }

    fn has_enough(&self) -> bool {
        self.is_done == Some(true)
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
        let mut found = self.world.view(self.side).matching(pattern, &wanted);
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
    /// Both worlds as they are, with labels.
    pub(crate) fn with_labels(world: &'h Hypothesis<'h>) -> Worlds<'h> {
        Worlds { world, rounds: None }
    }

    /// Both worlds with rounds.
    pub(crate) fn with_rounds(world: &'h Hypothesis<'h>) -> Worlds<'h> {
        Worlds { world, rounds: Some(world.rounds()) }
    }

    fn relations(&self, side: Side) -> Relations<'h> {
        self.rounds.map_or_else(|| self.world.relations(side), |rounds| rounds.relations(self.world, side))
    }

    /// A relation.
    pub(crate) fn relation(&self, side: Side, relation: usize) -> &'h Version {
        self.relations(side).get(relation)
    }

    /// What a rule sees that runs on that side: what was beaten, too.
    fn view(&self, side: Side) -> View<'h> {
        let before = self.world.before_of(side).map(|_| self.relations(Side::Before));
        View { steps: true, ..View::of(self.relations(side), before) }
    }

    fn shared(&self) -> &'h Arc<Interner> {
        self.rounds.map_or(&self.world.values, |rounds| &rounds.values)
    }

    fn values(&self) -> &'h Interner {
        self.shared()
    }

    /// A tuple that holds.
    pub(crate) fn goal(&self, side: Side, relation: usize, row: &[Id]) -> Result<Goal, Fault> {
        let at = self.relation(side, relation).holds(row).ok_or_else(|| self.unfounded((side, relation, 0)))?;
        Ok((side, relation, at))
    }

    /// The rules that may derive a tuple.
    fn rules(&self, (side, relation, _): Goal) -> impl Iterator<Item = &'h usize> + use<'h> {
        let prepared = &self.world.prepared;
        let stratum = prepared.stratum_of[relation].map(|stratum| &prepared.strata[stratum]);
        // A change has no world before.
        let stratum = stratum.filter(|stratum| side == Side::After || stratum.scope != Scope::Change);
        let rules = stratum.map_or([].as_slice(), |stratum| stratum.rules.as_slice());
        rules.iter().filter(move |rule| prepared.rules[**rule].head.relation == relation)
    }

    /// Whether a tuple is given.
    pub(crate) fn is_given(&self, (side, relation, row): Goal) -> bool {
        self.relation(side, relation).mark(row).is_given()
    }

    /// The round of a tuple, where it is known: no proof of it is lower.
    pub(crate) fn round(&self, (side, relation, row): Goal) -> u32 {
        let height = |_| rounds::height(&self.world.prepared, relation, self.relation(side, relation), row);
        self.rounds.map_or(0, height)
    }

    /// What every derivation that the engine made goes down in.
    pub(crate) fn rank(&self, goal: Goal) -> (Side, Option<usize>, u64) {
        let (side, relation, row) = goal;
        let label = || match self.is_given(goal) {
            true => 0,
            false => self.relation(side, relation).mark(row).label(),
        };
        (side, self.world.prepared.stratum_of[relation], self.rounds.map_or_else(label, |_| self.round(goal).into()))
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
    pub(crate) fn spell_pattern(&self, pattern: &Pattern, binding: &[Option<Value>]) -> Vec<Option<Value>> {
        let value = |slot: &Slot| match slot {
            Slot::Variable(variable) => binding[*variable].clone(),
            Slot::Constant(value) => Some(self.values().get(*value).into_owned()),
            Slot::Any => None,
        };
        pattern.slots.iter().map(value).collect()
    }
}
