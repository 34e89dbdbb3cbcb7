//! Work on many parts, on as many threads as there are.
//!
//! INVARIANT: what comes out stands in the order of what went in, whatever the number of threads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;
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

/// What `work` makes of each part, in their order, each taken as soon as it and those before it are there.
///
/// - `take`: on this thread, while others work; a fault of its ends the work.
pub(crate) fn pass<P: Send, R: Send, E>(
    parts: Vec<P>,
    work: impl Fn(P) -> R + Sync,
    mut take: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    if threads == 1 || parts.len() < 2 {
        return parts.into_iter().try_for_each(|part| take(work(part)));
    }
    let waiting = Mutex::new(parts.into_iter().enumerate());
    let (give, made) = sync_channel(threads);
    thread::scope(|scope| {
        // Where nobody takes any more, whoever gives hears of it, and ends.
        let made = made;
        for _ in 0..threads {
            let (give, waiting, work) = (give.clone(), &waiting, &work);
            scope.spawn(move || {
                loop {
                    let next = waiting.lock().ok().and_then(|mut waiting| waiting.next());
                    let Some((number, part)) = next else { return };
                    if give.send((number, work(part))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(give);
        let (mut early, mut wanted) = (BTreeMap::new(), 0);
        for (number, result) in made {
            early.insert(number, result);
            while let Some(result) = early.remove(&wanted) {
                take(result)?;
                wanted += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::pass;

    #[test]
    fn what_is_made_is_taken_in_order_up_to_a_fault() {
        let mut taken = Vec::new();
        // The first of every ten takes longest.
        let work = |n: usize| (0..(9 - n % 10) * 2_000).fold(n, |sum, one| std::hint::black_box(sum + one - one));
        let done: Result<(), usize> = pass((0..300).collect(), work, |n| {
            taken.push(n);
            Ok(())
        });
        assert_eq!((done, taken), (Ok(()), (0..300).collect()));
        for last in [0, 7, 299] {
            let mut taken = 0;
            let done = pass((0..300).collect(), work, |n| {
                taken += 1;
                if n == last { Err(n) } else { Ok(()) }
            });
            assert_eq!((done, taken), (Err(last), last + 1));
        }
    }
}
