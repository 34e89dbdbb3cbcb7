//! Texts that were met lately. A file says the same keys, words and places over and over: one copy serves them all.
//!
//! INVARIANT: it takes as much memory for a large file as for a small one.

use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::sync::Arc;

/// A text for each hash, the one that came last.
#[derive(Default)]
pub(crate) struct Texts {
    slots: Vec<Option<Arc<str>>>,
}

/// Longer texts are seldom said again.
const SHORT: usize = 160;

/// How many bits of a hash tell texts apart.
const BITS: u32 = 11;

impl Texts {
    /// The text, in the same memory as one that was asked for lately.
    pub(crate) fn shared(&mut self, text: &str) -> Arc<str> {
        if text.len() > SHORT {
            return text.into();
        }
        let mut hasher = FxHasher::default();
        hasher.write(text.as_bytes());
        if self.slots.is_empty() {
            self.slots.resize(1 << BITS, None);
        }
        let slot = hasher.finish() >> (u64::BITS - BITS);
        match &mut self.slots[slot as usize] {
            Some(known) if **known == *text => known.clone(),
            other => other.insert(text.into()).clone(),
        }
    }
}
