//! Laws of the search: what it finds fits, and what it says does not fit does not.

use super::explain::words;
use super::{Asked, Index, Versions, resolve, within};
use crate::registry::Listed;
use crate::{Failure, Name, Range, Version};
use proptest::prelude::*;
use std::collections::BTreeMap;

type Needs = Vec<(Name, Range)>;

/// Packages by name and version, with what they depend on; whether a version is yanked.
#[derive(Clone, Debug, Default)]
struct Shelf(BTreeMap<Name, BTreeMap<Version, (Needs, bool)>>);

impl Index for Shelf {
    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        let all = self.0.get(name).into_iter().flatten();
        Ok(all
            .map(|(version, (_, yanked))| Listed {
                version: version.clone(),
                yanked: yanked.then(|| String::from("broken")),
            })
            .collect())
    }

    fn dependencies(&self, name: &Name, version: &Version) -> Result<Result<Needs, String>, Failure> {
        Ok(Ok(self.0[name][version].0.clone()))
    }

    fn near(&self, name: &Name) -> Option<Name> {
        crate::name::near(name, self.0.keys().cloned())
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn asked(all: &[(&str, &str)]) -> Needs {
    all.iter().map(|(one, range)| (name(one), Range::parse(range).expect("a range"))).collect()
}

/// What is wanted, asked for by so many manifests in turn.
fn by(manifests: usize, wanted: &Needs) -> Vec<Asked> {
    let who =
        |at: usize| if manifests == 1 { String::from("writ.toml") } else { format!("{}/writ.toml", at % manifests) };
    let one =
        |(at, (name, range)): (usize, &(Name, Range))| Asked { who: who(at), name: name.clone(), range: range.clone() };
    wanted.iter().enumerate().map(one).collect()
}

/// A package, its version, and what that asks for.
type One<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

fn shelf(all: &[One<'_>]) -> Shelf {
    let mut shelf = Shelf::default();
    for (one, version, needs) in all {
        let yanked = version.ends_with('!');
        let version = Version::parse(version.trim_end_matches('!')).expect("a version");
        shelf.0.entry(name(one)).or_default().insert(version, (asked(needs), yanked));
    }
    shelf
}

fn found(shelf: &Shelf, wanted: &[(&str, &str)], prefer: &[(&str, &str)]) -> String {
    found_by(1, shelf, wanted, prefer)
}

fn found_by(manifests: usize, shelf: &Shelf, wanted: &[(&str, &str)], prefer: &[(&str, &str)]) -> String {
    let prefer = prefer.iter().map(|(one, version)| (name(one), Version::parse(version).expect("a version")));
    match resolve(shelf, &by(manifests, &asked(wanted)), &prefer.collect()) {
        Ok(found) => found.iter().map(|(one, version)| format!("{one} {version}")).collect::<Vec<_>>().join(", "),
        Err(failure) => failure.to_string(),
    }
}

#[test]
fn the_highest_comes_first_but_for_what_was_locked_and_what_is_yanked() {
    let shelf = shelf(&[("a/x", "1.0.0", &[]), ("a/x", "1.1.0", &[]), ("a/x", "1.2.0!", &[])]);
    assert_eq!(found(&shelf, &[("a/x", "1")], &[]), "a/x 1.1.0");
    assert_eq!(found(&shelf, &[("a/x", "1")], &[("a/x", "1.0.0")]), "a/x 1.0.0");
    assert_eq!(found(&shelf, &[("a/x", "1.1")], &[("a/x", "1.0.0")]), "a/x 1.1.0");
    assert_eq!(found(&shelf, &[("a/x", "1")], &[("a/x", "1.2.0")]), "a/x 1.2.0");
}

#[test]
fn a_range_that_nothing_satisfies_says_what_would() {
    let shelf = shelf(&[("a/x", "1.0.0", &[]), ("a/x", "1.4.0", &[]), ("a/x", "1.5.0!", &[])]);
    assert_eq!(
        found(&shelf, &[("a/x", "2")], &[]),
        "no versions fit together:\n  writ.toml asks for a/x ^2.0.0\n  there is no a/x ^2.0.0; there are 1.4.0, 1.0.0, and 1.5.0, yanked\n  \
         help: `\"a/x\" = \"1.4\"` in place of \"2\" would do"
    );
}

#[test]
fn the_nearest_version_that_fits_is_offered_and_not_the_highest() {
    let mut all: Vec<One<'_>> = vec![("a/x", "1.4.0", &[]), ("a/x", "1.5.0", &[]), ("a/x", "2.0.0", &[])];
    let offered = |all: &[One<'_>], wanted: &[(&str, &str)]| {
        let said = found(&shelf(all), wanted, &[]);
        said.lines().filter_map(|line| line.strip_prefix("  help: ").map(str::to_owned)).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(offered(&all, &[("a/x", "1.6")]), "`\"a/x\" = \"1.5\"` in place of \"1.6\" would do");
    assert_eq!(offered(&all, &[("a/x", "3")]), "`\"a/x\" = \"2.0\"` in place of \"3\" would do");
    all.extend([("a/x", "4.0.0", [].as_slice()), ("a/x", "9.0.0", &[]), ("a/y", "1.0.0", &[("a/x", ">=2")])]);
    assert_eq!(offered(&all, &[("a/x", "3")]), "`\"a/x\" = \"4.0\"` in place of \"3\" would do");
    // What another asks for counts: 1.5 is nearer, and does not fit.
    assert_eq!(offered(&all, &[("a/x", "1.6"), ("a/y", "1")]), "`\"a/x\" = \"2.0\"` in place of \"1.6\" would do");
    // Below what is asked for the highest is nearest.
    let young = [("a/x", "0.1.0", [].as_slice()), ("a/x", "0.1.1", &[]), ("a/x", "0.2.0", &[])];
    assert_eq!(offered(&young, &[("a/x", "1")]), "`\"a/x\" = \"0.2.0\"` in place of \"1\" would do");
}

#[test]
fn a_name_that_nobody_has_tells_the_near_one() {
    let shelf = shelf(&[("acme/words", "1.0.0", &[])]);
    assert_eq!(
        found(&shelf, &[("acme/wrods", "1")], &[]),
        "no versions fit together:\n  writ.toml asks for acme/wrods ^1.0.0\n  there is no acme/wrods ^1.0.0; there is no version of \
         it at all\n  help: did you mean `acme/words` by `acme/wrods`?"
    );
    assert!(
        found(&shelf, &[("acme/other", "1")], &[]).contains("help: no other range of one dependency alone would do")
    );
}

#[test]
fn a_conflict_is_told_as_who_asks_for_what() {
    let shelf = shelf(&[
        ("a/base", "1.0.0", &[]),
        ("a/base", "2.0.0", &[]),
        ("a/x", "1.0.0", &[("a/base", "1")]),
        ("a/y", "1.0.0", &[("a/base", "1")]),
        ("a/y", "2.0.0", &[("a/base", "2")]),
    ]);
    let said = found(&shelf, &[("a/x", "1"), ("a/y", "2")], &[]);
    for line in [
        "a/x 1.0.0 asks for a/base ^1.0.0",
        "a/y 2.0.0 asks for a/base ^2.0.0",
        "`\"a/y\" = \"1.0\"` in place of \"2\" would do",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn two_manifests_that_ask_for_one_package_are_both_named() {
    let shelf = shelf(&[("a/x", "1.0.0", &[]), ("a/x", "2.0.0", &[])]);
    assert_eq!(
        found_by(2, &shelf, &[("a/x", "1"), ("a/x", "2")], &[]),
        "no versions fit together:\n  0/writ.toml asks for a/x ^1.0.0\n  1/writ.toml asks for a/x ^2.0.0\n  \
         help: `\"a/x\" = \"2.0\"` in place of \"1\" in 0/writ.toml would do\n  \
         help: `\"a/x\" = \"1.0\"` in place of \"2\" in 1/writ.toml would do"
    );
    assert_eq!(found_by(2, &shelf, &[("a/x", "1"), ("a/x", "*")], &[]), "a/x 1.0.0");
}

/// Pigeons and one hole fewer: each version of a pigeon is a hole, and a hole has room for one.
fn pigeons(number: usize) -> (Shelf, Needs) {
    let mut shelf = Shelf::default();
    for (hole, pigeon) in (0..number - 1).flat_map(|hole| (0..number).map(move |pigeon| (hole, pigeon))) {
        let version = |minor: usize| Version::parse(&format!("1.{minor}.0")).expect("a version");
        let (hole_name, room) = (format!("a/s{hole}"), format!("=1.{pigeon}.0"));
        shelf.0.entry(name(&hole_name)).or_default().insert(version(pigeon), (Vec::new(), false));
        let needs = (asked(&[(&hole_name, &room)]), false);
        shelf.0.entry(name(&format!("a/q{pigeon}"))).or_default().insert(version(hole), needs);
    }
    (shelf, (0..number).map(|pigeon| (name(&format!("a/q{pigeon}")), Range::parse("1").expect("a range"))).collect())
}

#[test]
fn a_conflict_too_deep_to_be_solved_is_given_up_and_names_its_packages() {
    let tried = |number| {
        let (shelf, wanted) = pigeons(number);
        within(200, &shelf, &by(1, &wanted), &Versions::new()).expect_err("nothing fits")
    };
    assert!(matches!(tried(3), Failure::Malformed(said) if said.starts_with("no versions fit together")));
    let Failure::Fault(said) = tried(7) else { panic!("it is given up") };
    assert!(said.starts_with("after 200 choices of a version") && said.contains("a/q"), "{said}");
}

/// Packages of which one version each fits together, among many that do not: every range is drawn by chance, but for those of the
/// versions that fit, which take one another.
fn planted(packages: u64, versions: u64, near: u64, needs: usize, mut seed: u64) -> Shelf {
    let mut below = move |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let fitting: Vec<u64> = (0..packages).map(|_| below(versions)).collect();
    let mut shelf = Shelf::default();
    for (at, fits) in (0..packages).zip(&fitting) {
        for minor in 0..versions {
            let mut asked = BTreeMap::new();
            let others = near.min(packages - at - 1);
            while asked.len() < needs.min(others as usize) {
                let other = at + 1 + below(others);
                let width = 1 + below(versions - 1);
                let least = if minor == *fits {
                    let there = fitting[other as usize];
                    let lowest = (there + 1).saturating_sub(width);
                    lowest + below(there.min(versions - width) - lowest + 1)
                } else {
                    below(versions - width + 1)
                };
                let range = format!(">=1.{least}, <1.{}", least + width);
                asked.entry(name(&format!("a/p{other}"))).or_insert(Range::parse(&range).expect("a range"));
            }
            let version = Version::new(1, minor, 0);
            let all = shelf.0.entry(name(&format!("a/p{at}"))).or_default();
            all.insert(version, (asked.into_iter().collect(), false));
        }
    }
    shelf
}

/// Cargo would find what fits, and so does this.
#[test]
fn two_hundred_packages_full_of_conflicts_are_solved_where_something_fits() {
    for (versions, near, needs) in [(10, 14, 2), (20, 29, 3)] {
        for seed in 1..=3 {
            let shelf = planted(200, versions, near, needs, seed);
            let wanted = asked(&[("a/p0", "1")]);
            let found = resolve(&shelf, &by(1, &wanted), &Versions::new());
            assert!(fits(&shelf, &wanted, &found.unwrap_or_else(|why| panic!("seed {seed}: {why}"))));
        }
    }
}

#[test]
fn versions_in_an_explanation_stand_as_versions_and_runs_are_folded() {
    let mut shelf = Shelf::default();
    for minor in 0..12 {
        let version = Version::parse(&format!("1.{minor}.0")).expect("a version");
        let needs = asked(&[("a/y", &format!("=2.{minor}.0"))]);
        shelf.0.entry(name("a/x")).or_default().insert(version, (needs, false));
    }
    shelf.0.entry(name("a/y")).or_default().insert(Version::new(1, 0, 0), (Vec::new(), false));
    let said = found(&shelf, &[("a/x", "1")], &[]);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.contains("there is no")).collect();
    assert_eq!(
        lines[1..6],
        [
            "writ.toml asks for a/x ^1.0.0",
            "a/x 1.0.0 asks for a/y =2.0.0",
            "a/x 1.1.0 asks for a/y =2.1.0",
            "… and so on, 9 lines more, to:",
            "a/x 1.11.0 asks for a/y =2.11.0",
        ],
        "{said}"
    );
}

fn any_shelf() -> impl Strategy<Value = (Shelf, Needs)> {
    let range = || prop::sample::select(vec!["*", "1", "2", "=1.0.0", ">=1.1", "<2", "1.1"]);
    let one = || (0_usize..5, range());
    let version = || prop::sample::select(vec!["1.0.0", "1.1.0", "2.0.0"]);
    let needs = prop::collection::vec(one(), 0..3);
    let all = prop::collection::vec((0_usize..5, version(), needs), 1..14);
    (all, prop::collection::vec(one(), 1..4)).prop_map(|(all, wanted)| {
        let named = |(n, range): (usize, &str)| (name(&format!("a/p{n}")), Range::parse(range).expect("a range"));
        let mut shelf = Shelf::default();
        for (n, version, needs) in all {
            let needs = needs.into_iter().filter(|(other, _)| *other != n).map(named).collect();
            let version = Version::parse(version).expect("a version");
            shelf.0.entry(name(&format!("a/p{n}"))).or_default().insert(version, (needs, false));
        }
        (shelf, wanted.into_iter().map(named).collect())
    })
}

/// Whether versions fit: each range that is asked for takes what was chosen.
fn fits(shelf: &Shelf, wanted: &Needs, chosen: &Versions) -> bool {
    let takes = |(name, range): &(Name, Range)| chosen.get(name).is_some_and(|version| range.takes(version));
    wanted.iter().all(takes) && chosen.iter().all(|(name, version)| shelf.0[name][version].0.iter().all(takes))
}

/// Whether any choice of versions fits, by trying all of them.
fn possible(shelf: &Shelf, wanted: &Needs) -> bool {
    let mut choices = vec![Versions::new()];
    for (name, versions) in &shelf.0 {
        let more = choices.iter().flat_map(|chosen| {
            versions.keys().map(|version| {
                let mut chosen = chosen.clone();
                chosen.insert(name.clone(), version.clone());
                chosen
            })
        });
        choices = more.collect::<Vec<_>>().into_iter().chain(choices.iter().cloned()).collect();
    }
    choices.iter().any(|chosen| fits(shelf, wanted, chosen))
}

proptest! {
    #[test]
    fn what_is_found_fits_and_nothing_is_found_only_where_nothing_fits((shelf, wanted) in any_shelf(), manifests in 1_usize..4) {
        match resolve(&shelf, &by(manifests, &wanted), &Versions::new()) {
            Ok(chosen) => prop_assert!(fits(&shelf, &wanted, &chosen), "{chosen:?}"),
            Err(failure) => prop_assert!(!possible(&shelf, &wanted), "{failure}"),
        }
    }

    #[test]
    fn a_set_in_words_is_the_set(text in prop::sample::select(vec!["1", "0.2", "=1.2.3", ">=1, <3", "~1.2", "*", "<2", ">1.4"])) {
        let set = Range::parse(text).expect("a range").set();
        prop_assert_eq!(Range::parse(&words(&set)).expect("words are a range").set(), set);
    }
}
