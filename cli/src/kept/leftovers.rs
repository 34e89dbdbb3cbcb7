//! What killed commands left half written among what is kept: files beside their places, which would stay for ever.
//!
//! INVARIANT: only who holds the log's lock clears them away. What the log writes is written under that lock; whatever else
//! is written beside its place is locked itself until it is in it ([`crate::output::stage`]), and is passed by.

use super::{Kept, Lock};
use std::fs::{self, File};
use std::path::Path;

/// The folders that files are kept in.
const FOLDERS: [&str; 6] = ["", "log", "evidence", "approval", "change", "program"];

impl Kept {
    /// Clears them away, as far as the disk lets it; what stays does no harm, and goes another time.
    pub(super) fn clear(&self, _lock: &Lock) {
        let found = FOLDERS.iter().filter_map(|folder| fs::read_dir(self.path(folder)).ok()).flatten().flatten();
        for path in found.map(|entry| entry.path()).filter(|path| half(path)) {
            // One that a living command writes is locked by it; while it is locked here, none begins to be written.
            let Ok(file) = File::open(&path) else { continue };
            if file.try_lock().is_ok() {
                let _ = fs::remove_file(&path);
            }
        }
    }
}

/// Whether it is named as files are while they are written: `NAME.PROCESS.part` or `NAME.PROCESS.staged`.
fn half(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut parts = name.rsplit('.');
    let (end, process) = (parts.next(), parts.next());
    let digits = |process: &str| !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
    matches!(end, Some("part" | "staged")) && process.is_some_and(digits) && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use crate::kept::{Kept, make_key};
    use crate::output;
    use evidence::Log;
    use std::fs;

    #[test]
    fn what_a_killed_command_left_goes_and_what_a_living_one_writes_stays() {
        let folder = std::env::temp_dir().join(format!("writ-leftovers-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let kept = Kept::of(&folder);
        let key = make_key(&kept, "acme/shop").expect("a key");
        assert!(Log::create(kept.folder(), key).is_ok(), "a log");
        for name in ["evidence", "approval", "change", "program"] {
            fs::create_dir_all(kept.path(name)).expect("writable");
        }
        let left = [
            "seen.7.part",
            "log/checkpoint.4194304.part",
            "evidence/ab12.json.12.staged",
            "evidence/ab12.tlog-proof.12.staged",
            "approval/ab12.json.12.staged",
            "change/ab12.json.12.part",
            "program/ab12.json.gz.12.part",
        ];
        let others = ["evidence/ab12.json", "evidence/notes.part", "evidence/12.staged", "change/my.own.staged"];
        for name in left.iter().chain(&others) {
            fs::write(kept.path(name), b"half").expect("writable");
        }
        let place = kept.path("evidence/cd34.json");
        let living = output::stage(&place, b"whole").expect("writable");
        // Who only reads clears nothing away.
        assert!(matches!(kept.size(), Ok(Some(0))));
        assert!(left.iter().all(|name| kept.path(name).exists()));
        let lock = kept.lock().expect("nobody else has it");
        for name in left {
            assert!(!kept.path(name).exists(), "{name} is still there");
        }
        assert!(others.iter().all(|name| kept.path(name).exists()));
        living.place().expect("it is there to be put in its place");
        assert_eq!(fs::read(&place).expect("readable"), b"whole");
        drop(lock);
        let _ = fs::remove_dir_all(folder);
    }
}
