//! Where a disk may refuse: every operation of the files that are kept or written asks here first.
//!
//! In the tool it never refuses, so that what does is the disk itself. A test makes one operation fail, and the next, and
//! looks at what is left each time.

#[cfg(not(test))]
#[inline]
pub(crate) fn step() -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(crate) use planted::{refusing, step};

#[cfg(test)]
mod planted {
    use std::cell::Cell;
    use std::io;

    thread_local!(static LEFT: Cell<Option<usize>> = const { Cell::new(None) });

    /// Fails where this is the operation that was to fail.
    pub(crate) fn step() -> io::Result<()> {
        match LEFT.get() {
            Some(0) => Err(io::Error::new(io::ErrorKind::StorageFull, "no space left")),
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Runs `work`, in which `operations` succeed and from then on all fail; says whether one did.
    pub(crate) fn refusing<T>(operations: usize, work: impl FnOnce() -> T) -> (T, bool) {
        LEFT.set(Some(operations));
        let made = work();
        let reached = LEFT.replace(None) == Some(0);
        (made, reached)
    }
}
