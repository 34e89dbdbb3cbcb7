//! Work on the parts of a file, on as many threads as there are.
//!
//! INVARIANT: what comes out stands in the order of what went in, whatever the number of threads.

use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

/// Things that one thread works on at a time, where each takes some microseconds.
pub(crate) const PART: usize = 512;

/// What `work` makes of each part, in their order.
pub(crate) fn spread<P: Send, R: Send>(parts: Vec<P>, work: impl Fn(P) -> R + Sync) -> Vec<R> {
    spread_with(parts, |(): &mut (), part| work(part))
}

/// The same with something that a thread keeps from one part to the next.
pub(crate) fn spread_with<P: Send, R: Send, K: Default>(parts: Vec<P>, work: impl Fn(&mut K, P) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(parts.len());
    if threads < 2 {
        let mut kept = K::default();
        return parts.into_iter().map(|part| work(&mut kept, part)).collect();
    }
    let mut done: Vec<Option<R>> = parts.iter().map(|_| None).collect();
    let waiting = Mutex::new(parts.into_iter().zip(&mut done));
    let take = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    let until_done = || {
        let mut kept = K::default();
        while let Some((part, place)) = take() {
            *place = Some(work(&mut kept, part));
        }
    };
    thread::scope(|scope| {
        (1..threads).for_each(|_| drop(scope.spawn(until_done)));
        until_done();
    });
    done.into_iter().map(|result| result.expect("bug: a part was left out")).collect()
}
