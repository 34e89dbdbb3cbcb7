//! Several threads over a list of tasks; the answers stand in the order of the tasks, whoever did them.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Does tasks `0..count` with `work`.
///
/// - `threads`: how many may work at once; the caller is one of them.
/// - returns: the answers in order, and how many threads had a task.
pub(crate) fn share<T: Send>(threads: usize, count: usize, work: impl Fn(usize) -> T + Sync) -> (Vec<T>, usize) {
    let workers = threads.min(count).max(1);
    if workers == 1 {
        return ((0..count).map(work).collect(), 1);
    }
    // Every worker begins with a task of its own; the rest go to whoever is free.
    let next = AtomicUsize::new(workers);
    let labour = |worker: usize| {
        let mut done = Vec::new();
        let mut task = worker;
        while task < count {
            done.push((task, work(task)));
            task = next.fetch_add(1, Ordering::Relaxed);
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|worker| scope.spawn(move || labour(worker))).collect();
        let mut done = labour(0);
        for other in others {
            match other.join() {
                Ok(part) => done.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(task, _)| *task);
    (done.into_iter().map(|(_, answer)| answer).collect(), workers)
}
