//! The bytes of a record: an in-toto Statement (v1) in a DSSE envelope.
//!
//! The statement's subject is the change by its digest. It carries its own digest besides (`integrity`: SHA-256 of the
//! statement's canonical bytes without that field), so that a changed byte shows although nobody signed.
//!
//! Source: in-toto Attestation Framework, Statement v1; DSSE v1.0.

use crate::canonical::{Unread, decode, encode};
use crate::record::Record;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use program::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a statement of ours says: a decision. Described in `docs/formats.md`.
pub const PREDICATE_TYPE: &str = "https://writ-lang.org/decision/v1";

/// What the envelope holds.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// A record in bytes, and the digest that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The envelope: canonical JSON on one line, with a line break at the end.
    pub bytes: Vec<u8>,
    /// SHA-256 of these bytes, as `sha256sum` gives it.
    pub digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

/// Nobody signs yet: there is no value of this type.
#[derive(Serialize, Deserialize)]
enum Signature {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    r#type: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Record,
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

/// A record in bytes.
pub fn seal(record: Record) -> Sealed {
    let digest = record.change.digest.strip_prefix("sha256:").unwrap_or(&record.change.digest).to_owned();
    let statement = Statement {
        r#type: STATEMENT_TYPE.to_owned(),
        subject: vec![Subject { name: record.change.file.clone(), digest: Sha256 { sha256: digest } }],
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: record,
        integrity: None,
    };
    let envelope = Envelope {
        payload: STANDARD.encode(with_integrity(&encode(&statement))),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: Vec::new(),
    };
    let mut bytes = encode(&envelope);
    bytes.push(b'\n');
    Sealed { digest: Digest::of(&bytes), bytes }
}

/// The canonical bytes of a statement, given those without its digest: keys are sorted, so it stands behind `_type`.
fn with_integrity(bare: &[u8]) -> Vec<u8> {
    let head = format!("{{\"_type\":\"{STATEMENT_TYPE}\",");
    let rest = bare.strip_prefix(head.as_bytes()).expect("bug: a statement begins with its type");
    let integrity = format!("\"integrity\":\"{}\",", Digest::of(bare));
    [head.as_bytes(), integrity.as_bytes(), rest].concat()
}

/// Why a record is refused.
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

/// The record in the bytes of an envelope.
///
/// # Flaws
/// [`Refused`]: the bytes are not those that [`seal`] gives for the record they hold.
pub fn open(bytes: &[u8]) -> Result<Record, Refused> {
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
    let Ok(payload) = STANDARD.decode(&envelope.payload) else {
        return refuse(String::from("the payload is not base64"));
    };
    let Ok(statement) = decode::<Statement>(&payload) else {
        return refuse(String::from("the payload is not the statement of a decision"));
    };
    if statement.predicate_type != PREDICATE_TYPE || statement.r#type != STATEMENT_TYPE {
        return refuse(format!("the statement is of type `{}`, not `{PREDICATE_TYPE}`", statement.predicate_type));
    }
    let again = seal(statement.predicate.clone());
    match again.bytes == bytes {
        true => Ok(statement.predicate),
        false => refuse(String::from("the bytes are not those of the record they hold: something was changed")),
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
