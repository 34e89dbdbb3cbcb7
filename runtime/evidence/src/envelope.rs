//! The bytes of what is kept: in-toto Statements (v1) in DSSE envelopes, signed by any number of Ed25519 keys.
//!
//! A statement's subject is the change by its digest. It carries its own digest besides (`integrity`: SHA-256 of the
//! statement's canonical bytes without that field), so that a changed byte shows although nobody signed. What is kept is
//! named by SHA-256 of the statement's bytes: who signs it, and when, does not alter its name.
//!
//! Read downwards: [`Predicate`] is what a statement can say, [`seal`] and [`Sealed::sign`] make bytes of it, [`open`]
//! takes it out again.
//!
//! INVARIANT: equal predicates are equal statements, and what does not encode to the bytes it was read from is refused.
//!
//! Source: in-toto Attestation Framework, Statement v1; DSSE v1.0.

use crate::canonical::{Unread, decode, encode};
use crate::key::{PublicKey, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use program::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the envelope holds.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What a statement can say.
pub trait Predicate: Clone + Serialize + DeserializeOwned {
    /// Names the form. Described in `docs/formats.md`.
    const TYPE: &'static str;
    /// What people call it: `decision`.
    const NOUN: &'static str;

    /// What it is about: a file's name and its digest.
    fn subject(&self) -> (&str, &str);
}

/// A statement in bytes, and the digest that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The envelope: canonical JSON on one line, with a line break at the end.
    pub bytes: Vec<u8>,
    /// SHA-256 of the payload, the same whoever signs.
    pub digest: Digest,
}

/// A statement taken out of its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<P> {
    /// What it says.
    pub predicate: P,
    /// Names it: SHA-256 of the payload.
    pub digest: Digest,
    /// Whose signatures stand under it, each checked: the keys are the envelope's own word.
    pub signers: Vec<PublicKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

/// Whose signature: the whole public key, so that it can be checked with the file alone.
#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Signature {
    keyid: String,
    sig: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Statement<P> {
    #[serde(rename = "_type")]
    r#type: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: P,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    integrity: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: Sha256,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sha256 {
    sha256: String,
}

/// A predicate in bytes; nobody has signed it yet.
pub fn seal<P: Predicate>(predicate: P) -> Sealed {
    let payload = payload(predicate);
    let envelope =
        Envelope { payload: STANDARD.encode(&payload), payload_type: PAYLOAD_TYPE.to_owned(), signatures: Vec::new() };
    Sealed { digest: Digest::of(&payload), bytes: envelope.bytes() }
}

fn payload<P: Predicate>(predicate: P) -> Vec<u8> {
    let (name, digest) = predicate.subject();
    let digest = Sha256 { sha256: digest.strip_prefix("sha256:").unwrap_or(digest).to_owned() };
    let statement = Statement {
        r#type: STATEMENT_TYPE.to_owned(),
        subject: vec![Subject { name: name.to_owned(), digest }],
        predicate_type: P::TYPE.to_owned(),
        predicate,
        integrity: None,
    };
    with_integrity(&encode(&statement))
}

/// The canonical bytes of a statement, given those without its digest: keys are sorted, so it stands behind `_type`.
fn with_integrity(bare: &[u8]) -> Vec<u8> {
    let head = format!("{{\"_type\":\"{STATEMENT_TYPE}\",");
    let rest = bare.strip_prefix(head.as_bytes()).expect("bug: a statement begins with its type");
    let integrity = format!("\"integrity\":\"{}\",", Digest::of(bare));
    [head.as_bytes(), integrity.as_bytes(), rest].concat()
}

impl Envelope {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = encode(self);
        bytes.push(b'\n');
        bytes
    }
}

/// What is signed: the type and the bytes, each with its length before it.
fn pre_authentication(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

impl Sealed {
    /// The same statement with one more signature; a key that has signed it signs it once.
    pub fn sign(&self, key: &SigningKey) -> Sealed {
        let mut envelope: Envelope = decode(&self.bytes).expect("bug: a sealed statement stands in an envelope");
        let payload = STANDARD.decode(&envelope.payload).expect("bug: a sealed payload is base64");
        let signature = key.sign(&pre_authentication(&payload));
        envelope.signatures.push(Signature { keyid: key.public().to_string(), sig: STANDARD.encode(signature) });
        envelope.signatures.sort();
        envelope.signatures.dedup();
        Sealed { bytes: envelope.bytes(), digest: self.digest.clone() }
    }
}

/// Why something is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// One lower-case sentence.
    pub what: String,
    /// The bytes are not even JSON: not a record that says something false, but no record.
    pub malformed: bool,
}

pub(crate) fn refuse<T>(what: String) -> Result<T, Refused> {
    Err(Refused { what, malformed: false })
}

/// What the bytes of an envelope say, and who signed it.
///
/// # Flaws
/// [`Refused`]: the bytes are not those that [`seal`] and [`Sealed::sign`] give for what they say, or a signature is not
/// that of the key it names.
pub fn open<P: Predicate>(bytes: &[u8]) -> Result<Opened<P>, Refused> {
    let (envelope, payload) = unwrap(bytes)?;
    let (is, known) = match predicate_type(&payload) {
        Some(is) if is == P::TYPE => (is, decode::<Statement<P>>(&payload)),
        Some(is) => return refuse(format!("the statement is of type `{is}`, not `{}`", P::TYPE)),
        None => return refuse(format!("the payload is not the statement of any {}", P::NOUN)),
    };
    let Ok(statement) = known else {
        return refuse(format!("the payload is not the statement of any {}", P::NOUN));
    };
    if statement.r#type != STATEMENT_TYPE {
        return refuse(format!("the statement is of type `{}` {is}, not `{STATEMENT_TYPE}`", statement.r#type));
    }
    let again = self::payload(statement.predicate.clone());
    let ordered = envelope.signatures.is_sorted_by(|a, b| a.keyid < b.keyid);
    if again != payload || envelope.bytes() != bytes || !ordered {
        return refuse(String::from("the bytes are not those of the record they hold: something was changed"));
    }
    let signers = envelope.signatures.iter().map(|signature| signer(signature, &payload));
    let signers = signers.collect::<Result<Vec<_>, _>>()?;
    Ok(Opened { predicate: statement.predicate, digest: Digest::of(&payload), signers })
}

/// What a statement in an envelope says it is: its predicate's type.
///
/// # Flaws
/// [`Refused`]: there is no envelope, or no statement in it.
pub fn kind(bytes: &[u8]) -> Result<String, Refused> {
    let (_, payload) = unwrap(bytes)?;
    let what = || refuse(String::from("the payload is not a statement"));
    predicate_type(&payload).map_or_else(what, Ok)
}

fn predicate_type(payload: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        predicate_type: String,
    }
    decode::<Typed>(payload).ok().map(|typed| typed.predicate_type)
}

fn unwrap(bytes: &[u8]) -> Result<(Envelope, Vec<u8>), Refused> {
    let envelope: Envelope = match decode(bytes) {
        Ok(envelope) => envelope,
        Err(Unread::Syntax(place)) => {
            return Err(Refused { what: format!("this is not JSON: {place}"), malformed: true });
        }
        Err(Unread::Deep | Unread::Other) => return refuse(String::from("this is not a DSSE envelope")),
    };
    if envelope.payload_type != PAYLOAD_TYPE {
        return refuse(format!("the payload is `{}`, not `{PAYLOAD_TYPE}`", envelope.payload_type));
    }
    match STANDARD.decode(&envelope.payload) {
        Ok(payload) => Ok((envelope, payload)),
        Err(_) => refuse(String::from("the payload is not base64")),
    }
}

/// The key of a signature that is its own.
fn signer(signature: &Signature, payload: &[u8]) -> Result<PublicKey, Refused> {
    let key = match PublicKey::parse(&signature.keyid) {
        Ok(key) if key.to_string() == signature.keyid => key,
        _ => return refuse(format!("a signature is by `{}`, which is no key", signature.keyid)),
    };
    let own = STANDARD.decode(&signature.sig).is_ok_and(|sig| key.verifies(&pre_authentication(payload), &sig));
    match own {
        true => Ok(key),
        false => refuse(format!("the signature of {} is not of this statement", key.short())),
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
