//! What a difference costs once both models are loaded: 1,000 facts that changed, spread and all on one hub, at three sizes.
//!
//! `cargo bench -p decide --bench diff -- [RESOURCES]`; 145,000 resources are 1 M facts. Milliseconds at work of this
//! thread where the system tells, else on the wall.

#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::disallowed_methods)]

#[allow(dead_code, reason = "the engine's tests use all of it")]
#[path = "../../engine/tests/unit/small.rs"]
mod small;

#[path = "checks/estate.rs"]
mod estate;

use decide::diff::{Standing, Wanted};
use estate::{LAW, Numbers, case, estate, name, now};
use std::collections::BTreeSet;

/// How many facts change.
const CHANGED: usize = 1_000;

fn main() {
    let resources = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(145_000);
    let program = small::program(LAW);
    for resources in [resources / 4, resources / 2, resources] {
        let given = estate(&program, resources);
        println!("{} facts", given.values().map(BTreeSet::len).sum::<usize>());
        let mut standing = Standing::new(&case(&program, &given)).expect("within the limits");
        let mut numbers = Numbers(23);
        let needs = small::id(&program, "needs");
        let mut spread = given.clone();
        for _ in 0..CHANGED / 2 {
            let (from, to) = (numbers.below(resources), numbers.below(resources));
            spread.entry(needs).or_default().insert(vec![name(from), name(to)]);
            let owner = small::id(&program, "owner");
            let gone = spread[&owner].iter().nth(numbers.below(200)).cloned().expect("there are more owners");
            spread.entry(owner).or_default().remove(&gone);
        }
        let mut hub = given.clone();
        for _ in 0..CHANGED {
            hub.entry(needs).or_default().insert(vec![name(numbers.below(resources)), name(0)]);
        }
        for (what, other) in [("spread", &spread), ("on one hub", &hub)] {
            for (told, most) in [("counted", 0), ("20 of each told with causes", 20)] {
                let wanted = Wanted { most, ..Wanted::default() };
                let next = standing.next(&case(&program, other)).expect("it fits");
                let start = now();
                let diff = standing.take(next, &wanted).expect("it moves");
                let spent = now() - start;
                let turned: usize = diff.relations.iter().map(|turned| turned.count.0 + turned.count.1).sum();
                let each = spent * 1_000.0 / turned.max(1) as f64;
                println!(
                    "{CHANGED} facts {what:<11} {told:<28} {spent:>9.2} ms, {turned} tuples turned, {each:.2} us each"
                );
                let back = standing.next(&case(&program, &given)).expect("it fits");
                standing.take(back, &Wanted::default()).expect("it moves back");
            }
        }
    }
}
