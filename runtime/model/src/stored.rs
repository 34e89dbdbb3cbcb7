//! A version as files: chunks of lines by their digests, where each fact was read, and a list that names both.
//!
//! A chunk's file is what its digest is taken of, without the zero byte, so versions share what they have in common. Where
//! its facts were read takes no part in any digest of the version and stands in a file of its own.
//!
//! INVARIANT: what is read back has the digest that was asked for, or is refused.
//! Not here: who keeps the files; their bytes come and go by name.

use crate::chunk;
use crate::version::{Version, source_line};
use program::merkle::{self, Hash};
use program::{Digest, Fact, FactSource, Origin, Program, Type, quote, read_line};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a version consists of.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    sources: Vec<Arc<FactSource>>,
    relations: Vec<Part>,
}

/// A relation of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    name: String,
    /// Pairs of digests in hex: of a chunk, and of the file that says where its facts were read.
    chunks: Vec<(String, String)>,
}

/// The facts of a version that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Of relations that the program has.
    pub facts: Vec<Fact>,
    /// Lines of relations that the program does not have.
    pub ignored: usize,
}

impl Version {
    /// The files of this version, by names that do not depend on where they are kept: `model/…`.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let mut relations = Vec::new();
        for (name, facts) in &self.relations {
            let mut chunks = Vec::new();
            for chunk in &facts.chunks {
                let mut places = String::new();
                for same in chunk::lines(&chunk.facts) {
                    let told = same.iter().map(|fact| {
                        let source = self.sources.binary_search(&fact.origin.source);
                        let source = source.expect("bug: a fact of a source that the version does not have");
                        format!("{source} {}", quote(&fact.origin.place))
                    });
                    let _ = writeln!(places, "{}", told.collect::<Vec<_>>().join(" "));
                }
                let at = Digest::of(places.as_bytes());
                chunks.push((chunk.digest().hex().to_owned(), at.hex().to_owned()));
                files.push((format!("model/chunk/{}", chunk.digest().hex()), chunk.text().into_bytes()));
                files.push((format!("model/places/{}", at.hex()), places.into_bytes()));
            }
            relations.push(Part { name: name.to_string(), chunks });
        }
        let list = List { sources: self.sources.clone(), relations };
        let list = serde_json::to_vec(&list).expect("bug: a list of digests is plain data");
        files.push((list_name(&self.digest), list));
        files
    }
}

fn list_name(digest: &Digest) -> String {
    format!("model/version/{}.json", digest.hex())
}

/// Reads a version back.
///
/// - `program`: its relations say what the columns of a line are.
/// - `read`: the bytes of a file, by the name that [`Version::files`] gave it; `None` where there is none.
///
/// # Faults
/// One lower-case sentence: a file is missing, is not what its name says, or leads to another digest.
pub fn read(
    digest: &Digest,
    program: &Program,
    mut read: impl FnMut(&str) -> Result<Option<Vec<u8>>, String>,
) -> Result<Kept, String> {
    let name = list_name(digest);
    let bytes = read(&name)?.ok_or_else(|| format!("{name} is missing"))?;
    let list: List = serde_json::from_slice(&bytes).map_err(|e| format!("{name} is not the list of a version: {e}"))?;
    let mut kept = Kept { facts: Vec::new(), ignored: 0 };
    let mut lines: BTreeSet<String> = list.sources.iter().map(|source| source_line(source)).collect();
    for part in &list.relations {
        let relation: Arc<str> = part.name.as_str().into();
        let columns: Option<Vec<&Type>> = program
            .find(&part.name)
            .map(|id| program.relation(id).columns.iter().map(|column| &column.r#type).collect());
        let mut leaves: Vec<Hash> = Vec::new();
        for (chunk, places) in &part.chunks {
            let (name, at) = (format!("model/chunk/{chunk}"), format!("model/places/{places}"));
            let bytes = read(&name)?.ok_or_else(|| format!("{name} is missing"))?;
            let leaf = merkle::leaf(&bytes);
            if merkle::hex(&leaf) != *chunk {
                return Err(format!("{name} is not what its name says"));
            }
            leaves.push(leaf);
            let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))?;
            let Some(columns) = &columns else {
                kept.ignored += text.lines().count();
                continue;
            };
            let told = read(&at)?.ok_or_else(|| format!("{at} is missing"))?;
            if Digest::of(&told).hex() != places {
                return Err(format!("{at} is not what its name says"));
            }
            let told = String::from_utf8(told).map_err(|_| format!("{at} is not UTF-8"))?;
            let mut told = told.lines();
            for line in text.lines() {
                let origins = told.next().and_then(|places| origins(places, &list.sources));
                let origins = origins.ok_or_else(|| format!("{at} does not say where `{line}` was read"))?;
                let tuple = read_line(line, &relation, columns)
                    .ok_or_else(|| format!("{name}: `{line}` does not fit the columns of `{relation}`"))?;
                let fact = |origin| Fact { relation: relation.clone(), tuple: tuple.clone(), origin };
                kept.facts.extend(origins.into_iter().map(fact));
            }
        }
        lines.insert(format!("relation {} {}", part.name, merkle::hex(&merkle::root(&leaves))));
    }
    let leaves: Vec<Hash> = lines.iter().map(|line| merkle::leaf(line.as_bytes())).collect();
    match Digest::of_hash(&merkle::root(&leaves)) == *digest {
        true => Ok(kept),
        false => Err(format!("{name} leads to another version than its name says")),
    }
}

/// `3 "/resources/0"`, once for each source that says so.
fn origins(mut line: &str, sources: &[Arc<FactSource>]) -> Option<Vec<Origin>> {
    let mut found = Vec::new();
    while !line.is_empty() || found.is_empty() {
        let (source, rest) = line.split_once(' ')?;
        // A quoted text ends at a quote that no backslash stands before.
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let (place, more) = rest.split_at(end?.0 + 1);
        line = match more {
            "" => "",
            more => more.strip_prefix(' ')?,
        };
        let place = read_line(&format!("({place})"), "", &[&Type::String])?;
        let source = sources.get(source.parse::<usize>().ok()?)?;
        found.push(Origin { source: source.clone(), place: place.first()?.as_text()?.into() });
    }
    Some(found)
}
