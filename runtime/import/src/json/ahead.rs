//! The second half of a large text, read by a second thread while the first one reads up to it.
//!
//! Nobody can tell from the middle of a JSON text what stands there. So it is guessed: where a long list goes on, its items
//! begin alike. Whoever reads from the start comes to that very place as the beginning of an item, and then what was read
//! from there is what it would read now; or it never does, and the guess was for nothing.
//!
//! INVARIANT: what is read is the same with and without a second thread; a fault is told by who reads from the start.

use super::{DEPTH, Reader};
use program::Json;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Scope;

/// How many bytes of a beginning are compared, at least and at most.
const ALIKE: (usize, usize) = (8, 64);

/// Items that were read from where a list seemed to go on, to its end.
pub(super) struct Island {
    items: Vec<Json>,
    /// Where the last of them ends.
    end: usize,
    /// How many values at most stood open.
    deepest: usize,
}

/// What is known of a second thread.
pub(super) struct Ahead<'t> {
    /// The first items of the list that is read: where each begins.
    start: Option<Sender<(usize, &'t str)>>,
    found: Receiver<BTreeMap<usize, Island>>,
    /// From where on it reads.
    from: usize,
    /// What it has read, once that was asked for.
    islands: Option<BTreeMap<usize, Island>>,
}

impl<'t> Ahead<'t> {
    /// Starts a thread, which waits until it is told where to begin.
    pub(super) fn new<'scope>(text: &'t str, scope: &'scope Scope<'scope, 't>) -> Ahead<'t> {
        let (start, started) = channel();
        let (give, found) = channel();
        scope.spawn(move || {
            if let Ok((from, beginning)) = started.recv() {
                // Who reads from the start may have met a fault, and be gone.
                let _ = give.send(islands(text, from, beginning));
            }
        });
        Ahead { start: Some(start), found, from: usize::MAX, islands: None }
    }

    /// Lets it begin in the middle of what is left, where an item begins as two items of a list do.
    pub(super) fn begin(&mut self, text: &'t str, first: usize, second: usize) {
        let bytes = text.as_bytes();
        let alike = bytes[first..second].iter().zip(&bytes[second..]).take(ALIKE.1).take_while(|(a, b)| a == b).count();
        let Some(beginning) = text.get(first..first + alike) else { return };
        if alike < ALIKE.0 || !beginning.starts_with('{') {
            return;
        }
        let Some(start) = self.start.take() else { return };
        let middle = second + (text.len() - second) / 2;
        let middle = (middle..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        self.from = middle;
        let _ = start.send((middle, beginning));
    }

    /// Whether it may be told where to begin.
    pub(super) fn is_waiting(&self) -> bool {
        self.start.is_some()
    }

    /// The items from here to the end of their list, where they were read, and where the last one ends.
    pub(super) fn items(&mut self, at: usize, open: usize) -> Option<(Vec<Json>, usize)> {
        if at < self.from {
            return None;
        }
        let islands = self.islands.get_or_insert_with(|| self.found.recv().unwrap_or_default());
        let island = islands.remove(&at).filter(|island| open + island.deepest <= DEPTH)?;
        Some((island.items, island.end))
    }
}

/// Everything behind `from` that looks like the rest of a list.
fn islands(text: &str, mut from: usize, beginning: &str) -> BTreeMap<usize, Island> {
    let mut found = BTreeMap::new();
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(beginning)) {
        let begin = from + at;
        let mut reader = Reader::at(text, begin);
        let Some((items, end)) = reader.rest() else { break };
        from = end;
        found.insert(begin, Island { items, end, deepest: reader.deepest });
    }
    found
}

impl Reader<'_> {
    /// The items from here to the end of their list, and where the last of them ends.
    fn rest(&mut self) -> Option<(Vec<Json>, usize)> {
        let mut items = Vec::new();
        loop {
            items.push(self.value().ok()?);
            let end = self.at;
            self.space();
            if !self.take(b',') {
                return Some((items, end));
            }
            self.space();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse_ahead, parse_alone};
    use proptest::prelude::*;

    fn item() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just(String::from("null")),
            Just(String::from("\"{\\\"name\\\": \"")),
            Just(String::from("\"é]},{\"")),
            "-?[1-9][0-9]{0,3}".prop_map(|number| number),
        ];
        let inner = leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
                inner.prop_map(|value| format!("{{\"name\": 1, \"b\": {value}}}")),
            ]
        });
        (0..9_u32, inner).prop_map(|(n, value)| format!("{{\"name\": {n}, \"of\": {value}}}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// What is read does not depend on who reads it; nor does what is wrong.
        #[test]
        fn a_second_thread_does_not_show(
            lists in prop::collection::vec(prop::collection::vec(item(), 0..8), 1..4),
            space in prop::sample::select(vec!["", " ", "\n  "]),
            cut in prop::option::of(any::<prop::sample::Index>()),
            bad in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(vec!['x', '"', '}', ',']))),
        ) {
            let lists = lists.iter().enumerate().map(|(n, items)| format!("\"l{n}\":{space}[{space}{}]", items.join(&format!(",{space}"))));
            let mut text = format!("{{{}}}", lists.collect::<Vec<_>>().join(","));
            let boundary = |text: &str, at: &prop::sample::Index| (at.index(text.len())..).find(|at| text.is_char_boundary(*at));
            if let Some(at) = cut.as_ref().and_then(|at| boundary(&text, at)) {
                text.truncate(at);
            }
            if let Some((at, sign)) = bad.as_ref().filter(|_| !text.is_empty()) && let Some(at) = boundary(&text, at) {
                text.insert(at, *sign);
            }
            prop_assert_eq!(parse_ahead(&text), parse_alone(&text));
        }
    }

    #[test]
    fn what_stands_too_deep_is_refused_alike() {
        let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        for depth in 190..205 {
            let items: Vec<String> = (0..6).map(|n| format!("{{\"name\": {n}, \"of\": {}}}", deep(depth))).collect();
            let text = format!("{{\"list\": [{}]}}", items.join(", "));
            assert_eq!(parse_ahead(&text), parse_alone(&text), "{depth}");
        }
    }
}
