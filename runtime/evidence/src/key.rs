//! Ed25519 keys, with the names that signed notes give them.
//!
//! A public key is `name+hash+base64`: its name, four bytes that tell keys of one name apart, and the key behind the
//! byte `0x01`, which stands for Ed25519. A private one is `PRIVATE+KEY+name+hash+base64` of its seed. The same text
//! names a key wherever one is named: in an envelope, in a manifest, on the command line.
//!
//! Source: C2SP, *signed-note*; the private form is that of Go's `golang.org/x/mod/sumdb/note`.
//! Not here: where keys are kept, and where the random bytes of a new one come from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use program::Digest;
use std::fmt;

/// The byte that says Ed25519.
const ED25519: u8 = 1;
const PRIVATE: &str = "PRIVATE+KEY+";

/// Signs. Prints nothing of itself but its name.
#[derive(Clone)]
pub struct SigningKey {
    public: PublicKey,
    pair: ed25519_dalek::SigningKey,
}

/// Tells whether something was signed by the key of that name.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// A text that is no key; one lower-case sentence that quotes nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoKey(pub String);

/// Whether a key may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control())
}

impl SigningKey {
    /// A key of that name.
    ///
    /// - `seed`: 32 random bytes, known to nobody else.
    pub fn new(name: &str, seed: [u8; 32]) -> Result<SigningKey, NoKey> {
        let pair = ed25519_dalek::SigningKey::from_bytes(&seed);
        Ok(SigningKey { public: PublicKey::new(name, pair.verifying_key())?, pair })
    }

    /// Reads the private form.
    pub fn parse(text: &str) -> Result<SigningKey, NoKey> {
        let Some(rest) = text.trim().strip_prefix(PRIVATE) else {
            return Err(NoKey(String::from("this is no private key: one begins with `PRIVATE+KEY+`")));
        };
        let (name, id, seed) = parts(rest)?;
        let key = SigningKey::new(name, seed)?;
        key.public.has(id)?;
        Ok(key)
    }

    /// The private form, on one line. Whoever reads it can sign.
    pub fn secret(&self) -> String {
        format!("{PRIVATE}{}+{}+{}", self.public.name, hex(self.public.id), encoded(&self.pair.to_bytes()))
    }

    /// The half that anybody may know.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature of `bytes`; the same every time.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.pair.sign(bytes).to_bytes()
    }
}

impl PublicKey {
    fn new(name: &str, key: VerifyingKey) -> Result<PublicKey, NoKey> {
        if !is_name(name) {
            return Err(NoKey(String::from("the name of a key is not empty and has neither spaces nor `+`")));
        }
        let hash = Digest::of(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()].concat());
        let id = u32::from_str_radix(&hash.hex()[..8], 16).expect("bug: a digest is hex");
        Ok(PublicKey { name: name.to_owned(), id: id.to_be_bytes(), key })
    }

    /// Reads `name+hash+base64`.
    pub fn parse(text: &str) -> Result<PublicKey, NoKey> {
        if text.trim().starts_with(PRIVATE) {
            return Err(NoKey(String::from("this is a private key, and the public one is wanted; it was just shown")));
        }
        let (name, id, bytes) = parts(text.trim())?;
        let key = VerifyingKey::from_bytes(&bytes);
        let key = key.map_err(|_| NoKey(String::from("its 32 bytes are no point of the curve")))?;
        let key = PublicKey::new(name, key)?;
        key.has(id)?;
        Ok(key)
    }

    /// Reads several, one a line; `#` begins a comment.
    ///
    /// # Errors
    /// Also where there is none in it: nobody would be believed.
    pub fn list(text: &str) -> Result<Vec<PublicKey>, NoKey> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<PublicKey> = lines.map(PublicKey::parse).collect::<Result<_, _>>()?;
        match keys.is_empty() {
            true => Err(NoKey(String::from("there is no key in it, and nobody would be believed"))),
            false => Ok(keys),
        }
    }

    fn has(&self, id: &str) -> Result<(), NoKey> {
        match hex(self.id) == id {
            true => Ok(()),
            false => Err(NoKey(format!("the eight digits are not those of this key, which are {}", hex(self.id)))),
        }
    }

    /// Its name: `acme/orders`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name and hash: `acme/orders+1f2e3d4c`.
    pub fn short(&self) -> String {
        format!("{}+{}", self.name, hex(self.id))
    }

    /// The four bytes that stand before its signatures in a note.
    pub(crate) fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Whether it signed these bytes. Weak keys and signatures of more than one form are refused.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.key.verify_strict(bytes, &signature).is_ok())
    }
}

/// The three parts behind any prefix; names may not hold a `+`, base64 may.
fn parts(text: &str) -> Result<(&str, &str, [u8; 32]), NoKey> {
    let form = || NoKey(String::from("a key is `name+hash+base64`, with a hash of eight hex digits"));
    let (name, rest) = text.split_once('+').ok_or_else(form)?;
    let (id, coded) = rest.split_once('+').ok_or_else(form)?;
    let bytes = STANDARD.decode(coded).map_err(|_| form())?;
    match bytes.split_first() {
        Some((&ED25519, rest)) => Ok((name, id, rest.try_into().map_err(|_| form())?)),
        Some(_) => Err(NoKey(String::from("it is of another kind than Ed25519"))),
        None => Err(form()),
    }
}

fn encoded(bytes: &[u8; 32]) -> String {
    STANDARD.encode([&[ED25519], bytes.as_slice()].concat())
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex(self.id), encoded(self.key.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the private half of {}", self.public)
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{PublicKey, SigningKey};

    /// The key pair of the example in Go's documentation of notes.
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    #[test]
    fn keys_are_written_as_notes_write_them() {
        let key = SigningKey::parse(SECRET).expect("a key");
        assert_eq!((key.public().to_string(), key.secret()), (PUBLIC.to_owned(), SECRET.to_owned()));
        assert_eq!(PublicKey::parse(PUBLIC).as_ref(), Ok(key.public()));
        assert!(!format!("{key:?}").contains("AYEK"), "a private key printed itself");
    }

    /// RFC 8032, section 7.1, tests 1 to 3.
    #[test]
    fn signatures_are_those_of_the_rfc() {
        let bytes = |hex: &str| -> Vec<u8> {
            (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect()
        };
        for (seed, message, signature) in [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            ),
        ] {
            let key = SigningKey::new("rfc", bytes(seed).try_into().expect("32 bytes")).expect("a key");
            assert_eq!(key.sign(&bytes(message)).to_vec(), bytes(signature));
            assert!(key.public().verifies(&bytes(message), &bytes(signature)));
            assert!(!key.public().verifies(b"another", &bytes(signature)));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_in_words_that_do_not_show_it() {
        for text in ["", "a", "a+b+c", "a+00000000+AQ==", &PUBLIC.replace("c74f", "c74e"), &PUBLIC[..60], SECRET] {
            let refused = PublicKey::parse(text).expect_err(text);
            assert!(!refused.0.contains("AYEK"), "{refused}");
        }
        for text in [PUBLIC, &SECRET.replace("Peter", "Paul"), "PRIVATE+KEY+a b+00000000+AYEK"] {
            assert!(SigningKey::parse(text).is_err(), "{text}");
        }
    }
}
