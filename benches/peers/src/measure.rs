//! Clocks, memory, percentiles and digests: what every engine is measured and compared by.
//!
//! A process measures one engine on one workload and prints a line for each figure and each digest; `table` reads them.

use rustix::time::{ClockId, clock_gettime};
use std::fmt::Display;

/// Nanoseconds that all threads of this process were at work.
pub fn busy() -> u64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Megabytes that are resident now.
pub fn resident() -> f64 {
    status("VmRSS")
}

/// The most megabytes that were ever resident.
pub fn peak() -> f64 {
    status("VmHWM")
}

fn status(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// Prints a figure; microseconds where the name says no other unit.
pub fn figure(name: impl Display, value: f64) {
    println!("figure\t{name}\t{value}");
}

/// Prints a digest; those of one name must agree between engines.
pub fn digest(name: impl Display, sum: Sum) {
    println!("digest\t{name}\t{}:{:016x}", sum.count, sum.hash);
}

/// Nanoseconds of one operation, time after time.
#[derive(Default)]
pub struct Times(Vec<u64>);

impl Times {
    pub fn push(&mut self, nanoseconds: u64) {
        self.0.push(nanoseconds);
    }

    /// Microseconds that a share of the operations stayed below.
    fn at(&self, share: f64) -> f64 {
        let place = (self.0.len() as f64 * share) as usize;
        self.0.get(place.min(self.0.len().saturating_sub(1))).map_or(f64::NAN, |time| *time as f64 / 1_000.0)
    }

    /// The median so far, in microseconds.
    pub fn median(&self) -> f64 {
        let mut sorted = Times(self.0.clone());
        sorted.0.sort_unstable();
        sorted.at(0.5)
    }

    /// Prints median and 99th percentile, in microseconds; nothing where nothing was timed.
    pub fn print(mut self, name: impl Display) {
        if self.0.is_empty() {
            return;
        }
        self.0.sort_unstable();
        figure(format_args!("{name}.p50"), self.at(0.5));
        figure(format_args!("{name}.p99"), self.at(0.99));
    }
}

/// How many tuples, and the sum of their hashes: equal for equal sets, in whatever order they come.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Sum {
    count: i64,
    hash: u64,
}

impl Sum {
    pub fn count(self) -> i64 {
        self.count
    }

    /// Adds a tuple `times` times; a negative number takes it away.
    pub fn add(&mut self, relation: u8, tuple: &[u32], times: i64) {
        self.weigh(relation, tuple, times, 1);
    }

    /// Adds a tuple of a delta; `weight` tells one operation's tuples from another's.
    pub fn weigh(&mut self, relation: u8, tuple: &[u32], times: i64, weight: u64) {
        self.count += times;
        self.hash = self.hash.wrapping_add(mix(relation, tuple).wrapping_mul(times as u64).wrapping_mul(weight));
    }
}

/// A hash of a tuple.
fn mix(relation: u8, tuple: &[u32]) -> u64 {
    let mut at = (u64::from(relation) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for value in tuple {
        at ^= u64::from(*value);
        at = (at ^ (at >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        at ^= at >> 29;
    }
    at = (at ^ (at >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    at ^ (at >> 27)
}

/// Numbers that look random: splitmix64.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut at = self.0;
        at = (at ^ (at >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        at = (at ^ (at >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        at ^ (at >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        ((u128::from(self.next() >> 32) * u128::from(end)) >> 32) as u32
    }

    pub fn chance(&mut self, share: f64) -> bool {
        ((self.next() >> 11) as f64) < share * (1u64 << 53) as f64
    }

    /// One of a list.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }
}
