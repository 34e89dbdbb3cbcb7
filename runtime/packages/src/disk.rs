//! Files written whole or not at all, and read no further than they may be long.

use crate::{Failure, malformed};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a person is told of a disk that does not do as asked.
pub(crate) fn fault(path: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => Failure::Malformed(format!("{}: there is no such file or folder", path.display())),
        _ => Failure::Fault(format!("{}: {error}", path.display())),
    }
}

/// A name beside `path` that no other process and no other thread has.
pub(crate) fn beside(path: &Path) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// Writes a file whole: beside it first, then in its place.
///
/// # Errors
/// A fault of the disk; what stood there stands there still.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        fs::create_dir_all(above).map_err(|e| fault(above, &e))?;
    }
    let part = beside(path);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&part, path)).map_err(|e| {
        let _ = fs::remove_file(&part);
        fault(path, &e)
    })
}

/// Reads a file that may have at most so many bytes.
pub(crate) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| fault(path, &e))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(|e| fault(path, &e))?;
    if bytes.len() as u64 > most {
        return malformed(format!("{}: it has more than {most} bytes", path.display()));
    }
    Ok(bytes)
}

/// Reads a file that is text; `None` where there is none.
pub(crate) fn text(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(e) => malformed(format!("{}: byte {} is not UTF-8", path.display(), e.utf8_error().valid_up_to())),
        },
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(fault(path, &e)),
    }
}

/// Held by one process at a time; let go when it is dropped, also by a process that dies.
pub(crate) struct Held {
    _file: File,
}

/// Waits until nobody else holds this file.
pub(crate) fn hold(path: &Path) -> Result<Held, Failure> {
    let above = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(above).map_err(|e| fault(above, &e))?;
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(|e| fault(path, &e))?;
    file.lock().map_err(|e| fault(path, &e))?;
    Ok(Held { _file: file })
}
