//! A version: facts and sources as one value with a digest.

use crate::chunk::{self, Chunk};
use program::merkle::{self, Hash};
use program::{Digest, Fact, FactSource, write_time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The facts of what is, is meant, and who may; the digest names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `model.version`.
    pub digest: Digest,
    /// By the relation's qualified name.
    pub relations: BTreeMap<Arc<str>, RelationFacts>,
    /// Every source that took part, also one that gave no fact; sorted.
    pub sources: Vec<Arc<FactSource>>,
}

/// The facts of one relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationFacts {
    /// In the order of the canonical lines.
    pub chunks: Vec<Chunk>,
    root: Hash,
}

/// What one version has and the other has not, sorted by canonical line.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Difference<'a> {
    /// Only in the later version.
    pub gained: Vec<&'a Fact>,
    /// Only in the earlier version.
    pub lost: Vec<&'a Fact>,
}

impl Version {
    /// Makes a version of facts and sources in any order, with any repetition.
    ///
    /// Of facts with the same line the one whose origin sorts first is kept.
    pub fn new(facts: Vec<Fact>, sources: impl IntoIterator<Item = Arc<FactSource>>) -> Version {
        let mut lines: Vec<(String, Fact)> = facts.into_iter().map(|fact| (fact.to_string(), fact)).collect();
        lines.sort_by(|a, b| (&a.0, &a.1.origin).cmp(&(&b.0, &b.1.origin)));
        lines.dedup_by(|later, earlier| later.0 == earlier.0);
        let mut by_relation: BTreeMap<Arc<str>, Vec<(String, Fact)>> = BTreeMap::new();
        for line in lines {
            by_relation.entry(line.1.relation.clone()).or_default().push(line);
        }
        let relations: BTreeMap<Arc<str>, RelationFacts> =
            by_relation.into_iter().map(|(name, lines)| (name, RelationFacts::new(lines))).collect();
        let sources: Vec<Arc<FactSource>> = sources.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let digest = Version::name(&relations, &sources);
        Version { digest, relations, sources }
    }

    fn name(relations: &BTreeMap<Arc<str>, RelationFacts>, sources: &[Arc<FactSource>]) -> Digest {
        let relations = relations.iter().map(|(name, facts)| format!("relation {name} {}", merkle::hex(&facts.root)));
        let lines: BTreeSet<String> = relations.chain(sources.iter().map(|source| source_line(source))).collect();
        let leaves: Vec<Hash> = lines.iter().map(|line| merkle::leaf(line.as_bytes())).collect();
        Digest::of_hash(&merkle::root(&leaves))
    }

    /// Every fact, by relation and then by canonical line.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.relations.values().flat_map(RelationFacts::facts)
    }

    /// The number of facts.
    pub fn count(&self) -> usize {
        self.relations.values().map(RelationFacts::count).sum()
    }

    /// What this version has gained and lost since an earlier one. Chunks that both have are not looked into.
    pub fn since<'a>(&'a self, earlier: &'a Version) -> Difference<'a> {
        let mut difference = Difference::default();
        let names: BTreeSet<&Arc<str>> = self.relations.keys().chain(earlier.relations.keys()).collect();
        for name in names {
            let (now, then) = (self.relations.get(name), earlier.relations.get(name));
            if now.map(|facts| facts.root) == then.map(|facts| facts.root) {
                continue;
            }
            let (now, then) = (now.map_or(&[][..], |f| &f.chunks), then.map_or(&[][..], |f| &f.chunks));
            let (new, old) = (apart(now, then), apart(then, now));
            difference.gained.extend(new.iter().filter(|(line, _)| !old.contains_key(*line)).map(|(_, fact)| *fact));
            difference.lost.extend(old.iter().filter(|(line, _)| !new.contains_key(*line)).map(|(_, fact)| *fact));
        }
        difference
    }
}

impl RelationFacts {
    fn new(lines: Vec<(String, Fact)>) -> RelationFacts {
        let chunks = chunk::cut(lines.into_iter());
        let leaves: Vec<Hash> = chunks.iter().map(|chunk| chunk.hash).collect();
        RelationFacts { chunks, root: merkle::root(&leaves) }
    }

    /// The root over its chunks.
    pub fn root(&self) -> Digest {
        Digest::of_hash(&self.root)
    }

    /// Its facts, in the order of the canonical lines.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.chunks.iter().flat_map(|chunk| &chunk.facts)
    }

    /// The number of its facts.
    pub fn count(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.facts.len()).sum()
    }
}

/// The facts of the chunks that `other` does not have, by line.
fn apart<'a>(chunks: &'a [Chunk], other: &[Chunk]) -> BTreeMap<String, &'a Fact> {
    let shared: BTreeSet<&Hash> = other.iter().map(|chunk| &chunk.hash).collect();
    let apart = chunks.iter().filter(|chunk| !shared.contains(&chunk.hash));
    apart.flat_map(|chunk| &chunk.facts).map(|fact| (fact.to_string(), fact)).collect()
}

/// `source "plan.json" <sha-256> complete 2030-01-01T00:00Z`.
pub(crate) fn source_line(source: &FactSource) -> String {
    let complete = if source.complete { "complete" } else { "incomplete" };
    let observed = source.observed_at.map_or_else(|| "-".to_owned(), write_time);
    format!("source {} {} {complete} {observed}", program::quote(&source.name), source.digest)
}
