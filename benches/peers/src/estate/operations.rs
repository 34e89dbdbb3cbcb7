//! Nine kinds of operations on an estate: each adds what was not there and takes what was.

use super::{BLOCK, Estate, Fact, Input, allowed, needed};
use crate::measure::Numbers;
use std::collections::HashSet;

/// What comes and what goes.
#[derive(Clone, Debug, Default)]
pub struct Operation {
    pub added: Vec<Fact>,
    pub removed: Vec<Fact>,
}

impl Operation {
    fn add(fact: Fact) -> Operation {
        Operation { added: vec![fact], removed: Vec::new() }
    }

    fn remove(fact: Fact) -> Operation {
        Operation { added: Vec::new(), removed: vec![fact] }
    }
}

/// Every kind by name, with its operations.
///
/// - `most`: no more operations of a kind than that.
pub fn operations(estate: &Estate, most: usize) -> Vec<(&'static str, Vec<Operation>)> {
    let mut numbers = Numbers(4242);
    let there = There::of(estate);
    let edges = estate.rows(Input::Depends);
    let mut kinds: Vec<(&str, Vec<Operation>)> = vec![
        ("changed", (0..300).map(|_| Operation::add(there.new_change(&mut numbers))).collect()),
        ("edge added", (0..300).map(|_| Operation::add(there.new_edge(&mut numbers))).collect()),
        ("edge removed", (0..300).map(|_| Operation::remove((Input::Depends, numbers.pick(edges)))).collect()),
        ("mixed 100", (0..60).map(|_| there.mixed(&mut numbers)).collect()),
    ];
    let top = most_reaching(estate);
    let mut out = vec![Vec::new(); estate.resources as usize];
    edges.iter().for_each(|[from, to, _]| out[*from as usize].push(*to));
    let high = top.iter().flat_map(|seed| out[*seed as usize].iter().map(|to| (Input::Depends, [*seed, *to, 0])));
    kinds.push(("critical edge", high.map(Operation::remove).collect()));
    kinds.push(("critical seed", top.iter().map(|seed| Operation::remove((Input::Seed, [*seed, 0, 0]))).collect()));
    let internet: HashSet<u32> = estate.rows(Input::Internet).iter().map(|row| row[0]).collect();
    let flows = estate.rows(Input::Allows).iter().filter(|row| internet.contains(&row[0])).take(60);
    kinds.push(("flow removed", flows.map(|row| Operation::remove((Input::Allows, *row))).collect()));
    let fronts = estate.rows(Input::Internet).iter().take(40);
    kinds.push(("front removed", fronts.map(|row| Operation::remove((Input::Internet, *row))).collect()));
    let low = (0..20).map(|number| (number * 7 + 3) * BLOCK / 2);
    let low = low.filter(|resource| *resource < estate.resources);
    kinds.push(("changed low", low.map(|resource| Operation::add((Input::Changed, [resource, 0, 0]))).collect()));
    kinds.iter_mut().for_each(|(_, list)| list.truncate(most));
    kinds
}

/// What is there, for looking up.
struct There<'e> {
    estate: &'e Estate,
    sets: Vec<HashSet<[u32; 3]>>,
}

impl There<'_> {
    fn of(estate: &Estate) -> There<'_> {
        There { estate, sets: estate.rows.iter().map(|rows| rows.iter().copied().collect()).collect() }
    }

    fn has(&self, (input, row): &Fact) -> bool {
        self.sets[*input as usize].contains(row)
    }

    /// The first new fact out of a source of facts.
    fn new(&self, mut next: impl FnMut() -> Option<Fact>) -> Fact {
        loop {
            if let Some(fact) = next().filter(|fact| !self.has(fact)) {
                return fact;
            }
        }
    }

    fn new_change(&self, numbers: &mut Numbers) -> Fact {
        self.new(|| Some((Input::Changed, [numbers.below(self.estate.resources), 0, 0])))
    }

    fn new_edge(&self, numbers: &mut Numbers) -> Fact {
        self.new(|| {
            let resource = 1 + numbers.below(self.estate.resources - 1);
            needed(numbers, resource).map(|to| (Input::Depends, [resource, to, 0]))
        })
    }

    /// Fifty facts come and fifty go.
    fn mixed(&self, numbers: &mut Numbers) -> Operation {
        let Estate { resources, owners, .. } = *self.estate;
        let (mut added, mut removed) = (HashSet::new(), HashSet::new());
        let old = |numbers: &mut Numbers, input| (input, numbers.pick(self.estate.rows(input)));
        while removed.len() < 30 {
            removed.insert(old(numbers, Input::Depends));
        }
        while added.len() < 30 {
            added.insert(self.new_edge(numbers));
        }
        while removed.len() < 42 {
            removed.insert(old(numbers, Input::Tag));
        }
        while added.len() < 42 {
            added.insert(
                self.new(|| Some((Input::Tag, [numbers.below(resources), 1 + numbers.below(3), 1 + numbers.below(2)]))),
            );
        }
        while removed.len() < 47 {
            removed.insert(old(numbers, Input::Owner));
        }
        while added.len() < 45 {
            added.insert(self.new(|| Some((Input::Owner, [numbers.below(resources), 1 + numbers.below(owners), 0]))));
        }
        while removed.len() < 49 {
            removed.insert(old(numbers, Input::Allows));
        }
        while added.len() < 47 {
            added.insert(self.new(|| {
                let from = numbers.below(resources);
                let to = allowed(numbers, resources, from);
                (from != to).then_some((Input::Allows, [from, to, 0]))
            }));
        }
        while added.len() < 49 {
            added.insert(self.new_change(numbers));
        }
        while removed.len() < 50 {
            removed.insert(old(numbers, Input::Changed));
        }
        while added.len() < 50 {
            added.insert(self.new(|| Some((Input::Seed, [numbers.below(resources), 0, 0]))));
        }
        let (mut added, mut removed): (Vec<Fact>, Vec<Fact>) =
            (added.into_iter().collect(), removed.into_iter().collect());
        added.sort_unstable();
        removed.sort_unstable();
        Operation { added, removed }
    }
}

/// Twenty seeds that reach the most, the widest first.
fn most_reaching(estate: &Estate) -> Vec<u32> {
    let mut out = vec![Vec::new(); estate.resources as usize];
    estate.rows(Input::Depends).iter().for_each(|[from, to, _]| out[*from as usize].push(*to));
    let seeds = estate.rows(Input::Seed);
    let mut seen = vec![0u32; estate.resources as usize];
    let mut reach = Vec::new();
    for (mark, [seed, ..]) in (1..).zip(seeds.iter().step_by((seeds.len() / 200).max(1))) {
        let (mut open, mut count) = (vec![*seed], 0);
        seen[*seed as usize] = mark;
        while let Some(at) = open.pop() {
            count += 1;
            for to in &out[at as usize] {
                if seen[*to as usize] != mark {
                    seen[*to as usize] = mark;
                    open.push(*to);
                }
            }
        }
        reach.push((count, *seed));
    }
    reach.sort_unstable_by(|a, b| b.cmp(a));
    reach.into_iter().take(20).map(|(_, seed)| seed).collect()
}
