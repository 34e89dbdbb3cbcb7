//! Deletions that are hard on one algorithm or another: reachability from seeds, along edges or along pairs.
//!
//! Each case stands in two forms: `reach(y)` by one recursive premise (`edge(x, y)`), and by two (`pair(x, w, y)`, where `w`
//! is a node by which `x` is reached, so that the same nodes are).

use crate::measure::{Numbers, Sum, Times, digest, figure};
use std::collections::{HashMap, VecDeque};

/// How many recursive premises the rule has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    One,
    Two,
}

impl Rules {
    pub const ALL: [(Rules, &'static str); 2] = [(Rules::One, "one"), (Rules::Two, "two")];
}

/// What goes at once.
#[derive(Clone, Default)]
pub struct Deletion {
    pub edges: Vec<[u32; 3]>,
    pub seeds: Vec<u32>,
}

#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub rules: Rules,
    /// `x`, `w`, `y`: where the rule has one recursive premise, `w` is 0 and means nothing.
    pub edges: Vec<[u32; 3]>,
    pub seeds: Vec<u32>,
    pub deletions: Vec<Deletion>,
}

impl Case {
    pub fn print(&self, times: Times, lost: Sum) {
        self.print_by(times, lost, "");
    }

    /// - `by`: which of several algorithms.
    pub fn print_by(&self, times: Times, lost: Sum, by: &str) {
        let rules = Rules::ALL.iter().find(|(rules, _)| *rules == self.rules).map_or("", |(_, name)| name);
        times.print(format_args!("{rules} {}{by}", self.name));
        digest(format_args!("{rules} {}", self.name), lost);
        figure(format_args!("{rules} {}.lost", self.name), lost.count() as f64 / self.deletions.len() as f64);
    }
}

/// Every case.
///
/// - `nodes`: of each graph.
/// - `most`: no more deletions of a case than that.
pub fn cases(nodes: u32, rules: Rules, most: usize) -> Vec<Case> {
    let mut numbers = Numbers(9);
    let chain: Vec<[u32; 2]> = (0..nodes).map(|node| [node, node + 1]).collect();
    let braid: Vec<[u32; 2]> = (0..nodes).flat_map(|node| [[node, node + 1], [node, node + 2]]).collect();
    let mut detours = chain.clone();
    let mut next = nodes + 10;
    let bridged: Vec<[u32; 2]> =
        (0..nodes).step_by((nodes / 20).max(1) as usize).map(|node| [node, node + 1]).collect();
    for [from, to] in &bridged {
        detours.extend([[*from, next], [next, next + 1], [next + 1, next + 2], [next + 2, *to]]);
        next += 3;
    }
    let random: Vec<[u32; 2]> =
        (0..nodes).flat_map(|node| [node; 8]).map(|node| [node, numbers.below(nodes)]).collect();
    let (near, far) = (nodes + 100, nodes + 200);
    let mut two_seeds = braid.clone();
    two_seeds.extend([[near, 0], [far, far + 1], [far + 1, far + 2], [far + 2, 0]]);
    let mut some = |edges: &[[u32; 2]], count: usize| -> Vec<[u32; 2]> {
        (0..count).map(|_| numbers.pick(&edges[..edges.len() - 2])).collect()
    };
    let edges_of = |edges: Vec<[u32; 2]>| (edges, Vec::new());
    let list = [
        ("braid", braid.clone(), vec![0], edges_of(some(&braid, 20))),
        ("detour", detours, vec![0], edges_of(bridged)),
        ("random", random.clone(), vec![0], edges_of(some(&random, 20))),
        ("near seed", two_seeds, vec![near, far], (Vec::new(), vec![near; 5])),
        ("only seed", random, vec![0], (Vec::new(), vec![0; 3])),
        ("plain chain", chain.clone(), vec![0], edges_of(some(&chain, 5))),
    ];
    let case = |(name, edges, seeds, (gone, seeds_gone)): (_, Vec<[u32; 2]>, Vec<u32>, (Vec<[u32; 2]>, Vec<u32>))| {
        let before = match rules {
            Rules::One => HashMap::new(),
            Rules::Two => parents(&edges, &seeds, nodes),
        };
        let whole = |[from, to]: [u32; 2]| match rules {
            Rules::One => [from, 0, to],
            Rules::Two => [from, before.get(&from).copied().unwrap_or(from), to],
        };
        let of_edge = gone.iter().map(|edge| Deletion { edges: vec![whole(*edge)], seeds: Vec::new() });
        let of_seed = seeds_gone.iter().map(|seed| Deletion { edges: Vec::new(), seeds: vec![*seed] });
        let deletions = of_edge.chain(of_seed).take(most).collect();
        let mut edges: Vec<[u32; 3]> = edges.iter().map(|edge| whole(*edge)).collect();
        edges.sort_unstable();
        edges.dedup();
        Case { name, rules, edges, seeds, deletions }
    };
    list.into_iter().map(case).collect()
}

/// For each node one by which it is reached from a seed, breadth first; none beyond the first `nodes`.
fn parents(edges: &[[u32; 2]], seeds: &[u32], nodes: u32) -> HashMap<u32, u32> {
    let mut out: HashMap<u32, Vec<u32>> = HashMap::new();
    edges.iter().for_each(|[from, to]| out.entry(*from).or_default().push(*to));
    let mut found: HashMap<u32, u32> = seeds.iter().map(|seed| (*seed, *seed)).collect();
    let mut open: VecDeque<u32> = seeds.iter().copied().collect();
    while let Some(from) = open.pop_front() {
        for to in out.get(&from).into_iter().flatten() {
            if !found.contains_key(to) {
                found.insert(*to, from);
                open.push_back(*to);
            }
        }
    }
    found.retain(|_, from| *from < nodes);
    found
}
