//! The laws of versions: a function of sets, cut where only the line says, differences that add up.

use model::Version;
use program::{Fact, FactSource, Origin, SourceKind, Speaks, Value};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

fn source(name: &str) -> Arc<FactSource> {
    Arc::new(FactSource {
        name: name.into(),
        kind: SourceKind::Facts,
        file: name.into(),
        speaks: Speaks::Built,
        rank: 0,
        observed_at: None,
        digest: "00".into(),
        complete: true,
    })
}

fn fact(relation: &str, number: i64, place: &str) -> Fact {
    let origin = Origin { source: source("a"), place: place.into() };
    Fact { relation: relation.into(), tuple: vec![Value::Int(number), Value::text("x\n\"")], origin }
}

/// A fact whose line is long, and like others of its kind for most of it.
fn long(number: i64, place: &str) -> Fact {
    let head = "é".repeat(60 + usize::try_from(number % 40).expect("small"));
    Fact { tuple: vec![Value::text(format!("{head}{number}"))], ..fact("a.long", number, place) }
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let one = (0..4_usize, 0..200_i64, 0..2_usize);
    let made = |(r, n, p): (usize, i64, usize)| match (["a.one", "a.on", "b.two"].get(r), ["1:1", "2:1"][p]) {
        (Some(relation), place) => fact(relation, n, place),
        (None, place) => long(n, place),
    };
    prop::collection::vec(one, 0..80).prop_map(move |list| list.into_iter().map(made).collect())
}

proptest! {
    #[test]
    fn order_and_repetition_do_not_show(
        (facts, shuffled) in facts().prop_flat_map(|f| (Just(f.clone()), Just(f).prop_shuffle())),
    ) {
        let (a, b) = (source("a"), source("b"));
        let twice: Vec<Fact> = shuffled.iter().chain(&facts).cloned().collect();
        let first = Version::new(facts, [a.clone(), b.clone()]);
        let second = Version::new(twice, [b.clone(), a, b]);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn facts_stand_in_the_order_of_their_lines(facts in facts()) {
        let version = Version::new(facts.clone(), []);
        let lines: Vec<String> = version.facts().map(ToString::to_string).collect();
        let expected: Vec<String> = facts.iter().map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().collect();
        prop_assert_eq!(version.count(), expected.len());
        prop_assert_eq!(lines, expected);
    }

    #[test]
    fn a_difference_leads_from_one_version_to_the_other(before in facts(), after in facts()) {
        let (earlier, later) = (Version::new(before, []), Version::new(after, []));
        let difference = later.since(&earlier);
        let mut lines: BTreeSet<String> = earlier.facts().map(ToString::to_string).collect();
        for lost in &difference.lost {
            prop_assert!(lines.remove(&lost.to_string()));
        }
        for gained in &difference.gained {
            prop_assert!(lines.insert(gained.to_string()));
        }
        prop_assert_eq!(lines, later.facts().map(ToString::to_string).collect::<BTreeSet<_>>());
        prop_assert_eq!(later.digest == earlier.digest, difference.gained.is_empty() && difference.lost.is_empty());
    }
}

/// One fact more or less leaves all chunks but two as they are, in a relation of fifty thousand.
#[test]
fn one_fact_changes_few_chunks() {
    let all: Vec<Fact> = (0..50_000).map(|n| fact("a.one", n, "1:1")).collect();
    let whole = Version::new(all.clone(), []);
    let chunks: BTreeSet<String> = whole.relations["a.one"].chunks.iter().map(|c| c.digest().to_string()).collect();
    assert!((6..=24).contains(&chunks.len()), "{} chunks of 50,000 facts", chunks.len());
    for missing in (0..50_000).step_by(4_999) {
        let mut fewer = all.clone();
        fewer.remove(missing);
        let version = Version::new(fewer, []);
        assert_ne!(version.digest, whole.digest);
        let now: BTreeSet<String> = version.relations["a.one"].chunks.iter().map(|c| c.digest().to_string()).collect();
        assert!(now.difference(&chunks).count() <= 1 && chunks.difference(&now).count() <= 2);
        let difference = whole.since(&version);
        assert_eq!(difference.gained, [&all[missing]]);
        assert!(difference.lost.is_empty());
    }
}

/// Whatever a source says of itself is part of the version's name.
#[test]
fn sources_are_named() {
    let base = source("a");
    let variants = [
        FactSource { name: "b".into(), ..(*base).clone() },
        FactSource { digest: "01".into(), ..(*base).clone() },
        FactSource { complete: false, ..(*base).clone() },
        FactSource { observed_at: Some(0), ..(*base).clone() },
    ];
    let digests: BTreeSet<String> = std::iter::once((*base).clone())
        .chain(variants)
        .map(|source| Version::new(vec![fact("a.one", 1, "1:1")], [Arc::new(source)]).digest.to_string())
        .collect();
    assert_eq!(digests.len(), 5);
}

/// The vectors of docs/formats.md.
#[test]
fn vectors() {
    let text = |relation: &str, words: &[&str]| Fact {
        relation: relation.into(),
        tuple: words.iter().copied().map(Value::text).collect(),
        origin: Origin { source: source("a"), place: "1:1".into() },
    };
    let facts = vec![
        text("std.state.kind", &["key", "key"]),
        text("std.state.kind", &["db", "database"]),
        text("std.state.encrypted_by", &["db", "key"]),
    ];
    let page = include_str!("../../../docs/formats.md");
    let stated = FactSource {
        digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".into(),
        observed_at: Some(1_893_456_000_000_000),
        ..(*source("estate.json")).clone()
    };
    let empty = Version::new(Vec::new(), []);
    let version = Version::new(facts, [Arc::new(stated)]);
    let kinds = version.relations["std.state.kind"].root();
    let keys = version.relations["std.state.encrypted_by"].root();
    for digest in [&empty.digest, &kinds, &keys, &version.digest] {
        assert!(page.contains(digest.hex()), "docs/formats.md lacks {digest}");
    }
}

proptest! {
    #[test]
    fn a_fact_is_shown_to_be_there_or_not(facts in facts(), number in 0..200_i64, relation in 0..4_usize) {
        let version = Version::new(facts, [source("a"), source("b")]);
        let line = fact(["a.one", "a.on", "b.two", "c.none"][relation], number, "1:1").to_string();
        let is = version.facts().any(|fact| fact.to_string() == line);
        let proof = version.membership(&line);
        prop_assert_eq!(proof.shows(&version.digest, &line), Some(is));
        let file = serde_json::to_string(&proof).expect("it can be written");
        prop_assert_eq!(serde_json::from_str::<model::Membership>(&file).expect("it can be read"), proof.clone());
        let other = Version::new(vec![fact("a.one", 1000, "1:1")], []);
        prop_assert_eq!(proof.shows(&other.digest, &line), None);
    }
}

/// Enough facts for several chunks: every line is shown to be there, and every gap to be a gap; no bent proof shows
/// the contrary.
#[test]
fn proofs_over_several_chunks_stand_and_bent_ones_do_not() {
    let facts = (0..30_000).step_by(2).map(|n| fact("a.one", n, "1:1")).collect();
    let version = Version::new(facts, [source("a")]);
    let chunks = version.relations["a.one"].chunks.len();
    assert!(chunks > 2, "{chunks}");
    for number in (0..30_000).step_by(997).chain([-1, 29_999, 40_000]) {
        let line = fact("a.one", number, "1:1").to_string();
        let is = number % 2 == 0 && (0..30_000).contains(&number);
        let proof = version.membership(&line);
        assert_eq!(proof.shows(&version.digest, &line), Some(is), "{line}");
        let bends: [fn(&mut model::Membership); 6] = [
            |proof| proof.chunks.as_mut().expect("chunks").first += 1,
            |proof| proof.chunks.as_mut().expect("chunks").size += 1,
            |proof| proof.lines.size -= 1,
            |proof| proof.chunks.as_mut().expect("chunks").leaves[0].0.truncate(20),
            |proof| proof.chunks = None,
            |proof| {
                proof.chunks.as_mut().expect("chunks").leaves.remove(0);
            },
        ];
        for (at, bend) in bends.iter().enumerate() {
            let mut bent = proof.clone();
            bend(&mut bent);
            assert_ne!(bent.shows(&version.digest, &line), Some(!is), "{line}, bend {at}");
        }
    }
}
