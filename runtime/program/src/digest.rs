//! Digests: SHA-256, written `sha256:<hex>`.

use crate::Program;
use crate::canonical::canonical;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A SHA-256 digest as `sha256:` and 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest::of_hash(&Sha256::digest(bytes).into())
    }

    /// The digest that is a SHA-256 made elsewhere.
    pub fn of_hash(hash: &[u8; 32]) -> Digest {
        let mut text = String::from("sha256:");
        for byte in hash {
            let _ = write!(text, "{byte:02x}");
        }
        Digest(text)
    }

    /// Reads `sha256:` and 64 hex digits.
    pub fn parse(text: &str) -> Option<Digest> {
        let hex = text.strip_prefix("sha256:")?;
        let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        (hex.len() == 64 && hex.chars().all(digit)).then(|| Digest(text.to_owned()))
    }

    /// The 64 hex digits.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or(&self.0)
    }
}

/// SHA-256 of bytes that come one part after the other.
#[derive(Clone, Debug, Default)]
pub struct Hashing(Sha256);

impl Hashing {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that was added.
    pub fn hash(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Program {
    /// The digest of what the program means: SHA-256 of its RFC 8785 JSON without citations, integers as strings.
    pub fn digest(&self) -> Digest {
        let mut meaning = self.clone();
        meaning.rules.iter_mut().for_each(|rule| rule.citation = Default::default());
        Digest::of(&canonical(&meaning))
    }

    /// The same of a program that is shared, and so stays as it is: that of the last one asked for is remembered, since who
    /// decides thousands of cases under one program asks as often.
    pub fn shared_digest(program: &Arc<Program>) -> Digest {
        static LAST: Mutex<Option<(Weak<Program>, Digest)>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.as_ref().filter(|(of, _)| of.upgrade().is_some_and(|of| Arc::ptr_eq(&of, program)));
        if let Some((_, digest)) = known {
            return digest.clone();
        }
        let digest = program.digest();
        *last = Some((Arc::downgrade(program), digest.clone()));
        digest
    }

    /// The digest of the citations alone, in rule order.
    pub fn citations_digest(&self) -> Digest {
        let citations: Vec<_> = self.rules.iter().map(|rule| &rule.citation).collect();
        Digest::of(&canonical(&citations))
    }
}
