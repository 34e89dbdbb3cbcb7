//! Signed notes, and the checkpoints of a log, which are notes of three lines.
//!
//! Source: C2SP, *signed-note* and *tlog-checkpoint*.
//! INVARIANT: what is read prints as the same bytes, else it is refused.

use crate::envelope::{Refused, refuse};
use crate::key::{PublicKey, SigningKey, is_name};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use program::merkle::Hash;
use std::fmt;

/// The most signatures that are read.
const SIGNATURES: usize = 64;

/// A text, and who put a signature under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// It ends with a line break.
    pub text: String,
    /// In the order of the note; anybody's.
    pub signatures: Vec<NoteSignature>,
}

/// A line under a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl Note {
    /// Signs a text that ends with a line break.
    pub fn sign(text: String, key: &SigningKey) -> Note {
        let signature = NoteSignature {
            name: key.public().name().to_owned(),
            id: key.public().id(),
            bytes: key.sign(text.as_bytes()).to_vec(),
        };
        Note { text, signatures: vec![signature] }
    }

    /// Reads a note. Nothing is known of who signed it until [`Note::signed_by`] is asked.
    pub fn parse(bytes: &[u8]) -> Result<Note, Refused> {
        let bad = |what: &str| refuse(format!("this is no signed note: {what}"));
        let Ok(whole) = std::str::from_utf8(bytes) else { return bad("it is not UTF-8") };
        if whole.chars().any(|c| c < ' ' && c != '\n') {
            return bad("it has control characters");
        }
        let Some(at) = whole.rfind("\n\n") else { return bad("no empty line stands before its signatures") };
        let (text, rest) = (whole[..=at].to_owned(), &whole[at + 2..]);
        let mut signatures = Vec::new();
        for line in rest.lines() {
            let Some((name, coded)) = line.strip_prefix("— ").and_then(|line| line.split_once(' ')) else {
                return bad("a line below the empty one is no signature");
            };
            let Ok(bytes) = STANDARD.decode(coded) else { return bad("a signature is not base64") };
            let Some((id, bytes)) = bytes.split_first_chunk::<4>().filter(|(_, bytes)| !bytes.is_empty()) else {
                return bad("a signature is too short");
            };
            if !is_name(name) {
                return bad("a signature is of no key's name");
            }
            signatures.push(NoteSignature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() });
        }
        if signatures.is_empty() || signatures.len() > SIGNATURES {
            return bad("it has no signature, or too many");
        }
        if (1..signatures.len()).any(|at| signatures[..at].contains(&signatures[at])) {
            return bad("a signature stands twice in it");
        }
        let note = Note { text, signatures };
        if note.to_string().as_bytes() == bytes { Ok(note) } else { bad("it is not written as notes are") }
    }

    /// Whether this key signed it: `None` where no signature is said to be its.
    pub fn signed_by(&self, key: &PublicKey) -> Option<bool> {
        let mut own = self.signatures.iter().filter(|one| one.name == key.name() && one.id == key.id());
        let first = own.next()?;
        Some(std::iter::once(first).chain(own).all(|one| key.verifies(self.text.as_bytes(), &one.bytes)))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for one in &self.signatures {
            writeln!(f, "— {} {}", one.name, STANDARD.encode([&one.id[..], &one.bytes].concat()))?;
        }
        Ok(())
    }
}

/// What a log says of itself at some size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a note as a checkpoint without extension lines.
    pub fn parse(text: &str) -> Result<Checkpoint, Refused> {
        let bad = || refuse(String::from("this is no checkpoint: an origin, a size and a root, a line each"));
        let lines: Vec<&str> = text.lines().collect();
        let [origin, size, root] = lines[..] else { return bad() };
        let root = STANDARD.decode(root).ok().and_then(|root| Hash::try_from(root).ok());
        let (Ok(size), Some(root)) = (size.parse::<u64>(), root) else { return bad() };
        let read = Checkpoint { origin: origin.to_owned(), size, root };
        if !origin.is_empty() && read.to_string() == text { Ok(read) } else { bad() }
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root))
    }
}

#[cfg(test)]
mod tests {
    use super::{Checkpoint, Note};
    use crate::key::SigningKey;

    const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    /// The example in Go's documentation of notes.
    const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_is_signed_as_others_sign_it() {
        let key = SigningKey::parse(SECRET).expect("a key");
        let note = Note::parse(NOTE.as_bytes()).expect("a note");
        assert_eq!(note.signed_by(key.public()), Some(true));
        assert_eq!(Note::sign(note.text.clone(), &key).to_string(), NOTE);
        let other = SigningKey::new("PeterNeumann", [7; 32]).expect("a key");
        assert_eq!(note.signed_by(other.public()), None);
    }

    #[test]
    fn a_note_with_a_changed_byte_is_refused_or_not_signed() {
        let key = SigningKey::parse(SECRET).expect("a key");
        for at in 0..NOTE.len() {
            for bit in 0..8 {
                let mut bytes = NOTE.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let stands = Note::parse(&bytes).ok().and_then(|note| note.signed_by(key.public()));
                assert_ne!(stands, Some(true), "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn a_checkpoint_has_one_form() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let read = Checkpoint::parse(text).expect("a checkpoint");
        assert_eq!((read.size, read.to_string().as_str()), (20_852_163, text));
        for bad in ["", "a\n1\n", &text.replace("\n2", "\n02"), &text.replace("2I=", "2J="), &format!("{text}more\n")] {
            assert!(Checkpoint::parse(bad).is_err(), "{bad}");
        }
    }
}
