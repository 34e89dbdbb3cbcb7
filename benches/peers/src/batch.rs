//! Four batch programs, as generated data: transitive closure, same generation, points-to, and an estate.
//!
//! At a scale of 100 per cent: 2,000 nodes and 10,000 edges; 16 layers of 450 nodes; 20,000 variables; a million resources
//! with strings as numbers. Points-to is sharply sensitive to its densities, so these stay when the scale goes down.

use crate::measure::Numbers;
use std::collections::BTreeSet;

/// A program by name, with its relations: sorted rows, columns past a relation's width are 0.
pub struct Batch {
    pub name: &'static str,
    pub inputs: Vec<Rows>,
}

pub struct Rows {
    pub name: &'static str,
    pub width: usize,
    pub rows: Vec<[u32; 4]>,
}

pub const NAMES: [&str; 5] = ["tc", "tc chains", "sg", "andersen", "estate"];

impl Batch {
    /// The data of a program.
    ///
    /// - `scale`: per cent.
    pub fn new(name: &str, scale: u32) -> Option<Batch> {
        let name = NAMES.into_iter().find(|known| *known == name)?;
        let inputs = match name {
            "tc" => vec![of_pairs("edge", random_edges(scale))],
            "tc chains" => vec![of_pairs("edge", chains(scale))],
            "sg" => vec![of_pairs("edge", layers(scale))],
            "andersen" => points_to(scale),
            _ => estate(scale),
        };
        Some(Batch { name, inputs })
    }

    /// The rows of an input.
    pub fn rows(&self, name: &str) -> &[[u32; 4]] {
        self.inputs.iter().find(|input| input.name == name).map_or(&[], |input| &input.rows)
    }

    pub fn facts(&self) -> usize {
        self.inputs.iter().map(|input| input.rows.len()).sum()
    }
}

fn of_pairs(name: &'static str, pairs: BTreeSet<(u32, u32)>) -> Rows {
    Rows { name, width: 2, rows: pairs.into_iter().map(|(a, b)| [a, b, 0, 0]).collect() }
}

fn scaled(whole: u32, scale: u32) -> u32 {
    (u64::from(whole) * u64::from(scale) / 100).max(1) as u32
}

fn random_edges(scale: u32) -> BTreeSet<(u32, u32)> {
    let (mut numbers, mut edges) = (Numbers(1), BTreeSet::new());
    let nodes = scaled(2_000, scale);
    while edges.len() < nodes as usize * 5 {
        edges.insert((numbers.below(nodes), numbers.below(nodes)));
    }
    edges
}

fn chains(scale: u32) -> BTreeSet<(u32, u32)> {
    (0..scaled(20, scale))
        .flat_map(|chain| (0..999).map(move |at| (chain * 1_000 + at, chain * 1_000 + at + 1)))
        .collect()
}

fn layers(scale: u32) -> BTreeSet<(u32, u32)> {
    let (mut numbers, mut edges) = (Numbers(3), BTreeSet::new());
    let width = scaled(450, scale);
    for layer in 1..16 {
        for node in 0..width {
            let mut parents = 0;
            while parents < 2 {
                let is_new = edges.insert(((layer - 1) * width + numbers.below(width), layer * width + node));
                parents += u32::from(is_new);
            }
        }
    }
    edges
}

/// Variables in functions of fifty; objects are variables too.
fn points_to(scale: u32) -> Vec<Rows> {
    let variables = scaled(20_000, scale).next_multiple_of(50);
    let mut numbers = Numbers(4);
    let mut pairs = |name, count: u32, far: f64, is_loop_allowed: bool| {
        let mut found = BTreeSet::new();
        while found.len() < scaled(count, scale) as usize {
            let x = numbers.below(variables);
            let y = if numbers.chance(far) { numbers.below(variables) } else { x / 50 * 50 + numbers.below(50) };
            if is_loop_allowed || x != y {
                found.insert((x, y));
            }
        }
        of_pairs(name, found)
    };
    vec![
        pairs("address_of", 6_000, 0.1, true),
        pairs("assign", 17_000, 0.05, false),
        pairs("load", 1_500, 0.02, true),
        pairs("store", 800, 0.02, true),
    ]
}

/// What the words of the estate are as numbers.
pub mod word {
    pub const BUCKET: u32 = 0;
    pub const DATABASE: u32 = 1;
    pub const PRODUCTION: u32 = 0;
    pub const NOBODY: u32 = 0;
    pub const OWNER: u32 = 0;
    pub const ENCRYPTION: u32 = 1;
    pub const EXPOSURE: u32 = 2;
    pub const BACKUP: u32 = 3;
    pub const DATA: u32 = 4;
    pub const LIFECYCLE: u32 = 5;
    pub const TIER: u32 = 6;
    pub const NONE: u32 = 2;
    pub const PUBLIC: u32 = 2;
    pub const PERSONAL: u32 = 0;
    pub const EXPIRED: u32 = 2;
    pub const CRITICAL: u32 = 3;
}

fn estate(scale: u32) -> Vec<Rows> {
    const BLOCK: u32 = 1_000;
    let resources = scaled(1_000_000, scale);
    let mut numbers = Numbers(5);
    let (mut resource, mut depends, mut tagged) = (Vec::new(), Vec::new(), Vec::new());
    let mut of_block = word::PRODUCTION;
    for at in 0..resources {
        if at % BLOCK == 0 && at > 0 {
            of_block = match numbers.below(100) {
                0..40 => 0,
                40..60 => 1,
                60..85 => 2,
                _ => 3,
            };
        }
        let environment = if numbers.chance(0.05) { numbers.below(4) } else { of_block };
        let kind = numbers.below(20).min(numbers.below(20));
        let owner = if numbers.chance(0.03) { word::NOBODY } else { 1 + (at / BLOCK * 2 + numbers.below(2)) % 1_500 };
        resource.push([at, kind, environment, owner]);
        let base = at / BLOCK * BLOCK;
        let mut needs = BTreeSet::new();
        for _ in 0..12 {
            let to = match numbers.below(10_000) {
                0..300 => numbers.below(BLOCK),
                300..302 => base.saturating_sub(numbers.below(10 * BLOCK)),
                _ if at > base => at - 1 - numbers.below((at - base).min(200)),
                _ => continue,
            };
            if to < at && needs.len() < 3 {
                needs.insert(to);
            }
        }
        depends.extend(needs.into_iter().map(|to| [at, to, 0, 0]));
        let mut keys = BTreeSet::new();
        while keys.len() < 3 {
            keys.insert(numbers.below(10));
        }
        for key in keys {
            let rare = |numbers: &mut Numbers, share, value, others| {
                if numbers.chance(share) { value } else { numbers.below(others) }
            };
            let value = match key {
                word::OWNER => numbers.below(1_500),
                word::ENCRYPTION => rare(&mut numbers, 0.05, word::NONE, 2),
                word::EXPOSURE => rare(&mut numbers, 0.03, word::PUBLIC, 2),
                word::BACKUP => numbers.below(3),
                word::DATA => numbers.below(4),
                word::LIFECYCLE => rare(&mut numbers, 0.02, word::EXPIRED, 2),
                word::TIER => rare(&mut numbers, 0.003, word::CRITICAL, 3),
                _ => numbers.below(3_000),
            };
            tagged.push([at, key, value, 0]);
        }
    }
    let mut changed = BTreeSet::new();
    while changed.len() < 20 {
        changed.insert(numbers.below(BLOCK));
    }
    while changed.len() < 100 {
        changed.insert(numbers.below(resources));
    }
    vec![
        Rows { name: "resource", width: 4, rows: resource },
        Rows { name: "depends", width: 2, rows: depends },
        Rows { name: "tagged", width: 3, rows: tagged },
        Rows { name: "changed", width: 1, rows: changed.into_iter().map(|at| [at, 0, 0, 0]).collect() },
    ]
}
