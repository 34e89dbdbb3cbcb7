//! How a log is cut into files: tiles of 256 hashes, and the bundles of the entries below the lowest.
//!
//! Source: C2SP, *tlog-tiles*.

/// Hashes in a full tile, and entries in a full bundle.
pub(super) const WIDTH: u64 = 256;

/// 256 neighbouring hashes of a level; the levels of tiles are eight levels of the tree apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    /// 0 holds the leaves' hashes.
    pub(super) level: u32,
    /// Its position in the level.
    pub(super) index: u64,
}

impl Tile {
    /// How many hashes it has in a log of `size` entries: 256 for a full one.
    pub(super) fn width(self, size: u64) -> u64 {
        let row = size.checked_shr(8 * self.level).unwrap_or(0);
        row.saturating_sub(self.index * WIDTH).min(WIDTH)
    }

    /// The file of the tile.
    pub(super) fn name(self, size: u64) -> String {
        self.path(&self.level.to_string(), size)
    }

    /// The file of the entries below it; of level 0.
    pub(super) fn bundle(self, size: u64) -> String {
        self.path("entries", size)
    }

    fn path(self, level: &str, size: u64) -> String {
        let mut path = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            path = format!("x{:03}/{path}", rest % 1000);
            rest /= 1000;
        }
        match self.width(size) {
            WIDTH => format!("log/tile/{level}/{path}"),
            width => format!("log/tile/{level}/{path}.p/{width}"),
        }
    }
}

/// The files that end a log of `size` entries: its partial tiles, and the bundle below the lowest.
pub(super) fn partial(size: u64) -> Vec<String> {
    let mut names = Vec::new();
    for level in (0..u64::BITS / 8).filter(|level| !(size >> (8 * level)).is_multiple_of(WIDTH)) {
        let tile = Tile { level, index: (size >> (8 * level)) / WIDTH };
        names.push(tile.name(size));
        names.extend((level == 0).then(|| tile.bundle(size)));
    }
    names
}

/// How many hashes or entries the file of that name holds; 0 where it is no such file.
pub(super) fn width(name: &str) -> u64 {
    name.split_once(".p/").map_or(WIDTH, |(_, width)| width.parse().unwrap_or(0))
}

/// Entries as a file holds them: each behind its length in two bytes, the larger first.
///
/// - `entries`: each at most 65,535 bytes.
pub(super) fn bundle(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).expect("bug: an entry longer than entries may be");
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    bytes
}

/// The entries of a file; `None` where it ends within one.
pub(super) fn unbundle(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::Tile;

    /// The examples of the specification.
    #[test]
    fn files_are_named_as_the_specification_names_them() {
        let name = |level, index, size| Tile { level, index }.name(size);
        assert_eq!(name(0, 1_234_067, u64::MAX), "log/tile/0/x001/x234/067");
        assert_eq!(name(0, 272, 70_000), "log/tile/0/272");
        assert_eq!(name(0, 273, 70_000), "log/tile/0/273.p/112");
        assert_eq!(name(1, 0, 70_000), "log/tile/1/000");
        assert_eq!(name(1, 1, 70_000), "log/tile/1/001.p/17");
        assert_eq!(name(2, 0, 70_000), "log/tile/2/000.p/1");
        assert_eq!(name(1, 0, 256), "log/tile/1/000.p/1");
        assert_eq!(Tile { level: 0, index: 0 }.bundle(5), "log/tile/entries/000.p/5");
        let partial =
            ["log/tile/0/273.p/112", "log/tile/entries/273.p/112", "log/tile/1/001.p/17", "log/tile/2/000.p/1"];
        assert_eq!(super::partial(70_000), partial);
        assert_eq!(super::partial(65_536), ["log/tile/2/000.p/1"]);
    }
}
