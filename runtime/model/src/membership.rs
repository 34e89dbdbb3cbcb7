//! That a fact is in a version, or is not, shown without the version.
//!
//! A proof holds the chunk around the fact's line, or the two between which it would stand, and the hashes that lead from
//! them to the relation's root, and from that root's line to the version's digest. Lines of a relation and lines of a
//! version are sorted, so neighbours without the line between them show that it is nowhere.
//!
//! That two leaves are neighbours, or the first or the last, is shown by their paths: a path turns left and right as its
//! position says, and a leaf never hashes as a node does, so a tree of another size than was claimed gives no other
//! neighbours.

use crate::chunk::Chunk;
use crate::version::{Version, source_line};
use program::Digest;
use program::merkle::{self, Hash};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// That a line is in a version or is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// Lines of the version: that of the fact's relation, or the neighbours between which it would stand.
    pub lines: Neighbours,
    /// Chunks of the relation; none where the version does not have it.
    pub chunks: Option<Neighbours>,
}

/// One leaf of a tree, or two neighbours, each with its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbours {
    /// How many leaves the tree has.
    pub size: u64,
    /// The position of the first.
    pub first: u64,
    /// What is hashed, and the hashes beside the way to the root. Empty for a tree without leaves.
    #[serde(with = "written")]
    pub leaves: Vec<(String, Vec<Hash>)>,
}

impl Version {
    /// Shows whether a canonical line is in this version.
    pub fn membership(&self, line: &str) -> Membership {
        let name = relation(line);
        let root_line = |name: &str, root: Digest| format!("relation {name} {}", root.hex());
        let relations = self.relations.iter().map(|(name, facts)| root_line(name, facts.root()));
        let lines: BTreeSet<String> = relations.chain(self.sources.iter().map(|one| source_line(one))).collect();
        let lines: Vec<String> = lines.into_iter().collect();
        let wanted = format!("relation {name} ");
        let at = lines.partition_point(|line| *line < wanted);
        let facts = self.relations.get(name);
        let (from, to) = if facts.is_some() { (at, at + 1) } else { around(at, lines.len()) };
        let chunks = facts.map(|facts| {
            let texts: Vec<String> = facts.chunks.iter().map(Chunk::text).collect();
            // The first chunk whose last line is not before the wanted one.
            let at = texts.partition_point(|text| text.lines().next_back().is_some_and(|last| last < line));
            let begins_before = |text: &String| text.lines().next().is_some_and(|first| first <= line);
            let (from, to) = match texts.get(at) {
                Some(text) if begins_before(text) => (at, at + 1),
                _ => around(at, texts.len()),
            };
            Neighbours::of(&texts, from, to)
        });
        Membership { lines: Neighbours::of(&lines, from, to), chunks }
    }
}

impl Membership {
    /// Whether the line is in the version of that digest; `None` where this shows neither.
    pub fn shows(&self, version: &Digest, line: &str) -> Option<bool> {
        let name = relation(line);
        let wanted = format!("relation {name} ");
        let lines = self.lines.checked(&|root| Digest::of_hash(root) == *version)?;
        let Some(chunks) = &self.chunks else {
            let here = lines.iter().any(|line| line.starts_with(&wanted));
            return (!here && self.lines.between(lines.first()?, lines.last()?, &wanted)).then_some(false);
        };
        let [root_line] = lines[..] else { return None };
        let root = root_line.strip_prefix(&wanted)?;
        let texts = chunks.checked(&|found| merkle::hex(found) == root)?;
        let all: Vec<&str> = texts.iter().flat_map(|text| text.lines()).collect();
        let sorted = all.is_sorted_by(|a, b| a < b) && all.iter().all(|one| relation(one) == name);
        if !sorted {
            return None;
        }
        if all.binary_search(&line).is_ok() {
            return Some(true);
        }
        chunks.between(all.first()?, all.last()?, line).then_some(false)
    }
}

impl Neighbours {
    fn of(texts: &[String], from: usize, to: usize) -> Neighbours {
        let hashes: Vec<Hash> = texts.iter().map(|text| merkle::leaf(text.as_bytes())).collect();
        let path = |at: usize| {
            let path = merkle::inclusion(&hashes[..], at as u64, hashes.len() as u64);
            path.unwrap_or_else(|never| match never {})
        };
        let leaves = (from..to).map(|at| (texts[at].clone(), path(at))).collect();
        Neighbours { size: hashes.len() as u64, first: from as u64, leaves }
    }

    /// What is hashed, where every path leads to a root that is the right one.
    fn checked(&self, right: &dyn Fn(&Hash) -> bool) -> Option<Vec<&str>> {
        if self.leaves.is_empty() || self.leaves.len() > 2 {
            return None;
        }
        let mut texts = Vec::new();
        for ((text, path), at) in self.leaves.iter().zip(self.first..) {
            let root = merkle::root_of(&merkle::leaf(text.as_bytes()), at, self.size, path)?;
            right(&root).then_some(())?;
            texts.push(text.as_str());
        }
        Some(texts)
    }

    /// Whether everything between two lines is here, and nothing is before the first leaf or behind the last one that
    /// could be the wanted line.
    fn between(&self, first: &str, last: &str, wanted: &str) -> bool {
        let end = self.first + self.leaves.len() as u64;
        (first < wanted || self.first == 0) && (wanted < last || end == self.size)
    }
}

/// The positions of the leaves on both sides of a gap, as far as there are any.
fn around(gap: usize, size: usize) -> (usize, usize) {
    (gap.saturating_sub(1), (gap + 1).min(size))
}

/// The relation that a line is of.
fn relation(line: &str) -> &str {
    line.split('(').next().unwrap_or(line)
}

/// Leaves as a file has them: `{"text": …, "path": [hex, …]}`.
mod written {
    use program::merkle::{self, Hash};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Leaf {
        text: String,
        path: Vec<String>,
    }

    pub(super) fn serialize<S: Serializer>(leaves: &[(String, Vec<Hash>)], serializer: S) -> Result<S::Ok, S::Error> {
        let leaf = |(text, path): &(String, Vec<Hash>)| Leaf {
            text: text.clone(),
            path: path.iter().map(merkle::hex).collect(),
        };
        serializer.collect_seq(leaves.iter().map(leaf))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, Vec<Hash>)>, D::Error> {
        let hash = |hex: &String| {
            merkle::unhex(hex).ok_or_else(|| D::Error::custom(format!("`{hex}` is no hash of 64 hexadecimal digits")))
        };
        let leaves = Vec::<Leaf>::deserialize(deserializer)?;
        leaves.into_iter().map(|leaf| Ok((leaf.text, leaf.path.iter().map(hash).collect::<Result<_, _>>()?))).collect()
    }
}
