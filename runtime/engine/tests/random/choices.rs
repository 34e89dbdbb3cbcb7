//! Random choices read from a list of numbers, so that whatever is made from them shrinks as the list does.
//!
//! INVARIANT: zero, and the end of the list, mean the plainest choice.

use proptest::prelude::*;

/// Numbers yet to be used.
#[derive(Clone)]
pub(crate) struct Choices {
    numbers: std::vec::IntoIter<u32>,
}

/// As many numbers as a whole case needs.
pub(crate) fn numbers() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(any::<u32>(), 400..1200)
}

impl Choices {
    pub(crate) fn of(numbers: Vec<u32>) -> Choices {
        Choices { numbers: numbers.into_iter() }
    }

    /// A number below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.numbers.next().unwrap_or(0) as usize % end
    }

    /// A number from `low` to `high`.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// All of them in some order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = i - self.below(i + 1);
            items.swap(i, j);
        }
    }
}
