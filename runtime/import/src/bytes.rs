//! Where the bytes of a file are: at hand, or on a disk, from which they are read as they are wanted.

use crate::SensitiveKey;
use program::{Digest, Hashing};
use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};

/// How many bytes are looked at together.
pub(crate) const BLOCK: usize = 1 << 17;

/// The bytes of a file, which any thread may ask for in any order.
pub trait Bytes: Sync {
    /// Fills `into` with the bytes from `offset` on, as far as it goes.
    ///
    /// - returns: how many; fewer than there is room for also before the end, none only there.
    ///
    /// # Errors
    /// Those of the file.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// All of them, where they are at hand.
    fn held(&self) -> Option<&[u8]> {
        None
    }
}

impl<T: AsRef<[u8]> + Sync> Bytes for T {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let rest = from(self.as_ref(), offset);
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn held(&self) -> Option<&[u8]> {
        Some(self.as_ref())
    }
}

fn from(bytes: &[u8], offset: u64) -> &[u8] {
    usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default()
}

/// The bytes from `offset` on: `length` of them, or up to the end.
///
/// - `room`: where they are put that are not at hand.
pub(crate) fn part<'r>(
    bytes: &'r dyn Bytes,
    offset: u64,
    length: usize,
    room: &'r mut Vec<u8>,
) -> io::Result<&'r [u8]> {
    if let Some(held) = bytes.held() {
        let rest = from(held, offset);
        return Ok(&rest[..rest.len().min(length)]);
    }
    room.resize(length, 0);
    let mut full = 0;
    while full < length {
        match bytes.read_at(offset + full as u64, &mut room[full..]) {
            Ok(0) => break,
            Ok(count) => full += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(&room[..full])
}

/// The next block, which several threads may look at.
fn block(bytes: &dyn Bytes, offset: u64) -> io::Result<Cow<'_, [u8]>> {
    if let Some(held) = bytes.held() {
        let rest = from(held, offset);
        return Ok(Cow::Borrowed(&rest[..rest.len().min(BLOCK)]));
    }
    let mut room = Vec::new();
    let length = part(bytes, offset, BLOCK, &mut room)?.len();
    room.truncate(length);
    Ok(Cow::Owned(room))
}

/// All of them.
pub(crate) fn whole(bytes: &dyn Bytes) -> io::Result<Cow<'_, [u8]>> {
    if let Some(held) = bytes.held() {
        return Ok(Cow::Borrowed(held));
    }
    let mut all = Vec::new();
    loop {
        let block = block(bytes, all.len() as u64)?;
        all.extend_from_slice(&block);
        if block.len() < BLOCK {
            return Ok(Cow::Owned(all));
        }
    }
}

/// What a file is called by its bytes: its digest, and the key that they make.
pub(crate) struct Names {
    pub(crate) digest: Digest,
    pub(crate) key: SensitiveKey,
}

/// Both hashes, as far as they have come.
struct Naming {
    digest: Hashing,
    key: Hashing,
}

impl Naming {
    fn new() -> Naming {
        Naming { digest: Hashing::default(), key: SensitiveKey::begun() }
    }

    fn add(&mut self, block: &[u8]) {
        self.digest.add(block);
        self.key.add(block);
    }

    fn names(self) -> Names {
        Names { digest: Digest::of_hash(&self.digest.hash()), key: SensitiveKey::ended(self.key) }
    }
}

/// Goes through a file once, from its start to its end.
///
/// - `look`: gets one block after the other, until it says that it wants no more. What the file is called is found out
///   beside it, on a thread of its own where there is more than one block.
/// - returns: none where not all of it was wanted.
pub(crate) fn named(bytes: &dyn Bytes, mut look: impl FnMut(&[u8]) -> bool) -> io::Result<Option<Names>> {
    let first = block(bytes, 0)?;
    if !look(&first) {
        return Ok(None);
    }
    if first.len() < BLOCK {
        let mut naming = Naming::new();
        naming.add(&first);
        return Ok(Some(naming.names()));
    }
    thread::scope(|scope| {
        let (give, taken) = sync_channel::<Arc<Cow<'_, [u8]>>>(4);
        let naming = scope.spawn(move || {
            let mut naming = Naming::new();
            taken.into_iter().for_each(|block| naming.add(&block));
            naming.names()
        });
        let wanted = follow(bytes, first, &give, &mut look);
        drop(give);
        let names = joined(naming);
        wanted.map(|wanted| wanted.then_some(names))
    })
}

/// Gives and looks at what follows, from the first block on, which was looked at.
fn follow<'b>(
    bytes: &'b dyn Bytes,
    first: Cow<'b, [u8]>,
    give: &SyncSender<Arc<Cow<'b, [u8]>>>,
    look: &mut dyn FnMut(&[u8]) -> bool,
) -> io::Result<bool> {
    let (mut next, mut offset) = (Arc::new(first), 0);
    while !next.is_empty() {
        give.send(next.clone()).expect("bug: who hashes stopped before the last block");
        offset += next.len() as u64;
        next = Arc::new(block(bytes, offset)?);
        if !look(&next) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().expect("bug: hashing does not fail")
}
