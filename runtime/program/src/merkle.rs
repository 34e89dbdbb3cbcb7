//! Merkle trees over SHA-256: roots, and proofs that a leaf is in a tree and that one tree begins with another.
//!
//! Source: RFC 6962, *Certificate Transparency*, section 2.1: a leaf is SHA-256 of `0x00` and its bytes, a node of
//! `0x01`, its left and its right side; the left side holds the largest power of two that is smaller than the whole.
//! The checks are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
//!
//! Read downwards: [`root`] and [`Tree`], then the two proofs, each beside its check.
//!
//! Not here: where hashes are kept; a tree is asked for the roots of whole subtrees.

use sha2::{Digest as _, Sha256};
use std::ops::Range;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The hash of a leaf.
pub fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// The hash of a node over two others.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root over no leaves: SHA-256 of nothing.
pub fn nothing() -> Hash {
    Sha256::digest(b"").into()
}

/// The root over leaf hashes.
pub fn root(leaves: &[Hash]) -> Hash {
    leaves.range(0..leaves.len() as u64).unwrap_or_else(|never| match never {})
}

/// Hashes of a tree, asked for by range of leaves.
pub trait Tree {
    /// Why a hash cannot be had.
    type Lacking;

    /// The root over `2^level` leaves that begin at leaf `index * 2^level`, all of which are there.
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Self::Lacking>;

    /// The root over some leaves, the first of which begins a subtree large enough to hold them.
    fn range(&self, leaves: Range<u64>) -> Result<Hash, Self::Lacking> {
        let count = leaves.end - leaves.start;
        match count {
            0 => Ok(nothing()),
            _ if count.is_power_of_two() => self.subtree(count.trailing_zeros(), leaves.start / count),
            _ => {
                let split = leaves.start + left(count);
                Ok(node(&self.range(leaves.start..split)?, &self.range(split..leaves.end)?))
            }
        }
    }
}

impl Tree for [Hash] {
    type Lacking = std::convert::Infallible;

    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Self::Lacking> {
        match level {
            0 => Ok(self[usize::try_from(index).expect("a leaf of a slice")]),
            _ => Ok(node(&self.subtree(level - 1, 2 * index)?, &self.subtree(level - 1, 2 * index + 1)?)),
        }
    }
}

/// How many of `count` leaves, at least two, stand on the left side.
fn left(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// The hashes beside the way from a leaf to the root, from below.
///
/// - `index`: the leaf, below `size`.
pub fn inclusion<T: Tree + ?Sized>(tree: &T, index: u64, size: u64) -> Result<Vec<Hash>, T::Lacking> {
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let split = from + left(to - from);
        if index < split {
            path.push(tree.range(split..to)?);
            to = split;
        } else {
            path.push(tree.range(from..split)?);
            from = split;
        }
    }
    path.reverse();
    Ok(path)
}

/// The root that a leaf and its path lead to; `None` where the path is not as long as it must be.
///
/// - `leaf`: its hash.
pub fn root_of(leaf: &Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            hash = node(beside, &hash);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            hash = node(&hash, beside);
        }
        (at, last) = (at / 2, last / 2);
    }
    (last == 0).then_some(hash)
}

/// The hashes that lead from the root over the first `old` leaves to that over `new`, which are at least as many.
pub fn consistency<T: Tree + ?Sized>(tree: &T, old: u64, new: u64) -> Result<Vec<Hash>, T::Lacking> {
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut from, mut to, mut path) = (0, new, Vec::new());
    while old < to {
        let split = from + left(to - from);
        if old <= split {
            path.push(tree.range(split..to)?);
            to = split;
        } else {
            path.push(tree.range(from..split)?);
            from = split;
        }
    }
    if from > 0 {
        path.push(tree.range(from..to)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether a path shows that the tree of root `new` and size `sizes.1` begins with the one of root `old` and size
/// `sizes.0`.
pub fn consistent(sizes: (u64, u64), old: &Hash, new: &Hash, path: &[Hash]) -> bool {
    let (first, second) = sizes;
    if first >= second || first == 0 {
        let same = first < second || old == new;
        return path.is_empty() && first <= second && same && (first != 0 || *old == nothing());
    }
    let (mut at, mut last) = (first - 1, second - 1);
    while at % 2 == 1 {
        (at, last) = (at / 2, last / 2);
    }
    // Where the old tree is one whole subtree of the new one, the path leaves its root out.
    let mut path = path.iter();
    let start = if at == 0 { Some(old) } else { path.next() };
    let Some(start) = start else { return false };
    let (mut then, mut now) = (*start, *start);
    for beside in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            then = node(beside, &then);
            now = node(beside, &now);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            now = node(&now, beside);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && then == *old && now == *new
}

/// A hash in hex.
pub fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A hash from its 64 hexadecimal digits, in lower case; `None` from anything else.
pub fn unhex(text: &str) -> Option<Hash> {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f').then(|| (byte as char).to_digit(16)).flatten();
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::try_from(16 * digit(pair[0])? + digit(pair[1])?).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf(&n.to_be_bytes())).collect()
    }

    /// The leaves and roots that the authors of the RFC test their own implementation with.
    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let inputs: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let leaves: Vec<Hash> = inputs.iter().map(|input| leaf(input)).collect();
        let expected = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (count, expected) in expected.iter().enumerate() {
            assert_eq!(hex(&root(&leaves[..count])), *expected, "{count} leaves");
        }
    }

    #[test]
    fn every_leaf_of_every_tree_is_shown_to_be_there_and_nowhere_else() {
        for size in 1..70 {
            let leaves = leaves(size);
            let tree = root(&leaves);
            for index in 0..size {
                let Ok(path) = inclusion(&leaves[..], index, size);
                let at = |index: u64, path: &[Hash]| root_of(&leaves[index as usize], index, size, path);
                assert_eq!(at(index, &path), Some(tree), "leaf {index} of {size}");
                for wrong in (0..size).filter(|wrong| *wrong != index) {
                    assert_ne!(root_of(&leaves[index as usize], wrong, size, &path), Some(tree));
                }
                assert_ne!(at(index, &[path.as_slice(), &[tree]].concat()), Some(tree));
                assert!(path.is_empty() || at(index, &path[1..]) != Some(tree));
            }
        }
    }

    #[test]
    fn every_tree_is_shown_to_begin_with_each_smaller_one_and_with_no_other() {
        for new in 0..40 {
            let leaves = leaves(new);
            for old in 0..=new {
                let (then, now) = (root(&leaves[..old as usize]), root(&leaves));
                let Ok(path) = consistency(&leaves[..], old, new);
                assert!(consistent((old, new), &then, &now, &path), "{old} of {new}");
                let other = leaf(b"other");
                assert!(!consistent((old, new), &other, &now, &path), "{old} of {new}");
                assert!(old == 0 || !consistent((old, new), &then, &other, &path), "{old} of {new}");
                assert!(!consistent((old, new), &then, &now, &[path.as_slice(), &[other]].concat()));
                for at in 0..path.len() {
                    let mut bent = path.clone();
                    bent[at][7] ^= 1;
                    assert!(!consistent((old, new), &then, &now, &bent), "{old} of {new}");
                }
            }
        }
    }
}
