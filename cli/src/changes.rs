//! Files that change, batch by batch, told by the system.

use crate::failure::Failure;
use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecursiveMode, Watcher, recommended_watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How long the files must be left alone before they are read again: an editor writes several at once.
const QUIET: Duration = Duration::from_millis(100);

/// The paths that change below a folder, until it can no longer be watched; the watcher must be held.
///
/// - `beyond`: other folders that are watched as well, each with what is below it.
pub(crate) fn batches(
    root: &Path,
    beyond: &BTreeSet<PathBuf>,
) -> Result<(impl Watcher + use<>, impl Iterator<Item = Result<Vec<PathBuf>, Failure>> + use<>), Failure> {
    let fault = |folder: &Path| {
        let shown = folder.display().to_string();
        move |e: notify::Error| Failure::Fault(format!("{shown}: it cannot be watched: {e}"))
    };
    let (sender, changes) = mpsc::channel();
    let tell = move |event: notify::Result<Event>| {
        let _ = sender.send(event.map(changed));
    };
    let mut watcher = recommended_watcher(tell).map_err(fault(root))?;
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    for folder in [root].into_iter().chain(beyond.iter().map(PathBuf::as_path)) {
        watcher.watch(folder, RecursiveMode::Recursive).map_err(fault(folder))?;
    }
    let lost = fault(root);
    Ok((watcher, std::iter::from_fn(move || batch(&changes)).map(move |found| found.map_err(&lost))))
}

/// The paths whose content an event changes. That a file was read is told too, and running the tests reads them all.
fn changed(event: Event) -> Vec<PathBuf> {
    match event.kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => Vec::new(),
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => {
            event.paths
        }
    }
}

/// What changes until the files are left alone; `None` where no more can come.
fn batch(changes: &Receiver<notify::Result<Vec<PathBuf>>>) -> Option<notify::Result<Vec<PathBuf>>> {
    let mut paths = match changes.recv().ok()? {
        Ok(paths) => paths,
        Err(fault) => return Some(Err(fault)),
    };
    while let Ok(more) = changes.recv_timeout(QUIET) {
        match more {
            Ok(more) => paths.extend(more),
            Err(fault) => return Some(Err(fault)),
        }
    }
    Some(Ok(paths))
}

#[cfg(test)]
mod tests {
    use super::changed;
    use std::path::PathBuf;

    #[test]
    fn what_is_only_read_does_not() {
        use notify::event::{AccessKind, DataChange, EventKind, MetadataKind, ModifyKind};
        let told = |kind| !changed(notify::Event::new(kind).add_path(PathBuf::from("policies/a.writ"))).is_empty();
        assert!(!told(EventKind::Access(AccessKind::Read)));
        assert!(!told(EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime))));
        assert!(told(EventKind::Modify(ModifyKind::Data(DataChange::Content))));
    }
}
