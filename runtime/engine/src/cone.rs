//! The search for the proof of smallest height, over all that a tuple can rest on.
//!
//! First a proof is found by walking down: each step goes to tuples of a lower stratum or an earlier round. Its height
//! bounds the search: a tuple that stands `d` steps below the goal is looked at only if it may be reached from there
//! in what is left. Then heights are settled from the given tuples upwards, smallest first.
//!
//! Source: Knuth, *A generalization of Dijkstra's algorithm*, Information Processing Letters 6 (1), 1977.
//! Zhao, Subotić, Scholz, *Debugging large-scale Datalog*, TOPLAS 42 (2), 2020, for heights kept with tuples.

use crate::derive::{Goal, Instance, Instances, Need, Needs, Worlds, number, tuple_of};
use crate::engine::{Foundation, Held, Hypothesis, Lacking};
use crate::intern::Id;
use crate::limits::Fault;
use crate::prepare::{Literal, Pattern};
use program::RelationId;
use proof::Side;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::{Arc, PoisonError};

/// Ways to derive tuples that one search looks at: a few milliseconds' worth, for a decision may ask for many proofs.
const BOUND: usize = 5_000;

/// One way for each tuple, and how high its proof is.
pub(crate) struct Chosen {
    ways: FxHashMap<Goal, (Arc<Vec<Instance>>, usize)>,
    heights: FxHashMap<Goal, u32>,
    /// Whether no proof is of smaller height.
    pub(crate) minimal: bool,
}

impl Chosen {
    /// The way that was chosen; `None` for what is given.
    pub(crate) fn pick(&self, goal: Goal) -> Option<&Instance> {
        self.ways.get(&goal).map(|(ways, pick)| &ways[*pick])
    }

    /// The height of a tuple's proof.
    pub(crate) fn height(&self, goal: Goal) -> u32 {
        self.heights[&goal]
    }

    /// The world in which a tuple is proved, where it stands in two.
    pub(crate) fn side(&self, need: Need) -> Goal {
        lower(&self.heights, need).map_or(need.goal, |(goal, _)| goal)
    }
}

/// Which of the two worlds gives the lower proof, among those that are settled.
fn lower(heights: &FxHashMap<Goal, u32>, need: Need) -> Option<(Goal, u32)> {
    let height = |goal: Goal| heights.get(&goal).map(|height| (goal, *height));
    let (first, second) = (height(need.goal), need.other.and_then(height));
    match (first, second) {
        (Some(first), Some(second)) if second.1 < first.1 => Some(second),
        (Some(first), _) => Some(first),
        (None, second) => second,
    }
}

/// Chooses a way for `goal` and for all that it rests on.
///
/// # Faults
/// A stop; [`Fault::Unfounded`] where no rule derives what is there.
pub(crate) fn choose(instances: &mut Instances<'_>, goal: Goal) -> Result<Chosen, Fault> {
    let walked = walk_down(instances, goal)?;
    if instances.world.is_given(goal) {
        return Ok(walked);
    }
    Ok(search(instances, goal, walked.height(goal))?.unwrap_or(walked))
}

/// The lowest way, with labels alone; `None` past the bound.
///
/// # Faults
/// As [`choose`].
pub(crate) fn lowest(instances: &mut Instances<'_>, goal: Goal) -> Result<Option<Chosen>, Fault> {
    let walked = walk_down(instances, goal)?;
    if instances.world.is_given(goal) {
        return Ok(Some(walked));
    }
    search(instances, goal, walked.height(goal))
}

/// A proof by rounds or labels: not of the smallest height, but always found.
///
/// # Faults
/// As [`choose`].
pub(crate) fn walk_down(instances: &mut Instances<'_>, goal: Goal) -> Result<Chosen, Fault> {
    let world = instances.world;
    // What is given has no lower proof.
    let minimal = world.is_given(goal);
    let mut chosen = Chosen { ways: FxHashMap::default(), heights: FxHashMap::default(), minimal };
    let mut heap = BinaryHeap::new();
    let mut passed = Vec::new();
    heap.push((world.rank(goal), goal));
    while let Some((rank, goal)) = heap.pop() {
        if passed.last() == Some(&goal) {
            continue;
        }
        passed.push(goal);
        if world.is_given(goal) {
            continue;
        }
        let ways = instances.down(goal)?;
        let below = |goal: &Goal| world.is_given(*goal) || world.rank(*goal) < rank;
        let reach = |need: Need| [Some(need.goal), need.other].into_iter().flatten().find(below);
        let pick = ways.iter().position(|way| way.all().all(|need| reach(need).is_some()));
        let pick = pick.ok_or_else(|| world.unfounded(goal))?;
        heap.extend(ways[pick].all().filter_map(reach).map(|goal| (world.rank(goal), goal)));
        chosen.ways.insert(goal, (ways, pick));
    }
    for goal in passed.into_iter().rev() {
        let height = match chosen.pick(goal) {
            None => 0,
            Some(way) => {
                let highest = way.all().filter_map(|need| lower(&chosen.heights, need)).map(|(_, height)| height).max();
                1 + highest.unwrap_or(0)
            }
        };
        chosen.heights.insert(goal, height);
    }
    Ok(chosen)
}

/// The ways of smallest height, none of them higher than `most`; `None` past the bound.
fn search(instances: &mut Instances<'_>, goal: Goal, most: u32) -> Result<Option<Chosen>, Fault> {
    let world = instances.world;
    // Breadth first, so that a tuple is met first where most is left.
    let mut cone: FxHashMap<Goal, Arc<Vec<Instance>>> = FxHashMap::default();
    let mut met: Vec<Goal> = vec![goal];
    let mut layer = vec![goal];
    cone.insert(goal, Arc::default());
    let mut looked_at = 0;
    for left in (0..=most).rev() {
        let mut next = Vec::new();
        for goal in layer {
            if world.is_given(goal) || world.round(goal) > left {
                continue;
            }
            let ways = instances.all(goal)?;
            looked_at += ways.len();
            if looked_at > BOUND {
                return Ok(None);
            }
            for need in ways.iter().flat_map(Instance::all) {
                for premise in [Some(need.goal), need.other].into_iter().flatten() {
                    cone.entry(premise).or_insert_with(|| {
                        next.push(premise);
                        Arc::default()
                    });
                }
            }
            cone.insert(goal, ways);
        }
        met.extend(&next);
        layer = next;
    }
    let heights = settle(world, &cone, &met);
    let mut chosen = Chosen { ways: FxHashMap::default(), heights, minimal: true };
    for goal in met.into_iter().filter(|goal| !world.is_given(*goal)) {
        let Some(height) = chosen.heights.get(&goal).copied() else { continue };
        let ways = &cone[&goal];
        let fits = |need: Need| lower(&chosen.heights, need).is_some_and(|(_, below)| below < height);
        let pick = ways.iter().position(|way| way.all().all(fits)).ok_or_else(|| world.unfounded(goal))?;
        chosen.ways.insert(goal, (Arc::clone(ways), pick));
    }
    if !chosen.heights.contains_key(&goal) {
        return Err(world.unfounded(goal));
    }
    Ok(Some(chosen))
}

/// The smallest height of each tuple that can be reached from given ones within the cone.
fn settle(world: Worlds<'_>, cone: &FxHashMap<Goal, Arc<Vec<Instance>>>, met: &[Goal]) -> FxHashMap<Goal, u32> {
    struct Open {
        goal: Goal,
        needs: Vec<bool>,
        left: usize,
    }
    let mut heights: FxHashMap<Goal, u32> = FxHashMap::default();
    let mut open: Vec<Open> = Vec::new();
    let mut waiting: FxHashMap<Goal, Vec<(usize, usize)>> = FxHashMap::default();
    // Tuples that are settled at a height, and those that are to be at the next.
    let (mut now, mut next): (Vec<Goal>, Vec<Goal>) = (Vec::new(), Vec::new());
    for goal in met {
        if world.is_given(*goal) {
            now.push(*goal);
            continue;
        }
        for way in cone[goal].iter() {
            let mut count = 0;
            for need in way.all() {
                for premise in [Some(need.goal), need.other].into_iter().flatten() {
                    waiting.entry(premise).or_default().push((open.len(), count));
                }
                count += 1;
            }
            if count == 0 {
                next.push(*goal);
            }
            open.push(Open { goal: *goal, needs: vec![false; count], left: count });
        }
    }
    for height in 0.. {
        for goal in now.drain(..) {
            if heights.contains_key(&goal) {
                continue;
            }
            heights.insert(goal, height);
            for (way, need) in waiting.remove(&goal).unwrap_or_default() {
                let way = &mut open[way];
                if !std::mem::replace(&mut way.needs[need], true) {
                    way.left -= 1;
                    if way.left == 0 {
                        next.push(way.goal);
                    }
                }
            }
        }
        if next.is_empty() {
            break;
        }
        std::mem::swap(&mut now, &mut next);
    }
    heights
}

/// All that `goal` may rest on: what each way to derive it needs, and so on down; it itself among them, each once. Beside
/// it what is absent in some way: what a literal denies, and the groups that are empty.
///
/// - `most`: ways that are looked at, and tuples that they need.
/// - returns: in no order that means anything; `None` past `most`.
///
/// # Faults
/// A stop.
fn whole(instances: &mut Instances<'_>, goal: Goal, most: usize) -> Result<Option<Whole>, Fault> {
    let mut met = vec![goal];
    let mut absent = BTreeSet::new();
    let mut known: FxHashSet<Goal> = [goal].into_iter().collect();
    let (mut at, mut looked_at) = (0, 0);
    while let Some(goal) = met.get(at).copied() {
        at += 1;
        for way in instances.all(goal)?.iter() {
            looked_at += 1;
            for need in way.all() {
                looked_at += 1;
                met.extend(
                    [Some(need.goal), need.other].into_iter().flatten().filter(|premise| known.insert(*premise)),
                );
            }
            lacks(&instances.world, goal.0, way, &mut absent);
            if looked_at > most {
                return Ok(None);
            }
        }
    }
    Ok(Some((met, absent)))
}

type Whole = (Vec<Goal>, BTreeSet<Lacking>);

/// What is absent in a way to derive a tuple in that world: what a literal denies, and the groups that are empty.
fn lacks(world: &Worlds<'_>, side: Side, way: &Instance, found: &mut BTreeSet<Lacking>) {
    let mut lacks = |pattern: &Pattern| {
        let columns = world.spell_pattern(pattern, &way.binding);
        let lacking = |side: &Side| (*side, RelationId(number(pattern.relation)), columns.clone());
        found.extend(side.reads(pattern.world).iter().map(lacking));
    };
    for (literal, needs) in world.world.prepared.rules[way.rule].body.iter().zip(&way.needs) {
        match (literal, needs) {
            (Literal::Absent(pattern), _) => lacks(pattern),
            (Literal::Aggregate { group, .. }, Needs::Group(sure, possible)) => {
                if sure.is_empty() {
                    lacks(&group.sure);
                }
                group.possible.iter().filter(|_| possible.is_empty()).for_each(&mut lacks);
            }
            _ => {}
        }
    }
}

/// All that a tuple that holds may rest on; `None` past `most` ways and what they need.
///
/// # Faults
/// A stop; [`Fault::Unfounded`] where it does not hold.
pub(crate) fn foundation(
    world: &Hypothesis<'_>,
    side: Side,
    relation: usize,
    row: &[Id],
    most: usize,
) -> Result<Option<Foundation>, Fault> {
    let mut ways = world.ways.lock().unwrap_or_else(PoisonError::into_inner);
    let [by_labels, by_rounds] = &mut *ways;
    let mut instances = match world.needs_rounds(relation) {
        false => Instances::of(Worlds::with_labels(world), by_labels),
        true => Instances::of(Worlds::with_rounds(world), by_rounds),
    };
    let goal = instances.world.goal(side, relation, row)?;
    let Some((met, absent)) = whole(&mut instances, goal, most)? else { return Ok(None) };
    let world = instances.world;
    let told = |goal: Goal| (goal.0, RelationId(number(goal.1)), tuple_of(&world, goal), world.is_given(goal));
    let mut held: Vec<Held> = met.into_iter().map(told).collect();
    held.sort();
    Ok(Some(Foundation { held, absent }))
}
