//! A version: facts and sources as one value with a digest.

use crate::chunk::{self, Chunk, Cut};
use crate::workers::spread;
use program::merkle::{self, Hash};
use program::{Digest, Fact, FactSource, write_time};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Facts from which on a second thread is worth starting.
const MANY: usize = 20_000;

/// Facts that one thread cuts at a time; where two pieces meet, a chunk is made twice.
const PIECE: usize = 1 << 16;

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
    /// Of facts with the same line one of each source is kept, that whose place sorts first; the digest counts the line once.
    pub fn new(facts: Vec<Fact>, sources: impl IntoIterator<Item = Arc<FactSource>>) -> Version {
        let cut = cut(grouped(facts));
        // One source's facts come in the order of their lines, so that hardly a relation is cut in vain.
        let (mut relations, again): (Vec<_>, Vec<_>) = cut.into_iter().partition(|(_, cuts)| chunk::are_sorted(cuts));
        if !again.is_empty() {
            let facts = again.into_iter().map(|(_, cuts)| chunk::facts(cuts)).collect();
            relations.extend(self::cut(spread(facts, true, sorted).concat()));
        }
        let relations = relations.into_iter().map(|(name, cuts)| (name, RelationFacts::of(chunk::joined(cuts))));
        Version::of(relations.collect(), sources.into_iter().collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// A version of what is cut and sorted already.
    pub(crate) fn of(relations: BTreeMap<Arc<str>, RelationFacts>, sources: Vec<Arc<FactSource>>) -> Version {
        let digest = Version::name(&relations, &sources);
        Version { digest, relations, sources }
    }

    fn name(relations: &BTreeMap<Arc<str>, RelationFacts>, sources: &[Arc<FactSource>]) -> Digest {
        let relations = relations.iter().map(|(name, facts)| format!("relation {name} {}", merkle::hex(&facts.root)));
        let lines: BTreeSet<String> = relations.chain(sources.iter().map(|source| source_line(source))).collect();
        let leaves: Vec<Hash> = lines.iter().map(|line| merkle::leaf(line.as_bytes())).collect();
        Digest::of_hash(&merkle::root(&leaves))
    }

    /// Its facts alone, by relation and then by canonical line.
    pub fn into_facts(self) -> Vec<Fact> {
        let chunks = self.relations.into_values().flat_map(|facts| facts.chunks);
        chunks.flat_map(|chunk| chunk.facts).collect()
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
    pub(crate) fn of(chunks: Vec<Chunk>) -> RelationFacts {
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

fn same_relation(a: &Fact, b: &Fact) -> bool {
    Arc::ptr_eq(&a.relation, &b.relation) || a.relation == b.relation
}

/// Facts by relation, those of one in the order in which they came. In place: of many facts there is no second list.
fn grouped(mut facts: Vec<Fact>) -> Vec<Fact> {
    let relations = |a: &Fact, b: &Fact| match same_relation(a, b) {
        true => Ordering::Equal,
        false => a.relation.cmp(&b.relation),
    };
    if !facts.is_sorted_by(|a, b| relations(a, b).is_le()) {
        facts.sort_by(relations);
    }
    facts
}

/// The facts of one relation sorted by line and origin, each line once for a source.
fn sorted(mut facts: Vec<Fact>) -> Vec<Fact> {
    facts.sort_by(|a, b| a.cmp_lines(b).then_with(|| a.origin.cmp(&b.origin)));
    facts.dedup_by(|later, earlier| {
        let other = || later.tuple == earlier.tuple && later.origin.source != earlier.origin.source;
        later.cmp_lines(earlier).is_eq() && !other()
    });
    facts
}

/// The pieces of each relation, cut on every thread: of the largest one each has its part.
///
/// - `facts`: by relation.
fn cut(facts: Vec<Fact>) -> Vec<(Arc<str>, Vec<Cut>)> {
    let many = facts.len() > MANY;
    let (mut counts, mut ends, mut begin) = (Vec::new(), Vec::new(), 0);
    for some in facts.chunk_by(same_relation) {
        let before = ends.len();
        ends.extend(piece_ends(some).map(|end| begin + end));
        counts.push((some[0].relation.clone(), ends.len() - before));
        begin += some.len();
    }
    let mut facts: Vec<Option<Fact>> = facts.into_iter().map(Some).collect();
    let (mut rest, mut begin, mut pieces) = (&mut facts[..], 0, Vec::with_capacity(ends.len()));
    for end in ends {
        let (piece, behind) = rest.split_at_mut(end - begin);
        pieces.push(piece);
        (rest, begin) = (behind, end);
    }
    let mut cut = spread(pieces, many, chunk::cut).into_iter();
    counts.into_iter().map(|(name, pieces)| (name, cut.by_ref().take(pieces).collect())).collect()
}

/// Where the pieces of one relation end, which are cut apart from each other.
fn piece_ends(facts: &[Fact]) -> impl Iterator<Item = usize> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        let rest = facts.get(begin + PIECE - 1..).unwrap_or_default();
        // What several sources say stays together.
        let more = rest.windows(2).take_while(|pair| pair[0].tuple == pair[1].tuple).count();
        let end = facts.len().min(begin + PIECE + more);
        let piece = (begin < end).then_some(end);
        begin = end;
        piece
    })
}

/// The facts of the chunks that `other` does not have, by line.
fn apart<'a>(chunks: &'a [Chunk], other: &[Chunk]) -> BTreeMap<String, &'a Fact> {
    let shared: BTreeSet<&Hash> = other.iter().map(|chunk| &chunk.hash).collect();
    let apart = chunks.iter().filter(|chunk| !shared.contains(&chunk.hash));
    apart.flat_map(|chunk| &chunk.facts).map(|fact| (fact.to_string(), fact)).collect()
}

/// `source "plan.json" <sha-256> complete 2030-01-01T00:00Z plan intended 0`: all that a rule may ask of a source.
pub(crate) fn source_line(source: &FactSource) -> String {
    let complete = if source.complete { "complete" } else { "incomplete" };
    let observed = source.observed_at.map_or_else(|| "-".to_owned(), write_time);
    let (name, digest) = (program::quote(&source.name), &source.digest);
    let (kind, speaks, rank) = (source.kind.name(), source.speaks.name(), source.rank);
    format!("source {name} {digest} {complete} {observed} {kind} {speaks} {rank}")
}
