//! The threads that answer what an editor asks.
//!
//! INVARIANT: a job that breaks takes no thread with it. A job holds its snapshot until it has run, and a write waits for
//! that: a job asks, and ends soon once it was overtaken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Something to be answered.
pub(crate) struct Job(Box<dyn FnOnce() + Send>);

impl Job {
    pub(crate) fn new(work: impl FnOnce() + Send + 'static) -> Job {
        Job(Box::new(work))
    }
}

/// As many threads as answer at once: one question that takes its time keeps no other one waiting.
const THREADS: usize = 2;

pub(crate) struct Pool {
    jobs: Sender<Job>,
}

impl Pool {
    pub(crate) fn new() -> Pool {
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..THREADS {
            let queue = queue.clone();
            std::thread::spawn(move || {
                while let Some(Job(work)) = next(&queue) {
                    // Whoever asked sees that no answer comes.
                    let _ = catch_unwind(AssertUnwindSafe(work));
                }
            });
        }
        Pool { jobs }
    }

    pub(crate) fn run(&self, job: Job) {
        // The threads end only when the pool does.
        let _ = self.jobs.send(job);
    }
}

fn next(queue: &Mutex<Receiver<Job>>) -> Option<Job> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
