//! Model versions on disk: SQLite, holding chunks by their digests.
//!
//! A version is its sources and, relation by relation, the digests of its chunks. A chunk that two versions have in common
//! is kept once; so is where its facts were read. Who made a version, when, why and after which other one stands in an
//! entry beside it, outside of its digest.
//!
//! Read downwards: [`Store::keep`] and [`Store::hold`] are one transaction each, so that a kill at any moment leaves what was
//! acknowledged and no part of anything else, and of two writers one waits; [`Store::load`] computes every digest again.
//!
//! INVARIANT: what is loaded has the digest that was asked for, computed from the facts that are handed out.
//! Not here: how facts become bytes (`codec`), where lines are cut (`chunk`), how a version's chunks are listed (`list`).

use crate::chunk::Chunk;
use crate::codec::{self, BySource};
use crate::list;
use crate::version::{RelationFacts, Version};
use crate::workers::{pass, spread};
use program::merkle::{self, Hash};
use program::{Digest, FactSource};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a writer waits for another one, unless it is told.
const PATIENCE: Duration = Duration::from_secs(20);

/// The format of this build; a store of another one is refused.
const FORMAT: i64 = 1;

/// What a store is made of.
const SCHEMA: &str = "
    CREATE TABLE chunk (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE place (digest BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE version (digest BLOB PRIMARY KEY, facts INTEGER NOT NULL, sources TEXT NOT NULL, relations BLOB NOT NULL) STRICT;
    CREATE TABLE entry (
        number INTEGER PRIMARY KEY, version BLOB NOT NULL, parent BLOB, at INTEGER NOT NULL, actor TEXT, message TEXT NOT NULL
    ) STRICT;
    CREATE TABLE tag (name TEXT PRIMARY KEY, version BLOB NOT NULL) STRICT;
    PRAGMA user_version = 1;
";

/// Model versions on disk.
pub struct Store {
    database: Connection,
}

/// Why the store does not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no version of that name.
    Unknown(String),
    /// Several versions begin so.
    Ambiguous(String),
    /// Another writer did not come to an end.
    Busy,
    /// What is there is not what was written, or is no store.
    Broken(String),
    /// It cannot be read or written: a full disk, a file that may not be opened.
    Storage(String),
}

/// What is told of a version beside its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `model.version`.
    pub digest: Digest,
    /// The version that was the newest before.
    pub parent: Option<Digest>,
    /// When it was made, microseconds since 1970.
    pub at: i64,
    /// Who made it, as claimed.
    pub actor: Option<String>,
    /// Why, in their words; may be empty.
    pub message: String,
    /// How many facts it has.
    pub facts: u64,
    /// Its sources.
    pub sources: Vec<FactSource>,
    /// Names that lead to it, sorted.
    pub tags: Vec<String>,
}

/// What a clean-up took away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Versions.
    pub versions: usize,
    /// Chunks that no other version has.
    pub chunks: usize,
}

impl Store {
    /// Opens the store in that file, and makes it where it is not there.
    pub fn open(file: &Path) -> Result<Store, Fault> {
        Store::ready(Connection::open(file)?, PATIENCE)
    }

    /// The same for who does not want to wait as long for another writer.
    pub fn open_within(file: &Path, patience: Duration) -> Result<Store, Fault> {
        Store::ready(Connection::open(file)?, patience)
    }

    /// A store in memory.
    pub fn in_memory() -> Result<Store, Fault> {
        Store::ready(Connection::open_in_memory()?, PATIENCE)
    }

    fn ready(mut database: Connection, patience: Duration) -> Result<Store, Fault> {
        database.busy_timeout(patience)?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        let format =
            |database: &Connection| database.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        // Who only reads takes no lock, and waits for nobody.
        if format(&database)? == 0 {
            let writing = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if format(&writing)? == 0 {
                writing.execute_batch(SCHEMA)?;
            }
            writing.commit()?;
        }
        match format(&database)? {
            FORMAT => Ok(Store { database }),
            other => Err(Fault::Broken(format!("it has format {other}, and this writ reads format {FORMAT}"))),
        }
    }

    /// Keeps a version; on the disk when this returns.
    ///
    /// - `at`: microseconds since 1970.
    /// - returns: whether it is new. One that is the newest already, told by the same sources from the same places, makes no
    ///   entry.
    pub fn keep(&mut self, version: &Version, at: i64, actor: Option<&str>, message: &str) -> Result<bool, Fault> {
        let writing = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let name = hash_of(&version.digest);
        let row = Row::write(&writing, version)?;
        let newest: Option<Vec<u8>> = writing
            .query_row("SELECT version FROM entry ORDER BY number DESC LIMIT 1", [], |row| row.get(0))
            .optional()?;
        let same = newest.as_deref() == Some(&name[..])
            && writing
                .prepare("SELECT 1 FROM version WHERE digest = ?1 AND sources = ?2 AND relations = ?3")?
                .exists(params![&name[..], row.sources, row.relations])?;
        if same {
            return Ok(false);
        }
        row.insert(&writing, version)?;
        writing.execute(
            "INSERT INTO entry (version, parent, at, actor, message) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![&name[..], newest, at, actor, message],
        )?;
        writing.commit()?;
        Ok(true)
    }

    /// Keeps a version that nobody asked to be kept, for what was decided on it; on the disk when this returns.
    ///
    /// It makes no entry, so it is never the newest one; [`Store::sweep`] clears it away unless it is told who names it. A
    /// version that is there stays as it is, with the places that it was told with.
    pub fn hold(&mut self, version: &Version) -> Result<(), Fault> {
        let writing = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let there =
            writing.prepare("SELECT 1 FROM version WHERE digest = ?1")?.exists([&hash_of(&version.digest)[..]])?;
        if !there {
            Row::write(&writing, version)?.insert(&writing, version)?;
            writing.commit()?;
        }
        Ok(())
    }

    /// Loads a version whole; every digest is computed again from what is handed out.
    pub fn load(&self, digest: &Digest) -> Result<Version, Fault> {
        // One reading transaction: nobody can clear away between two rows.
        let reading = self.database.unchecked_transaction()?;
        let row: Option<(String, Vec<u8>)> = reading
            .query_row("SELECT sources, relations FROM version WHERE digest = ?1", [&hash_of(digest)[..]], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (sources, relations) = row.ok_or_else(|| Fault::Unknown(digest.to_string()))?;
        let sources = read_sources(&sources)?;
        let by_source = by_source(&sources)?;
        let mut chunk = reading.prepare("SELECT bytes FROM chunk WHERE digest = ?1")?;
        let mut place = reading.prepare("SELECT bytes FROM place WHERE digest = ?1")?;
        let mut packed = Vec::new();
        for (relation, pairs) in list::read(&relations)? {
            let relation: Arc<str> = relation.into();
            for (tuples, places) in pairs {
                let missing = || Fault::Broken(format!("a chunk of `{relation}` is missing"));
                let bytes = chunk.query_row([&tuples[..]], |row| row.get::<_, Vec<u8>>(0)).optional()?;
                let told = place.query_row([&places[..]], |row| row.get::<_, Vec<u8>>(0)).optional()?;
                let (bytes, told) = bytes.zip(told).ok_or_else(missing)?;
                packed.push((relation.clone(), (tuples, bytes), (places, told)));
            }
        }
        let read = spread(packed, true, |(relation, (tuples, bytes), (places, told))| {
            let other = || Fault::Broken(format!("a chunk of `{relation}` is not what was kept"));
            if Hash::from(Sha256::digest(&told)) != places {
                return Err(other());
            }
            let chunk = Chunk::new(codec::unpack(&relation, &bytes, &told, &by_source)?);
            if chunk.hash == tuples { Ok((relation, chunk)) } else { Err(other()) }
        });
        let mut chunks: BTreeMap<Arc<str>, Vec<Chunk>> = BTreeMap::new();
        for chunk in read {
            let (relation, chunk) = chunk?;
            chunks.entry(relation).or_default().push(chunk);
        }
        let relations = chunks.into_iter().map(|(relation, chunks)| (relation, RelationFacts::of(chunks)));
        let version = Version::of(relations.collect(), sources);
        match version.digest == *digest {
            true => Ok(version),
            false => Err(Fault::Broken(format!("what is kept as {digest} is {}", version.digest))),
        }
    }

    /// Every entry, the newest first.
    pub fn log(&self) -> Result<Vec<Entry>, Fault> {
        let reading = self.database.unchecked_transaction()?;
        let mut tags: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
        let mut select = reading.prepare("SELECT version, name FROM tag ORDER BY name")?;
        for row in select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (version, name): (Vec<u8>, String) = row?;
            tags.entry(version).or_default().push(name);
        }
        let mut select = reading.prepare(
            "SELECT version, parent, at, actor, message, facts, sources
             FROM entry JOIN version ON version.digest = entry.version ORDER BY number DESC",
        )?;
        type Row = (Vec<u8>, Option<Vec<u8>>, i64, Option<String>, String, i64, String);
        let rows = select.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
        })?;
        let mut entries = Vec::new();
        for row in rows {
            let (digest, parent, at, actor, message, facts, sources): Row = row?;
            let sources = read_sources(&sources)?.into_iter().map(|source| (*source).clone()).collect();
            let named = tags.get(&digest).cloned().unwrap_or_default();
            entries.push(Entry {
                digest: digest_of(&digest)?,
                parent: parent.as_deref().map(digest_of).transpose()?,
                at,
                actor,
                message,
                facts: u64::try_from(facts).unwrap_or(0),
                sources,
                tags: named,
            });
        }
        Ok(entries)
    }

    /// The newest version, where there is one.
    pub fn newest(&self) -> Result<Option<Digest>, Fault> {
        let newest: Option<Vec<u8>> = self
            .database
            .query_row("SELECT version FROM entry ORDER BY number DESC LIMIT 1", [], |row| row.get(0))
            .optional()?;
        newest.as_deref().map(digest_of).transpose()
    }

    /// The version that a person means: `newest`, a tag, a digest, or at least four digits that only one begins with.
    pub fn find(&self, name: &str) -> Result<Digest, Fault> {
        let unknown = || Fault::Unknown(name.to_owned());
        if name == "newest" {
            return self.newest()?.ok_or_else(unknown);
        }
        let tagged: Option<Vec<u8>> =
            self.database.query_row("SELECT version FROM tag WHERE name = ?1", [name], |row| row.get(0)).optional()?;
        if let Some(digest) = tagged {
            return digest_of(&digest);
        }
        let digits = name.strip_prefix("sha256:").unwrap_or(name);
        if !is_digits(digits) {
            return Err(unknown());
        }
        let mut select =
            self.database.prepare("SELECT digest FROM version WHERE substr(lower(hex(digest)), 1, length(?1)) = ?1")?;
        let rows = select.query_map([digits], |row| row.get::<_, Vec<u8>>(0))?;
        let found = rows.collect::<Result<Vec<_>, _>>()?;
        match &found[..] {
            [one] => digest_of(one),
            [] => Err(unknown()),
            _ => Err(Fault::Ambiguous(name.to_owned())),
        }
    }

    /// Gives a version a name, in place of what the name led to before.
    pub fn tag(&mut self, name: &str, digest: &Digest) -> Result<(), Fault> {
        let version = hash_of(digest);
        let known = self.database.execute(
            "INSERT INTO tag (name, version) SELECT ?1, digest FROM version WHERE digest = ?2
             ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            params![name, &version[..]],
        )?;
        if known == 0 { Err(Fault::Unknown(digest.to_string())) } else { Ok(()) }
    }

    /// Takes a name away.
    ///
    /// - returns: whether there was one.
    pub fn untag(&mut self, name: &str) -> Result<bool, Fault> {
        Ok(self.database.execute("DELETE FROM tag WHERE name = ?1", [name])? > 0)
    }

    /// Takes away what is neither among the newest nor named: by a tag, or by `also`.
    ///
    /// - `keep`: how many of the newest versions stay.
    /// - `also`: versions that something outside of the store names.
    pub fn sweep(&mut self, keep: usize, also: &BTreeSet<Digest>) -> Result<Swept, Fault> {
        let writing = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let hashes = |query: &str| -> Result<Vec<Hash>, Fault> {
            let mut select = writing.prepare(query)?;
            let rows = select.query_map([], |row| row.get::<_, Hash>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        };
        let mut stay: HashSet<Hash> = also.iter().map(hash_of).collect();
        stay.extend(hashes("SELECT version FROM tag")?);
        let newest = hashes("SELECT version FROM entry GROUP BY version ORDER BY max(number) DESC")?;
        stay.extend(newest.iter().take(keep));
        let mut versions = 0;
        for digest in hashes("SELECT digest FROM version")?.iter().filter(|digest| !stay.contains(*digest)) {
            versions += writing.execute("DELETE FROM version WHERE digest = ?1", [&digest[..]])?;
            writing.execute("DELETE FROM entry WHERE version = ?1", [&digest[..]])?;
        }
        let (mut tuples, mut places) = (HashSet::new(), HashSet::new());
        let mut select = writing.prepare("SELECT relations FROM version")?;
        for row in select.query_map([], |row| row.get::<_, Vec<u8>>(0))? {
            for (_, pairs) in list::read(&row?)? {
                tuples.extend(pairs.iter().map(|pair| pair.0));
                places.extend(pairs.iter().map(|pair| pair.1));
            }
        }
        drop(select);
        let mut chunks = 0;
        for digest in hashes("SELECT digest FROM chunk")?.iter().filter(|digest| !tuples.contains(*digest)) {
            chunks += writing.execute("DELETE FROM chunk WHERE digest = ?1", [&digest[..]])?;
        }
        for digest in hashes("SELECT digest FROM place")?.iter().filter(|digest| !places.contains(*digest)) {
            writing.execute("DELETE FROM place WHERE digest = ?1", [&digest[..]])?;
        }
        writing.commit()?;
        if versions > 0 {
            self.database.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
        }
        Ok(Swept { versions, chunks })
    }
}

/// Whether it is the beginning of a digest, long enough to mean one.
pub fn is_digits(name: &str) -> bool {
    (4..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// What the row of a version says of its content.
struct Row {
    sources: String,
    relations: Vec<u8>,
}

impl Row {
    /// Writes the chunks that are not there yet.
    fn write(writing: &Transaction<'_>, version: &Version) -> Result<Row, Fault> {
        let sources = by_source(&version.sources)?;
        let known = |source: &FactSource| sources.get(&(source.name.clone(), source.file.clone()));
        // Facts of one source stand side by side, and share it.
        let mut last: Option<&Arc<FactSource>> = None;
        let strange = version.facts().find(|fact| {
            let source = &fact.origin.source;
            !last.replace(source).is_some_and(|last| Arc::ptr_eq(last, source)) && known(source) != Some(source)
        });
        if let Some(fact) = strange {
            let name = &fact.origin.source.name;
            return Err(Fault::Storage(format!("a fact is of `{name}`, which is no source of its version")));
        }
        let mut there = writing.prepare("SELECT 1 FROM chunk WHERE digest = ?1")?;
        let mut new = Vec::new();
        for chunk in version.relations.values().flat_map(|facts| &facts.chunks) {
            new.push((chunk, !there.exists([&chunk.hash[..]])?));
        }
        let mut chunk = writing.prepare("INSERT INTO chunk (digest, bytes) VALUES (?1, ?2)")?;
        let mut place = writing.prepare("INSERT OR IGNORE INTO place (digest, bytes) VALUES (?1, ?2)")?;
        let mut pairs = Vec::with_capacity(new.len());
        // While one thread writes, others pack what comes next.
        let packed = |(made, new): (&Chunk, bool)| {
            let (tuples, places) = codec::pack(&made.facts, new);
            (made.hash, tuples, Hash::from(Sha256::digest(&places)), places)
        };
        pass(new, packed, |(hash, tuples, digest, places)| -> Result<(), Fault> {
            if let Some(tuples) = tuples {
                chunk.execute(params![&hash[..], tuples])?;
            }
            place.execute(params![&digest[..], places])?;
            pairs.push((hash, digest));
            Ok(())
        })?;
        let mut relations = Vec::new();
        let mut pairs = pairs.into_iter();
        for (relation, facts) in &version.relations {
            list::add(&mut relations, relation, pairs.by_ref().take(facts.chunks.len()));
        }
        let listed: Vec<&FactSource> = version.sources.iter().map(|source| &**source).collect();
        let sources = serde_json::to_string(&listed).map_err(|error| Fault::Storage(error.to_string()))?;
        Ok(Row { sources, relations })
    }

    fn insert(self, writing: &Transaction<'_>, version: &Version) -> Result<(), Fault> {
        let count = i64::try_from(version.count()).unwrap_or(i64::MAX);
        writing.execute(
            "INSERT OR REPLACE INTO version (digest, facts, sources, relations) VALUES (?1, ?2, ?3, ?4)",
            params![&hash_of(&version.digest)[..], count, self.sources, self.relations],
        )?;
        Ok(())
    }
}

fn by_source(sources: &[Arc<FactSource>]) -> Result<BySource, Fault> {
    let mut found = BySource::new();
    for source in sources {
        let key = (source.name.clone(), source.file.clone());
        if found.insert(key, source.clone()).is_some() {
            return Err(Fault::Storage(format!("two sources are `{}`, of the file {}", source.name, source.file)));
        }
    }
    Ok(found)
}

fn read_sources(text: &str) -> Result<Vec<Arc<FactSource>>, Fault> {
    let sources: Vec<FactSource> =
        serde_json::from_str(text).map_err(|error| Fault::Broken(format!("its sources cannot be read: {error}")))?;
    Ok(sources.into_iter().map(Arc::new).collect())
}

fn hash_of(digest: &Digest) -> Hash {
    merkle::unhex(digest.hex()).expect("bug: a digest is 64 hexadecimal digits")
}

fn digest_of(hash: &[u8]) -> Result<Digest, Fault> {
    let hash: Hash = hash.try_into().map_err(|_| Fault::Broken(String::from("a digest is not 32 bytes long")))?;
    Ok(Digest::of_hash(&hash))
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::Broken(error.to_string()),
            // No code: a row or a statement does not fit, so the tables are not those that were made.
            Some(ErrorCode::Unknown) | None => Fault::Broken(error.to_string()),
            Some(_) => Fault::Storage(error.to_string()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Unknown(name) => write!(f, "{name}: there is no such model version"),
            Fault::Ambiguous(name) => write!(f, "{name}: several model versions begin so"),
            Fault::Busy => f.write_str("another writer holds the store; nothing was written"),
            Fault::Broken(what) => write!(f, "the store of model versions is damaged: {what}"),
            Fault::Storage(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Fault {}
