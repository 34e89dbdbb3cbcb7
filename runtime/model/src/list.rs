//! The chunks of a version, relation by relation, as the bytes of its row.
//!
//! A relation is the length of its name and the number of its chunks, eight bytes each with the lowest first; its name; and
//! of every chunk the digest of its tuples and that of where they were read.

use crate::store::Fault;
use program::merkle::Hash;

/// A chunk of a version's list: of its tuples and of where they were read.
pub(crate) type Pair = (Hash, Hash);

/// Adds a relation to the list of a version: its name, how many chunks, their digests.
pub(crate) fn add(relations: &mut Vec<u8>, name: &str, pairs: impl ExactSizeIterator<Item = Pair>) {
    for long in [name.len(), pairs.len()] {
        relations.extend_from_slice(&(long as u64).to_le_bytes());
    }
    relations.extend_from_slice(name.as_bytes());
    for (tuples, places) in pairs {
        relations.extend_from_slice(&tuples);
        relations.extend_from_slice(&places);
    }
}

/// The relations of a list, each with its chunks.
pub(crate) fn read(mut bytes: &[u8]) -> Result<Vec<(String, Vec<Pair>)>, Fault> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (name, count) = (long(&mut bytes)?, long(&mut bytes)?);
        let name = String::from_utf8(take(&mut bytes, name)?.to_vec()).map_err(|_| cut_short())?;
        let all = take(&mut bytes, count.checked_mul(64).ok_or_else(cut_short)?)?;
        let hash = |bytes: &[u8]| Hash::try_from(bytes).map_err(|_| cut_short());
        let pairs = all.chunks_exact(64).map(|pair| Ok((hash(&pair[..32])?, hash(&pair[32..])?)));
        found.push((name, pairs.collect::<Result<Vec<_>, Fault>>()?));
    }
    Ok(found)
}

fn long(bytes: &mut &[u8]) -> Result<usize, Fault> {
    let eight: [u8; 8] = take(bytes, 8)?.try_into().map_err(|_| cut_short())?;
    usize::try_from(u64::from_le_bytes(eight)).map_err(|_| cut_short())
}

fn take<'b>(bytes: &mut &'b [u8], long: usize) -> Result<&'b [u8], Fault> {
    let (front, rest) = bytes.split_at_checked(long).ok_or_else(cut_short)?;
    *bytes = rest;
    Ok(front)
}

fn cut_short() -> Fault {
    Fault::Broken(String::from("the list of a version's chunks ends too early"))
}
