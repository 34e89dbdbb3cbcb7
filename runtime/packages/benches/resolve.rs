//! How long it takes to find versions that fit: 200 packages of 20 versions each, with conflicts that show only at the end of
//! a chain of 200, and with none that fit at all; 200 whose ranges are drawn by chance around one set that fits; and how long
//! until pigeons that want one hole each are given up.
//!
//! `cargo bench -p packages --bench resolve`

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench has a clock and prints")]

use packages::registry::Listed;
use packages::resolve::{Asked, Index, Versions, resolve};
use packages::{Failure, Name, Range, Version};
use std::cell::Cell;
use std::time::{Duration, Instant};

const PACKAGES: usize = 200;
const VERSIONS: u64 = 20;
const RUNS: usize = 11;

/// Each version asks for the same minor version of the next package, of one further on and of one far away; the last
/// package has only the lowest few, so all others are wrong, which is known at the end of the chain alone.
struct Chain {
    last: u64,
    /// Whether every third package asks for something newer than its neighbours do.
    torn: bool,
    asked: Cell<usize>,
}

fn name(at: usize) -> Name {
    Name::parse(&format!("bench/p{at}")).expect("a name")
}

impl Index for Chain {
    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        let most = if name.short() == format!("p{}", PACKAGES - 1) { self.last } else { VERSIONS };
        Ok((0..most).map(|minor| Listed { version: Version::new(1, minor, 0), yanked: None }).collect())
    }

    fn dependencies(&self, name: &Name, version: &Version) -> Result<Result<Vec<(Name, Range)>, String>, Failure> {
        self.asked.set(self.asked.get() + 1);
        let at: usize = name.short()[1..].parse().expect("a number");
        let [_, minor, _] = version.numbers();
        let near = Range::parse(&format!("~1.{minor}")).expect("a range");
        let far = Range::parse(&format!(">=1.{minor}, <1.{}", minor + 3)).expect("a range");
        let mut asked: Vec<(Name, Range)> = [(1, &near), (7, &far), (53, &far)]
            .into_iter()
            .filter(|(step, _)| at + step < PACKAGES)
            .map(|(step, range)| (self::name(at + step), range.clone()))
            .collect();
        if self.torn && at.is_multiple_of(3) && at + 2 < PACKAGES {
            asked.push((self::name(at + 2), Range::parse(&format!(">1.{minor}")).expect("a range")));
        }
        Ok(Ok(asked))
    }
}

/// So many packages, each of whose versions takes one of the holes for itself alone, of which there is one fewer: no chain of reasons
/// says so, and every way to place them is a conflict of its own.
struct Pigeons {
    number: u64,
    asked: Cell<usize>,
}

impl Index for Pigeons {
    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        let most = if name.short().starts_with('p') { self.number - 1 } else { self.number };
        Ok((0..most).map(|minor| Listed { version: Version::new(1, minor, 0), yanked: None }).collect())
    }

    fn dependencies(&self, name: &Name, version: &Version) -> Result<Result<Vec<(Name, Range)>, String>, Failure> {
        self.asked.set(self.asked.get() + 1);
        let Some(pigeon) = name.short().strip_prefix('p') else { return Ok(Ok(Vec::new())) };
        let [_, hole, _] = version.numbers();
        let hole = Name::parse(&format!("bench/h{hole}")).expect("a name");
        Ok(Ok(vec![(hole, Range::parse(&format!("=1.{pigeon}.0")).expect("a range"))]))
    }
}

/// 200 packages, of which one version each fits together, among ranges that are drawn by chance.
struct Planted {
    /// The minor version of each that fits.
    fitting: Vec<u64>,
    asked: Cell<usize>,
}

/// A number below `bound` that looks like chance.
fn drawn(seed: &mut u64, bound: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % bound
}

impl Planted {
    fn new(mut seed: u64) -> Planted {
        Planted { fitting: (0..PACKAGES).map(|_| drawn(&mut seed, VERSIONS)).collect(), asked: Cell::new(0) }
    }
}

impl Index for Planted {
    fn versions(&self, _name: &Name) -> Result<Vec<Listed>, Failure> {
        Ok((0..VERSIONS).map(|minor| Listed { version: Version::new(1, minor, 0), yanked: None }).collect())
    }

    fn dependencies(&self, name: &Name, version: &Version) -> Result<Result<Vec<(Name, Range)>, String>, Failure> {
        self.asked.set(self.asked.get() + 1);
        let at: usize = name.short()[1..].parse().expect("a number");
        let [_, minor, _] = version.numbers();
        let mut seed = self.fitting[0] + (at as u64 * VERSIONS + minor) * 1_000_003;
        let mut asked = Vec::new();
        for step in [1, 2, 3] {
            let other = at + step + 9 * drawn(&mut seed, 3) as usize;
            if other >= PACKAGES {
                continue;
            }
            let width = 1 + drawn(&mut seed, VERSIONS - 1);
            let (low, high) = match minor == self.fitting[at] {
                true => {
                    let there = self.fitting[other];
                    ((there + 1).saturating_sub(width), there.min(VERSIONS - width))
                }
                false => (0, VERSIONS - width),
            };
            let least = low + drawn(&mut seed, high - low + 1);
            let range = format!(">=1.{least}, <1.{}", least + width);
            asked.push((self::name(other), Range::parse(&range).expect("a range")));
        }
        Ok(Ok(asked))
    }
}

impl Counted for Planted {
    fn asked(&self) -> &Cell<usize> {
        &self.asked
    }
}

trait Counted: Index {
    fn asked(&self) -> &Cell<usize>;
}

impl Counted for Chain {
    fn asked(&self) -> &Cell<usize> {
        &self.asked
    }
}

impl Counted for Pigeons {
    fn asked(&self) -> &Cell<usize> {
        &self.asked
    }
}

fn measure(what: &str, wanted: usize, index: &impl Counted) {
    let asked =
        |at| Asked { who: String::from("writ.toml"), name: name(at), range: Range::parse("1").expect("a range") };
    let wanted: Vec<Asked> = (0..wanted).map(asked).collect();
    let mut times = Vec::new();
    let mut said = String::new();
    for _ in 0..RUNS {
        index.asked().set(0);
        let start = Instant::now();
        let found = resolve(index, &wanted, &Versions::new());
        times.push(start.elapsed());
        said = match found {
            Ok(found) => format!("{} chosen", found.len()),
            Err(Failure::Fault(why)) => why.lines().next().unwrap_or_default().to_owned(),
            Err(failure) => format!("nothing fits, told in {} lines", failure.to_string().lines().count()),
        };
    }
    times.sort();
    let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    println!(
        "{what}: median {} of {RUNS} ({} to {}); {said}; {} versions looked at",
        shown(times[RUNS / 2]),
        shown(times[0]),
        shown(times[RUNS - 1]),
        index.asked().get()
    );
}

fn main() {
    measure("200 packages, everything fits at once", 5, &Chain { last: VERSIONS, torn: false, asked: Cell::new(0) });
    measure(
        "200 packages, 17 of 20 versions are wrong at the end",
        5,
        &Chain { last: 3, torn: false, asked: Cell::new(0) },
    );
    measure("200 packages, nothing fits", 5, &Chain { last: VERSIONS, torn: true, asked: Cell::new(0) });
    for seed in 1..=3 {
        measure(&format!("200 packages, one set fits ({seed})"), 1, &Planted::new(seed));
    }
    measure("6 pigeons in 5 holes", 6, &Pigeons { number: 6, asked: Cell::new(0) });
    measure("9 pigeons in 8 holes", 9, &Pigeons { number: 9, asked: Cell::new(0) });
}
