//! Versions, in the place of the crate `semver`: as much of its face as values and builtins use.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version by Semantic Versioning 2.0.0; ordered by precedence, then by build metadata.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
    pub pre: Prerelease,
    pub build: BuildMetadata,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prerelease(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BuildMetadata(String);

impl Prerelease {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl BuildMetadata {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Version {
    /// The order of precedence: build metadata do not count.
    pub fn cmp_precedence(&self, other: &Version) -> Ordering {
        let numbers = |version: &Version| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| self.pre.cmp(&other.pre))
    }
}

fn is_number(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

fn trimmed(part: &str) -> &str {
    part.trim_start_matches('0')
}

/// Numbers before words; a list before the longer one that it begins.
fn ordered(one: &str, other: &str, same: fn(&str, &str) -> Ordering) -> Ordering {
    let (mut parts, mut others) = (one.split('.'), other.split('.'));
    loop {
        let order = match (parts.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (is_number(a), is_number(b)) {
                (true, true) => {
                    trimmed(a).len().cmp(&trimmed(b).len()).then_with(|| trimmed(a).cmp(trimmed(b))).then(same(a, b))
                }
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

impl Ord for Prerelease {
    fn cmp(&self, other: &Prerelease) -> Ordering {
        match (self.0.is_empty(), other.0.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => ordered(&self.0, &other.0, |_, _| Ordering::Equal),
        }
    }
}

impl PartialOrd for Prerelease {
    fn partial_cmp(&self, other: &Prerelease) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BuildMetadata {
    fn cmp(&self, other: &BuildMetadata) -> Ordering {
        // Of equal numbers the one with more zeros before it comes later.
        ordered(&self.0, &other.0, |a, b| a.len().cmp(&b.len()))
    }
}

impl PartialOrd for BuildMetadata {
    fn partial_cmp(&self, other: &BuildMetadata) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Version, ()> {
        let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
        let (numbers, pre) = text.split_once('-').map_or((text, None), |(numbers, pre)| (numbers, Some(pre)));
        let has_zeros = |part: &str| part.len() > 1 && part.starts_with('0');
        let mut numbers = numbers.split('.').map(|part| match is_number(part) && !has_zeros(part) {
            true => part.parse::<u64>().map_err(|_| ()),
            false => Err(()),
        });
        let mut next = || numbers.next().ok_or(())?;
        let (major, minor, patch) = (next()?, next()?, next()?);
        if numbers.next().is_some() {
            return Err(());
        }
        let is_word =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let all = |list: Option<&str>, fits: &dyn Fn(&str) -> bool| match list {
            Some(list) if list.split('.').all(|part| is_word(part) && fits(part)) => Ok(list.to_owned()),
            Some(_) => Err(()),
            None => Ok(String::new()),
        };
        let pre = Prerelease(all(pre, &|part| !(is_number(part) && has_zeros(part)))?);
        Ok(Version { major, minor, patch, pre, build: BuildMetadata(all(build, &|_| true)?) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.0.is_empty() {
            write!(f, "-{}", self.pre.0)?;
        }
        if !self.build.0.is_empty() {
            write!(f, "+{}", self.build.0)?;
        }
        Ok(())
    }
}
