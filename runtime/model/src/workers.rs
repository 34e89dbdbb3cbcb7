//! Work on many parts, on as many threads as there are.
//!
//! INVARIANT: what comes out stands in the order of what went in, whatever the number of threads.

use std::sync::Mutex;
use std::thread;

/// What `work` makes of each part, in their order.
///
/// - `many`: whether a second thread is worth starting.
pub(crate) fn spread<P: Send, R: Send>(parts: Vec<P>, many: bool, work: impl Fn(P) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    if !many || threads == 1 || parts.len() < 2 {
        return parts.into_iter().map(work).collect();
    }
    let mut done: Vec<Option<R>> = parts.iter().map(|_| None).collect();
    let waiting = Mutex::new(parts.into_iter().zip(&mut done));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().ok().and_then(|mut waiting| waiting.next());
                    let Some((part, place)) = next else { return };
                    *place = Some(work(part));
                }
            });
        }
    });
    done.into_iter().map(|result| result.expect("bug: a part was left out")).collect()
}
