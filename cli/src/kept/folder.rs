//! Files in a folder as a log's storage.
//!
//! Not here: who may write; the log's lock.

use crate::disk;
use evidence::Storage;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Files in a folder, written so that a crash leaves each whole or not at all.
pub(crate) struct Folder {
    root: PathBuf,
    /// Files and folders that are not known to survive a crash.
    pending: BTreeSet<PathBuf>,
}

impl Folder {
    /// The files below a folder, which need not be there.
    pub(crate) fn of(root: &Path) -> Folder {
        Folder { root: root.to_owned(), pending: BTreeSet::new() }
    }

    /// Writes a file beside its place and moves it there; the folders above it are remembered.
    fn put(&mut self, path: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root).to_owned();
        if !folder.is_dir() {
            fs::create_dir_all(&folder)?;
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let written = disk::step().and_then(|()| File::create(&part)).and_then(|mut file| {
            file.write_all(bytes)?;
            if sync { disk::step().and_then(|()| file.sync_all()) } else { Ok(()) }
        });
        let placed = written.and_then(|()| disk::step()).and_then(|()| fs::rename(&part, path));
        placed.inspect_err(|_| {
            let _ = fs::remove_file(&part);
        })?;
        let above = folder.ancestors().take_while(|folder| folder.starts_with(&self.root));
        self.pending.extend(above.map(Path::to_owned));
        Ok(())
    }
}

impl Storage for Folder {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.root.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io::Error::new(error.kind(), format!("{name}: {error}"))),
        }
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(name);
        let there = fs::metadata(&path).is_ok_and(|there| there.len() == bytes.len() as u64)
            && fs::read(&path).is_ok_and(|old| old == bytes);
        if !there {
            self.put(&path, bytes, false)?;
        }
        // Also one that was there: who wrote it may have crashed before it was synced.
        self.pending.insert(path);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        // Files before the folders that name them; the order of paths puts a folder first.
        for path in std::mem::take(&mut self.pending).iter().rev() {
            if cfg!(unix) || path.is_file() {
                disk::step()?;
                File::open(path)?.sync_all()?;
            }
        }
        Ok(())
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(name);
        self.put(&path, bytes, true)?;
        self.sync()
    }

    fn below(&self, folder: &str) -> io::Result<Vec<String>> {
        let (mut names, mut folders) = (Vec::new(), vec![folder.to_owned()]);
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(self.root.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(io::Error::new(error.kind(), format!("{folder}: {error}"))),
            };
            for entry in entries {
                let entry = entry?;
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                if entry.file_type()?.is_dir() { folders.push(name) } else { names.push(name) }
            }
        }
        Ok(names)
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let path = self.root.join(name);
        disk::step().and_then(|()| fs::remove_file(&path))?;
        // Its folder too, where it was the last there.
        let _ = path.parent().map(fs::remove_dir);
        Ok(())
    }
}
