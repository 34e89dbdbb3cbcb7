//! A decision in the formats of other tools.
//!
//! Read downwards: [`sarif`] for code scanning, [`vsa`] for gates that read SLSA summaries, [`cloudevent`] for a bus, [`oscal`]
//! for those who audit by control.
//!
//! INVARIANT: a function of the decision and its inputs: the same decision gives the same bytes.
//! Not here: Markdown (`markdown`), JUnit (`cli`, which writes XML for tests too).

mod cloudevent;
mod oscal;
mod sarif;
mod vsa;

pub use cloudevent::cloudevent;
pub use oscal::oscal;
pub use sarif::sarif;
pub use vsa::vsa;

use crate::draw::Spot;
use evidence::Reason;
use program::{Digest, visible};
use serde_json::Value;

/// Where in a file a place is, by the file's name and the place as a fact gives it; `None` for one that was not read.
pub type Find<'f> = &'f dyn Fn(&str, &str) -> Option<Spot>;

/// Who writes, in formats that ask for an address.
const HOME: &str = "https://writ-lang.org";

/// A document as text: indented, with a line break at the end.
fn text(document: &Value) -> String {
    format!("{document:#}\n")
}

/// A document for people's eyes: what is no sign of its own is written out, line by line, so that no name that others chose
/// moves a cursor.
fn shown(document: Value) -> Value {
    match document {
        Value::String(text) => text.split('\n').map(visible).collect::<Vec<_>>().join("\n").into(),
        Value::Array(items) => items.into_iter().map(shown).collect(),
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (key, shown(value))).collect(),
        plain => plain,
    }
}

/// The hex of `sha256:…`.
fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

/// A file's name as a reference of a URI: what may not stand in one is escaped.
fn uri(file: &str) -> String {
    let mut out = String::with_capacity(file.len());
    // A colon in the first part would make it a scheme.
    if file.split('/').next().is_some_and(|first| first.contains(':')) {
        out.push_str("./");
    }
    for byte in file.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b':'
            | b'@'
            | b'+'
            | b','
            | b'=' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// What a reason is known by across decisions: its rule and its subjects.
fn fingerprint(reason: &Reason) -> Digest {
    Digest::of(serde_json::json!([reason.rule, reason.subjects]).to_string().as_bytes())
}

/// A UUID (version 8 of RFC 9562: made by a rule of its maker's own) out of what it names.
fn uuid(name: &str) -> String {
    let hex = Digest::of(name.as_bytes()).hex().to_owned();
    let variant = ["8", "9", "a", "b"][usize::from(hex.as_bytes()[16] % 4)];
    format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}
