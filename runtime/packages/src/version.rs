//! Versions and the ranges that take them: three numbers, and Cargo's words for ranges.
//!
//! INVARIANT: the set of a range holds exactly the versions that `semver` says it matches; above every number that is read
//! there are others.
//! Not here: pre-releases; a version that others may depend on is released or not.

use crate::{Failure, malformed};
use pubgrub::Ranges;
use semver::{Comparator, Op, VersionReq};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Bound;

/// The highest number that is read: far enough below the highest there is that what is behind it has a number too.
const MOST: u64 = u64::MAX >> 1;

/// `1.4.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

impl Version {
    /// Of its three numbers.
    pub fn new(major: u64, minor: u64, patch: u64) -> Version {
        Version(semver::Version::new(major, minor, patch))
    }

    /// Reads three numbers, each below 2^63.
    pub fn parse(text: &str) -> Result<Version, Failure> {
        match semver::Version::parse(text) {
            Ok(version) if version.pre.is_empty() && version.build.is_empty() => {
                let version = Version(version);
                if version.numbers().into_iter().any(|number| number > MOST) { too_high(text) } else { Ok(version) }
            }
            _ => malformed(format!("\"{text}\" is no version; write three numbers: \"1.4.0\"")),
        }
    }

    /// Its three numbers.
    pub fn numbers(&self) -> [u64; 3] {
        [self.0.major, self.0.minor, self.0.patch]
    }

    /// The part that two versions share which may stand in for each other: `1`, `0.3`, `0.0.7`.
    pub fn line(&self) -> [u64; 3] {
        match self.numbers() {
            [0, 0, patch] => [0, 0, patch],
            [0, minor, _] => [0, minor, 0],
            [major, _, _] => [major, 0, 0],
        }
    }

    /// The shortest range that takes it and what may stand in for it: `1.4`, `1.4.2`, `0.3.0`.
    pub fn shortest_range(&self) -> String {
        let [major, minor, patch] = self.numbers();
        if major == 0 || patch > 0 { self.to_string() } else { format!("{major}.{minor}") }
    }

    /// The lowest version above it.
    pub fn next(&self) -> Version {
        let [major, minor, patch] = self.numbers();
        Version::new(major, minor, above(patch))
    }

    /// The lowest version above it with another second number.
    pub fn next_minor(&self) -> Version {
        let [major, minor, _] = self.numbers();
        Version::new(major, above(minor), 0)
    }

    /// The lowest version of its line.
    fn first_of_line(&self) -> Version {
        let [major, minor, patch] = self.line();
        Version::new(major, minor, patch)
    }

    /// The lowest version above it that need not stand in for it.
    pub fn next_line(&self) -> Version {
        match self.numbers() {
            [0, 0, patch] => Version::new(0, 0, above(patch)),
            [0, minor, _] => Version::new(0, above(minor), 0),
            [major, _, _] => Version::new(above(major), 0, 0),
        }
    }
}

fn above(number: u64) -> u64 {
    number.checked_add(1).expect("bug: a number was taken that is refused where it is read")
}

fn too_high<T>(text: &str) -> Result<T, Failure> {
    malformed(format!("\"{text}\" has a number that no version has; each is at most {MOST}"))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Version {
    type Error = Failure;

    fn try_from(text: String) -> Result<Version, Failure> {
        Version::parse(&text)
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.to_string()
    }
}

/// `"1.4"`, `">=1.2, <1.9"`, `"*"`: what Cargo means by them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Range {
    text: String,
    required: VersionReq,
}

impl Range {
    /// Reads a range that somebody asks with.
    ///
    /// # Errors
    /// Also where no version is in it.
    pub fn parse(text: &str) -> Result<Range, Failure> {
        Range::read(text)?.some()
    }

    /// Refuses a range that takes nothing: who asks with it has not seen it.
    pub(crate) fn some(self) -> Result<Range, Failure> {
        if !self.is_empty() {
            return Ok(self);
        }
        malformed(format!(
            "\"{self}\" takes no version at all: what one part of it takes, another refuses; \">=1.2, <1.9\" takes those between"
        ))
    }

    /// Whether it takes no version.
    fn is_empty(&self) -> bool {
        self.set().intersection(&Ranges::higher_than(Version::new(0, 0, 0))) == Ranges::empty()
    }

    /// Reads a range of somebody else's, which may take nothing.
    fn read(text: &str) -> Result<Range, Failure> {
        let form = "write one as Cargo does: \"1.4\" (any 1.x from 1.4 on), \"=1.4.0\", \">=1.2, <1.9\", \"*\"";
        match VersionReq::parse(text) {
            Ok(required) if required.comparators.iter().flat_map(numbers).any(|number| number > MOST) => too_high(text),
            Ok(required) if required.comparators.iter().all(|one| one.pre.is_empty()) => {
                Ok(Range { text: text.to_owned(), required })
            }
            Ok(_) => malformed(format!("\"{text}\" names a pre-release, and there are none; {form}")),
            Err(_) => malformed(format!("\"{text}\" is no range of versions; {form}")),
        }
    }

    /// The range of all that may stand in for a version.
    pub fn of(version: &Version) -> Range {
        Range::parse(&version.to_string()).expect("bug: a version is a range")
    }

    /// Whether it takes that version.
    pub fn takes(&self, version: &Version) -> bool {
        self.required.matches(&version.0)
    }

    /// Where it takes versions that stand in for none which the other takes: the first that may be one.
    ///
    /// A line that the other takes a part of is no such one: within it nothing breaks.
    pub fn beyond(&self, other: &Range) -> Option<Version> {
        let mut within = Ranges::empty();
        for (from, to) in other.set().iter() {
            let from = match from {
                Bound::Included(from) | Bound::Excluded(from) => Bound::Included(from.first_of_line()),
                Bound::Unbounded => Bound::Unbounded,
            };
            let to = match to {
                Bound::Excluded(to) if *to == to.first_of_line() => Bound::Excluded(to.clone()),
                Bound::Included(to) | Bound::Excluded(to) => Bound::Excluded(to.next_line()),
                Bound::Unbounded => Bound::Unbounded,
            };
            within = within.union(&Ranges::from_range_bounds::<_, Version>((from, to)));
        }
        let more = self.set().intersection(&within.complement());
        more.iter().next().map(|(from, _)| match from {
            Bound::Included(from) => from.clone(),
            Bound::Excluded(from) => from.next(),
            Bound::Unbounded => Version::new(0, 0, 0),
        })
    }

    /// The same as a set.
    pub fn set(&self) -> Ranges<Version> {
        let all = Ranges::full();
        self.required.comparators.iter().fold(all, |set, one| set.intersection(&compared(one)))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Range {
    type Error = Failure;

    fn try_from(text: String) -> Result<Range, Failure> {
        Range::read(&text)
    }
}

impl From<Range> for String {
    fn from(range: Range) -> String {
        range.text
    }
}

/// The numbers that are written.
fn numbers(one: &Comparator) -> impl Iterator<Item = u64> {
    [Some(one.major), one.minor, one.patch].into_iter().flatten()
}

/// The versions of one comparison. What it leaves open is any number.
fn compared(one: &Comparator) -> Ranges<Version> {
    let (major, minor, patch) = (one.major, one.minor, one.patch);
    let first = Version::new(major, minor.unwrap_or(0), patch.unwrap_or(0));
    // The first version behind all that the written numbers stand for.
    let behind = match (minor, patch) {
        (None, _) => Version::new(above(major), 0, 0),
        (Some(minor), None) => Version::new(major, above(minor), 0),
        (Some(minor), Some(patch)) => Version::new(major, minor, above(patch)),
    };
    match one.op {
        Op::Greater => Ranges::higher_than(behind),
        Op::GreaterEq => Ranges::higher_than(first),
        Op::Less => Ranges::strictly_lower_than(first),
        Op::LessEq => Ranges::strictly_lower_than(behind),
        Op::Tilde => {
            let end = match minor {
                None => Version::new(above(major), 0, 0),
                Some(minor) => Version::new(major, above(minor), 0),
            };
            Ranges::between(first, end)
        }
        Op::Caret => {
            let end = match (major, minor, patch) {
                (0, Some(0), Some(patch)) => Version::new(0, 0, above(patch)),
                (0, Some(minor), _) => Version::new(0, above(minor), 0),
                (major, _, _) => Version::new(above(major), 0, 0),
            };
            Ranges::between(first, end)
        }
        // `=1.2` and `1.2.*` are all that begins so.
        Op::Exact | Op::Wildcard => Ranges::between(first, behind),
        _ => Ranges::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Range, Version};
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        let number = || 0_u64..4;
        let op = prop::sample::select(vec!["", "^", "~", "=", ">", ">=", "<", "<="]);
        let one =
            (op, number(), prop::option::of((number(), prop::option::of(number())))).prop_map(
                |(op, a, rest)| match rest {
                    None => format!("{op}{a}"),
                    Some((b, None)) => format!("{op}{a}.{b}"),
                    Some((b, Some(c))) => format!("{op}{a}.{b}.{c}"),
                },
            );
        prop_oneof![
            4 => prop::collection::vec(one, 1..3).prop_map(|all| all.join(", ")),
            1 => prop::sample::select(vec!["*", "1.*", "0.*", "1.2.*", "0.0.*"]).prop_map(str::to_owned),
        ]
    }

    proptest! {
        #[test]
        fn the_set_of_a_range_is_what_semver_matches(text in text()) {
            let range = Range::read(&text).expect("a range");
            let set = range.set();
            for (a, b, c) in (0..5).flat_map(|a| (0..5).flat_map(move |b| (0..5).map(move |c| (a, b, c)))) {
                let version = Version::new(a, b, c);
                prop_assert_eq!(set.contains(&version), range.takes(&version), "{} of {}", version, text);
            }
        }

        #[test]
        fn a_range_that_takes_nothing_is_refused_and_no_other(text in text()) {
            let range = Range::read(&text).expect("a range");
            // The numbers that are written are below 4, so what is beyond them shows within 5.
            let mut all = (0..6).flat_map(|a| (0..6).flat_map(move |b| (0..6).map(move |c| Version::new(a, b, c))));
            prop_assert_eq!(all.any(|version| range.takes(&version)), Range::parse(&text).is_ok(), "{}", text);
        }

        #[test]
        fn what_is_beyond_a_range_is_in_none_of_its_lines(one in text(), other in text()) {
            let (one, other) = (Range::read(&one).expect("a range"), Range::read(&other).expect("a range"));
            let all = || (0..6).flat_map(|a| (0..6).flat_map(move |b| (0..6).map(move |c| Version::new(a, b, c))));
            let lines: Vec<_> = all().filter(|version| other.takes(version)).map(|version| version.line()).collect();
            let first = all().find(|version| one.takes(version) && !lines.contains(&version.line()));
            let beyond = one.beyond(&other);
            // Between two numbers there may be nothing, and then it is said all the same.
            prop_assert!(first.is_none() || beyond.is_some(), "{} beyond {}: {:?}", one, other, first);
            if let (Some(first), Some(beyond)) = (first, beyond) {
                prop_assert!(beyond <= first, "{} beyond {}: {} {}", one, other, beyond, first);
            }
        }

        #[test]
        fn what_stands_in_for_a_version_is_its_line(a in 0_u64..3, b in 0_u64..3, c in 0_u64..3, d in 0_u64..3, e in 0_u64..3, f in 0_u64..3) {
            let (old, new) = (Version::new(a, b, c), Version::new(d, e, f));
            prop_assert_eq!(Range::of(&old).takes(&new), new >= old && new.line() == old.line());
            prop_assert!(!Range::of(&old).takes(&old.next_line()));
        }
    }

    /// At the end of the numbers as anywhere: what is read is a set, and what is above it has a number.
    fn at_the_end() -> impl Strategy<Value = String> {
        let number = || prop::sample::select(vec![0, 1, MOST - 1, MOST, MOST + 1, u64::MAX - 1, u64::MAX]);
        let op = prop::sample::select(vec!["", "^", "~", "=", ">", ">=", "<", "<="]);
        (op, number(), number(), number(), 1_usize..4).prop_map(|(op, a, b, c, shown)| {
            let shown: Vec<String> = [a, b, c].iter().take(shown).map(u64::to_string).collect();
            format!("{op}{}", shown.join("."))
        })
    }

    proptest! {
        #[test]
        fn a_number_that_has_none_above_it_is_refused_and_no_other(text in at_the_end()) {
            let numbers: Vec<u64> =
                text.trim_start_matches(|c: char| !c.is_ascii_digit()).split('.').map(|one| one.parse().expect("a number")).collect();
            let fits = numbers.iter().all(|number| *number <= MOST);
            let range = Range::read(&text);
            prop_assert_eq!(range.is_ok(), fits, "{}", text);
            if let Ok(range) = range {
                let inside = Version::new(numbers[0], numbers.get(1).copied().unwrap_or(0), numbers.get(2).copied().unwrap_or(0));
                for version in [inside.clone(), inside.next(), inside.next_minor(), inside.next_line(), Version::new(0, 0, 0)] {
                    prop_assert_eq!(range.set().contains(&version), range.takes(&version), "{} of {}", version, text);
                    let _ = (range.set().complement().contains(&version.next_line()), version.next_line().next_line());
                }
            } else {
                prop_assert!(range.expect_err("it is refused").to_string().contains("has a number that no version has"));
            }
            let version = text.trim_start_matches(|c: char| !c.is_ascii_digit());
            prop_assert_eq!(Version::parse(version).is_ok(), fits && numbers.len() == 3, "{}", version);
        }
    }

    #[test]
    fn a_range_is_beyond_another_where_a_line_is_new() {
        for (new, old, beyond) in [
            (">=1", "1", Some("2.0.0")),
            ("*", "1.2", Some("0.0.0")),
            ("2", "1", Some("2.0.0")),
            ("0.3", "0.2", Some("0.3.0")),
            ("1", "=1.2.0", None),
            ("1", ">=1.2, <1.4", None),
            ("1.5", "1.2", None),
            (">=2", ">=1", None),
            ("1", "*", None),
            ("<3", "<2.5", None),
        ] {
            let range = |text| Range::parse(text).expect("a range");
            assert_eq!(range(new).beyond(&range(old)).map(|first| first.to_string()).as_deref(), beyond, "{new} {old}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "1.2", "1.2.3-beta", "01.2.3", "v1.2.3", "1.2.3+4"] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
        for text in ["", "new", "1.2.3-beta", "1..2", "^"] {
            assert!(Range::parse(text).is_err(), "{text}");
        }
        for text in [">2, <1", "<0.0.0", ">1.0.5, <1.0.6", "1, 2", "=1.2.3, ^1.3"] {
            let said = Range::parse(text).expect_err("nothing is in it").to_string();
            assert!(said.contains("takes no version at all"), "{said}");
        }
    }
}
