//! Broken policies: whatever is typed, the compiler answers, and points into the text.

use compiler::database::{Database, Info, Source};
use compiler::diagnostic::Severity;
use syntax::token::lex;

const POLICIES: [&str; 4] = [
    include_str!("../../examples/agents/policy.writ"),
    include_str!("../../examples/recoverability/policy.writ"),
    include_str!("../../examples/segmentation/policy.writ"),
    include_str!("../../examples/three-contexts/policy.writ"),
];

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }
}

/// A policy with a few words lost, doubled, swapped, or taken from another place.
fn bent(policy: &str, dice: &mut Dice) -> String {
    let mut at = 0;
    let mut words: Vec<&str> = Vec::new();
    for lexeme in lex(policy) {
        let end = lexeme.end as usize;
        words.push(&policy[at..end]);
        at = end;
    }
    for _ in 0..=dice.below(3) {
        let (here, there) = (dice.below(words.len()), dice.below(words.len()));
        match dice.below(4) {
            0 => drop(words.remove(here)),
            1 => words.insert(here, words[here]),
            2 => words.swap(here, there),
            _ => words[here] = words[there],
        }
    }
    words.concat()
}

#[test]
fn a_bent_policy_is_answered_in_its_own_text() {
    let package = program::Package { name: "bent".into(), version: "1.0.0".into() };
    let mut database = Database::new(Info { package, owner: None });
    let mut dice = Dice(7);
    let (mut wrong, mut right) = (0, 0);
    for turn in 0..200 {
        let text = bent(POLICIES[turn % POLICIES.len()], &mut dice);
        database.set_file(Source { path: "policy.writ".into(), module: "policy".into(), text: text.clone() });
        let reports = database.snapshot().reports("policy.writ");
        for report in &reports {
            let places = report.spots.iter().chain(report.fixes.iter().flat_map(|fix| &fix.edits));
            for spot in places.filter(|spot| spot.file == "policy.writ") {
                assert!(text.get(spot.start..spot.end).is_some(), "{turn}: {report:#?}\n{text}");
            }
            assert!(!report.spots.is_empty(), "{turn}: {report:#?}\n{text}");
        }
        match reports.iter().any(|report| report.code.severity() == Severity::Error) {
            true => wrong += 1,
            false => right += 1,
        }
    }
    assert!(wrong >= 100 && right >= 10, "{wrong} were wrong and {right} right");
}
