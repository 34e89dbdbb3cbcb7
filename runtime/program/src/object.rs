//! The entries of a JSON object: one block of memory, sorted by key, shared by every copy.
//!
//! A model holds the same objects in many hands: a file that was read, the facts of it, both worlds of a change. A copy
//! costs nothing here, and an object takes 40 bytes an entry. Who alters one copies its entries, not what is below them.
//!
//! INVARIANT: sorted bytewise by key, each key once.

use crate::Json;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::iter::Map;
use std::ops::Index;
use std::slice;
use std::sync::Arc;

type Entry = (Arc<str>, Json);

/// The entries of a JSON object, in the order of their keys.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Object(Arc<[Entry]>);

impl Object {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.find(key).ok().map(|at| &self.0[at].1)
    }

    /// The same, to be altered.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        self.find(key).ok().map(|at| &mut Arc::make_mut(&mut self.0)[at].1)
    }

    /// Whether there is an entry of that key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Json> + Clone {
        self.0.iter().map(|(_, value)| value)
    }

    /// The same, to be altered.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Json> {
        Arc::make_mut(&mut self.0).iter_mut().map(|(_, value)| value)
    }

    /// The entries, in the order of their keys.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Puts a value under a key, in place of what stood there. Many are collected at once instead: each costs a copy of the
    /// entries.
    pub fn insert(&mut self, key: Arc<str>, value: Json) {
        match self.find(&key) {
            Ok(at) => Arc::make_mut(&mut self.0)[at].1 = value,
            Err(at) => {
                let (before, behind) = self.0.split_at(at);
                self.0 = before.iter().cloned().chain([(key, value)]).chain(behind.iter().cloned()).collect();
            }
        }
    }

    /// Takes an entry away.
    ///
    /// - returns: what stood there.
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        let at = self.find(key).ok()?;
        let gone = self.0[at].1.clone();
        self.0 = self.0[..at].iter().chain(&self.0[at + 1..]).cloned().collect();
        Some(gone)
    }

    /// An object of entries that are sorted by key, each key once.
    pub fn of_sorted(entries: impl Iterator<Item = (Arc<str>, Json)>) -> Object {
        let entries: Arc<[Entry]> = entries.collect();
        debug_assert!(entries.is_sorted_by(|a, b| a.0 < b.0), "bug: the entries of an object are not sorted");
        Object(entries)
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(own, _)| (**own).cmp(key))
    }
}

/// The value under a key that is surely there.
impl Index<&str> for Object {
    type Output = Json;

    fn index(&self, key: &str) -> &Json {
        self.get(key).expect("there is no entry of this key")
    }
}

/// Entries by reference.
pub(crate) type Iter<'a> = Map<slice::Iter<'a, Entry>, fn(&'a Entry) -> (&'a Arc<str>, &'a Json)>;

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a Arc<str>, &'a Json);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Object {
    type Item = (&'a Arc<str>, &'a mut Json);
    type IntoIter = Map<slice::IterMut<'a, Entry>, fn(&'a mut Entry) -> (&'a Arc<str>, &'a mut Json)>;

    fn into_iter(self) -> Self::IntoIter {
        Arc::make_mut(&mut self.0).iter_mut().map(|(key, value)| (&*key, value))
    }
}

impl IntoIterator for Object {
    type Item = (Arc<str>, Json);
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().cloned().collect::<Vec<Entry>>().into_iter()
    }
}

/// Of a key that occurs twice the later value counts.
impl FromIterator<(Arc<str>, Json)> for Object {
    fn from_iter<T: IntoIterator<Item = (Arc<str>, Json)>>(entries: T) -> Object {
        let mut entries: Vec<Entry> = entries.into_iter().collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(&mut later.1, &mut earlier.1);
            }
            same
        });
        Object(entries.into())
    }
}

impl From<BTreeMap<Arc<str>, Json>> for Object {
    fn from(entries: BTreeMap<Arc<str>, Json>) -> Object {
        Object::of_sorted(entries.into_iter())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        BTreeMap::deserialize(deserializer).map(BTreeMap::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        proptest::collection::vec(("[a-d]{0,2}", any::<i64>()), 0..12)
            .prop_map(|all| all.into_iter().map(|(key, n)| (key.into(), Json::Int(n))).collect())
    }

    proptest! {
        /// An object is what a map of the same entries is, however it came to be and whatever is done to it.
        #[test]
        fn an_object_is_a_map(start in entries(), steps in proptest::collection::vec((any::<bool>(), "[a-d]{0,2}", any::<i64>()), 0..12)) {
            let mut map: BTreeMap<Arc<str>, Json> = start.iter().cloned().collect();
            let mut object: Object = start.into_iter().collect();
            let (before, was) = (object.clone(), map.clone());
            for (put, key, n) in steps {
                match put {
                    true => {
                        map.insert(key.as_str().into(), Json::Int(n));
                        object.insert(key.as_str().into(), Json::Int(n));
                    }
                    false => prop_assert_eq!(object.remove(&key), map.remove(key.as_str())),
                }
                if let (Some(a), Some(b)) = (object.get_mut("b"), map.get_mut("b")) {
                    (*a, *b) = (Json::Int(n), Json::Int(n));
                }
            }
            for (object, map) in [(&object, &map), (&before, &was)] {
                prop_assert!(object.iter().eq(map.iter()));
                prop_assert!(object.keys().eq(map.keys()) && object.values().eq(map.values()));
                prop_assert_eq!(object, &Object::from(map.clone()));
                prop_assert_eq!(format!("{object:?}"), format!("{map:?}"));
                prop_assert_eq!(serde_json::to_string(object).ok(), serde_json::to_string(map).ok());
                for key in ["", "a", "b", "cd", "e"] {
                    prop_assert_eq!(object.get(key), map.get(key));
                    prop_assert_eq!(object.contains_key(key), map.contains_key(key));
                }
            }
            prop_assert_eq!(object.cmp(&before), map.cmp(&was));
        }
    }
}
