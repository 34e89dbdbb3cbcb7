//! Sensitive values: replaced by a keyed digest before anything stores or prints them.
//!
//! Equal values have equal digests within one decision; without the change's bytes nothing can be told from them.

use hmac::{Hmac, KeyInit, Mac};
use program::{Hashing, Json, Object};
use sha2::Sha256;
use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// SHA-256 of `writ-sensitive` and the raw bytes of the change.
#[derive(Clone)]
pub struct SensitiveKey([u8; 32]);

impl SensitiveKey {
    /// The key of a decision on the change with these raw bytes.
    pub fn of(change: &[u8]) -> SensitiveKey {
        let mut bytes = SensitiveKey::begun();
        bytes.add(change);
        SensitiveKey::ended(bytes)
    }

    /// What the raw bytes of the change are added to, one part after the other.
    pub(crate) fn begun() -> Hashing {
        let mut bytes = Hashing::default();
        bytes.add(b"writ-sensitive");
        bytes
    }

    pub(crate) fn ended(bytes: Hashing) -> SensitiveKey {
        SensitiveKey(bytes.hash())
    }
}

/// Seals the sensitive parts of one file, and remembers which texts they were.
pub(crate) struct Sealer {
    key: SensitiveKey,
    learnt: RwLock<BTreeSet<Arc<str>>>,
}

/// Shorter texts are not remembered: they stand in too many places by chance.
const TELLING: usize = 6;

/// Bytes from which a secret is looked for inside other texts: shorter ones are words like a region's name.
const LONG: usize = 16;

impl Sealer {
    pub(crate) fn new(key: SensitiveKey) -> Sealer {
        Sealer { key, learnt: RwLock::default() }
    }

    fn learnt(&self) -> RwLockReadGuard<'_, BTreeSet<Arc<str>>> {
        self.learnt.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn learning(&self) -> RwLockWriteGuard<'_, BTreeSet<Arc<str>>> {
        self.learnt.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands in the value's place. `null` stays: it says that there is nothing, as an absent key would.
    pub(crate) fn seal(&self, value: &Json) -> Json {
        match value {
            Json::Null | Json::Unknown(_) | Json::Sensitive(_) => value.clone(),
            _ => {
                let mut mac = Hmac::<Sha256>::new_from_slice(&self.key.0).expect("bug: HMAC takes keys of any length");
                mac.update(value.to_string().as_bytes());
                let mut hex = String::with_capacity(64);
                for byte in mac.finalize().into_bytes() {
                    let _ = write!(hex, "{byte:02x}");
                }
                Json::Sensitive(hex.into())
            }
        }
    }

    /// Seals every part of `value` that `mask` says is sensitive: `true`, or an object or array of masks.
    pub(crate) fn cover(&self, value: &mut Json, mask: &Json) {
        match (mask, value) {
            (Json::Bool(true), value) => *value = self.seal(value),
            (Json::Object(masks), Json::Object(entries)) => {
                for (key, mask) in masks.iter().filter(|(_, mask)| says_true(mask)) {
                    if let Some(value) = entries.get_mut(key) {
                        self.cover(value, mask);
                    }
                }
            }
            (Json::Array(masks), Json::Array(items)) => {
                items.iter_mut().zip(masks).for_each(|(value, mask)| self.cover(value, mask));
            }
            // The mask has another shape than the value: what it hides cannot be told, so all of it is hidden.
            (mask, value) if says_true(mask) => *value = self.seal(value),
            _ => {}
        }
    }

    /// Seals every part of `value` that is sealed in `like`.
    pub(crate) fn cover_like(&self, value: &mut Json, like: &Json) {
        match (like, value) {
            (Json::Sensitive(_), value) => *value = self.seal(value),
            (Json::Object(likes), Json::Object(entries)) => {
                for (key, like) in likes.iter().filter(|(_, like)| holds_sealed(like)) {
                    if let Some(value) = entries.get_mut(key) {
                        self.cover_like(value, like);
                    }
                }
            }
            (Json::Array(likes), Json::Array(items)) => {
                items.iter_mut().zip(likes).for_each(|(value, like)| self.cover_like(value, like));
            }
            _ => {}
        }
    }

    /// Seals what stands under a dotted path; arrays on the way are passed through.
    pub(crate) fn cover_path(&self, value: &mut Json, path: &[&str]) {
        match (value, path) {
            (value, []) => {
                self.learn(value, &Json::Bool(true));
                *value = self.seal(value);
            }
            (Json::Array(items), path) => items.iter_mut().for_each(|item| self.cover_path(item, path)),
            (Json::Object(entries), [first, rest @ ..]) => {
                if let Some(value) = entries.get_mut(first) {
                    self.cover_path(value, rest);
                }
            }
            // The path leads into something that has no parts: what it hides cannot be told, so all of it is hidden.
            (value, _) => *value = self.seal(value),
        }
    }
}

/// Names of attributes that hold a secret, alone or behind a `_`; `token` alone does, a `creation_token` is none. Looked at only where a file does not say what is sensitive:
/// plans before Terraform 0.15, and state files, which mark what a sensitive variable fed and not what a provider does.
const SECRET: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "secret_key",
    "secret_string",
    "client_secret",
    "shared_secret",
    "private_key",
    "private_key_pem",
    "auth_token",
    "access_token",
    "api_token",
    "session_token",
    "refresh_token",
    "connection_string",
    "access_key",
    "credentials",
];

fn is_secret(name: &str) -> bool {
    let name = name.as_bytes();
    let ends_in = |word: &&str| {
        let split = name.len().checked_sub(word.len()).map(|at| name.split_at(at));
        split.is_some_and(|(rest, end)| {
            (rest.is_empty() || rest.ends_with(b"_")) && end.eq_ignore_ascii_case(word.as_bytes())
        })
    };
    name.eq_ignore_ascii_case(b"token") || SECRET.iter().any(ends_in)
}

/// The value with other parts in it; `None` where it stays as it is, in the memory that it shares with its copies.
///
/// - `other`: what stands in place of a part, told by its key where it has one.
fn replaced(json: &Json, key: &str, other: &dyn Fn(&str, &Json) -> Option<Json>) -> Option<Json> {
    let found = other(key, json);
    match (found, json) {
        (None, Json::Array(items)) => {
            let mut new = None;
            for (at, item) in items.iter().enumerate() {
                if let Some(item) = replaced(item, "", other) {
                    new.get_or_insert_with(|| items.clone())[at] = item;
                }
            }
            new.map(Json::Array)
        }
        (None, Json::Object(entries)) => {
            let mut new: Option<Object> = None;
            for (key, value) in entries {
                if let Some(value) = replaced(value, key, other) {
                    new.get_or_insert_with(|| entries.clone()).insert(key.clone(), value);
                }
            }
            new.map(Json::Object)
        }
        (found, _) => found,
    }
}

impl Sealer {
    /// Seals the texts of attributes whose names say that they are secret.
    pub(crate) fn cover_named(&self, value: &mut Json) {
        let sealed = replaced(value, "", &|name, value| match value {
            Json::Text(text) if !text.is_empty() && is_secret(name) => {
                // A short one may be a word that stands elsewhere in its own right: `postgres`.
                if text.len() >= LONG {
                    self.learn_all(value);
                }
                Some(self.seal(value))
            }
            _ => None,
        });
        sealed.into_iter().for_each(|sealed| *value = sealed);
    }

    /// Remembers every text in a value that is secret as such.
    pub(crate) fn learn_all(&self, value: &Json) {
        match value {
            Json::Text(text) if text.len() >= TELLING => _ = self.learning().insert(text.clone()),
            Json::Object(entries) => entries.values().for_each(|value| self.learn_all(value)),
            Json::Array(items) => items.iter().for_each(|item| self.learn_all(item)),
            _ => {}
        }
    }

    /// Remembers the texts that `mask` marks in `value`. What a marked array or object holds is not remembered: it is
    /// marked as a whole for the sake of a part, and the rest (a region, a host) stands elsewhere in its own right.
    pub(crate) fn learn(&self, value: &Json, mask: &Json) {
        match (mask, value) {
            (Json::Bool(true), Json::Text(_)) => self.learn_all(value),
            (Json::Object(masks), Json::Object(entries)) => {
                for (key, mask) in masks {
                    if let Some(value) = entries.get(key) {
                        self.learn(value, mask);
                    }
                }
            }
            (Json::Array(masks), Json::Array(items)) => {
                items.iter().zip(masks).for_each(|(item, mask)| self.learn(item, mask));
            }
            _ => {}
        }
    }

    /// Takes a text out of what was learnt.
    pub(crate) fn forget(&self, text: &Json) {
        if let Json::Text(text) = text {
            self.learning().remove(text);
        }
    }

    /// Seals every text that was learnt, wherever it stands; a long one also inside another text.
    pub(crate) fn cover_learnt(&self, value: &mut Json) {
        let learnt = self.learnt();
        if learnt.is_empty() {
            return;
        }
        // What was learnt, or holds what is too long to be a common word.
        let tells = |text: &Arc<str>| {
            learnt.contains(text) || learnt.iter().any(|secret| secret.len() >= LONG && text.contains(&**secret))
        };
        let sealed = replaced(value, "", &|_, value| match value {
            Json::Text(text) if tells(text) => Some(self.seal(value)),
            _ => None,
        });
        sealed.into_iter().for_each(|sealed| *value = sealed);
    }
}

/// A key prints as nothing.
impl fmt::Debug for SensitiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SensitiveKey")
    }
}

/// Whether anything in a value is sealed.
pub(crate) fn holds_sealed(value: &Json) -> bool {
    match value {
        Json::Sensitive(_) => true,
        Json::Array(items) => items.iter().any(holds_sealed),
        Json::Object(entries) => entries.values().any(holds_sealed),
        _ => false,
    }
}

/// Whether a mask marks anything.
pub(crate) fn says_true(mask: &Json) -> bool {
    match mask {
        Json::Bool(marked) => *marked,
        Json::Array(items) => items.iter().any(says_true),
        Json::Object(entries) => entries.values().any(says_true),
        _ => false,
    }
}
