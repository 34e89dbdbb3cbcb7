//! Files written whole or not at all, and read no further than they may be long.

use crate::{Failure, malformed};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

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

/// Waits until nobody else holds this file, and tells nobody.
pub(crate) fn hold(path: &Path) -> Result<Held, Failure> {
    wait(path, "is at work there", |_| {})
}

/// How often it is looked whether a file is free.
const LOOK: Duration = Duration::from_millis(50);
/// So many looks, a second, nobody is told of.
const UNTOLD: u32 = 20;
/// So many looks, ten minutes, are waited: as long as a large repository may take to come.
const PATIENCE: u32 = 12_000;

/// Waits until nobody else holds this file.
///
/// - `what`: what whoever holds it does: `is fetching …`.
/// - `told`: is told, once it takes longer than a second.
///
/// # Errors
/// Also where it is held for ten minutes.
pub(crate) fn wait(path: &Path, what: &str, told: fn(&str)) -> Result<Held, Failure> {
    wait_so_long(path, what, told, PATIENCE)
}

fn wait_so_long(path: &Path, what: &str, told: fn(&str), patience: u32) -> Result<Held, Failure> {
    let above = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(above).map_err(|e| fault(above, &e))?;
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(|e| fault(path, &e))?;
    for look in 0..patience {
        match file.try_lock() {
            Ok(()) => return Ok(Held { _file: file }),
            Err(TryLockError::Error(e)) => return Err(fault(path, &e)),
            Err(TryLockError::WouldBlock) => {}
        }
        if look == UNTOLD {
            told(&format!("waiting for another writ, which {what} ({} is held)", path.display()));
        }
        thread::sleep(LOOK);
    }
    Err(Failure::Fault(format!(
        "{}: another writ {what} and does not let go of it; nothing was changed here\n  help: run it again when that one has ended",
        path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::{hold, wait_so_long};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::{fs, path::Path};

    #[test]
    fn who_waits_is_told_once_and_not_for_ever() {
        static TOLD: AtomicUsize = AtomicUsize::new(0);
        let told = |said: &str| {
            assert!(said.starts_with("waiting for another writ, which is fetching x ("), "{said}");
            TOLD.fetch_add(1, Ordering::Relaxed);
        };
        let path = std::env::temp_dir().join(format!("writ-held-{}", std::process::id()));
        let held = hold(&path).expect("nobody holds it");
        let said = wait_so_long(&path, "is fetching x", told, 30).map(|_| ()).expect_err("it is held");
        assert!(said.to_string().contains("another writ is fetching x and does not let go"), "{said}");
        assert_eq!(TOLD.load(Ordering::Relaxed), 1);
        drop(held);
        wait_so_long(Path::new(&path), "is fetching x", told, 1).expect("it is free");
        fs::remove_file(path).expect("it is there");
    }
}
