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
use decide::{Assurance, Case, Limits};
use estate::{LAW, Numbers, estate, name, now};
use program::{Change, Digest, Fact, FactSource, Origin, Program, RelationId, SourceKind, Speaks, Tuple, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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

fn case(program: &Arc<Program>, given: &BTreeMap<RelationId, BTreeSet<Tuple>>) -> Case<'static> {
    let source = Arc::new(FactSource {
        name: "estate".into(),
        kind: SourceKind::Facts,
        file: "estate".into(),
        speaks: Speaks::Built,
        rank: 0,
        observed_at: None,
        digest: "".into(),
        complete: true,
    });
    let fact = |(id, tuple): (RelationId, &Vec<Value>)| Fact {
        relation: program.relation(id).name.as_str().into(),
        tuple: tuple.clone(),
        origin: Origin { source: source.clone(), place: "1:1".into() },
    };
    Case {
        program: program.clone(),
        facts: given.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple))).map(fact).collect(),
        change: Change {
            format: "question".into(),
            file: "".into(),
            digest: Digest::of(b""),
            actions: Vec::new(),
            partial: Vec::new(),
            facts: Vec::new(),
        },
        actor: None,
        session: None,
        now: 0,
        model: Digest::of(b""),
        sources: Vec::new(),
        limits: Limits { tuples: usize::MAX, bytes: usize::MAX, threads: 1, ..Limits::default() },
        assurance: Assurance::Proof,
        build: String::new(),
    }
}
