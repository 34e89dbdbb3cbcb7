//! A tree as one file: a tar of plain files, compressed with gzip.
//!
//! Equal trees give equal bytes: files stand in the order of their paths, without owner, time or mode of their own.
//!
//! INVARIANT: reading never writes to a disk and never holds more than a tree may; what is neither a plain file nor
//! named plainly is refused, whatever else the archive holds.
//! Source: POSIX.1-1988 *ustar*; RFC 1952.

use crate::tree::{FILE, FILES, WHOLE};
use crate::{Failure, Tree, malformed};
use flate2::bufread::GzDecoder;
use flate2::{Compression, GzBuilder};
use std::io::{Read, Write};
use tar::{EntryType, Header};

/// What a registry calls it.
pub const MEDIA_TYPE: &str = "application/vnd.writ.package.v1.tar+gzip";

/// The most bytes that are read of one: those of a tree, with a header and padding for each file.
const PLAIN: u64 = WHOLE + 1_024 * (FILES as u64 + 2);

/// The bytes of a tree.
pub fn pack(tree: &Tree) -> Vec<u8> {
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    let mut block = |bytes: &[u8]| gzip.write_all(bytes).expect("bug: memory takes every byte");
    for (path, bytes) in tree.files() {
        let mut header = Header::new_ustar();
        header.set_path(path).expect("bug: the paths of a tree fit");
        header.set_size(bytes.len() as u64);
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        block(header.as_bytes());
        block(bytes);
        block(&[0; 512][..(512 - bytes.len() % 512) % 512]);
    }
    block(&[0; 1_024]);
    gzip.finish().expect("bug: memory takes every byte")
}

/// The tree of an archive that somebody else made.
///
/// # Errors
/// [`Failure::Malformed`] where it is none, holds a link, a device, a path that leaves the folder, two paths of which one
/// hides the other, or more than a package may.
pub fn unpack(bytes: &[u8]) -> Result<Tree, Failure> {
    let bad = |why: String| Failure::Malformed(format!("this is no archive of a package: {why}"));
    let mut gzip = GzDecoder::new(bytes);
    let mut plain = Vec::new();
    let read = gzip.by_ref().take(PLAIN + 1).read_to_end(&mut plain);
    read.map_err(|e| bad(format!("it cannot be unpacked ({e})")))?;
    if plain.len() as u64 > PLAIN {
        return Err(bad(format!("unpacked it has more than {PLAIN} bytes")));
    }
    if !gzip.into_inner().is_empty() {
        return Err(bad(String::from("something stands behind its end")));
    }
    let mut tree = Tree::default();
    let mut archive = tar::Archive::new(plain.as_slice());
    // Raw: an extension that renames an entry is an entry like others, and refused.
    let entries = archive.entries().map_err(|e| bad(e.to_string()))?.raw(true);
    for entry in entries {
        let mut entry = entry.map_err(|e| bad(e.to_string()))?;
        let path = entry.path_bytes().into_owned();
        let path = String::from_utf8(path).map_err(|_| bad(String::from("the name of a file is not UTF-8")))?;
        match entry.header().entry_type() {
            EntryType::Regular => {}
            EntryType::Link | EntryType::Symlink => return Err(bad(format!("{path:?} is a link"))),
            other => return Err(bad(format!("{path:?} is no plain file ({other:?})"))),
        }
        if entry.size() > FILE {
            return Err(bad(format!("{path:?} has more than {FILE} bytes")));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|e| bad(e.to_string()))?;
        tree.add(&path, content)?;
    }
    if tree.files().next().is_none() {
        return malformed("this is no archive of a package: it is empty");
    }
    // A reader of a tar stops at its end, and another might read on.
    let inside: usize = tree.files().map(|(_, bytes)| 512 + bytes.len().next_multiple_of(512)).sum();
    if plain.get(inside..).is_some_and(|rest| rest.iter().any(|byte| *byte != 0)) {
        return Err(bad(String::from("something stands behind the end of its files")));
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack};
    use crate::Tree;
    use flate2::{Compression, GzBuilder};
    use proptest::prelude::*;
    use std::io::{Read, Write};
    use tar::{EntryType, Header};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::fast());
        gzip.write_all(bytes).expect("memory");
        gzip.finish().expect("memory")
    }

    /// An archive with one entry; the path is written as it is, whatever a library thinks of it.
    fn one(path: &[u8], kind: EntryType, link: Option<&str>, size: u64, content: &[u8]) -> Vec<u8> {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path);
        header.set_size(size);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        if let Some(link) = link {
            header.set_link_name(link).expect("short");
        }
        header.set_cksum();
        let mut tar = header.as_bytes().to_vec();
        tar.extend(content);
        tar.resize(tar.len().next_multiple_of(512) + 1_024, 0);
        gzip(&tar)
    }

    fn refusal(bytes: &[u8]) -> String {
        unpack(bytes).expect_err("it is refused").to_string()
    }

    #[test]
    fn a_path_that_climbs_is_refused() {
        for path in ["../outside", "/etc/cron.d/x", "a/../../b", "a/./b", "C:/x"] {
            let said = refusal(&one(path.as_bytes(), EntryType::Regular, None, 1, b"x"));
            assert!(said.contains("refused"), "{path}: {said}");
        }
    }

    #[test]
    fn links_are_refused() {
        for kind in [EntryType::Symlink, EntryType::Link] {
            assert!(refusal(&one(b"a.writ", kind, Some("/etc/passwd"), 0, b"")).contains("is a link"));
        }
    }

    #[test]
    fn devices_folders_and_extensions_are_refused() {
        let kinds = [EntryType::Char, EntryType::Block, EntryType::Fifo, EntryType::Directory];
        // An extension could give the next entry another name.
        let extensions = [EntryType::XHeader, EntryType::XGlobalHeader, EntryType::GNULongName, EntryType::GNUSparse];
        for kind in kinds.into_iter().chain(extensions) {
            let said = refusal(&one(b"a.writ", kind, None, 0, b""));
            assert!(said.contains("no plain file"), "{kind:?}: {said}");
        }
    }

    #[test]
    fn names_that_differ_by_case_alone_are_refused() {
        let mut tree = Tree::default();
        tree.add("a.writ", b"1".to_vec()).expect("a path");
        let mut tar = Vec::new();
        for name in [&b"a.writ"[..], b"A.writ"] {
            let mut header = Header::new_ustar();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name);
            header.set_size(0);
            header.set_entry_type(EntryType::Regular);
            header.set_cksum();
            tar.extend(header.as_bytes());
        }
        tar.extend([0; 1_024]);
        assert!(refusal(&gzip(&tar)).contains("take the place"));
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        // 256 MiB of nothing in 256 KiB.
        assert!(refusal(&gzip(&vec![0; 256 << 20])).contains("unpacked it has more than"));
        // A header that promises more than there is, and one that promises more than may be.
        assert!(unpack(&one(b"a.writ", EntryType::Regular, None, 1 << 20, b"x")).is_err());
        assert!(refusal(&one(b"a.writ", EntryType::Regular, None, 1 << 40, b"x")).contains("more than"));
        let mut many = Vec::new();
        for n in 0..super::FILES + 1 {
            let mut header = Header::new_ustar();
            header.set_path(format!("f{n}")).expect("short");
            header.set_size(0);
            header.set_entry_type(EntryType::Regular);
            header.set_cksum();
            many.extend(header.as_bytes());
        }
        many.extend([0; 1_024]);
        assert!(refusal(&gzip(&many)).contains("at most"));
    }

    #[test]
    fn what_is_cut_short_or_continued_is_refused() {
        let mut tree = Tree::default();
        tree.add("writ.toml", b"[package]".to_vec()).expect("a path");
        let bytes = pack(&tree);
        for end in 0..bytes.len() {
            assert!(unpack(&bytes[..end]).is_err(), "{end} bytes");
        }
        assert!(unpack(&[bytes.as_slice(), b"x"].concat()).is_err());
        assert!(unpack(b"").is_err());
    }

    #[test]
    fn what_is_hidden_behind_the_last_file_is_refused() {
        let mut tar = Vec::new();
        let mut tree = Tree::default();
        tree.add("writ.toml", b"[package]".to_vec()).expect("a path");
        flate2::read::GzDecoder::new(pack(&tree).as_slice()).read_to_end(&mut tar).expect("packed here");
        let said = refusal(&gzip(&[tar.as_slice(), b"HIDDEN"].concat()));
        assert!(said.contains("behind the end of its files"), "{said}");
        // Others fill up to a whole record with zeros.
        tar.resize(10_240, 0);
        assert_eq!(unpack(&gzip(&tar)).expect("zeros say nothing").digest(), tree.digest());
    }

    proptest! {
        #[test]
        fn an_archive_holds_its_tree_and_equal_trees_are_equal_bytes(
            files in prop::collection::btree_map("[a-d]{1,3}/[a-d]{1,90}", prop::collection::vec(any::<u8>(), 0..1_200), 1..6),
        ) {
            let mut tree = Tree::default();
            for (path, bytes) in &files { let _ = tree.add(path, bytes.clone()); }
            let packed = pack(&tree);
            prop_assert_eq!(&pack(&tree.clone()), &packed);
            let read = unpack(&packed).expect("it was packed here");
            prop_assert_eq!(read.digest(), tree.digest());
        }

        #[test]
        fn bytes_of_anybody_are_a_tree_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = unpack(&gzip(&bytes));
            let _ = unpack(&bytes);
        }
    }
}
