//! A version: facts and sources as one value with a digest.

use crate::chunk::{self, Chunk};
use crate::workers::spread;
use program::merkle::{self, Hash};
use program::{Digest, Fact, FactSource, write_time};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
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
        let many = facts.len() > MANY;
        let mut by_relation: Vec<(Arc<str>, Vec<Fact>)> = Vec::new();
        for fact in facts {
            // Facts of one relation come one after the other.
            match by_relation.iter().rposition(|(name, _)| *name == fact.relation) {
                Some(at) => by_relation[at].1.push(fact),
                None => by_relation.push((fact.relation.clone(), vec![fact])),
            }
        }
        let sorted = spread(by_relation, many, |(name, facts)| (name, pieces(facts)));
        let counts: Vec<(Arc<str>, usize)> = sorted.iter().map(|(name, pieces)| (name.clone(), pieces.len())).collect();
        // Of the largest relation every thread cuts its part.
        let pieces: Vec<Vec<Fact>> = sorted.into_iter().flat_map(|(_, pieces)| pieces).collect();
        let mut cut = spread(pieces, many, chunk::cut).into_iter();
        let relations = counts.into_iter().map(|(name, pieces)| {
            let chunks = chunk::joined(cut.by_ref().take(pieces));
            (name, RelationFacts::of(chunks))
        });
        let relations = relations.collect();
        Version::of(relations, sources.into_iter().collect::<BTreeSet<_>>().into_iter().collect())
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

/// The facts of one relation, sorted, each line once for a source, in pieces that are not too large.
///
/// - `facts`: in any order, with any repetition.
fn pieces(facts: Vec<Fact>) -> Vec<Vec<Fact>> {
    let mut fronts = Fronts::default();
    facts.iter().for_each(|fact| fronts.add(fact));
    // What all lines begin with says nothing; the eight bytes behind it settle most comparisons.
    let same = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let common = (1..facts.len()).map(|at| same(fronts.at(0), fronts.at(at))).min().unwrap_or(0);
    let key = |at: usize| {
        let rest = fronts.at(at).iter().skip(common).copied().chain(std::iter::repeat(0)).take(8);
        rest.fold(0_u64, |key, byte| key << 8 | u64::from(byte))
    };
    let lines = |a: usize, b: usize| {
        let whole = || match fronts.at(a).len() {
            FRONT => facts[a].to_string().cmp(&facts[b].to_string()),
            _ => Ordering::Equal,
        };
        fronts.at(a).cmp(fronts.at(b)).then_with(whole)
    };
    let mut order: Vec<(u64, usize)> = (0..facts.len()).map(|at| (key(at), at)).collect();
    // Facts come nearly in order, which a stable sort is quicker for.
    order.sort_by(|a, b| {
        let origins = || facts[a.1].origin.cmp(&facts[b.1].origin);
        a.0.cmp(&b.0).then_with(|| lines(a.1, b.1)).then_with(origins)
    });
    order.dedup_by(|later, earlier| {
        let (a, b) = (&facts[later.1], &facts[earlier.1]);
        let other = || a.tuple == b.tuple && a.origin.source != b.origin.source;
        later.0 == earlier.0 && lines(later.1, earlier.1).is_eq() && !other()
    });
    drop(fronts);
    let mut facts: Vec<Option<Fact>> = facts.into_iter().map(Some).collect();
    let mut pieces: Vec<Vec<Fact>> = vec![Vec::with_capacity(order.len().min(PIECE))];
    for fact in order.iter().filter_map(|(_, at)| facts[*at].take()) {
        match pieces.last_mut() {
            // What several sources say stays together.
            Some(piece) if piece.len() < PIECE || piece.last().is_some_and(|last| last.tuple == fact.tuple) => {
                piece.push(fact);
            }
            _ => pieces.push(vec![fact]),
        }
    }
    pieces
}

/// How much of a line is held while lines are sorted: a fact may hold a whole configuration, and sorts by its first words.
const FRONT: usize = 160;

/// The first bytes of lines; of a line that is longer exactly [`FRONT`] of them.
#[derive(Default)]
struct Fronts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Where the one that is being written may end.
    until: usize,
}

impl Fronts {
    fn add(&mut self, fact: &Fact) {
        self.until = self.bytes.len() + FRONT;
        // Ends with a fault where the line goes on.
        let _ = fact.write(self);
        self.ends.push(self.bytes.len());
    }

    fn at(&self, at: usize) -> &[u8] {
        &self.bytes[at.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[at]]
    }
}

impl fmt::Write for Fronts {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.until - self.bytes.len();
        self.bytes.extend_from_slice(&text.as_bytes()[..text.len().min(room)]);
        if text.len() > room { Err(fmt::Error) } else { Ok(()) }
    }
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
