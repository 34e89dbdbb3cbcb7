//! An estate: resources in blocks of a hundred, with owners, tags, dependencies and flows, and what is derived of it.
//!
//! 100,000 resources are 0.91 M facts, 1,000,000 are 9.1 M. About three edges of each resource stay in its block, one
//! in two hundred leaves it, which gives blast radii with a heavy tail; flows go in circles.
//!
//! Not here: what is changed in it (`operations`), and the rules, which each engine states in its own way.

mod operations;

pub use operations::{Operation, operations};

use crate::measure::{Numbers, Sum, digest};
use std::collections::BTreeSet;

/// A relation that is given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Input {
    /// resource, type, environment
    Resource,
    /// resource, owner
    Owner,
    /// resource, key, value
    Tag,
    /// resource, what it needs
    Depends,
    /// from, to
    Allows,
    Internet,
    Seed,
    Changed,
    /// changed resource, owner who approved
    Approval,
}

impl Input {
    pub const ALL: [(Input, &'static str, usize); 9] = [
        (Input::Resource, "resource", 3),
        (Input::Owner, "owner", 2),
        (Input::Tag, "tag", 3),
        (Input::Depends, "depends", 2),
        (Input::Allows, "allows", 2),
        (Input::Internet, "internet", 1),
        (Input::Seed, "seed", 1),
        (Input::Changed, "changed", 1),
        (Input::Approval, "approval", 2),
    ];

    pub fn width(self) -> usize {
        Input::ALL[self as usize].2
    }
}

/// A relation that is derived and compared between engines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Output {
    MissingOwner,
    /// resource, kind of violation
    Violation,
    Critical,
    EnvCrossing,
    Exposed,
    /// owner, violations
    ViolationCount,
    OverLimit,
    /// changed resource, what it reaches
    Blast,
    /// owner, changed resource
    Accountable,
    /// changed resource, critical one in production that it reaches without approval
    Refused,
    RefusedChange,
    /// changed resource, how many it reaches
    BlastSize,
    Risky,
}

impl Output {
    pub const ALL: [(Output, &'static str, usize); 13] = [
        (Output::MissingOwner, "missing_owner", 1),
        (Output::Violation, "violation", 2),
        (Output::Critical, "critical", 1),
        (Output::EnvCrossing, "env_crossing", 2),
        (Output::Exposed, "exposed", 1),
        (Output::ViolationCount, "violation_count", 2),
        (Output::OverLimit, "over_limit", 1),
        (Output::Blast, "blast", 2),
        (Output::Accountable, "accountable", 2),
        (Output::Refused, "refused", 2),
        (Output::RefusedChange, "refused_change", 1),
        (Output::BlastSize, "blast_size", 2),
        (Output::Risky, "risky", 1),
    ];
}

/// Types, environments, tags and kinds of violation.
pub mod word {
    pub const PRODUCTION: u32 = 0;
    pub const DATABASE: u32 = 1;
    pub const BUCKET: u32 = 2;
    pub const ACCESS: u32 = 1;
    pub const PUBLIC: u32 = 1;
    pub const CLASS: u32 = 2;
    pub const PERSONAL: u32 = 1;
    pub const ENCRYPTED: u32 = 3;
    pub const YES: u32 = 1;
    pub const NO_OWNER: u32 = 1;
    pub const PUBLIC_BUCKET: u32 = 2;
    pub const UNENCRYPTED: u32 = 3;
    pub const CROSSING: u32 = 4;
    pub const EXPOSED_DATABASE: u32 = 5;
    pub const EXPOSED_PERSONAL: u32 = 6;
    /// An owner with more violations is over the limit.
    pub const LIMIT: u32 = 60;
}

/// A tuple of an input; columns past its width are 0.
pub type Fact = (Input, [u32; 3]);

/// A tuple of an output that an operation adds (1) or takes away (-1).
pub type Derived = (Output, [u32; 3], i64);

const BLOCK: u32 = 100;

#[derive(Clone, Default)]
pub struct Estate {
    pub resources: u32,
    owners: u32,
    rows: [Vec<[u32; 3]>; 9],
}

impl Estate {
    pub fn new(resources: u32) -> Estate {
        let mut numbers = Numbers(42);
        let mut estate = Estate { resources, owners: resources / 200 + 50, ..Estate::default() };
        (0..resources).for_each(|resource| estate.add(&mut numbers, resource));
        let mut changed = BTreeSet::new();
        while changed.len() < 50 {
            changed.insert(resources / 2 + numbers.below(resources / 2));
        }
        for (place, resource) in changed.into_iter().enumerate() {
            estate.push(Input::Changed, [resource, 0, 0]);
            if place % 2 == 0 {
                let owner = estate.owner_of_block(resource / BLOCK);
                estate.push(Input::Approval, [resource, owner, 0]);
            }
        }
        estate
    }

    fn add(&mut self, numbers: &mut Numbers, resource: u32) {
        let block = resource / BLOCK;
        let environment = Numbers(u64::from(block) * 77 + 5).below(5);
        let kind = numbers.below(10);
        let environment = if numbers.chance(0.9) { environment } else { numbers.below(5) };
        let environment = [0, 0, 1, 2, 2][environment as usize];
        self.push(Input::Resource, [resource, kind, environment]);
        if !numbers.chance(0.01) {
            let owner = if numbers.chance(0.8) { self.owner_of_block(block) } else { 1 + numbers.below(self.owners) };
            self.push(Input::Owner, [resource, owner, 0]);
        }
        let tags = [
            [word::ACCESS, if numbers.chance(0.02) { word::PUBLIC } else { 2 }],
            [word::CLASS, if numbers.chance(0.1) { word::PERSONAL } else { 2 }],
            [word::ENCRYPTED, if numbers.chance(0.9) { word::YES } else { 2 }],
        ];
        for (other, [key, value]) in (10..).zip(tags) {
            let [key, value] = if numbers.chance(0.9) { [key, value] } else { [other, numbers.below(50)] };
            self.push(Input::Tag, [resource, key, value]);
        }
        let mut needs = Vec::with_capacity(3);
        for _ in 0..3 {
            if let Some(to) = needed(numbers, resource).filter(|to| !needs.contains(to)) {
                needs.push(to);
                self.push(Input::Depends, [resource, to, 0]);
            }
        }
        let mut last = None;
        for _ in 0..if numbers.chance(0.5) { 2 } else { 1 } {
            let to = allowed(numbers, self.resources, resource);
            if to != resource && last != Some(to) {
                self.push(Input::Allows, [resource, to, 0]);
                last = Some(to);
            }
        }
        if numbers.chance(0.0005) {
            self.push(Input::Internet, [resource, 0, 0]);
        }
        if numbers.chance(0.001) {
            self.push(Input::Seed, [resource, 0, 0]);
        }
    }

    fn push(&mut self, input: Input, row: [u32; 3]) {
        self.rows[input as usize].push(row);
    }

    /// Most resources of a block have the same owner.
    fn owner_of_block(&self, block: u32) -> u32 {
        let mut numbers = Numbers(u64::from(block) * 77 + 5);
        numbers.below(5);
        1 + numbers.below(self.owners)
    }

    /// The tuples of an input, sorted by their first column.
    pub fn rows(&self, input: Input) -> &[[u32; 3]] {
        &self.rows[input as usize]
    }

    pub fn facts(&self) -> usize {
        self.rows.iter().map(Vec::len).sum()
    }
}

/// A resource that another one needs: an earlier one, mostly of its block.
fn needed(numbers: &mut Numbers, resource: u32) -> Option<u32> {
    let (place, block) = (resource % BLOCK, resource / BLOCK);
    if block > 0 && numbers.chance(0.005) {
        let other = numbers.below(block);
        return Some(other * BLOCK + numbers.below(BLOCK));
    }
    if place == 0 {
        return None;
    }
    let mut distance = 1;
    while distance < place && numbers.chance(0.85) {
        distance += 1;
    }
    Some(resource - distance)
}

/// A resource that another one may reach: a near one of its block, mostly.
fn allowed(numbers: &mut Numbers, resources: u32, resource: u32) -> u32 {
    if numbers.chance(0.002) {
        return numbers.below(resources);
    }
    let first = resource / BLOCK * BLOCK;
    let end = (first + BLOCK).min(resources);
    let (first, end) = (resource.saturating_sub(20).max(first), (resource + 21).min(end));
    first + numbers.below(end - first)
}

/// What is derived of an estate.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Sums([Sum; 13]);

impl Sums {
    pub fn add(&mut self, output: Output, row: &[u32], times: i64) {
        self.0[output as usize].add(output as u8, &row[..Output::ALL[output as usize].2], times);
    }

    pub fn print(&self) {
        for (output, name, _) in Output::ALL {
            digest(format_args!("base.{name}"), self.0[output as usize]);
        }
    }
}

/// The digest of all deltas of a list of operations.
#[derive(Default)]
pub struct Deltas(Sum);

impl Deltas {
    /// - `operation`: its number.
    pub fn add(&mut self, operation: usize, derived: &[Derived]) {
        for (output, row, times) in derived {
            let width = Output::ALL[*output as usize].2;
            self.0.weigh(*output as u8, &row[..width], *times, operation as u64 + 1);
        }
    }

    pub fn print(self, category: &str) {
        digest(format_args!("delta.{category}"), self.0);
    }
}
