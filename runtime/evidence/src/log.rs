//! The log: entries that are only ever added, under a Merkle tree whose root is signed.
//!
//! Its files are the tiles, entry bundles and checkpoint of C2SP *tlog-tiles*, so any static server can publish it.
//! `tiles` names and cuts them. A commit writes new bundles and tiles beside the old ones, syncs, and then replaces the
//! checkpoint in one step: only that acknowledges the entries. What lies beyond the checkpoint's size was never
//! acknowledged, is not read, and is written over by the next commit. So a crash leaves the log of before or after.
//! Then partial tiles and bundles go that the new checkpoint does not read; who reads under an older one finds their
//! content at the beginning of the wider ones.
//!
//! Read downwards: [`Storage`] is what bytes are kept in, [`View`] reads, [`Log`] adds.
//!
//! INVARIANT: a checkpoint is signed only over a tree that begins with the one of the checkpoint before.
//! Not here: files, locks, clocks, and what the entries stand for.

mod tiles;

use crate::entry::Entry;
use crate::envelope::Refused;
use crate::key::SigningKey;
use crate::note::{Checkpoint, Note};
use crate::receipt::Receipt;
use program::merkle::{self, Hash, Tree as _};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::rc::Rc;
use tiles::{Tile, WIDTH};

/// Where bytes are kept, by names with `/` between folders.
pub trait Storage {
    /// What stands there; `None` where nothing does.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Puts bytes there. Until [`Storage::sync`] has come back a crash may leave any part of them, or nothing.
    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Returns when everything written so far would survive a crash.
    fn sync(&mut self) -> io::Result<()>;

    /// Puts bytes in the place of others in one step: a crash leaves the old or the new, and the new once it is back.
    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// The names of all that stands below a folder, in any order; none where there is no such folder.
    fn below(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Takes something away, at some time or other: a crash may bring it back.
    fn remove(&mut self, name: &str) -> io::Result<()>;
}

/// Why a log does not answer.
#[derive(Debug)]
pub enum LogFault {
    /// Its storage failed; nothing was acknowledged.
    Storage(io::Error),
    /// It is not as its checkpoint says, or not a log at all; one lower-case sentence.
    Broken(String),
    /// There is none.
    Absent,
}

const CHECKPOINT: &str = "log/checkpoint";

/// A log as its last checkpoint tells it.
pub struct View<'s, S: ?Sized> {
    storage: &'s S,
    /// The checkpoint, with its signatures, which nobody has looked at.
    pub note: Note,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// Tiles that were read, or that are about to be written.
    tiles: RefCell<BTreeMap<(u32, u64), Rc<Rows>>>,
}

/// The hashes of a tile, and above them those over pairs, pairs of pairs, and so on, as far as they are whole.
type Rows = Vec<Vec<Hash>>;

fn rows(hashes: Vec<Hash>) -> Rows {
    let mut rows = vec![hashes];
    while let Some(last) = rows.last().filter(|row| row.len() > 1) {
        let (pairs, _) = last.as_chunks::<2>();
        rows.push(pairs.iter().map(|[left, right]| merkle::node(left, right)).collect());
    }
    rows
}

impl<'s, S: Storage + ?Sized> View<'s, S> {
    /// Opens a log to read it, and holds its tiles against its checkpoint.
    ///
    /// # Faults
    /// [`LogFault::Absent`] where there is no checkpoint, [`LogFault::Broken`] where the tiles lead to another root.
    pub fn open(storage: &'s S) -> Result<View<'s, S>, LogFault> {
        let bytes = storage.read(CHECKPOINT)?.ok_or(LogFault::Absent)?;
        let note = Note::parse(&bytes)?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        let view = View { storage, note, checkpoint, tiles: RefCell::default() };
        if view.range(0..view.size())? != view.checkpoint.root {
            return Err(LogFault::Broken(String::from("its tiles do not lead to the root of its checkpoint")));
        }
        Ok(view)
    }

    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Entries from a position on, each held against its leaf hash.
    ///
    /// # Faults
    /// [`LogFault::Broken`] where a bundle is not what the tree was made of.
    pub fn entries(&self, from: u64) -> Result<Vec<Entry>, LogFault> {
        let mut entries = Vec::new();
        for index in from / WIDTH..self.size().div_ceil(WIDTH) {
            let tile = Tile { level: 0, index };
            let hashes = self.tile(tile)?;
            let bundle = self.bundle(index)?;
            let hashes = &hashes[0];
            if bundle.len() != hashes.len() || !bundle.iter().zip(hashes).all(|(one, hash)| merkle::leaf(one) == *hash)
            {
                return Err(LogFault::Broken(format!("{} is not what its tile was made of", tile.bundle(self.size()))));
            }
            for (at, bytes) in (index * WIDTH..).zip(&bundle).filter(|(at, _)| *at >= from) {
                let entry = Entry::read(bytes);
                let entry =
                    entry.ok_or_else(|| LogFault::Broken(format!("entry {at} is not written as entries are")))?;
                entry.stands_at(at)?;
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// That an entry stands in the log at its present size.
    pub fn receipt(&self, index: u64, entry: Entry) -> Result<Receipt, LogFault> {
        let path = merkle::inclusion(self, index, self.size())?;
        Ok(Receipt::new(entry, index, path, self.note.clone())?)
    }

    /// The hashes that show that the log of now begins with the log of an older size.
    pub fn consistency(&self, old: u64) -> Result<Vec<Hash>, LogFault> {
        merkle::consistency(self, old, self.size())
    }

    /// The hashes that show that the log of now begins with the log of an older checkpoint; nothing where it does not.
    pub fn begins_with(&self, then: &Checkpoint) -> Result<Option<Vec<Hash>>, LogFault> {
        let now = &self.checkpoint;
        if then.origin != now.origin || then.size > now.size {
            return Ok(None);
        }
        let path = self.consistency(then.size)?;
        let same = merkle::consistent((then.size, now.size), &then.root, &now.root, &path);
        Ok(same.then_some(path))
    }

    fn bundle(&self, index: u64) -> Result<Vec<Vec<u8>>, LogFault> {
        let tile = Tile { level: 0, index };
        let (name, bytes) = self.read(tile.bundle(self.size()))?;
        let bundle = tiles::unbundle(&bytes).filter(|bundle| bundle.len() as u64 == tiles::width(&name));
        let mut bundle =
            bundle.ok_or_else(|| LogFault::Broken(format!("{name} has not as many entries as its name says")))?;
        bundle.truncate(usize::try_from(tile.width(self.size())).expect("at most 256"));
        Ok(bundle)
    }

    /// What stands in the file of a tile or a bundle, and in which: in a wider one where the log has grown meanwhile and
    /// this one was taken away.
    fn read(&self, name: String) -> Result<(String, Vec<u8>), LogFault> {
        if let Some(bytes) = self.storage.read(&name)? {
            return Ok((name, bytes));
        }
        while let Some((full, _)) = name.split_once(".p/") {
            let checkpoint = self.storage.read(CHECKPOINT)?;
            let listed = self.storage.below(&format!("{full}.p"))?;
            let widest = listed.into_iter().max_by_key(|name| tiles::width(name));
            let wider = widest.filter(|wider| tiles::width(wider) > tiles::width(&name));
            let wider = wider.unwrap_or_else(|| full.to_owned());
            if let Some(bytes) = self.storage.read(&wider)? {
                return Ok((wider, bytes));
            }
            // Whatever the checkpoint reads stood there before it, so that one is found unless it is replaced meanwhile.
            if self.storage.read(CHECKPOINT)? == checkpoint {
                break;
            }
        }
        Err(LogFault::Broken(format!("{name} is missing")))
    }

    /// The hashes of a tile, as many as the present size has.
    fn tile(&self, tile: Tile) -> Result<Rc<Rows>, LogFault> {
        let mut kept = self.tiles.borrow_mut();
        if let Some(rows) = kept.get(&(tile.level, tile.index)) {
            return Ok(rows.clone());
        }
        let (name, bytes) = self.read(tile.name(self.size()))?;
        let mut hashes: Vec<Hash> = bytes.chunks_exact(32).map(|hash| hash.try_into().expect("32 bytes")).collect();
        if hashes.len() as u64 != tiles::width(&name) || bytes.len() % 32 != 0 {
            return Err(LogFault::Broken(format!("{name} has not as many hashes as its name says")));
        }
        hashes.truncate(usize::try_from(tile.width(self.size())).expect("at most 256"));
        let rows = Rc::new(rows(hashes));
        kept.insert((tile.level, tile.index), rows.clone());
        Ok(rows)
    }
}

impl<S: Storage + ?Sized> merkle::Tree for View<'_, S> {
    type Lacking = LogFault;

    fn subtree(&self, level: u32, index: u64) -> Result<Hash, LogFault> {
        let (tile_level, within) = (level / 8, level % 8);
        let row = WIDTH >> within;
        let rows = self.tile(Tile { level: tile_level, index: index / row })?;
        let at = usize::try_from(index % row).expect("below 256");
        let wanted = rows.get(within as usize).and_then(|row| row.get(at)).copied();
        wanted.ok_or_else(|| LogFault::Broken(String::from("a tile ends too early")))
    }
}

/// A log that can be added to.
pub struct Log<S> {
    storage: S,
    key: SigningKey,
    size: u64,
}

impl<S: Storage> Log<S> {
    /// Makes an empty log of that key's name. One that is there stays.
    pub fn create(mut storage: S, key: SigningKey) -> Result<Log<S>, LogFault> {
        if storage.read(CHECKPOINT)?.is_none() {
            let empty = Checkpoint { origin: key.public().name().to_owned(), size: 0, root: merkle::nothing() };
            let note = Note::sign(empty.to_string(), &key);
            storage.replace(CHECKPOINT, note.to_string().as_bytes())?;
        }
        Log::open(storage, key)
    }

    /// Opens a log to add to it.
    ///
    /// # Faults
    /// Those of [`View::open`]; [`LogFault::Broken`] where its last checkpoint is not signed by this key.
    pub fn open(storage: S, key: SigningKey) -> Result<Log<S>, LogFault> {
        let view = View::open(&storage)?;
        if view.note.signed_by(key.public()) != Some(true) || view.checkpoint.origin != key.public().name() {
            let (origin, key) = (&view.checkpoint.origin, key.public().short());
            return Err(LogFault::Broken(format!(
                "it is the log of `{origin}`, and {key} did not sign its checkpoint"
            )));
        }
        let size = view.size();
        Ok(Log { storage, key, size })
    }

    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where it is kept.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Keeps files and adds entries, all in one commit; when this is back, all of it survives a crash.
    ///
    /// - `files`: names and bytes that the entries stand for; written before the entries are acknowledged.
    /// - returns: a receipt for each entry, in their order.
    ///
    /// # Faults
    /// [`LogFault`]: nothing was acknowledged; the log must be opened again.
    pub fn commit(self, files: &[(String, Vec<u8>)], entries: Vec<Entry>) -> Result<(Log<S>, Vec<Receipt>), LogFault> {
        let Log { mut storage, key, size } = self;
        for (name, bytes) in files {
            storage.write(name, bytes)?;
        }
        let grown = size + entries.len() as u64;
        let (written, root, tiles) = {
            let view = View::open(&storage)?;
            if view.size() != size {
                return Err(LogFault::Broken(String::from("somebody else added to it meanwhile")));
            }
            for (entry, index) in entries.iter().zip(size..) {
                entry.stands_at(index)?;
            }
            let written = view.grow(&entries)?;
            let view = View { checkpoint: Checkpoint { size: grown, ..view.checkpoint.clone() }, ..view };
            let root = view.range(0..grown)?;
            (written, root, view.tiles.into_inner())
        };
        for (name, bytes) in &written {
            storage.write(name, bytes)?;
        }
        storage.sync()?;
        let checkpoint = Checkpoint { origin: key.public().name().to_owned(), size: grown, root };
        let note = Note::sign(checkpoint.to_string(), &key);
        if grown > size {
            storage.replace(CHECKPOINT, note.to_string().as_bytes())?;
            // The entries stand: what cannot be cleared away now is cleared away by the next commit.
            let _ = clear(&mut storage, grown);
        }
        let receipts = {
            let view = View { storage: &storage, note, checkpoint, tiles: RefCell::new(tiles) };
            let receipt = |(entry, index)| view.receipt(index, entry);
            entries.into_iter().zip(size..).map(receipt).collect::<Result<Vec<_>, _>>()?
        };
        Ok((Log { storage, key, size: grown }, receipts))
    }
}

/// Takes away the partial tiles and bundles that a log of this size does not read, whenever they were left behind. Its
/// checkpoint would survive a crash.
fn clear(storage: &mut impl Storage, size: u64) -> io::Result<()> {
    let read = tiles::partial(size);
    for name in storage.below("log/tile")? {
        if name.contains(".p/") && !read.contains(&name) {
            storage.remove(&name)?;
        }
    }
    Ok(())
}

impl<S: Storage + ?Sized> View<'_, S> {
    /// The files that a log with these entries behind it needs, tiles last; the tiles are known here from then on.
    fn grow(&self, entries: &[Entry]) -> Result<Vec<(String, Vec<u8>)>, LogFault> {
        let (size, grown) = (self.size(), self.size() + entries.len() as u64);
        let leaves: Vec<Vec<u8>> = entries.iter().map(Entry::bytes).collect();
        if let Some(long) = leaves.iter().find(|bytes| bytes.len() > usize::from(u16::MAX)) {
            return Err(LogFault::Broken(format!("an entry of {} bytes is longer than entries may be", long.len())));
        }
        let mut files = Vec::new();
        let mut bundle = if size.is_multiple_of(WIDTH) { Vec::new() } else { self.bundle(size / WIDTH)? };
        let mut index = size / WIDTH;
        let mut rest = leaves.iter();
        while index * WIDTH < grown && !leaves.is_empty() {
            let tile = Tile { level: 0, index };
            let wanted = usize::try_from(tile.width(grown)).expect("at most 256") - bundle.len();
            bundle.extend(rest.by_ref().take(wanted).cloned());
            files.push((tile.bundle(grown), tiles::bundle(&bundle)));
            bundle.clear();
            index += 1;
        }
        let mut hashes: Vec<Hash> = leaves.iter().map(|bytes| merkle::leaf(bytes)).collect();
        for level in 0.. {
            // How many hashes this level had, and what full tiles it now makes for the one above.
            let (had, has) = (size >> (8 * level), grown >> (8 * level));
            if had == has {
                break;
            }
            let mut row = Vec::new();
            if !had.is_multiple_of(WIDTH) {
                row.clone_from(&self.tile(Tile { level, index: had / WIDTH })?[0]);
            }
            row.extend(hashes);
            hashes = Vec::new();
            for (part, index) in row.chunks(WIDTH as usize).zip(had / WIDTH..) {
                let tile = Tile { level, index };
                files.push((tile.name(grown), part.concat()));
                self.tiles.borrow_mut().insert((level, index), Rc::new(rows(part.to_vec())));
                if part.len() as u64 == WIDTH {
                    hashes.push(merkle::root(part));
                }
            }
        }
        Ok(files)
    }
}

impl From<io::Error> for LogFault {
    fn from(error: io::Error) -> LogFault {
        LogFault::Storage(error)
    }
}

impl From<Refused> for LogFault {
    fn from(refused: Refused) -> LogFault {
        LogFault::Broken(refused.what)
    }
}

impl fmt::Display for LogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogFault::Storage(error) => write!(f, "{error}"),
            LogFault::Broken(what) => f.write_str(what),
            LogFault::Absent => f.write_str("there is no log"),
        }
    }
}
