//! A JSON file taken apart: what stands around its long lists, and where the items of those are.
//!
//! `scan` goes through the bytes once. What stands around the lists it keeps as text, with an empty array in place of each;
//! of a list it keeps where a part of it begins and ends, some hundred kilobytes of whole items. [`Outline::each`] reads a
//! list part by part, on every thread: a part's text and its tree are there for as long as the work on it lasts.
//!
//! INVARIANT: what stands around the lists is JSON and so is each part, if and only if the whole is; and they are the same.
//! INVARIANT: a part is read as it was when it was found, or the outline says that it is not sound.
//! Not here: what is wrong with a text (`json`, of the whole of it).

mod scan;

use crate::bytes::{self, Bytes, Names};
use crate::json;
use crate::texts::Texts;
use crate::workers::{PART, spread, spread_with};
use crate::{Malformed, node::Node};
use program::merkle::Hash;
use program::{Hashing, Json};
use scan::Scan;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes from which on a part of a list ends with the item that is open.
const LONG: usize = 1 << 18;

/// A JSON file.
pub(crate) struct Outline<'b> {
    /// What stands around the lists, and an empty array in place of each.
    pub(crate) json: Json,
    /// The lists, by JSON pointer.
    lists: BTreeMap<String, List>,
    bytes: &'b dyn Bytes,
    /// Whether some part was no JSON, or not what it had been.
    spoiled: AtomicBool,
}

/// The bytes of what has no lists.
const NONE: &[u8] = &[];

/// A list whose items are left where they are.
struct List {
    /// How many arrays and objects stand around an item.
    depth: usize,
    parts: Vec<Part>,
    /// Whether anybody asked for its items.
    read: AtomicBool,
}

/// Items that stand side by side.
struct Part {
    at: u64,
    length: usize,
    /// The number of the first of them.
    first: usize,
    /// Of bytes that may have changed when they are read again.
    hash: Option<Hash>,
}

/// What a thread keeps from one part to the next.
#[derive(Default)]
struct Kept {
    /// Room for the text of one.
    room: Vec<u8>,
    texts: Texts,
}

impl<'b> Outline<'b> {
    /// Goes through a file, and finds out what it is called by its bytes.
    ///
    /// - returns: none of what is no JSON object in UTF-8.
    pub(crate) fn of(bytes: &'b dyn Bytes) -> io::Result<Option<(Outline<'b>, Names)>> {
        let mut scan = Scan::new(LONG, bytes.held().is_none());
        let names = bytes::named(bytes, |block| scan.look(block))?;
        Ok(names.and_then(|names| Some((scan.outline(bytes)?, names))))
    }

    /// Of a value that is there as a whole.
    pub(crate) fn whole(json: Json) -> Outline<'static> {
        Outline { json, lists: BTreeMap::new(), bytes: &NONE, spoiled: AtomicBool::new(false) }
    }

    /// What `work` makes of some items of a list at a time, in their order; of none where there is no list.
    pub(crate) fn each<R: Send>(
        &self,
        node: &Node<'_>,
        key: &str,
        work: impl Fn(&[Node<'_>]) -> R + Sync,
    ) -> Result<Vec<R>, Malformed> {
        let at = node.under(key);
        let Some(list) = self.lists.get(&at) else {
            return Ok(spread(node.items_of(key)?.chunks(PART).collect(), work));
        };
        list.read.store(true, Ordering::Relaxed);
        let read = |kept: &mut Kept, part: &Part| {
            let Some(items) = self.items(list, part, kept) else {
                self.spoiled.store(true, Ordering::Relaxed);
                return None;
            };
            let numbered = (part.first..).zip(&items);
            let nodes: Vec<Node<'_>> = numbered.map(|(n, json)| Node { json, at: format!("{at}/{n}") }).collect();
            Some(work(&nodes))
        };
        Ok(spread_with(list.parts.iter().collect(), read).into_iter().flatten().collect())
    }

    /// Whether a list has no item, or is not there.
    pub(crate) fn is_empty(&self, node: &Node<'_>, key: &str) -> Result<bool, Malformed> {
        match self.lists.get(&node.under(key)) {
            Some(list) => Ok(list.parts.is_empty()),
            None => Ok(node.items_of(key)?.is_empty()),
        }
    }

    /// Whether every list was asked for, and every part was what it had been.
    pub(crate) fn is_read(&self) -> bool {
        !self.spoiled.load(Ordering::Relaxed) && self.lists.values().all(|list| list.read.load(Ordering::Relaxed))
    }

    /// Whether every part is JSON, and what it had been.
    pub(crate) fn is_sound(&self) -> bool {
        let parts = self.lists.values().flat_map(|list| list.parts.iter().map(move |part| (list, part))).collect();
        let sound = spread_with(parts, |kept: &mut Kept, (list, part)| self.items(list, part, kept).is_some());
        sound.into_iter().all(|sound| sound)
    }

    /// The items of a part; `None` where it is no JSON, or not what it was.
    fn items(&self, list: &List, part: &Part, kept: &mut Kept) -> Option<Vec<Json>> {
        let bytes = bytes::part(self.bytes, part.at, part.length, &mut kept.room).ok()?;
        if let Some(hash) = part.hash {
            let mut read = Hashing::default();
            read.add(bytes);
            (read.hash() == hash).then_some(())?;
        }
        json::items(std::str::from_utf8(bytes).ok()?, list.depth, &mut kept.texts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, Outline, Scan};
    use crate::json::parse;
    use program::Json;
    use proptest::prelude::*;

    /// What was taken apart, put together; `None` where a part is no JSON.
    fn together(outline: &Outline<'_>) -> Option<Json> {
        let mut json = outline.json.clone();
        for (pointer, list) in &outline.lists {
            let parts = list.parts.iter().map(|part| {
                let items = outline.items(list, part, &mut Kept::default())?;
                Some((part.first, items))
            });
            let mut place = &mut json;
            for step in pointer.split('/').skip(1) {
                place = match place {
                    Json::Object(entries) => entries.get_mut(step)?,
                    Json::Array(items) => items.get_mut(step.parse::<usize>().ok()?)?,
                    _ => return None,
                };
            }
            let Json::Array(all) = place else { return None };
            for part in parts {
                let (first, items) = part?;
                assert_eq!(first, all.len(), "{pointer}");
                all.extend(items);
            }
        }
        Some(json)
    }

    fn check(text: &str, block: usize, long: usize) -> Result<(), TestCaseError> {
        let mut scan = Scan::new(long, block.is_multiple_of(2));
        let wanted = text.as_bytes().chunks(block).all(|block| scan.look(block));
        let bytes = &text.as_bytes();
        let read = wanted.then(|| scan.outline(bytes)).flatten().and_then(|outline| together(&outline));
        let whole = parse(text).ok().filter(|json| matches!(json, Json::Object(_)));
        prop_assert_eq!(read, whole, "{}", text);
        Ok(())
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?[1-9][0-9]{0,3}".prop_map(|number| number),
            prop::sample::select(vec![
                "null",
                r#""""#,
                r#""\\""#,
                r#""\"]""#,
                r#""é]},{\u0022""#,
                "[]",
                "{}",
                "[ ]",
                " 1 "
            ])
            .prop_map(str::to_owned),
        ];
        let key = prop::sample::select(vec![
            "items",
            "resources",
            "resource_changes",
            "values",
            "planned_values",
            "root_module",
            "child_modules",
            r"it\u0065ms",
            "a",
        ]);
        leaf.prop_recursive(6, 32, 4, move |inner| {
            let entries = prop::collection::vec((key.clone(), inner.clone()), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
                entries.prop_map(|entries| {
                    let entries: Vec<String> =
                        entries.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
                    format!("{{{}}}", entries.join(" ,\n"))
                }),
            ]
        })
    }

    /// What a plan, a state and a dump look like, and what none does.
    fn file() -> impl Strategy<Value = String> {
        let list = || prop::collection::vec(value(), 0..5).prop_map(|items| items.join(","));
        (list(), list(), list(), value()).prop_map(|(one, two, three, value)| {
            format!(
                r#"{{"items": [{one}], "a": {value}, "values": {{"root_module": {{"resources": [{two}],
                "child_modules": [{{"address": "module.é", "resources":[{three} ]}}, {{"resources": []}}]}}}}}}"#
            )
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// A file is what stands around its lists and what stands in them, wherever it is cut; what is no JSON is found out.
        #[test]
        fn a_file_is_its_parts(
            text in prop_oneof![file(), value()],
            block in 1..40_usize,
            long in 0..30_usize,
            cut in prop::option::of(any::<prop::sample::Index>()),
            bad in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(vec!['x', '"', '}', ']', '[', '{', ',', '\\', ' ', '\u{c}']))),
        ) {
            check(&text, block, long)?;
            let boundary = |text: &str, at: &prop::sample::Index| (at.index(text.len() + 1)..).find(|at| text.is_char_boundary(*at));
            let mut bent = text;
            if let Some(at) = cut.as_ref().and_then(|at| boundary(&bent, at)) {
                bent.truncate(at);
            }
            if let Some((at, sign)) = &bad && let Some(at) = boundary(&bent, at) {
                bent.insert(at, *sign);
            }
            check(&bent, block, long)?;
        }
    }

    /// In a pointer such a key would be another one.
    #[test]
    fn a_list_below_a_key_that_is_written_otherwise_stays_where_it_is() {
        for key in ["\\root_module", "a/b", "a~b"] {
            let below = r#"{"child_modules": [{"resources": [[], 1]}], "a": 1}"#;
            let text = format!("{{\"values\": {{\"{key}\": {below}}}}}");
            check(&text, 1, 0).expect("it is read as a whole");
        }
    }

    #[test]
    fn what_stands_too_deep_is_refused_alike() {
        let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        for depth in 190..205 {
            let text = format!("{{\"items\": [1, {}]}}", deep(depth));
            check(&text, 7, 0).expect("alike");
        }
    }
}
