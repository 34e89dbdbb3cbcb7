//! What a command is doing, on the terminal of standard error, once it takes longer than a second.
//!
//! Read downwards: [`watch`] starts it, [`stage`] says what is being done; it ends, and its line is wiped, when what
//! `watch` gave is dropped. Where standard error is no terminal nothing is printed: a log keeps what stands in it.
//!
//! INVARIANT: no answer depends on it; nothing of it is left when the answer is printed.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What is being done.
static STAGE: Mutex<&str> = Mutex::new("");

/// Says what is being done from now on: `evaluating`.
pub(crate) fn stage(name: &'static str) {
    *STAGE.lock().unwrap_or_else(PoisonError::into_inner) = name;
}

/// Says a line on standard error, at once and for good: what is waited for.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stderr();
    let wiped = if out.is_terminal() { "\r\x1b[K" } else { "" };
    let _ = writeln!(out, "{wiped}{line}");
}

/// Shows the stage while it is there.
pub(crate) struct Watched {
    over: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

/// Starts to show what is being done.
pub(crate) fn watch() -> Watched {
    let over = Arc::new((Mutex::new(false), Condvar::new()));
    let seen = over.clone();
    let show = move || ticking(&seen, &mut std::io::stderr());
    // Without a thread there is no progress, and nothing else is missing.
    let started = std::io::stderr().is_terminal().then(|| thread::Builder::new().spawn(show).ok());
    Watched { over, thread: started.flatten() }
}

/// Writes a line each second, in place of the last, and wipes it at the end.
fn ticking(over: &(Mutex<bool>, Condvar), out: &mut impl Write) {
    let (ended, told) = over;
    let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
    let mut seconds: u64 = 0;
    while !*ended {
        let (now, waited) = told.wait_timeout(ended, Duration::from_secs(1)).unwrap_or_else(PoisonError::into_inner);
        ended = now;
        if waited.timed_out() && !*ended {
            seconds += 1;
            let stage = *STAGE.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = write!(out, "\r\x1b[K{} … {seconds} s", if stage.is_empty() { "working" } else { stage });
            let _ = out.flush();
        }
    }
    if seconds > 0 {
        let _ = write!(out, "\r\x1b[K");
        let _ = out.flush();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        *self.over.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
