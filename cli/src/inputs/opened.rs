//! Files that are left where they are, and read as far as they are wanted.

use import::Bytes;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// A file on a disk.
struct OnDisk(File);

impl Bytes for OnDisk {
    #[cfg(unix)]
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, into, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, into, offset)
    }
}

/// Opens a file; of what can be read once only, and in order, everything is read.
pub(super) fn opened(path: &Path) -> io::Result<Box<dyn Bytes>> {
    if fs::metadata(path)?.is_file() {
        return Ok(Box::new(OnDisk(File::open(path)?)));
    }
    Ok(Box::new(fs::read(path)?))
}
