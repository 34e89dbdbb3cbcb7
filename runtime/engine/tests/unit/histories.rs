//! Any history of changes ends where loading the last facts begins.

use super::small::program;
use engine::{Delta, Engine, Limits};
use program::{RelationId, Tuple, Value};
use proof::{Certificate, Side};
use std::collections::BTreeSet;
use std::sync::Arc;

const LAW: &str = "
    state edge/2, mark/1, path/2, cut/1, size/2, big/1, calm/1, carried/1;
    change action/1, lost/2;
    path(x, y) if edge(x, y);
    path(x, z) if path(x, y), path(y, z);
    cut(x) if mark(x), not path(x, x);
    size(x, n) if mark(x), n = count path(x, _);
    big(x) if size(x, n), 3 < n;
    calm(x) if cut(x), not big(x);
    carried(x) if big(x);
    carried(x) if before.carried(x);
    lost(x, y) if before.path(x, y), not path(x, y)";

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn any_history_equals_a_load() {
    let program = program(LAW);
    let relation = |name: &str| super::small::id(&program, name);
    let (mut derived, mut taken) = (0, 0);
    for seed in 0..60 {
        let mut numbers = Numbers(seed);
        let node = |numbers: &mut Numbers| Value::text(format!("n{}", numbers.below(7)));
        let random = |numbers: &mut Numbers| -> (RelationId, Tuple) {
            match numbers.below(5) {
                0 => (relation("mark"), vec![node(numbers)]),
                1 => (relation("path"), vec![node(numbers), node(numbers)]),
                _ => (relation("edge"), vec![node(numbers), node(numbers)]),
            }
        };
        let mut facts: BTreeSet<(RelationId, Tuple)> = (0..10).map(|_| random(&mut numbers)).collect();
        let limits = Limits { patience: [0, 3, 1_024][seed as usize % 3], ..Limits::default() };
        let mut engine = Engine::load(Arc::clone(&program), facts.clone(), limits).expect("within the limits");
        for _ in 0..12 {
            let present: Vec<_> = facts.iter().cloned().collect();
            let count = numbers.below(4);
            let mut removed: Vec<_> = (0..count)
                .filter(|_| !present.is_empty())
                .map(|_| present[usize::try_from(numbers.below(present.len() as u64)).unwrap_or(0)].clone())
                .collect();
            removed.push(random(&mut numbers));
            let added: Vec<_> = (0..numbers.below(4)).map(|_| random(&mut numbers)).collect();
            facts.retain(|fact| !removed.contains(fact));
            facts.extend(added.iter().cloned());
            let was = all(&engine);
            let outcome = engine.apply(&Delta { added, removed }).expect("within the limits");
            let fresh =
                Engine::load(Arc::clone(&program), facts.clone(), Limits::default()).expect("within the limits");
            let now = all(&fresh);
            assert_eq!(all(&engine), now, "seed {seed}");
            assert_eq!(certificate(&engine), certificate(&fresh), "heights as well, seed {seed}");
            let is_state = |(relation, _): &&(RelationId, Tuple)| now.iter().chain(&was).any(|(r, _)| r == relation);
            let gained: BTreeSet<_> = now.difference(&was).filter(is_state).cloned().collect();
            let lost: BTreeSet<_> = was.difference(&now).filter(is_state).cloned().collect();
            assert_eq!(outcome.added.into_iter().collect::<BTreeSet<_>>(), gained, "seed {seed}");
            assert_eq!(outcome.removed.into_iter().collect::<BTreeSet<_>>(), lost, "seed {seed}");
            derived += gained.len();
            taken += lost.len();
        }
    }
    assert!(derived > 1_000 && taken > 1_000, "{derived} gained, {taken} lost");
}

/// Everything that holds before any change.
fn all(engine: &Engine<'_>) -> BTreeSet<(RelationId, Tuple)> {
    let world = engine.open(&Delta::default()).expect("within the limits");
    let relations = (0..).map(RelationId).take(engine.program().relations.len());
    relations.flat_map(|id| world.tuples(Side::Before, id).into_iter().map(move |tuple| (id, tuple))).collect()
}

fn certificate(engine: &Engine<'_>) -> Certificate {
    engine.open(&Delta::default()).expect("within the limits").certificate()
}
